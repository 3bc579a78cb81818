package aggregate

import (
	"cmp"
	"hash/maphash"
	"slices"

	"github.com/smtplog/smtplog/parser"
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

// peers keeps one copy of hosts that come up again and again, like an interner.
type peers struct {
	strings interner
	places  []knownPeer
	other   knownPeer // one that is too long to be kept
}

// knownPeer is a host with the number of its name or, without one, its address, and with that of its
// provider (see reasons.providerNumber); 0: not looked up.
type knownPeer struct {
	Peer
	number   uint32
	provider uint8
}

// get returns p, clipped, with strings; it is valid until the next call.
func (ps *peers) get(p *parser.Peer) *knownPeer {
	if ps.places == nil {
		ps.places = make([]knownPeer, internMax)
	}
	if len(p.Name)+len(p.IP)+len(p.Helo) > internLength {
		ps.other = knownPeer{Peer: ps.peer(p)}
		return &ps.other
	}
	h := maphash.Bytes(indexSeed, p.IP) ^ maphash.Bytes(indexSeed, p.Name)>>1
	place := &ps.places[h%internMax]
	if !place.is(p) {
		*place = knownPeer{Peer: ps.peer(p)}
	}
	return place
}

func (ps *peers) peer(p *parser.Peer) Peer {
	return Peer{ps.strings.get(p.Name), ps.strings.get(p.IP), ps.strings.get(p.Helo), p.Port}
}

// newPeer returns a place of its own for p, clipped.
func newPeer(p *parser.Peer) *knownPeer {
	name, ip, helo := clip(p.Name), clip(p.IP), clip(p.Helo)
	all := string(slices.Concat(name, ip, helo))
	n := len(name) + len(ip)
	return &knownPeer{Peer: Peer{all[:len(name)], all[len(name):n], all[n:], p.Port}}
}

// is tells whether k is the host p.
func (k *knownPeer) is(p *parser.Peer) bool {
	return k.Name == string(p.Name) && k.IP == string(p.IP) && k.Helo == string(p.Helo) && k.Port == p.Port
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
