package main

import (
	"encoding/json"
	"math"
	"net/netip"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/smtplog/smtplog/internal/fixture"
	"github.com/smtplog/smtplog/parser"
)

// secrets are what a log names: nothing of it may be in an output.
type secrets struct {
	someone string          // a failed recipient's address
	names   map[string]bool // local parts, user names, left sides of Message-IDs; in lower case
	ips     map[string]bool
}

// kept are names of tasks, and words that replies are made of: anonymize leaves them, the last
// line's where nothing says that they name somebody.
var kept = strings.Fields("postmaster root mailer-daemon abuse double-bounce nobody noreply no-reply hostmaster webmaster noc security " +
	"a account address admin all bounce by data error from host in info is local mail mailbox me message no not of on or recipient reply sender server service smtp spam test the to unknown user you " +
	"bad full list none quota slow")

func (s *secrets) name(b []byte) {
	name := string(b)
	if at := strings.LastIndexByte(name, '@'); at >= 0 {
		name = name[:at]
	}
	name = strings.ToLower(strings.Trim(name, `"`))
	if len(name) > 2 && strings.Trim(name, "0123456789") != "" && !slices.Contains(kept, name) && name[0] != '/' && name[0] != '|' {
		s.names[name] = true
	}
}

func (s *secrets) ip(b []byte) {
	if ip, err := netip.ParseAddr(string(b)); err == nil && !ip.IsLoopback() {
		bits := map[bool]int{true: 24, false: 48}[ip.Is4()]
		if network, _ := ip.Prefix(bits); network.Addr() != ip {
			s.ips[ip.String()] = true
		}
	}
}

func learn(t testing.TB, paths []string) *secrets {
	s := &secrets{names: map[string]bool{}, ips: map[string]bool{}}
	for _, path := range paths {
		p := parser.New(parser.Options{Year: 2026, Zone: time.UTC})
		var ev parser.Event
		for _, line := range fixture.Lines(t, path) {
			p.Parse(line, &ev)
			if ev.Kind == parser.Bounced && s.someone == "" && strings.Contains(string(ev.Recipient), "@") {
				s.someone = string(ev.Recipient)
			}
			for _, b := range [][]byte{ev.Sender, ev.Recipient, ev.OrigRecipient, ev.User, ev.MessageID} {
				s.name(b)
			}
			if !strings.Contains(string(ev.Recipients), `"`) {
				for name := range strings.FieldsSeq(string(ev.Recipients)) {
					s.name([]byte(name))
				}
			}
			for _, peer := range []parser.Peer{ev.Client, ev.PrevClient, ev.Relay} {
				s.ip(peer.IP)
				s.ip([]byte(strings.Trim(string(peer.Helo), "[]")))
			}
		}
	}
	if len(s.names) < 100 || len(s.ips) < 5 {
		t.Fatalf("%d names, %d addresses: too few to be a test", len(s.names), len(s.ips))
	}
	return s
}

// domains are what stands behind an @ or is a host name: they stay.
var domains = regexp.MustCompile(`@?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.(example|com|org|net|local)\b|"file":"[^"]*"`)

// leaks returns what of s an output holds, and where: up to enough of it, or all.
func (s *secrets) leaks(output string, enough int) map[string]string {
	found := map[string]string{}
	alnum := func(r rune) bool { return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }
	for line := range strings.Lines(output) {
		if len(found) >= enough {
			break
		}
		for w := range strings.FieldsFuncSeq(line, func(r rune) bool { return !alnum(r) && r != '.' && r != ':' }) {
			if ip, err := netip.ParseAddr(strings.Trim(w, ".")); err == nil && s.ips[ip.String()] {
				found[w] = line
			}
		}
		bare := strings.ToLower(domains.ReplaceAllLiteralString(line, "@"))
		for _, of := range []string{"._+=#-", ""} { // what else words are made of
			for w := range strings.FieldsFuncSeq(bare, func(r rune) bool { return !alnum(r) && !strings.ContainsRune(of, r) }) {
				if w = strings.Trim(w, ".-"); s.names[w] {
					found[w] = line
				}
			}
		}
	}
	return found
}

// Nothing that names a person or a client is in any output of any command, and every total is
// what it is without the flag.
func TestAnonymizeEverywhere(t *testing.T) {
	fixture.NoRace(t)
	t.Parallel()
	sets := map[string][]string{
		"postfix":   {fixture.Testdata(t, "logs", "postfix.log")},
		"exim":      {fixture.Testdata(t, "logs", "exim.log"), fixture.Testdata(t, "logs", "exim.rejectlog")},
		"exim-rich": {fixture.Testdata(t, "logs", "exim-rich.log")},
	}
	for name, logs := range sets {
		t.Run(name, func(t *testing.T) {
			s := learn(t, logs)
			common := append([]string{"--year", "2026", "--tz", "UTC"}, logs...)
			commands := [][]string{
				{"report", "--format", "json"}, {"events"}, {"report", "--format", "html"}, {"report"}, {"report", "--mail"},
				{"report", "--by", "sender,recipient,user,client,relay,host,reply", "--format", "csv"},
				{"bounces", "--format", "json"}, {"messages"}, {"messages", "--format", "csv"}, {"events", "--format", "csv"},
				{"bounces", "--per-sender"}, {"bounces", "--suppress", "--format", "csv"},
				{"trace", s.someone, "--format", "json"}, {"trace", s.someone}, {"doctor"},
			}
			for _, command := range commands {
				args := append(slices.Clone(command), common...)
				code, plain, _ := smtplog(t, "", args...)
				hidden, out, stderr := smtplog(t, "", append(args, "--anonymize=key")...)
				for _, log := range logs { // the folder may well be called like somebody
					folder := strings.NewReplacer(filepath.Dir(log)+"/", "")
					plain, out, stderr = folder.Replace(plain), folder.Replace(out), folder.Replace(stderr)
				}
				if code != hidden || out == "" {
					t.Errorf("%q: exit %d, want %d: %s", command, hidden, code, stderr)
				}
				leaks, n := s.leaks(out+stderr, math.MaxInt), 0
				for what, line := range leaks {
					if n++; n <= 12 {
						t.Errorf("%q: %s in %.300s", command, what, line)
					}
				}
				if n > 12 {
					t.Errorf("%q: and %d more", command, n-12)
				}
				if len(s.leaks(plain, 1)) == 0 && command[0] != "doctor" {
					t.Errorf("%q: names nobody even without --anonymize: this test would see nothing", command)
				}
				if command[len(command)-1] == "json" && command[0] != "trace" {
					compareReports(t, plain, out)
				}
			}
		})
	}
}

// compareReports checks that pseudonyms change no number: the totals, and every table that names
// nobody.
func compareReports(t *testing.T, plain, hidden string) {
	t.Helper()
	type report struct {
		Totals map[string]int64
		Tables []struct {
			Name    string
			Columns []struct{ Name string }
			Rows    [][]any
		}
	}
	var a, b report
	if err := json.Unmarshal([]byte(plain), &a); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(hidden), &b); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(a.Totals, b.Totals) || a.Totals["recipients"] == 0 {
		t.Errorf("totals %v, want %v", b.Totals, a.Totals)
	}
	compared := 0
	for i, want := range a.Tables {
		got := b.Tables[i]
		same := len(want.Columns) // columns that must be the same: those of texts and distinct clients need not
		switch want.Name {
		case "bounces":
			if len(got.Rows) != len(want.Rows) {
				t.Errorf("%s: %d rows, want %d", want.Name, len(got.Rows), len(want.Rows))
			}
			continue
		case "by_reason":
			same = 6 // then distinct addresses: those of one name at hosts of one network are one
		case "status", "reasons", "categories", "over_time", "domains", "domain_reasons", "providers", "enhanced", "delays":
		default:
			continue
		}
		compared++
		literal := func(row []any) bool { s, ok := row[0].(string); return ok && strings.HasPrefix(s, "[") } // of one network: one row
		gotRows, wantRows := slices.DeleteFunc(got.Rows, literal), slices.DeleteFunc(want.Rows, literal)
		for _, rows := range [][][]any{gotRows, wantRows} {
			for i := range rows {
				rows[i] = rows[i][:same]
			}
		}
		if !reflect.DeepEqual(gotRows, wantRows) {
			t.Errorf("%s: %v, want %v", want.Name, gotRows, wantRows)
		}
	}
	if compared == 0 {
		t.Error("no table was compared")
	}
}
