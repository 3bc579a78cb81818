package generate_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/smtplog/smtplog/aggregate"
	"github.com/smtplog/smtplog/internal/generate"
	"github.com/smtplog/smtplog/parser"
)

// TestLimit: a report of a log that has very much of something says how much.
func TestLimit(t *testing.T) {
	for _, l := range []generate.Limit{
		{Messages: 300, Senders: 7, Domains: 11},
		{Messages: 300, Senders: 300, Domains: 1, Open: true},
		{Messages: 300, Senders: 1, Domains: 300, Failed: true},
	} {
		var log bytes.Buffer
		if err := l.Write(&log); err != nil {
			t.Fatal(err)
		}
		c, err := aggregate.NewCollector(aggregate.Options{})
		if err != nil {
			t.Fatal(err)
		}
		p := parser.New(parser.Options{Year: generate.Start.Year()})
		var ev parser.Event
		open, most := map[string]bool{}, 0
		for line := range bytes.Lines(log.Bytes()) {
			v := p.Parse(bytes.TrimSuffix(line, []byte("\n")), &ev)
			c.Add(&ev, v, 0)
			switch ev.Kind {
			case parser.Queued:
				open[string(ev.QueueID)] = true
			case parser.Completed:
				delete(open, string(ev.QueueID))
			}
			most = max(most, len(open))
		}
		c.Finish()
		r := c.Report()
		if r.Input.Understood != 3*int64(l.Messages) || r.Input.Lines != r.Input.Understood {
			t.Errorf("%+v: %d of %d lines understood", l, r.Input.Understood, r.Input.Lines)
		}
		ended := r.Totals.Delivered
		if l.Failed {
			ended = r.Totals.Bounced
		}
		if r.Totals.Recipients != int64(l.Messages) || ended != r.Totals.Recipients {
			t.Errorf("%+v: %+v", l, r.Totals)
		}
		if l.Open != (most == l.Messages) {
			t.Errorf("%+v: %d were open at a time", l, most)
		}
		if n := len(column(t, r, "senders", "recipients")); n != l.Senders {
			t.Errorf("%+v: %d senders", l, n)
		}
		if n := len(column(t, r, "domains", "recipients")); n != l.Domains {
			t.Errorf("%+v: %d domains", l, n)
		}
	}
}

// TestLimitFiles: files have the lines of the log in one piece.
func TestLimitFiles(t *testing.T) {
	l := generate.Limit{Messages: 60, Senders: 7, Domains: 11}
	var log bytes.Buffer
	if err := l.Write(&log); err != nil {
		t.Fatal(err)
	}
	want := slices.Sorted(strings.Lines(log.String()))
	for _, overlapping := range []bool{false, true} {
		dir := t.TempDir()
		if err := l.WriteFiles(dir, 6, overlapping); err != nil {
			t.Fatal(err)
		}
		names, _ := filepath.Glob(filepath.Join(dir, "*"))
		var got []string
		for _, name := range names {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			got = slices.AppendSeq(got, strings.Lines(string(b)))
		}
		slices.Sort(got)
		if len(names) != 6 || !slices.Equal(got, want) {
			t.Errorf("overlapping %v: %d files, %d lines, want %d", overlapping, len(names), len(got), len(want))
		}
	}
}
