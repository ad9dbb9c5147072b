package standin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"achim/internal/standin"
)

const holidays = "ko.south_korea#holiday@group.v.calendar.google.com"

// diary is a served account with the calendars, and a way to ask for them.
func diary(t *testing.T, calendars ...standin.Calendar) (google, func(path string, pairs ...string) reply) {
	t.Helper()
	g := newGoogle(t)
	const who = "diary@gaon.example"
	g.AddAccount(standin.Account{Email: who, Calendars: calendars})
	tok := g.Grant(who, "calendar.readonly", "calendar.events")
	return g, func(path string, pairs ...string) reply {
		t.Helper()
		return get(t, g.ends.CalendarURL+"/calendar/v3/"+path+"?"+form(pairs...).Encode(), tok.AccessToken)
	}
}

func summaries(t *testing.T, r reply) string {
	t.Helper()
	items, ok := r.at(t, "items").([]any)
	if !ok {
		t.Fatalf("no items: %d %s", r.Status, r.Body)
	}
	var out []string
	for _, i := range items {
		s, _ := i.(map[string]any)["summary"].(string)
		out = append(out, s)
	}
	return strings.Join(out, ",")
}

func kst(day, hour, minute int) time.Time {
	return time.Date(2026, 11, day, hour, minute, 0, 0, time.FixedZone("KST", 9*3600))
}

func TestCalendarList(t *testing.T) {
	g, ask := diary(t,
		standin.Calendar{Summary: "나", Selected: true},
		standin.Calendar{ID: holidays, Summary: "휴일", AccessRole: "reader"},
		standin.Calendar{ID: "hidden@gaon.example", Summary: "숨김", Hidden: true},
	)
	r := ask("users/me/calendarList")
	equal(t, "calendars", summaries(t, r), "나,휴일")
	equal(t, "primary", r.at(t, "items", 0, "primary"), any(true))
	equal(t, "id", r.at(t, "items", 0, "id"), any("diary@gaon.example"))
	equal(t, "zone", r.at(t, "items", 0, "timeZone"), any("Asia/Seoul"))
	equal(t, "unselected", r.at(t, "items", 1, "selected"), any(nil))
	equal(t, "hidden too", summaries(t, ask("users/me/calendarList", "showHidden", "true")), "나,휴일,숨김")

	narrow := g.Grant("diary@gaon.example", "calendar.events").AccessToken
	equal(t, "calendar.events is not enough", get(t, g.ends.CalendarURL+"/calendar/v3/users/me/calendarList", narrow).Status, 403)
	equal(t, "it reads primary", get(t, g.ends.CalendarURL+"/calendar/v3/calendars/primary/events", narrow).Status, 200)
}

func TestEventsWindow(t *testing.T) {
	_, ask := diary(t, standin.Calendar{Events: []standin.Event{
		{Summary: "종일", StartDate: "2026-11-23"},
		{Summary: "어제 종일", StartDate: "2026-11-22"},
		{Summary: "밤샘", Start: kst(22, 23, 0), End: kst(23, 1, 0)},
		{Summary: "자정까지", Start: kst(22, 23, 0), End: kst(23, 0, 0)},
		{Summary: "오후", Start: kst(23, 15, 0)},
		{Summary: "아침", Start: kst(23, 9, 0), EventType: "focusTime"},
		{Summary: "취소", Start: kst(23, 9, 0), Status: "cancelled"},
		{Summary: "내일 자정", Start: kst(24, 0, 0)},
	}})
	window := []string{"timeMin", "2026-11-23T00:00:00+09:00", "timeMax", "2026-11-24T00:00:00+09:00"}
	sorted := append(window, "singleEvents", "true", "orderBy", "startTime")
	equal(t, "the day", summaries(t, ask("calendars/primary/events", sorted...)), "밤샘,종일,아침,오후")
	equal(t, "types", summaries(t, ask("calendars/primary/events", append(sorted, "eventTypes", "focusTime", "eventTypes", "birthday")...)), "아침")
	if s := summaries(t, ask("calendars/primary/events", append(sorted, "showDeleted", "true")...)); !strings.Contains(s, "취소") {
		t.Errorf("showDeleted: %s", s)
	}
	for why, pairs := range map[string][]string{
		"no offset":            {"timeMin", "2026-11-23T00:00:00"},
		"swapped":              {"timeMin", "2026-11-24T00:00:00Z", "timeMax", "2026-11-23T00:00:00Z"},
		"order without single": {"orderBy", "startTime"},
		"bad zone":             {"timeZone", "Mars/Base"},
	} {
		equal(t, why, ask("calendars/primary/events", pairs...).Status, 400)
	}
	utc := ask("calendars/primary/events", append(sorted, "timeZone", "UTC")...)
	equal(t, "rendered in", utc.at(t, "items", 0, "start", "dateTime"), any("2026-11-22T14:00:00Z"))
	equal(t, "calendar's zone", utc.at(t, "timeZone"), any("Asia/Seoul"))
	equal(t, "all day", utc.at(t, "items", 1, "end", "date"), any("2026-11-24"))
	equal(t, "unknown calendar", ask("calendars/nobody@gaon.example/events").Status, 404)
}

func TestEventShape(t *testing.T) {
	events := []standin.Event{
		{ID: "one", Summary: "회의", Start: kst(23, 9, 0), ConferenceURI: "https://zoom.example/j/1", Attendees: []standin.Attendee{
			{Email: "diary@gaon.example", Response: "declined"}, {Email: "other@gaon.example"},
		}},
		{Summary: "비밀", Start: kst(23, 10, 0), Visibility: "private", Location: "어딘가"},
		{Summary: "덧붙임", Start: kst(23, 11, 0), Raw: map[string]any{"summary": nil, "colorId": "7"}},
	}
	_, ask := diary(t, standin.Calendar{Events: events},
		standin.Calendar{ID: holidays, AccessRole: "freeBusyReader", Events: events[:1]},
		standin.Calendar{ID: "boss@gaon.example", AccessRole: "reader", Events: events[1:2]})
	r := ask("calendars/primary/events")
	equal(t, "self", r.at(t, "items", 0, "attendees", 0, "self"), any(true))
	equal(t, "response", r.at(t, "items", 0, "attendees", 0, "responseStatus"), any("declined"))
	equal(t, "other's", r.at(t, "items", 0, "attendees", 1, "self"), any(nil))
	equal(t, "video", r.at(t, "items", 0, "conferenceData", "entryPoints", 0, "uri"), any("https://zoom.example/j/1"))
	equal(t, "own private event", r.at(t, "items", 1, "summary"), any("비밀"))
	equal(t, "raw adds", r.at(t, "items", 2, "colorId"), any("7"))
	equal(t, "raw removes", r.at(t, "items", 2, "summary"), any(nil))
	equal(t, "busy only", summaries(t, ask("calendars/"+url.PathEscape(holidays)+"/events")), "")
	boss := ask("calendars/boss@gaon.example/events")
	equal(t, "someone's private event", boss.at(t, "items", 0, "location"), any(nil))
	equal(t, "get", ask("calendars/primary/events/one").at(t, "id"), any("one"))
	equal(t, "get unknown", ask("calendars/primary/events/two").Status, 404)
}

func TestEventPages(t *testing.T) {
	g, ask := diary(t)
	for i := range 5 {
		g.AddEvent("diary@gaon.example", "primary", standin.Event{Summary: string(rune('a' + i)), Start: kst(23, 9+i, 0)})
	}
	g.PageSize = 2
	got, token := "", ""
	for range 5 {
		r := ask("calendars/primary/events", "pageToken", token)
		got += summaries(t, r) + "|"
		next, more := r.at(t, "nextPageToken").(string)
		if !more {
			break
		}
		token = next
	}
	equal(t, "pages", got, "a,b|c,d|e|")
}

func TestEventsInsert(t *testing.T) {
	g, ask := diary(t)
	tok := g.Grant("diary@gaon.example", "calendar.events")
	insert := func(bearer, body string) reply {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.ends.CalendarURL+"/calendar/v3/calendars/primary/events", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+bearer)
		r, err := send(t, req)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	const body = `{"id":"achim00001","summary":"점심","start":{"dateTime":"2026-11-23T12:00:00","timeZone":"Asia/Seoul"},"end":{"dateTime":"2026-11-23T13:00:00+09:00"}}`
	r := insert(tok.AccessToken, body)
	equal(t, "created", r.Status, 200)
	equal(t, "id", r.at(t, "id"), any("achim00001"))
	r = insert(tok.AccessToken, body)
	equal(t, "again", r.Status, 409)
	equal(t, "reason", r.at(t, "error", "errors", 0, "reason"), any("duplicate"))
	equal(t, "bad id", insert(tok.AccessToken, strings.Replace(body, "achim", "xyz", 1)).Status, 400)
	equal(t, "no times", insert(tok.AccessToken, `{"summary":"x"}`).Status, 400)
	equal(t, "read-only scope", insert(g.Grant("diary@gaon.example", "calendar.readonly").AccessToken, body).Status, 403)
	equal(t, "listed", summaries(t, ask("calendars/primary/events", "timeMin", "2026-11-23T03:00:00Z", "timeMax", "2026-11-23T04:00:00Z")), "점심")
}
