package aggregate

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/smtplog/smtplog/internal/fixture"
	"github.com/smtplog/smtplog/parser"
)

// generator feeds lines made up by a test to a Collector, a message after the other.
type generator struct {
	c    *Collector
	p    *parser.Parser
	ev   parser.Event
	line []byte
}

func newGenerator(t testing.TB) *generator {
	t.Helper()
	c, err := NewCollector(Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &generator{c: c, p: parser.New(parser.Options{Year: 2026})}
}

func (g *generator) say(at time.Duration, format string, args ...any) {
	stamp := time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC).Add(at).Format("Jan _2 15:04:05")
	g.line = fmt.Appendf(append(g.line[:0], stamp...), " mx postfix/"+format, args...)
	v := g.p.Parse(g.line, &g.ev)
	g.c.Add(&g.ev, v, 1)
}

// heap returns the bytes in use.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// check asserts what always holds of a Ledger's lists and sizes.
func (l *Ledger) check(t testing.TB) {
	t.Helper()
	n, size := 0, 0
	for m := range l.open.all {
		n++
		size += m.size
	}
	if lists := l.fresh.n + l.queued.n + l.ended.n; n != lists || size != l.size {
		t.Errorf("%d messages of %d bytes under their queue IDs; %d in lists, %d bytes noted", n, size, lists, l.size)
	}
}

// Finished messages are dropped: what is kept depends on how many are open at a time, not on
// how many there were, nor on whether the clock goes on.
func TestFinishedMessagesAreDropped(t *testing.T) {
	fixture.NoRace(t)
	const perSecond = 50
	for _, tt := range []struct {
		name  string
		clock func(i int) time.Duration
		most  int // messages kept at a time
	}{
		{"in the course of time", func(i int) time.Duration { return time.Duration(i) * time.Second / perSecond }, 62 * perSecond},
		{"while the clock stands still", func(int) time.Duration { return 0 }, maxEnded + 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := newGenerator(t)
			g.c.ledger.Limit = 20_000 * messageSize
			var before int64
			const n = 60_000
			for i := range n {
				at := tt.clock(i)
				id := 1<<40 + int64(i)
				g.say(at, "smtpd[%d]: %X: client=c%d.example[192.0.2.9]", i%9, id, i%100)
				g.say(at, "cleanup[9]: %X: message-id=<m%d@c.example>", id, i)
				if i%5 == 0 && i < n/10 { // the client gives up; that shows in an hour
					continue
				}
				g.say(at, "qmgr[1]: %X: from=<s%d@c.example>, size=100, nrcpt=1 (queue active)", id, i%100)
				g.say(at, "smtp[7]: %X: to=<u@d.example>, %s, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as %d)", id, remote, i)
				g.say(at, "qmgr[1]: %X: removed", id)
				if i == n/2 {
					before = heap()
				}
			}
			g.c.ledger.check(t)
			if grown := heap() - before; grown > 6<<20 { // the messages alone would be 30
				t.Errorf("the second half of the messages left %d bytes", grown)
			}
			if l := g.c.ledger; l.queued.n != 0 || l.ended.n > tt.most || l.size > l.Limit {
				t.Errorf("kept: %d queued, %d ended, %d bytes", l.queued.n, l.ended.n, l.size)
			}
			g.c.Finish()
			if got := g.c.Report().Totals; got.Delivered != n/50*49 || got.Recipients != n/50*49 || got.Received != n/50*49 {
				t.Errorf("%+v", got)
			}
		})
	}
}

// Messages that never end hit a limit of bytes. What is dropped is counted and said, and the
// sums hold.
func TestLimitOfOpenMessages(t *testing.T) {
	fixture.NoRace(t)
	long := strings.Repeat("x", 100_000)
	for _, tt := range []struct {
		name  string
		lines func(g *generator, i int)
	}{
		{"transactions given up", func(g *generator, i int) {
			g.say(0, "smtpd[9]: %X: client=c.example[192.0.2.9]", 1<<40+int64(i))
		}},
		{"never delivered", func(g *generator, i int) {
			g.say(0, "smtpd[9]: %X: client=c.example[192.0.2.9]", 1<<40+int64(i))
			g.say(0, "qmgr[1]: %X: from=<s@c.example>, size=100, nrcpt=2 (queue active)", 1<<40+int64(i))
			g.say(0, "smtp[7]: %X: to=<u@d.example>, %s, dsn=4.2.0, status=deferred (host mx.d.example[192.0.2.1] said: 450 4.2.0 %d)", 1<<40+int64(i), remote, i)
		}},
		{"one message with a recipient more on each line", func(g *generator, i int) {
			g.say(0, "smtp[7]: 3A1B2C3D4E: to=<u%d@d.example>, %s, dsn=4.2.0, status=deferred (host mx.d.example[192.0.2.1] said: 450 4.2.0 no)", i, remote)
		}},
		{"long fields", func(g *generator, i int) {
			g.say(0, "cleanup[9]: %X: message-id=<%d%s>", 1<<40+int64(i), i, long)
			g.say(0, "qmgr[1]: %X: from=<%d%s@c.example>, size=100, nrcpt=1 (queue active)", 1<<40+int64(i), i, long)
			g.say(0, "smtp[7]: %X: to=<%d%s@d.example>, %s, dsn=4.2.0, status=deferred (host mx.d.example[192.0.2.1] said: 450 4.2.0 %d%s)", 1<<40+int64(i), i, long, remote, i, long)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := newGenerator(t)
			l := g.c.ledger
			l.Limit = 1 << 20
			n := 20_000
			if tt.name == "long fields" {
				n = 300
			}
			before := heap()
			for i := range n {
				tt.lines(g, i)
			}
			l.check(t)
			if l.size > l.Limit || l.Evicted == 0 {
				t.Errorf("%d bytes held, %d evicted", l.size, l.Evicted)
			}
			// The tables have keys of their own: of the long fields each some 100 kB.
			if grown := heap() - before; tt.name != "long fields" && grown > 12<<20 {
				t.Errorf("the heap grew by %d bytes", grown)
			}
			g.c.Finish()
			r := g.c.Report()
			checkSums(t, tt.name, r)
			if r.Input.Evicted == 0 || tt.name != "transactions given up" && r.Totals.Lost == 0 {
				t.Errorf("%d evicted, %d lost", r.Input.Evicted, r.Totals.Lost)
			}
		})
	}
}

// A flood of transactions that never end does not drive out the queue.
func TestFloodSparesTheQueue(t *testing.T) {
	g := newGenerator(t)
	l := g.c.ledger
	l.Limit = 1000 * messageSize
	for i := range 100 {
		g.say(0, "qmgr[1]: A%X: from=<s@c.example>, size=100, nrcpt=1 (queue active)", 1<<40+int64(i))
		g.say(0, "smtp[7]: A%X: to=<u@d.example>, %s, dsn=4.2.0, status=deferred (host mx.d.example[192.0.2.1] said: 450 4.2.0 no)", 1<<40+int64(i), remote)
	}
	for i := range 5000 {
		g.say(time.Minute, "smtpd[9]: %X: client=c.example[192.0.2.9]", 1<<40+int64(i))
	}
	if l.Evicted == 0 || l.queued.n != 100 {
		t.Errorf("%d evicted, %d of 100 queued messages left", l.Evicted, l.queued.n)
	}
}

// Hosts and processes named by strangers do not grow the ledger without bound.
func TestForgedHosts(t *testing.T) {
	fixture.NoRace(t)
	c, err := NewCollector(Options{Tables: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	p := parser.New(parser.Options{Year: 2026})
	var ev parser.Event
	for i := range maxScopes + 10_000 {
		v := p.Parse(fmt.Appendf(nil, "Nov  3 04:00:00 h%d postfix/qmgr[%d]: 3A1B2C3D4E: from=<a@b.example>, size=1, nrcpt=1 (queue active)", i, i), &ev)
		c.Add(&ev, v, 1)
		v = p.Parse(fmt.Appendf(nil, "Nov  3 04:00:00 h%d postfix/qmgr[%d]: 3A1B2C3D4E: removed", i, i), &ev)
		c.Add(&ev, v, 1)
		v = p.Parse(fmt.Appendf(nil, "Nov  3 04:00:00 mx postfix/smtpd[%d]: NOQUEUE: hold: RCPT from c.example[192.0.2.9]: <t@d.example>: Recipient address by recipient; from=<b@x.example> to=<t@d.example> proto=ESMTP helo=<x.example>", i), &ev)
		c.Add(&ev, v, 1)
	}
	if l := c.ledger; len(l.scopes) > maxScopes || len(l.known) > maxScopes || len(l.noted) > maxNoted {
		t.Errorf("%d hosts, %d notes", len(l.scopes), len(l.noted))
	}
	c.ledger.check(t)
}

// A message to a big list is counted in time that grows with the list, not with its square,
// and each recipient once.
func TestBigList(t *testing.T) {
	fixture.NoRace(t)
	const n = 100_000
	g := newGenerator(t)
	for round := range 2 {
		for i := range n {
			g.say(time.Duration(round)*time.Hour, "smtp[7]: 3A1B2C3D4E: to=<U%d@d.example>, orig_to=<list@own.example>, %s, dsn=4.2.0, status=deferred (host mx.d.example[192.0.2.1] said: 450 4.2.0 no)", i, remote)
		}
	}
	g.say(2*time.Hour, "qmgr[1]: 3A1B2C3D4E: from=<a@b.example>, status=expired, returned to sender")
	g.say(2*time.Hour, "qmgr[1]: 3A1B2C3D4E: removed")
	g.c.Finish()
	if got := g.c.Report().Totals; got.Expired != n || got.Recipients != n || got.Deferred != 2*n {
		t.Errorf("%+v", got)
	}
}
