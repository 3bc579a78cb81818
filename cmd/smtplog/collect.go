package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/smtplog/smtplog/aggregate"
	"github.com/smtplog/smtplog/internal/render"
	"github.com/smtplog/smtplog/parser"
)

// lineByLine has no log taken in batches or searched in blocks; tests set it, to compare.
var lineByLine = false

// collect runs all input through a Collector; each is called, if set, for every line that
// counts, with the message it belongs to.
func (in *input) collect(c *aggregate.Collector, each func(l *log, m *aggregate.Message)) {
	in.prepare = c.Preparer
	if each == nil && !lineByLine {
		in.passing = c.Passing()
	}
	for l := in.next(); l != nil; l = in.next() {
		if l.whole != nil {
			c.Digest(l.whole, l.set)
			continue
		}
		if l.detail != "" {
			if !l.begun {
				c.Line(l.v)
			}
			continue
		}
		m, counts := l.add(c)
		if counts && each != nil {
			each(l, m)
		}
	}
	in.progress.done()
	for _, l := range in.active { // interrupted
		l.close(in)
		in.count(l)
	}
	for _, l := range in.pending {
		if l.ahead != nil {
			l.close(in)
		}
	}
	c.Read(in.files, in.bytes)
	c.Sources(in.kinds, len(in.skipped))
	c.Finish()
	in.judge(" (smtplog doctor shows the lines)")
}

// judge says what the lines that were not understood mean for the figures, and what to do.
func (in *input) judge(hint string) {
	all := in.understood + in.unknown
	if in.unknown*100 > all {
		what := fmt.Sprintf("%d of the mail system's %d lines were not understood, %.1f %%: the figures are not complete%s",
			in.unknown, all, 100*float64(in.unknown)/float64(all), hint)
		in.notes = append(in.notes, what)
		in.p.sayf("warning: %s", what)
	}
	if in.s.strict && in.unknown > 0 {
		in.p.errorf("--strict: lines not understood: %d (smtplog events --event unknown shows them)", in.unknown)
	}
}

// openBoth opens what a command reads and writes.
func openBoth(p *program, inf *pathFlags, outf *outputFlags, s settings) (in *input, out io.Writer, finish func() error, err error) {
	if in, err = inf.openInput(p, s); err != nil {
		return nil, nil, nil, err
	}
	for _, l := range in.logs {
		if outf.onto(l.path) {
			return nil, nil, nil, usagef("-o %s: this log is to be read", outf.Output)
		}
	}
	out, finish, err = outf.openOutput(p)
	return in, out, finish, err
}

// errNoMail says that the exit code must tell that nothing was a mail log; what was wrong
// with each file has been said.
var errNoMail = errors.New("no mail log was read")

// notMail is what is wrong with a file of so many lines.
const notMail = "not a mail log: none of its %d lines is Postfix's or Exim's"

// result is nil where the input held mail log lines.
func (in *input) result() error {
	if in.anyMail || in.partial {
		return nil
	}
	return errNoMail
}

// reportCmd is `smtplog report`.
type reportCmd struct {
	inputFlags
	outputFlags
	mailFlags
	Format string `enum:"${formats}" default:"table" group:"output" help:"${enum}."`
	Table  string `placeholder:"NAME" group:"tables" help:"One table: ${tables}."`
	Every  string `default:"auto" placeholder:"WIDTH" group:"tables" help:"Width of time buckets: auto, 1m, 5m, 1h, 1d, 1w, 1M."`
	By     string `placeholder:"DIM[,DIM]" group:"tables" help:"One table grouped by these: ${dims}."`
}

// options turns the report's flags into a Collector's options.
func (cmd *reportCmd) options(s settings) (opt aggregate.Options, err error) {
	opt = aggregate.Options{Since: s.since, Until: s.until, Zone: s.zone, Filter: s.filter, Notices: s.notices, Rewrite: s.rewrite, Classifier: s.classifier, Reuse: true, Stream: true}
	if opt.Every, err = aggregate.ParseEvery(cmd.Every); err != nil {
		return opt, usageError{err}
	}
	if cmd.By != "" {
		if cmd.Table != "" && cmd.Table != "by" {
			return opt, usagef("--by makes a table of its own: leave out --table %s", cmd.Table)
		}
		if opt.By, err = aggregate.ParseDims(cmd.By); err != nil {
			return opt, usageError{err}
		}
	} else if cmd.Table != "" {
		opt.Tables = []string{cmd.Table}
	}
	return opt, nil
}

// collector makes the Collector that the flags ask for.
func (cmd *reportCmd) collector() (c *aggregate.Collector, opt aggregate.Options, s settings, err error) {
	if s, err = cmd.settings(); err != nil {
		return nil, opt, s, err
	}
	if opt, err = cmd.options(s); err != nil {
		return nil, opt, s, err
	}
	if c, err = aggregate.NewCollector(opt); err != nil {
		return nil, opt, s, usageError{err}
	}
	return c, opt, s, nil
}

// Run prints the report.
func (cmd *reportCmd) Run(p *program) error {
	c, opt, s, err := cmd.collector()
	if err != nil {
		return err
	}
	return report(p, &cmd.inputFlags, &cmd.outputFlags, &cmd.mailFlags, s, cmd.Format, cmd.Table, "Mail report", opt, c)
}

// report reads all input into c, which was made with copt, and writes its report.
func report(p *program, inf *inputFlags, outf *outputFlags, mail *mailFlags, s settings, format, table, title string, copt aggregate.Options, c *aggregate.Collector) error {
	if err := mail.check(outf, format); err != nil {
		return err
	}
	s.restarts = true
	in, out, finish, err := openBoth(p, &inf.pathFlags, outf, s)
	if err != nil {
		return err
	}
	in, c, err = in.collectSure(&inf.pathFlags, copt, c)
	if err == nil {
		err = in.result()
	}
	if err != nil {
		finish()
		return err
	}
	opt := outf.options(out, in.s.zone)
	opt.Table, opt.Title, opt.Notes = table, title, in.notes
	r := c.Report()
	r.Partial = in.partial
	if mail.Mail {
		return mail.write(p, r, &in.s, out, finish, opt)
	}
	if err := render.Report(out, r, format, opt); err != nil {
		finish()
		return err
	}
	return finish()
}

// eventsCmd is `smtplog events`.
type eventsCmd struct {
	inputFlags
	outputFlags
	Format string   `enum:"${formats}" default:"ndjson" group:"output" help:"${enum}."`
	Event  []string `placeholder:"KIND" group:"filters" help:"Events of this kind only: delivered, deferred, bounced, rejected, unknown ... Repeatable."`
}

// Run prints events.
func (cmd *eventsCmd) Run(p *program) error {
	kinds := map[parser.Kind]bool{}
	for _, name := range cmd.Event {
		k, ok := kindOf(name)
		if !ok {
			return usagef("--event %q: %v", name, noSuch("kind of event", name, wordsOf(parser.Kinds()...)))
		}
		kinds[k] = true
	}
	s, err := cmd.settings()
	if err != nil {
		return err
	}
	in, dest, finish, err := openBoth(p, &cmd.pathFlags, &cmd.outputFlags, s)
	if err != nil {
		return err
	}
	c, err := aggregate.NewCollector(aggregate.Options{Since: in.s.since, Until: in.s.until, Zone: in.s.zone, Filter: in.s.filter, Notices: in.s.notices, Rewrite: in.s.rewrite, Classifier: in.s.classifier, Tables: []string{}})
	if err != nil {
		return err
	}
	ropt := cmd.options(dest, in.s.zone)
	ropt.Title = "Events"
	w := newEntryWriter(dest, cmd.Format, render.EventColumns, ropt)
	in.collect(c, func(l *log, m *aggregate.Message) {
		if len(kinds) > 0 && !kinds[l.ev.Kind] || s.notices && (m == nil || m.Source != aggregate.SourceNotification) {
			return
		}
		if w.rows != nil {
			w.rows.Row(render.EventRow(l.ev))
			return
		}
		w.entry(func(b []byte) []byte { return render.Event(b, l.ev, l.path, l.lines) })
	})
	if err := w.finish(finish); err != nil {
		return err
	}
	return in.result()
}

func kindOf(name string) (parser.Kind, bool) {
	for _, k := range parser.Kinds() {
		if k.String() == name {
			return k, true
		}
	}
	return 0, false
}

// messagesCmd is `smtplog messages`.
type messagesCmd struct {
	inputFlags
	outputFlags
	Format  string   `enum:"auto,${formats}" default:"auto" group:"output" help:"${enum}; auto: table on a terminal, else ndjson."`
	Outcome []string `placeholder:"WORD" group:"filters" help:"Messages with a recipient of whom this became: ${outcomes}. What is queued or held is deferred, too."`
}

// outcomeWords are the words of --outcome: those of recipients in messages' JSON, and what trace calls
// a recipient that waits.
func outcomeWords() (words []string) {
	for o := aggregate.Delivered; o.String() != ""; o++ {
		words = append(words, o.String())
	}
	return append(words, aggregate.StateQueued.String(), aggregate.StateHeld.String())
}

// Run prints messages, in the order in which they closed; one that was handed on inside waits
// for the end of its chain, and holds up no other.
func (cmd *messagesCmd) Run(p *program) error {
	s, err := cmd.settings()
	if err != nil {
		return err
	}
	for _, word := range cmd.Outcome {
		if !slices.Contains(outcomeWords(), word) {
			return usagef("--outcome %q: %v", word, noSuch("outcome", word, outcomeWords()))
		}
	}
	s.outcomes = cmd.Outcome
	in, dest, finish, err := openBoth(p, &cmd.pathFlags, &cmd.outputFlags, s)
	if err != nil {
		return err
	}
	opt := cmd.options(dest, in.s.zone)
	opt.Title, opt.Lead = "Messages", "queue_id" // what trace takes
	format := cmd.Format
	if format == "auto" {
		format = "ndjson"
		if isTerminal(dest) {
			format = "table"
		}
	}
	w := newEntryWriter(dest, format, render.RecipientColumns, opt)
	found := false
	var c *aggregate.Collector
	show := func(m *aggregate.Message) {
		if !passes(c, m, &in.s) {
			return
		}
		found = true
		if w.rows == nil {
			w.entry(func(b []byte) []byte { return render.Message(b, m, in.s.zone) })
			return
		}
		for row := range render.MessageRows(m, in.s.zone) {
			w.rows.Row(row)
		}
	}
	waiting := map[*aggregate.Message][]*aggregate.Message{} // released, by what they wait for
	var settle func(m *aggregate.Message)
	settle = func(m *aggregate.Message) {
		if next := m.Unsettled(); next != nil {
			waiting[next] = append(waiting[next], m)
			return
		}
		// Only now, so that a long chain does not wait for each of its messages in turn.
		for _, w := range waiting[m] {
			settle(w)
		}
		delete(waiting, m)
		show(m)
	}
	c, err = aggregate.NewCollector(aggregate.Options{Since: in.s.since, Until: in.s.until, Zone: in.s.zone, Rewrite: in.s.rewrite, Classifier: in.s.classifier, Tables: []string{},
		Release: settle})
	if err != nil {
		return err
	}
	in.collect(c, nil)
	if err := w.finish(finish); err != nil {
		return err
	}
	if !found && in.anyMail {
		p.sayf("no message found")
	}
	return in.result()
}

// passes tells whether a message is to be shown: it has a line in the window, and one of its
// recipients passes the filter, or the message itself where it has none.
func passes(c *aggregate.Collector, m *aggregate.Message, s *settings) bool {
	if m.Last.Before(s.since) || s.notices && m.Source != aggregate.SourceNotification {
		return false
	}
	if s.filter.Empty() && len(s.outcomes) == 0 {
		return true
	}
	v := c.View(m, nil)
	for i := range m.Recipients {
		v.Recipient = &m.Recipients[i]
		if s.became(m, v.Recipient) && s.filter.Pass(&v) {
			return true
		}
	}
	v.Recipient = nil
	unnamed := len(m.Recipients) == 0 || len(s.outcomes) > 0 && m.Unseen() > 0
	return unnamed && s.became(m, nil) && s.filter.Pass(&v)
}

// became tells whether a recipient's outcome is one of those asked for. That of recipients that no
// line names, r is nil, is the message's state.
func (s *settings) became(m *aggregate.Message, r *aggregate.Recipient) bool {
	if len(s.outcomes) == 0 {
		return true
	}
	waits, word := m.State == aggregate.StateQueued || m.State == aggregate.StateHeld, m.State.String()
	if r != nil {
		outcome := cmp.Or(r.Outcome, aggregate.Deferred)
		waits, word = outcome == aggregate.Deferred, outcome.String()
	}
	return slices.Contains(s.outcomes, word) ||
		waits && slices.Contains(s.outcomes, "queued") || waits && m.State == aggregate.StateHeld && slices.Contains(s.outcomes, "held")
}
