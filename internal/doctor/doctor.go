// Package doctor says what is wrong with an installation and what mends it.
//
// It holds the vocabulary: what may be found ([Catalog], the only list of codes), how grave it is, and how it is told. The
// checks themselves know the whole house and live in internal/app. A check is one function that looks at one thing and
// returns what it found; [Run] makes all of them at once, each in its time, and whatever becomes of one, the others are
// made.
//
// Checks change nothing and write to nobody, and no finding holds a secret.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Level is how grave a finding is.
type Level string

// The levels, the gravest last. Only an Error makes an installation not OK.
const (
	OK      Level = "ok"      // looked at, and as it should be
	Info    Level = "info"    // chosen, or nobody's to mend; good to know
	Warning Level = "warning" // works now, and should be looked at
	Error   Level = "error"   // somebody must do something
)

// Finding is one thing that was found, good or bad.
type Finding struct {
	Code    Code   `json:"check"`
	Level   Level  `json:"level"`
	Subject string `json:"subject"` // what or whom it is about; "" when the code says it
	Summary string `json:"summary"`
	Remedy  string `json:"remedy"` // what to do; "" where nothing is to be done
	Docs    string `json:"docs"`   // a page of the documentation, with its anchor
	// Count is how many things it is about, where it is told once of many alike; 0 elsewhere.
	Count int `json:"count,omitempty"`
}

// Well returns that something is as it should be. As with Note, Warn and Fail, subject may be "". The remedy of those is
// the catalogue's; Do gives another.
func Well(code Code, subject, format string, args ...any) Finding {
	return Finding{Code: code, Level: OK, Subject: subject, Summary: fmt.Sprintf(format, args...), Docs: code.Docs()}
}

// Note returns something good to know; see Well.
func Note(code Code, subject, format string, args ...any) Finding {
	return found(Info, code, subject, fmt.Sprintf(format, args...))
}

// Warn returns something that should be looked at; see Well.
func Warn(code Code, subject, format string, args ...any) Finding {
	return found(Warning, code, subject, fmt.Sprintf(format, args...))
}

// Fail returns something that must be mended; see Well.
func Fail(code Code, subject, format string, args ...any) Finding {
	return found(Error, code, subject, fmt.Sprintf(format, args...))
}

func found(level Level, code Code, subject, summary string) Finding {
	return Finding{Code: code, Level: level, Subject: subject, Summary: summary, Remedy: code.Remedy(), Docs: code.Docs()}
}

// Do returns the finding with another remedy than its code's usual one.
func (f Finding) Do(format string, args ...any) Finding {
	f.Remedy = fmt.Sprintf(format, args...)
	return f
}

// See returns the finding with another page, or place on it, than the catalogue's.
func (f Finding) See(docs string) Finding {
	f.Docs = docs
	return f
}

// Of returns the finding as one about n things alike.
func (f Finding) Of(n int) Finding {
	f.Count = n
	return f
}

// At returns the finding with another level.
func (f Finding) At(level Level) Finding {
	f.Level = level
	return f
}

// Report is everything that was found, in the order of the checks.
type Report struct {
	Findings []Finding `json:"findings"`
	OK       bool      `json:"ok"` // nothing must be mended; there may be warnings
}

// Count returns how many findings have the level.
func (r Report) Count(level Level) int {
	n := 0
	for _, f := range r.Findings {
		if f.Level == level {
			n++
		}
	}
	return n
}

// Check looks at one thing.
type Check struct {
	Name   string        // what is looked at, for whoever waits: "Google client"
	Within time.Duration // how long it may take; 0 = Usual
	// Look returns what it found. It comes back when ctx is done, with what it has by then.
	Look func(ctx context.Context) []Finding
}

const (
	// Usual is how long a check may take that does not say.
	Usual = 20 * time.Second
	// slack is how much longer is waited for a check whose time is over: it may still say what it knows.
	slack = 2 * time.Second
)

// Progress is told whenever a check has ended: how many have, of how many, and the names of those that have not.
type Progress func(done, of int, waiting []string)

// Run makes all checks at once. It waits for each as long as that may take, so that it ends whatever the checks do.
// Its only error is that ctx was done before the checks were.
func Run(ctx context.Context, checks []Check, progress Progress) (Report, error) {
	found := make([][]Finding, len(checks))
	board := newBoard(checks, progress)
	var all sync.WaitGroup
	for i, check := range checks {
		all.Go(func() {
			found[i] = check.run(ctx)
			board.done(i)
		})
	}
	all.Wait()
	if err := ctx.Err(); err != nil {
		return Report{}, err
	}
	report := Report{Findings: []Finding{}, OK: true}
	for _, f := range slices.Concat(found...) {
		report.Findings = append(report.Findings, f)
		report.OK = report.OK && f.Level != Error
	}
	return report, nil
}

// run makes one check. A panic is its own failure, and none of the others'.
func (c Check) run(ctx context.Context) []Finding {
	within := c.Within
	if within == 0 {
		within = Usual
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	answer := make(chan []Finding, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				answer <- []Finding{Warn(NotChecked, c.Name, "the check itself failed: %v", p).Do("report this with the version (achim version)")}
			}
		}()
		answer <- c.Look(ctx)
	}()
	select {
	case findings := <-answer:
		return findings
	case <-ctx.Done():
	}
	select {
	case findings := <-answer:
		return findings
	case <-time.After(slack):
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return nil
	}
	return []Finding{Warn(NotChecked, c.Name, "given up after %s", within)}
}

// board says which checks are still being made.
type board struct {
	progress Progress
	checks   []Check

	mu    sync.Mutex
	ended map[int]bool
}

func newBoard(checks []Check, progress Progress) *board {
	return &board{progress: progress, checks: checks, ended: map[int]bool{}}
}

// done notes that a check has ended.
func (b *board) done(i int) {
	if b.progress == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended[i] = true
	var waiting []string
	for i, c := range b.checks {
		if !b.ended[i] {
			waiting = append(waiting, c.Name)
		}
	}
	b.progress(len(b.ended), len(b.checks), waiting)
}
