package main

import (
	"container/heap"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/smtplog/smtplog/aggregate"
	"github.com/smtplog/smtplog/internal/render"
	"github.com/smtplog/smtplog/internal/source"
	"github.com/smtplog/smtplog/parser"
)

// sort puts the logs in the order in which their turns come.
func (in *input) sort() {
	in.pending = slices.Clone(in.logs)
	slices.SortStableFunc(in.pending, func(a, b *log) int {
		if c := a.start.Compare(b.start); c != 0 || a.dir != b.dir || a.rotation.Stem != b.rotation.Stem {
			return c
		}
		return source.Newer(b.rotation, a.rotation)
	})
	for i, l := range in.pending {
		l.turn = i
	}
}

// next returns the log whose current line is the next one of all, nil after the last. Its ev
// and v are what the line says; they are valid until the next call.
//
// A log's lines are kept in their order; between logs the times decide.
func (in *input) next() *log {
	if in.p.ctx.Err() != nil {
		in.partial = true
		return nil
	}
	if len(in.active) > 0 {
		l := in.active[0]
		if l.advance(in) {
			if len(in.active) > 1 {
				heap.Fix(&in.active, 0)
			}
		} else {
			heap.Pop(&in.active)
		}
	}
	for len(in.pending) > 0 && (len(in.active) == 0 || !in.pending[0].start.After(in.active[0].time)) {
		l := in.pending[0]
		in.pending = in.pending[1:]
		if l.begin(in) {
			heap.Push(&in.active, l)
		}
	}
	if len(in.active) == 0 {
		in.partial = in.p.ctx.Err() != nil
		return nil
	}
	return in.active[0]
}

// ready makes a log ready to be read from its beginning.
func (l *log) ready(in *input) error {
	if l.parser != nil {
		return nil
	}
	if err := l.file.Rewind(); err != nil {
		return err
	}
	p := parser.New(l.opt)
	p.Prime(l.file.Head(headSize))
	if err := in.admit(l); err != nil {
		return err
	}
	l.parser = p
	return nil
}

// whole tells whether a log's lines can be counted together, where no other is active.
func (in *input) whole(l *log) bool { return in.passing != nil && l.detail == "" && l.long() }

// begin starts a log whose turn has come and reads its first line.
func (l *log) begin(in *input) bool {
	if err := l.ready(in); err != nil {
		in.p.errorf("%s: %v", render.Input(l.path), err)
		l.file.Close()
		return false
	}
	l.time, l.ev = l.start, &l.event
	alone := len(in.active) == 0 && in.whole(l)
	if l.ahead != nil || alone || in.prepare != nil && in.ahead < maxAhead() && l.long() {
		if l.ahead == nil {
			l.readAhead(in)
		}
		if alone {
			l.ahead.parse(in.takeWhole(l))
			in.early()
		} else {
			l.ahead.parse(&parser.Digester{Parser: l.parser, Prepare: in.prepare()})
		}
	}
	if in.skim != nil {
		in.skim(l)
	}
	if l.ahead == nil && l.skim == nil {
		l.file.Ahead()
	}
	return l.advance(in)
}

// advance reads the log's next line; at its end, or where it cannot be read on, it says what
// is to be said of the log and returns false.
func (l *log) advance(in *input) bool {
	if l.ahead != nil {
		b, i, v, err := l.ahead.line(l.ev)
		if err != nil {
			l.finish(in, err)
			return false
		}
		l.read, l.cut = b.read, b.cut
		if l.whole = nil; i < 0 {
			l.takeBatch(in, &b.Digest)
			return true
		}
		if l.begun = b.Begun(i); l.begun {
			l.v = v
			return true
		}
		l.lines++
		in.progress.add(1)
		l.take(in, b.Line(i), v)
		return l.goOn(in)
	}
	if l.skim != nil {
		return l.skim.advance(l, in)
	}
	for {
		line, err := l.file.Next()
		if err != nil {
			l.read, l.cut = l.file.Bytes, l.file.Cut
			return l.ended(in, err)
		}
		l.lines++
		l.read, l.cut = l.file.Bytes, l.file.Cut
		in.progress.add(1)
		if l.history != nil && !in.again {
			l.history.add(line)
		}
		if in.want != nil && l.known && l.lines%clockEvery != 0 && !in.want(line) {
			l.passed = append(l.passed[:0], line...)
			continue
		}
		l.passed = l.passed[:0]
		l.parse(in, line)
		return l.goOn(in)
	}
}

// readAhead has a log read ahead.
func (l *log) readAhead(in *input) {
	in.ahead++
	l.ahead = readAhead(l.file, &in.spare)
}

// early has the log whose turn comes next decompressed as far as there is room, while the one
// before is read.
func (in *input) early() {
	if len(in.pending) == 0 || in.ahead > maxAhead() {
		return
	}
	if l := in.pending[0]; l.file.Packed() && in.whole(l) && l.ready(in) == nil {
		l.readAhead(in)
	}
}

// takeWhole returns a Digester that has a log's lines counted together, without a look at each,
// until the next log's turn comes.
func (in *input) takeWhole(l *log) *parser.Digester {
	if in.digester == nil {
		in.digester = &parser.Digester{Prepare: in.prepare()}
	}
	d := in.digester // of a log that was read before
	d.Begin(l.parser)
	if len(in.pending) > 0 {
		if d.Limit = in.pending[0].start; d.Limit.IsZero() {
			return d
		}
	}
	d.Passing = in.passing
	if !l.file.Stream() {
		d.Stop = in.s.stop
	}
	return d
}

// takeBatch makes all of d that is counted together the current line. The log's time stays that
// of its start: no other log's lines come between.
func (l *log) takeBatch(in *input, d *parser.Digest) {
	l.whole = d
	n := d.Understood + d.Ignored + d.Unknown
	l.lines += int64(n)
	in.progress.add(n)
	if !d.Latest.IsZero() {
		l.latest = d.Latest
	}
	l.known, l.mail = l.known || d.Understood > 0, l.mail || d.Understood+d.Unknown > 0
	in.understood += int64(d.Understood)
	in.unknown += int64(d.Unknown)
	in.span(d.First)
	in.span(d.Last)
}

// span notes the time of a line of the mail system.
func (in *input) span(t time.Time) {
	if t.IsZero() {
		return
	}
	if in.first.IsZero() || t.Before(in.first) {
		in.first = t
	}
	if t.After(in.last) {
		in.last = t
	}
}

// ended is advance where no line follows, and why.
func (l *log) ended(in *input, err error) bool {
	if len(l.passed) > 0 {
		l.parse(in, l.passed)
	}
	if l.parser.Flush(l.ev) { // a line that was begun and never ended
		l.begun, l.v = true, parser.Understood
		return true
	}
	l.finish(in, err)
	return false
}

// goOn ends a log behind which nothing counts.
func (l *log) goOn(in *input) bool {
	if !in.s.stop.IsZero() && l.time.After(in.s.stop) && !l.file.Stream() {
		l.finish(in, errStopped)
		return false
	}
	return true
}

// close closes a log's file.
func (l *log) close(in *input) {
	if l.ahead != nil {
		l.ahead.stop(&in.spare)
		in.ahead--
		l.ahead = nil
	}
	switch {
	case l.blocks && l.file.Packed():
		in.packed--
	case l.admitted && !l.blocks:
		in.opened--
	}
	l.admitted, l.blocks = false, false
	l.ev, l.line, l.whole, l.parser = nil, nil, nil, nil // a batch of lines hangs on them
	if l.skim != nil {
		l.skim.stop()
		l.skim = nil
	}
	l.file.Close()
}

// add gives the current line's event to c.
func (l *log) add(c *aggregate.Collector) (m *aggregate.Message, counts bool) {
	if l.begun {
		return c.Event(l.ev, l.set)
	}
	return c.Add(l.ev, l.v, l.set)
}

// parse makes line the current one.
func (l *log) parse(in *input, line []byte) {
	l.take(in, line, l.parser.Parse(line, l.ev))
}

// take makes line, whose event is ev, the current one.
func (l *log) take(in *input, line []byte, v parser.Verdict) {
	l.line, l.v = line, v
	if !l.ev.Time.IsZero() {
		l.time = l.ev.Time
	}
	switch l.v {
	case parser.Understood:
		l.known, l.mail = true, true
		in.understood++
	case parser.Unrecognised:
		l.mail = true
		in.unknown++
	default:
		return
	}
	in.span(l.ev.Time)
}

// rewind starts reading anew, of a stream what its history holds.
func (in *input) rewind() error {
	for _, l := range in.logs {
		l.close(in)
		l.lines, l.known, l.mail, l.passed = 0, false, false, nil
		if l.history != nil {
			f, err := source.Open("-", l.history.reader())
			if err != nil && !errors.Is(err, source.ErrEmpty) {
				return err
			}
			l.file, l.lines = f, l.history.dropped
		}
	}
	in.progress.done()
	in.again, in.active, in.files, in.bytes = true, nil, 0, 0
	in.sort()
	return nil
}

// finish closes a log and says what was wrong with it.
func (l *log) finish(in *input, err error) {
	f := l.file
	l.close(in)
	in.anyMail = in.anyMail || l.known
	if l.latest.After(l.time) {
		l.time = l.latest
	}
	if in.again {
		return
	}
	if l.cut > 0 {
		in.p.sayf("%s: %d lines longer than %d bytes were cut", render.Input(l.path), l.cut, source.MaxLine)
	}
	if l.opt.Year != 0 && l.years != yearGiven && !f.Stream() && l.time.After(f.Modified.AddDate(0, 0, 2)) {
		in.p.sayf("warning: %s: has lines of %s, after it was last written (%s): its years are not sure; --year sets them",
			l.path, l.time.Format(time.DateOnly), f.Modified.In(in.s.zone).Format(time.DateOnly))
	}
	stopped := err == errStopped
	if stopped {
		err = io.EOF
	}
	if err == io.EOF && !l.mail && !l.named {
		in.skip(l.path, "no line of a mail system")
	}
	in.count(l)
	switch {
	case err != io.EOF:
		l.failed = err
		in.p.errorf("%s: %v after line %d", render.Input(l.path), err, l.lines)
	case stopped && !l.known && l.named:
		in.p.errorf("%s: no line of Postfix's or Exim's up to --until", render.Input(l.path))
	case stopped && !l.known:
		in.p.sayf("%s: no line of Postfix's or Exim's up to --until", render.Input(l.path))
	case l.lines == 0 && len(in.logs) > 1:
		in.p.sayf("%s: is empty", render.Input(l.path))
	case l.lines == 0:
		in.p.errorf("%s: is empty", render.Input(l.path))
	case !l.known && l.mail:
		in.p.errorf("%s: no line understood of %d", render.Input(l.path), l.lines)
	case !l.known && l.named:
		in.p.errorf("%s: "+notMail, render.Input(l.path), l.lines)
	case !l.known:
		in.p.sayf("%s: "+notMail, render.Input(l.path), l.lines)
	}
}

// count adds a file that was read, as far as it was.
func (in *input) count(l *log) {
	in.files++
	in.kinds[l.file.Kind]++
	in.bytes += l.read
}

// logHeap is a heap of logs by the time of their current line; of lines of the same second
// the one in the log that began earlier comes first, which keeps a rotated set in order.
type logHeap []*log

func (h logHeap) Len() int { return len(h) }
func (h logHeap) Less(i, j int) bool {
	if c := h[i].time.Compare(h[j].time); c != 0 {
		return c < 0
	}
	return h[i].turn < h[j].turn
}
func (h logHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *logHeap) Push(x any)   { *h = append(*h, x.(*log)) }
func (h *logHeap) Pop() any {
	old := *h
	l := old[len(old)-1]
	*h = old[:len(old)-1]
	return l
}
