package parser_test

import (
	"bytes"
	"fmt"
	"time"

	"github.com/smtplog/smtplog/parser"
)

func ExampleParser_Parse() {
	log := []byte(`Nov  3 04:05:06 mx1 postfix/smtp[811]: 3D74ADB7400B: to=<u@d.example>, relay=mx.d.example[198.51.100.7]:25, delay=2.5, delays=1.7/0.01/0.12/0.67, dsn=5.1.1, status=bounced (host mx.d.example[198.51.100.7] said: 550 5.1.1 no such user (in reply to RCPT TO command))
2026-11-03 04:05:07 1tivSh-0007oc-5P == v@d.example R=dnslookup T=remote_smtp defer (111): Connection refused
Nov  3 04:05:08 mx1 sshd[9]: Connection closed by 192.0.2.1 port 22
`)
	p := parser.New(parser.Options{Year: 2026, Zone: time.UTC})
	var ev parser.Event
	for line := range bytes.Lines(log) {
		if p.Parse(bytes.TrimSuffix(line, []byte("\n")), &ev) != parser.Understood {
			continue
		}
		fmt.Println(ev.Time.Format(time.RFC3339), ev.MTA, ev.Kind, string(ev.Recipient), ev.Code, ev.Enhanced, ev.Stage, ev.Origin, string(ev.Text))
	}
	// Output:
	// 2026-11-03T04:05:06Z postfix bounced u@d.example 550 5.1.1 rcpt remote no such user
	// 2026-11-03T04:05:07Z exim deferred v@d.example 0  connect network Connection refused
}

func ExampleInferYears() {
	first, _ := parser.Yearless([]byte("Dec 30 08:55:13 mx postfix/qmgr[1]: 3D74ADB7400B: removed"))
	last, _ := parser.Yearless([]byte("Jan  2 00:10:00 mx postfix/qmgr[1]: 3D74ADB7400B: removed"))
	fmt.Println(parser.InferYears(first, last, time.Date(2027, 1, 2, 6, 0, 0, 0, time.UTC)))
	// Output: 2026 2027
}
