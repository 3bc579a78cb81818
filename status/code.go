package status

import (
	"fmt"
	"strconv"
)

// Code is a member of the status enum: an SMTP reply code that has a standard meaning, or
// one of the two values for the absence of one. Its value is the reply number. It is
// comparable; the zero Code is NotDefined.
type Code int16

// CodeInfo is what is known about a member of the enum.
type CodeInfo struct {
	Code    Code
	Name    string // wire name, such as "MAILBOX_UNAVAILABLE": what String and text marshalling write
	GoName  string // name of the constant, such as "MailboxUnavailable"
	Meaning string
	Source  string // "RFC 5321 4.2.2", or whatever else the member rests on
	Logged  string // where a mail log shows it, or why none does in the ordinary course
}

// Codes returns all members: first the 32 of the original enum in its order, then those
// for the other codes with a source, by number. The caller owns the slice.
func Codes() []CodeInfo { return append([]CodeInfo(nil), codes[:]...) }

// codeIndex gives for each reply number the member's place in codes, plus one.
var codeIndex = func() (index [600]uint8) {
	for i, row := range codes {
		if row.Code >= 0 {
			index[row.Code] = uint8(i + 1)
		}
	}
	return index
}()

// row returns c's row in codes, or nil.
func (c Code) row() *CodeInfo {
	if c == GeneralFailure {
		return &codes[1]
	}
	if c < 0 || int(c) >= len(codeIndex) || codeIndex[c] == 0 {
		return nil
	}
	return &codes[codeIndex[c]-1]
}

// CodeOf returns the member with the number of an SMTP reply, or NotDefined. Every member
// c is CodeOf(c.Number()).
func CodeOf(reply int) Code {
	if reply < -1 || reply >= len(codeIndex) || Code(reply).row() == nil {
		return NotDefined
	}
	return Code(reply)
}

// Number returns the reply number: 0 for NotDefined, -1 for GeneralFailure.
func (c Code) Number() int { return int(c) }

// Info returns what is known about c, and whether c is a member.
func (c Code) Info() (CodeInfo, bool) {
	if row := c.row(); row != nil {
		return *row, true
	}
	return CodeInfo{}, false
}

// String returns the wire name, such as "MAILBOX_UNAVAILABLE". A Code that is no member,
// which only a conversion can make, gives "Code(571)": no name is borrowed for it.
func (c Code) String() string {
	if row := c.row(); row != nil {
		return row.Name
	}
	return "Code(" + strconv.Itoa(int(c)) + ")"
}

// ParseCode returns the member with the given wire name, Go name (both in any case) or
// number. The error is a *ParseError; a number that no member has is one, too.
func ParseCode(s string) (Code, error) {
	for i := range codes {
		if equalFold(s, codes[i].Name) || equalFold(s, codes[i].GoName) {
			return codes[i].Code, nil
		}
	}
	if n, err := strconv.Atoi(s); err == nil {
		if c := CodeOf(n); c != NotDefined || n == 0 {
			return c, nil
		}
	}
	return NotDefined, &ParseError{s, "a status such as MAILBOX_UNAVAILABLE or its number"}
}

// AppendText appends the wire name to b. The error is that of MarshalText.
func (c Code) AppendText(b []byte) ([]byte, error) {
	row := c.row()
	if row == nil {
		return b, fmt.Errorf("%v is no member of the status enum", c)
	}
	return append(b, row.Name...), nil
}

// MarshalText returns the wire name, or an error if c is no member: what is written can
// be read again.
func (c Code) MarshalText() ([]byte, error) { return c.AppendText(nil) }

// UnmarshalText sets c as ParseCode does.
func (c *Code) UnmarshalText(text []byte) error {
	v, err := ParseCode(string(text))
	if err == nil {
		*c = v
	}
	return err
}
