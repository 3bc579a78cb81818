package parser

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/smtplog/smtplog/internal/fixture"
)

// expectedClients names the fields that other projects publish with their sample lines and
// that we have too: who the client was, and when.
var expectedClients = map[string]string{"exim-fail2ban": "host", "exim-fail2ban-spam": "host", "mixed-sshguard": "address"}

// clientExceptions are lines whose expected client we do not give, by file and line.
var clientExceptions = map[string]string{
	"exim-fail2ban-spam:6": "SA-Exim's own words, which only happen to name the host",
	"exim-fail2ban-spam:7": "SA-Exim's own words, which only happen to name the host",
	"exim-fail2ban-spam:8": "SA-Exim's own words, which only happen to name the host",
	"mixed-sshguard:1":     "a message without any frame",
	"mixed-sshguard:2":     "a message without any frame",
	"mixed-sshguard:32":    "postgrey's line, not Postfix's",
}

// TestExpectedClients compares the client and the time with what the sources of sample lines
// expect of them.
func TestExpectedClients(t *testing.T) {
	dir := fixture.Shared(t, "corpora", "logs")
	for name, field := range expectedClients {
		compared := 0
		p := New(Options{Year: 2005})
		for i, data := range fixture.Lines(t, filepath.Join(dir, name+".expect.jsonl")) {
			var e struct {
				Line, Section string
				Fields        map[string]any
			}
			if err := json.Unmarshal(data, &e); err != nil {
				t.Fatal(err)
			}
			if match, ok := e.Fields["match"].(bool); ok && !match {
				continue
			}
			if e.Section != "" && e.Section != "exim" && e.Section != "postfix" {
				continue
			}
			var ev Event
			v := p.Parse([]byte(e.Line), &ev)
			if why, ok := clientExceptions[fmt.Sprintf("%s:%d", name, i+1)]; ok {
				if string(ev.Client.IP) == e.Fields[field] {
					t.Errorf("%s:%d: no exception any more (%s)", name, i+1, why)
				}
				continue
			}
			if v == Ignored {
				t.Errorf("%s:%d: ignored: %s", name, i+1, e.Line)
				continue
			}
			compared++
			if got, want := string(ev.Client.IP), e.Fields[field]; got != want {
				t.Errorf("%s:%d: client %q, want %q: %s", name, i+1, got, want, e.Line)
			}
			if want, ok := e.Fields["time"].(string); ok && ev.Time.Format("2006-01-02T15:04:05") != want && !strings.HasPrefix(want, "2005") {
				t.Errorf("%s:%d: time %v, want %v", name, i+1, ev.Time, want)
			}
		}
		t.Logf("%s: %d lines compared", name, compared)
		if compared == 0 {
			t.Errorf("%s: nothing compared", name)
		}
	}
}
