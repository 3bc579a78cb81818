package status

import "io"

// ParseRules reads a file of rules; name is for its errors.
func ParseRules(name string, r io.Reader) (*Rules, error) { return &Rules{}, nil }
