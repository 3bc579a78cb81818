package parser

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// plain makes a name of any text: letters at its ends, between them also what more holds.
func plain(s, more string) string {
	b := []byte("x" + s[:min(len(s), 40)] + "x")
	for i, c := range b {
		if !isAlnum(c) && (i == 0 || i == len(b)-1 || !strings.Contains(more, string(rune(c)))) {
			b[i] = 'a' + c%26
		}
	}
	return string(b)
}

// ownWords is what the frame takes for its own: escapes, repeats, Solaris' IDs and pieces of Exim's.
var ownWords = regexp.MustCompile(`#[0-3][0-7]{2}|^message repeated |^last message repeated |^\[`)

// composed are frames around one message, by name.
func composed(at time.Time, host, tag string, pid int, msg string) map[string]string {
	bsd := at.Format("Jan _2 15:04:05")
	iso := at.Format(time.RFC3339Nano)
	head := fmt.Sprintf("%s %s[%d]: %s", host, tag, pid, msg)
	frames := map[string]string{
		"bsd":       bsd + " " + head,
		"bsd pri":   "<22>" + bsd + " " + head,
		"bsd year":  at.Format("Jan _2 2006 15:04:05 ") + head,
		"bsd level": bsd + " " + host + " mail.info " + head[len(host)+1:],
		"iso":       iso + " " + head,
		"rfc5424":   fmt.Sprintf("<22>1 %s %s %s %d - - %s", iso, host, tag, pid, msg),
		"rfc5424 data": fmt.Sprintf(`<22>1 %s %s %s %d ID47 [a@1 b="c\"]d" e="]"][f@2] %s`, iso, host, tag, pid,
			"\ufeff"+msg),
		"short-full": at.Format("Mon 2006-01-02 15:04:05 ") + "UTC " + head,
		"cri":        iso + " stdout F " + bsd + " " + head,
		"compose":    "mail-1  | " + iso + " " + head,
	}
	// Of these encoding/json is the writer, which knows text only.
	object := func(v map[string]any) string {
		b, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		return string(b)
	}
	var message any = msg
	if !utf8.ValidString(msg) {
		var numbers []int // as the journal writes it
		for _, c := range []byte(msg) {
			numbers = append(numbers, int(c))
		}
		message = numbers
	} else {
		frames["docker"] = object(map[string]any{"log": frames["bsd"] + "\n", "stream": "stderr", "time": iso})
	}
	frames["journal"] = object(map[string]any{"MESSAGE": message, "_HOSTNAME": host, "SYSLOG_IDENTIFIER": tag, "_PID": strconv.Itoa(pid),
		"__REALTIME_TIMESTAMP": strconv.FormatInt(at.UnixMicro(), 10), "_SYSTEMD_UNIT": "x.service"})
	return frames
}

// FuzzFrame wants of every frame what was put into it, alone and after other lines.
func FuzzFrame(f *testing.F) {
	f.Add("mx", "postfix/smtp", uint16(811), "3A1B2C3D4E: to=<a@b.example>, status=sent (250 ok \\ \"x\")", int64(1793678706123456))
	f.Add("mx.d.example", "dovecot", uint16(1), "imap-login: Login: user=<é>, \xff\x1b", int64(1800000000000000))
	f.Add("M-x2", "exim4", uint16(65535), "1tivSh-0007oc-5P Completed # 1", int64(0))
	used := New(Options{Year: 2026})
	f.Fuzz(func(t *testing.T, host, tag string, pid uint16, msg string, micros int64) {
		at := time.UnixMicro(micros % (1 << 52)).UTC()
		host, tag, msg = plain(host, ".-"), plain(tag, "/_.-"), strings.Trim(strings.NewReplacer("\n", "", "\r", "", "\x00", "").Replace(msg), " \t")
		if strings.HasPrefix(tag, "xe") {
			tag = tag[1:] // exim, perhaps
		}
		if at.Year() < 1971 || at.Year() > 2099 || pid == 0 || msg == "" || strings.HasPrefix(msg, "\ufeff") || ownWords.MatchString(msg) ||
			headerFollows([]byte(msg)) || strings.HasPrefix(tag, "exim") && isDigit(msg[0]) {
			return
		}
		for name, line := range composed(at, host, tag, int(pid), msg) {
			fresh := New(Options{Year: at.Year(), LastYear: at.Year()})
			var a, b frame
			fresh.readFrame([]byte(line), &a)
			want := at.Truncate(time.Second)
			if strings.Contains(name, "iso") || strings.Contains(name, "rfc") || name == "compose" || name == "journal" {
				want = at
			}
			if string(a.host) != host || string(a.tag) != tag || a.pid != int(pid) || string(a.msg) != msg || !a.time.Equal(want) || a.repeat != 0 || a.again || a.more || a.native {
				t.Fatalf("%s: %q\nhost %q, tag %q, pid %d, msg %q, time %v, %+v", name, line, a.host, a.tag, a.pid, a.msg, a.time, a)
			}
			used.readFrame([]byte(line), &b)
			if !bytes.Equal(a.host, b.host) || !bytes.Equal(a.tag, b.tag) || a.pid != b.pid || !bytes.Equal(a.msg, b.msg) {
				t.Fatalf("%s: %q\nafter other lines host %q, tag %q, pid %d, msg %q", name, line, b.host, b.tag, b.pid, b.msg)
			}
		}
	})
}

// slots reads a JSON object as encoding/json does; of two members for a part the first with the
// highest rank counts.
func slots(d *json.Decoder, parent string, depth int, val *[jsonSlots]string, rank *[jsonSlots]uint8) {
	for d.More() {
		key, _ := d.Token()
		slot, r := jsonSlot([]byte(parent), []byte(key.(string)))
		v, _ := d.Token()
		text := ""
		if _, quoted := v.(string); slot == jsonMessage && !quoted && v != json.Delim('[') && v != json.Delim('{') {
			continue // a number is no message
		}
		switch v := v.(type) {
		case json.Delim:
			if v == '{' && depth < maxJSONDepth {
				slots(d, key.(string), depth+1, val, rank)
				continue
			}
			for open := 1; open > 0; {
				switch v, _ := d.Token(); v {
				case json.Delim('{'), json.Delim('['):
					open++
				case json.Delim('}'), json.Delim(']'):
					open--
				}
			}
			if v == '[' && slot == jsonMessage { // the journal's bytes, see FuzzFrame
				rank[slot] = 255
			}
			continue
		case string:
			text = v
		case json.Number:
			text = v.String()
		case bool:
			text = strconv.FormatBool(v)
		}
		if r > rank[slot] && text != "" && slot != jsonNone {
			val[slot], rank[slot] = text, r
		}
	}
	d.Token()
}

// FuzzJSON wants of a valid object what encoding/json finds, and of any other no harm.
func FuzzJSON(f *testing.F) {
	for _, tt := range frameTests {
		if strings.HasPrefix(tt.line, "{") {
			f.Add([]byte(tt.line))
		}
	}
	f.Add([]byte(`{"log":{"message":"a\u00e9\ud83d\ude00\ud800\u0041\"\\\/\b"},"process":{"name":"x","pid":1.5e3},"host":{"os":{"name":"no"},"name":"mx"},"time":null,"tag":[1,{"a":"]"}],"a":true}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		if len(line) == 0 || line[0] != '{' {
			return
		}
		before := bytes.Clone(line)
		s := jsonScan{rest: line[1:], buf: make([]byte, 0, 2*len(line))}
		buf := s.buf
		s.object(nil, 1)
		if !bytes.Equal(line, before) {
			t.Fatal("the line was changed")
		}
		if cap(s.buf) != cap(buf) {
			t.Fatalf("%q: the buffer has moved", line)
		}
		if !json.Valid(line) || !utf8.Valid(line) {
			return
		}
		var val [jsonSlots]string
		var rank [jsonSlots]uint8
		d := json.NewDecoder(bytes.NewReader(line))
		d.UseNumber()
		d.Token()
		slots(d, "", 1, &val, &rank)
		for slot := range val {
			if rank[slot] < 255 && string(s.val[slot]) != val[slot] {
				t.Fatalf("%q: part %d is %q, want %q", line, slot, s.val[slot], val[slot])
			}
		}
	})
}

// checkLimits wants the fields of an event to be what their types promise.
func checkLimits(t *testing.T, ev *Event) {
	t.Helper()
	code := func(n int) bool { return n == 0 || n >= 200 && n <= 599 }
	if !code(ev.Code) || !code(ev.CodeInferred) || ev.Code != 0 && ev.CodeInferred != 0 || ev.Size < 0 || ev.NRcpt < 0 || ev.Repeat < 0 || ev.PID < 0 ||
		ev.Delay < 0 || ev.DeliveryTime < 0 || min(ev.Delays[0], ev.Delays[1], ev.Delays[2], ev.Delays[3]) < 0 ||
		(ev.Severity != SeverityNone) != (ev.Kind == Warning) || ev.Continued && ev.Kind != Other || ev.NotAttempted && ev.Kind != Deferred && ev.Kind != Delivered { // Exim's *> is a delivery that -N left out
		t.Fatalf("%+v", *ev)
	}
	for _, id := range [][]byte{ev.QueueID, ev.NextQueueID, ev.PrevQueueID} {
		if bytes.ContainsAny(id, " \t\n<>") {
			t.Fatalf("queue ID %q", id)
		}
	}
	if n := len(ev.QueueID); n > 0 && (ev.MTA == Postfix && !isQueueID(ev.QueueID) || ev.MTA == Exim && eximIDLen(ev.QueueID) != n) {
		t.Fatalf("queue ID %q", ev.QueueID)
	}
}

// checkStateless wants a Postfix line in a frame that tells all to mean the same after any other.
func checkStateless(t *testing.T, after *Parser, msg []byte) {
	t.Helper()
	if msg = bytes.TrimLeft(msg, " \t"); bytes.HasPrefix(msg, []byte("last message")) || headerFollows(msg) {
		return
	}
	line := append([]byte("2026-11-03T04:05:06Z mx postfix/smtp[1]: "), msg...)
	var a, b Event
	v := New(Options{}).Parse(line, &a)
	if w := after.Parse(line, &b); v != w || !reflect.DeepEqual(a, b) {
		t.Fatalf("%q\nalone %d %+v\nafter %d %+v", line, v, a, w, b)
	}
}
