package language

import (
	"fmt"
	"time"

	"achim/briefing"
)

// enDate is "Friday 20 November".
func enDate(d briefing.Date) string {
	return fmt.Sprintf("%s %d %s", d.Weekday(), d.Day, d.Month)
}

// enShortDate is "Fri 20 Nov".
func enShortDate(d briefing.Date) string {
	return fmt.Sprintf("%.3s %d %.3s", d.Weekday(), d.Day, d.Month)
}

// enDay names a date as one would on the given day: "yesterday", "Friday", "Monday 28 December", "3 November".
func enDay(d, today briefing.Date) string {
	switch n := d.DaysSince(today); {
	case n == 0:
		return "today"
	case n == -1:
		return "yesterday"
	case n == 1:
		return "tomorrow"
	case n < 0 && n > -7:
		return d.Weekday().String()
	case n > 0 && n < 14:
		return enDate(d)
	case d.Year != today.Year:
		return fmt.Sprintf("%d %s %d", d.Day, d.Month, d.Year)
	default:
		return fmt.Sprintf("%d %s", d.Day, d.Month)
	}
}

// enMoment fits after "since", "after" and "as of": "08:59", "08:59 yesterday", "Friday 08:59".
func enMoment(t time.Time, c Clock) string {
	hm, day := c.HM(t), enDay(c.DateOf(t), c.Today)
	switch n := c.days(t); {
	case n == 0:
		return hm
	case n >= -1 && n <= 1:
		return hm + " " + day
	case n < -1 && n > -7:
		return day + " " + hm
	default:
		return hm + " on " + day
	}
}

// enAt is a moment at which something happened: "at 18:02 yesterday", "on Friday at 18:02".
func enAt(t time.Time, c Clock) string {
	hm, day := c.HM(t), enDay(c.DateOf(t), c.Today)
	switch n := c.days(t); {
	case n == 0:
		return "at " + hm
	case n >= -1 && n <= 1:
		return "at " + hm + " " + day
	default:
		return "on " + day + " at " + hm
	}
}

// enDue is "by 18:00 today", and without the hour when the deadline names none.
func enDue(due time.Time, c Clock) string {
	day := enDay(c.DateOf(due), c.Today)
	if c.allDay(due) {
		return "by " + day
	}
	if n := c.days(due); n < -1 || n > 1 {
		return "by " + c.HM(due) + " on " + day
	}
	return "by " + c.HM(due) + " " + day
}

// enOverdue is "was due at 08:00".
func enOverdue(due time.Time, c Clock) string {
	if !c.allDay(due) {
		return "was due " + enAt(due, c)
	}
	day := enDay(c.DateOf(due), c.Today)
	if c.days(due) < -1 {
		day = "on " + day
	}
	return "was due " + day
}

// enAge says how old news is, as one would: by the hour today, by the day before.
func enAge(t, now time.Time, c Clock) string {
	age := now.Sub(t)
	switch days := -c.days(t); {
	case age < time.Minute:
		return "just now"
	case age < time.Hour:
		return enCount(int(age.Minutes()), "minute") + " ago"
	case days <= 0:
		return enCount(int(age.Hours()), "hour") + " ago"
	case days == 1:
		return "yesterday"
	case days < 7:
		return enCount(days, "day") + " ago"
	default:
		return enDay(c.DateOf(t), c.Today)
	}
}
