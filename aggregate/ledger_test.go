package aggregate

import (
	"fmt"
	"strings"
	"testing"

	"github.com/smtplog/smtplog/parser"
)

// play feeds log lines to a Ledger and returns what it releases, in order. Lines of Postfix
// are written without date and host ("04:05:06 postfix/qmgr[1]: ..."), Exim's with their time
// only ("04:05:06 1tivSh-...").
func play(t *testing.T, lines string) []*Message {
	t.Helper()
	p := parser.New(parser.Options{Year: 2026})
	var out []*Message
	l := NewLedger(func(m *Message) { out = append(out, m) })
	for line := range strings.Lines(lines) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		clock, rest, _ := strings.Cut(line, " ")
		full := "Nov  3 " + clock + " mx " + rest
		if !strings.HasPrefix(rest, "postfix") {
			full = "2026-11-03 " + line
		}
		var ev parser.Event
		if v := p.Parse([]byte(full), &ev); v != parser.Understood {
			t.Fatalf("not understood: %s", full)
		}
		l.Add(&ev, 1)
	}
	l.Close()
	return out
}

// tell writes messages in short: what the test compares.
func tell(ms []*Message) string {
	var b strings.Builder
	for _, m := range ms {
		fmt.Fprintf(&b, "%s %s %s", m.QueueID, m.State, m.Source)
		if m.FromQueueID != "" {
			b.WriteString(" from " + m.FromQueueID)
		}
		if m.NotificationOf != "" {
			b.WriteString(" about " + m.NotificationOf)
		}
		if m.OpenedBefore {
			b.WriteString(" opened-before")
		}
		if n := m.Unseen(); n > 0 {
			fmt.Fprintf(&b, " unseen=%d", n)
		}
		for i := range m.Recipients {
			r := &m.Recipients[i]
			fmt.Fprintf(&b, "; %s", r.Address)
			if r.Original != "" {
				fmt.Fprintf(&b, " (%s)", r.Original)
			}
			fmt.Fprintf(&b, " %s", r.Outcome)
			if r.Answer.Code != 0 {
				fmt.Fprintf(&b, " %d", r.Answer.Code)
			}
			fmt.Fprintf(&b, " x%d", r.Attempts)
			if r.Outcome == Forwarded {
				fmt.Fprintf(&b, " to %s", r.NextID)
				if end, last, ok := r.Final(); ok && last != nil {
					fmt.Fprintf(&b, " then %s", end.Outcome)
				}
			}
		}
		b.WriteByte('\n')
	}
	return strings.TrimSuffix(b.String(), "\n")
}

const remote = "relay=mx.d.example[192.0.2.1]:25, delay=1, delays=0/0/0.5/0.5"

// One row is one story of Postfix and what the ledger makes of it.
var postfixStories = []struct{ name, log, want string }{
	{"delivered", `
04:00:00 postfix/smtpd[9]: 3A1B2C3D4E: client=c.example[192.0.2.9]
04:00:00 postfix/cleanup[9]: 3A1B2C3D4E: message-id=<m@c.example>
04:00:00 postfix/qmgr[1]: 3A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)
04:00:01 postfix/smtp[7]: 3A1B2C3D4E: to=<u@d.example>, ` + remote + `, dsn=2.0.0, status=sent (250 2.0.0 Ok)
04:00:01 postfix/qmgr[1]: 3A1B2C3D4E: removed`,
		"3A1B2C3D4E done smtp; u@d.example delivered 250 x1"},
	{"deferred twice, once without an attempt, then delivered", `
04:00:00 postfix/pickup[9]: 3A1B2C3D4E: uid=1000 from=<a>
04:00:00 postfix/cleanup[9]: 3A1B2C3D4E: message-id=<m@c.example>
04:00:00 postfix/qmgr[1]: 3A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)
04:00:01 postfix/smtp[7]: 3A1B2C3D4E: to=<u@d.example>, ` + remote + `, dsn=4.2.0, status=deferred (host mx.d.example[192.0.2.1] said: 450 4.2.0 Greylisted (in reply to RCPT TO command))
04:10:00 postfix/qmgr[1]: 3A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)
04:10:01 postfix/error[7]: 3A1B2C3D4E: to=<u@d.example>, relay=none, delay=600, delays=600/0/0/0, dsn=4.4.1, status=deferred (delivery temporarily suspended: connect to mx.d.example[192.0.2.1]:25: Connection refused)
04:20:00 postfix/qmgr[1]: 3A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)
04:20:01 postfix/smtp[7]: 3A1B2C3D4E: to=<u@d.example>, ` + remote + `, dsn=2.0.0, status=sent (250 2.0.0 Ok)
04:20:01 postfix/qmgr[1]: 3A1B2C3D4E: removed`,
		"3A1B2C3D4E done local; u@d.example delivered 250 x2"},
	{"of an alias one member is put off until it is given up, and one until it works", `
04:00:00 postfix/pickup[9]: 3A1B2C3D4E: uid=1000 from=<a>
04:00:00 postfix/qmgr[1]: 3A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=3 (queue active)
04:00:01 postfix/local[7]: 3A1B2C3D4E: to=<u@own.example>, relay=local, delay=1, delays=0/0/0.5/0.5, dsn=4.3.0, status=deferred (temporary failure)
04:00:01 postfix/local[7]: 3A1B2C3D4E: to=<u@own.example>, relay=local, delay=1, delays=0/0/0.5/0.5, dsn=2.0.0, status=sent (delivered to command: cat)
04:00:01 postfix/local[7]: 3A1B2C3D4E: to=<v@own.example>, relay=local, delay=1, delays=0/0/0.5/0.5, dsn=2.0.0, status=sent (delivered to command: cat)
04:00:01 postfix/local[7]: 3A1B2C3D4E: to=<v@own.example>, relay=local, delay=1, delays=0/0/0.5/0.5, dsn=4.3.0, status=deferred (temporary failure)
04:00:01 postfix/local[7]: 3A1B2C3D4E: to=<w@own.example>, relay=local, delay=1, delays=0/0/0.5/0.5, dsn=4.3.0, status=deferred (temporary failure)
04:00:01 postfix/local[7]: 3A1B2C3D4E: to=<w@own.example>, relay=local, delay=1, delays=0/0/0.5/0.5, dsn=2.0.0, status=sent (delivered to command: cat)
04:00:30 postfix/qmgr[1]: 3A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=3 (queue active)
04:00:31 postfix/local[7]: 3A1B2C3D4E: to=<u@own.example>, relay=local, delay=1, delays=0/0/0.5/0.5, dsn=4.3.0, status=deferred (temporary failure)
04:00:32 postfix/local[7]: 3A1B2C3D4E: to=<u@own.example>, relay=local, delay=1, delays=0/0/0.5/0.5, dsn=2.0.0, status=sent (delivered to command: cat)
04:00:31 postfix/local[7]: 3A1B2C3D4E: to=<v@own.example>, relay=local, delay=1, delays=0/0/0.5/0.5, dsn=2.0.0, status=sent (delivered to command: cat)
04:00:32 postfix/local[7]: 3A1B2C3D4E: to=<v@own.example>, relay=local, delay=1, delays=0/0/0.5/0.5, dsn=4.3.0, status=deferred (temporary failure)
04:00:31 postfix/local[7]: 3A1B2C3D4E: to=<w@own.example>, relay=local, delay=1, delays=0/0/0.5/0.5, dsn=2.0.0, status=sent (delivered to command: cat)
04:00:31 postfix/local[7]: 3A1B2C3D4E: to=<w@own.example>, relay=local, delay=1, delays=0/0/0.5/0.5, dsn=2.0.0, status=sent (delivered to command: cat)
09:00:00 postfix/qmgr[1]: 3A1B2C3D4E: from=<a@c.example>, status=expired, returned to sender
09:00:00 postfix/qmgr[1]: 3A1B2C3D4E: removed`,
		"3A1B2C3D4E done local; u@own.example expired x4; v@own.example expired x4; w@own.example delivered x4"},
	{"expired keeps the last deferral's cause", `
04:00:00 postfix/smtpd[9]: 3A1B2C3D4E: client=c.example[192.0.2.9]
04:00:00 postfix/qmgr[1]: 3A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=2 (queue active)
04:00:01 postfix/smtp[7]: 3A1B2C3D4E: to=<u@d.example>, ` + remote + `, dsn=4.2.2, status=deferred (host mx.d.example[192.0.2.1] said: 452 4.2.2 Full (in reply to RCPT TO command))
04:00:01 postfix/smtp[7]: 3A1B2C3D4E: to=<v@d.example>, ` + remote + `, dsn=2.0.0, status=sent (250 2.0.0 Ok)
09:00:00 postfix/qmgr[1]: 3A1B2C3D4E: from=<a@c.example>, status=expired, returned to sender
09:00:00 postfix/cleanup[9]: 5A1B2C3D4E: message-id=<n@mx.example>
09:00:00 postfix/qmgr[1]: 5A1B2C3D4E: from=<>, size=100, nrcpt=1 (queue active)
09:00:00 postfix/bounce[9]: 3A1B2C3D4E: sender non-delivery notification: 5A1B2C3D4E
09:00:00 postfix/qmgr[1]: 3A1B2C3D4E: removed
09:00:01 postfix/smtp[7]: 5A1B2C3D4E: to=<a@c.example>, ` + remote + `, dsn=2.0.0, status=sent (250 2.0.0 Ok)
09:00:01 postfix/qmgr[1]: 5A1B2C3D4E: removed`,
		"3A1B2C3D4E done smtp; u@d.example expired 452 x1; v@d.example delivered 250 x1\n" +
			"5A1B2C3D4E done notification about 3A1B2C3D4E; a@c.example delivered 250 x1"},
	{"Postfix 3.11 logs the notification before its first line", `
09:00:00 postfix/bounce[9]: 3A1B2C3D4E: sender non-delivery notification: 5A1B2C3D4E
09:00:00 postfix/cleanup[9]: 5A1B2C3D4E: message-id=<n@mx.example>
09:00:00 postfix/qmgr[1]: 5A1B2C3D4E: from=<>, size=100, nrcpt=1 (queue active)
09:00:01 postfix/smtp[7]: 5A1B2C3D4E: to=<a@c.example>, ` + remote + `, tls=may, dsn=2.0.0, status=sent (250 2.0.0 Ok)
09:00:01 postfix/qmgr[1]: 5A1B2C3D4E: removed`,
		"5A1B2C3D4E done notification about 3A1B2C3D4E; a@c.example delivered 250 x1"},
	{"removed by the administrator", `
04:00:00 postfix/smtpd[9]: 3A1B2C3D4E: client=c.example[192.0.2.9]
04:00:00 postfix/qmgr[1]: 3A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)
04:00:01 postfix/smtp[7]: 3A1B2C3D4E: to=<u@d.example>, ` + remote + `, dsn=4.2.2, status=deferred (host mx.d.example[192.0.2.1] said: 452 4.2.2 Full (in reply to RCPT TO command))
05:00:00 postfix/postsuper[5]: 3A1B2C3D4E: removed`,
		"3A1B2C3D4E removed smtp; u@d.example removed 452 x1"},
	{"the same where the daemon's name is cut off: the process ID tells", `
04:00:00 postfix[1]: 3A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)
04:00:01 postfix[7]: 3A1B2C3D4E: to=<u@d.example>, ` + remote + `, dsn=4.2.2, status=deferred (host mx.d.example[192.0.2.1] said: 452 4.2.2 Full (in reply to RCPT TO command))
05:00:00 postfix[5]: 3A1B2C3D4E: removed`,
		"3A1B2C3D4E removed  opened-before; u@d.example removed 452 x1"},
	{"requeued under another queue ID", `
04:00:00 postfix/smtpd[9]: 3A1B2C3D4E: client=c.example[192.0.2.9]
04:00:00 postfix/cleanup[9]: 3A1B2C3D4E: message-id=<m@c.example>
04:00:00 postfix/qmgr[1]: 3A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)
04:00:01 postfix/smtp[7]: 3A1B2C3D4E: to=<u@d.example>, ` + remote + `, dsn=4.2.2, status=deferred (host mx.d.example[192.0.2.1] said: 452 4.2.2 Full (in reply to RCPT TO command))
05:00:00 postfix/postsuper[5]: 3A1B2C3D4E: requeued
05:00:00 postfix/pickup[9]: 6A1B2C3D4E: uid=102 from=<a@c.example> orig_id=3A1B2C3D4E
05:00:00 postfix/cleanup[9]: 6A1B2C3D4E: message-id=<m@c.example>
05:00:00 postfix/qmgr[1]: 6A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)
05:00:01 postfix/smtp[7]: 6A1B2C3D4E: to=<u@d.example>, ` + remote + `, dsn=2.0.0, status=sent (250 2.0.0 Ok)
05:00:01 postfix/qmgr[1]: 6A1B2C3D4E: removed`,
		"3A1B2C3D4E done smtp; u@d.example forwarded 452 x1 to 6A1B2C3D4E then delivered\n" +
			"6A1B2C3D4E done reinjected from 3A1B2C3D4E; u@d.example delivered 250 x1"},
	{"a requeued notice stays a notice", `
09:00:00 postfix/bounce[9]: 3A1B2C3D4E: sender non-delivery notification: 5A1B2C3D4E
09:00:00 postfix/qmgr[1]: 5A1B2C3D4E: from=<>, size=100, nrcpt=1 (queue active)
09:00:01 postfix/smtp[7]: 5A1B2C3D4E: to=<a@c.example>, ` + remote + `, dsn=4.2.2, status=deferred (host mx.d.example[192.0.2.1] said: 452 4.2.2 Full (in reply to RCPT TO command))
10:00:00 postfix/pickup[9]: 6A1B2C3D4E: uid=102 from=<> orig_id=5A1B2C3D4E
10:00:00 postfix/qmgr[1]: 6A1B2C3D4E: from=<>, size=100, nrcpt=1 (queue active)
10:00:01 postfix/smtp[7]: 6A1B2C3D4E: to=<a@c.example>, ` + remote + `, dsn=2.0.0, status=sent (250 2.0.0 Ok)
10:00:01 postfix/qmgr[1]: 6A1B2C3D4E: removed`,
		"5A1B2C3D4E done notification about 3A1B2C3D4E; a@c.example forwarded 452 x1 to 6A1B2C3D4E then delivered\n" +
			"6A1B2C3D4E done notification from 5A1B2C3D4E about 3A1B2C3D4E; a@c.example delivered 250 x1"},
	{"through a content filter", `
04:00:00 postfix/smtpd[9]: 3A1B2C3D4E: client=c.example[192.0.2.9]
04:00:00 postfix/cleanup[9]: 3A1B2C3D4E: message-id=<m@c.example>
04:00:00 postfix/qmgr[1]: 3A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)
04:00:01 postfix/smtpd[9]: 7A1B2C3D4E: client=localhost[127.0.0.1]
04:00:01 postfix/cleanup[9]: 7A1B2C3D4E: message-id=<m@c.example>
04:00:01 postfix/smtp[7]: 3A1B2C3D4E: to=<u@d.example>, relay=127.0.0.1[127.0.0.1]:10024, delay=1, delays=0/0/0.5/0.5, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 7A1B2C3D4E)
04:00:01 postfix/qmgr[1]: 3A1B2C3D4E: removed
04:00:01 postfix/qmgr[1]: 7A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)
04:00:02 postfix/smtp[7]: 7A1B2C3D4E: to=<u@d.example>, ` + remote + `, dsn=5.1.1, status=bounced (host mx.d.example[192.0.2.1] said: 550 5.1.1 no (in reply to RCPT TO command))
04:00:02 postfix/qmgr[1]: 7A1B2C3D4E: removed`,
		"3A1B2C3D4E done smtp; u@d.example forwarded 250 x1 to 7A1B2C3D4E then bounced\n" +
			"7A1B2C3D4E done reinjected from 3A1B2C3D4E; u@d.example bounced 550 x1"},
	{"an alias forwards", `
04:00:00 postfix/smtpd[9]: 3A1B2C3D4E: client=c.example[192.0.2.9]
04:00:00 postfix/cleanup[9]: 3A1B2C3D4E: message-id=<m@c.example>
04:00:00 postfix/qmgr[1]: 3A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)
04:00:01 postfix/cleanup[9]: 7A1B2C3D4E: message-id=<m@c.example>
04:00:01 postfix/qmgr[1]: 7A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)
04:00:01 postfix/local[7]: 3A1B2C3D4E: to=<bob@own.example>, relay=local, delay=1, delays=0/0/0.5/0.5, dsn=2.0.0, status=sent (forwarded as 7A1B2C3D4E)
04:00:01 postfix/qmgr[1]: 3A1B2C3D4E: removed
04:00:02 postfix/smtp[7]: 7A1B2C3D4E: to=<u@d.example>, orig_to=<bob@own.example>, ` + remote + `, dsn=2.0.0, status=sent (250 2.0.0 Ok)
04:00:02 postfix/qmgr[1]: 7A1B2C3D4E: removed`,
		"3A1B2C3D4E done smtp; bob@own.example forwarded x1 to 7A1B2C3D4E then delivered\n" +
			"7A1B2C3D4E done forwarded from 3A1B2C3D4E; u@d.example (bob@own.example) delivered 250 x1"},
	{"an alias's commands, of which one failed: so did the recipient, in either order", `
04:00:00 postfix/pickup[9]: 3A1B2C3D4E: uid=0 from=<a@own.example>
04:00:00 postfix/qmgr[1]: 3A1B2C3D4E: from=<a@own.example>, size=100, nrcpt=3 (queue active)
04:00:01 postfix/local[7]: 3A1B2C3D4E: to=<u@own.example>, relay=local, delay=1, delays=0/0/0.5/0.5, dsn=5.1.1, status=bounced (user unknown)
04:00:02 postfix/local[7]: 3A1B2C3D4E: to=<u@own.example>, relay=local, delay=2, delays=0/0/0.5/0.5, dsn=2.0.0, status=sent (delivered to command: cat)
04:00:01 postfix/local[7]: 3A1B2C3D4E: to=<v@own.example>, relay=local, delay=1, delays=0/0/0.5/0.5, dsn=2.0.0, status=sent (delivered to command: cat)
04:00:02 postfix/local[7]: 3A1B2C3D4E: to=<v@own.example>, relay=local, delay=2, delays=0/0/0.5/0.5, dsn=5.1.1, status=bounced (user unknown)
04:00:01 postfix/local[7]: 3A1B2C3D4E: to=<w@own.example>, relay=local, delay=1, delays=0/0/0.5/0.5, dsn=5.7.1, status=bounced (mail to command is restricted)
04:00:01 postfix/cleanup[9]: 7A1B2C3D4E: message-id=<m@own.example>
04:00:02 postfix/local[7]: 3A1B2C3D4E: to=<w@own.example>, relay=local, delay=2, delays=0/0/0.5/0.5, dsn=2.0.0, status=sent (forwarded as 7A1B2C3D4E)
04:00:02 postfix/qmgr[1]: 3A1B2C3D4E: removed
04:00:02 postfix/qmgr[1]: 7A1B2C3D4E: from=<a@own.example>, size=100, nrcpt=1 (queue active)
04:00:02 postfix/local[7]: 7A1B2C3D4E: to=<x@own.example>, orig_to=<w@own.example>, relay=local, delay=1, delays=0/0/0.5/0.5, dsn=2.0.0, status=sent (delivered to mailbox)
04:00:02 postfix/qmgr[1]: 7A1B2C3D4E: removed`,
		"3A1B2C3D4E done local; u@own.example bounced x2; v@own.example bounced x2; w@own.example bounced x2\n" +
			"7A1B2C3D4E done forwarded from 3A1B2C3D4E; x@own.example (w@own.example) delivered x1"},
	{"forwarded to an ID that is not in the input: delivered, as far as it tells", `
04:00:01 postfix/local[7]: 3A1B2C3D4E: to=<bob@own.example>, relay=local, delay=1, delays=0/0/0.5/0.5, dsn=2.0.0, status=sent (forwarded as 7A1B2C3D4E)
04:00:01 postfix/qmgr[1]: 3A1B2C3D4E: removed`,
		"3A1B2C3D4E done  opened-before; bob@own.example delivered x1"},
	{"refused by a milter after the end of data", `
04:00:00 postfix/smtpd[9]: 3A1B2C3D4E: client=c.example[192.0.2.9]
04:00:00 postfix/cleanup[9]: 3A1B2C3D4E: message-id=<m@c.example>
04:00:00 postfix/cleanup[9]: 3A1B2C3D4E: milter-reject: END-OF-MESSAGE from c.example[192.0.2.9]: 5.7.1 no; from=<a@c.example> to=<u@own.example> proto=ESMTP helo=<c.example>`,
		"3A1B2C3D4E rejected smtp; u@own.example rejected x0"},
	{"Postfix 3.10 says at once that a client has given up", `
04:00:00 postfix/smtpd[9]: 3A1B2C3D4E: client=c.example[192.0.2.9]
04:00:00 postfix/smtpd[9]: 3A1B2C3D4E: hold: RCPT from c.example[192.0.2.9]: <u@d.example>: Recipient address triggers HOLD action; from=<a@c.example> to=<u@d.example> proto=ESMTP helo=<c.example>
04:00:00 postfix/smtpd[9]: 3A1B2C3D4E: lost connection after RCPT from c.example[192.0.2.9]
04:00:00 postfix/cleanup[9]: 3A1B2C3D4E: removed (canceled)`,
		"3A1B2C3D4E lost smtp"},
	{"the same where the daemon's name is cut off", `
04:00:00 postfix[1]: 5A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)
04:00:00 postfix[9]: 3A1B2C3D4E: client=c.example[192.0.2.9]
04:00:00 postfix[9]: 3A1B2C3D4E: hold: RCPT from c.example[192.0.2.9]: <u@d.example>: Recipient address triggers HOLD action; from=<a@c.example> to=<u@d.example> proto=ESMTP helo=<c.example>
04:00:00 postfix[9]: 3A1B2C3D4E: removed (canceled)`,
		"3A1B2C3D4E lost smtp\n5A1B2C3D4E queued  opened-before"},
	{"or that it was refused", `
04:00:00 postfix/smtpd[9]: 3A1B2C3D4E: client=c.example[192.0.2.9]
04:00:00 postfix/cleanup[9]: 3A1B2C3D4E: reject: header X-H: rej from c.example[192.0.2.9]; from=<a@c.example> to=<u@own.example> proto=ESMTP helo=<c.example>: 5.7.1 message content rejected
04:00:00 postfix/cleanup[9]: 3A1B2C3D4E: removed (canceled)`,
		"3A1B2C3D4E rejected smtp; u@own.example rejected x0"},
	{"or that it is not delivered: a header of local mail is refused with a bounce", `
04:00:00 postfix/pickup[9]: 3A1B2C3D4E: uid=0 from=<a@own.example>
04:00:00 postfix/cleanup[9]: 3A1B2C3D4E: message-id=<m@own.example>
04:00:00 postfix/cleanup[9]: 3A1B2C3D4E: to=<u@own.example>, relay=none, delay=0.01, delays=0.01/0/0/0, dsn=5.7.1, status=bounced (message content rejected)
04:00:00 postfix/bounce[9]: 3A1B2C3D4E: sender non-delivery notification: 5A1B2C3D4E
04:00:00 postfix/cleanup[9]: 3A1B2C3D4E: removed (discarded)`,
		"3A1B2C3D4E done local; u@own.example bounced x1\n5A1B2C3D4E queued notification about 3A1B2C3D4E"},
	{"a short ID used again after removed", `
04:00:00 postfix/smtpd[9]: 3A1B2C3D4E: client=c.example[192.0.2.9]
04:00:00 postfix/qmgr[1]: 3A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)
04:00:01 postfix/smtp[7]: 3A1B2C3D4E: to=<u@d.example>, ` + remote + `, dsn=2.0.0, status=sent (250 2.0.0 Ok)
04:00:01 postfix/qmgr[1]: 3A1B2C3D4E: removed
04:00:02 postfix/smtpd[9]: 3A1B2C3D4E: client=x.example[192.0.2.8]
04:00:02 postfix/qmgr[1]: 3A1B2C3D4E: from=<b@x.example>, size=100, nrcpt=1 (queue active)
04:00:03 postfix/smtp[7]: 3A1B2C3D4E: to=<w@d.example>, ` + remote + `, dsn=2.0.0, status=sent (250 2.0.0 Ok)
04:00:03 postfix/qmgr[1]: 3A1B2C3D4E: removed`,
		"3A1B2C3D4E done smtp; u@d.example delivered 250 x1\n3A1B2C3D4E done smtp; w@d.example delivered 250 x1"},
	{"and used again though its end was not logged: the old recipients are lost", `
04:00:00 postfix/smtpd[9]: 3A1B2C3D4E: client=c.example[192.0.2.9]
04:00:00 postfix/qmgr[1]: 3A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)
04:00:01 postfix/smtp[7]: 3A1B2C3D4E: to=<u@d.example>, ` + remote + `, dsn=4.2.2, status=deferred (host mx.d.example[192.0.2.1] said: 452 4.2.2 Full (in reply to RCPT TO command))
05:00:02 postfix/smtpd[9]: 3A1B2C3D4E: client=x.example[192.0.2.8]
05:00:02 postfix/qmgr[1]: 3A1B2C3D4E: from=<b@x.example>, size=100, nrcpt=2 (queue active)`,
		"3A1B2C3D4E lost smtp; u@d.example lost 452 x1\n3A1B2C3D4E queued smtp unseen=2"},
	{"a delivery logged after removed", `
04:00:00 postfix/smtpd[9]: 3A1B2C3D4E: client=c.example[192.0.2.9]
04:00:00 postfix/qmgr[1]: 3A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)
04:00:01 postfix/qmgr[1]: 3A1B2C3D4E: removed
04:00:01 postfix/smtp[7]: 3A1B2C3D4E: to=<u@d.example>, ` + remote + `, dsn=2.0.0, status=sent (250 2.0.0 Ok)`,
		"3A1B2C3D4E done smtp; u@d.example delivered 250 x1"},
	{"two instances with one ID", `
04:00:00 postfix/smtpd[9]: 3A1B2C3D4E: client=c.example[192.0.2.9]
04:00:00 postfix/qmgr[1]: 3A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)
04:00:00 postfix-out/smtpd[9]: 3A1B2C3D4E: client=x.example[192.0.2.8]
04:00:00 postfix-out/qmgr[1]: 3A1B2C3D4E: from=<b@x.example>, size=100, nrcpt=1 (queue active)
04:00:01 postfix-out/smtp[7]: 3A1B2C3D4E: to=<w@d.example>, ` + remote + `, dsn=2.0.0, status=sent (250 2.0.0 Ok)
04:00:01 postfix-out/qmgr[1]: 3A1B2C3D4E: removed
04:00:02 postfix/smtp[7]: 3A1B2C3D4E: to=<u@d.example>, ` + remote + `, dsn=2.0.0, status=sent (250 2.0.0 Ok)
04:00:02 postfix/qmgr[1]: 3A1B2C3D4E: removed`,
		"3A1B2C3D4E done smtp; w@d.example delivered 250 x1\n3A1B2C3D4E done smtp; u@d.example delivered 250 x1"},
	{"a transport that logs under a name of its own", `
04:00:00 postfix/smtpd[9]: 3A1B2C3D4E: client=c.example[192.0.2.9]
04:00:00 postfix/qmgr[1]: 3A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)
04:00:01 postfix-bulk/smtp[7]: 3A1B2C3D4E: to=<u@d.example>, ` + remote + `, dsn=2.0.0, status=sent (250 2.0.0 Ok)
04:00:01 postfix/qmgr[1]: 3A1B2C3D4E: removed`,
		"3A1B2C3D4E done smtp; u@d.example delivered 250 x1"},
	{"removed with a recipient that was never logged", `
04:00:00 postfix/smtpd[9]: 3A1B2C3D4E: client=c.example[192.0.2.9]
04:00:00 postfix/qmgr[1]: 3A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=2 (queue active)
04:00:01 postfix/smtp[7]: 3A1B2C3D4E: to=<u@d.example>, ` + remote + `, dsn=2.0.0, status=sent (250 2.0.0 Ok)
04:00:01 postfix/qmgr[1]: 3A1B2C3D4E: removed`,
		"3A1B2C3D4E done smtp unseen=1; u@d.example delivered 250 x1"},
	{"the last MX's silence gets no code of another host", `
04:00:00 postfix/smtpd[9]: 3A1B2C3D4E: client=c.example[192.0.2.9]
04:00:01 postfix/smtp[7]: 3A1B2C3D4E: host mx1.d.example[192.0.2.1] said: 450 4.7.1 later (in reply to RCPT TO command)
04:00:01 postfix/smtp[7]: 3A1B2C3D4E: to=<u@d.example>, relay=mx2.d.example[192.0.2.2]:25, delay=1, delays=0/0/0.5/0.5, dsn=4.4.2, status=deferred (lost connection with mx2.d.example[192.0.2.2] while sending RCPT TO)`,
		"3A1B2C3D4E queued smtp; u@d.example deferred x1"},
	{"what Postfix decides by itself gets no code of a host's answer just before", `
04:00:00 postfix/smtpd[9]: 3A1B2C3D4E: client=c.example[192.0.2.9]
04:00:01 postfix/smtp[7]: 3A1B2C3D4E: host mx.d.example[192.0.2.1] said: 450 4.7.1 later (in reply to RCPT TO command)
04:00:01 postfix/error[8]: 3A1B2C3D4E: to=<u@d.example>, relay=none, delay=1, delays=1/0/0/0, dsn=5.1.1, status=bounced (User unknown in virtual alias table)
04:00:02 postfix/smtp[7]: 3A1B2C3D4E: to=<v@d.example>, relay=mx.d.example[192.0.2.1]:25, delay=2, delays=1/0/1/0, dsn=5.3.4, status=bounced (message size 200 exceeds size limit 100 of server mx.d.example[192.0.2.1])`,
		"3A1B2C3D4E queued smtp; u@d.example bounced x1; v@d.example bounced x1"},
	{"held, released, delivered", `
04:00:00 postfix/smtpd[9]: 3A1B2C3D4E: client=c.example[192.0.2.9]
04:00:00 postfix/cleanup[9]: 3A1B2C3D4E: hold: header X-Hold: yes from c.example[192.0.2.9]; from=<a@c.example> to=<u@d.example> proto=ESMTP helo=<c.example>
04:00:00 postfix/cleanup[9]: 3A1B2C3D4E: message-id=<m@c.example>
05:00:00 postfix/postsuper[9]: 3A1B2C3D4E: released from hold
05:00:00 postfix/qmgr[1]: 3A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)
05:00:01 postfix/smtp[7]: 3A1B2C3D4E: to=<u@d.example>, ` + remote + `, dsn=2.0.0, status=sent (250 2.0.0 Ok)
05:00:01 postfix/qmgr[1]: 3A1B2C3D4E: removed`,
		"3A1B2C3D4E done smtp; u@d.example delivered 250 x1"},
	{"held by a rule that smtpd applied before there was a queue ID", `
04:00:00 postfix/smtpd[9]: NOQUEUE: hold: RCPT from c.example[192.0.2.9]: <a@c.example>: Sender address by sender; from=<a@c.example> to=<u@d.example> proto=ESMTP helo=<c.example>
04:00:00 postfix/smtpd[8]: 4A1B2C3D4E: client=x.example[192.0.2.8]
04:00:00 postfix/smtpd[9]: 3A1B2C3D4E: client=c.example[192.0.2.9]
04:00:00 postfix/cleanup[9]: 3A1B2C3D4E: message-id=<m@c.example>
06:00:00 postfix/anvil[9]: statistics: max cache size 1 at Nov  3 05:00:00`,
		"4A1B2C3D4E lost smtp\n3A1B2C3D4E held smtp; u@d.example  x0"},
	{"a recipient who is refused after the hold is none of the message's", `
04:00:00 postfix/smtpd[9]: NOQUEUE: hold: RCPT from c.example[192.0.2.9]: <w@d.example>: Recipient address triggers HOLD action; from=<a@c.example> to=<w@d.example> proto=ESMTP helo=<c.example>
04:00:00 postfix/smtpd[9]: NOQUEUE: hold: RCPT from c.example[192.0.2.9]: <x@d.example>: Recipient address triggers HOLD action; from=<a@c.example> to=<x@d.example> proto=ESMTP helo=<c.example>
04:00:00 postfix/smtpd[9]: NOQUEUE: reject: RCPT from c.example[192.0.2.9]: 550 5.1.1 <x@d.example>: Recipient address rejected: User unknown; from=<a@c.example> to=<x@d.example> proto=ESMTP helo=<c.example>
04:00:00 postfix/smtpd[9]: 3A1B2C3D4E: client=c.example[192.0.2.9]
04:00:00 postfix/smtpd[8]: 4A1B2C3D4E: client=c.example[192.0.2.9]
04:00:00 postfix/smtpd[8]: 4A1B2C3D4E: hold: RCPT from c.example[192.0.2.9]: <x@d.example>: Recipient address triggers HOLD action; from=<a@c.example> to=<x@d.example> proto=ESMTP helo=<c.example>
04:00:00 postfix/smtpd[8]: 4A1B2C3D4E: reject: RCPT from c.example[192.0.2.9]: 550 5.1.1 <x@d.example>: Recipient address rejected: User unknown; from=<a@c.example> to=<x@d.example> proto=ESMTP helo=<c.example>`,
		"3A1B2C3D4E held smtp; w@d.example  x0\n4A1B2C3D4E held smtp"},
	{"discarded in the same way", `
04:00:00 postfix/smtpd[9]: NOQUEUE: discard: RCPT from c.example[192.0.2.9]: <u@d.example>: Recipient address by recipient; from=<a@c.example> to=<u@d.example> proto=ESMTP helo=<c.example>
04:00:00 postfix/smtpd[9]: 3A1B2C3D4E: client=c.example[192.0.2.9]
04:00:00 postfix/cleanup[9]: 3A1B2C3D4E: message-id=<m@c.example>`,
		"3A1B2C3D4E done smtp; u@d.example discarded x0"},
	{"local mail discarded by a header check", `
04:00:00 postfix/pickup[9]: 3A1B2C3D4E: uid=0 from=<a@own.example>
04:00:00 postfix/cleanup[9]: 3A1B2C3D4E: discard: header X-H: dis from local; from=<a@own.example> to=<u@d.example>`,
		"3A1B2C3D4E done local; u@d.example discarded x0"},
	{"redirected: qmgr counts the recipients that were replaced", `
04:00:00 postfix/smtpd[9]: 3A1B2C3D4E: client=c.example[192.0.2.9]
04:00:00 postfix/smtpd[9]: 3A1B2C3D4E: redirect: RCPT from c.example[192.0.2.9]: <v@own.example>: Recipient address triggers REDIRECT w@own.example; from=<a@c.example> to=<v@own.example> proto=ESMTP helo=<c.example>
04:00:00 postfix/qmgr[1]: 3A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=3 (queue active)
04:00:01 postfix/local[7]: 3A1B2C3D4E: to=<w@own.example>, orig_to=<u@own.example>, relay=local, delay=1, delays=0/0/0.5/0.5, dsn=2.0.0, status=sent (delivered to mailbox)
04:00:01 postfix/qmgr[1]: 3A1B2C3D4E: removed
04:00:02 postfix/smtpd[8]: NOQUEUE: hold: RCPT from c.example[192.0.2.9]: <u@own.example>: Recipient address triggers HOLD action; from=<a@c.example> to=<u@own.example> proto=ESMTP helo=<c.example>
04:00:02 postfix/smtpd[8]: NOQUEUE: redirect: RCPT from c.example[192.0.2.9]: <u@own.example>: Recipient address triggers REDIRECT w@own.example; from=<a@c.example> to=<u@own.example> proto=ESMTP helo=<c.example>
04:00:02 postfix/smtpd[8]: 4A1B2C3D4E: client=c.example[192.0.2.9]
04:00:02 postfix/smtpd[9]: NOQUEUE: redirect: RCPT from c.example[192.0.2.9]: <u@own.example>: Recipient address triggers REDIRECT w@own.example; from=<a@c.example> to=<u@own.example> proto=ESMTP helo=<c.example>
04:00:02 postfix/smtpd[9]: 5A1B2C3D4E: client=c.example[192.0.2.9]
04:00:02 postfix/qmgr[1]: 5A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=2 (queue active)
04:00:03 postfix/qmgr[1]: 5A1B2C3D4E: removed`,
		"3A1B2C3D4E done smtp; w@own.example (u@own.example) delivered x1\n5A1B2C3D4E done smtp unseen=1\n4A1B2C3D4E held smtp; u@own.example  x0"},
	{"too big: smtpd logs no more than a warning", `
04:00:00 postfix/smtpd[9]: 3A1B2C3D4E: client=c.example[192.0.2.9]
04:00:00 postfix/cleanup[9]: 3A1B2C3D4E: message-id=<m@c.example>
04:00:00 postfix/smtpd[9]: warning: 3A1B2C3D4E: queue file size limit exceeded`,
		"3A1B2C3D4E rejected smtp"},
	{"a filter on another host: it gives back what it was given", `
04:00:00 postfix/smtpd[9]: 3A1B2C3D4E: client=c.example[192.0.2.9]
04:00:00 postfix/cleanup[9]: 3A1B2C3D4E: message-id=<m@c.example>
04:00:00 postfix/qmgr[1]: 3A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)
04:00:01 postfix/smtpd[9]: 7A1B2C3D4E: client=filter.own.example[10.0.0.5]
04:00:01 postfix/cleanup[9]: 7A1B2C3D4E: message-id=<m@c.example>
04:00:01 postfix/smtp[7]: 3A1B2C3D4E: to=<u@d.example>, relay=filter.own.example[10.0.0.5]:10024, delay=1, delays=0/0/0.5/0.5, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[10.0.0.1]:10025): 250 2.0.0 Ok: queued as 7A1B2C3D4E)
04:00:01 postfix/qmgr[1]: 3A1B2C3D4E: removed
04:00:01 postfix/qmgr[1]: 7A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)
04:00:02 postfix/smtp[7]: 7A1B2C3D4E: to=<u@d.example>, ` + remote + `, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 8A1B2C3D4E)
04:00:02 postfix/qmgr[1]: 7A1B2C3D4E: removed`,
		"3A1B2C3D4E done smtp; u@d.example forwarded 250 x1 to 7A1B2C3D4E then delivered\n" +
			"7A1B2C3D4E done reinjected from 3A1B2C3D4E; u@d.example delivered 250 x1"},
	{"the next host's queue ID is one of ours by chance: another message", `
04:00:00 postfix/smtpd[9]: 7A1B2C3D4E: client=localhost[127.0.0.1]
04:00:00 postfix/cleanup[9]: 7A1B2C3D4E: message-id=<other@c.example>
04:00:00 postfix/smtpd[9]: 3A1B2C3D4E: client=c.example[192.0.2.9]
04:00:00 postfix/cleanup[9]: 3A1B2C3D4E: message-id=<m@c.example>
04:00:00 postfix/qmgr[1]: 3A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)
04:00:01 postfix/smtp[7]: 3A1B2C3D4E: to=<u@d.example>, ` + remote + `, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 7A1B2C3D4E)
04:00:01 postfix/qmgr[1]: 3A1B2C3D4E: removed
04:00:01 postfix/qmgr[1]: 7A1B2C3D4E: from=<b@c.example>, size=100, nrcpt=1 (queue active)`,
		"3A1B2C3D4E done smtp; u@d.example delivered 250 x1\n7A1B2C3D4E queued smtp unseen=1"},
	{"a filter makes two messages of one and names the last", `
04:00:00 postfix/smtpd[9]: 3A1B2C3D4E: client=c.example[192.0.2.9]
04:00:00 postfix/cleanup[9]: 3A1B2C3D4E: message-id=<m@c.example>
04:00:00 postfix/qmgr[1]: 3A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=2 (queue active)
04:00:01 postfix/smtpd[9]: 7A1B2C3D4E: client=localhost[127.0.0.1], orig_queue_id=3A1B2C3D4E, orig_client=c.example[192.0.2.9]
04:00:01 postfix/cleanup[9]: 7A1B2C3D4E: message-id=<m@c.example>
04:00:01 postfix/smtpd[9]: 8A1B2C3D4E: client=localhost[127.0.0.1], orig_queue_id=3A1B2C3D4E, orig_client=c.example[192.0.2.9]
04:00:01 postfix/cleanup[9]: 8A1B2C3D4E: message-id=<m@c.example>
04:00:01 postfix/smtp[7]: 3A1B2C3D4E: to=<u@d.example>, relay=127.0.0.1[127.0.0.1]:10024, delay=1, delays=0/0/0.5/0.5, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 8A1B2C3D4E)
04:00:01 postfix/smtp[7]: 3A1B2C3D4E: to=<v@d.example>, relay=127.0.0.1[127.0.0.1]:10024, delay=1, delays=0/0/0.5/0.5, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 8A1B2C3D4E)
04:00:01 postfix/qmgr[1]: 3A1B2C3D4E: removed
04:00:01 postfix/qmgr[1]: 7A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)
04:00:01 postfix/qmgr[1]: 8A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)
04:00:02 postfix/smtp[7]: 7A1B2C3D4E: to=<u@d.example>, ` + remote + `, dsn=5.1.1, status=bounced (host mx.d.example[192.0.2.1] said: 550 5.1.1 no (in reply to RCPT TO command))
04:00:02 postfix/smtp[7]: 8A1B2C3D4E: to=<v@d.example>, ` + remote + `, dsn=2.0.0, status=sent (250 2.0.0 Ok)
04:00:03 postfix/qmgr[1]: 7A1B2C3D4E: removed
04:00:03 postfix/qmgr[1]: 8A1B2C3D4E: removed`,
		"3A1B2C3D4E done smtp; u@d.example forwarded 250 x1 to 7A1B2C3D4E then bounced; v@d.example forwarded 250 x1 to 8A1B2C3D4E then delivered\n" +
			"7A1B2C3D4E done reinjected from 3A1B2C3D4E; u@d.example bounced 550 x1\n" +
			"8A1B2C3D4E done reinjected from 3A1B2C3D4E; v@d.example delivered 250 x1"},
	{"a filter that tells no queue ID but passes ours on, and gives back later", `
04:00:00 postfix/smtpd[9]: 3A1B2C3D4E: client=c.example[192.0.2.9]
04:00:00 postfix/cleanup[9]: 3A1B2C3D4E: message-id=<m@c.example>
04:00:00 postfix/qmgr[1]: 3A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)
04:00:01 postfix/smtp[7]: 3A1B2C3D4E: to=<u@d.example>, relay=127.0.0.1[127.0.0.1]:10024, delay=1, delays=0/0/0.5/0.5, dsn=2.0.0, status=sent (250 Accepted)
04:00:01 postfix/qmgr[1]: 3A1B2C3D4E: removed
04:00:05 postfix/smtpd[9]: 7A1B2C3D4E: client=localhost[127.0.0.1], orig_queue_id=3A1B2C3D4E, orig_client=c.example[192.0.2.9]
04:00:05 postfix/cleanup[9]: 7A1B2C3D4E: message-id=<m@c.example>
04:00:05 postfix/qmgr[1]: 7A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)
04:00:06 postfix/smtp[7]: 7A1B2C3D4E: to=<u@d.example>, ` + remote + `, dsn=2.0.0, status=sent (250 2.0.0 Ok)
04:00:06 postfix/qmgr[1]: 7A1B2C3D4E: removed`,
		"3A1B2C3D4E done smtp; u@d.example forwarded 250 x1 to 7A1B2C3D4E then delivered\n" +
			"7A1B2C3D4E done reinjected from 3A1B2C3D4E; u@d.example delivered 250 x1"},
	{"an orig_queue_id of another host is no hop of ours", `
04:00:05 postfix/smtpd[9]: 7A1B2C3D4E: client=front.own.example[10.0.0.7], orig_queue_id=3A1B2C3D4E, orig_client=c.example[192.0.2.9]
04:00:05 postfix/cleanup[9]: 7A1B2C3D4E: message-id=<m@c.example>
04:00:05 postfix/qmgr[1]: 7A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)
04:00:06 postfix/smtp[7]: 7A1B2C3D4E: to=<u@d.example>, ` + remote + `, dsn=2.0.0, status=sent (250 2.0.0 Ok)
04:00:06 postfix/qmgr[1]: 7A1B2C3D4E: removed`,
		"7A1B2C3D4E done smtp from 3A1B2C3D4E; u@d.example delivered 250 x1"},
	{"a before-queue filter: no hop, the message is the client's", `
04:00:00 postfix/smtpd[9]: NOQUEUE: client=c.example[192.0.2.9]
04:00:01 postfix/smtpd[8]: 7A1B2C3D4E: client=localhost[127.0.0.1], orig_client=c.example[192.0.2.9]
04:00:01 postfix/cleanup[9]: 7A1B2C3D4E: message-id=<m@c.example>
04:00:01 postfix/smtpd[9]: proxy-accept: END-OF-MESSAGE: 250 2.0.0 Ok: queued as 7A1B2C3D4E; from=<a@c.example> to=<u@d.example> proto=ESMTP helo=<c.example>
04:00:01 postfix/qmgr[1]: 7A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)
04:00:02 postfix/lmtp[7]: 7A1B2C3D4E: to=<u@d.example>, relay=mx[private/dovecot-lmtp], delay=1, delays=0/0/0.5/0.5, dsn=2.0.0, status=sent (250 2.0.0 <u@d.example> hh4tC2vL Saved)
04:00:02 postfix/qmgr[1]: 7A1B2C3D4E: removed`,
		"7A1B2C3D4E done smtp; u@d.example delivered 250 x1"},
	{"always_bcc names a recipient again, who gets two copies; another one's line is lost", `
04:00:00 postfix/smtpd[9]: 3A1B2C3D4E: client=c.example[192.0.2.9]
04:00:00 postfix/qmgr[1]: 3A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=2 (queue active)
04:00:00 postfix/smtpd[9]: 4A1B2C3D4E: client=c.example[192.0.2.9]
04:00:00 postfix/qmgr[1]: 4A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=3 (queue active)
04:00:01 postfix/smtp[7]: 3A1B2C3D4E: to=<u@d.example>, ` + remote + `, dsn=2.0.0, status=sent (250 2.0.0 Ok)
04:00:01 postfix/smtp[7]: 3A1B2C3D4E: to=<u@d.example>, ` + remote + `, dsn=2.0.0, status=sent (250 2.0.0 Ok)
04:00:01 postfix/smtp[7]: 4A1B2C3D4E: to=<u@d.example>, ` + remote + `, dsn=5.1.1, status=bounced (host mx.d.example[192.0.2.1] said: 550 5.1.1 no (in reply to RCPT TO command))
04:00:01 postfix/smtp[7]: 4A1B2C3D4E: to=<u@d.example>, ` + remote + `, dsn=5.1.1, status=bounced (host mx.d.example[192.0.2.1] said: 550 5.1.1 no (in reply to RCPT TO command))
04:00:01 postfix/qmgr[1]: 3A1B2C3D4E: removed
04:00:01 postfix/qmgr[1]: 4A1B2C3D4E: removed`,
		"3A1B2C3D4E done smtp; u@d.example delivered 250 x2\n" +
			"4A1B2C3D4E done smtp unseen=1; u@d.example bounced 550 x2"},
	{"thrown away by the filter", `
04:00:00 postfix/smtpd[9]: 3A1B2C3D4E: client=c.example[192.0.2.9]
04:00:00 postfix/qmgr[1]: 3A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)
04:00:01 postfix/smtp[7]: 3A1B2C3D4E: to=<u@d.example>, relay=127.0.0.1[127.0.0.1]:10024, delay=1, delays=0/0/0.5/0.5, dsn=2.7.0, status=sent (250 2.7.0 Ok, discarded, id=00001-01 - INFECTED: Eicar)
04:00:01 postfix/qmgr[1]: 3A1B2C3D4E: removed`,
		"3A1B2C3D4E done smtp; u@d.example discarded 250 x1"},
	{"a notice that goes through the filter stays a notice", `
09:00:00 postfix/cleanup[9]: 5A1B2C3D4E: message-id=<n@mx.example>
09:00:00 postfix/qmgr[1]: 5A1B2C3D4E: from=<>, size=100, nrcpt=1 (queue active)
09:00:00 postfix/bounce[9]: 3A1B2C3D4E: sender non-delivery notification: 5A1B2C3D4E
09:00:01 postfix/smtpd[9]: 7A1B2C3D4E: client=localhost[127.0.0.1]
09:00:01 postfix/cleanup[9]: 7A1B2C3D4E: message-id=<n@mx.example>
09:00:01 postfix/qmgr[1]: 7A1B2C3D4E: from=<>, size=100, nrcpt=1 (queue active)
09:00:01 postfix/smtp[7]: 5A1B2C3D4E: to=<a@c.example>, relay=127.0.0.1[127.0.0.1]:10024, delay=1, delays=0/0/0.5/0.5, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 7A1B2C3D4E)
09:00:01 postfix/qmgr[1]: 5A1B2C3D4E: removed
09:00:02 postfix/smtp[7]: 7A1B2C3D4E: to=<a@c.example>, ` + remote + `, dsn=2.0.0, status=sent (250 2.0.0 Ok)
09:00:02 postfix/qmgr[1]: 7A1B2C3D4E: removed`,
		"5A1B2C3D4E done notification about 3A1B2C3D4E; a@c.example forwarded 250 x1 to 7A1B2C3D4E then delivered\n" +
			"7A1B2C3D4E done notification from 5A1B2C3D4E about 3A1B2C3D4E; a@c.example delivered 250 x1"},
	{"a stranger's bounce is mail", `
09:00:00 postfix/smtpd[9]: 5A1B2C3D4E: client=c.example[192.0.2.9]
09:00:00 postfix/cleanup[9]: 5A1B2C3D4E: message-id=<n@c.example>
09:00:00 postfix/qmgr[1]: 5A1B2C3D4E: from=<>, size=100, nrcpt=1 (queue active)
09:00:01 postfix/local[7]: 5A1B2C3D4E: to=<a@own.example>, relay=local, delay=1, delays=0/0/0.5/0.5, dsn=2.0.0, status=sent (delivered to mailbox)
09:00:02 postfix/qmgr[1]: 5A1B2C3D4E: removed`,
		"5A1B2C3D4E done smtp; a@own.example delivered x1"},
	{"a double bounce, and a notice to the postmaster about a refused client", `
09:00:00 postfix/qmgr[1]: 5A1B2C3D4E: from=<>, size=100, nrcpt=1 (queue active)
09:00:01 postfix/smtp[7]: 5A1B2C3D4E: to=<a@c.example>, ` + remote + `, dsn=5.1.1, status=bounced (host mx.d.example[192.0.2.1] said: 550 5.1.1 no (in reply to RCPT TO command))
09:00:01 postfix/cleanup[9]: 6A1B2C3D4E: message-id=<n@mx.example>
09:00:01 postfix/qmgr[1]: 6A1B2C3D4E: from=<double-bounce@mx.example>, size=100, nrcpt=1 (queue active)
09:00:01 postfix/bounce[9]: 5A1B2C3D4E: postmaster non-delivery notification: 6A1B2C3D4E
09:00:01 postfix/qmgr[1]: 5A1B2C3D4E: removed
09:00:01 postfix/local[7]: 6A1B2C3D4E: to=<root@own.example>, orig_to=<postmaster>, relay=local, delay=1, delays=0/0/0.5/0.5, dsn=2.0.0, status=sent (delivered to mailbox)
09:00:01 postfix/qmgr[1]: 6A1B2C3D4E: removed
09:00:02 postfix/cleanup[9]: 7A1B2C3D4E: message-id=<o@mx.example>
09:00:02 postfix/qmgr[1]: 7A1B2C3D4E: from=<double-bounce@mx.example>, size=100, nrcpt=1 (queue active)
09:00:02 postfix/local[7]: 7A1B2C3D4E: to=<root@own.example>, orig_to=<postmaster>, relay=local, delay=1, delays=0/0/0.5/0.5, dsn=2.0.0, status=sent (delivered to mailbox)
09:00:02 postfix/qmgr[1]: 7A1B2C3D4E: removed`,
		"5A1B2C3D4E done  opened-before; a@c.example bounced 550 x1\n" +
			"6A1B2C3D4E done notification about 5A1B2C3D4E; root@own.example (postmaster) delivered x1\n" +
			"7A1B2C3D4E done notification; root@own.example (postmaster) delivered x1"},
	{"3.11's link before the notice, under an ID that a finished message had", `
09:00:00 postfix/smtpd[9]: 5A1B2C3D4E: client=c.example[192.0.2.9]
09:00:00 postfix/qmgr[1]: 5A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)
09:00:01 postfix/smtp[7]: 5A1B2C3D4E: to=<u@d.example>, ` + remote + `, dsn=2.0.0, status=sent (250 2.0.0 Ok)
09:00:01 postfix/qmgr[1]: 5A1B2C3D4E: removed
09:00:02 postfix/bounce[9]: 3A1B2C3D4E: sender non-delivery notification: 5A1B2C3D4E
09:00:02 postfix/cleanup[9]: 5A1B2C3D4E: message-id=<n@mx.example>
09:00:02 postfix/qmgr[1]: 5A1B2C3D4E: from=<>, size=100, nrcpt=1 (queue active)`,
		"5A1B2C3D4E done smtp; u@d.example delivered 250 x1\n5A1B2C3D4E queued notification about 3A1B2C3D4E unseen=1"},
	{"a list: one in, three out, one of them failed", `
04:00:00 postfix/smtpd[9]: 3A1B2C3D4E: client=c.example[192.0.2.9]
04:00:00 postfix/cleanup[9]: 3A1B2C3D4E: message-id=<m@c.example>
04:00:00 postfix/qmgr[1]: 3A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)
04:00:01 postfix/cleanup[9]: 7A1B2C3D4E: message-id=<m@c.example>
04:00:01 postfix/qmgr[1]: 7A1B2C3D4E: from=<list-owner@own.example>, size=100, nrcpt=3 (queue active)
04:00:01 postfix/local[7]: 3A1B2C3D4E: to=<list@own.example>, relay=local, delay=1, delays=0/0/0.5/0.5, dsn=2.0.0, status=sent (forwarded as 7A1B2C3D4E)
04:00:01 postfix/qmgr[1]: 3A1B2C3D4E: removed
04:00:02 postfix/smtp[7]: 7A1B2C3D4E: to=<u@d.example>, orig_to=<list@own.example>, ` + remote + `, dsn=2.0.0, status=sent (250 2.0.0 Ok)
04:00:02 postfix/smtp[7]: 7A1B2C3D4E: to=<v@d.example>, orig_to=<list@own.example>, ` + remote + `, dsn=2.0.0, status=sent (250 2.0.0 Ok)
04:00:02 postfix/smtp[7]: 7A1B2C3D4E: to=<w@d.example>, orig_to=<list@own.example>, ` + remote + `, dsn=5.1.1, status=bounced (host mx.d.example[192.0.2.1] said: 550 5.1.1 no (in reply to RCPT TO command))
04:00:02 postfix/qmgr[1]: 7A1B2C3D4E: removed`,
		"3A1B2C3D4E done smtp; list@own.example forwarded x1 to 7A1B2C3D4E then delivered\n" +
			"7A1B2C3D4E done forwarded from 3A1B2C3D4E; u@d.example (list@own.example) delivered 250 x1; v@d.example (list@own.example) delivered 250 x1; w@d.example (list@own.example) bounced 550 x1"},
	{"cleanup refuses local mail: it is returned, not refused", `
04:00:00 postfix/pickup[9]: 3A1B2C3D4E: uid=1000 from=<a>
04:00:00 postfix/cleanup[9]: 3A1B2C3D4E: message-id=<m@c.example>
04:00:00 postfix/cleanup[9]: 3A1B2C3D4E: reject: header Subject: bad from local; from=<a@own.example>: 5.7.1 no
04:00:00 postfix/cleanup[9]: 3A1B2C3D4E: to=<u@d.example>, relay=none, delay=0, delays=0/0/0/0, dsn=5.7.1, status=bounced (no)`,
		"3A1B2C3D4E done local; u@d.example bounced x1"},
	{"delivery logged before qmgr's line, and qmgr's after its own removed", `
04:00:00 postfix/smtpd[9]: 3A1B2C3D4E: client=c.example[192.0.2.9]
04:00:00 postfix/smtp[7]: 3A1B2C3D4E: to=<u@d.example>, ` + remote + `, dsn=2.0.0, status=sent (250 2.0.0 Ok)
04:00:00 postfix/qmgr[1]: 3A1B2C3D4E: removed
04:00:00 postfix/qmgr[1]: 3A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)`,
		"3A1B2C3D4E done smtp; u@d.example delivered 250 x1"},
	{"the client's line comes last of all", `
04:00:00 postfix/cleanup[9]: 3A1B2C3D4E: message-id=<m@c.example>
04:00:00 postfix/qmgr[1]: 3A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)
04:00:00 postfix/smtp[7]: 3A1B2C3D4E: to=<u@d.example>, ` + remote + `, dsn=2.0.0, status=sent (250 2.0.0 Ok)
04:00:00 postfix/smtpd[9]: 4A1B2C3D4E: client=c.example[192.0.2.9]
04:00:00 postfix/qmgr[1]: 4A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)`,
		"3A1B2C3D4E queued ; u@d.example delivered 250 x1\n4A1B2C3D4E queued smtp unseen=1"},
	{"an earlier deferral written after the delivery", `
04:00:00 postfix/smtpd[9]: 3A1B2C3D4E: client=c.example[192.0.2.9]
04:00:00 postfix/qmgr[1]: 3A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)
04:00:02 postfix/smtp[7]: 3A1B2C3D4E: to=<u@d.example>, ` + remote + `, dsn=2.0.0, status=sent (250 2.0.0 Ok)
04:00:01 postfix/smtp[7]: 3A1B2C3D4E: to=<u@d.example>, ` + remote + `, dsn=4.2.2, status=deferred (host mx.d.example[192.0.2.1] said: 452 4.2.2 Full (in reply to RCPT TO command))
04:00:02 postfix/qmgr[1]: 3A1B2C3D4E: removed`,
		"3A1B2C3D4E done smtp; u@d.example delivered 250 x2"},
	{"placed on hold, long after released", `
04:00:00 postfix/smtpd[9]: 3A1B2C3D4E: client=c.example[192.0.2.9]
04:00:00 postfix/qmgr[1]: 3A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)
04:00:01 postfix/smtp[7]: 3A1B2C3D4E: to=<u@d.example>, ` + remote + `, dsn=4.2.2, status=deferred (host mx.d.example[192.0.2.1] said: 452 4.2.2 Full (in reply to RCPT TO command))
05:00:00 postfix/postsuper[9]: 3A1B2C3D4E: placed on hold
20:00:00 postfix/postsuper[9]: 3A1B2C3D4E: released from hold
22:00:00 postfix/anvil[9]: statistics: max cache size 1 at Nov  3 05:00:00`,
		"3A1B2C3D4E queued smtp; u@d.example deferred 452 x1"},
	{"two recipients held before there was a queue ID; another client's rule is not ours", `
04:00:00 postfix/smtpd[8]: NOQUEUE: hold: RCPT from x.example[192.0.2.8]: <t@d.example>: Recipient address by recipient; from=<b@x.example> to=<t@d.example> proto=ESMTP helo=<x.example>
04:00:00 postfix/smtpd[8]: disconnect from x.example[192.0.2.8] ehlo=1 quit=1 commands=2
04:00:00 postfix/smtpd[9]: NOQUEUE: hold: RCPT from c.example[192.0.2.9]: <u@d.example>: Recipient address by recipient; from=<a@c.example> to=<u@d.example> proto=ESMTP helo=<c.example>
04:00:00 postfix/smtpd[9]: NOQUEUE: hold: RCPT from c.example[192.0.2.9]: <v@d.example>: Recipient address by recipient; from=<a@c.example> to=<v@d.example> proto=ESMTP helo=<c.example>
04:00:00 postfix/smtpd[9]: 3A1B2C3D4E: client=c.example[192.0.2.9]
04:00:01 postfix/smtpd[8]: 4A1B2C3D4E: client=x.example[192.0.2.8]
04:00:01 postfix/qmgr[1]: 4A1B2C3D4E: from=<b@x.example>, size=100, nrcpt=1 (queue active)`,
		"3A1B2C3D4E held smtp; u@d.example  x0; v@d.example  x0\n4A1B2C3D4E queued smtp unseen=1"},
	{"two aliases that forward to each other", `
04:00:00 postfix/local[7]: 3A1B2C3D4E: to=<a@own.example>, relay=local, delay=1, delays=0/0/0.5/0.5, dsn=2.0.0, status=sent (forwarded as 7A1B2C3D4E)
04:00:00 postfix/local[7]: 7A1B2C3D4E: to=<b@own.example>, relay=local, delay=1, delays=0/0/0.5/0.5, dsn=2.0.0, status=sent (forwarded as 3A1B2C3D4E)
04:00:00 postfix/qmgr[1]: 3A1B2C3D4E: removed
04:00:00 postfix/qmgr[1]: 7A1B2C3D4E: removed`,
		"3A1B2C3D4E done forwarded from 7A1B2C3D4E opened-before; a@own.example forwarded x1 to 7A1B2C3D4E\n" +
			"7A1B2C3D4E done reinjected from 3A1B2C3D4E opened-before; b@own.example forwarded x1 to 3A1B2C3D4E"},
	{"an address probe is no mail", `
04:00:00 postfix/cleanup[9]: 3A1B2C3D4E: message-id=<m@mx.example>
04:00:00 postfix/qmgr[1]: 3A1B2C3D4E: from=<double-bounce@mx.example>, size=100, nrcpt=1 (queue active)
04:00:01 postfix/smtp[7]: 3A1B2C3D4E: to=<u@d.example>, ` + remote + `, dsn=5.1.1, status=undeliverable (host mx.d.example[192.0.2.1] said: 550 5.1.1 no (in reply to RCPT TO command))
04:00:01 postfix/qmgr[1]: 3A1B2C3D4E: removed`,
		"3A1B2C3D4E done probe; u@d.example undeliverable 550 x1"},
	{"an address probe that a local delivery agent answers", `
04:00:00 postfix/cleanup[9]: 3A1B2C3D4E: message-id=<m@mx.example>
04:00:00 postfix/qmgr[1]: 3A1B2C3D4E: from=<double-bounce@mx.example>, size=100, nrcpt=1 (queue active)
04:00:01 postfix/local[7]: 3A1B2C3D4E: to=<u@mx.example>, relay=local, delay=1, delays=0/0/0.5/0.5, dsn=2.0.0, status=deliverable (delivers to mailbox)
04:00:01 postfix/qmgr[1]: 3A1B2C3D4E: removed`,
		"3A1B2C3D4E done probe; u@mx.example deliverable x1"},
}

var eximStories = []struct{ name, log, want string }{
	{"what Exim decides by itself gets no code of a host's answer just before", `
04:00:00 1tivSh-0007oc-5P <= a@c.example U=a P=local S=100
04:00:01 1tivSh-0007oc-5P H=mx.d.example [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<u@d.example>: 450 4.2.0 later
04:00:01 1tivSh-0007oc-5P ** v@c.example R=local_user: Unrouteable address
04:00:01 1tivSh-0007oc-5P == w@c.example R=local_user T=maildir defer (122): Disk quota exceeded: error while writing to /home/w/Maildir/tmp/1`,
		"1tivSh-0007oc-5P queued local; v@c.example bounced x1; w@c.example deferred x1"},
	{"delivered and bounced", `
04:00:00 1tivSh-0007oc-5P <= a@c.example H=c.example [192.0.2.9] P=esmtp S=100 id=m@c.example
04:00:01 1tivSh-0007oc-5P => u@d.example R=dnslookup T=remote_smtp H=mx.d.example [192.0.2.1] C="250 2.0.0 Ok"
04:00:01 1tivSh-0007oc-5P ** v@d.example R=dnslookup T=remote_smtp H=mx.d.example [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<v@d.example>: 550 5.1.1 no
04:00:01 1tivSk-0007oc-5Q <= <> R=1tivSh-0007oc-5P U=Debian-exim P=local S=200
04:00:01 1tivSh-0007oc-5P Completed
04:00:02 1tivSk-0007oc-5Q => a@c.example R=dnslookup T=remote_smtp H=mx.c.example [192.0.2.3] C="250 2.0.0 Ok"
04:00:02 1tivSk-0007oc-5Q Completed`,
		"1tivSh-0007oc-5P done smtp; u@d.example delivered 250 x1; v@d.example bounced 550 x1\n" +
			"1tivSk-0007oc-5Q done notification about 1tivSh-0007oc-5P; a@c.example delivered 250 x1"},
	{"expired: the cause is the last deferral's, not the waiting", `
04:00:00 1tivSh-0007oc-5P <= a@c.example H=c.example [192.0.2.9] P=esmtp S=100
04:00:01 1tivSh-0007oc-5P == u@d.example R=dnslookup T=remote_smtp defer (-44) H=mx.d.example [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<u@d.example>: 450 4.2.0 later
04:10:01 1tivSh-0007oc-5P == u@d.example R=dnslookup T=remote_smtp defer (-54): retry time not reached for any host for 'd.example'
09:00:01 1tivSh-0007oc-5P ** u@d.example: retry timeout exceeded
09:00:01 1tivSh-0007oc-5P Completed`,
		"1tivSh-0007oc-5P done smtp; u@d.example expired 450 x1"},
	{"cancelled: no line of its own for the recipient", `
04:00:00 1tivSh-0007oc-5P <= a@c.example H=c.example [192.0.2.9] P=esmtp S=100
04:00:01 1tivSh-0007oc-5P == u@d.example R=dnslookup T=remote_smtp defer (-44) H=mx.d.example [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<u@d.example>: 450 4.2.0 later
05:00:01 1tivSh-0007oc-5P cancelled by root
05:00:01 1tivSh-0007oc-5P Completed`,
		"1tivSh-0007oc-5P done smtp; u@d.example bounced 450 x1"},
	{"removed", `
04:00:00 1tivSh-0007oc-5P <= a@c.example H=c.example [192.0.2.9] P=esmtp S=100 from <a@c.example> for u@d.example "v w"@d.example
05:00:01 1tivSh-0007oc-5P removed by root
05:00:01 1tivSh-0007oc-5P Completed`,
		`1tivSh-0007oc-5P removed smtp; u@d.example removed x0; "v w"@d.example removed x0`},
	{"a deferral while routing, then delivered under the local part", `
04:00:00 1tivSh-0007oc-5P <= a@c.example H=c.example [192.0.2.9] P=esmtp S=100
04:00:01 1tivSh-0007oc-5P == bob@own.example R=dnslookup defer (-1): host lookup did not complete
04:10:01 1tivSh-0007oc-5P => bob <bob@own.example> R=localuser T=local_delivery
04:10:01 1tivSh-0007oc-5P Completed`,
		"1tivSh-0007oc-5P done smtp; bob (bob@own.example) delivered x2"},
	{"an archive has its copy, the recipient's domain cannot be looked up yet", `
04:00:00 1xXHyf-00002R-24 <= a@own.example H=c.example [192.0.2.9] P=esmtp S=295
04:00:00 1xXHyf-00002R-24 == u@d.example R=dns defer (-1): host lookup did not complete
04:00:01 1xXHyf-00002R-24 => u <u@d.example> R=archive T=file
04:06:00 1xXHyf-00002R-24 == u@d.example R=dns defer (-1): host lookup did not complete`,
		"1xXHyf-00002R-24 queued smtp; u@d.example deferred x2; u (u@d.example) delivered x1"},
	{"the same recipient announced three times", `
04:00:00 1tivSh-0007oc-5P <= a@c.example H=c.example [192.0.2.9] P=esmtp S=100 from <a@c.example> for u@d.example U@d.example v@d.example u@d.example
04:00:01 1tivSh-0007oc-5P => u@d.example R=dnslookup T=remote_smtp H=mx.d.example [192.0.2.1] C="250 2.0.0 Ok"`,
		"1tivSh-0007oc-5P queued smtp; u@d.example delivered 250 x1; v@d.example  x0"},
	{"one recipient struck off, the other delivered", `
04:00:00 1tivSh-0007oc-5P <= a@c.example H=c.example [192.0.2.9] P=esmtp S=100
04:00:01 1tivSh-0007oc-5P == u@d.example R=dnslookup T=remote_smtp defer (-44) H=mx.d.example [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<u@d.example>: 450 4.2.0 later
04:00:01 1tivSh-0007oc-5P == v@e.example R=dnslookup T=remote_smtp defer (111): Connection refused
05:00:01 1tivSh-0007oc-5P address <u@d.example> marked delivered by root
05:00:02 1tivSh-0007oc-5P => v@e.example R=dnslookup T=remote_smtp H=mx.e.example [192.0.2.2] C="250 2.0.0 Ok"
05:00:02 1tivSh-0007oc-5P Completed`,
		"1tivSh-0007oc-5P done smtp; u@d.example removed 450 x1; v@e.example delivered 250 x2"},
	{"all struck off: those that have their mail are named too, and the members of a list by its name", `
04:00:00 1tivSh-0007oc-5P <= a@c.example H=c.example [192.0.2.9] P=esmtp S=100 from <a@c.example> for u@d.example list@own.example v@d.example bob@own.example
04:00:01 1tivSh-0007oc-5P => u@d.example R=dnslookup T=remote_smtp H=mx.d.example [192.0.2.1] C="250 2.0.0 Ok"
04:00:01 1tivSh-0007oc-5P => bob <bob@own.example> R=localuser T=local_delivery
04:00:01 1tivSh-0007oc-5P => w@d.example <list@own.example> R=dnslookup T=remote_smtp H=mx.d.example [192.0.2.1] C="250 2.0.0 Ok"
04:00:01 1tivSh-0007oc-5P == x@e.example <list@own.example> R=dnslookup T=remote_smtp defer (111): Connection refused
04:00:01 1tivSh-0007oc-5P == y@e.example <list@own.example> R=dnslookup T=remote_smtp defer (111): Connection refused
05:00:01 1tivSh-0007oc-5P address <u@d.example> marked delivered by root
05:00:01 1tivSh-0007oc-5P address <list@own.example> marked delivered by root
05:00:01 1tivSh-0007oc-5P address <v@d.example> marked delivered by root
05:00:01 1tivSh-0007oc-5P address <bob@own.example> marked delivered by root
05:00:02 1tivSh-0007oc-5P Completed`,
		"1tivSh-0007oc-5P done smtp; u@d.example delivered 250 x1; bob (bob@own.example) delivered x1; w@d.example (list@own.example) delivered 250 x1; x@e.example (list@own.example) removed x1; y@e.example (list@own.example) removed x1; v@d.example removed x0"},
	{"refused after DATA", `
04:00:00 1tivSh-0007oc-5P H=c.example [192.0.2.9] F=<a@c.example> rejected after DATA: 5.7.7 no`,
		"1tivSh-0007oc-5P rejected smtp"},
	{"mua_wrapper: all failed", `
04:00:00 1tivSh-0007oc-5P <= a@own.example U=root P=local S=100 for u@d.example v@d.example
04:00:00 1tivSh-0007oc-5P ** mua_wrapper is set but recipients cannot all be delivered in one transaction
04:00:00 1tivSh-0007oc-5P Completed`,
		"1tivSh-0007oc-5P done local; u@d.example bounced x0; v@d.example bounced x0"},
	{"a recipient that the administrator added waits like the others", `
04:00:00 1tivSh-0007oc-5P <= a@c.example H=c.example [192.0.2.9] P=esmtp S=100 for u@d.example v@d.example
04:00:01 1tivSh-0007oc-5P => v@d.example R=dnslookup T=remote_smtp H=mx.d.example [192.0.2.1] C="250 2.0.0 Ok"
04:00:02 1tivSh-0007oc-5P recipient <w@d.example> added by root
04:00:02 1tivSh-0007oc-5P recipient <x@d.example> added by root
04:05:00 1tivSh-0007oc-5P ** x@d.example R=dnslookup T=remote_smtp H=mx.d.example [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<x@d.example>: 550 5.1.1 no`,
		"1tivSh-0007oc-5P queued smtp; v@d.example delivered 250 x1; u@d.example  x0; w@d.example  x0; x@d.example bounced 550 x1"},
	{"a message that Exim takes back", `
04:00:00 1tivSh-0007oc-5P <= a@c.example H=c.example [192.0.2.9] P=esmtp S=100 for u@d.example
04:00:00 1tivSh-0007oc-5P spoolfile error on close: No space left on device
04:00:00 1tivSh-0007oc-5P rescind the above message-accept
04:00:00 1tivSh-0007oc-5P H=c.example [192.0.2.9] F=<a@c.example> temporarily rejected after DATA: spoolfile error on close: No space left on device`,
		"1tivSh-0007oc-5P rejected smtp"},
	{"refused by the DKIM ACL", `
04:00:00 1tivSh-0007oc-5P H=c.example [192.0.2.9] rejected DKIM : dkim no`,
		"1tivSh-0007oc-5P rejected smtp"},
	{"a local message refused by the ACL for such", `
04:00:00 1tivSh-0007oc-5P F=<a@own.example> rejected by non-SMTP ACL: no`,
		"1tivSh-0007oc-5P rejected local"},
	{"cutthrough: refused by the next hop at the end of data", `
04:00:00 1tivSh-0007oc-5P H=c.example [192.0.2.9] u@d.example F=<a@c.example> rejected after DATA: R=dnslookup T=remote_smtp H=mx.d.example [192.0.2.1] C="554 5.7.1 no"
04:00:00 1tivSh-0007oc-5P H=c.example [192.0.2.9] v@d.example F=<a@c.example> rejected after DATA: R=dnslookup T=remote_smtp H=mx.d.example [192.0.2.1] C="554 5.7.1 no"`,
		"1tivSh-0007oc-5P rejected smtp; u@d.example rejected 554 x0; v@d.example rejected 554 x0"},
	{"cutthrough: put off, and taken all the same", `
04:00:00 1tivSh-0007oc-5P H=c.example [192.0.2.9] u@d.example F=<a@c.example> tmp-reject from cutthrough after DATA: R=dnslookup T=remote_smtp H=mx.d.example [192.0.2.1] C="451 later"
04:00:00 1tivSh-0007oc-5P <= a@c.example H=c.example [192.0.2.9] P=esmtp S=100
04:05:00 1tivSh-0007oc-5P => u@d.example R=dnslookup T=remote_smtp H=mx.d.example [192.0.2.1] C="250 2.0.0 Ok"
04:05:00 1tivSh-0007oc-5P Completed`,
		"1tivSh-0007oc-5P done smtp; u@d.example delivered 250 x1"},
	{"authentication refused: the code is the host error's", `
04:00:00 1tivSh-0007oc-5P <= a@c.example H=c.example [192.0.2.9] P=esmtp S=100
04:00:01 1tivSh-0007oc-5P plain authenticator failed H=mx.d.example [192.0.2.1] 535 5.7.8 bad
04:00:01 1tivSh-0007oc-5P == u@d.example R=dnslookup T=remote_smtp defer (-42): authentication required but authentication attempt(s) failed`,
		"1tivSh-0007oc-5P queued smtp; u@d.example deferred 535 x1"},
	{"a notice that fails is frozen and still queued: then removed", `
04:00:00 1tivSk-0007oc-5Q <= <> R=1tivSh-0007oc-5P U=Debian-exim P=local S=200
04:00:02 1tivSk-0007oc-5Q ** a@c.example R=dnslookup T=remote_smtp H=mx.c.example [192.0.2.3]: SMTP error from remote mail server after RCPT TO:<a@c.example>: 550 5.1.1 no
04:00:02 1tivSk-0007oc-5Q Frozen (delivery error message)
05:00:02 1tivSk-0007oc-5Q removed by root
05:00:02 1tivSk-0007oc-5Q Completed`,
		"1tivSk-0007oc-5Q removed notification about 1tivSh-0007oc-5P; a@c.example removed 550 x1"},
	{"a notice about a message that was never taken", `
04:00:00 1tivSk-0007oc-5Q <= <> U=Debian-exim P=local S=662 for a@own.example
04:00:00 1tivSk-0007oc-5Q ** a@own.example F=<>: Unknown user
04:00:00 1tivSk-0007oc-5Q Frozen (delivery error message)`,
		"1tivSk-0007oc-5Q held notification; a@own.example deferred x1"},
	{"a user's program without a sender", `
04:00:00 1tivSk-0007oc-5Q <= <> U=alice P=local S=662 for a@own.example
04:00:00 1tivSk-0007oc-5Q ** a@own.example F=<>: Unknown user
04:00:00 1tivSk-0007oc-5Q Completed`,
		"1tivSk-0007oc-5Q done local; a@own.example bounced x1"},
	{"or given up", `
04:00:00 1tivSk-0007oc-5Q <= <> R=1tivSh-0007oc-5P U=Debian-exim P=local S=200
04:00:02 1tivSk-0007oc-5Q ** a@c.example R=dnslookup T=remote_smtp H=mx.c.example [192.0.2.3]: SMTP error from remote mail server after RCPT TO:<a@c.example>: 550 5.1.1 no
04:00:02 1tivSk-0007oc-5Q Frozen (delivery error message)
05:00:02 1tivSk-0007oc-5Q Unfrozen by errmsg timer
05:00:02 1tivSk-0007oc-5Q a@c.example: error ignored
05:00:02 1tivSk-0007oc-5Q Completed`,
		"1tivSk-0007oc-5Q done notification about 1tivSh-0007oc-5P; a@c.example bounced 550 x1"},
	{"cutthrough: delivered before it has arrived", `
04:00:00 1tivSh-0007oc-5P >> u@d.example R=dnslookup T=remote_smtp H=mx.d.example [192.0.2.1] C="250 2.0.0 Ok"
04:00:00 1tivSh-0007oc-5P <= a@c.example H=c.example [192.0.2.9] P=esmtp S=100
04:00:00 1tivSh-0007oc-5P Completed`,
		"1tivSh-0007oc-5P done smtp; u@d.example delivered 250 x1"},
	{"fakereject: the client saw a refusal, the message was kept", `
04:00:00 1tivSh-0007oc-5P (= a@c.example H=c.example [192.0.2.9] P=esmtp S=100
04:00:00 1tivSh-0007oc-5P => u <u@own.example> R=localuser T=local_delivery
04:00:00 1tivSh-0007oc-5P Completed`,
		"1tivSh-0007oc-5P done smtp; u (u@own.example) delivered x1"},
	{"through a scanner and back, joined by Exim's ID and the Message-ID", `
04:00:00 1tivSh-0007oc-5P <= a@c.example H=c.example [192.0.2.9] P=esmtp S=100 id=m@c.example
04:00:01 1tivSk-0007oc-5Q <= a@c.example H=localhost [127.0.0.1] P=esmtp S=200 id=m@c.example
04:00:01 1tivSh-0007oc-5P => u@d.example R=scan T=scan_smtp H=127.0.0.1 [127.0.0.1] C="250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 OK id=1tivSk-0007oc-5Q"
04:00:01 1tivSh-0007oc-5P Completed
04:00:02 1tivSk-0007oc-5Q ** u@d.example R=dnslookup T=remote_smtp H=mx.d.example [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<u@d.example>: 550 5.1.1 no
04:00:02 1tivSk-0007oc-5Q Completed`,
		"1tivSh-0007oc-5P done smtp; u@d.example forwarded 250 x1 to 1tivSk-0007oc-5Q then bounced\n" +
			"1tivSk-0007oc-5Q done reinjected from 1tivSh-0007oc-5P; u@d.example bounced 550 x1"},
	{"an alias for a pipe, a file and nobody; an autoreply", `
04:00:00 1tivSh-0007oc-5P <= a@c.example H=c.example [192.0.2.9] P=esmtp S=100 from <a@c.example> for all@own.example
04:00:00 1tivSh-0007oc-5P => |/usr/bin/list <all@own.example> R=system_aliases T=address_pipe
04:00:00 1tivSh-0007oc-5P => /var/mail/archive <all@own.example> R=system_aliases T=address_file
04:00:00 1tivSh-0007oc-5P => :blackhole: <all@own.example> R=system_aliases
04:00:00 1tivSh-0007oc-5P => >a@c.example <all@own.example> R=vacation T=vacation_reply
04:00:00 1tivSh-0007oc-5P Completed`,
		"1tivSh-0007oc-5P done smtp; |/usr/bin/list (all@own.example) delivered x1; /var/mail/archive (all@own.example) delivered x1; " +
			":blackhole: (all@own.example) discarded x0; >a@c.example (all@own.example) delivered x1"},
	{"frozen by the administrator, thawed, delivered", `
04:00:00 1tivSh-0007oc-5P <= a@c.example H=c.example [192.0.2.9] P=esmtp S=100
04:00:01 1tivSh-0007oc-5P frozen by root
05:00:01 1tivSh-0007oc-5P Message is frozen
06:00:01 1tivSh-0007oc-5P Unfrozen by forced delivery
06:00:01 1tivSh-0007oc-5P => u@d.example R=dnslookup T=remote_smtp H=mx.d.example [192.0.2.1] C="250 2.0.0 Ok"
06:00:01 1tivSh-0007oc-5P Completed`,
		"1tivSh-0007oc-5P done smtp; u@d.example delivered 250 x1"},
	{"rewritten on arrival: found under the address that was given", `
04:00:00 1tivSh-0007oc-5P "old@own.example" from env-to rewritten as "bob@own.example" by rule 1
04:00:00 1tivSh-0007oc-5P <= a@c.example H=c.example [192.0.2.9] P=esmtp S=100 from <a@c.example> for old@own.example
04:00:00 1tivSh-0007oc-5P => bob <bob@own.example> R=localuser T=local_delivery
04:00:00 1tivSh-0007oc-5P Completed`,
		"1tivSh-0007oc-5P done smtp; bob (old@own.example) delivered x1"},
	{"a log that is read twice: one message", `
04:00:00 1tivSh-0007oc-5P <= a@c.example H=c.example [192.0.2.9] P=esmtp S=100
04:00:00 1tivSh-0007oc-5P <= a@c.example H=c.example [192.0.2.9] P=esmtp S=100
04:00:01 1tivSh-0007oc-5P => u@d.example R=dnslookup T=remote_smtp H=mx.d.example [192.0.2.1] C="250 2.0.0 Ok"
04:00:01 1tivSh-0007oc-5P => u@d.example R=dnslookup T=remote_smtp H=mx.d.example [192.0.2.1] C="250 2.0.0 Ok"
04:00:01 1tivSh-0007oc-5P Completed
04:00:01 1tivSh-0007oc-5P Completed`,
		"1tivSh-0007oc-5P done smtp; u@d.example delivered 250 x2"},
	{"its end only", `
04:00:01 1tivSh-0007oc-5P Completed`,
		"1tivSh-0007oc-5P done  opened-before"},
}

func TestPostfixStories(t *testing.T) {
	for _, tt := range postfixStories {
		t.Run(tt.name, func(t *testing.T) {
			if got := tell(play(t, tt.log)); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestEximStories(t *testing.T) {
	for _, tt := range eximStories {
		t.Run(tt.name, func(t *testing.T) {
			if got := tell(play(t, tt.log)); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// A recipient is struck off with its alias's members in a message that has an index, and in one that
// is too large to look at all recipients, where the first of them stands for it.
func TestStrikeFromMany(t *testing.T) {
	for _, tt := range []struct {
		others  int
		removed int
	}{{many + 10, 2}, {maxStrike + 10, 1}} {
		log := "04:00:00 1tivSh-0007oc-5P <= a@c.example H=c.example [192.0.2.9] P=esmtp S=100\n"
		for i := range tt.others {
			log += fmt.Sprintf("04:00:01 1tivSh-0007oc-5P => u%d@d.example R=dnslookup T=remote_smtp H=mx.d.example [192.0.2.1] C=\"250 2.0.0 Ok\"\n", i)
		}
		log += `04:00:01 1tivSh-0007oc-5P == x@e.example <list@own.example> R=dnslookup T=remote_smtp defer (111): Connection refused
04:00:01 1tivSh-0007oc-5P == y@e.example <list@own.example> R=dnslookup T=remote_smtp defer (111): Connection refused
05:00:01 1tivSh-0007oc-5P address <u3@d.example> marked delivered by root
05:00:01 1tivSh-0007oc-5P address <list@own.example> marked delivered by root
05:00:02 1tivSh-0007oc-5P Completed`
		got := tell(play(t, log))
		if removed, delivered := strings.Count(got, " removed "), strings.Count(got, " delivered 250 "); removed != tt.removed || delivered != tt.others {
			t.Errorf("of %d recipients %d are removed and %d delivered, want %d and %d", tt.others+2, removed, delivered, tt.removed, tt.others)
		}
	}
}

// One queue ID on two hosts, or in the logs of two hosts that do not log their name, is two
// messages, and nothing is joined across: the first host has delivered.
func TestHostsAreApart(t *testing.T) {
	for _, tt := range []struct {
		name  string
		lines []string // the host, or the number of the set, before the line
		want  string
	}{
		{"short IDs of merged hosts", []string{
			"mx1 Nov  3 04:00:00 mx1 postfix/smtpd[9]: 3A1B2C3D4E: client=c.example[192.0.2.9]",
			"mx1 Nov  3 04:00:00 mx1 postfix/cleanup[9]: 3A1B2C3D4E: message-id=<m@c.example>",
			"mx1 Nov  3 04:00:00 mx1 postfix/qmgr[1]: 3A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)",
			"mx2 Nov  3 04:00:00 mx2 postfix/smtpd[9]: 3A1B2C3D4E: client=mx1[10.0.0.1]",
			"mx2 Nov  3 04:00:00 mx2 postfix/cleanup[9]: 3A1B2C3D4E: message-id=<m@c.example>",
			"mx1 Nov  3 04:00:00 mx1 postfix/smtp[7]: 3A1B2C3D4E: to=<u@d.example>, relay=mx2[10.0.0.2]:25, delay=1, delays=0/0/0.5/0.5, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 3A1B2C3D4E)",
			"mx1 Nov  3 04:00:00 mx1 postfix/qmgr[1]: 3A1B2C3D4E: removed",
			"mx2 Nov  3 04:00:00 mx2 postfix/qmgr[1]: 3A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)",
			"mx2 Nov  3 04:00:00 mx2 postfix/smtp[7]: 3A1B2C3D4E: to=<u@d.example>, " + remote + ", dsn=5.1.1, status=bounced (host mx.d.example[192.0.2.1] said: 550 5.1.1 no (in reply to RCPT TO command))",
			"mx2 Nov  3 04:00:00 mx2 postfix/qmgr[1]: 3A1B2C3D4E: removed"},
			"3A1B2C3D4E done smtp; u@d.example delivered 250 x1\n3A1B2C3D4E done smtp; u@d.example bounced 550 x1"},
		{"a host whose clock is two hours ahead", []string{
			"mx1 Nov  3 04:00:00 mx1 postfix/smtpd[9]: 3A1B2C3D4E: client=c.example[192.0.2.9]",
			"mx2 Nov  3 06:00:00 mx2 postfix/smtpd[9]: 4A1B2C3D4E: client=c.example[192.0.2.9]",
			"mx1 Nov  3 04:00:00 mx1 postfix/qmgr[1]: 3A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)",
			"mx1 Nov  3 04:00:01 mx1 postfix/qmgr[1]: 3A1B2C3D4E: removed",
			"mx2 Nov  3 06:00:02 mx2 postfix/qmgr[1]: 4A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)",
			"mx1 Nov  3 04:00:01 mx1 postfix/smtp[7]: 3A1B2C3D4E: to=<u@d.example>, " + remote + ", dsn=2.0.0, status=sent (250 2.0.0 Ok)"},
			"3A1B2C3D4E done smtp; u@d.example delivered 250 x1\n4A1B2C3D4E queued smtp unseen=1"},
		{"Exim's logs of two folders", []string{
			"1 2026-11-03 04:00:00 1tivSh-0007oc-5P <= a@c.example H=c.example [192.0.2.9] P=esmtp S=100",
			"2 2026-11-03 04:00:00 1tivSh-0007oc-5P <= b@c.example H=c.example [192.0.2.9] P=esmtp S=100",
			"2 2026-11-03 04:00:01 1tivSh-0007oc-5P ** v@d.example: Unrouteable address",
			"1 2026-11-03 04:00:01 1tivSh-0007oc-5P => u@d.example R=dnslookup T=remote_smtp H=mx.d.example [192.0.2.1]",
			"1 2026-11-03 04:00:01 1tivSh-0007oc-5P Completed",
			"2 2026-11-03 04:00:01 1tivSh-0007oc-5P Completed"},
			"1tivSh-0007oc-5P done smtp; u@d.example delivered x1\n1tivSh-0007oc-5P done smtp; v@d.example bounced x1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := parser.New(parser.Options{Year: 2026})
			var out []*Message
			l := NewLedger(func(m *Message) { out = append(out, m) })
			for _, line := range tt.lines {
				set, line, _ := strings.Cut(line, " ")
				var ev parser.Event
				if p.Parse([]byte(line), &ev) != parser.Understood {
					t.Fatalf("not understood: %s", line)
				}
				l.Add(&ev, int(set[len(set)-1]))
			}
			l.Close()
			if got := tell(out); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// A clock that jumps, as by a line with a wrong stamp, loses nothing: what has ended is released
// late or early, once.
func TestClockJumps(t *testing.T) {
	ms := play(t, `
04:00:00 postfix/smtpd[9]: 3A1B2C3D4E: client=c.example[192.0.2.9]
04:00:00 postfix/qmgr[1]: 3A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)
23:00:00 postfix/anvil[9]: statistics: max cache size 1 at Nov  3 05:00:00
04:00:01 postfix/smtp[7]: 3A1B2C3D4E: to=<u@d.example>, `+remote+`, dsn=2.0.0, status=sent (250 2.0.0 Ok)
04:00:01 postfix/qmgr[1]: 3A1B2C3D4E: removed
04:00:02 postfix/smtpd[9]: 4A1B2C3D4E: client=c.example[192.0.2.9]
04:00:02 postfix/qmgr[1]: 4A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)
04:00:03 postfix/qmgr[1]: 4A1B2C3D4E: removed`)
	want := "3A1B2C3D4E done smtp; u@d.example delivered 250 x1\n4A1B2C3D4E done smtp unseen=1"
	if got := tell(ms); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
