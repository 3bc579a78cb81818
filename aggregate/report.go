package aggregate

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/smtplog/smtplog/parser"
	"github.com/smtplog/smtplog/status"
)

// Options of a Collector.
type Options struct {
	Since, Until time.Time      // the window [Since, Until); zero: no bound
	Zone         *time.Location // of buckets; nil: UTC
	Every        Every          // width of buckets
	By           []Dim          // not nil: one table grouped by these instead of the usual ones
	Tables       []string       // names of the tables wanted; nil: all
	Bounces      bool           // the tables of the bounce report instead of the usual ones
	Filter       Filter
	Classifier   *status.Classifier // of failures; nil: the rules of package status
	// Rewrite, if set, gets every event as soon as its reason is known: what it writes is all
	// that is counted and kept. It must not keep the event.
	Rewrite func(*parser.Event)
	// Release, if set, gets every message when it is finished, or at Finish.
	Release func(*Message)
}

// Input says what was read: lines = Understood + Ignored + Unknown.
type Input struct {
	Files      int
	Bytes      int64
	Lines      int64
	Understood int64
	Ignored    int64
	Unknown    int64
	First      *time.Time // of the mail system's lines
	Last       *time.Time
	MTAs       []string
	Hosts      []string
	Instances  []string
}

// Totals are the report's sums; the contract (docs/contract.md) says what each counts.
// Recipients = Delivered + Bounced + Expired + Discarded + Removed + Queued + Lost.
type Totals struct {
	Received         int64 // messages
	Notifications    int64
	Held             int64
	DeferredMessages int64
	Recipients       int64
	Delivered        int64 // recipients
	Bounced          int64
	Expired          int64
	Discarded        int64
	Removed          int64
	Queued           int64
	Lost             int64
	Forwarded        int64
	Deferred         int64 // attempts
	NotAttempted     int64
	Rejected         int64 // refusals
	Connections      int64
	BytesReceived    int64
	BytesDelivered   int64
}

// Report is the answer of the main command. Package internal/render writes it in the
// contract's JSON, in which Totals and Input have the names of docs/contract.md.
type Report struct {
	Schema  string
	Partial bool
	Input   Input
	Totals  Totals
	Tables  []Table
}

// ReportSchema is the value of Report.Schema.
const ReportSchema = "smtplog.report/1"

// Collector counts the events of one or many logs into a Report. Add events in time order.
// It is not safe for concurrent use.
type Collector struct {
	opt    Options
	ledger *Ledger
	specs  []spec
	*reasons
	sums
	input     Input
	hosts     seen
	instances seen
	mtas      [3]bool
	view      View   // of the current event; here because a local one would be allocated
	filled    []byte // what fillIn gave the current event
}

// sums is what records and events add up to.
type sums struct {
	totals Totals
	folds  []fold
}

// NewCollector returns a Collector; it fails for a table that does not exist.
func NewCollector(opt Options) (*Collector, error) {
	if opt.Zone == nil {
		opt.Zone = time.UTC
	}
	c := &Collector{opt: opt, reasons: newReasons(opt.Classifier), hosts: seen{}, instances: seen{}}
	all := specs
	switch {
	case opt.By != nil:
		all = []spec{bySpec(opt.By)}
	case opt.Bounces:
		all = bounceSpecs
	}
	var err error
	if c.specs, err = choose(all, opt.Tables); err != nil {
		return nil, err
	}
	c.folds = c.newFolds()
	c.ledger = NewLedger(func(m *Message) {
		c.record(&c.sums, m)
		if opt.Release != nil {
			opt.Release(m)
		}
	})
	return c, nil
}

// choose returns the specs with the given names; nil names all of them.
func choose(all []spec, names []string) (chosen []spec, err error) {
	if names == nil {
		return all, nil
	}
	var known []string
	for i := range all {
		known = append(known, all[i].name)
		if slices.Contains(names, all[i].name) {
			chosen = append(chosen, all[i])
		}
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("unknown table %q, want one of %s", name, strings.Join(known, ", "))
		}
	}
	return chosen, nil
}

func (c *Collector) newFolds() []fold {
	folds := make([]fold, len(c.specs))
	for i := range c.specs {
		folds[i] = c.specs[i].make(c)
	}
	return folds
}

// Read counts files and bytes that were read.
func (c *Collector) Read(files int, bytes int64) {
	c.input.Files += files
	c.input.Bytes += bytes
}

// Line counts a line by its verdict, for lines that are not Added.
func (c *Collector) Line(v parser.Verdict) {
	c.input.Lines++
	switch v {
	case parser.Understood:
		c.input.Understood++
	case parser.Unrecognised:
		c.input.Unknown++
	default:
		c.input.Ignored++
	}
}

// Add counts one line's event. set tells apart the logs of hosts that do not log their name.
// It returns the message the event belongs to, if any, and whether the event lies in the
// window and passes the filter. It fills in the event's sender and Message-ID where the
// message knows them.
func (c *Collector) Add(ev *parser.Event, v parser.Verdict, set int) (m *Message, counts bool) {
	c.Line(v)
	if v == parser.Ignored {
		return nil, false
	}
	after := !c.opt.Until.IsZero() && !ev.Time.Before(c.opt.Until)
	if !after {
		c.classify(ev)
	}
	if c.opt.Rewrite != nil {
		c.opt.Rewrite(ev)
	}
	c.span(ev)
	if after {
		return nil, false
	}
	m = c.ledger.Add(ev, set)
	if m != nil {
		c.fillIn(ev, m)
	}
	if ev.Time.Before(c.opt.Since) {
		return m, false
	}
	view := &c.view
	*view = View{Event: ev, Message: m, zone: c.opt.Zone, every: c.opt.Every, reasons: c.reasons}
	if view.every.IsAuto() {
		view.every = everyHour
	}
	if !c.opt.Filter.Pass(view) {
		return m, false
	}
	c.event(view)
	return m, true
}

// fillIn gives the event what its message knows.
func (c *Collector) fillIn(ev *parser.Event, m *Message) {
	c.filled = c.filled[:0]
	if len(ev.Sender) == 0 && m.Sender != "" {
		c.filled = append(c.filled, m.Sender...)
		ev.Sender = c.filled
	}
	if n := len(c.filled); len(ev.MessageID) == 0 && m.MessageID != "" {
		c.filled = append(c.filled, m.MessageID...)
		ev.MessageID = c.filled[n:]
	}
}

// span notes where and when the mail system's lines come from.
func (c *Collector) span(ev *parser.Event) {
	c.mtas[ev.MTA] = true
	c.hosts.add(ev.Host)
	c.instances.add(ev.Instance)
	if ev.Time.IsZero() {
		return
	}
	t := ev.Time
	if c.input.First == nil {
		first, last := t, t
		c.input.First, c.input.Last = &first, &last
		return
	}
	if t.Before(*c.input.First) {
		*c.input.First = t
	}
	if t.After(*c.input.Last) {
		*c.input.Last = t
	}
}

// event counts what is counted when it happens: attempts, refusals, connections, warnings.
func (c *Collector) event(v *View) {
	ev, n := v.Event, int64(max(1, v.Event.Repeat))
	switch ev.Kind {
	case parser.Delivered, parser.Deferred, parser.Bounced:
		if len(ev.Recipient) == 0 || v.Message != nil && !v.Message.Mail() {
			return
		}
		if ev.Kind == parser.Deferred {
			c.totals.Deferred += n
			if ev.NotAttempted {
				c.totals.NotAttempted += n
			}
		}
		for _, f := range c.folds {
			f.attempt(v, n)
		}
	case parser.Rejected:
		c.totals.Rejected += n
		for _, f := range c.folds {
			f.refusal(v, n)
		}
	case parser.Warning:
		for _, f := range c.folds {
			f.warning(v, n)
		}
	case parser.Connected:
		// postscreen names no host; who passes it is counted when smtpd logs the connection.
		if ev.MTA != parser.Postfix || len(ev.Client.Name) > 0 {
			c.totals.Connections += n
		}
	}
}

// View returns a view of a message's recipient r, or of the message alone where r is nil.
func (c *Collector) View(m *Message, r *Recipient) View {
	return View{Message: m, Recipient: r, zone: c.opt.Zone, every: everyHour, reasons: c.reasons}
}

// record counts a message as of the end of the window.
func (c *Collector) record(s *sums, m *Message) {
	v := c.View(m, nil)
	arrived := !m.OpenedBefore && c.inWindow(m.First)
	if m.Source == SourceNotification {
		if arrived && c.opt.Filter.Pass(&v) {
			s.totals.Notifications++
		}
		return
	}
	queued := m.Active || m.State == StateHeld
	if m.Probe || !queued && len(m.Recipients) == 0 {
		return
	}
	passed := c.opt.Filter.Empty() || len(m.Recipients) == 0 && c.opt.Filter.Pass(&v)
	for i := range m.Recipients {
		r := &m.Recipients[i]
		v.Recipient = r
		if !c.opt.Filter.Pass(&v) {
			continue
		}
		passed = true
		c.recipient(s, &v, r.Outcome, r.Time, 1)
	}
	v.Recipient = nil
	if !passed {
		return
	}
	if n := int64(m.Unseen()); n > 0 && queued && c.opt.Filter.Pass(&v) {
		o := OutcomeNone
		switch m.State {
		case StateDone, StateLost:
			o = Lost
		case StateRemoved:
			o = Removed
		}
		c.recipient(s, &v, o, m.Last, n)
	}
	if m.Deferrals > 0 && !m.Last.Before(c.opt.Since) {
		s.totals.DeferredMessages++
	}
	if m.State == StateHeld {
		s.totals.Held++
	}
	if arrived && m.Active && m.State != StateRejected && (m.Source == SourceSMTP || m.Source == SourceLocal) {
		s.totals.Received++
		s.totals.BytesReceived += m.Size
		for _, f := range s.folds {
			f.message(&v)
		}
	}
}

// recipient counts n recipients of one outcome.
func (c *Collector) recipient(s *sums, v *View, o Outcome, t time.Time, n int64) {
	if o != OutcomeNone && o != Deferred && !c.inWindow(t) {
		return
	}
	switch o {
	case Forwarded:
		s.totals.Forwarded += n
		return
	case Rejected:
		return
	case OutcomeNone:
		o = Deferred
	}
	s.totals.Recipients += n
	*s.totals.of(o) += n
	if o == Delivered {
		s.totals.BytesDelivered += v.Message.Size * n
	}
	for _, f := range s.folds {
		f.recipient(v, o, n)
	}
}

// of returns the counter of an outcome that makes up the recipients; queued is Deferred.
func (t *Totals) of(o Outcome) *int64 {
	switch o {
	case Delivered:
		return &t.Delivered
	case Bounced:
		return &t.Bounced
	case Expired:
		return &t.Expired
	case Discarded:
		return &t.Discarded
	case Removed:
		return &t.Removed
	case Lost:
		return &t.Lost
	}
	return &t.Queued
}

func (c *Collector) inWindow(t time.Time) bool {
	return !t.Before(c.opt.Since) && (c.opt.Until.IsZero() || t.Before(c.opt.Until))
}

// Finish ends the input: every message still open is counted as queued and released.
func (c *Collector) Finish() { c.ledger.Close() }

// Report returns the report as of now. It may be called at any time; messages still open are
// counted as queued.
func (c *Collector) Report() *Report {
	now := sums{totals: c.totals, folds: c.newFolds()}
	for i, f := range now.folds {
		f.merge(c.folds[i])
	}
	c.ledger.each(func(m *Message) { c.record(&now, m) })
	r := &Report{Schema: ReportSchema, Input: c.input, Totals: now.totals}
	r.Input.Hosts, r.Input.Instances = c.hosts.sorted(), c.instances.sorted()
	r.Input.MTAs = []string{}
	for m := parser.Postfix; int(m) < len(c.mtas); m++ {
		if c.mtas[m] {
			r.Input.MTAs = append(r.Input.MTAs, m.String())
		}
	}
	for i := range c.specs {
		s := &c.specs[i]
		rows, approximate := now.folds[i].rows()
		if rows == nil {
			rows = [][]any{}
		}
		r.Tables = append(r.Tables, Table{s.name, s.title, s.unit, approximate, s.columns, rows})
	}
	return r
}

// seen is a small set of names; the one seen last is found without a look into the map.
type seen map[string]struct{}

func (s seen) add(b []byte) {
	if len(b) == 0 {
		return
	}
	if _, ok := s[string(b)]; !ok && len(s) < maxKeys {
		s[string(b)] = struct{}{}
	}
}

func (s seen) sorted() []string {
	names := make([]string, 0, len(s))
	for n := range s {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}
