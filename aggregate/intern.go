package aggregate

import (
	"cmp"
	"hash/maphash"
	"slices"
)

// interner keeps one copy of strings that come up again and again: hosts, relays, replies. A
// string has one place, which the latest of those that hash to it takes.
type interner struct {
	places []string
}

// An interner holds at most this many strings and none that is longer: 2 MiB.
const (
	internMax    = 1 << 13
	internLength = 256
)

// get returns b, clipped, as a string.
func (in *interner) get(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if b = clip(b); len(b) > internLength {
		return string(b)
	}
	if in.places == nil {
		in.places = make([]string, internMax)
	}
	place := &in.places[maphash.Bytes(indexSeed, b)%internMax]
	if *place != string(b) { // makes no string
		*place = string(b)
	}
	return *place
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
