package source

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// maxDepth is how many folders deep a folder is searched: /var/log/remote/2026/11/HOST is as
// deep as collections of logs go.
const maxDepth = 6

// Found is what a path that was given stands for.
type Found struct {
	Paths   []string
	Skipped []Skip
	Errors  []Skip // what could not be looked into
	Folder  bool   // the path is a folder: what is no mail log in it may be passed over
}

// Skip is a path and why it is not read.
type Skip struct {
	Path string
	Why  string
}

// Find returns the files that a path stands for: a file itself; all files in a folder and in
// the folders below it; the files that match a pattern; and for a name that no file has, its
// rotated siblings. With rotated a file stands for its siblings too.
func Find(path string, rotated bool) Found {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		f := Found{Folder: true}
		f.walk(path, 0)
		return f
	case err == nil && !rotated:
		return Found{Paths: []string{path}}
	case err == nil:
		return Found{Paths: append([]string{path}, Siblings(path)...)}
	case !errors.Is(err, os.ErrNotExist):
		return Found{Errors: []Skip{{path, plain(err).Error()}}}
	}
	if strings.ContainsAny(path, "*?[") {
		if all := match(path); len(all.Paths) > 0 || len(all.Errors) > 0 {
			return all
		}
	}
	if all := Siblings(path); len(all) > 0 {
		return Found{Paths: all}
	}
	return Found{Errors: []Skip{{path, plain(err).Error()}}}
}

// match returns the files that match a pattern.
func match(pattern string) (f Found) {
	names, _ := filepath.Glob(pattern) // a bad pattern matches nothing
	for _, name := range names {
		info, err := os.Stat(name)
		switch {
		case err != nil:
			f.Errors = append(f.Errors, Skip{name, plain(err).Error()})
		case info.IsDir():
			f.Skipped = append(f.Skipped, Skip{name, "a folder"})
		default:
			f.Paths = append(f.Paths, name)
		}
	}
	return f
}

// walk adds the files in a folder. Links to folders are not followed, so that there are no
// loops; pipes, sockets and devices are not opened: they could block.
func (f *Found) walk(dir string, depth int) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		f.Errors = append(f.Errors, Skip{dir, plain(err).Error()})
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		info, err := os.Stat(path)
		switch {
		case err != nil && e.Type()&os.ModeSymlink != 0:
			f.Skipped = append(f.Skipped, Skip{path, "a link that leads nowhere"})
		case err != nil:
			f.Errors = append(f.Errors, Skip{path, plain(err).Error()})
		case e.IsDir() && depth >= maxDepth:
			f.Errors = append(f.Errors, Skip{path, "lies too deep: name it itself"})
		case e.IsDir():
			f.walk(path, depth+1)
		case info.IsDir():
			f.Skipped = append(f.Skipped, Skip{path, "a link to a folder"})
		case !info.Mode().IsRegular():
			f.Skipped = append(f.Skipped, Skip{path, "no regular file"})
		default:
			f.Paths = append(f.Paths, path)
		}
	}
}

// Siblings returns the rotated siblings of a log: mail.log.1, mail.log-20261101.gz and the
// like beside mail.log.
func Siblings(path string) (all []string) {
	dir, base := filepath.Split(path)
	entries, err := os.ReadDir(filepath.Clean(dir + "."))
	if err != nil {
		return nil
	}
	for _, e := range entries {
		if name := e.Name(); name != base && RotationOf(name).Stem == RotationOf(base).Stem && !e.IsDir() {
			all = append(all, dir+name)
		}
	}
	return all
}

// Rotation is what a log's name says of its place in a rotated set.
type Rotation struct {
	Stem   string    // what the names of the set have in common: "mail.log"
	Date   time.Time // of a datestamp: the start of its day or month in UTC; zero: none
	Number int       // higher is older: N+1 for ".N"; 0: none
}

// packedSuffixes are the endings of compressed files' names.
var packedSuffixes = []string{".gz", ".bz2", ".xz", ".zst", ".zstd", ".lz4", ".Z"}

// RotationOf reads a file's name as logrotate, newsyslog, savelog, exicyclog and Exim's
// datestamped logs write it: mail.log, mail.log.1, mail.log.2.gz, mainlog.01.gz,
// mail.log-20261101, mail-20261101.log, mainlog-20261103, main.202611, mail.log.0,
// mail.log.1.20261101, mail.log.old.
func RotationOf(name string) (r Rotation) {
	stem := name
	for _, s := range packedSuffixes {
		if cut, ok := strings.CutSuffix(stem, s); ok {
			stem = cut
			break
		}
	}
	if cut, ok := strings.CutSuffix(stem, ".old"); ok && cut != "" {
		return Rotation{Stem: cut, Number: 1}
	}
	if cut, ok := strings.CutSuffix(stem, ".log"); ok { // logrotate's "extension .log"
		if head, word, ok := cutWord(cut); ok {
			if date, ok := datestamp(word); ok {
				return Rotation{Stem: head + ".log", Date: date}
			}
		}
	}
	r.Stem = name // unless the digits are a rotation's
	head, word, ok := cutWord(stem)
	if !ok {
		r.Stem = stem
		return r
	}
	if date, ok := datestamp(word); ok {
		return Rotation{Stem: head, Date: date}
	}
	if dated, d, ok := cutWord(head); ok { // mail.log-20261101.1, mail.log-2026110103-1700000000
		if date, ok := datestamp(d); ok {
			n, _ := strconv.Atoi(word)
			return Rotation{Stem: dated, Date: date, Number: min(n, 1<<20)}
		}
	}
	if n, err := strconv.Atoi(word); err == nil && n < 1000 && head[len(head)-1] > '9' { // 192.0.2.1 is no rotation
		return Rotation{Stem: head, Number: n + 1}
	}
	return r
}

// cutWord cuts ".123" or "-123" off the end of a name, dashes within a datestamp included.
func cutWord(s string) (head, word string, ok bool) {
	if n := len(s) - len("-2006-01-02"); n > 0 && s[n+5] == '-' && s[n+8] == '-' && (s[n] == '.' || s[n] == '-') {
		return s[:n], strings.ReplaceAll(s[n+1:], "-", ""), true
	}
	i := len(s)
	for i > 0 && '0' <= s[i-1] && s[i-1] <= '9' {
		i--
	}
	if i == len(s) || i < 2 || s[i-1] != '.' && s[i-1] != '-' && s[i-1] != '_' {
		return s, "", false
	}
	return s[:i-1], s[i:], true
}

// datestamp reads 20261101, 2026110104 (with the hour) or 202611.
func datestamp(s string) (t time.Time, ok bool) {
	for _, layout := range []string{"20060102", "200601"} {
		if len(s) == len(layout) || len(layout) == 8 && len(s) == 10 {
			if t, err := time.Parse(layout, s[:len(layout)]); err == nil && t.Year() > 1980 && t.Year() < 2100 {
				return t, true
			}
		}
	}
	return t, false
}

// Newer orders two names of a set, the newest first: the log itself, then the latest dates and
// the lowest numbers.
func Newer(a, b Rotation) int {
	if c := compareDates(a.Date, b.Date); c != 0 {
		return c
	}
	return a.Number - b.Number
}

func compareDates(a, b time.Time) int {
	switch {
	case a.Equal(b):
		return 0
	case a.IsZero():
		return -1
	case b.IsZero():
		return 1
	}
	return b.Compare(a)
}

// MailName tells whether a file's name is one that mail logs have.
func MailName(path string) bool {
	name := strings.ToLower(filepath.Base(path))
	for _, word := range []string{"mail", "exim", "mainlog", "main.log", "rejectlog", "paniclog", "postfix", "smtp"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}
