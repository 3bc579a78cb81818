package parser

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
)

// numbers gives words numbers from 1 on, in the order in which they first come. The zero numbers
// is empty. A look-up reads one slot and one record, and both are small: most are not in the first
// cache.
type numbers struct {
	slots   []numberSlot // a power of two of them
	n       uint32
	records []byte // of each word: its number in four bytes, its length in two, the word
}

type numberSlot struct {
	hash uint32
	at   uint32 // where the record begins, plus one; 0: free
}

// Beyond maxNumbers words, and for one that is longer than longestNumbered, the number is 0.
const (
	maxNumbers      = 1 << 17
	longestNumbered = 256
	recordHead      = 6
)

// of returns the number of a word.
func (t *numbers) of(word []byte) uint32 {
	if len(word) > longestNumbered {
		return 0
	}
	if 2*int(t.n) >= len(t.slots) {
		t.grow()
	}
	hash := uint32(maphash.Bytes(hashSeed, word))
	mask := uint32(len(t.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		s := &t.slots[i]
		if s.at == 0 {
			if t.n >= maxNumbers {
				return 0
			}
			t.n++
			*s = numberSlot{hash, uint32(len(t.records)) + 1}
			t.records = binary.LittleEndian.AppendUint32(t.records, t.n)
			t.records = binary.LittleEndian.AppendUint16(t.records, uint16(len(word)))
			t.records = append(t.records, word...)
			return t.n
		}
		if s.hash != hash {
			continue
		}
		record := t.records[s.at-1:]
		if n := int(binary.LittleEndian.Uint16(record[4:])); string(record[recordHead:recordHead+n]) == string(word) {
			return binary.LittleEndian.Uint32(record)
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
type Numbering struct{ domains, relays, senders, replies numbers }

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
		n.Reply = d.reply(ev)
	case ev.Kind == Rejected:
		n.Reply = d.reply(ev)
	case (ev.Kind == Queued || ev.Kind == Received) && len(ev.Sender) > 0:
		n.Sender = d.numbers.senders.of(ev.Sender)
	}
	return n
}

// reply numbers the folded text of a failure.
func (d *Digester) reply(ev *Event) uint32 {
	if ev.Folded == nil {
		return 0
	}
	return d.numbers.replies.of(ev.Folded)
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
