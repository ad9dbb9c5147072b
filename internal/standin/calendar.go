package standin

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Calendar is one entry of a person's calendar list, with its events.
type Calendar struct {
	ID         string // empty: the account's address, and then Primary
	Summary    string // empty: the ID
	AccessRole string // "owner" when empty; "freeBusyReader" hides titles
	TimeZone   string // "Asia/Seoul" when empty
	Primary    bool
	Selected   bool // ticked in the person's Calendar
	Hidden     bool // listed only with showHidden=true
	Events     []Event
}

func (a *account) addCalendar(c Calendar) {
	if c.ID == "" {
		c.ID, c.Primary = a.Email, true
	}
	if c.Summary == "" {
		c.Summary = c.ID
	}
	if c.AccessRole == "" {
		c.AccessRole = "owner"
	}
	if c.TimeZone == "" {
		c.TimeZone = "Asia/Seoul"
	}
	events := c.Events
	c.Events = nil
	a.Calendars = append(a.Calendars, c)
	added := &a.Calendars[len(a.Calendars)-1]
	for i, e := range events {
		added.put(e, len(a.Calendars)*1000+i)
	}
}

// put adds an event or replaces the one with its ID.
func (c *Calendar) put(e Event, serial int) {
	e = e.withDefaults(serial)
	c.Events = slices.DeleteFunc(c.Events, func(old Event) bool { return old.ID == e.ID })
	c.Events = append(c.Events, e)
}

func (a *account) calendar(id string) *Calendar {
	for i, c := range a.Calendars {
		if c.ID == id || id == "primary" && c.Primary {
			return &a.Calendars[i]
		}
	}
	return nil
}

func (c *Calendar) location() *time.Location {
	return zoneOr(c.TimeZone, time.FixedZone("KST", 9*60*60))
}

func zoneOr(name string, otherwise *time.Location) *time.Location {
	if z, err := time.LoadLocation(name); err == nil && name != "" {
		return z
	}
	return otherwise
}

var (
	listScopes  = []string{"calendar", "calendar.readonly", "calendar.calendarlist", "calendar.calendarlist.readonly"}
	writeScopes = []string{"calendar", "calendar.events", "calendar.events.owned", "calendar.app.created"}
	readScopes  = append([]string{
		"calendar.readonly", "calendar.events.readonly", "calendar.events.owned.readonly",
		"calendar.events.freebusy", "calendar.events.public.readonly",
	}, writeScopes...)
)

func calendarAPI(method string, scopes []string) api {
	return api{name: "calendar", method: "calendar.v3." + method, scopes: scopes}
}

func (g *Google) calendarList(w http.ResponseWriter, r *http.Request) {
	g.lock.Lock()
	defer g.lock.Unlock()
	t, ok := g.admit(w, r, calendarAPI("CalendarList.List", listScopes))
	if !ok {
		return
	}
	q := r.URL.Query()
	p, fail := g.paging(q, 100, 250)
	if fail != nil {
		fail.write(w)
		return
	}
	var items []any
	for _, c := range t.account.Calendars {
		if c.Hidden && q.Get("showHidden") != "true" {
			continue
		}
		items = append(items, c.resource())
	}
	part, next := p.cut(items)
	out := map[string]any{"kind": "calendar#calendarList", "etag": `"standin"`, "items": listOf(part)}
	if next != "" {
		out["nextPageToken"] = next
	} else {
		out["nextSyncToken"] = "standin-sync"
	}
	writeMasked(w, r, out)
}

// listOf is never null in JSON.
func listOf(items []any) []any {
	if items == nil {
		return []any{}
	}
	return items
}

// resource is the calendarList entry; Google leaves false flags out.
func (c *Calendar) resource() map[string]any {
	out := map[string]any{
		"kind": "calendar#calendarListEntry", "etag": `"standin"`, "id": c.ID, "summary": c.Summary,
		"timeZone": c.TimeZone, "accessRole": c.AccessRole, "backgroundColor": "#9fe1e7",
		"foregroundColor": "#000000", "colorId": "14", "defaultReminders": []any{},
	}
	for name, on := range map[string]bool{"primary": c.Primary, "selected": c.Selected, "hidden": c.Hidden} {
		if on {
			out[name] = true
		}
	}
	return out
}

// publicHolidays reports the calendars of public holidays, which everybody may read.
func publicHolidays(id string) bool {
	return strings.HasSuffix(id, ".official#holiday@group.v.calendar.google.com")
}

// theCalendar finds the one in the path or answers 404, as Google does too when the
// calendar exists and is none of the caller's business.
func (g *Google) theCalendar(w http.ResponseWriter, r *http.Request, t *issued) (*Calendar, bool) {
	id := r.PathValue("cal")
	c := t.account.calendar(id)
	if c == nil && publicHolidays(id) {
		return &Calendar{ID: id, Summary: id, AccessRole: "reader", TimeZone: "UTC", Events: g.holidays[id]}, true
	}
	if c == nil {
		apiError{code: 404, reason: "notFound", message: "Not Found"}.write(w)
		return nil, false
	}
	return c, true
}

// eventsQuery is a checked events.list request.
type eventsQuery struct {
	from, to time.Time // zero: open
	types    []string
	zone     *time.Location
	sorted   bool
	deleted  bool
}

func parseEventsQuery(q url.Values, c *Calendar) (eventsQuery, *apiError) {
	e := eventsQuery{zone: c.location(), types: q["eventTypes"], deleted: q.Get("showDeleted") == "true"}
	var err error
	for name, at := range map[string]*time.Time{"timeMin": &e.from, "timeMax": &e.to} {
		s := q.Get(name)
		if s == "" {
			continue
		}
		// RFC 3339 has an offset by definition: a time without one fails here, as it does there.
		if *at, err = time.Parse(time.RFC3339, s); err != nil {
			return e, &apiError{code: 400, reason: "badRequest", message: "Bad Request", location: name}
		}
	}
	if !e.from.IsZero() && !e.to.IsZero() && !e.from.Before(e.to) {
		return e, &apiError{code: 400, reason: "timeRangeEmpty", message: "The specified time range is empty.", location: "timeMax"}
	}
	if zone := q.Get("timeZone"); zone != "" {
		if e.zone = zoneOr(zone, nil); e.zone == nil {
			return e, &apiError{code: 400, reason: "invalid", message: "Invalid time zone: " + zone, location: "timeZone"}
		}
	}
	switch order := q.Get("orderBy"); {
	case order == "startTime" && q.Get("singleEvents") != "true":
		return e, &apiError{
			code: 400, reason: "badRequest", location: "orderBy",
			message: "The requested ordering is not available for the particular query.",
		}
	case order == "startTime":
		e.sorted = true
	}
	return e, nil
}

func (g *Google) eventsList(w http.ResponseWriter, r *http.Request) {
	g.lock.Lock()
	defer g.lock.Unlock()
	t, ok := g.admit(w, r, calendarAPI("Events.List", readScopes))
	if !ok {
		return
	}
	c, ok := g.theCalendar(w, r, t)
	if !ok {
		return
	}
	q := r.URL.Query()
	want, fail := parseEventsQuery(q, c)
	p, pageFail := g.paging(q, 250, 2500)
	if fail == nil {
		fail = pageFail
	}
	if fail != nil {
		fail.write(w)
		return
	}
	part, next := p.cut(c.matching(want, t.account.Email))
	out := map[string]any{
		"kind": "calendar#events", "etag": `"standin"`, "summary": c.Summary, "timeZone": c.TimeZone,
		"accessRole": c.AccessRole, "updated": g.now().UTC().Format(time.RFC3339Nano),
		"defaultReminders": []any{}, "items": listOf(part),
	}
	if next != "" {
		out["nextPageToken"] = next
	} else {
		out["nextSyncToken"] = "standin-sync"
	}
	writeMasked(w, r, out)
}

func (c *Calendar) matching(want eventsQuery, email string) []any {
	events := slices.Clone(c.Events)
	if want.sorted {
		slices.SortStableFunc(events, func(a, b Event) int {
			return a.start(c.location()).Compare(b.start(c.location()))
		})
	}
	var out []any
	for _, e := range events {
		if e.Status == "cancelled" && !want.deleted || len(want.types) > 0 && !slices.Contains(want.types, e.EventType) {
			continue
		}
		// timeMin bounds the end and timeMax the start, both exclusively.
		startless := e.start(c.location()).IsZero()
		late := !want.to.IsZero() && !e.start(c.location()).Before(want.to)
		early := !want.from.IsZero() && !e.end(c.location()).After(want.from)
		if startless || !late && !early {
			out = append(out, c.eventResource(e, want.zone, email))
		}
	}
	return out
}

func (g *Google) eventsGet(w http.ResponseWriter, r *http.Request) {
	g.lock.Lock()
	defer g.lock.Unlock()
	t, ok := g.admit(w, r, calendarAPI("Events.Get", readScopes))
	if !ok {
		return
	}
	c, ok := g.theCalendar(w, r, t)
	if !ok {
		return
	}
	i := slices.IndexFunc(c.Events, func(e Event) bool { return e.ID == r.PathValue("id") })
	if i < 0 {
		apiError{code: 404, reason: "notFound", message: "Not Found"}.write(w)
		return
	}
	writeMasked(w, r, c.eventResource(c.Events[i], c.location(), t.account.Email))
}

// eventsInsert creates an event; a client-chosen id that exists answers 409.
func (g *Google) eventsInsert(w http.ResponseWriter, r *http.Request) {
	g.lock.Lock()
	defer g.lock.Unlock()
	t, ok := g.admit(w, r, calendarAPI("Events.Insert", writeScopes))
	if !ok {
		return
	}
	c, ok := g.theCalendar(w, r, t)
	if !ok {
		return
	}
	var body map[string]any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		apiError{code: 400, reason: "parseError", message: "Parse Error"}.write(w)
		return
	}
	e, fail := eventFromJSON(body)
	switch {
	case fail != nil:
		fail.write(w)
		return
	case c.AccessRole != "owner" && !strings.HasPrefix(c.AccessRole, "writer"):
		apiError{code: 403, reason: "requiredAccessLevel", message: "You need to have writer access to this calendar."}.write(w)
		return
	case e.ID != "" && slices.ContainsFunc(c.Events, func(x Event) bool { return x.ID == e.ID }):
		apiError{code: 409, reason: "duplicate", message: "The requested identifier already exists."}.write(w)
		return
	}
	g.serial++
	c.put(e, g.serial)
	writeMasked(w, r, c.eventResource(c.Events[len(c.Events)-1], c.location(), t.account.Email))
}
