package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

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

// A log that has stopped is said, and with --max silence a fault: a quiet night is none.
func TestCheckSilence(t *testing.T) {
	t.Setenv("TZ", "UTC")
	state := filepath.Join(t.TempDir(), "state")
	for _, test := range []struct {
		age        time.Duration
		args, want string // the line begins so
		quiet      bool
	}{
		{10 * time.Minute, "--max bounced=0", "OK - bounced 0 |", false},
		{10 * time.Minute, "--max silence=5m,15m", "WARNING - silence 10m (warning: more than 5m) |", false},
		{-time.Minute, "--max silence=5m", "OK - silence 0s |", false},
		{2 * time.Hour, "--max bounced=0", "OK - bounced 0; no line in the last 1h, the last at ", true},
		{2 * time.Hour, "--max bounced=0 --window 3h", "OK - bounced 0 |", false},
		{2 * time.Hour, "--max silence=15m,1h", "CRITICAL - silence 2h (critical: more than 1h); no line in the last 1h", true},
		{2 * time.Hour, "--max silence=1h --sender a@b.example", "CRITICAL - silence 2h (critical", true},
		{2 * time.Hour, "--max silence=1h --checkpoint " + state, "CRITICAL - silence 2h (critical", true},
		{40 * 24 * time.Hour, "--max bounced=0", "OK - bounced 0; no line in the last 1h, the last at ", true}, // it is not even read
		{40 * 24 * time.Hour, "--max silence=1w", "CRITICAL - silence 960h (critical: more than 168h)", true},
		{2 * time.Hour, "--max silence=1h --until now", "UNKNOWN - silence goes by the present time", false},
	} {
		log := filepath.Join(t.TempDir(), "mail.log")
		line := time.Now().Add(-test.age).Format(time.RFC3339) + " mx postfix/qmgr[1]: 3A1B2C3D4E: removed\n"
		if err := os.WriteFile(log, []byte(line), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, format := range []string{"table", "json"} {
			os.Remove(state)
			var out, errs bytes.Buffer
			run(context.Background(), append([]string{"check", log, "--format", format}, strings.Fields(test.args)...), strings.NewReader(""), &out, &errs)
			got, want := out.String(), "SMTPLOG "+test.want
			if format == "table" && !strings.HasPrefix(regexp.MustCompile(`(silence \d+[hm])(?:0m)?\d+s`).ReplaceAllString(got, "$1"), want) {
				t.Errorf("age %v, check %s: %q, want %q", test.age, test.args, got, want)
			}
			if quiet := strings.Contains(got, "no line in the last 1h, the last at "); quiet != test.quiet {
				t.Errorf("age %v, check %s --format %s: %q: says that there is no line: %v, want %v", test.age, test.args, format, got, quiet, test.quiet)
			}
		}
	}
}
