package main

import (
	"io"
	"runtime"

	"github.com/smtplog/smtplog/internal/source"
	"github.com/smtplog/smtplog/parser"
)

// A log is read and parsed ahead of what is done with its lines, on another core: one
// goroutine per log, which keeps the parser's memory of the lines before in order, hands over
// batches of whole lines as digests.

// batchSize is about how many bytes of lines a batch holds; batches is how many there are of a log.
const (
	batchSize = 256 << 10
	batches   = 3
)

// maxAhead is how many logs are parsed ahead at a time; there may be hundreds that are merged,
// and more goroutines than cores do not help.
func maxAhead() int { return min(2*(runtime.GOMAXPROCS(0)-1), 16) }

// batch is a stretch of parsed lines.
type batch struct {
	parser.Digest
	read, cut int64 // of the file, up to its end
	err       error // why no line follows; nil: another batch does
}

// ahead is a log that is parsed ahead.
type ahead struct {
	full, free chan *batch
	quit       chan struct{} // closed: nothing more is wanted
	done       chan struct{} // closed: the file and the parser are the reader's again
	current    *batch
	next       int // event of current
}

// parseAhead starts reading the rest of file.
func parseAhead(file *source.File, d *parser.Digester) *ahead {
	a := &ahead{full: make(chan *batch, batches), free: make(chan *batch, batches), quit: make(chan struct{}), done: make(chan struct{})}
	for range batches {
		a.free <- &batch{}
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
			b.fill(file, d)
			a.full <- b // never waits: it has room for all there are
			if b.err != nil {
				return
			}
		}
	}()
	return a
}

// fill reads lines until the batch is full, or what comes next may be long in coming.
func (b *batch) fill(file *source.File, d *parser.Digester) {
	b.Reset()
	lines := b.Room(batchSize)
	for b.err == nil && len(lines) < batchSize*3/4 && (len(lines) == 0 || !file.Waiting()) {
		lines, b.err = file.Block(lines)
	}
	d.Lines(lines, &b.Digest)
	if b.err != nil {
		d.Flush(&b.Digest)
	} else if b.Stopped {
		b.err = io.EOF
	}
	b.read, b.cut = file.Bytes, file.Cut
}

// line fills ev with the next event and returns its batch and its place in it; -1 stands for all
// events of the batch that are to be counted together. After the last it returns why there is
// none. The batch is valid until the next call.
func (a *ahead) line(ev *parser.Event) (b *batch, i int, v parser.Verdict, err error) {
	for a.current == nil || a.next == a.current.Len() {
		if b := a.current; b != nil && b.err != nil {
			return nil, 0, 0, b.err
		} else if b != nil {
			a.free <- b
		}
		a.current = <-a.full
		if a.next = a.current.Whole; a.current.Begins {
			return a.current, -1, 0, nil
		}
	}
	a.next++
	return a.current, a.next - 1, a.current.Event(a.next-1, ev), nil
}

// stop ends reading ahead.
func (a *ahead) stop() {
	close(a.quit)
	<-a.done
}
