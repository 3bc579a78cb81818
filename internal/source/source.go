// Package source opens the logs a user names and hands out their lines.
//
// Compression is found out from a file's content, not from its name.
package source

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"sync/atomic"
	"time"
)

// MaxLine is the length in bytes beyond which a line is cut: no MTA writes longer ones (syslog
// cuts at 8 KiB at the latest), and a file without line feeds must not fill the memory.
const MaxLine = 1 << 20

// bufSize is the size of a file's read buffer. There may be hundreds of files that are read at
// once.
const bufSize = 64 << 10

// File is one open input. It is not safe for concurrent use.
type File struct {
	Path     string    // as given; "-" is standard input
	Kind     string    // how the content is kept: "plain", "gzip", ... or "journal"
	Modified time.Time // last written: the gzip header's time, the file's, or now for a stream
	Size     int64     // as kept, in bytes; 0 where it is not known: a stream
	Bytes    int64     // handed out so far, decompressed
	Cut      int64     // lines longer than MaxLine

	file    *os.File // nil: closed, or a stream
	info    os.FileInfo
	stream  io.ReadCloser // nil: a regular file
	taken   atomic.Int64  // bytes read of what is kept
	packed  *compression  // nil: plain
	content *content      // what the decompressor gives; nil: plain
	tail    *tail         // not nil: the content's end is kept while it is read
	r       *bufio.Reader // nil: parked
	buf     []byte
	rest    []byte // of what Block has read: the beginning of a line
	block   int    // not 0: see RewindInBlocks
}

// Errors that say why an input is no log.
var (
	ErrDirectory = errors.New("is a directory")
	ErrEmpty     = errors.New("is empty")
	ErrReplaced  = errors.New("was replaced by another file while the logs were read: run again")
	ErrShrunk    = errors.New("got shorter while it was read (truncated by a rotation?): run again")
)

// Open opens a path, or standard input for "-".
func Open(path string, stdin io.Reader) (*File, error) {
	f := &File{Path: path, Modified: time.Now()}
	if path == "-" {
		f.stream = io.NopCloser(stdin)
	} else {
		file, err := os.Open(path)
		if err != nil {
			return nil, plain(err)
		}
		f.file = file
		if f.info, err = file.Stat(); err == nil && f.info.IsDir() {
			err = ErrDirectory
		}
		if err != nil {
			file.Close()
			return nil, plain(err)
		}
		if f.info.Mode().IsRegular() {
			f.Modified, f.Size = f.info.ModTime(), f.info.Size()
		} else {
			f.stream = file
		}
	}
	return f.opened()
}

// opened starts a new File, and closes it where that fails.
func (f *File) opened() (*File, error) {
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

// Info describes the file as it was when it was opened; nil for standard input and a journal.
func (f *File) Info() os.FileInfo { return f.info }

// Stream tells whether the content can be read only once.
func (f *File) Stream() bool { return f.stream != nil }

// Taken is how many bytes of what is kept (Size) have been read so far.
func (f *File) Taken() int64 { return f.taken.Load() }

// start looks at the first bytes and puts a decompressor in front where they call for one.
func (f *File) start() error {
	f.taken.Store(0)
	r := bufio.NewReaderSize(&counter{f.kept(), &f.taken}, f.room())
	head, err := r.Peek(magicSize)
	if len(head) == 0 && err != nil {
		if err == io.EOF {
			return ErrEmpty
		}
		return plain(err)
	}
	f.Kind, f.r, f.packed = "plain", r, compressionOf(head)
	if f.packed != nil {
		return f.unpack()
	}
	return f.convert()
}

// unpack puts a decompressor in front.
func (f *File) unpack() error {
	r, modified, err := f.packed.decompress(f.r)
	if err != nil {
		return err
	}
	f.Kind = f.packed.kind
	if !modified.IsZero() {
		f.Modified = modified
	}
	if f.tail != nil {
		f.tail.buf = f.tail.buf[:0]
	}
	f.content = &content{r: r, tail: f.tail}
	size := bufSize
	if f.block > 0 {
		size = f.block
	}
	f.r = bufio.NewReaderSize(f.content, size)
	return f.convert()
}

// convert turns a journal's export format into lines, and refuses a tar archive; of a stream only
// what has come already is looked at.
func (f *File) convert() error {
	f.r.Peek(1)
	head := f.Head(bufSize)
	if isTar(head) {
		return fmt.Errorf("tar archive %w: unpack it into a folder, or tar xOf FILE | smtplog report -", ErrUnsupported)
	}
	if IsExport(head) {
		size := bufSize
		if f.block > 0 {
			size = f.block
		}
		f.r = bufio.NewReaderSize(NewExportReader(f.r), size)
	}
	return nil
}

// whole reads a regular file from its start, whatever has been read of it before; what is
// written meanwhile is read too.
func whole(file *os.File) io.Reader { return io.NewSectionReader(file, 0, math.MaxInt64) }

// counter counts what is read.
type counter struct {
	r io.Reader
	n *atomic.Int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// Park gives the buffers of a regular file back until Rewind; keepOpen says whether the file
// stays open too, which holds on to it even if it is renamed meanwhile. A stream goes on.
func (f *File) Park(keepOpen bool) {
	if f.stream != nil {
		return
	}
	f.stop()
	f.taken.Store(0)
	if !keepOpen && f.file != nil {
		f.file.Close()
		f.file = nil
	}
}

// Rewind begins a regular file again. A stream goes on where it is.
func (f *File) Rewind() error {
	if f.stream != nil {
		return nil
	}
	f.stop()
	f.block = 0
	if err := f.reopen(); err != nil {
		return err
	}
	f.Bytes, f.Cut = 0, 0
	return f.start()
}

// reopen opens a parked file again, if it still is the same.
func (f *File) reopen() error {
	if f.file != nil {
		return nil
	}
	file, err := f.again()
	if err == nil {
		f.file = file
	}
	return err
}

// stop ends the decompressor and lets go of the buffers.
func (f *File) stop() {
	if f.content != nil {
		f.content.Close()
		f.content = nil
	}
	f.r, f.buf, f.rest = nil, nil, nil
}

// Head returns the first bytes of the (decompressed) content, at most n, without consuming
// them: of a stream those that have come already, since the next may be long in coming.
func (f *File) Head(n int) []byte {
	n = min(n, f.r.Size())
	if f.stream != nil && f.r.Buffered() > 0 {
		n = min(n, f.r.Buffered())
	}
	b, _ := f.r.Peek(n)
	return b
}

// Next returns the next line without its line feed; it is valid until the next call. After
// the last line it returns io.EOF. Any other error is final too; the whole lines before it
// have been returned.
func (f *File) Next() ([]byte, error) {
	line, err := f.r.ReadSlice('\n')
	f.Bytes += int64(len(line))
	if err == bufio.ErrBufferFull {
		line, err = f.long(line)
	}
	if err != nil && (len(line) == 0 || err != io.EOF) {
		return nil, f.wrap(err) // half a line of a damaged archive says nothing; a last line without a line feed counts
	}
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
	if err == io.EOF && f.stream == nil && f.packed == nil && f.taken.Load() < f.Size {
		return ErrShrunk
	}
	if err == io.EOF || f.packed == nil {
		return plain(err)
	}
	return f.packed.damaged(err)
}

// Close closes the input.
func (f *File) Close() (err error) {
	f.stop()
	if f.stream != nil {
		err, f.stream = f.stream.Close(), io.NopCloser(bytes.NewReader(nil))
		f.file = nil
	}
	if f.file != nil {
		err, f.file = f.file.Close(), nil
	}
	return err
}

// Packed tells whether the content is compressed, so that its end cannot be had without
// reading all of it.
func (f *File) Packed() bool { return f.packed != nil }

// tailSize is how many bytes of a content's end Tail returns at most.
const tailSize = 64 << 10

// Tail returns the last bytes of a regular file's content, without consuming anything; of a
// damaged archive the last ones that can be read. Of a stream it returns nil.
//
// A compressed file is read once through for it, until ctx is done.
func (f *File) Tail(ctx context.Context) []byte {
	if f.stream != nil || f.reopen() != nil {
		return nil
	}
	if f.packed == nil {
		info, err := f.file.Stat()
		if err != nil {
			return nil
		}
		b := make([]byte, min(info.Size(), tailSize))
		n, _ := f.file.ReadAt(b, info.Size()-int64(len(b)))
		return b[:n]
	}
	r, err := f.unread()
	if err != nil {
		return nil
	}
	c := content{r: r, tail: &tail{}}
	for buf := make([]byte, largeBlock); ctx.Err() == nil; {
		if _, err := c.Read(buf); err != nil {
			return c.tail.last()
		}
	}
	return nil
}

// unread returns a reader of a regular file's content that is independent of Next.
func (f *File) unread() (io.Reader, error) {
	if err := f.reopen(); err != nil {
		return nil, err
	}
	r := bufio.NewReaderSize(whole(f.file), bufSize)
	if f.packed == nil {
		return r, nil
	}
	content, _, err := f.packed.decompress(r)
	return content, err
}

// Relation says how the contents of two files relate.
type Relation uint8

// The relations of a to b.
const (
	Distinct Relation = iota
	Equal
	Begins  // a is how b begins
	BegunBy // b is how a begins
)

// Compare compares the contents of two regular files, byte by byte up to the first that
// differs. A damaged archive's content ends where it cannot be read on. When ctx is done they
// are Distinct.
func Compare(ctx context.Context, a, b *File) Relation {
	ra, errA := a.unread()
	rb, errB := b.unread()
	if a.stream != nil || b.stream != nil || errA != nil || errB != nil {
		return Distinct
	}
	bufA, bufB := make([]byte, bufSize), make([]byte, bufSize)
	for ctx.Err() == nil {
		na, errA := io.ReadFull(ra, bufA)
		nb, errB := io.ReadFull(rb, bufB)
		n := min(na, nb)
		if !bytes.Equal(bufA[:n], bufB[:n]) {
			return Distinct
		}
		switch {
		case na == nb && errA != nil && errB != nil:
			return Equal
		case errA != nil && na <= nb:
			return Begins
		case errB != nil:
			return BegunBy
		}
	}
	return Distinct
}
