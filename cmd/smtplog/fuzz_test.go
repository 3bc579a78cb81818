package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/mattn/go-runewidth"

	"github.com/smtplog/smtplog/aggregate"
	"github.com/smtplog/smtplog/internal/fixture"
	"github.com/smtplog/smtplog/internal/follow"
	"github.com/smtplog/smtplog/parser"
)

// fuzzLogs are short logs to begin with: those of hostile text, and a message or two of others.
func fuzzLogs(f *testing.F) (logs []string) {
	for _, mta := range []string{"postfix", "exim"} {
		logs = append(logs, hostileLog(f, mta, func(string) string { return "plain" }),
			hostileLog(f, mta, func(string) string { return "=x|<b>\x1b]0;\a\u202e\xff,\"\t" }))
	}
	for _, name := range []string{"postfix.log", "exim.log", "exim-rich.log", "exim.rejectlog"} {
		lines := fixture.Lines(f, fixture.Testdata(f, "logs", name))
		for i := range 3 {
			at := i * (len(lines) - 20) / 3
			logs = append(logs, string(bytes.Join(lines[at:at+20], []byte("\n")))+"\n")
		}
	}
	return logs
}

// fuzzFile writes a log to be read.
func fuzzFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// commandLine is a command line that is read once: that takes longer than a short log.
type commandLine struct {
	args   []string
	c      cli
	parsed *kong.Context
}

// run runs the command.
func (l *commandLine) run(t *testing.T, stdin string) (code int, stdout, stderr string) {
	t.Helper()
	if l.parsed == nil {
		query := l.c.Trace.Query
		var err error
		if l.parsed, err = (&program{stdout: io.Discard, stderr: io.Discard}).grammar(&l.c).Parse(l.args); err != nil {
			t.Fatal(err)
		}
		l.c.Trace.Query = query
	}
	var out, errs bytes.Buffer
	p := &program{ctx: context.Background(), stdin: strings.NewReader(stdin), stdout: &out, stderr: &errs, noProgress: true}
	code = p.do(l.parsed)
	return code, out.String(), errs.String()
}

// FuzzOutputs has a command write a log of any text in one of its formats, and reads it again as
// its reader would; the log comes from a file or through a pipe. Line by line, on
// one core, it says what it says of whole batches on several.
func FuzzOutputs(f *testing.F) {
	tables := []string{"table", "json", "ndjson", "csv", "markdown", "html"}
	path := filepath.Join(f.TempDir(), "mail.log")
	var commands []*commandLine
	for _, c := range []struct {
		formats []string
		args    []string
	}{
		{tables, []string{"report", "--top", "1000"}},
		{tables, []string{"report", "--by", "sender,recipient,user,client,relay,host,reply"}},
		{tables, []string{"bounces"}},
		{tables, []string{"bounces", "--per-sender"}},
		{tables, []string{"bounces", "--suppress", "--min-confidence", "0.01", "--suppress-after", "user_unknown=1"}},
		{tables, []string{"messages"}},
		{tables, []string{"events"}},
		{tables[:2], []string{"trace", "QUERY"}},
		{tables[:2], []string{"explain"}},
		{tables[:2], []string{"doctor"}},
		{tables, []string{"tail", "--once"}},
	} {
		for _, format := range c.formats {
			input := []string{path, "-"}[len(commands)%2]
			args := append(slices.Clone(c.args), "--format", format)
			if args[0] == "explain" {
				args = append(args, "-")
			} else {
				args = append(args, "--tz", "UTC", "--year", "2026", input)
			}
			commands = append(commands, &commandLine{args: args})
		}
	}
	for i, log := range fuzzLogs(f) {
		f.Add(log, []string{"*@d.example", "3A1B2C3D41", "550 5.1.1 <a@b>: user unknown"}[i%3], uint8(i*3))
	}
	f.Setenv("COLUMNS", "100")
	f.Fuzz(func(t *testing.T, log, query string, which uint8) {
		chosen := commands[int(which)%len(commands)]
		args, command := chosen.args, chosen.args[0]
		format := args[slices.Index(args, "--format")+1]
		stdin := log
		if command == "explain" {
			stdin = query + "\n" + log
		}
		chosen.c.Trace.Query = query
		fuzzFile(t, path, log)
		code, stdout, stderr := chosen.run(t, stdin)
		wantShown(t, "stderr", stderr)
		if code != exitDone && code != exitUnread && !(code == exitUsage && command == "trace" && strings.Contains(stderr, "want a queue ID")) {
			t.Fatalf("%q: exit %d: %s", args, code, stderr)
		}
		if stdout == "" {
			return
		}
		switch format {
		case "json":
			wantShown(t, "stdout", stdout)
			if command == "explain" || command == "trace" || command == "events" || command == "messages" {
				wantValues(t, stdout)
			} else {
				wantJSON(t, stdout)
				wantSums(t, stdout)
			}
		case "ndjson":
			wantShown(t, "stdout", stdout)
			for line := range strings.Lines(stdout) {
				wantJSON(t, line)
			}
		case "csv":
			if wantShown(t, "stdout", strings.ReplaceAll(stdout, "\r\n", "\n")); strings.Count(stdout, "\r\n") > 1 {
				wantCSV(t, stdout)
			}
		case "markdown":
			if wantShown(t, "stdout", stdout); strings.Count(stdout, "\n|") > 2 {
				wantMarkdown(t, stdout)
			}
		case "html":
			wantHTML(t, stdout)
		default:
			wantShown(t, "stdout", stdout)
			for line := range strings.Lines(stdout) {
				if w := runewidth.StringWidth(strings.TrimSuffix(line, "\n")); w > 100 && command == "report" {
					t.Fatalf("%d columns: %s", w, line)
				}
			}
		}
		if command == "report" || command == "events" {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			defer func() { lineByLine = false }()
			lineByLine = true
			if code1, stdout1, stderr1 := chosen.run(t, stdin); code1 != code || stdout1 != stdout || stderr1 != stderr {
				t.Fatalf("%q: line by line on one core and batches on several give different results (exit %d and %d, %d and %d bytes)", args, code1, code, len(stdout1), len(stdout))
			}
		}
	})
}

// wantValues wants JSON values, one after the other.
func wantValues(t *testing.T, text string) {
	t.Helper()
	for d := json.NewDecoder(strings.NewReader(text)); d.More(); {
		var v any
		if err := d.Decode(&v); err != nil {
			t.Fatalf("%v: %.200s", err, text)
		}
	}
}

// wantSums wants a report's lines and recipients to add up.
func wantSums(t *testing.T, text string) {
	t.Helper()
	var r struct {
		Schema string
		Input  struct{ Lines, Understood, Ignored, Unknown int64 }
		Totals map[string]int64
	}
	if err := json.Unmarshal([]byte(text), &r); err != nil || r.Schema != "smtplog.report/1" {
		return // another object
	}
	if in := r.Input; in.Lines != in.Understood+in.Ignored+in.Unknown {
		t.Errorf("lines do not add up: %+v", in)
	}
	n := r.Totals
	if sum := n["delivered"] + n["bounced"] + n["expired"] + n["discarded"] + n["removed"] + n["queued"] + n["lost"]; len(n) != 19 || n["recipients"] != sum {
		t.Errorf("recipients do not add up: %v", n)
	}
}

// FuzzLive has a log of any text come in pieces, with a checkpoint saved and restored between them,
// and wants the report, all and of the last hour, to be that without any.
func FuzzLive(f *testing.F) {
	for i, log := range fuzzLogs(f) {
		f.Add([]byte(log), uint8(i*3), uint8(i*7))
	}
	line := " mx postfix/smtp[1]: 3A1B2C3D41: to=<a@d.example>, relay=none, delay=1, delays=1/0/0/0, dsn=4.4.1, status=deferred (connect to x)\n"
	f.Add([]byte("Dec 31 23:59:50"+line+"Jan  1 00:00:10"+line+"Jan  1 00:00:20"+line), uint8(1), uint8(2))
	f.Fuzz(func(t *testing.T, log []byte, first, second uint8) {
		// What makes clear whose lines these are.
		log = append([]byte("2026-11-03T03:00:00Z mx postfix/qmgr[1]: 3A1B2C3D00: removed\n2026-11-03 03:00:00 1tivSh-0007oc-5P Completed\n"), append(log, '\n')...)
		whole, live := newTailer(t), newTailer(t)
		whole.cmd.Year, live.cmd.Year = 2026, 2026
		count := func(tl *tailer, text []byte) {
			if err := tl.count(&follow.Block{Path: "mail.log", Text: bytes.Clone(text), Pos: follow.Position{Path: "mail.log"}}); err != nil {
				t.Fatal(err)
			}
		}
		lines := bytes.SplitAfter(log, []byte("\n"))
		a, b := int(first)%len(lines), int(second)%len(lines)
		for _, part := range [][][]byte{lines[:min(a, b)], lines[min(a, b):max(a, b)], lines[max(a, b):]} {
			count(whole, bytes.Join(part, nil))
			count(live, bytes.Join(part, nil))
			state, err := live.checkpoint()
			if err != nil {
				t.Fatal(err)
			}
			live = newTailer(t)
			live.cmd.Year = 2026
			if err := live.restoreFrom(state); err != nil {
				t.Fatal(err)
			}
			if again, err := live.checkpoint(); err != nil || !bytes.Equal(again, state) {
				t.Fatalf("the same state is written in two ways: %v", err)
			}
		}
		for name, of := range map[string]func(*tailer) *aggregate.Report{
			"all": func(tl *tailer) *aggregate.Report { return tl.c.Report() },
			"recent": func(tl *tailer) *aggregate.Report {
				return tl.c.Recent(whole.logs["mail.log"].last.Add(-time.Hour / 2))
			},
		} {
			got, want := of(live), of(whole)
			got.Input.Bytes = want.Input.Bytes
			if !reflect.DeepEqual(got, want) {
				a, b := fmt.Sprintf("%+v", *got), fmt.Sprintf("%+v", *want)
				i := 0
				for i < min(len(a), len(b)) && a[i] == b[i] {
					i++
				}
				t.Fatalf("cut before lines %d and %d: %s differs\ngot  ...%.300s\nwant ...%.300s", first, second, name, a[max(0, i-100):], b[max(0, i-100):])
			}
		}
	})
}

// FuzzSplit rotates a log whose stamps ascend before any of its lines, and wants of both files
// together, in any order, what the log says in one.
func FuzzSplit(f *testing.F) {
	for i, log := range fuzzLogs(f) {
		f.Add(log, uint8(i*5))
	}
	dir := f.TempDir()
	path := filepath.Join(dir, "mail.log")
	args := []string{"report", "--format", "json", "--year", "2026", "--tz", "UTC"}
	one, two := &commandLine{args: append(slices.Clone(args), path)}, &commandLine{args: append(slices.Clone(args), path, path+".1")}
	f.Fuzz(func(t *testing.T, log string, cut uint8) {
		p := parser.New(parser.Options{Year: 2026})
		var ev parser.Event
		var before time.Time
		n, at := 0, 0 // where it is cut
		for line := range strings.Lines(log) {
			p.Parse([]byte(strings.TrimSuffix(line, "\n")), &ev)
			if ev.Time.IsZero() || ev.Time.Before(before) || ev.Continued {
				return
			}
			if n == 0 && at >= 16*int(cut) && ev.Time.After(before) {
				n = at
			}
			at += len(line)
			before = ev.Time
		}
		if !hasMail([]byte(log[:n])) || !hasMail([]byte(log[n:])) {
			return // that an Exim line is one may be clear from others alone
		}
		var whole, parts summary
		for _, c := range []struct {
			line *commandLine
			s    *summary
		}{{one, &whole}, {two, &parts}} {
			if c.line == one {
				fuzzFile(t, path, log)
			} else {
				fuzzFile(t, path+".1", log[:n])
				fuzzFile(t, path, log[n:])
			}
			code, stdout, stderr := c.line.run(t, "")
			if code != 0 {
				t.Fatal(stderr)
			}
			if err := json.Unmarshal([]byte(stdout), c.s); err != nil {
				t.Fatal(err)
			}
		}
		if !reflect.DeepEqual(parts.Input, whole.Input) || !reflect.DeepEqual(parts.Totals, whole.Totals) {
			t.Fatalf("cut at %d: %+v %v, want\n%+v %v", n, parts.Input, parts.Totals, whole.Input, whole.Totals)
		}
		for i, table := range whole.Tables {
			if !reflect.DeepEqual(parts.Tables[i], table) {
				t.Fatalf("cut at %d: table %s: %v, want %v", n, table.Name, parts.Tables[i].Rows, table.Rows)
			}
		}
	})
}

// FuzzFlags gives any value to a flag, or any file to one that takes one: what is wrong is said,
// and what is right gives a report.
func FuzzFlags(f *testing.F) {
	report, bounces := []string{"report", "--format", "json"}, []string{"bounces", "--format", "json"}
	flags := []struct {
		command []string
		flag    string
		file    bool
		value   string
	}{
		{report, "--since", false, "2026-11-01"}, {report, "--until", false, "last week"}, {report, "--by", false, "domain,reply,time"},
		{report, "--every", false, "5m"}, {report, "--tz", false, "Europe/Berlin"}, {report, "--year", false, "2026"}, {report, "--table", false, "replies"},
		{report, "--top", false, "3"}, {report, "--domain", false, "!*.example"}, {report, "--recipient", false, "*@d.example"}, {report, "--code", false, "4??"},
		{report, "--anonymize", false, "key"}, {report, "--rules", true, "rule a.b user_unknown\n\ttext no such .. user\n\tsample no such user\n"},
		{report, "--config", true, "tz: UTC\nreport:\n  every: 1h\n  by: [domain, code]\nformat: markdown\n"},
		{bounces, "--suppress-after", false, "user_unknown=2,mailbox_full=3/21d"}, {bounces, "--expire", false, "180d"}, {bounces, "--min-confidence", false, "0.5"},
		{bounces, "--allow", true, "joe@d.example\n*.example # all\n"}, {bounces, "--compare", true, ""}, {bounces, "--previous", true, "address,reason\njoe@d.example,user_unknown\n"},
		{[]string{"check", "--since", "2026-01-01"}, "--max", false, "bounce_rate=5%"}, {[]string{"check", "--since", "2026-01-01"}, "--min", false, "delivered=1/h"},
		{[]string{"check", "--max", "bounced=1"}, "--window", false, "24h"}, {[]string{"explain", "550 5.1.1 user unknown"}, "--test", true, "rule x spam_content\n\tcode 55x\n\tsample 550 x\n"},
	}
	dir := f.TempDir()
	log := filepath.Join(dir, "mail.log")
	if err := os.WriteFile(log, []byte(hostileLog(f, "postfix", func(string) string { return "plain" })), 0o600); err != nil {
		f.Fatal(err)
	}
	_, earlier, _ := smtplog(f, "", "bounces", "--format", "json", "--year", "2026", "--tz", "UTC", log)
	_, list, _ := smtplog(f, "", "bounces", "--suppress", "--min-confidence", "0.01", "--format", "ndjson", "--year", "2026", "--tz", "UTC", log)
	if len(earlier) < 1000 || len(list) < 100 {
		f.Fatalf("%d bytes of an earlier report, %d of a list", len(earlier), len(list))
	}
	for i, flag := range flags {
		f.Add(uint8(i), flag.value)
		switch flag.flag {
		case "--compare":
			f.Add(uint8(i), earlier)
		case "--previous":
			f.Add(uint8(i), list)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, value string) {
		flag := flags[int(which)%len(flags)]
		if flag.file {
			path := filepath.Join(dir, "file")
			fuzzFile(t, path, value)
			value = path
		}
		args := append(slices.Clone(flag.command), flag.flag+"="+value, "--no-progress")
		if args[0] != "explain" {
			args = append(args, log)
		}
		if !strings.HasPrefix(flag.flag, "--year") && args[0] != "explain" {
			args = append(args, "--year", "2026")
		}
		code, stdout, stderr := smtplog(t, "", args...)
		wantShown(t, fmt.Sprint(args, " stderr"), stderr)
		wantShown(t, fmt.Sprint(args, " stdout"), stdout)
		if code < 0 || code > 3 || code == 3 && args[0] != "check" || code == exitUsage && stderr == "" && args[0] != "check" {
			t.Fatalf("%q: exit %d: %s", args, code, stderr)
		}
		if code == exitDone && args[0] != "check" && args[0] != "explain" && strings.HasPrefix(stdout, "{") {
			wantJSON(t, stdout)
			wantSums(t, stdout)
		}
	})
}
