package render

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
	"golang.org/x/net/idna"
	"golang.org/x/text/cases"

	"github.com/smtplog/smtplog/aggregate"
)

// listFormats are the formats of a suppression list that mail systems read. Each has one line
// for an address; a line beginning with # is a comment.
var listFormats = []struct {
	name  string
	quote bool // the local part may be a quoted string
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
		for row := range t.All() {
			a, _ := row[address].(string)
			why, _ := row[reason].(string)
			if at, ok := row[last].(time.Time); ok {
				why += " on " + at.In(zone).Format(time.DateOnly)
			}
			if !plainAddress(a, f.quote) {
				refused++
				continue
			}
			for _, s := range spellings(a) {
				b = f.line(b, s, why)
			}
			if len(b) >= flushSize {
				if _, err = w.Write(b); err != nil {
					return refused, err
				}
				b = b[:0]
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

// plainAddress tells whether no reader of a list can take an address for more than it is, or
// for another one. Its local part is a dot-atom (RFC 5322), perhaps with letters beyond ASCII,
// that begins with a letter, a digit or an underscore, which no map takes for a comment, a
// pattern, a quote or an included file; or, with quoted, a quoted string. Its domain is one. A
// colon would end the key of an lsearch, so there are no IPv6 addresses.
func plainAddress(address string, quoted bool) bool {
	at := strings.LastIndexByte(address, '@')
	if at <= 0 || Text(address) != address {
		return false
	}
	local, domain := address[:at], address[at+1:]
	if !quoted || !quotedString(local) {
		for i, c := range local {
			if !wordByte(c) && (i == 0 || !strings.ContainsRune(".!#$%&'*+-/=?^`{|}~", c)) {
				return false
			}
		}
	}
	if foldsToASCII(local) {
		return false
	}
	if !isASCII(domain) {
		// What is no domain as it stands, the mapping of UTS #46 may make another's.
		_, err := idna.Registration.ToASCII(strings.ToLower(domain))
		return err == nil && !foldsToASCII(domain)
	}
	if n := len(domain); n > 2 && domain[0] == '[' && domain[n-1] == ']' {
		domain = domain[1 : n-1]
	}
	for _, c := range domain {
		if !wordByte(c) && c != '.' && c != '-' {
			return false
		}
	}
	return domain != "" && domain[0] != '-'
}

// wordByte tells whether c is a letter, a digit or an underscore; letters beyond ASCII are.
func wordByte(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c >= utf8.RuneSelf
}

// quotedString tells whether s is one (RFC 5321 4.1.2): a quote in it has a backslash before.
func quotedString(s string) bool {
	if len(s) < 3 || s[0] != '"' || s[len(s)-1] != '"' {
		return false
	}
	for i := 1; i < len(s)-1; i++ {
		switch s[i] {
		case '"':
			return false
		case '\\':
			if i++; i == len(s)-1 {
				return false
			}
		}
	}
	return true
}

// foldsToASCII tells whether letters beyond ASCII become ASCII's where case does not count, as
// in the keys of postmap: the Kelvin sign is a k, and a sharp s is two.
func foldsToASCII(s string) bool { return ascii(s) != ascii(cases.Fold().String(s)) }

// ascii returns how many of the bytes of s are ASCII's.
func ascii(s string) (n int) {
	for i := range len(s) {
		if s[i] < utf8.RuneSelf {
			n++
		}
	}
	return n
}

func isASCII(s string) bool { return ascii(s) == len(s) }

// spellings returns an address with its domain as it is in ASCII and, if that is another, in
// Unicode.
func spellings(address string) []string {
	at := strings.LastIndexByte(address, '@') + 1
	domain := strings.TrimSuffix(address[at:], ".")
	a, err := idna.Registration.ToASCII(strings.ToLower(domain))
	if err != nil || a == "" {
		return []string{address[:at] + domain}
	}
	u, err := idna.Registration.ToUnicode(a)
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
	var name any
	var rows [][]any
	var reasons []string
	meaning, messages := map[string]string{}, map[any]bool{}
	between := "" // sections
	section := func() error {
		if len(rows) == 0 {
			return nil
		}
		b.WriteString(between)
		between = "\n"
		sender, _ := name.(string)
		if sender == "" {
			sender = "(unknown)"
		}
		said := fmt.Sprintf("%s of %s did not arrive", plural(int64(len(rows)), "recipient"), plural(int64(len(messages)), "message"))
		if format == "markdown" {
			fmt.Fprintf(&b, "## %s\n\n%s\n\n%s", Markdown(sender), said, MarkdownTable(nil, shown, rows))
			for _, r := range reasons {
				fmt.Fprintf(&b, "\n- %s: %s", Markdown(r), Markdown(meaning[r]))
			}
			if len(reasons) > 0 {
				b.WriteByte('\n')
			}
		} else {
			between := ": "
			if runewidth.StringWidth(Text(sender)+between+said) > opt.Width {
				between = ":\n"
			}
			fmt.Fprintf(&b, "%s%s%s\n%s", opt.paint(bold, Text(sender)), between, said, TextTable(shown, rows, opt))
			for _, r := range reasons {
				for j, line := range wrap(r+": "+meaning[r], opt.Width-2) {
					fmt.Fprintf(&b, "%s%s\n", []string{"- ", "  "}[min(j, 1)], line)
				}
			}
		}
		rows, reasons = nil, nil
		clear(meaning)
		clear(messages)
		_, err := b.WriteTo(w)
		return err
	}
	for row := range t.All() {
		if row[sender] != name {
			if err := section(); err != nil {
				return err
			}
			name = row[sender]
		}
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
	return section()
}
