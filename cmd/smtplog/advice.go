package main

import (
	"bytes"
	"fmt"

	"github.com/smtplog/smtplog/internal/render"
	"github.com/smtplog/smtplog/parser"
)

// A sign is something about lines that tells what a mail system or log daemon is set to.
type sign int

const (
	none sign = iota
	// Exim.
	eximArrival
	eximNoRecipients
	eximDelivery
	eximNoDelay
	eximRemote
	eximNoReply
	eximStamp
	eximNoZone
	eximSession
	eximNoPID
	eximClient
	eximNoPort
	// Postfix.
	postfixLine
	postfixNoYear
	postfixID
	postfixShortID
	postfixReused
	postfixSession
	postfixNoCounts
	postfixClient
	postfixNoPort
	postfixRemote
	postfixNoTLSOut
	postfixTLSOut
	postfixTLSIn
	postfixCut
	// The log daemon.
	sameLines
	rsyslogDropped
	journalDropped

	signs
)

// advices are what can be advised: where lack was seen in more than a tenth of the lines that
// are of, unless instead was seen. The settings are those of the Exim specification ("Log
// files", log_selector), postconf(5), rsyslog's manual and journald.conf(5).
var advices = []struct {
	lack, of, instead sign
	setting           string
	reason            string // with the counts of lack and of
}{
	{eximNoRecipients, eximArrival, none, "Exim: log_selector = +received_recipients",
		"%d of %d arrivals do not name their recipients: one that waits for its first attempt is not seen, and queued recipients are counted too low."},
	{eximNoReply, eximRemote, none, "Exim: log_selector = +smtp_confirmation",
		"%d of %d deliveries to other hosts lack the server's answer: neither its code nor the next server's queue ID is known."},
	{eximNoDelay, eximDelivery, none, "Exim: log_selector = +queue_time +deliver_time",
		"%d of %d deliveries do not say how long they took: the table of delays lacks them."},
	{eximNoZone, eximStamp, none, "Exim: log_timezone = true",
		"%d of %d stamps have no zone: a reader must know it (--tz), and in the repeated hour of autumn nobody can."},
	{eximNoPID, eximSession, none, "Exim: log_selector = +pid",
		"%d of %d lines about sessions do not name the process: what several clients of one address do at once cannot be told apart."},
	{eximNoPort, eximClient, none, "Exim: log_selector = +incoming_port",
		"%d of %d lines about clients lack the client's port: behind a shared address its owner cannot find out who it was."},
	{postfixNoYear, postfixLine, none, "rsyslog: module(load=\"builtin:omfile\" Template=\"RSYSLOG_FileFormat\")",
		"%d of %d stamps have no year, no zone and no fraction of a second: years are a guess, and lines of several hosts cannot be merged better than to the second."},
	{postfixShortID, postfixID, none, "Postfix: enable_long_queue_ids = yes",
		"%d of %d queue IDs are short ones, which are used again: lines of different messages can come to look like one's."},
	{postfixNoCounts, postfixSession, none, "Postfix: 3.0 or later",
		"%d of %d ends of sessions do not count the client's commands: whether it was refused or went away by itself is not known."},
	{postfixNoPort, postfixClient, none, "Postfix: smtpd_client_port_logging = yes",
		"%d of %d lines about clients lack the client's port: behind a shared address its owner cannot find out who it was."},
	{postfixNoTLSOut, postfixRemote, postfixTLSOut, "Postfix: smtp_tls_loglevel = 1",
		"%d of %d deliveries to other hosts do not tell whether they were encrypted."},
	{postfixSession, postfixSession, postfixTLSIn, "Postfix: smtpd_tls_loglevel = 1",
		"%d of %d sessions do not tell whether they were encrypted."},
}

// faults are what must not be seen at all.
var faults = []struct {
	seen    sign
	setting string
	reason  string
}{
	{rsyslogDropped, "rsyslog: module(load=\"imuxsock\" SysSock.RateLimit.Interval=\"0\")",
		"rsyslog dropped lines because they came too fast (lines that say so: %d): all figures are too low there."},
	{journalDropped, "journald.conf: RateLimitIntervalSec=0 (or LogRateLimitIntervalSec=0 in the mail system's unit)",
		"journald dropped lines because they came too fast (lines that say so: %d): all figures are too low there."},
	{postfixCut, "rsyslog: global(maxMessageSize=\"64k\"); syslog-ng: log-msg-size(65536)",
		"The log daemon cut %d results of deliveries short: the end of the server's answer is lost."},
	{postfixReused, "Postfix: enable_long_queue_ids = yes",
		"%d queue IDs were used again within these logs."},
	{sameLines, "rsyslog: $RepeatedMsgReduction off",
		"%d lines stand for several that were the same: their times are lost, and if another host's line comes between, what they repeat."},
}

// postfixLimit is the length from which on Postfix itself may have cut a line: it writes
// 2000 bytes of text at most, whatever the log daemon takes.
const postfixLimit = 2000

// look notes what a line tells about settings.
func (d *doctor) look(l *log) {
	ev := l.ev
	is := func(s sign, ok bool) {
		if ok {
			if d.seen[s]++; d.seen[s] == 1 {
				d.where[s] = l.path
			}
		}
	}
	is(sameLines, ev.Repeat > 0)
	if l.v == parser.Ignored {
		is(rsyslogDropped, bytes.Contains(l.line, []byte("messages lost due to rate-limiting")))
		is(journalDropped, bytes.Contains(l.line, []byte("journald")) && bytes.Contains(l.line, []byte("uppressed ")))
		is(sameLines, bytes.Contains(l.line, []byte("last message repeated ")))
		return
	}
	client := len(ev.Client.IP) > 0 && (ev.Kind == parser.Received || ev.Kind == parser.Connected || ev.Kind == parser.Rejected)
	session := ev.Kind == parser.Connected || ev.Kind == parser.Disconnected || ev.Kind == parser.Rejected
	remote := ev.Kind == parser.Delivered && len(ev.Relay.IP) > 0
	if ev.MTA == parser.Exim {
		arrival := ev.Kind == parser.Received && len(ev.QueueID) > 0
		is(eximArrival, arrival)
		is(eximNoRecipients, arrival && len(ev.Recipients) == 0)
		is(eximDelivery, ev.Kind == parser.Delivered)
		is(eximNoDelay, ev.Kind == parser.Delivered && ev.Has&parser.HasDelay == 0)
		is(eximRemote, remote)
		is(eximNoReply, remote && len(ev.Text) == 0 && ev.Code == 0)
		if stamps, from := stampsOf(l.line, d.in.s.zone); stamps == "Exim's" {
			is(eximStamp, true)
			is(eximNoZone, from != "in the stamps")
		}
		is(eximSession, session)
		is(eximNoPID, session && ev.PID == 0)
		is(eximClient, client)
		is(eximNoPort, client && ev.Client.Port == 0)
		return
	}
	_, yearless := parser.Yearless(l.line)
	is(postfixLine, true)
	is(postfixNoYear, yearless)
	is(postfixSession, ev.Kind == parser.Disconnected)
	is(postfixNoCounts, ev.Kind == parser.Disconnected && !bytes.Contains(l.line, []byte("commands=")))
	is(postfixClient, client)
	is(postfixNoPort, client && ev.Client.Port == 0)
	is(postfixRemote, remote)
	is(postfixNoTLSOut, remote && len(ev.TLS) == 0)
	is(postfixTLSOut, ev.Kind == parser.TLS && ev.Direction == parser.Out)
	is(postfixTLSIn, ev.Kind == parser.TLS && ev.Direction == parser.In)
	is(postfixCut, ev.Attempt() && ev.Repeat == 0 && l.line[0] != '{' && len(l.line) < postfixLimit &&
		!bytes.HasSuffix(bytes.TrimRight(l.line, " \r"), []byte(")")))
	switch id := string(ev.QueueID); {
	case id == "":
	case ev.Kind == parser.Completed:
		is(postfixID, true)
		is(postfixShortID, shortID(id))
		if len(d.done) < 100_000 {
			d.done[id] = true
		}
	case ev.Kind == parser.Received && len(ev.Client.IP) > 0 && d.done[id]:
		is(postfixReused, true)
		delete(d.done, id)
	}
}

// shortID tells whether a Postfix queue ID is a short one: hexadecimal throughout. Long ones
// have letters of the whole alphabet, and a z before the inode (Postfix,
// enable_long_queue_ids).
func shortID(id string) bool {
	for _, c := range []byte(id) {
		if !('0' <= c && c <= '9' || 'A' <= c && c <= 'F') {
			return false
		}
	}
	return true
}

// advice returns what would make reports better, from what was seen.
func (d *doctor) advice() (all []render.Advice) {
	for _, f := range faults {
		if n := d.seen[f.seen]; n > 0 {
			all = append(all, render.Advice{Setting: f.setting, Reason: fmt.Sprintf(f.reason, n), Lines: n, File: d.where[f.seen]})
		}
	}
	for _, a := range advices {
		lack, of := d.seen[a.lack], d.seen[a.of]
		if lack*10 <= of || a.instead != none && d.seen[a.instead] > 0 || d.seen[postfixReused] > 0 && a.lack == postfixShortID {
			continue
		}
		all = append(all, render.Advice{Setting: a.setting, Reason: fmt.Sprintf(a.reason, lack, of), Lines: lack, File: d.where[a.lack]})
	}
	return all
}
