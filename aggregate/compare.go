package aggregate

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/smtplog/smtplog/status"
)

// Compare says what the bounce report is compared with: the period [Since, Until) of the same
// input or, where Before is set, an earlier report. The zero Compare compares nothing.
type Compare struct {
	Since, Until time.Time
	Before       *Report // of `bounces`, with the table by_group
}

func (c *Compare) has(t time.Time) bool {
	return !c.Until.IsZero() && !t.Before(c.Since) && t.Before(c.Until)
}

// groupReason is a reason at a provider or, where that is not known, a domain.
type groupReason struct {
	group  string
	reason status.Reason
}

func (a groupReason) compare(b groupReason) int {
	return cmp.Or(cmp.Compare(a.group, b.group), cmp.Compare(a.reason, b.reason))
}

// period counts the failed recipients of a time, and all recipients that came to an end.
type period struct {
	recipients int64
	failures   map[groupReason]int64
}

func (p *period) add(place string, r *Recipient) {
	p.recipients++
	k := groupReason{place, r.Answer.Reason}
	if _, known := p.failures[k]; failed(r.Outcome) && (known || len(p.failures) < maxKeys) {
		p.failures[k]++
	}
}

func (p *period) merge(o *period) {
	p.recipients += o.recipients
	for k, n := range o.failures {
		p.failures[k] += n
	}
}

// periodOf reads what an earlier report says.
func periodOf(r *Report) period {
	t := &r.Totals
	p := period{recipients: t.Recipients - t.Queued, failures: map[groupReason]int64{}}
	for i := range r.Tables {
		if r.Tables[i].Name != "by_group" {
			continue
		}
		for _, row := range r.Tables[i].Rows {
			group, _ := row[0].(string)
			name, _ := row[1].(string)
			n, _ := row[2].(int64)
			reason, _ := status.ParseReason(name)
			p.failures[groupReason{group, reason}] += n
		}
	}
	return p
}

// failed is how many recipients failed.
func (p *period) failed() (n int64) {
	for _, x := range p.failures {
		n += x
	}
	return n
}

var changeColumns = []Column{{"group", "string"}, {"reason", "string"}, {"change", "string"}, {"before", "integer"}, {"now", "integer"},
	{"expected", "number"}, {"p", "number"}}

// falseAlarms is the chance that a comparison in which nothing changed shows any change.
const falseAlarms = 0.01

// changeRows compares the failures of each reason at each place with those of the earlier
// period: what is new, gone, grown or shrunk. If a reason came up at the same rate per
// recipient in both periods, its share of the later one would be binomially distributed; a
// change is shown if that has a probability p, on both sides, of less than falseAlarms
// divided by the number of comparisons (Bonferroni). The first row is all failures together, the only one where the earlier period
// had no mail.
func (l *bounceLog) changeRows() (rows [][]any) {
	before := l.before
	if r := l.c.opt.Compare.Before; r != nil {
		before = periodOf(r)
	}
	now := l.now()
	if before.recipients == 0 {
		if asked := l.c.opt.Compare; asked.Before == nil && asked.Since.IsZero() {
			return nil
		}
		return [][]any{{"(all)", nil, "no_earlier_mail", int64(0), now.failed(), nil, nil}}
	}
	all := map[groupReason]int64{}
	for k, n := range before.failures {
		all[k] += n
	}
	for k, n := range now.failures {
		all[k] += n
	}
	share := float64(now.recipients) / float64(now.recipients+before.recipients)
	for k, n := range all {
		x, y := before.failures[k], now.failures[k]
		p := binomialTwoSided(y, n, share)
		if p*float64(len(all)) > falseAlarms {
			continue
		}
		expected := float64(x) * float64(now.recipients) / float64(before.recipients)
		change := "shrunk"
		switch {
		case x == 0:
			change = "new"
		case y == 0:
			change = "gone"
		case float64(y) > expected:
			change = "grown"
		}
		rows = append(rows, []any{word(k.group), word(k.reason.String()), change, x, y, math.Round(expected*10) / 10, round3(p)})
	}
	x, y := before.failed(), now.failed()
	p := binomialTwoSided(y, x+y, share)
	change := "same"
	expected := float64(x) * float64(now.recipients) / float64(before.recipients)
	switch {
	case p > falseAlarms:
	case float64(y) > expected:
		change = "grown"
	default:
		change = "shrunk"
	}
	summary := []any{"(all)", nil, change, x, y, math.Round(expected*10) / 10, round3(p)}
	slices.SortFunc(rows, func(a, b []any) int {
		return cmp.Or(cmp.Compare(a[6].(float64), b[6].(float64)), cmp.Compare(text(a[0]), text(b[0])), cmp.Compare(text(a[1]), text(b[1])))
	})
	return append([][]any{summary}, rows...)
}

func text(cell any) string {
	s, _ := cell.(string)
	return s
}

// round3 keeps three digits.
func round3(p float64) float64 {
	if p == 0 {
		return 0
	}
	e := math.Pow(10, math.Floor(math.Log10(p))-2)
	return math.Round(p/e) * e
}

// binomialTwoSided is twice the smaller tail of a binomial distribution of n and p at k, at
// most 1.
func binomialTwoSided(k, n int64, p float64) float64 {
	return min(1, 2*min(binomialTail(k, n, p), binomialTail(n-k, n, 1-p)))
}

// binomialTail is the probability of at least k successes in n trials of probability p.
func binomialTail(k, n int64, p float64) float64 {
	switch {
	case k <= 0 || p >= 1:
		return 1
	case p <= 0 || k > n:
		return 0
	}
	lnN, _ := math.Lgamma(float64(n + 1))
	term := func(i int64) float64 {
		a, _ := math.Lgamma(float64(i + 1))
		b, _ := math.Lgamma(float64(n - i + 1))
		return math.Exp(lnN - a - b + float64(i)*math.Log(p) + float64(n-i)*math.Log1p(-p))
	}
	if mean := float64(n) * p; float64(k) <= mean {
		return 1 - sumTerms(k-1, -1, 0, term)
	}
	return sumTerms(k, 1, n, term)
}

// sumTerms adds up terms from i on until they no longer matter.
func sumTerms(i, step, end int64, term func(int64) float64) (sum float64) {
	for ; (end-i)*step >= 0; i += step {
		t := term(i)
		sum += t
		if t < sum*1e-12 {
			break
		}
	}
	return min(sum, 1)
}

// sortedBy returns the keys of a map, the largest weight first, then in the order of compare.
func sortedBy[K comparable, V any](m map[K]V, weight func(V) int64, compare func(a, b K) int) []K {
	return slices.SortedFunc(maps.Keys(m), func(a, b K) int { return cmp.Or(cmp.Compare(weight(m[b]), weight(m[a])), compare(a, b)) })
}
