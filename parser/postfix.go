package parser

import "bytes"

// claimsPostfix tells whether the frame's line is Postfix's: by its tag, or, where
// syslog_name hides the name, by a Postfix daemon's name and the shape of the text.
func claimsPostfix(p *Parser, f *frame) bool {
	tag := f.tag
	if len(tag) == 0 {
		return !f.native && p.claimsPostfixBare(f.msg)
	}
	if rest, ok := cutPrefix(tag, "postfix"); ok {
		switch {
		case len(rest) == 0 || rest[0] == '/':
			return true
		case hasSuffix(rest, ".service"): // journalctl -o with-unit: postfix@-.service
			return true
		case bytes.IndexByte(rest, '/') > 0:
			return rest[0] == '-' || rest[0] == '_' || rest[0] == '.' || isAlnum(rest[0])
		}
		// A multi-instance name that lost its daemon (rsyslog's RFC 5424 template cuts at /),
		// or another program such as postfix-policyd-spf-perl.
		return rest[0] == '-' && looksPostfix(f.msg)
	}
	if len(tag) < 4 {
		return false
	}
	i := bytes.LastIndexByte(tag, '/')
	switch d := tag[i+1:]; {
	case i == 0 && hasPrefix(d, "postfix"): // an empty syslog_name: "/postfix-script"
		return true
	case i >= 0:
		return isPostfixDaemon(d) && (looksPostfix(f.msg) ||
			isPostfixOnly(d) && string(tag[:i]) != "docker" && len(f.msg) > 0 && p.knowsPostfix(d, f.msg))
	default:
		// A child that cannot start its command logs under its bare name, as postmulti does, and all
		// of them in the log of macOS.
		return string(d) == "postmulti" || (string(d) == "local" || string(d) == "pipe" || string(d) == "spawn") &&
			hasPrefix(f.msg, "fatal: execvp") || isPostfixDaemon(d) && looksPostfix(f.msg)
	}
}

// isPostfixOnly tells whether a daemon's name is none of another program's under the name of an
// instance, as cyrus/lmtp and cyrus/master are: what the rules know of its lines is Postfix's.
// (Docker's own name stands before that of a container.)
func isPostfixOnly(b []byte) bool {
	switch string(b) {
	case "anvil", "bounce", "cleanup", "dnsblog", "pickup", "postfix-script", "postscreen", "postsuper",
		"qmgr", "scache", "smtp", "smtpd", "tlsmgr", "tlsproxy", "trivial-rewrite":
		return true
	}
	return false
}

// knowsPostfix tells whether a rule knows a daemon's text.
func (p *Parser) knowsPostfix(daemon, b []byte) bool {
	var ev Event
	l := postfixLine{p: p, ev: &ev, daemon: daemon}
	return l.parse(b)
}

// claimsPostfixBare tells whether a text without a tag is Postfix's, as journalctl -o cat prints
// it: by its shape, or, after one that has the shape, if a rule knows it.
func (p *Parser) claimsPostfixBare(b []byte) bool {
	if len(b) < 8 || b[0] == ' ' || b[0] == '\t' {
		return false
	}
	if looksPostfix(b) {
		_, _, id := cutQueueID(b)
		if _, _, peer := findPeer(b); id || peer {
			p.bare = true
			return true
		}
	}
	return p.bare && p.knowsPostfix(nil, b)
}

// parsePostfix parses a line that claimsPostfix has claimed.
func (p *Parser) parsePostfix(f *frame, ev *Event) bool {
	daemon := f.tag
	ev.Instance, ev.Service = f.tag, nil
	if len(f.tag) == 0 {
		daemon = nil
	} else if name, _, ok := cutByte(f.tag, '@'); ok && hasSuffix(f.tag, ".service") {
		daemon, ev.Instance = name, name
	} else if instance, service, ok := cutByte(f.tag, '/'); ok {
		ev.Instance, ev.Service = instance, service
		daemon = service[bytes.LastIndexByte(service, '/')+1:]
	} else if !hasPrefix(f.tag, "postfix") {
		ev.Instance, ev.Service = nil, f.tag
	}
	l := postfixLine{p: p, ev: ev, daemon: daemon}
	if l.parse(f.msg) {
		return true
	}
	ev.Kind, ev.Severity = None, SeverityNone
	return false
}

// postfixLine is one line being parsed.
type postfixLine struct {
	p      *Parser
	ev     *Event
	daemon []byte // the tag's last component; "postfix" where the frame has lost it
	size   int    // bytes of the text
}

// parse reads a daemon's text: "QUEUEID: what", "NOQUEUE: what", "warning: what" or words
// about a session.
func (l *postfixLine) parse(msg []byte) bool {
	l.size = len(msg)
	if severity, rest, ok := cutSeverity(msg); ok {
		return l.warning(severity, rest)
	}
	if id, rest, ok := cutQueueID(msg); ok {
		l.ev.QueueID = id
		return l.queue(rest) || l.session(rest) || l.misc(rest)
	}
	if rest, ok := cutPrefix(msg, "NOQUEUE: "); ok {
		return l.queue(rest) || l.session(rest)
	}
	if rest, ok := cutPrefix(msg, "NEW: "); ok { // the new ID is not known yet
		return l.queue(rest)
	}
	if len(msg) > 0 && (msg[0] == '<' || msg[0] == '>') { // a dialogue that -v shows
		return l.misc(msg)
	}
	return l.session(msg) || l.action(msg) || l.misc(msg)
}

// queue reads what a daemon says about one message (or, after NOQUEUE, about none yet).
func (l *postfixLine) queue(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	switch b[0] {
	case 't':
		if hasPrefix(b, "to=") {
			return l.status(b)
		}
	case 'f':
		if hasPrefix(b, "from=") {
			return l.qmgr(b)
		}
	case 'c':
		if rest, ok := cutPrefix(b, "client="); ok {
			return l.client(rest)
		}
	case 'u':
		if rest, ok := cutPrefix(b, "uid="); ok {
			return l.pickup(rest)
		}
	case 'm':
		if rest, ok := cutPrefix(b, "message-id="); ok {
			return l.messageID(rest, Received)
		}
	case 'r':
		if rest, ok := cutPrefix(b, "resent-message-id="); ok {
			return l.messageID(rest, Other)
		}
	}
	return l.host(b) || l.action(b) || l.queueWords(b)
}

// isPostfixDaemon tells whether a tag's last component names a Postfix program.
func isPostfixDaemon(b []byte) bool {
	switch string(b) {
	case "anvil", "bounce", "cleanup", "defer", "discard", "dnsblog", "error", "flush", "lmtp",
		"local", "master", "nqmgr", "oqmgr", "pickup", "pipe", "postdrop", "postfix-script",
		"postlog", "postlogd", "postqueue", "postscreen", "postsuper", "proxymap", "proxywrite",
		"qmgr", "qmqpd", "relay", "retry", "scache", "showq", "smtp", "smtpd", "spawn", "tlsmgr",
		"tlsproxy", "trace", "trivial-rewrite", "verify", "virtual":
		return true
	}
	return false
}

// looksPostfix tells whether a text has the shape of Postfix's commonest lines. It decides
// on tags that do not say postfix, so it must not match Dovecot, Amavis or a milter, which
// also begin with a queue ID.
func looksPostfix(b []byte) bool {
	if _, rest, ok := cutSeverity(b); ok {
		b = rest
		if _, rest, ok := cutQueueID(b); ok {
			b = rest
		}
		_, _, ok = findPeer(b)
		return ok
	}
	rest, ok := cutPrefix(b, "NOQUEUE: ")
	if !ok {
		_, rest, ok = cutQueueID(b)
	}
	if ok {
		for _, s := range [...]string{"to=<", "from=<", "client=", "uid=", "message-id=",
			"removed", "reject: ", "reject_warning: ", "milter-reject: ", "host "} {
			if hasPrefix(rest, s) {
				return true
			}
		}
		return false
	}
	for _, s := range [...]string{"connect from ", "disconnect from ", "lost connection after ",
		"timeout after ", "statistics: max "} {
		if hasPrefix(b, s) {
			return true
		}
	}
	return false
}

// Queue IDs. Postfix src/global/mail_queue.h: a short one is five hexadecimal digits of
// microseconds and the inode number, a long one is at least six digits of seconds and four
// of microseconds to base 52 (no vowels), then "z" and the inode to base 51.
const (
	shortIDMin = 6
	shortIDMax = 21 // 5 and a 64-bit inode number
	longIDTime = 10 // digits before the "z"
	longIDMax  = 40
)

// What idByte says of a queue ID's bytes.
const (
	idHex    = 1 << iota // of a short ID
	idBase52             // of a long one
	idAny                // of either
)

// idByte classifies a queue ID's bytes; others are 0.
var idByte = func() (t [256]uint8) {
	for _, c := range []byte("0123456789ABCDEF") {
		t[c] |= idHex | idAny
	}
	for _, c := range []byte("0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz") {
		t[c] |= idBase52 | idAny
	}
	return t
}()

// idRun returns how many bytes b begins with that may be those of a queue ID, up to longIDMax,
// and what idByte says of all of them.
func idRun(b []byte) (n int, all uint8) {
	all = idHex | idBase52 | idAny
	b = b[:min(len(b), longIDMax)]
	for ; n+4 <= len(b); n += 4 {
		four := b[n : n+4 : n+4]
		and := all & idByte[four[0]] & idByte[four[1]] & idByte[four[2]] & idByte[four[3]]
		if and&idAny == 0 {
			break
		}
		all = and
	}
	for n < len(b) && idByte[b[n]] != 0 {
		all &= idByte[b[n]]
		n++
	}
	return n, all
}

// isQueueID tells whether the whole of b has the form of a queue ID.
func isQueueID(b []byte) bool {
	if len(b) < shortIDMin || len(b) > longIDMax {
		return false
	}
	n, all := idRun(b)
	if n < len(b) {
		return false
	}
	if all&idHex != 0 {
		return len(b) <= shortIDMax
	}
	return all&idBase52 != 0 && bytes.IndexByte(b, 'z') >= 0 && bytes.LastIndexByte(b, 'z') >= longIDTime
}

// cutQueueID cuts "3D74ADB7400B: " or "4cDCnd66Hyz1XPWFF: " off the start of b.
func cutQueueID(b []byte) (id, rest []byte, ok bool) {
	i := 0
	for i < len(b) && i <= longIDMax && idByte[b[i]] != 0 {
		i++
	}
	if i+1 >= len(b) || b[i] != ':' || b[i+1] != ' ' || !isQueueID(b[:i]) {
		return nil, b, false
	}
	return b[:i], b[i+2:], true
}

// cutSeverity cuts the label that msg(3) puts before everything worse than information.
func cutSeverity(b []byte) (s Severity, rest []byte, ok bool) {
	if len(b) < 7 {
		return 0, b, false
	}
	switch b[0] {
	case 'w':
		rest, ok = cutPrefix(b, "warning:")
		s = SeverityWarning
	case 'e':
		rest, ok = cutPrefix(b, "error:")
		s = SeverityError
	case 'f':
		rest, ok = cutPrefix(b, "fatal:")
		s = SeverityFatal
	case 'p':
		rest, ok = cutPrefix(b, "panic:")
		s = SeverityPanic
	}
	if !ok || len(rest) > 0 && rest[0] != ' ' {
		return 0, b, false
	}
	return s, trimLeft(rest), true
}
