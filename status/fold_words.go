package status

// longestRun is the longest run of letters, digits, dots, hyphens and underscores that
// Fold looks into, in bytes: a host name has at most 253 (RFC 1035 3.1). A longer run is
// an {id}. It bounds the time spent at one place.
const longestRun = 255

// placeholder returns the length of the placeholder at the start of b, or 0.
func placeholder(b []byte) int {
	for _, s := range placeholders {
		if len(b) >= len(s) && string(b[:len(s)]) == s {
			return len(s)
		}
	}
	return 0
}

// run returns the run of letters, digits, dots, hyphens and underscores at the start of
// b, without the punctuation at its end.
func run(b []byte) []byte {
	r, _ := runOf(b)
	return r
}

// runOf returns run(b) and the classes of its bytes; there may be some of the punctuation at its
// end, too.
func runOf(b []byte) (r []byte, has uint8) {
	n := 0
	for n < len(b) {
		c := class[b[n]]
		if c&(classAlnum|classDot|classHyphen) == 0 {
			break
		}
		has |= c
		n++
	}
	for n > 0 && !isAlnum(b[n-1]) {
		n--
	}
	return b[:n], has
}

// alnums returns the length of the run of letters and digits at the start of b.
func alnums(b []byte) int {
	n := 0
	for n < len(b) && class[b[n]]&classAlnum != 0 {
		n++
	}
	return n
}

// alnumsOf returns alnums(b) and the classes of the bytes.
func alnumsOf(b []byte) (n int, has uint8) {
	for n < len(b) {
		c := class[b[n]]
		if c&classAlnum == 0 {
			break
		}
		has |= c
		n++
	}
	return n, has & classAlnum
}

// alphaFrom reports whether b has only letters from position i on.
func alphaFrom(b []byte, i int) bool {
	for ; i < len(b); i++ {
		if !isAlpha(b[i]) {
			return false
		}
	}
	return true
}

func hasDigit(b []byte) bool {
	for _, c := range b {
		if isDigit(c) {
			return true
		}
	}
	return false
}

// hasBL reports whether a host name is that of a DNS list: dnsbl-1.example, bl21.example.
func hasBL(b []byte) bool {
	for i := range len(b) - 1 {
		if lower(b[i]) == 'b' && lower(b[i+1]) == 'l' {
			return true
		}
	}
	return false
}

// isUserWord tells whether a word is one after which a quoted word is the name of a user.
func isUserWord(b []byte) bool {
	switch len(b) {
	case 4:
		return equalFold(b, "user")
	case 5:
		return equalFold(b, "alias")
	case 7:
		return equalFold(b, "mailbox") || equalFold(b, "account")
	case 8:
		return equalFold(b, "username")
	case 9:
		return equalFold(b, "recipient")
	}
	return false
}

// quotedWord returns the length of the word between the quote at the start of b and the
// same one. It has no blanks, quotes or braces, unless it is "{user}".
func quotedWord(b []byte) int {
	const folded = "{user}"
	n := 1
	if len(b) > len(folded) && string(b[1:1+len(folded)]) == folded {
		n += len(folded)
	}
	for n < len(b) && !isBlank(b[n]) && b[n] != '{' && b[n] != '\'' && b[n] != '"' && b[n] != '`' {
		n++
	}
	if n == len(b) || b[n] != b[0] || b[1] == '{' && n != 1+len(folded) {
		return 0
	}
	return n - 1
}

// replyCode returns the length of a reply code that stays, with the hyphen after it: one
// that stands where a reply starts, or has an enhanced status code after it.
func replyCode(b []byte, start bool) int {
	_, code, more := cutCode(b)
	if code == 0 {
		return 0
	}
	n := 3
	if more {
		n = 4
	}
	rest := b[skipBlanks(b, n):]
	if start {
		return n
	}
	if _, _, ok := ParseEnhanced(rest); !ok {
		return 0
	}
	if a, _ := address(rest); a > 0 { // 550 5.1.1@example.com
		return 0
	}
	return n
}

// providerCode returns the length of a short code at the start of b that names a cause:
// up to seven capitals and digits, capitals first (S3150, TSS04, MC1), perhaps with up to
// three digits after an underscore (OFR005_104) or exactly three after a hyphen (SC-004),
// and Microsoft's AS16012609 and AS(201806281). Words of capitals are left to the others,
// and so is what may be a queue ID: six or more hexadecimal digits.
func providerCode(b []byte) int {
	n := alnums(b)
	word := b[:n]
	if n > 4 && b[0] == 'A' && b[1] == 'S' && digits(b[2:]) == n-2 {
		return n
	}
	if n == 2 && b[0] == 'A' && b[1] == 'S' && len(b) > 2 && b[2] == '(' {
		if d := digits(b[3:]); d > 2 && 3+d < len(b) && b[3+d] == ')' {
			return d + 4
		}
	}
	if n > 7 || !isUpper(b[0]) || n >= 6 && isHex(word) {
		return 0
	}
	for _, c := range word {
		if isLower(c) {
			return 0
		}
	}
	if n < len(b) && (b[n] == '_' || b[n] == '-') {
		if d := digits(b[n+1:]); d > 0 && d <= 3 && (b[n] == '_' || d == 3) && alnums(b[n+1:]) == d {
			return n + 1 + d
		}
	}
	if hasDigit(word) {
		return n
	}
	return 0
}

// isHex reports whether b has only hexadecimal digits.
func isHex(b []byte) bool {
	for _, c := range b {
		if !isDigit(c) && lower(c)-'a' >= 6 {
			return false
		}
	}
	return true
}

// eximID returns the length of an Exim queue ID at the start of b, 1tivSh-0007oc-5P or
// 1tivSh-00000000ALP-0mWt, or 0 (Exim spec, "Message identification").
func eximID(b []byte) int {
	for _, parts := range [...][3]int{{6, 6, 2}, {6, 11, 4}} {
		n := 0
		for i, want := range parts {
			if i > 0 {
				if n == len(b) || b[n] != '-' {
					break
				}
				n++
			}
			if alnums(b[n:]) != want {
				break
			}
			if n += want; i == 2 && hasDigit(b[:n]) {
				return n
			}
		}
	}
	return 0
}

// plainWord reports whether a word has three letters or more, all of them small but for
// the first: it is not part of an opaque word, even if one follows after a hyphen.
func plainWord(b []byte) bool {
	for i, c := range b {
		if !isLower(c) && (i > 0 || !isUpper(c)) {
			return false
		}
	}
	return len(b) >= 3
}

// hasOpaque reports whether one of the parts of a run is opaque.
func hasOpaque(r []byte) bool {
	for i := 0; i < len(r); i++ {
		n := alnums(r[i:])
		if opaque(r[i : i+n]) {
			return true
		}
		i += n
	}
	return false
}

// opaque reports whether a run of letters and digits has no meaning of its own: six or
// more with both of them, all hexadecimal or changing from one to the other twice, or
// eight or more of both but a word with a number of up to four digits (Office365).
func opaque(b []byte) bool {
	if len(b) < 6 || !hasDigit(b) || digits(b) == len(b) {
		return false
	}
	changes := 0
	for i := range len(b) - 1 {
		if isDigit(b[i]) != isDigit(b[i+1]) {
			changes++
		}
	}
	if changes > 1 || isHex(b) {
		return true
	}
	word := 0
	for word < len(b) && isAlpha(b[word]) {
		word++
	}
	return len(b) >= 8 && (word < 3 || len(b)-word > 4)
}

// opaqueTail returns how far an opaque word goes on in b, after the run that showed it:
// BASE64 has =, + and / as well.
func opaqueTail(b []byte) int {
	n := 0
	for n < len(b) && (isAlnum(b[n]) || isIDPunct(b[n])) {
		n++
	}
	for n > 0 && isIDPunct(b[n-1]) && b[n-1] != '=' {
		n--
	}
	return n
}

func isIDPunct(c byte) bool {
	switch c {
	case '.', '-', '_', '=', '+', '/', '~':
		return true
	}
	return false
}

// bracedName returns the length of a name in braces with a digit in it, "{mx-us016}": GMX
// names the server that answered so. No placeholder has a digit.
func bracedName(b []byte) int {
	digit := false
	for i := 1; i < len(b) && i < 64; i++ {
		switch c := b[i]; {
		case isDigit(c):
			digit = true
		case c == '}' && digit:
			return i + 1
		case !isAlpha(c) && c != '-' && c != '.' && c != '_':
			return 0
		}
	}
	return 0
}
