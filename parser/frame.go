package parser

import (
	"bytes"
	"time"
)

// frame is what surrounds a daemon's message: everything that syslog, or Exim itself, puts
// before it.
type frame struct {
	line   []byte    // the whole line, without BOM, leading NULs and CR
	time   time.Time // zero: no stamp
	host   []byte
	tag    []byte // program as logged, without pid: "postfix/smtp", "exim4", "dovecot"
	pid    int
	msg    []byte // the daemon's own text, leading blanks removed
	native bool   // Exim's own stamp: no host and no tag, msg starts after stamp, zone and [pid]
	repeat int    // N of "message repeated N times: [msg]"; 0: once
}

// readFrame fills f from line. A line without a stamp is all message.
//
// The frames: RFC 3164 with or without PRI ("Nov  3 04:05:06 mx postfix/smtp[811]: msg"),
// the same with an ISO 8601 stamp, RFC 5424 ("<22>1 2026-11-03T04:05:06Z mx postfix/smtp
// 811 - - msg") and Exim's own ("2026-11-03 04:05:06.123 +0100 [4242] msg").
func (p *Parser) readFrame(line []byte, f *frame) {
	line = trimLine(line)
	f.line, f.msg = line, line
	rest := line
	if len(rest) > 2 && rest[0] == '<' && isDigit(rest[1]) {
		var version bool
		if rest, version = cutPRI(rest); version {
			p.readRFC5424(rest, f)
			return
		}
	}
	if len(rest) < 16 {
		return
	}
	switch {
	case isDigit(rest[0]):
		t, after, ok := p.stamps.iso(rest)
		if !ok {
			return
		}
		f.time = t
		if rest[10] == ' ' && !syslogFollows(after) {
			f.native, f.msg = true, after
			if pid, msg, ok := cutPID(after); ok {
				f.pid, f.msg = pid, msg
			}
			return
		}
		readHostTag(after, f)
	case 'A' <= rest[0] && rest[0] <= 'S':
		t, after, ok := p.stamps.bsd(rest)
		if !ok {
			return
		}
		f.time = t
		readHostTag(after, f)
	default:
		return
	}
	p.readInner(f)
}

// trimLine removes what no line of a log has on purpose: a byte order mark and NULs (left by
// a crash) at the start, CR at the end.
func trimLine(line []byte) []byte {
	if len(line) > 0 && line[0] < 'A' {
		for len(line) > 0 && line[0] == 0 {
			line = line[1:]
		}
	}
	if hasPrefix(line, "\xef\xbb\xbf") {
		line = line[3:]
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line
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
func (p *Parser) readRFC5424(b []byte, f *frame) {
	if t, after, ok := p.stamps.iso(b); ok {
		f.time, b = t, after
	} else if after, ok := cutPrefix(b, "- "); ok {
		b = after
	} else {
		return
	}
	var field [4][]byte
	for i := range field {
		word, after, _ := cutByte(b, ' ')
		if !(len(word) == 1 && word[0] == '-') {
			field[i] = word
		}
		b = after
	}
	f.host, f.tag = field[0], field[1]
	if n, _, ok := number(field[2]); ok {
		f.pid = int(n)
	}
	b = trimLeft(cutStructuredData(b))
	b, _ = cutPrefix(b, "\xef\xbb\xbf")
	f.msg = trimLeft(b)
	p.readInner(f)
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

// readHostTag reads "host tag[pid]: msg" or, where the host is missing, "tag[pid]: msg".
func readHostTag(b []byte, f *frame) {
	b = trimLeft(b)
	f.msg = b
	if readTag(b, f) {
		return
	}
	host, rest, ok := cutByte(b, ' ')
	if !ok {
		return
	}
	f.host, f.msg = host, trimLeft(rest)
	readTag(f.msg, f)
}

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
	}
	if len(rest) == 0 || rest[0] != ':' || len(rest) > 1 && rest[1] != ' ' {
		return false
	}
	f.tag, f.pid, f.msg = tag, pid, trimLeft(rest[1:])
	return true
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
	for range 2 {
		var f frame
		if readTag(b, &f) && (f.pid != 0 || hasPrefix(f.tag, "postfix") || hasPrefix(f.tag, "exim")) {
			return true
		}
		_, rest, ok := cutByte(b, ' ')
		if !ok {
			return false
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
	if f.msg[0] == 'm' {
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
	}
	if hasPrefix(f.tag, "exim") && isDigit(f.msg[0]) {
		if t, rest, ok := p.stamps.iso(f.msg); ok {
			f.time, f.msg = t, rest
			if pid, rest, ok := cutPID(rest); ok {
				f.pid, f.msg = pid, rest
			}
		}
	}
}
