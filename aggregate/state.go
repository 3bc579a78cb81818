package aggregate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"io"
	"reflect"
	"slices"
	"strings"
	"time"
	"unsafe"

	"github.com/smtplog/smtplog/parser"
)

// A state file is stateMagic, a fingerprint of the types saved, the values, and a CRC-32 of
// all before it. It is read by the version that wrote it and by those with the same types.
const stateMagic = "smtplog state 1\n"

// ErrState is what a state that cannot be restored is an error of: damaged, of another
// version, or of a Collector with other options.
var ErrState = errors.New("state cannot be used")

// saved is what a Collector keeps between lines besides its folds.
type saved struct {
	options          string
	input            Input
	hosts, instances seen
	mtas             [parser.MTACount]bool
	totals           Totals
	parts            []partHead

	now                    time.Time
	scopes                 []site
	noted                  map[process]noted
	passed                 time.Duration
	begun, evicted, reused int64
	unnamed                int64
	fresh, queued, ended   []*Message
}

// partHead is a part without its folds, which are written after those of the whole.
type partHead struct {
	start  int64
	totals Totals
}

// Save writes all that c knows, so that a Collector with the same options that Restores it
// goes on as c would. It may be called at any time before Finish.
func (c *Collector) Save(w io.Writer) error {
	l := c.ledger
	s := saved{c.opt.signature(), c.input, c.hosts, c.instances, c.mtas, c.totals, nil,
		l.now, l.scopes, l.noted, l.passed, l.begun, l.Evicted, l.Reused, l.Unnamed, l.fresh.all(), l.queued.all(), l.ended.all()}
	for _, p := range c.parts {
		s.parts = append(s.parts, partHead{p.start, p.totals})
	}
	e := &coder{ids: map[*Message]int{}}
	e.b = append(e.b, stateMagic...)
	e.b = binary.LittleEndian.AppendUint64(e.b, c.fingerprint())
	e.value(reflect.ValueOf(&s).Elem())
	e.folds(c.folds)
	for _, p := range c.parts {
		e.folds(p.folds)
	}
	for i := 0; i < len(e.messages); i++ { // grows while messages name others
		e.value(reflect.ValueOf(e.messages[i]).Elem())
	}
	if e.err != nil {
		return e.err
	}
	_, err := w.Write(binary.LittleEndian.AppendUint32(e.b, crc32.ChecksumIEEE(e.b)))
	return err
}

// Restore makes c, which must be new, go on where the Collector that was saved stood. The
// error wraps ErrState, or is r's; c is unchanged then.
func (c *Collector) Restore(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	n := len(b) - 4
	if n < len(stateMagic)+8 || string(b[:len(stateMagic)]) != stateMagic {
		return fmt.Errorf("%w: not a state of this version", ErrState)
	}
	if crc32.ChecksumIEEE(b[:n]) != binary.LittleEndian.Uint32(b[n:]) {
		return fmt.Errorf("%w: it is damaged", ErrState)
	}
	if binary.LittleEndian.Uint64(b[len(stateMagic):]) != c.fingerprint() {
		return fmt.Errorf("%w: it was written by another version, or for other tables", ErrState)
	}
	return c.restore(b[len(stateMagic)+8 : n])
}

func (c *Collector) restore(b []byte) error {
	d := &coder{b: b, reading: true}
	var s saved
	d.value(reflect.ValueOf(&s).Elem())
	if d.err == nil && s.options != c.opt.signature() {
		return fmt.Errorf("%w: it was written with other options", ErrState)
	}
	folds := c.newFolds()
	d.folds(folds)
	if len(s.parts) > recentParts+1 {
		d.fail("too many parts")
		s.parts = nil
	}
	var parts []*part
	for i, head := range s.parts {
		if i > 0 && head.start <= s.parts[i-1].start {
			d.fail("a part is out of place")
		}
		p := &part{head.start, newSums(head.totals, c.newFolds())}
		d.folds(p.folds)
		parts = append(parts, p)
	}
	for i := 0; i < len(d.messages) && d.err == nil; i++ {
		d.value(reflect.ValueOf(d.messages[i]).Elem())
	}
	if d.err == nil && len(d.b) > 0 {
		d.fail("%d bytes left over", len(d.b))
	}
	l := NewLedger(c.ledger.release)
	l.Unmerged, l.reuse, l.lean, l.relays = c.ledger.Unmerged, c.ledger.reuse, c.ledger.lean, c.ledger.relays
	l.Limit, l.now, l.scopes, l.passed, l.begun, l.Evicted, l.Reused = c.ledger.Limit, s.now, s.scopes, s.passed, s.begun, s.evicted, s.reused
	l.Unnamed = s.unnamed
	if s.noted != nil {
		l.noted = s.noted
	}
	for i := range l.scopes {
		l.known[l.scopes[i].scope] = i
	}
	for _, part := range []struct {
		to   *list
		from []*Message
	}{{&l.fresh, s.fresh}, {&l.queued, s.queued}, {&l.ended, s.ended}} {
		for _, m := range part.from {
			if m == nil || m.in != nil || m.released || m.size < 0 || m.scope < 0 || m.scope >= len(l.scopes) {
				d.fail("a message is out of place")
				break
			}
			part.to.push(m)
			l.size += m.size
			l.chain(m)
			if len(m.Recipients) > many {
				m.indexRecipients()
			}
		}
	}
	if d.err != nil {
		return d.err
	}
	c.input, c.mtas, c.sums, c.parts, c.ledger = s.input, s.mtas, newSums(s.totals, folds), parts, l
	if s.hosts != nil {
		c.hosts = s.hosts
	}
	if s.instances != nil {
		c.instances = s.instances
	}
	return nil
}

// chain enters a message under its queue ID, among others with the same one in the order of
// their beginning, the latest first.
func (l *Ledger) chain(m *Message) {
	m.hash = openHash(m.scope, m.QueueID)
	at := l.open.get(m.hash)
	if at == nil || at.begun < m.begun {
		l.open.put(m.hash, m)
		m.next = at
		return
	}
	for at.next != nil && at.next.begun >= m.begun {
		at = at.next
	}
	at.next, m.next = m, at.next
}

func (s *list) all() []*Message {
	all := make([]*Message, 0, s.n)
	for m := s.first; m != nil; m = m.after {
		all = append(all, m)
	}
	return all
}

// signature tells apart options that count differently.
func (o *Options) signature() string {
	return fmt.Sprintf("%v %v %v %v %v %q %v %v %v %v %+v", o.Since, o.Until, o.Zone, o.Every, o.By, o.Tables, o.Bounces, o.Notices, o.Unmerged, o.Recent, o.Filter.rules)
}

// Merge adds to c what o has counted: the sums of disjoint logs are those of the logs
// together. Both must have the same options and be finished; o must not be used again.
func (c *Collector) Merge(o *Collector) {
	c.sums.add(&o.sums)
	in, from := &c.input, &o.input
	in.Files += from.Files
	in.Bytes += from.Bytes
	in.Lines += from.Lines
	in.Understood += from.Understood
	in.Ignored += from.Ignored
	in.Unknown += from.Unknown
	if from.First != nil && (in.First == nil || from.First.Before(*in.First)) {
		in.First = from.First
	}
	if from.Last != nil && (in.Last == nil || from.Last.After(*in.Last)) {
		in.Last = from.Last
	}
	for i, m := range o.mtas {
		c.mtas[i] = c.mtas[i] || m
	}
	for name := range o.hosts {
		c.hosts.add([]byte(name))
	}
	for name := range o.instances {
		c.instances.add([]byte(name))
	}
	c.ledger.Evicted += o.ledger.Evicted
	c.ledger.Reused += o.ledger.Reused
	c.ledger.Unnamed += o.ledger.Unnamed
}

// add adds o's sums to s.
func (s *sums) add(o *sums) {
	to, from := reflect.ValueOf(&s.totals).Elem(), reflect.ValueOf(&o.totals).Elem()
	for i := range to.NumField() {
		to.Field(i).SetInt(to.Field(i).Int() + from.Field(i).Int())
	}
	for i, f := range s.folds {
		f.merge(o.folds[i])
	}
}

// coder writes values of any type to b, or reads them from it. It goes by reflection, so that
// a field that a record or a fold gets tomorrow is saved without a word here; a field tagged
// `state:"-"` is not. A *Message is written as a number; messages holds those named so far.
type coder struct {
	b        []byte
	reading  bool
	messages []*Message
	ids      map[*Message]int // when writing
	err      error
}

func (c *coder) folds(folds []fold) {
	for _, f := range folds {
		if f, ok := f.(interface{ settle() }); ok {
			f.settle()
		}
		c.value(reflect.ValueOf(f).Elem())
	}
}

func (c *coder) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("%w: "+format, append([]any{ErrState}, args...)...)
	}
}

// settings are types that the Collector's options make, not its input.
var settings = []reflect.Type{reflect.TypeFor[*time.Location](), reflect.TypeFor[[]Dim]()}

func skipped(f *reflect.StructField) bool {
	return f.Tag.Get("state") == "-" || slices.Contains(settings, f.Type)
}

// checked are the types whose values other code relies on; a damaged one is an error.
type checked interface{ valid() bool }

func (o *Outcome) valid() bool { return *o < outcomeCount }
func (e *Every) valid() bool {
	return e.IsAuto() || e.width() >= time.Minute && e.step >= 0 && e.days >= 0 && e.months >= 0
}

// value writes or reads v, which must be addressable.
func (c *coder) value(v reflect.Value) {
	if c.err != nil {
		return
	}
	switch p := v.Addr().Interface().(type) {
	case *time.Time:
		c.time(p)
		return
	case **Message:
		c.message(p)
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		n := int64(0)
		if v.Bool() {
			n = 1
		}
		v.SetBool(c.int(n) != 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if n := c.int(v.Int()); v.OverflowInt(n) {
			c.fail("a number is out of range")
		} else {
			v.SetInt(n)
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if n := uint64(c.int(int64(v.Uint()))); v.OverflowUint(n) {
			c.fail("a number is out of range")
		} else {
			v.SetUint(n)
		}
	case reflect.String:
		c.string(v)
	case reflect.Struct:
		t := v.Type()
		for i := range t.NumField() {
			if f := t.Field(i); !skipped(&f) {
				// Reflection may not touch an unexported field, and all state is in such.
				c.value(reflect.NewAt(f.Type, unsafe.Pointer(v.Field(i).UnsafeAddr())).Elem())
			}
		}
	case reflect.Array:
		c.elements(v, v.Len())
	case reflect.Slice:
		n := c.length(v.Len())
		if c.reading && n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
		}
		c.elements(v, n)
	case reflect.Pointer:
		if c.length(btoi(!v.IsNil())) == 1 {
			if c.reading {
				v.Set(reflect.New(v.Type().Elem()))
			}
			c.value(v.Elem())
		}
	case reflect.Map:
		c.mapping(v)
	default:
		c.fail("a %v cannot be saved", v.Type())
	}
	if p, ok := v.Addr().Interface().(checked); ok && c.reading && !p.valid() {
		c.fail("%v is no %v", v, v.Type())
	}
}

// elements writes or reads the elements of an array or slice; runs of zeros, which fill most
// of a histogram, take two numbers.
func (c *coder) elements(v reflect.Value, n int) {
	if n > 0 && v.Type().Elem().Kind() == reflect.Int64 {
		for i := 0; i < n && c.err == nil; {
			zeros := 0
			for !c.reading && i+zeros < n && v.Index(i+zeros).Int() == 0 {
				zeros++
			}
			if zeros = int(c.int(int64(zeros))); zeros < 0 || zeros > n-i {
				c.fail("a number is out of range")
				return
			}
			if i += zeros; i < n {
				c.value(v.Index(i))
				i++
			}
		}
		return
	}
	for i := 0; i < n && c.err == nil; i++ {
		c.value(v.Index(i))
	}
}

// mapping writes or reads a map, in the order of its keys as written.
func (c *coder) mapping(v reflect.Value) {
	t := v.Type()
	n := c.length(v.Len())
	if c.reading {
		if n > 0 {
			v.Set(reflect.MakeMap(t))
		}
		for ; n > 0 && c.err == nil; n-- {
			key, elem := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
			c.value(key)
			c.value(elem)
			if elem.Kind() == reflect.Pointer && elem.IsNil() {
				c.fail("a value is missing")
			}
			v.SetMapIndex(key, elem)
		}
		return
	}
	type entry struct {
		name string
		elem reflect.Value
	}
	entries := make([]entry, 0, n)
	rest := c.b
	for it := v.MapRange(); it.Next(); {
		key, elem := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
		key.Set(it.Key())
		elem.Set(it.Value())
		c.b = nil
		c.value(key)
		entries = append(entries, entry{string(c.b), elem})
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	c.b = rest
	for _, e := range entries {
		c.b = append(c.b, e.name...)
		c.value(e.elem)
	}
}

// int writes n, or reads a number.
func (c *coder) int(n int64) int64 {
	if !c.reading {
		c.b = binary.AppendVarint(c.b, n)
		return n
	}
	n, size := binary.Varint(c.b)
	if size <= 0 {
		c.fail("it ends early")
		return 0
	}
	c.b = c.b[size:]
	return n
}

// length is int for a number of things that take a byte or more each.
func (c *coder) length(n int) int {
	n64 := c.int(int64(n))
	if c.reading && (n64 < 0 || n64 > int64(len(c.b))+1) {
		c.fail("a length is out of range")
		return 0
	}
	return int(n64)
}

func (c *coder) string(v reflect.Value) {
	if !c.reading {
		c.length(v.Len())
		c.b = append(c.b, v.String()...)
		return
	}
	n := min(c.length(0), len(c.b))
	v.SetString(string(c.b[:n]))
	c.b = c.b[n:]
}

func (c *coder) time(t *time.Time) {
	if c.length(btoi(!t.IsZero())) == 1 {
		s, ns := c.int(t.Unix()), c.int(int64(t.Nanosecond()))
		if c.reading {
			*t = time.Unix(s, ns).UTC()
		}
	}
}

// message writes or reads which message *m is: 0 for none, else its number from 1.
func (c *coder) message(m **Message) {
	if !c.reading {
		id := 0
		if *m != nil {
			if id = c.ids[*m]; id == 0 {
				c.messages = append(c.messages, *m)
				id = len(c.messages)
				c.ids[*m] = id
			}
		}
		c.int(int64(id))
		return
	}
	id := c.int(0)
	switch {
	case id == int64(len(c.messages))+1: // numbers are given in the order of naming
		c.messages = append(c.messages, new(Message))
	case id < 0 || id > int64(len(c.messages)):
		c.fail("a message is missing")
		return
	}
	if id > 0 {
		*m = c.messages[id-1]
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// fingerprint is a hash of the names and types of all fields that are saved.
func (c *Collector) fingerprint() uint64 {
	h := fnv.New64a()
	seen := map[reflect.Type]bool{}
	var walk func(t reflect.Type)
	walk = func(t reflect.Type) {
		fmt.Fprintf(h, "%v %v;", t, t.Kind())
		if seen[t] {
			return
		}
		seen[t] = true
		switch t.Kind() {
		case reflect.Struct:
			for i := range t.NumField() {
				if f := t.Field(i); !skipped(&f) && t != reflect.TypeFor[time.Time]() {
					fmt.Fprint(h, f.Name, " ")
					walk(f.Type)
				}
			}
		case reflect.Map:
			walk(t.Key())
			walk(t.Elem())
		case reflect.Array, reflect.Slice, reflect.Pointer:
			walk(t.Elem())
		}
	}
	walk(reflect.TypeFor[saved]())
	for i, f := range c.folds {
		fmt.Fprint(h, c.specs[i].name, " ")
		walk(reflect.TypeOf(f))
	}
	return h.Sum64()
}
