package status

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
)

// slowLookup is the slow way to find the longest name: every end of a host name is looked up.
func slowLookup(m map[string]string, host []byte) string {
	b := bytes.ToLower(bytes.TrimRight(host, "."))
	for len(host) <= longestRun && len(b) > 0 {
		if of, ok := m[string(b)]; ok {
			return of
		}
		_, b, _ = bytes.Cut(b, []byte{'.'})
	}
	return ""
}

func TestSuffixes(t *testing.T) {
	names := map[string]string{"com": "all of com"}
	for _, row := range builtin().providers {
		for _, host := range append(row.hosts, row.domains...) {
			names[host] = row.name
		}
	}
	var labels []string
	for name := range names {
		if strings.ToLower(name) != name || strings.Trim(name, ".") != name {
			t.Errorf("%q: not as lookup wants it", name)
		}
		labels = append(labels, strings.Split(name, ".")...)
	}
	s := newSuffixes(names)
	check := func(host string) (found bool) {
		want := slowLookup(names, []byte(host))
		if got := s.lookup([]byte(host)); got != want {
			t.Fatalf("%q: %q, want %q", host, got, want)
		}
		return want != ""
	}
	r := rand.New(rand.NewPCG(5, 6))
	for name, of := range names {
		for _, host := range []string{name, strings.ToUpper(name), "mx." + name, name + ".", "x" + name, name[1:], "a.b.c." + name + "..", name + "." + name, "." + name} {
			check(host)
		}
		if got := s.lookup([]byte("mx1." + name)); got != of {
			t.Errorf("%q: %q, want %q", name, got, of)
		}
	}
	found := 0
	labels = append(labels, "", "x", "com", "org", strings.Repeat("y", 120))
	for range 50000 {
		var host []string
		for range 1 + r.IntN(4) {
			host = append(host, labels[r.IntN(len(labels))])
		}
		if check(strings.Join(host, ".")) {
			found++
		}
	}
	if found < 1000 {
		t.Errorf("only %d of the hosts are of a name", found)
	}
	if got := newSuffixes(nil).lookup([]byte("mx.example.com")); got != "" {
		t.Errorf("without names: %q", got)
	}
}
