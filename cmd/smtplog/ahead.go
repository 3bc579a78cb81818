package main

import (
	"errors"
	"runtime"
	"sync"

	"github.com/smtplog/smtplog/internal/hugepages"
	"github.com/smtplog/smtplog/internal/source"
	"github.com/smtplog/smtplog/parser"
)

// A log is read and parsed ahead of what is done with its lines, on another core: one
// goroutine per log, which keeps the parser's memory of the lines before in order, hands over
// batches of whole lines as digests. Another one decompresses, straight into the batches' memory.

// batches is how many batches there are of a log: one for each goroutine, and some to wait.
const (
	batches       = 3
	packedBatches = 5
	maxSpare      = 2 * packedBatches
)

// maxAhead is how many logs are parsed ahead at a time; there may be hundreds that are merged,
// and more goroutines than cores do not help.
func maxAhead() int { return min(2*(runtime.GOMAXPROCS(0)-1), 16) }

// errStopped ends a log of whose other lines nothing counts.
var errStopped = errors.New("all other lines are too late")

// batch is a stretch of parsed lines.
type batch struct {
	parser.Digest
	lines     []byte // the digest's
	read, cut int64  // of the file, up to their end
	err       error  // why no line follows; nil: another batch does
}

// ahead is a log that is parsed ahead.
type ahead struct {
	file       *source.File
	read       chan *batch // of a compressed log: decompressed, not parsed
	full, free chan *batch
	quit       chan struct{}  // closed: nothing more is wanted
	done       sync.WaitGroup // the file and the parser are the reader's again
	current    *batch
	next       int // event of current
}

// readAhead makes the rest of file ready to be parsed, in the spare batches and in new ones;
// a compressed file is decompressed from now on, as far as there is room.
func readAhead(file *source.File, spare *[]*batch) *ahead {
	n := batches
	if file.Packed() {
		n = packedBatches
	}
	// No channel is ever full: it has room for all batches there are.
	a := &ahead{file: file, full: make(chan *batch, n), free: make(chan *batch, n), quit: make(chan struct{})}
	for range n {
		b := &batch{}
		if last := len(*spare) - 1; last >= 0 {
			b, *spare = (*spare)[last], (*spare)[:last]
		}
		a.free <- b
	}
	if file.Packed() {
		a.read = make(chan *batch, n)
		a.done.Go(func() {
			a.pass(a.free, a.read, func(b *batch) { b.fill(file) })
		})
	}
	return a
}

// parse starts parsing.
func (a *ahead) parse(d *parser.Digester) {
	from := a.read
	if from == nil {
		from = a.free
	}
	a.done.Go(func() {
		a.pass(from, a.full, func(b *batch) {
			if a.read == nil {
				b.fill(a.file)
			}
			b.parse(d)
		})
	})
}

// pass does something with each batch and hands it on, up to the last.
func (a *ahead) pass(from, to chan *batch, do func(b *batch)) {
	for {
		select {
		case <-a.quit:
			return
		case b := <-from:
			do(b)
			last := b.err != nil // it is the receiver's once it is sent
			to <- b
			if last {
				return
			}
		}
	}
}

// fill reads lines.
func (b *batch) fill(file *source.File) {
	b.lines, b.err = file.Block(b.Room(0))
	if n := len(b.lines); n > 0 && b.lines[n-1] != '\n' {
		b.lines = append(b.lines, '\n')
	}
	b.read, b.cut = file.Bytes, file.Cut
}

// parse parses them.
func (b *batch) parse(d *parser.Digester) {
	hugepages.Use()
	b.Reset()
	d.Lines(b.lines, &b.Digest)
	switch {
	case b.Stopped:
		b.err = errStopped
		b.read -= int64(b.Left)
	case b.err != nil:
		d.Flush(&b.Digest)
	}
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

// stop ends reading ahead, and makes the batches spare.
func (a *ahead) stop(spare *[]*batch) {
	close(a.quit)
	a.done.Wait()
	for _, c := range [...]chan *batch{a.free, a.read, a.full} {
		for len(c) > 0 {
			*spare = append(*spare, <-c)
		}
	}
	if a.current != nil {
		*spare = append(*spare, a.current)
	}
	*spare = (*spare)[:min(len(*spare), maxSpare)]
}
