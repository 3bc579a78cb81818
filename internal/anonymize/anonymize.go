// Package anonymize replaces what names a person in events and log lines by pseudonyms, so that
// a report can be shown around.
//
// A local part, a user name or the left side of a Message-ID becomes a keyed hash of itself
// (HMAC-SHA256, RFC 2104): one person is one pseudonym wherever it stands, and with the same key
// in every run; without the key nobody can tell by trying names. Domains stay. An IP address
// becomes its network (/24, /48), written as an address.
//
//	a := anonymize.New(key)
//	a.Event(&ev) // right after parsing and classifying: all that follows sees pseudonyms only
package anonymize

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"hash"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/smtplog/smtplog/parser"
	"github.com/smtplog/smtplog/status"
)

// Anonymizer makes pseudonyms with one key. It is not safe for concurrent use.
type Anonymizer struct {
	mac   hash.Hash
	cache map[string]string
	key   []byte // of a look into cache

	buf   []byte // what the fields of the current event are rewritten to
	known []pair // what the current event names, for its text
}

// pair is a field's text and what it becomes.
type pair struct{ from, to []byte }

// New returns an Anonymizer. An empty key means a random one: pseudonyms of another run differ.
func New(key string) *Anonymizer {
	k := []byte(key)
	if key == "" {
		k = make([]byte, sha256.Size)
		rand.Read(k) // never fails
	}
	return &Anonymizer{mac: hmac.New(sha256.New, k), cache: map[string]string{}}
}

// maxCache bounds the pseudonyms remembered; they can be made anew.
const maxCache = 200_000

// The kinds of pseudonyms: what stands before the hyphen.
const (
	person = 'u' // a local part or a user name
	ident  = 'm' // the left side of a Message-ID
	host   = 'h' // a host name's labels that hold an address, or a workstation's name
)

// sumLen is the length of a pseudonym's hash in characters of five bits: among a million names
// the chance that any two share one is 1 in 2,000.
const sumLen = 10

var encoding = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// pseudonym returns the pseudonym of a name: the same with or without quotes and in any case.
func (a *Anonymizer) pseudonym(kind byte, name []byte) string {
	if isPseudonym(name) {
		return string(name)
	}
	a.key = append(a.key[:0], kind)
	for _, c := range name {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != '"' && c != '\\' {
			a.key = append(a.key, c)
		}
	}
	if p, ok := a.cache[string(a.key)]; ok {
		return p
	}
	a.mac.Reset()
	a.mac.Write(a.key)
	p := string(kind) + "-" + encoding.EncodeToString(a.mac.Sum(nil))[:sumLen]
	if len(a.cache) >= maxCache {
		clear(a.cache)
	}
	a.cache[string(a.key)] = p
	return p
}

// isPseudonym tells whether name has a pseudonym's shape: what is one stays, so that it can be
// searched for.
func isPseudonym(name []byte) bool {
	if len(name) != 2+sumLen || name[1] != '-' || name[0] != person && name[0] != ident && name[0] != host {
		return false
	}
	return !bytes.ContainsFunc(name[2:], func(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'v') })
}

// roles are local parts that name a task, not a person (RFC 2142, RFC 5321 4.5.1, and those that
// mail systems use themselves). They stay.
var roles = []string{"abuse", "double-bounce", "hostmaster", "mailer-daemon", "nobody", "noc", "no-reply", "noreply", "postmaster", "root", "security", "webmaster"}

func isRole(name []byte) bool {
	return slices.ContainsFunc(roles, func(r string) bool { return strings.EqualFold(r, string(name)) })
}

// local appends the pseudonym of a local part or user name.
func (a *Anonymizer) local(dst, name []byte) []byte {
	if len(name) == 0 || isRole(name) {
		return append(dst, name...)
	}
	return append(dst, a.pseudonym(person, name)...)
}

// address appends an address whose local part is a pseudonym. What is no address but a file, a
// command or a lone user name is one as a whole.
func (a *Anonymizer) address(dst, address []byte) []byte {
	switch {
	case len(address) == 0, string(address) == "<>", string(address) == "/dev/null", address[0] == ':':
		return append(dst, address...)
	case address[0] == '/', address[0] == '|':
		return append(append(dst, address[0]), a.pseudonym(person, address[1:])...)
	}
	at := bytes.LastIndexByte(address, '@')
	if at < 0 {
		return a.local(dst, address)
	}
	dst = append(a.local(dst, address[:at]), '@')
	return a.host(dst, address[at+1:])
}

// messageID appends a Message-ID whose left side is a pseudonym. Its right side is a host name,
// often a workstation's.
func (a *Anonymizer) messageID(dst, id []byte) []byte {
	if len(id) == 0 {
		return dst
	}
	at := bytes.LastIndexByte(id, '@')
	if at < 0 {
		return append(dst, a.pseudonym(ident, id)...)
	}
	dst = append(append(dst, a.pseudonym(ident, id[:at])...), '@')
	return a.workstation(dst, id[at+1:])
}

// ip appends the network of an IP address, without its length: 192.0.2.0, 2001:db8:1::. The
// host itself is no secret. ok is false where b is no address.
func (a *Anonymizer) ip(dst, b []byte) (_ []byte, ok bool) {
	addr, err := netip.ParseAddr(string(b))
	if err != nil {
		return dst, false
	}
	addr = addr.Unmap().WithZone("")
	if addr.IsLoopback() || addr.IsUnspecified() {
		return append(dst, b...), true
	}
	bits := 48
	if addr.Is4() {
		bits = 24
	}
	network, _ := addr.Prefix(bits)
	return network.Addr().AppendTo(dst), true
}

// host appends a host name or an address literal. Labels that spell an IP address become a
// pseudonym; the domain stays.
func (a *Anonymizer) host(dst, name []byte) []byte {
	if literal, ok := bytes.CutPrefix(name, []byte("[")); ok {
		literal, tail, _ := bytes.Cut(literal, []byte("]"))
		dst = append(dst, '[')
		if v6, ok := bytes.CutPrefix(literal, []byte("IPv6:")); ok {
			literal, dst = v6, append(dst, "IPv6:"...)
		}
		if out, ok := a.ip(dst, literal); ok {
			return append(append(out, ']'), tail...)
		}
		return append(a.text(dst, literal), ']')
	}
	if out, ok := a.ip(dst, name); ok {
		return out
	}
	from, to := spelled(name)
	if from == to {
		return append(dst, name...)
	}
	dst = append(dst, name[:from]...)
	dst = append(dst, a.pseudonym(host, name[from:to])...)
	return append(dst, name[to:]...)
}

// workstation is host for what people's own computers call themselves: a name without a domain
// is a pseudonym too.
func (a *Anonymizer) workstation(dst, name []byte) []byte {
	if len(name) == 0 || string(name) == "unknown" || string(name) == "localhost" {
		return append(dst, name...)
	}
	if bytes.ContainsAny(name, " @<>()\"'") {
		return a.text(dst, name)
	}
	top := name[bytes.LastIndexByte(name, '.')+1:]
	if !bytes.ContainsAny(name, ".:[") || slices.Contains([]string{"local", "lan", "localdomain", "home", "internal"}, strings.ToLower(string(top))) {
		return append(dst, a.pseudonym(host, name)...)
	}
	return a.host(dst, name)
}

// spelled finds the labels of a host name that spell an IP address: three numbers up to 255, or
// eight hexadecimal digits in a row. The last two labels, the registered domain, are not looked at.
func spelled(name []byte) (from, to int) {
	last := bytes.LastIndexByte(name, '.')
	if last < 0 {
		return 0, 0
	}
	end := last // of what is looked at
	if i := bytes.LastIndexByte(name[:last], '.'); i >= 0 {
		end = i
	}
	numbers, from := 0, -1
	found := false
	for i := 0; i < end; {
		j := i
		for j < end && isHex(name[j]) {
			j++
		}
		run := name[i:j]
		digits := countDigits(run)
		if len(run) >= 8 && digits > 0 {
			found = true
		}
		for k := i; k < j; { // numbers in the run
			n := 0
			for k+n < j && isDigit(name[k+n]) {
				n++
			}
			if n > 0 && n <= 3 {
				numbers++
			}
			k += max(n, 1)
		}
		if digits > 0 {
			if from < 0 {
				from = bytes.LastIndexByte(name[:i], '.') + 1
			}
			to = j
		}
		i = max(j, i+1)
	}
	if !found && numbers < 3 {
		return 0, 0
	}
	if i := bytes.IndexByte(name[to:], '.'); i >= 0 {
		to += i
	}
	return from, to
}

func countDigits(b []byte) (n int) {
	for _, c := range b {
		if isDigit(c) {
			n++
		}
	}
	return n
}

// Event rewrites every field of ev that can name a person or a client. The new fields are valid
// until the next call.
func (a *Anonymizer) Event(ev *parser.Event) {
	a.buf = a.buf[:0]
	a.learn(ev)
	if out := a.buf; len(ev.Host) > 0 { // two hosts of a network stay two
		if _, ok := a.ip(out, ev.Host); ok {
			ev.Host = []byte(a.pseudonym(host, ev.Host))
		}
	}
	a.rewrite(&ev.MessageID, a.messageID)
	a.rewrite(&ev.Sender, a.address)
	a.rewrite(&ev.Recipient, a.address)
	a.rewrite(&ev.OrigRecipient, a.address)
	a.rewrite(&ev.Recipients, a.addresses)
	a.rewrite(&ev.User, a.address)
	a.peer(&ev.Client, a.client(&ev.Client))
	a.peer(&ev.PrevClient, a.client(&ev.PrevClient))
	a.peer(&ev.Relay, a.host)
	a.rewrite(&ev.TLS, a.text)
	a.rewrite(&ev.Text, a.text)
	if ev.Stage == status.StageEndOfData || bytes.Contains(ev.Detail, []byte(": ")) {
		a.rewrite(&ev.Detail, a.content)
	} else {
		a.rewrite(&ev.Detail, a.text)
	}
	a.known = a.known[:0]
}

// rewrite replaces a field by what f appends for it; absent stays absent.
func (a *Anonymizer) rewrite(field *[]byte, f func(dst, b []byte) []byte) {
	if len(*field) == 0 {
		return
	}
	n := len(a.buf)
	a.buf = f(a.buf, *field)
	*field = a.buf[n:len(a.buf):len(a.buf)]
}

func (a *Anonymizer) peer(p *parser.Peer, name func(dst, b []byte) []byte) {
	a.rewrite(&p.Name, name)
	a.rewrite(&p.Helo, a.workstation)
	a.rewrite(&p.IP, func(dst, b []byte) []byte {
		if out, ok := a.ip(dst, b); ok || b[0] == '/' {
			if ok {
				return out
			}
			return append(dst, b...)
		}
		return a.text(dst, b)
	})
}

// client returns what appends a client's name. Besides what host and workstation replace, the
// labels before the domain are replaced where they hold the last number of its address:
// dyn31.isp.example is 192.0.2.31.
func (a *Anonymizer) client(p *parser.Peer) func(dst, name []byte) []byte {
	ip, err := netip.ParseAddr(string(p.IP))
	if err != nil || !ip.Unmap().Is4() || ip.IsLoopback() {
		return a.workstation
	}
	last := strconv.AppendUint(nil, uint64(ip.Unmap().As4()[3]), 10)
	return func(dst, name []byte) []byte {
		domain := bytes.LastIndexByte(name[:max(0, bytes.LastIndexByte(name, '.'))], '.')
		if domain < 0 || !holds(name[:domain], last) {
			return a.workstation(dst, name)
		}
		return append(append(dst, a.pseudonym(host, name[:domain])...), name[domain:]...)
	}
}

// holds tells whether a number stands in labels, with or without zeros before it.
func holds(labels, number []byte) bool {
	for len(labels) > 0 {
		n := run(labels, isDigit)
		if n > 0 && bytes.Equal(bytes.TrimLeft(labels[:n-1], "0"), number[:len(number)-1]) && labels[n-1] == number[len(number)-1] {
			return true
		}
		labels = labels[max(n, 1):]
	}
	return false
}

// addresses appends Exim's list of addresses, which blanks separate; a quoted local part may
// hold some.
func (a *Anonymizer) addresses(dst, list []byte) []byte {
	quoted, from := false, 0
	for i, c := range list {
		switch {
		case c == '"':
			quoted = !quoted
		case c == ' ' && !quoted:
			dst = append(a.address(dst, list[from:i]), ' ')
			from = i + 1
		}
	}
	return a.address(dst, list[from:])
}

// content appends what is left of a line of a message: a header's name.
func (a *Anonymizer) content(dst, line []byte) []byte {
	i := bytes.IndexAny(line, ": ")
	switch {
	case i > 0 && line[i] == ':':
		dst = append(append(dst, line[:i]...), ": "...)
	case i < 0:
		return a.text(dst, line)
	}
	return append(dst, "..."...)
}

// Line appends a raw line of a log. ev is what the parser made of it, before Event; nil where
// it is another program's line.
func (a *Anonymizer) Line(dst, line []byte, ev *parser.Event) []byte {
	if ev != nil {
		a.buf = a.buf[:0]
		a.learn(ev)
	}
	dst = a.text(dst, line)
	a.known = a.known[:0]
	return dst
}

// learn notes what ev names, the longest first: the text may have it without its domain or
// quotes.
func (a *Anonymizer) learn(ev *parser.Event) {
	a.known = a.known[:0]
	for _, address := range [][]byte{ev.Sender, ev.Recipient, ev.OrigRecipient, ev.User} {
		a.knowAddress(address)
	}
	a.know(ev.Recipients, a.addresses)
	a.know(ev.MessageID, a.messageID)
	for _, p := range []*parser.Peer{&ev.Client, &ev.PrevClient} {
		if !bytes.ContainsAny(p.Helo, "[]") {
			a.know(p.Helo, a.workstation)
		}
		a.know(p.Name, a.client(p))
	}
	if ev.Stage == status.StageEndOfData || bytes.Contains(ev.Detail, []byte(": ")) {
		a.know(ev.Detail, a.content)
	}
	slices.SortStableFunc(a.known, func(x, y pair) int { return len(y.from) - len(x.from) })
}

func (a *Anonymizer) know(b []byte, f func(dst, b []byte) []byte) {
	if len(b) == 0 {
		return
	}
	n := len(a.buf)
	a.buf = f(a.buf, b)
	to := a.buf[n:len(a.buf):len(a.buf)]
	if !bytes.Equal(b, to) {
		a.known = append(a.known, pair{b, to})
	}
}

// knowAddress notes an address, its local part, and that without quotes and without a +tag.
func (a *Anonymizer) knowAddress(address []byte) {
	if len(address) == 0 || string(address) == "<>" {
		return
	}
	a.know(address, a.address)
	if address[0] == '/' || address[0] == '|' {
		return
	}
	name := address
	if at := bytes.LastIndexByte(address, '@'); at >= 0 {
		name = address[:at]
		a.knowName(name)
	}
	bare := bytes.Trim(name, `"`)
	if len(bare) < len(name) {
		a.knowName(bare)
	}
	if tag := bytes.IndexByte(bare, '+'); tag > 0 {
		a.knowName(bare[:tag])
	}
}

func (a *Anonymizer) knowName(name []byte) {
	if !isWord(name) {
		a.know(name, a.local)
	}
}

// isWord tells whether a local part is also a word that replies are made of: it stays in them.
func isWord(name []byte) bool {
	switch strings.ToLower(string(name)) {
	case "a", "account", "address", "admin", "all", "bounce", "by", "data", "error", "from", "host", "in", "info", "is", "local", "mail", "mailbox",
		"me", "message", "no", "not", "of", "on", "or", "recipient", "reply", "sender", "server", "service", "smtp", "spam", "test", "the", "to", "unknown", "user", "you":
		return true
	}
	return false
}
