package render

import (
	"encoding/json"
	"strings"

	"github.com/smtplog/smtplog/parser"
	"github.com/smtplog/smtplog/status"
)

// Explained is one answer of `explain`.
type Explained struct {
	ID           any         // what the question brought along: a string, a json.Number, or nil
	Event        parser.Kind // of a log line; None: a reply, a code or a name
	Failed       bool        // there is a reason
	Answered     bool        // there is a status
	CodeInferred int         // see parser.Event
	status.Result
}

// Explanation appends one answer of `explain` as a JSON object.
func Explanation(b []byte, e *Explained) []byte {
	o := object{b: b}
	o.begin()
	switch id := e.ID.(type) {
	case string:
		o.key("id")
		o.b = appendString(o.b, id)
	case json.Number:
		o.key("id")
		o.b = append(o.b, id...)
	}
	str(&o, "event", e.Event.String())
	o.int("code", int64(e.Code))
	o.int("code_inferred", int64(e.CodeInferred))
	o.enhanced("enhanced", e.Enhanced)
	always := func(name string, is bool, value string) {
		o.key(name)
		if is {
			o.b = appendString(o.b, value)
		} else {
			o.b = append(o.b, "null"...)
		}
	}
	always("status", e.Answered, e.Status.String())
	always("reason", e.Failed, e.Reason.String())
	always("category", e.Failed, e.Reason.Category().String())
	always("type", e.Failed, e.Reason.Type().String())
	always("action", e.Failed, e.Reason.Action().String())
	always("rule", e.Failed, e.Rule)
	o.names("matched", e.Matched)
	str(&o, "list", e.List)
	str(&o, "provider", e.Provider)
	str(&o, "provider_code", e.ProviderCode)
	str(&o, "origin", e.Origin.String())
	str(&o, "stage", e.Stage.String())
	o.key("confidence")
	if e.Failed {
		o.b = appendCell(o.b, e.Confidence)
	} else {
		o.b = appendCell(o.b, nil)
	}
	o.end()
	return o.b
}

// Facts lays out names and what they mean below a heading, for people.
func Facts(heading string, facts [][2]string, opt Options) string {
	const indent = 12
	var b strings.Builder
	for _, line := range wrap(Text(heading), opt.Width) {
		b.WriteString(opt.paint(bold, line) + "\n")
	}
	for _, f := range facts {
		for i, line := range wrap(Text(f[1]), opt.Width-indent-2) {
			name := f[0]
			if i > 0 {
				name = ""
			}
			b.WriteString("  " + name + strings.Repeat(" ", indent-len(name)) + line + "\n")
		}
	}
	return b.String()
}
