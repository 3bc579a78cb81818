package follow

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestRotatedName(t *testing.T) {
	for _, tt := range []struct {
		base, name string
		want       bool
	}{
		{"mail.log", "mail.log.1", true},
		{"mail.log", "mail.log.2.gz", true},
		{"mail.log", "mail.log.gz", true},
		{"mail.log", "mail.log-20261124", true},
		{"mail.log", "mail.log-20261124.xz", true},
		{"mail.log", "mail.log.2026-11-24T02:18:47Z", true},
		{"mail.log", "mail-20261124.log", true},
		{"mail.log", "mail-20261124.log.zst", true},
		{"mail.log", "mail.log.old", true},
		{"mail.log", "mail.log~", true},
		{"mainlog", "mainlog.01", true},
		{"mainlog", "mainlog-20261124", true},
		{"mail.log", "mail.log", false},
		{"mail.log", "mail.log.offset", false},
		{"mail.log", "mail.log.", false},
		{"mail.log", "mail.log2", false},
		{"mail.log", "mail.err.1", false},
		{"mail.log", "mail-debug.log", false},
		{"mail.log", "xmail.log.1", false},
		{"mail.log", "mail.log.1.tmp", false},
		{"mainlog", "mainlog2.1", false},
	} {
		if _, got := rotatedName(tt.base, tt.name); got != tt.want {
			t.Errorf("rotatedName(%q, %q) = %v", tt.base, tt.name, got)
		}
	}
}

func TestPredecessors(t *testing.T) {
	at := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name  string
		files string // in order of their times
		want  string
	}{
		{"numbers", "mail.log.11 mail.log.2 mail.log.1", "mail.log.11 mail.log.2 mail.log.1"},
		{"numbers that go up", "mail.log.1 mail.log.2 mail.log.3", "mail.log.1 mail.log.2 mail.log.3"},
		{"one touched", "mail.log.4 mail.log.3 mail.log.1 mail.log.2", "mail.log.4 mail.log.3 mail.log.2 mail.log.1"},
		{"compressed late", "mail.log.1 mail.log.2.gz", "mail.log.2.gz mail.log.1"},
		{"dates", "mail.log-20261123 mail.log-20261124", "mail.log-20261123 mail.log-20261124"},
		{"day first", "mail.log-30112026 mail.log-01122026", "mail.log-30112026 mail.log-01122026"},
		{"numbers and dates", "mail.log-20261123 mail.log.2 mail.log.1", "mail.log-20261123 mail.log.2 mail.log.1"},
		{"a name twice", "mail.log.2 mail.log.1 mail.log.1.gz", "mail.log.2 mail.log.1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := logPath(t)
			for n, name := range strings.Fields(tt.files) {
				name = filepath.Join(filepath.Dir(path), name)
				plain, packed := strings.CutSuffix(name, ".gz")
				if packed {
					plain += ".making"
				}
				write(t, plain, filepath.Base(strings.TrimSuffix(name, ".gz"))+" as its content\n")
				must(t, os.Chtimes(plain, time.Time{}, at.Add(time.Duration(n)*time.Hour)))
				if packed {
					pack(t, "gzip", plain)
					must(t, os.Rename(plain+".gz", name))
				}
			}
			write(t, path+".0", "") // without content
			listing, err := rotations(path)
			must(t, err)
			all, _ := siblings(listing, nil)
			var got []string
			for _, s := range all {
				got = append(got, filepath.Base(s.path))
			}
			if want := strings.Fields(tt.want); !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

func TestPositionText(t *testing.T) {
	path := logPath(t)
	write(t, path, "one\ntwo\n")
	o := options(FromStart, path)
	o.Once = true
	p := read(t, o).end()
	if len(p) != 1 {
		t.Fatalf("positions %v", p)
	}
	if got, want := p[0].String(), "2c8b08da5ce60398:8"; got != want { // SHA-256 of "one\n"
		t.Errorf("got %s, want %s", got, want)
	}
	if (Position{Offset: 5}).String() != "-:5" {
		t.Error("a stream's position")
	}
}
