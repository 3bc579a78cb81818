// Package dashboard is the full-screen view of `smtplog tail --ui`: what goes wrong now, over
// time, by reason, reply, domain, provider and relay, and the latest failures themselves.
//
// The model (dashboard.go) is fed with snapshots and keys and knows no terminal; view.go turns
// it into a screen.
package dashboard

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/smtplog/smtplog/aggregate"
)

// Failure is one failed attempt, as logged: nothing in it is escaped.
type Failure struct {
	Time                                 time.Time
	QueueID, Sender, Recipient, Domain   string
	Relay, Provider, Event, Code, Reason string
	Reply                                string // folded, as in the table of replies
	Text                                 string
}

// Snapshot is what is known at one moment.
type Snapshot struct {
	Time   time.Time
	Report *aggregate.Report // of the window asked for
	Start  *aggregate.Totals // since the start
	Waited bool              // lines were read that had waited since before the last snapshot
	Latest []Failure         // the newest last
	Notice string            // the latest word about the input
}

// Source gives a snapshot with a report of the last window; 0: since the start. It may be
// called from any goroutine.
type Source func(window time.Duration) Snapshot

// Options of a dashboard.
type Options struct {
	Source   Source
	Windows  []time.Duration // to choose from, 0 among them; the first one is shown first
	Interval time.Duration   // between snapshots
	Zone     *time.Location
	Color    bool
}

// Run shows the dashboard until the user quits or ctx is done.
func Run(ctx context.Context, opt Options, in io.Reader, out io.Writer) error {
	p := tea.NewProgram(newModel(opt), tea.WithContext(ctx), tea.WithInput(in), tea.WithOutput(out), tea.WithoutSignalHandler())
	_, err := p.Run()
	if ctx.Err() != nil {
		return nil // asked to end
	}
	return err
}

// page is one of the dashboard's views.
type page struct {
	key   string // that opens it
	name  string
	table string // of the report; "" for the overview and the latest failures
	drill int    // index in pages of the page that Enter opens, 0: none
	by    string // the column whose value narrows that page
}

// The pages; Enter goes from a reason to its replies, and from everything else to the failures.
const (
	overview = iota
	reasonsPage
	repliesPage
	domainsPage
	providersPage
	relaysPage
	queuePage
	latestPage
)

var pages = []page{
	{"1", "overview", "", 0, ""},
	{"2", "reasons", "reasons", repliesPage, "reason"},
	{"3", "replies", "replies", latestPage, "reply"},
	{"4", "domains", "domains", latestPage, "domain"},
	{"5", "providers", "providers", latestPage, "provider"},
	{"6", "relays", "relays", latestPage, "relay"},
	{"7", "queue", "queue", latestPage, "domain"},
	{"8", "latest", "", 0, ""},
}

// place is a page and where the user is on it.
type place struct {
	page   int
	only   []condition // what the way here narrowed it to
	cursor int
	sort   string // column; "" for the report's own order
}

// condition keeps the rows whose column has the value.
type condition struct{ column, value string }

type model struct {
	opt           Options
	width, height int
	at            place
	back          []place
	window        int // index in opt.Windows
	filter        string
	typing        bool // into filter
	paused        bool
	help          bool
	snap          Snapshot
	rates         []sample
}

// sample is the totals at one moment, for rates.
type sample struct {
	at     time.Time
	totals aggregate.Totals
}

func newModel(opt Options) *model {
	if opt.Zone == nil {
		opt.Zone = time.UTC
	}
	return &model{opt: opt, width: 80, height: 24}
}

// snapshotMsg is a new snapshot; shown unless the dashboard is paused.
type snapshotMsg struct{ Snapshot }

type tickMsg struct{}

// Init asks for the first snapshot.
func (m *model) Init() tea.Cmd { return tea.Batch(m.fetch(), m.tick()) }

func (m *model) fetch() tea.Cmd {
	window := m.opt.Windows[m.window]
	return func() tea.Msg { return snapshotMsg{m.opt.Source(window)} }
}

func (m *model) tick() tea.Cmd {
	return tea.Tick(m.opt.Interval, func(time.Time) tea.Msg { return tickMsg{} })
}

// Update takes a message: a key, a snapshot, a new size.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case tickMsg:
		if m.paused {
			return m, m.tick()
		}
		return m, tea.Batch(m.fetch(), m.tick())
	case snapshotMsg:
		if msg.Waited { // what is new is not what came in meanwhile
			m.rates = nil
		}
		if !m.paused || m.snap.Report == nil {
			m.snap = msg.Snapshot
			m.sample()
		}
	case tea.KeyPressMsg:
		return m, m.press(msg.String(), msg.Key().Text)
	}
	return m, nil
}

// sample keeps the totals of the last minute.
func (m *model) sample() {
	if m.snap.Start == nil {
		return
	}
	m.rates = append(m.rates, sample{m.snap.Time, *m.snap.Start})
	for len(m.rates) > 2 && m.snap.Time.Sub(m.rates[1].at) >= time.Minute {
		m.rates = m.rates[1:]
	}
}

// press acts on a key; text is what it types.
func (m *model) press(key, text string) tea.Cmd {
	if key == "ctrl+c" {
		return tea.Quit
	}
	if m.typing {
		m.typed(key, text)
		return nil
	}
	if m.help {
		m.help = false
		if key != "q" {
			return nil
		}
	}
	switch key {
	case "q":
		return tea.Quit
	case "?", "h":
		m.help = true
	case "/":
		m.typing = true
	case "p", "space", " ":
		if m.paused = !m.paused; !m.paused {
			return m.fetch()
		}
	case "w":
		m.window = (m.window + 1) % len(m.opt.Windows)
		m.paused = false
		return m.fetch()
	case "s":
		m.nextSort()
	case "tab", "right":
		m.open(place{page: (m.at.page + 1) % len(pages)})
	case "shift+tab", "left":
		m.open(place{page: (m.at.page + len(pages) - 1) % len(pages)})
	case "up", "k":
		m.at.cursor--
	case "down", "j":
		m.at.cursor++
	case "pgup":
		m.at.cursor -= m.height / 2
	case "pgdown":
		m.at.cursor += m.height / 2
	case "home", "g":
		m.at.cursor = 0
	case "end", "G":
		m.at.cursor = m.count() - 1
	case "enter":
		m.drill()
	case "esc", "backspace":
		m.leave()
	default:
		for i := range pages {
			if pages[i].key == key {
				m.open(place{page: i})
			}
		}
	}
	m.at.cursor = max(0, min(m.at.cursor, m.count()-1))
	return nil
}

// typed edits the filter.
func (m *model) typed(key, text string) {
	switch key {
	case "enter":
		m.typing = false
	case "esc":
		m.typing, m.filter = false, ""
	case "backspace":
		if r := []rune(m.filter); len(r) > 0 {
			m.filter = string(r[:len(r)-1])
		}
	default:
		if len(m.filter)+len(text) <= 200 {
			m.filter += text
		}
	}
	m.at.cursor = 0
}

// open goes to a page from the tabs: the way back begins anew.
func (m *model) open(p place) { m.at, m.back = p, nil }

// drill opens what lies behind the row under the cursor.
func (m *model) drill() {
	p := pages[m.at.page]
	if p.drill == 0 {
		if m.at.page == overview {
			m.open(place{page: reasonsPage})
		}
		return
	}
	t := m.table()
	if t == nil || m.at.cursor >= len(t.Rows) {
		return
	}
	next := place{page: p.drill, only: slices.Clone(m.at.only)}
	next.only = append(next.only, condition{p.by, text(t.Rows[m.at.cursor], t, p.by)})
	m.back = append(m.back, m.at)
	m.at, m.filter = next, ""
}

// leave goes one step back, or drops the filter.
func (m *model) leave() {
	switch n := len(m.back); {
	case m.filter != "":
		m.filter = ""
	case n > 0:
		m.at, m.back = m.back[n-1], m.back[:n-1]
	case m.at.page != overview:
		m.open(place{})
	}
}

// nextSort sorts by the next column; after the last the report's own order comes again.
func (m *model) nextSort() {
	t := m.table()
	if t == nil {
		return
	}
	i := slices.IndexFunc(t.Columns, func(c aggregate.Column) bool { return c.Name == m.at.sort })
	if i+1 < len(t.Columns) {
		m.at.sort = t.Columns[i+1].Name
	} else {
		m.at.sort = ""
	}
}

// find returns a table of the report, nil where there is none.
func (m *model) find(name string) *aggregate.Table {
	if m.snap.Report == nil {
		return nil
	}
	for i := range m.snap.Report.Tables {
		if t := &m.snap.Report.Tables[i]; t.Name == name {
			return t
		}
	}
	return nil
}

// table returns the current page's table, narrowed, filtered and sorted.
func (m *model) table() *aggregate.Table {
	t := m.find(pages[m.at.page].table)
	if t == nil {
		return nil
	}
	out := *t
	out.Rows = nil
	for _, row := range t.Rows {
		if m.keeps(row, t) {
			out.Rows = append(out.Rows, row)
		}
	}
	if j := column(t, m.at.sort); j >= 0 {
		slices.SortStableFunc(out.Rows, func(a, b []any) int { return compare(a[j], b[j]) })
	}
	return &out
}

// keeps tells whether a row passes what the way here and the filter ask for.
func (m *model) keeps(row []any, t *aggregate.Table) bool {
	for _, c := range m.at.only {
		if column(t, c.column) >= 0 && text(row, t, c.column) != c.value {
			return false
		}
	}
	if m.filter == "" {
		return true
	}
	for _, cell := range row {
		if s, ok := cell.(string); ok && contains(s, m.filter) {
			return true
		}
	}
	return false
}

// latest returns the failures to show, the newest first.
func (m *model) latest() []Failure {
	var out []Failure
	for i := len(m.snap.Latest) - 1; i >= 0; i-- {
		if f := &m.snap.Latest[i]; m.keepsFailure(f) {
			out = append(out, *f)
		}
	}
	return out
}

func (m *model) keepsFailure(f *Failure) bool {
	for _, c := range m.at.only {
		of := map[string]string{"reason": f.Reason, "reply": f.Reply, "domain": f.Domain, "provider": f.Provider, "relay": f.Relay}
		if of[c.column] != c.value {
			return false
		}
	}
	return m.filter == "" || slices.ContainsFunc(
		[]string{f.Sender, f.Recipient, f.Relay, f.Code, f.Reason, f.Text, f.QueueID},
		func(s string) bool { return contains(s, m.filter) })
}

// count is how many rows the current page has.
func (m *model) count() int {
	if m.at.page == latestPage {
		return len(m.latest())
	}
	if t := m.table(); t != nil {
		return len(t.Rows)
	}
	return 0
}

// perMinute is the rate of a total over the last minute; false where it is not known yet.
func (m *model) perMinute(of func(*aggregate.Totals) int64) (rate float64, ok bool) {
	if len(m.rates) < 2 {
		return 0, false
	}
	a, b := &m.rates[0], &m.rates[len(m.rates)-1]
	span := b.at.Sub(a.at)
	if span <= 0 {
		return 0, false
	}
	return float64(of(&b.totals)-of(&a.totals)) * float64(time.Minute) / float64(span), true
}

func contains(s, part string) bool {
	return strings.Contains(strings.ToLower(s), strings.ToLower(part))
}

func column(t *aggregate.Table, name string) int {
	return slices.IndexFunc(t.Columns, func(c aggregate.Column) bool { return c.Name == name })
}

// text is a row's value of a column of strings, "" where it has none.
func text(row []any, t *aggregate.Table, name string) string {
	if j := column(t, name); j >= 0 {
		s, _ := row[j].(string)
		return s
	}
	return ""
}

// compare orders cells of one column: large numbers and late times first, texts by letter.
func compare(a, b any) int {
	switch x := a.(type) {
	case string:
		y, _ := b.(string)
		return strings.Compare(x, y)
	case int64:
		y, _ := b.(int64)
		return int(min(1, max(-1, y-x)))
	case time.Time:
		y, _ := b.(time.Time)
		return y.Compare(x)
	case time.Duration:
		y, _ := b.(time.Duration)
		return int(min(1, max(-1, y-x)))
	}
	if b != nil {
		return 1
	}
	return 0
}
