package source

import (
	"bufio"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/klauspost/readahead"
	"github.com/mikelolasagasti/xz"
	"github.com/pierrec/lz4/v4"
	"golang.org/x/text/encoding/unicode"
)

// maxWindow bounds the history that a decompressor keeps, in bytes: what zstd -d allows too
// unless it is told otherwise. xz -9 needs 64 MiB.
const maxWindow = 128 << 20

// A decompressor may be readAhead blocks ahead. Large blocks are handed over less often, which saves
// a tenth of the time; where many files are read at once, each gets small ones.
const (
	readAhead  = 3
	largeBlock = 256 << 10
	largest    = 16 // files with large blocks
)

var aheads atomic.Int32

// content is what a decompressor gives.
type content struct {
	r     io.Reader
	tail  *tail
	ahead io.Closer // not nil: it runs ahead
}

// Read also makes an error of a decompressor's panic.
func (c *content) Read(p []byte) (n int, err error) {
	defer func() {
		if r := recover(); r != nil {
			n, err = 0, fmt.Errorf("panic reading: %v", r)
		}
	}()
	n, err = c.r.Read(p)
	if c.tail != nil {
		c.tail.add(p[:n])
	}
	return n, err
}

// Ahead has a decompressor run ahead of Next, until Rewind. What calls Block needs another goroutine
// itself, and decompresses straight into its own memory.
func (f *File) Ahead() {
	if f.content == nil || f.content.ahead != nil || f.block > 0 {
		return
	}
	size := bufSize
	if aheads.Add(1) <= largest {
		size = largeBlock
	}
	r, err := readahead.NewReaderSize(f.content.r, readAhead, size)
	if err != nil { // it has no reason to
		aheads.Add(-1)
		return
	}
	f.content.r, f.content.ahead = r, r
}

// Close ends it.
func (c *content) Close() {
	if c.ahead != nil {
		c.ahead.Close()
		aheads.Add(-1)
	}
}

// tail keeps the last bytes that were read.
type tail struct{ buf []byte }

func (t *tail) add(p []byte) {
	end := p[max(0, len(p)-tailSize):]
	if len(t.buf)+len(end) > 2*tailSize {
		t.buf = append(t.buf[:0], t.buf[len(t.buf)-(tailSize-len(end)):]...)
	}
	t.buf = append(t.buf, end...)
}

// last returns the last bytes, at most tailSize.
func (t *tail) last() []byte { return t.buf[max(0, len(t.buf)-tailSize):] }

// KeepTail makes a compressed file keep its content's last bytes while it is read, from the next
// Rewind on.
func (f *File) KeepTail() { f.tail = &tail{} }

// KeptTail returns what Tail would, when all of the content has been read, be it with an error at
// its end.
func (f *File) KeptTail() []byte { return f.tail.last() }

// A compression is found out from the first bytes of the content.
type compression struct {
	kind  string
	magic string
	// open returns a reader of the content and, where the format tells, when it was last
	// written. The format's members or frames, one after the other, are one content.
	open func(io.Reader) (io.Reader, time.Time, error)
}

// compressions lists what is decompressed. A new one is a row here.
var compressions = []compression{
	{"gzip", "\x1f\x8b", openGzip},         // RFC 1952 section 2.3.1
	{"bzip2", "BZh", openBzip2},            //
	{"xz", "\xfd7zXZ\x00", openXZ},         // xz-file-format section 2.1.1.1
	{"zstd", "\x28\xb5\x2f\xfd", openZstd}, // RFC 8878 section 3.1.1
	{"zstd", "\x50\x2a\x4d\x18", openZstd}, // section 3.1.2: a skippable frame, as pzstd begins
	{"lz4", "\x04\x22\x4d\x18", openLZ4},   // LZ4 frame format
	{"lz4", "\x02\x21\x4c\x18", openLZ4},   // its legacy frame
	{"compress", "\x1f\x9d", nil},          // not read
	{"zip", "PK\x03\x04", nil},             //
	{"7z", "7z\xbc\xaf\x27\x1c", nil},      //
	{"journal", "LPKSHHRH", openNoJournal}, // systemd, "Journal File Format"
	{utf16, "\xff\xfe", openUTF16},         // a byte order mark: no compression, but undone like one
	{utf16, "\xfe\xff", openUTF16},         //
}

const utf16 = "utf-16"

// magicSize is the length of the longest magic.
const magicSize = 8

// compressionOf returns the row that a content's first bytes name, nil for plain text.
func compressionOf(head []byte) *compression {
	for i := range compressions {
		if strings.HasPrefix(string(head), compressions[i].magic) {
			return &compressions[i]
		}
	}
	return nil
}

// isTar tells whether a content begins with the header of a tar archive's member (POSIX pax,
// "ustar Interchange Format"): the magic, and the checksum of the block with blanks in its place.
func isTar(head []byte) bool {
	const block, sumAt, sumEnd, magicAt = 512, 148, 156, 257
	if len(head) < block || !strings.HasPrefix(string(head[magicAt:block]), "ustar") {
		return false
	}
	sum := int64(sumEnd-sumAt) * ' '
	for i, c := range head[:block] {
		if i < sumAt || i >= sumEnd {
			sum += int64(c)
		}
	}
	want, err := strconv.ParseInt(strings.Trim(string(head[sumAt:sumEnd]), " \x00"), 8, 64)
	return err == nil && want == sum
}

// ErrUnsupported marks a content that is known and cannot be read.
var ErrUnsupported = errors.New("is not read")

// decompress returns the content of r.
func (c *compression) decompress(r io.Reader) (io.Reader, time.Time, error) {
	if c.open == nil {
		return nil, time.Time{}, fmt.Errorf("%s archive %w: unpack it and pipe it in", c.kind, ErrUnsupported)
	}
	content, modified, err := c.open(r)
	if err != nil {
		return nil, modified, c.damaged(err)
	}
	return content, modified, nil
}

// Unpack returns the content of r from its beginning; nil if it is not compressed (UTF-16 is
// not). Nothing needs closing.
func Unpack(r io.Reader) (io.Reader, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	head, _ := in.Peek(magicSize)
	c := compressionOf(head)
	if c == nil || c.kind == utf16 {
		return nil, nil
	}
	content, _, err := c.decompress(in)
	return content, err
}

// damaged says what is wrong with an archive.
func (c *compression) damaged(err error) error {
	switch {
	case errors.Is(err, ErrUnsupported):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, xz.ErrBuf):
		return fmt.Errorf("damaged %s: it ends too early", c.kind)
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded), errors.Is(err, xz.ErrMemlimit):
		return fmt.Errorf("%s: needs more than %d MiB of memory to decompress: decompress it and pipe it in", c.kind, maxWindow>>20)
	}
	return fmt.Errorf("damaged %s: %w", c.kind, plain(err))
}

func openGzip(r io.Reader) (io.Reader, time.Time, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, time.Time{}, err
	}
	if z.ModTime.Unix() == 0 { // none (RFC 1952 section 2.3.1)
		return z, time.Time{}, nil
	}
	return z, z.ModTime, nil
}

func openBzip2(r io.Reader) (io.Reader, time.Time, error) {
	return bzip2.NewReader(r), time.Time{}, nil
}

func openXZ(r io.Reader) (io.Reader, time.Time, error) {
	z, err := xz.NewReader(r, maxWindow)
	return z, time.Time{}, err
}

func openZstd(r io.Reader) (io.Reader, time.Time, error) {
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
	return z, time.Time{}, err
}

func openLZ4(r io.Reader) (io.Reader, time.Time, error) {
	return lz4.NewReader(r), time.Time{}, nil
}

func openUTF16(r io.Reader) (io.Reader, time.Time, error) {
	return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Reader(r), time.Time{}, nil
}

func openNoJournal(io.Reader) (io.Reader, time.Time, error) {
	return nil, time.Time{}, fmt.Errorf("a journal file %w by itself: give it as journal:FILE", ErrUnsupported)
}
