package parser

// Through syslog Exim writes a refusal for its main log and once more for its reject log, and what
// belongs into its panic log once more for that: entries of one text, one directly after the other, by
// one process (syslog_duplication, which is set by default; Exim src/log.c). Such a copy is no further
// event. Of one text four times in a row two are events.
//
// A deferral or failure is never written twice otherwise. A client can be refused twice with one text,
// though, and where syslog_duplication is unset each entry is an event: that is so where a host's
// refusals came more often without a copy than with one.

// As many processes and hosts are remembered; one that has the place of another takes it.
const (
	copyProcesses = 64
	copyHosts     = 16
)

// copies remembers the last entry of each of the latest processes.
type copies struct {
	last  [copyProcesses]lastEntry
	hosts [copyHosts]struct{ once, twice int } // refusals without a copy and with one
}

type lastEntry struct {
	pid   int
	text  uint64 // a hash of it and of the host
	times int    // how often it came; 0: it has no copies
	tells bool   // it is a refusal that has one if the host writes any
	host  uint8
}

// copied tells whether ev, of an entry under syslog, is only a copy. Of repeats that are copies in part
// it takes these away.
func (c *copies) copied(f *frame, entry []byte, ev *Event) bool {
	e := &c.last[uint(ev.PID)%copyProcesses]
	attempt, twice, tells := false, false, false
	switch ev.Kind {
	case Deferred, Bounced, Expired:
		attempt, twice = true, true
	case Rejected, AuthFailed: // what is not one of these is for the main log alone
		tells = ev.Kind == AuthFailed || contains(entry, "rejected")
		twice = tells || hasPrefix(entry, "refused connection from ") || hasPrefix(entry, "SMTP call from ")
	case Discarded:
		twice = true
	case Warning: // one about a client is an ACL's, for the main log alone
		twice = ev.Client.Name == nil && ev.Client.IP == nil
	}
	if !twice {
		if e.pid == ev.PID {
			c.settle(e)
		}
		return false
	}
	host := wordHash(f.host)
	text := wordHash(entry) + host
	times := max(1, ev.Repeat)
	if e.times == 0 || e.pid != ev.PID || e.text != text {
		c.settle(e)
		*e = lastEntry{pid: ev.PID, text: text, times: times, tells: tells, host: uint8(host % copyHosts)}
		return false
	}
	h := &c.hosts[e.host]
	if tells && e.times == 1 {
		h.twice++
	}
	before := e.times
	if e.times += times; !attempt && h.twice < h.once {
		return false
	}
	n := (e.times+1)/2 - (before+1)/2
	if ev.Repeat > 0 {
		ev.Repeat = n
	}
	return n == 0
}

// settle notes that an entry has no further copies.
func (c *copies) settle(e *lastEntry) {
	if e.tells && e.times == 1 {
		c.hosts[e.host].once++
	}
	e.times = 0
}
