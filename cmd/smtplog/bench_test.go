package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/smtplog/smtplog/internal/generate"
)

// BenchmarkReport is the main job: the whole report of a busy relay's log, as main runs it.
func BenchmarkReport(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))
	for _, c := range []struct {
		name string
		opt  generate.Options
	}{{"postfix", generate.Options{}}, {"exim", generate.Options{Exim: true, LongIDs: true}}} {
		b.Run(c.name, func(b *testing.B) {
			c.opt.Bytes = 64 << 20
			var log bytes.Buffer
			truth, err := generate.Write(&log, c.opt)
			if err != nil {
				b.Fatal(err)
			}
			path := filepath.Join(b.TempDir(), "mail.log")
			if err := os.WriteFile(path, log.Bytes(), 0o600); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(truth.Bytes)
			b.ReportAllocs()
			for b.Loop() {
				var stderr strings.Builder
				if code := run(context.Background(), []string{"report", "--tz", "UTC", path}, nil, io.Discard, &stderr); code != 0 {
					b.Fatal(code, stderr.String())
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(truth.Lines), "ns/line")
		})
	}
}
