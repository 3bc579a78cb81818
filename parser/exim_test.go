package parser

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// eximTest is a line as Exim writes it after its stamp, and what it means in the words of
// eximString.
type eximTest struct{ name, line, want string }

// eximString writes an event as "kind key=value ..."; what is absent is left out.
func eximString(ev *Event) string {
	b := []byte(ev.Kind.String())
	text := func(key, s string) {
		if s != "" {
			b = fmt.Appendf(b, " %s=%s", key, s)
		}
	}
	flag := func(key string, set bool) {
		if set {
			b = fmt.Appendf(b, " %s", key)
		}
	}
	peer := func(key string, p Peer) {
		if p.Name != nil || p.IP != nil || p.Helo != nil {
			b = fmt.Appendf(b, " %s=%s|%s|%d|%s", key, p.Name, p.IP, p.Port, p.Helo)
		}
	}
	text("severity", ev.Severity.String())
	text("dir", ev.Direction.String())
	text("origin", ev.Origin.String())
	text("stage", ev.Stage.String())
	flag("not-attempted", ev.NotAttempted)
	flag("late", ev.Late)
	flag("continued", ev.Continued)
	text("id", string(ev.QueueID))
	text("msgid", string(ev.MessageID))
	text("from", string(ev.Sender))
	text("to", string(ev.Recipient))
	text("orig", string(ev.OrigRecipient))
	text("for", string(ev.Recipients))
	peer("client", ev.Client)
	text("user", string(ev.User))
	peer("relay", ev.Relay)
	if ev.Has&HasSize != 0 {
		b = fmt.Appendf(b, " size=%d", ev.Size)
	}
	if ev.Has&HasNRcpt != 0 {
		b = fmt.Appendf(b, " nrcpt=%d", ev.NRcpt)
	}
	if ev.Has&HasDelay != 0 {
		b = fmt.Appendf(b, " delay=%v", ev.Delay)
	}
	text("tls", string(ev.TLS))
	if ev.Code != 0 {
		b = fmt.Appendf(b, " code=%d", ev.Code)
	}
	if ev.CodeInferred != 0 {
		b = fmt.Appendf(b, " inferred=%d", ev.CodeInferred)
	}
	if e := ev.Enhanced; e.Class != 0 {
		b = fmt.Appendf(b, " enhanced=%d.%d.%d", e.Class, e.Subject, e.Detail)
	}
	text("next", string(ev.NextQueueID))
	text("prev", string(ev.PrevQueueID))
	text("detail", string(ev.Detail))
	text("text", string(ev.Text))
	return string(b)
}

// eximParse parses a line behind Exim's stamp without the frame reader.
func eximParse(p *Parser, line []byte, ev *Event) bool {
	f := frame{line: line, msg: line, native: true, time: time.Unix(1, 0)}
	*ev = Event{}
	return claimsExim(p, &f) && p.parseExim(&f, ev)
}

func TestParseExim(t *testing.T) {
	for _, tt := range eximTests {
		t.Run(tt.name, func(t *testing.T) {
			p := New(Options{MTA: Exim})
			var ev Event
			if !eximParse(p, []byte(tt.line), &ev) {
				t.Fatalf("parseExim(%q): not understood", tt.line)
			}
			if got := eximString(&ev); got != tt.want {
				t.Errorf("parseExim(%q)\n got %s\nwant %s", tt.line, got, tt.want)
			}
		})
	}
}

// TestParseEximTruncated cuts every line of the table at every byte: no panic, and fields
// lie in the line.
func TestParseEximTruncated(t *testing.T) {
	p := New(Options{MTA: Exim})
	var ev Event
	for _, tt := range slices.Concat(eximTests, eximForged) {
		for n := range len(tt.line) {
			line := []byte(tt.line[:n])
			eximParse(p, line, &ev)
			checkEximFields(t, line, &ev)
		}
	}
}

// checkEximFields checks that no field was made up: each is a piece of the line, but for
// texts, which are joined from the lines of a reply.
func checkEximFields(t *testing.T, line []byte, ev *Event) {
	t.Helper()
	for i, b := range [][]byte{ev.QueueID, ev.MessageID, ev.Sender, ev.Recipient, ev.OrigRecipient, ev.Recipients,
		ev.Client.Name, ev.Client.IP, ev.Client.Helo, ev.User, ev.Relay.Name, ev.Relay.IP, ev.TLS, ev.Detail, ev.PrevQueueID} {
		if !bytes.Contains(line, b) {
			t.Errorf("parseExim(%q): field %d is %q, not part of the line", line, i, b)
		}
	}
}

func TestParseEximAllocs(t *testing.T) {
	p := New(Options{MTA: Exim})
	var ev Event
	tests := slices.Concat(eximTests, eximForged)
	lines := make([][]byte, len(tests))
	for i, tt := range tests {
		lines[i] = []byte(tt.line)
		eximParse(p, lines[i], &ev) // grows the buffers
	}
	for i, line := range lines {
		if n := testing.AllocsPerRun(20, func() { eximParse(p, line, &ev) }); n != 0 {
			t.Errorf("parseExim(%q): %v allocs, want 0", tests[i].line, n)
		}
	}
}

const forgedID = "1tivSh-00000000ALP-0mWt"

// eximForged are lines in which a stranger's words look like Exim's.
var eximForged = []eximTest{
	{"subject", forgedID + ` <= a@b.example H=h.example [192.0.2.1] P=esmtp S=10 T="\" H=x [192.0.2.66] id=forged => ** for z@z.example" for c@d.example`,
		`received dir=in id=` + forgedID + ` from=a@b.example for=c@d.example client=h.example|192.0.2.1|0| size=10 nrcpt=1`},
	{"confirmation", forgedID + ` => c@d.example R=r T=t H=h.example [192.0.2.1] C="250 ok\" QT=9d H=x [192.0.2.66] C=\"550 no" QT=1s`,
		`delivered dir=out origin=remote id=` + forgedID + ` to=c@d.example relay=h.example|192.0.2.1|0| delay=1s code=250 text=ok" QT=9d H=x [192.0.2.66] C="550 no`},
	{"reply", forgedID + ` ** c@d.example R=r T=t H=h.example [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<c@d.example>: 550 5.1.1 no H=x [192.0.2.66]: SMTP error after end of data: 250 ok DT=soon`,
		`bounced dir=out origin=remote stage=rcpt id=` + forgedID + ` to=c@d.example relay=h.example|192.0.2.1|0| code=550 enhanced=5.1.1 text=no H=x [192.0.2.66]: SMTP error after end of data: 250 ok DT=soon`},
	{"command", forgedID + ` ** a: 250 b@d.example <"a: 250 b"@d.example> R=r T=t H=h.example [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<"a: 250 b"@d.example>: 550 no`,
		`bounced dir=out origin=remote stage=rcpt id=` + forgedID + ` to=a: 250 b@d.example orig="a: 250 b"@d.example relay=h.example|192.0.2.1|0| code=550 text=no`},
	{"local part", forgedID + ` => x R=y H=z [192.0.2.66]@d.example <"x R=y H=z [192.0.2.66]"@d.example> R=r T=t H=h.example [192.0.2.1] C="250 ok"`,
		`delivered dir=out origin=remote id=` + forgedID + ` to=x R=y H=z [192.0.2.66]@d.example orig="x R=y H=z [192.0.2.66]"@d.example relay=h.example|192.0.2.1|0| code=250 text=ok`},
	{"local part with a quote", forgedID + ` ** v@d.example R=y T=z H=h [192.0.2.66]: 550 no <"@e.example <"v@d.example R=y T=z H=h [192.0.2.66]: 550 no <\""@e.example> R=r T=t: Unrouteable address`,
		`bounced origin=local id=` + forgedID + ` to=v@d.example R=y T=z H=h [192.0.2.66]: 550 no <"@e.example orig="v@d.example R=y T=z H=h [192.0.2.66]: 550 no <\""@e.example text=Unrouteable address`},
	{"local part with an original address", forgedID + ` ** v@d.example <"v"@d.example> R=y T=z H=h [192.0.2.66]: 550 no@e.example <"v@d.example <\"v\"@d.example> R=y T=z H=h [192.0.2.66]: 550 no"@e.example> R=r T=t: Unrouteable address`,
		`bounced origin=local id=` + forgedID + ` to=v@d.example <"v"@d.example> R=y T=z H=h [192.0.2.66]: 550 no@e.example orig="v@d.example <\"v\"@d.example> R=y T=z H=h [192.0.2.66]: 550 no"@e.example text=Unrouteable address`},
	{"local part like an ACL's discard", forgedID + ` => blackhole (DATA ACL)@e.example <"blackhole (DATA ACL)"@e.example> R=r T=t H=h.example [192.0.2.1] C="250 ok"`,
		`delivered dir=out origin=remote id=` + forgedID + ` to=blackhole (DATA ACL)@e.example orig="blackhole (DATA ACL)"@e.example relay=h.example|192.0.2.1|0| code=250 text=ok`},
	{"local part under an alias's domain", forgedID + ` ** v@d.example R=y T=z H=h [192.0.2.66]: 550 no user@new.example <"V@d.example R=y T=z H=h [192.0.2.66]: 550 No user"@old.example> F=<a@b.example> R=r T=t H=h.example [192.0.2.1]: SMTP error from remote mail server after initial connection: 554 5.7.1 no <"x"@y> R=z`,
		`bounced dir=out origin=remote stage=connect id=` + forgedID + ` from=a@b.example to=v@d.example R=y T=z H=h [192.0.2.66]: 550 no user@new.example orig="V@d.example R=y T=z H=h [192.0.2.66]: 550 No user"@old.example relay=h.example|192.0.2.1|0| code=554 enhanced=5.7.1 text=no <"x"@y> R=z`},
	{"local part under two aliases' domains", forgedID + ` == v@d.example (x) <y@z> R=y@new.example ("v@d.example (x) <y@z> R=y"@mid.example, "v@d.example (x) <y@z> r=y"@mid2.example) <"v@d.example (x) <y@z> R=y"@old.example> R=r T=t defer (-1): later`,
		`deferred origin=local id=` + forgedID + ` to=v@d.example (x) <y@z> R=y@new.example orig="v@d.example (x) <y@z> R=y"@old.example detail=-1 text=later`},
	{"a reply like an original address", forgedID + ` ** u@d.example (l@own.example) <o@own.example> R=r T=t H=h.example [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<u@d.example>: 550 (no) <"u"@z.example> R=r: 250 ok`,
		`bounced dir=out origin=remote stage=rcpt id=` + forgedID + ` to=u@d.example orig=o@own.example relay=h.example|192.0.2.1|0| code=550 text=(no) <"u"@z.example> R=r: 250 ok`},
	{"a reply like the original address of a local delivery", forgedID + ` ** u@d.example R=r T=t: 550 no <"u@d.example R=r T=t: 550 no"@z.example> R=r: 250 ok`,
		`bounced origin=local id=` + forgedID + ` to=u@d.example text=550 no <"u@d.example R=r T=t: 550 no"@z.example> R=r: 250 ok`},
	{"local part alone like an address", forgedID + ` => v@d.example <"v@d.example"@own.example> F=<a@b.example> R=catchall T=mbox S=409`,
		`delivered dir=local origin=local id=` + forgedID + ` from=a@b.example to="v@d.example"@own.example size=409`},
	{"local part alone like a whole line", forgedID + ` => v@d.example <"u"@own.example> r=x t=y <"v@d.example <\"u\"@own.example> R=x T=y"@own.example> R=catchall T=mbox`,
		`delivered dir=local origin=local id=` + forgedID + ` to="v@d.example <\"u\"@own.example> R=x T=y"@own.example`},
	{"local part of a parent like an original address", forgedID + ` => alice ("a) <v@d.example> r=x"@mid.example) <"a) <v@d.example> R=x"@own.example> R=localuser T=local_delivery`,
		`delivered dir=local origin=local id=` + forgedID + ` to=alice orig="a) <v@d.example> R=x"@own.example`},
	{"local part alone like an ACL's discard", forgedID + ` -> blackhole (x <"blackhole (x"@own.example> R=catchall T=mbox`,
		`delivered dir=local origin=local id=` + forgedID + ` to="blackhole (x"@own.example`},
	{"local part alone like a filter's discard", forgedID + ` -> discarded <x@y> r=z <"discarded <x@y> R=z"@own.example> R=catchall T=mbox`,
		`delivered dir=local origin=local id=` + forgedID + ` to="discarded <x@y> R=z"@own.example`},
	{"local part alone like an alias's discard", forgedID + ` -> :blackhole: <":blackhole:"@own.example> R=catchall T=mbox`,
		`delivered dir=local origin=local id=` + forgedID + ` to=":blackhole:"@own.example`},
	{"discarded, of a local part like that", forgedID + ` -> :blackhole: <":blackhole:"@own.example> R=aliases`,
		`discarded dir=local origin=local id=` + forgedID + ` to=":blackhole:"@own.example`},
	{"discarded by a filter, of a local part like that", forgedID + ` -> discarded <"discarded <x@y> R=z"@own.example> R=userforward`,
		`discarded dir=local origin=local id=` + forgedID + ` to="discarded <x@y> R=z"@own.example`},
	{"command like a client", `SMTP protocol synchronization error (next input sent too soon: pipelining was not advertised): rejected "MAIL FROM:<"a\" H=evil.example [9.9.9.9] next input=\"x"@b>" H=client.example [203.0.113.50] next input="RCPT TO:<x@y>\r\n"`,
		`rejected dir=in origin=local stage=mail inferred=550 text=next input sent too soon: pipelining was not advertised`},
	{"command like a client, escaped", `SMTP protocol synchronization error (next input sent too soon: pipelining was not advertised): rejected "MAIL FROM:<\"a\\" H=evil.example [9.9.9.9] next input=\\"x\"@b>" H=client.example [203.0.113.50] next input="RCPT TO:<x@y>\r\n" (15 bytes)`,
		`rejected dir=in origin=local stage=mail inferred=550 text=next input sent too soon: pipelining was not advertised`},
	{"command of a local client like another client", `SMTP protocol synchronization error (next input sent too soon: pipelining was not advertised): rejected "MAIL FROM:<"a" H=evil.example [9.9.9.9]>" U=alice next input="x"`,
		`rejected dir=in origin=local stage=mail inferred=550 text=next input sent too soon: pipelining was not advertised`},
	{"command with a syntax error like a client", `SMTP syntax error in "MAIL FROM:<a@b.example> "x" H=evil.example [9.9.9.9]" H=client.example [203.0.113.50] malformed address: "x" H=evil.example [9.9.9.9] may not follow <a@b.example>`,
		`rejected dir=in origin=local stage=mail inferred=550`},
	{"HELO name like a client", `rejected "EHLO a" from (a) [9.9.9.9] U=" from (a" from (a) [9.9.9.9] U=) [203.0.113.53]`,
		`rejected dir=in origin=local stage=helo inferred=550`},
	{"local part with a tab", forgedID + ` ** a\tb R=y: 250 ok@e.example <"a\tb R=y: 250 ok"@e.example> R=r T=t: Unrouteable address`,
		`bounced origin=local id=` + forgedID + ` to=a\tb R=y: 250 ok@e.example orig="a\tb R=y: 250 ok"@e.example text=Unrouteable address`},
	{"local part like a command", forgedID + ` == >x@e.example <">x"@e.example> routing defer (-52): retry time not reached`,
		`deferred origin=local not-attempted id=` + forgedID + ` to=>x@e.example orig=">x"@e.example detail=-52 text=retry time not reached`},
	{"sender with a quoted part, like a failure", forgedID + ` ** c@d.example F=<s."x>: Unrouteable address"@b.example> P=<s."x>: Unrouteable address"@b.example> R=r T=t H=h.example [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<c@d.example>: 554 5.7.1 blocked as spam`,
		`bounced dir=out origin=remote stage=rcpt id=` + forgedID + ` from=s."x>: Unrouteable address"@b.example to=c@d.example relay=h.example|192.0.2.1|0| code=554 enhanced=5.7.1 text=blocked as spam`},
	{"sender with two quoted parts, like a deferral", forgedID + ` => c@d.example F=<s."x>".y."> \"\\ H=mx [192.0.2.66] C=\"550"@b.example> R=r T=t H=h.example [192.0.2.1] C="250 ok"`,
		`delivered dir=out origin=remote id=` + forgedID + ` from=s."x>".y."> \"\\ H=mx [192.0.2.66] C=\"550"@b.example to=c@d.example relay=h.example|192.0.2.1|0| code=250 text=ok`},
	{"local part with a quoted part, bounced", forgedID + ` ** c.e@d.example: x@f.example <c."e@d.example: x"@f.example> F=<a@b.example> R=r T=t H=h.example [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<c."e@d.example: x"@f.example>: 550 5.1.1 <c."e@d.example: x"@f.example>: user unknown`,
		`bounced dir=out origin=remote stage=rcpt id=` + forgedID + ` from=a@b.example to=c.e@d.example: x@f.example orig=c."e@d.example: x"@f.example relay=h.example|192.0.2.1|0| code=550 enhanced=5.1.1 text=<c."e@d.example: x"@f.example>: user unknown`},
	{"local part with a quoted part, unrouteable", forgedID + ` ** c.e@d.example: x@f.example <c."e@d.example: x"@f.example> F=<a@b.example>: Unrouteable address`,
		`bounced origin=local id=` + forgedID + ` from=a@b.example to=c.e@d.example: x@f.example orig=c."e@d.example: x"@f.example text=Unrouteable address`},
	{"local part with a quoted part, delivered", forgedID + ` => c.e@d.example: x@f.example <c."e@d.example: x"@f.example> R=r T=t H=h.example [192.0.2.1] C="250 ok"`,
		`delivered dir=out origin=remote id=` + forgedID + ` to=c.e@d.example: x@f.example orig=c."e@d.example: x"@f.example relay=h.example|192.0.2.1|0| code=250 text=ok`},
	{"local part with quoted parts and an original address", forgedID + ` ** c.e@d.example <x."y>: 550 no@f.example <c."e@d.example <x.\"y>: 550 no"@f.example>: Unrouteable address`,
		`bounced origin=local id=` + forgedID + ` to=c.e@d.example <x."y>: 550 no@f.example orig=c."e@d.example <x.\"y>: 550 no"@f.example text=Unrouteable address`},
	{"a reply full of quotes", forgedID + ` ** c.e@d.example: x@f.example <c."e@d.example: x"@f.example> R=r T=t: LMTP error after end of data: 550 ` + strings.Repeat(` <c."`, 300),
		`bounced dir=out origin=remote stage=end_of_data id=` + forgedID + ` to=c.e@d.example: x@f.example orig=c."e@d.example: x"@f.example code=550 text=` + strings.Repeat(` <c."`, 300)[1:]},
	{"sender like the client's fields", forgedID + ` <= s."x H=evil [192.0.2.66] A=plain:root id=foo"@b.example H=h.example [192.0.2.1] P=esmtp S=10 id=x@b.example`,
		`received dir=in id=` + forgedID + ` msgid=x@b.example from=s."x H=evil [192.0.2.66] A=plain:root id=foo"@b.example client=h.example|192.0.2.1|0| size=10`},
	{"Message-ID like the client's fields", forgedID + ` <= a@b.example H=h.example [192.0.2.1] P=esmtp S=10 id=a."b A=plain:root H=ev [192.0.2.66]"@x for c@d.example`,
		`received dir=in id=` + forgedID + ` msgid=a."b A=plain:root H=ev [192.0.2.66]"@x from=a@b.example for=c@d.example client=h.example|192.0.2.1|0| size=10 nrcpt=1`},
	{"Message-ID with two quoted parts", forgedID + ` <= a@b.example H=h.example [192.0.2.1] P=esmtp S=10 id="a b"." A=plain:root X=forged"@x`,
		`received dir=in id=` + forgedID + ` msgid="a b"." A=plain:root X=forged"@x from=a@b.example client=h.example|192.0.2.1|0| size=10`},
	{"Message-ID of a damaged line", forgedID + ` <= a@b.example H=h.example [192.0.2.1] P=esmtp S=10 id=a A=plain:root X=forged U=root`,
		`received dir=in id=` + forgedID + ` msgid=a from=a@b.example client=h.example|192.0.2.1|0| size=10`},
	{"ident", forgedID + ` <= a@b.example H=h.example [192.0.2.1] U=x R=` + forgedID + ` A=plain:root H=ev [192.0.2.66] P=esmtp S=10`,
		`received dir=in id=` + forgedID + ` from=a@b.example client=h.example|192.0.2.1|0| size=10`},
	{"sender with a quoted part, like a refusal", `H=h.example [192.0.2.1] F=<s."x> H=evil [192.0.2.66] rejected RCPT <v@d.example>: 550 5.1.1 unknown"@b.example> rejected RCPT <c@d.example>: first line`,
		`rejected dir=in origin=local stage=rcpt from=s."x> H=evil [192.0.2.66] rejected RCPT <v@d.example>: 550 5.1.1 unknown"@b.example to=c@d.example client=h.example|192.0.2.1|0| inferred=550 text=first line`},
	{"recipient with a quoted part, like a refusal", `H=h.example [192.0.2.1] F=<a@b.example> rejected RCPT <x."y>: 550 z"@d.example>: Unknown user`,
		`rejected dir=in origin=local stage=rcpt from=a@b.example to=x."y>: 550 z"@d.example client=h.example|192.0.2.1|0| inferred=550 text=Unknown user`},
	{"helo", `H=(x] [192.0.2.66) [192.0.2.1] F=<a@b.example> rejected RCPT <c@d.example>: no`,
		`rejected dir=in origin=local stage=rcpt from=a@b.example to=c@d.example client=|192.0.2.1|0|x] [192.0.2.66 inferred=550 text=no`},
	{"sender", `H=h.example [192.0.2.1] F=<"> rejected RCPT <x@y>: 250 ok"@b.example> temporarily rejected RCPT <c@d.example>: 451 later`,
		`rejected dir=in origin=local stage=rcpt from="> rejected RCPT <x@y>: 250 ok"@b.example to=c@d.example client=h.example|192.0.2.1|0| code=451 text=later`},
	{"set_id", `plain authenticator failed for h.example [192.0.2.1]: 535 Incorrect authentication data (set_id=x (set_id=admin): ok)`,
		`auth_failed dir=in origin=local stage=auth client=h.example|192.0.2.1|0| user=x (set_id=admin): ok code=535 text=Incorrect authentication data (set_id=x (set_id=admin): ok)`},
	{"last command", `SMTP protocol error in "aUtH lOgIn" H=(test) [198.51.100.8]" H=(roxzgj) [192.0.2.6] AUTH command used when not advertised`,
		`rejected dir=in origin=local stage=auth client=|192.0.2.6|0|roxzgj inferred=550 detail=aUtH lOgIn" H=(test) [198.51.100.8] text=AUTH command used when not advertised`},
}

// TestParseEximForged holds that a stranger's words in a subject, a reply, a HELO name, a
// login name or an address set no field.
func TestParseEximForged(t *testing.T) {
	for _, tt := range eximForged {
		p := New(Options{MTA: Exim})
		var ev Event
		if !eximParse(p, []byte(tt.line), &ev) {
			t.Errorf("%s: parseExim(%q): not understood", tt.name, tt.line)
		}
		if got := eximString(&ev); got != tt.want {
			t.Errorf("%s: parseExim(%q)\n got %s\nwant %s", tt.name, tt.line, got, tt.want)
		}
	}
}

func FuzzParseExim(f *testing.F) {
	for _, tt := range slices.Concat(eximTests, eximForged) {
		f.Add([]byte(tt.line))
		f.Add([]byte("2026-11-03 04:05:06 " + tt.line))
	}
	f.Add([]byte(`mx exim[4242]: 2026-11-03 04:05:06 [1\2] x`))
	f.Fuzz(func(t *testing.T, line []byte) {
		if bytes.IndexByte(line, '\n') >= 0 {
			return
		}
		before := bytes.Clone(line)
		p := New(Options{MTA: Exim})
		var ev Event
		eximParse(p, line, &ev)
		checkEximFields(t, line, &ev)
		p.last = Exim
		p.Parse(line, &ev)
		if !bytes.Equal(before, line) {
			t.Errorf("parseExim changed its input %q to %q", before, line)
		}
	})
}

// TestClaimsExim checks which lines are taken for Exim's, in order of a file's lines.
func TestClaimsExim(t *testing.T) {
	tests := []struct {
		name, log, want string // one letter a line: u understood, c likewise and goes on, - ignored, ? unrecognised
	}{
		{"other programs use the stamp too", `2026-11-03 04:05:06 startup archives unpack
2026-11-03 04:05:06 0 [Note] InnoDB: Compressed tables use zlib 1.2.13
2026-11-03 04:05:07 status installed exim4-base:amd64 4.96-15`, `---`},
		{"a refusal by DNSSEC that no other program writes", `2026-11-03 04:05:06  DSH=h.example [192.0.2.1] F=<a@b.example> rejected RCPT <c@d.example>: no`, `u`},
		{"a refusal of a HELO name that no other program writes", `2026-11-03 04:05:06 rejected "HELO wrong.example" from (wrong.example) [192.0.2.1]`, `u`},
		{"a refusal of a connection that no other program writes", `2026-11-03 04:05:06 connection from h.example [192.0.2.1] refused (IP options)`, `u`},
		{"trap 41: every optional part", `2026-11-03 04:05:06 1tivSh-0007oc-5P Completed
2026-11-03 04:05:06.123 1tivSh-0007oc-5P Completed
2026-11-03 04:05:06 +0100 1tivSh-0007oc-5P Completed
2026-11-03 04:05:06.123 +0100 [4242] 1tivSh-0007oc-5P Completed
2026-11-03 04:05:06 [4242] words of an administrator`, `uuuu?`},
		{"trap 41: syslog", `Nov  3 04:05:06 mx exim[4242]: 2026-11-03 04:05:06 1tivSh-0007oc-5P Completed
Nov  3 04:05:06 mx exim4[4242]: 1tivSh-0007oc-5P Completed
Nov  3 04:05:06 mx mailout[4242]: Start queue run: pid=1
Nov  3 04:05:06 mx mailout[4242]: 1tivSh-0007oc-5P => a@b.example R=r T=t
Nov  3 04:05:06 mx mailout[4242]: Start queue run: pid=1
2026-11-03 04:05:06 info exim[8003]: [8003] 1tivSh-0007oc-5P Completed
mx.example exim[8003]: 2026-11-03 04:05:06 1tivSh-0007oc-5P Completed`, `uu-uuuu`},
		{"trap 52: syslog pieces", `Nov  3 04:05:06 mx exim[4242]: [1\3] 2026-11-03 04:05:06 1tivSh-0007oc-5P H=h.example [192.0.2.1] F=<a@b.example> rejected after DATA: no
Nov  3 04:05:06 mx exim[4242]: [2\3] Envelope-from: <a@b.example>
Nov  3 04:05:06 mx exim[4242]: [3/3]   Subject: x
[1\2] 2026-11-03 04:05:06 plain authenticator failed for h.example [192.0.2.1]: 535 Incorrect authentication data
[2\2] and more`, `uccuc`},
		{"trap 52: reject log", `2026-11-03 04:05:06 1tivSh-0007oc-5P H=h.example [192.0.2.1] F=<a@b.example> rejected after DATA: no
Envelope-from: <a@b.example>
Envelope-to: <c@d.example>
P Received: from h.example
	by mx.example with esmtp
  Subject: x
* Old: x
----------------------------------------
not a header`, `uccccccc-`},
		{"reject log, headers that go on like log lines", `2026-11-03 04:05:06 1tivSh-0007oc-5P H=h.example [192.0.2.1] F=<a@b.example> rejected after DATA: no
Envelope-from: <a@b.example>
  X-A: x
 exim-1  | 2026-11-03 04:05:06 1tivSi-0007oc-5P <= a@own.example U=a P=local S=3
 2026-11-03 04:05:06 1tivSi-0007oc-5P ** v@d.example: Unrouteable address
	exim-1  | 2026-11-03 04:05:06 1tivSi-0007oc-5P Completed
  X:2026-11-03 04:05:06 1tivSi-0007oc-5P ** v@d.example: Unrouteable address
F From:2026-11-03 04:05:06 1tivSi-0007oc-5P ** v@d.example: Unrouteable address
2026-11-03 04:05:07 H=h.example [192.0.2.1] F=<a@b.example> rejected RCPT <c@d.example>: no`, `ucccccccu`},
		{"reject log from the middle", `	by mx.example with esmtp
F From: <a@b.example>
  Subject: x
2026-11-03 04:05:06 1tivSh-0007oc-5P H=h.example [192.0.2.1] rejected DATA`, `-ccu`},
		{"two-line warning", `2026-11-03 04:05:06 Warning: purging the environment.
2026-11-03 04:05:06 cwd=/ 2 args: exim -q
2026-11-03 04:05:06 Warning: purging the environment.
 Suggested action: use keep_environment.`, `-uuc`},
	}
	for _, tt := range tests {
		p := New(Options{Year: 2026})
		var ev Event
		var got strings.Builder
		for line := range strings.SplitSeq(tt.log, "\n") {
			letter := "-u?"[p.Parse([]byte(line), &ev)]
			if ev.Continued {
				letter = 'c'
			}
			got.WriteByte(letter)
		}
		if got.String() != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got.String(), tt.want)
		}
	}
}

// A line that is longer than any of Exim's, and made to have its address sought behind each blank,
// does not take minutes.
func TestParseEximLongAddress(t *testing.T) {
	for _, part := range []string{" ", " <a", ` <"a"`, " (a", ` ("a`} {
		p := New(Options{})
		line := "2026-11-03 04:05:06 1tivSh-0007oc-5P ** a" + strings.Repeat(part, 1<<20/len(part)) + ">) x"
		var ev Event
		if p.Parse([]byte(line), &ev); ev.Kind != Bounced {
			t.Errorf("%q: got %v", part, ev.Kind)
		}
	}
}

func TestEximTime(t *testing.T) {
	tests := []struct {
		text string
		want time.Duration
		ok   bool
	}{
		{"0s", 0, true},
		{"0.304s", 304 * time.Millisecond, true},
		{"3m45s", 3*time.Minute + 45*time.Second, true},
		{"1d2h", 26 * time.Hour, true},
		{"2w", 14 * 24 * time.Hour, true},
		{"5", 0, false},
		{"s", 0, false},
		{"qqs", 0, false},
		{"1s later", 0, false},
		{"99999999999999999w", 0, false},
		{"", 0, false},
	}
	for _, tt := range tests {
		if got, ok := eximTime([]byte(tt.text)); got != tt.want && tt.ok || ok != tt.ok {
			t.Errorf("eximTime(%q): got %v, %v, want %v, %v", tt.text, got, ok, tt.want, tt.ok)
		}
	}
}
