package parser

import (
	"bytes"

	"github.com/smtplog/smtplog/status"
)

// status reads the result for one recipient: "to=<a@b>, orig_to=<c>, relay=h[ip]:25,
// conn_use=2, delay=1.7, delays=0.1/0/0.9/0.7, tls=may, dsn=2.0.0, status=sent (text)".
// Keys that are not known pass. Everything after the status word is the next hop's text or
// Postfix's own, and no key in it counts. Postfix src/global/log_adhoc.c.
func (l *postfixLine) status(b []byte) bool {
	ev := l.ev
	for len(b) > 0 {
		key, rest, ok := cutByte(b, '=')
		if !ok {
			break
		}
		var val []byte
		switch string(key) {
		case "to":
			ev.Recipient, b = cutAngle(rest, ',')
		case "orig_to":
			ev.OrigRecipient, b = cutAngle(rest, ',')
		case "status":
			return l.outcome(rest)
		default:
			val, b = cutComma(rest)
			l.statusField(key, val)
		}
		b = trimLeft(trimLeftComma(b))
	}
	return false
}

func (l *postfixLine) statusField(key, val []byte) {
	ev := l.ev
	switch string(key) {
	case "relay":
		ev.Relay = relay(val)
	case "delay":
		if d, _, ok := seconds(val); ok {
			ev.Delay, ev.Has = d, ev.Has|HasDelay
		}
	case "delays":
		for i := range ev.Delays {
			d, rest, ok := seconds(val)
			if !ok {
				return
			}
			ev.Delays[i] = d
			if i == len(ev.Delays)-1 {
				ev.Has |= HasDelays
			} else if len(rest) > 0 && rest[0] == '/' {
				val = rest[1:]
			} else {
				return
			}
		}
	case "tls":
		ev.TLS = val
	case "dsn":
		ev.DSN, _, _ = status.ParseEnhanced(val)
	}
}

// relay reads relay=: "none" is absent, "local" or a pipe service is a name without address,
// "name[private/lmtp]" has the socket's path as address.
func relay(b []byte) (p Peer) {
	if string(b) == "none" {
		return p
	}
	if p, _, ok := cutPeer(b); ok {
		return p
	}
	if i := bytes.LastIndexByte(b, ':'); i > 0 && numericIP(b[:i]) { // "127.0.0.1:2525", a collector's
		if n, rest, ok := number(b[i+1:]); ok && len(rest) == 0 && n <= 65535 {
			return Peer{IP: b[:i], Port: uint16(n)}
		}
	}
	p.Name = b
	return p
}

// cutComma cuts b at ", ".
func cutComma(b []byte) (val, rest []byte) {
	for i := 0; i < len(b); i++ {
		if b[i] == ',' && (i+1 == len(b) || b[i+1] == ' ') {
			return b[:i], b[i:]
		}
	}
	return b, nil
}

func trimLeftComma(b []byte) []byte {
	if len(b) > 0 && b[0] == ',' {
		return b[1:]
	}
	return b
}

// maxWhole is from which length of its text on a line may have been cut: Postfix does it at 2000 bytes, and
// older log daemons cut a line at 1024 with its header.
const maxWhole = 900

// outcome reads what follows "status=": a word and, in parentheses, the reason.
func (l *postfixLine) outcome(b []byte) bool {
	ev := l.ev
	word, text, whole := b, []byte(nil), false
	if i := bytes.IndexByte(b, ' '); i >= 0 {
		word = b[:i]
		text, whole = parenthesised(b[i+1:])
	}
	probe := false
	switch string(trimComma(word)) {
	case "sent":
		ev.Kind = Delivered
	case "deferred":
		ev.Kind = Deferred
	case "SOFTBOUNCE":
		ev.Kind, ev.SoftBounce = Deferred, true
	case "bounced":
		ev.Kind = Bounced
	case "deliverable", "undeliverable", "undeliverable-but-not-cached", "deliverable-but-not-cached":
		ev.Kind, probe = Probe, true
	case "expired", "force-expired":
		ev.Kind = Expired
	default:
		return false
	}
	l.direction()
	switch {
	case ev.Kind == Delivered:
		l.sent(text)
	case probe && hasPrefix(word, "deliverable"):
		l.sent(text)
		ev.Kind = Probe
	default:
		ev.Cut = !whole || l.size >= maxWhole
		l.failure(text)
	}
	if probe {
		ev.Detail = trimComma(word)
	}
	return true
}

// direction follows from the relay, because a delivery service may have any name: a host has
// an address, local(8), virtual(8) and pipe(8) log a name alone.
func (l *postfixLine) direction() {
	ev := l.ev
	ev.Direction = Out
	switch {
	case ev.Relay.IP != nil || ev.Relay.Port != 0:
	case ev.Relay.Name != nil:
		ev.Direction = Local
	case string(l.daemon) == "local" || string(l.daemon) == "virtual" || string(l.daemon) == "pipe" || string(l.daemon) == "discard":
		ev.Direction = Local
	}
}

// parenthesised removes the parentheses around a reason. A line that syslog has cut has lost
// the last one, and is not whole.
func parenthesised(b []byte) (text []byte, whole bool) {
	b = trimRight(b)
	if len(b) == 0 || b[0] != '(' {
		return b, false
	}
	b = b[1:]
	n := len(b)
	for n > 0 && isDigit(b[n-1]) { // a collector's own number after the line
		n--
	}
	if n < len(b) && n > 1 && b[n-1] == ' ' && b[n-2] == ')' {
		return b[:n-2], true
	}
	if n := len(b); n > 0 && b[n-1] == ')' {
		return b[:n-1], true
	}
	return b, false
}

// sent reads the reason of a delivery: the next hop's reply, or local words.
func (l *postfixLine) sent(text []byte) {
	ev := l.ev
	ev.Text, ev.Enhanced, ev.Origin = text, ev.DSN, status.OriginLocal
	if ev.Direction == Local {
		if id, ok := cutPrefix(text, "forwarded as "); ok {
			ev.Kind, ev.NextQueueID = Forwarded, wordOf(id)
		} else if string(text) == "discarded" || string(l.daemon) == "discard" {
			ev.Kind = Discarded
		}
		return
	}
	if ev.Relay.IP == nil && ev.Relay.Name == nil {
		// Only discard(8) succeeds without a relay.
		ev.Kind, ev.Direction = Discarded, Local
		return
	}
	ev.Origin = status.OriginRemote
	l.reply(text)
	ev.NextQueueID = queuedAs(text)
	if hasPrefix(ev.Text, "Ok, discarded") { // a content filter threw it away
		ev.Kind = Discarded
	}
}

// reply reads a quoted reply. A malformed one, such as "550no space after code", has no code.
func (l *postfixLine) reply(text []byte) {
	ev := l.ev
	ev.Origin, ev.Enhanced = status.OriginRemote, status.Enhanced{}
	r := l.p.replies.Parse(text)
	ev.Code, ev.Enhanced, ev.Text = r.Code, r.Enhanced, r.Text
	if r.Stage != status.StageNone {
		ev.Stage = r.Stage
	}
}

// queuedAs finds the ID under which the next hop has taken a message: the last "queued as
// ID" (a filter quotes the reply of the hop behind it), or Exim's "OK id=ID".
func queuedAs(b []byte) []byte {
	const postfix, exim = "queued as ", "OK id="
	if i := lastIndexString(b, postfix); i >= 0 {
		return wordOf(b[i+len(postfix):])
	}
	if i := lastIndexString(b, exim); i >= 0 {
		return wordOf(b[i+len(exim):])
	}
	return nil
}
