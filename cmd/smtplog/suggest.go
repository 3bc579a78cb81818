package main

import (
	"fmt"
	"strings"
)

// noSuch says that a word is none of the names that there are, and which was perhaps meant.
func noSuch(what, word string, names []string) error {
	if near := nearest(word, names); near != "" {
		return fmt.Errorf("no such %s, did you mean %s?", what, near)
	}
	return fmt.Errorf("no such %s, want one of %s", what, strings.Join(names, ", "))
}

// nearest returns the name that a mistyped word is like, without regard to case: a letter in three
// may differ. "" if there is none.
func nearest(word string, names []string) (near string) {
	word = strings.ToLower(word)
	least := len(word)/3 + 1
	for _, name := range names {
		if d := distance(word, strings.ToLower(name)); d < least {
			near, least = name, d
		}
	}
	return near
}

// distance is how many bytes must be changed, added, left out or swapped with the next one to make
// b of a.
func distance(a, b string) int {
	var before, above []int // two rows back, and one
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, above, row = above, row, make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			d := above[j-1]
			if a[i-1] != b[j-1] {
				d++
			}
			row[j] = min(d, above[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
