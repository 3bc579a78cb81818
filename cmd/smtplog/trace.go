package main

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/smtplog/smtplog/aggregate"
	"github.com/smtplog/smtplog/internal/render"
	"github.com/smtplog/smtplog/parser"
)

// traceCmd is `smtplog trace`.
type traceCmd struct {
	Query string `arg:"" help:"A queue ID, a Message-ID, or a sender's or recipient's address; a domain and globs too."`
	inputFlags
	outputFlags
	Format string `enum:"table,json,ndjson,markdown" default:"table" group:"output" help:"${enum}."`
}

// Run prints the story of a message, or the list of those found where there are many.
func (cmd *traceCmd) Run(p *program) error {
	q, err := newQuery(cmd.Query)
	if err != nil {
		return err
	}
	s, err := cmd.settings()
	if err != nil {
		return err
	}
	if err := q.disguise(s.anonymizer); err != nil {
		return err
	}
	in, dest, finish, err := openBoth(p, &cmd.pathFlags, &cmd.outputFlags, s)
	if err != nil {
		return err
	}
	t := tracer{q: q, in: in, s: s, ids: map[string]bool{}, mids: map[string]bool{}}
	t.c = t.collector(nil)
	in.skim = t.skim
	out, err := t.run()
	in.progress.done()
	if err != nil {
		finish()
		return err
	}
	if len(out.Stories) == 0 && len(out.Hits) == 0 && out.Refused == 0 && in.anyMail {
		p.sayf("%s", render.NotFound(out, in.s.zone))
	}
	if err := render.WriteTrace(dest, out, cmd.Format, cmd.options(dest, in.s.zone)); err != nil {
		finish()
		return err
	}
	if err := finish(); err != nil {
		return err
	}
	return in.result()
}

// Bounds of what a trace keeps.
const (
	maxStories   = 16      // messages told in full; beyond, only a list is kept
	maxNeedles   = 12      // queue IDs looked for in raw lines; beyond, every line is parsed
	maxTraceIDs  = 100_000 // queue IDs of a story, next hops' included
	maxEntries   = 50_000  // lines of a story
	maxHits      = 10_000  // messages of a list
	maxBeside    = 10_000  // processes whose TLS sessions are remembered
	maxTraceRead = 8       // times that the input is read: links may lead back again and again
)

// settled is how long, in log time, reading goes on after a message has ended.
const settled = 10 * time.Minute

// tracer finds the lines of a message's story. Every link between queue IDs (a filter's hop,
// a notice, the next host's "queued as") is a line that names both, so the story's lines are
// those that name a known queue ID, read again until no new ID comes up. Lines that name none
// need not be parsed.
type tracer struct {
	q    query
	in   *input
	s    settings
	c    *aggregate.Collector // gives refusals their reasons, and filters
	ids  map[string]bool      // queue IDs of the story; true: seen as a line's own
	mids map[string]bool      // their Message-IDs
	hits map[string]bool      // queue IDs that match by themselves
	list *lister              // not nil: list what is found instead

	entries []entryOf
	beside  map[process][]entryOf // lines that belong to the next message of a process
	awaited map[process]bool      // processes whose next message is a hit
	noted   map[notedBy]*[maxNoted]noted
	finder  atomic.Pointer[finder] // of the lines of the story; nil: all lines are parsed
	looked  [3]int                 // what it was made of
	skims   int                    // logs that are read in blocks
	news    []news
	seq     int64
	cut     int64 // lines of the story beyond maxEntries

	open  map[string]bool // queue IDs of the story that have not ended
	ended time.Time       // the latest line of the story

	refused int64
	refusal []aggregate.Entry // the latest
}

// entryOf is an entry on its way to its story.
type entryOf struct {
	aggregate.Entry
	seq    int64
	v      parser.Verdict
	set    int
	about  string // the queue ID or Message-ID for which a line beside was taken
	counts bool   // the ledger takes it
}

// process is one process of a host.
type process struct {
	host string
	pid  int
}

// collector returns one that joins messages and counts nothing.
func (t *tracer) collector(release func(*aggregate.Message)) *aggregate.Collector {
	c, err := aggregate.NewCollector(aggregate.Options{Zone: t.s.zone, Since: t.s.since, Filter: t.s.filter, Classifier: t.s.classifier, Tables: []string{}, Release: release})
	if err != nil {
		panic(err) // it was asked for no table
	}
	return c
}

// run reads the input as often as need be.
func (t *tracer) run() (*render.Trace, error) {
	in := t.in
	streams := false
	for _, l := range in.logs {
		if l.file.Stream() {
			l.history = &history{}
			streams = true
		}
	}
	var list *lister
	if streams { // it can be read only once: what a list needs is counted right away
		list = newLister(t)
	}
	out := &render.Trace{Query: t.q.text}
	for n := 0; ; n++ {
		known := len(t.ids)
		t.pass(list)
		t.searched(out)
		if in.partial || len(t.hits) > maxStories || len(t.ids) == known && n > 0 || n+1 == maxTraceRead || len(t.ids) == 0 || t.nothingNew() {
			break
		}
		if err := in.rewind(); err != nil {
			return nil, err
		}
		list = nil
	}
	many := len(t.hits) > maxStories
	if many && !streams {
		if err := in.rewind(); err != nil {
			return nil, err
		}
		list = newLister(t)
		t.pass(list)
		t.searched(out)
	}
	out.Partial, out.Notes = in.partial, in.notes
	out.Refused, out.Refusals = t.refused, t.refusal
	for _, l := range in.logs {
		if l.history != nil && l.history.dropped > 0 {
			out.Notes = append(out.Notes, fmt.Sprintf("the stream is longer than what is kept of it: lines of the message before the latest "+
				"%d MiB may be missing here; name files to have them all", historySize>>20))
		}
	}
	if many {
		out.Hits, out.Found = t.list.newest(), t.list.found
		return out, nil
	}
	t.tell(out)
	return out, nil
}

// searched notes how much has been read: as much as the longest pass.
func (t *tracer) searched(out *render.Trace) {
	lines := int64(0)
	for _, l := range t.in.logs {
		lines += l.lines
	}
	out.Files, out.Lines = len(t.in.logs), max(out.Lines, lines)
	out.First, out.Last = t.in.first, t.in.last
}

// pass reads the input once and keeps the story's lines.
func (t *tracer) pass(list *lister) {
	in := t.in
	old := t.entries
	t.entries, t.cut, t.seq, t.refused, t.refusal = nil, 0, 0, 0, nil
	t.beside, t.awaited, t.open, t.ended = map[process][]entryOf{}, map[process]bool{}, map[string]bool{}, time.Time{}
	t.news = nil
	for _, l := range in.logs {
		l.read = 0
	}
	t.hits, t.noted = map[string]bool{}, map[notedBy]*[maxNoted]noted{}
	for _, e := range old { // of a stream, what can no longer be read again
		if l := t.log(e.File); l != nil && l.history != nil && e.Line <= l.history.dropped {
			t.keep(e)
		}
	}
	t.list = list
	in.want = t.worth
	if list != nil || t.s.anonymizer != nil || t.q.exact == nil && len(t.q.fold) == 0 {
		in.want = nil
	}
	t.finder.Store(nil)
	t.looked = [3]int{-1}
	t.lookFor()
	for l := in.next(); l != nil; l = in.next() {
		l.disguise(t.s.anonymizer)
		t.seq++
		if !t.s.until.IsZero() && !l.ev.Time.Before(t.s.until) {
			continue
		}
		if len(t.hits) <= maxStories {
			t.line(l)
			t.lookFor()
		} else if t.q.event(l.ev) {
			t.hit(l)
		}
		if list != nil && l.detail == "" {
			l.add(list.c) // last: it fills in the event
		}
		if t.complete(l.time) || list == nil && len(t.hits) > maxStories {
			break
		}
	}
	for _, l := range in.active { // the answer is complete, or reading was interrupted
		l.close(in)
		in.anyMail = in.anyMail || l.known
	}
}

func (t *tracer) log(path string) *log {
	for _, l := range t.in.logs {
		if l.path == path {
			return l
		}
	}
	return nil
}

// complete tells whether nothing more can come: the message that was asked for by an ID that
// is never used again has ended, and so have those linked to it that came up.
func (t *tracer) complete(now time.Time) bool {
	return t.list == nil && t.settling() && now.Sub(t.ended) > settled
}

var (
	tlsLine     = []byte("TLS connection established")
	noqueueLine = []byte("NOQUEUE: ")
	clientLine  = []byte(": client=")
)

// worth tells whether a raw line may be part of the story.
func (t *tracer) worth(line []byte) bool {
	if len(t.ids) > maxNeedles || t.q.worth(line) || bytes.Contains(line, tlsLine) ||
		len(t.awaited) > 0 && bytes.Contains(line, clientLine) {
		return true
	}
	if i := bytes.Index(line, noqueueLine); i >= 0 && bytes.IndexAny(line[i+len(noqueueLine):], "hd") == 0 {
		return true // hold and discard
	}
	for id := range t.ids {
		if bytes.Contains(line, []byte(id)) {
			return true
		}
	}
	for id := range t.mids {
		if bytes.Contains(line, []byte(id)) {
			return true
		}
	}
	return false
}

// line keeps a line if it is part of the story.
func (t *tracer) line(l *log) {
	ev := l.ev
	if l.v == parser.Ignored || l.detail != "" {
		t.foreign(l)
		return
	}
	p := process{string(ev.Host), ev.PID}
	if t.q.event(ev) {
		t.hit(l)
	} else if len(t.awaited) > 0 && t.awaited[p] && ev.Kind == parser.Received {
		delete(t.awaited, p)
		t.hit(l)
	}
	switch {
	case ev.Kind == parser.TLS && ev.PID != 0, len(ev.QueueID) == 0 && (ev.Kind == parser.Held || ev.Kind == parser.Discarded):
		t.remember(t.entry(l))
		return
	}
	if !t.known(ev.QueueID) && !t.known(ev.NextQueueID) && !t.known(ev.PrevQueueID) {
		return
	}
	t.learn(l)
	e := t.entry(l)
	t.takeBeside(l, &e)
	t.keep(e)
	if ev.Time.After(t.ended) {
		t.ended = ev.Time
	}
	switch id := string(ev.QueueID); {
	case ev.Kind == parser.Completed, ev.Kind == parser.Removed && len(ev.Recipient) == 0,
		(ev.Kind == parser.Rejected || ev.Kind == parser.Discarded) && ev.Late:
		delete(t.open, id)
	case ev.Kind != parser.Delivered && ev.Kind != parser.Notification: // these may come after the end
		t.open[id] = true
	}
}

// hit notes what matches the query by itself: a message's queue ID, or a refusal before there
// is one.
func (t *tracer) hit(l *log) {
	ev := l.ev
	if len(ev.QueueID) > 0 {
		t.hits[string(ev.QueueID)] = true
		t.learn(l)
		return
	}
	if ev.Kind == parser.Held || ev.Kind == parser.Discarded {
		if len(t.awaited) < maxBeside {
			t.awaited[process{string(ev.Host), ev.PID}] = true // its next message is meant
		}
		return
	}
	if ev.Kind != parser.Rejected {
		return
	}
	e := t.entry(l)
	if _, counts := t.c.Add(&e.Event, l.v, l.set); !counts {
		return
	}
	t.refused += int64(max(1, ev.Repeat))
	if len(t.refusal) >= maxHits {
		t.refusal = slices.Delete(t.refusal, 0, maxHits/2)
	}
	t.refusal = append(t.refusal, e.Entry)
}

func (t *tracer) known(id []byte) bool {
	_, ok := t.ids[string(id)]
	return ok
}

// learn adds the queue IDs that a line links, and the Message-ID of a message.
func (t *tracer) learn(l *log) {
	ev := l.ev
	if len(t.ids) >= maxTraceIDs {
		return
	}
	for _, id := range [...][]byte{ev.QueueID, ev.NextQueueID, ev.PrevQueueID} {
		if _, ok := t.ids[string(id)]; len(id) >= 5 && !ok { // the shortest that an MTA makes has six
			t.ids[string(id)] = false
			t.became(l, string(id))
		}
	}
	if len(ev.QueueID) > 0 && !t.ids[string(ev.QueueID)] {
		t.ids[string(ev.QueueID)] = true
		t.became(l, string(ev.QueueID))
	}
	if _, ok := t.mids[string(ev.MessageID)]; len(ev.MessageID) > 5 && len(t.mids) < maxStories && !ok {
		t.mids[string(ev.MessageID)] = true
		t.became(l, string(ev.MessageID))
	}
}

// foreign keeps another program's line that names the message: a filter's, a mailbox
// server's.
func (t *tracer) foreign(l *log) {
	for _, ids := range [...]map[string]bool{t.ids, t.mids} {
		if len(ids) > maxNeedles*maxStories {
			continue
		}
		for id, own := range ids {
			if own && containsWord(l.line, id) {
				e := t.entry(l)
				e.about, e.counts = id, false
				t.keep(e)
				return
			}
		}
	}
}

// remember keeps a line that belongs to what its process does next.
func (t *tracer) remember(e entryOf) {
	if len(t.beside) >= maxBeside {
		clear(t.beside)
	}
	p := process{string(e.Event.Host), e.Event.PID}
	if before := t.beside[p]; len(before) < 4 {
		t.beside[p] = append(before, e)
	} else {
		t.beside[p] = append(before[:0], append(before[1:], e)...)
	}
}

// takeBeside keeps the remembered line that belongs to the current one, e: the latest of the same
// process about the same host.
func (t *tracer) takeBeside(l *log, e *entryOf) {
	ev := &e.Event
	if ev.Kind != parser.Received && !ev.Attempt() {
		return
	}
	t.parseNoted(l, e)
	p := process{string(ev.Host), ev.PID}
	before := t.beside[p]
	slices.SortStableFunc(before, func(a, b entryOf) int { return cmp.Compare(a.seq, b.seq) })
	for i := len(before) - 1; i >= 0; i-- {
		b := &before[i].Event
		if ev.Kind == parser.Received && len(b.Client.IP) > 0 && bytes.Equal(b.Client.IP, ev.Client.IP) ||
			ev.Attempt() && len(b.Relay.IP) > 0 && bytes.Equal(b.Relay.IP, ev.Relay.IP) {
			before[i].about = string(ev.QueueID)
			t.keep(before[i])
			t.beside[p] = nil // what came before belongs to earlier sessions
			return
		}
	}
}

func (t *tracer) entry(l *log) entryOf {
	return entryOf{Entry: aggregate.Entry{Event: l.ev.Clone(), File: l.path, Line: l.lines, Raw: string(l.line)},
		seq: t.seq, v: l.v, set: l.set, counts: true}
}

func (t *tracer) keep(e entryOf) {
	if len(t.entries) >= maxEntries {
		t.cut++
		return
	}
	t.entries = append(t.entries, e)
}

// tell joins the lines to messages and the messages to stories, and picks those asked for.
func (t *tracer) tell(out *render.Trace) {
	var ms []*aggregate.Message
	c := t.collector(func(m *aggregate.Message) { ms = append(ms, m) })
	slices.SortStableFunc(t.entries, func(a, b entryOf) int { return cmp.Compare(a.seq, b.seq) })
	for i := range t.entries {
		if e := &t.entries[i]; e.counts {
			e.Message, _ = c.Add(&e.Event, e.v, e.set)
			e.Event = e.Event.Clone() // what was filled in is the Collector's
		}
	}
	end := t.in.last
	if !t.s.until.IsZero() && t.s.until.Before(end) {
		end = t.s.until
	}
	for i := range t.entries { // each host's clock has come so far
		if m := t.entries[i].Message; m != nil {
			c.Event(&parser.Event{Kind: parser.Other, Time: end, MTA: m.MTA, Host: []byte(m.Host)}, m.Set)
		}
	}
	c.Finish()
	stories := aggregate.Stories(ms)
	storyOf := map[*aggregate.Message]*aggregate.Story{}
	for _, s := range stories {
		for _, m := range s.Messages {
			storyOf[m] = s
		}
	}
	for i := range t.entries {
		e := &t.entries[i]
		s := storyOf[e.Message]
		if s == nil && e.about != "" {
			s = storyAt(stories, e.about, e.Event.Time)
		}
		if s != nil {
			s.Entries = append(s.Entries, e.Entry)
		}
	}
	for _, s := range stories {
		if t.asked(s) {
			out.Stories = append(out.Stories, s)
		}
	}
	out.Found = int64(len(out.Stories))
	out.Cut = t.cut
	if len(out.Stories) > 1 {
		for _, s := range out.Stories {
			for _, m := range s.Messages {
				if h, ok := t.hitOf(m); ok {
					out.Hits = append(out.Hits, h)
				}
			}
		}
		out.Hits = t.chainsOnce(out.Hits)
		out.Found = int64(len(out.Hits))
		out.Stories = nil
	}
}

// storyAt returns the story that a line beside is about.
func storyAt(stories []*aggregate.Story, id string, at time.Time) *aggregate.Story {
	for _, s := range stories {
		for _, m := range s.Messages {
			if (m.QueueID == id || m.MessageID == id) && !at.Before(m.First.Add(-settled)) && !at.After(m.Last.Add(settled)) {
				return s
			}
		}
	}
	return nil
}

// asked tells whether a story holds what was asked for.
func (t *tracer) asked(s *aggregate.Story) bool {
	return slices.ContainsFunc(s.Messages, func(m *aggregate.Message) bool {
		_, ok := t.hitOf(m)
		return ok
	})
}

// hitOf tells whether a message is what was asked for, and which of its recipients.
func (t *tracer) hitOf(m *aggregate.Message) (h render.Hit, ok bool) {
	if !passes(t.c, m, &t.s) {
		return h, false
	}
	h.Message = m
	whole := t.q.message(m)
	if whole && (t.s.filter.Empty() || len(m.Recipients) == 0) {
		return h, true
	}
	for i := range m.Recipients {
		r := &m.Recipients[i]
		v := t.c.View(m, r)
		if (whole || !m.Probe && t.q.recipient(r)) && // a probe is no mail to the address
			t.s.filter.Pass(&v) {
			h.Recipients = append(h.Recipients, i)
		}
	}
	return h, len(h.Recipients) > 0
}

// chainsOnce leaves out messages that only go on with one of the others, or are notices about
// one, and sorts the rest by first line.
func (t *tracer) chainsOnce(hits []render.Hit) []render.Hit {
	type chain struct{ host, id string }
	there := map[chain]bool{}
	for _, h := range hits {
		there[chain{h.Message.Host, h.Message.QueueID}] = true
	}
	hits = slices.DeleteFunc(hits, func(h render.Hit) bool {
		m := h.Message
		return m.QueueID != t.q.id && (there[chain{m.Host, m.FromQueueID}] || there[chain{m.Host, m.NotificationOf}])
	})
	slices.SortStableFunc(hits, func(a, b render.Hit) int {
		return cmp.Or(a.Message.First.Compare(b.Message.First), strings.Compare(a.Message.QueueID, b.Message.QueueID))
	})
	return hits
}

// lister finds all messages asked for, by joining every line of the input.
type lister struct {
	t     *tracer
	c     *aggregate.Collector
	hits  []render.Hit
	found int64
}

func newLister(t *tracer) *lister {
	ls := &lister{t: t}
	ls.c = t.collector(func(m *aggregate.Message) {
		h, ok := t.hitOf(m)
		if !ok {
			return
		}
		if ls.found++; len(ls.hits) >= 2*maxHits {
			slices.SortFunc(ls.hits, func(a, b render.Hit) int { return b.Message.First.Compare(a.Message.First) })
			ls.hits = slices.Delete(ls.hits, maxHits, len(ls.hits))
		}
		ls.hits = append(ls.hits, h)
	})
	return ls
}

// newest returns the latest hits, the newest last.
func (ls *lister) newest() []render.Hit {
	ls.c.Finish()
	before := len(ls.hits)
	hits := ls.t.chainsOnce(ls.hits)
	ls.found -= int64(before - len(hits))
	return hits
}
