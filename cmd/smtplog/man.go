package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/smtplog/smtplog/internal/notices"
)

// manCmd is `smtplog man`.
type manCmd struct{}

// Run prints the manual page, man(7), made of the grammar that the command line is read with.
func (*manCmd) Run(p *program, k *kong.Kong) error {
	_, err := io.WriteString(p.stdout, manual(k.Model))
	return err
}

// licencesCmd is `smtplog licences`.
type licencesCmd struct{}

// Run prints the licences of all that the binary is made of, as they ask for.
func (*licencesCmd) Run(p *program) error {
	_, err := io.WriteString(p.stdout, notices.ThirdParty)
	return err
}

// roff is text for groff or mandoc.
type roff struct{ strings.Builder }

// macro writes a request with its arguments.
func (r *roff) macro(name string, args ...string) {
	r.WriteString("." + name)
	for _, a := range args {
		r.WriteString(` "` + strings.ReplaceAll(roffEscape(a), `"`, `\(dq`) + `"`)
	}
	r.WriteByte('\n')
}

// text writes a paragraph.
func (r *roff) text(s string) {
	s = roffEscape(strings.Join(strings.Fields(s), " "))
	if s == "" {
		return
	}
	if s[0] == '.' || s[0] == '\'' {
		s = `\&` + s
	}
	r.WriteString(s + "\n")
}

var roffEscape = strings.NewReplacer(`\`, `\e`, "-", `\-`, "~", `\(ti`, "^", `\(ha`, "`", `\(ga`, "'", `\(aq`).Replace

// manual is the manual page.
func manual(app *kong.Application) string {
	var r roff
	r.macro("TH", "SMTPLOG", "1", "", version(), "")
	r.macro("SH", "NAME")
	r.text(app.Name)
	r.WriteString("\\- ")
	r.text("what became of the mail, from the logs of Postfix and Exim")
	r.macro("SH", "SYNOPSIS")
	for _, c := range commandsOf(app) {
		r.macro("B", c.FullPath())
		r.text(argumentsOf(c))
		r.macro("br")
	}
	r.macro("SH", "DESCRIPTION")
	for paragraph := range strings.SplitSeq(app.Help, "\n\n") {
		r.text(paragraph)
		r.macro("PP")
	}
	r.macro("SH", "OPTIONS")
	r.text("Of all commands:")
	r.flags(app.Flags)
	r.macro("SH", "COMMANDS")
	for _, c := range commandsOf(app) {
		r.macro("SS", c.FullPath()+" "+argumentsOf(c))
		r.text(c.Help)
		for _, a := range c.Positional {
			r.macro("TP")
			r.macro("I", strings.ToUpper(a.Name))
			r.text(a.Help)
		}
		r.flags(c.Flags)
	}
	r.macro("SH", "EXIT STATUS")
	for _, e := range [...]struct{ code, what string }{
		{"0", "done."},
		{"1", "something could not be read or written, or nothing was a mail log."},
		{"2", "bad usage."},
		{"130", "interrupted; what is known was printed."},
	} {
		r.macro("TP")
		r.macro("B", e.code)
		r.text(e.what)
	}
	r.macro("PP")
	r.text("check has the codes of monitoring plugins: 0 ok, 1 warning, 2 critical, 3 unknown.")
	r.macro("SH", "SEE ALSO")
	r.macro("BR", "postfix", "(1), ")
	r.macro("BR", "exim", "(8), ")
	r.macro("BR", "journalctl", "(1)")
	return r.String()
}

// commandsOf are the commands to be shown.
func commandsOf(app *kong.Application) []*kong.Node {
	return slices.DeleteFunc(slices.Clone(app.Children), func(c *kong.Node) bool { return c.Hidden })
}

// argumentsOf is how a command goes on.
func argumentsOf(c *kong.Node) string {
	words := "[flags]"
	for _, a := range c.Positional {
		words += " " + strings.ToUpper(a.Summary())
	}
	return words
}

// flags writes a list of flags, those of a group together.
func (r *roff) flags(flags []*kong.Flag) {
	group := ""
	for _, f := range grouped(flags) {
		if f.Group != nil && f.Group.Title != group {
			group = f.Group.Title
			r.macro("PP")
			r.macro("I", group)
		}
		r.macro("TP")
		name := "--" + f.Name
		if f.Short != 0 {
			name = fmt.Sprintf("-%c, ", f.Short) + name
		}
		if !f.IsBool() {
			name += "=" + f.FormatPlaceHolder()
		}
		r.macro("B", name)
		help := f.Help
		if len(f.Envs) > 0 {
			help += " ($" + strings.Join(f.Envs, ", $") + ")"
		}
		r.text(help)
	}
}

// grouped puts the flags of each group together, in the order of the groups' first flags.
func grouped(flags []*kong.Flag) (sorted []*kong.Flag) {
	rank := map[string]int{}
	of := func(f *kong.Flag) string {
		if f.Group == nil {
			return ""
		}
		return f.Group.Title
	}
	for _, f := range flags {
		if f.Hidden {
			continue
		}
		if _, ok := rank[of(f)]; !ok {
			rank[of(f)] = len(rank)
		}
		sorted = append(sorted, f)
	}
	slices.SortStableFunc(sorted, func(a, b *kong.Flag) int { return rank[of(a)] - rank[of(b)] })
	return sorted
}
