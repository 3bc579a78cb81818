package parser

import "github.com/smtplog/smtplog/status"

// postscreen reads the lines of postscreen(8), and of tlsproxy(8), which writes hosts in
// the same way: "[192.0.2.1]:4711". What a test finds is not yet a refusal; that is another
// line. Postfix src/postscreen.
func (l *postfixLine) postscreen(b []byte) bool {
	if b[0] != '[' && (b[0] < 'A' || b[0] > 'Z') {
		return l.stress(b)
	}
	ev := l.ev
	word, rest, ok := cutByte(b, ' ')
	if !ok {
		return false
	}
	switch string(word) {
	case "CONNECT":
		if rest, ok = cutPrefix(rest, "from "); !ok {
			rest, _ = cutPrefix(trimLeft(rest), "to ")
			return l.screened(rest, b)
		}
		if !l.screened(rest, b) {
			return false
		}
		if string(l.daemon) != "tlsproxy" {
			ev.Kind, ev.Stage, ev.Text = Connected, status.StageConnect, nil
		}
		return true
	case "DISCONNECT":
		if !l.screened(rest, b) {
			return false
		}
		if string(l.daemon) != "tlsproxy" {
			ev.Kind, ev.Text = Disconnected, nil
		}
		return true
	case "PASS", "SKIP":
		_, rest, _ = cutByte(rest, ' ') // NEW, OLD or the test
		return l.screened(rest, b)
	case "BLACKLISTED", "WHITELISTED", "DENYLISTED", "ALLOWLISTED", "UNPASS", "UNFAIL", "ENFORCE", "DROP":
		return l.screened(rest, b)
	case "WHITELIST", "ALLOWLIST":
		rest, _ = cutPrefix(rest, "VETO ")
		return l.screened(rest, b)
	case "DNSBL":
		_, rest, ok = cutString(rest, " for ")
		return ok && hasPrefix(b, "DNSBL rank ") && l.screened(rest, b)
	case "PREGREET", "HANGUP", "BARE", "COMMAND", "NON-SMTP", "DATA", "BDAT":
		_, rest, ok = cutString(rest, "from ")
		if !ok || !l.screened(rest, b) {
			return false
		}
		if _, after, ok := cutString(rest, " after "); ok {
			ev.Stage = stageOf(wordOf(after))
		}
		return true
	}
	return false
}

// screened takes the client at the start of b and keeps the whole text.
func (l *postfixLine) screened(b, text []byte) bool {
	p, _, ok := cutPeer(b)
	if !ok {
		return false
	}
	ev := l.ev
	ev.Client, ev.Direction = p, In
	ev.Kind, ev.Text = Other, text
	return true
}

// stress reads what postscreen says about itself.
func (l *postfixLine) stress(b []byte) bool {
	if hasPrefix(b, "entering STRESS mode") || hasPrefix(b, "leaving STRESS mode") {
		return l.other(b)
	}
	return false
}
