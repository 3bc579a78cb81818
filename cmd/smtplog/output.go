package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// outFile is the file that -o names, while it is written: a new file beside it that takes its
// place when the command has succeeded, so that a reader never sees half of it and a full
// disk leaves the old one as it was.
type outFile struct {
	*os.File
	path string // that it becomes; "": it is written in place
	err  error  // the first one
}

// createOutput begins to write the file named path. What is no regular file (a pipe, a device)
// is written in place. A file that is new gets the mode, less the umask.
func createOutput(path string, mode os.FileMode) (*outFile, error) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	old, err := os.Stat(path)
	if err == nil && !old.Mode().IsRegular() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		return &outFile{File: f}, err
	}
	for n := os.Getpid(); ; n++ {
		temp := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s.%d.tmp", filepath.Base(path), n))
		f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err == nil && old != nil {
			err = f.Chmod(old.Mode().Perm())
		}
		o := &outFile{File: f, path: path}
		o.note(err)
		return o, o.err
	}
}

func (o *outFile) Write(b []byte) (int, error) {
	n, err := o.File.Write(b)
	o.note(err)
	return n, err
}

// note keeps the first error, which speaks of the file that the user named.
func (o *outFile) note(err error) {
	var path *fs.PathError
	if errors.As(err, &path) && o.path != "" {
		path.Path = o.path
	}
	if o.err == nil {
		o.err = err
	}
}

// close ends the writing; commit and discard may follow.
func (o *outFile) close() error {
	if o.path != "" {
		o.note(o.Sync())
	}
	o.note(o.Close())
	return o.err
}

// settleOutput puts the file that a command has written in its place if the exit code is 0, and
// else throws it away and says so. It returns the exit code.
func (p *program) settleOutput(code int) int {
	o := p.output
	if p.output = nil; o == nil || o.path == "" {
		return code
	}
	if code == exitDone {
		err := o.commit(nil)
		if err == nil {
			return code
		}
		p.sayf("%v", err)
		code = exitUnread
	} else {
		o.commit(errFailed)
	}
	p.sayf("%s: not written (exit code %d); what was there before stays", o.path, code)
	return code
}

var errFailed = errors.New("the command failed")

// writeWhole puts b into the file at path: all of it, or the file stays as it was. Nobody else
// may read a new one.
func writeWhole(path string, b []byte) error {
	o, err := createOutput(path, 0o600)
	if err != nil {
		return err
	}
	o.Write(b) // keeps its error
	return o.commit(o.close())
}

// commit puts a file that is closed in its place, or throws it away where there was an error,
// which it returns.
func (o *outFile) commit(err error) error {
	if o.path == "" {
		return err
	}
	if err == nil {
		err = o.err
	}
	if err == nil {
		if err = os.Rename(o.Name(), o.path); err == nil {
			return nil
		}
	}
	o.Close()
	os.Remove(o.Name())
	return err
}

// openOutput returns where to write and a function that finishes it and reports its first
// error. The file that -o names comes into being when the command has succeeded.
func (f *outputFlags) openOutput(p *program) (io.Writer, func() error, error) {
	if f.Top < 0 {
		return nil, nil, usagef("--top %d: want a positive number", f.Top)
	}
	if f.Output == "" || f.Output == "-" {
		return p.stdout, func() error { return nil }, nil
	}
	o, err := createOutput(f.Output, 0o666)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot write: %w", err)
	}
	p.output = o
	return o, o.close, nil
}

// onto tells whether -o names the file at path, by whatever name.
func (f *outputFlags) onto(path string) bool {
	out, err := os.Stat(f.Output)
	if err != nil || f.Output == "-" {
		return false
	}
	in, err := os.Stat(path)
	return err == nil && in.Mode().IsRegular() && os.SameFile(in, out)
}

// openStream is openOutput for what is read while it is being written.
func (f *outputFlags) openStream(p *program) (io.Writer, func() error, error) {
	if f.Output == "" || f.Output == "-" || f.Top < 0 {
		return f.openOutput(p)
	}
	file, err := os.Create(f.Output)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot write: %w", err)
	}
	return file, file.Close, nil
}
