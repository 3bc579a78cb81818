package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/smtplog/smtplog/aggregate"
	"github.com/smtplog/smtplog/internal/follow"
	"github.com/smtplog/smtplog/internal/render"
	"github.com/smtplog/smtplog/internal/source"
	"github.com/smtplog/smtplog/parser"
)

// tailCmd is `smtplog tail`.
type tailCmd struct {
	reportCmd
	From     string        `enum:"end,start" default:"end" group:"input" help:"Begin at the files' ${enum}."`
	Interval time.Duration `default:"5s" group:"output" help:"Between two reports."`
}

// block is whole lines of one followed file.
type block struct {
	n    int // which file
	text []byte
}

// Run follows the files and shows the report every interval: redrawn in place on a terminal,
// one after the other in a pipe. SIGINT and SIGTERM end it after the last lines.
func (cmd *tailCmd) Run(p *program) error {
	c, s, err := cmd.collector()
	if err != nil {
		return err
	}
	if cmd.Format == "html" || cmd.Mail || cmd.MailTo != "" {
		return usagef("tail shows a report again and again: a page or a mail is smtplog report's")
	}
	if cmd.Interval < 100*time.Millisecond {
		return usagef("--interval %v: want 100ms or more", cmd.Interval)
	}
	paths := expand(cmd.Path)
	if len(paths) == 0 {
		return usagef("tail: name the files to follow, or - for standard input")
	}
	if cmd.Rotated {
		return usagef("tail: --rotated: a file is followed through its rotations as it is")
	}
	for _, path := range paths {
		info, err := os.Stat(path)
		if strings.HasPrefix(path, source.JournalPrefix) || err == nil && info.IsDir() {
			return usagef("tail: %s: only files and - can be followed", path)
		}
	}
	dest, finish, err := cmd.openStream(p)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(p.ctx)
	defer cancel()
	blocks := make(chan block, 64)
	ended := cmd.follow(ctx, p, paths, blocks)
	t := &tailer{p: p, cmd: cmd, c: c, zone: s.zone, mta: s.mta, dest: dest, parsers: make([]*parser.Parser, len(paths))}
	err = t.run(blocks)
	if followErr := <-ended; err == nil {
		err = followErr
	}
	if unknown := c.Report().Input.Unknown; cmd.Strict && unknown > 0 {
		p.errorf("--strict: lines not understood: %d", unknown)
	}
	if err == nil {
		err = finish()
	}
	p.ctx = context.WithoutCancel(p.ctx)
	return err
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

// follow reads every path in a goroutine of its own; blocks is closed when all have ended,
// and ended then gets the first error.
func (cmd *tailCmd) follow(ctx context.Context, p *program, paths []string, blocks chan<- block) (ended <-chan error) {
	var all sync.WaitGroup
	result := make(chan error, 1)
	errs := make(chan error, len(paths))
	for n, path := range paths {
		emit := func(b []byte) { blocks <- block{n, bytes.Clone(b)} }
		all.Go(func() {
			var err error
			if path == "-" {
				err = pump(ctx, p.stdin, emit)
			} else {
				f := follow.File{Path: path, FromStart: cmd.From == "start", Lines: emit,
					Notice: func(what string) { p.sayf("%s: %s", path, what) }}
				err = f.Run(ctx)
			}
			if err != nil {
				errs <- fmt.Errorf("%s: %w", path, err)
			}
		})
	}
	go func() {
		all.Wait()
		close(blocks)
		select {
		case err := <-errs:
			result <- err
		default:
			result <- nil
		}
	}()
	return result
}

// pump hands on the lines of a stream until it ends or ctx is done.
func pump(ctx context.Context, r io.Reader, emit func([]byte)) error {
	in := interruptible(ctx, r)
	buf := make([]byte, 64<<10)
	var rest []byte
	for {
		n, err := in.Read(buf)
		rest = append(rest, buf[:n]...)
		if i := bytes.LastIndexByte(rest, '\n') + 1; i > 0 {
			emit(rest[:i])
			rest = append(rest[:0], rest[i:]...)
		}
		if err != nil {
			if len(rest) > 0 {
				emit(rest)
			}
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return err
		}
	}
}

// tailer counts the lines that come in and shows the report.
type tailer struct {
	p       *program
	cmd     *tailCmd
	c       *aggregate.Collector
	zone    *time.Location
	mta     parser.MTA
	dest    io.Writer
	parsers []*parser.Parser
}

func (t *tailer) run(blocks <-chan block) error {
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
func (t *tailer) count(b block) {
	var ev parser.Event
	text := b.text
	pr := t.parsers[b.n]
	if pr == nil {
		pr = t.start(text)
		t.parsers[b.n] = pr
		t.c.Read(1, 0)
	}
	t.c.Read(0, int64(len(text)))
	for len(text) > 0 {
		var line []byte
		line, text, _ = bytes.Cut(text, []byte("\n"))
		v := pr.Parse(line, &ev)
		t.c.Add(&ev, v, b.n)
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
