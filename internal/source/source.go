// Package source opens the logs a user names and hands out their lines.
//
// Compression is found out from a file's content, not from its name.
package source

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// MaxLine is the length in bytes beyond which a line is cut: no MTA writes longer ones (syslog
// cuts at 8 KiB at the latest), and a file without line feeds must not fill the memory.
const MaxLine = 1 << 20

// File is one open input. It is not safe for concurrent use.
type File struct {
	Path     string    // as given; "-" is standard input
	Modified time.Time // last written: the gzip header's time, the file's, or now for a stream
	Gzip     bool
	Bytes    int64 // read so far, decompressed
	Lines    int64 // handed out so far
	Cut      int64 // lines longer than MaxLine

	raw    io.ReadCloser
	r      *bufio.Reader
	buf    []byte
	closed bool
}

// Errors that say why an input is no log.
var (
	ErrDirectory = errors.New("is a directory")
	ErrEmpty     = errors.New("is empty")
)

// Open opens a path, or standard input for "-".
func Open(path string, stdin io.Reader) (*File, error) {
	f := &File{Path: path, Modified: time.Now()}
	if path == "-" {
		f.raw = io.NopCloser(stdin)
	} else {
		file, err := os.Open(path)
		if err != nil {
			return nil, plain(err)
		}
		info, err := file.Stat()
		if err != nil {
			file.Close()
			return nil, plain(err)
		}
		if info.IsDir() {
			file.Close()
			return nil, ErrDirectory
		}
		f.raw, f.Modified = file, info.ModTime()
	}
	if err := f.start(); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// plain removes the operation and path from an error: whoever reports it names the file.
func plain(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// start looks at the first bytes and puts a decompressor in front where they call for one.
func (f *File) start() error {
	f.r = bufio.NewReaderSize(f.raw, 256<<10)
	head, err := f.r.Peek(2)
	if len(head) == 0 && err != nil {
		if err == io.EOF {
			return ErrEmpty
		}
		return plain(err)
	}
	if bytes.Equal(head, []byte{0x1f, 0x8b}) { // RFC 1952 section 2.3.1
		z, err := gzip.NewReader(f.r)
		if err != nil {
			return fmt.Errorf("damaged gzip: %w", err)
		}
		f.Gzip = true
		if !z.ModTime.IsZero() {
			f.Modified = z.ModTime
		}
		f.r = bufio.NewReaderSize(z, 256<<10)
	}
	return nil
}

// Head returns the first bytes of the (decompressed) content, at most n, without consuming
// them: of a stream those that have come already, since the next may be long in coming.
func (f *File) Head(n int) []byte {
	n = min(n, f.r.Size())
	if f.Path == "-" && f.r.Buffered() > 0 {
		n = min(n, f.r.Buffered())
	}
	b, _ := f.r.Peek(n)
	return b
}

// Next returns the next line without its line feed; it is valid until the next call. After
// the last line it returns io.EOF. Any other error is final too; what was read before it has
// been returned.
func (f *File) Next() ([]byte, error) {
	line, err := f.r.ReadSlice('\n')
	f.Bytes += int64(len(line))
	if err == bufio.ErrBufferFull {
		line, err = f.long(line)
	}
	if len(line) == 0 && err != nil {
		return nil, f.wrap(err)
	}
	f.Lines++ // a last line without a line feed counts too; its error comes with the next call
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
	}
	return line, nil
}

// long collects a line longer than the reader's buffer and cuts it at MaxLine.
func (f *File) long(part []byte) (line []byte, err error) {
	f.buf = append(f.buf[:0], part...)
	cut := false
	for err = bufio.ErrBufferFull; err == bufio.ErrBufferFull; {
		part, err = f.r.ReadSlice('\n')
		f.Bytes += int64(len(part))
		if room := MaxLine - len(f.buf); len(part) > room {
			part, cut = part[:room], true
		}
		f.buf = append(f.buf, part...)
	}
	if cut {
		f.Cut++
	}
	return f.buf, err
}

func (f *File) wrap(err error) error {
	switch {
	case err == io.EOF:
		return err
	case f.Gzip && errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("damaged gzip: it ends too early")
	case f.Gzip:
		return fmt.Errorf("damaged gzip: %w", plain(err))
	}
	return plain(err)
}

// Close closes the input.
func (f *File) Close() error {
	if f.closed {
		return nil
	}
	f.closed = true
	return f.raw.Close()
}

// endSize is how much of a file's end is looked at for its last stamp.
const endSize = 64 << 10

// Ends returns what stamp says of the first and the last line that it accepts, without
// consuming anything. ok is false where the head of the content has no such line, or where the
// input is a stream, whose end cannot be known yet; then first alone is set if the head has it.
//
// A compressed file is read once through for it.
func (f *File) Ends(stamp func(line []byte) (time.Time, bool)) (first, last time.Time, ok bool) {
	first, found := scan(f.Head(f.r.Size()), stamp, false)
	if !found || f.Path == "-" {
		return first, last, false
	}
	end, err := f.end()
	if err != nil && len(end) == 0 {
		return first, last, false
	}
	last, ok = scan(end, stamp, true)
	return first, last, ok
}

// scan returns the stamp of the first or last line in block that has one.
func scan(block []byte, stamp func([]byte) (time.Time, bool), last bool) (t time.Time, ok bool) {
	for len(block) > 0 {
		var line []byte
		if last {
			block = bytes.TrimSuffix(block, []byte("\n"))
			i := bytes.LastIndexByte(block, '\n') + 1
			line, block = block[i:], block[:i]
		} else {
			line, block, _ = bytes.Cut(block, []byte("\n"))
		}
		if t, ok := stamp(line); ok {
			return t, true
		}
	}
	return t, false
}

// end returns the last bytes of the file's content.
func (f *File) end() ([]byte, error) {
	file, err := os.Open(f.Path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if !f.Gzip {
		info, err := file.Stat()
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() {
			return nil, errors.New("not a regular file")
		}
		off := max(0, info.Size()-endSize)
		b := make([]byte, min(info.Size(), endSize))
		n, err := file.ReadAt(b, off)
		if err == io.EOF {
			err = nil
		}
		return b[:n], err
	}
	z, err := gzip.NewReader(bufio.NewReaderSize(file, 256<<10))
	if err != nil {
		return nil, err
	}
	ring := make([]byte, 0, 2*endSize)
	for {
		if len(ring) == cap(ring) {
			ring = append(ring[:0], ring[endSize:]...)
		}
		n, err := z.Read(ring[len(ring):cap(ring)])
		ring = ring[:len(ring)+n]
		if err == io.EOF {
			return ring, nil
		}
		if err != nil {
			return ring, err
		}
	}
}
