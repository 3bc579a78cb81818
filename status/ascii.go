package status

import (
	"encoding/binary"
	"math/bits"
)

func isDigit(c byte) bool { return c-'0' < 10 }

func isLower(c byte) bool { return c-'a' < 26 }

func isUpper(c byte) bool { return c-'A' < 26 }

func isAlpha(c byte) bool { return c|0x20-'a' < 26 }

func isAlnum(c byte) bool { return isDigit(c) || isAlpha(c) }

// isBlank reports the bytes that separate words: SMTP's blank and tab, and the line ends
// that a reply keeps when it does not come from a log.
func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// lower returns the ASCII letter c in lower case and any other byte unchanged.
func lower(c byte) byte {
	if isUpper(c) {
		return c | 0x20
	}
	return c
}

// equalFold reports whether b and s are equal but for the case of ASCII letters. Unlike
// bytes.EqualFold it lets no other letter (U+212A, the Kelvin sign) stand for an ASCII one.
func equalFold[T string | []byte](b T, s string) bool {
	if len(b) != len(s) {
		return false
	}
	for i := range len(b) {
		if lower(b[i]) != lower(s[i]) {
			return false
		}
	}
	return true
}

// digits returns the length of the run of digits at the start of b.
func digits(b []byte) int {
	n := 0
	for n < len(b) && isDigit(b[n]) {
		n++
	}
	return n
}

// trimBlanks returns b without the blanks and line ends at both ends.
func trimBlanks(b []byte) []byte {
	for len(b) > 0 && isBlank(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isBlank(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// fourOrFive returns the position of the first '4' or '5' in b from i on, or len(b). These start
// the codes of failures; it looks at eight bytes at once.
func fourOrFive(b []byte, i int) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(b); i += 8 {
		v := (binary.LittleEndian.Uint64(b[i:]) | ones) ^ '5'*ones // a byte of zero for either
		if found := (v - ones) &^ v & highs; found != 0 {
			return i + bits.TrailingZeros64(found)/8 // of several the first is right
		}
	}
	for i < len(b) && b[i]|1 != '5' {
		i++
	}
	return min(i, len(b))
}
