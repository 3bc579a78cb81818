package main

import (
	"testing"
	"time"
)

func TestWhen(t *testing.T) {
	berlin := time.FixedZone("", 3600)
	now := time.Date(2026, 11, 4, 13, 47, 31, 0, berlin) // a Wednesday
	for in, want := range map[string]string{
		"2026-11-03T04:05:06Z":      "2026-11-03T05:05:06+01:00",
		"2026-11-03":                "2026-11-03T00:00:00+01:00",
		"2026-11-03 04:05":          "2026-11-03T04:05:00+01:00",
		"04:05":                     "2026-11-04T04:05:00+01:00",
		"2h":                        "2026-11-04T11:47:31+01:00",
		"3d":                        "2026-11-01T13:47:31+01:00",
		"1w":                        "2026-10-28T13:47:31+01:00",
		"now":                       "2026-11-04T13:47:31+01:00",
		"today":                     "2026-11-04T00:00:00+01:00",
		"Yesterday":                 "2026-11-03T00:00:00+01:00",
		"this week":                 "2026-11-02T00:00:00+01:00",
		"last  week":                "2026-10-26T00:00:00+01:00",
		"this month":                "2026-11-01T00:00:00+01:00",
		"last month":                "2026-10-01T00:00:00+01:00",
		"last year":                 "2025-01-01T00:00:00+01:00",
		"this hour":                 "2026-11-04T13:00:00+01:00",
		"2026-11-03T04:05:06+05:30": "2026-11-02T23:35:06+01:00",
	} {
		got, err := when(in, now)
		if err != nil || got.Format(time.RFC3339) != want {
			t.Errorf("when(%q) = %v, %v, want %s", in, got, err, want)
		}
	}
	for _, in := range []string{"tomorrowish", "2026-13-01", "-2h", "h", "5", "2026-11-03T25:00:00Z"} {
		if got, err := when(in, now); err == nil {
			t.Errorf("when(%q) = %v, want an error", in, got)
		}
	}
}

// Weeks begin on Monday, also seen from a Sunday.
func TestWhenOnSunday(t *testing.T) {
	sunday := time.Date(2026, 11, 8, 12, 0, 0, 0, time.UTC)
	if got, err := when("this week", sunday); err != nil || got.Format(time.DateOnly) != "2026-11-02" {
		t.Errorf("got %v, %v", got, err)
	}
}
