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

// A recipient goes where its attempts went; one that was never tried goes nowhere yet.
func TestFilterDirectionOfRecipients(t *testing.T) {
	var s script
	s.mail("Nov  3 04:00:00", "out@d.example", sent)
	s.mail("Nov  3 04:01:00", "gone@d.example", unknown)
	s.at("Nov  3 04:02:00", "postfix/smtpd[9]: B000000001: client=app.own.example[10.0.0.9]")
	s.at("Nov  3 04:02:00", "postfix/qmgr[1]: B000000001: from=<news@own.example>, size=100, nrcpt=1 (queue active)")
	s.at("Nov  3 04:02:01", "postfix/local[7]: B000000001: to=<in@own.example>, relay=local, delay=1, delays=0/0/0.5/0.5, dsn=2.0.0, status=sent (delivered to mailbox)")
	s.at("Nov  3 04:02:01", "postfix/qmgr[1]: B000000001: removed")
	s.at("Nov  3 04:03:00", "postfix/smtpd[9]: B000000002: client=app.own.example[10.0.0.9]")
	s.at("Nov  3 04:03:00", "postfix/qmgr[1]: B000000002: from=<news@own.example>, size=100, nrcpt=1 (queue active)")
	for _, tt := range []struct {
		pattern                       string
		recipients, delivered, failed int64
	}{
		{"out", 2, 1, 1}, {"local", 1, 1, 0}, {"in", 0, 0, 0}, {"!out", 2, 1, 0}, {"!in", 4, 2, 1}, {"*", 4, 2, 1},
	} {
		var opt Options
		opt.Filter.Add(DimDirection, tt.pattern)
		sum := s.run(t, opt).Totals
		if sum.Recipients != tt.recipients || sum.Delivered != tt.delivered || sum.Bounced != tt.failed {
			t.Errorf("--direction %s: %d recipients, %d delivered, %d bounced; want %d, %d, %d", tt.pattern,
				sum.Recipients, sum.Delivered, sum.Bounced, tt.recipients, tt.delivered, tt.failed)
		}
	}
}
