package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode"
	"unsafe"

	"achim/briefing"
)

// How wide what is printed may be: less cannot be read, and more is hard to.
const (
	narrow  = 40
	usual   = 80
	widest  = 100
	eraseIt = "\r\x1b[K" // the line the cursor stands in
)

// columns returns how wide the terminal behind w is, 0 when it does not say; ok is false when w is no
// terminal. A device such as /dev/null is none.
func columns(w any) (n int, ok bool) {
	f, isFile := w.(*os.File)
	if !isFile {
		return 0, false
	}
	var size struct{ rows, columns, width, height uint16 }
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), syscall.TIOCGWINSZ, uintptr(unsafe.Pointer(&size)))
	return int(size.columns), errno == 0
}

// isTerminal reports whether w is a terminal: progress and colours go nowhere else.
func isTerminal(w any) bool {
	_, ok := columns(w)
	return ok
}

// terminalWidth returns how wide to print; 0 means plain, for a file or a pipe.
func terminalWidth(w io.Writer) int {
	n, ok := columns(w)
	if !ok {
		return 0
	}
	if n == 0 {
		n, _ = strconv.Atoi(os.Getenv("COLUMNS"))
	}
	if n < narrow {
		n = usual
	}
	return min(n, widest)
}

// colored reports whether w takes colours, and nobody said no (https://no-color.org).
func colored(w io.Writer) bool {
	return isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// tamed writes what people read, in which there may be other people's text. Characters must not be torn between writes.
type tamed struct{ w io.Writer }

// Write writes p with its lines and tabs, and nothing else that steers the terminal.
func (t tamed) Write(p []byte) (int, error) {
	text := strings.Map(func(r rune) rune {
		if steers(r) && r != '\n' && r != '\t' {
			return unicode.ReplacementChar
		}
		return r
	}, string(p))
	if _, err := io.WriteString(t.w, text); err != nil {
		return 0, err
	}
	return len(p), nil
}

// tame makes other people's text fit for a line of a terminal.
func tame(text string) string {
	return strings.Map(func(r rune) rune {
		if steers(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// steers reports whether a terminal takes the character for a command, or for one to write in another place.
func steers(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp)
}

// statusLine writes to the error stream, where a terminal may show in its last line how far things are.
// Whatever else is written takes that line's place. Safe for concurrent use, for the log writes here too.
type statusLine struct {
	w        io.Writer
	terminal bool

	mu    sync.Mutex
	shown bool
}

// Write writes p, on a line of its own.
func (s *statusLine) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	return tamed{s.w}.Write(p)
}

// show puts text into the last line, in a terminal.
func (s *statusLine) show(text string) {
	if !s.terminal {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	fmt.Fprint(s.w, tame(text))
	s.shown = true
}

// hide takes the last line away.
func (s *statusLine) hide() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
}

func (s *statusLine) erase() {
	if s.shown {
		fmt.Fprint(s.w, eraseIt)
		s.shown = false
	}
}

// progress returns what to call whenever a run has moved on.
func (c *cli) progress(quiet bool, zone *time.Location) func(briefing.Run) {
	return func(run briefing.Run) {
		if quiet || len(run.Readers) == 0 {
			return
		}
		done := 0
		for _, r := range run.Readers {
			if r.Outcome != briefing.OutcomePending {
				done++
			}
		}
		end := ""
		if time.Until(run.EstimatedEnd) > soon {
			end = until(run, zone)
		}
		c.err.show(fmt.Sprintf("%d of %d readers briefed%s", done, len(run.Readers), end))
	}
}

// soon is how near its end a run must be to need no telling while one watches.
const soon = 10 * time.Second

// until says when a run that is under way should be over, "" when that is not known.
func until(run briefing.Run, zone *time.Location) string {
	if run.EstimatedEnd.IsZero() {
		return ""
	}
	return ", until about " + run.EstimatedEnd.In(zone).Format(time.TimeOnly)
}

// must panics on an error that only a mistake in this source can cause.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// agreed asks a person at the terminal, and takes nothing but y or yes for a yes.
func (c *cli) agreed(ctx context.Context, question string) (bool, error) {
	answer, err := c.ask(ctx, question+" [y/N]")
	answer = strings.ToLower(answer)
	return answer == "y" || answer == "yes", err
}

// ask returns what a person at the terminal types, "" when nothing more comes from there. Ctrl-C ends the waiting.
func (c *cli) ask(ctx context.Context, question string) (string, error) {
	fmt.Fprint(c.err, question, " ")
	type reply struct {
		line string
		err  error
	}
	typed := make(chan reply, 1)
	go func() { // which outlives the waiting: reading a terminal cannot be called off, and the process ends anyway
		line, err := bufio.NewReader(c.in).ReadString('\n')
		typed <- reply{strings.TrimSpace(line), err}
	}()
	select {
	case r := <-typed:
		if r.err != nil {
			fmt.Fprintln(c.err)
			return "", nil //nolint:nilerr // nobody answers: that is an answer
		}
		return r.line, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
