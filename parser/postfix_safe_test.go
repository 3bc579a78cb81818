package parser

import (
	"bytes"
	"testing"
)

// postfixRows returns the rows of all tables.
func postfixRows() []postfixRow {
	var rows []postfixRow
	for _, table := range [][]postfixRow{postfixTraps, postfixForged, postfixObserved} {
		rows = append(rows, table...)
	}
	return rows
}

// TestPostfixPrefixes parses every prefix of every table line: syslog cuts lines anywhere.
func TestPostfixPrefixes(t *testing.T) {
	p := New(Options{})
	for _, r := range postfixRows() {
		for i := range r.msg {
			checkPostfix(t, p, r.tag, []byte(r.msg[:i]))
		}
		checkPostfix(t, p, r.tag, []byte(r.msg))
	}
}

// FuzzPostfix looks for texts that panic, change the line, or give fields from nowhere.
func FuzzPostfix(f *testing.F) {
	for _, r := range postfixRows() {
		f.Add(r.tag, []byte(r.msg))
	}
	p := New(Options{})
	f.Fuzz(func(t *testing.T, tag string, msg []byte) { checkPostfix(t, p, tag, msg) })
}

// checkPostfix parses one text and checks what must hold for every text.
func checkPostfix(t *testing.T, p *Parser, tag string, msg []byte) {
	t.Helper()
	line := append([]byte(nil), msg...)
	fr := frame{tag: []byte(tag), msg: line[:len(line):len(line)]}
	if !claimsPostfix(p, &fr) {
		return
	}
	var ev Event
	ok := p.parsePostfix(&fr, &ev)
	if !bytes.Equal(line, msg) {
		t.Fatalf("%s: %q has been changed to %q", tag, msg, line)
	}
	if ok == (ev.Kind == None || ev.Kind == Unknown) {
		t.Fatalf("%s: %q: understood %v, but kind %q", tag, msg, ok, ev.Kind)
	}
	for name, b := range map[string][]byte{
		"queue ID": ev.QueueID, "message ID": ev.MessageID, "sender": ev.Sender,
		"recipient": ev.Recipient, "original recipient": ev.OrigRecipient, "user": ev.User,
		"client name": ev.Client.Name, "client": ev.Client.IP, "helo": ev.Client.Helo,
		"relay name": ev.Relay.Name, "relay": ev.Relay.IP, "tls": ev.TLS, "detail": ev.Detail,
		"next": ev.NextQueueID, "previous": ev.PrevQueueID,
	} {
		if !bytes.Contains(msg, b) {
			t.Fatalf("%s: %q: %s %q is not in the text", tag, msg, name, b)
		}
	}
	if ev.QueueID != nil && !isQueueID(ev.QueueID) || ev.PrevQueueID != nil && len(ev.PrevQueueID) == 0 {
		t.Fatalf("%s: %q: queue ID %q, previous %q", tag, msg, ev.QueueID, ev.PrevQueueID)
	}
	if ev.Code != 0 && (ev.Code < 200 || ev.Code > 599) {
		t.Fatalf("%s: %q: code %d", tag, msg, ev.Code)
	}
	if ev.Severity != SeverityNone && ev.Kind != Warning {
		t.Fatalf("%s: %q: severity %v of %v", tag, msg, ev.Severity, ev.Kind)
	}
	// Chatter of -v is never an event.
	if len(msg) > 1 && (msg[0] == '<' || msg[0] == '>') && ok && ev.Kind != Other {
		t.Fatalf("%s: %q: kind %v", tag, msg, ev.Kind)
	}
}

func TestPostfixNoAllocs(t *testing.T) {
	p := New(Options{})
	for _, r := range postfixRows() {
		f := frame{tag: []byte(r.tag), msg: []byte(r.msg)}
		var ev Event
		p.parsePostfix(&f, &ev) // the reply parser's buffer grows once
		if n := testing.AllocsPerRun(20, func() {
			ev = Event{}
			if claimsPostfix(p, &f) {
				p.parsePostfix(&f, &ev)
			}
		}); n != 0 {
			t.Errorf("parsePostfix: %v allocs, want 0: %s: %s", n, r.tag, r.msg)
		}
	}
}
