package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/smtplog/smtplog/internal/fixture"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"smtplog": main})
}

// The scripts in testdata/script run the real program on real files: exit code and both
// streams, one behaviour a script. $LOGS is the project's testdata/logs.
func TestScripts(t *testing.T) {
	dir, files := "testdata/script", []string(nil)
	if fixture.Race { // which makes each start of the program slow: those in which goroutines meet
		dir = ""
		for _, name := range []string{"checkpoint", "compression", "folder", "interrupt", "journal", "progress", "tail"} {
			files = append(files, filepath.Join("testdata/script", name+".txt"))
		}
	}
	testscript.Run(t, testscript.Params{
		Dir: dir, Files: files,
		Setup: func(e *testscript.Env) error {
			e.Setenv("LOGS", fixture.Testdata(t, "logs"))
			e.Setenv("TZ", "UTC")
			e.Setenv("HOME", e.WorkDir) // no configuration of the machine's user
			e.Setenv("COLUMNS", "200")
			return writeOddFiles(e.WorkDir)
		},
		Cmds: commands,
		Condition: func(cond string) (bool, error) {
			if cond != "root" {
				return false, fmt.Errorf("unknown condition %q", cond)
			}
			return os.Getuid() <= 0, nil // -1 where there are no users: permissions are others there
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
	var lines bytes.Buffer
	for range 20000 {
		lines.WriteString("Nov  3 04:00:01 mx postfix/qmgr[1]: 3A1B2C3D4E: removed\n")
	}
	packed, err := pack("gzip", lines.Bytes())
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "cut.log.gz"), packed[:len(packed)/2], 0o600)
}

// pack compresses as gzip, zstd or lz4 do.
func pack(kind string, content []byte) ([]byte, error) {
	var b bytes.Buffer
	var w io.WriteCloser
	var err error
	switch kind {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "zstd":
		w, err = zstd.NewWriter(&b)
	case "lz4":
		w = lz4.NewWriter(&b)
	}
	if err == nil {
		_, err = w.Write(content)
	}
	if err == nil {
		err = w.Close()
	}
	return b.Bytes(), err
}

// commands are what scripts need besides the program.
var commands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	// pack KIND FILE TO writes FILE compressed to TO.
	"pack": func(ts *testscript.TestScript, _ bool, args []string) {
		b, err := pack(args[0], []byte(ts.ReadFile(args[1])))
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(args[2]), b, 0o600))
	},
	// written TIME FILE... says when the files were last written.
	"written": func(ts *testscript.TestScript, _ bool, args []string) {
		t, err := time.Parse(time.DateOnly, args[0])
		ts.Check(err)
		for _, name := range args[1:] {
			ts.Check(os.Chtimes(ts.MkAbs(name), t, t))
		}
	},
	// link FILE NAME makes a hard link.
	"link": func(ts *testscript.TestScript, _ bool, args []string) {
		ts.Check(os.Link(ts.MkAbs(args[0]), ts.MkAbs(args[1])))
	},
}
