package aggregate

import (
	"bytes"

	"github.com/smtplog/smtplog/parser"
	"github.com/smtplog/smtplog/status"
)

// outcome applies the result of an attempt, or the end of waiting, to its recipient, or to
// every open one where the line names none.
func (l *Ledger) outcome(m *Message, ev *parser.Event) {
	m.Last = ev.Time
	if ev.Kind != parser.Discarded || ev.Direction != parser.In { // else cleanup threw it away
		m.Active = true
	}
	if ev.Sender != nil && m.Sender == "" {
		m.Sender = string(ev.Sender)
	}
	if len(ev.Recipient) > 0 {
		l.settleRecipient(m, l.recipient(m, ev), ev)
	} else {
		m.nameUnseen()
		for i := range m.Recipients {
			if r := &m.Recipients[i]; !r.Outcome.final() {
				l.settleRecipient(m, r, ev)
			}
		}
	}
	switch ev.Kind {
	case parser.Deferred:
		m.Deferrals += max(1, ev.Repeat)
	case parser.Discarded:
		if ev.MTA == parser.Postfix && ev.Direction == parser.In {
			l.envelope(m, ev)
			m.State = StateDone
			l.end(m, ev.Time) // cleanup threw it away: no other line follows
		}
	}
}

// settleRecipient gives r the outcome that the event tells.
func (l *Ledger) settleRecipient(m *Message, r *Recipient, ev *parser.Event) {
	r.Time = ev.Time
	if ev.Has&parser.HasDelay != 0 {
		r.Delay, r.HasDelay = ev.Delay, true
	} else if !m.OpenedBefore {
		r.Delay, r.HasDelay = ev.Time.Sub(m.First), true
	}
	if ev.Recipient != nil && !ev.NotAttempted && ev.Kind != parser.Expired {
		r.Attempts += max(1, ev.Repeat)
		if ev.Relay.Name != nil || ev.Relay.IP != nil {
			r.Relay = l.peer(&ev.Relay)
		}
	}
	before := r.Outcome
	switch ev.Kind {
	case parser.Delivered:
		r.Outcome = Delivered
		if next := l.handedOn(m, ev); next != nil {
			ev.Kind, r.Outcome, r.Next = parser.Forwarded, Forwarded, next
			r.NextID = next.QueueID
			if next.FromQueueID == "" {
				next.FromQueueID = m.QueueID
			}
			if next.Source != SourceNotification {
				next.Source = SourceReinjected
			}
		}
	case parser.Forwarded:
		r.Outcome = Forwarded
		if next := l.continuation(m, string(ev.NextQueueID)); next != nil {
			r.Next = next
			next.FromQueueID = m.QueueID
			if m.Source == SourceNotification {
				next.Source, next.NotificationOf = SourceNotification, m.NotificationOf
			} else {
				next.Source = SourceForwarded
			}
		}
	case parser.Deferred:
		r.Outcome = Deferred
	case parser.Bounced:
		r.Outcome = Bounced
	case parser.Expired:
		r.Outcome = Expired
	case parser.Discarded:
		r.Outcome = Discarded
	}
	if len(ev.NextQueueID) > 0 && r.NextID == "" {
		r.NextID = string(ev.NextQueueID)
	}
	answer := l.answer(ev)
	if answer.Code == 0 && ev.Kind != parser.Delivered && ev.Kind != parser.Expired && !ev.NotAttempted {
		m.lastError.fill(&answer, ev)
	}
	switch {
	case before == Deferred && (r.Outcome == Expired || ev.Recipient == nil):
		// What decided is the last deferral's cause; expiry and cancelling only end the wait.
		if ev.Kind == parser.Bounced {
			r.Answer.Origin = status.OriginLocal
		}
		ev.Reason = r.Answer.Reason
	case before == Deferred && ev.NotAttempted && answer.Code == 0 && r.Answer.Text != "" && ev.MTA == parser.Exim:
		// "retry time not reached" is no cause.
		ev.Reason = r.Answer.Reason
	default:
		r.Answer = answer
	}
	if ev.Kind == parser.Deferred {
		r.putOff(ev.Time, ev.Reason)
	}
	r.Status = StatusOf(ev.Kind, r.Answer.Code)
}

// fill gives an answer without a code the latest evidence about the same host.
func (e *hostError) fill(a *Answer, ev *parser.Event) {
	if e.answer.Code == 0 || ev.Time.Sub(e.time) > settle {
		return
	}
	known := ev.Relay.Name != nil || ev.Relay.IP != nil
	if known && (e.relay.Name != string(ev.Relay.Name) || e.relay.IP != string(ev.Relay.IP)) ||
		!known && ev.Origin == status.OriginNetwork {
		return
	}
	a.Code, a.Enhanced, a.Origin = e.answer.Code, e.answer.Enhanced, e.answer.Origin
	if e.answer.Reason != status.Undetermined {
		a.Reason, ev.Reason = e.answer.Reason, e.answer.Reason
	}
	if a.Stage == status.StageNone {
		a.Stage = e.answer.Stage
	}
}

// StatusOf is the status of a delivery attempt's result (docs/contract.md): from the reply
// code; without one OK for a success and GENERAL_FAILURE for a failure.
func StatusOf(k parser.Kind, code int) status.Code {
	switch {
	case code != 0:
		return status.CodeOf(code)
	case k == parser.Delivered || k == parser.Forwarded || k == parser.Discarded:
		return status.OK
	}
	return status.GeneralFailure
}

// recipient returns the entry for the event's recipient, making one if need be.
func (l *Ledger) recipient(m *Message, ev *parser.Event) *Recipient {
	orig := ev.OrigRecipient
	if equalFold(orig, ev.Recipient) {
		orig = nil
	}
	for i := range m.Recipients {
		r := &m.Recipients[i]
		if equalFold(r.Address, ev.Recipient) && equalFold(r.Original, orig) {
			return r
		}
	}
	if ev.MTA == parser.Exim {
		// A deferral while routing names the address as given; once routed it is logged as
		// "new <given>", and the end of waiting may name either.
		for i := range m.Recipients {
			r := &m.Recipients[i]
			if r.Outcome.final() {
				continue
			}
			if len(orig) > 0 && r.Original == "" && equalFold(r.Address, orig) {
				r.Address, r.Original = string(ev.Recipient), string(orig)
				return r
			}
			if len(orig) == 0 && equalFold(r.Original, ev.Recipient) ||
				len(orig) == 0 && equalFold(r.Address, ev.Recipient) {
				return r
			}
		}
	}
	m.Recipients = append(m.Recipients, Recipient{Address: string(ev.Recipient), Original: string(orig)})
	return &m.Recipients[len(m.Recipients)-1]
}

// handedOn returns the message of this host that a delivery went on as: the next hop is this
// host, its "queued as" names a known queue ID, and that message names m as its origin or has
// the same Message-ID and came from this host.
func (l *Ledger) handedOn(m *Message, ev *parser.Event) *Message {
	if len(ev.NextQueueID) == 0 || ev.Direction != parser.Out {
		return nil
	}
	next := l.continuation(m, string(ev.NextQueueID))
	if next == nil || next == m {
		return nil
	}
	if next.FromQueueID == m.QueueID {
		return next
	}
	own := loopback(ev.Relay.IP) || len(ev.Relay.IP) > 0 && ev.Relay.IP[0] == '/' || loopback([]byte(next.Client.IP))
	if own && m.MessageID != "" && m.MessageID == next.MessageID && next.FromQueueID == "" {
		return next
	}
	return nil
}

// continuation returns the message on m's host with the given queue ID.
func (l *Ledger) continuation(m *Message, id string) *Message {
	if id == "" {
		return nil
	}
	return l.open[key{l.scopeOf(m.Host, m.MTA, m.Set), id}]
}

func loopback(ip []byte) bool {
	return bytes.HasPrefix(ip, []byte("127.")) || string(ip) == "::1"
}

// rejected ends a message that was refused at or after DATA.
func (l *Ledger) rejected(m *Message, ev *parser.Event) {
	l.envelope(m, ev)
	m.OpenedBefore = m.OpenedBefore && ev.MTA != parser.Exim // Exim logs no line before
	m.Last, m.State = ev.Time, StateRejected
	if m.Source == SourceNone {
		m.Source = SourceSMTP
	}
	if len(ev.Recipient) > 0 {
		r := l.recipient(m, ev)
		r.Outcome, r.Time, r.Answer = Rejected, ev.Time, l.answer(ev)
		r.Status = status.CodeOf(ev.Code)
	}
	l.end(m, ev.Time)
}

// complete applies qmgr's "removed" or Exim's "Completed".
func (l *Ledger) complete(m *Message, ev *parser.Event) {
	m.Last = ev.Time
	if !m.Closed.IsZero() {
		return // postsuper or Exim's administrator has ended it before
	}
	m.State = StateDone
	l.end(m, ev.Time)
}

// removed applies a deletion by the administrator.
func (l *Ledger) removed(m *Message, ev *parser.Event) {
	m.Last = ev.Time
	if len(ev.Recipient) > 0 { // exim -Mmd: one recipient is struck off
		r := l.recipient(m, ev)
		r.Outcome, r.Time = Removed, ev.Time
		return
	}
	m.nameUnseen()
	for i := range m.Recipients {
		if r := &m.Recipients[i]; !r.Outcome.final() {
			r.Outcome, r.Time = Removed, ev.Time
		}
	}
	m.State = StateRemoved
	l.end(m, ev.Time)
}

// byPostsuper tells qmgr's "removed" from postsuper's where the log lacks the daemon's name
// (rsyslog's RFC 5424 template cuts it off): qmgr removes only what is done with, and under
// the process ID that it has put messages into the active queue with.
func (l *Ledger) byPostsuper(m *Message, ev *parser.Event) bool {
	if ev.MTA != parser.Postfix || len(ev.Service) > 0 || ev.PID == 0 {
		return false
	}
	qmgr := l.scopes[l.scope].qmgr
	return qmgr != 0 && ev.PID != qmgr && m.waitsFor()
}

// waitsFor tells whether a recipient is still without a final outcome.
func (m *Message) waitsFor() bool {
	for i := range m.Recipients {
		if !m.Recipients[i].Outcome.final() {
			return true
		}
	}
	return m.Unseen() > 0
}

// lose marks recipients without a final outcome.
func (m *Message) lose() {
	for i := range m.Recipients {
		if r := &m.Recipients[i]; r.failed != OutcomeNone && r.Outcome == Deferred {
			r.Outcome = r.failed
		} else if !r.Outcome.final() {
			r.Outcome = Lost
		}
	}
}

// unfail takes back the failures of a frozen notice of Exim's: there is nobody to return it
// to, so it stays in the queue with its recipients until it is removed, thawed or given up
// (Exim specification, "Frozen messages" and ignore_bounce_errors_after).
func (m *Message) unfail() {
	for i := range m.Recipients {
		if r := &m.Recipients[i]; r.Outcome == Bounced || r.Outcome == Expired {
			r.failed, r.Outcome = r.Outcome, Deferred
		}
	}
}
