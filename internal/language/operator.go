package language

import (
	"fmt"
	"strings"
	"time"

	"achim/briefing"
)

// Morning is what the operator is told of one due minute in which something is to be mended, or somebody is
// without a briefing. Causes come in the order to tell them.
type Morning struct {
	Due      time.Time // in the operator's zone
	Expected int
	Affected int // readers the causes are about, each once
	Tally    []MorningCount
	Causes   []MorningCause
	Runs     []briefing.RunID // that tell who
}

// MorningCount is how many readers came out how. Of those under way Outcome is OutcomePending.
type MorningCount struct {
	Outcome briefing.Outcome
	Status  briefing.Status // of OutcomeDelivered
	Count   int
}

// MorningCause is one thing to mend.
type MorningCause struct {
	Outcome briefing.Outcome // OutcomeDelivered: their briefings lack something; else they have none
	Reason  briefing.Reason
	Sources []briefing.SourceName // what is lacking
	Count   int                   // of readers
	Names   []string              // of some of them
}

// feedsOnly reports whether nothing but news is lacking.
func (c MorningCause) feedsOnly() bool { return len(c.Sources) == 1 && c.Sources[0] == briefing.News }

// operatorCauses bounds a message that is read on a phone.
const operatorCauses = 5

// OperatorLines tells the operator about a morning, in lines of plain text: what is wrong, with whom, and what to
// do. Names are told as they are.
func OperatorLines(code briefing.Language, m Morning) []string {
	w := koMorning()
	if code == briefing.English {
		w = enMorning()
	}
	var tally []string
	for _, c := range m.Tally {
		if c.Count > 0 {
			tally = append(tally, w.count(c))
		}
	}
	lines := []string{"⚠️ " + w.head(m), strings.Join(tally, " · ")}
	for i, c := range m.Causes {
		if i == operatorCauses {
			lines = append(lines, w.more(len(m.Causes)-i))
			break
		}
		lines = append(lines, "• "+w.cause(c))
	}
	if len(m.Runs) > 0 {
		lines = append(lines, w.detail+"achim runs show "+string(m.Runs[0]))
	}
	return lines
}

// OperatorBlind tells the operator that the database cannot be read since then, in the operator's zone.
func OperatorBlind(code briefing.Language, since time.Time) []string {
	date := briefing.DateOf(since, since.Location())
	if code == briefing.English {
		return []string{
			fmt.Sprintf("⚠️ The database cannot be read since %s, %s.", enDate(date), since.Format("15:04")),
			"• Until it can, no briefing is delivered. Check DATABASE_URL and the server's log.",
		}
	}
	return []string{
		fmt.Sprintf("⚠️ %s %s부터 데이터베이스를 읽지 못하고 있습니다.", koDate(date), since.Format("15:04")),
		"• 그동안에는 브리핑을 보낼 수 없습니다. DATABASE_URL과 서버 로그를 확인해 주세요.",
	}
}

// morningWords is what a language has to say to an operator.
type morningWords struct {
	head  func(m Morning) string
	count func(c MorningCount) string
	cause func(c MorningCause) string
	more  func(causes int) string
	// detail comes before the command that tells it.
	detail string
}

func koMorning() morningWords {
	return morningWords{
		head: func(m Morning) string {
			return fmt.Sprintf("%s %s 브리핑: 독자 %d명 중 %d명을 확인해 주세요.",
				koDate(briefing.DateOf(m.Due, m.Due.Location())), m.Due.Format("15:04"), m.Expected, m.Affected)
		},
		count: func(c MorningCount) string {
			what := map[briefing.Outcome]string{
				briefing.OutcomeDelivered: "보냄", briefing.OutcomeFailed: "보내지 못함", briefing.OutcomeUnknown: "확인 불가",
				briefing.OutcomeSkipped: "건너뜀", briefing.OutcomePending: "보내는 중",
			}[c.Outcome]
			if c.Status == briefing.Degraded {
				what = "일부 누락"
			}
			return fmt.Sprintf("%s %d명", what, c.Count)
		},
		cause: func(c MorningCause) string {
			what, remedy := koCauseFor(c)
			if len(c.Sources) > 0 {
				what += "(" + join(c.Sources, "·", koName) + ")"
			}
			who := ""
			if len(c.Names) > 0 {
				who = "(" + strings.Join(c.Names, ", ")
				if others := c.Count - len(c.Names); others > 0 {
					who += fmt.Sprintf(" 외 %d명", others)
				}
				who += ")"
			}
			return fmt.Sprintf("%s: %d명%s. %s", what, c.Count, who, remedy)
		},
		more: func(causes int) string {
			return fmt.Sprintf("그 밖의 원인 %d가지는 서버 로그에 있습니다.", causes)
		},
		detail: "자세히: ",
	}
}

func koCauseFor(c MorningCause) (what, remedy string) {
	const link = " 링크는 achim connect --user 이름 명령으로 만들 수 있습니다."
	if c.Outcome != briefing.OutcomeDelivered {
		return koUnsent(c)
	}
	switch c.Reason {
	case briefing.ReauthRequired:
		return "Google 연결 끊김", "본인이 브리핑에서 다시 연결하면 됩니다." + link
	case briefing.ScopeMissing:
		return "Google 권한 빠짐", "본인이 브리핑에서 권한을 추가하면 됩니다." + link
	case briefing.ClientMisconfigured:
		if c.feedsOnly() {
			return "내부망 주소라 읽지 않은 피드", "achim doctor가 알려 주는 피드를 빼거나 news.allow_private_networks를 켜 주세요."
		}
		return "Google 클라이언트 설정 오류", "GOOGLE_CLIENT_ID와 GOOGLE_CLIENT_SECRET을 확인해 주세요."
	case briefing.APIDisabled:
		return "Google API 꺼짐", "Google Cloud 콘솔에서 이 API를 켜 주세요."
	case briefing.PolicyBlocked:
		return "조직 정책으로 막힘", "독자 조직의 Google 관리자가 이 앱을 허용해야 합니다."
	case briefing.Malformed:
		return "읽을 수 없는 답이나 연결 정보", "서버에 키가 빠졌는지(/readyz), 프록시와 주소 설정은 어떤지 서버 로그와 함께 확인해 주세요."
	case briefing.Internal:
		return "Achim 내부 오류", "서버 로그를 확인해 주세요."
	default:
		return "하루 가까이 읽지 못함", "서버의 네트워크와 로그를 확인해 주세요."
	}
}

func koUnsent(c MorningCause) (what, remedy string) {
	const log = "서버 로그를 확인해 주세요."
	switch {
	case c.Outcome == briefing.OutcomePending:
		return "아직 보내지 못함", "계속 시도하고 있습니다. " + log
	case c.Outcome == briefing.OutcomeUnknown:
		return "보냈는지 알 수 없음", "DM을 받았는지 본인에게 묻고 achim runs resolve 명령으로 알려 주세요."
	case c.Reason == briefing.ClientMisconfigured:
		return "Slack이 봇 토큰을 받지 않음", "SLACK_BOT_TOKEN과 Slack 앱 설치를 확인해 주세요."
	case c.Reason == briefing.RecipientUnreachable:
		return "Slack DM을 보낼 수 없는 독자", "achim users show 명령으로 Slack ID를 확인해 주세요."
	case c.Reason == briefing.PayloadRefused:
		return "Slack이 메시지를 거절함", log
	case c.Reason == briefing.PastGrace:
		return "너무 늦어 보내지 않음", "그때 서버가 멈춰 있었는지 확인해 주세요. achim run --user 이름 명령으로 지금 보낼 수 있습니다."
	default:
		return "Slack에 보내지 못함", "유예 시간 안에는 계속 시도합니다. " + log
	}
}

func enMorning() morningWords {
	return morningWords{
		head: func(m Morning) string {
			return fmt.Sprintf("Briefings of %s, %s: %d of %s to look at.",
				enDate(briefing.DateOf(m.Due, m.Due.Location())), m.Due.Format("15:04"), m.Affected, enReaders(m.Expected))
		},
		count: func(c MorningCount) string {
			what := map[briefing.Outcome]string{
				briefing.OutcomeDelivered: "complete", briefing.OutcomeFailed: "not delivered", briefing.OutcomeUnknown: "unknown",
				briefing.OutcomeSkipped: "skipped", briefing.OutcomePending: "under way",
			}[c.Outcome]
			if c.Status == briefing.Degraded {
				what = "incomplete"
			}
			return fmt.Sprintf("%d %s", c.Count, what)
		},
		cause: func(c MorningCause) string {
			what, remedy := enCauseFor(c)
			if len(c.Sources) > 0 {
				what += " (" + join(c.Sources, ", ", enName) + ")"
			}
			who := ""
			if len(c.Names) > 0 {
				who = " (" + strings.Join(c.Names, ", ")
				if others := c.Count - len(c.Names); others > 0 {
					who += fmt.Sprintf(" and %d more", others)
				}
				who += ")"
			}
			return fmt.Sprintf("%s: %s%s. %s", what, enReaders(c.Count), who, remedy)
		},
		more:   func(causes int) string { return fmt.Sprintf("More causes, %d, are in the server's log.", causes) },
		detail: "Details: ",
	}
}

func enReaders(n int) string {
	if n == 1 {
		return "1 reader"
	}
	return fmt.Sprintf("%d readers", n)
}

func enCauseFor(c MorningCause) (what, remedy string) {
	const link = " achim connect --user NAME prints the link."
	if c.Outcome != briefing.OutcomeDelivered {
		return enUnsent(c)
	}
	switch c.Reason {
	case briefing.ReauthRequired:
		return "Google connection cut off", "They reconnect from their briefing." + link
	case briefing.ScopeMissing:
		return "Google permission missing", "They add it from their briefing." + link
	case briefing.ClientMisconfigured:
		if c.feedsOnly() {
			return "A feed on a private address, which is not read", "Take out what achim doctor names, or set news.allow_private_networks."
		}
		return "Google refuses our client", "Check GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET."
	case briefing.APIDisabled:
		return "Google API not enabled", "Enable it in the Google Cloud console."
	case briefing.PolicyBlocked:
		return "Blocked by their organisation", "Their Google administrator has to allow this app."
	case briefing.Malformed:
		return "Answers or grants that cannot be read", "Check whether the server lacks a key (/readyz), then proxies and addresses, with the server's log."
	case briefing.Internal:
		return "A fault in Achim", "Look into the server's log."
	default:
		return "Not readable for most of a day", "Check the server's network and log."
	}
}

func enUnsent(c MorningCause) (what, remedy string) {
	const log = "Look into the server's log."
	switch {
	case c.Outcome == briefing.OutcomePending:
		return "Not delivered yet", "It is still being tried. " + log
	case c.Outcome == briefing.OutcomeUnknown:
		return "Nobody knows whether it was delivered", "Ask them, and settle it with achim runs resolve."
	case c.Reason == briefing.ClientMisconfigured:
		return "Slack refuses the bot token", "Check SLACK_BOT_TOKEN and that the Slack app is installed."
	case c.Reason == briefing.RecipientUnreachable:
		return "Slack lets nobody write to them", "Check the Slack id with achim users show."
	case c.Reason == briefing.PayloadRefused:
		return "Slack refuses the message", log
	case c.Reason == briefing.PastGrace:
		return "Not sent because it was too late", "Was the server down then? achim run --user NAME sends it now."
	default:
		return "Not delivered to Slack", "It is tried until the grace is over. " + log
	}
}
