package parser

import (
	"fmt"
	"strings"
	"testing"
)

// A word keeps the number that it got first; beyond maxNumbers there are no new ones.
func TestNumbers(t *testing.T) {
	var words numbers
	want := map[string]uint32{}
	for i := range maxNumbers + 1000 {
		word := fmt.Sprintf("%sd%d.example", strings.Repeat("x", i%5*60), i)
		if len(word) > longestNumbered {
			t.Fatal(word)
		}
		if i < maxNumbers {
			want[word] = uint32(i + 1)
		}
		if got := words.of([]byte(word)); got != want[word] {
			t.Fatalf("%s: number %d, want %d", word, got, want[word])
		}
	}
	for word, n := range want {
		if got := words.of([]byte(word)); got != n {
			t.Fatalf("%s: number %d, had %d", word, got, n)
		}
	}
	for length, want := range map[int]uint32{0: 0, longestNumbered: 0, longestNumbered + 1: 0} {
		if got := words.of(make([]byte, length)); got != want {
			t.Errorf("a new word of %d bytes has number %d when all are given", length, got)
		}
	}
	var few numbers
	if long := make([]byte, longestNumbered+1); few.of(long) != 0 || few.of(long[1:]) != 1 || few.of(nil) != 2 || few.of(long[1:]) != 1 {
		t.Error("the longest and the shortest word")
	}
}
