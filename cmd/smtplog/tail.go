package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/smtplog/smtplog/aggregate"
	"github.com/smtplog/smtplog/internal/follow"
	"github.com/smtplog/smtplog/internal/render"
	"github.com/smtplog/smtplog/parser"
)

// tailCmd is `smtplog tail`.
type tailCmd struct {
	reportCmd
	From     string        `enum:"end,start" default:"end" group:"input" help:"Begin at the files' ${enum}."`
	Interval time.Duration `default:"5s" group:"output" help:"Between two reports."`
}

// tailed is one of the logs.
type tailed struct {
	n      int // counted from 0
	parser *parser.Parser
}

// Run follows the files and shows the report every interval: redrawn in place on a terminal,
// one after the other in a pipe. SIGINT and SIGTERM end it after the last lines.
func (cmd *tailCmd) Run(p *program) error {
	c, s, err := cmd.collector()
	if err != nil {
		return err
	}
	if cmd.Interval < 100*time.Millisecond {
		return usagef("--interval %v: want 100ms or more", cmd.Interval)
	}
	paths := expand(cmd.Path)
	if len(paths) == 0 {
		return usagef("tail: name the files to follow, or - for standard input")
	}
	dest, finish, err := cmd.openOutput(p)
	if err != nil {
		return err
	}
	from := follow.FromEnd
	if cmd.From == "start" {
		from = follow.FromStart
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	f, err := follow.Start(ctx, follow.Options{Paths: paths, From: from, Stdin: p.stdin,
		Notice: func(n follow.Notice) { p.sayf("%s: %s", n.Path, n.Text) }})
	if err != nil {
		return err
	}
	defer context.AfterFunc(p.ctx, f.Stop)()
	t := &tailer{p: p, cmd: cmd, c: c, zone: s.zone, mta: s.mta, dest: dest, logs: map[string]*tailed{}}
	err = t.run(f.Blocks())
	if err == nil {
		err = finish()
	}
	p.ctx = context.WithoutCancel(p.ctx)
	return err
}

// tailer counts the lines that come in and shows the report.
type tailer struct {
	p    *program
	cmd  *tailCmd
	c    *aggregate.Collector
	zone *time.Location
	mta  parser.MTA
	dest io.Writer
	logs map[string]*tailed
}

func (t *tailer) run(blocks <-chan follow.Block) error {
	tick := time.NewTicker(t.cmd.Interval)
	defer tick.Stop()
	for {
		select {
		case b, ok := <-blocks:
			if !ok {
				return t.show()
			}
			t.count(b)
		case <-tick.C:
			if err := t.show(); err != nil {
				return err
			}
		}
	}
}

// count parses and counts a block.
func (t *tailer) count(b follow.Block) {
	var ev parser.Event
	text := b.Text
	if len(text) == 0 {
		return
	}
	log := t.logs[b.Path]
	if log == nil {
		log = &tailed{len(t.logs), t.start(text)}
		t.logs[b.Path] = log
		t.c.Read(1, 0)
	}
	t.c.Read(0, int64(len(text)))
	for len(text) > 0 {
		var line []byte
		line, text, _ = bytes.Cut(text, []byte("\n"))
		v := log.parser.Parse(line, &ev)
		t.c.Add(&ev, v, log.n)
	}
}

// start makes a file's parser when its first lines come in: a stamp without a year is at most
// a day ahead of now.
func (t *tailer) start(text []byte) *parser.Parser {
	opt := parser.Options{Zone: t.zone, MTA: t.mta, Year: t.cmd.Year}
	if opt.Year == 0 {
		line, _, _ := bytes.Cut(text, []byte("\n"))
		if first, ok := parser.Yearless(line); ok {
			opt.Year, _ = parser.InferYears(first, first, time.Now().In(t.zone))
		}
	}
	pr := parser.New(opt)
	pr.Prime(text)
	return pr
}

// show writes the report as of now.
func (t *tailer) show() error {
	format := t.cmd.Format
	opt := t.cmd.outputFlags.options(t.dest, t.zone)
	opt.Table = t.cmd.Table
	r := t.c.Report()
	var out bytes.Buffer
	switch {
	case format == "json":
		format = "ndjson" // one object per interval, a line each
	case format == "table" && isTerminal(t.dest):
		out.WriteString("\x1b[H\x1b[2J") // home, and clear
	}
	if err := render.Report(&out, r, format, opt); err != nil {
		return err
	}
	if format == "table" || format == "markdown" {
		fmt.Fprintf(&out, "\n%s\n", time.Now().In(t.zone).Format(time.RFC3339))
	}
	_, err := t.dest.Write(t.fit(out.Bytes()))
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
