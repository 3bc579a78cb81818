package status

import (
	"strconv"
	"strings"
	"testing"
)

// enhancedTests are starts of texts, what they hold, and what is left.
var enhancedTests = []struct {
	in   string
	want Enhanced
	rest string
	ok   bool
}{
	{"5.1.1 <a@example.com> User unknown", Enhanced{5, 1, 1}, " <a@example.com> User unknown", true},
	{"2.0.0", Enhanced{2, 0, 0}, "", true},
	{"4.7.28", Enhanced{4, 7, 28}, "", true},
	{"5.7.606-649 Access denied", Enhanced{5, 7, 606}, "-649 Access denied", true},
	{"5.999.999 Large", Enhanced{5, 999, 999}, " Large", true},
	{"5.1.1: x", Enhanced{5, 1, 1}, ": x", true},
	{"5.1.1... User", Enhanced{5, 1, 1}, "... User", true},
	{"5.1.1. User", Enhanced{5, 1, 1}, ". User", true},
	{"5.1.1<a@example.com>", Enhanced{5, 1, 1}, "<a@example.com>", true},
	{"5.1.10\xe9", Enhanced{5, 1, 10}, "\xe9", true},

	{"5.1.1.2 dotted quad", Enhanced{}, "5.1.1.2 dotted quad", false},
	{"5.7.1.9", Enhanced{}, "5.7.1.9", false},
	{"5.1.1x", Enhanced{}, "5.1.1x", false},
	{"5.1.1_x", Enhanced{}, "5.1.1_x", false},
	{"5.1.1000", Enhanced{}, "5.1.1000", false},
	{"5.1000.1", Enhanced{}, "5.1000.1", false},
	{"5.01.1", Enhanced{}, "5.01.1", false},
	{"5.1.01", Enhanced{}, "5.1.01", false},
	{"5.1.", Enhanced{}, "5.1.", false},
	{"5.1", Enhanced{}, "5.1", false},
	{"5..1.1", Enhanced{}, "5..1.1", false},
	{"5.", Enhanced{}, "5.", false},
	{"3.1.1", Enhanced{}, "3.1.1", false},
	{"0.0.0", Enhanced{}, "0.0.0", false},
	{"55.1.1", Enhanced{}, "55.1.1", false},
	{"#5.1.0", Enhanced{}, "#5.1.0", false},
	{" 5.1.1", Enhanced{}, " 5.1.1", false},
	{"", Enhanced{}, "", false},
}

func TestParseEnhanced(t *testing.T) {
	for _, tt := range enhancedTests {
		got, rest, ok := ParseEnhanced([]byte(tt.in))
		if got != tt.want || string(rest) != tt.rest || ok != tt.ok {
			t.Errorf("ParseEnhanced(%q) = %+v, %q, %v, want %+v, %q, %v",
				tt.in, got, rest, ok, tt.want, tt.rest, tt.ok)
		}
		for n := range len(tt.in) {
			checkEnhanced(t, []byte(tt.in[:n]))
		}
	}
}

// checkEnhanced checks what holds for every text.
func checkEnhanced(t *testing.T, in []byte) {
	t.Helper()
	e, rest, ok := ParseEnhanced(in)
	if !ok {
		if !e.IsZero() || string(rest) != string(in) {
			t.Errorf("ParseEnhanced(%q): no code, but %v and rest %q", in, e, rest)
		}
		return
	}
	if e.String()+string(rest) != string(in) {
		t.Errorf("ParseEnhanced(%q): %v and %q do not make the text", in, e, rest)
	}
	if e.Class != 2 && e.Class != 4 && e.Class != 5 || e.Subject > 999 || e.Detail > 999 {
		t.Errorf("ParseEnhanced(%q): %+v", in, e)
	}
	if len(rest) > 0 && isAlnum(rest[0]) {
		t.Errorf("ParseEnhanced(%q): rest %q", in, rest)
	}
	text, _ := e.MarshalText()
	var again Enhanced
	if err := again.UnmarshalText(text); err != nil || again != e {
		t.Errorf("UnmarshalText(%q) = %v, %v", text, again, err)
	}
}

func TestEnhancedText(t *testing.T) {
	var e Enhanced
	if s := e.String(); s != "" || !e.IsZero() {
		t.Errorf("zero Enhanced: %q", s)
	}
	e = Enhanced{5, 1, 1}
	for _, s := range []string{"5.1.1 ", "5.1", "x", "5.01.1"} {
		if err := e.UnmarshalText([]byte(s)); err == nil || e != (Enhanced{5, 1, 1}) {
			t.Errorf("UnmarshalText(%q): %v, %v", s, e, err)
		}
	}
	if err := e.UnmarshalText(nil); err != nil || !e.IsZero() {
		t.Errorf("UnmarshalText of an empty text: %v, %v", e, err)
	}
	if b, _ := (Enhanced{4, 2, 2}).AppendText([]byte("dsn=")); string(b) != "dsn=4.2.2" {
		t.Errorf("AppendText: %q", b)
	}
}

func TestEnhancedCompare(t *testing.T) {
	sorted := []Enhanced{{}, {2, 0, 0}, {2, 1, 5}, {4, 0, 0}, {4, 7, 1}, {5, 1, 1}, {5, 1, 10}, {5, 2, 0}}
	for i, e := range sorted {
		for j, f := range sorted {
			want := min(1, max(-1, i-j))
			if got := e.Compare(f); got != want {
				t.Errorf("%v.Compare(%v) = %d, want %d", e, f, got, want)
			}
		}
	}
}

func TestEnhancedTable(t *testing.T) {
	subjects := map[string]int{}
	last := Enhanced{}
	count := 0
	for info := range Enhanceds() {
		count++
		e := mustEnhanced("5" + strings.TrimPrefix(info.Code, "X"))
		if e.Compare(last) <= 0 {
			t.Errorf("%s: out of order", info.Code)
		}
		last = e
		subjects[info.Subject]++
		if info.Detail == "" || info.Meaning == "" || info.Subject == "" || !sourced.MatchString(info.Source) {
			t.Errorf("%s: incomplete row %+v", info.Code, info)
		}
		for _, reply := range strings.Split(info.Replies, ", ") {
			if n, err := strconv.Atoi(reply); err == nil && CodeOf(n) == NotDefined {
				t.Errorf("%s: reply code %d has no member", info.Code, n)
			}
		}
		got, ok := e.Info()
		info.Class = "permanent failure"
		if !ok || got != info {
			t.Errorf("%v.Info() = %+v, %v, want %+v", e, got, ok, info)
		}
	}
	// How many codes each subject has, counted in the registry.
	for i, want := range []int{1, 11, 5, 7, 8, 7, 11, 31} {
		if got := subjects[enhancedSubjects[i]]; got != want {
			t.Errorf("subject %d: %d codes, want %d", i, got, want)
		}
	}
	if count != 81 {
		t.Errorf("%d codes, want 81", count)
	}
	for range Enhanceds() {
		break
	}
}

func TestEnhancedInfo(t *testing.T) {
	for _, tt := range []struct {
		e              Enhanced
		class, subject string
		ok             bool
	}{
		{Enhanced{4, 2, 2}, "persistent transient failure", "mailbox", true},
		{Enhanced{2, 1, 5}, "success", "addressing", true},
		{Enhanced{5, 7, 515}, "permanent failure", "security or policy", false},
		{Enhanced{5, 9, 1}, "permanent failure", "", false},
		{Enhanced{}, "", "", false},
	} {
		info, ok := tt.e.Info()
		if info.Class != tt.class || info.Subject != tt.subject || ok != tt.ok || (info.Detail != "") != ok {
			t.Errorf("%v.Info() = %+v, %v", tt.e, info, ok)
		}
	}
}

func TestEnhancedAllocs(t *testing.T) {
	in := []byte("5.1.1 User unknown")
	buf := make([]byte, 0, 64)
	if n := testing.AllocsPerRun(100, func() {
		e, _, _ := ParseEnhanced(in)
		buf, _ = e.AppendText(buf[:0])
	}); n != 0 {
		t.Errorf("ParseEnhanced and AppendText: %v allocs, want 0", n)
	}
}

func BenchmarkParseEnhanced(b *testing.B) {
	in := []byte("5.1.1 User unknown")
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		ParseEnhanced(in)
	}
}
