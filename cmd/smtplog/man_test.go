package main

import (
	"os/exec"
	"strings"
	"testing"
)

// TestManual wants every command and flag of the help in the manual page, and no complaint of
// groff where it is installed.
func TestManual(t *testing.T) {
	page := string(output(t, "man"))
	plain := strings.NewReplacer(`\-`, "-", `\(dq`, `"`, `\(aq`, "'", `\e`, `\`).Replace(page)
	commands, flags := 0, 0
	_, help, _ := smtplog(t, "", "--help")
	_, help, _ = strings.Cut(help, "Commands:\n")
	for line := range strings.Lines(help) {
		words := strings.Fields(line)
		if !strings.HasPrefix(line, "  ") || line[2] == ' ' || len(words) == 0 {
			continue
		}
		commands++
		_, section, ok := strings.Cut(plain, `.SS "smtplog `+words[0]+" ")
		if !ok {
			t.Errorf("no command %s", words[0])
			continue
		}
		section, _, _ = strings.Cut(section, "\n.SS")
		_, help, _ := smtplog(t, "", words[0], "--help")
		for line := range strings.Lines(help) {
			at := strings.Index(line, "--")
			if at < 0 || strings.TrimLeft(line[:at], " -ho,") != "" {
				continue
			}
			flag := strings.FieldsFunc(line[at:], func(r rune) bool { return r == '=' || r == ' ' || r == '\n' })[0]
			flags++
			if !strings.Contains(section, flag) && !strings.Contains(plain[:strings.Index(plain, ".SH \"COMMANDS\"")], flag) {
				t.Errorf("%s: no flag %s", words[0], flag)
			}
		}
	}
	if commands < 13 || flags < 150 {
		t.Errorf("%d commands, %d flags in the help", commands, flags)
	}
	groff, err := exec.LookPath("groff")
	if err != nil {
		t.Skip("no groff to read the page")
	}
	cmd := exec.Command(groff, "-man", "-Tutf8", "-ww", "-Kutf8")
	cmd.Stdin = strings.NewReader(page)
	var said strings.Builder
	cmd.Stderr = &said
	if out, err := cmd.Output(); err != nil || said.Len() > 0 || len(out) < 5000 {
		t.Errorf("groff: %v, %d bytes: %s", err, len(out), said.String())
	}
}
