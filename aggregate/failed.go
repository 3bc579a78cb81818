package aggregate

import (
	"hash/maphash"
	"strings"
	"time"
	"unsafe"

	"github.com/smtplog/smtplog/parser"
	"github.com/smtplog/smtplog/status"
)

// failedRecipient is one as the bounce report keeps it: of the message what the report
// shows, and no more, since there may be a million.
type failedRecipient struct {
	time                    time.Time
	address, original, text string
	relay                   *Peer
	message                 uint32 // number of its envelope
	code, attempts          int32
	status                  status.Code
	enhanced                status.Enhanced
	stage                   status.Stage
	origin                  status.Origin
	reason                  status.Reason
	outcome                 Outcome
	direction               parser.Direction
	cancelled, cut          bool
	shared                  bool // another recipient of the message got the same reply
	alias                   bool // it may be an alias that stands for others, too
}

// envelope is what the failed recipients of a message have in common.
type envelope struct {
	queueID, host, instance, sender, user, messageID string
	client                                           *Peer
	mta                                              parser.MTA
	source                                           Source
	openedBefore, fromAfar                           bool
}

// failures are failed recipients; those of one message follow each other.
type failures struct {
	list      chunks[failedRecipient]
	envelopes chunks[envelope]
	text      int // bytes of their strings, about

	strings arena         `state:"-"`
	last    *Message      `state:"-"` // whose recipients come now
	place   int           `state:"-"` // of its latest recipient
	replies map[reply]int `state:"-"` // how many of its recipients got each reply; nil: not counted
	aliases *aliases      `state:"-"` // of the message; nil: not looked for
}

// Bounds of failures.
const (
	maxFailures     = 1_000_000
	maxFailureBytes = 512 << 20 // of strings
)

func (fs *failures) full() bool { return fs.list.len() >= maxFailures || fs.text >= maxFailureBytes }

// add keeps recipient i of m. ids: the Message-ID is wanted.
func (fs *failures) add(m *Message, i int, ids bool) {
	if m != fs.last || i <= fs.place {
		fs.last, fs.replies, fs.aliases = m, nil, nil
		e := envelope{fs.strings.copy(m.QueueID), fs.strings.keep(m.Host), fs.strings.keep(m.Instance), fs.strings.keep(m.Sender),
			fs.strings.keep(m.User), "", fs.strings.peer(m.Client), m.MTA, m.Source, m.OpenedBefore, m.fromAfar}
		if ids {
			e.messageID = fs.strings.copy(m.MessageID)
		}
		fs.envelopes.add(e)
		fs.text += len(e.queueID) + len(e.sender) + len(e.user) + len(e.messageID)
	}
	fs.place = i
	r, a := &m.Recipients[i], &m.Recipients[i].Answer
	fs.text += len(r.Address) + len(r.Original) + len(a.Text)
	fs.list.add(failedRecipient{r.Time, fs.strings.keep(r.Address), fs.strings.keep(r.Original), fs.strings.keep(a.Text), fs.strings.peer(r.Relay),
		uint32(fs.envelopes.len() - 1), int32(a.Code), int32(r.Attempts), r.Status, a.Enhanced, a.Stage, a.Origin, a.Reason, r.Outcome, r.Direction, r.Cancelled, a.Cut,
		a.Stage == status.StageEndOfData && fs.shared(m, r), fs.alias(m, r)})
}

// reply is what one host answered at one stage.
type reply struct {
	relay Peer
	stage status.Stage
	text  string
}

func replyTo(r *Recipient) reply { return reply{r.Relay, r.Answer.Stage, r.Answer.Text} }

// shared tells whether the same reply was logged for another recipient of the message too: at
// the end of data one reply stands for all of them (but in LMTP, RFC 2033, where they differ).
func (fs *failures) shared(m *Message, r *Recipient) bool {
	if fs.replies == nil { // once for a message: it can have a hundred thousand recipients
		fs.replies = make(map[reply]int)
		for i := range m.Recipients {
			fs.replies[replyTo(&m.Recipients[i])]++
		}
	}
	return fs.replies[replyTo(r)] > 1
}

// aliases is what the recipients of a message tell of aliases.
type aliases struct {
	names map[string]bool // what their addresses were before aliases, where that is another one
	local int             // how many local(8) delivered to
}

// alias tells whether r's address is also, or may be, an alias that stands for others: another
// recipient of the message came of it, or a command that local(8) ran called the user unknown (exit
// status 67; of its own knowledge it says 'unknown user: "joe"') while another local recipient, who may be a
// member too, has the message already: that is logged once.
func (fs *failures) alias(m *Message, r *Recipient) bool {
	if len(m.Recipients) == 1 {
		return false
	}
	if fs.aliases == nil { // once for a message, as the replies
		fs.aliases = &aliases{names: map[string]bool{}}
		for i := range m.Recipients {
			o := &m.Recipients[i]
			if o.Relay.Name == localService {
				fs.aliases.local++
			}
			if name, key := addressKey(o.Original), addressKey(o.Address); name != "" && name != key && name != localPart(key) {
				fs.aliases.names[name] = true
			}
		}
	}
	key := addressKey(r.Address)
	return fs.aliases.names[key] || fs.aliases.names[localPart(key)] ||
		fs.aliases.local > 1 && m.MTA == parser.Postfix && r.Relay.Name == localService && strings.HasPrefix(r.Answer.Text, "user unknown")
}

// localService is what Postfix calls local(8), which alone expands aliases(5) and .forward files.
const localService = "local"

// localPart returns what stands before the @ of an address.
func localPart(address string) string { return address[:max(0, strings.LastIndexByte(address, '@'))] }

// merge adds those of o for which there is room, and returns how many there was none for.
func (fs *failures) merge(o *failures) (beyond int64) {
	if fs.list.len() == 0 {
		fs.list, fs.envelopes, fs.text = o.list.share(), o.envelopes.share(), o.text
		return 0
	}
	last := -1
	for i := range o.list.len() {
		if fs.full() {
			return int64(o.list.len() - i)
		}
		f := *o.list.at(uint32(i))
		e := *o.envelope(&f)
		if int(f.message) != last {
			last = int(f.message)
			fs.envelopes.add(e)
			fs.text += len(e.queueID) + len(e.sender) + len(e.user) + len(e.messageID)
		}
		f.message = uint32(fs.envelopes.len() - 1)
		fs.list.add(f)
		fs.text += len(f.address) + len(f.original) + len(f.text)
	}
	return 0
}

// envelope returns what belongs to f.
func (fs *failures) envelope(f *failedRecipient) *envelope {
	if int(f.message) >= fs.envelopes.len() {
		return &envelope{} // of a state that was made by hand
	}
	return fs.envelopes.at(f.message)
}

// failure is a failed recipient in the form that the rest of the package knows: a message with
// that recipient alone.
type failure struct {
	m      *Message
	r      *Recipient
	shared bool // see failedRecipient
	alias  bool // likewise
}

// at returns failed recipient i; its m and r are valid until the next call.
func (l *bounceLog) at(i uint32) failure {
	f := l.kept.list.at(i)
	e := l.kept.envelope(f)
	one := &l.one
	if one.m == nil {
		one.m, one.r = new(Message), new(Recipient)
	}
	one.shared, one.alias = f.shared, f.alias
	*one.m = Message{QueueID: e.queueID, Host: e.host, Instance: e.instance, MTA: e.mta, MessageID: e.messageID, Sender: e.sender, User: e.user,
		Client: e.client.value(), Source: e.source, OpenedBefore: e.openedBefore, fromAfar: e.fromAfar}
	*one.r = Recipient{Address: f.address, Original: f.original, Outcome: f.outcome, Time: f.time, Relay: f.relay.value(), Attempts: int(f.attempts),
		Answer: Answer{int(f.code), f.enhanced, f.stage, f.origin, f.text, f.reason, f.cut}, Status: f.status, Cancelled: f.cancelled, Direction: f.direction}
	return *one
}

func (p *Peer) value() Peer {
	if p == nil {
		return Peer{}
	}
	return *p
}

// chunks is a list that grows without being copied.
type chunks[T any] struct{ all [][]T }

const chunkBits = 10

func (c *chunks[T]) len() int {
	n := len(c.all)
	if n == 0 {
		return 0
	}
	return (n-1)<<chunkBits + len(c.all[n-1])
}

func (c *chunks[T]) at(i uint32) *T { return &c.all[i>>chunkBits][i&(1<<chunkBits-1)] }

func (c *chunks[T]) add(v T) {
	n := len(c.all) - 1
	switch {
	case n < 0:
		c.all, n = append(c.all, nil), 0
	case len(c.all[n]) == 1<<chunkBits:
		c.all, n = append(c.all, make([]T, 0, 1<<chunkBits)), n+1
	}
	c.all[n] = append(c.all[n], v)
}

// share returns a list of the same values; either may grow.
func (c *chunks[T]) share() chunks[T] {
	all := append([][]T(nil), c.all...)
	if n := len(all) - 1; n >= 0 {
		all[n] = all[n][:len(all[n]):len(all[n])]
	}
	return chunks[T]{all}
}

// valid tells whether a list that was read is one.
func (c *chunks[T]) valid() bool {
	for i, chunk := range c.all {
		if len(chunk) == 0 || len(chunk) > 1<<chunkBits || i < len(c.all)-1 && len(chunk) < 1<<chunkBits {
			return false
		}
	}
	return true
}

// arena holds strings one behind the other, and one copy of those that come up again and again.
type arena struct {
	room  []byte
	known []string // the latest by hash
	peers []*Peer
}

const arenaSize = 64 << 10

// copy returns a copy of s.
func (a *arena) copy(s string) string {
	if s == "" {
		return ""
	}
	n := len(a.room)
	if n+len(s) > cap(a.room) {
		a.room, n = make([]byte, 0, max(arenaSize, len(s))), 0
	}
	a.room = append(a.room, s...)
	return unsafe.String(&a.room[n], len(s))
}

// keep returns a copy of s, the same one as before where it is known.
func (a *arena) keep(s string) string {
	if s == "" {
		return ""
	}
	if a.known == nil {
		a.known = make([]string, internMax)
	}
	place := &a.known[maphash.String(indexSeed, s)%internMax]
	if *place != s {
		*place = a.copy(s)
	}
	return *place
}

// peer is keep for a host; nil for none.
func (a *arena) peer(p Peer) *Peer {
	if p.IsZero() {
		return nil
	}
	if a.peers == nil {
		a.peers = make([]*Peer, internMax)
	}
	place := &a.peers[(maphash.String(indexSeed, p.IP)^maphash.String(indexSeed, p.Name)>>1)%internMax]
	if *place == nil || **place != p {
		*place = &Peer{a.keep(p.Name), a.keep(p.IP), a.keep(p.Helo), p.Port}
	}
	return *place
}
