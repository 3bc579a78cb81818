package status

import (
	"encoding/binary"
	"strings"
)

// keyLen is how many bytes of a text are looked up. Nearly all patterns have as many.
const keyLen = 4

// finder finds all of its patterns in a text. What a text has at a place leads to the patterns that
// begin with the same bytes. Of these the last one, in order, that is not after the text is the
// longest that stands there, or leads to it: whatever is between a pattern and a text that begins
// with it begins with it too. Unlike an automaton it is made in no time, which a small log notices.
type finder struct {
	patterns []string // sorted
	shorter  []int32  // plus one, by pattern: the longest other one that it begins with, or 0
	short    []int32  // those of fewer than keyLen bytes, which stand in no group
	groups   []group
	slots    []int32 // groups, plus one, by the hash of their keys
	shift    int     // makes a hash a slot
}

// group is the patterns that begin with a key.
type group struct {
	key      uint32
	from, to int32
}

// newFinder returns the finder of patterns, which must be sorted, distinct and not empty.
func newFinder(patterns []string) *finder {
	f := &finder{patterns: patterns, shorter: make([]int32, len(patterns)), shift: 24}
	for i, pattern := range patterns {
		if len(pattern) < keyLen {
			f.short = append(f.short, int32(i))
			continue
		}
		before := int32(i)
		for before > 0 && (len(patterns[before-1]) < keyLen || !strings.HasPrefix(pattern, patterns[before-1])) {
			before = f.shorter[before-1]
		}
		f.shorter[i] = before
		key := binary.LittleEndian.Uint32([]byte(pattern[:keyLen]))
		if n := len(f.groups); n == 0 || f.groups[n-1].key != key {
			f.groups = append(f.groups, group{key: key, from: int32(i)})
		}
		f.groups[len(f.groups)-1].to = int32(i) + 1
	}
	for len(f.groups) > 1<<(32-f.shift)/4 {
		f.shift--
	}
	f.slots = make([]int32, 1<<(32-f.shift))
	for i, g := range f.groups {
		at := f.slot(g.key)
		for f.slots[at] != 0 {
			at = f.after(at)
		}
		f.slots[at] = int32(i) + 1
	}
	return f
}

// slot returns where the search for a key begins (multiplicative hashing: Knuth, The Art of
// Computer Programming, 6.4), and after where it goes on.
func (f *finder) slot(key uint32) uint32 { return key * 0x9e3779b1 >> f.shift }

func (f *finder) after(slot uint32) uint32 { return (slot + 1) % uint32(len(f.slots)) }

// find calls hit for each occurrence of a pattern, by the position where it begins, the longest first;
// short ones come after the others.
func (f *finder) find(text []byte, hit func(pattern, end int)) {
	for i := range text {
		rest := text[i:]
		if len(rest) >= keyLen {
			for p := f.last(rest); p != 0; p = f.shorter[p-1] {
				if pattern := f.patterns[p-1]; begins(rest, pattern) {
					hit(int(p-1), i+len(pattern))
				}
			}
		}
		for _, p := range f.short {
			if pattern := f.patterns[p]; begins(rest, pattern) {
				hit(int(p), i+len(pattern))
			}
		}
	}
}

// last returns the last pattern, plus one, that begins with the text's key and is not after the text,
// or 0.
func (f *finder) last(text []byte) int32 {
	key := binary.LittleEndian.Uint32(text)
	for at := f.slot(key); f.slots[at] != 0; at = f.after(at) {
		g := f.groups[f.slots[at]-1]
		if g.key != key {
			continue
		}
		from, to := g.from, g.to
		for from < to {
			if half := (from + to) / 2; f.patterns[half] <= string(text) {
				from = half + 1
			} else {
				to = half
			}
		}
		if from > g.from {
			return from
		}
		break
	}
	return 0
}

func begins(text []byte, pattern string) bool {
	return len(text) >= len(pattern) && string(text[:len(pattern)]) == pattern
}
