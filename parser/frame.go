package parser

import (
	"bytes"
	"time"
)

// frame is what surrounds a daemon's message: everything that a container runtime, a shipper,
// syslog, or Exim itself, puts before it.
type frame struct {
	line   []byte    // the whole line, without BOM, leading NULs and CR
	time   time.Time // zero: no stamp
	host   []byte
	tag    []byte // program as logged, without pid: "postfix/smtp", "exim4", "dovecot"
	pid    int
	msg    []byte // the daemon's own text, leading blanks removed
	native bool   // Exim's own stamp: no host and no tag, msg starts after stamp, zone and [pid]
	bsd    bool   // the stamp is RFC 3164's
	repeat int    // N of "message repeated N times: [msg]"; 0: once
	again  bool   // "last message repeated N times": msg is none of its own
	more   bool   // a piece of a line whose end is yet to come
	first  bool   // the first such piece
	stream int    // that the pieces are of
	empty  bool   // a JSON object without a member that could be the message
}

// maxHeaders bounds how many headers one line may have: a relay's, a container's, the host's.
const maxHeaders = 4

// readFrame fills f from line. A line without a stamp is all message.
//
// The frames: RFC 3164 with or without PRI ("Nov  3 04:05:06 mx postfix/smtp[811]: msg"),
// the same with an ISO 8601 stamp, RFC 5424 ("<22>1 2026-11-03T04:05:06Z mx postfix/smtp
// 811 - - msg"), Exim's own ("2026-11-03 04:05:06.123 +0100 [4242] msg"), what journalctl
// prints, and JSON objects; each alone or in what a container runtime put round it. Of several
// headers the innermost counts.
func (p *Parser) readFrame(line []byte, f *frame) {
	line = trimLine(line)
	f.line, f.msg = line, line
	if len(line) > 0 && line[0] == '{' {
		p.readJSON(line, f, 0)
	} else if !p.readHeaders(line, f) {
		if rest, ok := cutService(line); ok && len(rest) > 0 {
			f.msg = rest
			if rest[0] == '{' {
				p.readJSON(rest, f, 0)
			} else if !p.readHeaders(rest, f) {
				readLevelTag(rest, f)
			}
		} else if rest, ok := cutLead(line); ok {
			p.readHeaders(rest, f)
		} else if hasPrefix(line, "postfix") && readTag(line, f) && headerFollows(f.msg) {
			p.readHeaders(f.msg, f)
		}
	}
	if !f.native { // what went through syslog
		f.msg = p.unescape(f.msg)
	}
}

// readHeaders reads one header after another. It returns false where there is none.
func (p *Parser) readHeaders(b []byte, f *frame) bool {
	if !p.readHeader(b, f) {
		return false
	}
	for range maxHeaders {
		if f.native || f.more || !headerFollows(f.msg) || len(f.tag) > 0 && isEximStamp(f.msg) || !p.readHeader(f.msg, f) {
			break
		}
	}
	p.readInner(f)
	return true
}

// headerFollows tells whether b looks like one more header: a stamp or a priority.
func headerFollows(b []byte) bool {
	if len(b) < 16 {
		return false
	}
	switch c := b[0]; {
	case isDigit(c):
		return b[4] == '-' && b[7] == '-' && b[13] == ':' || b[4] == ' ' && month(b[5:]) != 0
	case 'A' <= c && c <= 'S':
		return b[3] == ' ' && (isDigit(b[4]) || isDigit(b[5])) && month(b) != 0
	case c == '<':
		rest, _ := cutPRI(b)
		return len(rest) < len(b)
	case c == '{':
		return b[1] == '"'
	}
	return false
}

// isEximStamp tells whether b begins with a stamp with a blank in it, and no other header
// after that: under a tag it is for the Exim dialect to read.
func isEximStamp(b []byte) bool {
	return len(b) > 20 && isDigit(b[0]) && b[10] == ' ' && !syslogFollows(b[20:])
}

// readHeader reads one header at the start of b. Where it returns false, f is as before.
func (p *Parser) readHeader(b []byte, f *frame) bool {
	if len(b) < 16 {
		return false
	}
	switch c := b[0]; {
	case isDigit(c):
		return p.readDigits(b, f)
	case 'A' <= c && c <= 'Z':
		var t time.Time
		var after []byte
		var ok bool
		if f.time.IsZero() {
			t, after, ok = p.stamps.bsd(b)
		} else {
			t, after, ok = p.stamps.bsdNear(b, f.time)
		}
		if ok {
			f.bsd = true
		} else if t, after, ok = p.stamps.weekday(b); !ok {
			return false
		}
		f.time = t
		readHostTag(after, f)
		return true
	case c == '<':
		return p.readPRI(b, f)
	case c == '{':
		p.readJSON(b, f, 1)
		return true
	case c == '*' || c == '.': // Cisco: the clock is not set, or not synchronised
		t, after, ok := p.stamps.bsd(b[1:])
		if !ok {
			return false
		}
		f.time, f.bsd = t, true
		readHostTag(after, f)
		return true
	case c == '@':
		return p.readTAI(b, f)
	case c == '[': // journalctl -o short-monotonic
		word, after, _ := cutByte(b, ']')
		if len(after) > 1 && after[0] == ' ' && isSeconds(trimLeft(word[1:])) {
			readHostTag(after[1:], f)
			return len(f.tag) > 0
		}
	}
	return false
}

// isSeconds tells whether b is a number such as 12345.678901.
func isSeconds(b []byte) bool {
	_, frac, ok := number(b)
	if !ok || len(frac) < 2 || frac[0] != '.' {
		return false
	}
	return digits(frac[1:])
}

// readDigits reads a header that begins with a digit: an ISO 8601 stamp and what may follow
// one, a year before the month, or seconds since 1970.
func (p *Parser) readDigits(b []byte, f *frame) bool {
	if b[4] != '-' {
		if b[4] == ' ' {
			if year, _, ok := number(b[:4]); ok && len(b) > 20 && month(b[5:]) != 0 {
				t, after, ok := p.stamps.bsdYear(b[5:], int(year))
				if !ok {
					return false
				}
				f.time = t
				readHostTag(after, f)
				return true
			}
		}
		return p.readUnix(b, f)
	}
	t, after, zoned, ok := p.stamps.isoZone(b)
	if !ok {
		return false
	}
	if !zoned && !f.time.IsZero() {
		t = settle(t, f.time)
	}
	if object, ok := cutFluentd(after); ok {
		f.time = t
		p.readJSON(object, f, 1)
		return true
	}
	if b[10] == ' ' && !syslogFollows(after) {
		f.time, f.native, f.msg = t, true, after
		if pid, msg, ok := cutPID(after); ok {
			f.pid, f.msg = pid, msg
		}
		return true
	}
	f.time = t
	if hasPrefix(after, "std") && p.readCRI(after, f) {
		return true
	}
	readHostTag(after, f)
	return true
}

// readUnix reads "1793678706.123456 host tag[pid]: msg" (journalctl -o short-unix), the
// length before a message that was sent over TCP, "98 <22>1 2026-... " (RFC 6587 section 3.4.1),
// and RFC 5424 without its priority, "1 2026-... ".
func (p *Parser) readUnix(b []byte, f *frame) bool {
	word, after := cutWord(b)
	if len(after) > 2 && after[1] == '<' && digits(word) {
		return p.readPRI(after[1:], f)
	}
	if len(after) > 20 && after[5] == '-' && after[11] == 'T' && string(word) == "1" {
		return p.readRFC5424(after[1:], f)
	}
	if len(word) < 11 || len(word) > 20 || word[len(word)-7] != '.' || !isSeconds(word) || len(after) < 2 {
		return false
	}
	t, ok := p.stamps.unix(word)
	if !ok {
		return false
	}
	f.time = t
	readHostTag(after[1:], f)
	return true
}

// readPRI reads what begins with a priority, "<22>": RFC 5424 with its version, RFC 3164, or no
// stamp at all, as programs write to /dev/log.
func (p *Parser) readPRI(b []byte, f *frame) bool {
	if len(b) < 3 || !isDigit(b[1]) {
		return false
	}
	rest, version := cutPRI(b)
	if version {
		return p.readRFC5424(rest, f)
	}
	if len(rest) == len(b) {
		return false
	}
	rest = trimLeft(rest)
	if len(rest) > 0 && rest[0] != '<' && p.readHeader(rest, f) {
		return true
	}
	return readTag(rest, f)
}

// trimLine removes what no line of a log has on purpose: a byte order mark and NULs (left by
// a crash) at its ends, CR at the end.
func trimLine(line []byte) []byte {
	if len(line) > 0 && (line[0] == 0 || line[0] == 0xef) {
		for len(line) > 0 && line[0] == 0 || hasPrefix(line, "\xef\xbb\xbf") {
			if line[0] == 0 {
				line = line[1:]
			} else {
				line = line[3:]
			}
		}
	}
	for n := len(line); n > 0 && (line[n-1] == '\r' || line[n-1] == 0); n-- {
		line = line[:n-1]
	}
	return line
}

// unescape replaces the escapes that rsyslog writes for control bytes, "#012" for a line feed,
// and removes those at the end. Most messages have none and are returned as they are.
func (p *Parser) unescape(b []byte) []byte {
	i := bytes.IndexByte(b, '#')
	for i >= 0 && !isEscape(b[i:]) {
		j := bytes.IndexByte(b[i+1:], '#')
		if j < 0 {
			return b
		}
		i += 1 + j
	}
	if i < 0 {
		return b
	}
	p.plain = append(p.plain[:0], b[:i]...)
	for i < len(b) {
		if b[i] == '#' && isEscape(b[i:]) {
			p.plain = append(p.plain, (b[i+2]-'0')<<3|b[i+3]-'0')
			i += 4
			continue
		}
		p.plain = append(p.plain, b[i])
		i++
	}
	b = p.plain
	for n := len(b); n > 0 && b[n-1] < ' '; n-- {
		b = b[:n-1]
	}
	return b
}

// isEscape tells whether b begins with "#" and a control byte's three octal digits.
func isEscape(b []byte) bool {
	return len(b) >= 4 && b[1] == '0' && '0' <= b[2] && b[2] <= '3' && '0' <= b[3] && b[3] <= '7'
}

// cutPRI removes "<22>" and tells whether the version of RFC 5424 section 6 follows, which it
// removes too.
func cutPRI(b []byte) (rest []byte, version bool) {
	n, after, ok := number(b[1:])
	if !ok || n > 191 || len(after) == 0 || after[0] != '>' {
		return b, false
	}
	after = after[1:]
	if hasPrefix(after, "1 ") {
		return after[2:], true
	}
	return after, false
}

// readRFC5424 reads what follows "<22>1 ": TIMESTAMP HOSTNAME APP-NAME PROCID MSGID
// STRUCTURED-DATA MSG (RFC 5424 section 6). "-" is an absent field.
func (p *Parser) readRFC5424(b []byte, f *frame) bool {
	if t, after, ok := p.stamps.iso(b); ok {
		f.time, b = t, after
	} else if after, ok := cutPrefix(b, "- "); ok {
		b = after
	} else {
		return false
	}
	var field [4][]byte
	for i := range field {
		word, after, _ := cutByte(b, ' ')
		if !(len(word) == 1 && word[0] == '-') {
			field[i] = word
		}
		b = after
	}
	f.host, f.tag, f.pid = field[0], field[1], 0
	if n, _, ok := number(field[2]); ok {
		f.pid = int(n)
	}
	b = trimLeft(cutStructuredData(b))
	b, _ = cutPrefix(b, "\xef\xbb\xbf")
	f.msg = trimLeft(b)
	return true
}

// cutStructuredData removes "-" or one or more "[id name="value"]" (RFC 5424 section 6.3).
func cutStructuredData(b []byte) []byte {
	if len(b) > 0 && b[0] == '-' {
		return b[1:]
	}
	for len(b) > 0 && b[0] == '[' {
		quoted := false
		i := 1
		for i < len(b) && (quoted || b[i] != ']') {
			switch {
			case b[i] == '\\' && quoted:
				i++
			case b[i] == '"':
				quoted = !quoted
			}
			i++
		}
		if i >= len(b) {
			return nil
		}
		b = b[i+1:]
	}
	return b
}

// readHostTag reads "host tag[pid]: msg" or, where the host is missing, "tag[pid]: msg", with
// the words that some daemons put between them: FreeBSD's "<mail.info>" (syslogd -v) before the
// host, the level of busybox, syslog-ng and container images ("mail.info", "INFO") before the
// tag; "---" before macOS's repeats; what AIX says of a line that it has passed on; and the file
// that OSSEC has read, "192.0.2.9->/var/log/maillog". It stops at one more header. A message that
// begins with a blank has none: in what docker logs -t prints of Exim's reject log it is a refused message's.
func readHostTag(b []byte, f *frame) {
	f.tag, f.pid, f.msg = nil, 0, b
	if firstByte(b) == ' ' && headerFollows(trimLeft(b)) {
		return
	}
	b = trimLeft(b)
	f.msg = b
	for host := false; ; {
		word, rest := cutWord(b)
		if len(word) == 0 {
			return
		}
		if c := word[len(word)-1]; (c == ':' || c == ']') && readTag(b, f) {
			return
		}
		if len(rest) == 0 || headerFollows(b) || hasPrefix(b, lastMessage) {
			return
		}
		rest = trimLeft(rest)
		switch {
		case word[0] == '<' && word[len(word)-1] == '>', isLevel(word), len(word) == 1 && (word[0] == ':' || word[0] == '-'), string(word) == "---":
			b = rest
			if !host {
				f.msg = b
			}
		case host && contains(word, "->"):
			b, f.msg = rest, rest
		case host:
			if from, ok := cutPrefix(b, "Message forwarded from "); ok {
				if name, tagged, ok := cutString(from, ": "); ok && readTag(tagged, f) {
					f.host = name
				}
			}
			return
		default:
			f.host, host = word, true
			b, f.msg = rest, rest
		}
	}
}

// readLevelTag reads "tag[pid]: msg", also with a level before it.
func readLevelTag(b []byte, f *frame) bool {
	if readTag(b, f) {
		return true
	}
	word, rest := cutWord(b)
	return isLevel(word) && readTag(trimLeft(rest), f)
}

// isLevel tells whether a word is a severity, alone or after a facility and a point (AIX: a
// colon): "mail.info", "INFO", "[info]".
func isLevel(b []byte) bool {
	if n := len(b); n > 2 && b[0] == '[' && b[n-1] == ']' {
		b = b[1 : n-1]
	}
	if len(b) < 3 || len(b) > 16 || !levelByte[b[0]] {
		return false
	}
	var low [16]byte
	severity := low[:len(b)]
	at := -1
	for i, c := range b {
		if low[i] = c | 0x20; c == '.' || c == ':' || c == '|' {
			at = i
		}
	}
	if at < 0 && len(b) > len("critical") {
		return false
	}
	if at >= 0 {
		switch string(severity[:at]) {
		case "mail", "daemon", "user", "syslog", "auth", "authpriv", "kern",
			"local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7":
		default:
			return false
		}
		severity = severity[at+1:]
	}
	switch string(severity) {
	case "emerg", "panic", "alert", "crit", "critical", "err", "error", "warn", "warning", "notice", "info", "debug":
		return true
	}
	return false
}

// levelByte marks the bytes that a facility or a severity can begin with.
var levelByte = func() (t [256]bool) {
	for _, c := range []byte("mdusaklepacwniMDUSAKLEPACWNI") {
		t[c] = true
	}
	return t
}()

// readTag reads "tag[pid]: msg" or "tag: msg" at the start of b.
func readTag(b []byte, f *frame) bool {
	i := 0
	for i < len(b) && tagByte[b[i]] {
		i++
	}
	if i == 0 || i == len(b) {
		return false
	}
	tag, rest, pid := b[:i], b[i:], 0
	if rest[0] == '[' {
		n, after, ok := number(rest[1:])
		if !ok || len(after) == 0 || after[0] != ']' {
			return false
		}
		pid, rest = int(n), after[1:]
		if len(rest) > 1 && rest[0] == ' ' && (hasPrefix(tag, "postfix/") || hasPrefix(tag, "exim")) {
			f.tag, f.pid, f.msg = tag, pid, trimLeft(rest)
			return true
		}
	}
	if len(rest) == 0 || rest[0] != ':' || len(rest) > 1 && rest[1] != ' ' {
		return false
	}
	f.tag, f.pid, f.msg = tag, pid, trimLeft(rest[1:])
	if len(f.msg) > 0 && f.msg[0] == '[' {
		f.msg = cutSolarisID(f.msg)
	}
	return true
}

// cutSolarisID removes "[ID 197553 mail.info] ", which Solaris puts before every message.
func cutSolarisID(b []byte) []byte {
	rest, ok := cutPrefix(b, "[ID ")
	if !ok {
		return b
	}
	if _, rest, ok = number(rest); !ok || len(rest) == 0 || rest[0] != ' ' {
		return b
	}
	level, rest, ok := cutByte(rest[1:], ']')
	if !ok || !isLevel(level) {
		return b
	}
	return trimLeft(rest)
}

// tagByte marks the bytes of a program's name: RFC 3164 section 5.3 allows only letters and
// digits, syslog_name and master.cf more.
var tagByte = func() (t [256]bool) {
	for c := range t {
		t[c] = isAlnum(byte(c)) || bytes.IndexByte([]byte("/-_.@+"), byte(c)) >= 0 || c >= 0x80
	}
	return t
}()

// syslogFollows tells whether "host tag[pid]: " or "tag[pid]: " follows a stamp written with
// a blank between date and time, which is otherwise Exim's. The process ID decides, or a tag
// that names an MTA.
func syslogFollows(b []byte) bool {
	b = trimLeft(b)
	if eximIDLen(b) > 0 {
		return false
	}
	for n := 2; n > 0; n-- {
		word, rest := cutWord(b)
		if len(word) == 0 {
			return false
		}
		if c := word[len(word)-1]; c == ':' || c == ']' {
			var f frame
			if readTag(b, &f) && (f.pid != 0 || hasPrefix(f.tag, "postfix") || hasPrefix(f.tag, "exim")) {
				return true
			}
		} else if n == 1 && isLevel(word) {
			n++
		}
		b = trimLeft(rest)
	}
	return false
}

// cutPID reads "[4242] " at the start of b (Exim log selector +pid).
func cutPID(b []byte) (pid int, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '[' {
		return 0, b, false
	}
	n, after, ok := number(b[1:])
	if !ok || !hasPrefix(after, "] ") {
		return 0, b, false
	}
	return int(n), after[2:], true
}

// readInner looks into the message for what belongs to the frame: Exim's own stamp under
// syslog (Exim specification, syslog_timestamp), and a repeated message.
func (p *Parser) readInner(f *frame) {
	if len(f.msg) == 0 {
		return
	}
	switch f.msg[0] {
	case 'm':
		if rest, ok := cutPrefix(f.msg, "message repeated "); ok {
			if n, rest, ok := number(rest); ok {
				if rest, ok := cutPrefix(rest, " times: ["); ok {
					f.repeat, f.msg = int(n), trimLeft(rest)
					if n := len(f.msg); n > 0 && f.msg[n-1] == ']' {
						f.msg = trimRight(f.msg[:n-1])
					}
				}
			}
		}
	case 'l':
		if rest, ok := cutPrefix(f.msg, lastMessage); ok {
			if n, rest, ok := number(rest); ok && hasPrefix(rest, " time") {
				f.repeat, f.again = int(n), true
			}
		}
	}
	if hasPrefix(f.tag, "exim") && len(f.msg) > 0 && isDigit(f.msg[0]) {
		if t, rest, ok := p.stamps.iso(f.msg); ok {
			f.time, f.msg = t, rest
			if pid, rest, ok := cutPID(rest); ok {
				f.pid, f.msg = pid, rest
			}
		}
	}
}
