// Package generate writes logs like those of a busy relay, of any size, with the counts that a
// report of them must show. The same Options give the same bytes.
package generate

import (
	"bufio"
	"container/heap"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// Options say what log to write.
type Options struct {
	Exim    bool  // else Postfix
	LongIDs bool  // Postfix's enable_long_queue_ids; Exim's IDs since 4.97
	Bytes   int64 // about how much; messages on their way are finished
	Seed    uint64
}

// Truth is what the log says.
type Truth struct {
	Bytes, Lines int64

	Received, Notifications, DeferredMessages       int64 // messages
	Recipients, Delivered, Bounced, Expired, Queued int64 // recipients
	Deferred, Rejected, Connections                 int64 // attempts, refusals, sessions
	BytesReceived                                   int64
	Reasons                                         map[string]int64 // failed attempts
	Domains                                         map[string]int64 // recipients
}

// Start is the time of the first line; the stamps are UTC. A Postfix log's stamps have no year.
var Start = time.Date(2026, time.January, 5, 6, 0, 0, 0, time.UTC)

// What a relay is like: arrivals a second, how many different domains and senders, and in
// permille how many recipients are put off first or fail at once, and how many messages stay in
// the queue.
const (
	arrivals = 12
	domains  = 20_000
	senders  = 5_000

	deferred = 60
	bounced  = 25
	stuck    = 2
)

// Write writes a log to w.
func Write(w io.Writer, opt Options) (Truth, error) {
	r := rand.New(rand.NewPCG(opt.Seed, 1))
	g := &generator{
		Options: opt, r: r, out: bufio.NewWriterSize(w, 1<<20), now: Start,
		domains: rand.NewZipf(r, 1.2, 3, domains-1), senders: rand.NewZipf(r, 1.1, 5, senders-1),
		truth: Truth{Reasons: map[string]int64{}, Domains: map[string]int64{}},
	}
	for g.truth.Bytes < opt.Bytes {
		g.now = g.now.Add(time.Duration(r.ExpFloat64() * float64(time.Second) / arrivals))
		if err := g.flush(g.now); err != nil {
			return g.truth, err
		}
		if opt.Exim {
			g.eximArrival()
		} else {
			g.postfixArrival()
		}
	}
	if err := g.flush(time.Time{}); err != nil {
		return g.truth, err
	}
	return g.truth, g.out.Flush()
}

// generator is a relay at work. Lines of its future wait in a heap until their time comes.
type generator struct {
	Options
	r                *rand.Rand
	out              *bufio.Writer
	domains, senders *rand.Zipf
	now              time.Time
	begun            uint64 // queue IDs given
	lines            lines
	said             uint64
	truth            Truth
}

// line is a line to be written at its time; of one time, in the order in which they were said.
type line struct {
	at   time.Time
	said uint64
	text string
}

// say has a line written at a time.
func (g *generator) say(at time.Time, format string, args ...any) {
	g.said++
	heap.Push(&g.lines, line{at, g.said, fmt.Sprintf(format, args...)})
}

// flush writes the lines up to a time, the zero time for all.
func (g *generator) flush(until time.Time) error {
	for len(g.lines) > 0 && (until.IsZero() || !g.lines[0].at.After(until)) {
		l := heap.Pop(&g.lines).(line)
		layout := "Jan _2 15:04:05 "
		if g.Exim {
			layout = "2006-01-02 15:04:05 "
		}
		n, _ := g.out.WriteString(l.at.Format(layout))
		m, _ := g.out.WriteString(l.text)
		if err := g.out.WriteByte('\n'); err != nil {
			return err
		}
		g.truth.Bytes += int64(n + m + 1)
		g.truth.Lines++
	}
	return nil
}

type lines []line

func (h lines) Len() int { return len(h) }
func (h lines) Less(i, j int) bool {
	if c := h[i].at.Compare(h[j].at); c != 0 {
		return c < 0
	}
	return h[i].said < h[j].said
}
func (h lines) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *lines) Push(x any)   { *h = append(*h, x.(line)) }
func (h *lines) Pop() any {
	last := len(*h) - 1
	l := (*h)[last]
	(*h)[last], *h = line{}, (*h)[:last]
	return l
}

// permille is true n times in a thousand.
func (g *generator) permille(n int) bool { return g.r.IntN(1000) < n }

// after is a while later: at least least, most often not much more than mean.
func (g *generator) after(t time.Time, least, mean time.Duration) time.Time {
	return t.Add(least + time.Duration(g.r.ExpFloat64()*float64(mean)))
}

// recipients is how many a message has.
func (g *generator) recipients() int {
	switch n := g.r.IntN(100); {
	case n < 82:
		return 1
	case n < 97:
		return 2 + g.r.IntN(4)
	}
	return 6 + g.r.IntN(40)
}

// host is a client or a relay.
type host struct {
	name, ip string
}

// domain is a recipient domain: some are known by name, the rest are made up.
func (g *generator) domain() (name string, mx host) {
	i := int(g.domains.Uint64())
	if i < len(providers) {
		p := &providers[i]
		n := g.r.IntN(4)
		return p.domain, host{fmt.Sprintf(p.mx, n+1), fmt.Sprintf("198.51.100.%d", 4*i+n)}
	}
	name = fmt.Sprintf("%s%d.example", words[i%len(words)], i)
	return name, host{"mx." + name, fmt.Sprintf("203.0.%d.%d", i>>8, i&255)}
}

// mailbox is a local part; i tells apart those of one message.
func (g *generator) mailbox(i int) string {
	n := g.r.IntN(100_000)
	return fmt.Sprintf("%s.%s%d.%d", words[n%len(words)], words[n/len(words)%len(words)], n%100, i)
}

func (g *generator) sender() string {
	i := int(g.senders.Uint64())
	return fmt.Sprintf("%s%d@shop%d.example", words[i%len(words)], i, i%300)
}

func (g *generator) client() host {
	i := g.r.IntN(3000)
	return host{fmt.Sprintf("out%d.client%d.example", i%7, i), fmt.Sprintf("192.0.2.%d", i%256)}
}

// base writes n digits of i.
func base(i uint64, n int, digits string) string {
	b := make([]byte, n)
	for k := n - 1; k >= 0; k-- {
		b[k] = digits[i%uint64(len(digits))]
		i /= uint64(len(digits))
	}
	return string(b)
}

const (
	base16 = "0123456789ABCDEF"
	base52 = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"
	base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// queueID is the next one; no two messages share one.
func (g *generator) queueID(at time.Time) string {
	g.begun++
	sec, n := uint64(at.Unix()), g.begun
	mixed := n * 0x9E3779B97F4A7C15 >> 44 // looks like a clock's microseconds
	switch {
	case g.Exim && g.LongIDs:
		return base(sec, 6, base62) + "-" + base(n, 11, base62) + "-" + base(mixed&0xfffff, 4, base62)
	case g.Exim:
		return base(sec, 6, base62) + "-" + base(n, 6, base62) + "-" + base(mixed&0x7ff, 2, base62)
	case g.LongIDs:
		return base(sec, 6, base52) + base(mixed, 4, base52) + "z" + base(n, 5, base52[:51])
	}
	return base(mixed, 5, base16) + base(n, 6, base16)
}

// fate is what becomes of a recipient: failed attempts, each with its answer, and how it ends.
type fate struct {
	puts  []*answer // deferrals
	final ending
	last  *answer // of a bounce
}

type ending uint8

// The endings; an expiry comes for all of a message that still wait.
const (
	delivers ending = iota
	bounces
	expires
	stays
)

// fate decides and counts it. In a stuck message nobody who is put off is ever heard of again.
func (g *generator) fate(putOff, stuck bool) (f fate) {
	n := g.r.IntN(1000)
	switch {
	case putOff || n < deferred:
		a, tries := &deferrals[g.r.IntN(len(deferrals))], 1+g.r.IntN(3)
		switch {
		case stuck:
			f.final = stays
		case g.permille(100):
			tries, f.final = 7, expires
		}
		for range tries {
			f.puts = append(f.puts, a)
		}
		g.truth.Reasons[a.reason] += int64(tries)
		g.truth.Deferred += int64(tries)
	case n < deferred+bounced:
		f.final, f.last = bounces, &refusals[g.r.IntN(len(refusals))]
		g.truth.Reasons[f.last.reason]++
	}
	g.truth.Recipients++
	*[...]*int64{&g.truth.Delivered, &g.truth.Bounced, &g.truth.Expired, &g.truth.Queued}[f.final]++
	return f
}

// retry is how long after the n-th attempt the next one is made.
func retry(n int) time.Duration { return min(5*time.Minute<<n, 4000*time.Second) }

// text fills in a reply.
func (g *generator) text(text, rcpt string) string {
	if !strings.Contains(text, "{") {
		return text
	}
	return strings.NewReplacer("{rcpt}", rcpt, "{word}", g.word(), "{time}", strconv.FormatInt(g.now.Unix(), 10)).Replace(text)
}

// word is one that no other reply has.
func (g *generator) word() string { return base(g.r.Uint64(), 12, base62) }

// accepts is how a domain's server says that it took a message.
func (g *generator) accepts(domain string) string {
	for i := range providers {
		if p := &providers[i]; p.domain == domain {
			return g.text(p.accepts, "")
		}
	}
	return "250 2.0.0 Ok: queued as " + base(g.r.Uint64(), 11, base16)
}
