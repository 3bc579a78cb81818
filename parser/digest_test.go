package parser

import (
	"bytes"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/smtplog/smtplog/internal/fixture"
	"github.com/smtplog/smtplog/internal/generate"
	"github.com/smtplog/smtplog/status"
)

// digested is an event with its verdict and line.
type digested struct {
	ev   Event
	v    Verdict
	line string
}

// oneByOne is what Parse says of a log.
func oneByOne(opt Options, log []byte) (all []digested) {
	p := New(opt)
	var ev Event
	for len(log) > 0 {
		var line []byte
		line, log, _ = cutByte(log, '\n')
		v := p.Parse(line, &ev)
		all = append(all, digested{ev.Clone(), v, string(line)})
	}
	for p.Flush(&ev) {
		all = append(all, digested{ev.Clone(), Understood, ""})
	}
	return all
}

// inDigests is what a Digester says of a log that comes in blocks of about a size. The digests'
// memory is used again and again.
func inDigests(opt Options, log []byte, size int) (all []digested, quick int) {
	var prepared []Event
	d := Digester{Parser: New(opt), Prepare: func(ev *Event) {
		prepared = append(prepared, ev.Clone())
		ev.Reason, ev.Folded = status.UserUnknown, []byte("prepared")
	}}
	var out Digest
	var last Event
	take := func() {
		for i := range out.Len() {
			var ev Event
			v := out.Event(i, &ev)
			if string(ev.Folded) == "prepared" { // what Prepare got is what it came to
				ready := prepared[0]
				prepared = prepared[1:]
				ready.Reason, ready.Folded = ev.Reason, ev.Folded
				if !reflect.DeepEqual(withoutEmpty(ready), withoutEmpty(ev.Clone())) {
					ev, v = ready, Unrecognised
				}
			} else if isFailure(&ev) {
				v = Unrecognised
			}
			if last.Folded = []byte("by who took it"); out.Next(i, &last) != v || !reflect.DeepEqual(last, ev) {
				ev, v = last, Unrecognised
			}
			ev.Reason, ev.Folded = status.ReasonNone, nil
			all = append(all, digested{ev.Clone(), v, string(out.Line(i))})
		}
	}
	for len(log) > 0 {
		n := min(size, len(log))
		if i := bytes.IndexByte(log[n:], '\n'); i >= 0 {
			n += i + 1
		} else {
			n = len(log)
		}
		out.Reset()
		d.Lines(append(out.Room(n), log[:n]...), &out)
		take()
		log = log[n:]
	}
	out.Reset()
	d.Flush(&out)
	take()
	return all, d.quick.lines
}

// isFailure tells whether an event is one that Prepare must get.
func isFailure(ev *Event) bool {
	return ev.Kind == Deferred || ev.Kind == Bounced || ev.Kind == Expired || ev.Kind == HostError || ev.Kind == Rejected
}

// withoutEmpty is ev without words of its origin that are empty: nobody tells them from absent
// ones.
func withoutEmpty(ev Event) Event {
	for _, b := range []*[]byte{&ev.Host, &ev.Instance, &ev.Program, &ev.Service} {
		if len(*b) == 0 {
			*b = nil
		}
	}
	return ev
}

// slowLines is Digester.Lines where no line is read quickly.
func slowLines(d *Digester, lines []byte, out *Digest) {
	d.Lines(nil, out)
	out.lines = lines
	for start := 0; start < len(lines); {
		n := bytes.IndexByte(lines[start:], '\n')
		if n < 0 {
			n = len(lines) - start
		}
		d.slow(start, start+n)
		start += n + 1
	}
	if !d.single {
		out.Whole = len(out.briefs)
	}
}

// comparePassing holds digests that pass lines over against the same where no line is read quickly.
func comparePassing(t testing.TB, log []byte, size int) {
	t.Helper()
	passing := func() *Passing {
		var p Passing
		for _, k := range Kinds() {
			p.Kinds[k] = !(&Event{Kind: k}).Attempt() && k != Rejected && k != Warning && k != Held && k != Discarded
		}
		return &p
	}
	quick := Digester{Parser: New(Options{Year: 2026}), Passing: passing()}
	slow := Digester{Parser: New(Options{Year: 2026}), Passing: passing()}
	var q, s Digest
	for len(log) > 0 {
		n := min(size, len(log))
		if i := bytes.IndexByte(log[n:], '\n'); i >= 0 {
			n += i + 1
		} else {
			n = len(log)
		}
		q.Reset()
		s.Reset()
		quick.Lines(append(q.Room(n), log[:n]...), &q)
		slowLines(&slow, append(s.Room(n), log[:n]...), &s)
		log = log[n:]
		if q.Understood != s.Understood || q.Ignored != s.Ignored || q.Unknown != s.Unknown || q.Connections != s.Connections ||
			!q.First.Equal(s.First) || !q.Last.Equal(s.Last) || !q.Latest.Equal(s.Latest) || q.Whole != s.Whole || q.Len() != s.Len() {
			t.Fatalf("got  %d %d %d, %d connections, %d events, %v, %v..%v\nwant %d %d %d, %d connections, %d events, %v, %v..%v",
				q.Understood, q.Ignored, q.Unknown, q.Connections, q.Len(), q.Latest, q.First, q.Last,
				s.Understood, s.Ignored, s.Unknown, s.Connections, s.Len(), s.Latest, s.First, s.Last)
		}
		for i := range q.Len() {
			var g, w Event
			q.Event(i, &g)
			s.Event(i, &w)
			qID, qNext := q.Hashes(i)
			sID, sNext := s.Hashes(i)
			if !reflect.DeepEqual(withoutEmpty(g), withoutEmpty(w)) || q.Numbered(i) != s.Numbered(i) || qID != sID || qNext != sNext || q.Tick(i) != s.Tick(i) {
				t.Fatalf("%s\ngot  %v %s\nwant %v %s", s.Line(i), q.Numbered(i), dump(&g), s.Numbered(i), dump(&w))
			}
		}
	}
}

// compareDigests holds what digests say against what Parse says.
func compareDigests(t testing.TB, log []byte, sizes ...int) (quick int) {
	t.Helper()
	opt := Options{Year: 2026}
	want := oneByOne(opt, log)
	for _, size := range sizes {
		var got []digested
		got, quick = inDigests(opt, log, size)
		if len(got) != len(want) {
			t.Fatalf("blocks of %d: %d events, want %d", size, len(got), len(want))
		}
		for i := range want {
			g, w := &got[i], &want[i]
			g.ev, w.ev = withoutEmpty(g.ev), withoutEmpty(w.ev)
			if !reflect.DeepEqual(g, w) {
				t.Fatalf("blocks of %d, line %d: %s\ngot  %v %s\nwant %v %s", size, i+1, w.line, g.v, dump(&g.ev), w.v, dump(&w.ev))
			}
		}
		comparePassing(t, log, size)
	}
	return quick
}

// dump writes the fields of an event that are set.
func dump(ev *Event) string {
	var b strings.Builder
	v := reflect.ValueOf(ev).Elem()
	for i := range v.NumField() {
		if f := v.Field(i); !f.IsZero() {
			if text, ok := f.Interface().([]byte); ok {
				fmt.Fprintf(&b, "%s=%q ", v.Type().Field(i).Name, text)
			} else {
				fmt.Fprintf(&b, "%s=%v ", v.Type().Field(i).Name, f.Interface())
			}
		}
	}
	return b.String()
}

// TestQuickIsSlow: a Digest's events are those that Parse gives, of every log at hand, whatever
// the blocks; and the quick ways are taken where they should be.
func TestQuickIsSlow(t *testing.T) {
	fixture.NoRace(t)
	t.Run("generated", func(t *testing.T) {
		for _, opt := range []generate.Options{{}, {LongIDs: true}, {Exim: true}} {
			opt.Bytes = 1 << 20
			var log bytes.Buffer
			truth, err := generate.Write(&log, opt)
			if err != nil {
				t.Fatal(err)
			}
			quick := compareDigests(t, log.Bytes(), 1, 64<<10)
			if share := float64(quick) / float64(truth.Lines); share < 0.5 {
				t.Errorf("%+v: only %.2f of the lines are read quickly", opt, share)
			}
			iso := isoStamps(log.Bytes())
			if quick := compareDigests(t, iso, 64<<10); !opt.Exim && float64(quick) < 0.5*float64(truth.Lines) {
				t.Errorf("%+v: with ISO stamps only %d of %d lines are read quickly", opt, quick, truth.Lines)
			}
		}
	})
	t.Run("tables", func(t *testing.T) {
		var lines []string
		for _, r := range postfixRows() {
			lines = append(lines, r.msg)
		}
		for _, tt := range slices.Concat(eximTests, eximForged) {
			lines = append(lines, tt.line)
		}
		for range 8 { // so that each comes behind each tag
			log := framedLog([]byte(strings.Join(lines, "\n")))
			compareDigests(t, log, 1, 64<<10)
			compareDigests(t, isoStamps(log), 64<<10)
			lines = append(lines, "")
			copy(lines[1:], lines)
		}
	})
	t.Run("stretches", func(t *testing.T) { // what the line before had, but for one byte
		const id = "2026-11-03 04:05:06 1tivSh-0007oc-5P "
		for _, line := range []string{
			id + `=> c@d.example R=dnslookup T=remote_smtp H=mx.d.example [192.0.2.1] X=TLS1.3:AES:256 CV=yes K C="250 2.0.0 Ok: queued as 3F2" QT=1.081s DT=0.515s`,
			id + `=> c@d.example R=r T=t H=mx.d.example [192.0.2.1] C="250 Ok" DT=2s`,
			id + `<= a@b.example H=mx.b.example (b) [192.0.2.1] P=esmtpsa X=TLS1.3:AES:256 CV=no A=plain:kim S=1300 id=x@b.example for c@d.example`,
			id + `<= a@b.example H=mx.b.example [192.0.2.1] P=esmtp S=1300`,
		} {
			var log strings.Builder
			for i := len(id); i < len(line); i++ {
				for _, c := range " \"=[\\:\tA" {
					fmt.Fprintf(&log, "%s\n%s%c%s\n%s%c%s\n", line, line[:i], c, line[i+1:], line[:i], c, line[i:])
				}
				fmt.Fprintf(&log, "%s\n%s%s\n%s\n", line, line[:i], line[i+1:], line[:i])
			}
			if quick := compareDigests(t, []byte(log.String()), 1, 64<<10); quick < 2*len(line) {
				t.Errorf("only %d lines were read quickly", quick)
			}
		}
	})
	t.Run("testdata", func(t *testing.T) {
		for _, path := range fixture.Files(t, fixture.Testdata(t, "logs")) {
			compareDigests(t, fixture.Read(t, path), 1, 4<<10)
		}
	})
	t.Run("shared", func(t *testing.T) {
		fixture.NoRace(t)
		for _, dir := range []string{fixture.Shared(t, "lab", "logs"), fixture.Shared(t, "corpora", "logs")} {
			for _, path := range fixture.Files(t, dir) {
				t.Run(filepath.Base(path), func(t *testing.T) { compareDigests(t, fixture.Read(t, path), 4<<10) })
			}
		}
	})
}

// isoStamps rewrites a log's stamps of RFC 3164 as ISO 8601 with microseconds.
func isoStamps(log []byte) []byte {
	var out bytes.Buffer
	n := 0
	for line := range bytes.Lines(log) {
		t, err := time.Parse("Jan _2 15:04:05", string(line[:min(15, len(line))]))
		if err != nil {
			out.Write(line)
			continue
		}
		n += 1237
		fmt.Fprintf(&out, "2026-%s.%06d+01:00%s", t.Format("01-02T15:04:05"), n%1_000_000, line[15:])
	}
	return out.Bytes()
}

// BenchmarkDigest is what it takes to parse lines ahead and to take their events out again.
func BenchmarkDigest(b *testing.B) {
	for name, opt := range map[string]generate.Options{"postfix": {}, "exim": {Exim: true}} {
		opt.Bytes = 4 << 20
		var log bytes.Buffer
		truth, err := generate.Write(&log, opt)
		if err != nil {
			b.Fatal(err)
		}
		passing := &Passing{}
		for _, k := range []Kind{Connected, Disconnected, TLS, Other} {
			passing.Kinds[k] = true
		}
		run := func(name string, f func(d *Digester, out *Digest)) {
			b.Run(name, func(b *testing.B) {
				d := &Digester{Parser: New(Options{Year: 2026}), Passing: passing}
				var out Digest
				f(d, &out)
				b.SetBytes(truth.Bytes)
				b.ReportAllocs()
				for b.Loop() {
					f(d, &out)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(truth.Lines), "ns/line")
			})
		}
		run(name+"/lines", func(d *Digester, out *Digest) {
			out.Reset()
			d.Lines(append(out.Room(log.Len()), log.Bytes()...), out)
		})
		run(name+"/events", func(d *Digester, out *Digest) {
			if out.Len() == 0 {
				d.Lines(append(out.Room(log.Len()), log.Bytes()...), out)
			}
			var ev Event
			for i := range out.Len() {
				out.Next(i, &ev)
			}
		})
	}
}
