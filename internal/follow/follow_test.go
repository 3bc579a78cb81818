package follow

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// reader runs a Follower and collects what it hands on.
type reader struct {
	t    *testing.T
	f    *Follower
	done chan struct{}

	mu      sync.Mutex
	text    map[string]string
	pos     map[string]Position
	notices []Notice
}

// options that suit tests: a short grace time.
func options(from From, paths ...string) Options {
	return Options{Paths: paths, From: from, Grace: 100 * time.Millisecond}
}

// read starts a Follower. When the test ends it must stop and leave nothing behind.
func read(t *testing.T, o Options) *reader {
	t.Helper()
	r := &reader{t: t, done: make(chan struct{}), text: map[string]string{}, pos: map[string]Position{}}
	told := o.Notice
	o.Notice = func(n Notice) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.notices = append(r.notices, n)
		if told != nil {
			told(n)
		}
	}
	f, err := Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	r.f = f
	go func() {
		defer close(r.done)
		for b := range f.Blocks() {
			r.mu.Lock()
			r.text[b.Path] += string(b.Text)
			r.pos[b.Path] = b.Pos
			r.mu.Unlock()
		}
	}()
	t.Cleanup(func() { r.stop() })
	return r
}

// stop ends the Follower and returns the positions.
func (r *reader) stop() []Position {
	r.f.Stop()
	return r.end()
}

// end waits until the Follower has ended.
func (r *reader) end() []Position {
	r.t.Helper()
	select {
	case <-r.done:
	case <-time.After(time.Minute):
		r.t.Fatal("it does not end")
	}
	var all []Position
	for _, p := range r.pos {
		all = append(all, p)
	}
	return all
}

// wait waits until the path's text is want.
func (r *reader) wait(path, want string) {
	r.t.Helper()
	var got string
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		r.mu.Lock()
		got = r.text[path]
		r.mu.Unlock()
		if got == want || len(got) > len(want) {
			break
		}
	}
	if got != want {
		r.t.Fatalf("got  %q\nwant %q\n%v", got, want, r.notices)
	}
}

// opened waits until the path's first position is known.
func (r *reader) opened(path string) {
	r.t.Helper()
	r.until("the file is open", func() bool { return r.pos[path].Path != "" })
}

// told waits for a notice.
func (r *reader) told(kind Kind) {
	r.t.Helper()
	r.until("a notice: "+string(kind), func() bool {
		return slices.ContainsFunc(r.notices, func(n Notice) bool { return n.Kind == kind })
	})
}

func (r *reader) until(what string, ok func() bool) {
	r.t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		r.mu.Lock()
		done := ok()
		r.mu.Unlock()
		if done {
			return
		}
	}
	r.t.Fatalf("not seen: %s; %v", what, r.notices)
}

func (r *reader) silent() {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range r.notices {
		if n.Kind != Rotated {
			r.t.Errorf("notice %v", n)
		}
	}
}

func logPath(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "mail.log")
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	must(t, err)
	defer file.Close()
	_, err = file.WriteString(text)
	must(t, err)
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	must(t, err)
	must(t, os.WriteFile(to, b, 0o600))
}

// pack compresses a file as the program of that name does.
func pack(t *testing.T, program, path string) {
	t.Helper()
	if program == "gzip" {
		b, err := os.ReadFile(path)
		must(t, err)
		info, err := os.Stat(path)
		must(t, err)
		var out bytes.Buffer
		z := gzip.NewWriter(&out)
		z.Write(b)
		must(t, z.Close())
		must(t, os.WriteFile(path+".gz", out.Bytes(), 0o600))
		must(t, os.Chtimes(path+".gz", time.Time{}, info.ModTime()))
		must(t, os.Remove(path))
		return
	}
	if _, err := exec.LookPath(program); err != nil {
		t.Skip(err)
	}
	out, err := exec.Command(program, "-q", path).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", program, err, out)
	}
	if program == "zstd" {
		must(t, os.Remove(path))
	}
}

// block returns numbered lines.
func block(from, to int) string {
	var b strings.Builder
	for n := from; n < to; n++ {
		fmt.Fprintf(&b, "Nov 24 02:18:47 mx postfix/smtp[77]: line %d\n", n)
	}
	return b.String()
}

func TestFromEnd(t *testing.T) {
	t.Parallel()
	path := logPath(t)
	write(t, path, block(0, 3)+"unfini")
	r := read(t, options(FromEnd, path))
	r.opened(path)
	write(t, path, "shed\none\ntw")
	r.wait(path, "unfinished\none\n") // a line that was being written is new
	write(t, path, "o\n")
	r.wait(path, "unfinished\none\ntwo\n")
}

func TestFromStartAndStop(t *testing.T) {
	t.Parallel()
	path := logPath(t)
	write(t, path, block(0, 3)+"unfinished")
	r := read(t, options(FromStart, path))
	r.wait(path, block(0, 3))
	write(t, path, " no more\nand another")
	pos := r.stop()
	r.wait(path, block(0, 3)+"unfinished no more\n") // what was there at Stop
	write(t, path, " line\n")
	o := options(FromPositions, path)
	o.Positions = pos
	read(t, o).wait(path, "and another line\n")
}

func TestRotationByRename(t *testing.T) {
	t.Parallel()
	path := logPath(t)
	write(t, path, "")
	r := read(t, options(FromStart, path))
	r.opened(path)
	var want string
	for n := range 5 {
		write(t, path, block(10*n, 10*n+5))
		old, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		must(t, err)
		defer old.Close()
		for i := n; i > 0; i-- {
			must(t, os.Rename(fmt.Sprintf("%s.%d", path, i), fmt.Sprintf("%s.%d", path, i+1)))
		}
		must(t, os.Rename(path, path+".1"))
		write(t, path, "") // made anew; the old one is still written to
		fmt.Fprint(old, block(10*n+5, 10*n+10))
		want += block(10*n, 10*n+10)
	}
	r.wait(path, want)
	r.silent()
}

// Generations that look alike are still different ones.
func TestTheSameLineInEachFile(t *testing.T) {
	t.Parallel()
	path := logPath(t)
	r := read(t, options(FromStart, path))
	for n := range 3 {
		write(t, path, "the same\n")
		r.wait(path, strings.Repeat("the same\n", n+1))
		must(t, os.Rename(path, fmt.Sprintf("%s.%d", path, 3-n)))
	}
}

func TestUnfinishedLineOfARotatedFile(t *testing.T) {
	t.Parallel()
	path := logPath(t)
	r := read(t, options(FromStart, path))
	write(t, path, "one\nunfinished")
	r.wait(path, "one\n")
	must(t, os.Rename(path, path+".1"))
	write(t, path, "two\n")
	r.wait(path, "one\nunfinishedtwo\n") // a block of its own, without a line feed
}

// Whatever rotates and compresses, the rest of the old file and each generation that came and
// went while nobody followed is read after a restart.
func TestRestartAfterRotations(t *testing.T) {
	t.Parallel()
	rename := func(ext string, program string) func(t *testing.T, path string, n int) {
		return func(t *testing.T, path string, n int) {
			for i := n; i > 0; i-- {
				must(t, os.Rename(fmt.Sprintf("%s.%d%s", path, i, ext), fmt.Sprintf("%s.%d%s", path, i+1, ext)))
			}
			must(t, os.Rename(path, path+".1"))
			if program != "" {
				pack(t, program, path+".1")
			}
		}
	}
	date := func(name string, program string) func(t *testing.T, path string, n int) {
		return func(t *testing.T, path string, n int) {
			name := filepath.Join(filepath.Dir(path), fmt.Sprintf(name, n))
			must(t, os.Rename(path, name))
			if program != "" {
				pack(t, program, name)
			}
		}
	}
	for _, tt := range []struct {
		name   string
		rotate func(t *testing.T, path string, n int)
	}{
		{"rename", rename("", "")},
		{"gzip", rename(".gz", "gzip")},
		{"xz", rename(".xz", "xz")},
		{"zstd", rename(".zst", "zstd")},
		{"bzip2", rename(".bz2", "bzip2")},
		{"date", date("mail.log-2026112%d", "")},
		{"date before the extension, gzip", date("mail-2026112%d.log", "gzip")},
		{"copytruncate", func(t *testing.T, path string, n int) {
			for i := n; i > 0; i-- {
				must(t, os.Rename(fmt.Sprintf("%s.%d", path, i), fmt.Sprintf("%s.%d", path, i+1)))
			}
			copyFile(t, path, path+".1")
			must(t, os.Truncate(path, 0))
		}},
		{"numbers that go up", func(t *testing.T, path string, n int) {
			must(t, os.Rename(path, fmt.Sprintf("%s.%d", path, n+1)))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := logPath(t)
			write(t, path, block(0, 10))
			r := read(t, options(FromStart, path))
			r.wait(path, block(0, 10))
			pos := r.stop()
			// Four rotations while nobody looks; the times differ as those of real ones.
			at := time.Now().Add(-time.Hour)
			for n := range 4 {
				write(t, path, block(10*n+10, 10*n+20))
				at = at.Add(10 * time.Minute)
				must(t, os.Chtimes(path, time.Time{}, at))
				tt.rotate(t, path, n)
				write(t, path, "")
			}
			write(t, path, block(50, 60))
			o := options(FromPositions, path)
			o.Positions, o.Once = pos, true
			again := read(t, o)
			pos = again.end()
			again.wait(path, block(10, 60))
			again.silent()
			o.Positions = pos
			once := read(t, o)
			once.end()
			once.wait(path, "")
		})
	}
}

func TestCopyTruncate(t *testing.T) {
	t.Parallel()
	path := logPath(t)
	write(t, path, block(0, 10))
	r := read(t, options(FromStart, path))
	r.wait(path, block(0, 10))
	for n := 1; n < 4; n++ {
		// The rest that was not read when it was cut is in the copy; the new content may have
		// outgrown the old one before anybody looks.
		write(t, path, block(10*n, 10*n+5))
		copyFile(t, path, fmt.Sprintf("%s.%d", path, n))
		must(t, os.Truncate(path, 0))
		write(t, path, block(10*n+5, 10*n+10)+strings.Repeat("#", 4000*n)+"\n")
		want := block(0, 15)
		for m := 1; m <= n; m++ {
			want = want[:len(want)-len(block(10*m, 10*m+5))] + block(10*m, 10*m+10) + strings.Repeat("#", 4000*m) + "\n" + block(10*m+10, 10*m+15)
		}
		want = want[:len(want)-len(block(10*n+10, 10*n+15))]
		r.wait(path, want)
	}
}

func TestTruncationWithoutACopy(t *testing.T) {
	t.Parallel()
	path := logPath(t)
	write(t, path, block(0, 10))
	r := read(t, options(FromStart, path))
	r.wait(path, block(0, 10))
	must(t, os.Truncate(path, 0))
	write(t, path, block(10, 12))
	r.wait(path, block(0, 12))
	r.told(Truncated)
}

// A writer that does not append goes on at its old offset: the file begins with a hole.
func TestHoleAfterTruncation(t *testing.T) {
	t.Parallel()
	path := logPath(t)
	file, err := os.Create(path)
	must(t, err)
	defer file.Close()
	fmt.Fprint(file, block(0, 10))
	r := read(t, options(FromStart, path))
	r.wait(path, block(0, 10))
	must(t, file.Truncate(0))
	fmt.Fprint(file, block(10, 20))
	r.wait(path, block(0, 20))
	fmt.Fprint(file, block(20, 30))
	r.wait(path, block(0, 30))
	pos := r.stop()
	fmt.Fprint(file, block(30, 40))
	o := options(FromPositions, path)
	o.Positions = pos
	read(t, o).wait(path, block(30, 40))
}

// The number of a removed file is given to the next one.
func TestInodeUsedAgain(t *testing.T) {
	t.Parallel()
	path := logPath(t)
	write(t, path, block(0, 10))
	r := read(t, options(FromStart, path))
	r.wait(path, block(0, 10))
	pos := r.stop()
	info, err := os.Stat(path)
	must(t, err)
	must(t, os.Remove(path))
	write(t, path, block(10, 30))
	now, err := os.Stat(path)
	must(t, err)
	// Where the file system did not do so the position says it did.
	_, pos[0].Inode = Identity(now)
	t.Logf("the same by itself: %v", os.SameFile(info, now))
	o := options(FromPositions, path)
	o.Positions = pos
	r = read(t, o)
	r.wait(path, block(10, 30))
	r.told(Lost)
}

func TestVanishesAndComesBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "not yet", "mail.log")
	r := read(t, options(FromEnd, path))
	r.told(Missing)
	must(t, os.Mkdir(filepath.Dir(path), 0o700))
	write(t, path, block(0, 10))
	r.wait(path, block(0, 10))
	r.told(Back)
	// The same file.
	must(t, os.Rename(path, filepath.Join(dir, "elsewhere")))
	time.Sleep(50 * time.Millisecond)
	write(t, filepath.Join(dir, "elsewhere"), block(10, 20))
	must(t, os.Rename(filepath.Join(dir, "elsewhere"), path))
	r.wait(path, block(0, 20))
	// A copy of it that has grown, as rsync puts it there.
	copyFile(t, path, filepath.Join(dir, "copy"))
	write(t, filepath.Join(dir, "copy"), block(20, 30))
	must(t, os.Rename(filepath.Join(dir, "copy"), path))
	r.wait(path, block(0, 30))
	write(t, path, block(30, 35))
	// With its folder, and another one.
	r.wait(path, block(0, 35))
	must(t, os.RemoveAll(filepath.Dir(path)))
	time.Sleep(50 * time.Millisecond)
	must(t, os.Mkdir(filepath.Dir(path), 0o700))
	write(t, path, block(35, 40))
	r.wait(path, block(0, 40))
}

func TestPermission(t *testing.T) {
	t.Parallel()
	if os.Getuid() == 0 {
		t.Skip("root may read everything")
	}
	path := logPath(t)
	write(t, path, block(0, 10))
	must(t, os.Chmod(path, 0))
	r := read(t, options(FromStart, path))
	r.told(Denied)
	must(t, os.Chmod(path, 0o600))
	r.wait(path, block(0, 10))
	must(t, os.Rename(path, path+".1"))
	must(t, os.WriteFile(path, []byte(block(10, 20)), 0))
	time.Sleep(300 * time.Millisecond)
	must(t, os.Rename(path, path+".0"))
	write(t, path, block(20, 30))
	time.Sleep(300 * time.Millisecond)
	must(t, os.Chmod(path+".0", 0o600))
	r.wait(path, block(0, 30))
	n := 0
	for _, notice := range r.notices {
		if notice.Kind == Denied {
			n++
		}
	}
	if n > 3 {
		t.Errorf("%d notices of one kind: %v", n, r.notices)
	}
}

func TestSymlinkChanged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "current")
	r := read(t, options(FromStart, path))
	for n := range 3 {
		name := fmt.Sprintf("mx-%d", n)
		write(t, filepath.Join(dir, name), block(10*n, 10*n+10))
		must(t, os.Symlink(name, path+".new"))
		must(t, os.Rename(path+".new", path))
		r.wait(path, block(0, 10*n+10)) // by its name nobody would find it later
	}
}

func TestPolling(t *testing.T) {
	t.Parallel()
	path := logPath(t)
	write(t, path, block(0, 10))
	o := options(FromStart, path)
	o.Poll = 5 * time.Millisecond
	r := read(t, o)
	r.wait(path, block(0, 10))
	must(t, os.Rename(path, path+".1"))
	write(t, path, block(10, 20))
	r.wait(path, block(0, 20))
}

// An idle file is left to the kernel's notice, and is read when it comes.
func TestWokenUp(t *testing.T) {
	t.Parallel()
	path := logPath(t)
	write(t, path, "")
	r := read(t, options(FromStart, path))
	for n := range 3 {
		time.Sleep(1200 * time.Millisecond)
		write(t, path, block(n, n+1))
		r.wait(path, block(0, n+1))
	}
}

func TestPatterns(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, b, c := filepath.Join(dir, "a.log"), filepath.Join(dir, "b.log"), filepath.Join(dir, "c.log")
	write(t, a, block(0, 10))
	write(t, a+".1", "an older one\n")
	write(t, b, block(0, 10))
	o := options(FromEnd, filepath.Join(dir, "*.log*"), a)
	o.Poll = 20 * time.Millisecond
	r := read(t, o)
	r.opened(a)
	r.opened(b)
	write(t, c, block(20, 30))
	r.wait(c, block(20, 30)) // a new one: from its start
	write(t, a, block(10, 20))
	r.wait(a, block(10, 20))
	must(t, os.Rename(a, a+".2"))
	write(t, a, block(30, 40))
	r.wait(a, block(10, 20)+block(30, 40))
	pos := r.stop()
	if len(r.text) != 3 || len(pos) != 3 {
		t.Errorf("followed %v", pos)
	}
	// What is not in the positions came while nobody followed.
	d := filepath.Join(dir, "d.log")
	write(t, d, block(0, 5))
	write(t, b, block(10, 20))
	o = options(FromPositions, filepath.Join(dir, "*.log*"))
	o.Positions, o.Once = pos, true
	r = read(t, o)
	r.end()
	r.wait(a, "")
	r.wait(b, block(10, 20))
	r.wait(d, block(0, 5))
}

func TestOnce(t *testing.T) {
	t.Parallel()
	path := logPath(t)
	write(t, path, block(0, 10)+"unfini")
	o := options(FromPositions, path)
	o.Once = true
	var got strings.Builder
	for n := range 4 {
		r := read(t, o)
		o.Positions = r.end()
		got.WriteString(r.text[path])
		switch n {
		case 0:
			if p := o.Positions[0]; p.Offset != int64(len(block(0, 10))) {
				t.Errorf("the position lies in an unfinished line: %v", p)
			}
			write(t, path, "shed\n")
		case 1:
			must(t, os.Rename(path, path+".1"))
			write(t, path+".1", block(10, 20))
			write(t, path, block(20, 30))
		}
	}
	if want := block(0, 10) + "unfinished\n" + block(10, 30); got.String() != want {
		t.Errorf("got %q\nwant %q", got.String(), want)
	}
	for _, text := range []string{block(0, 10) + "unfini", "unfini"} { // nobody goes on from there
		path := logPath(t)
		write(t, path, text)
		o := options(FromStart, path)
		o.Once, o.Unfinished = true, true
		r := read(t, o)
		if r.end(); r.text[path] != text {
			t.Errorf("got %q, want %q", r.text[path], text)
		}
	}
	missing := options(FromStart, filepath.Join(t.TempDir(), "missing"))
	missing.Once = true
	r := read(t, missing)
	r.end()
}

// A checkpoint made while there was nothing to know the file by finds what came since.
func TestRestartFromAnEmptyOrMissingFile(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(path string){
		"missing":               func(string) {},
		"empty":                 func(path string) { write(t, path, "") },
		"missing, one rotated":  func(path string) { write(t, path+".1", "old\n") },
		"empty, one compressed": func(path string) { write(t, path+".1", "old\n"); pack(t, "gzip", path+".1"); write(t, path, "") },
		"unfinished":            func(path string) { write(t, path, block(0, 1)[:10]) },
	} {
		path := logPath(t)
		prepare(path)
		o := options(FromStart, path)
		o.Once = true
		o.Positions = read(t, o).end()
		o.From = FromPositions
		for n := range 3 {
			for _, ext := range []string{"", ".gz"} {
				for i := 3; i > 0; i-- {
					os.Rename(fmt.Sprint(path, ".", i, ext), fmt.Sprint(path, ".", i+1, ext))
				}
			}
			text := block(n, n+1)
			if name == "unfinished" && n == 0 {
				text = text[10:]
			}
			write(t, path, text)
			must(t, os.Rename(path, path+".1"))
			write(t, path, "") // an empty one in between
		}
		r := read(t, o)
		r.end()
		if got := r.text[path]; got != block(0, 3) {
			t.Errorf("%s: got %q; from %v; %v", name, got, o.Positions, r.notices)
		}
	}
}

// A position finds its line, with the same name for it, wherever the file has got to.
func TestLinePositionsAreStable(t *testing.T) {
	t.Parallel()
	path := logPath(t)
	names := func(o Options) (all []string) {
		f, err := Start(context.Background(), o)
		must(t, err)
		for b := range f.Blocks() {
			for i := 0; i < len(b.Text); i += bytes.IndexByte(b.Text[i:], '\n') + 1 {
				all = append(all, b.LinePos(i))
			}
		}
		return all
	}
	o := options(FromStart, path)
	o.Once = true
	write(t, path, block(0, 3))
	few := names(o)
	write(t, path, block(3, 100))
	many := names(o)
	if len(few) != 3 || len(many) != 100 || !slices.Equal(few, many[:3]) || len(slices.Compact(slices.Sorted(slices.Values(many)))) != 100 {
		t.Errorf("%v\n%v", few, many)
	}
	pos := Position{}
	must(t, os.Rename(path, path+".1"))
	pack(t, "gzip", path+".1")
	write(t, path, block(100, 101))
	info := o
	info.From, info.Time = FromTime, time.Now().Add(-time.Hour)
	info.Stamp = func([]byte) (time.Time, bool) { return time.Now(), true }
	if packed := names(info); !slices.Equal(packed[:100], many) || len(packed) != 101 {
		t.Errorf("%v of %v", packed, pos)
	}
}

func TestFromTime(t *testing.T) {
	t.Parallel()
	path := logPath(t)
	start := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	lines := func(from, to int) string {
		var b strings.Builder
		for n := from; n < to; n++ {
			b.WriteString(start.Add(time.Duration(n)*time.Minute).Format(time.RFC3339) + "\n")
			if n%7 == 0 {
				b.WriteString("\tgoes on\n")
			}
		}
		return b.String()
	}
	stamp := func(line []byte) (time.Time, bool) {
		at, err := time.Parse(time.RFC3339, string(line))
		return at, err == nil
	}
	for n, name := range []string{path + ".3", path + ".2", path + ".1", path} {
		write(t, name, lines(1000*n, 1000*n+1000))
		must(t, os.Chtimes(name, time.Time{}, start.Add(time.Duration(1000*n+999)*time.Minute)))
	}
	pack(t, "gzip", path+".3")
	pack(t, "gzip", path+".2")
	for _, from := range []int{0, 1, 7, 500, 999, 1000, 1001, 1700, 2000, 2999, 3000, 3001, 3500, 3999, 4000} {
		o := options(FromTime, path)
		o.Time, o.Stamp, o.Once = start.Add(time.Duration(from)*time.Minute), stamp, true
		r := read(t, o)
		r.end()
		if want := lines(from, 4000); r.text[path] != want {
			t.Errorf("from line %d: got %d bytes, want %d", from, len(r.text[path]), len(want))
		}
	}
}

// A line without end is handed on in pieces, and nothing of it is lost.
func TestEndlessLine(t *testing.T) {
	t.Parallel()
	path := logPath(t)
	long := strings.Repeat("0123456789", 350_000)
	write(t, path, "before\n"+long)
	f, err := Start(context.Background(), options(FromStart, path))
	must(t, err)
	var got strings.Builder
	for b := range f.Blocks() {
		got.Write(b.Text)
		if len(b.Text) > maxPartial {
			t.Errorf("a piece of %d bytes", len(b.Text))
		}
		if got.Len() == len("before\n")+3*maxPartial {
			write(t, path, "\nafter\n")
		}
		if strings.HasSuffix(got.String(), "after\n") {
			f.Stop()
		}
	}
	if got.String() != "before\n"+long+"\nafter\n" {
		t.Errorf("got %d bytes", got.Len())
	}
}

// Nobody receives: no more is read than the channel holds, and the end comes at once.
func TestBackpressure(t *testing.T) {
	t.Parallel()
	path := logPath(t)
	write(t, path, strings.Repeat(block(0, 1000), 500))
	ctx, cancel := context.WithCancel(context.Background())
	f, err := Start(ctx, options(FromStart, path))
	must(t, err)
	for len(f.Blocks()) < cap(f.Blocks()) {
		time.Sleep(time.Millisecond)
	}
	cancel()
	n := 0
	for b := range f.Blocks() {
		n += len(b.Text)
	}
	if n > 8<<20 {
		t.Errorf("%d bytes were waiting", n)
	}
}

func TestDamagedRotatedFile(t *testing.T) {
	t.Parallel()
	path := logPath(t)
	write(t, path, block(0, 10))
	o := options(FromStart, path)
	o.Once = true
	r := read(t, o)
	o.From, o.Positions = FromPositions, r.end()
	write(t, path, block(10, 50_000))
	must(t, os.Rename(path, path+".1"))
	pack(t, "gzip", path+".1")
	info, err := os.Stat(path + ".1.gz")
	must(t, err)
	must(t, os.Truncate(path+".1.gz", info.Size()/2))
	write(t, path, "the next\n")
	r = read(t, o)
	r.end()
	r.told(Lost)
	got := r.text[path]
	if !strings.HasPrefix(block(10, 50_000), strings.TrimSuffix(got, "the next\n")) || !strings.HasSuffix(got, "the next\n") || len(got) < 100_000 {
		t.Errorf("%d bytes, ending in %q", len(got), got[max(0, len(got)-100):])
	}
}

func TestNothingLeftBehind(t *testing.T) {
	// hpcloud/tail's tracker and its fsnotify stay for the life of the process.
	own := []goleak.Option{
		goleak.IgnoreAnyFunction("github.com/hpcloud/tail/watch.(*InotifyTracker).run"),
		goleak.IgnoreAnyFunction("gopkg.in/fsnotify%2ev1.(*Watcher).readEvents"),
		goleak.IgnoreAnyFunction("gopkg.in/fsnotify.v1.(*Watcher).readEvents"),
	}
	path := logPath(t)
	n := 0
	round := func() {
		n += 100
		write(t, path, block(n, n+10))
		r := read(t, options(FromStart, path, filepath.Join(filepath.Dir(path), "x*")))
		r.opened(path)
		must(t, os.Rename(path, path+".1"))
		write(t, path, block(n+10, n+20))
		r.until("the new file", func() bool { return strings.HasSuffix(r.text[path], block(n+10, n+20)) })
		time.Sleep(time.Second) // the kernel is asked to tell
		r.stop()
	}
	round()
	running := goleak.IgnoreCurrent()
	fds := descriptors(t)
	for range 3 {
		round()
	}
	goleak.VerifyNone(t, append(own, running)...)
	if now := descriptors(t); now > fds {
		t.Errorf("%d descriptors, then %d", fds, now)
	}
}

func descriptors(t *testing.T) int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	return len(entries)
}
