package aggregate

import "unsafe"

// Messages that nobody else keeps are used again, with their recipients and the bytes of their
// strings: a busy log has thousands of them a second, and memory that was just in use is near.

// What a message in store may keep, and how many may be in store.
const (
	storeMax      = 1 << 12
	storeRoom     = 32 // recipients
	textRoom      = 512
	firstTextRoom = 256
)

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
		recipients, text := m.Recipients, m.text
		if cap(recipients) > storeRoom {
			recipients = nil
		}
		if cap(text) > textRoom {
			text = nil
		}
		*m = Message{Recipients: recipients[:0], text: text[:0]}
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

// text returns b, clipped, as a string that lives as long as m.
func (l *Ledger) text(m *Message, b []byte) string {
	b = clip(b)
	if !l.reuse || len(b) == 0 {
		return string(b)
	}
	n := len(m.text)
	if n+len(b) > cap(m.text) { // the strings so far keep what they lie in
		m.text, n = make([]byte, 0, max(firstTextRoom, len(b))), 0
	}
	m.text = append(m.text, b...)
	return unsafe.String(&m.text[n], len(b))
}
