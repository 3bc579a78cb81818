package status

import (
	"strings"
	"testing"
)

// FuzzParseRules wants an error or rules that can be used, whatever the file holds.
func FuzzParseRules(f *testing.F) {
	for _, name := range []string{"10-providers", "50-codes"} {
		b, err := ruleFiles.ReadFile("rules/" + name + ".rules")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(b), "")
	}
	f.Add("confidence 0.9\nprovider acme mx mx.acme.example domain acme.example\nlist rbl.example\n"+
		"rule a.b user_unknown\n\tconfidence 0.5\n\tcode 550-559\n\tenhanced x.1.1-3 5.7.*\n\tstage rcpt\n\torigin remote\n\tprovider acme\n\tnumber 42\n"+
		"\ttext no such .. user* | unknown\n\tnot busy\n\tsample 550 5.1.1 no such user\n", "550 5.1.1 no such big user")
	f.Fuzz(func(t *testing.T, text, reply string) {
		rules, err := ParseRules("fuzz.rules", strings.NewReader(text))
		if err != nil {
			return
		}
		rules.Check()
		NewClassifier(rules).Classify(&Query{Code: 550, Text: []byte(reply)})
	})
}
