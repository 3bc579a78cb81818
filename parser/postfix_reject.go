package parser

import (
	"bytes"

	"github.com/smtplog/smtplog/status"
)

// action reads what smtpd(8), postscreen(8), cleanup(8), a milter or a proxy did with a
// client's request: "reject: RCPT from h[ip]: 550 5.1.1 text; from=<a> to=<b> proto=ESMTP
// helo=<c>", "milter-hold: END-OF-MESSAGE from ...", "warning: header Subject: x from ...".
func (l *postfixLine) action(b []byte) bool {
	verb, rest, ok := cutString(b, ": ")
	if !ok || len(verb) > 24 || !isVerb(verb) {
		return false
	}
	kind, severity := verbKind(verb)
	if kind == None {
		return false
	}
	ev := l.ev
	if isContent(rest) {
		if !l.content(rest) {
			return false
		}
	} else if !l.request(rest, hasPrefix(verb, "proxy-")) {
		return false
	}
	ev.Kind, ev.Severity, ev.Direction = kind, severity, In
	if string(ev.Client.Name) == "local" && ev.Client.IP == nil { // picked up, not received
		ev.Client, ev.Direction = Peer{}, Local
	}
	if kind != Other && kind != Redirected {
		ev.Origin = status.OriginLocal
	}
	// A refusal of a recipient leaves the message to the other recipients; one at or after
	// DATA ends it, as every discard does.
	ev.Late = ev.QueueID != nil && (kind == Discarded ||
		kind == Rejected && (ev.Stage == status.StageData || ev.Stage == status.StageEndOfData))
	return true
}

// isVerb tells whether b is made of the letters of an action's name.
func isVerb(b []byte) bool {
	for _, c := range b {
		if !('a' <= c && c <= 'z') && c != '-' && c != '_' {
			return false
		}
	}
	return len(b) > 0
}

// verbKind maps an action to a kind. Postfix access(5), header_checks(5), milter8.c.
func verbKind(verb []byte) (Kind, Severity) {
	for _, s := range [...]string{"milter-", "proxy-"} {
		if v, ok := cutPrefix(verb, s); ok {
			verb = v
			break
		}
	}
	for _, s := range [...]string{"header-", "body-"} {
		if v, ok := cutPrefix(verb, s); ok {
			verb = v
			break
		}
	}
	switch string(verb) {
	case "reject", "defer", "tempfail", "abort":
		return Rejected, SeverityNone
	case "reject_warning":
		return Warning, RejectWarning
	case "warn", "warning":
		return Warning, SeverityWarning
	case "hold", "quarantine":
		return Held, SeverityNone
	case "discard":
		return Discarded, SeverityNone
	case "redirect":
		return Redirected, SeverityNone
	case "filter", "bcc", "prepend", "info", "replace", "strip", "accept", "permit",
		"ok", "dunno", "ignore", "pass", "delay", "trace", "add", "delete", "insert":
		return Other, SeverityNone
	}
	return None, SeverityNone
}

// isContent tells whether an action is about a header or body line.
func isContent(b []byte) bool {
	for _, s := range [...]string{"header ", "body ", "mime-header ", "nested-header ", "mime-error ", "content "} {
		if hasPrefix(b, s) {
			return true
		}
	}
	return false
}

// request reads "RCPT from h[ip]: 550 5.1.1 text; from=<a> to=<b> proto=ESMTP helo=<c>". A
// proxy's lines have no client: "END-OF-MESSAGE: 250 2.0.0 text; from=...".
func (l *postfixLine) request(b []byte, proxy bool) bool {
	ev := l.ev
	stage, rest, ok := cutString(b, " from ")
	if ok && len(stage) <= 40 && bytes.IndexByte(stage, ':') < 0 {
		p, after, found := cutPeer(rest)
		if !found {
			// An address that has been made anonymous, or "local".
			name, after2, ok := cutByte(rest, ':')
			if !ok || bytes.IndexByte(name, ' ') >= 0 {
				return false
			}
			p, after = Peer{Name: name}, after2
		} else if after, ok = cutPrefix(after, ":"); !ok && len(after) > 0 {
			return false
		}
		ev.Client, b = p, trimLeft(after)
	} else {
		if stage, b, ok = cutString(b, ": "); !ok || !proxy && !hasPrefix(stage, "END-OF-MESSAGE") {
			return false
		}
	}
	ev.Stage = stageOf(stage)
	text := l.envelope(b)
	l.ourReply(text)
	if proxy {
		ev.NextQueueID = queuedAs(text)
	}
	if _, list, ok := cutString(ev.Text, " blocked using "); ok {
		ev.Detail = listName(list)
	}
	return true
}

// ourReply splits the reply that we gave. A milter's has no reply code.
func (l *postfixLine) ourReply(b []byte) {
	ev := l.ev
	if n, rest, ok := number(b); ok && len(b)-len(rest) == 3 && 200 <= n && n <= 599 && len(rest) > 0 && rest[0] == ' ' {
		ev.Code, b = int(n), rest[1:]
	}
	if e, rest, ok := status.ParseEnhanced(b); ok && (len(rest) == 0 || rest[0] == ' ') {
		ev.Enhanced, b = e, trimLeft(rest)
	}
	ev.Text = b
}

// listName returns a DNS list's name at the start of b.
func listName(b []byte) []byte {
	i := 0
	for i < len(b) && b[i] != ';' && b[i] != ' ' && b[i] != ',' {
		i++
	}
	return b[:i]
}

// envelope cuts "; from=<a> to=<b> proto=ESMTP helo=<c>" (postscreen: with commas) off the
// end of b, notes it and returns what stands before it.
//
// Addresses and HELO name are strangers', and each may imitate the attributes, also where the
// reply begins with one of them ("554 5.7.1 <u@own.example>: Relay access denied"). The first
// list behind that is Postfix's: what follows it lies in one of its values. Where a reply quotes
// more than can be told apart, the first list that holds what it quotes counts.
func (l *postfixLine) envelope(b []byte) []byte {
	i := nextEnvelope(b, 0)
	if i < 0 {
		if i = indexString(b, "; from="); i < 0 { // without brackets
			return trimSemicolon(b)
		}
	} else if next := nextEnvelope(b, i+1); next > 0 {
		if j := l.quotedEnvelope(b, i); j >= 0 {
			i = j
		}
	}
	l.attributes(b[i+2:])
	return b[:i]
}

// quotedEnvelope returns the first list of attributes, from first on, that holds the address
// or name with which the reply begins; -1 if none does.
func (l *postfixLine) quotedEnvelope(b []byte, first int) int {
	open := bytes.IndexByte(b[:first], '<')
	if open < 0 || open > len("550 5.7.123 ") {
		return -1
	}
	saved := *l.ev
	defer func() { *l.ev = saved }()
	for i, tries := first, 0; i >= 0 && tries < maxLists; i, tries = nextEnvelope(b, i+1), tries+1 {
		*l.ev = saved
		l.attributes(b[i+2:])
		for _, val := range [...][]byte{l.ev.Recipient, l.ev.Sender, l.ev.Client.Helo} {
			if quotes(b[open:i], val) {
				return i
			}
		}
	}
	return -1
}

// maxLists is how many lists of attributes are looked at: a text of nothing else must not take
// the square of its length.
const maxLists = 256

// quotes tells whether b begins with "<val>:".
func quotes(b, val []byte) bool {
	if string(val) == "<>" {
		val = nil
	} else if len(val) == 0 {
		return false
	}
	n := 1 + len(val)
	return len(b) > n+1 && bytes.Equal(b[1:n], val) && b[n] == '>' && b[n+1] == ':'
}

const envelopeFrom = "; from=<"

// nextEnvelope finds where a list of attributes begins, from i on: at the semicolon. Without a
// sender the client was refused before MAIL. It returns -1 where there is none.
func nextEnvelope(b []byte, i int) int {
	for ; ; i++ {
		j := bytes.IndexByte(b[i:], ';')
		if j < 0 {
			return -1
		}
		i += j
		for _, s := range [...]string{envelopeFrom, "; to=<", "; proto=", "; helo=<"} {
			if hasPrefix(b[i:], s) {
				return i
			}
		}
	}
}

// coversEnd tells whether b, a list of attributes up to a certain point, ends inside a
// value: an address with an open quote, or a HELO name that is not closed.
func coversEnd(b []byte) bool {
	for {
		key, rest, ok := cutByte(b, '=')
		if !ok {
			return false
		}
		switch string(key) {
		case "from", "to":
			i := closingAngle(rest, 0)
			if i < 0 {
				return true
			}
			b = rest[i+1:]
		case "proto":
			_, after, ok := cutByte(rest, ' ')
			if !ok {
				return false
			}
			b = after
		case "helo":
			return bytes.IndexByte(rest, '>') < 0
		default:
			return false
		}
		b = trimLeft(trimLeftComma(b))
	}
}

// attributes reads "from=<a> to=<b> proto=ESMTP helo=<c> sasl_username=<d>".
func (l *postfixLine) attributes(b []byte) {
	ev, length := l.ev, len(b)
	for len(b) > 0 {
		key, rest, ok := cutByte(b, '=')
		if !ok {
			return
		}
		switch string(key) {
		case "from":
			ev.Sender, b = cutAngle(rest, 0)
		case "to":
			ev.Recipient, b = cutAngle(rest, 0)
		case "proto":
			i := bytes.IndexByte(rest, ' ')
			if i < 0 {
				return
			}
			b = rest[i:]
		case "helo":
			ev.User, rest = cutLogin(trimRight(rest), length)
			ev.Client.Helo = emptyAngle(rest)
			return
		case "sasl_username":
			ev.User = trimAngle(rest)
			return
		default:
			return
		}
		b = trimLeft(trimLeftComma(b))
	}
}

// cutLogin cuts the login name that stands behind a HELO name off b: "<c> sasl_username=<d>", and
// with log_whatsup() of Postfix 3.10 "<c> sasl_method=PLAIN sasl_username=d sasl_sender=e". length is
// that of the list of attributes.
//
// The HELO name is a stranger's and may imitate what follows it, so the last one counts. What has no
// brackets is Postfix's, as the name's own bracket would end the line, if the line is not so long that
// it may have been cut inside the name. With brackets nothing tells the two apart, but for
// the one bracket too many of a name that closes what it imitates.
func cutLogin(b []byte, length int) (user, rest []byte) {
	const bracketed, method, name, sender = "> sasl_username=<", "> sasl_method=", " sasl_username=", " sasl_sender="
	if hasSuffix(b, ">") {
		i := lastIndexString(b, bracketed)
		if i < 0 || hasSuffix(b, ">>") {
			return nil, b
		}
		return trimAngle(b[i+len(bracketed)-1:]), b[:i+1]
	}
	i := lastIndexString(b, method)
	if i < 0 || length > maxLogin {
		return nil, b
	}
	how, user, ok := cutString(b[i+len(method):], name)
	if !ok || bytes.IndexByte(how, ' ') >= 0 {
		return nil, b
	}
	if j := lastIndexString(user, sender); j >= 0 && bytes.IndexByte(user[j+len(sender):], ' ') < 0 { // xtext has no blanks
		user = user[:j]
	}
	return user, b[:i+1]
}

// maxLogin is up to which length of its list of attributes a line is taken to be whole: Postfix cuts
// one at 2000 bytes, older log daemons at 1024, and the addresses may stand there twice.
const maxLogin = 512

// emptyAngle is trimAngle for what may be empty but has no null value.
func emptyAngle(b []byte) []byte {
	if string(b) == "<>" || len(b) == 0 {
		return nil
	}
	return trimAngle(b)
}

func trimSemicolon(b []byte) []byte {
	if n := len(b); n > 0 && b[n-1] == ';' {
		return b[:n-1]
	}
	return b
}

// content reads cleanup's actions: "header Subject: x from h[ip]; from=<a> to=<b>
// proto=ESMTP helo=<c>: 5.7.1 text". The line of the message, the addresses and the HELO
// name are strangers'; the text at the end is the administrator's.
func (l *postfixLine) content(b []byte) bool {
	ev := l.ev
	what, b, _ := cutByte(b, ' ')
	ev.Stage = status.StageEndOfData
	at, peer, rest := lastOrigin(b)
	if at < 0 {
		// The line was cut inside the message's line.
		ev.Detail = b
		return len(what) > 0
	}
	ev.Detail, ev.Client = b[:at], peer
	end := textAfter(rest)
	l.attributes(rest[:end])
	if end < len(rest) {
		l.ourReply(rest[end+2:])
	}
	return true
}

// lastOrigin finds " from h[ip]; from=<" or " from local; from=<", the last one that does
// not lie inside a value of one before, and returns the attributes from "from=<" on.
func lastOrigin(b []byte) (at int, p Peer, rest []byte) {
	const from = " from "
	at = -1
	end := 0
	for i, tries := len(b), 0; tries < maxLists; tries++ {
		if i = lastIndexString(b[:i], envelopeFrom); i < 0 {
			break
		}
		start := lastIndexString(b[:i], from)
		if start < 0 {
			break
		}
		name := b[start+len(from) : i]
		peer, after, ok := cutPeer(name)
		if string(name) == "local" || string(name) == "unknown" {
			peer, after, ok = Peer{Name: name}, nil, true
		}
		if ok && len(after) == 0 && (at < 0 || coversEnd(b[i+2:end])) {
			at, p, rest, end = start, peer, b[i+2:], i
		}
	}
	if at >= 0 {
		return at, p, rest
	}
	// No sender yet: "from h[ip];" at the end.
	if start := lastIndexString(b, from); start >= 0 {
		if p, after, ok := cutPeer(b[start+len(from):]); ok && (len(after) == 0 || after[0] == ';') {
			return start, p, trimLeft(trimSemicolonLeft(after))
		}
	}
	return -1, p, nil
}

func trimSemicolonLeft(b []byte) []byte {
	if len(b) > 0 && b[0] == ';' {
		return b[1:]
	}
	return b
}

// textAfter returns where ": text" begins behind a list of attributes, len(b) if nowhere.
// The last "helo=<" value is a stranger's and may hold ">: ", so the last one counts, if its
// text does not end with the bracket that closes the value.
func textAfter(b []byte) int {
	i := lastIndexString(b, ">: ")
	if i < 0 {
		return len(b)
	}
	if text := b[i+3:]; hasSuffix(text, ">") && bytes.IndexByte(text, '<') < 0 {
		return len(b)
	}
	return i + 1
}
