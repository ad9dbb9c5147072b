package sources

import (
	"net/url"
	"regexp"
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
	events   []entry
	index    map[string]int  // identity → index in events
	declined map[string]bool // identities the reader has said no to
}

// entry is one event on its way into the section.
type entry struct {
	item briefing.Item
	free bool // shown as free: it overlaps with nothing
}

func newDiary(d days) *diary {
	return &diary{days: d, index: map[string]int{}, declined: map[string]bool{}}
}

// add takes an event of a calendar unless it is none to tell. The primary calendar's come first. It returns
// false for an event of which nobody can say when it is: without it the day is not read in full.
func (y *diary) add(ref calendarRef, event *calendar.Event) bool {
	switch {
	case event == nil:
		return false
	case event.Status == "cancelled" || !tellable(event.EventType): // cancelled ones may come without a time
		return true
	case event.Start == nil:
		return false
	}
	identity := firstOf(event.ICalUID, event.Id) + "|" + event.Start.Date + event.Start.DateTime
	if ref.holiday() { // the same day off has another id in each country's and language's calendar
		identity = "holiday|" + event.Start.Date + "|" + event.Summary
	}
	response := ownResponse(event)
	if response == "declined" {
		if ref.primary {
			y.declined[identity] = true
		}
		return true
	}
	item, ok := eventItem(ref, event, y.days.zone)
	if !ok {
		return ref.holiday() && item.FirstDay.IsZero() // an hour that is a holiday is none
	}
	if !y.declined[identity] {
		if response == "needsAction" || response == "tentative" || event.Status == "tentative" {
			item.Marks = append(item.Marks, briefing.MarkTentative)
		}
		y.keep(identity, entry{item: item, free: event.Transparency == "transparent"})
	}
	return true
}

// keep takes an event over once. A copy that shows more than busy goes before one that does not.
func (y *diary) keep(identity string, e entry) {
	i, known := y.index[identity]
	switch {
	case !known:
		y.index[identity] = len(y.events)
		y.events = append(y.events, e)
	case y.events[i].item.Title == "":
		y.events[i].item = e.item
	}
}

// tellable reports whether events of the type are things to go to; the rest says where somebody is.
func tellable(eventType string) bool {
	return eventType == "" || eventType == "default" || eventType == "fromGmail"
}

// ownResponse is what the person whose calendar it is has answered; "" where nobody was asked.
func ownResponse(event *calendar.Event) string {
	for _, a := range event.Attendees {
		if a != nil && a.Self {
			return a.ResponseStatus
		}
	}
	return ""
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
			e.item.Marks = slices.Clone(e.item.Marks)
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
// to the date it starts on, and what began before today to today.
func (y *diary) falls(item briefing.Item, n int) bool {
	date := y.days.first.AddDays(n)
	if item.Group != briefing.Meeting {
		return !date.Before(item.FirstDay) && !item.LastDay.Before(date)
	}
	starts := briefing.DateOf(item.At, y.days.zone)
	if n == 0 && starts.Before(date) {
		return item.End.After(y.days.start(0))
	}
	return starts == date
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

// markOverlaps marks meetings of which one starts before another ends. They come sorted by start.
func markOverlaps(on []entry) {
	mark := func(e *entry) {
		if !e.item.Has(briefing.MarkOverlaps) {
			e.item.Marks = append(e.item.Marks, briefing.MarkOverlaps)
		}
	}
	for i := range on {
		for j := i + 1; j < len(on); j++ {
			a, b := &on[i], &on[j]
			if a.free || b.free || a.item.Group != briefing.Meeting || b.item.Group != briefing.Meeting {
				continue
			}
			if b.item.At.Before(a.item.End) && a.item.At.Before(b.item.End) {
				mark(a)
				mark(b)
			}
		}
	}
}

// eventItem is an event as a briefing tells it; not ok for one without a time that can be read.
func eventItem(ref calendarRef, event *calendar.Event, zone *time.Location) (briefing.Item, bool) {
	item := briefing.Item{
		ID: event.Id, Group: briefing.Meeting, Title: oneLine(plainText(event.Summary)), URL: httpsURL(event.HtmlLink),
	}
	if !setTimes(&item, event, zone) {
		return item, false
	}
	if ref.holiday() {
		// Google's wider calendars hold observances too, which are nobody's day off.
		item.Group = briefing.Holiday
		if !ref.official() && containsAny(strings.ToLower(event.Description), "기념일", "observance") {
			item.Group = briefing.AllDay
		}
		return item, !item.FirstDay.IsZero()
	}
	item.JoinURL = joinURL(event)
	item.Place = placeOf(event.Location, item.JoinURL)
	if item.JoinURL == "" {
		item.Phone = byPhone(event, item)
		if item.Phone && phoneOnly(item.Place) {
			item.Place = "" // the same thing twice
		}
	}
	return item, true
}

// setTimes reads when the event is. All-day dates belong to a calendar and never pass through a zone;
// their end is exclusive. What has hours and lasts a day or more is told as whole days.
func setTimes(item *briefing.Item, event *calendar.Event, zone *time.Location) bool {
	if event.Start.Date != "" {
		first, err := briefing.ParseDate(event.Start.Date)
		if err != nil {
			return false
		}
		last := first
		if event.End != nil {
			if end, err := briefing.ParseDate(event.End.Date); err == nil && first.Before(end) {
				last = end.AddDays(-1)
			}
		}
		item.Group, item.FirstDay, item.LastDay = briefing.AllDay, first, last
		return true
	}
	start, ok := instant(event.Start, zone)
	if !ok {
		return false
	}
	end, ok := instant(event.End, zone)
	if !ok || end.Before(start) {
		end = start
	}
	if end.Sub(start) >= 24*time.Hour {
		item.Group = briefing.AllDay
		item.FirstDay, item.LastDay = briefing.DateOf(start, zone), briefing.DateOf(end.Add(-time.Nanosecond), zone)
		return true
	}
	item.At, item.End = start.UTC(), end.UTC()
	return true
}

// instant reads a time with an offset, or one without in the zone named beside it.
func instant(t *calendar.EventDateTime, zone *time.Location) (time.Time, bool) {
	if t == nil || t.DateTime == "" {
		return time.Time{}, false
	}
	if at, err := time.Parse(time.RFC3339, t.DateTime); err == nil {
		return at, true
	}
	if named, err := briefing.LoadZone(t.TimeZone); err == nil {
		zone = named
	}
	at, err := time.ParseInLocation("2006-01-02T15:04:05", t.DateTime, zone)
	return at, err == nil
}

// joinURL is where to join by video: what Google knows, else a known service's address in the text.
func joinURL(event *calendar.Event) string {
	if link := httpsURL(event.HangoutLink); link != "" {
		return link
	}
	if event.ConferenceData != nil {
		for _, entry := range event.ConferenceData.EntryPoints {
			if entry == nil || entry.EntryPointType != "video" {
				continue
			}
			if link := httpsURL(entry.Uri); link != "" {
				return link
			}
		}
	}
	if link := meetingLink(event.Location); link != "" {
		return link
	}
	return meetingLink(event.Description)
}

var anyLink = regexp.MustCompile(`https?://[^\s<>"'\x60\\{}|^]+`)

// meetingHost reports whether the host is a service people meet on.
func meetingHost(host string) bool {
	host = "." + strings.ToLower(host)
	for _, service := range [...]string{
		"zoom.us", "zoomgov.com", "teams.microsoft.com", "teams.live.com", "meet.google.com", "webex.com",
		"whereby.com", "meet.jit.si", "chime.aws", "gotomeeting.com", "gather.town",
	} {
		if strings.HasSuffix(host, "."+service) {
			return true
		}
	}
	return false
}

// meetingLink finds the address of a known meeting service in text or HTML. The host decides, so that an
// address that only mentions one in its path is none.
func meetingLink(text string) string {
	if !strings.Contains(text, "http") {
		return ""
	}
	for _, found := range anyLink.FindAllString(strings.ReplaceAll(text, "&amp;", "&"), 50) {
		link := httpsURL(strings.TrimRight(found, ".,;:!?)]}"))
		u, err := url.Parse(link)
		if err != nil || link == "" {
			continue
		}
		if host := u.Hostname(); host == "www.google.com" && u.Path == "/url" { // Calendar wraps pasted links
			link = httpsURL(u.Query().Get("q"))
			if u, err = url.Parse(link); err != nil {
				continue
			}
		}
		if meetingHost(u.Hostname()) {
			return link
		}
	}
	return ""
}

// httpsURL returns the address if it can stand behind a link: https, a host, nobody's name and password in
// front of it, and nothing that could end the link early.
func httpsURL(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || len(s) > 2000 ||
		strings.ContainsAny(s, " <>|\"\\`\t\r\n") || s != oneLine(s) {
		return ""
	}
	return s
}

const placeRunes = 60

// onlineOnly reports a location that only says that there is none.
func onlineOnly(place string) bool {
	switch strings.ToLower(place) {
	case "google meet", "meet", "zoom", "zoom meeting", "microsoft teams", "microsoft teams meeting", "microsoft teams 모임",
		"microsoft teams 미팅", "teams", "webex", "online", "온라인", "화상", "화상회의", "화상 회의":
		return true
	}
	return false
}

// phoneOnly reports a location that is a telephone.
func phoneOnly(place string) bool {
	switch strings.ToLower(place) {
	case "전화", "전화 회의", "전화회의", "유선", "phone", "call", "phone call", "conference call":
		return true
	}
	return false
}

// placeOf is where to go: the first line of the location, without addresses, and nothing where all it
// says is that the meeting is online.
func placeOf(location, join string) string {
	location = plainText(location)
	if strings.Contains(location, "http") {
		location = anyLink.ReplaceAllString(location, " ")
	}
	for line := range strings.Lines(location) {
		line = strings.Trim(oneLine(line), " ,;:/|-–()[]")
		if line == "" {
			continue
		}
		if join != "" && onlineOnly(line) {
			return ""
		}
		return cut(line, placeRunes)
	}
	return ""
}

// byPhone reports whether the event is a call: Google knows a number and no video, or the words say so.
func byPhone(event *calendar.Event, item briefing.Item) bool {
	if event.ConferenceData != nil {
		for _, entry := range event.ConferenceData.EntryPoints {
			if entry != nil && entry.EntryPointType == "phone" {
				return true
			}
		}
	}
	return phoneOnly(item.Place) || containsAny(item.Title, "통화", "전화 회의", "전화회의", "전화 미팅", "전화미팅") ||
		containsAny(strings.ToLower(item.Title), "phone call", "conference call")
}
