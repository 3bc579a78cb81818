package anonymize

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/smtplog/smtplog/internal/fixture"
	"github.com/smtplog/smtplog/parser"
)

func TestAddress(t *testing.T) {
	a := New("key")
	u := func(name string) string { return a.pseudonym(person, []byte(name)) }
	for in, want := range map[string]string{
		"":                                    "",
		"<>":                                  "<>",
		"bob@d.example":                       u("bob") + "@d.example",
		"BOB@D.example":                       u("bob") + "@D.example",
		`"bob"@d.example`:                     u("bob") + "@d.example",
		`"john doe"@d.example`:                u("john doe") + "@d.example",
		"bob":                                 u("bob"),
		"postmaster@d.example":                "postmaster@d.example",
		"MAILER-DAEMON":                       "MAILER-DAEMON",
		"double-bounce@mx":                    "double-bounce@mx",
		"bob@[192.0.2.9]":                     u("bob") + "@[192.0.2.0]",
		"bob@[IPv6:2001:db8::1]":              u("bob") + "@[IPv6:2001:db8::]",
		"hub!bob":                             u("hub!bob"),
		"@a.example,@b.example:bob@c.example": u("@a.example,@b.example:bob") + "@c.example",
		"list-bob=d.example@l.example":        u("list-bob=d.example") + "@l.example",
		"SRS0=ab=cd=d.example=bob@e.example":  u("SRS0=ab=cd=d.example=bob") + "@e.example",
		"/var/mail/bob":                       "/" + u("var/mail/bob"),
		"|/usr/bin/procmail -a bob":           "|" + u("/usr/bin/procmail -a bob"),
		":blackhole:":                         ":blackhole:",
		"bob@host-192-0-2-9.dyn.isp.example":  u("bob") + "@" + a.pseudonym(host, []byte("host-192-0-2-9")) + ".dyn.isp.example",
		"u-0123456789@d.example":              "u-0123456789@d.example", // is a pseudonym
	} {
		if got := string(a.address(nil, []byte(in))); got != want {
			t.Errorf("address(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestHostsAndIPs(t *testing.T) {
	a := New("key")
	h := func(name string) string { return a.pseudonym(host, []byte(name)) }
	for in, want := range map[string]string{
		"192.0.2.77":                  "192.0.2.0",
		"2001:db8:1:2::3":             "2001:db8:1::",
		"::ffff:192.0.2.77":           "192.0.2.0",
		"127.0.0.1":                   "127.0.0.1",
		"::1":                         "::1",
		"mx1.d.example":               "mx1.d.example",
		"mail-12-345.d.example":       "mail-12-345.d.example",
		"4.3.2.1.zen.list.example":    h("4.3.2.1") + ".zen.list.example",
		"ip1-2-3-4.dyn.isp.example":   h("ip1-2-3-4") + ".dyn.isp.example",
		"a.ip1-2-3-4.dyn.isp.example": "a." + h("ip1-2-3-4") + ".dyn.isp.example",
		"c0000201.dyn.isp.example":    h("c0000201") + ".dyn.isp.example",
		"cpe-c0000201-x.isp.example":  h("cpe-c0000201-x") + ".isp.example",
		"1-2-3-4.example":             h("1-2-3-4") + ".example",
		"bobs-laptop":                 h("bobs-laptop"),
		"bobs-laptop.local":           h("bobs-laptop.local"),
		"unknown":                     "unknown",
		"localhost":                   "localhost",
		"[192.0.2.77]":                "[192.0.2.0]",
		"[2001:db8:1:2::3]":           "[2001:db8:1::]",
	} {
		if got := string(a.workstation(nil, []byte(in))); got != want {
			t.Errorf("workstation(%q) = %q, want %q", in, got, want)
		}
	}
	p := parser.Peer{IP: []byte("192.0.2.31")}
	for in, want := range map[string]string{
		"dyn31.isp.example": h("dyn31") + ".isp.example", "dyn031.isp.example": h("dyn031") + ".isp.example",
		"dyn30.isp.example": "dyn30.isp.example", "mx.isp31.example": "mx.isp31.example",
	} {
		if got := string(a.client(&p)(nil, []byte(in))); got != want {
			t.Errorf("client(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestText(t *testing.T) {
	a := New("key")
	u := func(name string) string { return a.pseudonym(person, []byte(name)) }
	h := func(name string) string { return a.pseudonym(host, []byte(name)) }
	a.pseudonym(person, []byte("loop2")) // an event before named it
	a.pseudonym(person, []byte("alice"))
	ev := &parser.Event{Recipient: []byte("bob@d.example"), Sender: []byte("jim+tag@e.example"), User: []byte("ed")}
	for in, want := range map[string]string{
		"User unknown: bob":                            "User unknown: " + u("bob"),
		"bob@d.example: no such user":                  u("bob") + "@d.example: no such user",
		"<carl@d.example>: Recipient address rejected": "<" + u("carl") + "@d.example>: Recipient address rejected",
		"'Carl.X@d.example'.":                          "'" + u("carl.x") + "@d.example'.",
		`"john doe"@d.example is full`:                 u("john doe") + "@d.example is full",
		"to=carl@d.example, x":                         "to=" + u("carl") + "@d.example, x",
		"list-carl=d.example@l.example":                u("list-carl=d.example") + "@l.example",
		"mailbox of bob is full, bobby":                "mailbox of " + u("bob") + " is full, bobby",
		"write to /home/bob/Maildir":                   "write to /home/" + u("bob") + "/Maildir",
		"write to /var/mail/bob.mbox":                  "write to /var/mail/" + u("bob") + ".mbox",
		"account jim is disabled (jim+tag)":            "account " + u("jim") + " is disabled (" + u("jim+tag") + ")",
		"ed is needed, 'ed' not":                       "ed is needed, '" + u("ed") + "' not",
		"Client host [192.0.2.77] blocked using zen.list.example; see https://list.example/q?ip=192.0.2.77": "Client host [192.0.2.0] blocked using zen.list.example; see https://list.example/q?ip=192.0.2.0",
		"from [IPv6:2001:db8:1:2::3] at 12:34:56":                                                           "from [IPv6:2001:db8:1::] at 12:34:56",
		"2001:db8:1:2::3: refused":                                                                          "2001:db8:1::: refused",
		"http://spf.example/why?id=carl%40d.example&ip=192.0.2.77":                                          "http://spf.example/why?id=" + u("carl") + "%40d.example&ip=192.0.2.0",
		"http://spf.example/?e=carl@d.example":                                                              "http://spf.example/?e=" + u("carl") + "@d.example",
		"77.2.0.192.zen.list.example listed":                                                                h("77.2.0.192") + ".zen.list.example listed",
		"SASL LOGIN failed: sasl_username=carl":                                                             "SASL LOGIN failed: sasl_username=" + u("carl"),
		"(set_id=carl)":                                                                                     "(set_id=" + u("carl") + ")",
		"alias database loop for carl":                                                                      "alias database loop for " + u("carl"),
		"include loop2 and alice; user alice":                                                               "include " + u("loop2") + " and alice; user " + u("alice"),
		`T="a secret \" subject" from`:                                                                      `T="..." from`,
		"<DATA>: Data command rejected: <carl>: no":                                                         "<DATA>: Data command rejected: <" + u("carl") + ">: no",
		"550 5.1.1 User unknown; 4.98.1":                                                                    "550 5.1.1 User unknown; 4.98.1",
		"d2e1a72fcca58-1b2c3d4e5f6si12345.7 - gsmtp":                                                        "d2e1a72fcca58-1b2c3d4e5f6si12345.7 - gsmtp",
		"no name here @ all":                                                                                "no name here @ all",
	} {
		ev.Text = []byte(in)
		got := *ev
		a.Event(&got)
		if string(got.Text) != want {
			t.Errorf("%q becomes %q, want %q", in, got.Text, want)
		}
		if line := a.Line(nil, []byte(in), ev); string(line) != want {
			t.Errorf("the line %q becomes %q, want %q", in, line, want)
		}
	}
}

// A line as a whole, and what the fields of its event become.
func TestEvent(t *testing.T) {
	a := New("key")
	p := parser.New(parser.Options{Year: 2026, Zone: time.UTC})
	var ev parser.Event
	line := `2026-11-03 04:05:06 1xinqy-00000000022-1w1w <= bob@d.example H=ip9.isp.example (bobs-laptop) [192.0.2.9] P=esmtpsa A=login:bob S=500 id=ab12@bobs-laptop T="dear \"Al\"" for al@d.example "x y"@d.example postmaster@d.example`
	if p.Parse([]byte(line), &ev) != parser.Understood {
		t.Fatal("not understood")
	}
	raw := string(a.Line(nil, []byte(line), &ev))
	a.Event(&ev)
	u := func(name string) string { return a.pseudonym(person, []byte(name)) }
	h := func(name string) string { return a.pseudonym(host, []byte(name)) }
	m := a.pseudonym(ident, []byte("ab12"))
	want := map[string]string{"Sender": u("bob") + "@d.example", "MessageID": m + "@" + h("bobs-laptop"), "User": u("bob"),
		"Recipients": u("al") + "@d.example " + u("x y") + "@d.example postmaster@d.example", "QueueID": "1xinqy-00000000022-1w1w"}
	for name, want := range want {
		if got := string(reflect.ValueOf(ev).FieldByName(name).Bytes()); got != want {
			t.Errorf("%s %q, want %q", name, got, want)
		}
	}
	if got := string(ev.Client.Name) + " " + string(ev.Client.Helo) + " " + string(ev.Client.IP); got != h("ip9")+".isp.example "+h("bobs-laptop")+" 192.0.2.0" {
		t.Errorf("client %s", got)
	}
	if want := "2026-11-03 04:05:06 1xinqy-00000000022-1w1w <= " + u("bob") + "@d.example H=" + h("ip9") + ".isp.example (" + h("bobs-laptop") +
		") [192.0.2.0] P=esmtpsa A=login:" + u("bob") + " S=500 id=" + m + "@" + h("bobs-laptop") + ` T="..." for ` + u("al") + "@d.example " + u("x y") +
		"@d.example postmaster@d.example"; raw != want {
		t.Errorf("the line becomes\n%s, want\n%s", raw, want)
	}
	// What a mail itself says goes.
	ev = parser.Event{Stage: 0, Detail: []byte("Subject: a secret")}
	if a.Event(&ev); string(ev.Detail) != "Subject: ..." {
		t.Errorf("detail %q", ev.Detail)
	}
}

// One key, one pseudonym; another key, or none, another.
func TestKeys(t *testing.T) {
	bob := []byte("bob@d.example")
	one, same, other, none := string(New("k").address(nil, bob)), string(New("k").address(nil, bob)), string(New("l").address(nil, bob)), string(New("").address(nil, bob))
	if one != same || one == other || one == none || string(New("").address(nil, bob)) == none {
		t.Errorf("%s %s %s %s", one, same, other, none)
	}
	a := New("k")
	if x, y := string(a.address(nil, []byte("bob@e.example"))), string(a.messageID(nil, bob)); one[:12] != x[:12] || one[2:12] == y[2:12] {
		t.Errorf("%s, %s, %s: one person is one in every domain, and no Message-ID", one, x, y)
	}
}

func TestPattern(t *testing.T) {
	a := New("k")
	u, m := a.pseudonym(person, []byte("bob")), a.pseudonym(ident, []byte("ab12"))
	for _, c := range []struct {
		kind     Kind
		in, want string // "": an error
	}{
		{Address, "bob@d.example", u + "@d.example"}, {Address, "!Bob@d.example", "!" + u + "@d.example"}, {Address, "bob@*", u + "@*"},
		{Address, "*@d.example", "*@d.example"}, {Address, "*", "*"}, {Address, "bob", u}, {Address, "<>", "<>"}, {Address, "*.example", "*.example"},
		{Address, u + "@d.example", u + "@d.example"}, {Address, "b*@d.example", ""}, {Address, "!b?b@d.example", ""}, {Address, "bo*", ""},
		{MessageID, "ab12@d.example", m + "@d.example"}, {MessageID, "ab12@*", m + "@*"}, {MessageID, "ab*@d.example", ""},
		{Host, "192.0.2.9", "192.0.2.0"}, {Host, "192.0.2.*", "192.0.2.*"}, {Host, "192.0.*", "192.0.*"}, {Host, "192.0.2.1*", ""}, {Host, "2001:db8:*", "2001:db8:*"},
		{Host, "mx.d.example", "mx.d.example"}, {Host, "*.d.example", "*.d.example"}, {Host, "mx*.d.example", ""},
	} {
		got, err := a.Pattern(c.kind, c.in)
		if got != c.want && err == nil || (err != nil) != (c.want == "") {
			t.Errorf("%q becomes %q, %v, want %q", c.in, got, err, c.want)
		}
	}
}

// Raw lines of real logs name nobody whom their events name.
func TestLinesOfLogs(t *testing.T) {
	for _, name := range []string{"postfix.log", "exim.log", "exim-rich.log", "exim.rejectlog"} {
		a := New("key")
		p := parser.New(parser.Options{Year: 2026, Zone: time.UTC})
		var ev parser.Event
		leaks := 0
		for _, line := range fixture.Lines(t, fixture.Testdata(t, "logs", name)) {
			before := bytes.Clone(line)
			p.Parse(line, &ev)
			out := a.Line(nil, line, &ev)
			if !bytes.Equal(line, before) {
				t.Fatalf("the line was written to: %q", before)
			}
			for _, address := range [][]byte{ev.Sender, ev.Recipient, ev.OrigRecipient, ev.Client.IP, ev.Relay.IP, ev.MessageID} {
				hidden := a.address(nil, address)
				if _, ok := a.ip(nil, address); ok {
					hidden, _ = a.ip(nil, address)
				}
				if len(address) > 4 && bytes.ContainsAny(address, "@.:") && !bytes.Equal(hidden, address) && bytes.Contains(out, address) {
					if leaks++; leaks < 10 {
						t.Errorf("%s: %q in %q", name, address, out)
					}
				}
			}
		}
	}
}

// Long lines that are built to be looked at again and again still end.
func TestLongLines(t *testing.T) {
	fixture.NoRace(t)
	a := New("key")
	for _, unit := range []string{"a-", "a.", "1.", "a%40", "\"", "\\\"", "<a", "a:", "1:", "a@", "=", "a=", "/a?b=", "user=", "T=\"", "//a/", "user ", "u-0", "[", "a@["} {
		line := []byte("2026-11-03T04:05:06Z mx postfix/smtp[1]: ABC: to=<bob@d.example>, " + strings.Repeat(unit, 1<<18/len(unit)))
		ev := parser.Event{Recipient: []byte("bob@d.example"), Text: line}
		if out := a.Line(nil, line, &ev); bytes.Contains(out, []byte("bob@")) {
			t.Errorf("%q: the name is there", unit)
		}
		a.Event(&ev)
	}
}

// Whatever stands around it, an address in brackets that the event names is in no field any more;
// the event's own bytes stay, and so does whether a field is there.
func FuzzEvent(f *testing.F) {
	f.Add("bob@d.example", `"x y"@[192.0.2.9] <carl> user=ed http://x/?e=a%40b 1.2.3.4 2001:db8::1 T="s"`)
	f.Fuzz(func(t *testing.T, address, text string) {
		a := New("key")
		ev := parser.Event{Recipient: []byte(address), Recipients: []byte(text), Text: []byte(text), Detail: []byte(text),
			Client: parser.Peer{Name: []byte(text), Helo: []byte(address), IP: []byte(text)}}
		before := ev
		first := ev
		a.Event(&first)
		if string(before.Text) != text || string(before.Recipient) != address {
			t.Errorf("the event's own bytes were written to")
		}
		again := before
		New("key").Event(&again)
		if string(again.Recipient) != string(first.Recipient) {
			t.Errorf("%q is %q and %q", address, first.Recipient, again.Recipient)
		}
		if (len(first.Recipient) == 0) != (address == "") || (len(first.Client.IP) == 0) != (text == "") {
			t.Errorf("%q: a field came or went", address)
		}

		person := []byte("x" + address[:min(len(address), 20)] + "1y")
		for i, c := range person {
			if !isAlnum(c) && c != '.' && c != '-' {
				person[i] = 'a' + c%26
			}
		}
		for _, around := range []string{"<%>", "'%'", "to=%", " % "} {
			line := text + around[:strings.IndexByte(around, '%')] + string(person) + "@d.example" + around[strings.IndexByte(around, '%')+1:] + text
			ev := parser.Event{Recipient: append(bytes.Clone(person), "@d.example"...), Text: []byte(line)}
			raw := a.Line(nil, []byte(line), &ev)
			a.Event(&ev)
			for _, out := range [][]byte{raw, ev.Text, ev.Recipient} {
				if bytes.Contains(bytes.ToLower(out), append(bytes.ToLower(person), "@d.example"...)) {
					t.Fatalf("%q: %q", line, out)
				}
			}
		}
	})
}
