package main

import (
	"bytes"
	"slices"

	"github.com/smtplog/smtplog/aggregate"
	"github.com/smtplog/smtplog/internal/source"
	"github.com/smtplog/smtplog/parser"
)

// skim reads a log in blocks and gives the lines that log.advance gives where input.want chooses
// them: it looks for all texts of the query in whole blocks, on all cores, and touches no other
// line than those that have one.
type skim struct {
	t      *tracer
	blocks *source.Blocks[found]
	block  *source.Block[found]
	line   int32 // lines of block that are behind
	at     int   // where the next one begins
	spot   int   // of block.Look, the next one
}

// maxSkims is how many logs are read in blocks at a time: each has a megabyte or two.
const maxSkims = 8

// skim starts reading a log in blocks, if that can be done.
func (t *tracer) skim(l *log) {
	if lineByLine || l.file.Stream() || t.finder.Load() == nil || t.skims >= maxSkims {
		return
	}
	t.skims++
	l.skim = &skim{t: t, blocks: source.NewBlocks(l.file, func(b []byte, fd *found) { fd.look(b, t.finder.Load()) })}
}

// stop ends reading.
func (s *skim) stop() {
	s.t.skims--
	s.blocks.Stop()
}

// advance is log.advance.
func (s *skim) advance(l *log, in *input) bool {
	for {
		if s.block == nil {
			s.block = s.blocks.Next()
			s.line, s.at, s.spot = 0, 0, 0
			l.read, l.cut = s.block.Read, s.block.Cut
			in.progress.look()
		}
		if s.block.Err != nil {
			return l.ended(in, s.block.Err)
		}
		line := s.next(l)
		if line == nil {
			continue
		}
		l.passed = l.passed[:0]
		l.parse(in, line)
		return l.goOn(in)
	}
}

// next returns the next line to be parsed, nil where the block has no more of them.
func (s *skim) next(l *log) []byte {
	b, fd := s.block.B, &s.block.Look
	if f := s.t.finder.Load(); f != fd.by {
		fd.again(b, s.at, s.line, f)
		s.spot = 0
	}
	target := s.line // all lines until the first that is understood, and where there are too many needles
	if l.known && fd.by != nil {
		target += int32(clockEvery - l.lines%clockEvery - 1)
		for ; s.spot < len(fd.spots); s.spot++ {
			sp := &fd.spots[s.spot]
			if sp.line >= target {
				break
			}
			if !sp.note || s.t.settling() || !s.t.note(l, b[sp.start:sp.end], l.lines+int64(sp.line-s.line)+1) {
				target = sp.line
				break
			}
		}
	}
	if target >= fd.lines {
		if s.line < fd.lines { // the end of the log may come
			last := bytes.TrimSuffix(b, newline)
			l.passed = append(l.passed[:0], last[bytes.LastIndexByte(last, '\n')+1:]...)
		}
		l.lines += int64(fd.lines - s.line)
		s.block = nil
		return nil
	}
	if target > s.line {
		s.at = fd.offset(b, target)
	}
	for s.spot < len(fd.spots) && fd.spots[s.spot].line <= target {
		s.spot++
	}
	l.lines += int64(target + 1 - s.line)
	s.line = target + 1
	line := b[s.at:]
	if i := bytes.IndexByte(line, '\n'); i >= 0 {
		line = line[:i]
	}
	s.at = min(s.at+len(line)+1, len(b))
	return line[:len(line):len(line)]
}

// maxSkimNeedles is how many queue IDs are looked for in blocks; beyond, every line is parsed.
const maxSkimNeedles = 200

// needles are the texts of which a line of the story has one: see worth.
func (t *tracer) needles() []needle {
	all := []needle{{text: tlsLine, note: true}, {text: append(slices.Clone(noqueueLine), 'h')}, {text: append(slices.Clone(noqueueLine), 'd')}}
	if t.q.exact != nil {
		all = append(all, needle{text: t.q.exact})
	} else {
		all = append(all, needle{text: t.q.fold, fold: true})
	}
	if len(t.awaited) > 0 {
		all = append(all, needle{text: clientLine})
	}
	for id := range t.ids {
		all = append(all, needle{text: []byte(id)})
	}
	for id := range t.mids {
		all = append(all, needle{text: []byte(id)})
	}
	return slices.DeleteFunc(all, func(n needle) bool { return bytes.IndexByte(n.text, '\n') >= 0 }) // no line has it
}

// lookFor has the finder look for what is known now.
func (t *tracer) lookFor() {
	if t.in.want == nil {
		return
	}
	sum := [...]int{len(t.ids), len(t.mids), min(1, len(t.awaited))}
	if sum == t.looked {
		return
	}
	if t.looked = sum; len(t.ids) > maxSkimNeedles {
		t.finder.Store(nil)
		return
	}
	t.finder.Store(newFinder(t.needles()))
}

// news is a queue ID or Message-ID that became known while a pass was under way, and how much of each
// log had been read by then.
type news struct {
	needle
	read map[*log]int64
}

// became notes that a text has become known from a line of l.
func (t *tracer) became(l *log, text string) {
	if len(t.news) > maxSkimNeedles {
		return
	}
	n := news{needle{text: []byte(text)}, map[*log]int64{}}
	for _, other := range t.in.logs {
		switch {
		case other.skim != nil && other.skim.block != nil:
			n.read[other] = other.skim.read()
		default: // behind, or not begun
			n.read[other] = other.read
		}
	}
	n.read[l] -= int64(len(l.line)) + 1
	t.news = append(t.news, n)
}

// read returns how much of the log has been handed out.
func (s *skim) read() int64 { return s.block.Read - int64(len(s.block.B)-s.at) }

// nothingNew tells whether reading once more would give the same: nothing that became known on
// the way stands in what had been read before.
func (t *tracer) nothingNew() bool {
	if lineByLine || t.in.want == nil || len(t.news) > maxSkimNeedles || t.q.id == "" { // an address: there are lines before its own
		return false
	}
	var needles []needle
	for _, n := range t.news {
		needles = append(needles, n.needle)
	}
	f := newFinder(needles)
	if f == nil {
		return len(needles) == 0
	}
	for _, l := range t.in.logs {
		var read int64
		for _, n := range t.news {
			read = max(read, n.read[l])
		}
		found, ok := l.file.Backwards(read, longest(needles), func(b []byte, at int64) bool {
			return slices.ContainsFunc(f.hits(b), func(h hit) bool {
				return slices.ContainsFunc(t.news, func(n news) bool { return at+int64(h.at) < n.read[l] && n.near(b, int(h.at)) })
			})
		})
		l.file.Close()
		if found || !ok {
			return false
		}
	}
	return true
}

func longest(needles []needle) (n int) {
	for _, nd := range needles {
		n = max(n, len(nd.text))
	}
	return n
}

// settling tells whether the message has ended and only time must pass: then each line that may
// tell the time counts.
func (t *tracer) settling() bool { return t.q.unique && len(t.open) == 0 && !t.ended.IsZero() }

// noted is a line that may belong to what its process does next. It is parsed if that is part of
// the story.
type noted struct {
	raw  []byte
	line int64
	seq  int64
}

// notedBy is a process as the lines of a log name it.
type notedBy struct {
	log     *log
	process string
}

// maxNoted is how many lines of a process are remembered.
const maxNoted = 4

// note remembers a line; it returns false where the line does not name its process in the usual way.
func (t *tracer) note(l *log, raw []byte, line int64) bool {
	process := processOf(raw)
	if process == nil {
		return false
	}
	ns := t.noted[notedBy{l, string(process)}]
	if ns == nil {
		if len(t.noted) >= maxBeside {
			clear(t.noted)
		}
		ns = new([maxNoted]noted)
		t.noted[notedBy{l, string(process)}] = ns
	}
	t.seq++
	oldest := ns[0].raw[:0]
	copy(ns[:], ns[1:])
	ns[maxNoted-1] = noted{append(oldest, raw...), line, t.seq}
	return true
}

// processOf returns how a line names its process: "mx postfix/smtpd[811"; nil if it does not.
func processOf(line []byte) []byte {
	head, _, ok := bytes.Cut(line, []byte("]: "))
	i := bytes.LastIndexByte(head, ' ')
	_, pid, _ := bytes.Cut(head[i+1:], []byte("["))
	if !ok || len(pid) == 0 || bytes.ContainsFunc(pid, func(r rune) bool { return r < '0' || r > '9' }) {
		return nil
	}
	return head[bytes.LastIndexByte(head[:max(0, i)], ' ')+1:]
}

// parseNoted makes events of the lines noted of the process of a line of the story. Another
// parser does it: an event of the log's own is in use.
func (t *tracer) parseNoted(at *log, e *entryOf) {
	process := string(processOf([]byte(e.Raw)))
	if process == "" {
		return
	}
	for _, l := range t.in.logs {
		ns := t.noted[notedBy{l, process}]
		if ns == nil || l != at && l.start.After(e.Event.Time) {
			continue
		}
		opt := l.opt
		if opt.Year != 0 {
			opt.Year, opt.LastYear = e.Event.Time.Year(), 0
		}
		p := parser.New(opt)
		var ev parser.Event
		p.Parse([]byte(e.Raw), &ev) // so that years and hours are those of the story
		for i := range ns {
			n := &ns[i]
			if n.seq == 0 {
				continue
			}
			v := p.Parse(n.raw, &ev)
			if l != at && ev.Time.After(e.Event.Time) {
				continue // it has been read ahead
			}
			if v == parser.Understood && ev.Kind == parser.TLS && ev.PID != 0 {
				t.remember(entryOf{Entry: aggregate.Entry{Event: ev.Clone(), File: l.path, Line: n.line, Raw: string(n.raw)},
					seq: n.seq, v: v, set: l.set, counts: true})
			}
			n.seq = 0
		}
	}
}
