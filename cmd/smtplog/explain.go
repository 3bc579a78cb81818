package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/smtplog/smtplog/aggregate"
	"github.com/smtplog/smtplog/internal/render"
	"github.com/smtplog/smtplog/parser"
	"github.com/smtplog/smtplog/status"
)

// explainCmd is `smtplog explain`.
type explainCmd struct {
	Text   []string `arg:"" optional:"" help:"A code (550, 5.1.1, MAILBOX_UNAVAILABLE), a reply, or a line of a mail log; - reads them from standard input, a line each."`
	Format string   `enum:"table,json,ndjson" default:"table" group:"output" help:"${enum}."`
	Rules  []string `placeholder:"FILE" sep:"none" group:"input" help:"Rules of your own, before the built-in ones (docs/classification.md). May be repeated."`
	Test   string   `placeholder:"FILE" group:"input" help:"Check that the samples in a file of rules are decided by their own rules."`
	outputFlags
}

// maxReply is the longest line of standard input that is explained, in bytes.
const maxReply = 1 << 20

// Run explains replies.
func (cmd *explainCmd) Run(p *program) error {
	if cmd.Test != "" {
		return cmd.test(p)
	}
	text := strings.TrimSpace(strings.Join(cmd.Text, " "))
	if text == "" {
		return usagef("name a code or a reply; - reads them from standard input")
	}
	var rules []*status.Rules
	for _, name := range cmd.Rules {
		r, err := readRules(name)
		if err != nil {
			return err
		}
		rules = append(rules, r)
	}
	dest, finish, err := cmd.openOutput(p)
	if err != nil {
		return err
	}
	e := explainer{classifier: status.NewClassifier(rules...), parser: parser.New(parser.Options{}),
		out: bufio.NewWriter(dest), format: cmd.Format, opt: cmd.options(dest, nil)}
	if text == "-" {
		err = e.stream(p)
	} else if err = e.write(e.ask(text)); cmd.Format == "json" {
		e.out.WriteByte('\n')
	}
	return errors.Join(err, e.out.Flush(), finish())
}

func readRules(name string) (*status.Rules, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return status.ParseRules(name, f)
}

// test checks a file of rules against its own samples.
func (cmd *explainCmd) test(p *program) error {
	rules, err := readRules(cmd.Test)
	if err != nil {
		return err
	}
	n, samples := rules.Len()
	wrong := rules.Check()
	for _, w := range wrong {
		p.errorf("%s:%d: a sample of %s is decided by %s: %s", cmd.Test, w.Line, w.Rule, w.TakenBy, render.Text(w.Text))
	}
	if len(wrong) == 0 {
		fmt.Fprintf(p.stdout, "%s: %d rules, %d samples, each decided by its own rule\n", render.Text(cmd.Test), n, samples)
	}
	return nil
}

// question is what is to be explained.
type question struct {
	id     any // a string, a json.Number or nil
	text   string
	query  status.Query
	named  bool // the text is a member of the status enum, by name or number
	member status.Code
	event  *parser.Event // not nil: of a log line
	other  bool          // the text is another program's log line
	failed bool          // the text is a failure, as an MTA puts it
}

// explainer answers questions.
type explainer struct {
	classifier *status.Classifier
	parser     *parser.Parser
	out        *bufio.Writer
	format     string
	opt        render.Options
	buf        []byte
}

// stream answers each line that is not blank, in order.
func (e *explainer) stream(p *program) error {
	in := bufio.NewReaderSize(p.stdin, 1<<16)
	if e.format == "json" {
		e.out.WriteByte('[')
	}
	for n := 0; ; {
		line, tooLong, err := readLine(in)
		if tooLong {
			p.errorf("a line is longer than %d bytes: only its start is explained", maxReply)
		}
		if text := strings.TrimSpace(string(line)); text != "" {
			if n++; n > 1 {
				switch e.format {
				case "json":
					e.out.WriteByte(',')
				case "table":
					e.out.WriteByte('\n')
				}
			}
			if err := e.write(e.read(text)); err != nil {
				return err
			}
			if in.Buffered() == 0 { // someone may wait for the answer
				if err := e.out.Flush(); err != nil {
					return err
				}
			}
		}
		if err != nil || p.ctx.Err() != nil {
			if e.format == "json" {
				e.out.WriteString("]\n")
			}
			if err == io.EOF {
				err = nil
			}
			return err
		}
	}
}

// readLine reads a line of any length and keeps the first maxReply bytes.
func readLine(in *bufio.Reader) (line []byte, tooLong bool, err error) {
	for {
		part, err := in.ReadSlice('\n')
		if room := maxReply - len(line); len(part) > room {
			part, tooLong = part[:room], true
		}
		line = append(line, part...)
		if err != bufio.ErrBufferFull {
			return line, tooLong, err
		}
	}
}

// read understands a line of standard input: a JSON object, else text.
func (e *explainer) read(line string) question {
	var in struct {
		ID                                   any
		Text, Enhanced, MX, Recipient, Stage string
		Code                                 any
	}
	d := json.NewDecoder(strings.NewReader(line))
	d.UseNumber()
	if line[0] != '{' || d.Decode(&in) != nil {
		return e.ask(line)
	}
	if _, err := d.Token(); err != io.EOF {
		return e.ask(line) // something follows the object
	}
	q := e.ask(in.Text)
	if in.Code != nil || in.Enhanced != "" || in.MX != "" || in.Recipient != "" || in.Stage != "" {
		q.event, q.other = nil, false // it says more than the line
	}
	switch in.ID.(type) {
	case string, json.Number:
		q.id = in.ID
	}
	var code string
	switch c := in.Code.(type) {
	case string:
		code = strings.TrimSpace(c)
	case json.Number:
		code = c.String()
	}
	if n, err := strconv.Atoi(code); err == nil && n >= 200 && n <= 599 {
		q.query.Code = n
	}
	if enhanced, rest, ok := status.ParseEnhanced([]byte(strings.TrimSpace(in.Enhanced))); ok && len(rest) == 0 {
		q.query.Enhanced = enhanced
	}
	if stage, err := status.ParseStage(in.Stage); err == nil && stage != status.StageNone {
		q.query.Stage = stage
	}
	if in.MX != "" {
		q.query.Relay = []byte(in.MX)
	}
	if in.Recipient != "" {
		q.query.Recipient = []byte(in.Recipient)
	}
	return q
}

// ask understands a text: a code alone or its name, a line of a mail log, else a reply.
func (e *explainer) ask(text string) question {
	q := question{text: text, query: status.Query{Text: []byte(text)}}
	if enhanced, rest, ok := status.ParseEnhanced([]byte(text)); ok && len(rest) == 0 {
		q.query.Enhanced, q.query.Text = enhanced, nil
		return q
	}
	if code, err := status.ParseCode(text); err == nil {
		q.named, q.member, q.query = true, code, status.Query{Code: max(code.Number(), 0)}
		return q
	}
	var ev parser.Event
	verdict := e.parser.Parse([]byte(text), &ev)
	if verdict == parser.Ignored {
		q.other = !ev.Time.IsZero() && len(ev.Program) > 0
		return q
	}
	ev = ev.Clone()
	q.failed = aggregate.Failed(&ev) || ev.Code >= 400
	framed := !ev.Time.IsZero() || len(ev.Program) > 0 || len(ev.QueueID) > 0
	if framed {
		q.event = &ev
	}
	if framed || q.failed { // other words that stand alone are a reply's
		q.query = aggregate.EventQuery(&ev)
	}
	return q
}

// answer answers a question.
func (e *explainer) answer(q *question) (a render.Explained) {
	a.ID = q.id
	if ev := q.event; ev != nil {
		a.Event, a.Failed = ev.Kind, q.failed
		if a.Failed {
			a.Result = e.classifier.Classify(&q.query)
		} else {
			a.Origin, a.Stage, a.Enhanced = ev.Origin, ev.Stage, ev.Enhanced
		}
		a.Code, a.CodeInferred = ev.Code, ev.CodeInferred
		a.Status, a.Answered = aggregate.EventStatus(ev)
		return a
	}
	if q.other {
		return a
	}
	a.Result, a.Answered = e.classifier.Classify(&q.query), true
	if q.named {
		a.Status = q.member
	}
	reply := status.ParseReply(q.query.Text)
	quoted := q.query.Code == 0 && reply.Code != a.Code || reply.Stage != status.StageNone // as only failures are
	switch {
	case q.failed, quoted, a.Code >= 400, a.Code == 0 && a.Enhanced.Class != 2:
		a.Failed = true
		return a
	case a.Code == 0: // a success without a code
		a.Status = status.OK
	}
	a.Result = status.Result{Code: a.Code, Enhanced: a.Enhanced, Status: a.Status, Origin: a.Origin, Stage: a.Stage}
	return a
}

// write writes the answer to a question.
func (e *explainer) write(q question) error {
	a := e.answer(&q)
	if e.format == "table" {
		return e.people(&q, &a)
	}
	e.buf = render.Explanation(e.buf[:0], &a)
	if _, err := e.out.Write(e.buf); err != nil {
		return err
	}
	if e.format == "ndjson" {
		return e.out.WriteByte('\n')
	}
	return nil
}

// kindMeanings say what a log line is.
var kindMeanings = map[parser.Kind]string{
	parser.Other:        "a line without further meaning for a message",
	parser.Received:     "a message came in",
	parser.Queued:       "a message is in the queue, to be delivered",
	parser.Delivered:    "no failure",
	parser.Deferred:     "an attempt failed; another will be made",
	parser.Bounced:      "given up: the recipient did not get it",
	parser.Expired:      "given up, after the time that a message may wait",
	parser.HostError:    "what a host answered; what becomes of the recipient another line says",
	parser.Rejected:     "refused by this host",
	parser.Forwarded:    "handed on inside this host; no failure",
	parser.Discarded:    "taken and thrown away, as a rule of this host's asks for",
	parser.Held:         "put on hold: it waits until somebody releases it",
	parser.Warning:      "a warning of the mail system's own",
	parser.Completed:    "a message leaves the queue: all is done for it",
	parser.Removed:      "deleted from the queue by hand",
	parser.Released:     "released from hold",
	parser.Notification: "a notice of ours about a message was made",
	parser.Probe:        "a test whether an address can be delivered to",
	parser.Connected:    "a client connected",
	parser.Disconnected: "a client's session ended",
	parser.AuthFailed:   "a login was refused",
	parser.TLS:          "about the encryption of a session",
	parser.Unknown:      "a line of the mail system that no rule recognises",
}

// people writes the answer for people.
func (e *explainer) people(q *question, r *render.Explained) error {
	var facts [][2]string
	add := func(name, format string, args ...any) {
		facts = append(facts, [2]string{name, fmt.Sprintf(format, args...)})
	}
	if r.Event != parser.None {
		add("event", "%v: %s", r.Event, kindMeanings[r.Event])
	}
	info, ok := r.Status.Info()
	switch said := fmt.Sprintf("%s: %s (%s)", info.Name, info.Meaning, info.Source); {
	case ok && r.Code != 0 && r.Status != status.NotDefined:
		add("reply code", "%d %s", r.Code, said)
	case r.Code != 0:
		add("reply code", "%d: not in any standard; read it by its first digit", r.Code)
	case r.CodeInferred != 0:
		add("reply code", "none in the log; Exim's own is %d then", r.CodeInferred)
	case q.named:
		add("status", "%s", said)
	}
	if q.named {
		add("in logs", "%s", info.Logged)
	}
	if info, ok := r.Enhanced.Info(); ok {
		add("enhanced", "%v %s (%s); %s, %s", r.Enhanced, info.Meaning, info.Source, info.Class, info.Subject)
	} else if !r.Enhanced.IsZero() {
		add("enhanced", "%v: not registered; %s", r.Enhanced, strings.TrimSuffix(info.Class+", "+info.Subject, ", "))
	}
	if r.Failed {
		info := r.Reason.Info()
		add("reason", "%s: %s", info.Name, info.Meaning)
		add("means", "%v, %v, %v", info.Category, info.Type, info.Action)
		add("advice", "%s", info.Advice)
	} else if q.other {
		add("means", "another program's line, which says nothing of a message; a reply in it is explained alone")
	} else if r.Event == parser.None {
		add("means", "no failure")
	}
	if r.Provider != "" {
		add("provider", "%s", strings.TrimSpace(r.Provider+" "+r.ProviderCode))
	} else if r.ProviderCode != "" && r.ProviderCode != r.Enhanced.String() {
		add("their code", "%s", r.ProviderCode)
	}
	if r.List != "" {
		add("block list", "%s", r.List)
	}
	if said := strings.TrimSpace(r.Origin.String() + " " + r.Stage.String()); said != "" {
		add("said by", "%s", said)
	}
	if r.Failed {
		evidence := "rule " + r.Rule
		if len(r.Matched) > 0 {
			evidence += fmt.Sprintf(", for %q", r.Matched)
		}
		add("evidence", "%s; confidence %.2f", evidence, r.Confidence)
	}

	_, err := io.WriteString(e.out, render.Facts(q.text, facts, e.opt))
	return err
}
