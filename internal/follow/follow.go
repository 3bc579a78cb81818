// Package follow hands out the lines of logs that are still being written: each line once,
// through rotation, truncation and restarts.
//
//	f, err := follow.Start(ctx, follow.Options{Paths: paths, From: follow.FromPositions, Positions: saved})
//	for b := range f.Blocks() {
//		count(b.Text)
//		saved[b.Path] = b.Pos // what a checkpoint keeps, together with the counts
//	}
//
// # How nothing is lost or doubled
//
// What a path's log was between two rotations is a generation. It is known by its content: its
// first kilobyte, or in a saved Position the fingerprints of its first line and of the bytes
// before the offset. Generations are read one after the other, each to its end. The files are
// read from an offset; github.com/hpcloud/tail only wakes the reader up early, because its
// notices may be late or missing.
//
//   - Rename and create, also with dates for names: the old file is open and is read on until
//     it has been quiet for Options.Grace, since its writer may not have opened the new one.
//     Generations that came and went between two looks, or while nobody followed, are found
//     among the rotated files beside the path and read in order.
//   - Rename and gzip (bzip2, xz, zstd): the same; what was not open is read from the compressed
//     file. One that is still being written is waited for.
//   - copytruncate: each block is handed on only after the file's beginning has been looked at
//     again, so that a file which was cut and has outgrown the old offset is noticed. The rest
//     of the old content is read from the copy, or the copy's compressed copy.
//   - A file that vanishes is read on and waited for. If it, or a copy of it that has grown,
//     comes back, reading goes on where it was. A link that names another file is a rotation.
//   - Numbers of files are used again by the system: they prove nothing without the content.
//   - A killed process goes on from the Position that was saved together with what was counted.
//     An unfinished last line is not handed on before it is whole or its file is left; the
//     position lies before it.
//
// Rotated files are those in the path's folder, or that of the file it links to, with the
// path's name and a number or date behind it or before its extension, .old, .bak, .prev or ~.
// Numbers give their order, times of writing that of dates.
//
// # What cannot be exact
//
//   - copytruncate: what is written between the end of the copy and the cut is gone from the
//     disk. Some of it may have been read before. No reader can help that.
//   - A file that is cut without a copy, or removed before it was opened. The Notice is
//     Truncated or Lost; so is the one if the file that a Position lies in is gone.
//   - A file that is written to after Grace of silence, while the next one is written too.
//   - Two generations with the same first kilobyte, both come and gone between two looks.
//   - Rotated files in another folder, or in one that may not be listed: exact while the
//     process runs and looks between two rotations, not found after a restart.
//   - Pipes cannot be read again: what a killed process took out of one is gone.
//   - Compressing without keeping the time of writing, where names have dates: the order may be
//     wrong after a restart.
package follow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// From is where reading begins.
type From int

const (
	FromEnd       From = iota // behind the last whole line that is there
	FromStart                 // at the start of the file; its rotated ones are left out
	FromPositions             // at Options.Positions; a path without one: at its start
	FromTime                  // at the first line at or after Options.Time, in the rotated files too
)

// Options say what to follow and how. The zero value of each field has a meaning.
type Options struct {
	// Paths are files, glob patterns, FIFOs, "-" (Stdin) and "journal:". A path that does not
	// exist is waited for. A file that a pattern matches later is read from its start.
	Paths     []string
	From      From
	Positions []Position // of every path, as saved
	Time      time.Time
	Stamp     Stamp // for FromTime
	// Once reads to the ends that the files have now and stops.
	Once bool
	// Unfinished hands on an unfinished last line too, in the end: nobody will go on from there.
	Unfinished bool
	// Poll looks for changes so often and does not ask the kernel to tell: for network file
	// systems. 0: told by the kernel, with a look every second besides.
	Poll time.Duration
	// Grace is how long a rotated file must have been quiet before the next one is read,
	// because its writer may not have opened that yet; 0: 2 s.
	Grace time.Duration
	Stdin io.Reader
	// Notice, if set, gets a word about what happens to a file. It is not called concurrently.
	Notice func(Notice)
}

// Kind is what a Notice is about.
type Kind string

const (
	Rotated   Kind = "rotated"   // went on to the next file
	Truncated Kind = "truncated" // the file was cut and begins anew
	Missing   Kind = "missing"   // the path names no file, the pattern matches none: waiting
	Denied    Kind = "denied"    // the file cannot be read: waiting
	Back      Kind = "back"      // what was missing or denied can be read again
	Lost      Kind = "lost"      // lines may have been lost: what was to be read is not to be found
	Failed    Kind = "failed"    // reading failed otherwise: trying again
)

// Notice is a word about a path.
type Notice struct {
	Path string // as followed
	Kind Kind
	Text string
}

// Block is whole lines of one path, each with its line feed. Only four have none: the last
// line of a file that was rotated without one, that of a stream, the one of Options.Unfinished,
// and pieces of a line beyond 1 MiB. A block without text only tells a position.
type Block struct {
	Path string   // as given, or as the pattern matched
	Text []byte   // the receiver's own
	Pos  Position // behind Text; what a checkpoint saves per Path, replacing the one before
}

// LinePos names the place of the line that begins at Text[i]: Position.String of it.
func (b *Block) LinePos(i int) string {
	p := b.Pos
	if p.Cursor != "" {
		p.Cursor = cursor(b.Text[i:])
		return p.String()
	}
	p.Offset -= int64(len(b.Text) - i)
	return p.String()
}

// Follower reads. Make one with Start.
type Follower struct {
	Options
	blocks  chan Block
	stop    chan struct{} // closed by Stop
	stopped sync.Once
	all     sync.WaitGroup
	notices sync.Mutex

	mu     sync.Mutex
	tracks map[string]bool // paths that are followed
}

// Start begins to follow. Reading goes on until ctx is done, which ends it at once, or Stop is
// called, or Once or the end of all streams is reached. Blocks is closed then.
func Start(ctx context.Context, o Options) (*Follower, error) {
	if len(o.Paths) == 0 {
		return nil, errors.New("nothing to follow")
	}
	if o.From == FromTime && o.Stamp == nil {
		return nil, errors.New("following from a time needs a way to read stamps")
	}
	if o.Grace <= 0 {
		o.Grace = 2 * time.Second
	}
	o.Positions = slices.Clone(o.Positions)
	f := &Follower{Options: o, blocks: make(chan Block, 16), stop: make(chan struct{}), tracks: map[string]bool{}}
	var patterns []string
	for _, path := range o.Paths {
		switch {
		case path == "-":
			f.begin(path, func() { f.stream(ctx, path, o.Stdin) })
		case path == "journal:":
			f.begin(path, func() { f.journal(ctx) })
		case isPattern(path):
			if _, err := filepath.Match(path, ""); err != nil {
				return nil, fmt.Errorf("%q: %w", path, err)
			}
			patterns = append(patterns, path)
		default:
			f.begin(path, func() { f.file(ctx, path, o.From, false) })
		}
	}
	if len(patterns) > 0 {
		for _, pattern := range patterns {
			if paths, _ := filepath.Glob(pattern); len(paths) == 0 {
				f.notice(pattern, Missing, "no file matches%s", f.waiting(", waiting for one"))
			}
		}
		f.scan(ctx, patterns, o.From)
		if !o.Once {
			f.all.Go(func() { f.rescan(ctx, patterns) })
		}
	}
	go func() {
		f.all.Wait()
		close(f.blocks)
	}()
	return f, nil
}

// Blocks gives what is read. It holds a few blocks; while it is full nothing more is read. It
// must be received from until it is closed, also after Stop.
func (f *Follower) Blocks() <-chan Block { return f.blocks }

// Stop reads to the ends that the files have now and ends. It does not wait for that.
func (f *Follower) Stop() { f.stopped.Do(func() { close(f.stop) }) }

// waiting is what is said of waiting: nothing where nobody waits.
func (f *Follower) waiting(word string) string {
	if f.Once {
		return ""
	}
	return word
}

func (f *Follower) begin(path string, run func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.tracks[path] {
		f.tracks[path] = true
		f.all.Go(run)
	}
}

// file follows a file or FIFO. With leave it ends when the file has been gone for long, and
// returns the position.
func (f *Follower) file(ctx context.Context, path string, from From, leave bool) (last Position, gone bool) {
	if info, err := os.Stat(path); err == nil && info.Mode()&os.ModeNamedPipe != 0 {
		f.fifo(ctx, path)
		return last, false
	}
	t := &track{f: f, path: path, from: from, leave: leave, buf: make([]byte, 128<<10)}
	return t.run(ctx)
}

func isPattern(path string) bool {
	if _, err := os.Lstat(path); err == nil {
		return false
	}
	return strings.ContainsAny(path, "*?[")
}

// scan begins to follow what the patterns match and is not followed yet. A rotated or
// compressed file belongs to the path that it was rotated from.
func (f *Follower) scan(ctx context.Context, patterns []string, from From) {
	for _, pattern := range patterns {
		paths, _ := filepath.Glob(pattern)
		for _, path := range paths {
			if _, packed := cutPacked(path); packed || f.isRotated(path, paths) {
				continue
			}
			if info, err := os.Stat(path); err != nil || info.IsDir() {
				continue
			}
			f.begin(path, func() { f.matched(ctx, path, from) })
		}
	}
}

// matched follows a file that a pattern matched until it has been gone for long.
func (f *Follower) matched(ctx context.Context, path string, from From) {
	last, gone := f.file(ctx, path, from, true)
	if !gone {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.tracks, path)
	f.Positions = slices.DeleteFunc(f.Positions, func(p Position) bool { return p.Path == path })
	f.Positions = append(f.Positions, last) // should the name come back
}

// isRotated tells whether path is what another matched or followed path was rotated to.
func (f *Follower) isRotated(path string, matched []string) bool {
	rotatedFrom := func(base string) bool {
		if base == path || filepath.Dir(base) != filepath.Dir(path) {
			return false
		}
		_, ok := rotatedName(filepath.Base(base), filepath.Base(path))
		return ok
	}
	if slices.ContainsFunc(matched, rotatedFrom) {
		return true
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if slices.ContainsFunc(f.Positions, func(p Position) bool { return rotatedFrom(p.Path) }) {
		return true
	}
	for base := range f.tracks {
		if rotatedFrom(base) {
			return true
		}
	}
	return false
}

func (f *Follower) rescan(ctx context.Context, patterns []string) {
	every := f.Poll
	if every <= 0 {
		every = slowLook
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.stop:
			return
		case <-tick.C:
			f.scan(ctx, patterns, FromPositions) // one without a position: from its start
		}
	}
}

// send hands on a block; false when ctx is done.
func (f *Follower) send(ctx context.Context, b Block) bool {
	select {
	case f.blocks <- b:
		return true
	case <-ctx.Done():
		return false
	}
}

func (f *Follower) notice(path string, kind Kind, format string, a ...any) {
	if f.Notice == nil {
		return
	}
	f.notices.Lock()
	defer f.notices.Unlock()
	f.Notice(Notice{path, kind, fmt.Sprintf(format, a...)})
}

// saved returns the position of a path.
func (f *Follower) saved(path string) (Position, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.Positions {
		if p.Path == path {
			return p, true
		}
	}
	return Position{}, false
}
