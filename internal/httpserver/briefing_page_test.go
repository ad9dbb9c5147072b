package httpserver_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"achim/briefing"
)

// fullDay is an entry with more meetings than a message has room for, and with what strangers write into titles.
func fullDay() briefing.Entry {
	e := oneEntry()
	s := &e.Sections[0]
	s.Parts, s.PartsOK = 1, 1
	s.Items = nil
	for i := range 12 {
		at := morning.Add(time.Duration(i) * 30 * time.Minute)
		s.Items = append(s.Items, briefing.Item{ID: fmt.Sprint("ev", i), Group: briefing.Meeting, Title: fmt.Sprintf("회의 %d", i+1),
			URL: fmt.Sprintf("https://calendar.google.com/e/%d", i+1), At: at, End: at.Add(30 * time.Minute)})
	}
	s.Items[11].Title, s.Items[11].URL, s.Items[11].JoinURL = hostile, "javascript:alert(1)", "https://meet.gaon.example/a?b=1&c=\"2\""
	s.Counts = map[briefing.Group]int{briefing.Meeting: 12}
	b := briefing.Compose(briefing.Composition{Entry: e, Reader: briefing.Reader{ID: minji}, Zone: mustZone("Asia/Seoul"), Language: briefing.Korean, At: morning})
	e.Content = &b
	return e
}

func TestBriefingPage(t *testing.T) {
	w := newWorld()
	w.entries = []briefing.Entry{fullDay()}
	c := serve(t, w.deps())
	page := c.ask("GET /briefings/e1?t=opens-e1", "")
	page.wantPage(t, 200, `lang="ko"`, "11월 20일 금요일 아침 브리핑", "부터 일정 12건입니다.", `id="all-calendar"`, "회의 11",
		`<a href="https://calendar.google.com/e/11" rel="noopener noreferrer">회의 11</a>`, "&lt;script&gt;", `name="robots" content="noindex, nofollow"`)
	if n := strings.Count(page.body, "회의 12"); n != 0 || strings.Contains(page.body, "javascript:") {
		t.Errorf("what strangers wrote got through:\n%s", page.body)
	}
	if got := page.Header.Get("X-Robots-Tag"); got != "noindex, nofollow" {
		t.Errorf("X-Robots-Tag = %q", got)
	}
	if strings.Contains(page.body, `src="`) || strings.Contains(page.body, "url(") {
		t.Errorf("the page fetches something:\n%s", page.body)
	}
	c.ask("GET /briefings/e1", "", asAPI).wantPage(t, 200, "회의 11")
}

func TestBriefingPageIsForWhoHasItsLink(t *testing.T) {
	w := newWorld()
	other := fullDay()
	other.ID, other.Reader = "e2", dana
	w.entries = []briefing.Entry{fullDay(), other}
	c := serve(t, w.deps())
	for _, path := range []string{"/briefings/e1", "/briefings/e1?t=", "/briefings/e1?t=forged", "/briefings/e1?t=opens-e2", "/briefings/nosuch?t=opens-nosuch"} {
		got := c.ask("GET "+path, "")
		got.wantPage(t, 404, "이 링크로는 브리핑을 열 수 없습니다", "모두 보기", "@jiwon")
		if strings.Contains(got.body, "회의") {
			t.Errorf("%s shows something", path)
		}
	}
	c.ask("GET /briefings/e1?t=forged", "", "Accept-Language: en").wantPage(t, 404, "doesn’t open a briefing")
	c.ask("GET /briefings/e1", "", asCron).wantProblem(t, 401, "unauthorized")
	c.ask("GET /briefings/e1?t=opens-e1", "", "Authorization: Bearer wrong").wantProblem(t, 401, "unauthorized")
	w.storeErr = errors.New("dial 10.9.9.9: refused")
	c.ask("GET /briefings/e1?t=opens-e1", "").wantPage(t, 500, "지금은 열 수 없습니다")
}

func TestBriefingPageAfterItsTime(t *testing.T) {
	w := newWorld()
	over := fullDay()
	over.Content, over.Sections = nil, nil
	never := briefing.Entry{ID: "e3", Reader: minji, State: briefing.Planned}
	w.entries = []briefing.Entry{over, never}
	c := serve(t, w.deps())
	c.ask("GET /briefings/e1?t=opens-e1", "").wantPage(t, 410, "보관 기한이 지난", "30일", "Slack DM")
	c.ask("GET /briefings/e1?t=opens-e1", "", "Accept-Language: en").wantPage(t, 410, "no longer kept", "30 days")
	c.ask("GET /briefings/e3?t=opens-e3", "").wantPage(t, 404, "이 링크로는")
}
