package delivery_test

import (
	"strings"
	"testing"
	"time"

	"achim/briefing"
	"achim/delivery"
)

// TestSourceWithoutWordsOfItsOwn: whoever adds a source gets a section and a problem under its own name,
// before anybody has written a word for it.
func TestSourceWithoutWordsOfItsOwn(t *testing.T) {
	at := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	for language, want := range map[briefing.Language][2]string{
		briefing.Korean: {"jira 1건", "jira 쪽이 정상으로 응답하지 않아"}, briefing.English: {"Jira: 1", "Jira isn't answering properly"},
	} {
		section := briefing.Section{Source: "jira", Provider: "jira", ReadAt: at,
			Items:   []briefing.Item{{ID: "1", Group: "issue", Title: "Mend the door", URL: "https://jira.gaon.example/1"}},
			Verdict: briefing.Verdict{State: briefing.VerdictOK, Count: 1}, Counts: map[briefing.Group]int{"issue": 1}}
		for i, c := range []func(){func() {}, func() {
			section.Items, section.Verdict = nil, briefing.Verdict{State: briefing.VerdictFailed, Reason: briefing.Unavailable, Since: at}
		}} {
			c()
			b := briefing.Compose(briefing.Composition{
				Entry: briefing.Entry{ID: "entry", Date: briefing.Date{Year: 2026, Month: 11, Day: 20}, Sections: []briefing.Section{section}},
				Zone:  time.UTC, Language: language, At: at,
			})
			text := delivery.NewRenderer(delivery.RenderConfig{}).Render(b).Plain
			if !strings.Contains(text, want[i]) || strings.Contains(text, "Google") || strings.Contains(text, "뉴스") {
				t.Errorf("%s: want %q in:\n%s", language, want[i], text)
			}
		}
	}
}
