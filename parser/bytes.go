package parser

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"time"
)

// The tiny helpers of all dialects. Each looks at the start of its argument and returns
// what is left.

// cutPrefix is bytes.CutPrefix with a string, without a conversion.
func cutPrefix(b []byte, prefix string) ([]byte, bool) {
	if hasPrefix(b, prefix) {
		return b[len(prefix):], true
	}
	return b, false
}

func hasPrefix(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && string(b[:len(prefix)]) == prefix
}

func hasSuffix(b []byte, suffix string) bool {
	return len(b) >= len(suffix) && string(b[len(b)-len(suffix):]) == suffix
}

// cutByte cuts b around the first c.
func cutByte(b []byte, c byte) (before, after []byte, ok bool) {
	if i := bytes.IndexByte(b, c); i >= 0 {
		return b[:i], b[i+1:], true
	}
	return b, nil, false
}

// cutString cuts b around the first s.
func cutString(b []byte, s string) (before, after []byte, ok bool) {
	if i := indexString(b, s); i >= 0 {
		return b[:i], b[i+len(s):], true
	}
	return b, nil, false
}

// indexString is bytes.Index with a string, without a conversion: it looks for the first
// byte and compares.
func indexString(b []byte, s string) int {
	for i := 0; ; {
		j := bytes.IndexByte(b[i:], s[0])
		if j < 0 || len(b)-i-j < len(s) {
			return -1
		}
		if i += j; string(b[i:i+len(s)]) == s {
			return i
		}
		i++
	}
}

func contains(b []byte, s string) bool { return indexString(b, s) >= 0 }

// lastIndexString is bytes.LastIndex with a string, without a conversion. It looks for the first
// byte, eight bytes at a time.
func lastIndexString(b []byte, s string) int {
	i := len(b) - len(s) + 1 // it may begin before i
	for first := ones * uint64(s[0]); i >= 8; {
		x := eight(b, i-8) ^ first
		// The high bit of each byte that is 0, and perhaps of 1s above one.
		found := (x - ones) &^ x & highs
		for ; found != 0; found &^= 1 << 63 >> bits.LeadingZeros64(found) {
			at := i - 8 + (63-bits.LeadingZeros64(found))>>3
			if string(b[at:at+len(s)]) == s {
				return at
			}
		}
		i -= 8
	}
	for i--; i >= 0; i-- {
		if b[i] == s[0] && string(b[i:i+len(s)]) == s {
			return i
		}
	}
	return -1
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isAlnum(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// eight returns the eight bytes of b from i on as a number, the first one lowest. The three indices
// spare the compiler the care for a slice that begins behind the last byte.
func eight(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i : i+8 : i+8]) }

// same tells whether a and b are the same; it is quick where they have 8 to 16 bytes.
func same(a, b []byte) bool {
	n := len(a)
	if n < 8 || n > 16 || n != len(b) {
		return string(a) == string(b)
	}
	return eight(a, 0) == eight(b, 0) && eight(a, n-8) == eight(b, n-8)
}

// near is bytes.IndexByte for what is found within a few bytes: where the first c is that b has from
// i on, len(b) where there is none.
func near(b []byte, i int, c byte) int {
	for all := ones * uint64(c); i+8 <= len(b); i += 8 {
		x := eight(b, i) ^ all
		if found := (x - ones) &^ x & highs; found != 0 {
			return i + bits.TrailingZeros64(found)>>3
		}
	}
	for i < len(b) && b[i] != c {
		i++
	}
	return i
}

// shortNumber reads up to seven digits that b has from i on at once; length is 0 where there are
// none, or more of them, or less than eight bytes.
func shortNumber(b []byte, i int) (n uint32, length int) {
	if i+8 > len(b) {
		return 0, 0
	}
	x := eight(b, i) ^ '0'*ones
	// The high bit of each byte beyond 9; a carry comes from such a byte, and the first one counts.
	other := (x | (x + (0x7f-9)*ones)) & highs
	if length = bits.TrailingZeros64(other) >> 3; length == 0 || length == 8 {
		return 0, 0
	}
	x <<= 64 - 8*length // zeros before them; then two, four and eight digits a number
	x = x * (10<<8 + 1) >> 8 & 0x00ff00ff00ff00ff
	x = x * (100<<16 + 1) >> 16 & 0x0000ffff0000ffff
	return uint32(x * (10000<<32 + 1) >> 32), length
}

// hasUpper tells whether b has an upper-case letter of ASCII.
func hasUpper(b []byte) bool {
	i := 0
	for ; i+8 <= len(b); i += 8 {
		x := eight(b, i)
		low := x &^ highs // no carries between bytes
		if (low+(0x80-'A')*ones)&^(low+(0x80-'Z'-1)*ones)&^x&highs != 0 {
			return true
		}
	}
	for _, c := range b[i:] {
		if 'A' <= c && c <= 'Z' {
			return true
		}
	}
	return false
}

// number reads decimal digits at the start of b; ok is false where there are none. Beyond
// 18 digits it stops counting, so that it cannot overflow.
func number(b []byte) (n int64, rest []byte, ok bool) {
	i := 0
	for i < len(b) && isDigit(b[i]) {
		if i < 18 {
			n = n*10 + int64(b[i]-'0')
		}
		i++
	}
	return n, b[i:], i > 0
}

// fractions are what the last of so many digits behind the point stands for.
var fractions = [10]time.Duration{time.Second, time.Second / 10, time.Second / 100, time.Millisecond, time.Second / 10_000, time.Second / 100_000,
	time.Microsecond, time.Microsecond / 10, time.Microsecond / 100, time.Nanosecond}

// seconds reads a decimal number of seconds such as 248321, 0.47 or 1.7 (Postfix delay=).
func seconds(b []byte) (d time.Duration, rest []byte, ok bool) {
	n, b, ok := number(b)
	if !ok {
		return 0, b, false
	}
	if n > 9_000_000_000 {
		n = 9_000_000_000 // 285 years: what a Duration holds
	}
	d = time.Duration(n) * time.Second
	if len(b) > 1 && b[0] == '.' && isDigit(b[1]) {
		var part time.Duration
		i := 1
		for ; i < len(b) && isDigit(b[i]); i++ {
			if i < len(fractions) {
				part = part*10 + time.Duration(b[i]-'0')
			}
		}
		d += part * fractions[min(i, len(fractions))-1]
		b = b[i:]
	}
	return d, b, true
}

// trimAngle removes one pair of angle brackets around b, but keeps "<>", the null address.
// A bracket that a cut line has lost does not matter.
func trimAngle(b []byte) []byte {
	if len(b) == 0 || b[0] != '<' || len(b) == 2 && b[1] == '>' {
		return b
	}
	b = b[1:]
	if n := len(b); n > 0 && b[n-1] == '>' {
		b = b[:n-1]
	}
	return b
}

// trimLeft removes leading blanks.
func trimLeft(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	return b
}

// trimRight removes trailing blanks and carriage returns.
func trimRight(b []byte) []byte {
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t' || b[len(b)-1] == '\r') {
		b = b[:len(b)-1]
	}
	return b
}

// run returns where the marked bytes that b has from i on end.
func run(marked *[256]bool, b []byte, i int) int {
	for ; i+4 <= len(b); i += 4 {
		four := b[i : i+4 : i+4]
		if !marked[four[0]] {
			return i
		}
		if !marked[four[1]] {
			return i + 1
		}
		if !marked[four[2]] {
			return i + 2
		}
		if !marked[four[3]] {
			return i + 3
		}
	}
	for i < len(b) && marked[b[i]] {
		i++
	}
	return i
}

// wordByte marks letters, digits, hyphens and underscores.
var wordByte = func() (t [256]bool) {
	for c := range t {
		t[c] = isAlnum(byte(c)) || c == '-' || c == '_'
	}
	return t
}()

// wordOf returns the letters, digits and hyphens at the start of b.
func wordOf(b []byte) []byte {
	n := run(&wordByte, b, 0)
	if n == 0 {
		return nil
	}
	return b[:n]
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// plainRun is run of plainByte, eight bytes at a time: most of a line are words of such bytes.
func plainRun(b []byte, i int) int {
	for i+8 <= len(b) {
		x := eight(b, i)
		other := x&^(0x62*ones) ^ 0x1c*ones // 0 where there is <, >, \, and for ^, | and ~, too
		// The high bit of a byte up to '"', or of one of those, or of DEL or more. A borrow or carry
		// comes from a byte that is found itself, and the first one counts.
		found := ((x - ('"'+1)*ones) | (other - ones) | x | (x + ones)) & highs
		if found == 0 {
			i += 8
			continue
		}
		if i += bits.TrailingZeros64(found) >> 3; !plainByte[b[i]] {
			return i
		}
		i++ // '!', '^', '|', '~'
	}
	return run(&plainByte, b, i)
}

// quotedRun returns how many bytes stand before the first quote, backslash, control byte or byte
// beyond ASCII.
func quotedRun(b []byte) int {
	i := 0
	for i+8 <= len(b) {
		x := eight(b, i)
		quote, backslash := x^'"'*ones, x^'\\'*ones
		found := ((x - ' '*ones) | (quote - ones) | (backslash - ones) | x | (x + ones)) & highs
		if found != 0 {
			return i + bits.TrailingZeros64(found)>>3
		}
		i += 8
	}
	for i < len(b) && b[i] >= ' ' && b[i] < 0x7f && b[i] != '"' && b[i] != '\\' {
		i++
	}
	return i
}
