package status

import (
	"encoding"
	"testing"
)

// commandTests are commands as the MTAs log them.
var commandTests = []struct {
	in   string
	want Stage
}{
	// Postfix: (in reply to ...), while ..., reject: ... from, lost connection after ...
	{"RCPT TO command", StageRcpt},
	{"MAIL FROM command", StageMail},
	{"DATA command", StageData},
	{"end of DATA command", StageEndOfData},
	{"final RSET command", StageRset},
	{"QUIT command", StageQuit},
	{"XFORWARD name/address command", StageNone},
	{"receiving the initial server greeting", StageConnect},
	{"performing the EHLO handshake", StageHelo},
	{"performing the HELO handshake", StageHelo},
	{"performing the LHLO handshake", StageHelo},
	{"sending MAIL FROM", StageMail},
	{"sending RCPT TO", StageRcpt},
	{"sending DATA command", StageData},
	{"sending message body", StageEndOfData},
	{"sending end of data -- message may be sent more than once", StageEndOfData},
	{"sending final RSET", StageRset},
	{"receiving the STARTTLS response", StageStartTLS},
	{"CONNECT", StageConnect},
	{"EHLO", StageHelo},
	{"STARTTLS", StageStartTLS},
	{"AUTH", StageAuth},
	{"RCPT", StageRcpt},
	{"END-OF-MESSAGE", StageEndOfData},
	{"RSET", StageRset},
	{"VRFY", StageVrfy},
	{"ETRN", StageEtrn},
	{"DATA (17 bytes)", StageData},
	{"UNKNOWN", StageNone},

	// Exim: after ..., in response to ...
	{"initial connection", StageConnect},
	{"EHLO mx.lab.example", StageHelo},
	{"HELO data.example", StageHelo},
	{"MAIL FROM:<a@example.com> SIZE=1", StageMail},
	{"pipelined MAIL FROM:<rcpt@example.com> SIZE=1685", StageMail},
	{"RCPT TO:<data@example.com>", StageRcpt},
	{"pipelined RCPT TO:<\"end of data\"@example.com>", StageRcpt},
	{"pipelined DATA", StageData},
	{"end of data", StageEndOfData},
	{"AUTH PLAIN ********************", StageAuth},
	{"BDAT 1000", StageData},
	{"BDAT 1000 LAST", StageEndOfData},
	{"BDAT 1000 LASTING", StageData},

	{"rcpt to", StageRcpt},
	{"  RCPT TO ", StageRcpt},
	{"", StageNone},
	{"the", StageNone},
	{"RCPTS", StageNone},
	{"end of dataset", StageNone},
	{"no RCPT TO", StageNone},
	{"<RCPT>", StageNone},
}

func TestStageOf(t *testing.T) {
	for _, tt := range commandTests {
		in := []byte(tt.in)
		if got := StageOf(in); got != tt.want {
			t.Errorf("StageOf(%q) = %v, want %v", tt.in, got, tt.want)
		}
		if n := testing.AllocsPerRun(10, func() { StageOf(in) }); n != 0 {
			t.Errorf("StageOf(%q): %v allocs, want 0", tt.in, n)
		}
	}
}

func TestStageText(t *testing.T) {
	want := []string{"", "connect", "helo", "starttls", "auth", "mail", "rcpt", "data",
		"end_of_data", "rset", "quit", "vrfy", "etrn"}
	for s := StageNone; s <= StageEtrn; s++ {
		var again Stage
		checkEnum(t, s, &again, want[s])
		if again != s {
			t.Errorf("%v came back as %v", s, again)
		}
	}
	if s := Stage(200); s.String() != "" {
		t.Errorf("Stage(200) is %q", s)
	}
	if _, err := ParseStage("rcpt to"); err == nil {
		t.Error(`ParseStage("rcpt to"): no error`)
	}
	if s, err := ParseStage("END_OF_DATA"); s != StageEndOfData || err != nil {
		t.Errorf(`ParseStage("END_OF_DATA") = %v, %v`, s, err)
	}
}

func TestOriginText(t *testing.T) {
	want := []string{"", "remote", "local", "network"}
	for o := OriginNone; o <= OriginNetwork; o++ {
		var again Origin
		checkEnum(t, o, &again, want[o])
		if again != o {
			t.Errorf("%v came back as %v", o, again)
		}
	}
	if o, err := ParseOrigin("elsewhere"); o != OriginNone || err == nil {
		t.Errorf(`ParseOrigin("elsewhere") = %v, %v`, o, err)
	}
}

// checkEnum checks v's texts against want and reads the text into again.
func checkEnum(t *testing.T, v encoding.TextAppender, again encoding.TextUnmarshaler, want string) {
	t.Helper()
	if got, err := v.AppendText([]byte("x")); string(got) != "x"+want || err != nil {
		t.Errorf("AppendText: got %q, %v, want %q", got, err, "x"+want)
	}
	text, err := v.(encoding.TextMarshaler).MarshalText()
	if string(text) != want || err != nil {
		t.Errorf("MarshalText: got %q, %v, want %q", text, err, want)
	}
	if err := again.UnmarshalText(text); err != nil {
		t.Errorf("UnmarshalText(%q): %v", text, err)
	}
	if err := again.UnmarshalText([]byte("no such word")); err == nil {
		t.Error("UnmarshalText of no word: no error")
	}
}
