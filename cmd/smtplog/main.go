// Smtplog reads Postfix and Exim logs and says what became of the mail: failure tables,
// messages with their recipients' outcomes, and single events.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/smtplog/smtplog/aggregate"
	"github.com/smtplog/smtplog/internal/render"
	"github.com/smtplog/smtplog/status"
)

// Exit codes (docs/contract.md).
const (
	exitDone        = 0
	exitUnread      = 1   // something could not be read or written, or nothing was a mail log
	exitUsage       = 2   // bad usage
	exitInterrupted = 130 // what is known was printed
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// cli is the grammar of the command line. A command's fields are its flags.
type cli struct {
	Version    kong.VersionFlag `help:"Print the version and exit."`
	NoProgress bool             `help:"Do not show progress."`

	Report   reportCmd   `cmd:"" default:"withargs" help:"Failure tables from historical logs (the default command)."`
	Tail     tailCmd     `cmd:"" help:"The same tables live, while files grow and rotate."`
	Bounces  bouncesCmd  `cmd:"" help:"Recipients who did not get their mail, and why."`
	Messages messagesCmd `cmd:"" help:"One entry per message with its recipients' outcomes; filters make it a search."`
	Events   eventsCmd   `cmd:"" help:"One entry per log event (NDJSON by default)."`
	Codes    codesCmd    `cmd:"" help:"The status enum: every member, its number, meaning and source."`
}

const description = `Smtplog reads Postfix and Exim logs and says what became of the mail.

PATH is a log file, plain or gzip, or - for standard input; without one the usual places are read (/var/log/mail.log, /var/log/exim4/mainlog and the like). The format of every line is found out by itself.`

// program is what a command may use.
type program struct {
	ctx            context.Context
	stdin          io.Reader
	stdout, stderr io.Writer
	noProgress     bool
	failed         bool     // something was said to stderr that makes the exit code 1
	output         *outFile // that is being written
}

// errorf says what went wrong and makes the exit code 1; the command goes on.
func (p *program) errorf(format string, args ...any) {
	p.failed = true
	p.sayf(format, args...)
}

// sayf says something that is no failure.
func (p *program) sayf(format string, args ...any) {
	fmt.Fprintf(p.stderr, "smtplog: "+format+"\n", args...)
}

// usageError is an error in what the user asked for.
type usageError struct{ error }

func usagef(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// vars are the names that the registries know, for flags and their help.
func vars() kong.Vars {
	var dims []string
	for _, d := range aggregate.GroupDims() {
		dims = append(dims, d.String())
	}
	var categories []string
	for _, c := range status.Categories() {
		categories = append(categories, c.String())
	}
	return kong.Vars{
		"categories":    strings.Join(categories, ", "),
		"version":       version(),
		"formats":       render.FormatNames(),
		"tables":        strings.Join(aggregate.TableNames(false), ", "),
		"bounce_tables": strings.Join(aggregate.TableNames(true), ", "),
		"dims":          strings.Join(dims, ", "),
	}
}

// exitCode is what kong's Exit hook panics with, to come back to run from help and version.
type exitCode int

// run is the program: it returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (code int) {
	defer func() {
		if e := recover(); e != nil {
			c, ok := e.(exitCode)
			if !ok {
				panic(e)
			}
			code = int(c)
		}
	}()
	p := &program{ctx: ctx, stdin: stdin, stdout: stdout, stderr: stderr}
	var c cli
	k, err := kong.New(&c, kong.Name("smtplog"), kong.Description(description),
		kong.Writers(stdout, stderr), kong.Exit(func(c int) { panic(exitCode(c)) }),
		vars(), kong.UsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		panic(err) // the grammar above is wrong
	}
	parsed, err := k.Parse(args)
	if err != nil {
		p.sayf("%v", err)
		p.sayf("hint: smtplog --help")
		return exitUsage
	}
	p.noProgress = c.NoProgress
	defer p.commitOutput(errors.New("panic")) // does nothing after the next one
	if err := p.commitOutput(parsed.Run(p)); err != nil {
		p.sayf("%v", err)
		var u usageError
		if errors.As(err, &u) {
			return exitUsage
		}
		return exitUnread
	}
	switch {
	case p.ctx.Err() != nil:
		return exitInterrupted
	case p.failed:
		return exitUnread
	}
	return exitDone
}
