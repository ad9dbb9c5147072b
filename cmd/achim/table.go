package main

import (
	"io"
	"strings"
	"unicode"
)

// table collects rows and prints them in columns. It knows that Hangul takes two columns of a terminal,
// which text/tabwriter does not: most readers here have such a name.
type table struct{ rows [][]string }

// row adds a row. Whatever stands in a cell stays in its place.
func (t *table) row(cells ...string) {
	for i := range cells {
		cells[i] = tame(cells[i])
	}
	t.rows = append(t.rows, cells)
}

// print writes the rows, two spaces between columns and none at the end of a line.
func (t *table) print(w io.Writer) error {
	var widths []int
	for _, row := range t.rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], widthOf(cell))
		}
	}
	var out strings.Builder
	for _, row := range t.rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell + strings.Repeat(" ", widths[i]-widthOf(cell)+2))
		}
		out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// widthOf is how many columns a terminal gives to s.
func widthOf(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case unicode.In(r, unicode.Hangul, unicode.Han, unicode.Hiragana, unicode.Katakana):
			n += 2
		case !unicode.In(r, unicode.Mn, unicode.Cf, unicode.Cc):
			n++
		}
	}
	return n
}
