package main

import (
	"bytes"
	"io"
	"slices"
)

// historySize is how many bytes of a stream are kept to be read again. Older lines are
// dropped, and whoever reads again must say so.
const historySize = 128 << 20

// history keeps the latest lines of a stream, in stretches of whole lines.
type history struct {
	blocks  []stretch
	size    int
	dropped int64 // lines
}

type stretch struct {
	b     []byte
	lines int64
}

const blockSize = 1 << 20

// add keeps a line.
func (h *history) add(line []byte) {
	n := len(h.blocks)
	if n == 0 || len(h.blocks[n-1].b)+len(line) >= blockSize {
		h.blocks = append(h.blocks, stretch{b: h.room(len(line) + 1)})
		n = len(h.blocks)
	}
	b := &h.blocks[n-1]
	b.b = append(append(b.b, line...), '\n')
	b.lines++
	h.size += len(line) + 1
}

// room returns an empty block for n bytes or more: the oldest one's where there are enough.
func (h *history) room(n int) []byte {
	var old []byte
	for len(h.blocks) > 0 && h.size+max(n, blockSize) > historySize {
		old = h.blocks[0].b
		h.size -= len(old)
		h.dropped += h.blocks[0].lines
		h.blocks = slices.Delete(h.blocks, 0, 1)
	}
	if cap(old) >= max(n, blockSize) {
		return old[:0]
	}
	return make([]byte, 0, max(n, blockSize))
}

// reader returns the lines kept, from the oldest.
func (h *history) reader() io.Reader {
	rs := make([]io.Reader, len(h.blocks))
	for i := range h.blocks {
		rs[i] = bytes.NewReader(h.blocks[i].b)
	}
	return io.MultiReader(rs...)
}
