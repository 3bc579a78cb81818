package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"

	"github.com/smtplog/smtplog/aggregate"
	"github.com/smtplog/smtplog/internal/fixture"
	"github.com/smtplog/smtplog/parser"
	"github.com/smtplog/smtplog/status"
)

var hostilePlace = regexp.MustCompile(`\{[a-z]+\}`)

// hostileLog is the log of testdata/hostile for an MTA with words in its places.
func hostileLog(t testing.TB, mta string, words func(place string) string) string {
	t.Helper()
	var b strings.Builder
	for _, line := range fixture.Lines(t, hostileOriginal(t, mta)) {
		text := string(line)
		at := 0
		for _, span := range hostilePlace.FindAllStringIndex(text, -1) {
			place := text[span[0]+1 : span[1]-1]
			quoted := mta == "exim" && strings.HasSuffix(text[:span[0]], `="`) || strings.HasSuffix(text[:span[0]], "failed: ") ||
				strings.Contains(text[at:span[0]], ` C="`)
			b.WriteString(text[at:span[0]] + asLogged(mta, place, words(place), quoted))
			at = span[1]
		}
		b.WriteString(text[at:] + "\n")
	}
	return b.String()
}

// hostileOriginal is the log with places for strangers' words.
func hostileOriginal(t testing.TB, mta string) string {
	name, _, _ := strings.Cut(mta, ",")
	return fixture.Testdata(t, "hostile", name+".log")
}

// asLogged is what an MTA writes for a stranger's words: an address is quoted where it has to
// be (RFC 5321 4.1.2), a line feed cannot come through; everything else is as it came.
func asLogged(mta, place, s string, quoted bool) string {
	escape := strings.NewReplacer(`"`, `\"`, `\`, `\\`).Replace
	domain, address := map[string]string{"sender": "@b.example", "other": "@y.example", "recipient": "@x.example", "original": "@x.example",
		"final": "@x.example", "argument": "@x.example", "id": "@x.example"}[place]
	switch {
	case address && (place != "id" || mta == "exim"):
		plain := s + domain
		if !dotAtom.MatchString(s) {
			s = `"` + escape(s) + `"`
		}
		switch s += domain; {
		case mta == internal:
			s = plain
		case place == "final" && s != plain: // without its quotes, and the original address after it
			s = plain + " <" + s + ">"
		}
	case quoted:
		s = escape(s)
	}
	if mta == "exim" {
		return strings.ReplaceAll(s, "\n", `\n`)
	}
	return strings.ReplaceAll(s, "\n", "#012")
}

var dotAtom = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+([.][A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$")

// internal is a Postfix that logs addresses without the quotes of their local parts, as all did
// before 3.5.
const internal = "postfix, internal"

// hostileCounts is what a log says apart from strangers' words.
type hostileCounts struct {
	Totals   aggregate.Totals
	Lines    [3]int64 // understood, ignored, unknown
	Events   []hostileEvent
	Messages string
}

type hostileEvent struct {
	Kind              parser.Kind
	QueueID, Enhanced string
	Code              int
	Direction         parser.Direction
	Relay             string
	Sender, Recipient string
}

func countHostile(t testing.TB, log string) (c hostileCounts) {
	t.Helper()
	var messages []string
	all, err := aggregate.NewCollector(aggregate.Options{Classifier: hostileClassifier(), Release: func(m *aggregate.Message) {
		text := fmt.Sprint(m.QueueID, m.State, m.Source, m.NotificationOf, m.Announced, m.Size)
		for i := range m.Recipients {
			text += " " + m.Recipients[i].Outcome.String()
		}
		messages = append(messages, text)
	}})
	if err != nil {
		t.Fatal(err)
	}
	p := parser.New(parser.Options{Year: 2026})
	p.Prime([]byte(log))
	var ev parser.Event
	for line := range strings.Lines(log) {
		v := p.Parse([]byte(strings.TrimSuffix(line, "\n")), &ev)
		all.Add(&ev, v, 0)
		c.Events = append(c.Events, hostileEvent{ev.Kind, string(ev.QueueID), ev.Enhanced.String(), ev.Code, ev.Direction,
			string(ev.Relay.IP), string(ev.Sender), string(ev.Recipient)})
	}
	all.Finish()
	in := all.Report().Input
	c.Totals, c.Lines = all.Report().Totals, [3]int64{in.Understood, in.Ignored, in.Unknown}
	c.Messages = strings.Join(messages, "\n")
	return c
}

// hostileClassifier is made once: it takes longer than a log.
var hostileClassifier = sync.OnceValue(func() *status.Classifier { return status.NewClassifier() })

// TestHostileTextForgesNothing puts each text into each place. What is counted must be what
// the honest twin says, and the addresses must be those in their places.
func TestHostileTextForgesNothing(t *testing.T) {
	fixture.NoRace(t)
	t.Parallel()
	texts := append(fixture.HostileTexts(t), strings.Repeat(`a <b) [d"`, 1<<20/9)+"; from=<c", strings.Repeat("; from=<c", 100))
	for _, mta := range []string{"postfix", internal, "exim"} {
		raw, err := os.ReadFile(hostileOriginal(t, mta))
		if err != nil {
			t.Fatal(err)
		}
		places := slices.Compact(slices.Sorted(slices.Values(hostilePlace.FindAllString(string(raw), -1))))
		honest := countHostile(t, hostileLog(t, mta, func(place string) string { return "plain" }))
		if honest.Lines[2] > 0 || honest.Totals.Recipients < 4 || honest.Totals.Rejected < 4 {
			t.Fatalf("%s: a poor original: %v %v", mta, honest.Lines, honest.Totals)
		}
		for _, place := range places {
			t.Run(mta+"/"+place, func(t *testing.T) {
				for _, text := range texts {
					log := hostileLog(t, mta, func(p string) string {
						if "{"+p+"}" == place {
							return text
						}
						return "plain"
					})
					got := countHostile(t, log)
					if problem := honest.differs(&got, mta, place); problem != "" {
						t.Errorf("%.200q: %.3000s", text, problem)
					}
				}
			})
		}
	}
}

// differs says where the counts of a hostile log are not those of c, its twin, "" if nowhere.
func (c *hostileCounts) differs(got *hostileCounts, mta, place string) string {
	if mta == internal {
		return c.differsInternally(got)
	}
	if c.Lines != got.Lines {
		return fmt.Sprintf("lines understood, ignored, unknown %v, want %v", got.Lines, c.Lines)
	}
	if len(c.Events) != len(got.Events) {
		return fmt.Sprintf("%d events, want %d", len(got.Events), len(c.Events))
	}
	for i, want := range c.Events {
		got := got.Events[i]
		switch place { // the words themselves differ
		case "{sender}", "{recipient}", "{original}", "{other}", "{final}":
			got.Sender, want.Sender, got.Recipient, want.Recipient = "", "", "", ""
		case "{reply}", "{subject}": // an enhanced code may be the words of it
			if want.Enhanced == "" {
				got.Enhanced = ""
			}
			if want.Kind == parser.Rejected && want.Code/100 == got.Code/100 {
				got.Code = want.Code
			}
		case "{helo}": // the text of a warning may be the words of it
			if want.Kind == parser.Warning {
				got.Code, got.Enhanced = want.Code, want.Enhanced
			}
		}
		if got != want {
			return fmt.Sprintf("event %d\n%+v, want\n%+v", i, got, want)
		}
	}
	if c.Messages != got.Messages {
		return fmt.Sprintf("messages\n%s, want\n%s", got.Messages, c.Messages)
	}
	if c.Totals != got.Totals {
		return fmt.Sprintf("totals\n%+v, want\n%+v", got.Totals, c.Totals)
	}
	return ""
}

// differsInternally is differs for a log of addresses without quotes, in which a recipient can
// imitate the outcome of its own attempt and a sender the rest of its own refusal: everything
// else must be as in c.
func (c *hostileCounts) differsInternally(got *hostileCounts) string {
	if c.Lines != got.Lines || len(c.Events) != len(got.Events) {
		return fmt.Sprintf("lines understood, ignored, unknown %v, want %v", got.Lines, c.Lines)
	}
	attempt := func(k parser.Kind) bool {
		return slices.Contains([]parser.Kind{parser.Delivered, parser.Bounced, parser.Deferred, parser.Discarded, parser.Expired}, k)
	}
	for i, want := range c.Events {
		if got := got.Events[i]; got.QueueID != want.QueueID || got.Kind != want.Kind && !(attempt(got.Kind) && attempt(want.Kind)) {
			return fmt.Sprintf("event %d\n%+v, want\n%+v", i, got, want)
		}
	}
	counts := func(t aggregate.Totals) []int64 {
		return []int64{t.Received, t.Recipients, t.Rejected, t.Connections, t.Notifications, t.Forwarded, t.Held, t.BytesReceived, t.Lost}
	}
	if want, got := counts(c.Totals), counts(got.Totals); !slices.Equal(want, got) {
		return fmt.Sprintf("totals %v, want %v", got, want)
	}
	return ""
}

// hostileFiles writes the logs of testdata/hostile once for each text, with queue IDs of their
// own, and returns their paths. The names of the files are hostile, too.
func hostileFiles(t testing.TB) (paths []string) {
	t.Helper()
	dir := t.TempDir()
	texts := append(fixture.HostileTexts(t), "plain", strings.Repeat("long \x1b[31m<b>|\u202e", 500))
	for mta, id := range map[string]string{"postfix": "3A1B2C", "exim": "1xinOu"} {
		var all strings.Builder
		for i, text := range texts {
			log := hostileLog(t, mta, func(string) string { return text })
			all.WriteString(strings.ReplaceAll(log, id, fmt.Sprintf("%06X", 0xA00000+i)))
		}
		path := filepath.Join(dir, mta+" \x1b]0;x\a\n\u202e<b>|\xff.log")
		if err := os.WriteFile(path, []byte(all.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

// TestHostileTextInEveryOutput has every command write every format of a log of hostile text,
// and reads it again as its reader would.
func TestHostileTextInEveryOutput(t *testing.T) {
	fixture.NoRace(t)
	if runtime.GOOS == "windows" {
		t.Skip("no file can have such a name there")
	}
	t.Parallel()
	paths := hostileFiles(t)
	tables := []string{"table", "json", "ndjson", "csv", "markdown", "html"}
	commands := []struct {
		formats []string
		args    []string
	}{
		{tables, []string{"report", "--top", "1000"}},
		{tables, []string{"report", "--by", "sender,recipient,user,client,relay,host,reply", "--top", "2000"}},
		{[]string{"table", "csv"}, []string{"report", "--table", "replies", "--top", "1000"}},
		{[]string{"table", "markdown"}, []string{"report", "--table", "senders", "--top", "1000"}},
		{[]string{""}, []string{"report", "--mail"}},
		{tables, []string{"bounces", "--top", "1000"}},
		{tables, []string{"bounces", "--per-sender"}},
		{append(slices.Clone(tables), "postfix", "exim", "list"), []string{"bounces", "--suppress", "--min-confidence", "0.01", "--suppress-after", "user_unknown=1"}},
		{tables, []string{"messages"}},
		{tables, []string{"events"}},
		{tables[:2], []string{"trace", "A00001-000021-1r"}},
		{tables[:2], []string{"trace", "A0000F3D41"}},
		{tables[:2], []string{"trace", "*@x.example"}},
		{tables[:2], []string{"check", "--since", "2026-01-01", "--max", "bounced=1"}},
		{tables[:2], []string{"doctor"}},
		{append(slices.Clone(tables), "plain"), []string{"tail", "--once"}},
	}
	for _, c := range commands {
		for _, format := range c.formats {
			t.Run(strings.Join(append(c.args, format), " "), func(t *testing.T) {
				args := append(slices.Clone(c.args), "--tz", "UTC", "--year", "2026")
				if format == "plain" {
					args = append(args, "--plain")
				} else if format != "" {
					args = append(args, "--format", format)
				}
				if format == "table" && c.args[0] != "check" {
					args = append(args, "--color", "always")
				}
				code, stdout, stderr := smtplog(t, "", append(args, paths...)...)
				if code != 0 && c.args[0] != "check" || stdout == "" {
					t.Fatalf("exit %d: %q", code, stderr)
				}
				wantShown(t, "stderr", stderr)
				if c.args[len(c.args)-1] == "--mail" {
					_, parts := mailParts(t, stdout)
					stdout = parts["text/plain"]
					wantHTML(t, parts["text/html"])
				}
				switch format {
				case "json":
					wantShown(t, "stdout", stdout)
					wantJSON(t, stdout)
				case "ndjson":
					wantShown(t, "stdout", stdout)
					for line := range strings.Lines(stdout) {
						wantJSON(t, line)
					}
				case "csv":
					wantShown(t, "stdout", strings.ReplaceAll(stdout, "\r\n", "\n"))
					wantCSV(t, stdout)
				case "markdown":
					wantShown(t, "stdout", stdout)
					wantMarkdown(t, stdout)
				case "html":
					wantHTML(t, stdout)
				case "postfix", "exim":
					wantShown(t, "stdout", strings.ReplaceAll(stdout, "\t", " "))
					wantKeys(t, stdout)
				default:
					wantShown(t, "stdout", stdout)
				}
			})
		}
	}
}

// wantShown wants text that a terminal only prints: our colours, line feeds and what can be
// seen. Read as a terminal reads it, it is what stands there but for the colours.
func wantShown(t *testing.T, where, text string) {
	t.Helper()
	if got := fixture.Printed(t, where, text); got != ownColour.ReplaceAllString(text, "") {
		t.Errorf("%s: a terminal shows something else", where)
	}
}

var ownColour = regexp.MustCompile(`\x1b\[[0-9]*m`)

func wantJSON(t *testing.T, text string) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	var v any
	if err := d.Decode(&v); err != nil || d.More() {
		t.Fatalf("%v, or more than one value: %.200s", err, text)
	}
}

func wantCSV(t *testing.T, text string) {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll() // wants as many fields in each row
	if err != nil || len(rows) < 2 {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	for _, row := range rows {
		for _, cell := range row {
			if _, err := strconv.ParseFloat(cell, 64); cell != "" && err != nil && strings.ContainsRune("=+-@|%\t\r", rune(cell[0])) {
				t.Errorf("a formula: %q", cell)
			}
		}
	}
}

// wantMarkdown wants tables whose rows have as many cells as the line below their header, and
// no markup in them (GitHub Flavored Markdown 4.10, CommonMark 6).
func wantMarkdown(t *testing.T, text string) {
	t.Helper()
	escaped := regexp.MustCompile(`\\\\|\\[|\[\]_*~<>#!\x60]`)
	cells, rows := 0, 0
	for line := range strings.Lines(text) {
		line = escaped.ReplaceAllString(strings.TrimSuffix(line, "\n"), "")
		if !strings.HasPrefix(line, "|") {
			cells = 0
			continue
		}
		rows++
		if n := strings.Count(line, "|"); cells == 0 {
			cells = n
		} else if n != cells {
			t.Fatalf("%d cells in a table of %d: %.300s", n-1, cells-1, line)
		}
		if strings.ContainsAny(line, "<>[]`*") {
			t.Fatalf("markup: %.300s", line)
		}
	}
	if rows < 3 {
		t.Error("no table")
	}
}

// wantHTML wants a page whose elements and attributes are ours.
func wantHTML(t *testing.T, text string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Error("not valid UTF-8")
	}
	doc, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	scripts := 0
	for n := range doc.Descendants() {
		switch n.Type {
		case html.CommentNode:
			t.Errorf("a comment: %.100q", n.Data)
		case html.TextNode:
			for _, r := range n.Data {
				if r != '\n' && r != '\t' && (!unicode.IsPrint(r) || unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)) && n.Parent.Data != "script" && n.Parent.Data != "style" {
					t.Fatalf("%q is not escaped: %.100q", r, n.Data)
				}
			}
		case html.ElementNode:
			switch n.Data {
			case "script":
				scripts++
			case "img", "iframe", "object", "embed", "form", "base", "b":
				t.Errorf("an element %s", n.Data)
			}
			for _, a := range n.Attr {
				if strings.HasPrefix(a.Key, "on") || a.Key == "src" || a.Key == "href" && a.Val != "data:," && a.Val[0] != '#' || a.Key == "http-equiv" && a.Val != "Content-Security-Policy" {
					t.Errorf("an attribute %s=%q of %s", a.Key, a.Val, n.Data)
				}
			}
		}
	}
	if scripts > 1 {
		t.Errorf("%d scripts", scripts)
	}
}

// wantKeys wants lines of a map whose keys are plain addresses.
func wantKeys(t *testing.T, text string) {
	t.Helper()
	key := regexp.MustCompile(`^[A-Za-z0-9_.+=-]+@[xy]\.example(\t550 5\.1\.1 Suppressed|): `)
	for line := range strings.Lines(text) {
		if line[0] != '#' && !key.MatchString(line) && !strings.Contains(line, "@d.example") && !strings.Contains(line, "@b.example") {
			t.Errorf("%q", line)
		}
	}
}

// TestLongChains has messages of a chain of thousands of queue IDs, and of a loop, told: each
// once, with what became of its end. Where each waited for each in turn this took hours.
func TestLongChains(t *testing.T) {
	fixture.NoRace(t)
	const n = 3000
	for name, last := range map[string]int{"chain": n, "loop": 0} {
		var b strings.Builder
		for i := range n {
			next := i + 1
			if next == n {
				next = last
			}
			fmt.Fprintf(&b, "Nov  3 04:00:00 mx postfix/cleanup[12]: %010X: message-id=<x@b.example>\n"+
				"Nov  3 04:00:00 mx postfix/local[14]: %010[1]X: to=<u@d.example>, relay=local, delay=2, delays=0/0/1/1, dsn=2.0.0, status=sent (forwarded as %010X)\n"+
				"Nov  3 04:00:00 mx postfix/qmgr[13]: %010[1]X: removed\n", 0xA000000000+int64(i), 0xA000000000+int64(next))
		}
		fmt.Fprintf(&b, "Nov  3 04:00:01 mx postfix/smtp[14]: %010X: to=<u@d.example>, relay=mx.d.example[198.51.100.2]:25, delay=2, delays=0/0/1/1, dsn=5.1.1, status=bounced (host mx.d.example[198.51.100.2] said: 550 5.1.1 no (in reply to RCPT TO command))\n", 0xA000000000+int64(n))
		code, stdout, stderr := smtplog(t, b.String(), "messages", "--year", "2026", "-")
		if code != exitDone || stderr != "" {
			t.Fatalf("%s: exit %d, %s", name, code, stderr)
		}
		seen := map[string]bool{}
		for line := range strings.Lines(stdout) {
			var m struct {
				QueueID string `json:"queue_id"`
			}
			if err := json.Unmarshal([]byte(line), &m); err != nil || seen[m.QueueID] {
				t.Fatalf("%s: %v, or %s twice", name, err, m.QueueID)
			}
			seen[m.QueueID] = true
			if name == "chain" && !strings.Contains(line, `"outcome":"bounced"`) {
				t.Errorf("%s: not how it ended: %s", m.QueueID, line)
			}
		}
		if len(seen) != n+1 {
			t.Errorf("%s: %d messages, want %d", name, len(seen), n+1)
		}
	}
}

// TestHostileTextExplained has replies of strangers explained.
func TestHostileTextExplained(t *testing.T) {
	t.Setenv("COLUMNS", "100")
	var in strings.Builder
	texts := fixture.HostileTexts(t)
	for _, s := range texts {
		code, stdout, stderr := smtplog(t, "", "explain", "--", s)
		want := exitDone
		if strings.TrimSpace(s) == "" {
			want = exitUsage
		}
		if code != want && s != "-" || stdout+stderr == "" {
			t.Errorf("%q: exit %d", s, code)
		}
		wantShown(t, s, stdout+stderr)
		in.WriteString("550 5.1.1 " + strings.ReplaceAll(s, "\n", " ") + "\n")
	}
	for _, format := range []string{"table", "json", "ndjson"} {
		code, stdout, stderr := smtplog(t, in.String(), "explain", "--format", format, "-")
		if code != exitDone || stderr != "" {
			t.Fatalf("%s: exit %d, %s", format, code, stderr)
		}
		wantShown(t, format, stdout)
		switch format {
		case "json":
			wantJSON(t, stdout)
		case "ndjson":
			if n := strings.Count(stdout, "\n"); n != len(texts) {
				t.Errorf("%d answers, want %d", n, len(texts))
			}
			for line := range strings.Lines(stdout) {
				wantJSON(t, line)
			}
		}
	}
}

// TestHostileFiles wants that what a file is named and what it holds can be told, whole, in one
// line of a message, and that nothing of it is believed.
func TestHostileFiles(t *testing.T) {
	fixture.NoRace(t)
	if runtime.GOOS == "windows" {
		t.Skip("no file can have such a name there")
	}
	dir := t.TempDir()
	log := fixture.Testdata(t, "hostile", "exim.log")
	texts := fixture.HostileTexts(t)
	t.Chdir(dir)
	for i, text := range texts {
		name := strings.NewReplacer("/", "_", "\x00", "_").Replace(text)
		path := filepath.Join(dir, fmt.Sprint(i), name[:min(len(name), 200)])
		if filepath.Clean(path) != path || os.MkdirAll(filepath.Dir(path), 0o700) != nil {
			continue
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			continue // not every file system takes every name
		}
		all := [][]string{
			{path}, {path + "x"}, {"doctor", path}, {"tail", "--once", path + "x"}, {"trace", "x", path},
			{"--config", path, log}, {"--rules", path, log}, {"explain", "--test", path}, {"explain", "--rules", path + "x", "x"},
			{"bounces", "--compare", path, log}, {"bounces", "--suppress", "--previous", path, log}, {"bounces", "--suppress", "--allow", path + "x", log},
			{"tail", "--once", "--checkpoint", path, log}, {"-o", filepath.Join(path, "x"), log}, {"tail", "--once", "--checkpoint", path + "x/x", log},
			{text + "x"}, {"--tz", text, log}, {"--by", text + "x", log}, {"--since", text, log}, {"--status", text, log},
			{"check", "--max", text, log}, {"--" + text, log}, {"--event", text, log}, {"trace", text, log}, {"--domain", text, log},
		}
		for _, args := range [][]string{all[2*i%len(all)], all[(2*i+1)%len(all)]} { // all would take minutes
			code, stdout, stderr := smtplog(t, "", append(args, "--year=2026", "--no-progress")...)
			where := fmt.Sprintf("%.300q", args)
			wantShown(t, where, stdout+stderr)
			for line := range strings.Lines(stderr) {
				if !strings.HasPrefix(line, "smtplog: ") {
					t.Errorf("%s: a line of its own: %q", where, line)
				}
			}
			if code != exitDone && stderr == "" && !strings.HasPrefix(stdout, "UNKNOWN") {
				t.Errorf("%s: exit %d without a word", where, code)
			}
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != text {
			t.Errorf("%q: the file has been changed to %.100q", path, b)
		}
	}
}
