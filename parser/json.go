package parser

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// The parts of a JSON object that a log line is made of.
const (
	jsonNone = iota
	jsonMessage
	jsonTime
	jsonHost
	jsonTag
	jsonLabel
	jsonPID
	jsonStream
	jsonMTA   // with an event beside it: an entry of smtplog events
	jsonEvent //
	jsonSlots
)

// rankLog is that of the member "log", which Docker writes.
const rankLog = 6

// rankSource is that of the member "source", a host in Graylog.
const rankSource = 1

// jsonSlot says what a member is, by its name and that of the object it is in. Of two members
// for the same part the one with the higher rank counts. The names are those of the journal
// (systemd.journal-fields), of Docker's json-file, rsyslog, syslog-ng, NXLog, Fluent Bit, Vector,
// Logstash and Filebeat (Elastic Common Schema), Graylog (GELF), OpenTelemetry, Loki, Splunk, and
// the clouds of Google and Azure. "event.original" is original in event.
func jsonSlot(parent, key []byte) (slot int, rank uint8) {
	if i := bytes.LastIndexByte(key, '.'); i > 0 {
		parent, key = key[:i], key[i+1:]
		parent = parent[bytes.LastIndexByte(parent, '.')+1:]
	}
	switch string(parent) {
	case "", "_source", "result", "jsonPayload", "attributes": // the record in what an export puts round it
	case "event":
		if string(key) == "original" {
			return jsonMessage, 4
		}
		return jsonNone, 0
	case "body":
		if string(key) == "stringValue" {
			return jsonMessage, 3
		}
		return jsonNone, 0
	case "process":
		switch string(key) {
		case "name":
			return jsonTag, 5
		case "pid":
			return jsonPID, 5
		}
		return jsonNone, 0
	case "host":
		switch string(key) {
		case "hostname", "name":
			return jsonHost, 5
		}
		return jsonNone, 0
	case "syslog":
		switch string(key) {
		case "hostname":
			return jsonHost, 8
		case "appname", "program":
			return jsonTag, 8
		case "procid", "pid":
			return jsonPID, 8
		case "message":
			return jsonMessage, 3
		}
		return jsonNone, 0
	default:
		return jsonNone, 0
	}
	switch string(key) {
	case "MESSAGE":
		return jsonMessage, 9
	case "message":
		return jsonMessage, 8
	case "msg", "MSG":
		return jsonMessage, 7
	case "log":
		return jsonMessage, rankLog
	case "short_message", "@message", "Message", "SyslogMessage", "syslog_message", "logmsg", "textPayload":
		return jsonMessage, 5
	case "full_message", "_raw", "@rawstring", "raw_event", "full_log": // the line as it came
		return jsonMessage, 4
	case "body", "text", "content", "payload", "raw", "data", "line":
		return jsonMessage, 3

	case "mta":
		return jsonMTA, 1
	case "event":
		return jsonEvent, 1

	case "__REALTIME_TIMESTAMP":
		return jsonTime, 9
	case "timereported", "timestamp", "@timestamp", "TIMESTAMP":
		return jsonTime, 8
	case "date", "ISODATE", "isodate": // Fluent Bit: in seconds; its "time" may lack the year
		return jsonTime, 7
	case "time", "ts", "datetime", "DATE":
		return jsonTime, 6
	case "timegenerated", "_SOURCE_REALTIME_TIMESTAMP", "EventTime", "TimeGenerated", "_time", "observed_timestamp":
		return jsonTime, 5

	case "_HOSTNAME", "hostname", "HOSTNAME":
		return jsonHost, 9
	case "host", "HOST", "Hostname", "HostName", "Computer", "syslog_hostname", "fromhost":
		return jsonHost, 7
	case "source":
		return jsonHost, rankSource

	case "syslogtag", "syslog-tag", "syslog_tag": // the only one of rsyslog's that is not cut at a slash
		return jsonTag, 9
	case "SYSLOG_IDENTIFIER", "syslog_identifier", "ident", "program", "PROGRAM", "syslog_program", "ProcessName", "SourceName":
		return jsonTag, 8
	case "appname", "app_name", "app-name", "APP-NAME", "APP_NAME", "application_name", "_application_name":
		return jsonTag, 7
	case "programname":
		return jsonTag, 6
	case "tag": // a name, or all that stands before the message
		return jsonLabel, 6
	case "_SYSTEMD_UNIT":
		return jsonTag, 1

	case "SYSLOG_PID":
		return jsonPID, 9
	case "_PID", "pid", "PID", "procid", "PROCID", "proc_id", "syslog_pid", "ProcessID", "processid", "process_id", "_process_id":
		return jsonPID, 8

	case "stream":
		return jsonStream, 8
	}
	return jsonNone, 0
}

// jsonScan reads one JSON object and keeps the members that matter. It takes what is no JSON
// at all, and a line that was cut off, as far as it understands it.
type jsonScan struct {
	rest []byte
	buf  []byte // holds what had escapes; as long as the line, so that it never moves
	val  [jsonSlots][]byte
	rank [jsonSlots]uint8
	text bool // there is a member for the message, be it an empty one
}

// maxJSONDepth is how deep objects are looked into.
const maxJSONDepth = 4

// dockerPart is the length from which Docker cuts a line into pieces; the last one ends with a
// line feed (moby, daemon/logger/copier.go).
const dockerPart = 16 << 10

// readJSON reads a line that is a JSON object; depth is that of the objects around it.
func (p *Parser) readJSON(b []byte, f *frame, depth int) {
	if depth >= len(p.json) {
		return
	}
	if cap(p.json[depth]) < len(b) {
		p.json[depth] = make([]byte, 0, 2*len(b))
	}
	var s jsonScan // not a literal, which would be copied
	s.rest, s.buf = b[1:], p.json[depth][:0]
	s.object(nil, 1)
	if len(s.val[jsonMTA]) > 0 && len(s.val[jsonEvent]) > 0 && bytes.IndexByte(s.val[jsonEvent], ' ') < 0 {
		f.tag, f.pid, f.msg = nil, 0, nil // what smtplog says of a line is no line of the mail system's
		return
	}
	msg := s.val[jsonMessage]
	f.empty = !s.text
	if len(s.val[jsonStream]) > 0 && s.rank[jsonMessage] == rankLog {
		stream := stdout
		if string(s.val[jsonStream]) == "stderr" {
			stream = stderr
		}
		msg = p.join(stream, msg, len(msg) >= dockerPart && msg[len(msg)-1] != '\n', f)
	}
	for n := len(msg); n > 0 && (msg[n-1] == '\n' || msg[n-1] == '\r' || msg[n-1] == 0); n-- {
		msg = msg[:n-1]
	}
	if t, ok := p.stamps.any(s.val[jsonTime]); ok {
		f.time = t
	}
	if host := s.val[jsonHost]; len(host) > 0 && !(s.rank[jsonHost] == rankSource && isInput(host)) {
		f.host = host
	}
	f.tag, f.pid = nil, 0
	tag := s.val[jsonTag]
	if label := s.val[jsonLabel]; s.rank[jsonTag] < s.rank[jsonLabel] || hasSuffix(label, "]:") {
		tag = label
	}
	if len(tag) > 0 {
		if n := len(tag); tag[n-1] == ':' {
			tag = tag[:n-1]
		}
		f.tag = tag
		if name, pid, ok := cutByte(tag, '['); ok {
			f.tag = name
			n, _, _ := number(pid)
			f.pid = int(n)
		}
	}
	if n, _, ok := number(s.val[jsonPID]); ok {
		f.pid = int(n)
	}
	if f.msg = trimLeft(msg); len(f.tag) == 0 && len(f.msg) < len(msg) {
		f.msg = msg // a line that goes on; only behind a tag a message begins with a blank
		return
	}
	switch {
	case f.more:
	case len(f.msg) > 1 && f.msg[0] == '{' && len(f.tag) == 0:
		p.readJSON(f.msg, f, depth+1)
	case headerFollows(f.msg) && !(len(f.tag) > 0 && isEximStamp(f.msg)) && p.readHeaders(f.msg, f):
	default:
		if len(f.tag) == 0 && !readLevelTag(f.msg, f) { // Graylog keeps the host
			if word, rest := cutWord(f.msg); len(word) > 0 && string(word) == string(f.host) {
				readLevelTag(trimLeft(rest), f)
			}
		}
		p.readInner(f)
	}
}

// isInput tells whether a source is no host: a container's stream (Docker's driver for Fluentd), or the
// path of a file (Splunk).
func isInput(b []byte) bool {
	return string(b) == "stdout" || string(b) == "stderr" || bytes.IndexByte(b, '/') >= 0
}

// object reads members up to the closing brace, which may be missing.
func (s *jsonScan) object(parent []byte, depth int) {
	for {
		s.blank()
		if len(s.rest) == 0 {
			return
		}
		switch c := s.rest[0]; c {
		case '}':
			s.rest = s.rest[1:]
			return
		case ',':
			s.rest = s.rest[1:]
			continue
		case '"':
		default:
			s.rest = nil
			return
		}
		key := s.string()
		s.blank()
		if len(s.rest) == 0 || s.rest[0] != ':' {
			s.rest = nil
			return
		}
		s.rest = s.rest[1:]
		s.blank()
		s.value(parent, key, depth)
	}
}

// value reads the value of a member.
func (s *jsonScan) value(parent, key []byte, depth int) {
	if len(s.rest) == 0 {
		return
	}
	slot, rank := jsonSlot(parent, key)
	if rank <= s.rank[slot] {
		slot = jsonNone
	}
	var val []byte
	switch c := s.rest[0]; {
	case c == '"' && slot == jsonMessage:
		val = s.message()
	case c == '"':
		val = s.string()
	case c == '{' && depth < maxJSONDepth:
		s.rest = s.rest[1:]
		s.object(key, depth+1)
		return
	case c == '{':
		s.skip()
		return
	case c == '[':
		if slot != jsonMessage {
			s.skip()
			return
		}
		val = s.array()
	default:
		i := 0
		for i < len(s.rest) && s.rest[i] != ',' && s.rest[i] != '}' && s.rest[i] != ' ' {
			i++
		}
		val, s.rest = s.rest[:i], s.rest[i:]
		if string(val) == "null" || i == 0 || slot == jsonMessage {
			return
		}
	}
	s.text = s.text || slot == jsonMessage
	if slot != jsonNone && len(val) > 0 {
		s.val[slot], s.rank[slot] = val, rank
	}
}

func (s *jsonScan) blank() {
	i := 0
	for i < len(s.rest) && (s.rest[i] == ' ' || s.rest[i] == '\t' || s.rest[i] == '\r' || s.rest[i] == '\n') {
		i++
	}
	s.rest = s.rest[i:]
}

// string reads a string. One without escapes stays where it is.
func (s *jsonScan) string() []byte {
	b := s.rest[1:]
	for i, c := range b {
		if c == '"' {
			s.rest = b[i+1:]
			return b[:i:i]
		}
		if c == '\\' {
			return s.unescape(b, i)
		}
	}
	s.rest = nil
	return b
}

// message reads the string that is a message. rsyslog's templates write its quotes as they are (without
// format="json"): one that nothing of JSON's follows is the message's.
func (s *jsonScan) message() []byte {
	start := len(s.buf)
	val := s.string()
	if jsonEnds(s.rest) {
		return val
	}
	if len(s.buf) == start {
		s.buf = append(s.buf, val...)
	}
	for !jsonEnds(s.rest) {
		s.buf = append(s.buf, '"')
		s.unescape(s.rest, 0)
	}
	return s.buf[start:len(s.buf):len(s.buf)]
}

// jsonEnds tells whether b may follow a string that is a value: what ends the object, or another member.
func jsonEnds(b []byte) bool {
	comma := false
	for _, c := range b {
		switch c {
		case ' ', '\t', '\r', '\n':
		case ',':
			if comma {
				return false
			}
			comma = true
		default:
			return comma && c == '"' || !comma && c == '}'
		}
	}
	return true
}

// unescape reads a string whose first escape is at i.
func (s *jsonScan) unescape(b []byte, i int) []byte {
	start := len(s.buf)
	s.buf = append(s.buf, b[:i]...)
	for i < len(b) && b[i] != '"' {
		if b[i] != '\\' || i+1 == len(b) {
			s.buf = append(s.buf, b[i])
			i++
			continue
		}
		c := b[i+1]
		i += 2
		switch c {
		case 'n':
			c = '\n'
		case 't':
			c = '\t'
		case 'r':
			c = '\r'
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'u':
			r, ok := hex4(b[i:])
			if !ok {
				continue
			}
			i += 4
			if utf16.IsSurrogate(r) && i+2 <= len(b) && b[i] == '\\' && b[i+1] == 'u' {
				low, _ := hex4(b[i+2:])
				if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
					r = pair
					i += 6
				}
			}
			s.buf = utf8.AppendRune(s.buf, r)
			continue
		}
		s.buf = append(s.buf, c)
	}
	s.rest = b[min(i+1, len(b)):]
	return s.buf[start:len(s.buf):len(s.buf)]
}

// hex4 reads four hexadecimal digits.
func hex4(b []byte) (r rune, ok bool) {
	if len(b) < 4 {
		return 0, false
	}
	for _, c := range b[:4] {
		switch {
		case isDigit(c):
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// array reads the journal's way to write what is not UTF-8, an array of byte values; or, of an
// array of strings, the first.
func (s *jsonScan) array() []byte {
	start := len(s.buf)
	for b := s.skip()[1:]; len(b) > 0; {
		switch c := b[0]; {
		case isDigit(c):
			n, rest, _ := number(b)
			s.buf = append(s.buf, byte(n))
			b = rest
		case c == '"':
			in := jsonScan{rest: b, buf: s.buf}
			val := in.string()
			s.buf = in.buf
			return val
		case c == ',', c == ' ', c == ']':
			b = b[1:]
		default:
			return nil
		}
	}
	return s.buf[start:len(s.buf):len(s.buf)]
}

// skip passes over an object or an array and returns it.
func (s *jsonScan) skip() []byte {
	depth, quoted := 0, false
	for i := 0; i < len(s.rest); i++ {
		switch c := s.rest[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{', c == '[':
			depth++
		case c == '}', c == ']':
			if depth--; depth == 0 {
				all := s.rest[:i+1]
				s.rest = s.rest[i+1:]
				return all
			}
		}
	}
	all := s.rest
	s.rest = nil
	return all
}
