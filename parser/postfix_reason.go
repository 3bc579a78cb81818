package parser

import (
	"bytes"

	"github.com/smtplog/smtplog/status"
)

// failure reads why a delivery did not succeed: a quoted reply, a broken conversation, DNS
// or TCP or TLS trouble, or a local decision. It sets Origin, Stage, Code, Enhanced and Text
// and the relay where relay=none hid it. Postfix src/smtp/smtp_trouble.c, smtp_connect.c.
func (l *postfixLine) failure(text []byte) {
	ev := l.ev
	if rest, ok := cutPrefix(text, "delivery temporarily suspended: "); ok {
		ev.NotAttempted = true
		text = rest
	} else if ev.Kind == Deferred && ev.Relay.Name == nil && ev.Relay.IP == nil {
		// error(8) for qmgr(8): no agent was asked, as with defer_transports
		ev.NotAttempted = string(text) == "deferred transport" || string(text) == "mail transport unavailable"
	}
	ev.Text, ev.Enhanced, ev.Origin = text, ev.DSN, status.OriginLocal
	if hasSuffix(ev.Service, "cleanup") { // which returns mail of this host that it refuses
		ev.Stage = status.StageEndOfData
		return
	}
	if l.quoted(text) {
		return
	}
	if stage, ok := l.network(text); ok {
		ev.Origin, ev.Stage = status.OriginNetwork, stage
		if stage == status.StageConnect && bytes.IndexByte(ev.Relay.IP, '/') >= 0 {
			ev.Origin = status.OriginLocal // a socket of this host
		}
		return
	}
	// A local decision that names a host.
	for _, s := range [...]string{"message size ", "SMTPUTF8 is required", "local data error ", "SASL authentication failed"} {
		if hasPrefix(text, s) {
			if p, _, ok := findPeer(text); ok {
				l.relayed(p)
			}
			if s[0] == 'S' && s[1] == 'A' {
				ev.Stage = status.StageAuth
			}
			return
		}
	}
}

// quoted reads the reasons that quote a reply of a host.
func (l *postfixLine) quoted(text []byte) bool {
	ev := l.ev
	text, _ = cutPrefix(text, "Protocol error: ")
	if rest, ok := cutPrefix(text, "host "); ok {
		p, rest, ok := cutPeer(rest)
		if !ok {
			return false
		}
		if reply, ok := cutPrefix(rest, " said: "); ok {
			l.relayed(p)
			l.reply(reply)
			return true
		}
		if reply, ok := cutPrefix(rest, " refused to talk to me: "); ok {
			l.relayed(p)
			// The same words tell of the greeting and of EHLO or HELO.
			ev.Stage = status.StageConnect
			l.reply(reply)
			return true
		}
		return false
	}
	for _, s := range [...]struct {
		prefix, verb string
		stage        status.Stage
	}{
		{"SASL authentication failed; server ", " said: ", status.StageAuth},
		{"SASL [CACHED] authentication failed; server ", " said: ", status.StageAuth},
		{"TLS is required, but host ", " refused to start TLS: ", status.StageStartTLS},
	} {
		rest, ok := cutPrefix(text, s.prefix)
		if !ok {
			continue
		}
		p, rest, ok := cutPeer(rest)
		if !ok {
			return false
		}
		reply, ok := cutPrefix(rest, s.verb)
		if !ok {
			return false
		}
		l.relayed(p)
		ev.Stage = s.stage
		l.reply(reply)
		return true
	}
	return false
}

// network recognises DNS, TCP and TLS trouble: nobody replied.
func (l *postfixLine) network(text []byte) (stage status.Stage, ok bool) {
	if rest, ok := cutPrefix(text, "connect to "); ok {
		p, rest, ok := cutPeer(rest)
		if !ok || !hasPrefix(rest, ": ") {
			return 0, false
		}
		if i := lastIndexString(rest, " (port "); p.Port == 0 && i >= 0 { // before Postfix 2.4
			if n, _, ok := number(rest[i+len(" (port "):]); ok && n <= 65535 {
				p.Port = uint16(n)
			}
		}
		l.relayed(p)
		return status.StageConnect, true
	}
	if rest, ok := cutPrefix(text, "lost connection with "); ok {
		return l.broken(rest, " while ")
	}
	if rest, ok := cutPrefix(text, "conversation with "); ok {
		return l.broken(rest, " timed out while ")
	}
	if rest, ok := cutPrefix(text, "TLS is required, but was not offered by host "); ok {
		if p, _, ok := cutPeer(rest); ok {
			l.relayed(p)
		}
		return status.StageStartTLS, true
	}
	for _, s := range [...]string{"Cannot start TLS", "Server certificate not ", "TLSA lookup error ",
		"TLS policy lookup ", "REQUIRETLS ", "Certificate "} {
		if hasPrefix(text, s) {
			return status.StageStartTLS, true
		}
	}
	for _, s := range [...]string{"Host or domain name not found", "Name service error for ",
		"Error looking up name=", "unable to look up ", "no MX host for ", "unable to find primary relay for ",
		"DNSSEC ", "Host not found"} {
		if hasPrefix(text, s) {
			return 0, true
		}
	}
	if rest, ok := cutPrefix(text, "Domain "); ok { // RFC 7505
		return 0, hasSuffix(rest, " does not accept mail (nullMX)") || contains(rest, "(nullMX)")
	}
	return 0, false
}

// broken reads "host[ip] while sending RCPT TO" or "host[ip] timed out while ...".
func (l *postfixLine) broken(b []byte, while string) (stage status.Stage, ok bool) {
	p, rest, ok := cutPeer(b)
	if !ok {
		return 0, false
	}
	if rest, ok = cutPrefix(rest, while); !ok {
		return 0, false
	}
	l.relayed(p)
	return status.StageOf(rest), true
}

// relayed notes the host that a reason names, unless relay= has named one.
func (l *postfixLine) relayed(p Peer) {
	if l.ev.Relay.Name == nil && l.ev.Relay.IP == nil {
		l.ev.Relay = p
	}
}

// host reads the lines of smtp(8) about one host that precede, or go without, a recipient's
// status line: "host h[ip] said: 450 ... (in reply to RCPT TO command)", "connect to
// h[ip]:25: Connection refused".
func (l *postfixLine) host(b []byte) bool {
	switch b[0] {
	case 'C', 'h', 'c', 'l', 'P', 'S', 'T':
	default:
		return false
	}
	ev := l.ev
	if rest, ok := cutPrefix(b, "SASL authentication failed; cannot authenticate to server "); ok {
		ev.Relay, _, _ = cutPeer(rest)
		ev.Kind, ev.Direction, ev.Origin, ev.Stage, ev.Text = HostError, Out, status.OriginLocal, status.StageAuth, b
		return true
	}
	if !l.quoted(b) {
		if hasPrefix(b, "TLS") || hasPrefix(b, "SASL") {
			return false
		}
		stage, ok := l.network(b)
		if !ok {
			return false
		}
		ev.Origin, ev.Stage, ev.Text = status.OriginNetwork, stage, b
	}
	ev.Kind, ev.Direction = HostError, Out
	return true
}
