package aggregate

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"github.com/smtplog/smtplog/parser"
	"github.com/smtplog/smtplog/status"
)

// noted is what smtpd said about recipients before their message had a queue ID.
type noted struct {
	time       time.Time
	kind       parser.Kind // Held, Discarded or None
	client     string
	redirected bool
	recipients string // separated by blanks
}

// process is one process of a host.
type process struct{ scope, pid int }

// maxNoted bounds what is kept for messages that have yet to begin.
const maxNoted = 10_000

// note remembers "NOQUEUE: hold" and "NOQUEUE: discard" until the client leaves: they are
// about the message that the same process takes next from the same client, and no line with
// its queue ID says so (Postfix access(5)).
func (l *Ledger) note(ev *parser.Event, set int) {
	if ev.MTA != parser.Postfix || ev.PID == 0 {
		return
	}
	if len(ev.Client.IP) == 0 {
		l.total(ev)
		return
	}
	switch ev.Kind {
	case parser.Held, parser.Discarded:
		if len(l.noted) >= maxNoted {
			clear(l.noted)
		}
		p := process{l.scope, ev.PID}
		n := noted{time: ev.Time, kind: ev.Kind, client: l.strings.get(ev.Client.IP), recipients: string(clip(ev.Recipient))}
		if old := l.noted[p]; old.client == n.client {
			if old.kind == n.kind && old.recipients != "" && len(old.recipients) < maxField {
				n.recipients = old.recipients + " " + n.recipients
			}
			n.redirected = old.redirected
		}
		l.noted[p] = n
	case parser.Redirected:
		p := process{l.scope, ev.PID}
		n := l.noted[p]
		if n.client != string(ev.Client.IP) {
			n = noted{client: l.strings.get(ev.Client.IP)}
		}
		n.time, n.redirected = ev.Time, true
		l.noted[p] = n
	case parser.Rejected: // hold leaves the recipient to the rules that follow
		if len(l.noted) > 0 {
			p := process{l.scope, ev.PID}
			if n, ok := l.noted[p]; ok && n.client == string(ev.Client.IP) {
				n.recipients = without(n.recipients, string(clip(ev.Recipient)))
				l.noted[p] = n
			}
		}
	case parser.Disconnected:
		if len(l.noted) > 0 {
			delete(l.noted, process{l.scope, ev.PID})
		}
	}
}

// total reads postsuper's "Deleted: 2 messages" and "Placed on hold: 2 messages". Of messages that were
// given by their queue IDs a line each comes before it; "ALL" names none.
func (l *Ledger) total(ev *parser.Event) {
	if ev.Kind != parser.Removed && ev.Kind != parser.Held {
		return
	}
	if l.scopes[l.scope].super == ev.PID {
		ev.Kind = parser.Other
		return
	}
	_, rest, _ := bytes.Cut(ev.Text, []byte(": "))
	number, _, _ := bytes.Cut(rest, []byte(" "))
	if n, err := strconv.Atoi(string(number)); err == nil && n > 0 {
		l.Unnamed += int64(n)
	}
}

// applyNoted holds or discards a message that has just begun, where it was noted.
func (l *Ledger) applyNoted(m *Message, ev *parser.Event) {
	if len(l.noted) == 0 {
		return
	}
	p := process{l.scope, ev.PID}
	n, ok := l.noted[p]
	if !ok {
		return
	}
	delete(l.noted, p)
	if n.client != string(ev.Client.IP) || ev.Time.Sub(n.time) > time.Minute {
		return
	}
	m.redirected = n.redirected
	switch n.kind {
	case parser.None:
		return
	case parser.Held:
		l.hold(m, n.recipients)
		return
	}
	l.announce(m, n.recipients)
	l.nameUnseen(m)
	for i := range m.Recipients {
		r := &m.Recipients[i]
		r.Outcome, r.Time, r.Status = Discarded, ev.Time, status.OK
	}
	m.State = StateDone
	l.end(m, ev.Time)
}

// hold puts m on hold. The line may name recipients, the first one or more.
func (l *Ledger) hold(m *Message, recipients string) {
	if m.Closed.IsZero() {
		m.State = StateHeld
	}
	if recipients != "" && m.announced == "" {
		l.announce(m, recipients)
	}
}

// announce notes the addresses, separated by blanks, of recipients that are still to come.
func (l *Ledger) announce(m *Message, addresses string) {
	m.announced = addresses
	m.Announced = max(m.Announced, distinct(addresses))
	l.grow(m, len(addresses))
}

// without returns addresses, separated by blanks, without one of them.
func without(addresses, one string) string {
	var left []string
	for addresses != "" {
		var a string
		if a, addresses = cutAddress(addresses); !equalFold(a, one) {
			left = append(left, a)
		}
	}
	return strings.Join(left, " ")
}

// added notes a recipient that the administrator has added (exim -Mar).
func (l *Ledger) added(m *Message, address string) {
	l.nameUnseen(m)
	if !m.knows(address) {
		l.addRecipient(m, address, "")
		m.Announced = max(m.Announced, len(m.Recipients))
	}
}

// nameUnseen adds the announced recipients that have no line of their own, where the log
// names them.
func (l *Ledger) nameUnseen(m *Message) {
	rest := m.announced
	m.announced = ""
	for rest != "" {
		var a string
		a, rest = cutAddress(rest)
		if a = a[:min(len(a), maxField)]; a != "" && !m.knows(a) {
			l.addRecipient(m, a, "")
		}
	}
}

// received applies the first lines of a message.
func (l *Ledger) received(ev *parser.Event, set int) *Message {
	m := l.find(ev)
	opens := ev.Client.Name != nil || ev.Client.IP != nil || ev.User != nil || ev.MTA == parser.Exim
	switch {
	case m == nil:
		m = l.begin(ev, set)
	case ev.MTA == parser.Exim:
		if m.Source != SourceNone && m.Source != SourceNotification {
			return m // Exim's IDs are unique: the line was read twice
		}
		m.OpenedBefore = false
	case l.another(m, ev, opens):
		m = l.begin(ev, set)
	case opens:
		m.OpenedBefore = false
	}
	m.Last = ev.Time
	l.envelope(m, ev)
	if ev.MTA == parser.Exim {
		m.activate(ev.Time)
	}
	if len(ev.Recipients) > 0 {
		if b := ev.Recipients; len(b) <= firstTextRoom {
			l.announce(m, l.text(m, b))
		} else {
			l.announce(m, string(b))
		}
	}
	if m.Source == SourceNone && opens {
		m.Source = SourceSMTP
		if ev.Client.Name == nil && ev.Client.IP == nil {
			m.Source = SourceLocal
		}
	}
	if opens && ev.MTA == parser.Postfix {
		l.applyNoted(m, ev)
		if len(ev.PrevClient.IP) > 0 {
			m.fromAfar = !ownNetwork(l.strings.get(ev.PrevClient.IP))
		}
	}
	if len(ev.PrevQueueID) > 0 {
		l.continues(m, ev)
	} else if ev.MTA == parser.Exim && m.Sender == "<>" && m.Source == SourceLocal && (m.User == "" || eximUser(m.User)) {
		m.Source = SourceNotification
	}
	return m
}

// eximUser tells whether a user is one that Exim runs as: a message that it hands in without a sender is
// a notice, with R= or without (one about a message that was never taken has no queue ID to name). Users'
// programs may leave out the sender, too (vacation), but run as their users.
func eximUser(name string) bool {
	switch name {
	case "exim", "Debian-exim", "_exim", "exim4", "mailnull", "mail":
		return true
	}
	return false
}

// another tells whether a first line of Postfix's is another message's than m, which has its
// queue ID. opens: it is the line of who handed it in.
func (l *Ledger) another(m *Message, ev *parser.Event, opens bool) bool {
	switch outOfOrder := m.OpenedBefore && ev.Time.Sub(m.First) <= late; {
	case m.Instance != string(ev.Instance):
		return opens || m.MessageID != ""
	case !m.Closed.IsZero():
		return opens && !outOfOrder || !opens && (m.MessageID != "" || ev.Time.Sub(m.Closed) > late)
	case opens:
		return m.Source != SourceNone || m.Active && !outOfOrder
	}
	return m.Active && len(ev.MessageID) > 0 && m.MessageID != "" && m.MessageID != string(clip(ev.MessageID))
}

// maxChildren bounds the messages remembered as made of one.
const maxChildren = 64

// continues links m to the message it comes from.
func (l *Ledger) continues(m *Message, ev *parser.Event) {
	prev := string(ev.PrevQueueID)
	if ev.MTA == parser.Exim { // R= on <= <>: our notice about another message
		m.NotificationOf, m.Source = prev, SourceNotification
		return
	}
	old := l.at(m.scope, prev)
	for old != nil && (old == m || !old.Closed.IsZero() && old.more() != nil) {
		old = old.more()
	}
	if old == nil || old == m { // another host's queue ID, or the message ended long ago
		m.FromQueueID = prev
		if ev.User != nil || loopback(ev.Client.IP) {
			m.Source = SourceReinjected
		}
		return
	}
	m.follow(old, SourceReinjected)
	if ev.Client.Name != nil || ev.Client.IP != nil {
		if len(old.children) < maxChildren {
			old.children = append(old.children, m)
			m.keep()
		}
		return
	}
	// pickup orig_id=: postsuper -r ended the old queue ID.
	if !old.Closed.IsZero() {
		return
	}
	for i := range old.Recipients {
		if r := &old.Recipients[i]; !r.Outcome.final() {
			r.Outcome, r.Time, r.NextID, r.nextHash, r.Next = Forwarded, ev.Time, m.QueueID, 0, m
		}
	}
	m.Sender, m.senderNumber, m.MessageID = old.Sender, old.senderNumber, old.MessageID
	old.Announced, old.announced = len(old.Recipients), ""
	old.State = StateDone
	l.end(old, ev.Time)
}

// follow notes that m continues old; what continues a notice is one.
func (m *Message) follow(old *Message, source Source) {
	if m.FromQueueID == "" {
		m.FromQueueID = old.QueueID
	}
	m.login = old.loginName()
	m.keep()
	old.keep()
	if m.Source = source; old.Source == SourceNotification {
		m.Source, m.NotificationOf = SourceNotification, old.NotificationOf
	}
}

// envelope takes from the event what it tells about the whole message.
func (l *Ledger) envelope(m *Message, ev *parser.Event) {
	if m.MessageID == "" && len(ev.MessageID) > 0 {
		m.MessageID = l.text(m, ev.MessageID)
		l.grow(m, len(m.MessageID))
	}
	if m.Sender == "" && len(ev.Sender) > 0 {
		m.Sender, m.senderNumber = l.text(m, ev.Sender), l.words.sender
		l.grow(m, len(m.Sender))
	}
	if m.User == "" && len(ev.User) > 0 {
		m.User = l.strings.get(ev.User)
	}
	if m.Client.IsZero() && (ev.Client.Name != nil || ev.Client.IP != nil) {
		m.Client = l.client(m, ev)
		l.grow(m, len(m.Client.Name)+len(m.Client.Helo))
	}
	if ev.Has&parser.HasSize != 0 {
		m.Size = ev.Size
	}
}

// activate applies qmgr's "(queue active)", which repeats on each retry.
func (l *Ledger) activate(m *Message, ev *parser.Event) {
	l.envelope(m, ev)
	if m.State == StateHeld {
		m.State = StateQueued
	}
	if m.Sender != string(clip(ev.Sender)) { // cleanup may have rewritten it
		m.Sender, m.senderNumber = l.text(m, ev.Sender), 0
	}
	if l.words.sender != 0 {
		m.senderNumber = l.words.sender
	}
	m.activate(ev.Time)
	m.Last = ev.Time
	if m.Deferrals > 0 {
		for i := range m.Recipients {
			m.Recipients[i].deferredNow = false
		}
	}
	n := ev.NRcpt
	if m.redirected { // qmgr counts those that were replaced, too
		n = min(n, 1)
	}
	m.Announced = max(m.Announced, n)
	if m.Source == SourceNone && (doubleBounce(ev.Sender) || !m.OpenedBefore && m.Sender == "<>") {
		// No client and no local user handed it in, so this Postfix made it; the null
		// sender tells a notice from an alias's forward, and double-bounce is the sender of
		// postmaster notices (and of address probes, which show when they are answered).
		m.Source = SourceNotification
	}
}

// doubleBounce tells whether sender is Postfix's double_bounce_sender, perhaps with the time
// stamp that address_verify_sender_ttl adds.
func doubleBounce[S string | []byte](sender S) bool {
	const name = "double-bounce"
	return len(sender) > len(name) && string(sender[:len(name)]) == name
}

// notice links a notification to the message it is about. Postfix 3.11 logs the link before
// the notice's first line, older versions after it.
func (l *Ledger) notice(ev *parser.Event, set int) {
	next := *ev
	next.QueueID = ev.NextQueueID
	l.id = l.next
	m := l.find(&next)
	if m == nil || !m.Closed.IsZero() && m.NotificationOf != "" || m.Source != SourceNone && m.Source != SourceNotification {
		m = l.begin(&next, set)
	}
	if m.NotificationOf == "" {
		m.NotificationOf, m.Source = string(ev.QueueID), SourceNotification
		l.place(m)
	}
}
