package parser

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/smtplog/smtplog/internal/fixture"
)

// postfixEachLine calls fn with every line of a file, compressed or not.
func postfixEachLine(t testing.TB, path string, fn func(n int, line []byte)) {
	t.Helper()
	for i, line := range fixture.Lines(t, path) {
		fn(i+1, line)
	}
}

// postfixFiles lists the published and the lab's Postfix logs.
func postfixFiles(t testing.TB) []string {
	t.Helper()
	all := slices.Concat(fixture.Glob(t, "corpora", "logs", "postfix-*.log*"), fixture.Glob(t, "corpora", "logs", "mixed-*.log*"),
		fixture.Glob(t, "lab", "logs", "postfix*", "mail*.log*"))
	slices.Sort(all)
	return all
}

// postfixProgram returns the programs of a file without syslog header by line.
func postfixProgram(t testing.TB, path string) []string {
	t.Helper()
	expect := strings.TrimSuffix(path, ".log") + ".expect.jsonl"
	switch filepath.Base(path) {
	case "postfix-sekoia.log", "postfix-whyscream.log", "postfix-syslogng-patterndb.log":
	default:
		return nil
	}
	var programs []string
	postfixEachLine(t, expect, func(n int, line []byte) {
		var e struct{ Program, Pattern string }
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("%s:%d: %v", expect, n, err)
		}
		programs = append(programs, e.Program+e.Pattern)
	})
	return programs
}

// TestPostfixCorpora measures how many Postfix lines are understood. With -v it prints those
// that are not.
func TestPostfixCorpora(t *testing.T) {
	var lines, understood int
	for _, path := range postfixFiles(t) {
		programs := postfixProgram(t, path)
		name := filepath.Base(filepath.Dir(path)) + "/" + filepath.Base(path)
		p := New(Options{Year: 2020, MTA: Postfix})
		var ev Event
		var all, known int
		postfixEachLine(t, path, func(n int, line []byte) {
			var v Verdict
			if programs != nil {
				if ev, v = postfixEventOf(p, postfixMessageTag(programs[n-1], string(line)), string(line)); v == Ignored || postfixFragment(programs[n-1]) {
					return
				}
			} else if v = p.Parse(line, &ev); v == Ignored {
				return
			}
			all++
			if v == Understood {
				known++
				return
			}
			if testing.Verbose() && !strings.Contains(path, "monozoide") {
				t.Logf("%s:%d: not understood: %s", name, n, line)
			}
		})
		if all == 0 {
			continue
		}
		share := 100 * float64(known) / float64(all)
		t.Logf("%-45s %6d of %6d understood, %.2f %%", name, known, all, share)
		if strings.Contains(path, "monozoide") { // words replaced by its anonymiser
			continue
		}
		lines, understood = lines+all, understood+known
		if all > 100 && share < 99 {
			t.Errorf("%s: %.2f %% understood, want 99 %%", name, share)
		}
	}
	share := 100 * float64(understood) / float64(lines)
	t.Logf("%-45s %6d of %6d understood, %.2f %%", "all but monozoide", understood, lines, share)
	if share < 99.9 {
		t.Errorf("%.2f %% understood, want 99.9 %%", share)
	}
}

// postfixFragment tells whether a pattern is for a part of a line.
func postfixFragment(pattern string) bool {
	switch pattern {
	case "POSTFIX_COMMAND_COUNTER_DATA", "POSTFIX_DELAYS", "POSTFIX_RELAY", "POSTFIX_TLS_FEATURES":
		return true
	}
	return false
}

// postfixPatternTag turns a pattern's name such as POSTFIX_SMTPD into a tag; a tag it keeps.
func postfixPatternTag(s string) string {
	if s == "" || strings.Contains(s, "/") || strings.ToUpper(s) != s {
		return s
	}
	s = strings.ToLower(strings.TrimPrefix(s, "POSTFIX_"))
	switch s {
	case "trivial_rewrite":
		s = "trivial-rewrite"
	case "script", "postfix_script":
		s = "postfix-script"
	case "relay", "smtp_relay":
		s = "relay/smtp"
	}
	return "postfix/" + s
}
