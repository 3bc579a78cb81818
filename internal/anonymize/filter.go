package anonymize

import (
	"errors"
	"strings"
)

// Kind says what a pattern of a filter is compared with.
type Kind uint8

// The kinds of patterns.
const (
	Address   Kind = iota // addresses and user names
	MessageID             //
	Host                  // host names and IP addresses
)

// errPart says that a pattern asks for a part of what is a pseudonym as a whole.
var errPart = errors.New("a pattern for a part of a name matches no pseudonym: give the name whole, or * for any")

// Pattern turns a filter's glob pattern for real values into one for pseudonyms. A pattern that
// could not match as it was meant to is an error.
func (a *Anonymizer) Pattern(kind Kind, pattern string) (string, error) {
	bare, not := strings.CutPrefix(pattern, "!")
	bare, err := a.pattern(kind, bare)
	if err == nil && not {
		bare = "!" + bare
	}
	return bare, err
}

func (a *Anonymizer) pattern(kind Kind, p string) (string, error) {
	name, domain, isAddress := p, "", false
	if at := strings.LastIndexByte(p, '@'); at >= 0 {
		name, domain, isAddress = p[:at], p[at:], true
	}
	if !globbed(p) {
		f := a.address
		switch kind {
		case MessageID:
			f = a.messageID
		case Host:
			f = a.workstation
		}
		return string(f(nil, []byte(p))), nil
	}
	switch {
	case kind == Host:
		// Names end in their domain, addresses begin with their network: these stay.
		head, tail := strings.CutPrefix(p, "*")
		_, network := strings.CutSuffix(p, ".*")
		if !tail && !network && !strings.HasSuffix(p, ":*") || strings.ContainsAny(strings.TrimSuffix(head, "*"), "*?") {
			return "", errPart
		}
		return p, nil
	case !isAddress && strings.HasPrefix(p, "*") && strings.Contains(p, "."): // *.example
		return p, nil
	case name == "*":
		return p, nil
	case globbed(name):
		return "", errPart
	}
	f := a.local
	if kind == MessageID {
		f = func(dst, b []byte) []byte { return append(dst, a.pseudonym(ident, b)...) }
	}
	return string(f(nil, []byte(name))) + domain, nil
}

func globbed(p string) bool { return strings.ContainsAny(p, "*?") }
