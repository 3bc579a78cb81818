package aggregate

import (
	"cmp"
	"net/netip"
	"strings"
	"time"

	"github.com/smtplog/smtplog/parser"
	"github.com/smtplog/smtplog/status"
)

// blockKey is who refuses which of our addresses: a block list or, where the reply names
// none, the provider or the relay's domain.
type blockKey struct{ list, by, address string }

func (a blockKey) compare(b blockKey) int {
	return cmp.Or(cmp.Compare(a.list, b.list), cmp.Compare(a.by, b.by), cmp.Compare(a.address, b.address))
}

// block counts refusals because of a list or a reputation.
type block struct {
	deferred, bounced int64
	who               tally // recipients refused or, for our own lists, clients
	first, last       time.Time
	place             string // who refused last
	code              int    // the last reply's
	reply             string
}

func (b *block) total() int64 { return b.deferred + b.bounced }

func (b *block) merge(o *block) {
	b.deferred += o.deferred
	b.bounced += o.bounced
	b.who.merge(&o.who)
	if b.first.IsZero() || o.first.Before(b.first) {
		b.first = o.first
	}
	if o.last.After(b.last) || o.last.Equal(b.last) && cmp.Or(cmp.Compare(o.reply, b.reply), cmp.Compare(o.place, b.place)) > 0 {
		b.last, b.place, b.code, b.reply = o.last, o.place, o.code, o.reply
	}
}

// blocked counts a refusal of our mail.
func (l *bounceLog) blocked(v *View, n int64) {
	ev := v.Event
	if ev.Code == 0 || ev.NotAttempted {
		return // it tells again what another attempt was told
	}
	res := l.c.classifier.Classify(&status.Query{Code: ev.Code, Enhanced: ev.Enhanced, Text: ev.Text, Stage: ev.Stage,
		Origin: ev.Origin, Relay: ev.Relay.Name, Recipient: ev.Recipient})
	place := l.answering(v)
	k := blockKey{list: cmp.Or(res.List, listNamed(string(ev.Text))), address: ownAddress(ev)}
	if k.list == "" {
		k.by = place
	}
	b := get(l.blocks, k, &l.full)
	if b == nil {
		return
	}
	one := block{first: ev.Time, last: ev.Time, place: place, code: ev.Code, reply: string(ev.Text)}
	if ev.Kind == parser.Bounced {
		one.bounced = n
	} else {
		one.deferred = n
	}
	b.merge(&one)
	b.who.add(hash(addressKey(string(ev.Recipient))))
}

// listNamed returns the list that a refusal in Postfix's words names: "blocked using
// list.example". Every site can have a list of its own.
func listNamed(text string) string {
	_, rest, _ := strings.Cut(text, "blocked using ")
	end := 0
	for end < len(rest) && (wordByte(rest[end]) || rest[end] == '.') {
		end++
	}
	if name := strings.Trim(rest[:end], "."); strings.IndexByte(name, '.') > 0 {
		return strings.ToLower(name)
	}
	return ""
}

// ownAddress returns which of our addresses a reply is about: the first IP address that it
// names, if that is not the server's own. Neither MTA logs the outgoing address of a failed
// attempt. "" means that it names none.
func ownAddress(ev *parser.Event) string {
	text := string(ev.Text)
	for i := 0; i < len(text); {
		if !addressByte(text[i]) {
			i++
			continue
		}
		j := i
		for j < len(text) && addressByte(text[j]) {
			j++
		}
		token := strings.TrimRight(text[i:j], ".:")
		if (i == 0 || !wordByte(text[i-1])) && (j == len(text) || !wordByte(text[j])) {
			if a, err := netip.ParseAddr(token); err == nil && a.String() != string(ev.Relay.IP) {
				return a.Unmap().String()
			}
		}
		i = j
	}
	return ""
}

func addressByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' || c == '.' || c == ':'
}

func wordByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '_'
}

// refusedByList counts a client that we refused because a list has it.
func (l *bounceLog) refusedByList(v *View, n int64) {
	ev := v.Event
	list := l.c.classifier.Classify(&status.Query{Code: ev.Code, Enhanced: ev.Enhanced, Text: ev.Text, Stage: ev.Stage, Origin: ev.Origin}).List
	// Detail is for Exim's "found in dnsbl list.example".
	list = cmp.Or(list, listNamed(string(ev.Text)), string(ev.Detail))
	if list == "" || strings.IndexByte(list, '.') < 0 || strings.IndexByte(list, ' ') >= 0 {
		return
	}
	if b := get(l.own, strings.ToLower(list), &l.full); b != nil {
		b.merge(&block{bounced: n, first: ev.Time, last: ev.Time, code: ev.Code, reply: string(ev.Text)})
		b.who.add(hash(string(clientOf(&ev.Client))))
	}
}

var (
	blockColumns = []Column{{"by", "string"}, {"list", "string"}, {"address", "string"}, {"deferred", "integer"}, {"bounced", "integer"},
		{"recipients", "integer"}, {"since", "time"}, {"last", "time"}, {"state", "string"}, {"code", "integer"}, {"link", "string"}, {"reply", "string"}}
	ownListColumns = []Column{{"list", "string"}, {"refusals", "integer"}, {"clients", "integer"}, {"first", "time"}, {"last", "time"}, {"link", "string"}}
)

// blockRows tells who refuses our addresses. A block is over if who refused last has taken
// mail since.
func (l *bounceLog) blockRows() (rows [][]any) {
	for _, k := range sortedBy(l.blocks, (*block).total) {
		b := l.blocks[k]
		state := "ongoing"
		if l.places[b.place] > b.last.UnixNano() {
			state = "over"
		}
		rows = append(rows, []any{b.place, word(k.list), word(k.address), b.deferred, b.bounced, b.who.count(), b.first, b.last, state,
			codeCell(b.code), word(removalLink(k.list, b.place, b.reply)), word(b.reply)})
	}
	return rows
}

// listName is a key of own lists.
type listName string

func (a listName) compare(b listName) int { return cmp.Compare(a, b) }

func (l *bounceLog) ownListRows() (rows [][]any) {
	own := make(map[listName]*block, len(l.own))
	for name, b := range l.own {
		own[listName(name)] = b
	}
	for _, name := range sortedBy(own, (*block).total) {
		b := own[name]
		rows = append(rows, []any{string(name), b.total(), b.who.count(), b.first, b.last, word(removalLink(string(name), "", ""))})
	}
	return rows
}

// removalLink returns where to look up an address and ask for its removal: the list's page,
// else the provider's, else the first one that the reply names.
func removalLink(list, provider, reply string) string {
	for name := strings.ToLower(list); name != ""; {
		if link := listLinks[name]; link != "" {
			return link
		}
		_, name, _ = strings.Cut(name, ".")
	}
	if link := providerLinks[provider]; link != "" {
		return link
	}
	i := strings.Index(reply, "http")
	if i < 0 || !strings.HasPrefix(reply[i:], "http://") && !strings.HasPrefix(reply[i:], "https://") {
		return ""
	}
	link := reply[i:]
	if end := strings.IndexAny(link, " \t<>\"'()[]{}"); end >= 0 {
		link = link[:end]
	}
	return strings.TrimRight(link, ".,;:!")
}
