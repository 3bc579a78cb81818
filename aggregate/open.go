package aggregate

import "github.com/smtplog/smtplog/parser"

// openMessages finds messages by the hash of their host and queue ID; those with one hash are
// chained by Message.next. The zero openMessages is empty. It is a hash table with open
// addressing; the hash is seeded.
type openMessages struct {
	slots []openSlot // a power of two of them; free where m is nil
	n     int        // in use
}

type openSlot struct {
	hash uint64
	m    *Message
}

// openHash is the hash by which a ledger finds the messages with a queue ID on one host.
func openHash[ID string | []byte](scope int, id ID) uint64 {
	return inScope(parser.QueueIDHash(id), scope)
}

// inScope is the hash of a queue ID of a scope.
func inScope(hash uint64, scope int) uint64 { return hash ^ uint64(scope)*0x9E3779B97F4A7C15 }

// get returns the first message with a hash, or nil.
func (t *openMessages) get(hash uint64) *Message {
	if t.n == 0 {
		return nil
	}
	return t.slots[t.slot(hash)].m
}

// slot returns the place of a hash: its own, or the free one that it would get.
func (t *openMessages) slot(hash uint64) int {
	mask := len(t.slots) - 1
	for i := int(hash) & mask; ; i = (i + 1) & mask {
		if s := &t.slots[i]; s.m == nil || s.hash == hash {
			return i
		}
	}
}

// put makes m the first message with a hash.
func (t *openMessages) put(hash uint64, m *Message) {
	if 2*t.n >= len(t.slots) {
		t.resize(max(64, 2*len(t.slots)))
	}
	s := &t.slots[t.slot(hash)]
	if s.m == nil {
		t.n++
	}
	*s = openSlot{hash, m}
}

// remove takes out what there is with a hash.
func (t *openMessages) remove(hash uint64) {
	if t.n == 0 {
		return
	}
	i := t.slot(hash)
	if t.slots[i].m == nil {
		return
	}
	t.n--
	mask := len(t.slots) - 1
	for j := (i + 1) & mask; t.slots[j].m != nil; j = (j + 1) & mask { // close the gap
		if home := int(t.slots[j].hash) & mask; (j-home)&mask >= (j-i)&mask {
			t.slots[i] = t.slots[j]
			i = j
		}
	}
	t.slots[i] = openSlot{}
	if len(t.slots) > 1<<16 && 16*t.n < len(t.slots) { // a flood is over
		t.resize(len(t.slots) / 4)
	}
}

func (t *openMessages) resize(n int) {
	old := t.slots
	t.slots = make([]openSlot, n)
	for _, s := range old {
		if s.m != nil {
			t.slots[t.slot(s.hash)] = s
		}
	}
}

// all ranges over the messages, in no order.
func (t *openMessages) all(yield func(*Message) bool) {
	for i := range t.slots {
		for m := t.slots[i].m; m != nil; m = m.next {
			if !yield(m) {
				return
			}
		}
	}
}
