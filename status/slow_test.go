package status

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// The slow way to fold: every test of an atom is made, in the order that Fold promises, each byte
// is copied by itself, and the predicates are spelt out.

func slowFold(text []byte) []byte {
	f := slowFolder{in: trimBlanks(text), codeNext: true}
	for f.i < len(f.in) {
		if isBlank(f.in[f.i]) {
			f.blank = true
			f.i++
			continue
		}
		if f.blank {
			f.dst, f.blank = append(f.dst, ' '), false
		}
		f.atom()
	}
	return f.dst
}

type slowFolder struct {
	in  []byte
	i   int // everything before it is done
	dst []byte

	blank    bool // a blank is due
	codeNext bool // a reply code may stand here
	userNext bool // a quoted word here is a user name
	noAddr   int  // no address starts before this position
}

// put appends s in place of the next n bytes.
func (f *slowFolder) put(s string, n int) {
	f.dst = append(f.dst, s...)
	f.i += n
}

// keep appends the next n bytes as they are.
func (f *slowFolder) keep(n int) {
	f.dst = append(f.dst, f.in[f.i:f.i+n]...)
	f.i += n
}

// atom folds what starts at f.i, which is no blank.
func (f *slowFolder) atom() {
	b := f.in[f.i:]
	codeNext, userNext := f.codeNext, f.userNext
	f.codeNext, f.userNext = false, false
	switch c := b[0]; {
	case c == '{':
		if n := bracedName(b); n > 0 {
			f.put("{id}", n)
		} else {
			f.keep(max(1, placeholder(b)))
		}
		return
	case c == ':':
		f.userNext = userNext // user unknown: "bob"
	case c == '\'' || c == '"' || c == '`':
		if n := quotedWord(b); userNext && n > 0 {
			f.keep(1)
			f.put("{user}", n)
			f.keep(1)
			return
		}
		if n := slowQuotedAddress(b); n > 0 {
			f.put("{address}", n)
			return
		}
	case c == '<':
		if n := slowAngleAddress(b); n > 0 {
			f.put("{address}", n)
			return
		}
	case c == '[':
		if n := ipAddress(b[1:]); n > 0 && n+1 < len(b) && b[n+1] == ']' {
			f.put("{ip}", n+2)
			return
		}
	case c == '\\' && len(b) > 2 && b[1] == 'n' && isDigit(b[2]):
		f.keep(2) // Exim's line end
		f.codeNext = true
		return
	}
	if f.i >= f.noAddr {
		n, run := slowAddress(b)
		if n > 0 {
			f.put("{address}", n)
			return
		}
		f.noAddr = f.i + run
	}
	switch {
	case isAlnum(b[0]):
		f.word(b, codeNext)
	case b[0] == ':' && ipAddress(b) > 0:
		f.put("{ip}", ipAddress(b))
	default:
		f.keep(1)
	}
}

// word folds a word, which starts with a letter or digit.
func (f *slowFolder) word(b []byte, codeNext bool) {
	if n := timeStamp(b); n > 0 {
		f.put("{time}", n)
		return
	}
	if n := ipAddress(b); n > 0 {
		f.put("{ip}", n)
		return
	}
	if n := schemeLen(b); n > 0 && f.url(b, n) {
		return
	}
	if n := replyCode(b, codeNext); n > 0 {
		f.keep(n)
		return
	}
	if _, rest, ok := ParseEnhanced(b); ok {
		f.keep(len(b) - len(rest))
		return
	}
	r := slowRun(b)
	if len(r) > longestRun {
		f.put("{id}", len(r))
		return
	}
	if n := hostName(r); n > 0 {
		f.host(b, n)
		return
	}
	if n := providerCode(b); n > 0 {
		f.keep(n)
		return
	}
	if n := eximID(r); n > 0 {
		f.put("{id}", n)
		return
	}
	n := alnums(r)
	part := r[:n]
	switch {
	case !plainWord(part) && hasOpaque(r):
		f.put("{id}", len(r)+opaqueTail(b[len(r):]))
	case isDigit(part[0]) && alphaFrom(part, digits(part)) && n-digits(part) <= 4:
		f.put("{n}", digits(part)) // the unit, if any, is the next word
	default:
		f.plain(b, n)
	}
}

// plain keeps a word of n bytes.
func (f *slowFolder) plain(b []byte, n int) {
	f.keep(n)
	f.userNext = isUserWord(b[:n])
	f.codeNext = string(b[:n]) == "said" && len(b) > n && b[n] == ':'
	if f.codeNext {
		f.keep(1)
	}
}

// url folds a URL whose scheme has n bytes and reports whether a host follows it. The
// host is kept, unless it is an address.
func (f *slowFolder) url(b []byte, n int) bool {
	ip, host := false, 0
	switch h := b[n:]; {
	case bytes.HasPrefix(h, []byte("{ip}")):
		ip, host = true, len("{ip}")
	case len(h) > 0 && h[0] == '[':
		if host = ipAddress(h[1:]); host == 0 || host+1 >= len(h) || h[host+1] != ']' {
			return false
		}
		ip, host = true, host+2
	case ipAddress(h) > 0:
		ip, host = true, ipAddress(h)
	default:
		for host < len(h) && (isAlnum(h[host]) || h[host] == '.' || h[host] == '-') {
			host++
		}
		for host > 0 && !isAlnum(h[host-1]) {
			host--
		}
		ip = host > 0 && ipAddress(h[:host]) == host
	}
	if host == 0 {
		return false
	}
	f.keep(n)
	if ip {
		f.put("{ip}", host)
	} else {
		f.keep(host)
	}
	if rest := f.in[f.i:]; len(rest) > 1 && rest[0] == ':' && isDigit(rest[1]) {
		f.keep(1 + digits(rest[1:]))
	}
	f.path()
	return true
}

// path folds the path and query that may follow a host.
func (f *slowFolder) path() {
	b := f.in[f.i:]
	if bytes.HasPrefix(b, []byte("/{...}")) {
		f.keep(len("/{...}"))
		return
	}
	if len(b) < 2 || b[0] != '/' && b[0] != '?' && b[0] != '#' {
		return
	}
	n := 1
	for n < len(b) && !isBlank(b[n]) && bytes.IndexByte([]byte(`{}<>"`), b[n]) < 0 {
		n++
	}
	for n > 0 && bytes.IndexByte([]byte(".,;:!?)]'"), b[n-1]) >= 0 {
		n--
	}
	if n > 1 {
		f.put("/{...}", n)
	}
}

// host folds a host name of n bytes, and the path if one follows.
func (f *slowFolder) host(b []byte, n int) {
	name := b[:n]
	if n+1 < len(b) && b[n] == '/' && !isBlank(b[n+1]) {
		f.keep(n) // the host of a URL without a scheme
		f.path()
		return
	}
	left := len(name) - registered(name)
	if left > 0 && hasDigit(name[:left]) && !hasBL(name[:left]) {
		f.put("{host}.", left) // the registered domain is the next word
		return
	}
	f.keep(n)
}

func slowRun(b []byte) []byte {
	n := 0
	for n < len(b) && (isAlnum(b[n]) || b[n] == '.' || b[n] == '-' || b[n] == '_') {
		n++
	}
	for n > 0 && !isAlnum(b[n-1]) {
		n--
	}
	return b[:n]
}

func slowAddress(b []byte) (n, run int) {
	if b[0] == '\'' || b[0] == '`' {
		return 0, 0 // a quote more likely than a local part
	}
	for n < len(b) && slowIsLocal(b[n]) {
		n++
	}
	if n == 0 || n == len(b) || b[n] != '@' {
		return 0, n
	}
	d := slowDomain(b[n+1:])
	if d == 0 {
		return 0, n
	}
	return n + 1 + d, n
}

func slowAngleAddress(b []byte) int {
	n := 1
	if len(b) > 1 && b[1] == '"' {
		n += slowQuotedAddress(b[1:])
	} else if len(b) > 1 {
		a, _ := slowAddress(b[1:])
		n += a
	}
	if n == 1 || n == len(b) || b[n] != '>' {
		return 0
	}
	return n + 1
}

func slowQuotedAddress(b []byte) int {
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
	d := slowDomain(b[n+2:])
	if d == 0 {
		return 0
	}
	return n + 2 + d
}

func slowDomain(b []byte) int {
	if len(b) == 0 || b[0] == '.' || b[0] == '-' {
		return 0
	}
	n := 0
	for n < len(b) && (isAlnum(b[n]) || b[n] >= 0x80 || b[n] == '.' || b[n] == '-' || b[n] == '_' || b[n] == '*') {
		n++
	}
	for n > 0 && (b[n-1] == '.' || b[n-1] == '-') {
		n--
	}
	return n
}

func slowIsLocal(c byte) bool {
	if isAlnum(c) || c >= 0x80 {
		return true
	}
	switch c {
	case '!', '#', '$', '%', '&', '\'', '*', '+', '/', '=', '?', '^', '_', '`', '|', '~', '.', '-':
		return true
	}
	return false
}

// The slow ways to look through a text for what is rare: byte by byte.

// checkScans holds the searches of Reason, which look at many bytes at once, against the slow ones.
func checkScans(t *testing.T, text []byte) {
	t.Helper()
	said := bytes.Contains(text, []byte(" said: ")) || bytes.Contains(text, []byte(" refused to talk to me: "))
	if got := saysSomewhere(text); got != said {
		t.Fatalf("saysSomewhere(%q) = %v", text, got)
	}
	if got, want := replyAt(text), slowReplyAt(text); got != want {
		t.Fatalf("replyAt(%q) = %d, want %d", text, got, want)
	}
	if got, want := embedded(text), slowEmbedded(text); got != want {
		t.Fatalf("embedded(%q) = %v, want %v", text, got, want)
	}
	var p ReplyParser
	p.appendLine(text)
	if got := asWritten(text); got != slowAsWritten(text) || got && !bytes.Equal(p.buf, trimBlanks(text)) {
		t.Fatalf("asWritten(%q) = %v", text, got)
	}
	for i := range len(text) + 1 {
		if got, want := isDay(text[i:]), slowIsName(text[i:], "montuewedthufrisatsun"); got != want {
			t.Fatalf("isDay(%q) = %v", text[i:], got)
		}
		if got, want := isMonth(text[i:]), slowIsName(text[i:], "janfebmaraprmayjunjulaugsepoctnovdec"); got != want {
			t.Fatalf("isMonth(%q) = %v", text[i:], got)
		}
	}
}

func slowReplyAt(text []byte) int {
	for i := 1; i+4 < len(text); i++ {
		if text[i] != '4' && text[i] != '5' || isAlnum(text[i-1]) {
			continue
		}
		rest, code, _ := cutCode(text[i:])
		if code == 0 || len(rest) == 0 {
			continue
		}
		before := bytes.TrimRight(text[1:i], " ")
		if len(before) == 0 {
			before = text[:1]
		}
		if _, _, ok := ParseEnhanced(rest); ok || bytes.IndexByte([]byte(":[('\">"), before[len(before)-1]) >= 0 {
			return i
		}
	}
	return 0
}

func slowEmbedded(text []byte) Enhanced {
	for i, c := range text {
		if e, _, ok := ParseEnhanced(text[i:]); ok && c != '2' && (i == 0 || !isAlnum(text[i-1]) && text[i-1] != '.' && text[i-1] != '-') {
			return e
		}
	}
	return Enhanced{}
}

func slowAsWritten(line []byte) bool {
	for i, c := range line {
		if _, n := octal(line[i:]); n > 0 || c == '\r' || c == '\n' {
			return false
		}
	}
	return true
}

func slowIsName(b []byte, names string) bool {
	for i := 0; i < len(names); i += 3 {
		if alnums(b) == 3 && equalFold(b[:3], names[i:i+3]) {
			return true
		}
	}
	return false
}

// TestScans holds the searches against the slow ones on pieces joined at random.
func TestScans(t *testing.T) {
	pieces := []string{" ", ":", "\\", "\r", "\n", "\\303", "\\n", "a", ".", "-", "#", "(", "4", "5", "452", "550", "550-", "5.1.1", "4.7.0", "2.0.0",
		" said: ", " said", "host x", " refused to talk to me: ", "Mon", "sep", "words", "D", "ec", "\xb5\xb4"}
	r := rand.New(rand.NewPCG(3, 4))
	for range 30000 {
		var in []byte
		for range 1 + r.IntN(12) {
			in = append(in, pieces[r.IntN(len(pieces))]...)
		}
		checkScans(t, in)
	}
}
