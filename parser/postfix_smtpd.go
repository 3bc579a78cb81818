package parser

import (
	"github.com/smtplog/smtplog/status"
)

// client reads what follows "client=": "h[ip]:4711, sasl_method=PLAIN, sasl_username=u,
// sasl_sender=s, orig_queue_id=3F2, orig_client=h[ip]".
func (l *postfixLine) client(b []byte) bool {
	ev := l.ev
	ev.Kind, ev.Direction = Received, In
	first, rest := cutComma(b)
	ev.Client = clientPeer(first)
	for len(rest) > 2 {
		key, val, ok := cutByte(rest[2:], '=')
		if !ok {
			break
		}
		n := attributeEnd(val)
		val, rest = val[:n], val[n:]
		switch string(key) {
		case "sasl_username":
			ev.User = val
		case "orig_queue_id":
			if id := wordOf(val); string(id) != "NOQUEUE" {
				ev.PrevQueueID = id
			}
		case "orig_client":
			ev.PrevClient = clientPeer(val)
		}
	}
	return true
}

// clientPeer reads a client that stands alone.
func clientPeer(b []byte) Peer {
	if p, _, ok := cutPeer(b); ok {
		return p
	}
	return Peer{Name: b}
}

// attributeEnd returns where a value of a client= line ends. A login name may hold a comma,
// so only one of the known keys ends it.
func attributeEnd(b []byte) int {
	for i := 0; i < len(b); i++ {
		if b[i] != ',' || i+1 == len(b) || b[i+1] != ' ' {
			continue
		}
		for _, s := range [...]string{"sasl_method=", "sasl_username=", "sasl_sender=", "orig_queue_id=", "orig_client="} {
			if hasPrefix(b[i+2:], s) {
				return i
			}
		}
	}
	return len(b)
}

// session reads what is said about a connection instead of a message.
func (l *postfixLine) session(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	ev := l.ev
	switch b[0] {
	case 'c':
		if rest, ok := cutPrefix(b, "connect from "); ok {
			if ev.Client, _, ok = cutPeer(rest); !ok {
				ev.Client.Name = wordOf(rest)
			}
			ev.Kind, ev.Direction, ev.Stage = Connected, In, status.StageConnect
			return len(rest) > 0
		}
		if rest, ok := cutPrefix(b, "certificate "); ok {
			return l.certificate(rest, b)
		}
	case 'd':
		if rest, ok := cutPrefix(b, "disconnect from "); ok {
			p, rest, ok := cutPeer(rest)
			if !ok {
				p.Name = wordOf(rest)
			}
			ev.Client = p
			if rest = trimLeft(rest); len(rest) > 0 {
				ev.Detail = rest
			}
			ev.Kind, ev.Direction = Disconnected, In
			return true
		}
	case 'l', 't', 'b':
		if l.ended(b) {
			return true
		}
	case 'i':
		if rest, ok := cutPrefix(b, "improper command pipelining after "); ok {
			return l.pipelining(rest)
		}
	case 'C':
		if rest, ok := cutPrefix(b, "CA certificate "); ok {
			return l.certificate(rest, b)
		}
	case 'S':
		if rest, ok := cutPrefix(b, "SSL_set_fd error to "); ok {
			d := Out
			if string(l.daemon) == "smtpd" {
				d = In
			}
			l.handshake(rest, d)
			ev.Origin, ev.Text = status.OriginLocal, b
			return true
		}
		if rest, ok := cutPrefix(b, "SSL_accept error from "); ok {
			return l.handshake(rest, In)
		}
		if rest, ok := cutPrefix(b, "SSL_connect error to "); ok {
			return l.handshake(rest, Out)
		}
	case 'R', 'W': // smtpd has no TLS to offer
		for _, words := range [...]string{"Refusing STARTTLS request from ", "Refusing TLS service request from ", "Wrapper-mode request dropped from "} {
			if rest, ok := cutPrefix(b, words); ok {
				l.handshake(rest, In)
				ev.Origin, ev.Text = status.OriginLocal, b
				return true
			}
		}
	case 'U':
		if rest, ok := cutPrefix(b, "Used TLS for "); ok { // a patched smtp(8)
			ev.Relay, _, _ = cutPeer(rest)
			ev.Kind, ev.Direction, ev.Stage, ev.Text = TLS, Out, status.StageStartTLS, b
			return true
		}
	case 'T':
		if rest, ok := cutPrefix(b, "TLS handshake failed for "); ok {
			ev.Kind, ev.Stage, ev.Text = TLS, status.StageStartTLS, b
			if p, _, ok := findPeer(rest); ok {
				ev.Client = p
			} else if _, peer, ok := cutString(rest, "peer="); ok {
				ev.Client, _, _ = cutPeer(peer)
			}
			return true
		}
	}
	return l.postscreen(b) || l.host(b) || l.established(b)
}

// ended reads "lost connection after DATA (17 bytes) from h[ip]" and its siblings: smtpd(8)
// says why a session was over before QUIT.
func (l *postfixLine) ended(b []byte) bool {
	why, rest, ok := cutString(b, " after ")
	if !ok {
		return false
	}
	switch string(why) {
	case "lost connection", "timeout", "too many errors", "bare <LF> received":
	default:
		return false
	}
	stage, peer, ok := cutString(rest, " from ")
	if !ok {
		return false
	}
	ev := l.ev
	if ev.Client, _, ok = cutPeer(peer); !ok {
		ev.Client.Name = wordOf(peer)
	}
	ev.Kind, ev.Direction, ev.Text, ev.Detail = Disconnected, In, why, stage
	ev.Stage = stageOf(stage)
	return true
}

// pipelining reads "RCPT from h[ip]: what the client sent too early".
func (l *postfixLine) pipelining(b []byte) bool {
	stage, rest, ok := cutString(b, " from ")
	if !ok {
		return false
	}
	ev := l.ev
	p, after, _ := cutPeer(rest)
	ev.Client, ev.Stage, ev.Direction = p, stageOf(stage), In
	ev.Kind, ev.Text = Other, trimLeft(trimColon(after))
	return true
}

func trimColon(b []byte) []byte {
	if len(b) > 0 && b[0] == ':' {
		return b[1:]
	}
	return b
}

// handshake reads "h[ip]:25: lost connection" after "SSL_accept error from" and the like.
func (l *postfixLine) handshake(b []byte, d Direction) bool {
	ev := l.ev
	p, rest, _ := cutPeer(b)
	ev.Kind, ev.Direction, ev.Stage = TLS, d, status.StageStartTLS
	ev.Origin, ev.Text = status.OriginNetwork, trimLeft(trimColon(rest))
	if d == In {
		ev.Client = p
	} else {
		ev.Relay = p
	}
	return true
}

// certificate reads "verification failed for h[ip]:25: untrusted issuer ...". It is about the
// peer's certificate; whether the session was established is another line.
func (l *postfixLine) certificate(b, whole []byte) bool {
	ev := l.ev
	rest, ok := cutPrefix(b, "verification failed for ")
	if !ok {
		if rest, ok = cutPrefix(b, "peer name verification failed for "); !ok {
			return hasPrefix(b, "verification ") && l.other(whole)
		}
	}
	p, rest, ok := cutPeer(rest)
	if ok {
		if string(l.daemon) == "smtpd" {
			ev.Client, ev.Direction = p, In
		} else {
			ev.Relay, ev.Direction = p, Out
		}
	}
	ev.Text = trimLeft(trimColon(rest))
	ev.Kind, ev.Stage = Other, status.StageStartTLS
	return true
}

// established reads "Untrusted TLS connection established to h[ip]:25: TLSv1.3 with cipher
// C (256/256 bits) ...". The first word, missing before Postfix 2.5, says how far the peer's
// certificate is trusted. Postfix src/tls/tls_misc.c, tls_log_summary.
func (l *postfixLine) established(b []byte) bool {
	trust, rest, ok := cutString(b, "TLS connection ")
	if !ok || len(trust) > 24 || len(wordOf(trust))+1 < len(trust) {
		return false
	}
	if after, ok := cutPrefix(rest, "established "); ok {
		rest = after
	} else if after, ok := cutPrefix(rest, "reused "); ok {
		rest = after
	} else {
		return false
	}
	ev := l.ev
	in := false
	if after, ok := cutPrefix(rest, "from "); ok {
		in, rest = true, after
	} else if rest, ok = cutPrefix(rest, "to "); !ok {
		return false
	}
	p, rest, _ := cutPeer(rest)
	ev.Kind, ev.Direction, ev.Stage = TLS, Out, status.StageStartTLS
	ev.Relay = p
	if in {
		ev.Direction, ev.Client, ev.Relay = In, p, Peer{}
	}
	if _, after, ok := cutString(rest, ": "); ok { // past " to sni.name", if any
		rest = after
	}
	ev.TLS = rest
	if i := indexString(rest, " ("); i > 0 {
		ev.TLS = rest[:i]
	}
	if len(trust) > 0 {
		ev.Detail = trimRight(trust)
	}
	return true
}

// other marks a line that a rule recognises and that means nothing more.
func (l *postfixLine) other(text []byte) bool {
	l.ev.Kind, l.ev.Text = Other, text
	return true
}
