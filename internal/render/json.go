package render

import (
	"io"
	"maps"
	"slices"
	"strconv"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/smtplog/smtplog/aggregate"
	"github.com/smtplog/smtplog/parser"
	"github.com/smtplog/smtplog/status"
)

// object writes one JSON object field by field; absent values are left out.
type object struct {
	b    []byte
	some bool
	w    io.Writer // where flush writes b; nil: nowhere
	err  error     // the first one
}

// flushSize is from how many bytes on it is worth writing them.
const flushSize = 64 << 10

// flush writes what there is, if that is at least n bytes, and returns the first error.
func (o *object) flush(n int) error {
	if len(o.b) >= n {
		if o.err == nil {
			_, o.err = o.w.Write(o.b)
		}
		o.b = o.b[:0]
	}
	return o.err
}

func (o *object) begin() {
	o.b = append(o.b, '{')
	o.some = false
}

func (o *object) end() {
	o.b = append(o.b, '}')
	o.some = true
}

func (o *object) key(name string) {
	if o.some {
		o.b = append(o.b, ',')
	}
	o.some = true
	o.b = append(o.b, '"')
	o.b = append(o.b, name...)
	o.b = append(o.b, '"', ':')
}

func (o *object) int(name string, n int64) {
	if n != 0 {
		o.key(name)
		o.b = strconv.AppendInt(o.b, n, 10)
	}
}

func (o *object) bool(name string, v bool) {
	o.key(name)
	o.b = strconv.AppendBool(o.b, v)
}

func (o *object) time(name string, t time.Time) {
	if !t.IsZero() {
		o.key(name)
		o.b = appendTime(o.b, t)
	}
}

func (o *object) seconds(name string, d time.Duration) {
	o.key(name)
	o.b = appendSeconds(o.b, d)
}

func (o *object) enhanced(name string, e status.Enhanced) {
	if !e.IsZero() {
		o.key(name)
		o.b = append(o.b, '"')
		o.b, _ = e.AppendText(o.b)
		o.b = append(o.b, '"')
	}
}

// reason writes why something failed, with the category and type that follow from it.
func (o *object) reason(r status.Reason) {
	str(o, "reason", r.String())
	str(o, "category", r.Category().String())
	str(o, "type", r.Type().String())
}

// str writes a string field unless it is empty.
func str[S string | []byte](o *object, name string, s S) {
	if len(s) > 0 {
		o.key(name)
		o.b = appendString(o.b, s)
	}
}

func appendTime(b []byte, t time.Time) []byte {
	b = append(b, '"')
	b = t.AppendFormat(b, time.RFC3339Nano)
	return append(b, '"')
}

func appendSeconds(b []byte, d time.Duration) []byte {
	return strconv.AppendFloat(b, d.Seconds(), 'f', -1, 64)
}

// appendString appends s as a JSON string in which nothing can hide: besides what JSON asks
// for, every character that a terminal would act on is written as \u. Invalid UTF-8 becomes
// U+FFFD.
func appendString[S string | []byte](b []byte, s S) []byte {
	b = append(b, '"')
	marks, end := maxMarks, 0 // on the character before, and where the last one ends
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c < 0x7f && c != '"' && c != '\\' {
			b = append(b, c)
			i++
			continue
		}
		if c < utf8.RuneSelf {
			switch c {
			case '"', '\\':
				b = append(b, '\\', c)
			case '\n':
				b = append(b, '\\', 'n')
			case '\r':
				b = append(b, '\\', 'r')
			case '\t':
				b = append(b, '\\', 't')
			default:
				b = appendUnicode(b, rune(c))
			}
			i++
			continue
		}
		var r rune
		var n int
		switch v := any(s).(type) {
		case string:
			r, n = utf8.DecodeRuneInString(v[i:])
		case []byte:
			r, n = utf8.DecodeRune(v[i:])
		}
		escaped := hidden(r)
		if unicode.In(r, unicode.Mn, unicode.Me) {
			if i != end {
				marks = 0
			}
			marks, end = marks+1, i+n
			escaped = escaped || marks > maxMarks
		}
		switch {
		case r > 0xffff && escaped:
			high, low := utf16.EncodeRune(r)
			b = appendUnicode(appendUnicode(b, high), low)
		case r == utf8.RuneError && n <= 1 || escaped:
			b = appendUnicode(b, r)
		default:
			b = utf8.AppendRune(b, r)
		}
		i += n
	}
	return append(b, '"')
}

func appendUnicode(b []byte, r rune) []byte {
	b = append(b, '\\', 'u')
	for shift := 12; shift >= 0; shift -= 4 {
		b = append(b, hex[r>>shift&15])
	}
	return b
}

// Event appends one entry of `events` as a line of NDJSON. file and line say where it was
// read.
func Event(b []byte, ev *parser.Event, file string, line int64) []byte {
	o := object{b: b}
	o.event(ev)
	str(&o, "file", file)
	o.int("line", line)
	o.end()
	return append(o.b, '\n')
}

// EventAt is Event for a log that is followed: pos names the line's place in it, whatever the
// file is called by then.
func EventAt(b []byte, ev *parser.Event, file, pos string) []byte {
	o := object{b: b}
	o.event(ev)
	str(&o, "file", file)
	str(&o, "pos", pos)
	o.end()
	return append(o.b, '\n')
}

// event begins an object with the fields of an event.
func (o *object) event(ev *parser.Event) {
	o.begin()
	o.time("time", ev.Time)
	str(o, "host", ev.Host)
	str(o, "mta", ev.MTA.String())
	str(o, "instance", ev.Instance)
	str(o, "program", ev.Program)
	str(o, "service", ev.Service)
	o.int("pid", int64(ev.PID))
	str(o, "queue_id", ev.QueueID)
	str(o, "event", ev.Kind.String())
	str(o, "severity", ev.Severity.String())
	if ev.Repeat > 1 {
		o.int("repeat", int64(ev.Repeat))
	}
	str(o, "direction", ev.Direction.String())
	str(o, "message_id", ev.MessageID)
	str(o, "sender", ev.Sender)
	str(o, "recipient", ev.Recipient)
	str(o, "orig_recipient", ev.OrigRecipient)
	peer(o, "client", string(ev.Client.Name), string(ev.Client.IP), ev.Client.Port, string(ev.Client.Helo))
	str(o, "user", ev.User)
	relay(o, string(ev.Relay.Name), string(ev.Relay.IP), ev.Relay.Port)
	if ev.Has&parser.HasSize != 0 {
		o.key("size")
		o.b = strconv.AppendInt(o.b, ev.Size, 10)
	}
	if ev.Has&parser.HasNRcpt != 0 {
		o.key("nrcpt")
		o.b = strconv.AppendInt(o.b, int64(ev.NRcpt), 10)
	}
	if ev.Has&parser.HasDelay != 0 {
		o.seconds("delay", ev.Delay)
	}
	if ev.Has&parser.HasDelays != 0 {
		o.key("delays")
		for i, d := range ev.Delays {
			o.b = append(o.b, "[,,,"[i])
			o.b = appendSeconds(o.b, d)
		}
		o.b = append(o.b, ']')
	}
	if ev.Has&parser.HasDeliveryTime != 0 {
		o.seconds("delivery_time", ev.DeliveryTime)
	}
	str(o, "tls", ev.TLS)
	str(o, "stage", ev.Stage.String())
	o.int("code", int64(ev.Code))
	o.int("code_inferred", int64(ev.CodeInferred))
	o.enhanced("enhanced", ev.Enhanced)
	o.enhanced("dsn", ev.DSN)
	if s, ok := aggregate.EventStatus(ev); ok {
		str(o, "status", s.String())
	}
	o.reason(ev.Reason)
	str(o, "origin", ev.Origin.String())
	if ev.Attempt() && len(ev.Recipient) > 0 {
		o.bool("attempted", !ev.NotAttempted)
	}
	str(o, "text", ev.Text)
	str(o, "detail", ev.Detail)
	str(o, "next_queue_id", ev.NextQueueID)
	str(o, "prev_queue_id", ev.PrevQueueID)
}

func peer(o *object, name, host, ip string, port uint16, helo string) {
	if host == "" && ip == "" && helo == "" {
		return
	}
	o.key(name)
	o.begin()
	str(o, "name", host)
	str(o, "ip", ip)
	o.int("port", int64(port))
	str(o, "helo", helo)
	o.end()
}

func relay(o *object, host, ip string, port uint16) {
	if host == "" && ip == "" {
		return
	}
	o.key("relay")
	o.begin()
	str(o, "host", host)
	str(o, "ip", ip)
	o.int("port", int64(port))
	o.end()
}

// Message appends one entry of `messages` as a line of NDJSON, times in zone.
func Message(b []byte, m *aggregate.Message, zone *time.Location) []byte {
	o := object{b: b}
	o.begin()
	str(&o, "queue_id", m.QueueID)
	str(&o, "host", m.Host)
	str(&o, "mta", m.MTA.String())
	str(&o, "instance", m.Instance)
	o.time("time", m.First.In(zone))
	str(&o, "message_id", m.MessageID)
	str(&o, "sender", m.Sender)
	peer(&o, "client", m.Client.Name, m.Client.IP, m.Client.Port, m.Client.Helo)
	str(&o, "user", m.User)
	o.int("size", m.Size)
	str(&o, "origin", m.Source.String())
	str(&o, "state", m.State.String())
	str(&o, "from_queue_id", m.FromQueueID)
	str(&o, "notification_of", m.NotificationOf)
	o.bool("opened_before", m.OpenedBefore)
	o.int("unseen", int64(m.Unseen()))
	o.key("recipients")
	o.b = append(o.b, '[')
	for i := range m.Recipients {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		recipient(&o, m, &m.Recipients[i], zone)
	}
	o.b = append(o.b, ']')
	o.end()
	return append(o.b, '\n')
}

func recipient(o *object, m *aggregate.Message, r *aggregate.Recipient, zone *time.Location) {
	o.begin()
	str(o, "recipient", r.Address)
	str(o, "orig_recipient", r.Original)
	str(o, "outcome", outcome(r))
	if !r.Time.IsZero() {
		o.time("time", r.Time.In(zone))
	}
	if r.HasDelay {
		o.seconds("delay", r.Delay)
	}
	relay(o, r.Relay.Name, r.Relay.IP, r.Relay.Port)
	o.key("attempts")
	o.b = strconv.AppendInt(o.b, int64(r.Attempts), 10)
	o.int("code", int64(r.Answer.Code))
	o.enhanced("enhanced", r.Answer.Enhanced)
	if r.Answered() {
		str(o, "status", r.Status.String())
	}
	o.reason(r.Answer.Reason)
	str(o, "origin", r.Answer.Origin.String())
	str(o, "stage", r.Answer.Stage.String())
	str(o, "text", r.Answer.Text)
	str(o, "next_queue_id", r.NextID)
	if r.Outcome == aggregate.Forwarded {
		if end, last, ok := r.Final(); ok && last != nil {
			o.key("final")
			o.begin()
			str(o, "queue_id", last.QueueID)
			str(o, "outcome", outcome(end))
			if !end.Time.IsZero() {
				o.time("time", end.Time.In(zone))
			}
			o.int("code", int64(end.Answer.Code))
			o.enhanced("enhanced", end.Answer.Enhanced)
			if end.Answered() {
				str(o, "status", end.Status.String())
			}
			str(o, "reason", end.Answer.Reason.String())
			o.end()
		}
	}
	o.end()
}

// outcome is a recipient's outcome in the contract's words: one that waits for its first
// attempt is deferred.
func outcome(r *aggregate.Recipient) string {
	if r.Outcome == aggregate.OutcomeNone {
		return aggregate.Deferred.String()
	}
	return r.Outcome.String()
}

// reportJSON writes a report as one JSON object and a line feed. top limits the rows of each table;
// 0: all.
func reportJSON(w io.Writer, r *aggregate.Report, top int, notes []string) error {
	o := object{w: w}
	o.begin()
	str(&o, "schema", r.Schema)
	o.bool("partial", r.Partial)
	in := &r.Input
	o.key("input")
	o.begin()
	o.count("files", int64(in.Files))
	o.count("bytes", in.Bytes)
	o.count("lines", in.Lines)
	o.count("understood", in.Understood)
	o.count("ignored", in.Ignored)
	o.count("unknown", in.Unknown)
	if in.First != nil {
		o.time("first", *in.First)
		o.time("last", *in.Last)
	}
	o.bound("since", r.Since)
	o.bound("until", r.Until)
	o.key("filters")
	if r.Filters == nil {
		o.b = append(o.b, "null"...)
	} else {
		o.begin()
		for _, c := range r.Filters {
			o.names(c.Name, c.Patterns)
		}
		o.end()
	}
	o.names("mtas", in.MTAs)
	o.names("hosts", in.Hosts)
	o.names("instances", in.Instances)
	if in.Kinds != nil {
		o.key("kinds")
		o.begin()
		for _, k := range slices.Sorted(maps.Keys(in.Kinds)) {
			o.count(k, int64(in.Kinds[k]))
		}
		o.end()
		o.count("skipped", int64(in.Skipped))
	}
	if len(notes) > 0 {
		o.names("notes", notes)
	}
	o.count("reused", in.Reused)
	o.count("evicted", in.Evicted)
	o.count("unnamed", in.Unnamed)
	o.end()
	o.key("totals")
	o.begin()
	for _, t := range Totals(&r.Totals) {
		o.count(t.Name, t.N)
	}
	o.end()
	if r.Checks != nil {
		o.key("checks")
		o.b = append(o.b, '[')
		for i, c := range r.Checks {
			if i > 0 {
				o.b = append(o.b, ',')
			}
			o.begin()
			str(&o, "metric", c.Metric)
			o.key("value")
			o.b = appendCell(o.b, c.Value)
			str(&o, "state", c.State)
			o.end()
		}
		o.b = append(o.b, ']')
	}
	o.key("tables")
	o.b = append(o.b, '[')
	for i := range r.Tables {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		tableJSON(&o, &r.Tables[i], top)
	}
	o.b = append(o.b, ']')
	o.end()
	o.b = append(o.b, '\n')
	return o.flush(0)
}

// bound writes an end of a window, null where it is open.
func (o *object) bound(name string, t time.Time) {
	if t.IsZero() {
		o.key(name)
		o.b = append(o.b, "null"...)
		return
	}
	o.time(name, t)
}

// count writes a number even if it is 0.
func (o *object) count(name string, n int64) {
	o.key(name)
	o.b = strconv.AppendInt(o.b, n, 10)
}

func (o *object) names(name string, names []string) {
	o.key(name)
	o.b = append(o.b, '[')
	for i, n := range names {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		o.b = appendString(o.b, n)
	}
	o.b = append(o.b, ']')
}

func tableJSON(o *object, t *aggregate.Table, top int) {
	o.begin()
	str(o, "name", t.Name)
	str(o, "title", t.Title)
	str(o, "unit", t.Unit)
	o.bool("approximate", t.Approximate)
	o.key("columns")
	o.b = append(o.b, '[')
	for i, c := range t.Columns {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		o.begin()
		str(o, "name", c.Name)
		str(o, "type", c.Type)
		o.end()
	}
	o.b = append(o.b, ']')
	o.key("rows")
	o.b = append(o.b, '[')
	first := true
	for row := range limited(t, top) {
		if !first {
			o.b = append(o.b, ',')
		}
		first = false
		o.b = append(o.b, '\n', '[')
		for j, cell := range row {
			if j > 0 {
				o.b = append(o.b, ',')
			}
			o.b = appendCell(o.b, cell)
		}
		o.b = append(o.b, ']')
		if o.flush(flushSize) != nil {
			break
		}
	}
	o.b = append(o.b, ']')
	o.end()
}

func appendCell(b []byte, cell any) []byte {
	switch v := cell.(type) {
	case string:
		return appendString(b, v)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case float64:
		return strconv.AppendFloat(b, v, 'f', -1, 64)
	case time.Time:
		return appendTime(b, v)
	case time.Duration:
		return appendSeconds(b, v)
	}
	return append(b, "null"...)
}

// Total is one named sum of a report.
type Total struct {
	Name string
	N    int64
}

// Totals lists a report's sums under their contract names, in the contract's order.
func Totals(t *aggregate.Totals) []Total {
	return []Total{
		{"received", t.Received}, {"notifications", t.Notifications}, {"held", t.Held},
		{"deferred_messages", t.DeferredMessages}, {"recipients", t.Recipients}, {"delivered", t.Delivered},
		{"bounced", t.Bounced}, {"expired", t.Expired}, {"discarded", t.Discarded}, {"removed", t.Removed},
		{"queued", t.Queued}, {"lost", t.Lost}, {"forwarded", t.Forwarded}, {"deferred", t.Deferred},
		{"not_attempted", t.NotAttempted}, {"rejected", t.Rejected}, {"connections", t.Connections},
		{"bytes_received", t.BytesReceived}, {"bytes_delivered", t.BytesDelivered},
	}
}
