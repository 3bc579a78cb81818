package parser

import (
	"bytes"
	"time"

	"github.com/smtplog/smtplog/status"
)

// The quick ways: most lines of a log look like the ones before but for a few words. A Digester
// reads such lines without an Event, and says of them exactly what Parse says
// (TestQuickIsSlow). Everything that is not as expected is left to Parse.

// quick is what a Digester knows of the lines before.
type quick struct {
	iso   bool   // the stamp is ISO 8601, else RFC 3164
	host  []byte // as logged, with the blank after it; nil: nothing is known
	head  []byte // stamp, host and blank of the latest line, where that was quick; else empty
	at    time.Time
	fresh bool // no line with this head was read quickly
	tags  [64]quickTag
	lines int // that were read quickly
	after int // no '#' comes before this offset of the digest's lines

	exim     quickTag // of Exim's own log file; without an origin none was read
	eximHead [eximStampLength]byte
	eximAt   time.Time // of eximHead

	route, answer, session eximStretch // of deliveries and arrivals

	// The line before, for those that say that it was repeated; msg is nil where the parser knows.
	tag, msg []byte
	pid      int
}

// quickTag is a tag that Parse has read after the host.
type quickTag struct {
	tag    []byte // "postfix/smtpd"
	origin *Origin
	daemon quickDaemon
	sure   bool // a line with it is Postfix's whatever it says
}

// quickDaemon says what of a daemon's lines can be read quickly.
type quickDaemon uint8

const (
	quickOther  quickDaemon = iota
	quickLocal              // it delivers within this host
	quickRemote             // it may deliver to other hosts, and logs with a queue ID
)

// begin starts with a digest's lines.
func (q *quick) begin() { q.after, q.head, q.msg = -1, q.head[:0], nil }

// settle tells the parser of the line before, before it reads another or the digest's
// lines go away.
func (d *Digester) settle() {
	q := &d.quick
	if q.msg != nil {
		d.Parser.repeats.keep(&frame{host: q.host[:len(q.host)-1], tag: q.tag, pid: q.pid, msg: q.msg})
		q.msg = nil
	}
	q.head, q.eximHead[0] = q.head[:0], 0
}

// stampLength is that of RFC 3164 with the blank after it.
const stampLength = len("Jan  5 06:19:01 ")

// tagSlot is where a tag of a length is looked for, given its last byte.
func tagSlot(length int, last byte) int { return (length*7 + int(last)) & 63 }

// learn remembers how a line of Postfix's that Parse has understood begins.
func (d *Digester) learn(line []byte) {
	f, q := &d.Parser.frame, &d.quick
	if d.ev.MTA == Exim && f.native && len(f.host) == 0 && d.Parser.exim.seen {
		q.exim.origin = d.originOf(&d.ev)
	}
	if d.ev.MTA != Postfix || f.native || f.again || f.repeat > 0 || f.more || len(f.host) == 0 || len(f.host) > 64 || len(f.tag) < 3 || len(f.tag) > 40 {
		return
	}
	host, tag := int(address(f.host)-address(line)), int(address(f.tag)-address(line))
	if uint(host) >= uint(len(line)) || uint(tag) >= uint(len(line)) || tag != host+len(f.host)+1 || tag+len(f.tag) >= len(line) || line[tag-1] != ' ' || line[tag+len(f.tag)] != '[' {
		return
	}
	switch c := f.host[0]; {
	case isDigit(c) && len(f.host) > 4 && f.host[4] == '-', c == '<', c == '{', c == '[', c == ':', c == '-', c == '*', c == '.':
		return
	}
	switch {
	case host == stampLength && f.bsd && line[0] >= 'A' && line[stampLength-1] == ' ':
		q.iso = false
	case host >= len("2026-01-05T06:19:01 ") && isDigit(line[0]) && line[10] == 'T' && !f.bsd:
		q.iso = true
	default:
		return
	}
	if !(len(q.host) == len(f.host)+1 && string(q.host[:len(f.host)]) == string(f.host)) {
		q.host = append(append(make([]byte, 0, len(f.host)+1), f.host...), ' ')
		q.tags = [64]quickTag{}
	}
	t := &q.tags[tagSlot(len(f.tag), f.tag[len(f.tag)-1])]
	if origin := d.originOf(&d.ev); t.origin != origin {
		*t = quickTag{tag: bytes.Clone(f.tag), origin: origin, sure: claimsPostfix(d.Parser, &frame{tag: f.tag})}
		switch daemon := f.tag[bytes.LastIndexByte(f.tag, '/')+1:]; string(daemon) {
		case "postsuper", "discard", "qmqpd", "postscreen", "tlsproxy", "dnsblog":
		case "local", "virtual", "pipe":
			t.daemon = quickLocal
		default:
			t.daemon = quickRemote
		}
	}
}

// quickly reads the line from start to end, or returns false and has done nothing.
func (d *Digester) quickly(start, end int) bool {
	q := &d.quick
	lines := d.out.lines
	if q.exim.origin != nil {
		if line := lines[start:end:end]; len(line) > 10 && line[10] == ' ' && d.quickExim(line, start, end) {
			return true
		}
	}
	if len(q.host) == 0 {
		return false
	}
	if q.after < end { // a line with an escape is for Parse
		if q.after >= start {
			return false
		}
		if i := bytes.IndexByte(lines[start:], '#'); i < 0 {
			q.after = len(lines)
		} else if q.after = start + i; q.after < end {
			return false
		}
	}
	line := lines[start:end:end]
	n := len(q.head)
	if n == 0 || len(line) < n || string(line[:n]) != string(q.head) {
		if n = d.quickHead(line); n == 0 {
			return false
		}
	}
	i := near(line, n, '[')
	if i < n+3 || i+12 > len(line) {
		return false
	}
	tag := line[n:i]
	t := &q.tags[tagSlot(len(tag), line[i-1])]
	if !same(t.tag, tag) {
		return false
	}
	pid, k := shortNumber(line, i+1)
	if i += 1 + k; k == 0 || i+4 > len(line) || line[i] != ']' || line[i+1] != ':' || line[i+2] != ' ' {
		return false
	}
	msg := line[i+3:]
	if c := msg[len(msg)-1]; c == '\r' || c == 0 {
		return false
	}
	if !d.quickPostfix(msg, t, int(pid), start, end) {
		return false
	}
	d.understood()
	if q.fresh {
		q.fresh = false
		d.out.Latest = q.at
		d.mail(q.at)
	}
	d.Parser.last = Postfix
	if !q.iso {
		q.tag, q.pid, q.msg = tag, int(pid), msg
	}
	return true
}

// understood counts a line that was read quickly.
func (d *Digester) understood() {
	d.quick.lines++
	if !d.single {
		d.out.Understood++
	}
}

// quickHead reads stamp and host and returns where the tag begins, 0 where they are not as
// expected.
func (d *Digester) quickHead(line []byte) int {
	q := &d.quick
	n := stampLength
	if q.iso {
		if len(line) < 32 || !isDigit(line[0]) || line[10] != 'T' {
			return 0
		}
	} else if len(line) < 32 || line[0] < 'A' || line[0] > 'Z' || line[stampLength-1] != ' ' {
		return 0
	}
	if !q.iso && (len(line) < n+len(q.host) || string(line[n:n+len(q.host)]) != string(q.host)) {
		return 0
	}
	var t time.Time
	var rest []byte
	var ok bool
	if q.iso {
		t, rest, ok = d.Parser.stamps.iso(line)
	} else {
		t, rest, ok = d.Parser.stamps.bsd(line)
	}
	if n = len(line) - len(rest); !ok || !q.iso && n != stampLength || len(rest) < len(q.host) || string(rest[:len(q.host)]) != string(q.host) || line[n-1] != ' ' {
		return 0
	}
	n += len(q.host)
	if d.beyond(t) {
		return 0
	}
	q.at, q.head, q.fresh = t, append(q.head[:0], line[:n]...), true
	return n
}

// quickPostfix reads the text of Postfix's commonest lines.
func (d *Digester) quickPostfix(msg []byte, t *quickTag, pid, start, end int) bool {
	if !d.single && len(msg) > 24 {
		switch msg[0] {
		case 'c':
			if hasPrefix(msg, "connect from ") && d.Passing.Kinds[Connected] {
				// cutPeer wants a name without a blank; what it does not find is a name all the same
				if c := msg[13]; isAlnum(c) && t.daemon == quickRemote {
					d.pass(true, 1, d.quick.at, Postfix, t.origin)
					return true
				}
				return false
			}
		case 'd':
			if hasPrefix(msg, "disconnect from ") && d.Passing.Kinds[Disconnected] && t.daemon == quickRemote && !d.Passing.noted.Load() {
				d.pass(false, 1, d.quick.at, Postfix, t.origin)
				return true
			}
		case 'l':
			const words = "lost connection after "
			if hasPrefix(msg, words) && contains(msg[len(words):], " from ") && d.Passing.Kinds[Disconnected] && t.daemon == quickRemote && !d.Passing.noted.Load() {
				d.pass(false, 1, d.quick.at, Postfix, t.origin)
				return true
			}
		case 'A', 'U', 'T', 'V':
			if d.Passing.Kinds[TLS] && t.sure && t.daemon == quickRemote && quickTLS(msg) {
				d.pass(false, 1, d.quick.at, Postfix, t.origin)
				return true
			}
		}
	}
	i, and := idRun(msg)
	l := quickLine{d: d, mta: Postfix, time: d.quick.at, tag: t, pid: pid, start: start, end: end, at: end - len(msg), b: msg}
	if i < shortIDMin || i+3 > len(msg) || msg[i] != ':' || msg[i+1] != ' ' || !(and&idHex != 0 && i <= shortIDMax) && !isQueueID(msg[:i]) {
		return l.nameless()
	}
	l.id = i
	switch i += 2; msg[i] {
	case 't':
		return l.attempt(i)
	case 'f':
		return l.queued(i)
	case 'r':
		if string(msg[i:]) == "removed" {
			if t.daemon == quickOther {
				return false
			}
			l.entry(Completed, DirectionNone)
			return true
		}
		return l.refused(i)
	case 'h', 'l':
		return (t.sure || msg[i] == 'h') && l.hostError(i)
	case 's':
		return l.notification(i)
	case 'm':
		const key = "message-id=<"
		if hasPrefix(msg[i:], key) && msg[len(msg)-1] == '>' && len(msg)-i > len(key)+1 {
			l.entry(Received, DirectionNone)
			l.field(fieldMessageID, i+len(key), len(msg)-1)
			return true
		}
	case 'c':
		const key = "client="
		if !hasPrefix(msg[i:], key) {
			return t.sure && l.hostError(i)
		}
		p, after, ok := l.peer(i + len(key))
		if !ok {
			return false
		}
		user := 0
		if after != len(msg) {
			if user, ok = l.user(after); !ok {
				return false
			}
		}
		e := l.entry(Received, In)
		l.peerFields(e, fieldClientName, p)
		e.ports[0] = p.port
		if user > 0 {
			l.field(fieldUser, user, len(msg))
		}
		return true
	}
	return false
}

// user reads ", sasl_method=PLAIN, sasl_username=u" up to the end and returns where the name
// begins.
func (l *quickLine) user(i int) (user int, ok bool) {
	const method, name = ", sasl_method=", ", sasl_username="
	b := l.b
	if !hasPrefix(b[i:], method) {
		return 0, false
	}
	for i += len(method); i < len(b) && nameByte[b[i]]; i++ {
	}
	if !hasPrefix(b[i:], name) {
		return 0, false
	}
	user = i + len(name)
	for i = user; i < len(b) && plainByte[b[i]] && b[i] != ','; i++ {
	}
	return user, i == len(b) && i > user
}

// quickTLS tells whether a text is that of a TLS session that was established.
func quickTLS(b []byte) bool {
	i := bytes.IndexByte(b, ' ')
	if i < 0 {
		return false
	}
	switch string(b[:i]) {
	case "Anonymous", "Untrusted", "Trusted", "Verified":
		b = b[i:]
		return hasPrefix(b, " TLS connection established from ") || hasPrefix(b, " TLS connection established to ")
	}
	return false
}

// quickLine is a line with a queue ID being read.
type quickLine struct {
	d          *Digester
	mta        MTA
	time       time.Time
	tag        *quickTag
	pid        int
	start, end int // of the line, in the digest's lines
	at         int // likewise, of the text
	b          []byte
	id         int // length of the queue ID; 0: it has none
}

// entry adds an entry with the queue ID. Nothing may be wrong with the line any more.
func (l *quickLine) entry(k Kind, dir Direction) *brief {
	d := l.d
	d.ticked = false
	e := d.out.begin()
	e.time, e.origin, e.pid, e.verdict = l.time, l.tag.origin, l.pid, Understood
	e.kind, e.mta, e.direction = k, l.mta, dir
	e.line = span{uint32(l.start), uint32(l.end - l.start)}
	e.fields, e.id = 1<<fieldQueueID, QueueIDHash(l.b[:l.id])
	d.out.spans = append(d.out.spans, span{uint32(l.at), uint32(l.id)})
	return e
}

// field adds one of the entry's fields, in their order.
func (l *quickLine) field(f uint, from, to int) {
	out := l.d.out
	out.briefs[len(out.briefs)-1].fields |= 1 << f
	out.spans = append(out.spans, span{uint32(l.at + from), uint32(to - from)})
}

// quickPeer is a host with an address of digits, points and colons.
type quickPeer struct {
	name, nameEnd, ip, ipEnd int
	port                     uint16
}

// peer reads "name[192.0.2.1]" or "name[192.0.2.1]:25".
func (l *quickLine) peer(i int) (p quickPeer, after int, ok bool) {
	b := l.b
	p.name = i
	i = run(&nameByte, b, i)
	p.nameEnd = i
	if i == p.name {
		return p, 0, false
	}
	host, after, ok := l.address(i)
	host.name, host.nameEnd = p.name, p.nameEnd
	return host, after, ok
}

// address reads "[192.0.2.1]:25" at i.
func (l *quickLine) address(i int) (p quickPeer, after int, ok bool) {
	b := l.b
	if i >= len(b) || b[i] != '[' {
		return p, 0, false
	}
	i++
	p.ip = i
	i = run(&addressByte, b, i)
	p.ipEnd = i
	if i == p.ip || i >= len(b) || b[i] != ']' {
		return p, 0, false
	}
	i++
	if i+1 < len(b) && b[i] == ':' && isDigit(b[i+1]) {
		n := 0
		for i++; i < len(b) && isDigit(b[i]) && n <= 65535; i++ {
			n = n*10 + int(b[i]-'0')
		}
		if n > 65535 {
			return p, 0, false
		}
		p.port = uint16(n)
	}
	return p, i, true
}

// peerFields adds the name and, next to it, the address.
func (l *quickLine) peerFields(e *brief, name uint, p quickPeer) {
	l.field(name, p.name, p.nameEnd)
	l.field(name+1, p.ip, p.ipEnd)
}

// quickRelay is Digester.relay of what stands in b.
func (d *Digester) quickRelay(b []byte, p quickPeer) []byte {
	k := b[p.name : p.ipEnd+1]
	if p.port != 0 || p.ip != p.nameEnd+1 {
		k = append(append(append(append(d.key[:0], b[p.name:p.nameEnd]...), '['), b[p.ip:p.ipEnd]...), ']')
		if p.port != 0 {
			k = append(k, ':', byte(p.port>>8), byte(p.port))
		}
		d.key = k
	}
	return k
}

// nameByte marks the bytes of a host's name, addressByte those of an address.
var nameByte, addressByte = func() (name, addr [256]bool) {
	for c := range name {
		b := byte(c)
		name[c] = isAlnum(b) || b == '.' || b == '-' || b == '_'
		addr[c] = isDigit(b) || 'a' <= b && b <= 'f' || 'A' <= b && b <= 'F' || b == '.' || b == ':'
	}
	return name, addr
}()

// angle reads "<a@b>," and returns where the address ends; one with a quote or a bracket is
// for Parse.
func (l *quickLine) angle(i int) (end int, ok bool) {
	b := l.b
	i = plainRun(b, i)
	if i+1 >= len(b) || b[i] != '>' || b[i+1] != ',' {
		return 0, false
	}
	return i, true
}

// plainByte marks the bytes of an address that cannot be mistaken.
var plainByte = func() (t [256]bool) {
	for c := range t {
		t[c] = c > ' ' && c != '>' && c != '<' && c != '"' && c != '\\' && c < 0x7f
	}
	return t
}()

// queued reads "from=<a@b>, size=2579, nrcpt=3 (queue active)".
func (l *quickLine) queued(i int) bool {
	b := l.b
	if !hasPrefix(b[i:], "from=<") || l.tag.daemon != quickRemote {
		return false
	}
	from := i + len("from=<")
	end, ok := l.angle(from)
	if !ok {
		return false
	}
	if !hasPrefix(b[end:], ">, size=") {
		return l.expired(from, end)
	}
	if end == from { // "<>" keeps its brackets
		from, end = from-1, end+1
		i = end
	} else {
		i = end + 1
	}
	size, i, ok := l.digits(i + len(", size="))
	if !ok || !hasPrefix(b[i:], ", nrcpt=") {
		return false
	}
	nrcpt, i, ok := l.digits(i + len(", nrcpt="))
	if !ok || string(b[i:]) != " (queue active)" {
		return false
	}
	e := l.entry(Queued, DirectionNone)
	l.field(fieldSender, from, end)
	if l.d.numbers != nil {
		e.words.Sender = l.d.numbers.of(&l.d.numbers.senders, b[from:end])
	}
	e.has = HasSize | HasNRcpt
	l.d.out.number(e, numSize, size)
	l.d.out.number(e, numNRcpt, nrcpt)
	return true
}

// digits reads up to 15 digits.
func (l *quickLine) digits(i int) (n int64, after int, ok bool) {
	b, from := l.b, i
	for i < len(b) && isDigit(b[i]) {
		n = n*10 + int64(b[i]-'0')
		i++
	}
	return n, i, i > from && i-from <= 15
}

// seconds reads "0.47", as seconds does, which most often has but one digit before and two behind the
// point.
func (l *quickLine) seconds(i int) (d time.Duration, after int, ok bool) {
	const unit = time.Second / 100
	b := l.b
	if i+4 < len(b) && isDigit(b[i]) {
		whole := 100 * time.Duration(b[i]-'0')
		switch {
		case b[i+1] == '.' && isDigit(b[i+2]):
			whole += 10 * time.Duration(b[i+2]-'0')
			if !isDigit(b[i+3]) {
				return whole * unit, i + 3, true
			}
			if !isDigit(b[i+4]) {
				return (whole + time.Duration(b[i+3]-'0')) * unit, i + 4, true
			}
		case b[i+1] != '.' && !isDigit(b[i+1]):
			return whole * unit, i + 1, true
		}
	}
	d, rest, ok := seconds(b[i:])
	return d, len(b) - len(rest), ok
}

// quickAttempt is what is said of an attempt before its result.
type quickAttempt struct {
	to, toEnd, orig, origEnd int
	relay                    quickPeer
	dir                      Direction
	delay                    time.Duration
	delays                   [4]time.Duration
	tls, tlsEnd              int
	dsn                      status.Enhanced
}

// attempt reads the result for a recipient: "to=<a@b>, orig_to=<c>, relay=h[ip]:25, conn_use=2, delay=1.7,
// delays=0.1/0/0.9/0.7, tls=may, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 3F2)".
func (l *quickLine) attempt(i int) bool {
	b := l.b
	if !hasPrefix(b[i:], "to=<") || l.tag.daemon == quickOther || b[len(b)-1] != ')' {
		return false
	}
	var a quickAttempt
	var ok bool
	a.to = i + len("to=<")
	if a.toEnd, ok = l.angle(a.to); !ok || a.toEnd == a.to {
		return false
	}
	i = a.toEnd + 1
	if hasPrefix(b[i:], ", orig_to=<") {
		a.orig = i + len(", orig_to=<")
		if a.origEnd, ok = l.angle(a.orig); !ok || a.orig == a.origEnd {
			return false
		}
		i = a.origEnd + 1
	}
	if !hasPrefix(b[i:], ", relay=") {
		return false
	}
	if i, ok = l.relay(&a, i+len(", relay=")); !ok {
		return false
	}
	// What begins with a constant is compared at once where that is written out.
	const use, delays, is, sent = ", conn_use=", ", delays=", ", status=", "sent ("
	if i+len(use) < len(b) && string(b[i:i+len(use)]) == use {
		if _, i, ok = l.digits(i + len(use)); !ok {
			return false
		}
	}
	if !hasPrefix(b[i:], ", delay=") {
		return false
	}
	if a.delay, i, ok = l.seconds(i + len(", delay=")); !ok || i+len(delays) >= len(b) || string(b[i:i+len(delays)]) != delays {
		return false
	}
	i += len(delays) - 1 // and then each has one byte before it
	for part := range a.delays {
		if a.delays[part], i, ok = l.seconds(i + 1); !ok || i >= len(b) || b[i] != "///,"[part] {
			return false
		}
	}
	if hasPrefix(b[i:], ", tls=") {
		a.tls = i + len(", tls=")
		i = run(&nameByte, b, a.tls)
		a.tlsEnd = i
	}
	if !hasPrefix(b[i:], ", dsn=") {
		return false
	}
	var rest []byte
	if a.dsn, rest, ok = status.ParseEnhanced(b[i+len(", dsn="):]); !ok || len(rest) < len(is) || string(rest[:len(is)]) != is {
		return false
	}
	i = len(b) - len(rest) + len(is)
	switch {
	case i+len(sent) < len(b) && string(b[i:i+len(sent)]) == sent:
		return l.sent(&a, i+len(sent))
	case hasPrefix(b[i:], "deferred ("):
		return l.failed(&a, Deferred, i+len("deferred ("))
	case hasPrefix(b[i:], "bounced ("):
		return l.failed(&a, Bounced, i+len("bounced ("))
	}
	return false
}

// relay reads what follows "relay=": "h[192.0.2.1]:25", "none", "local", "h[private/lmtp]".
func (l *quickLine) relay(a *quickAttempt, i int) (after int, ok bool) {
	b := l.b
	a.dir = Out
	a.relay.name = i
	i = run(&nameByte, b, i)
	a.relay.nameEnd = i
	switch {
	case i == a.relay.name || i+1 >= len(b):
		return 0, false
	case b[i] == ',':
		if l.tag.daemon == quickLocal {
			a.dir = Local
		}
		if string(b[a.relay.name:i]) == "none" {
			a.relay.nameEnd = a.relay.name
		} else {
			a.dir = Local
		}
		return i, true
	case b[i] == '[' && !addressByte[b[i+1]]:
		a.relay.ip = i + 1
		for i++; i < len(b) && (nameByte[b[i]] || b[i] == '/'); i++ {
		}
		a.relay.ipEnd = i
		return i + 1, i < len(b) && b[i] == ']' && bytes.IndexByte(b[a.relay.ip:i], '/') >= 0
	}
	p, after, ok := l.address(i)
	a.relay.ip, a.relay.ipEnd, a.relay.port = p.ip, p.ipEnd, p.port
	return after, ok
}

// plainReply reads "250 2.0.0 Ok: queued as 3F2" as status.ReplyParser does; ok is false where that
// is to see. Escapes are the caller's to look for.
func plainReply(text []byte) (code int32, enhanced status.Enhanced, said []byte, ok bool) {
	if len(text) < 5 || text[0] != '2' || !isDigit(text[1]) || !isDigit(text[2]) || text[3] != ' ' || text[4] <= ' ' ||
		text[len(text)-1] <= ' ' || text[len(text)-1] == ')' {
		return 0, enhanced, nil, false
	}
	code = int32(text[0]-'0')*100 + int32(text[1]-'0')*10 + int32(text[2]-'0')
	said = text[4:]
	if isDigit(said[0]) || said[0] == '#' {
		e, rest, ok := status.ParseEnhanced(said)
		switch {
		case ok && len(rest) > 1 && rest[0] == ' ' && rest[1] > ' ':
			enhanced, said = e, rest[1:]
		case ok || said[0] == '#':
			return 0, enhanced, nil, false
		}
	}
	return code, enhanced, said, true
}

// sent reads what follows "status=sent (".
func (l *quickLine) sent(a *quickAttempt, i int) bool {
	b := l.b
	text := b[i : len(b)-1]
	var code int32
	said, enhanced := text, a.dsn
	switch {
	case a.dir == Local:
		if a.relay.nameEnd == a.relay.name || hasPrefix(text, "forwarded as ") || string(text) == "discarded" {
			return false
		}
	case a.relay.ipEnd == 0:
		return false
	default:
		var ok bool
		if code, enhanced, said, ok = plainReply(text); !ok {
			return false
		}
		if hasPrefix(said, "Ok, discarded") || bytes.IndexByte(said, '\\') >= 0 || bytes.IndexByte(said, '\r') >= 0 {
			return false
		}
	}
	out := l.d.out
	e := l.entry(Delivered, a.dir)
	e.code, e.enhanced, e.dsn, e.has = code, enhanced, a.dsn, HasDelay|HasDelays
	l.field(fieldRecipient, a.to, a.toEnd)
	if a.orig > 0 {
		l.field(fieldOrigRecipient, a.orig, a.origEnd)
	}
	l.field(fieldRelayName, a.relay.name, a.relay.nameEnd)
	var relay []byte
	if a.dir == Local {
		e.enhOrigin = status.OriginLocal
	} else {
		e.stage, e.enhOrigin, e.ports[1] = status.StageEndOfData, status.OriginRemote, a.relay.port
		l.field(fieldRelayIP, a.relay.ip, a.relay.ipEnd)
		relay = l.d.quickRelay(b, a.relay)
	}
	if l.d.numbers != nil {
		e.words.Domain, e.words.Relay = l.d.numbers.attempt(b[a.to:a.toEnd], relay)
	}
	if a.tls > 0 {
		l.field(fieldTLS, a.tls, a.tlsEnd)
	}
	l.field(fieldText, len(b)-1-len(said), len(b)-1)
	if a.dir == Out {
		if id := queuedAs(text); id != nil {
			at := int(address(id) - address(b))
			e.next = QueueIDHash(id)
			l.field(fieldNextQueueID, at, at+len(id))
		}
	}
	out.number(e, numDelay, int64(a.delay))
	if a.delays != [4]time.Duration{} {
		e.numbers |= numDelays
		for _, part := range a.delays {
			out.numbers = append(out.numbers, int64(part))
		}
	}
	return true
}
