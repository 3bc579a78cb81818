package parser

import (
	"bytes"
	"time"

	"github.com/smtplog/smtplog/status"
)

// Kind says what a log line means. Its words are the "event" field of the JSON
// contract.
type Kind uint8

// The kinds of events. The zero Kind is None: no event, another program's line.
const (
	None Kind = iota
	// Unknown is a line of the MTA whose payload no rule recognises; Event.Text holds it.
	Unknown
	// Other is recognised by a rule and deliberately without further meaning.
	Other
	// Received: a message enters the queue (Postfix client=, uid=, message-id=; Exim <=, (=).
	Received
	// Queued: Postfix qmgr "(queue active)".
	Queued
	// Delivered, Deferred and Bounced are one attempt for one recipient each
	// (Postfix status=; Exim => -> >> *>, ==, **).
	Delivered
	Deferred
	Bounced
	// Forwarded: handed on inside this host under another queue ID.
	Forwarded
	// Expired: given up after the queue lifetime.
	Expired
	// HostError is evidence about one remote host, never counted as an attempt.
	HostError
	// Rejected is an inbound refusal, of any verb at any stage.
	Rejected
	// Discarded: accepted from the client and thrown away.
	Discarded
	// Held: put on hold (Postfix) or frozen (Exim).
	Held
	// Warning: reject_warning, warnings, errors, fatal, panic; Event.Severity says which.
	Warning
	// Completed: Postfix qmgr "removed", Exim "Completed".
	Completed
	// Removed: deleted by the administrator (postsuper -d, exim -Mrm).
	Removed
	// Released from hold, thawed, or requeued under the same queue ID.
	Released
	// Notification: our own bounce, delay or success notice; NextQueueID is the notice,
	// QueueID the message it is about.
	Notification
	// Probe: an address probe's result (deliverable, undeliverable).
	Probe
	// Connected and Disconnected: an inbound session begins or ends.
	Connected
	Disconnected
	// AuthFailed: an inbound authentication failed.
	AuthFailed
	// TLS: a TLS session was established, or could not be.
	TLS
	// Redirected: all recipients of a message are replaced by one (Postfix REDIRECT).
	Redirected

	kindCount
)

var kindNames = [kindCount]string{
	None: "", Unknown: "unknown", Other: "other", Received: "received", Queued: "queued",
	Delivered: "delivered", Deferred: "deferred", Bounced: "bounced", Forwarded: "forwarded",
	Expired: "expired", HostError: "host_error", Rejected: "rejected", Discarded: "discarded",
	Held: "held", Warning: "warning", Completed: "completed", Removed: "removed",
	Released: "released", Notification: "notification", Probe: "probe", Connected: "connected",
	Disconnected: "disconnected", AuthFailed: "auth_failed", TLS: "tls", Redirected: "redirected",
}

// String returns the contract's word, "" for None.
func (k Kind) String() string {
	if k < kindCount {
		return kindNames[k]
	}
	return ""
}

// Kinds returns all kinds but None, in order.
func Kinds() []Kind {
	ks := make([]Kind, 0, kindCount-1)
	for k := Unknown; k < kindCount; k++ {
		ks = append(ks, k)
	}
	return ks
}

// Direction is where a message or session goes, seen from this host.
type Direction uint8

// The zero Direction means that the line does not tell.
const (
	DirectionNone Direction = iota
	In                      // from a client to us
	Out                     // from us to another host
	Local                   // within this host: mailbox, command, file, submission by a local user
)

// String returns in, out, local or "".
func (d Direction) String() string {
	return [...]string{"", "in", "out", "local"}[d&3]
}

// Severity of a Warning event.
type Severity uint8

// Severities, mildest first. RejectWarning is Postfix's reject_warning: a refusal
// that was only logged. The zero Severity means the event is no warning.
const (
	SeverityNone Severity = iota
	RejectWarning
	SeverityWarning
	SeverityError
	SeverityFatal
	SeverityPanic
)

// String returns reject_warning, warning, error, fatal, panic or "".
func (s Severity) String() string {
	return [...]string{"", "reject_warning", "warning", "error", "fatal", "panic", "", ""}[s&7]
}

// Has marks the numeric fields that a line carried, because zero is a value for them.
type Has uint8

// The fields that Has can mark.
const (
	HasSize Has = 1 << iota
	HasNRcpt
	HasDelay
	HasDelays
	HasDeliveryTime
)

// Peer is a host as logged. All fields may be empty; the zero Peer is absent.
type Peer struct {
	Name []byte // host name, "unknown", a pipe service's name, or a socket's name
	IP   []byte // without brackets; a socket's path where the MTA logs one there
	Port uint16 // 0: not logged
	Helo []byte // clients only
}

// Event is what one log line says. Absent fields are zero.
//
// Its []byte fields alias the parsed line or the Parser's own buffer and are valid until
// the next call of Parse; Clone an Event to keep it.
type Event struct {
	Kind      Kind
	MTA       MTA
	Direction Direction
	Severity  Severity
	Has       Has
	Stage     status.Stage
	Origin    status.Origin

	// NotAttempted: a deferral without an attempt (Postfix "delivery temporarily
	// suspended" and the like, Exim "retry time not reached").
	NotAttempted bool
	// SoftBounce: Postfix soft_bounce=yes turned a bounce into a deferral.
	SoftBounce bool
	// Reason says why a failure failed. The parser leaves it out; see package aggregate.
	Reason status.Reason
	// Late: the refusal ends a message that already has a queue ID (Postfix cleanup,
	// milter or proxy at or after DATA; Exim ACL after DATA), or Postfix's discard does.
	Late bool
	// Continued: the line only goes on with the one before (a header of a reject log
	// block, the second line of a warning). Its Kind is Other.
	Continued bool
	// Cut: the line of a failure may have been cut at its end (it is long, or the text's parenthesis
	// is not closed). Where addresses are logged without quotes it may be a long address that imitates the
	// rest of another's line, and whose own is cut off.
	Cut bool
	// Repeat is N of syslog's "message repeated N times: [...]": the event happened N
	// times. 0 means once.
	Repeat int

	Time     time.Time // of the line; the zero Time if it has none
	Host     []byte    // the host that logged
	Instance []byte    // Postfix syslog_name ("postfix", "postfix-out"); Exim's program name under syslog
	Program  []byte    // the tag as logged, without pid: "postfix/smtp", "exim"
	Service  []byte    // the daemon or service: "smtp", "submission/smtpd"; empty for Exim
	PID      int       // 0: not logged

	QueueID       []byte
	MessageID     []byte // without brackets
	Sender        []byte // envelope sender; "<>" is the null reverse-path
	Recipient     []byte // envelope recipient as logged, brackets removed, quotes kept
	OrigRecipient []byte // before aliases: Postfix orig_to=, Exim's address in brackets
	Recipients    []byte // Exim's "for a b c" as logged: the announced recipients
	Client        Peer   // inbound: who talks to us
	User          []byte // SASL or login name, or the local submitter (uid=, U=)
	Relay         Peer   // outbound: the next hop

	Size   int64 // bytes
	NRcpt  int   // announced recipients
	Delay  time.Duration
	Delays [4]time.Duration // before qmgr, in qmgr, connection setup, transmission
	// DeliveryTime is how long Exim worked on the delivery itself (DT=, log selector
	// deliver_time).
	DeliveryTime time.Duration
	TLS          []byte // Postfix tls=, Exim X=, or a session's protocol and cipher

	// Code is the logged reply code that the MTA acted on, 0 where none was logged.
	Code int
	// CodeInferred is Exim's default for a refusal whose code it did not log: 550 or 451.
	CodeInferred int
	// Enhanced is the reply's own enhanced status code, or dsn= where there is no reply.
	Enhanced status.Enhanced
	// DSN is Postfix's dsn= as logged.
	DSN  status.Enhanced
	Text []byte // the reply's text without codes, or the MTA's own words
	// Folded is Text with its variable parts folded, nil where it was not. The parser leaves it
	// out; see package aggregate.
	Folded []byte
	Detail []byte // what a refusal is about: a header line, a DNS list's name, a restriction; a probe's result

	// NextQueueID is the ID under which the next hop took the message, or the ID of a
	// notification; PrevQueueID is where this message came from (Postfix orig_queue_id=,
	// orig_id=; Exim R= of a bounce).
	NextQueueID []byte
	PrevQueueID []byte
	// PrevClient is the client that gave the message to the previous hop (orig_client=).
	PrevClient Peer
}

// Attempt reports whether the event is the result of one delivery attempt, or of an
// attempt put off, for one recipient.
func (e *Event) Attempt() bool {
	return e.Kind == Delivered || e.Kind == Deferred || e.Kind == Bounced || e.Kind == Forwarded
}

// Clone returns a copy of the event that owns its bytes.
func (e *Event) Clone() Event {
	c := *e
	for _, b := range c.fields() {
		*b = bytes.Clone(*b)
	}
	return c
}

// fields are the event's bytes.
func (e *Event) fields() [26]*[]byte {
	return [...]*[]byte{
		&e.Host, &e.Instance, &e.Program, &e.Service, &e.QueueID, &e.MessageID, &e.Sender, &e.Recipient,
		&e.OrigRecipient, &e.Recipients, &e.Client.Name, &e.Client.IP, &e.Client.Helo, &e.User, &e.Relay.Name,
		&e.Relay.IP, &e.Relay.Helo, &e.TLS, &e.Text, &e.Folded, &e.Detail, &e.NextQueueID, &e.PrevQueueID,
		&e.PrevClient.Name, &e.PrevClient.IP, &e.PrevClient.Helo,
	}
}
