package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/smtplog/smtplog/internal/fixture"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"smtplog": main})
}

// The scripts in testdata/script run the real program on real files: exit code and both
// streams, one behaviour a script. $LOGS is the project's testdata/logs.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("LOGS", fixture.Testdata(t, "logs"))
			e.Setenv("TZ", "UTC")
			return writeOddFiles(e.WorkDir)
		},
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
	})
}

// writeOddFiles writes the files that a script's text cannot hold.
func writeOddFiles(dir string) error {
	jpeg := append([]byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00"), bytes.Repeat([]byte{0, 1, 2, 0xff, 'x'}, 500)...)
	if err := os.WriteFile(filepath.Join(dir, "picture.jpg"), jpeg, 0o600); err != nil {
		return err
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	for range 20000 {
		z.Write([]byte("Nov  3 04:00:01 mx postfix/qmgr[1]: 3A1B2C3D4E: removed\n"))
	}
	if err := z.Close(); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "cut.log.gz"), b.Bytes()[:b.Len()/2], 0o600)
}
