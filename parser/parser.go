// Package parser turns mail log lines into events, one line at a time and without
// allocating.
//
// A line is read in steps: what a container runtime or a shipper put round it (CRI, Docker's
// json-file, JSON objects), the frame (syslog in its spellings, ISO 8601, RFC 5424, what
// journalctl prints, Exim's own stamp), which gives time, host, program and process ID, and the
// dialect of the MTA, which gives the rest. All are found out from the line itself.
//
//	p := parser.New(parser.Options{Year: 2026, Zone: time.UTC})
//	var ev parser.Event
//	if p.Parse(line, &ev) == parser.Understood {
//		fmt.Println(ev.Kind, string(ev.Recipient), ev.Code)
//	}
package parser

import (
	"time"

	"github.com/smtplog/smtplog/status"
)

// MTA names a mail transfer agent whose log lines the package reads.
type MTA uint8

// The MTAs; the zero MTA means another program.
const (
	NoMTA MTA = iota
	Postfix
	Exim

	MTACount // how many there are, NoMTA among them
)

// String returns the MTA's name in lower case, "" for NoMTA.
func (m MTA) String() string {
	for _, d := range dialects {
		if d.mta == m {
			return d.name
		}
	}
	return ""
}

// dialects lists every MTA, in the order in which they are asked whether a line is theirs.
// A new one is its own file and a row here.
//
// claims says whether the frame's line is the MTA's. parse fills the event from the frame's
// message and returns false where no rule recognises it; it may leave what it found (queue
// ID, program) set even then.
var dialects []dialect

type dialect struct {
	mta    MTA
	name   string
	claims func(p *Parser, f *frame) bool
	parse  func(p *Parser, f *frame, ev *Event) bool
}

func init() { // the parse functions ask MTA.String, which reads the table
	dialects = []dialect{
		{Postfix, "postfix", claimsPostfix, (*Parser).parsePostfix},
		{Exim, "exim", claimsExim, (*Parser).parseExim},
	}
}

// Verdict says whose a line was.
type Verdict uint8

// The verdicts. lines = Understood + Ignored + Unrecognised.
const (
	Ignored      Verdict = iota // another program's line, or no log line at all
	Understood                  // an MTA's line that a rule recognises
	Unrecognised                // an MTA's line that no rule recognises; Event.Kind is Unknown
)

// Options of a Parser. The zero Options reads stamps without a zone as UTC and stamps
// without a year as of year 1.
type Options struct {
	Zone     *time.Location // of stamps that carry none; nil: UTC
	Year     int            // of the first stamp without a year; 0: year 1
	LastYear int            // of the last such stamp, where known: no line is of a later year
	MTA      MTA            // read lines of this MTA only; NoMTA: every MTA
}

// Parser parses the lines of one log file (or stream) in order. It is not safe for
// concurrent use. It remembers little, and within bounds: the stamp before (for the year and a
// repeated hour), which MTA's lines were seen last (for lines that go on), the last line of a
// host (for repeats), the last entries of Exim processes (for copies), and the beginnings of lines that come
// in pieces.
type Parser struct {
	opt     Options
	stamps  stamps
	replies status.ReplyParser
	buf     []byte    // for fields that must be rewritten; reused line by line
	plain   []byte    // a message without escapes; reused
	json    [3][]byte // strings of a JSON object, and of one inside it; reused
	frame   frame     // of the current line; here because a local one would be allocated
	last    MTA       // of the line before, for continuation lines
	parts   parts
	repeats repeats
	exim    eximState
	bare    bool // a Postfix text without any frame was seen
}

// New returns a Parser.
func New(opt Options) *Parser {
	if opt.Zone == nil {
		opt.Zone = time.UTC
	}
	return &Parser{opt: opt, stamps: stamps{zone: opt.Zone, year: max(opt.Year, 1), lastYear: opt.LastYear}}
}

// Parse reads one line (without its line feed) into ev and says whose it was. ev is reset
// first. For an ignored line only what the frame told is set.
//
// Of a line that comes in pieces (a container's, or one that Exim split for syslog) the last
// piece is the event; those before it are Continued.
func (p *Parser) Parse(line []byte, ev *Event) Verdict {
	*ev = Event{}
	f := &p.frame
	*f = frame{}
	p.readFrame(line, f)
	switch {
	case f.more:
		return p.piece(f, ev)
	case f.again:
		at := f.time
		if p.repeats.again(f) {
			f.time = at
		}
	case f.bsd:
		p.repeats.keep(f)
	}
	return p.parse(f, ev)
}

// setStage fills in the stage of a delivery: it takes no other answer to deliver (RFC 5321 4.1.1.4).
func (ev *Event) setStage() {
	if ev.Kind == Delivered && ev.Origin == status.OriginRemote && ev.Stage == status.StageNone {
		ev.Stage = status.StageEndOfData
	}
}

// parse gives the frame's line to the dialect that claims it.
func (p *Parser) parse(f *frame, ev *Event) Verdict {
	for i := range dialects {
		d := &dialects[i]
		if p.opt.MTA != NoMTA && p.opt.MTA != d.mta || !d.claims(p, f) {
			continue
		}
		ev.Time, ev.Host, ev.Program, ev.PID, ev.MTA = f.time, f.host, f.tag, f.pid, d.mta
		ev.Repeat = f.repeat
		p.last = d.mta
		if f.empty {
			ev.Kind, ev.Text = Unknown, f.line
			return Unrecognised
		}
		if !d.parse(p, f, ev) {
			ev.Kind, ev.Text = Unknown, f.msg
			return Unrecognised
		}
		ev.setStage()
		return Understood
	}
	p.last = NoMTA
	ev.Time, ev.Host, ev.Program, ev.PID = f.time, f.host, f.tag, f.pid
	return Ignored
}

// piece says whose the line is of which a container's runtime wrote one piece that is not the
// last: the first piece tells.
func (p *Parser) piece(f *frame, ev *Event) Verdict {
	part := &p.parts[f.stream]
	if f.first {
		stream := f.stream
		first := frame{line: f.msg, msg: f.msg, time: f.time, host: f.host, tag: f.tag, pid: f.pid}
		*f = first
		p.readHeaders(f.msg, f)
		p.parse(f, ev)
		part, part.mta = &p.parts[stream], ev.MTA
	}
	*ev = Event{Time: f.time, Host: f.host, Program: f.tag, PID: f.pid, MTA: part.mta}
	if part.mta == NoMTA {
		return Ignored
	}
	ev.Kind, ev.Continued = Other, true
	return Understood
}

// Flush gives, after the last line of a log, an event whose line was begun and never ended; it
// returns false where there is none (left). Its pieces have been counted as lines already.
func (p *Parser) Flush(ev *Event) bool {
	for stream := range p.parts {
		part := &p.parts[stream]
		line := part.buf
		if part.buf = part.buf[:0]; len(line) > 0 && part.mta != NoMTA && p.Parse(line, ev) != Ignored {
			return true
		}
	}
	for i := range p.exim.pieces.entries {
		e := &p.exim.pieces.entries[i]
		if e.used == 0 || e.done {
			continue
		}
		e.used = 0
		*ev = Event{}
		p.frame = frame{time: e.time, host: e.buf[:e.host], tag: e.buf[e.host:e.tag], pid: e.pid, msg: e.buf[e.tag:]}
		if p.parse(&p.frame, ev) != Ignored {
			return true
		}
	}
	return false
}

// Prime has the parser look at a block of lines from the start of a log before the first
// Parse, so that lines that only the others explain are taken for what they are from the
// beginning: Exim's own stamp alone does not tell that a line is Exim's.
func (p *Parser) Prime(block []byte) {
	stamps := p.stamps
	var ev Event
	for len(block) > 0 {
		var line []byte
		line, block, _ = cutByte(block, '\n')
		p.Parse(line, &ev)
	}
	p.stamps, p.last = stamps, NoMTA
	p.parts, p.repeats, p.exim.pieces, p.exim.copies = parts{}, repeats{}, pieces{}, copies{}
}
