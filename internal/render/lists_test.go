package render

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/smtplog/smtplog/aggregate"
)

func listOf(address string) *aggregate.Table {
	t := &aggregate.Table{Name: "suppress", Columns: []aggregate.Column{{Name: "address", Type: "string"}, {Name: "reason", Type: "string"}, {Name: "last", Type: "time"}}}
	t.Rows = [][]any{{address, "user_unknown", time.Date(2026, 11, 3, 4, 0, 0, 0, time.UTC)}}
	return t
}

// What a stranger can have logged as an address, and whether a map may have it.
func TestListsRefuse(t *testing.T) {
	for _, tt := range []struct {
		address   string
		maps, all bool
	}{
		{"joe@d.example", true, true},
		{"joe+tag.x'y@d.example", true, true},
		{"jörg@bücher.example", true, true},
		{"joe@[192.0.2.1]", true, true},
		{`"a b"@d.example`, false, true},
		{"a b@d.example", false, false},
		{"a:b@d.example", false, false},
		{"a#b@d.example", true, true},
		{"#joe@d.example", false, false},
		{"*@d.example", false, false},
		{"^.*@d.example", false, false},
		{"!include@d.example", false, false},
		{"/etc/passwd@d.example", false, false},
		{"joe@d.example OK", false, false},
		{"joe@d.example\tOK", false, false},
		{"joe@d.example\nall@d.example OK", false, false},
		{"joe\x00@d.example", false, false},
		{"joe\u202e@d.example", false, false},
		{"joe\u00a0@d.example", false, false},
		{"joe\xff@d.example", false, false},
		{"@d.example", false, false},
		{"joe@", false, false},
		{"joe@-d.example", false, false},
		{"", false, false},
		{" joe@d.example", false, false},
		{"joe@d.example:x", false, false}, // joe@d.example to Exim
		{"joe@[IPv6:2001:db8::1]", false, false},
		{"joe@d.example,kim@d.example", false, false},
		{"joe,kim@d.example", false, false},
		{"<joe@d.example>", false, false},
		{`"joe" <kim@d.example>`, false, false},
		{`"joe"kim"@d.example`, false, false},
		{`"joe\"@d.example`, false, false},
		{`"joe\\"@d.example`, false, true},
		{`"joe\"kim"@d.example`, false, true},
		{`""@d.example`, false, false},
		// What becomes joe@d.example in a reader that maps domains (UTS #46) or folds case.
		{"joe@d.exam\u00adple", false, false},
		{"joe@d.example\u200b", false, false},
		{"joe@\uff44.example", false, false},
		{"joe@d\u3002example", false, false},
		{"kim@\u212a.example", false, false},
		{"\u212aim@d.example", false, false},
		{"kim.\u017fo@d.example", false, false},
		{"stra\u00dfe@d.example", false, false},
		{"kim@stra\u00dfe.example", false, false},
		{"jo\ufb01@d.example", false, false},
		{"joe\u3164@d.example", false, false},
	} {
		for _, format := range []string{"postfix", "exim", "list"} {
			var b bytes.Buffer
			refused, err := List(&b, listOf(tt.address), format, time.UTC)
			if err != nil {
				t.Fatal(err)
			}
			want := tt.maps
			if format == "list" {
				want = tt.all
			}
			if (refused == 0) != want || (b.Len() > 0) != want {
				t.Errorf("%s: %q: refused %d, wrote %q", format, tt.address, refused, b.String())
			}
		}
	}
}

// checkList wants of a list of any address whole lines that each begin with one, and nothing hidden.
func checkList(t *testing.T, address string) {
	t.Helper()
	for _, format := range []string{"postfix", "exim", "list"} {
		var b bytes.Buffer
		refused, err := List(&b, listOf(address), format, time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		out := b.String()
		if refused > 0 {
			if out != "" {
				t.Fatalf("%s: refused and written: %q", format, out)
			}
			continue
		}
		if n := strings.Count(out, "\n"); n < 1 || n > 2 || !strings.HasSuffix(out, "\n") {
			t.Fatalf("%s: %d lines: %q", format, n, out)
		}
		for line := range strings.Lines(out) {
			if format != "list" {
				key := line[:strings.IndexAny(line, ":\t ")]
				at, was := strings.LastIndexByte(key, '@'), strings.LastIndexByte(address, '@')
				if at < 0 || key[:at] != address[:was] {
					t.Fatalf("%s: the key of %q is not that of %q", format, line, address)
				}
			}
			line = strings.TrimSuffix(line, "\n")
			if !utf8.ValidString(line) || !shown(strings.ReplaceAll(line, "\t", " ")) || line[0] == '#' || line[0] == ' ' {
				t.Fatalf("%s: %q", format, line)
			}
			switch key, value, ok := strings.Cut(line, map[string]string{"postfix": "\t", "exim": ": "}[format]); {
			case format == "postfix" && (!ok || strings.ContainsAny(key, " \"") || !strings.HasPrefix(value, "550 ")):
				t.Fatalf("postfix: %q", line)
			case format == "exim" && (!ok || strings.Contains(key, ":") || strings.ContainsAny(key, " \"") || value != "user_unknown on 2026-11-03"):
				t.Fatalf("exim: %q", line)
			}
		}
	}
}
