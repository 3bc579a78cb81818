package aggregate

import (
	"slices"
	"time"

	"github.com/smtplog/smtplog/parser"
)

// Entry is one log line of a story.
type Entry struct {
	Event   parser.Event // owns its bytes; its Kind is None for another program's line
	Message *Message     // it belongs to; nil for lines beside, such as a TLS handshake's
	File    string
	Line    int64 // from 1
	Raw     string
}

// Story is a message's way through all its queue IDs: content filters, aliases, requeues, the
// notices about it, and the next host where its log is in the input too.
type Story struct {
	Messages []*Message // by first line
	Entries  []Entry    // in log order

	hops map[*Recipient]*Message // another host's message that continues a delivery
}

// Fate is what became of one recipient of a message, at the end of its way.
type Fate struct {
	Message   *Message   // where its way begins
	Recipient *Recipient // there; nil where no line names one
	Last      *Message   // where its way ends; Message where it was not handed on
	End       *Recipient // there; nil where no line names one
	Unseen    int        // not 0: announced recipients that no line names, and nothing else is set

	Attempts     int       // on the whole way, without hops inside a host
	Deferred     int       // deferral lines on the whole way
	NotAttempted int       // the part of them without an attempt
	FirstTry     time.Time // zero: none
	Cause        Answer    // of the last deferral that carries one
	CauseTime    time.Time
	CauseRelay   Peer
	Notice       *Message // our notice of failure to the sender; nil: none seen

	way []stop // before End
}

// stop is a recipient of a message that handed it on.
type stop struct {
	m *Message
	r *Recipient
}

// hopSkew is how far the clocks of two hosts may differ for one to continue a delivery of the
// other.
const hopSkew = 10 * time.Minute

// Stories sorts messages into stories.
func Stories(ms []*Message) []*Story {
	j := joiner{parent: make(map[*Message]*Message, len(ms)), byID: make(map[string][]*Message), hops: make(map[*Recipient]*Message)}
	for _, m := range ms {
		j.parent[m] = m
		j.byID[m.QueueID] = append(j.byID[m.QueueID], m)
	}
	for _, m := range ms {
		j.join(m)
	}
	stories := make(map[*Message]*Story)
	var order []*Story
	sorted := slices.Clone(ms)
	sortMessages(sorted)
	for _, m := range sorted {
		root := j.root(m)
		s := stories[root]
		if s == nil {
			s = &Story{hops: j.hops}
			stories[root] = s
			order = append(order, s)
		}
		s.Messages = append(s.Messages, m)
	}
	return order
}

// joiner finds which messages belong together.
type joiner struct {
	parent map[*Message]*Message
	byID   map[string][]*Message
	hops   map[*Recipient]*Message
}

func (j *joiner) root(m *Message) *Message {
	for j.parent[m] != m {
		m = j.parent[m]
	}
	return m
}

func (j *joiner) unite(a, b *Message) {
	if _, ok := j.parent[b]; ok {
		j.parent[j.root(b)] = j.root(a)
	}
}

// join unites m with the messages that its links name.
func (j *joiner) join(m *Message) {
	for i := range m.Recipients {
		r := &m.Recipients[i]
		if r.Next != nil {
			j.unite(m, r.Next)
		} else if next := j.hop(m, r); next != nil {
			j.hops[r] = next
			j.unite(m, next)
		}
	}
	for _, id := range [...]string{m.FromQueueID, m.NotificationOf} {
		if id == "" {
			continue
		}
		if prev := j.alive(id, m); prev != nil {
			j.unite(prev, m)
		}
	}
}

// alive returns the message with the given queue ID on m's host that lived when m began.
func (j *joiner) alive(id string, m *Message) *Message {
	for _, prev := range j.byID[id] {
		if prev != m && sameHost(prev, m) && !prev.First.After(m.First.Add(settle)) && !prev.Last.Add(settle).Before(m.First) {
			return prev
		}
	}
	return nil
}

func sameHost(a, b *Message) bool { return a.Host == b.Host && (a.Host != "" || a.Set == b.Set) }

// hop returns the message of another host that took on a delivery of m: it has the queue ID
// that the next hop answered with, and its Message-ID, or where one is not known, its time.
func (j *joiner) hop(m *Message, r *Recipient) *Message {
	if r.Outcome != Delivered || r.NextID == "" {
		return nil
	}
	for _, next := range j.byID[r.NextID] {
		known := next.MessageID != "" && m.MessageID != ""
		if sameHost(next, m) || known && next.MessageID != m.MessageID ||
			next.First.After(r.Time.Add(hopSkew)) || !known && next.First.Before(m.First.Add(-hopSkew)) {
			continue
		}
		return next
	}
	return nil
}

// Fates returns what became of every recipient that entered the story, in the order of the
// messages. A notice's own recipients are among them only where nothing else is.
func (s *Story) Fates() []Fate {
	fates := s.fates(func(m *Message) bool { return m.Source != SourceNotification })
	if len(fates) == 0 {
		fates = s.fates(func(*Message) bool { return true })
	}
	return fates
}

func (s *Story) fates(which func(*Message) bool) (fates []Fate) {
	continued := make(map[*Message]bool)
	for _, m := range s.Messages {
		for i := range m.Recipients {
			r := &m.Recipients[i]
			if next := s.next(r); next != nil {
				continued[next] = true
			}
		}
	}
	for _, m := range s.Messages {
		if continued[m] || !which(m) {
			continue
		}
		before := len(fates)
		for i := range m.Recipients {
			r := &m.Recipients[i]
			for _, f := range s.ends(m, r, 32) {
				f.Message, f.Recipient = m, r
				s.evidence(&f)
				fates = append(fates, f)
			}
		}
		if len(fates) == before {
			fates = append(fates, Fate{Message: m, Last: m})
		} else if n := m.Unseen(); n > 0 {
			fates = append(fates, Fate{Message: m, Last: m, Unseen: n})
		}
	}
	return fates
}

// next returns the message that continues r, on this host or another.
func (s *Story) next(r *Recipient) *Message {
	if r.Outcome == Forwarded && r.Next != nil {
		return r.Next
	}
	return s.hops[r]
}

// Before returns the message that m continues, on this host or another; nil if there is none
// in the story.
func (s *Story) Before(m *Message) *Message {
	for _, prev := range s.Messages {
		for i := range prev.Recipients {
			if s.next(&prev.Recipients[i]) == m {
				return prev
			}
		}
	}
	return nil
}

// ends follows a recipient to the ends of its way: an alias has several.
func (s *Story) ends(m *Message, r *Recipient, depth int) (fates []Fate) {
	next := s.next(r)
	if next == nil || depth == 0 {
		return []Fate{{Last: m, End: r}}
	}
	one, all := next.continuing(r)
	if one != nil {
		fates = s.ends(next, one, depth-1)
	} else {
		for i := range all {
			fates = append(fates, s.ends(next, &all[i], depth-1)...)
		}
	}
	if len(fates) == 0 {
		fates = []Fate{{Last: next}}
	}
	for i := range fates {
		fates[i].way = append(fates[i].way, stop{m, r})
	}
	return fates
}

// evidence adds to a fate what the lines tell beyond the outcome.
func (s *Story) evidence(f *Fate) {
	if f.End == nil {
		return
	}
	way := append(slices.Clone(f.way), stop{f.Last, f.End})
	for i := range s.Entries {
		e := &s.Entries[i]
		if ev := &e.Event; (ev.Attempt() || ev.Kind == parser.Discarded && ev.Code != 0) && slices.ContainsFunc(way, func(w stop) bool { return w.m == e.Message && w.r.is(ev) }) {
			f.attempt(ev, e.Message == f.Last)
		}
	}
	if failed(f.End.Outcome) {
		f.Notice = s.notice(f.Last, f.End.Time)
	}
}

// attempt counts an attempt, or one put off; last tells whether it is the last message's.
func (f *Fate) attempt(ev *parser.Event, last bool) {
	n := max(1, ev.Repeat)
	if !ev.NotAttempted && (last || ev.Kind == parser.Deferred) {
		f.Attempts += n
		if f.FirstTry.IsZero() {
			f.FirstTry = ev.Time
		}
	}
	if ev.Kind != parser.Deferred {
		return
	}
	f.Deferred += n
	if ev.NotAttempted {
		f.NotAttempted += n
	}
	if !ev.NotAttempted || ev.Code != 0 || f.CauseTime.IsZero() {
		f.Cause = Answer{Code: ev.Code, Enhanced: ev.Enhanced, Stage: ev.Stage, Origin: ev.Origin, Text: string(ev.Text), Reason: ev.Reason}
		f.CauseTime = ev.Time
		f.CauseRelay = Peer{Name: string(ev.Relay.Name), IP: string(ev.Relay.IP), Port: ev.Relay.Port}
	}
}

// is tells whether an event is about r.
func (r *Recipient) is(ev *parser.Event) bool {
	return equalFold(r.Address, ev.Recipient) || r.Original != "" && (equalFold(r.Original, ev.Recipient) || equalFold(r.Original, ev.OrigRecipient))
}

// notice returns the notice about a failure of m at time t. Postfix says which notice is one
// of failure; Exim does not, but a notice of delay comes before the failure.
func (s *Story) notice(m *Message, t time.Time) *Message {
	for i := range s.Entries {
		e := &s.Entries[i]
		if e.Event.Kind != parser.Notification || e.Message != m || string(e.Event.Text) != "sender non-delivery notification" {
			continue
		}
		for _, n := range s.Messages {
			if n.QueueID == string(e.Event.NextQueueID) && sameHost(n, m) {
				return n
			}
		}
	}
	if m.MTA != parser.Exim {
		return nil
	}
	var found *Message
	for _, n := range s.Messages {
		if n.NotificationOf == m.QueueID && sameHost(n, m) && !n.First.Before(t.Add(-settle)) && (found == nil || n.First.Before(found.First)) {
			found = n
		}
	}
	return found
}

// Began is the time of the story's first line.
func (s *Story) Began() time.Time { return s.Messages[0].First }

// Match tells whether value matches a glob pattern (* any run, ? any one byte) in lower case,
// as a Filter compares.
func Match(pattern string, value []byte) bool { return glob(pattern, value) }
