package follow

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strconv"
	"time"
)

// JournalPath is the path that stands for journald's journal.
const JournalPath = "journal:"

const (
	minRestart = time.Second // between two starts of journalctl; doubled up to maxRestart
	maxRestart = 30 * time.Second
)

// journal reads journalctl's JSON lines and starts it again when it ends, behind the last
// entry that was handed on.
func (f *Follower) journal(ctx context.Context) {
	p, resume := f.saved(JournalPath)
	resume = resume && f.From == FromPositions && p.Cursor != ""
	args := []string{"-o", "json", "--no-pager", "-n"}
	from := []string{"all"}
	switch {
	case resume:
	case f.From == FromEnd:
		end, err := f.journalEnd(ctx, append(args, "1"))
		if err != nil {
			f.notice(JournalPath, Failed, "journalctl: %v", err)
			return
		}
		p = Position{Path: JournalPath, Cursor: end}
	case f.From == FromTime:
		from = append(from, "--since", "@"+strconv.FormatInt(f.Time.Unix(), 10))
		p = Position{Path: JournalPath}
	default:
		p = Position{Path: JournalPath}
	}
	if !f.send(ctx, Block{Path: JournalPath, Pos: p}) {
		return
	}
	if !f.Once {
		from = append(from, "-f")
	}
	args = append(args, from...)
	for delay := minRestart; ; delay = min(2*delay, maxRestart) {
		run := args
		if p.Cursor != "" {
			run = append(slices.Clone(args), "--after-cursor", p.Cursor)
		}
		last, err := f.journalctl(ctx, run, p)
		if last != p {
			p, delay = last, minRestart
		}
		if ctx.Err() != nil || f.stopping() || err == nil {
			return
		}
		f.notice(JournalPath, Failed, "journalctl: %v", err)
		if f.Once || errors.Is(err, exec.ErrNotFound) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-f.stop:
			return
		case <-time.After(delay):
		}
	}
}

// journalEnd returns the cursor of the last entry, so that a restart before the first new one
// loses nothing.
func (f *Follower) journalEnd(ctx context.Context, args []string) (string, error) {
	out, err := exec.CommandContext(ctx, "journalctl", args...).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(exit.Stderr) > 0 {
		err = errors.New(lastLineOf(exit.Stderr))
	}
	return cursor(out), err
}

var errEnded = errors.New("it ended")

// journalctl runs it once and returns the position of the last entry handed on.
func (f *Follower) journalctl(ctx context.Context, args []string, last Position) (Position, error) {
	run, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(run, "journalctl", args...)
	cmd.WaitDelay = time.Second
	var said limited
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return last, err
	}
	if err := cmd.Start(); err != nil {
		return last, err
	}
	go func() {
		select {
		case <-run.Done():
		case <-f.stop:
			if !f.Once {
				cancel()
			}
		}
	}()
	buf := make([]byte, 64<<10)
	for n := 0; err == nil; {
		var m int
		m, err = out.Read(buf[n:])
		n += m
		i := bytes.LastIndexByte(buf[:n], '\n') + 1
		switch {
		case i > 0:
			text := bytes.Clone(buf[:i])
			n = copy(buf, buf[i:n])
			if c := cursor(text[bytes.LastIndexByte(text[:i-1], '\n')+1:]); c != "" {
				last.Cursor = c
			}
			if !f.send(ctx, Block{Path: JournalPath, Text: text, Pos: last}) {
				err = ctx.Err()
			}
		case n >= maxPartial: // no entry: journalctl leaves out long fields
			n = 0
			f.notice(JournalPath, Lost, "an entry of more than %d bytes is left out", maxPartial)
		case n == len(buf):
			buf = append(buf, make([]byte, n)...)
		}
	}
	if !errors.Is(err, io.EOF) {
		cancel()
	}
	wait := cmd.Wait()
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return last, err
	case wait == nil && f.Once:
		return last, nil
	case len(said) > 0:
		return last, errors.New(lastLineOf(said))
	case wait == nil:
		return last, errEnded
	}
	return last, wait
}

func (f *Follower) stopping() bool {
	select {
	case <-f.stop:
		return true
	default:
		return false
	}
}

// cursor returns the __CURSOR of an entry, which comes first in journalctl's lines. Quotes
// inside values are escaped, so the name in quotes cannot be a part of one.
func cursor(line []byte) string {
	line, _, _ = bytes.Cut(line, []byte("\n"))
	_, rest, ok := bytes.Cut(line, []byte(`"__CURSOR"`))
	if !ok {
		return ""
	}
	rest, ok = bytes.CutPrefix(bytes.TrimLeft(rest, " :"), []byte(`"`))
	if !ok {
		return ""
	}
	value, _, ok := bytes.Cut(rest, []byte(`"`))
	if !ok {
		return ""
	}
	return string(value)
}

// lastLineOf returns the last line of what a program said.
func lastLineOf(b []byte) string {
	b = bytes.TrimSpace(b)
	return string(b[bytes.LastIndexByte(b, '\n')+1:])
}

// limited keeps the end of what is written to it.
type limited []byte

func (l *limited) Write(b []byte) (int, error) {
	*l = append(*l, b...)
	*l = (*l)[max(0, len(*l)-4<<10):]
	return len(b), nil
}
