package source

import (
	"archive/tar"
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// The lines one, two and three in two streams, as bzip2 and xz write them.
const (
	bzip2Streams = "QlpoOTFBWSZTWacUK3cAAALBgAAQAgGEgCAAIYAMAjj1G4u5IpwoSFOKFbuAQlpoOTFBWSZTWQHHM2oAAALBgAAQAkAUACAAIYNBmgiwHF3JFOFCQAcczag="
	xzStreams    = "/Td6WFoAAATm1rRGAgAhARYAAAB0L+WjAQAHb25lCnR3bwoAUauer1d1cEkAASAIuxnZux+2830BAAAAAARZWv03elhaAAAE5ta0RgIAIQEWAAAAdC/lowEABXRocmVlCgAAACzn4bKCsZNlAAEeBsEvpB0ftvN9AQAAAAAEWVo="
)

func unbase64(t *testing.T, s string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// pack compresses parts, each as a member or frame of its own.
func pack(t *testing.T, kind string, parts ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, part := range parts {
		var w io.WriteCloser
		var err error
		switch kind {
		case "gzip":
			b.Write(zip(t, part, time.Time{}))
			continue
		case "zstd":
			w, err = zstd.NewWriter(&b)
		case "lz4":
			z := lz4.NewWriter(&b)
			w, err = z, z.Apply(lz4.BlockSizeOption(lz4.Block64Kb))
		}
		if err == nil {
			_, err = io.WriteString(w, part)
		}
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// Every compression is found out from the content, members that follow each other are read
// as one, from a file and from a pipe.
func TestCompressions(t *testing.T) {
	for kind, content := range map[string][]byte{
		"gzip":  pack(t, "gzip", "one\ntwo\n", "three\n"),
		"zstd":  pack(t, "zstd", "one\ntwo\n", "three\n"),
		"lz4":   pack(t, "lz4", "one\ntwo\n", "three\n"),
		"bzip2": unbase64(t, bzip2Streams),
		"xz":    unbase64(t, xzStreams),

		"utf-16": []byte("\xff\xfeo\x00n\x00e\x00\n\x00t\x00w\x00o\x00\n\x00t\x00h\x00r\x00e\x00e\x00\n\x00"),
	} {
		for _, path := range []string{write(t, "mail.log", content), "-"} {
			f, err := Open(path, bytes.NewReader(content))
			if err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
			got, err := lines(f)
			if err != nil || strings.Join(got, " ") != "one two three" || f.Kind != kind {
				t.Errorf("%s: %q, %v, kind %s", kind, got, err, f.Kind)
			}
			if err := f.Close(); err != nil {
				t.Errorf("%s: %v", kind, err)
			}
		}
	}
	// Ahead makes no difference.
	content := pack(t, "gzip", "one\n", "two\n")
	ahead, err := Open("-", bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	ahead.Ahead()
	if got, err := lines(ahead); err != nil || strings.Join(got, " ") != "one two" {
		t.Errorf("ahead: %q, %v", got, err)
	}
	ahead.Close()
	skippable := append([]byte("\x50\x2a\x4d\x18\x02\x00\x00\x00xx"), pack(t, "zstd", "one\n")...)
	f, err := Open("-", bytes.NewReader(skippable))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got, err := lines(f); err != nil || len(got) != 1 {
		t.Errorf("zstd after a skippable frame: %q, %v", got, err)
	}
}

// Of a damaged archive the whole lines before the damage are read; the error says what is
// wrong.
func TestDamagedArchives(t *testing.T) {
	var b strings.Builder
	for i := range 200_000 {
		b.WriteString("line " + strconv.Itoa(i*i) + "\n")
	}
	whole := strings.Split(b.String(), "\n")
	for _, kind := range []string{"gzip", "zstd", "lz4"} {
		packed := pack(t, kind, b.String())
		f, err := Open(write(t, kind, packed[:len(packed)/2]), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		got, err := lines(f)
		if err == nil || err.Error() != "damaged "+kind+": it ends too early" || len(got) < 1000 {
			t.Errorf("%s: %d lines, %v", kind, len(got), err)
		}
		for i, line := range got {
			if line != whole[i] {
				t.Fatalf("%s: line %d is %q, want %q", kind, i+1, line, whole[i])
			}
		}
	}
	for kind, packed := range map[string][]byte{"bzip2": unbase64(t, bzip2Streams), "xz": unbase64(t, xzStreams)} {
		f, err := Open(write(t, kind, packed[:len(packed)-9]), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if got, err := lines(f); err == nil || !strings.HasPrefix(err.Error(), "damaged "+kind) || len(got) < 2 {
			t.Errorf("%s: %q, %v", kind, got, err)
		}
		if _, err := Open(write(t, kind, packed[:magicSize]), nil); kind == "xz" && err == nil {
			t.Errorf("%s: its magic alone was opened", kind)
		}
	}
}

type panics struct{}

func (panics) Read([]byte) (int, error) { panic("index out of range") }

// What makes a decompressor panic is a damaged archive.
func TestPanicIsDamage(t *testing.T) {
	for _, ahead := range []bool{false, true} {
		c := &content{r: panics{}}
		f := &File{content: c, packed: &compressions[0], r: bufio.NewReader(c)}
		if ahead {
			f.Ahead()
		}
		if _, err := f.Next(); err == nil || err.Error() != "damaged gzip: panic reading: index out of range" {
			t.Errorf("%v", err)
		}
		f.Close()
	}
}

// What would need more memory than maxWindow is refused, and the error says so.
func TestDecompressionIsBounded(t *testing.T) {
	// RFC 8878 section 3.1.1: no checksum, no content size, a window of 256 MiB (descriptor
	// 18<<3), one raw block of 4 bytes.
	window := []byte("\x28\xb5\x2f\xfd\x00\x90\x21\x00\x00one\n")
	// The dictionary size is in the byte after the filter's ID and length (xz-file-format
	// section 5.3.1); 40 is 4 GiB - 1. A CRC32 ends the block header.
	dict := unbase64(t, xzStreams)
	const header = 12 // bytes of the stream header
	size := (int(dict[header]) + 1) * 4
	dict[header+4] = 40
	binary.LittleEndian.PutUint32(dict[header+size-4:], crc32.ChecksumIEEE(dict[header:header+size-4]))
	for kind, content := range map[string][]byte{"zstd": window, "xz": dict} {
		f, err := Open("-", bytes.NewReader(content))
		if err == nil {
			_, err = lines(f)
			f.Close()
		}
		if err == nil || !strings.Contains(err.Error(), "needs more than 128 MiB of memory") {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestUnsupported(t *testing.T) {
	for want, content := range map[string]string{
		"compress archive": "\x1f\x9d\x90abcdefgh", "zip archive": "PK\x03\x04abcdefgh", "7z archive": "7z\xbc\xaf\x27\x1cabc",
		"journal:FILE": "LPKSHHRHabcdefgh",
	} {
		if _, err := Open("-", strings.NewReader(content)); !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// A tar archive is known by its content, plain and compressed, from a file and from a pipe; a text
// is none for a word at the right place.
func TestTar(t *testing.T) {
	for _, format := range []tar.Format{tar.FormatUSTAR, tar.FormatPAX, tar.FormatGNU} {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		if err := w.WriteHeader(&tar.Header{Format: format, Name: "mail.log", Mode: 0o644, Size: 8, ModTime: time.Unix(1793678706, 0)}); err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, "one\ntwo\n")
		w.Close()
		for name, content := range map[string][]byte{"plain": b.Bytes(), "gzip": pack(t, "gzip", b.String()), "zstd": pack(t, "zstd", b.String()), "lz4": pack(t, "lz4", b.String())} {
			path := filepath.Join(t.TempDir(), "x")
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			for _, path := range []string{path, "-"} {
				if _, err := Open(path, bytes.NewReader(content)); !errors.Is(err, ErrUnsupported) || !strings.HasPrefix(err.Error(), "tar archive is not read") {
					t.Errorf("%v, %s, %s: %v", format, name, path, err)
				}
			}
		}
	}
	f, err := Open("-", strings.NewReader(strings.Repeat("a", 256)+"\nustar\n"+strings.Repeat("b", 512)))
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
}

// Whatever the bytes are, reading them ends, no line is longer than MaxLine or holds a line
// feed, and of plain text every line is read as it is.
func FuzzOpen(f *testing.F) {
	f.Add([]byte("one\ntwo"))
	f.Add([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x4b\x04\x00\x43\xbe\xb7\xe8\x01\x00\x00\x00"))
	f.Add([]byte("\x28\xb5\x2f\xfd\x00\x58\x21\x00\x00one\n"))
	for _, s := range []string{bzip2Streams, xzStreams} {
		b, _ := base64.StdEncoding.DecodeString(s)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		in, err := Open("-", bytes.NewReader(content))
		if err != nil {
			return
		}
		defer in.Close()
		rest := content
		for in.Bytes < 16<<20 { // what is packed may be far longer
			line, err := in.Next()
			if err != nil {
				break
			}
			if len(line) > MaxLine || bytes.IndexByte(line, '\n') >= 0 {
				t.Fatalf("a line of %d bytes", len(line))
			}
			if in.Kind == "plain" {
				var want []byte
				if want, rest, _ = bytes.Cut(rest, []byte("\n")); !bytes.Equal(line, want[:min(len(want), MaxLine)]) {
					t.Fatalf("%.100q, want %.100q", line, want)
				}
			}
		}
		if in.Kind == "plain" && in.Bytes != int64(len(content)) && in.Bytes < 16<<20 {
			t.Errorf("%d bytes of %d", in.Bytes, len(content))
		}
	})
}
