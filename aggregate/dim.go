package aggregate

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/smtplog/smtplog/parser"
	"github.com/smtplog/smtplog/status"
)

// Dim is a dimension to group or filter by.
type Dim uint8

// The dimensions. DimNone is none.
const (
	DimNone Dim = iota
	DimTime
	DimStatus
	DimCode
	DimEnhanced
	DimOrigin
	DimStage
	DimDomain
	DimRelay
	DimSender
	DimSenderDomain
	DimRecipient
	DimUser
	DimClient
	DimHost
	DimInstance
	DimService
	DimMTA
	DimDirection
	DimReply
	DimReason
	DimCategory
	DimType
	DimProvider
	DimQueueID
	DimMessageID
	dimCount
)

// dims is the one table of dimensions: the word for --by, and whether it is offered there
// (the others only filter).
var dims = [dimCount]struct {
	name string
	by   bool
}{
	DimTime: {"time", true}, DimStatus: {"status", true}, DimCode: {"code", true},
	DimEnhanced: {"enhanced", true}, DimOrigin: {"origin", true}, DimStage: {"stage", true},
	DimDomain: {"domain", true}, DimRelay: {"relay", true}, DimSender: {"sender", true},
	DimSenderDomain: {"sender_domain", true}, DimRecipient: {"recipient", true},
	DimUser: {"user", true}, DimClient: {"client", true}, DimHost: {"host", true},
	DimInstance: {"instance", true}, DimService: {"service", true}, DimMTA: {"mta", true},
	DimDirection: {"direction", true}, DimReply: {"reply", true},
	DimReason: {"reason", true}, DimCategory: {"category", true}, DimType: {"type", true}, DimProvider: {"provider", true},
	DimQueueID: {"queue_id", false}, DimMessageID: {"message_id", false},
}

// String returns the dimension's word.
func (d Dim) String() string {
	if d < dimCount {
		return dims[d].name
	}
	return ""
}

// GroupDims returns the dimensions that --by takes.
func GroupDims() []Dim {
	var ds []Dim
	for d := range dimCount {
		if dims[d].by {
			ds = append(ds, d)
		}
	}
	return ds
}

// ParseDims parses a comma-separated list of dimensions to group by.
func ParseDims(s string) ([]Dim, error) {
	var ds []Dim
words:
	for word := range strings.SplitSeq(s, ",") {
		word = strings.ToLower(strings.TrimSpace(word))
		for _, d := range GroupDims() {
			if d.String() == word {
				ds = append(ds, d)
				continue words
			}
		}
		var names []string
		for _, d := range GroupDims() {
			names = append(names, d.String())
		}
		return nil, fmt.Errorf("unknown dimension %q, want one of %s", word, strings.Join(names, ", "))
	}
	return ds, nil
}

// View is what can be grouped and filtered: an event with the message it belongs to, or one
// recipient of a finished message. Either Event or Recipient is set; Message may be nil.
type View struct {
	Event     *parser.Event
	Message   *Message
	Recipient *Recipient

	zone    *time.Location
	every   Every
	reasons *reasons
	names   *names

	settled              *Recipient // that the ledger gave Event to; nil: not known
	peer                 *knownPeer // Event's relay; nil: not known
	domain, relay, reply uint32     // Event's numbers; 0: not looked up
}

// Append appends the view's value of d to dst: nothing where it has none. Control bytes do
// not matter here; whoever prints a value escapes it.
func (v *View) Append(dst []byte, d Dim) []byte {
	switch d {
	case DimTime:
		return v.every.Start(v.time().In(v.zone)).AppendFormat(dst, time.RFC3339)
	case DimMTA:
		return append(dst, v.mta().String()...)
	case DimHost:
		return v.either(dst, func(e *parser.Event) []byte { return e.Host }, func(m *Message) string { return m.Host })
	case DimInstance:
		return v.either(dst, func(e *parser.Event) []byte { return e.Instance }, func(m *Message) string { return m.Instance })
	case DimQueueID:
		return v.either(dst, func(e *parser.Event) []byte { return e.QueueID }, func(m *Message) string { return m.QueueID })
	case DimMessageID:
		return v.either(dst, func(e *parser.Event) []byte { return e.MessageID }, func(m *Message) string { return m.MessageID })
	case DimSender:
		return v.either(dst, func(e *parser.Event) []byte { return e.Sender }, func(m *Message) string { return m.Sender })
	case DimSenderDomain:
		n := len(dst)
		return domainOf(v.Append(dst, DimSender), n)
	case DimUser:
		return v.either(dst, func(e *parser.Event) []byte { return e.User }, func(m *Message) string { return cmp.Or(m.login, m.User) })
	case DimClient:
		return v.either(dst, func(e *parser.Event) []byte { return clientOf(&e.Client) }, func(m *Message) string {
			if m.Client.IP != "" {
				return m.Client.IP
			}
			return m.Client.Name
		})
	case DimService:
		if v.Event != nil {
			return append(dst, v.Event.Service...)
		}
	case DimRecipient:
		if v.Recipient != nil {
			return append(dst, v.Recipient.Address...)
		}
		if v.Event != nil {
			return append(dst, v.Event.Recipient...)
		}
	case DimDomain:
		return v.appendDomain(dst)
	case DimRelay:
		if v.Recipient != nil {
			return appendEither(dst, v.Recipient.Relay.Name, v.Recipient.Relay.IP)
		}
		if v.Event != nil {
			return appendEither(dst, v.Event.Relay.Name, v.Event.Relay.IP)
		}
	case DimProvider:
		if v.Recipient != nil || v.Event != nil && v.Event.Direction == parser.Out {
			return append(dst, v.reasons.provider(v)...)
		}
	case DimDirection:
		return append(dst, v.direction().String()...)
	}
	return v.appendAnswer(dst, d)
}

// appendAnswer appends the dimensions of the reply.
func (v *View) appendAnswer(dst []byte, d Dim) []byte {
	a := v.answer()
	switch d {
	case DimStatus:
		if c, ok := v.Status(); ok {
			return append(dst, c.String()...)
		}
	case DimCode:
		if a.Code != 0 {
			return strconv.AppendInt(dst, int64(a.Code), 10)
		}
	case DimEnhanced:
		dst, _ = a.Enhanced.AppendText(dst)
		return dst
	case DimStage:
		return append(dst, a.Stage.String()...)
	case DimOrigin:
		return append(dst, a.Origin.String()...)
	case DimReason:
		return append(dst, a.Reason.String()...)
	case DimCategory:
		return append(dst, a.Reason.Category().String()...)
	case DimType:
		return append(dst, a.Reason.Type().String()...)
	case DimReply:
		if v.Recipient != nil {
			return status.Fold(dst, []byte(v.Recipient.Answer.Text))
		}
		if v.Event != nil && v.Event.Folded != nil {
			return append(dst, v.Event.Folded...)
		}
		if v.Event != nil {
			return status.Fold(dst, v.Event.Text)
		}
	}
	return dst
}

// Status returns the view's member of the status enum; ok is false where no answer is
// involved.
func (v *View) Status() (c status.Code, ok bool) {
	if v.Recipient != nil {
		return v.Recipient.Status, v.Recipient.Answered()
	}
	if v.Event == nil {
		return 0, false
	}
	return EventStatus(v.Event)
}

// EventStatus is the event's member of the status enum (docs/contract.md): for failures and
// successes of delivery see StatusOf; a refusal without a logged code is NOT_DEFINED; ok is
// false where no answer is involved.
func EventStatus(ev *parser.Event) (c status.Code, ok bool) {
	switch {
	case ev.Attempt(), ev.Kind == parser.Expired, ev.Kind == parser.HostError:
		return StatusOf(ev.Kind, ev.Code), true
	case ev.Code != 0:
		return status.CodeOf(ev.Code), true
	case ev.Kind == parser.Rejected, ev.Kind == parser.AuthFailed:
		return status.NotDefined, true
	}
	return 0, false
}

func (v *View) time() time.Time {
	if v.Recipient != nil {
		return v.Recipient.Time
	}
	if v.Event != nil {
		return v.Event.Time
	}
	return v.Message.First
}

// direction is that of the event, or of the recipient's attempts.
func (v *View) direction() parser.Direction {
	switch {
	case v.Recipient != nil:
		return v.Recipient.Direction
	case v.Event != nil:
		return v.Event.Direction
	}
	return parser.DirectionNone
}

func (v *View) mta() parser.MTA {
	if v.Event != nil {
		return v.Event.MTA
	}
	return v.Message.MTA
}

// either appends what the event says, else what its message says.
func (v *View) either(dst []byte, e func(*parser.Event) []byte, m func(*Message) string) []byte {
	if v.Event != nil {
		if b := e(v.Event); len(b) > 0 {
			return append(dst, b...)
		}
	}
	if v.Message != nil {
		return append(dst, m(v.Message)...)
	}
	return dst
}

func clientOf(p *parser.Peer) []byte {
	if len(p.IP) > 0 {
		return p.IP
	}
	return p.Name
}

func appendEither[S string | []byte](dst []byte, a, b S) []byte {
	if len(a) > 0 {
		return append(dst, a...)
	}
	return append(dst, b...)
}

// appendDomain appends the recipient's domain. A local delivery may log only a local part, a
// command or a file; the address before aliases has the domain then.
func (v *View) appendDomain(dst []byte) []byte {
	n := len(dst)
	dst = domainOf(v.Append(dst, DimRecipient), n)
	if len(dst) > n {
		return dst
	}
	if v.Recipient != nil {
		dst = append(dst, v.Recipient.Original...)
	} else if v.Event != nil {
		dst = append(dst, v.Event.OrigRecipient...)
	}
	return domainOf(dst, n)
}

// domainOf reduces the address at dst[n:] to its domain in lower case, nothing where it has
// none.
func domainOf(dst []byte, n int) []byte {
	for i := len(dst) - 1; i >= n; i-- {
		if dst[i] == '@' {
			m := copy(dst[n:], dst[i+1:])
			dst = dst[:n+m]
			for j := n; j < len(dst); j++ {
				dst[j] = lower(dst[j])
			}
			return dst
		}
	}
	return dst[:n]
}
