package parser

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

// stampLayouts are layouts that the package time knows too, and what their stamps look like.
var stampLayouts = []struct {
	layout string
	looks  *regexp.Regexp
	read   func(s *stamps, b []byte) (time.Time, []byte, bool)
}{
	{"Jan _2 15:04:05", stampLooks(`[A-Z][a-z]{2} [ \d]\d CLOCK`), (*stamps).bsd},
	{"Jan 02 15:04:05", stampLooks(`[A-Z][a-z]{2} \d\d CLOCK`), (*stamps).bsd},
	{"Jan _2 2006 15:04:05", stampLooks(`[A-Z][a-z]{2} [ \d]\d (19[7-9]|2\d\d)\d CLOCK`), (*stamps).bsd},
	{"Jan _2 15:04:05 2006", stampLooks(`[A-Z][a-z]{2} [ \d]\d CLOCK (19[7-9]|2\d\d)\d`), (*stamps).bsd},
	{"Mon Jan _2 15:04:05 2006", stampLooks(`(Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d CLOCK (19[7-9]|2\d\d)\d`), (*stamps).weekday},
	{"2006-01-02T15:04:05Z07:00", stampLooks(`DATET(CLOCK)(Z|[+-](0\d|1[0-4]):[0-5]\d)`), (*stamps).iso},
	{"2006-01-02T15:04:05-0700", stampLooks(`DATET(CLOCK)[+-](0\d|1[0-4])[0-5]\d`), (*stamps).iso},
	{"2006-01-02T15:04:05-07", stampLooks(`DATET(CLOCK)[+-](0\d|1[0-4])`), (*stamps).iso},
	{"2006-01-02T15:04:05", stampLooks(`DATETCLOCK`), (*stamps).iso},
	{"2006-01-02 15:04:05", stampLooks(`DATE CLOCK`), (*stamps).iso},
	{"2006-01-02 15:04:05 -0700", stampLooks(`DATE CLOCK [+-](0\d|1[0-4])[0-5]\d`), (*stamps).iso},
	{"2006-01-02 15:04:05 -07:00", stampLooks(`DATE CLOCK [+-](0\d|1[0-4]):[0-5]\d`), (*stamps).iso},
}

func stampLooks(pattern string) *regexp.Regexp {
	return regexp.MustCompile("^" + strings.NewReplacer("DATE", `\d{4}-\d\d-\d\d`, "CLOCK", `\d\d:\d\d:\d\d([.,]\d{1,9})?`).Replace(pattern) + "$")
}

// checkStamp reads a stamp as the package time does, in UTC and in the year 2028, and again when its
// minute is remembered.
func checkStamp(t *testing.T, text string) (known bool) {
	t.Helper()
	const rest = "mx x[1]: a long enough message"
	for _, l := range stampLayouts {
		if !l.looks.MatchString(text) || strings.Contains(text, ":60") { // a leap second
			continue
		}
		known = true
		want, err := time.Parse(l.layout, text)
		if err == nil && want.Year() == 0 && !strings.Contains(l.layout, "2006") {
			want = want.AddDate(2028, 0, 0)
		}
		s := stamps{zone: time.UTC, year: 2028, lastYear: 2028}
		for range 2 {
			got, left, ok := l.read(&s, []byte(text+" "+rest))
			if ok != (err == nil) || ok && (!got.Equal(want) || string(left) != rest) {
				t.Fatalf("%q as %s: %v, %v, left %q; want %v, %v", text, l.layout, got, ok, left, want, err)
			}
			got, ok = s.any([]byte(text))
			if ok && l.read != nil && err == nil && !got.Equal(want) {
				t.Fatalf("%q alone as %s: %v, want %v", text, l.layout, got, want)
			}
		}
	}
	return known
}

func TestStampsAsInTime(t *testing.T) {
	for _, l := range stampLayouts {
		for _, at := range []string{"2028-02-29T00:00:00Z", "2028-11-03T04:05:06.123456Z", "2028-12-31T23:59:59.9Z", "1999-10-10T10:10:10Z"} {
			text := utc(at).In(time.FixedZone("", -5400)).Format(l.layout)
			if !checkStamp(t, text) {
				t.Errorf("%q is not looked at as %s", text, l.layout)
			}
		}
	}
}

// FuzzStamp reads whatever time reads as time does, and composed stamps as they were meant.
func FuzzStamp(f *testing.F) {
	for i, l := range stampLayouts {
		f.Add(utc("2026-11-03T04:05:06Z").Format(l.layout), int64(1793678706+i*12345), uint32(i*123456789))
	}
	f.Add("2026-02-29T24:00:00+00:60", int64(-1), uint32(0))
	f.Fuzz(func(t *testing.T, text string, unix int64, nano uint32) {
		checkStamp(t, text)
		at := time.Unix(unix%(1<<36), int64(nano%1e9)).UTC()
		if at.Year() < 1970 || at.Year() > 2999 {
			return
		}
		for _, l := range stampLayouts {
			composed := at.Format(l.layout)
			if nano&1 == 1 && !strings.HasSuffix(l.layout, "2006") {
				composed = at.Format(strings.Replace(l.layout, "05", "05.000000000", 1))
			}
			if !checkStamp(t, composed) {
				t.Fatalf("%q is not looked at", composed)
			}
		}
		s := stamps{zone: time.UTC}
		for text, want := range map[string]time.Time{
			fmt.Sprintf("%d.%09d", at.Unix(), at.Nanosecond()): at,
			fmt.Sprint(at.Unix()):                              at.Truncate(time.Second),
		} {
			if got, ok := s.unix([]byte(text)); !ok || !got.Equal(want) {
				t.Fatalf("%q: %v, %v, want %v", text, got, ok, want)
			}
		}
	})
}
