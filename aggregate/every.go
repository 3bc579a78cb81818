package aggregate

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Every is the width of a time bucket. The zero Every chooses one by the span of the data.
type Every struct {
	step   time.Duration // up to an hour: a divisor of the hour in whole minutes, or whole hours
	days   int
	months int
}

// The widths that the automatic choice takes from.
var (
	everyMinute = Every{step: time.Minute}
	everyHour   = Every{step: time.Hour}
	everyDay    = Every{days: 1}
	everyWeek   = Every{days: 7}
	everyMonth  = Every{months: 1}
)

// ParseEvery parses auto, or a number and m (minutes), h (hours), d (days), w (weeks) or M
// (months): 5m, 1h, 1d. Minutes must divide an hour, hours a day; days, weeks and months are
// single.
func ParseEvery(s string) (Every, error) {
	if s == "" || s == "auto" {
		return Every{}, nil
	}
	n, err := strconv.Atoi(s[:len(s)-1])
	if err == nil && n > 0 {
		switch unit := s[len(s)-1]; {
		case unit == 'm' && n < 60 && 60%n == 0:
			return Every{step: time.Duration(n) * time.Minute}, nil
		case unit == 'h' && n < 24 && 24%n == 0:
			return Every{step: time.Duration(n) * time.Hour}, nil
		case unit == 'd' && n == 1:
			return everyDay, nil
		case unit == 'w' && n == 1:
			return everyWeek, nil
		case unit == 'M' && n == 1:
			return everyMonth, nil
		}
	}
	return Every{}, fmt.Errorf("bucket width %q: want auto, 1m, 5m, 10m, 15m, 30m, 1h, 2h, 3h, 4h, 6h, 12h, 1d, 1w or 1M", s)
}

// String returns what ParseEvery takes.
func (e Every) String() string {
	switch {
	case e.months > 0:
		return "1M"
	case e.days == 7:
		return "1w"
	case e.days > 0:
		return "1d"
	case e.step > 0:
		return strings.TrimSuffix(strings.Replace(e.step.String(), "h0m", "h", 1), "0s")
	}
	return "auto"
}

// IsAuto tells whether the width is still to be chosen.
func (e Every) IsAuto() bool { return e == Every{} }

// autoEvery chooses the width that gives a span between about a dozen and some fifty buckets.
func autoEvery(span time.Duration) Every {
	switch {
	case span <= 30*time.Minute:
		return everyMinute
	case span <= 3*time.Hour:
		return Every{step: 5 * time.Minute}
	case span <= 48*time.Hour:
		return everyHour
	case span <= 60*24*time.Hour:
		return everyDay
	case span <= 366*24*time.Hour:
		return everyWeek
	}
	return everyMonth
}

// width is about how long a bucket is.
func (e Every) width() time.Duration {
	const day = 24 * time.Hour
	return e.step + time.Duration(e.days)*day + time.Duration(e.months)*30*day
}

// Start returns the start of t's bucket in t's zone. A width of minutes or hours starts at a
// multiple of itself on the clock of the zone; days at midnight, weeks on Monday, months on
// the first.
func (e Every) Start(t time.Time) time.Time {
	switch {
	case e.months > 0:
		return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, t.Location())
	case e.days == 7:
		return time.Date(t.Year(), t.Month(), t.Day()-(int(t.Weekday())+6)%7, 0, 0, 0, 0, t.Location())
	case e.days > 0:
		return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
	case e.step == 0:
		return t
	case e.step > time.Hour:
		k := int(e.step / time.Hour)
		return atHour(t, t.Hour()-t.Hour()%k)
	}
	_, offset := t.Zone()
	o := int64(offset)
	step := int64(e.step / time.Second)
	sec := t.Unix() + o
	sec -= (sec%step + step) % step
	return time.Unix(sec-o, 0).In(t.Location())
}

// Next returns the start of the bucket after the one that starts at t.
func (e Every) Next(t time.Time) time.Time {
	switch {
	case e.months > 0:
		return time.Date(t.Year(), t.Month()+1, 1, 0, 0, 0, 0, t.Location())
	case e.days > 0:
		return time.Date(t.Year(), t.Month(), t.Day()+e.days, 0, 0, 0, 0, t.Location())
	}
	if e.step > time.Hour {
		return atHour(t, t.Hour()-t.Hour()%int(e.step/time.Hour)+int(e.step/time.Hour))
	}
	return e.Start(t.Add(e.step))
}

// atHour returns an hour of t's day: the first of two where the clock was put back, and the
// moment of the change where it was put forward over it.
func atHour(t time.Time, hour int) time.Time {
	h := time.Date(t.Year(), t.Month(), t.Day(), hour, 0, 0, 0, t.Location())
	if before := h.Add(-time.Hour); before.Hour() == h.Hour() {
		return before
	}
	if h.Hour() < hour && hour < 24 {
		return h.Add(time.Hour)
	}
	return h
}
