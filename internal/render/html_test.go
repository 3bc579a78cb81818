package render

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/smtplog/smtplog/aggregate"
	"github.com/smtplog/smtplog/internal/fixture"
	"github.com/smtplog/smtplog/parser"
)

// labReport is the report of one of the project's logs.
func labReport(t testing.TB, name string, bounces bool) *aggregate.Report {
	t.Helper()
	c, err := aggregate.NewCollector(aggregate.Options{Bounces: bounces})
	if err != nil {
		t.Fatal(err)
	}
	p := parser.New(parser.Options{Year: 2026, Zone: time.UTC})
	var ev parser.Event
	for _, line := range fixture.Lines(t, fixture.Testdata(t, "logs", name)) {
		v := p.Parse(line, &ev)
		c.Add(&ev, v, 0)
	}
	c.Finish()
	r := c.Report()
	if r.Totals.Recipients == 0 {
		t.Fatalf("%s: no recipients", name)
	}
	return r
}

// hostileReport has what strangers write in every text of a report.
func hostileReport() *aggregate.Report {
	now := time.Date(2026, 11, 3, 4, 5, 6, 0, time.UTC)
	r := &aggregate.Report{Input: aggregate.Input{Lines: 1, Understood: 1, First: &now, Last: &now, Hosts: hostile[:1], MTAs: []string{"postfix"}},
		Filters: []aggregate.Condition{{Name: "sender", Patterns: hostile}}, Totals: aggregate.Totals{Received: 1, Recipients: 3, Delivered: 1, Bounced: 2}}
	for _, s := range append(slices.Clone(hostile), moreHostile...) {
		for _, name := range []string{"reasons", "domains", "providers", "delays", "bounces"} {
			t := aggregate.Table{Name: name, Title: s, Unit: s, Columns: []aggregate.Column{{Name: "reason", Type: "string"}, {Name: "domain", Type: "string"},
				{Name: "provider", Type: "string"}, {Name: "category", Type: "string"}, {Name: "reply", Type: "string"}, {Name: "attempts", Type: "integer"},
				{Name: "delivered", Type: "integer"}, {Name: "p50", Type: "duration"}, {Name: s, Type: "string"}}}
			t.Rows = [][]any{{s, s, s, s, s, int64(7), int64(5), time.Second, s}, {"other", "b", "c", "d", "e", int64(2), int64(1), time.Second, "f"}}
			r.Tables = append(r.Tables, t)
		}
		over := aggregate.Table{Name: "over_time", Title: s, Unit: s, Columns: []aggregate.Column{{Name: "time", Type: "time"}, {Name: "direction", Type: "string"},
			{Name: "category", Type: "string"}, {Name: "count", Type: "integer"}}}
		for i := range 3 {
			over.Rows = append(over.Rows, []any{now.Add(time.Duration(i) * time.Hour), "out", s, int64(i)})
		}
		r.Tables = append(r.Tables, over)
	}
	return r
}

var moreHostile = []string{"javascript:alert(1)", `" onload="alert(1)`, "' onmouseover='alert(1)", "</style><img src=x onerror=alert(1)>",
	"</title></svg><script>alert(1)</script>", "<!--", "]]>", "&lt;b&gt;", "{{.}}", "url(http://canary.example/x)", "data:text/html,x"}

func renderHTML(t testing.TB, r *aggregate.Report, opt Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Report(&b, r, "html", opt); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func parseHTML(t testing.TB, page []byte) *html.Node {
	t.Helper()
	doc, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// elements returns the elements of a kind below n.
func elements(n *html.Node, kind atom.Atom) (found []*html.Node) {
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && d.DataAtom == kind {
			found = append(found, d)
		}
	}
	return found
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// tablesByID returns the page's tables by the ID of their heading.
func tablesByID(t testing.TB, doc *html.Node) map[string]*html.Node {
	t.Helper()
	tables := map[string]*html.Node{}
	for _, section := range elements(doc, atom.Section) {
		if id := attr(section, "aria-labelledby"); strings.HasPrefix(id, "table-") {
			tables[id] = elements(section, atom.Table)[0]
		}
	}
	return tables
}

// Every cell of every table says what the report says.
func TestHTMLTables(t *testing.T) {
	for _, name := range []string{"postfix.log", "exim.log"} {
		for _, bounces := range []bool{false, true} {
			r := labReport(t, name, bounces)
			doc := parseHTML(t, renderHTML(t, r, Options{Top: -1}))
			tables := tablesByID(t, doc)
			for i := range r.Tables {
				want := &r.Tables[i]
				table := tables["table-"+want.Name]
				delete(tables, "table-"+want.Name)
				switch {
				case len(want.Rows) == 0:
					if table != nil {
						t.Errorf("%s: an empty table %s", name, want.Name)
					}
				case table == nil:
					t.Errorf("%s: no table %s", name, want.Name)
				case want.Name == "over_time":
					compareOverTime(t, want, table)
				default:
					compareTable(t, want, table)
				}
			}
			for id := range tables {
				t.Errorf("%s: table %s is not in the report", name, id)
			}
			compareTotals(t, &r.Totals, doc)
		}
	}
}

func rowsOf(table *html.Node) (heads []string, rows [][]*html.Node) {
	for _, th := range elements(elements(table, atom.Thead)[0], atom.Th) {
		heads = append(heads, strings.ReplaceAll(strings.TrimPrefix(textOf(th), "to "), " ", "_")) // "to 20m": an age
	}
	for _, tr := range elements(elements(table, atom.Tbody)[0], atom.Tr) {
		rows = append(rows, elements(tr, atom.Td))
	}
	return heads, rows
}

func compareTable(t *testing.T, want *aggregate.Table, table *html.Node) {
	t.Helper()
	heads, rows := rowsOf(table)
	if len(rows) != len(want.Rows) {
		t.Errorf("%s: %d rows, want %d", want.Name, len(rows), len(want.Rows))
		return
	}
	for i, c := range want.Columns {
		at := slices.Index(heads, c.Name)
		for r, row := range want.Rows {
			if at < 0 {
				if row[i] != nil && row[i] != "" && row[i] != int64(0) {
					t.Errorf("%s: the column %s is left out, row %d has %v", want.Name, c.Name, r, row[i])
				}
				continue
			}
			td := rows[r][at]
			text, ok := textOf(td), false
			switch v := row[i].(type) {
			case nil:
				ok = text == "" || text == "(none)"
			case string:
				ok = text == Text(v) || v == "" && text == "(none)"
			case int64:
				ok = attr(td, "data-v") == strconv.FormatInt(v, 10) && strings.ReplaceAll(text, ",", "") == strconv.FormatInt(v, 10)
			case float64:
				f, err := strconv.ParseFloat(attr(td, "data-v"), 64)
				ok = err == nil && f == v && text == strconv.FormatFloat(v, 'f', -1, 64)
			case time.Duration:
				f, err := strconv.ParseFloat(attr(td, "data-v"), 64)
				ok = err == nil && f == v.Seconds() && text != ""
			case time.Time:
				at, err := time.Parse(time.RFC3339, attr(elements(td, atom.Time)[0], "datetime"))
				ok = err == nil && at.Equal(v.Truncate(time.Second)) && text == v.UTC().Format("2006-01-02 15:04:05")
			}
			if !ok {
				t.Errorf("%s: row %d, %s: %q (%s), want %v", want.Name, r, c.Name, text, attr(td, "data-v"), row[i])
			}
		}
	}
}

func compareOverTime(t *testing.T, want *aggregate.Table, table *html.Node) {
	t.Helper()
	sums, got := map[string]int64{}, map[string]int64{}
	for _, row := range want.Rows {
		sums[row[2].(string)] += row[3].(int64)
	}
	heads, rows := rowsOf(table)
	for _, row := range rows {
		for i, td := range row[1:] {
			n, err := strconv.ParseInt(attr(td, "data-v"), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			got[heads[i+1]] += n
		}
	}
	for name, n := range sums {
		if got[name] != n {
			t.Errorf("over_time: %s adds up to %d, want %d", name, got[name], n)
		}
	}
}

func compareTotals(t *testing.T, want *aggregate.Totals, doc *html.Node) {
	t.Helper()
	var sum int64
	got := map[string]string{}
	for _, section := range elements(doc, atom.Section) {
		if attr(section, "aria-labelledby") != "totals" {
			continue
		}
		table := elements(section, atom.Table)[0]
		for _, tr := range elements(table, atom.Tr) {
			if th, td := elements(tr, atom.Th), elements(tr, atom.Td); len(td) > 0 {
				got[textOf(th[0])] = strings.ReplaceAll(textOf(td[0]), ",", "")
			}
		}
	}
	for name, n := range map[string]int64{"delivered": want.Delivered, "bounced": want.Bounced, "expired": want.Expired, "discarded": want.Discarded,
		"removed": want.Removed, "queued": want.Queued, "lost": want.Lost} {
		if s := got[name]; s != strconv.FormatInt(n, 10) && (n != 0 || s != "") {
			t.Errorf("totals: %s is %q, want %d", name, s, n)
		}
		sum += n
	}
	if got["recipients"] != strconv.FormatInt(want.Recipients, 10) || sum != want.Recipients {
		t.Errorf("totals: recipients %q, the parts add up to %d, want %d", got["recipients"], sum, want.Recipients)
	}
}

// The heights of the columns over time are the counts that the table has.
func TestHTMLChartOverTime(t *testing.T) {
	r := labReport(t, "postfix.log", false)
	var failed int64
	for _, table := range r.Tables {
		if table.Name == "over_time" {
			for _, row := range table.Rows {
				if row[2] != aggregate.DeliveredCategory {
					failed += row[3].(int64)
				}
			}
		}
	}
	doc := parseHTML(t, renderHTML(t, r, Options{}))
	var drawn, said float64
	var unit float64
	for _, svg := range elements(doc, atom.Svg) {
		switch attr(svg, "class") {
		case "yaxis":
			ticks := elementsNamed(svg, "text")
			a, _ := strconv.ParseFloat(attr(ticks[0], "y"), 64)
			b, _ := strconv.ParseFloat(attr(ticks[1], "y"), 64)
			n, _ := strconv.ParseFloat(textOf(ticks[1]), 64)
			unit = (a - b) / n
		case "columns":
			for _, rect := range elementsNamed(svg, "rect") {
				h, _ := strconv.ParseFloat(attr(rect, "height"), 64)
				drawn += h
				_, count, _ := strings.Cut(textOf(rect), ": ")
				n, _ := strconv.ParseFloat(strings.ReplaceAll(count, ",", ""), 64)
				said += n
			}
		}
	}
	if int64(said) != failed || failed == 0 {
		t.Errorf("the columns say %v failures, want %d", said, failed)
	}
	if got := drawn / unit; got < float64(failed)*0.999 || got > float64(failed)*1.001 {
		t.Errorf("the columns are as high as %v failures, want %d", got, failed)
	}
}

func elementsNamed(n *html.Node, name string) (found []*html.Node) {
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && d.Data == name {
			found = append(found, d)
		}
	}
	return found
}

// Nothing that a stranger wrote is more than text, and the page asks for nothing.
func TestHTMLIsSafe(t *testing.T) {
	opt := Options{Title: hostile[8], Notes: append(slices.Clone(hostile), moreHostile...)}
	var rows bytes.Buffer
	for name, page := range map[string][]byte{
		"report": renderHTML(t, hostileReport(), opt),
		"rows": func() []byte {
			e := NewEntries(&rows, "html", []aggregate.Column{{Name: "text", Type: "string"}}, opt)
			for _, s := range append(slices.Clone(hostile), moreHostile...) {
				e.Row([]any{s})
			}
			if err := e.Finish(); err != nil {
				t.Fatal(err)
			}
			return rows.Bytes()
		}(),
	} {
		doc := parseHTML(t, page)
		known := strings.Fields("html head meta link title style body a header h1 p ul li strong nav main section h2 svg rect line text desc div table caption thead tbody tfoot tr th td time figure figcaption span footer script")
		texts := map[string]bool{}
		for n := range doc.Descendants() {
			switch n.Type {
			case html.CommentNode:
				t.Errorf("%s: a comment %q", name, n.Data)
			case html.TextNode:
				texts[n.Data] = true
				if !shown(strings.ReplaceAll(n.Data, "\n", "")) {
					t.Errorf("%s: text %q", name, n.Data)
				}
			case html.ElementNode:
				if !slices.Contains(known, n.Data) {
					t.Errorf("%s: an element <%s>", name, n.Data)
				}
				for _, a := range n.Attr {
					switch {
					case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "src", a.Key == "srcset", a.Key == "action":
						t.Errorf("%s: <%s %s=%q>", name, n.Data, a.Key, a.Val)
					case a.Key == "href" && !strings.HasPrefix(a.Val, "#") && a.Val != "data:,":
						t.Errorf("%s: <%s href=%q>", name, n.Data, a.Val)
					}
				}
			}
		}
		if n := len(elements(doc, atom.Script)); n != 1 {
			t.Errorf("%s: %d scripts", name, n)
		}
		for _, s := range append(slices.Clone(hostile), moreHostile...) {
			if !texts[Text(s)] {
				t.Errorf("%s: %q is nowhere to be read", name, Text(s))
			}
		}
	}
	for _, word := range []string{"url(", "@import", "http:", "https:", "//"} {
		if strings.Contains(pageStyle, word) {
			t.Errorf("the style has %q", word)
		}
	}
}

// Headings, captions, scopes and names are there for who cannot see the page.
func TestHTMLIsAccessible(t *testing.T) {
	doc := parseHTML(t, renderHTML(t, labReport(t, "postfix.log", false), Options{}))
	ids := map[string]bool{}
	for n := range doc.Descendants() {
		if id := attr(n, "id"); id != "" {
			if ids[id] {
				t.Errorf("the ID %s twice", id)
			}
			ids[id] = true
		}
	}
	for n := range doc.Descendants() {
		for _, key := range []string{"aria-labelledby", "href"} {
			for _, id := range strings.Fields(attr(n, key)) {
				if id = strings.TrimPrefix(id, "#"); id != "data:," && !ids[id] {
					t.Errorf("<%s %s> points to %q, which is not there", n.Data, key, id)
				}
			}
		}
		if n.Data == "svg" && attr(n, "aria-hidden") != "true" && (attr(n, "role") != "img" || len(elementsNamed(n, "desc")) != 1) {
			t.Errorf("a chart without a name: %v", n.Attr)
		}
	}
	if n := len(elements(doc, atom.H1)); n != 1 {
		t.Errorf("%d h1", n)
	}
	for _, table := range elements(doc, atom.Table) {
		if caption := elements(table, atom.Caption); len(caption) != 1 || textOf(caption[0]) == "" {
			t.Errorf("a table without a caption")
		}
		for _, th := range elements(table, atom.Th) {
			if attr(th, "scope") == "" {
				t.Errorf("a heading without a scope: %q", textOf(th))
			}
		}
	}
	if attr(elements(doc, atom.Html)[0], "lang") == "" {
		t.Error("no language")
	}
}
