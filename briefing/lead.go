package briefing

import "time"

// How preparing is spread when many briefings are due at once. Google grants a project a quota a minute, and at
// a rate of readersAMinute the calls of all readers stay within it.
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
	spread := l.longest - l.least
	return l.longest - time.Duration(int64(spread)/int64(l.due)*int64(n))
}
