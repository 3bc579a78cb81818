package parser

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// stamps turns the stamps of one file into times. Stamps of the same minute are converted
// once.
type stamps struct {
	zone     *time.Location // of stamps without one, and of every result
	year     int            // of the current stamp without a year
	lastYear int            // of the file's last stamp; 0: no bound
	prev     time.Time      // the latest stamp without a year; zero before the first
	last     time.Time      // the minute of the last stamp without a zone

	key    [24]byte // the minute that base stands for, as written, zone suffix included
	keyLen int
	base   time.Time
}

// A stamp without a year belongs to the current year unless that puts it far from the one
// before: lines come out of order by seconds or days, a clock may be set back by more, and a log
// may be silent for months. So a stamp may lie up to backward before the latest one, else it is
// of the next year; and one that would be nearly a year ahead is of the year before. Where New
// Year is known to lie ahead, less will do.
const (
	backward     = 183 * 24 * time.Hour
	backwardLast = 30 * 24 * time.Hour
	forward      = 335 * 24 * time.Hour
)

// bsdStamp is a stamp of RFC 3164 as written.
type bsdStamp struct {
	head           []byte // up to the minute
	year           int    // 0: it has none
	mon            time.Month
	day, hour, min int
	sec            time.Duration // with the fraction
}

// bsd reads "Nov  3 04:05:06 " (RFC 3164 section 4.1.2), also with "Nov 3" and "Nov 03", with
// a fraction of a second, with a year after the day or after the clock, and with a colon at its
// end.
func (s *stamps) bsd(b []byte) (t time.Time, rest []byte, ok bool) {
	// Nearly every stamp is of the same minute as the one before, "Nov  3 04:05:06 ".
	if len(b) > 21 && b[15] == ' ' && b[12] == ':' && s.keyLen == 12 && string(b[:12]) == string(s.key[:12]) && !isYear(b[16:]) {
		if sec, ok := twoDigits(b[13:]); ok && sec <= 60 {
			return s.base.Add(time.Duration(sec) * time.Second), b[16:], true
		}
	}
	d, rest, ok := cutBSD(b)
	switch {
	case !ok:
		return t, b, false
	case d.year != 0:
		return s.dated(&d, rest)
	case !s.cached(d.head, nil):
		s.remember(d.head, nil, s.inYear(&d))
	}
	return s.base.Add(d.sec), rest, true
}

// bsdYear reads such a stamp whose year stands before it.
func (s *stamps) bsdYear(b []byte, year int) (t time.Time, rest []byte, ok bool) {
	d, rest, ok := cutBSD(b)
	if !ok || d.year != 0 {
		return t, b, false
	}
	d.year = year
	return s.dated(&d, rest)
}

// bsdNear reads such a stamp inside a header that has a time already, which tells the year.
func (s *stamps) bsdNear(b []byte, outer time.Time) (t time.Time, rest []byte, ok bool) {
	d, rest, ok := cutBSD(b)
	if !ok || d.year != 0 {
		return s.bsd(b)
	}
	d.year = outer.Year()
	t = s.wall(d.year, d.mon, d.day, d.hour, d.min)
	switch gap := t.Sub(outer); {
	case gap > forward/2:
		t = s.wall(d.year-1, d.mon, d.day, d.hour, d.min)
	case gap < -forward/2:
		t = s.wall(d.year+1, d.mon, d.day, d.hour, d.min)
	}
	return settle(t.Add(d.sec), outer), rest, true
}

// settle decides between a stamp without a zone and the one of the header around it, which was
// written a moment later. Where that is so but for whole quarters of an hour, the inner one is
// of another zone.
func settle(inner, outer time.Time) time.Time {
	const moment = 3 * time.Second
	gap := outer.Sub(inner)
	zone := gap.Truncate(15 * time.Minute)
	if gap < 0 {
		zone = -(-gap + 15*time.Minute - 1).Truncate(15 * time.Minute)
	}
	if zone != 0 && zone.Abs() <= maxOffset && gap-zone < moment {
		return outer
	}
	return inner
}

// dated gives a stamp with a year its time.
func (s *stamps) dated(d *bsdStamp, rest []byte) (time.Time, []byte, bool) {
	if d.day > daysIn(d.year, d.mon) {
		return time.Time{}, rest, false
	}
	return s.wall(d.year, d.mon, d.day, d.hour, d.min).Add(d.sec), rest, true
}

// cutBSD reads a stamp and the blank after it.
func cutBSD(b []byte) (d bsdStamp, rest []byte, ok bool) {
	if len(b) < 15 || b[3] != ' ' {
		return d, b, false
	}
	n, rest, ok := number(trimLeft(b[4:]))
	d.mon, d.day = month(b), int(n)
	if !ok || d.mon == 0 || n < 1 || n > int64(daysIn(2000, d.mon)) || len(rest) == 0 || rest[0] != ' ' {
		return d, b, false
	}
	rest = trimLeft(rest)
	if d.year, rest = cutYear(rest); d.year != 0 {
		rest = trimLeft(rest)
	}
	if len(rest) < 8 || rest[2] != ':' || rest[5] != ':' {
		return d, b, false
	}
	var ok1, ok2, ok3 bool
	var sec int
	d.hour, ok1 = twoDigits(rest)
	d.min, ok2 = twoDigits(rest[3:])
	sec, ok3 = twoDigits(rest[6:])
	if !ok1 || !ok2 || !ok3 || d.hour > 23 || d.min > 59 || sec > 60 {
		return d, b, false
	}
	d.head = b[:len(b)-len(rest)+5] // "Nov  3 04:05"
	d.sec = time.Duration(sec) * time.Second
	rest = rest[8:]
	if frac, after, ok := fraction(rest); ok {
		d.sec, rest = d.sec+frac, after
	}
	if len(rest) > 1 && rest[0] == ':' {
		rest = rest[1:]
	}
	if len(rest) == 0 || rest[0] != ' ' {
		return d, b, false
	}
	rest = rest[1:]
	if d.year == 0 {
		d.year, rest = cutYear(rest)
	}
	return d, rest, true
}

// isYear tells whether b begins with "2026 " or the like.
func isYear(b []byte) bool {
	return len(b) >= 5 && (b[0] == '1' || b[0] == '2') && b[4] == ' ' && digits(b[:4])
}

// cutYear cuts "2026 ".
func cutYear(b []byte) (year int, rest []byte) {
	if !isYear(b) {
		return 0, b
	}
	n, rest, _ := number(b)
	if n < 1970 {
		return 0, b
	}
	return int(n), rest[1:]
}

// inYear gives a stamp without a year its time.
func (s *stamps) inYear(d *bsdStamp) time.Time {
	at := func(year int) time.Time { return s.wall(year, d.mon, d.day, d.hour, d.min) }
	t := at(s.year)
	if s.prev.IsZero() {
		s.prev = t
		return t
	}
	limit := backward
	if s.lastYear > s.year {
		limit = backwardLast
	}
	switch gap := t.Sub(s.prev); {
	case gap < -limit && (s.lastYear == 0 || s.year < s.lastYear):
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

// slack is by how much lines may be out of order where that must be told from an hour that the
// clocks show twice.
const slack = 5 * time.Minute

// wall returns when the clocks of the zone showed this. Of an hour that they showed twice it is
// the first, unless the line before was later than that.
func (s *stamps) wall(year int, mon time.Month, day, hour, min int) time.Time {
	t := time.Date(year, mon, day, hour, min, 0, 0, s.zone)
	if s.zone == time.UTC {
		return t
	}
	first, second := t, t
	start, end := t.ZoneBounds()
	_, offset := t.Zone()
	if !start.IsZero() {
		_, before := start.Add(-1).Zone()
		if alt := t.Add(time.Duration(offset-before) * time.Second); alt.Before(start) {
			first = alt
		}
	}
	if !end.IsZero() {
		_, after := end.Zone()
		if alt := t.Add(time.Duration(offset-after) * time.Second); !alt.Before(end) {
			second = alt
		}
	}
	if t = first; s.last.After(first.Add(slack)) && s.last.Before(second.Add(24*time.Hour)) {
		t = second
	}
	s.last = t
	return t
}

// utcZone is the zone of svlogd -tt, which puts _ between date and time.
var utcZone = []byte("Z")

// iso reads "2026-11-03T04:05:06.123456+01:00 ": with T or a blank, an optional fraction
// (point or comma), and an optional zone (Z, +01:00, +0100, +01; after a blank only as
// +0100, Exim's log_timezone). It needs a blank or the end of b after it.
func (s *stamps) iso(b []byte) (t time.Time, rest []byte, ok bool) {
	t, rest, _, ok = s.isoZone(b)
	return t, rest, ok
}

// isoZone is iso and tells whether the stamp has a zone.
func (s *stamps) isoZone(b []byte) (t time.Time, rest []byte, zoned, ok bool) {
	const head = len("2026-11-03T04:05")
	if len(b) < head+3 || b[4] != '-' || b[7] != '-' || b[13] != ':' || b[16] != ':' ||
		b[10] != 'T' && b[10] != ' ' && b[10] != 't' && b[10] != '_' {
		return t, b, false, false
	}
	sec, ok := twoDigits(b[head+1:])
	if !ok || sec > 60 {
		return t, b, false, false
	}
	rest = b[head+3:]
	frac, rest, _ := fraction(rest)
	zone, rest := cutZone(rest)
	if b[10] == '_' && len(zone) == 0 {
		zone = utcZone
	}
	if len(rest) > 0 && rest[0] != ' ' && rest[0] != '\t' {
		return t, b, false, false
	}
	if !s.cached(b[:head], zone) {
		base, ok := s.minute(b[:head], zone)
		if !ok {
			return t, b, false, false
		}
		s.remember(b[:head], zone, base)
	}
	t = s.base.Add(time.Duration(sec)*time.Second + frac)
	if len(rest) > 0 {
		rest = rest[1:]
	}
	return t, rest, len(zone) > 0, true
}

// minute converts "2026-11-03T04:05" with its zone's text.
func (s *stamps) minute(b, zone []byte) (t time.Time, ok bool) {
	y1, ok1 := twoDigits(b)
	y2, ok2 := twoDigits(b[2:])
	mon, ok3 := twoDigits(b[5:])
	day, ok4 := twoDigits(b[8:])
	hour, ok5 := twoDigits(b[11:])
	min, ok6 := twoDigits(b[14:])
	year, month := y1*100+y2, time.Month(mon)
	if !(ok1 && ok2 && ok3 && ok4 && ok5 && ok6) || mon < 1 || mon > 12 || day < 1 || day > daysIn(year, month) || hour > 23 || min > 59 {
		return t, false
	}
	if len(zone) == 0 {
		return s.wall(year, month, day, hour, min), true
	}
	d := offset(zone)
	if d.Abs() > maxOffset {
		return t, false
	}
	return time.Date(year, month, day, hour, min, 0, 0, time.UTC).Add(-d).In(s.zone), true
}

// weekday reads the stamps that begin with a weekday: "Tue 2026-11-03 04:05:06 UTC "
// (journalctl -o short-full) and "Tue Nov  3 04:05:06 2026 ".
func (s *stamps) weekday(b []byte) (t time.Time, rest []byte, ok bool) {
	if len(b) < 24 || b[3] != ' ' {
		return t, b, false
	}
	switch string(b[:3]) {
	case "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun":
	default:
		return t, b, false
	}
	if !isDigit(b[4]) {
		return s.bsd(b[4:])
	}
	t, rest, zoned, ok := s.isoZone(b[4:])
	if !ok || zoned {
		return t, rest, ok
	}
	word, after := cutWord(rest)
	if len(after) == 0 || len(word) < 2 || len(word) > 5 {
		return t, rest, true
	}
	if word[0] == '+' || word[0] == '-' { // a zone without a name
		if zone, left := cutZone(word); len(zone) > 0 && len(left) == 0 {
			return inOffset(t, offset(zone)), after[1:], true
		}
		return t, rest, true
	}
	for _, c := range word {
		if c < 'A' || c > 'Z' {
			return t, rest, true // a host
		}
	}
	for _, alt := range [...]time.Time{t, t.Add(-time.Hour), t.Add(time.Hour)} {
		if name, _ := alt.Zone(); name == string(word) && alt.Minute() == t.Minute() && alt.Hour() == t.Hour() {
			return alt, after[1:], true
		}
	}
	if d, ok := zoneOffset(word); ok {
		return inOffset(t, d), after[1:], true
	}
	return t, after[1:], true
}

// inOffset returns when clocks at an offset from UTC showed what those of t's zone show at t.
func inOffset(t time.Time, offset time.Duration) time.Time {
	_, has := t.Zone()
	return t.Add(time.Duration(has)*time.Second - offset)
}

// zoneOffset knows the abbreviations of zones that have one meaning: those of RFC 5322 section
// 4.3, and Europe's.
func zoneOffset(name []byte) (d time.Duration, ok bool) {
	switch string(name) {
	case "UTC", "GMT", "UT", "WET":
		return 0, true
	case "CET", "WEST":
		return 1 * time.Hour, true
	case "CEST", "EET":
		return 2 * time.Hour, true
	case "EEST", "MSK":
		return 3 * time.Hour, true
	case "EDT":
		return -4 * time.Hour, true
	case "EST", "CDT":
		return -5 * time.Hour, true
	case "CST", "MDT":
		return -6 * time.Hour, true
	case "MST", "PDT":
		return -7 * time.Hour, true
	case "PST":
		return -8 * time.Hour, true
	}
	return 0, false
}

// unix reads seconds since 1970, with a fraction or without; a whole number may also count
// milliseconds, microseconds or nanoseconds, by its size.
func (s *stamps) unix(b []byte) (t time.Time, ok bool) {
	n, rest, ok := number(b)
	if !ok || len(b)-len(rest) > 19 {
		return t, false
	}
	switch width := len(b) - len(rest); {
	case len(rest) > 0:
		frac, after, ok := fraction(rest)
		if !ok || len(after) > 0 || width > 11 {
			return t, false
		}
		return time.Unix(n, int64(frac)).In(s.zone), true
	case width <= 11:
		return time.Unix(n, 0).In(s.zone), true
	case width <= 14:
		return time.UnixMilli(n).In(s.zone), true
	case width <= 17:
		return time.UnixMicro(n).In(s.zone), true
	case width == 18:
		return time.Unix(0, n).In(s.zone), true
	}
	return time.Unix(0, n*10+int64(b[18]-'0')).In(s.zone), true // number stops at 18 digits
}

// tai64n reads "@40000000690832a12faf0800 ": in hex 2^62 and seconds, then nanoseconds. The
// seconds are 10 ahead of those since 1970, as daemontools and runit count them (s6-log: 37).
func (s *stamps) tai64n(b []byte) (t time.Time, rest []byte, ok bool) {
	const width = 1 + 16 + 8
	if len(b) < width || b[0] != '@' || len(b) > width && b[width] != ' ' {
		return t, b, false
	}
	var n [12]byte
	if _, err := hex.Decode(n[:], b[1:width]); err != nil {
		return t, b, false
	}
	sec, nano := binary.BigEndian.Uint64(n[:8])-1<<62-10, binary.BigEndian.Uint32(n[8:])
	if sec > 1<<36 || nano >= 1e9 {
		return t, b, false
	}
	return time.Unix(int64(sec), int64(nano)).In(s.zone), b[min(width+1, len(b)):], true
}

// any reads a stamp of any kind that is all of b.
func (s *stamps) any(b []byte) (t time.Time, ok bool) {
	if len(b) < 8 || len(b) > 40 {
		return t, false
	}
	if !isDigit(b[0]) {
		var line [48]byte
		t, _, ok = s.bsd(append(append(line[:0], b...), ' '))
		return t, ok
	}
	if b[4] != '-' {
		return s.unix(b)
	}
	t, rest, ok := s.iso(b)
	return t, ok && len(rest) == 0
}

// cutZone cuts Z, +01:00, +0100, +01 or, after a blank, +0100 or +01:00 followed by a blank.
func cutZone(b []byte) (zone, rest []byte) {
	if len(b) == 0 {
		return nil, b
	}
	if b[0] == 'Z' || b[0] == 'z' {
		return b[:1], b[1:]
	}
	z := b
	if z[0] == ' ' {
		if z = z[1:]; !(len(z) >= 6 && z[5] == ' ' && digits(z[1:5])) && !(len(z) >= 7 && z[6] == ' ' && z[3] == ':' && digits(z[4:6])) {
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

// maxOffset is beyond every zone's offset from UTC.
const maxOffset = 15 * time.Hour

// offset returns the offset from UTC of a zone that cutZone has cut.
func offset(zone []byte) time.Duration {
	if len(zone) < 3 {
		return 0
	}
	h, _ := twoDigits(zone[1:])
	m := 0
	if len(zone) >= 5 {
		if m, _ = twoDigits(zone[len(zone)-2:]); m > 59 {
			return maxOffset + 1 // none
		}
	}
	d := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	if zone[0] == '-' {
		return -d
	}
	return d
}

// daysIn returns the number of days of a month.
func daysIn(year int, mon time.Month) int {
	switch mon {
	case time.April, time.June, time.September, time.November:
		return 30
	case time.February:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
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
	if rest, ok := cutService(line); ok {
		line = rest
	}
	if len(line) > 0 && line[0] == '{' {
		return yearlessJSON(line)
	}
	if d, _, ok := cutBSD(line); !ok || d.year != 0 {
		if rest, ok := cutLead(line); ok {
			line = rest
		}
	}
	if len(line) > 2 && line[0] == '<' {
		line, _ = cutPRI(line)
	}
	if len(line) > 0 && (line[0] == '*' || line[0] == '.') {
		line = line[1:]
	}
	d, _, ok := cutBSD(line)
	if !ok || d.year != 0 {
		return t, false
	}
	return time.Date(2000, d.mon, d.day, d.hour, d.min, 0, 0, time.UTC).Add(d.sec), true
}

// yearlessJSON is Yearless for a JSON object: in a year that no log is of, a stamp that stays in it has
// none of its own.
func yearlessJSON(line []byte) (t time.Time, ok bool) {
	const year = 8 // a leap year
	p := New(Options{Year: year})
	p.readFrame(line, &p.frame)
	if t = p.frame.time; t.IsZero() || t.Year() != year {
		return t, false
	}
	return t.AddDate(2000-year, 0, 0), true
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
	if first.Sub(last) > slack { // by less: a few lines out of order
		firstYear--
	}
	return firstYear, lastYear
}

// hasDay tells whether the month and day of t exist in year: only Feb 29 may not.
func hasDay(t time.Time, year int) bool {
	return time.Date(year, t.Month(), t.Day(), 0, 0, 0, 0, time.UTC).Day() == t.Day()
}
