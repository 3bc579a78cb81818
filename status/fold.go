package status

import "bytes"

// Fold appends text to dst with its variable parts replaced, so that replies with one
// cause become one text:
//
//	{address}  a mail address, with its angle brackets if it has them
//	{ip}       an IPv4 or IPv6 address, with its square brackets if it has them
//	{host}     the labels before the registered domain if they hold digits: {host}.yahoo.com
//	{...}      path and query of a URL: https://support.google.com/{...}
//	{time}     a date, a time of day, or both
//	{user}     a quoted word after user, mailbox, account, recipient or alias
//	{id}       a queue ID or another opaque word
//	{n}        any other number
//
// What tells causes apart stays: the reply code at the start, enhanced status codes, host
// names without digits, DNS list names, and providers' codes such as S3150, TSS04, OFR_416
// or AS(201806281). Runs of blanks become one blank, blanks at the ends go.
//
// Folding again changes nothing. Fold allocates only to grow dst; dst and text must not
// overlap.
func Fold(dst, text []byte) []byte {
	f := folder{in: trimBlanks(text), dst: dst, at: -1, codeNext: true}
	for f.i < len(f.in) {
		switch c := f.in[f.i]; {
		case isAlpha(c):
			if f.words(); f.i < len(f.in) && isAlpha(f.in[f.i]) {
				f.atom()
			}
		case !isBlank(c):
			f.atom()
		case c == ' ' && !isBlank(f.in[f.i+1]): // blanks are not at the end
			f.i++
		default:
			f.put(" ", skipBlanks(f.in, f.i)-f.i)
		}
	}
	return append(f.dst, f.in[f.kept:]...)
}

// placeholders are what Fold writes; it lets them pass.
var placeholders = [...]string{
	"{address}", "{ip}", "{host}", "{...}", "{time}", "{user}", "{id}", "{n}",
}

// folder is the state of a Fold.
//
// Folding twice must be folding once. So an atom is chosen by the text from its start on
// alone, never by what precedes it (but for codeNext and userNext, which only words that
// stay can set), an atom that stays ends where a word ends, and a brace ends everything.
type folder struct {
	in   []byte
	i    int // everything before it is done
	kept int // in[kept:i] stays and is not in dst yet
	dst  []byte

	codeNext bool // a reply code may stand here
	userNext bool // a quoted word here is a user name
	at       int  // the next '@', len(in) if there is none; before i: not looked for
	noAddr   int  // no address starts before this position
}

// put appends s in place of the next n bytes.
func (f *folder) put(s string, n int) {
	f.dst = append(f.dst, f.in[f.kept:f.i]...)
	f.dst = append(f.dst, s...)
	f.i += n
	f.kept = f.i
}

// keep leaves the next n bytes as they are.
func (f *folder) keep(n int) { f.i += n }

// atom folds what starts at f.i, which is no blank.
func (f *folder) atom() {
	b := f.in[f.i:]
	codeNext, userNext := f.codeNext, f.userNext
	f.codeNext, f.userNext = false, false
	switch b[0] {
	case '{':
		if n := bracedName(b); n > 0 {
			f.put("{id}", n)
		} else {
			f.keep(max(1, placeholder(b)))
		}
		return
	case ':':
		f.userNext = userNext // user unknown: "bob"
	case '\'', '"', '`':
		if n := quotedWord(b); userNext && n > 0 {
			f.keep(1)
			f.put("{user}", n)
			f.keep(1)
			return
		}
		if n := quotedAddress(b); n > 0 {
			f.put("{address}", n)
			return
		}
	case '<':
		if n := angleAddress(b); n > 0 {
			f.put("{address}", n)
			return
		}
	case '[':
		if n := ipAddress(b[1:]); n > 0 && n+1 < len(b) && b[n+1] == ']' {
			f.put("{ip}", n+2)
			return
		}
	case '\\':
		if len(b) > 2 && b[1] == 'n' && isDigit(b[2]) {
			f.keep(2) // Exim's line end
			f.codeNext = true
			return
		}
	}
	if f.at < f.i {
		f.seekAddress()
	}
	if f.i >= f.noAddr {
		n, run := address(b)
		if n > 0 {
			f.put("{address}", n)
			return
		}
		f.noAddr = f.i + run
	}
	switch {
	case isAlnum(b[0]):
		f.word(b, codeNext)
	case b[0] == ':' && len(b) > 1 && b[1] == ':' && ipAddress(b) > 0:
		f.put("{ip}", ipAddress(b))
	default:
		f.keep(1)
	}
}

// words passes over words that stay, as most do: letters, then one blank, perhaps behind a
// punctuation mark, or the end. It stops before a word that atom must look at.
func (f *folder) words() {
	if f.at < f.i {
		f.seekAddress()
	}
	in, start := f.in, f.i
	for f.i < f.noAddr {
		end := f.i
		for end < len(in) && class[in[end]]&classAlpha != 0 {
			end++
		}
		word := in[f.i:end]
		if n := len(word); n == 0 || n > longestRun || n == 3 && (isDay(in[f.i:]) || isMonth(in[f.i:])) || setsNext(word) {
			break
		}
		if end < len(in) {
			switch in[end] {
			case '.', ',', ':', ';', ')':
				end++
			}
		}
		if end < len(in) {
			if in[end] != ' ' || isBlank(in[end+1]) {
				break
			}
			end++
		}
		f.i = end
	}
	if f.i > start {
		f.codeNext, f.userNext = false, false
	}
}

// setsNext reports whether what follows a word depends on it: see plain.
func setsNext(word []byte) bool { return isUserWord(word) || string(word) == "said" }

// seekAddress finds the next '@' and where the local part before it may start.
func (f *folder) seekAddress() {
	n := bytes.IndexByte(f.in[f.i:], '@')
	if n < 0 {
		f.at, f.noAddr = len(f.in), len(f.in)
		return
	}
	f.at = f.i + n
	start := f.at
	for start > f.i && isLocal(f.in[start-1]) {
		start--
	}
	f.noAddr = max(f.noAddr, start)
}

// word folds a word, which starts with a letter or digit. An address has been looked for.
func (f *folder) word(b []byte, codeNext bool) {
	n, has := alnumsOf(b)
	next, after := byte(' '), byte(' ') // what follows
	if n < len(b) {
		if next = b[n]; n+1 < len(b) {
			after = b[n+1]
		}
	}
	// alone: no test would look beyond the word, but for a date's and a reply code's.
	alone := n <= longestRun
	switch next {
	case '.', ':':
		alone = alone && isBlank(after)
	case '-', '_', '(':
		alone = false
	}
	if alone && has&classDigit == 0 && n != 3 {
		f.plain(b, n)
		return
	}
	if n := timeStamp(b); n > 0 {
		f.put("{time}", n)
		return
	}
	if alone {
		switch {
		case has&classDigit == 0:
			f.plain(b, n)
			return
		case has == classDigit && n != 3:
			f.put("{n}", n)
			return
		}
	}
	if n <= 4 && (next == '.' || next == ':') {
		if n := ipAddress(b); n > 0 {
			f.put("{ip}", n)
			return
		}
	}
	if next == ':' && after == '/' {
		if n := schemeLen(b); n > 0 && f.url(b, n) {
			return
		}
	}
	if n := replyCode(b, codeNext); n > 0 {
		f.keep(n)
		return
	}
	if _, rest, ok := ParseEnhanced(b); ok {
		f.keep(len(b) - len(rest))
		return
	}
	r, rHas := b[:n], has
	if next == '.' || next == '-' || next == '_' {
		r, rHas = runOf(b)
	}
	if len(r) > longestRun {
		f.put("{id}", len(r))
		return
	}
	if rHas&classDot != 0 {
		if n := hostName(r); n > 0 {
			f.host(b, n)
			return
		}
	}
	if isUpper(b[0]) {
		if n := providerCode(b); n > 0 {
			f.keep(n)
			return
		}
	}
	if n == 6 && next == '-' {
		if n := eximID(r); n > 0 {
			f.put("{id}", n)
			return
		}
	}
	part := r[:n]
	switch {
	case rHas&classDigit != 0 && !plainWord(part) && hasOpaque(r):
		f.put("{id}", len(r)+opaqueTail(b[len(r):]))
	case isDigit(part[0]) && alphaFrom(part, digits(part)) && n-digits(part) <= 4:
		f.put("{n}", digits(part)) // the unit, if any, is the next word
	default:
		f.plain(b, n)
	}
}

// plain keeps a word of n bytes.
func (f *folder) plain(b []byte, n int) {
	f.keep(n)
	switch lower(b[0]) {
	case 'u', 'm', 'a', 'r':
		f.userNext = isUserWord(b[:n])
	case 's':
		f.codeNext = n < len(b) && b[n] == ':' && string(b[:n]) == "said"
		if f.codeNext {
			f.keep(1)
		}
	}
}

// url folds a URL whose scheme has n bytes and reports whether a host follows it. The
// host is kept, unless it is an address.
func (f *folder) url(b []byte, n int) bool {
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
func (f *folder) path() {
	b := f.in[f.i:]
	if bytes.HasPrefix(b, []byte("/{...}")) {
		f.keep(len("/{...}"))
		return
	}
	if len(b) < 2 || b[0] != '/' && b[0] != '?' && b[0] != '#' {
		return
	}
	n := 1
	for n < len(b) && class[b[n]]&(classBlank|classPathEnd) == 0 {
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
func (f *folder) host(b []byte, n int) {
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
