package render

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/smtplog/smtplog/aggregate"
)

// listFormats are the formats of a suppression list that mail systems read. Each has one line
// for an address; a line beginning with # is a comment.
var listFormats = []struct {
	name  string
	quote bool // an address may hold what is a blank or a quote to a map
	line  func(b []byte, address, why string) []byte
}{
	// Postfix access(5), for check_recipient_access.
	{"postfix", false, func(b []byte, address, why string) []byte {
		return fmt.Appendf(b, "%s\t550 5.1.1 Suppressed: %s\n", address, why)
	}},
	// Exim's lsearch: the key ends at the colon.
	{"exim", false, func(b []byte, address, why string) []byte { return fmt.Appendf(b, "%s: %s\n", address, why) }},
	{"list", true, func(b []byte, address, _ string) []byte { return fmt.Appendf(b, "%s\n", address) }},
}

// ListFormatNames returns the names of the formats of suppression lists.
func ListFormatNames() string {
	var names []string
	for _, f := range listFormats {
		names = append(names, f.name)
	}
	return strings.Join(names, ",")
}

// IsListFormat tells whether a format is one of a suppression list.
func IsListFormat(format string) bool {
	for _, f := range listFormats {
		if f.name == format {
			return true
		}
	}
	return false
}

// List writes the table suppress as a list for a mail system. An address that a map could
// misread is left out and counted as refused. A domain with other letters than ASCII's stands
// in both its forms (RFC 5890), because mail to it can come in either.
func List(w io.Writer, t *aggregate.Table, format string, zone *time.Location) (refused int, err error) {
	address, reason, last := columnOf(t, "address"), columnOf(t, "reason"), columnOf(t, "last")
	var b []byte
	for _, f := range listFormats {
		if f.name != format {
			continue
		}
		for _, row := range t.Rows {
			a, _ := row[address].(string)
			why, _ := row[reason].(string)
			if at, ok := row[last].(time.Time); ok {
				why += " on " + at.In(zone).Format(time.DateOnly)
			}
			if !f.quote && !plainAddress(a) || !oneLine(a) {
				refused++
				continue
			}
			for _, spelling := range spellings(a) {
				b = f.line(b, spelling, why)
			}
		}
	}
	_, err = w.Write(b)
	return refused, err
}

func columnOf(t *aggregate.Table, name string) int {
	for i, c := range t.Columns {
		if c.Name == name {
			return i
		}
	}
	return 0
}

// plainAddress tells whether no map can misread an address: its local part is a dot-atom (RFC
// 5322) or holds letters beyond ASCII, begins with a letter, a digit or an underscore, which
// no map takes for a comment, a pattern, a quote or an included file, and its domain is one.
func plainAddress(address string) bool {
	at := strings.LastIndexByte(address, '@')
	if at <= 0 {
		return false
	}
	for i, c := range address[:at] {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c >= utf8.RuneSelf
		if !letter && (i == 0 || !strings.ContainsRune(".!#$%&'*+-/=?^`{|}~", c)) {
			return false
		}
	}
	domain := address[at+1:]
	if n := len(domain); n > 2 && domain[0] == '[' && domain[n-1] == ']' {
		domain = domain[1 : n-1]
	}
	for _, c := range domain {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_' || c == ':' || c >= utf8.RuneSelf) {
			return false
		}
	}
	return domain != "" && domain[0] != '-'
}

// oneLine tells whether an address is what it seems: valid UTF-8 that can be printed. Blanks
// that are not ASCII's end a key in some readers.
func oneLine(address string) bool {
	if !utf8.ValidString(address) || strings.HasPrefix(address, "#") {
		return false
	}
	for _, c := range address {
		if hidden(c) {
			return false
		}
	}
	return true
}

// spellings returns an address with its domain as it is in ASCII and, if that is another, in
// Unicode.
func spellings(address string) []string {
	at := strings.LastIndexByte(address, '@') + 1
	a, err := idna.Lookup.ToASCII(address[at:])
	if err != nil {
		return []string{address}
	}
	u, err := idna.Lookup.ToUnicode(a)
	if err != nil || u == a {
		return []string{address[:at] + a}
	}
	return []string{address[:at] + a, address[:at] + u}
}

// PerSender writes the table per_sender: for people a section for each sender, else as one
// table.
func PerSender(w io.Writer, t *aggregate.Table, format string, opt Options) error {
	if format != "table" && format != "markdown" {
		return Rows(w, t, format, opt)
	}
	if opt.Width <= 0 {
		opt.Width = 80
	}
	sender, reason, advice, message := columnOf(t, "sender"), columnOf(t, "reason"), columnOf(t, "advice"), columnOf(t, "queue_id")
	columns := []int{columnOf(t, "time"), columnOf(t, "recipient"), reason, columnOf(t, "code"), columnOf(t, "reply"), columnOf(t, "delivered_later")}
	var shown []aggregate.Column
	for _, c := range columns {
		shown = append(shown, t.Columns[c])
	}
	var b bytes.Buffer
	for i := 0; i < len(t.Rows); {
		name, _ := t.Rows[i][sender].(string)
		var rows [][]any
		var reasons []string
		meaning, messages := map[string]string{}, map[any]bool{}
		for ; i < len(t.Rows) && t.Rows[i][sender] == any(name); i++ {
			row := t.Rows[i]
			cells := make([]any, len(columns))
			for j, c := range columns {
				cells[j] = row[c]
			}
			rows = append(rows, cells)
			messages[row[message]] = true
			r, _ := row[reason].(string)
			if _, ok := meaning[r]; !ok && r != "" {
				meaning[r], _ = row[advice].(string)
				reasons = append(reasons, r)
			}
		}
		if name == "" {
			name = "(unknown)"
		}
		said := fmt.Sprintf("%s of %s did not arrive", plural(int64(len(rows)), "recipient"), plural(int64(len(messages)), "message"))
		if format == "markdown" {
			fmt.Fprintf(&b, "## %s\n\n%s\n\n%s", Markdown(name), said, MarkdownTable(nil, shown, rows))
			for _, r := range reasons {
				fmt.Fprintf(&b, "\n- %s: %s", Markdown(r), Markdown(meaning[r]))
			}
			b.WriteString("\n\n")
			continue
		}
		fmt.Fprintf(&b, "%s: %s\n%s", opt.paint(bold, Text(name)), said, TextTable(shown, rows, opt))
		for _, r := range reasons {
			for j, line := range wrap(r+": "+meaning[r], opt.Width-2) {
				fmt.Fprintf(&b, "%s%s\n", []string{"- ", "  "}[min(j, 1)], line)
			}
		}
		b.WriteByte('\n')
	}
	_, err := w.Write(b.Bytes())
	return err
}
