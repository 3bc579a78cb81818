package main

import (
	"testing"
	"time"
)

// FuzzWhen wants points in time that are in the zone of now, and periods that begin when the clock
// of that zone says so, this one before now and the last one before this.
func FuzzWhen(f *testing.F) {
	zones := []*time.Location{time.UTC, time.FixedZone("", 19800), time.FixedZone("", -34200)}
	for _, name := range []string{"Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			f.Fatal(err)
		}
		zones = append(zones, zone)
	}
	for i, s := range []string{"2026-11-03T04:05:06Z", "2026-11-03 04:05", "04:05", "2h", "5000w", "36500w", "3d", "99999999h", "w", "this hour", "last week", "Yesterday"} {
		f.Add(s, int64(1793678706+i*864000), uint8(i))
	}
	f.Fuzz(func(t *testing.T, s string, unix int64, zone uint8) {
		now := time.Unix(unix%(1<<33), 0).In(zones[int(zone)%len(zones)])
		if at, err := when(s, now); err == nil && !at.IsZero() && at.Location() != now.Location() {
			t.Fatalf("%q: %v", s, at)
		}
		if d, ok := span(s); ok {
			if at, err := when(s, now); d < 0 || err != nil || !at.Equal(now.Add(-d)) {
				t.Fatalf("%q is %v ago: %v, %v", s, d, at, err)
			}
		}
		for _, period := range []string{"hour", "day", "week", "month", "year"} {
			this, err1 := when("this "+period, now)
			last, err2 := when("last "+period, now)
			if err1 != nil || err2 != nil || this.After(now) || !last.Before(this) || this.Minute() != 0 && period == "hour" {
				t.Fatalf("now %v: this %s %v, %v, last %v, %v", now, period, this, err1, last, err2)
			}
		}
	})
}
