package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/smtplog/smtplog/internal/fixture"
	"github.com/smtplog/smtplog/internal/generate"
)

// TestCoresDoNotMatter: parsing ahead on other cores, and passing over what nobody looks at,
// changes no byte of any output. The race detector looks at several cores alone, and at less, but at
// each kind of log: all is compared without it.
func TestCoresDoNotMatter(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	defer func() { lineByLine = false }()
	output := func(cores int, args []string) string {
		runtime.GOMAXPROCS(cores)
		var stdout, stderr bytes.Buffer
		code := run(context.Background(), args, strings.NewReader(""), &stdout, &stderr)
		return fmt.Sprintf("%s\n%s\nexit code %d", stdout.Bytes(), stderr.Bytes(), code)
	}
	same := func(t *testing.T, paths []string, commands ...string) {
		t.Helper()
		for i, cmd := range commands {
			if fixture.Race && i > 2 && !strings.Contains(cmd, "--until") {
				continue
			}
			args := append(append(strings.Fields(cmd), "--no-progress", "--tz", "UTC"), paths...)
			many := output(4, args)
			if fixture.Race {
				continue
			}
			lineByLine = true
			one := output(1, args)
			lineByLine = false
			if one != many {
				t.Errorf("%v: one core and several give different results (%d and %d bytes)", args, len(one), len(many))
			}
		}
	}
	commands := []string{"report --format json", "events", "messages"}

	t.Run("generated", func(t *testing.T) {
		var paths []string
		for i, opt := range []generate.Options{{}, {Exim: true, LongIDs: true}} {
			opt.Bytes = 1 << 20
			var log bytes.Buffer
			if _, err := generate.Write(&log, opt); err != nil {
				t.Fatal(err)
			}
			paths = append(paths, filepath.Join(t.TempDir(), fmt.Sprintf("mail%d.log", i)))
			if err := os.WriteFile(paths[i], log.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		same(t, paths, append(commands, "bounces --format json", "report --anonymize=key --format json",
			"report --since 2026-01-05T06:10:00Z --until 2026-01-05T06:40:00Z --format json", "report --by reply,reason,time --format csv")...)
		same(t, paths[:1], append(commands, "report --until 2026-01-05T06:10:00Z --format json", "report --since 2026-01-05T06:10:00Z --format json",
			"report --client out1.* --format json", "report --mta exim --format json", "bounces --format json")...)
	})
	// One log cut in pieces: they follow each other, to the line or to a second in which lines of
	// two of them lie; or some lines of the second piece are older than the end of the first.
	t.Run("pieces", func(t *testing.T) {
		for i, opt := range []generate.Options{{}, {Exim: true}} {
			opt.Bytes = 2 << 20
			var log bytes.Buffer
			if _, err := generate.Write(&log, opt); err != nil {
				t.Fatal(err)
			}
			lines := slices.Collect(bytes.Lines(log.Bytes()))
			n := len(lines)
			for j, late := range []int{0, 3, n / 10} {
				dir := t.TempDir()
				first, second, third := lines[:n/3], lines[n/3:2*n/3], lines[2*n/3:]
				if late > 0 { // its last lines stand in the second
					first, second = lines[:n/3-late], slices.Concat(lines[n/3-late:n/3], second)
					first = append(slices.Clone(first), second[late:late+late]...)
					second = slices.Delete(slices.Clone(second), late, late+late)
				}
				for name, part := range map[string][][]byte{"mail.log.2": first, "mail.log.1": second, "mail.log": third} {
					if err := os.WriteFile(filepath.Join(dir, name), bytes.Join(part, nil), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				if fixture.Race && j != 1 {
					continue
				}
				t.Run(fmt.Sprint(i, j), func(t *testing.T) {
					same(t, []string{dir}, "report --format json", "bounces --format json", "report --until 2026-01-05T06:02:00Z --format json")
				})
			}
		}
	})
	// Archives that follow each other, of both MTAs and with stamps of both kinds, of which one is
	// damaged and one no mail log: each is decompressed while the one before is read.
	t.Run("archives", func(t *testing.T) {
		dir := t.TempDir()
		size := 1 << 20
		if fixture.Race {
			size /= 4
		}
		for i := range 8 {
			opt := generate.Options{Exim: i%3 == 1, Bytes: int64(size), Seed: uint64(i)}
			var log bytes.Buffer
			if _, err := generate.Write(&log, opt); err != nil {
				t.Fatal(err)
			}
			if i == 6 {
				log.Reset()
				for j := range size / 20 {
					fmt.Fprintf(&log, "2026-01-11T06:00:00.%06dZ web httpd[7]: GET /\n", j)
				}
			}
			later := strings.NewReplacer("Jan  5", fmt.Sprintf("Jan %2d", 5+i), "2026-01-05", fmt.Sprintf("2026-01-%02d", 5+i)).Replace(log.String())
			packed, err := pack("gzip", []byte(later))
			if err != nil {
				t.Fatal(err)
			}
			if i == 4 {
				packed = packed[:len(packed)*2/3]
			}
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("mail.log.%d.gz", 8-i)), packed, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		same(t, []string{dir}, append(commands, "report", "bounces --format json", "report --until 2026-01-07T06:02:00Z --format json")...)
	})
	t.Run("testdata", func(t *testing.T) {
		same(t, []string{fixture.Testdata(t, "logs")}, commands...)
	})
	t.Run("lab", func(t *testing.T) {
		fixture.NoRace(t)
		for _, path := range fixture.Glob(t, "lab", "logs", "*", "m*") {
			same(t, []string{path}, commands...)
		}
	})
}
