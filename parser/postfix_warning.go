package parser

import "github.com/smtplog/smtplog/status"

// warning reads what follows "warning: ", "error: ", "fatal: " or "panic: ". Every such line
// is understood. Where it is about a message, its queue ID comes first; where it is about a
// host, the host is taken from the text.
func (l *postfixLine) warning(severity Severity, b []byte) bool {
	ev := l.ev
	ev.Kind, ev.Severity = Warning, severity
	if id, rest, ok := cutQueueID(b); ok {
		ev.QueueID, b = id, rest
	} else if rest, ok := cutPrefix(b, "NOQUEUE: "); ok {
		b = rest
	}
	ev.Text = b
	if rest, ok := cutPrefix(b, "proxy "); ok && l.proxyRejected(rest) {
		return true
	}
	if rest, ok := cutPrefix(b, "hostname "); ok && l.hostname(rest) {
		return true
	}
	p, rest, ok := cutPeer(b)
	if ok && hasPrefix(rest, ": SASL ") && l.authFailed(p, rest[len(": SASL "):]) {
		return true
	}
	if !ok || p.IP != nil && !numericIP(p.IP) {
		if p, _, ok = findPeer(b); !ok {
			return true
		}
	}
	switch string(l.daemon) {
	case "smtp", "lmtp", "relay":
		ev.Relay, ev.Direction = p, Out
	case "smtpd", "postscreen", "anvil", "qmqpd", "cleanup":
		ev.Client, ev.Direction = p, In
	default:
		// The name is lost or changed. Only smtp(8) always logs a port, and that a server's.
		if p.Port == 0 || p.Port >= 1024 {
			ev.Client, ev.Direction = p, In
		} else {
			ev.Relay, ev.Direction = p, Out
		}
	}
	if _, cmd, ok := cutString(b, " in "); ok && ev.Direction == In {
		if i := indexString(cmd, " command"); i > 0 {
			ev.Stage = stageOf(cmd[:i])
		}
	}
	return true
}

// authFailed reads "LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=u". The reason
// is ours or the SASL server's, the name the client's: the first mark counts.
func (l *postfixLine) authFailed(p Peer, b []byte) bool {
	method, rest, ok := cutString(b, " authentication ")
	if !ok || len(method) > 100 {
		return false
	}
	ev := l.ev
	if after, ok := cutPrefix(rest, "failed"); ok {
		rest = trimLeft(trimColon(after))
	} else if !hasPrefix(rest, "aborted") {
		return false
	}
	ev.Kind, ev.Severity, ev.Direction = AuthFailed, SeverityNone, In
	ev.Client, ev.Stage, ev.Detail, ev.Origin = p, status.StageAuth, method, status.OriginLocal
	ev.Text = rest
	if i := indexString(rest, ", sasl_username="); i >= 0 {
		ev.Text, ev.User = rest[:i], rest[i+len(", sasl_username="):]
	} else if user, ok := cutPrefix(rest, "sasl_username="); ok {
		ev.Text, ev.User = nil, user
	}
	return true
}

// hostname reads "h.example does not resolve to address 192.0.2.9[: reason]".
func (l *postfixLine) hostname(b []byte) bool {
	name, rest, ok := cutString(b, " does not resolve to address ")
	if !ok {
		return false
	}
	i := 0
	for i < len(rest) && rest[i] != ' ' && !(rest[i] == ':' && i+1 < len(rest) && rest[i+1] == ' ') {
		i++
	}
	ev := l.ev
	ev.Client, ev.Direction = Peer{Name: name, IP: rest[:i]}, In
	if !numericIP(ev.Client.IP) {
		ev.Client.IP = nil
	}
	return true
}

// proxyRejected reads `127.0.0.1:10026 rejected "RCPT TO:<a@b>": "550 5.1.1 text"`: a
// before-queue filter refused the recipient, smtpd passes its reply on to the client, and no
// other line says so (Postfix src/smtpd/smtpd_proxy.c). A refusal of the whole message has a
// proxy-reject line of its own.
func (l *postfixLine) proxyRejected(b []byte) bool {
	proxy, b, ok := cutString(b, ` rejected "`)
	if !ok || len(proxy) > 300 {
		return false
	}
	command, rest := b, []byte(nil)
	if i := indexString(b, `": "`); i >= 0 {
		command, rest = b[:i], b[i+len(`": "`):]
	}
	ev := l.ev
	switch {
	case hasPrefix(command, "RCPT TO:<"):
		addr := command[len("RCPT TO:"):]
		if i := lastIndexString(addr, ">"); i > 0 {
			addr = addr[:i+1] // without "NOTIFY=..." and the like
		}
		ev.Recipient, ev.Stage = trimAngle(addr), status.StageRcpt
	case hasPrefix(command, "MAIL FROM:<"):
		ev.Stage = status.StageMail
	default:
		return false
	}
	if n := len(rest); n > 0 && rest[n-1] == '"' {
		rest = rest[:n-1]
	}
	l.reply(rest) // the filter's lines are joined by "??", the CR LF between them
	ev.Kind, ev.Severity, ev.Direction, ev.Origin = Rejected, SeverityNone, In, status.OriginLocal
	return true
}
