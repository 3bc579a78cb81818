package generate

import (
	"fmt"
	"strings"
	"time"
)

// eximArrival is one client's session: a stranger who is turned away, or a message.
func (g *generator) eximArrival() {
	t, c := g.now, g.client()
	peer := fmt.Sprintf("H=%s [%s]", c.name, c.ip)
	switch n := g.r.IntN(100); {
	case n < 12:
		g.say(t, "unexpected disconnection while reading SMTP command from %s [%s] D=0.4s", c.name, c.ip)
		return
	case n < 30:
		g.truth.Rejected++
		to := g.mailbox(0) + "@ours.example"
		why := [...]string{"relay not permitted", "Unrouteable address", "host is listed in zen.spamhaus.org"}[g.r.IntN(3)]
		g.say(t, "%s F=<%s> rejected RCPT <%s>: %s", peer, g.sender(), to, why)
		return
	}
	id := g.queueID(t)
	sender, size, n := g.sender(), 1500+g.r.IntN(60_000), g.recipients()
	g.truth.Received++
	g.truth.BytesReceived += int64(size)
	how := "P=esmtps X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=no"
	if g.permille(250) {
		how = "P=esmtpsa X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=no A=plain:" + sender
	}
	rcpts, mx := make([]string, n), make([]host, n)
	for i := range rcpts {
		var domain string
		domain, mx[i] = g.domain()
		rcpts[i] = g.mailbox(i) + "@" + domain
		g.truth.Domains[domain]++
	}
	g.say(t, "%s <= %s %s %s S=%d id=%s.%d@%s for %s", id, sender, peer, how, size, base(g.r.Uint64(), 16, base62), t.Unix(), c.name, strings.Join(rcpts, " "))
	g.eximDeliver(t, id, sender, rcpts, mx)
}

// eximDeliver tells what becomes of a message's recipients.
func (g *generator) eximDeliver(arrived time.Time, id, sender string, rcpts []string, mx []host) {
	done := arrived
	put, failed := false, false
	stuck := g.permille(stuck)
	for i, rcpt := range rcpts {
		f := g.fate(stuck && i == 0, stuck)
		t := g.after(arrived, 100*time.Millisecond, time.Second)
		to := fmt.Sprintf("%s R=dnslookup T=remote_smtp", rcpt)
		peer := fmt.Sprintf("H=%s [%s]", mx[i].name, mx[i].ip)
		reply := func(a *answer) string {
			if a.code == 0 {
				return fmt.Sprintf("%s: %s", peer, a.text)
			}
			return fmt.Sprintf("%s: SMTP error from remote mail server after %s:<%s>: %d %s %s", peer, a.stage, rcpt, a.code, a.enhanced, g.text(a.text, rcpt))
		}
		for n, a := range f.puts {
			if n > 0 {
				t = t.Add(retry(n - 1))
			}
			number := -44 // "450 and the like to RCPT"; 110: the error number of a time-out
			if a.code == 0 {
				number = 110
			}
			g.say(t, "%s == %s defer (%d) %s", id, to, number, reply(a))
			put = true
		}
		if len(f.puts) > 0 {
			t = t.Add(retry(len(f.puts) - 1))
		}
		switch f.final {
		case delivers:
			domain := rcpt[strings.IndexByte(rcpt, '@')+1:]
			g.say(t, `%s => %s %s X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=yes C="%s" QT=%.3fs DT=%.3fs`, id, to, peer, g.accepts(domain), t.Sub(arrived).Seconds(), g.r.Float64())
		case bounces:
			g.say(t, "%s ** %s %s", id, to, reply(f.last))
			failed = true
		case expires:
			g.say(t, "%s ** %s: retry timeout exceeded", id, rcpt)
			failed = true
		}
		if t.After(done) {
			done = t
		}
	}
	if put {
		g.truth.DeferredMessages++
	}
	if failed {
		notice := g.queueID(done)
		g.truth.Notifications++
		g.say(done, "%s <= <> R=%s U=Debian-exim P=local S=4096", notice, id)
		g.say(done.Add(time.Second), `%s => %s R=dnslookup T=remote_smtp H=mx.shops.example [203.0.113.9] C="250 2.0.0 Ok: queued as %s"`, notice, sender, base(g.begun, 10, base16))
		g.say(done.Add(time.Second), "%s Completed", notice)
	}
	if !stuck {
		g.say(done.Add(30*time.Millisecond), "%s Completed", id)
	}
}
