package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/smtplog/smtplog/internal/fixture"
	"github.com/smtplog/smtplog/internal/source"
)

// record is one line of a log, apart from its frame.
type record struct {
	time      time.Time
	host, tag string
	pid       int
	msg       string
}

// exim tells whether the record is Exim's.
func (r *record) exim() bool { return r.tag == "exim" }

// label is the tag with the process ID.
func (r *record) label() string { return fmt.Sprintf("%s[%d]", r.tag, r.pid) }

// syslog is the record after a stamp.
func (r *record) syslog() string { return r.host + " " + r.label() + ": " + r.msg }

// at is the time in a layout, in UTC or in a zone that is so many hours east of it.
func (r *record) at(layout string, east ...int) string {
	t := r.time
	if len(east) > 0 {
		t = t.In(time.FixedZone("", east[0]*3600))
	}
	return t.Format(layout)
}

// bsd is the record as RFC 3164 has it.
func (r *record) bsd() string { return r.at("Jan _2 15:04:05 ") + r.syslog() }

// own is the line that the MTA writes itself: Postfix to maillog_file, Exim to its mainlog.
func (r *record) own() string {
	if r.exim() {
		return r.at("2006-01-02 15:04:05 ") + r.msg
	}
	return r.at("Jan 02 15:04:05 ") + r.syslog()
}

// object is a JSON object on a line.
func object(members ...any) string {
	var b strings.Builder
	for i := 0; i < len(members); i += 2 {
		key, _ := json.Marshal(members[i])
		val, _ := json.Marshal(members[i+1])
		b.WriteString("{,"[min(i, 1):min(i, 1)+1] + string(key) + ":" + string(val))
	}
	return b.String() + "}"
}

// disguise is a way to write a log. What a format cannot carry is excepted by name.
type disguise struct {
	name  string
	line  func(r *record) string    // one record
	whole func(all []record) string // or all of them
	only  string                    // "postfix" or "exim"; "": both
	split bool                      // not a line per record
	lost  string                    // what it cannot carry, a key of exceptions
}

var disguises = []disguise{
	{name: "RFC 3164", line: (*record).bsd},
	{name: "RFC 3164, day with a zero", line: func(r *record) string { return r.at("Jan 02 15:04:05 ") + r.syslog() }},
	{name: "RFC 3164, day with one blank", line: func(r *record) string { return r.at("Jan 2 15:04:05 ") + r.syslog() }},
	{name: "RFC 3164, year before", line: func(r *record) string { return r.at("2006 Jan _2 15:04:05 ") + r.syslog() }},
	{name: "RFC 3164, year after the day", line: func(r *record) string { return r.at("Jan _2 2006 15:04:05 ") + r.syslog() }},
	{name: "RFC 3164, year after the clock", line: func(r *record) string { return r.at("Mon Jan _2 15:04:05 2006 ") + r.syslog() }},
	{name: "RFC 3164, Cisco's spelling", line: func(r *record) string { return r.at("*Jan _2 15:04:05.000: ") + r.syslog() }},
	{name: "RFC 3164 with PRI", line: func(r *record) string { return "<22>" + r.bsd() }},
	{name: "RFC 3164, no host", line: func(r *record) string { return r.at("Jan _2 15:04:05 ") + r.label() + ": " + r.msg }},
	{name: "RFC 3164, no pid", line: func(r *record) string { return r.at("Jan _2 15:04:05 ") + r.host + " " + r.tag + ": " + r.msg }, lost: "pid"},
	{name: "FreeBSD, syslogd -vv", line: func(r *record) string { return r.at("Jan _2 15:04:05 <mail.info> ") + r.syslog() }},
	{name: "FreeBSD, syslogd -v", line: func(r *record) string { return r.at("Jan _2 15:04:05 <2.6> ") + r.syslog() }},
	{name: "busybox", line: func(r *record) string {
		return r.at("Jan _2 15:04:05 ") + r.host + " mail.info " + r.label() + ": " + r.msg
	}},
	{name: "Solaris", line: func(r *record) string {
		return r.at("Jan _2 15:04:05 ") + r.host + " " + r.label() + ": [ID 197553 mail.info] " + r.msg
	}},
	{name: "AIX", line: func(r *record) string {
		return r.at("Jan _2 15:04:05 ") + r.host + " mail:info " + r.label() + ": " + r.msg
	}},
	{name: "AIX, passed on", line: func(r *record) string {
		return r.at("Jan _2 15:04:05 ") + "relay Message forwarded from " + r.host + ": " + r.label() + ": " + r.msg
	}},
	{name: "ISO 8601, Z", line: func(r *record) string { return r.at("2006-01-02T15:04:05Z ") + r.syslog() }},
	{name: "ISO 8601, no zone", line: func(r *record) string { return r.at("2006-01-02T15:04:05 ") + r.syslog() }},
	{name: "ISO 8601, +01:00 and a fraction", line: func(r *record) string { return r.at("2006-01-02T15:04:05.000000-07:00 ", 1) + r.syslog() }},
	{name: "ISO 8601, -0500 and a comma", line: func(r *record) string { return r.at("2006-01-02T15:04:05,000-0700 ", -5) + r.syslog() }},
	{name: "ISO 8601, +05", line: func(r *record) string { return r.at("2006-01-02T15:04:05-07 ", 5) + r.syslog() }},
	{name: "ISO 8601 with a blank", line: func(r *record) string { return r.at("2006-01-02 15:04:05.000-07:00 ", 2) + r.syslog() }},
	{name: "container image's level", line: func(r *record) string { return r.at("2006-01-02T15:04:05+00:00 INFO    ") + r.label() + ": " + r.msg }},
	{name: "RFC 5424", line: func(r *record) string {
		return fmt.Sprintf("<22>1 %s %s %s %d - - %s", r.at("2006-01-02T15:04:05.000Z07:00", 3), r.host, r.tag, r.pid, r.msg)
	}},
	{name: "RFC 5424, structured data and BOM", line: func(r *record) string {
		return fmt.Sprintf("<22>1 %s %s %s %d ID7 [origin@1 ip=\"192.0.2.1\" x=\"] \\\" [\"] \ufeff%s", r.at("2006-01-02T15:04:05Z"), r.host, r.tag, r.pid, r.msg)
	}},
	{name: "RFC 5424 without a priority", line: func(r *record) string {
		return fmt.Sprintf("1 %s %s %s %d - - %s", r.at("2006-01-02T15:04:05Z"), r.host, r.tag, r.pid, r.msg)
	}},
	{name: "RFC 5424 with lengths", line: func(r *record) string {
		s := fmt.Sprintf("<22>1 %s %s %s %d - - %s", r.at("2006-01-02T15:04:05Z"), r.host, r.tag, r.pid, r.msg)
		return fmt.Sprintf("%d %s", len(s), s)
	}},
	{name: "journalctl -o json", line: journalJSON},
	{name: "journalctl -o json, bytes", line: func(r *record) string {
		var numbers []int
		for _, c := range []byte(r.msg) {
			numbers = append(numbers, int(c))
		}
		return object("__CURSOR", "s=1", "__REALTIME_TIMESTAMP", fmt.Sprint(r.time.UnixMicro()), "_HOSTNAME", r.host,
			"MESSAGE", numbers, "SYSLOG_IDENTIFIER", r.tag, "SYSLOG_PID", fmt.Sprint(r.pid), "_SYSTEMD_UNIT", "postfix@-.service")
	}},
	{name: "journalctl -o export", whole: func(all []record) string {
		var b bytes.Buffer
		for _, r := range all {
			fmt.Fprintf(&b, "__CURSOR=s=1\n__REALTIME_TIMESTAMP=%d\n_HOSTNAME=%s\nSYSLOG_IDENTIFIER=%s\n_PID=%d\nMESSAGE=%s\n\n", r.time.UnixMicro(), r.host, r.tag, r.pid, r.msg)
		}
		lines, _ := io.ReadAll(source.NewExportReader(&b))
		return string(lines)
	}},
	{name: "journalctl -o short-iso", line: func(r *record) string { return r.at("2006-01-02T15:04:05-0700 ", 1) + r.syslog() }},
	{name: "journalctl -o short-precise", line: func(r *record) string { return r.at("Jan 02 15:04:05.000000 ") + r.syslog() }},
	{name: "journalctl -o short-full", line: func(r *record) string { return r.at("Mon 2006-01-02 15:04:05 MST ") + r.syslog() }},
	{name: "journalctl -o short-unix", line: func(r *record) string { return fmt.Sprintf("%d.000000 %s", r.time.Unix(), r.syslog()) }},
	{name: "journalctl -o cat", line: func(r *record) string { return r.msg }, lost: "time and program"},
	{name: "Docker json-file", line: func(r *record) string {
		return object("log", r.own()+"\n", "stream", "stdout", "time", r.at("2006-01-02T15:04:05.000000000Z"))
	}},
	{name: "CRI", line: func(r *record) string { return r.at("2006-01-02T15:04:05.000000000Z stdout F ") + r.own() }},
	{name: "CRI, partial lines", split: true, whole: func(all []record) string {
		var b strings.Builder
		for _, r := range all {
			text := r.own()
			for ; len(text) > 120; text = text[120:] {
				b.WriteString(r.at("2006-01-02T15:04:05.000000000Z stderr P ") + text[:120] + "\n")
			}
			b.WriteString(r.at("2006-01-02T15:04:05.000000000Z stderr F ") + text + "\n")
		}
		return b.String()
	}},
	{name: "docker logs -t", line: func(r *record) string { return r.at("2006-01-02T15:04:05.000000000Z ") + r.own() }},
	{name: "docker logs -t, other zone inside", line: func(r *record) string {
		in := *r
		in.time = r.time.Add(-5 * time.Hour)
		return r.at("2006-01-02T15:04:05.000000000Z ") + in.own()
	}},
	{name: "TAI64N", line: func(r *record) string { return tai64n(r) + r.own() }},
	{name: "TAI64N of socklog", line: func(r *record) string { return tai64n(r) + "mail.info: " + r.bsd() }},
	{name: "docker compose logs", line: func(r *record) string { return "mail-1  | " + r.own() }},
	{name: "docker compose logs, coloured, with -t", line: func(r *record) string {
		return "\x1b[36mmail-1  |\x1b[0m " + r.at("2006-01-02T15:04:05.000000000Z ") + r.own()
	}},
	{name: "docker service logs", line: func(r *record) string { return "mail.1.x7k2@node-1    | " + r.own() }},
	{name: "stern", line: func(r *record) string { return "mail-0 mta " + r.own() }},
	{name: "svlogd -tt", line: func(r *record) string { return r.at("2006-01-02_15:04:05.00000 ") + r.own() }},
	{name: "grep", line: func(r *record) string { return "/var/log/mail.log-20261103.1:" + r.own() }},
	{name: "grep -n", line: func(r *record) string { return "mail.log:4711:" + r.own() }},
	{name: "grep -C", line: func(r *record) string { return "mail-out.log-4711-" + r.own() }},
	{name: "a quotation", line: func(r *record) string { return "> " + r.own() }},
	{name: "Wazuh's archives", line: func(r *record) string {
		return r.at("2006 Jan 02 15:04:05 ") + "(agent) 192.0.2.7->/var/log/maillog " + r.bsd()
	}},
	{name: "kubectl logs --prefix", line: func(r *record) string { return "[pod/mail-0/mta] " + r.own() }},
	{name: "a relay's header before it", line: func(r *record) string { return r.at("Jan _2 15:04:05 relay ") + r.bsd() }},
	{name: "a relay's header, with a tag", line: func(r *record) string { return r.at("2006-01-02T15:04:05.5Z ") + "relay forwarded: <22>" + r.bsd() }},
	{name: "rsyslog's JSON", line: func(r *record) string {
		return object("timereported", r.at("2006-01-02T15:04:05-07:00", 1), "hostname", r.host, "programname", strings.Split(r.tag, "/")[0],
			"syslogtag", r.label()+":", "procid", fmt.Sprint(r.pid), "msg", " "+r.msg)
	}},
	{name: "rsyslog's JSON, quotes as they are", line: func(r *record) string {
		return fmt.Sprintf(`{"timestamp":"%s","host":"%s","program":"%s","message":" %s","tag":"%s:"}`, r.at("2006-01-02T15:04:05-07:00", 1),
			r.host, strings.Split(r.tag, "/")[0], strings.ReplaceAll(r.msg, `\`, `\\`), r.label())
	}},
	{name: "Fluent Bit", line: func(r *record) string {
		return object("date", r.time.Unix(), "pri", "22", "time", r.at("Jan _2 15:04:05"), "host", r.host, "ident", r.tag, "pid", fmt.Sprint(r.pid), "message", r.msg)
	}},
	{name: "Fluentd's file", line: func(r *record) string {
		return r.at("2006-01-02T15:04:05-07:00\tmail.info\t", 1) + object("host", r.host, "ident", r.tag, "pid", fmt.Sprint(r.pid), "message", r.msg)
	}},
	{name: "Fluentd's output", line: func(r *record) string {
		return r.at("2006-01-02 15:04:05.000000000 -0700 mail.info: ", 1) + object("host", r.host, "ident", r.tag, "pid", fmt.Sprint(r.pid), "message", r.msg)
	}},
	{name: "syslog-ng, no year", line: func(r *record) string {
		return object("PROGRAM", r.tag, "PRIORITY", "info", "PID", fmt.Sprint(r.pid), "MESSAGE", r.msg, "HOST", r.host, "DATE", r.at("Jan _2 15:04:05"))
	}},
	{name: "Graylog", line: func(r *record) string {
		return object("source", r.host, "timestamp", r.at("2006-01-02T15:04:05.000Z"), "message", r.syslog())
	}},
	{name: "GELF", line: func(r *record) string {
		return object("version", "1.1", "host", r.host, "short_message", r.msg, "timestamp", r.time.Unix(), "_application_name", r.tag, "_process_id", fmt.Sprint(r.pid))
	}},
	{name: "Vector", line: func(r *record) string {
		return object("appname", r.tag, "facility", "mail", "hostname", r.host, "message", r.msg, "procid", r.pid, "timestamp", r.at("2006-01-02T15:04:05Z"))
	}},
	{name: "Filebeat", line: func(r *record) string {
		return object("@timestamp", r.at("2006-01-02T15:04:05.000Z"), "log", map[string]any{"offset": 7, "file": map[string]string{"path": "/x"}},
			"message", r.bsd(), "host", map[string]string{"name": "shipper"})
	}},
	{name: "CRLF", whole: func(all []record) string { return strings.ReplaceAll(lines(all, (*record).own), "\n", "\r\n") }},
	{name: "rsyslog's escape of CR", line: func(r *record) string { return r.bsd() + "#015" }},
	{name: "BOM, NULs, no line feed at the end", whole: func(all []record) string {
		return "\ufeff\x00\x00\x00" + strings.TrimSuffix(lines(all, (*record).own), "\n")
	}},
	{name: "message repeated", split: true, whole: func(all []record) string {
		return collapsed(all, func(r *record, n int) string {
			return fmt.Sprintf("%s%s %s: message repeated %d times: [ %s]", r.at("2006-01-02T15:04:05Z "), r.host, r.label(), n, r.msg)
		})
	}},
	{name: "last message repeated", split: true, whole: func(all []record) string {
		return collapsed(all, func(r *record, n int) string {
			return fmt.Sprintf("%s%s last message repeated %d times", r.at("Jan _2 15:04:05 "), r.host, n)
		})
	}},
	{name: "last message repeated, macOS", split: true, whole: func(all []record) string {
		return collapsed(all, func(r *record, n int) string {
			return fmt.Sprintf("%s--- last message repeated %d times ---", r.at("Jan _2 15:04:05 "), n)
		})
	}},
	{name: "another syslog_name", only: "postfix", line: func(r *record) string {
		return r.at("Jan _2 15:04:05 ") + r.host + " mta" + strings.TrimPrefix(r.label(), "postfix") + ": " + r.msg
	}, lost: "name"},
	{name: "maillog_file", only: "postfix", line: (*record).own},
	{name: "Exim with a zone, milliseconds and the pid", only: "exim", line: func(r *record) string {
		return r.at("2006-01-02 15:04:05.000 -0700 ", -3) + fmt.Sprintf("[%d] %s", r.pid, r.msg)
	}},
	{name: "Exim under syslog with its own stamp", only: "exim", line: func(r *record) string {
		return r.at("Jan _2 15:04:05 ") + r.host + " exim4[7]: " + r.own()
	}},
	{name: "Exim under syslog with another name", only: "exim", line: func(r *record) string {
		return r.at("Jan _2 15:04:05 ") + r.host + " mailout[7]: " + r.msg
	}},
	{name: "Exim split for syslog", only: "exim", split: true, whole: func(all []record) string {
		const limit = 120 // Exim's is 870
		var b strings.Builder
		for i, r := range all {
			text := r.own()
			n := (len(text) + limit - 1) / limit
			for k := 1; k <= n; k++ {
				piece := text[(k-1)*limit : min(k*limit, len(text))]
				if n > 1 {
					piece = fmt.Sprintf("[%d/%d] %s", k, n, piece)
				}
				fmt.Fprintf(&b, "%s%s exim[%d]: %s\n", r.at("Jan _2 15:04:05 "), r.host, 100+i%7, piece)
			}
		}
		return b.String()
	}},
}

func journalJSON(r *record) string {
	return object("__CURSOR", "s=1", "__REALTIME_TIMESTAMP", fmt.Sprint(r.time.UnixMicro()), "_HOSTNAME", r.host, "_TRANSPORT", "syslog",
		"PRIORITY", "6", "SYSLOG_IDENTIFIER", r.tag, "_PID", fmt.Sprint(r.pid), "_SYSTEMD_UNIT", "postfix@-.service", "MESSAGE", r.msg)
}

// lines writes a line per record.
func lines(all []record, line func(*record) string) string {
	var b strings.Builder
	for i := range all {
		b.WriteString(line(&all[i]) + "\n")
	}
	return b.String()
}

// repeated writes equal records that follow each other as one and a line that counts the rest.
func collapsed(all []record, again func(r *record, n int) string) string {
	var b strings.Builder
	for i := 0; i < len(all); {
		n := 1
		for i+n < len(all) && all[i+n] == all[i] {
			n++
		}
		b.WriteString(all[i].bsd() + "\n")
		if n > 1 {
			b.WriteString(again(&all[i], n-1) + "\n")
		}
		i += n
	}
	return b.String()
}

// readRecords reads a log of testdata. Sessions and refusals, of Exim warnings (its refusals come twice
// under syslog), which may well come several times a second, are there three times, so that there is
// something to fold.
func readRecords(t *testing.T, name string) []record {
	t.Helper()
	var all []record
	for i, line := range fixture.Lines(t, fixture.Testdata(t, "logs", name)) {
		var r record
		text, err := string(line), error(nil)
		if strings.HasPrefix(name, "exim") {
			r.host, r.tag, r.pid, r.msg = "mx", "exim", 4242, text[20:]
			r.time, err = time.Parse(time.DateTime, text[:19])
		} else {
			var label string
			words := strings.SplitN(text[16:], " ", 3)
			r.host, label, r.msg = words[0], words[1], words[2]
			fmt.Sscanf(strings.NewReplacer("[", " ", "]:", "").Replace(label), "%s %d", &r.tag, &r.pid)
			r.time, err = time.Parse("2006 Jan _2 15:04:05", "2026 "+text[:15])
		}
		if err != nil {
			t.Fatalf("%s:%d: %v", name, i+1, err)
		}
		all = append(all, r)
		if strings.HasPrefix(r.msg, "connect from ") || strings.HasPrefix(r.msg, "NOQUEUE: reject: ") ||
			strings.HasPrefix(r.msg, "H=") && strings.Contains(r.msg, " Warning: ") {
			all = append(all, r, r)
		}
	}
	return all
}

// summary is what all disguises of a log must agree on.
type summary struct {
	Input struct {
		Lines, Understood, Ignored, Unknown int
		First, Last                         string
		MTAs                                []string
	}
	Totals map[string]any
	Tables []struct {
		Name string
		Rows [][]any
	}
}

func summarise(t *testing.T, path string) (s summary, events map[string]int) {
	t.Helper()
	args := []string{"--tz", "UTC", "--year", "2026", path}
	if err := json.Unmarshal(output(t, append([]string{"report", "--format", "json"}, args...)...), &s); err != nil {
		t.Fatal(err)
	}
	events = map[string]int{}
	for _, e := range decodeLines[struct{ Event string }](t, output(t, append([]string{"events"}, args...)...)) {
		events[e.Event]++
	}
	return s, events
}

// TestDisguises writes a log in every format, and wants the same report each time.
func TestDisguises(t *testing.T) {
	fixture.NoRace(t)
	t.Parallel()
	for _, mta := range []string{"postfix", "exim"} {
		all := readRecords(t, mta+".log")
		all = all[:len(all)/4] // enough, and there are many runs
		dir := t.TempDir()
		write := func(text string) string {
			path := filepath.Join(dir, "mail.log")
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}
		want, wantEvents := summarise(t, write(lines(all, (*record).own)))
		if want.Totals["delivered"].(float64) < 50 || len(want.Tables) < 10 {
			t.Fatalf("%s: a poor original: %v", mta, want.Totals)
		}
		for _, d := range disguises {
			if d.only != "" && d.only != mta {
				continue
			}
			t.Run(mta+"/"+d.name, func(t *testing.T) {
				text := ""
				if d.whole != nil {
					text = d.whole(all)
				} else {
					text = lines(all, d.line)
				}
				got, gotEvents := summarise(t, write(text))
				compareSummaries(t, &d, &got, &want)
				if !d.split && d.lost == "" && !maps.Equal(gotEvents, wantEvents) {
					t.Errorf("events %v, want %v", gotEvents, wantEvents)
				}
			})
		}
	}
}

// exceptions are the totals and tables that need what a format cannot carry: without the
// program qmgr's and postsuper's "removed" are the same, without the process ID a message that
// cleanup threw away or held is not joined with the session that it came from. What is excepted
// for a lack of time has it in a column.
var exceptions = map[string][]string{
	"pid": {"received", "bytes_received", "discarded", "held", "queued", "recipients", "removed", "domains", "senders", "queue"},
	"time and program": {"bytes_received", "received", "discarded", "held", "queued", "lost", "recipients", "removed",
		"domains", "senders", "delays", "over_time", "queue", "deferrals", "auth_failures", "replies", "unclassified", "rejects", "warnings"},
	"name": {"warnings"}, // what daemons log that may be other programs' is theirs
}

func compareSummaries(t *testing.T, d *disguise, got, want *summary) {
	t.Helper()
	g, w := got.Input, want.Input
	if d.split {
		g.Lines, g.Understood, w.Lines, w.Understood = 0, 0, 0, 0
	}
	if d.lost == "time and program" {
		g.First, g.Last, w.First, w.Last = "", "", "", ""
		// an administrator's own words are nobody's
		g.Ignored, g.Unknown, w.Ignored, w.Unknown = g.Ignored+g.Unknown, 0, w.Ignored+w.Unknown, 0
	}
	if d.lost == "name" {
		g.Understood, g.Ignored, w.Understood, w.Ignored = g.Understood+g.Ignored, 0, w.Understood+w.Ignored, 0
	}
	if !reflect.DeepEqual(g, w) {
		t.Errorf("input %+v, want %+v", g, w)
	}
	for name, n := range want.Totals {
		if got.Totals[name] != n && !slices.Contains(exceptions[d.lost], name) {
			t.Errorf("%s %v, want %v", name, got.Totals[name], n)
		}
	}
	for i, table := range want.Tables {
		if slices.Contains(exceptions[d.lost], table.Name) {
			continue
		}
		if i >= len(got.Tables) || !reflect.DeepEqual(got.Tables[i], table) {
			t.Errorf("table %s differs", table.Name)
		}
	}
}

// tai64n is a stamp as multilog writes it: 2^62 and 10 s before the seconds since 1970.
func tai64n(r *record) string {
	return fmt.Sprintf("@4%015x%08x ", r.time.Unix()+10, 123456789)
}
