package status

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// appendWords appends folded text in the form in which phrases are looked for: words in
// lower case, one blank before and after each. What varies or only separates is gone:
// Fold's placeholders, numbers, enhanced status codes, punctuation, accents of Latin
// letters, the dots of ё, apostrophes within words; "isn't" is "is not". Host names and providers' codes (OFR_416) stay whole;
// other words are split at hyphens, underscores and dots.
//
// Bytes that are not UTF-8 count as ISO 8859-1.
func appendWords(dst, text []byte) []byte {
	dst = append(dst, ' ')
	for i := 0; i < len(text); {
		if text[i] == '{' {
			if n := placeholder(text[i:]); n > 0 {
				i += n
				continue
			}
		}
		n := wordRun(text[i:])
		if n == 0 {
			_, size := utf8.DecodeRune(text[i:])
			i += size
			continue
		}
		dst = appendRun(dst, text[i:i+n])
		i += n
	}
	return dst
}

// hostMark stands before a word with a dot: the start of a host name is no word.
const hostMark = '@'

// wordRun returns the length of the run of letters, digits, dots, hyphens, underscores and
// apostrophes at the start of b.
func wordRun(b []byte) int {
	n := 0
	for n < len(b) {
		c := b[n]
		if c < utf8.RuneSelf {
			if !isAlnum(c) && c != '.' && c != '-' && c != '_' && c != '\'' {
				return n
			}
			n++
			continue
		}
		r, size := decodeRune(b[n:])
		if !isWordRune(r) {
			return n
		}
		n += size
	}
	return n
}

// appendRun appends the words of a run.
func appendRun(dst, run []byte) []byte {
	for len(run) > 0 {
		if isPunct(run[0]) {
			run = run[1:]
			continue
		}
		n := 1 // to the end of the next piece: a sentence may end without a blank after it
		for n < len(run) && !(run[n] == '.' && (n+1 == len(run) || isPunct(run[n+1]) ||
			isLower(run[n-1]) && isUpper(run[n+1]))) {
			n++
		}
		dst = appendPiece(dst, run[:n])
		run = run[n:]
	}
	return dst
}

// appendPiece appends a host name or provider's code as one word, other pieces split.
func appendPiece(dst, piece []byte) []byte {
	for len(piece) > 0 && isPunct(piece[len(piece)-1]) {
		piece = piece[:len(piece)-1]
	}
	whole := providerCode(piece) == len(piece)
	if !whole {
		dot, letter := false, false
		for _, c := range piece {
			dot = dot || c == '.'
			letter = letter || c != '.' && !isDigit(c) && c != '-'
		}
		if dot && !letter {
			return dst // an enhanced status code, a version, an address
		}
		whole = dot
	}
	if whole && bytes.IndexByte(piece, '.') >= 0 {
		dst = append(dst, hostMark)
	}
	for i := 0; i < len(piece); {
		start, letter := len(dst), false
		for i < len(piece) && (whole || piece[i] != '-' && piece[i] != '_') {
			c := piece[i]
			switch {
			case c == '\'':
				i++
			case c < utf8.RuneSelf:
				dst = append(dst, lower(c))
				letter = letter || !isDigit(c)
				i++
			default:
				r, size := decodeRune(piece[i:])
				n := len(dst)
				dst = appendBase(dst, r)
				letter = letter || len(dst) > n
				i += size
			}
		}
		if letter {
			dst = append(writeOut(dst, start), ' ')
		} else {
			dst = dst[:start] // a number
		}
		i++
	}
	return dst
}

// writeOut writes out "not" in the word at dst[start:]: isn't (as isnt) becomes is not, and
// cannot can not.
func writeOut(dst []byte, start int) []byte {
	switch word := dst[start:]; string(word) {
	case "isnt", "arent", "wasnt", "werent", "doesnt", "dont", "didnt", "hasnt", "havent", "couldnt", "wouldnt", "shouldnt", "mustnt":
		return append(dst[:len(dst)-2], " not"...)
	case "cannot":
		return append(dst[:len(dst)-3], " not"...)
	case "cant":
		return append(dst[:len(dst)-1], " not"...)
	case "wont":
		return append(dst[:start], "will not"...)
	}
	return dst
}

func isPunct(c byte) bool { return c == '.' || c == '-' || c == '_' || c == '\'' }

// decodeRune is utf8.DecodeRune, but for a byte that is not UTF-8 it gives the ISO 8859-1
// letter.
func decodeRune(b []byte) (rune, int) {
	r, size := utf8.DecodeRune(b)
	if r == utf8.RuneError && size <= 1 {
		return rune(b[0]), 1
	}
	return r, size
}

func isWordRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) || r == '’'
}

// baseLetters are the letters of U+00C0 to U+017F without accents, in lower case.
const baseLetters = "aaaaaaaceeeeiiiidnooooo ouuuuyts" + "aaaaaaaceeeeiiiidnooooo ouuuuyty" +
	"aaaaaaccccccccddddeeeeeeeeeegggg" + "gggghhhhiiiiiiiiiiiijjkkklllllll" +
	"lllnnnnnnnnnoooooooorrrrrrssssss" + "ssttttttuuuuuuuuuuuuwwyyyzzzzzzs"

// appendBase appends r in lower case, a Latin letter without its accent, an apostrophe or an
// accent by itself not at all.
func appendBase(dst []byte, r rune) []byte {
	switch {
	case r == '’' || r >= 0x300 && r <= 0x36f:
		return dst
	case r == 'ß':
		return append(dst, "ss"...)
	case r >= 0xc0 && r <= 0x17f:
		return append(dst, baseLetters[r-0xc0])
	case r >= 0x1ea0 && r <= 0x1ef9:
		return append(dst, vietnameseBase(r))
	}
	switch r = unicode.ToLower(r); r {
	case 'ơ':
		return append(dst, 'o')
	case 'ư':
		return append(dst, 'u')
	case 'ș':
		return append(dst, 's')
	case 'ț':
		return append(dst, 't')
	case 'ё':
		r = 'е'
	}
	return utf8.AppendRune(dst, r)
}

// vietnameseBase returns a letter of U+1EA0 to U+1EF9 without accents, in lower case.
func vietnameseBase(r rune) byte {
	switch {
	case r < 0x1eb8:
		return 'a'
	case r < 0x1ec8:
		return 'e'
	case r < 0x1ecc:
		return 'i'
	case r < 0x1ee4:
		return 'o'
	case r < 0x1ef2:
		return 'u'
	}
	return 'y'
}
