package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A compressed log's years are those of the same log as plain text, whose end is looked at before,
// whatever was supposed; and what is said is said once.
func TestSupposedYears(t *testing.T) {
	line := func(stamp, id string) string {
		return stamp + " 04:05:06 mx postfix/smtp[9]: " + id + ": to=<u@e.example>, relay=mx.e.example[192.0.2.9]:25, delay=1, " +
			"delays=0/0/0/1, dsn=5.1.1, status=bounced (host mx.e.example[192.0.2.9] said: 550 5.1.1 No such user (in reply to RCPT TO command))\n"
	}
	log := func(stamps ...string) (all string) {
		for i, s := range stamps {
			all += line(s, "3A1B2C3D4E"+string(rune('A'+i)))
		}
		return all
	}
	long := strings.Repeat("Jan  6 01:02:03 mx cron[8]: another program's line\n", 20_000)
	written := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name, log string
		over      bool // it must start over
		years     []string
	}{
		{"within a year", log("Jan  5", "Jan 20", "Feb  3"), false, []string{"2026-01-05", "2026-02-03"}},
		{"long", log("Jan  5") + long + log("Feb  3"), false, []string{"2026-01-05", "2026-02-03"}},
		{"over New Year", log("Jul  5", "Dec 20", "Feb  3"), true, []string{"2025-07-05", "2026-02-03"}},
		{"later than it was written", log("Mar  1", "Dec 20"), true, []string{"2025-03-01", "2025-12-20"}},
		{"a leap day at the end", log("Feb  1", "Feb 29"), true, []string{"2024-02-01", "2024-02-29"}},
		{"no stamp at its end", log("Feb  1") + strings.Repeat("x\n", 70_000), true, []string{"2026-02-01"}},
		{"of one moment", log("Feb  1", "Feb  1"), true, []string{"2026-02-01"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			plain, packed := t.TempDir(), t.TempDir()
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			z.ModTime = written
			z.Write([]byte(tt.log))
			z.Close()
			for path, content := range map[string][]byte{filepath.Join(plain, "mail.log"): []byte(tt.log), filepath.Join(packed, "mail.log.gz"): b.Bytes()} {
				if err := os.WriteFile(path, content, 0o600); err != nil {
					t.Fatal(err)
				}
				if err := os.Chtimes(path, written, written); err != nil {
					t.Fatal(err)
				}
			}
			for _, command := range []string{"report", "bounces"} {
				args := []string{command, "--format", "json", "--tz", "UTC"}
				var got, said bytes.Buffer
				path := filepath.Join(packed, "mail.log.gz")
				if code := run(context.Background(), append(args, path, path, "/nowhere"), nil, &got, &said); code != exitUnread {
					t.Fatalf("exit %d\n%s", code, &said)
				}
				if reportWithoutFiles(t, got.Bytes()) == "" || strings.Count(said.String(), "given twice") != 1 || strings.Count(said.String(), "/nowhere") != 1 {
					t.Errorf("%s: said\n%s", command, &said)
				}
				got.Reset()
				run(context.Background(), append(args, path), nil, &got, &said)
				want := output(t, append(args, filepath.Join(plain, "mail.log"))...)
				if g, w := reportWithoutFiles(t, got.Bytes()), reportWithoutFiles(t, want); g != w {
					t.Errorf("%s of the compressed log\n%.2000s\nwant\n%.2000s", command, g, w)
				}
				for _, day := range tt.years {
					if !strings.Contains(got.String(), day) {
						t.Errorf("%s: nothing of %s in\n%.2000s", command, day, &got)
					}
				}
			}
			p := &program{ctx: context.Background(), stderr: &bytes.Buffer{}}
			f := pathFlags{Path: []string{filepath.Join(packed, "mail.log.gz")}}
			in, err := f.openInput(p, settings{zone: time.UTC, restarts: true})
			if err != nil || len(in.logs) != 1 || in.logs[0].supposed == nil {
				t.Fatalf("nothing supposed: %v", err)
			}
			for l := in.next(); l != nil; l = in.next() {
			}
			if over := in.mistaken() != nil; over != tt.over {
				t.Errorf("starting over: %v, want %v", over, tt.over)
			}
		})
	}
}

// Beside a log that can be read only once nothing is supposed, nor with pseudonyms or a window.
func TestNothingSupposed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mail.log.gz")
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.ModTime = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	z.Write([]byte("Jul  5 04:05:06 mx postfix/qmgr[9]: 3A1B2C3D4E: removed\nFeb  3 04:05:06 mx postfix/qmgr[9]: 3A1B2C3D4F: removed\n"))
	z.Close()
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	stdin := "Nov 26 04:05:06 mx postfix/qmgr[9]: 3A1B2C3D4E: removed\n"
	for name, tt := range map[string]struct {
		s     settings
		paths []string
	}{
		"stream":     {settings{restarts: true}, []string{path, "-"}},
		"window":     {settings{restarts: true, since: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)}, []string{path}},
		"no restart": {settings{}, []string{path}},
	} {
		tt.s.zone = time.UTC
		p := &program{ctx: context.Background(), stdin: strings.NewReader(stdin), stderr: &bytes.Buffer{}}
		f := pathFlags{Path: tt.paths}
		in, err := f.openInput(p, tt.s)
		if err != nil {
			t.Fatal(err)
		}
		if l := in.logs[0]; l.supposed != nil || l.opt.Year != 2025 || l.opt.LastYear != 2026 || l.start.Year() != 2025 {
			t.Errorf("%s: supposed %v, years %d to %d, from %v", name, l.supposed, l.opt.Year, l.opt.LastYear, l.start)
		}
		for _, l := range in.logs {
			l.file.Close()
		}
	}
}
