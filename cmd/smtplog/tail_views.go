package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/smtplog/smtplog/aggregate"
	"github.com/smtplog/smtplog/internal/dashboard"
	"github.com/smtplog/smtplog/internal/follow"
	"github.com/smtplog/smtplog/internal/render"
	"github.com/smtplog/smtplog/parser"
	"github.com/smtplog/smtplog/status"
)

// view chooses what tail shows.
func (t *tailer) view() error {
	cmd := t.cmd
	chosen := cmd.Plain || cmd.Live || cmd.UI
	switch {
	case chosen && cmd.Format != "auto" && !(cmd.Live && cmd.Format == "table"):
		return usagef("--plain, --live and --ui are formats of their own: leave out --format %s", cmd.Format)
	case cmd.UI && (!isTerminal(t.dest) || !isTerminalIn(t.p.stdin)):
		return usagef("--ui needs a terminal")
	case cmd.UI && slices.Contains(cmd.Path, "-"):
		return usagef("--ui takes its keys from standard input: name the files to follow")
	case cmd.UI && cmd.Once:
		return usagef("--ui goes on: leave out --once")
	case cmd.UI:
		t.each = t.remember
	case cmd.Plain || cmd.Format == "auto" && !cmd.Live && !cmd.Once && !isTerminal(t.dest):
		t.lines(func(w *bufio.Writer, l *followed, _ *follow.Block, _ int) {
			if render.Trouble(&l.ev) {
				opt := t.options()
				if !isTerminal(t.dest) {
					opt.Width = 0
				}
				fmt.Fprintln(w, render.Failure(&l.ev, opt))
			}
		})
	case cmd.Format == "ndjson":
		var buf []byte
		t.lines(func(w *bufio.Writer, l *followed, b *follow.Block, at int) {
			buf = render.EventAt(buf[:0], &l.ev, l.path, b.LinePos(at))
			w.Write(buf)
		})
	default:
		t.report = true
	}
	return nil
}

func isTerminalIn(r io.Reader) bool {
	f, ok := r.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// lines makes the tailer write with each for every event that counts.
func (t *tailer) lines(each func(w *bufio.Writer, l *followed, b *follow.Block, at int)) {
	w := bufio.NewWriterSize(t.dest, 64<<10)
	t.each = func(l *followed, b *follow.Block, at int) { each(w, l, b, at) }
	t.flush = w.Flush
}

func (t *tailer) options() render.Options {
	opt := t.cmd.outputFlags.options(t.dest, t.s.zone)
	opt.Table = t.cmd.Table
	return opt
}

// now is the report of what is known, of the window if there is one.
func (t *tailer) now(window time.Duration) *aggregate.Report {
	if window > 0 {
		return t.c.Recent(t.clock().Add(-window))
	}
	return t.c.Report()
}

// firstLook is when a report that is redrawn is shown first, if the interval is longer.
const firstLook = 300 * time.Millisecond

// inPlace tells whether reports take each other's place on a terminal.
func (t *tailer) inPlace() bool {
	return t.report && !t.cmd.Once && (t.cmd.Format == "auto" || t.cmd.Format == "table") && isTerminal(t.dest)
}

// show writes the report as of now: in place on a terminal, unless it is the only one.
func (t *tailer) show() error {
	format := t.cmd.Format
	if format == "auto" {
		format = "table"
	}
	var out bytes.Buffer
	inPlace := t.inPlace()
	switch {
	case format == "json":
		format = "ndjson" // a report is a line, the only one too
	case inPlace:
		out.WriteString("\x1b[H\x1b[2J") // home, and clear
	}
	if err := render.Report(&out, t.now(t.cmd.Window), format, t.options()); err != nil {
		return err
	}
	if !t.cmd.Once && (format == "table" || format == "markdown") {
		fmt.Fprintf(&out, "\n%s\n", t.clock().In(t.s.zone).Format(time.RFC3339))
	}
	screen := out.Bytes()
	if inPlace {
		screen = t.fit(screen)
	}
	_, err := t.dest.Write(screen)
	return err
}

// fit cuts a screen to the terminal's height, so that its beginning stays in view.
func (t *tailer) fit(screen []byte) []byte {
	file, ok := t.dest.(*os.File)
	if !ok {
		return screen
	}
	_, height, err := term.GetSize(int(file.Fd()))
	if err != nil || height < 4 {
		return screen
	}
	lines := bytes.SplitAfter(screen, []byte("\n"))
	if len(lines) < height {
		return screen
	}
	return append(bytes.Join(lines[:height-2], nil), "... more: a taller terminal, or --table NAME"...)
}

// failures are the latest failed attempts, and the latest word about the input.
type failures struct {
	list []dashboard.Failure

	mu     sync.Mutex
	notice string
}

// maxLatest bounds the failures that the dashboard can show.
const maxLatest = 2000

func (f *failures) say(notice string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.notice = notice
}

// remember keeps a failed attempt for the dashboard.
func (t *tailer) remember(l *followed, _ *follow.Block, _ int) {
	ev := &l.ev
	if ev.Kind != parser.Deferred && ev.Kind != parser.Bounced {
		return
	}
	f := dashboard.Failure{
		Time: ev.Time, QueueID: string(ev.QueueID), Sender: string(ev.Sender), Recipient: string(ev.Recipient),
		Relay: string(ev.Relay.Name), Event: ev.Kind.String(), Reason: ev.Reason.String(),
		Reply: string(status.Fold(nil, ev.Text)), Text: string(ev.Text),
	}
	v := t.c.EventView(ev)
	f.Domain, f.Provider = string(v.Append(nil, aggregate.DimDomain)), string(v.Append(nil, aggregate.DimProvider))
	if f.Relay == "" {
		f.Relay = string(ev.Relay.IP)
	}
	if ev.Code != 0 {
		f.Code = strconv.Itoa(ev.Code)
	}
	list := &t.latest.list
	if len(*list) >= 2*maxLatest { // half of it at a time, so that it costs little
		*list = append((*list)[:0], (*list)[maxLatest:]...)
	}
	*list = append(*list, f)
}

// dashboard shows the full-screen view until the user quits.
func (t *tailer) dashboard() error {
	windows := []time.Duration{0, 10 * time.Minute, keptWindow}
	if w := t.cmd.Window; w > 0 {
		windows = append([]time.Duration{w}, windows...)
	}
	return dashboard.Run(t.p.ctx, dashboard.Options{
		Windows: windows, Interval: min(t.cmd.Interval, 2*time.Second), Zone: t.s.zone, Color: t.options().Color,
		Source: func(window time.Duration) (s dashboard.Snapshot) {
			done := make(chan struct{})
			t.ask <- func() {
				s = t.snapshot(window)
				close(done)
			}
			<-done
			return s
		},
	}, t.p.stdin, t.dest)
}

func (t *tailer) snapshot(window time.Duration) dashboard.Snapshot {
	r := t.now(window)
	start := &r.Totals
	if window > 0 {
		start = &t.c.Report().Totals
	}
	waited := false
	for _, l := range t.logs {
		waited = l.lag.fell() || waited
	}
	list := t.latest.list[max(0, len(t.latest.list)-maxLatest):]
	t.latest.mu.Lock()
	defer t.latest.mu.Unlock()
	return dashboard.Snapshot{Time: t.clock(), Report: r, Start: start, Waited: waited,
		Latest: append([]dashboard.Failure{}, list...), Notice: t.latest.notice}
}

// lag is how much older than the clock a log's lines are when they are read. It stays as it is while
// the log grows, also where its zone is another one, and falls while lines are read that have waited.
type lag struct {
	known         bool
	latest, asked time.Duration // of the line read last; when it was asked last
}

const (
	maxLag  = time.Minute      // of a log's first lines, if they have not waited
	maxFall = 10 * time.Second // between two looks: lines of several hosts come out of order
)

// read takes the lag of a line.
func (g *lag) read(d time.Duration) {
	if !g.known {
		g.known, g.asked = true, d
		if d > maxLag {
			g.asked += 2 * maxFall // has fallen, whatever comes next
		}
	}
	g.latest = d
}

// fell tells whether lines that had waited were read since it was asked last.
func (g *lag) fell() bool {
	fell := g.asked-g.latest > maxFall
	g.asked = g.latest
	return fell
}
