package status

// Reason says why mail was not delivered: one of 34 causes. The zero Reason, ReasonNone,
// means that there is no failure, or that nobody looked; a failure without a known cause is
// Undetermined.
type Reason uint8

// The reasons, by category.
const (
	ReasonNone Reason = iota

	UserUnknown
	AddressInvalid
	MailboxDisabled
	MailboxMoved
	MailboxFull
	RecipientRejected

	DomainUnknown
	DomainNoMail
	RelayDenied
	RoutingLoop

	DNSError
	ConnectionFailed
	TLSFailed
	Expired

	ServerError
	SystemFull
	MailerError

	Greylisted
	RateLimited
	TooManyConnections
	TooManyRecipients

	IPBlocked
	BadReputation
	PTRMissing

	SenderAuthFailed
	SenderRejected
	SMTPAuthRequired

	SpamContent
	VirusContent
	MessageTooBig
	ContentRejected
	PolicyRejected

	ProtocolErr
	Undetermined
)

// Category is the kind of cause that a Reason belongs to. The zero Category means none.
type Category uint8

// The categories.
const (
	CategoryNone Category = iota
	CategoryRecipient
	CategoryRouting
	CategoryNetwork
	CategoryServer
	CategoryRate
	CategoryReputation
	CategorySender
	CategoryContent
	CategoryOther
)

// Type says whether a failure lasts. The zero Type means none.
type Type uint8

// The types.
const (
	TypeNone         Type = iota
	TypeHard              // permanent for this recipient or message
	TypeSoft              // worth another attempt
	TypeUndetermined      // not about the recipient, or it cannot be told
)

// Action is what to do about a failure. The zero Action means nothing.
type Action uint8

// The actions.
const (
	ActionNone              Action = iota
	ActionSuppress                 // send nothing more to this address
	ActionRetryThenSuppress        // try again; suppress what fails for weeks
	ActionRetry                    // try again
	ActionSlowDown                 // try again, with less mail at a time
	ActionFixConfig                // something on the sending side, or the MX, is set up wrongly
	ActionContactProvider          // ask the receiver or the list to lift the block
	ActionReviewContent            // look at the message
	ActionReview                   // let a person read the reply
)

var categoryNames = [...]string{
	"", "recipient", "routing", "network", "server", "rate", "reputation", "sender", "content", "other",
}

var typeNames = [...]string{"", "hard", "soft", "undetermined"}

var actionNames = [...]string{
	"", "suppress", "retry_then_suppress", "retry", "slow_down", "fix_config", "contact_provider",
	"review_content", "review",
}

// String returns the category's word, such as "recipient"; "" for CategoryNone.
func (c Category) String() string { return enumName(categoryNames[:], c) }

// Categories returns all categories in their order. The caller owns the slice.
func Categories() []Category {
	all := make([]Category, 0, len(categoryNames)-1)
	for c := CategoryRecipient; int(c) < len(categoryNames); c++ {
		all = append(all, c)
	}
	return all
}

// ParseCategory returns the category with the given word, in any case; CategoryNone for "".
// The error is a *ParseError.
func ParseCategory(s string) (Category, error) {
	return parseEnum[Category](categoryNames[:], s, "a category such as recipient")
}

// AppendText appends the category's word to b. The error is always nil.
func (c Category) AppendText(b []byte) ([]byte, error) { return append(b, c.String()...), nil }

// MarshalText returns the category's word. The error is always nil.
func (c Category) MarshalText() ([]byte, error) { return c.AppendText(nil) }

// UnmarshalText sets c as ParseCategory does.
func (c *Category) UnmarshalText(text []byte) error { return unmarshalEnum(c, text, ParseCategory) }

// String returns "hard", "soft" or "undetermined"; "" for TypeNone.
func (t Type) String() string { return enumName(typeNames[:], t) }

// AppendText appends the type's word to b. The error is always nil.
func (t Type) AppendText(b []byte) ([]byte, error) { return append(b, t.String()...), nil }

// MarshalText returns the type's word. The error is always nil.
func (t Type) MarshalText() ([]byte, error) { return t.AppendText(nil) }

// String returns the action's word, such as "slow_down"; "" for ActionNone.
func (a Action) String() string { return enumName(actionNames[:], a) }

// AppendText appends the action's word to b. The error is always nil.
func (a Action) AppendText(b []byte) ([]byte, error) { return append(b, a.String()...), nil }

// MarshalText returns the action's word. The error is always nil.
func (a Action) MarshalText() ([]byte, error) { return a.AppendText(nil) }

// ReasonInfo is what is known about a reason.
type ReasonInfo struct {
	Reason   Reason
	Name     string // "user_unknown"
	Category Category
	Type     Type
	Action   Action
	Meaning  string // what it says
	Advice   string // what a person can do about it
}

// reasonOf returns r's row; that of ReasonNone for a Reason that is no member.
func reasonOf(r Reason) *ReasonInfo {
	if int(r) >= len(reasons) {
		r = ReasonNone
	}
	return &reasons[r]
}

// Reasons returns all reasons but ReasonNone, by category. The caller owns the slice.
func Reasons() []Reason {
	all := make([]Reason, 0, len(reasons)-1)
	for r := UserUnknown; int(r) < len(reasons); r++ {
		all = append(all, r)
	}
	return all
}

// ParseReason returns the reason with the given word, in any case; ReasonNone for "". The
// error is a *ParseError.
func ParseReason(s string) (Reason, error) {
	for r := range reasons {
		if equalFold(s, reasons[r].Name) {
			return Reason(r), nil
		}
	}
	return ReasonNone, &ParseError{s, "a reason such as user_unknown"}
}

// String returns the reason's word, such as "user_unknown"; "" for ReasonNone.
func (r Reason) String() string { return reasonOf(r).Name }

// Category returns the category that r belongs to.
func (r Reason) Category() Category { return reasonOf(r).Category }

// Type says whether r lasts.
func (r Reason) Type() Type { return reasonOf(r).Type }

// Action says what to do about r.
func (r Reason) Action() Action { return reasonOf(r).Action }

// Info returns what is known about r; the zero ReasonInfo for ReasonNone.
func (r Reason) Info() ReasonInfo { return *reasonOf(r) }

// AppendText appends the reason's word to b. The error is always nil.
func (r Reason) AppendText(b []byte) ([]byte, error) { return append(b, r.String()...), nil }

// MarshalText returns the reason's word. The error is always nil.
func (r Reason) MarshalText() ([]byte, error) { return r.AppendText(nil) }

// UnmarshalText sets r as ParseReason does.
func (r *Reason) UnmarshalText(text []byte) error { return unmarshalEnum(r, text, ParseReason) }
