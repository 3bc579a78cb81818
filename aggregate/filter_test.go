package aggregate

import (
	"testing"

	"github.com/smtplog/smtplog/parser"
)

func TestGlob(t *testing.T) {
	for _, tt := range []struct {
		pattern, value string
		want           bool
	}{
		{"a@d.example", "A@D.example", true},
		{"*@d.example", "a@d.example", true},
		{"*@d.example", "a@d.example.org", false},
		{"4??", "450", true},
		{"4??", "4500", false},
		{"*", "", true},
		{"", "", true},
		{"", "x", false},
		{"a*b*c", "axxbyyc", true},
		{"a*b*c", "axxbyy", false},
		{"**x", "x", true},
	} {
		if got := glob(tt.pattern, []byte(tt.value)); got != tt.want {
			t.Errorf("glob(%q, %q) = %v", tt.pattern, tt.value, got)
		}
	}
}

func TestFilter(t *testing.T) {
	ev := parser.Event{Kind: parser.Deferred, Recipient: []byte("u@d.example"), OrigRecipient: []byte("alias@own.example"), Code: 450}
	v := View{Event: &ev}
	for _, tt := range []struct {
		name  string
		rules map[Dim][]string
		want  bool
	}{
		{"nothing asked", nil, true},
		{"one matches", map[Dim][]string{DimDomain: {"x.example", "d.example"}}, true},
		{"none matches", map[Dim][]string{DimDomain: {"x.example"}}, false},
		{"negated", map[Dim][]string{DimDomain: {"!d.example"}}, false},
		{"negated other", map[Dim][]string{DimDomain: {"!x.example"}}, true},
		{"both dimensions must agree", map[Dim][]string{DimDomain: {"d.example"}, DimCode: {"5??"}}, false},
		{"the address before aliases", map[Dim][]string{DimRecipient: {"alias@*"}}, true},
		{"and its domain", map[Dim][]string{DimDomain: {"own.example"}}, true},
		{"status by name", map[Dim][]string{DimStatus: {"mailbox_busy"}}, true},
	} {
		var f Filter
		for d, p := range tt.rules {
			f.Add(d, p...)
		}
		if got := f.Pass(&v); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

func TestParseDims(t *testing.T) {
	got, err := ParseDims("domain, Status")
	if err != nil || len(got) != 2 || got[0] != DimDomain || got[1] != DimStatus {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := ParseDims("domain,moon"); err == nil {
		t.Error("moon was taken")
	}
	if _, err := ParseDims("queue_id"); err == nil {
		t.Error("queue_id only filters")
	}
}
