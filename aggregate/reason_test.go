package aggregate

import (
	"strings"
	"testing"

	"github.com/smtplog/smtplog/parser"
	"github.com/smtplog/smtplog/status"
)

// reasonsOf runs lines as in play through a Collector and tells each recipient's outcome and
// reason, and each attempt's reason.
func reasonsOf(t *testing.T, lines string) (recipients, attempts string) {
	t.Helper()
	var outcomes, events []string
	c, err := NewCollector(Options{Release: func(m *Message) {
		for i := range m.Recipients {
			r := &m.Recipients[i]
			outcomes = append(outcomes, strings.TrimSpace(r.Outcome.String()+" "+r.Answer.Reason.String()))
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	p := parser.New(parser.Options{Year: 2026})
	for line := range strings.Lines(strings.TrimSpace(lines)) {
		clock, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		full := "Nov  3 " + clock + " mx " + rest
		if !strings.HasPrefix(rest, "postfix") {
			full = "2026-11-03 " + clock + " " + rest
		}
		var ev parser.Event
		v := p.Parse([]byte(full), &ev)
		if v != parser.Understood {
			t.Fatalf("not understood: %s", full)
		}
		c.Add(&ev, v, 1)
		if ev.Attempt() || ev.Kind == parser.Expired {
			events = append(events, strings.TrimSpace(ev.Kind.String()+" "+ev.Reason.String()))
		}
	}
	c.Finish()
	return strings.Join(outcomes, ", "), strings.Join(events, ", ")
}

func TestReasons(t *testing.T) {
	const to = `postfix/smtp[7]: 3A1B2C3D4E: to=<u@d.example>, relay=mx.d.example[192.0.2.1]:25, delay=1, delays=0/0/0.5/0.5, `
	for _, test := range []struct{ name, log, recipients, attempts string }{
		{"a delivery has none", `
04:00:01 ` + to + `dsn=2.0.0, status=sent (250 2.0.0 Ok)`,
			"delivered", "delivered"},
		{"expired: that of the last deferral", `
04:00:01 ` + to + `dsn=4.2.2, status=deferred (host mx.d.example[192.0.2.1] said: 452 4.2.2 Mailbox full (in reply to RCPT TO command))
09:00:00 postfix/qmgr[1]: 3A1B2C3D4E: from=<a@c.example>, status=expired, returned to sender
09:00:00 postfix/qmgr[1]: 3A1B2C3D4E: removed`,
			"expired mailbox_full", "deferred mailbox_full, expired mailbox_full"},
		{"Exim: not yet time to retry says nothing new", `
04:00:01 1tivSh-0007oc-5P == u@d.example R=r T=t defer (-44) H=mx.d.example [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<u@d.example>: 452 4.2.2 Mailbox full
04:30:01 1tivSh-0007oc-5P == u@d.example R=r T=t defer (-53): retry time not reached
05:00:01 1tivSh-0007oc-5P ** u@d.example: retry timeout exceeded
05:00:01 1tivSh-0007oc-5P Completed`,
			"expired mailbox_full", "deferred mailbox_full, deferred mailbox_full, expired mailbox_full"},
		{"bounced after an answer of one of several hosts", `
04:00:01 postfix/smtp[7]: 3A1B2C3D4E: host mx.d.example[192.0.2.1] said: 452 4.2.2 Mailbox full (in reply to RCPT TO command)
04:00:02 ` + to + `dsn=5.1.1, status=bounced (host mx.d.example[192.0.2.1] said: 550 5.1.1 No such user (in reply to RCPT TO command))`,
			"bounced user_unknown", "bounced user_unknown"},
	} {
		recipients, attempts := reasonsOf(t, test.log)
		if recipients != test.recipients || attempts != test.attempts {
			t.Errorf("%s:\ngot  %s; %s\nwant %s; %s", test.name, recipients, attempts, test.recipients, test.attempts)
		}
	}
}

// Every failed attempt is in each of the tables of causes, once.
func TestCausesAddUp(t *testing.T) {
	for _, log := range testLogs {
		r := collect(t, Options{}, log)
		byStatus := r.table(t, "status")
		failed := byStatus.sum(t, "deferred") + byStatus.sum(t, "bounced")
		for _, name := range []string{"reasons", "categories", "domain_reasons", "replies"} {
			if got := r.table(t, name).sum(t, "attempts"); got != failed {
				t.Errorf("%s: %s has %d failed attempts, status %d", log, name, got, failed)
			}
		}
		over := map[string]int64{}
		for _, row := range r.table(t, "over_time").Rows {
			over[row[2].(string)] += row[3].(int64)
		}
		if got := byStatus.sum(t, "delivered"); over[DeliveredCategory] != got {
			t.Errorf("%s: over_time has %d deliveries, status %d", log, over[DeliveredCategory], got)
		}
		for _, row := range r.table(t, "categories").Rows {
			if over[row[0].(string)] != row[3].(int64) {
				t.Errorf("%s: over_time has %d failures of %s, categories %d", log, over[row[0].(string)], row[0], row[3])
			}
		}
		for _, row := range r.table(t, "reasons").Rows {
			reason, err := status.ParseReason(row[0].(string))
			if err != nil || reason.Category().String() != row[1] {
				t.Errorf("%s: reason %v in category %v", log, row[0], row[1])
			}
		}
	}
}
