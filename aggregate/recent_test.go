package aggregate

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"github.com/smtplog/smtplog/internal/fixture"
	"github.com/smtplog/smtplog/parser"
)

// The report of the recent past is what a report of that window says of everything that can be
// told apart by time, also after a restart.
func TestRecent(t *testing.T) {
	fixture.NoRace(t)
	lines := fixture.Lines(t, fixture.Testdata(t, "logs", "postfix.log"))
	opt := Options{Recent: time.Hour}
	c, err := NewCollector(opt)
	if err != nil {
		t.Fatal(err)
	}
	feed(t, c, lines[:5000], 0)
	// a report of whole minutes: the parts are a minute wide
	since := c.ledger.now.Add(-30 * time.Minute).Truncate(time.Minute)
	window, err := NewCollector(Options{Since: since})
	if err != nil {
		t.Fatal(err)
	}
	feed(t, window, lines[:5000], 0)
	want, got := window.Report(), c.Recent(since)
	if want.Totals.Delivered < 10 || want.Totals.Deferred < 10 || want.Totals.Rejected == 0 {
		t.Fatalf("a poor example: %+v", want.Totals)
	}
	// A message counts as deferred by its latest line, in the window or before it.
	want.Totals.DeferredMessages = got.Totals.DeferredMessages
	if got.Totals != want.Totals {
		t.Errorf("totals\n%+v, want\n%+v", got.Totals, want.Totals)
	}
	for _, name := range []string{"status", "reasons", "categories", "rejects", "relays", "domains"} {
		if !reflect.DeepEqual(got.table(t, name).Rows, want.table(t, name).Rows) {
			t.Errorf("table %s\n%v, want\n%v", name, got.table(t, name).Rows, want.table(t, name).Rows)
		}
	}
	if len(c.parts) > recentParts+1 {
		t.Errorf("%d parts kept", len(c.parts))
	}

	var state bytes.Buffer
	if err := c.Save(&state); err != nil {
		t.Fatal(err)
	}
	again, _ := NewCollector(opt)
	if err := again.Restore(&state); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(again.Recent(since).Tables, got.Tables) {
		t.Error("another recent report after a restart")
	}
}

// A stamp far in the past or the future costs at most its own part.
func TestRecentOddStamps(t *testing.T) {
	c, _ := NewCollector(Options{Recent: time.Minute})
	p := parser.New(parser.Options{})
	var ev parser.Event
	for _, stamp := range []string{"2026-11-03T04:00:00Z", "1970-01-01T00:00:00Z", "2126-11-03T04:00:00Z", "2026-11-03T04:00:30Z"} {
		line := stamp + " mx postfix/smtpd[1]: NOQUEUE: reject: RCPT from c.example[192.0.2.9]: 554 5.7.1 <u@d.example>: Relay access denied; from=<a@b.example> to=<u@d.example> proto=ESMTP helo=<c.example>"
		v := p.Parse([]byte(line), &ev)
		c.Add(&ev, v, 0)
	}
	for range 10 * recentParts { // a clock that runs
		ev.Time = ev.Time.Add(time.Second)
		c.Add(&ev, parser.Understood, 0)
	}
	if len(c.parts) > recentParts+1 {
		t.Errorf("%d parts kept", len(c.parts))
	}
	got := c.Recent(ev.Time.Add(-9 * time.Second)).Totals.Rejected
	if got != 11 { // the ten of the last ten seconds, and the one from the future
		t.Errorf("%d refusals, want 11", got)
	}
}

// A report of a log that goes on is that of the log as if it had ended there: the live view
// shows what a report of the same lines says.
func TestReportBeforeTheEnd(t *testing.T) {
	fixture.NoRace(t)
	for _, name := range testLogs {
		lines := fixture.Lines(t, fixture.Testdata(t, "logs", name))
		for _, n := range []int{100, 700, 1500, len(lines)} {
			c, _ := NewCollector(Options{})
			feed(t, c, lines[:n], 0)
			live := c.Report()
			c.Finish()
			ended := c.Report()
			if live.Totals != ended.Totals {
				t.Errorf("%s, %d lines: totals\n%+v, want\n%+v", name, n, live.Totals, ended.Totals)
			}
			for i := range ended.Tables {
				if !reflect.DeepEqual(live.Tables[i].Rows, ended.Tables[i].Rows) {
					t.Errorf("%s, %d lines: table %s\n%v, want\n%v", name, n, ended.Tables[i].Name, live.Tables[i].Rows, ended.Tables[i].Rows)
				}
			}
		}
	}
}
