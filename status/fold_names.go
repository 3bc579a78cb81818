package status

// address looks for a mail address at the start of b and returns its length, or 0. It
// also returns the length of the run that no address can start in if there is none.
func address(b []byte) (n, run int) {
	if b[0] == '\'' || b[0] == '`' {
		return 0, 0 // a quote more likely than a local part
	}
	for n < len(b) && isLocal(b[n]) {
		n++
	}
	if n == 0 || n == len(b) || b[n] != '@' {
		return 0, n
	}
	d := domain(b[n+1:])
	if d == 0 {
		return 0, n
	}
	return n + 1 + d, n
}

// angleAddress returns the length of an address in angle brackets, or 0. Its local part
// may be quoted.
func angleAddress(b []byte) int {
	n := 1
	if len(b) > 1 && b[1] == '"' {
		n += quotedAddress(b[1:])
	} else if len(b) > 1 {
		a, _ := address(b[1:])
		n += a
	}
	if n == 1 || n == len(b) || b[n] != '>' {
		return 0
	}
	return n + 1
}

// quotedAddress returns the length of an address with a quoted local part such as
// "kim f"@example.com, or 0. The quotes hold no quotes and no braces.
func quotedAddress(b []byte) int {
	if b[0] != '"' {
		return 0
	}
	n := 1
	for n < len(b) && b[n] != '"' && b[n] != '{' && b[n] != '}' {
		n++
	}
	if n+1 >= len(b) || b[n] != '"' || b[n+1] != '@' {
		return 0
	}
	d := domain(b[n+2:])
	if d == 0 {
		return 0
	}
	return n + 2 + d
}

// domain returns the length of the domain of an address, or 0. Masked (***.example) and
// internationalised ones count.
func domain(b []byte) int {
	if len(b) == 0 || b[0] == '.' || b[0] == '-' {
		return 0
	}
	n := 0
	for n < len(b) && class[b[n]]&(classAlnum|classDot|classHyphen|classOfDomain) != 0 {
		n++
	}
	for n > 0 && (b[n-1] == '.' || b[n-1] == '-') {
		n--
	}
	return n
}

// isLocal reports the bytes of a local part (RFC 5322 3.2.3, RFC 6531 3.3) but braces.
func isLocal(c byte) bool { return class[c]&classLocal != 0 }

// schemeLen returns the length of "http://" or "https://" at the start of b, or 0.
func schemeLen(b []byte) int {
	for _, s := range [...]string{"http://", "https://"} {
		if len(b) >= len(s) && equalFold(b[:len(s)], s) {
			return len(s)
		}
	}
	return 0
}

// hostName returns the length of the longest host name at the start of a run, or 0: two
// labels or more, of letters, digits and inner hyphens, the last of two letters or more.
func hostName(r []byte) int {
	best, labels := 0, 0
	for i := 0; i < len(r); i++ {
		alpha := true // the label is only letters so far
		start := i
		for i < len(r) && (isAlnum(r[i]) || r[i] == '-' && i > start) {
			if !isAlpha(r[i]) {
				alpha = false
			}
			i++
			if end := i == len(r) || !isAlnum(r[i]); alpha && end && labels > 0 && i-start >= 2 {
				best = i
			}
		}
		if i == start || r[i-1] == '-' || i < len(r) && r[i] != '.' {
			break
		}
		labels++
	}
	return best
}

// secondLevel are the labels under which a country registers names: example.co.uk.
var secondLevel = [...]string{
	"ac", "ad", "co", "com", "edu", "go", "gob", "gov", "ne", "net", "nom", "or", "org",
}

// registered returns the length of the registered domain at the end of a host name: its
// last two labels, or three as in example.co.uk.
func registered(name []byte) int {
	dots := [3]int{} // positions after the last dots, the last first
	n := 0
	for i := len(name) - 1; i >= 0 && n < 3; i-- {
		if name[i] == '.' {
			dots[n] = i + 1
			n++
		}
	}
	if n < 2 {
		return len(name)
	}
	if len(name)-dots[0] == 2 {
		for _, s := range secondLevel {
			if equalFold(name[dots[1]:dots[0]-1], s) {
				return len(name) - dots[2] // all of it if there are only three
			}
		}
	}
	return len(name) - dots[1]
}

// ipAddress returns the length of an IPv4 or IPv6 address at the start of b, or 0. No
// letter, digit or further number may follow.
func ipAddress(b []byte) int {
	if n := ipv4(b); n > 0 {
		return n
	}
	return ipv6(b)
}

func ipv4(b []byte) int {
	n := 0
	for i := range 4 {
		if i > 0 {
			if n == len(b) || b[n] != '.' {
				return 0
			}
			n++
		}
		d := digits(b[n:])
		if d == 0 || d > 3 || d == 3 && string(b[n:n+3]) > "255" {
			return 0
		}
		n += d
	}
	if n < len(b) && (isAlpha(b[n]) || b[n] == '_' || b[n] == '.' && n+1 < len(b) && isAlnum(b[n+1])) {
		return 0
	}
	return n
}

// ipv6 wants a digit, and two colons or more with something behind them, so that words
// like add::face are left alone.
func ipv6(b []byte) int {
	n, colons := 0, 0
	for n < len(b) && n <= len("0000:0000:0000:0000:0000:0000:255.255.255.255") &&
		(isHex(b[n:n+1]) || b[n] == ':' || b[n] == '.') {
		if b[n] == ':' {
			colons++
		}
		n++
	}
	if colons < 2 || n < len(b) && (isAlpha(b[n]) || b[n] == '_' || b[n] == '{') {
		return 0
	}
	if c := b[n-1]; (c == ':' || c == '.') && (n == len(b) || isBlank(b[n])) {
		n-- // the punctuation of a sentence
	}
	if !hasDigit(b[:n]) || !validIPv6(b[:n]) {
		return 0
	}
	return n
}

// validIPv6 reports whether b is an IPv6 address (RFC 4291 2.2) that does not end in "::".
func validIPv6(b []byte) bool {
	groups, gap := 0, false
	if len(b) > 1 && b[0] == ':' && b[1] == ':' {
		gap, b = true, b[2:]
	}
	for {
		n := alnums(b)
		if n == 0 {
			return false
		}
		if n < len(b) && b[n] == '.' {
			groups += 2
			return ipv4(b) == len(b) && (groups == 8 || gap && groups < 8)
		}
		if groups++; n > 4 || groups > 8 {
			return false
		}
		b = b[n:]
		if len(b) == 0 {
			return groups == 8 || gap && groups < 8
		}
		if b = b[1:]; len(b) > 0 && b[0] == ':' {
			if gap {
				return false
			}
			gap, b = true, b[1:]
		}
	}
}
