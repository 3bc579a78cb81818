package aggregate

import "testing"

func TestMailbox(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"Joe@D.Example", "joe@d.example"},
		{"joe@d.example.", "joe@d.example"},
		{`"joe"@d.example`, "joe@d.example"},
		{`"kim lee"@d.example`, "kim lee@d.example"},
		{`"a\"b@c"@d.example`, `a"b@c@d.example`},
		{"joe+News@d.example", "joe+news@d.example"},
		{"joe@bücher.example", "joe@xn--bcher-kva.example"},
		{"joe@BÜCHER.example", "joe@xn--bcher-kva.example"},
		{"joe@XN--bcher-KVA.example", "joe@xn--bcher-kva.example"},
		{"JÖRG@d.example", "jörg@d.example"},
		{"joe@[192.0.2.1]", "joe@[192.0.2.1]"},
		// None of these is joe@d.example, nor kim's.
		{"joe@d.exam\u00adple", "joe@d.exam\u00adple"},
		{"joe@d.example\u200b", "joe@d.example\u200b"},
		{"joe@\uff44.example", "joe@\uff44.example"},
		{"joe@d\u3002example", "joe@d\u3002example"},
		{"\u212aim@d.example", "\u212aim@d.example"},
		{"kim@\u212a.example", "kim@\u212a.example"},
		{"root", ""}, {"", ""}, {"@d.example", ""}, {"joe@", ""}, {"<>", ""},
		{"|/usr/bin/vacation joe@d.example", ""}, {"/var/mail/joe@x", ""}, {`""@d.example`, ""},
	} {
		if got := Mailbox(tt.in); got != tt.want {
			t.Errorf("Mailbox(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestSenderName(t *testing.T) {
	for _, tt := range []struct{ sender, recipient, want string }{
		{"bounce-k1-joe=d.example@list.example", "joe@d.example", "*@list.example"},
		{"bounce-joe=D.Example@list.example", "joe@d.example", "*@list.example"},
		{"news@list.example", "joe@d.example", "news@list.example"},
		{"d.example@list.example", "joe@d.example", "d.example@list.example"},
		{"<>", "joe@d.example", "<>"},
		{"root", "joe", "root"},
	} {
		if got := senderName(tt.sender, tt.recipient); got != tt.want {
			t.Errorf("senderName(%q, %q) = %q, want %q", tt.sender, tt.recipient, got, tt.want)
		}
	}
	if got := tagOf("joe+news@d.example"); got != "news" {
		t.Errorf("tagOf: %q", got)
	}
	if got := tagOf("+joe@d.example"); got != "" {
		t.Errorf("tagOf of a leading plus: %q", got)
	}
}
