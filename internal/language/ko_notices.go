package language

import (
	"fmt"

	"achim/briefing"
)

// koNotice has its own words for every kind of notice.
func koNotice(f NoticeFacts) NoticeWords {
	switch f.Kind {
	case briefing.NoticeWelcome:
		return koWelcome(f)
	case briefing.NoticeReminder:
		return koReminder(f)
	case briefing.NoticeGrantDead:
		return koGrantDead(f)
	case briefing.NoticeGrantEnding:
		return koGrantEnding(f)
	case briefing.NoticeLeft:
		return koLeft(f)
	case briefing.NoticeTesting:
		return koTestingNotice()
	default:
		return koTroubleNotice(f)
	}
}

const (
	koReadsOnly = "Achim은 읽기만 합니다. 메일을 보내거나 고치거나 지우지 않습니다."
	koOneMinute = "1분이면 됩니다."
	koConnectIt = "Gmail·캘린더 연결"
	koOpens     = ", 브라우저가 열립니다"
)

func koWelcome(f NoticeFacts) NoticeWords {
	contents := f.google("메일", "일정", "일정과 메일")
	if f.News {
		contents += ", 뉴스"
	}
	first := koDate(f.Clock.DateOf(f.Next)) + " " + f.Clock.HM(f.Next)
	w := NoticeWords{
		Push:  "아침 브리핑을 시작합니다 · 첫 브리핑은 " + first,
		Title: fmt.Sprintf("안녕하세요, %s 님. 아침 브리핑 Achim입니다.", f.Name),
		Lines: []string{
			fmt.Sprintf("%s %s에 그날의 %s 이 DM 하나로 정리해 드립니다. 첫 브리핑은 %s입니다.", koWeekdays(f.Weekdays), f.At, contents+Particle(contents, "을/를"), first),
		},
		Notes: []string{koReadsOnly, fmt.Sprintf("브리핑에 실린 제목과 한 줄 요약은 이 서버에 %d일 동안 보관하고, 메일 본문은 보관하지 않습니다.", f.KeepDays)},
	}
	if f.Operator != "" {
		w.Notes[1] += fmt.Sprintf(" 이 서버는 %s 님이 운영합니다.", f.Operator)
	}
	if f.Connected {
		w.Lines = append(w.Lines, "Google은 이미 연결되어 있어 하실 일은 없습니다.")
		return w
	}
	w.Lines = append(w.Lines, f.google("메일은", "일정은", "메일과 일정은")+" Google을 연결하시면 함께 정리해 드립니다."+koAskIf(f))
	w.Button, w.Spoken = koConnectIt, "Gmail과 캘린더 연결"+koOpens
	return w
}

func koReminder(f NoticeFacts) NoticeWords {
	w := NoticeWords{
		Push:   "Google을 연결하시면 " + f.google("메일도", "일정도", "메일과 일정도") + " 정리해 드립니다",
		Title:  "아직 Google이 연결되지 않아 브리핑에 " + f.google("메일이", "일정이", "메일과 일정이") + " 없습니다.",
		Lines:  []string{"연결하시면 다음 브리핑부터 함께 정리해 드립니다." + koAskIf(f)},
		Button: koConnectIt, Spoken: "Gmail과 캘린더 연결" + koOpens,
		Notes: []string{koOneMinute + " " + koReadsOnly},
	}
	if !f.Next.IsZero() {
		w.Lines[0] = fmt.Sprintf("지금 연결하시면 %s 브리핑부터 함께 정리해 드립니다.", koMoment(f.Next, f.Clock)) + koAskIf(f)
	}
	if f.NoLink {
		w.Notes[0] = koReadsOnly
	}
	if f.Last {
		w.Notes = append(w.Notes, "이 안내는 이번이 마지막입니다.")
	}
	return w
}

func koGrantDead(f NoticeFacts) NoticeWords {
	w := NoticeWords{
		Push:   "Google 연결이 끊겼습니다 · 지금 다시 연결하면 브리핑이 빠짐없이 갑니다",
		Title:  "Google 연결이 끊겼습니다.",
		Lines:  []string{koMoment(f.Since, f.Clock) + "에 끊긴 것을 확인했습니다."},
		Button: "Gmail·캘린더 다시 연결", Spoken: "Gmail과 캘린더 다시 연결" + koOpens,
		Notes: []string{koOneMinute + " Google이 이유까지 알려 주지는 않지만, 비밀번호를 바꾼 뒤에 자주 생깁니다."},
	}
	again := "다시 연결하시면 평소처럼 보내 드립니다."
	if !f.Next.IsZero() {
		next := koDay(f.Clock.DateOf(f.Next), f.Clock.Today)
		w.Push = "Google 연결이 끊겼습니다 · 지금 다시 연결하면 " + next + " 브리핑도 빠짐없이 갑니다"
		again = fmt.Sprintf("그대로 두면 %s %s 브리핑에 %s 빠집니다. 지금 다시 연결해 두시면 평소처럼 보내 드립니다.", next, f.Clock.HM(f.Next),
			f.google("메일이", "일정이", "메일과 일정이"))
	}
	w.Lines = append(w.Lines, again+koAskIf(f))
	if f.NoLink {
		w.Notes = nil
	}
	return w
}

func koGrantEnding(f NoticeFacts) NoticeWords {
	ends, next := koDay(f.Clock.DateOf(f.Ends), f.Clock.Today), koDay(f.Clock.DateOf(f.Next), f.Clock.Today)
	hm := f.Clock.HM(f.Ends)
	day := ends
	if f.Clock.days(f.Ends) == 1 {
		day += "(" + string([]rune(koWeekday(f.Clock.DateOf(f.Ends).Weekday()))[:1]) + ")"
	}
	w := NoticeWords{
		Push:  fmt.Sprintf("Google 연결이 %s %s에 끝납니다 · 지금 연장하면 %s 브리핑도 빠짐없이 갑니다", ends, hm, next),
		Title: fmt.Sprintf("Google 연결이 %s %s에 끝납니다.", day, hm),
		Lines: []string{fmt.Sprintf("그대로 두면 %s %s 브리핑에 %s 빠집니다. 지금 연장해 두시면 평소처럼 보내 드립니다.",
			next, f.Clock.HM(f.Next), f.google("메일이", "일정이", "메일과 일정이")) + koAskIf(f)},
		Button: "지금 연장하기", Spoken: "Google 연결을 지금 연장하기" + koOpens,
		Notes: []string{koOneMinute + " 이번 건은 다시 알리지 않겠습니다."},
	}
	if f.NoLink {
		w.Notes[0] = "이번 건은 다시 알리지 않겠습니다."
	}
	if f.Testing {
		why := "이 서버의 Google 앱이 아직 ‘테스트’ 상태라 7일마다 끝납니다."
		if f.Told {
			why += " " + koAdmin(f.Operator) + "에게도 알렸습니다."
		}
		w.Notes = append(w.Notes, why)
	}
	return w
}

func koLeft(f NoticeFacts) NoticeWords {
	what := "Slack 계정이 비활성화되어"
	if f.Reader.LeftReason == briefing.LeftGoogle {
		what = "Google 계정이 삭제되어"
	}
	return NoticeWords{
		Push:  "떠난 독자가 있어 브리핑을 멈췄습니다",
		Title: fmt.Sprintf("%s 님의 %s 브리핑을 멈췄습니다.", f.Name, what),
		Lines: []string{
			koMoment(f.Since, f.Clock) + "에 확인했습니다. 이제 Google과 Slack을 부르지 않습니다.",
			fmt.Sprintf("%s이 지나면 보관된 내용을 지우고 Google 연결을 해제합니다.", koShortDate(f.EraseOn)),
			fmt.Sprintf("돌아온 분이라면: achim users set --user %s --back", f.Reader.ID),
		},
	}
}

func koTestingNotice() NoticeWords {
	return NoticeWords{
		Push:  "Google 앱이 ‘테스트’ 상태라 독자의 연결이 7일마다 끝납니다",
		Title: "Google 앱이 아직 ‘테스트’ 상태라 독자의 Google 연결이 7일마다 끝납니다.",
		Lines: []string{
			"Google Cloud 콘솔의 OAuth 동의 화면에서 앱을 게시하거나, 한 조직에서만 쓴다면 ‘내부’로 바꿔 주세요.",
			"그 뒤에 독자마다 한 번씩 다시 연결하면 더는 끝나지 않습니다.",
		},
	}
}

func koTroubleNotice(f NoticeFacts) NoticeWords {
	what, remedy := koCauseFor(MorningCause{Outcome: briefing.OutcomeDelivered, Reason: f.Reason})
	if f.Source != "" {
		what += "(" + koName(f.Source) + ")"
	}
	return NoticeWords{
		Push:  what + " · 독자의 브리핑에 빠지는 내용이 있습니다",
		Title: what,
		Lines: []string{koMoment(f.Since, f.Clock) + "에 확인했습니다. 고쳐질 때까지 독자의 브리핑에 빠지는 내용이 있습니다.", remedy},
	}
}

// koAskIf says whom to ask where there is nothing to press.
func koAskIf(f NoticeFacts) string {
	if !f.NoLink {
		return ""
	}
	return " " + koAsk(f.Operator)
}

// koWeekdays is "매일", "월요일부터 금요일까지" or "월·수·금요일".
func koWeekdays(set briefing.Weekdays) string {
	switch set {
	case briefing.EveryDay:
		return "매일"
	case workweek:
		return "월요일부터 금요일까지"
	}
	s := ""
	for i, day := range weekdaysFromMonday(set) {
		if i > 0 {
			s += "·"
		}
		s += string([]rune(koWeekday(day))[:1])
	}
	return s + "요일"
}

// koShortDate is "12월 20일".
func koShortDate(d briefing.Date) string { return fmt.Sprintf("%d월 %d일", int(d.Month), d.Day) }
