package follow

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"time"

	"github.com/smtplog/smtplog/internal/source"
)

// maxPartial bounds an unfinished line; a longer one is handed on in pieces.
const maxPartial = 1 << 20

// A generation is one content that a path had: between two rotations, or two truncations. It
// holds its file open, so renaming and removing do not matter any more.
type generation struct {
	file    *os.File
	info    os.FileInfo // as of the last look
	packed  bool        // compressed: read through in, from the beginning
	in      *bufio.Reader
	rest    []byte // of a compressed file, taken from in and not handed on
	base    int64  // where the content begins: 0, or behind a hole
	head    []byte // the content's first bytes, headSize at most
	offset  int64  // behind the last line handed on
	tail    []byte // the bytes before offset, tailSize at most
	limit   int64  // where to end; -1: nowhere
	ended   bool   // nothing was left when it was last read
	current bool   // the path named this file when it was last looked at
	checked bool   // no other content can have come and gone before this one
	settled bool   // nobody writes to it any more

	left  time.Time // since when there is a newer generation; zero: there is none
	grown time.Time // when it was last seen to grow
}

var errIrregular = errors.New("is not a regular file")

// openGeneration opens a file and reads its head. The offset is 0.
func openGeneration(path string) (*generation, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() { // opening a FIFO would wait for a writer
		err = errIrregular
	}
	if err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	g, err := newGeneration(file)
	if err != nil {
		file.Close()
	}
	return g, err
}

func newGeneration(file *os.File) (*generation, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	g := &generation{file: file, info: info, limit: -1, grown: time.Now()}
	if err := g.rewind(); err != nil {
		return nil, err
	}
	return g, nil
}

// among returns where the content is in a list of rotated files; -1 if it is not. Only while
// the file is open its number belongs to it.
func (g *generation) among(all []sibling, open bool) int {
	for i := len(all) - 1; i >= 0; i-- {
		s := &all[i]
		if open && os.SameFile(s.info, g.info) && (s.err != nil || prefixed(s.head, g.head)) || g.identified() && same(s.head, g.head) {
			return i
		}
	}
	return -1
}

// rewind goes to the beginning of the content and reads its head.
func (g *generation) rewind() error {
	content, err := source.Unpack(io.NewSectionReader(g.file, 0, math.MaxInt64))
	if err != nil {
		return err
	}
	g.offset, g.tail = 0, nil
	if content == nil {
		g.packed = false
		g.head, g.base, err = readHead(g.file)
		return err
	}
	g.packed, g.rest, g.base = true, nil, 0
	g.in = bufio.NewReaderSize(content, 256<<10)
	for {
		head, err := g.in.Peek(headSize)
		if len(head) == 0 || head[0] != 0 {
			if g.head = bytes.Clone(head); err == io.EOF {
				err = nil
			}
			return err
		}
		n := len(head) - len(bytes.TrimLeft(head, "\x00"))
		g.in.Discard(n)
		g.base += int64(n)
	}
}

// identified tells whether there is a whole line to know the content by.
func (g *generation) identified() bool { return headPrint(g.head) != "" }

// same tells whether two heads, one of which may be shorter because its file was still being
// written, are those of one content.
func same(a, b []byte) bool {
	n := min(len(a), len(b))
	return n > 0 && bytes.Equal(a[:n], b[:n]) && (len(a) == len(b) || n == headSize || bytes.IndexByte(a[:n], '\n') >= 0)
}

// prefixed tells whether one of the heads continues the other.
func prefixed(a, b []byte) bool {
	n := min(len(a), len(b))
	return bytes.Equal(a[:n], b[:n])
}

// intact looks at the open file again and tells whether it continues what was read of it;
// false after a truncation, also if it has grown beyond the offset since.
func (g *generation) intact() (bool, error) {
	if g.packed {
		return true, nil
	}
	info, err := g.file.Stat()
	if err != nil {
		return true, err
	}
	if info.Size() < g.offset {
		return false, nil
	}
	var head []byte
	base := g.base
	if len(g.head) == 0 {
		head, base, err = readHead(g.file)
	} else {
		head = make([]byte, headSize)
		var n int
		n, err = g.file.ReadAt(head, base)
		if head = head[:n]; err == io.EOF {
			err = nil
		}
	}
	if err != nil {
		return true, err
	}
	if !bytes.HasPrefix(head, g.head) {
		return false, nil
	}
	g.info, g.head, g.base = info, head, base
	return true, nil
}

// seek goes to the offset of p if the content is that in which p lies.
func (g *generation) seek(p Position) (bool, error) {
	if p.Head == "" || headPrint(g.head) != p.Head {
		return false, nil
	}
	return g.advance(p.Offset, p.Tail)
}

// advance goes to an offset, if the bytes before it have the fingerprint tail.
func (g *generation) advance(offset int64, tail string) (bool, error) {
	ok, err := g.goTo(offset)
	return ok && fingerprint(g.tail) == tail, err
}

// goTo goes to an offset; false if the content is shorter.
func (g *generation) goTo(offset int64) (ok bool, err error) {
	offset = max(offset, g.base)
	n := min(tailSize, offset-g.base)
	if g.packed {
		if err := g.rewind(); err != nil {
			return false, err
		}
		g.tail = make([]byte, n)
		if _, err = io.CopyN(io.Discard, g.in, offset-g.base-n); err == nil {
			_, err = io.ReadFull(g.in, g.tail)
		}
		if err == io.EOF {
			return false, nil
		}
	} else {
		if offset > g.info.Size() {
			return false, nil
		}
		g.tail, err = readTail(g.file, g.base, offset)
	}
	g.offset = offset
	return err == nil, err
}

// position is the place behind the last line handed on.
func (g *generation) position(path string) Position {
	p := Position{Path: path, Offset: g.offset, Head: headPrint(g.head), Tail: fingerprint(g.tail), Modified: g.info.ModTime()}
	p.Device, p.Inode = Identity(g.info)
	return p
}

// took moves behind text, which was handed on.
func (g *generation) took(text []byte) {
	g.offset += int64(len(text))
	if len(text) < tailSize {
		text = append(g.tail, text...)
	}
	g.tail = bytes.Clone(text[max(0, len(text)-tailSize):])
	g.grown = time.Now()
}

// errCut tells that the file does not continue what was read of it.
var errCut = errors.New("truncated")

// next returns whole lines behind the offset; io.EOF with the unfinished last line, if any,
// at the end. The caller tells by took what it handed on. buf is for scratch and may grow.
func (g *generation) next(buf *[]byte) ([]byte, error) {
	if g.packed {
		return g.unpacked(buf)
	}
	g.offset = max(g.offset, g.base)
	for {
		b := *buf
		if g.limit >= 0 {
			b = b[:min(int64(len(b)), max(0, g.limit-g.offset))]
		}
		n, err := g.file.ReadAt(b, g.offset)
		if err != nil && err != io.EOF {
			return nil, err
		}
		text := b[:n]
		if n > 0 {
			if err := g.check(text); err != nil {
				return nil, err
			}
		}
		switch i := bytes.LastIndexByte(text, '\n') + 1; {
		case i > 0:
			return text[:i], nil
		case n < len(*buf):
			return text, io.EOF
		case n >= maxPartial:
			return text, nil
		}
		*buf = make([]byte, min(2*len(*buf), maxPartial))
	}
}

// check makes sure that text, just read at the offset, is of the content that was read
// before: the file may have been truncated and have grown again.
func (g *generation) check(text []byte) error {
	fresh := len(g.head) == 0
	if fresh {
		if i := len(text) - len(bytes.TrimLeft(text, "\x00")); i > 0 && g.offset == 0 { // a hole
			return errCut
		}
		g.head = bytes.Clone(text[:min(len(text), headSize)]) // to compare with
	}
	ok, err := g.intact()
	if err != nil || ok {
		return err
	}
	if info, err := g.file.Stat(); err == nil && info.Size() < g.offset { // too short to have what was read: that was still the old content
		return nil
	}
	return errCut
}

// unpacked is next for a compressed file.
func (g *generation) unpacked(buf *[]byte) ([]byte, error) {
	g.offset = max(g.offset, g.base)
	n := copy(*buf, g.rest)
	for {
		var err error
		for n < len(*buf) && err == nil {
			var m int
			m, err = g.in.Read((*buf)[n:])
			n += m
		}
		text := (*buf)[:n]
		i := bytes.LastIndexByte(text, '\n') + 1
		switch {
		case i > 0:
			g.rest = bytes.Clone(text[i:])
			return text[:i], nil // an error comes again
		case err == io.EOF:
			g.rest = bytes.Clone(text)
			return text, err
		case err != nil:
			return nil, err
		case n >= maxPartial:
			g.rest = nil
			return text, nil
		}
		*buf = append(text, make([]byte, min(n, maxPartial-n))...)
	}
}

// find goes to the first line at or after t; false if there is none, and it goes to the end.
func (g *generation) find(t time.Time, stamp Stamp) (bool, error) {
	if !g.packed {
		end := lastLine(g.file)
		offset, err := Search(g.file, end, t, stamp)
		if err != nil {
			return false, err
		}
		_, err = g.goTo(offset)
		return offset < end, err
	}
	for at := g.base; ; {
		line, _ := g.in.Peek(4 << 10)
		if len(line) == 0 {
			return false, nil
		}
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line = line[:i]
		}
		if when, ok := stamp(line); ok && !when.Before(t) {
			return g.goTo(at)
		}
		n, err := skipLine(g.in)
		if err != nil {
			return false, err
		}
		at += n
	}
}

// toEnd goes behind the last whole line.
func (g *generation) toEnd() error {
	end := g.base
	if !g.packed {
		end = lastLine(g.file)
	} else if g.identified() {
		for n := int64(1); n > 0; end += n {
			var err error
			if n, err = skipLine(g.in); err != nil {
				return err
			}
		}
	}
	_, err := g.goTo(end)
	return err
}
