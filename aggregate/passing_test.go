package aggregate

import (
	"testing"

	"github.com/smtplog/smtplog/parser"
)

// Ends of sessions are passed over until a message was put on hold before it had a queue ID: it is
// tied to its session, whichever way that line was counted.
func TestPassingKnowsHolds(t *testing.T) {
	c, err := NewCollector(Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := parser.New(parser.Options{Year: 2026})
	d := parser.Digester{Parser: p, Passing: c.Passing()}
	passed := func() bool {
		var out parser.Digest
		line := "Nov  3 04:05:09 mx postfix/smtpd[811]: disconnect from h.example[192.0.2.1] ehlo=1 quit=1 commands=2\n"
		d.Lines(append(out.Room(len(line)), line...), &out)
		if out.Len() != 1 || out.Understood != 1 {
			t.Fatalf("%d events of %d lines", out.Len(), out.Understood)
		}
		return out.Tick(0)
	}
	if !passed() {
		t.Error("the end of a session is an event")
	}
	var ev parser.Event
	hold := "Nov  3 04:05:10 mx postfix/smtpd[811]: NOQUEUE: hold: RCPT from h.example[192.0.2.1]: <u@d.example>: Recipient address triggers HOLD action; from=<a@b.example> to=<u@d.example> proto=ESMTP helo=<h>"
	v := p.Parse([]byte(hold), &ev)
	if ev.Kind != parser.Held {
		t.Fatal(ev.Kind)
	}
	c.Add(&ev, v, 0)
	if passed() {
		t.Error("the end of a session is passed over although a message is tied to it")
	}
}
