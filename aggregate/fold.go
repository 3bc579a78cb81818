package aggregate

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/smtplog/smtplog/parser"
	"github.com/smtplog/smtplog/status"
)

// A fold turns events and records into one table. Folds are merged by addition, in any order,
// with the same result. What a fold counts is what of the interfaces below it has.
type fold interface {
	merge(o fold)
	// rows returns at least the first most rows, all where most is 0.
	rows(most int) (rows [][]any, approximate bool)
}

// keyedFold is a fold with a row for each of its keys.
type keyedFold interface{ size() int }

// attemptFold counts the result of one delivery attempt, n times; one that is also a
// failureFold counts failed ones only.
type attemptFold interface{ attempt(v *View, n int64) }

type failureFold interface{ failuresOnly() bool }

// refusalFold counts an inbound refusal, n times.
type refusalFold interface{ refusal(v *View, n int64) }

// loginFold counts a failed login of a client, n times.
type loginFold interface{ loginFailure(v *View, n int64) }

// warningFold counts a warning of the MTA, n times.
type warningFold interface{ warning(v *View, n int64) }

// recipientFold counts one recipient of a message as of the end of the window; View.Recipient
// is nil for n announced recipients that were not seen, with their outcome.
type recipientFold interface {
	recipient(v *View, o Outcome, n int64)
}

// messageRecipientFold is a recipientFold that looks at the message alone, if byMessage: it may get
// all recipients of an outcome at once.
type messageRecipientFold interface{ byMessage() bool }

// messageFold counts a message that arrived in the window.
type messageFold interface{ message(v *View) }

// Column is a table's column.
type Column struct {
	Name string
	Type string // string, integer, number, time or duration (seconds)
}

// Table is one table of a report. A cell is nil (absent) or of its column's type: string,
// int64, float64, time.Time or time.Duration.
type Table struct {
	Name        string
	Title       string
	Unit        string // recipients, attempts, messages, connections or refusals
	Approximate bool
	Columns     []Column
	Rows        [][]any
	More        int // rows that Head has left out

	made  func(put func(row []any) bool)      // makes the rows; nil: they are in Rows
	first func(n int) (rows [][]any, all int) // makes the first n rows, and says how many there are; nil: made makes them
}

// spec is a row of the registry of tables.
type spec struct {
	name, title, unit string
	columns           []Column
	make              func(c *Collector) fold
}

// specs is the registry: every table of a report, the most important first. A new table is
// a row here and, if no fold fits, a fold.
var specs = []spec{
	{"status", "Delivery attempts by status", "attempts",
		append([]Column{{"status", "string"}, {"number", "integer"}}, attemptColumns...),
		func(*Collector) fold { return newAttempts(DimStatus) }},
	{"queue", "In the queue: recipients by age", "recipients", queueColumns, func(c *Collector) fold { return newQueue(c) }},
	{"reasons", "Failed attempts by reason", "attempts",
		slices.Concat([]Column{{"reason", "string"}, {"category", "string"}, {"type", "string"}, {"action", "string"}}, failureColumns),
		func(*Collector) fold { return newFailedAttempts(DimReason) }},
	{"categories", "Failed attempts by category of reasons", "attempts",
		slices.Concat([]Column{{"category", "string"}}, failureColumns),
		func(*Collector) fold { return newFailedAttempts(DimCategory) }},
	{"replies", "Replies behind failures, variable parts folded", "attempts",
		[]Column{{"code", "integer"}, {"enhanced", "string"}, {"status", "string"}, {"reason", "string"}, {"reply", "string"},
			{"deferred", "integer"}, {"bounced", "integer"}, {"attempts", "integer"}, {"first", "time"}, {"last", "time"}},
		func(*Collector) fold {
			return &replies{texts: newTexts(DimCode, DimEnhanced, DimStatus, DimReason, DimReply)}
		}},
	{"deferrals", "Deferred, then what? By first reason", "recipients", deferralColumns,
		func(*Collector) fold { return &deferrals{} }},
	{"over_time", "Delivery attempts over time by category", "attempts",
		[]Column{{"time", "time"}, {"direction", "string"}, {"category", "string"}, {"count", "integer"}},
		func(c *Collector) fold { return newOverTime(c) }},
	{"domains", "Recipient domains", "recipients",
		append([]Column{{"domain", "string"}}, recipientColumns...),
		func(*Collector) fold { return newRecipients(DimDomain) }},
	{"domain_reasons", "Failed attempts by recipient domain and reason", "attempts",
		slices.Concat([]Column{{"domain", "string"}, {"reason", "string"}}, failureColumns),
		func(*Collector) fold { return newFailedAttempts(DimDomain, DimReason) }},
	{"providers", "Delivery attempts by mailbox provider", "attempts",
		append([]Column{{"provider", "string"}}, attemptColumns...),
		func(*Collector) fold { return newAttempts(DimProvider) }},
	{"relays", "Delivery attempts by relay", "attempts",
		append([]Column{{"relay", "string"}}, attemptColumns...),
		func(*Collector) fold { return newAttempts(DimRelay) }},
	{"senders", "Envelope senders", "recipients",
		slices.Concat([]Column{{"sender", "string"}, {"messages", "integer"}, {"bytes", "integer"}}, recipientColumns),
		func(*Collector) fold { return newRecipients(DimSender) }},
	{"users", "Logged-in users", "recipients", userColumns, func(*Collector) fold { return newUsers() }},
	{"enhanced", "Delivery attempts by enhanced status code", "attempts",
		slices.Concat([]Column{{"enhanced", "string"}, {"meaning", "string"}}, attemptColumns),
		func(*Collector) fold { return newAttempts(DimEnhanced) }},
	{"rejects", "Inbound refusals", "refusals",
		[]Column{{"code", "integer"}, {"enhanced", "string"}, {"status", "string"}, {"stage", "string"},
			{"reply", "string"}, {"count", "integer"}, {"first", "time"}, {"last", "time"}},
		func(*Collector) fold {
			return &refusals{texts: newTexts(DimCode, DimEnhanced, DimStatus, DimStage, DimReply)}
		}},
	{"unclassified", "Failures of unknown reason, by reply", "attempts",
		[]Column{{"code", "integer"}, {"enhanced", "string"}, {"reply", "string"}, {"attempts", "integer"}, {"domains", "integer"},
			{"first", "time"}, {"last", "time"}, {"phrase", "string"}},
		func(*Collector) fold {
			return &unclassified{keyed: newKeyed[unknownCounts]([]Dim{DimCode, DimEnhanced, DimReply})}
		}},
	{"auth_failures", "Failed logins by client", "refusals", loginFailureColumns, func(*Collector) fold { return newLoginFailures() }},
	{"delays", "Delays of deliveries", "attempts",
		[]Column{{"part", "string"}, {"count", "integer"}, {"p50", "duration"}, {"p90", "duration"},
			{"p95", "duration"}, {"p99", "duration"}, {"max", "duration"}},
		func(*Collector) fold { return &delays{} }},
	{"warnings", "Warnings of the mail system, worst first", "lines",
		[]Column{{"severity", "string"}, {"service", "string"}, {"text", "string"}, {"count", "integer"},
			{"first", "time"}, {"last", "time"}},
		func(*Collector) fold { return &warnings{texts: newTexts(DimService, DimReply)} }},
}

// bySpec is the table that --by asks for.
func bySpec(by []Dim) spec {
	cols := append(dimColumns(by), attemptColumns...)
	cols = append(cols, Column{"rejected", "integer"})
	return spec{"by", "Delivery attempts and inbound refusals", "attempts", cols,
		func(*Collector) fold {
			f := newAttempts(by...)
			f.refusals = true
			return f
		}}
}

// dimColumns are the columns of a table grouped by some dimensions.
func dimColumns(dims []Dim) []Column {
	columns := make([]Column, 0, len(dims)+16)
	for _, d := range dims {
		t := "string"
		switch d {
		case DimTime:
			t = "time"
		case DimCode:
			t = "integer"
		}
		columns = append(columns, Column{d.String(), t})
	}
	return columns
}

// TableNames returns the names of a report's tables in their order, or of the bounce
// report's.
func TableNames(bounces bool) []string {
	all := specs
	if bounces {
		all = bounceSpecs
	}
	names := make([]string, len(all))
	for i := range all {
		names[i] = all[i].name
	}
	return names
}

// maxKeys bounds a table: what comes up after that many different keys is counted under
// otherKey, and the table is marked approximate.
const (
	maxKeys  = 1_000_000
	otherKey = "(others)"
)

// keyed is a map from the values of some dimensions to an accumulator.
type keyed[T any] struct {
	dims []Dim
	m    map[string]*T
	buf  []byte `state:"-"`
	full bool

	quick numbered[T] `state:"-"` // where at has found them

	// Those of own are not in m but in quick.direct alone: they are the numbers of names' words.
	own   []uint32 `state:"-"`
	names *names   `state:"-"`
	room  []T      `state:"-"` // for the next of them
}

func newKeyed[T any](dims []Dim) keyed[T] {
	return keyed[T]{dims: dims, m: make(map[string]*T), quick: newNumbered[T](dims)}
}

// sep stands between the values of a key; no line of a log keeps it in a value (see key).
const sep = '\x00'

// at returns the accumulator for v's values.
func (k *keyed[T]) at(v *View) *T {
	if k.quick.small && v.names != nil {
		return k.atNumber(v)
	}
	n, ok := k.quick.key(v)
	if ok {
		if t := k.quick.find(n); t != nil {
			return t
		}
	}
	t := k.byWords(v)
	if ok {
		k.quick.put(n, t)
	}
	return t
}

// atNumber is at where one small number tells the value.
func (k *keyed[T]) atNumber(v *View) *T {
	q := &k.quick
	n, ok := v.number(q.dims[0])
	if !ok {
		return k.byWords(v)
	}
	if n < uint64(len(q.direct)) {
		if t := q.direct[n]; t != nil {
			return t
		}
	}
	k.keyOf(v)
	t := k.newOwn(v.names, uint32(n))
	if t == nil {
		t = k.byKey()
	}
	q.put(key{n}, t)
	return t
}

// newOwn returns a new accumulator of k.own for the key in k.buf, nil where it cannot be one: it
// has to be new, and the word that has the number.
func (k *keyed[T]) newOwn(names *names, n uint32) *T {
	if !named[k.dims[0]] || k.names != nil && k.names != names || names.word(n) != string(k.buf) || k.size() >= maxKeys {
		return nil
	}
	if _, ok := k.m[string(k.buf)]; ok {
		return nil
	}
	if len(k.room) == 0 {
		k.room = make([]T, min(len(k.own)+1, 64))
	}
	t := &k.room[0]
	k.room = k.room[1:]
	k.own, k.names = append(k.own, n), names
	return t
}

// settle puts the own ones into k.m.
func (k *keyed[T]) settle() {
	for _, n := range k.own {
		k.m[k.names.word(n)] = k.quick.direct[n]
	}
	k.own = nil
}

// each calls f for every key, in no order.
func (k *keyed[T]) each(f func(key string, t *T)) {
	for key, t := range k.m {
		f(key, t)
	}
	for _, n := range k.own {
		f(k.names.word(n), k.quick.direct[n])
	}
}

// byWords is at by the words of the values, not their numbers.
func (k *keyed[T]) byWords(v *View) *T {
	k.keyOf(v)
	return k.byKey()
}

// keyOf makes k.buf the key of v's values.
func (k *keyed[T]) keyOf(v *View) {
	k.buf = k.buf[:0]
	for i, d := range k.dims {
		if i > 0 {
			k.buf = append(k.buf, sep)
		}
		n := len(k.buf)
		k.buf = v.Append(k.buf, d)
		for j := bytes.IndexByte(k.buf[n:], sep); j >= 0; j = bytes.IndexByte(k.buf[n:], sep) {
			k.buf[n+j] = '?'
			n += j
		}
	}
}

// byKey returns the accumulator of the key in k.buf.
func (k *keyed[T]) byKey() *T {
	if t := k.m[string(k.buf)]; t != nil { // makes no string
		return t
	}
	return k.get(string(k.buf))
}

func (k *keyed[T]) get(key string) *T {
	t := k.m[key]
	if t == nil && len(k.own) > 0 {
		if n := k.names.numbers[key]; uint64(n) < uint64(len(k.quick.direct)) {
			t = k.quick.direct[n]
		}
	}
	if t == nil {
		if k.size() >= maxKeys && key != otherKey {
			k.full = true
			return k.get(otherKey)
		}
		t = new(T)
		k.m[key] = t
	}
	return t
}

// merge adds o's accumulators to k's, one by one.
func (k *keyed[T]) merge(o *keyed[T], add func(to, from *T)) {
	k.full = k.full || o.full
	o.each(func(key string, from *T) { add(k.get(key), from) })
}

// cells turns a key into the cells of its columns.
func (k *keyed[T]) cells(key string) []any {
	row := make([]any, 0, len(k.dims)+8)
	start := 0
	for _, d := range k.dims {
		var value string
		if start <= len(key) {
			end := start
			for end < len(key) && key[end] != sep {
				end++
			}
			value = key[start:end]
			start = end + 1
		}
		row = append(row, cell(d, value))
	}
	return row
}

// cell turns a dimension's word into a cell of its column's type.
func cell(d Dim, value string) any {
	if value == "" {
		return nil
	}
	switch d {
	case DimCode:
		n := int64(0)
		for _, c := range []byte(value) {
			n = n*10 + int64(c-'0')
		}
		if value == otherKey {
			return nil
		}
		return n
	case DimTime:
		t, err := time.Parse(time.RFC3339, value)
		if err != nil {
			return nil
		}
		return t
	}
	return value
}

func (k *keyed[T]) size() int { return len(k.m) + len(k.own) }

// weighed is a key with its accumulator.
type weighed[T any] struct {
	at     int64 // Unix seconds of a key that has a time, else 0
	weight int64
	key    string
	t      *T
}

func compareWeighed[T any](a, b weighed[T]) int {
	if a.at != b.at {
		return cmp.Compare(a.at, b.at)
	}
	if a.weight != b.weight {
		return cmp.Compare(b.weight, a.weight)
	}
	return cmp.Compare(a.key, b.key)
}

// eachAt is each with the time of a key that has one, else 0; of the others it is the latest.
func (k *keyed[T]) eachAt(f func(at int64, key string, t *T)) {
	i := slices.Index(k.dims, DimTime)
	k.each(func(key string, t *T) {
		at := int64(0)
		if i >= 0 {
			at = math.MaxInt64
			if t, ok := k.cells(key)[i].(time.Time); ok {
				at = t.Unix()
			}
		}
		f(at, key, t)
	})
}

// fewSorted is up to how many keys are found among all without sorting all.
const fewSorted = 1000

// sorted returns the first most keys, all where most is 0: by time if that is a dimension, then the
// largest weight first, then by key, so that the order depends on the counts alone.
func (k *keyed[T]) sorted(weight func(*T) int64, most int) []weighed[T] {
	few := 0 < most && most <= fewSorted && most < k.size()
	if !few {
		all := make([]weighed[T], 0, k.size())
		k.eachAt(func(at int64, key string, t *T) { all = append(all, weighed[T]{at, weight(t), key, t}) })
		slices.SortFunc(all, compareWeighed[T])
		return all
	}
	first := make([]weighed[T], 0, most+1)
	k.eachAt(func(at int64, key string, t *T) {
		w := weighed[T]{at, weight(t), key, t}
		if len(first) == most && compareWeighed(w, first[most-1]) > 0 {
			return
		}
		i, _ := slices.BinarySearchFunc(first, w, compareWeighed[T])
		first = slices.Insert(first, i, w)
		first = first[:min(len(first), most)]
	})
	return first
}

var (
	failureColumns = []Column{{"deferred", "integer"}, {"bounced", "integer"}, {"attempts", "integer"}}
	attemptColumns = slices.Concat([]Column{{"delivered", "integer"}}, failureColumns)
)

// attempts counts attempts by some dimensions, and refusals beside them where asked for.
type attempts struct {
	keyed[attemptCounts]
	refusals bool
	failures bool // only failed attempts
}

type attemptCounts struct{ delivered, deferred, bounced, rejected int64 }

func (c *attemptCounts) total() int64 { return c.delivered + c.deferred + c.bounced }

func newAttempts(dims ...Dim) *attempts {
	return &attempts{keyed: newKeyed[attemptCounts](dims)}
}

// newFailedAttempts leaves out deliveries, which have no reason.
func newFailedAttempts(dims ...Dim) *attempts {
	return &attempts{keyed: newKeyed[attemptCounts](dims), failures: true}
}

func (f *attempts) attempt(v *View, n int64) {
	if c := f.of(v); c != nil {
		c.add(v.Event.Kind, n)
	}
}

// of returns where an attempt counts, nil for nowhere.
func (f *attempts) of(v *View) *attemptCounts {
	if f.failures && v.Event.Kind == parser.Delivered {
		return nil
	}
	if f.dims[0] == DimProvider && !f.refusals && v.Event.Direction != parser.Out {
		return nil // nobody else's server
	}
	return f.at(v)
}

// add counts n attempts that an event of a kind tells of.
func (c *attemptCounts) add(k parser.Kind, n int64) {
	switch k {
	case parser.Delivered:
		c.delivered += n
	case parser.Deferred:
		c.deferred += n
	case parser.Bounced:
		c.bounced += n
	}
}

func (f *attempts) failuresOnly() bool { return f.failures }

func (f *attempts) refusal(v *View, n int64) {
	if f.refusals {
		f.at(v).rejected += n
	}
}

func (f *attempts) merge(o fold) {
	f.keyed.merge(&o.(*attempts).keyed, func(t, c *attemptCounts) {
		t.delivered += c.delivered
		t.deferred += c.deferred
		t.bounced += c.bounced
		t.rejected += c.rejected
	})
}

func (f *attempts) rows(most int) (rows [][]any, approximate bool) {
	for _, e := range f.sorted(func(c *attemptCounts) int64 { return c.total() + c.rejected }, most) {
		c, row := e.t, f.cells(e.key)
		if len(f.dims) == 1 && !f.refusals {
			row = append(row, f.comment(row[0])...)
		}
		if !f.failures {
			row = append(row, c.delivered)
		}
		row = append(row, c.deferred, c.bounced, c.total())
		if f.refusals {
			row = append(row, c.rejected)
		}
		rows = append(rows, row)
	}
	return rows, f.full
}

// comment returns the cells that explain the first one: a status has its number, an enhanced
// status code its registered meaning, a reason its category, type and action.
func (f *attempts) comment(cell any) []any {
	s, _ := cell.(string)
	switch f.dims[0] {
	case DimStatus:
		if c, err := status.ParseCode(s); err == nil && c.Number() > 0 {
			return []any{int64(c.Number())}
		}
		return []any{nil}
	case DimReason:
		r, _ := status.ParseReason(s)
		return []any{word(r.Category().String()), word(r.Type().String()), word(r.Action().String())}
	case DimEnhanced:
		if e, _, ok := status.ParseEnhanced([]byte(s)); ok {
			if info, ok := e.Info(); ok {
				return []any{info.Meaning}
			}
		}
		return []any{nil}
	}
	return nil
}

// word is a cell for s, absent where s is empty.
func word(s string) any {
	if s == "" {
		return nil
	}
	return s
}

var recipientColumns = []Column{{"recipients", "integer"}, {"delivered", "integer"}, {"bounced", "integer"},
	{"expired", "integer"}, {"discarded", "integer"}, {"removed", "integer"}, {"queued", "integer"}, {"lost", "integer"},
	{"deferred", "integer"}}

// recipients counts recipients by one dimension, by what became of them; deferred counts the
// attempts put off, which is another unit and stands apart.
type recipients struct {
	keyed[recipientCounts]
}

type recipientCounts struct {
	by       [mailOutcomes]int64 // Deferred stands for queued
	deferred int64
	messages int64
	bytes    int64
}

func (c *recipientCounts) total() int64 {
	n := int64(0)
	for _, o := range summed {
		n += c.by[o]
	}
	return n
}

// cells are the recipients, then their outcomes.
func (c *recipientCounts) cells() []any {
	cells := []any{c.total()}
	for _, o := range summed {
		cells = append(cells, c.by[o])
	}
	return cells
}

// summed are the outcomes that make up the recipients, in the order of the contract; queued
// is kept under Deferred.
var summed = [...]Outcome{Delivered, Bounced, Expired, Discarded, Removed, Deferred, Lost}

func newRecipients(dim Dim) *recipients {
	return &recipients{keyed: newKeyed[recipientCounts]([]Dim{dim})}
}

func (f *recipients) recipient(v *View, o Outcome, n int64) { f.at(v).by[o] += n }

func (f *recipients) byMessage() bool { return f.dims[0] == DimSender }

func (f *recipients) message(v *View) {
	if f.dims[0] == DimSender {
		c := f.at(v)
		c.messages++
		c.bytes += v.Message.Size
	}
}

func (f *recipients) attempt(v *View, n int64) {
	if v.Event.Kind == parser.Deferred {
		f.at(v).deferred += n
	}
}

func (f *recipients) failuresOnly() bool { return true }

func (f *recipients) merge(o fold) {
	f.keyed.merge(&o.(*recipients).keyed, func(t, c *recipientCounts) {
		for i := range c.by {
			t.by[i] += c.by[i]
		}
		t.deferred += c.deferred
		t.messages += c.messages
		t.bytes += c.bytes
	})
}

func (f *recipients) rows(most int) (rows [][]any, approximate bool) {
	for _, e := range f.sorted((*recipientCounts).total, most) {
		c, row := e.t, f.cells(e.key)
		if f.dims[0] == DimSender {
			row = append(row, c.messages, c.bytes)
		}
		rows = append(rows, append(append(row, c.cells()...), c.deferred))
	}
	return rows, f.full
}
