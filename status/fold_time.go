package status

// timeStamp returns the length of a date, a time of day, or both at the start of b, or 0:
//
//	2016-04-29 23:34:45 +0900   2016-04-29T23:34:45Z   2016/04/29
//	Fri, 22 Sep 2023 01:01:01 +0000   Sep 22 01:01:01 2023   22 Sep 2023
//	23:34:45.123   23:34
func timeStamp(b []byte) int {
	n := isoDate(b)
	if n == 0 {
		n = wordDate(b)
	}
	if n > 0 {
		at := n
		if at < len(b) && lower(b[at]) == 't' {
			at++
		} else {
			at = skipBlanks(b, at)
		}
		if t := clock(b[at:]); at > n && t > 0 {
			n = zone(b, at+t)
			if at := skipBlanks(b, n); at > n && number(b[at:], 4) { // Sep 22 01:01:01 2023
				n = at + 4
			}
		}
	} else if t := clock(b); t > 0 {
		n = zone(b, t)
	}
	if n == 0 || n < len(b) && (isAlnum(b[n]) || b[n] == '_' || b[n] == ':' && n+1 < len(b) && isDigit(b[n+1])) {
		return 0
	}
	return n
}

// skipBlanks returns the position after the blanks at position i of b.
func skipBlanks(b []byte, i int) int {
	for i < len(b) && isBlank(b[i]) {
		i++
	}
	return i
}

// number reports whether b starts with a number of the given number of digits that is not
// part of something longer.
func number(b []byte, n int) bool {
	if digits(b) != n {
		return false
	}
	if n == len(b) {
		return true
	}
	switch b[n] {
	case ':', '/', '-', '_':
		return false
	}
	return !isAlpha(b[n])
}

// isoDate returns the length of 2016-04-29 or 2016/04/29 at the start of b, or 0.
func isoDate(b []byte) int {
	if len(b) < len("2016-04-29") || digits(b) != 4 || digits(b[5:]) != 2 || digits(b[8:]) != 2 ||
		b[4] != b[7] || b[4] != '-' && b[4] != '/' {
		return 0
	}
	return len("2016-04-29")
}

// wordDate returns the length of a date with the name of a month at the start of b, or 0.
// A month and a day alone are one only if a time follows.
func wordDate(b []byte) int {
	n := 0
	if isDay(b) {
		if n = 3; n < len(b) && b[n] == ',' {
			n++
		}
		n = skipBlanks(b, n)
	}
	day := digits(b[n:])
	if day == 1 || day == 2 { // 22 Sep 2023
		month := skipBlanks(b, n+day)
		if month == n+day || !isMonth(b[month:]) {
			return 0
		}
		year := skipBlanks(b, month+3)
		if year == month+3 || !number(b[year:], 4) {
			return 0
		}
		return year + 4
	}
	if !isMonth(b[n:]) { // Sep 22 01:01:01
		return 0
	}
	at := skipBlanks(b, n+3)
	day = digits(b[at:])
	if at == n+3 || day == 0 || day > 2 {
		return 0
	}
	t := skipBlanks(b, at+day)
	if t == at+day || clock(b[t:]) == 0 {
		return 0
	}
	return at + day
}

// isDay reports whether b starts with a word of three letters that is a day of the week.
func isDay(b []byte) bool {
	switch threeLetters(b) {
	case 'm'<<16 | 'o'<<8 | 'n', 't'<<16 | 'u'<<8 | 'e', 'w'<<16 | 'e'<<8 | 'd', 't'<<16 | 'h'<<8 | 'u',
		'f'<<16 | 'r'<<8 | 'i', 's'<<16 | 'a'<<8 | 't', 's'<<16 | 'u'<<8 | 'n':
		return true
	}
	return false
}

// isMonth reports the same of the months.
func isMonth(b []byte) bool {
	switch threeLetters(b) {
	case 'j'<<16 | 'a'<<8 | 'n', 'f'<<16 | 'e'<<8 | 'b', 'm'<<16 | 'a'<<8 | 'r', 'a'<<16 | 'p'<<8 | 'r',
		'm'<<16 | 'a'<<8 | 'y', 'j'<<16 | 'u'<<8 | 'n', 'j'<<16 | 'u'<<8 | 'l', 'a'<<16 | 'u'<<8 | 'g',
		's'<<16 | 'e'<<8 | 'p', 'o'<<16 | 'c'<<8 | 't', 'n'<<16 | 'o'<<8 | 'v', 'd'<<16 | 'e'<<8 | 'c':
		return true
	}
	return false
}

// threeLetters returns the word of three letters or digits at the start of b in one number and
// in lower case, or 0.
func threeLetters(b []byte) uint32 {
	if alnums(b) != 3 {
		return 0
	}
	return uint32(lower(b[0]))<<16 | uint32(lower(b[1]))<<8 | uint32(lower(b[2]))
}

// clock returns the length of 23:34, 23:34:45 or 23:34:45.123 at the start of b, or 0.
func clock(b []byte) int {
	h := digits(b)
	if h == 0 || h > 2 || len(b) < h+3 || b[h] != ':' || digits(b[h+1:]) != 2 {
		return 0
	}
	n := h + 3
	if len(b) >= n+3 && b[n] == ':' && digits(b[n+1:]) == 2 {
		n += 3
		if n+1 < len(b) && (b[n] == '.' || b[n] == ',') && isDigit(b[n+1]) {
			n += 1 + digits(b[n+1:])
		}
	}
	return n
}

// zone returns the position after the time zone at position i of b, if there is one: Z,
// UTC, GMT, +0900 or +09:00.
func zone(b []byte, i int) int {
	if i < len(b) && (b[i] == 'Z' || b[i] == 'z') && (i+1 == len(b) || !isAlnum(b[i+1])) {
		return i + 1
	}
	at := skipBlanks(b, i)
	rest := b[at:]
	switch {
	case alnums(rest) == 3 && (equalFold(rest[:3], "utc") || equalFold(rest[:3], "gmt")):
		return at + 3
	case len(rest) >= 5 && (rest[0] == '+' || rest[0] == '-') && number(rest[1:], 4):
		return at + 5
	case len(rest) >= 6 && (rest[0] == '+' || rest[0] == '-') && digits(rest[1:]) == 2 &&
		rest[3] == ':' && number(rest[4:], 2):
		return at + 6
	}
	return i
}
