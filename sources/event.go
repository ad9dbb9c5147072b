package sources

import (
	"regexp"
	"strings"
	"time"

	"google.golang.org/api/calendar/v3"

	"achim/briefing"
)

// mostTitle bounds what is kept of a title; what is shown of it is shorter.
const mostTitle = 200

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

// unaccepted reports whether the reader has yet to say that they come. An event that its organiser calls tentative is
// none once they have.
func unaccepted(event *calendar.Event, response string) bool {
	return response == "needsAction" || response == "tentative" || (event.Status == "tentative" && response != "accepted")
}

// eventItem is an event as a briefing tells it; not ok for one without a time that can be read.
func eventItem(event *calendar.Event, zone *time.Location) (briefing.Item, bool) {
	item := briefing.Item{
		ID: event.Id, Group: briefing.Meeting, Title: cut(oneLine(wordsOf(event.Summary)), mostTitle), URL: httpsURL(event.HtmlLink),
	}
	if !setTimes(&item, event, zone) {
		return item, false
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

// markup is the tags that programs put into titles and places, and nothing else in angle brackets: those fields are plain
// text, in which <T> and a < b mean what they say.
var (
	markup = regexp.MustCompile(`(?i)</?(?:a|b|i|u|em|strong|span|font|html|body|script|style)(?:\s[^<>]*)?/?>`)
	breaks = regexp.MustCompile(`(?i)</?(?:br|p|div|li|ul|ol|tr|td|table|h[1-6])(?:\s[^<>]*)?/?>`)
)

// wordsOf takes the words out of a title or a place.
func wordsOf(s string) string {
	if !strings.ContainsAny(s, "<&") {
		return s
	}
	return markup.ReplaceAllString(breaks.ReplaceAllString(unescapeTwice(s), "\n"), "")
}

// setTimes reads when the event is. All-day dates belong to a calendar and never pass through a zone;
// their end is exclusive. What has hours is a meeting, however long it lasts: a diary tells the dates it covers.
// A meeting without an end, or with one that Google made up, ends at no time.
func setTimes(item *briefing.Item, event *calendar.Event, zone *time.Location) bool {
	if event.Start != nil && event.Start.Date != "" {
		return setDates(item, event)
	}
	start, ok := instant(event.Start, zone)
	if !ok {
		return false
	}
	item.At = start.UTC()
	if end, ok := instant(event.End, zone); ok && end.After(start) && !event.EndTimeUnspecified {
		item.End = end.UTC()
	}
	return true
}

// setDates reads the dates of an all-day event.
func setDates(item *briefing.Item, event *calendar.Event) bool {
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

// instant reads a time with an offset, or one without in the zone named beside it. Years that could not be stored as a
// date in every zone are none.
func instant(t *calendar.EventDateTime, zone *time.Location) (time.Time, bool) {
	if t == nil || t.DateTime == "" {
		return time.Time{}, false
	}
	at, err := time.Parse(time.RFC3339, t.DateTime)
	if err != nil {
		if named, err := briefing.LoadZone(t.TimeZone); err == nil {
			zone = named
		}
		at, err = time.ParseInLocation("2006-01-02T15:04:05", t.DateTime, zone)
	}
	year := at.UTC().Year()
	return at, err == nil && year > 1 && year < 9999
}
