package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"github.com/smtplog/smtplog/aggregate"
	"github.com/smtplog/smtplog/internal/anonymize"
	"github.com/smtplog/smtplog/internal/render"
	"github.com/smtplog/smtplog/parser"
	"github.com/smtplog/smtplog/status"
)

// pathFlags are the flags of every command that reads logs.
type pathFlags struct {
	Path    []string `arg:"" optional:"" help:"Logs: files, folders, patterns, the name of a rotated set, journal:, or - for standard input."`
	Rotated bool     `group:"input" help:"Read the rotated siblings of each file too: mail.log.1, mail.log-20261101.gz."`
	Strict  bool     `group:"input" help:"Make it an error if any line of the mail system is not understood."`
	MTA     string   `enum:"auto,${mtas}" default:"auto" group:"input" help:"Read lines of this mail system only (${enum})."`
	TZ      string   `placeholder:"ZONE" group:"input" help:"Zone of stamps that have none, and of output and buckets: Europe/Berlin, UTC, +02:00 (default: local)."`
	Year    int      `placeholder:"N" group:"input" help:"Year of the first line of the oldest file, where stamps have none."`
	Since   string   `placeholder:"T" group:"window" help:"Count from T: RFC 3339, a date, 2h (ago), today, yesterday, 'this week', 'last month' ..."`
	Until   string   `placeholder:"T" group:"window" help:"Count up to, but not including, T."`

	Anonymize anonymizeFlag `group:"output" help:"Pseudonyms for people, networks for IP addresses. --anonymize=KEY or $$SMTPLOG_ANONYMIZE_KEY: the same ones in every run."`
}

// inputFlags are the flags of every command that counts.
type inputFlags struct {
	pathFlags
	Rules []string `placeholder:"FILE" group:"input" help:"Rules for the reasons of failures, before the built-in ones (docs/classification.md). Repeatable."`
	filterFlags
}

// settings checks the flags and turns them into values.
func (f *inputFlags) settings() (s settings, err error) {
	if s, err = f.pathFlags.settings(); err != nil {
		return s, err
	}
	if i := slices.Index(f.Origin, "notification"); i >= 0 { // no origin of an answer, but of a message
		s.notices = true
		f.Origin = slices.Delete(slices.Clone(f.Origin), i, i+1)
	}
	if s.classifier, err = classifier(f.Rules); err != nil {
		return s, usageError{err}
	}
	s.filter, err = f.filter(&s)
	return s, err
}

// filterFlags choose what is counted. Each may be repeated (alternatives) and is a glob
// pattern; ! in front negates.
type filterFlags struct {
	Sender    []string `placeholder:"GLOB" sep:"none" group:"filters" help:"Envelope sender."`
	Recipient []string `placeholder:"GLOB" sep:"none" group:"filters" help:"Envelope recipient, before or after aliases."`
	Domain    []string `placeholder:"GLOB" sep:"none" group:"filters" help:"Recipient's domain."`
	Relay     []string `placeholder:"GLOB" sep:"none" group:"filters" help:"Next hop."`
	Client    []string `placeholder:"GLOB" sep:"none" group:"filters" help:"Client's IP address."`
	User      []string `placeholder:"GLOB" sep:"none" group:"filters" help:"Login name."`
	Code      []string `placeholder:"GLOB" sep:"none" group:"filters" help:"Reply code: 550, 4??."`
	Enhanced  []string `placeholder:"GLOB" sep:"none" group:"filters" help:"Enhanced status code: 5.1.1, 4.7.*."`
	Status    []string `placeholder:"GLOB" sep:"none" group:"filters" help:"Member of the status enum (smtplog codes), or its number."`
	Reason    []string `placeholder:"GLOB" sep:"none" group:"filters" help:"Why it failed: user_unknown, greylisted ..."`
	Category  []string `placeholder:"GLOB" sep:"none" group:"filters" help:"Category of the reason: ${categories}."`
	Provider  []string `placeholder:"GLOB" sep:"none" group:"filters" help:"Mailbox provider: google, microsoft ..."`
	Host      []string `placeholder:"GLOB" sep:"none" group:"filters" help:"Host that logged."`
	Direction []string `placeholder:"GLOB" sep:"none" group:"filters" help:"in, out or local."`
	Origin    []string `placeholder:"GLOB" sep:"none" group:"filters" help:"Who said it: remote, local or network; notification: count our own notices instead of users' mail."`
	QueueID   []string `placeholder:"GLOB" sep:"none" group:"filters" help:"Queue ID."`
	MessageID []string `placeholder:"GLOB" sep:"none" group:"filters" help:"Message-ID."`
}

// filter builds the filter that the flags ask for; with the pseudonyms that it is to match, where
// s has them made, and the providers that its classifier knows.
func (f *filterFlags) filter(s *settings) (filter aggregate.Filter, err error) {
	for _, x := range []struct {
		dim      aggregate.Dim
		patterns []string
	}{
		{aggregate.DimSender, f.Sender}, {aggregate.DimRecipient, f.Recipient}, {aggregate.DimDomain, f.Domain},
		{aggregate.DimRelay, f.Relay}, {aggregate.DimClient, f.Client}, {aggregate.DimUser, f.User},
		{aggregate.DimCode, f.Code}, {aggregate.DimEnhanced, f.Enhanced}, {aggregate.DimStatus, f.Status},
		{aggregate.DimReason, f.Reason}, {aggregate.DimCategory, f.Category}, {aggregate.DimProvider, f.Provider},
		{aggregate.DimHost, f.Host}, {aggregate.DimDirection, f.Direction}, {aggregate.DimOrigin, f.Origin},
		{aggregate.DimQueueID, f.QueueID}, {aggregate.DimMessageID, f.MessageID},
	} {
		patterns := make([]string, 0, len(x.patterns))
		for _, p := range x.patterns {
			flag := "--" + strings.ReplaceAll(x.dim.String(), "_", "-")
			bare, not := strings.CutPrefix(p, "!")
			if bare, err = pattern(x.dim, bare, s.classifier); err != nil {
				return filter, usagef("%s %q: %v", flag, p, err)
			}
			if kind, ok := anonymized[x.dim]; ok && s.anonymizer != nil {
				if bare, err = s.anonymizer.Pattern(kind, bare); err != nil {
					return filter, usagef("%s %q with --anonymize: %v", flag, p, err)
				}
			}
			if not {
				bare = "!" + bare
			}
			patterns = append(patterns, bare)
		}
		filter.Add(x.dim, patterns...)
	}
	return filter, nil
}

// pattern returns a filter's pattern as the values of its dimension are written. One that none of
// them could match is an error: it would make zeros of everything.
func pattern(d aggregate.Dim, p string, c *status.Classifier) (string, error) {
	if p == "" {
		return "", errors.New("want a pattern")
	}
	switch d {
	case aggregate.DimSender, aggregate.DimRecipient:
		if p = unbracket(p); p[0] == '@' { // as trace takes it
			p = "*" + p
		}
	case aggregate.DimMessageID:
		p = unbracket(p)
	case aggregate.DimDomain:
		if p = strings.TrimPrefix(p, "@"); p == "" || strings.Contains(p, "@") {
			return "", errors.New("want a domain; --recipient is for addresses")
		}
	case aggregate.DimCode:
		if strings.Trim(p, "0123456789*?") != "" {
			return "", errors.New("want a reply code such as 550, or 4??")
		}
	case aggregate.DimEnhanced:
		if strings.Trim(p, "0123456789.*?") != "" {
			return "", errors.New("want an enhanced status code such as 5.1.1, or 4.7.*")
		}
	case aggregate.DimStatus:
		if code, err := status.ParseCode(p); err == nil {
			return code.String(), nil // it may have been the number
		}
		if _, err := strconv.Atoi(p); err == nil {
			return "", fmt.Errorf("no member of the status enum has this number, --code %s filters by the reply code", p)
		}
	}
	if what, names := members(d, c); names != nil {
		like := strings.ToLower(p)
		if !slices.ContainsFunc(names, func(name string) bool { return aggregate.Match(like, []byte(name)) }) {
			return "", noSuch(what, p, names)
		}
	}
	return p, nil
}

// unbracket takes off the brackets that an address or Message-ID is often copied with; those of <>,
// the null sender, stay.
func unbracket(s string) string {
	if len(s) > 2 && s[0] == '<' && s[len(s)-1] == '>' {
		return s[1 : len(s)-1]
	}
	return s
}

// members returns all values that a dimension can have, and what they are; nil where they are not
// known.
func members(d aggregate.Dim, c *status.Classifier) (what string, names []string) {
	switch d {
	case aggregate.DimStatus:
		for _, code := range status.Codes() {
			names = append(names, code.Name)
		}
		return "status", names
	case aggregate.DimReason:
		return "reason", wordsOf(status.Reasons()...)
	case aggregate.DimCategory:
		return "category", wordsOf(status.Categories()...)
	case aggregate.DimDirection:
		return "direction", wordsOf(parser.In, parser.Out, parser.Local)
	case aggregate.DimOrigin:
		return "origin", append(wordsOf(status.OriginRemote, status.OriginLocal, status.OriginNetwork), "notification")
	case aggregate.DimProvider:
		return "provider", c.Providers()
	}
	return "", nil
}

func wordsOf[T fmt.Stringer](values ...T) (all []string) {
	for _, v := range values {
		all = append(all, v.String())
	}
	return all
}

// settings are the input flags, understood.
type settings struct {
	zone         *time.Location
	since, until time.Time
	stop         time.Time // a log that has come so far has nothing more to say; zero: none
	strict       bool
	restarts     bool // the command can start over: see input.collectSure
	mta          parser.MTA
	filter       aggregate.Filter
	outcomes     []string              // of a recipient, one of these; nil: any
	notices      bool                  // count our own notices instead of users' mail
	anonymizer   *anonymize.Anonymizer // nil, or makes pseudonyms
	rewrite      func(*parser.Event)   // its Event, or nil
	classifier   *status.Classifier
}

// settings checks the flags and turns them into values.
func (f *pathFlags) settings() (s settings, err error) {
	if s.zone, err = zone(f.TZ); err != nil {
		return s, err
	}
	now := time.Now().In(s.zone)
	if s.since, err = when(f.Since, now); err != nil {
		return s, usagef("--since: %v", err)
	}
	if s.until, err = whenLast(f.Until, now); err != nil {
		return s, usagef("--until: %v", err)
	}
	if !s.since.IsZero() && !s.until.IsZero() && !s.since.Before(s.until) {
		return s, usagef("--since %s is not before --until %s", s.since.Format(time.RFC3339), s.until.Format(time.RFC3339))
	}
	if !s.until.IsZero() {
		s.stop = s.until.AddDate(0, 0, 1) // lines come out of order by no more, even where clocks change
	}
	s.strict = f.Strict
	if s.anonymizer = f.Anonymize.anonymizer(); s.anonymizer != nil {
		s.rewrite = s.anonymizer.Event
	}
	if f.Year != 0 && (f.Year < 1970 || f.Year > 9999) {
		return s, usagef("--year %d: want a year from 1970 to 9999", f.Year)
	}
	for m := range parser.MTACount {
		if f.MTA == m.String() {
			s.mta = m
		}
	}
	return s, nil
}

// classifier is one with the rules of the files before the built-in ones.
func classifier(paths []string) (*status.Classifier, error) {
	var all []*status.Rules
	for _, path := range paths {
		file, err := os.Open(kong.ExpandPath(path)) // for ~ in a configuration file
		if err != nil {
			return nil, err
		}
		rules, err := status.ParseRules(path, file)
		file.Close()
		if err != nil {
			return nil, err
		}
		all = append(all, rules)
	}
	return status.NewClassifier(all...), nil
}

// zone understands --tz: a name of the time zone database, or an offset.
func zone(name string) (*time.Location, error) {
	switch name {
	case "", "local", "Local":
		return time.Local, nil
	case "utc", "Z":
		return time.UTC, nil
	}
	for _, layout := range []string{"-07:00", "-0700", "-07"} {
		if t, err := time.Parse(layout, name); err == nil {
			_, offset := t.Zone()
			return time.FixedZone(t.Format("-07:00"), offset), nil
		}
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, usagef("--tz %q: want a zone such as Europe/Berlin, UTC or +02:00", name)
	}
	return loc, nil
}

// outputFlags are the flags of every command that writes.
type outputFlags struct {
	Output string `short:"o" placeholder:"FILE" group:"output" help:"Write to FILE instead of standard output."`
	Color  string `enum:"auto,always,never" default:"auto" group:"output" help:"Colour (${enum})."`
	Top    int    `placeholder:"N" group:"output" help:"Rows of each table but over_time, a series (default: 10 in text and Markdown, 200 in HTML, else all)."`
}

// options returns how to render to out.
func (f *outputFlags) options(out io.Writer, zone *time.Location) render.Options {
	opt := render.Options{Top: f.Top, Zone: zone, Width: 80}
	file, isFile := out.(*os.File)
	terminal := isFile && term.IsTerminal(int(file.Fd()))
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n >= 40 {
		opt.Width = n
	} else if terminal {
		if w, _, err := term.GetSize(int(file.Fd())); err == nil && w >= 40 {
			opt.Width = w
		}
	}
	switch f.Color {
	case "always":
		opt.Color = true
	case "auto":
		opt.Color = terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	}
	return opt
}
