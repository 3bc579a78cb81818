package source

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// Blocks hold the lines that Next returns, whatever their lengths, and tell the same of them.
func TestBlocksAreTheLines(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	line := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = 'a' + byte(i%26)
		}
		return b
	}
	var many, mixed bytes.Buffer
	for range 20_000 {
		many.Write(append(line(rnd.IntN(200)), '\n'))
	}
	for _, n := range []int{0, 10, MaxLine - 1, 3, MaxLine, MaxLine + 1, 5, blockSize, blockSize - 1, blockSize + 1, 3 * MaxLine, 0, 0, MaxLine - 2} {
		mixed.Write(append(line(n), '\n'))
	}
	contents := map[string][]byte{
		"one line": []byte("x\n"), "no line feed": []byte("x\ny"), "a line feed": []byte("\n"), "many": many.Bytes(), "mixed": mixed.Bytes(),
		"mixed, no line feed": append(mixed.Bytes(), 'x'), "full": line(MaxLine), "full, then more": line(MaxLine + 1), "full, line feed": append(line(MaxLine), '\n'),
	}
	for name, content := range contents {
		for _, packed := range []bool{false, true} {
			path := filepath.Join(t.TempDir(), "log")
			kept := content
			if packed {
				var b bytes.Buffer
				z := gzip.NewWriter(&b)
				z.Write(content)
				z.Close()
				kept = b.Bytes()
				if name == "many" {
					kept = kept[:len(kept)/2] // damaged
				}
			}
			if err := os.WriteFile(path, kept, 0o600); err != nil {
				t.Fatal(err)
			}
			f, err := Open(path, nil)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			var wantErr error
			for wantErr == nil {
				var l []byte
				if l, wantErr = f.Next(); wantErr == nil {
					want = append(want, string(l))
				}
			}
			bytesRead, cut := f.Bytes, f.Cut
			if err := f.Rewind(); err != nil {
				t.Fatal(err)
			}
			bs := NewBlocks(f, func(b []byte, n *int) { *n = len(b) })
			var got []string
			var last *Block[int]
			for {
				if last = bs.Next(); last.Err != nil {
					break
				}
				if last.Look != len(last.B) || len(last.B) == 0 {
					t.Errorf("%s: a block of %d bytes was looked at as of %d", name, len(last.B), last.Look)
				}
				for _, l := range bytes.Split(bytes.TrimSuffix(last.B, []byte("\n")), []byte("\n")) {
					got = append(got, string(l))
				}
			}
			bs.Stop()
			f.Close()
			if len(got) != len(want) || last.Err.Error() != wantErr.Error() || last.Cut != cut || last.Read != bytesRead {
				t.Errorf("%s (packed: %v): %d lines, %d bytes, %d cut, %v; want %d, %d, %d, %v", name, packed, len(got), last.Read, last.Cut, last.Err,
					len(want), bytesRead, cut, wantErr)
				continue
			}
			for i := range got {
				if got[i] != want[i] {
					t.Errorf("%s (packed: %v): line %d: %d bytes, want %d", name, packed, i+1, len(got[i]), len(want[i]))
				}
			}
		}
	}
}

// Who stops early waits for nothing, and has the file back.
func TestBlocksStop(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	var b bytes.Buffer
	for i := range 300_000 {
		fmt.Fprintln(&b, "line", i)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for taken := range 4 {
		bs := NewBlocks(f, func([]byte, *int) {})
		for range taken {
			if b := bs.Next(); b.Err != nil {
				t.Fatal(b.Err)
			}
		}
		bs.Stop()
		if err := f.Rewind(); err != nil {
			t.Fatal(err)
		}
	}
	if line, err := f.Next(); string(line) != "line 0" || err != nil {
		t.Errorf("%q, %v after rewinding", line, err)
	}
	bs := NewBlocks(f, func([]byte, *int) {})
	for {
		if b := bs.Next(); b.Err != nil {
			if b.Err != io.EOF {
				t.Error(b.Err)
			}
			break
		}
	}
	bs.Stop()
}

// A stream's lines are handed out when they have come, and do not wait for the end of the next one.
func TestBlockOfAStream(t *testing.T) {
	for _, chunks := range [][]string{{"one\ntwo\nthr", "ee\n"}, {"one\ntwo\nthr", "e", "e\n"}} {
		r, w := io.Pipe()
		go func() {
			for _, c := range chunks {
				io.WriteString(w, c)
			}
			w.Close()
		}()
		f, err := Open("-", r)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for buf := []byte(nil); err == nil; {
			if buf, err = f.Block(buf); len(buf) > 0 {
				got = append(got, string(buf))
			}
		}
		if fmt.Sprintf("%q", got) != `["one\ntwo\n" "three\n"]` || err != io.EOF || f.Bytes != 14 {
			t.Errorf("%q, %v, %d bytes", got, err, f.Bytes)
		}
		f.Close()
	}
}
