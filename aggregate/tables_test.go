package aggregate

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// tablesOf plays lines through a collector and returns the rows of a table as text.
func tablesOf(t *testing.T, opt Options, lines, table string) string {
	t.Helper()
	opt.Tables = []string{table}
	c, err := NewCollector(opt)
	if err != nil {
		t.Fatal(err)
	}
	feed(t, c, bytes.Split([]byte(strings.TrimSpace(lines)), []byte("\n")), 0)
	c.Finish()
	tab := c.Report().table(t, table)
	var b strings.Builder
	for _, row := range tab.Rows {
		for i, cell := range row {
			switch cell := cell.(type) {
			case nil:
				continue
			case int64:
				if cell == 0 {
					continue
				}
			case float64:
				if cell == 0 {
					continue
				}
			case time.Time:
				fmt.Fprintf(&b, "%s=%s ", tab.Columns[i].Name, cell.Format(time.TimeOnly))
				continue
			}
			fmt.Fprintf(&b, "%s=%v ", tab.Columns[i].Name, cell)
		}
		b.WriteByte('\n')
	}
	if tab.Approximate {
		b.WriteString("approximate\n")
	}
	return b.String()
}

// One message put off since 04:00, one since 09:50 that waits for its first attempt with one
// recipient of two unseen, one on hold since 09:30, one done; the log ends at 10:00.
const queueLog = `
Nov  3 04:00:00 mx postfix/smtpd[1]: 3A1B2C3D41: client=a.example[192.0.2.1]
Nov  3 04:00:00 mx postfix/qmgr[2]: 3A1B2C3D41: from=<a@a.example>, size=100, nrcpt=2 (queue active)
Nov  3 04:00:01 mx postfix/smtp[3]: 3A1B2C3D41: to=<u@d.example>, relay=mx.d.example[203.0.113.5]:25, delay=1, delays=0/0/0/1, dsn=4.2.2, status=deferred (host mx.d.example[203.0.113.5] said: 452 4.2.2 Mailbox full (in reply to RCPT TO command))
Nov  3 04:00:01 mx postfix/smtp[3]: 3A1B2C3D41: to=<v@D.example>, relay=mx.d.example[203.0.113.5]:25, delay=1, delays=0/0/0/1, dsn=4.2.2, status=deferred (host mx.d.example[203.0.113.5] said: 452 4.2.2 Mailbox full (in reply to RCPT TO command))
Nov  3 09:30:00 mx postfix/smtpd[1]: 3A1B2C3D42: client=a.example[192.0.2.1]
Nov  3 09:30:00 mx postfix/qmgr[2]: 3A1B2C3D42: from=<a@a.example>, size=100, nrcpt=1 (queue active)
Nov  3 09:30:01 mx postfix/smtp[3]: 3A1B2C3D42: to=<w@e.example>, relay=mx.e.example[203.0.113.6]:25, delay=1, delays=0/0/0/1, dsn=4.2.2, status=deferred (host mx.e.example[203.0.113.6] said: 452 4.2.2 Mailbox full (in reply to RCPT TO command))
Nov  3 09:31:00 mx postfix/postsuper[4]: 3A1B2C3D42: placed on hold
Nov  3 09:40:00 mx postfix/smtpd[1]: 3A1B2C3D43: client=a.example[192.0.2.1]
Nov  3 09:40:00 mx postfix/qmgr[2]: 3A1B2C3D43: from=<a@a.example>, size=100, nrcpt=1 (queue active)
Nov  3 09:40:01 mx postfix/smtp[3]: 3A1B2C3D43: to=<x@d.example>, relay=mx.d.example[203.0.113.5]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Ok)
Nov  3 09:40:01 mx postfix/qmgr[2]: 3A1B2C3D43: removed
Nov  3 09:50:00 mx postfix/smtpd[1]: 3A1B2C3D44: client=a.example[192.0.2.1]
Nov  3 09:50:00 mx postfix/qmgr[2]: 3A1B2C3D44: from=<a@a.example>, size=100, nrcpt=2 (queue active)
Nov  3 09:50:01 mx postfix/smtp[3]: 3A1B2C3D44: to=<y@f.example>, relay=mx.f.example[203.0.113.7]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Ok)
Nov  3 10:00:00 mx postfix/smtpd[1]: connect from a.example[192.0.2.1]
`

func TestQueueTable(t *testing.T) {
	want := `domain=d.example reason=mailbox_full queued=2 640m=2 oldest=6h0m0s 
reason=(no attempt yet) queued=1 10m=1 oldest=10m0s 
domain=e.example reason=(on hold) queued=1 40m=1 oldest=30m0s 
`
	if got := tablesOf(t, Options{}, queueLog, "queue"); got != want {
		t.Errorf("queue at the end of the log:\n%swant\n%s", got, want)
	}
	// As of 09:45 the last message has not come, and the others are younger.
	want = `domain=d.example reason=mailbox_full queued=2 640m=2 oldest=5h45m0s 
domain=e.example reason=(on hold) queued=1 20m=1 oldest=15m0s 
`
	until := time.Date(2026, 11, 3, 9, 45, 0, 0, time.UTC)
	if got := tablesOf(t, Options{Until: until}, queueLog, "queue"); got != want {
		t.Errorf("queue as of 09:45:\n%swant\n%s", got, want)
	}
}

func TestAge(t *testing.T) {
	for _, tt := range []struct {
		d    time.Duration
		want int
	}{{-time.Hour, 0}, {0, 0}, {5 * time.Minute, 0}, {5*time.Minute + 1, 1}, {10 * time.Minute, 1}, {1280 * time.Minute, 8}, {1281 * time.Minute, 9}, {1e6 * time.Hour, 9}} {
		if got := age(tt.d); got != tt.want {
			t.Errorf("age(%v) = %d, want %d", tt.d, got, tt.want)
		}
	}
}

const usersLog = `
Nov  3 04:00:00 mx postfix/submission/smtpd[1]: 3A1B2C3D41: client=a.example[192.0.2.1], sasl_method=PLAIN, sasl_username=alice
Nov  3 04:00:00 mx postfix/qmgr[2]: 3A1B2C3D41: from=<a@a.example>, size=100, nrcpt=2 (queue active)
Nov  3 04:00:01 mx postfix/smtp[3]: 3A1B2C3D41: to=<u@d.example>, relay=mx.d.example[203.0.113.5]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Ok)
Nov  3 04:00:01 mx postfix/smtp[3]: 3A1B2C3D41: to=<v@d.example>, relay=mx.d.example[203.0.113.5]:25, delay=1, delays=0/0/0/1, dsn=5.1.1, status=bounced (host mx.d.example[203.0.113.5] said: 550 5.1.1 No such user (in reply to RCPT TO command))
Nov  3 04:00:01 mx postfix/qmgr[2]: 3A1B2C3D41: removed
Nov  3 05:00:00 mx postfix/submission/smtpd[1]: 3A1B2C3D42: client=b.example[192.0.2.2], sasl_method=PLAIN, sasl_username=alice
Nov  3 05:00:00 mx postfix/qmgr[2]: 3A1B2C3D42: from=<a@a.example>, size=100, nrcpt=1 (queue active)
Nov  3 05:30:00 mx postfix/submission/smtpd[1]: warning: c.example[192.0.2.9]: SASL LOGIN authentication failed: authentication failure, sasl_username=alice
Nov  3 05:31:00 mx postfix/submission/smtpd[1]: warning: c.example[192.0.2.9]: SASL LOGIN authentication failed: authentication failure, sasl_username=root
Nov  3 05:32:00 mx postfix/submission/smtpd[1]: warning: c.example[192.0.2.9]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=(unavailable)
Nov  3 05:40:00 mx postfix/submission/smtpd[1]: 3A1B2C3D45: client=b.example[192.0.2.2], sasl_method=PLAIN, sasl_username=bob
Nov  3 05:40:00 mx postfix/cleanup[7]: 3A1B2C3D45: message-id=<m@a.example>
Nov  3 05:40:00 mx postfix/qmgr[2]: 3A1B2C3D45: from=<b@a.example>, size=100, nrcpt=1 (queue active)
Nov  3 05:40:01 mx postfix/smtpd[6]: 3A1B2C3D46: client=localhost[127.0.0.1], orig_queue_id=3A1B2C3D45, orig_client=b.example[192.0.2.2]
Nov  3 05:40:01 mx postfix/cleanup[7]: 3A1B2C3D46: message-id=<m@a.example>
Nov  3 05:40:01 mx postfix/qmgr[2]: 3A1B2C3D46: from=<b@a.example>, size=100, nrcpt=1 (queue active)
Nov  3 05:40:01 mx postfix/smtp[3]: 3A1B2C3D45: to=<u@d.example>, relay=127.0.0.1[127.0.0.1]:10024, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 3A1B2C3D46)
Nov  3 05:40:01 mx postfix/qmgr[2]: 3A1B2C3D45: removed
Nov  3 05:40:02 mx postfix/smtp[3]: 3A1B2C3D46: to=<u@d.example>, relay=mx.d.example[203.0.113.5]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Ok)
Nov  3 05:40:02 mx postfix/qmgr[2]: 3A1B2C3D46: removed
Nov  3 06:00:00 mx postfix/pickup[5]: 3A1B2C3D43: uid=1000 from=<local@a.example>
Nov  3 06:00:00 mx postfix/qmgr[2]: 3A1B2C3D43: from=<local@a.example>, size=100, nrcpt=1 (queue active)
`

// A local user is none who logged in; a name that Postfix does not know is none; what a content
// filter hands back is still bob's.
func TestUsersTable(t *testing.T) {
	want := `user=alice messages=2 recipients=3 delivered=1 bounced=1 queued=1 clients=2 auth_failures=1 
user=bob messages=1 recipients=1 delivered=1 clients=1 
user=root auth_failures=1 
`
	if got := tablesOf(t, Options{}, usersLog, "users"); got != want {
		t.Errorf("users:\n%swant\n%s", got, want)
	}
	want = "client=192.0.2.9 failures=3 users=2 first=05:30:00 last=05:32:00 \n"
	if got := tablesOf(t, Options{}, usersLog, "auth_failures"); got != want {
		t.Errorf("auth_failures:\n%swant\n%s", got, want)
	}
}

func TestDistinctsStayWithinTheirBound(t *testing.T) {
	var a, b distincts
	for i := range 600 {
		a.add(fmt.Appendf(nil, "a%d", i))
		b.add(fmt.Appendf(nil, "b%d", i))
	}
	a.add(nil)
	if len(a) != 600 || a.full() {
		t.Errorf("600 values: %d, full %v", len(a), a.full())
	}
	a.merge(b)
	if len(a) != maxDistinct || !a.full() {
		t.Errorf("1200 values: %d, full %v; want %d, true", len(a), a.full(), maxDistinct)
	}
}

// Of three recipients put off because a mailbox was full one is delivered after half an hour,
// one expires, one waits; one put off without an answer is delivered after an hour.
const deferralsLog = `
Nov  3 04:00:00 mx postfix/smtpd[1]: 3A1B2C3D41: client=a.example[192.0.2.1]
Nov  3 04:00:00 mx postfix/qmgr[2]: 3A1B2C3D41: from=<a@a.example>, size=100, nrcpt=3 (queue active)
Nov  3 04:00:01 mx postfix/smtp[3]: 3A1B2C3D41: to=<u@d.example>, relay=mx.d.example[203.0.113.5]:25, delay=1, delays=0/0/0/1, dsn=4.2.2, status=deferred (host mx.d.example[203.0.113.5] said: 452 4.2.2 Mailbox full (in reply to RCPT TO command))
Nov  3 04:00:01 mx postfix/smtp[3]: 3A1B2C3D41: to=<v@d.example>, relay=mx.d.example[203.0.113.5]:25, delay=1, delays=0/0/0/1, dsn=4.2.2, status=deferred (host mx.d.example[203.0.113.5] said: 452 4.2.2 Mailbox full (in reply to RCPT TO command))
Nov  3 04:00:01 mx postfix/smtp[3]: 3A1B2C3D41: to=<w@d.example>, relay=mx.d.example[203.0.113.5]:25, delay=1, delays=0/0/0/1, dsn=4.2.2, status=deferred (host mx.d.example[203.0.113.5] said: 452 4.2.2 Mailbox full (in reply to RCPT TO command))
Nov  3 04:10:00 mx postfix/smtpd[1]: 3A1B2C3D42: client=a.example[192.0.2.1]
Nov  3 04:10:00 mx postfix/qmgr[2]: 3A1B2C3D42: from=<a@a.example>, size=100, nrcpt=1 (queue active)
Nov  3 04:10:01 mx postfix/smtp[3]: 3A1B2C3D42: to=<x@d.example>, relay=none, delay=1, delays=0/0/0/1, dsn=4.4.1, status=deferred (connect to mx.d.example[203.0.113.5]:25: Connection timed out)
Nov  3 04:30:01 mx postfix/smtp[3]: 3A1B2C3D41: to=<u@d.example>, relay=mx.d.example[203.0.113.5]:25, delay=1801, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Ok)
Nov  3 05:10:01 mx postfix/smtp[3]: 3A1B2C3D42: to=<x@d.example>, relay=mx.d.example[203.0.113.5]:25, delay=3601, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Ok)
Nov  3 05:10:01 mx postfix/qmgr[2]: 3A1B2C3D42: removed
Nov  3 06:00:01 mx postfix/smtp[3]: 3A1B2C3D41: to=<v@d.example>, relay=mx.d.example[203.0.113.5]:25, delay=7201, delays=0/0/0/1, dsn=5.1.1, status=bounced (host mx.d.example[203.0.113.5] said: 550 5.1.1 No such user (in reply to RCPT TO command))
`

func TestDeferralsTable(t *testing.T) {
	got := tablesOf(t, Options{}, deferralsLog, "deferrals")
	full, other, _ := strings.Cut(got, "\n")
	want := "reason=mailbox_full recipients=3 delivered=1 delivered_pct=33.3 p50=30m0s p90=30m0s bounced=1 failed_pct=33.3 queued=1 "
	if full != want {
		t.Errorf("deferrals:\n%s\nwant\n%s", full, want)
	}
	if want := "recipients=1 delivered=1 delivered_pct=100 p50=1h0m0s p90=1h0m0s \n"; !strings.HasSuffix(other, want) || strings.HasPrefix(other, "reason=mailbox_full") {
		t.Errorf("deferrals:\n%s\nwant, for a reason of its own,\n%s", other, want)
	}
}

// DT= is the time of the delivery itself, QT= the whole.
func TestEximDelays(t *testing.T) {
	log := `
2026-11-03 04:00:00 [1] 16ZCW1-0005MB-00 <= a@a.example H=a.example [192.0.2.1] P=esmtp S=1000 for u@d.example
2026-11-03 04:00:09 [2] 16ZCW1-0005MB-00 => u@d.example R=dnslookup T=remote_smtp H=mx.d.example [203.0.113.5] C="250 ok" QT=9s DT=2s
2026-11-03 04:00:09 [2] 16ZCW1-0005MB-00 Completed QT=9s
`
	want := "part=total count=1 p50=9s p90=9s p95=9s p99=9s max=9s \npart=delivery count=1 p50=2s p90=2s p95=2s p99=2s max=2s \n"
	if got := tablesOf(t, Options{}, log, "delays"); got != want {
		t.Errorf("delays:\n%swant\n%s", got, want)
	}
}

// Rows with a time are in its order, in the hour that the clocks show twice too.
func TestTablesByTime(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	line := " mx postfix/smtp[3]: 3A1B2C3D41: to=<u@d.example>, relay=mx.d.example[203.0.113.5]:25, delay=1, delays=0/0/0/1, dsn=5.1.1, status=bounced (host mx.d.example[203.0.113.5] said: 550 5.1.1 No such user (in reply to RCPT TO command))\n"
	log := ""
	for _, at := range []string{"2026-10-24T23:10:00Z", "2026-10-25T00:10:00Z", "2026-10-25T01:10:00Z", "2026-10-25T01:20:00Z", "2026-10-25T02:10:00Z"} {
		log += at + line
	}
	for _, most := range []int{0, 3} {
		c, err := NewCollector(Options{Zone: zone, By: []Dim{DimDomain, DimTime}})
		if err != nil {
			t.Fatal(err)
		}
		feed(t, c, bytes.Split([]byte(log), []byte("\n")), 0)
		rows, _ := c.folds[0].rows(most)
		var got []string
		for _, row := range rows {
			got = append(got, fmt.Sprint(row[1].(time.Time).In(zone).Format("15:04 MST"), " ", row[4]))
		}
		want := []string{"01:00 CEST 1", "02:00 CEST 1", "02:00 CET 2", "03:00 CET 1"}
		if most > 0 {
			want = want[:most]
		}
		if !slices.Equal(got, want) {
			t.Errorf("the first %d: %q, want %q", most, got, want)
		}
	}
}
