package parser

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"math/rand/v2"
)

// What a hash depends on besides the word: strangers cannot foresee which words share a slot.
var (
	hashSeed = maphash.MakeSeed()
	hashKeys = [5]uint64{rand.Uint64(), rand.Uint64(), rand.Uint64(), rand.Uint64(), rand.Uint64() | 1}
)

// wordHash is a hash of a word. Those of 8 to 32 bytes, as queue IDs and most domains, are multiplied
// with the keys, 64 by 64 bits, and folded: a third of what maphash takes.
func wordHash(b []byte) uint64 {
	n := len(b)
	if n < 8 || n > 32 {
		return maphash.Bytes(hashSeed, b)
	}
	high, low := bits.Mul64(eight(b, 0)^hashKeys[0], eight(b, n-8)^hashKeys[1])
	if n > 16 {
		h, l := bits.Mul64(eight(b, 8)^hashKeys[2], eight(b, n-16)^hashKeys[3])
		high, low = high^h, low+l
	}
	high, low = bits.Mul64(high^low^uint64(n), hashKeys[4])
	return high ^ low
}

// numbers gives words numbers from 1 on, in the order in which they first come. The zero numbers
// is empty. A look-up reads one slot and one record, and both are small: most are not in the first
// cache.
type numbers struct {
	slots []numberSlot // a power of two of them
	n     uint32
}

type numberSlot struct {
	hash uint32
	at   uint32 // where the record begins, plus one; 0: free
}

// Beyond maxNumbers words, and for one that is longer than longestNumbered, the number is 0.
const (
	maxNumbers      = 1 << 17
	longestNumbered = 256
)

// records is memory for the words of several numbers, those that come together side by side.
type records []byte

// A record is the word's number and the place of another record plus one, or 0, in four bytes each,
// the word's length in two, and the word.
const (
	recordPartner = 4
	recordLength  = 8
	recordHead    = 10
)

func (r records) number(at int) uint32 { return binary.LittleEndian.Uint32(r[at:]) }

func (r records) partner(at int) int {
	return int(binary.LittleEndian.Uint32(r[at+recordPartner:])) - 1
}

func (r records) pair(at, with int) {
	binary.LittleEndian.PutUint32(r[at+recordPartner:], uint32(with+1))
}

// is tells whether the record's word is this one.
func (r records) is(at int, word []byte) bool {
	r = r[at:]
	n := int(binary.LittleEndian.Uint16(r[recordLength:]))
	return same(r[recordHead:recordHead+n], word)
}

func (r *records) add(number uint32, word []byte) {
	b := binary.LittleEndian.AppendUint32(*r, number)
	b = binary.LittleEndian.AppendUint32(b, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(word)))
	*r = append(b, word...)
}

// find returns where the record of a word begins, which it may add; -1 where the word has none.
func (t *numbers) find(r *records, word []byte) int {
	if len(word) > longestNumbered {
		return -1
	}
	if 2*int(t.n) >= len(t.slots) {
		t.grow()
	}
	hash := uint32(wordHash(word))
	mask := uint32(len(t.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		s := &t.slots[i]
		if s.at == 0 {
			if t.n >= maxNumbers {
				return -1
			}
			t.n++
			at := len(*r)
			*s = numberSlot{hash, uint32(at) + 1}
			r.add(t.n, word)
			return at
		}
		if s.hash == hash && r.is(int(s.at-1), word) {
			return int(s.at - 1)
		}
	}
}

func (t *numbers) grow() {
	old := t.slots
	t.slots = make([]numberSlot, max(1<<10, 2*len(old)))
	mask := uint32(len(t.slots) - 1)
	for _, s := range old {
		if s.at == 0 {
			continue
		}
		i := s.hash & mask
		for t.slots[i].at != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = s
	}
}

// Numbered are the numbers of an event's words, each kind with numbers of its own, so that who
// counts them needs to look at a word only once; 0: none.
type Numbered struct {
	Domain uint32 // of Recipient, in lower case
	Relay  uint32 // of an attempt, where it has an address
	Sender uint32
	Reply  uint32 // Folded
}

// Numbering is where one log's Numbered come from.
type Numbering struct {
	domains, relays, senders, replies numbers
	records                           records // a domain's partner is the relay that it was seen with last
}

// of returns the number of a word.
func (n *Numbering) of(t *numbers, word []byte) uint32 {
	if at := t.find(&n.records, word); at >= 0 {
		return n.records.number(at)
	}
	return 0
}

// attempt numbers the domain of an address and the relay, in the words of Digester.relay, that it
// was tried at; nil: none.
func (n *Numbering) attempt(address, relay []byte) (domain, number uint32) {
	d := n.domain(address)
	if d >= 0 {
		domain = n.records.number(d)
		if r := n.records.partner(d); r >= 0 && n.records.is(r, relay) {
			return domain, n.records.number(r)
		}
	}
	if relay == nil {
		return domain, 0
	}
	r := n.relays.find(&n.records, relay)
	if r < 0 {
		return domain, 0
	}
	if d >= 0 {
		n.records.pair(d, r)
	}
	return domain, n.records.number(r)
}

// domain returns the record of an address's domain, -1 where there is none.
func (n *Numbering) domain(address []byte) int {
	at := bytes.LastIndexByte(address, '@')
	if at < 0 || at == len(address)-1 {
		return -1
	}
	domain := address[at+1:]
	if hasUpper(domain) {
		if len(domain) > longestNumbered {
			return -1
		}
		var low [longestNumbered]byte
		for i, c := range domain {
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			low[i] = c
		}
		domain = low[:len(domain)]
	}
	return n.domains.find(&n.records, domain)
}

// numbered numbers the words of an event.
func (d *Digester) numbered(ev *Event) (n Numbered) {
	switch {
	case ev.Attempt():
		n.Domain, n.Relay = d.numbers.attempt(ev.Recipient, d.relay(&ev.Relay))
		n.Reply = d.reply(ev)
	case ev.Kind == Rejected:
		n.Reply = d.reply(ev)
	case (ev.Kind == Queued || ev.Kind == Received) && len(ev.Sender) > 0:
		n.Sender = d.numbers.of(&d.numbers.senders, ev.Sender)
	}
	return n
}

// reply numbers the folded text of a failure.
func (d *Digester) reply(ev *Event) uint32 {
	if ev.Folded == nil {
		return 0
	}
	return d.numbers.of(&d.numbers.replies, ev.Folded)
}

// relay returns a host with an address as one word, until the next call; nil: it is none that is
// numbered.
func (d *Digester) relay(p *Peer) []byte {
	if len(p.IP) == 0 || len(p.Helo) > 0 || bytes.IndexByte(p.Name, '[') >= 0 || bytes.IndexByte(p.IP, ']') >= 0 {
		return nil
	}
	k := append(append(append(append(d.key[:0], p.Name...), '['), p.IP...), ']')
	if p.Port != 0 {
		k = append(k, ':', byte(p.Port>>8), byte(p.Port))
	}
	d.key = k
	return k
}
