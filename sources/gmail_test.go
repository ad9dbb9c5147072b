package sources_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"achim/briefing"
	"achim/internal/standin"
)

// someMail is n mails, one a minute up to a minute ago.
func someMail(n int) []standin.Mail {
	mail := make([]standin.Mail, n)
	for i := range mail {
		mail[i] = standin.Mail{
			ID: fmt.Sprintf("a%05d", i), From: "이수진 <sujin@gaon.example>", Subject: fmt.Sprintf("메일 %d", i),
			Body: "안녕하세요. 회의록을 공유합니다.", Date: monday().Add(-time.Duration(i+1) * time.Minute),
		}
	}
	return mail
}

func TestGmailReadsTheWindow(t *testing.T) {
	from := monday().Add(-24 * time.Hour)
	h := build(t, standin.Account{Mail: []standin.Mail{
		{ID: "b1", Subject: "창이 열릴 때", Date: from},
		{ID: "b2", Subject: "조금 전", Date: monday().Add(-time.Second)},
		{ID: "b3", Subject: "너무 일찍", Date: from.Add(-time.Millisecond)},
		{ID: "b4", Subject: "너무 늦게", Date: monday()},
		{ID: "b5", Subject: "보관함", Date: monday().Add(-time.Hour), Labels: []string{"IMPORTANT"}},
	}})
	h.connect()
	section := h.must(t, briefing.Gmail)
	var titles []string
	for _, item := range section.Items {
		titles = append(titles, item.Title)
	}
	if diff := cmp.Diff([]string{"조금 전", "창이 열릴 때"}, titles); diff != "" {
		t.Error(diff)
	}
	if section.Account != haneul || section.AtLeast || section.Total() != 2 {
		t.Errorf("account %q, at least %v, total %d", section.Account, section.AtLeast, section.Total())
	}
	if got, want := section.Items[0].URL, "https://mail.google.com/mail/u/?authuser="+haneul+"#all/b2"; got != want {
		t.Errorf("link %q, want %q", got, want)
	}
}

func TestGmailCalls(t *testing.T) {
	h := build(t, standin.Account{Mail: someMail(20)})
	h.connect()
	h.must(t, briefing.Gmail)
	// Nothing is to be answered: beside the mails only their one sender is looked up.
	h.calls(t, map[string]int{"token": 0, "gmail.messages.list": 2, "gmail.messages.get": 20, "*": 22})
}

func TestGmailEmpty(t *testing.T) {
	h := build(t, standin.Account{})
	h.connect()
	section := h.must(t, briefing.Gmail)
	if section.Total() != 0 || section.Source != briefing.Gmail || section.ReadAt.IsZero() {
		t.Errorf("section %+v", section)
	}
	h.calls(t, map[string]int{"*": 1})
}

func TestGmailCountsWhatItDoesNotRead(t *testing.T) {
	h := build(t, standin.Account{Mail: someMail(330)})
	h.connect()
	section := h.must(t, briefing.Gmail)
	if section.Count(briefing.Unsorted) != 200 || section.Total() != 300 || !section.AtLeast || len(section.Items) != 100 {
		t.Errorf("unsorted %d, total %d, at least %v, items %d", section.Count(briefing.Unsorted), section.Total(), section.AtLeast, len(section.Items))
	}
	h.calls(t, map[string]int{"gmail.messages.list": 2, "gmail.messages.get": 100})
}

func TestGmailSkipsWhatIsGone(t *testing.T) {
	h := build(t, standin.Account{Mail: someMail(5)})
	h.connect()
	h.google.Inject(standin.Fault{Op: "gmail.messages.get", Times: 2, Status: http.StatusNotFound})
	if section := h.must(t, briefing.Gmail); section.Total() != 3 {
		t.Errorf("%d mails, want 3", section.Total())
	}
}

func TestGmailPartly(t *testing.T) {
	h := build(t, standin.Account{Mail: someMail(20)})
	h.connect()
	h.google.Inject(standin.Fault{Op: "gmail.messages.get", Skip: 8, Status: http.StatusTooManyRequests, Header: map[string]string{"Retry-After": "7"}})
	section, err := h.fetch(t, briefing.Gmail)
	if fault := wantReason(t, err, briefing.RateLimited); fault.RetryAfter != 7*time.Second {
		t.Errorf("retry after %v", fault.RetryAfter)
	}
	if section.Source == "" || len(section.Items) != 8 || section.Count(briefing.Unsorted) != 12 || section.Total() != 20 {
		t.Errorf("%d items, counts %v", len(section.Items), section.Counts)
	}
	if calls := h.google.Calls("gmail.messages.get"); calls > 12 {
		t.Errorf("%d calls: a limit must stop the rest", calls)
	}
}

func TestGmailOneBrokenMailSpoilsNothing(t *testing.T) {
	h := build(t, standin.Account{Mail: someMail(20)})
	h.connect()
	h.google.Inject(standin.Fault{Op: "gmail.messages.get", Times: 1, Body: `{"id":"x","paylo`})
	section, err := h.fetch(t, briefing.Gmail)
	wantReason(t, err, briefing.Malformed)
	if len(section.Items) != 19 || section.Total() != 20 {
		t.Errorf("%d items of %d", len(section.Items), section.Total())
	}
	h.calls(t, map[string]int{"gmail.messages.list": 2}) // the sender is looked up all the same
}

// ranked is a mail and what is made of it.
type ranked struct {
	mail standin.Mail
	want briefing.Item
}

func TestGmailRanks(t *testing.T) {
	kst := func(day, hour, minute int) time.Time { return time.Date(2026, 11, day, hour, minute, 0, 0, seoul(t)) }
	list := [][2]string{{"List-Id", "<list.gaon.example>"}, {"List-Unsubscribe", "<https://gaon.example/u>"}}
	cases := map[string]ranked{
		"a question": {
			standin.Mail{From: `"이수진" <sujin@gaon.example>`, Subject: "4분기 예산", Body: "안녕하세요, 하늘님. 예산안을 첨부합니다. 의견 주실 수 있을까요? 감사합니다."},
			briefing.Item{Group: briefing.NeedsReply, From: "이수진", Text: "의견 주실 수 있을까요?"},
		},
		"a deadline today": {
			standin.Mail{From: "박준호 <junho@corp.example>", Subject: "계약서 3조 수정안", Body: "오늘 18:00까지 검토 부탁드립니다."},
			briefing.Item{Group: briefing.NeedsReply, From: "박준호", Text: "오늘 18:00까지 검토 부탁드립니다.", Due: kst(23, 18, 0)},
		},
		"a deadline in words": {
			standin.Mail{From: "minsu@corp.example", Subject: "서류 제출", Body: "수고하십니다. 내일 오후 6시까지 회신 부탁드립니다."},
			briefing.Item{Group: briefing.NeedsReply, From: "minsu", Text: "내일 오후 6시까지 회신 부탁드립니다.", Due: kst(24, 18, 0)},
		},
		"a date": {
			standin.Mail{From: "정하나 <hana@corp.example>", Subject: "[회신요청] 11/25까지", Body: "참석 여부를 알려 주세요."},
			briefing.Item{Group: briefing.NeedsReply, From: "정하나", Text: "참석 여부를 알려 주세요.", Due: kst(25, 23, 59)},
		},
		"English": {
			standin.Mail{From: "Dana Kim <dana@gaon.example>", Subject: "Launch copy", Body: "Hi Haneul, the copy is ready. Could you approve this by 18:00 today?"},
			briefing.Item{Group: briefing.NeedsReply, From: "Dana Kim", Text: "Could you approve this by 18:00 today?", Due: kst(23, 18, 0)},
		},
		"a deadline at noon": {
			standin.Mail{From: "sj@gaon.example", Subject: "Press release", Body: "Can you comment by tomorrow noon?"},
			briefing.Item{Group: briefing.NeedsReply, From: "sj", Text: "Can you comment by tomorrow noon?", Due: kst(24, 12, 0)},
		},
		"a deadline on a weekday": {
			standin.Mail{From: "sj@gaon.example", Subject: "Slides", Body: "Please send them by Friday at 5pm."},
			briefing.Item{Group: briefing.NeedsReply, From: "sj", Text: "Please send them by Friday at 5pm.", Due: kst(27, 17, 0)},
		},
		"a weekday in Korean": {
			standin.Mail{From: "sj@gaon.example", Subject: "수요일(11/25) 3시까지 제출", Body: "제출 부탁드려요."},
			briefing.Item{Group: briefing.NeedsReply, From: "sj", Text: "제출 부탁드려요.", Due: kst(25, 15, 0)},
		},
		"for information": {
			standin.Mail{From: "sj@gaon.example", Subject: "안건 공유", Body: "회의 안건입니다. 참고해 주세요."},
			briefing.Item{Group: briefing.Important, From: "sj", Text: "회의 안건입니다."},
		},
		"a number is no deadline": {
			standin.Mail{From: "정하나 <hana@corp.example>", Subject: "v11.25 배포", Body: "11/25 배포 결과 확인 부탁드립니다."},
			briefing.Item{Group: briefing.NeedsReply, From: "정하나", Text: "11/25 배포 결과 확인 부탁드립니다."},
		},
		"news of a person": {
			standin.Mail{From: "최영호 <youngho@corp.example>", Subject: "회의록", Body: "안녕하세요. 어제 회의록을 공유합니다."},
			briefing.Item{Group: briefing.Important, From: "최영호", Text: "어제 회의록을 공유합니다."},
		},
		"a question somebody else asked": {
			standin.Mail{From: "최영호 <youngho@corp.example>", Subject: "Re: 회의", Body: "네, 그렇게 하겠습니다. 2026년 11월 22일 (일) 오후 3:00, 김하늘 <haneul@gaon.example>님이 작성: 몇 시가 괜찮으신가요?"},
			briefing.Item{Group: briefing.Important, From: "최영호", Text: "네, 그렇게 하겠습니다."},
		},
		"a copy": {
			standin.Mail{From: "a@corp.example", To: "team@corp.example", Cc: haneul, Subject: "일정 확인 부탁드립니다", Body: "확인 부탁드립니다."},
			briefing.Item{Group: briefing.Notice, From: "a", Text: "확인 부탁드립니다."},
		},
		"no reply wanted": {
			standin.Mail{From: "Bank <no-reply@bank.example>", Subject: "이체 확인 부탁드립니다", Body: "확인해 주세요."},
			briefing.Item{Group: briefing.Notice, From: "Bank", Text: "확인해 주세요."},
		},
		"a program": {
			standin.Mail{From: "CI <ci@build.example>", Subject: "Build failed?", Body: "Please check.", Headers: [][2]string{{"Auto-Submitted", "auto-generated"}}},
			briefing.Item{Group: briefing.Notice, From: "CI", Text: "Please check."},
		},
		"an issue tracker": {
			standin.Mail{From: "Min <notifications@tracker.example>", Subject: "Could you look at #12?", Body: "Could you look?", Headers: list},
			briefing.Item{Group: briefing.Notice, From: "Min", Text: "Could you look?"},
		},
		"a newsletter": {
			standin.Mail{From: "아침 뉴스레터 <hello@letter.example>", Subject: "이번 주 소식, 보셨나요?", Body: "이번 주 소식입니다.", Headers: list},
			briefing.Item{Group: briefing.Newsletter, From: "아침 뉴스레터", Text: "이번 주 소식입니다."},
		},
		"an advertisement": {
			standin.Mail{From: "Shop <shop@shop.example>", Subject: "(광고) 오늘까지!", Body: "지금 확인해 주세요!", Labels: []string{"INBOX", "CATEGORY_PROMOTIONS"}},
			briefing.Item{Group: briefing.Newsletter, From: "Shop", Text: "지금 확인해 주세요!"},
		},
		"an invitation": {
			standin.Mail{From: "박준호 <junho@corp.example>", Subject: "초대: 제품 주간회의 @ 2026년 11월 24일", Body: "참석하시겠습니까?"},
			briefing.Item{Group: briefing.Notice, From: "박준호", Text: "참석하시겠습니까?"},
		},
		"the reader's own": {
			standin.Mail{From: "김하늘 <HANEUL@gaon.example>", Subject: "메모?", Body: "내일 뭐 하지?"},
			briefing.Item{Group: briefing.Notice, From: "김하늘", Text: "내일 뭐 하지?"},
		},
		"starred": {
			standin.Mail{From: "News <news@letter.example>", Subject: "Weekly", Body: "Read this.", Headers: list, Labels: []string{"INBOX", "STARRED"}},
			briefing.Item{Group: briefing.Important, From: "News", Text: "Read this."},
		},
		"an encoded subject": {
			standin.Mail{From: "=?euc-kr?B?sejDtrz2?= <cs@corp.example>", Subject: "=?ks_c_5601-1987?B?yLjAx7fP?=", Body: "공유드립니다."},
			briefing.Item{Group: briefing.Important, Title: "회의록", From: "김철수", Text: "공유드립니다."},
		},
		"hostile": {
			standin.Mail{From: "\"<!channel>\u202E\" <x@corp.example>", Subject: "<!channel> *bold*\u202E\a", Body: "<https://evil.example|눌러> & 확인 부탁드립니다"},
			briefing.Item{Group: briefing.NeedsReply, Title: "<!channel> *bold*", From: "<!channel>", Text: "& 확인 부탁드립니다"},
		},
		"long": {
			standin.Mail{From: "a b <ab@corp.example>", Subject: "긴 글", Body: "지난주에 말씀드린 신규 고객사 온보딩 절차 개선안에 대해서 다음 주 월요일 회의 전에 한 번만 더 검토를 부탁드려도 괜찮으실까요?"},
			briefing.Item{Group: briefing.NeedsReply, From: "a b", Text: "지난주에 말씀드린 신규 고객사 온보딩 절차 개선안에 대해서 다음 주 월요일 회의 전에 한 번만 더 검토를…"},
		},
	}
	var mail []standin.Mail
	want := map[string]briefing.Item{}
	for name, c := range cases {
		c.mail.ID = fmt.Sprintf("c%04d", len(mail))
		c.mail.Date = monday().Add(-time.Hour)
		mail = append(mail, c.mail)
		c.want.ID, c.want.Text = c.mail.ID, c.want.Text+" ← "+name
		if c.want.Title == "" {
			c.want.Title = c.mail.Subject
		}
		want[c.mail.ID] = c.want
	}
	h := build(t, standin.Account{Mail: mail})
	h.connect()
	for _, item := range h.must(t, briefing.Gmail).Items {
		expected := want[item.ID]
		_, name, _ := cutLast(expected.Text, " ← ")
		got := briefing.Item{ID: item.ID, Group: item.Group, Title: item.Title, From: item.From, Text: item.Text + " ← " + name, Due: item.Due}
		if diff := cmp.Diff(expected, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		delete(want, item.ID)
	}
	if len(want) > 0 {
		t.Errorf("not told: %v", want)
	}
}

func cutLast(s, sep string) (before, after string, found bool) {
	for i := len(s) - len(sep); i >= 0; i-- {
		if s[i:i+len(sep)] == sep {
			return s[:i], s[i+len(sep):], true
		}
	}
	return s, "", false
}

func TestGmailOrderAndThreads(t *testing.T) {
	ask := func(id, thread, body string, ago time.Duration) standin.Mail {
		return standin.Mail{ID: id, ThreadID: thread, From: "박준호 <junho@corp.example>", Subject: "안건 " + thread, Body: body, Date: monday().Add(-ago)}
	}
	h := build(t, standin.Account{Mail: []standin.Mail{
		ask("d1", "t1", "확인 부탁드립니다.", time.Hour),
		ask("d2", "t1", "다시 한 번 확인 부탁드립니다.", 30*time.Minute),
		ask("d3", "t2", "오늘 15:00까지 확인 부탁드립니다.", 3*time.Hour),
		ask("d4", "t3", "공유드립니다.", time.Minute),
		ask("d5", "t4", "가능하신가요?", 2*time.Hour),
	}})
	h.connect()
	section := h.must(t, briefing.Gmail)
	var got []string
	for _, item := range section.Items {
		got = append(got, fmt.Sprintf("%s+%d", item.ID, item.Also))
	}
	if diff := cmp.Diff([]string{"d3+0", "d2+1", "d5+0", "d4+0"}, got); diff != "" {
		t.Error(diff)
	}
	if section.Count(briefing.NeedsReply) != 4 || section.Total() != 5 {
		t.Errorf("counts %v: they are of messages", section.Counts)
	}
}

func TestGmailLateWindowIsBounded(t *testing.T) {
	h := build(t, standin.Account{Mail: someMail(20)})
	h.connect()
	req := h.request()
	req.Window.To = req.Now.Add(-10 * time.Minute)
	section, err := h.source(t, briefing.Gmail).Fetch(t.Context(), req)
	if err != nil || section.Total() != 10 {
		t.Fatalf("%d mails, %v", section.Total(), err)
	}
	if calls := h.google.Calls("gmail.messages.get"); calls > 12 {
		t.Errorf("%d messages read for 10 in the window", calls)
	}
}
