package briefing

import "time"

// How preparing is spread when many briefings are due at once. Google grants a project 1,200,000 units a minute for
// mail and 10,000 calls for calendars: readersAMinute readers stay within that with some 16 mails (20 units each, five of
// them twice because they are read in full, and 5 for each search) and three calendars each. Who has more meets the limit, and is read again.
const (
	readersAMinute = 2500
	fewDue         = 2000 // so many at once need no spreading
	// longestLead bounds how old what a briefing tells may be at its hour.
	longestLead = 30 * time.Minute
)

// lead is how long before its hour the preparing of a briefing starts: least when few are due at that hour, and
// otherwise spread evenly from longest down to least. The zero value is no lead.
type lead struct {
	least, longest time.Duration
	due            int
}

// leadFor returns the lead of due briefings of one hour. A least that is longer than longestLead stays what it is.
func leadFor(least time.Duration, due int) lead {
	l := lead{least: least, longest: least, due: due}
	if due > fewDue {
		spread := time.Duration(due) * time.Minute / readersAMinute
		l.longest = max(least, min(least+spread, longestLead))
	}
	return l
}

// at returns how long before the hour the n-th briefing starts, counted from 0. Those beyond due start with the last.
func (l lead) at(n int) time.Duration {
	if l.due == 0 || n >= l.due {
		return l.least
	}
	return l.longest - l.step()*time.Duration(n)
}

// step returns how long after the one before each briefing starts.
func (l lead) step() time.Duration {
	if l.due == 0 {
		return 0
	}
	return (l.longest - l.least) / time.Duration(l.due)
}

// crowded reports whether more are due than longestLead has room for: they are read faster than readersAMinute.
func (l lead) crowded() bool {
	return l.due > fewDue && l.longest-l.least < time.Duration(l.due)*time.Minute/readersAMinute
}
