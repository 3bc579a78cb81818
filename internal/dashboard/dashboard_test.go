package dashboard

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/mattn/go-runewidth"

	"github.com/smtplog/smtplog/aggregate"
	"github.com/smtplog/smtplog/internal/fixture"
	"github.com/smtplog/smtplog/parser"
	"github.com/smtplog/smtplog/status"
)

// snapshot reads the lab's Postfix log.
func snapshot(t *testing.T) Snapshot {
	t.Helper()
	return of(t, fixture.Lines(t, fixture.Testdata(t, "logs", "postfix.log")))
}

// classifier is made once: it takes longer than a short log.
var classifier = sync.OnceValue(func() *status.Classifier { return status.NewClassifier() })

// of is what is known after the lines of a log.
func of(t *testing.T, lines [][]byte) Snapshot {
	t.Helper()
	c, err := aggregate.NewCollector(aggregate.Options{Classifier: classifier()})
	if err != nil {
		t.Fatal(err)
	}
	var s Snapshot
	p := parser.New(parser.Options{Year: 2026})
	var ev parser.Event
	for _, line := range lines {
		v := p.Parse(line, &ev)
		_, counts := c.Add(&ev, v, 0)
		if counts && (ev.Kind == parser.Deferred || ev.Kind == parser.Bounced) {
			_, domain, _ := strings.Cut(string(ev.Recipient), "@")
			s.Latest = append(s.Latest, Failure{Time: ev.Time, Recipient: string(ev.Recipient), Domain: domain,
				Code: fmt.Sprint(ev.Code), Reason: ev.Reason.String(), Reply: string(status.Fold(nil, ev.Text)), Text: string(ev.Text)})
		}
	}
	c.Finish()
	s.Report = c.Report()
	s.Start = &s.Report.Totals
	s.Time = time.Date(2026, 12, 31, 4, 0, 0, 0, time.UTC)
	return s
}

// screen is a dashboard that shows s, and the windows it asked for.
func screen(s Snapshot, width, height int) (m *model, asked *[]time.Duration) {
	asked = new([]time.Duration)
	m = newModel(Options{Windows: []time.Duration{0, 10 * time.Minute}, Interval: time.Hour, Source: func(w time.Duration) Snapshot {
		*asked = append(*asked, w)
		return s
	}})
	m.Update(tea.WindowSizeMsg{Width: width, Height: height})
	m.Update(snapshotMsg{s})
	return m, asked
}

// press types keys, by bubbletea's names.
func press(m *model, keys ...string) {
	for _, k := range keys {
		key := tea.Key{Code: []rune(k)[0], Text: k}
		switch k {
		case "enter":
			key = tea.Key{Code: tea.KeyEnter}
		case "esc":
			key = tea.Key{Code: tea.KeyEscape}
		case "down":
			key = tea.Key{Code: tea.KeyDown}
		case "tab":
			key = tea.Key{Code: tea.KeyTab}
		case "end":
			key = tea.Key{Code: tea.KeyEnd}
		}
		_, cmd := m.Update(tea.KeyPressMsg(key))
		for cmd != nil {
			msg := cmd()
			if _, ok := msg.(snapshotMsg); !ok {
				break
			}
			_, cmd = m.Update(msg)
		}
	}
}

// Whatever the size and the page, the screen is as high as it should be and nothing is too
// wide.
func TestScreenFits(t *testing.T) {
	s := snapshot(t)
	for _, size := range [][2]int{{80, 24}, {200, 50}, {140, 10}, {40, 12}, {20, 5}, {1, 1}, {300, 100}} {
		m, _ := screen(s, size[0], size[1])
		for range len(pages) + 1 {
			for _, keys := range [][]string{{}, {"down", "end"}, {"?"}, {"?"}} {
				press(m, keys...)
				lines := m.screen()
				if len(lines) != size[1] && size[1] > 3 || len(lines) > size[1] {
					t.Errorf("%v, page %s: %d lines", size, pages[m.at.page].name, len(lines))
				}
				for _, l := range lines {
					if w := runewidth.StringWidth(l); w > size[0] {
						t.Errorf("%v, page %s: %d columns: %q", size, pages[m.at.page].name, w, l)
					}
				}
			}
			press(m, "tab")
		}
	}
}

// The overview shows the figures of the report.
func TestOverview(t *testing.T) {
	s := snapshot(t)
	m, _ := screen(s, 160, 50)
	got := strings.Join(m.screen(), "\n")
	totals := s.Report.Totals
	for _, want := range []string{
		fmt.Sprintf("delivered %d ", totals.Delivered), fmt.Sprintf("queued %d", totals.Queued),
		"failed attempts per 1h", "latest failures", "since the start",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	m, _ = screen(s, 80, 24)
	press(m, "8")
	if got := m.screen()[1]; got != " 1 overview 2 reasons 3 replies 4 domains 5 providers 6 relays 7 queue[8 latest]" {
		t.Errorf("the pages are %q", got)
	}
}

// Enter leads from a reason to its replies, from a reply to its failures, and Esc back.
func TestDrill(t *testing.T) {
	s := snapshot(t)
	m, _ := screen(s, 160, 50)
	press(m, "2", "down", "enter")
	reason := ""
	for _, table := range s.Report.Tables {
		if table.Name == "reasons" {
			reason = table.Rows[1][0].(string)
		}
	}
	replies := m.table()
	if m.at.page != repliesPage || len(replies.Rows) == 0 {
		t.Fatalf("on page %s with %d rows", pages[m.at.page].name, len(replies.Rows))
	}
	for _, row := range replies.Rows {
		if got := text(row, replies, "reason"); got != reason {
			t.Errorf("a reply of reason %s among those of %s", got, reason)
		}
	}
	reply := text(replies.Rows[0], replies, "reply")
	attempts := replies.Rows[0][column(replies, "attempts")].(int64)
	press(m, "enter")
	found := m.latest()
	if m.at.page != latestPage || int64(len(found)) < attempts {
		t.Fatalf("on page %s with %d failures, the reply had %d", pages[m.at.page].name, len(found), attempts)
	}
	for _, f := range found {
		if f.Reason != reason || f.Reply != reply {
			t.Errorf("a failure of %s: %s", f.Reason, f.Reply)
		}
	}
	press(m, "esc", "esc")
	if m.at.page != reasonsPage || m.at.cursor != 1 {
		t.Errorf("back on page %s at row %d, want reasons at 1", pages[m.at.page].name, m.at.cursor)
	}
}

func TestKeys(t *testing.T) {
	s := snapshot(t)
	m, asked := screen(s, 120, 40)
	press(m, "w")
	if len(*asked) != 1 || (*asked)[0] != 10*time.Minute {
		t.Errorf("w asked for %v, want 10m", *asked)
	}
	press(m, "4", "s") // by domain
	rows := m.table().Rows
	for i := 1; i < len(rows); i++ {
		if a, _ := rows[i-1][0].(string); a > rows[i][0].(string) {
			t.Fatalf("%s before %s", a, rows[i][0])
		}
	}
	press(m, "/", "4", "5", "0", "enter")
	for _, row := range m.table().Rows {
		if !strings.Contains(row[0].(string), "450") {
			t.Errorf("%v passes the filter 450", row[0])
		}
	}
	if n := len(m.table().Rows); n == 0 || n == len(rows) {
		t.Errorf("%d of %d rows pass the filter", n, len(rows))
	}
	press(m, "esc")
	if len(m.table().Rows) != len(rows) {
		t.Error("Esc did not drop the filter")
	}
	press(m, "p")
	later := s
	later.Time = s.Time.Add(time.Minute)
	m.Update(snapshotMsg{later})
	if !m.snap.Time.Equal(s.Time) || !strings.Contains(m.screen()[0], "paused") {
		t.Error("a paused dashboard went on")
	}
	press(m, "p")
	m.Update(snapshotMsg{later})
	if !m.snap.Time.Equal(later.Time) {
		t.Error("the dashboard stayed paused")
	}
	if cmd := m.press("q", "q"); cmd == nil {
		t.Error("q does not quit")
	} else if _, ok := cmd().(tea.QuitMsg); !ok {
		t.Error("q does not quit")
	}
}

// Rates are those of the last minute, in which lines that had waited do not count.
func TestRates(t *testing.T) {
	m, _ := screen(Snapshot{}, 80, 24)
	start := time.Date(2026, 11, 3, 4, 0, 0, 0, time.UTC)
	n := int64(0)
	second := func(i int, more int64, waited bool) {
		n += more
		m.Update(snapshotMsg{Snapshot{Time: start.Add(time.Duration(i) * time.Second), Start: &aggregate.Totals{Delivered: n}, Report: &aggregate.Report{}, Waited: waited}})
	}
	delivered := func(t *aggregate.Totals) int64 { return t.Delivered }
	for i := range 3 {
		second(i, 1000, true)
		if got := m.screen()[2]; strings.Contains(got, "/min") {
			t.Errorf("second %d: %s", i, got)
		}
	}
	for i := 3; i < 184; i++ {
		second(i, int64(1+i/124), false) // one a second, from the third minute on two
		if got, ok := m.perMinute(delivered); i < 124 && (!ok || got != 60) {
			t.Fatalf("second %d: %v per minute, want 60", i, got)
		}
	}
	if got, _ := m.perMinute(delivered); got != 120 {
		t.Errorf("%v per minute, want 120", got)
	}
	if got := m.screen()[2]; !strings.Contains(got, "(120/min)") {
		t.Error(got)
	}
	if len(m.rates) > 62 {
		t.Errorf("%d samples kept for a minute of one a second", len(m.rates))
	}
	press(m, "p")
	m.Update(snapshotMsg{Snapshot{Waited: true}})
	if got, ok := m.perMinute(delivered); ok {
		t.Errorf("%v per minute with lines that waited while it was paused", got)
	}
}

// What strangers wrote never reaches the terminal as it is, on no page.
func TestHostile(t *testing.T) {
	texts := append(fixture.HostileTexts(t), strings.Repeat("\x1b[2J\u202e", 500))
	c, err := aggregate.NewCollector(aggregate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := Snapshot{Time: time.Date(2026, 11, 3, 4, 0, 0, 0, time.UTC)}
	var ev parser.Event
	p := parser.New(parser.Options{Year: 2026})
	for i, text := range texts {
		text = strings.ReplaceAll(text, "\n", "\r")
		line := fmt.Sprintf("Nov  3 04:00:00 mx%d postfix/smtp[7]: 3A1B2C3D4E: to=<\"%d\"@%s>, relay=%s[192.0.2.1]:25, delay=1, delays=0/0/0.5/0.5, dsn=5.0.0, status=bounced (host x[192.0.2.1] said: 550 %s (in reply to RCPT TO command))",
			i, i, text, strings.NewReplacer(" ", "", "[", "").Replace(text), text)
		c.Add(&ev, p.Parse([]byte(line), &ev), 0)
		s.Latest = append(s.Latest, Failure{Time: s.Time, QueueID: text, Sender: text, Recipient: text, Domain: text, Provider: text, Relay: text, Event: "bounced", Code: "550", Reason: "user_unknown", Reply: text, Text: text})
	}
	c.Finish()
	s.Report = c.Report()
	s.Start, s.Notice = &s.Report.Totals, strings.Join(texts, " ")
	if s.Report.Totals.Bounced < int64(len(texts))*9/10 {
		t.Fatalf("%d bounces of %d", s.Report.Totals.Bounced, len(texts))
	}
	check := func(m *model, where string) {
		t.Helper()
		for _, line := range m.screen() {
			if got := fixture.Printed(t, where, line); runewidth.StringWidth(got) > m.width || strings.Contains(got, "\n") {
				t.Errorf("%s: %q does not fit", where, got)
			}
		}
	}
	for _, width := range []int{40, 200} {
		m, _ := screen(s, width, 24)
		m.opt.Color = true
		check(m, "the overview")
		for page := range pages {
			press(m, fmt.Sprint(page+1))
			for i := range 12 {
				check(m, fmt.Sprintf("page %d, screen %d", page+1, i))
				press(m, slices.Repeat([]string{"down"}, 20)...)
				if i%4 == 0 { // into a row and back
					press(m, "enter")
					check(m, fmt.Sprintf("page %d, in a row of screen %d", page+1, i))
					press(m, "esc")
				}
			}
		}
		for _, text := range []string{"\x1b", "\u202e", "\u009b", "\u3164"} {
			press(m, "/", text)
			check(m, "the filter as it is typed")
			press(m, "enter")
			check(m, "the filter")
			press(m, "esc")
		}
	}
}
