package follow

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"syscall"
	"time"
)

// A stream cannot be read again: its positions count bytes and find nothing.

// stream hands on the lines of r until it ends, with the unfinished last one.
func (f *Follower) stream(ctx context.Context, path string, r io.Reader) {
	if r == nil {
		f.notice(path, Failed, "there is no standard input")
		return
	}
	r, end := f.breakable(ctx, r)
	defer end()
	s := lines{f: f, path: path}
	for {
		again, err := s.read(ctx, r)
		if err != nil && err != io.EOF {
			f.notice(path, Failed, "%v", plain(err))
		}
		if !again {
			s.flush(ctx)
			return
		}
	}
}

// breakable returns a reader of r that ends when ctx is done, or soon after Stop. A read from
// a silent terminal or pipe cannot be broken off, so a goroutine of its own does it; it ends
// with the next read.
func (f *Follower) breakable(ctx context.Context, r io.Reader) (io.Reader, func()) {
	ctx, cancel := context.WithCancel(ctx)
	out, in := io.Pipe()
	go func() {
		_, err := io.CopyBuffer(struct{ io.Writer }{in}, struct{ io.Reader }{r}, make([]byte, 64<<10))
		in.CloseWithError(err) // nil is io.EOF
	}()
	go func() {
		select {
		case <-ctx.Done():
		case <-f.stop:
			select {
			case <-ctx.Done():
			case <-time.After(longLook): // what is there already
			}
		}
		in.CloseWithError(io.EOF)
	}()
	return out, cancel
}

// lines cuts a stream into blocks.
type lines struct {
	f      *Follower
	path   string
	buf    []byte
	n      int // bytes of an unfinished line at buf's beginning
	offset int64
}

// read reads once and hands on the whole lines; again: there may be more.
func (s *lines) read(ctx context.Context, r io.Reader) (again bool, err error) {
	if len(s.buf)-s.n < 4<<10 {
		s.buf = append(s.buf[:s.n], make([]byte, max(64<<10, s.n))...)
	}
	m, err := r.Read(s.buf[s.n:])
	fresh := s.buf[s.n : s.n+m]
	i := bytes.LastIndexByte(fresh, '\n') + 1
	if i > 0 {
		i += s.n
	}
	s.n += m
	if i == 0 && s.n >= maxPartial {
		i = s.n
	}
	if i > 0 && !s.send(ctx, i) {
		return false, nil
	}
	return err == nil, err
}

// send hands on the first n bytes of the buffer.
func (s *lines) send(ctx context.Context, n int) bool {
	s.offset += int64(n)
	b := Block{Path: s.path, Text: bytes.Clone(s.buf[:n]), Pos: Position{Path: s.path, Offset: s.offset}}
	s.n = copy(s.buf, s.buf[n:s.n])
	return s.f.send(ctx, b)
}

func (s *lines) flush(ctx context.Context) {
	if s.n > 0 {
		s.send(ctx, s.n)
	}
}

// fifo reads a named pipe, whose writers may come and go. With Once and after Stop it ends
// when no writer is left or nothing has come for the grace time.
func (f *Follower) fifo(ctx context.Context, path string) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // does not wait for a writer
	if err != nil {
		f.notice(path, Denied, "%v", plain(err))
		return
	}
	defer file.Close()
	s := lines{f: f, path: path}
	defer s.flush(ctx)
	ending := f.Once
	for delay := shortLook; ; {
		wait := longLook
		if ending {
			wait = f.Grace
		}
		file.SetReadDeadline(time.Now().Add(wait))
		again, err := s.read(ctx, file)
		select {
		case <-ctx.Done():
			return
		case <-f.stop:
			if !ending {
				ending = true
				continue
			}
		default:
		}
		switch {
		case again:
			delay = shortLook
			continue
		case ending:
			return
		case errors.Is(err, os.ErrDeadlineExceeded):
			continue
		case err != io.EOF:
			f.notice(path, Failed, "%v", plain(err))
			return
		}
		// No writer is there.
		delay = min(2*delay, longLook)
		select {
		case <-ctx.Done():
		case <-f.stop:
		case <-time.After(delay):
		}
	}
}
