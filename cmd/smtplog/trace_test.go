package main

import (
	"bytes"
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/smtplog/smtplog/internal/fixture"
)

// traces are the awkward messages of the lab logs whose stories are kept.
var traces = []struct{ name, log, query string }{
	{"alias", "postfix.log", "382D05DF"},
	{"expired", "postfix.log", "0CEB85B2"},
	{"held", "postfix.log", "D239F6AB"},
	{"held-then-removed", "postfix.log", "5DBB8820"},
	{"discarded", "postfix.log", "AD5F9659"},
	{"deferred-then-delivered", "postfix.log", "929C7EB6"},
	{"many-recipients", "postfix.log", "E361E58E"},
	{"mixed-lmtp", "postfix.log", "B76DF693"},
	{"queued", "postfix.log", "74770107A"},
	{"given-up-by-client", "postfix.log", "7E3E362F"},
	{"too-large", "postfix.log", "CE21657F"},
	{"late-milter-reject", "postfix.log", "B709B692"},
	{"requeued", "postfix.log", "C72EE866"},
	{"tls-refused", "postfix.log", "D4CA8583"},
	{"long-reply-double-bounce", "postfix.log", "897EB852"},
	{"notice", "postfix.log", "5170E606"},
	{"refused-at-rcpt", "postfix.log", "otto.c1325t95@verify.example"},
	{"list-with-refusals", "postfix.log", "rdefer@lab.example"},
	{"exim-frozen-notice", "exim-rich.log", "1xinOu-00003b-2x"},
	{"exim-retry-time", "exim-rich.log", "1xinzU-0000VK-33"},
	{"exim-removed", "exim-rich.log", "1xip4P-0000pn-2E"},
	{"exim-cancelled", "exim-rich.log", "1xip4K-0000bn-3B"},
	{"exim-late-reject", "exim-rich.log", "1xinOv-00007M-2a"},
	{"exim-mixed", "exim-rich.log", "1xit1M-0001e6-2E"},
	{"exim-discarded", "exim-rich.log", "1xinzT-0000Sm-28"},
	{"probe", "postfix.log", "ED8D759C"},
	{"probe-undeliverable", "postfix.log", "EED0B672"},
	{"exim-discarded-before-rcpt", "exim-rich.log", "1xip4M-0000hN-2M"},
	{"exim-deferred-then-delivered", "exim-rich.log", "1xirdJ-0001N2-11"},
}

func TestTraces(t *testing.T) {
	t.Setenv("COLUMNS", "80")
	t.Chdir(fixture.Testdata(t, "logs"))
	for _, tt := range traces {
		t.Run(tt.name, func(t *testing.T) {
			got := output(t, "trace", "--year", "2026", "--tz", "UTC", tt.query, tt.log)
			golden := filepath.Join("..", "..", "cmd", "smtplog", "testdata", "trace", tt.name+".golden")
			if *update {
				if err := os.WriteFile(golden, got, 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("trace %s:\n%s\nwant\n%s", tt.query, got, want)
			}
		})
	}
}

// story is what `trace --format json` says.
type story struct {
	Found    int
	Refused  int
	Searched struct {
		Lines int
		Last  string
	}
	Verdict []struct {
		Recipient     string
		OrigRecipient string `json:"orig_recipient"`
		Outcome       string
		Sentence      string
	}
	Timeline []struct{ Raw string }
}

// trace runs `trace --format json`, with stdin where it is not empty.
func trace(t *testing.T, stdin []byte, args ...string) (s story) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	args = append([]string{"trace", "--format", "json", "--year", "2026", "--tz", "UTC"}, args...)
	if code := run(context.Background(), args, bytes.NewReader(stdin), &stdout, &stderr); code != 0 {
		t.Fatalf("smtplog %q: exit %d\n%s", args, code, stderr.String())
	}
	if err := json.Unmarshal(stdout.Bytes(), &s); err != nil {
		t.Fatalf("smtplog %q: %v\n%s", args, err, stdout.String())
	}
	return s
}

// The verdict of every 25th message is what the lab knows of it.
func TestVerdictsAgainstTruth(t *testing.T) {
	fixture.NoRace(t)
	for _, name := range []string{"postfix", "exim", "exim-rich"} {
		t.Run(name, func(t *testing.T) {
			log := fixture.Testdata(t, "logs", name+".log")
			compared := 0
			for i, f := range decodeLines[final](t, fixture.Read(t, fixture.Testdata(t, "truth", name+".truth.jsonl.gz"))) {
				want, ok := outcomes[f.Outcome]
				if i%25 != 0 || f.Type != "final" || !ok || f.QueueID == "" || want == "rejected" {
					continue
				}
				if want == "deferred" {
					want = "queued"
				}
				s := trace(t, nil, f.QueueID, log)
				var got []string
				for _, v := range s.Verdict {
					if bare(v.Recipient) == bare(f.Rcpt) || bare(v.OrigRecipient) == bare(f.Rcpt) {
						got = append(got, v.Outcome)
					}
				}
				compared++
				held := want == "queued" && slices.Contains(got, "held")
				if !slices.Contains(got, want) && !held {
					problem := " outcome " + strings.Join(got, " ") + " want " + strings.Replace(want, "queued", "deferred", 1)
					if explain(name[:4], &f, problem) == "" && explain(strings.TrimSuffix(name, "-rich"), &f, problem) == "" {
						t.Errorf("trace %s, %s (%s, %s): %v, want %s", f.QueueID, f.Rcpt, f.Outcome, f.Source, got, want)
					}
				}
			}
			if compared < 20 {
				t.Errorf("only %d verdicts compared", compared)
			}
			t.Logf("%d verdicts compared", compared)
		})
	}
}

// A stream, which is read once, gives the same story as a file.
func TestTraceOfAStream(t *testing.T) {
	fixture.NoRace(t)
	for _, tt := range traces {
		log := fixture.Testdata(t, "logs", tt.log)
		file, stream := trace(t, nil, tt.query, log), trace(t, fixture.Read(t, log), tt.query, "-")
		if len(file.Timeline) == 0 && tt.name != "list-with-refusals" && tt.name != "refused-at-rcpt" {
			t.Errorf("%s: no timeline", tt.name)
		}
		if len(file.Timeline) != len(stream.Timeline) || file.Found != stream.Found || !slices.Equal(file.Verdict, stream.Verdict) {
			t.Errorf("%s: file %d messages, %d lines, %v\nstream %d messages, %d lines, %v", tt.name,
				file.Found, len(file.Timeline), file.Verdict, stream.Found, len(stream.Timeline), stream.Verdict)
		}
	}
}

// For a queue ID that is never used again reading stops after the message has ended.
func TestTraceStops(t *testing.T) {
	s := trace(t, nil, "1xinOv-00007M-2a", fixture.Testdata(t, "logs", "exim-rich.log"))
	if s.Searched.Lines == 0 || s.Searched.Lines > 5000 {
		t.Errorf("%d lines read of 9510 for a message of the first second", s.Searched.Lines)
	}
	if s = trace(t, nil, "B709B692", fixture.Testdata(t, "logs", "postfix.log")); s.Searched.Lines != 12792 {
		t.Errorf("%d lines read of 12792 for a queue ID that may be used again", s.Searched.Lines)
	}
}

// A pass that ends early because too much is found does not hide what the list was read for, nor what
// is refused later.
func TestTraceSaysWhatItSearched(t *testing.T) {
	log := fixture.Testdata(t, "logs", "postfix.log")
	for _, since := range []string{"2026-12-30T15:00:00Z", "2026-12-30T23:00:00Z"} {
		s := trace(t, nil, "ed@partner.example", "--since", since, log)
		if want := "2026-12-30T23:54:09Z"; s.Searched.Lines != 12792 || s.Searched.Last != want {
			t.Errorf("--since %s: %+v, want 12792 lines, up to %s", since, s.Searched, want)
		}
	}
	file, stream := trace(t, nil, "@partner.example", log), trace(t, fixture.Read(t, log), "@partner.example", "-")
	if file.Refused != 152 || stream.Refused != 152 {
		t.Errorf("%d refusals in a file, %d in a stream, want 152", file.Refused, stream.Refused)
	}
}

// What a history drops it counts, and it keeps whole lines.
func TestHistoryStaysWithinItsBound(t *testing.T) {
	fixture.NoRace(t)
	var h history
	line := bytes.Repeat([]byte("x"), 1000)
	n := int64(historySize/len(line) + 5000)
	for range n {
		h.add(line)
	}
	var b bytes.Buffer
	b.ReadFrom(h.reader())
	if b.Len() > historySize || b.Len() < historySize-2*blockSize {
		t.Errorf("%d bytes kept, want about %d", b.Len(), historySize)
	}
	kept := int64(b.Len() / (len(line) + 1))
	if b.Len()%(len(line)+1) != 0 || kept+h.dropped != n {
		t.Errorf("%d lines kept and %d dropped of %d", kept, h.dropped, n)
	}
}

func TestContainsFold(t *testing.T) {
	for _, tt := range []struct {
		line, lower string
		want        bool
	}{
		{"to=<U@D.Example>, relay", "u@d.example", true},
		{"u@d.example", "u@d.example", true},
		{"@@u@d.exampl", "u@d.example", false},
		{"a@b u@d.example", "@d.example", true},
		{"ROOT", "root", true},
		{"rooroot", "root", true},
		{"roo", "root", false},
		{"", "root", false},
		{"anything", "", true},
		{"A1b-9", "1b-9", true},
	} {
		if got := containsFold([]byte(tt.line), []byte(tt.lower)); got != tt.want {
			t.Errorf("containsFold(%q, %q) = %v, want %v", tt.line, tt.lower, got, tt.want)
		}
	}
}

// containsFold is what ToLower and Contains are, on words of few letters, which hit often.
func TestContainsFoldRandomly(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	word := func(letters string, n int) []byte {
		b := make([]byte, rnd.IntN(n))
		for i := range b {
			b[i] = letters[rnd.IntN(len(letters))]
		}
		return b
	}
	for range 20_000 {
		line, lower := word("aAbB@.", 12), word("ab@.", 4)
		if got, want := containsFold(line, lower), bytes.Contains(bytes.ToLower(line), lower); got != want {
			t.Fatalf("containsFold(%q, %q) = %v, want %v", line, lower, got, want)
		}
	}
}

func TestQueries(t *testing.T) {
	for _, tt := range []struct {
		text, id, mid, address string
		unique                 bool
	}{
		{"3A1B2C3D4E", "3A1B2C3D4E", "3A1B2C3D4E", "", false},
		{"3a1b2c3d4e", "3A1B2C3D4E", "3a1b2c3d4e", "", false},
		{"4jzd110D3rzXQ", "4jzd110D3rzXQ", "4jzd110D3rzXQ", "", true},
		{"4jzd110D3rXXQ", "4jzd110D3rXXQ", "4jzd110D3rXXQ", "", false},
		{"16ZCW1-0005MB-00", "16ZCW1-0005MB-00", "16ZCW1-0005MB-00", "", true},
		{"16VDhn-000000001bo-D342", "16VDhn-000000001bo-D342", "16VDhn-000000001bo-D342", "", true},
		{"<x.Y@d.example>", "", "x.Y@d.example", "x.y@d.example", false},
		{" U@D.example ", "", "U@D.example", "u@d.example", false},
		{"@D.example", "", "@D.example", "*@d.example", false},
		{"D.example", "", "D.example", "*@d.example", false},
		{"u*@*.example", "", "u*@*.example", "u*@*.example", false},
	} {
		q, err := newQuery(tt.text)
		if err != nil || q.id != tt.id || q.mid != tt.mid || q.address != tt.address || q.unique != tt.unique {
			t.Errorf("newQuery(%q) = %+v, %v", tt.text, q, err)
		}
	}
	for _, text := range []string{"", " ", "<>", "*", "**?"} {
		if _, err := newQuery(text); err == nil {
			t.Errorf("newQuery(%q): no error", text)
		}
	}
}
