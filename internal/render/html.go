package render

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/smtplog/smtplog/aggregate"
	"github.com/smtplog/smtplog/status"
)

// The parts of the page, all of them in it: it asks for nothing over the network.
var (
	//go:embed html/page.tmpl
	pageText string
	//go:embed html/style.css
	pageStyle string
	//go:embed html/sort.js
	pageScript string
)

// pageTemplate is parsed when it is first needed: few reports are pages.
var pageTemplate = sync.OnceValue(func() *template.Template { return template.Must(template.New("page").Parse(pageText)) })

// page is what the template shows. All text in it has been through Text; the template escapes
// it for HTML.
type page struct {
	Title, Verdict string
	Coverage       []string
	Notes          []string
	Totals         *pageTotals
	Charts         []plot
	Tables         []pageTable
	Footer         string
}

// Style, Script and Policy are the fixed parts. The policy lets only these run, by their hashes.
func (*page) Style() template.CSS { return template.CSS(pageStyle) }
func (*page) Script() template.JS { return template.JS(pageScript) }
func (*page) Policy() string {
	hash := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; style-src " + hash(pageStyle) +
		"; script-src " + hash(pageScript)
}

// pageTotals is how the recipients add up, and what else was counted.
type pageTotals struct {
	Bar        *plot
	Parts      []pageTotal
	Others     []pageTotal
	Recipients string
}

type pageTotal struct{ Name, Count, Share string }

// pageTable is one table.
type pageTable struct {
	ID, Title, Short string
	Caption, More    string
	Columns          []pageColumn
	Rows             [][]pageCell
}

type pageColumn struct {
	Name    string
	Numeric bool
}

// pageCell is a cell: as people read it, and what sorts it and dates it.
type pageCell struct{ Text, Class, Key, Time string }

// writeHTML writes a report as one self-contained page.
func writeHTML(w io.Writer, r *aggregate.Report, opt Options) error {
	wide := opt
	wide.Width = 1 << 20 // nothing is cut; lines wrap
	p := page{Title: opt.title(), Verdict: Verdict(r), Coverage: coverage(r, wide), Footer: pageFooter(opt)}
	for _, n := range opt.Notes {
		p.Notes = append(p.Notes, Text(n))
	}
	if opt.Table == "" {
		p.Totals = newPageTotals(&r.Totals)
	}
	for _, t := range pick(r, opt.Table) {
		t = t.Head(0) // charts and empty columns go by all rows
		if len(t.Rows) == 0 {
			continue
		}
		p.Charts = append(p.Charts, charts(&t, opt.Zone)...)
		p.Tables = append(p.Tables, newPageTable(&t, opt))
	}
	slices.SortStableFunc(p.Charts, func(a, b plot) int { // those that take the whole width first
		return strings.Compare(strconv.FormatBool(b.Wide), strconv.FormatBool(a.Wide))
	})
	return pageTemplate().Execute(w, &p)
}

// htmlRows writes one table alone as a page.
func htmlRows(w io.Writer, t *aggregate.Table, more string, opt Options) error {
	p := page{Title: opt.title(), Footer: pageFooter(opt)}
	if len(t.Rows) > 0 {
		p.Tables = []pageTable{newPageTable(t, opt)}
		if more != "" {
			p.Tables[0].More = more
		}
	}
	return pageTemplate().Execute(w, &p)
}

func (o *Options) title() string {
	if o.Title == "" {
		return "Mail report"
	}
	return Text(o.Title)
}

func pageFooter(opt Options) string {
	if opt.Zone == nil {
		return "Made by smtplog."
	}
	return "Times are in the zone " + Text(opt.Zone.String()) + ". Made by smtplog."
}

// Verdict says in a line what became of the recipients, the failures first.
func Verdict(r *aggregate.Report) string {
	t := &r.Totals
	var parts []string
	add := func(n int64, word string) {
		if n > 0 {
			parts = append(parts, group(n)+" "+word)
		}
	}
	add(t.Bounced, "bounced")
	add(t.Expired, "expired")
	add(t.Lost, "lost from view")
	add(t.Queued, "queued")
	add(t.Delivered, "delivered")
	if len(parts) == 0 {
		return "no mail"
	}
	return strings.Join(parts, ", ")
}

func newPageTotals(t *aggregate.Totals) *pageTotals {
	p := &pageTotals{Recipients: group(t.Recipients)}
	bar := plot{ID: "totals-bar", Title: "Recipients by outcome", Height: 14}
	row := plotBar{Y: 0}
	var at, said float64
	for _, part := range recipientParts(t) {
		if part.N == 0 && part.Name != "delivered" && part.Name != "bounced" {
			continue
		}
		share := percent(part.N, t.Recipients)
		p.Parts = append(p.Parts, pageTotal{part.Name, group(part.N), share})
		if part.N == 0 {
			continue
		}
		said = float64(part.N) * 100 / float64(t.Recipients)
		row.Segments = append(row.Segments, segment{X: coord(at), W: coord(said), Class: part.Name, Tip: part.Name + ": " + group(part.N) + ", " + share})
		at += said
		bar.Legend = append(bar.Legend, legend{part.Name, part.Name, share})
		bar.Desc += part.Name + " " + share + ". "
	}
	if t.Recipients > 0 {
		bar.Bars = []plotBar{row}
		p.Bar = &bar
	}
	for _, x := range Totals(t) {
		switch x.Name {
		case "recipients", "delivered", "bounced", "expired", "discarded", "removed", "queued", "lost":
			continue
		}
		if x.N == 0 {
			continue
		}
		count := group(x.N)
		if strings.HasPrefix(x.Name, "bytes_") {
			count = size(x.N)
		}
		p.Others = append(p.Others, pageTotal{otherTotals[x.Name], count, ""})
	}
	return p
}

// recipientParts are the outcomes that recipients add up from.
func recipientParts(t *aggregate.Totals) []Total {
	return []Total{{"delivered", t.Delivered}, {"bounced", t.Bounced}, {"expired", t.Expired}, {"discarded", t.Discarded},
		{"removed", t.Removed}, {"queued", t.Queued}, {"lost", t.Lost}}
}

// otherTotals say what the totals outside the sum count.
var otherTotals = map[string]string{
	"received": "messages received", "notifications": "notifications of ours", "held": "messages on hold",
	"deferred_messages": "messages deferred at least once", "forwarded": "recipients handed on inside",
	"deferred": "deferrals", "not_attempted": "deferrals without an attempt", "rejected": "inbound refusals",
	"connections": "connections", "bytes_received": "size of messages received", "bytes_delivered": "size × recipients delivered",
}

// newPageTable turns a table's cells into what people read. Columns without content go, as in
// text.
func newPageTable(t *aggregate.Table, opt Options) pageTable {
	view := *t
	if t.Name == "over_time" {
		view = pivot(t, 1<<20)
	}
	p := pageTable{ID: "table-" + Text(t.Name), Title: Text(t.Title), Short: Text(strings.ReplaceAll(t.Name, "_", " ")), Caption: "Unit: " + Text(t.Unit) + "."}
	if t.Approximate {
		p.Caption += " Approximate: the smallest keys are counted together."
	}
	rows := topRows(&view, opt.Top)
	if n := len(view.Rows) - len(rows); n > 0 {
		p.More = fmt.Sprintf("%s more rows: --top %d shows all.", group(int64(n)), len(view.Rows))
	}
	var keep []int
	for i, c := range view.Columns {
		if empty(view.Rows, i) && i > 0 || numeric(c.Type) && !anyNonZero(view.Rows, i) && i > 0 {
			continue
		}
		keep = append(keep, i)
		p.Columns = append(p.Columns, pageColumn{Text(heading(c)), numeric(c.Type)})
	}
	p.Rows = make([][]pageCell, len(rows))
	for r, row := range rows {
		cells := make([]pageCell, len(keep))
		for j, i := range keep {
			cells[j] = newPageCell(view.Columns[i], row[i], opt.Zone, i == 0)
		}
		p.Rows[r] = cells
	}
	return p
}

// empty tells whether column i says nothing in any row.
func empty(rows [][]any, i int) bool {
	return !slices.ContainsFunc(rows, func(row []any) bool { return row[i] != nil && row[i] != "" })
}

func newPageCell(c aggregate.Column, cell any, zone *time.Location, first bool) pageCell {
	p := pageCell{Text: Text(humanCell(cell, clock, zoneOr(zone)))}
	switch v := cell.(type) {
	case int64:
		p.Key = strconv.FormatInt(v, 10)
	case float64:
		p.Key = strconv.FormatFloat(v, 'g', -1, 64)
	case time.Duration:
		p.Key = strconv.FormatFloat(v.Seconds(), 'f', -1, 64)
	case time.Time:
		p.Key = strconv.FormatFloat(float64(v.UnixMilli())/1000, 'f', -1, 64)
		p.Time = v.In(zoneOr(zone)).Format(time.RFC3339)
	case string:
		switch {
		case v == "" && first:
			p.Text, p.Class = none, "zero"
		case readable(c.Name) > 26:
			p.Class = "long"
		case len(v) > 40:
			p.Class = "word"
		}
	}
	if numeric(c.Type) {
		p.Class = "n"
		switch cellColor(c.Name, p.Text) {
		case faint:
			p.Class = "n zero"
		case red:
			p.Class = "n bad"
		case yellow:
			p.Class = "n warn"
		}
	}
	return p
}

func zoneOr(zone *time.Location) *time.Location {
	if zone == nil {
		return time.UTC
	}
	return zone
}

// categoryClass is the CSS class, and so the colour, of a category or another word.
func categoryClass(word string) string {
	if c, err := status.ParseCategory(word); err == nil && c != status.CategoryNone {
		return c.String()
	}
	return "other"
}
