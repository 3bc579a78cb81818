package parser

// lastMessage begins the line that BSD's and the older Linux syslog daemons write in place of
// the repeats of a line.
const lastMessage = "last message repeated "

// A repeat goes back to the line before of the same host. As many hosts and bytes of a line are
// remembered.
const (
	repeatHosts = 8
	repeatLine  = 4 << 10
)

// repeats remembers the last line of each of the latest hosts.
type repeats struct {
	last [repeatHosts]struct {
		buf       []byte // host, tag and message, one after the other; reused
		host, tag int    // their lengths
		pid       int
		used      uint64
	}
	clock uint64
}

// find returns the index for a host: its own, or the one longest not used.
func (r *repeats) find(host []byte) (i int, ok bool) {
	oldest := 0
	for i := range r.last {
		l := &r.last[i]
		if l.used > 0 && l.host == len(host) && string(l.buf[:l.host]) == string(host) {
			return i, true
		}
		if l.used < r.last[oldest].used {
			oldest = i
		}
	}
	return oldest, false
}

// keep remembers a line.
func (r *repeats) keep(f *frame) {
	i, _ := r.find(f.host)
	l := &r.last[i]
	if len(f.host)+len(f.tag) > repeatLine {
		l.used = 0
		return
	}
	r.clock++
	l.used, l.host, l.tag, l.pid = r.clock, len(f.host), len(f.tag), f.pid
	l.buf = append(append(append(l.buf[:0], f.host...), f.tag...), f.msg[:min(len(f.msg), repeatLine)]...)
}

// again makes f, a line that says that the last one was repeated, that line. It returns false
// where the last line is not known. macOS names no host.
func (r *repeats) again(f *frame) bool {
	i, ok := r.find(f.host)
	if !ok && len(f.host) == 0 && r.clock > 0 {
		for i = range r.last {
			if ok = r.last[i].used == r.clock; ok {
				break
			}
		}
	}
	if !ok {
		return false
	}
	l := &r.last[i]
	f.host, f.tag, f.msg, f.pid = l.buf[:l.host], l.buf[l.host:l.host+l.tag], l.buf[l.host+l.tag:], l.pid
	return true
}
