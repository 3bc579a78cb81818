package main

import (
	"bytes"
	"io"
)

// historySize is how many bytes of a stream are kept to be read again. Older lines are
// dropped, and whoever reads again must say so.
const historySize = 256 << 20

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
		h.blocks = append(h.blocks, stretch{b: make([]byte, 0, max(blockSize, len(line)+1))})
		n++
	}
	b := &h.blocks[n-1]
	b.b = append(append(b.b, line...), '\n')
	b.lines++
	h.size += len(line) + 1
	for h.size > historySize && len(h.blocks) > 1 {
		h.size -= len(h.blocks[0].b)
		h.dropped += h.blocks[0].lines
		h.blocks[0].b = nil
		h.blocks = h.blocks[1:]
	}
}

// reader returns the lines kept, from the oldest.
func (h *history) reader() io.Reader {
	rs := make([]io.Reader, len(h.blocks))
	for i := range h.blocks {
		rs[i] = bytes.NewReader(h.blocks[i].b)
	}
	return io.MultiReader(rs...)
}
