package main

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/smtplog/smtplog/internal/fixture"
	"github.com/smtplog/smtplog/parser"
)

// grown returns how much of a log is there at a time, and some bytes of the next line.
func grown(text []byte, at time.Time, rng *rand.Rand) int {
	p := parser.New(parser.Options{Year: 2026})
	var ev parser.Event
	n := 0
	for line := range bytes.Lines(text) {
		if p.Parse(bytes.TrimSuffix(line, []byte("\n")), &ev); ev.Time.After(at) {
			return n + rng.IntN(len(line))
		}
		n += len(line)
	}
	return n
}

// TestLiveIsHistorical has logs grow by pieces that end anywhere, also within a line, and wants
// the report of the last `tail --once`, which went on from checkpoints, to be that of the whole.
func TestLiveIsHistorical(t *testing.T) {
	fixture.NoRace(t)
	for _, names := range [][]string{{"postfix.log"}, {"exim-rich.log"}, {"exim.rejectlog"}, {"postfix.log", "exim.log"}} {
		for seed := range uint64(2) {
			rng := rand.New(rand.NewPCG(seed, 9))
			dir := t.TempDir()
			var paths []string
			var texts [][]byte
			for i, name := range names {
				text, err := os.ReadFile(fixture.Testdata(t, "logs", name))
				if err != nil {
					t.Fatal(err)
				}
				paths = append(paths, filepath.Join(dir, string(rune('a'+i)), name)) // a folder for each host
				if err := os.Mkdir(filepath.Dir(paths[i]), 0o700); err != nil {
					t.Fatal(err)
				}
				texts = append(texts, text)
			}
			common := append([]string{"--year", "2026", "--tz", "UTC", "--format", "json"}, paths...)
			at := make([]int, len(texts))
			var live summary
			clock, end := time.Date(2026, 12, 30, 5, 0, 0, 0, time.UTC), time.Date(2026, 12, 31, 5, 0, 0, 0, time.UTC)
			for clock.Before(end) {
				clock = clock.Add(time.Duration(1 + rng.Int64N(int64(6*time.Hour))))
				for i, text := range texts {
					from := at[i]
					at[i] = max(from, grown(text, clock, rng))
					file, err := os.OpenFile(paths[i], os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
					if err != nil {
						t.Fatal(err)
					}
					if _, err := file.Write(text[from:at[i]]); err != nil {
						t.Fatal(err)
					}
					file.Close()
				}
				code, stdout, stderr := smtplog(t, "", append([]string{"tail", "--once", "--checkpoint", filepath.Join(dir, "state")}, common...)...)
				if code != 0 {
					t.Fatal(stderr)
				}
				live = summary{}
				if err := json.Unmarshal([]byte(stdout), &live); err != nil {
					t.Fatal(err)
				}
			}
			var whole summary
			if err := json.Unmarshal(output(t, append([]string{"report"}, common...)...), &whole); err != nil {
				t.Fatal(err)
			}
			if len(whole.Tables) < 10 || !reflect.DeepEqual(live.Input, whole.Input) {
				t.Errorf("%v, seed %d: input %+v, want %+v", names, seed, live.Input, whole.Input)
			}
			for name, n := range whole.Totals {
				if live.Totals[name] != n {
					t.Errorf("%v, seed %d: %s %v, want %v", names, seed, name, live.Totals[name], n)
				}
			}
			for i, table := range whole.Tables {
				if i >= len(live.Tables) || !reflect.DeepEqual(live.Tables[i], table) {
					t.Errorf("%v, seed %d: table %s differs", names, seed, table.Name)
				}
			}
		}
	}
}
