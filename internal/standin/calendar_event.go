package standin

import (
	"fmt"
	"maps"
	"regexp"
	"strings"
	"time"
)

// Event is one event, a single instance. Give Start and End, or StartDate and
// EndDate ("2026-11-23", the end exclusive) for an all-day one; EndDate defaults
// to the next day.
type Event struct {
	ID                    string // made up when empty
	Summary               string
	Start, End            time.Time
	StartDate, EndDate    string
	Location, Description string
	HangoutLink           string // a Meet address
	ConferenceURI         string // conferenceData's video entry point, where a Zoom add-on puts its address
	Organizer             string // an address; empty: the calendar's
	Attendees             []Attendee
	Status                string // "confirmed" when empty
	EventType             string // "default" when empty
	Visibility            string // left out when empty
	Transparency          string // left out when empty; "transparent" is shown as free
	// Raw adds members to the JSON or overrides them; a nil value takes one away.
	Raw map[string]any
}

// Attendee is a guest. The one with the account's own address gets self: true.
type Attendee struct {
	Email, Name string
	Response    string // "accepted" when empty; "declined", "tentative", "needsAction"
	Optional    bool
	Resource    bool // a room
}

func (e Event) withDefaults(serial int) Event {
	if e.ID == "" {
		e.ID = fmt.Sprintf("standinevent%05d", serial)
	}
	if e.Status == "" {
		e.Status = "confirmed"
	}
	if e.EventType == "" {
		e.EventType = "default"
	}
	if d, err := time.Parse(time.DateOnly, e.StartDate); err == nil && e.EndDate == "" {
		e.EndDate = d.AddDate(0, 0, 1).Format(time.DateOnly)
	}
	if e.StartDate == "" && !e.Start.IsZero() && e.End.IsZero() {
		e.End = e.Start.Add(time.Hour)
	}
	return e
}

// start is zero for an event without one, such as a cancelled exception.
func (e Event) start(zone *time.Location) time.Time { return dateOr(e.StartDate, e.Start, zone) }

func (e Event) end(zone *time.Location) time.Time { return dateOr(e.EndDate, e.End, zone) }

func dateOr(date string, at time.Time, zone *time.Location) time.Time {
	if date == "" {
		return at
	}
	d, err := time.ParseInLocation(time.DateOnly, date, zone)
	if err != nil {
		return at
	}
	return d
}

// eventResource is the event in Google's JSON, as the person with this address may
// see it, times written in zone.
func (c *Calendar) eventResource(e Event, zone *time.Location, email string) map[string]any {
	organizer := e.Organizer
	if organizer == "" {
		organizer = c.ID
	}
	out := map[string]any{
		"kind": "calendar#event", "etag": `"standin"`, "id": e.ID, "status": e.Status, "eventType": e.EventType,
		"htmlLink": "https://calendar.google.com/calendar/event?eid=" + e.ID,
		"iCalUID":  e.ID + "@standin.example", "sequence": 0,
		"created": "2026-01-05T00:00:00.000Z", "updated": "2026-01-05T00:00:00.000Z",
		"creator":   person(organizer, email),
		"organizer": person(organizer, email),
		"reminders": map[string]any{"useDefault": true},
	}
	if e.StartDate != "" {
		out["start"], out["end"] = map[string]any{"date": e.StartDate}, map[string]any{"date": e.EndDate}
	} else if !e.Start.IsZero() {
		out["start"], out["end"] = moment(e.Start, zone, c.TimeZone), moment(e.End, zone, c.TimeZone)
	}
	for name, value := range map[string]string{
		"summary": e.Summary, "location": e.Location, "description": e.Description, "hangoutLink": e.HangoutLink,
		"visibility": e.Visibility, "transparency": e.Transparency,
	} {
		if value != "" {
			out[name] = value
		}
	}
	if video := e.video(); video != nil {
		out["conferenceData"] = video
	}
	if len(e.Attendees) > 0 {
		out["attendees"] = guests(e.Attendees, email)
	}
	maps.Copy(out, e.Raw)
	maps.DeleteFunc(out, func(_ string, v any) bool { return v == nil })
	c.redact(out)
	return out
}

// redact takes away what the calendar's owner does not share: everything but the
// times for a free/busy reader, and the same for private events of other people.
func (c *Calendar) redact(out map[string]any) {
	hidden := out["visibility"] == "private" && c.AccessRole == "reader"
	if c.AccessRole != "freeBusyReader" && !hidden {
		return
	}
	maps.DeleteFunc(out, func(k string, _ any) bool {
		return !strings.Contains(" kind etag id status start end visibility eventType ", " "+k+" ")
	})
	out["visibility"] = "private"
}

func moment(t time.Time, zone *time.Location, name string) map[string]any {
	return map[string]any{"dateTime": t.In(zone).Format(time.RFC3339), "timeZone": name}
}

func person(address, self string) map[string]any {
	p := map[string]any{"email": address}
	if strings.EqualFold(address, self) {
		p["self"] = true
	}
	return p
}

func guests(list []Attendee, self string) []any {
	var out []any
	for _, a := range list {
		p := person(a.Email, self)
		p["responseStatus"] = "accepted"
		if a.Response != "" {
			p["responseStatus"] = a.Response
		}
		if a.Name != "" {
			p["displayName"] = a.Name
		}
		if a.Optional {
			p["optional"] = true
		}
		if a.Resource {
			p["resource"] = true
		}
		out = append(out, p)
	}
	return out
}

func (e Event) video() map[string]any {
	uri, name, kind := e.ConferenceURI, "Zoom Meeting", "addOn"
	if uri == "" {
		uri, name, kind = e.HangoutLink, "Google Meet", "hangoutsMeet"
	}
	if uri == "" {
		return nil
	}
	label := strings.TrimPrefix(strings.TrimPrefix(uri, "https://"), "http://")
	return map[string]any{
		"conferenceId":       e.ID,
		"conferenceSolution": map[string]any{"name": name, "key": map[string]any{"type": kind}},
		"entryPoints": []any{
			map[string]any{"entryPointType": "video", "uri": uri, "label": label},
			map[string]any{"entryPointType": "phone", "uri": "tel:+82-2-000-0000", "label": "+82 2 000 0000"},
		},
	}
}

var clientEventID = regexp.MustCompile(`^[a-v0-9]{5,}$`)

// eventFromJSON reads an events.insert body: start and end are needed, the rest is
// kept as it came.
func eventFromJSON(body map[string]any) (Event, *apiError) {
	e := Event{Raw: body}
	e.ID, _ = body["id"].(string)
	if e.ID != "" && (!clientEventID.MatchString(e.ID) || len(e.ID) > 1024) {
		return e, &apiError{code: 400, reason: "invalid", message: "Invalid resource id value.", location: "id"}
	}
	for name, into := range map[string]struct {
		date *string
		at   *time.Time
	}{"start": {&e.StartDate, &e.Start}, "end": {&e.EndDate, &e.End}} {
		side, _ := body[name].(map[string]any)
		*into.date, _ = side["date"].(string)
		stamp, _ := side["dateTime"].(string)
		zone, _ := side["timeZone"].(string)
		var err error
		if stamp != "" {
			*into.at, err = parseStamp(stamp, zone)
		}
		if err != nil || stamp == "" && *into.date == "" {
			return e, &apiError{code: 400, reason: "required", message: "Missing " + name + " time.", location: name}
		}
	}
	if (e.StartDate == "") != (e.EndDate == "") {
		return e, &apiError{code: 400, reason: "invalid", message: "Start and end times must either both be date or both be dateTime."}
	}
	return e, nil
}

// parseStamp reads a dateTime: with an offset, or in the zone given beside it.
func parseStamp(stamp, zone string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, stamp)
	if err == nil {
		return t, nil
	}
	z := zoneOr(zone, nil)
	if z == nil {
		return t, fmt.Errorf("time %q without offset or zone: %w", stamp, err)
	}
	return time.ParseInLocation("2006-01-02T15:04:05", stamp, z)
}
