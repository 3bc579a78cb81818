package parser

import (
	"testing"
	"time"
)

func utc(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return t
}

// One row is one line as logged (traps 1 and 2 of the field) and what its frame says.
var frameTests = []struct {
	name, line string
	time       string // RFC 3339; "" is none
	host, tag  string
	pid        int
	msg        string
	native     bool
}{
	{"BSD, day with two blanks", "Nov  3 04:05:06 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"BSD, day with a zero", "Nov 03 04:05:06 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"BSD, day with one blank", "Nov 3 04:05:06 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"BSD, two digits", "Dec 30 04:05:06 mx1 postfix/submission/smtpd[9]: connect from x[192.0.2.1]", "2026-12-30T04:05:06Z", "mx1", "postfix/submission/smtpd", 9, "connect from x[192.0.2.1]", false},
	{"BSD with PRI", "<22>Nov  3 04:05:06 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"BSD, fraction", "Nov  3 04:05:06.250 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06.25Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"no pid", "Nov  3 04:05:06 mx1 postfix/postfix-script: starting the Postfix mail system", "2026-11-03T04:05:06Z", "mx1", "postfix/postfix-script", 0, "starting the Postfix mail system", false},
	{"no host", "Nov  3 04:05:06 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "", "postfix/smtp", 811, "A1: removed", false},
	{"ISO with offset", "2026-11-03T04:05:06.123456+01:00 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T03:05:06.123456Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"ISO, Z", "2026-11-03T04:05:06Z mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"ISO, +0100", "2026-11-03T04:05:06+0100 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T03:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"ISO, comma", "2026-11-03T04:05:06,5Z mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06.5Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"ISO, no T, syslog", "2019-10-22 03:39:17 mx1.example exim[29786]: no host name found", "2019-10-22T03:39:17Z", "mx1.example", "exim", 29786, "no host name found", false},
	{"ISO, negative half-hour offset", "2026-11-03T04:05:06-03:30 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T07:35:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"RFC 5424", "<22>1 2026-11-03T04:05:06Z mx1 postfix/smtp 811 - - A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"RFC 5424, rsyslog's blank and cut name", "<22>1 2026-12-30T04:50:12.942+00:00 mx postfix 536 - -  A1: removed", "2026-12-30T04:50:12.942Z", "mx", "postfix", 536, "A1: removed", false},
	{"RFC 5424, structured data and BOM", "<22>1 2026-11-03T04:05:06Z mx1 postfix/smtp - ID1 [a@1 k=\"v ] \\\" w\"][b@2] \xef\xbb\xbfA1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 0, "A1: removed", false},
	{"RFC 5424, nothing known", "<22>1 - - postfix/smtp - - - A1: removed", "", "", "postfix/smtp", 0, "A1: removed", false},
	{"Exim", "2026-11-03 04:05:06 1tivSh-0007oc-5P Completed", "2026-11-03T04:05:06Z", "", "", 0, "1tivSh-0007oc-5P Completed", true},
	{"Exim, everything", "2026-11-03 04:05:06.123 +0100 [4242] 1tivSh-0007oc-5P Completed", "2026-11-03T03:05:06.123Z", "", "", 4242, "1tivSh-0007oc-5P Completed", true},
	{"Exim, zone", "2026-11-03 04:05:06 -0200 1tivSh-0007oc-5P Completed", "2026-11-03T06:05:06Z", "", "", 0, "1tivSh-0007oc-5P Completed", true},
	{"Exim under syslog, own stamp", "Nov  3 04:05:07 mx1 exim[63062]: 2026-11-03 04:05:06 1tivSh-0007oc-5P Completed", "2026-11-03T04:05:06Z", "mx1", "exim", 63062, "1tivSh-0007oc-5P Completed", false},
	{"Exim under syslog, no own stamp", "Nov  3 04:05:07 mx1 exim4[63062]: 1tivSh-0007oc-5P Completed", "2026-11-03T04:05:07Z", "mx1", "exim4", 63062, "1tivSh-0007oc-5P Completed", false},
	{"CR and BOM", "\xef\xbb\xbfNov  3 04:05:06 mx1 postfix/smtp[811]: A1: removed\r", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"NULs left by a crash", "\x00\x00\x00Nov  3 04:05:06 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"no stamp", "P Received: from x", "", "", "", 0, "P Received: from x", false},
	{"not a month", "Foo  3 04:05:06 mx1 postfix/smtp[811]: x", "", "", "", 0, "Foo  3 04:05:06 mx1 postfix/smtp[811]: x", false},
	{"hour 25", "Nov  3 25:05:06 mx1 postfix/smtp[811]: x", "", "", "", 0, "Nov  3 25:05:06 mx1 postfix/smtp[811]: x", false},
	{"nginx", `192.0.2.1 - - [03/Nov/2026:04:05:06 +0000] "GET / HTTP/1.1" 200 5`, "", "", "", 0, `192.0.2.1 - - [03/Nov/2026:04:05:06 +0000] "GET / HTTP/1.1" 200 5`, false},
}

func TestReadFrame(t *testing.T) {
	for _, tt := range frameTests {
		t.Run(tt.name, func(t *testing.T) {
			p := New(Options{Year: 2026})
			var f frame
			p.readFrame([]byte(tt.line), &f)
			var want time.Time
			if tt.time != "" {
				want = utc(tt.time)
			}
			if !f.time.Equal(want) {
				t.Errorf("time %v, want %v", f.time, want)
			}
			if string(f.host) != tt.host || string(f.tag) != tt.tag || f.pid != tt.pid || string(f.msg) != tt.msg || f.native != tt.native {
				t.Errorf("host %q tag %q pid %d msg %q native %v", f.host, f.tag, f.pid, f.msg, f.native)
			}
		})
	}
}

// Every way of cutting a line off must be survived.
func TestReadFramePrefixes(t *testing.T) {
	p := New(Options{Year: 2026})
	for _, tt := range frameTests {
		for i := range tt.line {
			var f frame
			p.readFrame([]byte(tt.line[:i]), &f)
		}
	}
}

func TestRepeatedMessage(t *testing.T) {
	p := New(Options{Year: 2026})
	var f frame
	p.readFrame([]byte("Nov  3 04:05:06 mx1 postfix/smtp[811]: message repeated 4 times: [ A1: removed]"), &f)
	if f.repeat != 4 || string(f.msg) != "A1: removed" {
		t.Errorf("repeat %d msg %q", f.repeat, f.msg)
	}
}

func TestReadFrameAllocs(t *testing.T) {
	p := New(Options{Year: 2026})
	var f frame
	for _, tt := range frameTests {
		line := []byte(tt.line)
		if n := testing.AllocsPerRun(100, func() { p.readFrame(line, &f) }); n != 0 {
			t.Errorf("%s: %v allocs, want 0", tt.name, n)
		}
	}
}
