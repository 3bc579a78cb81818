package aggregate

import (
	"bytes"
	"cmp"
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
	Suppress     Suppress       // how the bounce report's suppression list is made
	PerSender    bool           // only the bounce report's digest per sender
	Stream       bool           // large tables have no Rows: Table.All makes them, while the Collector stays as it is
	Compare      Compare        // what the bounce report is compared with
	Filter       Filter
	Notices      bool               // count our own notices instead of users' mail
	Classifier   *status.Classifier // of failures; nil: the rules of package status
	// Rewrite, if set, gets every event as soon as its reason is known: what it writes is all
	// that is counted and kept. It must not keep the event.
	Rewrite  func(*parser.Event)
	Unmerged bool // events of several hosts do not come in the order of time (Ledger.Unmerged)
	// Recent is how long what happens is counted apart as well, for Collector.Recent; 0: not.
	Recent time.Duration
	// Reuse says that the messages which Add and Event return are not kept: once released they
	// become others. Without a Filter their answers have no texts and their hosts no names. It does
	// nothing where messages are kept.
	Reuse bool
	// Release, if set, gets every message when it is finished, or at Finish.
	Release func(*Message)
}

// Input says what was read: lines = Understood + Ignored + Unknown.
type Input struct {
	Files      int
	Kinds      map[string]int // files by how they are kept: plain, gzip ...; nil: not told
	Skipped    int            // files found and not read
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
	Reused     int64 // queue IDs that began again before their message had ended
	Evicted    int64 // messages dropped before their end, because too many were open
	Unnamed    int64 // messages that postsuper deleted or put on hold without saying which
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
	Since   time.Time // the window that was counted: [Since, Until); zero: no bound
	Until   time.Time
	Filters []Condition // that what was counted agrees with
	Totals  Totals
	Checks  []Check // of `smtplog check`
	Tables  []Table
}

// Check is a figure of a report held against its limits.
type Check struct {
	Metric string
	Value  float64 // a count, a count per time, a share in percent, or seconds
	State  string  // ok, warning or critical
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
	names *names
	sums
	parts     []*part // of the recent past, the oldest first
	input     Input
	hosts     seen
	instances seen
	mtas      [parser.MTACount]bool
	host      []byte // that was added last
	instance  []byte
	view      View         // of the current event; here because a local one would be allocated
	ended     View         // of the message that record counts, likewise
	filled    []byte       // what fillIn gave the current event
	digested  parser.Event // of a Digest
	known     knownWords
	passing   *parser.Passing // nil: not asked for yet
	recording *sums           // whose ended are of the message that is being recorded; nil: there are none
}

// sums is what records and events add up to.
type sums struct {
	totals Totals
	folds  []fold

	// Those of the folds that count something, and the log that a bounce report is made of.
	answers    answers
	attempts   []attemptFold // but for those that answers has
	deliveries []attemptFold // but for those that count failures only
	refusals   []refusalFold
	logins     []loginFold
	warnings   []warningFold
	recipients []recipientFold     // but for those in ofMessage
	ofMessage  []recipientFold     // that count all recipients of a message alike
	ended      [mailOutcomes]int64 // recipients of the message being recorded that ofMessage lacks
	messages   []messageFold
	log        *bounceLog
}

func newSums(totals Totals, folds []fold) sums {
	s := sums{totals: totals, folds: folds}
	for _, f := range folds {
		byAnswer := s.answers.take(f)
		if !byAnswer {
			addIf(&s.attempts, f)
		}
		addIf(&s.refusals, f)
		addIf(&s.logins, f)
		addIf(&s.warnings, f)
		if only, ok := f.(messageRecipientFold); ok && only.byMessage() {
			addIf(&s.ofMessage, f)
		} else {
			addIf(&s.recipients, f)
		}
		addIf(&s.messages, f)
		if only, ok := f.(failureFold); !byAnswer && (!ok || !only.failuresOnly()) {
			addIf(&s.deliveries, f)
		}
		if log, ok := f.(*bounceLog); ok {
			s.log = log
		}
	}
	return s
}

// addIf adds f to those that count what an F counts, if it does.
func addIf[F any](to *[]F, f fold) {
	if f, ok := f.(F); ok {
		*to = append(*to, f)
	}
}

// NewCollector returns a Collector; it fails for a table that does not exist.
func NewCollector(opt Options) (*Collector, error) {
	if opt.Zone == nil {
		opt.Zone = time.UTC
	}
	c := &Collector{opt: opt, reasons: newReasons(opt.Classifier), names: newNames(), hosts: seen{}, instances: seen{}}
	all := specs
	switch {
	case opt.PerSender:
		all = []spec{perSenderSpec}
	case opt.Bounces && opt.By != nil:
		all = []spec{bounceBySpec(opt.By)}
	case opt.By != nil:
		all = []spec{bySpec(opt.By)}
	case opt.Bounces:
		all = bounceSpecs
	}
	var err error
	if c.specs, err = choose(all, opt.Tables); err != nil {
		return nil, err
	}
	c.sums = newSums(Totals{}, c.newFolds())
	c.ledger = NewLedger(func(m *Message) {
		c.record(m, into(&c.sums))
		if opt.Recent > 0 {
			c.record(m, func(t time.Time, _ bool) *sums { return c.part(t) })
		}
		if opt.Release != nil {
			opt.Release(m)
		}
	})
	c.view = View{zone: opt.Zone, every: opt.Every, reasons: c.reasons, names: c.names}
	if opt.Every.IsAuto() {
		c.view.every = everyHour
	}
	c.ledger.Unmerged = opt.Unmerged
	c.known = knownWords{names: c.names}
	c.ledger.reuse = opt.Reuse && opt.Release == nil && !opt.Bounces
	c.ledger.lean = c.ledger.reuse && opt.Filter.Empty()
	c.ledger.relays = opt.Bounces
	if c.ledger.reuse {
		c.ledger.Limit = reuseLimit
	}
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
	if c.opt.Bounces {
		return []fold{newBounceLog(c)}
	}
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

// Sources tells how the files that were Read are kept, and how many were found and not read.
func (c *Collector) Sources(kinds map[string]int, skipped int) {
	c.input.Kinds, c.input.Skipped = kinds, skipped
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
	return c.Event(ev, set)
}

// Event is Add for an event that is no line of its own (see parser.Parser.Flush).
func (c *Collector) Event(ev *parser.Event, set int) (m *Message, counts bool) {
	after := !c.opt.Until.IsZero() && !ev.Time.Before(c.opt.Until)
	if !after {
		c.classify(ev)
	}
	if c.opt.Rewrite != nil {
		c.opt.Rewrite(ev)
		ev.Folded = nil
	}
	c.span(ev)
	if after {
		return nil, false
	}
	m = c.ledger.Add(ev, set)
	if m != nil {
		c.fillIn(ev, m)
	}
	if c.passing != nil && len(c.ledger.noted) > 0 {
		c.passing.Noted()
	}
	return m, c.count(ev, m)
}

// count counts an event that was Added, and tells whether it lies in the window and passes the
// filter.
func (c *Collector) count(ev *parser.Event, m *Message) bool {
	if !c.opt.Since.IsZero() && ev.Time.Before(c.opt.Since) {
		return false
	}
	view := &c.view
	view.Event, view.Message, view.settled = ev, m, c.ledger.settled
	view.peer, view.domain, view.relay, view.reply = nil, c.ledger.words.domain, 0, c.ledger.words.reply
	if p := c.ledger.relay; p != nil && (p == c.ledger.words.relay || p.is(&ev.Relay)) {
		view.peer = p
	}
	if !c.opt.Filter.Pass(view) {
		return false
	}
	if m != nil && ev.Attempt() && !c.counted(m) {
		return true
	}
	c.sums.event(view)
	if c.opt.Recent > 0 {
		if s := c.part(ev.Time); s != nil {
			s.event(view)
		}
	}
	return true
}

// Digest counts what a stretch of a log says, as Add does line by line, but for lines that may
// be passed over (see Passing).
func (c *Collector) Digest(d *parser.Digest, set int) {
	c.input.Lines += int64(d.Understood + d.Ignored + d.Unknown)
	c.input.Understood += int64(d.Understood)
	c.input.Ignored += int64(d.Ignored)
	c.input.Unknown += int64(d.Unknown)
	c.totals.Connections += d.Connections
	c.at(d.First)
	c.at(d.Last)
	ev := &c.digested
	var origin *parser.Origin
	var mta parser.MTA
	until := !c.opt.Until.IsZero()
	for i := range d.Whole {
		if v := d.Next(i, ev); v == parser.Ignored {
			continue
		}
		c.mtas[ev.MTA] = true
		o := d.Origin(i)
		same := o.Beside(origin)
		if !same {
			c.from(ev)
		}
		if until && !ev.Time.Before(c.opt.Until) {
			origin = nil // the ledger has not seen it
			continue
		}
		c.ledger.here = same && ev.MTA == mta
		origin, mta = o, ev.MTA
		if d.Tick(i) {
			c.ledger.pass(ev, set)
			continue
		}
		c.classify(ev)
		c.ledger.id, c.ledger.next = d.Hashes(i)
		c.ledger.words = c.known.of(d, i, ev)
		if m := c.ledger.add(ev, set); tallied[ev.Kind] {
			c.count(ev, m)
		}
	}
}

// Passing says which lines a Digest may leave out because they add nothing but connections;
// nil: none.
func (c *Collector) Passing() *parser.Passing {
	if c.opt.Rewrite != nil || c.opt.Recent > 0 {
		return nil
	}
	if c.passing != nil {
		return c.passing
	}
	c.passing = &parser.Passing{Since: c.opt.Since, Until: c.opt.Until}
	for _, k := range parser.Kinds() {
		// Ledger.note looks at the last four.
		c.passing.Kinds[k] = !tallied[k] && k != parser.Held && k != parser.Discarded && k != parser.Redirected && k != parser.Removed
	}
	c.passing.Kinds[parser.Connected] = c.opt.Filter.Empty() // Digest.Connections stands for them
	return c.passing
}

// counted tells whether a message is of the kind that is counted.
func (c *Collector) counted(m *Message) bool {
	if c.opt.Notices {
		return m.notice()
	}
	return m.Mail()
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
	c.from(ev)
	c.at(ev.Time)
}

// from notes whose line an event is.
func (c *Collector) from(ev *parser.Event) {
	if !bytes.Equal(ev.Host, c.host) {
		c.host = append(c.host[:0], ev.Host...)
		c.hosts.add(ev.Host)
	}
	if !bytes.Equal(ev.Instance, c.instance) {
		c.instance = append(c.instance[:0], ev.Instance...)
		c.instances.add(ev.Instance)
	}
}

// at notes a line's time.
func (c *Collector) at(t time.Time) {
	if t.IsZero() {
		return
	}
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

// tallied are the kinds of events that sums.event looks at.
var tallied = [256]bool{parser.Delivered: true, parser.Deferred: true, parser.Bounced: true, parser.Rejected: true,
	parser.AuthFailed: true, parser.Warning: true, parser.Connected: true}

// event counts what is counted when it happens: attempts, refusals, connections, warnings.
func (s *sums) event(v *View) {
	ev, n := v.Event, int64(max(1, v.Event.Repeat))
	switch ev.Kind {
	case parser.Delivered, parser.Deferred, parser.Bounced:
		if len(ev.Recipient) == 0 {
			return
		}
		if ev.Kind == parser.Deferred {
			s.totals.Deferred += n
			if ev.NotAttempted {
				s.totals.NotAttempted += n
			}
		}
		s.answers.attempt(v, n)
		folds := s.attempts
		if ev.Kind == parser.Delivered {
			folds = s.deliveries
		}
		for _, f := range folds {
			f.attempt(v, n)
		}
	case parser.Rejected:
		s.totals.Rejected += n
		for _, f := range s.refusals {
			f.refusal(v, n)
		}
	case parser.AuthFailed:
		for _, f := range s.logins {
			f.loginFailure(v, n)
		}
	case parser.Warning:
		for _, f := range s.warnings {
			f.warning(v, n)
		}
	case parser.Connected:
		// postscreen names no host; who passes it is counted when smtpd logs the connection.
		if ev.MTA != parser.Postfix || len(ev.Client.Name) > 0 {
			s.totals.Connections += n
		}
	}
}

// View returns a view of a message's recipient r, or of the message alone where r is nil.
func (c *Collector) View(m *Message, r *Recipient) View {
	return View{Message: m, Recipient: r, zone: c.opt.Zone, every: everyHour, reasons: c.reasons, names: c.names}
}

// EventView returns a view of an event that was Added.
func (c *Collector) EventView(ev *parser.Event) View {
	return View{Event: ev, zone: c.opt.Zone, every: everyHour, reasons: c.reasons, names: c.names}
}

// A picker returns the sums in which what happened at t is counted, nil for none; queued
// tells that it goes on.
type picker func(t time.Time, queued bool) *sums

// into picks s for everything.
func into(s *sums) picker { return func(time.Time, bool) *sums { return s } }

// record counts a message as of the end of the window.
func (c *Collector) record(m *Message, pick picker) {
	v := &c.ended
	*v = c.View(m, nil)
	queuedAt := m.First
	if m.waited != 0 {
		queuedAt = queuedAt.Add(m.waited)
	}
	arrived := m.Active && !m.OpenedBefore && c.inWindow(queuedAt)
	if m.Source == SourceNotification && !m.Probe {
		if log := pick(m.First, false).bounces(); log != nil {
			log.notice(m)
		}
		if arrived && m.notice() && c.opt.Filter.Pass(v) {
			if s := pick(queuedAt, false); s != nil {
				s.totals.Notifications++
			}
		}
	}
	if !c.counted(m) {
		return
	}
	queued := m.Active || m.State == StateHeld
	if !queued && len(m.Recipients) == 0 {
		return
	}
	passed := c.opt.Filter.Empty() || len(m.Recipients) == 0 && c.opt.Filter.Pass(v)
	for i := range m.Recipients {
		r := &m.Recipients[i]
		v.Recipient = r
		pass := c.opt.Filter.Pass(v)
		if log := pick(r.Time, !r.Outcome.final()).bounces(); log != nil {
			log.end(v, i, pass)
		}
		if !pass {
			continue
		}
		passed = true
		c.recipient(pick, v, r.Outcome, r.Time, 1)
	}
	v.Recipient = nil
	if !passed {
		return
	}
	if n := int64(m.Unseen()); n > 0 && queued && c.opt.Filter.Pass(v) {
		o := OutcomeNone
		switch m.State {
		case StateDone, StateLost:
			o = Lost
		case StateRemoved:
			o = Removed
		}
		c.recipient(pick, v, o, m.Last, n)
	}
	c.recorded(v)
	if s := pick(m.Last, m.State == StateHeld); s != nil {
		if m.Deferrals > 0 && !m.Last.Before(c.opt.Since) {
			s.totals.DeferredMessages++
		}
		if m.State == StateHeld {
			s.totals.Held++
		}
	}
	if s := pick(queuedAt, false); s != nil && arrived && m.State != StateRejected && (m.Source == SourceSMTP || m.Source == SourceLocal) {
		s.totals.Received++
		s.totals.BytesReceived += m.Size
		for _, f := range s.messages {
			f.message(v)
		}
	}
}

// recipient counts n recipients of one outcome.
func (c *Collector) recipient(pick picker, v *View, o Outcome, t time.Time, n int64) {
	if o != OutcomeNone && o != Deferred && !c.inWindow(t) {
		return
	}
	s := pick(t, o == OutcomeNone || o == Deferred)
	if s == nil {
		return
	}
	switch o {
	case Forwarded:
		s.totals.Forwarded += n
		return
	case Rejected, Deliverable, Undeliverable:
		return
	case OutcomeNone:
		o = Deferred
	}
	s.totals.Recipients += n
	*s.totals.of(o) += n
	if o == Delivered {
		s.totals.BytesDelivered += v.Message.Size * n
	}
	for _, f := range s.recipients {
		f.recipient(v, o, n)
	}
	if s != c.recording {
		c.recorded(v)
		c.recording = s
	}
	s.ended[o] += n
}

// recorded counts the recipients so far where those of a message count alike.
func (c *Collector) recorded(v *View) {
	s := c.recording
	if s == nil {
		return
	}
	c.recording = nil
	r := v.Recipient
	v.Recipient = nil
	for o, n := range s.ended {
		if n == 0 {
			continue
		}
		s.ended[o] = 0
		for _, f := range s.ofMessage {
			f.recipient(v, Outcome(o), n)
		}
	}
	v.Recipient = r
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
	return (c.opt.Since.IsZero() || !t.Before(c.opt.Since)) && (c.opt.Until.IsZero() || t.Before(c.opt.Until))
}

// Finish ends the input: every message still open is counted as queued and released.
func (c *Collector) Finish() { c.ledger.Close() }

// Report returns the report as of now. It may be called at any time; messages still open are
// counted as queued.
func (c *Collector) Report() *Report {
	if c.ledger.open.n == 0 {
		return c.report(&c.sums) // nothing is to be added
	}
	now := newSums(c.totals, c.newFolds())
	for i, f := range now.folds {
		f.merge(c.folds[i])
	}
	c.ledger.each(func(m *Message) { c.record(m, into(&now)) })
	return c.report(&now)
}

func (c *Collector) report(now *sums) *Report {
	r := &Report{Schema: ReportSchema, Input: c.input, Totals: now.totals, Since: c.opt.Since, Until: c.opt.Until, Filters: c.opt.conditions()}
	r.Input.Reused, r.Input.Evicted, r.Input.Unnamed = c.ledger.Reused, c.ledger.Evicted, c.ledger.Unnamed
	r.Input.Hosts, r.Input.Instances = c.hosts.sorted(), c.instances.sorted()
	r.Input.MTAs = []string{}
	for m := parser.Postfix; int(m) < len(c.mtas); m++ {
		if c.mtas[m] {
			r.Input.MTAs = append(r.Input.MTAs, m.String())
		}
	}
	folds := now.folds
	if log := now.bounces(); log != nil {
		folds = log.tables(c.specs)
	}
	for i := range c.specs {
		r.Tables = append(r.Tables, c.specs[i].table(folds[i], c.opt.Stream))
	}
	return r
}

// parts of opt.Recent are counted apart; a recent report is right to one of them.
const recentParts = 60

// part is the sums of a short while.
type part struct {
	start int64 // Unix nanoseconds
	sums
}

// part returns the sums for what happened at t, nil where that is too long ago.
func (c *Collector) part(t time.Time) *sums {
	width := int64(max(time.Second, c.opt.Recent/recentParts))
	start := t.UnixNano() / width * width
	i, ok := slices.BinarySearchFunc(c.parts, start, func(p *part, start int64) int { return cmp.Compare(p.start, start) })
	if ok {
		return &c.parts[i].sums
	}
	if i == 0 && len(c.parts) > recentParts {
		return nil
	}
	c.parts = slices.Insert(c.parts, i, &part{start, newSums(Totals{}, c.newFolds())})
	if len(c.parts) > recentParts+1 {
		c.parts = slices.Delete(c.parts, 0, 1)
		i--
	}
	return &c.parts[i].sums
}

// Recent returns the report of what happened from since on, right to a sixtieth of
// Options.Recent; since must not be longer ago than that. What is in the queue is counted
// whenever it came.
func (c *Collector) Recent(since time.Time) *Report {
	now := newSums(Totals{}, c.newFolds())
	for _, p := range c.parts {
		if p.start >= since.UnixNano() {
			now.add(&p.sums)
		}
	}
	c.ledger.each(func(m *Message) {
		c.record(m, func(t time.Time, queued bool) *sums {
			if queued || !t.Before(since) {
				return &now
			}
			return nil
		})
	})
	r := c.report(&now)
	if since.After(r.Since) {
		r.Since = since.In(c.opt.Zone)
	}
	return r
}

// seen is a small set of names.
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
