package aggregate

import (
	"time"

	"github.com/smtplog/smtplog/parser"
	"github.com/smtplog/smtplog/status"
)

// noted is what smtpd said about a recipient before its message had a queue ID.
type noted struct {
	time      time.Time
	kind      parser.Kind
	client    string
	recipient string
}

// process is one process of a host.
type process struct{ scope, pid int }

// maxNoted bounds what is kept for messages that have yet to begin.
const maxNoted = 10_000

// note remembers "NOQUEUE: hold" and "NOQUEUE: discard": they are about the message that the
// same process takes next from the same client, and no line with its queue ID says so
// (Postfix access(5)).
func (l *Ledger) note(ev *parser.Event, set int) {
	if ev.PID == 0 || len(ev.Client.IP) == 0 {
		return
	}
	if len(l.noted) >= maxNoted {
		clear(l.noted)
	}
	l.noted[process{l.scopeOfEvent(ev, set), ev.PID}] = noted{ev.Time, ev.Kind, string(ev.Client.IP), string(ev.Recipient)}
}

// applyNoted holds or discards a message that has just begun, where it was noted.
func (l *Ledger) applyNoted(m *Message, ev *parser.Event) {
	p := process{l.scope, ev.PID}
	n, ok := l.noted[p]
	if !ok {
		return
	}
	delete(l.noted, p)
	if n.client != string(ev.Client.IP) || ev.Time.Sub(n.time) > time.Minute {
		return
	}
	if n.kind == parser.Held {
		m.hold(n.recipient)
		return
	}
	m.State = StateDone
	m.Recipients = append(m.Recipients, Recipient{Address: n.recipient, Outcome: Discarded, Time: ev.Time, Status: status.OK})
	l.end(m, ev.Time)
}

// hold puts m on hold. The line may name a recipient, the first one.
func (m *Message) hold(recipient string) {
	m.State = StateHeld
	if recipient != "" && m.announced == "" {
		m.announced, m.Announced = recipient, max(m.Announced, 1)
	}
}

// received applies the first lines of a message.
func (l *Ledger) received(ev *parser.Event, set int) *Message {
	m := l.find(ev, set)
	opens := ev.Client.Name != nil || ev.Client.IP != nil || ev.User != nil || ev.MTA == parser.Exim
	switch {
	case m == nil:
		m = l.begin(ev, set)
	case m.Instance != string(ev.Instance) && (opens || m.MessageID != ""):
		m = l.begin(ev, set)
	case !m.Closed.IsZero() && (opens || m.MessageID != ""):
		m = l.begin(ev, set)
	case ev.MTA == parser.Exim:
		if m.Source != SourceNone && m.Source != SourceNotification {
			return m // Exim's IDs are unique: the line was read twice
		}
		m.OpenedBefore = false
	case opens && (m.Source == SourceSMTP || m.Source == SourceLocal || m.Source == SourceReinjected || m.Active),
		!opens && m.Active && len(ev.MessageID) > 0 && m.MessageID != "" && m.MessageID != string(ev.MessageID):
		m = l.begin(ev, set)
	}
	m.Last = ev.Time
	l.envelope(m, ev)
	if ev.MTA == parser.Exim {
		m.Active = true
	}
	if len(ev.Recipients) > 0 {
		m.announced = string(ev.Recipients)
		m.Announced = distinct(m.announced)
	}
	if m.Source == SourceNone && opens {
		m.Source = SourceSMTP
		if ev.Client.Name == nil && ev.Client.IP == nil {
			m.Source = SourceLocal
		}
	}
	if opens && ev.MTA == parser.Postfix {
		l.applyNoted(m, ev)
	}
	if len(ev.PrevQueueID) > 0 {
		l.continues(m, ev)
	} else if ev.MTA == parser.Exim && m.Sender == "<>" && m.Source == SourceLocal && m.User == "" {
		m.Source = SourceNotification
	}
	return m
}

// continues links m to the message it comes from.
func (l *Ledger) continues(m *Message, ev *parser.Event) {
	prev := string(ev.PrevQueueID)
	if ev.MTA == parser.Exim { // R= on <= <>: our notice about another message
		m.NotificationOf, m.Source = prev, SourceNotification
		return
	}
	m.FromQueueID, m.Source = prev, SourceReinjected
	if ev.Client.Name != nil || ev.Client.IP != nil {
		return
	}
	// pickup orig_id=: postsuper -r ended the old queue ID.
	if old := l.open[key{l.scopeOf(m.Host, m.MTA, m.Set), prev}]; old != nil && old.Closed.IsZero() {
		for i := range old.Recipients {
			if r := &old.Recipients[i]; !r.Outcome.final() {
				r.Outcome, r.Time, r.NextID, r.Next = Forwarded, ev.Time, m.QueueID, m
			}
		}
		m.Sender, m.MessageID = old.Sender, old.MessageID
		if old.Source == SourceNotification {
			m.Source, m.NotificationOf = SourceNotification, old.NotificationOf
		}
		old.Announced = len(old.Recipients)
		old.State = StateDone
		l.end(old, ev.Time)
	}
}

// envelope takes from the event what it tells about the whole message.
func (l *Ledger) envelope(m *Message, ev *parser.Event) {
	if m.MessageID == "" && len(ev.MessageID) > 0 {
		m.MessageID = string(ev.MessageID)
	}
	if m.Sender == "" && len(ev.Sender) > 0 {
		m.Sender = string(ev.Sender)
	}
	if m.User == "" && len(ev.User) > 0 {
		m.User = l.strings.get(ev.User)
	}
	if m.Client.IsZero() && (ev.Client.Name != nil || ev.Client.IP != nil) {
		m.Client = l.peer(&ev.Client)
	}
	if ev.Has&parser.HasSize != 0 {
		m.Size = ev.Size
	}
}

// queued applies qmgr's "(queue active)", which repeats on each retry.
func (l *Ledger) queued(m *Message, ev *parser.Event) {
	l.envelope(m, ev)
	if m.State == StateHeld {
		m.State = StateQueued
	}
	m.Sender = string(ev.Sender)
	m.Active, m.Last = true, ev.Time
	m.Announced = max(m.Announced, ev.NRcpt)
	if m.Source == SourceNone && !m.OpenedBefore && m.Sender == "<>" {
		// No client and no local user handed it in, so this Postfix made it; the null
		// sender tells a notice from an alias's forward.
		m.Source = SourceNotification
	}
}

// notice links a notification to the message it is about. Postfix 3.11 logs the link before
// the notice's first line, older versions after it.
func (l *Ledger) notice(ev *parser.Event, set int) {
	about := string(ev.QueueID)
	next := *ev
	next.QueueID = ev.NextQueueID
	m := l.find(&next, set)
	if m == nil || !m.Closed.IsZero() && m.NotificationOf != "" {
		m = l.begin(&next, set)
	}
	if m.NotificationOf == "" {
		m.NotificationOf, m.Source = about, SourceNotification
	}
}
