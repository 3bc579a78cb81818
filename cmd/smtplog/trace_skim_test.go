package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/smtplog/smtplog/internal/fixture"
	"github.com/smtplog/smtplog/parser"
)

// queriesFor picks queue IDs, Message-IDs and addresses from all over a log.
func queriesFor(t *testing.T, content []byte, n int) (all []string) {
	t.Helper()
	var of [5][]string
	p := parser.New(parser.Options{Year: 2026})
	p.Prime(content[:min(len(content), headSize)])
	var ev parser.Event
	for line := range bytes.Lines(content) {
		if p.Parse(bytes.TrimSuffix(line, []byte("\n")), &ev) == parser.Understood {
			for i, v := range [...][]byte{ev.QueueID, ev.QueueID, ev.MessageID, ev.Sender, ev.Recipient} {
				if len(v) > 0 {
					of[i] = append(of[i], string(v))
				}
			}
		}
	}
	rnd := rand.New(rand.NewPCG(3, 5))
	for _, values := range of {
		if len(values) > 0 {
			for range n {
				all = append(all, values[rnd.IntN(len(values))])
			}
		}
	}
	if len(of[0]) > 0 { // what may be written in other ways
		all = append(all, strings.ToLower(of[0][rnd.IntN(len(of[0]))]), "no such thing", "00000000000")
	}
	if len(of[4]) > 0 {
		_, domain, _ := strings.Cut(of[4][rnd.IntN(len(of[4]))], "@")
		all = append(all, "@"+domain, strings.ToUpper(of[4][rnd.IntN(len(of[4]))]))
	}
	return all
}

// bothWays traces with blocks and line by line, and compares all that is said.
func bothWays(t *testing.T, args ...string) (said string) {
	t.Helper()
	defer func() { lineByLine = false }()
	var said2 [2]string
	for i := range said2 {
		lineByLine = i == 1
		var stdout, stderr bytes.Buffer
		code := run(context.Background(), append([]string{"trace", "--tz", "UTC", "--year", "2026", "--format", "json"}, args...), nil, &stdout, &stderr)
		said2[i] = fmt.Sprintf("exit %d\n%s%s", code, &stdout, &stderr)
	}
	if said2[0] != said2[1] {
		t.Errorf("trace %q: in blocks\n%.3000s\nline by line\n%.3000s", args, said2[0], said2[1])
	}
	return said2[0]
}

// A trace that searches blocks says what one that looks at each line says.
func TestTraceInBlocks(t *testing.T) {
	fixture.NoRace(t)
	logs := []string{fixture.Testdata(t, "logs", "postfix.log"), fixture.Testdata(t, "logs", "exim-rich.log")}
	if lab, _ := filepath.Glob(filepath.Join(fixture.Root(t), "..", "shared", "lab", "logs", "*", "ma*")); len(lab) > 0 {
		logs = append(logs, lab...)
	}
	for _, log := range logs {
		n := 3
		if !strings.HasPrefix(log, filepath.Join(fixture.Root(t), "testdata")) {
			n = 1
		}
		told := 0
		for _, q := range queriesFor(t, fixture.Read(t, log), n) {
			if strings.Contains(bothWays(t, q, log), `"timeline":[{`) {
				told++
			}
		}
		if told < n {
			t.Errorf("%s: only %d stories", log, told)
		}
	}
}

// The same for a log in parts, one of them compressed, and with lines that are read over a block's
// end, cut, or repeated far away.
func TestTraceInBlocksOfSeveralLogs(t *testing.T) {
	fixture.NoRace(t)
	content := fixture.Read(t, fixture.Testdata(t, "logs", "postfix.log"))
	lines := bytes.SplitAfter(content, []byte("\n"))
	dir := t.TempDir()
	third := len(lines) / 3
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(bytes.Join(lines[:third], nil))
	z.Close()
	long := bytes.Repeat([]byte("x"), 1<<20)
	for name, b := range map[string][]byte{
		"mail.log.2.gz": packed.Bytes(),
		"mail.log.1":    bytes.Join(lines[third:2*third], nil),
		"mail.log":      slices.Concat(bytes.Join(lines[2*third:2*third+50], nil), []byte("Nov  5 00:00:00 mx x: "), long, []byte("\n"), bytes.Join(lines[2*third+50:], nil)),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	told := 0
	for _, q := range queriesFor(t, content, 4) {
		if strings.Contains(bothWays(t, q, dir), `"timeline":[{`) {
			told++
		}
		bothWays(t, "--until", "2026-11-03T12:00:00Z", q, dir)
	}
	if told < 4 {
		t.Errorf("only %d stories", told)
	}
}

// What is learnt late may stand far before: a filter's hop, a line of another program.
func TestTraceLooksBack(t *testing.T) {
	var b strings.Builder
	other := func(n int) {
		for i := range n {
			fmt.Fprintf(&b, "Nov  3 04:05:%02d mx postfix/qmgr[99]: 1B%09X: removed\n", min(59, i/2000), i)
		}
	}
	b.WriteString("Nov  3 04:05:00 mx filter[7]: seen <late@d.example> of 3A1B2C3D4E5\n")
	b.WriteString("Nov  3 04:05:00 mx postfix/smtpd[13]: Anonymous TLS connection established from c.example[192.0.2.1]: TLSv1.3 with cipher X\n")
	other(60_000)
	b.WriteString("Nov  3 04:06:00 mx postfix/smtpd[13]: 3A1B2C3D4E5: client=c.example[192.0.2.1]\n")
	b.WriteString("Nov  3 04:06:00 mx postfix/cleanup[14]: 3A1B2C3D4E5: message-id=<late@d.example>\n")
	b.WriteString("Nov  3 04:06:00 mx postfix/qmgr[99]: 3A1B2C3D4E5: from=<a@d.example>, size=1, nrcpt=1 (queue active)\n")
	b.WriteString("Nov  3 04:06:01 mx postfix/smtpd[12]: 5F1B2C3D4E5: client=localhost[127.0.0.1]\n")
	b.WriteString("Nov  3 04:06:01 mx postfix/cleanup[14]: 5F1B2C3D4E5: message-id=<late@d.example>\n")
	b.WriteString("Nov  3 04:06:01 mx postfix/qmgr[99]: 5F1B2C3D4E5: from=<a@d.example>, size=1, nrcpt=1 (queue active)\n")
	b.WriteString("Nov  3 04:06:01 mx postfix/smtp[15]: 3A1B2C3D4E5: to=<u@e.example>, relay=127.0.0.1[127.0.0.1]:10024, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 5F1B2C3D4E5)\n")
	b.WriteString("Nov  3 04:06:01 mx postfix/qmgr[99]: 3A1B2C3D4E5: removed\n")
	b.WriteString("Nov  3 04:06:02 mx postfix/smtp[15]: 5F1B2C3D4E5: to=<u@e.example>, relay=mx.e.example[192.0.2.9]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 77)\n")
	b.WriteString("Nov  3 04:06:02 mx postfix/qmgr[99]: 5F1B2C3D4E5: removed\n")
	path := filepath.Join(t.TempDir(), "mail.log")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	said := bothWays(t, "3A1B2C3D4E5", path)
	for _, want := range []string{"filter[7]: seen", "Anonymous TLS", "5F1B2C3D4E5: client"} {
		if !strings.Contains(said, want) {
			t.Errorf("the story is without %q", want)
		}
	}
	bothWays(t, "u@e.example", path)
	bothWays(t, "late@d.example", path)
}

// A finder finds what a search for each needle at each place finds.
func TestFinder(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 9))
	word := func(letters string, n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = letters[rnd.IntN(len(letters))]
		}
		return b
	}
	total := 0
	for range 3000 {
		var needles []needle
		for range 1 + rnd.IntN(5) {
			n := needle{text: word("abAB", minNeedle+rnd.IntN(4)), fold: rnd.IntN(2) == 0, note: rnd.IntN(2) == 0}
			if n.fold {
				n.text = bytes.ToLower(n.text)
			}
			if rnd.IntN(3) == 0 {
				n = needle{text: word("abAB", 16)}
				n.text[6], n.text[13] = '-', '-'
			}
			needles = append(needles, n)
		}
		b := word("abAB\n-", rnd.IntN(300))
		for _, n := range needles {
			if len(n.text) == 16 && len(b) > 16 {
				copy(b[rnd.IntN(len(b)-15):], n.text)
			}
		}
		var want []hit
		window := 255
		for _, n := range needles {
			window = min(window, len(n.text))
		}
		for last := range b {
			h, found := hit{int32(last), true}, false
			for _, n := range needles {
				at := last - window + 1
				if len(n.text) == 16 {
					at = last - len(n.text) + 1
				}
				if end := at + len(n.text); at >= 0 && end <= len(b) && (bytes.Equal(b[at:end], n.text) || n.fold && bytes.Equal(bytes.ToLower(b[at:end]), n.text)) {
					h.note, found = h.note && n.note, true
				}
			}
			if found {
				want = append(want, h)
			}
		}
		total += len(want)
		if got := newFinder(needles).hits(b); !slices.Equal(got, want) {
			t.Fatalf("%v in %q: %v, want %v", needles, b, got, want)
		}
	}
	if total < 1000 {
		t.Errorf("only %d hits", total)
	}
	if newFinder([]needle{{text: []byte("long enough")}, {text: []byte("abc")}}) != nil {
		t.Error("a needle of three bytes has no room to move on")
	}
}

// The lines of a block are numbered and found again as if counted one by one.
func TestFoundLines(t *testing.T) {
	rnd := rand.New(rand.NewPCG(8, 9))
	var b []byte
	var starts []int
	for range 3000 {
		starts = append(starts, len(b))
		b = append(b, bytes.Repeat([]byte("x"), rnd.IntN(60))...)
		switch rnd.IntN(40) {
		case 0:
			b = append(b, "needle noted needle"...)
		case 1:
			b = append(b, "noted, noted"...)
		}
		b = append(b, '\n')
	}
	b = b[:len(b)-1]
	f := newFinder([]needle{{text: []byte("needle")}, {text: []byte("noted"), note: true}})
	var whole, later found
	whole.look(b, f)
	if int(whole.lines) != len(starts) || len(whole.spots) < 50 {
		t.Fatalf("%d lines of %d, %d spots", whole.lines, len(starts), len(whole.spots))
	}
	for i, start := range starts {
		if got := whole.offset(b, int32(i)); got != start {
			t.Fatalf("line %d is at %d, want %d", i, got, start)
		}
	}
	later.again(b, starts[1500], 1500, f)
	if want := whole.spots[len(whole.spots)-len(later.spots):]; !slices.Equal(later.spots, want) || want[0].line < 1500 {
		t.Error("a later search gives other lines")
	}
	for _, s := range whole.spots {
		line := string(b[s.start:s.end])
		if int(s.start) != starts[s.line] || s.note == strings.Contains(line, "needle") || strings.Contains(line, "\n") {
			t.Errorf("line %d, note %v: %q", s.line, s.note, line)
		}
	}
}
