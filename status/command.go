package status

// commandWords are the words by which Postfix and Exim name a stage. A word with
// stageFiller says nothing about it and is skipped.
var commandWords = [...]struct {
	word  string
	stage Stage
}{
	{"RCPT", StageRcpt},
	{"MAIL", StageMail},
	{"DATA", StageData},
	{"BDAT", StageData},
	{"TEXT", StageEndOfData}, // the content, in the words of some older mailers
	{"END-OF-MESSAGE", StageEndOfData},
	{"EHLO", StageHelo},
	{"HELO", StageHelo},
	{"LHLO", StageHelo},
	{"STARTTLS", StageStartTLS},
	{"AUTH", StageAuth},
	{"CONNECT", StageConnect},
	{"connection", StageConnect}, // Exim "initial connection"
	{"greeting", StageConnect},   // Postfix "the initial server greeting"
	{"RSET", StageRset},
	{"QUIT", StageQuit},
	{"VRFY", StageVrfy},
	{"ETRN", StageEtrn},
	{"pipelined", stageFiller}, // Exim: the command was sent with the one before it
	{"sending", stageFiller},   // Postfix "lost connection with H while ..." (src/smtp/smtp_proto.c)
	{"receiving", stageFiller},
	{"performing", stageFiller},
	{"the", stageFiller},
	{"initial", stageFiller},
	{"server", stageFiller},
	{"final", stageFiller}, // Postfix "final RSET command"
}

const stageFiller = ^Stage(0)

// StageOf returns the stage of an SMTP command as Postfix or Exim write it: "RCPT TO",
// "end of DATA command", "pipelined MAIL FROM:<a@example.com> SIZE=1", "performing the
// EHLO handshake", "sending end of data -- message may be sent more than once". From the
// first byte of the content on ("sending message body") it is StageEndOfData, since the
// reply to the final dot is the next one. Only the words before the first argument count,
// as arguments are a stranger's. Anything else is StageNone.
func StageOf(command []byte) Stage {
	for rest := trimBlanks(command); len(rest) > 0; {
		if hasWords(rest, "end of data") || hasWords(rest, "message body") {
			return StageEndOfData
		}
		n := 0
		for n < len(rest) && (isAlpha(rest[n]) || rest[n] == '-') {
			n++
		}
		stage := StageNone
		for i := range commandWords {
			if equalFold(rest[:n], commandWords[i].word) {
				stage = commandWords[i].stage
				break
			}
		}
		if stage == StageData && equalFold(rest[:n], "BDAT") && lastChunk(rest[n:]) {
			return StageEndOfData
		}
		if stage != stageFiller {
			return stage
		}
		rest = trimBlanks(rest[n:])
	}
	return StageNone
}

// hasWords reports whether b begins with words, in any case, and a word ends there.
func hasWords(b []byte, words string) bool {
	return len(b) >= len(words) && equalFold(b[:len(words)], words) &&
		(len(b) == len(words) || !isAlnum(b[len(words)]))
}

// lastChunk reports whether the arguments of BDAT end with LAST (RFC 3030 2).
func lastChunk(args []byte) bool {
	args = trimBlanks(args)
	args = trimBlanks(args[digits(args):])
	return hasWords(args, "LAST")
}
