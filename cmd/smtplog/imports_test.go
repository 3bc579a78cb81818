package main

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/smtplog/smtplog/internal/fixture"
)

// Imports run one way: a package may import only what is named here (of this module).
func TestImportsRunOneWay(t *testing.T) {
	const module = "github.com/smtplog/smtplog/"
	for pkg, allowed := range map[string][]string{
		"status":             nil,
		"parser":             {"status"},
		"aggregate":          {"status", "parser"},
		"internal/source":    nil,
		"internal/follow":    {"internal/source"},
		"internal/notices":   nil,
		"internal/dashboard": {"aggregate", "internal/render"},
		"internal/anonymize": {"status", "parser"},
		"internal/render":    {"status", "parser", "aggregate"},
	} {
		files, err := filepath.Glob(filepath.Join(fixture.Root(t), pkg, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pkg, len(files), err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
			if err != nil {
				t.Fatal(err)
			}
			for _, imp := range f.Imports {
				path, _ := strconv.Unquote(imp.Path.Value)
				if name, ours := strings.CutPrefix(path, module); ours && !slices.Contains(allowed, name) {
					t.Errorf("%s imports %s", filepath.Base(file), name)
				}
				if pkg == "status" && strings.Contains(path, ".") {
					t.Errorf("status imports %s, which is not the standard library's", path)
				}
			}
		}
	}
}
