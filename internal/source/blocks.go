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
		for {
			var b *Block[T]
			select {
			case <-bs.quit:
				return
			case b = <-bs.free:
			}
			var err error
			b.B, err = f.Block(b.B)
			b.Read, b.Cut = f.Bytes, f.Cut
			if len(b.B) > 0 {
				bs.order <- b
				work <- b
			}
			if err != nil {
				bs.order <- &Block[T]{Err: err, Read: f.Bytes, Cut: f.Cut}
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

// Block reads the next lines into buf's memory, or more where they need it: a few hundred kilobytes of
// them, of a stream those that have come. All have their line feeds, but for the last one before an
// error, and one that is cut. Lines are cut as Next cuts them, and the errors are Next's; lines may come
// with one. From the first Block on, Next must not be called until Rewind.
func (f *File) Block(buf []byte) (lines []byte, err error) {
	size := blockSize
	if len(f.rest) > size/2 {
		size = MaxLine
	}
	buf = append(slices.Grow(buf[:0], size), f.rest...)
	f.Bytes += int64(len(f.rest))
	for {
		end, searched := 0, 0 // of the whole lines, and for their end
		for len(buf) < size && err == nil && end == 0 {
			var n int
			n, err = f.r.Read(buf[len(buf):size])
			buf = buf[:len(buf)+n]
			f.Bytes += int64(n)
			if f.stream == nil && len(buf) < size && err == nil {
				continue
			}
			if i := bytes.LastIndexByte(buf[searched:], '\n'); i >= 0 {
				end = searched + i + 1
			}
			searched = len(buf)
		}
		switch {
		case err == io.EOF:
			return buf, f.wrap(err)
		case err != nil: // half a line of a damaged archive says nothing
			return buf[:end], f.wrap(err)
		case end > 0:
			f.rest = append(f.rest[:0], buf[end:]...)
			f.Bytes -= int64(len(f.rest))
			return buf[:end], nil
		case size < MaxLine:
			size = MaxLine
			buf = slices.Grow(buf, size-len(buf))
			continue
		}
		f.rest = f.rest[:0]
		skipped := 0
		for err = bufio.ErrBufferFull; err == bufio.ErrBufferFull; {
			var part []byte
			part, err = f.r.ReadSlice('\n')
			skipped += len(part)
		}
		f.Bytes += int64(skipped)
		if skipped > 0 {
			f.Cut++
		}
		switch err {
		case nil:
			return buf, nil
		case io.EOF:
			return buf, f.wrap(err)
		}
		return buf[:0], f.wrap(err)
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
