package aggregate

import (
	"cmp"
	"slices"
)

// interner keeps one copy of strings that come up again and again: hosts, relays, replies.
type interner map[string]string

// internMax bounds an interner; it starts anew beyond, which costs memory for second copies
// and nothing else.
const internMax = 1 << 16

// get returns b as a string.
func (in interner) get(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if s, ok := in[string(b)]; ok {
		return s
	}
	if len(in) >= internMax {
		clear(in)
	}
	s := string(b)
	in[s] = s
	return s
}

// sortMessages sorts by first line, then host and queue ID, so that the order depends on the
// input alone.
func sortMessages(ms []*Message) {
	slices.SortFunc(ms, func(a, b *Message) int {
		return cmp.Or(a.First.Compare(b.First), cmp.Compare(a.Host, b.Host), cmp.Compare(a.QueueID, b.QueueID), cmp.Compare(a.Instance, b.Instance))
	})
}
