package aggregate

import (
	"fmt"
	"time"
)

// ages is how many buckets the queue table has for the age of a message: up to 5 minutes,
// then twice as long each, as qshape(1) has them; the last has no bound.
const ages = 10

// firstAge is the bound of the first one.
const firstAge = 5 * time.Minute

// age returns the bucket of a message that is d old.
func age(d time.Duration) int {
	i := 0
	for bound := firstAge; d > bound && i < ages-1; bound *= 2 {
		i++
	}
	return i
}

// queueColumns are named by the bounds of the ages in minutes.
var queueColumns = func() []Column {
	columns := []Column{{"domain", "string"}, {"reason", "string"}, {"queued", "integer"}}
	bound := firstAge / time.Minute
	for range ages - 1 {
		columns = append(columns, Column{fmt.Sprintf("%dm", bound), "integer"})
		bound *= 2
	}
	return append(columns, Column{"older", "integer"}, Column{"oldest", "duration"})
}()

// queue is the table of open recipients: domain and last reason by age, as of the end. What is
// counted is when they came in, since only the end tells their age.
type queue struct {
	keyed[queueCounts]
	own    func() time.Time `state:"-"` // the end of what the fold has counted itself
	merged time.Time        // of what was merged into it
}

// end is the time as of which the fold tells the ages.
func (f *queue) end() time.Time {
	if own := f.own(); own.After(f.merged) {
		return own
	}
	return f.merged
}

type queueCounts struct {
	count int64
	born  map[int64]int64 // by Unix seconds
}

// The words for a queue's reason where no answer is the reason.
const (
	reasonHeld    = "(on hold)"
	reasonUntried = "(no attempt yet)"
)

func newQueue(c *Collector) *queue {
	return &queue{keyed: newKeyed[queueCounts]([]Dim{DimDomain, DimReason}), own: c.end}
}

// end is the time as of which the queue is shown: the last line, or the window's end.
func (c *Collector) end() time.Time {
	if c.input.Last == nil || !c.opt.Until.IsZero() && c.opt.Until.Before(*c.input.Last) {
		return c.opt.Until
	}
	return *c.input.Last
}

func (f *queue) recipient(v *View, o Outcome, n int64) {
	if o != Deferred {
		return
	}
	m, r := v.Message, v.Recipient
	f.buf = append(v.Append(f.buf[:0], DimDomain), sep)
	switch {
	case m.State == StateHeld:
		f.buf = append(f.buf, reasonHeld...)
	case r == nil || r.Outcome == OutcomeNone || r.Time.IsZero():
		f.buf = append(f.buf, reasonUntried...)
	default:
		f.buf = v.Append(f.buf, DimReason)
	}
	born := m.First
	if m.OpenedBefore && r != nil && r.HasDelay {
		born = r.Time.Add(-r.Delay)
	}
	f.get(string(f.buf)).add(born.Unix(), n)
}

func (c *queueCounts) add(born, n int64) {
	if c.born == nil {
		c.born = make(map[int64]int64)
	}
	c.born[born] += n
	c.count += n
}

func (f *queue) merge(o fold) {
	from := o.(*queue)
	if end := from.end(); end.After(f.merged) {
		f.merged = end
	}
	f.keyed.merge(&from.keyed, func(t, c *queueCounts) {
		for born, n := range c.born {
			t.add(born, n)
		}
	})
}

func (f *queue) rows(most int) (rows [][]any, approximate bool) {
	end := f.end()
	for _, e := range f.sorted(func(c *queueCounts) int64 { return c.count }, most) {
		c := e.t
		var by [ages]int64
		oldest := time.Duration(0)
		for born, n := range c.born {
			old := max(0, end.Sub(time.Unix(born, 0)))
			by[age(old)] += n
			oldest = max(oldest, old)
		}
		row := append(f.cells(e.key), c.count)
		for _, n := range by {
			row = append(row, n)
		}
		rows = append(rows, append(row, oldest))
	}
	return rows, f.full
}
