package aggregate

import (
	"math/rand/v2"
	"testing"
)

// TestOpenMessages holds the hash table against a map, with hashes that collide in their places.
func TestOpenMessages(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var table openMessages
	want := map[uint64]*Message{}
	for step := range 200_000 {
		h := r.Uint64N(300) << r.UintN(60)
		switch grow := step/20_000%2 == 0; {
		case grow && r.IntN(3) > 0 || !grow && r.IntN(4) == 0:
			h ^= r.Uint64N(1 << 12)
			m := &Message{}
			table.put(h, m)
			want[h] = m
		case r.IntN(2) == 0:
			for k := range want {
				h = k
				break
			}
			fallthrough
		default:
			table.remove(h)
			delete(want, h)
		}
		if got := table.get(h); got != want[h] {
			t.Fatalf("step %d: get(%x) = %p, want %p", step, h, got, want[h])
		}
		if step%5000 == 0 {
			n := 0
			for range table.all {
				n++
			}
			if n != len(want) || n != table.n {
				t.Fatalf("step %d: %d messages, counted %d, want %d", step, n, table.n, len(want))
			}
			for k, m := range want {
				if table.get(k) != m {
					t.Fatalf("step %d: get(%x) is another", step, k)
				}
			}
		}
	}
}
