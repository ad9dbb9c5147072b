package sources

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"achim/briefing"
)

const (
	southKorea = "south_korea"
	// officialHolidays is Google's calendar of Korea's public holidays, and of nothing else, in a language.
	officialHolidays = "." + southKorea + ".official#holiday@group.v.calendar.google.com"
)

const (
	holidayPatience = 1500 * time.Millisecond // what a reading waits for that calendar at most
	holidayRest     = 5 * time.Minute         // for which nobody asks again after an outage
	holidaysBefore  = 7                       // days read, for briefings of other dates
	holidaysRead    = 28
)

// inKorea reports whether the zone is Korea's.
func inKorea(zone *time.Location) bool {
	return zone.String() == "Asia/Seoul" || zone.String() == "ROK"
}

// HolidayNames says what the public holiday of Korea on a date is called, and "" of any other date. It is called at
// once from many goroutines.
type HolidayNames func(d briefing.Date, in briefing.Language) string

// koreanHolidays knows the public holidays of Korea: those of a table, which knows the law, and those that Google's
// calendar names beyond it, as days that were decreed lately. That calendar is read once a day and language, with the
// grant of whoever is being read. When it cannot be, the table alone is right enough.
type koreanHolidays struct {
	table   HolidayNames
	flights singleflight.Group // by language

	mu      sync.Mutex
	read    map[briefing.Language]holidayPage
	today   briefing.Date              // of what follows
	tried   map[briefing.ReaderID]bool // whose grant did not do
	resting time.Time                  // until when nobody asks
}

// holidayPage is what Google's calendar said on a date.
type holidayPage struct {
	on    briefing.Date
	names map[briefing.Date][]briefing.Item
}

func newKoreanHolidays(table HolidayNames) *koreanHolidays {
	return &koreanHolidays{table: table, read: map[briefing.Language]holidayPage{}, tried: map[briefing.ReaderID]bool{}}
}

// days returns the holidays among the days. It never fails, and takes no longer than holidayPatience.
func (h *koreanHolidays) days(ctx context.Context, s *session, in briefing.Language, d days) []briefing.Item {
	page := h.page(ctx, s, in, d.zone)
	var items []briefing.Item
	for n := range d.count {
		date := d.first.AddDays(n)
		named := page.names[date]
		if name := h.table(date, in); name != "" && len(named) == 0 {
			named = []briefing.Item{{ID: "holiday-" + date.String(), Group: briefing.Holiday, Title: name, FirstDay: date, LastDay: date}}
		}
		items = append(items, named...)
	}
	return items
}

// page returns what Google's calendar says, today's if it can be had, else what it said last.
func (h *koreanHolidays) page(ctx context.Context, s *session, in briefing.Language, zone *time.Location) holidayPage {
	now := s.google.cfg.Now().In(zone)
	page, ask := h.known(s.reader, in, now)
	if !ask {
		return page
	}
	ctx, cancel := context.WithTimeout(ctx, holidayPatience)
	defer cancel()
	fresh, err, _ := h.flights.Do(string(in), func() (any, error) {
		if page, ask := h.known(s.reader, in, now); !ask {
			return page, nil // somebody else has just come back with it
		}
		return contain("list holidays", func() (any, error) { return h.fetch(ctx, s, in, now) })
	})
	if err != nil {
		return page
	}
	return fresh.(holidayPage)
}

// known returns what is known at the time, of a clock in Korea, and whether the reader's grant is to be used to know more.
func (h *koreanHolidays) known(reader briefing.ReaderID, in briefing.Language, now time.Time) (holidayPage, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if today := briefing.DateOf(now, now.Location()); today != h.today {
		h.today = today
		clear(h.tried)
	}
	page := h.read[in]
	return page, page.on != h.today && !h.tried[reader] && !now.Before(h.resting)
}

// fetch asks Google and keeps what it says, or who need not ask again.
func (h *koreanHolidays) fetch(ctx context.Context, s *session, in briefing.Language, now time.Time) (holidayPage, error) {
	today := briefing.DateOf(now, now.Location())
	d := days{first: today.AddDays(-holidaysBefore), zone: now.Location(), count: holidaysRead}
	ref := calendarRef{id: string(in) + officialHolidays}
	events, err := listEvents(ctx, s, ref, d)
	h.mu.Lock()
	defer h.mu.Unlock()
	if err != nil && errors.Is(ctx.Err(), context.Canceled) { // the reading was broken off, which says nothing
		return holidayPage{}, err
	}
	if err != nil {
		h.tried[s.reader] = true
		if briefing.ReasonOf(err).Mender() == briefing.MenderNobody {
			h.resting = now.Add(holidayRest)
		}
		return holidayPage{}, err
	}
	diary := newDiary(d, true, "")
	for _, event := range events {
		diary.add(ref, event)
	}
	page := holidayPage{on: today, names: map[briefing.Date][]briefing.Item{}}
	for n := range d.count {
		if named := diary.day(n); len(named) > 0 {
			page.names[d.first.AddDays(n)] = named
		}
	}
	h.read[in] = page
	return page, nil
}

// holiday reports whether it is one of Google's calendars of holidays.
func (c calendarRef) holiday() bool { return strings.Contains(c.id, "#holiday@") }

// official reports whether it lists days off alone, and no observances beside them.
func (c calendarRef) official() bool { return strings.Contains(c.id, ".official#holiday@") }

// country returns whose holidays they are, as Google's ids name it: of en.usa.official#holiday@… it is usa.
func (c calendarRef) country() string {
	name, _, _ := strings.Cut(c.id, "#")
	name = strings.TrimSuffix(name, ".official")
	if _, after, ok := strings.Cut(name, "."); ok {
		return after
	}
	return name
}

// furniture reports calendars that Google draws into everybody's margin: birthdays of contacts, numbers of weeks and days.
func (c calendarRef) furniture() bool {
	return strings.Contains(c.id, "#contacts@group.v.") || strings.Contains(c.id, "#weeknum@group.v.") || strings.Contains(c.id, "#daynum@group.v.")
}
