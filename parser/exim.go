package parser

import "time"

// eximState is what the Exim dialect remembers from line to line.
type eximState struct {
	seen   bool             // a line that only Exim writes was read
	tag    [maxEximTag]byte // program name under syslog, where it is not exim
	tagLen int
	pieces pieces
	copies copies
	entry  []byte // the latest, behind its stamp
	bare   bool   // an entry without any frame was seen
	goesOn bool   // the current line, which has no frame, goes on with the one before
	lost   []byte // the beginning of an entry whose end never came; reused
}

// maxEximTag is the longest program name that Exim takes (syslog_processname, -L).
const maxEximTag = 32

// claimsExim says whether a line is Exim's. Other programs (dpkg, MySQL) write Exim's stamp
// too, so that a line with nothing but the stamp is Exim's only after one that no other
// program writes, or if it is such a line itself.
func claimsExim(p *Parser, f *frame) bool {
	switch {
	case hasPrefix(f.tag, "exim"):
		return !hasPrefix(f.tag, "eximstats") && !hasSuffix(f.tag, "exporter")
	case f.native:
		if !p.exim.seen && p.opt.MTA != Exim {
			p.exim.seen = eximStart(f.msg)
			return p.exim.seen
		}
		return true
	case len(f.tag) > 0:
		return p.claimsEximTag(f)
	case !f.time.IsZero():
		return eximStart(f.msg)
	}
	return p.claimsEximBare(f.msg)
}

// claimsEximTag knows Exim under a program name of the administrator's by its first line
// with a queue ID and a flag.
func (p *Parser) claimsEximTag(f *frame) bool {
	x := &p.exim
	if x.tagLen > 0 && string(x.tag[:x.tagLen]) == string(f.tag) {
		return true
	}
	b := f.msg
	if len(b) == 0 || len(f.tag) > maxEximTag || !isAlnum(b[0]) {
		return false
	}
	if _, rest, ok := p.cutEximStamp(b); ok {
		b = rest
	}
	_, rest, ok := cutEximID(b)
	if !ok || eximFlag(rest) == 0 && !hasPrefix(rest, "Completed") {
		return false
	}
	x.tagLen = copy(x.tag[:], f.tag)
	return true
}

// claimsEximBare claims lines without a stamp in front: the goings-on of the line before,
// headers in a reject log, a piece of a split line, "host exim[4242]: 2026-...", and nothing but
// the message, as journalctl -o cat prints it.
func (p *Parser) claimsEximBare(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	if p.last == Exim && (b[0] == ' ' || b[0] == '\t' || isDashes(b)) || eximHeaderLine(b) {
		p.exim.goesOn = true
		return true
	}
	if _, rest, ok := cutEximPiece(b); ok {
		_, _, ok := p.cutEximStamp(rest)
		return ok || p.last == Exim
	}
	if id, rest, ok := cutEximID(b); ok && len(id) > 0 {
		if eximFlag(rest) != 0 || hasPrefix(rest, "Completed") {
			p.exim.bare = true
		}
		return p.exim.bare || p.last == Exim
	}
	if rest, ok := p.eximBareFrame(b, new(Event)); ok {
		return eximStart(rest)
	}
	return (p.exim.bare || p.last == Exim) && eximStart(b)
}

// eximBareFrame reads "host exim[4242]: 2026-11-03 04:05:06 msg".
func (p *Parser) eximBareFrame(b []byte, ev *Event) (rest []byte, ok bool) {
	host, after, found := cutByte(b, ' ')
	if !found || !hasPrefix(after, "exim") {
		return b, false
	}
	var f frame
	if !readTag(after, &f) {
		return b, false
	}
	t, rest, ok := p.cutEximStamp(f.msg)
	if !ok {
		return b, false
	}
	ev.Time, ev.Host, ev.Program, ev.Instance, ev.PID = t, host, f.tag, f.tag, f.pid
	return rest, true
}

// parseExim parses a line that claimsExim has claimed.
func (p *Parser) parseExim(f *frame, ev *Event) bool {
	b := f.msg
	ev.Instance = f.tag
	if p.exim.goesOn {
		p.exim.goesOn = false
		ev.Kind, ev.Continued = Other, true
		return true
	}
	if f.time.IsZero() && len(f.tag) == 0 {
		b, _ = p.eximBareFrame(b, ev)
	}
	if len(b) > 0 && b[0] == '[' {
		if pc, text, ok := cutEximPiece(b); ok {
			line, known := p.joinEximPiece(pc, text, ev)
			if line == nil {
				ev.Kind, ev.Continued = Other, true
				if !known && !eximHeaderLine(text) {
					ev.Continued = false // the beginning is missing
				}
				return ev.Continued
			}
			b = line
		}
	}
	if !p.parseEximEntry(b, ev) {
		return false
	}
	if len(f.tag) > 0 && p.exim.copies.copied(f, p.exim.entry, ev) {
		*ev = Event{Kind: Other, Continued: true, MTA: Exim, Time: ev.Time, Host: ev.Host, Instance: ev.Instance, Program: ev.Program, PID: ev.PID}
	}
	return true
}

// parseEximEntry parses an entry, with or without Exim's own stamp.
func (p *Parser) parseEximEntry(b []byte, ev *Event) bool {
	if len(b) > 0 && (b[0] == '[' || isDigit(b[0])) {
		if t, rest, ok := p.cutEximStamp(b); ok {
			ev.Time, b = t, rest
		}
		if pid, rest, ok := cutPID(b); ok {
			ev.PID, b = pid, rest
		}
	}
	p.exim.entry = b
	if id, rest, ok := cutEximID(b); ok {
		ev.QueueID = id
		if rest = trimLeft(rest); len(rest) == 0 {
			return false
		}
		switch eximFlag(rest) {
		case '<', '(': // <= and (=
			return p.parseEximArrival(rest[2:], ev)
		case '>': // => -> >>
			return p.parseEximDelivered(rest[2:], ev)
		case '-': // *>
			ev.NotAttempted = true // by option -N (Exim specification, "Log line flags")
			return p.parseEximDelivered(rest[2:], ev)
		case '=':
			return p.parseEximDeferred(rest[2:], ev)
		case '*':
			return p.parseEximFailed(rest[2:], ev)
		}
		if again, text, ok := cutEximID(rest); ok && string(again) == string(id) && len(text) > 0 {
			rest = text // "ID ID no recipients found in headers"
		}
		b = rest
	}
	return len(b) > 1 && p.parseEximText(b, ev)
}

// eximFlag returns a byte for the flag at the start of b: '<' for <=, '(' for (=, '>' for
// => -> and >>, '-' for *>, '=' for ==, '*' for **, and 0 for anything else.
func eximFlag(b []byte) byte {
	if len(b) < 2 || len(b) > 2 && b[1] == b[2] {
		return 0
	}
	switch string(b[:2]) {
	case "<=", "(=", "==", "**":
		return b[0]
	case "=>", "->", ">>":
		return '>'
	case "*>":
		return '-'
	}
	return 0
}

// cutEximID cuts a queue ID and the blank after it: 1tivSh-0007oc-5P, since 4.97
// 1tivSh-00000000ALP-0mWt.
func cutEximID(b []byte) (id, rest []byte, ok bool) {
	n := eximIDLen(b)
	if n == 0 || n < len(b) && b[n] != ' ' {
		return nil, b, false
	}
	return b[:n], b[min(n+1, len(b)):], true
}

// eximIDLen returns the length of the queue ID at the start of b, or 0.
func eximIDLen(b []byte) int {
	if len(b) < 16 || b[6] != '-' {
		return 0
	}
	// Written out, since each line has one, and two or three more where it is about other messages.
	t := &alnumByte
	p := (*[16]byte)(b)
	all := t[p[0]] & t[p[1]] & t[p[2]] & t[p[3]] & t[p[4]] & t[p[5]] & t[p[7]] & t[p[8]] & t[p[9]] & t[p[10]] & t[p[11]] & t[p[12]] & t[p[14]] & t[p[15]]
	if p[13] == '-' {
		return 16 * int(all)
	}
	if len(b) < 23 || b[18] != '-' {
		return 0
	}
	q := (*[7]byte)(b[16:])
	return 23 * int(all&t[p[13]]&t[q[0]]&t[q[1]]&t[q[3]]&t[q[4]]&t[q[5]]&t[q[6]])
}

// alnumByte is 1 for letters and digits, else 0.
var alnumByte = func() (t [256]uint8) {
	for c := range t {
		if isAlnum(byte(c)) {
			t[c] = 1
		}
	}
	return t
}()

// cutEximStamp cuts Exim's own stamp. A queue ID begins with a digit as well, hence the look
// at the hyphens.
func (p *Parser) cutEximStamp(b []byte) (t time.Time, rest []byte, ok bool) {
	if len(b) < 20 || b[4] != '-' || b[7] != '-' || b[10] != ' ' {
		return t, b, false
	}
	return p.stamps.iso(b)
}

// eximHeaderLine tells whether b is a line of a reject log block: "Envelope-from: <...>", or
// a header with its type before it, "P Received: ...", "  Subject: ..." (Exim src/log.c).
// The second form, without a letter, is not safe to know without the line before.
func eximHeaderLine(b []byte) bool {
	if hasPrefix(b, "Envelope-from: <") || hasPrefix(b, "Envelope-to: <") {
		return true
	}
	if len(b) < 4 || b[1] != ' ' {
		return false
	}
	switch b[0] {
	case 'B', 'C', 'F', 'I', 'P', 'R', 'S', 'T', '*':
	default:
		return false
	}
	name, _, ok := cutByte(b[2:], ':')
	if !ok || len(name) < 2 {
		return false
	}
	for _, c := range name {
		if !isAlnum(c) && c != '-' {
			return false
		}
	}
	return true
}

// isDashes tells whether b is the line that ends a reject log block.
func isDashes(b []byte) bool {
	for _, c := range b {
		if c != '-' {
			return false
		}
	}
	return len(b) >= 10
}
