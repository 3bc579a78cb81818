package aggregate

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Mailbox returns the form in which all spellings of one address are the same: quotes of the
// local part dropped, both parts in lower case, the domain's Unicode labels as A-labels (RFC
// 5890). Servers that tell "Joe" from "joe" (RFC 5321 2.4 lets them) are unknown in practice.
// A tag such as +news stays: the server may treat it as another mailbox. It returns "" for
// what is no address with a domain: a local user's name, a command, a file.
func Mailbox(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at <= 0 || at == len(address)-1 || address[0] == '|' || address[0] == '/' {
		return ""
	}
	local := unquoteLocal(address[:at])
	domain := canonicalDomain(address[at+1:])
	if local == "" || domain == "" {
		return ""
	}
	return lowerCase(local) + "@" + domain
}

// canonicalDomain returns a domain in lower case, without a final dot, its labels as A-labels.
// One that is another's only after UTS #46 has mapped it (an invisible character in it, a
// full-width letter) stays as it is: a stranger can have it fail in the other's name.
func canonicalDomain(domain string) string {
	domain = lowerCase(strings.TrimSuffix(domain, "."))
	if !isASCII(domain) {
		if a, err := idna.Registration.ToASCII(domain); err == nil {
			return a
		}
	}
	return domain
}

// lowerCase is strings.ToLower but for the letters beyond ASCII that would become one of
// ASCII's, such as the Kelvin sign: an address with them is another one.
func lowerCase(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	return strings.Map(func(r rune) rune {
		if l := unicode.ToLower(r); r < utf8.RuneSelf || l >= utf8.RuneSelf {
			return l
		}
		return r
	}, s)
}

// unquoteLocal drops the quotes and backslashes of a quoted local part (RFC 5321 4.1.2).
func unquoteLocal(local string) string {
	if len(local) < 2 || local[0] != '"' || local[len(local)-1] != '"' {
		return local
	}
	local = local[1 : len(local)-1]
	if strings.IndexByte(local, '\\') < 0 {
		return local
	}
	b := make([]byte, 0, len(local))
	for i := 0; i < len(local); i++ {
		if local[i] == '\\' && i+1 < len(local) {
			i++
		}
		b = append(b, local[i])
	}
	return string(b)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// tagOf returns the tag of an address: "news" of "joe+news@d.example".
func tagOf(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return ""
	}
	if plus := strings.IndexByte(address[:at], '+'); plus > 0 {
		return address[plus+1 : at]
	}
	return ""
}

// senderName is the sender under which a sender's mail is counted. A sender that names the
// recipient (VERP: bounce-joe=d.example@list.example) is another one for every message, so
// all of a domain are one: *@list.example.
func senderName(sender, recipient string) string {
	at := strings.LastIndexByte(sender, '@')
	_, domain, ok := strings.Cut(recipient, "@")
	if at <= 0 || !ok || domain == "" {
		return sender
	}
	if local := sender[:at]; len(local) > len(domain) && local[len(local)-len(domain)-1] == '=' && strings.EqualFold(local[len(local)-len(domain):], domain) {
		return "*" + sender[at:]
	}
	return sender
}

// hash is FNV-1a with a final mix, the same in every run: what is counted with it has to be.
func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	return h
}
