package follow

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"
)

const (
	// While lines come the file is looked at so often, which makes for blocks and not for
	// single lines; each look that finds nothing doubles the time, up to longLook.
	shortLook = 20 * time.Millisecond
	longLook  = 320 * time.Millisecond
	slowLook  = time.Second // between two looks while the kernel is to tell

	budget   = 8 << 20 // bytes to read before looking what became of the path
	maxQueue = 64      // generations held open
	maxKnown = 512     // heads of old generations kept

	// graces is how many times Grace a rotated file that is written to all the time keeps
	// the next one waiting.
	graces = 30
	// patience is how long a damaged rotated file may be one that is still being written.
	patience = 10 * time.Second
	// goneLong is when a file that a pattern matched is given up.
	goneLong = time.Minute
)

// A track follows one path through its generations.
type track struct {
	f     *Follower
	path  string
	from  From
	leave bool

	queue []*generation // to be read, oldest first; the last may be the file at path
	last  *generation   // the one read before, its file closed
	known [][]byte      // heads of contents that are older than the queue
	heads heads
	buf   []byte

	begun    bool
	misses   int                   // of a file that should be there
	complete bool                  // the queue reaches to the file at path
	blocked  bool                  // a rotated file that comes next cannot be read yet
	after    time.Time             // when the last content read was written; zero: none was
	draining bool                  // reads up to the ends that were there when it began
	drained  time.Time             // when it began
	missing  time.Time             // since when the path has been missing
	trouble  Kind                  // told last about the path, so that it is told once
	waiting  map[fileKey]time.Time // since when something is wrong with a file
	damaged  map[fileKey]bool      // rotated files given up
}

// run follows until ctx is done or everything is read after Stop. With leave it also ends
// when the path has been gone for long.
func (t *track) run(ctx context.Context) (last Position, gone bool) {
	defer func() {
		for _, g := range t.queue {
			g.file.Close()
		}
	}()
	t.waiting, t.damaged = map[fileKey]time.Time{}, map[fileKey]bool{}
	wake := make(chan struct{}, 1)
	stop := t.f.stop
	drain := t.f.Once
	timer := time.NewTimer(0)
	defer timer.Stop()
	delay := shortLook
	var disarm func()
	defer func() {
		if disarm != nil {
			disarm()
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return last, false
		case <-stop:
			stop, drain = nil, true
		case <-wake:
		case <-timer.C:
		}
		moved, more := t.look(ctx, drain)
		if t.draining && t.finished() || ctx.Err() != nil {
			t.unfinished(ctx)
			return last, false
		}
		if t.leave && !t.missing.IsZero() && time.Since(t.missing) > goneLong && len(t.queue) == 1 && !drain {
			last, ok := t.finish(ctx, t.queue[0])
			return last, ok
		}
		switch {
		case more:
			delay = 0
		case moved || drain || len(t.queue) > 1:
			delay = shortLook
		default:
			delay = min(max(2*delay, shortLook), longLook)
		}
		if t.f.Poll > 0 {
			if !more && !drain {
				delay = t.f.Poll
			}
			timer.Reset(delay)
			continue
		}
		idle := delay == longLook && !drain
		if !idle && disarm != nil {
			disarm() // looks come by themselves now; a busy file would only keep the watcher busy
			disarm = nil
		}
		if idle && disarm == nil {
			if disarm = arm(t.path, wake); disarm != nil {
				timer.Reset(0) // what came before it was armed
				continue
			}
		}
		if disarm != nil {
			timer.Reset(slowLook)
		} else {
			timer.Reset(delay)
		}
	}
}

// look finds out what became of the path and reads what there is. more: it did not read
// everything.
func (t *track) look(ctx context.Context, drain bool) (moved, more bool) {
	if !t.begun {
		if !t.begin(ctx) {
			t.draining = drain && (t.trouble == Denied || !t.patient(nil))
			return false, false
		}
		t.begun = true
	}
	if !t.draining || !t.complete {
		t.extend()
	}
	if drain && !t.draining && (t.complete || t.blocked) {
		t.draining, t.drained, t.complete = true, time.Now(), true
		if g := t.newest(); g != nil {
			if info, err := g.file.Stat(); err == nil {
				g.limit = info.Size()
			}
		}
	}
	for len(t.queue) > 0 {
		g := t.queue[0]
		m, rest := t.read(ctx, g)
		moved = moved || m
		if rest || ctx.Err() != nil {
			return moved, true
		}
		if len(t.queue) == 1 || !g.ended || !t.over(g) {
			break
		}
		if _, ok := t.finish(ctx, g); !ok {
			break
		}
		moved = true
	}
	return moved, false
}

// read hands on what there is in g; rest: it stopped before the end.
func (t *track) read(ctx context.Context, g *generation) (moved, rest bool) {
	if g.ended = g.current && !g.checked; g.ended {
		return false, false // the next look finds out what came before it
	}
	for n := 0; n < budget; {
		text, err := g.next(&t.buf)
		switch {
		case err == io.EOF:
			g.ended = true
			return moved, false
		case err == errCut:
			t.complete = false // what is at the path must be arranged anew
			if !g.current {
				t.f.notice(t.path, Lost, "%s was overwritten before it was read to its end", g.file.Name())
				t.drop(g)
			}
			return moved, false
		case err != nil:
			t.failed(g, err)
			return moved, false
		}
		n += len(text)
		moved = true
		delete(t.waiting, keyOf(g.info))
		if !t.emit(ctx, g, text, false) {
			return moved, false
		}
	}
	return moved, true
}

// emit hands on text, which lies at g's offset, and moves behind it.
func (t *track) emit(ctx context.Context, g *generation, text []byte, done bool) bool {
	text = bytes.Clone(text)
	g.took(text)
	if len(text) == 0 && !g.identified() {
		return true // the position before says more: it can be found again
	}
	p := g.position(t.path)
	p.Done = done
	return t.f.send(ctx, Block{Path: t.path, Text: text, Pos: p})
}

// over tells whether g, which is read to its end, is left for the next one.
func (t *track) over(g *generation) bool {
	if g.packed || g.settled {
		return true
	}
	info, err := g.file.Stat()
	if err != nil {
		return false
	}
	quiet := info.ModTime()
	if quiet.After(time.Now()) { // another clock's time
		quiet = g.grown
	}
	if g.left.After(quiet) {
		quiet = g.left
	}
	if time.Since(quiet) >= t.f.Grace {
		return true
	}
	if t.draining {
		if time.Since(t.drained) > 3*t.f.Grace { // the next run goes on here
			for _, g := range t.queue[1:] {
				g.file.Close()
			}
			t.queue, g.limit = t.queue[:1], g.offset
		}
		return false
	}
	if time.Since(g.left) < graces*t.f.Grace {
		return false
	}
	t.f.notice(t.path, Lost, "%s is still written to though there is a newer file: its further lines are not read", g.file.Name())
	return true
}

// finish hands on the unfinished last line of g and leaves g.
func (t *track) finish(ctx context.Context, g *generation) (Position, bool) {
	text, err := g.next(&t.buf)
	if err != io.EOF { // it has grown just now
		return Position{}, false
	}
	if !t.emit(ctx, g, text, true) {
		return Position{}, false
	}
	t.f.notice(t.path, Rotated, "read to its end, going on with the next file")
	p := g.position(t.path)
	p.Done = true
	t.drop(g)
	return p, true
}

// unfinished hands on the unfinished last line of all, where it is wanted.
func (t *track) unfinished(ctx context.Context) {
	if !t.f.Unfinished || len(t.queue) == 0 || ctx.Err() != nil {
		return
	}
	g := t.queue[0]
	if text, err := g.next(&t.buf); err == io.EOF && len(text) > 0 {
		t.emit(ctx, g, text, false)
	}
}

// drop closes g, which is the first of the queue, and remembers it.
func (t *track) drop(g *generation) {
	g.file.Close()
	t.queue = t.queue[1:]
	if t.after = g.info.ModTime(); g.identified() {
		t.last = g
		t.know(g.head)
	}
}

// failed says that g cannot be read, and tries anew, from the path if the file is no good.
func (t *track) failed(g *generation, err error) {
	name := g.file.Name()
	if !g.packed {
		t.tell(Failed, "%v", plain(err))
		if h, err := openGeneration(name); err == nil { // a network file system may have lost it
			if ok, _ := h.seek(g.position(t.path)); ok && h.identified() {
				g.file.Close()
				g.file, g.info = h.file, h.info
			} else {
				h.file.Close()
			}
		}
		return
	}
	// It may be in the making; its beginning is read again.
	if t.patient(g.info) {
		if info, err := g.file.Stat(); err == nil {
			g.info = info
		}
		if _, err := g.goTo(g.offset); err != nil {
			g.in = bufio.NewReader(failing{err})
		}
		return
	}
	t.f.notice(t.path, Lost, "%s is damaged, what is behind offset %d is not read: %v", name, g.offset, plain(err))
	g.in, g.rest = bufio.NewReader(bytes.NewReader(nil)), nil
}

// failing is a reader that fails.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// fileKey is what the system knows a file by.
type fileKey struct{ device, inode uint64 }

func keyOf(info os.FileInfo) (key fileKey) {
	if info != nil {
		key.device, key.inode = Identity(info)
	}
	return key
}

// patient tells whether something that is wrong with a file, nil for the path, may pass.
func (t *track) patient(info os.FileInfo) bool {
	key := keyOf(info)
	since, ok := t.waiting[key]
	if !ok {
		since = time.Now()
		t.waiting[key] = since
	}
	return time.Since(since) < patience
}

// finished tells whether a drain has nothing left to read.
func (t *track) finished() bool {
	return len(t.queue) == 0 || len(t.queue) == 1 && t.queue[0].ended
}

func (t *track) newest() *generation {
	if len(t.queue) == 0 {
		return nil
	}
	return t.queue[len(t.queue)-1]
}

// know remembers a content that must not be read again.
func (t *track) know(head []byte) {
	if len(head) == 0 || slices.ContainsFunc(t.known, func(k []byte) bool { return bytes.Equal(k, head) }) {
		return
	}
	if t.known = append(t.known, bytes.Clone(head)); len(t.known) > maxKnown {
		t.known = t.known[1:]
	}
}

// knows tells whether a rotated file has a content that was read, or a part of one: a copy may
// be in the making.
func (t *track) knows(head []byte) bool {
	whole := headPrint(head) != ""
	return slices.ContainsFunc(t.known, func(k []byte) bool {
		return bytes.Equal(k, head) || whole && bytes.HasPrefix(k, head)
	})
}

// tell gives a notice about the path once, until another takes its place.
func (t *track) tell(kind Kind, format string, a ...any) {
	if t.trouble != kind {
		t.trouble = kind
		t.f.notice(t.path, kind, format, a...)
	}
}

// well takes the trouble back.
func (t *track) well() {
	t.missing = time.Time{}
	if t.trouble != "" {
		t.trouble = ""
		t.f.notice(t.path, Back, "can be read again")
	}
}

// plain removes the operation and path from an error: the notice names the file.
func plain(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
