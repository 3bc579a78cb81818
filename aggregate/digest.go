package aggregate

import (
	"cmp"
	"slices"

	"github.com/smtplog/smtplog/status"
)

// perSenderSpec is the one table of `bounces --per-sender`.
var perSenderSpec = spec{"per_sender", "Failed recipients of each sender", "recipients",
	[]Column{{"sender", "string"}, {"time", "time"}, {"recipient", "string"}, {"outcome", "string"}, {"reason", "string"},
		{"advice", "string"}, {"code", "integer"}, {"enhanced", "string"}, {"reply", "string"}, {"delivered_later", "time"},
		{"message_id", "string"}, {"queue_id", "string"}},
	from((*bounceLog).perSenderRows)}

// perSenderRows lists the failures of each sender, who is the user that logged in, else the
// envelope sender.
func (l *bounceLog) perSenderRows() [][]any {
	rows := make([][]any, len(l.failures))
	for i, f := range l.failures {
		a := &f.r.Answer
		sender := senderName(f.m.Sender, f.r.Address)
		if f.m.User != "" && f.m.Source == SourceSMTP {
			sender = f.m.User
		}
		advice := ""
		if a.Reason != status.ReasonNone {
			info := a.Reason.Info()
			advice = info.Meaning + ". " + info.Advice
		}
		rows[i] = []any{sender, f.r.Time, f.r.Address, f.r.Outcome.String(), word(a.Reason.String()), word(advice), codeCell(a.Code),
			word(a.Enhanced.String()), word(a.Text), timeCell(l.later(mailbox(f.r.Address), f.r.Time)), word(f.m.MessageID), f.m.QueueID}
	}
	slices.SortStableFunc(rows, func(a, b []any) int { return cmp.Compare(text(a[0]), text(b[0])) })
	return rows
}
