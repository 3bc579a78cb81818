package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestAllowList(t *testing.T) {
	path := filepath.Join(t.TempDir(), "allow.txt")
	read := func(line string) (func(string) bool, error) {
		if err := os.WriteFile(path, []byte("\ufeff"+line+"\r\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return allowList(path)
	}
	for _, tt := range []struct{ line, yes, no string }{ // addresses in the form of aggregate.Mailbox
		{"Gone@D.example", "gone@d.example", "other@d.example"},
		{"<gone@d.example> # left", "gone@d.example", "other@d.example"},
		{"d.example", "gone@d.example", "gone@sub.d.example"},
		{"@d.example", "gone@d.example", "gone@sub.d.example"},
		{"*@d.example", "gone@d.example", "gone@sub.d.example"},
		{"*.d.example", "gone@sub.d.example", "gone@d.example"},
		{"@*.d.example", "gone@sub.d.example", "gone@d.example"},
		{"@localhost", "root@localhost", "root@d.example"},
		{"bücher.example", "joe@xn--bcher-kva.example", "joe@b.example"},
		{"joe@*.bücher.example", "joe@a.xn--bcher-kva.example", "joe@xn--bcher-kva.example"},
		{`"a b"@d.example`, "a b@d.example", "a@d.example"},
		{"u@[192.0.2.1]", "u@[192.0.2.1]", "u@d.example"},
	} {
		allows, err := read(tt.line)
		if err != nil || !allows(tt.yes) || allows(tt.no) {
			t.Errorf("%q: error %v, or %s is not allowed, or %s is", tt.line, err, tt.yes, tt.no)
		}
	}
	for _, line := range []string{"X 1", "X", "root", "!u@d.example", "u@d.example OK", "u@d.example,v@d.example", "u@d.example: why", "u@", "@", "<>", `"u@d.example"`, "u@v@d.example"} {
		if _, err := read(line); err == nil {
			t.Errorf("%q: no error", line)
		}
	}
}
