package sources_test

import (
	"strings"
	"testing"

	"google.golang.org/api/gmail/v1"

	"achim/sources"
)

// sujins are the headers of a mail of 이수진's.
func sujins(subject string) []string {
	return []string{"From", "이수진 <sujin.lee@gaon.example>", "Subject", subject}
}

// wantOwn checks what is left of a message.
func wantOwn(t *testing.T, payload *gmail.MessagePart, want ...string) {
	t.Helper()
	if got := sources.ReadBody(payload).Text; got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwanted\n%s", got, strings.Join(want, "\n"))
	}
}

// TestReadBodyQuotes: above every mail program's quotation, only the new words are left.
func TestReadBodyQuotes(t *testing.T) {
	const own, old = "네, 그렇게 진행하겠습니다.", "내일 오전에 진행해도 될까요?"
	for name, quotation := range map[string]string{
		"gmail ko":       "2026년 11월 20일 (금) 오전 9:12, 김하늘 <haneul@gaon.example>님이 작성:\n\n> " + old,
		"gmail ko wraps": "2026년 11월 20일 (금) 오전 9:12, 김하늘 (제품기획팀) <\nhaneul.kim.product@gaon.example>님이 작성:\n\n> " + old + "\n>\n> 김하늘 드림",
		"gmail ko bare":  "2026년 11월 20일 (금) 오전 9:12, 김하늘 <haneul@gaon.example>님이 작성:\n\n" + old,
		"apple ko":       "2026. 11. 20. 오전 9:12, 김하늘 <haneul@gaon.example> 작성:\n\n> " + old,
		"apple ko old":   "> 2026. 11. 20. 오전 9:12, 김하늘 <haneul@gaon.example> 작성:\n> \n> " + old,
		"thunderbird ko": "2026-11-20 오전 9:12에 김하늘 이(가) 쓴 글:\n> " + old,
		"k-9 ko":         "2026년 11월 20일 오전 9시 12분 0초 GMT+09:00, 김하늘 <haneul@gaon.example> 작성함:\n>" + old,
		"yahoo ko":       "2026년 11월 20일 금요일 오전 9:12:33 GMT+9, 김하늘<haneul@gaon.example>님이 작성:\n\n\n" + old,
		"naver": "-----Original Message-----\nFrom: \"김하늘\"<haneul@gaon.example>\nTo: \"이수진\"<sujin.lee@gaon.example>;\nCc:\n" +
			"Sent: 2026-11-20 (금) 09:12:00 (GMT+09:00)\nSubject: 일정\n\n" + old,
		"daum":            "--------- 원본 메일 ---------\n보낸사람 : 김하늘 <haneul@gaon.example>\n받는사람 : 이수진\n날짜 : 2026-11-20 09:12\n제목 : 일정\n\n" + old,
		"outlook ko":      "________________________________\n보낸 사람: 김하늘 <haneul@gaon.example>\n보낸 날짜: 2026년 11월 20일 금요일 오전 9:12\n받는 사람: 이수진 <sujin.lee@gaon.example>\n제목: 일정\n\n" + old,
		"outlook ko gaps": "보낸 사람: 김하늘 <haneul@gaon.example>\n\n보낸 날짜: 2026년 11월 20일 금요일 오전 9:12\n\n받는 사람: 이수진 <sujin.lee@gaon.example>\n\n제목: 일정\n\n\n" + old,
		"samsung ko":      "-------- 원본 이메일 --------\n발신: 김하늘 <haneul@gaon.example>\n날짜: 26/11/20 오전 9:12 (GMT+09:00)\n수신: 이수진\n제목: 일정\n\n" + old,
		"groupware":       "-----원본 메시지-----\n보낸이: 김하늘\n" + old,
		"gmail en":        "On Fri, Nov 20, 2026 at 9:12 AM Dana Kim <dana.kim@gaon.example> wrote:\n\n> " + old,
		"gmail wrap":      "On Fri, Nov 20, 2026 at 9:12 AM Dana Kim, Head of Product (Gaon) <\ndana.kim@gaon.example> wrote:\n\n> " + old,
		"apple en":        "> On 20 Nov 2026, at 09:12, Dana Kim <dana.kim@gaon.example> wrote:\n> \n> " + old,
		"iphone":          "Sent from my iPhone\n\n> On Nov 20, 2026, at 9:12 AM, Dana Kim <dana.kim@gaon.example> wrote:\n> \n> " + old,
		"iphone ko":       "나의 iPhone에서 보냄\n\n2026. 11. 20. 오전 9:12, 김하늘 <haneul@gaon.example> 작성:\n\n> " + old,
		"outlook en":      "From: Dana Kim <dana.kim@gaon.example>\nSent: Friday, November 20, 2026 9:12 AM\nTo: 이수진 <sujin.lee@gaon.example>\nCc: Will Ashby\nSubject: RE: 일정\n\n" + old,
		"starred":         "*From:* Dana Kim <dana.kim@gaon.example>\n*Sent:* Friday, November 20, 2026 9:12 AM\n*To:* 이수진\n*Subject:* 일정\n\n" + old,
		"zoho":            "---- On Fri, 20 Nov 2026 09:12:00 +0900 dana.kim@gaon.example wrote ----\n\n" + old,
		"german":          "Am 20.11.2026 um 09:12 schrieb Jonas Weber <jonas@gaon.example>:\n> " + old,
		"outlook de":      "-----Ursprüngliche Nachricht-----\nVon: Jonas Weber <jonas@gaon.example>\nGesendet: Freitag, 20. November 2026 09:12\nAn: 이수진\nBetreff: 일정\n\n" + old,
		"french":          "Le ven. 20 nov. 2026 à 09:12, Claire Petit <claire@gaon.example> a\nécrit :\n\n> " + old,
		"spanish":         "El vie, 20 nov 2026 a las 9:12, Lucía Gil (<lucia@gaon.example>) escribió:\n\n> " + old,
		"italian":         "Il giorno ven 20 nov 2026 alle ore 09:12 Marco Riva <marco@gaon.example> ha scritto:\n\n> " + old,
		"portuguese":      "Em sex., 20 de nov. de 2026 às 09:12, Rita Alves <rita@gaon.example> escreveu:\n\n> " + old,
		"dutch":           "Op vr 20 nov 2026 om 09:12 schreef Sanne Bos <sanne@gaon.example>:\n\n> " + old,
		"swedish":         "Från: Maja Lind <maja@gaon.example>\nSkickat: den 20 november 2026 09:12\nTill: 이수진\nÄmne: 일정\n\n" + old,
		"danish":          "Den fre. 20. nov. 2026 kl. 09.12 skrev Ida Holm <ida@gaon.example>:\n\n> " + old,
		"polish":          "pt., 20 lis 2026 o 09:12 Ewa Lis <ewa@gaon.example> napisał(a):\n\n> " + old,
		"russian":         "пт, 20 нояб. 2026 г. в 09:12, Анна <anna@gaon.example>:\n\n> " + old,
		"chinese":         "在 2026年11月20日，上午9:12，林雪 <xue@gaon.example> 写道：\n\n> " + old,
		"japanese":        "2026年11月20日(金) 9:12 佐藤愛子 <aiko@gaon.example>:\n\n> " + old,
	} {
		t.Run(name, func(t *testing.T) {
			wantOwn(t, textPart("text/plain", own+"\n\n"+quotation+"\n", sujins("Re: 일정")...), own)
			wantOwn(t, textPart("text/plain", strings.ReplaceAll(own+"\r\n\r\n"+quotation+"\r\n", "\n\n", "\r\n\r\n"), sujins("Re: 일정")...), own)
		})
	}
}

// TestReadBodyAnswers: what is written below a quotation or between its lines stays.
func TestReadBodyAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"below":        {"On 20/11/2026 09:12, Dana Kim wrote:\n> Is Friday all right?\n\nFriday suits me.\n", []string{"Friday suits me."}},
		"between":      {"2026년 11월 20일 (금) 오전 9:12, 김하늘 <haneul@gaon.example>님이 작성:\n> 단가는요?\n12,000원입니다.\n\n> 납기는요?\n다음 주 수요일에 나갑니다.\n\n> 감사합니다.\n\n이수진 드림\n", []string{"12,000원입니다.", "다음 주 수요일에 나갑니다."}},
		"nameless":     {"Dana Kim wrote:\n> Is Friday all right?\n> Or Monday?\nMonday, please.\n", []string{"Monday, please."}},
		"broken again": {"Yes.\n\nOn Fri, Nov 20, 2026 at 9:12 AM Dana Kim <dana@gaon.example> wrote:\n> a long line that some server on the way has broken a second time, so its\nend has no mark\n> and this has one\n", []string{"Yes."}},
		"no quotation": {"회의에서 정한 것입니다.\n일시: 11월 27일 10:00\n장소: 3층\n제목: 단가 협의\n", []string{"회의에서 정한 것입니다.", "일시: 11월 27일 10:00", "장소: 3층", "제목: 단가 협의"}},
		"arrow":        {"3% > 2% 입니다.\n", []string{"3% > 2% 입니다."}},
		"said":         {"As I wrote:\nwe begin on Monday.\n", []string{"As I wrote:", "we begin on Monday."}},
	} {
		t.Run(name, func(t *testing.T) { wantOwn(t, textPart("text/plain", c.text, sujins("Re: 일정")...), c.want...) })
	}
}

// TestReadBodyForwards: the words above a forwarded message are the sender's; when there are none, the message speaks.
func TestReadBodyForwards(t *testing.T) {
	const english = "---------- Forwarded message ---------\nFrom: Sam Whitfield <sam@northfork.example>\nDate: Fri, Nov 20, 2026 at 9:12 AM\nSubject: Renewal terms\nTo: Will Ashby <will@gaon.example>\n\n\nThe renewal terms are attached.\n\nKind regards\nSam\n"
	const korean = "---------- 전달된 메시지 ----------\n발신: 전시사무국 <office@busanexpo.example>\n날짜: 2026년 11월 20일 (금) 오전 9:12\n제목: 부스 배정\n수신: 이수진\n\n부스 배정 결과를 안내드립니다.\n"
	const apple = "Begin forwarded message:\n\nFrom: Sam Whitfield <sam@northfork.example>\nSubject: Renewal terms\nDate: 20 November 2026 at 09:12:00 KST\nTo: Will Ashby <will@gaon.example>\n\nThe renewal terms are attached.\n"
	const outlook = "________________________________\n보낸 사람: 전시사무국 <office@busanexpo.example>\n보낸 날짜: 2026년 11월 20일 금요일 오전 11:00\n받는 사람: 이수진\n제목: 부스 배정\n\n부스 배정 결과를 안내드립니다.\n"
	for name, c := range map[string]struct{ text, subject, want string }{
		"words above":     {"Can you take this one?\n\n" + english, "Fwd: Renewal terms", "Can you take this one?"},
		"none":            {english, "Fwd: Renewal terms", "The renewal terms are attached."},
		"signature only":  {"이수진 드림\n\n" + korean, "Fwd: 부스 배정", "부스 배정 결과를 안내드립니다."},
		"telephone only":  {"Sent from my iPhone\n\n" + apple, "Fwd: Renewal terms", "The renewal terms are attached."},
		"apple, quoted":   {"Please see below.\n\n> " + strings.ReplaceAll(apple, "\n", "\n> "), "Fwd: Renewal terms", "Please see below."},
		"all is quoted":   {"> " + strings.ReplaceAll(apple, "\n", "\n> "), "Fwd: Renewal terms", "The renewal terms are attached."},
		"outlook":         {"어느 쪽이 나을까요?\n" + outlook, "FW: 부스 배정", "어느 쪽이 나을까요?"},
		"outlook, none":   {outlook, "FW: 부스 배정", "부스 배정 결과를 안내드립니다."},
		"twice":           {korean[:strings.Index(korean, "부스 배정 결과")] + english, "Fwd: Fwd:", "The renewal terms are attached."},
		"reply of thanks": {"감사합니다.\n\n" + outlook, "RE: 부스 배정", "감사합니다."},
		"reply of a name": {"이수진\n\n2026년 11월 20일 (금) 오전 9:12, 김하늘 <haneul@gaon.example>님이 작성:\n> 담당자가 누구인가요?\n", "Re: 담당자", "이수진"},
		"nothing new":     {"2026년 11월 20일 (금) 오전 9:12, 김하늘 <haneul@gaon.example>님이 작성:\n> 담당자가 누구인가요?\n", "Re: 담당자", "담당자가 누구인가요?"},
	} {
		t.Run(name, func(t *testing.T) { wantOwn(t, textPart("text/plain", c.text, sujins(c.subject)...), c.want) })
	}
}

// TestReadBodySignatures: no signature, small print or program's line is left below the words.
func TestReadBodySignatures(t *testing.T) {
	const own = "검토 의견 부탁드립니다."
	for name, below := range map[string]string{
		"dashes":         "-- \n이수진 | 가온 제품팀\nT. 02-0000-1234",
		"bare dashes":    "--\n이수진\n서울시 중구 을지로 00\n디자인 상담이 필요하시면 언제든 연락 주세요!",
		"드림":             "이수진 드림",
		"드림 with a team": "가온 제품기획팀 이수진 매니저 드림.\n02-0000-1234\n늘 좋은 일만 있으시길 바랍니다.",
		"올림":             "감사합니다.\n이수진 올림",
		"배상":             "이수진 배상\n주식회사 가온",
		"드림, bracketed":  "이수진 드림 (제품팀, 내선 1234)",
		"spaced out":     "____________________\n이 수 진 / Lee Sujin\n(주)가온 | 04500 서울시 중구 을지로 00",
		"emphasis":       "*이수진* | Product Manager\n*가온* | sujin.lee@gaon.example",
		"one line":       "감사합니다. 이수진 드림",
		"name":           "이수진",
		"given name":     "수진",
		"name and firm":  "이수진 매니저 | 가온 제품팀\n서울시 중구 을지로 00, 3층\nsujin.lee@gaon.example",
		"contact block":  "이수진 / Product Manager\n주식회사 가온\nTel. 02-0000-1234  Fax. 02-0000-1235\nMobile: 010-0000-5678\n주소: 서울시 중구 을지로 00",
		"letters":        "가온 제품팀\nT 02-0000-1234\nT. 02-0000-1234\nM. 010-0000-5678\nE. sujin.lee@gaon.example\nW. www.gaon.example",
		"regards":        "Kind regards,\n\nSujin Lee\nProduct Manager\nGaon Inc.\nWe make mornings calm.",
		"best":           "Best,\nSujin",
		"thanks":         "Thanks!\n\nSujin Lee",
		"dash name":      "-Sujin",
		"iphone":         "나의 iPhone에서 보냄",
		"galaxy":         "삼성 갤럭시 스마트폰에서 보냈습니다.",
		"outlook":        "Get Outlook for Android<https://aka.ms/0000000>",
		"outlook ko":     "iOS용 Outlook 다운로드",
		"android":        "Sent from my Galaxy. Please excuse any typos.",
		"disclaimer":     "이수진 드림\n\n본 메일은 지정된 수신인만을 위한 것이며, 비밀정보를 포함할 수 있습니다. 잘못 전송된 경우\n즉시 삭제하여 주시기 바랍니다.\n\nThis e-mail may contain privileged information.",
		"disclaimer 2":   "※ 이 메일에는 기밀 정보가 포함되어 있을 수 있으며 무단 배포를 금합니다.",
		"disclaimer en":  "This e-mail and any attachments are for the intended recipient only.\nIf you are not that person, please delete it.",
		"notice":         "CONFIDENTIALITY NOTICE: the contents are confidential.\n\nGaon Inc. is registered in Seoul.",
		"environment":    "Please consider the environment before printing this e-mail.",
		"send only":      "본 메일은 발신전용으로 회신되지 않습니다. 문의사항은 고객센터로 연락 주세요.",
		"unsubscribe":    "수신거부: https://gaon.example/u\nUnsubscribe | View in browser",
		"receiving":      "You are receiving this because you were mentioned.\nTo unsubscribe, visit https://gaon.example/u",
		"mailing list":   "_______________________________________________\nteam mailing list\nteam@lists.gaon.example\nhttps://lists.gaon.example/team",
		"pictures":       "[image: logo.png]\n[cid:image001.png@01DA0000.00000000]",
		"long link":      "https://click.gaon.example/ls/click?upn=" + strings.Repeat("u001.A0b1", 12),
		"courtesy":       "늘 감사드립니다.\n좋은 하루 보내세요!",
	} {
		t.Run(name, func(t *testing.T) {
			wantOwn(t, textPart("text/plain", own+"\n\n"+below+"\n", sujins("의견")...), own)
			wantOwn(t, textPart("text/plain", own+"\n\n"+below+"\n\n2026년 11월 20일 (금) 오전 9:12, 김하늘 <haneul@gaon.example>님이 작성:\n> 언제까지 드릴까요?\n", sujins("Re: 의견")...), own)
		})
	}
}

// TestReadBodyKeeps: what only resembles a signature or small print is kept, and so are words when there are no others.
func TestReadBodyKeeps(t *testing.T) {
	for _, text := range []string{
		"명단을 보내 드립니다.\n문의: 02-000-0000\n일시: 11월 27일 10시\n장소: 3층 회의실",
		"빈소 안내\n최영호\n한빛병원 장례식장 3호실\n발인 11월 24일 오전 7시",
		"넵", "감사합니다.", "Thanks!", "이수진", "👍", ":+1:", "Best,\nSujin", "나의 iPhone에서 보냄",
		"자료 공유 드림.\n내일까지 확인 바람.",
		"회의 결과 안내 드림",
		"손해 배상\n아래 금액을 12월 3일까지 보내 주시기 바랍니다.",
		"김하늘 팀장님께,\n감사합니다.\n- 견적서\n- 계약서",
		"문의하신 건은 처리했습니다.\n연락처는 여전히 010-0000-5678 입니다. 편하게 전화 주세요.",
		"Sent from my desk, which is much easier than writing on a telephone.",
		"사무실에서 보냈습니다.",
		"We hold back harmful mail.\nIf you are the intended recipient of one, you get a notice.\nTell us if you do not.",
		"Could you unsubscribe me from the weekly list?",
		"Please update the notification settings page by Friday.",
		"수신거부 목록을 정리해서 금요일까지 보내 주세요.",
		"자동 발송 기능이 멈춘 것 같습니다.",
		"사업자등록번호를 알려 주시면 계산서를 끊겠습니다.",
		"이미지가 안 보이는 문제를 고쳤습니다.",
		"이메일은 오늘 안에 보내 드리겠습니다.",
		"입금액: 1,200,000원\n보낸 분: 주식회사 가온\n거래일시: 2026-11-23 12:39",
	} {
		wantOwn(t, textPart("text/plain", text+"\n", sujins("의견")...), strings.Split(text, "\n")...)
	}
	wantOwn(t, textPart("text/plain", "견적 보내 드립니다.\n\n이수진 드림\n\n추신: 금요일은 휴가입니다.\n", sujins("견적")...), "견적 보내 드립니다.", "추신: 금요일은 휴가입니다.")
	wantOwn(t, textPart("text/plain", "Here it is.\n\nBest regards\nSujin Lee\n\nP.S. I am away on Friday.\n", sujins("Quote")...), "Here it is.", "P.S. I am away on Friday.")
}
