package status

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// seedEnum is the original enum, written down from its reference and not from the table.
var seedEnum = []struct {
	name   string
	number int
}{
	{"NOT_DEFINED", 0},
	{"GENERAL_FAILURE", -1},
	{"SYSTEM_STATUS", 211},
	{"HELP_MESSAGE", 214},
	{"SERVICE_READY", 220},
	{"SERVICE_CLOSING_TRANSMISSION_CHANNEL", 221},
	{"AUTHENTICATION_SUCCEEDED", 235},
	{"OK", 250},
	{"USER_NOT_LOCAL_WILL_FORWARD", 251},
	{"CANNOT_VERIFY_USER_WILL_ATTEMPT_DELIVERY", 252},
	{"BASE_64_RESPONSE", 334},
	{"START_MAIL_INPUT", 354},
	{"SERVICE_NOT_AVAILABLE", 421},
	{"PASSWORD_TRANSITION_NEEDED", 432},
	{"MAILBOX_BUSY", 450},
	{"LOCAL_ERROR_IN_PROCESSING", 451},
	{"INSUFFICIENT_STORAGE", 452},
	{"CLIENT_NOT_PERMITTED", 454},
	{"COMMAND_UNRECOGNIZED", 500},
	{"SYNTAX_ERROR", 501},
	{"COMMAND_NOT_IMPLEMENTED", 502},
	{"COMMAND_NOT_PERMITTED", 503},
	{"UNRECOGNIZED_AUTHENTICATION_TYPE", 504},
	{"AUTHENTICATION_REQUIRED", 530},
	{"AUTHENTICATION_MECHANISM_IS_TO_WEAK", 534},
	{"CREDENTIALS_INVALID", 535},
	{"ENCRYPTION_REQUIRED_REQUESTED_MECHANISM", 538},
	{"MAILBOX_UNAVAILABLE", 550},
	{"USER_NOT_LOCAL_TRY_ALTERNATE_PATH", 551},
	{"EXCEEDED_STORAGE_ALLOCATION", 552},
	{"MAILBOX_NAME_NOT_ALLOWED", 553},
	{"TRANSACTION_FAILED", 554},
}

func TestSeedEnum(t *testing.T) {
	if len(seedEnum) != 32 {
		t.Fatalf("%d members written down, want 32", len(seedEnum))
	}
	all := Codes()
	for i, want := range seedEnum {
		got := all[i]
		if got.Name != want.name || got.Code.Number() != want.number || got.Code.String() != want.name {
			t.Errorf("member %d: got %s %d, want %s %d", i, got.Name, got.Code, want.name, want.number)
		}
	}
}

func TestOtherCodes(t *testing.T) {
	want := []int{253, 422, 430, 453, 455, 458, 459, 521, 523, 524, 525, 533, 555, 556}
	var got []int
	for _, info := range Codes()[len(seedEnum):] {
		got = append(got, info.Code.Number())
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// goNames gives the constants by name, so that the table's GoName column can be checked.
var goNames = map[string]Code{
	"NotDefined": NotDefined, "GeneralFailure": GeneralFailure, "SystemStatus": SystemStatus,
	"HelpMessage": HelpMessage, "ServiceReady": ServiceReady,
	"ServiceClosingTransmissionChannel": ServiceClosingTransmissionChannel,
	"AuthenticationSucceeded":           AuthenticationSucceeded, "OK": OK,
	"UserNotLocalWillForward":             UserNotLocalWillForward,
	"CannotVerifyUserWillAttemptDelivery": CannotVerifyUserWillAttemptDelivery,
	"Base64Response":                      Base64Response, "StartMailInput": StartMailInput,
	"ServiceNotAvailable": ServiceNotAvailable, "PasswordTransitionNeeded": PasswordTransitionNeeded,
	"MailboxBusy": MailboxBusy, "LocalErrorInProcessing": LocalErrorInProcessing,
	"InsufficientStorage": InsufficientStorage, "ClientNotPermitted": ClientNotPermitted,
	"CommandUnrecognized": CommandUnrecognized, "SyntaxError": SyntaxError,
	"CommandNotImplemented": CommandNotImplemented, "CommandNotPermitted": CommandNotPermitted,
	"UnrecognizedAuthenticationType":       UnrecognizedAuthenticationType,
	"AuthenticationRequired":               AuthenticationRequired,
	"AuthenticationMechanismIsToWeak":      AuthenticationMechanismIsToWeak,
	"CredentialsInvalid":                   CredentialsInvalid,
	"EncryptionRequiredRequestedMechanism": EncryptionRequiredRequestedMechanism,
	"MailboxUnavailable":                   MailboxUnavailable,
	"UserNotLocalTryAlternatePath":         UserNotLocalTryAlternatePath,
	"ExceededStorageAllocation":            ExceededStorageAllocation,
	"MailboxNameNotAllowed":                MailboxNameNotAllowed, "TransactionFailed": TransactionFailed,
	"PendingMessagesStarted":          PendingMessagesStarted,
	"PasswordTransitionRequired":      PasswordTransitionRequired,
	"InvalidCommand":                  InvalidCommand,
	"NoMailWaiting":                   NoMailWaiting,
	"UnableToAccommodateParameters":   UnableToAccommodateParameters,
	"UnableToQueueMessages":           UnableToQueueMessages,
	"NodeNotAllowed":                  NodeNotAllowed,
	"HostDoesNotAcceptMail":           HostDoesNotAcceptMail,
	"EncryptionNeeded":                EncryptionNeeded,
	"EncryptionRequiredForMechanism":  EncryptionRequiredForMechanism,
	"UserAccountDisabled":             UserAccountDisabled,
	"DeliveryNotAuthorized":           DeliveryNotAuthorized,
	"MailOrRcptParameterUnrecognized": MailOrRcptParameterUnrecognized,
	"DomainDoesNotAcceptMail":         DomainDoesNotAcceptMail,
}

var sourced = regexp.MustCompile(`^(RFC \d+( \d+(\.\d+)*)?(, (RFC \d+|\d+(\.\d+)*|RFC \d+ \d+(\.\d+)*))*|IANA registry|smtplog: no RFC)$`)

// wireName is the wire name that a Go name stands for.
func wireName(goName string) string {
	var b strings.Builder
	for i := range len(goName) {
		c := goName[i]
		if i > 0 && (isUpper(c) && !isUpper(goName[i-1]) || isDigit(c) && !isDigit(goName[i-1])) {
			b.WriteByte('_')
		}
		b.WriteByte(c)
	}
	return strings.ToUpper(b.String())
}

func TestCodeTable(t *testing.T) {
	all := Codes()
	if len(all) != len(goNames) {
		t.Errorf("%d rows for %d constants", len(all), len(goNames))
	}
	seen := map[any]bool{}
	for i, info := range all {
		if i > 1 && i != len(seedEnum) && info.Code <= all[i-1].Code {
			t.Errorf("%s: out of order", info.Name)
		}
		for _, key := range []any{info.Code, info.Name, info.GoName, info.Meaning} {
			if seen[key] && info.Name != info.GoName {
				t.Errorf("%s: %v occurs twice", info.Name, key)
			}
			seen[key] = true
		}
		if c, ok := goNames[info.GoName]; !ok || c != info.Code {
			t.Errorf("%s: constant %s is %d, row %d", info.Name, info.GoName, c, info.Code)
		}
		if wireName(info.GoName) != info.Name {
			t.Errorf("%s is not the Go form of %s", info.GoName, info.Name)
		}
		if info.Meaning == "" || info.Logged == "" || !sourced.MatchString(info.Source) {
			t.Errorf("%s: incomplete row, source %q", info.Name, info.Source)
		}
		if CodeOf(info.Code.Number()) != info.Code {
			t.Errorf("CodeOf(%d) = %v", info.Code.Number(), CodeOf(info.Code.Number()))
		}
		if got, ok := info.Code.Info(); !ok || got != info {
			t.Errorf("%v.Info() = %+v, %v", info.Code, got, ok)
		}
		text, err := info.Code.MarshalText()
		if err != nil {
			t.Errorf("%v.MarshalText: %v", info.Code, err)
		}
		for _, s := range []string{string(text), strings.ToLower(info.Name), info.GoName, fmt.Sprint(info.Code.Number())} {
			if got, err := ParseCode(s); got != info.Code || err != nil {
				t.Errorf("ParseCode(%q) = %v, %v, want %v", s, got, err, info.Code)
			}
		}
	}
	all[0].Name = "changed"
	if Codes()[0].Name != "NOT_DEFINED" {
		t.Error("Codes does not return a copy")
	}
}

func TestCodeOf(t *testing.T) {
	for reply := -1000; reply <= 70000; reply++ {
		c := CodeOf(reply)
		if c != NotDefined && c.Number() != reply {
			t.Errorf("CodeOf(%d) = %v", reply, c)
		}
	}
	if c := CodeOf(571); c != NotDefined {
		t.Errorf("CodeOf(571) = %v, want %v", c, NotDefined)
	}
}

func TestCodeNoMember(t *testing.T) {
	c := Code(571)
	if got := c.String(); got != "Code(571)" {
		t.Errorf("got %q", got)
	}
	if _, err := c.MarshalText(); err == nil {
		t.Errorf("MarshalText of %v: no error", c)
	}
	if _, ok := c.Info(); ok {
		t.Errorf("%v has Info", c)
	}
	for _, s := range []string{"", "571", "-2", "MAILBOX", "Code(571)", "550 ", "99999999999999999999"} {
		_, err := ParseCode(s)
		var perr *ParseError
		if !errors.As(err, &perr) || perr.Input != s {
			t.Errorf("ParseCode(%q): error %v", s, err)
		}
	}
	before := MailboxBusy
	if err := before.UnmarshalText([]byte("x")); err == nil || before != MailboxBusy {
		t.Errorf("UnmarshalText of no code: %v, %v", before, err)
	}
}

func TestCodeJSON(t *testing.T) {
	b, err := json.Marshal(map[Code]Code{OK: MailboxUnavailable})
	if err != nil || string(b) != `{"OK":"MAILBOX_UNAVAILABLE"}` {
		t.Errorf("got %s, %v", b, err)
	}
	var m map[Code]Code
	if err := json.Unmarshal(b, &m); err != nil || m[OK] != MailboxUnavailable {
		t.Errorf("got %v, %v", m, err)
	}
}

func TestCodeAllocs(t *testing.T) {
	buf := make([]byte, 0, 64)
	for name, f := range map[string]func(){
		"CodeOf":     func() { CodeOf(550) },
		"String":     func() { _ = MailboxUnavailable.String() },
		"Info":       func() { MailboxUnavailable.Info() },
		"AppendText": func() { buf, _ = MailboxUnavailable.AppendText(buf[:0]) },
		"ParseCode":  func() { _, _ = ParseCode("mailbox_unavailable") },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s: %v allocs, want 0", name, n)
		}
	}
}
