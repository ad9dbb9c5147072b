package sources_test

import (
	"fmt"
	"strings"
	"testing"

	"achim/briefing"
	"achim/internal/standin"
)

// heldAt reads events of one day that differ in where they are held, and returns the items by title.
func heldAt(t *testing.T, events map[string]standin.Event) map[string]briefing.Item {
	t.Helper()
	var list []standin.Event
	for title, e := range events {
		e.Summary, e.Start, e.End = title, at(23, 10, 0), at(23, 11, 0)
		list = append(list, e)
	}
	h := build(t, standin.Account{Calendars: []standin.Calendar{{Selected: true, Events: list}}})
	h.connect()
	found := map[string]briefing.Item{}
	for _, item := range h.must(t, briefing.Calendar).Items {
		found[item.Title] = item
	}
	return found
}

// entryPoints is conferenceData with one entry point of each kind and address.
func entryPoints(pairs ...string) map[string]any {
	var points []any
	for i := 0; i < len(pairs); i += 2 {
		points = append(points, map[string]any{"entryPointType": pairs[i], "uri": pairs[i+1]})
	}
	return map[string]any{"conferenceData": map[string]any{"entryPoints": points}}
}

// TestMeetingLinks: the address of a meeting is found wherever an invitation hides it, and one that only looks like it
// is not.
func TestMeetingLinks(t *testing.T) {
	const zoom, teams = "https://gaon.zoom.us/j/123456789?pwd=aB.1", "https://teams.microsoft.com/l/meetup-join/19%3ameeting_x%40thread.v2/0?context=%7b%22Tid%22%3a%22a%22%7d"
	cases := []struct {
		event standin.Event
		want  string
	}{
		{standin.Event{HangoutLink: "https://meet.google.com/abc-defg-hij", Location: zoom}, "https://meet.google.com/abc-defg-hij"},
		{standin.Event{Raw: entryPoints("phone", "tel:+82-2-000-0000", "video", zoom)}, zoom},
		{standin.Event{Raw: entryPoints("sip", "sip:1@gaon.example", "more", "https://tel.meet/abc?pin=1")}, ""},
		{standin.Event{Raw: entryPoints("video", "javascript:alert(1)", "video", "https://a:b@zoom.us/j/1")}, ""},
		{standin.Event{Location: zoom}, zoom},
		{standin.Event{Location: "<" + zoom + ">"}, zoom},
		{standin.Event{Location: "본관 3층 (" + zoom + ")"}, zoom},
		{standin.Event{Location: "gaon.zoom.us/j/123456789"}, "https://gaon.zoom.us/j/123456789"},
		{standin.Event{Location: "HTTPS://ZOOM.US/j/1"}, "HTTPS://ZOOM.US/j/1"},
		{standin.Event{Description: "참여: " + zoom + ".\n비밀번호는 따로 드립니다."}, zoom},
		{standin.Event{Description: "안녕하세요.<br>여기로: <a href=\"" + zoom + "\">" + zoom + "</a>!"}, zoom},
		{standin.Event{Description: "&lt;" + zoom + "&gt;"}, zoom},
		{standin.Event{Description: "[" + zoom + "], " + teams}, zoom},
		{standin.Event{Description: "<p>Find your local number: https://gaon.zoom.us/u/abc</p><p>" + zoom + "</p>"}, zoom},
		{standin.Event{Description: "https://support.zoom.us/hc/ko https://dialin.teams.microsoft.com/x https://teams.microsoft.com/meetingOptions/?id=1 https://zoom.us/"}, ""},
		{standin.Event{Description: "________________\nMicrosoft Teams 모임\nClick here to join the meeting<" + teams + ">\nLearn More<https://aka.ms/JoinTeamsMeeting>"}, teams},
		{standin.Event{Description: "https://kor01.safelinks.protection.outlook.com/ap/t-59584e83/?url=https%3A%2F%2Fteams.microsoft.com%2Fl%2Fmeetup-join%2F19%253ax&data=05%7C01&reserved=0"}, "https://teams.microsoft.com/l/meetup-join/19%3ax"},
		{standin.Event{Description: "https://www.google.com/url?q=https%3A%2F%2Fkor01.safelinks.protection.outlook.com%2F%3Furl%3Dhttps%253A%252F%252Fgaon.webex.com%252Fmeet%252Fminji&sa=D"}, "https://gaon.webex.com/meet/minji"},
		{standin.Event{Description: "https://urldefense.com/v3/__https://gaon.zoom.us/j/1?pwd=2__;!!abc$"}, "https://gaon.zoom.us/j/1?pwd=2"},
		{standin.Event{Description: "https://whereby.com/gaon"}, "https://whereby.com/gaon"},
		{standin.Event{Description: "https://video.worksmobile.com/meeting/1234"}, "https://video.worksmobile.com/meeting/1234"},
		{standin.Event{Description: "https://vc.kakaowork.com/m/1"}, "https://vc.kakaowork.com/m/1"},
		{standin.Event{Description: "https://naver.worksmobile.com/pricing/ https://help.worksmobile.com/video/ https://api.kakaowork.com/v1/ https://open.kakao.com/o/meet"}, ""},
		{standin.Event{Description: "https://zoom.us.evil.example/j/1 https://evilzoom.us/j/1 https://evil.example/zoom.us/j/1"}, ""},
		{standin.Event{Description: "https://zoom.us@evil.example/j/1 https://evil.example\\@zoom.us/j/1 http://zoom.us/j/1 https://zoom.us%2eevil.example/j/1"}, ""},
		{standin.Event{Description: "https://evil.example/?url=" + zoom + " https://evil.safelinks.protection.outlook.com.evil.example/?url=" + zoom}, ""},
		{standin.Event{Location: "evil.example/zoom.us/j/1 x@zoom.us/j/1"}, ""},
		{standin.Event{Description: "https://www.google.com/url?q=https%3A%2F%2Fevil.example%2F"}, ""},
		{standin.Event{Description: "약관 https://zoom.us/privacy 받기 https://zoom.us/client/latest/Zoom.pkg 다시 보기 https://gaon.zoom.us/rec/share/x 참가 " + zoom}, zoom},
		{standin.Event{Description: "https://zoom.us/signin https://zoom.us/rec/share/x https://zoom.us/j/ https://zoom.us/meeting/register/x"}, ""},
		{standin.Event{Description: "https://teams.microsoft.com/l/channel/19%3ax/General https://teams.microsoft.com/l/file/x https://teams.microsoft.com/l/message/x"}, ""},
		{standin.Event{Description: "https://teams.microsoft.com/l/channel/x https://teams.live.com/meet/9312?p=a"}, "https://teams.live.com/meet/9312?p=a"},
		{standin.Event{Description: "https://meet.google.com/about https://meet.google.com/abc-defg-hij?authuser=0"}, "https://meet.google.com/abc-defg-hij?authuser=0"},
		{standin.Event{Location: "meet.google.com/lookup/gaon"}, "https://meet.google.com/lookup/gaon"},
		{standin.Event{Description: "https://gaon.webex.com/recording/x https://gaon.webex.com/gaon/j.php?MTID=m1"}, "https://gaon.webex.com/gaon/j.php?MTID=m1"},
		{standin.Event{Description: "https://whereby.com/information/tos https://whereby.com/pricing https://whereby.com/gaon-room"}, "https://whereby.com/gaon-room"},
		{standin.Event{Description: "https://gaon.webex.com/webappng/sites/gaon/meeting/home/x https://meet.jit.si/gaon/weekly"}, "https://meet.jit.si/gaon/weekly"},
		{standin.Event{Description: "https://zoom.us/wc/join/1"}, "https://zoom.us/wc/join/1"},
		{standin.Event{Description: "https://zoom.us/wc/123/join"}, "https://zoom.us/wc/123/join"},
		{standin.Event{Location: "https://zoom.us/my/minji"}, "https://zoom.us/my/minji"},
		{standin.Event{Description: strings.Repeat("https://example.com/ ", 5000) + zoom}, ""},
	}
	events := map[string]standin.Event{}
	for i, c := range cases {
		events[fmt.Sprint("meeting ", i)] = c.event
	}
	found := heldAt(t, events)
	for i, c := range cases {
		item, ok := found[fmt.Sprint("meeting ", i)]
		if !ok || item.JoinURL != c.want {
			t.Errorf("%+v: told %v, join %q, want %q", c.event, ok, item.JoinURL, c.want)
		}
		if strings.Contains(item.Place, "zoom") && c.want != "" {
			t.Errorf("the link is told again as the place %q", item.Place)
		}
	}
}

// TestPlaces: where to go, in the words that fit on a line of a phone.
func TestPlaces(t *testing.T) {
	const zoom = "https://zoom.us/j/1"
	cases := map[string]string{
		"회의실 3층 (본관)":                 "회의실 3층 (본관)",
		"3층 (" + zoom + ")":           "3층",
		"Zoom (" + zoom + ")":         "",
		zoom + ", 본관 3층":              "본관 3층",
		"온라인 " + zoom:                 "",
		"강남, https://example.com/map": "강남",
		"가온빌딩, 대한민국 서울특별시 강남구 테헤란로 123":                          "가온빌딩",
		"서울특별시 강남구 테헤란로 152":                                     "강남구 테헤란로 152",
		"대한민국 서울특별시 강남구 테헤란로 152 (역삼동) 06236":                    "강남구 테헤란로 152",
		"경기도 성남시 분당구 판교역로 235 가온테크센터 20층":                        "가온테크센터 20층",
		"인천광역시 연수구 갯벌로 156, 4층":                                  "연수구 갯벌로 156 4층",
		"인천 연수구 갯벌로156":                                          "인천 연수구 갯벌로156",
		"Gaon Tower, 12 Nuri Street, New York, NY 10001, USA":    "Gaon Tower",
		"회의실 A, 3층, 본관":                                          "회의실 A, 3층, 본관",
		"<b>본관</b> 3층 &amp; 4층":                                  "본관 3층 & 4층",
		"본관-7-회의실 큰바위얼굴 (24) [화상 장비, 칠판], 신관-2-회의실 은행나무 (8), 별관": "본관-7-회의실 큰바위얼굴",
		"  \n2층 라운지\n(엘리베이터 옆)":                                  "2층 라운지",
		"02-555-1234": "02-555-1234",
		"전화":          "",
		"...":         "...",
	}
	events := map[string]standin.Event{}
	for location := range cases {
		events["at "+strings.Join(strings.Fields(strings.ReplaceAll(location, "<", "‹")), " ")] = standin.Event{Location: location}
	}
	found := heldAt(t, events)
	if len(found) != len(cases) {
		t.Fatalf("%d of %d", len(found), len(cases))
	}
	for location, want := range cases {
		item, ok := found[strings.ReplaceAll("at "+strings.Join(strings.Fields(strings.ReplaceAll(location, "<", "‹")), " "), "&amp;", "&")]
		if !ok || item.Place != want || len([]rune(item.Place)) > 32 {
			t.Errorf("%q: %q, want %q", location, item.Place, want)
		}
	}
}

// TestCalls: what is held by telephone, and what only sounds so.
func TestCalls(t *testing.T) {
	yes := map[string]standin.Event{
		"가온상사 통화": {}, "통화": {}, "가온상사 통화 (박준호)": {}, "전화 회의": {}, "Phone call with Dana": {},
		"a": {Location: "전화"}, "b": {Location: "+82 2-555-1234"}, "c": {Raw: entryPoints("phone", "tel:+82-2-000-0000")},
	}
	no := map[string]standin.Event{
		"통화 정책 회의": {}, "디지털통화": {}, "d": {Raw: entryPoints("phone", "tel:+82-2-000-0000", "video", "https://zoom.us/j/1")},
		"고객 통화": {Location: "3층"}, "e": {Location: "2026-11-23호"},
	}
	for i, number := range []string{"02-555-1234", "(02) 123-4567", "031 555 1234", "010-1234-5678", "01012345678", "070.5555.1234", "0507-1234-5678",
		"1588-1234", "1644 1234", "18001234", "tel:853 1234 5678", "전화 555-1234", "전화: 02-555-1234", "+1 (415) 555-0100"} {
		yes[fmt.Sprint("number ", i)] = standin.Event{Location: number}
	}
	for i, number := range []string{"853 1234 5678", "301-1204", "1203-1204", "1234567", "2026-11-23", "12345678901", "0301", "1501-1204-1", "+3층"} {
		no[fmt.Sprint("room ", i)] = standin.Event{Location: number}
	}
	for title, item := range heldAt(t, yes) {
		if !item.Phone {
			t.Errorf("%s is none: %+v", title, item)
		}
	}
	for title, item := range heldAt(t, no) {
		if item.Phone {
			t.Errorf("%s is one: %+v", title, item)
		}
	}
}
