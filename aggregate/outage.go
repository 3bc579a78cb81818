package aggregate

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/smtplog/smtplog/status"
)

// aliveKey is a place at a time. A place is "d" and a domain, "p" and a provider, "r" and the domain of
// a relay, or "everything".
type aliveKey struct {
	place  string
	bucket int64
}

const everywhere = "everything"

// deliveredTo counts a delivery for the outage guard and the radar.
func (l *bounceLog) deliveredTo(v *View) {
	t := v.Recipient.Time
	b := bucketOf(t)
	for _, p := range l.guarded(v) {
		l.countAlive(aliveKey{p, b}, 1)
	}
	l.setPlace(l.answering(v), t.UnixNano())
}

// guarded returns the places that a recipient belongs to. A relay is one where it is not the domain's own
// and no known provider's: a smarthost, or a host of many domains.
func (l *bounceLog) guarded(v *View) []string {
	domain := string(v.appendDomain(nil))
	places := []string{everywhere, "d" + domain}
	if p := l.c.provider(v); p != "" {
		places = append(places, "p"+p)
	} else if r := relayPlace(v.Recipient.Relay.Name); strings.Contains(r, ".") && r != domain {
		places = append(places, "r"+r)
	}
	return places
}

// countAlive counts deliveries. Where there is no room they stay uncounted, which makes the
// guard hold back more.
func (l *bounceLog) countAlive(k aliveKey, n int64) {
	if _, ok := l.alive[k]; ok || len(l.alive) < maxBuckets {
		l.alive[k] += n
		return
	}
	l.full = true
}

// What makes an outage. The guard looks at the addresses of a place that fail for good
// within an hour: when too many do, the place is more likely to be wrong than the addresses.
const (
	guardWidth     = 6    // buckets: an hour
	guardMin       = 5    // failing addresses, where mail went to the place at other times
	guardMinAlone  = 10   // failing addresses, where none ever did
	guardMinAll    = 20   // failing addresses of all places together
	guardMinProved = 3    // failing addresses that are known to live
	guardShare     = 0.5  // of the recipients of that hour
	guardP         = 1e-4 // the chance that the place's usual share gives as many
)

// answer is what a place said to many: an outage gives the same answer to all.
type answer struct{ place, said string }

// turn is an address that got an answer.
type turn struct {
	answer uint32 // its number
	bucket int32
	person uint32
	lives  bool // mail got to the address at another time
}

func (a turn) compare(b turn) int {
	return cmp.Or(cmp.Compare(a.answer, b.answer), cmp.Compare(a.bucket, b.bucket), cmp.Compare(a.person, b.person))
}

// turned is who got an answer: each address once in a bucket, in order.
type turned struct {
	turns   []turn
	domains bool // it is about the domain, not about the addresses
}

// in returns those of the buckets [from, to).
func (t *turned) in(from, to int64) []turn {
	find := func(b int64) int {
		return sort.Search(len(t.turns), func(i int) bool { return int64(t.turns[i].bucket) >= b })
	}
	return t.turns[find(from):find(to)]
}

// guard tells which failures to hold back.
type guard struct {
	causes map[heldKey]string
	l      *bounceLog
}

// heldKey is an answer that is not believed for a time.
type heldKey struct {
	answer
	bucket int64
}

// newGuard looks for outages among the failures that would suppress an address.
func (l *bounceLog) newGuard(d *verdicts) *guard {
	numbers := map[answer]uint32{}
	var domains []bool // by number: see turned
	var turns []turn
	for n := range d.people {
		for _, j := range d.judged[d.people[n].first:d.people[n].last] {
			f := l.at(j.i)
			if j.says != aboutAddress || f.r.Answer.Reason.Action() != status.ActionSuppress {
				continue
			}
			_, lives := l.delivered[hash(Mailbox(f.r.Address))]
			for _, a := range l.answers(f) {
				number, ok := numbers[a]
				if !ok {
					number = uint32(len(numbers))
					numbers[a] = number
					domains = append(domains, f.r.Answer.Reason.Category() == status.CategoryRouting)
				}
				turns = append(turns, turn{number, int32(bucketOf(f.r.Time)), uint32(n), lives})
			}
		}
	}
	slices.SortFunc(turns, turn.compare)
	turns = slices.CompactFunc(turns, func(a, b turn) bool { return a.compare(b) == 0 })
	starts := make([]uint32, len(numbers)+1) // of each answer's turns; all have some
	for i := len(turns) - 1; i >= 0; i-- {
		starts[turns[i].answer] = uint32(i)
	}
	starts[len(numbers)] = uint32(len(turns))
	delivered := map[string]int64{}
	for k, n := range l.alive {
		delivered[k.place] += n
	}
	g := &guard{map[heldKey]string{}, l}
	for a, n := range numbers {
		t := &turned{turns[starts[n]:starts[n+1]], domains[n]}
		for i := range t.turns {
			b := int64(t.turns[i].bucket)
			if i > 0 && int64(t.turns[i-1].bucket) == b {
				continue
			}
			for _, width := range []int64{1, guardWidth} {
				if cause := g.outage(a.place, t, b, width, delivered[a.place]); cause != "" {
					for _, o := range t.in(b, b+width) {
						g.note(heldKey{a, int64(o.bucket)}, cause)
					}
				}
			}
		}
	}
	return g
}

// answers returns the failure's answer for each place that it belongs to, the narrowest first.
func (l *bounceLog) answers(f failure) []answer {
	v := l.c.View(f.m, f.r)
	buf := v.Append(nil, DimReason)
	for _, d := range [...]Dim{DimCode, DimEnhanced, DimReply} {
		buf = v.Append(append(buf, ' '), d)
	}
	said := string(buf)
	var all []answer
	for _, p := range slices.Backward(l.guarded(&v)) {
		if p == everywhere { // servers use different words
			said = f.r.Answer.Reason.String()
		}
		all = append(all, answer{p, said})
	}
	return all
}

// note keeps one cause, whatever the order in which they are found.
func (g *guard) note(k heldKey, cause string) {
	if old := g.causes[k]; old == "" || cause < old {
		g.causes[k] = cause
	}
}

// outage tells whether the time of some buckets looks like an outage of the place, "" if not.
func (g *guard) outage(place string, t *turned, from, width, allDelivered int64) string {
	within := t.in(from, from+width)
	outside := int64(len(t.turns) - len(within))
	people := slices.Clone(within)
	slices.SortFunc(people, func(a, b turn) int { return cmp.Compare(a.person, b.person) })
	people = slices.CompactFunc(people, func(a, b turn) bool { return a.person == b.person })
	proved := 0
	for _, p := range people {
		if p.lives {
			proved++
		}
	}
	var good int64
	for b := from; b < from+width; b++ {
		good += g.l.alive[aliveKey{place, b}]
	}
	n, goodOutside := int64(len(people)), allDelivered-good
	said := func() string {
		name := place[1:]
		if place == everywhere {
			name = "all places together"
		}
		return fmt.Sprintf("outage? %d addresses at %s got the same answer within %v from %s, %d deliveries then, %d at other times",
			n, name, time.Duration(width)*bucketWidth, bucketTime(from).In(g.l.c.opt.Zone).Format("2006-01-02 15:04"), good, goodOutside)
	}
	least := int64(guardMin)
	if place == everywhere {
		least = guardMinAll
	}
	share := float64(n) / float64(n+good)
	switch {
	case share < guardShare:
	case place != everywhere && proved >= guardMinProved:
		return said()
	case n >= least && goodOutside >= guardMin:
		usual := float64(outside+1) / float64(outside+goodOutside+2)
		if share > usual && binomialTail(n, n+good, usual) < guardP {
			return said()
		}
	case place != everywhere && n >= guardMinAlone && goodOutside < guardMin && !t.domains:
		return said()
	}
	return ""
}

// hold returns why a failure is held back, "" if it is not.
func (g *guard) hold(f failure) string {
	if len(g.causes) == 0 {
		return ""
	}
	for _, a := range g.l.answers(f) {
		if cause := g.causes[heldKey{a, bucketOf(f.r.Time)}]; cause != "" {
			return cause
		}
	}
	return ""
}
