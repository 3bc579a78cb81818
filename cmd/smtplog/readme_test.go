package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/smtplog/smtplog/internal/fixture"
)

var update = flag.Bool("update", false, "rewrite the output that the README shows")

// The README's first command does what it shows: its report up to the table of replies.
func TestReadme(t *testing.T) {
	root := fixture.Root(t)
	path := filepath.Join(root, "README.md")
	readme, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(readme), "go run ./cmd/smtplog ")
	command, rest, _ := strings.Cut(rest, "\n")
	between, rest, _ := strings.Cut(rest, "```\n")
	shown, after, ok := strings.Cut(rest, "```\n")
	if !ok {
		t.Fatal("the README shows no output of its first command")
	}
	args := strings.Fields(command)
	for i, a := range args {
		if strings.HasPrefix(a, "testdata/") {
			args[i] = filepath.Join(root, a)
		}
	}
	got, _, ok := strings.Cut(string(output(t, args...)), "\nReplies behind failures")
	if !ok {
		t.Fatal("the report has no table of replies")
	}
	if *update {
		all := before + "go run ./cmd/smtplog " + command + "\n" + between + "```\n" + got + "```\n" + after
		if err := os.WriteFile(path, []byte(all), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != shown {
		t.Errorf("the README's first command prints\n%s\nand the README shows\n%s\n(go test ./cmd/smtplog -run Readme -update)", got, shown)
	}
}

// The commands of the README's list, each with what it must print or write.
var readmeCommands = map[string]string{
	`smtplog`:                                        `\d lines?[:,]|^smtplog: .*(no log given|journal)`,
	`smtplog --rotated /var/log/mail.log`:            `^11 lines, all understood\n3 files \(1 gzip, 2 plain\)`,
	`smtplog /var/log/remote`:                        `\n2 files, .*, postfix and exim`,
	`smtplog journal:`:                               `^1 line, all understood\n1 file \(1 journal\), .*\n2026-11-20 12:00:01`,
	`ssh mx zstdcat old.zst | smtplog --year 2025 -`: `\n2025-12-30 05:12:10`,
	`smtplog --since yesterday --until today --every 1h /var/log/mail.log`: `\n  bounced +1 +100 %(?s:.*)\n[-0-9]{10} +1 +#+\n`,
	`smtplog --table reasons mail.log`:                                     `\nuser_unknown +recipient +hard +suppress +0 +3 +3\n`,
	`smtplog --table queue mail.log`:                                       `\nd\.example +greylisted +1 `,
	`smtplog --by domain,status --top 20 mail.log`:                         `\nd\.example +MAILBOX_UNAVAILABLE +0 +3 +3 +0\n`,
	`smtplog --domain '*.example' --status MAILBOX_UNAVAILABLE mail.log`:   `\n  bounced +3 `,
	`smtplog messages --recipient u@d.example mail.log`:                    `"recipient":"u@d\.example","outcome":"bounced"`,
	`smtplog messages --outcome queued mail.log`:                           `^\{.*"recipient":"v@d\.example","outcome":"deferred".*\}\n$`,
	`smtplog trace u@d.example /var/log/mail.log*`:                         `(?s)B2C3D4E5F6.*u@d\.example`,
	`smtplog trace 3A1B2C3D4E mx.log store.log`:                            `(?s)w@d\.example.* delivered .*store postfix/local\[9\]: 4B1C2D3E4F: `,
	`smtplog explain '550 5.7.1 ... blocked using zen.spamhaus.org'`:       `ip_blocked`,
	`smtplog events --event rejected mail.log`:                             `^\{.*"event":"rejected".*\}\n$`,
	`smtplog codes`:                                              `\n +550  MAILBOX_UNAVAILABLE\n`,
	`smtplog bounces mail.log`:                                   `u@d\.example`,
	`smtplog bounces --per-sender mail.log`:                      `^a@s\.example: 3 recipients of 3 messages did not arrive\n`,
	`smtplog bounces --since today --compare yesterday mail.log`: `\n\(all\) +no earlier mail +2\n|\n\(all\) +same +1 `,
	`smtplog bounces --suppress --format postfix mail.log > suppressed && postmap hash:suppressed`: `^u@d\.example\t550 5\.1\.1 Suppressed: user_unknown on \d{4}-\d\d-\d\d\n`,
	`smtplog bounces --suppress --format json --previous list.json -o new.json mail.log`:           `"u@d\.example"`,
	`smtplog tail /var/log/mail.log`:                                                                   `user_unknown +a@s\.example -> x@d\.example`,
	`smtplog tail --ui /var/log/mail.log`:                                                              `--ui needs a terminal`,
	`smtplog tail --once --checkpoint state /var/log/mail.log`:                                         `^9 lines, all understood`,
	`smtplog check --max bounce_rate=5% --max queued=200,500 --min delivered=1 /var/log/mail.log`:      `^SMTPLOG CRITICAL - bounce_rate 100 %`,
	`smtplog check --max silence=15m /var/log/mail.log`:                                                `^SMTPLOG OK - silence 1m`,
	`smtplog --since yesterday --until today --format html -o report.html /var/log/mail.log`:           `^<!DOCTYPE html>(?s:.*)d\.example`,
	`smtplog bounces --since yesterday --until today --mail-to postmaster@d.example /var/log/mail.log`: `\nTo: <postmaster@d\.example>\n`,
	`smtplog doctor /var/log`:                                                                          `mail\.log`,
	`SMTPLOG_ANONYMIZE_KEY=... smtplog --anonymize mail.log`:                                           `\nu-[a-z0-9]{10}@s\.example `,
	`smtplog man | man -l -`:                                                                           `\.TH "SMTPLOG"`,
	`eval "$(smtplog completion bash)"`:                                                                `^$`,
}

// readmeFolder makes a folder in which the README's commands find their logs and the other
// programs that they name, and returns how to run one there.
func readmeFolder(t *testing.T) (dir string, start func(command string) *exec.Cmd) {
	t.Helper()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("the commands are bash's")
	}
	dir = t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now().UTC()
	today := now.Truncate(24 * time.Hour)
	log := bounce(today.Add(-24*time.Hour), "A1B2C3D4E5", "u@d.example") +
		bounce(today, "B2C3D4E5F6", "u@d.example") +
		strings.ReplaceAll(bounce(today, "C3D4E5F6A1", "v@d.example"), "status=bounced (host mx.d.example[192.0.2.1] said: 550 5.1.1 User unknown", "status=deferred (host mx.d.example[192.0.2.1] said: 450 4.7.1 Greylisted, try again") +
		today.Format(time.RFC3339) + " mx postfix/smtpd[9]: NOQUEUE: reject: RCPT from c.example[192.0.2.9]: 554 5.7.1 <y@s.example>: Relay access denied; from=<b@c.example> to=<y@s.example> proto=ESMTP helo=<c.example>\n" +
		bounce(now.Add(-time.Minute), "D4E5F6A1B2", "u@d.example")
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	fmt.Fprint(z, today.Add(-72*time.Hour).Format(time.RFC3339)+" mx postfix/qmgr[1]: E5F6A1B2C3: removed\n")
	z.Close()
	older := today.Add(-48*time.Hour).Format(time.RFC3339) + " mx postfix/qmgr[1]: F6A1B2C3D4: removed\n"
	for name, text := range map[string]string{
		"mail.log": log, "var/log/mail.log": log, "var/log/mail.log.1": older, "var/log/mail.log.2.gz": packed.String(),
		"var/log/remote/mx1/mail.log": older,
		"var/log/remote/mx2/mainlog":  "2026-11-20 12:00:01 1kg6Rm-0003dQ-9X Completed\n",
		"mx.log": "2026-11-20T12:00:01Z mx postfix/qmgr[1]: 3A1B2C3D4E: from=<a@s.example>, size=400, nrcpt=1 (queue active)\n" +
			"2026-11-20T12:00:02Z mx postfix/smtp[2]: 3A1B2C3D4E: to=<w@d.example>, relay=store[192.0.2.7]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 4B1C2D3E4F)\n" +
			"2026-11-20T12:00:02Z mx postfix/qmgr[1]: 3A1B2C3D4E: removed\n",
		"store.log": "2026-11-20T12:00:02Z store postfix/qmgr[1]: 4B1C2D3E4F: from=<a@s.example>, size=400, nrcpt=1 (queue active)\n" +
			"2026-11-20T12:00:03Z store postfix/local[9]: 4B1C2D3E4F: to=<w@d.example>, relay=local, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (delivered to mailbox)\n" +
			"2026-11-20T12:00:03Z store postfix/qmgr[1]: 4B1C2D3E4F: removed\n",
		"bin/ssh":        "#!/bin/sh\necho 'Dec 30 05:12:10 mx postfix/qmgr[1]: 3A1B2C3D4E: removed'\n",
		"bin/journalctl": "#!/bin/sh\necho '2026-11-20T12:00:01Z mx postfix/qmgr[1]: 3A1B2C3D4E: removed'\n",
		"bin/postmap":    "#!/bin/sh\ncat \"${1#hash:}\"\n",
		"bin/man":        "#!/bin/sh\n[ \"$*\" = '-l -' ] && cat\n",
		"bin/sendmail":   "#!/bin/sh\ncat > sent\n",
		"bin/git":        "#!/bin/sh\n[ \"$*\" = 'clone https://github.com/smtplog/smtplog' ] && ln -s \"$ROOT\" smtplog\n",
	} {
		write(name, text)
	}
	env := append(os.Environ(), "PATH="+filepath.Join(dir, "bin")+string(filepath.ListSeparator)+os.Getenv("PATH"),
		"TZ=UTC", "COLUMNS=120", "HOME="+dir, "SENDMAIL="+filepath.Join(dir, "bin/sendmail"), "ROOT="+fixture.Root(t))
	return dir, func(command string) *exec.Cmd {
		for _, machine := range []string{"/var/log", "/usr/local", "/usr/share", "/etc/"} {
			command = strings.ReplaceAll(command, machine, dir+machine)
		}
		cmd := exec.Command(bash, "-c", command)
		cmd.Dir, cmd.Env = dir, env
		return cmd
	}
}

// bounce is a message that a server refused.
func bounce(at time.Time, id, recipient string) string {
	return fmt.Sprintf("%[1]s mx postfix/qmgr[1]: %[2]s: from=<a@s.example>, size=400, nrcpt=1 (queue active)\n"+
		"%[1]s mx postfix/smtp[2]: %[2]s: to=<%[3]s>, relay=mx.d.example[192.0.2.1]:25, delay=1, delays=0/0/0/1, dsn=5.1.1, status=bounced (host mx.d.example[192.0.2.1] said: 550 5.1.1 User unknown (in reply to RCPT TO command))\n",
		at.Format(time.RFC3339), id, recipient)
}

// blockAfter is the indented block of the README behind a text, without its comments.
func blockAfter(t *testing.T, text string) (lines []string) {
	t.Helper()
	readme, err := os.ReadFile(filepath.Join(fixture.Root(t), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(readme), text)
	if !ok {
		t.Fatalf("the README does not say %q", text)
	}
	comment := regexp.MustCompile(` {2,}#.*`)
	for line := range strings.SplitSeq(rest, "\n") {
		command, indented := strings.CutPrefix(line, "    ")
		if indented {
			lines = append(lines, strings.TrimSpace(comment.ReplaceAllString(command, "")))
		} else if line != "" && len(lines) > 0 {
			break
		}
	}
	return lines
}

// Every command of the README's list does what it is for.
func TestReadmeCommands(t *testing.T) {
	fixture.NoRace(t)
	dir, start := readmeFolder(t)
	if out, err := start("smtplog bounces --suppress --format json -o list.json mail.log").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	seen := map[string]bool{}
	for _, command := range blockAfter(t, "## Use\n") {
		want, ok := readmeCommands[command]
		if !ok {
			t.Errorf("nothing is known of the README's command %s", command)
			continue
		}
		seen[command] = true
		if command == "smtplog tail /var/log/mail.log" {
			continue // TestReadmeTail
		}
		out, err := start(command).CombinedOutput()
		for _, name := range []string{"report.html", "new.json", "sent"} {
			if b, err := os.ReadFile(filepath.Join(dir, name)); err == nil {
				out = append(out, b...)
				os.Remove(filepath.Join(dir, name))
			}
		}
		if !regexp.MustCompile(want).Match(out) {
			t.Errorf("%s: %v\n%.2000s\nwant %s", command, err, out, want)
		}
	}
	for command := range readmeCommands {
		if !seen[command] {
			t.Errorf("the README has no %s", command)
		}
	}
}

// tail tells of a failure that comes while it runs, and ends when it is interrupted.
func TestReadmeTail(t *testing.T) {
	fixture.NoRace(t)
	const command = "smtplog tail /var/log/mail.log"
	dir, start := readmeFolder(t)
	cmd := start("exec " + command)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for n := 0; ctx.Err() == nil; n++ { // it begins at the file's end
			f, err := os.OpenFile(filepath.Join(dir, "var/log/mail.log"), os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return
			}
			fmt.Fprint(f, bounce(time.Now().UTC(), fmt.Sprintf("%010X", n), "x@d.example"))
			f.Close()
			time.Sleep(50 * time.Millisecond)
		}
	}()
	b := make([]byte, 1000)
	n, _ := out.Read(b)
	cancel()
	cmd.Process.Signal(os.Interrupt)
	rest, _ := io.ReadAll(out)
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v: %s", err, rest)
	}
	if want := readmeCommands[command]; !regexp.MustCompile(want).Match(b[:n]) {
		t.Errorf("%s\n%s\nwant %s", command, b[:n], want)
	}
}

// What the README says of installing puts the program, its manual page and completions in their
// places, and what it says of uninstalling removes all that.
func TestReadmeInstall(t *testing.T) {
	fixture.NoRace(t)
	dir, start := readmeFolder(t)
	var env []string
	for _, name := range []string{"GOMODCACHE", "GOCACHE"} {
		b, err := exec.Command("go", "env", name).Output()
		if err != nil {
			t.Skip(err)
		}
		env = append(env, name+"="+strings.TrimSpace(string(b)))
	}
	env = append(env, "GOPATH="+filepath.Join(dir, "go"), "GOBIN=", "GOFLAGS=-buildvcs=false")
	places := []string{"go/bin/smtplog", "usr/local/bin/smtplog", "usr/local/share/man/man1/smtplog.1", "usr/share/bash-completion/completions/smtplog",
		"usr/local/share/zsh/site-functions/_smtplog", "usr/share/fish/vendor_completions.d/smtplog.fish", "etc/smtplog.yaml", ".config/smtplog/config.yaml"}
	for _, place := range places[1:] {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, place)), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, place := range places[len(places)-2:] {
		if err := os.WriteFile(filepath.Join(dir, place), []byte("tz: UTC\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	step := func(after string) { // -P: what has been compiled is known by the folder's own name
		cmd := start("set -e -P\n" + strings.Join(blockAfter(t, after), "\n"))
		cmd.Env = append(cmd.Env, env...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", after, err, out)
		}
	}
	step("## Install, upgrade, uninstall\n")
	step("For all users of the machine")
	for _, place := range places {
		if b, err := os.ReadFile(filepath.Join(dir, place)); err != nil || len(b) == 0 {
			t.Errorf("%s: %d bytes, %v", place, len(b), err)
		}
	}
	out, err := exec.Command(filepath.Join(dir, places[1]), "explain", "550").CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("MAILBOX_UNAVAILABLE")) {
		t.Errorf("%v: %s", err, out)
	}
	step("To uninstall,")
	for _, place := range places {
		if _, err := os.Stat(filepath.Join(dir, place)); err == nil {
			t.Errorf("%s is still there", place)
		}
	}
}
