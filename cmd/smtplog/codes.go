package main

import (
	"fmt"

	"github.com/smtplog/smtplog/aggregate"
	"github.com/smtplog/smtplog/internal/render"
	"github.com/smtplog/smtplog/status"
)

// codesCmd is `smtplog codes`.
type codesCmd struct {
	outputFlags
	Format string `enum:"${formats}" default:"table" group:"output" help:"${enum}."`
}

// Run prints the status enum.
func (cmd *codesCmd) Run(p *program) error {
	dest, finish, err := cmd.openOutput(p)
	if err != nil {
		return err
	}
	t := aggregate.Table{Name: "codes", Title: "The status enum", Unit: "members", Columns: []aggregate.Column{
		{Name: "number", Type: "integer"}, {Name: "member", Type: "string"}, {Name: "meaning", Type: "string"},
		{Name: "source", Type: "string"}, {Name: "logged", Type: "string"},
	}}
	for _, c := range status.Codes() {
		t.Rows = append(t.Rows, []any{int64(c.Code.Number()), c.Name, c.Meaning, c.Source, c.Logged})
	}
	if err := cmd.write(dest, &t); err != nil {
		finish()
		return err
	}
	return finish()
}

func (cmd *codesCmd) write(dest interface{ Write([]byte) (int, error) }, t *aggregate.Table) error {
	opt := cmd.options(dest, nil)
	if cmd.Format == "table" { // a reference is read, not skimmed: nothing is cut
		for _, row := range t.Rows {
			if _, err := fmt.Fprint(dest, render.Paragraph(fmt.Sprintf("%4d  %s", row[0], row[1]),
				fmt.Sprintf("%s (%s). In logs: %s", row[2], row[3], row[4]), opt)); err != nil {
				return err
			}
		}
		return nil
	}
	return render.Rows(dest, t, cmd.Format, opt)
}
