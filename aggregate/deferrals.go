package aggregate

import (
	"math"
	"time"

	"github.com/smtplog/smtplog/status"
)

var deferralColumns = []Column{{"reason", "string"}, {"recipients", "integer"}, {"delivered", "integer"}, {"delivered_pct", "number"},
	{"p50", "duration"}, {"p90", "duration"}, {"bounced", "integer"}, {"expired", "integer"}, {"failed_pct", "number"},
	{"queued", "integer"}, {"others", "integer"}}

// deferrals counts, by the reason why a recipient was first put off, what became of it, and
// how much later it was delivered.
type deferrals struct {
	by [256]*deferralCounts // by status.Reason
}

type deferralCounts struct {
	recipientCounts
	extra histogram // from the first deferral to the delivery
}

func (f *deferrals) of(r status.Reason) *deferralCounts {
	if f.by[r] == nil {
		f.by[r] = &deferralCounts{}
	}
	return f.by[r]
}

func (f *deferrals) recipient(v *View, o Outcome, n int64) {
	r := v.Recipient
	if r == nil || r.DeferredFor == status.ReasonNone {
		return
	}
	c := f.of(r.DeferredFor)
	c.by[o] += n
	if o == Delivered && !r.FirstDeferred.IsZero() { // a log may have no times
		c.extra.add(max(0, r.Time.Sub(r.FirstDeferred)), n)
	}
}

func (f *deferrals) merge(o fold) {
	for reason, from := range o.(*deferrals).by {
		if from == nil {
			continue
		}
		c := f.of(status.Reason(reason))
		for i, n := range from.by {
			c.by[i] += n
		}
		c.extra.merge(&from.extra)
	}
}

func (f *deferrals) rows(int) (rows [][]any, approximate bool) {
	all := keyed[deferralCounts]{m: map[string]*deferralCounts{}}
	for reason, c := range f.by {
		if c != nil {
			all.m[status.Reason(reason).String()] = c
		}
	}
	for _, e := range all.sorted((*deferralCounts).total, 0) {
		c := e.t
		n, failed := c.total(), c.by[Bounced]+c.by[Expired]
		row := []any{e.key, n, c.by[Delivered], percent(c.by[Delivered], n), nil, nil, c.by[Bounced], c.by[Expired], percent(failed, n),
			c.by[Deferred], n - c.by[Delivered] - failed - c.by[Deferred]}
		if c.extra.count > 0 {
			row[4], row[5] = c.extra.quantile(0.5), c.extra.quantile(0.9)
		}
		rows = append(rows, row)
	}
	return rows, false
}

// percent returns n as a share of all, to a tenth.
func percent(n, all int64) float64 { return math.Round(float64(n)*1000/float64(all)) / 10 }

// putOff notes on a recipient that it was deferred, the first time and why: "retry time not
// reached" and the like are no cause where a later deferral names one.
func (r *Recipient) putOff(at time.Time, why status.Reason) {
	if r.FirstDeferred.IsZero() {
		r.FirstDeferred = at
	}
	if r.DeferredFor == status.ReasonNone || r.DeferredFor == status.Undetermined && why != status.ReasonNone {
		r.DeferredFor = why
	}
}
