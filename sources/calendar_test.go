package sources_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"achim/briefing"
	"achim/internal/standin"
)

// at is a time on a day of November 2026 in Seoul.
func at(day, hour, minute int) time.Time {
	return time.Date(2026, 11, day, hour-9, minute, 0, 0, time.UTC)
}

// lines writes items down as one would read them.
func lines(items []briefing.Item, zone *time.Location) []string {
	out := []string{}
	for _, i := range items {
		parts := []string{string(i.Group)}
		var start, end string
		if !i.At.IsZero() {
			start = i.At.In(zone).Format("15:04")
		}
		if !i.End.IsZero() {
			end = i.End.In(zone).Format("15:04")
		}
		if start+end != "" {
			parts = append(parts, start+"~"+end)
		}
		if !i.FirstDay.IsZero() {
			parts = append(parts, i.FirstDay.String()+"~"+i.LastDay.String())
		}
		parts = append(parts, fmt.Sprintf("%q", i.Title))
		for _, detail := range [][2]string{{"place=", i.Place}, {"join=", i.JoinURL}} {
			if detail[1] != "" {
				parts = append(parts, detail[0]+detail[1])
			}
		}
		if i.Phone {
			parts = append(parts, "phone")
		}
		for _, m := range i.Marks {
			parts = append(parts, string(m))
		}
		out = append(out, strings.Join(parts, " "))
	}
	return out
}

func TestCalendarReadsTheDay(t *testing.T) {
	self := func(response string) []standin.Attendee {
		return []standin.Attendee{{Email: haneul, Response: response}, {Email: "sujin@gaon.example"}}
	}
	meet := "https://meet.google.com/abc-defg-hij"
	own := []standin.Event{
		{Summary: "제품 주간회의", Start: at(23, 9, 30), End: at(23, 10, 0), Location: "3층", ConferenceURI: "https://gaon.zoom.us/j/1?pwd=x"},
		{Summary: "가온상사 미팅", Start: at(23, 14, 0), End: at(23, 15, 0), Location: "강남, https://example.com/map"},
		{Summary: "채용 면접", Start: at(23, 14, 30), End: at(23, 15, 0), HangoutLink: meet, Location: "Google Meet", Attendees: self("needsAction")},
		{Summary: "거절한 회의", Start: at(23, 11, 0), Attendees: self("declined")},
		{Summary: "취소된 회의", Start: at(23, 11, 0), Status: "cancelled"},
		{Summary: "집중 시간", Start: at(23, 16, 0), EventType: "focusTime"},
		{Summary: "재택", StartDate: "2026-11-23", EventType: "workingLocation"},
		{Summary: "생일", StartDate: "2026-11-23", EventType: "birthday"},
		{Summary: "휴가", Start: at(23, 0, 0), EventType: "outOfOffice"},
		{Summary: "김태호 휴가", StartDate: "2026-11-23", EndDate: "2026-11-25"},
		{Summary: "어제까지", StartDate: "2026-11-22"},
		{Summary: "워크숍", Start: at(22, 13, 0), End: at(24, 13, 0)},
		{Summary: "야간 점검", Start: at(22, 23, 0), End: at(23, 1, 0)},
		{Summary: "통화", Start: at(23, 17, 0), End: at(23, 17, 30), Location: "전화"},
		{Summary: "<b>팀</b> 회고 &amp; 정리\u202E", Start: at(23, 18, 0), End: at(23, 18, 30), Description: `<a href="https://www.google.com/url?q=https://teams.microsoft.com/l/meetup-join/1&amp;sa=D">참여</a>`},
		{Summary: "위장", Start: at(23, 19, 0), End: at(23, 19, 30), Description: "https://evil.example/zoom.us/j/1 http://zoom.us/j/2"},
		{Start: at(23, 20, 0), End: at(23, 20, 30)},
		{Summary: "한가함", Start: at(23, 20, 0), End: at(23, 20, 30), Transparency: "transparent"},
		{Summary: "내일 회의", Start: at(24, 10, 0), End: at(24, 11, 0)},
		{Summary: "나흘 뒤", Start: at(27, 10, 0)},
	}
	h := build(t, standin.Account{Calendars: []standin.Calendar{
		{ID: "team@group.example", Selected: true, Events: []standin.Event{
			{ID: own[0].ID, Summary: "팀 점심", Start: at(23, 12, 0), End: at(23, 13, 0), Location: "을지로"},
		}},
		{Selected: true, Events: own},
		{ID: "boss@gaon.example", Selected: true, AccessRole: "freeBusyReader", Events: []standin.Event{{Summary: "비밀", Start: at(23, 7, 0), End: at(23, 8, 0)}}},
		{ID: "ko.south_korea#holiday@group.v.calendar.example", Selected: true, AccessRole: "reader", Events: []standin.Event{
			{Summary: "가온절", StartDate: "2026-11-23", Description: "공휴일"}, {Summary: "나무의 날", StartDate: "2026-11-23", Description: "기념일"},
		}},
		{ID: "off@group.example", Events: []standin.Event{{Summary: "안 고른 캘린더", Start: at(23, 10, 0)}}},
	}})
	h.connect()
	section := h.must(t, briefing.Calendar)
	want := []string{
		`holiday 2026-11-23~2026-11-23 "가온절"`,
		`all_day 2026-11-23~2026-11-24 "김태호 휴가"`,
		`all_day 2026-11-23~2026-11-23 "나무의 날"`,
		`all_day 2026-11-22~2026-11-24 "워크숍"`,
		`meeting 23:00~01:00 "야간 점검"`,
		`meeting 07:00~08:00 "바쁨"`,
		`meeting 09:30~10:00 "제품 주간회의" place=3층 join=https://gaon.zoom.us/j/1?pwd=x`,
		`meeting 12:00~13:00 "팀 점심" place=을지로`,
		`meeting 14:00~15:00 "가온상사 미팅" place=강남 overlaps`,
		`meeting 14:30~15:00 "채용 면접" join=` + meet + ` tentative overlaps`,
		`meeting 17:00~17:30 "통화" phone`,
		`meeting 18:00~18:30 "팀 회고 & 정리" join=https://teams.microsoft.com/l/meetup-join/1`,
		`meeting 19:00~19:30 "위장"`,
		`meeting 20:00~20:30 ""`,
		`meeting 20:00~20:30 "한가함"`,
	}
	if diff := cmp.Diff(sorted(want), sorted(lines(section.Items, h.zone))); diff != "" {
		t.Error(diff)
	}
	if got := section.Count(briefing.Meeting); got != 11 || section.Count(briefing.AllDay) != 3 || section.Count(briefing.Holiday) != 1 {
		t.Errorf("counts %v", section.Counts)
	}
	if section.Parts != 4 || section.PartsOK != 4 {
		t.Errorf("read %d of %d calendars", section.PartsOK, section.Parts)
	}
	if len(section.Ahead) != 3 || section.Ahead[0].Date.String() != "2026-11-24" {
		t.Fatalf("ahead %+v", section.Ahead)
	}
	tomorrow := []string{`all_day ~13:00 2026-11-22~2026-11-24 "워크숍"`, `all_day 2026-11-23~2026-11-24 "김태호 휴가"`, `meeting 10:00~11:00 "내일 회의"`}
	if diff := cmp.Diff(sorted(tomorrow), sorted(lines(section.Ahead[0].Items, h.zone))); diff != "" {
		t.Error(diff)
	}
	h.calls(t, map[string]int{"calendar.calendarList.list": 1, "calendar.events.list": 4, "calendar.holidays.list": 1, "*": 6})
}

// sorted orders all-day lines, whose order among themselves says nothing.
func sorted(list []string) []string {
	return slices.Sorted(slices.Values(list))
}

func TestCalendarOrder(t *testing.T) {
	h := build(t, standin.Account{Calendars: []standin.Calendar{{Selected: true, Events: []standin.Event{
		{Summary: "b", Start: at(23, 12, 0), End: at(23, 12, 30)}, {Summary: "c", Start: at(23, 12, 0), End: at(23, 13, 0)},
		{Summary: "a", Start: at(23, 9, 0), End: at(23, 9, 30)}, {Summary: "day", StartDate: "2026-11-23"},
	}}}})
	h.connect()
	var got []string
	for _, item := range h.must(t, briefing.Calendar).Items {
		got = append(got, item.Title)
	}
	if diff := cmp.Diff([]string{"day", "a", "b", "c"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestCalendarSharedEventOnce(t *testing.T) {
	shared := standin.Event{ID: "shared00001", Summary: "함께", Start: at(23, 10, 0), End: at(23, 11, 0)}
	busy := shared
	busy.Summary = ""
	declined := standin.Event{ID: "declined0001", Summary: "안 감", Start: at(23, 11, 0), Attendees: []standin.Attendee{{Email: haneul, Response: "declined"}}}
	theirs := declined
	theirs.Attendees = nil
	h := build(t, standin.Account{Calendars: []standin.Calendar{
		{ID: "team@group.example", Selected: true, Events: []standin.Event{shared, theirs}},
		{Selected: true, Events: []standin.Event{busy, declined}},
	}})
	h.connect()
	section := h.must(t, briefing.Calendar)
	if len(section.Items) != 1 || section.Items[0].Title != "함께" {
		t.Errorf("items %q", lines(section.Items, h.zone))
	}
}

func TestCalendarPages(t *testing.T) {
	h := build(t, standin.Account{Calendars: []standin.Calendar{{Selected: true, Events: busyDays(4)}}})
	h.google.PageSize = 3
	h.connect()
	if section := h.must(t, briefing.Calendar); section.Count(briefing.Meeting) != 4 || len(section.Ahead[2].Items) != 4 {
		t.Errorf("%d meetings today", section.Count(briefing.Meeting))
	}
}

func TestCalendarPrimaryAlone(t *testing.T) {
	h := build(t, standin.Account{Calendars: []standin.Calendar{
		{Selected: true, Events: []standin.Event{{Summary: "회의", Start: at(23, 10, 0)}}}, {ID: "x@group.example", Selected: true},
	}})
	h.connect("openid", "email", "calendar.events")
	section := h.must(t, briefing.Calendar)
	if section.Parts != 1 || section.Count(briefing.Meeting) != 1 {
		t.Errorf("parts %d, counts %v", section.Parts, section.Counts)
	}
	h.google.DropScope(haneul, "calendar.events")
	_, err := h.fetch(t, briefing.Calendar)
	wantReason(t, err, briefing.ScopeMissing)
}

func TestCalendarPartly(t *testing.T) {
	h := build(t, standin.Account{Calendars: []standin.Calendar{
		{Selected: true, Events: []standin.Event{{Summary: "회의", Start: at(23, 10, 0)}}}, {ID: "x@group.example", Selected: true},
	}})
	h.connect()
	h.google.Inject(standin.Fault{Op: "calendar.events.list", Status: http.StatusBadGateway, Match: func(r *http.Request) bool {
		return strings.Contains(r.URL.Path, "x@group.example")
	}})
	section, err := h.fetch(t, briefing.Calendar)
	wantReason(t, err, briefing.Unavailable)
	if section.Source != briefing.Calendar || section.Parts != 2 || section.PartsOK != 1 || len(section.Items) != 1 {
		t.Errorf("section %+v", section)
	}
	h.google.Inject(standin.Fault{Op: "calendar.events.list", Status: http.StatusBadGateway})
	if section, err = h.fetch(t, briefing.Calendar); section.Source != "" {
		t.Errorf("a section although nothing was read, %v", err)
	}
}

func TestCalendarEmptyIsRead(t *testing.T) {
	h := build(t, standin.Account{})
	h.connect()
	section := h.must(t, briefing.Calendar)
	if section.Total() != 0 || section.Parts != 1 || section.PartsOK != 1 || len(section.Ahead) != 3 || section.Ahead[0].Items == nil {
		t.Errorf("section %+v", section)
	}
}

// TestCalendarLongEvents: what lasts a day or longer has its hour on the date it begins, and is a whole day on those it
// goes on through; on the last of them it is known until when.
func TestCalendarLongEvents(t *testing.T) {
	cases := []struct {
		name       string
		start, end time.Time
		today      string
		tomorrow   string
	}{
		{"a shift of a day", at(23, 18, 0), at(24, 18, 0), `meeting 18:00~18:00 "x"`, `all_day ~18:00 2026-11-23~2026-11-24 "x"`},
		{"longer than a day", at(23, 18, 0), at(24, 19, 0), `meeting 18:00~19:00 "x"`, `all_day ~19:00 2026-11-23~2026-11-24 "x"`},
		{"over a whole date", at(23, 23, 0), at(25, 1, 0), `meeting 23:00~01:00 "x"`, `all_day 2026-11-23~2026-11-25 "x"`},
		{"its last day", at(22, 18, 0), at(23, 18, 0), `all_day ~18:00 2026-11-22~2026-11-23 "x"`, ""},
		{"until midnight", at(22, 18, 0), at(24, 0, 0), `all_day 2026-11-22~2026-11-23 "x"`, ""},
		{"from midnight to midnight", at(23, 0, 0), at(24, 0, 0), `all_day 2026-11-23~2026-11-23 "x"`, ""},
		{"from midnight on", at(23, 0, 0), at(24, 12, 0), `all_day 2026-11-23~2026-11-24 "x"`, `all_day ~12:00 2026-11-23~2026-11-24 "x"`},
		{"a night", at(22, 23, 0), at(23, 10, 0), `meeting 23:00~10:00 "x"`, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h := build(t, standin.Account{Calendars: []standin.Calendar{{Selected: true, Events: []standin.Event{{Summary: "x", Start: c.start, End: c.end}}}}})
			h.connect()
			section := h.must(t, briefing.Calendar)
			today, tomorrow := strings.Join(lines(section.Items, h.zone), "\n"), strings.Join(lines(section.Ahead[0].Items, h.zone), "\n")
			if today != c.today || tomorrow != c.tomorrow {
				t.Errorf("today %q, want %q; tomorrow %q, want %q", today, c.today, tomorrow, c.tomorrow)
			}
		})
	}
}
