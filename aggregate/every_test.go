package aggregate

import (
	"testing"
	"time"
)

func TestEveryStart(t *testing.T) {
	kolkata := time.FixedZone("", 5*3600+1800)
	at := time.Date(2026, 11, 4, 13, 47, 31, 0, kolkata) // a Wednesday
	for _, tt := range []struct{ every, start, next string }{
		{"1m", "2026-11-04T13:47:00+05:30", "2026-11-04T13:48:00+05:30"},
		{"5m", "2026-11-04T13:45:00+05:30", "2026-11-04T13:50:00+05:30"},
		{"1h", "2026-11-04T13:00:00+05:30", "2026-11-04T14:00:00+05:30"},
		{"6h", "2026-11-04T12:00:00+05:30", "2026-11-04T18:00:00+05:30"},
		{"1d", "2026-11-04T00:00:00+05:30", "2026-11-05T00:00:00+05:30"},
		{"1w", "2026-11-02T00:00:00+05:30", "2026-11-09T00:00:00+05:30"},
		{"1M", "2026-11-01T00:00:00+05:30", "2026-12-01T00:00:00+05:30"},
	} {
		e, err := ParseEvery(tt.every)
		if err != nil {
			t.Fatal(err)
		}
		if e.String() != tt.every {
			t.Errorf("String %q, want %q", e, tt.every)
		}
		s := e.Start(at)
		if got := s.Format(time.RFC3339); got != tt.start {
			t.Errorf("%s: start %s, want %s", tt.every, got, tt.start)
		}
		if got := e.Next(s).Format(time.RFC3339); got != tt.next {
			t.Errorf("%s: next %s, want %s", tt.every, got, tt.next)
		}
	}
}

// Through a change of the clock every bucket begins after the one before, and each moment
// belongs to the bucket whose span it lies in.
func TestEveryThroughDST(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err)
	}
	for _, day := range []time.Time{time.Date(2026, 3, 29, 0, 0, 0, 0, berlin), time.Date(2026, 10, 25, 0, 0, 0, 0, berlin)} {
		for _, width := range []string{"5m", "1h", "2h", "1d"} {
			e, _ := ParseEvery(width)
			for at := day; at.Before(day.AddDate(0, 0, 1)); at = at.Add(7 * time.Minute) {
				s := e.Start(at)
				if s.After(at) || !e.Next(s).After(at) {
					t.Fatalf("%s: %v not within [%v, %v)", width, at, s, e.Next(s))
				}
			}
		}
	}
}

func TestParseEveryRefuses(t *testing.T) {
	for _, s := range []string{"7m", "0m", "5h", "2d", "x", "m", "-1m", "1y"} {
		if _, err := ParseEvery(s); err == nil {
			t.Errorf("%q was taken", s)
		}
	}
}
