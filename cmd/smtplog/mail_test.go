package main

import (
	"bytes"
	"context"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/smtplog/smtplog/internal/fixture"
)

// smtplog runs the program.
func smtplog(t testing.TB, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(context.Background(), args, strings.NewReader(stdin), &out, &errs)
	return code, out.String(), errs.String()
}

// mailParts parses a message and returns its header and its parts by media type, decoded.
func mailParts(t testing.TB, message string) (mail.Header, map[string]string) {
	t.Helper()
	if strings.Contains(message, "\r") {
		t.Error("a carriage return in the message")
	}
	for line := range strings.Lines(message) {
		if len(line) > 999 { // RFC 5322 2.1.1, with its line feed
			t.Errorf("a line of %d bytes", len(line))
		}
		for _, c := range []byte(line) {
			if c >= 0x7f || c < ' ' && c != '\n' && c != '\t' {
				t.Fatalf("a byte %#x in %q", c, line)
			}
		}
	}
	m, err := mail.ReadMessage(strings.NewReader(message))
	if err != nil {
		t.Fatal(err)
	}
	media, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || media != "multipart/alternative" {
		t.Fatalf("%s, %v", media, err)
	}
	parts := map[string]string{}
	r := multipart.NewReader(m.Body, params["boundary"])
	var order []string
	for {
		part, err := r.NextPart() // decodes quoted-printable
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(part)
		if err != nil {
			t.Fatal(err)
		}
		media, params, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
		if err != nil || params["charset"] != "utf-8" {
			t.Errorf("%s, %v, %v", media, params, err)
		}
		parts[media] = string(body)
		order = append(order, media)
	}
	if !slices.Equal(order, []string{"text/plain", "text/html"}) { // RFC 2046 5.1.4: the best last
		t.Errorf("parts %q", order)
	}
	return m.Header, parts
}

func TestMail(t *testing.T) {
	log := fixture.Testdata(t, "logs", "postfix.log")
	for _, command := range []string{"report", "bounces"} {
		args := []string{command, "--year", "2026", "--tz", "UTC", log}
		code, message, stderr := smtplog(t, "", append(args, "--mail", "--mail-from", "Mail Report <reports@mx.example>")...)
		if code != 0 || stderr != "" {
			t.Fatalf("%s: exit %d, %s", command, code, stderr)
		}
		header, parts := mailParts(t, message)
		t.Setenv("COLUMNS", "75")
		_, table, _ := smtplog(t, "", args...)
		_, page, _ := smtplog(t, "", append(args, "--format", "html", "--top", "25")...)
		if got := parts["text/plain"]; got != table {
			t.Errorf("%s: the text is not the table:\n%s", command, got)
		}
		if got := parts["text/html"]; got != page || !strings.HasPrefix(got, "<!DOCTYPE html>") {
			t.Errorf("%s: the HTML is not the page", command)
		}
		if got, want := header.Get("From"), `"Mail Report" <reports@mx.example>`; got != want {
			t.Errorf("From %s, want %s", got, want)
		}
		title := map[string]string{"report": "mail", "bounces": "bounce"}[command]
		if got, want := header.Get("Subject"), title+" report mx: 282 bounced, 165 expired, 12 queued, 400 delivered, 2026-12-30"; got != want {
			t.Errorf("Subject %q, want %q", got, want)
		}
		if date, err := header.Date(); err != nil || time.Since(date).Abs() > time.Hour {
			t.Errorf("Date %v, %v", date, err)
		}
		for _, key := range []string{"To", "Message-Id", "Mime-Version", "Auto-Submitted"} {
			if header.Get(key) == "" {
				t.Errorf("%s: no %s", command, key)
			}
		}
		if _, err := mail.ParseAddressList(header.Get("To")); err != nil {
			t.Errorf("To: %v", err)
		}
	}
}

// The subject has the days that were counted: those of the window where the log has none in it.
func TestMailSubjectDays(t *testing.T) {
	log := fixture.Testdata(t, "logs", "postfix.log") // of 2026-12-30
	for _, tt := range []struct{ since, until, want string }{
		{"", "", "2026-12-30"},
		{"2026-12-29", "2026-12-30", "2026-12-29"},
		{"2026-12-25", "2026-12-30", "2026-12-25..2026-12-29"},
		{"2026-12-30", "2026-12-31", "2026-12-30"},
		{"2026-12-01", "2027-01-01", "2026-12-30"},
		{"2026-12-01", "", "2026-12-30"},
		{"2027-01-05", "", "2027-01-05"},
		{"", "2026-12-30", "2026-12-29"},
		{"", "2026-12-20", "2026-12-19"}, // the log is not read
		{"2027-02-01", "2027-02-03", "2027-02-01..2027-02-02"},
	} {
		args := []string{"--year", "2026", "--tz", "UTC", "--mail", log}
		if tt.since != "" {
			args = append(args, "--since", tt.since)
		}
		if tt.until != "" {
			args = append(args, "--until", tt.until)
		}
		_, message, stderr := smtplog(t, "", args...)
		header, _ := mailParts(t, message)
		if got := header.Get("Subject"); !strings.HasSuffix(got, ", "+tt.want) {
			t.Errorf("%s to %s: Subject %q, want %s %s", tt.since, tt.until, got, tt.want, stderr)
		}
	}
}

// What a log says cannot add a header, whatever it is.
func TestMailHostile(t *testing.T) {
	host := "mx\u202e\xff\r\u00e9Bcc:x@d.example"
	log := "2026-11-03T04:05:06+00:00 " + host + " postfix/qmgr[1]: 3A1B2C3D4E: from=<a@d.example>, size=5, nrcpt=1 (queue active)\n" +
		"2026-11-03T04:05:06+00:00 " + host + " postfix/smtp[2]: 3A1B2C3D4E: to=<b@d.example>, relay=none, delay=1, delays=1/0/0/0, dsn=5.4.4, status=bounced (\x1b[2J\u202e<script>)\n"
	code, message, stderr := smtplog(t, log, "bounces", "--mail", "--tz", "UTC", "-")
	if code != 0 {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	header, parts := mailParts(t, message)
	subject, err := new(mime.WordDecoder).DecodeHeader(header.Get("Subject"))
	if want := `bounce report mx\u202e\xff\réBcc:x@d.example: 1 bounced, 2026-11-03`; err != nil || subject != want {
		t.Errorf("Subject %q, want %q", subject, want)
	}
	for _, host := range []string{"=?utf-8?q?=0ABcc:_f@f.example?=", "=?utf-8?b?4oCu?=", "=?=?utf-8?q?=1B?=?=", strings.Repeat("x", 3000), strings.Repeat("\u202e", 300)} {
		_, message, _ := smtplog(t, strings.ReplaceAll(log, "mx\u202e\xff\r\u00e9Bcc:x@d.example", host), "bounces", "--mail", "--tz", "UTC", "-")
		header, _ := mailParts(t, message)
		subject, err := new(mime.WordDecoder).DecodeHeader(header.Get("Subject"))
		if err != nil || strings.ContainsFunc(subject, func(r rune) bool { return r < ' ' || r > '~' }) || !strings.HasSuffix(subject, ": 1 bounced, 2026-11-03") {
			t.Errorf("%.50q: Subject %q", host, subject)
		}
	}
	known := []string{"From", "To", "Subject", "Date", "Message-Id", "Auto-Submitted", "Mime-Version", "Content-Type"}
	for key := range header {
		if !slices.Contains(known, key) {
			t.Errorf("a header %s: %s", key, header.Get(key))
		}
	}
	if !strings.Contains(parts["text/plain"], `\x1b[2J`) || !strings.Contains(parts["text/html"], `\x1b[2J\u202e&lt;script&gt;`) {
		t.Error("the reply cannot be read")
	}
	for _, bad := range []string{"a@b.example\r\nBcc: c@d.example", "a\nb", "a@b.example\x00", "@", "a b", "é@d.example", "a,,b"} {
		for _, flag := range []string{"--mail-to=", "--mail-from="} {
			if code, out, _ := smtplog(t, log, "--mail", flag+bad, "-"); code != exitUsage || out != "" {
				t.Errorf("%s%q: exit %d, %q", flag, bad, code, out)
			}
		}
	}
}

// The mail goes through sendmail, and what goes wrong there is told.
func TestMailTo(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the sendmail of this test is a shell script")
	}
	dir := t.TempDir()
	script := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	log := fixture.Testdata(t, "logs", "exim.log")
	sent := filepath.Join(dir, "sent")
	t.Setenv("SENDMAIL", script("good", `printf '%s\n' "$*" > `+sent+".args; cat > "+sent)+" -x")
	code, stdout, stderr := smtplog(t, "", "--year", "2026", "--tz", "UTC", "--mail-to", "Ops <ops@d.example>, b@d.example", log)
	if code != 0 || stdout+stderr != "" {
		t.Fatalf("exit %d, %s%s", code, stdout, stderr)
	}
	args, _ := os.ReadFile(sent + ".args")
	if string(args) != "-x -t -i\n" {
		t.Errorf("arguments %q", args)
	}
	message, err := os.ReadFile(sent)
	if err != nil {
		t.Fatal(err)
	}
	header, _ := mailParts(t, string(message))
	if to := header.Get("To"); to != `"Ops" <ops@d.example>, <b@d.example>` {
		t.Errorf("To %q", to)
	}

	t.Setenv("SENDMAIL", script("bad", "cat >/dev/null; printf 'queue is \\033[2J full\\n' >&2; exit 75"))
	code, stdout, stderr = smtplog(t, "", "--year", "2026", "--mail-to", "root", log)
	if code != exitUnread || stdout != "" || !strings.Contains(stderr, `exit status 75: queue is \x1b[2J full`) {
		t.Errorf("exit %d, %q, %q", code, stdout, stderr)
	}
	t.Setenv("SENDMAIL", filepath.Join(dir, "missing"))
	if code, _, stderr = smtplog(t, "", "--year", "2026", "--mail-to", "root", log); code != exitUnread || !strings.Contains(stderr, "the mail was not sent") {
		t.Errorf("exit %d, %q", code, stderr)
	}
	for _, args := range [][]string{{"--mail", "--format", "json"}, {"--mail-from", "a"}, {"--mail-to", "a", "-o", "x"}, {"tail", "--format", "html"}} {
		if code, _, stderr := smtplog(t, "", append(args, log)...); code != exitUsage {
			t.Errorf("%q: exit %d, %s", args, code, stderr)
		}
	}
}
