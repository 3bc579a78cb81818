package main

import "fmt"

// maxOpen is how many files are held open: until their turn comes, so that a rotation in between
// does not matter, and while they are read. Beyond it a log that is read is opened for each of its
// blocks.
var maxOpen = min(500, openLimit()/2)

const (
	blocksMemory = 256 << 20 // that the blocks of all logs may take
	leastBlock   = 2 << 10
	mostBlock    = 64 << 10
	maxPacked    = 2000 // compressed logs that are read in blocks: the state of each takes memory
)

func (l *log) park(open int) { l.file.Park(open < maxOpen) }

// admit decides whether a log whose turn has come, and which is open, stays so while it is read.
func (in *input) admit(l *log) error {
	switch {
	case l.file.Stream():
		return nil
	case in.opened < maxOpen:
		in.opened++
	case l.file.Packed() && in.packed >= maxPacked:
		return fmt.Errorf("too many compressed logs of the same time, more than %d: decompress them", maxPacked)
	default:
		if err := l.file.RewindInBlocks(min(mostBlock, max(leastBlock, blocksMemory/len(in.logs)))); err != nil {
			return err
		}
		l.blocks = true
		if l.file.Packed() {
			in.packed++
		}
	}
	l.admitted = true
	return nil
}

// long tells whether it is worth parsing a log ahead: of a hundred thousand small files the batches
// alone would be a megabyte each.
func (l *log) long() bool {
	return !l.blocks && (l.file.Stream() || l.file.Packed() || l.file.Size >= leastAhead)
}

const leastAhead = 256 << 10
