package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/smtplog/smtplog/internal/fixture"
)

// Monitoring goes by the exit code alone.
func TestCheckExitCodes(t *testing.T) {
	log := fixture.Testdata(t, "logs", "postfix.log")
	window := []string{"--year=2026", "--tz=UTC", "--since=2026-12-30", "--until=2026-12-31T06:00:00Z"}
	for _, test := range []struct {
		args string
		want int
	}{
		{"--min delivered=1", 0},
		{"--max queued=1,500", 1},
		{"--max queued=1", 2},
		{"--max queued=1,500 --min delivered=1000000", 2},
		{"--max queued=1,500 --max bounced=1000000", 1},
		{"--max moon=1", 3},
		{"--moon", 3},
		{"missing.log --max queued=1000000", 3},
	} {
		args := append([]string{"check", log}, window...)
		var out, errs bytes.Buffer
		got := run(context.Background(), append(args, strings.Fields(test.args)...), strings.NewReader(""), &out, &errs)
		if got != test.want {
			t.Errorf("check %s: exit code %d, want %d (%s)", test.args, got, test.want, errs.String())
		}
		if n := strings.Count(out.String(), "\n"); n != 1 || !strings.HasPrefix(out.String(), "SMTPLOG "+checkWords[test.want]+" - ") {
			t.Errorf("check %s: printed %q, want one line that begins with its state", test.args, out.String())
		}
	}
}
