package sources_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"achim/briefing"
	"achim/sources"
)

// calendarOf answers the list of calendars with one primary calendar, and every list of events with the body.
func calendarOf(body string) transport {
	return func(r *http.Request) (*http.Response, error) {
		said := body
		if strings.HasSuffix(r.URL.Path, "/calendarList") {
			said = `{"kind":"calendar#calendarList","items":[{"id":"haneul@gaon.example","primary":true,"selected":true,"accessRole":"owner"}]}`
		}
		header := http.Header{"Content-Type": {"application/json; charset=UTF-8"}}
		return &http.Response{StatusCode: http.StatusOK, Header: header, Body: io.NopCloser(strings.NewReader(said)), Request: r}, nil
	}
}

// readCalendar reads a day of a calendar that answers so.
func readCalendar(t testing.TB, body string, day briefing.Date) (briefing.Section, error) {
	t.Helper()
	store := newMemory()
	store.put(briefing.Credential{ReaderID: readerID, AccessToken: briefing.NewSecret("ya29.access"), RefreshToken: briefing.NewSecret("1//refresh"), ClientID: clientID})
	client := sources.NewGoogle(sources.GoogleConfig{ClientID: clientID, Transport: calendarOf(body), Now: monday}, store)
	req := briefing.Request{Reader: briefing.Reader{ID: readerID}, Date: day, Zone: seoul(t), Language: briefing.Korean, Now: monday()}
	for _, source := range sources.Catalog(sources.Config{Google: client}) {
		if source.Name() == briefing.Calendar {
			return source.Fetch(t.Context(), req)
		}
	}
	t.Fatal("no calendar in the catalog")
	return briefing.Section{}, nil
}

// wellKept checks what every item of a calendar keeps, whatever the event says: a time or days, one line that shows as
// it is, links that are links, and a form that survives being stored.
func wellKept(t testing.TB, section briefing.Section) {
	t.Helper()
	items := section.Items
	for _, day := range section.Ahead {
		items = append(items, day.Items...)
	}
	for _, i := range items {
		if (i.Group == briefing.Meeting) != (!i.At.IsZero() && i.FirstDay.IsZero() && i.LastDay.IsZero()) || (i.Group != briefing.Meeting) != (!i.FirstDay.IsZero() && !i.LastDay.Before(i.FirstDay)) {
			t.Errorf("no time, or two: %+v", i)
		}
		if !i.End.IsZero() && !i.End.After(i.At) {
			t.Errorf("it ends before it begins: %+v", i)
		}
		for _, text := range []string{i.Title, i.Place} {
			if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) || strings.ContainsAny(text, "\u202e\u2066") || utf8.RuneCountInString(text) > 200 {
				t.Errorf("not a line: %q", text)
			}
		}
		for _, link := range []string{i.URL, i.JoinURL} {
			if link != "" && (!strings.HasPrefix(strings.ToLower(link), "https://") || strings.ContainsAny(link, " <>|\"\n") || len(link) > 2000) {
				t.Errorf("not a link: %q", link)
			}
		}
		stored, err := json.Marshal(i)
		var again briefing.Item
		if err == nil {
			err = json.Unmarshal(stored, &again)
		}
		if err != nil {
			t.Errorf("it cannot be stored: %v", err)
		}
	}
	counted := 0
	for _, n := range section.Counts {
		counted += n
	}
	if section.Source != "" && counted != len(section.Items) {
		t.Errorf("%v for %d items", section.Counts, len(section.Items))
	}
}

// FuzzEvents: whatever stands in a page of events, it is read or refused with a reason, and every item has a time.
func FuzzEvents(f *testing.F) {
	for _, event := range []string{
		`{"id":"a","summary":"회의","start":{"dateTime":"2026-11-23T10:00:00+09:00"},"end":{"dateTime":"2026-11-23T11:00:00+09:00"}}`,
		`{"id":"a","start":{"date":"2026-11-23"},"end":{"date":"9999-12-31"}},{"id":"b","start":{"date":"0000-01-01"},"end":{"date":"2026-12-01"}}`,
		`{"start":{"dateTime":"0000-01-01T00:00:00+09:00"},"end":{"dateTime":"9999-12-31T23:59:59-12:00"}}`,
		`{"start":{"dateTime":"2026-11-23T10:00:00","timeZone":"Local"},"end":{"dateTime":"2026-11-23T09:00:00Z"},"endTimeUnspecified":true}`,
		`null,{},{"status":"cancelled"},{"start":null},{"start":{}},{"start":{"date":"2026-11-23","dateTime":"2026-11-23T10:00:00Z"}}`,
		`{"start":{"date":"2026-11-23"},"end":{"date":"2026-11-22"},"attendees":[null,{"self":true,"responseStatus":"needsAction"}]}`,
		`{"id":"l","start":{"dateTime":"2026-11-23T10:00:00Z"},"location":"<https://ZOOM.us/j/1> (본관)","description":"&lt;a href=https://www.google.com/url?q=https%3A%2F%2Fzoom.us%2Fj%2F1","hangoutLink":"https://a@b/"}`,
		`{"start":{"dateTime":"2026-11-23T10:00:00Z"},"location":"대한민국 서울특별시 강남구 테헤란로 152 06236, ((((","conferenceData":{"entryPoints":[null,{"entryPointType":"video","uri":"::"}]}}`,
		`{"summary":"\u202e\ud800","start":{"dateTime":"2026-11-23T23:59:60+09:00"},"visibility":"private","transparency":"transparent"}`,
	} {
		f.Add(`{"kind":"calendar#events","items":[` + event + `]}`)
	}
	f.Add(`{"kind":"calendar#events","items":[],"nextPageToken":"again"}`)
	f.Fuzz(func(t *testing.T, page string) {
		section, err := readCalendar(t, page, briefing.DateOf(monday(), seoul(t)))
		if err != nil {
			wantTame(t, err)
		}
		wellKept(t, section)
	})
}
