package aggregate

import (
	"slices"
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
	release  func(*Message)
	open     openMessages
	fresh    list          // begun, and not yet known to be queued, in order of beginning
	queued   list          // the other open ones, the one idle longest first
	ended    list          // waiting to settle, in order of ending
	now      time.Time     // the latest line's time, of all hosts
	passed   time.Duration // by the clock of the host that is ahead
	noted    map[process]noted
	scopes   []site
	known    map[scope]int // their numbers
	scope    int           // of the latest event
	here     bool          // the next event is of the same scope
	id       uint64        // hash of the latest event's queue ID, where it is known; else 0
	next     uint64        // likewise, of the next hop's
	words    known         // of the latest event, where they are known
	strings  interner
	instance string // of the message that began last
	peers    peers
	settled  *Recipient // that the latest event was about; nil: none, or several
	relay    *knownPeer // its relay, while no other host took its place; nil: not looked up
	begun    int64      // messages begun
	touched  int        // see touch
	reuse    bool       // released messages that no other names are used again
	lean     bool       // nobody reads the texts of answers, nor a host's name beside its address
	relays   bool       // it is asked whether a delivery was to a host of the input
	store    []*Message
	rooms    rooms      // for recipients, where messages are used again
	gone     []*Message // released since the latest event began
	size     int        // bytes held, about

	// Limit is how many bytes the messages held may take, about. Beyond it those that have
	// ended are released without settling; then the ones idle longest are released as they
	// are, and counted as Evicted.
	Limit int
	// Evicted counts the messages released early: their open recipients are lost.
	Evicted int64
	// Unmerged says that the events of several hosts are not in the order of time, as those of
	// logs that are followed: a host's clock goes on with its own lines alone.
	Unmerged bool
	// Reused counts queue IDs that began again before their message had ended.
	Reused int64
	// Unnamed counts the messages that postsuper deleted or put on hold without saying which.
	Unnamed int64
}

// DefaultLimit is a new Ledger's Limit: room for half a million messages, which with what the
// collection of garbage needs make less than 1 GiB. Where messages are used again there is less
// garbage, and the limit is reuseLimit.
const (
	DefaultLimit = 384 << 20
	reuseLimit   = 640 << 20
)

// What a message and a recipient take besides their strings, with their places in maps and
// slices.
const (
	messageSize   = 640
	recipientSize = 256
)

// list is a list of messages; each is in one at most.
type list struct {
	first, last *Message
	n           int
}

// push puts m at the end of the list, and takes it out of the one it is in.
func (s *list) push(m *Message) {
	m.leave()
	m.in, m.before = s, s.last
	if s.last == nil {
		s.first = m
	} else {
		s.last.after = m
	}
	s.last = m
	s.n++
}

// leave takes m out of its list.
func (m *Message) leave() {
	s := m.in
	if s == nil {
		return
	}
	if m.before == nil {
		s.first = m.after
	} else {
		m.before.after = m.after
	}
	if m.after == nil {
		s.last = m.before
	} else {
		m.after.before = m.before
	}
	s.n--
	m.in, m.before, m.after = nil, nil, nil
}

// at returns the message of a scope that has the queue ID; of several, of instances or with
// the same ID again, the one that began last. The others are its more.
func (l *Ledger) at(scope int, id string) *Message {
	return atHash(l, openHash(scope, id), scope, id)
}

// atHash is at with the openHash of what is sought.
func atHash[ID string | []byte](l *Ledger, hash uint64, scope int, id ID) *Message {
	m := l.open.get(hash)
	for m != nil && (m.scope != scope || m.QueueID != string(id)) {
		m = m.next
	}
	return m
}

// more returns the next message with the same host and queue ID as m.
func (m *Message) more() *Message {
	n := m.next
	for n != nil && (n.scope != m.scope || n.QueueID != m.QueueID) {
		n = n.next
	}
	return n
}

// scope is where a queue ID is unique at one time, but for instances: a host, or for logs
// that do not name one, a set of files.
type scope struct {
	host string
	mta  parser.MTA
	set  int
}

// site is a scope with what is known about it.
type site struct {
	scope
	qmgr int // process ID of Postfix's queue manager, as it last logged
	// super is that of the postsuper that deleted or held a message last.
	super int
	now   time.Time     // its latest line's time
	seen  time.Duration // what had passed at its latest line
}

// maxScopes bounds the hosts told apart; all beyond share one scope. Only a forged log has
// more.
const maxScopes = 1 << 16

// NewLedger returns a Ledger that hands every finished message to release. The Message is
// the receiver's from then on.
func NewLedger(release func(*Message)) *Ledger {
	return &Ledger{release: release, noted: make(map[process]noted),
		known: make(map[scope]int), Limit: DefaultLimit}
}

// Add applies one event and returns the message it belongs to, or nil: most lines without a
// queue ID belong to none. set tells apart the logs of hosts that do not log their name.
//
// Where the event hands a recipient on inside this host (a content filter took it), Add turns
// ev.Kind from Delivered to Forwarded; where it is a total of what was told before, to Other.
func (l *Ledger) Add(ev *parser.Event, set int) *Message {
	l.id, l.next, l.words, l.here = 0, 0, known{}, false
	return l.add(ev, set)
}

// add is Add with l.id, l.next, l.words and l.here set.
func (l *Ledger) add(ev *parser.Event, set int) *Message {
	l.settled, l.relay = nil, nil
	l.collect()
	l.tick(ev, set)
	if len(ev.QueueID) == 0 {
		l.note(ev, set)
		return nil
	}
	m := l.apply(ev, set)
	if m != nil {
		l.place(m)
	}
	if l.size > l.Limit {
		l.shed()
	}
	return m
}

// pass is Add for lines that are passed over, of which ev tells whose they are and when the
// latest was written.
func (l *Ledger) pass(ev *parser.Event, set int) {
	l.collect()
	l.tick(ev, set)
}

// tick notes whose line an event is, and advances the clocks.
func (l *Ledger) tick(ev *parser.Event, set int) {
	if !l.here {
		l.enter(ev, set)
	}
	s := &l.scopes[l.scope]
	if ev.Time == l.now && ev.Time == s.now { // as most are; == is quick
		s.seen = l.passed
		return
	}
	if ev.Time.After(l.now) {
		if !s.now.IsZero() { // a host that turns up with its clock ahead does not make it later
			l.passed += min(ev.Time.Sub(l.now), ev.Time.Sub(s.now))
		}
		l.now = ev.Time
	}
	s.seen = l.passed
	if ev.Time.After(s.now) {
		s.now = ev.Time
		l.settleEnded()
	}
}

// since is how long ago t is by the clock of m's host, which may be hours behind or ahead of
// others' in a merged log. While the host is silent its clock goes on with the others.
func (l *Ledger) since(m *Message, t time.Time) time.Duration {
	s := &l.scopes[m.scope]
	if l.Unmerged {
		return s.now.Sub(t)
	}
	return s.now.Sub(t) + l.passed - s.seen
}

// place moves an open message that was heard of to its list.
func (l *Ledger) place(m *Message) {
	switch {
	case m.in == &l.ended || m.released:
	case m.Active || m.State == StateHeld || m.Source == SourceNotification:
		if l.queued.last != m {
			l.queued.push(m)
		}
	case m.in == nil:
		l.fresh.push(m)
	}
}

// shed releases messages until those held are within Limit again: the ended ones first, then
// of the larger kind of open ones those idle longest, so that a flood of transactions that
// never end drives out its own.
func (l *Ledger) shed() {
	for l.size > l.Limit {
		m := l.ended.first
		if m == nil {
			if m = l.queued.first; l.fresh.n > l.queued.n || m == nil {
				m = l.fresh.first
			}
			if m == nil {
				return
			}
			l.Evicted++
			l.lost(m)
		}
		l.forget(m)
	}
}

// lost ends a message whose end is not in the input.
func (l *Ledger) lost(m *Message) {
	m.lose()
	m.State = StateLost
	l.end(m, m.Last)
}

// These words end a message that had begun to come in, and no refusal need follow: smtpd(8) answers 552
// and logs nothing else, and Exim takes back a <= when the spool file cannot be closed.
const (
	sizeExceeded = "queue file size limit exceeded"
	rescinded    = "rescind the above message-accept"
)

// apply applies an event with a queue ID.
func (l *Ledger) apply(ev *parser.Event, set int) *Message {
	switch ev.Kind {
	case parser.Received:
		return l.received(ev, set)
	case parser.Queued:
		m := l.find(ev)
		if m == nil || !m.Closed.IsZero() && !(m.State == StateDone && m.Announced == 0 && ev.Time.Sub(m.Closed) <= late) {
			m = l.begin(ev, set)
			m.OpenedBefore = true
		}
		l.activate(m, ev)
		l.scopes[l.scope].qmgr = ev.PID
		return m
	case parser.Delivered, parser.Deferred, parser.Bounced, parser.Forwarded, parser.Expired, parser.Discarded:
		m := l.findOrBegin(ev, set)
		l.outcome(m, ev)
		return m
	case parser.HostError:
		m := l.find(ev)
		if m != nil {
			m.lastError = &hostError{ev.Time, l.peer(&ev.Relay), l.answer(ev)}
			m.Last = ev.Time
		}
		return m
	case parser.Rejected:
		if !ev.Late {
			m := l.find(ev)
			if m != nil && m.announced != "" && !m.Active {
				m.announced = without(m.announced, string(clip(ev.Recipient)))
				m.Announced = distinct(m.announced)
			}
			return m
		}
		m := l.findOrBegin(ev, set)
		l.rejected(m, ev)
		return m
	case parser.Held:
		m := l.findOrBegin(ev, set)
		m.Last = ev.Time
		if ev.Client.IP == nil { // not smtpd or cleanup
			l.scopes[l.scope].super = ev.PID
		}
		l.hold(m, string(clip(ev.Recipient)))
		l.envelope(m, ev)
		if ev.MTA == parser.Exim && m.Sender == "<>" {
			m.unfail()
		}
		return m
	case parser.Redirected:
		m := l.findOrBegin(ev, set)
		m.Last, m.redirected = ev.Time, true
		return m
	case parser.Released:
		m := l.find(ev)
		if m != nil && m.State == StateHeld {
			m.State, m.Last = StateQueued, ev.Time
		}
		return m
	case parser.Completed:
		m := l.findOrBegin(ev, set)
		if ev.PID != l.scopes[l.scope].qmgr && len(ev.Service) == 0 { // postsuper names it, where the log lacks the daemon's name
			l.scopes[l.scope].super = ev.PID
		}
		if l.byPostsuper(m, ev) {
			ev.Kind = parser.Removed
			l.removed(m, ev)
			return m
		}
		l.complete(m, ev)
		return m
	case parser.Removed:
		m := l.findOrBegin(ev, set)
		l.scopes[l.scope].super = ev.PID
		l.removed(m, ev)
		return m
	case parser.Notification:
		m := l.find(ev)
		if len(ev.NextQueueID) > 0 {
			l.notice(ev, set)
		}
		return m
	case parser.Probe:
		m := l.findOrBegin(ev, set)
		l.probed(m, ev)
		return m
	}
	if len(ev.Recipients) > 0 && ev.Kind == parser.Other {
		m := l.findOrBegin(ev, set)
		l.added(m, string(clip(ev.Recipients)))
		m.Last = ev.Time
		return m
	}
	if len(ev.Recipient) > 0 && len(ev.OrigRecipient) > 0 && ev.Kind == parser.Other {
		m := l.findOrBegin(ev, set)
		l.rewrite(m, string(clip(ev.OrigRecipient)), string(clip(ev.Recipient)))
		return m
	}
	m := l.find(ev)
	if m != nil {
		m.Last = ev.Time
		if ev.Kind == parser.Warning && m.Closed.IsZero() && (!m.Active && string(ev.Text) == sizeExceeded || string(ev.Text) == rescinded) {
			l.refused(m, ev)
		}
	}
	return m
}

// Close releases every message that is still held, the ended ones first, then the open ones
// in the order of their first lines.
func (l *Ledger) Close() {
	open := slices.AppendSeq(make([]*Message, 0, l.open.n), l.open.all)
	sortMessages(open)
	for _, m := range open { // while those that ended are found
		for i := range m.Recipients {
			if r := &m.Recipients[i]; r.halfway() {
				if next := l.successor(m, r.NextID); next != nil {
					l.join(m, r, next)
				}
			}
		}
	}
	open = slices.DeleteFunc(open, func(m *Message) bool { return m.in == &l.ended })
	for l.ended.first != nil {
		l.forget(l.ended.first)
	}
	for _, m := range open {
		l.nameUnseen(m)
		l.resolve(m)
		if !m.Active && m.State == StateQueued && l.since(m, m.Last) > settle {
			m.State = StateLost // a transaction that the client gave up; nothing was queued
		}
		m.leave()
		m.released = true
		l.release(m)
	}
	l.open, l.size = openMessages{}, 0
}

// halfway tells whether r was handed on to a message that is not known yet.
func (r *Recipient) halfway() bool { return r.Outcome == Forwarded && r.Next == nil }

// each calls f for every message not yet released, as Close would release it now.
func (l *Ledger) each(f func(*Message)) {
	for m := range l.open.all {
		f(l.asClosed(m))
	}
}

// asClosed is m as Close would release it now: a copy where that makes a difference. What
// could still be joined to a line that came late is left out.
func (l *Ledger) asClosed(m *Message) *Message {
	if m.announced == "" && m.State != StateDone && !slices.ContainsFunc(m.Recipients, func(r Recipient) bool { return r.halfway() }) {
		return m
	}
	c := *m
	c.Recipients, c.index = slices.Clone(m.Recipients), nil
	if m.in != &l.ended { // Exim names each recipient before the end, but for those that come to the same address
		size := l.size
		l.nameUnseen(&c)
		l.size = size
	}
	if c.State == StateDone {
		c.lose()
	}
	for i := range c.Recipients {
		if r := &c.Recipients[i]; r.halfway() && l.successor(m, r.NextID) == nil {
			r.Outcome = Delivered
		}
	}
	return &c
}

// maxEnded bounds the messages that wait, should the log's clock stand still or go back.
const maxEnded = 100_000

// transaction is how long, in log time, a message may take from its first line until it is
// queued; then the client has given it up.
const transaction = time.Hour

// late is how far, in log time, the first line of a message can come after its others.
const late = 2 * time.Second

// settleEnded releases the messages that ended long enough ago, and ends those that were
// never queued.
func (l *Ledger) settleEnded() {
	for m := l.fresh.first; m != nil && l.since(m, m.First) > transaction; m = l.fresh.first {
		m.State = StateLost
		l.end(m, m.Last)
	}
	for m := l.ended.first; m != nil && l.since(m, m.Closed) > settle; m = l.ended.first {
		l.touch(m.after)
		l.forget(m)
	}
}

// touch reads a little of each part of m, the message that is forgotten next and was last used
// a minute ago, so that it comes into the cache while another is forgotten: a tenth of the
// ledger's time on a busy log.
func (l *Ledger) touch(m *Message) {
	if m == nil {
		return
	}
	l.touched += len(m.Recipients) + int(m.Size) + m.size + len(m.text)
	if len(m.Recipients) > 0 {
		r := &m.Recipients[0]
		l.touched += len(r.Address) + int(r.Status) + r.Attempts + len(r.NextID) + int(r.domain)
	}
}

// forget releases m and makes its queue ID free.
func (l *Ledger) forget(m *Message) {
	if head := l.open.get(m.hash); head == m {
		if m.next == nil {
			l.open.remove(m.hash)
		} else {
			l.open.put(m.hash, m.next)
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
	m.leave()
	l.size -= m.size
	l.resolve(m)
	m.released = true
	l.release(m)
	l.drop(m)
}

// resolve settles what could only be known at the end: to which message a recipient was
// handed on. One handed on to a queue ID that never came up was delivered as far as this
// input tells.
func (l *Ledger) resolve(m *Message) {
	if m.State == StateDone {
		m.lose() // it ended with recipients whose last line is not in the input
	}
	for i := range m.Recipients {
		r := &m.Recipients[i]
		switch {
		case r.Outcome == Delivered && (r.NextID != "" || len(m.children) > 0):
			if next := handedOn(l, m, r.nextHash, r.NextID, r.Relay.IP); next != nil { // its line came late
				r.Outcome = Forwarded
				l.join(m, r, next)
			} else if !r.relayed {
				r.relayed = relayed(l, m, r.nextHash, r.NextID)
			}
		case r.halfway():
			if next := l.successor(m, r.NextID); next != nil {
				l.join(m, r, next)
			} else {
				r.Outcome = Delivered
			}
		}
		if r.Outcome == Forwarded && len(m.children) > 1 && r.Next.find(r.Address, r.Original) == nil {
			for _, c := range m.children { // a filter made several messages of one
				if c.find(r.Address, r.Original) != nil {
					r.Next, r.NextID, r.nextHash = c, c.QueueID, 0
					c.keep()
				}
			}
		}
	}
	m.children = nil
}

// enter sets l.scope to that of the event, which mostly is the one before.
func (l *Ledger) enter(ev *parser.Event, set int) {
	if len(ev.Host) > 0 {
		set = 0
	}
	if l.scope < len(l.scopes) {
		if s := &l.scopes[l.scope]; s.set == set && s.mta == ev.MTA && s.host == string(ev.Host) {
			return
		}
	}
	s := scope{l.strings.get(ev.Host), ev.MTA, set}
	n, ok := l.known[s]
	if !ok {
		n = min(len(l.scopes), maxScopes-1)
		if n == len(l.scopes) {
			l.scopes = append(l.scopes, site{scope: s})
			l.known[s] = n
		}
	}
	l.scope = n
}

// find returns the message the event is about, nil where none is known. A delivery agent can
// log under a name of its own in master.cf, so where no message of the event's instance has
// the queue ID, another instance's is taken.
func (l *Ledger) find(ev *parser.Event) *Message {
	head := atHash(l, l.hashOf(ev), l.scope, ev.QueueID)
	if head == nil || head.next == nil {
		return head
	}
	for m := head; m != nil; m = m.more() {
		if m.Instance == string(ev.Instance) {
			return m
		}
	}
	return head
}

// hashOf is the openHash of the event's queue ID.
func (l *Ledger) hashOf(ev *parser.Event) uint64 {
	if l.id != 0 {
		return inScope(l.id, l.scope)
	}
	return openHash(l.scope, ev.QueueID)
}

func (l *Ledger) findOrBegin(ev *parser.Event, set int) *Message {
	m := l.find(ev)
	if m == nil {
		m = l.begin(ev, set)
		m.OpenedBefore = true
	}
	return m
}

// begin starts a new message, ending one that still has the queue ID.
func (l *Ledger) begin(ev *parser.Event, set int) *Message {
	scope := l.scope
	m := l.newMessage()
	if l.instance != string(ev.Instance) {
		l.instance = l.strings.get(ev.Instance)
	}
	if m.Host = l.scopes[scope].host; m.Host != string(ev.Host) { // scopes that are too many share one
		m.Host = l.strings.get(ev.Host)
	}
	m.QueueID, m.Instance = l.queueID(m, ev.QueueID), l.instance
	m.MTA, m.Set, m.First, m.Last, m.scope, m.begun = ev.MTA, set, ev.Time, ev.Time, scope, l.begun
	l.begun++
	m.hash = l.hashOf(ev)
	for old := atHash(l, m.hash, scope, ev.QueueID); old != nil; old = old.more() {
		if old.Instance != m.Instance {
			continue
		}
		if old.Closed.IsZero() {
			l.Reused++
			l.lost(old)
		}
		l.forget(old)
		break
	}
	m.next = l.open.get(m.hash)
	l.open.put(m.hash, m)
	l.grow(m, messageSize)
	l.place(m)
	return m
}

// grow notes that m takes n bytes more.
func (l *Ledger) grow(m *Message, n int) {
	m.size += n
	l.size += n
}

// end closes m; it settles before it is released.
func (l *Ledger) end(m *Message, t time.Time) {
	m.Last = t
	if m.in == &l.ended {
		return
	}
	m.Closed = t
	l.ended.push(m)
	if l.ended.n > maxEnded {
		l.forget(l.ended.first)
	}
}

func (l *Ledger) peer(p *parser.Peer) Peer { return l.peers.get(p).Peer }

// client is the event's client, to be kept as long as m.
func (l *Ledger) client(m *Message, ev *parser.Event) Peer {
	if l.lean && len(ev.Client.IP) > 0 {
		return Peer{IP: l.text(m, ev.Client.IP)}
	}
	if l.reuse { // a busy relay has many
		return Peer{l.text(m, ev.Client.Name), l.text(m, ev.Client.IP), l.text(m, ev.Client.Helo), ev.Client.Port}
	}
	return l.peer(&ev.Client)
}

// saidSomething stands for the text of an answer that nobody reads.
const saidSomething = "..."

func (l *Ledger) answer(ev *parser.Event) Answer {
	text := ""
	switch {
	case !l.lean:
		text = l.strings.get(ev.Text)
	case ev.Kind != parser.Delivered && len(ev.Text) > 0:
		text = saidSomething
	}
	return Answer{ev.Code, ev.Enhanced, ev.Stage, ev.Origin, text, ev.Reason, ev.Cut}
}
