package parser

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// framedLog puts every line of a text behind each daemon's tag, after lines from which the quick
// ways learn the frame.
func framedLog(text []byte) []byte {
	tags := []string{"smtp", "qmgr", "cleanup", "smtpd", "local"}
	var b bytes.Buffer
	for _, tag := range tags {
		fmt.Fprintf(&b, "Nov  3 04:05:06 mx postfix/%s[811]: 3A1B2C3D4E: removed\n", tag)
	}
	i := 0
	for line := range bytes.SplitSeq(text, []byte("\n")) {
		b.Write(append(line, '\n'))
		fmt.Fprintf(&b, "Nov  3 04:05:%02d mx postfix/%s[811]: %s\n", 6+i%4, tags[i%len(tags)], line)
		i++
	}
	return b.Bytes()
}

// FuzzDigest wants of the quick ways what Parse says, whatever the lines are and the blocks they
// come in, with either stamp; and that Next gives what Event gives.
func FuzzDigest(f *testing.F) {
	for i, r := range postfixRows() {
		if i%5 == 0 || strings.Contains(r.msg, "status=sent") || strings.Contains(r.msg, "queue active") || strings.HasPrefix(r.tag, "postfix/cleanup") {
			f.Add([]byte(r.msg), uint8(i))
		}
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
