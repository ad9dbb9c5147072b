package doctor

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// mostTold is how many findings of one code and level a person is shown; a program gets all.
const mostTold = 10

// Print writes the report for a person: a line a finding under the heading of its group, with what to do below it.
// Signs only repeat what the words say.
func Print(w io.Writer, r Report) error {
	var out strings.Builder
	for _, group := range groups() {
		findings := slices.DeleteFunc(slices.Clone(r.Findings), func(f Finding) bool { return f.Code.Group() != group })
		if len(findings) > 0 {
			fmt.Fprintf(&out, "%s\n", group)
			printGroup(&out, findings)
			out.WriteString("\n")
		}
	}
	out.WriteString(r.sum() + "\n")
	_, err := io.WriteString(w, out.String())
	return err
}

// groups returns the groups in the order of the catalogue.
func groups() []Group {
	var all []Group
	for _, k := range catalog {
		if !slices.Contains(all, k.Group) {
			all = append(all, k.Group)
		}
	}
	return all
}

func printGroup(out *strings.Builder, findings []Finding) {
	type kind struct {
		code  Code
		level Level
	}
	told := map[kind]int{}
	for _, f := range findings {
		k := kind{f.Code, f.Level}
		if told[k]++; told[k] <= mostTold {
			printFinding(out, f)
		}
	}
	for _, f := range findings {
		k := kind{f.Code, f.Level}
		if more := told[k] - mostTold; more > 0 {
			fmt.Fprintf(out, "  … and %d more of %s: achim doctor --json lists all\n", more, f.Code)
			told[k] = 0
		}
	}
}

func printFinding(out *strings.Builder, f Finding) {
	sign := map[Level]string{OK: "✓", Info: "·", Warning: "!", Error: "✗"}[f.Level]
	about := ""
	if f.Subject != "" {
		about = f.Subject + ": "
	}
	fmt.Fprintf(out, "  %s %-7s  %s%s\n", sign, f.Level, about, f.Summary)
	if f.Level != OK && f.Remedy != "" {
		fmt.Fprintf(out, "             → %s (%s; %s)\n", f.Remedy, f.Docs, f.Code)
	}
}

// sum says what it comes to.
func (r Report) sum() string {
	var parts []string
	for _, level := range []struct {
		level     Level
		one, many string
	}{{Error, "error", "errors"}, {Warning, "warning", "warnings"}, {Info, "note", "notes"}, {OK, "check well", "checks well"}} {
		switch n := r.Count(level.level); n {
		case 0:
		case 1:
			parts = append(parts, "1 "+level.one)
		default:
			parts = append(parts, fmt.Sprintf("%d %s", n, level.many))
		}
	}
	counts := strings.Join(parts, ", ")
	if r.OK {
		return "Nothing has to be done: " + counts + "."
	}
	return "Something has to be done: " + counts + "."
}

// anchor is how a page's heading is linked to.
func anchor(heading string) string {
	return strings.ReplaceAll(strings.ToLower(heading), " ", "-")
}
