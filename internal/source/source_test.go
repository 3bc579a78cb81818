package source

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
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
			if err != nil || strings.Join(got, "\n") != strings.Join(tt.want, "\n") || f.Lines != int64(len(tt.want)) {
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

// stamp accepts lines that are times.
func stamp(line []byte) (time.Time, bool) {
	t, err := time.Parse(time.DateTime, string(line))
	return t, err == nil
}

func TestEnds(t *testing.T) {
	var b strings.Builder
	b.WriteString("no stamp\n")
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 30_000 {
		b.WriteString(at.Add(time.Duration(i)*time.Second).Format(time.DateTime) + "\n")
	}
	b.WriteString("no stamp either, and no line feed")
	last := at.Add(29_999 * time.Second)
	modified := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
	for name, content := range map[string][]byte{"plain": []byte(b.String()), "gzip": zip(t, b.String(), modified)} {
		f, err := Open(write(t, name, content), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		gotFirst, gotLast, ok := f.Ends(stamp)
		if !ok || !gotFirst.Equal(at) || !gotLast.Equal(last) {
			t.Errorf("%s: %v, %v, %v", name, gotFirst, gotLast, ok)
		}
		if name == "gzip" && !f.Modified.Equal(modified) {
			t.Errorf("modified %v, want the gzip header's time", f.Modified)
		}
		if all, err := lines(f); err != nil || len(all) != 30_002 {
			t.Errorf("%s: Ends consumed something: %d lines, %v", name, len(all), err)
		}
	}
	f, err := Open("-", strings.NewReader(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	if gotFirst, _, ok := f.Ends(stamp); ok || !gotFirst.Equal(at) {
		t.Errorf("a stream: %v, %v", gotFirst, ok)
	}
}
