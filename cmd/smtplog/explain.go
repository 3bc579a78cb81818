package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/smtplog/smtplog/internal/render"
	"github.com/smtplog/smtplog/parser"
	"github.com/smtplog/smtplog/status"
)

// explainCmd is `smtplog explain`.
type explainCmd struct {
	Text   []string `arg:"" optional:"" help:"A code (550, 5.1.1), a reply, or a line of a mail log; - reads them from standard input, a line each."`
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
	if len(cmd.Text) == 0 {
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
	if len(cmd.Text) == 1 && cmd.Text[0] == "-" {
		err = e.stream(p)
	} else if err = e.write(e.ask(strings.Join(cmd.Text, " "))); cmd.Format == "json" {
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
	id    any // a string, a json.Number or nil
	text  string
	query status.Query
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

// ask understands a text: a code alone, a line of a mail log, else a reply.
func (e *explainer) ask(text string) question {
	q := question{text: text, query: status.Query{Text: []byte(text)}}
	if enhanced, rest, ok := status.ParseEnhanced([]byte(text)); ok && len(rest) == 0 {
		q.query.Enhanced, q.query.Text = enhanced, nil
		return q
	}
	var ev parser.Event
	if e.parser.Parse([]byte(text), &ev) == parser.Understood {
		switch ev.Kind {
		case parser.Deferred, parser.Bounced, parser.Expired, parser.Rejected, parser.HostError:
			q.query = status.Query{Code: ev.Code, Enhanced: ev.Enhanced, Text: bytes.Clone(ev.Text),
				Stage: ev.Stage, Origin: ev.Origin, Relay: bytes.Clone(ev.Relay.Name), Recipient: bytes.Clone(ev.Recipient)}
		}
	}
	return q
}

// write writes the answer to a question.
func (e *explainer) write(q question) error {
	r := e.classifier.Classify(&q.query)
	if e.format == "table" {
		return e.people(&q, &r)
	}
	e.buf = render.Explanation(e.buf[:0], q.id, &r)
	if _, err := e.out.Write(e.buf); err != nil {
		return err
	}
	if e.format == "ndjson" {
		return e.out.WriteByte('\n')
	}
	return nil
}

// people writes the answer for people.
func (e *explainer) people(q *question, r *status.Result) error {
	var facts [][2]string
	add := func(name, format string, args ...any) {
		facts = append(facts, [2]string{name, fmt.Sprintf(format, args...)})
	}
	if info, ok := r.Status.Info(); ok && r.Code != 0 && r.Status != status.NotDefined {
		add("reply code", "%d %s: %s (%s)", r.Code, info.Name, info.Meaning, info.Source)
	} else if r.Code != 0 {
		add("reply code", "%d: not in any standard; read it by its first digit", r.Code)
	}
	if info, ok := r.Enhanced.Info(); ok {
		add("enhanced", "%v %s (%s); %s, %s", r.Enhanced, info.Meaning, info.Source, info.Class, info.Subject)
	} else if !r.Enhanced.IsZero() {
		add("enhanced", "%v: not registered; %s, %s", r.Enhanced, info.Class, info.Subject)
	}
	info := r.Reason.Info()
	add("reason", "%s: %s", info.Name, info.Meaning)
	add("means", "%v, %v, %v", info.Category, info.Type, info.Action)
	add("advice", "%s", info.Advice)
	if r.Provider != "" {
		add("provider", "%s", strings.TrimSpace(r.Provider+" "+r.ProviderCode))
	} else if r.ProviderCode != "" {
		add("their code", "%s", r.ProviderCode)
	}
	if r.List != "" {
		add("block list", "%s", r.List)
	}
	if said := strings.TrimSpace(r.Origin.String() + " " + r.Stage.String()); said != "" {
		add("said by", "%s", said)
	}
	evidence := "rule " + r.Rule
	if len(r.Matched) > 0 {
		evidence += fmt.Sprintf(", for %q", r.Matched)
	}
	add("evidence", "%s; confidence %.2f", evidence, r.Confidence)

	_, err := io.WriteString(e.out, render.Facts(q.text, facts, e.opt))
	return err
}
