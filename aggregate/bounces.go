package aggregate

import (
	"cmp"
	"slices"

	"github.com/smtplog/smtplog/status"
)

// bounceSpecs is the registry of the bounce report's tables.
var bounceSpecs = []spec{
	{"bounces", "Recipients who did not get their mail", "recipients",
		[]Column{{"time", "time"}, {"recipient", "string"}, {"outcome", "string"}, {"code", "integer"}, {"enhanced", "string"},
			{"status", "string"}, {"reason", "string"}, {"text", "string"}, {"sender", "string"}, {"relay", "string"}, {"stage", "string"},
			{"origin", "string"}, {"attempts", "integer"}, {"queue_id", "string"}},
		func(*Collector) fold { return &bounces{} }},
	{"by_reason", "Failed recipients by reason", "recipients",
		[]Column{{"reason", "string"}, {"category", "string"}, {"action", "string"}, {"bounced", "integer"}, {"expired", "integer"}, {"recipients", "integer"}},
		func(*Collector) fold { return newFailures(DimReason) }},
	{"by_status", "Failed recipients by status", "recipients",
		[]Column{{"status", "string"}, {"code", "integer"}, {"enhanced", "string"}, {"bounced", "integer"}, {"expired", "integer"}, {"recipients", "integer"}},
		func(*Collector) fold { return newFailures(DimStatus, DimCode, DimEnhanced) }},
	{"by_domain", "Failed recipients by domain", "recipients",
		[]Column{{"domain", "string"}, {"bounced", "integer"}, {"expired", "integer"}, {"recipients", "integer"}},
		func(*Collector) fold { return newFailures(DimDomain) }},
}

// failed tells whether an outcome means that the recipient never got the message.
func failed(o Outcome) bool { return o == Bounced || o == Expired }

// bounces lists failed recipients, oldest first.
type bounces struct {
	nothing
	list []bounced
	full bool
}

// bounced is one failed recipient of a message.
type bounced struct {
	m *Message
	r Recipient
}

func (f *bounces) recipient(v *View, o Outcome, _ int64) {
	if !failed(o) || v.Recipient == nil {
		return
	}
	if len(f.list) >= maxKeys {
		f.full = true
		return
	}
	f.list = append(f.list, bounced{v.Message, *v.Recipient})
}

func (f *bounces) merge(o fold) {
	from := o.(*bounces)
	f.full = f.full || from.full || len(f.list)+len(from.list) > maxKeys
	f.list = append(f.list, from.list[:min(len(from.list), max(0, maxKeys-len(f.list)))]...)
}

func (f *bounces) rows() ([][]any, bool) {
	slices.SortStableFunc(f.list, func(a, b bounced) int {
		return cmp.Or(a.r.Time.Compare(b.r.Time), cmp.Compare(a.m.QueueID, b.m.QueueID), cmp.Compare(a.r.Address, b.r.Address))
	})
	rows := make([][]any, len(f.list))
	for i, b := range f.list {
		a := &b.r.Answer
		var code any
		if a.Code != 0 {
			code = int64(a.Code)
		}
		relay := b.r.Relay.Name
		if relay == "" {
			relay = b.r.Relay.IP
		}
		rows[i] = []any{b.r.Time, b.r.Address, b.r.Outcome.String(), code, a.Enhanced.String(), b.r.Status.String(), a.Reason.String(), a.Text,
			b.m.Sender, relay, a.Stage.String(), a.Origin.String(), int64(b.r.Attempts), b.m.QueueID}
	}
	return rows, f.full
}

// failures counts failed recipients by some dimensions.
type failures struct {
	nothing
	keyed[failureCounts]
}

type failureCounts struct{ bounced, expired int64 }

func (c *failureCounts) total() int64 { return c.bounced + c.expired }

func newFailures(dims ...Dim) *failures {
	return &failures{keyed: newKeyed[failureCounts](dims)}
}

func (f *failures) recipient(v *View, o Outcome, n int64) {
	switch o {
	case Bounced:
		f.at(v).bounced += n
	case Expired:
		f.at(v).expired += n
	}
}

func (f *failures) merge(o fold) {
	f.keyed.merge(&o.(*failures).keyed, func(t, c *failureCounts) {
		t.bounced += c.bounced
		t.expired += c.expired
	})
}

func (f *failures) rows() (rows [][]any, approximate bool) {
	for _, key := range f.sorted((*failureCounts).total) {
		c := f.m[key]
		row := f.cells(key)
		if f.dims[0] == DimReason {
			r, _ := status.ParseReason(key)
			row = append(row, word(r.Category().String()), word(r.Action().String()))
		}
		rows = append(rows, append(row, c.bounced, c.expired, c.total()))
	}
	return rows, f.full
}
