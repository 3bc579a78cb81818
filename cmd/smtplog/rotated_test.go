package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/smtplog/smtplog/internal/fixture"
)

// A log that was rotated between any two lines, the oldest part compressed, is the same as the
// log in one piece: the same messages and the same report, but for the files' names and size.
func TestRotatedSetIsTheWhole(t *testing.T) {
	fixture.NoRace(t)
	for _, name := range []string{"postfix.log", "exim.log"} {
		whole := fixture.Testdata(t, "logs", name)
		text := fixture.Read(t, whole)
		lines := bytes.SplitAfter(text, []byte("\n"))
		common := []string{"--year", "2026", "--tz", "UTC"}
		messages := append([]string{"messages", "--format", "ndjson"}, common...)
		report := append([]string{"report", "--format", "json"}, common...)
		wantMessages := output(t, append(messages, whole)...)
		wantReport := reportWithoutFiles(t, output(t, append(report, whole)...))
		for seed := range uint64(5) {
			rng := rand.New(rand.NewPCG(seed, 3))
			dir := t.TempDir()
			a := rng.IntN(len(lines) - 1)
			b := a + rng.IntN(len(lines)-a)
			var zipped bytes.Buffer
			z := gzip.NewWriter(&zipped)
			z.Write(bytes.Join(lines[:a], nil))
			z.Close()
			set := []string{filepath.Join(dir, "mail.log.2.gz"), filepath.Join(dir, "mail.log.1"), filepath.Join(dir, "mail.log")}
			for i, part := range [][]byte{zipped.Bytes(), bytes.Join(lines[a:b], nil), bytes.Join(lines[b:], nil)} {
				if err := os.WriteFile(set[i], part, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if got := output(t, append(messages, set...)...); !bytes.Equal(got, wantMessages) {
				t.Errorf("%s cut at lines %d and %d: other messages", name, a, b)
			}
			if got := reportWithoutFiles(t, output(t, append(report, set...)...)); got != wantReport {
				t.Errorf("%s cut at lines %d and %d: another report", name, a, b)
			}
		}
	}
}

// reportWithoutFiles is a report as JSON without the number, kinds and size of its files.
func reportWithoutFiles(t *testing.T, report []byte) string {
	t.Helper()
	var r map[string]any
	if err := json.Unmarshal(report, &r); err != nil {
		t.Fatal(err)
	}
	in := maps.Clone(r["input"].(map[string]any))
	for _, about := range []string{"files", "bytes", "kinds"} {
		delete(in, about)
	}
	r["input"] = in
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
