package sources_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"achim/briefing"
	"achim/internal/standin"
	"achim/sources"
)

// BenchmarkGmailFetch reads twenty mails, and the five that are shown in full. The stand-in runs in the same process, so what it reports is an
// upper bound.
func BenchmarkGmailFetch(b *testing.B) {
	h := build(b, standin.Account{Mail: busyMail(20)})
	h.connect()
	source, req := h.source(b, briefing.Gmail), h.request()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := source.Fetch(b.Context(), req); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCalendarFetch reads two calendars of six events a day.
func BenchmarkCalendarFetch(b *testing.B) {
	h := build(b, standin.Account{Calendars: []standin.Calendar{
		{Selected: true, Events: busyDays(6)}, {ID: "team@group.example", Selected: true, Events: busyDays(2)},
	}})
	h.connect()
	source, req := h.source(b, briefing.Calendar), h.request()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := source.Fetch(b.Context(), req); err != nil {
			b.Fatal(err)
		}
	}
}

func busyMail(n int) []standin.Mail {
	bodies := []string{
		"안녕하세요, 하늘님. 지난주에 말씀드린 4분기 예산안을 첨부합니다. 내일 오후 6시까지 의견 주실 수 있을까요? 늘 감사합니다. 이수진 드림",
		"이번 주 소식을 전해 드립니다. 새로운 기능이 추가되었고, 지난주에 가장 많이 읽힌 글은 다음과 같습니다. 구독을 원치 않으시면 아래를 눌러 주세요.",
		"Hi Haneul, the launch copy is ready for review in the shared folder. Could you approve this by Friday? Thanks a lot, Dana",
		"결제가 완료되었습니다. 주문 번호 20261123-0001, 금액 12,000원. 본 메일은 발신 전용입니다.",
	}
	mail := make([]standin.Mail, n)
	for i := range mail {
		mail[i] = standin.Mail{
			ID: fmt.Sprintf("e%05d", i), From: "이수진 <sujin@gaon.example>", Subject: fmt.Sprintf("4분기 예산 검토 %d", i),
			Body: bodies[i%len(bodies)], Date: monday().Add(-time.Duration(i+1) * time.Minute),
		}
	}
	return mail
}

func busyDays(n int) []standin.Event {
	var events []standin.Event
	for day := range 4 {
		for i := range n {
			start := monday().Add(time.Duration(day*24+i) * time.Hour)
			events = append(events, standin.Event{
				ID: fmt.Sprintf("evt%d%d%d", n, day, i), Summary: fmt.Sprintf("제품 주간회의 %d", i), Start: start, End: start.Add(30 * time.Minute),
				Location: "본사 3층 한강 회의실", Description: "<p>안건: <b>4분기</b> 계획</p>", HangoutLink: "https://meet.google.com/abc-defg-hij",
			})
		}
	}
	return events
}

// busyPress is six feeds of fifty stories each, some of which several tell, and a reader with wishes.
func busyPress(b *testing.B) (*press, briefing.Request) {
	b.Helper()
	var paths []string
	for i := range 6 {
		paths = append(paths, fmt.Sprintf("/%d.xml", i))
	}
	p := newPress(b, paths)
	for i, path := range paths {
		f := standin.Feed{Title: fmt.Sprintf("한빛%d", i)}
		for n := range 50 {
			f.Items = append(f.Items, standin.FeedItem{
				Title: fmt.Sprintf("[속보] 한국은행, 기준금리 %d.25%%로 동결하고 내년 성장률 전망 발표(종합%d보)", n*(1+i%2), i),
				URL:   fmt.Sprintf("https://n%d.example/%d?utm_source=rss", i, n), Published: monday().Add(-time.Duration(n+1) * 20 * time.Minute),
				Description: "<p>금융통화위원회가 <b>기준금리</b>를 동결했다.</p>",
			})
		}
		p.feeds.Set(path, f)
	}
	req := p.request(readerID)
	req.Seen = map[string]bool{"x": true}
	req.Reader.Preferences = briefing.Preferences{MuteWords: []string{"야구", "AI"}, More: []string{"반도체"}, Less: []string{"주식"}}
	return p, req
}

// BenchmarkNewsFetch chooses among three hundred stories that were read before, as for each further reader.
func BenchmarkNewsFetch(b *testing.B) {
	p, req := busyPress(b)
	b.ReportAllocs()
	for b.Loop() {
		if section, err := p.source.Fetch(b.Context(), req); err != nil || len(section.Items) == 0 {
			b.Fatal(err)
		}
	}
}

// BenchmarkNewsRead decodes and parses a feed of fifty stories.
func BenchmarkNewsRead(b *testing.B) {
	p, _ := busyPress(b)
	req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, p.url+"/1.xml", nil)
	if err != nil {
		b.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	if err != nil {
		b.Fatal(err)
	}
	cfg := sources.NewsConfig{Now: p.clock.Now, Transport: said(http.StatusOK, "text/xml", "", body)}
	for b.Loop() {
		if found, err := sources.FindFeed(b.Context(), cfg, "https://hanbit.example/rss.xml"); err != nil || found.Stories != 50 {
			b.Fatal(found, err)
		}
	}
}
