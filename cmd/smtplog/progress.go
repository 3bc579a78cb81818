package main

import (
	"fmt"
	"time"
)

// progress says on a terminal how far reading has come. The zero progress is silent.
type progress struct {
	p     *program
	lines int64
	next  time.Time
	shown bool
}

// progressEvery is how often it is said, and how long it waits before it says anything.
const progressEvery = 500 * time.Millisecond

func newProgress(p *program) progress {
	if p.noProgress || !isTerminal(p.stderr) {
		return progress{}
	}
	return progress{p: p, next: time.Now().Add(progressEvery)}
}

// line counts a line of a log; it looks at the clock now and then.
func (g *progress) line(l *log) {
	if g.p == nil {
		return
	}
	if g.lines++; g.lines%4096 != 0 || time.Now().Before(g.next) {
		return
	}
	g.next = time.Now().Add(progressEvery)
	g.shown = true
	fmt.Fprintf(g.p.stderr, "\r\x1b[Ksmtplog: %d lines, %s", g.lines, l.time.Format(time.DateTime))
}

// done removes what was said.
func (g *progress) done() {
	if g.shown {
		fmt.Fprint(g.p.stderr, "\r\x1b[K")
		g.shown = false
	}
}
