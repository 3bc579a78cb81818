package aggregate

import "slices"

// tally counts different values: exactly up to sketch of them, beyond that from the
// smallest hashes that it saw (k minimum values: with n values in all, the k-th smallest hash
// lies near k/n of the way). It does not depend on the order, and adds up. The zero tally
// is empty.
type tally struct {
	hashes []uint64 // unsorted, with repeats, until compact
	full   bool     // larger hashes than the largest here were dropped
}

// sketch is how many hashes are kept; estimates are then off by about 1/sqrt(sketch), 3 %.
const sketch = 1024

func (d *tally) add(h uint64) {
	if len(d.hashes) >= 2*sketch {
		d.compact()
	}
	d.hashes = append(d.hashes, h)
}

func (d *tally) compact() {
	slices.Sort(d.hashes)
	d.hashes = slices.Compact(d.hashes)
	if len(d.hashes) > sketch {
		d.hashes, d.full = d.hashes[:sketch], true
	}
}

func (d *tally) merge(o *tally) {
	d.full = d.full || o.full
	for _, h := range o.hashes {
		d.add(h)
	}
}

// count returns how many different values there were.
func (d *tally) count() int64 {
	d.compact()
	if !d.full {
		return int64(len(d.hashes))
	}
	return int64(float64(sketch-1) / (float64(d.hashes[sketch-1]) / (1 << 64)))
}

// share returns how many of the values have a property, judged from those kept.
func (d *tally) share(has func(h uint64) bool) float64 {
	d.compact()
	n := 0
	for _, h := range d.hashes {
		if has(h) {
			n++
		}
	}
	if len(d.hashes) == 0 {
		return 0
	}
	return float64(n) / float64(len(d.hashes))
}
