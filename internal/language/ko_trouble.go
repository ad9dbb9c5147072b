package language

import (
	"fmt"
	"strings"

	"achim/briefing"
)

// koTrouble has its own words for every reason. It names no cause that is not known.
func koTrouble(t Trouble) TroubleWords {
	w := TroubleWords{Title: koCause(t)}
	names := join(t.affected(), "·", koName)
	if t.partly() {
		names += " 일부"
	}
	switch t.Reason.Mender() {
	case briefing.MenderReader:
		koReader(&w, t, names)
	case briefing.MenderAdmin:
		w.Lines = append(koFacts(t), "조직의 Google 관리자에게 이 앱을 허용해 달라고 요청해 주세요.",
			"연결은 그대로 두었고, 매일 다시 확인합니다.")
		w.Short = names + " 접근 차단됨"
	case briefing.MenderOperator:
		w.Lines = koFacts(t)
		remedy := "하실 일은 없습니다. 고쳐지는 대로 이 메시지에 채워 드립니다."
		switch {
		case !t.ToldAt.IsZero():
			remedy = "하실 일은 없습니다. " + koMoment(t.ToldAt, t.Clock) + "에 " + koAdmin(t.Operator) + "에게 알렸습니다."
		case t.refusedFeed():
			remedy = "하실 일은 없습니다. " + koAdmin(t.Operator) + "만 고칠 수 있습니다."
		}
		w.Lines = append(w.Lines, remedy)
		w.Short = names + " 읽지 못함"
	default:
		w.Lines = append(koFacts(t), "하실 일은 없습니다. 읽는 대로 이 메시지에 채워 드립니다.")
		w.Short = names + " 아직 읽지 못함"
	}
	return w
}

// koReader fills in what the reader can mend with a press.
func koReader(w *TroubleWords, t Trouble, names string) {
	all, spoken := join(t.Sources, "·", koName), koSpoken(t.Sources)
	w.Lines = koFacts(t)
	fill := "다시 연결하시면 빠진 내용을 이 메시지에 바로 채워 드립니다."
	w.Button, w.Spoken = all+" 다시 연결", spoken+" 다시 연결, 브라우저가 열립니다"
	w.Note = "1분이면 됩니다. Google이 이유까지 알려 주지는 않지만, 비밀번호를 바꾼 뒤에 자주 생깁니다."
	w.Short = names + " 다시 연결 필요"
	if t.Unusable {
		w.Note = "1분이면 됩니다."
	}
	if t.Reason == briefing.ScopeMissing {
		w.Lines = append(w.Lines, "지난번 연결 때 "+all+" 항목이 선택되지 않았습니다.")
		fill = "권한을 추가하시면 빠진 내용을 이 메시지에 바로 채워 드립니다."
		w.Button, w.Spoken = all+" 권한 추가", spoken+" 권한 추가, 브라우저가 열립니다"
		w.Note = "1분이면 됩니다."
		w.Short = names + " 권한 필요"
	}
	w.Lines = append(w.Lines, fill)
	if t.NoLink {
		w.Lines = append(w.Lines, koAsk(t.Operator))
		w.Button, w.Spoken, w.Note = "", "", ""
	}
}

// koCause is the sentence that says what is missing and why.
func koCause(t Trouble) string {
	what := koObject(t)
	anew := "읽지 못했습니다."
	if t.anew() {
		anew = "새로 " + anew
	}
	failed, late := what+" "+anew, what+" 아직 "+anew
	who := "Google"
	switch {
	case t.Provider == briefing.Feeds:
		who = "뉴스 사이트"
	case t.Provider != briefing.Google:
		who = join(t.Sources, "·", koName)
	}
	switch t.Reason {
	case briefing.ReauthRequired:
		if t.Unusable {
			return "저장되어 있던 Google 연결 정보를 쓸 수 없어 " + failed
		}
		return "Google 연결이 끊겨 " + failed
	case briefing.ScopeMissing:
		return join(t.Sources, "·", koName) + " 권한이 빠져 있어 " + failed
	case briefing.ClientMisconfigured:
		return "서버 설정 문제로 " + failed
	case briefing.APIDisabled:
		return "서버의 Google 프로젝트에서 " + join(t.Sources, "·", koName) + " API가 꺼져 있어 " + failed
	case briefing.PolicyBlocked:
		return "Google 계정이나 조직의 정책이 허용하지 않아 " + failed
	case briefing.RateLimited:
		return who + " 쪽에서 요청 수를 제한해 " + late
	case briefing.Timeout:
		return who + " 응답이 늦어 " + late
	case briefing.Unavailable:
		return who + " 쪽이 정상으로 응답하지 않아 " + late
	case briefing.Malformed:
		if t.Locked {
			return "서버에 Google 연결 정보를 여는 키가 없어 " + failed
		}
		return who + "에서 받은 내용을 해석할 수 없어 " + failed
	case briefing.Internal:
		return "Achim 내부 오류로 " + failed
	default:
		return failed
	}
}

// koObject is what could not be read, with its particle: "메일과 일정을", "캘린더 3개 중 1개를".
func koObject(t Trouble) string {
	var words []string
	for _, s := range t.Sources {
		switch {
		case has(t.Missing, s):
			words = append(words, koContent(s))
		case has(t.Partial, s):
			words = append(words, koSome(t, s))
		}
	}
	if len(words) == 0 {
		what := koContents(t.Sources)
		return what + Particle(what, "을/를")
	}
	what := words[0]
	for _, word := range words[1:] {
		what += Particle(what, "과/와") + " " + word
	}
	return what + Particle(what, "을/를")
}

func koSome(t Trouble, s briefing.SourceName) string {
	if s == briefing.Calendar && t.Parts > t.PartsOK {
		return fmt.Sprintf("캘린더 %d개 중 %d개", t.Parts, t.Parts-t.PartsOK)
	}
	return koContent(s) + " 일부"
}

// koFacts says since when, and what mail that leaves out.
func koFacts(t Trouble) []string {
	seen, lost := "", ""
	switch {
	case t.Reason == briefing.ReauthRequired && !t.Unusable && !t.Since.IsZero():
		seen = koMoment(t.Since, t.Clock) + "에 끊긴 것을 확인했"
	case t.lasting():
		seen = koMoment(t.Since, t.Clock) + "에 처음 확인했"
	}
	if !t.LastOK.IsZero() && (t.lasting() || t.Reason == briefing.ReauthRequired) {
		switch since := koMoment(t.LastOK, t.Clock) + " 이후에 온 메일"; {
		case has(t.Missing, briefing.Gmail):
			lost = since + "은 이 브리핑에 없습니다."
		case has(t.Partial, briefing.Gmail):
			lost = since + " 일부는 이 브리핑에 없습니다."
		}
	}
	switch {
	case seen != "" && lost != "":
		return []string{seen + "고, " + lost}
	case seen != "":
		return []string{seen + "습니다."}
	case lost != "":
		return []string{lost}
	default:
		return nil
	}
}

// koAdmin names who runs the server. Without a name 관리자 alone would pass for the one of the reader's Workspace.
func koAdmin(operator string) string {
	if operator == "" {
		return "Achim을 운영하는 분"
	}
	return "관리자(" + operator + ")"
}

func koAsk(operator string) string {
	return "연결 링크는 " + koAdmin(operator) + "에게 요청해 주세요."
}

// koSpoken is a list as one would say it: "Gmail과 캘린더". Gmail is spoken 지메일.
func koSpoken(list []briefing.SourceName) string {
	s, last := "", ""
	for i, source := range list {
		if i > 0 {
			s += Particle(last, "과/와") + " "
		}
		last = koName(source)
		s += last
		if source == briefing.Gmail {
			last = "지메일"
		}
	}
	return strings.TrimSpace(s)
}

func koInvite(i Invitation) TroubleWords {
	w := TroubleWords{
		Title:  "Google을 연결하시면 메일과 일정도 함께 정리해 드립니다.",
		Button: "Gmail·캘린더 연결",
		Spoken: "Gmail과 캘린더 연결, 브라우저가 열립니다",
		Note:   "1분이면 됩니다. Achim은 읽기만 합니다. 메일을 보내거나 고치거나 지우지 않습니다.",
		Short:  "메일·일정은 Google 연결 전",
	}
	switch i.Alone {
	case briefing.Gmail:
		w.Title, w.Short = "Google을 연결하시면 메일도 함께 정리해 드립니다.", "메일은 Google 연결 전"
	case briefing.Calendar:
		w.Title, w.Short = "Google을 연결하시면 일정도 함께 정리해 드립니다.", "일정은 Google 연결 전"
	}
	if i.News {
		w.Lines = append(w.Lines, "아직 연결 전이라 오늘은 뉴스만 담았습니다.")
	}
	if i.NoLink {
		w.Lines = append(w.Lines, koAsk(i.Operator))
		w.Button, w.Spoken = "", ""
		w.Note = "Achim은 읽기만 합니다. 메일을 보내거나 고치거나 지우지 않습니다."
	}
	return w
}
