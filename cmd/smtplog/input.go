package main

import (
	"bytes"
	"container/heap"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/smtplog/smtplog/internal/source"
	"github.com/smtplog/smtplog/parser"
)

// usualPlaces are read where no path is given.
var usualPlaces = []string{
	"/var/log/mail.log", "/var/log/maillog", "/var/log/exim4/mainlog", "/var/log/exim/main.log", "/var/log/exim_mainlog",
}

// log is one input file.
type log struct {
	path   string
	set    int       // the folder it lies in: tells apart hosts that do not log their name
	detail bool      // an Exim reject or panic log beside its main log: adds no counts
	first  []byte    // its first line with a stamp
	start  time.Time // of that line; zero: there is none
	opt    parser.Options

	file   *source.File
	parser *parser.Parser
	ev     parser.Event
	v      parser.Verdict
	time   time.Time // of the current line, or of the latest one before that has a stamp
	line   []byte    // the current line
	lines  int64
	mail   bool // a line of an MTA was seen
	known  bool // one was understood

	skipped []byte   // the line passed over last, see input.want
	history *history // of a stream that may be read again; nil: not kept
}

// input is everything a command reads: the lines of all files, merged by time.
type input struct {
	p       *program
	s       settings
	logs    []*log
	pending []*log   // to be read, by start
	active  logHeap  // opened, by the time of their current line
	notes   []string // what the user must know about the input
	files   int
	bytes   int64
	partial bool // interrupted
	anyMail bool

	// want, if set, chooses the lines worth parsing; a log's lines up to the first that is
	// understood and one in clockEvery come all the same.
	want  func(line []byte) bool
	again bool      // what there is to say of the logs has been said
	first time.Time // of the mail system's lines that were parsed
	last  time.Time
	progress
}

// clockEvery is how many lines may be passed over before one is parsed for its stamp.
const clockEvery = 4096

// openInput finds out what the paths are. What cannot be read is said to stderr.
func (f *inputFlags) openInput(p *program, s settings) (*input, error) {
	in := &input{p: p, s: s, progress: newProgress(p)}
	paths := f.Path
	if len(paths) == 0 {
		for _, path := range usualPlaces {
			if _, err := os.Stat(path); err == nil {
				paths = append(paths, path)
			}
		}
		if len(paths) == 0 {
			return nil, errors.New("no log given, and none in the usual places; name a file, or - for standard input")
		}
		in.notes = append(in.notes, "reading "+strings.Join(paths, " "))
	}
	in.inspect(expand(paths))
	if len(in.logs) == 0 && p.failed {
		return in, nil
	}
	in.markDetail()
	in.years(f.Year)
	in.sort()
	return in, nil
}

// expand replaces glob patterns that name no file by the files they match.
func expand(paths []string) []string {
	var all []string
	for _, path := range paths {
		if strings.ContainsAny(path, "*?[") {
			if _, err := os.Stat(path); err != nil {
				if m, err := filepath.Glob(path); err == nil && len(m) > 0 {
					all = append(all, m...)
					continue
				}
			}
		}
		all = append(all, path)
	}
	return all
}

// headSize is how much of a file is looked at to find out what it is.
const headSize = 64 << 10

// inspect opens every path once, to find out what it holds, and keeps what can be read.
func (in *input) inspect(paths []string) {
	var infos []os.FileInfo
	dirs := map[string]int{}
next:
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && path != "-" {
			for _, other := range infos {
				if os.SameFile(info, other) {
					in.p.sayf("%s: given twice, read once", path)
					continue next
				}
			}
			infos = append(infos, info)
		}
		var stdin io.Reader
		if path == "-" {
			stdin = interruptible(in.p.ctx, in.p.stdin)
		}
		f, err := source.Open(path, stdin)
		if err != nil {
			if errors.Is(err, source.ErrEmpty) && len(paths) > 1 {
				in.p.sayf("%s: is empty", path)
				continue
			}
			in.p.errorf("%s: %v", path, err)
			if errors.Is(err, source.ErrDirectory) {
				in.p.sayf("hint: name the logs in it: smtplog %s", filepath.Join(path, "mail.log*"))
			}
			continue
		}
		head := f.Head(headSize)
		if binary(head) && !hasMail(head) {
			in.p.errorf("%s: not a mail log: binary data", path)
			f.Close()
			continue
		}
		dir := filepath.Dir(path)
		if _, ok := dirs[dir]; !ok {
			dirs[dir] = len(dirs) + 1
		}
		l := &log{path: path, set: dirs[dir], file: f}
		in.logs = append(in.logs, l)
		in.inspectYears(l)
		l.findStart(head)
		if path != "-" {
			f.Close() // opened again when its turn comes: there may be many
			l.file = nil
		}
	}
}

// inspectYears finds the years of a log's stamps, where they lack one.
func (in *input) inspectYears(l *log) {
	l.opt = parser.Options{Zone: in.s.zone, MTA: in.s.mta}
	first, last, ok := l.file.Ends(parser.Yearless)
	switch {
	case ok:
		l.opt.Year, l.opt.LastYear = parser.InferYears(first, last, l.file.Modified.In(in.s.zone))
	case !first.IsZero(): // a stream: its end is not known
		l.opt.Year, _ = parser.InferYears(first, first, l.file.Modified.In(in.s.zone))
	}
}

// interruptible reads from r until ctx is done: a read from a pipe that stays silent cannot
// be broken off, so another goroutine does it.
func interruptible(ctx context.Context, r io.Reader) io.Reader {
	out, in := io.Pipe()
	go func() {
		_, err := io.CopyBuffer(struct{ io.Writer }{in}, struct{ io.Reader }{r}, make([]byte, 256<<10))
		in.CloseWithError(err) // nil is io.EOF
	}()
	go func() {
		<-ctx.Done()
		in.CloseWithError(io.EOF)
	}()
	return out
}

// binary tells whether a file's head is no text: control bytes other than those of text. A
// few NULs are what a crash leaves in a log.
func binary(head []byte) bool {
	n := 0
	for _, c := range head {
		if c < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != 0x1b {
			n++
		}
	}
	return n*20 > len(head) // random bytes have twice as many
}

// hasMail tells whether a block holds a line of an MTA.
func hasMail(block []byte) bool {
	p := parser.New(parser.Options{})
	var ev parser.Event
	for len(block) > 0 {
		var line []byte
		line, block, _ = bytes.Cut(block, []byte("\n"))
		if p.Parse(line, &ev) == parser.Understood {
			return true
		}
	}
	return false
}

// markDetail finds Exim's reject and panic logs that lie beside a main log: they repeat its
// lines.
func (in *input) markDetail() {
	extra := func(l *log) bool {
		name := strings.ToLower(filepath.Base(l.path))
		return strings.Contains(name, "reject") || strings.Contains(name, "panic")
	}
	for _, l := range in.logs {
		for _, main := range in.logs {
			if extra(l) && !extra(main) && l.set == main.set {
				l.detail = true
			}
		}
	}
}

// years moves the years that were found out so that the oldest first line is of the given
// year, and says once that years were guessed.
func (in *input) years(year int) {
	oldest := time.Time{}
	guessed := 0
	for _, l := range in.logs {
		if l.opt.Year == 0 {
			continue
		}
		guessed = max(guessed, l.opt.Year)
		if oldest.IsZero() || l.start.Before(oldest) {
			oldest = l.start
		}
	}
	if guessed == 0 {
		return
	}
	if year == 0 {
		in.notes = append(in.notes, "the stamps have no year; taken from the time the file was last written (--year N sets it)")
		return
	}
	for _, l := range in.logs {
		if l.opt.Year != 0 {
			l.opt.Year += year - oldest.Year()
			if l.opt.LastYear != 0 {
				l.opt.LastYear += year - oldest.Year()
			}
			l.findStart(l.first)
		}
	}
}

// findStart finds the first line of a block that has a stamp.
func (l *log) findStart(block []byte) {
	p := parser.New(l.opt)
	var ev parser.Event
	for len(block) > 0 {
		var line []byte
		line, block, _ = bytes.Cut(block, []byte("\n"))
		if p.Parse(line, &ev); !ev.Time.IsZero() {
			l.first, l.start = bytes.Clone(line), ev.Time
			return
		}
	}
}

// sort puts the logs in the order in which their turns come.
func (in *input) sort() {
	in.pending = slices.Clone(in.logs)
	slices.SortStableFunc(in.pending, func(a, b *log) int { return a.start.Compare(b.start) })
}

// next returns the log whose current line is the next one of all, nil after the last. Its ev
// and v are what the line says; they are valid until the next call.
//
// A log's lines are kept in their order; between logs the times decide.
func (in *input) next() *log {
	if in.p.ctx.Err() != nil {
		in.partial = true
		return nil
	}
	if len(in.active) > 0 {
		l := in.active[0]
		if l.advance(in) {
			if len(in.active) > 1 {
				heap.Fix(&in.active, 0)
			}
		} else {
			heap.Pop(&in.active)
		}
	}
	for len(in.pending) > 0 && (len(in.active) == 0 || !in.pending[0].start.After(in.active[0].time)) {
		l := in.pending[0]
		in.pending = in.pending[1:]
		if l.begin(in) {
			heap.Push(&in.active, l)
		}
	}
	if len(in.active) == 0 {
		in.partial = in.p.ctx.Err() != nil
		return nil
	}
	return in.active[0]
}

// begin opens a log whose turn has come and reads its first line.
func (l *log) begin(in *input) bool {
	if l.file == nil {
		f, err := source.Open(l.path, nil)
		if err != nil {
			in.p.errorf("%s: %v", l.path, err)
			return false
		}
		l.file = f
	}
	l.parser = parser.New(l.opt)
	l.parser.Prime(l.file.Head(headSize))
	l.time = l.start
	return l.advance(in)
}

// advance reads the log's next line; at its end, or where it cannot be read on, it says what
// is to be said of the log and returns false.
func (l *log) advance(in *input) bool {
	for {
		line, err := l.file.Next()
		if err != nil {
			if len(l.skipped) > 0 {
				l.parse(in, l.skipped)
			}
			l.finish(in, err)
			return false
		}
		l.lines++
		in.progress.line(l)
		if l.history != nil && !in.again {
			l.history.add(line)
		}
		if in.want != nil && l.known && l.lines%clockEvery != 0 && !in.want(line) {
			l.skipped = append(l.skipped[:0], line...)
			continue
		}
		l.skipped = l.skipped[:0]
		l.parse(in, line)
		return true
	}
}

// parse makes line the current one.
func (l *log) parse(in *input, line []byte) {
	l.line = line
	l.v = l.parser.Parse(line, &l.ev)
	if !l.ev.Time.IsZero() {
		l.time = l.ev.Time
	}
	switch l.v {
	case parser.Understood:
		l.known, l.mail = true, true
	case parser.Unrecognised:
		l.mail = true
	default:
		return
	}
	if t := l.ev.Time; !t.IsZero() {
		if in.first.IsZero() || t.Before(in.first) {
			in.first = t
		}
		if t.After(in.last) {
			in.last = t
		}
	}
}

// rewind starts reading anew, of a stream what its history holds.
func (in *input) rewind() error {
	for _, l := range in.logs {
		if l.file != nil {
			l.file.Close()
		}
		l.file, l.parser, l.lines, l.known, l.mail, l.skipped = nil, nil, 0, false, false, nil
		if l.history != nil {
			f, err := source.Open("-", l.history.reader())
			if err != nil && !errors.Is(err, source.ErrEmpty) {
				return err
			}
			l.file, l.lines = f, l.history.dropped
		}
	}
	in.again, in.active, in.files, in.bytes = true, nil, 0, 0
	in.sort()
	return nil
}

// finish closes a log and says what was wrong with it.
func (l *log) finish(in *input, err error) {
	f := l.file
	f.Close()
	in.files++
	in.bytes += f.Bytes
	in.anyMail = in.anyMail || l.known
	l.parser = nil
	if in.again {
		return
	}
	switch {
	case err != io.EOF:
		in.p.errorf("%s: %v after line %d", l.path, err, l.lines)
	case l.lines == 0 && len(in.logs) > 1:
		in.p.sayf("%s: is empty", l.path)
	case l.lines == 0:
		in.p.errorf("%s: is empty", l.path)
	case !l.known && !l.mail:
		in.p.errorf("%s: not a mail log: none of its %d lines is Postfix's or Exim's", l.path, l.lines)
	case !l.known:
		in.p.errorf("%s: no line understood of %d", l.path, l.lines)
	}
	if f.Cut > 0 {
		in.p.sayf("%s: %d lines longer than %d bytes were cut", l.path, f.Cut, source.MaxLine)
	}
}

// logHeap is a heap of logs by the time of their current line, then by the order given.
type logHeap []*log

func (h logHeap) Len() int { return len(h) }
func (h logHeap) Less(i, j int) bool {
	if c := h[i].time.Compare(h[j].time); c != 0 {
		return c < 0
	}
	return h[i].path < h[j].path
}
func (h logHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *logHeap) Push(x any)   { *h = append(*h, x.(*log)) }
func (h *logHeap) Pop() any {
	old := *h
	l := old[len(old)-1]
	*h = old[:len(old)-1]
	return l
}
