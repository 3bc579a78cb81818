package aggregate

import (
	"math/bits"
	"time"

	"github.com/smtplog/smtplog/parser"
)

// histogram counts durations in buckets at most a sixteenth wide, from milliseconds to centuries:
// a fixed log-linear layout, so that histograms add up in any order.
type histogram struct {
	buckets [64 * 16]int64
	count   int64
	max     time.Duration
}

// bucket returns the bucket of d: 16 per power of two of milliseconds, to the millisecond
// (rounded up) below 16 ms.
func bucket(d time.Duration) int {
	ms := uint64(max(0, (d+time.Millisecond-1)/time.Millisecond))
	if ms < 16 {
		return int(ms)
	}
	e := bits.Len64(ms) - 5 // the leading bit and four more stay
	return (e+1)*16 + int(ms>>e)&15
}

// upper returns the largest duration of a bucket.
func upper(i int) time.Duration {
	if i < 16 {
		return time.Duration(i) * time.Millisecond
	}
	e := i/16 - 1
	return time.Duration((uint64(16+i%16+1)<<e)-1) * time.Millisecond
}

func (h *histogram) add(d time.Duration, n int64) {
	h.buckets[bucket(d)] += n
	h.count += n
	h.max = max(h.max, d)
}

func (h *histogram) merge(o *histogram) {
	for i, n := range o.buckets {
		h.buckets[i] += n
	}
	h.count += o.count
	h.max = max(h.max, o.max)
}

// quantile returns a duration that at least the share q of all does not exceed, never more
// than the longest.
func (h *histogram) quantile(q float64) time.Duration {
	need := int64(q * float64(h.count))
	if float64(need) < q*float64(h.count) {
		need++
	}
	seen := int64(0)
	for i, n := range h.buckets {
		if seen += n; n > 0 && seen >= need {
			return min(upper(i), h.max)
		}
	}
	return h.max
}

// delays is the table of how long deliveries took: in all, Postfix's four parts, and the time
// that Exim logs for the delivery itself.
type delays struct {
	parts [6]histogram
}

var delayParts = [6]string{"total", "before queue", "in queue", "connection", "transmission", "delivery"}

func (f *delays) attempt(v *View, n int64) {
	ev := v.Event
	if ev.Kind != parser.Delivered {
		return
	}
	switch {
	case ev.Has&parser.HasDelay != 0:
		f.parts[0].add(ev.Delay, n)
	case v.Message != nil && !v.Message.OpenedBefore:
		f.parts[0].add(ev.Time.Sub(v.Message.First), n)
	}
	if ev.Has&parser.HasDelays != 0 {
		for i, d := range ev.Delays {
			f.parts[i+1].add(d, n)
		}
	}
	if ev.Has&parser.HasDeliveryTime != 0 {
		f.parts[5].add(ev.DeliveryTime, n)
	}
}

func (f *delays) merge(o fold) {
	from := o.(*delays)
	for i := range f.parts {
		f.parts[i].merge(&from.parts[i])
	}
}

func (f *delays) rows(int) (rows [][]any, approximate bool) {
	for i := range f.parts {
		if h := &f.parts[i]; h.count > 0 {
			rows = append(rows, []any{delayParts[i], h.count, h.quantile(0.5), h.quantile(0.9), h.quantile(0.95), h.quantile(0.99), h.max})
		}
	}
	return rows, false
}
