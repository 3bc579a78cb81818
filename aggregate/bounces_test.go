package aggregate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/smtplog/smtplog/parser"
)

// rowsOf returns a table's rows as maps.
func (tab *Table) rowsOf() (rows []map[string]any) {
	for _, row := range tab.Rows {
		m := map[string]any{}
		for i, c := range tab.Columns {
			m[c.Name] = row[i]
		}
		rows = append(rows, m)
	}
	return rows
}

// The groups say how many recipients, addresses and messages failed, and who got mail later.
func TestBounceGroups(t *testing.T) {
	var s script
	s.mail("Nov  3 04:00:00", "a@d.example", unknown)
	s.mail("Nov  3 04:10:00", "A@d.example", unknown)
	s.send("Nov  3 04:20:00", "uid=33 from=<www>", "list-b=d.example@own.example", full, "b@d.example", "c@d.example")
	s.mail("Nov  3 05:00:00", "b@d.example", sent)
	s.mail("Nov  4 05:00:00", "z@e.example", sent)
	r := s.run(t, Options{})
	got := r.table(t, "by_domain").rowsOf()
	if len(got) != 1 {
		t.Fatalf("%d domains, want 1", len(got))
	}
	for column, want := range map[string]any{"domain": "d.example", "bounced": int64(4), "expired": int64(0), "recipients": int64(4), "addresses": int64(3),
		"messages": int64(3), "delivered_later": int64(1), "remote": int64(4), "local": int64(0), "state": "over", "reply": "Mailbox full"} {
		if got[0][column] != want {
			t.Errorf("%s: %v, want %v", column, got[0][column], want)
		}
	}
	senders := map[any]any{}
	for _, row := range r.table(t, "by_sender").rowsOf() {
		senders[row["sender"]] = row["recipients"]
	}
	if want := map[any]any{"news@own.example": int64(2), "*@own.example": int64(2)}; !reflect.DeepEqual(senders, want) {
		t.Errorf("senders %v, want %v", senders, want)
	}
	by := s.run(t, Options{By: []Dim{DimReason, DimRecipient}}).table(t, "by")
	if len(by.Rows) != 4 {
		t.Errorf("--by reason,recipient: %d rows, want 4 spellings", len(by.Rows))
	}
}

// The totals of all groupings are those of the report.
func TestBounceTablesAddUp(t *testing.T) {
	for _, log := range testLogs {
		r := collect(t, Options{Bounces: true}, log)
		want := r.Totals.Bounced + r.Totals.Expired
		if want == 0 || int64(len(r.table(t, "bounces").Rows)) != want {
			t.Errorf("%s: %d rows, totals %d", log, len(r.table(t, "bounces").Rows), want)
		}
		for _, name := range []string{"by_reason", "by_status", "by_domain", "by_sender", "by_group", "advice"} {
			if got := r.table(t, name).sum(t, "recipients"); got != want {
				t.Errorf("%s: %s has %d recipients, totals %d", log, name, got, want)
			}
		}
	}
}

// An incident has a beginning, a peak and an end, and tells how many got their mail after all.
func TestIncidents(t *testing.T) {
	var s script
	for i := range 10 {
		at := fmt.Sprintf("Nov  3 04:%02d:00", i*5)
		if i >= 4 {
			at = fmt.Sprintf("Nov  3 04:2%d:00", i-4)
		}
		id := s.mail(at, fmt.Sprintf("u%d@d.example", i), grey)
		if i < 6 {
			s.at("Nov  3 06:00:00", "postfix/smtp[7]: %s: to=<u%d@d.example>, relay=mx.d.example[192.0.2.1]:25, delay=600, delays=599/0/0.5/0.5, %s", id, i, sent)
		}
	}
	for i := range 6 { // another one, hours later
		s.mail(fmt.Sprintf("Nov  3 12:0%d:00", i), fmt.Sprintf("v%d@d.example", i), grey)
	}
	s.mail("Nov  3 12:00:00", "x@d.example", unknown) // alone: none
	got := s.run(t, Options{}).table(t, "incidents").rowsOf()
	if len(got) != 2 {
		t.Fatalf("%d incidents, want 2: %v", len(got), got)
	}
	clock := func(h, m int) time.Time { return time.Date(2026, 11, 3, h, m, 0, 0, time.UTC) }
	for column, want := range map[string]any{"category": "rate", "place": "d.example", "start": clock(4, 0), "peak": clock(4, 20), "end": clock(4, 25),
		"state": "over", "attempts": int64(10), "peak_attempts": int64(6), "recipients": int64(10), "messages": int64(10), "delivered_later": 0.6} {
		if got[0][column] != want {
			t.Errorf("%s: %v, want %v", column, got[0][column], want)
		}
	}
	if got[1]["state"] != "ongoing" || got[1]["delivered_later"] != 0.0 {
		t.Errorf("the second: %v", got[1])
	}
}

// The radar tells which list or provider refuses which of our addresses, and keeps apart whom
// we refuse ourselves.
func TestBlockLists(t *testing.T) {
	var s script
	s.mail("Nov  3 04:00:00", "a@d.example", blocked)
	s.mail("Nov  3 05:00:00", "b@d.example", blocked)
	s.mail("Nov  3 06:00:00", "c@e.example", "dsn=4.7.0, status=deferred (host mx.e.example[192.0.2.1] said: 421 4.7.0 [TSS04] Messages from 198.51.100.8 temporarily deferred due to user complaints - 4.16.55.1; see https://postmaster.e.example/codes. (in reply to MAIL FROM command))")
	s.mail("Nov  3 07:00:00", "d@d.example", sent)
	s.at("Nov  3 08:00:00", `postfix/smtpd[9]: NOQUEUE: reject: RCPT from spam.example[203.0.113.9]: 554 5.7.1 Service unavailable; Client host [203.0.113.9] blocked using zen.spamhaus.org; from=<x@spam.example> to=<u@own.example> proto=ESMTP helo=<spam.example>`)
	r := s.run(t, Options{})
	got := r.table(t, "block_lists").rowsOf()
	if len(got) != 2 {
		t.Fatalf("%d rows, want 2: %v", len(got), got)
	}
	for i, want := range []map[string]any{
		{"by": "d.example", "list": "zen.spamhaus.org", "address": "198.51.100.7", "deferred": int64(0), "bounced": int64(2), "recipients": int64(2), "state": "over",
			"since": time.Date(2026, 11, 3, 4, 0, 0, 0, time.UTC), "last": time.Date(2026, 11, 3, 5, 0, 0, 0, time.UTC), "link": "https://check.spamhaus.org/"},
		{"by": "e.example", "list": nil, "address": "198.51.100.8", "deferred": int64(1), "bounced": int64(0), "state": "ongoing", "link": "https://postmaster.e.example/codes"},
	} {
		for column, w := range want {
			if got[i][column] != w {
				t.Errorf("row %d: %s: %v, want %v", i, column, got[i][column], w)
			}
		}
	}
	own := r.table(t, "own_block_lists").rowsOf()
	if len(own) != 1 || own[0]["list"] != "zen.spamhaus.org" || own[0]["refusals"] != int64(1) || own[0]["clients"] != int64(1) {
		t.Errorf("our own lists: %v", own)
	}
}

func TestOwnAddress(t *testing.T) {
	for text, want := range map[string]string{
		"[192.0.2.25      12] Our system has detected":                  "192.0.2.25",
		"Client host [2001:db8::25] blocked":                            "2001:db8::25",
		"see https://lists.example/?ip=192.0.2.25":                      "192.0.2.25",
		"mx7.d.example says 4.16.55.1.2 no":                             "",
		"blocked by 203.0.113.1 because of 192.0.2.26":                  "192.0.2.26", // the first is the server's
		"at 10:20:30 no dead:beef here, version 1.2.3":                  "",
		"from ::ffff:192.0.2.25":                                        "192.0.2.25",
		"deadbeef a.b.c.d 1.2.3.4.example x1.2.3.4 300.1.1.1 192.0.2.9": "192.0.2.9",
	} {
		ev := parser.Event{Text: []byte(text), Relay: parser.Peer{IP: []byte("203.0.113.1")}}
		if got := ownAddress(&ev); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// What changed is told, noise is not.
func TestChanges(t *testing.T) {
	var s script
	day := func(d int, place string, n int, status string) {
		for i := range n {
			s.mail(fmt.Sprintf("Nov %2d %02d:%02d:%02d", d, 1+i/600, i/10%60, i%10), fmt.Sprintf("u%d@%s", i, place), status)
		}
	}
	for d := 3; d <= 4; d++ {
		day(d, "ok.example", 300, sent)
		day(d, "same.example", 40+d, unknown) // 43, then 44
	}
	day(3, "gone.example", 30, full)
	day(4, "new.example", 30, blocked)
	day(3, "grown.example", 10, unknown)
	day(4, "grown.example", 60, unknown)
	day(3, "noise.example", 1, unknown)
	day(4, "noise2.example", 2, unknown)
	midnight := func(d int) time.Time { return time.Date(2026, 11, d, 0, 0, 0, 0, time.UTC) }
	opt := Options{Since: midnight(4), Compare: Compare{Since: midnight(3), Until: midnight(4)}}
	want := map[string]string{"(all)": "same", "gone.example": "gone", "new.example": "new", "grown.example": "grown"}
	check := func(name string, r *Report) {
		got := map[string]string{}
		for _, row := range r.table(t, "changes").rowsOf() {
			got[row["group"].(string)] = row["change"].(string)
			if g := row["group"]; g == "grown.example" && (row["before"] != int64(10) || row["now"] != int64(60)) {
				t.Errorf("%s: %v", name, row)
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
	check("the day before", s.run(t, opt))
	before := s.run(t, Options{Until: midnight(4)})
	check("an earlier report", s.run(t, Options{Since: midnight(4), Compare: Compare{Before: before}}))
}

// The tails of the binomial distribution against sums of exact terms.
func TestBinomialTail(t *testing.T) {
	for _, n := range []int64{1, 5, 20, 60} {
		for _, p := range []float64{0.01, 0.3, 0.5, 0.97} {
			sum := 0.0
			for k := n; k >= 0; k-- {
				term := 1.0
				for i := range k {
					term *= float64(n-i) / float64(i+1) * p
				}
				sum += term * math.Pow(1-p, float64(n-k))
				if got := binomialTail(k, n, p); math.Abs(got-sum) > 1e-9*math.Max(sum, 1e-3) {
					t.Errorf("binomialTail(%d, %d, %v) = %v, want %v", k, n, p, got, sum)
				}
			}
		}
	}
	if p := binomialTwoSided(5, 10, 0.5); p != 1 {
		t.Errorf("the middle has p %v", p)
	}
}

// A tally is exact while it is small, near when it is large, and does not depend on the order.
func TestTally(t *testing.T) {
	for _, n := range []int{0, 1, sketch, 2*sketch + 1, 50_000} {
		var a, b, all tally
		values := rand.New(rand.NewPCG(1, uint64(n))).Perm(n)
		for i, v := range append(values, values...) { // each twice
			h := hash(fmt.Sprint(v))
			all.add(h)
			[]*tally{&a, &b}[i%2].add(h)
		}
		a.merge(&b)
		got := a.count()
		if got != all.count() {
			t.Errorf("%d: merged %d, in one %d", n, got, all.count())
		}
		if n <= sketch && got != int64(n) || math.Abs(float64(got)-float64(n)) > 0.15*float64(n) {
			t.Errorf("%d: counted %d", n, got)
		}
		even := a.share(func(h uint64) bool { return h%2 == 0 })
		if n > sketch && math.Abs(even-0.5) > 0.1 {
			t.Errorf("%d: share %v, want about half", n, even)
		}
	}
}
