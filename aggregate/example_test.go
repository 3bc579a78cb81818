package aggregate_test

import (
	"bufio"
	"fmt"
	"strings"

	"github.com/smtplog/smtplog/aggregate"
	"github.com/smtplog/smtplog/parser"
)

const exampleLog = `Nov  3 04:00:00 mx postfix/smtpd[9]: 3A1B2C3D4E: client=c.example[192.0.2.9]
Nov  3 04:00:00 mx postfix/qmgr[1]: 3A1B2C3D4E: from=<a@c.example>, size=100, nrcpt=1 (queue active)
Nov  3 04:00:01 mx postfix/smtp[7]: 3A1B2C3D4E: to=<u@d.example>, relay=mx.d.example[192.0.2.1]:25, delay=1, delays=0/0/0.5/0.5, dsn=4.2.0, status=deferred (host mx.d.example[192.0.2.1] said: 450 4.2.0 later (in reply to RCPT TO command))
Nov  3 04:20:01 mx postfix/smtp[7]: 3A1B2C3D4E: to=<u@d.example>, relay=mx.d.example[192.0.2.1]:25, delay=1201, delays=1200/0/0.5/0.5, dsn=2.0.0, status=sent (250 2.0.0 Ok)
Nov  3 04:20:01 mx postfix/qmgr[1]: 3A1B2C3D4E: removed
`

func ExampleCollector() {
	c, err := aggregate.NewCollector(aggregate.Options{Tables: []string{"status"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	p := parser.New(parser.Options{Year: 2026})
	var ev parser.Event
	for scanner := bufio.NewScanner(strings.NewReader(exampleLog)); scanner.Scan(); {
		c.Add(&ev, p.Parse(scanner.Bytes(), &ev), 0)
	}
	c.Finish()
	r := c.Report()
	fmt.Println("recipients", r.Totals.Recipients, "delivered", r.Totals.Delivered, "deferrals", r.Totals.Deferred)
	for _, row := range r.Tables[0].Rows {
		fmt.Println(row...)
	}
	// Output:
	// recipients 1 delivered 1 deferrals 1
	// MAILBOX_BUSY 450 0 1 0 1
	// OK 250 1 0 0 1
}

func ExampleLedger() {
	l := aggregate.NewLedger(func(m *aggregate.Message) {
		for _, r := range m.Recipients {
			fmt.Println(m.QueueID, m.Sender, r.Address, r.Outcome, r.Attempts, r.Status, r.Answer.Text)
		}
	})
	p := parser.New(parser.Options{Year: 2026})
	var ev parser.Event
	for scanner := bufio.NewScanner(strings.NewReader(exampleLog)); scanner.Scan(); {
		if p.Parse(scanner.Bytes(), &ev) == parser.Understood {
			l.Add(&ev, 0)
		}
	}
	l.Close()
	// Output: 3A1B2C3D4E a@c.example u@d.example delivered 2 OK Ok
}
