package aggregate

import (
	"testing"

	"github.com/smtplog/smtplog/internal/fixture"
	"github.com/smtplog/smtplog/parser"
)

func BenchmarkReport(b *testing.B) {
	lines := fixture.Lines(b, fixture.Testdata(b, "logs", "postfix.log"))
	n := 0
	for _, l := range lines {
		n += len(l) + 1
	}
	b.SetBytes(int64(n))
	b.ReportAllocs()
	for b.Loop() {
		c, _ := NewCollector(Options{})
		p := parser.New(parser.Options{Year: 2026})
		var ev parser.Event
		for _, line := range lines {
			v := p.Parse(line, &ev)
			c.Add(&ev, v, 0)
		}
		c.Finish()
		c.Report()
	}
	b.ReportMetric(float64(len(lines))*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}
