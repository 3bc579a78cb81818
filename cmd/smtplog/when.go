package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// when understands a point in time: RFC 3339, "2026-11-03", "2026-11-03 04:05[:06]", "04:05"
// (today), "2h", "30m", "3d", "1w" (ago), now, today, yesterday, and this or last with hour,
// day, week, month or year: the start of that period. "" is the zero time. Periods and stamps
// without a zone are in now's zone; weeks start on Monday. Of a time that the clocks show twice it
// is the first.
func when(s string, now time.Time) (time.Time, error) { return point(s, now, false) }

// whenLast is when, but the second of a time that the clocks show twice.
func whenLast(s string, now time.Time) (time.Time, error) { return point(s, now, true) }

func point(s string, now time.Time, last bool) (time.Time, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.In(now.Location()), nil
	}
	for _, layout := range []string{"2006-01-02", "2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(layout, s, now.Location()); err == nil {
			return reading(t, last), nil
		}
	}
	day := func(years, months, days int) time.Time {
		y, m, d := now.Date()
		return time.Date(y+years, m+time.Month(months), d+days, 0, 0, 0, 0, now.Location())
	}
	if t, err := time.ParseInLocation("15:04", s, now.Location()); err == nil {
		d := day(0, 0, 0)
		return reading(time.Date(d.Year(), d.Month(), d.Day(), t.Hour(), t.Minute(), 0, 0, now.Location()), last), nil
	}
	hour := now.Add(-time.Duration(now.Minute())*time.Minute - time.Duration(now.Second())*time.Second - time.Duration(now.Nanosecond()))
	monday := -(int(now.Weekday()) + 6) % 7
	switch strings.Join(strings.Fields(strings.ToLower(s)), " ") {
	case "now":
		return now, nil
	case "today", "this day":
		return day(0, 0, 0), nil
	case "yesterday", "last day":
		return day(0, 0, -1), nil
	case "this hour":
		return hour, nil
	case "last hour":
		return hour.Add(-time.Hour), nil
	case "this week":
		return day(0, 0, monday), nil
	case "last week":
		return day(0, 0, monday-7), nil
	case "this month":
		return day(0, 0, 1-now.Day()), nil
	case "last month":
		return time.Date(now.Year(), now.Month()-1, 1, 0, 0, 0, 0, now.Location()), nil
	case "this year":
		return time.Date(now.Year(), 1, 1, 0, 0, 0, 0, now.Location()), nil
	case "last year":
		return time.Date(now.Year()-1, 1, 1, 0, 0, 0, 0, now.Location()), nil
	}
	if ago, ok := span(s); ok {
		return now.Add(-ago), nil
	}
	return time.Time{}, fmt.Errorf("%q is no time: want RFC 3339, a date, 2h (ago), today, yesterday, 'this week' or 'last month'", s)
}

// reading returns the first or the last moment at which t's clock shows what it shows at t: there are
// two where it is put back.
func reading(t time.Time, last bool) time.Time {
	_, offset := t.Zone()
	start, end := t.ZoneBounds()
	if !last && !start.IsZero() {
		_, before := start.Add(-1).Zone()
		if back := time.Duration(before-offset) * time.Second; t.Sub(start) < back {
			return t.Add(-back)
		}
	}
	if last && !end.IsZero() {
		_, after := end.Zone()
		if back := time.Duration(offset-after) * time.Second; end.Sub(t) <= back {
			return t.Add(back)
		}
	}
	return t
}

// span understands a length of time: 90s, 30m, 2h, 3d, 1w, 1h30m.
func span(s string) (time.Duration, bool) {
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return d, true
	}
	for unit, d := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		number, ok := strings.CutSuffix(s, unit)
		if n, err := strconv.ParseUint(number, 10, 64); ok && err == nil && n <= 36500*24*uint64(time.Hour)/uint64(d) {
			return time.Duration(n) * d, true
		}
	}
	return 0, false
}
