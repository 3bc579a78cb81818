package render

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/smtplog/smtplog/aggregate"
)

// The colours of a text report (ECMA-48 SGR).
const (
	bold   = "\x1b[1m"
	faint  = "\x1b[2m"
	red    = "\x1b[31m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	plain  = "\x1b[0m"
)

// paint puts s in a colour, "" for none.
func (o *Options) paint(color, s string) string {
	if !o.Color || s == "" || color == "" {
		return s
	}
	return color + s + plain
}

// writeText writes a report for people: what was read, what became of it, then the tables.
func writeText(w io.Writer, r *aggregate.Report, opt Options) error {
	var b bytes.Buffer
	for _, line := range coverage(r, opt) {
		fmt.Fprintln(&b, line)
	}
	for _, n := range opt.Notes {
		for _, line := range wrap("note: "+Text(n), opt.Width) {
			fmt.Fprintln(&b, opt.paint(yellow, line))
		}
	}
	if opt.Table == "" {
		writeTotals(&b, &r.Totals, opt)
	}
	for _, t := range pick(r, opt.Table) {
		t = t.Head(opt.Top)
		switch {
		case len(t.Rows) == 0 && opt.Table == t.Name:
			fmt.Fprintf(&b, "\n%s\n(none)\n", opt.paint(bold, cut(t.Title, opt.Width)))
		case len(t.Rows) == 0, t.Name == "by_group" && opt.Table == "": // machines compare reports by it
		case t.Name == "advice":
			writeAdvice(&b, &t, opt)
		default:
			writeTable(&b, &t, opt)
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// coverage says in a few lines what was read: the report's first words, because numbers from
// lines that were not understood are worth nothing.
func coverage(r *aggregate.Report, opt Options) []string {
	in := &r.Input
	var lines []string
	lines = append(lines, understanding(in.Lines, in.Understood, in.Ignored, in.Unknown))
	files := plural(int64(in.Files), "file")
	if len(in.Kinds) > 1 || in.Kinds["plain"] != in.Files {
		var kinds []string
		for _, k := range slices.Sorted(maps.Keys(in.Kinds)) {
			kinds = append(kinds, fmt.Sprintf("%d %s", in.Kinds[k], k))
		}
		if len(kinds) > 0 {
			files += " (" + strings.Join(kinds, ", ") + ")"
		}
	}
	parts := []string{files}
	if in.Skipped > 0 {
		parts = append(parts, group(int64(in.Skipped))+" skipped")
	}
	parts = append(parts, size(in.Bytes))
	if len(in.MTAs) > 0 {
		parts = append(parts, strings.Join(in.MTAs, " and "))
	}
	if n := len(in.Hosts); n == 1 {
		parts = append(parts, "host "+Text(in.Hosts[0]))
	} else if n > 1 {
		parts = append(parts, plural(int64(n), "host"))
	}
	if n := len(in.Instances); n > 1 {
		parts = append(parts, plural(int64(n), "instance"))
	}
	lines = append(lines, strings.Join(parts, ", "))
	if in.First != nil {
		lines = append(lines, fmt.Sprintf("%s (%s)", period(in.First.In(opt.Zone), in.Last.In(opt.Zone)), span(in.Last.Sub(*in.First))))
	}
	if s := counted(r, opt.Zone); s != "" {
		lines = append(lines, s)
	}
	if in.Reused > 0 {
		lines = append(lines, plural(in.Reused, "queue ID")+" came up again before the end of the message that had it")
	}
	if in.Evicted > 0 {
		lines = append(lines, "too many messages at a time: "+plural(in.Evicted, "open message")+" dropped, what became of them is lost")
	}
	if in.Unnamed > 0 {
		lines = append(lines, "postsuper deleted or held "+plural(in.Unnamed, "message")+" without naming them: what is queued may count them as before")
	}
	if r.Partial {
		lines = append(lines, "partial: reading was interrupted")
	}
	var wrapped []string
	for _, line := range lines {
		wrapped = append(wrapped, wrap(line, opt.Width)...)
	}
	return wrapped
}

// counted says which part of the input a report counts, "" for all of it.
func counted(r *aggregate.Report, zone *time.Location) string {
	var parts []string
	since, until := r.Since.In(zone), r.Until.In(zone)
	switch {
	case !r.Since.IsZero() && !r.Until.IsZero():
		parts = append(parts, period(since, until))
	case !r.Since.IsZero():
		parts = append(parts, "from "+since.Format(clock+" MST"))
	case !r.Until.IsZero():
		parts = append(parts, "until "+until.Format(clock+" MST"))
	}
	for _, c := range r.Filters {
		parts = append(parts, strings.ReplaceAll(c.Name, "_", " ")+" "+Text(strings.Join(c.Patterns, ", ")))
	}
	if len(parts) == 0 {
		return ""
	}
	return "counted: " + strings.Join(parts, "; ")
}

const clock = "2006-01-02 15:04:05"

// period writes two points in time with their zone, or each with its own.
func period(first, last time.Time) string {
	zone, _ := first.Zone()
	s := first.Format(clock)
	if other, _ := last.Zone(); other != zone {
		s, zone = s+" "+zone, other
	}
	return s + " .. " + last.Format(clock) + " " + zone
}

// writeTotals writes the sums: how they add up first.
func writeTotals(b *bytes.Buffer, t *aggregate.Totals, opt Options) {
	fmt.Fprintf(b, "\n%s\n", opt.paint(bold, "Totals"))
	rows := [][2]string{
		{"messages received", group(t.Received)},
		{"recipients", group(t.Recipients)},
	}
	part := func(name string, n int64, color string) {
		if n == 0 && name != "delivered" && name != "bounced" {
			return
		}
		bar := ""
		if t.Recipients > 0 {
			bar = opt.paint(color, strings.Repeat("#", int((n*30+t.Recipients/2)/t.Recipients)))
		}
		rows = append(rows, [2]string{"  " + name, fmt.Sprintf("%s  %6s  %s", group(n), percent(n, t.Recipients), bar)})
	}
	part("delivered", t.Delivered, green)
	part("bounced", t.Bounced, red)
	part("expired", t.Expired, red)
	part("discarded", t.Discarded, yellow)
	part("removed", t.Removed, yellow)
	part("queued", t.Queued, yellow)
	part("lost from view", t.Lost, yellow)
	width := 0
	for _, r := range rows {
		width = max(width, len(strings.Fields(r[1])[0]))
	}
	for _, r := range rows {
		n, rest, _ := strings.Cut(r[1], "  ")
		fmt.Fprintln(b, strings.TrimRight(fmt.Sprintf("%-20s%*s  %s", r[0], width, n, rest), " "))
	}
	var more []string
	add := func(n int64, format string, args ...any) {
		if n > 0 {
			more = append(more, fmt.Sprintf(format, args...))
		}
	}
	add(t.Deferred, "%s of %s", plural(t.Deferred, "deferral"), plural(t.DeferredMessages, "message"))
	add(t.NotAttempted, "%s of them without an attempt", group(t.NotAttempted))
	add(t.Rejected, "%s", plural(t.Rejected, "inbound refusal"))
	add(t.Connections, "%s", plural(t.Connections, "connection"))
	add(t.Notifications, "%s of ours", plural(t.Notifications, "notification"))
	add(t.Forwarded, "%s handed on inside", plural(t.Forwarded, "recipient"))
	add(t.Held, "%s on hold", plural(t.Held, "message"))
	add(t.BytesReceived, "%s received, %s delivered", size(t.BytesReceived), size(t.BytesDelivered))
	for _, line := range wrap(strings.Join(more, "; "), opt.Width) {
		fmt.Fprintln(b, line)
	}
}

// writeTable writes one table that fits the width.
func writeTable(b *bytes.Buffer, t *aggregate.Table, opt Options) {
	view := *t
	if t.Name == "over_time" {
		view = pivot(t, opt.Width-barWidth-len(gap))
		addBars(&view, t)
		view.Rows = foldEmpty(view.Rows)
	}
	rows, more := forPeople(&view, opt)
	heading := fmt.Sprintf("%s (%s)", view.Title, view.Unit)
	if view.Approximate {
		heading += ", approximate"
	}
	fmt.Fprintf(b, "\n%s\n", opt.paint(bold, cut(heading, opt.Width)))
	b.WriteString(TextTable(view.Columns, rows, opt))
	if more != "" {
		fmt.Fprintln(b, opt.paint(faint, "... "+more))
	}
}

// writeAdvice writes the table of advice as sentences: cells would cut them.
func writeAdvice(b *bytes.Buffer, t *aggregate.Table, opt Options) {
	fmt.Fprintf(b, "\n%s\n", opt.paint(bold, t.Title))
	for _, row := range topRows(t, opt.Top) {
		heading := fmt.Sprintf("%s (%s; to act: %s)", row[0], plural(row[1].(int64), "recipient"), row[2])
		b.WriteString(Paragraph(cut(heading, opt.Width), fmt.Sprintf("%s. %s", row[3], row[4]), opt))
	}
}
