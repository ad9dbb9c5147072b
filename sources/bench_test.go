package sources_test

import (
	"fmt"
	"testing"
	"time"

	"achim/briefing"
	"achim/internal/standin"
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
