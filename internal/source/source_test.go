package source

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/smtplog/smtplog/internal/generate"
)

func write(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func zip(t *testing.T, content string, modified time.Time) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.ModTime = modified
	if _, err := z.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// lines reads everything and returns the last error, nil at the end.
func lines(f *File) (all []string, err error) {
	for {
		line, err := f.Next()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, string(line))
	}
}

func TestLines(t *testing.T) {
	for _, tt := range []struct {
		name    string
		content []byte
		want    []string
	}{
		{"plain", []byte("one\ntwo\n"), []string{"one", "two"}},
		{"no line feed at the end", []byte("one\ntwo"), []string{"one", "two"}},
		{"empty lines", []byte("\n\none\n"), []string{"", "", "one"}},
		{"longer than the buffer", []byte(strings.Repeat("x", 600<<10) + "\ntwo\n"), []string{strings.Repeat("x", 600<<10), "two"}},
		{"CRLF is left to the parser", []byte("one\r\n"), []string{"one\r"}},
		{"gzip under any name", zip(t, "one\ntwo\n", time.Time{}), []string{"one", "two"}},
		{"two gzip members", append(zip(t, "one\n", time.Time{}), zip(t, "two\n", time.Time{})...), []string{"one", "two"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, err := Open(write(t, "mail.log", tt.content), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			got, err := lines(f)
			if err != nil || strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
				t.Errorf("got %d lines, %v", len(got), err)
			}
		})
	}
}

func TestVeryLongLineIsCut(t *testing.T) {
	f, err := Open(write(t, "mail.log", []byte(strings.Repeat("x", 3*MaxLine)+"\ntwo\n")), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got, err := lines(f)
	if err != nil || len(got) != 2 || len(got[0]) != MaxLine || got[1] != "two" || f.Cut != 1 {
		t.Errorf("%d lines, %v, %d cut", len(got), err, f.Cut)
	}
	if f.Bytes != int64(3*MaxLine+5) {
		t.Errorf("%d bytes", f.Bytes)
	}
}

func TestOpenErrors(t *testing.T) {
	if _, err := Open(t.TempDir(), nil); !errors.Is(err, ErrDirectory) {
		t.Errorf("a folder: %v", err)
	}
	if _, err := Open(write(t, "empty", nil), nil); !errors.Is(err, ErrEmpty) {
		t.Errorf("an empty file: %v", err)
	}
	if _, err := Open(filepath.Join(t.TempDir(), "missing"), nil); !errors.Is(err, os.ErrNotExist) || strings.Contains(err.Error(), "missing") {
		t.Errorf("a missing file: %v (the caller names it)", err)
	}
	if _, err := Open(write(t, "bad.gz", []byte("\x1f\x8b\x00nonsense")), nil); err == nil {
		t.Error("damaged gzip was opened")
	}
}

func TestDamagedGzipGivesWhatCouldBeRead(t *testing.T) {
	var content strings.Builder
	for range 50_000 {
		content.WriteString(time.Duration(content.Len()).String() + "\n")
	}
	whole := zip(t, content.String(), time.Time{})
	f, err := Open(write(t, "cut.gz", whole[:len(whole)/2]), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got, err := lines(f)
	if err == nil || !strings.Contains(err.Error(), "ends too early") || len(got) < 1000 {
		t.Errorf("%d lines, %v", len(got), err)
	}
}

func TestTail(t *testing.T) {
	var b strings.Builder
	for b.Len() < 500_000 {
		b.WriteString(strconv.Itoa(b.Len()) + "\n")
	}
	want := b.String()[b.Len()-1000:]
	modified := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
	for name, content := range map[string][]byte{"plain": []byte(b.String()), "gzip": zip(t, b.String(), modified)} {
		f, err := Open(write(t, name, content), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if f.Kind != name || f.Packed() != (name == "gzip") || f.Stream() || f.Size != int64(len(content)) {
			t.Errorf("%s: kind %s, packed %v, stream %v, size %d", name, f.Kind, f.Packed(), f.Stream(), f.Size)
		}
		if got := string(f.Tail(t.Context())); !strings.HasSuffix(got, want) || len(got) > tailSize {
			t.Errorf("%s: a tail of %d bytes", name, len(got))
		}
		if name == "gzip" && !f.Modified.Equal(modified) {
			t.Errorf("modified %v, want the gzip header's time", f.Modified)
		}
		n := strings.Count(b.String(), "\n")
		for _, keepOpen := range []bool{true, false} {
			all, err := lines(f)
			if err != nil || len(all) != n || f.Taken() != int64(len(content)) {
				t.Errorf("%s: %d lines of %d, %v, taken %d of %d", name, len(all), n, err, f.Taken(), len(content))
			}
			f.Park(keepOpen)
			if f.Packed() {
				f.KeepTail()
			}
			if err := f.Rewind(); err != nil {
				t.Fatal(err)
			}
		}
		if all, err := lines(f); err != nil || len(all) != n {
			t.Errorf("%s: %d lines of %d, %v", name, len(all), n, err)
		}
		if f.Packed() && !bytes.Equal(f.KeptTail(), f.Tail(t.Context())) {
			t.Errorf("%s: a kept tail of %d bytes, not what Tail returns", name, len(f.KeptTail()))
		}
	}
}

// A file that was rotated away between looking and reading is not mistaken for the one that
// took its name, unless it was held open.
func TestReplacedWhileParked(t *testing.T) {
	path := write(t, "mail.log", []byte("old\n"))
	f, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	f.Park(true)
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("new\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.Rewind(); err != nil {
		t.Fatal(err)
	}
	if got, _ := lines(f); len(got) != 1 || got[0] != "old" {
		t.Errorf("read %q", got)
	}
	f.Park(false)
	if err := f.Rewind(); err != ErrReplaced {
		t.Errorf("reopened: %v", err)
	}
	f.Close()
}

func TestCompare(t *testing.T) {
	long := strings.Repeat("0123456789\n", 50_000)
	whole := zip(t, long, time.Time{})
	for _, tt := range []struct {
		name string
		a, b []byte
		want Relation
	}{
		{"a copy", []byte(long), []byte(long), Equal},
		{"a compressed copy", []byte(long), whole, Equal},
		{"grown since", []byte(long[:len(long)/2]), whole, Begins},
		{"grown since, the other way", whole, []byte(long[:len(long)/2]), BegunBy},
		{"grown by little", []byte(long), []byte(long + "x\n"), Begins},
		{"a damaged copy", []byte(long), whole[:len(whole)-9], Equal},
		{"the last byte differs", []byte(long), []byte(long[:len(long)-2] + "x\n"), Distinct},
		{"one block, then more", []byte(long[:bufSize]), []byte(long), Begins},
	} {
		var f [2]*File
		for i, content := range [][]byte{tt.a, tt.b} {
			var err error
			if f[i], err = Open(write(t, "log", content), nil); err != nil {
				t.Fatal(err)
			}
			defer f[i].Close()
		}
		if got := Compare(t.Context(), f[0], f[1]); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// zeros is a stream of NULs without an end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// No line of any length, compressed or not, takes more memory than MaxLine and the buffers.
func TestEndlessLine(t *testing.T) {
	const size = 64 << 20
	bomb, w := io.Pipe()
	go func() {
		z := gzip.NewWriter(w)
		_, err := io.CopyN(z, zeros{}, size)
		z.Close()
		w.CloseWithError(err)
	}()
	for name, r := range map[string]io.Reader{"plain": io.LimitReader(zeros{}, size), "gzip": bomb} {
		f, err := Open("-", r)
		if err != nil {
			t.Fatal(err)
		}
		line, err := f.Next()
		if err != nil || len(line) != MaxLine || f.Cut != 1 || f.Bytes != size || f.Kind != name {
			t.Errorf("%s: a line of %d bytes, %v, %d cut, %d bytes", name, len(line), err, f.Cut, f.Bytes)
		}
		if c := cap(f.buf); c > 2*MaxLine {
			t.Errorf("%s: the buffer has %d bytes", name, c)
		}
		if _, err := f.Next(); err != io.EOF {
			t.Errorf("%s: after it %v", name, err)
		}
		f.Close()
	}
}

// A file that is truncated while it is read (logrotate's copytruncate) has not been read to
// its end.
func TestShrinkingFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mail.log")
	text := bytes.Repeat([]byte("a line\n"), 4*bufSize)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for at, want := range []error{nil, ErrShrunk} {
		if at > 0 {
			if err := os.Truncate(path, bufSize); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Rewind(); err != nil {
			t.Fatal(err)
		}
		n := 0
		for err = nil; err == nil; n++ {
			_, err = f.Next()
		}
		if want == nil && (err != io.EOF || n != 4*bufSize+1) || want != nil && (err != want || n >= 4*bufSize) {
			t.Errorf("%v after %d lines, want %v", err, n, want)
		}
	}
}

// BenchmarkNext reads the lines of a file as it is kept.
func BenchmarkNext(b *testing.B) {
	var log bytes.Buffer
	if _, err := generate.Write(&log, generate.Options{Bytes: 8 << 20}); err != nil {
		b.Fatal(err)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(log.Bytes())
	z.Close()
	for name, content := range map[string][]byte{"plain": log.Bytes(), "gzip": packed.Bytes()} {
		path := filepath.Join(b.TempDir(), name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(log.Len()))
			b.ReportAllocs()
			for b.Loop() {
				f, err := Open(path, nil)
				if err != nil {
					b.Fatal(err)
				}
				f.Ahead()
				for err == nil {
					_, err = f.Next()
				}
				f.Close()
			}
		})
	}
}
