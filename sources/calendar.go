package sources

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/api/calendar/v3"

	"achim/briefing"
	"achim/internal/language"
)

const (
	calendarsAtOnce = 4
	daysAhead       = 3  // kept for "tomorrow", and for a day that cannot be read
	mostPages       = 20 // of one list; a calendar beyond that is an endless answer
)

const (
	calendarFields = "kind,nextPageToken,items(id,primary,selected,hidden,deleted,accessRole)"
	eventFields    = "kind,nextPageToken,items(id,iCalUID,status,summary,start,end,location,description,htmlLink,hangoutLink," +
		"conferenceData/entryPoints(entryPointType,uri),attendees(self,responseStatus),eventType,transparency,visibility,endTimeUnspecified)"
)

// errEndless is a list whose every page announces another one.
var errEndless = errors.New("the list does not end")

// calendarSource reads the selected calendars: one call for their list, one for the events of each.
type calendarSource struct {
	google *Google
	korean *koreanHolidays
}

func newCalendar(google *Google, names HolidayNames) *calendarSource {
	if names == nil {
		names = language.KoreanHolidays().Name
	}
	return &calendarSource{google, newKoreanHolidays(names)}
}

// Name implements briefing.Source.
func (*calendarSource) Name() briefing.SourceName { return briefing.Calendar }

// Provider implements briefing.Source.
func (*calendarSource) Provider() briefing.Provider { return briefing.Google }

// calendarRef is one calendar to read.
type calendarRef struct {
	id      string
	primary bool
	role    string // what the reader may see of it, as Google says; "" = not known
}

// hides reports whether the event has no title because the reader may only know that somebody is busy.
func (c calendarRef) hides(event *calendar.Event) bool {
	private := event.Visibility == "private" || event.Visibility == "confidential"
	own := c.primary || c.role == "owner" || c.role == "writer"
	return c.role == "freeBusyReader" || (private && !own)
}

// primaryCalendar stands for the calendar of the account.
func primaryCalendar() calendarRef { return calendarRef{id: "primary", primary: true} }

// Fetch implements briefing.Source. It reads today and the three days after, whatever the request's window.
// A calendar that cannot be read leaves the section partial.
func (c *calendarSource) Fetch(ctx context.Context, req briefing.Request) (briefing.Section, error) {
	s, err := c.google.open(ctx, req.Reader.ID)
	if err != nil {
		return briefing.Section{}, err
	}
	d := days{first: req.Date, zone: req.Zone, count: 1 + daysAhead}
	ctx, stop := context.WithCancel(ctx)
	words := language.For(req.Language)
	holidays := c.holidays(ctx, s, words.Code, d)
	defer func() {
		stop()
		<-holidays
	}()
	list, err := listCalendars(ctx, s)
	if err != nil {
		return briefing.Section{}, err
	}
	read, faults := readEvents(ctx, s, list, d)
	diary := newDiary(d, inKorea(d.zone), words.Busy)
	section := briefing.Section{Source: briefing.Calendar, Provider: briefing.Google, Parts: len(list), Account: s.account()}
	var failure error
	for i, ref := range list {
		if faults[i] != nil {
			failure = worse(failure, faults[i])
			continue
		}
		section.PartsOK++
		for _, event := range read[i] {
			if !diary.add(ref, event) {
				failure = worse(failure, &briefing.Error{Op: "read event", Reason: briefing.Malformed, Err: errors.New("it has no time that can be read")})
			}
		}
	}
	if failure != nil && section.PartsOK == 0 {
		return briefing.Section{}, failure
	}
	for _, item := range <-holidays {
		diary.keepHoliday(calendarRef{id: string(words.Code) + officialHolidays}, item)
	}
	diary.fill(&section)
	section.Window = briefing.Window{From: d.start(0), To: d.start(d.count)}
	section.ReadAt = c.google.cfg.Now()
	return section, failure
}

// holidays finds out, while the reader's own calendars are read, which of the days are public holidays where the reader
// lives, if that is Korea. The channel is closed once they have been taken.
func (c *calendarSource) holidays(ctx context.Context, s *session, in briefing.Language, d days) <-chan []briefing.Item {
	found := make(chan []briefing.Item, 1)
	if !inKorea(d.zone) {
		close(found)
		return found
	}
	go func() {
		defer close(found)
		items, _ := contain("name holidays", func() ([]briefing.Item, error) { return c.korean.days(ctx, s, in, d), nil })
		found <- items
	}()
	return found
}

// readEvents reads the calendars, a few at once. Each has its own events or its own fault.
func readEvents(ctx context.Context, s *session, list []calendarRef, d days) ([][]*calendar.Event, []error) {
	read := make([][]*calendar.Event, len(list))
	faults := make([]error, len(list))
	var group errgroup.Group
	group.SetLimit(calendarsAtOnce)
	for i, ref := range list {
		group.Go(func() error {
			read[i], faults[i] = contain("list events", func() ([]*calendar.Event, error) { return listEvents(ctx, s, ref, d) })
			return nil
		})
	}
	_ = group.Wait() // no function above returns an error: each calendar keeps its own
	return read, faults
}

// worse returns the failure to tell when calendars failed for several reasons: one that somebody can mend
// goes before one that passes by itself.
func worse(a, b error) error {
	if a == nil || (briefing.ReasonOf(a).Mender() == briefing.MenderNobody && briefing.ReasonOf(b).Mender() != briefing.MenderNobody) {
		return b
	}
	return a
}

// listCalendars returns the calendars the reader has ticked, the primary one first. A grant that may read
// events and not the list reads the primary calendar alone.
func listCalendars(ctx context.Context, s *session) ([]calendarRef, error) {
	var list []calendarRef
	token := ""
	for range mostPages {
		page, err := call(ctx, s, "list calendars", func(authorize func(http.Header)) (*calendar.CalendarList, error) {
			c := s.services.calendar.CalendarList.List().Context(ctx).MaxResults(250).Fields(calendarFields)
			if token != "" {
				c.PageToken(token)
			}
			authorize(c.Header())
			return c.Do()
		})
		if errors.Is(err, briefing.ScopeMissing) {
			return []calendarRef{primaryCalendar()}, nil
		}
		if err != nil {
			return nil, err
		}
		if page.Items == nil && page.Kind == "" {
			return nil, &briefing.Error{Op: "list calendars", Reason: briefing.Malformed, Err: errHollow}
		}
		for _, entry := range page.Items {
			if entry == nil || !entry.Selected || entry.Hidden || entry.Deleted || entry.Id == "" {
				continue
			}
			if ref := (calendarRef{entry.Id, entry.Primary, entry.AccessRole}); !ref.furniture() {
				list = append(list, ref)
			}
		}
		if token = page.NextPageToken; token == "" {
			break
		}
	}
	if token != "" {
		return nil, &briefing.Error{Op: "list calendars", Reason: briefing.Malformed, Err: errEndless}
	}
	if len(list) == 0 {
		// Nothing is ticked: what a person without any choice means by "my calendar" is the primary one.
		list = append(list, primaryCalendar())
	}
	// The reader's own copy of an event knows whether they declined, so it is read before others' copies.
	slices.SortStableFunc(list, func(a, b calendarRef) int {
		switch {
		case a.primary == b.primary:
			return 0
		case a.primary:
			return -1
		}
		return 1
	})
	return list, nil
}

// probeCalendars returns how many calendars can be read. Where the list is out of reach that is found out
// by reading the primary one.
func probeCalendars(ctx context.Context, s *session) int {
	list, err := listCalendars(ctx, s)
	if err != nil {
		return 0
	}
	if len(list) == 1 && list[0] == primaryCalendar() {
		today := days{first: briefing.DateOf(s.google.cfg.Now(), time.UTC), zone: time.UTC, count: 1}
		if _, err := listEvents(ctx, s, list[0], today); err != nil {
			return 0
		}
	}
	return len(list)
}

// listEvents returns the events of one calendar that touch the days, all pages of them.
func listEvents(ctx context.Context, s *session, ref calendarRef, d days) ([]*calendar.Event, error) {
	const op = "list events"
	var events []*calendar.Event
	token := ""
	for range mostPages {
		page, err := call(ctx, s, op, func(authorize func(http.Header)) (*calendar.Events, error) {
			// Without the types working locations, focus time, birthdays and absences would come as events.
			c := s.services.calendar.Events.List(ref.id).Context(ctx).
				TimeMin(d.start(0).Format(time.RFC3339)).TimeMax(d.start(d.count).Format(time.RFC3339)).
				SingleEvents(true).OrderBy("startTime").EventTypes("default", "fromGmail").
				TimeZone(d.zone.String()).MaxResults(250).MaxAttendees(1).Fields(eventFields) // the reader's own answer is enough
			if token != "" {
				c.PageToken(token)
			}
			authorize(c.Header())
			return c.Do()
		})
		if err != nil {
			return nil, err
		}
		if page.Items == nil && page.Kind == "" {
			return nil, &briefing.Error{Op: op, Reason: briefing.Malformed, Err: errHollow}
		}
		events = append(events, page.Items...)
		if token = page.NextPageToken; token == "" { // a page may be empty and not be the last
			return events, nil
		}
	}
	return nil, &briefing.Error{Op: op, Reason: briefing.Malformed, Err: errEndless}
}
