package aggregate

import (
	"bytes"
	"strings"
	"time"

	"github.com/smtplog/smtplog/parser"
	"github.com/smtplog/smtplog/status"
)

// outcome applies the result of an attempt, or the end of waiting, to its recipient, or to
// every open one where the line names none.
func (l *Ledger) outcome(m *Message, ev *parser.Event) {
	m.Last = ev.Time
	if ev.Kind != parser.Discarded || ev.Direction != parser.In && !ev.Late { // else cleanup threw it away
		m.activate(ev.Time)
	}
	if ev.Sender != nil && m.Sender == "" {
		m.Sender, m.senderNumber = l.text(m, ev.Sender), 0
	}
	if m.State == StateRejected && ev.Recipient != nil {
		m.State = StateDone // cleanup refuses local mail with a bounce: it was ours
	}
	if len(ev.Recipient) > 0 {
		l.settled = l.recipient(m, ev)
		l.settleRecipient(m, l.settled, ev)
	} else {
		l.nameUnseen(m)
		for i := range m.Recipients {
			if r := &m.Recipients[i]; !r.Outcome.final() {
				l.settleRecipient(m, r, ev)
			}
		}
		if ev.Kind == parser.Discarded && len(m.Recipients) == 0 {
			m.State = StateDiscarded
		}
	}
	switch ev.Kind {
	case parser.Deferred:
		m.Deferrals += max(1, ev.Repeat)
	case parser.Discarded:
		if ev.Late {
			l.envelope(m, ev)
			m.done()
			l.end(m, ev.Time) // cleanup threw it away: no other line follows
		}
	}
}

// probed applies the result of an address probe.
func (l *Ledger) probed(m *Message, ev *parser.Event) {
	m.activate(ev.Time)
	m.Probe, m.Last = true, ev.Time
	if m.Source == SourceNone || m.Source == SourceNotification && m.NotificationOf == "" {
		m.Source = SourceProbe // only its sender looked like a notice's
	}
	r := l.recipient(m, ev)
	kind := parser.Bounced
	if r.Outcome = Undeliverable; bytes.HasPrefix(ev.Detail, deliverable) {
		r.Outcome, kind = Deliverable, parser.Delivered
	}
	r.Time, r.Delay, r.HasDelay = ev.Time, ev.Delay, ev.Has&parser.HasDelay != 0
	r.Attempts++
	r.Relay, r.Answer, r.Status = l.peer(&ev.Relay), l.answer(ev), StatusOf(kind, ev.Code)
}

var deliverable = []byte("deliverable")

// settleRecipient gives r the outcome that the event tells.
func (l *Ledger) settleRecipient(m *Message, r *Recipient, ev *parser.Event) {
	if r.Outcome.final() && ev.Kind == parser.Deferred && !ev.Time.After(r.Time) && !(ev.Time.Equal(r.Time) && byLocal(ev)) {
		r.Attempts += tries(ev) // an earlier attempt's line that came late
		return
	}
	took := ev.Kind == parser.Delivered || ev.Kind == parser.Forwarded
	if r.Outcome.final() && ev.MTA == parser.Postfix && (took || ev.Kind == parser.Bounced) {
		m.twins++
	}
	switch {
	case r.deferredNow && took && byLocal(ev) && ev.Time.Sub(r.Time) <= settle: // another member of an alias
		r.Attempts += tries(ev)
		r.Partly = true
		return
	case r.Outcome == Bounced && took && ev.MTA == parser.Postfix:
		r.Attempts += tries(ev)
		r.Partly = true
		if ev.Kind == parser.Forwarded {
			l.forward(m, r, ev)
		}
		return
	case (ev.Kind == parser.Bounced || ev.Kind == parser.Deferred) && (r.Outcome == Delivered || r.Outcome == Forwarded):
		r.Partly = true
	}
	r.deferredNow = ev.Kind == parser.Deferred && byLocal(ev)
	r.Time = ev.Time
	if ev.Direction != parser.DirectionNone {
		r.Direction = ev.Direction
	}
	if ev.Has&parser.HasDelay != 0 {
		r.Delay, r.HasDelay = ev.Delay, true
	} else if !m.OpenedBefore {
		r.Delay, r.HasDelay = ev.Time.Sub(m.First), true
	}
	if n := tries(ev); n > 0 {
		r.Attempts += n
		if ev.Relay.Name != nil || ev.Relay.IP != nil {
			if l.relay = l.words.relay; l.relay == nil {
				l.relay = l.peers.get(&ev.Relay)
			}
			if r.Relay.IP = l.relay.IP; !l.lean {
				r.Relay = l.relay.Peer
			}
		}
	}
	before := r.Outcome
	switch ev.Kind {
	case parser.Delivered:
		r.Outcome = Delivered
		if ev.Direction != parser.Out {
			break
		}
		if next := handedOn(l, m, l.next, ev.NextQueueID, ev.Relay.IP); next != nil {
			ev.Kind, r.Outcome = parser.Forwarded, Forwarded
			l.join(m, r, next)
		} else {
			r.relayed = relayed(l, m, l.next, ev.NextQueueID)
		}
	case parser.Forwarded:
		r.Outcome = Forwarded
		l.forward(m, r, ev)
	case parser.Deferred:
		r.Outcome = Deferred
	case parser.Bounced:
		r.Outcome, r.Cancelled = Bounced, ev.Recipient == nil
	case parser.Expired:
		r.Outcome = Expired
	case parser.Discarded:
		r.Outcome = Discarded
	}
	if len(ev.NextQueueID) > 0 && r.Next == nil {
		r.NextID, r.nextHash = l.text(m, ev.NextQueueID), l.next
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
		l.grow(m, len(answer.Text)-len(r.Answer.Text))
		r.Answer = answer
	}
	if ev.Kind == parser.Deferred {
		r.putOff(ev.Time, ev.Reason)
	}
	r.Status = StatusOf(ev.Kind, r.Answer.Code)
}

// byLocal tells whether an attempt is local(8)'s, which logs each member of an alias or a .forward under
// the one address.
func byLocal(ev *parser.Event) bool {
	return ev.Direction == parser.Local && string(ev.Relay.Name) == localService && ev.MTA == parser.Postfix
}

// tries is how many attempts for its recipient the event tells of.
func tries(ev *parser.Event) int {
	if ev.Recipient == nil || ev.NotAttempted || ev.Kind == parser.Expired || ev.Kind == parser.Discarded && ev.Code == 0 {
		return 0
	}
	return max(1, ev.Repeat)
}

// fill gives an answer without a code the latest evidence about the same host.
func (e *hostError) fill(a *Answer, ev *parser.Event) {
	if e == nil || e.answer.Code == 0 || ev.Time.Sub(e.time) > settle {
		return
	}
	known := ev.Relay.Name != nil || ev.Relay.IP != nil
	if known && (e.relay.Name != string(ev.Relay.Name) || e.relay.IP != string(ev.Relay.IP)) ||
		!known && ev.Origin == status.OriginNetwork {
		return
	}
	if ev.Origin == status.OriginLocal && (!known || ev.MTA == parser.Postfix) { // our own decision
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
	address, orig := clip(ev.Recipient), clip(ev.OrigRecipient)
	if m.rewritten != nil {
		key := address
		if len(orig) > 0 {
			key = orig
		}
		if old, ok := m.rewritten[strings.ToLower(string(key))]; ok {
			orig = []byte(old)
		}
	}
	if equalFold(orig, address) {
		orig = nil
	}
	if r := lookup(m, address, orig); r != nil {
		return r
	}
	if ev.MTA == parser.Exim {
		// A deferral while routing names the address as given; once routed it is logged as
		// "new <given>", and the end of waiting may name either. What comes of it in the same run is a copy
		// (unseen): the address itself goes on waiting.
		if len(orig) > 0 {
			if r := lookup(m, orig, ""); r != nil && !r.Outcome.final() && (r.Outcome != Deferred || ev.Time.Sub(r.Time) > time.Second) {
				m.rename(r, string(address), string(orig))
				return r
			}
		} else if r := m.waiting(address); r != nil {
			return r
		}
	}
	r := l.addRecipient(m, l.text(m, address), l.text(m, orig))
	r.domain = l.words.domain
	return r
}

// rewrite notes that Exim turns a recipient's address into another before it routes it, so
// that it is found under the one that the client gave.
func (l *Ledger) rewrite(m *Message, before, after string) {
	if m.rewritten == nil {
		m.rewritten = map[string]string{}
	}
	m.rewritten[strings.ToLower(after)] = before
	l.grow(m, recipientSize+len(before)+len(after))
}

// waiting returns the recipient without a final outcome that has the address, before or after
// aliases, or nil.
func (m *Message) waiting(address []byte) *Recipient {
	if m.index != nil {
		if r := m.index.find(m, string(address), ""); r != nil && !r.Outcome.final() {
			return r
		}
		return nil
	}
	for i := range m.Recipients {
		if r := &m.Recipients[i]; !r.Outcome.final() && (equalFold(r.Original, address) || equalFold(r.Address, address)) {
			return r
		}
	}
	return nil
}

// addRecipient adds an entry.
func (l *Ledger) addRecipient(m *Message, address, original string) *Recipient {
	l.recipientRoom(m)
	m.Recipients = append(m.Recipients, Recipient{Address: address, Original: original})
	l.grow(m, recipientSize+len(address)+len(original))
	r := &m.Recipients[len(m.Recipients)-1]
	if m.index != nil {
		m.index.add(r, len(m.Recipients)-1)
	} else if len(m.Recipients) > many {
		m.indexRecipients()
	}
	return r
}

// handedOn returns the message of this host that a delivery to the host with address relay
// went on as, or nil. The next hop said "queued as id", and the message with that ID names m
// as where it comes from, or has its Message-ID and came from this host or from the one that
// got it. A filter that says no ID is known by the message that names m.
// hash is the ID's, 0 where it is not known.
func handedOn[S string | []byte](l *Ledger, m *Message, hash uint64, id, relay S) *Message {
	here := loopback(relay) || len(relay) > 0 && relay[0] == '/'
	if len(id) > 0 {
		if hash == 0 {
			hash = parser.QueueIDHash(id)
		}
		for n := atHash(l, inScope(hash, m.scope), m.scope, id); n != nil; n = n.more() {
			switch {
			case n == m:
			case n.FromQueueID == m.QueueID:
				return n
			case n.FromQueueID == "" && m.MessageID != "" && n.MessageID == m.MessageID &&
				(here || loopback(n.Client.IP) || len(relay) > 0 && n.Client.IP == string(relay)):
				return n
			}
		}
	}
	for _, c := range m.children {
		if here || c.Client.IP == string(relay) {
			return c
		}
	}
	return nil
}

// maxRelays is up to how many hosts a message that was handed on is looked for at.
const maxRelays = 64

// relayed tells whether m went on under a queue ID of another host of the input.
func relayed[ID string | []byte](l *Ledger, m *Message, hash uint64, id ID) bool {
	if !l.relays || len(id) == 0 || m.MessageID == "" || len(l.scopes) > maxRelays {
		return false
	}
	if hash == 0 {
		hash = parser.QueueIDHash(id)
	}
	for scope := range l.scopes {
		if scope == m.scope {
			continue
		}
		for n := atHash(l, inScope(hash, scope), scope, id); n != nil; n = n.more() {
			if n.MessageID == m.MessageID {
				return true
			}
		}
	}
	return false
}

// join notes that next continues m's recipient r.
func (l *Ledger) join(m *Message, r *Recipient, next *Message) {
	r.Next, r.NextID, r.nextHash = next, next.QueueID, 0
	next.follow(m, SourceReinjected)
}

// forward joins r to the message that local(8) made for an alias's members, where it is known.
func (l *Ledger) forward(m *Message, r *Recipient, ev *parser.Event) {
	next := l.successor(m, string(ev.NextQueueID))
	if next == nil {
		return
	}
	l.join(m, r, next)
	if next.Source != SourceNotification {
		next.Source = SourceForwarded
	}
}

// successor returns the message on m's host with the given queue ID, of several the one that
// began last.
func (l *Ledger) successor(m *Message, id string) *Message {
	n := l.at(m.scope, id)
	for n == m && n != nil {
		n = n.more()
	}
	return n
}

func loopback[S string | []byte](ip S) bool {
	return len(ip) > 4 && string(ip[:4]) == "127." || string(ip) == "::1"
}

// rejected ends a message that was refused at or after DATA.
func (l *Ledger) rejected(m *Message, ev *parser.Event) {
	l.envelope(m, ev)
	m.OpenedBefore = m.OpenedBefore && ev.MTA != parser.Exim // Exim logs no line before
	if m.Source == SourceNone {
		if m.Source = SourceSMTP; ev.Direction == parser.Local {
			m.Source = SourceLocal
		}
	}
	if len(ev.Recipient) > 0 {
		r := l.recipient(m, ev)
		r.Outcome, r.Time, r.Direction, r.Answer = Rejected, ev.Time, ev.Direction, l.answer(ev)
		r.Status = status.CodeOf(ev.Code)
	}
	l.refused(m, ev)
}

// refused ends a message that is not taken after all.
func (l *Ledger) refused(m *Message, ev *parser.Event) {
	m.Last, m.State = ev.Time, StateRejected
	for i := range m.Recipients {
		if r := &m.Recipients[i]; !r.Outcome.final() {
			r.Outcome, r.Time = Rejected, ev.Time
		}
	}
	l.end(m, ev.Time)
}

// complete applies qmgr's "removed", cleanup's "removed (canceled)" and "removed (discarded)", or
// Exim's "Completed".
func (l *Ledger) complete(m *Message, ev *parser.Event) {
	m.Last = ev.Time
	if !m.Closed.IsZero() {
		return // a refusal, postsuper or Exim's administrator has ended it before
	}
	if string(ev.Text) == "removed (canceled)" { // nothing was queued
		m.Announced, m.announced = 0, ""
		l.lost(m)
		return
	}
	m.done()
	l.end(m, ev.Time)
}

// done notes that the MTA is done with m; one that was discarded before any recipient was named
// stays so.
func (m *Message) done() {
	if m.State != StateDiscarded || len(m.Recipients) > 0 {
		m.State = StateDone
	}
}

// removed applies a deletion by the administrator.
func (l *Ledger) removed(m *Message, ev *parser.Event) {
	m.Last = ev.Time
	if len(ev.Recipient) > 0 {
		l.strike(m, ev)
		return
	}
	l.nameUnseen(m)
	for i := range m.Recipients {
		if r := &m.Recipients[i]; !r.Outcome.final() {
			r.Outcome, r.Time = Removed, ev.Time
		}
	}
	m.State = StateRemoved
	l.end(m, ev.Time)
}

// maxStrike is up to how many recipients all are looked at for each that is struck off: a list can
// have a hundred thousand, with a line for each.
const maxStrike = 4096

// strike applies exim -Mmd, which strikes a recipient off, with all that an alias made of it. With
// -Mmad those that have their mail are named too; they keep their outcome.
func (l *Ledger) strike(m *Message, ev *parser.Event) {
	known := false
	if len(m.Recipients) <= maxStrike {
		for i := range m.Recipients {
			r := &m.Recipients[i]
			if !equalFold(r.Address, ev.Recipient) && !equalFold(r.Original, ev.Recipient) {
				continue
			}
			if known = true; !r.Outcome.final() {
				r.Outcome, r.Time = Removed, ev.Time
			}
		}
	} else if r := m.find(string(ev.Recipient), ""); r != nil && r.Outcome.final() {
		known = true
	}
	if known {
		return
	}
	if r := l.recipient(m, ev); !r.Outcome.final() {
		r.Outcome, r.Time = Removed, ev.Time
	}
}

// byPostsuper tells qmgr's "removed" from postsuper's where the log lacks the daemon's name
// (rsyslog's RFC 5424 template cuts it off): qmgr removes only what is done with, and under
// the process ID that it has put messages into the active queue with.
func (l *Ledger) byPostsuper(m *Message, ev *parser.Event) bool {
	if ev.MTA != parser.Postfix || len(ev.Service) > 0 || ev.PID == 0 || len(ev.Text) > 0 {
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
