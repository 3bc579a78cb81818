package parser

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/smtplog/smtplog/internal/fixture"
)

// ownLogs are the logs of testdata, with the shares of their lines that must be understood.
var ownLogs = []struct {
	name       string
	mta        MTA
	understood float64
}{
	{"postfix.log", Postfix, 1},
	{"exim.log", Exim, 0.998}, // the rest is what the lab's own ACLs write
	{"exim-rich.log", Exim, 0.998},
	{"exim.rejectlog", Exim, 1},
}

// Every line of our own logs is the MTA's, and nearly all are understood.
func TestOwnLogs(t *testing.T) {
	for _, tt := range ownLogs {
		p := New(Options{Year: 2026})
		var ev Event
		var n [3]int
		for i, line := range fixture.Lines(t, fixture.Testdata(t, "logs", tt.name)) {
			v := p.Parse(line, &ev)
			if n[v]++; v == Ignored {
				t.Errorf("%s:%d: ignored: %s", tt.name, i+1, line)
				continue
			}
			if ev.MTA != tt.mta {
				t.Errorf("%s:%d: MTA %v", tt.name, i+1, ev.MTA)
			}
			if !ev.Continued && ev.Time.Year() != 2026 {
				t.Errorf("%s:%d: time %v", tt.name, i+1, ev.Time)
			}
		}
		if share := float64(n[Understood]) / float64(n[Understood]+n[Unrecognised]); share < tt.understood {
			t.Errorf("%s: %.2f %% understood, want %.2f %%", tt.name, 100*share, 100*tt.understood)
		}
	}
}

// No line of our own logs allocates, frame included.
func TestParseAllocs(t *testing.T) {
	for _, tt := range ownLogs {
		lines := fixture.Lines(t, fixture.Testdata(t, "logs", tt.name))
		p := New(Options{Year: 2026})
		var ev Event
		all := func() {
			for _, line := range lines {
				p.Parse(line, &ev)
			}
		}
		all() // buffers grow once
		if n := testing.AllocsPerRun(3, all); n != 0 {
			t.Errorf("%s: %v allocations for %d lines, want 0", tt.name, n, len(lines))
		}
	}
}

// Every published line parses without a panic, whatever it is, and so do its halves.
func TestEveryPublishedLine(t *testing.T) {
	p := New(Options{Year: 2020})
	var ev Event
	lines := 0
	for _, path := range fixture.Glob(t, "corpora", "logs", "*.log*") {
		for _, line := range fixture.Lines(t, path) {
			lines++
			p.Parse(line, &ev)
			p.Parse(line[:len(line)/2], &ev)
			p.Parse(line[len(line)/2:], &ev)
		}
	}
	if lines < 50_000 {
		t.Errorf("only %d lines", lines)
	}
}

// Logs of other programs are nobody's.
func TestOtherPrograms(t *testing.T) {
	for _, line := range []string{
		"",
		`192.0.2.1 - - [03/Nov/2026:04:05:06 +0000] "GET /postfix/smtpd HTTP/1.1" 200 5`,
		"2026-11-03 04:05:06 status installed exim4-base:amd64 4.96-15",
		"2026-11-03 04:05:06,123 INFO Completed job",
		"Nov  3 04:05:06 mx dovecot: imap-login: Login: user=<a@b.example>, method=PLAIN",
		"Nov  3 04:05:06 mx sshd[1]: Failed password for root from 192.0.2.1 port 22 ssh2",
		"Nov  3 04:05:06 mx opendkim[9]: 3A1B2C3D4E: DKIM-Signature field added (s=a, d=b.example)",
		"Nov  3 04:05:06 mx CRON[9]: (postfix) CMD (x)",
		"connect from everywhere",
		"lost connection after lunch",
		"warning: nothing [here]",
		"DEADBEEF00: DKIM-Signature field added (s=a, d=b.example)",
		`{"message":"connect from pool","time":"2026-11-03T04:05:06Z"}`,
		`{"log":"Completed job\n","stream":"stdout","time":"2026-11-03T04:05:06Z"}`,
		"2026-11-03T04:05:06Z stdout F 2026-11-03 04:05:06 INFO Completed job",
		"app-1  | 2026-11-03 04:05:06 status installed exim4-base:amd64 4.96-15",
	} {
		var ev Event
		if v := New(Options{Year: 2026}).Parse([]byte(line), &ev); v != Ignored {
			t.Errorf("verdict %d, kind %v: %s", v, ev.Kind, line)
		}
	}
}

// Primed with the start of a log, lines that only the others explain are taken from the first.
func TestPrime(t *testing.T) {
	head := []byte("2026-11-03 04:05:06 an administrator's own words\n2026-11-03 04:05:07 1tivSh-0007oc-5P Completed\n")
	p := New(Options{})
	p.Prime(head)
	var ev Event
	line, _, _ := bytes.Cut(head, []byte("\n"))
	if v := p.Parse(line, &ev); v != Unrecognised || ev.Kind != Unknown {
		t.Errorf("verdict %d, kind %v", v, ev.Kind)
	}
}

// buffers are what an event of p may alias besides the line.
func (p *Parser) buffers() [][]byte {
	all := [][]byte{p.buf, p.plain, p.exim.lost, p.parts[stdout].buf, p.parts[stderr].buf}
	all = append(all, p.json[:]...)
	for i := range p.exim.pieces.entries {
		all = append(all, p.exim.pieces.entries[i].buf)
	}
	for i := range p.repeats.last {
		all = append(all, p.repeats.last[i].buf)
	}
	return all
}

// within tells whether b is memory of line or of one of the buffers.
func within(b, line []byte, buffers [][]byte) bool {
	if len(b) == 0 {
		return true
	}
	at := uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	for _, buf := range append(buffers, line) {
		start := uintptr(unsafe.Pointer(unsafe.SliceData(buf)))
		if start <= at && at+uintptr(len(b)) <= start+uintptr(cap(buf)) {
			return true
		}
	}
	return false
}

// FuzzParse parses a log of several lines: frames, dialects and what is remembered between
// lines. Nothing panics, the log is not changed, every field but the text (which may lie in the
// reply parser's buffer) is a part of the line or of the parser's own buffers, verdict and kind
// agree, numbers are within their limits, a second parser says the same, and a line that tells all
// means the same after any other.
func FuzzParse(f *testing.F) {
	for _, tt := range frameTests {
		f.Add([]byte(tt.line))
	}
	for _, tt := range acrossLines {
		f.Add([]byte(tt.log))
	}
	for _, r := range postfixRows()[:40] {
		f.Add(fmt.Appendf(nil, "Nov  3 04:05:06 mx %s[1]: %s", r.tag, r.msg))
	}
	f.Fuzz(func(t *testing.T, log []byte) {
		before := bytes.Clone(log)
		p, q := New(Options{Year: 2026, LastYear: 2027}), New(Options{Year: 2026, LastYear: 2027})
		for line := range bytes.SplitSeq(log, []byte("\n")) {
			var a, b Event
			v := p.Parse(line, &a)
			if !bytes.Equal(log, before) {
				t.Fatal("the log was changed")
			}
			if (v == Ignored) != (a.MTA == NoMTA) || (v == Unrecognised) != (a.Kind == Unknown) || v == Understood && a.Kind == None {
				t.Fatalf("verdict %d, MTA %v, kind %v", v, a.MTA, a.Kind)
			}
			buffers := p.buffers()
			for _, field := range [][]byte{a.QueueID, a.Host, a.Program, a.Service, a.Sender, a.Recipient, a.User,
				a.Detail, a.NextQueueID, a.Client.Name, a.Client.IP, a.Relay.Name, a.Relay.IP} {
				if !within(field, line, buffers) {
					t.Fatalf("%q is not in the line", field)
				}
			}
			checkLimits(t, &a)
			copied := bytes.Clone(line)
			if w := q.Parse(copied, &b); w != v || !reflect.DeepEqual(a, b) {
				t.Fatal("two parsers disagree")
			}
		}
		checkStateless(t, q, log[bytes.LastIndexByte(log, '\n')+1:])
		var rest Event
		for n := 0; p.Flush(&rest); n++ {
			if n > maxEntries+maxHeaders*len(p.parts) {
				t.Fatal("Flush does not end")
			}
		}
	})
}

// BenchmarkParse reads whole lines, frame and dialect, on one core.
func BenchmarkParse(b *testing.B) {
	for _, tt := range ownLogs {
		lines := fixture.Lines(b, fixture.Testdata(b, "logs", tt.name))
		size := 0
		for _, line := range lines {
			size += len(line) + 1
		}
		b.Run(tt.name, func(b *testing.B) {
			p := New(Options{Year: 2026, Zone: time.UTC})
			var ev Event
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				for _, line := range lines {
					p.Parse(line, &ev)
				}
			}
			b.ReportMetric(float64(len(lines))*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
		})
	}
}

// BenchmarkFrames reads the same lines in other frames than syslog's traditional one.
func BenchmarkFrames(b *testing.B) {
	original := fixture.Lines(b, fixture.Testdata(b, "logs", "postfix.log"))[:4000]
	for _, tt := range []struct {
		name   string
		format func(host, tag, pid, msg string) string
	}{
		{"ISO 8601", func(host, tag, pid, msg string) string {
			return "2026-12-30T05:12:10.123456+00:00 " + host + " " + tag + "[" + pid + "]: " + msg
		}},
		{"RFC 5424", func(host, tag, pid, msg string) string {
			return "<22>1 2026-12-30T05:12:10.123456+00:00 " + host + " " + tag + " " + pid + " - - " + msg
		}},
		{"journal JSON", func(host, tag, pid, msg string) string {
			return fmt.Sprintf(`{"__CURSOR":"s=1;i=2","__REALTIME_TIMESTAMP":"1798607530123456","_HOSTNAME":%q,"PRIORITY":"6","SYSLOG_IDENTIFIER":%q,"_PID":%q,"_SYSTEMD_UNIT":"postfix@-.service","MESSAGE":%q}`, host, tag, pid, msg)
		}},
		{"Docker json-file", func(host, tag, pid, msg string) string {
			return fmt.Sprintf(`{"log":%q,"stream":"stdout","time":"2026-12-30T05:12:10.123456789Z"}`, "Dec 30 05:12:10 "+host+" "+tag+"["+pid+"]: "+msg+"\n")
		}},
		{"CRI", func(host, tag, pid, msg string) string {
			return "2026-12-30T05:12:10.123456789Z stdout F Dec 30 05:12:10 " + host + " " + tag + "[" + pid + "]: " + msg
		}},
	} {
		var lines [][]byte
		size := 0
		for _, line := range original {
			words := strings.SplitN(string(line[16:]), " ", 3)
			tag, pid, _ := strings.Cut(strings.TrimSuffix(words[1], "]:"), "[")
			lines = append(lines, []byte(tt.format(words[0], tag, pid, words[2])))
			size += len(lines[len(lines)-1]) + 1
		}
		b.Run(tt.name, func(b *testing.B) {
			p := New(Options{Year: 2026, Zone: time.UTC})
			var ev Event
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				for _, line := range lines {
					if p.Parse(line, &ev) == Ignored {
						b.Fatalf("ignored: %s", line)
					}
				}
			}
			b.ReportMetric(float64(len(lines))*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
		})
	}
}

// BenchmarkFrame reads only what surrounds the message.
func BenchmarkFrame(b *testing.B) {
	for _, tt := range ownLogs {
		lines := fixture.Lines(b, fixture.Testdata(b, "logs", tt.name))
		size := 0
		for _, line := range lines {
			size += len(line) + 1
		}
		b.Run(tt.name, func(b *testing.B) {
			p := New(Options{Year: 2026, Zone: time.UTC})
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				for _, line := range lines {
					p.frame = frame{}
					p.readFrame(line, &p.frame)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(lines)), "ns/line")
		})
	}
}
