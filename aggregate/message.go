package aggregate

import (
	"strings"
	"time"

	"github.com/smtplog/smtplog/parser"
	"github.com/smtplog/smtplog/status"
)

// Outcome is what became of one recipient.
type Outcome uint8

// The outcomes. The zero Outcome means that nothing was logged yet. Deferred is not final:
// the message is still queued.
const (
	OutcomeNone Outcome = iota
	Delivered
	Bounced
	Expired
	Deferred
	Forwarded // handed on inside this host; what became of it is the next message's outcome
	Discarded
	Removed     // by the administrator
	Rejected    // refused at or after DATA
	Lost        // the message ended, or its queue ID was used again, without an outcome
	Deliverable // what an address probe found
	Undeliverable

	outcomeCount
	mailOutcomes = Deliverable // those of mail come first
)

var outcomeNames = [outcomeCount]string{"", "delivered", "bounced", "expired", "deferred",
	"forwarded", "discarded", "removed", "rejected", "lost", "deliverable", "undeliverable"}

// String returns the contract's word, "" for OutcomeNone.
func (o Outcome) String() string {
	if o < outcomeCount {
		return outcomeNames[o]
	}
	return ""
}

// final tells whether nothing more is expected.
func (o Outcome) final() bool { return o != OutcomeNone && o != Deferred }

// State is where a message is.
type State uint8

// The states of a message. StateQueued is the zero State.
const (
	StateQueued State = iota
	StateDone
	StateHeld
	StateRemoved
	StateRejected
	StateLost
	StateDiscarded // before any recipient was named
)

// String returns the contract's word.
func (s State) String() string {
	return [...]string{"queued", "done", "held", "removed", "rejected", "lost", "discarded", ""}[s&7]
}

// Source says how a message came into the queue.
type Source uint8

// The sources of a message. SourceNone: its arrival is not in the input.
const (
	SourceNone Source = iota
	SourceSMTP
	SourceLocal
	SourceNotification // our own bounce, delay or success notice
	SourceForwarded    // by an alias or .forward of this host
	SourceReinjected   // by a content filter, a second instance, or a requeue
	SourceProbe        // our own address probe: no mail
)

// String returns the contract's word.
func (s Source) String() string {
	return [...]string{"", "smtp", "local", "notification", "forwarded", "reinjected", "probe", ""}[s&7]
}

// Peer is a host as logged, "" and 0 where the log does not say; parser.Peer with strings.
type Peer struct {
	Name, IP, Helo string
	Port           uint16
}

// IsZero tells whether nothing about the host was logged.
func (p Peer) IsZero() bool { return p == Peer{} }

// Answer is why an attempt ended as it did. The zero Answer is none.
type Answer struct {
	Code     int             // reply code; 0: none
	Enhanced status.Enhanced // the reply's own, else the MTA's
	Stage    status.Stage    // at which it was given
	Origin   status.Origin   // who gave it
	Text     string          // without its codes, or the MTA's own words
	Reason   status.Reason   // ReasonNone: it did not fail
	Cut      bool            // the line that gave it may have been cut at its end
}

// Message is one lifetime of a queue ID: the record that every table is made of.
//
// A busy log has many more of them than a cache holds: the fields lie as they are used together,
// 64 bytes at a time.
type Message struct {
	hash     uint64   `state:"-"` // of host and queue ID; see openMessages
	next     *Message `state:"-"` // with the same hash; see more
	scope    int      // number of its ledger's scope
	QueueID  string
	Instance string
	begun    int64 // how many had begun before it

	id        [24]byte   `state:"-"` // where QueueID lies, if it is no longer; see Ledger.queueID
	in        *list      `state:"-"` // the ledger's list that it is in
	before    *Message   `state:"-"`
	after     *Message   `state:"-"`
	lastError *hostError // nil: none

	MTA          parser.MTA
	State        State
	Source       Source
	Active       bool // it was really queued: Postfix "queue active", Exim "<=", or any attempt
	OpenedBefore bool // no arrival in the input
	Probe        bool // an address probe, not mail
	released     bool
	named        bool // by another message; see Ledger.drop
	redirected   bool // one recipient takes the place of those announced
	fromAfar     bool // a filter in front of the queue had it from a client that is not in our network

	Recipients []Recipient
	Last       time.Time // of its latest line
	Deferrals  int       // deferral lines
	size       int       // bytes it takes, about

	First     time.Time     // of its first line
	waited    time.Duration // from then until it was Active
	Closed    time.Time     // when it ended; zero: it has not
	Announced int           // recipients named or counted when it was queued; 0: not logged
	twins     int           // lines of recipients that had their mail, or failed, before; see Unseen
	Size      int64         // bytes; 0: not logged

	Sender string // "<>": the null path; "": not logged
	User   string // that logged in, or the local user
	text   []byte `state:"-"` // where its strings lie; see Ledger.text
	index  *index `state:"-"` // nil while it has few recipients

	children     []*Message // those that name it as where they come from
	announced    string     // the announced recipients' addresses as logged, where they are
	MessageID    string     // without brackets; "": not logged
	senderNumber uint32     `state:"-"` // of Sender; see names; 0: none
	settled      bool       `state:"-"` // released, and all that continue it have been

	Client    Peer              // that handed it in
	rewritten map[string]string // recipients' addresses before Exim rewrote them, by those after

	Host           string
	FromQueueID    string // the message it continues
	NotificationOf string // the message it is a notice about
	login          string // name of the user who handed in what it continues

	Set int // the set of files it was read from; part of its identity where Host is empty
}

// Recipient is one recipient of a message: a distinct address and original address.
type Recipient struct {
	Address  string // as logged, without brackets
	Original string // before aliases; "" where it is the same
	Outcome  Outcome
	HasDelay bool // the deciding line says so: a Delay of 0 is one
	// Cancelled: the message was given up by an administrator or by a time limit for frozen
	// messages; Answer is the last deferral's (Exim "cancelled by").
	Cancelled bool
	// Partly: it failed, and a mailbox or a command took the mail all the same. An alias or a .forward
	// can name several, and local(8) logs each of them under the one address.
	Partly      bool
	relayed     bool             // to a host whose log is in the input: that one tells whether it got through
	deferredNow bool             // by local(8), since the queue manager took the message up last
	DeferredFor status.Reason    // why it was first put off
	Direction   parser.Direction // of the attempts, the latest that says; zero: none was made

	failed Outcome     // how it failed before the message was frozen; see unfail
	Status status.Code // of Answer: StatusOf
	domain uint32      `state:"-"` // its number, see names; 0: none

	Time     time.Time     // of the deciding line
	Delay    time.Duration // since its arrival, as that line says (delay=, QT=)
	Attempts int           // real ones: deferrals without an attempt are not counted
	Relay    Peer          // next hop
	Answer   Answer        // that decided the outcome
	NextID   string        // the queue ID that continues it
	nextHash uint64        `state:"-"` // of NextID; 0: not known
	Next     *Message

	FirstDeferred time.Time // of the first deferral line; zero: none
}

// Answered tells whether there is a Status: not before an outcome, nor where this host itself threw
// the mail away and nobody answered.
func (r *Recipient) Answered() bool {
	return r.Outcome != OutcomeNone && !r.Time.IsZero() && (r.Outcome != Discarded || r.Answer.Code != 0)
}

// hostError is the latest evidence about one host on a message.
type hostError struct {
	time   time.Time
	relay  Peer
	answer Answer
}

// activate notes that m was really queued, at t at the latest.
func (m *Message) activate(t time.Time) {
	if !m.Active {
		m.Active, m.waited = true, t.Sub(m.First)
	}
}

// Unseen is how many announced recipients have no line of their own yet. When Exim has
// completed a message there are none: two addresses that come to the same one are delivered
// once, and the other is never named. Postfix delivers twice where always_bcc or recipient_bcc_maps
// names a recipient again: nrcpt= counts both, and both lines name the same one.
func (m *Message) Unseen() int {
	n := m.Announced - len(m.Recipients)
	switch {
	case m.OpenedBefore || m.State == StateRejected || m.MTA == parser.Exim && m.State == StateDone:
		return 0
	case m.State == StateDone:
		n -= m.twins
	}
	return max(0, n)
}

// knows tells whether address is a recipient's, before or after aliases. Exim drops the
// quotes of a local part on delivery lines.
func (m *Message) knows(address string) bool {
	return m.find(address, address) != nil ||
		strings.Contains(address, `"`) && m.find(strings.ReplaceAll(address, `"`, ""), "") != nil
}

// distinct counts the different addresses of a list separated by blanks.
func distinct(list string) int {
	if strings.IndexByte(list, ' ') < 0 {
		return min(len(list), 1)
	}
	// A few: each is compared with those before it, by a few of its bytes at first.
	var few [48]string
	var marks [len(few)]uint64
	n := 0
next:
	for rest := list; n < len(few); {
		if rest == "" {
			return n
		}
		var a string
		if a, rest = cutAddress(rest); a == "" {
			continue
		}
		mark := addressMark(a)
		for i, m := range marks[:n] {
			if m == mark && equalFold(few[i], a) {
				continue next
			}
		}
		few[n], marks[n] = a, mark
		n++
	}
	seen := map[string]bool{}
	var key []byte
	for list != "" {
		var a string
		if a, list = cutAddress(list); a != "" {
			key = append(key[:0], a...)
			for i, c := range key {
				key[i] = lower(c)
			}
			seen[string(key)] = true
		}
	}
	return len(seen)
}

// addressMark is the same for addresses that equalFold takes for the same.
func addressMark(a string) uint64 {
	mark := uint64(len(a))
	for i := range min(len(a), 7) {
		mark = mark<<8 | uint64(lower(a[i]))
	}
	return mark
}

// cutAddress cuts the first address of a list separated by blanks; a quoted local part may
// hold blanks.
func cutAddress(list string) (address, rest string) {
	i := strings.IndexByte(list, ' ')
	if i < 0 {
		return list, ""
	}
	if strings.IndexByte(list[:i], '"') < 0 { // as most are
		return list[:i], list[i+1:]
	}
	quoted := false
	for i := 0; i < len(list); i++ {
		switch c := list[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case c == ' ' && !quoted:
			return list[:i], list[i+1:]
		}
	}
	return list, ""
}

// Mail tells whether the message is users' mail: no notice of ours, no probe.
func (m *Message) Mail() bool { return m.Source != SourceNotification && !m.Probe }

// notice tells whether the message is known to be a notice of ours. One to the postmaster may be an address
// probe, which shows when it is answered, until something else is heard of it.
func (m *Message) notice() bool {
	return m.Source == SourceNotification && !m.Probe && (m.NotificationOf != "" || len(m.Recipients) > 0 || !doubleBounce(m.Sender))
}

// Final is what became of r at the end of its chain of queue IDs: r itself where it was not
// handed on, else the recipient of the last message that continues it; of several (an alias
// with many members) the one that fared worst. m is the last message, nil where r was not
// handed on. ok is false where the chain does not end in a recipient.
func (r *Recipient) Final() (end *Recipient, m *Message, ok bool) {
	steps := maxSteps
	return r.final(&steps)
}

// maxSteps bounds the recipients that Final looks at: a chain of filters is short, but what
// strangers write into a log may be a loop.
const maxSteps = 10_000

func (r *Recipient) final(steps *int) (end *Recipient, m *Message, ok bool) {
	if r.Outcome != Forwarded || r.Next == nil {
		return r, nil, true
	}
	one, all := r.Next.continuing(r)
	for i := range all {
		n := &all[i]
		if one != nil {
			n = one
		}
		if *steps--; *steps < 0 {
			break
		}
		e, last, ok := n.final(steps)
		if ok && (end == nil || badness(e.Outcome) > badness(end.Outcome)) {
			end, m = e, last
			if m == nil {
				m = r.Next
			}
		}
		if one != nil {
			break
		}
	}
	return end, m, end != nil
}

// badness orders outcomes: what still waits is worse than what was delivered, what failed is
// worse than what waits.
func badness(o Outcome) int {
	switch o {
	case Delivered:
		return 0
	case Discarded:
		return 1
	case OutcomeNone, Deferred:
		return 2
	case Removed, Lost:
		return 3
	}
	return 4
}

// continuing returns the recipient of m that continues r, or nil: then all of them do, since
// an alias turns one into many.
func (m *Message) continuing(r *Recipient) (one *Recipient, all []Recipient) {
	return m.find(r.Address, r.Original), m.Recipients
}

// find returns the recipient of m with the given address, or with it or original as the
// address before aliases.
func (m *Message) find(address, original string) *Recipient {
	if m.index != nil {
		return m.index.find(m, address, original)
	}
	for i := range m.Recipients {
		if n := &m.Recipients[i]; equalFold(n.Address, address) {
			return n
		}
	}
	for i := range m.Recipients {
		n := &m.Recipients[i]
		if n.Original != "" && (equalFold(n.Original, address) || equalFold(n.Original, original)) {
			return n
		}
	}
	return nil
}

// equalFold compares ASCII letters without case; addresses are logged in either.
func equalFold[A, B string | []byte](a A, b B) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		x, y := a[i], b[i]
		if x != y && lower(x) != lower(y) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// Settled tells whether m has been released and all messages that continue it have too: what
// Final says will not change.
func (m *Message) Settled() bool { return m.Unsettled() == nil }

// Unsettled returns a message that is still to be released before what Final says of m's
// recipients is settled: m itself, or one that continues it. It returns nil if there is none.
func (m *Message) Unsettled() *Message {
	if !m.released {
		return m
	}
	var seen map[*Message]bool
	for todo := []*Message{m}; len(todo) > 0; {
		one := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for i := range one.Recipients {
			next := one.Recipients[i].Next
			if next == nil || one.Recipients[i].Outcome != Forwarded || next.settled || seen[next] {
				continue
			}
			if !next.released {
				return next
			}
			if seen == nil {
				seen = map[*Message]bool{}
			}
			seen[next] = true
			todo = append(todo, next)
		}
	}
	m.settled = true
	return nil
}
