package main

import (
	"os"
	"strings"
	"time"

	"github.com/smtplog/smtplog/aggregate"
	"github.com/smtplog/smtplog/internal/render"
)

// bouncesCmd is `smtplog bounces`.
type bouncesCmd struct {
	inputFlags
	outputFlags
	mailFlags
	Format    string `enum:"${formats},${list_formats}" default:"table" group:"output" help:"${enum}; the last three with --suppress: a Postfix access table, an Exim lsearch file, one address a line."`
	Table     string `placeholder:"NAME" group:"tables" help:"One table: ${bounce_tables}, per_sender."`
	Every     string `default:"auto" placeholder:"WIDTH" group:"tables" help:"Width of time buckets of --by time: auto, 1m, 5m, 1h, 1d, 1w, 1M."`
	By        string `placeholder:"DIM[,DIM]" group:"tables" help:"One table of failed recipients grouped by these: ${dims}."`
	PerSender bool   `group:"tables" help:"The failures of each sender (the user that logged in, else the envelope sender)."`
	Compare   string `placeholder:"WHAT" group:"tables" help:"What changed since yesterday, last-week, or FILE: an earlier report of bounces --format json."`

	Suppress      bool    `group:"suppression" help:"Only the suppression list: addresses to send nothing more to."`
	SuppressAfter string  `placeholder:"REASON=N[/TIME],..." group:"suppression" help:"Failures that suppress, and over how long: user_unknown=2,mailbox_full=3/21d (these 3 over 21 days are the default; else 1)."`
	MinConfidence float64 `default:"0.6" placeholder:"X" group:"suppression" help:"Confidence in a reason, 0 to 1, below which an address is for review only (${default})."`
	Expire        string  `placeholder:"TIME" group:"suppression" help:"Drop addresses whose last failure is older: 180d."`
	Previous      string  `placeholder:"FILE" group:"suppression" help:"Go on from an earlier list (json, ndjson or csv of --suppress), and tell what is added and removed."`
	Allow         string  `placeholder:"FILE" group:"suppression" help:"Never suppress these: addresses, domains (d.example, @d.example) or *.domains, one a line, # begins a comment."`
}

// options turns the flags into a Collector's options.
func (cmd *bouncesCmd) options(s *settings) (opt aggregate.Options, err error) {
	if cmd.Table == "per_sender" {
		cmd.Table, cmd.PerSender = "", true
	}
	opt = aggregate.Options{Filter: s.filter, Notices: s.notices, Zone: s.zone, Rewrite: s.rewrite, Classifier: s.classifier, Bounces: true, PerSender: cmd.PerSender, Stream: true}
	if opt.Every, err = aggregate.ParseEvery(cmd.Every); err != nil {
		return opt, usageError{err}
	}
	chosen := 0
	for _, is := range []bool{cmd.By != "", cmd.PerSender, cmd.Table != "", cmd.Suppress && cmd.Table == ""} {
		if is {
			chosen++
		}
	}
	if chosen > 1 {
		return opt, usagef("--by, --per-sender, --table and --suppress each choose the tables: take one of them")
	}
	switch {
	case cmd.By != "":
		if opt.By, err = aggregate.ParseDims(cmd.By); err != nil {
			return opt, usageError{err}
		}
	case cmd.Suppress && cmd.Table == "":
		opt.Tables = []string{"suppress", "suppress_held", "suppress_changes"}
	case cmd.Table != "":
		opt.Tables = []string{cmd.Table}
	}
	if render.IsListFormat(cmd.Format) && !cmd.Suppress {
		return opt, usagef("--format %s is a suppression list: add --suppress", cmd.Format)
	}
	if render.IsListFormat(cmd.Format) && cmd.Table != "" && cmd.Table != "suppress" {
		return opt, usagef("--format %s is a suppression list: %s holds addresses that are not to be suppressed", cmd.Format, cmd.Table)
	}
	if cmd.Suppress && s.notices {
		return opt, usagef("--suppress goes by users' mail: leave out --origin notification")
	}
	if cmd.Compare != "" {
		if err := cmd.compare(s, &opt); err != nil {
			return opt, err
		}
	}
	opt.Since, opt.Until = s.since, s.until
	opt.Suppress, err = cmd.suppress()
	return opt, err
}

// suppress turns the flags of the suppression list into its options.
func (cmd *bouncesCmd) suppress() (opt aggregate.Suppress, err error) {
	if cmd.MinConfidence <= 0 || cmd.MinConfidence > 1 {
		return opt, usagef("--min-confidence %g: want more than 0, at most 1", cmd.MinConfidence)
	}
	opt.MinConfidence = cmd.MinConfidence
	if cmd.SuppressAfter != "" {
		if opt.After, err = aggregate.ParseSchedules(cmd.SuppressAfter); err != nil {
			return opt, usagef("--suppress-after: %v", err)
		}
	}
	if cmd.Expire != "" {
		var ok bool
		if opt.Expire, ok = span(cmd.Expire); !ok || opt.Expire == 0 {
			return opt, usagef("--expire %q: want a time such as 180d", cmd.Expire)
		}
	}
	if cmd.Allow != "" {
		if opt.Allow, err = allowList(cmd.Allow); err != nil {
			return opt, err
		}
	}
	if cmd.Previous != "" {
		opt.Previous, err = previousList(cmd.Previous)
	}
	return opt, err
}

// compare sets what the window is compared with: the same window of the day or the week
// before, or an earlier report.
func (cmd *bouncesCmd) compare(s *settings, opt *aggregate.Options) error {
	now := time.Now().In(s.zone)
	days, start := 0, ""
	switch cmd.Compare {
	case "yesterday":
		days, start = -1, "today"
	case "last-week":
		days, start = -7, "this week"
	default:
		r, err := readReport(cmd.Compare)
		opt.Compare.Before = r
		return err
	}
	if s.since.IsZero() {
		s.since, _ = when(start, now)
	}
	until := now
	if !s.until.IsZero() {
		until = s.until
	}
	opt.Compare.Since = s.since.AddDate(0, 0, days)
	opt.Compare.Until = until.AddDate(0, 0, days)
	if opt.Compare.Until.After(s.since) {
		opt.Compare.Until = s.since
	}
	return nil
}

// Run prints who did not get their mail.
func (cmd *bouncesCmd) Run(p *program) error {
	s, err := cmd.settings()
	if err != nil {
		return err
	}
	opt, err := cmd.options(&s)
	if err != nil {
		return err
	}
	c, err := aggregate.NewCollector(opt)
	if err != nil {
		return usageError{err}
	}
	if s.anonymizer != nil && (cmd.Previous != "" || cmd.Allow != "") {
		return usagef("--previous and --allow name real addresses: leave out --anonymize")
	}
	if cmd.PerSender && (cmd.Mail || cmd.MailTo != "") {
		return usagef("--mail sends the whole report: leave out --per-sender")
	}
	if cmd.PerSender && cmd.Format != "json" || render.IsListFormat(cmd.Format) || cmd.Suppress && cmd.Format == "ndjson" {
		return cmd.list(p, s, c)
	}
	return report(p, &cmd.inputFlags, &cmd.outputFlags, &cmd.mailFlags, s, cmd.Format, cmd.Table, "Bounce report", opt, c)
}

// list prints what is no report: one table alone.
func (cmd *bouncesCmd) list(p *program, s settings, c *aggregate.Collector) error {
	in, out, finish, err := openBoth(p, &cmd.pathFlags, &cmd.outputFlags, s)
	if err != nil {
		return err
	}
	in.collect(c, nil)
	if err := in.result(); err != nil {
		finish()
		return err
	}
	t := &c.Report().Tables[0]
	opt := cmd.outputFlags.options(out, in.s.zone)
	switch {
	case cmd.PerSender:
		err = render.PerSender(out, t, cmd.Format, opt)
	case render.IsListFormat(cmd.Format):
		var refused int
		if refused, err = render.List(out, t, cmd.Format, in.s.zone); refused > 0 {
			p.sayf("%d of %d addresses are left out: they could be misread (--format csv has them)", refused, t.Len())
		}
	default:
		err = render.Rows(out, t, cmd.Format, opt)
	}
	if err != nil {
		finish()
		return err
	}
	return finish()
}

// allowList reads addresses, domains and *.domains, one a line.
func allowList(path string) (func(string) bool, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var filter aggregate.Filter
	var patterns []string
	n := 0
	for line := range strings.Lines(strings.TrimPrefix(string(b), "\ufeff")) {
		n++
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		p := allowed(line)
		if p == "" {
			return nil, usagef("--allow %s:%d: %q: want an address, a domain such as d.example or @d.example, or *.d.example", path, n, line)
		}
		patterns = append(patterns, p)
	}
	if len(patterns) == 0 {
		return nil, nil
	}
	filter.Add(aggregate.DimRecipient, patterns...)
	return func(address string) bool {
		return filter.Pass(&aggregate.View{Recipient: &aggregate.Recipient{Address: address}})
	}, nil
}

// allowed returns the pattern that a line of --allow stands for; "" where it is not clear: a word
// without a dot may be a user or a host, and what stands beside an address may change what is meant.
func allowed(line string) string {
	line = unbracket(line)
	at := strings.LastIndexByte(line, '@')
	local, domain := "*", line[at+1:]
	if at > 0 {
		local = line[:at]
	}
	domain, below := strings.CutPrefix(domain, "*.")
	quoted := len(local) > 2 && local[0] == '"' && local[len(local)-1] == '"'
	const foreign = " \t,;:<>()\"!@"
	switch {
	case at < 0 && !strings.Contains(domain, "."), !quoted && strings.ContainsAny(local, foreign):
		return ""
	case strings.ContainsAny(domain, foreign) && domain[0] != '[':
		return ""
	}
	address := aggregate.Mailbox(local + "@" + domain)
	if at = strings.LastIndexByte(address, '@'); below && at >= 0 {
		address = address[:at] + "@*." + address[at+1:]
	}
	return address
}
