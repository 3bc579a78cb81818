package status

// Reply is an SMTP reply as an MTA logs it. The zero Reply is that of an empty text.
type Reply struct {
	Code     int      // of the deciding line (the last), 200 to 599; 0: none
	Enhanced Enhanced // of the deciding line; see Parse for what stands in

	FirstCode     int // of the first line
	FirstEnhanced Enhanced

	Lines int    // reply lines found; 0 for an empty text only
	Text  []byte // all lines' texts without codes, joined by one blank, without the stage suffix
	Stage Stage  // from a trailing "(in reply to X command)"
}

// ReplyParser parses replies without allocating once its buffer has grown to the longest
// of them. The zero ReplyParser is ready for use. It is not safe for concurrent use.
type ReplyParser struct{ buf []byte }

// ParseReply parses one reply as [ReplyParser.Parse] does.
func ParseReply(text []byte) Reply {
	var p ReplyParser
	return p.Parse(text)
}

// Parse parses one reply, with or without a code at its start.
//
// A code is three digits from 200 to 599, then a blank, hyphen, colon or the end; after it
// an enhanced status code may follow, with or without a leading '#'. Text that starts with
// neither is all Text. Lines of a reply may be joined by one blank as in Postfix's log, by
// a backslash and an n as in Exim's, by "??" as in Postfix's warnings, or by a line end.
// A further line is looked for only after a hyphen ("550-"); joined by a blank, its code
// must be that of the first line, or of another code with an enhanced code of its class.
// Postfix goes by the last line, Exim by the first, so both codes are given.
//
// If the deciding line has no enhanced code, Enhanced is that of the line before with the
// same code. One that stands elsewhere in the text, as qmail writes "(#5.1.1)" at its end, is
// text: RFC 2034 section 4 puts it right after the reply code.
//
// "(in reply to X command)" gives the Stage if it is the very end. Octal escapes of bytes
// from 0x80 on (Exim writes \303\251) are decoded; Text may therefore be any bytes.
//
// Reply.Text aliases text where nothing had to be rewritten, else p's buffer; it is valid
// until the next call. Text is not changed.
func (p *ReplyParser) Parse(text []byte) Reply {
	var r Reply
	text = trimBlanks(text)
	if len(text) == 0 {
		return r
	}
	text, r.Stage = cutStage(text)

	line, code, more := cutCode(text)
	line, enhanced := cutEnhanced(line)
	r.Code, r.Enhanced, r.Lines = code, enhanced, 1
	r.FirstCode, r.FirstEnhanced = code, enhanced
	switch {
	case more:
		p.unfold(text, len(text)-len(line), &r)
	case asWritten(line):
		r.Text = line
	default:
		p.buf = p.buf[:0]
		p.appendLine(line)
		r.Text = p.buf
	}
	return r
}

// cutStage cuts "(in reply to X command)" off the end of text. Whatever stands before
// the last one is a stranger's (Postfix src/smtp/smtp_chat.c adds one, at the end).
func cutStage(text []byte) ([]byte, Stage) {
	const before, after = "(in reply to ", " command)"
	if len(text) < len(before)+len(after) || string(text[len(text)-len(after):]) != after {
		return text, StageNone
	}
	open := len(text) - 2 // X has no parentheses
	for open > 0 && text[open] != '(' && text[open] != ')' {
		open--
	}
	if len(text)-open < len(before) || string(text[open:open+len(before)]) != before {
		return text, StageNone
	}
	stage := StageOf(text[open+len(before) : len(text)-1])
	return trimBlanks(text[:open]), stage
}

// cutCode cuts a reply code off the start of a line and reports whether a hyphen says
// that more lines follow. Without a code, rest is line.
func cutCode(line []byte) (rest []byte, code int, more bool) {
	if len(line) < 3 || line[0] < '2' || line[0] > '5' || !isDigit(line[1]) || !isDigit(line[2]) {
		return line, 0, false
	}
	n := 3
	if len(line) > 3 {
		switch c := line[3]; {
		case c == '-':
			n, more = 4, true
		case c == ':':
			if n = 4; len(line) > 4 && !isBlank(line[4]) {
				return line, 0, false
			}
		case !isBlank(c):
			return line, 0, false
		}
	}
	code = int(line[0]-'0')*100 + int(line[1]-'0')*10 + int(line[2]-'0')
	return trimBlanks(line[n:]), code, more
}

// cutEnhanced cuts an enhanced status code off the start of a line, with a '#' before it
// and one punctuation mark after it. Without one, rest is line.
func cutEnhanced(line []byte) (rest []byte, e Enhanced) {
	b := line
	if len(b) > 0 && b[0] == '#' {
		b = b[1:]
	}
	e, b, ok := ParseEnhanced(b)
	if !ok {
		return line, Enhanced{}
	}
	if len(b) > 0 && (len(b) == 1 || isBlank(b[1])) {
		switch b[0] {
		case ':', ',', ';', '.':
			b = b[1:]
		}
	}
	return trimBlanks(b), e
}
