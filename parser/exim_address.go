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
	end := eximAddressEnd(b)
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
	if bytes.IndexByte(b, '"') < 0 {
		return b, false // nearly all lines
	}
	angle := len(b) // the bracket that was looked at last
	for quote := bytes.LastIndexByte(b, '"'); quote > 1; quote = bytes.LastIndexByte(b[:quote], '"') {
		if c := b[quote-1]; quote > angle || c != '<' && c != '.' { // <"a b"@d.example>, <a."b c"@d.example>
			continue
		}
		if angle = bytes.LastIndexByte(b[:quote], '<'); angle < 2 || b[angle-1] != ' ' {
			continue
		}
		plain, orig := b[:angle-1], b[angle+1:]
		final, n := unquoted(plain, orig)
		switch {
		case n == 0 || final == nil && ev.Kind != Delivered:
			continue
		case final == nil: // a local delivery names the local part alone, which may look like an address
			ev.Recipient = orig[:n]
		default:
			ev.Recipient, ev.OrigRecipient = final, orig[:n]
		}
		return orig[n+1:], true
	}
	return b, false
}

// eximAddressEnd returns the length of the address at the start of b.
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

// unquoted looks whether plain begins with the local part of the address at the start of b, which has
// quotes around it or parts of it, "a b"@d.example, and perhaps backslashes in them: the address goes
// up to its bracket, n bytes, else n is 0. In plain the local part has lost them. What follows there is
// a domain, which an alias may have changed, and the parents in parentheses: final is the address with
// that domain, nil where there is none. Case does not count. Both have been made printable, a tab as \t.
func unquoted(plain, b []byte) (final []byte, n int) {
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
			return nil, 0
		}
		i++
	}
	end := bytes.IndexByte(b[n:], '>')
	if !quoted || end < 0 || bytes.IndexByte(b[n:n+end], ' ') >= 0 {
		return nil, 0
	}
	rest := plain[i:]
	if firstByte(rest) == '@' {
		_, rest = cutWord(rest)
		final = plain[:len(plain)-len(rest)]
	}
	if len(rest) > 0 && (!hasPrefix(rest, " (") || parentsEnd(rest[1:]) != len(rest)-2) {
		return nil, 0
	}
	return final, n + end
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
