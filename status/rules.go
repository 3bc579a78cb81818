package status

import (
	"bufio"
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Rules are the rules of one or more files. docs/classification.md describes the format.
type Rules struct {
	rules     []rule
	providers []providerRow
	lists     []string // registered domains of DNS block lists
}

// rule is one rule. It decides if all conditions that it has are met.
type rule struct {
	id         string
	reason     Reason
	confidence float64
	codes      []span
	enhanced   []enhancedSpan
	stages     []Stage
	origins    []Origin
	providers  []string
	numbers    []int
	texts      [][]phrase // of each element one phrase must occur
	nots       []phrase   // none may occur
	samples    []sample
}

// phrase is a sequence of parts that must follow each other within maxGap bytes. A part is
// one of several runs of words.
type phrase [][]string

// span is a range of reply codes.
type span struct{ from, to int }

// enhancedSpan is a range of enhanced codes. Class 0 is 4 or 5, subject -1 any.
type enhancedSpan struct {
	class             uint8
	subject, from, to int
}

// providerRow names a provider's mail hosts and recipient domains, by suffix.
type providerRow struct {
	name           string
	hosts, domains []string
}

// sample is a text that a rule says it decides.
type sample struct {
	line int
	text string
}

// RuleError is an error in a file of rules.
type RuleError struct {
	File         string
	Line, Column int // from 1; Column counts bytes
	Err          error
}

// Error says where and what, as in "mine.rules:3:7: unknown reason".
func (e *RuleError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %v", e.File, e.Line, e.Column, e.Err)
}

// Unwrap returns what is wrong.
func (e *RuleError) Unwrap() error { return e.Err }

//go:embed rules/*.rules
var ruleFiles embed.FS

// builtin returns the rules of this package: the files of the folder rules by name.
var builtin = sync.OnceValue(func() *Rules {
	all := new(Rules)
	entries, err := ruleFiles.ReadDir("rules")
	if err != nil {
		panic(err) // the folder is embedded
	}
	for _, entry := range entries {
		f, err := ruleFiles.Open("rules/" + entry.Name())
		if err != nil {
			panic(err)
		}
		r, err := ParseRules(entry.Name(), f)
		if err != nil {
			panic(err) // a test reads the files, too
		}
		all.add(r)
	}
	return all
})

func (r *Rules) add(o *Rules) {
	r.rules = append(r.rules, o.rules...)
	r.providers = append(r.providers, o.providers...)
	r.lists = append(r.lists, o.lists...)
}

// userConfidence is the confidence of a rule that states none.
const userConfidence = 0.95

// ParseRules reads a file of rules; name stands for it in errors. What the file says is
// wrong comes as a *RuleError, a failure to read as r's error.
func ParseRules(name string, r io.Reader) (*Rules, error) {
	p := ruleParser{rules: new(Rules), confidence: userConfidence, ids: make(map[string]int),
		words: make(map[string][]string)}
	in := bufio.NewScanner(r)
	for in.Scan() {
		p.line++
		if column, err := p.parse(in.Text()); err != nil {
			return nil, &RuleError{name, p.line, column, err}
		}
	}
	if err := in.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			return nil, &RuleError{name, p.line + 1, 1, errors.New("line too long")}
		}
		return nil, err
	}
	if column, err := p.endRule(); err != nil {
		return nil, &RuleError{name, p.ruleLine, column, err}
	}
	return p.rules, nil
}

// ruleParser is the state of a ParseRules.
type ruleParser struct {
	rules      *Rules
	line       int
	open       bool // a rule is being read: the last of rules
	ruleLine   int
	list       string // the key of the line above, if that has phrases: text, not or words
	confidence float64
	ids        map[string]int
	words      map[string][]string // sets of runs of words, by name
	set        string              // the last of words
}

// parse reads a line and returns the column of an error.
func (p *ruleParser) parse(line string) (column int, err error) {
	text := strings.TrimSpace(line)
	if text == "" || text[0] == '#' {
		return 0, nil
	}
	key, rest, _ := strings.Cut(text, " ")
	rest = strings.TrimSpace(rest)
	keyColumn := strings.Index(line, key) + 1
	restColumn := len(strings.TrimRight(line, " \t\r")) - len(rest) + 1
	if rest == "" {
		return restColumn, fmt.Errorf("%q: want a value", key)
	}
	if line[0] != ' ' && line[0] != '\t' {
		if column, err := p.endRule(); err != nil {
			p.line = p.ruleLine
			return column, err
		}
		switch key {
		case "rule":
			return restColumn, p.beginRule(rest)
		case "provider":
			return restColumn, p.provider(rest)
		case "words":
			off, err := p.beginWords(rest)
			return restColumn + off, err
		case "list":
			p.rules.lists = append(p.rules.lists, strings.Fields(rest)...)
			return 0, nil
		case "confidence":
			return restColumn, parseConfidence(rest, &p.confidence)
		}
		return keyColumn, fmt.Errorf("%q: want rule, words, provider, list or confidence", key)
	}
	if key == "|" && p.list == "words" {
		off, err := p.addWords(rest)
		return restColumn + off, err
	}
	if !p.open {
		return keyColumn, errors.New("indented line without a rule above it")
	}
	if key == "|" { // the list of phrases above goes on
		if key = p.list; key == "" {
			return keyColumn, errors.New("| goes on with text or not; neither is above it")
		}
		r := &p.rules.rules[len(p.rules.rules)-1]
		phrases, off, err := p.phrases(rest)
		if key == "text" {
			last := &r.texts[len(r.texts)-1]
			*last = append(*last, phrases...)
		} else {
			r.nots = append(r.nots, phrases...)
		}
		return restColumn + off, err
	}
	if p.list = ""; key == "text" || key == "not" {
		p.list = key
	}
	off, err := p.condition(&p.rules.rules[len(p.rules.rules)-1], key, rest)
	if err == errUnknownKey {
		return keyColumn, fmt.Errorf("%q: want text, not, code, enhanced, stage, origin, provider, defer, confidence or sample", key)
	}
	return restColumn + off, err
}

var errUnknownKey = errors.New("unknown key")

func (p *ruleParser) beginRule(rest string) error {
	f := strings.Fields(rest)
	if len(f) != 2 {
		return errors.New("want an ID and a reason")
	}
	reason, err := ParseReason(f[1])
	if err != nil {
		return err
	}
	if at, ok := p.ids[f[0]]; ok {
		return fmt.Errorf("rule %s is on line %d already", f[0], at)
	}
	p.ids[f[0]] = p.line
	p.open, p.ruleLine, p.list = true, p.line, ""
	p.rules.rules = append(p.rules.rules, rule{id: f[0], reason: reason, confidence: p.confidence})
	return nil
}

// endRule checks the rule that was read last.
func (p *ruleParser) endRule() (column int, err error) {
	if !p.open {
		return 0, nil
	}
	p.open = false
	r := &p.rules.rules[len(p.rules.rules)-1]
	switch {
	case len(r.texts) == 0 && len(r.codes) == 0 && len(r.enhanced) == 0 && len(r.numbers) == 0:
		return 1, fmt.Errorf("rule %s: want text, code, enhanced or defer", r.id)
	case len(r.samples) == 0:
		return 1, fmt.Errorf("rule %s: want a sample", r.id)
	}
	return 0, nil
}

func (p *ruleParser) provider(rest string) error {
	f := strings.Fields(rest)
	row := providerRow{name: f[0]}
	var to *[]string
	for _, w := range f[1:] {
		switch {
		case w == "mx":
			to = &row.hosts
		case w == "domain":
			to = &row.domains
		case to == nil:
			return errors.New("want mx or domain after the name")
		default:
			*to = append(*to, strings.ToLower(strings.TrimPrefix(w, "*.")))
		}
	}
	if len(row.hosts)+len(row.domains) == 0 {
		return errors.New("want mx or domain, then host names")
	}
	p.rules.providers = append(p.rules.providers, row)
	return nil
}

// condition reads an indented line and returns the offset of an error in rest.
func (p *ruleParser) condition(r *rule, key, rest string) (off int, err error) {
	switch key {
	case "text":
		phrases, off, err := p.phrases(rest)
		r.texts = append(r.texts, phrases)
		return off, err
	case "not":
		phrases, off, err := p.phrases(rest)
		r.nots = append(r.nots, phrases...)
		return off, err
	case "sample":
		r.samples = append(r.samples, sample{p.line, rest})
		return 0, nil
	case "confidence":
		return 0, parseConfidence(rest, &r.confidence)
	}
	for _, w := range strings.Fields(rest) {
		off := strings.Index(rest, w)
		switch key {
		case "code":
			s, ok := parseSpan(w)
			if !ok {
				return off, fmt.Errorf("%q: want a reply code such as 550, 55x, 5xx or none", w)
			}
			r.codes = append(r.codes, s)
		case "enhanced":
			s, ok := parseEnhancedSpan(w)
			if !ok {
				return off, fmt.Errorf("%q: want an enhanced code such as 5.1.1, x.7.x, 5.7.606-649 or none", w)
			}
			r.enhanced = append(r.enhanced, s)
		case "stage":
			s, err := ParseStage(w)
			if err != nil {
				return off, err
			}
			r.stages = append(r.stages, s)
		case "origin":
			o, err := ParseOrigin(w)
			if err != nil {
				return off, err
			}
			r.origins = append(r.origins, o)
		case "provider":
			r.providers = append(r.providers, w)
		case "defer":
			n, err := strconv.Atoi(w)
			if err != nil {
				return off, fmt.Errorf("%q: want a number as in Exim's defer (-53)", w)
			}
			r.numbers = append(r.numbers, n)
		default:
			return 0, errUnknownKey
		}
	}
	return 0, nil
}

func parseConfidence(s string, to *float64) error {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !(f > 0 && f <= 1) {
		return fmt.Errorf("%q: want a confidence above 0, up to 1", s)
	}
	*to = f
	return nil
}

// parseSpan reads 550, 55x, 5xx or none (0).
func parseSpan(s string) (span, bool) {
	if s == "none" {
		return span{}, true
	}
	if len(s) != 3 {
		return span{}, false
	}
	from, err1 := strconv.Atoi(strings.ReplaceAll(s, "x", "0"))
	to, err2 := strconv.Atoi(strings.ReplaceAll(s, "x", "9"))
	ok := err1 == nil && err2 == nil && from >= 200 && to <= 599 &&
		strings.TrimRight(s, "x") == strings.ReplaceAll(s, "x", "")
	return span{from, to}, ok
}

// parseEnhancedSpan reads 5.1.1, 5.1.x, x.7.x, 5.7.606-649 or none.
func parseEnhancedSpan(s string) (e enhancedSpan, ok bool) {
	if s == "none" {
		return enhancedSpan{}, true
	}
	f := strings.Split(s, ".")
	if len(f) != 3 {
		return e, false
	}
	switch f[0] {
	case "x":
	case "2", "4", "5":
		e.class = f[0][0] - '0'
	default:
		return e, false
	}
	if e.subject = -1; f[1] != "x" {
		n, err := strconv.ParseUint(f[1], 10, 9)
		if err != nil {
			return e, false
		}
		e.subject = int(n)
	}
	if e.from, e.to = 0, 999; f[2] != "x" {
		from, to, isRange := strings.Cut(f[2], "-")
		if !isRange {
			to = from
		}
		a, err1 := strconv.ParseUint(from, 10, 10)
		b, err2 := strconv.ParseUint(to, 10, 10)
		if err1 != nil || err2 != nil || a > b || b > 999 {
			return e, false
		}
		e.from, e.to = int(a), int(b)
	} else if e.class == 0 && e.subject < 0 {
		return e, false
	}
	return e, true
}

// beginWords reads "NAME a | b".
func (p *ruleParser) beginWords(rest string) (off int, err error) {
	name, list, _ := strings.Cut(rest, " ")
	if _, ok := p.words[name]; ok {
		return 0, fmt.Errorf("words %s are there already", name)
	}
	p.list, p.set = "words", name
	off, err = p.addWords(list)
	return len(name) + 1 + off, err
}

// addWords adds to the set of words that was begun last.
func (p *ruleParser) addWords(list string) (off int, err error) {
	for part := range strings.SplitSeq(list, "|") {
		all, err := p.runs(part)
		if err != nil {
			return off, err
		}
		p.words[p.set] = append(p.words[p.set], all...)
		off += len(part) + 1
	}
	return 0, nil
}

// phrases reads phrases separated by |, and returns the offset of an error.
func (p *ruleParser) phrases(s string) (all []phrase, off int, err error) {
	for text := range strings.SplitSeq(s, "|") {
		var ph phrase
		for _, part := range strings.Split(text, " .. ") {
			runs, err := p.runs(part)
			if err != nil {
				return all, off, err
			}
			var patterns []string
			for _, words := range runs {
				patterns = append(patterns, patternOf(words))
			}
			ph = append(ph, patterns)
		}
		all = append(all, ph)
		off += len(text) + 1
	}
	return all, 0, nil
}

// maxRuns is how many runs of words a part of a phrase may stand for.
const maxRuns = 4096

// runs returns the runs of words that a text with names of sets stands for: "no such $who" is
// one run for each of $who.
func (p *ruleParser) runs(text string) ([]string, error) {
	all := []string{""}
	for _, word := range strings.Fields(text) {
		next := []string{word}
		if name, ok := strings.CutPrefix(word, "$"); ok {
			if next = p.words[name]; next == nil {
				return nil, fmt.Errorf("%q: no words of that name above", word)
			}
		}
		if len(all)*len(next) > maxRuns {
			return nil, fmt.Errorf("%q: stands for more than %d runs of words", strings.TrimSpace(text), maxRuns)
		}
		var longer []string
		for _, a := range all {
			for _, b := range next {
				longer = append(longer, strings.TrimSpace(a+" "+b))
			}
		}
		all = longer
	}
	for _, words := range all {
		if strings.TrimSpace(patternOf(words)) == "" {
			return nil, fmt.Errorf("%q: want words to look for", strings.TrimSpace(text))
		}
	}
	return all, nil
}

// patternOf returns words as the finder looks for them: in the form of appendWords, with
// the blanks at both ends that make them whole words. A * at an end lets the word go on
// there; so does a letter of a script that does not write blanks. The end of a single word
// is taken as it is: *_416 finds OFR006_416.
func patternOf(words string) string {
	openStart, openEnd := strings.HasPrefix(words, "*"), strings.HasSuffix(words, "*")
	words = strings.Trim(words, "*")
	b := []byte(strings.ToLower(words))
	if !openStart || bytes.IndexByte(b, ' ') >= 0 {
		b = bytes.TrimSpace(appendWords(nil, b))
	}
	if len(b) == 0 {
		return ""
	}
	out := string(b)
	if !openStart && !startsDense(out) {
		out = " " + out
	}
	if !openEnd && !endsDense(out) {
		out += " "
	}
	return out
}

func startsDense(s string) bool {
	for _, r := range s {
		return isDense(r)
	}
	return false
}

func endsDense(s string) bool {
	r := []rune(s)
	return isDense(r[len(r)-1])
}

// isDense reports the scripts without blanks between words: Chinese and Japanese.
func isDense(r rune) bool { return r >= 0x2e80 && r < 0xac00 || r >= 0xf900 && r < 0xfb00 }

func (r *rule) matchesCodes(code int, e Enhanced) bool {
	return (len(r.codes) == 0 || slices.ContainsFunc(r.codes, func(s span) bool {
		return s.from <= code && code <= s.to
	})) && (len(r.enhanced) == 0 || slices.ContainsFunc(r.enhanced, func(s enhancedSpan) bool {
		return s.contains(e)
	}))
}

func (s enhancedSpan) contains(e Enhanced) bool {
	if s == (enhancedSpan{}) || e.IsZero() {
		return s == (enhancedSpan{}) && e.IsZero()
	}
	return (s.class == 0 && e.Class != 2 || s.class == e.Class) && (s.subject < 0 || s.subject == int(e.Subject)) &&
		s.from <= int(e.Detail) && int(e.Detail) <= s.to
}
