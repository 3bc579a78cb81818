package follow

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// snapshot returns the rotated files and the file at the path as they were at one moment, the
// latter opened; nil where it cannot be. ok is false if they never held still.
func (t *track) snapshot() (all []sibling, now *generation, err error, ok bool) {
	for range 20 {
		before, _ := rotations(t.path) // a folder that is not there has no files
		all, t.heads = siblings(before, t.heads)
		now, err = t.open()
		if after, _ := rotations(t.path); unchanged(before, after) {
			return all, now, err, true
		}
		t.release(now)
	}
	return nil, nil, nil, false
}

// open opens the file at the path. Where it is open already that file is shared: permission
// to open it again may be gone.
func (t *track) open() (*generation, error) {
	if n := t.newest(); n != nil {
		if info, err := os.Stat(t.path); err == nil && os.SameFile(info, n.info) {
			return newGeneration(n.file)
		}
	}
	return openGeneration(t.path)
}

// release closes a generation that is not used, unless it shares its file.
func (t *track) release(g *generation) {
	if g != nil && !slices.ContainsFunc(t.queue, func(q *generation) bool { return q.file == g.file }) {
		g.file.Close()
	}
}

// extend looks what has become of the path and puts new generations into the queue.
func (t *track) extend() {
	if n := t.newest(); n != nil && n.current {
		if info, err := os.Stat(t.path); err == nil && os.SameFile(info, n.info) {
			whole, err := n.intact()
			if err != nil {
				t.failed(n, err)
				return
			}
			if whole && n.checked { // nothing came between
				t.well()
				t.complete = true
				return
			}
		}
	}
	all, now, err, ok := t.snapshot()
	if !ok {
		t.complete = false
		return
	}
	t.arrange(all, now, time.Now())
	switch {
	case t.blocked: // told already
	case now != nil:
		t.well()
	case errors.Is(err, fs.ErrNotExist):
		if t.missing.IsZero() {
			t.missing = time.Now()
		}
		never := t.last == nil && len(t.queue) == 0
		if never || time.Since(t.missing) >= t.f.Grace { // shorter while it is rotated
			t.tell(Missing, "is not there%s", t.f.waiting(", waiting for it"))
		}
	case errors.Is(err, fs.ErrPermission):
		t.tell(Denied, "%v, waiting", plain(err))
	default:
		t.tell(Failed, "%v, waiting", plain(err))
	}
}

// arrange puts behind the queue what is newer: rotated files out of all, then now, the file at
// the path, which may be nil. since is when the files before it were left at the latest.
func (t *track) arrange(all []sibling, now *generation, since time.Time) {
	n := t.newest()
	kept, cut := false, false // now is n's file: with its content, with another one
	if n != nil && now != nil && n.file == now.file {
		kept = now.info.Size() >= n.offset && prefixed(now.head, n.head) && len(now.head) >= len(n.head)
		cut = !kept
		t.queue = t.queue[:len(t.queue)-1] // now takes its place, at the end
		if kept {
			n.head, n.base, n.info = now.head, now.base, now.info
			now = n
		}
	}

	// at is the newest file out of all that is not newer than the queue.
	at, after := -1, t.after // after: when the newest content that we know was written
	for _, g := range t.queue {
		if g.identified() {
			after = g.info.ModTime()
		}
	}
	if cut {
		var ok bool
		if at, ok = t.rescue(n, all); !ok {
			t.queue = append(t.queue, n)
			t.complete = false
			return
		}
		after = n.info.ModTime()
	}
	for _, g := range slices.Backward(t.queue) {
		if at < 0 {
			at = g.among(all, true)
		}
	}
	if at < 0 && t.last != nil && t.last.identified() {
		at = t.last.among(all, false)
	}
	t.complete, t.blocked = true, false
	for i, s := range all {
		queued := func(g *generation) bool {
			return os.SameFile(g.info, s.info) && prefixed(g.head, s.head) || g.identified() && same(g.head, s.head)
		}
		whole := headPrint(s.head) != ""
		switch {
		case s.err == nil && t.knows(s.head), slices.ContainsFunc(t.queue, queued):
			continue
		case now != nil && (same(now.head, s.head) || (os.SameFile(now.info, s.info) || s.err == nil && !whole) && prefixed(now.head, s.head)):
			continue // the file itself behind a link, or its copy being made
		case i <= at, at < 0 && !after.IsZero() && s.info.ModTime().Before(after):
			t.know(s.head)
			continue
		case len(t.queue) >= maxQueue:
			t.complete = false
		case s.err != nil:
			t.complete = t.pass(s)
		case !whole && time.Since(s.info.ModTime()) < t.f.Grace: // a copy begun
			t.complete = false
		default:
			g, err := s.open()
			if t.complete = err == nil; err == nil {
				t.queue = append(t.queue, g)
			}
		}
		if !t.complete {
			break
		}
	}

	if now != nil && t.complete {
		if !kept {
			now = t.continued(n, cut, now, all)
		}
		if now != nil {
			now.current, now.checked = true, now.identified()
			t.queue = append(t.queue, now)
		}
	} else {
		t.release(now)
		if n != nil {
			n.current = false
		}
	}
	for i, g := range t.queue[:max(0, len(t.queue)-1)] {
		if g.left.IsZero() {
			g.left, g.current = since, false
			// The next one was there when it was written to.
			if next := t.queue[i+1]; !next.current && next.info.Size() > 0 && next.info.ModTime().Before(since) {
				g.left = next.info.ModTime()
			}
		}
	}
}

// pass tells whether a rotated file that cannot be read is passed over.
func (t *track) pass(s sibling) bool {
	if errors.Is(s.err, fs.ErrPermission) {
		t.blocked = true
		t.tell(Denied, "%s: %v, waiting", s.path, plain(s.err))
		return false
	}
	if errors.Is(s.err, fs.ErrNotExist) || t.patient(s.info) {
		return false
	}
	if key := keyOf(s.info); !t.damaged[key] {
		t.damaged[key] = true
		t.f.notice(t.path, Lost, "%s is damaged, it is not read: %v", s.path, plain(s.err))
	}
	return true
}

// rescue looks for a copy of n, whose file was truncated, and queues it to be read on from n's
// offset. It returns the copy's place in all, -1 if there is none; ok is false if that cannot
// be told yet.
func (t *track) rescue(n *generation, all []sibling) (at int, ok bool) {
	at = -1
	if !n.identified() {
		return at, true
	}
	for i, s := range all {
		if !same(s.head, n.head) {
			continue
		}
		at = i // even if it is too short to have more
		g, err := s.open()
		if err == nil {
			var found bool
			if found, err = g.seek(n.position(t.path)); found {
				g.settled = true
				t.queue = append(t.queue, g)
				t.f.notice(t.path, Truncated, "truncated, its rest is read from %s", s.path)
				return i, true
			}
			g.file.Close()
		}
		if err != nil && t.patient(s.info) {
			return at, false
		}
	}
	if !t.sure() {
		return at, false
	}
	t.know(n.head)
	t.after = n.info.ModTime()
	t.f.notice(t.path, Truncated, "truncated, reading from its start; what was written just before and not copied is gone")
	return at, true
}

// sure tells whether it was asked three times: a file that is not found may have been renamed
// or compressed while it was looked for.
func (t *track) sure() bool {
	t.misses = (t.misses + 1) % 3
	return t.misses == 0
}

// continued finds out whether now, which has come to the path, has a content that was read
// already, and goes to where that ended. It returns nil if the file has changed meanwhile.
func (t *track) continued(n *generation, cut bool, now *generation, all []sibling) *generation {
	queued := n != nil && !cut && t.newest() == n
	for _, old := range []*generation{n, t.last} {
		if old == nil || old == n && !cut && !queued || !old.identified() || !same(old.head, now.head) || old.among(all, old == n) >= 0 {
			continue // if the old one was rotated away this is another one, which only looks like it
		}
		if ok, _ := now.advance(old.offset, fingerprint(old.tail)); ok {
			if old == n && queued { // replaced by a copy that is continued, as rsync does
				n.file.Close()
				t.queue = t.queue[:len(t.queue)-1]
			}
			return now
		}
		if whole, err := now.intact(); !whole || err != nil { // truncated just now
			t.complete = false
			t.release(now)
			return nil
		}
		t.toEnd(now)
		return now
	}
	if len(now.head) == headSize && t.knows(now.head) {
		t.toEnd(now)
	}
	return now
}

// toEnd passes over what a file holds whose content was read before and has been changed.
func (t *track) toEnd(g *generation) {
	if err := g.toEnd(); err == nil {
		t.f.notice(t.path, Lost, "begins with what was read already, but was changed: going on at its end")
	}
}

// begin finds the place to begin at. It returns false if that must wait.
func (t *track) begin(ctx context.Context) bool {
	all, now, err, ok := t.snapshot()
	if !ok {
		return false
	}
	since := time.Now()
	if info, err := os.Stat(filepath.Dir(t.path)); err == nil && info.ModTime().Before(since) {
		since = info.ModTime() // nothing was renamed later
	}
	from, rotated := t.from, all
	saved, found := t.f.saved(t.path)
	if from == FromPositions && !found {
		from = FromStart
	}
	knowAll := func(all []sibling) {
		for _, s := range all {
			if now == nil || !same(now.head, s.head) { // else it is being copied
				t.know(s.head)
			}
		}
	}
	switch from {
	case FromEnd:
		if now == nil && !errors.Is(err, fs.ErrNotExist) {
			t.tell(Denied, "%v, waiting", plain(err))
			return false
		}
		if now != nil {
			now.toEnd()
		}
		knowAll(all)
		all = nil
	case FromStart:
		knowAll(all)
		all = nil
	case FromPositions:
		if saved.Head == "" { // there was nothing yet: all is new
			break
		}
		if now != nil {
			if ok, _ := now.seek(saved); ok {
				knowAll(all)
				all = nil
				break
			}
			now.goTo(0)
		}
		i, g, err := t.find(saved, all)
		if err != nil && t.patient(nil) || g == nil && !t.sure() {
			t.release(now)
			return false
		}
		if g == nil {
			t.after = saved.Modified
			if !saved.Done {
				t.f.notice(t.path, Lost, "the file that was read last is gone, with what was behind offset %d; going on with what is newer", saved.Offset)
			}
			break
		}
		knowAll(all[:i])
		g.settled = saved.Done
		t.queue = append(t.queue, g)
	case FromTime:
		if all, err = t.since(all, now); err != nil {
			t.tell(Failed, "%v", plain(err))
			t.release(now)
			return false
		}
	}
	t.arrange(all, now, since)
	p, known := Position{Path: t.path}, from != FromPositions
	if len(t.queue) > 0 && t.queue[0].identified() {
		p, known = t.queue[0].position(t.path), true
	} else if end, ok := t.before(rotated); ok {
		p = end
	}
	if known {
		t.f.send(ctx, Block{Path: t.path, Pos: p})
	}
	return true
}

// before returns the end of the newest rotated file: where a path is whose file has no line to
// know it by.
func (t *track) before(rotated []sibling) (p Position, ok bool) {
	if len(rotated) == 0 {
		return p, false
	}
	g, err := rotated[len(rotated)-1].open()
	if err != nil {
		return p, false
	}
	defer g.file.Close()
	if g.toEnd() != nil || !g.identified() {
		return p, false
	}
	p = g.position(t.path)
	p.Done = true
	return p, true
}

// find returns the rotated file in which p lies, gone to there.
func (t *track) find(p Position, all []sibling) (int, *generation, error) {
	var failed error
	for i, s := range all {
		if s.err != nil {
			failed = s.err
		}
		if s.err != nil || headPrint(s.head) != p.Head {
			continue
		}
		g, err := s.open()
		if err == nil {
			var ok bool
			if ok, err = g.seek(p); ok {
				return i, g, nil
			}
			g.file.Close()
		}
		if err != nil {
			failed = err
		}
	}
	return -1, nil, failed
}

// since goes to the first line at or after the time to begin at, and queues its file if that
// is a rotated one. It returns the rotated files that come after it.
func (t *track) since(all []sibling, now *generation) ([]sibling, error) {
	first := len(all)
	for first > 0 && !all[first-1].info.ModTime().Before(t.f.Time) {
		first--
	}
	for _, s := range all[:first] {
		t.know(s.head)
	}
	for i, s := range all[first:] {
		g, err := s.open()
		if err != nil {
			return nil, err
		}
		found, err := g.find(t.f.Time, t.f.Stamp)
		if err == nil && found {
			t.queue = append(t.queue, g)
			return all[first+i:], nil
		}
		g.file.Close()
		t.know(s.head)
	}
	if now != nil {
		if _, err := now.find(t.f.Time, t.f.Stamp); err != nil {
			return nil, err
		}
	}
	return nil, nil
}
