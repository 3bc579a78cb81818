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
	Removed  // by the administrator
	Rejected // refused at or after DATA
	Lost     // the message ended, or its queue ID was used again, without an outcome

	outcomeCount
)

var outcomeNames = [outcomeCount]string{"", "delivered", "bounced", "expired", "deferred",
	"forwarded", "discarded", "removed", "rejected", "lost"}

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
)

// String returns the contract's word.
func (s State) String() string {
	return [...]string{"queued", "done", "held", "removed", "rejected", "lost", "", ""}[s&7]
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
)

// String returns the contract's word.
func (s Source) String() string {
	return [...]string{"", "smtp", "local", "notification", "forwarded", "reinjected", "", ""}[s&7]
}

// Peer is a host as logged; parser.Peer with strings.
type Peer struct {
	Name, IP, Helo string
	Port           uint16
}

// IsZero tells whether nothing about the host was logged.
func (p Peer) IsZero() bool { return p == Peer{} }

// Answer is why an attempt ended as it did.
type Answer struct {
	Code     int // reply code; 0: none
	Enhanced status.Enhanced
	Stage    status.Stage
	Origin   status.Origin
	Text     string
	Reason   status.Reason // ReasonNone: it did not fail
}

// Message is one lifetime of a queue ID: the record that every table is made of.
type Message struct {
	QueueID  string
	Host     string
	Instance string
	MTA      parser.MTA
	Set      int // the set of files it was read from; part of its identity where Host is empty

	First  time.Time // of its first line
	Last   time.Time // of its latest line
	Closed time.Time // when it ended; zero: it has not

	MessageID string
	Sender    string
	User      string
	Client    Peer
	Size      int64 // bytes; 0: not logged
	Source    Source
	State     State

	FromQueueID    string // the message it continues
	NotificationOf string // the message it is a notice about
	OpenedBefore   bool   // no arrival in the input
	Active         bool   // it was really queued: Postfix "queue active", Exim "<=", or any attempt
	Probe          bool   // an address probe, not mail
	Announced      int    // recipients named or counted when it was queued; 0: not logged
	Deferrals      int    // deferral lines

	Recipients []Recipient

	announced string // the announced recipients' addresses as logged, where they are
	lastError hostError
	next      *Message // another instance's message with the same host and queue ID
	waiting   bool     // is in the ledger's list of ended messages
	released  bool
}

// Recipient is one recipient of a message: a distinct address and original address.
type Recipient struct {
	Address  string
	Original string // before aliases; "" where it is the same
	Outcome  Outcome
	Time     time.Time // of the deciding line
	Delay    time.Duration
	HasDelay bool
	Relay    Peer
	Attempts int // real ones: deferrals without an attempt are not counted
	Answer   Answer
	Status   status.Code
	NextID   string // the queue ID that continues it
	Next     *Message

	FirstDeferred time.Time     // of the first deferral line; zero: none
	DeferredFor   status.Reason // why it was first put off

	failed Outcome // how it failed before the message was frozen; see unfail
}

// hostError is the latest evidence about one host on a message.
type hostError struct {
	time   time.Time
	relay  Peer
	answer Answer
}

// Unseen is how many announced recipients have no line of their own yet. When Exim has
// completed a message there are none: two addresses that come to the same one are delivered
// once, and the other is never named.
func (m *Message) Unseen() int {
	if m.OpenedBefore || m.State == StateRejected || m.MTA == parser.Exim && m.State == StateDone {
		return 0
	}
	return max(0, m.Announced-len(m.Recipients))
}

// nameUnseen adds the announced recipients that have no line of their own, where the log
// names them.
func (m *Message) nameUnseen() {
	for rest := m.announced; rest != ""; {
		var a string
		a, rest = cutAddress(rest)
		if a != "" && !m.knows(a) {
			m.Recipients = append(m.Recipients, Recipient{Address: a})
		}
	}
	m.announced = ""
}

// knows tells whether address is a recipient's, before or after aliases. Exim drops the
// quotes of a local part on delivery lines.
func (m *Message) knows(address string) bool {
	bare := strings.ReplaceAll(address, `"`, "")
	for i := range m.Recipients {
		r := &m.Recipients[i]
		for _, a := range [...]string{r.Address, r.Original} {
			if equalFold(a, address) || equalFold(a, bare) {
				return true
			}
		}
	}
	return false
}

// distinct counts the different addresses of a list separated by blanks.
func distinct(list string) int {
	seen := map[string]bool{}
	for list != "" {
		var a string
		if a, list = cutAddress(list); a != "" {
			seen[strings.ToLower(a)] = true
		}
	}
	return len(seen)
}

// cutAddress cuts the first address of a list separated by blanks; a quoted local part may
// hold blanks.
func cutAddress(list string) (address, rest string) {
	quoted := false
	for i := range len(list) {
		switch c := list[i]; {
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

// Final is what became of r at the end of its chain of queue IDs: r itself where it was not
// handed on, else the recipient of the last message that continues it; of several (an alias
// with many members) the one that fared worst. m is the last message, nil where r was not
// handed on. ok is false where the chain does not end in a recipient.
func (r *Recipient) Final() (end *Recipient, m *Message, ok bool) { return r.final(32) }

func (r *Recipient) final(depth int) (end *Recipient, m *Message, ok bool) {
	if r.Outcome != Forwarded || r.Next == nil {
		return r, nil, true
	}
	if depth == 0 { // a chain of filters is short; a loop must end
		return nil, nil, false
	}
	for _, n := range r.Next.continuing(r) {
		e, last, ok := n.final(depth - 1)
		if ok && (end == nil || badness(e.Outcome) > badness(end.Outcome)) {
			end, m = e, last
			if m == nil {
				m = r.Next
			}
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

// continuing returns the recipients of m that continue r: the one that find finds, else all,
// since an alias turns one into many.
func (m *Message) continuing(r *Recipient) []*Recipient {
	if n := m.find(r); n != nil {
		return []*Recipient{n}
	}
	all := make([]*Recipient, len(m.Recipients))
	for i := range m.Recipients {
		all[i] = &m.Recipients[i]
	}
	return all
}

// find returns the recipient of m that is r: the same address, or the same original address.
func (m *Message) find(r *Recipient) *Recipient {
	for i := range m.Recipients {
		if n := &m.Recipients[i]; equalFold(n.Address, r.Address) {
			return n
		}
	}
	for i := range m.Recipients {
		n := &m.Recipients[i]
		if n.Original != "" && (equalFold(n.Original, r.Address) || equalFold(n.Original, r.Original)) {
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
func (m *Message) Settled() bool { return m.settled(32) }

func (m *Message) settled(depth int) bool {
	if !m.released || depth == 0 {
		return m.released
	}
	for i := range m.Recipients {
		if r := &m.Recipients[i]; r.Outcome == Forwarded && r.Next != nil && !r.Next.settled(depth-1) {
			return false
		}
	}
	return true
}
