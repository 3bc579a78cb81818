package generate

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Limit is a log of plain Postfix messages that has a very large number of something.
type Limit struct {
	// Messages, of three lines each: qmgr, smtp with one recipient, removed. They come from
	// Senders and go to Domains in turn; recipients are all different.
	Messages, Senders, Domains int
	// Open: all are queued before the first is delivered.
	Open bool
	// Failed: all bounce, with a reply of their own.
	Failed bool
}

// perSecond is how many messages of a Limit begin in a second.
const perSecond = 100

// Write writes the log to w.
func (l Limit) Write(w io.Writer) error {
	out := bufio.NewWriterSize(w, 1<<20)
	if l.Open {
		l.write(out, 0, l.Messages, true, false)
		l.write(out, 0, l.Messages, false, true)
	} else {
		l.write(out, 0, l.Messages, true, true)
	}
	return out.Flush()
}

// write writes the messages from first to last, their beginning, the rest or both. An error stays
// with out.
func (l Limit) write(out *bufio.Writer, first, last int, begin, rest bool) {
	for i := first; i < last; i++ {
		second := i / perSecond
		if !begin {
			second += l.Messages / perSecond
		}
		stamp := Start.Add(time.Duration(second) * time.Second).Format("Jan _2 15:04:05")
		id := fmt.Sprintf("%011X", 1<<40+int64(i))
		if begin {
			fmt.Fprintf(out, "%s mx1 postfix/qmgr[1201]: %s: from=<s%d@shop.example>, size=4321, nrcpt=1 (queue active)\n", stamp, id, i%l.Senders)
		}
		if !rest {
			continue
		}
		domain := i % l.Domains
		fmt.Fprintf(out, "%s mx1 postfix/smtp[4001]: %s: to=<u%d@d%d.example>, relay=mx%d.d.example[192.0.2.%d]:25, delay=0.5, delays=0.1/0/0.2/0.2, dsn=",
			stamp, id, i, domain, domain%1000, domain%250)
		if l.Failed {
			fmt.Fprintf(out, "5.1.1, status=bounced (host mx%d.d.example[192.0.2.%d] said: 550 5.1.1 <u%d@d%d.example>: Recipient address rejected: User unknown in virtual mailbox table (in reply to RCPT TO command))\n",
				domain%1000, domain%250, i, domain)
		} else {
			fmt.Fprintf(out, "2.0.0, status=sent (250 2.0.0 Ok: queued as %011X)\n", i)
		}
		if _, err := fmt.Fprintf(out, "%s mx1 postfix/qmgr[1201]: %s: removed\n", stamp, id); err != nil {
			return
		}
	}
}

// WriteFiles writes the messages into many files in a folder, with the same number of messages
// in each. overlapping: each has messages of the whole time, else one follows the other.
func (l Limit) WriteFiles(dir string, files int, overlapping bool) error {
	each := l.Messages / files
	for n := range files {
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("host%06d.log", n)))
		if err != nil {
			return err
		}
		out := bufio.NewWriter(f)
		for i := range each {
			k := n*each + i
			if overlapping {
				k = i*files + n
			}
			l.write(out, k, k+1, true, true)
		}
		if err := out.Flush(); err != nil {
			f.Close()
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}
