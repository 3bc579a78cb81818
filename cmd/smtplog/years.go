package main

import (
	"bytes"
	"slices"
	"time"

	"github.com/smtplog/smtplog/aggregate"
	"github.com/smtplog/smtplog/parser"
)

// The years of a compressed log whose stamps have none are sure when its last stamp is known, for
// which all of it must be decompressed. A command that can start over supposes that New Year does
// not lie within the log, reads it, and starts over in the rare case that the last stamp says
// otherwise.

// supposed is what the years of a log were made of without its last stamp.
type supposed struct {
	first time.Time // its first stamp, as parser.Yearless has it
	bound time.Time // when it was last written
}

// supposes tells whether years may be supposed. With --since and --until logs are left out by
// their years, which must be sure then; and pseudonyms need not be the same a second time.
func (s *settings) supposes() bool {
	return s.restarts && s.since.IsZero() && s.until.IsZero() && s.anonymizer == nil
}

// sureOfStreams looks at the ends of logs after all where there is one that can be read only once.
func (in *input) sureOfStreams() {
	if !slices.ContainsFunc(in.logs, func(l *log) bool { return l.file.Stream() }) {
		return
	}
	for _, l := range in.logs {
		if l.supposed != nil {
			if last, ok := stampIn(l.file.Tail(in.p.ctx), true); ok {
				l.opt.Year, l.opt.LastYear = parser.InferYears(l.supposed.first, last, l.supposed.bound)
				l.findStart(l.first)
			}
			l.supposed = nil
			l.park(len(in.logs))
		}
	}
}

// mistaken returns the last stamps of the logs that were read, if one says that its years were
// not as supposed.
func (in *input) mistaken() map[string]time.Time {
	ends, wrong := map[string]time.Time{}, false
	for _, l := range in.logs {
		if l.supposed == nil {
			continue
		}
		last, ok := stampIn(l.file.KeptTail(), true)
		if !ok {
			last = l.supposed.first
		}
		ends[l.path] = last
		first, end := parser.InferYears(l.supposed.first, last, l.supposed.bound)
		year, _ := parser.InferYears(l.supposed.first, l.supposed.first, l.supposed.bound)
		wrong = wrong || first != year || end != year || last.Equal(l.supposed.first)
	}
	if !wrong || in.partial {
		return nil
	}
	return ends
}

// collectSure is collect; where years were supposed and were others, it starts over. What there is
// to say waits until then. c was made with opt. It returns the input and the Collector that count.
func (in *input) collectSure(f *pathFlags, opt aggregate.Options, c *aggregate.Collector) (*input, *aggregate.Collector, error) {
	if !slices.ContainsFunc(in.logs, func(l *log) bool { return l.supposed != nil }) {
		in.collect(c, nil)
		return in, c, nil
	}
	p, failed := in.p, in.p.failed
	p.held = new(bytes.Buffer)
	in.collect(c, nil)
	said := p.held.Bytes()
	ends := in.mistaken()
	if ends == nil {
		p.held = nil
		p.messages().Write(said)
		return in, c, nil
	}
	p.failed = failed
	again, err := f.openKnowing(p, in.s, ends) // what this says has been said
	p.held = nil
	if err != nil {
		return in, c, err
	}
	if c, err = aggregate.NewCollector(opt); err == nil {
		again.collect(c, nil)
	}
	return again, c, err
}
