package main

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"github.com/smtplog/smtplog/internal/render"
	"github.com/smtplog/smtplog/parser"
	"github.com/smtplog/smtplog/status"
)

// doctorCmd is `smtplog doctor`.
type doctorCmd struct {
	pathFlags
	outputFlags
	Format string `enum:"table,json" default:"table" group:"output" help:"${enum}."`
}

// maxShapes bounds the shapes of lines that are told apart.
const maxShapes = 10_000

// Run prints what the logs are, file by file, and what would make reports better.
func (cmd *doctorCmd) Run(p *program) error {
	s, err := cmd.settings()
	if err != nil {
		return err
	}
	in, dest, finish, err := openBoth(p, &cmd.pathFlags, &cmd.outputFlags, s)
	if err != nil {
		return err
	}
	in.s.stop = time.Time{} // all of a log is looked at
	d := doctor{in: in, shapes: map[string]*render.UnknownShape{}, done: map[string]bool{}}
	d.check()
	top := cmd.Top
	if top == 0 {
		top = 10
	}
	in.judge("")
	d.checkup.Notes = in.notes
	for _, s := range append(in.unread, in.skipped...) {
		d.checkup.Skipped = append(d.checkup.Skipped, render.SkippedFile(s))
	}
	d.checkup.Advice = d.advice()
	d.checkup.Unknown, d.checkup.Shapes = d.unknown(top), len(d.shapes)
	if err := render.Doctor(dest, &d.checkup, cmd.Format, cmd.options(dest, in.s.zone)); err != nil {
		finish()
		return err
	}
	if err := finish(); err != nil {
		return err
	}
	return in.result()
}

// doctor reads the logs one after the other.
type doctor struct {
	in      *input
	checkup render.Checkup
	shapes  map[string]*render.UnknownShape
	buf     []byte
	done    map[string]bool // queue IDs that were completed
	seen    [signs]int64
	where   [signs]string // the log that showed the sign first
}

func (d *doctor) check() {
	for _, l := range d.in.pending {
		f := render.CheckedFile{Path: l.path, Kept: l.file.Kind, Years: l.years, Detail: l.detail}
		hosts, mtas := map[string]bool{}, [parser.MTACount]bool{}
		for ok := l.begin(d.in); ok; ok = l.advance(d.in) {
			if d.in.p.ctx.Err() != nil {
				d.in.partial = true
				l.finish(d.in, d.in.p.ctx.Err())
				break
			}
			switch l.v {
			case parser.Understood:
				f.Understood++
			case parser.Unrecognised:
				f.Unknown++
				l.disguise(d.in.s.anonymizer)
				d.cluster(l)
			default:
				f.Ignored++
				d.look(l)
				continue
			}
			mtas[l.ev.MTA] = true
			if len(hosts) < 1000 {
				hosts[string(l.ev.Host)] = true
			}
			if f.Stamps == "" && !l.ev.Time.IsZero() {
				f.Stamps, f.Zone = stampsOf(l.line, d.in.s.zone)
			}
			if !l.ev.Time.IsZero() {
				if f.First.IsZero() || l.ev.Time.Before(f.First) {
					f.First = l.ev.Time
				}
				if l.ev.Time.After(f.Last) {
					f.Last = l.ev.Time
				}
			}
			d.look(l)
		}
		f.Lines, f.Hosts = l.lines, len(hosts)
		if l.failed != nil {
			f.Error = l.failed.Error()
		}
		for _, m := range []parser.MTA{parser.Postfix, parser.Exim} {
			if mtas[m] {
				f.MTAs = append(f.MTAs, m.String())
			}
		}
		d.checkup.Files = append(d.checkup.Files, f)
		if d.in.partial {
			break
		}
	}
	d.in.progress.done()
}

// stampsOf says how a line's time is written, and where its zone comes from.
func stampsOf(line []byte, zone *time.Location) (stamps, from string) {
	line = bytes.TrimLeft(line, "\x00\xef\xbb\xbf")
	given := "as given: " + zone.String()
	if zone == time.Local {
		given = "this machine's (--tz sets it)"
	}
	switch {
	case len(line) == 0:
		return "", ""
	case line[0] == '{':
		return "JSON", "in the stamps"
	case line[0] == '<':
		if _, rest, ok := bytes.Cut(line, []byte(">")); ok && bytes.HasPrefix(rest, []byte("1 ")) {
			return "RFC 5424", "in the stamps"
		} else if ok {
			return stampsOf(rest, zone)
		}
	case line[0] == '@':
		return "TAI64N", "in the stamps"
	case 'A' <= line[0] && line[0] <= 'Z':
		return "RFC 3164", given
	case len(line) > 20 && '0' <= line[0] && line[0] <= '9':
		name := "ISO 8601"
		if line[10] == ' ' {
			name = "Exim's"
		}
		clock, _, _ := bytes.Cut(line[11:], []byte(" "))
		if line[10] == ' ' {
			_, rest, _ := bytes.Cut(line[11:], []byte(" "))
			clock = rest[:min(len(rest), 1)]
		}
		if bytes.ContainsAny(clock, "Z+-") {
			return name, "in the stamps"
		}
		return name, given
	}
	return "unusual", ""
}

// cluster counts an unknown line with those that differ from it in variable parts only.
func (d *doctor) cluster(l *log) {
	d.buf = d.buf[:0]
	if len(l.ev.Program) > 0 {
		d.buf = append(append(d.buf, l.ev.Program...), ": "...)
	}
	d.buf = status.Fold(d.buf, l.ev.Text)
	if len(d.buf) > 500 {
		d.buf = d.buf[:500]
	}
	u := d.shapes[string(d.buf)]
	if u == nil {
		shape := string(d.buf)
		if len(d.shapes) >= maxShapes {
			shape = "(others)"
		}
		if u = d.shapes[shape]; u == nil {
			u = &render.UnknownShape{Shape: shape, File: l.path, Line: l.lines, Sample: string(l.line[:min(len(l.line), 1000)])}
			d.shapes[shape] = u
		}
	}
	u.Count++
}

// unknown returns the most frequent shapes.
func (d *doctor) unknown(top int) []render.UnknownShape {
	all := make([]render.UnknownShape, 0, len(d.shapes))
	for _, u := range d.shapes {
		all = append(all, *u)
	}
	slices.SortFunc(all, func(a, b render.UnknownShape) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Shape, b.Shape))
	})
	return all[:min(top, len(all))]
}
