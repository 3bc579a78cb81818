package generate

import (
	"fmt"
	"strconv"
	"time"
)

// postfixArrival is one client's session: a stranger who is turned away, or a message.
func (g *generator) postfixArrival() {
	t, c := g.now, g.client()
	pid := 2000 + g.r.IntN(60)
	g.truth.Connections++
	g.say(t, "mx1 postfix/smtpd[%d]: connect from %s[%s]", pid, c.name, c.ip)
	leave := func(t time.Time, how string) {
		g.say(t, "mx1 postfix/smtpd[%d]: disconnect from %s[%s] %s", pid, c.name, c.ip, how)
	}
	switch n := g.r.IntN(100); {
	case n < 12:
		t = g.after(t, 0, time.Second)
		g.say(t, "mx1 postfix/smtpd[%d]: lost connection after EHLO from %s[%s]", pid, c.name, c.ip)
		leave(t, "ehlo=1 commands=1")
		return
	case n < 30:
		t = g.after(t, 0, time.Second)
		g.truth.Rejected++
		to := g.mailbox(0) + "@ours.example"
		refusal := fmt.Sprintf("554 5.7.1 Service unavailable; Client host [%s] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/%s", c.ip, c.ip)
		switch g.r.IntN(3) {
		case 1:
			refusal = fmt.Sprintf("450 4.2.0 <%s>: Recipient address rejected: Greylisted", to)
		case 2:
			refusal = fmt.Sprintf("550 5.1.1 <%s>: Recipient address rejected: User unknown in virtual mailbox table", to)
		}
		g.say(t, "mx1 postfix/smtpd[%d]: NOQUEUE: reject: RCPT from %s[%s]: %s; from=<%s> to=<%s> proto=ESMTP helo=<%s>", pid, c.name, c.ip, refusal, g.sender(), to, c.name)
		leave(t, "ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4")
		return
	}
	if g.permille(700) {
		g.say(t, "mx1 postfix/smtpd[%d]: Anonymous TLS connection established from %s[%s]: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256", pid, c.name, c.ip)
	}
	t = g.after(t, 50*time.Millisecond, 200*time.Millisecond)
	id := g.queueID(t)
	sender, size, n := g.sender(), 1500+g.r.IntN(60_000), g.recipients()
	g.truth.Received++
	g.truth.BytesReceived += int64(size)
	login := ""
	if g.permille(250) {
		login = ", sasl_method=PLAIN, sasl_username=" + sender
	}
	g.say(t, "mx1 postfix/smtpd[%d]: %s: client=%s[%s]%s", pid, id, c.name, c.ip, login)
	t = g.after(t, 10*time.Millisecond, 50*time.Millisecond)
	g.say(t, "mx1 postfix/cleanup[%d]: %s: message-id=<%s.%d@%s>", 3000+pid%20, id, base(g.r.Uint64(), 16, base62), t.Unix(), c.name)
	t = g.after(t, 10*time.Millisecond, 50*time.Millisecond)
	g.say(t, "mx1 postfix/qmgr[1201]: %s: from=<%s>, size=%d, nrcpt=%d (queue active)", id, sender, size, n)
	leave(t, fmt.Sprintf("ehlo=2 starttls=1 mail=1 rcpt=%d data=1 quit=1 commands=%d", n, n+6))
	g.postfixDeliver(t, id, sender, size, n)
}

// postfixDeliver tells what becomes of a message's recipients.
func (g *generator) postfixDeliver(arrived time.Time, id, sender string, size, count int) {
	done := arrived
	put, failed, expired := false, false, false
	stuck := g.permille(stuck)
	for i := range count {
		domain, mx := g.domain()
		rcpt := g.mailbox(i) + "@" + domain
		g.truth.Domains[domain]++
		f := g.fate(stuck && i == 0, stuck)
		t := g.after(arrived, 100*time.Millisecond, time.Second)
		for n, a := range f.puts {
			if n > 0 {
				t = t.Add(retry(n - 1))
				g.say(t.Add(-20*time.Millisecond), "mx1 postfix/qmgr[1201]: %s: from=<%s>, size=%d, nrcpt=%d (queue active)", id, sender, size, count)
			}
			g.postfixAttempt(t, arrived, id, rcpt, mx, a, "deferred")
			put = true
		}
		if len(f.puts) > 0 {
			t = t.Add(retry(len(f.puts) - 1))
		}
		switch f.final {
		case delivers:
			took := g.r.Float64()
			g.say(t, "mx1 postfix/smtp[%d]: %s: to=<%s>, relay=%s[%s]:25, delay=%s, delays=%s/0.01/%s/%s, dsn=2.0.0, status=sent (%s)",
				4000+g.r.IntN(100), id, rcpt, mx.name, mx.ip, seconds(t.Sub(arrived).Seconds()), seconds(took/9), seconds(took/3), seconds(took/2), g.accepts(domain))
		case bounces:
			g.postfixAttempt(t, arrived, id, rcpt, mx, f.last, "bounced")
			failed = true
		case expires:
			expired = true
		}
		if t.After(done) {
			done = t
		}
	}
	if put {
		g.truth.DeferredMessages++
	}
	if expired {
		g.say(done, "mx1 postfix/qmgr[1201]: %s: from=<%s>, status=expired, returned to sender", id, sender)
	}
	if failed || expired {
		g.postfixNotice(done, id, sender)
	}
	if !stuck {
		g.say(done.Add(30*time.Millisecond), "mx1 postfix/qmgr[1201]: %s: removed", id)
	}
}

// postfixAttempt is a failed attempt.
func (g *generator) postfixAttempt(t, arrived time.Time, id, rcpt string, mx host, a *answer, status string) {
	pid, relay := 4000+g.r.IntN(100), "none"
	why := fmt.Sprintf("connect to %s[%s]:25: %s", mx.name, mx.ip, a.text)
	if a.code == 0 {
		g.say(t, "mx1 postfix/smtp[%d]: %s", pid, why)
	} else {
		relay = fmt.Sprintf("%s[%s]:25", mx.name, mx.ip)
		why = fmt.Sprintf("host %s[%s] said: %d %s %s (in reply to %s command)", mx.name, mx.ip, a.code, a.enhanced, g.text(a.text, rcpt), a.stage)
	}
	delay := seconds(t.Sub(arrived).Seconds())
	g.say(t, "mx1 postfix/smtp[%d]: %s: to=<%s>, relay=%s, delay=%s, delays=%s/0.01/0.2/0.1, dsn=%s, status=%s (%s)",
		pid, id, rcpt, relay, delay, delay, a.enhanced, status, why)
}

// postfixNotice is the bounce message.
func (g *generator) postfixNotice(t time.Time, id, sender string) {
	notice := g.queueID(t)
	g.truth.Notifications++
	g.say(t, "mx1 postfix/cleanup[3001]: %s: message-id=<%d.%s@mx1.ours.example>", notice, t.Unix(), notice)
	g.say(t, "mx1 postfix/bounce[1500]: %s: sender non-delivery notification: %s", id, notice)
	g.say(t, "mx1 postfix/qmgr[1201]: %s: from=<>, size=4096, nrcpt=1 (queue active)", notice)
	t = g.after(t, 100*time.Millisecond, time.Second)
	g.say(t, "mx1 postfix/smtp[4001]: %s: to=<%s>, relay=mx.shops.example[203.0.113.9]:25, delay=0.4, delays=0.01/0/0.2/0.2, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as %s)", notice, sender, base(g.begun, 10, base16))
	g.say(t, "mx1 postfix/qmgr[1201]: %s: removed", notice)
}

// seconds writes a delay as Postfix does, with two significant digits.
func seconds(s float64) string {
	if s < 10 {
		return strconv.FormatFloat(s, 'f', 2, 64)
	}
	return strconv.FormatFloat(s, 'f', 0, 64)
}
