package follow

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"strconv"
	"time"
)

// Position is a place between two lines of a log. It finds the place again after the file was
// renamed, copied or compressed, because it knows the content and not only the name. The zero
// Position is none. Its JSON form is what a checkpoint saves.
type Position struct {
	Path string `json:"path"` // as followed: where to go on
	// Offset is how many bytes of the content (decompressed) come before.
	Offset int64 `json:"offset"`
	// Head is the fingerprint of the content's first line; empty if there was none, here or in
	// a rotated file: all that is found is new.
	Head string `json:"head,omitempty"`
	// Tail is the fingerprint of the bytes just before Offset, 256 at most.
	Tail string `json:"tail,omitempty"`
	// Device and Inode are those of the file last read; 0 where the system has none.
	Device uint64 `json:"device,omitempty"`
	Inode  uint64 `json:"inode,omitempty"`
	// Modified is when the file was last written, as of reading.
	Modified time.Time `json:"modified,omitzero"`
	// Done tells that the file was read to its end and left for the next one.
	Done bool `json:"done,omitempty"`
	// Cursor is journald's name of the last entry; set for "journal:" alone.
	Cursor string `json:"cursor,omitempty"`
}

// String names the place for people and for the pos of an event: "fingerprint:offset", or the
// journal's cursor. It is the same each time the same line is read, whatever its file is
// called by then. A stream has no fingerprint: "-:offset".
func (p Position) String() string {
	if p.Cursor != "" {
		return p.Cursor
	}
	head := p.Head
	if head == "" {
		head = "-"
	}
	return head + ":" + strconv.FormatInt(p.Offset, 10)
}

const (
	headSize = 1024 // bytes of a content's beginning that tell it from others
	tailSize = 256  // bytes before an offset that prove it
)

// fingerprint is 64 bits of b's SHA-256 in hex: short enough to print with each event, and
// nobody who writes into a log can make two contents alike by accident.
func fingerprint(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// headPrint is the fingerprint of the first line in a content's head; empty while the line is
// not whole, because it would be another one later.
func headPrint(head []byte) string {
	if i := bytes.IndexByte(head, '\n'); i >= 0 {
		return fingerprint(head[:i+1])
	}
	if len(head) == headSize {
		return fingerprint(head)
	}
	return ""
}

// readHead returns the first bytes of a plain file's content and where it begins. NULs before
// it are no content: they are the hole that a writer leaves which goes on at its old offset
// after its file was truncated.
func readHead(r io.ReaderAt) (head []byte, base int64, err error) {
	head = make([]byte, headSize)
	n, err := r.ReadAt(head, 0)
	if n > 0 && head[0] == 0 {
		if base, err = skipNUL(r); err != nil {
			return nil, base, err
		}
		n, err = r.ReadAt(head, base)
	}
	if err == io.EOF {
		err = nil
	}
	return head[:n], base, err
}

func skipNUL(r io.ReaderAt) (base int64, err error) {
	buf := make([]byte, 256<<10)
	for {
		n, err := r.ReadAt(buf, base)
		rest := bytes.TrimLeft(buf[:n], "\x00")
		base += int64(n - len(rest))
		if len(rest) > 0 || err == io.EOF {
			return base, nil
		}
		if err != nil {
			return base, err
		}
	}
}

// readTail returns the bytes before offset that prove it.
func readTail(r io.ReaderAt, base, offset int64) ([]byte, error) {
	tail := make([]byte, max(0, min(tailSize, offset-base)))
	n, err := r.ReadAt(tail, offset-int64(len(tail)))
	if n == len(tail) {
		err = nil
	}
	return tail[:n], err
}

// lastLine returns the offset behind the last line feed. An unfinished line longer than
// maxPartial counts as read, as Run would have handed it on.
func lastLine(file *os.File) int64 {
	info, err := file.Stat()
	if err != nil {
		return 0
	}
	end := info.Size()
	buf := make([]byte, 64<<10)
	for off := end; off > 0 && end-off < maxPartial; {
		from := max(0, off-int64(len(buf)))
		n, _ := file.ReadAt(buf[:off-from], from)
		if i := bytes.LastIndexByte(buf[:n], '\n'); i >= 0 {
			return from + int64(i) + 1
		}
		off = from
		if off == 0 {
			return 0
		}
	}
	return end
}

// Stamp returns the time of a line; false where it has none.
type Stamp func(line []byte) (time.Time, bool)

// Search returns the offset of the first line at or after t in a plain file of the given size,
// whose stamps must ascend; size if there is none. Lines without a stamp belong to the one
// before. It reads a line or two at some thirty places.
func Search(r io.ReaderAt, size int64, t time.Time, stamp Stamp) (int64, error) {
	for lo, hi := int64(0), size; ; {
		mid := lo + (hi-lo)/2
		at, early, err := earlier(r, mid, size, t, stamp)
		switch {
		case err != nil || lo == hi:
			return at, err
		case early:
			lo = mid + 1
		default:
			hi = mid
		}
	}
}

// earlier finds the first line with a stamp that begins in [from, size), size if there is
// none, and tells whether it is before t.
func earlier(r io.ReaderAt, from, size int64, t time.Time, stamp Stamp) (at int64, early bool, err error) {
	at = max(0, from-1)
	in := bufio.NewReaderSize(io.NewSectionReader(r, at, size-at), 4<<10)
	if from > 0 { // the rest of the line before, or its line feed alone
		n, err := skipLine(in)
		if at += n; err != nil {
			return at, false, err
		}
	}
	for at < size {
		line, _ := in.Peek(in.Size())
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line = line[:i]
		}
		if when, ok := stamp(line); ok {
			return at, when.Before(t), nil
		}
		n, err := skipLine(in)
		if at += n; err != nil {
			return at, false, err
		}
	}
	return at, false, nil
}

// skipLine reads up to and with the next line feed, or to the end.
func skipLine(in *bufio.Reader) (n int64, err error) {
	for {
		part, err := in.ReadSlice('\n')
		n += int64(len(part))
		if err == io.EOF {
			err = nil
		}
		if err != bufio.ErrBufferFull {
			return n, err
		}
	}
}
