package aggregate

import (
	"bytes"
	"testing"

	"github.com/smtplog/smtplog/internal/generate"
	"github.com/smtplog/smtplog/parser"
)

// parsedLog is a generated log with its events, each of which owns its bytes.
type parsedLog struct {
	lines  [][]byte
	events []parser.Event
	size   int64
}

func generated(b *testing.B, exim bool) parsedLog {
	b.Helper()
	var log bytes.Buffer
	if _, err := generate.Write(&log, generate.Options{Exim: exim, Bytes: 2 << 20}); err != nil {
		b.Fatal(err)
	}
	p := parser.New(parser.Options{Year: generate.Start.Year()})
	p.Prime(log.Bytes()[:1<<16])
	g := parsedLog{size: int64(log.Len())}
	for line := range bytes.Lines(log.Bytes()) {
		var ev parser.Event
		line = bytes.TrimSuffix(line, []byte("\n"))
		p.Parse(line, &ev)
		g.lines, g.events = append(g.lines, line), append(g.events, ev.Clone())
	}
	return g
}

// each runs f for a log of either MTA and tells its speed.
func each(b *testing.B, f func(b *testing.B, g parsedLog)) {
	for _, exim := range []bool{false, true} {
		g := generated(b, exim)
		b.Run(map[bool]string{false: "postfix", true: "exim"}[exim], func(b *testing.B) {
			b.SetBytes(g.size)
			b.ReportAllocs()
			f(b, g)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(g.lines)), "ns/line")
		})
	}
}

// BenchmarkReport is all but reading: parser, classifier, ledger, tables.
func BenchmarkReport(b *testing.B) {
	each(b, func(b *testing.B, g parsedLog) {
		for b.Loop() {
			c, _ := NewCollector(Options{})
			p := parser.New(parser.Options{Year: generate.Start.Year()})
			var ev parser.Event
			for _, line := range g.lines {
				v := p.Parse(line, &ev)
				c.Add(&ev, v, 0)
			}
			c.Finish()
			c.Report()
		}
	})
}

// BenchmarkClassify gives every failure its reason and folds its text.
func BenchmarkClassify(b *testing.B) {
	each(b, func(b *testing.B, g parsedLog) {
		c, _ := NewCollector(Options{})
		prepare := c.Preparer()
		var ev parser.Event
		for b.Loop() {
			for i := range g.events {
				ev = g.events[i]
				prepare(&ev)
			}
		}
	})
}

// BenchmarkLedger joins events into messages.
func BenchmarkLedger(b *testing.B) {
	each(b, func(b *testing.B, g parsedLog) {
		var ev parser.Event
		for b.Loop() {
			l := NewLedger(func(*Message) {})
			for i := range g.events {
				ev = g.events[i]
				l.Add(&ev, 0)
			}
			l.Close()
		}
	})
}

// BenchmarkTables counts events and messages into each table alone.
func BenchmarkTables(b *testing.B) {
	g := generated(b, false)
	var messages []*Message
	c, _ := NewCollector(Options{Tables: []string{}, Release: func(m *Message) { messages = append(messages, m) }})
	of := make([]*Message, len(g.events))
	for i := range g.events {
		of[i], _ = c.Event(&g.events[i], 0)
		g.events[i] = g.events[i].Clone()
	}
	c.Finish()
	for _, name := range TableNames(false) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(g.size)
			b.ReportAllocs()
			c, err := NewCollector(Options{Tables: []string{name}})
			if err != nil {
				b.Fatal(err)
			}
			view := &c.view
			for b.Loop() {
				for i := range g.events {
					*view = View{Event: &g.events[i], Message: of[i], zone: c.opt.Zone, every: everyHour, reasons: c.reasons}
					c.sums.event(view)
				}
				for _, m := range messages {
					c.record(m, into(&c.sums))
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(g.lines)), "ns/line")
		})
	}
}
