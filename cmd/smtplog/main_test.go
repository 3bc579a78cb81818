package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/smtplog/smtplog/internal/fixture"
)

// A command's own grammar reads a command line as the whole grammar does.
func TestOneCommandsGrammar(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	config := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(config, []byte("tz: UTC\nreport:\n  every: 1h\ntrace:\n  format: json\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SMTPLOG_TOP", "7")
	t.Setenv("SMTPLOG_WINDOW", "3h")
	for _, line := range []string{
		"", "mail.log", "report", "-o out.txt mail.log", "--no-progress mail.log", "--top=3 --table reasons x",
		"report trace", "report --by domain,relay -- --table", "report --config " + config + " x", "--config " + config,
		"trace 3A1B2C mail.log", "trace --format=json --no-progress <a@b> x y", "trace --config " + config + " 3A1B2C",
		"tail --once x", "bounces --suppress x", "messages --sender a@b --sender !c@d x", "events --event deferred -",
		"check --max bounce_rate=5% --window 2h x", "doctor x", "explain 550 5.1.1 no", "codes", "completion bash",
	} {
		args := strings.Fields(line)
		command := commandOf(args)
		if command == "" {
			t.Errorf("%q: no command", line)
			continue
		}
		p := &program{ctx: context.Background(), stdout: io.Discard, stderr: io.Discard}
		one, err := p.parse(args, command)
		if err != nil {
			t.Errorf("%q: %v", line, err)
			continue
		}
		progress := p.noProgress
		all, err := p.parse(args, "")
		if err != nil {
			t.Errorf("%q: %v", line, err)
			continue
		}
		if got, want := len(one.Model.Children), 1; got != want && !strings.Contains(line, "--config") {
			t.Errorf("%q: a grammar of %d commands, want %d", line, got, want)
		}
		a, b := one.Selected().Target.Interface(), all.Selected().Target.Interface()
		if !reflect.DeepEqual(a, b) || one.Command() != all.Command() || progress != p.noProgress {
			t.Errorf("%q: %s %+v\nwhole grammar: %s %+v", line, one.Command(), a, all.Command(), b)
		}
	}
}

// What is not a command line as it should be gets the answer of the whole grammar, and what asks
// for the whole one too.
func TestWholeGrammar(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	for _, line := range []string{"man", "--since today report", "x trace", "--no-progress trace 3A"} {
		if command := commandOf(strings.Fields(line)); command != "" {
			t.Errorf("%q: read as %s alone", line, command)
		}
	}
	for _, tt := range []struct{ line, want string }{
		{"--help", "completion"}, {"report --help", "--every"}, {"-h", "doctor"}, {"x -h", "--every"},
		{"--version", "smtplog"}, {"report --tabel x", "--table"}, {"trace", `"<query>"`}, {"trase 3A x --format json5", "must be one of"},
		{"report --every", "--every"}, {"check --nonsense", "UNKNOWN"},
	} {
		args := strings.Fields(tt.line)
		var outs [2]bytes.Buffer
		var codes [2]int
		codes[0] = run(context.Background(), args, nil, &outs[0], &outs[0])
		func() {
			defer func() {
				if c, ok := recover().(exitCode); ok {
					codes[1] = int(c)
				}
			}()
			p := &program{ctx: context.Background(), stdout: &outs[1], stderr: &outs[1]}
			_, err := p.parse(args, "")
			if err == nil {
				t.Errorf("%q: no error", tt.line)
				return
			}
			codes[1] = exitUsage
			p.sayf("%v", err)
			p.sayf("hint: smtplog --help")
			if isCheck(err, nil) {
				p.checkFailed(err)
				codes[1] = checkUnknown
			}
		}()
		if outs[0].String() != outs[1].String() || codes[0] != codes[1] {
			t.Errorf("%q: exit %d\n%s\nwhole grammar: exit %d\n%s", tt.line, codes[0], &outs[0], codes[1], &outs[1])
		}
		if !strings.Contains(outs[0].String(), tt.want) {
			t.Errorf("%q: no %q in\n%s", tt.line, tt.want, &outs[0])
		}
	}
}

// Flags may stand between the other words.
func TestFlagsAnywhere(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	for _, tt := range []struct{ line, want string }{
		{"a.log --since today b.log", "--since today a.log b.log"},
		{"report a.log --top=3 b.log -o x c.log", "report --top=3 -o x a.log b.log c.log"},
		{"trace 3A1B2C a.log --no-progress b.log", "trace --no-progress 3A1B2C a.log b.log"},
		{"a.log --table reasons -- --table --top", "--table reasons -- a.log --table --top"},
		{"bounces a.log --suppress - --per-sender b.log", "bounces --suppress --per-sender a.log - b.log"},
		{"a.log --nonsense b.log", "a.log --nonsense b.log"},
		{"a.log -o", "a.log -o"}, {"a.log b.log --since", "a.log b.log --since"}, {"a.log -o -- b.log", "a.log -o -- b.log"},
		{"a.log -o --top=3", "a.log -o --top=3"}, {"a.log -o - b.log", "-o - a.log b.log"},
		{"explain 550 5.1.1 no such user", "explain 550 5.1.1 no such user"},
		{"", ""},
	} {
		p := &program{ctx: context.Background(), stdout: io.Discard, stderr: io.Discard}
		model := p.grammar(new(cli)).Model
		if got := strings.Join(flagsFirst(model, strings.Fields(tt.line)), " "); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.line, got, tt.want)
		}
	}
	var stdout, stderr bytes.Buffer
	path := fixture.Testdata(t, "logs/postfix.log")
	if code := run(context.Background(), []string{path, "--year", "2026", fixture.Testdata(t, "logs/exim.log")}, nil, &stdout, &stderr); code != exitDone || !strings.Contains(stdout.String(), "2 files") {
		t.Errorf("exit code %d: %s%s", code, stderr.Bytes(), stdout.Bytes())
	}
}

// A disk that is full is said, whatever was to be written.
func TestFullDisk(t *testing.T) {
	for _, args := range []string{"--version", "--help", "codes", "report --help", "man", "report " + fixture.Testdata(t, "logs/postfix.log")} {
		var stderr bytes.Buffer
		code := run(context.Background(), strings.Fields(args), strings.NewReader(""), fullDisk{}, &stderr)
		if code != exitUnread || !strings.Contains(stderr.String(), "no room") || strings.Contains(stderr.String(), "hint") {
			t.Errorf("%s: exit code %d, %s", args, code, stderr.Bytes())
		}
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no room") }

// A cell of a table that is absent is null in JSON, never an empty text.
func TestAbsentCells(t *testing.T) {
	fixture.NoRace(t)
	empty := regexp.MustCompile(`(?m)^\[(.*,)?""[],]`)
	for _, args := range []string{"report", "bounces", "bounces --per-sender", "bounces --suppress", "report --by direction,stage,enhanced,reply,relay,sender,user"} {
		args := append(strings.Fields(args), "--year", "2026", "--format", "json", fixture.Testdata(t, "logs/postfix.log"), fixture.Testdata(t, "logs/exim.log"))
		if row := empty.Find(output(t, args...)); row != nil {
			t.Errorf("%v: %s", args[:2], row)
		}
	}
}
