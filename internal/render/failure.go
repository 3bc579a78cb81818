package render

import (
	"strconv"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"

	"github.com/smtplog/smtplog/aggregate"
	"github.com/smtplog/smtplog/parser"
)

// Trouble tells whether an event is something that goes wrong: what the plain view of tail
// shows.
func Trouble(ev *parser.Event) bool {
	switch ev.Kind {
	case parser.Deferred, parser.Bounced, parser.Expired, parser.Rejected, parser.Discarded, parser.AuthFailed:
		return true
	case parser.Warning:
		return ev.Severity >= parser.SeverityError
	}
	return false
}

// Failure is one line about an event that Trouble picked: when, what, who to whom, with which
// status and for which reason, and what was said, cut to opt.Width (0: not at all).
func Failure(ev *parser.Event, opt Options) string {
	what, color := ev.Kind.String(), red
	switch ev.Kind {
	case parser.Deferred:
		color = yellow
	case parser.Rejected, parser.AuthFailed, parser.Discarded:
		color = faint
	case parser.Warning:
		what = ev.Severity.String()
	}
	var words []string
	add := func(s string) {
		if s != "" {
			words = append(words, Text(s))
		}
	}
	code := ""
	if ev.Code != 0 {
		code = strconv.Itoa(ev.Code)
	} else if s, ok := aggregate.EventStatus(ev); ok {
		code = strings.ToLower(s.String())
	}
	add(code)
	add(ev.Enhanced.String())
	add(ev.Reason.String())
	switch {
	case len(ev.Recipient) > 0:
		add(string(ev.Sender) + " -> " + string(ev.Recipient))
	case len(ev.Sender) > 0:
		add(string(ev.Sender))
	}
	if ev.Kind == parser.Rejected || ev.Kind == parser.AuthFailed {
		add(either(string(ev.Client.IP), string(ev.Client.Name)))
		add(string(ev.User))
	} else {
		add(either(string(ev.Relay.Name), string(ev.Relay.IP)))
	}
	line := strings.Join(words, "  ")
	if len(ev.Text) > 0 {
		line += ": " + Text(string(ev.Text))
	}
	if ev.Repeat > 1 {
		line += " (" + strconv.Itoa(ev.Repeat) + " times)"
	}
	head := strings.Repeat(" ", len(time.TimeOnly))
	if !ev.Time.IsZero() {
		head = ev.Time.In(opt.Zone).Format(time.TimeOnly)
	}
	head += "  "
	what += strings.Repeat(" ", max(0, 9-runewidth.StringWidth(what)))
	if opt.Width > 0 {
		line = cut(line, max(20, opt.Width-len(head)-len(what)-1))
	}
	return head + opt.paint(color, what) + " " + line
}
