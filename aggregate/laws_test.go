package aggregate

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/smtplog/smtplog/internal/fixture"
	"github.com/smtplog/smtplog/parser"
)

// logLine is a parsed line of one of several logs.
type logLine struct {
	ev  parser.Event
	v   parser.Verdict
	set int
}

// clone copies an event's bytes, which are the parser's.
func clone(ev *parser.Event) parser.Event {
	c := *ev
	v := reflect.ValueOf(&c).Elem()
	var walk func(reflect.Value)
	walk = func(v reflect.Value) {
		switch {
		case v.Type() == reflect.TypeFor[[]byte]():
			v.SetBytes(bytes.Clone(v.Bytes()))
		case v.Kind() == reflect.Struct && v.Type() != reflect.TypeFor[time.Time]():
			for i := range v.NumField() {
				if v.Field(i).CanSet() {
					walk(v.Field(i))
				}
			}
		}
	}
	walk(v)
	return c
}

// parsed reads a log of testdata.
func parsed(t testing.TB, name string, set int) []logLine {
	t.Helper()
	p := parser.New(parser.Options{Year: 2026})
	var ev parser.Event
	var lines []logLine
	for _, line := range fixture.Lines(t, fixture.Testdata(t, "logs", name)) {
		v := p.Parse(line, &ev)
		lines = append(lines, logLine{clone(&ev), v, set})
	}
	return lines
}

// told is all that a run says: each message as it is released, and the report at the end.
type told struct {
	messages strings.Builder
	c        *Collector
}

func newTold(t testing.TB, opt Options) *told {
	t.Helper()
	r := &told{}
	opt.Release = func(m *Message) {
		fmt.Fprintf(&r.messages, "%v %v %v %v %v %s", m.First, m.Last, m.Closed, m.Size, m.MessageID, tell([]*Message{m}))
		for i := range m.Recipients {
			rc := &m.Recipients[i]
			fmt.Fprintf(&r.messages, " %v %v %v %v", rc.Time, rc.Delay, rc.Relay, rc.Answer)
		}
		r.messages.WriteByte('\n')
	}
	c, err := NewCollector(opt)
	if err != nil {
		t.Fatal(err)
	}
	r.c = c
	return r
}

func (r *told) add(lines []logLine) {
	for i := range lines {
		ev := lines[i].ev // Add fills in what the message knows
		r.c.Add(&ev, lines[i].v, lines[i].set)
	}
}

func asJSON(t testing.TB, r *Report) string {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// checkSums asserts the reconciliation, and that no figure is negative.
func checkSums(t testing.TB, name string, r *Report) {
	t.Helper()
	n := r.Totals
	if sum := n.Delivered + n.Bounced + n.Expired + n.Discarded + n.Removed + n.Queued + n.Lost; n.Recipients != sum {
		t.Errorf("%s: recipients %d, their outcomes %d", name, n.Recipients, sum)
	}
	for i, v := 0, reflect.ValueOf(n); i < v.NumField(); i++ {
		if v.Field(i).Int() < 0 {
			t.Errorf("%s: %s is %d", name, v.Type().Field(i).Name, v.Field(i).Int())
		}
	}
	if in := r.Input; in.Lines != in.Understood+in.Ignored+in.Unknown {
		t.Errorf("%s: lines do not add up: %+v", name, in)
	}
	for i := range r.Tables {
		for _, row := range r.Tables[i].Rows {
			for _, cell := range row {
				if v, ok := cell.(int64); ok && v < 0 {
					t.Errorf("%s: table %s has %v", name, r.Tables[i].Name, row)
				}
			}
		}
	}
	for _, name := range []string{"domains", "senders"} {
		for column, want := range map[string]int64{"recipients": n.Recipients, "delivered": n.Delivered, "bounced": n.Bounced,
			"expired": n.Expired, "discarded": n.Discarded, "removed": n.Removed, "queued": n.Queued, "lost": n.Lost, "deferred": n.Deferred} {
			if got := r.table(t, name).sum(t, column); got != want {
				t.Errorf("%s: %s %d, totals %d", name, column, got, want)
			}
		}
	}
	attempts := r.table(t, "status").sum(t, "attempts")
	for _, name := range []string{"relays", "enhanced"} {
		if got := r.table(t, name).sum(t, "attempts"); got != attempts {
			t.Errorf("%s: %d attempts, status %d", name, got, attempts)
		}
	}
	if got := r.table(t, "rejects").sum(t, "count"); got != n.Rejected {
		t.Errorf("rejects: %d, totals %d", got, n.Rejected)
	}
}

// spoil makes of logs what rsyslog, rotation and copying make of them: they are woven into
// each other, cut at both ends, and lines are lost, doubled and late.
func spoil(rng *rand.Rand, logs ...[]logLine) []logLine {
	for i := range logs {
		from := rng.IntN(len(logs[i]) / 2)
		logs[i] = logs[i][from : from+rng.IntN(len(logs[i])/2)+1]
	}
	harm := rng.IntN(3) * 10 // per thousand lines; none in a third of the cases
	var all []logLine
	for {
		var some []int
		for i := range logs {
			if len(logs[i]) > 0 {
				some = append(some, i)
			}
		}
		if len(some) == 0 {
			break
		}
		i := some[rng.IntN(len(some))]
		n := min(len(logs[i]), 1+rng.IntN(20))
		for _, line := range logs[i][:n] {
			switch dice := rng.IntN(1000); {
			case dice < harm:
				continue
			case dice < 2*harm:
				all = append(all, line)
			}
			all = append(all, line)
		}
		logs[i] = logs[i][n:]
	}
	for i := range all {
		if rng.IntN(1000) < 3*harm {
			j := min(i+rng.IntN(30), len(all)-1)
			all[i], all[j] = all[j], all[i]
		}
	}
	return all
}

// The sums hold, and resume(state(A), B) = run(A, B), on whatever is made of the logs,
// wherever they are cut, and even where hardly any message fits into memory.
func TestLawsOnSpoiltLogs(t *testing.T) {
	fixture.NoRace(t)
	logs := [][]logLine{parsed(t, "postfix.log", 1), parsed(t, "exim.log", 2), parsed(t, "exim-rich.log", 3)}
	window := Options{Since: time.Date(2026, 12, 30, 8, 0, 0, 0, time.UTC), Until: time.Date(2026, 12, 30, 20, 0, 0, 0, time.UTC)}
	for seed := range uint64(24) {
		rng := rand.New(rand.NewPCG(seed, 5))
		lines := spoil(rng, append([][]logLine(nil), logs[:1+rng.IntN(3)]...)...)
		name := fmt.Sprintf("seed %d, %d lines", seed, len(lines))
		opt := Options{}
		if rng.IntN(4) == 0 {
			opt = window
		}
		if rng.IntN(3) == 0 {
			opt.Recent = time.Hour
		}
		limit := DefaultLimit
		if rng.IntN(4) == 0 {
			limit = 50 * (messageSize + recipientSize)
		}
		whole := newTold(t, opt)
		whole.c.ledger.Limit = limit
		whole.add(lines)
		checkSums(t, name+", before the end", whole.c.Report())
		whole.c.Finish()
		want := whole.c.Report()
		checkSums(t, name, want)

		parts := newTold(t, opt)
		parts.c.ledger.Limit = limit
		for rest := lines; len(rest) > 0; {
			n := min(len(rest), 1+rng.IntN(len(lines)/2+1))
			parts.add(rest[:n])
			rest = rest[n:]
			var state, again bytes.Buffer
			if err := parts.c.Save(&state); err != nil {
				t.Fatal(err)
			}
			if err := parts.c.Save(&again); err != nil || !bytes.Equal(state.Bytes(), again.Bytes()) {
				t.Fatalf("%s: the same state is written in two ways (%v)", name, err)
			}
			next := newTold(t, opt)
			next.c.ledger.Limit = limit
			next.messages.WriteString(parts.messages.String())
			if err := next.c.Restore(&state); err != nil {
				t.Fatal(err)
			}
			parts = next
		}
		parts.c.Finish()
		if got := parts.messages.String(); got != whole.messages.String() {
			t.Errorf("%s: resumed, other messages:\n%s", name, firstDifference(got, whole.messages.String()))
		}
		if got, want := asJSON(t, parts.c.Report()), asJSON(t, want); got != want {
			t.Errorf("%s: resumed, another report:\n%s", name, firstDifference(got, want))
		}
		if opt.Recent > 0 {
			since := lines[len(lines)-1].ev.Time.Add(-30 * time.Minute)
			if got, want := asJSON(t, parts.c.Recent(since)), asJSON(t, whole.c.Recent(since)); got != want {
				t.Errorf("%s: resumed, another recent report:\n%s", name, firstDifference(got, want))
			}
		}
	}
}

// firstDifference shows where two texts part.
func firstDifference(got, want string) string {
	i := 0
	for i < len(got) && i < len(want) && got[i] == want[i] {
		i++
	}
	from := max(0, i-200)
	return "got  ..." + got[from:min(len(got), i+200)] + "\nwant ..." + want[from:min(len(want), i+200)]
}

// fold(R1) + fold(R2) = fold(R1 and R2): logs counted apart and merged are the same as logs
// counted together, woven into each other in any way.
func TestMergeOfLogs(t *testing.T) {
	fixture.NoRace(t)
	for seed := range uint64(6) {
		rng := rand.New(rand.NewPCG(seed, 7))
		a, b := parsed(t, "postfix.log", 1), parsed(t, "exim.log", 2)
		both, one, two := newTold(t, Options{}), newTold(t, Options{}), newTold(t, Options{})
		one.add(a)
		two.add(b)
		// In time order, since what is settled depends on the clock; where times are equal, any.
		for len(a)+len(b) > 0 {
			if len(b) == 0 || len(a) > 0 && (a[0].ev.Time.Before(b[0].ev.Time) || a[0].ev.Time.Equal(b[0].ev.Time) && rng.IntN(2) == 0) {
				both.add(a[:1])
				a = a[1:]
			} else {
				both.add(b[:1])
				b = b[1:]
			}
		}
		for _, r := range []*told{both, one, two} {
			r.c.Finish()
		}
		if seed%2 == 0 {
			one, two = two, one
		}
		one.c.Merge(two.c)
		if got, want := asJSON(t, one.c.Report()), asJSON(t, both.c.Report()); got != want {
			t.Errorf("seed %d: merged, another report:\n%s", seed, firstDifference(got, want))
		}
	}
}

// Records dealt out to two sums and added up are the same as records counted in one.
func TestMergeOfRecords(t *testing.T) {
	for _, name := range testLogs {
		var records []*Message
		c := newTold(t, Options{}).c
		l := NewLedger(func(m *Message) { records = append(records, m) })
		for _, line := range parsed(t, name, 1) {
			l.Add(&line.ev, 1)
		}
		l.Close()
		rng := rand.New(rand.NewPCG(1, 1))
		one, two, both := newSums(Totals{}, c.newFolds()), newSums(Totals{}, c.newFolds()), newSums(Totals{}, c.newFolds())
		for _, m := range records {
			c.record(m, into(&both))
			if rng.IntN(2) == 0 {
				c.record(m, into(&one))
			} else {
				c.record(m, into(&two))
			}
		}
		two.add(&one)
		if two.totals != both.totals || both.totals.Recipients == 0 {
			t.Errorf("%s: got %+v, want %+v", name, two.totals, both.totals)
		}
		for i := range both.folds {
			got, _ := two.folds[i].rows(0)
			want, _ := both.folds[i].rows(0)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %s differs", name, c.specs[i].name)
			}
		}
	}
}

// state returns a Collector's state after part of a log.
func state(t testing.TB, opt Options, lines int) []byte {
	t.Helper()
	r := newTold(t, opt)
	r.add(parsed(t, "postfix.log", 1)[:lines])
	var b bytes.Buffer
	if err := r.c.Save(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestDamagedStateIsAnError(t *testing.T) {
	good := state(t, Options{}, 3000)
	restore := func(b []byte, opt Options) error { return newTold(t, opt).c.Restore(bytes.NewReader(b)) }
	if err := restore(good, Options{}); err != nil {
		t.Fatal(err)
	}
	for n := range 200 {
		bad := bytes.Clone(good)
		bad[n*len(bad)/200] ^= 0x10
		if err := restore(bad, Options{}); !errors.Is(err, ErrState) {
			t.Errorf("byte %d changed: %v", n*len(bad)/200, err)
		}
		if err := restore(good[:n*len(good)/200], Options{}); !errors.Is(err, ErrState) {
			t.Errorf("cut at %d: %v", n*len(good)/200, err)
		}
	}
	for _, opt := range []Options{{Bounces: true}, {Until: time.Now()}, {By: []Dim{DimHost}}, {Tables: []string{"status"}}} {
		if err := restore(good, opt); !errors.Is(err, ErrState) {
			t.Errorf("%+v: %v", opt, err)
		}
	}
}

// Every kind of table can be saved.
func TestEveryTableHasState(t *testing.T) {
	fixture.NoRace(t)
	for _, opt := range []Options{{}, {Bounces: true}, {By: []Dim{DimTime, DimCode}}} {
		lines := parsed(t, "postfix.log", 1)
		a := newTold(t, opt)
		a.add(lines)
		b := newTold(t, opt)
		var buf bytes.Buffer
		if err := a.c.Save(&buf); err != nil {
			t.Fatal(err)
		}
		if err := b.c.Restore(&buf); err != nil {
			t.Fatal(err)
		}
		if got, want := asJSON(t, b.c.Report()), asJSON(t, a.c.Report()); got != want {
			t.Errorf("another report:\n%s", firstDifference(got, want))
		}
	}
}

// Not even a state whose checksum is right can do harm.
func FuzzRestore(f *testing.F) {
	f.Add(state(f, Options{}, 400)[len(stateMagic)+8:])
	f.Add(state(f, Options{}, 40)[len(stateMagic)+8:])
	f.Fuzz(func(t *testing.T, payload []byte) {
		c := newTold(t, Options{}).c
		b := binary.LittleEndian.AppendUint64([]byte(stateMagic), c.fingerprint())
		b = append(b, payload...)
		b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
		if err := c.Restore(bytes.NewReader(b)); err != nil {
			if !errors.Is(err, ErrState) {
				t.Fatal(err)
			}
			return
		}
		p := parser.New(parser.Options{Year: 2026})
		var ev parser.Event
		line := []byte("Nov  3 04:00:00 mx postfix/qmgr[1]: 3A1B2C3D4E: removed")
		c.Add(&ev, p.Parse(line, &ev), 0)
		c.Report()
		c.Finish()
	})
}
