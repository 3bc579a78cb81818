package aggregate

import (
	"cmp"
	"slices"
	"time"

	"github.com/smtplog/smtplog/parser"
	"github.com/smtplog/smtplog/status"
)

// overTime counts attempts by bucket, direction and category: of the reason they failed for, or
// DeliveredCategory. With an automatic width it counts
// by the minute, and by the hour or day once that makes too many buckets, until the span is
// known.
type overTime struct {
	zone   *time.Location
	every  Every `state:"-"` // as asked for
	fine   Every // as counted
	counts map[slot]int64
	latest minute // what counts lacks
}

// minute counts the attempts of a minute that lies in one bucket: log lines come in the order of
// time, so most belong to the minute of the one before.
type minute struct {
	known       bool
	from, start int64        // Unix seconds: of the minute, and of its bucket
	counts      [4][16]int64 // by direction and category
}

type slot struct {
	start     int64 // Unix seconds
	direction parser.Direction
	category  status.Category
}

// DeliveredCategory stands for the category of attempts that succeeded.
const DeliveredCategory = "delivered"

func categoryWord(c status.Category) string {
	if c == status.CategoryNone {
		return DeliveredCategory
	}
	return c.String()
}

// maxSlots bounds the buckets counted; beyond, the width grows.
const maxSlots = 200_000

func newOverTime(c *Collector) *overTime {
	f := &overTime{zone: c.opt.Zone, every: c.opt.Every, fine: c.opt.Every, counts: make(map[slot]int64)}
	if f.every.IsAuto() {
		f.fine = everyMinute
	}
	return f
}

func (f *overTime) attempt(v *View, n int64) {
	m, t := &f.latest, v.Event.Time.Unix()
	if !m.known || t-m.from < 0 || t-m.from >= 60 {
		f.flush()
		f.begin(v.Event.Time.In(f.zone))
	}
	dir, category := v.Event.Direction, v.Event.Reason.Category()
	if !m.known || int(dir) >= len(m.counts) || int(category) >= len(m.counts[0]) {
		f.add(slot{f.start(t), dir, category}, n)
		return
	}
	m.counts[dir][category] += n
}

// start returns the beginning of t's bucket, both in Unix seconds.
func (f *overTime) start(t int64) int64 { return f.fine.Start(time.Unix(t, 0).In(f.zone)).Unix() }

// begin makes t's minute the latest, if all of it lies in one bucket: a zone's offset may change
// at any second.
func (f *overTime) begin(t time.Time) {
	from := t.Unix() - int64(t.Second())
	start := f.start(t.Unix())
	f.latest = minute{known: f.start(from) == start && f.start(from+59) == start, from: from, start: start}
}

// flush adds what was counted in the latest minute.
func (f *overTime) flush() {
	m := f.latest
	f.latest = minute{}
	for dir := range m.counts {
		for category, n := range m.counts[dir] {
			if n != 0 {
				f.add(slot{f.start(m.start), parser.Direction(dir), status.Category(category)}, n) // the width may have grown
			}
		}
	}
}

func (f *overTime) add(s slot, n int64) {
	if f.counts[s] += n; len(f.counts) > maxSlots && f.every.IsAuto() {
		f.coarsen(f.fine.wider())
	}
}

// wider is the next width that counting falls back on.
func (e Every) wider() Every {
	switch e {
	case everyMinute:
		return everyHour
	case everyHour:
		return everyDay
	}
	return everyMonth
}

// coarsen counts by a wider width from now on.
func (f *overTime) coarsen(e Every) {
	if e == f.fine {
		return
	}
	f.flush()
	old := f.counts
	f.fine, f.counts = e, make(map[slot]int64)
	for s, n := range old {
		s.start = f.start(s.start)
		f.counts[s] += n
	}
}

func (f *overTime) merge(o fold) {
	from := o.(*overTime)
	from.flush()
	if f.fine.width() < from.fine.width() { // both automatic: the wider one holds
		f.coarsen(from.fine)
	}
	for s, n := range from.counts {
		s.start = f.start(s.start)
		f.counts[s] += n
	}
}

func (f *overTime) rows(int) ([][]any, bool) {
	f.flush()
	if len(f.counts) == 0 {
		return nil, false
	}
	slots := make([]slot, 0, len(f.counts))
	for s := range f.counts {
		slots = append(slots, s)
	}
	bounds := func(a, b slot) int { return cmp.Compare(a.start, b.start) }
	first := time.Unix(slices.MinFunc(slots, bounds).start, 0).In(f.zone)
	last := time.Unix(slices.MaxFunc(slots, bounds).start, 0).In(f.zone)
	every := f.every
	if every.IsAuto() {
		if every = autoEvery(last.Sub(first)); f.fine.width() > every.width() {
			every = f.fine
		}
	}
	counts := make(map[slot]int64)
	kinds := make(map[slot]int64) // without a start: the series, and their sums
	for s, n := range f.counts {
		s.start = every.Start(time.Unix(s.start, 0).In(f.zone)).Unix()
		counts[s] += n
		s.start = 0
		kinds[s] += n
	}
	series := make([]slot, 0, len(kinds))
	for k := range kinds {
		series = append(series, k)
	}
	slices.SortFunc(series, func(a, b slot) int {
		return cmp.Or(cmp.Compare(a.direction, b.direction), cmp.Compare(kinds[b], kinds[a]), cmp.Compare(a.category, b.category))
	})
	var rows [][]any
	for t := every.Start(first); !t.After(last); t = every.Next(t) {
		for _, k := range series {
			n := counts[slot{t.Unix(), k.direction, k.category}]
			rows = append(rows, []any{t, word(k.direction.String()), categoryWord(k.category), n})
			if len(rows) >= maxKeys {
				return rows, true
			}
		}
	}
	return rows, false
}
