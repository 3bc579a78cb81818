package aggregate

import (
	"math/rand/v2"
	"testing"

	"github.com/smtplog/smtplog/internal/fixture"
)

// TestOpenMessages holds the hash table against a map, with hashes that collide in their places,
// while it grows and shrinks.
func TestOpenMessages(t *testing.T) {
	fixture.NoRace(t)
	r := rand.New(rand.NewPCG(1, 2))
	var table openMessages
	want := map[uint64]*Message{}
	var hashes []uint64 // ever put
	const steps = 40_000
	for step := range steps {
		h := r.Uint64N(300) << r.UintN(60)
		if grow := step/(steps/4)%2 == 0; r.IntN(3) > 0 == grow {
			h ^= r.Uint64N(1 << 12)
			hashes = append(hashes, h)
			m := &Message{}
			table.put(h, m)
			want[h] = m
		} else {
			if r.IntN(4) > 0 {
				h = hashes[r.IntN(len(hashes))]
			}
			table.remove(h)
			delete(want, h)
		}
		if got := table.get(h); got != want[h] {
			t.Fatalf("step %d: get(%x) = %p, want %p", step, h, got, want[h])
		}
		if step%(steps/8) == 0 {
			n := 0
			for range table.all {
				n++
			}
			if n != len(want) || n != table.n {
				t.Fatalf("step %d: %d messages, counted %d, want %d", step, n, table.n, len(want))
			}
			for _, h := range hashes {
				if table.get(h) != want[h] {
					t.Fatalf("step %d: get(%x) is another", step, h)
				}
			}
		}
	}
}
