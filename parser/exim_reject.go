package parser

import (
	"bytes"

	"github.com/smtplog/smtplog/status"
)

// parseEximHost parses a line that begins with fields: what Exim says about a client,
//
//	H=name (helo) [ip]:port I=[ip]:port X=tls F=<a@b.example> A=plain:id rejected RCPT <c@d>: text
//	U=alice F=<a@b.example> RCPT <c@d.example>: discarded by RCPT ACL: text
//
// or, with a queue ID and a colon, about the host that it delivers to.
func (p *Parser) parseEximHost(b []byte, ev *Event) bool {
	s := eximFields{rest: b}
	host, sender, ident := false, false, []byte(nil)
	for s.next() {
		eximClientField(&s, ev)
		switch string(s.key) {
		case "H":
			host = true
		case "F":
			sender = true
		case "U":
			ident = s.val
		}
	}
	b = s.rest
	ev.Direction = In
	if !host {
		ev.Direction = Local
		if ev.User == nil {
			ev.User = ident
		}
	}
	if s.text && sender && string(b) == "rejected by DCC" { // why the refusal in the next line happens
		ev.Kind, ev.Text = Other, b
		return true
	}
	if s.text || hasPrefix(b, "TLS error on connection ") {
		// without a queue ID it is a callout's
		return host && !sender && (len(ev.QueueID) > 0 || hasPrefix(b, "TLS error ") || p.eximRemoteCause(b, ev)) && p.parseEximRemote(b, ev)
	}
	if temporary, rest, ok := cutRejected(b); ok {
		return p.parseEximRejected(rest, temporary, ev)
	}
	switch {
	case hasPrefix(b, "Warning: "):
		ev.Kind, ev.Severity, ev.Text = Warning, SeverityWarning, b[len("Warning: "):]
		return true
	case hasPrefix(b, "sender verify "), hasPrefix(b, "recipient verify "):
		// why the refusal in the next line happens; no refusal of its own
		ev.Kind = Other
		if _, rest, ok := cutString(b, " for <"); ok {
			ev.Sender, rest = cutEximAngle(b[len(b)-len(rest)-1:])
			ev.Text, _ = cutPrefix(rest, ": ")
		}
		return true
	case hasPrefix(b, "incomplete transaction"):
		ev.Kind = Disconnected
		if _, rest, ok := cutString(b, ") from "); ok && firstByte(rest) == '<' {
			ev.Sender, rest = cutEximAngle(rest)
			if list, ok := cutPrefix(rest, " for "); ok {
				ev.Recipients, ev.NRcpt, ev.Has = list, countAddresses(list), ev.Has|HasNRcpt
			}
		}
		ev.Text = b
		return true
	case hasPrefix(b, "RCPT "):
		return p.parseEximDiscarded(b[len("RCPT "):], ev)
	case hasPrefix(b, "dropped by "): // dropped by 'connect' ACL: text
		_, text, _ := cutString(b, ": ")
		p.eximRefusal(ev, status.StageConnect, false, text)
		return true
	case hasPrefix(b, "SMTP connection ") || hasPrefix(b, "unexpected disconnection"):
		ev.Kind = Disconnected
		return true
	}
	if host && !sender && len(ev.QueueID) > 0 {
		return p.parseEximCutthrough(b, ev) || p.parseEximRemote(b, ev)
	}
	return false
}

// parseEximCutthrough parses what follows the client in a line about the next hop's answer to a message
// that was handed on while it came in (Exim src/verify.c, cutthrough_finaldot). A temporary one is
// evidence about the host: the message is taken all the same.
//
//	c@d.example F=<a@b.example> rejected after DATA: R=router T=transport H=mx [ip] C="554 text"
//	c@d.example F=<a@b.example> tmp-reject from cutthrough after DATA: R=router T=transport H=mx [ip] C="451 text"
func (p *Parser) parseEximCutthrough(b []byte, ev *Event) bool {
	if len(b) == 0 {
		return false
	}
	var e Event
	s := eximFields{rest: cutEximRecipient(b, &e)}
	for s.next() {
		p.eximDeliveryField(&s, &e)
	}
	rest, refused := cutPrefix(s.rest, "rejected after DATA: ")
	if !refused {
		rest, _ = cutPrefix(s.rest, "tmp-reject from cutthrough after DATA: ")
	}
	if len(rest) == len(s.rest) || s.text || e.Sender == nil {
		return false
	}
	for s = (eximFields{rest: rest}); s.next(); {
		p.eximDeliveryField(&s, &e)
	}
	ev.Sender, ev.Recipient, ev.OrigRecipient, ev.Relay = e.Sender, e.Recipient, e.OrigRecipient, e.Relay
	ev.Code, ev.Enhanced, ev.Text = e.Code, e.Enhanced, e.Text
	ev.Origin, ev.Stage = status.OriginRemote, status.StageEndOfData
	if ev.Kind, ev.Late = Rejected, true; !refused {
		ev.Kind, ev.Late, ev.Direction, ev.Client = HostError, false, Out, Peer{}
	}
	return true
}

// parseEximRemote parses what follows "H=host [ip]" in a line about one host that Exim
// delivers to. Such lines come before the ones with the flags == and **.
func (p *Parser) parseEximRemote(b []byte, ev *Event) bool {
	ev.Kind, ev.Relay, ev.Client = HostError, eximRelay(ev.Client), Peer{}
	ev.Direction = Out
	if rest, ok := cutPrefix(b, "TLS error on connection "); ok {
		ev.Text, ev.Stage, ev.Origin = rest, status.StageStartTLS, status.OriginNetwork
		return true
	}
	p.eximCause(b, ev)
	if ev.Origin == status.OriginLocal {
		ev.Origin = status.OriginNetwork
	}
	return true
}

// cutRejected cuts "rejected " or "temporarily rejected ".
func cutRejected(b []byte) (temporary bool, rest []byte, ok bool) {
	rest, temporary = cutPrefix(b, "temporarily ")
	if rest, ok = cutPrefix(rest, "rejected "); ok {
		return temporary, rest, true
	}
	if string(rest) == "rejected" {
		return temporary, nil, true
	}
	return false, b, false
}

// parseEximRejected parses what follows "rejected". The command comes first, then its
// argument, then the text after a colon (Exim src/smtp_in.c, src/receive.c):
//
//	RCPT <a@b.example>: text            MAIL <a@b.example>: text
//	EHLO or HELO x: text                EHLO from host [ip]: syntactically invalid argument(s): x
//	MAIL from host [ip]: text           MAIL FROM:<a@b.example> H=host [ip]: message too big: ...
//	after DATA: text                    from <a@b.example> H=host [ip]: message too big: ...
//	connection in "connect" ACL: text   by local_scan(): text
//	"EHLO x" from host (x) [ip]
func (p *Parser) parseEximRejected(b []byte, temporary bool, ev *Event) bool {
	word, rest := cutWord(b)
	if n := len(word); n > 0 && word[n-1] == ':' {
		word, rest = word[:n-1], b[n-1:]
	}
	stage := status.StageOf(word)
	text, colon := []byte(nil), false
	switch string(word) {
	case "RCPT":
		ev.Recipient, text = cutEximArgument(rest)
	case "MAIL":
		switch {
		case hasPrefix(rest, " from "):
			text, colon = cutEximPeer(rest[len(" from "):], ev)
		case hasPrefix(rest, " FROM:<"):
			ev.Sender, rest = cutEximAngle(rest[len(" FROM:"):])
			text, colon = cutEximPeer(rest, ev)
		case hasPrefix(rest, " command "):
			text, colon = cutEximPeer(rest[len(" command "):], ev)
		default:
			ev.Sender, text = cutEximArgument(rest)
			colon = true
		}
		if !colon {
			text = nil
		}
	case "EHLO", "HELO":
		if hasPrefix(rest, " from ") {
			text, _ = cutEximPeer(rest[len(" from "):], ev)
			break
		}
		rest, _ = cutPrefix(rest, " or HELO")
		arg, after := cutEximArgument(rest)
		if helo := ev.Client.Helo; len(helo) > 0 && bytes.HasPrefix(trimLeft(rest), helo) {
			_, after = cutEximArgument(trimLeft(rest)[len(helo):]) // whatever is in it
		}
		if text = after; ev.Client.Helo == nil {
			ev.Client.Helo = arg
		}
	case `"EHLO`, `"HELO`: // helo_verify_hosts; the name is the client's
		stage = status.StageHelo
		if helo, host, ok := cutString(trimLeft(rest), `" from `); ok {
			var e Event
			if left, _ := cutEximPeer(host, &e); len(left) == 0 {
				if ev.Client = e.Client; ev.Client.Helo == nil {
					ev.Client.Helo = helo
				}
			}
		}
	case "from": // rejected from <a@b.example> H=host [ip]: message too big: read=... max=...
		stage = status.StageEndOfData
		ev.Sender, rest = cutEximAngle(trimLeft(rest))
		text, _ = cutEximPeer(rest, ev)
		ev.Late = len(ev.QueueID) > 0
	case "connection":
		stage = status.StageConnect
		if hasPrefix(rest, " from ") {
			text, _ = cutEximPeer(rest[len(" from "):], ev)
			break
		}
		_, text, _ = cutString(rest, ": ")
	case "after", "during", "by", "DKIM": // after DATA, during MIME ACL checks, by local_scan(), by the DKIM ACL
		if stage = status.StageEndOfData; ev.Direction == Local && hasPrefix(rest, " non-SMTP ACL") {
			stage = status.StageNone
		}
		_, text, _ = cutString(rest, ": ")
		ev.Late = len(ev.QueueID) > 0
	default:
		if hasPrefix(rest, " from ") {
			text, _ = cutEximPeer(rest[len(" from "):], ev)
			break
		}
		_, text = cutEximArgument(rest)
	}
	if ev.Direction == DirectionNone {
		ev.Direction = In
	}
	p.eximRefusal(ev, stage, temporary, text)
	return true
}

// cutEximArgument cuts a command's argument at the colon before the text: "
// <a@b.example>: text", " a@b.example: text".
func cutEximArgument(b []byte) (arg, text []byte) {
	b = trimLeft(b)
	if len(b) == 0 {
		return nil, nil
	}
	rest := b
	if b[0] == '<' {
		arg, rest = cutEximAngle(b)
	}
	for i := 0; i < len(rest); i++ {
		if rest[i] == ':' && (i+1 == len(rest) || rest[i+1] == ' ') {
			if b[0] != '<' {
				arg = rest[:i]
			}
			return arg, trimLeft(rest[i+1:])
		}
	}
	if b[0] != '<' {
		arg = rest
	}
	return arg, nil
}

// parseEximDiscarded parses "<c@d.example>: discarded by RCPT ACL: text".
func (p *Parser) parseEximDiscarded(b []byte, ev *Event) bool {
	rcpt, rest := cutEximArgument(b)
	rest, ok := cutPrefix(rest, "discarded by ")
	if !ok {
		return false
	}
	where, _ := cutWord(rest)
	_, ev.Text, _ = cutString(rest, ": ")
	ev.Kind, ev.Stage, ev.Origin, ev.Recipient = Discarded, status.StageOf(where), status.OriginLocal, rcpt
	return true
}

// eximRefusal makes ev a refusal. Its text begins with a code only where the ACL's message
// does; otherwise Exim sent 550, or 451 for a temporary refusal (Exim specification,
// "Customizing ACL messages"). A code of the wrong class Exim does not send.
func (p *Parser) eximRefusal(ev *Event, stage status.Stage, temporary bool, text []byte) {
	ev.Kind, ev.Stage, ev.Origin, ev.Text = Rejected, stage, status.OriginLocal, text
	if ev.Direction == DirectionNone {
		ev.Direction = In
	}
	class := byte('5')
	if temporary {
		class = '4'
	}
	if eximReplyCode(text) && text[0] == class {
		p.eximReply(text, ev)
	} else if e, rest, ok := status.ParseEnhanced(text); ok && len(text) > 0 && text[0] == class {
		ev.Enhanced, ev.Text = e, trimLeft(rest)
	}
	if ev.Code == 0 {
		if ev.CodeInferred = 550; temporary {
			ev.CodeInferred = 451
		}
	}
	ev.Detail = dnsList(text)
}

// dnsList returns the DNS list in a refusal's text: "rejected because 192.0.2.1 is in a
// black list at zen.example", "found in dnsbl zen.example", "is listed in zen.example".
func dnsList(b []byte) []byte {
	for i := 0; i < len(b); i++ {
		var rest []byte
		ok := false
		switch b[i] {
		case ' ':
			if rest, ok = cutPrefix(b[i:], " in a black list at "); !ok {
				if rest, ok = cutPrefix(b[i:], " listed in "); !ok {
					rest, ok = cutPrefix(b[i:], " listed at ")
				}
			}
		case 'f':
			if rest, ok = cutPrefix(b[i:], "found in "); ok {
				rest, _ = cutPrefix(rest, "dnsbl ")
			}
		case 'D':
			rest, ok = cutPrefix(b[i:], "DNSLIST (")
		}
		if !ok {
			continue
		}
		n := 0
		for n < len(rest) && (isAlnum(rest[n]) || rest[n] == '.' || rest[n] == '-' || rest[n] == '_') {
			n++
		}
		for n > 0 && rest[n-1] == '.' {
			n--
		}
		if bytes.IndexByte(rest[:n], '.') > 0 {
			return rest[:n]
		}
	}
	return nil
}
