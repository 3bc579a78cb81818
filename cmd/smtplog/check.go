package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/smtplog/smtplog/aggregate"
	"github.com/smtplog/smtplog/internal/render"
	"github.com/smtplog/smtplog/status"
)

// checkCmd is `smtplog check`: thresholds for cron and monitoring. Its exit codes and its line
// are those of monitoring plugins: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN, figures after a bar.
type checkCmd struct {
	inputFlags
	Max        []string      `placeholder:"NAME=[WARN,]CRIT" sep:"none" group:"thresholds" help:"Most that is allowed: bounce_rate=5%, category:reputation=20/h, queued=200,500, delay.p95=10m, silence=15m (age of the last line). Repeatable."`
	Min        []string      `placeholder:"NAME=[WARN,]CRIT" sep:"none" group:"thresholds" help:"Least that is allowed: delivered=1. Repeatable."`
	Window     time.Duration `default:"1h" group:"window" help:"Look at the last while, unless --since is given."`
	Checkpoint string        `placeholder:"FILE" type:"path" group:"input" help:"Save here how far the logs have been read, and go on from there the next time."`
	Format     string        `enum:"table,json" default:"table" group:"output" help:"table is the one line, json the report with the checks (${enum})."`
}

// The exit codes of check, and their words.
const (
	checkOK = iota
	checkWarning
	checkCritical
	checkUnknown
)

var checkWords = [...]string{"OK", "WARNING", "CRITICAL", "UNKNOWN"}

// threshold is one --max or --min.
type threshold struct {
	metric   string
	unit     string // of the figure: "%", "s", "" for a count; with per, a count per time
	per      time.Duration
	perWord  string
	min      bool
	warn     float64
	hasWarn  bool
	critical float64
}

// Run prints one line and sets the exit code.
func (cmd *checkCmd) Run(p *program) error {
	state, line, err := cmd.check(p)
	if err != nil {
		return p.checkFailed(err)
	}
	if cmd.Format == "table" {
		if _, err := fmt.Fprintln(p.stdout, line); err != nil {
			return exitError{checkUnknown, err} // who asked must not take it for an answer
		}
	}
	p.exit = state
	return nil
}

// checkFailed says on the line that monitoring shows that nothing is known.
func (p *program) checkFailed(err error) error {
	fmt.Fprintf(p.stdout, "SMTPLOG %s - %s\n", checkWords[checkUnknown], render.Text(err.Error()))
	return exitError{checkUnknown, err}
}

func (cmd *checkCmd) check(p *program) (state int, line string, err error) {
	thresholds, err := cmd.thresholds()
	if err != nil {
		return 0, "", err
	}
	s, err := cmd.settings()
	if err != nil {
		return 0, "", err
	}
	forSilence := slices.ContainsFunc(thresholds, func(t threshold) bool { return t.metric == silence })
	end := s.until
	if end.IsZero() {
		end = time.Now()
	} else if forSilence {
		return 0, "", usagef("silence goes by the present time: leave out --until")
	}
	if s.since.IsZero() {
		s.since = end.Add(-cmd.Window)
	}
	var r *aggregate.Report
	if cmd.Checkpoint != "" {
		r, err = cmd.goOn(p, end)
	} else {
		r, err = cmd.read(p, s)
	}
	if err != nil {
		return 0, "", err
	}
	m := metrics{r: r, window: end.Sub(s.since), end: end}
	if r.Input.Last == nil && forSilence {
		return 0, "", errors.New("silence: no line of the mail system so far")
	}
	var words, perf []string
	for _, t := range thresholds {
		value, err := m.value(t.metric)
		if err != nil {
			return 0, "", err
		}
		if t.per > 0 {
			value *= float64(t.per) / float64(m.window)
		}
		got := t.judge(value)
		state = max(state, got)
		words = append(words, t.words(value, got))
		perf = append(perf, t.perf(value))
		r.Checks = append(r.Checks, aggregate.Check{Metric: t.metric, Value: value, State: strings.ToLower(checkWords[got])})
	}
	var notes []string
	quiet := ""
	if last := r.Input.Last; last != nil && last.Before(s.since) {
		where := "the last " + short(m.window)
		if !s.until.IsZero() {
			where = "the window"
		}
		notes = []string{fmt.Sprintf("no line in %s, the last at %s", where, last.In(s.zone).Format(time.RFC3339))}
		quiet = "; " + notes[0]
	}
	if cmd.Format == "json" {
		if err := render.Report(p.stdout, r, "json", render.Options{Zone: s.zone, Notes: notes}); err != nil {
			return 0, "", err
		}
	}
	line = fmt.Sprintf("SMTPLOG %s - %s%s%s | %s", checkWords[state], strings.Join(words, ", "), quiet, m.cause(state), strings.Join(perf, " "))
	return state, line, nil
}

// short writes a time without parts that are zero: 1h for 1h0m0s.
func short(d time.Duration) string {
	s := d.Round(100 * time.Millisecond).String()
	if t, ok := strings.CutSuffix(s, "m0s"); ok {
		s = t + "m"
	}
	if t, ok := strings.CutSuffix(s, "h0m"); ok {
		s = t + "h"
	}
	return s
}

var errUnread = errors.New("not all of the input could be read")

// goOn reads what is new since the checkpoint and returns the report of the window before end.
func (cmd *checkCmd) goOn(p *program, end time.Time) (*aggregate.Report, error) {
	if cmd.Since != "" || cmd.Until != "" {
		return nil, usagef("--checkpoint goes with --window: leave out --since and --until")
	}
	t, err := (&tailCmd{inputFlags: cmd.inputFlags, Checkpoint: cmd.Checkpoint, Once: true, Window: cmd.Window, Interval: time.Minute, Every: "auto"}).tailer(p)
	if err != nil {
		return nil, err
	}
	if err := t.follow(); err != nil {
		return nil, err
	}
	if p.failed || p.ctx.Err() != nil {
		return nil, errUnread
	}
	return t.c.Recent(end.Add(-cmd.Window)), nil
}

// read reads all of the input.
func (cmd *checkCmd) read(p *program, s settings) (*aggregate.Report, error) {
	c, err := aggregate.NewCollector(aggregate.Options{Since: s.since, Until: s.until, Zone: s.zone, Filter: s.filter, Notices: s.notices,
		Rewrite: s.rewrite, Classifier: s.classifier, Tables: []string{"status", "reasons", "categories", "delays"}})
	if err != nil {
		return nil, err
	}
	in, err := cmd.openInput(p, s)
	if err != nil {
		return nil, err
	}
	in.collect(c, nil)
	if err := in.result(); err != nil {
		return nil, err
	}
	if p.failed || in.partial {
		return nil, errUnread
	}
	r := c.Report()
	if r.Input.Last == nil && !in.ended.IsZero() {
		r.Input.Last = &in.ended
	}
	return r, nil
}

// thresholds understands --max and --min.
func (cmd *checkCmd) thresholds() (all []threshold, err error) {
	for _, list := range []struct {
		args []string
		min  bool
		flag string
	}{{cmd.Max, false, "--max"}, {cmd.Min, true, "--min"}} {
		for _, arg := range list.args {
			t, err := parseThreshold(arg)
			if err != nil {
				return nil, usagef("%s %s: %v", list.flag, arg, err)
			}
			t.min = list.min
			if t.hasWarn && (t.warn > t.critical) != t.min {
				return nil, usagef("%s %s: the warning would come after the critical state", list.flag, arg)
			}
			all = append(all, t)
		}
	}
	if len(all) == 0 {
		return nil, usagef("nothing to check: give --max or --min")
	}
	return all, nil
}

func parseThreshold(arg string) (t threshold, err error) {
	name, values, ok := strings.Cut(arg, "=")
	if !ok {
		return t, errors.New("want NAME=VALUE")
	}
	t.metric = strings.ToLower(strings.TrimSpace(name))
	if _, err := (metrics{r: &aggregate.Report{}, window: time.Hour}).value(t.metric); err != nil {
		return t, err
	}
	switch {
	case strings.HasSuffix(t.metric, "_rate"):
		t.unit = "%"
	case strings.HasPrefix(t.metric, "delay."), t.metric == silence:
		t.unit = "s"
	}
	parts := strings.Split(values, ",")
	if len(parts) > 2 {
		return t, errors.New("want at most a value for warning and one for critical")
	}
	for i, part := range parts {
		v, err := t.limit(strings.TrimSpace(part))
		if err != nil {
			return t, err
		}
		if i < len(parts)-1 {
			t.warn, t.hasWarn = v, true
		} else {
			t.critical = v
		}
	}
	return t, nil
}

// limit understands one value in the metric's unit: 5% or 5, 10m, 20/h, 500.
func (t *threshold) limit(s string) (float64, error) {
	switch t.unit {
	case "%":
		s = strings.TrimSpace(strings.TrimSuffix(s, "%"))
	case "s":
		d, ok := span(s)
		if !ok {
			return 0, fmt.Errorf("%q: want a time such as 10m", s)
		}
		return d.Seconds(), nil
	default:
		if count, per, ok := strings.Cut(s, "/"); ok {
			s = count
			switch per {
			case "m", "min":
				t.per, t.perWord = time.Minute, "/min"
			case "h":
				t.per, t.perWord = time.Hour, "/h"
			case "d":
				t.per, t.perWord = 24*time.Hour, "/d"
			default:
				return 0, fmt.Errorf("%q: want /m, /h or /d", "/"+per)
			}
		}
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(v >= 0 && v <= 1e15) {
		return 0, fmt.Errorf("%q: want a number", s)
	}
	return v, nil
}

func (t *threshold) judge(v float64) int {
	past := func(limit float64) bool {
		if t.min {
			return v < limit
		}
		return v > limit
	}
	switch {
	case past(t.critical):
		return checkCritical
	case t.hasWarn && past(t.warn):
		return checkWarning
	}
	return checkOK
}

// words says a figure for people, with the limit that it is past.
func (t *threshold) words(v float64, state int) string {
	s := t.metric + " " + t.figure(v)
	limit := t.critical
	switch state {
	case checkOK:
		return s
	case checkWarning:
		limit = t.warn
	}
	than := "more"
	if t.min {
		than = "less"
	}
	return fmt.Sprintf("%s (%s: %s than %s)", s, strings.ToLower(checkWords[state]), than, t.figure(limit))
}

func (t *threshold) figure(v float64) string {
	switch t.unit {
	case "%":
		return number(v) + " %"
	case "s":
		return short(time.Duration(v * float64(time.Second)))
	}
	return number(v) + t.perWord
}

// perf is the figure for machines: label=value[unit];warn;crit;min;max. A limit from below is
// written as a range with its end open.
func (t *threshold) perf(v float64) string {
	unit := t.unit
	limit := func(v float64) string {
		if t.min {
			return number(v) + ":"
		}
		return number(v)
	}
	warn, ends := "", "0;"
	if t.hasWarn {
		warn = limit(t.warn)
	}
	if unit == "%" {
		ends = "0;100"
	}
	return fmt.Sprintf("'%s'=%s%s;%s;%s;%s", t.metric+t.perWord, number(v), unit, warn, limit(t.critical), ends)
}

// number writes a figure with at most two decimals.
func number(v float64) string {
	s := strconv.FormatFloat(v, 'f', 2, 64)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// metrics are the figures that a report has, by name.
type metrics struct {
	r      *aggregate.Report
	window time.Duration
	end    time.Time // of the window
}

// silence is the figure that tells a log that has stopped: how old the mail system's last line is.
const silence = "silence"

// rates are shares in percent.
var rates = []struct {
	name string
	of   func(m metrics) (part, whole int64)
}{
	{"bounce_rate", func(m metrics) (int64, int64) {
		t := &m.r.Totals
		return t.Bounced + t.Expired, t.Delivered + t.Bounced + t.Expired
	}},
	{"deferral_rate", func(m metrics) (int64, int64) {
		return m.r.Totals.Deferred, m.sum("status", "attempts")
	}},
	{"reject_rate", func(m metrics) (int64, int64) {
		t := &m.r.Totals
		return t.Rejected, t.Received + t.Rejected
	}},
	{"unknown_rate", func(m metrics) (int64, int64) { return m.r.Input.Unknown, m.r.Input.Lines }},
}

// value returns a figure: a count, a share in percent, or seconds.
func (m metrics) value(name string) (float64, error) {
	for _, rate := range rates {
		if rate.name == name {
			part, whole := rate.of(m)
			if whole == 0 {
				return 0, nil
			}
			return 100 * float64(part) / float64(whole), nil
		}
	}
	if kind, value, ok := strings.Cut(name, ":"); ok {
		return m.failures(kind, value)
	}
	if name == silence {
		if m.r.Input.Last == nil {
			return 0, nil
		}
		return max(0, m.end.Sub(*m.r.Input.Last).Truncate(time.Second).Seconds()), nil
	}
	if part, ok := strings.CutPrefix(name, "delay."); ok {
		if !slices.Contains([]string{"p50", "p90", "p95", "p99", "max"}, part) {
			return 0, fmt.Errorf("unknown figure %q, want delay.p50, p90, p95, p99 or max", name)
		}
		if d, ok := m.cell("delays", "total", part).(time.Duration); ok {
			return d.Seconds(), nil
		}
		return 0, nil
	}
	names := []string{}
	for _, t := range render.Totals(&m.r.Totals) {
		if t.Name == name {
			return float64(t.N), nil
		}
		names = append(names, t.Name)
	}
	for _, rate := range rates {
		names = append(names, rate.name)
	}
	return 0, fmt.Errorf("unknown figure %q, want one of %s, silence, delay.p95, category:NAME, reason:NAME, status:NAME", name, strings.Join(names, ", "))
}

// failures counts failed attempts of a category, reason or status.
func (m metrics) failures(kind, value string) (float64, error) {
	table, dim := "", aggregate.DimNone
	switch kind {
	case "category":
		table, dim = "categories", aggregate.DimCategory
	case "reason":
		table, dim = "reasons", aggregate.DimReason
	case "status":
		table, dim = "status", aggregate.DimStatus
	default:
		return 0, fmt.Errorf("unknown figure %q, want category:NAME, reason:NAME or status:NAME", kind+":"+value)
	}
	if code, err := status.ParseCode(value); err == nil && kind == "status" {
		value = code.String() // it may have been the number
	}
	if what, names := members(dim, nil); !slices.Contains(names, value) {
		return 0, noSuch(what, value, names)
	}
	n := int64(0)
	for _, column := range []string{"deferred", "bounced"} {
		v, _ := m.cell(table, value, column).(int64)
		n += v
	}
	return float64(n), nil
}

// cell returns the cell of a table's row with the given first cell, nil where there is none.
func (m metrics) cell(table, first, column string) any {
	for i := range m.r.Tables {
		t := &m.r.Tables[i]
		if t.Name != table {
			continue
		}
		j := slices.IndexFunc(t.Columns, func(c aggregate.Column) bool { return c.Name == column })
		for _, row := range t.Rows {
			if row[0] == first && j >= 0 {
				return row[j]
			}
		}
	}
	return nil
}

func (m metrics) sum(table, column string) (n int64) {
	for i := range m.r.Tables {
		t := &m.r.Tables[i]
		j := slices.IndexFunc(t.Columns, func(c aggregate.Column) bool { return c.Name == column })
		if t.Name != table || j < 0 {
			continue
		}
		for _, row := range t.Rows {
			v, _ := row[j].(int64)
			n += v
		}
	}
	return n
}

// cause names the commonest reason of failures where something is wrong.
func (m metrics) cause(state int) string {
	if state == checkOK {
		return ""
	}
	for i := range m.r.Tables {
		if t := &m.r.Tables[i]; t.Name == "reasons" && len(t.Rows) > 0 {
			return fmt.Sprintf("; most failures: %v", t.Rows[0][0])
		}
	}
	return ""
}
