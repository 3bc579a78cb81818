package aggregate

import (
	"testing"
	"time"
)

// Every duration lies in its bucket, which is at most a sixteenth wide.
func TestHistogramBuckets(t *testing.T) {
	for d := time.Duration(0); d < 400*24*time.Hour; d += d/7 + time.Millisecond {
		b := bucket(d)
		if u := upper(b); d > u || u > d+d/16+time.Millisecond {
			t.Fatalf("%v: bucket %d up to %v", d, b, u)
		}
	}
}

func TestHistogramQuantiles(t *testing.T) {
	var a, b histogram
	for i := range 1000 {
		h := &a
		if i%2 == 0 {
			h = &b
		}
		h.add(time.Duration(i+1)*time.Second, 1)
	}
	a.merge(&b)
	for q, want := range map[float64]time.Duration{0.5: 500 * time.Second, 0.9: 900 * time.Second, 0.99: 990 * time.Second, 1: 1000 * time.Second} {
		got := a.quantile(q)
		if got < want || got > want+want/16 {
			t.Errorf("quantile %v: %v, want %v and at most a sixteenth more", q, got, want)
		}
	}
	if a.count != 1000 || a.max != 1000*time.Second {
		t.Errorf("count %d max %v", a.count, a.max)
	}
}
