package status

import (
	"cmp"
	"iter"
	"slices"
	"strconv"
)

// Enhanced is an enhanced mail system status code (RFC 3463), such as 5.1.1. It is
// comparable. The zero Enhanced means that there is none; it is not 5.0.0.
type Enhanced struct {
	Class           uint8  // 2, 4 or 5
	Subject, Detail uint16 // 0 to 999
}

// EnhancedInfo is what is known about an enhanced status code.
type EnhancedInfo struct {
	Code    string // the registry's form, such as "X.1.1"
	Class   string // meaning of the first number (RFC 3463 3.1)
	Subject string // meaning of the second number (RFC 3463 4); "" if it has none
	Detail  string // short name of the code; "" if it is not registered
	Meaning string // the same in a sentence
	Source  string // "RFC 3463 3.2"
	Replies string // reply codes that the registry pairs with it, such as "451, 550"; "" for none
}

// enhancedClasses are the meanings of the first number (RFC 3463 3.1), by number.
var enhancedClasses = [...]string{2: "success", 4: "persistent transient failure", 5: "permanent failure"}

// enhancedSubjects are the meanings of the second number (RFC 3463 4), by number.
var enhancedSubjects = [...]string{
	"other or undefined", "addressing", "mailbox", "mail system", "network and routing",
	"mail delivery protocol", "message content or media", "security or policy",
}

// ParseEnhanced reads an enhanced status code at the start of b and returns the rest. The
// numbers have no leading zeros (RFC 3463 2), and no letter, digit or further number may
// follow: "5.1.1.2" and "5.01.1" are none. If there is no code, rest is b.
func ParseEnhanced(b []byte) (e Enhanced, rest []byte, ok bool) {
	if len(b) < 5 || b[1] != '.' || b[0] != '2' && b[0] != '4' && b[0] != '5' {
		return Enhanced{}, b, false
	}
	if len(b) > 5 && (b[5] == ' ' || b[5] == ',') && b[3] == '.' && isDigit(b[2]) && isDigit(b[4]) { // as most are
		return Enhanced{b[0] - '0', uint16(b[2] - '0'), uint16(b[4] - '0')}, b[5:], true
	}
	subject, r, ok := subcode(b[2:])
	if !ok || len(r) == 0 || r[0] != '.' {
		return Enhanced{}, b, false
	}
	detail, r, ok := subcode(r[1:])
	if !ok || len(r) > 0 && (isAlpha(r[0]) || r[0] == '_') ||
		len(r) > 1 && r[0] == '.' && isDigit(r[1]) {
		return Enhanced{}, b, false
	}
	return Enhanced{b[0] - '0', subject, detail}, r, true
}

// subcode reads a number of one to three digits without leading zeros, all of them.
func subcode(b []byte) (n uint16, rest []byte, ok bool) {
	d := digits(b)
	if d == 0 || d > 3 || d > 1 && b[0] == '0' {
		return 0, b, false
	}
	for _, c := range b[:d] {
		n = n*10 + uint16(c-'0')
	}
	return n, b[d:], true
}

// IsZero reports whether e is no code.
func (e Enhanced) IsZero() bool { return e == Enhanced{} }

// Compare orders codes by class, subject and detail; the zero Enhanced is the first.
func (e Enhanced) Compare(f Enhanced) int {
	return cmp.Or(cmp.Compare(e.Class, f.Class), cmp.Compare(e.Subject, f.Subject),
		cmp.Compare(e.Detail, f.Detail))
}

// String returns the code as in "5.1.1"; "" for the zero Enhanced.
func (e Enhanced) String() string { return string(e.append(nil)) }

func (e Enhanced) append(b []byte) []byte {
	if e.IsZero() {
		return b
	}
	b = strconv.AppendUint(b, uint64(e.Class), 10)
	b = append(b, '.')
	b = strconv.AppendUint(b, uint64(e.Subject), 10)
	b = append(b, '.')
	return strconv.AppendUint(b, uint64(e.Detail), 10)
}

// AppendText appends what String returns to b. The error is always nil.
func (e Enhanced) AppendText(b []byte) ([]byte, error) { return e.append(b), nil }

// MarshalText returns what String returns. The error is always nil.
func (e Enhanced) MarshalText() ([]byte, error) { return e.append(nil), nil }

// UnmarshalText reads a code that fills the whole text; an empty text is the zero
// Enhanced. The error is a *ParseError.
func (e *Enhanced) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*e = Enhanced{}
		return nil
	}
	v, rest, ok := ParseEnhanced(text)
	if !ok || len(rest) > 0 {
		return &ParseError{string(text), "an enhanced status code such as 5.1.1"}
	}
	*e = v
	return nil
}

// Info returns what is known about e, and whether its subject and detail are registered.
// Where they are not, Class and Subject are still filled in as far as they mean anything.
func (e Enhanced) Info() (EnhancedInfo, bool) {
	var info EnhancedInfo
	i, ok := slices.BinarySearchFunc(enhanceds[:], e, func(row enhancedRow, e Enhanced) int {
		return cmp.Or(cmp.Compare(row.subject, e.Subject), cmp.Compare(row.detail, e.Detail))
	})
	if ok = ok && !e.IsZero(); ok {
		info = enhanceds[i].info()
	} else if !e.IsZero() && int(e.Subject) < len(enhancedSubjects) {
		info.Subject = enhancedSubjects[e.Subject]
	}
	if int(e.Class) < len(enhancedClasses) {
		info.Class = enhancedClasses[e.Class]
	}
	return info, ok
}

// Enhanceds iterates over the registered codes in their order. The registry lists them
// without a class, so Class is empty.
func Enhanceds() iter.Seq[EnhancedInfo] {
	return func(yield func(EnhancedInfo) bool) {
		for i := range enhanceds {
			if !yield(enhanceds[i].info()) {
				return
			}
		}
	}
}

// info returns the row in its public form.
func (row *enhancedRow) info() EnhancedInfo {
	return EnhancedInfo{
		Code:    "X" + Enhanced{5, row.subject, row.detail}.String()[1:],
		Subject: enhancedSubjects[row.subject],
		Detail:  row.name,
		Meaning: row.meaning,
		Source:  row.source,
		Replies: row.replies,
	}
}
