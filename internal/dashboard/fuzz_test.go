package dashboard

import (
	"bytes"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"

	tea "charm.land/bubbletea/v2"

	"github.com/smtplog/smtplog/internal/fixture"
)

// FuzzScreen shows any log, on any page, in any size, with any filter: the screen is as high as it
// should be, nothing is too wide, and nothing is on it but what can be seen and our own colours.
func FuzzScreen(f *testing.F) {
	lines := fixture.Lines(f, fixture.Testdata(f, "logs", "postfix.log"))
	for i := range 6 {
		f.Add(bytes.Join(lines[i*2000:i*2000+12], []byte("\n")), "2\r", "\x1b[", uint8(20+i*30), uint8(8*i))
	}
	for _, line := range fixture.Lines(f, fixture.Testdata(f, "hostile", "postfix.log"))[:8] {
		f.Add(bytes.Join([][]byte{line, bytes.ReplaceAll(line, []byte("{reply}"), []byte("\x1b]0;x\a\u202e日本\xff"))}, []byte("\n")), "8jjsswp?", "", uint8(80), uint8(24))
	}
	f.Fuzz(func(t *testing.T, log []byte, keys, filter string, width, height uint8) {
		m, _ := screen(of(t, bytes.Split(log, []byte("\n"))), int(width), int(height))
		m.opt.Color = width%2 == 0
		page := pages[(int(height)+len(keys))%len(pages)]
		m.press(page.key, page.key)
		m.filter = filter
		for _, k := range keys[:min(len(keys), 16)] {
			switch k {
			case '\r':
				m.press("enter", "")
			case '\x1b':
				m.press("esc", "")
			default:
				m.press(string(k), string(k))
			}
		}
		checkScreen(t, m)
		m.Update(tea.WindowSizeMsg{Width: int(height), Height: int(width)})
		checkScreen(t, m)
	})
}

func checkScreen(t *testing.T, m *model) {
	t.Helper()
	lines := m.screen()
	if len(lines) != m.height && m.height > 3 || len(lines) > max(1, m.height) {
		t.Fatalf("page %s: %d lines of %d", pages[m.at.page].name, len(lines), m.height)
	}
	for _, line := range lines {
		text := line
		if m.opt.Color {
			text = uncoloured.Replace(line)
		}
		if w := runewidth.StringWidth(text); w > m.width {
			t.Fatalf("page %s: %d columns in %d: %q", pages[m.at.page].name, w, m.width, text)
		}
		if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Fatalf("page %s: %q", pages[m.at.page].name, text)
		}
	}
}
