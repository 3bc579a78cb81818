package anonymize

import (
	"bytes"
	"slices"
	"strings"
)

// text appends a text in which addresses, IP addresses, names of logins and all that a.known
// holds are replaced.
//
// It reads a line of any length in one pass: what needs to see a whole run of characters looks
// at it once, from its start, or no further than limit.
func (a *Anonymizer) text(dst, s []byte) []byte {
	looked, end := 0, 0 // no address begins before looked; where the current run of localChar ends
	for i := 0; i < len(s); {
		if i > 0 && isAlnum(s[i-1]) && isAlnum(s[i]) { // within a word
			dst = append(dst, s[i])
			i++
			continue
		}
		out, n := a.atom(dst, s, i)
		if n == 0 && i >= looked && s[i] != '\'' && s[i] != '`' {
			if i >= end {
				end = i + run(s[i:], localChar)
			}
			if out, n = a.word(dst, s[i:], end-i); n == 0 {
				looked = end
			}
		}
		if n == 0 {
			out, n = append(dst, s[i]), 1
		}
		dst, i = out, i+n
	}
	return dst
}

// limit is longer than any host name (RFC 1035 2.3.4) or quoted local part is.
const limit = 300

// maxName is how long a local part can be (RFC 5321 4.5.3.1.1); no IP address is longer.
const maxName = 64

// atom replaces what begins at s[i]; n is its length, 0 where nothing is to be replaced.
func (a *Anonymizer) atom(dst, s []byte, i int) (_ []byte, n int) {
	b := s[i:]
	for _, k := range a.known {
		if begins(b, k.from) && starts(s, i) && ends(b, len(k.from), i > 0 && s[i-1] == '/') {
			return append(dst, k.to...), len(k.from)
		}
	}
	if out, n := a.seen(dst, s, i); n > 0 {
		return out, n
	}
	switch {
	case hasPrefix(b, `T="`): // Exim's subject
		if n := closing(b, 2); n > 0 {
			return append(dst, `T="..."`...), n
		}
	case b[0] == '"': // "john doe"@d.example
		if n := closing(b[:min(len(b), limit)], 0); n > 0 && n < len(b)-1 && b[n] == '@' && domainChar(b[n+1]) {
			return a.atDomain(a.local(dst, b[:n]), b, n)
		}
		return dst, 0
	case b[0] == '<':
		return a.angle(dst, b)
	}
	if n := ip6(b[:min(len(b), maxName)]); n > 0 {
		if out, ok := a.ip(dst, b[:n]); ok {
			return out, n
		}
	}
	if out, n := a.login(dst, b); n > 0 {
		return out, n
	}
	if i == 0 || !hostChar(s[i-1]) {
		if out, n := a.hostName(dst, b); n > 0 {
			return out, n
		}
	}
	if n := ip4(b); n > 0 {
		if out, ok := a.ip(dst, b[:n]); ok {
			return out, n
		}
	}
	return dst, 0
}

// seen replaces the name of somebody whom an event before named, where the word is no usual one:
// it holds more than letters, or a word before it says that it names somebody.
func (a *Anonymizer) seen(dst, s []byte, i int) ([]byte, int) {
	n := run(s[i:min(len(s), i+maxName+1)], nameChar)
	word := bytes.TrimRight(s[i:i+n], ".-_+")
	if len(word) < 3 || len(word) > maxName || !starts(s, i) || i+n < len(s) && s[i+n] == '@' {
		return dst, 0
	}
	for _, p := range phrases {
		if bytes.HasSuffix(s[:i], []byte(p)) {
			return a.local(dst, word), len(word)
		}
	}
	if run(word, isLetter) == len(word) && !named(s[:i]) || isWord(word) {
		return dst, 0
	}
	a.key = append(a.key[:0], person)
	a.key = append(a.key, bytes.ToLower(word)...)
	if p, ok := a.cache[string(a.key)]; ok {
		return append(dst, p...), len(word)
	}
	return dst, 0
}

// phrases stand before a lone user name (Postfix src/local/alias.c, src/smtpd/smtpd_check.c).
var phrases = []string{"alias database loop for ", "unknown user: \"", "User unknown: "}

// named tells whether text ends in a word behind which a user's name stands.
func named(text []byte) bool {
	text = bytes.TrimRight(text, " :'\"`<(")
	for _, w := range []string{"for", "user", "mailbox", "account", "recipient", "login", "owner", "username", "of"} {
		if rest, ok := bytes.CutSuffix(text, []byte(w)); ok && (len(rest) == 0 || !isAlnum(rest[len(rest)-1])) {
			return true
		}
	}
	return false
}

// logins are the keys whose value is a user name.
var logins = []string{"sasl_username=", "set_id=", "user=", "username=", "login=", "U=", "ruser=", "acct=", "account="}

// login replaces the value of a key that says whose it is, where that is no address.
func (a *Anonymizer) login(dst, b []byte) ([]byte, int) {
	for _, key := range logins {
		if !hasPrefix(b, key) {
			continue
		}
		end := len(key) + run(b[len(key):], func(c byte) bool { return localChar(c) && c != '&' && c != '%' })
		value := bytes.TrimRight(b[len(key):end], ".:")
		if len(value) == 0 || end < len(b) && (b[end] == '@' || b[end] == '%') {
			return dst, 0
		}
		return a.local(append(dst, key...), value), len(key) + len(value)
	}
	return dst, 0
}

// hostName replaces a host name that spells an IP address.
func (a *Anonymizer) hostName(dst, b []byte) ([]byte, int) {
	n := run(b[:min(len(b), limit)], hostChar)
	if n < len(b) && b[n] == '@' {
		return dst, 0
	}
	name := bytes.TrimRight(b[:n], ".-_")
	if from, to := spelled(name); from < to && isLetter(name[bytes.LastIndexByte(name, '.')+1]) {
		return a.host(dst, name), len(name)
	}
	return dst, 0
}

// keys stand before an address, and end with =.
var keys = []string{"sasl_username", "set_id", "user", "username", "login", "U", "to", "orig_to", "from", "sender", "recipient", "rcpt",
	"email", "mail", "addr", "address", "mailfrom", "id", "message-id", "e", "F", "P", "R"}

// word replaces the address whose local part the run of n characters at the start of b is; in a
// URL the @ may be written %40.
func (a *Anonymizer) word(dst, b []byte, n int) ([]byte, int) {
	if eq := bytes.IndexByte(b[:min(n, 16)], '='); eq > 0 && slices.Contains(keys, string(b[:eq])) {
		return append(dst, b[:eq+1]...), eq + 1
	}
	if at := bytes.Index(b[:n], []byte("%40")); at >= 0 {
		from := parameter(b[:at])
		dst = a.local(append(dst, b[:from]...), b[from:at])
		return append(dst, "%40"...), at + 3
	}
	if n+1 >= len(b) || b[n] != '@' || !domainChar(b[n+1]) {
		return dst, 0
	}
	from := 0
	if bytes.Contains(b[:n], []byte("//")) {
		from = parameter(b[:n])
	}
	if from == n {
		return dst, 0
	}
	return a.atDomain(a.local(append(dst, b[:from]...), b[from:n]), b, n)
}

// parameter returns where the value of a URL's last parameter begins.
func parameter(url []byte) int {
	from := bytes.LastIndexAny(url, "/?&") + 1
	return from + bytes.IndexByte(url[from:], '=') + 1
}

// atDomain appends the @ at b[n] and the domain behind it.
func (a *Anonymizer) atDomain(dst, b []byte, n int) ([]byte, int) {
	dst = append(dst, '@')
	n++
	end := n
	if b[n] == '[' {
		if end += bytes.IndexByte(b[n:min(len(b), n+limit)], ']') + 1; end == n {
			return dst, n
		}
	} else {
		end = n + len(bytes.TrimRight(b[n:n+run(b[n:], hostChar)], ".-_"))
	}
	return a.host(dst, b[n:end]), end
}

// angle replaces a lone name in angle brackets, <bob>. A command (<DATA>) and a host name are
// none.
func (a *Anonymizer) angle(dst, b []byte) ([]byte, int) {
	n := run(b[1:], localChar)
	name := b[1 : 1+n]
	if n == 0 || 1+n >= len(b) || b[1+n] != '>' || bytes.IndexByte(name, '.') >= 0 || bytes.Equal(name, bytes.ToUpper(name)) || isWord(name) {
		return dst, 0
	}
	return append(a.local(append(dst, '<'), name), '>'), n + 2
}

// begins tells whether b starts with a known text, in any case.
func begins(b, text []byte) bool {
	return len(b) >= len(text) && (b[0]|0x20) == (text[0]|0x20) && bytes.EqualFold(b[:len(text)], text)
}

// starts tells whether a name can begin at s[i]: bob is no part of jim.bob.
func starts(s []byte, i int) bool {
	return i < 2 || s[i-1] != '.' && s[i-1] != '-' || !isAlnum(s[i-2])
}

// ends tells whether a name of n bytes at the start of b is whole there: bob is no part of
// bobby, and neither of bob.smith, but it is of the path /bob.mbox; a name of two letters stands in
// quotes or brackets.
func ends(b []byte, n int, path bool) bool {
	if n == len(b) {
		return n > 2
	}
	if n <= 2 {
		return strings.IndexByte(`>"')`, b[n]) >= 0
	}
	if c := b[n]; isAlnum(c) || c == '_' || !path && (c == '.' || c == '-') && n+1 < len(b) && isAlnum(b[n+1]) {
		return !isAlnum(b[n-1])
	}
	return true
}

// closing returns the length of the quoted string whose first quote is b[at], 0 where it does not
// end; a backslash quotes the next byte.
func closing(b []byte, at int) int {
	for i := at + 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return 0
}

// ip6 returns the length of what may be an IPv6 address at the start of b.
func ip6(b []byte) int {
	n := run(b, func(c byte) bool { return isHex(c) || c == ':' || c == '.' })
	for n > 0 && (b[n-1] == '.' || b[n-1] == ':' && (n < 2 || b[n-2] != ':')) {
		n--
	}
	if bytes.Count(b[:n], []byte(":")) < 2 {
		return 0
	}
	return n
}

// ip4 returns the length of a dotted quad at the start of b.
func ip4(b []byte) int {
	n := 0
	for part := range 4 {
		if part > 0 {
			if n >= len(b) || b[n] != '.' {
				return 0
			}
			n++
		}
		digits := run(b[n:], isDigit)
		if digits == 0 || digits > 3 {
			return 0
		}
		n += digits
	}
	return n
}

// run returns how many bytes at the start of b are of a kind.
func run(b []byte, kind func(c byte) bool) int {
	n := 0
	for n < len(b) && kind(b[n]) {
		n++
	}
	return n
}

// localChar tells whether a local part without quotes may hold c (RFC 5321 4.1.2, RFC 6531).
func localChar(c byte) bool {
	return isAlnum(c) || c >= 0x80 || strings.IndexByte("!#$%&'*+-/=?^_`{|}~.", c) >= 0
}

func hostChar(c byte) bool   { return isAlnum(c) || c == '.' || c == '-' || c == '_' || c >= 0x80 }
func domainChar(c byte) bool { return isAlnum(c) || c == '[' || c >= 0x80 }
func nameChar(c byte) bool   { return isAlnum(c) || strings.IndexByte("._+-", c) >= 0 || c >= 0x80 }
func isLetter(c byte) bool   { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c byte) bool    { return '0' <= c && c <= '9' }
func isHex(c byte) bool      { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }
func isAlnum(c byte) bool    { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'z' }

func hasPrefix(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && string(b[:len(prefix)]) == prefix
}
