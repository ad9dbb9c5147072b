package language

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
	"unicode/utf8"

	"achim/briefing"
)

const (
	almanacEvery   = time.Minute // between two looks at the file
	longestAlmanac = 1 << 20     // bytes
)

// Almanac is the public holidays of Korea as they are known now: the embedded ones and, for the years it holds, those
// of a file that is read again when it has changed. It is safe for concurrent use.
type Almanac struct {
	path    string
	now     func() time.Time
	trouble func(error)

	mu     sync.Mutex
	looked time.Time
	seen   os.FileInfo // the file as it was last read; nil = was not there
	days   Holidays
}

// NewAlmanac returns the almanac with the file at path; "" is none. trouble is told once of each state of the file in
// which it cannot be read; then the days stay as they were. It may be nil, as may now.
func NewAlmanac(path string, now func() time.Time, trouble func(error)) *Almanac {
	if now == nil {
		now = time.Now
	}
	if trouble == nil {
		trouble = func(error) {}
	}
	return &Almanac{path: path, now: now, trouble: trouble, days: KoreanHolidays()}
}

// On reports whether d is a holiday.
func (a *Almanac) On(d briefing.Date) bool { return a.current().On(d) }

// Name returns what the holiday on d is called, and "" when d is none.
func (a *Almanac) Name(d briefing.Date, in briefing.Language) string { return a.current().Name(d, in) }

// current returns the days, after a look at the file if the last one was some time ago.
func (a *Almanac) current() Holidays {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	if a.path == "" || (!a.looked.IsZero() && now.Sub(a.looked) < almanacEvery && !now.Before(a.looked)) {
		return a.days
	}
	first := a.looked.IsZero()
	a.looked = now
	info, err := os.Stat(a.path)
	switch {
	case err != nil && (first || a.seen != nil):
		a.seen = nil
		a.trouble(fmt.Errorf("holidays: %w", err))
	case err == nil && (a.seen == nil || !info.ModTime().Equal(a.seen.ModTime()) || info.Size() != a.seen.Size()):
		a.seen = info
		later, err := readHolidays(a.path)
		if err != nil {
			a.trouble(err)
			break
		}
		a.days = KoreanHolidays().With(later)
	}
	return a.days
}

// readHolidays reads a file of holidays; its error names every faulty line.
func readHolidays(path string) (Holidays, error) {
	file, err := os.Open(path)
	if err != nil {
		return Holidays{}, fmt.Errorf("holidays: %w", err)
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, longestAlmanac+1))
	switch {
	case err != nil:
		return Holidays{}, fmt.Errorf("holidays: %w", err)
	case len(text) > longestAlmanac || !utf8.Valid(text):
		return Holidays{}, fmt.Errorf("holidays: %s is no table in UTF-8 of at most a megabyte", path)
	}
	days, faults := ParseHolidays(string(text))
	errs := make([]error, 0, len(faults))
	for _, f := range faults {
		errs = append(errs, fmt.Errorf("%s:%d: %s", path, f.Line, f.Problem))
	}
	return days, errors.Join(errs...)
}
