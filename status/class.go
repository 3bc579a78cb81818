package status

// Classes of bytes, for what looks at every byte of a text. A byte may be of several.
const (
	classDigit    = 1 << iota
	classAlpha    // an ASCII letter
	classDot      // a dot
	classHyphen   // a hyphen or an underscore
	classBlank    // see isBlank
	classLocal    // see isLocal
	classOfDomain // what a domain has besides: see domain
	classPathEnd  // what no path of a URL has: braces, angle brackets, the double quote

	classAlnum = classDigit | classAlpha
)

// class has the classes of each byte.
var class = func() (class [256]uint8) {
	add := func(of uint8, bytes string) {
		for i := range len(bytes) {
			class[bytes[i]] |= of
		}
	}
	for i := range class {
		switch c := byte(i); {
		case isDigit(c):
			class[c] = classDigit | classLocal
		case isAlpha(c):
			class[c] = classAlpha | classLocal
		case isBlank(c):
			class[c] = classBlank
		case c >= 0x80:
			class[c] = classLocal | classOfDomain
		}
	}
	add(classDot, ".")
	add(classHyphen, "-_")
	add(classLocal, "!#$%&'*+/=?^_`|~.-")
	add(classOfDomain, "*")
	add(classPathEnd, `{}<>"`)
	return class
}()
