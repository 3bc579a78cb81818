package parser

import (
	"bytes"

	"github.com/smtplog/smtplog/status"
)

// The quick ways of Postfix's failures, refusals and notices: what has a shape of its own is read
// here, and what needs care, a reply or a list of attributes, by the functions that Parse uses.

// event begins the line's event. done adds it; until then the line may be left to Parse.
func (l *quickLine) event(k Kind, dir Direction) *Event {
	ev, o := &l.d.ev, l.tag.origin
	*ev = Event{}
	ev.Kind, ev.MTA, ev.Direction, ev.Time, ev.PID = k, l.mta, dir, l.time, l.pid
	ev.Host, ev.Instance, ev.Program, ev.Service = o.Host, o.Instance, o.Program, o.Service
	if l.id > 0 {
		ev.QueueID = l.b[:l.id]
	}
	return ev
}

// done adds the event, of whose bytes none but the queue ID and these fields are set.
func (l *quickLine) done(fields uint32) bool {
	d := l.d
	ev := &d.ev
	if d.Prepare != nil {
		d.Prepare(ev)
	}
	d.ticked = false
	e := d.out.addFields(ev, Understood, l.tag.origin, fields|1<<fieldQueueID|1<<fieldFolded)
	e.line = span{uint32(l.start), uint32(l.end - l.start)}
	if d.numbers != nil {
		e.words = d.numbered(ev)
	}
	return true
}

// host is a host as Event has it.
func (l *quickLine) host(p quickPeer) Peer {
	h := Peer{IP: l.b[p.ip:p.ipEnd], Port: p.port}
	if p.nameEnd > p.name {
		h.Name = l.b[p.name:p.nameEnd]
	}
	return h
}

// failed reads what follows "status=deferred (" and "status=bounced (".
func (l *quickLine) failed(a *quickAttempt, k Kind, text int) bool {
	b := l.b
	ev := l.event(k, a.dir)
	ev.Recipient = b[a.to:a.toEnd]
	if a.orig > 0 {
		ev.OrigRecipient = b[a.orig:a.origEnd]
	}
	switch {
	case a.relay.ipEnd > 0:
		ev.Relay = l.host(a.relay)
	case a.relay.nameEnd > a.relay.name:
		ev.Relay.Name = b[a.relay.name:a.relay.nameEnd]
	}
	if a.tls > 0 {
		ev.TLS = b[a.tls:a.tlsEnd]
	}
	ev.Delay, ev.Delays, ev.Has, ev.DSN = a.delay, a.delays, HasDelay|HasDelays, a.dsn
	ev.Cut = len(b) >= maxWhole
	p := postfixLine{p: l.d.Parser, ev: ev}
	p.failure(b[text : len(b)-1])
	return l.done(1<<fieldRecipient | 1<<fieldOrigRecipient | 1<<fieldRelayName | 1<<fieldRelayIP | 1<<fieldTLS | 1<<fieldText)
}

// expired reads the rest of "from=<a@b>, status=expired, returned to sender", whose address ends
// at end.
func (l *quickLine) expired(from, end int) bool {
	b := l.b
	if string(b[end:]) != ">, status=expired, returned to sender" {
		return false
	}
	ev := l.event(Expired, DirectionNone)
	if ev.Sender = b[from:end]; from == end {
		ev.Sender = b[from-1 : end+1]
	}
	ev.Text, ev.Origin = b[end+len(">, status="):], status.OriginLocal
	return l.done(1<<fieldSender | 1<<fieldText)
}

// notification reads "sender non-delivery notification: 3F2".
func (l *quickLine) notification(i int) bool {
	const words = "sender non-delivery notification"
	b := l.b
	if !l.tag.sure || !hasPrefix(b[i:], words) || !hasPrefix(b[i+len(words):], ": ") {
		return false
	}
	id := i + len(words) + len(": ")
	for _, c := range b[id:] {
		if !isAlnum(c) {
			return false
		}
	}
	if id == len(b) {
		return false
	}
	e := l.entry(Notification, DirectionNone)
	l.field(fieldText, i, i+len(words))
	l.field(fieldNextQueueID, id, len(b))
	e.next = QueueIDHash(b[id:])
	return true
}

// hostError reads what smtp(8) says about a host before a recipient's result: "host h[ip] said: 450
// 4.2.0 text (in reply to RCPT TO command)".
func (l *quickLine) hostError(i int) bool {
	ev := l.event(None, DirectionNone)
	p := postfixLine{p: l.d.Parser, ev: ev}
	return p.host(l.b[i:]) && l.done(1<<fieldRelayName|1<<fieldRelayIP|1<<fieldText)
}

// nameless reads lines without a queue ID.
func (l *quickLine) nameless() bool {
	b := l.b
	switch b[0] {
	case 'N':
		if hasPrefix(b, "NOQUEUE: ") {
			return l.refused(len("NOQUEUE: "))
		}
	case 'c':
		if hasPrefix(b, "connect to ") && l.tag.sure {
			return l.unreachable()
		}
	}
	return false
}

// unreachable reads "connect to h[ip]:25: Connection refused".
func (l *quickLine) unreachable() bool {
	d, b := l.d, l.b
	p, i, ok := l.peer(len("connect to "))
	if !ok || p.port == 0 || !hasPrefix(b[i:], ": ") {
		return false
	}
	if !d.single && d.Passing.Kinds[HostError] {
		d.pass(false, 1, l.time, Postfix, l.tag.origin)
		return true
	}
	ev := l.event(HostError, Out)
	ev.Relay, ev.Text = l.host(p), b
	ev.Origin, ev.Stage = status.OriginNetwork, status.StageConnect
	return l.done(1<<fieldRelayName | 1<<fieldRelayIP | 1<<fieldText)
}

// refused reads "reject: RCPT from h[ip]: 550 5.1.1 text; from=<a@b> to=<c@d> proto=ESMTP
// helo=<h>", also a milter's.
func (l *quickLine) refused(i int) bool {
	d, b := l.d, l.b
	if l.id == 0 && !d.single && d.Passing.Kinds[Rejected] {
		return false
	}
	if hasPrefix(b[i:], "milter-") {
		i += len("milter-")
	}
	if !hasPrefix(b[i:], "reject: ") {
		return false
	}
	i += len("reject: ")
	stage := i
	for i < len(b) && ('A' <= b[i] && b[i] <= 'Z' || b[i] == '-') {
		i++
	}
	if i == stage || i-stage > 20 || !hasPrefix(b[i:], " from ") {
		return false
	}
	words := b[stage:i]
	i += len(" from ")
	client := quickPeer{name: i}
	i = run(&nameByte, b, i)
	client.nameEnd = i
	host, i, ok := l.address(i)
	if !ok || i+3 > len(b) || b[i] != ':' || b[i+1] != ' ' || b[i+2] == ' ' || b[i+2] == '\t' {
		return false
	}
	client.ip, client.ipEnd, client.port = host.ip, host.ipEnd, host.port
	text := b[i+2:]
	list := nextEnvelope(text, 0)
	if list < 0 || bytes.IndexByte(text[list+1:], ';') >= 0 {
		return false
	}
	ev := l.event(Rejected, In)
	ev.Client, ev.Stage, ev.Origin = l.host(client), stageOf(words), status.OriginLocal
	p := postfixLine{p: d.Parser, ev: ev}
	if from := i + 2 + list + len("; "); !l.attributes(ev, from) {
		p.attributes(b[from:])
	}
	p.ourReply(text[:list])
	if _, list, ok := cutString(ev.Text, " blocked using "); ok {
		ev.Detail = listName(list)
	}
	ev.Late = l.id > 0 && (ev.Stage == status.StageData || ev.Stage == status.StageEndOfData)
	return l.done(1<<fieldSender | 1<<fieldRecipient | 1<<fieldClientName | 1<<fieldClientIP | 1<<fieldClientHelo | 1<<fieldUser |
		1<<fieldText | 1<<fieldDetail)
}

// attributes reads the attributes of a refusal at i, up to the end, where they are all plain; else
// it returns false, and nothing is changed.
func (l *quickLine) attributes(ev *Event, i int) bool {
	b := l.b
	if !hasPrefix(b[i:], "from=<") {
		return false
	}
	from := i + len("from=<")
	i = plainRun(b, from)
	fromEnd := i
	if !hasPrefix(b[i:], "> to=<") {
		return false
	}
	to := i + len("> to=<")
	i = plainRun(b, to)
	toEnd := i
	if !hasPrefix(b[i:], "> proto=") {
		return false
	}
	for i += len("> proto="); i < len(b) && isAlnum(b[i]); i++ {
	}
	if !hasPrefix(b[i:], " helo=<") {
		return false
	}
	helo := i + len(" helo=<")
	i = run(&nameByte, b, helo)
	if i != len(b)-1 || b[i] != '>' || i == helo || to == toEnd {
		return false
	}
	if ev.Sender = b[from:fromEnd]; from == fromEnd {
		ev.Sender = b[from-1 : fromEnd+1]
	}
	ev.Recipient, ev.Client.Helo = b[to:toEnd], b[helo:i]
	return true
}
