package render

import (
	"io"
	"testing"

	"github.com/smtplog/smtplog/aggregate"
)

// BenchmarkReport writes a report in each form.
func BenchmarkReport(b *testing.B) {
	r := sample(b, "postfix.log", aggregate.Options{})
	for _, format := range []string{"table", "json", "markdown", "html"} {
		b.Run(format, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := Report(io.Discard, r, format, Options{Width: 100, Top: 10}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
