package parser

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/smtplog/smtplog/internal/fixture"
)

// eximLogs returns the Exim logs of the corpora and the lab.
func eximLogs(t testing.TB) []string {
	t.Helper()
	return append(fixture.Glob(t, "corpora", "logs", "exim-*.log*"), fixture.Glob(t, "lab", "logs", "exim*", "*log")...)
}

// TestEximCorpora holds the share of understood lines over all published logs, and the
// counts of flags against a plain search for them.
func TestEximCorpora(t *testing.T) {
	const want = 0.995
	understood, unknown := 0, 0
	for _, name := range eximLogs(t) {
		p := New(Options{Year: 2026, Zone: time.UTC})
		var n [3]int
		var kinds [kindCount]int
		grep := map[string]int{}
		var ev Event
		for _, line := range fixture.Lines(t, name) {
			v := p.Parse(line, &ev)
			n[v]++
			if v == Unrecognised {
				t.Logf("unknown: %s", line)
			}
			if v != Ignored {
				kinds[ev.Kind]++
				countFlag(line, grep)
			}
		}
		understood += n[Understood]
		unknown += n[Unrecognised]
		base := filepath.Join(filepath.Base(filepath.Dir(name)), filepath.Base(name))
		t.Logf("%-40s understood %5d, unknown %4d, ignored %4d: %.2f %%", base, n[Understood], n[Unrecognised], n[Ignored],
			100*float64(n[Understood])/float64(max(1, n[Understood]+n[Unrecognised])))
		for _, c := range []struct {
			flags string
			got   int
		}{
			{"<= (=", kinds[Received]},
			{"==", kinds[Deferred]},
			{"**", kinds[Bounced] + kinds[Expired] - grep["cancelled"]},
			{"=> -> >> *>", kinds[Delivered] + kinds[Discarded] - grep["discarded by"]},
		} {
			want := 0
			for flag := range strings.FieldsSeq(c.flags) {
				want += grep[flag]
			}
			if c.got != want {
				t.Errorf("%s: %d events for %s, want %d", base, c.got, c.flags, want)
			}
		}
	}
	share := float64(understood) / float64(understood+unknown)
	t.Logf("understood %d of %d: %.2f %%", understood, understood+unknown, 100*share)
	if share < want {
		t.Errorf("understood %.2f %% of Exim's lines, want %.2f %%", 100*share, 100*want)
	}
}

// countFlag counts a line's flag the plain way: the word after the queue ID.
func countFlag(line []byte, n map[string]int) {
	words := bytes.Fields(line)
	for i, w := range words {
		if i > 5 {
			break
		}
		if eximIDLen(w) == len(w) && len(w) > 0 && i+1 < len(words) {
			next := string(words[i+1])
			switch {
			case next == "cancelled":
				n[next]++
			case len(next) == 2, len(next) > 2 && (next[:2] == "==" || next[:2] == "<=") && next[2] != '=':
				n[next[:2]]++
			}
			break
		}
	}
	if bytes.Contains(line, []byte(": discarded by ")) {
		n["discarded by"]++
	}
}
