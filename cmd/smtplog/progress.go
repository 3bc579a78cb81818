package main

import (
	"io"
	"math"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// progress says on a terminal how far reading has come. The zero progress is silent.
type progress struct {
	p     *program
	bars  *mpb.Progress
	bar   *mpb.Bar
	shown chan any // closed when it is time to show the bar
	logs  []*log
	lines int // since it was last looked
}

// progressAfter is how long work must take before progress is shown.
const progressAfter = 500 * time.Millisecond

// newProgress makes ready to show progress. The total is the size of the files as they are
// kept; a stream's is not known.
func newProgress(p *program, logs []*log) progress {
	if p.noProgress || !isTerminal(p.stderr) {
		return progress{}
	}
	var total int64
	for _, l := range logs {
		if l.file.Stream() {
			total = 0
			break
		}
		total += l.file.Size
	}
	g := progress{p: p, logs: logs, shown: make(chan any)}
	time.AfterFunc(progressAfter, func() { close(g.shown) })
	g.bars = mpb.New(mpb.WithOutput(p.stderr), mpb.WithWidth(40), mpb.WithRenderDelay(g.shown))
	speed := decor.AverageSpeed(decor.SizeB1024(0), "  % .1f")
	if total > 0 {
		g.bar = g.bars.AddBar(total, mpb.BarRemoveOnComplete(),
			mpb.PrependDecorators(decor.CountersKibiByte("% .1f of % .1f ")),
			mpb.AppendDecorators(decor.Percentage(), speed, decor.Name("  "), decor.AverageETA(decor.ET_STYLE_GO), decor.Name(" left")))
	} else {
		g.bar = g.bars.AddSpinner(math.MaxInt64, mpb.BarRemoveOnComplete(),
			mpb.PrependDecorators(decor.CurrentKibiByte("% .1f ")), mpb.AppendDecorators(speed))
	}
	p.above = g.bars
	return g
}

// add counts lines; it looks how far the files have been read now and then.
func (g *progress) add(n int) {
	if g.p == nil {
		return
	}
	if g.lines += n; g.lines >= 4096 {
		g.look()
	}
}

// look looks how far the files have been read.
func (g *progress) look() {
	if g.p == nil {
		return
	}
	g.lines = 0
	var taken int64
	for _, l := range g.logs {
		taken += l.file.Taken()
	}
	g.bar.SetCurrent(taken)
}

// done removes what was shown.
func (g *progress) done() {
	if g.p == nil {
		return
	}
	g.p.above = nil
	g.bar.Abort(true)
	g.bars.Wait()
	g.p = nil
}

// messages is where to say something: above the progress bar while there is one.
func (p *program) messages() io.Writer {
	if p.held != nil {
		return p.held
	}
	if p.above != nil {
		return p.above
	}
	return p.stderr
}
