package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"os"
	"os/exec"
	"os/user"
	"strings"
	"time"
	"unicode"

	"github.com/smtplog/smtplog/aggregate"
	"github.com/smtplog/smtplog/internal/render"
)

// mailFlags make a mail of a report.
type mailFlags struct {
	Mail     bool   `group:"mail" help:"Write the report as a mail (MIME, text and HTML) to standard output."`
	MailTo   string `placeholder:"ADDR[,ADDR]" group:"mail" help:"Send it there, through $$SENDMAIL or /usr/sbin/sendmail."`
	MailFrom string `placeholder:"ADDR" group:"mail" help:"Its From (default: the user at this host)."`
}

// mailTop is how many rows a table has in a mail, where the user does not say: large mails are cut
// by who shows them.
const mailTop = 25

// mailWidth keeps lines whole: quoted-printable breaks those of more than 76 bytes (RFC 2045 6.7).
const mailWidth = 75

// check tells what is wrong with the flags.
func (f *mailFlags) check(outf *outputFlags, format string) error {
	if f.MailTo != "" {
		f.Mail = true
	}
	switch {
	case !f.Mail && f.MailFrom != "":
		return usagef("--mail-from needs --mail or --mail-to")
	case !f.Mail:
		return nil
	case format != "table":
		return usagef("--mail has a text and an HTML part: leave out --format %s", format)
	case f.MailTo != "" && outf.Output != "":
		return usagef("--mail-to sends the mail: leave out -o, or write it with --mail -o %s", outf.Output)
	}
	if _, err := addresses(f.MailTo); err != nil {
		return usagef("--mail-to %q: %v", f.MailTo, err)
	}
	if from, err := addresses(f.MailFrom); err != nil || len(from) > 1 {
		return usagef("--mail-from %q: want one address", f.MailFrom)
	}
	return nil
}

// addresses reads a list of addresses as a header has it; a name without a domain is a user of this
// host. What it returns cannot end a header line.
func addresses(list string) (all []string, err error) {
	if strings.TrimSpace(list) == "" {
		return nil, nil
	}
	if strings.ContainsFunc(list, func(r rune) bool { return r > unicode.MaxASCII || unicode.IsControl(r) }) {
		return nil, errors.New("want printable ASCII")
	}
	if !strings.ContainsAny(list, `@"<(`) {
		for name := range strings.SplitSeq(list, ",") {
			name = strings.TrimSpace(name)
			if name == "" || strings.ContainsAny(name, " :;\\[]>)") {
				return nil, errors.New("want an address")
			}
			all = append(all, name)
		}
		return all, nil
	}
	parsed, err := mail.ParseAddressList(list)
	if err != nil {
		return nil, fmt.Errorf("want addresses: %w", err)
	}
	for _, a := range parsed {
		all = append(all, a.String())
	}
	return all, nil
}

// write makes a mail of the report and sends it, or writes it to out.
func (f *mailFlags) write(p *program, r *aggregate.Report, s *settings, out io.Writer, finish func() error, opt render.Options) error {
	message, err := f.message(r, s, opt)
	if err == nil && f.MailTo != "" {
		err = sendmail(p, message)
	} else if err == nil {
		_, err = out.Write(message)
	}
	if end := finish(); err == nil {
		err = end
	}
	return err
}

// message is the mail, with the line ends of this system, as sendmail wants it.
func (f *mailFlags) message(r *aggregate.Report, s *settings, opt render.Options) ([]byte, error) {
	host, err := os.Hostname()
	if err != nil || strings.ContainsFunc(host, func(r rune) bool { return r <= ' ' || r > '~' }) {
		host = "localhost"
	}
	from, _ := addresses(f.MailFrom) // checked before
	if len(from) == 0 {
		name := "smtplog"
		if u, err := user.Current(); err == nil {
			name = u.Username
		}
		from = []string{(&mail.Address{Name: "smtplog", Address: name + "@" + host}).String()}
	}
	to, _ := addresses(f.MailTo)
	if len(to) == 0 {
		to = []string{"postmaster@" + host}
	}
	var b bytes.Buffer
	parts := multipart.NewWriter(&b)
	for _, h := range [][2]string{
		{"From", from[0]},
		{"To", strings.Join(to, ",\r\n ")},
		// What a log's host is named must not be taken for an encoded word.
		{"Subject", mime.QEncoding.Encode("utf-8", strings.ReplaceAll(subject(r, s, opt.Title), "=?", "= ?"))},
		{"Date", time.Now().In(s.zone).Format(time.RFC1123Z)},
		{"Message-ID", "<" + strings.ToLower(rand.Text()) + "@" + host + ">"},
		{"Auto-Submitted", "auto-generated"}, // RFC 3834: nothing is to answer it
		{"MIME-Version", "1.0"},
		{"Content-Type", "multipart/alternative;\r\n boundary=" + parts.Boundary()},
	} {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	b.WriteString("\r\n")
	opt.Color, opt.Width = false, mailWidth
	for _, part := range [...]struct{ media, format string }{{"text/plain", "table"}, {"text/html", "html"}} {
		if part.format == "html" && opt.Top == 0 {
			opt.Top = mailTop
		}
		w, err := parts.CreatePart(textproto.MIMEHeader{
			"Content-Type": {part.media + "; charset=utf-8"}, "Content-Transfer-Encoding": {"quoted-printable"}})
		if err != nil {
			return nil, err
		}
		body := quotedprintable.NewWriter(w)
		if err := render.Report(body, r, part.format, opt); err != nil {
			return nil, err
		}
		if err := body.Close(); err != nil {
			return nil, err
		}
	}
	if err := parts.Close(); err != nil {
		return nil, err
	}
	return bytes.ReplaceAll(b.Bytes(), []byte("\r\n"), []byte("\n")), nil
}

// subject is the verdict in a line: what, where, how much, when.
func subject(r *aggregate.Report, s *settings, title string) string {
	text := strings.ToLower(title)
	switch hosts := r.Input.Hosts; {
	case len(hosts) == 1:
		text += " " + hosts[0][:min(len(hosts[0]), 100)]
	case len(hosts) > 1:
		text += fmt.Sprintf(" %d hosts", len(hosts))
	}
	text += ": " + render.Verdict(r)
	if first, last := days(r); !first.IsZero() {
		from, to := first.In(s.zone).Format(time.DateOnly), last.In(s.zone).Format(time.DateOnly)
		if text += ", " + from; to > from {
			text += ".." + to
		}
	}
	if r.Partial {
		text += ", partial"
	}
	return render.Text(text)
}

// days returns when what was counted begins and ends: the part of the input that lies in the window,
// or the window where none does. They are zero where neither is known.
func days(r *aggregate.Report) (first, last time.Time) {
	if first = r.Since; !r.Until.IsZero() {
		last = r.Until.Add(-1)
	}
	if in := &r.Input; in.First != nil {
		if in.First.After(first) && (last.IsZero() || !in.First.After(last)) {
			first = *in.First
		}
		if !in.Last.Before(first) && (last.IsZero() || in.Last.Before(last)) {
			last = *in.Last
		}
	}
	if first.IsZero() {
		first = last
	}
	return first, last
}

// sendmail hands a message to the mail system of this host.
func sendmail(p *program, message []byte) error {
	command := strings.Fields(os.Getenv("SENDMAIL"))
	if len(command) == 0 {
		command = []string{"/usr/sbin/sendmail"}
	}
	cmd := exec.CommandContext(p.ctx, command[0], append(command[1:], "-t", "-i")...)
	cmd.Stdin = bytes.NewReader(message)
	said, err := cmd.CombinedOutput()
	if err != nil {
		if words := strings.TrimSpace(string(said)); words != "" {
			return fmt.Errorf("the mail was not sent: %s: %w: %s", command[0], err, render.Text(words))
		}
		return fmt.Errorf("the mail was not sent: %s: %w", command[0], err)
	}
	return nil
}
