package sources

import (
	"slices"
	"strings"
	"time"

	"google.golang.org/api/calendar/v3"

	"achim/briefing"
)

// days are the dates a reading covers.
type days struct {
	first briefing.Date
	zone  *time.Location
	count int
}

// start returns the first instant of the nth date.
func (d days) start(n int) time.Time { return d.first.AddDays(n).Start(d.zone) }

// diary collects the events of several calendars into days: one event once, whoever shares it.
type diary struct {
	days     days
	korean   bool   // the reader has Korea's holidays; without, those of any other country
	busy     string // what an event is called of which nothing else may be known
	events   []entry
	index    map[string]int    // identity → index in events
	declined map[string]bool   // identities the reader has said no to
	named    map[string]string // country and date of a holiday → the calendar that names it
}

// entry is one event on its way into the section.
type entry struct {
	item briefing.Item
	free bool // shown as free: it overlaps with nothing
	bare bool // it shows no title
}

func newDiary(d days, korean bool, busy string) *diary {
	return &diary{days: d, korean: korean, busy: busy,
		index: map[string]int{}, declined: map[string]bool{}, named: map[string]string{}}
}

// add takes an event of a calendar unless it is none to tell. The primary calendar's come first. It returns
// false for an event of which nobody can say when it is: without it the day is not read in full.
func (y *diary) add(ref calendarRef, event *calendar.Event) bool {
	switch {
	case event == nil:
		return false
	case event.Status == "cancelled" || !tellable(event.EventType): // cancelled ones may come without a time
		return true
	case ref.holiday():
		y.addHoliday(ref, event)
		return true
	}
	item, timed := eventItem(event, y.days.zone)
	ids := identities(event, item)
	response := ownResponse(event)
	switch {
	case response == "declined":
		for _, id := range ids {
			y.declined[id] = y.declined[id] || ref.primary
		}
		return true
	case !timed:
		return false
	case slices.ContainsFunc(ids, func(id string) bool { return y.declined[id] }):
		return true
	}
	if ref.primary && unaccepted(event, response) {
		item.Marks = append(item.Marks, briefing.MarkTentative)
	}
	e := entry{item: item, free: event.Transparency == "transparent", bare: item.Title == ""}
	if e.bare && ref.hides(event) {
		e.item.Title = y.busy
	}
	y.keep(ids, e)
	return true
}

// identities are what makes copies of an event in several calendars the same one: its iCalUID or, where somebody's
// busy hours are all that is shared, its id, with the time, since the instances of a series have one iCalUID.
func identities(event *calendar.Event, item briefing.Item) []string {
	when := "|" + item.FirstDay.String()
	if !item.At.IsZero() {
		when = "|" + item.At.Format(time.RFC3339)
	}
	var ids []string
	if event.ICalUID != "" {
		ids = append(ids, "uid|"+event.ICalUID+when)
	}
	if event.Id != "" {
		ids = append(ids, "id|"+event.Id+when)
	}
	return ids
}

// keep takes an event over once. A copy that shows more than busy goes before one that does not; what the reader has
// answered stands in the first.
func (y *diary) keep(ids []string, e entry) {
	at := len(y.events)
	for _, id := range ids {
		if i, known := y.index[id]; known {
			at = i
			break
		}
	}
	for _, id := range ids {
		y.index[id] = at
	}
	switch {
	case at == len(y.events):
		y.events = append(y.events, e)
	case y.events[at].bare && !e.bare:
		e.item.Marks, e.free = y.events[at].item.Marks, y.events[at].free
		y.events[at] = e
	}
}

// addHoliday takes a day out of a calendar of holidays. One that cannot be read hides nothing the reader has to do.
func (y *diary) addHoliday(ref calendarRef, event *calendar.Event) {
	item, ok := eventItem(event, y.days.zone)
	if !ok || item.FirstDay.IsZero() || item.Title == "" {
		return
	}
	// Google's wider calendars hold observances too, which are nobody's day off.
	observed := !ref.official() && containsAny(strings.ToLower(event.Description), "기념일", "observance")
	home := (ref.country() == southKorea) == y.korean
	item.Group, item.Place, item.JoinURL, item.Phone = briefing.AllDay, "", "", false
	if home && !observed {
		item.Group = briefing.Holiday
	}
	y.keepHoliday(ref, item)
}

// keepHoliday takes a holiday once, however many calendars name it: the same country's calendar has another id and
// other names in each language, and the first one read says what the day is called.
func (y *diary) keepHoliday(ref calendarRef, item briefing.Item) {
	id := "holiday|" + item.FirstDay.String() + "|" + item.Title
	if i, known := y.index[id]; known {
		if item.Group == briefing.Holiday {
			y.events[i].item.Group = briefing.Holiday // another calendar, or the law, knows better
		}
		return
	}
	fresh := false
	for n := range y.days.count {
		if !y.falls(item, n) {
			continue
		}
		key := string(item.Group) + "|" + ref.country() + "|" + y.days.first.AddDays(n).String()
		if y.named[key] == "" {
			y.named[key] = ref.id
		}
		fresh = fresh || y.named[key] == ref.id
	}
	if fresh {
		y.index[id] = len(y.events)
		y.events = append(y.events, entry{item: item})
	}
}

// fill puts today's items and the days after into the section.
func (y *diary) fill(section *briefing.Section) {
	section.Counts = map[briefing.Group]int{}
	section.Items = y.day(0)
	for _, item := range section.Items {
		section.Counts[item.Group]++
	}
	for n := 1; n < y.days.count; n++ {
		section.Ahead = append(section.Ahead, briefing.Day{Date: y.days.first.AddDays(n), Items: y.day(n)})
	}
}

// day returns the items of the nth date in order, overlaps marked.
func (y *diary) day(n int) []briefing.Item {
	on := []entry{}
	for _, e := range y.events {
		if y.falls(e.item, n) {
			e.item = y.on(e.item, n)
			on = append(on, e)
		}
	}
	slices.SortStableFunc(on, func(a, b entry) int { return compareEvents(a.item, b.item) })
	markOverlaps(on)
	items := make([]briefing.Item, 0, len(on))
	for _, e := range on {
		items = append(items, e.item)
	}
	return items
}

// falls reports whether the item belongs to the nth date: whole days to each they cover, what has an hour
// to the date it starts on and, if it goes on beyond midnight, to the next.
func (y *diary) falls(item briefing.Item, n int) bool {
	date := y.days.first.AddDays(n)
	if item.Group != briefing.Meeting {
		return !date.Before(item.FirstDay) && !item.LastDay.Before(date)
	}
	starts := briefing.DateOf(item.At, y.days.zone)
	return starts == date || (starts.Before(date) && item.End.After(y.days.start(n)))
}

// on returns the item as the nth date tells it. What begins on the date keeps its hour, unless it takes the whole of it;
// what goes on from before is a whole day when it covers the date, or has lasted a day by its end.
func (y *diary) on(item briefing.Item, n int) briefing.Item {
	item.Marks = slices.Clone(item.Marks)
	if item.Group != briefing.Meeting || item.End.IsZero() || item.At.After(y.days.start(n)) {
		return item
	}
	longer := item.At.Before(y.days.start(n)) && item.End.Sub(item.At) >= 24*time.Hour
	if !longer && item.End.Before(y.days.start(n+1)) {
		return item
	}
	item.FirstDay = briefing.DateOf(item.At, y.days.zone)
	item.LastDay = briefing.DateOf(item.End.Add(-time.Nanosecond), y.days.zone)
	if !item.End.Before(y.days.start(n + 1)) {
		item.End = time.Time{} // it is told with the date it ends on
	}
	item.Group, item.At = briefing.AllDay, time.Time{}
	return item
}

// compareEvents puts holidays first, then whole days, then meetings by start and end.
func compareEvents(a, b briefing.Item) int {
	rank := func(i briefing.Item) int {
		return slices.Index([]briefing.Group{briefing.Holiday, briefing.AllDay, briefing.Meeting}, i.Group)
	}
	if ra, rb := rank(a), rank(b); ra != rb {
		return ra - rb
	}
	if c := a.At.Compare(b.At); c != 0 {
		return c
	}
	if c := a.End.Compare(b.End); c != 0 {
		return c
	}
	return strings.Compare(a.ID, b.ID)
}

// markOverlaps marks meetings of which one starts before another ends. They come sorted by start, so that of those
// before one only the one that ends last matters. What has no end takes no time.
func markOverlaps(on []entry) {
	mark := func(e *entry) {
		if !e.item.Has(briefing.MarkOverlaps) {
			e.item.Marks = append(e.item.Marks, briefing.MarkOverlaps)
		}
	}
	var last *entry
	for i := range on {
		e := &on[i]
		if e.free || e.item.Group != briefing.Meeting || e.item.End.IsZero() {
			continue
		}
		if last != nil && e.item.At.Before(last.item.End) {
			mark(last)
			mark(e)
		}
		if last == nil || e.item.End.After(last.item.End) {
			last = e
		}
	}
}
