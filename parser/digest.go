package parser

import (
	"bytes"
	"math/bits"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/smtplog/smtplog/status"
)

// Digest is what a stretch of a log's lines says, in a quarter of the memory that their Events
// take, so that one core can hand it to another. It owns all it refers to. The zero Digest is
// empty; Digester fills it, Event takes its events out again.
type Digest struct {
	// Whole is how many of the events, from the first on, are to be counted together with what
	// was passed over; those behind it are of one line each. Begins tells whether the digest has
	// lines that are counted together, if only some that were passed over.
	Whole  int
	Begins bool

	Understood, Ignored, Unknown int // lines that are counted together
	// Connections are those on lines that were passed over.
	Connections int64
	// Latest is the time of the last line that has a stamp, First and Last the earliest and
	// the latest of the MTAs' lines; zero: there is none.
	Latest, First, Last time.Time
	// Numbering is the same for all digests whose Numbered are of the same words; nil: there are none.
	Numbering *Numbering
	// Stopped: a line was later than Digester.Stop, and the rest was left out, so many bytes.
	Stopped bool
	Left    int

	lines   []byte // that were read, each with its line feed
	more    []byte // bytes of events that do not lie in lines
	briefs  []brief
	spans   []span
	numbers []int64
}

// span is a stretch of Digest.lines or Digest.more.
type span struct{ start, len uint32 }

// Origin is whose line a line is.
type Origin struct {
	Host, Instance, Program, Service []byte

	site int // the same for the same Host and Instance; 0: not numbered
}

// Beside tells whether o and p, both of one digest, name the same host and instance; nil is of none.
func (o *Origin) Beside(p *Origin) bool {
	return o == p && o != nil || o != nil && p != nil && o.site == p.site && o.site != 0
}

// brief is an event without its bytes: those lie at spans, in the order of fieldOffsets.
type brief struct {
	time   time.Time
	origin *Origin
	pid    int
	line   span
	words  Numbered
	id     uint64 // hash of the queue ID, and of the next hop's; 0: there is none
	next   uint64
	fields uint32 // bit i: the event has the field at fieldOffsets[i]
	far    uint32 // likewise, those whose bytes lie in more
	span   uint32 // the first one
	number uint32 // the first of its numbers

	code          int32
	enhanced, dsn status.Enhanced
	ports         [3]uint16 // of client, relay, previous client

	kind      Kind
	mta       MTA
	direction Direction
	severity  Severity
	has       Has
	stage     status.Stage
	enhOrigin status.Origin
	reason    status.Reason
	flags     uint8
	numbers   uint8
	verdict   Verdict
}

// Flags of an brief.
const (
	flagNotAttempted = 1 << iota
	flagSoftBounce
	flagLate
	flagContinued
	flagCut
	flagTick  // the event of a line that was passed over
	flagBegun // of a line that was begun and never ended
)

// Numbers that an brief may have, in this order.
const (
	numSize = 1 << iota
	numNRcpt
	numDelay
	numDelays // four
	numDeliveryTime
	numRepeat
	numCodeInferred
)

// fieldOffsets says where in an Event its bytes are, but for those of an Origin.
var fieldOffsets = func() (offsets [22]uintptr) {
	var e Event
	start := uintptr(unsafe.Pointer(&e))
	fields := e.fields()
	for i, f := range fields[4:] {
		offsets[i] = uintptr(unsafe.Pointer(f)) - start
	}
	return offsets
}()

// The bits of brief.fields that the quick ways set.
const (
	fieldQueueID = iota
	fieldMessageID
	fieldSender
	fieldRecipient
	fieldOrigRecipient
	fieldRecipients
	fieldClientName
	fieldClientIP
	fieldClientHelo
	fieldUser
	fieldRelayName
	fieldRelayIP
	fieldRelayHelo
	fieldTLS
	fieldText
	fieldFolded
	fieldDetail
	fieldNextQueueID
)

// Len returns how many events there are.
func (d *Digest) Len() int { return len(d.briefs) }

// Reset makes the digest empty; it keeps its memory.
func (d *Digest) Reset() {
	*d = Digest{lines: d.lines[:0], more: d.more[:0], briefs: d.briefs[:0], spans: d.spans[:0], numbers: d.numbers[:0]}
}

// Line returns the i-th event's line without its line feed; nothing for the event of a line
// that was begun and never ended, which counts as no line.
func (d *Digest) Line(i int) []byte {
	s := d.briefs[i].line
	return d.lines[s.start : s.start+s.len]
}

// Hashes returns the QueueIDHash of the i-th event's QueueID and NextQueueID; 0 where it has none.
func (d *Digest) Hashes(i int) (id, next uint64) { return d.briefs[i].id, d.briefs[i].next }

// Numbered returns the numbers of the i-th event's words.
func (d *Digest) Numbered(i int) Numbered { return d.briefs[i].words }

// Origin returns whose the i-th event's line is; it stays as it is.
func (d *Digest) Origin(i int) *Origin { return d.briefs[i].origin }

// QueueIDHash is a hash of a queue ID that strangers cannot foresee.
func QueueIDHash[ID string | []byte](id ID) uint64 {
	switch id := any(id).(type) {
	case string:
		return wordHash(unsafe.Slice(unsafe.StringData(id), len(id)))
	case []byte:
		return wordHash(id)
	}
	return 0
}

// Begun tells whether the i-th event is of a line that was begun and never ended.
func (d *Digest) Begun(i int) bool { return d.briefs[i].flags&flagBegun != 0 }

// Tick tells whether the i-th event only says that lines of its origin were passed over, the
// latest at its time.
func (d *Digest) Tick(i int) bool { return d.briefs[i].flags&flagTick != 0 }

// Event fills ev with the i-th event and returns its line's verdict. Its bytes are the
// digest's.
func (d *Digest) Event(i int, ev *Event) Verdict {
	e := &d.briefs[i]
	*ev = Event{
		Kind: e.kind, MTA: e.mta, Direction: e.direction, Severity: e.severity, Has: e.has, Stage: e.stage, Origin: e.enhOrigin,
		NotAttempted: e.flags&flagNotAttempted != 0, SoftBounce: e.flags&flagSoftBounce != 0, Reason: e.reason,
		Late: e.flags&flagLate != 0, Continued: e.flags&flagContinued != 0, Cut: e.flags&flagCut != 0,
		Time: e.time, PID: e.pid, Code: int(e.code), Enhanced: e.enhanced, DSN: e.dsn,
	}
	if o := e.origin; o != nil {
		ev.Host, ev.Instance, ev.Program, ev.Service = o.Host, o.Instance, o.Program, o.Service
	}
	ev.Client.Port, ev.Relay.Port, ev.PrevClient.Port = e.ports[0], e.ports[1], e.ports[2]
	d.eventFields(e, ev)
	if e.numbers != 0 {
		d.eventNumbers(e, ev)
	}
	return e.verdict
}

// Next is Event for an ev that was filled by Next with the event before, of which only what has
// no bytes and Folded may have been changed since. It
// writes only what differs; an Event is large.
func (d *Digest) Next(i int, ev *Event) Verdict {
	if i == 0 {
		return d.Event(i, ev)
	}
	e, last := &d.briefs[i], &d.briefs[i-1]
	ev.Kind, ev.MTA, ev.Direction, ev.Severity, ev.Has, ev.Stage, ev.Origin = e.kind, e.mta, e.direction, e.severity, e.has, e.stage, e.enhOrigin
	ev.NotAttempted, ev.SoftBounce, ev.Reason = e.flags&flagNotAttempted != 0, e.flags&flagSoftBounce != 0, e.reason
	ev.Late, ev.Continued, ev.Cut = e.flags&flagLate != 0, e.flags&flagContinued != 0, e.flags&flagCut != 0
	ev.Time, ev.PID, ev.Code, ev.Enhanced, ev.DSN = e.time, e.pid, int(e.code), e.enhanced, e.dsn
	if o := e.origin; o != last.origin || o == nil {
		if o == nil {
			o = &Origin{}
		}
		ev.Host, ev.Instance, ev.Program, ev.Service = o.Host, o.Instance, o.Program, o.Service
	}
	ev.Client.Port, ev.Relay.Port, ev.PrevClient.Port = e.ports[0], e.ports[1], e.ports[2]
	for left := (last.fields | 1<<fieldFolded) &^ e.fields; left != 0; left &= left - 1 {
		*(*[]byte)(unsafe.Add(unsafe.Pointer(ev), fieldOffsets[bits.TrailingZeros32(left)&31])) = nil
	}
	d.eventFields(e, ev)
	if e.numbers|last.numbers != 0 {
		ev.Delays = [4]time.Duration{}
		d.eventNumbers(e, ev)
	}
	return e.verdict
}

// eventFields fills in the fields of bytes that the event has.
func (d *Digest) eventFields(e *brief, ev *Event) {
	next := e.span
	for left := e.fields; left != 0; left &= left - 1 {
		f := bits.TrailingZeros32(left) & 31
		s := d.spans[next]
		next++
		from := d.lines
		if e.far>>f&1 != 0 {
			from = d.more
		}
		*(*[]byte)(unsafe.Add(unsafe.Pointer(ev), fieldOffsets[f])) = from[s.start : s.start+s.len : s.start+s.len]
	}
}

func (d *Digest) eventNumbers(e *brief, ev *Event) {
	ev.Size, ev.NRcpt, ev.Delay, ev.DeliveryTime, ev.Repeat, ev.CodeInferred = 0, 0, 0, 0, 0, 0
	rest := d.numbers[e.number:]
	for left := e.numbers; left != 0; left &= left - 1 {
		n := rest[0]
		rest = rest[1:]
		switch left & -left {
		case numSize:
			ev.Size = n
		case numNRcpt:
			ev.NRcpt = int(n)
		case numDelay:
			ev.Delay = time.Duration(n)
		case numDelays:
			ev.Delays = [4]time.Duration{time.Duration(n), time.Duration(rest[0]), time.Duration(rest[1]), time.Duration(rest[2])}
			rest = rest[3:]
		case numDeliveryTime:
			ev.DeliveryTime = time.Duration(n)
		case numRepeat:
			ev.Repeat = int(n)
		case numCodeInferred:
			ev.CodeInferred = int(n)
		}
	}
}

// number adds one of the last brief's numbers, in the order of the num constants.
func (d *Digest) number(e *brief, bit uint8, n int64) {
	if n != 0 {
		e.numbers |= bit
		d.numbers = append(d.numbers, n)
	}
}

// begin adds an brief.
func (d *Digest) begin() *brief {
	if len(d.briefs) < cap(d.briefs) {
		d.briefs = d.briefs[:len(d.briefs)+1]
	} else {
		d.briefs = append(d.briefs, brief{})
	}
	e := &d.briefs[len(d.briefs)-1]
	*e = brief{span: uint32(len(d.spans)), number: uint32(len(d.numbers))}
	return e
}

// add adds an event.
func (d *Digest) add(ev *Event, v Verdict, origin *Origin) *brief {
	return d.addFields(ev, v, origin, 1<<len(fieldOffsets)-1)
}

// addFields adds an event that has no other fields of bytes than these.
func (d *Digest) addFields(ev *Event, v Verdict, origin *Origin, fields uint32) *brief {
	e := d.begin()
	e.time, e.origin, e.pid, e.verdict = ev.Time, origin, ev.PID, v
	e.kind, e.mta, e.direction, e.severity, e.has = ev.Kind, ev.MTA, ev.Direction, ev.Severity, ev.Has
	e.stage, e.enhOrigin, e.reason = ev.Stage, ev.Origin, ev.Reason
	e.code, e.enhanced, e.dsn = int32(ev.Code), ev.Enhanced, ev.DSN
	e.ports = [3]uint16{ev.Client.Port, ev.Relay.Port, ev.PrevClient.Port}
	for i, set := range [...]bool{ev.NotAttempted, ev.SoftBounce, ev.Late, ev.Continued, ev.Cut} {
		if set {
			e.flags |= 1 << i
		}
	}
	if len(ev.QueueID) > 0 {
		e.id = QueueIDHash(ev.QueueID)
	}
	if len(ev.NextQueueID) > 0 {
		e.next = QueueIDHash(ev.NextQueueID)
	}
	start, n := address(d.lines), uintptr(len(d.lines))
	for left := fields; left != 0; left &= left - 1 {
		f := bits.TrailingZeros32(left) & 31
		b := *(*[]byte)(unsafe.Add(unsafe.Pointer(ev), fieldOffsets[f]))
		if b == nil {
			continue
		}
		e.fields |= 1 << f
		at := address(b) - start
		if at >= n || uintptr(len(b)) > n-at { // also where b is empty, and lies anywhere
			e.far |= 1 << f
			if d.more == nil {
				d.more = make([]byte, 0, 64) // a field that is empty is not one that is absent
			}
			at = uintptr(len(d.more))
			d.more = append(d.more, b...)
		}
		d.spans = append(d.spans, span{uint32(at), uint32(len(b))})
	}
	d.number(e, numSize, ev.Size)
	d.number(e, numNRcpt, int64(ev.NRcpt))
	d.number(e, numDelay, int64(ev.Delay))
	if ev.Delays != [4]time.Duration{} {
		e.numbers |= numDelays
		for _, part := range ev.Delays {
			d.numbers = append(d.numbers, int64(part))
		}
	}
	d.number(e, numDeliveryTime, int64(ev.DeliveryTime))
	d.number(e, numRepeat, int64(ev.Repeat))
	d.number(e, numCodeInferred, int64(ev.CodeInferred))
	return e
}

// address is where b lies, to be compared only.
func address(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) }

// Passing says which lines may be passed over: those whose events nobody looks at, but for
// whose they are and when. All logs whose events are counted together share one.
type Passing struct {
	Kinds [kindCount]bool // without a queue ID
	// Since and Until bound the time in which connections count, [Since, Until); zero: no bound.
	Since, Until time.Time

	// A message on hold or discarded before it has a queue ID is tied to its session: ends of
	// sessions are not passed over any more.
	noted atomic.Bool
}

// Noted says that a message without a queue ID was put on hold or discarded; a Digester finds
// out by itself about its own lines.
func (s *Passing) Noted() { s.noted.Store(true) }

// over tells whether an event's line may be passed over.
func (s *Passing) over(ev *Event) bool {
	if s == nil || len(ev.QueueID) > 0 {
		return false
	}
	if ev.Kind == Held || ev.Kind == Discarded || ev.Kind == Redirected {
		s.Noted()
	}
	return s.Kinds[ev.Kind] && (ev.Kind != Disconnected || !s.noted.Load())
}

// side tells on which side of the window t lies: -1 before it, 0 in it, 1 after it.
func (s *Passing) side(t time.Time) int {
	switch {
	case t.Before(s.Since):
		return -1
	case s.Until.IsZero() || t.Before(s.Until):
		return 0
	}
	return 1
}

// Digester parses a log's lines in order into Digests. It is not safe for concurrent use.
type Digester struct {
	Parser  *Parser
	Prepare func(*Event) // gets every event but those of other programs' lines; nil: nothing
	Passing *Passing     // nil: every line makes an event
	// From the first line later than Limit on, every line makes an event; zero: there is no limit.
	// Another log's lines may come between them then.
	Limit time.Time
	Stop  time.Time // no line after the first one later than this while lines are passed over; zero: all

	single bool // every line makes an event from here on

	out      *Digest
	ev       Event
	origins  map[string]*Origin
	origin   *Origin // of the latest event
	sites    map[string]int
	lastSite int
	key      []byte
	ticked   bool // the last brief is a tick that the next may replace
	quick    quick
	numbers  *Numbering
}

// maxOrigins bounds the memory for the origins of lines; it starts anew when it is full.
const maxOrigins = 1 << 12

// Room returns a digest's own memory for lines: at least n bytes, empty. Lines takes them.
func (d *Digest) Room(n int) []byte {
	if cap(d.lines) < n {
		d.lines = make([]byte, 0, n)
	}
	return d.lines[:0]
}

// Begin has p parse the lines that follow: another log's. They make the events that they would make
// of a new Digester with the same Prepare; words keep their numbers.
func (d *Digester) Begin(p *Parser) {
	*d = Digester{Parser: p, Prepare: d.Prepare, numbers: d.numbers}
}

// Lines parses whole lines, each with its line feed, into out, which gets to own them.
func (d *Digester) Lines(lines []byte, out *Digest) {
	out.lines = lines
	d.out, d.ticked = out, false
	if d.Passing == nil {
		d.single = true
	} else if d.numbers == nil {
		d.numbers = &Numbering{}
	}
	out.Numbering, out.Begins = d.numbers, !d.single
	d.quick.begin()
	start := 0
	for start < len(lines) && !out.Stopped {
		n := bytes.IndexByte(lines[start:], '\n')
		if n < 0 {
			n = len(lines) - start
		}
		if end := start + n; !d.quickly(start, end) {
			d.slow(start, end)
		}
		start += n + 1
	}
	out.Left = max(0, len(lines)-start)
	if !d.single {
		out.Whole = len(out.briefs)
	}
	d.settle()
}

// slow parses a line by all the rules.
func (d *Digester) slow(start, end int) {
	d.settle()
	line := d.out.lines[start:end:end]
	ev := &d.ev
	v := d.Parser.Parse(line, ev)
	if !ev.Time.IsZero() && !d.time(ev.Time) {
		return
	}
	switch v {
	case Ignored:
		if !d.single {
			d.out.Ignored++
			return
		}
	case Understood:
		d.learn(line)
		if !d.single {
			d.out.Understood++
		}
	default:
		if !d.single {
			d.out.Unknown++
		}
	}
	if v == Ignored {
		d.out.add(ev, v, d.originOf(ev)).line = span{uint32(start), uint32(end - start)}
		return
	}
	d.mail(ev.Time)
	d.event(v, start, end)
}

// event takes the event of the line from start to end.
func (d *Digester) event(v Verdict, start, end int) {
	ev := &d.ev
	if d.Passing.over(ev) && !d.single {
		d.pass(ev.Kind == Connected && (ev.MTA != Postfix || len(ev.Client.Name) > 0), int64(max(1, ev.Repeat)), ev.Time, ev.MTA, d.originOf(ev))
		return
	}
	if d.Prepare != nil {
		d.Prepare(ev)
	}
	d.ticked = false
	e := d.out.add(ev, v, d.originOf(ev))
	e.line = span{uint32(start), uint32(end - start)}
	if d.numbers != nil {
		e.words = d.numbered(ev)
	}
}

// Flush adds the events of lines that were begun and never ended, after the last line.
func (d *Digester) Flush(out *Digest) {
	d.out = out
	for ev := &d.ev; d.Parser.Flush(ev); {
		if d.Prepare != nil {
			d.Prepare(ev)
		}
		out.add(ev, Understood, d.originOf(ev)).flags |= flagBegun
	}
	if !d.single {
		out.Whole = len(out.briefs)
	}
}

// time notes when a line was written, and tells whether it is still to be read.
func (d *Digester) time(t time.Time) bool {
	d.out.Latest = t
	if d.single {
		return true
	}
	if !d.Stop.IsZero() && t.After(d.Stop) {
		d.out.Stopped = true
		return false
	}
	if !d.Limit.IsZero() && t.After(d.Limit) {
		d.single, d.out.Whole = true, len(d.out.briefs)
	}
	return true
}

// beyond tells whether a line of this time changes how lines are taken.
func (d *Digester) beyond(t time.Time) bool {
	return !d.single && (!d.Stop.IsZero() && t.After(d.Stop) || !d.Limit.IsZero() && t.After(d.Limit))
}

// mail notes when a line of an MTA was written.
func (d *Digester) mail(t time.Time) {
	if t.IsZero() {
		return
	}
	if d.out.First.IsZero() || t.Before(d.out.First) {
		d.out.First = t
	}
	if t.After(d.out.Last) {
		d.out.Last = t
	}
}

// pass counts a line that is passed over. A tick says when that was; it takes the place of one
// before it of the same origin, but for the first of a digest.
func (d *Digester) pass(connection bool, n int64, t time.Time, mta MTA, origin *Origin) {
	out := d.out
	if connection && d.Passing.side(t) == 0 {
		out.Connections += n
	}
	if last := len(out.briefs) - 1; last >= 0 {
		e := &out.briefs[last]
		if e.origin.Beside(origin) && e.mta == mta {
			switch {
			case t.Equal(e.time):
				return
			case d.ticked && t.After(e.time) && d.Passing.side(t) == d.Passing.side(e.time):
				e.time = t
				return
			}
			d.ticked = e.flags&flagTick != 0 && t.After(e.time)
		} else {
			d.ticked = false
		}
	}
	e := out.begin()
	e.time, e.origin, e.mta, e.flags, e.verdict = t, origin, mta, flagTick, Understood
}

// originOf returns the event's origin, the same one for the same words.
func (d *Digester) originOf(ev *Event) *Origin {
	if o := d.origin; o != nil && string(o.Program) == string(ev.Program) && string(o.Host) == string(ev.Host) &&
		string(o.Instance) == string(ev.Instance) && string(o.Service) == string(ev.Service) {
		return o
	}
	k := d.key[:0]
	for _, b := range [...][]byte{ev.Host, ev.Instance, ev.Program, ev.Service} {
		k = append(append(k, b...), 0)
	}
	d.key = k
	o := d.origins[string(k)] // makes no string
	if o == nil || string(o.Host) != string(ev.Host) || string(o.Instance) != string(ev.Instance) || string(o.Program) != string(ev.Program) {
		if d.origins == nil || len(d.origins) >= maxOrigins {
			d.origins = map[string]*Origin{}
		}
		o = &Origin{bytes.Clone(ev.Host), bytes.Clone(ev.Instance), bytes.Clone(ev.Program), bytes.Clone(ev.Service), d.site(ev)}
		d.origins[string(k)] = o
	}
	d.origin = o
	return o
}

// site numbers a host's instance; the numbers go on when the map starts anew.
func (d *Digester) site(ev *Event) int {
	key := string(append(append(append(d.key[len(d.key):], ev.Host...), 0), ev.Instance...))
	n, ok := d.sites[key]
	if !ok {
		if d.sites == nil || len(d.sites) >= maxOrigins {
			d.sites = map[string]int{}
		}
		d.lastSite++
		n = d.lastSite
		d.sites[key] = n
	}
	return n
}
