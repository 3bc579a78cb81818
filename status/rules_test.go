package status

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Every rule decides its own samples.
func TestRuleSamples(t *testing.T) {
	c := newEngine(compile(builtin())).classifier()
	for _, w := range c.check(len(c.rules)) {
		t.Errorf("a sample of %s (line %d) is decided by %s: %s", w.Rule, w.Line, w.TakenBy, w.Text)
	}
}

func TestRuleIDs(t *testing.T) {
	seen := make(map[string]bool)
	reasons := make(map[Reason]bool)
	for _, r := range builtin().rules {
		if seen[r.id] {
			t.Errorf("rule %s is there twice", r.id)
		}
		seen[r.id] = true
		reasons[r.reason] = true
	}
	for _, r := range Reasons() {
		if !reasons[r] {
			t.Errorf("no rule gives %v", r)
		}
	}
}

func TestParseRulesErrors(t *testing.T) {
	const rule = "rule a.b spam_content\n"
	for _, tt := range []struct {
		in, want string
	}{
		{"rul a.b spam_content\n", `f:1:1: "rul": want rule, words, provider, list or confidence`},
		{"rule a.b\n", "f:1:6: want an ID and a reason"},
		{"rule a.b nonsense\n", `f:1:6: "nonsense": want a reason such as user_unknown`},
		{"rule\n", `f:1:5: "rule": want a value`},
		{"  text a\n", "f:1:3: indented line without a rule above it"},
		{rule + "\tsample 550 x\n", "f:1:1: rule a.b: want text, code, enhanced or defer"},
		{rule + "\ttext x\n", "f:1:1: rule a.b: want a sample"},
		{rule + "\ttext x\n\nrule c.d spam_content\n", "f:1:1: rule a.b: want a sample"},
		{rule + "\ttext x | | y\n", `f:2:10: "": want words to look for`},
		{rule + "\ttext 12 !\n", `f:2:7: "12 !": want words to look for`},
		{rule + "\twords x\n", `f:2:2: "words": want text, not, code, enhanced, stage, origin, provider, defer, confidence or sample`},
		{rule + "\tcode 550\n\t| x\n", "f:3:2: | goes on with text or not; neither is above it"},
		{rule + "\ttext x\n\t| y | 1\n", `f:3:7: "1": want words to look for`},
		{rule + "\tcode 550 abc\n", `f:2:11: "abc": want a reply code such as 550, 55x, 5xx or none`},
		{rule + "\tcode 5x0\n", `f:2:7: "5x0": want a reply code such as 550, 55x, 5xx or none`},
		{rule + "\tenhanced 5.1\n", `f:2:11: "5.1": want an enhanced code such as 5.1.1, x.7.x, 5.7.606-649 or none`},
		{rule + "\tstage dinner\n", `f:2:8: "dinner": want an SMTP stage such as rcpt`},
		{rule + "\torigin mars\n", `f:2:9: "mars": want remote, local or network`},
		{rule + "\tdefer soon\n", `f:2:8: "soon": want a number as in Exim's defer (-53)`},
		{rule + "\tconfidence 2\n", `f:2:13: "2": want a confidence above 0, up to 1`},
		{rule + "\ttext x\n\tsample x\nrule a.b spam_content\n", "f:4:6: rule a.b is on line 1 already"},
		{rule + "\ttext x $y\n", `f:2:7: "$y": no words of that name above`},
		{"words y a | b\nwords y c\n", "f:2:7: words y are there already"},
		{"words y a\n  | b | .\n", `f:2:8: ".": want words to look for`},
		{"words y a" + strings.Repeat(" | a", 99) + "\nwords z $y $y $y\n", `f:2:9: "$y $y $y": stands for more than 4096 runs of words`},
		{"words y\n", `f:1:9: "": want words to look for`},
		{"provider acme\n", "f:1:10: want mx or domain, then host names"},
		{"provider acme acme.example\n", "f:1:10: want mx or domain after the name"},
		{"confidence none\n", `f:1:12: "none": want a confidence above 0, up to 1`},
		{strings.Repeat("x", 1<<17), "f:1:1: line too long"},
	} {
		_, err := ParseRules("f", strings.NewReader(tt.in))
		var re *RuleError
		if !errors.As(err, &re) || err.Error() != tt.want {
			t.Errorf("%.60q\n\tgot  %v\n\twant %s", tt.in, err, tt.want)
		}
	}
}

func TestUserRules(t *testing.T) {
	rules, err := ParseRules("f", strings.NewReader(`
# Comments and blank lines are nothing.
confidence 0.5

words part morning | evening
words day  today
	| this $part
rule mine.both  policy_rejected
	code      55x
	enhanced  5.7.600-650 none
	stage     rcpt data
	provider  acme
	text      not .. $day
	        | heute nicht
	text      thank*
	not       maybe
	confidence 0.75
	sample    550 Not with us today, thanks
	sample    551 5.7.620 Heute NICHT - thank_you

provider acme  mx *.acme.example
`))
	if err != nil {
		t.Fatal(err)
	}
	if n, samples := rules.Len(); n != 1 || samples != 2 {
		t.Errorf("%d rules, %d samples, want 1 and 2", n, samples)
	}
	if wrong := rules.Check(); wrong != nil {
		t.Errorf("%+v", wrong)
	}
	c := NewClassifier(rules)
	base := Query{Code: 550, Stage: StageRcpt, Relay: []byte("mx1.acme.example"), Text: []byte("not today, thanks")}
	if r := c.Classify(&base); r.Rule != "mine.both" || r.Confidence != 0.75 ||
		!slices.Equal(r.Matched, []string{"not", "today", "thank"}) {
		t.Errorf("%+v", r)
	}
	evening := base
	evening.Text = []byte("not this evening, thanks")
	if r := c.Classify(&evening); r.Rule != "mine.both" || !slices.Equal(r.Matched, []string{"not", "this evening", "thank"}) {
		t.Errorf("%+v", r)
	}
	for name, change := range map[string]func(q *Query){
		"code":     func(q *Query) { q.Code = 450 },
		"enhanced": func(q *Query) { q.Enhanced = Enhanced{5, 7, 1} },
		"stage":    func(q *Query) { q.Stage = StageMail },
		"provider": func(q *Query) { q.Relay = []byte("mx.example.com") },
		"text":     func(q *Query) { q.Text = []byte("not today") },
		"order":    func(q *Query) { q.Text = []byte("today not, thanks") },
		"set":      func(q *Query) { q.Text = []byte("not this noon, thanks") },
		"gap":      func(q *Query) { q.Text = []byte("not" + strings.Repeat(" word", 30) + " today, thanks") },
		"word":     func(q *Query) { q.Text = []byte("knot today, thanks") },
		"not":      func(q *Query) { q.Text = []byte("not today, maybe, thanks") },
	} {
		q := base
		change(&q)
		if r := c.Classify(&q); r.Rule == "mine.both" {
			t.Errorf("%s does not matter", name)
		}
	}
}

func TestWords(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"User unknown", " user unknown "},
		{"550 5.1.1 <bob@example.com>... User doesn't exist", " user does not exist "},
		{"it isn't, cannot, can't, won't, didn\u2019t", " it is not can not can not will not did not "},
		{"mailbox_full: over-quota (#4.2.2)", " mailbox full over quota "},
		{"blocked using zen.spamhaus.org.See it", " blocked using @zen.spamhaus.org see it "},
		{"refused. OFR006_102 [102]", " refused ofr006_102 "},
		{"Empf\xe4nger unbekannt", " empfanger unbekannt "},
		{"Boîte pleine, ça déborde, Straße", " boite pleine ca deborde strasse "},
		{"Hộp thư đã ĐẦY, căsuța, nu există", " hop thu da day casuta nu exista "},
		{"boi\u0302te pleine \u0301 l\u2019adresse \u2019", " boite pleine ladresse "},
		{"ПОЛЬЗОВАТЕЛЬ не найден, чёрный", " пользователь не найден черный "},
		{"用户不存在。", " 用户不存在 "},
		{"", " "},
	} {
		if got := appendWords(nil, Fold(nil, []byte(tt.in))); string(got) != tt.want {
			t.Errorf("%q: got %q, want %q", tt.in, got, tt.want)
		}
	}
}

// The finder finds what a plain search finds.
func TestFinder(t *testing.T) {
	some := []string{" he ", "a", "ab", "abc", "abca", "abcab", "abcabc", "abcb", "bab", "bc", "bca", "bcaa", "c", "caa", "hers", "his", "she", "she hers"}
	check := func(patterns []string, texts ...string) {
		t.Helper()
		f := newFinder(patterns)
		for _, text := range texts {
			var got, want []string
			f.find([]byte(text), func(p, end int) { got = append(got, fmt.Sprint(patterns[p], " to ", end)) })
			for end := range len(text) + 1 {
				for _, p := range patterns {
					if strings.HasSuffix(text[:end], p) {
						want = append(want, fmt.Sprint(p, " to ", end))
					}
				}
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%q: got %q, want %q", text, got, want)
			}
		}
	}
	check(some, "", "a", "abccab", "bcaabab", "abcabcabcabcb", " she hers he he his ", "xyz", "aaaa")
	check(nil, "abc")
	for n := range 1 << 10 { // every choice of ten patterns that begin alike
		ten := []string{"aaaa", "aaaaa", "aaaaab", "aaaab", "aaaabaa", "aaab", "aab", "aabaaaa", "aabb", "b"}
		var chosen []string
		for i, p := range ten {
			if n>>i&1 == 1 {
				chosen = append(chosen, p)
			}
		}
		check(chosen, "aaaaabaaaabaabbaaabaaaaaa")
	}
	rules := builtinEngine().patterns
	for i := 0; i < len(rules); i += 40 {
		check(rules, rules[i]+rules[i*7%len(rules)])
	}
}
