package parser

import (
	"math/rand/v2"
	"testing"
)

// The runs that take eight bytes at a time end where those end that take one.
func TestRuns(t *testing.T) {
	quoted := func(b []byte) int {
		for i, c := range b {
			if c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
				return i
			}
		}
		return len(b)
	}
	check := func(b []byte) {
		t.Helper()
		if got, want := plainRun(b), run(&plainByte, b); got != want {
			t.Fatalf("plainRun(%q) = %d, want %d", b, got, want)
		}
		if got, want := quotedRun(b), quoted(b); got != want {
			t.Fatalf("quotedRun(%q) = %d, want %d", b, got, want)
		}
	}
	for c := range 256 { // each byte at each place, alone and before each other
		for d := range 256 {
			for at := range 9 {
				b := []byte("abcdefghi!")
				b[at], b[at+1] = byte(c), byte(d)
				check(b)
			}
		}
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for range 100_000 {
		b := make([]byte, rng.IntN(40))
		for i := range b {
			b[i] = byte(rng.IntN(256))
			if rng.IntN(8) > 0 {
				b[i] = "!aZ09.@=;[]~#"[rng.IntN(13)]
			}
		}
		check(b)
	}
}
