package aggregate

import (
	"math/rand/v2"
	"testing"
)

// Whoever writes into a log chooses which numbers come together. Pairs that a hash without a secret
// put side by side (this one was ours) must not find each other, or each new key of a table would
// pass all before it.
func TestChosenKeys(t *testing.T) {
	const places, n = 1 << 17, 1 << 15
	var chosen []key
	for a := uint64(1); len(chosen) < n; a++ { // domain, reason
		for b := range uint64(34) {
			k := key{a<<8 | b, 0}
			h := k[0] * 0xD6E8FEB86659FD93
			if (h^h>>32)&(places-1) < places/256 {
				chosen = append(chosen, k)
			}
		}
	}
	rand.Shuffle(len(chosen), func(i, j int) { chosen[i], chosen[j] = chosen[j], chosen[i] })
	plain := make([]key, n)
	for i := range plain {
		plain[i] = key{uint64(i/34)<<8 | uint64(i%34), 0}
	}
	two := make([]key, n) // both words
	for i := range two {
		two[i] = key{uint64(i) << 40, uint64(i) << 45}
	}
	for name, keys := range map[string][]key{"chosen": chosen, "in turn": plain, "in both words": two} {
		q := numbered[int]{dims: []Dim{DimDomain, DimReason}}
		for i, k := range keys[:n] {
			q.put(k, &i)
		}
		longest, run := 0, 0
		for _, s := range q.slots {
			run++
			if s.t == nil {
				run = 0
			}
			longest = max(longest, run)
		}
		if longest > 200 { // some 30 for random keys, with half of the places taken
			t.Errorf("%s: %d keys side by side", name, longest)
		}
		for i, k := range keys[:n] {
			if p := q.find(k); p == nil || *p != i {
				t.Fatalf("%s: key %d is lost", name, i)
			}
		}
	}
}
