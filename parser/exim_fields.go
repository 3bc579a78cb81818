package parser

import (
	"bytes"
	"time"
)

// eximFields reads the fields of an Exim line from left to right:
//
//	H=mail.example (helo.example) [192.0.2.1]:4711 X=TLS1.3:...:256 F=<a@b.example> rejected ...
//
// It stops at the first word that is no field, and at a colon that is followed by a blank:
// what comes then is text, often a stranger's, and is not searched.
type eximFields struct {
	rest []byte // what is left
	text bool   // a colon ended the fields: rest is the text after it
	key  []byte
	val  []byte // without its quotes (but still escaped) or brackets
	peer Peer   // for the key H
}

// next reads the next field. After false, rest is the first word that is no field, or the
// text.
func (s *eximFields) next() bool {
	b := trimLeft(s.rest)
	s.rest = b
	if s.text || len(b) == 0 {
		return false
	}
	if b[0] == ':' && (len(b) == 1 || b[1] == ' ') {
		s.rest, s.text = trimLeft(b[1:]), true
		return false
	}
	n := eximKeyLen(b)
	if n == 0 {
		if b[0] != 'T' {
			return false
		}
		rest, ok := cutFastOpen(b)
		if !ok {
			return false
		}
		s.end(rest)
		b = trimLeft(s.rest)
		s.rest = b
		if n = eximKeyLen(b); n == 0 || s.text {
			return false
		}
	}
	s.key, b = b[:n], b[n+1:]
	if n == 1 && s.key[0] == 'H' {
		s.val = b
		s.peer, b = cutEximHost(b)
		s.val = s.val[:len(s.val)-len(b)]
		s.end(b)
		return true
	}
	switch {
	case len(b) == 0:
		s.val = nil
	case b[0] == '"':
		val, rest := cutEximQuoted(b)
		if s.val = val; len(rest) > 0 && (rest[0] == '@' || rest[0] == '.') { // an address: id="a b"@c
			s.val, rest = cutEximAddress(b)
		}
		b = rest
	case b[0] == '<':
		s.val, b = cutEximAngle(b)
	default:
		s.val, b = cutEximAddress(b)
		if k := len(s.val); k > 0 && s.val[k-1] == ':' {
			s.val, s.text = s.val[:k-1], true
			b = trimLeft(b)
		}
		if string(s.key) == "ST" { // ST=shadow (why it failed)
			if r := trimLeft(b); len(r) > 0 && r[0] == '(' {
				if i := indexString(r, ") "); i >= 0 {
					b = r[i+1:]
				}
			}
		}
	}
	s.end(b)
	return true
}

// end stores what is left, and removes a colon that ends the fields.
func (s *eximFields) end(b []byte) {
	if !s.text && len(b) > 0 && b[0] == ':' && (len(b) == 1 || b[1] == ' ') {
		s.text, b = true, trimLeft(b[1:])
	}
	s.rest = b
}

// eximKeyLen returns the length of a field's name at the start of b (H, M8S, DKIM, id*), or
// 0 where there is no field.
func eximKeyLen(b []byte) int {
	for i := 0; i < len(b) && i < 8; i++ {
		switch c := b[i]; {
		case c == '=':
			return i
		case isAlnum(c), c == '*' && i > 0:
		default:
			return 0
		}
	}
	return 0
}

// cutFastOpen cuts the word behind a host that says that TCP fast open was used, with data or without.
func cutFastOpen(b []byte) (rest []byte, ok bool) {
	if rest, ok = cutPrefix(b, "TFO"); ok {
		rest, _ = cutPrefix(rest, "*")
		ok = len(rest) == 0 || rest[0] == ' ' || rest[0] == ':'
	}
	return rest, ok
}

// cutWord cuts b at the first blank.
func cutWord(b []byte) (word, rest []byte) {
	if i := bytes.IndexByte(b, ' '); i >= 0 {
		return b[:i], b[i:]
	}
	return b, nil
}

// cutEximQuoted cuts "..." with backslash escapes; the content stays escaped. A line that
// was cut off may lack the second quote.
func cutEximQuoted(b []byte) (val, rest []byte) {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return b[1:i], b[i+1:]
		}
	}
	return b[1:], nil
}

// cutEximAddress cuts an address without brackets at the first blank that is not quoted. The local
// part may be quoted as a whole or in parts: "a b"@c, a."b c"@d.
func cutEximAddress(b []byte) (addr, rest []byte) {
	if addr, rest = cutWord(b); bytes.IndexByte(addr, '"') < 0 {
		return addr, rest
	}
	for i := 0; i < len(b); i++ {
		switch {
		case b[i] == ' ':
			return b[:i], b[i:]
		case b[i] == '"' && (i == 0 || b[i-1] == '.'):
			_, rest := cutEximQuoted(b[i:])
			i = len(b) - len(rest) - 1
		}
	}
	return b, nil
}

// cutEximAngle cuts <...>, where the address may have a quoted local part with any byte in
// it. "<>" stays, as the null path. A line that was cut off may lack the second bracket; an
// address without brackets ends at a blank.
func cutEximAngle(b []byte) (addr, rest []byte) {
	if firstByte(b) != '<' {
		return cutWord(b)
	}
	i := angleEnd(b)
	if i < 0 {
		return b[1:], nil
	}
	if i == 1 {
		return b[:2], b[2:]
	}
	return b[1:i], b[i+1:]
}

// angleEnd returns the index of the bracket that closes b[0], or -1. What is between quotes does not
// count: "a>b"@c, also in parts of a local part, a."b>c"@d (RFC 5322, obs-local-part).
func angleEnd(b []byte) int { return closing(b, '>', false) }

// parentsEnd returns the index of the parenthesis that closes b[0], or -1, likewise: what is in it is
// a list of addresses, (a@b, "c)d"@e).
func parentsEnd(b []byte) int { return closing(b, ')', true) }

// closing returns the index of the byte that closes b[0], or -1. A quote counts at the start of a part of
// a local part; in a list each address may begin with one.
func closing(b []byte, with byte, list bool) int {
	first := bytes.IndexByte(b, with)
	end := first
	for i := 1; i < end; i++ {
		quote := bytes.IndexByte(b[i:end], '"')
		if quote < 0 {
			break
		}
		if i += quote; i > 1 && b[i-1] != '.' && !(list && b[i-1] == ' ') {
			continue
		}
		_, rest := cutEximQuoted(b[i:])
		if i = len(b) - len(rest) - 1; i < end {
			continue
		}
		after := bytes.IndexByte(rest, with)
		if after < 0 { // the line was cut off, or it is no quoted part
			return first
		}
		end = len(b) - len(rest) + after
	}
	return end
}

// cutEximHost cuts a host as Exim writes it: "name [ip]:port", "name (helo) [ip]", "(helo)
// [ip]", "([10.1.2.3]) [ip]", "[ip]*", "name DS [ip]" (log selector dnssec), or just a name. The helo name is the client's own
// word; only the bracket after it is the peer.
func cutEximHost(b []byte) (peer Peer, rest []byte) {
	i := 0
	for i < len(b) && b[i] != ' ' && b[i] != '(' && b[i] != '[' && !(b[i] == ':' && i+1 < len(b) && b[i+1] == ' ') {
		i++
	}
	peer.Name, rest = b[:i], b[i:]
	r := trimLeft(rest)
	if len(r) > 0 && r[0] == '(' {
		end := heloEnd(r)
		if end < 0 {
			return peer, rest
		}
		peer.Helo, rest = r[1:end], r[min(end+1, len(r)):]
		r = trimLeft(rest)
	}
	if len(r) > 0 && r[0] == 'D' && hasPrefix(r, "DS [") {
		r = r[len("DS "):]
	}
	if len(r) == 0 || r[0] != '[' {
		return peer, rest
	}
	end := bytes.IndexByte(r, ']')
	if blank := bytes.IndexByte(r, ' '); end < 0 || blank >= 0 && blank < end {
		// "[192.0.2.1: SMTP error ...": the line is damaged
		if blank < 0 {
			blank = len(r)
		}
		peer.IP, rest = r[1:blank], r[blank:]
		if n := len(peer.IP); n > 0 && peer.IP[n-1] == ':' {
			rest = r[blank-1:]
			peer.IP = peer.IP[:n-1]
		}
		return peer, rest
	}
	peer.IP, rest = r[1:end], r[end+1:]
	if len(rest) > 1 && rest[0] == ':' && isDigit(rest[1]) {
		n, after, _ := number(rest[1:])
		if n < 1<<16 {
			peer.Port = uint16(n)
		}
		rest = after
	}
	if len(rest) > 0 && rest[0] == '*' { // the connection was used before
		rest = rest[1:]
	}
	return peer, rest
}

// heloEnd returns the index of the parenthesis that closes b[0]: the first one with " [ip]"
// after it, or with a field (a local client has no address). In a damaged line,
// "(broken.example [192.0.2.1] P=...", it returns the index of the blank before the peer.
func heloEnd(b []byte) int {
	first, peer, fields := -1, -1, false
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case ')':
			r := b[i+1:]
			if len(r) > 3 && r[0] == ' ' && r[1] == '[' && isIP(r[2:]) {
				if peer >= 0 && first < 0 && fields {
					return peer
				}
				return i
			}
			if first < 0 && !fields {
				if first = i; len(r) > 2 && r[0] == ' ' && 'A' <= r[1] && r[1] <= 'Z' && eximKeyLen(r[1:]) > 0 {
					return i
				}
			}
		case ' ':
			if r := b[i+1:]; eximKeyLen(r) > 0 {
				fields = true
			} else if peer < 0 && !fields && len(r) > 3 && r[0] == '[' && isIP(r[1:]) {
				peer = i
			}
		}
	}
	if first < 0 {
		return peer
	}
	return first
}

// isIP tells whether an address and the closing bracket are at the start of b. It looks at
// the bytes only.
func isIP(b []byte) bool {
	for i, c := range b {
		if c == ']' {
			return i > 1
		}
		if !isAlnum(c) && c != '.' && c != ':' && c != '%' {
			return false
		}
	}
	return false
}

// cutEximPeer cuts a host and the fields after it, "mail.example [192.0.2.1]:4711
// I=[192.0.2.25]:25 U=ident", into the client. text is true where a colon ended them.
func cutEximPeer(b []byte, ev *Event) (rest []byte, text bool) {
	b = trimLeft(b)
	if eximKeyLen(b) == 0 {
		ev.Client, b = cutEximHost(b)
	}
	s := eximFields{}
	s.end(b)
	for s.next() {
		eximClientField(&s, ev)
	}
	return s.rest, s.text
}

// eximClientField stores a field of a line about a client. Of several with one name the first is
// Exim's own.
func eximClientField(s *eximFields, ev *Event) {
	switch string(s.key) {
	case "H":
		if ev.Client.Name == nil && ev.Client.IP == nil {
			ev.Client = s.peer
		}
	case "F":
		setFirst(&ev.Sender, s.val)
	case "X":
		setFirst(&ev.TLS, s.val)
	case "A":
		setFirst(&ev.User, eximAuthID(s.val))
	}
}

// setFirst sets a field that is not set yet.
func setFirst(field *[]byte, val []byte) {
	if *field == nil {
		*field = val
	}
}

// eximAuthID returns the login name in A=authenticator:id or A=authenticator:id:sender.
func eximAuthID(b []byte) []byte {
	_, id, _ := cutByte(b, ':')
	id, _, _ = cutByte(id, ':')
	return id
}

// eximTime reads Exim's way to write a span of time: 0.304s, 3m45s, 1d2h.
func eximTime(b []byte) (d time.Duration, ok bool) {
	for len(b) > 0 {
		n, rest, numeric := seconds(b)
		if !numeric || len(rest) == 0 {
			return 0, false
		}
		switch rest[0] {
		case 's':
		case 'm':
			n *= 60
		case 'h':
			n *= 3600
		case 'd':
			n *= 86400
		case 'w':
			n *= 7 * 86400
		default:
			return 0, false
		}
		if n < 0 || n > maxEximTime {
			return 0, false
		}
		d, b, ok = d+n, rest[1:], true
	}
	return d, ok
}

// maxEximTime bounds one part of a span, so that the sum of a line's parts cannot overflow.
const maxEximTime = 100 * 365 * 86400 * time.Second
