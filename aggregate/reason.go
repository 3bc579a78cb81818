package aggregate

import (
	"strconv"

	"github.com/smtplog/smtplog/parser"
	"github.com/smtplog/smtplog/status"
)

// reasons finds the reason of a failure and the provider behind a host.
type reasons struct {
	classifier *status.Classifier
	query      status.Query
	providers  []string // by their numbers less one: nobody known comes first
	byRelay    []uint8  // the number of a relay's provider, by the relay's number; 0: not looked up
	byDomain   []uint8  // likewise for recipient domains
	key        []byte
	folded     []byte
}

func newReasons(c *status.Classifier) *reasons {
	if c == nil {
		c = status.NewClassifier()
	}
	return &reasons{classifier: c, providers: []string{""}}
}

// classify gives a failure or a refusal its reason, and folds its text; the bytes are valid until
// the next call.
func (rs *reasons) classify(ev *parser.Event) {
	if ev.Reason != status.ReasonNone {
		return // prepared
	}
	if !Failed(ev) {
		return
	}
	rs.query = EventQuery(ev)
	ev.Reason = rs.classifier.Reason(&rs.query)
	rs.folded = rs.classifier.AppendFolded(rs.folded[:0], ev.Text)
	ev.Folded = rs.folded
}

// Failed tells whether an event is a failure or a refusal, which has a reason.
func Failed(ev *parser.Event) bool {
	switch ev.Kind {
	case parser.Deferred, parser.Bounced, parser.Expired, parser.HostError, parser.Rejected:
		return true
	}
	return false
}

// EventQuery is what a classifier is asked about an event.
func EventQuery(ev *parser.Event) status.Query {
	q := status.Query{Code: ev.Code, Enhanced: ev.Enhanced, Text: ev.Text, Stage: ev.Stage, Origin: ev.Origin}
	if q.Code == 0 {
		q.Code = ev.CodeInferred
	}
	if ev.Kind != parser.Rejected { // by us: the recipient is ours too
		q.Relay, q.Recipient = ev.Relay.Name, ev.Recipient
		if ev.MTA == parser.Exim && ev.Kind == parser.Deferred {
			q.Number, _ = strconv.Atoi(string(ev.Detail))
		}
	}
	return q
}

// Preparer returns a function that does in advance what Add does with an event regardless of all
// others. It may be called while c is in use, by another goroutine; each needs one of its own.
// What it gives the event is valid until its next call (see parser.Event.Own).
func (c *Collector) Preparer() func(*parser.Event) {
	return newReasons(c.classifier.Clone()).classify
}

// provider returns who runs a mail host or, where that is not known, a recipient domain.
func (rs *reasons) provider(v *View) string {
	if n, ok := rs.providerNumber(v); ok {
		return rs.providers[n-1]
	}
	rs.key = v.Append(rs.key[:0], DimRelay)
	relay := string(rs.key)
	rs.key = v.appendDomain(rs.key[:0])
	return rs.classifier.Provider(relay, string(rs.key))
}
