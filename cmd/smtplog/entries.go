package main

import (
	"bufio"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/smtplog/smtplog/aggregate"
	"github.com/smtplog/smtplog/internal/render"
)

// entryWriter writes a sequence of entries: as JSON objects, a line each or in one array, or
// as rows.
type entryWriter struct {
	w     *bufio.Writer
	rows  *render.Entries // nil for JSON
	array bool
	top   int // entries to write; 0: all
	n     int
	buf   []byte
	err   error
}

func newEntryWriter(dest io.Writer, format string, columns []aggregate.Column, opt render.Options) *entryWriter {
	w := &entryWriter{w: bufio.NewWriterSize(dest, 64<<10), top: opt.Top}
	switch format {
	case "ndjson":
	case "json":
		w.array = true
		w.w.WriteString("[")
	default:
		w.rows = render.NewEntries(w.w, format, columns, opt)
	}
	return w
}

// entry writes one JSON object, which render appends with a line feed.
func (w *entryWriter) entry(render func(b []byte) []byte) {
	if w.top > 0 && w.n == w.top {
		return
	}
	w.buf = render(w.buf[:0])
	if w.array {
		if w.n > 0 {
			w.w.WriteByte(',')
		}
		w.w.WriteByte('\n')
		w.buf = w.buf[:len(w.buf)-1]
	}
	w.n++
	if _, err := w.w.Write(w.buf); err != nil && w.err == nil {
		w.err = err
	}
}

// finish writes what is left, closes the destination, and returns the first error.
func (w *entryWriter) finish(closeDest func() error) error {
	if w.rows != nil {
		if err := w.rows.Finish(); err != nil && w.err == nil {
			w.err = err
		}
	}
	if w.array {
		w.w.WriteString("\n]\n")
	}
	if err := w.w.Flush(); err != nil && w.err == nil {
		w.err = err
	}
	if err := closeDest(); err != nil && w.err == nil {
		w.err = err
	}
	return w.err
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
