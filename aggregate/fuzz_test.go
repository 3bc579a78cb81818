package aggregate

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/smtplog/smtplog/internal/fixture"
	"github.com/smtplog/smtplog/parser"
	"github.com/smtplog/smtplog/status"
)

// stories are the lines about single messages of the project's logs.
func stories(t testing.TB) (all [][]byte) {
	t.Helper()
	for _, name := range testLogs {
		lines := fixture.Lines(t, fixture.Testdata(t, "logs", name))
		p := parser.New(parser.Options{Year: 2026})
		var ev parser.Event
		seen := map[string]bool{}
		for i := 0; i < len(lines) && len(seen) < 24; i += 41 {
			id := ""
			if p.Parse(lines[i], &ev); len(ev.QueueID) > 0 {
				id = string(ev.QueueID)
			}
			if id == "" || seen[id] {
				continue
			}
			seen[id] = true
			var story []byte
			for _, line := range lines {
				if bytes.Contains(line, []byte(id)) && len(story) < 4<<10 {
					story = append(append(story, line...), '\n')
				}
			}
			all = append(all, story)
		}
	}
	return all
}

// parsedText is a log that was given as text.
func parsedText(text []byte) (lines []logLine) {
	p := parser.New(parser.Options{Year: 2026})
	var ev parser.Event
	for line := range bytes.SplitSeq(text, []byte("\n")) {
		v := p.Parse(line, &ev)
		lines = append(lines, logLine{ev.Clone(), v, 1})
	}
	return lines
}

// FuzzLaws wants of any log that the sums hold, that a report made on the way is that of the log
// as if it had ended there, and that going on from a saved state ends as reading all does.
func FuzzLaws(f *testing.F) {
	for i, story := range stories(f) {
		f.Add(story, uint16(i*7), uint8(i))
	}
	classifier := status.NewClassifier()
	f.Fuzz(func(t *testing.T, text []byte, cut uint16, how uint8) {
		lines := parsedText(text)
		n := int(cut) % (len(lines) + 1)
		opt, limit := Options{Classifier: classifier}, DefaultLimit
		if how&1 != 0 {
			opt.Recent = time.Hour
		}
		if how&2 != 0 {
			limit = 3 * (messageSize + recipientSize)
		}
		if how&4 != 0 {
			opt.Unmerged = true
		}
		if how&8 != 0 {
			opt.Reuse = true
		}
		begin := func() *told {
			r := newTold(t, opt)
			r.c.ledger.Limit = limit
			return r
		}
		whole, first := begin(), begin()
		whole.add(lines[:n])
		first.add(lines[:n])
		onTheWay := whole.c.Report()
		checkSums(t, "on the way", onTheWay)

		var state bytes.Buffer
		if err := first.c.Save(&state); err != nil {
			t.Fatal(err)
		}
		second := begin()
		second.messages.WriteString(first.messages.String())
		if err := second.c.Restore(&state); err != nil {
			t.Fatal(err)
		}
		first.c.Finish()
		if got, want := asJSON(t, onTheWay), asJSON(t, first.c.Report()); got != want {
			t.Fatalf("a report on the way is not that of the end:\n%s", firstDifference(got, want))
		}
		whole.add(lines[n:])
		second.add(lines[n:])
		whole.c.Finish()
		second.c.Finish()
		report := whole.c.Report()
		checkSums(t, "at the end", report)
		if report.Input.Lines != int64(len(lines)) {
			t.Fatalf("%d lines, want %d", report.Input.Lines, len(lines))
		}
		if got, want := second.messages.String(), whole.messages.String(); got != want {
			t.Fatalf("resumed, other messages:\n%s", firstDifference(got, want))
		}
		if got, want := asJSON(t, second.c.Report()), asJSON(t, report); got != want {
			t.Fatalf("resumed, another report:\n%s", firstDifference(got, want))
		}
	})
}

// FuzzDigests wants of a log that is counted by digests, with what may be passed over left out,
// what counting it line by line says, in any window and for any blocks.
func FuzzDigests(f *testing.F) {
	for i, story := range stories(f) {
		f.Add(story, uint8(i*11), uint8(i))
	}
	classifier := status.NewClassifier()
	f.Fuzz(func(t *testing.T, text []byte, size, how uint8) {
		// The lines come twice: what has been seen once is read quickly.
		text = append(append(bytes.Clone(text), '\n'), text...)
		opt := Options{Classifier: classifier, Reuse: how&1 != 0}
		if how&2 != 0 {
			opt.Filter.Add(DimRecipient, "*b*")
		}
		if how&4 != 0 {
			opt.Since = time.Date(2026, 12, 30, 4, int(how), 0, 0, time.UTC)
		}
		if how&8 != 0 {
			opt.Until = time.Date(2026, 12, 30, 5, int(how), 0, 0, time.UTC)
		}
		lines, digests := newTold(t, opt), newTold(t, opt)
		p := parser.New(parser.Options{Year: 2026})
		var ev parser.Event
		for line := range bytes.Lines(text) {
			lines.c.Add(&ev, p.Parse(bytes.TrimSuffix(line, []byte("\n")), &ev), 1)
		}
		for p.Flush(&ev) {
			lines.c.Event(&ev, 1)
		}
		d := parser.Digester{Parser: parser.New(parser.Options{Year: 2026}), Prepare: digests.c.Preparer(), Passing: digests.c.Passing()}
		var out parser.Digest
		for rest := text; len(rest) > 0; {
			n := min(len(rest), 16*int(size)+1)
			if i := bytes.IndexByte(rest[n:], '\n'); i >= 0 {
				n += i + 1
			} else {
				n = len(rest)
			}
			out.Reset()
			d.Lines(append(out.Room(n), rest[:n]...), &out)
			rest = rest[n:]
			if len(rest) == 0 {
				d.Flush(&out)
			}
			digests.c.Digest(&out, 1)
		}
		lines.c.Finish()
		digests.c.Finish()
		if got, want := digests.messages.String(), lines.messages.String(); got != want {
			t.Fatalf("other messages:\n%s", firstDifference(got, want))
		}
		if got, want := asJSON(t, digests.c.Report()), asJSON(t, lines.c.Report()); got != want {
			t.Fatalf("another report:\n%s", firstDifference(got, want))
		}
	})
}

// checkGlob wants of a pattern what a regular expression finds.
func checkGlob(t *testing.T, pattern, value string) {
	t.Helper()
	var re strings.Builder
	re.WriteString("(?s)^")
	for _, c := range []byte(pattern) {
		switch {
		case c == '*':
			re.WriteString(".*")
		case c == '?':
			re.WriteString(".")
		case 'a' <= c|0x20 && c|0x20 <= 'z':
			re.WriteString("(?i:" + string(rune(c)) + ")")
		default:
			re.WriteString(regexp.QuoteMeta(string(rune(c))))
		}
	}
	text := []rune(nil) // a rune for each byte
	for _, c := range []byte(value) {
		text = append(text, rune(c))
	}
	want := regexp.MustCompile(re.String() + "$").MatchString(string(text))
	if strings.HasPrefix(pattern, "!") {
		return
	}
	var yes, no Filter
	yes.Add(DimRecipient, pattern)
	no.Add(DimRecipient, "!"+pattern)
	v := View{Recipient: &Recipient{Address: value}}
	if got := yes.Pass(&v); got != want {
		t.Fatalf("%q matches %q: %v, want %v", pattern, value, got, want)
	}
	if got := no.Pass(&v); got == want {
		t.Fatalf("!%q matches %q: %v, want %v", pattern, value, got, !want)
	}
}

// FuzzWords wants that what the flags take is what it says again, that buckets follow each other
// without gaps, and that patterns find what they should.
func FuzzWords(f *testing.F) {
	zones := []*time.Location{time.UTC, time.FixedZone("", 19800), time.FixedZone("", -34200)}
	for _, name := range []string{"Europe/Berlin", "Australia/Lord_Howe", "America/Havana", "Asia/Beirut", "Pacific/Apia"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			f.Fatal(err)
		}
		zones = append(zones, zone)
	}
	for i, s := range []string{"1m", "30m", "1h", "6h", "12h", "1d", "1w", "1M", "auto", "domain,reason", "user_unknown=2,mailbox_full=3/21d", "mailbox_full=3/60000w"} {
		f.Add(s, "", int64(1793678706+i*864000), uint8(i))
	}
	f.Add("*@D.example", "joe@d.EXAMPLE", int64(0), uint8(0))
	f.Add("a*b*?c", "aXbbYcc", int64(0), uint8(0))
	f.Add("Ünal*\xff", "Ünal@x\xff", int64(0), uint8(0))
	f.Fuzz(func(t *testing.T, s, value string, unix int64, zone uint8) {
		checkGlob(t, s, value)
		if every, err := ParseEvery(s); err == nil {
			if again, err := ParseEvery(every.String()); err != nil || again != every {
				t.Fatalf("%q: %v, then %v, %v", s, every, again, err)
			}
			at := time.Unix(unix%(1<<33), 0).In(zones[int(zone)%len(zones)])
			start := every.Start(at)
			next := every.Next(start)
			if !every.IsAuto() && (start.After(at) || !next.After(at) || !every.Start(start).Equal(start) || !every.Start(next).Equal(next)) {
				t.Fatalf("%v: %v is in %v .. %v", every, at, start, next)
			}
		}
		if dims, err := ParseDims(s); err == nil {
			for _, d := range dims {
				if again, err := ParseDims(d.String()); err != nil || len(again) != 1 || again[0] != d {
					t.Fatalf("%q: %v, %v", s, again, err)
				}
			}
		}
		if all, err := ParseSchedules(s); err == nil {
			for reason, one := range all {
				if one.Failures < 1 || one.Over < 0 {
					t.Fatalf("%q: %v %+v", s, reason, one)
				}
			}
		}
	})
}
