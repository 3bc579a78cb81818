package status

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestSuggestPhrase(t *testing.T) {
	for _, test := range []struct{ folded, want string }{
		{"The elephant of {address} is on holiday", "the elephant of .. is on holiday"},
		{"{host} says: no elephants, sorry", "says no elephants sorry"},
		{"550 {id} {n}", ""},
		{"", ""},
		{"one two three four five six seven eight nine ten", "one two three four five six seven eight"},
	} {
		if got := SuggestPhrase(test.folded); got != test.want {
			t.Errorf("%q: %q, want %q", test.folded, got, test.want)
		}
	}
}

// A rule made of the suggestion knows the reply that it was made from.
func TestSuggestedRulesWork(t *testing.T) {
	var file strings.Builder
	var texts []string
	parts := ownReplies(t)
	for _, r := range slices.Concat(parts["read"], parts["unread"]) {
		text := strings.ReplaceAll(r.Text, "\n", " ")
		phrase := SuggestPhrase(string(Fold(nil, []byte(text))))
		if phrase == "" || strings.Contains(text, "said:") || strings.Contains(text, "talk to me") || strings.Contains(text, "in reply to") {
			continue // an MTA's words around a reply, which no event's text has
		}
		fmt.Fprintf(&file, "rule own.r%d  mailbox_moved\n\ttext       %s\n\tsample     %s\n", len(texts), phrase, text)
		texts = append(texts, text)
	}
	rules, err := ParseRules("suggested", strings.NewReader(file.String()))
	if err != nil {
		t.Fatal(err)
	}
	c := NewClassifier(rules)
	for _, text := range texts {
		if got := c.Classify(&Query{Text: []byte(text)}); !strings.HasPrefix(got.Rule, "own.") {
			t.Errorf("%q: phrase %q is not found, rule %s decides", text, SuggestPhrase(string(Fold(nil, []byte(text)))), got.Rule)
		}
	}
	if len(texts) < 1000 {
		t.Errorf("only %d suggestions", len(texts))
	}
}
