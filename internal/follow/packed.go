package follow

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"
	"github.com/mikelolasagasti/xz"
)

// packings lists what a rotated file may be compressed with, told by its first bytes.
var packings = []struct {
	magic string
	open  func(io.Reader) (io.Reader, error)
}{
	{"\x1f\x8b", func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }}, // RFC 1952 section 2.3.1
	{"BZh", func(r io.Reader) (io.Reader, error) { return bzip2.NewReader(r), nil }},
	{"\xfd7zXZ\x00", func(r io.Reader) (io.Reader, error) { return xz.NewReader(r, 64<<20) }}, // xz-file-format section 2.1.1.1; -9 needs 64 MiB
	{"\x28\xb5\x2f\xfd", func(r io.Reader) (io.Reader, error) { return openZstd(r) }},         // RFC 8878 section 3.1.1
}

func openZstd(r io.Reader) (io.Reader, error) {
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20)) // as zstd -d
	if err != nil {
		return nil, err
	}
	return z.IOReadCloser(), nil
}

// unpack returns the content of a compressed file from its beginning; nil if it is not
// compressed. With a concurrency of one no decompressor needs closing.
func unpack(file *os.File) (io.Reader, error) {
	in := bufio.NewReaderSize(io.NewSectionReader(file, 0, 1<<62), 64<<10)
	magic, _ := in.Peek(6)
	for _, p := range packings {
		if bytes.HasPrefix(magic, []byte(p.magic)) {
			return p.open(in)
		}
	}
	return nil, nil
}
