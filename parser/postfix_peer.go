package parser

import (
	"bytes"

	"github.com/smtplog/smtplog/status"
)

// cutPeer reads a host at the start of b: "name[192.0.2.1]", "name[2001:db8::1]:25",
// "[192.0.2.1]:4711", "name[/run/socket]", "unknown[unknown]". The address is left out where
// it is the word unknown.
func cutPeer(b []byte) (p Peer, rest []byte, ok bool) {
	i := 0
	for i < len(b) && b[i] != '[' && b[i] != ' ' && b[i] != ',' && b[i] != ';' && b[i] != '<' {
		i++
	}
	if i == len(b) || b[i] != '[' {
		return p, b, false
	}
	j := bytes.IndexByte(b[i:], ']')
	if j < 0 {
		return p, b, false
	}
	if p.IP = b[i+1 : i+j]; bytes.IndexByte(p.IP, ' ') >= 0 {
		return Peer{}, b, false
	}
	p.Name, rest = b[:i], b[i+j+1:]
	if ip, ok := cutPrefix(p.IP, "IPv6:"); ok {
		p.IP = ip
	}
	if len(p.Name) == 0 {
		p.Name = nil
	}
	if len(p.IP) == 0 || string(p.IP) == "unknown" {
		p.IP = nil
	}
	if len(rest) > 1 && rest[0] == ':' {
		if n, after, ok := number(rest[1:]); ok && n <= 65535 {
			p.Port, rest = uint16(n), after
		} else if after, ok := cutPrefix(rest, ":unknown"); ok {
			rest = after
		}
	}
	return p, rest, true
}

// findPeer finds the first host with an address in free text and returns what follows it.
func findPeer(b []byte) (p Peer, rest []byte, ok bool) {
	i := bytes.IndexByte(b, '[')
	if i < 0 {
		return p, b, false
	}
	start := bytes.LastIndexByte(b[:i], ' ') + 1
	for _, c := range b[start:i] {
		if !isAlnum(c) && c != '.' && c != '-' && c != '_' && c < 0x80 {
			return p, b, false
		}
	}
	p, rest, ok = cutPeer(b[start:])
	if !ok || p.IP != nil && !numericIP(p.IP) {
		return Peer{}, b, false
	}
	return p, rest, true
}

// numericIP tells whether b could be an IPv4 or IPv6 address.
func numericIP(b []byte) bool {
	sep := false
	for _, c := range b {
		switch {
		case c == '.' || c == ':':
			sep = true
		case isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F':
		case c == '%':
			return sep // a zone follows
		default:
			return false
		}
	}
	return sep
}

// cutAngle cuts an address at the start of b, as far as its closing bracket: "<a@b>",
// "<\"odd> user\"@b>". A bracket inside quotes does not close, nor one that is not followed
// by sep (0: by any separator). The brackets are removed but for "<>". Without a closing
// bracket the line was cut, and everything is the address.
func cutAngle(b []byte, sep byte) (addr, rest []byte) {
	if len(b) == 0 || b[0] != '<' {
		i := bytes.IndexByte(b, ' ')
		if i < 0 {
			return b, nil
		}
		return trimComma(b[:i]), b[i:]
	}
	i := closingAngle(b, sep)
	if i < 0 {
		// A lone quote, or a cut line.
		for i = 1; i < len(b) && (b[i] != '>' || !closes(b[i+1:], sep)); i++ {
		}
		if i >= len(b) {
			return trimAngle(b), nil
		}
	}
	return trimAngle(b[:i+1]), b[i+1:]
}

// closingAngle returns where the bracket at the start of b closes, -1 if nowhere.
func closingAngle(b []byte, sep byte) int {
	quoted := false
	for i := 1; i < len(b); i++ {
		switch c := b[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case c == '>' && !quoted && closes(b[i+1:], sep):
			return i
		}
	}
	return -1
}

// closes tells whether an address may end before b.
func closes(b []byte, sep byte) bool {
	return len(b) == 0 || b[0] == sep || sep == 0 && (b[0] == ',' || b[0] == ' ' || b[0] == ';' || b[0] == ':')
}

// trimComma removes a comma at the end.
func trimComma(b []byte) []byte {
	if n := len(b); n > 0 && b[n-1] == ',' {
		return b[:n-1]
	}
	return b
}

// stageOf reads the protocol state that smtpd(8) logs: "RCPT", "DATA (17 bytes)",
// "END-OF-MESSAGE" (Postfix src/smtpd/smtpd.h).
func stageOf(b []byte) status.Stage {
	switch string(b) {
	case "DATA content":
		return status.StageEndOfData
	case "TLS":
		return status.StageStartTLS
	}
	return status.StageOf(b)
}
