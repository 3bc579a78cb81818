package aggregate

import (
	"time"

	"github.com/smtplog/smtplog/parser"
)

// settle is how long, in log time, a message that has ended waits for lines that come late:
// daemons log side by side, and a delivery can be written after qmgr's "removed".
const settle = 60 * time.Second

// Ledger joins events into messages by host, instance and queue ID. Feed it the events of all
// inputs in time order; it releases each message once, when it has ended and settled, or at
// Close. It is not safe for concurrent use.
//
// The zero Ledger is not usable; NewLedger makes one.
type Ledger struct {
	release func(*Message)
	open    map[key]*Message
	ended   []*Message // in order of ending, oldest first
	now     time.Time  // the latest line's time
	begun   []*Message // in order of beginning: those that may never become active
	noted   map[process]noted
	scopes  []scope
	scope   int // of the latest event
	strings interner

	// Reused counts queue IDs that began again before their message had ended.
	Reused int
}

// key identifies a queue ID on one host.
type key struct {
	scope int
	id    string
}

// scope is where a queue ID is unique at one time, but for instances: a host, or for logs
// that do not name one, a set of files.
type scope struct {
	host string
	mta  parser.MTA
	set  int
	qmgr int // process ID of Postfix's queue manager, as it last logged
}

// NewLedger returns a Ledger that hands every finished message to release. The Message is
// the receiver's from then on.
func NewLedger(release func(*Message)) *Ledger {
	return &Ledger{release: release, open: make(map[key]*Message), noted: make(map[process]noted), strings: interner{}}
}

// Add applies one event and returns the message it belongs to, or nil: most lines without a
// queue ID belong to none. set tells apart the logs of hosts that do not log their name.
//
// Where the event hands a recipient on inside this host (a content filter took it), Add turns
// ev.Kind from Delivered to Forwarded.
func (l *Ledger) Add(ev *parser.Event, set int) *Message {
	if ev.Time.After(l.now) {
		l.now = ev.Time
		l.settleEnded()
	}
	if len(ev.QueueID) == 0 {
		if ev.MTA == parser.Postfix && (ev.Kind == parser.Held || ev.Kind == parser.Discarded) {
			l.note(ev, set)
		}
		return nil
	}
	switch ev.Kind {
	case parser.Received:
		return l.received(ev, set)
	case parser.Queued:
		m := l.find(ev, set)
		if m == nil || !m.Closed.IsZero() {
			m = l.begin(ev, set)
			m.OpenedBefore = true
		}
		l.queued(m, ev)
		l.scopes[l.scope].qmgr = ev.PID
		return m
	case parser.Delivered, parser.Deferred, parser.Bounced, parser.Forwarded, parser.Expired, parser.Discarded:
		m := l.findOrBegin(ev, set)
		l.outcome(m, ev)
		return m
	case parser.HostError:
		m := l.find(ev, set)
		if m != nil {
			m.lastError = hostError{ev.Time, l.peer(&ev.Relay), l.answer(ev)}
			m.Last = ev.Time
		}
		return m
	case parser.Rejected:
		if !ev.Late {
			return l.find(ev, set)
		}
		m := l.findOrBegin(ev, set)
		l.rejected(m, ev)
		return m
	case parser.Held:
		m := l.findOrBegin(ev, set)
		m.Last = ev.Time
		m.hold(string(ev.Recipient))
		l.envelope(m, ev)
		if ev.MTA == parser.Exim && m.Sender == "<>" {
			m.unfail()
		}
		return m
	case parser.Released:
		m := l.find(ev, set)
		if m != nil && m.State == StateHeld {
			m.State, m.Last = StateQueued, ev.Time
		}
		return m
	case parser.Completed:
		m := l.findOrBegin(ev, set)
		if l.byPostsuper(m, ev) {
			ev.Kind = parser.Removed
			l.removed(m, ev)
			return m
		}
		l.complete(m, ev)
		return m
	case parser.Removed:
		m := l.findOrBegin(ev, set)
		l.removed(m, ev)
		return m
	case parser.Notification:
		m := l.find(ev, set)
		if len(ev.NextQueueID) > 0 {
			l.notice(ev, set)
		}
		return m
	case parser.Probe:
		m := l.findOrBegin(ev, set)
		m.Probe, m.Last = true, ev.Time
		return m
	}
	m := l.find(ev, set)
	if m != nil {
		m.Last = ev.Time
		if ev.Kind == parser.Warning && string(ev.Text) == "queue file size limit exceeded" && !m.Active && m.Closed.IsZero() {
			m.State = StateRejected // smtpd answers 552 and logs nothing else
			l.end(m, ev.Time)
		}
	}
	return m
}

// Close releases every message that is still held, the ended ones first, then the open ones
// in the order of their first lines.
func (l *Ledger) Close() {
	for _, m := range l.ended {
		l.forget(m)
	}
	l.ended = nil
	open := make([]*Message, 0, len(l.open))
	for _, m := range l.open {
		for ; m != nil; m = m.next {
			open = append(open, m)
		}
	}
	sortMessages(open)
	for _, m := range open {
		m.nameUnseen()
		l.resolve(m)
		if !m.Active && m.State == StateQueued && l.now.Sub(m.Last) > settle {
			m.State = StateLost // a transaction that the client gave up; nothing was queued
		}
		m.released = true
		l.release(m)
	}
	l.open = make(map[key]*Message)
}

// each calls f for every message not yet released.
func (l *Ledger) each(f func(*Message)) {
	for _, m := range l.open {
		for ; m != nil; m = m.next {
			f(m)
		}
	}
}

// maxEnded bounds the messages that wait, should the log's clock stand still or go back.
const maxEnded = 100_000

// transaction is how long, in log time, a message may take from its first line until it is
// queued; then the client has given it up.
const transaction = time.Hour

// settleEnded releases the messages that ended long enough ago, and ends those that were
// never queued.
func (l *Ledger) settleEnded() {
	for len(l.begun) > 0 && l.now.Sub(l.begun[0].First) > transaction {
		m := l.begun[0]
		l.begun[0] = nil
		l.begun = l.begun[1:]
		if !m.Active && m.Closed.IsZero() && m.State == StateQueued && m.Source != SourceNotification {
			m.State = StateLost
			l.end(m, m.Last)
		}
	}
	for len(l.ended) > 0 && (l.now.Sub(l.ended[0].Closed) > settle || len(l.ended) > maxEnded) {
		m := l.ended[0]
		l.ended[0] = nil
		l.ended = l.ended[1:]
		l.forget(m)
	}
}

// forget releases m and makes its queue ID free.
func (l *Ledger) forget(m *Message) {
	if !m.waiting {
		return
	}
	m.waiting = false
	k := key{l.scopeOf(m.Host, m.MTA, m.Set), m.QueueID}
	if head := l.open[k]; head == m {
		if m.next == nil {
			delete(l.open, k)
		} else {
			l.open[k] = m.next
		}
	} else {
		for ; head != nil; head = head.next {
			if head.next == m {
				head.next = m.next
				break
			}
		}
	}
	m.next = nil
	l.resolve(m)
	m.released = true
	l.release(m)
}

// resolve settles what could only be known at the end: a recipient handed on to a queue ID
// that never came up was delivered as far as this input tells.
func (l *Ledger) resolve(m *Message) {
	if m.State == StateDone {
		m.lose() // it ended with recipients whose last line is not in the input
	}
	for i := range m.Recipients {
		r := &m.Recipients[i]
		if r.Outcome != Forwarded || r.Next != nil {
			continue
		}
		if r.Next = l.continuation(m, r.NextID); r.Next == nil {
			r.Outcome = Delivered
		}
	}
}

// scopeOf returns the number of the scope.
func (l *Ledger) scopeOf(host string, mta parser.MTA, set int) int {
	if host != "" {
		set = 0
	}
	for i := range l.scopes {
		if s := &l.scopes[i]; s.set == set && s.mta == mta && s.host == host {
			return i
		}
	}
	l.scopes = append(l.scopes, scope{host: host, mta: mta, set: set})
	return len(l.scopes) - 1
}

// scopeOfEvent is scopeOf for an event, which mostly is the one before.
func (l *Ledger) scopeOfEvent(ev *parser.Event, set int) int {
	if len(ev.Host) > 0 {
		set = 0
	}
	if l.scope < len(l.scopes) {
		if s := &l.scopes[l.scope]; s.set == set && s.mta == ev.MTA && s.host == string(ev.Host) {
			return l.scope
		}
	}
	l.scope = l.scopeOf(l.strings.get(ev.Host), ev.MTA, set)
	return l.scope
}

// find returns the message the event is about, nil where none is known. A delivery agent can
// log under a name of its own in master.cf, so where no message of the event's instance has
// the queue ID, another instance's is taken.
func (l *Ledger) find(ev *parser.Event, set int) *Message {
	head := l.open[key{l.scopeOfEvent(ev, set), string(ev.QueueID)}]
	for m := head; m != nil; m = m.next {
		if m.Instance == string(ev.Instance) {
			return m
		}
	}
	return head
}

func (l *Ledger) findOrBegin(ev *parser.Event, set int) *Message {
	m := l.find(ev, set)
	if m == nil {
		m = l.begin(ev, set)
		m.OpenedBefore = true
	}
	return m
}

// begin starts a new message, ending one that still has the queue ID.
func (l *Ledger) begin(ev *parser.Event, set int) *Message {
	k := key{l.scopeOfEvent(ev, set), string(ev.QueueID)}
	m := &Message{
		QueueID: k.id, Host: l.scopes[k.scope].host, Instance: l.strings.get(ev.Instance),
		MTA: ev.MTA, Set: set, First: ev.Time, Last: ev.Time,
	}
	for old := l.open[k]; old != nil; old = old.next {
		if old.Instance != m.Instance {
			continue
		}
		if old.Closed.IsZero() {
			l.Reused++
			old.lose()
			old.State = StateLost
			l.end(old, old.Last)
		}
		l.forget(old) // its place in the list of ended ones stays, and is passed over
		break
	}
	m.next = l.open[k]
	l.open[k] = m
	l.begun = append(l.begun, m)
	return m
}

// end closes m; it settles before it is released.
func (l *Ledger) end(m *Message, t time.Time) {
	m.Last = t
	if m.waiting {
		return
	}
	m.Closed, m.waiting = t, true
	l.ended = append(l.ended, m)
	if len(l.ended) > maxEnded {
		l.settleEnded()
	}
}

func (l *Ledger) peer(p *parser.Peer) Peer {
	return Peer{l.strings.get(p.Name), l.strings.get(p.IP), l.strings.get(p.Helo), p.Port}
}

func (l *Ledger) answer(ev *parser.Event) Answer {
	return Answer{ev.Code, ev.Enhanced, ev.Stage, ev.Origin, l.strings.get(ev.Text), ev.Reason}
}
