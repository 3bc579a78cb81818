package parser

import (
	"bytes"

	"github.com/smtplog/smtplog/status"
)

// qmgr reads "from=<a@b>, size=2579, nrcpt=3 (queue active)" and "from=<a@b>,
// status=expired, returned to sender".
func (l *postfixLine) qmgr(b []byte) bool {
	ev := l.ev
	rest, _ := cutPrefix(b, "from=")
	// No other value holds a bracket, so the last one closes the address, whatever is in it.
	if i := bytes.LastIndexByte(rest, '>'); i > 0 && rest[0] == '<' && closes(rest[i+1:], ',') {
		ev.Sender, rest = trimAngle(rest[:i+1]), rest[i+1:]
	} else {
		ev.Sender, rest = cutAngle(rest, ',')
	}
	for {
		key, val, ok := cutByte(trimLeft(trimLeftComma(rest)), '=')
		if !ok {
			return false
		}
		switch string(key) {
		case "size":
			n, after, ok := number(val)
			if !ok {
				return false
			}
			ev.Size, ev.Has, rest = n, ev.Has|HasSize, after
		case "nrcpt":
			n, after, ok := number(val)
			if !ok {
				return false
			}
			ev.NRcpt, ev.Has = int(n), ev.Has|HasNRcpt
			if ev.Kind = Other; string(after) == " (queue active)" {
				ev.Kind = Queued
			}
			return true
		case "status":
			return l.qmgrStatus(val)
		default:
			_, rest = cutComma(val)
		}
	}
}

// qmgrStatus reads "expired, returned to sender" (Postfix 3.5 also "force-expired").
func (l *postfixLine) qmgrStatus(b []byte) bool {
	ev := l.ev
	ev.Kind, ev.Text, ev.Origin = Other, b, status.OriginLocal
	if hasPrefix(b, "expired") || hasPrefix(b, "force-expired") {
		ev.Kind = Expired
	}
	return true
}

// pickup reads what follows "uid=": "102 from=<a@b>" and after a requeue "102 from=<a@b>
// orig_id=OLD".
func (l *postfixLine) pickup(b []byte) bool {
	_, rest, ok := number(b)
	if !ok {
		return false
	}
	uid := b[:len(b)-len(rest)]
	if rest, ok = cutPrefix(trimLeft(rest), "from="); !ok {
		return false
	}
	ev := l.ev
	ev.User, ev.Kind, ev.Direction = uid, Received, Local
	if i := lastIndexString(rest, "> orig_id="); i >= 0 {
		if id := rest[i+len("> orig_id="):]; isQueueID(id) {
			ev.PrevQueueID, rest = id, rest[:i+1]
		}
	}
	ev.Sender = trimAngle(trimRight(rest))
	return true
}

// messageID reads what follows "message-id=" and "resent-message-id=": "<x@y>", "<>",
// nothing, or words without brackets.
func (l *postfixLine) messageID(b []byte, kind Kind) bool {
	l.ev.MessageID, l.ev.Kind = emptyAngle(trimRight(b)), kind
	return true
}

// queueWords reads the lines about a message that have no key at the start.
func (l *postfixLine) queueWords(b []byte) bool {
	ev := l.ev
	switch string(b) {
	case "removed":
		// postsuper(1) says the same as qmgr(8), and RFC 5424 may have lost the name.
		ev.Kind = Completed
		if string(l.daemon) == "postsuper" {
			ev.Kind, ev.Origin = Removed, status.OriginLocal
		}
		return true
	case "placed on hold":
		ev.Kind, ev.Origin = Held, status.OriginLocal
		ev.Text = b
		return true
	case "released from hold":
		ev.Kind = Released
		return true
	case "requeued", "expired", "skipped, still being delivered", "reset time stamps":
		return l.other(b)
	}
	if hasPrefix(b, "renamed to ") { // postsuper gives it a free ID
		return l.other(b)
	}
	if hasPrefix(b, "removed (") { // cleanup(8), Postfix 3.10: given up, or thrown away
		ev.Kind, ev.Text = Completed, b
		return true
	}
	if hasSuffix(b, " -- message not accepted, try again later") { // cleanup(8) says it without a label, too
		return l.warning(SeverityWarning, b)
	}
	return l.notification(b) || l.queueChatter(b)
}

// notification reads bounce(8)'s "sender non-delivery notification: NEWID". Postfix 3.11
// also says when it could not be made.
func (l *postfixLine) notification(b []byte) bool {
	ev := l.ev
	who, rest, ok := cutByte(b, ' ')
	if !ok || string(who) != "sender" && string(who) != "postmaster" {
		return false
	}
	what, id, ok := cutString(rest, "notification: ")
	if ok {
		switch string(what) {
		case "non-delivery ", "delay ", "delivery status ":
			ev.Kind, ev.Text = Notification, b[:len(b)-len(id)-2]
			ev.NextQueueID = wordOf(id)
			return true
		}
	}
	if hasPrefix(rest, "notification ") || contains(rest, "notification failed") {
		ev.Kind, ev.Severity, ev.Text = Warning, SeverityWarning, b
		return true
	}
	return false
}

// queueChatter recognises remarks about a message that change nothing.
func (l *postfixLine) queueChatter(b []byte) bool {
	if hasPrefix(b, "enabling PIX workarounds: ") {
		if _, host, ok := cutString(b, " for "); ok {
			l.ev.Relay, _, _ = cutPeer(host)
			l.ev.Direction = Out
		}
		return l.other(b)
	}
	if string(l.daemon) == "qmqpd" { // why a client was cut off
		return l.other(b)
	}
	for _, s := range [...]string{
		"enabling VERP for sender ", "sending defer warning for ",
		"recipient limit ", "passing <", "status=deferred (", "status=bounced (", "message-size ",
		"no trace file ", "not sending trace", "sender delivery ", "milter ", "placed in ",
		"Milter ", "bounce message failure", "read ", "write ", "seek ", "removed spurious ",
		"multi-valued ", "replacing ", "attempt ", "undeliverable postmaster ",
	} {
		if hasPrefix(b, s) {
			return l.other(b)
		}
	}
	return false
}
