package parser

// eximPhrase is a line that is known by the words it begins with, and whose meaning is all
// in its kind.
type eximPhrase struct {
	words    string
	severity Severity // of a Warning; SeverityNone: the line is Other
	own      bool     // no other program writes a line that begins so
}

// eximPhrases lists what Exim writes besides deliveries, refusals and sessions (the calls of
// log_write in Exim's src, 4.60 to 4.100). Texts with a name in front are in eximInfixes.
var eximPhrases = [...]eximPhrase{
	// the daemon, queue runs and the command line
	{"Start queue run: ", SeverityNone, true},
	{"End queue run: ", SeverityNone, true},
	{"Start '", SeverityNone, false}, // Start 'name' queue run:
	{"End '", SeverityNone, false},
	{"Start ODMR queue run: ", SeverityNone, true},
	{"End ODMR queue run: ", SeverityNone, true},
	{"Abandon queue run: ", SeverityWarning, true},
	{"queue run: ", SeverityError, false},
	{"notify triggered queue run", SeverityNone, true},
	{"exim ", SeverityNone, true}, // exim 4.96 daemon started: pid=...
	{"pid ", SeverityNone, false}, // pid 1: SIGHUP received: re-exec daemon
	{"cwd=", SeverityNone, true},
	{"SIGHUP received", SeverityNone, false},
	{"SIGTERM received", SeverityNone, false},
	{"daemon: ", SeverityError, false},
	{"daemon(", SeverityError, false},
	{"socket bind() to port ", SeverityError, false},
	{"socket creation failed", SeverityError, false},
	{"socket creation ", SeverityError, false},
	{"IPv6 socket creation failed", SeverityError, false},
	{"IPv4 socket creation failed", SeverityError, false},
	{"listen() failed on interface ", SeverityError, false},
	{"Setting IPV6_V6ONLY on daemon's", SeverityWarning, false},
	{"setting SO_REUSEADDR on socket failed", SeverityError, false},
	{"Failed to create IPv6 socket for wildcard listening", SeverityWarning, false},
	{"inetd wait timeout", SeverityNone, false},
	{"pid written to ", SeverityNone, false},
	{"pid file ", SeverityError, false},
	{"process ", SeverityError, false}, // process 1 crashed with signal 11 while delivering ...
	{"running as transport filter", SeverityNone, false},
	{"Daemon cannot be run when mua_wrapper is set", SeverityPanic, true},
	{"Continuing ", SeverityNone, false},
	{"getsockname() failed", SeverityError, false},
	{"bind of [", SeverityError, false},
	{"listen backlog ", SeverityNone, false},
	{"accept() failure", SeverityError, false},
	{"Too many lookup files open", SeverityError, false},
	{"too many lookups open", SeverityError, false},
	{"SIGSEGV", SeverityPanic, false},
	{"exec of ", SeverityError, false},
	{"fork of ", SeverityError, false},
	{"re-exec of exim ", SeverityError, true},
	{"delivery re-exec ", SeverityError, false},
	{"can't return to previous working dir", SeverityError, false},
	{"-bi used but", SeverityError, false},
	{"retry database not available", SeverityWarning, false},
	{"fork() failed", SeverityError, false},
	{"fork failed", SeverityError, false},
	{"Fork failed", SeverityError, false},
	{"TCP port \"", SeverityPanic, false}, // TCP port "x" not found
	{"no port specified for interface ", SeverityPanic, true},
	{"setitimer() failed", SeverityPanic, false},
	{"exim.c:", SeverityError, true}, // exim.c:5: chown(...) failed
	{"smtp_notquit_exit() called ", SeverityPanic, true},
	{"buffer underflow in ", SeverityPanic, false},
	{"string too large in smtp_printf()", SeverityPanic, true},
	{"**** ", SeverityError, false}, // **** log string overflowed log buffer ****
	{"Neither syslog nor file logging set ", SeverityError, true},
	{"More than one path given in log_file_path", SeverityError, true},
	{"log_write called with no log flags", SeverityError, true},
	{"internal allocation problem", SeverityError, false},
	{"overlong ", SeverityError, false},
	{"regular expression error", SeverityError, false},
	{"smtp-wait database entry ", SeverityWarning, true},

	// hosts and names
	{"no host name found for IP address ", SeverityNone, true},
	{"IP options on incoming call:", SeverityNone, true}, // why the refusal in the next line happens
	{"no IP address found for host ", SeverityNone, true},
	{"no IP address for host name ", SeverityNone, false},
	{"no IP address found for ", SeverityNone, true},
	{"list matching forced to fail: ", SeverityNone, true},
	{"lowest numbered MX record points to local host", SeverityNone, true},
	{"remote host address is the local host", SeverityNone, true},
	{"DNS list lookup ", SeverityWarning, true},
	{"dnslists domain ", SeverityWarning, false},
	{"dnslist query is too long", SeverityWarning, false},
	{"unknown item in dnslist", SeverityWarning, false},
	{"DNS lookup of ", SeverityNone, false},
	{"DNS name ", SeverityWarning, false},
	{"Long ", SeverityNone, false}, // Long A lookup for 'x': 5000 msec
	{"CNAME loop for ", SeverityWarning, false},
	{"Malformed IP address ", SeverityError, false},
	{"Internal error: invalid IPv6 address", SeverityError, false},
	{"gethostbyaddr()", SeverityWarning, false},
	{"host name alias list truncated", SeverityWarning, false},
	{"ident connection to ", SeverityNone, true},
	{"bind socket for ident failed", SeverityError, false},
	{"ETRN command execution skipped", SeverityNone, true},
	{"failed to set up ETRN command", SeverityError, true},
	{"2nd fork for serialized ETRN failed", SeverityError, true},
	{"failed to get ", SeverityError, false},
	{"Reverse DNS ", SeverityNone, false},
	{"dns_again_means_nonexist recursion ", SeverityWarning, true},
	{"no @ found in the subject of an address list match", SeverityError, true},
	{"partial matching is not applicable ", SeverityError, true},
	{"Loop detected in lookup of local part ", SeverityError, true},
	{"DANE ", SeverityWarning, false},
	{"SMTPS ", SeverityNone, false},
	{"Sender identification ", SeverityNone, false}, // written by cPanel's configuration, like the next
	{"SpamAssassin as ", SeverityNone, false},

	// messages in the queue
	{"no immediate delivery: ", SeverityNone, true},
	{"Spool file is locked ", SeverityNone, true},
	{"Spool file for ", SeverityNone, true},
	{"Spool file ", SeverityWarning, false},
	{"Spool error ", SeverityError, false},
	{"Spool read error ", SeverityError, false},
	{"Spool format error ", SeverityError, false},
	{"Spool", SeverityWarning, false}, // Spoolinput/1 file 1tivSh-0007oc-5P-D not found
	{"spool file ", SeverityError, false},
	{"Header modification in data ACLs ", SeverityWarning, true},
	{"spool directory space check failed", SeverityError, true},
	{"log directory space check failed", SeverityError, true},
	{"cannot accept message: ", SeverityError, true},
	{"Format error in spool file", SeverityError, true},
	{"Error reading spool file", SeverityError, true},
	{"Error while reading spool file", SeverityError, true},
	{"Error while reading message with no usable sender address", SeverityWarning, true},
	{"Error while handling error message", SeverityError, true},
	{"Error in system filter: ", SeverityError, true},
	{"Delivery deferred by system filter", SeverityNone, true},
	{"original recipients ignored (system filter)", SeverityNone, true},
	{"system filter ", SeverityError, false},
	{"system_filter_", SeverityError, false},
	{"moved from ", SeverityNone, false},
	{"sender address changed to ", SeverityNone, false},
	{"recipient <", SeverityNone, false}, // added by root
	{"body edited by ", SeverityNone, false},
	{"all recipients ", SeverityNone, false},
	{"all addresses marked delivered by ", SeverityNone, false},
	{"address <", SeverityNone, false},
	{"no recipients found in headers", SeverityWarning, true},
	{"bad addresses found in headers", SeverityWarning, true},
	{"rewrite: ", SeverityWarning, false},
	{"spoolfile error on close: ", SeverityPanic, true},
	{"rescind the above message-accept", SeverityError, true}, // after the line before
	{"no valid recipients", SeverityWarning, false},
	{"Message ", SeverityNone, false}, // Message abandoned: ..., Message 1tivSh-... is already frozen
	{"message abandoned", SeverityNone, false},
	{"message processing", SeverityNone, false},
	{"peer close after all rcpt responses", SeverityNone, true},
	{"one_time: ", SeverityNone, false},
	{"Previously delivered address ", SeverityNone, true},
	{"Routing for ", SeverityNone, false},
	{"error ignored", SeverityNone, false},
	{"internal error: ", SeverityError, false},
	{"internal problem in ", SeverityError, false},
	{"internal ACL error: ", SeverityError, true},
	{"Internal error in ", SeverityError, false},
	{"Child mail process returned status ", SeverityError, true},
	{"Process ", SeverityError, false}, // Process failed (1) when writing error message to ...
	{"timed out while reading local message", SeverityWarning, true},
	{"ridiculously long message header", SeverityWarning, true},
	{"overlong message header line", SeverityWarning, true},
	{"Warning: no message headers read", SeverityWarning, true},
	{"Too many \"Received\" headers", SeverityWarning, true},
	{"unqualified address ", SeverityNone, false},
	{"qualify/rewrite: ", SeverityNone, true},
	{"qualify & rewrite", SeverityNone, true},
	{"Expansion of ", SeverityError, false},
	{"expansion of ", SeverityError, false},
	{"errors_copy ", SeverityError, false},
	{"errors_reply_to ", SeverityError, false},
	{"bounce_message_file ", SeverityError, true},
	{"warn_message_file ", SeverityError, true},
	{"DSN: ", SeverityNone, false},
	{"local_scan() ", SeverityError, true},
	{"invalid return ", SeverityError, false},

	// ACLs, content scanning, authentication of senders
	{"Warning: ", SeverityWarning, false},
	{"ACL \"", SeverityWarning, true},
	{"ACL for ", SeverityError, true},
	{"ACL error", SeverityError, false},
	{"configured error code starts with incorrect digit", SeverityWarning, true},
	{"EHLO/HELO response must not contain newlines", SeverityWarning, true},
	{"ignoring AUTH=", SeverityNone, true},
	{"recipient verify ", SeverityNone, true},
	{"sender verify ", SeverityNone, true},
	{"malware acl condition", SeverityError, true},
	{"malware_name ", SeverityNone, false},
	{"spam acl condition", SeverityError, true},
	{"regex acl condition", SeverityError, true},
	{"mime_regex acl condition", SeverityError, true},
	{"acl_smtp_mime: ", SeverityError, true},
	{"demime acl condition", SeverityError, true},
	{"bmi acl condition", SeverityError, true},
	{"dcc acl condition", SeverityError, true},
	{"dccifd ", SeverityError, false},
	{"warning - dcc", SeverityError, false},
	{"DKIM: ", SeverityNone, true},
	{"DKIM ", SeverityNone, false},
	{"dkim: ", SeverityNone, false},
	{"dkim signing ", SeverityNone, false},
	{"PDKIM", SeverityNone, true},
	{"ARC: ", SeverityNone, false},
	{"ARC ", SeverityNone, false},
	{"arc: ", SeverityNone, false},
	{"DMARC", SeverityNone, false},
	{"dmarc ", SeverityNone, false},
	{"spf: ", SeverityNone, false},
	{"SPF ", SeverityNone, false},
	{"SA: ", SeverityNone, false}, // sa-exim: SA: Action: ...
	{"ratelimit", SeverityWarning, false},
	{"seen db ", SeverityWarning, false},
	{"event_action ", SeverityWarning, false},
	{"cutthrough_send failed", SeverityWarning, true},
	{"Event(", SeverityWarning, false},
	{"PROXY", SeverityNone, false},
	{"proxy ", SeverityNone, false},
	{"MIME acl condition ", SeverityWarning, true},
	{"Cyrus SASL", SeverityError, false},
	{"pwcheck: ", SeverityError, false},
	{"Dovecot did not advertise mechanism ", SeverityError, true},
	{"authentication socket ", SeverityError, false},
	{"SRS: ", SeverityNone, false},
	{"delivery to ", SeverityNone, false},
	{"Filter error: ", SeverityError, false},
	{"Sieve error: ", SeverityError, false},
	{"Sieve: ", SeverityNone, false},

	// TLS
	{"TLSA ", SeverityWarning, false},
	{"tls_", SeverityWarning, false},
	{"Required TLS certificate status not received", SeverityWarning, true},
	{"Server certificate ", SeverityWarning, false},
	{"Server OCSP ", SeverityWarning, false},
	{"OCSP ", SeverityWarning, false},
	{"Received TLS status callback", SeverityNone, true},
	{"SSL verify ", SeverityWarning, false},
	{"SSL channel closed on ", SeverityWarning, false},
	{"STARTTLS received ", SeverityWarning, false},
	{"ALPN ", SeverityWarning, false},
	{"No standard prime named ", SeverityError, false},
	{"WARNING: ", SeverityWarning, false},
	{"RACE CONDITION detected", SeverityPanic, false},
	{"certificate ", SeverityWarning, false},
	{"gnutls", SeverityWarning, false},
	{"GnuTLS", SeverityWarning, false},
	{"DH ", SeverityWarning, false},
	{"ECDH", SeverityWarning, false},

	// configuration, files, lookups
	{"Exim configuration error", SeverityPanic, true},
	{"Exim configuration file ", SeverityPanic, true},
	{"exim user lost privilege", SeverityPanic, true},
	{"exim: ", SeverityError, true},
	{"non-existent configuration file", SeverityPanic, true},
	{"failed to stat configuration file", SeverityPanic, true},
	{"Failed to ", SeverityError, false},
	{"failed to ", SeverityError, false},
	{"Failed writing ", SeverityError, false},
	{"Failed setting ", SeverityError, false},
	{"failed setting ", SeverityError, false},
	{"Cannot ", SeverityError, false},
	{"cannot ", SeverityError, false},
	{"Can't ", SeverityError, false},
	{"can't ", SeverityError, false},
	{"Could not ", SeverityError, false},
	{"could not ", SeverityError, false},
	{"Couldn't ", SeverityError, false},
	{"couldn't ", SeverityError, false},
	{"Unable to ", SeverityError, false},
	{"unable to ", SeverityError, false},
	{"unlink(\"", SeverityError, false},
	{"link(\"", SeverityError, false},
	{"Tainted ", SeverityError, true},
	{"tainted ", SeverityError, true},
	{"Attempt to ", SeverityError, false},
	{"attempt to ", SeverityError, false},
	{"Taint mismatch", SeverityPanic, true},
	{"invalid ", SeverityError, false},
	{"Invalid ", SeverityError, false},
	{"malformed ", SeverityError, false},
	{"unknown ", SeverityError, false},
	{"Unexpected ", SeverityError, false},
	{"unexpected ", SeverityError, false},
	{"error in ", SeverityError, false},
	{"Error ", SeverityError, false},
	{"error while ", SeverityError, false},
	{"syntax error in ", SeverityWarning, false},
	{"initgroups ", SeverityError, false},
	{"delivery setrlimit", SeverityError, false},
	{"setrlimit", SeverityError, false},
	{"getrlimit", SeverityError, false},
	{"getpw", SeverityError, false},
	{"Input from inetd ", SeverityPanic, true},
	{"Unknown ", SeverityError, false},
	{"bad ", SeverityError, false},
	{"Bad ", SeverityError, false},
	{"User ", SeverityError, false}, // User set without group for x transport, User 0 ... never_users
	{"user set without group", SeverityError, false},
	{"home directory ", SeverityError, false},
	{"current directory ", SeverityError, false},
	{"macros_trusted ", SeverityWarning, true},
	{"log_file_path ", SeverityPanic, true},
	{"spool_directory ", SeverityPanic, true},
	{"syslog_processname ", SeverityPanic, true},
	{"pid_file_path ", SeverityPanic, true},
	{"smtp_accept_max", SeverityPanic, false},
	{"local_interfaces ", SeverityPanic, false},
	{"daemon_smtp_port ", SeverityPanic, false},
	{"LDAP ", SeverityError, false},
	{"ldap", SeverityError, false},
	{"MYSQL", SeverityError, false},
	{"MySQL", SeverityError, false},
	{"PGSQL", SeverityError, false},
	{"lookup of ", SeverityError, false},
	{"lookup ", SeverityError, false},
	{"Berkeley DB ", SeverityError, false},
	{"database ", SeverityError, false},
	{"write failed on panic log", SeverityPanic, true},
	{"string_", SeverityPanic, false},
	{"store_", SeverityPanic, false},
	{"bad memory ", SeverityPanic, false},
	{"priv_", SeverityPanic, false},
	{"EXIM_DBOPEN", SeverityError, true},
	{"Warning log", SeverityWarning, false},
	{"write error", SeverityError, false},
	{"setsockopt", SeverityWarning, false},
	{"GETENV", SeverityWarning, false},
	{"unrecognised ", SeverityError, false},
	{"Unrecognised ", SeverityError, false},
	{"unrecognized ", SeverityError, false},
	{"rewrite rule ", SeverityError, false},
	{"Rewrite of ", SeverityError, true},
	{"Setting ", SeverityWarning, false},
	{"address count mismatch", SeverityError, true},
	{"insufficient ", SeverityError, false},
	{"remote delivery process ", SeverityError, true},
	{"skipping ", SeverityNone, false},
	{"appendfile: ", SeverityError, true},
	{"autoreply: ", SeverityError, false},
	{"discarding recipient ", SeverityNone, false},
	{"Problem writing ", SeverityError, false},
}

// eximInfixes are the words of lines that begin with a name, an address or a host.
var eximInfixes = [...]eximPhrase{
	{" router: skipped error: ", SeverityWarning, true},
	{" transport output: ", SeverityNone, true},
	{" router generated ", SeverityError, false},
	{" router failed to ", SeverityError, false},
	{" router: ", SeverityError, false},
	{" transport process ", SeverityError, false},
	{" transport: ", SeverityError, false},
	{" transport called with ", SeverityError, false},
	{" select() failure: ", SeverityError, false},
	{" rewritten as ", SeverityNone, false},
	{" from env-", SeverityNone, false},
	{" error (", SeverityError, false}, // Input read error (Broken pipe) while receiving message from ...
	{" received while reading local message", SeverityWarning, true},
	{" in host list item ", SeverityError, false},
	{" for mailbox ", SeverityWarning, false},
	{" lookup): ", SeverityError, false},
	{" was previously delivered", SeverityNone, false},
	{" spamd ", SeverityError, false},
	{": callout unencrypted to ", SeverityWarning, true},
	{" has the wrong owner", SeverityError, false},
	{" SSL verify error: ", SeverityWarning, false},
	{"] after QUIT, client reset ", SeverityNone, true},
	{"] SSL_write: after QUIT", SeverityNone, true},
	{" SMTP peer appears to have seen our banner", SeverityNone, true},
	{" configuration file ", SeverityError, false},
	{" is not a valid ", SeverityError, false},
	{" verification failed but host is in ", SeverityWarning, true},
	{" option unset", SeverityError, false},
	{" authenticator: ", SeverityError, false},
	{" authenticator (", SeverityError, false},
	{" authenticator:  ", SeverityError, false},
	{": error ignored: ", SeverityNone, false}, // and why: RFC 3461 DSN, failure notify not requested
	{"] WELLKNOWN ", SeverityNone, false},
	{" does not match any IP address for ", SeverityNone, true},
	{": accepted by +include_", SeverityNone, true},
}

// eximByFirst lists eximPhrases by their first byte, so that a line is compared with few.
var eximByFirst = func() (t [256][]eximPhrase) {
	for _, ph := range eximPhrases {
		t[ph.words[0]] = append(t[ph.words[0]], ph)
	}
	return t
}()

// parseEximPhrase knows a line by its words.
func parseEximPhrase(b []byte, ev *Event) bool {
	for i := range eximByFirst[b[0]] {
		if ph := &eximByFirst[b[0]][i]; hasPrefix(b, ph.words) {
			ph.set(b, ev)
			return true
		}
	}
	for i := range eximInfixes {
		if ph := &eximInfixes[i]; contains(b, ph.words) {
			ph.set(b, ev)
			return true
		}
	}
	if eximLogwrite(b) {
		ev.Kind, ev.Text = Other, b
		return true
	}
	return false
}

// eximLogwrite knows an administrator's own text (the ACL modifier logwrite, a filter's command
// of that name) where Exim itself writes none of such a form: one in quotes, one that begins with
// a variable, one that names what it shows, as "acl_conn: yes", "x-spam-score: 5" and "rate=7".
// Others cannot be told from a line of Exim's that is not known here.
func eximLogwrite(b []byte) bool {
	if b[0] == '"' || b[0] == '$' {
		return true
	}
	joined, i := false, 0
	for i < len(b) && (isAlnum(b[i]) || b[i] == '_' || b[i] == '-') {
		joined = joined || b[i] == '_' || b[i] == '-'
		i++
	}
	if i < 2 || i == len(b) {
		return false
	}
	if b[i] == '=' {
		_, rest := cutWord(b)
		return len(rest) == 0
	}
	return joined && b[i] == ':' && (i+1 == len(b) || b[i+1] == ' ')
}

func (ph *eximPhrase) set(b []byte, ev *Event) {
	if ev.Kind = Other; ph.severity != SeverityNone {
		ev.Kind, ev.Severity = Warning, ph.severity
	}
	ev.Text = b
}

// eximStart tells whether a line with no other mark than a stamp can only be Exim's: it
// begins with a queue ID, or with words that no other program writes.
func eximStart(b []byte) bool {
	if n := eximIDLen(b); n > 0 {
		return n == len(b) || b[n] == ' '
	}
	if len(b) < 4 {
		return false
	}
	switch b[0] {
	case ' ':
		return hasPrefix(b, " DSH=")
	case 'H':
		return hasPrefix(b, "H=[") || hasPrefix(b, "H=(") ||
			b[1] == '=' && (contains(b, "] F=<") || contains(b, " rejected ") || contains(b, " Warning: ") || contains(b, " sender verify "))
	case 'F', 'U':
		return b[1] == '=' && (contains(b, " rejected ") || contains(b, " discarded by "))
	case 'S':
		if rest, ok := cutPrefix(b, "SMTP "); ok {
			return hasPrefix(rest, "connection from ") || hasPrefix(rest, "call from ") ||
				hasPrefix(rest, "protocol ") || hasPrefix(rest, `syntax error in "`) ||
				hasPrefix(rest, "command timeout on ") || hasPrefix(rest, "data timeout (")
		}
	case 'r':
		if hasPrefix(b, "rejected EHLO ") || hasPrefix(b, "rejected HELO ") || hasPrefix(b, `rejected "EHLO `) || hasPrefix(b, `rejected "HELO `) || hasPrefix(b, "rejected MAIL ") ||
			hasPrefix(b, "refused connection from ") {
			return true
		}
	case 't':
		if hasPrefix(b, "temporarily rejected ") || hasPrefix(b, "temporarily refused connection ") ||
			hasPrefix(b, "too many recipients: ") {
			return true
		}
	case 'u':
		return hasPrefix(b, "unexpected disconnection while reading SMTP command") ||
			hasPrefix(b, "unqualified ") && contains(b, " rejected: <")
	case 'n':
		if hasPrefix(b, "no MAIL in ") {
			return true
		}
	case 'c':
		if hasPrefix(b, "connection from ") && hasSuffix(b, ipOptions) {
			return true
		}
	case 'C':
		if hasPrefix(b, "Connection from [") {
			return true
		}
	case 'V', 'T', 'E':
		if hasPrefix(b, "VRFY failed for ") || hasPrefix(b, "TLS error on connection ") ||
			hasPrefix(b, "ETRN ") && contains(b, " received from ") {
			return true
		}
	}
	for i := range eximByFirst[b[0]] {
		if ph := &eximByFirst[b[0]][i]; ph.own && hasPrefix(b, ph.words) {
			return true
		}
	}
	_, rest := cutWord(b)
	return hasPrefix(rest, " authenticator failed for ")
}
