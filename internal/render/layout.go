package render

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mattn/go-runewidth"
	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/pkg/twcache"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"github.com/smtplog/smtplog/aggregate"
)

// TextTable lays out a table in opt.Width columns: empty columns are left out, numbers are
// right-aligned, and the widest texts are cut where need be.
func TextTable(columns []aggregate.Column, rows [][]any, opt Options) string {
	columns, cells := layout(columns, rows, opt)
	align := make(tw.Alignment, len(columns))
	header := make([]string, len(columns))
	for i, c := range columns {
		align[i] = tw.AlignLeft
		if numeric(c.Type) {
			align[i] = tw.AlignRight
		}
		header[i] = heading(c)
	}
	config := tw.CellConfig{
		Alignment:  tw.CellAlignment{PerColumn: align},
		Formatting: tw.CellFormatting{AutoFormat: tw.Off, AutoWrap: tw.WrapNone},
		Padding:    tw.CellPadding{Global: tw.Padding{Right: gap, Overwrite: true}},
	}
	blank.Lock()
	defer blank.Unlock()
	buf, table := blank.next()
	table.Options(
		tablewriter.WithRenderer(renderer.NewBlueprint()),
		tablewriter.WithRendition(tw.Rendition{
			Borders: tw.BorderNone,
			Symbols: tw.NewSymbols(tw.StyleASCII),
			Settings: tw.Settings{
				Separators: tw.Separators{BetweenColumns: tw.Off, BetweenRows: tw.Off},
				Lines:      tw.Lines{ShowHeaderLine: tw.Off},
			},
		}),
		tablewriter.WithConfig(tablewriter.Config{Header: config, Row: config, Behavior: tw.Behavior{TrimSpace: tw.Off}}),
	)
	table.Header(header)
	for _, row := range cells {
		table.Append(row)
	}
	table.Render() // into memory: no error is possible
	var out strings.Builder
	for i, line := range strings.Split(strings.TrimRight(buf.String(), "\n"), "\n") {
		line = strings.TrimRight(line, " ")
		if i == 0 {
			line = opt.paint(faint, line)
		}
		out.WriteString(line)
		out.WriteByte('\n')
	}
	return out.String()
}

// blank is a table without content, and where its copies are written: each new one would bring
// half a megabyte with it, a cache for rows that are no strings.
var blank blankTable

type blankTable struct {
	sync.Mutex
	buf   bytes.Buffer
	table *tablewriter.Table
}

// Prepare makes ready what the first table takes: a twentieth of the time that a report of a small
// log needs, which may pass beside other work.
func Prepare() {
	blank.Lock()
	blank.make()
	blank.Unlock()
}

func (b *blankTable) make() {
	if b.table == nil {
		b.table = tablewriter.NewTable(&b.buf, tablewriter.WithStringerCacheCustom(twcache.NewLRU[reflect.Type, reflect.Value](1)))
	}
}

func (b *blankTable) next() (*bytes.Buffer, *tablewriter.Table) {
	b.make()
	b.buf.Reset()
	table := *b.table
	table.Reset() // so that nothing is shared but the cache
	return &b.buf, &table
}

const gap = "  "

// heading is a column's name as people read it: an age such as 20m is an upper bound.
func heading(c aggregate.Column) string {
	if n := len(c.Name) - 1; n > 0 && c.Name[n] == 'm' && c.Name[0] >= '1' && c.Name[0] <= '9' {
		return "to " + c.Name
	}
	return strings.ReplaceAll(c.Name, "_", " ")
}

// layout turns cells into strings that fit, and drops columns without content.
func layout(columns []aggregate.Column, rows [][]any, opt Options) ([]aggregate.Column, [][]string) {
	clock := timeLayout(rows, opt.Zone)
	var keep []int
	widths := make([]int, len(columns))
	text := make([][]string, len(rows))
	for r, row := range rows {
		text[r] = make([]string, len(columns))
		for i, cell := range row {
			text[r][i] = Text(humanCell(cell, clock, opt.Zone))
			if text[r][i] == "" && i == 0 && columns[i].Type == "string" {
				text[r][i] = "(none)"
			}
			widths[i] = max(widths[i], runewidth.StringWidth(text[r][i]))
		}
	}
	for i, c := range columns {
		if widths[i] == 0 || numeric(c.Type) && !anyNonZero(rows, i) && i > 0 {
			continue
		}
		keep = append(keep, i)
		widths[i] = max(widths[i], len(heading(c)))
	}
	// Too wide: columns that say least go first, as long as the texts could not all be read;
	// then the widest texts are cut.
	keep = narrowed(columns, keep, widths, opt)
	total := -len(gap)
	for _, i := range keep {
		total += widths[i] + len(gap)
	}
	for total > opt.Width {
		widest := widestText(columns, keep, widths)
		if widest < 0 || widths[widest] <= 8 {
			break
		}
		widths[widest]--
		total--
	}
	cols := make([]aggregate.Column, len(keep))
	for j, i := range keep {
		cols[j] = columns[i]
	}
	cells := make([][]string, len(rows))
	for r := range rows {
		cells[r] = make([]string, len(keep))
		for j, i := range keep {
			s := cut(text[r][i], widths[i])
			cells[r][j] = opt.paint(cellColor(columns[i].Name, s), s)
		}
	}
	return cols, cells
}

// readable is the width below which a text is not worth its place: a sentence needs more than
// a name.
func readable(column string) int {
	switch column {
	case "reply", "text", "meaning":
		return 40
	}
	return 26
}

// fits tells whether all columns have room when texts are cut to a width that can be read.
func fits(columns []aggregate.Column, keep, widths []int, width int) bool {
	total := -len(gap)
	for _, i := range keep {
		w := widths[i]
		if columns[i].Type == "string" {
			w = min(w, readable(columns[i].Name))
		}
		total += w + len(gap)
	}
	return total <= width
}

// widestText returns the widest text column that may be cut, -1 if there is none: a part of a queue
// ID is of no use.
func widestText(columns []aggregate.Column, keep, widths []int) int {
	widest := -1
	for _, i := range keep {
		if columns[i].Type == "string" && !strings.EqualFold(heading(columns[i]), "queue id") && (widest < 0 || widths[i] > widths[widest]) {
			widest = i
		}
	}
	return widest
}

// narrowing is a column that a narrow table does without. unless names one that must be there to
// say nearly the same.
type narrowing struct{ name, unless string }

// narrow lists the columns that a narrow table does without, the first ones first.
var narrow = []narrowing{
	{"reply", "list"}, {"reply", "start"}, {"phrase", "reply"}, {"tag", ""}, {"orig_recipient", ""}, {"rule", ""}, {"confidence", ""}, {"message_id", ""},
	{"messages", "delivered_later"}, {"peak_attempts", ""}, {"messages", "peak"}, {"addresses", ""}, {"network", ""}, {"local", ""},
	{"remote", ""}, {"peak", ""},
	{"last", ""}, {"first", ""}, {"type", "reason"}, {"delivered_later", ""}, {"failures", ""}, {"category", "reason"},
	{"link", "list"}, {"code", "list"}, {"since", "list"},
	{"host", ""}, {"origin", ""}, {"stage", ""}, {"others", ""}, {"failed_pct", ""}, {"p90", "delivered_pct"}, {"bounced", "delivered_pct"},
	{"clients", "auth_failures"}, {"clients", "messages"}, {"attempts", ""}, {"queue_id", ""}, {"bytes", ""},
	{"discarded", ""}, {"removed", ""}, {"lost", ""}, {"auth_failures", "messages"}, {"status", "code"}, {"relay", "recipient"}, {"sender", "recipient"},
	{"action", "reason"}, {"service", "event"}, {"client", "recipient"}, {"enhanced", "code"}, {"expired", ""}, {"deferred", ""}, {"delivered", "delivered_pct"},
	{"state", "reply"},
}

// narrowList is narrow for a list by Options.Lead: who wrote to whom stays, what was answered is
// told by the story of the one that leads.
var narrowList = []narrowing{
	{"attempts", ""}, {"status", ""}, {"relay", ""}, {"enhanced", ""}, {"text", ""}, {"code", ""},
}

// narrowSum is narrow for a table that would be left with one of the parts of its attempts: the sum
// stays instead.
var narrowSum = func() (list []narrowing) {
	for _, n := range narrow {
		if n == (narrowing{"attempts", ""}) {
			list = append(list, narrowing{"deferred", "attempts"}, narrowing{"bounced", "attempts"})
		} else {
			list = append(list, n)
		}
	}
	return list
}()

// narrowed leaves out columns as long as the texts of the others could not all be read.
func narrowed(columns []aggregate.Column, keep, widths []int, opt Options) []int {
	by := func(list []narrowing) []int {
		keep := slices.Clone(keep)
		for !fits(columns, keep, widths, opt.Width) {
			j := dispensable(columns, keep, list)
			if j == 0 {
				break
			}
			keep = slices.Delete(keep, j, j+1)
		}
		return keep
	}
	if opt.Lead != "" {
		return by(narrowList)
	}
	kept := by(narrow)
	gone := func(name string) bool { return place(columns, keep, name) > 0 && place(columns, kept, name) < 0 }
	if gone("attempts") && gone("deferred") {
		kept = by(narrowSum)
	}
	return kept
}

// place returns where a column is in keep, -1 where it is not.
func place(columns []aggregate.Column, keep []int, name string) int {
	return slices.IndexFunc(keep, func(i int) bool { return columns[i].Name == name })
}

// dispensable returns the place in keep of the column to leave out next, 0 if there is none;
// the first column stays.
func dispensable(columns []aggregate.Column, keep []int, list []narrowing) int {
	for _, n := range list {
		if j := place(columns, keep, n.name); j > 0 && (n.unless == "" || place(columns, keep, n.unless) >= 0) {
			return j
		}
	}
	return 0
}

// cellColor is the colour of a cell: failures stand out.
func cellColor(column, s string) string {
	if s == "" || s == "0" {
		return faint
	}
	switch column {
	case "bounced", "expired", "lost":
		return red
	case "deferred", "queued", "rejected":
		return yellow
	case "severity":
		if s == "panic" || s == "fatal" {
			return red
		}
	}
	return ""
}

func anyNonZero(rows [][]any, i int) bool {
	for _, row := range rows {
		switch v := row[i].(type) {
		case int64:
			if v != 0 {
				return true
			}
		case nil:
		default:
			return true
		}
	}
	return false
}

// day returns a line that names the day of a table whose times are all of one day; else their own
// cells do, and it is empty.
func day(rows [][]any, opt Options) string {
	layout := time.DateOnly
	switch timeLayout(rows, opt.Zone) {
	case time.TimeOnly:
		layout += " MST"
	case time.TimeOnly + " MST": // each time says so itself
	default:
		return ""
	}
	for _, row := range rows {
		for _, cell := range row {
			if t, ok := cell.(time.Time); ok {
				return t.In(opt.Zone).Format(layout) + "\n"
			}
		}
	}
	return ""
}

// timeLayout returns how to write the times of a table: only what tells them apart, with the zone
// where a day has two.
func timeLayout(rows [][]any, zone *time.Location) string {
	var first time.Time
	offsets := map[[2]int]int{} // by year and day
	twice := false
	sameDay, sameYear, midnights, firsts := true, true, true, true
	for _, row := range rows {
		for _, cell := range row {
			t, ok := cell.(time.Time)
			if !ok {
				continue
			}
			t = t.In(zone)
			if first.IsZero() {
				first = t
			}
			sameYear = sameYear && t.Year() == first.Year()
			sameDay = sameDay && sameYear && t.YearDay() == first.YearDay()
			day := [2]int{t.Year(), t.YearDay()}
			_, offset := t.Zone()
			if other, ok := offsets[day]; ok && other != offset {
				twice = true
			}
			offsets[day] = offset
			midnight := t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0
			midnights = midnights && midnight
			firsts = firsts && midnight && t.Day() == 1
		}
	}
	layout := "2006-01-02 15:04"
	switch {
	case firsts && !sameDay:
		return "2006-01"
	case midnights:
		return time.DateOnly
	case sameDay:
		layout = time.TimeOnly
	case sameYear:
		layout = "01-02 15:04"
	}
	if twice {
		layout += " MST"
	}
	return layout
}
