package render

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/smtplog/smtplog/aggregate"
)

// pivot turns the long over_time table into one with a row a bucket and a column a series,
// as many of the largest as fit into width; the others are added up.
func pivot(t *aggregate.Table, width int) aggregate.Table {
	const column = 7 // narrowest column with its gap
	sums := map[string]int64{}
	var names []string
	for _, row := range t.Rows {
		name := row[2].(string)
		if _, ok := sums[name]; !ok {
			names = append(names, name)
		}
		sums[name] += row[3].(int64)
	}
	slices.SortStableFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(sums[b], sums[a]), cmp.Compare(a, b))
	})
	shown := names
	used := 13
	for i, n := range names {
		used += max(column, len(n)+2)
		if used > width-10 && i < len(names)-1 || used > width {
			shown = names[:i]
			break
		}
	}
	out := *t
	out.Columns = []aggregate.Column{{Name: "time", Type: "time"}}
	for _, n := range shown {
		out.Columns = append(out.Columns, aggregate.Column{Name: n, Type: "integer"})
	}
	if len(shown) < len(names) {
		out.Columns = append(out.Columns, aggregate.Column{Name: "others", Type: "integer"})
	}
	out.Rows = nil
	var start time.Time
	var row []any
	for _, r := range t.Rows {
		if at := r[0].(time.Time); row == nil || !at.Equal(start) {
			start = at
			row = make([]any, len(out.Columns))
			row[0] = at
			for i := 1; i < len(row); i++ {
				row[i] = int64(0)
			}
			out.Rows = append(out.Rows, row)
		}
		i := slices.Index(shown, r[2].(string)) + 1
		if i == 0 {
			i = len(row) - 1
		}
		row[i] = row[i].(int64) + r[3].(int64)
	}
	return out
}

// barWidth is the length of the longest bar.
const barWidth = 12

// addBars adds a column of bars to a pivoted over_time: how many attempts failed.
func addBars(view, long *aggregate.Table) {
	failed := map[int64]int64{}
	most := int64(1)
	for _, r := range long.Rows {
		if r[2] == aggregate.DeliveredCategory {
			continue
		}
		at := r[0].(time.Time).Unix()
		failed[at] += r[3].(int64)
		most = max(most, failed[at])
	}
	view.Columns = append(view.Columns, aggregate.Column{Name: "failed", Type: "string"})
	for i, row := range view.Rows {
		n := failed[row[0].(time.Time).Unix()]
		view.Rows[i] = append(row, strings.Repeat("#", int((n*barWidth+most-1)/most)))
	}
}

// foldEmpty replaces a long run of buckets without an attempt by one row.
func foldEmpty(rows [][]any) [][]any {
	var out [][]any
	for i := 0; i < len(rows); {
		n := i
		for n < len(rows) && isEmpty(rows[n]) {
			n++
		}
		if n-i > 3 {
			row := make([]any, len(rows[i]))
			row[0] = rows[i][0]
			row[len(row)-1] = fmt.Sprintf("(%d empty)", n-i)
			out = append(out, row)
			i = n
			continue
		}
		n = max(n, i+1)
		out = append(out, rows[i:n]...)
		i = n
	}
	return out
}

// isEmpty tells whether a pivoted row counts nothing.
func isEmpty(row []any) bool {
	for _, cell := range row {
		if n, ok := cell.(int64); ok && n != 0 {
			return false
		}
	}
	return true
}
