package parser

import (
	"bytes"
	"time"
)

// stamps turns the stamps of one file into times. Stamps of the same minute are converted
// once.
type stamps struct {
	zone     *time.Location // of stamps without one, and of every result
	year     int            // of the current stamp without a year
	lastYear int            // of the file's last stamp; 0: no bound
	prev     time.Time      // the latest stamp without a year; zero before the first

	key    [24]byte // the minute that base stands for, as written, zone suffix included
	keyLen int
	base   time.Time
}

// A stamp without a year belongs to the current year unless that puts it far from the one
// before: lines come out of order by seconds or days, never by months, and a log may be
// silent for months. So a stamp may lie up to backward before the latest one, else it is of
// the next year; and one that would be nearly a year ahead is of the year before.
const (
	backward = 30 * 24 * time.Hour
	forward  = 335 * 24 * time.Hour
)

// bsd reads "Nov  3 04:05:06 " (RFC 3164 section 4.1.2), also with "Nov 3" and "Nov 03", and
// with a fraction of a second.
func (s *stamps) bsd(b []byte) (t time.Time, rest []byte, ok bool) {
	mon, day, clock, ok := cutBSDDate(b)
	if !ok || len(clock) < 8 || clock[2] != ':' || clock[5] != ':' {
		return t, b, false
	}
	sec, ok := twoDigits(clock[6:])
	if !ok || sec > 60 {
		return t, b, false
	}
	head := b[:len(b)-len(clock)+5] // "Nov  3 04:05"
	if !s.cached(head, nil) {
		hour, ok1 := twoDigits(clock)
		min, ok2 := twoDigits(clock[3:])
		if !ok1 || !ok2 || hour > 23 || min > 59 {
			return t, b, false
		}
		s.remember(head, nil, s.inYear(mon, day, hour, min))
	}
	t, rest = s.base.Add(time.Duration(sec)*time.Second), clock[8:]
	if frac, after, ok := fraction(rest); ok {
		t, rest = t.Add(frac), after
	}
	if len(rest) == 0 || rest[0] != ' ' {
		return t, b, false
	}
	return t, rest[1:], true
}

// cutBSDDate reads "Nov  3 " and returns what follows, "04:05:06 ...".
func cutBSDDate(b []byte) (mon time.Month, day int, clock []byte, ok bool) {
	if len(b) < 14 || b[3] != ' ' {
		return 0, 0, b, false
	}
	mon = month(b)
	n, after, ok := number(trimLeft(b[4:]))
	if mon == 0 || !ok || n < 1 || n > 31 || len(after) == 0 || after[0] != ' ' {
		return 0, 0, b, false
	}
	return mon, int(n), trimLeft(after), true
}

// inYear gives a stamp without a year its time.
func (s *stamps) inYear(mon time.Month, day, hour, min int) time.Time {
	at := func(year int) time.Time { return time.Date(year, mon, day, hour, min, 0, 0, s.zone) }
	t := at(s.year)
	if s.prev.IsZero() {
		s.prev = t
		return t
	}
	switch gap := t.Sub(s.prev); {
	case gap < -backward && (s.lastYear == 0 || s.year < s.lastYear):
		s.year++
		t = at(s.year)
	case gap > forward:
		return at(s.year - 1) // a straggler of the old year
	}
	if t.After(s.prev) {
		s.prev = t
	}
	return t
}

// iso reads "2026-11-03T04:05:06.123456+01:00 ": with T or a blank, an optional fraction
// (point or comma), and an optional zone (Z, +01:00, +0100, +01; after a blank only as
// +0100, Exim's log_timezone). It needs a blank or the end of b after it.
func (s *stamps) iso(b []byte) (t time.Time, rest []byte, ok bool) {
	const head = len("2026-11-03T04:05")
	if len(b) < head+3 || b[4] != '-' || b[7] != '-' || b[13] != ':' || b[16] != ':' ||
		b[10] != 'T' && b[10] != ' ' && b[10] != 't' {
		return t, b, false
	}
	sec, ok := twoDigits(b[head+1:])
	if !ok || sec > 60 {
		return t, b, false
	}
	rest = b[head+3:]
	frac, rest, _ := fraction(rest)
	zone, rest := cutZone(rest)
	if len(rest) > 0 && rest[0] != ' ' {
		return t, b, false
	}
	if !s.cached(b[:head], zone) {
		base, ok := s.minute(b[:head], zone)
		if !ok {
			return t, b, false
		}
		s.remember(b[:head], zone, base)
	}
	t = s.base.Add(time.Duration(sec)*time.Second + frac)
	if len(rest) > 0 {
		rest = rest[1:]
	}
	return t, rest, true
}

// minute converts "2026-11-03T04:05" with its zone's text.
func (s *stamps) minute(b, zone []byte) (t time.Time, ok bool) {
	y1, ok1 := twoDigits(b)
	y2, ok2 := twoDigits(b[2:])
	mon, ok3 := twoDigits(b[5:])
	day, ok4 := twoDigits(b[8:])
	hour, ok5 := twoDigits(b[11:])
	min, ok6 := twoDigits(b[14:])
	if !(ok1 && ok2 && ok3 && ok4 && ok5 && ok6) || mon < 1 || mon > 12 || day < 1 || day > 31 || hour > 23 || min > 59 {
		return t, false
	}
	year, month := y1*100+y2, time.Month(mon)
	if len(zone) == 0 {
		return time.Date(year, month, day, hour, min, 0, 0, s.zone), true
	}
	t = time.Date(year, month, day, hour, min, 0, 0, time.UTC)
	return t.Add(-offset(zone)).In(s.zone), true
}

// cutZone cuts Z, +01:00, +0100, +01 or, after a blank, +0100 followed by a blank.
func cutZone(b []byte) (zone, rest []byte) {
	if len(b) == 0 {
		return nil, b
	}
	if b[0] == 'Z' || b[0] == 'z' {
		return b[:1], b[1:]
	}
	z := b
	if z[0] == ' ' {
		if z = z[1:]; len(z) < 6 || z[5] != ' ' || !digits(z[1:5]) {
			return nil, b
		}
	}
	if len(z) < 3 || z[0] != '+' && z[0] != '-' || !digits(z[1:3]) {
		return nil, b
	}
	n := 3
	switch {
	case len(z) >= 6 && z[3] == ':' && digits(z[4:6]):
		n = 6
	case len(z) >= 5 && digits(z[3:5]):
		n = 5
	}
	return z[:n], z[n:]
}

// offset returns the offset from UTC of a zone that cutZone has cut.
func offset(zone []byte) time.Duration {
	if len(zone) < 3 {
		return 0
	}
	h, _ := twoDigits(zone[1:])
	m := 0
	if len(zone) >= 5 {
		m, _ = twoDigits(zone[len(zone)-2:])
	}
	d := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	if zone[0] == '-' {
		return -d
	}
	return d
}

// cached tells whether base is the time of the minute written as head and zone.
func (s *stamps) cached(head, zone []byte) bool {
	n := len(head)
	return s.keyLen == n+len(zone) && bytes.Equal(s.key[:n], head) && bytes.Equal(s.key[n:s.keyLen], zone)
}

func (s *stamps) remember(head, zone []byte, base time.Time) {
	s.keyLen = copy(s.key[:], head)
	s.keyLen += copy(s.key[s.keyLen:], zone)
	s.base = base
}

// fraction reads ".123456" or ",123" to the nanosecond.
func fraction(b []byte) (d time.Duration, rest []byte, ok bool) {
	if len(b) < 2 || b[0] != '.' && b[0] != ',' || !isDigit(b[1]) {
		return 0, b, false
	}
	scale := time.Second
	for b = b[1:]; len(b) > 0 && isDigit(b[0]); b = b[1:] {
		scale /= 10
		d += time.Duration(b[0]-'0') * scale
	}
	return d, b, true
}

// month reads the three-letter English month name of RFC 3164; 0 where there is none.
func month(b []byte) time.Month {
	switch string(b[:3]) {
	case "Jan":
		return time.January
	case "Feb":
		return time.February
	case "Mar":
		return time.March
	case "Apr":
		return time.April
	case "May":
		return time.May
	case "Jun":
		return time.June
	case "Jul":
		return time.July
	case "Aug":
		return time.August
	case "Sep":
		return time.September
	case "Oct":
		return time.October
	case "Nov":
		return time.November
	case "Dec":
		return time.December
	}
	return 0
}

func twoDigits(b []byte) (n int, ok bool) {
	if len(b) < 2 || !isDigit(b[0]) || !isDigit(b[1]) {
		return 0, false
	}
	return int(b[0]-'0')*10 + int(b[1]-'0'), true
}

func digits(b []byte) bool {
	for _, c := range b {
		if !isDigit(c) {
			return false
		}
	}
	return true
}

// Yearless reads the stamp of a line that has none of the year, as of the leap year 2000 in
// UTC; ok is false for any other line. Compared with each other such stamps tell whether
// New Year lies between two lines.
func Yearless(line []byte) (t time.Time, ok bool) {
	line = trimLine(line)
	if len(line) > 2 && line[0] == '<' {
		line, _ = cutPRI(line)
	}
	if len(line) < 16 || line[0] < 'A' || line[0] > 'S' {
		return t, false
	}
	s := stamps{zone: time.UTC, year: 2000}
	t, _, ok = s.bsd(line)
	return t, ok
}

// InferYears returns the years of a file's first and last stamps (as Yearless gives them)
// when the file was last written at modified: the last stamp gets the latest year that does
// not put it more than a day after modified, and a first stamp later in the year than the
// last means that New Year lies between them. Feb 29 needs a leap year.
func InferYears(first, last, modified time.Time) (firstYear, lastYear int) {
	bound := modified.AddDate(0, 0, 1)
	at := func(t time.Time, year int) time.Time {
		return time.Date(year, t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, modified.Location())
	}
	lastYear = bound.Year()
	for at(last, lastYear).After(bound) || !hasDay(last, lastYear) {
		lastYear--
	}
	firstYear = lastYear
	if first.After(last) {
		firstYear--
	}
	return firstYear, lastYear
}

// hasDay tells whether the month and day of t exist in year: only Feb 29 may not.
func hasDay(t time.Time, year int) bool {
	return time.Date(year, t.Month(), t.Day(), 0, 0, 0, 0, time.UTC).Day() == t.Day()
}
