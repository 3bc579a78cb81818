// Smtplog reads Postfix and Exim logs and says what became of the mail: failure tables,
// messages with their recipients' outcomes, and single events.
package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/smtplog/smtplog/aggregate"
	"github.com/smtplog/smtplog/internal/hugepages"
	"github.com/smtplog/smtplog/internal/render"
	"github.com/smtplog/smtplog/internal/source"
	"github.com/smtplog/smtplog/parser"
	"github.com/smtplog/smtplog/status"
)

// Exit codes (docs/contract.md).
const (
	exitDone        = 0
	exitUnread      = 1   // something could not be read or written, or nothing was a mail log
	exitUsage       = 2   // bad usage
	exitInterrupted = 130 // what is known was printed
)

// Garbage is collected less often than Go does by itself, which saves a tenth of the time, until
// the memory is as much as a server can be asked for. $GOGC and $GOMEMLIMIT say otherwise.
const (
	gcPercent   = 200
	memoryLimit = 1 << 30
)

func main() {
	hugepages.Use()
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	go func() { // makes the rules and the tables ready while the command line is read
		status.NewClassifier()
		render.Prepare()
	}()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// cli is the grammar of the command line. A command's fields are its flags.
type cli struct {
	Version    kong.VersionFlag `env:"-" help:"Print the version and exit."`
	NoProgress bool             `help:"Do not show progress."`
	Config     kong.ConfigFlag  `env:"-" placeholder:"FILE" help:"Take flags from this YAML file too (also $$SMTPLOG_CONFIG). Any flag may be set in the environment as well: $$SMTPLOG_TZ for --tz."`

	Report   reportCmd   `cmd:"" default:"withargs" help:"Failure tables from historical logs (the default command)."`
	Tail     tailCmd     `cmd:"" help:"The same tables live, while files grow and rotate."`
	Bounces  bouncesCmd  `cmd:"" help:"Recipients who did not get their mail, and why."`
	Messages messagesCmd `cmd:"" help:"One entry per message with its recipients' outcomes; filters make it a search."`
	Trace    traceCmd    `cmd:"" help:"The story of one message: verdict first, then the timeline, then the lines."`
	Events   eventsCmd   `cmd:"" help:"One entry per log event (NDJSON by default)."`
	Check    checkCmd    `cmd:"" help:"Thresholds for cron and monitoring: one line, exit code 0 ok, 1 warning, 2 critical, 3 unknown."`
	Doctor   doctorCmd   `cmd:"" help:"What was understood of each log, what not, and what the mail system should log for better reports."`
	Explain  explainCmd  `cmd:"" help:"What a reply or code means: status, reason, evidence, advice."`
	Codes    codesCmd    `cmd:"" help:"The status enum: every member, its number, meaning and source."`

	Completion completionCmd `cmd:"" help:"What bash, zsh or fish needs to complete commands, flags and values."`
	Man        manCmd        `cmd:"" help:"The manual page, for man -l -."`
	Licences   licencesCmd   `cmd:"" help:"The licences of smtplog and of all that its binary is made of."`
}

const description = `Smtplog reads Postfix and Exim logs and says what became of the mail.

PATH is a log file, plain or compressed; a folder of logs; a pattern; the name of a rotated set; journal: for the systemd journal; or - for standard input. Without one the usual places are read (/var/log/mail.log, /var/log/exim4/mainlog and the like, with their rotated siblings), else the journal. The format of every line is found out by itself.

Flags may also be set in the environment ($SMTPLOG_TZ for --tz) and in /etc/smtplog.yaml or ~/.config/smtplog/config.yaml ("tz: UTC").`

// program is what a command may use.
type program struct {
	ctx            context.Context
	stdin          io.Reader
	stdout, stderr io.Writer
	noProgress     bool
	exit           int           // the exit code, where nothing went wrong
	above          io.Writer     // of a progress bar, while there is one
	held           *bytes.Buffer // not nil: what is said to stderr waits here
	failed         bool          // something was said to stderr that makes the exit code 1
	output         *outFile      // that is being written
	shown          failing       // help and version
}

// failing remembers why a write to w failed.
type failing struct {
	w   io.Writer
	err error
}

func (f *failing) Write(b []byte) (int, error) {
	n, err := f.w.Write(b)
	f.err = cmp.Or(f.err, err)
	return n, err
}

// errorf says what went wrong and makes the exit code 1; the command goes on.
func (p *program) errorf(format string, args ...any) {
	p.failed = true
	p.sayf(format, args...)
}

// sayf says something that is no failure. Names of files and what they hold are strangers' text.
func (p *program) sayf(format string, args ...any) {
	fmt.Fprintf(p.messages(), "smtplog: %s\n", render.Text(fmt.Sprintf(format, args...)))
}

// usageError is an error in what the user asked for.
type usageError struct{ error }

func usagef(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// exitError is an error with an exit code of its own.
type exitError struct {
	code int
	error
}

// fillNames puts the names that the registries know into flags and their help. As variables of kong's
// they would be searched for variables themselves, each of them for every flag.
func fillNames(k *kong.Kong) error {
	var mtas []string
	for m := parser.NoMTA + 1; m < parser.MTACount; m++ {
		mtas = append(mtas, m.String())
	}
	names := strings.NewReplacer(
		"${mtas}", strings.Join(mtas, ","),
		"${categories}", strings.Join(wordsOf(status.Categories()...), ", "),
		"${outcomes}", strings.Join(outcomeWords(), ", "),
		"${formats}", render.FormatNames(),
		"${list_formats}", render.ListFormatNames(),
		"${tables}", strings.Join(aggregate.TableNames(false), ", "),
		"${bounce_tables}", strings.Join(aggregate.TableNames(true), ", "),
		"${dims}", strings.Join(wordsOf(aggregate.GroupDims()...), ", "))
	return eachValue(k, func(v *kong.Value) { v.Enum, v.Help = names.Replace(v.Enum), names.Replace(v.Help) })
}

// dropEmpty forgets the variables of the environment that are set to nothing: that is not set.
func dropEmpty(k *kong.Kong) error {
	return eachValue(k, func(v *kong.Value) {
		v.Tag.Envs = slices.DeleteFunc(slices.Clone(v.Tag.Envs), func(env string) bool { return os.Getenv(env) == "" })
	})
}

// ownHelp says of flags that several commands have what they are for one: tail refuses what reads
// other commands' files.
func ownHelp(k *kong.Kong) error {
	for _, c := range k.Model.Children {
		top := ""
		switch c.Name {
		case "tail":
			for _, f := range flagsOf(c, "rotated") {
				f.Hidden = true
			}
			for _, path := range c.Positional {
				path.Help = "Logs: files, patterns, journal:, or - for standard input."
			}
		case "trace":
			top = "Rows of the list (20), lines of a story (60)."
		case "events", "messages":
			top = "Entries, or rows in text and CSV (default: 10,000 in text, Markdown and HTML, else all)."
		}
		for _, f := range flagsOf(c, "top") {
			f.Help = cmp.Or(top, f.Help)
		}
	}
	return nil
}

// dropHelp takes the help away, where nobody can ask for it.
func dropHelp(k *kong.Kong) error {
	return eachValue(k, func(v *kong.Value) { v.Help = "" })
}

func eachValue(k *kong.Kong, do func(*kong.Value)) error {
	return kong.Visit(k.Model, func(node kong.Visitable, next kong.Next) error {
		if v, ok := node.(*kong.Value); ok {
			do(v)
		}
		return next(nil)
	})
}

// exitCode is what kong's Exit hook panics with, to come back to run from help and version.
type exitCode int

// run is the program: it returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (code int) {
	p := &program{ctx: ctx, stdin: stdin, stdout: stdout, stderr: stderr}
	defer func() {
		if e := recover(); e != nil {
			c, ok := e.(exitCode)
			if !ok {
				panic(e)
			}
			if code = int(c); p.shown.err != nil {
				p.sayf("%v", p.shown.err)
				code = exitUnread
			}
		}
	}()
	if len(args) > 0 && args[0] == completeWord {
		for _, word := range complete(p.grammar(new(cli)).Model, args[1:]) {
			fmt.Fprintln(stdout, word)
		}
		return exitDone
	}
	args = asFlags(args)
	parsed, err := p.parse(args, commandOf(args))
	if err == nil {
		err = mistyped(parsed, args)
	}
	if err == nil {
		err = emptyLists(parsed)
	}
	if err != nil {
		p.sayf("%v", err)
		if p.shown.err != nil {
			return exitUnread
		}
		p.sayf("hint: smtplog --help")
		if isCheck(err, parsed) {
			p.checkFailed(err)
			return checkUnknown
		}
		return exitUsage
	}
	return p.do(parsed)
}

// asFlags lets help and version be asked for as commands are.
func asFlags(args []string) []string {
	switch {
	case len(args) == 0:
	case args[0] == "help" && (len(args) == 1 || slices.Contains(commandNames(), args[1])):
		return append(slices.Clone(args[1:]), "--help")
	case args[0] == "help" && (args[1] == "help" || args[1] == "version"):
		return []string{"--help"}
	case args[0] == "help":
		return args[1:] // which is then found to be no command
	case args[0] == "version" && len(args) == 1:
		return []string{"--version"}
	}
	return args
}

// mistyped finds a word that was meant for a command and would be read as a log of the default one's:
// no file has this name, and few logs could.
func mistyped(parsed *kong.Context, args []string) error {
	cmd, ok := parsed.Selected().Target.Interface().(reportCmd)
	if !ok || len(cmd.Path) == 0 || args[0] == "report" {
		return nil
	}
	word := cmd.Path[0]
	if _, err := os.Lstat(word); !errors.Is(err, os.ErrNotExist) || strings.ContainsAny(word, "/.:*?[") || word == "-" {
		return nil
	}
	if len(source.Find(word, false).Paths) > 0 { // what is left of its rotated set
		return nil
	}
	return usagef("%s: no such file, and %v", word, noSuch("command", word, commandNames()))
}

func commandNames() (names []string) {
	for _, f := range reflect.VisibleFields(reflect.TypeFor[cli]()) {
		if isCommand(f) {
			names = append(names, strings.ToLower(f.Name))
		}
	}
	return names
}

// errEmpty says that a flag without a value, as --since "$T" is where T is not set, must not pass for
// one that was not given.
var errEmpty = errors.New("the value is empty: leave the flag out if there is none")

// emptyLists finds what asGiven does not see: a list with nothing between its commas.
func emptyLists(parsed *kong.Context) error {
	for _, at := range parsed.Path {
		if f := at.Flag; f != nil && f.Target.Kind() == reflect.Slice && f.Target.Len() == 0 {
			return fmt.Errorf("--%s: %w", f.Name, errEmpty)
		}
	}
	return nil
}

// do runs the command that a command line names and returns the exit code.
func (p *program) do(parsed *kong.Context) (code int) {
	defer p.settleOutput(exitUnread) // does nothing after the next one, but for a panic
	return p.settleOutput(p.ended(parsed.Run(p)))
}

// ended returns the exit code of a command that ended with err, and says what that is.
func (p *program) ended(err error) int {
	if err != nil {
		p.sayf("%v", err)
		var e exitError
		if errors.As(err, &e) {
			return e.code
		}
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
	return p.exit
}

// grammar makes what reads the command line: of c, a cli or as much of it as is needed.
func (p *program) grammar(c any, more ...kong.Option) *kong.Kong {
	p.shown.w = p.stdout
	k, err := kong.New(c, append([]kong.Option{kong.Name("smtplog"), kong.Description(description),
		kong.Writers(&p.shown, p.stderr), kong.Exit(func(c int) { panic(exitCode(c)) }),
		kong.DefaultEnvars("SMTPLOG"), kong.Configuration(readConfig),
		kong.KindMapper(reflect.String, asGiven(nil)), kong.NamedMapper("path", asGiven(kong.ExpandPath)),
		kong.ValueFormatter(func(v *kong.Value) string { return v.Help }), // without the variable of each
		kong.Vars{"version": version()}, kong.PostBuild(fillNames), kong.PostBuild(dropEmpty), kong.PostBuild(ownHelp), kong.ConfigureHelp(kong.HelpOptions{Compact: true})}, more...)...)
	if err != nil {
		panic(err) // the grammar is wrong
	}
	return k
}

// parse reads the command line. The whole grammar takes longer than a small log, so the command
// that is named is tried alone; all else, help and errors too, is for the whole.
func (p *program) parse(args []string, command string) (*kong.Context, error) {
	var c any = new(cli)
	var more []kong.Option
	if command != "" {
		fields := slices.DeleteFunc(reflect.VisibleFields(reflect.TypeFor[cli]()), func(f reflect.StructField) bool {
			return isCommand(f) && f.Name != command
		})
		c = reflect.New(reflect.StructOf(fields)).Interface()
		more = append(more, kong.PostBuild(dropHelp), kong.Help(func(kong.HelpOptions, *kong.Context) error { return errors.ErrUnsupported }))
	}
	k := p.grammar(c, more...)
	notes, err := loadConfig(k)
	var parsed *kong.Context
	if err == nil {
		parsed, err = k.Parse(flagsFirst(k.Model, args))
	}
	if err != nil && command != "" {
		return p.parse(args, "")
	}
	for _, note := range notes {
		p.sayf("%s", note)
	}
	p.noProgress = reflect.ValueOf(c).Elem().FieldByName("NoProgress").Bool()
	return parsed, err
}

// flagsFirst puts a command line's flags before its other words, which keep their order, as GNU's
// tools do: kong takes no path behind a flag that has one before it. A line with a flag that the
// command lacks, or that has no value, stays as it is: a path must not become the value of -o.
func flagsFirst(model *kong.Application, line []string) []string {
	node, args := model.Node, line
	var flags, words []string
	if len(line) > 0 {
		for _, child := range model.Children {
			if child.Name == line[0] {
				node, flags, args = child, line[:1:1], line[1:]
			}
		}
	}
	if node == model.Node && model.DefaultCmd != nil {
		node = model.DefaultCmd
	}
	known := slices.Concat(node.AllFlags(false)...)
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "--":
			return slices.Concat(flags, []string{"--"}, words, args[i+1:])
		case len(arg) < 2 || arg[0] != '-':
			words = append(words, arg)
			continue
		}
		name, _, assigned := strings.Cut(arg, "=")
		f := flagOf(known, name)
		if f == nil {
			return line
		}
		flags = append(flags, arg)
		if !assigned && !f.IsBool() {
			if i++; i == len(args) || len(args[i]) > 1 && args[i][0] == '-' {
				return line
			}
			flags = append(flags, args[i])
		}
	}
	return append(flags, words...)
}

// commandOf returns the field of cli that alone reads args as all of it does; "" where that is not
// sure.
func commandOf(args []string) (field string) {
	commands := map[string]string{}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[cli]()) {
		if isCommand(f) {
			commands[strings.ToLower(f.Name)] = f.Name
		}
	}
	if len(args) == 0 {
		return "Report"
	}
	switch field = commands[args[0]]; {
	case field == "Man":
		return "" // it shows all of it
	case field != "":
		return field
	case slices.ContainsFunc(args, func(a string) bool { return commands[a] != "" }):
		return ""
	}
	return "Report"
}

func isCommand(f reflect.StructField) bool {
	_, is := f.Tag.Lookup("cmd")
	return is
}

// asGiven takes a word of the command line as it is: kong's own way would replace the bytes of a
// file's name that are not UTF-8.
func asGiven(change func(string) string) kong.MapperFunc {
	return func(ctx *kong.DecodeContext, target reflect.Value) error {
		token, err := ctx.Scan.PopValue(ctx.Value.Name)
		if err != nil {
			return err
		}
		words, list := token.Value.([]any) // of a configuration file
		if !list {
			words = []any{token.Value}
		}
		for _, w := range words {
			word, ok := w.(string)
			if !ok || list && target.Kind() != reflect.Slice {
				return fmt.Errorf("want a text, not %v", token.Value)
			}
			if word == "" && ctx.Value.Flag != nil {
				return errEmpty
			}
			if change != nil {
				word = change(word)
			}
			if target.Kind() == reflect.Slice { // a flag that may be repeated
				target.Set(reflect.Append(target, reflect.ValueOf(word)))
			} else {
				target.SetString(word)
			}
		}
		return nil
	}
}

// isCheck tells whether a command line that is bad usage is one of check, whose exit codes differ.
// parsed is nil where it could not be understood.
func isCheck(err error, parsed *kong.Context) bool {
	var e *kong.ParseError
	if parsed == nil && errors.As(err, &e) {
		parsed = e.Context
	}
	return parsed != nil && strings.HasPrefix(parsed.Command(), "check")
}
