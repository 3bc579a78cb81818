package parser

import (
	"time"

	"github.com/smtplog/smtplog/status"
)

// eximStampLength is that of Exim's own stamp with the blank after it.
const eximStampLength = len("2026-01-05 07:21:26 ")

// quickExim reads a line of Exim's own log file, or returns false and has done nothing.
func (d *Digester) quickExim(line []byte, start, end int) bool {
	q := &d.quick
	n := eximStampLength
	if len(line) < n+26 || line[10] != ' ' || !isDigit(line[0]) || line[len(line)-1] <= ' ' {
		return false
	}
	t, pid, fresh := q.eximAt, 0, false
	if string(line[:n]) != string(q.eximHead[:]) {
		var rest []byte
		var ok bool
		t, rest, ok = d.Parser.stamps.iso(line)
		fresh = true
		if n = len(line) - len(rest); !ok || len(line) < n+26 || line[n-1] != ' ' || d.beyond(t) {
			return false
		}
		if n == eximStampLength {
			q.eximAt = t
			copy(q.eximHead[:], line)
		}
	}
	if line[n] == '[' { // log selectors millisec and pid; a zone is a part of the stamp
		var rest []byte
		var ok bool
		if pid, rest, ok = cutPID(line[n:]); !ok {
			return false
		}
		if n = len(line) - len(rest); len(line) < n+26 {
			return false
		}
	}
	b := line[n:]
	id := eximIDLen(b)
	switch {
	case id > 0 && id+2 < len(b) && b[id] == ' ':
		l := quickLine{d: d, mta: Exim, time: t, tag: &q.exim, pid: pid, start: start, end: end, at: start + n, b: b, id: id}
		if !l.exim() && !d.quickEximEvent(b, t, pid, start, end) {
			return false
		}
	case !d.single && hasPrefix(b, "unexpected disconnection while reading SMTP command from ") && d.Passing.Kinds[Disconnected] && !d.Passing.noted.Load():
		d.pass(false, 1, t, Exim, q.exim.origin)
	case !hasPrefix(b, "H=") || syslogFollows(b) || !d.quickEximEvent(b, t, pid, start, end):
		return false
	}
	d.understood()
	if fresh { // of no line before, which settle makes sure of
		d.out.Latest = t
		d.mail(t)
	}
	d.Parser.last = Exim
	return true
}

// quickEximEvent reads an entry by the functions that Parse uses, of which only the frame was read
// quickly.
func (d *Digester) quickEximEvent(b []byte, t time.Time, pid, start, end int) bool {
	ev := &d.ev
	*ev = Event{Time: t, MTA: Exim, PID: pid}
	if !d.Parser.parseEximEntry(b, ev) || !ev.Time.Equal(t) {
		return false
	}
	ev.setStage()
	d.event(Understood, start, end)
	return true
}

// exim reads what stands behind the stamp.
func (l *quickLine) exim() bool {
	i := l.id + 1
	switch msg := l.b[i:]; {
	case string(msg) == "Completed":
		l.entry(Completed, DirectionNone)
		return true
	case hasPrefix(msg, "=> ") || hasPrefix(msg, "-> "):
		return l.eximDelivered(i + 3)
	case hasPrefix(msg, "<= "):
		return l.eximArrival(i + 3)
	}
	return false
}

// word returns where the word at i ends: at a blank or the line's end. One with a quote, a
// bracket, a backslash or a control byte, or that ends with a colon, is for Parse.
func (l *quickLine) word(i int) (end int, ok bool) {
	b := l.b
	end = plainRun(b, i)
	if end == i || b[end-1] == ':' || end < len(b) && (b[end] != ' ' || end+1 == len(b) || b[end+1] == ' ') {
		return end, false
	}
	return end, true
}

// key tells whether " KEY=" stands at i.
func (l *quickLine) key(i int, key string) bool { return hasPrefix(l.b[i:], key) }

// eximTLS reads " X=tls CV=no" at i, each where it is there; tls is 0 where X= is not.
func (l *quickLine) eximTLS(i int) (tls, tlsEnd, after int, ok bool) {
	if l.key(i, " X=") {
		tls = i + len(" X=")
		if i, ok = l.word(tls); !ok {
			return 0, 0, 0, false
		}
		tlsEnd = i
	}
	if l.key(i, " CV=") {
		if i, ok = l.word(i + len(" CV=")); !ok {
			return 0, 0, 0, false
		}
	}
	return tls, tlsEnd, i, true
}

// eximStretch is a part of a line that was read, with the blank and the key after it: most are those of
// the line before.
type eximStretch struct {
	text        []byte
	tls, tlsEnd int // of X=, from the stretch's start; 0: it has none
}

// longestStretch is the longest that is remembered, in bytes.
const longestStretch = 256

// keep remembers b[from:to].
func (s *eximStretch) keep(b []byte, from, to, tls, tlsEnd int) {
	if to-from > longestStretch {
		return
	}
	if s.text = append(s.text[:0], b[from:to]...); tls > 0 {
		tls, tlsEnd = tls-from, tlsEnd-from
	}
	s.tls, s.tlsEnd = tls, tlsEnd
}

// after returns where the stretch ends if it stands at i, else 0.
func (s *eximStretch) after(b []byte, i int) int {
	if n := i + len(s.text); n > i && n <= len(b) && string(b[i:n]) == string(s.text) {
		return n
	}
	return 0
}

// eximRoute reads " R=router T=transport H=" at i, up to the key.
func (l *quickLine) eximRoute(i int) (after int, ok bool) {
	const host = " H="
	s := &l.d.quick.route
	if after = s.after(l.b, i); after > 0 {
		return after - len(host), true
	}
	from := i
	if !l.key(i, " R=") {
		return 0, false
	}
	if i, ok = l.word(i + len(" R=")); !ok || !l.key(i, " T=") {
		return 0, false
	}
	if i, ok = l.word(i + len(" T=")); !ok || !l.key(i, host) {
		return 0, false
	}
	s.keep(l.b, from, i+len(host), 0, 0)
	return i, true
}

// eximAnswer reads ` X=tls CV=no K C="` at i, with any of these missing but the last; tls is 0 where X=
// is not there.
func (l *quickLine) eximAnswer(i int) (tls, tlsEnd, after int, ok bool) {
	const confirmation = ` C="`
	s := &l.d.quick.answer
	if after = s.after(l.b, i); after > 0 {
		if s.tls > 0 {
			tls, tlsEnd = i+s.tls, i+s.tlsEnd
		}
		return tls, tlsEnd, after, true
	}
	from := i
	if tls, tlsEnd, i, ok = l.eximTLS(i); !ok {
		return 0, 0, 0, false
	}
	if l.key(i, " K ") {
		i += len(" K")
	}
	if !l.key(i, confirmation) {
		return 0, 0, 0, false
	}
	i += len(confirmation)
	s.keep(l.b, from, i, tls, tlsEnd)
	return tls, tlsEnd, i, true
}

// eximSession reads " P=esmtps X=tls CV=no A=" or the like with " S=" at i, up to that key; tls is 0 where
// X= is not there.
func (l *quickLine) eximSession(i int) (tls, tlsEnd, after int, ok bool) {
	const login, size = " A=", " S="
	s := &l.d.quick.session
	if after = s.after(l.b, i); after > 0 {
		if s.tls > 0 {
			tls, tlsEnd = i+s.tls, i+s.tlsEnd
		}
		return tls, tlsEnd, after - len(size), true
	}
	from := i
	if !l.key(i, " P=") || l.key(i, " P=local") {
		return 0, 0, 0, false
	}
	if i, ok = l.word(i + len(" P=")); !ok {
		return 0, 0, 0, false
	}
	if tls, tlsEnd, i, ok = l.eximTLS(i); !ok || !l.key(i, login) && !l.key(i, size) {
		return 0, 0, 0, false
	}
	s.keep(l.b, from, i+len(size), tls, tlsEnd)
	return tls, tlsEnd, i, true
}

// eximDelivered reads what follows "=> ": "c@d.example R=router T=transport H=h [ip] X=tls CV=no
// C="250 2.0.0 Ok" QT=1s DT=1s", with any of these after T= missing but H= and C=.
func (l *quickLine) eximDelivered(i int) bool {
	b := l.b
	to := i
	toEnd, ok := l.word(i)
	if !ok || !isAlnum(b[to]) {
		return false
	}
	if i, ok = l.eximRoute(toEnd); !ok {
		return false
	}
	relay, helo, _, i, ok := l.eximHost(i)
	if !ok || helo > 0 {
		return false
	}
	tls, tlsEnd, text, ok := l.eximAnswer(i)
	if !ok {
		return false
	}
	i = text + quotedRun(b[text:])
	if i == len(b) || b[i] != '"' {
		return false
	}
	textEnd := i
	code, enhanced, said, ok := plainReply(b[text:textEnd])
	if !ok {
		return false
	}
	i++
	var qt, dt time.Duration
	var has Has
	if l.key(i, " QT=") {
		if qt, i, ok = l.eximSeconds(i + len(" QT=")); !ok {
			return false
		}
		has |= HasDelay
	}
	if l.key(i, " DT=") {
		if dt, i, ok = l.eximSeconds(i + len(" DT=")); !ok {
			return false
		}
		has |= HasDeliveryTime
	}
	if i != len(b) {
		return false
	}
	e := l.entry(Delivered, Out)
	e.code, e.enhanced, e.has, e.stage, e.enhOrigin, e.ports[1] = code, enhanced, has, status.StageEndOfData, status.OriginRemote, relay.port
	l.field(fieldRecipient, to, toEnd)
	l.peerFields(e, fieldRelayName, relay)
	if tls > 0 {
		l.field(fieldTLS, tls, tlsEnd)
	}
	l.part(fieldText, said)
	if id := eximNextID(b[text:textEnd]); id != nil {
		l.part(fieldNextQueueID, id)
		e.next = QueueIDHash(id)
	}
	out := l.d.out
	out.number(e, numDelay, int64(qt))
	out.number(e, numDeliveryTime, int64(dt))
	if n := l.d.numbers; n != nil {
		e.words.Domain, e.words.Relay = n.attempt(b[to:toEnd], l.d.quickRelay(b, relay))
	}
	return true
}

// eximSeconds reads "1.081s" or "2m3s" at i, up to a blank or the end.
func (l *quickLine) eximSeconds(i int) (t time.Duration, after int, ok bool) {
	if b, end := l.b, i+len("1.081s"); end <= len(b) && b[i+1] == '.' && b[end-1] == 's' &&
		isDigit(b[i]) && isDigit(b[i+2]) && isDigit(b[i+3]) && isDigit(b[i+4]) && (end == len(b) || b[end] == ' ' && end+1 < len(b) && b[end+1] != ' ') {
		n := int(b[i])*1000 + int(b[i+2])*100 + int(b[i+3])*10 + int(b[i+4]) - '0'*1111
		return time.Duration(n) * time.Millisecond, end, true
	}
	end, ok := l.word(i)
	if !ok {
		return 0, 0, false
	}
	t, ok = eximTime(l.b[i:end])
	return t, end, ok
}

// eximHost reads " H=name (helo) [192.0.2.1]:4711 I=[198.51.100.1]:25" at i, with what a client
// called itself and I= or without; helo is 0 where that is not there.
func (l *quickLine) eximHost(i int) (p quickPeer, helo, heloEnd, after int, ok bool) {
	if !l.key(i, " H=") {
		return p, 0, 0, 0, false
	}
	b := l.b
	i += len(" H=")
	p.name = i
	i = run(&nameByte, b, i)
	if p.nameEnd = i; i == p.name || !hasPrefix(b[i:], " ") {
		return p, 0, 0, 0, false
	}
	if hasPrefix(b[i:], " (") {
		helo = i + len(" (")
		i = run(&nameByte, b, helo)
		if heloEnd = i; helo == heloEnd || !hasPrefix(b[i:], ") ") {
			return p, 0, 0, 0, false
		}
		i++
	}
	host, i, ok := l.address(i + 1)
	if !ok {
		return p, 0, 0, 0, false
	}
	host.name, host.nameEnd = p.name, p.nameEnd
	if l.key(i, " I=") {
		if _, i, ok = l.address(i + len(" I=")); !ok {
			return p, 0, 0, 0, false
		}
	}
	return host, helo, heloEnd, i, i == len(b) || b[i] == ' '
}

// eximArrival reads what follows "<= ": "a@b.example H=h [ip] P=esmtpsa X=tls CV=no A=plain:user
// S=1300 id=x@y for c@d.example", with X=, CV=, A=, id= and for or without.
func (l *quickLine) eximArrival(i int) bool {
	b := l.b
	from := i
	fromEnd, ok := l.word(i)
	if !ok || !isAlnum(b[from]) {
		return false
	}
	client, helo, heloEnd, i, ok := l.eximHost(fromEnd)
	if !ok {
		return false
	}
	tls, tlsEnd, i, ok := l.eximSession(i)
	if !ok {
		return false
	}
	var user []byte
	if l.key(i, " A=") {
		from := i + len(" A=")
		if i, ok = l.word(from); !ok {
			return false
		}
		if user = eximAuthID(b[from:i]); len(user) == 0 {
			return false
		}
	}
	if !l.key(i, " S=") {
		return false
	}
	size, i, ok := l.digits(i + len(" S="))
	if !ok || i < len(b) && b[i] != ' ' {
		return false
	}
	id, idEnd := 0, 0
	if l.key(i, " id=") {
		id = i + len(" id=")
		if i, ok = l.word(id); !ok {
			return false
		}
		idEnd = i
	}
	to, rcpts := 0, int64(0)
	if i < len(b) {
		if !l.key(i, " for ") {
			return false
		}
		to = i + len(" for ")
		for i += len(" for"); i < len(b); rcpts++ {
			if i, ok = l.word(i + 1); !ok {
				return false
			}
		}
	}
	e := l.entry(Received, In)
	e.has, e.ports[0] = HasSize, client.port
	if id > 0 {
		l.field(fieldMessageID, id, idEnd)
	}
	l.field(fieldSender, from, fromEnd)
	if to > 0 {
		e.has |= HasNRcpt
		l.field(fieldRecipients, to, len(b))
	}
	l.peerFields(e, fieldClientName, client)
	if helo > 0 {
		l.field(fieldClientHelo, helo, heloEnd)
	}
	if user != nil {
		l.part(fieldUser, user)
	}
	if tls > 0 {
		l.field(fieldTLS, tls, tlsEnd)
	}
	out := l.d.out
	out.number(e, numSize, size)
	out.number(e, numNRcpt, rcpts)
	if n := l.d.numbers; n != nil {
		e.words.Sender = n.of(&n.senders, b[from:fromEnd])
	}
	return true
}

// part adds one of the entry's fields that is a part of the line's text.
func (l *quickLine) part(f uint, b []byte) {
	at := int(address(b) - address(l.b))
	l.field(f, at, at+len(b))
}
