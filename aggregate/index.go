package aggregate

import "hash/maphash"

// many is how many recipients a message may have before an index finds them: a list can have
// a hundred thousand.
const many = 64

// index finds the recipients of one message by the hashes of their folded addresses. Of
// several with one hash the first is kept; what is found is compared with what was sought.
type index struct {
	exact    map[uint64]int32 // address and original address
	address  map[uint64]int32
	original map[uint64]int32
}

var indexSeed = maphash.MakeSeed()

// foldedHash hashes addresses without regard to the case of ASCII letters.
func foldedHash[A, B string | []byte](a A, b B) uint64 {
	var h maphash.Hash
	h.SetSeed(indexSeed)
	var buf [64]byte
	n := 0
	put := func(c byte) {
		if n == len(buf) {
			h.Write(buf[:])
			n = 0
		}
		buf[n] = c
		n++
	}
	for i := range len(a) {
		put(lower(a[i]))
	}
	put(0)
	for i := range len(b) {
		put(lower(b[i]))
	}
	h.Write(buf[:n])
	return h.Sum64()
}

// add enters the recipient at position i.
func (x *index) add(r *Recipient, i int) {
	enter := func(m map[uint64]int32, h uint64) {
		if _, ok := m[h]; !ok {
			m[h] = int32(i)
		}
	}
	enter(x.exact, foldedHash(r.Address, r.Original))
	enter(x.address, foldedHash(r.Address, ""))
	if r.Original != "" {
		enter(x.original, foldedHash(r.Original, ""))
	}
}

// indexRecipients makes the index of a message that has many recipients.
func (m *Message) indexRecipients() {
	m.index = &index{map[uint64]int32{}, map[uint64]int32{}, map[uint64]int32{}}
	for i := range m.Recipients {
		m.index.add(&m.Recipients[i], i)
	}
}

// rename changes a recipient's addresses.
func (m *Message) rename(r *Recipient, address, original string) {
	r.domain = 0
	if m.index == nil {
		r.Address, r.Original = address, original
		return
	}
	i := m.index.exact[foldedHash(r.Address, r.Original)] // lookup found it there
	delete(m.index.exact, foldedHash(r.Address, r.Original))
	if h := foldedHash(r.Address, ""); m.index.address[h] == i {
		delete(m.index.address, h)
	}
	r.Address, r.Original = address, original
	m.index.add(r, int(i))
}

// lookup returns m's recipient with the given address and original address, or nil.
func lookup[A, B string | []byte](m *Message, address A, original B) *Recipient {
	if m.index == nil {
		for i := range m.Recipients {
			if r := &m.Recipients[i]; equalFold(r.Address, address) && equalFold(r.Original, original) {
				return r
			}
		}
		return nil
	}
	if i, ok := m.index.exact[foldedHash(address, original)]; ok {
		if r := &m.Recipients[i]; equalFold(r.Address, address) && equalFold(r.Original, original) {
			return r
		}
	}
	return nil
}

// find is Message.find by index.
func (x *index) find(m *Message, address, original string) *Recipient {
	if i, ok := x.address[foldedHash(address, "")]; ok && equalFold(m.Recipients[i].Address, address) {
		return &m.Recipients[i]
	}
	for _, a := range [...]string{address, original} {
		if i, ok := x.original[foldedHash(a, "")]; ok && a != "" && equalFold(m.Recipients[i].Original, a) {
			return &m.Recipients[i]
		}
	}
	return nil
}
