package main

import (
	"bytes"
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/smtplog/smtplog/internal/source"
	"github.com/smtplog/smtplog/parser"
)

// duplicates finds contents that are given more than once: a log and its compressed copy, or
// a copy of a log that has grown since.
func (in *input) duplicates() {
	byFirst := map[string][]*log{}
	for _, l := range in.logs {
		if !l.file.Stream() && len(l.first) > 0 {
			byFirst[string(l.first)] = append(byFirst[string(l.first)], l)
		}
	}
	drop := map[*log]bool{}
	for _, same := range byFirst {
		for i, a := range same {
			for _, b := range same[i+1:] {
				if drop[a] || drop[b] {
					continue
				}
				keep, other, why := a, b, "the same content as "
				r := source.Compare(in.p.ctx, a.file, b.file)
				b.park(len(in.logs))
				switch {
				case r == source.Distinct || r != source.Equal && detailKind(a.path) != detailKind(b.path):
					continue // one may still be the other's detail
				case r == source.Equal && detailKind(a.path) != "" && detailKind(b.path) == "":
					keep, other = b, a
				case r == source.Begins:
					keep, other, why = b, a, "the same content as the beginning of "
				case r == source.BegunBy:
					why = "the same content as the beginning of "
				}
				drop[other] = true
				in.skip(other.path, why+keep.path)
				in.p.sayf("%s: not read: %s%s", other.path, why, keep.path)
			}
			a.park(len(in.logs))
		}
	}
	in.remove(func(l *log) bool { return drop[l] })
}

// remove closes logs and takes them off the list.
func (in *input) remove(which func(l *log) bool) {
	in.logs = slices.DeleteFunc(in.logs, func(l *log) bool {
		if which(l) {
			l.file.Close()
			return true
		}
		return false
	})
}

// detailKind says what a log may repeat, by its name; "" for a log that stands for itself.
func detailKind(path string) string {
	name := strings.ToLower(source.RotationOf(filepath.Base(path)).Stem)
	switch {
	case strings.Contains(name, "reject") || strings.Contains(name, "panic"):
		return "exim"
	case name == "mail.info":
		return "info"
	case strings.HasPrefix(name, "mail.") && slices.Contains([]string{"notice", "warn", "warning", "err", "error", "crit"}, name[len("mail."):]):
		return "part"
	case name == "syslog" || name == "messages":
		return "system"
	}
	return ""
}

// native tells whether a log's stamps are Exim's own: what it holds syslog has not seen.
func (l *log) native() bool {
	stamps, _ := stampsOf(l.first, l.opt.Zone)
	return stamps == "Exim's"
}

// markDetail finds the logs that repeat another's lines: Exim's reject and panic logs beside a
// main log; syslog's mail.info, mail.warn and mail.err beside mail.log, or mail.warn beside
// mail.info; and the whole system's log beside them where it spans the same time.
func (in *input) markDetail() {
	type folder struct {
		set                int
		main, syslog, info string    // the name of one of each: any main log, one by syslog, mail.info
		from, to           time.Time // what the logs by syslog span
	}
	folders := map[string]*folder{}
	for _, l := range in.logs {
		d := folders[l.dir]
		if d == nil {
			d = &folder{set: len(folders) + 1}
			folders[l.dir] = d
		}
		l.set = d.set
		kind, name := detailKind(l.path), l.rotation.Stem
		if kind == "" && (d.main == "" || l.native()) {
			d.main = name
		}
		switch {
		case l.native() || kind != "" && kind != "info":
			continue
		case kind == "":
			d.syslog = name
		default:
			d.info = name
		}
		if d.from.IsZero() || l.start.Before(d.from) {
			d.from = l.start
		}
		if l.end.After(d.to) {
			d.to = l.end
		}
	}
	for _, l := range in.logs {
		d := folders[l.dir]
		of := ""
		switch kind := detailKind(l.path); kind {
		case "exim":
			of = d.main
		case "info":
			of = d.syslog
		case "part", "system":
			of = cmp.Or(d.syslog, d.info)
			if kind == "system" && (l.start.After(d.to) || l.end.Before(d.from)) {
				of = ""
			}
		}
		if of != "" {
			l.detail = "repeats lines of " + of
		}
	}
	in.remove(func(l *log) bool { // nothing is to be learnt from the system's log
		system := l.detail != "" && !l.named && detailKind(l.path) == "system"
		if system {
			in.skip(l.path, l.detail)
		}
		return system
	})
}

// usualSpan is the longest that a compressed log is taken to span without looking at its end.
const usualSpan = 60 * 24 * time.Hour

// inferYears finds the years of a log's stamps, where they lack one, from when its last line
// was written: the name's datestamp tells, or the file's time. Of a compressed file that was
// written soon after its first line the end is not looked at.
func (l *log) inferYears(in *input, head, tail []byte) {
	first, ok := stampIn(head, false)
	if !ok {
		return
	}
	bound := l.file.Modified.In(l.opt.Zone)
	switch {
	case l.file.Stream():
		l.years = "today's date"
	case l.file.Packed() && l.file.Info() != nil && !bound.Equal(l.file.Info().ModTime()):
		l.years = "the time in the archive's header"
	default:
		l.years = "the time the file was last written"
	}
	if named, ok := l.datedUntil(); ok && named.Before(bound) {
		bound, l.years = named, "the date in the file's name"
	}
	last := first
	switch {
	case l.file.Stream(): // its end cannot be known
	case !l.file.Packed():
		if t, ok := stampIn(tail, true); ok {
			last = t
		}
	default:
		year, _ := parser.InferYears(first, first, bound)
		begun := time.Date(year, first.Month(), first.Day(), 0, 0, 0, 0, l.opt.Zone)
		switch known := in.ends[l.path]; {
		case bound.Sub(begun) <= usualSpan:
		case !known.IsZero():
			last = known
		case in.s.supposes():
			l.supposed = &supposed{first, bound}
			l.opt.Year, l.opt.LastYear = year, year
			l.file.KeepTail()
			return
		default:
			if t, ok := stampIn(l.file.Tail(in.p.ctx), true); ok {
				last = t
			}
		}
	}
	l.opt.Year, l.opt.LastYear = parser.InferYears(first, last, bound)
	if l.file.Stream() || l.file.Packed() && last.Equal(first) {
		l.opt.LastYear = 0 // New Year may lie inside
	}
}

// datedUntil returns the latest time that the name's datestamp allows: logrotate writes the day
// after or (dateyesterday) the day itself, Exim the day or month.
func (l *log) datedUntil() (time.Time, bool) {
	d := l.rotation.Date
	if d.IsZero() {
		return d, false
	}
	t := time.Date(d.Year(), d.Month(), d.Day(), 0, 0, 0, 0, l.opt.Zone)
	if d.Day() == 1 {
		return t.AddDate(0, 1, 0), true // may be a month's name
	}
	return t.AddDate(0, 0, 1), true
}

// stampIn returns the first or last stamp without a year in a block.
func stampIn(block []byte, last bool) (t time.Time, ok bool) {
	for len(block) > 0 {
		var line []byte
		if last {
			block = bytes.TrimSuffix(block, []byte("\n"))
			i := bytes.LastIndexByte(block, '\n') + 1
			line, block = block[i:], block[:i]
		} else {
			line, block, _ = bytes.Cut(block, []byte("\n"))
		}
		if t, ok := parser.Yearless(line); ok {
			return t, true
		}
	}
	return t, false
}

// moveYears puts a log whose stamps have no year n years later.
func (l *log) moveYears(n int) {
	l.opt.Year += n
	if l.opt.LastYear != 0 {
		l.opt.LastYear += n
	}
	l.findStart(l.first)
	if !l.end.IsZero() {
		l.end = l.end.AddDate(n, 0, 0)
	}
}

// sets returns the rotated sets among the logs that have stamps, each in order, the newest first.
func (in *input) sets() map[string][]*log {
	sets := map[string][]*log{}
	for _, l := range in.logs {
		if !l.file.Stream() && !l.start.IsZero() {
			key := filepath.Join(l.dir, l.rotation.Stem)
			sets[key] = append(sets[key], l)
		}
	}
	for _, set := range sets {
		slices.SortStableFunc(set, func(a, b *log) int { return source.Newer(a.rotation, b.rotation) })
	}
	return sets
}

// neighbours corrects years within rotated sets: an older log of a set begins before a newer
// one, whatever the files' times say.
func (in *input) neighbours() {
	for _, set := range in.sets() {
		for i := 1; i < len(set); i++ {
			newer, l := set[i-1], set[i]
			if l.opt.Year == 0 || source.Newer(newer.rotation, l.rotation) == 0 {
				continue
			}
			for l.start.After(newer.start.AddDate(0, 0, 1)) {
				l.moveYears(-1)
				l.years = "the log that follows in its set, " + filepath.Base(newer.path)
			}
		}
	}
}

// yearGiven says that the user set the years.
const yearGiven = "--year"

// setYear moves the years that were found out so that the oldest first line is of the given
// year, and says once that years were guessed.
func (in *input) setYear(year int) {
	var oldest *log
	for _, l := range in.logs {
		if l.opt.Year != 0 && (oldest == nil || l.start.Before(oldest.start)) {
			oldest = l
		}
	}
	if oldest == nil {
		return
	}
	if year == 0 {
		in.notes = append(in.notes, "the stamps have no year; taken from "+oldest.years+" (--year N sets it)")
		return
	}
	move := year - oldest.start.Year()
	for _, l := range in.logs {
		if l.opt.Year != 0 {
			l.moveYears(move)
			l.years = yearGiven
		}
	}
	for _, set := range in.sets() {
		for i := len(set) - 2; i >= 0; i-- {
			set[i].follow(set[i+1])
		}
	}
}

// follow gives a log the first year in which it does not begin before the older one, which is
// next to it in its set: the times of files that were copied say nothing. A date in its name does.
func (l *log) follow(older *log) {
	if l.opt.Year == 0 || !l.rotation.Date.IsZero() || source.Newer(l.rotation, older.rotation) == 0 {
		return
	}
	l.moveYears(max(older.start.Year(), older.opt.LastYear) - l.start.Year())
	for older.start.After(l.start.AddDate(0, 0, 1)) {
		l.moveYears(1)
	}
}

// window leaves out logs that lie as a whole outside --since and --until. Lines a while before
// --since still tell whose a message is, so a log is left out only if it ends long before.
func (in *input) window() {
	before := len(in.skipped)
	in.remove(func(l *log) bool {
		why := ""
		switch {
		case l.start.IsZero() || !l.hasMail || l.file.Stream():
		case !in.s.until.IsZero() && l.start.After(in.s.until.AddDate(0, 0, 1)):
			why = "begins after --until"
		case !in.s.since.IsZero() && !l.end.IsZero() && l.end.Before(in.s.since.Add(-lookback)):
			why = "ends long before --since"
			if l.end.After(in.ended) {
				in.ended = l.end
			}
		}
		if why != "" {
			in.skip(l.path, why)
			in.anyMail = true
		}
		return why != ""
	})
	switch n := len(in.skipped) - before; {
	case n == 1:
		in.notes = append(in.notes, "1 of the files lies outside --since and --until and was not read")
	case n > 1:
		in.notes = append(in.notes, fmt.Sprintf("%d of the files lie outside --since and --until and were not read", n))
	}
}
