package sources_test

import (
	"strings"
	"testing"
	"time"

	"achim/briefing"
	"achim/internal/standin"
	"achim/sources"
)

// dueOn is what is made of a sentence that was written on the day at 08:00; "" = no deadline.
func dueOn(t *testing.T, day int, sentence string) string {
	t.Helper()
	due := sources.Deadline(sentence, time.Date(2026, 11, day, 8, 0, 0, 0, seoul(t)), seoul(t))
	if due.IsZero() {
		return ""
	}
	return due.In(seoul(t)).Format("01-02 15:04")
}

func checkDeadlines(t *testing.T, day int, cases map[string]string) {
	t.Helper()
	for sentence, want := range cases {
		if got := dueOn(t, day, sentence); got != want {
			t.Errorf("on the %d, %s: due %q, want %q", day, sentence, got, want)
		}
	}
}

// TestDeadlines: what sets a time plainly is understood.
func TestDeadlines(t *testing.T) {
	checkDeadlines(t, 23, map[string]string{
		"내일 낮 11시까지 보내 주세요.":                               "11-24 11:00",
		"금요일 전까지 보내 주세요.":                                  "11-26 23:59",
		"내일 아침 9시 전에 부탁드립니다.":                              "11-24 09:00",
		"이번 달 25일까지 보내 주세요.":                               "11-25 23:59",
		"내일모레까지 보내 주세요.":                                   "11-25 23:59",
		"늦어도 다음 주 화요일 오전까지 보내 주세요.":                        "12-01 12:00",
		"금요일(11/27)까지 보내 주세요.":                             "11-27 23:59",
		"하늘님~ 내일까지 의견 주시면 반영할게요!":                          "11-24 23:59",
		"지난주에 말씀드린 자료를 금요일까지 보내 주세요.":                      "11-27 23:59",
		"제출 마감은 11월 27일(금)입니다.":                            "11-27 23:59",
		"서명 기한: 2026년 11월 30일까지":                           "11-30 23:59",
		"내일 17시(UTC)까지 보내 주세요.":                            "",
		"Please reply by 5pm KST tomorrow.":                "11-24 17:00",
		"Could you send it by Friday, November 27?":        "11-27 23:59",
		"Could you reply by Friday (11/27)?":               "11-27 23:59",
		"Could you send it before Friday?":                 "11-26 23:59",
		"Can you finish this before the end of the week?":  "11-27 23:59",
		"Please let me know by Wednesday if you can come.": "11-25 23:59",
		"We'd need it back by November 30.":                "11-30 23:59",
		"It must be submitted by Thursday.":                "11-26 23:59",
		"Please reply by noon tomorrow.":                   "11-24 12:00",
		"Could you reply by Monday of next week?":          "11-30 23:59",
	})
	afternoon := time.Date(2026, 11, 23, 13, 0, 0, 0, seoul(t))
	if due := sources.Deadline("Could you reply by 17:00 (UTC) tomorrow?", afternoon, seoul(t)); !due.Equal(time.Date(2026, 11, 24, 17, 0, 0, 0, time.UTC)) {
		t.Errorf("by UTC: %v", due)
	}
}

// TestNoDeadlines: words that make it another day, another zone, or nobody's, leave no deadline.
func TestNoDeadlines(t *testing.T) {
	for what, sentences := range map[string][]string{
		"another zone": {"Please send it by 9am PST tomorrow.", "Please reply by 5pm ET tomorrow.", "Please reply by 5 p.m. CET on Tuesday.", "Please respond by 5pm EST today.", "뉴욕 시간으로 내일 17시까지 보내 주세요.",
			"Please reply by 5pm tomorrow your time."},
		"another week": {"Please send it by Friday, December 4.", "Could you reply by end of day Friday, Dec 4?", "Could you reply by Friday next week?", "Could you reply by Friday of next week?", "Could you reply by Friday two weeks from now?",
			"Please send it by Friday, November 26.", "Could you reply by Monday?", "금요일(12월 4일)까지 보내 주세요.", "금요일, 12월 4일까지 보내 주세요.", "그다음 주 금요일까지 보내 주세요.", "2주 뒤 금요일까지 회신 부탁드립니다.", "12월 첫째 주 금요일까지 회신 부탁드립니다.", "격주 금요일까지 제출 부탁드립니다."},
		"late": {"화요일까지 주시기로 하셨는데 아직 못 받았습니다.", "지난 금요일까지 보내주시기로 한 자료를 아직 못 받았습니다.", "지난달 25일까지의 사용 내역 확인 부탁드립니다.", "오늘까지도 답을 못 받았습니다.",
			"Your report was due on Monday and we still haven't received it."},
		"days before": {"3일 전에 보내드린 견적서 검토 부탁드립니다.", "회의 3일 전까지 자료 제출 부탁드립니다.", "입사 후 3일 이내에 제출해 주세요.", "3영업일 이내 회신 부탁드립니다.", "영업일 기준 3일 이내에 회신 부탁드립니다."},
		"another month or year": {"다음 달 5일까지 회신 부탁드립니다.", "내년 11월 25일까지 보내 주세요.", "2027년 11월 25일까지 유효한 계약서 검토 부탁드립니다.", "2027년 11월 25일까지 회신 부탁드립니다.", "2025년 11월 25일까지의 매출 자료를 보내 주세요.",
			"Could you answer by the 25th of next month?", "Please sign by 2027-11-25.", "Please confirm the contract due Nov 25, 2027.", "Please sign by Nov 25, 2027."},
		"asked of nobody": {"오늘까지 휴가라서 회신이 늦었습니다.", "금요일까지 보내드릴 테니 확인 부탁드립니다.", "11월 25일까지의 매출 자료를 보내 주세요.", "오늘까지 들어온 주문 내역 확인 부탁드립니다.", "오늘까지 접수 건 확인 부탁드립니다.", "23일에서 25일까지 워크숍 참석 여부 알려 주세요.",
			"24일과 25일까지 이틀간 참석 가능하실까요?", "23~25일까지 워크숍 참석 여부 알려 주세요.", "10시에서 12시까지 시간 괜찮으세요?", "수요일 중 편하신 시간 알려 주세요.", "오늘 내 자리로 와 주세요.", "12.1 이전 버전을 쓰시면 업데이트 부탁드립니다.", "페이지 11-25까지 검토 부탁드립니다.",
			"금요일까지 기다려 주세요.", "Can you stop by today?", "Could you drop by tomorrow at 3pm?", "Please check the file sent by Wed.", "Please share the form signed by Nov 25.", "Could you review the book written by Mon Chan?", "Are you available before 3pm on Friday?",
			"I'll be out before Friday, could you send it next week?"},
		"taken back": {"내일까지 제출하실 필요는 없습니다.", "오늘까지 안 주셔도 되고 천천히 보내 주세요.", "오늘 18시까지가 아니라 내일 18시까지 부탁드립니다.", "내일까지였던 마감이 다음 주 금요일까지로 연장되었으니 제출 부탁드립니다.", "금요일까지 주셔도 됩니다.",
			"Please don't send it by Friday.", "Could you not send it before Friday?", "Please review: deadline moved from Tuesday to Friday, due Friday."},
		"unclear hour": {"오늘 밤 1시까지 보내 주세요.", "내일 자정까지 부탁드립니다.", "Please reply by 12am tomorrow.", "Could you reply by 5:00 tomorrow?"},
	} {
		for _, sentence := range sentences {
			if got := dueOn(t, 23, sentence); got != "" {
				t.Errorf("%s: %s: due %q", what, sentence, got)
			}
		}
	}
	checkDeadlines(t, 20, map[string]string{"Could you reply by Monday, Nov 30?": "", "Could you reply by Monday (11/30)?": "", "Could you reply by Monday the 30th?": ""})
}

// TestSubjectDeadlines: in a subject an act is enough.
func TestSubjectDeadlines(t *testing.T) {
	for subject, want := range map[string]bool{
		"[회신요청] 12/1(화)까지 내년도 예산": true, "자료 제출 요청 (금요일까지)": true, "수요일(11/25) 3시까지 제출": true, "Q4 report due Friday": true,
		"주차장 공사 11월 25일까지": false, "12.1 이전 버전": false, "Slides by Jun": false,
	} {
		if due := sources.SubjectDeadline(subject, monday(), seoul(t)); due.IsZero() == want {
			t.Errorf("%s: due %v", subject, due)
		}
	}
}

// TestDeadlineLength: what is no sentence costs no time.
func TestDeadlineLength(t *testing.T) {
	began := time.Now()
	for _, words := range []string{"오늘 ", "검토 ", "by today ", "please ", "11.25 ", "보내 주시면 "} {
		for _, n := range []int{80, 20000} {
			sources.Deadline(strings.Repeat(words, n)+"까지 by", monday(), seoul(t))
		}
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("took %v", took)
	}
}

// TestDeadlineOfThread: a deadline holds on until a newer mail names a time, and is none when its hour is over.
func TestDeadlineOfThread(t *testing.T) {
	cases := map[string]struct {
		first, second string
		want          string
	}{
		"held on":  {"오늘 18시까지 검토 부탁드립니다.", "첨부 파일도 확인 부탁드립니다.", "23 18:00"},
		"extended": {"오늘 18시까지 검토 부탁드립니다.", "금요일까지 주셔도 됩니다. 확인 부탁드립니다.", ""},
		"moved":    {"오늘 18시까지 검토 부탁드립니다.", "내일 정오까지 부탁드립니다.", "24 12:00"},
		"over":     {"오늘 8시까지 검토 부탁드립니다.", "첨부 파일도 확인 부탁드립니다.", ""},
	}
	for name, c := range cases {
		house := build(t, standin.Account{Mail: []standin.Mail{
			{ID: "a1", ThreadID: "t1", From: junho, Subject: "계약서", Body: c.first, Date: monday().Add(-3 * time.Hour)},
			{ID: "a2", ThreadID: "t1", From: junho, Subject: "Re: 계약서", Body: c.second, Date: monday().Add(-time.Hour)},
		}})
		house.connect()
		items := house.must(t, briefing.Gmail).Items
		got := ""
		if !items[0].Due.IsZero() {
			got = items[0].Due.In(seoul(t)).Format("02 15:04")
		}
		if len(items) != 1 || got != c.want {
			t.Errorf("%s: %d items, due %q, want %q", name, len(items), got, c.want)
		}
	}
}
