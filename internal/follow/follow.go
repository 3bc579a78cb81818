// Package follow reads the lines of files that are still being written, through rotation by
// rename and through truncation.
//
// It reads by itself, from an offset that it keeps, and asks the file system what became of
// the file; github.com/hpcloud/tail's watcher only wakes it up early. The watcher drops
// notices and can miss a rotation, so nothing depends on it: a look at the file every Poll
// finds what it missed.
package follow

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/hpcloud/tail/watch"
	"gopkg.in/tomb.v1"
)

// File is one path to follow.
type File struct {
	Path string
	Poll time.Duration // between looks; 0: 250 ms
	// Grace is how long a file that was renamed away is read on, because its writer may not
	// have opened the new one yet; 0: 2 s.
	Grace time.Duration
	// FromStart reads what is there already; else reading begins at the current end.
	FromStart bool
	// Lines gets whole lines, each with its line feed; only the last line of a rotated or
	// finished file may lack it. The block is valid during the call.
	Lines func(block []byte)
	// Notice, if set, gets a word about what happened to the file.
	Notice func(what string)

	file    *os.File
	offset  int64
	partial []byte    // the unfinished last line
	gone    time.Time // when the path was first seen to name another file
	buf     []byte
}

// maxPartial bounds an unfinished line; a longer one is handed on in pieces.
const maxPartial = 1 << 20

// Run follows until ctx is done; then it reads what is there, hands it on and returns nil. A
// path that does not exist yet, or not any more, is waited for. Any other error ends it.
func (f *File) Run(ctx context.Context) error {
	if f.Poll <= 0 {
		f.Poll = 250 * time.Millisecond
	}
	if f.Grace <= 0 {
		f.Grace = 2 * time.Second
	}
	f.buf = make([]byte, 256<<10)
	tick := time.NewTicker(f.Poll)
	defer tick.Stop()
	defer f.close()
	start := f.FromStart
	for {
		if f.file == nil {
			if err := f.open(start); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
			start = true // a file that comes up later is new
		}
		var wake <-chan bool
		var stop func()
		if f.file != nil {
			wake, stop = f.watch()
		}
		err := f.readUntilSwitched(ctx, wake, tick.C)
		if stop != nil {
			stop()
		}
		if err != nil || ctx.Err() != nil {
			return err
		}
	}
}

// readUntilSwitched reads the open file until another one takes its path or ctx is done.
func (f *File) readUntilSwitched(ctx context.Context, wake <-chan bool, tick <-chan time.Time) error {
	for {
		if f.file != nil {
			if err := f.read(); err != nil {
				return err
			}
			if f.switched() {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			if f.file != nil {
				if err := f.read(); err != nil {
					return err
				}
				f.flush()
			}
			return nil
		case <-wake:
		case <-tick:
			if f.file == nil {
				return nil
			}
		}
	}
}

func (f *File) open(start bool) error {
	file, err := os.Open(f.Path)
	if err != nil {
		return err
	}
	f.file, f.offset, f.gone = file, 0, time.Time{}
	if !start {
		f.offset, err = file.Seek(0, io.SeekEnd)
	}
	return err
}

func (f *File) close() {
	if f.file != nil {
		f.file.Close()
		f.file = nil
	}
}

// watch has hpcloud/tail watch the open file, by its descriptor: whatever becomes of the path
// the watcher's own stat succeeds (it would end the process where it fails). Without a /proc
// there is no watcher, and the looks at every Poll have to do.
func (f *File) watch() (wake <-chan bool, stop func()) {
	name := fmt.Sprintf("/proc/self/fd/%d", f.file.Fd())
	if _, err := os.Stat(name); err != nil {
		return nil, nil
	}
	var t tomb.Tomb
	changes, err := watch.NewInotifyFileWatcher(name).ChangeEvents(&t, f.offset)
	if err != nil {
		return nil, nil
	}
	return changes.Modified, func() { t.Kill(nil) }
}

// read hands on every whole line from the offset to the current end.
func (f *File) read() error {
	for {
		n, err := f.file.ReadAt(f.buf, f.offset)
		f.offset += int64(n)
		f.lines(f.buf[:n])
		switch {
		case err == io.EOF:
			return f.truncated()
		case err != nil:
			return err
		}
	}
}

// truncated starts over where the file has become shorter than what was read of it.
func (f *File) truncated() error {
	info, err := f.file.Stat()
	if err != nil || info.Size() >= f.offset {
		return err
	}
	f.notice("truncated, reading from its start")
	f.flush()
	f.offset = 0
	return f.read()
}

// lines hands on the whole lines of b and keeps the rest.
func (f *File) lines(b []byte) {
	i := bytes.LastIndexByte(b, '\n') + 1
	if i == 0 {
		f.partial = append(f.partial, b...)
		if len(f.partial) > maxPartial {
			f.flush()
		}
		return
	}
	if len(f.partial) > 0 {
		first := bytes.IndexByte(b, '\n') + 1
		f.partial = append(f.partial, b[:first]...)
		f.Lines(f.partial)
		f.partial = f.partial[:0]
		b, i = b[first:], i-first
	}
	if i > 0 {
		f.Lines(b[:i])
	}
	f.partial = append(f.partial, b[i:]...)
}

// flush hands on an unfinished line as it is.
func (f *File) flush() {
	if len(f.partial) > 0 {
		f.Lines(f.partial)
		f.partial = f.partial[:0]
	}
}

// switched tells whether another file has taken the path, and the old one, read to its end,
// is closed. The old one is read on for the grace time before.
func (f *File) switched() bool {
	mine, err := f.file.Stat()
	if err != nil {
		return false
	}
	now, err := os.Stat(f.Path)
	if err != nil || os.SameFile(mine, now) {
		f.gone = time.Time{}
		return false // still the same, or rotated away and not yet made anew
	}
	if f.gone.IsZero() {
		f.gone = time.Now()
	}
	if time.Since(f.gone) < f.Grace {
		return false
	}
	if err := f.read(); err == nil {
		f.flush()
	}
	f.notice("rotated, going on with the new file")
	f.close()
	return true
}

func (f *File) notice(what string) {
	if f.Notice != nil {
		f.Notice(what)
	}
}
