package follow

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A sibling is a file that a path's log was rotated to.
type sibling struct {
	path   string
	info   os.FileInfo
	packed bool
	head   []byte
	err    error // why the head could not be read
	number int   // of a name that ends in a small number; -1: no such name
}

// packedNames are the endings that compressors give.
var packedNames = []string{".gz", ".bz2", ".xz", ".zst", ".Z", ".lz4"}

// cutPacked removes a compressor's ending.
func cutPacked(name string) (string, bool) {
	for _, ext := range packedNames {
		if s, ok := strings.CutSuffix(name, ext); ok {
			return s, true
		}
	}
	return name, false
}

// rotatedName tells whether name is one that base is rotated to: mail.log.1, mail.log.2.gz,
// mail.log-20261124, mail-20261124.log, mail.log.old. Other endings belong to other files,
// such as the mail.log.offset that some tools keep. mark is what was put in.
func rotatedName(base, name string) (mark string, ok bool) {
	name, packed := cutPacked(name)
	if name == base {
		return "", packed
	}
	mark, ok = strings.CutPrefix(name, base)
	if ext := filepath.Ext(base); !ok && ext != "" && ext != base {
		if mark, ok = strings.CutPrefix(name, strings.TrimSuffix(base, ext)); ok {
			mark, ok = strings.CutSuffix(mark, ext)
		}
	}
	if !ok || mark == "" || !strings.ContainsAny(mark[:1], ".-_~") {
		return "", false
	}
	switch mark[1:] {
	case "old", "bak", "prev", "":
		return mark, mark != "." && mark != "-" && mark != "_"
	}
	digits := 0
	for _, c := range mark[1:] {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case !strings.ContainsRune(".-_:TZ+", c):
			return "", false
		}
	}
	return mark, digits > 0
}

// smallNumber bounds the numbers that count rotations; longer ones are dates.
const smallNumber = 100_000

// rotations lists the files that a path, or the file that it links to, was rotated to; names
// and identities only, in order of name.
func rotations(path string) ([]sibling, error) {
	paths := []string{path}
	if real, err := filepath.EvalSymlinks(path); err == nil && real != filepath.Clean(path) {
		paths = append(paths, real)
	}
	var all []sibling
	for _, p := range paths {
		dir, base := filepath.Split(p)
		entries, err := os.ReadDir(filepath.Clean(dir))
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			mark, ok := rotatedName(base, e.Name())
			if !ok {
				continue
			}
			name := filepath.Join(dir, e.Name())
			info, err := os.Lstat(name)
			if err != nil || !info.Mode().IsRegular() || slices.ContainsFunc(all, func(s sibling) bool { return os.SameFile(s.info, info) }) {
				continue
			}
			_, packed := cutPacked(e.Name())
			number := -1
			if n, err := strconv.Atoi(strings.TrimLeft(mark, ".-_")); err == nil && n < smallNumber {
				number = n
			}
			all = append(all, sibling{path: name, info: info, packed: packed, number: number})
		}
	}
	return all, nil
}

// unchanged tells whether two listings show the same files under the same names.
func unchanged(a, b []sibling) bool {
	return slices.EqualFunc(a, b, func(a, b sibling) bool { return a.path == b.path && os.SameFile(a.info, b.info) })
}

// inOrder sorts rotated files, oldest first. If all have small numbers these decide: a higher
// one is older, or newer if the times show that. Else the times of the last writing do.
func inOrder(all []sibling) {
	byTime := func(a, b sibling) int { return a.info.ModTime().Compare(b.info.ModTime()) }
	if slices.ContainsFunc(all, func(s sibling) bool { return s.number < 0 }) {
		slices.SortStableFunc(all, func(a, b sibling) int {
			if c := byTime(a, b); c != 0 {
				return c
			}
			return b.number - a.number
		})
		return
	}
	slices.SortStableFunc(all, func(a, b sibling) int { // the higher the older
		if a.number == b.number {
			return byTime(a, b)
		}
		return b.number - a.number
	})
	upwards := 0 // neighbours that say so, less those that say the contrary
	for i := 1; i < len(all); i++ {
		// A compressor may leave its own time, which is too late: it proves nothing against a plain file.
		high, low := all[i-1], all[i]
		switch c := byTime(low, high); {
		case low.number == high.number:
		case c < 0 && (low.packed || !high.packed):
			upwards++
		case c > 0 && (high.packed || !low.packed):
			upwards--
		}
	}
	if upwards > 0 {
		slices.Reverse(all)
	}
}

// headKey is what a file's head is remembered by.
type headKey struct {
	device, inode uint64
	size          int64
	modified      time.Time
}

// heads remembers the heads of rotated files, which seldom change.
type heads map[headKey]sibling

// siblings returns the rotated files of a path that have content, oldest first, each content
// once: the plain file and not its compressed copy. old is the last call's memory.
func siblings(listing []sibling, old heads) ([]sibling, heads) {
	memory := make(heads, len(listing))
	var all []sibling
	for _, s := range listing {
		key := headKey{size: s.info.Size(), modified: s.info.ModTime()}
		key.device, key.inode = Identity(s.info)
		if m, ok := old[key]; ok && key.inode != 0 {
			s.packed, s.head = m.packed, m.head
		} else if s.info.Size() > 0 {
			s.look()
		}
		if s.err == nil {
			memory[key] = s
		}
		if len(s.head) > 0 || s.err != nil {
			all = append(all, s)
		}
	}
	var kept []sibling
	for _, packed := range []bool{false, true} {
		for _, s := range all {
			twin := func(o sibling) bool {
				if o.packed == packed {
					return o.info.Size() == s.info.Size() && bytes.Equal(o.head, s.head)
				}
				return same(o.head, s.head)
			}
			if s.packed == packed && (s.err != nil || !slices.ContainsFunc(kept, twin)) {
				kept = append(kept, s)
			}
		}
	}
	inOrder(kept)
	return kept, memory
}

// open opens the file, if it still has the name. A number alone may be one used again.
func (s *sibling) open() (*generation, error) {
	g, err := openGeneration(s.path)
	if err == nil && (!os.SameFile(g.info, s.info) || !prefixed(g.head, s.head)) {
		g.file.Close()
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, err
	}
	return g, nil
}

// errUnfinished tells that a compressor has not begun to write.
var errUnfinished = errors.New("is still being compressed")

// look reads the head.
func (s *sibling) look() {
	g, err := s.open()
	if err != nil {
		s.err = err
		return
	}
	defer g.file.Close()
	if s.packed && !g.packed { // its compressor has not begun to write
		s.err = errUnfinished
		return
	}
	s.packed, s.head = g.packed, bytes.Clone(g.head)
}
