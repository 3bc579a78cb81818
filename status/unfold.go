package status

import "bytes"

// lineStart is a place in a reply at which a further line may start.
type lineStart struct {
	end      int // where the line before ends: the separator starts here
	at       int // where the code stands
	code     int
	enhanced Enhanced
	text     int  // where the words start
	more     bool // a hyphen follows the code
}

// nextLine finds the first possible start of a line from position i on. With hard it
// takes separators that cannot be part of a line: a line end, a backslash and an n, "??".
// Without, it takes a blank.
func nextLine(b []byte, i int, hard bool) (s lineStart, ok bool) {
	for ; i < len(b); i++ {
		n := 0
		switch c := b[i]; {
		case !hard:
			if c == ' ' {
				n = 1
			}
		case c == '\r' || c == '\n':
			n = 1
			if c == '\r' && i+1 < len(b) && b[i+1] == '\n' {
				n = 2
			}
		case i+1 < len(b) && (c == '\\' && b[i+1] == 'n' || c == '?' && b[i+1] == '?'):
			n = 2
		}
		if n == 0 || i+n >= len(b) || !isDigit(b[i+n]) {
			continue
		}
		rest, code, more := cutCode(b[i+n:])
		if code == 0 {
			continue
		}
		rest, enhanced := cutEnhanced(rest)
		return lineStart{i, i + n, code, enhanced, len(b) - len(rest), more}, true
	}
	return lineStart{}, false
}

// unfold joins the lines of the reply b, whose first line has its words from position
// text on. All of r but Text is that of the first line.
func (p *ReplyParser) unfold(b []byte, text int, r *Reply) {
	i := max(text-1, len("550")) // the separator may have been cut with the code
	_, hard := nextLine(b, i, true)
	last, ok := lastLine(b, i, hard, r.FirstCode, r.FirstEnhanced)
	if !ok {
		last = lineStart{at: len(b), code: r.FirstCode, enhanced: r.FirstEnhanced}
	}
	p.buf = p.buf[:0]
	for more := true; more; {
		s, ok := nextLine(b, i, hard)
		if !ok || s.at > last.at {
			break
		}
		if !hard && s.at != last.at && !continues(s, r.FirstCode, last.code) {
			i = s.end + 1
			continue
		}
		p.appendLine(b[text:max(text, s.end)])
		switch {
		case s.enhanced.IsZero():
			if s.code == r.Code {
				s.enhanced = r.Enhanced
			}
		case s.enhanced != r.FirstEnhanced && s.enhanced != last.enhanced:
			p.appendLine(b[s.at+len("550-") : s.text]) // a third code is part of the text
		}
		r.Lines++
		r.Code, r.Enhanced = s.code, s.enhanced
		text, i, more = s.text, max(s.text-1, s.at+len("550")), s.more
	}
	p.appendLine(b[text:])
	r.Text = p.buf
}

// lastLine finds the deciding line of the reply b from position i on. With hard that is
// the first without a hyphen, or the last there is.
//
// Without, it is the last "550 " that no "550-" follows: a number in the words would have
// to be that very code. If the first line has an enhanced code, so must the last (RFC 2034
// 4), preferably the same one. Another reply code must have an enhanced code of its class.
func lastLine(b []byte, i int, hard bool, code int, enhanced Enhanced) (last lineStart, ok bool) {
	for best := 0; ; {
		s, found := nextLine(b, i, hard)
		if !found {
			return last, ok
		}
		i = s.end + 1
		rank := 0
		switch {
		case hard:
			if last, ok = s, true; !s.more {
				return last, true
			}
		case s.more:
			if s.code == code {
				best, ok = 0, false
			}
		case s.code == code && s.enhanced == enhanced:
			rank = 3
		case s.code == code && !s.enhanced.IsZero():
			rank = 2
		case s.code != code && int(s.enhanced.Class) == s.code/100:
			rank = 1
		}
		if rank > 0 && rank >= best {
			last, best, ok = s, rank, true
		}
	}
}

// continues reports whether s, found after a blank, is a line between the first, which
// has code, and the last.
func continues(s lineStart, code, lastCode int) bool {
	return s.more && (s.code == code || s.code == lastCode && !s.enhanced.IsZero())
}

// appendLine appends a line to the buffer, after one blank if both have something.
func (p *ReplyParser) appendLine(line []byte) {
	line = trimBlanks(line)
	if len(line) == 0 {
		return
	}
	if len(p.buf) > 0 {
		p.buf = append(p.buf, ' ')
	}
	for i := 0; i < len(line); {
		switch c, n := octal(line[i:]); {
		case n > 0:
			p.buf = append(p.buf, c)
			i += n
		case line[i] == '\r' || line[i] == '\n':
			for i < len(line) && isBlank(line[i]) {
				i++
			}
			if last := len(p.buf) - 1; last < 0 || p.buf[last] != ' ' {
				p.buf = append(p.buf, ' ')
			}
		default:
			p.buf = append(p.buf, line[i])
			i++
		}
	}
}

// asWritten reports whether appendLine would append line as it is.
func asWritten(line []byte) bool {
	if bytes.IndexByte(line, '\r') >= 0 || bytes.IndexByte(line, '\n') >= 0 {
		return false
	}
	for {
		i := bytes.IndexByte(line, '\\')
		if i < 0 {
			return true
		}
		if _, n := octal(line[i:]); n > 0 {
			return false
		}
		line = line[i+1:]
	}
}

// octal reads an escape such as \303 at the start of b, of a byte from 0x80 on; n is its
// length, or 0 if there is none.
func octal(b []byte) (c byte, n int) {
	if len(b) < 4 || b[0] != '\\' || b[1] != '2' && b[1] != '3' ||
		b[2]-'0' > 7 || b[3]-'0' > 7 {
		return 0, 0
	}
	return (b[1]-'0')<<6 | (b[2]-'0')<<3 | (b[3] - '0'), 4
}
