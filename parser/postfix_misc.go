package parser

import (
	"bytes"

	"github.com/smtplog/smtplog/status"
)

// misc recognises what has no meaning for mail: statistics, starts and stops, and the
// chatter of daemons that run with -v.
func (l *postfixLine) misc(b []byte) bool {
	if len(b) == 0 {
		return l.other(b)
	}
	if rest, ok := cutPrefix(b, "addr "); ok && l.listed(rest) {
		return true
	}
	if rest, ok := cutPrefix(b, "statistics: max "); ok {
		l.counted(rest)
		return l.other(b)
	}
	if total := hasPrefix(b, "Deleted: "); total || hasPrefix(b, "Placed on hold: ") { // postsuper's last words
		l.ev.Kind, l.ev.Origin, l.ev.Text = Held, status.OriginLocal, b
		if total {
			l.ev.Kind = Removed
		}
		return true
	}
	if l.scripted() || isPolicyDaemon(l.daemon) || isNotice(b) || isChatter(b) {
		return l.other(b)
	}
	if hasSuffix(b, ": disabling TLS support") { // said without a label
		return l.warning(SeverityWarning, b)
	}
	// "h[ip]:25: Reusing old session" and the like: smtp_tls_loglevel 2, smtpd_tls_loglevel 2.
	if p, rest, ok := cutPeer(b); ok && len(rest) > 2 && rest[0] == ':' && (p.IP == nil || numericIP(p.IP)) {
		if string(l.daemon) == "smtp" || string(l.daemon) == "lmtp" {
			l.ev.Relay = p
		} else {
			l.ev.Client = p
		}
		return l.other(b)
	}
	return false
}

// scripted tells whether the line comes from an administrator's command, which may say
// anything.
func (l *postfixLine) scripted() bool {
	return hasSuffix(l.daemon, "-script") || string(l.daemon) == "postlog" || string(l.daemon) == "postmulti"
}

// isPolicyDaemon tells whether a program that is not Postfix's runs under master(8) and
// Postfix's name: policyd-spf, postgrey and their kind.
func isPolicyDaemon(b []byte) bool {
	return contains(b, "polic") || contains(b, "spf") || contains(b, "grey")
}

// listed reads dnsblog(8)'s "addr 192.0.2.9 listed by domain zen.example as 127.0.0.2".
func (l *postfixLine) listed(b []byte) bool {
	ip, rest, ok := cutByte(b, ' ')
	if !ok {
		return false
	}
	list, ok := cutPrefix(rest, "listed by domain ")
	if !ok {
		return false
	}
	ev := l.ev
	ev.Client.IP, ev.Detail, ev.Direction = ip, listName(list), In
	return l.other(rest)
}

// counted reads anvil(8)'s "connection rate 5/60s for (smtp:192.0.2.9) at Nov  3 04:00:00".
// Before the address stands a service: a name, or an address and a port.
func (l *postfixLine) counted(b []byte) {
	_, b, ok := cutString(b, " for (")
	if !ok {
		return
	}
	b, _, _ = cutByte(b, ')')
	i := bytes.LastIndexByte(b, ':')
	if bytes.IndexByte(b[i+1:], '.') < 0 {
		i = bytes.IndexByte(b, ':')
	}
	if ip := b[i+1:]; i > 0 && numericIP(ip) {
		l.ev.Client.IP, l.ev.Direction = ip, In
	}
}

// isNotice recognises notices that Postfix gives without -v.
func isNotice(b []byte) bool {
	for _, s := range [...]string{
		"statistics: ", // anvil, scache
		"daemon started -- ", "reload -- ", "terminating on signal ", "table ", "cache ",
		"using backwards-compatible default setting ", "starting ", "stopping ", "refreshing ",
		"TLSRPT: ", "setting up TLS connection ", "initializing the ", "discarding EHLO keywords: ",
		"SSL3 alert ", "Using ", "Host offered ", "master ", "service ", "throttle released ",
		"connection closed", "connection established", "process generation", "master disconnect ",
		"Released from hold: ", "Requeued: ", "Renamed ",
		"Force-expired: ", "Expired: ", "reconnect to ", "idle timeout", "time to retire",
		"close database ", "renamed file ", "removed file ", "Postfix is ", "to change ",
		"Verified: ", "Unverified: ", "Trusted: ", "Untrusted: ", "Peer ", "Server certificate ",
		"subject=", "issuer=", "subject_CN=", "fingerprint=", "verify error:", "verify return:",
		"TLS SNI ", "TLS cipher ", "looking for session ", "reloaded session ", "save session ",
		"put smtp", "remove session ", "lookup smtp", "delete smtp", "Issuing session ",
		"issuing session ", "looking up session ", "read from ", "write to ", "SSL_accept:",
		"SSL_connect:", "client certificate ", "certificate verif", "reusing session ",
		"SASL authentication info: ", "SASL authentication debug: ", "SASL authentication trace: ",
		"the Postfix mail system ", "waiting for the Postfix ", "aborting the Postfix ",
		"server certificate verif", "breaking line > ", "received master trigger", "PRNG exchange file ",
		"XCLIENT ", "XFORWARD ", "haproxy read: ", "whitelisting ", "allowlisting ",
		"See http", "To disable backwards compatibility ", "SMTPS wrappermode ", "ignoring DNS RR: ",
		"ignoring status update from child ", "skipping SRV lookup for ", "exiting to reopen external entropy source ",
	} {
		if hasPrefix(b, s) {
			return true
		}
	}
	return hasSuffix(b, " has changed -- restarting") || hasSuffix(b, " offers SMTPUTF8 support, but not 8BITMIME") ||
		contains(b, " TLS cache ") || contains(b, " full cleanup: retained=") ||
		hasPrefix(b, "database ") && contains(b, ": using size limit ")
}

// isChatter recognises what a daemon says with -v: the SMTP dialogue behind < and >, the
// name of a C function and a colon, attributes of its own protocols.
func isChatter(b []byte) bool {
	switch b[0] {
	case '<', '>':
		return len(b) == 1 || b[1] == ' ' || b[1] == '>' || b[1] == '<'
	}
	if isFunction(b) {
		return true
	}
	for _, s := range [...]string{
		"input attribute ", "send attr ", "connect to subsystem ", "connect #", "wakeup ",
		"initial envelope ", "extracted envelope ", "start sorted ", "end sorted ", "start move queue ",
		"end move queue ", "request: ", "request ignored", "mapping DSN status ", "mynetworks: ",
		"fsspace: ", "Compiled against ", "Run-time linked against ", "deliver_", "recipient count: ",
		"begin ", "pref ", "event: SMFI", "reply: SMFI", "skipping event ", "skipping reply ",
		"skipping non-protocol ", "skipping record ", "skipping address ", "cleanup flags = ",
		"free milter ", "send milters", "receive milters", "report recipient to all milters",
		"server features: ", "connecting to ", "auth reply: ", "v6_target=", "source=", "running: ",
		"remember ", "enable site ", "enable transport ", "defer site ", "defer transport ",
		"start conditional timer ", "spawn command ", "status_fd ", "lookup ", "unknown attribute name: ",
		"masquerade: ", "delivers to ", "aliased to ", "forwards to ", "forward via ", "forward-done ",
		"indirect ", "include ", "PUT ", "GOT ", "PROBE ", "level: ", "unmatched: ", "been_here: ",
		"sasl_exceptions: ", "header_token: ", "watchdog", "SASL authentication pass: ", "conn_use ",
		"name_mask: ", "trying ", "recipient ", "sender ", "throttling command ", "set user_attr: ",
		"reset user_attr", "generate ", "Read ", "Write ", "get ", "VALUE ", "haproxy_", "process ",
		"host name lookup methods: ", "open incoming/", "open active/", "open deferred/",
	} {
		if hasPrefix(b, s) {
			return true
		}
	}
	if hasPrefix(b, "done ") {
		return hasSuffix(b, " queue scan")
	}
	if hasPrefix(b, "end ") {
		return hasSuffix(b, " address list")
	}
	return contains(b, ": cleanup flags = ") ||
		contains(b, " socket: wanted attribute: ") || hasSuffix(b, " stream disconnect") ||
		contains(b, " ~? ") || contains(b, ": name=")
}

// isFunction tells whether b begins with the name of a C function or a parameter: a word of
// small letters, digits and underscores with at least one underscore, then a colon, a
// bracket or an equals sign.
func isFunction(b []byte) bool {
	i, underscore := 0, false
	for i < len(b) && ('a' <= b[i] && b[i] <= 'z' || isDigit(b[i]) || b[i] == '_') {
		underscore = underscore || b[i] == '_'
		i++
	}
	if !underscore || i >= len(b) {
		return false
	}
	return b[i] == ':' || b[i] == '[' || b[i] == '(' || hasPrefix(b[i:], " = ")
}
