package httpserver

import (
	"strings"

	"achim/internal/language"
)

// inApp recognises the browsers inside apps, where Google answers disallowed_useragent. It only decides whether a
// hint is shown, so a wrong guess costs a few lines on the page.
func inApp(agent string) language.InApp {
	for _, known := range []struct {
		mark string
		app  language.InApp
	}{
		{"KAKAOTALK", language.KakaoTalk}, {"NAVER(inapp", language.Naver}, {"Instagram", language.Instagram},
		{"FBAN/", language.Facebook}, {"FBAV/", language.Facebook}, {"Line/", language.Line},
		{"Slack/", language.Slack}, {"Slack_SSB", language.Slack}, {"com.tinyspeck.chatlyio", language.Slack},
	} {
		if strings.Contains(agent, known.mark) {
			return known.app
		}
	}
	// Android marks its web views; on an iPhone every browser calls itself Safari, and a web view does not.
	view := strings.Contains(agent, "; wv)") ||
		strings.Contains(agent, "AppleWebKit/") && (strings.Contains(agent, "iPhone;") || strings.Contains(agent, "iPad;")) && !strings.Contains(agent, "Safari/")
	if view {
		return language.SomeApp
	}
	return language.NoApp
}
