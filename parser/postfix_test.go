package parser

import (
	"fmt"
	"strings"
	"testing"
)

// postfixEvent parses one text under a tag, without the frame reader.
func postfixEvent(tag, msg string) (ev Event, v Verdict) {
	return postfixEventOf(New(Options{}), tag, msg)
}

func postfixEventOf(p *Parser, tag, msg string) (ev Event, v Verdict) {
	f := frame{tag: []byte(tag), msg: []byte(msg)}
	switch {
	case !claimsPostfix(p, &f):
		return ev, Ignored
	case !p.parsePostfix(&f, &ev):
		return ev, Unrecognised
	}
	return ev, Understood
}

// postfixSummary writes the fields that are set, in a fixed order.
func postfixSummary(ev *Event, v Verdict) string {
	var b strings.Builder
	switch v {
	case Ignored:
		return "ignored"
	case Unrecognised:
		b.WriteString("unknown")
	default:
		b.WriteString(ev.Kind.String())
	}
	str := func(name string, val []byte) {
		if val != nil {
			fmt.Fprintf(&b, " %s=%q", name, val)
		}
	}
	word := func(name string, val fmt.Stringer) {
		if s := val.String(); s != "" {
			fmt.Fprintf(&b, " %s=%s", name, s)
		}
	}
	peer := func(name string, p Peer) {
		if p.Name == nil && p.IP == nil && p.Port == 0 && p.Helo == nil {
			return
		}
		fmt.Fprintf(&b, " %s=%s[%s]", name, p.Name, p.IP)
		if p.Port != 0 {
			fmt.Fprintf(&b, ":%d", p.Port)
		}
		str("helo", p.Helo)
	}
	word("dir", ev.Direction)
	word("sev", ev.Severity)
	word("stage", ev.Stage)
	word("origin", ev.Origin)
	for _, x := range []struct {
		on   bool
		name string
	}{{ev.NotAttempted, "not-attempted"}, {ev.SoftBounce, "soft-bounce"}, {ev.Late, "late"}, {ev.Cut, "cut"}} {
		if x.on {
			b.WriteString(" " + x.name)
		}
	}
	str("id", ev.QueueID)
	str("msgid", ev.MessageID)
	str("from", ev.Sender)
	str("to", ev.Recipient)
	str("orig_to", ev.OrigRecipient)
	peer("client", ev.Client)
	str("user", ev.User)
	peer("relay", ev.Relay)
	if ev.Has&HasSize != 0 {
		fmt.Fprintf(&b, " size=%d", ev.Size)
	}
	if ev.Has&HasNRcpt != 0 {
		fmt.Fprintf(&b, " nrcpt=%d", ev.NRcpt)
	}
	if ev.Has&HasDelay != 0 {
		fmt.Fprintf(&b, " delay=%v", ev.Delay)
	}
	if ev.Has&HasDelays != 0 {
		fmt.Fprintf(&b, " delays=%v", ev.Delays)
	}
	str("tls", ev.TLS)
	if ev.Code != 0 {
		fmt.Fprintf(&b, " code=%d", ev.Code)
	}
	word("enhanced", ev.Enhanced)
	word("dsn", ev.DSN)
	str("next", ev.NextQueueID)
	str("prev", ev.PrevQueueID)
	peer("prev-client", ev.PrevClient)
	str("detail", ev.Detail)
	str("text", ev.Text)
	return b.String()
}

// TestPostfixTraps has the lines that parsers of Postfix logs are known to stumble over. The
// numbers group rows by subject.
func TestPostfixTraps(t *testing.T) { runPostfix(t, postfixTraps) }

// TestPostfixObserved has the lines that the lab's scenarios made a Postfix 3.7 write.
func TestPostfixObserved(t *testing.T) { runPostfix(t, postfixObserved) }

// TestPostfixForged has lines whose addresses, names and replies imitate Postfix.
func TestPostfixForged(t *testing.T) { runPostfix(t, postfixForged) }

type postfixRow struct{ name, tag, msg, want string }

func runPostfix(t *testing.T, rows []postfixRow) {
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			ev, v := postfixEvent(r.tag, r.msg)
			if got := postfixSummary(&ev, v); got != r.want {
				t.Errorf("%s: %s\n got %s\nwant %s", r.tag, r.msg, got, r.want)
			}
		})
	}
}
