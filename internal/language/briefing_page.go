package language

import (
	"fmt"

	"achim/briefing"
)

// BriefingPage is a briefing as its own page shows it. Everything in it is plain text and may hold what strangers typed:
// whoever lays it out escapes it. Its links lead to web sites, or to an anchor on the page.
type BriefingPage struct {
	Language   briefing.Language
	Title      string
	Parts      []BriefingPart // the message
	WholeTitle string
	Whole      []BriefingPart // the lists that were cut in it, in full
}

// BriefingPart is what stands together.
type BriefingPart struct {
	Look   BriefingLook
	Anchor string // what links on the page lead to; "" = nothing does
	Lines  []Phrase
}

// BriefingLook is how a part is set.
type BriefingLook string

// The looks.
const (
	LookSection BriefingLook = ""
	LookHeader  BriefingLook = "header"
	LookSmall   BriefingLook = "small"
	LookControl BriefingLook = "control"
)

// BriefingFacts is what the pages tell that stand where a briefing cannot be shown.
type BriefingFacts struct {
	KeepDays int // how long titles and summaries are kept
	Operator string
}

func koBriefingLost(f BriefingFacts) Page {
	return Page{
		Language: briefing.Korean, Tone: ToneHalt,
		Title: "이 링크로는 브리핑을 열 수 없습니다",
		Lead:  "링크가 끝까지 복사되지 않았거나, 기한이 지났거나, 다른 브리핑의 것입니다.",
		Body: []string{
			"Slack DM에 있는 브리핑에서 ‘모두 보기’를 다시 눌러 주세요.",
			fmt.Sprintf("링크는 내용을 보관하는 %d일 동안 열립니다. 그 뒤에도 받으신 브리핑은 DM에 그대로 있습니다.", f.KeepDays),
			fmt.Sprintf("그래도 열리지 않으면 %s에게 알려 주세요.", koOperator(f.Operator)),
		},
	}
}

func enBriefingLost(f BriefingFacts) Page {
	return Page{
		Language: briefing.English, Tone: ToneHalt,
		Title: "This link doesn’t open a briefing",
		Lead:  "It was not copied to its end, is too old, or belongs to another briefing.",
		Body: []string{
			"Press ‘see all’ once more in the briefing in your Slack DM.",
			fmt.Sprintf("The link works for the %d days that what it shows is kept. After that the briefing is still in your DM.", f.KeepDays),
			fmt.Sprintf("If that doesn’t help, tell %s.", enOperator(f.Operator)),
		},
	}
}

func koBriefingOver(f BriefingFacts) Page {
	return Page{
		Language: briefing.Korean, Tone: ToneHalt,
		Title: "보관 기한이 지난 브리핑입니다",
		Lead:  fmt.Sprintf("브리핑의 내용은 %d일 동안만 보관하고, 이 브리핑의 것은 지웠습니다.", f.KeepDays),
		Body:  []string{"받으신 브리핑은 Slack DM에 남아 있습니다. 일정과 메일은 Google 캘린더와 Gmail에서 보실 수 있습니다."},
	}
}

func enBriefingOver(f BriefingFacts) Page {
	return Page{
		Language: briefing.English, Tone: ToneHalt,
		Title: "This briefing is no longer kept",
		Lead:  fmt.Sprintf("What briefings hold is kept for %d days, and this one’s has been deleted.", f.KeepDays),
		Body:  []string{"The message itself is still in your Slack DM. Your meetings and mail are in Google Calendar and Gmail."},
	}
}
