package aggregate

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// Addresses of a list are counted once however they are written, whatever their number.
func TestDistinct(t *testing.T) {
	for _, c := range []struct {
		list string
		want int
	}{
		{"", 0},
		{"a@d.example", 1},
		{"a@d.example A@D.example", 1},
		{" a@d.example  b@d.example ", 2},
		{`"a b"@d.example "a b"@d.example "a c"@d.example`, 2},
		{`"a\" b@d.example c"@d.example x."y z"@d.example`, 2},
		{"\u212a@d.example k@d.example", 2}, // the Kelvin sign is no letter of ASCII
	} {
		if got := distinct(c.list); got != c.want {
			t.Errorf("distinct(%q) = %d, want %d", c.list, got, c.want)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var list []string
		different := map[int]bool{}
		for range 1 + r.IntN(120) {
			n := r.IntN(100)
			different[n] = true
			a := fmt.Sprintf("common.prefix%d@d%d.example", n, n%7)
			if r.IntN(2) == 0 {
				a = strings.ToUpper(a)
			}
			list = append(list, a)
		}
		if got := distinct(strings.Join(list, " ")); got != len(different) {
			t.Fatalf("distinct(%q) = %d, want %d", list, got, len(different))
		}
	}
}
