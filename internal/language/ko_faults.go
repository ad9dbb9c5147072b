package language

import (
	"fmt"

	"achim/briefing"
)

func koFault(f FaultFacts) Page {
	p := Page{Language: briefing.Korean, Tone: ToneHalt, Main: PageAction{Label: "다시 시도", Href: f.AgainURL}}
	unchanged := "저장하거나 바꾼 것은 없습니다."
	if f.Revoked {
		unchanged += " 방금 허용하신 권한도 Google에서 해제했습니다."
	}
	koHere(&p, f, unchanged)
	koChosen(&p, f, unchanged)
	koAtGoogle(&p, f, unchanged)
	if p.Title == "" {
		p.Title = "확인할 수 없는 연결입니다"
		p.Lead = "이 서버에서 시작한 연결이 아니거나 주소가 잘렸습니다. " + unchanged
	}
	if p.Main.Href != "" {
		return p
	}
	p.Main = PageAction{}
	switch {
	case f.Fault == briefing.ConnectReaderGone, f.Fault == briefing.ConnectExchange, f.Fault == briefing.ConnectClient:
	case f.Switch:
		p.Body = append(p.Body, "받으신 계정 변경 링크를 다시 열어 주세요.")
	default:
		p.Body = append(p.Body, "Slack DM에 있는 연결 버튼이나 링크를 다시 눌러 주세요.")
	}
	return p
}

// koHere puts into words what ended here, before or after Google.
func koHere(p *Page, f FaultFacts, unchanged string) {
	switch f.Fault {
	case briefing.ConnectStateUsed:
		p.Title = "이미 처리된 연결입니다"
		p.Lead = "이 주소는 한 번만 쓸 수 있습니다. 조금 전에 ‘연결되었습니다’를 보셨다면 더 하실 일은 없습니다."
		p.Body = []string{"못 보셨다면 처음부터 다시 연결해 주세요."}
	case briefing.ConnectStateExpired:
		p.Title = "시간이 지났습니다"
		p.Lead = "Google 화면을 연 지 10분이 넘어 여기서 멈췄습니다. " + unchanged
	case briefing.ConnectUnconfirmed:
		p.Title = "확인하지 않아 멈췄습니다"
		p.Lead = "확인 화면을 연 지 10분이 넘어 연결하지 않았습니다. " + unchanged
	case briefing.ConnectDeclined:
		p.Title = "취소했습니다"
		p.Lead = "이 계정은 연결하지 않았고, 메일도 일정도 보내지 않습니다. " + unchanged
	case briefing.ConnectReaderGone:
		p.Title = "받는 분을 찾을 수 없습니다"
		p.Lead = "이 링크를 받은 분이 이제 이 서버의 명단에 없습니다. " + unchanged
		p.Body = []string{fmt.Sprintf("브리핑을 받으시려면 %s에게 알려 주세요.", koOperator(f.Operator))}
		p.Main = PageAction{}
	}
}

// koChosen puts into words what was wrong with what the person chose.
func koChosen(p *Page, f FaultFacts, unchanged string) {
	switch f.Fault {
	case briefing.ConnectDenied:
		p.Title = "연결하지 않았습니다"
		p.Lead = "Google 화면에서 허용하지 않으셔서 여기서 멈췄습니다. " + unchanged
	case briefing.ConnectNothing:
		p.Title = "선택된 권한이 없습니다"
		p.Lead = "Google 화면에서 Gmail도 캘린더도 선택되지 않아 읽을 수 있는 것이 없습니다. " + unchanged
		p.Body = []string{"다시 시도하실 때 두 항목을 모두 선택해 주세요."}
	case briefing.ConnectWrongAccount:
		p.Title = "다른 Google 계정입니다"
		p.Facts = pageFacts(PageFact{"연결된 계정", f.Expected}, PageFact{"방금 고르신 계정", f.Chosen})
		p.Body = []string{"다른 계정의 메일이 섞이지 않도록 여기서 멈췄습니다. " + unchanged}
		p.Main.Label = "원래 계정으로 다시 시도"
		wish := "연결할 계정을 바꾸시려는"
		if f.First {
			p.Facts[0].Label, p.Main.Label, wish = "등록된 계정", "등록된 계정으로 다시 시도", "다른 계정을 연결하시려는"
		}
		p.Small = []string{fmt.Sprintf("%s 거라면 %s에게 계정 변경 링크를 요청해 주세요.", wish, koOperator(f.Operator))}
	case briefing.ConnectDomain:
		p.Title = "이 서버에서 쓸 수 없는 계정입니다"
		p.Facts = pageFacts(PageFact{"방금 고르신 계정", f.Chosen})
		p.Lead = "이 서버는 정해진 도메인의 Google 계정만 받습니다. " + unchanged
		p.Main.Label = "다른 계정으로 다시 시도"
	}
}

// koAtGoogle puts into words what Google said, or did not.
func koAtGoogle(p *Page, f FaultFacts, unchanged string) {
	operator := koOperator(f.Operator)
	later := fmt.Sprintf("잠시 뒤 다시 시도해 주세요. 그래도 같은 화면이 나오면 %s에게 알려 주세요.", operator)
	switch f.Fault {
	case briefing.ConnectPolicy:
		p.Title = "조직의 정책이 막고 있습니다"
		p.Lead = "이 계정이 속한 조직의 정책 때문에 Google이 이 앱을 허용하지 않았습니다. " + unchanged
		p.Body = []string{fmt.Sprintf("조직의 Google 관리자에게 이 앱을 허용해 달라고 요청해 주세요. 앱 이름은 %s에게 물어보실 수 있습니다.", operator)}
	case briefing.ConnectOutsider:
		p.Title = "조직 밖의 계정입니다"
		p.Lead = "이 서버의 Google 앱은 한 조직의 계정만 받습니다. " + unchanged
		p.Main.Label = "다른 계정으로 다시 시도"
	case briefing.ConnectCode:
		p.Title = "처음부터 다시 연결해 주세요"
		p.Lead = "Google이 방금 받은 확인 코드를 인정하지 않았습니다. 코드는 한 번만, 짧은 시간 동안만 쓸 수 있습니다. " + unchanged
	case briefing.ConnectRefused:
		p.Title = "Google이 연결하지 않고 돌려보냈습니다"
		p.Lead = unchanged
		p.Body = []string{later}
	case briefing.ConnectClient:
		p.Title = "서버 설정 문제로 연결하지 못했습니다"
		p.Lead = "이 서버의 Google 앱 설정에 문제가 있습니다. " + unchanged
		p.Body = []string{fmt.Sprintf("%s에게 이 화면을 알려 주세요. 고쳐지면 다시 연결하실 수 있습니다.", operator)}
		p.Main = PageAction{}
	case briefing.ConnectUnreachable:
		p.Title = "Google이 응답하지 않습니다"
		p.Lead = "Google의 답을 받지 못해 여기서 멈췄습니다. " + unchanged
		p.Body = []string{"잠시 뒤 처음부터 다시 시도해 주세요."}
	case briefing.ConnectExchange:
		p.Title = "연결을 마치지 못했습니다"
		p.Lead = "Google의 확인을 받지 못했습니다. " + unchanged
		p.Body = []string{later}
	}
}
