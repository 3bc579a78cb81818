package aggregate

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/smtplog/smtplog/status"
)

// runKey is a piece of time in which failures of one category came from one place.
type runKey struct {
	category status.Category
	place    string
	bucket   int64 // number of the bucket since 1970
}

// bucketWidth is the width of the pieces that incidents and outages are made of.
const bucketWidth = 10 * time.Minute

func bucketOf(t time.Time) int64     { return t.Unix() / int64(bucketWidth/time.Second) }
func bucketTime(b int64) time.Time   { return time.Unix(b*int64(bucketWidth/time.Second), 0) }
func relayPlace(relay string) string { return strings.ToLower(parentDomain(relay)) }

// parentDomain drops the first label of a mail host's name, unless two are left.
func parentDomain(host string) string {
	if _, rest, ok := strings.Cut(host, "."); ok && strings.IndexByte(rest, '.') >= 0 {
		return rest
	}
	return host
}

// run counts failed attempts; to tell where something begins and ends.
type run struct {
	attempts    int64
	recipients  tally // addresses
	messages    tally // queue IDs
	first, last time.Time
	reply       string // the earliest
}

func (r *run) merge(o *run) {
	r.attempts += o.attempts
	r.recipients.merge(&o.recipients)
	r.messages.merge(&o.messages)
	if r.first.IsZero() || o.first.Before(r.first) || o.first.Equal(r.first) && o.reply < r.reply {
		r.first, r.reply = o.first, o.reply
	}
	if o.last.After(r.last) {
		r.last = o.last
	}
}

// inRun counts a failed attempt.
func (l *bounceLog) inRun(v *View, n int64) {
	ev := v.Event
	r := l.run(runKey{ev.Reason.Category(), l.answering(v), bucketOf(ev.Time)})
	if r == nil {
		return
	}
	one := run{attempts: n, first: ev.Time, last: ev.Time, reply: string(ev.Text)}
	r.merge(&one)
	r.recipients.add(hash(addressKey(string(ev.Recipient))))
	r.messages.add(hash(string(ev.Host) + "\x00" + string(ev.QueueID)))
}

func (l *bounceLog) run(k runKey) *run { return get(l.runs, k, &l.full) }

// addressKey is the address in the form that its deliveries are known by, or as it is.
func addressKey(address string) string {
	if k := Mailbox(address); k != "" {
		return k
	}
	return strings.ToLower(address)
}

// answering is who answers for a recipient: the provider, else the domain of the relay, else
// the recipient's domain.
func (l *bounceLog) answering(v *View) string {
	if p := l.c.provider(v); p != "" {
		return p
	}
	if relay := v.Append(nil, DimRelay); len(relay) > 0 && strings.IndexByte(string(relay), '.') > 0 {
		return relayPlace(string(relay))
	}
	if d := v.appendDomain(nil); len(d) > 0 {
		return string(d)
	}
	return "local"
}

// setPlace notes that mail was delivered to a place.
func (l *bounceLog) setPlace(place string, t int64) {
	if old, ok := l.places[place]; ok || len(l.places) < maxBuckets {
		l.places[place] = max(old, t)
	}
}

var incidentColumns = []Column{{"category", "string"}, {"place", "string"}, {"start", "time"}, {"peak", "time"}, {"end", "time"},
	{"state", "string"}, {"attempts", "integer"}, {"peak_attempts", "integer"}, {"recipients", "integer"}, {"messages", "integer"},
	{"delivered_later", "number"}, {"reply", "string"}}

// What makes an incident.
const (
	incidentGap        = 30 * time.Minute // the longest pause inside one
	incidentRecipients = 5                // the fewest recipients
)

// incidentRows joins the pieces of time in which a category of failures came from one place
// to incidents, the largest first.
func (l *bounceLog) incidentRows() (rows [][]any) {
	keys := make([]runKey, 0, len(l.runs))
	for k := range l.runs {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b runKey) int {
		return cmp.Or(cmp.Compare(a.category, b.category), cmp.Compare(a.place, b.place), cmp.Compare(a.bucket, b.bucket))
	})
	for i := 0; i < len(keys); {
		var all run
		var peak int64
		var peakTime time.Time
		begin := keys[i]
		for j := i; i < len(keys); i++ {
			k := keys[i]
			if i > j && (k.category != begin.category || k.place != begin.place || bucketTime(k.bucket).Sub(bucketTime(keys[i-1].bucket)) > incidentGap) {
				break
			}
			r := l.runs[k]
			all.merge(r)
			if r.attempts > peak {
				peak, peakTime = r.attempts, r.first
			}
		}
		n := all.recipients.count()
		if n < incidentRecipients {
			continue
		}
		start := all.first.UnixNano()
		later := all.recipients.share(func(h uint64) bool { return l.delivered[h] > start })
		rows = append(rows, []any{word(begin.category.String()), begin.place, all.first, peakTime, all.last, l.state(all.last),
			all.attempts, peak, n, all.messages.count(), math.Round(later*1000) / 1000, word(all.reply)})
	}
	slices.SortStableFunc(rows, func(a, b []any) int { return cmp.Compare(b[6].(int64), a[6].(int64)) })
	return rows
}
