package render

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/smtplog/smtplog/status"
)

// Explanation appends one answer of `explain` as a JSON object. id is what the question
// brought along: a string, a json.Number, or nil.
func Explanation(b []byte, id any, r *status.Result) []byte {
	o := object{b: b}
	o.begin()
	switch id := id.(type) {
	case string:
		o.key("id")
		o.b = appendString(o.b, id)
	case json.Number:
		o.key("id")
		o.b = append(o.b, id...)
	}
	o.int("code", int64(r.Code))
	o.enhanced("enhanced", r.Enhanced)
	str(&o, "status", r.Status.String())
	str(&o, "reason", r.Reason.String())
	str(&o, "category", r.Reason.Category().String())
	str(&o, "type", r.Reason.Type().String())
	str(&o, "action", r.Reason.Action().String())
	str(&o, "rule", r.Rule)
	o.key("matched")
	o.b = append(o.b, '[')
	for i, m := range r.Matched {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		o.b = appendString(o.b, m)
	}
	o.b = append(o.b, ']')
	str(&o, "list", r.List)
	str(&o, "provider", r.Provider)
	str(&o, "provider_code", r.ProviderCode)
	str(&o, "origin", r.Origin.String())
	str(&o, "stage", r.Stage.String())
	o.key("confidence")
	o.b = strconv.AppendFloat(o.b, r.Confidence, 'f', -1, 64)
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
