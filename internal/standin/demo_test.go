package standin_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"achim/internal/standin"
)

func TestStoryHoldsAtAnyHour(t *testing.T) {
	zone := time.FixedZone("KST", 9*3600)
	for _, now := range []time.Time{
		time.Date(2026, 11, 23, 9, 0, 0, 0, zone), time.Date(2026, 12, 31, 0, 3, 0, 0, zone), time.Date(2027, 1, 1, 23, 58, 0, 0, zone),
	} {
		w := standin.Story(now.UTC(), zone, "http://127.0.0.1:1/")
		equal(t, "readers", len(w.Readers), len(w.Accounts))
		equal(t, "feeds", len(w.Feeds), 6)
		for i, a := range w.Accounts {
			equal(t, "account", a.Email, w.Readers[i].Email)
			for _, m := range a.Mail {
				if !m.Date.Before(now) || now.Sub(m.Date) > 24*time.Hour {
					t.Errorf("%s: %q is dated %s", a.Email, m.Subject, m.Date)
				}
				if strings.Contains(m.Body, "오늘 18:00") && (now.Hour() >= 18 || m.Date.In(zone).Day() != now.Day()) {
					t.Errorf("%s: a deadline of no day: %s", a.Email, m.Body)
				}
			}
		}
		equal(t, "haneul's mail", len(w.Accounts[0].Mail), 29)
		for _, f := range w.Feeds {
			for _, item := range f.Feed.Items {
				if !item.Published.Before(now) || !strings.HasPrefix(item.URL, "http://127.0.0.1:1/stories/") {
					t.Errorf("%s: %+v", f.Path, item)
				}
			}
		}
	}
}

func TestStoryInTheStandins(t *testing.T) {
	c := newClock()
	g, s, f := standin.NewGoogle(clientID, clientSecret), standin.NewSlack(botToken), standin.NewFeeds()
	g.Now, s.Now, f.Now = c.Now, c.Now, c.Now
	feedBase := serve(t, f)
	w := standin.Story(c.Now(), c.Now().Location(), feedBase)
	w.Populate(g, s, f)
	ends := g.Endpoints(serve(t, g))
	tok := g.Grant(w.Readers[0].Email)

	day := form("timeMin", "2026-11-23T00:00:00+09:00", "timeMax", "2026-11-24T00:00:00+09:00",
		"singleEvents", "true", "orderBy", "startTime", "eventTypes", "default")
	r := get(t, ends.CalendarURL+"/calendar/v3/calendars/primary/events?"+day.Encode(), tok.AccessToken)
	equal(t, "today", summaries(t, r), "제품 주간회의,영업 동기화 (불참),디자인 리뷰,박준호 님과 점심,가온상사 미팅,채용 면접,이수진 1:1")
	r = get(t, ends.CalendarURL+"/calendar/v3/users/me/calendarList", tok.AccessToken)
	equal(t, "calendars", len(r.at(t, "items").([]any)), 3)
	q := url.QueryEscape("in:inbox -in:chats after:" + "1795305600")
	r = get(t, ends.GmailURL+"/gmail/v1/users/me/messages?q="+q, tok.AccessToken)
	equal(t, "mails", len(strings.Fields(ids(t, r))), 29)
	for _, p := range w.Feeds {
		equal(t, p.Path, get(t, p.URL, "").Status, 200)
		article := get(t, p.Feed.Items[0].URL, "")
		if article.Status != 200 || !strings.Contains(article.Body, "지어낸 기사") {
			t.Errorf("article of %s: %d", p.Path, article.Status)
		}
	}
	if page := get(t, serve(t, s.PageHandler())+"/", ""); !strings.Contains(page.Body, "Dana Kim") {
		t.Error("Dana is not in the list")
	}
}
