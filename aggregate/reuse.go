package aggregate

import (
	"slices"
	"unsafe"
)

// Messages that nobody else keeps are used again, with their recipients and the bytes of their
// strings: a busy log has thousands of them a second, and memory that was just in use is near.

// What a message in store may keep, and how many may be in store.
const (
	storeMax      = 1 << 12
	textRoom      = 2 << 10
	firstTextRoom = 128
)

// rooms is memory for recipients of messages that are gone, by how many it has room for: 1, 2, 4, 8,
// 16, 32 and 64. A message has as much as it needs; the larger ones are few.
type rooms [7][][]Recipient

const (
	leastRoom  = 1
	roomsOfOne = 1 << 13 // recipients that the rooms of one size may have together
)

// take returns empty room for n recipients; ok is false where that is none of the sizes.
func (s *rooms) take(n int) (room []Recipient, ok bool) {
	size := leastRoom
	for i := range s {
		if n <= size {
			if last := len(s[i]) - 1; last >= 0 {
				room, s[i] = s[i][last], s[i][:last]
				return room, true
			}
			return make([]Recipient, 0, size), true
		}
		size *= 2
	}
	return nil, false
}

// put takes room that is not needed any more.
func (s *rooms) put(room []Recipient) {
	size := leastRoom
	for i := range s {
		if cap(room) == size && len(s[i]) < roomsOfOne/size {
			s[i] = append(s[i], room[:0])
			return
		}
		size *= 2
	}
}

// recipientRoom makes room for one more recipient of m.
func (l *Ledger) recipientRoom(m *Message) {
	n := len(m.Recipients)
	if n < cap(m.Recipients) {
		return
	}
	want := max(n+1, min(m.Announced, 64)) // a forged count must not take memory
	if l.reuse {
		if room, ok := l.rooms.take(want); ok {
			old := m.Recipients
			m.Recipients = append(room, old...)
			l.rooms.put(old)
			return
		}
	}
	if n == 0 {
		m.Recipients = make([]Recipient, 0, min(want, 8))
		return
	}
	m.Recipients = slices.Grow(m.Recipients, 1)
}

// newMessage returns an empty message.
func (l *Ledger) newMessage() *Message {
	n := len(l.store)
	if n == 0 {
		return &Message{}
	}
	m := l.store[n-1]
	l.store = l.store[:n-1]
	return m
}

// keep notes that m is named by another message.
func (m *Message) keep() { m.named = true }

// collect makes the messages that were released before the latest event ready for use.
func (l *Ledger) collect() {
	for _, m := range l.gone {
		text := m.text
		if cap(text) > textRoom {
			text = nil
		}
		l.rooms.put(m.Recipients)
		*m = Message{text: text[:0]}
		l.store = append(l.store, m)
	}
	l.gone = l.gone[:0]
}

// drop takes a message that was released, to use it again.
func (l *Ledger) drop(m *Message) {
	if l.reuse && !m.named && len(l.store)+len(l.gone) < storeMax {
		l.gone = append(l.gone, m)
	}
}

// queueID is text for the message's own queue ID, which is looked at whenever m is sought.
func (l *Ledger) queueID(m *Message, b []byte) string {
	if !l.reuse || len(b) == 0 || len(b) > len(m.id) {
		return l.text(m, b)
	}
	return unsafe.String(&m.id[0], copy(m.id[:], b))
}

// text returns b, clipped, as a string that lives as long as m.
func (l *Ledger) text(m *Message, b []byte) string {
	b = clip(b)
	if !l.reuse || len(b) == 0 {
		return string(b)
	}
	n := len(m.text)
	if n+len(b) > cap(m.text) { // the strings so far keep what they lie in
		m.text, n = make([]byte, 0, max(firstTextRoom, min(2*cap(m.text), textRoom), len(b))), 0
	}
	m.text = append(m.text, b...)
	return unsafe.String(&m.text[n], len(b))
}
