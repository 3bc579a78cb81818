package aggregate

import (
	"cmp"
	"slices"
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
		from(whole((*bounceLog).adviceRows))},
	groupSpec("by_status", "Failed recipients by status", DimStatus, DimCode, DimEnhanced),
	groupSpec("by_domain", "Failed recipients by domain", DimDomain),
	groupSpec("by_provider", "Failed recipients by mailbox provider", DimProvider),
	groupSpec("by_sender", "Failed recipients by envelope sender", DimSender),
	{"by_group", "Failed recipients by provider, else domain, and reason", "recipients",
		[]Column{{"group", "string"}, {"reason", "string"}, {"recipients", "integer"}}, from((*bounceLog).groupReasonRows)},
	{"incidents", "Incidents: failures of one kind at one place", "attempts",
		incidentColumns, from(whole((*bounceLog).incidentRows))},
	{"block_lists", "Who refuses which of our addresses", "attempts", blockColumns, from(whole((*bounceLog).blockRows))},
	{"own_block_lists", "Clients that we refuse because a list has them", "refusals",
		ownListColumns, from(whole((*bounceLog).ownListRows))},
	{"changes", "What changed", "recipients", changeColumns, from(whole((*bounceLog).changeRows))},
	{"suppress", "Addresses to send nothing more to", "addresses", suppressColumns, from((*bounceLog).suppressRows)},
	{"suppress_held", "Failed and not suppressed, and why", "addresses",
		heldColumns, from((*bounceLog).heldRows)},
	{"suppress_changes", "Changes since the earlier list", "addresses",
		suppressChangeColumns, from(whole((*bounceLog).suppressChangeRows))},
}

// A rowMaker makes the rows of a table one by one, until put does not want the next. A row may be
// used again for the next one.
type rowMaker func(l *bounceLog, put func(row []any) bool)

// whole is the rowMaker of a table that is small.
func whole(rows func(*bounceLog) [][]any) rowMaker {
	return func(l *bounceLog, put func([]any) bool) {
		for _, row := range rows(l) {
			if !put(row) {
				return
			}
		}
	}
}

// bounceTable is a table of a bounceLog.
type bounceTable struct {
	log  *bounceLog
	make rowMaker
}

func from(make rowMaker) func(*Collector) fold {
	return func(*Collector) fold { return &bounceTable{make: make} }
}

func (t *bounceTable) merge(fold) {}

func (t *bounceTable) rows(int) (rows [][]any, approximate bool) {
	t.make(t.log, func(row []any) bool {
		rows = append(rows, slices.Clone(row))
		return true
	})
	return rows, t.approximate()
}

func (t *bounceTable) approximate() bool { return t.log.full || t.log.beyond > 0 }

// bounces is the one fold of a bounce report, nil where there is none.
func (s *sums) bounces() *bounceLog {
	if s == nil {
		return nil
	}
	return s.log
}

// tables returns the tables of a log that is complete.
func (l *bounceLog) tables(specs []spec) []fold {
	l.decided = nil
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
		from(func(l *bounceLog, put func([]any) bool) { l.groupRows(dims, put) })}
}

var groupColumns = []Column{{"bounced", "integer"}, {"expired", "integer"}, {"recipients", "integer"}, {"addresses", "integer"},
	{"messages", "integer"}, {"delivered_later", "integer"}, {"remote", "integer"}, {"local", "integer"}, {"network", "integer"},
	{"first", "time"}, {"last", "time"}, {"state", "string"}, {"reply", "string"}}

// Bounds of a bounceLog.
const (
	maxDelivered = 4_000_000
	maxBuckets   = 1_000_000
)

// bounceLog is what the bounce report is made of: the failed recipients, and what is needed
// to tell whether their failure still holds. Adding and merging commute.
type bounceLog struct {
	c       *Collector `state:"-"`
	kept    failures
	beyond  int64               // failed recipients that found no room
	failing map[uint64]struct{} // addresses of failures, by hash

	// Made when all is counted: the failures in order of time, and by address, those of one in
	// order of time.
	byTime, byAddress []uint32 `state:"-"`
	one               failure  `state:"-"` // see at

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

	decided *verdicts `state:"-"` // made once for all tables of a report
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
	switch {
	case r.Outcome == Delivered && !r.relayed:
		l.lives(v.Message, r)
		l.deliveredTo(v)
	case r.Partly, // which clears this failure, too
		r.Outcome == Forwarded && r.Direction == parser.Local: // an alias, whatever becomes of its members
		l.lives(v.Message, r)
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
	if l.kept.full() {
		l.beyond++
		return
	}
	l.kept.add(v.Message, i, l.c.opt.PerSender)
	l.failing[hash(Mailbox(r.Address))] = struct{}{}
}

// notice takes a notice of ours that got through as proof that its recipient lives. One that
// failed says nothing: servers refuse notices for reasons of their own.
func (l *bounceLog) notice(m *Message) {
	for i := range m.Recipients {
		if r := &m.Recipients[i]; r.Outcome == Delivered && !r.relayed {
			l.lives(m, r)
		}
	}
}

// lives notes that an address got mail, before and after aliases. Where the address before aliases is a
// recipient itself, what else came of it is a copy (for an archive, Exim's unseen), which tells nothing of it.
func (l *bounceLog) lives(m *Message, r *Recipient) {
	t := r.Time.UnixNano()
	if k := Mailbox(r.Address); k != "" {
		l.setDelivered(hash(k), t)
	}
	k := Mailbox(r.Original)
	if k == "" {
		return
	}
	if own := m.find(r.Original, ""); own == nil || !equalFold(own.Address, r.Original) {
		l.setDelivered(hash(k), t)
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

func (l *bounceLog) rows(int) ([][]any, bool) { return nil, false } // see tables

func (l *bounceLog) merge(f fold) {
	o := f.(*bounceLog)
	l.beyond += o.beyond + l.kept.merge(&o.kept)
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

// sortFailures brings the failures into their orders.
func (l *bounceLog) sortFailures() {
	n := l.kept.list.len()
	l.byTime = make([]uint32, n)
	for i := range l.byTime {
		l.byTime[i] = uint32(i)
	}
	slices.SortFunc(l.byTime, func(i, j uint32) int {
		a, b := l.kept.list.at(i), l.kept.list.at(j)
		if c := a.time.Compare(b.time); c != 0 {
			return c
		}
		d, e := l.kept.envelope(a), l.kept.envelope(b)
		return cmp.Or(cmp.Compare(d.host, e.host), cmp.Compare(d.queueID, e.queueID), cmp.Compare(a.address, b.address),
			cmp.Compare(a.original, b.original), cmp.Compare(i, j))
	})
	place := make([]uint32, n)
	for i, j := range l.byTime {
		place[j] = uint32(i)
	}
	keys := make([]string, n)
	for i := range keys {
		keys[i] = addressKey(l.kept.list.at(uint32(i)).address)
	}
	l.byAddress = slices.Clone(l.byTime)
	slices.SortFunc(l.byAddress, func(i, j uint32) int { return cmp.Or(cmp.Compare(keys[i], keys[j]), cmp.Compare(place[i], place[j])) })
}

// addresses calls f for each address with its failures, in the order of addresses.
func (l *bounceLog) addresses(f func(key string, all []uint32)) {
	for rest := l.byAddress; len(rest) > 0; {
		key, n := addressKey(l.kept.list.at(rest[0]).address), 1
		for n < len(rest) && addressKey(l.kept.list.at(rest[n]).address) == key {
			n++
		}
		f(key, rest[:n])
		rest = rest[n:]
	}
}

// listRows lists failed recipients, oldest first.
func (l *bounceLog) listRows(put func([]any) bool) {
	var row []any
	for _, i := range l.byTime {
		f := l.at(i)
		v := l.c.View(f.m, f.r)
		a := &f.r.Answer
		relay := f.r.Relay.Name
		if relay == "" {
			relay = f.r.Relay.IP
		}
		row = append(row[:0], f.r.Time, f.r.Address, f.r.Outcome.String(), codeCell(a.Code), word(a.Enhanced.String()), f.r.Status.String(), word(a.Reason.String()),
			word(a.Text), word(f.m.Sender), word(relay), word(a.Stage.String()), word(a.Origin.String()), int64(f.r.Attempts), f.m.QueueID, word(l.c.provider(&v)),
			timeCell(l.later(Mailbox(f.r.Address), f.r.Time)))
		if !put(row) {
			return
		}
	}
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
	number           uint32 // from 1 on
	bounced, expired int64
	origins          [4]int64 // by status.Origin
	first, last      time.Time
	reply            string // the latest

	addresses, messages, later int64 // see count
}

func (g *group) total() int64 { return g.bounced + g.expired }

func (g *group) add(f failure) {
	if f.r.Outcome == Bounced {
		g.bounced++
	} else {
		g.expired++
	}
	g.origins[f.r.Answer.Origin&3]++
	if g.first.IsZero() {
		g.first = f.r.Time
	}
	g.last, g.reply = f.r.Time, f.r.Answer.Text // failures come in order of time
}

// grouped groups the failures by some dimensions. Senders that name the recipient are one. groups
// are the groups by their numbers less one, of has the number of each failure's.
func (l *bounceLog) grouped(dims []Dim) (k keyed[group], groups []*group, of []uint32) {
	k, of = newKeyed[group](dims), make([]uint32, len(l.byTime))
	every := l.c.opt.Every
	if every.IsAuto() {
		every = everyHour
	}
	for _, i := range l.byTime {
		f := l.at(i)
		v := l.c.View(f.m, f.r)
		v.every = every
		f.m.Sender, f.m.senderNumber = senderName(f.m.Sender, f.r.Address), 0
		g := k.at(&v)
		if g.number == 0 {
			groups = append(groups, g)
			g.number = uint32(len(groups))
		}
		of[i] = g.number
		g.add(f)
	}
	if l.beyond > 0 {
		k.get(otherKey).bounced += l.beyond
	}
	return k, groups, of
}

// count counts the addresses and messages of groups.
func (l *bounceLog) count(groups []*group, of []uint32) {
	type member struct {
		group, failure uint32
	}
	var members []member // of one address, in order of time
	l.addresses(func(key string, all []uint32) {
		members = members[:0]
		for _, i := range all {
			members = append(members, member{of[i], i})
		}
		slices.SortStableFunc(members, func(a, b member) int { return cmp.Compare(a.group, b.group) })
		for n, m := range members {
			if n+1 < len(members) && members[n+1].group == m.group {
				continue
			}
			g := groups[m.group-1]
			g.addresses++
			if !l.later(key, l.kept.list.at(m.failure).time).IsZero() {
				g.later++
			}
		}
	})
	for i, n := uint32(0), uint32(len(of)); i < n; { // those of a message follow each other
		members = members[:0]
		for message := l.kept.list.at(i).message; i < n && l.kept.list.at(i).message == message; i++ {
			members = append(members, member{of[i], i})
		}
		slices.SortFunc(members, func(a, b member) int { return cmp.Compare(a.group, b.group) })
		for n, m := range members {
			if n == 0 || members[n-1].group != m.group {
				groups[m.group-1].messages++
			}
		}
	}
}

func (l *bounceLog) groupRows(dims []Dim, put func([]any) bool) {
	k, groups, of := l.grouped(dims)
	l.count(groups, of)
	for _, e := range k.sorted((*group).total, 0) {
		g, key := e.t, e.key
		if len(dims) == 1 && dims[0] == DimProvider && key == "" {
			continue // nobody known
		}
		row := k.cells(key)
		if len(dims) == 1 && dims[0] == DimReason {
			r, _ := status.ParseReason(key)
			row = append(row, word(r.Category().String()), word(r.Action().String()))
		}
		row = append(row, g.bounced, g.expired, g.total(), g.addresses, g.messages, g.later,
			g.origins[status.OriginRemote], g.origins[status.OriginLocal], g.origins[status.OriginNetwork],
			timeCell(g.first), timeCell(g.last), l.state(g.last), word(g.reply))
		if !put(row) {
			return
		}
	}
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
	k, _, _ := l.grouped([]Dim{DimReason})
	for _, e := range k.sorted((*group).total, 0) {
		r, _ := status.ParseReason(e.key)
		if r == status.ReasonNone {
			continue
		}
		info := r.Info()
		rows = append(rows, []any{info.Name, e.t.total(), who[info.Action], info.Meaning, info.Advice})
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
func (l *bounceLog) groupReasonRows(put func([]any) bool) {
	now := l.now()
	for _, k := range sortedBy(now.failures, func(n int64) int64 { return n }, groupReason.compare) {
		if !put([]any{word(k.group), word(k.reason.String()), now.failures[k]}) {
			return
		}
	}
}

// now is the period of the window.
func (l *bounceLog) now() period {
	p := period{recipients: l.total, failures: map[groupReason]int64{}}
	for _, i := range l.byTime {
		f := l.at(i)
		v := l.c.View(f.m, f.r)
		p.failures[groupReason{l.place(&v), f.r.Answer.Reason}]++
	}
	return p
}
