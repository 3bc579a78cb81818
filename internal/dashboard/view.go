package dashboard

import (
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/mattn/go-runewidth"

	"github.com/smtplog/smtplog/aggregate"
	"github.com/smtplog/smtplog/internal/render"
)

// The colours (ECMA-48 SGR).
const (
	bold    = "\x1b[1m"
	faint   = "\x1b[2m"
	reverse = "\x1b[7m"
	red     = "\x1b[31m"
	yellow  = "\x1b[33m"
	plain   = "\x1b[0m"
)

func (m *model) paint(color, s string) string {
	if !m.opt.Color || s == "" {
		return s
	}
	return color + s + plain
}

// View is the screen.
func (m *model) View() tea.View {
	v := tea.NewView(strings.Join(m.screen(), "\n"))
	v.AltScreen = true
	return v
}

// screen returns the lines of the screen: as many as it is high, none wider than it.
func (m *model) screen() []string {
	top := []string{m.heading(), m.tabs(), m.totals()}
	room := m.height - len(top) - 1
	if room < 0 {
		return m.fit(top[:min(len(top), max(1, m.height))])
	}
	var body []string
	switch {
	case m.snap.Report == nil:
		body = []string{"reading ..."}
	case m.help:
		body = slices.Clone(helpText)
	case m.at.page == overview:
		body = m.overview(room)
	default:
		body = m.page(room)
	}
	body = body[:min(len(body), room)]
	for len(body) < room {
		body = append(body, "")
	}
	return m.fit(append(append(top, body...), m.footer()))
}

// fit cuts what is too wide; a line that is cut loses its colours.
func (m *model) fit(lines []string) []string {
	for i, s := range lines {
		if visible(s) > m.width {
			lines[i] = cut(uncoloured.Replace(s), m.width)
		}
	}
	return lines
}

var uncoloured = strings.NewReplacer(bold, "", faint, "", reverse, "", red, "", yellow, "", plain, "")

var helpText = []string{
	"",
	"  1-8, Tab, arrows    pages",
	"  up, down, PgUp ...  move",
	"  Enter               from a reason to its replies, from a row to its failures",
	"  Esc                 back; drops the filter",
	"  /                   filter the rows by a text",
	"  s                   sort by the next column",
	"  w                   next window: the last minutes, or since the start",
	"  p, Space            pause",
	"  q, Ctrl-C           quit",
	"",
	"  Attempts are counted, not messages: a message that is deferred ten times",
	"  counts ten deferrals. Rates (/min) are of the last minute, without lines",
	"  that had waited to be read.",
}

func (m *model) heading() string {
	window := "since the start"
	if w := m.opt.Windows[m.window]; w > 0 {
		window = "last " + duration(w)
	}
	s := "smtplog  " + window
	if !m.snap.Time.IsZero() {
		s += "  " + m.snap.Time.In(m.opt.Zone).Format("15:04:05")
	}
	line := m.paint(bold, cut(s, m.width))
	if m.paused {
		line += m.paint(yellow, cut("  paused", m.width-runewidth.StringWidth(s)))
	}
	return line
}

// tabs names the pages: two blanks apart, or one where that is too wide.
func (m *model) tabs() string {
	var all strings.Builder
	for _, p := range pages {
		all.WriteString(" " + p.key + " " + p.name + " ")
	}
	between := "  "
	if all.Len() > m.width {
		between = " "
	}
	line, used := " ", 1
	for i, p := range pages {
		word := p.key + " " + p.name
		if used += len(word) + len(between); used > m.width {
			break
		}
		switch chosen := i == m.at.page; {
		case chosen && m.opt.Color:
			line = line[:len(line)-1] + m.paint(reverse, " "+word+" ")
		case chosen:
			line = line[:len(line)-1] + "[" + word + "]"
		default:
			line += word + " "
		}
		line += between[1:]
	}
	return line
}

func (m *model) totals() string {
	if m.snap.Report == nil {
		return ""
	}
	t := &m.snap.Report.Totals
	var parts []string
	for _, p := range []struct {
		name string
		n    int64
		of   func(*aggregate.Totals) int64
	}{
		{"delivered", t.Delivered, func(t *aggregate.Totals) int64 { return t.Delivered }},
		{"bounced", t.Bounced, func(t *aggregate.Totals) int64 { return t.Bounced }},
		{"deferrals", t.Deferred, func(t *aggregate.Totals) int64 { return t.Deferred }},
		{"refused", t.Rejected, func(t *aggregate.Totals) int64 { return t.Rejected }},
	} {
		part := fmt.Sprintf("%s %d", p.name, p.n)
		if rate, ok := m.perMinute(p.of); ok {
			part += fmt.Sprintf(" (%.0f/min)", rate)
		}
		parts = append(parts, part)
	}
	parts = slices.Insert(parts, 1, fmt.Sprintf("queued %d", t.Queued))
	return cut(strings.Join(parts, "  "), m.width)
}

func (m *model) footer() string {
	if m.typing {
		return cut("filter: "+render.Text(m.filter)+"_", m.width)
	}
	var parts []string
	for _, c := range m.at.only {
		parts = append(parts, c.column+" = "+render.Text(c.value))
	}
	if m.filter != "" {
		parts = append(parts, "filter: "+render.Text(m.filter))
	}
	if m.at.sort != "" {
		parts = append(parts, "by "+m.at.sort)
	}
	if m.snap.Notice != "" && len(parts) == 0 {
		parts = append(parts, render.Text(m.snap.Notice))
	}
	parts = append(parts, "? help  / filter  s sort  w window  p pause  q quit")
	return m.paint(faint, cut(strings.Join(parts, "  |  "), m.width))
}

// overview shows the chart, the largest rows of the tables, and the latest failures.
func (m *model) overview(room int) []string {
	lines := m.chart(min(6, max(3, room/4)))
	tables := []string{"reasons", "domains", "providers", "relays"}
	rest := room - len(lines)
	columns := 1
	if m.width >= 140 {
		columns = 2
	}
	rows := max(2, min(10, (rest-4)/(len(tables)/columns+1)-2))
	for i := 0; i < len(tables); i += columns {
		var blocks [][]string
		for _, name := range tables[i:min(len(tables), i+columns)] {
			blocks = append(blocks, m.summary(name, rows, m.width/columns-1))
		}
		block := beside(blocks, m.width/columns)
		if len(lines)+len(block) > room-3 && i > 0 { // the latest failures want room
			break
		}
		lines = append(lines, block...)
	}
	if n := room - len(lines) - 1; n > 0 {
		lines = append(lines, m.paint(bold, "latest failures"))
		for _, f := range m.latest()[:min(n, len(m.latest()))] {
			lines = append(lines, m.failure(&f))
		}
	}
	return lines
}

// summary is the head of a table.
func (m *model) summary(name string, rows, width int) []string {
	t := m.find(name)
	if t == nil || len(t.Rows) == 0 {
		return nil
	}
	text := render.TextTable(t.Columns, t.Rows[:min(rows, len(t.Rows))], render.Options{Width: width, Zone: m.opt.Zone})
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	lines[0] = m.paint(bold, lines[0])
	return lines
}

// beside puts blocks of lines next to each other, each width columns wide.
func beside(blocks [][]string, width int) []string {
	if len(blocks) == 1 {
		return blocks[0]
	}
	n := max(len(blocks[0]), len(blocks[1]))
	lines := make([]string, n)
	for i := range n {
		for j, b := range blocks {
			s := ""
			if i < len(b) {
				s = b[i]
			}
			lines[i] += s
			if j < len(blocks)-1 {
				lines[i] += strings.Repeat(" ", max(1, width-visible(s)))
			}
		}
	}
	return lines
}

// visible is the width of a line without its colours.
func visible(s string) int { return runewidth.StringWidth(uncoloured.Replace(s)) }

// page is a table, or the latest failures, with the cursor's row in view.
func (m *model) page(room int) []string {
	var header string
	var rows []string
	if m.at.page == latestPage {
		header = "time      code  reason              from -> to: reply"
		for _, f := range m.latest() {
			rows = append(rows, m.failure(&f))
		}
	} else if t := m.table(); t != nil && len(t.Rows) > 0 {
		first := max(0, m.at.cursor-room)
		last := min(len(t.Rows), first+2*room) // laying out all of a large table takes long
		text := render.TextTable(t.Columns, t.Rows[first:last], render.Options{Width: m.width - 2, Zone: m.opt.Zone})
		lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
		header = lines[0]
		rows = append(make([]string, first), lines[1:]...)
	}
	if len(rows) == 0 {
		return []string{"", "  nothing to show"}
	}
	out := []string{m.paint(bold, "  "+cut(header, m.width-2))}
	first := max(0, min(m.at.cursor-(room-2), len(rows)-(room-1)))
	if m.at.cursor < room-1 {
		first = 0
	}
	for i := first; i < min(len(rows), first+room-1); i++ {
		if i == m.at.cursor {
			out = append(out, m.paint(reverse, "> "+cut(rows[i], m.width-2)))
		} else {
			out = append(out, "  "+cut(rows[i], m.width-2))
		}
	}
	return out
}

// failure is one line about a failed attempt.
func (m *model) failure(f *Failure) string {
	code := f.Code
	if code == "" {
		code = "-"
	}
	line := fmt.Sprintf("%s  %-4s  %-18s  %s -> %s: %s", f.Time.In(m.opt.Zone).Format("15:04:05"), code, f.Reason,
		render.Text(f.Sender), render.Text(f.Recipient), render.Text(f.Text))
	return cut(line, m.width-2)
}

// eighths are the heights of a cell of a bar.
var eighths = []rune(" ▁▂▃▄▅▆▇█")

// chart draws the failed attempts over time, height rows of bars high.
func (m *model) chart(height int) []string {
	t := m.find("over_time")
	if t == nil || len(t.Rows) == 0 {
		return nil
	}
	var starts []time.Time
	var counts []int64
	for _, row := range t.Rows {
		at := row[0].(time.Time)
		if len(starts) == 0 || !at.Equal(starts[len(starts)-1]) {
			starts, counts = append(starts, at), append(counts, 0)
		}
		if row[2] != aggregate.DeliveredCategory {
			counts[len(counts)-1] += row[3].(int64)
		}
	}
	const margin = 8
	width := max(1, m.width-margin-1)
	if n := len(counts); n > width {
		starts, counts = starts[n-width:], counts[n-width:]
	}
	wide := max(1, min(3, width/len(counts)))
	most := max(1, slices.Max(counts))
	title := "failed attempts"
	if len(starts) > 1 {
		title += " per " + duration(starts[1].Sub(starts[0]))
	}
	lines := []string{m.paint(bold, title)}
	for row := height - 1; row >= 0; row-- {
		label := ""
		switch row {
		case height - 1:
			label = fmt.Sprint(most)
		case 0:
			label = "0"
		}
		var bars strings.Builder
		for _, n := range counts {
			level := int((n*int64(height)*8+most-1)/most) - row*8
			bars.WriteString(strings.Repeat(string(eighths[max(0, min(8, level))]), wide))
		}
		lines = append(lines, fmt.Sprintf("%*s ", margin-1, label)+m.paint(red, strings.TrimRight(bars.String(), " ")))
	}
	clock := "15:04"
	if starts[len(starts)-1].Sub(starts[0]) > 24*time.Hour {
		clock = "01-02 15:04"
	}
	first, last := starts[0].In(m.opt.Zone).Format(clock), starts[len(starts)-1].In(m.opt.Zone).Format(clock)
	axis := strings.Repeat(" ", margin) + first
	if gap := len(counts)*wide - len(first) - len(last); gap > 0 {
		axis += strings.Repeat(" ", gap) + last
	}
	return append(lines, m.paint(faint, cut(axis, m.width)))
}

// duration writes a round duration shortly: 10m, 1h.
func duration(d time.Duration) string {
	s := d.String()
	s = strings.TrimSuffix(s, "0s")
	if s != d.String() && strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// cut shortens a line to width columns.
func cut(s string, width int) string {
	if width <= 0 {
		return ""
	}
	return runewidth.Truncate(s, width, "~")
}
