package aggregate

import (
	"math/rand/v2"
	"reflect"
	"strings"
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

// A word counts in one place, whether it comes with a number or without, after the fold was saved,
// or merged, and whatever bytes it has.
func TestOwnKeys(t *testing.T) {
	senders := []string{"a@b.example", "x\x00y", "x?y", "x\x00y", strings.Repeat("l", longestName+1), "<>", "c@d.example"}
	names := newNames()
	count := func(f *recipients, numbered func(i int) bool) {
		for i := range 5 * len(senders) {
			v := &View{Message: &Message{Sender: senders[(i*3)%len(senders)]}}
			if numbered(i) {
				v.names = names
			}
			f.recipient(v, Delivered, int64(i+1))
		}
	}
	want := newRecipients(DimSender)
	count(want, func(int) bool { return false })
	for name, numbered := range map[string]func(i int) bool{
		"all":    func(int) bool { return true },
		"first":  func(i int) bool { return i < len(senders) },
		"last":   func(i int) bool { return i >= len(senders) },
		"odd":    func(i int) bool { return i%2 == 1 },
		"nobody": func(int) bool { return false },
	} {
		for _, saved := range []bool{false, true} {
			f, merged := newRecipients(DimSender), newRecipients(DimSender)
			count(f, func(i int) bool {
				if saved && i == 2*len(senders) {
					f.settle()
				}
				return numbered(i)
			})
			merged.merge(f)
			for _, most := range []int{0, 1, 3} {
				rows, _ := want.rows(0)
				if most > 0 {
					rows = rows[:most]
				}
				for how, got := range map[string]*recipients{"counted": f, "merged": merged} {
					if r, _ := got.rows(most); !reflect.DeepEqual(r, rows) || got.size() != want.size() {
						t.Errorf("%s, saved %v, %s, first %d: %v, want %v", name, saved, how, most, r, rows)
					}
				}
			}
		}
	}
}
