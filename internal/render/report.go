package render

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/smtplog/smtplog/aggregate"
)

// Options say how a report is shown.
type Options struct {
	Width int  // columns of a text report; 0: 80
	Color bool // use colour
	Top   int  // rows of each table; 0: the format's default; negative: all
	Table string
	Title string   // of an HTML page; "": Mail report
	Notes []string // what the reader must know about the input; under the heading, in JSON in input
	Zone  *time.Location
	Lead  string // of Entries: the column that comes first in text
}

// Format is an output format of reports.
type Format struct {
	Name, Doc string
	Top       int // rows of each table where the user does not say; 0: all
	write     func(w io.Writer, r *aggregate.Report, opt Options) error
}

// Formats is the registry of output formats. --format, its help and the tests range over it.
var Formats = []Format{
	{"table", "for people: fits the terminal", 10, writeText},
	{"json", "one object", 0, writeJSON},
	{"ndjson", "one object on one line", 0, writeNDJSON},
	{"csv", "one table (--table), RFC 4180, one header row", 0, writeCSV},
	{"markdown", "tables in Markdown", 10, writeMarkdown},
	{"html", "one self-contained page with charts", 200, writeHTML},
}

// FormatNames returns the names of Formats, separated by commas.
func FormatNames() string {
	names := make([]string, len(Formats))
	for i, f := range Formats {
		names[i] = f.Name
	}
	return strings.Join(names, ",")
}

// Report writes r in the named format.
func Report(w io.Writer, r *aggregate.Report, format string, opt Options) error {
	for _, f := range Formats {
		if f.Name != format {
			continue
		}
		if opt.Top == 0 {
			opt.Top = f.Top
		}
		if opt.Width <= 0 {
			opt.Width = 80
		}
		if opt.Zone == nil {
			opt.Zone = time.UTC
		}
		return f.write(w, r, opt)
	}
	return fmt.Errorf("unknown format %q", format)
}

// topRows returns the first rows of a table: of over_time, which is a series, all.
func topRows(t *aggregate.Table, top int) [][]any {
	if top <= 0 || t.Name == "over_time" || len(t.Rows) <= top {
		return t.Rows
	}
	return t.Rows[:top]
}

// maxBuckets is how many rows of over_time a report has where other tables are cut, the latest ones.
const maxBuckets = 60

// forPeople returns the rows of a table that a report for people has, and a word about the others.
func forPeople(t *aggregate.Table, opt Options) (rows [][]any, more string) {
	rows = topRows(t, opt.Top)
	if t.Name == "over_time" && opt.Table == "" && len(rows) > maxBuckets {
		return rows[len(rows)-maxBuckets:], fmt.Sprintf("the latest of %s rows: --table over_time shows all", group(int64(len(rows))))
	}
	if hidden := t.Len() - len(rows); hidden > 0 {
		more = fmt.Sprintf("%s more rows: --table %s --top %d", group(int64(hidden)), t.Name, t.Len())
	}
	return rows, more
}

// limited goes through the rows that topRows returns, of any table.
func limited(t *aggregate.Table, top int) iter.Seq[[]any] {
	if t.Name == "over_time" {
		top = 0
	}
	return func(yield func([]any) bool) {
		n := 0
		for row := range t.All() {
			if top > 0 && n == top || !yield(row) {
				return
			}
			n++
		}
	}
}

// pick returns the tables to show: the one asked for, else all.
func pick(r *aggregate.Report, name string) []aggregate.Table {
	for i := range r.Tables {
		if r.Tables[i].Name == name {
			return r.Tables[i : i+1]
		}
	}
	return r.Tables
}

func writeJSON(w io.Writer, r *aggregate.Report, opt Options) error {
	return reportJSON(w, r, opt.Top, opt.Notes)
}

func writeNDJSON(w io.Writer, r *aggregate.Report, opt Options) error {
	if err := reportJSON(oneLineWriter{w}, r, opt.Top, opt.Notes); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// oneLineWriter turns line feeds, which stand between a report's values only, into blanks; the last
// one goes.
type oneLineWriter struct{ w io.Writer }

func (o oneLineWriter) Write(b []byte) (int, error) {
	n := len(b)
	if bytes.HasSuffix(b, []byte("}\n")) {
		b = b[:n-1]
	}
	for i, c := range b {
		if c == '\n' {
			b[i] = ' '
		}
	}
	_, err := o.w.Write(b)
	return n, err
}

func writeCSV(w io.Writer, r *aggregate.Report, opt Options) error {
	tables := pick(r, opt.Table)
	if len(tables) == 0 {
		return nil
	}
	t := &tables[0]
	out := NewCSV(w, t.Columns)
	for row := range limited(t, opt.Top) {
		out.Row(row)
	}
	return out.Flush()
}

// CSVWriter writes rows of cells as CSV (RFC 4180).
type CSVWriter struct {
	w   *csv.Writer
	rec []string
}

// NewCSV returns a CSVWriter that has written the header row.
func NewCSV(w io.Writer, columns []aggregate.Column) *CSVWriter {
	c := &CSVWriter{w: csv.NewWriter(w)}
	c.w.UseCRLF = true
	for _, col := range columns {
		c.rec = append(c.rec, col.Name)
	}
	c.w.Write(c.rec) // an error stays with the writer until Flush
	return c
}

// Row writes one row.
func (c *CSVWriter) Row(row []any) {
	c.rec = c.rec[:0]
	for _, cell := range row {
		if s, ok := cell.(string); ok {
			c.rec = append(c.rec, CSV(s))
		} else {
			c.rec = append(c.rec, plainCell(cell))
		}
	}
	c.w.Write(c.rec)
}

// Flush writes out what is buffered and returns the first error.
func (c *CSVWriter) Flush() error {
	c.w.Flush()
	return c.w.Error()
}

// plainCell is a cell as machines want it: numbers bare, times in RFC 3339, durations in
// seconds.
func plainCell(cell any) string {
	switch v := cell.(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case time.Time:
		return v.Format(time.RFC3339Nano)
	case time.Duration:
		return strconv.FormatFloat(v.Seconds(), 'f', -1, 64)
	}
	return ""
}

func writeMarkdown(w io.Writer, r *aggregate.Report, opt Options) error {
	var b []byte
	b = append(b, "# Mail report\n\n"...)
	for _, line := range coverage(r, opt) {
		b = append(b, Markdown(line)...)
		b = append(b, "  \n"...)
	}
	for _, n := range opt.Notes {
		b = append(b, Markdown(n)...)
		b = append(b, "  \n"...)
	}
	b = append(b, "\n## Totals\n\n| what | count |\n| --- | ---: |\n"...)
	for _, t := range Totals(&r.Totals) {
		b = fmt.Appendf(b, "| %s | %d |\n", t.Name, t.N)
	}
	for _, t := range pick(r, opt.Table) {
		t = t.Head(opt.Top)
		if t.Name == "over_time" {
			t = pivot(&t, 1000)
		}
		b = append(b, '\n')
		b = fmt.Appendf(b, "## %s (%s)\n\n", t.Title, t.Unit)
		rows, more := forPeople(&t, opt)
		b = MarkdownTable(b, t.Columns, rows)
		if more != "" {
			b = fmt.Appendf(b, "\n%s\n", more)
		}
	}
	_, err := w.Write(b)
	return err
}

// MarkdownTable appends a table.
func MarkdownTable(b []byte, columns []aggregate.Column, rows [][]any) []byte {
	b = append(b, '|')
	for _, c := range columns {
		b = fmt.Appendf(b, " %s |", Markdown(c.Name))
	}
	b = append(b, "\n|"...)
	for _, c := range columns {
		if numeric(c.Type) {
			b = append(b, " ---: |"...)
		} else {
			b = append(b, " --- |"...)
		}
	}
	b = append(b, '\n')
	for _, row := range rows {
		b = append(b, '|')
		for _, cell := range row {
			b = fmt.Appendf(b, " %s |", Markdown(plainCell(cell)))
		}
		b = append(b, '\n')
	}
	return b
}

func numeric(columnType string) bool {
	return columnType == "integer" || columnType == "number" || columnType == "duration"
}

// Rows writes one table alone: as CSV, Markdown, or JSON objects with the columns as keys.
func Rows(w io.Writer, t *aggregate.Table, format string, opt Options) error {
	switch format {
	case "csv":
		out := NewCSV(w, t.Columns)
		for row := range limited(t, opt.Top) {
			out.Row(row)
		}
		return out.Flush()
	case "markdown":
		head := t.Head(opt.Top)
		_, err := w.Write(MarkdownTable(nil, t.Columns, topRows(&head, opt.Top)))
		return err
	case "html":
		head := t.Head(0)
		return htmlRows(w, &head, "", opt)
	}
	o := object{w: w}
	first := true
	for row := range limited(t, opt.Top) {
		if format == "json" && first {
			o.b = append(o.b, "[\n"...)
		} else if format == "json" {
			o.b = append(o.b, ",\n"...)
		}
		first = false
		o.begin()
		for j, c := range t.Columns {
			o.key(c.Name)
			o.b = appendCell(o.b, row[j])
		}
		o.end()
		if format == "ndjson" {
			o.b = append(o.b, '\n')
		}
		o.flush(flushSize)
	}
	if format == "json" && first {
		o.b = append(o.b, '[') // a list of no rows is a list
	}
	if format == "json" {
		o.b = append(o.b, "\n]\n"...)
	}
	return o.flush(0)
}
