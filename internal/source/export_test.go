package source

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// binaryField writes a field the way the journal writes values that are no plain text.
func binaryField(name, value string) string {
	return name + "\n" + string(binary.LittleEndian.AppendUint64(nil, uint64(len(value)))) + value + "\n"
}

const exportHead = "__CURSOR=s=1;i=2\n__REALTIME_TIMESTAMP=1793678706123456\n__MONOTONIC_TIMESTAMP=5\n_BOOT_ID=0\n"

var exportTests = []struct {
	name, in, want string
	err            error
}{
	{"text", exportHead + "MESSAGE=3D74ADB7400B: removed\nSYSLOG_IDENTIFIER=postfix/qmgr\n_PID=9\n_HOSTNAME=mx\n\n",
		`{"__REALTIME_TIMESTAMP":"1793678706123456","_HOSTNAME":"mx","SYSLOG_IDENTIFIER":"postfix/qmgr","_PID":"9","MESSAGE":"3D74ADB7400B: removed"}` + "\n", nil},
	{"two entries, the last without its blank line", "MESSAGE=a\n\nMESSAGE=b=c\n", `{"MESSAGE":"a"}` + "\n" + `{"MESSAGE":"b=c"}` + "\n", nil},
	{"no line feed at the end", "MESSAGE=a", `{"MESSAGE":"a"}` + "\n", nil},
	{"many blank lines", "\n\nMESSAGE=a\n\n\n\nMESSAGE=b\n\n", `{"MESSAGE":"a"}` + "\n" + `{"MESSAGE":"b"}` + "\n", nil},
	{"binary with a line feed", binaryField("MESSAGE", "a\nMESSAGE=x\n\n\"\\\t") + "_PID=1\n\n", `{"_PID":"1","MESSAGE":"a\nMESSAGE=x\n\n\"\\\u0009"}` + "\n", nil},
	{"binary, not UTF-8", binaryField("MESSAGE", "a\xff\x00") + "\n", `{"MESSAGE":[97,255,0]}` + "\n", nil},
	{"an empty binary field", binaryField("MESSAGE", "") + "_PID=1\n\n", `{"_PID":"1"}` + "\n", nil},
	{"binary of no use", binaryField("COREDUMP", "a\nMESSAGE=x\n") + "MESSAGE=b\n\n", `{"MESSAGE":"b"}` + "\n", nil},
	{"ends in a binary field", "_PID=1\nMESSAGE\n\x09\x00\x00\x00\x00\x00\x00\x00abc", `{"_PID":"1","MESSAGE":"abc"}` + "\n", io.ErrUnexpectedEOF},
	{"ends in a length", "_PID=1\nMESSAGE\n\x09\x00", `{"_PID":"1"}` + "\n", io.ErrUnexpectedEOF},
	{"a length beyond everything", "MESSAGE\n\xff\xff\xff\xff\xff\xff\xff\xffabc\n", `{"MESSAGE":"abc\n"}` + "\n", io.ErrUnexpectedEOF},
	{"lines of something else", "-- Reboot --\nMESSAGE=a\n\n", "-- Reboot --\n" + `{"MESSAGE":"a"}` + "\n", nil},
	{"empty", "", "", nil},
}

func TestExportReader(t *testing.T) {
	for _, tt := range exportTests {
		for name, r := range map[string]io.Reader{"whole": strings.NewReader(tt.in), "bytewise": iotest.OneByteReader(strings.NewReader(tt.in))} {
			got, err := io.ReadAll(NewExportReader(r))
			if string(got) != tt.want || err != tt.err {
				t.Errorf("%s, %s: got %q, %v, want %q, %v", tt.name, name, got, err, tt.want, tt.err)
			}
		}
	}
}

// A field longer than what is kept is cut, whether text or binary, and the next one is read.
func TestExportReaderCuts(t *testing.T) {
	long := strings.Repeat("x", 3*maxField)
	for _, in := range []string{"MESSAGE=" + long + "\n_PID=1\n\n", binaryField("MESSAGE", long) + "_PID=1\n\n"} {
		r := NewExportReader(strings.NewReader(in + in))
		got, err := io.ReadAll(r)
		one := `{"_PID":"1","MESSAGE":"` + long[:maxField] + "\"}\n"
		if err != nil || string(got) != one+one {
			t.Errorf("%d bytes, %v, want twice %d", len(got), err, len(one))
		}
	}
}

// A stream that is no export, without line feeds or with nothing else, needs no more than a
// field.
func TestExportReaderIsBounded(t *testing.T) {
	for _, unit := range []string{"\x00", "no field\n", "A=b\n", "\n"} {
		e := NewExportReader(strings.NewReader(strings.Repeat(unit, 16<<20/len(unit)))).(*exportReader)
		if _, err := io.Copy(io.Discard, e); err != nil {
			t.Fatal(err)
		}
		if cap(e.out) > 4*maxField {
			t.Errorf("%q: %d bytes kept", unit, cap(e.out))
		}
	}
}

func TestIsExport(t *testing.T) {
	for _, tt := range []struct {
		head string
		want bool
	}{
		{exportHead, true},
		{"\n" + exportHead, true},
		{"__REALTIME_TIMESTAMP=1793678706123456\nMESSAGE\n\x01\x00\x00\x00\x00\x00\x00\x00a\n", true},
		{"__CURSOR=s=1\n", false}, // the time is always among the first fields
		{"Nov  3 04:05:06 mx postfix/qmgr[1]: x=1\n", false},
		{`{"__REALTIME_TIMESTAMP":"1"}`, false},
		{"PATH=/bin\nHOME=/root\n", false},
		{"__REALTIME_TIMESTAMP=tomorrow\n", false},
		{"", false},
	} {
		if got := IsExport([]byte(tt.head)); got != tt.want {
			t.Errorf("IsExport(%q): got %v, want %v", tt.head, got, tt.want)
		}
	}
}

// Whatever the stream is, every line that begins as an entry is valid JSON, and reading in
// small pieces gives the same. Composed entries come back whole.
func FuzzExportReader(f *testing.F) {
	for _, tt := range exportTests {
		f.Add([]byte(tt.in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var stream string
		var want [][]byte
		for value := range bytes.SplitSeq(in, []byte{';'}) {
			if stream += exportHead; bytes.IndexByte(value, '\n') < 0 && len(value)%2 == 0 {
				stream += "MESSAGE=" + string(value) + "\n"
			} else {
				stream += binaryField("COREDUMP", string(value)) + binaryField("MESSAGE", string(value))
			}
			stream += "_PID=1\n\n"
			want = append(want, value)
		}
		lines, err := io.ReadAll(NewExportReader(strings.NewReader(stream)))
		if err != nil || bytes.Count(lines, []byte("\n")) != len(want) {
			t.Fatalf("%q: %v, %d entries, want %d", stream, err, bytes.Count(lines, []byte("\n")), len(want))
		}
		for line := range bytes.Lines(lines) {
			var entry struct {
				PID     string `json:"_PID"`
				Message any    `json:"MESSAGE"`
			}
			if err := json.Unmarshal(line, &entry); err != nil || entry.PID != "1" {
				t.Fatalf("%q: %v", line, err)
			}
			message, _ := entry.Message.(string)
			if numbers, ok := entry.Message.([]any); ok {
				for _, n := range numbers {
					message += string([]byte{byte(n.(float64))})
				}
			}
			if message != string(want[0]) {
				t.Fatalf("%q, want %q", message, want[0])
			}
			want = want[1:]
		}

		got, err := io.ReadAll(NewExportReader(bytes.NewReader(in)))
		again, err2 := io.ReadAll(NewExportReader(iotest.HalfReader(bytes.NewReader(in))))
		if !bytes.Equal(got, again) || err != err2 {
			t.Fatalf("%q: %q, %v, in pieces %q, %v", in, got, err, again, err2)
		}
		for line := range bytes.Lines(got) {
			if bytes.HasPrefix(line, []byte(`{"`)) && !bytes.Contains(in, bytes.TrimSuffix(line, []byte("\n"))) && !json.Valid(line) {
				t.Fatalf("%q: %q is no JSON", in, line)
			}
		}
	})
}
