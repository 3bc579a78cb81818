package render

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/smtplog/smtplog/aggregate"
	"github.com/smtplog/smtplog/parser"
	"github.com/smtplog/smtplog/status"
)

// verdict is what became of one recipient, as one sentence. Its texts are not escaped yet.
type verdict struct {
	who      string
	sentence string
	outcome  string
	color    string
}

// tell puts a fate into words.
func tell(s *aggregate.Story, f *aggregate.Fate, zone *time.Location) verdict {
	t := teller{s: s, f: f, zone: zone}
	if f.Unseen > 0 {
		return verdict{sentence: fmt.Sprintf("%s more without a line of their own", plural(int64(f.Unseen), "recipient")), outcome: "queued", color: yellow}
	}
	v := verdict{}
	if f.Recipient != nil {
		v.who = f.Recipient.Address
		if f.Recipient.Original != "" {
			v.who = f.Recipient.Original + " -> " + v.who
		}
		if f.End != nil && f.End.Address != f.Recipient.Address {
			v.who += " -> " + f.End.Address
		}
	}
	outcome := aggregate.OutcomeNone
	if f.End != nil {
		outcome = f.End.Outcome
	}
	v.outcome = outcome.String()
	switch outcome {
	case aggregate.Delivered, aggregate.Forwarded:
		v.sentence, v.color = t.delivered(), green
	case aggregate.Bounced, aggregate.Expired:
		v.sentence, v.color = t.failed(), red
	case aggregate.Discarded:
		v.sentence, v.color = "Discarded at "+t.clock(f.End.Time)+because(&f.End.Answer), yellow
	case aggregate.Rejected:
		v.sentence, v.color = t.refused(&f.End.Answer, f.End.Time), red
	case aggregate.Removed:
		v.sentence, v.color = t.removed(), yellow
	case aggregate.Deliverable, aggregate.Undeliverable:
		v.sentence, v.color = t.probed()
	default:
		v.sentence, v.outcome, v.color = t.open()
	}
	if f.Last.OpenedBefore && outcome != aggregate.Rejected {
		v.sentence += "; how it came in is not in this log"
	}
	v.sentence += "."
	return v
}

// teller puts one fate into words.
type teller struct {
	s    *aggregate.Story
	f    *aggregate.Fate
	zone *time.Location
}

// clock writes a time, with its day where the story has several.
func (t *teller) clock(at time.Time) string { return clockOn(at, t.s.Began(), t.zone) }

func clockOn(at, day time.Time, zone *time.Location) string {
	at, day = at.In(zone), day.In(zone)
	if at.Format(time.DateOnly) == day.Format(time.DateOnly) {
		return at.Format(time.TimeOnly)
	}
	return at.Format(clock)
}

func (t *teller) delivered() string {
	r := t.f.End
	s := "Delivered" + to(r)
	if t.f.Last.Host != t.f.Message.Host {
		s += " of " + t.f.Last.Host
	}
	if r.NextID != "" {
		s += " (as " + r.NextID + ")"
	}
	s += " on " + r.Time.In(t.zone).Format(clock)
	if t.f.Recipient != nil && !t.f.Message.OpenedBefore {
		if d := r.Time.Sub(t.f.Message.First); d >= time.Second {
			s += ", " + span(d) + " after it came in"
		}
	}
	if n := t.f.Deferred - t.f.NotAttempted; n > 0 {
		s += ", after " + plural(int64(n), "deferral") + " (" + t.cause(&t.f.Cause, t.f.CauseRelay) + ")"
	}
	if a := &r.Answer; a.Code != 0 && (a.Code < 200 || a.Code > 299) {
		s += ", in spite of the answer " + quote(a)
	}
	return s
}

func (t *teller) failed() string {
	r := t.f.End
	a, relay := r.Answer, r.Relay
	if a.Code == 0 && a.Text == "" && (t.f.Cause.Code != 0 || t.f.Cause.Text != "") {
		a, relay = t.f.Cause, t.f.CauseRelay
	}
	tries := ", after " + plural(int64(t.f.Attempts), "attempt")
	switch {
	case t.f.Attempts == 0:
		tries = ", without an attempt"
	case t.f.Attempts == 1 && t.f.Deferred == 0:
		tries = ", at the first attempt"
	}
	if d := r.Time.Sub(t.f.Message.First); d >= time.Minute && !t.f.Message.OpenedBefore {
		tries += " over " + span(d)
	}
	at := r.Time.In(t.zone).Format(clock)
	if r.Outcome == aggregate.Expired {
		return "Not delivered: given up on " + at + tries + "; the last answer: " + t.cause(&a, relay) + t.notified()
	}
	return "Not delivered: " + t.cause(&a, relay) + tries + ", on " + at + t.notified()
}

// cause names a reason, who gave it, and what was said.
func (t *teller) cause(a *aggregate.Answer, relay aggregate.Peer) string {
	s := ""
	if a.Reason != status.ReasonNone && a.Reason != status.Undetermined {
		s = reasonWords(a.Reason)
	}
	if host := hostOf(relay); host != "" {
		switch {
		case s != "":
			s += " at " + host
		case a.Origin == status.OriginRemote:
			s = "refused by " + host
		default:
			s = "failed at " + host
		}
	}
	q := quote(a)
	switch {
	case s == "" && q == "":
		return "no cause logged"
	case s == "":
		return q
	case q == "":
		return s
	}
	return s + " (" + q + ")"
}

// reasonWords writes a reason's name as people do.
func reasonWords(r status.Reason) string {
	words := strings.Split(r.String(), "_")
	for i, w := range words {
		switch w {
		case "tls", "dns", "ip", "ptr", "smtp":
			words[i] = strings.ToUpper(w)
		}
	}
	return strings.Join(words, " ")
}

// notified says what became of our notice to the sender.
func (t *teller) notified() string {
	m := t.f.Last
	n := t.f.Notice
	switch {
	case m.Sender == "<>":
		return "; nobody was notified: it has no sender to return to"
	case n == nil:
		return "; no notice to the sender is in the log"
	case len(n.Recipients) == 0:
		return "; a notice to the sender was made at " + t.clock(n.First) + " (" + n.QueueID + ")"
	}
	end, last, ok := n.Recipients[0].Final()
	if !ok {
		end = &n.Recipients[0]
	}
	if last == nil {
		last = n
	}
	switch end.Outcome {
	case aggregate.Delivered:
		return "; the sender was notified at " + t.clock(end.Time) + " (" + n.QueueID + ")"
	case aggregate.Bounced, aggregate.Expired:
		return "; the notice to the sender (" + n.QueueID + ") could not be delivered: " + t.cause(&end.Answer, end.Relay)
	case aggregate.OutcomeNone, aggregate.Deferred:
		where := "still in the queue"
		if last.State == aggregate.StateHeld {
			where = "frozen"
			if last.MTA == parser.Postfix {
				where = "on hold"
			}
		}
		return "; the notice to the sender (" + n.QueueID + ") is " + where
	}
	return "; the notice to the sender (" + n.QueueID + ") was " + end.Outcome.String()
}

func (t *teller) refused(a *aggregate.Answer, at time.Time) string {
	s := "Not received: refused"
	if a.Stage != status.StageNone {
		s += " at " + stage(a.Stage)
	}
	return s + " on " + at.In(t.zone).Format(clock) + because(a)
}

func (t *teller) removed() string {
	s := "Removed by the administrator at " + t.clock(t.f.End.Time)
	if t.f.Deferred > 0 {
		s += ", after " + plural(int64(t.f.Deferred), "deferral") + " (" + t.cause(&t.f.Cause, t.f.CauseRelay) + ")"
	}
	return s
}

// probed tells what an address probe found.
func (t *teller) probed() (sentence, color string) {
	r := t.f.End
	at := " on " + r.Time.In(t.zone).Format(clock)
	if r.Outcome == aggregate.Undeliverable {
		return "Address probe: undeliverable" + at + ": " + t.cause(&r.Answer, r.Relay), red
	}
	s := "Address probe: deliverable" + to(r) + at
	if q := quote(&r.Answer); q != "" {
		s += " (" + q + ")"
	}
	return s, green
}

// open tells of a recipient without an end.
func (t *teller) open() (sentence, outcome, color string) {
	m, r := t.f.Last, t.f.End
	last := m.Last
	waits := func(s string) string {
		if r != nil && t.f.Deferred > 0 {
			n := t.f.Deferred - t.f.NotAttempted
			s += ": " + plural(int64(n), "attempt")
			if !t.f.FirstTry.IsZero() {
				s += " since " + t.clock(t.f.FirstTry)
			}
			s += ", the last answer at " + t.clock(t.f.CauseTime) + ": " + t.cause(&t.f.Cause, t.f.CauseRelay)
			return s
		}
		return s + " since " + m.First.In(t.zone).Format(clock) + ", no attempt yet"
	}
	switch m.State {
	case aggregate.StateHeld:
		if m.MTA == parser.Exim {
			return waits("Frozen in the queue"), "held", yellow
		}
		return waits("On hold in the queue"), "held", yellow
	case aggregate.StateRemoved:
		return "Removed by the administrator at " + t.clock(last), "removed", yellow
	case aggregate.StateRejected:
		if e := t.find(parser.Rejected); e != nil {
			a := answerOf(&e.Event)
			return t.refused(&a, e.Event.Time), "rejected", red
		}
		a := aggregate.Answer{}
		if e := t.find(parser.Warning); e != nil {
			a.Text = string(e.Event.Text)
		}
		return t.refused(&a, last), "rejected", red
	case aggregate.StateDiscarded:
		s := "Discarded at " + t.clock(last)
		if e := t.find(parser.Discarded); e != nil {
			a := answerOf(&e.Event)
			s += because(&a)
		}
		return s, "discarded", yellow
	case aggregate.StateQueued:
		return waits("Still in the queue"), "queued", yellow
	}
	if !m.Active {
		return "Never came in whole: the client broke off; last line at " + t.clock(last), "lost", yellow
	}
	return "Lost track: no further line after " + t.clock(last), "lost", yellow
}

// find returns the last line of a kind of the message.
func (t *teller) find(k parser.Kind) (found *aggregate.Entry) {
	for i := range t.s.Entries {
		if e := &t.s.Entries[i]; e.Message == t.f.Last && e.Event.Kind == k {
			found = e
		}
	}
	return found
}

// tellRefusal puts an inbound refusal into words.
func tellRefusal(e *aggregate.Entry, zone *time.Location) verdict {
	ev := &e.Event
	t := teller{zone: zone}
	a := answerOf(ev)
	s := t.refused(&a, ev.Time)
	if from := hostOf(aggregate.Peer{Name: string(ev.Client.Name), IP: string(ev.Client.IP)}); from != "" {
		s += "; client " + from
	}
	who := string(ev.Recipient)
	if len(ev.Sender) > 0 {
		who = string(ev.Sender) + " -> " + either(who, "?")
	}
	return verdict{who: either(who, "?"), sentence: s + ".", outcome: "rejected", color: red}
}

func answerOf(ev *parser.Event) aggregate.Answer {
	code := ev.Code
	if code == 0 {
		code = ev.CodeInferred
	}
	return aggregate.Answer{Code: code, Enhanced: ev.Enhanced, Stage: ev.Stage, Origin: ev.Origin, Text: string(ev.Text), Reason: ev.Reason}
}

// because is an answer after a colon, nothing where there is none.
func because(a *aggregate.Answer) string {
	if q := quote(a); q != "" {
		return ": " + q
	}
	return ""
}

// quoteMax is how much of a reply a sentence quotes.
const quoteMax = 160

// quote writes a reply: code, enhanced code, text.
func quote(a *aggregate.Answer) string {
	var parts []string
	if a.Code != 0 {
		parts = append(parts, fmt.Sprint(a.Code))
	}
	if !a.Enhanced.IsZero() {
		parts = append(parts, a.Enhanced.String())
	}
	if a.Text != "" {
		parts = append(parts, cut(a.Text, quoteMax))
	}
	return strings.Join(parts, " ")
}

// to says where a recipient's mail was delivered.
func to(r *aggregate.Recipient) string {
	host := hostOf(r.Relay)
	switch {
	case host == "":
		return ""
	case r.Relay.IP == "" && !strings.Contains(host, "."): // local, virtual, a pipe
		return " by " + host
	}
	return " to " + host
}

// hostOf names a host: name and address where both are known.
func hostOf(p aggregate.Peer) string {
	switch {
	case p.Name == "none":
		return ""
	case p.IP == "" || p.IP == p.Name:
		return p.Name
	case p.Name == "":
		return "[" + p.IP + "]"
	}
	return p.Name + "[" + p.IP + "]"
}

func stage(s status.Stage) string { return strings.ReplaceAll(s.String(), "_", " ") }

// about describes a message in a line: who sent it, from where, how large.
func about(s *aggregate.Story, m *aggregate.Message, zone *time.Location) string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	head := m.QueueID
	if m.Host != "" {
		head += " on " + m.Host
	}
	switch {
	case m.Source == aggregate.SourceNotification:
		head += ", our notice about " + either(m.NotificationOf, "a message not seen")
	default:
		if prev := s.Before(m); prev != nil {
			head += ", goes on from " + prev.QueueID
		}
	}
	if m.Sender != "" {
		add("from %s", m.Sender)
	}
	if n := max(len(m.Recipients), m.Announced); n > 0 {
		add("to %s", plural(int64(n), "recipient"))
	}
	if m.Size > 0 {
		add("%s", size(m.Size))
	}
	if m.MessageID != "" {
		add("Message-ID %s", m.MessageID)
	}
	if host := hostOf(m.Client); host != "" {
		add("client %s", host)
	}
	switch {
	case m.User == "":
	case m.Client.IsZero():
		add("local user %s", m.User)
	default:
		add("user %s", m.User)
	}
	return Text(head + ": " + m.First.In(zone).Format(clock) + " " + strings.Join(parts, ", "))
}

// told is what a timeline has said last of each message and subject: it is not said again.
type told map[subject]string

type subject struct {
	m    *aggregate.Message
	what string
}

// again tells whether s was the last thing said of the subject, and notes it.
func (t told) again(m *aggregate.Message, what, s string) bool {
	key := subject{m, what}
	before, ok := t[key]
	t[key] = s
	return ok && before == s
}

// describe says what a line tells, without its time, queue ID and kind.
func describe(e *aggregate.Entry, told told) string {
	ev := &e.Event
	var parts []string
	add := func(s string) {
		if s != "" {
			parts = append(parts, s)
		}
	}
	with := func(what string, b []byte) {
		if len(b) > 0 {
			parts = append(parts, what+string(b))
		}
	}
	a := answerOf(ev)
	relay := hostOf(aggregate.Peer{Name: string(ev.Relay.Name), IP: string(ev.Relay.IP)})
	client := hostOf(aggregate.Peer{Name: string(ev.Client.Name), IP: string(ev.Client.IP)})
	switch ev.Kind {
	case parser.Received, parser.Queued:
		with("sender ", ev.Sender)
		add(client)
		with("helo ", ev.Client.Helo)
		if client == "" {
			with("local user ", ev.User)
		} else {
			with("user ", ev.User)
		}
		with("TLS ", ev.TLS)
		if e.Message != nil && e.Message.Source == aggregate.SourceNotification {
			with("about ", ev.PrevQueueID)
		} else {
			with("continues ", ev.PrevQueueID)
		}
		if ev.Has&parser.HasSize != 0 {
			add(size(ev.Size))
		}
		if ev.Has&parser.HasNRcpt != 0 {
			add(plural(int64(ev.NRcpt), "recipient"))
		}
		if ev.Kind == parser.Received {
			with("for ", ev.Recipients)
			with("Message-ID ", ev.MessageID)
		}
		parts = slices.DeleteFunc(parts, func(s string) bool { return told.again(e.Message, s, "") })
		if len(parts) == 0 && ev.Kind == parser.Queued {
			return "to be tried again"
		}
	case parser.Delivered, parser.Deferred, parser.Bounced, parser.Forwarded, parser.Expired:
		add(string(ev.Recipient))
		if ev.NotAttempted {
			add("no attempt")
		}
		with("as ", ev.NextQueueID)
		if relay != "" {
			add("at " + relay)
		}
		if !told.again(e.Message, "TLS "+relay, string(ev.TLS)) {
			with("TLS ", ev.TLS)
		}
		add(delays(ev))
		if q := quote(&a); q != "" && told.again(e.Message, string(ev.Recipient), relay+" "+q) {
			parts = append(parts, "the same answer as before")
			a = aggregate.Answer{}
		}
		if s := strings.Join(parts, ", "); s != "" {
			return s + because(&a)
		}
		return quote(&a)
	case parser.HostError, parser.Rejected, parser.Discarded, parser.Held, parser.Redirected:
		add(relay)
		add(client)
		if ev.Kind == parser.Rejected {
			with("sender ", ev.Sender)
		}
		with("recipient ", ev.Recipient)
		if a.Stage != status.StageNone {
			add("at " + stage(a.Stage))
		}
		with("", ev.Detail)
		if ev.Kind == parser.Held && ev.MTA == parser.Exim {
			add("frozen")
		}
		if q := quote(&a); q != "" && told.again(e.Message, ev.Kind.String()+relay, q) {
			add("the same answer as before")
			a = aggregate.Answer{}
		}
		if s := strings.Join(parts, ", "); s != "" {
			return s + because(&a)
		}
		return quote(&a)
	case parser.Probe:
		with("", ev.Recipient)
		with("", ev.Detail)
		if relay != "" {
			add("at " + relay)
		}
		return strings.Join(parts, ", ") + because(&a)
	case parser.TLS:
		add(relay)
		add(client)
		with("", ev.Detail)
		with("", ev.TLS)
		with("", ev.Text)
	case parser.Notification:
		with("", ev.Text)
		with("", ev.NextQueueID)
	case parser.None, parser.Other, parser.Unknown:
		return message(e)
	default:
		with("", ev.Recipient)
		with("", ev.Text)
	}
	return strings.Join(parts, ", ")
}

// message is a line after its heading, as far as it can be told.
func message(e *aggregate.Entry) string {
	if id := string(e.Event.QueueID); id != "" {
		if _, rest, ok := strings.Cut(e.Raw, id); ok {
			return strings.TrimLeft(rest, ": ")
		}
	}
	if _, rest, ok := strings.Cut(e.Raw, "]: "); ok {
		return rest
	}
	return e.Raw
}

// delays writes how long an attempt took: Postfix's parts, or the time since arrival.
func delays(ev *parser.Event) string {
	if ev.Has&parser.HasDelay == 0 {
		return ""
	}
	s := span(ev.Delay)
	if ev.Has&parser.HasDelays != 0 {
		var parts []string
		for _, d := range ev.Delays {
			parts = append(parts, span(d))
		}
		s += " (" + strings.Join(parts, "/") + ")"
	}
	return s
}
