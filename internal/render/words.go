package render

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"
)

// humanCell is a cell as people read it; clock is how times are written.
func humanCell(cell any, clock string, zone *time.Location) string {
	switch v := cell.(type) {
	case int64:
		return group(v)
	case time.Time:
		return v.In(zone).Format(clock)
	case time.Duration:
		return span(v)
	}
	return plainCell(cell)
}

// Input is what a path is called before a colon: the journal's ends with one.
func Input(path string) string {
	if path == "journal:" {
		return "journal"
	}
	return path
}

// cut shortens s to width columns.
func cut(s string, width int) string {
	if runewidth.StringWidth(s) <= width {
		return s
	}
	return runewidth.Truncate(s, width, "~")
}

// wrap breaks s at blanks into lines of at most width columns.
func wrap(s string, width int) []string {
	var lines []string
	var line string
	for _, word := range strings.Fields(s) {
		if line != "" && runewidth.StringWidth(line)+1+runewidth.StringWidth(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// group writes a number with its thousands set apart.
func group(n int64) string {
	s := strconv.FormatInt(n, 10)
	var b strings.Builder
	for i, c := range s {
		if i > 0 && (len(s)-i)%3 == 0 && s[i-1] != '-' {
			b.WriteByte(',')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// percent writes n as a share of total.
func percent(n, total int64) string {
	p := float64(n) * 100 / float64(total)
	switch {
	case n == 0:
		return "0 %"
	case n == total:
		return "100 %"
	case p < 0.1:
		return "<0.1 %"
	case p > 99.9:
		return ">99.9 %"
	}
	return strconv.FormatFloat(p, 'f', 1, 64) + " %"
}

// understanding says how much of some lines was understood.
func understanding(lines, understood, ignored, unknown int64) string {
	if lines == understood {
		if lines == 0 {
			return "0 lines"
		}
		return plural(lines, "line") + ", all understood"
	}
	return fmt.Sprintf("%s: %s understood, %s other programs, %s unknown (%s)", plural(lines, "line"),
		percent(understood, lines), percent(ignored, lines), percent(unknown, lines), group(unknown))
}

func plural(n int64, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return group(n) + " " + word + "s"
}

// size writes a number of bytes.
func size(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
	f, i := float64(n), 0
	for f >= 1024 && i < len(units)-1 {
		f /= 1024
		i++
	}
	if i == 0 {
		return strconv.FormatInt(n, 10) + " B"
	}
	return strconv.FormatFloat(f, 'f', 1, 64) + " " + units[i]
}

// span writes a duration in its two largest units.
func span(d time.Duration) string {
	switch {
	case d < time.Second:
		return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + "s"
	case d < time.Minute:
		return strconv.FormatFloat(d.Round(100*time.Millisecond).Seconds(), 'f', -1, 64) + "s"
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%dd%02dh", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
}

// Paragraph lays out a heading and an indented text below it.
func Paragraph(heading, text string, opt Options) string {
	const indent = "      "
	var b strings.Builder
	b.WriteString(opt.paint(bold, heading))
	b.WriteByte('\n')
	for _, line := range wrap(Text(text), opt.Width-len(indent)) {
		b.WriteString(indent + line + "\n")
	}
	return b.String()
}
