package main

import (
	"bytes"
	"context"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/smtplog/smtplog/aggregate"
	"github.com/smtplog/smtplog/internal/follow"
	"github.com/smtplog/smtplog/internal/render"
	"github.com/smtplog/smtplog/internal/source"
	"github.com/smtplog/smtplog/parser"
)

// tailCmd is `smtplog tail`.
type tailCmd struct {
	inputFlags
	outputFlags
	From       string        `placeholder:"WHERE" group:"input" help:"Begin at the files' end, start, the checkpoint, or so long ago: 2h (default: the checkpoint if there is one, else the start with --checkpoint or --once and the end without)."`
	Checkpoint string        `placeholder:"FILE" type:"path" group:"input" help:"Save here how far reading has come and what is known, and go on from there: nothing is lost or counted twice."`
	Once       bool          `group:"input" help:"Read to the files' present ends, print the report, and stop."`
	Poll       time.Duration `placeholder:"TIME" group:"input" help:"Look at the files so often instead of being told of changes: for network file systems."`
	Window     time.Duration `placeholder:"TIME" group:"window" help:"Show the last while only, such as 10m."`
	Interval   time.Duration `default:"5s" group:"output" help:"Between two reports."`
	Format     string        `enum:"auto,${formats}" default:"auto" group:"output" help:"${enum}; auto: one line per failure in a pipe, tables on a terminal; ndjson: one event per line; json: one report per line."`
	Table      string        `placeholder:"NAME" group:"tables" help:"One table: ${tables}."`
	Every      string        `default:"auto" placeholder:"WIDTH" group:"tables" help:"Width of time buckets: auto, 1m, 5m, 1h, 1d, 1w, 1M."`
	Plain      bool          `group:"output" xor:"view" help:"One line per failure."`
	Live       bool          `group:"output" xor:"view" help:"Tables, redrawn every interval."`
	UI         bool          `name:"ui" group:"output" xor:"view" help:"A full-screen dashboard."`
}

// keptWindow is the least of the recent past that is counted apart, where anything asks for it.
const keptWindow = time.Hour

// Run follows the files and shows what happens. SIGINT and SIGTERM end it after the last lines.
func (cmd *tailCmd) Run(p *program) error {
	t, err := cmd.tailer(p)
	if err != nil {
		return err
	}
	if cmd.Format == "html" && !cmd.Once {
		return usagef("tail shows a report again and again: a page is smtplog report's")
	}
	for _, path := range cmd.Path {
		paths, _ := filepath.Glob(path)
		if slices.ContainsFunc(append(paths, path), cmd.onto) {
			return usagef("-o %s: this log is to be followed", cmd.Output)
		}
	}
	open := cmd.openStream
	if cmd.Once {
		open = cmd.openOutput
	}
	dest, finish, err := open(p)
	if err != nil {
		return err
	}
	t.dest = dest
	if err := t.view(); err != nil {
		return err
	}
	err = t.follow()
	if unknown := t.c.Report().Input.Unknown; cmd.Strict && unknown > 0 {
		p.errorf("--strict: lines not understood: %d", unknown)
	}
	if finishErr := finish(); err == nil {
		err = finishErr
	}
	p.ctx = context.WithoutCancel(p.ctx) // to be ended is how it should end
	return err
}

// livePlaces are the usual places that exist; only what is being written, no rotated files.
func livePlaces() (paths []string) {
	for _, path := range usualPlaces {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			paths = append(paths, path)
		}
	}
	return paths
}

// checkPaths refuses what cannot be followed, and finds the usual places where none is given.
func (cmd *tailCmd) checkPaths() error {
	if len(cmd.Path) == 0 {
		cmd.Path = livePlaces()
	}
	if len(cmd.Path) == 0 {
		return usagef("no log in the usual places: name the files to follow, or - for standard input")
	}
	if cmd.Rotated {
		return usagef("--rotated: a file is followed through its rotations as it is")
	}
	for _, path := range cmd.Path {
		info, err := os.Stat(path)
		if err != nil && path != source.JournalPrefix && strings.HasPrefix(path, source.JournalPrefix) {
			return usagef("%s: only the machine's own journal is followed: journal:", path)
		}
		if err == nil && info.IsDir() {
			return usagef("%s is a folder: name the files to follow, or a pattern", path)
		}
	}
	return nil
}

// tailer counts the lines that come in and shows what they say. All but notice and ask is used
// by one goroutine.
type tailer struct {
	p    *program
	cmd  *tailCmd
	s    settings
	c    *aggregate.Collector
	dest io.Writer
	logs map[string]*followed
	sets map[string]int // by folder: tells apart hosts that do not log their name

	from    follow.From
	since   time.Time // for follow.FromTime
	resumed []follow.Position
	changed bool // since the checkpoint was saved

	each   func(l *followed, b *follow.Block, at int) // called for every event that counts
	flush  func() error                               // called after each block
	report bool                                       // show reports
	ask    chan func()                                // run between two blocks
	latest failures
	unread sync.Map // the paths that could not be read
	clock  func() time.Time
}

// followed is one path.
type followed struct {
	path   string
	parser *parser.Parser
	ev     parser.Event
	set    int
	recent []byte          // the last lines, to begin a parser with
	last   time.Time       // of the latest stamp
	pos    follow.Position // behind the last line counted
	lag    lag

	repeats                   bool  // its lines add no counts: another log has them
	lines                     int64 // read in this run
	mail, understood, resumed bool  // there was a line of an MTA; one was understood; a checkpoint knew the path
}

// maxRecent bounds followed.recent: what a parser needs of the past is in the last few lines.
const maxRecent = 32 << 10

// tailer makes the tailer that the flags ask for, as the checkpoint left it if there is one.
func (cmd *tailCmd) tailer(p *program) (*tailer, error) {
	s, err := cmd.settings()
	if err != nil {
		return nil, err
	}
	if err := cmd.checkPaths(); err != nil {
		return nil, err
	}
	if cmd.Interval < 100*time.Millisecond {
		return nil, usagef("--interval %v: want 100ms or more", cmd.Interval)
	}
	if cmd.Window < 0 || cmd.Window > 0 && cmd.Window < time.Minute {
		return nil, usagef("--window %v: want a minute or more", cmd.Window)
	}
	every, err := aggregate.ParseEvery(cmd.Every)
	if err != nil {
		return nil, usageError{err}
	}
	if cmd.Table != "" && !knownTable(cmd.Table) {
		return nil, usagef("unknown table %q, want one of %s", cmd.Table, strings.Join(aggregate.TableNames(false), ", "))
	}
	opt := aggregate.Options{Since: s.since, Until: s.until, Zone: s.zone, Every: every, Filter: s.filter, Notices: s.notices, Rewrite: s.rewrite, Classifier: s.classifier, Unmerged: true}
	if cmd.UI || cmd.Window > 0 || cmd.Checkpoint != "" {
		opt.Recent = max(cmd.Window, keptWindow)
	}
	t := &tailer{p: p, cmd: cmd, s: s, logs: map[string]*followed{}, sets: map[string]int{}, ask: make(chan func()), clock: time.Now}
	if t.c, err = aggregate.NewCollector(opt); err != nil {
		return nil, usageError{err}
	}
	return t, t.begin()
}

func knownTable(name string) bool {
	for _, known := range aggregate.TableNames(false) {
		if known == name {
			return true
		}
	}
	return false
}

// begin finds out where to begin.
func (t *tailer) begin() error {
	from := t.cmd.From
	switch from {
	case "":
		from = "end"
		if t.cmd.Checkpoint != "" {
			from = "checkpoint"
		} else if t.cmd.Once {
			from = "start"
		}
	}
	switch from {
	case "end":
		t.from = follow.FromEnd
	case "start":
		t.from = follow.FromStart
	case "checkpoint":
		if t.cmd.Checkpoint == "" {
			return usagef("--from checkpoint: name it with --checkpoint")
		}
		t.from = follow.FromPositions
		return t.restore(t.cmd.Checkpoint)
	default:
		at, err := when(from, time.Now().In(t.s.zone))
		if err != nil {
			return usagef("--from %v, or end, start or checkpoint", err)
		}
		t.from, t.since = follow.FromTime, at
	}
	return nil
}

// stamp reads when a line was written; a stamp without a year is of the last twelve months.
func (t *tailer) stamp(line []byte) (time.Time, bool) {
	var ev parser.Event
	parser.New(t.parserOptions(line)).Parse(line, &ev)
	return ev.Time, !ev.Time.IsZero()
}

// parserOptions are those for a log whose first line is given: a stamp without a year is at
// most a day ahead of now.
func (t *tailer) parserOptions(first []byte) parser.Options {
	opt := parser.Options{Zone: t.s.zone, MTA: t.s.mta, Year: t.cmd.Year}
	if opt.Year == 0 {
		if stamp, ok := parser.Yearless(first); ok {
			opt.Year, _ = parser.InferYears(stamp, stamp, time.Now().In(t.s.zone))
		}
	}
	return opt
}

// follow reads until the user, the end of all streams or --once ends it.
func (t *tailer) follow() error {
	var stdin io.Reader // the dashboard's keys, unless a log comes from there
	if slices.Contains(t.cmd.Path, "-") {
		stdin = interruptible(t.p.ctx, t.p.stdin)
	}
	f, err := follow.Start(context.WithoutCancel(t.p.ctx), follow.Options{
		Paths: t.cmd.Path, From: t.from, Positions: t.resumed, Time: t.since, Stamp: t.stamp,
		Once: t.cmd.Once, Unfinished: t.cmd.Once && t.cmd.Checkpoint == "", Poll: t.cmd.Poll, Stdin: stdin, Notice: t.notice,
	})
	if err != nil {
		return usageError{err}
	}
	var ui chan error
	if t.cmd.UI {
		ui = make(chan error, 1)
		go func() { ui <- t.dashboard() }()
	}
	interval := t.cmd.Interval
	if t.inPlace() { // nobody looks at an empty screen for so long
		interval = min(interval, firstLook)
	}
	tick := time.NewTicker(interval)
	defer tick.Stop()
	done := t.p.ctx.Done()
	began := false
	var failed error
	fail := func(err error) {
		if err != nil && failed == nil {
			failed = err
			f.Stop()
		}
	}
	for blocks := f.Blocks(); blocks != nil; {
		select {
		case b, ok := <-blocks:
			if !ok {
				blocks = nil
				break
			}
			if failed == nil {
				fail(t.count(&b))
				if !began { // what is lost from here on, a checkpoint knows of
					t.save()
					began = true
				}
			}
		case <-tick.C:
			if interval != t.cmd.Interval {
				interval = t.cmd.Interval
				tick.Reset(interval)
			}
			t.save()
			if t.report && !t.cmd.Once && failed == nil {
				fail(t.show())
			}
		case work := <-t.ask:
			work()
		case <-done:
			done = nil
			f.Stop()
		case err := <-ui:
			ui = nil
			f.Stop()
			fail(err)
		}
	}
	for range t.unread.Range {
		t.p.failed = true
	}
	if failed != nil {
		return failed
	}
	t.save()
	if t.cmd.Checkpoint == "" {
		if err := t.unended(); err != nil {
			return err
		}
	}
	if t.cmd.Once {
		if err := t.judge(); err != nil {
			return err
		}
	}
	if ui != nil { // the streams have ended; the user looks on
		for ui != nil {
			select {
			case work := <-t.ask:
				work()
			case <-ui:
				ui = nil
			}
		}
	}
	if t.report {
		return t.show()
	}
	return nil
}

// judge says which files were no mail log, as report does; what a checkpoint's run adds to a file
// may well be other programs' lines, or nothing. It returns an error where none was.
func (t *tailer) judge() error {
	whole := t.from == follow.FromStart && t.cmd.Checkpoint == ""
	if whole && slices.Contains(t.cmd.Path, "-") {
		t.log("-") // has no block where it is empty
	}
	for _, path := range slices.Sorted(maps.Keys(t.logs)) {
		switch l := t.logs[path]; {
		case whole && l.lines == 0:
			t.c.Read(-1, 0)
			if _, known := t.unread.Load(path); known {
				continue
			}
			t.p.sayf("%s: is empty", render.Input(path))
		case l.lines == 0 || l.understood || l.resumed:
		case l.mail:
			t.p.errorf("%s: no line understood of %d", render.Input(path), l.lines)
		case slices.Contains(t.cmd.Path, path):
			t.p.errorf("%s: "+notMail, render.Input(path), l.lines)
		default:
			t.p.sayf("%s: "+notMail, render.Input(path), l.lines)
		}
	}
	if in := t.c.Report().Input; in.Understood == 0 && (whole || in.Lines > 0 || t.p.failed) {
		return errNoMail
	}
	return nil
}

// notice says what happened to a file, unless it is a matter of course.
func (t *tailer) notice(n follow.Notice) {
	if n.Kind == follow.Rotated {
		return
	}
	if t.cmd.Once && n.Kind != follow.Truncated && n.Kind != follow.Back { // nobody waits for it to get better
		t.unread.Store(n.Path, true)
	}
	if t.cmd.UI {
		t.latest.say(render.Input(n.Path) + ": " + n.Text)
		return
	}
	t.p.sayf("%s: %s", render.Input(n.Path), n.Text)
}

// log returns the state of a path.
func (t *tailer) log(path string) *followed {
	l := t.logs[path]
	if l == nil {
		dir := filepath.Dir(path)
		if t.sets[dir] == 0 {
			t.sets[dir] = len(t.sets) + 1
		}
		l = &followed{path: path, set: t.sets[dir]}
		t.logs[path] = l
		t.c.Read(1, 0)
	}
	return l
}

// repeats tells whether a log holds lines of another one that is followed too, as report finds out
// (markDetail): by their names, where the other has lines of a mail system and is still written. One that is empty
// so far may prove to be such a log.
func (t *tailer) repeats(path string) bool {
	kind := detailKind(path)
	if kind == "" {
		return false
	}
	for _, p := range t.cmd.Path {
		others, _ := filepath.Glob(p)
		if len(others) == 0 {
			others = []string{p}
		}
		for _, other := range others {
			of := detailKind(other)
			main := of == "info" && (kind == "part" || kind == "system") ||
				of == "" && source.MailName(other) && (kind == "exim" || !strings.Contains(filepath.Base(other), "main")) // Exim's own is not syslog's
			if main && filepath.Dir(other) == filepath.Dir(path) && t.current(other, path) {
				return true
			}
		}
	}
	return false
}

// staleAfter is how much longer ago a log may have been written than one that repeats its lines.
const staleAfter = time.Hour

// current tells whether a log has lines of a mail system and was written about when path was, or later.
func (t *tailer) current(log, path string) bool {
	info, err := os.Stat(log)
	part, perr := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || perr == nil && part.ModTime().Sub(info.ModTime()) > staleAfter {
		return false
	}
	f, err := source.Open(log, nil)
	if err != nil {
		return false
	}
	defer f.Close()
	return hasMail(f.Head(headSize)) || hasMail(f.Tail(t.p.ctx))
}

// count parses and counts a block.
func (t *tailer) count(b *follow.Block) error {
	l := t.log(b.Path)
	l.pos = b.Pos
	t.changed = true
	if len(b.Text) == 0 {
		return nil
	}
	t.c.Read(0, int64(len(b.Text)))
	l.repeats = l.repeats || t.repeats(b.Path)
	first, _, _ := bytes.Cut(b.Text, []byte("\n"))
	if l.parser == nil {
		l.start(t, first, b.Text)
	}
	if l.lines == 0 {
		if stamp, ok := t.stamp(first); ok {
			l.lag.read(t.clock().Sub(stamp))
		}
	}
	for at := 0; at < len(b.Text); {
		line, rest, _ := bytes.Cut(b.Text[at:], []byte("\n"))
		v := l.parser.Parse(line, &l.ev)
		l.lines++
		l.mail, l.understood = l.mail || v != parser.Ignored, l.understood || v == parser.Understood
		if !l.ev.Time.IsZero() {
			l.last = l.ev.Time
		}
		if l.repeats {
			t.c.Line(v)
		} else if _, counts := t.c.Add(&l.ev, v, l.set); counts && t.each != nil {
			t.each(l, b, at)
		}
		at = len(b.Text) - len(rest)
	}
	l.keep(b.Text)
	if !l.last.IsZero() {
		l.lag.read(t.clock().Sub(l.last))
	}
	if t.flush != nil {
		return t.flush()
	}
	return nil
}

// unended counts the events whose lines a container began and never ended. Where there is a
// checkpoint they are left to the next run, which may see their ends.
func (t *tailer) unended() error {
	for _, path := range slices.Sorted(maps.Keys(t.logs)) {
		l := t.logs[path]
		for l.parser != nil && !l.repeats && l.parser.Flush(&l.ev) {
			if _, counts := t.c.Event(&l.ev, l.set); counts && t.each != nil {
				t.each(l, &follow.Block{Path: path, Pos: l.pos}, 0)
			}
		}
	}
	if t.flush != nil {
		return t.flush()
	}
	return nil
}

// start makes the parser of a path whose first lines come in.
func (l *followed) start(t *tailer, first, text []byte) {
	l.parser = parser.New(t.parserOptions(first))
	l.parser.Prime(text)
}

// resume makes the parser of a path that goes on behind l.recent.
func (l *followed) resume(t *tailer) {
	if len(l.recent) == 0 {
		return
	}
	// Stamps without a year are of the year that makes the last line as late as it was.
	begin := func(year int) bool {
		l.parser = parser.New(parser.Options{Zone: t.s.zone, MTA: t.s.mta, Year: year})
		l.parser.Prime(l.recent)
		var last time.Time
		for text := l.recent; len(text) > 0; {
			var line []byte
			line, text, _ = bytes.Cut(text, []byte("\n"))
			if l.parser.Parse(line, &l.ev); !l.ev.Time.IsZero() {
				last = l.ev.Time
			}
		}
		return last.Equal(l.last)
	}
	if year := l.last.Year(); !begin(year) && !begin(year-1) && !begin(year+1) {
		begin(year)
	}
}

// keep remembers the last whole lines.
func (l *followed) keep(text []byte) {
	if len(text) >= maxRecent {
		l.recent = append(l.recent[:0], text[len(text)-maxRecent:]...)
	} else {
		if over := len(l.recent) + len(text) - maxRecent; over > 0 {
			l.recent = append(l.recent[:0], l.recent[over:]...)
		}
		l.recent = append(l.recent, text...)
		if len(l.recent) < maxRecent {
			return
		}
	}
	if i := bytes.IndexByte(l.recent, '\n'); i >= 0 {
		l.recent = append(l.recent[:0], l.recent[i+1:]...)
	}
}
