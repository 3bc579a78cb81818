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
func (l *bounceLog) perSenderRows(put func([]any) bool) {
	senders := make([]string, len(l.byTime))
	for _, i := range l.byTime {
		f := l.at(i)
		senders[i] = senderName(f.m.Sender, f.r.Address)
		if f.m.User != "" && f.m.Source == SourceSMTP {
			senders[i] = f.m.User
		}
	}
	order := slices.Clone(l.byTime)
	slices.SortStableFunc(order, func(i, j uint32) int { return cmp.Compare(senders[i], senders[j]) })
	var row []any
	for _, i := range order {
		f := l.at(i)
		a := &f.r.Answer
		advice := ""
		if a.Reason != status.ReasonNone {
			info := a.Reason.Info()
			advice = info.Meaning + ". " + info.Advice
		}
		row = append(row[:0], word(senders[i]), f.r.Time, f.r.Address, f.r.Outcome.String(), word(a.Reason.String()), word(advice), codeCell(a.Code),
			word(a.Enhanced.String()), word(a.Text), timeCell(l.later(Mailbox(f.r.Address), f.r.Time)), word(f.m.MessageID), f.m.QueueID)
		if !put(row) {
			return
		}
	}
}
