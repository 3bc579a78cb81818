package render

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mattn/go-runewidth"

	"github.com/smtplog/smtplog/aggregate"
	"github.com/smtplog/smtplog/internal/fixture"
	"github.com/smtplog/smtplog/parser"
)

// sample is the report of one of our own logs.
func sample(t testing.TB, name string, opt aggregate.Options) *aggregate.Report {
	t.Helper()
	c, err := aggregate.NewCollector(opt)
	if err != nil {
		t.Fatal(err)
	}
	p := parser.New(parser.Options{Year: 2026})
	var ev parser.Event
	for _, line := range fixture.Lines(t, fixture.Testdata(t, "logs", name)) {
		c.Add(&ev, p.Parse(line, &ev), 0)
	}
	c.Finish()
	return c.Report()
}

// No line of a text report is wider than the terminal, and nothing but text is in it.
func TestTextFits(t *testing.T) {
	for _, opt := range []aggregate.Options{{}, {Bounces: true}, {By: []aggregate.Dim{aggregate.DimDomain, aggregate.DimReply, aggregate.DimTime}}} {
		for _, name := range []string{"postfix.log", "exim-rich.log"} {
			r := sample(t, name, opt)
			for _, width := range []int{60, 80, 160} {
				var b bytes.Buffer
				if err := Report(&b, r, "table", Options{Width: width, Top: 40, Notes: []string{strings.Repeat("a note ", 40)}}); err != nil {
					t.Fatal(err)
				}
				for line := range strings.Lines(b.String()) {
					line = strings.TrimSuffix(line, "\n")
					if w := runewidth.StringWidth(line); w > width {
						t.Errorf("%s: %d columns in %d: %s", name, w, width, line)
					}
					if !shown(line) || strings.HasSuffix(line, " ") {
						t.Errorf("%s: %q", name, line)
					}
				}
			}
		}
	}
}

// Every format can be read back, and the numbers are the same in all of them.
func TestFormatsAgree(t *testing.T) {
	r := sample(t, "exim.log", aggregate.Options{})
	var b bytes.Buffer
	for _, format := range []string{"json", "ndjson"} {
		b.Reset()
		if err := Report(&b, r, format, Options{}); err != nil {
			t.Fatal(err)
		}
		if format == "ndjson" && bytes.Count(b.Bytes(), []byte("\n")) != 1 {
			t.Error("ndjson has more than one line")
		}
		var back struct {
			Schema string
			Totals map[string]int64
			Tables []struct {
				Name    string
				Columns []aggregate.Column
				Rows    [][]any
			}
		}
		if err := json.Unmarshal(b.Bytes(), &back); err != nil {
			t.Fatal(err)
		}
		if back.Schema != "smtplog.report/1" || back.Totals["recipients"] != r.Totals.Recipients || back.Totals["rejected"] != r.Totals.Rejected || len(back.Totals) != 19 {
			t.Errorf("%s: %v", format, back.Totals)
		}
		for i, table := range back.Tables {
			want := r.Tables[i]
			if table.Name != want.Name || len(table.Rows) != len(want.Rows) {
				t.Errorf("%s: table %s has %d rows, want %d", format, table.Name, len(table.Rows), len(want.Rows))
			}
			for _, row := range table.Rows {
				if len(row) != len(table.Columns) {
					t.Fatalf("%s: %d cells in %d columns", table.Name, len(row), len(table.Columns))
				}
			}
		}
	}
	for _, table := range r.Tables {
		b.Reset()
		if err := Report(&b, r, "csv", Options{Table: table.Name}); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&b).ReadAll()
		if err != nil || len(rows) != len(table.Rows)+1 || rows[0][0] != table.Columns[0].Name {
			t.Errorf("csv of %s: %d rows, %v", table.Name, len(rows), err)
		}
	}
}

// A table without rows is an empty list.
func TestNoRows(t *testing.T) {
	for format, want := range map[string]string{"json": "[\n]\n", "ndjson": "", "csv": "a\r\n"} {
		var b bytes.Buffer
		if err := Rows(&b, &aggregate.Table{Columns: []aggregate.Column{{Name: "a"}}}, format, Options{}); err != nil || b.String() != want {
			t.Errorf("%s: %q, %v, want %q", format, b.String(), err, want)
		}
	}
}

func TestPivot(t *testing.T) {
	at := func(h int) time.Time { return time.Date(2026, 11, 3, h, 0, 0, 0, time.UTC) }
	long := aggregate.Table{Name: "over_time"}
	for h := range 8 {
		ok, busy := int64(0), int64(0)
		if h == 0 || h == 7 {
			ok, busy = 5, int64(h)
		}
		long.Rows = append(long.Rows, []any{at(h), "out", "OK", ok}, []any{at(h), "local", "OK", ok}, []any{at(h), "out", "MAILBOX_BUSY", busy})
	}
	view := pivot(&long, 80)
	addBars(&view, &long)
	rows := foldEmpty(view.Rows)
	if len(rows) != 3 || rows[0][1] != int64(10) || rows[0][2] != int64(0) || rows[2][2] != int64(7) || rows[2][3] != strings.Repeat("#", barWidth) || rows[1][3] != "(6 empty)" {
		t.Errorf("got %v", rows)
	}
	// Too narrow for both: the smaller one is among the others.
	narrow := pivot(&long, 20)
	if last := narrow.Columns[len(narrow.Columns)-1].Name; last != "others" {
		t.Errorf("last column %q", last)
	}
}

// Attempts are told by their parts, and in a table that has no room for those by their sum.
func TestNarrow(t *testing.T) {
	r := sample(t, "postfix.log", aggregate.Options{})
	for _, tt := range []struct {
		table string
		width int
		want  string
	}{
		{"replies", 160, "code enhanced status reason reply deferred bounced attempts first last"},
		{"replies", 92, "code reason reply deferred bounced"},
		{"replies", 80, "code reason reply attempts"},
		{"enhanced", 80, "enhanced meaning delivered deferred bounced"},
	} {
		for i := range r.Tables {
			if table := &r.Tables[i]; table.Name == tt.table {
				head, _, _ := strings.Cut(TextTable(table.Columns, table.Rows, Options{Width: tt.width, Zone: time.UTC}), "\n")
				if got := strings.Join(strings.Fields(head), " "); got != tt.want {
					t.Errorf("%s in %d columns: %s, want %s", tt.table, tt.width, got, tt.want)
				}
			}
		}
	}
}

// A long series is cut at its beginning, where the table is one of many, and never by --top.
func TestLongSeries(t *testing.T) {
	every, err := aggregate.ParseEvery("1m")
	if err != nil {
		t.Fatal(err)
	}
	r := sample(t, "postfix.log", aggregate.Options{Every: every})
	bucket := regexp.MustCompile(`(?m)^\| 2026-12-30T(\d\d:\d\d):00Z (\| \d+ )+\|$`)
	const more = "the latest of 1,123 rows: --table over_time shows all"
	for _, tt := range []struct {
		table, first string
		rows         int
	}{{"", "22:55", 60}, {"over_time", "05:12", 1123}} {
		var b bytes.Buffer
		if err := Report(&b, r, "markdown", Options{Table: tt.table, Top: 5}); err != nil {
			t.Fatal(err)
		}
		rows := bucket.FindAllStringSubmatch(b.String(), -1)
		if n := len(rows); n != tt.rows || rows[0][1] != tt.first || rows[n-1][1] != "23:54" || strings.Contains(b.String(), more) != (tt.table == "") {
			t.Errorf("--table %q: %d rows of over_time, %q to %q", tt.table, n, rows[0][1], rows[n-1][1])
		}
	}
}

func TestWords(t *testing.T) {
	for got, want := range map[string]string{
		group(0): "0", group(999): "999", group(1000): "1,000", group(-1234567): "-1,234,567",
		percent(0, 10): "0 %", percent(1, 10_000): "<0.1 %", percent(9_999, 10_000): ">99.9 %", percent(10, 10): "100 %", percent(0, 0): "0 %",
		size(0): "0 B", size(1023): "1023 B", size(1536): "1.5 KiB", size(5 << 30): "5.0 GiB",
		span(0): "0s", span(40 * time.Millisecond): "0.04s", span(90 * time.Second): "1m30s", span(26 * time.Hour): "1d02h", span(59*time.Minute + 59*time.Second): "59m59s",
		plural(1, "file"): "1 file", plural(2, "file"): "2 files",
		cut("abcdef", 4): "abc~", cut("日本語", 5): "日本~", cut("abc", 3): "abc",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// Colour changes no column: without its sequences a coloured report is the plain one.
func TestColourTakesNoRoom(t *testing.T) {
	sequence := regexp.MustCompile("\x1b\\[[0-9;]*m")
	for _, bounces := range []bool{false, true} {
		r := labReport(t, "postfix.log", bounces)
		for _, width := range []int{80, 160} {
			var want, coloured bytes.Buffer
			for b, color := range map[*bytes.Buffer]bool{&want: false, &coloured: true} {
				if err := Report(b, r, "table", Options{Width: width, Color: color, Zone: time.UTC}); err != nil {
					t.Fatal(err)
				}
			}
			if got := sequence.ReplaceAllString(coloured.String(), ""); got != want.String() || coloured.Len() == want.Len() {
				t.Errorf("width %d: the coloured report is another one", width)
			}
		}
	}
}

// A verdict's colour goes up to the end of its first part, over the ends of lines and a clock's colons.
func TestVerdictColour(t *testing.T) {
	for _, tt := range []struct{ who, sentence, want string }{
		{"u@d.example", "Delivered by local on 2026-12-30 08:45:55, 3s after it came in.",
			"<bold>u@d.example:</> <green>Delivered by local on</>\n  <green>2026-12-30 08:45:55</>, 3s after it came\n  in.\n"},
		{"u@d.example", "Delivered (as 3A1B2C3D4E).", "<bold>u@d.example:</> <green>Delivered</> (as 3A1B2C3D4E).\n"},
		{"", "Not delivered: no such user.", "<green>Not delivered</>: no such user.\n"},
	} {
		var b bytes.Buffer
		v := verdict{who: tt.who, sentence: tt.sentence, color: green}
		v.text(&b, Options{Width: 40, Color: true})
		if got := strings.NewReplacer(bold, "<bold>", green, "<green>", plain, "</>").Replace(b.String()); got != tt.want {
			t.Errorf("got  %q\nwant %q", got, tt.want)
		}
	}
}
