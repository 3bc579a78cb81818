package aggregate

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/smtplog/smtplog/parser"
	"github.com/smtplog/smtplog/status"
)

// Suppress says how the suppression list is made. The zero Suppress has safe defaults.
type Suppress struct {
	After         Schedules
	MinConfidence float64           // of the reason, 0 to 1; 0: DefaultConfidence
	Expire        time.Duration     // entries whose last failure is older are dropped; 0: never
	Allow         func(string) bool // tells of an address in lower case whether it is never to be suppressed; nil: none
	Previous      []Suppression     // an earlier list, to go on from
}

// DefaultConfidence is the confidence that a reason needs.
const DefaultConfidence = 0.6

// Schedule is how many failures suppress an address: at least Failures of them, the first and
// the last at least Over apart, and no delivery between.
type Schedule struct {
	Failures int64
	Over     time.Duration
}

// Schedules holds the schedule of each reason that can suppress: those whose action is
// suppress or retry_then_suppress. A reason that is missing has its default: one failure,
// and 3 over 21 days where it has to be retried.
type Schedules map[status.Reason]Schedule

// of returns the schedule of a reason that suppresses.
func (s Schedules) of(r status.Reason) Schedule {
	if one, ok := s[r]; ok {
		return one
	}
	if r.Action() == status.ActionRetryThenSuppress {
		return Schedule{3, 21 * 24 * time.Hour}
	}
	return Schedule{Failures: 1}
}

// ParseSchedules parses "user_unknown=2,mailbox_full=3/21d": failures, and over how long
// (units d, w and those of time.ParseDuration).
func ParseSchedules(s string) (Schedules, error) {
	all := Schedules{}
	for part := range strings.SplitSeq(s, ",") {
		name, rest, ok := strings.Cut(strings.TrimSpace(part), "=")
		count, over, spans := strings.Cut(rest, "/")
		n, err := strconv.ParseInt(count, 10, 32)
		if !ok || err != nil || n < 1 {
			return nil, fmt.Errorf("%q: want REASON=FAILURES or REASON=FAILURES/TIME, such as mailbox_full=3/21d", part)
		}
		reason, err := status.ParseReason(name)
		if err != nil {
			return nil, err
		}
		if a := reason.Action(); a != status.ActionSuppress && a != status.ActionRetryThenSuppress {
			return nil, fmt.Errorf("%s never suppresses an address: it is not about the address", reason)
		}
		one := Schedule{Failures: n}
		if spans {
			if one.Over, err = parseDuration(over); err != nil {
				return nil, err
			}
		}
		all[reason] = one
	}
	return all, nil
}

// parseDuration parses a duration that may be in days ("21d") or weeks ("3w").
func parseDuration(s string) (time.Duration, error) {
	for unit, d := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		if number, ok := strings.CutSuffix(s, unit); ok {
			n, err := strconv.ParseUint(number, 10, 16)
			if err != nil || n > uint64(math.MaxInt64/d) {
				return 0, fmt.Errorf("%q: want a duration such as 21d", s)
			}
			return time.Duration(n) * d, nil
		}
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q: want a duration such as 21d", s)
	}
	return d, nil
}

// The states of an address that failed.
const (
	Suppressed = "suppress" // send nothing more
	Held       = "held"     // an outage is more likely
	Review     = "review"   // a person should look
	Waiting    = "waiting"  // too few failures so far
	Allowed    = "allowed"  // on the allow-list
)

// Suppression is an address that failed, with what speaks against it. All times are those of
// failures since mail last got through.
type Suppression struct {
	Address     string // as logged last
	State       string // Suppressed, Held ...
	Cause       string // why it is not suppressed
	Reason      status.Reason
	Failures    int64 // failed recipients
	First, Last time.Time
	Code        int     // of the last failure, as all below; 0: none
	Enhanced    string  // "": none
	Rule        string  // that found the reason
	Confidence  float64 // in the reason, 0 to 1
	Origin      string  // a status.Origin's word
	Reply       string
	Provider    string // of the mailbox; "": not known
	Original    string // the address before aliases; "": the same
	QueueID     string
}

var evidenceColumns = []Column{{"reason", "string"}, {"failures", "integer"}, {"first", "time"}, {"last", "time"}, {"code", "integer"},
	{"enhanced", "string"}, {"rule", "string"}, {"confidence", "number"}, {"origin", "string"}, {"reply", "string"},
	{"provider", "string"}, {"tag", "string"}, {"orig_recipient", "string"}, {"queue_id", "string"}}

var (
	suppressColumns       = slices.Concat([]Column{{"address", "string"}}, evidenceColumns)
	heldColumns           = slices.Concat([]Column{{"address", "string"}, {"state", "string"}, {"cause", "string"}}, evidenceColumns)
	suppressChangeColumns = []Column{{"change", "string"}, {"address", "string"}, {"cause", "string"}, {"last", "time"}}
)

func (s *Suppression) evidence() []any {
	return []any{word(s.Reason.String()), s.Failures, timeCell(s.First), timeCell(s.Last), codeCell(s.Code), word(s.Enhanced), word(s.Rule),
		s.Confidence, word(s.Origin), word(s.Reply), word(s.Provider), word(tagOf(s.Address)), word(s.Original), word(s.QueueID)}
}

// judged is a failure that says something about its address.
type judged struct {
	i          uint32 // which failure
	says       verdict
	weak       string // why it is not enough; "" if it is
	rule       string
	confidence float64
}

// verdicts is what became of all addresses that failed.
type verdicts struct {
	people  []person // by address
	judged  []judged // by person
	guard   *guard
	changes [][]any
}

// person is an address that failed, or was on the earlier list.
type person struct {
	first, last uint32       // [first, last) of the failures judged, in order of time
	prior       *Suppression // nil: it was not on the list
	state       string       // of its entry; "": it has none
}

// verdicts decides about every address that failed.
func (l *bounceLog) verdicts() *verdicts {
	if l.decided != nil {
		return l.decided
	}
	d := &verdicts{}
	l.decided = d
	opt := &l.c.opt.Suppress
	prior := map[string]*Suppression{}
	for i := range opt.Previous {
		if key := Mailbox(opt.Previous[i].Address); key != "" {
			prior[key] = &opt.Previous[i]
		}
	}
	earlier := slices.Sorted(maps.Keys(prior))
	alone := func(before string) { // those that did not fail
		for ; len(earlier) > 0 && (before == "" || earlier[0] < before); earlier = earlier[1:] {
			n := uint32(len(d.judged))
			d.people = append(d.people, person{n, n, prior[earlier[0]], ""})
		}
	}
	l.addresses(func(key string, all []uint32) {
		alone(key)
		p := person{first: uint32(len(d.judged)), prior: prior[key]}
		for _, i := range all {
			f := l.at(i)
			if Mailbox(f.r.Address) == "" {
				continue
			}
			if j := l.judge(f, key); j.says != nothingSaid {
				j.i = i
				d.judged = append(d.judged, j)
			}
		}
		p.last = uint32(len(d.judged))
		if len(earlier) > 0 && earlier[0] == key {
			earlier = earlier[1:]
		}
		if p.prior != nil || p.last > p.first {
			d.people = append(d.people, p)
		}
	})
	alone("")
	d.guard = l.newGuard(d)
	for i := range d.people {
		p := &d.people[i]
		s, gone := l.decide(p)
		if s != nil {
			p.state = s.State
		}
		was := p.prior != nil && p.prior.State == Suppressed
		is := p.state == Suppressed
		switch {
		case opt.Previous == nil || was == is:
		case is:
			d.changes = append(d.changes, []any{"added", s.Address, s.Reason.String(), s.Last})
		default:
			if s != nil {
				gone = cmp.Or(s.Cause, s.State)
			}
			d.changes = append(d.changes, []any{"removed", p.prior.Address, gone, timeCell(p.prior.Last)})
		}
	}
	return d
}

// verdict is what a failure says about its address.
type verdict uint8

const (
	nothingSaid   verdict = iota // it is about something else
	aboutAddress                 // mail to the address fails
	mailboxExists                // the recipient was taken, and something else was wrong
)

// judge decides what a failure says about its address.
func (l *bounceLog) judge(f failure, key string) (j judged) {
	r, a := f.r, &f.r.Answer
	if r.Cancelled {
		return j // an administrator gave up, or a time limit did
	}
	switch a.Reason.Action() {
	case status.ActionSuppress:
		if !permanent(r) {
			return j
		}
	case status.ActionRetryThenSuppress:
	default:
		afterRecipient := a.Stage == status.StageData || a.Stage == status.StageEndOfData
		if a.Origin == status.OriginRemote && afterRecipient && a.Reason != status.Undetermined || a.Reason == status.RecipientRejected {
			j.says = mailboxExists
		}
		return j
	}
	here := deliveredHere(r)
	switch ours, known := submittedHere(f.m); {
	case here && known && !ours:
		return j // our own server does not know an address that a stranger wrote to
	case here && !known:
		j.weak = "our own server said it, perhaps to a stranger"
	case !known && f.m.OpenedBefore && (f.m.Sender == "" || f.m.Sender == "<>"):
		j.weak = "its arrival is not in the input: it may be a notice of ours" // servers refuse notices for reasons of their own
	}
	if j.weak == "" && f.m.MTA == parser.Exim && f.m.Source == SourceLocal && f.m.Sender == "<>" {
		j.weak = "it has no sender: it may be a notice of ours" // of an Exim that runs as a user of another name
	}
	res := l.c.classifier.Classify(&status.Query{Code: a.Code, Enhanced: a.Enhanced, Text: []byte(a.Text), Stage: a.Stage, Origin: a.Origin,
		Relay: []byte(r.Relay.Name), Recipient: []byte(r.Address)})
	j.says, j.rule, j.confidence = aboutAddress, res.Rule, res.Confidence
	need := l.c.opt.Suppress.MinConfidence
	if need == 0 {
		need = DefaultConfidence
	}
	routing := a.Reason == status.DomainNoMail
	_, delivered := l.delivered[hash(key)]
	switch {
	case j.weak != "":
	case a.Cut:
		j.weak = "the line may have been cut: the address may be another one"
	case imitates(a.Text):
		j.weak = "the reply looks like the rest of a log line: the address may be another one"
	case ofSender(f.m, r):
		j.weak = "the reply names the sender's address, not the recipient's"
	case elsewhere(r):
		j.weak = "the name that was looked up is not the recipient's domain"
	case res.Reason != a.Reason:
		j.weak = "the words of the reply alone give another reason"
	case a.Reason.Action() == status.ActionSuppress && a.Enhanced.Class == 4:
		j.weak = "the enhanced status code says that it is temporary"
	case onlyCode(&res):
		j.weak = "only the reply code says so"
	case res.Confidence < need:
		j.weak = "confidence " + strconv.FormatFloat(res.Confidence, 'g', 3, 64)
	case f.alias:
		j.weak = "an alias: others may have got the mail that came to it"
	case before(a.Stage) && !routing:
		j.weak = "refused before the recipient was named"
	case (a.Stage == status.StageEndOfData || a.Origin == status.OriginLocal && a.Enhanced.Subject == 7) && !aboutRecipient(r):
		j.weak = "refused after the message was seen: the reply may be about that, and quote it"
	case a.Stage == status.StageEndOfData && f.shared:
		j.weak = "one reply for several recipients"
	case !delivered && l.forgotten != 0 && r.Time.UnixNano() <= l.forgotten:
		j.weak = "too many addresses to know whether it got mail later"
	}
	return j
}

// elsewhere tells whether a failed look-up was of another name than the recipient's domain: of a
// relay that our configuration names, of the receiver's own store, or of a broken MX host. Postfix
// logs it as "Name service error for name=NAME type=A", "Domain NAME does not accept mail (nullMX)" and,
// without the DNS, "NAME: host not found"; sendmail says "Host unknown (Name server: NAME: host not found)".
func elsewhere(r *Recipient) bool {
	text := r.Answer.Text
	if strings.Contains(text, "unable to look up host ") || strings.Contains(text, "type=AAAA: Host found") {
		return true // not asked of the DNS for mail: the host alone, or no more than IPv6
	}
	if r.Answer.Origin == status.OriginLocal && strings.HasPrefix(text, "host name unknown") {
		return true // exit status 68 of a command, which names none
	}
	for _, mark := range [...]struct{ before, after string }{
		{" for name=", " "}, {"Domain ", " does not accept mail (nullMX)"}, {"(Name server: ", ":"}, {"", ": host not found"},
	} {
		if _, rest, ok := strings.Cut(text, mark.before); ok {
			if name, _, ok := strings.Cut(rest, mark.after); ok {
				name = strings.Trim(name[strings.LastIndexAny(name, " @")+1:], "<>.")
				return canonicalDomain(name) != canonicalDomain(r.Address[strings.LastIndexByte(r.Address, '@')+1:])
			}
		}
	}
	return false
}

// aboutRecipient tells whether a refusal of the whole message is about the recipient by more than words
// that may be the message's own: header and body checks quote a subject, "Re: user unknown", mostly with
// an enhanced code about policy. What our own server says then (cleanup, a milter) never is.
func aboutRecipient(r *Recipient) bool {
	a := &r.Answer
	switch e := a.Enhanced; {
	case a.Origin == status.OriginLocal || e.Subject == 6 || e.Subject == 7: // content, policy (RFC 3463)
		return false
	case (e.Subject == 1 || e.Subject == 2 || e.Subject == 4) && e.Detail != 0: // addressing, mailbox, routing
		return true
	}
	text := strings.ToLower(a.Text)
	for _, word := range [...]string{"subject", "header", "body", "content", "reject", "refuse", "not accepted", "filter", "re: ", "fwd: ", "\""} {
		if strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// ofSender tells whether a reply names the envelope sender and not the recipient.
func ofSender(m *Message, r *Recipient) bool {
	text := strings.ToLower(r.Answer.Text)
	return strings.Contains(m.Sender, "@") && strings.Contains(text, strings.ToLower(m.Sender)) && !strings.Contains(text, strings.ToLower(r.Address))
}

// imitates tells whether a reply holds what follows an address in Postfix's log. Where Postfix
// logs addresses without quotes (before 3.5, info_log_address_format = internal), a recipient
// may be "joe@d.example>, relay=..., status=bounced (550 ...": nothing in the line tells that
// its address does not end at the bracket. Exim drops a local part's quotes from the final address,
// "joe@d.example: Unknown user@e.example <"joe@d.example: Unknown user"@f.example> R=...", and where
// an alias changes the local part too the parser cannot compare the two.
func imitates(reply string) bool {
	if _, rest, ok := strings.Cut(reply, ">, "); ok && strings.Contains(rest, "relay=") && strings.Contains(rest, ", status=") {
		return true
	}
	if strings.Contains(reply, "> R=") { // the fields that follow Exim's addresses
		return true
	}
	reply = reply[:max(0, strings.LastIndex(reply, "\"@"))]
	for {
		head, orig, ok := strings.Cut(reply, " <")
		if !ok {
			return false
		}
		if strings.Contains(head[strings.LastIndexByte(head, ' ')+1:], "@") {
			return true
		}
		reply = orig
	}
}

// permanent tells whether the failure was called permanent: by a 5xx reply, or by our own MTA
// that gave up without one at once.
func permanent(r *Recipient) bool {
	a := &r.Answer
	if a.Code != 0 {
		return a.Code/100 == 5
	}
	return r.Outcome == Bounced && a.Enhanced.Class != 4
}

// onlyCode tells whether nothing but the reply code speaks for the reason: no word, and no
// enhanced status code about an address or a mailbox (RFC 3463 3.2, 3.3).
func onlyCode(res *status.Result) bool {
	e := res.Enhanced
	return len(res.Matched) == 0 && (e.Detail == 0 || e.Subject != 1 && e.Subject != 2)
}

// before tells whether a stage comes before the recipient is named.
func before(s status.Stage) bool {
	switch s {
	case status.StageConnect, status.StageHelo, status.StageStartTLS, status.StageAuth, status.StageMail:
		return true
	}
	return false
}

// deliveredHere tells whether the failure is our own server's: decided by this MTA, or by a
// mail store beside it.
func deliveredHere(r *Recipient) bool {
	if r.Answer.Origin == status.OriginLocal || strings.HasPrefix(r.Relay.IP, "/") || strings.HasPrefix(r.Relay.IP, "private/") {
		return true
	}
	return ownNetwork(r.Relay.IP)
}

// submittedHere tells whether a message is our users': one logged in, on this host, or in our
// network. known is false where its first hop is not in view, or is a filter's that may have asked for a login.
func submittedHere(m *Message) (ours, known bool) {
	switch {
	case m.User != "" || m.Source == SourceLocal:
		return true, true
	case m.fromAfar:
		return false, false
	case m.Source == SourceSMTP:
		return ownNetwork(m.Client.IP), true
	}
	return false, false
}

// ownNetwork tells whether an address is loopback or private (RFC 1918, RFC 4193).
func ownNetwork(ip string) bool {
	a, err := netip.ParseAddr(ip)
	return err == nil && (a.Unmap().IsLoopback() || a.Unmap().IsPrivate())
}

// decide makes the entry of an address; nil where nothing is left of it, and gone says why.
func (l *bounceLog) decide(p *person) (entry *Suppression, gone string) {
	opt, d := &l.c.opt.Suppress, l.decided
	var address string
	if prior := p.prior; prior != nil {
		address = prior.Address
	} else {
		address = l.kept.list.at(d.judged[p.first].i).address
	}
	key := Mailbox(address)
	var cleared time.Time
	if t, ok := l.delivered[hash(key)]; ok {
		cleared = time.Unix(0, t)
	}
	prior := p.prior
	if prior != nil && !prior.Last.After(cleared) {
		prior, gone = nil, "mail got through "+cleared.In(l.c.opt.Zone).Format(time.RFC3339)
	}
	var contrary time.Time // of a failure that shows that the mailbox exists
	var why status.Reason
	// good has the failures that count, by reason; doubt the newest that does not, and why.
	good := map[status.Reason]*Suppression{}
	var newest, doubt *Suppression
	if prior != nil {
		one := *prior
		newest = &one
		if prior.State == Suppressed || prior.State == Waiting || prior.State == Allowed {
			good[prior.Reason] = newest
		} else {
			doubt = newest
		}
	}
	for i := range d.judged[p.first:p.last] {
		j := &d.judged[int(p.first)+i]
		f := l.at(j.i)
		if j.says == mailboxExists || f.r.Answer.Reason.Action() != status.ActionSuppress {
			contrary, why = f.r.Time, f.r.Answer.Reason
		}
		if j.says == mailboxExists || !f.r.Time.After(cleared) || prior != nil && !f.r.Time.After(prior.Last) {
			continue
		}
		state, cause := Review, j.weak
		if cause == "" {
			state, cause = Held, d.guard.hold(f)
		}
		if cause != "" {
			doubt = l.entry(j)
			doubt.State, doubt.Cause, doubt.Failures, doubt.First = state, cause, 1, f.r.Time
			newest = doubt
			continue
		}
		reason := f.r.Answer.Reason
		s := l.entry(j)
		s.Failures, s.First = 1, f.r.Time
		if old := good[reason]; old != nil {
			s.Failures += old.Failures
			s.First = old.First
		}
		good[reason], newest = s, s
	}
	if newest == nil {
		return nil, gone
	}
	if opt.Expire > 0 && l.asOf().Sub(newest.Last) > opt.Expire {
		return nil, "expired"
	}
	if opt.Allow != nil && opt.Allow(key) {
		newest.State, newest.Cause = Allowed, "on the allow-list"
		return newest, ""
	}
	var enough, few *Suppression
	for _, reason := range slices.Sorted(maps.Keys(good)) {
		s := good[reason]
		need := opt.After.of(reason)
		if s.Failures >= need.Failures && s.Last.Sub(s.First) >= need.Over {
			if enough == nil || s.Last.After(enough.Last) {
				enough = s
			}
		} else if few == nil || s.Last.After(few.Last) {
			few = s
			s.State, s.Cause = Waiting, waitingFor(s, need)
		}
	}
	switch {
	case enough != nil && contrary.After(enough.Last) && enough.Reason.Action() == status.ActionSuppress:
		enough.State, enough.Cause = Review, "a later failure ("+why.String()+") shows that the mailbox exists"
		return enough, ""
	case enough != nil:
		enough.State, enough.Cause = Suppressed, ""
		return enough, ""
	case doubt != nil && (few == nil || !few.Last.After(doubt.Last)):
		return doubt, ""
	}
	return few, ""
}

func waitingFor(s *Suppression, need Schedule) string {
	if need.Over == 0 {
		return fmt.Sprintf("%d of %d failures", s.Failures, need.Failures)
	}
	return fmt.Sprintf("%d of %d failures, %d of %d days", s.Failures, need.Failures, s.Last.Sub(s.First)/(24*time.Hour), need.Over/(24*time.Hour))
}

// asOf is the time that the list is made for: the end of the window, else of the log.
func (l *bounceLog) asOf() time.Time {
	if !l.c.opt.Until.IsZero() {
		return l.c.opt.Until
	}
	if l.c.input.Last != nil {
		return *l.c.input.Last
	}
	return time.Time{}
}

// entry describes the address of a failure.
func (l *bounceLog) entry(j *judged) *Suppression {
	f := l.at(j.i)
	a := &f.r.Answer
	v := l.c.View(f.m, f.r)
	return &Suppression{Address: f.r.Address, Reason: a.Reason, Last: f.r.Time, Code: a.Code, Enhanced: a.Enhanced.String(),
		Rule: j.rule, Confidence: j.confidence, Origin: a.Origin.String(), Reply: a.Text, Provider: l.c.provider(&v),
		Original: f.r.Original, QueueID: f.m.QueueID}
}

// entries makes the entries in a state once more, since all of them at a time are too large.
func (l *bounceLog) entries(state string, f func(*Suppression) bool) bool {
	d := l.verdicts()
	for i := range d.people {
		if p := &d.people[i]; p.state == state {
			if s, _ := l.decide(p); !f(s) {
				return false
			}
		}
	}
	return true
}

func (l *bounceLog) suppressRows(put func([]any) bool) {
	l.entries(Suppressed, func(s *Suppression) bool { return put(append([]any{s.Address}, s.evidence()...)) })
}

// heldRows lists what is not suppressed, what a person should look at first.
func (l *bounceLog) heldRows(put func([]any) bool) {
	for _, state := range [...]string{Held, Review, Waiting, Allowed} {
		if !l.entries(state, func(s *Suppression) bool { return put(append([]any{s.Address, s.State, s.Cause}, s.evidence()...)) }) {
			return
		}
	}
}

func (l *bounceLog) suppressChangeRows() [][]any { return l.verdicts().changes }

// SuppressColumns returns the columns of the table suppress.
func SuppressColumns() []Column { return slices.Clone(suppressColumns) }

// Suppressions reads the tables suppress and suppress_held back; of another table it returns
// nothing. Rows without an address or a time are passed over.
func Suppressions(t *Table) (list []Suppression) {
	if t.Name != "suppress" && t.Name != "suppress_held" {
		return nil
	}
	for row := range t.All() {
		s := Suppression{State: Suppressed}
		for i, c := range t.Columns {
			switch v := row[i].(type) {
			case string:
				switch c.Name {
				case "address":
					s.Address = v
				case "state":
					s.State = v
				case "cause":
					s.Cause = v
				case "reason":
					s.Reason, _ = status.ParseReason(v)
				case "enhanced":
					s.Enhanced = v
				case "rule":
					s.Rule = v
				case "origin":
					s.Origin = v
				case "reply":
					s.Reply = v
				case "provider":
					s.Provider = v
				case "orig_recipient":
					s.Original = v
				case "queue_id":
					s.QueueID = v
				}
			case int64:
				switch c.Name {
				case "failures":
					s.Failures = v
				case "code":
					s.Code = int(v)
				}
			case float64:
				s.Confidence = v
			case time.Time:
				switch c.Name {
				case "first":
					s.First = v
				case "last":
					s.Last = v
				}
			}
		}
		if s.Address != "" && !s.Last.IsZero() && s.Reason != status.ReasonNone {
			list = append(list, s)
		}
	}
	return list
}
