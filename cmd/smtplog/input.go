package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/smtplog/smtplog/internal/follow"
	"github.com/smtplog/smtplog/internal/render"
	"github.com/smtplog/smtplog/internal/source"
	"github.com/smtplog/smtplog/parser"
)

// usualPlaces are read where no path is given, with their rotated siblings.
var usualPlaces = []string{
	"/var/log/mail.log", "/var/log/maillog", "/var/log/exim4/mainlog", "/var/log/exim/main.log", "/var/log/exim_mainlog",
}

// log is one input file.
type log struct {
	path     string
	named    bool // by the user, not found in a folder
	dir      string
	set      int // the folder it lies in: tells apart hosts that do not log their name
	rotation source.Rotation
	detail   string         // not empty: its lines add no counts, and why
	first    []byte         // its first line with a stamp
	start    time.Time      // of that line; zero: there is none
	end      time.Time      // of its last line with a stamp, or when it was last written; zero: not known
	opt      parser.Options // Year is set where stamps have none
	years    string         // where the years were taken from
	supposed *supposed      // not nil: they are not sure until all of it has been read
	hasMail  bool           // a line of an MTA was seen at its beginning or end

	file   *source.File
	parser *parser.Parser
	skim   *skim         // nil: its lines are read one by one
	ahead  *ahead        // nil: its lines are parsed one by one, when they are wanted
	ev     *parser.Event // of the current line
	event  parser.Event  // ev, where nothing is parsed ahead
	v      parser.Verdict
	begun  bool      // ev is of a line that never ended, counted already
	line   []byte    // the current line
	time   time.Time // of the current line, or of the latest one before that has a stamp
	lines  int64
	read   int64          // bytes, up to the current line's end
	cut    int64          // lines too long
	turn   int            // place in the order of beginning
	whole  *parser.Digest // the current line is all of this that is counted together; nil: one line
	latest time.Time      // of the last line with a stamp of whole
	mail   bool           // a line of an MTA was seen
	known  bool           // one was understood
	failed error          // why it could not be read to its end

	admitted, blocks bool // see input.admit

	passed  []byte   // the line passed over last, see input.want
	history *history // of a stream that may be read again; nil: not kept
}

// input is everything a command reads: the lines of all files, merged by time.
type input struct {
	p                   *program
	s                   settings
	logs                []*log        // to be read
	skipped             []source.Skip // found and not read
	unread              []source.Skip // could not be read
	pending             []*log        // to be begun, by start
	active              logHeap       // opened, by the time of their current line
	notes               []string      // what the user must know about the input
	files               int
	kinds               map[string]int // files by how they are kept
	bytes               int64
	ends                map[string]time.Time // of logs that have been read: their last stamps, as parser.Yearless has them
	understood, unknown int64                // lines of the mail system
	partial             bool                 // interrupted
	anyMail             bool
	progress            progress

	// want, if set, chooses the lines worth parsing; a log's lines up to the first that is
	// understood and one in clockEvery come all the same.
	want func(line []byte) bool
	// skim, if set, may have a log's lines chosen faster; see trace.
	skim func(l *log)
	// prepare, if set, has logs parsed ahead, and makes what each gives its events to.
	prepare func() func(*parser.Event)
	// passing, if set, says which lines nobody looks at; a log that no other is merged with is
	// taken in whole batches then.
	passing     *parser.Passing
	digester    *parser.Digester // of logs that are taken so, one after the other
	spare       []*batch         // of logs that were parsed ahead
	ahead       int              // how many are
	opened      int              // logs that are read and stay open meanwhile
	packed      int              // compressed logs that are read and do not
	again       bool             // what there is to say of the logs has been said
	first, last time.Time        // of the mail system's lines that were parsed
	ended       time.Time        // the latest end of the logs that were left out because they end long before --since
}

// clockEvery is how many lines may be passed over before one is parsed for its stamp.
const clockEvery = 4096

// openInput finds out what the paths are. What cannot be read is said to stderr.
func (f *pathFlags) openInput(p *program, s settings) (*input, error) {
	return f.openKnowing(p, s, nil)
}

// openKnowing is openInput where the ends of some logs are known.
func (f *pathFlags) openKnowing(p *program, s settings, ends map[string]time.Time) (*input, error) {
	in := &input{p: p, s: s, kinds: map[string]int{}, ends: ends}
	paths := f.Path
	if len(paths) == 0 {
		for _, path := range usualPlaces {
			if found := source.Find(path, true); len(found.Paths) > 0 {
				paths = append(paths, found.Paths...)
			} else if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
				paths = append(paths, path) // to be told why it cannot be read
			}
		}
		if len(paths) == 0 && source.HasJournal() {
			paths = []string{source.JournalPrefix}
		}
		if len(paths) == 0 {
			return nil, errors.New("no log given, and none in the usual places; name a file, a folder, or - for standard input")
		}
		in.notes = append(in.notes, "reading "+strings.Join(paths, " "))
	}
	in.find(paths, f.Rotated)
	in.sureOfStreams()
	in.duplicates()
	in.markDetail()
	in.neighbours()
	in.setYear(f.Year)
	in.window()
	for _, l := range in.logs {
		l.park(len(in.logs))
	}
	in.sort()
	in.progress = newProgress(p, in.logs)
	return in, nil
}

// skip notes that a file is not read.
func (in *input) skip(path, why string) {
	in.skipped = append(in.skipped, source.Skip{Path: path, Why: why})
}

// fail says that a file cannot be read.
func (in *input) fail(path, why string) {
	in.unread = append(in.unread, source.Skip{Path: path, Why: why})
	in.p.errorf("%s: %s", render.Input(path), why)
}

// find inspects all files that the paths stand for.
func (in *input) find(paths []string, rotated bool) {
	seen := seenFiles{}
	several := len(paths) > 1
	for _, path := range paths {
		if path == "-" || strings.HasPrefix(path, source.JournalPrefix) {
			in.inspect(path, true, several, seen)
			continue
		}
		found := source.Find(path, rotated)
		for _, e := range found.Errors {
			in.fail(e.Path, e.Why)
		}
		in.skipped = append(in.skipped, found.Skipped...)
		before := len(in.logs)
		slices.SortStableFunc(found.Paths, plainest)
		for _, file := range found.Paths {
			if in.p.ctx.Err() != nil {
				return // next says so
			}
			in.inspect(file, !found.Folder, several || len(found.Paths) > 1, seen)
		}
		if found.Folder && len(in.logs) == before && len(found.Errors) == 0 {
			in.p.errorf("%s: no mail log in this folder (files looked at: %d; smtplog doctor %s tells more)", path, len(found.Paths), path)
		}
	}
}

// plainest orders the names of files so that of several names of one file the best comes
// first: no link, a mail log's name, the shortest.
func plainest(a, b string) int {
	rank := func(path string) int {
		n := len(filepath.Base(path))
		if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
			n += 1 << 20
		}
		if !source.MailName(path) || detailKind(path) != "" {
			n += 1 << 10
		}
		return n
	}
	return rank(a) - rank(b)
}

// seenFile is a file inspected: it may have several names.
type seenFile struct {
	info os.FileInfo
	path string
}

// seenFiles are the files inspected so far, by device and inode where the system has them.
type seenFiles map[[2]uint64][]seenFile

// again returns the path under which a file has been seen, and else remembers it.
func (s seenFiles) again(path string, info os.FileInfo) (earlier string) {
	if info == nil {
		return ""
	}
	device, inode := follow.Identity(info)
	id := [2]uint64{device, inode}
	for _, other := range s[id] {
		if os.SameFile(info, other.info) {
			return other.path
		}
	}
	s[id] = append(s[id], seenFile{info, path})
	return ""
}

// headSize is how much of a file is looked at to find out what it is.
const headSize = 64 << 10

// inspect opens a path to find out what it holds, and keeps it if it can be read. A file that
// was named is at fault where one that was found is only passed over.
func (in *input) inspect(path string, named, several bool, seen seenFiles) {
	f, err := in.open(path)
	switch {
	case errors.Is(err, source.ErrEmpty) && (several || !named):
		in.skip(path, "empty")
		if named {
			in.p.sayf("%s: is empty", path)
		}
		return
	case errors.Is(err, source.ErrUnsupported) && !named && !source.MailName(path):
		in.skip(path, err.Error())
		return
	case err != nil:
		in.fail(path, err.Error())
		return
	}
	if earlier := seen.again(path, f.Info()); earlier != "" {
		f.Close()
		in.skip(path, "the same file as "+earlier)
		if earlier == path || named {
			in.p.sayf("%s: given twice, read once", path)
		} else {
			in.p.sayf("%s: not read: the same file as %s", path, earlier)
		}
		return
	}
	l := &log{path: path, named: named, file: f, dir: filepath.Dir(path), rotation: source.RotationOf(filepath.Base(path))}
	head := f.Head(headSize)
	if of := ownOutput(head); of != "" {
		f.Close()
		if why := "output of smtplog " + of + ", not a log"; named {
			in.fail(path, why)
		} else {
			in.skip(path, why)
		}
		return
	}
	var tail []byte
	if !f.Packed() {
		tail = f.Tail(in.p.ctx)
	}
	l.hasMail = hasMail(head) || hasMail(tail)
	switch {
	case binary(head) && !l.hasMail && !named:
		in.skip(path, "binary data")
		f.Close()
		return
	case binary(head) && !l.hasMail:
		in.fail(path, "not a mail log: binary data")
		f.Close()
		return
	case !l.hasMail && !named && !source.MailName(path):
		in.skip(path, "no line of a mail system at its beginning or end")
		f.Close()
		return
	}
	in.logs = append(in.logs, l)
	l.opt = parser.Options{Zone: in.s.zone, MTA: in.s.mta}
	l.inferYears(in, head, tail)
	l.findStart(head)
	l.findEnd(tail)
	l.park(len(in.logs))
}

// lookback is how long before --since lines may still tell about what happens after it: longer
// than a message lives in a queue (Postfix maximal_queue_lifetime 5d, Exim usually 4 or 7d).
const lookback = 10 * 24 * time.Hour

func (in *input) open(path string) (*source.File, error) {
	switch {
	case path == "-":
		return source.Open(path, interruptible(in.p.ctx, in.p.stdin))
	case strings.HasPrefix(path, source.JournalPrefix):
		since := in.s.since
		if !since.IsZero() {
			since = since.Add(-lookback)
		}
		return source.OpenJournal(in.p.ctx, path, since, in.s.until)
	}
	return source.Open(path, nil)
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

// ownOutput returns the command of smtplog's whose JSON begins so; "" for what is not ours.
func ownOutput(head []byte) (command string) {
	head = bytes.TrimLeft(head, "[ \r\n")
	for _, command := range []string{"report", "trace", "doctor"} {
		if bytes.HasPrefix(head, []byte(`{"schema":"smtplog.`+command+"/")) {
			return command
		}
	}
	var entry struct {
		MTA, Event, State string
		Recipients        []json.RawMessage
	}
	if !bytes.HasPrefix(head, []byte("{")) || json.NewDecoder(bytes.NewReader(head)).Decode(&entry) != nil || entry.MTA == "" {
		return ""
	}
	if _, ok := kindOf(entry.Event); ok {
		return "events"
	}
	if entry.State != "" && entry.Recipients != nil {
		return "messages"
	}
	return ""
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

// findEnd finds when the last line was written: by its stamp, else by the file's time if that
// makes sense.
func (l *log) findEnd(tail []byte) {
	opt := l.opt
	if opt.LastYear != 0 {
		opt.Year = opt.LastYear
	}
	p := parser.New(opt)
	var ev parser.Event
	for end := tail; len(end) > 0; {
		end = bytes.TrimSuffix(end, []byte("\n"))
		i := bytes.LastIndexByte(end, '\n') + 1
		if p.Parse(end[i:], &ev); !ev.Time.IsZero() {
			l.end = ev.Time
			return
		}
		end = end[:i]
	}
	if !l.file.Stream() && !l.start.IsZero() && l.file.Modified.After(l.start) {
		l.end = l.file.Modified
	}
}
