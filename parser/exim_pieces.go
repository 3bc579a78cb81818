package parser

import "time"

// Exim splits an entry that syslog could not hold, or that has line feeds, and numbers the
// pieces: "[1/3] ", "[2\3] ". After a slash the next piece goes on within the line, after a
// backslash it is a new line (Exim src/log.c, write_syslog). Only the first line of an entry
// says what happened; headers and the like follow.

// As many split entries are put together at a time, of processes that write at once, and as
// much of each: Exim's own limit of an entry is 8 KiB (LOG_BUFFER_SIZE).
const (
	maxEntries = 16
	maxEntry   = 16 << 10
)

// pieces are the entries whose first line is not complete, or whose further lines are to come.
type pieces struct {
	entries [maxEntries]entry
	clock   uint64
}

type entry struct {
	buf  []byte // host, tag, then what there is of the first line; reused
	host int    // end of the host
	tag  int    // end of the tag
	pid  int
	time time.Time
	used uint64 // 0: free
	done bool   // the first line was complete
}

// find returns the entry of a process, or the one longest not used.
func (ps *pieces) find(host []byte, pid int) (e *entry, ok bool) {
	oldest := &ps.entries[0]
	for i := range ps.entries {
		e := &ps.entries[i]
		if e.used > 0 && e.pid == pid && string(e.buf[:e.host]) == string(host) {
			return e, true
		}
		if e.used < oldest.used {
			oldest = e
		}
	}
	return oldest, false
}

// eximPiece is the "[1/3] " before a piece.
type eximPiece struct {
	n, of   int
	newline bool // a line feed was after the piece
}

// cutEximPiece cuts "[2/5] " or "[2\5] ".
func cutEximPiece(b []byte) (pc eximPiece, rest []byte, ok bool) {
	if len(b) < 6 || b[0] != '[' {
		return pc, b, false
	}
	n, rest, ok := number(b[1:])
	if !ok || len(rest) == 0 || rest[0] != '/' && rest[0] != '\\' {
		return pc, b, false
	}
	pc.n, pc.newline = int(n), rest[0] == '\\'
	n, rest, ok = number(rest[1:])
	if pc.of = int(n); !ok || !hasPrefix(rest, "] ") || pc.n < 1 || pc.n > pc.of {
		return pc, b, false
	}
	return pc, rest[2:], true
}

// joinEximPiece takes one piece. line is the entry's first line where this piece completes it.
// Otherwise it is nil, and known tells whether the piece belongs to an entry that was begun.
// An entry that must make room, or whose process begins another, is given as far as it came.
func (p *Parser) joinEximPiece(pc eximPiece, text []byte, ev *Event) (line []byte, known bool) {
	ps, f := &p.exim.pieces, &p.frame
	e, found := ps.find(f.host, f.pid)
	complete := pc.newline || pc.n == pc.of
	if pc.n > 1 {
		if !found {
			return nil, false
		}
		ps.clock++
		e.used = ps.clock
		if e.done {
			if pc.n == pc.of {
				e.used = 0
			}
			return nil, true
		}
		e.buf = append(e.buf, text[:max(0, min(len(text), maxEntry-len(e.buf)))]...)
		if !complete {
			return nil, true
		}
		e.done = true
		if pc.n == pc.of {
			e.used = 0
		}
		return e.buf[e.tag:], true
	}
	if e.used > 0 && !e.done {
		p.exim.lost = append(p.exim.lost[:0], e.buf...)
		ev.Host, ev.PID, ev.Time = p.exim.lost[:e.host], e.pid, e.time
		line = p.exim.lost[e.tag:]
	}
	ps.clock++
	e.used, e.pid, e.time, e.done = ps.clock, f.pid, f.time, complete
	e.buf = append(e.buf[:0], f.host[:min(len(f.host), maxEntry)]...)
	e.host = len(e.buf)
	e.buf = append(e.buf, f.tag[:min(len(f.tag), maxEntry-e.host)]...)
	e.tag = len(e.buf)
	if !complete {
		e.buf = append(e.buf, text[:max(0, min(len(text), maxEntry-len(e.buf)))]...)
		return line, true
	}
	if pc.n == pc.of {
		e.used = 0
	}
	return text, true
}
