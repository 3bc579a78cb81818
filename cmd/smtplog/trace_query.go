package main

import (
	"bytes"
	"strings"

	"github.com/smtplog/smtplog/aggregate"
	"github.com/smtplog/smtplog/parser"
)

// query is what `smtplog trace` looks for: a queue ID, a Message-ID or an address.
type query struct {
	text    string
	id      string // as a queue ID; "" if it cannot be one
	mid     string // as a Message-ID
	address string // as an address: a glob pattern in lower case; "" if it cannot be one
	unique  bool   // a queue ID that is never used again: Exim's, and Postfix's long ones

	exact []byte // a line that matches holds these bytes
	fold  []byte // or these, in lower case, in any case; empty: it may hold anything
}

// newQuery understands what the user looks for.
func newQuery(text string) (q query, err error) {
	text = strings.TrimSpace(text)
	bare := unbracket(text)
	if bare == "" || bare == "<>" || strings.Trim(bare, "*?") == "" {
		return q, usagef("trace %q: want a queue ID, a Message-ID or an address", text)
	}
	q = query{text: text, mid: bare}
	if strings.ContainsAny(bare, "@*?") {
		q.address = strings.ToLower(bare)
		if q.address[0] == '@' {
			q.address = "*" + q.address
		}
		for part := range strings.FieldsFuncSeq(q.address, func(r rune) bool { return r == '*' || r == '?' }) {
			if len(part) > len(q.fold) {
				q.fold = []byte(part)
			}
		}
		return q, nil
	}
	if strings.Contains(bare, ".") { // no queue ID has one: a domain, or a Message-ID of an odd kind
		q.fold = []byte(strings.ToLower(bare))
		q.address = "*@" + string(q.fold)
		return q, nil
	}
	q.id = bare
	if !strings.ContainsFunc(bare, func(r rune) bool { return r < '0' || r > '9' && r < 'a' || r > 'f' }) {
		q.id = strings.ToUpper(bare) // Postfix's short IDs are hexadecimal, in upper case
	}
	q.exact = []byte(q.id)
	if q.id != q.mid { // it may be a Message-ID all the same
		q.exact, q.fold = nil, []byte(strings.ToLower(bare))
	}
	q.unique = isEximID(q.id) || isLongID(q.id)
	return q, nil
}

// isEximID tells whether s has the shape of a message ID of Exim's (specification, "Message
// identification"): 16 characters, or 23 since version 4.97.
func isEximID(s string) bool {
	return len(s) == 16 && s[6] == '-' && s[13] == '-' || len(s) == 23 && s[6] == '-' && s[18] == '-'
}

// isLongID tells whether s has the shape of Postfix's long queue IDs (postconf(5),
// enable_long_queue_ids): six or more digits of seconds and four of microseconds in base 52, a z,
// and the inode number in base 51, which has no z.
func isLongID(s string) bool {
	return strings.LastIndexByte(s, 'z') >= 10 && strings.IndexFunc(s, func(r rune) bool {
		return r > 0x7f || !wordByte(byte(r)) || strings.ContainsRune("AEIOUaeiou", r)
	}) < 0
}

// worth tells whether a line may match.
func (q *query) worth(line []byte) bool {
	if q.exact != nil {
		return bytes.Contains(line, q.exact)
	}
	return containsFold(line, q.fold)
}

// event tells whether an event names what is looked for.
func (q *query) event(ev *parser.Event) bool {
	if q.id != "" {
		return string(ev.QueueID) == q.id || string(ev.MessageID) == q.mid
	}
	if string(ev.MessageID) == q.mid {
		return true
	}
	for _, a := range [...][]byte{ev.Sender, ev.Recipient, ev.OrigRecipient} {
		if len(a) > 0 && aggregate.Match(q.address, a) {
			return true
		}
	}
	for rest := ev.Recipients; len(rest) > 0; {
		var a []byte
		if a, rest, _ = bytes.Cut(rest, []byte(" ")); aggregate.Match(q.address, a) {
			return true
		}
	}
	return false
}

// message tells whether a message as a whole is what is looked for.
func (q *query) message(m *aggregate.Message) bool {
	return q.id != "" && m.QueueID == q.id || m.MessageID == q.mid ||
		q.address != "" && m.Sender != "" && aggregate.Match(q.address, []byte(m.Sender))
}

// recipient tells whether a recipient is looked for.
func (q *query) recipient(r *aggregate.Recipient) bool {
	return q.address != "" && (aggregate.Match(q.address, []byte(r.Address)) || r.Original != "" && aggregate.Match(q.address, []byte(r.Original)))
}

// containsFold tells whether b contains lower, in any case.
func containsFold(b, lower []byte) bool {
	if len(lower) == 0 {
		return true
	}
	at := max(0, bytes.IndexFunc(lower, func(r rune) bool { return r < 'a' || r > 'z' }))
	if i := bytes.IndexByte(lower, '@'); i >= 0 {
		at = i // rarer than others
	}
	c := lower[at]
	upper := c
	if 'a' <= c && c <= 'z' {
		upper -= 'a' - 'A'
	}
	for from := at; from < len(b); from++ {
		i := bytes.IndexByte(b[from:], c)
		if upper != c {
			if j := bytes.IndexByte(b[from:], upper); i < 0 || j >= 0 && j < i {
				i = j
			}
		}
		if i < 0 {
			return false
		}
		from += i
		if start := from - at; start+len(lower) <= len(b) && foldsTo(b[start:start+len(lower)], lower) {
			return true
		}
	}
	return false
}

func foldsTo(b, lower []byte) bool {
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// containsWord tells whether line contains word with no letter or digit beside it.
func containsWord(line []byte, word string) bool {
	for from := 0; from < len(line); {
		i := bytes.Index(line[from:], []byte(word))
		if i < 0 {
			return false
		}
		start, end := from+i, from+i+len(word)
		if (start == 0 || !wordByte(line[start-1])) && (end == len(line) || !wordByte(line[end])) {
			return true
		}
		from = start + 1
	}
	return false
}

func wordByte(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}
