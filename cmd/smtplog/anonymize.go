package main

import (
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/smtplog/smtplog/aggregate"
	"github.com/smtplog/smtplog/internal/anonymize"
)

// anonymizeFlag is --anonymize, which takes a key or none.
type anonymizeFlag struct {
	on  bool
	key string
}

// IsBool lets the flag stand without a value.
func (*anonymizeFlag) IsBool() bool { return true }

// Decode reads the flag.
func (f *anonymizeFlag) Decode(ctx *kong.DecodeContext) error {
	f.on = true
	if ctx.Scan.Peek().Type == kong.FlagValueToken {
		f.key, _ = ctx.Scan.Pop().Value.(string)
		if f.key == "" {
			return usagef("want a key, or --anonymize alone for a random one")
		}
	}
	return nil
}

// anonymizer makes pseudonyms if the flag asks for them, else nil. A key in the environment is
// seen by nobody else, one on the command line by everybody who lists processes.
func (f *anonymizeFlag) anonymizer() *anonymize.Anonymizer {
	if !f.on {
		return nil
	}
	key := f.key
	if key == "" {
		key = os.Getenv("SMTPLOG_ANONYMIZE_KEY")
	}
	return anonymize.New(key)
}

// anonymized are the filters whose patterns speak of what becomes a pseudonym.
var anonymized = map[aggregate.Dim]anonymize.Kind{
	aggregate.DimSender: anonymize.Address, aggregate.DimRecipient: anonymize.Address, aggregate.DimUser: anonymize.Address,
	aggregate.DimMessageID: anonymize.MessageID, aggregate.DimClient: anonymize.Host, aggregate.DimRelay: anonymize.Host,
}

// disguise puts pseudonyms into a log's current line and its event; a may be nil.
func (l *log) disguise(a *anonymize.Anonymizer) {
	if a == nil {
		return
	}
	line := a.Line(nil, l.line, l.ev)
	a.Event(l.ev)
	l.line = line
}

// disguise makes a query look for pseudonyms, as all lines have them.
func (q *query) disguise(a *anonymize.Anonymizer) (err error) {
	if a == nil {
		return nil
	}
	text := q.text
	if q.mid, err = a.Pattern(anonymize.MessageID, q.mid); err == nil && q.address != "" {
		q.address, err = a.Pattern(anonymize.Address, q.address)
		q.text = q.address
	} else if strings.Contains(q.mid, "@") {
		q.text = q.mid
	}
	q.exact, q.fold = nil, nil // raw lines have the names
	if err != nil {
		return usagef("trace %q with --anonymize: %v", text, err)
	}
	return nil
}
