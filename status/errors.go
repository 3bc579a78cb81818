package status

import "fmt"

// ParseError reports text that is not a value of this package.
type ParseError struct {
	Input string // the text as given
	Want  string // what would have been right, such as "an SMTP stage"
}

// Error quotes the input and says what was wanted.
func (e *ParseError) Error() string {
	return fmt.Sprintf("%q: want %s", e.Input, e.Want)
}
