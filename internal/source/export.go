package source

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"strconv"
	"unicode/utf8"
)

// maxField is how many bytes of a journal field are kept.
const maxField = 1 << 20

// exportFields are the journal fields that are of use, in the order in which they are
// written: the text last, so that a line cut at MaxLine loses nothing else.
var exportFields = [...]string{"__REALTIME_TIMESTAMP", "_SOURCE_REALTIME_TIMESTAMP", "_HOSTNAME",
	"SYSLOG_IDENTIFIER", "_COMM", "SYSLOG_PID", "_PID", "_SYSTEMD_UNIT", "MESSAGE"}

// IsExport tells whether a stream that begins with head is in the journal export format
// (systemd, "Journal Export Formats"; journalctl -o export): its first lines are fields, one
// of them the time.
func IsExport(head []byte) bool {
	head = bytes.TrimLeft(head, "\n")
	for len(head) > 0 {
		name, value, ok := bytes.Cut(head, []byte("="))
		if !ok || !isFieldName(name) {
			return false
		}
		value, head, _ = bytes.Cut(value, []byte("\n"))
		if string(name) == exportFields[0] {
			_, err := strconv.ParseUint(string(value), 10, 64)
			return err == nil
		}
	}
	return false
}

// isFieldName tells whether b is a journal field's name: capitals, digits and underscores.
func isFieldName(b []byte) bool {
	for i, c := range b {
		if c != '_' && (c < 'A' || c > 'Z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return len(b) > 0 && len(b) <= 64 // systemd's own limit
}

// NewExportReader returns a reader that turns a journal export stream into one JSON line per
// entry, as journalctl -o json prints them, with the fields that a log parser needs. A line
// that belongs to no entry is handed on as it is. Fields are cut at 1 MiB. A stream that ends
// inside a binary field gives what there was, then io.ErrUnexpectedEOF.
func NewExportReader(r io.Reader) io.Reader {
	return &exportReader{r: bufio.NewReaderSize(r, 64<<10)}
}

type exportReader struct {
	r      *bufio.Reader
	fields [len(exportFields)][]byte // of the current entry; reused
	unused []byte                    // a field without use; reused
	out    []byte                    // lines not handed out yet; reused
	done   int                       // bytes of out that have been
	err    error                     // once out is handed out
}

func (e *exportReader) Read(p []byte) (int, error) {
	for e.done == len(e.out) {
		if e.err != nil {
			return 0, e.err
		}
		e.out, e.done = e.out[:0], 0
		e.entry()
	}
	n := copy(p, e.out[e.done:])
	e.done += n
	return n, nil
}

// entry reads up to the blank line that ends an entry and writes the entry to out.
func (e *exportReader) entry() {
	for e.err == nil {
		line, err := e.r.ReadSlice('\n')
		if err != bufio.ErrBufferFull {
			e.err = err
		}
		full := err == bufio.ErrBufferFull
		if !full {
			line = bytes.TrimSuffix(line, []byte("\n"))
		}
		if len(line) == 0 {
			break
		}
		name, value, text := bytes.Cut(line, []byte("="))
		switch {
		case !isFieldName(name):
			e.out = append(e.out, line...)
			e.rest(&e.out, full)
			if e.out = append(e.out, '\n'); e.err == nil {
				return // the entry goes on
			}
		case text:
			field := e.field(name)
			*field = append((*field)[:0], value...)
			e.rest(field, full)
		default:
			e.binary(e.field(name))
		}
	}
	e.write()
}

// field returns where the value of a field goes.
func (e *exportReader) field(name []byte) *[]byte {
	for i, f := range exportFields {
		if string(name) == f {
			return &e.fields[i]
		}
	}
	e.unused = e.unused[:0]
	return &e.unused
}

// rest appends what is left of a line longer than the reader's buffer.
func (e *exportReader) rest(to *[]byte, more bool) {
	for more && e.err == nil {
		part, err := e.r.ReadSlice('\n')
		if more = err == bufio.ErrBufferFull; !more {
			e.err = err
			part = bytes.TrimSuffix(part, []byte("\n"))
		}
		*to = append(*to, part[:max(0, min(len(part), maxField-len(*to)))]...)
	}
}

// binary reads a value that begins with its length in 8 bytes, least significant first.
func (e *exportReader) binary(to *[]byte) {
	var size [8]byte
	if _, e.err = io.ReadFull(e.r, size[:]); e.err != nil {
		e.err = io.ErrUnexpectedEOF
		return
	}
	n := binary.LittleEndian.Uint64(size[:])
	*to = (*to)[:0]
	for n > 0 {
		part, err := e.r.Peek(int(min(n, 32<<10)))
		*to = append(*to, part[:max(0, min(len(part), maxField-len(*to)))]...)
		e.r.Discard(len(part))
		n -= uint64(len(part))
		if err != nil {
			if e.err = err; err == io.EOF {
				e.err = io.ErrUnexpectedEOF
			}
			return
		}
	}
	if c, err := e.r.ReadByte(); err != nil {
		e.err = err
	} else if c != '\n' {
		e.r.UnreadByte()
	}
}

// write writes the entry as a line of JSON and forgets it.
func (e *exportReader) write() {
	first := true
	for i, f := range exportFields {
		if len(e.fields[i]) == 0 {
			continue
		}
		if first {
			e.out = append(e.out, '{')
		} else {
			e.out = append(e.out, ',')
		}
		first = false
		e.out = append(append(append(e.out, '"'), f...), '"', ':')
		e.out = appendJSON(e.out, e.fields[i])
		e.fields[i] = e.fields[i][:0]
	}
	if !first {
		e.out = append(e.out, '}', '\n')
	}
}

// appendJSON appends a field's value as journalctl does: a string, or, where it is not UTF-8,
// an array of byte values.
func appendJSON(b, value []byte) []byte {
	if !utf8.Valid(value) {
		b = append(b, '[')
		for i, c := range value {
			if i > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendUint(b, uint64(c), 10)
		}
		return append(b, ']')
	}
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for _, c := range value {
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, '\\', 'n')
		case c < 0x20 || c == 0x7f:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}
