package main

import (
	"os"

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
