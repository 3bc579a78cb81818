package aggregate

import (
	"cmp"
	"slices"
	"time"

	"github.com/smtplog/smtplog/parser"
	"github.com/smtplog/smtplog/status"
)

// texts counts texts with their variable parts folded: how often, from when to when.
type texts struct {
	keyed[textCounts]
}

type textCounts struct {
	deferred, bounced, count int64
	first, last              time.Time
	severity                 parser.Severity
}

func newTexts(dims ...Dim) texts { return texts{keyed: newKeyed[textCounts](dims)} }

func (f *texts) add(v *View, n int64) *textCounts {
	c, t := f.at(v), v.Event.Time
	c.count += n
	c.span(t, t)
	return c
}

// span widens the time between first and last.
func (c *textCounts) span(first, last time.Time) {
	if !first.IsZero() && (c.first.IsZero() || first.Before(c.first)) {
		c.first = first
	}
	if last.After(c.last) {
		c.last = last
	}
}

func (f *texts) mergeTexts(o *texts) {
	f.keyed.merge(&o.keyed, func(t, c *textCounts) {
		t.deferred += c.deferred
		t.bounced += c.bounced
		t.count += c.count
		t.severity = max(t.severity, c.severity)
		t.span(c.first, c.last)
	})
}

func (c *textCounts) total() int64 { return c.count }

// moment is a cell for t, absent where t is zero.
func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

// replies is the table of the replies and reasons behind failed attempts.
type replies struct{ texts }

func (f *replies) attempt(v *View, n int64) {
	switch v.Event.Kind {
	case parser.Deferred:
		f.add(v, n).deferred += n
	case parser.Bounced:
		f.add(v, n).bounced += n
	}
}

func (f *replies) failuresOnly() bool { return true }

func (f *replies) merge(o fold) { f.mergeTexts(&o.(*replies).texts) }

func (f *replies) rows(most int) (rows [][]any, approximate bool) {
	for _, e := range f.sorted((*textCounts).total, most) {
		c := e.t
		rows = append(rows, append(f.cells(e.key), c.deferred, c.bounced, c.count, moment(c.first), moment(c.last)))
	}
	return rows, f.full
}

// unclassified is the table of the replies that no rule knows: what to write rules for.
type unclassified struct {
	keyed[unknownCounts]
}

type unknownCounts struct {
	textCounts
	domains seen // recipient domains, at most maxDomains
}

// maxDomains bounds the different domains that are counted for one reply.
const maxDomains = 1000

func (f *unclassified) attempt(v *View, n int64) {
	if v.Event.Reason != status.Undetermined {
		return
	}
	c, t := f.at(v), v.Event.Time
	c.count += n
	c.span(t, t)
	f.buf = v.appendDomain(f.buf[:0])
	c.domains = c.domains.capped(string(f.buf))
}

// capped adds a name while there are less than maxDomains.
func (s seen) capped(name string) seen {
	if s == nil {
		s = seen{}
	}
	if len(s) < maxDomains && name != "" {
		s[name] = struct{}{}
	}
	return s
}

func (f *unclassified) failuresOnly() bool { return true }

func (f *unclassified) merge(o fold) {
	f.keyed.merge(&o.(*unclassified).keyed, func(t, c *unknownCounts) {
		t.count += c.count
		t.span(c.first, c.last)
		for name := range c.domains {
			t.domains = t.domains.capped(name)
		}
	})
}

func (f *unclassified) rows(most int) (rows [][]any, approximate bool) {
	for _, e := range f.sorted(func(c *unknownCounts) int64 { return c.count }, most) {
		c, cells := e.t, f.cells(e.key)
		reply, _ := cells[len(cells)-1].(string)
		rows = append(rows, append(cells, c.count, int64(len(c.domains)), moment(c.first), moment(c.last), word(status.SuggestPhrase(reply))))
	}
	return rows, f.full
}

// refusals is the table of inbound refusals.
type refusals struct{ texts }

func (f *refusals) refusal(v *View, n int64) { f.add(v, n) }

func (f *refusals) merge(o fold) { f.mergeTexts(&o.(*refusals).texts) }

func (f *refusals) rows(most int) (rows [][]any, approximate bool) {
	for _, e := range f.sorted((*textCounts).total, most) {
		c := e.t
		rows = append(rows, append(f.cells(e.key), c.count, moment(c.first), moment(c.last)))
	}
	return rows, f.full
}

// warnings is the table of the mail system's own warnings.
type warnings struct{ texts }

func (f *warnings) warning(v *View, n int64) {
	c := f.add(v, n)
	c.severity = max(c.severity, v.Event.Severity)
}

func (f *warnings) merge(o fold) { f.mergeTexts(&o.(*warnings).texts) }

func (f *warnings) rows(int) (rows [][]any, approximate bool) {
	all := f.sorted((*textCounts).total, 0)
	slices.SortStableFunc(all, func(a, b weighed[textCounts]) int { return cmp.Compare(b.t.severity, a.t.severity) })
	for _, e := range all {
		c := e.t
		row := append([]any{c.severity.String()}, f.cells(e.key)...)
		rows = append(rows, append(row, c.count, moment(c.first), moment(c.last)))
	}
	return rows, f.full
}
