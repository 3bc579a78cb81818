package aggregate

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/smtplog/smtplog/parser"
	"github.com/smtplog/smtplog/status"
)

// bounceSpecs is the registry of the bounce report's tables, which are all made from one
// bounceLog.
var bounceSpecs = []spec{
	{"bounces", "Recipients who did not get their mail", "recipients",
		[]Column{{"time", "time"}, {"recipient", "string"}, {"outcome", "string"}, {"code", "integer"}, {"enhanced", "string"},
			{"status", "string"}, {"reason", "string"}, {"text", "string"}, {"sender", "string"}, {"relay", "string"}, {"stage", "string"},
			{"origin", "string"}, {"attempts", "integer"}, {"queue_id", "string"}, {"provider", "string"}, {"delivered_later", "time"}},
		from((*bounceLog).listRows)},
	groupSpec("by_reason", "Failed recipients by reason", DimReason),
	{"advice", "What the reasons mean, and what to do", "recipients",
		[]Column{{"reason", "string"}, {"recipients", "integer"}, {"who", "string"}, {"meaning", "string"}, {"advice", "string"}},
		from((*bounceLog).adviceRows)},
	groupSpec("by_status", "Failed recipients by status", DimStatus, DimCode, DimEnhanced),
	groupSpec("by_domain", "Failed recipients by domain", DimDomain),
	groupSpec("by_provider", "Failed recipients by mailbox provider", DimProvider),
	groupSpec("by_sender", "Failed recipients by envelope sender", DimSender),
	{"by_group", "Failed recipients by provider, else domain, and reason", "recipients",
		[]Column{{"group", "string"}, {"reason", "string"}, {"recipients", "integer"}}, from((*bounceLog).groupReasonRows)},
	{"incidents", "Incidents: failures of one kind at one place", "attempts",
		incidentColumns, from((*bounceLog).incidentRows)},
	{"block_lists", "Who refuses which of our addresses", "attempts", blockColumns, from((*bounceLog).blockRows)},
	{"own_block_lists", "Clients that we refuse because a list has them", "refusals",
		ownListColumns, from((*bounceLog).ownListRows)},
	{"changes", "What changed", "recipients", changeColumns, from((*bounceLog).changeRows)},
	{"suppress", "Addresses to send nothing more to", "addresses", suppressColumns, from((*bounceLog).suppressRows)},
	{"suppress_held", "Failed and not suppressed, and why", "addresses",
		heldColumns, from((*bounceLog).heldRows)},
	{"suppress_changes", "Changes since the earlier list", "addresses",
		suppressChangeColumns, from((*bounceLog).suppressChangeRows)},
}

// bounceTable is a table of a bounceLog.
type bounceTable struct {
	log  *bounceLog
	make func(*bounceLog) [][]any
}

func from(make func(*bounceLog) [][]any) func(*Collector) fold {
	return func(*Collector) fold { return &bounceTable{make: make} }
}

func (t *bounceTable) merge(fold) {}

func (t *bounceTable) rows() ([][]any, bool) {
	return t.make(t.log), t.log.full || t.log.beyond > 0
}

// bounces is the one fold of a bounce report, nil where there is none.
func (s *sums) bounces() *bounceLog {
	if s == nil {
		return nil
	}
	return s.log
}

// tables returns the tables of a log that is complete.
func (l *bounceLog) tables(specs []spec) []fold {
	l.sortFailures()
	tables := make([]fold, len(specs))
	for i := range specs {
		t := specs[i].make(l.c).(*bounceTable)
		t.log = l
		tables[i] = t
	}
	return tables
}

// bounceBySpec is the table that `bounces --by` asks for.
func bounceBySpec(by []Dim) spec {
	return groupSpec("by", "Failed recipients", by...)
}

// groupSpec is a table of failed recipients grouped by some dimensions.
func groupSpec(name, title string, dims ...Dim) spec {
	columns := dimColumns(dims)
	if len(dims) == 1 && dims[0] == DimReason {
		columns = append(columns, Column{"category", "string"}, Column{"action", "string"})
	}
	return spec{name, title, "recipients", append(columns, groupColumns...),
		from(func(l *bounceLog) [][]any { return l.groupRows(dims) })}
}

var groupColumns = []Column{{"bounced", "integer"}, {"expired", "integer"}, {"recipients", "integer"}, {"addresses", "integer"},
	{"messages", "integer"}, {"delivered_later", "integer"}, {"remote", "integer"}, {"local", "integer"}, {"network", "integer"},
	{"first", "time"}, {"last", "time"}, {"state", "string"}, {"reply", "string"}}

// Bounds of a bounceLog.
const (
	maxFailures  = 1_000_000
	maxDelivered = 4_000_000
	maxBuckets   = 1_000_000
)

// bounceLog is what the bounce report is made of: the failed recipients, and what is needed
// to tell whether their failure still holds. Adding and merging commute.
type bounceLog struct {
	c        *Collector `state:"-"`
	kept     []failureRef
	failures []failure           `state:"-"` // kept, in order of time; made when all is counted
	beyond   int64               // failed recipients that found no room
	failing  map[uint64]struct{} // addresses of failures, by hash

	// delivered has when an address last got mail, by hash of the address, in Unix
	// nanoseconds. Where there are too many addresses the older half is given up, but for
	// those that failed; forgotten is the latest time among what was given up.
	delivered map[uint64]int64
	forgotten int64
	room      int `state:"-"` // maxDelivered

	alive  map[aliveKey]int64 // deliveries by place and time, for the outage guard
	places map[string]int64   // when mail was last delivered to a place, Unix nanoseconds
	runs   map[runKey]*run
	blocks map[blockKey]*block
	own    map[string]*block
	before period // what --compare compares with
	total  int64  // recipients with an end in the window: the exposure of the comparison
	full   bool   // one of the maps found no room for a key

	decided *verdicts                  `state:"-"` // made once for all tables of a report
	replies map[*Message]map[reply]int `state:"-"` // how many recipients got each reply; see shared
}

// failure is one failed recipient of a message.
type failure struct {
	m *Message
	r *Recipient
}

// failureRef is a failure in a form that can be saved: i is the recipient's place in m.
type failureRef struct {
	m *Message
	i int
}

func newBounceLog(c *Collector) *bounceLog {
	return &bounceLog{c: c, room: maxDelivered, failing: map[uint64]struct{}{}, delivered: map[uint64]int64{}, alive: map[aliveKey]int64{},
		places: map[string]int64{}, runs: map[runKey]*run{}, blocks: map[blockKey]*block{}, own: map[string]*block{},
		before: period{failures: map[groupReason]int64{}}}
}

// failed tells whether an outcome means that the recipient never got the message.
func failed(o Outcome) bool { return o == Bounced || o == Expired }

// end counts recipient i of users' mail. passed tells whether the filter lets it
// pass: a failure that it hides is not reported, but a delivery that it hides still proves
// that the address lives.
func (l *bounceLog) end(v *View, i int, passed bool) {
	r := v.Recipient
	if r.Outcome == Delivered {
		l.lives(r, r.Time.UnixNano())
		l.deliveredTo(v)
	}
	if !passed || !r.Outcome.final() || r.Outcome == Forwarded || r.Outcome == Rejected {
		return
	}
	if !l.c.inWindow(r.Time) {
		if l.c.opt.Compare.has(r.Time) {
			l.before.add(l.place(v), r)
		}
		return
	}
	l.total++
	if !failed(r.Outcome) {
		return
	}
	if len(l.kept) >= maxFailures {
		l.beyond++
		return
	}
	l.kept = append(l.kept, failureRef{v.Message, i})
	l.failing[hash(mailbox(r.Address))] = struct{}{}
}

// notice takes a notice of ours that got through as proof that its recipient lives. One that
// failed says nothing: servers refuse notices for reasons of their own.
func (l *bounceLog) notice(m *Message) {
	for i := range m.Recipients {
		if r := &m.Recipients[i]; r.Outcome == Delivered {
			l.lives(r, r.Time.UnixNano())
		}
	}
}

// lives notes that an address got mail, before and after aliases.
func (l *bounceLog) lives(r *Recipient, t int64) {
	for _, a := range [...]string{r.Address, r.Original} {
		if k := mailbox(a); k != "" {
			l.setDelivered(hash(k), t)
		}
	}
}

func (l *bounceLog) setDelivered(h uint64, t int64) {
	if old, ok := l.delivered[h]; ok {
		l.delivered[h] = max(old, t)
		return
	}
	if len(l.delivered) >= l.room {
		l.forget()
	}
	l.delivered[h] = t
}

// forget gives up the older half of the deliveries.
func (l *bounceLog) forget() {
	times := make([]int64, 0, len(l.delivered))
	for _, t := range l.delivered {
		times = append(times, t)
	}
	slices.Sort(times)
	middle := times[len(times)/2]
	l.forgotten = max(l.forgotten, middle)
	for h, t := range l.delivered {
		if _, failed := l.failing[h]; t <= middle && !failed {
			delete(l.delivered, h)
		}
	}
}

// later returns when the address got mail after t, the zero time if it did not.
func (l *bounceLog) later(key string, t time.Time) time.Time {
	if d, ok := l.delivered[hash(key)]; ok && d > t.UnixNano() {
		return time.Unix(0, d).In(t.Location())
	}
	return time.Time{}
}

// place is where mail to a recipient goes: the provider, else the recipient's domain.
func (l *bounceLog) place(v *View) string {
	if p := l.c.provider(v); p != "" {
		return p
	}
	return string(v.appendDomain(nil))
}

// attempt counts a failed delivery attempt.
func (l *bounceLog) attempt(v *View, n int64) {
	if v.Event.Kind == parser.Delivered {
		return
	}
	l.inRun(v, n)
	if v.Event.Reason.Category() == status.CategoryReputation {
		l.blocked(v, n)
	}
}

// refusal counts an inbound refusal.
func (l *bounceLog) refusal(v *View, n int64) {
	if v.Event.Reason.Category() == status.CategoryReputation {
		l.refusedByList(v, n)
	}
}

func (l *bounceLog) rows() ([][]any, bool) { return nil, false } // see tables

func (l *bounceLog) merge(f fold) {
	o := f.(*bounceLog)
	room := max(0, maxFailures-len(l.kept))
	l.beyond += o.beyond + int64(max(0, len(o.kept)-room))
	l.kept = append(l.kept, o.kept[:min(len(o.kept), room)]...)
	for h := range o.failing {
		l.failing[h] = struct{}{}
	}
	for h, t := range o.delivered {
		l.setDelivered(h, t)
	}
	l.forgotten = max(l.forgotten, o.forgotten)
	for k, n := range o.alive {
		l.countAlive(k, n)
	}
	for p, t := range o.places {
		l.setPlace(p, t)
	}
	for k, r := range o.runs {
		if to := l.run(k); to != nil {
			to.merge(r)
		}
	}
	for k, b := range o.blocks {
		if to := get(l.blocks, k, &l.full); to != nil {
			to.merge(b)
		}
	}
	for k, b := range o.own {
		if to := get(l.own, k, &l.full); to != nil {
			to.merge(b)
		}
	}
	l.before.merge(&o.before)
	l.total += o.total
	l.full = l.full || o.full
}

// get returns the value of a key, making one where there is room.
func get[K comparable, T any](m map[K]*T, key K, full *bool) *T {
	t := m[key]
	if t == nil {
		if len(m) >= maxBuckets {
			*full = true
			return nil
		}
		t = new(T)
		m[key] = t
	}
	return t
}

// sortFailures brings the failures into the order of their times.
func (l *bounceLog) sortFailures() {
	l.failures = make([]failure, len(l.kept))
	for i, k := range l.kept {
		l.failures[i] = failure{k.m, &k.m.Recipients[k.i]}
	}
	slices.SortStableFunc(l.failures, func(a, b failure) int {
		return cmp.Or(a.r.Time.Compare(b.r.Time), cmp.Compare(a.m.Host, b.m.Host), cmp.Compare(a.m.QueueID, b.m.QueueID),
			cmp.Compare(a.r.Address, b.r.Address), cmp.Compare(a.r.Original, b.r.Original))
	})
}

// listRows lists failed recipients, oldest first.
func (l *bounceLog) listRows() [][]any {
	rows := make([][]any, len(l.failures))
	for i, f := range l.failures {
		v := l.c.View(f.m, f.r)
		a := &f.r.Answer
		relay := f.r.Relay.Name
		if relay == "" {
			relay = f.r.Relay.IP
		}
		rows[i] = []any{f.r.Time, f.r.Address, f.r.Outcome.String(), codeCell(a.Code), a.Enhanced.String(), f.r.Status.String(), a.Reason.String(), a.Text,
			f.m.Sender, relay, a.Stage.String(), a.Origin.String(), int64(f.r.Attempts), f.m.QueueID, word(l.c.provider(&v)),
			timeCell(l.later(mailbox(f.r.Address), f.r.Time))}
	}
	return rows
}

func codeCell(code int) any {
	if code == 0 {
		return nil
	}
	return int64(code)
}

func timeCell(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

// group is what the failed recipients of a row have in common.
type group struct {
	bounced, expired int64
	origins          [4]int64             // by status.Origin
	addresses        map[string]time.Time // their latest failure
	messages         map[*Message]struct{}
	first, last      time.Time
	reply            string // the latest
}

func (g *group) total() int64 { return g.bounced + g.expired }

func (g *group) add(f failure) {
	if f.r.Outcome == Bounced {
		g.bounced++
	} else {
		g.expired++
	}
	g.origins[f.r.Answer.Origin&3]++
	if g.addresses == nil {
		g.addresses, g.messages = map[string]time.Time{}, map[*Message]struct{}{}
	}
	key := mailbox(f.r.Address)
	if key == "" {
		key = strings.ToLower(f.r.Address)
	}
	g.addresses[key] = f.r.Time // failures come in order of time
	g.messages[f.m] = struct{}{}
	if g.first.IsZero() {
		g.first = f.r.Time
	}
	g.last, g.reply = f.r.Time, f.r.Answer.Text
}

// grouped groups the failures by some dimensions. Senders that name the recipient are one.
func (l *bounceLog) grouped(dims []Dim) keyed[group] {
	k := newKeyed[group](dims)
	for _, f := range l.failures {
		v := l.c.View(f.m, f.r)
		v.every = l.c.opt.Every
		if v.every.IsAuto() {
			v.every = everyHour
		}
		m := *f.m
		m.Sender = senderName(m.Sender, f.r.Address)
		v.Message = &m
		k.at(&v).add(f)
	}
	if l.beyond > 0 {
		k.get(otherKey).bounced += l.beyond
	}
	return k
}

func (l *bounceLog) groupRows(dims []Dim) (rows [][]any) {
	k := l.grouped(dims)
	for _, key := range k.sorted((*group).total) {
		g := k.m[key]
		if len(dims) == 1 && dims[0] == DimProvider && key == "" {
			continue // nobody known
		}
		row := k.cells(key)
		if len(dims) == 1 && dims[0] == DimReason {
			r, _ := status.ParseReason(key)
			row = append(row, word(r.Category().String()), word(r.Action().String()))
		}
		later := int64(0)
		for a, t := range g.addresses {
			if !l.later(a, t).IsZero() {
				later++
			}
		}
		rows = append(rows, append(row, g.bounced, g.expired, g.total(), int64(len(g.addresses)), int64(len(g.messages)), later,
			g.origins[status.OriginRemote], g.origins[status.OriginLocal], g.origins[status.OriginNetwork],
			timeCell(g.first), timeCell(g.last), l.state(g.last), word(g.reply)))
	}
	return rows
}

// state tells whether what was last seen at t goes on at the end of the log: within its last
// hour or, of a log of many days, its last twentieth.
func (l *bounceLog) state(t time.Time) string {
	in := &l.c.input
	if in.Last == nil || t.IsZero() {
		return ""
	}
	if in.Last.Sub(t) <= max(time.Hour, in.Last.Sub(*in.First)/20) {
		return "ongoing"
	}
	return "over"
}

// adviceRows explains the reasons that came up.
func (l *bounceLog) adviceRows() (rows [][]any) {
	k := l.grouped([]Dim{DimReason})
	for _, key := range k.sorted((*group).total) {
		r, _ := status.ParseReason(key)
		if r == status.ReasonNone {
			continue
		}
		info := r.Info()
		rows = append(rows, []any{info.Name, k.m[key].total(), who[info.Action], info.Meaning, info.Advice})
	}
	return rows
}

// who has to act, by what is to be done.
var who = map[status.Action]string{
	status.ActionSuppress:          "owner of the address list",
	status.ActionRetryThenSuppress: "recipient",
	status.ActionRetry:             "nobody: it is tried again",
	status.ActionSlowDown:          "we: sending rate",
	status.ActionFixConfig:         "we: configuration",
	status.ActionContactProvider:   "we: reputation",
	status.ActionReviewContent:     "sender of the message",
	status.ActionReview:            "a person, to judge",
}

// groupReasonRows counts failures by place and reason: what --compare compares.
func (l *bounceLog) groupReasonRows() (rows [][]any) {
	now := l.now()
	for _, k := range sortedBy(now.failures, func(n int64) int64 { return n }, groupReason.compare) {
		rows = append(rows, []any{word(k.group), word(k.reason.String()), now.failures[k]})
	}
	return rows
}

// now is the period of the window.
func (l *bounceLog) now() period {
	p := period{recipients: l.total, failures: map[groupReason]int64{}}
	for _, f := range l.failures {
		v := l.c.View(f.m, f.r)
		p.failures[groupReason{l.place(&v), f.r.Answer.Reason}]++
	}
	return p
}
