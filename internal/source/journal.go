package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// JournalPrefix marks a path that stands for the systemd journal: "journal:" for the
// machine's own, "journal:DIR" and "journal:FILE" for another.
const JournalPrefix = "journal:"

// mailMatches choose the journal's entries that a mail system may have written: the mail
// facility, and the units and programs that log elsewhere. "+" is "or" (journalctl(1)).
var mailMatches = []string{
	"SYSLOG_FACILITY=2", "+", "_SYSTEMD_UNIT=postfix.service", "_SYSTEMD_UNIT=postfix@-.service",
	"_SYSTEMD_UNIT=exim.service", "_SYSTEMD_UNIT=exim4.service",
	"+", "SYSLOG_IDENTIFIER=postfix", "SYSLOG_IDENTIFIER=exim", "SYSLOG_IDENTIFIER=exim4",
	"+", "SYSLOG_IDENTIFIER=systemd-journald", // says what it dropped
}

// HasJournal tells whether journalctl is there to read a journal.
func HasJournal() bool {
	_, err := exec.LookPath("journalctl")
	return err == nil
}

// OpenJournal runs journalctl for a path with JournalPrefix, and reads what it prints. since
// and until bound the entries; zero: no bound. It ends with ctx.
func OpenJournal(ctx context.Context, path string, since, until time.Time) (*File, error) {
	if !HasJournal() {
		return nil, errors.New("reading the journal needs journalctl, which is not in PATH")
	}
	args := []string{"--output=json", "--all", "--no-pager", "--quiet"} // without --all long fields are null
	if place := strings.TrimPrefix(path, JournalPrefix); place != "" {
		info, err := os.Stat(place)
		if err != nil {
			return nil, plain(err)
		}
		if info.IsDir() {
			args = append(args, "--directory="+place)
		} else {
			args = append(args, "--file="+place)
		}
	}
	if !since.IsZero() {
		args = append(args, fmt.Sprintf("--since=@%d", since.Unix()))
	}
	if !until.IsZero() {
		args = append(args, fmt.Sprintf("--until=@%d", until.Unix()+1))
	}
	cmd := exec.CommandContext(ctx, "journalctl", append(args, mailMatches...)...)
	cmd.WaitDelay = time.Second
	j := &journal{cmd: cmd}
	cmd.Stderr = &j.stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, plain(err)
	}
	j.out = out
	f := &File{Path: path, Modified: time.Now(), stream: j}
	switch f, err = f.opened(); {
	case err == ErrEmpty:
		return nil, errors.New("holds no line of a mail system")
	case err != nil:
		return nil, err
	}
	f.Kind = "journal"
	return f, nil
}

// journal reads what journalctl prints; that it failed is the error at the end.
type journal struct {
	cmd    *exec.Cmd
	out    io.Reader
	stderr firstBytes
	ended  bool
}

func (j *journal) Read(p []byte) (int, error) {
	n, err := j.out.Read(p)
	if err != nil && !j.ended {
		j.ended = true
		if failed := j.cmd.Wait(); failed != nil {
			err = fmt.Errorf("journalctl: %w", failed)
			if said := bytes.TrimSpace(j.stderr.b); len(said) > 0 {
				err = fmt.Errorf("journalctl: %q", said)
			}
		}
	}
	return n, err
}

// Close ends journalctl if it still runs.
func (j *journal) Close() error {
	if !j.ended {
		j.ended = true
		j.cmd.Process.Kill()
		j.cmd.Wait()
	}
	return nil
}

// firstBytes keeps the beginning of what is written to it.
type firstBytes struct{ b []byte }

func (f *firstBytes) Write(p []byte) (int, error) {
	f.b = append(f.b, p[:min(len(p), 1000-len(f.b))]...)
	return len(p), nil
}
