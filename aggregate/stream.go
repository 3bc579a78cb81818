package aggregate

import (
	"iter"
	"slices"
)

// streamFrom is from how many rows on a table is large (Options.Stream).
const streamFrom = 1000

// table makes the table of a fold.
func (s *spec) table(f fold, stream bool) Table {
	t := Table{Name: s.name, Title: s.title, Unit: s.unit, Columns: s.columns}
	if b, ok := f.(*bounceTable); ok && stream {
		t.Approximate, t.made = b.approximate(), func(put func([]any) bool) { b.make(b.log, put) }
		return t
	}
	if k, ok := f.(keyedFold); ok && stream && k.size() >= streamFrom {
		_, t.Approximate = f.rows(1)
		t.first = func(n int) ([][]any, int) {
			rows, _ := f.rows(n)
			return rows[:min(n, len(rows))], k.size()
		}
		t.made = func(put func([]any) bool) {
			rows, _ := f.rows(0)
			for _, row := range rows {
				if !put(row) {
					return
				}
			}
		}
		return t
	}
	if t.Rows, t.Approximate = f.rows(0); t.Rows == nil {
		t.Rows = [][]any{}
	}
	return t
}

// All goes through the rows, whether they are in Rows or made when they are wanted (Options.Stream);
// a row is valid until the next.
func (t *Table) All() iter.Seq[[]any] {
	if t.made == nil {
		return slices.Values(t.Rows)
	}
	return t.made
}

// Len is how many rows there are, with those that are made when they are wanted and those that Head
// has left out.
func (t *Table) Len() int {
	if t.made == nil {
		return len(t.Rows) + t.More
	}
	if t.first != nil {
		_, n := t.first(1)
		return n
	}
	n := 0
	for range t.All() {
		n++
	}
	return n
}

// Head returns a table whose rows are made when they are wanted with the first n of them in Rows, all
// where n is not positive; a table that has its rows as it is.
func (t *Table) Head(n int) Table {
	head := *t
	if t.made == nil {
		return head
	}
	head.made, head.first = nil, nil
	if t.first != nil && n > 0 {
		var all int
		head.Rows, all = t.first(n)
		head.More = all - len(head.Rows)
		return head
	}
	for row := range t.All() {
		if n > 0 && len(head.Rows) >= n {
			head.More++
		} else {
			head.Rows = append(head.Rows, slices.Clone(row))
		}
	}
	return head
}
