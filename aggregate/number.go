package aggregate

import (
	"math/bits"
	"math/rand/v2"
	"slices"

	"github.com/smtplog/smtplog/parser"
)

// names numbers strings, from 1 on, so that a table can be found by numbers. Beyond maxNames,
// and for a name that is longer than longestName, the number is 0: not numbered.
type names struct {
	numbers map[string]uint32
	words   []string // the n-th has number n+1
	buf     []byte
}

// named are the dimensions whose numbers are those of names.
var named = [dimCount]bool{DimDomain: true, DimRelay: true, DimSender: true, DimReply: true}

// 64 MiB at most.
const (
	maxNames    = 1 << 18
	longestName = 256
)

func newNames() *names { return &names{numbers: make(map[string]uint32)} }

// of returns the number of a name.
func (n *names) of(name []byte) uint32 {
	if i, ok := n.numbers[string(name)]; ok { // makes no string
		return i
	}
	if len(n.numbers) >= maxNames || len(name) > longestName {
		return 0
	}
	n.words = append(n.words, string(name))
	i := uint32(len(n.words))
	n.numbers[n.words[i-1]] = i
	return i
}

// word returns the name that has a number.
func (n *names) word(number uint32) string { return n.words[number-1] }

// known are the words of an event, as far as a digest has numbered them.
type known struct {
	domain uint32 // of the recipient
	sender uint32
	reply  uint32 // the folded text
	relay  *knownPeer
}

// knownWords turns the numbers that digests of one log give words into this Collector's.
type knownWords struct {
	names     *names
	numbering *parser.Numbering // whose numbers they are
	domains   []uint32
	senders   []uint32
	replies   []uint32
	relays    []*knownPeer
	buf       []byte
}

// of returns the words of the i-th event of d, which is ev.
func (k *knownWords) of(d *parser.Digest, i int, ev *parser.Event) (w known) {
	n := d.Numbered(i)
	if n == (parser.Numbered{}) {
		return w
	}
	if k.numbering != d.Numbering {
		k.numbering = d.Numbering
		k.domains, k.senders, k.replies, k.relays = k.domains[:0], k.senders[:0], k.replies[:0], k.relays[:0]
	}
	if n.Domain != 0 {
		p := entry(&k.domains, n.Domain)
		if *p == 0 {
			k.buf = domainOf(append(k.buf[:0], ev.Recipient...), 0)
			*p = k.names.of(k.buf)
		}
		w.domain = *p
	}
	if n.Sender != 0 {
		p := entry(&k.senders, n.Sender)
		if *p == 0 {
			*p = k.names.of(clip(ev.Sender))
		}
		w.sender = *p
	}
	if n.Reply != 0 {
		p := entry(&k.replies, n.Reply)
		if *p == 0 {
			*p = k.names.of(ev.Folded)
		}
		w.reply = *p
	}
	if n.Relay != 0 {
		p := entry(&k.relays, n.Relay)
		if *p == nil {
			*p = newPeer(&ev.Relay)
		}
		w.relay = *p
	}
	return w
}

// widths are how many bits the number of a dimension's value takes; 0: it has none.
var widths = [dimCount]uint{
	DimStatus: 12, DimCode: 10, DimEnhanced: 28, DimOrigin: 4, DimStage: 6, DimDomain: nameBits, DimRelay: nameBits,
	DimSender: nameBits, DimMTA: 4, DimDirection: 4, DimReply: nameBits, DimReason: 8, DimCategory: 8, DimType: 4, DimProvider: 8,
}

const nameBits = 19 // holds maxNames

// number returns a number for the view's value of d, in widths[d] bits: views with the same
// number have the same value. ok is false where it has none.
func (v *View) number(d Dim) (n uint64, ok bool) {
	switch d {
	case DimDomain:
		return found(v.domainNumber())
	case DimRelay:
		return found(v.relayNumber())
	case DimSender:
		return found(v.senderNumber())
	case DimReply:
		if v.Event == nil || v.Event.Folded == nil {
			return 0, false
		}
		if v.reply == 0 {
			v.reply = v.names.of(v.Event.Folded)
		}
		return found(v.reply)
	case DimProvider:
		if v.Recipient == nil && v.Event == nil {
			return 0, true
		}
		n, ok := v.reasons.providerNumber(v)
		return uint64(n), ok
	case DimMTA:
		return uint64(v.mta()), true
	case DimDirection:
		return uint64(v.direction()), true
	case DimStatus:
		c, ok := v.Status()
		if !ok {
			return 0, true
		}
		return uint64(c + 2), -2 < c && c < 1<<12-2
	}
	a := v.answer()
	switch d {
	case DimCode:
		return uint64(a.Code), uint(a.Code) < 1<<10
	case DimEnhanced:
		e := a.Enhanced
		return uint64(e.Class)<<20 | uint64(e.Subject)<<10 | uint64(e.Detail), e.Subject < 1<<10 && e.Detail < 1<<10
	case DimOrigin:
		return uint64(a.Origin), true
	case DimStage:
		return uint64(a.Stage), true
	case DimReason:
		return uint64(a.Reason), true
	case DimCategory:
		return uint64(a.Reason.Category()), true
	case DimType:
		return uint64(a.Reason.Type()), true
	}
	return 0, false
}

func found(n uint32) (uint64, bool) { return uint64(n), n != 0 }

// answer is the reply that the view is about, without its text.
func (v *View) answer() (a Answer) {
	switch {
	case v.Recipient != nil:
		r := &v.Recipient.Answer
		a.Code, a.Enhanced, a.Stage, a.Origin, a.Reason = r.Code, r.Enhanced, r.Stage, r.Origin, r.Reason
	case v.Event != nil:
		ev := v.Event
		a.Code, a.Enhanced, a.Stage, a.Origin, a.Reason = ev.Code, ev.Enhanced, ev.Stage, ev.Origin, ev.Reason
	}
	return a
}

// domainNumber is the number of the recipient's domain. A recipient keeps it for the next time.
func (v *View) domainNumber() uint32 {
	r := v.Recipient
	if r == nil {
		if v.domain != 0 {
			return v.domain
		}
		if r = v.settled; r != nil && r.Address != string(v.Event.Recipient) {
			r = nil
		}
	}
	if r != nil && r.domain != 0 {
		return r.domain
	}
	b := domainOf(v.Append(v.names.buf[:0], DimRecipient), 0)
	own := len(b) > 0
	if !own {
		b = v.appendDomain(b)
	}
	n := v.names.of(b)
	v.names.buf = b
	if r != nil && own {
		r.domain = n
	}
	if v.Recipient == nil {
		v.domain = n
	}
	return n
}

// relayNumber is the number of the relay.
func (v *View) relayNumber() uint32 {
	if v.Recipient == nil && v.relay != 0 {
		return v.relay
	}
	if v.peer != nil && v.peer.number != 0 {
		return v.peer.number
	}
	v.names.buf = v.Append(v.names.buf[:0], DimRelay)
	n := v.names.of(v.names.buf)
	switch {
	case v.peer != nil:
		v.peer.number = n
	case v.Recipient == nil:
		v.relay = n
	}
	return n
}

// senderNumber is the number of the envelope sender. A message keeps it for the next time.
func (v *View) senderNumber() uint32 {
	m := v.Message
	if m != nil && v.Event != nil && len(v.Event.Sender) > 0 && string(v.Event.Sender) != m.Sender {
		m = nil
	}
	if m != nil && m.senderNumber != 0 {
		return m.senderNumber
	}
	v.names.buf = v.Append(v.names.buf[:0], DimSender)
	n := v.names.of(v.names.buf)
	if m != nil {
		m.senderNumber = n
	}
	return n
}

// providerNumber is the number of who runs the mail host or, where that is not known, the
// recipient domain.
func (rs *reasons) providerNumber(v *View) (n uint8, ok bool) {
	if v.peer != nil && v.peer.provider != 0 {
		n = v.peer.provider
	} else if n, ok = rs.relayProvider(v); !ok {
		return 0, false
	} else if v.peer != nil {
		v.peer.provider = n
	}
	if n != nobody {
		return n, true
	}
	domain := v.domainNumber()
	if domain == 0 {
		return 0, false
	}
	p := entry(&rs.byDomain, domain)
	if *p == 0 {
		rs.key = v.appendDomain(rs.key[:0])
		*p = rs.numbered(rs.classifier.Provider("", string(rs.key)))
	}
	return *p, *p != 0
}

// relayProvider is the number of who runs the mail host.
func (rs *reasons) relayProvider(v *View) (n uint8, ok bool) {
	relay := v.relayNumber()
	if relay == 0 {
		return 0, false
	}
	p := entry(&rs.byRelay, relay)
	if *p == 0 {
		rs.key = v.Append(rs.key[:0], DimRelay)
		*p = rs.numbered(rs.classifier.Provider(string(rs.key), ""))
	}
	return *p, *p != 0
}

// nobody is the number of the provider that is not known.
const nobody = 1

// numbered returns a provider's number; 0 where there are too many of them.
func (rs *reasons) numbered(provider string) uint8 {
	i := slices.Index(rs.providers, provider)
	if i < 0 {
		if i = len(rs.providers); i >= 1<<8-1 {
			return 0
		}
		rs.providers = append(rs.providers, provider)
	}
	return uint8(i + 1)
}

// entry returns the place of n in *s, which grows for it.
func entry[T any](s *[]T, n uint32) *T {
	if int(n) >= len(*s) {
		*s = append(*s, make([]T, int(n)+1-len(*s))...)
	}
	return &(*s)[n]
}

// keySeed makes it unknown which keys share a place.
var keySeed = [2]uint64{rand.Uint64(), rand.Uint64()}

// key holds the numbers of some dimensions' values, side by side.
type key [2]uint64

// numbered finds accumulators by numbers.
type numbered[T any] struct {
	dims   []Dim // nil: a dimension has no numbers
	small  bool  // one dimension with small numbers, for direct
	direct []*T  // by number
	slots  []slotOf[T]
	used   int
	last   slotOf[T] // that was found before
}

// slotOf is a place of a hash table with open addressing; free where t is nil.
type slotOf[T any] struct {
	key key
	t   *T
}

// newNumbered returns an empty one; it stays so where a dimension has no numbers.
func newNumbered[T any](dims []Dim) numbered[T] {
	room := [2]uint{64, 64}
	for _, d := range dims {
		w := widths[d]
		switch {
		case w == 0:
			return numbered[T]{}
		case w <= room[0]:
			room[0] -= w
		case w <= room[1]:
			room[0], room[1] = 0, room[1]-w
		default:
			return numbered[T]{}
		}
	}
	return numbered[T]{dims: dims, small: len(dims) == 1 && widths[dims[0]] <= nameBits}
}

// key returns the key of v's values; ok is false where one has no number.
func (q *numbered[T]) key(v *View) (k key, ok bool) {
	if q.dims == nil || v.names == nil {
		return k, false
	}
	word, room := 0, uint(64)
	for _, d := range q.dims {
		n, ok := v.number(d)
		if !ok {
			return k, false
		}
		w := widths[d]
		if w > room {
			word, room = 1, 64
		}
		k[word] = k[word]<<w | n
		room -= w
	}
	return k, true
}

// find returns the accumulator that was put under a key, nil for none; not for small ones.
func (q *numbered[T]) find(k key) *T {
	if q.last.key == k && q.last.t != nil {
		return q.last.t
	}
	if len(q.slots) == 0 {
		return nil
	}
	s := q.slot(k)
	if s.t != nil {
		q.last = *s
	}
	return s.t
}

// slot returns the place of a key: its own, or the free one that it would get.
func (q *numbered[T]) slot(k key) *slotOf[T] {
	// The numbers are ours, but who writes into a log chooses which come together.
	hi, lo := bits.Mul64(k[0]^keySeed[0], k[1]^keySeed[1])
	mask := uint64(len(q.slots) - 1)
	for i := (hi ^ lo) & mask; ; i = (i + 1) & mask {
		if s := &q.slots[i]; s.t == nil || s.key == k {
			return s
		}
	}
}

// put puts t under a key.
func (q *numbered[T]) put(k key, t *T) {
	if q.small {
		*entry(&q.direct, uint32(k[0])) = t
		return
	}
	if 2*q.used >= len(q.slots) {
		if q.used >= maxNames {
			return
		}
		old := q.slots
		q.slots = make([]slotOf[T], max(64, 2*len(old)))
		for _, s := range old {
			if s.t != nil {
				*q.slot(s.key) = s
			}
		}
	}
	*q.slot(k) = slotOf[T]{k, t}
	q.used++
}
