package status

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/smtplog/smtplog/internal/fixture"
)

// foldTests are replies as servers give them, with made-up addresses, hosts and IDs.
var foldTests = []struct{ in, want string }{
	{"", ""},
	{"  a \t b\r\nc  ", "a b c"},
	{"550 User suspended", "550 User suspended"},

	// Addresses.
	{"550 5.1.1 <bob@example.com>: Recipient address rejected", "550 5.1.1 {address}: Recipient address rejected"},
	{"550 5.1.1 bob@example.com... No such user", "550 5.1.1 {address}... No such user"},
	{`no such user <"kim f"@example.com>`, "no such user {address}"},
	{`no such user "kim f"@example.com`, "no such user {address}"},
	{"doesn't have an account (****@example.com)", "doesn't have an account ({address})"},
	{"<jörg@bücher.example> unknown", "{address} unknown"},
	{"'bob@example.com' o'dieter@example.com.", "'{address}' {address}."},
	{"from <> to <bob>", "from <> to <bob>"},
	{"try again in 2 hour(s) {mx-us016} {mx} {x-9", "try again in {n} hour(s) {id} {mx} {x-{n}"},
	{"<<bob@example.com>>", "<{address}>"},
	{"x@", "x@"},
	{"a@b@c", "{address}@c"},

	// IP addresses and hosts.
	{"Client host [192.0.2.7] blocked using zen.example.org", "Client host {ip} blocked using zen.example.org"},
	{"host mx1.example.net[192.0.2.7]:25 said: 550 no", "host {host}.example.net{ip}:{n} said: 550 no"},
	{"[192.0.2.22      15] Our system", "[{ip} {n}] Our system"},
	{"from 2001:db8:110::11, [2001:db8::1], [IPv6:2001:db8::1] ::1.", "from {ip}, {ip}, [IPv6:{ip}] {ip}."},
	{"at 2001:db8::25: refused", "at {ip}: refused"},
	{"add::face Exception::Quota a:b:c", "add::face Exception::Quota a:b:c"},
	{"192.0.2.256 1.2.3.4.5", "{n}.{n}.{n}.{n} {n}.{ip}"},
	{"[0] - mta4141.mail.bf1.yahoo.com", "[{n}] - {host}.yahoo.com"},
	{"smtp-12.mail.example.co.uk mail.example.co.uk", "{host}.example.co.uk mail.example.co.uk"},
	{"gmail-smtp-in.l.google.com 163.com", "gmail-smtp-in.l.google.com 163.com"},
	{"listed by dnsbl-1.example.net", "listed by dnsbl-1.example.net"},
	{"STOREDRV.Deliver.Exception:QuotaExceededException", "STOREDRV.Deliver.Exception:QuotaExceededException"},

	// URLs.
	{"see https://support.google.com/mail/?p=NoSuchUser abc12-20020a17.345 - gsmtp.",
		"see https://support.google.com/{...} {id} - gsmtp."},
	{"(http://www.example.org/query/bl?ip=192.0.2.7).", "(http://www.example.org/{...})."},
	{"http://192.0.2.7:8080/x http://[2001:db8::1]/", "http://{ip}:8080/{...} http://{ip}/"},
	{"<http://x.example/?a=1&b=2>; done", "<http://x.example/{...}>; done"},
	{"http://x.example?a=1 https://x.example/ https://x.example", "http://x.example/{...} https://x.example/ https://x.example"},
	{"postmaster.example.com/errors/550.html and/or", "postmaster.example.com/{...} and/or"},
	{"see http:// www.example.com/denied", "see http:// www.example.com/{...}"},

	// Times.
	{"[2016-04-29 23:34:45 +0900] info", "[{time}] info"},
	{"2016-04-29T23:34:45.123Z 2016/04/29 23:34", "{time} {time}"},
	{"on Fri, 22 Sep 2023 01:01:01 +0000 (UTC)", "on {time} (UTC)"},
	{"Time: (Nov  2 11:59:39), Client", "Time: ({time}), Client"},
	{"Sep 22 01:01:01 2023", "{time}"},
	{"until 23:34:45", "until {time}"},
	{"1:2 Mar 3", "{n}:{n} Mar {n}"},

	// Users.
	{`unknown user: "bob"`, `unknown user: "{user}"`},
	{`unknown user: "v.none@vhost.example"`, `unknown user: "{user}"`},
	{"mailbox 'bob12345' is full", "mailbox '{user}' is full"},
	{`user "a b" "c"`, `user "a b" "c"`},

	// Codes stay.
	{"550", "550"},
	{"550-5.1.1 first 550-5.1.1 second 550 5.1.1 last", "550-5.1.1 first 550-5.1.1 second 550 5.1.1 last"},
	{`550-5.1.1 a\n550-12 b\n550 c`, `550-5.1.1 a\n550-{n} b\n550 c`},
	{"571 of 571", "571 of {n}"},
	{"421 4.7.28 Gmail has detected an unusual rate", "421 4.7.28 Gmail has detected an unusual rate"},
	{"553 5.7.1 [BL21] Connections will not be accepted", "553 5.7.1 [BL21] Connections will not be accepted"},
	{"421 4.7.0 [TSS04] Messages from 192.0.2.9 deferred - 4.16.55.1; see", "421 4.7.0 [TSS04] Messages from {ip} deferred - {ip}; see"},
	{"Client host blocked. OFR006_102 OFR_416 [102] SC-004 (S3150) E2110", "Client host blocked. OFR006_102 OFR_416 [{n}] SC-004 (S3150) E2110"},
	{"AS(201806281) AS16012609 AS(1", "AS(201806281) AS16012609 AS({n}"},
	{"use Office365 or base64", "use Office365 or base64"},

	// Opaque words and numbers.
	{"250 2.0.0 Ok: queued as F19455C3", "250 2.0.0 Ok: queued as {id}"},
	{"queued as 4cDCnd66Hyz1XPWFF", "queued as {id}"},
	{"OK id=1xin9R-00001w-3B, 1tivSh-00000000ALP-0mWt", "OK id={id}, {id}"},
	{"550 5.1.1 No such user ldE8NzE3RyeycidQ-DBxBg - nsmtp", "550 5.1.1 No such user {id} - nsmtp"},
	{"7-20020a508e47000000b0054864c701a3si879110edx.134 - gsmtp", "{id} - gsmtp"},
	{"[Nu9f9OZKLqwsa5e0lRlDLWZOPVpYEEbXi4uXt3GS/VM16Byamgn8HIQ= IP: 192.0.2.1].", "[{id} IP: {ip}]."},
	{"554 sender is rejected: 0,mx20,wKjR5bDrnoM2yNtEZVAkBg==.32467S2", "554 sender is rejected: {n},mx20,{id}"},
	{"421 mwinf5c63 ME Trop de connexions", "421 {id} ME Trop de connexions"},
	{"limit is 10240KB, 4 hours, 90%, 3.5", "limit is {n}KB, {n} hours, {n}%, {n}.{n}"},
	{"Reference [ir_h0ojnh]", "Reference [{id}]"},
	{"(10485760)", "({n})"},
	{"x-" + strings.Repeat("a.", 200) + "b end", "{id} end"},
	{"{address} {n} {x} {...}", "{address} {n} {x} {...}"},
}

func TestFold(t *testing.T) {
	for _, tt := range foldTests {
		got := string(Fold(nil, []byte(tt.in)))
		if got != tt.want {
			t.Errorf("Fold(%q)\n got %q\nwant %q", tt.in, got, tt.want)
		}
		checkFold(t, []byte(tt.in))
	}
	if got := string(Fold([]byte("x "), []byte(" 1 "))); got != "x {n}" {
		t.Errorf("Fold after %q: got %q", "x ", got)
	}
}

// checkFold checks what holds for every text.
func checkFold(t *testing.T, in []byte) {
	t.Helper()
	before := bytes.Clone(in)
	once := Fold(nil, in)
	if !bytes.Equal(in, before) {
		t.Fatalf("Fold(%q) changed its input to %q", before, in)
	}
	if slow := slowFold(in); !bytes.Equal(once, slow) {
		t.Errorf("Fold(%q)\n got %q\nwant %q", in, once, slow)
	}
	if twice := Fold(nil, once); !bytes.Equal(once, twice) {
		t.Errorf("Fold(%q)\nonce  %q\ntwice %q", in, once, twice)
	}
	if len(once) > 3*len(in) {
		t.Errorf("Fold(%q): %d bytes for %d", in, len(once), len(in))
	}
	if utf8.Valid(in) && !utf8.Valid(once) {
		t.Errorf("Fold(%q): %q is not UTF-8", in, once)
	}
	if bytes.Contains(once, []byte("  ")) || bytes.ContainsAny(once, "\t\r\n") {
		t.Errorf("Fold(%q): blanks in %q", in, once)
	}
}

func TestFoldAllocs(t *testing.T) {
	var dst []byte
	for _, tt := range foldTests {
		in := []byte(tt.in)
		dst = Fold(dst[:0], in)
		if n := testing.AllocsPerRun(100, func() { dst = Fold(dst[:0], in) }); n != 0 {
			t.Errorf("Fold(%q): %v allocs, want 0", tt.in, n)
		}
	}
}

// Folding every cut-off form, too, happens only once.
func TestFoldTruncated(t *testing.T) {
	for _, tt := range foldTests {
		for n := range min(len(tt.in), 100) {
			checkFold(t, []byte(tt.in[:n]))
			checkFold(t, []byte(tt.in[n:]))
		}
	}
}

// Over a corpus of real replies folding happens once. No two of these have one cause and
// differ in variable parts only, so their number stays.
func TestFoldCorpus(t *testing.T) {
	data, err := os.ReadFile(fixture.Shared(t, "corpora", "replies-dev.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	folded := map[string]string{}
	for line := range bytes.Lines(data) {
		var row struct{ Text string }
		if err := json.Unmarshal(line, &row); err != nil {
			t.Fatal(err)
		}
		checkFold(t, []byte(row.Text))
		fold := string(Fold(nil, []byte(row.Text)))
		if other, ok := folded[fold]; ok && other != row.Text {
			t.Logf("%q\n%q\nfold to %q", other, row.Text, fold)
		}
		folded[fold] = row.Text
	}
	t.Logf("%d texts", len(folded))
}

// Over a log, whose servers give the same replies to many, folding makes few of them.
func TestFoldLog(t *testing.T) {
	data, err := os.ReadFile(fixture.Shared(t, "lab", "logs", "postfix", "mail.log"))
	if err != nil {
		t.Fatal(err)
	}
	texts, folded := map[string]bool{}, map[string]bool{}
	var p ReplyParser
	for line := range bytes.Lines(data) {
		_, reply, ok := bytes.Cut(bytes.TrimSuffix(line, []byte(")\n")), []byte(" said: "))
		if !ok {
			continue
		}
		checkReply(t, &p, reply)
		text := p.Parse(reply).Text
		checkFold(t, text)
		texts[string(text)] = true
		folded[string(Fold(nil, text))] = true
	}
	t.Logf("%d texts fold to %d", len(texts), len(folded))
	if len(folded) > len(texts)*3/4 {
		t.Errorf("%d texts fold to %d, want three quarters of them or fewer", len(texts), len(folded))
	}
}

func FuzzFold(f *testing.F) {
	for _, tt := range foldTests {
		f.Add([]byte(tt.in))
	}
	f.Fuzz(checkFold)
}

func BenchmarkFold(b *testing.B) {
	for _, bm := range []struct{ name, in string }{
		{"short", "550 5.1.1 <bob@example.com>: Recipient address rejected: User unknown"},
		{"gmail", "550-5.1.1 The email account that you tried to reach does not exist. Please try 550-5.1.1 double-checking the recipient's email address for typos or 550-5.1.1 unnecessary spaces. For more information, go to 550 5.1.1  https://support.example/mail/?p=NoSuchUser abc12-20020a17.345 - gsmtp"},
		{"dots", strings.Repeat("a.1", 700)},
		{"blanks and codes", strings.Repeat("550 ", 500)},
		{"colons", strings.Repeat("1:", 1000)},
		{"quotes", strings.Repeat(`user"`, 400)},
	} {
		b.Run(bm.name, func(b *testing.B) {
			var dst []byte
			in := []byte(bm.in)
			b.SetBytes(int64(len(in)))
			b.ReportAllocs()
			for b.Loop() {
				dst = Fold(dst[:0], in)
			}
		})
	}
}

// Pieces of texts, joined at random, fold as by the slow way: what follows a word decides.
func TestFoldPieces(t *testing.T) {
	pieces := []string{" ", "  ", "\t", ".", ",", ":", ": ", "-", "_", "/", "(", ")", "[", "]", "<", ">", "@", "'", `"`, "`", "=", "{", "}", "::", "://",
		"a", "user", "Mailbox", "said", "said:", "mar", "Fri,", "Nov", "the", "rejected", "AS", "AS(", "OFR", "TSS04", "SC", "add", "face", "http", "https://",
		"example", "com", "co.uk", "mx1", "x.example", "dnsbl", "bob@x.example", "{n}", "{ip}", "{user}", "/{...}", `\n`, "ü", "\xff",
		"1", "12", "2024", "550", "550-", "5.1.1", "4.7", "192.0.2.7", "2001:db8::1", "23:34", ":45", "+0900", "Z", "0IH8YhE9PsaQ", "1tivSh-0007oc-5P", "300s", "ab12cd",
		strings.Repeat("z", 250), strings.Repeat("9", 250)}
	r := rand.New(rand.NewPCG(1, 2))
	for range 30000 {
		var in []byte
		for range 1 + r.IntN(9) {
			in = append(in, pieces[r.IntN(len(pieces))]...)
		}
		checkFold(t, in)
	}
}
