package status

// enhancedRow is an entry of IANA's registry of enumerated status codes.
type enhancedRow struct {
	subject, detail uint16
	name            string
	meaning         string
	source          string
	replies         string // reply codes that the registry or the source pairs with it
}

// enhanceds is the registry (RFC 5248 2.4 and later additions), sorted.
var enhanceds = [...]enhancedRow{
	{0, 0, "other undefined status", "nothing is said beyond the class", "RFC 3463 3.1", "any"},

	{1, 0, "other address status", "something about an address caused this", "RFC 3463 3.2", ""},
	{1, 1, "bad destination mailbox address", "no such mailbox at the destination domain", "RFC 3463 3.2", "451, 550"},
	{1, 2, "bad destination system address", "the destination domain does not exist or takes no mail", "RFC 3463 3.2", ""},
	{1, 3, "bad destination mailbox address syntax", "the recipient address is not well formed", "RFC 3463 3.2", "501"},
	{1, 4, "destination mailbox address ambiguous", "the recipient address fits more than one mailbox", "RFC 3463 3.2", ""},
	{1, 5, "destination address valid", "the recipient address is good; for successes", "RFC 3463 3.2", "250"},
	{1, 6, "destination mailbox has moved", "the mailbox has moved and left no forwarding address", "RFC 3463 3.2", ""},
	{1, 7, "bad sender's mailbox address syntax", "the sender address is not well formed", "RFC 3463 3.2", ""},
	{1, 8, "bad sender's system address", "the sender's domain does not exist or takes no mail", "RFC 3463 3.2", "451, 501"},
	{1, 9, "message relayed to non-compliant mailer", "the next system gives no delivery reports", "RFC 3886, RFC 5248 2.4", ""},
	{1, 10, "recipient address has null MX", "the recipient's domain declares that it takes no mail", "RFC 7505 4", "556"},

	{2, 0, "other or undefined mailbox status", "something about the mailbox caused this", "RFC 3463 3.3", ""},
	{2, 1, "mailbox disabled", "the mailbox exists but accepts no messages", "RFC 3463 3.3", ""},
	{2, 2, "mailbox full", "the mailbox is over its quota", "RFC 3463 3.3", "552"},
	{2, 3, "message length exceeds administrative limit", "the message is larger than this mailbox may receive", "RFC 3463 3.3", "552"},
	{2, 4, "mailing list expansion problem", "the list behind the address could not be expanded", "RFC 3463 3.3", "450, 452"},

	{3, 0, "other or undefined mail system status", "something about the destination system caused this", "RFC 3463 3.4", "221, 250, 421, 451, 550, 554"},
	{3, 1, "mail system full", "the system's storage is exhausted", "RFC 3463 3.4", "452"},
	{3, 2, "system not accepting network messages", "the system is shut down, overloaded or closed for mail", "RFC 3463 3.4", "453, 521"},
	{3, 3, "system not capable of selected features", "the system lacks a feature the message asks for", "RFC 3463 3.4", ""},
	{3, 4, "message too big for system", "the message is larger than the system's limit", "RFC 3463 3.4", "552, 554"},
	{3, 5, "system incorrectly configured", "the system's configuration does not let it take the message", "RFC 3463 3.4", ""},
	{3, 6, "requested priority was changed", "the message was taken with another priority than asked for", "RFC 6710", "250, 251"},

	{4, 0, "other or undefined network or routing status", "something about the network caused this", "RFC 3463 3.5", ""},
	{4, 1, "no answer from host", "the connection to the destination was not answered", "RFC 3463 3.5", "451"},
	{4, 2, "bad connection", "the connection broke before the message was through", "RFC 3463 3.5", "421"},
	{4, 3, "directory server failure", "a directory such as DNS could not be asked", "RFC 3463 3.5", "451, 550"},
	{4, 4, "unable to route", "no next hop is known for the message", "RFC 3463 3.5", ""},
	{4, 5, "mail system congestion", "the mail system was too busy", "RFC 3463 3.5", "451"},
	{4, 6, "routing loop detected", "the message has been forwarded too often", "RFC 3463 3.5", ""},
	{4, 7, "delivery time expired", "the message was in the queue for too long", "RFC 3463 3.5", ""},

	{5, 0, "other or undefined protocol status", "something about the mail protocol caused this", "RFC 3463 3.6", "220, 250, 251, 252, 253, 451, 452, 454, 458, 459, 501, 502, 503, 554"},
	{5, 1, "invalid command", "the command is out of order or not supported", "RFC 3463 3.6", "430, 500, 501, 503, 530, 550, 554, 555"},
	{5, 2, "syntax error", "the command could not be understood", "RFC 3463 3.6", "500, 501, 502, 550, 555"},
	{5, 3, "too many recipients", "more recipients than one transaction may have", "RFC 3463 3.6", "451"},
	{5, 4, "invalid command arguments", "the command's arguments are wrong or not supported", "RFC 3463 3.6", "451, 501, 502, 503, 504, 550, 555"},
	{5, 5, "wrong protocol version", "the two sides speak different versions of the protocol", "RFC 3463 3.6", ""},
	{5, 6, "authentication exchange line is too long", "a line of the login is longer than the server can take", "RFC 4954 6", "500"},

	{6, 0, "other or undefined media error", "something about the content caused this", "RFC 3463 3.7", ""},
	{6, 1, "media not supported", "the destination does not take this kind of content", "RFC 3463 3.7", ""},
	{6, 2, "conversion required and prohibited", "the content must be converted and may not be", "RFC 3463 3.7", ""},
	{6, 3, "conversion required but not supported", "the content must be converted and cannot be", "RFC 3463 3.7", "554"},
	{6, 4, "conversion with loss performed", "the content was converted and lost something", "RFC 3463 3.7", "250"},
	{6, 5, "conversion failed", "the content was to be converted and it went wrong", "RFC 3463 3.7", ""},
	{6, 6, "message content not available", "content given by reference could not be fetched", "RFC 4468", "554"},
	{6, 7, "non-ASCII addresses not permitted", "sender or recipient may not have an address outside ASCII", "RFC 6531 4.2", "550, 553"},
	{6, 8, "UTF-8 string reply is required, but not permitted", "the reply needs UTF-8 and the client did not ask for it", "RFC 6531 4.2", "252, 550, 553"},
	{6, 9, "UTF-8 header message cannot be transferred", "a recipient's system takes no UTF-8 headers, so the message is refused", "RFC 6531 4.2", "550"},
	{6, 10, "UTF-8 string reply is required, but not permitted (deprecated)", "a deprecated duplicate of X.6.8", "RFC 6531 4.2", ""},

	{7, 0, "other or undefined security status", "something about security or policy caused this", "RFC 3463 3.8", "220, 235, 450, 454, 500, 501, 503, 504, 530, 535, 550"},
	{7, 1, "delivery not authorized, message refused", "the sender may not send there; a local policy in most cases", "RFC 3463 3.8", "451, 454, 502, 503, 533, 550, 551"},
	{7, 2, "mailing list expansion prohibited", "the sender may not send to this list", "RFC 3463 3.8", "550"},
	{7, 3, "security conversion required but not possible", "the message must change its protection and cannot", "RFC 3463 3.8", ""},
	{7, 4, "security features not supported", "the message needs a protection that is not there", "RFC 3463 3.8", "504"},
	{7, 5, "cryptographic failure", "something could not be decrypted or verified", "RFC 3463 3.8", ""},
	{7, 6, "cryptographic algorithm not supported", "the algorithm or key size is not known", "RFC 3463 3.8", ""},
	{7, 7, "message integrity failure", "the message was damaged or altered on its way", "RFC 3463 3.8", ""},
	{7, 8, "authentication credentials invalid", "the login was refused: wrong or insufficient credentials", "RFC 4954 6", "535, 554"},
	{7, 9, "authentication mechanism is too weak", "the login must use a stronger mechanism", "RFC 4954 6", "534"},
	{7, 10, "encryption needed", "the connection must be encrypted first", "RFC 5248 2.4", "523"},
	{7, 11, "encryption required for requested authentication mechanism", "this login works over an encrypted connection only", "RFC 4954 6", "524, 538"},
	{7, 12, "a password transition is needed", "the user must log in once in another way to move to this mechanism", "RFC 4954 6", "422, 432"},
	{7, 13, "user account disabled", "the account is locked, although its credentials may be right", "RFC 5248 2.4", "525"},
	{7, 14, "trust relationship required", "the server must be trusted by a third party first", "RFC 5248 2.4", "535, 554"},
	{7, 15, "priority level is too low", "the server takes only messages of higher priority for now", "RFC 6710", "450, 550"},
	{7, 16, "message is too big for the specified priority", "the message is larger than its priority allows for now", "RFC 6710", "552"},
	{7, 17, "mailbox owner has changed", "the mailbox has another owner than when the sender knew it", "RFC 7293", "5xx"},
	{7, 18, "domain owner has changed", "the domain has another owner than when the sender knew it", "RFC 7293", "5xx"},
	{7, 19, "RRVS test cannot be completed", "whether the owner has changed could not be found out", "RFC 7293", "4xx, 5xx"},
	{7, 20, "no passing DKIM signature found", "no DKIM signature verified", "RFC 7372 3.1", "550"},
	{7, 21, "no acceptable DKIM signature found", "DKIM signatures verified, none that the receiver accepts", "RFC 7372 3.1", "550"},
	{7, 22, "no valid author-matched DKIM signature found", "no DKIM signature verified for the domain in From", "RFC 7372 3.1", "550"},
	{7, 23, "SPF validation failed", "SPF says that the client may not send for the domain", "RFC 7372 3.2", "550"},
	{7, 24, "SPF validation error", "SPF could not be evaluated", "RFC 7372 3.2", "451, 550"},
	{7, 25, "reverse DNS validation failed", "the client's address has no name, or the name another address", "RFC 7372 3.3", "550"},
	{7, 26, "multiple authentication checks failed", "more than one of the authentication checks failed", "RFC 7372 3.4", "550"},
	{7, 27, "sender address has null MX", "the sender's domain declares that it takes no mail", "RFC 7505 4", "550"},
	{7, 28, "mail flood detected", "the server sees too many messages of one kind or source", "IANA registry", "450, 550"},
	{7, 29, "ARC validation failure", "the chain of ARC headers does not verify", "RFC 8617", "550"},
	{7, 30, "REQUIRETLS support required", "the message asks for TLS on its whole way and the next hop cannot promise it", "RFC 8689", "550"},
}
