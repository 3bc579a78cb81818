package render

import (
	"bytes"
	"io"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/smtplog/smtplog/aggregate"
	"github.com/smtplog/smtplog/parser"
)

// EventColumns and EventRow give events as rows, for CSV, Markdown and text.
var EventColumns = []aggregate.Column{
	{Name: "time", Type: "time"}, {Name: "host", Type: "string"}, {Name: "service", Type: "string"},
	{Name: "queue_id", Type: "string"}, {Name: "event", Type: "string"}, {Name: "sender", Type: "string"},
	{Name: "recipient", Type: "string"}, {Name: "client", Type: "string"}, {Name: "relay", Type: "string"},
	{Name: "code", Type: "integer"}, {Name: "enhanced", Type: "string"}, {Name: "status", Type: "string"},
	{Name: "reason", Type: "string"}, {Name: "text", Type: "string"},
}

// EventRow returns the cells of EventColumns.
func EventRow(ev *parser.Event) []any {
	var statusCell any
	if s, ok := aggregate.EventStatus(ev); ok {
		statusCell = s.String()
	}
	return []any{timeCell(ev.Time), string(ev.Host), string(ev.Service), string(ev.QueueID), ev.Kind.String(),
		string(ev.Sender), string(ev.Recipient), either(string(ev.Client.IP), string(ev.Client.Name)),
		either(string(ev.Relay.Name), string(ev.Relay.IP)), codeCell(ev.Code), ev.Enhanced.String(), statusCell,
		ev.Reason.String(), string(ev.Text)}
}

// RecipientColumns and MessageRows give messages as rows, one for each recipient.
var RecipientColumns = []aggregate.Column{
	{Name: "time", Type: "time"}, {Name: "queue_id", Type: "string"}, {Name: "sender", Type: "string"},
	{Name: "recipient", Type: "string"}, {Name: "outcome", Type: "string"}, {Name: "code", Type: "integer"},
	{Name: "enhanced", Type: "string"}, {Name: "status", Type: "string"}, {Name: "reason", Type: "string"}, {Name: "relay", Type: "string"},
	{Name: "attempts", Type: "integer"}, {Name: "text", Type: "string"},
}

// MessageRows yields the cells of RecipientColumns: a row for each recipient, and one with the state
// of the message for those that no line names. The time is that of what decided; before, that of the
// message's first line.
func MessageRows(m *aggregate.Message, zone *time.Location) iter.Seq[[]any] {
	return func(yield func([]any) bool) {
		for i := range m.Recipients {
			if !yield(recipientRow(m, &m.Recipients[i], zone)) {
				return
			}
		}
		state := m.State
		switch unseen := m.Unseen() > 0; {
		case unseen && state == aggregate.StateDone:
			state = aggregate.StateLost
		case !unseen && len(m.Recipients) > 0:
			return
		}
		yield([]any{m.First.In(zone), m.QueueID, m.Sender, nil, state.String(), nil, nil, nil, nil, nil, nil, nil})
	}
}

func recipientRow(m *aggregate.Message, r *aggregate.Recipient, zone *time.Location) []any {
	at := r.Time
	if at.IsZero() {
		at = m.First
	}
	var statusCell any
	if r.Answered() {
		statusCell = r.Status.String()
	}
	return []any{at.In(zone), m.QueueID, m.Sender, r.Address, outcome(r), codeCell(r.Answer.Code),
		r.Answer.Enhanced.String(), statusCell, r.Answer.Reason.String(), either(r.Relay.Name, r.Relay.IP), int64(r.Attempts), r.Answer.Text}
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func timeCell(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

func codeCell(code int) any {
	if code == 0 {
		return nil
	}
	return int64(code)
}

// Entries writes a sequence of rows in one of the formats that are no NDJSON: CSV row by row,
// text, Markdown and HTML at the end (they need to see all rows to lay them out, and keep at most
// MaxRows).
type Entries struct {
	w       io.Writer
	format  string
	columns []aggregate.Column
	opt     Options
	csv     *CSVWriter
	rows    [][]any
	n       int64 // rows that there were
}

// MaxRows bounds what a listing in text, Markdown or HTML keeps.
const MaxRows = 10_000

// NewEntries returns an Entries for a format of Formats other than json and ndjson.
func NewEntries(w io.Writer, format string, columns []aggregate.Column, opt Options) *Entries {
	e := &Entries{w: w, format: format, columns: columns, opt: opt}
	if format == "csv" {
		e.csv = NewCSV(w, columns)
	}
	return e
}

// Row adds a row.
func (e *Entries) Row(row []any) {
	limit := int64(MaxRows)
	switch {
	case e.opt.Top > 0:
		limit = int64(e.opt.Top)
	case e.csv != nil:
		limit = math.MaxInt64
	}
	e.n++
	switch {
	case e.n > limit:
	case e.csv != nil:
		e.csv.Row(row)
	default:
		e.rows = append(e.rows, row)
	}
}

// leadFirst puts the column before the others that Options.Lead names.
func (e *Entries) leadFirst() {
	lead := slices.IndexFunc(e.columns, func(c aggregate.Column) bool { return c.Name == e.opt.Lead })
	if lead < 0 {
		return
	}
	e.columns = moved(e.columns, lead)
	for i, row := range e.rows {
		e.rows[i] = moved(row, lead)
	}
}

func moved[T any](list []T, first int) []T {
	return slices.Concat(list[first:first+1], list[:first], list[first+1:])
}

// Finish writes what is left and returns the first error.
func (e *Entries) Finish() error {
	if e.csv != nil {
		return e.csv.Flush()
	}
	dropped := e.n - int64(len(e.rows))
	if e.format == "html" {
		more := ""
		if dropped > 0 {
			more = group(dropped) + " more rows: --format ndjson or csv shows all."
		}
		return htmlRows(e.w, &aggregate.Table{Name: "entries", Title: e.opt.title(), Unit: "a row each", Columns: e.columns, Rows: e.rows}, more, e.opt)
	}
	var b bytes.Buffer
	if e.format == "markdown" {
		b.Write(MarkdownTable(nil, e.columns, e.rows))
	} else if len(e.rows) > 0 {
		b.WriteString(day(e.rows, e.opt))
		e.leadFirst()
		b.WriteString(TextTable(e.columns, e.rows, e.opt))
	}
	if dropped > 0 {
		b.WriteString("... " + group(dropped) + " more rows: --format ndjson or csv shows all\n")
	}
	_, err := e.w.Write(b.Bytes())
	return err
}
