package status

// The members of the original enum. Names and numbers are those of the SmtpStatusCode
// enum of Aspose.Email, spelling included.
const (
	NotDefined                           Code = 0
	GeneralFailure                       Code = -1
	SystemStatus                         Code = 211
	HelpMessage                          Code = 214
	ServiceReady                         Code = 220
	ServiceClosingTransmissionChannel    Code = 221
	AuthenticationSucceeded              Code = 235
	OK                                   Code = 250
	UserNotLocalWillForward              Code = 251
	CannotVerifyUserWillAttemptDelivery  Code = 252
	Base64Response                       Code = 334
	StartMailInput                       Code = 354
	ServiceNotAvailable                  Code = 421
	PasswordTransitionNeeded             Code = 432
	MailboxBusy                          Code = 450
	LocalErrorInProcessing               Code = 451
	InsufficientStorage                  Code = 452
	ClientNotPermitted                   Code = 454
	CommandUnrecognized                  Code = 500
	SyntaxError                          Code = 501
	CommandNotImplemented                Code = 502
	CommandNotPermitted                  Code = 503
	UnrecognizedAuthenticationType       Code = 504
	AuthenticationRequired               Code = 530
	AuthenticationMechanismIsToWeak      Code = 534
	CredentialsInvalid                   Code = 535
	EncryptionRequiredRequestedMechanism Code = 538
	MailboxUnavailable                   Code = 550
	UserNotLocalTryAlternatePath         Code = 551
	ExceededStorageAllocation            Code = 552
	MailboxNameNotAllowed                Code = 553
	TransactionFailed                    Code = 554
)

// The members for the other codes that have a source.
const (
	PendingMessagesStarted          Code = 253
	PasswordTransitionRequired      Code = 422
	InvalidCommand                  Code = 430
	NoMailWaiting                   Code = 453
	UnableToAccommodateParameters   Code = 455
	UnableToQueueMessages           Code = 458
	NodeNotAllowed                  Code = 459
	HostDoesNotAcceptMail           Code = 521
	EncryptionNeeded                Code = 523
	EncryptionRequiredForMechanism  Code = 524
	UserAccountDisabled             Code = 525
	DeliveryNotAuthorized           Code = 533
	MailOrRcptParameterUnrecognized Code = 555
	DomainDoesNotAcceptMail         Code = 556
)

// What codes has to say about logs more than once.
const (
	anyStage = "Postfix: host H said: ... (in reply to X command); Exim: SMTP error from remote mail server after X: ...; " +
		"own refusals of clients in reject: and rejected lines"
	authOnly = "as the answer to AUTH of a relay that wants a login: Postfix SASL authentication failed; server H said: ..., " +
		"Exim authenticator failed ...; own refusals of logins in authenticator failed lines"
	etrnOnly = "rarely: the answer to ETRN; an MTA that sends mail does not give that command, and fetchmail keeps no mail log"
	rareCode = "rarely: as any refusal that a remote host quotes in an answer"
)

// codes holds one row for each member: the original ones in their order, then the others
// by number. Everything else about members is derived from it.
var codes = [...]CodeInfo{
	{NotDefined, "NOT_DEFINED", "NotDefined",
		"a reply code that no member stands for, or a refusal whose code was not logged",
		"smtplog: no RFC",
		"beside a code such as 571; Exim refusals of clients, whose default 550 is not logged; Postfix milter and header refusals with an enhanced code only"},
	{GeneralFailure, "GENERAL_FAILURE", "GeneralFailure",
		"a delivery failed and there is no SMTP reply: network, DNS, TLS or local error",
		"smtplog: no RFC",
		"deferrals and bounces without a reply: connection refused or timed out, lost connection, unknown user of a local mailbox"},
	{SystemStatus, "SYSTEM_STATUS", "SystemStatus",
		"system status, or system help reply", "RFC 5321 4.2.3",
		"only as an odd answer to the end of data, which counts as success: status=sent (211 ...), Exim => ... C=\"211 ...\""},
	{HelpMessage, "HELP_MESSAGE", "HelpMessage",
		"help text for a human, the answer to HELP", "RFC 5321 4.2.3",
		"only as an odd answer to the end of data, which counts as success: status=sent (214 ...); no MTA sends HELP"},
	{ServiceReady, "SERVICE_READY", "ServiceReady",
		"service ready: the greeting, and the go-ahead for STARTTLS", "RFC 5321 4.2.2, RFC 3207 4",
		"not as greeting or go-ahead; an odd answer to the end of data is sent (220 ...), one to DATA is a protocol error"},
	{ServiceClosingTransmissionChannel, "SERVICE_CLOSING_TRANSMISSION_CHANNEL", "ServiceClosingTransmissionChannel",
		"service closing the transmission channel", "RFC 5321 4.2.2",
		"not as the answer to QUIT; an odd answer to the end of data is sent (221 ...), one to DATA is a protocol error"},
	{AuthenticationSucceeded, "AUTHENTICATION_SUCCEEDED", "AuthenticationSucceeded",
		"authentication succeeded", "RFC 4954 6",
		"only as an odd answer to the end of data: status=sent (235 ...); a login that worked shows as sasl_method= or A=, without its code"},
	{OK, "OK", "OK",
		"requested action taken and completed", "RFC 5321 4.2.2",
		"deliveries: Postfix status=sent (250 ...), Exim => ... C=\"250 ...\"; never for EHLO, MAIL and RCPT when mail goes through"},
	{UserNotLocalWillForward, "USER_NOT_LOCAL_WILL_FORWARD", "UserNotLocalWillForward",
		"user not local, accepted and forwarded", "RFC 5321 3.4, RFC 1985 5",
		"at the end of data: status=sent (251 ...), Exim C=\"251 ...\"; its proper place, the answer to RCPT, is not logged"},
	{CannotVerifyUserWillAttemptDelivery, "CANNOT_VERIFY_USER_WILL_ATTEMPT_DELIVERY", "CannotVerifyUserWillAttemptDelivery",
		"cannot verify the user, will take the message and try", "RFC 5321 3.5.3, RFC 1985 5",
		"only as an odd answer to the end of data: status=sent (252 ...); the answer to VRFY is not logged"},
	{Base64Response, "BASE_64_RESPONSE", "Base64Response",
		"authentication challenge, BASE64 text follows", "RFC 4954 4",
		"not in a login that works; out of place at RCPT or the end of data it is a failure: Postfix bounced (... said: 334 ...), " +
			"Exim SMTP error ... 334; left over at AUTH Postfix says generic failure without the code"},
	{StartMailInput, "START_MAIL_INPUT", "StartMailInput",
		"ready for the message, which ends with a dot on a line of its own", "RFC 5321 4.2.2",
		"never when mail goes through; out of place at RCPT or the end of data it is a failure: Postfix bounced (... said: 354 ...)"},
	{ServiceNotAvailable, "SERVICE_NOT_AVAILABLE", "ServiceNotAvailable",
		"service not available, closing the transmission channel; to any command", "RFC 5321 4.2.2, 3.8",
		"everywhere a refusal shows, and as greeting: refused to talk to me: 421 ..., Exim ... after initial connection: 421 ..."},
	{PasswordTransitionNeeded, "PASSWORD_TRANSITION_NEEDED", "PasswordTransitionNeeded",
		"a password transition is needed", "RFC 4954 6", authOnly},
	{MailboxBusy, "MAILBOX_BUSY", "MailboxBusy",
		"mailbox unavailable for now: busy, or a temporary policy such as greylisting", "RFC 5321 4.2.2", anyStage},
	{LocalErrorInProcessing, "LOCAL_ERROR_IN_PROCESSING", "LocalErrorInProcessing",
		"action aborted, error on the server's side", "RFC 5321 4.2.2", anyStage},
	{InsufficientStorage, "INSUFFICIENT_STORAGE", "InsufficientStorage",
		"insufficient system storage; also too many recipients", "RFC 5321 4.2.2, 4.5.3.1.10",
		anyStage + "; not Postfix's own 452 too many recipients, which only disconnect counts"},
	{ClientNotPermitted, "CLIENT_NOT_PERMITTED", "ClientNotPermitted",
		"no permission for the client; TLS not available for now; temporary authentication failure", "RFC 3207 4, RFC 4954 6",
		"refused STARTTLS (Postfix refused to start TLS: 454 ...; Exim leaves the code out), AUTH, and any other stage"},
	{CommandUnrecognized, "COMMAND_UNRECOGNIZED", "CommandUnrecognized",
		"syntax error, command not recognised", "RFC 5321 4.2.2, RFC 4954 6", anyStage},
	{SyntaxError, "SYNTAX_ERROR", "SyntaxError",
		"syntax error in parameters or arguments", "RFC 5321 4.2.2", anyStage},
	{CommandNotImplemented, "COMMAND_NOT_IMPLEMENTED", "CommandNotImplemented",
		"command not implemented", "RFC 5321 4.2.4", anyStage + "; not an EHLO that HELO made up for"},
	{CommandNotPermitted, "COMMAND_NOT_PERMITTED", "CommandNotPermitted",
		"command not permitted now: bad sequence, or inside a mail transaction", "RFC 5321 4.2.2, RFC 4954 4", anyStage},
	{UnrecognizedAuthenticationType, "UNRECOGNIZED_AUTHENTICATION_TYPE", "UnrecognizedAuthenticationType",
		"command parameter not implemented; authentication type not recognised", "RFC 5321 4.2.2, RFC 4954 4", anyStage},
	{AuthenticationRequired, "AUTHENTICATION_REQUIRED", "AuthenticationRequired",
		"authentication required, or STARTTLS first", "RFC 4954 6, RFC 3207 4",
		"mostly at MAIL: host H said: 530 ... (in reply to MAIL FROM command)"},
	{AuthenticationMechanismIsToWeak, "AUTHENTICATION_MECHANISM_IS_TO_WEAK", "AuthenticationMechanismIsToWeak",
		"authentication mechanism is too weak", "RFC 4954 6", authOnly},
	{CredentialsInvalid, "CREDENTIALS_INVALID", "CredentialsInvalid",
		"authentication credentials invalid", "RFC 4954 6", authOnly},
	{EncryptionRequiredRequestedMechanism, "ENCRYPTION_REQUIRED_REQUESTED_MECHANISM", "EncryptionRequiredRequestedMechanism",
		"encryption required for the requested authentication mechanism", "RFC 2554 6, RFC 4954 6", authOnly},
	{MailboxUnavailable, "MAILBOX_UNAVAILABLE", "MailboxUnavailable",
		"action not taken: mailbox unavailable, no such user, or policy", "RFC 5321 4.2.2",
		anyStage + "; Exim's own default refusal is a 550 that it does not log"},
	{UserNotLocalTryAlternatePath, "USER_NOT_LOCAL_TRY_ALTERNATE_PATH", "UserNotLocalTryAlternatePath",
		"user not local, or relaying denied", "RFC 5321 3.4", anyStage},
	{ExceededStorageAllocation, "EXCEEDED_STORAGE_ALLOCATION", "ExceededStorageAllocation",
		"exceeded storage allocation; too much mail data", "RFC 5321 4.2.2, RFC 1870 6", anyStage},
	{MailboxNameNotAllowed, "MAILBOX_NAME_NOT_ALLOWED", "MailboxNameNotAllowed",
		"mailbox name not allowed", "RFC 5321 4.2.2", anyStage},
	{TransactionFailed, "TRANSACTION_FAILED", "TransactionFailed",
		"transaction failed; as greeting: no SMTP service here", "RFC 5321 4.2.2, 3.1",
		anyStage + "; as greeting Postfix defers (refused to talk to me: 554 ...), Exim bounces"},

	{PendingMessagesStarted, "PENDING_MESSAGES_STARTED", "PendingMessagesStarted",
		"ETRN: delivery of the waiting messages started", "RFC 1985 5", etrnOnly},
	{PasswordTransitionRequired, "PASSWORD_TRANSITION_REQUIRED", "PasswordTransitionRequired",
		"password transition required, the older number for 432; in practice servers say it of a mailbox over its quota",
		"RFC 5248 2.4", rareCode},
	{InvalidCommand, "INVALID_COMMAND", "InvalidCommand",
		"invalid command, for now; the registry pairs it with X.5.1", "RFC 5248 2.4", rareCode},
	{NoMailWaiting, "NO_MAIL_WAITING", "NoMailWaiting",
		"ATRN: no mail is waiting", "RFC 2645",
		"rarely: the answer to ATRN, which neither Postfix nor Exim sends"},
	{UnableToAccommodateParameters, "UNABLE_TO_ACCOMMODATE_PARAMETERS", "UnableToAccommodateParameters",
		"server unable to accommodate the parameters for now", "RFC 5321 4.2.2", anyStage},
	{UnableToQueueMessages, "UNABLE_TO_QUEUE_MESSAGES", "UnableToQueueMessages",
		"ETRN: unable to queue messages for the node", "RFC 1985 5", etrnOnly + "; as one's own refusal Postfix logs reject: ETRN from"},
	{NodeNotAllowed, "NODE_NOT_ALLOWED", "NodeNotAllowed",
		"ETRN: node not allowed", "RFC 1985 5", etrnOnly + "; as one's own refusal Postfix logs reject: ETRN from"},
	{HostDoesNotAcceptMail, "HOST_DOES_NOT_ACCEPT_MAIL", "HostDoesNotAcceptMail",
		"the host does not accept mail at all", "RFC 7504 3, RFC 1846",
		"as greeting (refused to talk to me: 521 ...), and from postscreen and others as a refusal that closes the connection"},
	{EncryptionNeeded, "ENCRYPTION_NEEDED", "EncryptionNeeded",
		"encryption needed; the registry pairs it with X.7.10", "RFC 5248 2.4", rareCode},
	{EncryptionRequiredForMechanism, "ENCRYPTION_REQUIRED_FOR_MECHANISM", "EncryptionRequiredForMechanism",
		"encryption required for the authentication mechanism, an older number for 538; paired with X.7.11", "RFC 5248 2.4", rareCode},
	{UserAccountDisabled, "USER_ACCOUNT_DISABLED", "UserAccountDisabled",
		"user account disabled; the registry pairs it with X.7.13", "RFC 5248 2.4", rareCode},
	{DeliveryNotAuthorized, "DELIVERY_NOT_AUTHORIZED", "DeliveryNotAuthorized",
		"delivery not authorised, message refused; the registry pairs it with X.7.1", "RFC 5248 2.4", rareCode},
	{MailOrRcptParameterUnrecognized, "MAIL_OR_RCPT_PARAMETER_UNRECOGNIZED", "MailOrRcptParameterUnrecognized",
		"MAIL or RCPT parameter not recognised or not implemented", "RFC 5321 4.2.2", anyStage},
	{DomainDoesNotAcceptMail, "DOMAIN_DOES_NOT_ACCEPT_MAIL", "DomainDoesNotAcceptMail",
		"the recipient's domain does not accept mail (null MX)", "RFC 7504 4, RFC 7505 4",
		anyStage + "; Postfix finds a null MX itself and bounces without a reply code"},
}
