package render

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/smtplog/smtplog/aggregate"
)

// Every format writes reports, tables and entries in its own way, and none lets a stranger's
// text through as it is.
func TestEveryFormat(t *testing.T) {
	const hostile = "=mark\x1b[2J\u202e<script>alert(1)</script>\n# x"
	table := aggregate.Table{Name: "senders", Title: "Envelope senders", Unit: "recipients",
		Columns: []aggregate.Column{{Name: "sender", Type: "string"}, {Name: "recipients", Type: "integer"}},
		Rows:    [][]any{{hostile, int64(7)}}}
	opt := Options{Width: 80, Zone: time.UTC, Top: -1, Table: "senders"}
	seen := map[string]string{}
	check := func(what, format string, write func(b *bytes.Buffer) error) {
		t.Helper()
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		out := b.String()
		if other, again := seen[what+out]; again {
			t.Errorf("%s as %s is what %s gives", what, format, other)
		}
		seen[what+out] = format
		if !strings.Contains(out, "mark") || !strings.Contains(out, "7") {
			t.Errorf("%s as %s lacks the row: %q", what, format, out)
		}
		if strings.ContainsAny(out, "\x1b\u202e") || format == "html" && strings.Contains(out, "<script>alert") || strings.Contains(out, "\n# x") || !strings.HasSuffix(out, "\n") {
			t.Errorf("%s as %s: %q", what, format, out)
		}
	}
	for _, f := range Formats {
		check("a report", f.Name, func(b *bytes.Buffer) error {
			return Report(b, &aggregate.Report{Tables: []aggregate.Table{table}, Filters: []aggregate.Condition{{Name: "sender", Patterns: []string{hostile}}}}, f.Name, opt)
		})
		if f.Name != "table" {
			check("a table", f.Name, func(b *bytes.Buffer) error { return Rows(b, &table, f.Name, opt) })
		}
		if f.Name != "json" && f.Name != "ndjson" {
			check("an entry", f.Name, func(b *bytes.Buffer) error {
				e := NewEntries(b, f.Name, table.Columns, opt)
				e.Row(table.Rows[0])
				return e.Finish()
			})
		}
	}
}
