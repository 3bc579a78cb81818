package aggregate

import (
	"fmt"
	"reflect"
	"testing"
	"time"
)

// Large tables of the usual report are made when they are wanted, and are the same; small ones and
// the series have their rows.
func TestStreamOfReport(t *testing.T) {
	report := func(stream bool) *Report {
		g := newGenerator(t)
		g.c.opt.Stream = stream
		for i := range streamFrom + 100 {
			id := fmt.Sprintf("%X", 1<<40+int64(i))
			g.say(time.Duration(i)*time.Minute, "qmgr[1]: %s: from=<s%d@c.example>, size=100, nrcpt=1 (queue active)", id, i%10)
			g.say(time.Duration(i)*time.Minute, "smtp[7]: %s: to=<u@d%d.example>, %s, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as A)", id, i, remote)
			g.say(time.Duration(i)*time.Minute, "qmgr[1]: %s: removed", id)
		}
		g.c.Finish()
		return g.c.Report()
	}
	want, r := report(false), report(true)
	streamed := 0
	for i := range want.Tables {
		w, got := &want.Tables[i], &r.Tables[i]
		if got.made != nil {
			streamed++
			if len(w.Rows) < streamFrom || got.Rows != nil || got.Len() != len(w.Rows) {
				t.Errorf("%s: %d rows, want %d", w.Name, got.Len(), len(w.Rows))
			}
			if head := got.Head(3); head.Len() != len(w.Rows) || !reflect.DeepEqual(head.Rows, w.Rows[:3]) {
				t.Errorf("%s: the head differs", w.Name)
			}
		}
		if all := got.Head(0); !reflect.DeepEqual(all.Rows, w.Rows) {
			t.Errorf("%s: rows differ", w.Name)
		}
		if got.Approximate != w.Approximate {
			t.Errorf("%s: approximate %v", w.Name, got.Approximate)
		}
	}
	if streamed == 0 || streamed == len(want.Tables) {
		t.Errorf("%d of %d tables are made when they are wanted", streamed, len(want.Tables))
	}
}

// A report of a Collector that is finished can be made again, and merged into.
func TestReportTwice(t *testing.T) {
	for _, bounces := range []bool{false, true} {
		collector := func(from int) *Collector {
			g := bouncing(t, Options{})
			if !bounces {
				g = newGenerator(t)
			}
			for i := range 200 {
				g.bounce(from+i, "User unknown")
			}
			g.c.Finish()
			return g.c
		}
		a, b, all := collector(0), collector(200), collector(0)
		first, again := asJSON(t, a.Report()), asJSON(t, a.Report())
		if first != again {
			t.Errorf("bounces %v: a second report differs", bounces)
		}
		a.Merge(b) // after reports
		all.Merge(collector(200))
		if got, want := asJSON(t, a.Report()), asJSON(t, all.Report()); got != want || got == first {
			t.Errorf("bounces %v: reports before the merge make a difference", bounces)
		}
	}
}
