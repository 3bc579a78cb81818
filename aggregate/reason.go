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
	providers  map[string]string // by next hop and domain; see provider
	key        []byte
	folded     []byte
}

// maxProviders bounds the cache of providers; when it is full it starts anew.
const maxProviders = 100_000

func newReasons(c *status.Classifier) *reasons {
	if c == nil {
		c = status.NewClassifier()
	}
	return &reasons{classifier: c, providers: map[string]string{}}
}

// classify gives a failure or a refusal its reason, and folds its text; the bytes are valid until
// the next call.
func (rs *reasons) classify(ev *parser.Event) {
	if ev.Reason != status.ReasonNone {
		return // prepared
	}
	q := &rs.query
	switch ev.Kind {
	case parser.Deferred, parser.Bounced, parser.Expired, parser.HostError:
		*q = status.Query{Relay: ev.Relay.Name, Recipient: ev.Recipient}
		if ev.MTA == parser.Exim && ev.Kind == parser.Deferred {
			q.Number, _ = strconv.Atoi(string(ev.Detail))
		}
	case parser.Rejected: // by us: the recipient is ours too
		*q = status.Query{}
	default:
		return
	}
	q.Code, q.Enhanced, q.Text, q.Stage, q.Origin = ev.Code, ev.Enhanced, ev.Text, ev.Stage, ev.Origin
	if q.Code == 0 {
		q.Code = ev.CodeInferred
	}
	ev.Reason = rs.classifier.Reason(q)
	rs.folded = rs.classifier.AppendFolded(rs.folded[:0], ev.Text)
	ev.Folded = rs.folded
}

// Preparer returns a function that does in advance what Add does with an event regardless of all
// others. It may be called while c is in use, by another goroutine; each needs one of its own.
// What it gives the event is valid until its next call (see parser.Event.Own).
func (c *Collector) Preparer() func(*parser.Event) {
	return newReasons(c.classifier.Clone()).classify
}

// provider returns who runs a mail host or, where that is not known, a recipient domain.
func (rs *reasons) provider(v *View) string {
	rs.key = append(v.Append(rs.key[:0], DimRelay), sep)
	relay := len(rs.key) - 1
	rs.key = v.appendDomain(rs.key)
	if p, ok := rs.providers[string(rs.key)]; ok { // makes no string
		return p
	}
	if len(rs.providers) >= maxProviders {
		clear(rs.providers)
	}
	key := string(rs.key)
	p := rs.classifier.Provider(key[:relay], key[relay+1:])
	rs.providers[key] = p
	return p
}
