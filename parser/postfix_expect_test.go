package parser

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/smtplog/smtplog/internal/fixture"
)

// expectField says which of our fields another project's field is; any of the values will
// do.
type expectField struct {
	path string // keys of nested objects joined by /
	ours func(ev *Event) []string
}

func expectOne(get func(ev *Event) []byte) func(ev *Event) []string {
	return func(ev *Event) []string { return []string{string(get(ev))} }
}

func expectPort(get func(ev *Event) Peer) func(ev *Event) []string {
	return func(ev *Event) []string { return []string{fmt.Sprint(get(ev).Port)} }
}

var (
	ourQueueID   = expectOne(func(ev *Event) []byte { return ev.QueueID })
	ourNextID    = expectOne(func(ev *Event) []byte { return ev.NextQueueID })
	ourMessageID = func(ev *Event) []string { return []string{string(ev.MessageID), "<" + string(ev.MessageID) + ">"} }
	ourClientIP  = expectOne(func(ev *Event) []byte { return ev.Client.IP })
	ourClient    = expectOne(func(ev *Event) []byte { return ev.Client.Name })
	ourHelo      = expectOne(func(ev *Event) []byte { return ev.Client.Helo })
	ourRelayIP   = expectOne(func(ev *Event) []byte { return ev.Relay.IP })
	ourRelay     = expectOne(func(ev *Event) []byte { return ev.Relay.Name })
	ourSender    = expectOne(func(ev *Event) []byte { return ev.Sender })
	ourRecipient = expectOne(func(ev *Event) []byte { return ev.Recipient })
	ourOrigTo    = expectOne(func(ev *Event) []byte { return ev.OrigRecipient })
	ourUser      = expectOne(func(ev *Event) []byte { return ev.User })
	ourDetail    = expectOne(func(ev *Event) []byte { return ev.Detail })
	ourCode      = func(ev *Event) []string { return []string{fmt.Sprint(ev.Code)} }
	ourEnhanced  = func(ev *Event) []string { return []string{ev.Enhanced.String(), ev.DSN.String()} }
	ourPort      = expectPort(func(ev *Event) Peer { return ev.Client })
	ourRelayPort = expectPort(func(ev *Event) Peer { return ev.Relay })
	// Some name whoever is at the other end.
	ourPeerIP   = func(ev *Event) []string { return []string{string(ev.Client.IP), string(ev.Relay.IP)} }
	ourPeer     = func(ev *Event) []string { return []string{string(ev.Client.Name), string(ev.Relay.Name)} }
	ourPeerPort = func(ev *Event) []string { return append(ourPort(ev), ourRelayPort(ev)...) }
)

var expectFields = map[string][]expectField{
	"postfix-whyscream": {
		{"postfix_queueid", ourQueueID}, {"postfix_bounce_queueid", ourNextID},
		{"postfix_message-id", ourMessageID}, {"postfix_client_ip", ourPeerIP},
		{"postfix_client_hostname", ourPeer}, {"postfix_client_port", ourPeerPort},
		{"postfix_relay_ip", ourRelayIP}, {"postfix_relay_hostname", ourRelay},
		{"postfix_relay_port", ourRelayPort}, {"postfix_status_code", ourCode},
		{"postfix_status_code_enhanced", ourEnhanced}, {"postfix_dnsbl_domain", ourDetail},
		{"postfix_from", ourSender}, {"postfix_to", ourRecipient}, {"postfix_helo", ourHelo},
	},
	"postfix-sekoia": {
		{"postfix/queue_id/local", ourQueueID}, {"postfix/queue_id/remote", ourNextID},
		{"email/from/address", ourSender}, {"email/to/address", ourRecipient},
		{"email/message_id", ourMessageID}, {"postfix/orig_to", ourOrigTo},
		{"source/ip", ourPeerIP}, {"source/port", ourPeerPort}, {"destination/ip", ourPeerIP},
		{"destination/port", ourPeerPort}, {"user/name", ourUser},
	},
	"postfix-crowdsec": {
		{`Evt.Meta["source_ip"]`, ourClientIP}, {`Evt.Meta["source_hostname"]`, ourClient},
		{`Evt.Parsed["helo"]`, ourHelo}, {`Evt.Parsed["smtp_basic_status_code"]`, ourCode},
		{`Evt.Parsed["smtp_enhanced_status_code"]`, ourEnhanced},
	},
	"postfix-fail2ban": {{"host", ourClientIP}, {"user", ourUser}},
	"postfix-syslogng-patterndb": {
		{"postfix.qid", ourQueueID}, {"postfix.client.ip", ourPeerIP},
		{"postfix.client.hostname", ourPeer}, {"postfix.helo", ourHelo},
		{"postfix.sender", ourSender}, {"postfix.recipient", ourRecipient},
		{"postfix.relay.hostname", ourRelay}, {"postfix.relay.ip", ourRelayIP},
		{"postfix.to", ourRecipient}, {"postfix.orig_to", ourOrigTo},
		{"postfix.result.code", ourCode}, {"postfix.result.dsn", ourEnhanced},
		{"postfix.dsn", ourEnhanced},
	},
}

// expectExceptions are the fields in which we differ on purpose, by file, line and field.
var expectExceptions = map[string]string{
	`crowdsec:4 Evt.Parsed["helo"]`:       "theirs is the address that the reply quotes",
	`crowdsec:5 Evt.Parsed["helo"]`:       "theirs is the address that the reply quotes",
	"sekoia:70 destination/port":          "a TCP table's server, not a host that takes mail",
	"sekoia:91 email/from/address":        "theirs is the header's address; ours is the envelope's",
	"sekoia:92 email/from/address":        "theirs is the header's address; ours is the envelope's",
	"sekoia:93 email/from/address":        "theirs is the header's address; ours is the envelope's",
	"sekoia:101 source/port":              "theirs is a port inside the next hop's reply",
	"whyscream:94 postfix_from":           "the null sender is <> here",
	"whyscream:97 postfix_relay_hostname": "part of a line",
}

// TestPostfixExpect compares our fields with those that other projects publish with their
// sample lines, where both have them.
func TestPostfixExpect(t *testing.T) {
	dir := fixture.Shared(t, "corpora", "logs")
	seen := map[string]bool{}
	for _, name := range []string{"postfix-crowdsec", "postfix-fail2ban", "postfix-sekoia",
		"postfix-syslogng-patterndb", "postfix-whyscream"} {
		compared, lines := 0, 0
		p := New(Options{Year: 2020, MTA: Postfix})
		postfixEachLine(t, filepath.Join(dir, name+".expect.jsonl"), func(n int, data []byte) {
			var e struct {
				Line, Program, Pattern string
				Fields                 map[string]any
			}
			if err := json.Unmarshal(data, &e); err != nil {
				t.Fatalf("%s:%d: %v", name, n, err)
			}
			var ev Event
			var v Verdict
			switch name {
			case "postfix-crowdsec", "postfix-fail2ban":
				v = p.Parse([]byte(e.Line), &ev)
			default:
				ev, v = postfixEventOf(p, postfixMessageTag(e.Program+e.Pattern, e.Line), e.Line)
			}
			if v == Ignored || name == "postfix-fail2ban" && e.Fields["match"] != true {
				return
			}
			lines++
			for _, f := range expectFields[name] {
				want, ok := expectLookup(e.Fields, f.path)
				if !ok {
					continue
				}
				key := fmt.Sprintf("%s:%d %s", strings.TrimPrefix(name, "postfix-"), n, f.path)
				if _, ok := expectExceptions[key]; ok {
					seen[key] = true
					continue
				}
				if want == "NOQUEUE" { // is no queue ID
					want = ""
				}
				compared++
				if got := f.ours(&ev); !expectAny(got, want) {
					t.Errorf("%s: got %q, want %q\n\t%s", key, got, want, e.Line)
				}
			}
		})
		t.Logf("%-30s %4d fields of %3d lines compared", name, compared, lines)
	}
	for key := range expectExceptions {
		if !seen[key] {
			t.Errorf("exception %q is not used", key)
		}
	}
}

// postfixMessageTag gives a line without syslog header its tag.
func postfixMessageTag(program, line string) string {
	if tag := postfixPatternTag(program); tag != "" && tag != "-" {
		return tag
	}
	if looksPostfix([]byte(line)) {
		return "postfix"
	}
	return ""
}

// expectLookup finds a value in nested objects, a list's first element for a list.
func expectLookup(m map[string]any, path string) (string, bool) {
	var v any = m
	if direct, ok := m[path]; ok {
		v = direct
	} else {
		for _, key := range strings.Split(path, "/") {
			m, ok := v.(map[string]any)
			if !ok {
				return "", false
			}
			if v, ok = m[key]; !ok {
				return "", false
			}
		}
	}
	if list, ok := v.([]any); ok && len(list) > 0 {
		v = list[0]
	}
	switch v := v.(type) {
	case string:
		return v, true
	case float64:
		return fmt.Sprint(int(v)), true
	}
	return "", false
}

func expectAny(got []string, want string) bool {
	for _, s := range got {
		if bytes.EqualFold([]byte(s), []byte(want)) {
			return true
		}
	}
	return false
}
