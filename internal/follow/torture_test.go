package follow

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The torture test: a writer of numbered lines, a rotation every 200 ms, and a follower in a
// process of its own that is killed at random and goes on from its last snapshot. Each number
// must be counted once. SMTPLOG_TORTURE=2m makes each mode run that long.

const childEnv = "SMTPLOG_FOLLOW_CHILD"

func TestMain(m *testing.M) {
	if config := os.Getenv(childEnv); config != "" {
		child([]byte(config))
		return
	}
	os.Exit(m.Run())
}

// job is what a child is told.
type job struct {
	Path, Snapshot string
	Grace          time.Duration
}

// count is what a child counted, saved together with the position that it belongs to.
type count struct {
	Pos     Position
	Next    int64 // the number expected next: all before were counted
	Lost    int64 // numbers left out
	Doubled int64
	Torn    int64 // lines that are none of the writer's
	Notices []string
}

const numberAt = "mx postfix/smtp[77]: seq="

func child(config []byte) {
	var j job
	if err := json.Unmarshal(config, &j); err != nil {
		panic(err)
	}
	var c count
	o := Options{Paths: []string{j.Path}, From: FromStart, Grace: j.Grace}
	if b, err := os.ReadFile(j.Snapshot); err == nil {
		if err := json.Unmarshal(b, &c); err != nil {
			panic(err)
		}
		o.From, o.Positions = FromPositions, []Position{c.Pos}
	}
	var mu sync.Mutex
	o.Notice = func(n Notice) {
		if n.Kind == Lost || n.Kind == Failed || n.Kind == Denied {
			mu.Lock()
			defer mu.Unlock()
			if len(c.Notices) < 100 {
				c.Notices = append(c.Notices, fmt.Sprintf("%s at %d: %s", n.Kind, c.Next, n.Text))
			}
		}
	}
	f, err := Start(context.Background(), o)
	if err != nil {
		panic(err)
	}
	saved := time.Now()
	for b := range f.Blocks() {
		mu.Lock()
		c.add(b.Text)
		c.Pos = b.Pos
		if len(f.Blocks()) == 0 || time.Since(saved) > 10*time.Millisecond {
			save(j.Snapshot, &c)
			saved = time.Now()
		}
		mu.Unlock()
	}
}

func (c *count) add(text []byte) {
	for len(text) > 0 {
		line, rest, whole := bytes.Cut(text, []byte("\n"))
		text = rest
		_, number, ok := bytes.Cut(line, []byte(numberAt))
		number, _, _ = bytes.Cut(number, []byte(" "))
		n, err := strconv.ParseInt(string(number), 10, 64)
		if !ok || !whole || err != nil || len(line) != lineSize-1 {
			c.Torn++
			continue
		}
		switch {
		case n < c.Next:
			c.Doubled++
			continue
		case n > c.Next:
			c.Lost += n - c.Next
		}
		c.Next = n + 1
	}
}

func save(path string, c *count) {
	b, err := json.Marshal(c)
	if err == nil {
		err = os.WriteFile(path+".new", b, 0o600)
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		panic(err)
	}
}

// logger writes numbered lines and rotates.
type logger struct {
	t    *testing.T
	path string
	perS int // lines per second; 0: as fast as it can

	mu       sync.Mutex // held while a batch is written, and by whoever changes the file
	file     *os.File
	next     int64
	counted  int64            // as of the follower's last snapshot
	ends     map[string]int64 // of the files rotated under a name of their own: the number behind their last
	shifted  []int64          // the same of mail.log.1, mail.log.2, ...
	rotation int
	packers  sync.WaitGroup
}

const lineSize = 144

var padding = strings.Repeat("x", lineSize)

func appendLine(b []byte, n int64) []byte {
	at := len(b)
	b = append(b, "Nov 24 02:18:47 "+numberAt...)
	b = strconv.AppendInt(b, n, 10)
	b = append(b, " to=<user@example.com>, "...)
	return append(append(b, padding[:lineSize-1-(len(b)-at)]...), '\n')
}

// maxBehind is how many lines the follower may be behind before the writer waits: a disk is
// not endless.
const maxBehind = 3_000_000

// run writes until stop.
func (l *logger) run(stop <-chan struct{}) {
	started, first := time.Now(), l.next
	var b []byte
	for {
		select {
		case <-stop:
			return
		default:
		}
		n := 200 + rand.IntN(800)
		if l.perS > 0 {
			due := int64(time.Since(started).Seconds()*float64(l.perS)) - (l.next - first)
			if n = int(min(due, 1000)); n <= 0 {
				time.Sleep(500 * time.Microsecond)
				continue
			}
		}
		l.mu.Lock()
		if l.next-l.counted > maxBehind {
			l.mu.Unlock()
			time.Sleep(5 * time.Millisecond)
			continue
		}
		b = b[:0]
		for i := range int64(n) {
			b = appendLine(b, l.next+i)
		}
		cut := rand.IntN(len(b)) // most times in the middle of a line
		_, err := l.file.Write(b[:cut])
		if err == nil {
			_, err = l.file.Write(b[cut:])
		}
		l.next += int64(n)
		l.mu.Unlock()
		if err != nil {
			l.t.Error(err)
			return
		}
	}
}

func (l *logger) create() *os.File {
	file, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		l.t.Fatal(err)
	}
	return file
}

func (l *logger) must(err error) {
	if err != nil {
		l.t.Error(err)
	}
}

// shift makes room for mail.log.1. Files that were read are removed, the oldest first, but
// three are kept.
func (l *logger) shift() {
	for n := len(l.shifted); n > 3 && l.shifted[n-1] <= l.counted; n = len(l.shifted) {
		os.Remove(fmt.Sprintf("%s.%d", l.path, n))
		os.Remove(fmt.Sprintf("%s.%d.gz", l.path, n))
		l.shifted = l.shifted[:n-1]
	}
	for n := len(l.shifted); n > 0; n-- {
		for _, ext := range []string{"", ".gz"} {
			err := os.Rename(fmt.Sprintf("%s.%d%s", l.path, n, ext), fmt.Sprintf("%s.%d%s", l.path, n+1, ext))
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				l.t.Error(err)
			}
		}
	}
	l.shifted = slices.Insert(l.shifted, 0, l.next)
}

// pack compresses as gzip does: the plain file goes when the other is whole.
func (l *logger) pack(path string) {
	in, err := os.Open(path)
	l.must(err)
	defer in.Close()
	out, err := os.Create(path + ".gz")
	l.must(err)
	defer out.Close()
	z, _ := gzip.NewWriterLevel(out, gzip.BestSpeed)
	_, err = io.Copy(z, in)
	l.must(err)
	l.must(z.Close())
	l.must(os.Remove(path))
}

// style is a way to rotate.
type style struct {
	name   string
	grace  time.Duration
	begin  func(l *logger) // instead of making a plain file
	rotate func(l *logger)
}

var styles = []style{
	{name: "rename", rotate: func(l *logger) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.shift()
		l.must(os.Rename(l.path, l.path+".1"))
		l.file.Close()
		l.file = l.create()
	}},
	// The daemon goes on writing to the old file though there is a new one. How long the
	// machine may let it wait is what the grace time must cover.
	{name: "late", grace: 3 * time.Second, rotate: func(l *logger) {
		l.mu.Lock()
		l.shift()
		l.must(os.Rename(l.path, l.path+".1"))
		file := l.create()
		l.mu.Unlock()
		time.Sleep(20 * time.Millisecond)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.shifted[0] = l.next
		l.file.Close()
		l.file = file
	}},
	{name: "gap", rotate: func(l *logger) { // for a while the path names no file
		l.mu.Lock()
		l.shift()
		l.must(os.Rename(l.path, l.path+".1"))
		l.mu.Unlock()
		time.Sleep(60 * time.Millisecond)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.shifted[0] = l.next
		l.file.Close()
		l.file = l.create()
	}},
	{name: "gzip", rotate: func(l *logger) {
		l.packers.Wait()
		l.mu.Lock()
		l.shift()
		l.must(os.Rename(l.path, l.path+".1"))
		l.file.Close()
		l.file = l.create()
		l.mu.Unlock()
		l.packers.Go(func() { l.pack(l.path + ".1") })
	}},
	{name: "date", rotate: func(l *logger) {
		l.mu.Lock()
		defer l.mu.Unlock()
		for name, end := range l.ends {
			if end <= l.counted {
				os.Remove(name)
				delete(l.ends, name)
			}
		}
		l.rotation++
		name := fmt.Sprintf("%s-20261124-%06d", l.path, 100_000+l.rotation)
		l.must(os.Rename(l.path, name))
		l.ends[name] = l.next
		l.file.Close()
		l.file = l.create()
	}},
	{name: "copytruncate", rotate: copyTruncate},
	{name: "copytruncate gzip", rotate: func(l *logger) {
		l.packers.Wait()
		copyTruncate(l)
		l.packers.Go(func() { l.pack(l.path + ".1") })
	}},
	{name: "symlink", begin: func(l *logger) {
		l.must(os.Symlink("mail-20261124.100000.log", l.path))
	}, rotate: func(l *logger) {
		l.mu.Lock()
		defer l.mu.Unlock()
		for name, end := range l.ends {
			if end <= l.counted {
				os.Remove(name)
				delete(l.ends, name)
			}
		}
		old, err := filepath.EvalSymlinks(l.path)
		l.must(err)
		l.ends[old] = l.next
		l.rotation++
		l.must(os.Symlink(fmt.Sprintf("mail-20261124.%06d.log", 100_000+l.rotation), l.path+".link"))
		l.must(os.Rename(l.path+".link", l.path))
		l.file.Close()
		l.file = l.create()
	}},
}

// copyTruncate lets the writer wait, as no real one does.
func copyTruncate(l *logger) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shift()
	in, err := os.Open(l.path)
	l.must(err)
	defer in.Close()
	out, err := os.Create(l.path + ".1")
	l.must(err)
	_, err = io.Copy(out, in)
	l.must(err)
	l.must(out.Close())
	l.must(os.Truncate(l.path, 0))
}

func TestTorture(t *testing.T) {
	length := 700 * time.Millisecond
	if s := os.Getenv("SMTPLOG_TORTURE"); s != "" {
		var err error
		if length, err = time.ParseDuration(s); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range styles {
		for _, perS := range []int{50_000, 0} {
			name := s.name + "/50k per second"
			if perS == 0 {
				name = s.name + "/full speed"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				torture(t, s, perS, length)
			})
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func torture(t *testing.T, s style, perS int, length time.Duration) {
	dir := t.TempDir()
	l := &logger{t: t, path: filepath.Join(dir, "mail.log"), perS: perS, ends: map[string]int64{}}
	if s.begin != nil {
		s.begin(l)
	}
	l.file = l.create()
	defer func() { l.file.Close() }()
	j := job{Path: l.path, Snapshot: filepath.Join(t.TempDir(), "snapshot"), Grace: s.grace}
	if j.Grace == 0 {
		j.Grace = 100 * time.Millisecond
	}
	config, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}

	stop := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() { l.run(stop) })
	rotations, kills := 0, 0
	all.Go(func() {
		for !exists(j.Snapshot) { // a follower without one begins at the file's start
			time.Sleep(time.Millisecond)
		}
		for tick := time.NewTicker(200 * time.Millisecond); ; {
			select {
			case <-stop:
				tick.Stop()
				return
			case <-tick.C:
				s.rotate(l)
				rotations++
			}
		}
	})
	done := make(chan struct{})
	var killer sync.WaitGroup
	killer.Go(func() {
		for {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), childEnv+"="+string(config))
			var said bytes.Buffer
			cmd.Stdout, cmd.Stderr = &said, &said
			if err := cmd.Start(); err != nil {
				t.Error(err)
				return
			}
			for !exists(j.Snapshot) && cmd.ProcessState == nil {
				time.Sleep(time.Millisecond)
			}
			over := false
			select {
			case <-done:
				over = true
			case <-time.After(150*time.Millisecond + rand.N(600*time.Millisecond)):
				kills++
			}
			cmd.Process.Signal(syscall.SIGKILL)
			cmd.Wait()
			if said.Len() > 0 {
				t.Errorf("the follower said: %s", said.Bytes())
				return
			}
			if over {
				return
			}
		}
	})

	state := func() (c count) {
		b, err := os.ReadFile(j.Snapshot)
		if errors.Is(err, os.ErrNotExist) {
			return c
		}
		if err == nil {
			err = json.Unmarshal(b, &c)
		}
		if err != nil {
			t.Error(err)
		}
		l.mu.Lock()
		l.counted = c.Next
		l.mu.Unlock()
		return c
	}
	var c count
	progress := time.Now()
	for end := time.Now().Add(length); ; time.Sleep(10 * time.Millisecond) {
		was := c.Next
		c = state()
		if c.Next > was {
			progress = time.Now()
		}
		if time.Now().After(end) && stop != nil {
			close(stop)
			all.Wait()
			l.packers.Wait()
			stop = nil
		}
		if stop == nil && c.Next >= l.next || time.Since(progress) > time.Minute || t.Failed() {
			break
		}
	}
	if stop != nil {
		close(stop)
	}
	close(done)
	all.Wait()
	killer.Wait()
	c = state()
	t.Logf("%d lines, %d rotations, %d kills", l.next, rotations, kills)
	if c.Next != l.next || c.Lost != 0 || c.Doubled != 0 || c.Torn != 0 {
		t.Errorf("%d lines written, counted up to %d: %d lost, %d doubled, %d torn\n%s", l.next, c.Next, c.Lost, c.Doubled, c.Torn, strings.Join(c.Notices, "\n"))
	}
}

// copytruncate as logrotate does it lets nobody wait: what is written between the end of the
// copy and the cut is gone from the disk, and no reader can be sure to have it. But whatever
// is on the disk afterwards must have been read, once.
func TestCopyTruncateRace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := &logger{t: t, path: filepath.Join(dir, "mail.log"), perS: 50_000}
	l.file = l.create()
	defer func() { l.file.Close() }()
	f, err := Start(context.Background(), options(FromStart, l.path))
	must(t, err)
	stop := make(chan struct{})
	var writer, rotator sync.WaitGroup
	writer.Go(func() { l.run(stop) })
	rotations := 0
	rotator.Go(func() {
		for end := time.Now().Add(1500 * time.Millisecond); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			rotations++
			in, err := os.Open(l.path)
			l.must(err)
			out, err := os.Create(fmt.Sprintf("%s.%d", l.path, rotations))
			l.must(err)
			_, err = io.Copy(out, in)
			l.must(err)
			out.Close()
			in.Close()
			l.must(os.Truncate(l.path, 0))
		}
		close(stop)
		writer.Wait()
		f.Stop()
	})
	read := map[string]int{}
	for b := range f.Blocks() {
		for line := range bytes.Lines(b.Text) {
			read[string(line)]++
		}
	}
	rotator.Wait()
	files, err := filepath.Glob(l.path + "*")
	must(t, err)
	onDisk, missing, doubled, torn := 0, 0, 0, 0
	for _, name := range files {
		content, err := os.ReadFile(name)
		must(t, err)
		for line := range bytes.Lines(content) {
			if len(line) != lineSize || !bytes.HasPrefix(line, []byte("Nov 24")) {
				continue // torn by the cut
			}
			if onDisk++; read[string(line)] == 0 {
				missing++
			}
		}
	}
	for line, n := range read {
		if len(line) != lineSize || !strings.HasPrefix(line, "Nov 24") {
			torn++
		} else if n > 1 {
			doubled++
		}
	}
	t.Logf("%d rotations: %d lines written, %d on the disk, %d read, %d torn", rotations, l.next, onDisk, len(read)-torn, torn)
	if missing > 0 || doubled > 0 {
		t.Errorf("%d lines that are on the disk were not read, %d were read twice", missing, doubled)
	}
}
