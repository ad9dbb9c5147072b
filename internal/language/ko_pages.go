package language

import (
	"fmt"
	"time"

	"achim/briefing"
)

// koreanPages returns the words of the web pages in Korean.
func koreanPages() PageWords {
	return PageWords{
		Connect: koConnect, Confirm: koConfirm, Connected: koConnected, Fault: koFault, NoLink: koNoLink,
		Stored: koStored, Disconnect: koDisconnect, Disconnected: koDisconnected, HourOver: koHourOver, BriefingLost: koBriefingLost, BriefingOver: koBriefingOver,
		Trouble: func(operator string) Page {
			return Page{
				Language: briefing.Korean, Tone: ToneHalt,
				Title: "지금은 열 수 없습니다",
				Lead:  "서버에 문제가 생겨 이 화면을 준비하지 못했습니다.",
				Body:  []string{fmt.Sprintf("잠시 뒤 다시 열어 주세요. 그래도 같은 화면이 나오면 %s에게 알려 주세요.", koOperator(operator))},
			}
		},
		Home: func() Page {
			return Page{
				Language: briefing.Korean, Tone: ToneGood,
				Title: "Achim이 실행 중입니다",
				Lead:  "매일 아침 메일과 일정, 뉴스를 모아 Slack DM 하나로 보내는 서비스입니다.",
				Body:  []string{"Google 계정을 연결하시려면 Slack DM에 있는 연결 버튼이나 링크를 눌러 주세요."},
				Folds: []PageFold{{"이 서버를 운영하신다면", []string{
					"처음 설정과 문제 해결은 저장소의 README.md와 docs 폴더에 있습니다.",
					"지금 상태는 `/readyz`나 `achim runs list` 명령으로 보실 수 있습니다.",
				}}},
			}
		},
	}
}

func koConnect(f ConnectFacts) Page {
	p := Page{
		Language: briefing.Korean, Tone: ToneAsk,
		Title: "Google 계정 연결",
		Lead:  fmt.Sprintf("%s 님의 아침 브리핑에 메일과 일정을 싣습니다.", f.Reader),
		Body:  []string{"Google 화면에서 Gmail과 캘린더 항목을 모두 선택해 주세요. 빠진 항목은 브리핑에 실리지 않습니다."},
		Main:  PageAction{Label: "Google에서 허용하기", Post: true},
		Folds: []PageFold{{"‘Google에서 확인하지 않은 앱’이라고 나오면", []string{
			"이 서버를 운영하는 사람이 직접 등록한 앱이라서 나오는 화면입니다.",
			"Google 화면의 ‘고급’을 누른 다음 ‘…(으)로 이동(안전하지 않음)’ 링크를 누르면 계속됩니다. ‘계속’ 버튼이 보이면 그 버튼을 누르시면 됩니다.",
			koKnown(f.Operator),
		}}, koKept(f.KeepDays)},
		Small: []string{"이 화면을 여는 것만으로는 아무것도 바뀌지 않습니다."},
	}
	p.Warn = koInApp(f.InApp)
	p.Facts = append(koAccount(f),
		PageFact{"읽는 것", "Gmail 받은편지함과 Google 캘린더"},
		PageFact{"하지 않는 것", "메일도 일정도 보내거나 고치거나 지우지 않습니다"},
		PageFact{"보관", fmt.Sprintf("브리핑에 실린 내용(보낸 사람, 제목, 한 줄 요약, 일정)을 %d일, 계정을 읽는 열쇠를 연결을 끊으실 때까지. 메일 본문은 보관하지 않습니다", f.KeepDays)})
	if f.Operator != "" {
		p.Facts = append(p.Facts, PageFact{"서버 운영", f.Operator})
	}
	switch {
	case f.Switch:
		p.Title = "Google 계정 변경"
		p.Lead = fmt.Sprintf("%s 님의 아침 브리핑에 쓸 Google 계정을 바꿉니다.", f.Reader)
	case f.Account != "":
		p.Title = "Google 계정 다시 연결"
		p.Body = []string{"Google 화면에서 위 계정을 고르고, Gmail과 캘린더 항목을 모두 선택해 주세요. 빠진 항목은 브리핑에 실리지 않습니다."}
	}
	return p
}

// koKnown asks to know who runs the server before pressing on.
func koKnown(operator string) string {
	if operator == "" {
		return "이 화면에는 누가 운영하는지 나오지 않습니다. 이 링크를 알려 준 사람에게 먼저 확인하시고, 그 전에는 누르지 말아 주세요."
	}
	return fmt.Sprintf("이 서버는 %s 님이 운영합니다. 누구인지 모르신다면 누르지 말고 먼저 확인해 주세요.", operator)
}

// koKept tells in full what is kept of a reader, and for how long.
func koKept(days int) PageFold {
	return PageFold{"무엇을 얼마나 보관하나요?", []string{
		fmt.Sprintf("브리핑에 실린 내용: 메일의 보낸 사람과 제목, 답을 청하는 메일의 한 문장, 일정의 제목·시각·장소·링크. %d일 뒤에 지웁니다.", days),
		"일정 사본: 오늘부터 사흘 뒤까지. Google에 연결되지 않을 때 보여 드리며, 그날이 지나고 사흘 안에 지웁니다.",
		"계정을 읽는 열쇠(토큰)와 계정의 주소: 연결을 끊으실 때까지.",
		"이미 보여 드린 항목의 표시(2주쯤), 무엇을 언제 읽고 보냈는지(내용 없이), 이름과 받는 시각 같은 설정.",
		"메일 본문과 첨부 파일, 일정의 설명은 보관하지 않습니다.",
	}}
}

// koAccount says which account it is about.
func koAccount(f ConnectFacts) []PageFact {
	const picked = "Google 화면에서 고르시는 계정. 고르신 뒤에 한 번 더 확인합니다"
	switch {
	case f.Switch:
		return pageFacts(PageFact{"연결된 계정", f.Account}, PageFact{"바꿀 계정", picked})
	case f.Account != "":
		return []PageFact{{"연결된 계정", f.Account}}
	case f.Expected != "":
		return []PageFact{{"연결할 계정", f.Expected}}
	}
	return []PageFact{{"연결할 계정", picked}}
}

// koInApp says how to get out of an app's own browser.
func koInApp(app InApp) []string {
	if app == NoApp {
		return nil
	}
	names := map[InApp]string{KakaoTalk: "카카오톡", Naver: "네이버 앱", Instagram: "인스타그램", Facebook: "페이스북", Line: "라인"}
	name := string(app)
	if known, ok := names[app]; ok {
		name = known
	}
	if app == SomeApp {
		name = "다른 앱"
	}
	return []string{
		fmt.Sprintf("지금 %s 안의 브라우저로 보고 계십니다. Google은 앱 안의 브라우저에서 로그인을 막습니다(disallowed_useragent).", name),
		"화면의 메뉴(⋮ 또는 ⋯)에서 ‘다른 브라우저로 열기’를 누르거나, 이 화면의 주소를 복사해 Safari나 Chrome에 붙여 넣어 주세요.",
	}
}

func koConnected(f ConnectedFacts) Page {
	p := Page{
		Language: briefing.Korean, Tone: ToneGood,
		Title: "연결되었습니다",
		Lead:  koProbed(f),
		Body:  koNotRead(f),
		Main:  PageAction{Label: "Slack으로 돌아가기", Href: f.SlackURL},
		Links: pageActions(PageAction{Label: "보관된 내용 보기", Href: f.StoredURL}, PageAction{Label: "연결 끊기", Href: f.DisconnectURL}),
		Small: []string{
			"Achim은 읽기만 합니다. 메일을 보내거나 고치거나 지우지 않습니다.",
			fmt.Sprintf("브리핑에 실린 보낸 사람과 제목, 한 줄 요약, 일정은 이 서버에 %d일 동안, 계정을 읽는 열쇠는 연결을 끊으실 때까지 보관합니다. 메일 본문은 보관하지 않습니다.", f.KeepDays),
		},
	}
	if f.Operator != "" {
		p.Small[1] += fmt.Sprintf(" 이 서버는 %s 님이 운영합니다.", f.Operator)
	}
	if len(f.Missing) > 0 && f.AgainURL != "" {
		p.Links = append(pageActions(p.Main), p.Links...)
		p.Main = PageAction{Label: "빠진 권한 추가", Href: f.AgainURL}
	}
	if len(p.Body) > 0 {
		p.Tone = ToneAsk
	}
	switch {
	case f.Filling:
		p.Body = append(p.Body, "지금 오늘 브리핑의 빠진 부분을 채우고 있습니다. 1분쯤 뒤 Slack에서 보실 수 있습니다.")
	case !f.Next.IsZero():
		p.Body = append(p.Body, fmt.Sprintf("다음 브리핑은 %s에 Slack DM으로 보내 드립니다.", koPageMoment(f.Next)))
	case f.Gone:
		p.Body = append(p.Body, "브리핑을 받으시던 Slack 계정이 비활성화되어 있어 예정된 다음 브리핑은 없습니다.",
			fmt.Sprintf("다시 받으시려면 %s에게 지금 쓰시는 Slack 계정을 알려 주세요.", koOperator(f.Operator)))
	default:
		p.Body = append(p.Body, "브리핑이 멈춰 있어 예정된 다음 브리핑은 없습니다.")
	}
	return p
}

// koProbed says what was read, and nothing else.
func koProbed(f ConnectedFacts) string {
	switch {
	case f.MailOK && f.Calendars > 0:
		return fmt.Sprintf("%s의 받은편지함과 캘린더 %d개를 문제없이 읽었습니다.", f.Account, f.Calendars)
	case f.MailOK:
		return fmt.Sprintf("%s의 받은편지함을 문제없이 읽었습니다.", f.Account)
	case f.Calendars > 0:
		return fmt.Sprintf("%s의 캘린더 %d개를 문제없이 읽었습니다.", f.Account, f.Calendars)
	default:
		return fmt.Sprintf("%s 계정을 저장했습니다. 다만 메일과 일정은 아직 읽지 못했습니다.", f.Account)
	}
}

func koNotRead(f ConnectedFacts) []string {
	var lines []string
	switch {
	case f.pageMissing(briefing.Gmail):
		lines = append(lines, "Gmail 항목이 선택되지 않아 메일은 브리핑에 실리지 않습니다.")
	case !f.MailOK:
		lines = append(lines, "받은편지함은 방금 읽지 못했습니다. 하실 일은 없고, 다음 브리핑 때 다시 읽습니다.")
	}
	switch {
	case f.pageMissing(briefing.Calendar):
		lines = append(lines, "캘린더 항목이 선택되지 않아 일정은 브리핑에 실리지 않습니다.")
	case f.Calendars == 0:
		lines = append(lines, "캘린더는 방금 읽지 못했습니다. 하실 일은 없고, 다음 브리핑 때 다시 읽습니다.")
	}
	return lines
}

func koNoLink(f LinkFacts) Page {
	p := Page{
		Language: briefing.Korean, Tone: ToneHalt,
		Title: "연결 링크가 필요합니다",
		Lead:  "이 화면은 본인에게만 보내 드린 링크로 열립니다.",
		Body: []string{
			"Slack에서 Achim이 보낸 DM의 연결 버튼이나 링크를 눌러 주세요.",
			fmt.Sprintf("보이지 않으면 %s에게 링크를 요청해 주세요. 운영하시는 분은 `achim connect --user 이름` 명령으로 만들 수 있습니다.", koOperator(f.Operator)),
		},
	}
	if f.Expired {
		p.Title = "쓸 수 없는 링크입니다"
		p.Lead = "링크는 7일 동안 쓸 수 있습니다. 기한이 지났거나 주소의 일부가 잘렸습니다."
	}
	return p
}

// koOperator names whom to ask, in a form that 에게 can follow without a line break in between.
func koOperator(operator string) string {
	if operator == "" {
		return "Achim을 운영하는 분"
	}
	return "관리자(" + operator + ")\u2060"
}

// koPageMoment writes 11월 25일 수요일 09:00.
func koPageMoment(t time.Time) string {
	weekdays := [...]string{"일", "월", "화", "수", "목", "금", "토"}
	return fmt.Sprintf("%d월 %d일 %s요일 %s", int(t.Month()), t.Day(), weekdays[t.Weekday()], t.Format("15:04"))
}
