package status

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// FuzzParseRules wants an error that says where, or rules that find what the obvious way finds,
// whatever the file holds.
func FuzzParseRules(f *testing.F) {
	for _, name := range []string{"10-providers", "50-codes"} {
		b, err := ruleFiles.ReadFile("rules/" + name + ".rules")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(b[:bytes.LastIndexByte(b[:1000], '\n')+1]), "550 5.1.1 user unknown")
	}
	f.Add("rule a mailbox_full\n\ttext a .. b .. c | *d .. e*\n\tsample a b c\nrule b user_unknown\n\ttext x\n\tnot y .. z\n\tsample x\n", "550 a b then b c d e x y z")
	f.Add("rule a mailbox_full\n\ttext one .. two .. three\n\tsample one two three\n",
		"550 one two "+strings.Repeat("words ", 9)+"two "+strings.Repeat("words ", 9)+"three")
	f.Add("confidence 0.9\nprovider acme mx mx.acme.example domain acme.example\nlist rbl.example\n"+
		"rule a.b user_unknown\n\tconfidence 0.5\n\tcode 550-559\n\tenhanced x.1.1-3 5.7.*\n\tstage rcpt\n\torigin remote\n\tprovider acme\n\tnumber 42\n"+
		"\ttext no such .. user* | unknown\n\tnot busy\n\tsample 550 5.1.1 no such user\n", "550 5.1.1 no such big user")
	f.Fuzz(func(t *testing.T, text, reply string) {
		rules, err := ParseRules("fuzz.rules", strings.NewReader(text))
		if err != nil {
			var e *RuleError
			if !errors.As(err, &e) || e.Line < 1 || e.Line > 1+strings.Count(text, "\n") || e.Column < 1 {
				t.Fatalf("%v: not in the file", err)
			}
			return
		}
		rules.rules = append(rules.rules, rule{id: "none", reason: Undetermined, confidence: 0.1})
		c, cached := newEngine(compile(rules)).classifier(), newEngine(compile(rules)).classifier()
		c.check(len(rules.rules))
		for _, code := range []int{0, 452, 550} {
			q := Query{Code: code, Stage: StageRcpt, Origin: OriginRemote, Relay: []byte("mx.acme.example"), Number: 42, Text: []byte(reply)}
			r := checkSame(t, c, cached, &q)
			c.Classify(&q)
			checkObvious(t, c, r.Rule)
		}
	})
}
