package parser

import "github.com/smtplog/smtplog/status"

// parseEximQueue parses what happens to a message in the queue: frozen, thawed, removed,
// cancelled.
func (p *Parser) parseEximQueue(b []byte, ev *Event) bool {
	if len(ev.QueueID) == 0 {
		return false
	}
	switch b[0] {
	case '"':
		// "old@d" from env-to rewritten as "new@d" by rule 1: the <= line names the old one
		if old, rest, ok := cutString(b[1:], `" from env-to rewritten as "`); ok {
			if addr, _, ok := cutString(rest, `" by rule `); ok {
				ev.Kind, ev.Text, ev.OrigRecipient, ev.Recipient = Other, b, old, addr
				return true
			}
		}
	case 'F', 'f':
		// Frozen, Frozen (delivery error message), Frozen by the system filter: text, frozen by root
		if rest := b[1:]; string(rest) == "rozen" || hasPrefix(rest, "rozen ") {
			ev.Kind, ev.Origin = Held, status.OriginLocal
			_, ev.Text = cutWord(b)
			ev.Text = trimLeft(ev.Text)
			return true
		}
	case 'M':
		if string(b) == "Message is frozen" {
			ev.Kind, ev.Origin = Held, status.OriginLocal
			return true
		}
		if hasPrefix(b, "Message removed ") {
			ev.Kind, ev.Origin = Removed, status.OriginLocal
			return true
		}
	case 'U', 'u':
		if hasPrefix(b[1:], "nfrozen by ") {
			ev.Kind, ev.Text = Released, b
			return true
		}
	case 'r':
		if rest, ok := cutPrefix(b, "recipient <"); ok && contains(rest, "> added by ") { // exim -Mar
			ev.Recipients, _ = cutEximAngle(b[len("recipient "):])
			ev.Kind, ev.Text = Other, b
			return true
		}
		if hasPrefix(b, "removed by ") {
			ev.Kind, ev.Origin, ev.Text = Removed, status.OriginLocal, b
			return true
		}
	case 'c':
		// for all recipients that are not done yet; no ** follows
		if hasPrefix(b, "cancelled by ") {
			ev.Kind, ev.Origin, ev.Text = Bounced, status.OriginLocal, b
			return true
		}
	case 'a':
		if rest, ok := cutPrefix(b, "address <"); ok && contains(rest, "> marked delivered by ") {
			ev.Recipient, _ = cutEximAngle(b[len("address "):])
			ev.Kind, ev.Origin, ev.Text = Removed, status.OriginLocal, b
			return true
		}
	}
	if hasSuffix(b, ": error ignored") { // a failed bounce, logged with ** before
		ev.Kind = Other
		ev.Recipient = b[:len(b)-len(": error ignored")]
		return true
	}
	return false
}

// parseEximOldHost parses per-host lines that do not begin with H=: "host [ip] Connection
// refused", the words of an SMTP session, and routing to ourselves.
func (p *Parser) parseEximOldHost(b []byte, ev *Event) bool {
	switch b[0] {
	case 'S', 'R', 'M', 'L', 'a':
		if p.eximRemoteCause(b, ev) {
			if ev.Text == nil {
				ev.Text = b
			}
			ev.Kind, ev.Direction = HostError, Out
			return true
		}
	case 'l', 'r':
		if hasPrefix(b, "lowest numbered MX record points to local host") || hasPrefix(b, "remote host address is the local host") {
			ev.Kind, ev.Direction, ev.Origin, ev.Text = HostError, Out, status.OriginLocal, b
			return true
		}
	}
	name, rest := cutWord(b)
	if !hasPrefix(rest, " [") || !isIP(rest[2:]) {
		return false
	}
	for _, c := range name {
		if !isAlnum(c) && c != '.' && c != '-' && c != '_' && c != ':' {
			return false
		}
	}
	peer, rest := cutEximHost(b)
	if rest = trimLeft(rest); !isNetworkError(rest) {
		return false
	}
	ev.Kind, ev.Direction, ev.Origin, ev.Stage = HostError, Out, status.OriginNetwork, status.StageConnect
	ev.Relay, ev.Text = peer, rest
	return true
}
