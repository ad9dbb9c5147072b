package main

import (
	"fmt"
	"io"
	"os"
	"strconv"

	"achim/briefing"
)

// isTerminal reports whether w is a terminal: progress and colours go nowhere else.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// terminalWidth returns how wide to print; 0 means plain, for a file or a pipe.
func terminalWidth(w io.Writer) int {
	if !isTerminal(w) {
		return 0
	}
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n >= 40 {
		return min(n, 100)
	}
	return 80
}

// progress shows on the error stream how far a run is.
type progress struct {
	out   io.Writer
	quiet bool
	shown bool
}

func (c *cli) progress(quiet bool) *progress {
	return &progress{out: c.err, quiet: quiet || !isTerminal(c.err)}
}

// update is called with the run whenever it has moved on.
func (p *progress) update(run briefing.Run) {
	if p.quiet {
		return
	}
	p.shown = true
	done := 0
	for _, r := range run.Readers {
		if r.Outcome != briefing.OutcomePending {
			done++
		}
	}
	fmt.Fprintf(p.out, "\r\033[K%d of %d readers briefed", done, len(run.Readers))
}

func (p *progress) end() {
	if p.shown {
		fmt.Fprint(p.out, "\r\033[K")
	}
}

// must panics on an error that only a mistake in this source can cause.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
