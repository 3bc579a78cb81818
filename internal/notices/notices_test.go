package notices

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write THIRD_PARTY_NOTICES anew")

const (
	head = `smtplog is under the Apache License, version 2.0. Its binary is made of these too, each under the licence
that follows its name.
`
	rule = "\n========================================================================================\n"
)

var licenceFile = regexp.MustCompile(`(?i)^(un)?licen[cs]e|^copying|^notice|^patents`)

// What is linked into the binary is named, with its licence as it stands in the module.
func TestComplete(t *testing.T) {
	linked := map[string]map[string]string{} // the files of each module
	for _, system := range []string{"linux", "darwin", "freebsd", "windows"} {
		for module, files := range licencesOf(t, system) {
			if linked[module] == nil {
				linked[module] = map[string]string{}
			}
			maps.Copy(linked[module], files)
		}
	}
	if len(linked) < 20 {
		t.Fatalf("%d modules are linked", len(linked))
	}
	want := written(linked)
	if *update {
		if err := os.WriteFile("THIRD_PARTY_NOTICES", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	for module, files := range linked {
		if !strings.Contains(ThirdParty, "\n"+module+"\n") {
			t.Errorf("%s is linked and not named", module)
		}
		if len(files) == 0 {
			t.Errorf("%s has no licence", module)
		}
	}
	if ThirdParty != want {
		t.Error("THIRD_PARTY_NOTICES is not what the modules say (go test ./internal/notices -update)")
	}
}

// written is the text for the modules' files: those that share a text stand above it together.
func written(linked map[string]map[string]string) string {
	names := map[string][]string{} // of the modules with this text
	for module, files := range linked {
		var text string
		for _, name := range slices.Sorted(maps.Keys(files)) {
			text += "\n" + files[name]
		}
		names[text] = append(names[text], module)
	}
	var all []string
	for text, modules := range names {
		slices.Sort(modules)
		all = append(all, strings.Join(modules, "\n")+"\n"+text)
	}
	slices.Sort(all)
	return head + rule + strings.Join(all, rule)
}

// licencesOf returns the licence files of the modules that a system's binary links: those beside
// the linked packages and in the folders above them.
func licencesOf(t *testing.T, system string) map[string]map[string]string {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-f",
		"{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}\t{{.Dir}}\t{{$.Dir}}{{end}}{{end}}", "github.com/smtplog/smtplog/cmd/smtplog")
	cmd.Env = append(os.Environ(), "GOOS="+system, "GOARCH=amd64", "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", system, err)
	}
	found := map[string]map[string]string{}
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 3 {
			continue
		}
		module, root, dir := f[0], f[1], f[2]
		if found[module] == nil {
			found[module] = map[string]string{}
		}
		for ; strings.HasPrefix(dir, root); dir = filepath.Dir(dir) {
			if err := addLicences(found[module], root, dir); err != nil {
				t.Fatal(err)
			}
		}
		if strings.HasPrefix(module, "golang.org/x/sys ") { // The Go Authors' too, in the same words
			found["Go's standard library and runtime"] = found[module]
		}
	}
	return found
}

// addLicences adds the licence files in a folder of a module.
func addLicences(to map[string]string, root, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() || !licenceFile.MatchString(e.Name()) || strings.HasSuffix(e.Name(), ".go") {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		text := strings.TrimSpace(strings.ReplaceAll(string(b), "\r\n", "\n")) + "\n"
		below := filepath.ToSlash(strings.TrimPrefix(dir, root))
		if below != "" {
			text = fmt.Sprintf("(of %s)\n\n%s", below[1:], text)
		}
		to[below+"/"+e.Name()] = text
	}
	return nil
}
