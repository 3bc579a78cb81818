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

// Of a time that the clocks show twice --since takes the first and --until the last.
func TestWhenClocksGoBack(t *testing.T) {
	for _, tt := range []struct{ zone, in, first, last string }{
		{"Europe/Berlin", "2026-10-25 01:59", "2026-10-25T01:59:00+02:00", "2026-10-25T01:59:00+02:00"},
		{"Europe/Berlin", "2026-10-25 02:00", "2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"},
		{"Europe/Berlin", "2026-10-25T02:59:59", "2026-10-25T02:59:59+02:00", "2026-10-25T02:59:59+01:00"},
		{"Europe/Berlin", "02:30", "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"},
		{"Europe/Berlin", "2026-10-25 03:00", "2026-10-25T03:00:00+01:00", "2026-10-25T03:00:00+01:00"},
		{"Europe/Berlin", "2026-10-25T02:30:00+01:00", "2026-10-25T02:30:00+01:00", "2026-10-25T02:30:00+01:00"},
		{"America/New_York", "2026-11-01 01:00", "2026-11-01T01:00:00-04:00", "2026-11-01T01:00:00-05:00"},
		{"Australia/Lord_Howe", "2026-04-05 01:45", "2026-04-05T01:45:00+11:00", "2026-04-05T01:45:00+10:30"},
		{"UTC", "2026-10-25 02:00", "2026-10-25T02:00:00Z", "2026-10-25T02:00:00Z"},
	} {
		zone, err := time.LoadLocation(tt.zone)
		if err != nil {
			t.Fatal(err)
		}
		now := time.Date(2026, 10, 25, 12, 0, 0, 0, zone)
		first, err1 := when(tt.in, now)
		last, err2 := whenLast(tt.in, now)
		if err1 != nil || err2 != nil || first.Format(time.RFC3339) != tt.first || last.Format(time.RFC3339) != tt.last {
			t.Errorf("%s in %s: %v %v, %v %v, want %s and %s", tt.in, tt.zone, first, err1, last, err2, tt.first, tt.last)
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
