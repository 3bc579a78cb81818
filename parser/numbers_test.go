package parser

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// A word keeps the number that it got first; beyond maxNumbers there are no new ones.
func TestNumbers(t *testing.T) {
	var n Numbering
	words := func(word []byte) uint32 { return n.of(&n.senders, word) }
	want := map[string]uint32{}
	for i := range maxNumbers + 1000 {
		word := fmt.Sprintf("%sd%d.example", strings.Repeat("x", i%5*60), i)
		if len(word) > longestNumbered {
			t.Fatal(word)
		}
		if i < maxNumbers {
			want[word] = uint32(i + 1)
		}
		if got := words([]byte(word)); got != want[word] {
			t.Fatalf("%s: number %d, want %d", word, got, want[word])
		}
	}
	for word, n := range want {
		if got := words([]byte(word)); got != n {
			t.Fatalf("%s: number %d, had %d", word, got, n)
		}
	}
	for length, want := range map[int]uint32{0: 0, longestNumbered: 0, longestNumbered + 1: 0} {
		if got := words(make([]byte, length)); got != want {
			t.Errorf("a new word of %d bytes has number %d when all are given", length, got)
		}
	}
	n = Numbering{}
	few := words
	if long := make([]byte, longestNumbered+1); few(long) != 0 || few(long[1:]) != 1 || few(nil) != 2 || few(long[1:]) != 1 {
		t.Error("the longest and the shortest word")
	}
}

// Pairs of a domain and a relay get the numbers that each gets alone, in whichever order they come.
func TestPairs(t *testing.T) {
	var n Numbering
	domains, relays := map[string]uint32{}, map[string]uint32{}
	number := func(of map[string]uint32, word string) uint32 {
		if word == "" {
			return 0
		}
		if of[word] == 0 {
			of[word] = uint32(len(of) + 1)
		}
		return of[word]
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		domain, relay := fmt.Sprintf("d%d.example", rng.IntN(300)), fmt.Sprintf("mx%d.example[192.0.2.1]", rng.IntN(400))
		address := "a@" + strings.ToUpper(domain[:1]) + domain[1:]
		switch rng.IntN(10) {
		case 0:
			domain, address = "", "root"
		case 1:
			relay = ""
		case 2:
			relay = strings.Repeat("x", longestNumbered+1)
		case 3:
			relay = domain // the same word is another one
		}
		var key []byte
		if relay != "" {
			key = []byte(relay)
		}
		if len(relay) > longestNumbered {
			relay = ""
		}
		d, r := n.attempt([]byte(address), key)
		if wantD, wantR := number(domains, domain), number(relays, relay); d != wantD || r != wantR {
			t.Fatalf("%s at %s: numbers %d and %d, want %d and %d", address, key, d, r, wantD, wantR)
		}
	}
}
