package parser

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// framedLog puts every line of a text behind each daemon's tag and behind Exim's own stamp, after
// lines from which the quick ways learn the frame.
func framedLog(text []byte) []byte {
	tags := []string{"postfix/smtp", "postfix/qmgr", "postfix/cleanup", "postfix/smtpd", "postfix/local", "postfix/bounce",
		"out/smtp", "relay/smtpd"} // other programs have tags like the last two
	var b bytes.Buffer
	for _, tag := range tags {
		fmt.Fprintf(&b, "Nov  3 04:05:06 mx %s[811]: 3A1B2C3D4E: removed\n", tag)
	}
	b.WriteString("2026-11-03 04:05:06 1tivSh-0007oc-5P Completed\n")
	i := 0
	for line := range bytes.SplitSeq(text, []byte("\n")) {
		b.Write(append(line, '\n'))
		fmt.Fprintf(&b, "Nov  3 04:05:%02d mx %s[811]: %s\n", 6+i%4, tags[i%len(tags)], line)
		fmt.Fprintf(&b, "2026-11-03 04:05:%02d %s\n", 6+i%4, line)
		i++
	}
	return b.Bytes()
}

// FuzzDigest wants of the quick ways what Parse says, whatever the lines are and the blocks they
// come in, with either stamp; and that Next gives what Event gives.
func FuzzDigest(f *testing.F) {
	for i, r := range postfixRows() {
		if i%5 == 0 || strings.Contains(r.msg, "status=") || strings.Contains(r.msg, "queue active") || strings.HasPrefix(r.tag, "postfix/cleanup") ||
			strings.Contains(r.msg, "reject: ") || strings.Contains(r.msg, "notification: ") || strings.HasPrefix(r.msg, "connect to ") {
			f.Add([]byte(r.msg), uint8(i))
		}
	}
	for i, tt := range slices.Concat(eximTests, eximForged) {
		f.Add([]byte(tt.line), uint8(i))
	}
	for i, tt := range acrossLines {
		f.Add([]byte(tt.log), uint8(i))
	}
	f.Fuzz(func(t *testing.T, text []byte, size uint8) {
		log := framedLog(text)
		for _, log := range [][]byte{log, isoStamps(log)} {
			compareDigests(t, log, 1, 16*int(size)+1, 1<<20)
		}
		d := Digester{Parser: New(Options{Year: 2026})}
		var out Digest
		d.Lines(append(out.Room(len(log)), log...), &out)
		d.Flush(&out)
		var next, event Event
		for i := range out.Len() {
			if v, w := out.Next(i, &next), out.Event(i, &event); v != w || !reflect.DeepEqual(next, event) {
				t.Fatalf("event %d, %s\nnext  %d %s\nevent %d %s", i, out.Line(i), v, dump(&next), w, dump(&event))
			}
		}
	})
}
