package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/smtplog/smtplog/internal/fixture"
)

var update = flag.Bool("update", false, "rewrite the output that the README shows")

// The README's first command does what it shows: its report up to the table of domains.
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
	got, _, ok := strings.Cut(string(output(t, args...)), "\nRecipient domains")
	if !ok {
		t.Fatal("the report has no table of domains")
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
