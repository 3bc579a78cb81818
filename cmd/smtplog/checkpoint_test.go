package main

import (
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/smtplog/smtplog/aggregate"
	"github.com/smtplog/smtplog/internal/fixture"
	"github.com/smtplog/smtplog/internal/follow"
)

// newTailer is a tailer that has read nothing.
func newTailer(t testing.TB) *tailer {
	t.Helper()
	c, err := aggregate.NewCollector(aggregate.Options{Unmerged: true, Recent: keptWindow, Classifier: hostileClassifier()})
	if err != nil {
		t.Fatal(err)
	}
	s, err := (&pathFlags{TZ: "UTC"}).settings()
	if err != nil {
		t.Fatal(err)
	}
	return &tailer{clock: time.Now, cmd: &tailCmd{}, s: s, c: c, logs: map[string]*followed{}, sets: map[string]int{}}
}

// FuzzCheckpoint wants that no checkpoint does harm, not even one whose checksum is right.
func FuzzCheckpoint(f *testing.F) {
	path := filepath.Join(f.TempDir(), "state")
	if code, _, stderr := smtplog(f, "", "tail", "--once", "--tz", "UTC", "--year", "2026", "--format", "json", "--checkpoint", path,
		fixture.Testdata(f, "logs", "exim.rejectlog")); code != 0 {
		f.Fatal(stderr)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	saved := newTailer(f)
	if err := saved.restoreFrom(b); err != nil || len(saved.logs) != 1 {
		f.Fatalf("the seed is no checkpoint: %v", err)
	}
	f.Add(b[len(checkpointMagic)+len("00000000\n"):])
	f.Add([]byte(`{"logs":[{"position":{"path":"x","offset":-1},"recent":"Tm92","last":"9999-12-31T23:59:59Z"},null],"sets":{"x":-1}}` + "\n"))
	f.Add([]byte("null\n"))
	f.Fuzz(func(t *testing.T, rest []byte) {
		tl := newTailer(t)
		whole := append(fmt.Appendf(nil, "%s%08x\n", checkpointMagic, crc32.ChecksumIEEE(rest)), rest...)
		if tl.restoreFrom(whole) != nil {
			return
		}
		for _, l := range tl.logs {
			l.keep([]byte("Nov  3 04:00:00 mx postfix/qmgr[1]: 3A1B2C3D4E: removed\n"))
			l.resume(tl)
		}
		if _, err := tl.checkpoint(); err != nil {
			t.Fatal(err)
		}
		tl.c.Report()
	})
}

// A log that was saved in December goes on in January of the next year, and one whose kept lines
// begin with a stamp of another kind in the year that it has come to.
func TestResumedYear(t *testing.T) {
	const line = " mx postfix/qmgr[1]: 3A1B2C3D41: removed\n"
	for _, c := range []struct{ before, after, want string }{
		{"Dec 31 23:59:50", "Jan  1 00:00:10", "2027-01-01T00:00:10Z"},
		{"Nov  3 04:05:06 mx x: y\nNov  3 04:05:05", "Nov  3 04:05:07", "2026-11-03T04:05:07Z"}, // out of order
		{"Dec 31 23:59:59 mx x: y\nJan  1 00:00:01", "Jan  1 00:00:02", "2027-01-01T00:00:02Z"},
		{"Jan  1 00:00:01 mx x: y\nDec 31 23:59:59", "Jan  1 00:00:02", "2026-01-01T00:00:02Z"},
		{"2026-12-30T00:00:00Z mx x: y\nDec 31 23:59:50", "Dec 31 23:59:55", "2026-12-31T23:59:55Z"},
		{"2026-12-30T00:00:00Z", "Dec 31 23:59:55", "2026-12-31T23:59:55Z"},
	} {
		before, after := newTailer(t), newTailer(t)
		before.cmd.Year = 2026
		if err := before.count(&follow.Block{Path: "x", Pos: follow.Position{Path: "x"}, Text: []byte(c.before + line)}); err != nil {
			t.Fatal(err)
		}
		state, err := before.checkpoint()
		if err != nil {
			t.Fatal(err)
		}
		if err := after.restoreFrom(state); err != nil {
			t.Fatal(err)
		}
		if err := after.count(&follow.Block{Path: "x", Pos: follow.Position{Path: "x"}, Text: []byte(c.after + line)}); err != nil {
			t.Fatal(err)
		}
		if got := after.logs["x"].last.Format(time.RFC3339); got != c.want {
			t.Errorf("%q, then %q: %s, want %s", c.before, c.after, got, c.want)
		}
	}
}
