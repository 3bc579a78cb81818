package aggregate

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/smtplog/smtplog/parser"
	"github.com/smtplog/smtplog/status"
)

// script is a log in Postfix's words, in the order of its lines.
type script struct {
	lines []string
	n     int
}

func (s *script) at(at, format string, args ...any) {
	s.lines = append(s.lines, at+" mx "+fmt.Sprintf(format, args...))
}

// mail logs a message of one of our users to one recipient. status is the end of smtp's line.
func (s *script) mail(at, rcpt, status string) string {
	return s.send(at, "client=app.own.example[10.0.0.9]", "news@own.example", status, rcpt)
}

// send logs a message by arrival, sender, and one smtp line for each recipient.
func (s *script) send(at, arrival, sender, status string, rcpts ...string) string {
	s.n++
	id := fmt.Sprintf("%010X", 0xA000000000+int64(s.n))
	daemon := "smtpd"
	if strings.HasPrefix(arrival, "uid=") {
		daemon = "pickup"
	}
	s.at(at, "postfix/%s[9]: %s: %s", daemon, id, arrival)
	s.at(at, "postfix/cleanup[8]: %s: message-id=<%d@own.example>", id, s.n)
	s.at(at, "postfix/qmgr[1]: %s: from=<%s>, size=100, nrcpt=%d (queue active)", id, sender, len(rcpts))
	for _, rcpt := range rcpts {
		relay := "mx.there.example[192.0.2.1]:25"
		if _, domain, ok := strings.Cut(rcpt, "@"); ok {
			relay = "mx." + strings.ToLower(domain) + "[192.0.2.1]:25"
		}
		if after, ok := strings.CutPrefix(status, "relay="); ok {
			relay, status, _ = strings.Cut(after, " ")
		}
		s.at(at, "postfix/smtp[7]: %s: to=<%s>, relay=%s, delay=1, delays=0/0/0.5/0.5, %s", id, rcpt, relay, status)
	}
	if !strings.Contains(status, "status=deferred") {
		s.at(at, "postfix/qmgr[1]: %s: removed", id)
	}
	return id
}

const (
	sent    = "dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 4B8vF64GrCz)"
	unknown = "dsn=5.1.1, status=bounced (host mx.there.example[192.0.2.1] said: 550 5.1.1 User unknown (in reply to RCPT TO command))"
	full    = "dsn=5.2.2, status=bounced (host mx.there.example[192.0.2.1] said: 552 5.2.2 Mailbox full (in reply to RCPT TO command))"
	grey    = "dsn=4.2.0, status=deferred (host mx.there.example[192.0.2.1] said: 450 4.2.0 Greylisted, try again later (in reply to RCPT TO command))"
	blocked = "dsn=5.7.1, status=bounced (host mx.there.example[192.0.2.1] said: 554 5.7.1 Service unavailable; Client host [198.51.100.7] blocked using zen.spamhaus.org (in reply to RCPT TO command))"
)

// run counts a log in a bounce report.
func (s *script) run(t testing.TB, opt Options) *Report {
	t.Helper()
	opt.Bounces = true
	c, err := NewCollector(opt)
	if err != nil {
		t.Fatal(err)
	}
	var lines [][]byte
	for _, l := range s.lines {
		lines = append(lines, []byte(l))
	}
	feed(t, c, lines, 0)
	c.Finish()
	if in := c.Report().Input; in.Unknown+in.Ignored > 0 {
		t.Fatalf("the script has %d lines that are not understood", in.Unknown+in.Ignored)
	}
	return c.Report()
}

// states returns what became of the addresses that failed: "suppress", or a state and a cause.
func states(t testing.TB, r *Report) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, name := range []string{"suppress", "suppress_held"} {
		for _, s := range Suppressions(r.table(t, name)) {
			all[s.Address] = strings.TrimSpace(s.State + " " + s.Cause)
		}
	}
	return all
}

// Each rule that keeps a living address off the list, and what must be on it, told by a log.
func TestSuppressionScenarios(t *testing.T) {
	for _, tt := range []struct {
		name string
		log  func(s *script)
		opt  Options
		want map[string]string // by address: "suppress", or what the state and cause begin with
	}{
		{name: "unknown, said by the other server", want: map[string]string{"u@d.example": "suppress"},
			log: func(s *script) { s.mail("Nov  3 04:00:00", "u@d.example", unknown) }},
		{name: "unknown, then delivered", want: map[string]string{},
			log: func(s *script) {
				s.mail("Nov  3 04:00:00", "u@d.example", unknown)
				s.mail("Nov  3 05:00:00", "u@d.example", sent)
			}},
		{name: "delivered, then unknown", want: map[string]string{"u@d.example": "suppress"},
			log: func(s *script) {
				s.mail("Nov  3 04:00:00", "u@d.example", sent)
				s.mail("Nov  3 05:00:00", "u@d.example", unknown)
			}},
		{name: "of a .forward one command failed, and the mailbox has it", want: map[string]string{},
			log: func(s *script) {
				for i, u := range []string{"u", "v"} {
					id := s.send("Nov  3 04:00:00", "uid=0 from=<a@own.example>", "a@own.example", "status=deferred (x)")
					for j := range 2 {
						line := "dsn=2.0.0, status=sent (delivered to mailbox)"
						if i == j {
							line = "dsn=5.1.1, status=bounced (user unknown)"
						}
						s.at("Nov  3 04:00:00", "postfix/local[7]: %s: to=<%s@own.example>, relay=local, delay=1, delays=0/0/0.5/0.5, %s", id, u, line)
					}
					s.at("Nov  3 04:00:01", "postfix/qmgr[1]: %s: removed", id)
				}
			}},
		{name: "of an alias one member failed, and others did not", want: map[string]string{
			"a@own.example": "review an alias", "b@own.example": "review an alias", "c@own.example": "review an alias", "d@own.example": "review an alias", "e@own.example": "suppress"},
			log: func(s *script) {
				const relay = ", relay=local, delay=1, delays=0/0/0.5/0.5, "
				const got, command = relay + "dsn=2.0.0, status=sent (delivered to mailbox)", relay + "dsn=5.1.1, status=bounced (user unknown)"
				for i, lines := range [][]string{
					{"to=<x@own.example>, orig_to=<a@own.example>" + got, "to=<a@own.example>" + command},
					{"to=<b@own.example>" + command, "to=<x@own.example>, orig_to=<b@own.example>" + relay + "dsn=4.3.0, status=deferred (temporary failure)"},
					{"to=<c@own.example>, orig_to=<c>" + command, "to=<x@own.example>, orig_to=<c>" + relay + "dsn=4.3.0, status=deferred (temporary failure)"},
					{"to=<x@own.example>" + got, "to=<d@own.example>" + command}, // x@ is a member of d@, and has the message already
					{"to=<e@own.example>" + command},
				} {
					id := fmt.Sprintf("C00000000%d", i)
					s.at("Nov  3 04:00:00", "postfix/pickup[9]: %s: uid=0 from=<a@own.example>", id)
					s.at("Nov  3 04:00:00", "postfix/qmgr[1]: %s: from=<a@own.example>, size=100, nrcpt=1 (queue active)", id)
					for i, line := range lines {
						s.at(fmt.Sprintf("Nov  3 04:00:0%d", i), "postfix/local[7]: %s: %s", id, line)
					}
					s.at("Nov  3 04:00:01", "postfix/qmgr[1]: %s: removed", id)
				}
			}},
		{name: "greylisted, then delivered", want: map[string]string{},
			log: func(s *script) {
				id := s.mail("Nov  3 04:00:00", "u@d.example", grey)
				s.at("Nov  3 04:10:00", "postfix/smtp[7]: %s: to=<u@d.example>, relay=mx.d.example[192.0.2.1]:25, delay=600, delays=599/0/0.5/0.5, %s", id, sent)
				s.at("Nov  3 04:10:00", "postfix/qmgr[1]: %s: removed", id)
			}},
		{name: "greylisted until it expired", want: map[string]string{},
			log: func(s *script) {
				id := s.mail("Nov  3 04:00:00", "u@d.example", grey)
				s.at("Nov  8 04:10:00", "postfix/qmgr[1]: %s: from=<news@own.example>, status=expired, returned to sender", id)
				s.at("Nov  8 04:10:00", "postfix/qmgr[1]: %s: removed", id)
			}},
		{name: "a temporary 'user unknown' until it expired", want: map[string]string{},
			log: func(s *script) {
				id := s.mail("Nov  3 04:00:00", "u@d.example", "dsn=4.1.1, status=deferred (host mx.d.example[192.0.2.1] said: 450 4.1.1 User unknown (in reply to RCPT TO command))")
				s.at("Nov  8 04:10:00", "postfix/qmgr[1]: %s: from=<news@own.example>, status=expired, returned to sender", id)
			}},
		{name: "on a block list for a day", want: map[string]string{},
			log: func(s *script) {
				for h := range 24 {
					s.mail(fmt.Sprintf("Nov  3 %02d:00:00", h), fmt.Sprintf("u%d@d.example", h), blocked)
				}
			}},
		{name: "full once", want: map[string]string{"u@d.example": "waiting 1 of 3 failures"},
			log: func(s *script) { s.mail("Nov  3 04:00:00", "u@d.example", full) }},
		{name: "full, then emptied", want: map[string]string{"u@d.example": "waiting 1 of 3 failures"},
			log: func(s *script) {
				s.mail("Nov  3 04:00:00", "u@d.example", full)
				s.mail("Nov 14 04:00:00", "u@d.example", full)
				s.mail("Nov 15 04:00:00", "u@d.example", sent)
				s.mail("Nov 30 04:00:00", "u@d.example", full)
			}},
		{name: "full for weeks", want: map[string]string{"u@d.example": "suppress"},
			log: func(s *script) {
				s.mail("Nov  3 04:00:00", "u@d.example", full)
				s.mail("Nov 14 04:00:00", "u@d.example", full)
				s.mail("Nov 30 04:00:00", "u@d.example", full)
			}},
		{name: "full often, but not for weeks", want: map[string]string{"u@d.example": "waiting 4 of 3 failures, 1 of 21 days"},
			log: func(s *script) {
				for h := range 4 {
					s.mail(fmt.Sprintf("Nov  %d %02d:00:00", 3+h/2, h), "u@d.example", full)
				}
			}},
		{name: "unknown, then full: the mailbox exists", want: map[string]string{"u@d.example": "review a later failure (mailbox_full)"},
			log: func(s *script) {
				s.mail("Nov  3 04:00:00", "u@d.example", unknown)
				s.mail("Nov  4 04:00:00", "u@d.example", full)
			}},
		{name: "unknown, then taken for spam after the recipient was accepted", want: map[string]string{"u@d.example": "review a later failure (spam_content)"},
			log: func(s *script) {
				s.mail("Nov  3 04:00:00", "u@d.example", unknown)
				s.mail("Nov  4 04:00:00", "u@d.example", "dsn=5.7.1, status=bounced (host mx.d.example[192.0.2.1] said: 550 5.7.1 This message looks like spam (in reply to end of DATA command))")
			}},
		{name: "unknown, then blocked: that says nothing about the mailbox", want: map[string]string{"u@d.example": "suppress"},
			log: func(s *script) {
				s.mail("Nov  3 04:00:00", "u@d.example", unknown)
				s.mail("Nov  4 04:00:00", "u@d.example", blocked)
			}},
		{name: "provider outage: everyone is unknown for an hour", want: map[string]string{
			"a0@d.example": "held outage?", "a1@d.example": "held outage?", "a2@d.example": "held outage?", "a3@d.example": "held outage?",
			"a4@d.example": "held outage?", "a5@d.example": "held outage?", "gone@d.example": "suppress", "other@e.example": "suppress"},
			log: func(s *script) {
				s.mail("Nov  2 12:00:00", "gone@d.example", unknown)
				for i := range 40 {
					s.mail(fmt.Sprintf("Nov  3 %02d:%02d:00", 2+i/20, i%20*3), fmt.Sprintf("u%d@d.example", i), sent)
				}
				for i := range 6 {
					s.mail(fmt.Sprintf("Nov  3 05:%02d:00", 5+i*7), fmt.Sprintf("a%d@d.example", i), unknown)
				}
				s.mail("Nov  3 05:30:00", "other@e.example", unknown)
				for i := range 40 {
					s.mail(fmt.Sprintf("Nov  3 %02d:%02d:00", 6+i/20, i%20*3), fmt.Sprintf("v%d@d.example", i), sent)
				}
			}},
		{name: "provider outage in a log of that hour alone", want: func() map[string]string {
			m := map[string]string{}
			for i := range 12 {
				m[fmt.Sprintf("a%d@d.example", i)] = "held outage?"
			}
			return m
		}(),
			log: func(s *script) {
				for i := range 12 {
					s.mail(fmt.Sprintf("Nov  3 05:%02d:00", i), fmt.Sprintf("a%d@d.example", i), unknown)
				}
			}},
		{name: "provider outage that later mail proves", want: map[string]string{"b@d.example": "held outage?"},
			log: func(s *script) {
				for i := range 3 {
					s.mail(fmt.Sprintf("Nov  3 05:0%d:00", i), fmt.Sprintf("a%d@d.example", i), unknown)
				}
				s.mail("Nov  3 05:05:00", "b@d.example", unknown)
				for i := range 3 {
					s.mail(fmt.Sprintf("Nov  3 09:0%d:00", i), fmt.Sprintf("a%d@d.example", i), sent)
				}
			}},
		{name: "the relay that all mail leaves by knows nobody for an hour", want: func() map[string]string {
			m := map[string]string{"gone@d.example": "suppress"}
			for i := range 8 {
				m[fmt.Sprintf("u@d%d.example", i)] = "held outage?"
			}
			return m
		}(),
			log: func(s *script) {
				const relay = "relay=out.smart.example[198.51.100.30]:587 "
				s.mail("Nov  2 12:00:00", "gone@d.example", relay+unknown)
				for i := range 40 {
					s.mail(fmt.Sprintf("Nov  3 %02d:%02d:00", 1+i/20, i%20*3), fmt.Sprintf("u@e%d.example", i), relay+sent)
				}
				for i := range 8 {
					s.mail(fmt.Sprintf("Nov  3 05:%02d:00", i*7), fmt.Sprintf("u@d%d.example", i), relay+unknown)
				}
			}},
		{name: "a list of dead addresses at a domain that works", want: map[string]string{
			"x0@d.example": "suppress", "x1@d.example": "suppress", "x2@d.example": "suppress", "x3@d.example": "suppress", "x4@d.example": "suppress"},
			log: func(s *script) {
				for i := range 30 {
					s.mail(fmt.Sprintf("Nov  3 05:%02d:00", i), fmt.Sprintf("u%d@d.example", i), sent)
					if i < 5 {
						s.mail(fmt.Sprintf("Nov  3 05:%02d:30", i), fmt.Sprintf("x%d@d.example", i), unknown)
					}
				}
			}},
		{name: "resolver outage: every domain is gone", want: func() map[string]string {
			m := map[string]string{}
			for i := range 25 {
				m[fmt.Sprintf("u@d%d.example", i)] = "held outage?"
			}
			return m
		}(),
			log: func(s *script) {
				for i := range 25 {
					s.mail("Nov  3 03:00:00", fmt.Sprintf("u@e%d.example", i), sent)
				}
				for i := range 25 {
					s.mail(fmt.Sprintf("Nov  3 05:%02d:00", i), fmt.Sprintf("u@d%d.example", i), fmt.Sprintf("relay=none dsn=5.4.4, status=bounced (Host or domain name not found. Name service error for name=d%d.example type=AAAA: Host not found)", i))
				}
			}},
		{name: "a domain that does not exist, said by our Postfix", want: map[string]string{"u@nowhere.example": "suppress"},
			log: func(s *script) {
				s.mail("Nov  3 05:00:00", "u@nowhere.example", "relay=none dsn=5.4.4, status=bounced (Host or domain name not found. Name service error for name=nowhere.example type=AAAA: Host not found)")
			}},
		{name: "an alias: the address behind it is dead, the alias is not", want: map[string]string{"dead@d.example": "suppress"},
			log: func(s *script) {
				s.at("Nov  3 05:00:00", "postfix/smtpd[9]: B000000001: client=app.own.example[10.0.0.9]")
				s.at("Nov  3 05:00:00", "postfix/qmgr[1]: B000000001: from=<news@own.example>, size=100, nrcpt=2 (queue active)")
				s.at("Nov  3 05:00:00", "postfix/smtp[7]: B000000001: to=<dead@d.example>, orig_to=<team@own.example>, relay=mx.d.example[192.0.2.1]:25, delay=1, delays=0/0/0.5/0.5, %s", unknown)
				s.at("Nov  3 05:00:00", "postfix/smtp[7]: B000000001: to=<live@d.example>, orig_to=<team@own.example>, relay=mx.d.example[192.0.2.1]:25, delay=1, delays=0/0/0.5/0.5, %s", sent)
				s.at("Nov  3 05:00:00", "postfix/qmgr[1]: B000000001: removed")
			}},
		{name: "VERP senders: each message has another", want: map[string]string{"u@d.example": "suppress"}, opt: Options{Suppress: Suppress{After: Schedules{status.UserUnknown: {2, 0}}}},
			log: func(s *script) {
				s.send("Nov  3 04:00:00", "uid=33 from=<www>", "bounce-1-u=d.example@own.example", unknown, "u@d.example")
				s.send("Nov  4 04:00:00", "uid=33 from=<www>", "bounce-2-u=d.example@own.example", unknown, "u@d.example")
			}},
		{name: "tags are other addresses", want: map[string]string{"u+news@d.example": "suppress"},
			log: func(s *script) {
				s.mail("Nov  3 04:00:00", "u+news@d.example", unknown)
				s.mail("Nov  3 05:00:00", "u@d.example", sent)
			}},
		{name: "spellings are one address", want: map[string]string{},
			log: func(s *script) {
				s.mail("Nov  3 04:00:00", "Ann@D.Example", unknown)
				s.mail("Nov  3 04:00:01", "joe@bücher.example", unknown)
				s.mail("Nov  3 04:00:02", `"kim"@d.example`, unknown)
				s.mail("Nov  3 05:00:00", "ann@d.example", sent)
				s.mail("Nov  3 05:00:01", "joe@xn--bcher-kva.example", sent)
				s.mail("Nov  3 05:00:02", "kim@d.example", sent)
			}},
		{name: "spellings count together, the newest is shown", want: map[string]string{"ann@d.example": "suppress"}, opt: Options{Suppress: Suppress{After: Schedules{status.UserUnknown: {2, 0}}}},
			log: func(s *script) {
				s.mail("Nov  3 04:00:00", "Ann@D.Example", unknown)
				s.mail("Nov  3 05:00:00", "ann@d.example", unknown)
			}},
		{name: "one answer to the end of data for several recipients", want: map[string]string{"a@d.example": "review one reply for several", "b@d.example": "review one reply for several"},
			log: func(s *script) {
				s.send("Nov  3 04:00:00", "uid=33 from=<www>", "news@own.example", "dsn=5.1.1, status=bounced (host mx.d.example[192.0.2.1] said: 550 5.1.1 User unknown (in reply to end of DATA command))", "a@d.example", "b@d.example")
			}},
		{name: "the end of data: words that may be the message's, or are about the recipient", want: map[string]string{
			"a@d.example": "review refused after the message was seen", "b@d.example": "review refused after the message was seen",
			"c@d.example": "review refused after the message was seen", "d@d.example": "suppress", "e@d.example": "suppress", "f@d.example": "suppress", "g@d.example": "suppress"},
			log: func(s *script) {
				for _, said := range [][2]string{{"a", "550 5.7.1 Re: user unknown"}, {"b", "550 Rejected: user unknown"}, {"c", "550 Sorry, no \"no such user\""},
					{"d", "550 5.1.1 User unknown"}, {"e", "554 delivery error: dd This user doesn't have a d.example account (e@d.example)"}, {"f", "550 No such user here"},
					{"g", "550 5.4.1 Recipient address rejected: Access denied"}} {
					s.mail("Nov  3 04:00:00", said[0]+"@d.example", "dsn=5.0.0, status=bounced (host mx.d.example[192.0.2.1] said: "+said[1]+" (in reply to end of DATA command))")
				}
			}},
		{name: "our own header check quotes the message", want: map[string]string{"a@d.example": "review refused after the message was seen", "b@d.example": "review refused after the message was seen"},
			log: func(s *script) {
				s.at("Nov  3 04:00:00", "postfix/pickup[539]: 7671B57F: uid=0 from=<s@own.example>")
				s.at("Nov  3 04:00:00", "postfix/cleanup[545]: 7671B57F: to=<a@d.example>, relay=none, delay=0.01, delays=0.01/0/0/0, dsn=5.7.1, status=bounced (Re: user unknown)")
				s.mail("Nov  3 04:00:00", "b@d.example", "relay=none dsn=5.7.1, status=bounced (Re: user unknown)") // without the daemon's name
			}},
		{name: "refused before the recipient is named", want: map[string]string{"u@d.example": "review refused before"},
			log: func(s *script) {
				s.mail("Nov  3 04:00:00", "u@d.example", "dsn=5.1.1, status=bounced (host mx.d.example[192.0.2.1] said: 550 5.1.1 User unknown (in reply to MAIL FROM command))")
			}},
		{name: "a bare code tells no reason", want: map[string]string{},
			log: func(s *script) {
				s.mail("Nov  3 04:00:00", "u@d.example", "dsn=5.0.0, status=bounced (host mx.d.example[192.0.2.1] said: 550 (in reply to RCPT TO command))")
			}},
		{name: "too big for it, which is not about the address", want: map[string]string{},
			log: func(s *script) {
				s.mail("Nov  3 04:00:00", "u@d.example", "dsn=5.3.4, status=bounced (host mx.d.example[192.0.2.1] said: 552 5.3.4 Message size exceeds fixed maximum message size (in reply to MAIL FROM command))")
			}},
		{name: "removed by the administrator", want: map[string]string{},
			log: func(s *script) {
				id := s.mail("Nov  3 04:00:00", "u@d.example", grey)
				s.at("Nov  3 05:00:00", "postfix/postsuper[99]: %s: removed", id)
			}},
		{name: "our own server, to a stranger's mail", want: map[string]string{},
			log: func(s *script) {
				s.send("Nov  3 04:00:00", "client=spam.example[203.0.113.9]", "x@spam.example", "relay=local dsn=5.1.1, status=bounced (unknown user: \"nobody\")", "nobody@own.example")
				s.at("Nov  3 04:01:00", `postfix/smtpd[9]: NOQUEUE: reject: RCPT from spam.example[203.0.113.9]: 550 5.1.1 <nobody2@own.example>: Recipient address rejected: User unknown in local recipient table; from=<x@spam.example> to=<nobody2@own.example> proto=ESMTP helo=<spam.example>`)
			}},
		{name: "our own server, behind a filter", want: map[string]string{"a@own.example": "review our own server said it", "b@own.example": "suppress"},
			log: func(s *script) {
				for _, c := range [][2]string{{"a", "unknown[203.0.113.9]"}, {"b", "pc[10.0.0.7]"}} {
					s.send("Nov  3 04:00:00", "client=localhost[127.0.0.1], orig_client="+c[1], "x@own.example", "relay=local dsn=5.1.1, status=bounced (unknown user: \"x\")", c[0]+"@own.example")
				}
			}},
		{name: "our own server, to our users' mail", want: map[string]string{"nobody@own.example": "suppress"},
			log: func(s *script) {
				s.send("Nov  3 04:00:00", "client=pc.example[203.0.113.7], sasl_method=PLAIN, sasl_username=joe", "joe@own.example", "relay=local dsn=5.1.1, status=bounced (unknown user: \"nobody\")", "nobody@own.example")
			}},
		{name: "a notice of ours that failed", want: map[string]string{"u@d.example": "suppress"},
			log: func(s *script) {
				s.send("Nov  3 04:00:00", "uid=33 from=<www>", "joe@home.example", unknown, "u@d.example")
				s.lines = s.lines[:len(s.lines)-1]
				s.at("Nov  3 04:00:00", "postfix/bounce[6]: A000000001: sender non-delivery notification: C000000001")
				s.at("Nov  3 04:00:00", "postfix/qmgr[1]: C000000001: from=<>, size=2000, nrcpt=1 (queue active)")
				s.at("Nov  3 04:00:00", "postfix/qmgr[1]: A000000001: removed")
				s.at("Nov  3 04:00:01", "postfix/smtp[7]: C000000001: to=<joe@home.example>, relay=mx.home.example[192.0.2.1]:25, delay=1, delays=0/0/0.5/0.5, %s", unknown)
				s.at("Nov  3 04:00:01", "postfix/qmgr[1]: C000000001: removed")
			}},
		{name: "a content filter: the end of the chain counts", want: map[string]string{"u@d.example": "suppress"},
			log: func(s *script) {
				s.at("Nov  3 04:00:00", "postfix/smtpd[9]: D000000001: client=app.own.example[10.0.0.9]")
				s.at("Nov  3 04:00:00", "postfix/cleanup[8]: D000000001: message-id=<c1@own.example>")
				s.at("Nov  3 04:00:00", "postfix/qmgr[1]: D000000001: from=<news@own.example>, size=100, nrcpt=1 (queue active)")
				s.at("Nov  3 04:00:01", "postfix/smtpd[19]: D000000002: client=localhost[127.0.0.1]")
				s.at("Nov  3 04:00:01", "postfix/cleanup[8]: D000000002: message-id=<c1@own.example>")
				s.at("Nov  3 04:00:01", "postfix/smtp[7]: D000000001: to=<u@d.example>, relay=127.0.0.1[127.0.0.1]:10024, delay=1, delays=0/0/0.5/0.5, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as D000000002)")
				s.at("Nov  3 04:00:01", "postfix/qmgr[1]: D000000001: removed")
				s.at("Nov  3 04:00:01", "postfix/qmgr[1]: D000000002: from=<news@own.example>, size=200, nrcpt=1 (queue active)")
				s.at("Nov  3 04:00:02", "postfix/smtp[7]: D000000002: to=<u@d.example>, relay=mx.d.example[192.0.2.1]:25, delay=1, delays=0/0/0.5/0.5, %s", unknown)
				s.at("Nov  3 04:00:02", "postfix/qmgr[1]: D000000002: removed")
			}},
		{name: "a content filter: our own server, perhaps to a stranger", want: map[string]string{"nobody@own.example": "review our own server said it"},
			log: func(s *script) {
				s.at("Nov  3 04:00:00", "postfix/smtpd[9]: D000000001: client=spam.example[203.0.113.9]")
				s.at("Nov  3 04:00:00", "postfix/cleanup[8]: D000000001: message-id=<c1@spam.example>")
				s.at("Nov  3 04:00:00", "postfix/qmgr[1]: D000000001: from=<x@spam.example>, size=100, nrcpt=1 (queue active)")
				s.at("Nov  3 04:00:01", "postfix/smtpd[19]: D000000002: client=localhost[127.0.0.1]")
				s.at("Nov  3 04:00:01", "postfix/cleanup[8]: D000000002: message-id=<c1@spam.example>")
				s.at("Nov  3 04:00:01", "postfix/smtp[7]: D000000001: to=<nobody@own.example>, relay=127.0.0.1[127.0.0.1]:10024, delay=1, delays=0/0/0.5/0.5, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as D000000002)")
				s.at("Nov  3 04:00:01", "postfix/qmgr[1]: D000000001: removed")
				s.at("Nov  3 04:00:01", "postfix/qmgr[1]: D000000002: from=<x@spam.example>, size=200, nrcpt=1 (queue active)")
				s.at("Nov  3 04:00:02", "postfix/local[7]: D000000002: to=<nobody@own.example>, relay=local, delay=1, delays=0/0/0.5/0.5, dsn=5.1.1, status=bounced (unknown user: \"nobody\")")
				s.at("Nov  3 04:00:02", "postfix/qmgr[1]: D000000002: removed")
			}},
		{name: "a notice that arrived in yesterday's log, by its sender", want: map[string]string{"u@d.example": "review its arrival is not in the input"},
			log: func(s *script) {
				s.at("Nov  3 04:00:00", "postfix/qmgr[1]: D000000001: from=<>, size=100, nrcpt=1 (queue active)")
				s.at("Nov  3 04:00:02", "postfix/smtp[7]: D000000001: to=<u@d.example>, relay=mx.d.example[192.0.2.1]:25, delay=9000, delays=8999/0/0.5/0.5, %s", unknown)
				s.at("Nov  3 04:00:02", "postfix/qmgr[1]: D000000001: removed")
			}},
		{name: "Exim's, which names no sender", want: map[string]string{"u@d.example": "review its arrival is not in the input"},
			log: func(s *script) {
				s.lines = append(s.lines, "2026-11-03 04:00:00 1xiuOd-0001JT-2t ** u@d.example R=dnslookup T=remote_smtp H=mx.d.example [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<u@d.example>: 550 5.1.1 No such user",
					"2026-11-03 04:00:00 1xiuOd-0001JT-2t Frozen (delivery error message)")
			}},
		{name: "Exim's own, about a message that was never taken", want: map[string]string{},
			log: func(s *script) {
				s.lines = append(s.lines, "2026-11-03 04:00:00 1tivSk-0007oc-5Q <= <> U=Debian-exim P=local S=662 for u@d.example",
					"2026-11-03 04:00:00 1tivSk-0007oc-5Q ** u@d.example R=dnslookup T=remote_smtp H=mx.d.example [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<u@d.example>: 550 5.1.1 No such user",
					"2026-11-03 04:00:01 1tivSk-0007oc-5Q Completed")
			}},
		{name: "without a sender, of a user who may be Exim's", want: map[string]string{"u@d.example": "review it has no sender"},
			log: func(s *script) {
				s.lines = append(s.lines, "2026-11-03 04:00:00 1tivSk-0007oc-5Q <= <> U=mta P=local S=662 for u@d.example",
					"2026-11-03 04:00:00 1tivSk-0007oc-5Q ** u@d.example R=dnslookup T=remote_smtp H=mx.d.example [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<u@d.example>: 550 5.1.1 No such user",
					"2026-11-03 04:00:01 1tivSk-0007oc-5Q Completed")
			}},
		{name: "mail that arrived in yesterday's log", want: map[string]string{"u@d.example": "suppress"},
			log: func(s *script) {
				s.at("Nov  3 04:00:00", "postfix/qmgr[1]: D000000001: from=<news@own.example>, size=100, nrcpt=1 (queue active)")
				s.at("Nov  3 04:00:02", "postfix/smtp[7]: D000000001: to=<u@d.example>, relay=mx.d.example[192.0.2.1]:25, delay=9000, delays=8999/0/0.5/0.5, %s", unknown)
				s.at("Nov  3 04:00:02", "postfix/qmgr[1]: D000000001: removed")
			}},
		{name: "the name of a relay that our configuration mistypes", want: map[string]string{"u@d.example": "review the name that was looked up"},
			log: func(s *script) {
				s.mail("Nov  3 04:00:00", "u@d.example", "relay=none dsn=5.4.4, status=bounced (Host or domain name not found. Name service error for name=smtp.relay.example type=A: Host not found)")
			}},
		{name: "a service that a domain does not offer", want: map[string]string{"u@d.example": "review the name that was looked up"},
			log: func(s *script) {
				s.mail("Nov  3 04:00:00", "u@d.example", "relay=none dsn=5.4.4, status=bounced (Host or domain name not found. Name service error for name=_submission._tcp.d.example type=SRV: Host not found)")
			}},
		{name: "the receiver cannot look up its own store", want: map[string]string{"u@d.example": "review the name that was looked up"},
			log: func(s *script) {
				s.mail("Nov  3 04:00:00", "u@d.example", "dsn=5.1.1, status=bounced (host mx.d.example[192.0.2.1] said: 550 5.1.1 <u@d.example>: Recipient address rejected: undeliverable address: Host or domain name not found. Name service error for name=store.internal.example type=A: Host not found (in reply to RCPT TO command))")
			}},
		{name: "look-ups that did not ask the DNS for mail", want: map[string]string{"u@d.example": "review the name that was looked up", "u@e.example": "review the name that was looked up"},
			log: func(s *script) {
				s.mail("Nov  3 04:00:00", "u@d.example", "relay=none dsn=5.3.0, status=bounced (unable to look up host d.example: No address associated with hostname)")
				s.mail("Nov  3 04:00:00", "u@e.example", "relay=none dsn=5.4.4, status=bounced (Host or domain name not found. Name service error for name=e.example type=AAAA: Host found but no data record of requested type)")
			}},
		{name: "exit statuses of a command", want: map[string]string{"a@d.example": "suppress", "b@d.example": "review the name that was looked up"},
			log: func(s *script) {
				for _, said := range [][2]string{{"a", "5.1.1, status=bounced (user unknown)"}, {"b", "5.1.2, status=bounced (host name unknown)"}, {"c", "5.3.0, status=bounced (critical OS file missing)"},
					{"d", "5.7.0, status=bounced (permission denied)"}, {"e", "5.2.0, status=bounced (can't create user output file)"}} {
					s.mail("Nov  3 04:00:00", said[0]+"@d.example", "relay=pipe dsn="+said[1])
				}
			}},
		{name: "sendmail, and Postfix without the DNS, that looked up another name", want: map[string]string{
			"a@d.example": "review the name that was looked up", "b@d.example": "review the name that was looked up", "c@d.example": "review the name that was looked up", "e@d.example": "suppress", "f@d.example": "suppress"},
			log: func(s *script) {
				for _, said := range [][2]string{{"a", "550 5.1.2 <a@d.example>... Host unknown (Name server: mailhost.inner: host not found)"},
					{"b", "550 5.1.1 <b@d.example>: Recipient address rejected: undeliverable address: store.inner: host not found"},
					{"e", "550 5.1.2 <e@d.example>... Host unknown (Name server: d.example.: host not found)"}, {"f", "550 5.1.2 <f@d.example>: host not found"}} {
					s.mail("Nov  3 04:00:00", said[0]+"@d.example", "dsn=5.1.2, status=bounced (host mx.d.example[192.0.2.1] said: "+said[1]+" (in reply to RCPT TO command))")
				}
				s.mail("Nov  3 04:00:00", "c@d.example", "relay=none dsn=5.4.4, status=bounced (smtp.relay.example: host not found)")
			}},
		{name: "a reply about the sender", want: map[string]string{"u@d.example": "review the reply names the sender"},
			log: func(s *script) {
				s.mail("Nov  3 04:00:00", "u@d.example", "dsn=5.1.1, status=bounced (host mx.d.example[192.0.2.1] said: 550 5.1.1 <news@own.example>: Recipient address rejected: User unknown (in reply to RCPT TO command))")
			}},
		{name: "Exim's final address without its quotes, behind an alias for another domain, or address", want: map[string]string{
			"u@d.example: Unknown user@g.example": "suppress", "v@d.example": "review the reply looks like", "w@d.example": "review the reply looks like",
			"x@d.example": "review the reply looks like"},
			log: func(s *script) {
				s.lines = append(s.lines, `2026-11-03 04:00:00 1xiuOd-0001JT-2t <= news@own.example H=app [10.0.0.9] P=esmtp S=100`,
					`2026-11-03 04:00:00 1xiuOd-0001JT-2t ** u@d.example: Unknown user@g.example <"u@d.example: Unknown user"@f.example> R=hosts T=remote_smtp H=mx.g.example [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<x>: 550 5.1.1 No such user`,
					`2026-11-03 04:00:00 1xiuOd-0001JT-2t ** v@d.example: Unknown user@g.example <"v@d.example: Unknown user+tag"@f.example> F=<news@own.example> R=hosts T=remote_smtp H=mx.g.example [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<x>: 550 5.1.1 No such user`,
					`2026-11-03 04:00:00 1xiuOd-0001JT-2t ** w@d.example: Unknown user <x@g.example <"w@d.example: Unknown user <x+tag"@f.example>: Unrouteable address`,
					`2026-11-03 04:00:00 1xiuOd-0001JT-2t ** x@d.example: Unknown user@g.example <team@own.example> R=hosts T=remote_smtp H=mx.g.example [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<x>: 550 5.1.1 No such user`,
					`2026-11-03 04:00:00 1xiuOd-0001JT-2t Completed`)
			}},
		{name: "a domain that does not exist, or takes no mail", want: map[string]string{"u@D.example": "suppress", "u@bücher.example": "suppress", "u@e.example": "suppress", "u@f.example": "review the name that was looked up"},
			log: func(s *script) {
				s.mail("Nov  3 04:00:00", "u@D.example", "relay=none dsn=5.4.4, status=bounced (Host or domain name not found. Name service error for name=d.example type=AAAA: Host not found)")
				s.mail("Nov  3 04:00:00", "u@bücher.example", "relay=none dsn=5.4.4, status=bounced (Host or domain name not found. Name service error for name=xn--bcher-kva.example type=A: Host not found)")
				s.mail("Nov  3 04:00:00", "u@e.example", "relay=none dsn=5.1.0, status=bounced (Domain e.example does not accept mail (nullMX))")
				s.mail("Nov  3 04:00:00", "u@f.example", "relay=none dsn=5.1.0, status=bounced (Domain isp.example does not accept mail (nullMX))")
			}},
		{name: "an alias that works again", want: map[string]string{},
			log: func(s *script) {
				s.mail("Nov  3 04:00:00", "team@own.example", "relay=none dsn=5.1.1, status=bounced (User unknown in virtual alias table)")
				s.at("Nov  3 05:00:00", "postfix/smtpd[9]: B000000001: client=app.own.example[10.0.0.9]")
				s.at("Nov  3 05:00:00", "postfix/qmgr[1]: B000000001: from=<news@own.example>, size=100, nrcpt=1 (queue active)")
				s.at("Nov  3 05:00:00", "postfix/smtp[7]: B000000001: to=<live@d.example>, orig_to=<team@own.example>, relay=mx.d.example[192.0.2.1]:25, delay=1, delays=0/0/0.5/0.5, %s", sent)
				s.at("Nov  3 05:00:00", "postfix/qmgr[1]: B000000001: removed")
			}},
		{name: "an alias that works again, whose owner gets the notices", want: map[string]string{"dead@d.example": "suppress"},
			log: func(s *script) {
				s.mail("Nov  3 04:00:00", "list@own.example", "relay=local dsn=5.1.1, status=bounced (unknown user: \"list\")")
				s.at("Nov  3 05:00:00", "postfix/pickup[9]: B000000001: uid=33 from=<www>")
				s.at("Nov  3 05:00:00", "postfix/qmgr[1]: B000000001: from=<www@own.example>, size=100, nrcpt=1 (queue active)")
				s.at("Nov  3 05:00:00", "postfix/local[7]: B000000001: to=<list@own.example>, relay=local, delay=1, delays=0/0/0.5/0.5, dsn=2.0.0, status=sent (forwarded as B000000002)")
				s.at("Nov  3 05:00:00", "postfix/qmgr[1]: B000000001: removed")
				s.at("Nov  3 05:00:00", "postfix/cleanup[8]: B000000002: message-id=<1@own.example>")
				s.at("Nov  3 05:00:00", "postfix/qmgr[1]: B000000002: from=<owner-list@own.example>, size=100, nrcpt=1 (queue active)")
				s.at("Nov  3 05:00:00", "postfix/smtp[7]: B000000002: to=<dead@d.example>, relay=mx.d.example[192.0.2.1]:25, delay=1, delays=0/0/0.5/0.5, %s", unknown)
				s.at("Nov  3 05:00:00", "postfix/qmgr[1]: B000000002: removed")
			}},
		{name: "a relay of ours took it, whose log is in the input too", want: map[string]string{"u@d.example": "suppress", "w@d.example": "waiting 1 of 3"},
			log: func(s *script) {
				for i, at := range []string{"Nov  1 04:00:0", "Nov 12 04:00:0", "Nov 25 04:00:0"} {
					hop := func(sec int, host, format string) {
						s.lines = append(s.lines, fmt.Sprintf("%s%d %s postfix/"+strings.ReplaceAll(format, "#", fmt.Sprint(i)), at, sec, host))
					}
					const end = ", delay=1, delays=0/0/0.5/0.5, "
					hop(0, "app", "pickup[9]: B00000000#: uid=33 from=<www>")
					hop(0, "app", "cleanup[8]: B00000000#: message-id=<#@own.example>")
					hop(0, "app", "qmgr[1]: B00000000#: from=<www@own.example>, size=100, nrcpt=2 (queue active)")
					if i == 1 { // it took over in the meantime, and logs later
						hop(1, "app", "smtp[7]: B00000000#: to=<u@d.example>, relay=out.own.example[192.0.2.7]:25"+end+"dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as C00000000#)")
					}
					hop(1, "out", "smtpd[9]: C00000000#: client=app.own.example[192.0.2.6]")
					hop(1, "out", "cleanup[8]: C00000000#: message-id=<#@own.example>")
					if i != 1 {
						hop(1, "app", "smtp[7]: B00000000#: to=<u@d.example>, relay=out.own.example[192.0.2.7]:25"+end+"dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as C00000000#)")
					}
					hop(1, "app", "smtp[7]: B00000000#: to=<w@d.example>, relay=out.other.example[192.0.2.8]:25"+end+"dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as D00000000#)")
					hop(1, "app", "qmgr[1]: B00000000#: removed")
					hop(1, "out", "qmgr[1]: C00000000#: from=<www@own.example>, size=200, nrcpt=2 (queue active)")
					hop(2, "out", "smtp[7]: C00000000#: to=<u@d.example>, relay=mx.d.example[192.0.2.1]:25"+end+full)
					hop(2, "out", "smtp[7]: C00000000#: to=<w@d.example>, relay=mx.d.example[192.0.2.1]:25"+end+full)
					hop(2, "out", "qmgr[1]: C00000000#: removed")
				}
			}},
		{name: "a relay of ours took our notice, and still has it", want: map[string]string{"u@d.example": "suppress", "x@e.example": "suppress"},
			log: func(s *script) {
				s.mail("Nov  3 04:00:00", "u@d.example", unknown)
				s.mail("Nov  3 05:00:00", "x@e.example", unknown)
				s.lines = append(s.lines[:len(s.lines)-1],
					"Nov  3 05:00:00 mx postfix/bounce[6]: A000000002: sender non-delivery notification: C000000001",
					"Nov  3 05:00:00 mx postfix/cleanup[8]: C000000001: message-id=<n@own.example>",
					"Nov  3 05:00:00 mx postfix/qmgr[1]: C000000001: from=<>, size=2000, nrcpt=1 (queue active)",
					"Nov  3 05:00:00 mx postfix/qmgr[1]: A000000002: removed",
					"Nov  3 05:00:01 out postfix/smtpd[9]: C000000002: client=app.own.example[192.0.2.6]",
					"Nov  3 05:00:01 out postfix/cleanup[8]: C000000002: message-id=<n@own.example>",
					"Nov  3 05:00:01 out postfix/qmgr[1]: C000000002: from=<>, size=2100, nrcpt=1 (queue active)",
					"Nov  3 05:00:01 mx postfix/smtp[7]: C000000001: to=<u@d.example>, relay=out.own.example[192.0.2.7]:25, delay=1, delays=0/0/0.5/0.5, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as C000000002)",
					"Nov  3 05:00:01 mx postfix/qmgr[1]: C000000001: removed",
					"Nov  3 05:00:02 out postfix/smtp[7]: C000000002: to=<u@d.example>, relay=mx.d.example[192.0.2.1]:25, delay=1, delays=0/0/0.5/0.5, "+grey)
			}},
		{name: "an archive got a copy, the recipient did not (Exim)", want: map[string]string{"a@d.example": "review an alias", "b@d.example": "review an alias"},
			log: func(s *script) {
				s.lines = append(s.lines,
					"2026-11-03 04:00:00 1xXHye-000023-2c <= news@own.example H=(app) [10.0.0.9] P=esmtp S=290",
					"2026-11-03 04:00:00 1xXHye-000023-2c => b <b@d.example> R=archive T=file",
					"2026-11-03 04:00:00 1xXHye-000023-2c ** a@d.example R=dns T=smtp H=mx.d.example [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<a@d.example>: 550 5.1.1 User unknown",
					"2026-11-03 04:00:00 1xXHye-000023-2c ** b@d.example R=dns T=smtp H=mx.d.example [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<b@d.example>: 550 5.1.1 User unknown",
					"2026-11-03 04:00:02 1xXHye-000023-2c => archive@e.example <a@d.example> R=dns T=smtp H=mx.e.example [192.0.2.2] C=\"250 OK\"",
					"2026-11-03 04:00:02 1xXHye-000023-2c Completed")
			}},
		{name: "cancelled by the administrator (Exim)", want: map[string]string{"v@own.example": "waiting 1 of 3"},
			log: func(s *script) {
				const full = "R=local T=local_delivery defer (-22): mailbox is full (MTA-imposed quota exceeded while writing to /var/mail/u)"
				s.lines = append(s.lines,
					"2026-11-03 04:00:00 1xinqz-000043-0W <= alice@own.example U=alice P=local S=2413 id=1@own.example",
					"2026-11-03 04:00:00 1xinqz-000043-0W == u@own.example "+full,
					"2026-11-03 05:00:00 1xinqz-000043-0W cancelled by root",
					"2026-11-03 05:00:00 1xinqz-000043-0W Completed",
					"2026-11-03 06:00:00 1xinqz-000043-0X <= alice@own.example U=alice P=local S=2413 id=2@own.example",
					"2026-11-03 06:00:00 1xinqz-000043-0X == v@own.example "+full,
					"2026-11-08 06:00:00 1xinqz-000043-0X ** v@own.example: retry timeout exceeded",
					"2026-11-08 06:00:00 1xinqz-000043-0X Completed")
			}},
		{name: "a code that suggests it, alone", want: map[string]string{"u@d.example": "review only the reply code"},
			log: func(s *script) {
				s.mail("Nov  3 04:00:00", "u@d.example", "dsn=5.0.0, status=bounced (host mx.d.example[192.0.2.1] said: 551 (in reply to RCPT TO command))")
			}},
		{name: "a reason that the words alone do not give (Exim)", want: map[string]string{"v@own.example": "review the words of the reply"},
			log: func(s *script) {
				s.lines = append(s.lines,
					"2026-11-03 06:00:00 1xinqz-000043-0X <= alice@own.example U=alice P=local S=2413 id=2@own.example",
					"2026-11-03 06:00:00 1xinqz-000043-0X == v@own.example R=local T=local_delivery defer (-22): could not write",
					"2026-11-08 06:00:00 1xinqz-000043-0X ** v@own.example: retry timeout exceeded",
					"2026-11-08 06:00:00 1xinqz-000043-0X Completed")
			}},
		{name: "more confidence asked for", want: map[string]string{"u@d.example": "review confidence 0."}, opt: Options{Suppress: Suppress{MinConfidence: 1}},
			log: func(s *script) { s.mail("Nov  3 04:00:00", "u@d.example", unknown) }},
		{name: "a permanent code with a temporary enhanced code", want: map[string]string{"u@d.example": "review the enhanced status code says"},
			log: func(s *script) {
				s.mail("Nov  3 04:00:00", "u@d.example", "dsn=5.0.0, status=bounced (host mx.d.example[192.0.2.1] said: 550 4.1.1 User unknown (in reply to RCPT TO command))")
			}},
		{name: "a filter on the sender hides no delivery", want: map[string]string{}, opt: func() (o Options) { o.Filter.Add(DimSender, "news@*"); return o }(),
			log: func(s *script) {
				s.mail("Nov  3 04:00:00", "u@d.example", unknown)
				s.send("Nov  3 05:00:00", "uid=33 from=<www>", "other@own.example", sent, "u@d.example")
			}},
		{name: "the window ends before the delivery", want: map[string]string{"u@d.example": "suppress"}, opt: Options{Until: time.Date(2026, 11, 3, 4, 30, 0, 0, time.UTC)},
			log: func(s *script) {
				s.mail("Nov  3 04:00:00", "u@d.example", unknown)
				s.mail("Nov  3 05:00:00", "u@d.example", sent)
			}},
		{name: "expired", want: map[string]string{"v@d.example": "suppress"}, opt: Options{Suppress: Suppress{Expire: 24 * time.Hour}},
			log: func(s *script) {
				s.mail("Nov  3 04:00:00", "u@d.example", unknown)
				s.mail("Nov  5 05:00:00", "v@d.example", unknown)
			}},
		{name: "an unquoted recipient imitates another's failure", want: map[string]string{"u@d.example": "review the reply looks like the rest of a log line"},
			log: func(s *script) {
				s.mail("Nov  3 04:00:00", "u@d.example>, relay=mx.d.example[192.0.2.1]:25, delay=1, delays=0/0/0.5/0.5, "+unknown+"@e.example", unknown)
			}},
		{name: "a local delivery is no proof that what its local part looks like lives (Exim)", want: map[string]string{"u@d.example": "suppress", "v@d.example": "suppress"},
			log: func(s *script) {
				const unknown = " R=r T=t H=mx.d.example [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<x@d.example>: 550 5.1.1 User unknown"
				s.lines = append(s.lines,
					"2026-11-03 06:00:00 1xinqz-000043-0X <= alice@own.example U=alice P=local S=2413 id=2@own.example",
					"2026-11-03 06:00:00 1xinqz-000043-0X ** u@d.example"+unknown,
					"2026-11-03 06:00:00 1xinqz-000043-0X ** v@d.example"+unknown,
					"2026-11-03 06:00:00 1xinqz-000043-0X Completed",
					"2026-11-03 06:01:00 1xinr0-000043-0X <= alice@own.example U=alice P=local S=2413 id=3@own.example",
					`2026-11-03 06:01:00 1xinr0-000043-0X => u@d.example <"u@d.example"@own.example> R=catchall T=mbox`,
					`2026-11-03 06:01:00 1xinr0-000043-0X => bob ("a) <v@d.example> r=x"@mid.example) <"a) <v@d.example> R=x"@own.example> R=localuser T=mbox`,
					"2026-11-03 06:01:00 1xinr0-000043-0X Completed")
			}},
		{name: "an unquoted recipient imitates another's failure, and its own is cut off", want: map[string]string{
			"a@d.example": "review the line may have been cut", "b@d.example": "review the line may have been cut", "c@d.example": "review the line may have been cut"},
			log: func(s *script) {
				long, start := strings.Repeat("x", 1900), "postfix/smtp[7]: A000000001: to=<"
				s.mail("Nov  3 04:00:00", "x@e.example", sent)
				s.at("Nov  3 04:00:00", "%s", start+"a@d.example>, relay=mx.d.example[192.0.2.1]:25, delay=1, delays=0/0/0.5/0.5, "+unknown+long+"@e.example>, relay=mx")
				s.at("Nov  3 04:00:00", "%s", start+"b@d.example>, relay="+long+"[192.0.2.1]:25, delay=1, delays=0/0/0.5/0.5, "+unknown)
				s.at("Nov  3 04:00:00", "%s", start+"c@d.example>, relay=mx.d.example[192.0.2.1]:25, delay=1, delays=0/0/0.5/0.5, dsn=5.1.1, status=bounced (unknown user: \"c\"")
			}},
		{name: "allowed", want: map[string]string{"U@d.example": "allowed"}, opt: Options{Suppress: Suppress{Allow: func(a string) bool { return a == "u@d.example" }}},
			log: func(s *script) { s.mail("Nov  3 04:00:00", "U@d.example", unknown) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var s script
			tt.log(&s)
			got := states(t, s.run(t, tt.opt))
			for a, state := range got {
				if want, ok := tt.want[a]; !ok || !strings.HasPrefix(state, want) {
					t.Errorf("%s: %s, want %q", a, state, want)
				}
			}
			for a, want := range tt.want {
				if got[a] == "" {
					t.Errorf("%s: nothing, want %s", a, want)
				}
			}
		})
	}
}

// The evidence of an entry.
func TestSuppressionEvidence(t *testing.T) {
	var s script
	s.mail("Nov  3 04:00:00", "Ann+news@D.Example", unknown)
	id := s.mail("Nov  5 04:00:00", "ann+news@d.example", unknown)
	list := Suppressions(s.run(t, Options{}).table(t, "suppress"))
	if len(list) != 1 {
		t.Fatalf("%d entries, want 1", len(list))
	}
	got := list[0]
	first, last := time.Date(2026, 11, 3, 4, 0, 0, 0, time.UTC), time.Date(2026, 11, 5, 4, 0, 0, 0, time.UTC)
	if got.Address != "ann+news@d.example" || got.Failures != 2 || !got.First.Equal(first) || !got.Last.Equal(last) || got.QueueID != id ||
		got.Code != 550 || got.Enhanced != "5.1.1" || got.Reply != "User unknown" || got.Reason != status.UserUnknown || got.Origin != "remote" ||
		got.Rule == "" || got.Confidence < DefaultConfidence {
		t.Errorf("got %+v", got)
	}
}

// Where there are more addresses than room, what is not known is for review: an address whose
// deliveries may have been forgotten is not suppressed.
func TestDeliveriesForgotten(t *testing.T) {
	var s script
	s.mail("Nov  3 04:00:00", "early@d.example", unknown)
	s.mail("Nov  3 04:30:00", "back@d.example", unknown)
	s.mail("Nov  3 05:00:00", "back@d.example", sent)
	// late@ fails at 6:00 in a message that another recipient keeps in the queue until the end.
	id := s.send("Nov  3 06:00:00", "uid=33 from=<www>", "news@own.example", unknown, "late@d.example", "slow@d.example")
	s.lines = s.lines[:len(s.lines)-2]
	s.at("Nov  3 06:00:00", "postfix/smtp[7]: %s: to=<slow@d.example>, relay=mx.d.example[192.0.2.1]:25, delay=1, delays=0/0/0.5/0.5, %s", id, grey)
	s.mail("Nov  3 06:01:00", "late@d.example", sent)
	for i := range 50 {
		s.mail(fmt.Sprintf("Nov  3 07:%02d:00", i), fmt.Sprintf("u%d@d.example", i), sent)
	}
	s.at("Nov  3 12:00:00", "postfix/smtp[7]: %s: to=<slow@d.example>, relay=mx.d.example[192.0.2.1]:25, delay=1, delays=0/0/0.5/0.5, %s", id, sent)
	s.at("Nov  3 12:00:00", "postfix/qmgr[1]: %s: removed", id)
	for _, tt := range []struct {
		room int
		want map[string]string
	}{
		{maxDelivered, map[string]string{"early@d.example": "suppress"}},
		{10, map[string]string{"early@d.example": "suppress", "late@d.example": "review too many addresses to know whether it got mail later"}},
	} {
		c, err := NewCollector(Options{Bounces: true})
		if err != nil {
			t.Fatal(err)
		}
		log := c.folds[0].(*bounceLog)
		log.room = tt.room
		var lines [][]byte
		for _, l := range s.lines {
			lines = append(lines, []byte(l))
		}
		feed(t, c, lines, 0)
		c.Finish()
		if len(log.delivered) > tt.room {
			t.Errorf("%d deliveries kept, room for %d", len(log.delivered), tt.room)
		}
		got := states(t, c.Report())
		if tt.room == 10 && strings.HasPrefix(got["early@d.example"], "review") {
			got["early@d.example"] = "suppress" // as safe
		}
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("room for %d: got %v, want %v", tt.room, got, tt.want)
		}
	}
}

// A list goes on from an earlier one: what was known stays until mail gets through or time
// passes, and counts are not taken twice.
func TestPreviousList(t *testing.T) {
	var early script
	early.mail("Nov  3 04:00:00", "dead@d.example", unknown)
	early.mail("Nov  3 04:00:00", "back@d.example", unknown)
	early.mail("Nov  3 04:00:00", "full@d.example", full)
	early.mail("Nov 12 04:00:00", "full@d.example", full)
	r := early.run(t, Options{})
	previous := append(Suppressions(r.table(t, "suppress")), Suppressions(r.table(t, "suppress_held"))...)
	if len(previous) != 3 {
		t.Fatalf("%d entries to go on from, want 3", len(previous))
	}
	late := early // the same lines again, and new ones
	late.mail("Nov 28 04:00:00", "back@d.example", sent)
	late.mail("Nov 28 04:00:00", "full@d.example", full)
	late.mail("Nov 28 04:00:00", "new@d.example", unknown)
	again := late.run(t, Options{Suppress: Suppress{Previous: previous}})
	if got, want := states(t, again), map[string]string{"dead@d.example": "suppress", "full@d.example": "suppress", "new@d.example": "suppress"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, s := range Suppressions(again.table(t, "suppress")) {
		if want := map[string]int64{"dead@d.example": 1, "full@d.example": 3, "new@d.example": 1}[s.Address]; s.Failures != want {
			t.Errorf("%s: %d failures, want %d", s.Address, s.Failures, want)
		}
	}
	changes := map[string]string{}
	for _, row := range again.table(t, "suppress_changes").Rows {
		changes[row[1].(string)] = row[0].(string)
	}
	if want := map[string]string{"back@d.example": "removed", "full@d.example": "added", "new@d.example": "added"}; !reflect.DeepEqual(changes, want) {
		t.Errorf("changes %v, want %v", changes, want)
	}
	var only script // new lines alone
	only.mail("Nov 28 04:00:00", "full@d.example", full)
	if got := states(t, only.run(t, Options{Suppress: Suppress{Previous: previous}}))["full@d.example"]; got != "suppress" {
		t.Errorf("full since weeks by the list, got %q", got)
	}
	expired := only.run(t, Options{Suppress: Suppress{Previous: previous, Expire: 10 * 24 * time.Hour}})
	if got := states(t, expired)["dead@d.example"]; got != "" {
		t.Errorf("failed 25 days ago, expires after 10: got %q", got)
	}
}

func TestParseSchedules(t *testing.T) {
	got, err := ParseSchedules("user_unknown=2, mailbox_full=3/21d")
	if want := (Schedules{status.UserUnknown: {2, 0}, status.MailboxFull: {3, 21 * 24 * time.Hour}}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, bad := range []string{"", "user_unknown", "user_unknown=0", "user_unknown=x", "nonsense=1", "spam_content=1", "message_too_big=1", "mailbox_full=3/soon"} {
		if _, err := ParseSchedules(bad); err == nil {
			t.Errorf("ParseSchedules(%q): no error", bad)
		}
	}
}

// The tables of a bounce report do not depend on how its records are dealt out.
func TestBouncesMerge(t *testing.T) {
	for _, name := range testLogs {
		var records []*Message
		c, err := NewCollector(Options{Bounces: true})
		if err != nil {
			t.Fatal(err)
		}
		var events []*View
		l := NewLedger(func(m *Message) { records = append(records, m) })
		for _, line := range parsed(t, name, 1) {
			ev := line.ev
			c.span(&ev)
			c.classify(&ev)
			m := l.Add(&ev, 1)
			kept := ev
			v := c.View(m, nil)
			v.Event = &kept
			events = append(events, &v)
		}
		l.Close()
		rng := rand.New(rand.NewPCG(1, 2))
		one, two, both := newSums(Totals{}, c.newFolds()), newSums(Totals{}, c.newFolds()), newSums(Totals{}, c.newFolds())
		for _, v := range events {
			if v.Event.Kind == parser.Received || v.Event.Kind == parser.Queued {
				continue
			}
			both.event(v)
			[]*sums{&one, &two}[rng.IntN(2)].event(v)
		}
		for _, m := range records {
			c.record(m, into(&both))
			c.record(m, into([]*sums{&one, &two}[rng.IntN(2)]))
		}
		two.add(&one)
		got, want := c.report(&two), c.report(&both)
		for i := range want.Tables {
			if !reflect.DeepEqual(got.Tables[i].Rows, want.Tables[i].Rows) {
				t.Errorf("%s: %s differs", name, want.Tables[i].Name)
			}
		}
		if len(want.table(t, "suppress").Rows) == 0 || len(want.table(t, "incidents").Rows) == 0 {
			t.Errorf("%s: nothing to compare", name)
		}
	}
}
