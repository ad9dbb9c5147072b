package sources_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"achim/briefing"
	"achim/internal/standin"
)

const (
	junho = "박준호 <junho@corp.example>"
	asks  = "계약서를 보내 주실 수 있을까요?"
	tells = "계약서를 보내 드렸습니다."
)

// rankings tells a number of mails, each by the name of its case.
func rankings(t *testing.T, preferences briefing.Preferences, mail map[string]standin.Mail) map[string]briefing.Item {
	t.Helper()
	var list []standin.Mail
	names := map[string]string{}
	for name, m := range mail {
		m.ID, m.Date = fmt.Sprintf("r%04d", len(list)), monday().Add(-time.Hour)
		names[m.ID] = name
		list = append(list, m)
	}
	h := build(t, standin.Account{Mail: list})
	h.connect()
	req := h.request()
	req.Reader.Preferences = preferences
	section, err := h.source(t, briefing.Gmail).Fetch(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]briefing.Item{}
	for _, item := range section.Items {
		told[names[item.ID]] = item
	}
	return told
}

func groupsOf(told map[string]briefing.Item) map[string]briefing.Group {
	groups := map[string]briefing.Group{}
	for name, item := range told {
		groups[name] = item.Group
	}
	return groups
}

// TestMailForWhom: who asks, whom, and by which way, decides whether the reader has to answer.
func TestMailForWhom(t *testing.T) {
	header := func(name, value string) [][2]string { return [][2]string{{name, value}} }
	list := append(header("List-Id", "<web.gaon.example>"), [2]string{"Precedence", "list"})
	forge := func(reason string) [][2]string { return append(header("X-GitHub-Reason", reason), list...) }
	me, sujin := "김하늘 <"+haneul+">", "이수진 <sujin@gaon.example>"
	mail := map[string]standin.Mail{
		"to the reader":                   {From: junho, To: me, Body: asks},
		"to the reader among others":      {From: junho, To: me + ", " + sujin, Body: asks},
		"to another of those addressed":   {From: junho, To: me + ", " + sujin, Body: "수진 님, " + asks},
		"to another and then the reader":  {From: junho, To: me + ", " + sujin, Body: "수진 님, 잘 받았습니다. 하늘 님은 " + asks},
		"copied":                          {From: junho, To: sujin, Cc: me, Body: asks},
		"copied and marked":               {From: junho, To: sujin, Cc: me, Body: asks, Labels: []string{"INBOX", "IMPORTANT"}},
		"copied and named":                {From: junho, To: sujin, Cc: me, Body: "수진 님, 감사합니다. 하늘 님은 수량을 확인해 주시겠어요?"},
		"copied and told of":              {From: junho, To: sujin, Cc: me, Body: "수진 님, 하늘 님께 " + asks},
		"with a tag in the address":       {From: junho, To: "haneul+work@gaon.example", Body: asks},
		"mentioned on a forge":            {From: "Jiwoo <notifications@forge.example>", To: "gaon/web <web@forge.example>", Body: "@haneul could you look at this?", Headers: forge("mention")},
		"mentioned and told":              {From: "Jiwoo <notifications@forge.example>", To: "gaon/web <web@forge.example>", Body: "@haneul this is fixed now.", Headers: forge("mention")},
		"asked to review":                 {From: "Jiwoo <notifications@forge.example>", To: "gaon/web <web@forge.example>", Body: "Fixes a typo.", Headers: forge("review_requested")},
		"watching":                        {From: "Jiwoo <notifications@forge.example>", To: "gaon/web <web@forge.example>", Body: "@haneul could you look at this?", Headers: forge("subscribed")},
		"mentioned by a tracker":          {From: "Min (Tracker) <tracker@gaon.example>", To: me, Body: "Min mentioned you. @김하늘 " + asks, Headers: header("Auto-Submitted", "auto-generated")},
		"named by a program":              {From: "Shop <no-reply@shop.example>", To: me, Body: "김하늘 님, " + asks},
		"an approval to give":             {From: "전자결재 <no-reply@gaon.example>", To: me, Subject: "[결재 요청] 출장비", Body: "결재 문서가 도착했습니다.", Labels: []string{"INBOX", "CATEGORY_UPDATES"}},
		"a payment that failed":           {From: "Cloud <billing@cloud.example>", To: me, Subject: "Your payment failed", Body: "We could not charge your card.", Labels: []string{"INBOX", "CATEGORY_UPDATES"}},
		"a bounce":                        {From: "Mail Delivery Subsystem <mailer-daemon@mx.example>", To: me, Subject: "Delivery Status Notification (Failure)", Body: "Please check the address.", Headers: header("X-Failed-Recipients", "nobody@corp.example")},
		"an answering machine":            {From: junho, To: me, Subject: "[부재중] 박준호입니다", Body: "급한 일은 010-0000-0000으로 연락 주세요."},
		"an answering machine in English": {From: junho, To: me, Subject: "Automatic reply: Budget", Body: "Could you call the desk?"},
		"an invitation without a word":    {From: junho, To: me, Subject: "내년 계획", Body: "참석하시겠습니까?", Headers: header("Content-Type", `text/calendar; method=REQUEST`)},
		"a letter without headers":        {From: "최세일 <seil@growth.example>", To: me, Body: "15분 통화 가능하실까요? 수신을 원치 않으시면 수신거부를 눌러 주세요."},
		"a person at news@":               {From: "오윤 <news@paper.example>", To: me, Body: "인터뷰 가능하실까요?"},
		"a letter among the updates":      {From: "Bank Insights <insights@bank.example>", To: me, Body: "What comes next?", Headers: header("List-Unsubscribe", "<https://bank.example/u>"), Labels: []string{"INBOX", "CATEGORY_UPDATES"}},
		"the question in the subject":     {From: junho, To: me, Subject: "내일 10시 회의실 예약 부탁드려요 (냉무)"},
		"the subject of the mail before":  {From: junho, To: me, Subject: "RE: 견적 요청드립니다", Body: "견적서를 보냈습니다."},
	}
	want := map[string]briefing.Group{
		"to the reader": briefing.NeedsReply, "to the reader among others": briefing.NeedsReply, "to another of those addressed": briefing.Important,
		"to another and then the reader": briefing.NeedsReply, "copied": briefing.Notice, "copied and marked": briefing.Important,
		"copied and named": briefing.NeedsReply, "copied and told of": briefing.Notice, "with a tag in the address": briefing.NeedsReply,
		"mentioned on a forge": briefing.NeedsReply, "mentioned and told": briefing.Important, "asked to review": briefing.NeedsReply, "watching": briefing.Notice,
		"mentioned by a tracker": briefing.NeedsReply, "named by a program": briefing.Notice, "an approval to give": briefing.Important,
		"a payment that failed": briefing.Important, "a bounce": briefing.Important, "an answering machine": briefing.Notice,
		"an answering machine in English": briefing.Notice, "an invitation without a word": briefing.Notice, "a letter without headers": briefing.Newsletter,
		"a person at news@": briefing.NeedsReply, "a letter among the updates": briefing.Newsletter, "the question in the subject": briefing.NeedsReply,
		"the subject of the mail before": briefing.Important,
	}
	told := rankings(t, briefing.Preferences{}, mail)
	if diff := cmp.Diff(want, groupsOf(told)); diff != "" {
		t.Error(diff)
	}
	if got := told["copied and named"].Text; got != "하늘 님은 수량을 확인해 주시겠어요?" {
		t.Errorf("the line is %q", got)
	}
}

// TestMailToSeveral: of those a mail is addressed to, whoever is named right before what is asked is asked.
func TestMailToSeveral(t *testing.T) {
	cases := map[string]bool{ // whether the reader is
		"하늘 님은 참고만 하시고, 준호 님은 금요일까지 견적서 보내 주세요.":                 false,
		"준호 님은 참고만 하시고, 하늘 님은 금요일까지 견적서 보내 주세요.":                 true,
		"하늘 님이 보내주신 자료를 준호 님이 검토해 주세요.":                          false,
		"하늘 님, 준호 님이 보내주신 자료를 검토해 주세요.":                          true,
		"하늘 님, 준호 님 자료를 검토해 주세요.":                                true,
		"준호 님, 하늘 님 자료를 검토해 주세요.":                                false,
		"하늘 님, 준호 님, 자료를 검토해 주세요.":                               true,
		"하늘 님과 준호 님은 자료를 검토해 주세요.":                               true,
		"준호 님이 내일 휴가입니다. 자료를 검토해 주세요.":                           true,
		"박준호: 금요일까지 견적서 부탁드립니다.":                                 false,
		"김하늘: 금요일까지 견적서 부탁드립니다.":                                 true,
		"박 팀장님, 금요일까지 견적서 부탁드립니다.":                               false,
		"박준호 팀장님, 금요일까지 견적서 부탁드립니다.":                             false,
		"김 팀장님, 금요일까지 견적서 부탁드립니다.":                               true,
		"담당: 박준호 - 오늘까지 견적서를 보내 주세요.":                            false,
		"담당자 : 김하늘 - 오늘까지 견적서를 보내 주세요.":                          true,
		"Junho, could you send it?":                              false,
		"Haneul, thanks for the file; Junho, could you send it?": false,
		"Haneul and Junho, could you send it?":                   true,
		"I met Junho, could you send it?":                        true,
	}
	mail := map[string]standin.Mail{}
	for body := range cases {
		mail[body] = standin.Mail{From: "이수진 <sujin@gaon.example>", To: "김하늘 <" + haneul + ">, " + junho, Subject: "견적", Body: body}
	}
	for body, item := range rankings(t, briefing.Preferences{}, mail) {
		if got := item.Group == briefing.NeedsReply; got != cases[body] {
			t.Errorf("the reader is asked: %v, want %v: %s", got, cases[body], body)
		}
	}
}

// TestMailWordsOfPrograms: a word that programs use, or a subject that begins like theirs, makes no program of a person.
func TestMailWordsOfPrograms(t *testing.T) {
	const colleague, outside = "이수진 <sujin@gaon.example>", junho
	header := func(name, value string) [][2]string { return [][2]string{{name, value}} }
	mail := map[string]standin.Mail{
		"about automatic mail":      {From: colleague, Body: "자동 발송 기능 문구를 오늘까지 검토해 주실 수 있을까요?"},
		"about a generated report":  {From: colleague, Body: "The report is automatically generated. Haneul, could you review the numbers?"},
		"wants a call":              {From: colleague, Body: "보험 견적입니다. 회신하지 마시고 전화로 알려 주실 수 있을까요?"},
		"about leaving":             {From: outside, Body: "뉴스레터 하단 수신거부 문구를 오늘까지 검토해 주실 수 있을까요?"},
		"about leaving in English":  {From: outside, Body: "Could you check the unsubscribe link of our site?"},
		"invites by hand":           {From: colleague, Subject: "초대: 12월 송년회", Body: "참석 여부를 알려 주실 수 있을까요?"},
		"nothing is settled":        {From: colleague, Subject: "미정: 회식 장소", Body: "어디가 좋을까요?"},
		"cancelled by hand":         {From: colleague, Subject: "취소된 일정: 강남 방문 대체안", Body: "대신 언제가 좋을까요?"},
		"accepted by hand":          {From: colleague, Subject: "Re: 수락 : 견적 조건", Body: "조건 수락서에 서명해 주실 수 있을까요?"},
		"cancelled in English":      {From: colleague, Subject: "Cancelled: our flight", Body: "Could you call the airline today?"},
		"about a leave":             {From: colleague, Subject: "On leave: who covers for you?", Body: "Could you tell me who covers for you?"},
		"called in vain":            {From: colleague, Subject: "부재 중 전화", Body: "안 받으셔서요. 연락 주실 수 있을까요?"},
		"a program without headers": {From: outside, Body: "본 메일은 발신 전용입니다. 비밀번호를 변경해 주실 수 있을까요?"},
		"one in English":            {From: outside, Body: "Could you rate us? This is an automated message, please do not reply."},
		"sent by itself":            {From: outside, Body: "점검 결과를 확인해 주세요. 자동 발송된 메일입니다."},
		"an invitation":             {From: colleague, Subject: "초대: 주간 회의 @ 2026년 11월 26일 (목) 오후 4시", Body: "참석하시겠습니까?"},
		"one in English by Google":  {From: colleague, Subject: "Invitation: sync @ Thu Nov 26, 2026 4pm", Body: "Can you join us?"},
		"one by the calendar":       {From: "Google Calendar <calendar-notification@google.com>", Subject: "취소된 일정: 주간 회의", Body: "참석하시겠습니까?"},
		"one with a method":         {From: colleague, Subject: "주간 회의", Body: "참석하시겠습니까?", Headers: header("Content-Type", `multipart/mixed; method=REQUEST; boundary="x"`)},
		"an answer to one":          {From: colleague, Subject: "Declined: 주간 회의", Body: "다음 주는 어떠세요?", Headers: header("X-Auto-Response-Suppress", "All")},
		"an answering machine":      {From: outside, Subject: "On vacation: back on Monday", Body: "Could you call the desk?", Headers: header("Auto-Submitted", "auto-generated")},
		"one without headers":       {From: outside, Subject: "자동 회신: 계약서", Body: "급한 용무는 전화 주시겠어요?"},
	}
	want := map[string]briefing.Group{
		"a program without headers": briefing.Notice, "one in English": briefing.Notice, "sent by itself": briefing.Notice, "an invitation": briefing.Notice,
		"one in English by Google": briefing.Notice, "one by the calendar": briefing.Notice, "one with a method": briefing.Notice, "an answer to one": briefing.Notice,
		"an answering machine": briefing.Notice, "one without headers": briefing.Notice,
	}
	for name := range mail {
		if want[name] == "" {
			want[name] = briefing.NeedsReply
		}
	}
	if diff := cmp.Diff(want, groupsOf(rankings(t, briefing.Preferences{}, mail))); diff != "" {
		t.Error(diff)
	}
}

// TestMailThatOnlySoundsLikeARequest: things named by a verb, wishes, and what others asked, ask the reader for nothing.
func TestMailThatOnlySoundsLikeARequest(t *testing.T) {
	cases := map[string]bool{
		"Review the draft by Friday.": true, "Check what is wrong here.": true, "Call me when it is done.": true, "Update the sheet.": true, "Draft the reply, please.": true,
		"Reminder to send the form.": true, "Just a reminder that your form is due tomorrow.": true, "We have yet to hear from you.": true,
		"오늘까지 제출하세요.": true, "개발자 두 명이 필요합니다.": true, "아직 회신을 못 받았습니다.": true, "보내주시면 확인하겠습니다.": true,
	}
	for _, none := range []string{
		"Draft is attached.", "Draft attached for tomorrow.", "Call went well, Dana was happy.", "Update from the team: we shipped it.", "Review of Q3 is done.", "Check is in the mail.",
		"Post office was closed.", "Help desk is closed today.", "Fix is live.", "Fix deployed to production.", "Reply received, thanks.", "Return flight is at 5pm.", "Schedule change: lunch is at 12.",
		"Take your time.", "Talk soon.", "Note that the office is closed tomorrow.", "Just a reminder that tomorrow is a holiday.", "I have yet to decide, no hurry.",
		"It was really appreciated by everyone.", "Following up on my promise, here is the file.", "화이팅하세요!", "안전 운전하세요.", "앞으로 이런 분이 필요합니다.",
		"보내주시면 확인하겠다고 김 대리가 말했습니다.", "고객사에서 견적을 요청.", "아직 확정이 안 되어서 확정되면 알려드리겠습니다.", "무엇을 도와드릴까요? 언제든 연락 주세요.",
		"주시면 감사했을 텐데 이미 끝났습니다.",
	} {
		cases[none] = false
	}
	mail := map[string]standin.Mail{}
	for body := range cases {
		mail[body] = standin.Mail{From: "이수진 <sujin@gaon.example>", Subject: "자료", Body: body}
	}
	for body, item := range rankings(t, briefing.Preferences{}, mail) {
		if got := item.Group == briefing.NeedsReply; got != cases[body] {
			t.Errorf("asks: %v, want %v: %s", got, cases[body], body)
		}
	}
}

// TestMailOrdersOfStrangers: who commands without a word of courtesy is answered when they are known, and phishing is not.
func TestMailOrdersOfStrangers(t *testing.T) {
	const order = "지금 계정을 확인하세요."
	told := rankings(t, briefing.Preferences{}, map[string]standin.Mail{
		"stranger": {From: "보안팀 <help@phish.example>", Subject: "계정", Body: order}, "stranger who wants a login": {From: "보안팀 <help@phish.example>", Subject: "계정", Body: "지금 로그인하세요."},
		"colleague": {From: "이수진 <sujin@gaon.example>", Subject: "계정", Body: order}, "in an answer": {From: junho, Subject: "Re: 계정", Body: order},
	})
	want := map[string]briefing.Group{
		"stranger": briefing.Important, "stranger who wants a login": briefing.Important, "colleague": briefing.NeedsReply, "in an answer": briefing.NeedsReply,
	}
	if diff := cmp.Diff(want, groupsOf(told)); diff != "" {
		t.Error(diff)
	}
}

// TestMailAsTheReaderWishes: who is dear to the reader is not overlooked, and who is muted is counted only.
func TestMailAsTheReaderWishes(t *testing.T) {
	letter := [][2]string{{"List-Unsubscribe", "<https://corp.example/u>"}}
	mail := map[string]standin.Mail{
		"a VIP tells":              {From: junho, Body: tells},
		"a VIP asks others":        {From: junho, To: "team@gaon.example", Cc: haneul, Body: asks},
		"a VIP's letter":           {From: "소식 <letter@corp.example>", Body: tells, Headers: letter},
		"muted":                    {From: "홍보 <pr@loud.example>", Body: asks},
		"muted and starred":        {From: "홍보 <pr@loud.example>", Body: asks, Labels: []string{"INBOX", "STARRED"}},
		"a VIP in a muted house":   {From: "사장 <boss@loud.example>", Body: asks},
		"a muted word":             {From: "이수진 <sujin@gaon.example>", Subject: "야구 보러 갈까요?", Body: asks},
		"a muted word in the text": {From: "이수진 <sujin@gaon.example>", Subject: "주말", Body: "야구 보러 갈까요?"},
		"a muted sender's name":    {From: "야구단 이수진 <sujin@gaon.example>", Subject: "주말", Body: asks},
		"a VIP with a muted word":  {From: "박준호 <junho@corp.example>", Subject: "주말", Body: "야구 보러 갈까요?"},
		"in loose jamo":            {From: "이수진 <sujin@gaon.example>", Subject: "\u110b\u1163\u1100\u116e 보러 갈까요?", Body: asks},
		"in wide letters":          {From: "이수진 <sujin@gaon.example>", Subject: "ＡＩ　강연", Body: asks},
		"in what was quoted":       {From: "이수진 <sujin@gaon.example>", Subject: "주말", Body: asks + "\n\n> 야구 보러 갈까요?"},
	}
	want := map[string]briefing.Group{
		"a VIP tells": briefing.NeedsReply, "a VIP asks others": briefing.Important, "a VIP's letter": briefing.Important,
		"muted": briefing.Notice, "muted and starred": briefing.Notice, "a VIP in a muted house": briefing.NeedsReply,
		"a muted word": briefing.Notice, "a muted word in the text": briefing.Notice,
		"a muted sender's name": briefing.Notice, "a VIP with a muted word": briefing.Notice, "in loose jamo": briefing.Notice,
		"in wide letters": briefing.Notice, "in what was quoted": briefing.NeedsReply,
	}
	told := rankings(t, briefing.Preferences{
		VIPs: []string{"@corp.example", "boss@loud.example"}, MuteSenders: []string{"@loud.example"}, MuteWords: []string{"야구", "AI 강연"},
	}, mail)
	if diff := cmp.Diff(want, groupsOf(told)); diff != "" {
		t.Error(diff)
	}
}

// TestMailMutedInFull: what only the body says is muted as soon as it was read, and nothing of it is handed on as something to
// answer.
func TestMailMutedInFull(t *testing.T) {
	long := strings.Repeat("아직 정하지 않았습니다. ", 40)
	for body, want := range map[string]briefing.Group{
		asks + " " + long + "야구는 어떠세요?": briefing.Notice,
		asks + " " + long + "축구는 어떠세요?": briefing.NeedsReply,
	} {
		told := rankings(t, briefing.Preferences{MuteWords: []string{"야구"}}, map[string]standin.Mail{"it": {From: junho, Subject: "주말", Body: body}})
		if got := told["it"].Group; got != want {
			t.Errorf("%s is told as %s, want %s", body, got, want)
		}
	}
}

// TestMailLines: the line is what the mail wants, in its own words, and never a courtesy.
func TestMailLines(t *testing.T) {
	cases := map[string]string{
		"안녕하세요, 박준호입니다. 지난주 자료를 보냅니다. 의견 부탁드립니다. 내일까지 서명도 부탁드립니다. 감사합니다.":                         "내일까지 서명도 부탁드립니다.",
		"회의록입니다.\n\n이수진 드림\n\n추신: 오늘 18시까지 영수증 제출 부탁드립니다.":                                        "추신: 오늘 18시까지 영수증 제출 부탁드립니다.",
		"회의록입니다.\n\n이수진 드림\n\nP.S. 영수증을 보내 주시겠어요?":                                                "영수증을 보내 주시겠어요?",
		"회의록입니다. 이수진 드림 2026년 11월 20일 금요일 오전 9:00, 김하늘님이 작성: 추신: 내일까지 보내 주세요.":                    "회의록입니다.",
		"안녕하세요 가온상사 박준호입니다 어제 회의록을 공유드립니다 감사합니다":                                                  "어제 회의록을 공유드립니다",
		"김하늘 매니저님 안녕하세요. 11월분 세금계산서 발행하였습니다. 감사합니다. 박준호 드림 -- 브랜드, 고민이신가요?":                       "11월분 세금계산서 발행하였습니다.",
		"Dear Ms. Kim, Thank you for your call. The report is in the shared folder. Regards, Jun": "The report is in the shared folder.",
		"Haneul, thanks! Notes: - We keep the green - Haneul to send the logo by tomorrow.":       "Haneul to send the logo by tomorrow.",
		"That is not what the vendor said": "That is not what the vendor said",
		"안녕하세요!":                           "",
		"넵":                                "넵",
		"감사합니다!":                           "감사합니다!",
		"https://paper.example/a?b=1 참고하세요": "참고하세요",
	}
	mail := map[string]standin.Mail{}
	for body := range cases {
		mail[body] = standin.Mail{From: junho, To: "김하늘 <" + haneul + ">", Subject: "자료", Body: body}
	}
	for body, item := range rankings(t, briefing.Preferences{}, mail) {
		if item.Text != cases[body] {
			t.Errorf("%s\n\tis told as %q, want %q", body, item.Text, cases[body])
		}
	}
}

// TestMailDeadlines: only what the reader is asked for by then is a deadline, and in the right week.
func TestMailDeadlines(t *testing.T) {
	cases := map[string]string{ // on Monday the 23rd at 08:00
		"오늘 중으로 회신 바랍니다.":                        "23 23:59",
		"오전 중으로 회신 부탁드립니다.":                      "23 12:00",
		"내일 오전까지 부탁드립니다.":                        "24 12:00",
		"이번 주 내로 답 주세요.":                         "27 23:59",
		"다음 주 화요일까지 보내 주세요.":                     "01 23:59",
		"다음 주 금요일까지 보내 주세요.":                     "", // eleven days ahead
		"26일(목) 정오까지 회신 바랍니다.":                   "26 12:00",
		"5시까지 보내 주세요.":                           "23 17:00",
		"3일 이내에 회신 바랍니다.":                        "26 23:59",
		"오늘 밤 12시까지 보내 주세요.":                     "23 23:59",
		"금요일까지 보내 드리겠습니다.":                       "",
		"금요일까지 휴가입니다. 자료 보내 주세요.":                "",
		"9시부터 18시까지 열려 있으니 방문해 주세요.":             "",
		"2일과 3일 중 편하신 날을 말씀해 주세요.":               "",
		"오늘 내부 회의 자료를 보내 주세요.":                   "",
		"Could you sign it by Wednesday?":        "25 23:59",
		"Please answer by EOD tomorrow.":         "24 23:59",
		"Please send it by next Monday.":         "30 23:59",
		"Please send it before 5pm.":             "23 17:00",
		"The form is due on Thursday.":           "26 23:59",
		"We will send it by Friday.":             "",
		"I'm out until Friday, please call Jun.": "",
		"Please send it by post.":                "",
	}
	mail := map[string]standin.Mail{}
	for body := range cases {
		mail[body] = standin.Mail{From: junho, Subject: "자료", Body: body}
	}
	for body, item := range rankings(t, briefing.Preferences{}, mail) {
		got := ""
		if !item.Due.IsZero() {
			got = item.Due.In(seoul(t)).Format("02 15:04")
		}
		if got != cases[body] {
			t.Errorf("%s: due %q, want %q", body, got, cases[body])
		}
	}
}
