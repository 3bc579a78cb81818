package render

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/smtplog/smtplog/aggregate"
	"github.com/smtplog/smtplog/parser"
	"github.com/smtplog/smtplog/status"
)

// Trace is the answer of `smtplog trace`: one story told in full, or a list of what was found.
type Trace struct {
	Query    string
	Stories  []*aggregate.Story // at most one
	Hits     []Hit              // by first line, instead of a story
	Found    int64              // messages
	Cut      int64              // lines of the story that were not kept
	Refusals []aggregate.Entry  // the latest inbound refusals without a queue ID
	Refused  int64

	Partial     bool
	Files       int
	Lines       int64 // read; parsed or not
	First, Last time.Time
	Notes       []string
}

// Hit is a message that was asked for.
type Hit struct {
	Message    *aggregate.Message
	Recipients []int // those asked for; nil: all
}

// TraceSchema is the value of "schema" in a trace's JSON.
const TraceSchema = "smtplog.trace/1"

// NotFound says that nothing was found, and where.
func NotFound(t *Trace, zone *time.Location) string {
	s := fmt.Sprintf("no message %s found: %s searched", Text(t.Query), plural(t.Lines, "line"))
	if t.Partial {
		s = strings.Replace(s, " found:", " found before reading was interrupted:", 1)
	}
	if t.Files > 1 {
		s += " in " + plural(int64(t.Files), "file")
	}
	if !t.First.IsZero() {
		s += fmt.Sprintf(", %s .. %s", t.First.In(zone).Format(clock), t.Last.In(zone).Format(clock))
	}
	return s
}

// WriteTrace writes a trace in one of the formats table, json, ndjson and markdown.
func WriteTrace(w io.Writer, t *Trace, format string, opt Options) error {
	if opt.Width <= 0 {
		opt.Width = 80
	}
	if opt.Zone == nil {
		opt.Zone = time.UTC
	}
	var b []byte
	switch format {
	case "json", "ndjson":
		b = traceJSON(t, opt)
		if format == "ndjson" {
			b = append(bytes.ReplaceAll(b, []byte("\n"), nil), '\n')
		}
	case "markdown":
		b = traceMarkdown(t, opt)
	default:
		b = traceText(t, opt)
	}
	_, err := w.Write(b)
	return err
}

// Rows of a list, and lines of a story, where the user does not say.
const (
	topHits  = 20
	topLines = 60
)

// traceText writes a trace for people.
func traceText(t *Trace, opt Options) []byte {
	var b bytes.Buffer
	for _, s := range t.Stories {
		storyText(&b, s, opt)
	}
	if len(t.Hits) > 0 {
		listText(&b, t, opt)
	}
	refusalsText(&b, t, opt)
	if b.Len() == 0 {
		return nil
	}
	notes := t.Notes
	if t.Cut > 0 {
		notes = append(notes[:len(notes):len(notes)], plural(t.Cut, "more line")+" of the story were not kept")
	}
	if t.Partial {
		notes = append(notes[:len(notes):len(notes)], "reading was interrupted: the story may go on")
	}
	for _, n := range notes {
		for _, line := range wrap("note: "+Text(n), opt.Width) {
			fmt.Fprintln(&b, opt.paint(yellow, line))
		}
	}
	return b.Bytes()
}

// storyText writes the verdict, then the timeline, then the lines.
func storyText(b *bytes.Buffer, s *aggregate.Story, opt Options) {
	fates := s.Fates()
	for i, f := range middle(len(fates), opt, topLines) {
		if f < 0 {
			fmt.Fprintln(b, opt.paint(faint, omitted(i, len(fates), "recipient")))
			continue
		}
		v := tell(s, &fates[f], opt.Zone)
		v.text(b, opt)
	}
	fmt.Fprintln(b)
	for _, m := range s.Messages {
		for j, l := range wrapLong(about(s, m, opt.Zone), opt.Width, "  ") {
			if j == 0 {
				l = opt.paint(faint, l)
			}
			fmt.Fprintln(b, l)
		}
	}

	zone, _ := s.Began().In(opt.Zone).Zone()
	fmt.Fprintf(b, "\n%s\n", opt.paint(bold, "Timeline ("+zone+")"))
	timeline(b, s, opt)

	fmt.Fprintf(b, "\n%s\n", opt.paint(bold, "Lines"))
	for i, n := range middle(len(s.Entries), opt, topLines) {
		if n < 0 {
			fmt.Fprintln(b, opt.paint(faint, omitted(i, len(s.Entries), "line")))
			continue
		}
		e := &s.Entries[n]
		fmt.Fprintf(b, "%s %s\n", opt.paint(faint, fmt.Sprintf("%s:%d:", Text(Input(e.File)), e.Line)), Text(e.Raw))
	}
}

// middle returns the places to show of n: all, or the first and the last ones with a -k
// between them for the k left out.
func middle(n int, opt Options, limit int) []int {
	if opt.Top > 0 {
		limit = opt.Top
	}
	places := make([]int, 0, min(n, limit)+1)
	for i := range n {
		if n > limit && i == (limit+1)/2 {
			places = append(places, limit-n)
		}
		if n <= limit || i < (limit+1)/2 || i >= n-limit/2 {
			places = append(places, i)
		}
	}
	return places
}

func omitted(at, all int, what string) string {
	return fmt.Sprintf("... left out after %s: --top %d shows all", plural(int64(at), what), all)
}

// timeline writes what happened, a line each.
func timeline(b *bytes.Buffer, s *aggregate.Story, opt Options) {
	ids := 0
	for _, m := range s.Messages {
		ids = max(ids, len(m.QueueID))
	}
	if len(s.Messages) == 1 {
		ids = 0
	}
	day, told := "", told{}
	for i, n := range middle(len(s.Entries), opt, topLines) {
		if n < 0 {
			fmt.Fprintln(b, opt.paint(faint, omitted(i, len(s.Entries), "line")))
			continue
		}
		e := &s.Entries[n]
		what := describe(e, told)
		if e.Event.Kind == parser.TLS && told.again(nil, what, "") {
			continue // the same session, or one like it
		}
		at := e.Event.Time.In(opt.Zone)
		if d := at.Format(time.DateOnly); d != day {
			day = d
			fmt.Fprintln(b, opt.paint(faint, d))
		}
		head := at.Format(time.TimeOnly) + "  "
		if ids > 0 {
			id := ""
			if e.Message != nil {
				id = e.Message.QueueID
			}
			head += fmt.Sprintf("%-*s  ", ids, Text(id))
		}
		kind := e.Event.Kind.String()
		if kind == "" {
			kind = Text(string(e.Event.Program))
		}
		if kind == "other" || kind == "unknown" {
			kind = either(Text(string(e.Event.Service)), kind)
		}
		kind = cut(kind, 12)
		start := len(head) + 14
		indent := strings.Repeat(" ", min(start, 34))
		lines := wrap(strings.Repeat("x", start-len(indent))+Text(what), max(opt.Width-len(indent), 30))
		head += opt.paint(kindColor(e.Event.Kind), kind)
		if what != "" {
			head += strings.Repeat(" ", 14-len(kind)) + lines[0][start-len(indent):]
		}
		fmt.Fprintln(b, head)
		for _, l := range lines[min(1, len(lines)):] {
			fmt.Fprintln(b, indent+l)
		}
	}
}

func kindColor(k parser.Kind) string {
	switch k {
	case parser.Delivered:
		return green
	case parser.Bounced, parser.Expired, parser.Rejected:
		return red
	case parser.Deferred, parser.Held, parser.Removed, parser.Discarded, parser.HostError, parser.Warning:
		return yellow
	}
	return faint
}

// text writes a verdict: who it is about in bold, and the first words in its colour, up to a
// colon, a comma or a bracket.
func (v *verdict) text(b *bytes.Buffer, opt Options) {
	line, who := Text(v.sentence), 0 // who: its words
	first := 0
	for i, w := range strings.Fields(line) {
		if i > 0 && w[0] == '(' {
			break
		}
		if first++; strings.ContainsAny(w[len(w)-1:], ":,;") {
			break
		}
	}
	if v.who != "" {
		head := Text(v.who) + ":"
		line, who = head+" "+line, len(strings.Fields(head))
	}
	for _, l := range wrapLong(line, opt.Width, "  ") {
		words := strings.Fields(l)
		indent := l[:len(l)-len(strings.TrimLeft(l, " "))]
		n := min(who, len(words))
		m := min(n+first, len(words))
		who, first = who-n, first-(m-n)
		colored := strings.Join(words[n:m], " ")
		plain := strings.TrimRight(colored, ":,;.")
		words = slices.DeleteFunc([]string{opt.paint(bold, strings.Join(words[:n], " ")), opt.paint(v.color, plain) + colored[len(plain):],
			strings.Join(words[m:], " ")}, func(s string) bool { return s == "" })
		fmt.Fprintln(b, indent+strings.Join(words, " "))
	}
}

// wrapLong wraps s; the lines after the first begin with indent.
func wrapLong(s string, width int, indent string) []string {
	lines := wrap(s, width)
	if len(lines) > 1 && indent != "" {
		rest := wrap(strings.Join(lines[1:], " "), width-len(indent))
		lines = lines[:1]
		for _, l := range rest {
			lines = append(lines, indent+l)
		}
	}
	return lines
}

// hitColumns are the columns of the list of messages found.
var hitColumns = []aggregate.Column{
	{Name: "time", Type: "time"}, {Name: "queue ID", Type: "string"}, {Name: "sender", Type: "string"}, {Name: "recipient", Type: "string"},
	{Name: "outcome", Type: "string"}, {Name: "answer", Type: "string"},
}

// hitRows returns the rows of the list, the newest last; refusals are among them.
func hitRows(t *Trace, zone *time.Location) (rows [][]any) {
	row := func(at time.Time, id, sender, recipient, outcome string, a *aggregate.Answer) {
		answer := quote(a)
		if a.Reason != status.ReasonNone && a.Reason != status.Undetermined {
			answer = a.Reason.String() + ": " + answer
		}
		rows = append(rows, []any{at.In(zone), either(id, "-"), sender, recipient, outcome, answer})
	}
	refusals := t.Refusals
	refused := func(before time.Time, all bool) {
		for len(refusals) > 0 && (all || refusals[0].Event.Time.Before(before)) {
			ev := &refusals[0].Event
			a := answerOf(ev)
			row(ev.Time, "", string(ev.Sender), string(ev.Recipient), "refused", &a)
			refusals = refusals[1:]
		}
	}
	for _, h := range t.Hits {
		m := h.Message
		refused(m.First, false)
		which := h.Recipients
		if which == nil {
			for i := range m.Recipients {
				which = append(which, i)
			}
		}
		for _, i := range which {
			r := &m.Recipients[i]
			end, last, ok := r.Final()
			if !ok {
				end = r
			}
			if last == nil {
				last = m
			}
			row(m.First, m.QueueID, m.Sender, r.Address, outcomeOf(last, end), &end.Answer)
		}
		if len(which) == 0 {
			row(m.First, m.QueueID, m.Sender, "", m.State.String(), &aggregate.Answer{})
		}
	}
	refused(time.Time{}, true)
	return rows
}

// outcomeOf is the outcome of a recipient in a list: what waits is queued or held.
func outcomeOf(m *aggregate.Message, r *aggregate.Recipient) string {
	if r.Outcome == aggregate.OutcomeNone || r.Outcome == aggregate.Deferred {
		return m.State.String()
	}
	return r.Outcome.String()
}

func listText(b *bytes.Buffer, t *Trace, opt Options) {
	rows := hitRows(t, opt.Zone)
	top := opt.Top
	if top == 0 {
		top = topHits
	}
	for _, line := range wrap(found(t), opt.Width) {
		fmt.Fprintln(b, opt.paint(bold, line))
	}
	hidden := 0
	if len(rows) > top {
		hidden = len(rows) - top
		rows = rows[hidden:]
		fmt.Fprintln(b, opt.paint(faint, fmt.Sprintf("... %s older: --top %d", plural(int64(hidden), "row"), len(rows)+hidden)))
	}
	fmt.Fprintln(b, opt.paint(faint, period(rows[0][0].(time.Time), rows[len(rows)-1][0].(time.Time)))) // the times below may lack the day
	b.WriteString(TextTable(hitColumns, rows, opt))
	for _, l := range wrap("For one of them: smtplog trace QUEUE_ID. To narrow: --since, --until, --sender, --recipient, --status. "+
		"smtplog messages lists them as data.", opt.Width) {
		fmt.Fprintln(b, opt.paint(faint, l))
	}
}

// found says how much was found.
func found(t *Trace) string {
	s := plural(t.Found, "message") + " found for " + Text(t.Query)
	if t.Refused > 0 {
		s += ", and " + plural(t.Refused, "refusal") + " on arrival"
	}
	return s
}

// refusalsText says what was refused before it had a queue ID.
func refusalsText(b *bytes.Buffer, t *Trace, opt Options) {
	if t.Refused == 0 || len(t.Hits) > 0 {
		return // they are in the list
	}
	if b.Len() > 0 {
		fmt.Fprintf(b, "\n%s\n", opt.paint(bold, plural(t.Refused, "refusal")+" on arrival"))
	}
	top := opt.Top
	if top == 0 {
		top = topHits
	}
	list := t.Refusals
	if len(list) > top {
		list = list[len(list)-top:]
		fmt.Fprintln(b, opt.paint(faint, fmt.Sprintf("... %s older: --top %d", plural(t.Refused-int64(top), "refusal"), t.Refused)))
	}
	for i := range list {
		v := tellRefusal(&list[i], opt.Zone)
		v.text(b, opt)
	}
	fmt.Fprintf(b, "\n%s\n", opt.paint(bold, "Lines"))
	for i := range list {
		e := &list[i]
		fmt.Fprintf(b, "%s %s\n", opt.paint(faint, fmt.Sprintf("%s:%d:", Text(Input(e.File)), e.Line)), Text(e.Raw))
	}
}

func traceMarkdown(t *Trace, opt Options) []byte {
	var b []byte
	b = fmt.Appendf(b, "# Trace of %s\n", Markdown(t.Query))
	for _, s := range t.Stories {
		b = append(b, '\n')
		for _, f := range s.Fates() {
			v := tell(s, &f, opt.Zone)
			who := ""
			if v.who != "" {
				who = "**" + Markdown(v.who) + "**: "
			}
			b = fmt.Appendf(b, "- %s%s\n", who, Markdown(v.sentence))
		}
		columns := []aggregate.Column{{Name: "time", Type: "time"}, {Name: "queue ID", Type: "string"}, {Name: "event", Type: "string"}, {Name: "what", Type: "string"}}
		var rows, raw [][]any
		told := told{}
		for i := range s.Entries {
			e := &s.Entries[i]
			id := ""
			if e.Message != nil {
				id = e.Message.QueueID
			}
			rows = append(rows, []any{e.Event.Time.In(opt.Zone), id, e.Event.Kind.String(), describe(e, told)})
			raw = append(raw, []any{fmt.Sprintf("%s:%d", Input(e.File), e.Line), e.Raw})
		}
		b = append(b, "\n## Timeline\n\n"...)
		b = MarkdownTable(b, columns, rows)
		b = append(b, "\n## Lines\n\n"...)
		b = MarkdownTable(b, []aggregate.Column{{Name: "where", Type: "string"}, {Name: "line", Type: "string"}}, raw)
	}
	switch {
	case len(t.Hits) > 0:
		rows := hitRows(t, opt.Zone)
		if opt.Top > 0 && len(rows) > opt.Top {
			rows = rows[len(rows)-opt.Top:]
		}
		b = fmt.Appendf(b, "\n%s\n\n", Markdown(found(t)))
		b = MarkdownTable(b, hitColumns, rows)
	case t.Refused > 0:
		b = append(b, "\n## Refused on arrival\n\n"...)
		b = MarkdownTable(b, hitColumns, hitRows(t, opt.Zone))
	}
	for _, n := range t.Notes {
		b = fmt.Appendf(b, "\n%s\n", Markdown(n))
	}
	return b
}

// traceJSON appends a trace as one JSON object (docs/contract.md), a line feed after each
// of its messages.
func traceJSON(t *Trace, opt Options) []byte {
	o := object{}
	o.begin()
	str(&o, "schema", TraceSchema)
	str(&o, "query", t.Query)
	o.bool("partial", t.Partial)
	o.key("searched")
	o.begin()
	o.count("files", int64(t.Files))
	o.count("lines", t.Lines)
	o.time("first", t.First.In(opt.Zone))
	o.time("last", t.Last.In(opt.Zone))
	o.end()
	o.count("found", t.Found)
	o.count("refused", t.Refused)
	o.int("cut", t.Cut)

	o.key("verdict")
	o.b = append(o.b, '[')
	n := 0
	next := func() {
		if n++; n > 1 {
			o.b = append(o.b, ',')
		}
	}
	for _, s := range t.Stories {
		for _, f := range s.Fates() {
			next()
			fateJSON(&o, s, &f, opt.Zone)
		}
	}
	o.b = append(o.b, ']')

	o.key("messages")
	o.b = append(o.b, '[')
	n = 0
	for _, s := range t.Stories {
		for _, m := range s.Messages {
			next()
			o.b = Message(o.b, m, opt.Zone)
		}
	}
	for _, h := range newest(t.Hits, opt.Top) {
		next()
		o.b = Message(o.b, h.Message, opt.Zone)
	}
	o.b = append(o.b, ']')

	o.key("timeline")
	o.b = append(o.b, '[')
	n = 0
	for _, s := range t.Stories {
		for i := range s.Entries {
			next()
			entryJSON(&o, &s.Entries[i])
		}
	}
	o.b = append(o.b, ']')

	o.key("refusals")
	o.b = append(o.b, '[')
	n = 0
	for i := range newest(t.Refusals, opt.Top) {
		next()
		entryJSON(&o, &newest(t.Refusals, opt.Top)[i])
	}
	o.b = append(o.b, ']')
	o.names("notes", t.Notes)
	o.end()
	return append(o.b, '\n')
}

// newest returns the last top of a list; 0: all.
func newest[T any](list []T, top int) []T {
	if top > 0 && len(list) > top {
		return list[len(list)-top:]
	}
	return list
}

// entryJSON writes a line as an entry of `events`, with the line itself.
func entryJSON(o *object, e *aggregate.Entry) {
	b := Event(o.b, &e.Event, e.File, e.Line)
	b = append(b[:len(b)-len("}\n")], `,"raw":`...)
	b = appendString(b, e.Raw)
	o.b = append(b, '}')
}

// fateJSON writes a verdict.
func fateJSON(o *object, s *aggregate.Story, f *aggregate.Fate, zone *time.Location) {
	v := tell(s, f, zone)
	o.begin()
	if f.Recipient != nil {
		str(o, "recipient", f.Recipient.Address)
		str(o, "orig_recipient", f.Recipient.Original)
	}
	str(o, "queue_id", f.Message.QueueID)
	str(o, "outcome", v.outcome)
	str(o, "sentence", v.sentence)
	if f.Last != f.Message || f.End != f.Recipient {
		o.key("final")
		o.begin()
		str(o, "queue_id", f.Last.QueueID)
		str(o, "host", f.Last.Host)
		if f.End != nil {
			str(o, "recipient", f.End.Address)
		}
		o.end()
	}
	if r := f.End; r != nil {
		if !r.Time.IsZero() {
			o.time("time", r.Time.In(zone))
		}
		relay(o, r.Relay.Name, r.Relay.IP, r.Relay.Port)
		o.count("attempts", int64(f.Attempts))
		o.count("deferrals", int64(f.Deferred))
		o.int("not_attempted", int64(f.NotAttempted))
		o.int("code", int64(r.Answer.Code))
		o.enhanced("enhanced", r.Answer.Enhanced)
		if r.Answered() {
			str(o, "status", r.Status.String())
		}
		o.reason(r.Answer.Reason)
		str(o, "text", r.Answer.Text)
	}
	if f.Notice != nil {
		str(o, "notice", f.Notice.QueueID)
	}
	o.int("unseen", int64(f.Unseen))
	o.end()
}
