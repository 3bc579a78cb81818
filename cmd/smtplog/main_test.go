package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
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
			if isCheck(err) {
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
