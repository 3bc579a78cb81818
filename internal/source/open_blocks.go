package source

import (
	"io"
	"os"
)

// RewindInBlocks is Rewind for one of very many logs that are read at a time: the file is opened for
// each block of size bytes and closed again, and nothing is decompressed ahead. It must stay under
// its name until its end.
func (f *File) RewindInBlocks(size int) error {
	if f.stream != nil {
		return nil
	}
	f.stop()
	if f.file != nil {
		f.file.Close()
		f.file = nil
	}
	f.block = size
	f.Bytes, f.Cut = 0, 0
	return f.start()
}

// blocks reads a file that is open only while it does.
type blocks struct {
	f  *File
	at int64
}

func (b *blocks) Read(p []byte) (int, error) {
	file, err := b.f.again()
	if err != nil {
		return 0, err
	}
	defer file.Close()
	n, err := file.ReadAt(p, b.at)
	b.at += int64(n)
	if n > 0 {
		return n, nil // what is behind it the next call tells
	}
	return 0, err
}

// again opens the file once more, if it still is the same.
func (f *File) again() (*os.File, error) {
	file, err := os.Open(f.Path)
	if err != nil {
		return nil, plain(err)
	}
	if info, err := file.Stat(); err != nil || !os.SameFile(info, f.info) {
		file.Close()
		return nil, ErrReplaced
	}
	return file, nil
}

// kept is what f is read from: what is kept, from its beginning.
func (f *File) kept() io.Reader {
	switch {
	case f.stream != nil:
		return f.stream
	case f.block > 0:
		return &blocks{f: f}
	}
	return whole(f.file)
}

// room is the size of the buffer in front of it: a small file needs no large one.
func (f *File) room() int {
	switch {
	case f.block > 0:
		return f.block
	case f.stream == nil:
		return int(min(bufSize, max(leastRoom, f.Size+1)))
	}
	return bufSize
}

const leastRoom = 4 << 10
