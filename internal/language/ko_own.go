package language

import (
	"fmt"
	"slices"
	"strings"

	"achim/briefing"
)

func koConfirm(f ConfirmFacts) Page {
	what, listed := "메일을", "메일 제목과 한 줄 요약, 일정이"
	switch {
	case slices.Contains(f.Missing, briefing.Gmail):
		what, listed = "일정을", "일정이"
	case slices.Contains(f.Missing, briefing.Calendar):
		listed = "메일 제목과 한 줄 요약이"
	}
	p := Page{
		Language: briefing.Korean, Tone: ToneAsk, Long: true,
		Title: "이 계정을 연결할까요?",
		Lead:  fmt.Sprintf("%s의 %s Slack의 %s 님에게 보냅니다.", f.Account, what, f.Reader),
		Facts: pageFacts(PageFact{"고르신 계정", f.Account}, PageFact{"받는 분", f.Reader}, PageFact{"연결된 계정", f.Replaces}),
		Body:  []string{fmt.Sprintf("연결하시면 매일 아침 이 계정의 %s %s 님의 Slack DM에 실립니다.", listed, f.Reader)},
		Small: []string{
			fmt.Sprintf("받는 분이 본인이 아니라면 취소하고 %s에게 알려 주세요.", koOperator(f.Operator)),
			"아직 저장하거나 보낸 것은 없습니다. 10분 안에 누르지 않으시면 연결하지 않습니다.",
		},
	}
	if f.Replaces != "" {
		p.Body = append(p.Body, "지금 연결된 계정은 더 이상 브리핑에 쓰지 않습니다.")
	}
	p.Main, p.Second = confirmActions(f, "확인하고 연결", "취소")
	return p
}

func koStored(f StoredFacts) Page {
	account := f.Account
	if account == "" {
		account = "없음"
	}
	p := Page{
		Language: briefing.Korean, Tone: ToneAsk,
		Title: "보관된 내용",
		Lead:  fmt.Sprintf("%s 님에 대해 이 서버가 보관하는 것입니다.", f.Reader),
		Facts: pageFacts(PageFact{"연결된 계정", account}, PageFact{"허용된 권한", koScopes(f.Scopes)},
			PageFact{"열쇠", koKey(f)},
			PageFact{"설정", "이름, Slack ID, 이메일 주소, 받는 시각과 요일, 언어, 직접 고른 피드, 먼저 보거나 가리려고 고른 보낸 사람과 단어와 주제. 명단에서 빠지실 때까지"},
			PageFact{"일정 사본", "오늘부터 사흘 뒤까지. 그날이 지나고 사흘 안에 지웁니다"},
			PageFact{"기록", fmt.Sprintf("이미 보여 드린 항목의 표시(2주쯤), 소스마다 언제 읽었고 어떻게 되었는지(%d일), 어떤 DM을 언제 보냈는지. 내용은 없습니다", f.RecordDays)},
			PageFact{"없는 것", "메일 본문과 첨부 파일, 일정의 설명"}),
		Links: pageActions(PageAction{Label: "연결 끊기", Href: f.DisconnectURL}),
		Small: []string{
			fmt.Sprintf("브리핑에 실린 보낸 사람과 제목, 한 줄 요약, 일정은 %d일이 지나면 지웁니다. 이 화면에는 제목을 싣지 않습니다. 내용은 받으신 Slack DM에 있습니다.", f.KeepDays),
			fmt.Sprintf("보관된 것을 모두 받아 보시거나 지우시려면 %s에게 요청해 주세요.", koOperator(f.Operator)),
		},
	}
	if len(f.Briefings) == 0 {
		p.Body = []string{"보관된 브리핑이 없습니다."}
		return p
	}
	fold := PageFold{Summary: fmt.Sprintf("내용이 보관된 브리핑 %d개", len(f.Briefings))}
	for _, b := range f.Briefings {
		var counts []string
		for _, s := range []struct {
			source     briefing.SourceName
			name, unit string
		}{{briefing.Calendar, "일정", "건"}, {briefing.Gmail, "메일", "통"}, {briefing.News, "뉴스", "건"}} {
			counts = append(counts, fmt.Sprintf("%s %d%s", s.name, b.Items[s.source], s.unit))
		}
		fold.Body = append(fold.Body, fmt.Sprintf("%d월 %d일: %s (%d월 %d일까지)",
			b.Date.Month, b.Date.Day, strings.Join(counts, ", "), b.Until.Month, b.Until.Day))
	}
	p.Folds = []PageFold{fold}
	return p
}

// koKey says what of the key to the account is kept.
func koKey(f StoredFacts) string {
	if f.Account == "" {
		return ""
	}
	return "위 계정을 읽는 열쇠(토큰). 연결을 끊으실 때까지"
}

// koSentKept says what stays when a connection goes.
func koSentKept(days int) string {
	return fmt.Sprintf("이미 보낸 브리핑의 내용은 보낸 날부터 %d일, 일정 사본은 며칠이 지나면 지웁니다.", days)
}

// koScopes names what a grant allows.
func koScopes(scopes []string) string {
	return pageScopes(scopes, map[string]string{"gmail.readonly": "Gmail 읽기", "calendar.readonly": "캘린더 읽기", "userinfo.email": "이메일 주소 보기"})
}

func koDisconnect(f DisconnectFacts) Page {
	return Page{
		Language: briefing.Korean, Tone: ToneAsk,
		Title: "Google 연결을 끊을까요?",
		Lead:  fmt.Sprintf("%s 님의 아침 브리핑에 메일과 일정이 더 이상 실리지 않습니다.", f.Reader),
		Facts: pageFacts(PageFact{"연결된 계정", f.Account}),
		Body:  []string{"이 서버에 저장된 Google 연결을 지우고, 다른 사람이 같은 계정을 쓰고 있지 않다면 Google에서도 권한을 해제합니다."},
		Main:  PageAction{Label: "연결 끊기", Post: true},
		Small: []string{
			koSentKept(f.KeepDays),
			"이 화면을 여는 것만으로는 아무것도 바뀌지 않습니다.",
		},
	}
}

func koDisconnected(f DisconnectFacts) Page {
	return Page{
		Language: briefing.Korean, Tone: ToneGood,
		Title: "연결을 끊었습니다",
		Lead:  fmt.Sprintf("이 서버는 이제 %s 님의 메일과 일정을 읽지 않습니다.", f.Reader),
		Body:  []string{"Google에 남아 있는 권한이 있는지는 Google 계정 화면에서 직접 확인하실 수 있습니다."},
		Main:  PageAction{Label: "Google에서 확인하기", Href: f.GrantsURL},
		Links: pageActions(PageAction{Label: "다시 연결하기", Href: f.AgainURL}),
		Small: []string{koSentKept(f.KeepDays)},
	}
}

func koHourOver() Page {
	return Page{
		Language: briefing.Korean, Tone: ToneHalt,
		Title: "기한이 지난 화면입니다",
		Lead:  "이 화면은 연결하신 뒤 한 시간 동안, 그때 연결한 계정으로만 열립니다.",
		Body:  []string{"다시 보시려면 Slack DM에 있는 연결 버튼이나 링크로 한 번 더 연결해 주세요."},
	}
}
