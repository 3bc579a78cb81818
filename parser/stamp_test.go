package parser

import (
	"testing"
	"time"
)

// The years that the stamps of one log get, line by line.
func TestYearsWithinALog(t *testing.T) {
	for _, tt := range []struct {
		name        string
		first, last int
		stamps      []string
		want        []int
	}{
		{"one year", 2026, 2026, []string{"Jan  1 00:00:00", "Jun 30 12:00:00", "Dec 31 23:59:59"}, []int{2026, 2026, 2026}},
		{"New Year inside", 2026, 2027, []string{"Dec 30 08:55:13", "Dec 31 23:59:59", "Jan  1 00:00:01"}, []int{2026, 2026, 2027}},
		{"a straggler after New Year", 2026, 2027, []string{"Dec 31 23:59:59", "Jan  1 00:00:01", "Dec 31 23:59:58", "Jan  1 00:00:02"}, []int{2026, 2027, 2026, 2027}},
		{"the clock steps back", 2026, 2026, []string{"Nov  3 04:05:06", "Nov  3 03:05:06", "Nov  3 04:06:00"}, []int{2026, 2026, 2026}},
		{"silent for eight months", 2026, 2026, []string{"Jan  5 00:00:00", "Sep  5 00:00:00"}, []int{2026, 2026}},
		{"files put together in the wrong order stay within the last year", 2026, 2026, []string{"Nov  3 00:00:00", "Feb  1 00:00:00"}, []int{2026, 2026}},
		{"end not known", 2026, 0, []string{"Dec 31 23:59:59", "Jan  1 00:00:01"}, []int{2026, 2027}},
		{"a stream of files put together in the wrong order", 2026, 0, []string{"Nov  3 00:00:00", "Oct  1 00:00:00", "Nov  3 00:00:00"}, []int{2026, 2026, 2026}},
		{"a clock set back by months, end not known", 2026, 0, []string{"Jun  3 00:00:00", "Jan  3 00:00:00", "Jan  4 00:00:00"}, []int{2026, 2026, 2026}},
		{"silent for five months over New Year", 2026, 0, []string{"Aug 15 00:00:00", "Jan 20 00:00:00"}, []int{2026, 2027}},
		{"silent for nine months over New Year, known", 2026, 2027, []string{"Apr 15 00:00:00", "Jan 20 00:00:00"}, []int{2026, 2027}},
		{"the clock steps back over New Year", 2027, 0, []string{"Jan  1 00:00:03", "Dec 31 23:59:58", "Jan  1 00:00:01"}, []int{2027, 2026, 2027}},
		{"Feb 29", 2028, 2028, []string{"Feb 28 23:59:59", "Feb 29 00:00:01", "Mar  1 00:00:00"}, []int{2028, 2028, 2028}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := New(Options{Year: tt.first, LastYear: tt.last})
			for i, s := range tt.stamps {
				var f frame
				p.readFrame([]byte(s+" mx postfix/qmgr[1]: A1: removed"), &f)
				if f.time.Year() != tt.want[i] {
					t.Errorf("%s: year %d, want %d", s, f.time.Year(), tt.want[i])
				}
			}
		})
	}
}

func TestInferYears(t *testing.T) {
	for _, tt := range []struct {
		name                  string
		first, last, modified string
		firstYear, lastYear   int
	}{
		{"same year", "Nov  1 00:00:00", "Nov 20 00:00:00", "2026-11-20T00:00:01Z", 2026, 2026},
		{"December's log read in January", "Dec  1 00:00:00", "Dec 31 23:59:59", "2027-01-01T00:00:01Z", 2026, 2026},
		{"New Year inside", "Dec 30 00:00:00", "Jan  2 00:00:00", "2027-01-02T00:00:01Z", 2026, 2027},
		{"the writer's clock a few hours ahead", "Nov  1 00:00:00", "Nov 20 12:00:00", "2026-11-20T00:00:00Z", 2026, 2026},
		{"more than a day ahead: last year's", "Nov  1 00:00:00", "Nov 22 12:00:00", "2026-11-20T00:00:00Z", 2025, 2025},
		{"an old archive of the same day", "Nov 19 00:00:00", "Nov 20 00:00:00", "2025-11-20T06:00:00Z", 2025, 2025},
		{"a few lines out of order", "Nov 20 00:00:01", "Nov 20 00:00:00", "2026-11-20T00:00:01Z", 2026, 2026},
		{"Feb 29 needs a leap year", "Feb 28 00:00:00", "Feb 29 00:00:00", "2026-11-20T00:00:00Z", 2024, 2024},
	} {
		t.Run(tt.name, func(t *testing.T) {
			first, ok1 := Yearless([]byte(tt.first + " mx postfix/qmgr[1]: x"))
			last, ok2 := Yearless([]byte(tt.last + " mx postfix/qmgr[1]: x"))
			if !ok1 || !ok2 {
				t.Fatal("Yearless took no stamp")
			}
			a, b := InferYears(first, last, utc(tt.modified))
			if a != tt.firstYear || b != tt.lastYear {
				t.Errorf("got %d, %d, want %d, %d", a, b, tt.firstYear, tt.lastYear)
			}
		})
	}
}

// The year is inferred whatever stands round the stamp.
func TestYearless(t *testing.T) {
	for _, line := range []string{
		"Feb 29 04:05:06 mx x: y", "<22>Feb 29 04:05:06 mx x: y", "mta-1  | Feb 29 04:05:06 mx x: y", "mail.log:7:Feb 29 04:05:06 mx x: y",
		`{"PROGRAM":"x","DATE":"Feb 29 04:05:06","MESSAGE":"y"}`, `{"message":"Feb 29 04:05:06 mx x: y"}`, `mta-1  | {"log":"Feb 29 04:05:06 mx x: y"}`,
	} {
		if got, ok := Yearless([]byte(line)); !ok || !got.Equal(utc("2000-02-29T04:05:06Z")) {
			t.Errorf("Yearless(%q) = %v, %v", line, got, ok)
		}
	}
}

func TestYearlessRefusesOthers(t *testing.T) {
	for _, line := range []string{"", `{"timestamp":"2026-11-03T04:05:06Z","message":"Nov  3 04:05:06 mx x: y"}`, `{"a":1}`, "2026-11-03T04:05:06Z mx postfix/qmgr[1]: x", "no stamp in this line at all", "Nov 32 04:05:06 mx x: y"} {
		if _, ok := Yearless([]byte(line)); ok {
			t.Errorf("Yearless(%q) took it", line)
		}
	}
}

// Stamps without a zone are in the zone given; those with one are converted to it.
func TestZones(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err)
	}
	for _, tt := range []struct{ line, want string }{
		{"Jul  3 04:05:06 mx postfix/qmgr[1]: x", "2026-07-03T04:05:06+02:00"},
		{"Dec  3 04:05:06 mx postfix/qmgr[1]: x", "2026-12-03T04:05:06+01:00"},
		{"2026-07-03T04:05:06Z mx postfix/qmgr[1]: x", "2026-07-03T06:05:06+02:00"},
		{"2026-07-03T04:05:06-05:00 mx postfix/qmgr[1]: x", "2026-07-03T11:05:06+02:00"},
		{"2026-07-03 04:05:06 1tivSh-0007oc-5P Completed", "2026-07-03T04:05:06+02:00"},
		{"2026-07-03 04:05:06 +0000 1tivSh-0007oc-5P Completed", "2026-07-03T06:05:06+02:00"},
	} {
		p := New(Options{Year: 2026, Zone: berlin})
		var f frame
		p.readFrame([]byte(tt.line), &f)
		if got := f.time.Format(time.RFC3339); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.line, got, tt.want)
		}
	}
}

// Minutes are converted once; the one after must not be taken for the one before.
func TestStampsOfManyMinutes(t *testing.T) {
	p := New(Options{Year: 2026})
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for range 5000 {
		for _, layout := range []string{"Jan _2 15:04:05", "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05"} {
			var f frame
			p.readFrame([]byte(at.Format(layout)+" mx postfix/qmgr[1]: x"), &f)
			if !f.time.Equal(at) {
				t.Fatalf("%s: got %v, want %v", layout, f.time, at)
			}
		}
		at = at.Add(37 * time.Second)
	}
}

// Of a stamp without a zone and a later one around it the inner counts, unless only their zones
// differ.
func TestSettle(t *testing.T) {
	outer := utc("2026-11-03T04:05:06.5Z")
	for _, tt := range []struct {
		inner string
		want  string
	}{
		{"2026-11-03T04:05:06Z", "2026-11-03T04:05:06Z"},
		{"2026-11-03T04:05:01Z", "2026-11-03T04:05:01Z"},
		{"2026-11-03T06:05:05Z", "2026-11-03T04:05:06.5Z"}, // two hours east
		{"2026-11-02T23:05:06Z", "2026-11-03T04:05:06.5Z"}, // five hours west
		{"2026-11-03T09:50:06Z", "2026-11-03T04:05:06.5Z"}, // Nepal
		{"2026-11-03T06:05:16Z", "2026-11-03T06:05:16Z"},   // nearly two hours
		{"2026-11-03T03:01:00Z", "2026-11-03T03:01:00Z"},   // late by an hour and some minutes
		{"2026-11-02T04:05:06Z", "2026-11-02T04:05:06Z"},   // late by a day
	} {
		if got := settle(utc(tt.inner), outer); !got.Equal(utc(tt.want)) {
			t.Errorf("settle(%s): got %v, want %s", tt.inner, got, tt.want)
		}
	}
}

// 4000000000000000 is the beginning of 1970 TAI, 10 s before that of 1970 UTC.
func TestTAI64N(t *testing.T) {
	for stamp, want := range map[string]string{
		"@400000000000000a00000000 ":         "1970-01-01T00:00:00Z",
		"@4000000037c219bf2ef02e94 x":        "1999-08-24T04:04:05.7874925Z",
		"@4000000037C219BF2EF02E94":          "1999-08-24T04:04:05.7874925Z",
		"@4000000037c219bf2ef02e94x":         "",
		"@4000000037c219bf2ef02e9 x":         "",
		"@4000000037c219bg2ef02e94 x":        "",
		"@4000000037c219bf3b9aca00 x":        "", // 10^9 ns
		"@3fffffffffffffff00000000 x":        "",
		"@ffffffffffffffff00000000 x":        "",
		"@4000000000000000000000000000000 x": "",
	} {
		s := stamps{zone: time.UTC}
		got, rest, ok := s.tai64n([]byte(stamp))
		if ok != (want != "") || ok && got.Format(time.RFC3339Nano) != want || !ok && string(rest) != stamp {
			t.Errorf("%s: %v, %q, %v", stamp, got, rest, ok)
		}
	}
}
