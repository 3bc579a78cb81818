package follow

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// journalctl stands for the real one: entries are the lines of a file, each run hands out
// three at most after its cursor, with half a line more, and then fails.
const journalctl = `#!/bin/sh
echo "$*" >>"$JOURNAL.runs"
after=0 last=
for arg; do
	case "$last $arg" in
	"--after-cursor s="*) after=${arg#s=} ;;
	"-n 1") exec tail -n 1 "$JOURNAL" ;;
	esac
	last=$arg
done
awk -v after="$after" 'NR > after && n++ < 3; NR > after && n == 4 { printf "{\"__CURSOR\":\"s=%d\",\"MES", NR; n++ }' "$JOURNAL"
case "$*" in *-f*) ;; *) exec >&-; sleep 0.2; exit 0 ;; esac # it ends after its output
echo "Failed to iterate through journal" >&2
exit 1
`

func fakeJournal(t *testing.T) (path string) {
	t.Helper()
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "journalctl"), []byte(journalctl), 0o700))
	path = filepath.Join(dir, "journal")
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Setenv("JOURNAL", path)
	return path
}

func entries(from, to int) string {
	var b strings.Builder
	for n := from; n < to; n++ {
		fmt.Fprintf(&b, `{"__CURSOR":"s=%d","MESSAGE":"entry \"__CURSOR\":\"s=9\""}`+"\n", n)
	}
	return b.String()
}

func TestJournal(t *testing.T) {
	path := fakeJournal(t)
	write(t, path, entries(1, 8))
	r := read(t, options(FromStart, JournalPath))
	r.wait(JournalPath, entries(1, 8))
	r.told(Failed)
	write(t, path, entries(8, 9))
	r.wait(JournalPath, entries(1, 9))
	pos := r.stop()
	if len(pos) != 1 || pos[0].Cursor != "s=8" || pos[0].String() != "s=8" {
		t.Errorf("position %v", pos)
	}
	write(t, path, entries(9, 11))
	o := options(FromPositions, JournalPath)
	o.Positions, o.Once = pos, true
	r = read(t, o)
	r.end()
	r.wait(JournalPath, entries(9, 11))
	if len(r.notices) > 0 {
		t.Errorf("notices %v", r.notices)
	}

	runs, err := os.ReadFile(path + ".runs")
	must(t, err)
	if last := strings.TrimSpace(string(runs)); !strings.HasSuffix(last, "-o json --no-pager -n all --after-cursor s=8") {
		t.Errorf("runs:\n%s", runs)
	}
}

func TestJournalFromEnd(t *testing.T) {
	path := fakeJournal(t)
	write(t, path, entries(1, 5))
	r := read(t, options(FromEnd, JournalPath))
	r.opened(JournalPath)
	write(t, path, entries(5, 7))
	r.wait(JournalPath, entries(5, 7))
}

func TestNoJournal(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	r := read(t, options(FromStart, JournalPath))
	r.end()
	r.told(Failed)
}

func TestCursor(t *testing.T) {
	for line, want := range map[string]string{
		`{"__CURSOR":"s=1;i=2","MESSAGE":"m"}`:                "s=1;i=2",
		`{ "__CURSOR" : "s=1;i=2", "MESSAGE" : "m" }`:         "s=1;i=2",
		`{"MESSAGE":"\"__CURSOR\":\"s=9\"","__CURSOR":"s=1"}`: "s=1",
		`{"MESSAGE":"no cursor"}`:                             "",
		`{"__CURSOR":"cut`:                                    "",
		"{\"__CURSOR\":\"first\"}\n{\"__CURSOR\":\"second\"}": "first",
		`{"__CURSOR":`: "",
		"":             "",
	} {
		if got := cursor([]byte(line)); got != want {
			t.Errorf("cursor(%q) = %q, want %q", line, got, want)
		}
	}
}

func TestStream(t *testing.T) {
	in, out, err := os.Pipe()
	must(t, err)
	defer in.Close()
	o := options(FromStart, "-")
	o.Stdin = in
	r := read(t, o)
	fmt.Fprint(out, "one\ntw")
	r.wait("-", "one\n")
	fmt.Fprint(out, "o\nthree\nunfinished")
	r.wait("-", "one\ntwo\nthree\n")
	out.Close()
	r.end()
	r.wait("-", "one\ntwo\nthree\nunfinished")
}

// A silent pipe does not keep Stop waiting.
func TestStopsBesideASilentStream(t *testing.T) {
	in, out, err := os.Pipe()
	must(t, err)
	defer in.Close()
	defer out.Close()
	o := options(FromStart, "-")
	o.Stdin = in
	r := read(t, o)
	fmt.Fprint(out, "one\n")
	r.wait("-", "one\n")
	r.stop()
}

// Writers of a named pipe come and go.
func TestFIFO(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	err := mkfifo(path)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip("no named pipes here")
	}
	must(t, err)
	r := read(t, options(FromStart, path))
	want := ""
	for n := range 3 {
		w, err := os.OpenFile(path, os.O_WRONLY, 0)
		must(t, err)
		fmt.Fprint(w, block(n, n+5))
		want += block(n, n+5)
		r.wait(path, want)
		w.Close()
		time.Sleep(10 * time.Millisecond)
	}
	w, err := os.OpenFile(path, os.O_WRONLY, 0)
	must(t, err)
	defer w.Close()
	fmt.Fprint(w, block(10, 12)+"unfinished")
	r.stop()
	r.wait(path, want+block(10, 12)+"unfinished")
}
