package source

import (
	"bufio"
	"bytes"
	"io"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// blockSize is the size of a Block: large enough that what is done once for each costs nothing,
// small enough to stay in a core's cache.
const blockSize = 256 << 10

// Block is a stretch of whole lines. The last line of a content may lack its line feed.
type Block[T any] struct {
	B    []byte
	Look T     // what was found in it
	Read int64 // bytes of the content up to its end
	Cut  int64 // lines longer than MaxLine so far
	Err  error // not nil: no block follows, B is empty

	ready chan struct{}
}

// Blocks hands out the rest of a File in blocks.
type Blocks[T any] struct {
	order, free chan *Block[T]
	quit, done  chan struct{}
	current     *Block[T]
}

// NewBlocks reads f in blocks, ahead of who takes them. look looks at each block; it is called
// on several goroutines at a time. Until Stop, or a block with an error, f must not be used.
func NewBlocks[T any](f *File, look func(b []byte, found *T)) *Blocks[T] {
	workers := runtime.GOMAXPROCS(0)
	n := 2*workers + 2
	bs := &Blocks[T]{order: make(chan *Block[T], n+1), free: make(chan *Block[T], n), quit: make(chan struct{}), done: make(chan struct{})}
	for range n {
		bs.free <- &Block[T]{ready: make(chan struct{}, 1)}
	}
	work := make(chan *Block[T], n)
	for range workers {
		go func() {
			for b := range work {
				look(b.B, &b.Look)
				b.ready <- struct{}{}
			}
		}()
	}
	go func() {
		defer close(bs.done)
		defer close(work)
		var rest []byte // of the block before: the beginning of a line
		var read, cut int64
		for {
			var b *Block[T]
			select {
			case <-bs.quit:
				return
			case b = <-bs.free:
			}
			var err error
			b.B, rest, err = f.readBlock(b.B, rest, &read, &cut)
			b.Read, b.Cut = read-int64(len(rest)), cut
			if len(b.B) > 0 {
				bs.order <- b
				work <- b
			}
			if err != nil {
				bs.order <- &Block[T]{Err: err, Read: read, Cut: cut}
				return
			}
		}
	}()
	return bs
}

// Next returns the next block; it is valid until the next call.
func (bs *Blocks[T]) Next() *Block[T] {
	if bs.current != nil {
		bs.free <- bs.current
	}
	b := <-bs.order
	if b.Err == nil {
		<-b.ready
		bs.current = b
	} else {
		bs.current = nil
	}
	return b
}

// Stop ends reading; f is the caller's again.
func (bs *Blocks[T]) Stop() {
	close(bs.quit)
	<-bs.done
}

// readBlock reads whole lines into buf, of which the first has begun with start. rest is the
// beginning of the line after them. Lines are cut as Next cuts them.
func (f *File) readBlock(buf, start []byte, read, cut *int64) (lines, rest []byte, err error) {
	size := blockSize
	if len(start) > size/2 {
		size = MaxLine
	}
	buf = append(slices.Grow(buf[:0], size), start...)
	for {
		for len(buf) < size && err == nil {
			var n int
			n, err = f.r.Read(buf[len(buf):size])
			buf = buf[:len(buf)+n]
			*read += int64(n)
		}
		i := bytes.LastIndexByte(buf, '\n') + 1
		switch {
		case err == io.EOF:
			return buf, nil, f.wrap(err)
		case err != nil: // half a line of a damaged archive says nothing
			return buf[:i], nil, f.wrap(err)
		case i > 0:
			return buf[:i], append(start[:0], buf[i:]...), nil
		case size < MaxLine:
			size = MaxLine
			buf = slices.Grow(buf, size-len(buf))
			continue
		}
		skipped := 0
		for err = bufio.ErrBufferFull; err == bufio.ErrBufferFull; {
			var part []byte
			part, err = f.r.ReadSlice('\n')
			skipped += len(part)
		}
		*read += int64(skipped)
		if skipped > 0 {
			*cut++
		}
		switch err {
		case nil:
			return buf, start[:0], nil
		case io.EOF:
			return buf, nil, f.wrap(err)
		}
		return buf[:0], nil, f.wrap(err)
	}
}

// Backwards gives look stretches of the first size bytes of a plain file, the last ones first, on
// all cores, until it returns true; each goes on for lap bytes into the one behind it. It returns
// whether look did, and false for ok where that cannot be told: the file is compressed or the like.
func (f *File) Backwards(size int64, lap int, look func(b []byte, at int64) bool) (found, ok bool) {
	if f.stream != nil || f.packed != nil || f.reopen() != nil {
		return false, false
	}
	head := make([]byte, bufSize)
	n, err := f.file.ReadAt(head, 0)
	if err != nil && err != io.EOF || IsExport(head[:n]) {
		return false, false
	}
	var left atomic.Int64 // stretches
	left.Store((size + blockSize - 1) / blockSize)
	var hit, failed atomic.Bool
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			b := make([]byte, blockSize+lap)
			for i := left.Add(-1); i >= 0 && !hit.Load() && !failed.Load(); i = left.Add(-1) {
				n, err := f.file.ReadAt(b, i*blockSize)
				if err != nil && err != io.EOF {
					failed.Store(true)
				} else if look(b[:n], i*blockSize) {
					hit.Store(true)
				}
			}
		})
	}
	all.Wait()
	return hit.Load(), !failed.Load()
}
