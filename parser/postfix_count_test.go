package parser

import (
	"regexp"
	"testing"

	"github.com/smtplog/smtplog/internal/fixture"
)

// postfixCounts are slow and obvious rules for whole lines, against which the parser's
// counts are held.
var postfixCounts = []struct {
	name string
	rule *regexp.Regexp
	is   func(ev *Event) bool
}{
	{"sent", regexp.MustCompile(`: to=<[^,]*>, (?:orig_to=<[^,]*>, )?relay=[^,]+, (?:conn_use=\d+, )?delay=[\d.]+, delays=[\d./]+, dsn=[\d.]+, status=sent \(`),
		func(ev *Event) bool {
			return ev.Kind == Delivered || ev.Kind == Forwarded || ev.Recipient != nil && ev.Kind == Discarded && ev.Direction == Local
		}},
	{"deferred", regexp.MustCompile(`: to=<[^,]*>, (?:orig_to=<[^,]*>, )?relay=[^,]+, (?:conn_use=\d+, )?delay=[\d.]+, delays=[\d./]+, dsn=[\d.]+, status=deferred \(`),
		func(ev *Event) bool { return ev.Kind == Deferred }},
	{"bounced", regexp.MustCompile(`: to=<[^,]*>, (?:orig_to=<[^,]*>, )?relay=[^,]+, (?:conn_use=\d+, )?delay=[\d.]+, delays=[\d./]+, dsn=[\d.]+, status=bounced \(`),
		func(ev *Event) bool { return ev.Kind == Bounced }},
	{"not attempted", regexp.MustCompile(`/(?:error|retry)\[\d+\]: .* status=deferred \((?:delivery temporarily suspended: |mail transport unavailable\)|deferred transport\))`),
		func(ev *Event) bool { return ev.NotAttempted }},
	{"queue active", regexp.MustCompile(`/qmgr\[\d+\]: \w+: from=<.*>, size=\d+, nrcpt=\d+ \(queue active\)$`),
		func(ev *Event) bool { return ev.Kind == Queued }},
	{"removed by qmgr", regexp.MustCompile(`/qmgr\[\d+\]: \w+: removed$`),
		func(ev *Event) bool { return ev.Kind == Completed }},
	{"removed by postsuper", regexp.MustCompile(`/postsuper\[\d+\]: \w+: removed$`),
		func(ev *Event) bool { return ev.Kind == Removed && ev.QueueID != nil }},
	{"expired", regexp.MustCompile(`/qmgr\[\d+\]: \w+: from=<.*>, status=(?:force-)?expired, returned to sender$`),
		func(ev *Event) bool { return ev.Kind == Expired }},
	{"rejected", regexp.MustCompile(`\[\d+\]: (?:\w+: )?(?:milter-|proxy-)?reject: |: warning: proxy [^ ]+ rejected "RCPT TO:`),
		func(ev *Event) bool { return ev.Kind == Rejected }},
	{"notifications", regexp.MustCompile(`/bounce\[\d+\]: \w+: (?:sender|postmaster) .*notification: \w+$`),
		func(ev *Event) bool { return ev.Kind == Notification }},
	{"connected", regexp.MustCompile(`/(?:smtpd\[\d+\]: connect from|postscreen\[\d+\]: CONNECT from) `),
		func(ev *Event) bool { return ev.Kind == Connected }},
	{"SASL failures", regexp.MustCompile(`/smtpd\[\d+\]: warning: [^ ]+: SASL [\w-]+ authentication (?:failed|aborted)`),
		func(ev *Event) bool { return ev.Kind == AuthFailed }},
	{"probes", regexp.MustCompile(`, status=(?:un)?deliverable \(`),
		func(ev *Event) bool { return ev.Kind == Probe }},
	{"TLS", regexp.MustCompile(`\]: \w+ TLS connection established (?:to|from) `),
		func(ev *Event) bool { return ev.Kind == TLS && ev.TLS != nil }},
	{"message-id", regexp.MustCompile(`/cleanup\[\d+\]: \w+: message-id=<.+>$`),
		func(ev *Event) bool { return ev.Kind == Received && ev.MessageID != nil }},
	{"severe", regexp.MustCompile(`\[\d+\]: (?:fatal|panic|error): `),
		func(ev *Event) bool { return ev.Severity >= SeverityError }},
}

// TestPostfixCounts counts logs twice: with the parser and with regular expressions.
func TestPostfixCounts(t *testing.T) {
	fixture.NoRace(t)
	countPostfix(t, fixture.Testdata(t, "logs", "postfix.log"))
	for _, path := range fixture.Glob(t, "lab", "logs", "postfix*", "mail.log") {
		countPostfix(t, path)
	}
}

func countPostfix(t *testing.T, path string) {
	t.Helper()
	p := New(Options{Year: 2026, MTA: Postfix})
	got, want := make([]int, len(postfixCounts)), make([]int, len(postfixCounts))
	var ev Event
	for _, line := range fixture.Lines(t, path) {
		p.Parse(line, &ev)
		for i, c := range postfixCounts {
			if c.is(&ev) {
				got[i]++
			}
			if c.rule.Match(line) {
				want[i]++
			}
		}
	}
	for i, c := range postfixCounts {
		if got[i] != want[i] {
			t.Errorf("%s: %s: got %d, want %d", path, c.name, got[i], want[i])
		}
	}
}
