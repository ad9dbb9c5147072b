package config

import "strings"

// Kind says where a setting is set.
type Kind string

// The kinds of settings.
const (
	KindEnv  Kind = "env"
	KindFile Kind = "file"
)

// Setting describes one variable of the environment or one key of the file.
type Setting struct {
	Name    string // DATABASE_URL, or prepare.lead
	Kind    Kind
	Default string // as one would write it; "" = none
	Help    string // one sentence or two
	Secret  bool   // may come from a file named by Name + "_FILE"
}

// Reference returns every setting there is: variables first, then keys, each in the order to show.
func Reference() []Setting {
	var all []Setting
	for _, s := range envSettings() {
		all = append(all, s.Setting)
	}
	for _, s := range fileSettings() {
		all = append(all, s.Setting)
	}
	return all
}

// nearest returns the one of names that name was probably meant to be, or "".
func nearest(name string, names []string) string {
	best, bestDistance := "", 1+len(name)/3
	for _, candidate := range names {
		if d := distance(strings.ToLower(name), strings.ToLower(candidate)); d <= bestDistance && (best == "" || d < bestDistance) {
			best, bestDistance = candidate, d
		}
	}
	return best
}

// distance is Levenshtein's: how many letters must be typed, deleted or replaced to get from a to b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
