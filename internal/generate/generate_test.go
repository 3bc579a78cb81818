package generate_test

import (
	"bytes"
	"fmt"
	"maps"
	"testing"

	"github.com/smtplog/smtplog/aggregate"
	"github.com/smtplog/smtplog/internal/generate"
	"github.com/smtplog/smtplog/parser"
)

var kinds = []generate.Options{{}, {LongIDs: true}, {Exim: true}, {Exim: true, LongIDs: true}}

func write(tb testing.TB, opt generate.Options) ([]byte, generate.Truth) {
	tb.Helper()
	var log bytes.Buffer
	truth, err := generate.Write(&log, opt)
	if err != nil {
		tb.Fatal(err)
	}
	return log.Bytes(), truth
}

// TestReport: a report of a generated log says what the generator knows.
func TestReport(t *testing.T) {
	for i, opt := range kinds {
		opt.Bytes, opt.Seed = 4<<20, uint64(i)
		t.Run(fmt.Sprintf("exim=%v long=%v", opt.Exim, opt.LongIDs), func(t *testing.T) {
			log, truth := write(t, opt)
			c, err := aggregate.NewCollector(aggregate.Options{})
			if err != nil {
				t.Fatal(err)
			}
			p := parser.New(parser.Options{Year: generate.Start.Year()})
			p.Prime(log[:1<<16])
			var ev parser.Event
			for line := range bytes.Lines(log) {
				v := p.Parse(bytes.TrimSuffix(line, []byte("\n")), &ev)
				c.Add(&ev, v, 0)
			}
			c.Finish()
			r := c.Report()
			in, sum := &r.Input, &r.Totals
			if in.Understood != in.Lines {
				t.Errorf("understood %d of %d lines", in.Understood, in.Lines)
			}
			for _, tt := range []struct {
				what      string
				got, want int64
			}{
				{"bytes", int64(len(log)), truth.Bytes},
				{"lines", in.Lines, truth.Lines},
				{"received", sum.Received, truth.Received},
				{"notifications", sum.Notifications, truth.Notifications},
				{"deferred messages", sum.DeferredMessages, truth.DeferredMessages},
				{"recipients", sum.Recipients, truth.Recipients},
				{"delivered", sum.Delivered, truth.Delivered},
				{"bounced", sum.Bounced, truth.Bounced},
				{"expired", sum.Expired, truth.Expired},
				{"queued", sum.Queued, truth.Queued},
				{"deferred", sum.Deferred, truth.Deferred},
				{"rejected", sum.Rejected, truth.Rejected},
				{"connections", sum.Connections, truth.Connections},
				{"bytes received", sum.BytesReceived, truth.BytesReceived},
				{"discarded, removed, lost, forwarded", sum.Discarded + sum.Removed + sum.Lost + sum.Forwarded, 0},
			} {
				if tt.got != tt.want {
					t.Errorf("%s: %d, want %d", tt.what, tt.got, tt.want)
				}
			}
			if truth.Queued == 0 || truth.Expired == 0 || truth.Bounced == 0 {
				t.Errorf("the log shows too little: %+v", truth)
			}
			if got := column(t, r, "reasons", "attempts"); !maps.Equal(got, truth.Reasons) {
				t.Errorf("reasons: %v, want %v", got, truth.Reasons)
			}
			if got := column(t, r, "domains", "recipients"); !maps.Equal(got, truth.Domains) {
				t.Errorf("recipients by domain differ: %d domains, want %d", len(got), len(truth.Domains))
			}
		})
	}
}

// column is a column of a table by the table's first.
func column(t *testing.T, r *aggregate.Report, table, name string) map[string]int64 {
	got := map[string]int64{}
	for _, tab := range r.Tables {
		for i, c := range tab.Columns {
			if tab.Name != table || c.Name != name {
				continue
			}
			for _, row := range tab.Rows {
				if n := row[i].(int64); n > 0 {
					key, _ := row[0].(string)
					got[key] += n
				}
			}
			return got
		}
	}
	t.Fatalf("no column %s in table %s", name, table)
	return nil
}

// TestSame: a log depends on its options alone.
func TestSame(t *testing.T) {
	for _, opt := range kinds {
		opt.Bytes = 1 << 18
		a, _ := write(t, opt)
		b, _ := write(t, opt)
		opt.Seed++
		c, _ := write(t, opt)
		if !bytes.Equal(a, b) {
			t.Errorf("%+v: two logs differ", opt)
		}
		if bytes.Equal(a, c) {
			t.Errorf("%+v: another seed, the same log", opt)
		}
	}
}
