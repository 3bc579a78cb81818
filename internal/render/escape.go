// Package render writes events, messages and reports as text, JSON, NDJSON, CSV, Markdown and HTML.
//
// Log text is written by strangers. It is made harmless here and nowhere else: Text for
// terminals and HTML, the JSON writer, the CSV and the Markdown cells each let no control byte, escape
// sequence, text direction override or formula through.
package render

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text makes a stranger's text safe to show in a terminal: what is not printable is shown as
// Go would quote it (\x1b, \u202e), and so are the bytes of invalid UTF-8, and marks that would
// join what stands before the text, or pile up over other lines.
func Text(s string) string {
	i := 0
	for i < len(s) && s[i] >= 0x20 && s[i] < 0x7f {
		i++
	}
	if i == len(s) {
		return s
	}
	var b strings.Builder
	b.WriteString(s[:i])
	marks := 0 // on the character before
	if i == 0 {
		marks = maxMarks
	}
	for i < len(s) {
		r, n := utf8.DecodeRuneInString(s[i:])
		if !unicode.In(r, unicode.Mn, unicode.Me) {
			marks = 0
		} else if marks++; marks > maxMarks {
			appendEscape(&b, r)
			i += n
			continue
		}
		switch {
		case r == utf8.RuneError && n <= 1:
			b.WriteString(`\x`)
			b.WriteByte(hex[s[i]>>4])
			b.WriteByte(hex[s[i]&15])
		case hidden(r):
			appendEscape(&b, r)
		default:
			b.WriteRune(r)
		}
		i += n
	}
	return b.String()
}

// maxMarks is how many marks a character may have; living scripts need fewer.
const maxMarks = 4

const hex = "0123456789abcdef"

func appendEscape(b *strings.Builder, r rune) {
	switch {
	case r == '\t':
		b.WriteString(`\t`)
	case r == '\n':
		b.WriteString(`\n`)
	case r == '\r':
		b.WriteString(`\r`)
	case r < 0x100:
		b.WriteString(`\x`)
		b.WriteByte(hex[r>>4])
		b.WriteByte(hex[r&15])
	case r <= 0xffff:
		fmt.Fprintf(b, `\u%04x`, r)
	default:
		fmt.Fprintf(b, `\U%08x`, r)
	}
}

// hidden tells whether a character is not what it seems on a screen: controls, format
// characters (direction overrides, zero width), odd spaces, line separators, private use,
// characters that are not assigned, and those that count as letters or marks and show nothing.
func hidden(r rune) bool {
	return !unicode.IsPrint(r) || r >= utf8.RuneSelf && unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector, noInk)
}

// noInk is what has no ink: the Braille pattern without a dot.
var noInk = &unicode.RangeTable{R16: []unicode.Range16{{Lo: 0x2800, Hi: 0x2800, Stride: 1}}}

// CSV makes a value safe in a spreadsheet: printable as Text has it, and a leading character
// that would begin a formula gets an apostrophe before it. Quoting is encoding/csv's.
func CSV(s string) string {
	s = Text(s)
	if s != "" && strings.IndexByte("=+-@|%", s[0]) >= 0 {
		return "'" + s
	}
	return s
}

// Markdown makes a value safe in a cell of a Markdown table.
func Markdown(s string) string {
	s = Text(s)
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; c {
		case '<':
			b.WriteString("&lt;")
		case '>':
			b.WriteString("&gt;")
		case '&':
			b.WriteString("&amp;")
		case '|', '\\', '`', '*', '_', '[', ']', '#', '~', '!':
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
