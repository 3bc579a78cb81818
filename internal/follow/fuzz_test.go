package follow

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

// FuzzSearch wants of a file whose stamps ascend the place that reading all of it finds.
func FuzzSearch(f *testing.F) {
	f.Add([]byte("1a\n2\n-\n\n9\n0"), uint16(3))
	f.Add(bytes.Repeat([]byte("1 long line without much in it\n-\n"), 300), uint16(150))
	f.Fuzz(func(t *testing.T, steps []byte, at uint16) {
		var text []byte
		now, want := int64(0), int64(-1)
		goal := time.Unix(int64(at), 0)
		for line := range bytes.SplitAfterSeq(steps, []byte("\n")) {
			if len(line) > 0 && line[0] >= '0' && line[0] <= '9' {
				if now += int64(line[0] - '0'); now >= int64(at) && want < 0 {
					want = int64(len(text))
				}
				text = fmt.Appendf(text, "%d@", now)
			}
			text = append(text, line...)
		}
		if want < 0 {
			want = int64(len(text))
		}
		stamp := func(line []byte) (time.Time, bool) {
			var n int64
			_, err := fmt.Sscanf(string(line[:min(len(line), 20)]), "%d@", &n)
			return time.Unix(n, 0), err == nil && line[0] != '-' && line[0] != '+'
		}
		for line := range bytes.SplitSeq(steps, []byte("\n")) {
			if _, ok := stamp(line); ok {
				return // looks like one of ours
			}
		}
		got, err := Search(bytes.NewReader(text), int64(len(text)), goal, stamp)
		if err != nil || got != want {
			t.Fatalf("%q, %d: at %d, %v, want %d", text, at, got, err, want)
		}
	})
}

// once reads to the end that a file has, and returns the text and the position behind it.
func once(t *testing.T, o Options) (text []byte, pos Position) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Second)
	defer cancel()
	o.Once, o.Grace = true, 5*time.Millisecond
	f, err := Start(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	for b := range f.Blocks() {
		text, pos = append(text, b.Text...), b.Pos
	}
	if ctx.Err() != nil {
		t.Fatal("it does not end")
	}
	return text, pos
}

// FuzzFollow saves a position between two lines of any file and goes on from it when the file has
// grown, or has been rotated: every whole line behind it comes once. From a position that was
// damaged come no lines that are not there, and none twice.
func FuzzFollow(f *testing.F) {
	f.Add([]byte("one\ntwo\nthree"), []byte(" and\nfour\n"), uint16(12), uint8(0), false)
	f.Add([]byte("one\ntwo\n"), []byte("three\nfour\nfive"), uint16(10), uint8(0), true)
	f.Add(bytes.Repeat([]byte("line\n"), 400), bytes.Repeat([]byte("\x00\n"), 300), uint16(1200), uint8(0), false)
	for i := range 8 {
		f.Add([]byte("one\ntwo\nthree"), []byte("four\n"), uint16(12), uint8(1<<i), i%2 == 0)
	}
	path := filepath.Join(f.TempDir(), "log")
	f.Fuzz(func(t *testing.T, content, more []byte, cut uint16, damage uint8, rotate bool) {
		os.Remove(path + ".1")
		content = append([]byte("first\n"), content...)
		offset := bytes.LastIndexByte(content[:min(int(cut), len(content))], '\n') + 1
		if err := os.WriteFile(path, content[:offset], 0o600); err != nil {
			t.Fatal(err)
		}
		text, pos := once(t, Options{Paths: []string{path}, From: FromStart})
		if !bytes.Equal(text, content[:offset]) {
			t.Fatalf("%q, want %q", text, content[:offset])
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(pos)
		if err != nil {
			t.Fatal(err)
		}
		var saved Position
		if err := json.Unmarshal(b, &saved); err != nil || !saved.Modified.Equal(pos.Modified) || saved.String() != pos.String() {
			t.Fatalf("%s, %v: %+v", b, err, saved)
		}
		if saved.Modified = pos.Modified; !reflect.DeepEqual(saved, pos) {
			t.Fatalf("%+v, want %+v", saved, pos)
		}
		for i, spoil := range []func(){
			func() { saved.Offset = -saved.Offset - 1 }, func() { saved.Offset += int64(cut) + 1 }, func() { saved.Head = "x" }, func() { saved.Tail = "x" },
			func() { saved.Head, saved.Tail = "", "" }, func() { saved.Inode++ }, func() { saved.Modified = saved.Modified.Add(time.Hour) }, func() { saved.Done = true },
		} {
			if damage&(1<<i) != 0 {
				spoil()
			}
		}
		whole := append(bytes.Clone(content), more...)
		if rotate {
			if err := os.Rename(path, path+".1"); err != nil {
				t.Fatal(err)
			}
			more = append([]byte("second\n"), more...)
			whole = append(bytes.Clone(content), more...)
			if err := os.WriteFile(path, more, 0o600); err != nil {
				t.Fatal(err)
			}
		} else if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
		want := whole[offset : bytes.LastIndexByte(whole, '\n')+1]
		got, _ := once(t, Options{Paths: []string{path}, From: FromPositions, Positions: []Position{saved}})
		switch {
		case damage == 0 && !bytes.Equal(got, want):
			t.Fatalf("cut at %d, rotated %v, of %q:\ngot  %q\nwant %q", offset, rotate, whole, got, want)
		case !bytes.HasSuffix(whole[:bytes.LastIndexByte(whole, '\n')+1], got):
			t.Fatalf("damage %b, rotated %v, of %q: %q", damage, rotate, whole, got)
		}
	})
}
