package briefing

import (
	"slices"
	"time"
)

// How much of each section a briefing has room for; what goes beyond is cut with a count.
const (
	MaxMeetings   = 8
	MaxNeedsReply = 5
	MaxStories    = 3
)

// sectionOrder is the order in which a briefing tells its sections, unless the reader prefers another; these are the ones a
// reader can choose from. A source that is not named here comes after those that are, in the order it was read.
var sectionOrder = [...]SourceName{Calendar, Gmail, News}

// Composition is what a briefing is composed from.
type Composition struct {
	Entry    Entry
	Reader   Reader
	Zone     *time.Location
	Language Language
	At       time.Time // the slot time, or now when late
	Before   Before    // the daily briefing before this one
}

// Compose turns the sections of an entry into a briefing: order, caps, causes and numbers. It is pure.
func Compose(c Composition) Briefing {
	b := Briefing{
		ID: c.Entry.ID, Reader: c.Reader.ID, Date: c.Entry.Date, Zone: c.Zone.String(), Language: c.Language,
		At: c.At, Private: c.Reader.Notification == NotifyPrivate,
		Status: Complete, Mended: c.Entry.MendedAt,
	}
	order := c.Reader.Preferences.order()
	for _, section := range inOrder(c.Entry.Sections, order) {
		b.Sections = append(b.Sections, show(section))
		if section.Degrades() {
			b.Status = Degraded
		}
		if section.Verdict.State == VerdictNotConnected {
			b.Invite = true
		}
		if section.ReadAt.After(b.ReadAt) {
			b.ReadAt = section.ReadAt
		}
	}
	if c.Before.lost() && !c.Entry.Slot.Forced() {
		b.Lost = &c.Before
	}
	b.Problems = problems(inOrder(c.Entry.Sections, order))
	b.Gist = gist(b, c.Entry, c.Zone)
	if s, ok := c.Entry.Section(Calendar); ok && b.Gist.thin() && s.Verdict.Whole() {
		nextMeeting(&b.Gist, s.Ahead, c.Zone)
	}
	return b
}

// inOrder returns the sections in the order a briefing tells them; those it does not name come last.
func inOrder(sections []Section, order []SourceName) []Section {
	ordered := slices.Clone(sections)
	rank := func(s Section) int {
		if i := slices.Index(order, s.Source); i >= 0 {
			return i
		}
		return len(order)
	}
	slices.SortStableFunc(ordered, func(a, b Section) int { return rank(a) - rank(b) })
	return ordered
}

// caps says how many items of a group are shown. Groups that are not named are shown in full, unless they
// are told as a count alone.
func caps(group Group) int {
	switch group {
	case Meeting:
		return MaxMeetings
	case NeedsReply:
		return MaxNeedsReply
	case Story:
		return MaxStories
	case Important, Notice, Newsletter, Unsorted:
		return 0
	default:
		return MaxMeetings
	}
}

// show cuts a section to what a briefing has room for. Groups told as a count alone do not count as cut.
func show(section Section) Shown {
	shown := Shown{Section: section}
	shown.Items, shown.Ahead = nil, nil
	shown.Cut = max(0, section.Count(Story)-countItems(section.Items)[Story]) // stories a source did not even bring
	taken := map[Group]int{}
	for _, item := range section.Items {
		limit := caps(item.Group)
		switch {
		case taken[item.Group] < limit:
			taken[item.Group]++
			shown.Items = append(shown.Items, item)
		case limit > 0:
			shown.Cut++
		}
	}
	return shown
}

// problems groups what could not be read by its cause: a dead grant takes mail and calendar together and
// is told once.
func problems(sections []Section) []Problem {
	var found []Problem
	for _, s := range sections {
		if !s.Degrades() {
			continue
		}
		i := slices.IndexFunc(found, func(p Problem) bool {
			return p.Reason == s.Verdict.Reason && p.Provider == s.Provider && p.Unusable == s.Unusable && p.Locked == s.Locked
		})
		if i < 0 {
			found = append(found, Problem{Reason: s.Verdict.Reason, Provider: s.Provider, Since: s.Verdict.Since, LastOK: s.Verdict.LastOK,
				Unusable: s.Unusable, Locked: s.Locked})
			i = len(found) - 1
		}
		p := &found[i]
		p.Sources = append(p.Sources, s.Source)
		if s.Verdict.State == VerdictFailed {
			p.Missing = append(p.Missing, s.Source)
		}
		p.Since = earlier(p.Since, s.Verdict.Since)
		p.LastOK = earlier(p.LastOK, s.Verdict.LastOK)
	}
	return found
}

// gist sums up the whole sections, cut or not; of the news, what is shown. What was not read in full is
// never counted as nothing.
func gist(b Briefing, e Entry, zone *time.Location) Gist {
	var g Gist
	if s, ok := e.Section(Calendar); ok {
		gistOfCalendar(&g, s, b, zone)
	}
	if s, ok := e.Section(Gmail); ok {
		g.NeedsReply = known(s, s.Threads(NeedsReply))
		for _, item := range s.Items {
			if item.Group == NeedsReply && item.dueOn(b.Date, b.At, zone) {
				g.DueSoon++
				g.DueAt = earlier(g.DueAt, item.Due)
			}
		}
	}
	if s, ok := b.Section(News); ok {
		g.Stories = known(s.Section, len(s.Items))
	}
	return g
}

// dueOn reports whether the item names a deadline on the date that is still to come at the given instant. The first minute
// of a date stands for all of it.
func (i Item) dueOn(date Date, at time.Time, zone *time.Location) bool {
	return !i.Due.IsZero() && DateOf(i.Due, zone) == date && (i.Due.After(at) || i.Due.Equal(date.Start(zone)))
}

// gistOfCalendar sums up the day's meetings as they are at the hour of the briefing. The first one is the first that
// begins today; once some are over, it is the first that is still to begin.
func gistOfCalendar(g *Gist, s Section, b Briefing, zone *time.Location) {
	g.Meetings = known(s, s.Count(Meeting))
	if s.Verdict.State == VerdictStale {
		g.StaleAsOf = s.Verdict.AsOf
	}
	var today []Item // the meetings that begin today
	for _, item := range s.Items {
		if item.Group == Holiday && g.Holiday == "" {
			g.Holiday = item.Title
		}
		if item.Group != Meeting {
			continue
		}
		if item.Has(MarkNew) {
			g.NewEvents++
		}
		if item.over(b.At) {
			g.Over++
		}
		if DateOf(item.At, zone) == b.Date {
			today = append(today, item)
		}
	}
	for _, item := range today {
		if g.Over == 0 || !item.At.Before(b.At) {
			g.FirstMeeting, g.FirstTitle = item.At, item.Title
			break
		}
	}
	g.OverlapAt = firstOverlap(s.Items, b.At)
	g.Overlaps = overlapping(s.Items, g.OverlapAt)
}

// over reports whether the meeting has ended by then. One without an end is over once it has begun.
func (i Item) over(at time.Time) bool {
	if i.End.IsZero() {
		return i.At.Before(at)
	}
	return !i.End.After(at)
}

// firstOverlap returns when two of the meetings that are marked so are first on at once, leaving out what is over.
func firstOverlap(items []Item, at time.Time) time.Time {
	var latest time.Time // end of the meetings so far
	for _, item := range items {
		if item.Group != Meeting || !item.Has(MarkOverlaps) || item.over(at) {
			continue
		}
		if item.At.Before(latest) {
			return item.At
		}
		if item.End.After(latest) {
			latest = item.End
		}
	}
	return time.Time{}
}

// overlapping counts the meetings marked as overlapping that are on at the given instant.
func overlapping(items []Item, at time.Time) int {
	n := 0
	for _, item := range items {
		if !at.IsZero() && item.Group == Meeting && item.Has(MarkOverlaps) && !item.At.After(at) && item.End.After(at) {
			n++
		}
	}
	return n
}

// thin reports whether nothing is left of the day's meetings, as far as is known, so that the next day's first one is
// worth a line.
func (g Gist) thin() bool { return g.Meetings != nil && *g.Meetings <= g.Over }

// nextMeeting fills in the first meeting of the next date that has one, as far as the next working day: what comes
// after that is not what somebody is about to prepare for.
func nextMeeting(g *Gist, ahead []Day, zone *time.Location) {
	for _, day := range ahead {
		works := !dayOff(day)
		for _, item := range day.Items {
			if item.Group == Meeting && DateOf(item.At, zone) == day.Date { // and not still on from the evening before
				g.NextDay, g.Next, g.NextWorks = day.Date, &item, works
				return
			}
		}
		if works {
			return
		}
	}
}

// dayOff reports whether the date is one on which people do not work: a weekend or a public holiday.
func dayOff(day Day) bool {
	weekday := day.Date.Weekday()
	return weekday == time.Saturday || weekday == time.Sunday ||
		slices.ContainsFunc(day.Items, func(i Item) bool { return i.Group == Holiday })
}

// known returns n if the section knows it: a partial reading that found nothing knows nothing.
func known(s Section, n int) *int {
	switch s.Verdict.State {
	case VerdictOK, VerdictEmpty, VerdictStale:
		return &n
	case VerdictPartial:
		if n > 0 {
			return &n
		}
	}
	return nil
}

// earlier returns the earlier of two instants, of which a zero one is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}
