package aggregate

import (
	"cmp"
	"slices"
)

// interner keeps one copy of strings that come up again and again: hosts, relays, replies.
type interner struct {
	m     map[string]string
	bytes int
}

// An interner starts anew beyond these, which costs memory for second copies and nothing else.
const (
	internMax   = 1 << 16
	internBytes = 8 << 20
)

// get returns b, clipped, as a string.
func (in *interner) get(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	b = clip(b)
	if s, ok := in.m[string(b)]; ok {
		return s
	}
	if len(in.m) >= internMax || in.bytes > internBytes || in.m == nil {
		in.m, in.bytes = make(map[string]string), 0
	}
	s := string(b)
	in.m[s] = s
	in.bytes += len(s)
	return s
}

// maxField is the longest that one field of a message is kept, in bytes: twice the longest
// reply that Postfix logs. What is longer was not written by a mail system.
const maxField = 4 << 10

// clip cuts a field at maxField.
func clip(b []byte) []byte { return b[:min(len(b), maxField)] }

// sortMessages sorts by first line, then host and queue ID, so that the order depends on the
// input alone.
func sortMessages(ms []*Message) {
	slices.SortFunc(ms, func(a, b *Message) int {
		return cmp.Or(a.First.Compare(b.First), cmp.Compare(a.Host, b.Host), cmp.Compare(a.QueueID, b.QueueID), cmp.Compare(a.Instance, b.Instance))
	})
}
