package language_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"

	"achim/briefing"
	"achim/internal/language"
)

// aMorning has one of everything that can be counted, and these causes.
func aMorning(causes ...language.MorningCause) language.Morning {
	return language.Morning{
		Due: time.Date(2026, 11, 20, 9, 0, 0, 0, seoul), Expected: 12, Affected: 5, Causes: causes,
		Tally: []language.MorningCount{
			{Outcome: briefing.OutcomeDelivered, Status: briefing.Complete, Count: 7},
			{Outcome: briefing.OutcomeDelivered, Status: briefing.Degraded, Count: 1},
			{Outcome: briefing.OutcomeFailed, Count: 1}, {Outcome: briefing.OutcomeUnknown, Count: 1},
			{Outcome: briefing.OutcomePending, Count: 1}, {Outcome: briefing.OutcomeSkipped, Count: 1},
		},
	}
}

// TestOperatorHasWordsForEverything: every way a morning can go wrong is told in both languages, with what to do, and
// no two ways that ask for different things are told alike.
func TestOperatorHasWordsForEverything(t *testing.T) {
	unsent := []briefing.Reason{briefing.ClientMisconfigured, briefing.RecipientUnreachable, briefing.PayloadRefused, briefing.PastGrace, briefing.Unavailable}
	for _, code := range languages {
		known := map[string]string{}
		tell := func(c language.MorningCause) {
			t.Helper()
			c.Count, c.Names = 3, []string{"haneul"}
			lines := language.OperatorLines(code, aMorning(c))
			if len(lines) != 3 {
				t.Fatalf("%s: %q", code, lines)
			}
			what, remedy, _ := strings.Cut(strings.TrimPrefix(lines[2], "• "), ": ")
			way := fmt.Sprint(c.Outcome, " ", c.Reason)
			if earlier, ok := known[what]; ok {
				t.Errorf("%s: %s and %s are both %q", code, earlier, way, what)
			}
			known[what] = way
			if len(remedy) < 20 || !strings.HasSuffix(remedy, ".") || !strings.Contains(remedy, "haneul") || !strings.Contains(remedy, "3") {
				t.Errorf("%s %s: %q", code, way, lines[2])
			}
			hangul := strings.ContainsFunc(strings.Join(lines, ""), func(r rune) bool { return unicode.Is(unicode.Hangul, r) })
			if hangul != (code == briefing.Korean) || strings.Contains(strings.Join(lines, "\n"), "  ") {
				t.Errorf("%s: %q", code, lines)
			}
		}
		for _, reason := range reasons {
			if reason == briefing.Timeout || reason == briefing.RateLimited {
				continue // like Unavailable
			}
			tell(language.MorningCause{Outcome: briefing.OutcomeDelivered, Reason: reason})
		}
		for _, reason := range unsent {
			tell(language.MorningCause{Outcome: briefing.OutcomeFailed, Reason: reason})
		}
		tell(language.MorningCause{Outcome: briefing.OutcomeUnknown})
		tell(language.MorningCause{Outcome: briefing.OutcomePending})
	}
}

// TestOperatorIsToldShortly: many causes are cut, with a count.
func TestOperatorIsToldShortly(t *testing.T) {
	var causes []language.MorningCause
	for _, reason := range reasons[:7] {
		causes = append(causes, language.MorningCause{Outcome: briefing.OutcomeDelivered, Reason: reason, Count: 1})
	}
	for _, code := range languages {
		lines := language.OperatorLines(code, aMorning(causes...))
		if len(lines) != 8 || !strings.Contains(lines[7], "2") {
			t.Errorf("%s: %q", code, lines)
		}
	}
}

func ExampleOperatorLines() {
	m := aMorning(
		language.MorningCause{Outcome: briefing.OutcomeFailed, Reason: briefing.ClientMisconfigured, Count: 4, Names: []string{"minji", "junho", "sujin"}},
		language.MorningCause{Outcome: briefing.OutcomeDelivered, Reason: briefing.ReauthRequired, Count: 1, Names: []string{"haneul"},
			Sources: []briefing.SourceName{briefing.Gmail, briefing.Calendar}},
	)
	for _, code := range []briefing.Language{briefing.Korean, briefing.English} {
		fmt.Println(strings.Join(language.OperatorLines(code, m), "\n"))
	}
	// Output:
	// ⚠️ 11월 20일 금요일 09:00 브리핑: 독자 12명 중 5명을 확인해 주세요.
	// 보냄 7명 · 일부 누락 1명 · 보내지 못함 1명 · 확인 불가 1명 · 보내는 중 1명 · 건너뜀 1명
	// • Slack이 봇 토큰을 받지 않음: 4명(minji, junho, sujin 외 1명). SLACK_BOT_TOKEN과 Slack 앱 설치를 확인해 주세요.
	// • Google 연결 끊김(Gmail·캘린더): 1명(haneul). 본인이 브리핑에서 다시 연결하면 됩니다. 링크는 achim connect --user 이름 명령으로 만들 수 있습니다.
	// ⚠️ Briefings of Friday 20 November, 09:00: 5 of 12 readers to look at.
	// 7 complete · 1 incomplete · 1 not delivered · 1 unknown · 1 under way · 1 skipped
	// • Slack refuses the bot token: 4 readers (minji, junho, sujin and 1 more). Check SLACK_BOT_TOKEN and that the Slack app is installed.
	// • Google connection cut off (Gmail, calendar): 1 reader (haneul). They reconnect from their briefing. achim connect --user NAME prints the link.
}
