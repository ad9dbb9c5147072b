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

	looking sync.Mutex  // held by who looks at the file
	seen    os.FileInfo // the file as it was last read; nil = was not there

	mu     sync.Mutex // held for no longer than it takes to copy these
	looked time.Time
	days   Holidays
}

// NewAlmanac returns the almanac with the file at path; "" is none. trouble is told once of each state of the file in
// which it cannot be read, and then the days stay as they were; and of each that lacks days of its years that are embedded, which it
// overrules all the same. It may be nil, as may now.
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

// current returns the days, after a look at the file if the last one was some time ago. A disk may take its time: whoever asks
// while somebody looks gets what was known before. Only for the first look all wait.
func (a *Almanac) current() Holidays {
	now := a.now()
	days, looked := a.known()
	if a.path == "" || recent(looked, now) {
		return days
	}
	if looked.IsZero() {
		a.looking.Lock()
	} else if !a.looking.TryLock() {
		return days
	}
	defer a.looking.Unlock()
	if days, looked = a.known(); recent(looked, now) {
		return days // somebody has looked meanwhile
	}
	days = a.look(days, looked.IsZero())
	a.mu.Lock()
	defer a.mu.Unlock()
	a.days, a.looked = days, now
	return days
}

// known returns the days as they were last read, and when the file was last looked at.
func (a *Almanac) known() (Holidays, time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.days, a.looked
}

// recent reports whether a look needs no other yet.
func recent(looked, now time.Time) bool {
	return !looked.IsZero() && now.Sub(looked) < almanacEvery && !now.Before(looked)
}

// look returns the days after a look at the file, where they were known as days before.
func (a *Almanac) look(days Holidays, first bool) Holidays {
	info, err := os.Stat(a.path)
	switch {
	case err != nil && (first || a.seen != nil):
		a.seen = nil
		a.trouble(fmt.Errorf("holidays: %w", err))
	case err == nil && (a.seen == nil || !info.ModTime().Equal(a.seen.ModTime()) || info.Size() != a.seen.Size() || info.Mode() != a.seen.Mode()):
		a.seen = info
		later, err := readHolidays(a.path, info)
		if err != nil {
			a.trouble(err)
			break
		}
		if lost := KoreanHolidays().lostTo(later); len(lost) > 0 {
			a.trouble(fmt.Errorf("holidays: %s lacks %d days of its years that are built in, such as %s: they count no longer; add them, or take the year out of the file",
				a.path, len(lost), lost[0]))
		}
		return KoreanHolidays().With(later)
	}
	return days
}

// readHolidays reads a file of holidays; its error names every faulty line. What is no regular file is not opened: a pipe would
// wait for somebody to write.
func readHolidays(path string, info os.FileInfo) (Holidays, error) {
	if !info.Mode().IsRegular() {
		return Holidays{}, fmt.Errorf("holidays: %s is no regular file", path)
	}
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
