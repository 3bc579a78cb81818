package parser

import "bytes"

// maxPart is how many bytes of a line that comes in pieces are put together again: as much as
// of one that comes whole.
const maxPart = 1 << 20

// parts are the lines of a container's streams of which only the beginning has come.
type parts [2]struct {
	buf []byte
	mta MTA // whose line the first piece is
}

// The streams of a container.
const (
	stdout = iota
	stderr
)

// join adds a piece to what there is of a stream's line. It returns the line where it is
// complete.
func (p *Parser) join(stream int, piece []byte, more bool, f *frame) []byte {
	part := &p.parts[stream]
	f.stream = stream
	if !more && len(part.buf) == 0 {
		return piece
	}
	f.first = len(part.buf) == 0
	part.buf = append(part.buf, piece[:min(len(piece), maxPart-len(part.buf))]...)
	if f.more = more; more {
		return piece
	}
	line := part.buf
	part.buf = part.buf[:0] // the line stays as it is until the next piece
	return line
}

// readCRI reads "stdout F msg" after a stamp: what containerd and CRI-O write. P instead of F
// marks a line that goes on in the stream's next one.
func (p *Parser) readCRI(b []byte, f *frame) bool {
	rest, ok := cutPrefix(b, "stdout ")
	stream := stdout
	if !ok {
		if rest, ok = cutPrefix(b, "stderr "); !ok {
			return false
		}
		stream = stderr
	}
	tags, msg, ok := cutByte(rest, ' ')
	if !ok || len(tags) == 0 || tags[0] != 'F' && tags[0] != 'P' || len(tags) > 1 && tags[1] != ':' {
		return false
	}
	f.msg = trimLine(p.join(stream, msg, tags[0] == 'P', f))
	f.wrapped()
	return true
}

// readTAI reads what multilog and svlogd put before a line, a TAI64N stamp, and behind it the
// facility that socklog writes: "@400000006aa8... mail.info: ".
func (p *Parser) readTAI(b []byte, f *frame) bool {
	t, rest, ok := p.stamps.tai64n(b)
	if !ok {
		return false
	}
	if word, after := cutWord(rest); len(word) > 1 && word[len(word)-1] == ':' && isLevel(word[:len(word)-1]) {
		rest = trimLeft(after)
	}
	f.time = t
	readHostTag(rest, f)
	return true
}

// wrapped reads a tag at the start of a message that has no header of its own.
func (f *frame) wrapped() {
	if !headerFollows(f.msg) {
		readLevelTag(f.msg, f)
	}
}

// cutService cuts the name that docker compose logs puts before every line, "postfix-1  | ",
// with the colour that it has on a terminal, docker service logs, "mail.1.x7@node  | ", and
// kubectl logs --prefix, "[pod/mail-0/mta] ". It stands at the start of the line: behind a blank it is
// a refused message's header in Exim's reject log, a stranger's words.
func cutService(b []byte) (rest []byte, ok bool) {
	if firstByte(b) == ' ' {
		return b, false
	}
	if hasPrefix(b, "[pod/") {
		if i := indexString(b, "] "); i > 0 {
			return b[i+2:], true
		}
		return b, false
	}
	i := 0
	for i < len(b) && i < 256 && b[i] != '|' && (isAlnum(b[i]) || b[i] == '-' || b[i] == '_' || b[i] == '.' || b[i] == '@' || b[i] == ' ' || b[i] == 0x1b || b[i] == '[' || b[i] == ';') {
		i++
	}
	if i < 2 || i+1 >= len(b) || b[i] != '|' || b[i-1] != ' ' {
		return b, false
	}
	rest = b[i+1:]
	if after, ok := cutPrefix(rest, "\x1b[0m"); ok {
		rest = after
	}
	if len(rest) == 0 || rest[0] != ' ' {
		return b, false
	}
	return rest[1:], true
}

// maxLead is how much may stand before a line's first header.
const maxLead = 256

// cutLead cuts what stands before a line's first header: the name of a file and the number of a
// line, as grep writes them ("mail.log.1:", "mail.log-12-"), up to two words, as stern names pod
// and container, and the mark of a quotation. It returns false where no header follows. A line that
// begins with a blank goes on with the one before, and may hold strangers' text (Exim's reject log), and so
// may what follows a colon behind a blank.
func cutLead(b []byte) (rest []byte, ok bool) {
	words := 0
	for i := 0; i < len(b) && i < maxLead; i++ {
		switch c := b[i]; {
		case words == 0 && (c == ':' || c == '-'):
			rest = b[i+1:]
		case c == ' ', c == '\t':
			if words++; words > 2 || i == 0 || !tagByte[b[i-1]] && b[i-1] != '>' { // what ends otherwise is no name
				return b, false
			}
			rest = trimLeft(b[i:])
			i = len(b) - len(rest) - 1
		default:
			continue
		}
		if headerFollows(rest) {
			return rest, true
		}
	}
	return b, false
}

// cutFluentd cuts the tag that Fluentd writes between a stamp and a record: "mail.info\t{" into
// files, "mail.info: {" to its standard output.
func cutFluentd(b []byte) (record []byte, ok bool) {
	if len(b) == 0 || b[len(b)-1] != '}' {
		return b, false
	}
	i := bytes.IndexByte(b, '{')
	if i < 2 || i > maxLead || b[i-1] != '\t' && (b[i-1] != ' ' || b[i-2] != ':') || bytes.IndexByte(b[:i-1], ' ') >= 0 {
		return b, false
	}
	return b[i:], true
}
