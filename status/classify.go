package status

import (
	"bytes"
	"encoding/binary"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Query is a failure to be classified: a reply and what is known around it. All fields may
// be zero. The byte slices are only read during the call.
type Query struct {
	Code      int      // reply code; 0: none
	Enhanced  Enhanced // of the reply, else of the log (Postfix dsn=)
	Text      []byte   // the words, with or without codes, as the log has them or as ParseReply gives them
	Stage     Stage
	Origin    Origin
	Relay     []byte // name of the host that answered, usually the MX
	Recipient []byte // address or domain
	Number    int    // N of Exim's "defer (N)"; 0: none
}

// Result is a reason and what speaks for it.
type Result struct {
	Reason       Reason
	Rule         string   // ID of the rule that decided; see docs/classification.md
	Matched      []string // the words that the rule found, in lower case, without accents
	List         string   // the block list, such as "zen.spamhaus.org"
	Provider     string   // who answered, such as "google"
	ProviderCode string   // the provider's own code, such as "S3150", "TSS04", "OFR_416"
	Origin       Origin   // of the query, else what the text shows
	Stage        Stage    // likewise
	Code         int      // likewise
	Enhanced     Enhanced // likewise
	Status       Code     // the enum member of Code; GeneralFailure where there is no reply
	Confidence   float64  // 0 to 1: how far to trust the reason
}

// Limits of a Classifier.
const (
	maxText   = 4096    // bytes of a text that are looked at; SMTP lines have at most 512
	maxGap    = 64      // bytes between the parts of a phrase
	maxCached = 1 << 15 // answers remembered
)

// engine is a set of rules made ready. It does not change.
type engine struct {
	compiled
	find    *finder
	hosts   *suffixes // of providers
	domains *suffixes
	lists   *suffixes
}

// compiled is what is worked out of rules and can be kept: see builtinRules.
type compiled struct {
	rules     []rule
	patterns  []string    // sorted
	parts     [][]int     // that a pattern is one of, by pattern
	texts     [][][][]int // texts, as numbers of parts, by rule
	nots      [][][]int   // nots, likewise
	starts    [][]int     // rules that a part may lead to, by part
	always    []int       // rules without text
	providers []providerRow
	names     []string // lists
}

// compile numbers the parts of all phrases and the patterns that they consist of.
func compile(r *Rules) *compiled {
	c := &compiled{rules: r.rules, providers: r.providers, names: r.lists}
	patterns, parts := make(map[string][]int), make(map[string]int)
	number := func(ph phrase) []int {
		var out []int
		for _, alternatives := range ph {
			key := strings.Join(alternatives, "|")
			part, ok := parts[key]
			if !ok {
				part = len(parts)
				parts[key] = part
				c.starts = append(c.starts, nil)
				for _, words := range alternatives {
					patterns[words] = append(patterns[words], part)
				}
			}
			out = append(out, part)
		}
		return out
	}
	for i := range r.rules {
		var texts [][][]int
		for k, alternatives := range r.rules[i].texts {
			var text [][]int
			for _, ph := range alternatives {
				numbers := number(ph)
				text = append(text, numbers)
				if first := numbers[0]; k == 0 {
					c.starts[first] = append(c.starts[first], i)
				}
			}
			texts = append(texts, text)
		}
		var nots [][]int
		for _, ph := range r.rules[i].nots {
			nots = append(nots, number(ph))
		}
		c.texts, c.nots = append(c.texts, texts), append(c.nots, nots)
		if len(texts) == 0 {
			c.always = append(c.always, i)
		}
	}
	c.patterns = slices.Sorted(maps.Keys(patterns))
	for _, words := range c.patterns {
		c.parts = append(c.parts, patterns[words])
	}
	return c
}

// newEngine makes rules ready. Of two entries for one provider's host the first counts.
func newEngine(c *compiled) *engine {
	hosts, domains, lists := make(map[string]string), make(map[string]string), make(map[string]string)
	for _, row := range c.providers {
		for _, host := range row.hosts {
			if _, ok := hosts[host]; !ok {
				hosts[host] = row.name
			}
		}
		for _, domain := range row.domains {
			if _, ok := domains[domain]; !ok {
				domains[domain] = row.name
			}
		}
	}
	for _, list := range c.names {
		lists[list] = list
	}
	return &engine{compiled: *c, find: newFinder(c.patterns), hosts: newSuffixes(hosts), domains: newSuffixes(domains), lists: newSuffixes(lists)}
}

var builtinEngine = sync.OnceValue(func() *engine { return newEngine(&builtinRules) })

// Classifier finds reasons. It is not safe for concurrent use; several of them are.
type Classifier struct {
	*engine
	cache   map[string]Reason
	replies ReplyParser
	key     []byte        // folded text and all else that decides
	words   []byte        // its words
	found   [][]span      // where parts are, by part
	hit     []int         // parts that were found
	todo    []bool        // rules to look at
	matched []span        // of words
	dead    map[span]bool // how many parts of a phrase do not follow from where
	asked   asked
}

// NewClassifier returns a Classifier with the rules of this package. Rules of users come
// before them, in the order given.
func NewClassifier(user ...*Rules) *Classifier {
	if len(user) == 0 {
		return builtinEngine().classifier()
	}
	all := new(Rules)
	for _, r := range user {
		all.add(r)
	}
	all.add(builtin())
	return newEngine(compile(all)).classifier()
}

// Clone returns another Classifier with the same rules.
func (c *Classifier) Clone() *Classifier { return c.engine.classifier() }

func (e *engine) classifier() *Classifier {
	return &Classifier{engine: e, cache: make(map[string]Reason), found: make([][]span, len(e.starts)),
		todo: make([]bool, len(e.rules)), dead: make(map[span]bool)}
}

// asked is what the rules are asked about.
type asked struct {
	code     int
	enhanced Enhanced
	stage    Stage
	origin   Origin
	provider string
	number   int
	text     []byte // the words that tell the cause; the caller's, or ReplyParser's
	folded   []byte // the same, folded; a part of Classifier.key
}

// Classify returns the reason with all that speaks for it.
func (c *Classifier) Classify(q *Query) Result {
	outer := c.prepare(q)
	i := c.decide()
	r := &c.rules[i]
	res := Result{
		Reason: r.reason, Rule: r.id, Confidence: r.confidence,
		List: c.list(), Provider: c.asked.provider,
		Origin: q.Origin, Stage: c.asked.stage,
		Code: outer.code, Enhanced: outer.enhanced,
	}
	for _, m := range c.matched {
		res.Matched = append(res.Matched, string(bytes.Trim(c.words[m.from:m.to], " @")))
	}
	if res.Status = CodeOf(res.Code); res.Code == 0 {
		res.Status = GeneralFailure
	}
	if res.Provider == "" {
		res.Provider = c.named()
	}
	res.ProviderCode = c.providerCode(res.Provider)
	if res.Origin == OriginNone {
		switch {
		case c.asked.code != 0:
			res.Origin = OriginRemote
		case r.reason.Category() == CategoryNetwork:
			res.Origin = OriginNetwork
		}
	}
	if r.reason.Action() == ActionSuppress && (c.asked.code/100 == 4 || c.passing()) {
		res.Confidence /= 2 // the server itself does not call it final
	}
	return res
}

// passing tells whether the words of a reply say that it will not always be so, whatever the codes
// say: "550 5.2.1 mailbox temporarily disabled".
func (c *Classifier) passing() bool {
	for _, said := range [...]string{" tempor", " try again later", " try later", " come back later", " retry in", " retry later", " retry shortly", " wait and", " for now", " tempfail", " timed out", " unreachable", " server busy", " vorubergehend", " voruebergehend", " tijdelijk", " tymczasow",
		" tillfallig", " midlertidig", " docasn", " gecici", " временно", "一時的", "暂时", "暫時", "일시적"} {
		if bytes.Contains(c.words, []byte(said)) {
			return true
		}
	}
	return false
}

// Reason returns what Classify would find, without the evidence. It remembers answers by
// folded text and does not allocate for one that it knows.
func (c *Classifier) Reason(q *Query) Reason {
	c.prepare(q)
	if r, ok := c.cache[string(c.key)]; ok {
		return r
	}
	reason := c.rules[c.decide()].reason
	if len(c.cache) >= maxCached {
		clear(c.cache)
	}
	c.cache[string(c.key)] = reason
	return reason
}

// AppendFolded is Fold; it need not fold again what Reason was asked about last, whose bytes must
// be the same still.
func (c *Classifier) AppendFolded(dst, text []byte) []byte {
	if n := len(text); n > 0 && len(c.asked.text) == n && &c.asked.text[0] == &text[0] {
		return append(dst, c.asked.folded...)
	}
	return Fold(dst, text)
}

// prepare sets c.asked and c.key, and returns the codes that the outermost reply has.
func (c *Classifier) prepare(q *Query) (outer asked) {
	text := q.Text
	if len(text) > maxText {
		text = text[:maxText]
	}
	a := asked{code: q.Code, enhanced: q.Enhanced, stage: q.Stage, origin: q.Origin, number: q.Number}
	outer = a
	relay := q.Relay
	if len(relay) == 0 {
		relay = quotedHost(text)
	}
	text, inner := c.unwrap(text, q.Code)
	if inner.Code != 0 {
		a.code = inner.Code
		if !inner.Enhanced.IsZero() || int(a.enhanced.Class) != inner.Code/100 {
			a.enhanced = inner.Enhanced
		}
	} else if a.enhanced.IsZero() {
		a.enhanced = inner.Enhanced
	}
	if a.enhanced.IsZero() {
		a.enhanced = embedded(text)
	}
	if a.stage == StageNone {
		a.stage = inner.Stage
	}
	if outer.code == 0 {
		outer.code = a.code
	}
	if outer.enhanced.IsZero() {
		outer.enhanced = a.enhanced
	}
	a.provider = c.provider(relay, q.Recipient)

	c.key = Fold(c.key[:0], text)
	n := len(c.key)
	c.key = append(c.key, 0, byte(a.stage), byte(a.origin), a.enhanced.Class)
	c.key = binary.LittleEndian.AppendUint16(c.key, uint16(a.code))
	c.key = binary.LittleEndian.AppendUint16(c.key, a.enhanced.Subject)
	c.key = binary.LittleEndian.AppendUint16(c.key, a.enhanced.Detail)
	c.key = binary.LittleEndian.AppendUint32(c.key, uint32(a.number))
	c.key = append(c.key, a.provider...)
	a.text, a.folded = text, c.key[:n]
	c.asked = a
	return outer
}

// unwrap returns the words that tell the cause, and the innermost reply for its codes and
// stage. "host mx.example.com[192.0.2.1] said: 550 No such user (in reply to RCPT TO
// command)" is a reply in Postfix's words, and may stand in another's: "Recipient address
// rejected: undeliverable address: host ...".
func (c *Classifier) unwrap(text []byte, code int) ([]byte, Reply) {
	text = trimBlanks(text)
	if i := saidAt(text, code); i > 0 {
		if r := c.replies.Parse(text[i:]); len(r.Text) > 0 || r.Code != 0 {
			if r.Stage == StageNone && bytes.HasSuffix(text[:i], []byte(" refused to talk to me: ")) {
				r.Stage = StageConnect
			}
			return r.Text, r
		}
	}
	r := c.replies.Parse(text)
	if code == 0 && r.Code == 0 {
		if i, quoted := ironPortAt(r.Text); i > 0 {
			words, _, _ := bytes.Cut(r.Text[i:], []byte("' (delivery attempts: "))
			words, enhanced := cutEnhanced(bytes.TrimSuffix(words, []byte{'\''}))
			if r.Code = quoted; !enhanced.IsZero() {
				r.Enhanced = enhanced
			}
			return words, r
		}
	}
	if r.Code != 0 || !r.Enhanced.IsZero() {
		return r.Text, r
	}
	if i := replyAt(text); i > 0 {
		var p ReplyParser
		in := p.Parse(text[i:])
		if in.Stage == StageNone {
			in.Stage = wrapStage(text[:i])
		}
		if r.Stage = in.Stage; code == 0 {
			r.Code, r.Enhanced = in.Code, in.Enhanced
		}
	}
	return r.Text, r
}

// saidAt returns where the reply starts that the last "host X said: " quotes, or "host X
// refused to talk to me: ". Postfix writes it at the start, after ": " or, where the whole
// line is given, after "status=bounced (". Within a reply, which has a code, any other place is
// a stranger's. What a host said of the sender's address (reject_unverified_sender) is no reply
// about the recipient.
func saidAt(text []byte, code int) int {
	if !saysSomewhere(text) {
		return 0 // most texts; the search from the end is slow
	}
	if code == 0 {
		_, code, _ = cutCode(text)
	}
	for end := len(text); ; {
		i := bytes.LastIndex(text[:end], []byte("host "))
		if i < 0 {
			return 0
		}
		end = i
		if i > 0 && (!bytes.HasSuffix(text[:i], []byte(": ")) && (code != 0 || text[i-1] != '(') || bytes.Contains(text[:i], []byte("Sender address rejected"))) {
			continue
		}
		_, rest, _ := bytes.Cut(text[i+len("host "):], []byte{' '})
		for _, verb := range [...]string{"said: ", "refused to talk to me: "} {
			if bytes.HasPrefix(rest, []byte(verb)) {
				return len(text) - len(rest) + len(verb)
			}
		}
	}
}

// saysSomewhere reports whether text has one of the phrases of saidAt.
func saysSomewhere(text []byte) bool {
	for {
		i := bytes.IndexByte(text, ':')
		if i < 0 || i+1 == len(text) {
			return false
		}
		if text[i+1] == ' ' && (bytes.HasSuffix(text[:i], []byte(" said")) || bytes.HasSuffix(text[:i], []byte(" refused to talk to me"))) {
			return true
		}
		text = text[i+1:]
	}
}

// quotedHost returns the name of the host that "host NAME[IP]" or "host NAME [IP]" names.
func quotedHost(text []byte) []byte {
	for {
		_, rest, ok := bytes.Cut(text, []byte("host "))
		if !ok {
			return nil
		}
		n := wordRun(rest)
		if after := bytes.TrimPrefix(rest[n:], []byte(" ")); n > 0 && len(after) > 0 && after[0] == '[' {
			return rest[:n]
		}
		text = rest
	}
}

// replyAt returns where a reply starts that other mailers quote: after a mark and perhaps a
// blank, as in "(reason: 550 5.1.1 ...)", "[550 ...]" or "after RCPT TO:<x>: 550 ...".
func replyAt(text []byte) int {
	for i := fourOrFive(text, 1); i+4 < len(text); i = fourOrFive(text, i+1) {
		if isAlnum(text[i-1]) {
			continue
		}
		rest, code, _ := cutCode(text[i:])
		if code == 0 || len(rest) == 0 {
			continue
		}
		j := i - 1
		for j > 0 && text[j] == ' ' {
			j--
		}
		if bytes.IndexByte([]byte(":[('\">"), text[j]) >= 0 {
			return i
		}
		if _, _, ok := ParseEnhanced(rest); ok {
			return i
		}
	}
	return 0
}

// ironPortAt returns where the words of a reply start that Cisco's IronPort quotes, and its code:
// "5.1.0 - Unknown address error 550-'5.7.1 ...' (delivery attempts: 0)". It says so of all that was
// refused at RCPT, whatever the cause.
func ironPortAt(text []byte) (i, code int) {
	for _, said := range [...]string{"- Unknown address error ", "- Other mail system problem "} {
		_, rest, ok := bytes.Cut(text, []byte(said))
		if !ok {
			continue
		}
		words, code, more := cutCode(rest)
		if more && len(words) > 1 && words[0] == '\'' {
			return len(text) - len(words) + 1, code
		}
	}
	return 0, 0
}

// wrapStage returns the stage that Exim names before a reply: "after RCPT TO:<...>: ".
func wrapStage(before []byte) Stage {
	_, after, ok := bytes.Cut(before, []byte("SMTP error from remote mail"))
	if !ok {
		return StageNone
	}
	_, after, _ = bytes.Cut(after, []byte(" after "))
	return StageOf(after)
}

// embedded returns the first enhanced code anywhere in a text, such as qmail's "(#5.1.1)".
func embedded(text []byte) Enhanced {
	for i := fourOrFive(text, 0); i < len(text); i = fourOrFive(text, i+1) {
		if i == 0 || !isAlnum(text[i-1]) && text[i-1] != '.' && text[i-1] != '-' {
			if e, _, ok := ParseEnhanced(text[i:]); ok {
				return e
			}
		}
	}
	return Enhanced{}
}

// decide returns the first rule whose conditions are met, and notes the words in c.matched.
// Where none is, it is the last one of this package, which knows nothing.
func (c *Classifier) decide() int {
	c.words = appendWords(c.words[:0], c.asked.folded)
	for _, p := range c.hit {
		c.found[p] = c.found[p][:0]
	}
	clear(c.todo)
	c.hit = c.hit[:0]
	c.find.find(c.words, func(pattern, end int) {
		at := span{end - len(c.patterns[pattern]), end}
		for _, p := range c.parts[pattern] {
			if len(c.found[p]) == 0 {
				c.hit = append(c.hit, p)
				for _, rule := range c.starts[p] {
					c.todo[rule] = true
				}
			}
			c.found[p] = append(c.found[p], at)
		}
	})
	for _, rule := range c.always {
		c.todo[rule] = true
	}
	for i, todo := range c.todo {
		if todo && c.meets(i) {
			return i
		}
	}
	c.matched = c.matched[:0] // by rules that were not met
	return len(c.rules) - 1
}

// meets reports whether the conditions of rule i are met.
func (c *Classifier) meets(i int) bool {
	r, a := &c.rules[i], &c.asked
	if !r.matchesCodes(a.code, a.enhanced) ||
		len(r.stages) > 0 && !slices.Contains(r.stages, a.stage) ||
		len(r.origins) > 0 && !slices.Contains(r.origins, a.origin) ||
		len(r.providers) > 0 && !slices.Contains(r.providers, a.provider) ||
		len(r.numbers) > 0 && !slices.Contains(r.numbers, a.number) {
		return false
	}
	c.matched = c.matched[:0]
	for _, alternatives := range c.texts[i] {
		if !slices.ContainsFunc(alternatives, c.occurs) {
			return false
		}
	}
	n := len(c.matched)
	if slices.ContainsFunc(c.nots[i], c.occurs) {
		return false
	}
	c.matched = c.matched[:n]
	return true
}

// occurs reports whether the parts of a phrase follow each other, and notes where.
func (c *Classifier) occurs(parts []int) bool {
	clear(c.dead)
	for _, at := range c.found[parts[0]] {
		n := len(c.matched)
		c.matched = append(c.matched, at)
		if c.follows(parts[1:], at.to) {
			return true
		}
		c.matched = c.matched[:n]
	}
	return false
}

// follows reports whether parts occur after position at, each within maxGap of the last. Where it
// has failed it is not tried again: a text may have a part very often.
func (c *Classifier) follows(parts []int, at int) bool {
	if len(parts) == 0 {
		return true
	}
	here := span{len(parts), at}
	if c.dead[here] {
		return false
	}
	for _, next := range c.found[parts[0]] {
		if next.from < at-1 || next.from > at+maxGap {
			continue
		}
		n := len(c.matched)
		c.matched = append(c.matched, next)
		if c.follows(parts[1:], next.to) {
			return true
		}
		c.matched = c.matched[:n]
	}
	if len(parts) > 1 {
		c.dead[here] = true
	}
	return false
}

// list returns the name of the DNS block list that the text names. Of a URL it is the
// list's domain.
func (c *Classifier) list() string {
	for word := range bytes.FieldsSeq(c.words) {
		if word[0] != hostMark {
			continue
		}
		word = word[1:]
		if name := c.lists.lookup(word); name != "" {
			host := string(word)
			for _, label := range [...]string{"www.", "check.", "query.", "lookup.", "bl.spamcop.net."} {
				if strings.HasPrefix(host, label) {
					return name
				}
			}
			return host
		}
	}
	return ""
}

// named returns the provider that the words name, by a host of its own or by "gsmtp", which
// ends each of Google's replies.
func (c *Classifier) named() string {
	for word := range bytes.FieldsSeq(c.words) {
		if word[0] == hostMark {
			if name := c.hosts.lookup(word[1:]); name != "" {
				return name
			}
		} else if string(word) == "gsmtp" {
			return "google"
		}
	}
	return ""
}

// providerCode returns the provider's own code in the text: a word such as S3150, Charter's
// and Cox's AUP#I-1310, or an enhanced code that means something at this provider alone.
func (c *Classifier) providerCode(provider string) string {
	b := c.asked.text
	for i := 0; i < len(b); {
		n := alnums(b[i:])
		switch {
		case n == 0:
			i++
			continue
		case string(b[i:i+n]) == "AUP" && i+n+1 < len(b) && b[i+n] == '#':
			return string(run(b[i:])) + "#" + string(run(b[i+n+1:]))
		case i == 0 || b[i-1] != '.' && b[i-1] != '-' && b[i-1] != '@':
			code := providerCode(b[i:])
			if code > 0 && hasDigit(b[i:i+code]) && (i+code == len(b) || b[i+code] != '.' && b[i+code] != '-') {
				return string(b[i : i+code])
			}
		}
		i += n
	}
	e := c.asked.enhanced
	if _, registered := e.Info(); !e.IsZero() && (!registered || provider != "" && e.Subject == 7 && e.Detail >= 20) {
		return e.String()
	}
	return ""
}

// Providers returns the names of all providers that Provider can return, sorted. The caller owns
// the slice.
func (c *Classifier) Providers() []string {
	var names []string
	for _, row := range c.engine.providers {
		names = append(names, row.name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Provider returns the name of the provider that runs a mail host, else of the one that
// runs a well-known recipient domain: "google" for "aspmx.l.google.com". domain may be an
// address. "" means unknown.
func (c *Classifier) Provider(relay, domain string) string {
	return c.provider([]byte(relay), []byte(domain))
}

func (c *Classifier) provider(relay, recipient []byte) string {
	if name := c.hosts.lookup(relay); name != "" {
		return name
	}
	return c.domains.lookup(recipient[bytes.LastIndexByte(recipient, '@')+1:])
}
