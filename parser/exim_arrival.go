package parser

// parseEximArrival parses what follows <= or (=:
//
//	sender H=name (helo) [ip]:port I=[ip]:port U=ident P=esmtpsa X=tls A=plain:id S=1234
//	id=x@y T="subject" from <sender> for rcpt rcpt
//
// R= is the message that a bounce is about, and comes first. The subject may contain anything, but its
// quotes are escaped; the recipients come last (Exim src/receive.c). The sender, the Message-ID and,
// before P=, the ident are the client's words: of several fields with one name the first counts, none
// behind id= does, and a login is named behind P=.
func (p *Parser) parseEximArrival(b []byte, ev *Event) bool {
	ev.Kind = Received
	b = trimLeft(b)
	switch {
	case len(b) == 0:
		return false
	case b[0] == '<':
		ev.Sender, b = cutEximAngle(b)
	default:
		ev.Sender, b = cutEximAddress(b)
	}
	var ident []byte
	host, local, last := false, false, false
	s := eximFields{rest: b}
	for {
		if !s.next() {
			var word []byte
			word, s.rest = cutWord(s.rest)
			s.text = false
			switch {
			case len(word) == 0:
				if ev.User == nil && (local || !host) {
					ev.User = ident
				}
				if ev.Direction = Local; host {
					ev.Direction = In
				}
				return true
			case string(word) == "from":
				s.rest = trimLeft(s.rest)
				if len(s.rest) > 0 && s.rest[0] == '<' {
					_, s.rest = cutEximAngle(s.rest)
				}
			case string(word) == "for":
				ev.Recipients = trimRight(trimLeft(s.rest))
				ev.NRcpt, ev.Has = countAddresses(ev.Recipients), ev.Has|HasNRcpt
				s.rest = nil
			}
			continue
		}
		if last {
			continue
		}
		switch string(s.key) {
		case "H":
			if !host {
				ev.Client, host = s.peer, true
			}
		case "U":
			setFirst(&ident, s.val)
		case "P":
			local, ev.User = hasPrefix(s.val, "local"), nil
		case "X":
			setFirst(&ev.TLS, s.val)
		case "A":
			setFirst(&ev.User, eximAuthID(s.val))
		case "S":
			if n, _, ok := number(s.val); ok && ev.Has&HasSize == 0 {
				ev.Size, ev.Has = n, ev.Has|HasSize
			}
		case "id":
			ev.MessageID, last = s.val, true
		case "R":
			if !host && ident == nil {
				setFirst(&ev.PrevQueueID, s.val)
			}
		}
	}
}

// countAddresses counts what the blanks outside quotes separate.
func countAddresses(b []byte) (n int) {
	quoted, inside := false, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted, inside = !quoted, true
		case c == ' ' && !quoted:
			if inside {
				n++
			}
			inside = false
		default:
			inside = true
		}
	}
	if inside {
		n++
	}
	return n
}
