package parser

import (
	"bytes"
	"hash/maphash"
)

// numbers gives words numbers from 1 on, in the order in which they first come. The zero numbers
// is empty.
type numbers struct {
	slots []numberSlot
	n     uint32
	bytes []byte // of all words
}

type numberSlot struct {
	hash       uint64
	start, len uint32
	number     uint32 // 0: free
}

// Beyond maxNumbers words, and for one that is longer than longestNumbered, the number is 0.
const (
	maxNumbers      = 1 << 17
	longestNumbered = 256
)

// of returns the number of a word.
func (t *numbers) of(word []byte) uint32 {
	if len(word) > longestNumbered {
		return 0
	}
	if 2*int(t.n) >= len(t.slots) {
		t.grow()
	}
	hash := maphash.Bytes(hashSeed, word)
	mask := uint64(len(t.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		s := &t.slots[i]
		if s.number == 0 {
			if t.n >= maxNumbers {
				return 0
			}
			t.n++
			*s = numberSlot{hash, uint32(len(t.bytes)), uint32(len(word)), t.n}
			t.bytes = append(t.bytes, word...)
			return t.n
		}
		if s.hash == hash && string(t.bytes[s.start:s.start+s.len]) == string(word) {
			return s.number
		}
	}
}

func (t *numbers) grow() {
	old := t.slots
	t.slots = make([]numberSlot, max(1<<10, 2*len(old)))
	mask := uint64(len(t.slots) - 1)
	for _, s := range old {
		if s.number == 0 {
			continue
		}
		i := s.hash & mask
		for t.slots[i].number != 0 {
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
}

// Numbering is where one log's Numbered come from.
type Numbering struct{ domains, relays, senders numbers }

// domain numbers the domain of an address.
func (n *Numbering) domain(address []byte) uint32 {
	at := len(address) - 1
	upper := false
	for ; at >= 0 && address[at] != '@'; at-- {
		c := address[at]
		upper = upper || 'A' <= c && c <= 'Z'
	}
	if at < 0 || at == len(address)-1 {
		return 0
	}
	domain := address[at+1:]
	if upper {
		if len(domain) > longestNumbered {
			return 0
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
	return n.domains.of(domain)
}

// numbered numbers the words of an event.
func (d *Digester) numbered(ev *Event) (n Numbered) {
	switch {
	case ev.Attempt():
		if len(ev.Recipient) > 0 {
			n.Domain = d.numbers.domain(ev.Recipient)
		}
		n.Relay = d.relay(&ev.Relay)
	case (ev.Kind == Queued || ev.Kind == Received) && len(ev.Sender) > 0:
		n.Sender = d.numbers.senders.of(ev.Sender)
	}
	return n
}

// relay numbers a host with an address, as Postfix writes it.
func (d *Digester) relay(p *Peer) uint32 {
	if len(p.IP) == 0 || len(p.Helo) > 0 || bytes.IndexByte(p.Name, '[') >= 0 || bytes.IndexByte(p.IP, ']') >= 0 {
		return 0
	}
	k := append(append(append(append(d.key[:0], p.Name...), '['), p.IP...), ']')
	if p.Port != 0 {
		k = append(k, ':', byte(p.Port>>8), byte(p.Port))
	}
	d.key = k
	return d.numbers.relays.of(k)
}
