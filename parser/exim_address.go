package parser

import "bytes"

// cutEximRecipient cuts the addresses of a delivery line: the final one, its parents in
// parentheses, and the original one in angle brackets (Exim src/deliver.c,
// string_log_address):
//
//	c@d.example (list@own.example) <orig@own.example> R=...
//	|/usr/bin/filter a: b; c <u@own.example> R=...
//	tina h@d.example <"tina h"@d.example> R=...
func cutEximRecipient(b []byte, ev *Event) (rest []byte) {
	if rest, ok := cutEximUnquoted(b, ev); ok {
		return rest
	}
	end := eximAddressEnd(b[:min(len(b), maxEntry)])
	ev.Recipient, rest = b[:end], b[end:]
	for {
		r := trimLeft(rest)
		if len(r) == 0 {
			break
		}
		if r[0] == '<' {
			ev.OrigRecipient, rest = cutEximAngle(r)
			break
		}
		if r[0] != '(' {
			break
		}
		end := parentsEnd(r)
		if end < 0 {
			break
		}
		rest = r[end+1:]
	}
	if len(ev.Recipient) > 0 && ev.Recipient[0] == '<' {
		ev.Recipient = trimAngle(ev.Recipient)
	} else if n := len(ev.Recipient) - 1; n > 0 && ev.Recipient[n] == '>' && bytes.IndexByte(ev.Recipient, '<') < 0 && isAlnum(ev.Recipient[0]) {
		ev.Recipient = ev.Recipient[:n] // "someone@d.example>:" of a damaged line
	}
	switch firstByte(ev.Recipient) {
	case '|', '/', '>', ':':
		if len(ev.OrigRecipient) > 0 || bytes.IndexByte(ev.Recipient, '@') < 0 { // else a strange address
			ev.Direction = Local
		}
	}
	return rest
}

// cutEximUnquoted is cutEximRecipient where the final address has lost the quotes of its local
// part, or of a part of it: it then contains whatever was between them, also what looks like its own
// end and all that follows. Of several original addresses that fit the last counts: it holds the others.
func cutEximUnquoted(b []byte, ev *Event) (rest []byte, ok bool) {
	if !quotedPart(b) {
		return b, false // nearly all lines
	}
	angle := len(b) // the bracket that was looked at last
	for quote := bytes.LastIndexByte(b, '"'); quote > 1; quote = bytes.LastIndexByte(b[:quote], '"') {
		if quote > angle || !beginsPart(b, quote) {
			continue
		}
		if angle = bytes.LastIndexByte(b[:quote], '<'); angle < 2 || b[angle-1] != ' ' {
			continue
		}
		if n := unquoted(b[:angle-1], b[angle+1:], ev); n > 0 {
			return b[angle+1+n+1:], true
		}
	}
	return b, false
}

// quotedPart tells whether b has a quote that may begin a local part, or a part of one, in a bracket:
// <"a b"@d.example>, <a."b c"@d.example>.
func quotedPart(b []byte) bool {
	for i := bytes.IndexByte(b, '"'); i >= 0; {
		if beginsPart(b, i) {
			return true
		}
		next := bytes.IndexByte(b[i+1:], '"')
		if next < 0 {
			break
		}
		i += 1 + next
	}
	return false
}

// beginsPart tells whether the quote at i is such a one.
func beginsPart(b []byte, i int) bool { return i > 0 && (b[i-1] == '<' || b[i-1] == '.') }

// eximAddressEnd returns the length of the address at the start of b. It may look at the rest of b behind
// each blank: b must be no longer than an entry can be.
func eximAddressEnd(b []byte) int {
	i := 0
	special := false
	switch b[0] {
	case '|', '/', '>', ':': // a command, a file, an autoreply or a special item
		special = true
	case '"':
		_, rest := cutEximQuoted(b)
		i = len(b) - len(rest)
	}
	for ; i < len(b); i++ {
		switch b[i] {
		case ':':
			if !special && (i+1 == len(b) || b[i+1] == ' ') {
				return i
			}
		case '"': // a."b c"@d.example
			if _, rest := cutEximQuoted(b[i:]); b[max(0, i-1)] == '.' && rest != nil {
				i = len(b) - len(rest) - 1
			}
		case ' ':
			if eximAddressFollowed(b[i+1:], special) {
				return i
			}
		}
	}
	if special { // a line that was cut off, or one without an original address
		for i := 1; i < len(b); i++ {
			if b[i] == ' ' && eximAddressFollowed(b[i+1:], false) ||
				b[i] == ':' && (i+1 == len(b) || b[i+1] == ' ') && bytes.IndexByte(b[:i], '@') > 0 { // a strange address
				return i
			}
		}
	}
	return len(b)
}

// eximAddressFollowed tells whether b, behind a blank, is what can follow an address.
func eximAddressFollowed(b []byte, special bool) bool {
	if len(b) == 0 {
		return true
	}
	switch b[0] {
	case ' ':
		return eximAddressFollowed(b[1:], special)
	case '<':
		end := angleEnd(b)
		return end < 0 && !special || end > 0 && eximFieldsFollow(b[end+1:])
	case '(':
		end := parentsEnd(b)
		return end > 0 && (hasPrefix(b[end+1:], " <") || hasPrefix(b[end+1:], " ("))
	}
	return !special && eximFieldsFollow(b)
}

// eximFieldsFollow tells whether b is empty or begins with a field, a colon, the word defer or
// the words of a failure under mua_wrapper.
func eximFieldsFollow(b []byte) bool {
	b = trimLeft(b)
	if len(b) == 0 || b[0] == ':' && (len(b) == 1 || b[1] == ' ') {
		return true
	}
	if c := b[0]; 'A' <= c && c <= 'Z' {
		n := eximKeyLen(b)
		return 0 < n && n <= 3
	}
	_, ok := cutEximDefer(b)
	return ok || hasPrefix(b, "routing yielded a ") || hasPrefix(b, "mua_wrapper forced failure ")
}

// unquoted sets the recipient where plain begins with the local part of the address at the start of b,
// which has quotes around it or parts of it, "a b"@d.example, and perhaps backslashes in them. It returns
// the length of that address, up to its bracket, else 0. In plain the local part has lost them; a domain
// follows, which an alias may have changed, and the parents in parentheses. A local delivery names the
// local part alone. Case does not count. Both have been made printable, a tab as \t.
func unquoted(plain, b []byte, ev *Event) (n int) {
	i, inside, quoted := 0, false, false
	for ; n < len(b) && (inside || b[n] != '@'); n++ {
		c := b[n]
		switch {
		case c == '"':
			inside, quoted = !inside, true
			continue
		case c == '\\' && inside && n+1 < len(b):
			if next := b[n+1]; next == '"' || next == '\\' || i+1 >= len(plain) || plain[i] != c || plain[i+1] != next {
				n++
				c = next
			}
		}
		if i == len(plain) || lowerASCII(plain[i]) != lowerASCII(c) {
			return 0
		}
		i++
	}
	end := bytes.IndexByte(b[n:], '>')
	if !quoted || end < 0 || bytes.IndexByte(b[n:n+end], ' ') >= 0 {
		return 0
	}
	n += end
	rest := plain[i:]
	alone := firstByte(rest) != '@'
	if !alone {
		_, rest = cutWord(rest)
	}
	if alone && ev.Kind != Delivered || len(rest) > 0 && (!hasPrefix(rest, " (") || parentsEnd(rest[1:]) != len(rest)-2) {
		return 0
	}
	if ev.Recipient, ev.OrigRecipient = plain[:len(plain)-len(rest)], b[:n]; alone { // it may look like an address itself
		ev.Recipient, ev.OrigRecipient = b[:n], nil
	}
	return n
}

func lowerASCII(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// firstByte returns the first byte of b, 0 if it is empty.
func firstByte(b []byte) byte {
	if len(b) == 0 {
		return 0
	}
	return b[0]
}
