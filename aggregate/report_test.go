package aggregate

import (
	"bytes"
	"math/rand/v2"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/smtplog/smtplog/internal/fixture"
	"github.com/smtplog/smtplog/parser"
)

// feed runs a log through a collector.
func feed(t testing.TB, c *Collector, lines [][]byte, set int) {
	t.Helper()
	p := parser.New(parser.Options{Year: 2026})
	var ev parser.Event
	for _, line := range lines {
		v := p.Parse(line, &ev)
		c.Add(&ev, v, set)
	}
}

func collect(t testing.TB, opt Options, logs ...string) *Report {
	t.Helper()
	c, err := NewCollector(opt)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range logs {
		feed(t, c, fixture.Lines(t, fixture.Testdata(t, "logs", name)), i)
	}
	c.Finish()
	return c.Report()
}

var testLogs = []string{"postfix.log", "exim.log", "exim-rich.log"}

func (r *Report) table(t testing.TB, name string) *Table {
	t.Helper()
	for i := range r.Tables {
		if r.Tables[i].Name == name {
			return &r.Tables[i]
		}
	}
	t.Fatalf("no table %s", name)
	return nil
}

// sum adds up a column.
func (tab *Table) sum(t testing.TB, column string) (n int64) {
	t.Helper()
	for i, c := range tab.Columns {
		if c.Name != column {
			continue
		}
		for _, row := range tab.Rows {
			if v, ok := row[i].(int64); ok {
				n += v
			}
		}
		return n
	}
	t.Fatalf("%s has no column %s", tab.Name, column)
	return 0
}

// The reconciliation of the contract, and the tables against the totals: whatever is counted
// in two places is the same number.
func TestNumbersAddUp(t *testing.T) {
	fixture.NoRace(t)
	for _, tt := range []struct {
		name string
		opt  Options
	}{
		{"all", Options{}},
		{"window", Options{Since: time.Date(2026, 12, 30, 8, 0, 0, 0, time.UTC), Until: time.Date(2026, 12, 30, 14, 0, 0, 0, time.UTC)}},
	} {
		for _, log := range testLogs {
			t.Run(tt.name+"/"+log, func(t *testing.T) {
				r := collect(t, tt.opt, log)
				n := r.Totals
				if sum := n.Delivered + n.Bounced + n.Expired + n.Discarded + n.Removed + n.Queued + n.Lost; n.Recipients != sum || sum == 0 {
					t.Errorf("recipients %d, their outcomes %d", n.Recipients, sum)
				}
				if in := r.Input; in.Lines != in.Understood+in.Ignored+in.Unknown {
					t.Errorf("lines do not add up: %+v", in)
				}
				attempts := r.table(t, "status").sum(t, "attempts")
				for _, name := range []string{"relays", "enhanced"} {
					if got := r.table(t, name).sum(t, "attempts"); got != attempts {
						t.Errorf("%s: %d attempts, status %d", name, got, attempts)
					}
				}
				if got := r.table(t, "over_time").sum(t, "count"); got != attempts {
					t.Errorf("over_time: %d attempts, status %d", got, attempts)
				}
				for _, name := range []string{"status", "relays", "enhanced", "replies", "domains", "senders"} {
					if got := r.table(t, name).sum(t, "deferred"); got != n.Deferred {
						t.Errorf("%s: %d deferrals, totals %d", name, got, n.Deferred)
					}
				}
				for _, name := range []string{"domains", "senders"} {
					for column, want := range map[string]int64{"recipients": n.Recipients, "delivered": n.Delivered, "bounced": n.Bounced,
						"expired": n.Expired, "discarded": n.Discarded, "removed": n.Removed, "queued": n.Queued, "lost": n.Lost} {
						if got := r.table(t, name).sum(t, column); got != want {
							t.Errorf("%s: %s %d, totals %d", name, column, got, want)
						}
					}
				}
				if got := r.table(t, "rejects").sum(t, "count"); got != n.Rejected {
					t.Errorf("rejects: %d, totals %d", got, n.Rejected)
				}
				if got := r.table(t, "senders").sum(t, "messages"); got != n.Received {
					t.Errorf("senders: %d messages, totals %d received", got, n.Received)
				}
			})
		}
	}
}

// The report of one user is the user's row, also for what was handed on inside; a row adds up.
func TestUserFilterIsUsersTable(t *testing.T) {
	for _, log := range testLogs {
		opt := Options{}
		opt.Filter.Add(DimUser, "robot")
		n, one := collect(t, opt, log), collect(t, Options{}, log).table(t, "users")
		one.Rows = slices.DeleteFunc(one.Rows, func(row []any) bool { return row[0] != "robot" })
		for column, want := range map[string]int64{"messages": n.Totals.Received, "recipients": n.Totals.Recipients, "delivered": n.Totals.Delivered,
			"bounced": n.Totals.Bounced, "expired": n.Totals.Expired, "discarded": n.Totals.Discarded, "removed": n.Totals.Removed,
			"queued": n.Totals.Queued, "lost": n.Totals.Lost} {
			if got := one.sum(t, column); got != want {
				t.Errorf("%s: %s of robot's row %d, of robot's report %d", log, column, got, want)
			}
		}
	}
}

// What counts by its own time counts in one window only: windows side by side add up to the whole.
func TestWindowsAddUp(t *testing.T) {
	fixture.NoRace(t)
	events := func(n *Totals) map[string]int64 {
		return map[string]int64{"received": n.Received, "notifications": n.Notifications, "delivered": n.Delivered, "bounced": n.Bounced,
			"expired": n.Expired, "discarded": n.Discarded, "removed": n.Removed, "lost": n.Lost, "forwarded": n.Forwarded,
			"deferred": n.Deferred, "not_attempted": n.NotAttempted, "rejected": n.Rejected, "connections": n.Connections,
			"bytes_received": n.BytesReceived, "bytes_delivered": n.BytesDelivered}
	}
	for _, log := range testLogs {
		whole := collect(t, Options{}, log)
		for _, width := range []time.Duration{time.Hour, 4321 * time.Second} {
			sums := map[string]int64{}
			messages := int64(0)
			for from := whole.Input.First.Truncate(time.Hour); !from.After(*whole.Input.Last); from = from.Add(width) {
				r := collect(t, Options{Since: from, Until: from.Add(width)}, log)
				for name, n := range events(&r.Totals) {
					sums[name] += n
				}
				messages += r.table(t, "senders").sum(t, "messages")
			}
			for name, want := range events(&whole.Totals) {
				if sums[name] != want {
					t.Errorf("%s: %s of windows of %v %d, of the whole %d", log, name, width, sums[name], want)
				}
			}
			if want := whole.table(t, "senders").sum(t, "messages"); messages != want {
				t.Errorf("%s: messages of windows of %v %d, of the whole %d", log, width, messages, want)
			}
		}
	}
}

// A slow and obvious count of the Postfix log, against the totals.
func TestTotalsAgainstPlainCounts(t *testing.T) {
	lines := fixture.Lines(t, fixture.Testdata(t, "logs", "postfix.log"))
	notice := regexp.MustCompile(`/bounce\[\d+\]: \w+: (?:sender|postmaster) .*notification: (\w+)$`)
	deferral := regexp.MustCompile(`/\w+\[\d+\]: (\w+): to=<.*, relay=.*, dsn=[\d.]+, status=deferred \((.*)`)
	connect := regexp.MustCompile(`smtpd\[\d+\]: connect from `)
	notices := map[string]bool{}
	for _, line := range lines {
		if m := notice.FindSubmatch(line); m != nil {
			notices[string(m[1])] = true
		}
	}
	var deferrals, suspended, connections int64
	for _, line := range lines {
		if m := deferral.FindSubmatch(line); m != nil && !notices[string(m[1])] {
			deferrals++
			if regexp.MustCompile(`^(?:delivery temporarily suspended|mail transport unavailable|deferred transport)`).Match(m[2]) {
				suspended++
			}
		}
		if connect.Match(line) {
			connections++
		}
	}
	n := collect(t, Options{}, "postfix.log").Totals
	if n.Deferred != deferrals || n.NotAttempted != suspended || n.Notifications != int64(len(notices)) {
		t.Errorf("deferred %d, want %d; not attempted %d, want %d; notifications %d, want %d",
			n.Deferred, deferrals, n.NotAttempted, suspended, n.Notifications, len(notices))
	}
	if n.Connections < connections { // postscreen's come on top
		t.Errorf("connections %d, want at least %d", n.Connections, connections)
	}
}

// fold(R1) + fold(R2) = fold(R1 and R2): two hosts counted apart and merged are the same as
// counted together.
func TestFoldsMerge(t *testing.T) {
	make := func(logs ...string) *Collector {
		c, err := NewCollector(Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range logs {
			feed(t, c, fixture.Lines(t, fixture.Testdata(t, "logs", name)), len(name))
		}
		c.Finish()
		return c
	}
	a, b, both := make("postfix.log"), make("exim.log"), make("postfix.log", "exim.log")
	merged := a.newFolds()
	for i := range merged {
		merged[i].merge(b.folds[i])
		merged[i].merge(a.folds[i])
		got, _ := merged[i].rows(0)
		want, _ := both.folds[i].rows(0)
		if len(got) != len(want) {
			t.Errorf("%s: %d rows, want %d", a.specs[i].name, len(got), len(want))
			continue
		}
		for r := range want {
			for c := range want[r] {
				if got[r][c] != want[r][c] {
					t.Errorf("%s row %d column %d: %v, want %v", a.specs[i].name, r, c, got[r][c], want[r][c])
				}
			}
		}
	}
}

// A report in the middle does not change the one at the end, and at the end both agree.
func TestReportAtAnyTime(t *testing.T) {
	c, err := NewCollector(Options{})
	if err != nil {
		t.Fatal(err)
	}
	lines := fixture.Lines(t, fixture.Testdata(t, "logs", "postfix.log"))
	p := parser.New(parser.Options{Year: 2026})
	var ev parser.Event
	for i, line := range lines {
		c.Add(&ev, p.Parse(line, &ev), 0)
		if i%1000 == 0 {
			n := c.Report().Totals
			if sum := n.Delivered + n.Bounced + n.Expired + n.Discarded + n.Removed + n.Queued + n.Lost; n.Recipients != sum {
				t.Fatalf("line %d: recipients %d, their outcomes %d", i, n.Recipients, sum)
			}
		}
	}
	c.Finish()
	if got, want := c.Report().Totals, collect(t, Options{}, "postfix.log").Totals; got != want {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

// The sums hold on logs that are cut, doubled, thinned out and out of order.
func TestNumbersAddUpOnBrokenLogs(t *testing.T) {
	fixture.NoRace(t)
	for _, name := range testLogs {
		all := fixture.Lines(t, fixture.Testdata(t, "logs", name))
		for seed := range uint64(12) {
			rng := rand.New(rand.NewPCG(seed, 1))
			from := rng.IntN(len(all) / 2)
			lines := slices.Clone(all[from : from+len(all)/2])
			for i := range lines {
				switch rng.IntN(20) {
				case 0: // a line is lost
					lines[i] = nil
				case 1: // or comes twice
					lines[i] = lines[rng.IntN(len(lines))]
				case 2, 3: // or late
					j := min(i+rng.IntN(50), len(lines)-1)
					lines[i], lines[j] = lines[j], lines[i]
				}
			}
			c, err := NewCollector(Options{})
			if err != nil {
				t.Fatal(err)
			}
			feed(t, c, lines, 0)
			open := c.Report().Totals
			c.Finish()
			r := c.Report()
			for _, n := range []Totals{open, r.Totals} {
				if sum := n.Delivered + n.Bounced + n.Expired + n.Discarded + n.Removed + n.Queued + n.Lost; n.Recipients != sum || sum == 0 {
					t.Errorf("%s, seed %d: recipients %d, their outcomes %d", name, seed, n.Recipients, sum)
				}
			}
			if got := r.table(t, "domains").sum(t, "recipients"); got != r.Totals.Recipients {
				t.Errorf("%s, seed %d: domains have %d recipients, totals %d", name, seed, got, r.Totals.Recipients)
			}
			if in := r.Input; in.Lines != int64(len(lines)) || in.Lines != in.Understood+in.Ignored+in.Unknown {
				t.Errorf("%s, seed %d: lines do not add up: %+v", name, seed, in)
			}
		}
	}
}

// postsuper names the messages that it was given, not those of "ALL".
func TestUnnamed(t *testing.T) {
	c, err := NewCollector(Options{})
	if err != nil {
		t.Fatal(err)
	}
	feed(t, c, bytes.Split([]byte(`Nov  3 04:00:00 mx postfix/postsuper[5]: 3A1B2C3D4E: removed
Nov  3 04:00:00 mx postfix/postsuper[5]: Deleted: 1 message
Nov  3 04:00:00 mx postfix/postsuper[6]: 4A1B2C3D4E: placed on hold
Nov  3 04:00:00 mx postfix/cleanup[7]: 5A1B2C3D4E: hold: header X: y from c.example[192.0.2.9]; from=<a@c.example> to=<u@d.example> proto=ESMTP helo=<c>
Nov  3 04:00:00 mx postfix/postsuper[6]: Placed on hold: 1 message
Nov  3 04:00:00 mx postfix/postsuper[8]: Placed on hold: 2 messages
Nov  3 04:00:00 mx postfix/postsuper[9]: Deleted: 3 messages
Nov  3 04:00:00 mx postfix/postsuper[10]: Deleted: 0 messages
<22>1 2026-11-03T04:00:00Z cut postfix 1 - - 6A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)
<22>1 2026-11-03T04:00:00Z cut postfix 11 - - 6A1B2C3D4E: removed
<22>1 2026-11-03T04:00:00Z cut postfix 1 - - 7A1B2C3D4E: removed
<22>1 2026-11-03T04:00:00Z cut postfix 11 - - Deleted: 1 message`), []byte("\n")), 1)
	c.Finish()
	if r := c.Report(); r.Input.Unnamed != 5 || r.Input.Understood != 12 {
		t.Errorf("%d unnamed, %d lines understood, want 5 and 12", r.Input.Unnamed, r.Input.Understood)
	}
}

// An address probe that has no answer yet is no notice, whose sender it has.
func TestProbeInFlight(t *testing.T) {
	log := bytes.Split([]byte(`Nov  3 04:00:00 mx postfix/cleanup[5]: 3A1B2C3D4E: message-id=<p@mx.example>
Nov  3 04:00:00 mx postfix/qmgr[1]: 3A1B2C3D4E: from=<double-bounce@mx.example>, size=100, nrcpt=1 (queue active)
Nov  3 04:00:00 mx postfix/cleanup[5]: 4A1B2C3D4E: message-id=<n@mx.example>
Nov  3 04:00:00 mx postfix/qmgr[1]: 4A1B2C3D4E: from=<double-bounce@mx.example>, size=100, nrcpt=1 (queue active)
Nov  3 04:00:00 mx postfix/local[7]: 4A1B2C3D4E: to=<root@mx.example>, orig_to=<postmaster>, relay=local, delay=1, delays=0/0/0.5/0.5, dsn=2.0.0, status=sent (delivered to mailbox)
Nov  3 04:00:02 mx postfix/smtp[7]: 3A1B2C3D4E: to=<u@d.example>, relay=mx.d.example[192.0.2.1]:25, delay=1, delays=0/0/0.5/0.5, dsn=2.1.5, status=deliverable (250 2.1.5 Ok)`), []byte("\n"))
	for _, lines := range [][][]byte{log[:5], log} {
		for _, notices := range []bool{false, true} {
			c, err := NewCollector(Options{Notices: notices})
			if err != nil {
				t.Fatal(err)
			}
			feed(t, c, lines, 1)
			c.Finish()
			if n := c.Report().Totals; n.Notifications != 1 || n.Queued != 0 {
				t.Errorf("%d lines, notices %t: %d notifications and %d queued, want 1 and none", len(lines), notices, n.Notifications, n.Queued)
			}
		}
	}
}

func TestUnknownTable(t *testing.T) {
	if _, err := NewCollector(Options{Tables: []string{"moon"}}); err == nil {
		t.Error("no error for a table that does not exist")
	}
}
