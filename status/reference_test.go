package status

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// The obvious way: each phrase of each rule is looked for by itself, every way of placing its
// parts is tried, and the first rule whose conditions are met decides.

// obvious returns what decide must: the first rule that is met, else the last.
func obvious(rules []rule, words string, a *asked) int {
	for i := range rules {
		r := &rules[i]
		text := !slices.ContainsFunc(r.texts, func(some []phrase) bool {
			return !slices.ContainsFunc(some, func(ph phrase) bool { return phraseIn(words, ph) })
		})
		if text && !slices.ContainsFunc(r.nots, func(ph phrase) bool { return phraseIn(words, ph) }) &&
			r.matchesCodes(a.code, a.enhanced) && among(r.stages, a.stage) && among(r.origins, a.origin) &&
			among(r.providers, a.provider) && among(r.numbers, a.number) {
			return i
		}
	}
	return len(rules) - 1
}

func among[T comparable](some []T, v T) bool { return len(some) == 0 || slices.Contains(some, v) }

// phraseIn tells whether the parts of a phrase follow each other in words. Two runs of words may
// share the blank between them.
func phraseIn(words string, ph phrase) bool {
	ends := []int(nil) // of the parts so far
	for i, alternatives := range ph {
		var next []int
		for _, run := range alternatives {
			for at := 0; ; at++ {
				j := strings.Index(words[at:], run)
				if j < 0 {
					break
				}
				at += j
				near := func(end int) bool { return at >= end-1 && at <= end+maxGap }
				if i == 0 || slices.ContainsFunc(ends, near) {
					next = append(next, at+len(run))
				}
			}
		}
		if ends = next; len(ends) == 0 {
			return false
		}
	}
	return true
}

// spelt returns c's rules with their phrases and samples, which those of the package leave behind
// when they are compiled into it.
func spelt(c *Classifier) []rule {
	if all := builtin().rules; len(all) == len(c.rules) && all[0].id == c.rules[0].id {
		return all
	}
	return c.rules
}

// checkObvious wants what c has decided of the query it was asked last.
func checkObvious(t *testing.T, c *Classifier, rule string) {
	t.Helper()
	words := string(appendWords(nil, c.asked.folded))
	rules := spelt(c)
	if want := &rules[obvious(rules, words, &c.asked)]; want.id != rule {
		t.Fatalf("%q: %s, want %s", words, rule, want.id)
	}
}

// The reference finds the rules that the samples of all rules are of.
func TestObvious(t *testing.T) {
	c := NewClassifier()
	rules, n := spelt(c), 0
	for i := range rules {
		for _, s := range rules[i].samples {
			q := Query{Text: []byte(s.text)}
			checkObvious(t, c, c.Classify(&q).Rule)
			n++
		}
	}
	if n < 300 {
		t.Errorf("only %d samples", n)
	}
}

// checkSame wants the same of a Classifier that was asked before, one that remembers answers, and
// for the folded text; it returns c's.
func checkSame(t *testing.T, c, cached *Classifier, q *Query) Result {
	t.Helper()
	checkScans(t, q.Text)
	r := c.Classify(q)
	if again := c.Classify(q); !reflect.DeepEqual(r, again) {
		t.Fatalf("first %+v\nthen %+v", r, again)
	}
	for range 2 {
		if got := cached.Reason(q); got != r.Reason {
			t.Fatalf("Reason %v, Classify %v", got, r.Reason)
		}
		if got, want := string(cached.AppendFolded(nil, q.Text)), string(Fold(nil, q.Text)); got != want && len(q.Text) <= maxText {
			t.Fatalf("AppendFolded %q, Fold %q", got, want)
		}
	}
	return r
}
