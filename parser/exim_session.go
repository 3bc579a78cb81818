package parser

import "github.com/smtplog/smtplog/status"

// parseEximText parses a line without a flag, with or without a queue ID: b begins with a
// field or with the words that say what happened.
//
// What counts as a refusal: everything that Exim answered with 4xx or 5xx and logged once as
// such, also a command that it did not understand, a connection that it did not take, and
// the end of a session that it threw out ("dropped: too many ..."), which is one more answer
// than the ones to the commands before. "sender verify fail" is the reason of the refusal in
// the next line and not counted.
func (p *Parser) parseEximText(b []byte, ev *Event) bool {
	if b[0] == ' ' || b[0] == 'D' { // " DSH=name [ip]": the client's name is by DNSSEC (log selector dnssec)
		if rest, ok := cutPrefix(trimLeft(b), "DSH="); ok {
			b = b[len(b)-len(rest)-len("H="):]
		}
	}
	if b[1] == '=' {
		switch b[0] {
		case 'H', 'U', 'F', 'P':
			return p.parseEximHost(b, ev)
		}
	}
	switch b[0] {
	case 'S':
		if rest, ok := cutPrefix(b, "SMTP "); ok && p.parseEximSMTP(rest, b, ev) {
			return true
		}
	case 'r':
		if rest, ok := cutPrefix(b, "rejected "); ok {
			return p.parseEximRejected(rest, false, ev)
		}
		if rest, ok := cutPrefix(b, "refused connection from "); ok {
			return p.parseEximRefused(rest, false, ev)
		}
	case 't':
		if temporary, rest, ok := cutRejected(b); ok {
			return p.parseEximRejected(rest, temporary, ev)
		}
		if rest, ok := cutPrefix(b, "temporarily refused connection from "); ok {
			return p.parseEximRefused(rest, true, ev)
		}
		if rest, ok := cutPrefix(b, "too many recipients: "); ok {
			return p.parseEximTooMany(rest, ev)
		}
	case 'c':
		if rest, ok := cutPrefix(b, "connection from "); ok && hasSuffix(b, ipOptions) {
			return p.parseEximRefused(rest[:len(rest)-len(ipOptions)], false, ev)
		}
	case 'C':
		if rest, ok := cutPrefix(b, "Connection from "); ok {
			return p.parseEximRefused(rest, true, ev)
		}
		if string(b) == "Completed" {
			ev.Kind = Completed
			return true
		}
		if rest, ok := cutPrefix(b, "Completed "); ok {
			ev.Kind = Completed
			if qt, ok := cutPrefix(rest, "QT="); ok {
				qt, _ = cutWord(qt)
				if d, ok := eximTime(qt); ok {
					ev.Delay, ev.Has = d, ev.Has|HasDelay
				}
			}
			return true
		}
	case 'u':
		if rest, ok := cutPrefix(b, "unexpected "); ok {
			if _, rest, ok := cutString(rest, " while reading SMTP command from "); ok {
				ev.Kind, ev.Direction, ev.Text = Disconnected, In, b
				if host, ok := cutFastOpen(rest); ok {
					rest = host
				}
				cutEximPeer(rest, ev)
				return true
			}
		}
		if rest, ok := cutPrefix(b, "unqualified "); ok {
			return p.parseEximUnqualified(rest, ev)
		}
	case 'n':
		eximNameless(b, ev)
		if rest, ok := cutPrefix(b, "no MAIL in "); ok {
			if _, rest, ok := cutString(rest, "SMTP connection from "); ok {
				ev.Kind, ev.Direction, ev.Text = Disconnected, In, b
				cutEximPeer(rest, ev)
				return true
			}
		}
	case 'V':
		if rest, ok := cutPrefix(b, "VRFY failed for "); ok {
			if i := lastIndexString(rest, " H="); i >= 0 {
				ev.Recipient = trimAngle(rest[:i])
				cutEximPeer(rest[i:], ev)
			}
			p.eximRefusal(ev, status.StageVrfy, false, nil)
			return true
		}
	case 'E', 'A':
		if hasPrefix(b, "ETRN ") || hasPrefix(b, "ATRN ") {
			if _, rest, ok := cutString(b, " received from "); ok {
				ev.Kind, ev.Direction, ev.Stage = Other, In, status.StageEtrn
				cutEximPeer(rest, ev)
				return true
			}
		}
	case 'P':
		if rest, ok := cutPrefix(b, "PRDR "); ok && len(rest) > 0 {
			return p.parseEximPRDR(rest, ev)
		}
	case 'T':
		if hasPrefix(b, "TLS ") {
			return p.parseEximTLS(b, ev)
		}
	}
	if _, rest, ok := cutString(b, ": delivering unencrypted to H="); ok && eximKeyLen(b) == 0 {
		ev.Kind, ev.Direction, ev.Stage, ev.Origin, ev.Text = HostError, Out, status.StageStartTLS, status.OriginNetwork, b
		ev.Relay, _ = cutEximHost(rest)
		return true
	}
	if p.parseEximAuth(b, ev) || p.parseEximQueue(b, ev) || len(ev.QueueID) > 0 && p.parseEximOldHost(b, ev) {
		return true
	}
	return parseEximPhrase(b, ev)
}

// ipOptions are the last words of the refusal of a connection, "connection from host [ip] refused (IP options)".
const ipOptions = " refused (IP options)"

// parseEximSMTP parses what follows "SMTP "; b is the whole text.
func (p *Parser) parseEximSMTP(rest, b []byte, ev *Event) bool {
	if rest, ok := cutPrefix(rest, "connection "); ok {
		return p.parseEximConnection(rest, ev)
	}
	if rest, ok := cutPrefix(rest, "call from "); ok { // dropped: too many syntax or protocol errors (...)
		rest, _ = cutEximPeer(rest, ev)
		rest, _ = cutPrefix(rest, "dropped: ")
		p.eximRefusal(ev, status.StageNone, false, rest)
		return true
	}
	sync, ok := cutPrefix(rest, "protocol synchronization error (")
	if !ok { // before 4.67
		sync, ok = cutPrefix(rest, "protocol violation: synchronization error (")
	}
	if ok {
		return p.parseEximSync(sync, ev)
	}
	if cmd, ok := cutPrefix(rest, `syntax error in "`); ok {
		return p.parseEximSyntax(cmd, quoteBeforeHost(cmd), ev)
	}
	if cmd, ok := cutPrefix(rest, `protocol error in "`); ok { // the text is all Exim's own
		return p.parseEximSyntax(cmd, lastQuoteBeforeHost(cmd), ev)
	}
	if hasPrefix(rest, "command timeout on") || hasPrefix(rest, "data timeout") {
		if rest[0] == 'd' {
			ev.Stage = status.StageEndOfData
		}
		ev.Kind, ev.Direction, ev.Text = Disconnected, In, b
		if _, rest, ok := cutString(rest, "connection from "); ok {
			cutEximPeer(rest, ev)
		}
		return true
	}
	if hasPrefix(rest, "error ") || hasPrefix(rest, "timeout ") {
		ev.Kind = HostError
		return p.eximCause(b, ev)
	}
	return false
}

// parseEximConnection parses what follows "SMTP connection ":
//
//	from [192.0.2.1]:4711 I=[192.0.2.25]:25 (TCP/IP connection count = 1)
//	from mail.example (helo) [192.0.2.1] D=2s closed by QUIT
//	from (helo) [192.0.2.1] lost while reading message data
func (p *Parser) parseEximConnection(b []byte, ev *Event) bool {
	ev.Direction = In
	if hasPrefix(b, "lost after final dot") {
		ev.Kind, ev.Stage = Disconnected, status.StageEndOfData
		return true
	}
	if hasPrefix(b, "identification ") || hasPrefix(b, "outbound ") { // written by cPanel's configuration
		ev.Kind, ev.Direction = Other, DirectionNone
		return true
	}
	b, ok := cutEximFrom(b)
	if !ok {
		return false
	}
	rest, _ := cutEximPeer(b, ev)
	switch {
	case len(rest) == 0, rest[0] == '(' && (hasPrefix(rest, "(TCP/IP connection count") || hasPrefix(rest, "(via inetd)")):
		ev.Kind = Connected
	case hasPrefix(rest, "closed "), hasPrefix(rest, "lost"), hasPrefix(rest, "timed out"):
		ev.Kind, ev.Text = Disconnected, rest
		if hasPrefix(rest, "lost while reading message data") {
			ev.Stage = status.StageEndOfData
		}
	default:
		return false
	}
	return true
}

// cutEximFrom cuts "from ", and since 4.100 what says which connection it was: "Ci=4711 from ".
func cutEximFrom(b []byte) (rest []byte, ok bool) {
	for eximKeyLen(b) > 0 {
		_, b = cutWord(b)
		b = trimLeft(b)
	}
	return cutPrefix(b, "from ")
}

// parseEximRefused parses "host [ip] (host_reject_connection)", "host [ip]: not in reserve
// list: ..." and "host [ip] refused: too many connections".
func (p *Parser) parseEximRefused(b []byte, temporary bool, ev *Event) bool {
	rest, _ := cutEximPeer(b, ev)
	rest, _ = cutPrefix(rest, "refused: ")
	p.eximRefusal(ev, status.StageConnect, temporary, rest)
	return true
}

// parseEximTooMany parses "message rejected: sender=<a@b.example> H=host [ip]" and "excess
// temporarily rejected: sender=<a@b.example> H=host [ip]".
func (p *Parser) parseEximTooMany(b []byte, ev *Event) bool {
	text, rest, ok := cutString(b, ": sender=")
	if !ok {
		return false
	}
	ev.Sender, rest = cutEximAngle(trimLeft(rest))
	cutEximPeer(rest, ev)
	p.eximRefusal(ev, status.StageRcpt, hasPrefix(b, "excess temporarily"), text)
	return true
}

// parseEximUnqualified parses "sender rejected: <joe> H=host [ip]", also for recipient and
// verify.
func (p *Parser) parseEximUnqualified(b []byte, ev *Event) bool {
	word, rest := cutWord(b)
	rest, ok := cutPrefix(rest, " rejected: <")
	if !ok {
		return false
	}
	addr, rest := cutEximAngle(b[len(b)-len(rest)-1:])
	stage := status.StageVrfy
	switch string(word) {
	case "sender":
		ev.Sender, stage = addr, status.StageMail
	case "recipient":
		ev.Recipient, stage = addr, status.StageRcpt
	default:
		ev.Recipient = addr
	}
	cutEximPeer(rest, ev)
	p.eximRefusal(ev, stage, false, nil)
	return true
}

// parseEximSync parses what follows "SMTP protocol synchronization error (":
//
//	next input sent too soon: pipelining was advertised): rejected "DATA" H=host [ip] next input="..."
//	input sent without waiting for greeting): rejected connection from H=[ip] input="..."
//
// The command and the input are the client's.
func (p *Parser) parseEximSync(b []byte, ev *Event) bool {
	text, rest, ok := cutString(b, "): rejected")
	if !ok {
		return false
	}
	stage := status.StageNone
	if host, ok := cutPrefix(rest, " connection from "); ok {
		stage = status.StageConnect
		cutEximPeer(host, ev)
	} else if cmd, ok := cutPrefix(rest, ` "`); ok {
		stage = status.StageOf(cmd)
		if i := quoteBeforeHost(cmd); i >= 0 {
			cutEximPeer(cmd[i+len(`" `):], ev)
		}
	}
	p.eximRefusal(ev, stage, false, text)
	return true
}

// quoteBeforeHost returns where the quote stands that ends a command, before the client: "CMD" H=host [ip],
// "CMD" U=ident. The command and what follows the client hold the client's words, and only Exim 4.100
// escapes some of the quotes in them: it returns -1 where they look like a client, too.
func quoteBeforeHost(b []byte) int {
	i := lastQuoteBeforeHost(b)
	if i > 0 && lastQuoteBeforeHost(b[:i]) >= 0 {
		return -1
	}
	return i
}

// lastQuoteBeforeHost returns the last place that looks like that, -1 where there is none.
func lastQuoteBeforeHost(b []byte) int {
	return max(lastIndexString(b, `" H=`), lastIndexString(b, `" U=`))
}

// parseEximSyntax parses what follows "SMTP syntax error in "": COMMAND" H=host [ip] text. The command ends
// at quote, -1 where that is not known.
func (p *Parser) parseEximSyntax(b []byte, quote int, ev *Event) bool {
	var cmd, text []byte
	if quote >= 0 {
		cmd = b[:quote]
		text, _ = cutEximPeer(b[quote+len(`" `):], ev)
	}
	p.eximRefusal(ev, status.StageOf(b), false, text)
	ev.Detail = cmd
	return true
}

// parseEximPRDR parses "R=<c@d.example> temporary refusal", the answer for one recipient at the end of
// data, and "c@d.example 550 text" where the ACL has a message. Without a code that does not tell
// whether it was a refusal.
func (p *Parser) parseEximPRDR(b []byte, ev *Event) bool {
	if own, ok := cutPrefix(b, "R="); ok {
		if firstByte(own) != '<' {
			return false
		}
		ev.Recipient, b = cutEximAngle(own)
		switch b = trimLeft(b); string(b) {
		case "refusal":
			p.eximRefusal(ev, status.StageEndOfData, false, b)
			return true
		case "temporary refusal":
			p.eximRefusal(ev, status.StageEndOfData, true, b)
			return true
		}
	} else {
		ev.Recipient, b = cutEximAddress(b)
		if b = trimLeft(b); eximReplyCode(b) && b[0] >= '4' {
			p.eximRefusal(ev, status.StageEndOfData, b[0] == '4', b)
			return true
		}
	}
	ev.Kind, ev.Direction = Other, In
	return true
}

// parseEximTLS parses "TLS error on connection from host [ip] (function): text" and what else
// begins with TLS.
func (p *Parser) parseEximTLS(b []byte, ev *Event) bool {
	ev.Stage, ev.Origin, ev.Text = status.StageStartTLS, status.OriginNetwork, b
	if rest, ok := cutPrefix(b, "TLS error on connection "); ok {
		if host, ok := cutPrefix(rest, "to "); ok {
			ev.Kind, ev.Direction = HostError, Out
			host, _ = cutPrefix(host, "H=")
			if ev.Relay, rest = cutEximHost(host); len(rest) > 0 {
				ev.Text = trimLeft(rest)
			}
			return true
		}
		if host, ok := cutEximFrom(rest); ok {
			ev.Kind, ev.Direction = TLS, In
			if rest, _ = cutEximPeer(host, ev); len(rest) > 0 {
				ev.Text = rest
			}
			return true
		}
	}
	if _, rest, ok := cutString(b, "delivering unencrypted to "); ok {
		ev.Kind, ev.Direction = HostError, Out
		rest, _ = cutPrefix(rest, "H=")
		ev.Relay, _ = cutEximHost(rest)
		return true
	}
	if ev.Kind = TLS; len(ev.QueueID) > 0 {
		ev.Kind, ev.Direction = HostError, Out
	}
	return true
}

// parseEximAuth parses an authenticator's failure, of a client,
//
//	plain authenticator failed for host (helo) [ip]:port: 535 Incorrect authentication data (set_id=user)
//
// and of our own, "plain authenticator failed H=host [ip] 535 ...". set_id is what the client
// sent.
func (p *Parser) parseEximAuth(b []byte, ev *Event) bool {
	_, rest := cutWord(b)
	rest, ok := cutPrefix(rest, " authenticator ")
	if !ok {
		return false
	}
	if host, ok := cutPrefix(rest, "cancelled authentication H="); ok { // our own client's
		ev.Kind, ev.Direction, ev.Origin, ev.Stage = HostError, Out, status.OriginLocal, status.StageAuth
		ev.Relay, ev.Text = cutEximHost(host)
		ev.Text = trimLeft(ev.Text)
		return true
	}
	if rest, ok = cutPrefix(rest, "failed "); !ok {
		return false
	}
	ev.Stage = status.StageAuth
	if host, ok := cutPrefix(rest, "H="); ok {
		ev.Kind, ev.Direction, ev.Origin = HostError, Out, status.OriginRemote
		ev.Relay, rest = cutEximHost(host)
		s := eximFields{}
		for s.end(rest); s.next(); {
		}
		p.eximReply(s.rest, ev)
		return true
	}
	rest, _ = cutPrefix(rest, "for ")
	ev.Kind, ev.Direction, ev.Origin = AuthFailed, In, status.OriginLocal
	rest, _ = cutEximPeer(rest, ev)
	p.eximReply(rest, ev)
	if _, id, ok := cutString(rest, "(set_id="); ok {
		// after 535 the parenthesis is the last; after 435 the reason may follow
		if head, _, ok := cutString(id, "): "); ok && ev.Code != 535 {
			id = head
		}
		if n := len(id); n > 0 && id[n-1] == ')' {
			id = id[:n-1]
		}
		ev.User = id
	}
	return true
}

// eximNameless takes the client from a failed look-up of its name: "no host name found for IP
// address 192.0.2.1", "no IP address found for host h.example (during SMTP connection from
// [192.0.2.1]:4711 I=[192.0.2.25]:25)".
func eximNameless(b []byte, ev *Event) {
	if rest, ok := cutPrefix(b, "no host name found for IP address "); ok {
		ip, _ := cutWord(rest)
		ev.Client.IP, ev.Direction = ip, In
	} else if _, rest, ok := cutString(b, " (during SMTP connection from "); ok && hasPrefix(b, "no IP address found for ") {
		if n := len(rest); n > 0 && rest[n-1] == ')' {
			rest = rest[:n-1]
		}
		ev.Direction = In
		cutEximPeer(rest, ev)
	}
}
