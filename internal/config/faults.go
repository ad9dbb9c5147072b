package config

import (
	"fmt"
	"slices"
	"strings"
)

// Fault is one thing wrong with the configuration.
type Fault struct {
	File    string // "" when the fault is in the environment
	Line    int    // 0 when not known
	Key     string // of the file, or a variable; "" when the whole file is meant
	Problem string // what is wrong, and the remedy; never holds a secret
}

// Error returns the fault as one line: achim.yaml:12: prepare.lead: "2 minutes" is not a duration: write 2m.
func (f Fault) Error() string {
	var b strings.Builder
	if f.File != "" {
		b.WriteString(f.File)
		if f.Line > 0 {
			fmt.Fprintf(&b, ":%d", f.Line)
		}
		b.WriteString(": ")
	}
	if f.Key != "" {
		b.WriteString(f.Key + ": ")
	}
	b.WriteString(f.Problem)
	return b.String()
}

// Faults is all that is wrong with a configuration: those of the file by line, then those of the environment.
type Faults struct {
	All []Fault // at least one
}

// Error returns one fault as it is, and several below a line that counts them.
func (f *Faults) Error() string {
	if len(f.All) == 1 {
		return f.All[0].Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "the configuration has %d faults:", len(f.All))
	for _, fault := range f.All {
		b.WriteString("\n  " + fault.Error())
	}
	return b.String()
}

// Unwrap makes each Fault visible to errors.As.
func (f *Faults) Unwrap() []error {
	errs := make([]error, len(f.All))
	for i, fault := range f.All {
		errs[i] = fault
	}
	return errs
}

// asError returns the faults in the order to read them, nil when there are none.
func asError(all []Fault) error {
	if len(all) == 0 {
		return nil
	}
	slices.SortStableFunc(all, func(a, b Fault) int {
		if (a.File == "") != (b.File == "") {
			return strings.Compare(b.File, a.File)
		}
		return a.Line - b.Line
	})
	return &Faults{All: all}
}
