package render

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"
)

// Checkup is what `smtplog doctor` found out about the logs.
type Checkup struct {
	Files   []CheckedFile
	Skipped []SkippedFile
	Unknown []UnknownShape // the most frequent first
	Shapes  int            // different shapes, also those that Unknown leaves out
	Advice  []Advice
	Notes   []string
}

// CheckedFile is a log that was read. Lines = Understood + Ignored + Unknown.
type CheckedFile struct {
	Path        string
	Kept        string // plain, gzip, ..., journal
	Stamps      string // how times are written; "" where no line has one
	Zone        string // where the zone comes from; "" with Stamps
	Years       string // where the years come from; "" if the stamps have them
	MTAs        []string
	Hosts       int
	First, Last time.Time // zero: no line of a mail system has a stamp
	Lines       int64
	Understood  int64
	Ignored     int64
	Unknown     int64
	Detail      string // why its lines add no counts; "" if they do
	Error       string // why it could not be read to its end; "" if it was
}

// SkippedFile is a file that was found and not read, and why.
type SkippedFile struct{ Path, Why string }

// UnknownShape is lines that no rule recognises and that differ in variable parts only.
type UnknownShape struct {
	Shape, Sample, File string
	Line, Count         int64
}

// Advice is a setting of the mail system or the log daemon that makes reports better.
type Advice struct {
	Setting, Reason string
	Lines           int64  // that gave rise to it
	File            string // the log with the first of them
}

// Doctor writes a checkup as text ("table") or as one JSON object.
func Doctor(w io.Writer, c *Checkup, format string, opt Options) error {
	var b []byte
	if format == "json" {
		b = checkupJSON(c)
	} else {
		b = checkupText(c, opt)
	}
	_, err := w.Write(b)
	return err
}

func checkupText(c *Checkup, opt Options) []byte {
	var b bytes.Buffer
	heading := func(format string, args ...any) {
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintln(&b, opt.paint(bold, fmt.Sprintf(format, args...)))
	}
	for _, n := range c.Notes {
		for _, line := range wrap("note: "+Text(n), opt.Width) {
			fmt.Fprintln(&b, opt.paint(yellow, line))
		}
	}
	if len(c.Files) > 0 {
		heading("Logs")
	}
	for i := range c.Files {
		f := &c.Files[i]
		b.WriteString(Paragraph(Text(f.Path), f.facts(opt.Zone), opt))
	}
	if len(c.Skipped) > 0 {
		heading("Not read")
		for _, s := range c.Skipped {
			for i, line := range wrap(Text(Input(s.Path))+": "+Text(s.Why), opt.Width-4) {
				fmt.Fprintln(&b, strings.Repeat(" ", 4*min(i, 1))+line)
			}
		}
	}
	if len(c.Unknown) > 0 {
		heading("Lines of the mail system that were not understood, variable parts folded")
		for _, u := range c.Unknown {
			b.WriteString(Paragraph(group(u.Count)+" x "+cut(Text(u.Shape), opt.Width-len(group(u.Count))-3),
				fmt.Sprintf("%s:%d: %s", Input(u.File), u.Line, u.Sample), opt))
		}
		if more := c.Shapes - len(c.Unknown); more > 0 {
			fmt.Fprintln(&b, opt.paint(faint, fmt.Sprintf("... %s more: --top %d", plural(int64(more), "shape"), c.Shapes)))
		}
	}
	if len(c.Advice) > 0 {
		heading("For better reports")
		for _, a := range c.Advice {
			b.WriteString(Paragraph(a.Setting, a.Reason+" First seen in "+a.File+".", opt))
		}
	}
	return b.Bytes()
}

// facts says in words what a log is.
func (f *CheckedFile) facts(zone *time.Location) string {
	facts := []string{f.Kept}
	if f.Stamps != "" {
		stamps := f.Stamps + " stamps"
		if f.Years != "" {
			stamps += ", years from " + f.Years
		}
		if f.Zone != "" {
			stamps += ", zone " + f.Zone
		}
		facts = append(facts, stamps)
	}
	if len(f.MTAs) > 0 {
		facts = append(facts, strings.Join(f.MTAs, " and "))
	}
	if f.Hosts > 1 {
		facts = append(facts, plural(int64(f.Hosts), "host"))
	}
	if !f.First.IsZero() {
		first, last := f.First.In(zone), f.Last.In(zone)
		facts = append(facts, fmt.Sprintf("%s .. %s (%s)", first.Format(clock), last.Format(clock), span(last.Sub(first))))
	}
	facts = append(facts, understanding(f.Lines, f.Understood, f.Ignored, f.Unknown))
	if f.Detail != "" {
		facts = append(facts, "adds no counts: "+f.Detail)
	}
	if f.Error != "" {
		facts = append(facts, "NOT READ TO ITS END: "+f.Error)
	}
	return strings.Join(facts, "; ")
}

func checkupJSON(c *Checkup) []byte {
	var o object
	o.begin()
	str(&o, "schema", "smtplog.doctor/1")
	list := func(key string, n int, each func(i int)) {
		o.key(key)
		o.b = append(o.b, '[')
		for i := range n {
			if i > 0 {
				o.b = append(o.b, ',')
			}
			o.begin()
			each(i)
			o.end()
		}
		o.b = append(o.b, ']')
	}
	list("files", len(c.Files), func(i int) {
		f := &c.Files[i]
		str(&o, "path", f.Path)
		str(&o, "kept", f.Kept)
		str(&o, "stamps", f.Stamps)
		str(&o, "zone", f.Zone)
		str(&o, "years", f.Years)
		o.names("mtas", f.MTAs)
		o.count("hosts", int64(f.Hosts))
		if !f.First.IsZero() {
			o.time("first", f.First)
			o.time("last", f.Last)
		}
		o.count("lines", f.Lines)
		o.count("understood", f.Understood)
		o.count("ignored", f.Ignored)
		o.count("unknown", f.Unknown)
		str(&o, "detail", f.Detail)
		str(&o, "error", f.Error)
	})
	list("skipped", len(c.Skipped), func(i int) {
		str(&o, "path", c.Skipped[i].Path)
		str(&o, "why", c.Skipped[i].Why)
	})
	list("unknown", len(c.Unknown), func(i int) {
		u := &c.Unknown[i]
		str(&o, "shape", u.Shape)
		o.count("count", u.Count)
		str(&o, "sample", u.Sample)
		str(&o, "file", u.File)
		o.count("line", u.Line)
	})
	o.count("shapes", int64(c.Shapes))
	list("advice", len(c.Advice), func(i int) {
		a := &c.Advice[i]
		str(&o, "setting", a.Setting)
		str(&o, "reason", a.Reason)
		o.count("lines", a.Lines)
		str(&o, "file", a.File)
	})
	o.names("notes", c.Notes)
	o.end()
	return append(o.b, '\n')
}
