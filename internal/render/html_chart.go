package render

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/smtplog/smtplog/aggregate"
)

// plot is one chart. Across, places are per cent of its width and text has a fixed size, so
// that it can be read on a phone and on paper; downwards they are pixels.
type plot struct {
	ID, Title, Desc string
	Table           string // the ID of the table with the same numbers
	Wide            bool
	Height          int
	AxisY           int // where the lines of XTicks end
	Legend          []legend
	Bars            []plotBar    // lie, one below the other
	Columns         []plotColumn // stand, one beside the other
	XTicks, YTicks  []tick
}

type legend struct{ Name, Class, Value string }

// plotBar is a bar with the text above it.
type plotBar struct {
	Label, Value string
	TextY, Y     int
	Segments     []segment
}

type plotColumn struct {
	X, W     string
	Segments []segment
}

// segment is a part of a bar: where it begins and how long it is.
type segment struct{ X, W, Class, Tip string }

type tick struct{ At, Label, Anchor, Class string }

// coord writes a place in a chart.
func coord(f float64) string { return strconv.FormatFloat(f, 'f', 2, 64) }

// chartsOf is the registry: which table gets which chart.
var chartsOf = map[string]func(t *aggregate.Table, zone *time.Location) *plot{
	"over_time": columnsOverTime,
	"reasons":   barsOf("Failed attempts by reason", "reason", "attempts"),
	"by_reason": barsOf("Failed recipients by reason", "reason", "recipients"),
	"by_domain": barsOf("Failed recipients by domain", "domain", "recipients"),
	"providers": stackedBars("Attempts by provider", "provider", "delivered", "deferred", "bounced"),
	"domains":   stackedBars("Recipients by domain", "domain", "delivered", "bounced", "expired", "queued"),
	"delays":    percentileBars,
}

// charts returns the chart of a table, if it has one.
func charts(t *aggregate.Table, zone *time.Location) []plot {
	draw := chartsOf[t.Name]
	if draw == nil {
		return nil
	}
	p := draw(t, zoneOr(zone))
	if p == nil {
		return nil
	}
	p.ID, p.Table = "chart-"+t.Name, "table-"+t.Name
	return []plot{*p}
}

const (
	maxBars   = 10  // of a chart of bars; the table has all
	barHeight = 40  // of a bar and its text
	maxStands = 168 // columns of a chart over time: a week of hours
)

// column returns the place of a column, -1 if there is none.
func column(t *aggregate.Table, name string) int {
	return slices.IndexFunc(t.Columns, func(c aggregate.Column) bool { return c.Name == name })
}

func number(cell any) int64 {
	n, _ := cell.(int64)
	return n
}

// none is shown for an absent key.
const none = "(none)"

// label is a row's name in a chart.
func label(cell any) string {
	s, _ := cell.(string)
	if s == "" {
		return none
	}
	return cut(Text(s), 34)
}

// barsOf draws the largest counts of a table as bars, in the colours of their categories.
func barsOf(title, key, count string) func(*aggregate.Table, *time.Location) *plot {
	return func(t *aggregate.Table, _ *time.Location) *plot {
		k, n, category := column(t, key), column(t, count), column(t, "category")
		if k < 0 || n < 0 {
			return nil
		}
		p := &plot{Title: title}
		var most, sum int64
		for _, row := range t.Rows {
			most = max(most, number(row[n]))
			sum += number(row[n])
		}
		for _, row := range t.Rows[:min(maxBars, len(t.Rows))] {
			v := number(row[n])
			if v == 0 {
				continue
			}
			class := "bounced"
			if category >= 0 {
				word, _ := row[category].(string)
				class = categoryClass(word)
				if !slices.ContainsFunc(p.Legend, func(l legend) bool { return l.Name == Text(word) }) {
					p.Legend = append(p.Legend, legend{Name: Text(word), Class: class})
				}
			}
			name := label(row[k])
			p.bar(name, group(v)+" · "+percent(v, sum), segment{X: "0", W: coord(float64(v) * 100 / float64(most)), Class: class, Tip: name + ": " + group(v)})
		}
		p.rest(len(t.Rows))
		return p.drawn()
	}
}

// stackedBars draws the largest rows of a table as bars of several counts, all to one scale.
func stackedBars(title, key string, counts ...string) func(*aggregate.Table, *time.Location) *plot {
	return func(t *aggregate.Table, _ *time.Location) *plot {
		k := column(t, key)
		if k < 0 || len(t.Rows) == 1 && label(t.Rows[0][k]) == none {
			return nil
		}
		p := &plot{Title: title}
		rows := t.Rows[:min(maxBars, len(t.Rows))]
		sum := func(row []any) (n int64) {
			for _, c := range counts {
				if i := column(t, c); i >= 0 {
					n += number(row[i])
				}
			}
			return n
		}
		var most int64 = 1
		for _, row := range rows {
			most = max(most, sum(row))
		}
		for _, c := range counts {
			i := column(t, c)
			var n int64
			for _, row := range rows {
				if i >= 0 {
					n += number(row[i])
				}
			}
			if n > 0 {
				p.Legend = append(p.Legend, legend{Name: c, Class: c})
			}
		}
		for _, row := range rows {
			name, at := label(row[k]), 0.0
			var parts []segment
			for _, c := range counts {
				i := column(t, c)
				if i < 0 || number(row[i]) == 0 {
					continue
				}
				w := float64(number(row[i])) * 100 / float64(most)
				parts = append(parts, segment{X: coord(at), W: coord(w), Class: c, Tip: name + ", " + c + ": " + group(number(row[i]))})
				at += w
			}
			value := group(sum(row))
			if i := column(t, counts[0]); i >= 0 {
				value += " · " + percent(number(row[i]), sum(row)) + " " + counts[0]
			}
			p.bar(name, value, parts...)
		}
		p.rest(len(t.Rows))
		return p.drawn()
	}
}

// percentileBars draws the percentiles of delays on a logarithmic scale.
func percentileBars(t *aggregate.Table, _ *time.Location) *plot {
	p := &plot{Title: "Delays of deliveries, percentiles"}
	marks := []string{"p50", "p90", "p95", "p99"}
	for _, m := range marks {
		p.Legend = append(p.Legend, legend{Name: "up to " + m, Class: m})
	}
	longest := time.Second
	cell := func(row []any, name string) time.Duration {
		if i := column(t, name); i >= 0 {
			d, _ := row[i].(time.Duration)
			return d
		}
		return 0
	}
	for _, row := range t.Rows {
		longest = max(longest, cell(row, "p99"))
	}
	const shortest = time.Millisecond
	decades := math.Log(float64(longest) / float64(shortest))
	place := func(d time.Duration) float64 {
		return math.Log(float64(max(d, shortest))/float64(shortest)) * 100 / decades
	}
	for _, row := range t.Rows {
		name, from := label(row[0]), 0.0
		var parts []segment
		for _, m := range marks {
			d := cell(row, m)
			if to := place(d); to > from {
				parts = append(parts, segment{X: coord(from), W: coord(to - from), Class: m, Tip: name + ", " + m + ": " + span(d)})
				from = to
			}
		}
		p.bar(name, "p50 "+span(cell(row, "p50"))+" · p99 "+span(cell(row, "p99")), parts...)
	}
	if p.drawn() == nil {
		return nil
	}
	p.AxisY = p.Height - 4
	p.Height += 18
	for _, d := range []time.Duration{shortest, time.Second, time.Minute, time.Hour, 24 * time.Hour} {
		at := place(d)
		if d > longest {
			break
		}
		anchor := "middle"
		if at == 0 {
			anchor = "start"
		} else if at > 95 {
			anchor = "end"
		}
		p.XTicks = append(p.XTicks, tick{coord(at), [...]string{"1 ms", "1 s", "1 min", "1 h", "1 d"}[len(p.XTicks)], anchor, "tick"})
	}
	p.Desc += "The scale is logarithmic."
	return p
}

// bar adds a bar below the others.
func (p *plot) bar(name, value string, parts ...segment) {
	y := len(p.Bars) * barHeight
	p.Bars = append(p.Bars, plotBar{Label: name, Value: value, TextY: y + 13, Y: y + 19, Segments: parts})
	p.Desc += name + ": " + value + ". "
}

// rest says how many rows are not drawn.
func (p *plot) rest(rows int) {
	if n := rows - len(p.Bars); n > 0 {
		p.Title += fmt.Sprintf(" (the largest %d of %s)", len(p.Bars), group(int64(rows)))
	}
}

// drawn returns the plot of bars, nil if there is nothing to draw.
func (p *plot) drawn() *plot {
	if len(p.Bars) == 0 {
		return nil
	}
	p.Height = len(p.Bars)*barHeight - 6
	return p
}

// columnsOverTime draws failed attempts by time and category.
func columnsOverTime(t *aggregate.Table, zone *time.Location) *plot {
	view := pivot(t, 1<<20) // time, then a column for each category, the largest first
	if len(view.Rows) == 0 {
		return nil
	}
	series := make([]int, 0, len(view.Columns))
	for i, c := range view.Columns[1:] {
		if c.Name != aggregate.DeliveredCategory && anyNonZero(view.Rows, i+1) {
			series = append(series, i+1)
		}
	}
	if len(series) == 0 {
		return nil
	}
	p := &plot{Title: "Failed attempts over time by category", Wide: true, Height: 260}
	// More columns than can be told apart: several buckets make one.
	per := (len(view.Rows) + maxStands - 1) / maxStands
	var rows [][]any
	for i, row := range view.Rows {
		if i%per == 0 {
			rows = append(rows, slices.Clone(row))
			continue
		}
		for _, s := range series {
			rows[len(rows)-1][s] = number(rows[len(rows)-1][s]) + number(row[s])
		}
	}
	if per > 1 {
		p.Title += fmt.Sprintf(" (%d buckets a column)", per)
	}
	var most int64
	for _, row := range rows {
		var n int64
		for _, s := range series {
			n += number(row[s])
		}
		most = max(most, n)
	}
	const top, bottom = 8, 232
	ceiling, step := scale(most)
	for v := int64(0); v <= ceiling; v += step {
		p.YTicks = append(p.YTicks, tick{At: coord(bottom - float64(v)*(bottom-top)/float64(ceiling)), Label: group(v)})
	}
	for _, s := range series {
		var n int64
		for _, row := range rows {
			n += number(row[s])
		}
		name := Text(view.Columns[s].Name)
		p.Legend = append(p.Legend, legend{name, categoryClass(name), group(n)})
		p.Desc += name + ": " + group(n) + ". "
	}
	layout := timeLayout(rows, zone)
	width := 100 / float64(len(rows))
	for i, row := range rows {
		c := plotColumn{X: coord(float64(i)*width + width*.08), W: coord(width * .84)}
		y := float64(bottom)
		at := row[0].(time.Time).In(zone).Format(layout)
		for _, s := range series {
			n := number(row[s])
			if n == 0 {
				continue
			}
			h := float64(n) * (bottom - top) / float64(ceiling)
			y -= h
			name := Text(view.Columns[s].Name)
			c.Segments = append(c.Segments, segment{X: coord(y), W: coord(h), Class: categoryClass(name), Tip: at + ", " + name + ": " + group(n)})
		}
		p.Columns = append(p.Columns, c)
	}
	p.XTicks = timeTicks(rows, layout, zone)
	first, last := rows[0][0].(time.Time).In(zone), rows[len(rows)-1][0].(time.Time).In(zone)
	p.Desc = fmt.Sprintf("From %s to %s, zone %s; at most %s in a column. ", first.Format(clock), last.Format(clock), Text(zone.String()), group(most)) + strings.TrimSpace(p.Desc)
	return p
}

// maxTicks is how many times are written under a chart; on a phone every other one fits.
const maxTicks = 6

// timeTicks returns some of the rows' times, evenly spread.
func timeTicks(rows [][]any, layout string, zone *time.Location) (ticks []tick) {
	step := max(1, (len(rows)+maxTicks-1)/maxTicks)
	for i := 0; i < len(rows); i += step {
		at, anchor := (float64(i)+.5)*100/float64(len(rows)), "middle"
		if i == 0 && len(rows) > 1 {
			at, anchor = 0, "start"
		}
		class := "tick"
		if len(ticks)%2 == 1 {
			class = "tick minor"
		}
		ticks = append(ticks, tick{coord(at), rows[i][0].(time.Time).In(zone).Format(layout), anchor, class})
	}
	return ticks
}

// scale returns a round number not below most, and a round step that divides it into two to five
// parts.
func scale(most int64) (ceiling, step int64) {
	for base := int64(1); step*5 < most; base *= 10 {
		for _, m := range [...]int64{1, 2, 5} {
			if step = m * base; step*5 >= most {
				break
			}
		}
	}
	step = max(step, 1)
	return max(step, (most+step-1)/step*step), step
}
