package parser

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// story parses lines and returns a line per line: the verdict (- ignored, u understood,
// ? unrecognised), and what the event says.
func story(p *Parser, log string) string {
	var ev Event
	var b strings.Builder
	for line := range strings.SplitSeq(log, "\n") {
		b.WriteByte("-u?"[p.Parse([]byte(line), &ev)])
		if ev.Continued {
			b.WriteByte('+')
		} else if ev.Kind != None {
			fmt.Fprintf(&b, " %v", ev.Kind)
			for _, s := range [][]byte{ev.Host, ev.QueueID, ev.Recipient, ev.Text} {
				if len(s) > 0 {
					fmt.Fprintf(&b, " %s", s)
				}
			}
			if ev.Repeat > 0 {
				fmt.Fprintf(&b, " x%d", ev.Repeat)
			}
		}
		b.WriteByte('\n')
	}
	return strings.TrimSpace(b.String())
}

// What is remembered from line to line: entries that Exim split, lines that a container's
// runtime split, repeats.
var acrossLines = []struct{ name, log, want string }{
	{"an entry in two pieces is one event", `Nov  3 04:05:06 mx exim[42]: [1/2] 2026-11-03 04:05:06 1tivSh-0007oc-5P ** c@d.example R=r T=t H=h.example [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<c@d.exa
Nov  3 04:05:06 mx exim[42]: [2/2] mple>: 550 no such user`, `
u+
u bounced mx 1tivSh-0007oc-5P c@d.example no such user`},
	{"two processes at once", `Nov  3 04:05:06 mx exim[42]: [1/2] 1tivSh-0007oc-5P ** c@d.example: Unrou
Nov  3 04:05:06 mx exim[43]: [1/2] 1tivSh-0007oc-6Q ** e@f.example: retry timeout
Nov  3 04:05:06 mx exim[42]: [2/2] teable address
Nov  3 04:05:06 mx exim[43]: [2/2]  exceeded`, `
u+
u+
u bounced mx 1tivSh-0007oc-5P c@d.example Unrouteable address
u expired mx 1tivSh-0007oc-6Q e@f.example retry timeout exceeded`},
	{"further lines are no part of the event", `Nov  3 04:05:06 mx exim[42]: [1/4] 1tivSh-0007oc-5P H=h.example [192.0.2.1] F=<a@b.example> rejected after DATA: spam
Nov  3 04:05:06 mx exim[42]: [2\4]  and worse
Nov  3 04:05:06 mx exim[42]: [3\4] Envelope-from: <a@b.example>
Nov  3 04:05:06 mx exim[42]: [4/4] P Received: from x`, `
u+
u rejected mx 1tivSh-0007oc-5P spam and worse
u+
u+`},
	{"an end that never comes", `Nov  3 04:05:06 mx exim[42]: [1/2] 1tivSh-0007oc-5P ** c@d.example: Unrouteable address
Nov  3 04:05:07 mx exim[42]: [1/2] 1tivSh-0007oc-6Q ** e@f.example: retry timeout
Nov  3 04:05:07 mx exim[42]: [2/2]  exceeded`, `
u+
u bounced mx 1tivSh-0007oc-5P c@d.example Unrouteable address
u expired mx 1tivSh-0007oc-6Q e@f.example retry timeout exceeded`},
	{"a beginning that is missing", `Nov  3 04:05:06 mx exim[42]: [2/2] mple>: 550 no such user
Nov  3 04:05:06 mx exim[42]: [3/3] P Received: from x`, `
? unknown mx [2/2] mple>: 550 no such user
u+`},
	{"container, partial lines", `2026-11-03T04:05:06.1Z stdout P Nov 03 04:05:06 mx postfix/smtp[811]: 3D74ADB7400B: to=<c@d.example>, relay=none, delay=1, dsn=5.4.4, sta
2026-11-03T04:05:06.1Z stderr F Nov 03 04:05:06 mx postfix/qmgr[8]: 3D74ADB7400C: removed
2026-11-03T04:05:06.1Z stdout P tus=bounced (Host 
2026-11-03T04:05:06.1Z stdout F not found)
2026-11-03T04:05:06.1Z stdout P nobody's
2026-11-03T04:05:06.1Z stdout F line`, `
u+
u completed mx 3D74ADB7400C
u+
u bounced mx 3D74ADB7400B c@d.example Host not found
-
-`},
	{"JSON without a message", `{"time":"2026-11-03T04:05:06Z","host":"mx","program":"postfix/smtpd","pid":9,"words":"connect from x[192.0.2.1]"}
{"time":"2026-11-03T04:05:06Z","host":"mx","program":"exim4","words":"1tivSh-0007oc-5P Completed"}
{"time":"2026-11-03T04:05:06Z","host":"mx","program":"postfix/smtpd","message":""}
{"time":"2026-11-03T04:05:06Z","host":"mx","program":"sshd","words":"x"}`, `
? unknown mx {"time":"2026-11-03T04:05:06Z","host":"mx","program":"postfix/smtpd","pid":9,"words":"connect from x[192.0.2.1]"}
? unknown mx {"time":"2026-11-03T04:05:06Z","host":"mx","program":"exim4","words":"1tivSh-0007oc-5P Completed"}
u other mx
-`},
	{"an entry of smtplog events is nobody's line", `{"time":"2026-11-03T04:05:06Z","host":"mx","mta":"postfix","program":"postfix/smtp","event":"deferred","text":"connect to x[192.0.2.1]:25: Connection refused"}
{"log":"{\"time\":\"2026-11-03T04:05:06Z\",\"mta\":\"exim\",\"event\":\"completed\",\"program\":\"exim\"}\n","stream":"stdout","time":"2026-11-03T04:05:06Z"}`, `
-
-`},
	{"last message repeated", `Nov  3 04:05:06 mx postfix/smtpd[9]: connect from x[192.0.2.1]
Nov  3 04:05:07 mx last message repeated 3 times
Nov  3 04:05:07 mx sshd[1]: x
Nov  3 04:05:08 mx last message repeated 2 times
Nov  3 04:05:08 mx2 postfix/qmgr[8]: 3D74ADB7400C: removed
Nov  3 04:05:08 mx syslogd: last message repeated 1 time
Nov  3 04:05:08 mx2 last message repeated 1 times
Nov  3 04:05:08 mx3 last message repeated 1 times`, `
u connected mx
u connected mx x3
-
-
u completed mx2 3D74ADB7400C
-
u completed mx2 3D74ADB7400C x1
-`},
	{"a repeat of a repeat", `Nov  3 04:05:06 postfix/smtpd[9]: connect from x[192.0.2.1]
Nov  3 04:05:07 last message repeated 3 times
Nov  3 04:05:37 last message repeated 5 times`, `
u connected
u connected x3
u connected x5`},
	{"Exim's copies for the reject log and the panic log", `Nov  3 04:05:06 mx exim[42]: H=h.example [192.0.2.1] F=<a@b.example> rejected RCPT <c@d.example>: no
Nov  3 04:05:06 mx exim[43]: H=h.example [192.0.2.1] F=<a@b.example> rejected RCPT <c@d.example>: no
Nov  3 04:05:06 mx exim[42]: H=h.example [192.0.2.1] F=<a@b.example> rejected RCPT <c@d.example>: no
Nov  3 04:05:06 mx exim[43]: H=h.example [192.0.2.1] F=<a@b.example> rejected RCPT <c@d.example>: no
Nov  3 04:05:06 mx exim[42]: H=h.example [192.0.2.1] F=<a@b.example> rejected RCPT <c@d.example>: no
Nov  3 04:05:06 mx exim[42]: H=h.example [192.0.2.1] F=<a@b.example> rejected RCPT <c@d.example>: no
Nov  3 04:05:06 mx exim[42]: 1tivSh-0007oc-5P == c@d.example R=r T=t defer (-24): Transport filter process failed (1)
Nov  3 04:05:06 mx exim[42]: 1tivSh-0007oc-5P == c@d.example R=r T=t defer (-24): Transport filter process failed (1)
Nov  3 04:05:06 mx exim[42]: login authenticator failed for h.example [192.0.2.1]: 535 no
Nov  3 04:05:06 mx exim[42]: login authenticator failed for h.example [192.0.2.1]: 535 no
Nov  3 04:05:06 mx exim[42]: H=h.example [192.0.2.1] Warning: watched
Nov  3 04:05:06 mx exim[42]: H=h.example [192.0.2.1] Warning: watched`, `
u rejected mx c@d.example no
u rejected mx c@d.example no
u+
u+
u rejected mx c@d.example no
u+
u deferred mx 1tivSh-0007oc-5P c@d.example Transport filter process failed (1)
u+
u auth_failed mx no
u+
u warning mx watched
u warning mx watched`},
	{"what is for Exim's main log alone", `Nov  3 04:05:06 mx exim[42]: Connection from [192.0.2.1] refused: too many connections
Nov  3 04:05:06 mx exim[42]: Connection from [192.0.2.1] refused: too many connections`, `
u rejected mx too many connections
u rejected mx too many connections`},
	{"such a copy in pieces, with the headers", `Nov  3 04:05:06 mx exim[42]: 2026-11-03 04:05:06.905 [42] 1tivSh-0007oc-5P H=h.example [192.0.2.1] F=<a@b.example> rejected after DATA: spam
Nov  3 04:05:06 mx exim[42]: [1\3] 2026-11-03 04:05:06.905 [42] 1tivSh-0007oc-5P H=h.example [192.0.2.1] F=<a@b.example> rejected after DATA: spam
Nov  3 04:05:06 mx exim[42]: [2\3] Envelope-from: <a@b.example>
Nov  3 04:05:06 mx exim[42]: [3/3] P Received: from x
Nov  3 04:05:06 mx exim[42]: H=h.example [192.0.2.1] F=<a@b.example> rejected RCPT <c@d.example>: no`, `
u rejected mx 1tivSh-0007oc-5P spam
u+
u+
u+
u rejected mx c@d.example no`},
	{"repeats of which each second is a copy", `Nov  3 04:05:06 mx exim[42]: H=h.example [192.0.2.1] F=<a@b.example> rejected RCPT <c@d.example>: no
Nov  3 04:05:07 mx last message repeated 3 times
Nov  3 04:05:06 mx exim[42]: H=h.example [192.0.2.1] F=<a@b.example> rejected RCPT <c@d.example>: no
Nov  3 04:05:08 mx last message repeated 1 times`, `
u rejected mx c@d.example no
u rejected mx c@d.example no x1
u rejected mx c@d.example no
u+`},
	{"a host that writes no copies", `Nov  3 04:05:06 mx exim[42]: H=h.example [192.0.2.1] F=<a@b.example> rejected RCPT <c@d.example>: no
Nov  3 04:05:06 mx exim[42]: H=h.example [192.0.2.1] F=<a@b.example> rejected RCPT <e@d.example>: no
Nov  3 04:05:06 mx exim[42]: H=h.example [192.0.2.1] F=<a@b.example> rejected RCPT <f@d.example>: no
Nov  3 04:05:06 mx exim[42]: H=h.example [192.0.2.1] F=<a@b.example> rejected RCPT <f@d.example>: no
Nov  3 04:05:06 mx2 exim[43]: H=h.example [192.0.2.1] F=<a@b.example> rejected RCPT <c@d.example>: no
Nov  3 04:05:06 mx2 exim[43]: H=h.example [192.0.2.1] F=<a@b.example> rejected RCPT <c@d.example>: no
Nov  3 04:05:06 mx exim[42]: 1tivSh-0007oc-5P == c@d.example R=r T=t defer (-24): Transport filter process failed (1)
Nov  3 04:05:06 mx exim[42]: 1tivSh-0007oc-5P == c@d.example R=r T=t defer (-24): Transport filter process failed (1)`, `
u rejected mx c@d.example no
u rejected mx e@d.example no
u rejected mx f@d.example no
u rejected mx f@d.example no
u rejected mx2 c@d.example no
u+
u deferred mx 1tivSh-0007oc-5P c@d.example Transport filter process failed (1)
u+`},
	{"Exim's own log has no copies", `2026-11-03 04:05:06 [42] H=h.example [192.0.2.1] F=<a@b.example> rejected RCPT <c@d.example>: no
2026-11-03 04:05:06 [42] H=h.example [192.0.2.1] F=<a@b.example> rejected RCPT <c@d.example>: no`, `
u rejected c@d.example no
u rejected c@d.example no`},
	{"no frame at all", `3D74ADB7400C: from=<a@b.example>, size=1, nrcpt=1 (queue active)
statistics: start interval Nov  3 04:05:06
words of another program
3D74ADB7400C: DKIM-Signature field added (s=a, d=b.example)
3D74ADB7400C: removed
1tivSh-0007oc-5P ** c@d.example: Unrouteable address`, `
u queued 3D74ADB7400C
u other statistics: start interval Nov  3 04:05:06
-
-
u completed 3D74ADB7400C
u bounced 1tivSh-0007oc-5P c@d.example Unrouteable address`},
}

func TestAcrossLines(t *testing.T) {
	for _, tt := range acrossLines {
		if got, want := story(New(Options{Year: 2026}), tt.log), strings.TrimSpace(tt.want); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", tt.name, got, want)
		}
	}
}

// What was begun and never ended is given after the last line.
func TestFlush(t *testing.T) {
	p := New(Options{Year: 2026})
	var ev Event
	for line := range strings.SplitSeq(`Nov  3 04:05:06 mx exim[42]: [1/2] 1tivSh-0007oc-5P ** c@d.example: Unrouteable address
Nov  3 04:05:06 mx exim[43]: [1\2] 1tivSh-0007oc-6Q Completed
Nov  3 04:05:06 mx exim[44]: [1/3] 1tivSh-0007oc-7R ** e@f.example: retry timeout
Nov  3 04:05:06 mx exim[44]: [2/3]  exceeded
2026-11-03T04:05:06.1Z stdout P Nov 03 04:05:06 mx postfix/qmgr[8]: 3D74ADB7400C: removed
2026-11-03T04:05:06.1Z stderr P nobody's`, "\n") {
		p.Parse([]byte(line), &ev)
	}
	var got []string
	for p.Flush(&ev) {
		got = append(got, fmt.Sprintf("%s %s %v %s %s", ev.Time.Format(time.TimeOnly), ev.Host, ev.Kind, ev.QueueID, ev.Text))
	}
	want := []string{"04:05:06 mx completed 3D74ADB7400C ", "04:05:06 mx bounced 1tivSh-0007oc-5P Unrouteable address", "04:05:06 mx expired 1tivSh-0007oc-7R retry timeout exceeded"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A line that Docker cut into pieces is one event.
func TestDockerParts(t *testing.T) {
	text := "Nov 03 04:05:06 mx postfix/smtp[811]: 3D74ADB7400B: to=<c@d.example>, relay=none, delay=1, dsn=5.4.4, status=bounced (" +
		strings.Repeat("x", 40<<10) + " not found)\n"
	p := New(Options{Year: 2026})
	var ev Event
	for len(text) > 0 {
		n := min(len(text), dockerPart)
		line := fmt.Sprintf(`{"log":%q,"stream":"stdout","time":"2026-11-03T04:05:06.1Z"}`, text[:n])
		text = text[n:]
		if v := p.Parse([]byte(line), &ev); v != Understood || ev.Continued != (text != "") {
			t.Fatalf("verdict %v, continued %v with %d bytes to come", v, ev.Continued, len(text))
		}
	}
	if ev.Kind != Bounced || len(ev.Text) < 40<<10 || !strings.HasSuffix(string(ev.Text), "not found") {
		t.Errorf("%v, %d bytes of text", ev.Kind, len(ev.Text))
	}
}

// What is remembered stays within its bounds, whatever comes.
func TestStateIsBounded(t *testing.T) {
	p := New(Options{Year: 2026})
	var ev Event
	long := strings.Repeat("x", 100<<10)
	for i := range 300 {
		for _, format := range []string{
			"Nov  3 04:05:06 mx%[1]d exim[%[1]d]: [1/99] 1tivSh-0007oc-5P ** c@d.example: %[2]s",
			"Nov  3 04:05:06 mx%[1]d exim[%[1]d]: [2/99] %[2]s",
			"2026-11-03T04:05:06.1Z stdout P %[2]s",
			"Nov  3 04:05:06 %[2]s postfix/qmgr[1]: 3D74ADB7400B: removed",
		} {
			p.Parse(fmt.Appendf(nil, format, i, long), &ev)
		}
	}
	size := 0
	for i := range p.exim.pieces.entries {
		size += cap(p.exim.pieces.entries[i].buf)
	}
	for i := range p.repeats.last {
		size += cap(p.repeats.last[i].buf)
	}
	size += cap(p.parts[stdout].buf)
	if want := 2 * (maxEntries*maxEntry + repeatHosts*2*repeatLine + maxPart); size > want {
		t.Errorf("%d bytes remembered, want at most %d", size, want)
	}
}

// The hour that the clocks show twice is told apart by the order of the lines.
func TestRepeatedHour(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err)
	}
	for _, tt := range []struct{ name, stamps, want string }{
		{"autumn", "Oct 25 01:59:00,Oct 25 02:10:00,Oct 25 02:59:00,Oct 25 02:01:00,Oct 25 02:10:00,Oct 25 03:00:00",
			"23:59,00:10,00:59,01:01,01:10,02:00"},
		{"autumn, Exim's stamps", "2026-10-25 02:10:00,2026-10-25 02:59:00,2026-10-25 02:01:00,2026-10-25 03:00:00", "00:10,00:59,01:01,02:00"},
		{"a straggler is in the first pass", "Oct 25 02:10:00,Oct 25 02:09:00,Oct 25 02:12:00", "00:10,00:09,00:12"},
		{"a straggler of the first pass in the second", "Oct 25 02:59:00,Oct 25 02:00:00,Oct 25 02:59:00,Oct 25 02:01:00", "00:59,01:00,00:59,01:01"},
		{"nothing but the second pass cannot be known", "Oct 25 02:30:00,Oct 25 03:10:00", "00:30,02:10"},
		{"spring: an hour that is not", "Mar 29 01:59:00,Mar 29 03:00:00,Mar 29 02:30:00", "00:59,01:00,01:30"},
	} {
		p := New(Options{Year: 2026, Zone: berlin})
		var got []string
		for s := range strings.SplitSeq(tt.stamps, ",") {
			line := s + " mx postfix/qmgr[1]: 3D74ADB7400B: removed"
			var ev Event
			p.Parse([]byte(line), &ev)
			got = append(got, ev.Time.UTC().Format("15:04"))
		}
		if got := strings.Join(got, ","); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}
