package sources_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"achim/briefing"
	"achim/internal/standin"
)

// raw is a standin event whose times are as Google would write them.
func raw(summary, start, end string, more ...string) standin.Event {
	e := standin.Event{Summary: summary, Raw: map[string]any{}}
	e.Start, _ = time.Parse(time.RFC3339, start)
	e.End, _ = time.Parse(time.RFC3339, end)
	for i := 0; i < len(more); i += 2 {
		e.Raw[more[i]] = more[i+1]
	}
	return e
}

// inZone is a house whose reader lives there, at nine in the morning of the date.
func inZone(t testing.TB, zone, date string, calendars ...standin.Calendar) *house {
	t.Helper()
	h := build(t, standin.Account{Calendars: calendars})
	var err error
	if h.zone, err = briefing.LoadZone(zone); err != nil {
		t.Fatal(err)
	}
	d, err := briefing.ParseDate(date)
	if err != nil {
		t.Fatal(err)
	}
	h.clock.Advance(briefing.At(d, briefing.TimeOfDay{Hour: 9}, h.zone).Sub(h.clock.Now()))
	h.connect()
	return h
}

// TestCalendarDaysOfAnyLength: the day is the reader's own, of 23 hours, of 25, or at the other side of the world.
func TestCalendarDaysOfAnyLength(t *testing.T) {
	for _, c := range []struct {
		zone, date string
		events     []standin.Event
		want       []string
	}{
		{"America/New_York", "2026-03-08", []standin.Event{ // 23 hours: 02:00 to 03:00 is not there
			raw("eve", "2026-03-07T23:30:00-05:00", "2026-03-08T00:00:00-05:00"),
			raw("over the gap", "2026-03-08T01:30:00-05:00", "2026-03-08T03:30:00-04:00"),
			raw("whole", "2026-03-08T00:00:00-05:00", "2026-03-09T00:00:00-04:00"),
			raw("last", "2026-03-08T23:30:00-04:00", "2026-03-09T00:30:00-04:00"),
			raw("next", "2026-03-09T00:00:00-04:00", "2026-03-09T00:30:00-04:00"),
			raw("서울", "2026-03-08T22:00:00+09:00", "2026-03-08T23:00:00+09:00"),
		}, []string{
			`all_day 2026-03-08~2026-03-08 "whole"`, `meeting 01:30~03:30 "over the gap"`, `meeting 09:00~10:00 "서울"`, `meeting 23:30~00:30 "last"`,
		}},
		{"America/New_York", "2026-11-01", []standin.Event{ // 25 hours: 01:00 to 02:00 comes twice
			raw("first one", "2026-11-01T01:30:00-04:00", "2026-11-01T01:45:00-04:00"),
			raw("second one", "2026-11-01T01:30:00-05:00", "2026-11-01T01:45:00-05:00"),
			raw("both", "2026-11-01T01:00:00-04:00", "2026-11-01T02:00:00-05:00"),
			raw("whole", "2026-11-01T00:00:00-04:00", "2026-11-02T00:00:00-05:00"),
			raw("last", "2026-11-01T23:59:00-05:00", "2026-11-02T01:00:00-05:00"),
			raw("next", "2026-11-02T00:00:00-05:00", "2026-11-02T01:00:00-05:00"),
		}, []string{
			`all_day 2026-11-01~2026-11-01 "whole"`, `meeting 01:00~02:00 "both" overlaps`, `meeting 01:30~01:45 "first one" overlaps`,
			`meeting 01:30~01:45 "second one" overlaps`, `meeting 23:59~01:00 "last"`,
		}},
		{"Europe/Berlin", "2026-03-29", []standin.Event{
			raw("whole", "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00"),
			raw("gap", "2026-03-29T01:59:00+01:00", "2026-03-29T03:01:00+02:00"),
			raw("UTC evening", "2026-03-29T21:59:00Z", "2026-03-29T22:30:00Z"),
			raw("UTC night", "2026-03-29T22:00:00Z", "2026-03-29T22:30:00Z"),
		}, []string{`all_day 2026-03-29~2026-03-29 "whole"`, `meeting 01:59~03:01 "gap"`, `meeting 23:59~00:30 "UTC evening"`}},
		{"America/New_York", "2026-11-23", []standin.Event{ // a zone of its own, and times without an offset
			raw("서울의 월요일 아침", "2026-11-23T09:00:00+09:00", "2026-11-23T10:00:00+09:00"),
			raw("서울의 화요일 아침", "2026-11-24T09:00:00+09:00", "2026-11-24T10:00:00+09:00"),
			{Summary: "bare", Start: time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC), Raw: map[string]any{
				"start": map[string]any{"dateTime": "2026-11-23T07:00:00", "timeZone": "America/Los_Angeles"},
				"end":   map[string]any{"dateTime": "2026-11-23T08:00:00", "timeZone": "America/Los_Angeles"},
			}},
			{Summary: "종일", StartDate: "2026-11-23"}, {Summary: "어제 종일", StartDate: "2026-11-22"}, {Summary: "내일 종일", StartDate: "2026-11-24"},
		}, []string{`all_day 2026-11-23~2026-11-23 "종일"`, `meeting 10:00~11:00 "bare"`, `meeting 19:00~20:00 "서울의 화요일 아침"`}},
		{"Asia/Seoul", "2026-11-23", []standin.Event{
			raw("자정까지", "2026-11-22T22:00:00+09:00", "2026-11-23T00:00:00+09:00"),
			raw("밤을 넘겨", "2026-11-22T22:00:00+09:00", "2026-11-23T00:01:00+09:00"),
			raw("자정부터", "2026-11-23T00:00:00+09:00", "2026-11-23T00:30:00+09:00"),
			raw("알림", "2026-11-23T10:00:00+09:00", "2026-11-23T10:00:00+09:00"),
			raw("끝을 모름", "2026-11-23T10:00:00+09:00", "2026-11-23T11:00:00+09:00", "endTimeUnspecified", "true"),
			raw("회의", "2026-11-23T09:30:00+09:00", "2026-11-23T10:30:00+09:00"),
			raw("하루 넘게", "2026-11-23T15:00:00+09:00", "2026-11-24T15:00:00+09:00"),
			{Summary: "사흘", StartDate: "2026-11-21", EndDate: "2026-11-24"}, {Summary: "어제까지", StartDate: "2026-11-20", EndDate: "2026-11-23"},
			{Summary: "끝 없음", StartDate: "2026-11-23", Raw: map[string]any{"end": nil}},
		}, []string{
			`all_day 2026-11-21~2026-11-23 "사흘"`, `all_day 2026-11-23~2026-11-23 "끝 없음"`, `meeting 15:00~15:00 "하루 넘게"`,
			`meeting 00:00~00:30 "자정부터" overlaps`, `meeting 09:30~10:30 "회의"`, `meeting 10:00~ "끝을 모름"`, `meeting 10:00~ "알림"`, `meeting 22:00~00:01 "밤을 넘겨" overlaps`,
		}},
	} {
		for i, e := range c.events {
			if _, said := e.Raw["endTimeUnspecified"]; said {
				c.events[i].Raw["endTimeUnspecified"] = true
			}
		}
		h := inZone(t, c.zone, c.date, standin.Calendar{Selected: true, Events: c.events})
		section := h.must(t, briefing.Calendar)
		if diff := cmp.Diff(sorted(c.want), sorted(lines(section.Items, h.zone))); diff != "" {
			t.Errorf("%s %s:\n%s", c.date, c.zone, diff)
		}
	}
}

// TestCalendarNightIsInTheCopy: what goes on beyond midnight is among tomorrow's, so that a copy of tomorrow knows it.
func TestCalendarNightIsInTheCopy(t *testing.T) {
	h := build(t, standin.Account{Calendars: []standin.Calendar{{Selected: true, Events: []standin.Event{
		{Summary: "야간 점검", Start: at(23, 23, 0), End: at(24, 1, 0)}, {Summary: "자정까지", Start: at(23, 22, 0), End: at(24, 0, 0)},
	}}}})
	h.connect()
	section := h.must(t, briefing.Calendar)
	if got := lines(section.Ahead[0].Items, h.zone); !slices.Equal(got, []string{`meeting 23:00~01:00 "야간 점검"`}) || len(section.Items) != 2 {
		t.Errorf("tomorrow %q, today %q", got, lines(section.Items, h.zone))
	}
}

// TestCalendarAnswers: what the reader has said, and the organiser, decides whether and how an event is told.
func TestCalendarAnswers(t *testing.T) {
	self := func(response string) []standin.Attendee {
		return []standin.Attendee{{Email: "sujin@gaon.example", Response: "declined"}, {Email: haneul, Response: response}}
	}
	event := func(title, response, status string) standin.Event {
		e := standin.Event{Summary: title, Start: at(23, 10, 0), End: at(23, 10, 30), Transparency: "transparent", Status: status}
		if response != "" {
			e.Attendees = self(response)
		}
		return e
	}
	moved := raw("오늘로 옮김", "2026-11-23T10:00:00+09:00", "2026-11-23T10:30:00+09:00", "recurringEventId", "series1")
	moved.Transparency = "transparent"
	moved.Raw["originalStartTime"] = map[string]any{"dateTime": "2026-11-20T10:00:00+09:00"}
	gone := raw("내일로 옮김", "2026-11-24T10:00:00+09:00", "2026-11-24T10:30:00+09:00", "recurringEventId", "series1")
	gone.Raw["originalStartTime"] = map[string]any{"dateTime": "2026-11-23T10:00:00+09:00"}
	cancelled := standin.Event{ID: "series1x20261123t010000z", Status: "cancelled", Raw: map[string]any{"recurringEventId": "series1"}}
	crowd := event("많은 사람", "needsAction", "")
	crowd.Raw = map[string]any{"attendeesOmitted": true}
	h := build(t, standin.Account{Calendars: []standin.Calendar{{Selected: true, Events: []standin.Event{
		event("내 일정", "", ""), event("수락", "accepted", ""), event("미정", "tentative", ""), event("답 없음", "needsAction", ""),
		event("List<String> a < b & R&amp;D", "", ""), event("<P>두 줄<BR/>제목</P> &amp;amp; <a href=\"https://evil.example\">끝</a>", "", ""),
		event("거절", "declined", ""), event("가안", "", "tentative"), event("가안 수락", "accepted", "tentative"), moved, gone, cancelled, crowd,
	}}, {ID: "sujin@gaon.example", Selected: true, AccessRole: "reader", Events: []standin.Event{
		{Summary: "남의 초대", Start: at(23, 10, 0), End: at(23, 10, 30), Transparency: "transparent", Raw: map[string]any{
			"attendees": []any{map[string]any{"email": "sujin@gaon.example", "self": true, "responseStatus": "needsAction"}},
		}},
		{Summary: "비밀", Start: at(23, 13, 0), End: at(23, 14, 0), Visibility: "private"},
	}}, {ID: "boss@gaon.example", Selected: true, AccessRole: "freeBusyReader", Events: []standin.Event{
		{Summary: "비밀", StartDate: "2026-11-23"},
	}}, {ID: "addressbook#contacts@group.v.calendar.google.com", Selected: true, AccessRole: "reader", Events: []standin.Event{
		{Summary: "이수진님 생일", StartDate: "2026-11-23"},
	}}}})
	h.connect()
	section := h.must(t, briefing.Calendar)
	want := []string{
		`all_day 2026-11-23~2026-11-23 "바쁨"`,
		`meeting 10:00~10:30 "내 일정"`, `meeting 10:00~10:30 "수락"`, `meeting 10:00~10:30 "미정" tentative`, `meeting 10:00~10:30 "답 없음" tentative`,
		`meeting 10:00~10:30 "List<String> a < b & R&D"`, `meeting 10:00~10:30 "두 줄 제목 & 끝"`,
		`meeting 10:00~10:30 "가안" tentative`, `meeting 10:00~10:30 "가안 수락"`, `meeting 10:00~10:30 "오늘로 옮김"`,
		`meeting 10:00~10:30 "많은 사람" tentative`, `meeting 10:00~10:30 "남의 초대"`, `meeting 13:00~14:00 "바쁨"`,
	}
	if diff := cmp.Diff(sorted(want), sorted(lines(section.Items, h.zone))); diff != "" {
		t.Error(diff)
	}
	if ahead := lines(section.Ahead[0].Items, h.zone); !slices.Equal(ahead, []string{`meeting 10:00~10:30 "내일로 옮김"`}) || section.Parts != 3 {
		t.Errorf("tomorrow %q, %d calendars", ahead, section.Parts)
	}
}

// TestCalendarKindsUnfiltered: what is no meeting is left out also by a server that does not filter.
func TestCalendarKindsUnfiltered(t *testing.T) {
	const page = `{"kind":"calendar#events","items":[
		{"id":"1","eventType":"focusTime","summary":"a","start":{"dateTime":"2026-11-23T10:00:00+09:00"},"end":{"dateTime":"2026-11-23T11:00:00+09:00"}},
		{"id":"2","eventType":"outOfOffice","summary":"b","start":{"date":"2026-11-23"},"end":{"date":"2026-11-24"}},
		{"id":"3","eventType":"workingLocation","summary":"c","start":{"date":"2026-11-23"},"end":{"date":"2026-11-24"}},
		{"id":"4","eventType":"birthday","summary":"d","start":{"date":"2026-11-23"},"end":{"date":"2026-11-24"}},
		{"id":"5","eventType":"somethingNew","summary":"e","start":{"date":"2026-11-23"},"end":{"date":"2026-11-24"}},
		{"id":"6","status":"cancelled"},
		{"id":"7","eventType":"fromGmail","summary":"KE 123","start":{"dateTime":"2026-11-23T10:00:00+09:00"},"end":{"dateTime":"2026-11-23T11:00:00+09:00"}}]}`
	h := build(t, standin.Account{})
	h.connect()
	h.google.Inject(standin.Fault{Op: "calendar.events.list", Body: page})
	section := h.must(t, briefing.Calendar)
	if got := lines(section.Items, h.zone); !slices.Equal(got, []string{`meeting 10:00~11:00 "KE 123"`}) {
		t.Errorf("%q", got)
	}
}

// TestCalendarSameHoursOnce: hours that are shared without a title are those of the event the reader has, or has declined.
func TestCalendarSameHoursOnce(t *testing.T) {
	one := standin.Event{ID: "same0000001", Summary: "함께", Start: at(23, 10, 0), End: at(23, 11, 0)}
	no := standin.Event{ID: "same0000002", Summary: "안 감", Start: at(23, 13, 0), Attendees: []standin.Attendee{{Email: haneul, Response: "declined"}}}
	for _, first := range []string{"boss@gaon.example", "zzz@gaon.example"} {
		h := build(t, standin.Account{Calendars: []standin.Calendar{
			{ID: first, Selected: true, AccessRole: "freeBusyReader", Events: []standin.Event{one, no}},
			{Selected: true, Events: []standin.Event{no}},
			{ID: "team@group.example", Selected: true, Events: []standin.Event{one}},
		}})
		h.connect()
		section := h.must(t, briefing.Calendar)
		if got := lines(section.Items, h.zone); !slices.Equal(got, []string{`meeting 10:00~11:00 "함께"`}) {
			t.Errorf("%s: %q", first, got)
		}
	}
}

// TestCalendarOthersAnswers: what a colleague has declined is not declined by the reader; hours shared without a title
// stand for the reader's answer when another calendar says what they are.
func TestCalendarOthersAnswers(t *testing.T) {
	theirs := standin.Event{ID: "same0000003", Summary: "팀 회의", Start: at(23, 10, 0), End: at(23, 11, 0)}
	declined := theirs
	declined.Raw = map[string]any{"attendees": []any{map[string]any{"email": "sujin@gaon.example", "self": true, "responseStatus": "declined"}}}
	full := standin.Event{ID: "same0000004", Summary: "임원 회의", Start: at(23, 13, 0), End: at(23, 14, 0)}
	bare := full
	bare.Summary, bare.Attendees = "", []standin.Attendee{{Email: haneul, Response: "needsAction"}}
	h := build(t, standin.Account{Calendars: []standin.Calendar{
		{Selected: true, Events: []standin.Event{bare}},
		{ID: "sujin@gaon.example", Selected: true, AccessRole: "reader", Events: []standin.Event{declined}},
		{ID: "team@group.example", Selected: true, AccessRole: "reader", Events: []standin.Event{theirs, full}},
		{ID: "busy@gaon.example", Selected: true, AccessRole: "freeBusyReader"},
	}})
	h.connect()
	h.google.Inject(standin.Fault{
		Op: "calendar.events.list", Match: func(r *http.Request) bool { return strings.Contains(r.URL.Path, "busy@") },
		Body: `{"kind":"calendar#events","items":[{"id":"b","start":{"dateTime":"2026-11-23T15:00:00+09:00"},"end":{"dateTime":"2026-11-23T16:00:00+09:00"}}]}`,
	})
	section := h.must(t, briefing.Calendar)
	want := []string{`meeting 10:00~11:00 "팀 회의"`, `meeting 13:00~14:00 "임원 회의" tentative`, `meeting 15:00~16:00 "바쁨"`}
	if got := lines(section.Items, h.zone); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// drawn is an event of the property below, and what is to become of it.
type drawn struct {
	event      standin.Event
	told       bool
	start, end time.Time
	allDay     bool
}

func drawEvent(t *rapid.T, i int, day briefing.Date, zone *time.Location) drawn {
	d := drawn{told: true, event: standin.Event{ID: fmt.Sprintf("drawn%05d", i), Summary: fmt.Sprintf("drawn %d", i)}}
	if d.allDay = rapid.IntRange(0, 3).Draw(t, "all day") == 0; d.allDay {
		first := day.AddDays(rapid.IntRange(-3, 2).Draw(t, "first"))
		end := first.AddDays(rapid.IntRange(1, 4).Draw(t, "days"))
		d.event.StartDate, d.event.EndDate = first.String(), end.String()
		d.start, d.end = first.Start(zone), end.Start(zone)
	} else {
		d.start = day.Start(zone).Add(time.Duration(rapid.IntRange(-48*4, 40*4).Draw(t, "quarters")) * 15 * time.Minute)
		d.end = d.start.Add(time.Duration(rapid.SampledFrom([]int{15, 30, 60, 90, 600, 1425, 1440, 3000}).Draw(t, "minutes")) * time.Minute)
		d.event.Start, d.event.End = d.start, d.end
	}
	switch rapid.IntRange(0, 9).Draw(t, "fate") {
	case 0:
		d.event.Attendees, d.told = []standin.Attendee{{Email: haneul, Response: "declined"}}, false
	case 1:
		d.event.Status, d.told = "cancelled", false
	case 2:
		d.event.EventType, d.told = rapid.SampledFrom([]string{"focusTime", "outOfOffice", "workingLocation", "birthday"}).Draw(t, "kind"), false
	}
	d.told = d.told && d.start.Before(day.AddDays(1).Start(zone)) && d.end.After(day.Start(zone))
	return d
}

// TestEveryEventOnce: every event that is on at some time of the day and is not excluded is told exactly once, however many
// calendars hold it; whole days come before meetings, meetings in order, and the counts add up.
func TestEveryEventOnce(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		where := rapid.SampledFrom([][2]string{
			{"Asia/Seoul", "2026-11-23"}, {"America/New_York", "2026-03-08"}, {"America/New_York", "2026-11-01"}, {"Europe/Berlin", "2026-03-29"}, {"Pacific/Apia", "2026-11-23"},
		}).Draw(r, "where")
		zone, err := briefing.LoadZone(where[0])
		if err != nil {
			r.Fatal(err)
		}
		day, err := briefing.ParseDate(where[1])
		if err != nil {
			r.Fatal(err)
		}
		own, team := standin.Calendar{Selected: true, TimeZone: where[0]}, standin.Calendar{ID: "team@group.example", Selected: true, TimeZone: where[0]}
		want := map[string]int{}
		for i := range rapid.IntRange(0, 12).Draw(r, "events") {
			d := drawEvent(r, i, day, zone)
			in := rapid.IntRange(0, 2).Draw(r, "calendars")
			if in != 1 || len(d.event.Attendees) > 0 {
				own.Events = append(own.Events, d.event)
			}
			if in > 0 {
				theirs := d.event
				theirs.Attendees = nil
				team.Events = append(team.Events, theirs)
			}
			if d.told {
				want[d.event.Summary] = 1
			}
		}
		h := inZone(t, where[0], where[1], team, own)
		section := h.must(t, briefing.Calendar)
		got, counts := map[string]int{}, map[briefing.Group]int{}
		for i, item := range section.Items {
			got[item.Title]++
			counts[item.Group]++
			if (item.Group == briefing.Meeting) == item.At.IsZero() || (item.Group == briefing.Meeting) == !item.FirstDay.IsZero() {
				r.Errorf("neither an hour nor a day: %+v", item)
			}
			if i == 0 {
				continue
			}
			before := section.Items[i-1]
			if before.Group == briefing.Meeting && (item.Group != briefing.Meeting || item.At.Before(before.At)) {
				r.Errorf("out of order: %q", lines(section.Items, zone))
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			r.Errorf("%s %s:\n%s", where[0], where[1], diff)
		}
		if diff := cmp.Diff(counts, section.Counts); diff != "" {
			r.Error(diff)
		}
		checkOverlaps(r, section.Items)
	})
}

// checkOverlaps compares every two meetings, which the source is spared.
func checkOverlaps(t *rapid.T, items []briefing.Item) {
	for i, a := range items {
		overlaps := slices.ContainsFunc(slices.Delete(slices.Clone(items), i, i+1), func(b briefing.Item) bool {
			return b.Group == briefing.Meeting && a.Group == briefing.Meeting && b.At.Before(a.End) && a.At.Before(b.End)
		})
		if overlaps != a.Has(briefing.MarkOverlaps) {
			t.Errorf("%s %s~%s: marked %v", a.Title, a.At, a.End, !overlaps)
		}
	}
}

// TestManyOverlapsAreQuick: five thousand meetings at one hour are no reason to be late.
func TestManyOverlapsAreQuick(t *testing.T) {
	var events []string
	for i := range 5000 {
		events = append(events, fmt.Sprintf(`{"id":"e%d","summary":"x","start":{"dateTime":"2026-11-23T10:00:00+09:00"},"end":{"dateTime":"2026-11-23T11:00:00+09:00"}}`, i))
	}
	h := build(t, standin.Account{})
	h.connect()
	h.google.Inject(standin.Fault{Op: "calendar.events.list", Body: `{"kind":"calendar#events","items":[` + strings.Join(events, ",") + `]}`})
	started := time.Now()
	section := h.must(t, briefing.Calendar)
	if took := time.Since(started); len(section.Items) != 5000 || took > 2*time.Second {
		t.Errorf("%d items in %s", len(section.Items), took)
	}
	for _, item := range section.Items {
		if !item.Has(briefing.MarkOverlaps) {
			t.Fatalf("%+v is not marked", item)
		}
	}
}
