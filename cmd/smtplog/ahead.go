package main

import (
	"runtime"

	"github.com/smtplog/smtplog/internal/source"
	"github.com/smtplog/smtplog/parser"
)

// A log is read and parsed ahead of what is done with its lines, on another core: one
// goroutine per log, which keeps the parser's memory of the lines before in order, hands over
// batches of whole lines with their events.

// batchBytes and batchLines bound a batch, so that what one core wrote the other still finds in
// the cache; batches is how many there are of a log.
const (
	batchBytes = 64 << 10
	batchLines = 256
	batches    = 4
)

// maxAhead is how many logs are parsed ahead at a time; there may be hundreds that are merged,
// and more goroutines than cores do not help.
func maxAhead() int { return 2 * (runtime.GOMAXPROCS(0) - 1) }

// parsed is a line with what it says.
type parsed struct {
	line  []byte
	ev    parser.Event
	v     parser.Verdict
	begun bool // see log.begun
	read  int64
	cut   int64
}

// batch is a stretch of parsed lines. Their bytes are its own.
type batch struct {
	lines []parsed
	buf   []byte
	err   error // why no line follows; nil: another batch does
}

// ahead is a log that is parsed ahead.
type ahead struct {
	full, free chan *batch
	quit       chan struct{} // closed: nothing more is wanted
	done       chan struct{} // closed: the file and the parser are the reader's again
	current    *batch
	next       int // line of current
}

// parseAhead starts reading the rest of file. prepare gets every event.
func parseAhead(file *source.File, p *parser.Parser, prepare func(*parser.Event)) *ahead {
	a := &ahead{full: make(chan *batch, batches), free: make(chan *batch, batches), quit: make(chan struct{}), done: make(chan struct{})}
	for range batches {
		a.free <- &batch{lines: make([]parsed, 0, batchLines), buf: make([]byte, 0, batchBytes)}
	}
	go func() {
		defer close(a.done)
		for {
			var b *batch
			select {
			case <-a.quit:
				return
			case b = <-a.free:
			}
			b.fill(file, p, prepare)
			a.full <- b // never waits: it has room for all there are
			if b.err != nil {
				return
			}
		}
	}()
	return a
}

// fill reads lines until the batch is full, or what comes next may be long in coming.
func (b *batch) fill(file *source.File, p *parser.Parser, prepare func(*parser.Event)) {
	b.lines, b.buf = b.lines[:0], b.buf[:0]
	for b.err == nil && len(b.lines) < batchLines && len(b.buf) < batchBytes {
		if len(b.lines) > 0 && file.Waiting() {
			return
		}
		var line []byte
		if line, b.err = file.Next(); b.err != nil {
			break
		}
		n := len(b.buf)
		b.buf = append(b.buf, line...)
		l := b.add()
		l.line, l.read, l.cut = b.buf[n:len(b.buf):len(b.buf)], file.Bytes, file.Cut
		if l.v = p.Parse(l.line, &l.ev); l.v != parser.Ignored {
			prepare(&l.ev)
		}
		l.ev.Own(l.line)
	}
	for b.err != nil {
		l := b.add()
		if !p.Flush(&l.ev) {
			b.lines = b.lines[:len(b.lines)-1]
			return
		}
		l.line, l.begun, l.v, l.read, l.cut = nil, true, parser.Understood, file.Bytes, file.Cut
		prepare(&l.ev)
		l.ev.Own(nil)
	}
}

// add makes room for a line.
func (b *batch) add() *parsed {
	if len(b.lines) < cap(b.lines) {
		b.lines = b.lines[:len(b.lines)+1]
	} else {
		b.lines = append(b.lines, parsed{})
	}
	l := &b.lines[len(b.lines)-1]
	l.begun = false
	return l
}

// line returns the next line; it is valid until the next call. After the last it returns why
// there is none.
func (a *ahead) line() (*parsed, error) {
	for {
		if a.current == nil {
			a.current, a.next = <-a.full, 0
		}
		b := a.current
		if a.next < len(b.lines) {
			a.next++
			return &b.lines[a.next-1], nil
		}
		if b.err != nil {
			return nil, b.err
		}
		a.current = nil
		a.free <- b
	}
}

// stop ends reading ahead.
func (a *ahead) stop() {
	close(a.quit)
	<-a.done
}
