package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/smtplog/smtplog/internal/fixture"
	"github.com/smtplog/smtplog/internal/source"
	"github.com/smtplog/smtplog/parser"
)

// fewOpen sets maxOpen for a test.
func fewOpen(t *testing.T, n int) {
	old := maxOpen
	maxOpen = n
	t.Cleanup(func() { maxOpen = old })
}

// overlapping deals the lines of a log to n files in turn, every third of them compressed, one with
// a line longer than a block.
func overlapping(t *testing.T, log string, n int) string {
	t.Helper()
	dir := t.TempDir()
	parts := make([]bytes.Buffer, n)
	i := 0
	for line := range bytes.Lines(fixture.Read(t, log)) {
		parts[i%n].Write(line)
		i++
	}
	fmt.Fprintf(&parts[1], "Dec 31 03:47:35 mx program[1]: %s\n", strings.Repeat("long ", 50_000))
	for i := range parts {
		name, b := filepath.Join(dir, fmt.Sprintf("host%02d.log", i)), parts[i].Bytes()
		if i%3 == 2 {
			var z bytes.Buffer
			w := gzip.NewWriter(&z)
			w.Write(b)
			w.Close()
			name, b = name+".gz", z.Bytes()
		}
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Logs of the same time beyond the number that may be open are read in blocks, with the same result.
func TestMoreLogsThanMayBeOpen(t *testing.T) {
	for _, name := range []string{"postfix.log", "exim.log"} {
		dir := overlapping(t, fixture.Testdata(t, "logs", name), 13)
		for _, args := range [][]string{
			{"report", "--format", "json"}, {"messages", "--format", "ndjson"}, {"events"}, {"trace", "list@lab.example"},
		} {
			args = append(args, "--year", "2026", "--tz", "UTC", dir)
			run := func() string {
				var out, errs bytes.Buffer
				code := run(context.Background(), args, nil, &out, &errs)
				return fmt.Sprintf("%d\n%s\n%s", code, errs.String(), out.String())
			}
			want := run()
			fewOpen(t, 3)
			if got := run(); got != want {
				t.Errorf("%s: %s differs", name, args[0])
			}
			maxOpen = 500
		}
	}
}

// While they are read no more files are open than that.
func TestOpenFilesAreBounded(t *testing.T) {
	count := func() int {
		fds, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skip("no /proc")
		}
		return len(fds)
	}
	dir := overlapping(t, fixture.Testdata(t, "logs", "postfix.log"), 40)
	fewOpen(t, 5)
	before := count()
	f := &pathFlags{Path: []string{dir}}
	in, err := f.openInput(&program{ctx: context.Background(), stderr: io.Discard, noProgress: true}, settings{zone: time.UTC})
	if err != nil {
		t.Fatal(err)
	}
	if n := count() - before; n > maxOpen {
		t.Errorf("%d files are open before the first line", n)
	}
	in.prepare = func() func(*parser.Event) { return func(*parser.Event) {} }
	lines, most := 0, 0
	for l := in.next(); l != nil; l = in.next() {
		if lines++; lines%100 == 0 {
			most = max(most, count()-before)
		}
	}
	if most > maxOpen || most == 0 || lines < 10_000 {
		t.Errorf("%d files were open of %d, %d lines", most, maxOpen, lines)
	}
	if n := count() - before; n > 0 || in.opened != 0 || in.packed != 0 {
		t.Errorf("%d files are still open; %d, %d", n, in.opened, in.packed)
	}
}

// A log that is read in blocks and is replaced meanwhile is an error, not another file's lines.
func TestReplacedBetweenBlocks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mail.log")
	text := strings.Repeat("Nov  3 04:00:00 mx postfix/qmgr[1]: A: removed\n", 1000)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := source.Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.RewindInBlocks(4096); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Next(); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Repeat("x\n", 100_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for err == nil {
		var line []byte
		if line, err = f.Next(); err == nil && !bytes.HasSuffix(line, []byte("removed")) {
			t.Fatalf("a line of another file: %q", line)
		}
	}
	if !errors.Is(err, source.ErrReplaced) {
		t.Errorf("%v", err)
	}
	if err := f.Rewind(); !errors.Is(err, source.ErrReplaced) {
		t.Errorf("rewound: %v", err)
	}
}
