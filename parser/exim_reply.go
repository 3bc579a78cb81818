package parser

import "github.com/smtplog/smtplog/status"

// eximCause reads why a delivery was put off or failed, or what a host did: code, enhanced
// code, stage, origin and text, and the host where only the text names it (before 4.82).
// It reports whether the text is one that Exim writes about a remote host.
func (p *Parser) eximCause(b []byte, ev *Event) bool {
	ev.Text = b
	if len(b) == 0 {
		return false
	}
	known := p.eximRemoteCause(b, ev)
	if !known {
		if head, tail, ok := cutString(b, ": "); ok && isNetworkError(head) {
			known = true
			if !p.eximRemoteCause(tail, ev) {
				ev.Text = b
			}
			if ev.Origin != status.OriginRemote {
				ev.Origin = status.OriginNetwork
			}
		} else if isNetworkError(b) {
			known = true
			ev.Origin, ev.Stage = status.OriginNetwork, status.StageConnect
		}
	}
	if !known {
		ev.Origin = status.OriginLocal
		if eximDNSCause(b) {
			ev.Origin = status.OriginNetwork
		}
	}
	switch {
	case ev.Direction != DirectionNone:
	case known || ev.Origin == status.OriginNetwork:
		ev.Direction = Out
	case eximLocalCause(b):
		ev.Direction = Local
	}
	return known
}

// eximRemoteCause reads the texts about an SMTP or LMTP session (Exim src/smtp_out.c,
// src/transports/smtp.c and lmtp.c).
func (p *Parser) eximRemoteCause(b []byte, ev *Event) bool {
	switch firstByte(b) {
	case 'S':
		if rest, ok := cutPrefix(b, "SMTP error from remote mail"); ok {
			_, rest, _ = cutString(rest, " after ") // "mail server", before 4.70 "mailer"
			p.eximAnswer(rest, ev)
			return true
		}
		if rest, ok := cutPrefix(b, "SMTP timeout "); ok {
			p.eximClosed(rest, " after ", ev)
			return true
		}
	case 'L':
		if rest, ok := cutPrefix(b, "LMTP error after "); ok {
			p.eximAnswer(rest, ev)
			endOfDataAnswer(ev)
			return true
		}
		if rest, ok := cutPrefix(b, "LMTP timeout after "); ok {
			p.eximClosed(rest, "", ev)
			return true
		}
		if rest, ok := cutPrefix(b, "LMTP connection closed after "); ok {
			p.eximClosed(rest, "", ev)
			return true
		}
	case 'P':
		if rest, ok := cutPrefix(b, "PRDR error after "); ok {
			p.eximAnswer(rest, ev)
			endOfDataAnswer(ev)
			return true
		}
	case 'R':
		if rest, ok := cutPrefix(b, "Remote host "); ok {
			p.eximClosed(rest, "in response to ", ev)
			return true
		}
	case 'M':
		if hasPrefix(b, "Malformed SMTP re") || hasPrefix(b, "Malformed LMTP re") {
			_, rest, ok := cutString(b, "in response to ")
			if !ok {
				_, rest, _ = cutString(b, " after ")
			}
			cmd, _ := cutEximCommand(rest)
			ev.Stage, ev.Origin = eximStage(cmd), status.OriginRemote
			return true
		}
	case 'a', 'T':
		if hasPrefix(b, "a TLS session is required") || hasPrefix(b, "TLS ") {
			ev.Stage, ev.Origin = status.StageStartTLS, status.OriginNetwork
			return true
		}
		if hasPrefix(b, "authentication required but ") { // the reply is in lines before
			ev.Stage, ev.Origin = status.StageAuth, status.OriginRemote
			return true
		}
	case 'u':
		if hasPrefix(b, "utf8 support required but not offered") {
			ev.Origin = status.OriginRemote
			return true
		}
	case 'r':
		if rest, ok := cutPrefix(b, `response to "`); ok { // a callout's words
			cmd, rest, _ := cutString(rest, `" `)
			ev.Stage, ev.Origin = eximStage(cmd), status.OriginRemote
			if _, reply, ok := cutString(rest, "was: "); ok && eximReplyCode(reply) {
				p.eximReply(reply, ev)
			}
			return true
		}
	}
	return false
}

// endOfDataAnswer moves an LMTP or PRDR answer "after DATA" to where it was given: each
// recipient has its own answer to the end of data, and Exim names the command that began it
// (src/transports/smtp.c; a refusal of DATA itself is an "SMTP error").
func endOfDataAnswer(ev *Event) {
	if ev.Stage == status.StageData {
		ev.Stage = status.StageEndOfData
	}
}

// eximAnswer reads "RCPT TO:<x@y>: 550 text", before 4.82 "RCPT TO:<x@y>: host mx.y [ip]: 550
// text".
func (p *Parser) eximAnswer(b []byte, ev *Event) {
	cmd, rest := cutEximCommand(b)
	ev.Stage, ev.Origin = eximStage(cmd), status.OriginRemote
	if host, ok := cutPrefix(rest, "host "); ok {
		peer, after := cutEximHost(host)
		if after, ok := cutPrefix(after, ": "); ok && len(peer.IP) > 0 {
			if rest = after; len(ev.Relay.IP) == 0 {
				ev.Relay = peer
			}
		}
	}
	p.eximReply(rest, ev)
}

// eximClosed reads the end of a session without a reply: "after RCPT TO:<x@y>: Connection
// timed out", "while connected to mx.y [ip] after end of data (1234 bytes written)", "mx.y
// [ip] closed connection in response to initial connection".
func (p *Parser) eximClosed(b []byte, before string, ev *Event) {
	ev.Origin = status.OriginNetwork
	host, named := cutPrefix(b, "while connected to ")
	if !named && !hasPrefix(b, "closed ") && before != "" && before[0] == 'i' {
		host, named = b, true
	}
	if named {
		peer, rest := cutEximHost(host)
		if len(peer.IP) > 0 {
			if b = rest; len(ev.Relay.IP) == 0 {
				ev.Relay = peer
			}
		}
	}
	if rest, ok := cutPrefix(b, "after "); ok {
		b = rest
	} else if before != "" {
		if _, rest, ok := cutString(b, before); ok {
			b = rest
		}
	}
	cmd, _ := cutEximCommand(b)
	ev.Stage = eximStage(cmd)
}

// cutEximCommand cuts an SMTP command at the colon that Exim puts after it. An address in
// the command may contain one too.
func cutEximCommand(b []byte) (cmd, rest []byte) {
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '<':
			end := angleEnd(b[i:])
			if end < 0 {
				return b, nil
			}
			i += end
		case ':':
			if i+1 == len(b) || b[i+1] == ' ' {
				return b[:i], trimLeft(b[i+1:])
			}
		}
	}
	return b, nil
}

// eximStage returns the stage of a command as Exim words it.
func eximStage(cmd []byte) status.Stage {
	switch {
	case hasPrefix(cmd, "sending data block"), hasPrefix(cmd, "pipelined sending data block"):
		return status.StageData // a BDAT chunk that is not the last
	case hasPrefix(cmd, "TLS-on-connect"):
		return status.StageStartTLS
	}
	return status.StageOf(cmd)
}

// eximReply reads a reply. Exim acts on its first line.
func (p *Parser) eximReply(b []byte, ev *Event) {
	ev.Text = b
	if !eximReplyCode(b) {
		return
	}
	r := p.replies.Parse(b)
	if r.FirstCode == 0 {
		return
	}
	ev.Code, ev.Enhanced, ev.Text = r.FirstCode, r.FirstEnhanced, r.Text
	if ev.Enhanced == (status.Enhanced{}) && r.Code == r.FirstCode {
		ev.Enhanced = r.Enhanced // a chunk's acknowledgement came before the reply itself
	}
}

// eximReplyCode tells whether b begins with a reply code.
func eximReplyCode(b []byte) bool {
	return len(b) >= 3 && '1' <= b[0] && b[0] <= '5' && isDigit(b[1]) && isDigit(b[2]) &&
		(len(b) == 3 || b[3] == ' ' || b[3] == '-' || b[3] == '\\')
}

// isNetworkError tells whether b is what strerror says about a connection.
func isNetworkError(b []byte) bool {
	switch firstByte(b) {
	case 'C':
		return hasPrefix(b, "Connection refused") || hasPrefix(b, "Connection timed out") ||
			hasPrefix(b, "Connection reset") || hasPrefix(b, "Connection closed") ||
			hasPrefix(b, "Cannot assign requested address") || hasPrefix(b, "Can't assign requested address")
	case 'O':
		return hasPrefix(b, "Operation timed out") || hasPrefix(b, "Operation now in progress")
	case 'N':
		return hasPrefix(b, "No route to host") || hasPrefix(b, "Network ") || hasPrefix(b, "Netwk addr")
	case 'H':
		return hasPrefix(b, "Host is down") || hasPrefix(b, "Host is unreachable")
	case 'B':
		return hasPrefix(b, "Broken pipe")
	case 'S':
		return hasPrefix(b, "Software caused connection abort") || hasPrefix(b, "Socket is not connected")
	case 'A':
		return hasPrefix(b, "Address family not supported") || hasPrefix(b, "Address already in use")
	case 'T':
		return hasPrefix(b, "Transport endpoint is not connected")
	case 'P':
		return hasPrefix(b, "Protocol error") || hasPrefix(b, "Protocol not available")
	case 'R':
		return hasPrefix(b, "Resource temporarily unavailable")
	}
	return false
}

// eximDNSCause tells whether the text is about DNS.
func eximDNSCause(b []byte) bool {
	return hasPrefix(b, "host lookup ") || hasPrefix(b, "all relevant MX records ") ||
		hasPrefix(b, "an MX or SRV record indicated no SMTP service") || hasPrefix(b, "lookup of host ") || hasPrefix(b, "lookup defer for ") ||
		hasPrefix(b, "no host found for existing SMTP connection") || hasPrefix(b, "DNS ") ||
		hasPrefix(b, "missing MX, or all MXs")
}

// eximLocalCause tells whether the text is about a delivery within this host.
func eximLocalCause(b []byte) bool {
	return hasPrefix(b, "Child process of ") || hasPrefix(b, "mailbox ") || hasPrefix(b, "delivery to ") ||
		hasPrefix(b, "return message generated") || hasPrefix(b, "pipe delivery ") ||
		contains(b, "quota exceeded")
}
