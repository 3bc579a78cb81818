package status

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"
)

// mustEnhanced is the code that s is; it panics if it is none.
func mustEnhanced(s string) (e Enhanced) {
	if err := e.UnmarshalText([]byte(s)); err != nil {
		panic(err)
	}
	return e
}

// replyTests are reply texts as logged; the codes of the first line are given only where
// they are not those of the deciding one.
var replyTests = []struct {
	name      string
	in        string
	code      int
	enhanced  string
	text      string
	lines     int
	stage     Stage
	firstCode int
	firstEnh  string
}{
	// One line.
	{name: "ok", in: "250 2.0.0 Ok: queued as F19455C3", code: 250, enhanced: "2.0.0", text: "Ok: queued as F19455C3"},
	{name: "rcpt", in: "550 5.1.1 User doesn't exist (in reply to RCPT TO command)",
		code: 550, enhanced: "5.1.1", text: "User doesn't exist", stage: StageRcpt},
	{name: "no enhanced code", in: "502 Command not implemented (in reply to RCPT TO command)",
		code: 502, text: "Command not implemented", stage: StageRcpt},
	{name: "code alone", in: "550", code: 550},
	{name: "code alone, stage", in: "550 (in reply to end of DATA command)", code: 550, stage: StageEndOfData},
	{name: "no words", in: "550 5.0.0  (in reply to end of DATA command)", code: 550, enhanced: "5.0.0", stage: StageEndOfData},
	{name: "two blanks", in: "421  4.7.28  unsolicited mail", code: 421, enhanced: "4.7.28", text: "unsolicited mail"},
	{name: "address at once", in: "550 5.1.1 <a@example.com>: Recipient address rejected", code: 550, enhanced: "5.1.1",
		text: "<a@example.com>: Recipient address rejected"},
	{name: "angle after code", in: "550 5.1.1<a@example.com>... User unknown", code: 550, enhanced: "5.1.1",
		text: "<a@example.com>... User unknown"},
	{name: "colon after enhanced", in: "550 5.1.1: No such user", code: 550, enhanced: "5.1.1", text: "No such user"},
	{name: "comma after enhanced", in: "550 5.7.0, Mail sending denied", code: 550, enhanced: "5.7.0", text: "Mail sending denied"},
	{name: "colon after code", in: "550: 5.2.2 <a@example.com>... Mailbox Full", code: 550, enhanced: "5.2.2",
		text: "<a@example.com>... Mailbox Full"},
	{name: "hash", in: "550 #5.1.0 Address rejected.", code: 550, enhanced: "5.1.0", text: "Address rejected."},
	{name: "hash alone", in: "#5.1.0 Address rejected.", enhanced: "5.1.0", text: "Address rejected."},
	{name: "qmail", in: "553 sorry, that domain isn't allowed (#5.7.1)", code: 553,
		text: "sorry, that domain isn't allowed (#5.7.1)"},
	{name: "milter", in: "5.7.1 milter says no", enhanced: "5.7.1", text: "milter says no"},
	{name: "wrong class", in: "550 4.2.2 Over quota", code: 550, enhanced: "4.2.2", text: "Over quota"},
	{name: "wrong class, success", in: "550 2.0.0 no", code: 550, enhanced: "2.0.0", text: "no"},
	{name: "four numbers", in: "554 5.7.1.9 Odd enhanced code", code: 554, text: "5.7.1.9 Odd enhanced code"},
	{name: "large numbers", in: "550 5.999.999 Large enhanced code", code: 550, enhanced: "5.999.999", text: "Large enhanced code"},
	{name: "not in the standard", in: "571 Message refused", code: 571, text: "Message refused"},
	{name: "599", in: "599 no", code: 599, text: "no"},
	{name: "too high", in: "650 5.7.1 no", text: "650 5.7.1 no"},
	{name: "too low", in: "150 no", text: "150 no"},
	{name: "no blank", in: "550no space after code 221 2.0.0 Bye", text: "550no space after code 221 2.0.0 Bye"},
	{name: "short", in: "55 too short 221 2.0.0 Bye", text: "55 too short 221 2.0.0 Bye"},
	{name: "four digits", in: "5500 x", text: "5500 x"},
	{name: "no code", in: "delivered to mailbox", text: "delivered to mailbox"},
	{name: "address of a host", in: "550:25 x", text: "550:25 x"},
	{name: "challenge", in: "334 VXNlcm5hbWU6 (in reply to RCPT TO command)", code: 334, text: "VXNlcm5hbWU6", stage: StageRcpt},
	{name: "second code in the text", in: "250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 2B4E9994",
		code: 250, enhanced: "2.0.0", text: "from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 2B4E9994"},

	// The stage.
	{name: "stranger's stage", in: `550 5.7.1 Rejected (policy (inner) text) see <http://x.example/?a=1&b=2>; "quoted" status=sent (in reply to RCPT TO command) (in reply to end of DATA command)`,
		code: 550, enhanced: "5.7.1", stage: StageEndOfData,
		text: `Rejected (policy (inner) text) see <http://x.example/?a=1&b=2>; "quoted" status=sent (in reply to RCPT TO command)`},
	{name: "unbalanced", in: "550 5.7.1 no :( (in reply to MAIL FROM command)", code: 550, enhanced: "5.7.1", text: "no :(", stage: StageMail},
	{name: "unbalanced, closed", in: "550 5.7.1 a) b (in reply to DATA command)", code: 550, enhanced: "5.7.1", text: "a) b", stage: StageData},
	{name: "stage not at the end", in: "550 x (in reply to RCPT TO command) y", code: 550, text: "x (in reply to RCPT TO command) y"},
	{name: "stage cut off", in: "550 x (in reply to RCPT TO com", code: 550, text: "x (in reply to RCPT TO com"},
	{name: "stage unknown", in: "550 x (in reply to XFORWARD name/address command)", code: 550, text: "x"},
	{name: "stage alone", in: "(in reply to RCPT TO command)", stage: StageRcpt},

	// More lines, joined by a blank (Postfix).
	{name: "three lines", in: "550-5.1.1 first 550-5.1.1 second 550 5.1.1 last (in reply to RCPT TO command)",
		code: 550, enhanced: "5.1.1", text: "first second last", lines: 3, stage: StageRcpt},
	{name: "greeting", in: "554-5.7.1 Access denied. 554-5.7.1 Your host is listed. 554 5.7.1 See https://postmaster.example/blocked",
		code: 554, enhanced: "5.7.1", text: "Access denied. Your host is listed. See https://postmaster.example/blocked", lines: 3},
	{name: "no enhanced codes", in: "421-gmx-ish.example (mxgmx117) Nemesis ESMTP Service not available 421-Service unavailable 421 Try again later",
		code: 421, text: "gmx-ish.example (mxgmx117) Nemesis ESMTP Service not available Service unavailable Try again later", lines: 3},
	{name: "empty lines", in: "550-5.7.26 550-5.7.26 DKIM = did not pass 550-5.7.26 550 5.7.26 see https://support.example/a",
		code: 550, enhanced: "5.7.26", text: "DKIM = did not pass see https://support.example/a", lines: 4},
	{name: "numbers in the text", in: "550-5.7.1 see rule 500 of 550 lists 550 5.7.1 end",
		code: 550, enhanced: "5.7.1", text: "see rule 500 of 550 lists end", lines: 2},
	{name: "number before a line", in: "550-5.7.1 list 550 of 600 550-5.7.1 more 550 5.7.1 end",
		code: 550, enhanced: "5.7.1", text: "list 550 of 600 more end", lines: 3},
	{name: "no enhanced, number before a line", in: "550-list 550 of 600 550-more 550 end",
		code: 550, text: "list 550 of 600 more end", lines: 3},
	{name: "callout", in: "550-Verification failed for <a@example.com> 550-Called: 192.0.2.1 550-Response: 550 5.1.1 unknown user 550 Sender verify failed",
		code: 550, text: "Verification failed for <a@example.com> Called: 192.0.2.1 Response: 550 5.1.1 unknown user Sender verify failed", lines: 4},
	{name: "cut off", in: "550-5.2.1 The email account that you tried to reach is inactive. For more",
		code: 550, enhanced: "5.2.1", text: "The email account that you tried to reach is inactive. For more"},
	{name: "cut off in a code", in: "550-5.2.1 inactive. For more 55", code: 550, enhanced: "5.2.1", text: "inactive. For more 55"},
	{name: "cut off after a code", in: "550-5.2.1 inactive. For more 550-5.2.1", code: 550, enhanced: "5.2.1", text: "inactive. For more", lines: 2},
	{name: "cut off before the last", in: "550-5.7.1 see rule 500 of 550 lists", code: 550, enhanced: "5.7.1", text: "see rule 500 of 550 lists"},
	{name: "hyphen and a name", in: "554-mx.example.com Your access has been rejected", code: 554, text: "mx.example.com Your access has been rejected"},
	{name: "codes differ", in: "450-4.2.0 first line 550 5.1.1 last line (in reply to end of DATA command)",
		code: 550, enhanced: "5.1.1", text: "first line last line", lines: 2, stage: StageEndOfData, firstCode: 450, firstEnh: "4.2.0"},
	{name: "codes differ, no first enhanced", in: "220-mail.example 421 4.2.1 Service refused",
		code: 421, enhanced: "4.2.1", text: "mail.example Service refused", lines: 2, firstCode: 220},
	{name: "codes differ, three lines", in: "450-4.2.0 a 550-5.1.1 b 550 5.1.1 c",
		code: 550, enhanced: "5.1.1", text: "a b c", lines: 3, firstCode: 450, firstEnh: "4.2.0"},
	{name: "quoted reply of another class", in: "450-4.1.1 host said: 550 5.1.1 no 450 4.1.1 try again",
		code: 450, enhanced: "4.1.1", text: "host said: 550 5.1.1 no try again", lines: 2},
	{name: "other code without enhanced", in: "450-first 550 last", code: 450, text: "first 550 last"},
	{name: "third enhanced code", in: "550-5.1.1 a 550-5.7.1 b 550 5.1.1 c", code: 550, enhanced: "5.1.1", text: "a 5.7.1 b c", lines: 3},
	{name: "enhanced code of a line between", in: "550-5.1.= a\r\n550-5.1.1\r\n550", code: 550, enhanced: "5.1.1",
		text: "5.1.= a 5.1.1", lines: 3, firstEnh: "none"},
	{name: "no hyphen, no lines", in: "450 4.2.1 receiving mail at a rate that 450 4.2.1 prevents",
		code: 450, enhanced: "4.2.1", text: "receiving mail at a rate that 450 4.2.1 prevents"},
	{name: "codes only", in: "550- 550", code: 550, lines: 2},
	{name: "hyphen only", in: "550-", code: 550},

	// More lines, joined otherwise.
	{name: "exim", in: `550-5.1.1 a\n550-5.1.1 b\n550 5.1.1 c`, code: 550, enhanced: "5.1.1", text: "a b c", lines: 3},
	{name: "exim, code in the text", in: `550-Verification failed\n550-Response: 550 5.1.1 unknown\n550 Sender verify failed`,
		code: 550, text: "Verification failed Response: 550 5.1.1 unknown Sender verify failed", lines: 3},
	{name: "exim, codes differ", in: `450-4.2.0 first line\n550 5.1.1 last line`,
		code: 550, enhanced: "5.1.1", text: "first line last line", lines: 2, firstCode: 450, firstEnh: "4.2.0"},
	{name: "exim, first empty", in: `550-\n550 x`, code: 550, text: "x", lines: 2},
	{name: "exim, success", in: `250- first\n250 2.0.0 Ok id=1xin9R-00001w-3B`, code: 250, enhanced: "2.0.0",
		text: "first Ok id=1xin9R-00001w-3B", lines: 2, firstEnh: "none"},
	{name: "last line without enhanced", in: `550-5.1.1 a\n550 b`, code: 550, enhanced: "5.1.1", text: "a b", lines: 2},
	{name: "other last line without enhanced", in: `450-4.1.1 a\n550 b`, code: 550, text: "a b", lines: 2, firstCode: 450, firstEnh: "4.1.1"},
	{name: "backslash n in the text", in: `550 see C:\new\550 x`, code: 550, text: `see C:\new\550 x`},
	{name: "proxy", in: "550-5.1.1 The account does not exist. Please try??550-5.1.1 double-checking??550 5.1.1  https://support.example/x",
		code: 550, enhanced: "5.1.1", text: "The account does not exist. Please try double-checking https://support.example/x", lines: 3},
	{name: "proxy, question", in: "550-why???550 because", code: 550, text: "why? because", lines: 2},
	{name: "line feeds", in: "550-5.1.1 a\n550 5.1.1 b\n", code: 550, enhanced: "5.1.1", text: "a b", lines: 2},
	{name: "CR LF", in: "550-5.1.1 a\r\n550-5.1.1\r\n550 5.1.1 b\r\n", code: 550, enhanced: "5.1.1", text: "a b", lines: 3},
	{name: "CR LF, first empty", in: "550-\r\n550 b", code: 550, text: "b", lines: 2},
	{name: "CR LF, no code", in: "550 5.1.1 a\r\n  b", code: 550, enhanced: "5.1.1", text: "a b"},

	// Bytes.
	{name: "UTF-8", in: "550 5.7.1 Réponse refusée – € 📧", code: 550, enhanced: "5.7.1", text: "Réponse refusée – € 📧"},
	{name: "octal", in: `550 5.7.1 R\303\251ponse`, code: 550, enhanced: "5.7.1", text: "Réponse"},
	{name: "octal, Latin-1", in: `550 5.7.1 Nicht zul\344ssig`, code: 550, enhanced: "5.7.1", text: "Nicht zul\xe4ssig"},
	{name: "octal below 0x80", in: `550 bell\007 \177 \400 \30`, code: 550, text: `bell\007 \177 \400 \30`},
	{name: "octal, two lines", in: `550-5.1.1 \303\244\n550 5.1.1 \303\266`, code: 550, enhanced: "5.1.1", text: "ä ö", lines: 2},
	{name: "blanks around", in: " \t550 5.1.1 x \r\n", code: 550, enhanced: "5.1.1", text: "x"},
}

func TestParseReply(t *testing.T) {
	var p ReplyParser
	for _, tt := range replyTests {
		want := Reply{Code: tt.code, Lines: max(tt.lines, 1), Text: []byte(tt.text), Stage: tt.stage}
		if tt.enhanced != "" {
			want.Enhanced = mustEnhanced(tt.enhanced)
		}
		want.FirstCode, want.FirstEnhanced = want.Code, want.Enhanced
		if tt.firstCode != 0 {
			want.FirstCode, want.FirstEnhanced = tt.firstCode, Enhanced{}
		}
		if tt.firstEnh != "" {
			want.FirstEnhanced = Enhanced{}
		}
		if tt.firstEnh != "" && tt.firstEnh != "none" {
			want.FirstEnhanced = mustEnhanced(tt.firstEnh)
		}
		for _, got := range []Reply{ParseReply([]byte(tt.in)), p.Parse([]byte(tt.in))} {
			if !sameReply(got, want) {
				t.Errorf("%s: ParseReply(%q)\n got %+v %q\nwant %+v %q", tt.name, tt.in, got, got.Text, want, want.Text)
			}
		}
	}
	if got := ParseReply([]byte(" \n")); got.Lines != 0 || got.Text != nil {
		t.Errorf("ParseReply of blanks: got %+v, want the zero Reply", got)
	}
}

func sameReply(r, s Reply) bool {
	same := bytes.Equal(r.Text, s.Text)
	r.Text, s.Text = nil, nil
	return same && reflect.DeepEqual(r, s)
}

// Every cut-off form of every reply is parsed without a panic.
func TestParseReplyTruncated(t *testing.T) {
	var p ReplyParser
	for _, tt := range replyTests {
		for n := range len(tt.in) {
			checkReply(t, &p, []byte(tt.in[:n]))
		}
	}
}

// checkReply checks what holds for every reply.
func checkReply(t *testing.T, p *ReplyParser, in []byte) {
	t.Helper()
	before := bytes.Clone(in)
	r := p.Parse(in)
	if !bytes.Equal(in, before) {
		t.Fatalf("Parse(%q) changed its input to %q", before, in)
	}
	for _, c := range []int{r.Code, r.FirstCode} {
		if c != 0 && (c < 200 || c > 599) {
			t.Errorf("Parse(%q): code %d", in, c)
		}
	}
	if len(r.Text) > len(in) {
		t.Errorf("Parse(%q): text %q is longer", in, r.Text)
	}
	if bytes.ContainsAny(r.Text, "\r\n") {
		t.Errorf("Parse(%q): line end in text %q", in, r.Text)
	}
	if (r.Lines == 0) != (len(trimBlanks(in)) == 0) {
		t.Errorf("Parse(%q): %d lines", in, r.Lines)
	}
	if r.Lines == 1 && (r.Code != r.FirstCode || r.FirstEnhanced != Enhanced{} && r.Enhanced != r.FirstEnhanced) {
		t.Errorf("Parse(%q): first and last differ in one line: %+v", in, r)
	}
	for _, e := range []Enhanced{r.Enhanced, r.FirstEnhanced} {
		if !e.IsZero() && !bytes.Contains(in, []byte(e.String())) {
			t.Errorf("Parse(%q): enhanced code %v is not in the text", in, e)
		}
	}
}

// A reply whose words have nothing to rewrite comes back as it was.
func TestParseReplyRoundTrip(t *testing.T) {
	words := []string{"no", "a b", "rule 500 of 600", "(x", "<a@example.com>: y (z)"}
	for _, code := range []int{211, 250, 354, 421, 550, 599} {
		for _, e := range []string{"", "2.0.0", "4.7.28", "5.999.999"} {
			for _, w := range words {
				in := fmt.Sprint(code)
				if e != "" {
					in += " " + e
				}
				in += " " + w
				r := ParseReply([]byte(in))
				if r.Code != code || r.Enhanced.String() != e || string(r.Text) != w {
					t.Errorf("ParseReply(%q): got %d %v %q", in, r.Code, r.Enhanced, r.Text)
				}
			}
		}
	}
}

func TestReplyAliases(t *testing.T) {
	in := []byte("550 5.1.1 User unknown (in reply to RCPT TO command)")
	if r := ParseReply(in); &r.Text[0] != &in[10] {
		t.Errorf("Text of %q does not alias it", in)
	}
}

func TestReplyAllocs(t *testing.T) {
	for _, tt := range replyTests {
		var p ReplyParser
		in := []byte(tt.in)
		if n := testing.AllocsPerRun(100, func() { p.Parse(in) }); n != 0 {
			t.Errorf("Parse(%q): %v allocs, want 0", tt.in, n)
		}
	}
}

// FuzzParseReply parses a text as a reply, and as an enhanced code.
func FuzzParseReply(f *testing.F) {
	for _, tt := range replyTests {
		f.Add([]byte(tt.in))
	}
	for _, tt := range enhancedTests {
		f.Add([]byte(tt.in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		checkEnhanced(t, in)
		var p ReplyParser
		checkReply(t, &p, in)
		checkReply(t, &p, in) // a used buffer makes no difference
	})
}

func BenchmarkParseReply(b *testing.B) {
	for _, bm := range []struct{ name, in string }{
		{"one line", "550 5.1.1 User doesn't exist (in reply to RCPT TO command)"},
		{"four lines", "550-5.1.1 The email account that you tried to reach does not exist. Please try 550-5.1.1 double-checking the recipient's email address for typos or 550-5.1.1 unnecessary spaces. For more information, go to 550 5.1.1  https://support.example/mail/?p=NoSuchUser abc12-20020a17.345 - gsmtp (in reply to RCPT TO command)"},
	} {
		b.Run(bm.name, func(b *testing.B) {
			var p ReplyParser
			in := []byte(bm.in)
			b.SetBytes(int64(len(in)))
			b.ReportAllocs()
			for b.Loop() {
				p.Parse(in)
			}
		})
	}
}
