package status

import "testing"

func TestClassifyReplies(t *testing.T) {
	c := NewClassifier()
	for _, tt := range replyCases {
		q := Query{Text: []byte(tt.text), Relay: []byte(tt.mx)}
		if r := c.Classify(&q); r.Reason != tt.want {
			t.Errorf("%s\n\tgot %v by %s %q, want %v", tt.text, r.Reason, r.Rule, r.Matched, tt.want)
		}
	}
}
