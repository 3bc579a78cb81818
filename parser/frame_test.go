package parser

import (
	"testing"
	"time"
)

func utc(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return t
}

// One row is one line as logged (traps 1 and 2 of the field) and what its frame says.
var frameTests = []struct {
	name, line string
	time       string // RFC 3339; "" is none
	host, tag  string
	pid        int
	msg        string
	native     bool
}{
	{"BSD, day with two blanks", "Nov  3 04:05:06 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"BSD, day with a zero", "Nov 03 04:05:06 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"BSD, day with one blank", "Nov 3 04:05:06 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"BSD, two digits", "Dec 30 04:05:06 mx1 postfix/submission/smtpd[9]: connect from x[192.0.2.1]", "2026-12-30T04:05:06Z", "mx1", "postfix/submission/smtpd", 9, "connect from x[192.0.2.1]", false},
	{"BSD with PRI", "<22>Nov  3 04:05:06 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"BSD, fraction", "Nov  3 04:05:06.250 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06.25Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"no pid", "Nov  3 04:05:06 mx1 postfix/postfix-script: starting the Postfix mail system", "2026-11-03T04:05:06Z", "mx1", "postfix/postfix-script", 0, "starting the Postfix mail system", false},
	{"no host", "Nov  3 04:05:06 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "", "postfix/smtp", 811, "A1: removed", false},
	{"ISO with offset", "2026-11-03T04:05:06.123456+01:00 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T03:05:06.123456Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"ISO, Z", "2026-11-03T04:05:06Z mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"ISO, +0100", "2026-11-03T04:05:06+0100 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T03:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"ISO, comma", "2026-11-03T04:05:06,5Z mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06.5Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"ISO, no T, syslog", "2019-10-22 03:39:17 mx1.example exim[29786]: no host name found", "2019-10-22T03:39:17Z", "mx1.example", "exim", 29786, "no host name found", false},
	{"ISO, negative half-hour offset", "2026-11-03T04:05:06-03:30 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T07:35:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"RFC 5424", "<22>1 2026-11-03T04:05:06Z mx1 postfix/smtp 811 - - A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"RFC 5424, rsyslog's blank and cut name", "<22>1 2026-12-30T04:50:12.942+00:00 mx postfix 536 - -  A1: removed", "2026-12-30T04:50:12.942Z", "mx", "postfix", 536, "A1: removed", false},
	{"RFC 5424, structured data and BOM", "<22>1 2026-11-03T04:05:06Z mx1 postfix/smtp - ID1 [a@1 k=\"v ] \\\" w\"][b@2] \xef\xbb\xbfA1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 0, "A1: removed", false},
	{"RFC 5424, nothing known", "<22>1 - - postfix/smtp - - - A1: removed", "", "", "postfix/smtp", 0, "A1: removed", false},
	{"Exim", "2026-11-03 04:05:06 1tivSh-0007oc-5P Completed", "2026-11-03T04:05:06Z", "", "", 0, "1tivSh-0007oc-5P Completed", true},
	{"Exim, everything", "2026-11-03 04:05:06.123 +0100 [4242] 1tivSh-0007oc-5P Completed", "2026-11-03T03:05:06.123Z", "", "", 4242, "1tivSh-0007oc-5P Completed", true},
	{"Exim, zone", "2026-11-03 04:05:06 -0200 1tivSh-0007oc-5P Completed", "2026-11-03T06:05:06Z", "", "", 0, "1tivSh-0007oc-5P Completed", true},
	{"Exim under syslog, own stamp", "Nov  3 04:05:07 mx1 exim[63062]: 2026-11-03 04:05:06 1tivSh-0007oc-5P Completed", "2026-11-03T04:05:06Z", "mx1", "exim", 63062, "1tivSh-0007oc-5P Completed", false},
	{"Exim under syslog, no own stamp", "Nov  3 04:05:07 mx1 exim4[63062]: 1tivSh-0007oc-5P Completed", "2026-11-03T04:05:07Z", "mx1", "exim4", 63062, "1tivSh-0007oc-5P Completed", false},
	{"CR and BOM", "\xef\xbb\xbfNov  3 04:05:06 mx1 postfix/smtp[811]: A1: removed\r", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"NULs left by a crash", "\x00\x00\x00Nov  3 04:05:06 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"BSD, year before", "2026 Nov  3 04:05:06 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"BSD, year after the day", "Nov  3 2025 04:05:06 mx1 postfix/smtp[811]: A1: removed", "2025-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"BSD, year after the clock", "Nov  3 04:05:06 2025 mx1 postfix/smtp[811]: A1: removed", "2025-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"BSD, weekday", "Tue Nov  3 04:05:06 2026 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"Cisco's spelling", "*Nov  3 04:05:06.123: mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06.123Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"FreeBSD, syslogd -vv", "Nov  3 04:05:06 <mail.info> mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"FreeBSD, syslogd -v", "Nov  3 04:05:06 <2.6> mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"busybox", "Nov  3 04:05:06 mx1 mail.info postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"busybox, no host", "Nov  3 04:05:06 mail.warn postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "", "postfix/smtp", 811, "A1: removed", false},
	{"container image's level", "2026-11-03T04:05:06+00:00 INFO    postfix/smtpd[9]: connect from x[192.0.2.1]", "2026-11-03T04:05:06Z", "", "postfix/smtpd", 9, "connect from x[192.0.2.1]", false},
	{"a host named info", "Nov  3 04:05:06 info.example postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "info.example", "postfix/smtp", 811, "A1: removed", false},
	{"Solaris", "Nov  3 04:05:06 mx1 postfix/smtp[811]: [ID 197553 mail.info] A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"Postfix, no colon after the pid", "Nov  3 04:05:06 mx1 postfix/smtp[811] A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"host with a relay", "Nov  3 04:05:06 mx1/192.0.2.1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1/192.0.2.1", "postfix/smtp", 811, "A1: removed", false},
	{"PRI, no stamp", "<22>postfix/smtp[811]: A1: removed", "", "", "postfix/smtp", 811, "A1: removed", false},
	{"PRI and ISO", "<22>2026-11-03T04:05:06Z mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"ISO, +01", "2026-11-03T04:05:06+01 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T03:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"ISO, blank, fraction, zone", "2026-11-03 04:05:06.123456+01:00 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T03:05:06.123456Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"ISO, blank before the zone", "2026-11-03 04:05:06 +01:00 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T03:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"RFC 5424 after its length", "81 <22>1 2026-11-03T04:05:06Z mx1 postfix/smtp 811 - - A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"RFC 5424 around RFC 3164", "<22>1 2026-11-03T04:05:09Z relay - - - - <22>Nov  3 04:05:06 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"short-full", "Tue 2026-11-03 04:05:06 UTC mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"short-full, CEST", "Sun 2026-10-25 02:05:06 CEST mx1 postfix/smtp[811]: A1: removed", "2026-10-25T00:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"short-full, a zone without a name", "Tue 2026-11-03 04:05:06 -03 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T07:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"short-unix", "1793678706.123456 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06.123456Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"short-monotonic", "[ 4123.123456] mx1 postfix/smtp[811]: A1: removed", "", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"with-unit", "Tue 2026-11-03 04:05:06 UTC mx1 postfix@-.service[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix@-.service", 811, "A1: removed", false},
	{"a relay's header", "Nov  3 04:05:09 relay Nov  3 04:05:06 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"a relay's header with a tag", "2026-11-03T04:05:09Z relay mail: Nov  3 04:05:06 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"a relay's header, the year from it", "2025-01-01T00:00:02Z relay Dec 31 23:59:59 mx1 postfix/smtp[811]: A1: removed", "2024-12-31T23:59:59Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"a relay's header and PRI", "Nov  3 04:05:09 relay <22>Nov  3 04:05:06 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"Exim's log sent by a relay", "Nov  3 04:05:09 relay 2026-11-03 04:05:06 1tivSh-0007oc-5P Completed", "2026-11-03T04:05:06Z", "relay", "", 0, "1tivSh-0007oc-5P Completed", true},
	{"CRI", "2026-11-03T04:05:06.123456789Z stdout F Nov 03 04:05:06 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"CRI, no header inside", "2026-11-03T04:05:06.5Z stderr F postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06.5Z", "", "postfix/smtp", 811, "A1: removed", false},
	{"CRI, Exim", "2026-11-03T04:05:06.5Z stdout F 2026-11-03 04:05:06 1tivSh-0007oc-5P Completed", "2026-11-03T04:05:06Z", "", "", 0, "1tivSh-0007oc-5P Completed", true},
	{"docker logs -t", "2026-11-03T04:05:06.123456789Z Nov 03 04:05:06 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"docker logs -t, another zone inside", "2026-11-03T04:05:06.25Z Nov 03 06:05:06 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06.25Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"docker compose logs", "postfix-1  | Nov 03 04:05:06 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"docker compose logs, with colours", "\x1b[36mpostfix-1  |\x1b[0m Nov 03 04:05:06 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"kubectl logs --prefix", "[pod/mail-0/postfix] Nov 03 04:05:06 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"docker compose logs, a name behind a blank", " postfix-1  | Nov 03 04:05:06 mx1 postfix/smtp[811]: A1: removed", "", "", "", 0, " postfix-1  | Nov 03 04:05:06 mx1 postfix/smtp[811]: A1: removed", false},
	{"docker logs -t, a message that begins with a blank", "2026-11-03T04:05:06.5Z  2026-11-03 04:05:06 1tivSh-0007oc-5P Completed", "2026-11-03T04:05:06.5Z", "", "", 0, " 2026-11-03 04:05:06 1tivSh-0007oc-5P Completed", false},
	{"Docker json-file, a message that begins with a blank", `{"log":" 1tivSh-0007oc-5P Completed\n","stream":"stdout","time":"2026-11-03T04:05:06.5Z"}`, "2026-11-03T04:05:06.5Z", "", "", 0, " 1tivSh-0007oc-5P Completed", false},
	{"Docker json-file", `{"log":"Nov 03 04:05:06 mx1 postfix/smtp[811]: A1: removed\r\n","stream":"stdout","time":"2026-11-03T04:05:06.123456789Z"}`, "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"journal JSON", `{"__REALTIME_TIMESTAMP":"1793678706123456","_HOSTNAME":"mx1","SYSLOG_IDENTIFIER":"postfix/smtp","_PID":"811","MESSAGE":"A1: \"quoted\" \u00e9 \ud83d\ude00"}`, "2026-11-03T04:05:06.123456Z", "mx1", "postfix/smtp", 811, "A1: \"quoted\" \u00e9 \U0001f600", false},
	{"journal JSON, an array of bytes", `{"MESSAGE":[65,49,58,32,255,10],"SYSLOG_IDENTIFIER":"postfix/smtp","SYSLOG_PID":"811","_PID":"1","__REALTIME_TIMESTAMP":"1793678706123456","_HOSTNAME":"mx1"}`, "2026-11-03T04:05:06.123456Z", "mx1", "postfix/smtp", 811, "A1: \xff", false},
	{"journal JSON, cut off", `{"__REALTIME_TIMESTAMP":"1793678706123456","_HOSTNAME":"mx1","SYSLOG_IDENTIFIER":"postfix/smtp","_PID":"811","MESSAGE":"A1: remo`, "2026-11-03T04:05:06.123456Z", "mx1", "postfix/smtp", 811, "A1: remo", false},
	{"rsyslog JSON", `{"timereported": "2026-11-03T04:05:06.5+01:00", "hostname":"mx1","programname":"postfix","syslogtag":"postfix\/smtp[811]:","procid":"811","msg":" A1: removed"}`, "2026-11-03T03:05:06.5Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"Fluent Bit", `{"date":1793678706.25,"pri":"22","time":"Nov  3 04:05:06","host":"mx1","ident":"postfix/smtp","pid":"811","message":"A1: removed"}`, "2026-11-03T04:05:06.25Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"Vector", `{"appname":"postfix/smtp","facility":"mail","hostname":"mx1","message":"A1: removed","procid":811,"severity":"info","timestamp":"2026-11-03T04:05:06Z","version":1}`, "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"Filebeat", `{"@timestamp":"2026-11-03T04:05:09.000Z","log":{"offset":1,"file":{"path":"/var/log/mail.log"}},"message":"Nov  3 04:05:06 mx1 postfix/smtp[811]: A1: removed","host":{"name":"shipper"}}`, "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"Filebeat, parsed", `{"@timestamp":"2026-11-03T04:05:06.000Z","process":{"name":"postfix/smtp","pid":811},"message":"A1: removed","host":{"hostname":"mx1","ip":["192.0.2.1"]}}`, "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"JSON, Exim", `{"time":"2026-11-03T04:05:06Z","host":"mx1","ident":"exim4","pid":9,"msg":"2026-11-03 04:05:05 1tivSh-0007oc-5P Completed"}`, "2026-11-03T04:05:05Z", "mx1", "exim4", 9, "1tivSh-0007oc-5P Completed", false},
	{"JSON in JSON", `{"log":"{\"@timestamp\":\"2026-11-03T04:05:06Z\",\"host\":\"mx1\",\"syslog-tag\":\"postfix/smtp[811]:\",\"message\":\"A1: removed\"}\n","stream":"stdout","time":"2026-11-03T04:05:09Z"}`, "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"GELF", `{"version":"1.1","timestamp":1793678706.25,"host":"mx1","full_message":"<22>Nov  3 04:05:06 mx1 postfix/smtp[811]: A1: removed"}`, "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"Elastic, the line as it came", `{"@timestamp":"2026-11-03T04:05:09.000Z","event":{"module":"x","original":"Nov  3 04:05:06 mx1 postfix/smtp[811]: A1: removed"}}`, "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"Elastic, names with dots", `{"@timestamp":"2026-11-03T04:05:06Z","log.syslog.hostname":"mx1","process.name":"postfix/smtp","process.pid":811,"event.original":"A1: removed"}`, "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"Elastic, exported", `{"_index":"mail","_id":"1","_source":{"@timestamp":"2026-11-03T04:05:06Z","log":{"syslog":{"hostname":"mx1","appname":"postfix/smtp","procid":811}},"message":"A1: removed"}}`, "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"OpenTelemetry", `{"timestamp":"2026-11-03T04:05:06Z","body":{"stringValue":"A1: removed"},"attributes":{"appname":"postfix/smtp","hostname":"mx1","proc_id":"811"}}`, "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"Loki", `{"labels":{"job":"mail"},"line":"Nov  3 04:05:06 mx1 postfix/smtp[811]: A1: removed","timestamp":"2026-11-03T04:05:09Z"}`, "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"Splunk, exported", `{"preview":false,"result":{"_time":"2026-11-03T04:05:09.000+00:00","_raw":"Nov  3 04:05:06 mx1 postfix/smtp[811]: A1: removed"}}`, "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"Google's cloud", `{"insertId":"1","jsonPayload":{"ident":"postfix/smtp","pid":"811","host":"mx1","message":"A1: removed"},"timestamp":"2026-11-03T04:05:06Z"}`, "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"Azure", `{"TimeGenerated":"2026-11-03T04:05:06Z","Computer":"mx1","ProcessName":"postfix/smtp","ProcessID":811,"SyslogMessage":"A1: removed"}`, "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"the better of two names for the message", `{"time":"2026-11-03T04:05:06Z","host":"mx1","program":"postfix/smtp","pid":811,"data":"x","line":7,"message":"A1: removed","text":"y"}`, "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"JSON under CRI", `2026-11-03T04:05:09Z stdout F {"@timestamp":"2026-11-03T04:05:06Z","host":"mx1","syslog-tag":"postfix/smtp[811]:","message":"A1: removed"}`, "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"AIX", "Nov  3 04:05:06 mx1 mail:info postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"AIX, passed on", "Nov  3 04:05:06 relay Message forwarded from mx1: postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"PRI and a blank", "<22> Nov  3 04:05:06 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"RFC 5424, no PRI", "1 2026-11-03T04:05:06Z mx1 postfix/smtp 811 - - A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"svlogd -tt", "2026-11-03_04:05:06.25000 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06.25Z", "", "postfix/smtp", 811, "A1: removed", false},
	{"docker service logs", "mail.1.x7k2@node-1    | Nov 03 04:05:06 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"stern", "mail-0 mta Nov 03 04:05:06 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"grep", "./mail.log-20261103:Nov  3 04:05:06 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"grep -n", "mail.log:12:2026-11-03T04:05:06Z mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"grep -hn", "12:Nov  3 04:05:06 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"grep -C, Exim", "main-2026-11-03-12-2026-11-03 04:05:06 1tivSh-0007oc-5P Completed", "2026-11-03T04:05:06Z", "", "", 0, "1tivSh-0007oc-5P Completed", true},
	{"a quotation", "> Nov  3 04:05:06 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"a header that goes on", "\tNov  3 04:05:06 mx1 postfix/smtp[811]: A1: removed", "", "", "", 0, "\tNov  3 04:05:06 mx1 postfix/smtp[811]: A1: removed", false},
	{"a header", "T Subject:Nov  3 04:05:06 mx1 postfix/smtp[811]: A1: removed", "", "", "", 0, "T Subject:Nov  3 04:05:06 mx1 postfix/smtp[811]: A1: removed", false},
	{"three words", "one two three Nov  3 04:05:06 mx1 postfix/smtp[811]: A1: removed", "", "", "", 0, "one two three Nov  3 04:05:06 mx1 postfix/smtp[811]: A1: removed", false},
	{"Postfix, no stamp", "postfix/smtp[811]: A1: removed", "", "", "postfix/smtp", 811, "A1: removed", false},
	{"OSSEC", "2026 Nov 03 04:05:09 mx1->/var/log/maillog Nov  3 04:05:06 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"OSSEC, an agent's", "2026 Nov 03 04:05:09 (a1) 192.0.2.7->/var/log/maillog Nov  3 04:05:06 mx1 postfix/smtp[811]: A1: removed", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"Wazuh", `{"timestamp":"2026-11-03T04:05:09.1+0000","agent":{"name":"a1"},"full_log":"Nov  3 04:05:06 mx1 postfix/smtp[811]: A1: removed"}`, "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"Fluentd's file", "2026-11-03T04:05:06+00:00\tmail.info\t" + `{"host":"mx1","ident":"postfix/smtp","pid":"811","message":"A1: removed"}`, "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"Fluentd's output", "2026-11-03 04:05:06.250000000 +0100 mail.info: " + `{"host":"mx1","ident":"postfix/smtp","pid":"811","message":"A1: removed"}`, "2026-11-03T03:05:06.25Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"syslog-ng JSON, no year", `{"PROGRAM":"postfix/smtp","PID":"811","MESSAGE":"A1: removed","HOST":"mx1","DATE":"Nov  3 04:05:06"}`, "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"GELF's own names", `{"version":"1.1","timestamp":1793678706.25,"host":"mx1","short_message":"A1: removed","_application_name":"postfix/smtp","_process_id":"811"}`, "2026-11-03T04:05:06.25Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"Graylog", `{"timestamp":"2026-11-03T04:05:06.000Z","source":"mx1","message":"mx1 postfix/smtp[811]: A1: removed"}`, "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"Docker's driver for Fluentd", `{"container_name":"/mail","source":"stdout","log":"2026-11-03T04:05:06Z postfix/smtp[811]: A1: removed"}`, "2026-11-03T04:05:06Z", "", "postfix/smtp", 811, "A1: removed", false},
	{"Splunk's source", `{"source":"/var/log/exim/mainlog","_raw":"2026-11-03 04:05:06 1tivSh-0007oc-5P Completed"}`, "2026-11-03T04:05:06Z", "", "", 0, "1tivSh-0007oc-5P Completed", true},
	{"rsyslog JSON, quotes as they are", `{"timestamp":"2026-11-03T04:05:06Z","message":" A1: unknown user: \"a\" (b "c")","host":"mx1","tag":"postfix/smtp[811]:"}`, "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, `A1: unknown user: "a" (b "c")`, false},
	{"Filebeat's system module", `{"@timestamp":"2026-11-03T04:05:06Z","system":{"syslog":{"hostname":"mx1","program":"postfix/smtp","pid":"811","message":"A1: removed"}}}`, "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"JSON, no message", `{"a":1}`, "", "", "", 0, "", false},
	{"rsyslog's escapes", "Nov  3 04:05:06 mx1 postfix/smtp[811]: A1: a#012b#011c #99 #0129#015", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: a\nb\tc #99 \n9", false},
	{"NULs at both ends", "\x00\x00Nov  3 04:05:06 mx1 postfix/smtp[811]: A1: removed\x00\x00", "2026-11-03T04:05:06Z", "mx1", "postfix/smtp", 811, "A1: removed", false},
	{"Feb 30", "Feb 30 04:05:06 mx1 postfix/smtp[811]: x", "", "", "", 0, "Feb 30 04:05:06 mx1 postfix/smtp[811]: x", false},
	{"ISO, Feb 29 of a common year", "2026-02-29T04:05:06Z mx1 postfix/smtp[811]: x", "", "", "", 0, "2026-02-29T04:05:06Z mx1 postfix/smtp[811]: x", false},
	{"ISO, an impossible zone", "2026-11-03T04:05:06+25:00 mx1 postfix/smtp[811]: x", "", "", "", 0, "2026-11-03T04:05:06+25:00 mx1 postfix/smtp[811]: x", false},
	{"ISO, minute 60", "2026-11-03T04:60:06Z mx1 postfix/smtp[811]: x", "", "", "", 0, "2026-11-03T04:60:06Z mx1 postfix/smtp[811]: x", false},
	{"no stamp", "P Received: from x", "", "", "", 0, "P Received: from x", false},
	{"not a month", "Foo  3 04:05:06 mx1 postfix/smtp[811]: x", "", "", "", 0, "Foo  3 04:05:06 mx1 postfix/smtp[811]: x", false},
	{"hour 25", "Nov  3 25:05:06 mx1 postfix/smtp[811]: x", "", "", "", 0, "Nov  3 25:05:06 mx1 postfix/smtp[811]: x", false},
	{"nginx", `192.0.2.1 - - [03/Nov/2026:04:05:06 +0000] "GET / HTTP/1.1" 200 5`, "", "", "", 0, `192.0.2.1 - - [03/Nov/2026:04:05:06 +0000] "GET / HTTP/1.1" 200 5`, false},
}

func TestReadFrame(t *testing.T) {
	for _, tt := range frameTests {
		t.Run(tt.name, func(t *testing.T) {
			p := New(Options{Year: 2026})
			var f frame
			p.readFrame([]byte(tt.line), &f)
			var want time.Time
			if tt.time != "" {
				want = utc(tt.time)
			}
			if !f.time.Equal(want) {
				t.Errorf("time %v, want %v", f.time, want)
			}
			if string(f.host) != tt.host || string(f.tag) != tt.tag || f.pid != tt.pid || string(f.msg) != tt.msg || f.native != tt.native {
				t.Errorf("host %q tag %q pid %d msg %q native %v", f.host, f.tag, f.pid, f.msg, f.native)
			}
		})
	}
}

// Every way of cutting a line off must be survived.
func TestReadFramePrefixes(t *testing.T) {
	p := New(Options{Year: 2026})
	for _, tt := range frameTests {
		for i := range tt.line {
			var f frame
			p.readFrame([]byte(tt.line[:i]), &f)
		}
	}
}

func TestRepeatedMessage(t *testing.T) {
	p := New(Options{Year: 2026})
	var f frame
	p.readFrame([]byte("Nov  3 04:05:06 mx1 postfix/smtp[811]: message repeated 4 times: [ A1: removed]"), &f)
	if f.repeat != 4 || string(f.msg) != "A1: removed" {
		t.Errorf("repeat %d msg %q", f.repeat, f.msg)
	}
}

func TestReadFrameAllocs(t *testing.T) {
	p := New(Options{Year: 2026})
	var f frame
	for _, tt := range frameTests {
		line := []byte(tt.line)
		f = frame{}
		p.readFrame(line, &f) // buffers grow once
		if n := testing.AllocsPerRun(100, func() { f = frame{}; p.readFrame(line, &f) }); n != 0 {
			t.Errorf("%s: %v allocs, want 0", tt.name, n)
		}
	}
}
