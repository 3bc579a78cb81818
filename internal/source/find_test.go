package source

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestRotationOf(t *testing.T) {
	day := func(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC) }
	for name, want := range map[string]Rotation{
		"mail.log":                     {Stem: "mail.log"},
		"mail.log.1":                   {Stem: "mail.log", Number: 2},
		"mail.log.0":                   {Stem: "mail.log", Number: 1},
		"mail.log.2.gz":                {Stem: "mail.log", Number: 3},
		"mail.log.gz":                  {Stem: "mail.log"},
		"mail.log.old":                 {Stem: "mail.log", Number: 1},
		"mail.log-20261101":            {Stem: "mail.log", Date: day(2026, 11, 1)},
		"mail.log-20261101.xz":         {Stem: "mail.log", Date: day(2026, 11, 1)},
		"mail.log-2026-11-01.zst":      {Stem: "mail.log", Date: day(2026, 11, 1)},
		"mail.log.2026110104":          {Stem: "mail.log", Date: day(2026, 11, 1)},
		"mail.log-20261101-1793491200": {Stem: "mail.log", Date: day(2026, 11, 1), Number: 1 << 20},
		"mail-20261101.log.gz":         {Stem: "mail.log", Date: day(2026, 11, 1)},
		"mainlog.01.gz":                {Stem: "mainlog", Number: 2},
		"mainlog-20261103":             {Stem: "mainlog", Date: day(2026, 11, 3)},
		"main.202611":                  {Stem: "main", Date: day(2026, 11, 1)},
		"192.0.2.1":                    {Stem: "192.0.2.1"},
		"192.0.2.1.log":                {Stem: "192.0.2.1.log"},
		"mail-192.0.2.1":               {Stem: "mail-192.0.2.1"},
		"mail.log-99999999":            {Stem: "mail.log-99999999"},
		"mail2":                        {Stem: "mail2"},
		"1":                            {Stem: "1"},
		"":                             {Stem: ""},
		".1":                           {Stem: ".1"},
	} {
		if got := RotationOf(name); got != want {
			t.Errorf("RotationOf(%q) = %+v, want %+v", name, got, want)
		}
	}
}

func TestNewer(t *testing.T) {
	names := []string{"mail.log.2.gz", "mail.log-20261101", "mail.log", "mail.log.1", "mail.log-20261108.gz", "mail.log.10.gz", "mail.log.0"}
	slices.SortFunc(names, func(a, b string) int { return Newer(RotationOf(a), RotationOf(b)) })
	want := []string{"mail.log", "mail.log.0", "mail.log.1", "mail.log.2.gz", "mail.log.10.gz", "mail.log-20261108.gz", "mail.log-20261101"}
	if !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
}

// tree writes empty files below a new folder and returns it.
func tree(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// under returns paths relative to dir, sorted.
func under(dir string, paths []string) []string {
	var all []string
	for _, p := range paths {
		rel, _ := filepath.Rel(dir, p)
		all = append(all, filepath.ToSlash(rel))
	}
	slices.Sort(all)
	return all
}

func TestFind(t *testing.T) {
	dir := tree(t, "mail.log", "mail.log.1", "mail.log.2.gz", "mail.log.offset", "mainlog-20261103", "mainlog-20261104", "hosts/a/mail.log", "hosts/b/mail.log")
	for _, tt := range []struct {
		path    string
		rotated bool
		want    []string
		errors  int
	}{
		{"mail.log", false, []string{"mail.log"}, 0},
		{"mail.log", true, []string{"mail.log", "mail.log.1", "mail.log.2.gz"}, 0},
		{"mainlog", false, []string{"mainlog-20261103", "mainlog-20261104"}, 0},
		{"mail.log.?", false, []string{"mail.log.1"}, 0},
		{"hosts/*/mail.log", false, []string{"hosts/a/mail.log", "hosts/b/mail.log"}, 0},
		{"hosts", false, []string{"hosts/a/mail.log", "hosts/b/mail.log"}, 0},
		{"missing", false, nil, 1},
		{"mail.log.[", false, nil, 1},
	} {
		got := Find(filepath.Join(dir, tt.path), tt.rotated)
		if all := under(dir, got.Paths); !slices.Equal(all, tt.want) || len(got.Errors) != tt.errors {
			t.Errorf("Find(%q, %v) = %q, %v; want %q", tt.path, tt.rotated, all, got.Errors, tt.want)
		}
	}
}

func TestFindFollowsNoLoops(t *testing.T) {
	dir := tree(t, "a/mail.log", "1/2/3/4/5/6/7/mail.log")
	for link, to := range map[string]string{"a/loop": dir, "a/link.log": filepath.Join(dir, "a/mail.log"), "a/dead": "nowhere"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Skip(err)
		}
	}
	got := Find(dir, false)
	if all, want := under(dir, got.Paths), []string{"a/link.log", "a/mail.log"}; !slices.Equal(all, want) {
		t.Errorf("%q, want %q", all, want)
	}
	if len(got.Skipped) != 2 || len(got.Errors) != 1 || got.Errors[0].Why != "lies too deep: name it itself" {
		t.Errorf("skipped %v, errors %v", got.Skipped, got.Errors)
	}
}

func TestJournalNeedsJournalctl(t *testing.T) {
	t.Setenv("PATH", "")
	if _, err := OpenJournal(t.Context(), JournalPrefix, time.Time{}, time.Time{}); err == nil || HasJournal() {
		t.Errorf("the journal was opened without journalctl: %v", err)
	}
}
