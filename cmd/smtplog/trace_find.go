package main

import (
	"bytes"
	enc "encoding/binary"
)

// finder finds all of its needles in a text at a time, as Wu and Manber do (A fast algorithm for
// multi-pattern searching, 1994): it looks at the end of a window that is as long as the
// shortest needle, and where no needle has these bytes moves it on by as much as it can.
type finder struct {
	needles []needle
	window  int
	shift   [1 << gramBits]uint8  // how far the window may move on, by the gram at its end
	first   [1 << gramBits]uint16 // where it may not: the first needle that has it there, plus one
	next    []uint16              // the next such needle, plus one, by needle
	skip    []int                 // how much of a needle is before the window, by needle
	mask    uint32                // what is set in grams
}

// needle is a text to be found: as it is, or in any case.
type needle struct {
	text []byte // in lower case where fold is set
	fold bool
	note bool // the line need only be noted
}

const (
	gramBits  = 14
	minNeedle = 4 // shorter ones leave no room to move on
)

// gram numbers three bytes, those in the lower ones of three.
func (f *finder) gram(three uint32) uint32 { return (three | f.mask) * 0x9e3779b1 >> (32 - gramBits) }

// newFinder returns nil where a needle is too short.
func newFinder(needles []needle) *finder {
	f := &finder{needles: needles, window: 255, next: make([]uint16, len(needles)), skip: make([]int, len(needles))}
	for _, n := range needles {
		f.window = min(f.window, len(n.text))
		if n.fold {
			f.mask = 0x202020 // of a letter this makes the lower case
		}
	}
	if f.window < minNeedle {
		return nil
	}
	for i := range f.shift {
		f.shift[i] = uint8(f.window - 2)
	}
	for i, n := range needles {
		if l := len(n.text); (l == 16 || l == 23) && n.text[6] == '-' {
			f.skip[i] = l - f.window // Exim's queue IDs of one hour begin alike
		}
		text := n.text[f.skip[i]:][:f.window]
		for end := 3; end <= f.window; end++ {
			g := f.gram(uint32(text[end-3]) | uint32(text[end-2])<<8 | uint32(text[end-1])<<16)
			f.shift[g] = min(f.shift[g], uint8(f.window-end))
			if end == f.window {
				f.next[i], f.first[g] = f.first[g], uint16(i+1)
			}
		}
	}
	return f
}

// hit is where the last byte of the window is that some needles lie in, and whether all of them are
// to be noted only.
type hit struct {
	at   int32
	note bool
}

// lanes is how many parts of a text are searched side by side: one step waits for the one before,
// and a processor has time for others meanwhile.
const lanes = 4

// hits returns the places of needles in b, in their order.
func (f *finder) hits(b []byte) []hit {
	var found [lanes][]hit
	part := max(0, len(b)-f.window+1) / lanes
	e0, e1, e2, e3 := f.window, f.window+part, f.window+2*part, f.window+3*part
	l0, l1, l2, l3 := e1, e2, e3, len(b)+1
	for e0 < l0 && e1 < l1 && e2 < l2 && e3 < l3 {
		by0, by1, by2, by3 := f.step(b, e0), f.step(b, e1), f.step(b, e2), f.step(b, e3)
		if by0 == 0 {
			by0 = f.check(b, e0, &found[0])
		}
		if by1 == 0 {
			by1 = f.check(b, e1, &found[1])
		}
		if by2 == 0 {
			by2 = f.check(b, e2, &found[2])
		}
		if by3 == 0 {
			by3 = f.check(b, e3, &found[3])
		}
		e0, e1, e2, e3 = e0+by0, e1+by1, e2+by2, e3+by3
	}
	for i, lane := range [lanes][2]int{{e0, l0}, {e1, l1}, {e2, l2}, {e3, l3}} {
		for end := lane[0]; end < lane[1]; {
			by := f.step(b, end)
			if by == 0 {
				by = f.check(b, end, &found[i])
			}
			end += by
		}
	}
	return append(append(append(found[0], found[1]...), found[2]...), found[3]...)
}

// step returns how far the window that ends at end may move on; 0: a needle may be in it.
func (f *finder) step(b []byte, end int) int {
	return int(f.shift[f.gram(enc.LittleEndian.Uint32(b[end-4:end])>>8)])
}

// check adds a hit if the window is a needle's, and returns how far it may move on.
func (f *finder) check(b []byte, end int, hits *[]hit) int {
	h, found := hit{int32(end - 1), true}, false
	for i := f.first[f.gram(enc.LittleEndian.Uint32(b[end-4:end])>>8)]; i > 0; i = f.next[i-1] {
		if at, n := end-f.window-f.skip[i-1], &f.needles[i-1]; at >= 0 && n.begins(b[at:]) {
			h.note, found = h.note && n.note, true
		}
	}
	if found {
		*hits = append(*hits, h)
	}
	return 1
}

// begins tells whether b begins with the needle.
func (n *needle) begins(b []byte) bool {
	if n.fold {
		return len(b) >= len(n.text) && foldsTo(b[:len(n.text)], n.text)
	}
	return bytes.HasPrefix(b, n.text)
}

// near tells whether the needle has the byte of b at this place.
func (n *needle) near(b []byte, at int) bool {
	for start := max(0, at-len(n.text)+1); start <= at; start++ {
		if n.begins(b[start:]) {
			return true
		}
	}
	return false
}

// found is what a block was looked through for: its lines with a needle, and how many lines
// there are.
type found struct {
	by    *finder
	spots []spot
	marks []int32 // lines up to each markEvery-th byte
	lines int32
}

// spot is a line with a needle: its bytes, and how many lines of the block are before it.
type spot struct {
	start, end int32
	line       int32
	note       bool
}

const markEvery = 16 << 10

// look looks through a whole block; without a finder it counts lines.
func (fd *found) look(b []byte, f *finder) {
	fd.search(b, 0, f)
	fd.marks = fd.marks[:0]
	at, lines, next := 0, int32(0), 0
	for mark := 0; mark < len(b); mark += markEvery {
		fd.marks = append(fd.marks, lines)
		end := min(mark+markEvery, len(b))
		for ; next < len(fd.spots) && int(fd.spots[next].start) < end; next++ {
			s := &fd.spots[next]
			lines += int32(bytes.Count(b[at:s.start], newline))
			at, s.line = int(s.start), lines
		}
		lines += int32(bytes.Count(b[at:end], newline))
		at = end
	}
	if fd.lines = lines; len(b) > 0 && b[len(b)-1] != '\n' {
		fd.lines++
	}
}

var newline = []byte{'\n'}

// again looks for other needles from a line on, before which there are as many.
func (fd *found) again(b []byte, from int, before int32, f *finder) {
	fd.search(b, from, f)
	for i := range fd.spots {
		s := &fd.spots[i]
		before += int32(bytes.Count(b[from:s.start], newline))
		from, s.line = int(s.start), before
	}
}

// search sets the spots from a line on.
func (fd *found) search(b []byte, from int, f *finder) {
	fd.by, fd.spots = f, fd.spots[:0]
	if f == nil {
		return
	}
	begin := from // of the lines that were not hit
	for _, h := range f.hits(b[from:]) {
		at := from + int(h.at)
		if at < begin { // one more in a line
			last := &fd.spots[len(fd.spots)-1]
			last.note = last.note && h.note
			continue
		}
		s := spot{start: int32(begin + bytes.LastIndexByte(b[begin:at], '\n') + 1), end: int32(len(b)), note: h.note}
		if i := bytes.IndexByte(b[at:], '\n'); i >= 0 {
			s.end = int32(at + i)
		}
		fd.spots = append(fd.spots, s)
		begin = min(int(s.end)+1, len(b))
	}
}

// offset returns where the line begins before which there are as many.
func (fd *found) offset(b []byte, line int32) int {
	i := len(fd.marks) - 1
	for i > 0 && fd.marks[i] >= line {
		i--
	}
	at := i * markEvery
	for n := fd.marks[i]; n < line; n++ {
		at += bytes.IndexByte(b[at:], '\n') + 1
	}
	return at
}
