package render

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// What strangers write into logs.
var hostile = []string{
	"\x1b[2J\x1b[31mred\x1b]0;title\x07",
	"a\x00b\x7f\u009b31m",
	"\u202egpj.exe\u2066x\u2069",
	"zero\u200bwidth\ufeff\u00ad",
	"line\nfeed\r\ntab\t",
	"bad \xff\xfe utf-8 \xc3",
	"=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "|x", "%x",
	"<script>alert(1)</script>",
	"| cell | `code` **bold** [x](y) \\",
	`"quoted", \escaped\`,
	"\U000e0041tag\U0010ffff",
	"\u2028\u2029", "\u2001\u00a0", "\ufffd",
	"no\u115f\u1160\u3164\uffa0ink\u17b4\u034f\ufe0f\u2800\U000e0100",
	"\u0338mark", "pile" + strings.Repeat("\u0300\u0489", 50),
	"plain grüße 日本",
}

// shown tells whether every character of s is one that a terminal only prints, and that can be
// seen. U+FFFD is one, where it stands for itself.
func shown(s string) bool {
	for _, r := range s {
		if !unicode.IsPrint(r) || strings.ContainsRune("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0", r) || r >= 0xfe00 && r <= 0xfe0f || r >= 0xe0000 {
			return false
		}
	}
	return utf8.ValidString(s)
}

func TestTextShowsEverything(t *testing.T) {
	for _, s := range hostile {
		if got := Text(s); !shown(got) {
			t.Errorf("Text(%q) = %q", s, got)
		}
		if got := Markdown(s); !shown(got) || strings.ContainsAny(strings.ReplaceAll(got, `\|`, ""), "|<>") {
			t.Errorf("Markdown(%q) = %q", s, got)
		}
	}
	for in, want := range map[string]string{
		"plain grüße 日本": "plain grüße 日本", "\x1b[31m": `\x1b[31m`, "\u202e": `\u202e`, "\xff": `\xff`,
		"a\tb\nc": `a\tb\nc`, "\u0301e\u0301": `\u0301e` + "\u0301", "กี่": "กี่", "\u05e9\u05c1\u05b8\u0591": "\u05e9\u05c1\u05b8\u0591",
		"e" + strings.Repeat("\u0301", 6): "e" + strings.Repeat("\u0301", 4) + `\u0301\u0301`, "\u3164\ufe0f\u2800": `\u3164\ufe0f\u2800`,
		"\U000e0041": `\U000e0041`, "\U0010ffff": `\U0010ffff`,
	} {
		if got := Text(in); got != want {
			t.Errorf("Text(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestJSONString(t *testing.T) {
	for _, s := range hostile {
		b := appendString(nil, s)
		if !shown(string(b)) || strings.Contains(string(b), strings.Repeat("\u0300\u0489", 3)) || strings.Contains(string(b), "\"\u0338") {
			t.Errorf("%q is written as %s", s, b)
		}
		var back string
		if err := json.Unmarshal(b, &back); err != nil {
			t.Errorf("%q: %v in %s", s, err, b)
		}
		if utf8.ValidString(s) && back != s {
			t.Errorf("%q came back as %q", s, back)
		}
	}
}

func TestCSVIsSafe(t *testing.T) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	for _, s := range hostile {
		w.Write([]string{CSV(s)})
	}
	w.Flush()
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(rows) != len(hostile) {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for i, row := range rows {
		if strings.ContainsAny(row[0][:1], "=+-@|%\t\r") || !shown(row[0]) {
			t.Errorf("%q is written as %q", hostile[i], row[0])
		}
	}
}

// FuzzText writes a stranger's text in every way there is, lists among them.
func FuzzText(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	for _, s := range []string{"joe@d.example", "joe@bücher.example", "a\n#b@d.example", `"a b"@d`, "x@xn--a", "\u2028@d.example"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		checkList(t, s)
		if got := Text(s); !shown(got) {
			t.Errorf("Text(%q) = %q", s, got)
		}
		b := appendString(nil, s)
		if !shown(string(b)) || !json.Valid(b) {
			t.Errorf("%q is written as %q", s, b)
		}
		if c := CSV(s); c != "" && strings.ContainsAny(c[:1], "=+-@|%") {
			t.Errorf("CSV(%q) = %q", s, c)
		}
	})
}
