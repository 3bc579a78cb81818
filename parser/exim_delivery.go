package parser

import (
	"bytes"

	"github.com/smtplog/smtplog/status"
)

// parseEximDelivered parses what follows => -> >> or *>:
//
//	c@d.example <orig@own.example> F=<a@b.example> P=<a@b.example> R=router T=transport
//	S=1300 H=mx.d.example [203.0.113.1]:25 X=tls K C="250 2.0.0 Ok: queued as X" QT=1s DT=0s
func (p *Parser) parseEximDelivered(b []byte, ev *Event) bool {
	b = trimLeft(b)
	if len(b) == 0 {
		return false
	}
	ev.Kind, ev.Direction, ev.Origin = Delivered, Local, status.OriginLocal
	start := b
	rest, unquoted := cutEximUnquoted(b, ev)
	switch {
	case unquoted:
		b = rest
	case hasPrefix(b, "blackhole ("): // an ACL said discard: src/receive.c
		ev.Kind, ev.Direction, ev.Text = Discarded, In, b
		where, _ := cutWord(b[len("blackhole ("):])
		ev.Stage = eximStage(where)
		return true
	case hasPrefix(b, "discarded ("):
		ev.Kind, ev.Text = Discarded, b
		return true
	default:
		b = cutEximRecipient(b, ev)
	}
	s, transport := eximFields{rest: b}, false
	for {
		if !s.next() {
			if s.text { // no text belongs here; leave a damaged line's end alone
				break
			}
			var word []byte
			if word, s.rest = cutWord(s.rest); len(word) == 0 {
				break
			}
			continue // flags such as K, L, PRDR
		}
		transport = transport || string(s.key) == "T"
		p.eximDeliveryField(&s, ev)
	}
	if transport {
		return true
	}
	if hasPrefix(start, "discarded <") { // a filter's "seen finish": src/routers/redirect.c
		if ev.Kind = Discarded; ev.OrigRecipient != nil {
			ev.Recipient, ev.OrigRecipient = ev.OrigRecipient, nil
		}
	} else if hasPrefix(start, ":blackhole:") {
		ev.Kind = Discarded
	}
	return true
}

// eximDeliveryField stores a field of a line with a recipient.
func (p *Parser) eximDeliveryField(s *eximFields, ev *Event) {
	switch string(s.key) {
	case "H":
		ev.Relay, ev.Direction, ev.Origin = eximRelay(s.peer), Out, status.OriginNone
	case "F":
		ev.Sender = s.val
	case "P":
		if ev.Sender == nil {
			ev.Sender = s.val
		}
	case "S":
		if n, _, ok := number(s.val); ok {
			ev.Size, ev.Has = n, ev.Has|HasSize
		}
	case "X":
		ev.TLS = s.val
	case "C":
		p.eximConfirmation(s.val, ev)
	case "QT":
		if d, ok := eximTime(s.val); ok {
			ev.Delay, ev.Has = d, ev.Has|HasDelay
		}
	case "DT":
		if d, ok := eximTime(s.val); ok {
			ev.DeliveryTime, ev.Has = d, ev.Has|HasDeliveryTime
		}
	}
}

// eximRelay makes a next hop of a host as read. A name in parentheses is a name here, too.
func eximRelay(peer Peer) Peer {
	if len(peer.Name) == 0 {
		peer.Name = peer.Helo
	}
	peer.Helo = nil
	return peer
}

// eximConfirmation reads C="...", the reply to a successful delivery. Exim escapes quotes
// and backslashes in it.
func (p *Parser) eximConfirmation(val []byte, ev *Event) {
	if bytes.IndexByte(val, '\\') >= 0 {
		p.buf = p.buf[:0]
		for i := 0; i < len(val); i++ {
			if val[i] == '\\' && i+1 < len(val) && (val[i+1] == '"' || val[i+1] == '\\') {
				i++
			}
			p.buf = append(p.buf, val[i])
		}
		val = p.buf
	}
	ev.Text = val
	if !eximReplyCode(val) {
		return
	}
	p.eximReply(val, ev)
	ev.Origin = status.OriginRemote
	ev.NextQueueID = eximNextID(val)
}

// eximNextID finds the queue ID that the next hop gave, in the words of Postfix ("queued as
// X"), Exim ("id=X") and Sendmail ("X Message accepted for delivery").
func eximNextID(b []byte) []byte {
	for i := run(&noNextID, b, 0); i < len(b); i = run(&noNextID, b, i+1) {
		switch b[i] {
		case 'q':
			if rest, ok := cutPrefix(b[i:], "queued as "); ok {
				return queueIDWord(rest)
			}
		case 'i':
			if rest, ok := cutPrefix(b[i:], "id="); ok {
				if n := eximIDLen(rest); n > 0 && (n == len(rest) || !isAlnum(rest[n])) {
					return rest[:n]
				}
			}
		case 'M':
			if hasPrefix(b[i:], "Message accepted for delivery") && i > 0 {
				word := b[:i-1]
				return queueIDWord(word[bytes.LastIndexByte(word, ' ')+1:])
			}
		}
	}
	return nil
}

// noNextID marks the bytes that none of those words begins with.
var noNextID = func() (t [256]bool) {
	for c := range t {
		t[c] = c != 'q' && c != 'i' && c != 'M'
	}
	return t
}()

// queueIDWord returns the letters and digits at the start of b; too few are no queue ID.
func queueIDWord(b []byte) []byte {
	if word := wordOf(b); len(word) >= 5 {
		return word
	}
	return nil
}

// parseEximDeferred parses what follows ==:
//
//	u@d.example R=router T=transport defer (-44) H=mx.d.example [ip] DT=1s: text
//	u@d.example routing defer (-52): retry time not reached
//	u@d.example R=router T=transport defer (110): Connection timed out H=mx [ip]: text
//
// The number is an errno, or Exim's own cause if it is negative (src/macros.h); the numbers
// for "not yet time to try" changed with 4.95, their texts did not. Since 4.100 there are none, and
// the errno's text stands only where there is no other:
//
//	u@d.example R=router T=transport defer H=mx.d.example [ip] DT=1s: text
//	u@d.example routing defer: retry time not reached
//	u@d.example R=router T=transport defer (Connection refused) DT=1s
func (p *Parser) parseEximDeferred(b []byte, ev *Event) bool {
	b = trimLeft(b)
	if len(b) == 0 {
		return false
	}
	ev.Kind = Deferred
	s := eximFields{rest: cutEximRecipient(b, ev)}
	for s.next() {
		p.eximDeliveryField(&s, ev)
	}
	rest, ok := cutEximDefer(s.rest)
	if s.text || !ok {
		p.eximCause(s.rest, ev)
		return true
	}
	var why []byte
	if hasPrefix(rest, " (") {
		if why, rest, _ = cutByte(rest[2:], ')'); isEximErrno(why) {
			ev.Detail, why = why, nil
		}
	}
	s = eximFields{rest: rest}
	for s.next() {
		p.eximDeliveryField(&s, ev)
	}
	if why != nil && len(s.rest) == 0 {
		s.rest = why
	}
	// after a positive number the errno's text comes first, then the host
	if len(ev.Detail) > 0 && ev.Detail[0] != '-' && s.text {
		if i := eximDeferFields(s.rest); i > 0 {
			t := eximFields{rest: s.rest[i:]}
			for t.next() {
				p.eximDeliveryField(&t, ev)
			}
			if s.rest = s.rest[:i]; t.text && len(t.rest) > 0 {
				s.rest = t.rest
			}
		}
	}
	p.eximCause(s.rest, ev)
	p.eximDeferCause(ev)
	return true
}

// cutEximDefer cuts "defer" or "routing defer", which a number, an errno's text, a field or the text
// follows.
func cutEximDefer(b []byte) (rest []byte, ok bool) {
	rest, _ = cutPrefix(b, "routing ")
	if rest, ok = cutPrefix(rest, "defer"); !ok || len(rest) == 0 {
		return rest, ok
	}
	return rest, rest[0] == ':' || hasPrefix(rest, " (") || rest[0] == ' ' && eximKeyLen(rest[1:]) > 0
}

// isEximErrno tells whether b is the number of a deferral.
func isEximErrno(b []byte) bool {
	b, _ = cutPrefix(b, "-")
	_, rest, ok := number(b)
	return ok && len(rest) == 0
}

// eximDeferFields returns where the fields behind an errno's text begin, 0 where there are none.
func eximDeferFields(b []byte) int {
	head, _, ok := cutString(b, " H=")
	if !ok {
		head, _, ok = cutString(b, " DT=")
	}
	if !ok || contains(head, ": ") {
		return 0
	}
	return len(head)
}

// eximDeferCause sets what the number of a deferral says, where the text did not.
func (p *Parser) eximDeferCause(ev *Event) {
	if eximNotTried(ev.Text) {
		ev.NotAttempted, ev.Origin = true, status.OriginLocal
		if ev.Direction == DirectionNone && (contains(ev.Text, "host") || contains(ev.Text, "SMTP") || contains(ev.Text, "smtp")) {
			ev.Direction = Out
		}
		return
	}
	stage := status.StageNone
	switch string(ev.Detail) {
	case "-18", "-36": // connection closed, DNS
		ev.Origin = status.OriginNetwork
	case "-37", "-38": // TLS failed, TLS required
		ev.Origin, stage = status.OriginNetwork, status.StageStartTLS
	case "-43": // connect timeout
		ev.Origin, stage = status.OriginNetwork, status.StageConnect
	case "-42", "-48": // AUTH refused; the reply is in lines before
		ev.Origin, stage = status.OriginRemote, status.StageAuth
	case "-44", "-45", "-46", "-49": // a 4xx reply to RCPT, MAIL or DATA; no SMTPUTF8
		ev.Origin = status.OriginRemote
	}
	if ev.Stage == status.StageNone {
		ev.Stage = stage
	}
	if ev.Direction == DirectionNone && ev.Origin != status.OriginLocal {
		ev.Direction = Out
	}
}

// eximNotTried tells whether the text of a deferral says that nothing was tried.
func eximNotTried(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	switch b[0] {
	case 'r':
		return hasPrefix(b, "retry time not reached") || hasPrefix(b, "remote deliveries suppressed")
	case 'R':
		return hasPrefix(b, "Retry time not yet reached")
	case 'd':
		return hasPrefix(b, "domain matches queue_") || hasPrefix(b, "domain is in queue_domains") ||
			hasPrefix(b, "domain is held")
	case 'f':
		return hasPrefix(b, "first-pass only routing")
	case 'S':
		return hasPrefix(b, "SMTP delivery explicitly queued")
	case 'c':
		return hasPrefix(b, "concurrency limit reached") || hasPrefix(b, "connection limit reached")
	}
	return false
}

// parseEximFailed parses what follows **:
//
//	u@d.example <orig> F=<a@b.example> R=router T=transport H=mx [ip]: text DT=1s
func (p *Parser) parseEximFailed(b []byte, ev *Event) bool {
	b = trimLeft(b)
	if len(b) == 0 {
		return false
	}
	ev.Kind = Bounced
	if string(b) == "mua_wrapper is set but recipients cannot all be delivered in one transaction" { // for all that are not done yet
		ev.Origin, ev.Text = status.OriginLocal, b
		return true
	}
	s := eximFields{rest: cutEximRecipient(b, ev)}
	for s.next() {
		p.eximDeliveryField(&s, ev)
	}
	text := cutEximDT(s.rest)
	if n := len(text); !s.text && n > 1 && text[0] == '(' && text[n-1] == ')' { // since 4.100 an errno's text where there is no other
		text = text[1 : n-1]
	}
	p.eximCause(text, ev)
	if eximExpired(text) {
		ev.Kind, ev.Origin = Expired, status.OriginLocal
	}
	return true
}

// eximExpired tells whether the text of a failure says that Exim gave up trying.
func eximExpired(b []byte) bool {
	return hasPrefix(b, "retry timeout exceeded") ||
		hasPrefix(b, "retry time not reached for any host after a long failure period") ||
		hasPrefix(b, "all hosts ") && contains(b, "have been failing for a long time")
}

// cutEximDT removes " DT=1s", which follows the text with nothing between (log selector
// deliver_time). Only a span of time at the very end is Exim's.
func cutEximDT(b []byte) []byte {
	i := bytes.LastIndexByte(b, ' ')
	if i < 0 || !hasPrefix(b[i+1:], "DT=") {
		return b
	}
	if _, ok := eximTime(b[i+4:]); !ok {
		return b
	}
	return b[:i]
}
