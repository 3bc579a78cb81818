package aggregate

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/smtplog/smtplog/internal/fixture"
	"github.com/smtplog/smtplog/parser"
)

// bouncing returns a generator whose Collector makes the bounce report.
func bouncing(t testing.TB, opt Options) *generator {
	t.Helper()
	opt.Bounces = true
	c, err := NewCollector(opt)
	if err != nil {
		t.Fatal(err)
	}
	return &generator{c: c, p: parser.New(parser.Options{Year: 2026})}
}

// bounce logs a message whose one recipient fails for good.
func (g *generator) bounce(i int, reply string) {
	id, at := fmt.Sprintf("%X", 1<<40+int64(i)), time.Duration(i)*100*time.Millisecond
	g.say(at, "smtpd[9]: %s: client=c.example[192.0.2.9]", id)
	g.say(at, "cleanup[9]: %s: message-id=<message.number.%d@c.example>", id, i)
	g.say(at, "qmgr[1]: %s: from=<s%d@c.example>, size=100, nrcpt=1 (queue active)", id, i%100)
	g.say(at, "smtp[7]: %s: to=<u%d@d%d.example>, relay=mx.d.example[192.0.2.1]:25, delay=1, delays=0/0/0.5/0.5, dsn=5.1.1, status=bounced (host mx.d.example[192.0.2.1] said: 550 5.1.1 <u%d@d.example> %s (in reply to RCPT TO command))",
		id, i, i%1000, i, reply)
	g.say(at, "qmgr[1]: %s: removed", id)
}

// A failed recipient takes a few hundred bytes, its strings included: there may be a million.
func TestSizeOfFailures(t *testing.T) {
	fixture.NoRace(t)
	g := bouncing(t, Options{})
	fill := func(from, to int) int64 {
		before := heap()
		for i := from; i < to; i++ {
			g.bounce(i, "User unknown in virtual mailbox table")
		}
		return heap() - before
	}
	fill(0, 10_000) // what is there once
	const n = 20_000
	if each := fill(10_000, 10_000+n) / n; each > 512 {
		t.Errorf("%d bytes for each failed recipient", each)
	}
	if got := g.c.folds[0].(*bounceLog).kept.list.len(); got < n {
		t.Errorf("%d failures kept", got)
	}
}

// The strings of failures are bounded; what finds no room is counted.
func TestFailuresOfLongReplies(t *testing.T) {
	g := bouncing(t, Options{})
	log := g.c.folds[0].(*bounceLog)
	g.bounce(0, "unknown")
	log.kept.text = maxFailureBytes - 5000
	for i := 1; i <= 10; i++ {
		g.bounce(i, strings.Repeat("long ", 400))
	}
	g.c.Finish()
	r := g.c.Report()
	if got := len(r.table(t, "bounces").Rows); got != 4 { // two of 2,000 bytes, and the one that goes beyond
		t.Errorf("%d rows", got)
	}
	if got := r.table(t, "by_reason").sum(t, "bounced"); got != 11 || !r.table(t, "by_reason").Approximate {
		t.Errorf("%d failures counted, approximate %v", got, r.table(t, "by_reason").Approximate)
	}
}

// Rows that are made one by one are those that are kept, and stay what they were when the
// Collector goes on.
func TestStream(t *testing.T) {
	for _, perSender := range []bool{false, true} {
		kept, streaming := bouncing(t, Options{PerSender: perSender}), bouncing(t, Options{PerSender: perSender, Stream: true})
		fill := func(from, to int) {
			for i := from; i < to; i++ {
				for _, g := range []*generator{kept, streaming} {
					g.bounce(i, "User unknown")
				}
			}
		}
		fill(0, 1500)
		want, r := kept.c.Report(), streaming.c.Report()
		fill(1500, 3000)
		streaming.c.Finish()
		rows := 0
		for i := range r.Tables {
			w, got := &want.Tables[i], &r.Tables[i]
			if got.Rows != nil || got.Len() != len(w.Rows) {
				t.Errorf("%s: %d rows, want %d", w.Name, got.Len(), len(w.Rows))
			}
			if w.Columns[len(w.Columns)-2].Name == "state" || w.Name == "incidents" {
				continue // it goes by the end of the log
			}
			var all [][]any
			for row := range got.All() {
				all = append(all, slices.Clone(row))
			}
			if len(all) > 0 && !reflect.DeepEqual(all, w.Rows) {
				t.Errorf("%s: rows differ", w.Name)
			}
			head := got.Head(2)
			if len(w.Rows) > 2 && (!reflect.DeepEqual(head.Rows, w.Rows[:2]) || head.Len() != len(w.Rows)) {
				t.Errorf("%s: the head has %d of %d rows", w.Name, len(head.Rows), head.Len())
			}
			rows += len(all)
		}
		if rows < 1500 {
			t.Errorf("%d rows in all", rows)
		}
	}
}

// Merging takes what there is room for, message by message.
func TestMergeOfFailures(t *testing.T) {
	var a, b, all failures
	m := func(id int, recipients int) *Message {
		m := &Message{QueueID: fmt.Sprint(id), Sender: "s@d.example"}
		for i := range recipients {
			m.Recipients = append(m.Recipients, Recipient{Address: fmt.Sprintf("u%d@d%d.example", i, id)})
		}
		return m
	}
	for id := range 2000 {
		one := m(id, 1+id%3)
		for i := range one.Recipients {
			for _, fs := range []*failures{&all, map[bool]*failures{true: &a, false: &b}[id < 900]} {
				fs.add(one, i, true)
			}
		}
	}
	before := a.list.len()
	var sum failures
	sum.merge(&a)
	if beyond := sum.merge(&b); beyond != 0 {
		t.Errorf("no room for %d", beyond)
	}
	if a.list.len() != before || sum.list.len() != all.list.len() || sum.envelopes.len() != all.envelopes.len() || sum.text != all.text {
		t.Fatalf("%d failures of %d messages, %d bytes; want %d, %d, %d", sum.list.len(), sum.envelopes.len(), sum.text, all.list.len(), all.envelopes.len(), all.text)
	}
	for i := range all.list.len() {
		got, want := sum.list.at(uint32(i)), all.list.at(uint32(i))
		if got.address != want.address || sum.envelope(got).queueID != all.envelope(want).queueID {
			t.Fatalf("failure %d: %s of %s, want %s of %s", i, got.address, sum.envelope(got).queueID, want.address, all.envelope(want).queueID)
		}
	}
	sum.text = maxFailureBytes
	if beyond := sum.merge(&b); beyond != int64(b.list.len()) {
		t.Errorf("beyond the bound: %d, want %d", beyond, b.list.len())
	}
}
