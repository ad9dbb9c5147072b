package main

import (
	"fmt"
	"time"

	"achim/internal/standin"
)

// person is a reader of the benchmark.
type person struct{ id, name, slack, email string }

func readerOf(i int) person {
	return person{
		id: fmt.Sprintf("00000000-0000-4000-8000-%012d", i), name: fmt.Sprintf("reader%04d", i),
		slack: fmt.Sprintf("U0BENCH%04d", i), email: fmt.Sprintf("reader%04d@gaon.example", i),
	}
}

// letter is a mail as many are: a kind of sender, a subject, a body.
type letter struct{ from, subject, body, listID string }

// letters are what an inbox is made of: half of it from people, half from programs.
func letters() []letter {
	return []letter{
		{from: "이수진 <sujin@gaon.example>", subject: "4분기 예산안 검토",
			body: "안녕하세요, 하늘 님. 지난주에 말씀드린 4분기 예산안을 첨부합니다. 내일 오후 6시까지 의견 주실 수 있을까요? 늘 감사합니다. 이수진 드림"},
		{from: "가온 소식 <news@letters.example>", subject: "이번 주에 가장 많이 읽힌 글", listID: "<weekly.letters.example>",
			body: "이번 주 소식을 전해 드립니다. 새로운 기능이 추가되었고, 지난주에 가장 많이 읽힌 글은 다음과 같습니다. 구독을 원치 않으시면 아래를 눌러 주세요."},
		{from: "Dana Kim <dana@gaon.example>", subject: "Launch copy, final round",
			body: "Hi Haneul, the launch copy is ready for review in the shared folder. Could you approve this by Friday? Thanks a lot, Dana"},
		{from: "결제 알림 <no-reply@pay.example>", subject: "[결제 완료] 주문 20261123-0001",
			body: "결제가 완료되었습니다. 주문 번호 20261123-0001, 금액 12,000원. 본 메일은 발신 전용입니다."},
	}
}

func inbox(n size, now time.Time, reader int) []standin.Mail {
	kinds := letters()
	mails := make([]standin.Mail, n.Mails)
	for i := range mails {
		l := kinds[i%len(kinds)]
		mails[i] = standin.Mail{
			ID: fmt.Sprintf("%08x%08x", reader, i), From: l.from, Subject: fmt.Sprintf("%s (%d)", l.subject, i+1), Body: l.body,
			Date: now.Add(-time.Duration(i+1) * 20 * time.Minute),
		}
		if l.listID != "" {
			mails[i].Headers = [][2]string{{"List-Id", l.listID}, {"List-Unsubscribe", "<https://letters.example/unsubscribe>"}}
		}
	}
	return mails
}

// seoul is where the readers are. It is not the machine's zone database that is measured.
func seoul() *time.Location { return time.FixedZone("KST", 9*60*60) }

func calendars(n size, now time.Time, owner string) []standin.Calendar {
	day := now.In(seoul())
	midnight := time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, seoul())
	list := make([]standin.Calendar, n.Calendars)
	for c := range list {
		list[c] = standin.Calendar{Summary: "일정", TimeZone: "Asia/Seoul", Selected: true}
		if c > 0 {
			list[c].ID = fmt.Sprintf("team%d.%s", c, owner)
		}
		for ahead := range 4 {
			meetings := n.Meetings
			if ahead > 0 {
				meetings /= 2
			}
			for i := range meetings {
				start := midnight.AddDate(0, 0, ahead).Add(time.Duration(9+i) * time.Hour)
				list[c].Events = append(list[c].Events, standin.Event{
					ID: fmt.Sprintf("bench%02d%02d%02d", c, ahead, i), Summary: fmt.Sprintf("제품 주간회의 %d", i+1), Start: start, End: start.Add(45 * time.Minute),
					Location: "본사 3층 한강 회의실", Description: "<p>안건: <b>4분기</b> 계획</p>", HangoutLink: "https://meet.gaon.example/abc-defg-hij",
				})
			}
		}
	}
	return list
}

func feed(n size, now time.Time, which int) standin.Feed {
	f := standin.Feed{Title: fmt.Sprintf("가온일보 %d", which+1)}
	for i := range n.Stories {
		f.Items = append(f.Items, standin.FeedItem{
			Title: fmt.Sprintf("한국은행, 기준금리 동결하기로 (%d-%d)", which+1, i+1), URL: fmt.Sprintf("https://news%d.example/articles/%06d", which+1, i),
			Published: now.Add(-time.Duration(i*17+which) * time.Minute), Description: "<p>금융통화위원회는 기준금리를 지금 수준으로 유지한다고 밝혔다.</p>",
		})
	}
	return f
}
