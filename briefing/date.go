package briefing

import (
	"fmt"
	"time"
)

// Date is a day of a calendar. It has no zone and is never taken from an instant without one, so a
// reader's "today" cannot slip into yesterday by way of UTC. The zero value is no date.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf returns the date that clocks in zone show at t.
func DateOf(t time.Time, zone *time.Location) Date {
	year, month, day := t.In(zone).Date()
	return Date{year, month, day}
}

// ParseDate reads the form 2026-11-20 and refuses days no calendar has.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, fmt.Errorf("%q is not a date like 2026-11-20", s)
	}
	return Date{t.Year(), t.Month(), t.Day()}, nil
}

// String returns the form 2026-11-20, and "" for the zero Date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day)
}

// IsZero reports whether d is no date at all.
func (d Date) IsZero() bool { return d == Date{} }

// AddDays returns the date n days later; n may be negative.
func (d Date) AddDays(n int) Date {
	t := time.Date(d.Year, d.Month, d.Day+n, 0, 0, 0, 0, time.UTC)
	return Date{t.Year(), t.Month(), t.Day()}
}

// Before reports whether d comes earlier than other.
func (d Date) Before(other Date) bool { return d.noon().Before(other.noon()) }

// DaysSince returns how many days d lies after other.
func (d Date) DaysSince(other Date) int { return int(d.noon().Sub(other.noon()) / (24 * time.Hour)) }

// Weekday returns the day of the week.
func (d Date) Weekday() time.Weekday { return d.noon().Weekday() }

// Start returns the first instant of the date in zone. Where midnight falls into a spring gap that is
// the first instant after the gap.
func (d Date) Start(zone *time.Location) time.Time { return At(d, TimeOfDay{}, zone) }

// MarshalText writes the form 2026-11-20.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads the form 2026-11-20; "" is the zero Date.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	parsed, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// noon is a UTC instant that stands for the date in arithmetic; UTC has no gaps.
func (d Date) noon() time.Time { return time.Date(d.Year, d.Month, d.Day, 12, 0, 0, 0, time.UTC) }

// TimeOfDay is what a wall clock shows, to the minute.
type TimeOfDay struct {
	Hour, Minute int
}

// ParseTimeOfDay reads the form 09:00, from 00:00 to 23:59.
func ParseTimeOfDay(s string) (TimeOfDay, error) {
	t, err := time.Parse("15:04", s)
	if err != nil || len(s) != len("15:04") {
		return TimeOfDay{}, fmt.Errorf("%q is not a time of day like 09:00", s)
	}
	return TimeOfDay{t.Hour(), t.Minute()}, nil
}

// String returns the form 09:00.
func (t TimeOfDay) String() string { return fmt.Sprintf("%02d:%02d", t.Hour, t.Minute) }

// At returns the instant at which clocks in zone show t on date d. In a spring gap, where no clock shows
// it, that is the first instant after the gap; in an autumn fold, where they show it twice, the first.
func At(d Date, t TimeOfDay, zone *time.Location) time.Time {
	guess := time.Date(d.Year, d.Month, d.Day, t.Hour, t.Minute, 0, 0, zone)
	if DateOf(guess, zone) == d && guess.Hour() == t.Hour && guess.Minute() == t.Minute {
		return firstOfFold(guess)
	}
	// The standard library maps a time inside a gap to one of the two sides without promising which:
	// the transition itself is the end of the zone period in force just before.
	before := time.Date(d.Year, d.Month, d.Day, t.Hour, t.Minute, 0, 0, time.UTC).Add(-24 * time.Hour)
	_, transition := before.In(zone).ZoneBounds()
	if transition.IsZero() {
		return guess
	}
	return transition.In(zone)
}

// firstOfFold returns the earlier of two instants that show the same wall clock as t.
func firstOfFold(t time.Time) time.Time {
	start, _ := t.ZoneBounds()
	if start.IsZero() {
		return t
	}
	_, now := t.Zone()
	_, earlier := start.Add(-time.Second).Zone()
	if earlier <= now {
		return t
	}
	if first := t.Add(-time.Duration(earlier-now) * time.Second); first.Before(start) {
		return first
	}
	return t
}
