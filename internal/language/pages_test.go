package language_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"achim/briefing"
	"achim/internal/language"
)

func TestPageLanguage(t *testing.T) {
	for accept, want := range map[string]briefing.Language{
		"": briefing.Korean, "*": briefing.Korean, "fr-FR,fr;q=0.9": briefing.Korean, "en-US,en;q=0.9": briefing.English,
		"ko-KR,ko;q=0.9,en-US;q=0.8": briefing.Korean, "en;q=0.2, ko;q=0.9": briefing.Korean, "fr, en;q=0.8, ko;q=0.75": briefing.English,
		"en;q=0": briefing.Korean, "EN": briefing.English, "en;q=zz": briefing.Korean, ";;;,,,q=": briefing.Korean, "ko;q=0.5,en;q=1.0": briefing.English,
	} {
		if got := language.PageLanguage(accept); got != want {
			t.Errorf("PageLanguage(%q) = %s, want %s", accept, got, want)
		}
	}
}

func ExampleMaskAddress() {
	fmt.Println(language.MaskAddress("minji.kim@gmail.com"))
	fmt.Println(language.MaskAddress("jun@gaon.example"))
	fmt.Println(language.MaskAddress("no address"))
	// Output:
	// mi•••@gmail.com
	// j•••@gaon.example
	// •••
}

func TestMaskAddressHidesAnyAddress(t *testing.T) {
	for address, want := range map[string]string{"": "", "@x": "•••", "가나다라마@gaon.example": "가나•••@gaon.example", "a@b": "a•••@b", "a@b@gaon.example": "a•••@gaon.example"} {
		if got := language.MaskAddress(address); got != want {
			t.Errorf("MaskAddress(%q) = %q, want %q", address, got, want)
		}
	}
}

// A language that forgot a page would panic the first time somebody opens it.
func TestEveryLanguageHasEveryPage(t *testing.T) {
	faults := []briefing.ConnectFault{
		briefing.ConnectStateUnknown, briefing.ConnectStateUsed, briefing.ConnectStateExpired, briefing.ConnectDenied,
		briefing.ConnectNothing, briefing.ConnectWrongAccount, briefing.ConnectDomain, briefing.ConnectReaderGone, briefing.ConnectExchange,
		briefing.ConnectDeclined, briefing.ConnectUnconfirmed, briefing.ConnectPolicy, briefing.ConnectOutsider, briefing.ConnectCode,
		briefing.ConnectRefused, briefing.ConnectClient, briefing.ConnectUnreachable,
	}
	for _, l := range []briefing.Language{briefing.Korean, briefing.English} {
		words := language.Pages(l)
		v := reflect.ValueOf(words)
		for i := range v.NumField() {
			if v.Field(i).IsNil() {
				t.Fatalf("%s has no words for %s", l, v.Type().Field(i).Name)
			}
		}
		pages := []language.Page{
			words.Connect(language.ConnectFacts{Reader: "minji"}), words.Connected(language.ConnectedFacts{}),
			words.Confirm(language.ConfirmFacts{}), words.Stored(language.StoredFacts{}), words.Disconnect(language.DisconnectFacts{}),
			words.Disconnected(language.DisconnectFacts{}), words.HourOver(), words.BriefingLost(language.BriefingFacts{}), words.BriefingOver(language.BriefingFacts{}), words.NoLink(language.LinkFacts{}), words.NoLink(language.LinkFacts{Expired: true}), words.Trouble(""), words.Home(),
		}
		const operator = "@jiwon"
		for _, named := range []string{"", operator} {
			text := fmt.Sprint(words.Connect(language.ConnectFacts{Reader: "minji", Operator: named}))
			says := map[briefing.Language]string{briefing.Korean: "나오지 않습니다", briefing.English: "doesn’t say who runs it"}[l]
			if strings.Contains(text, says) != (named == "") || strings.Contains(text, operator) != (named != "") {
				t.Errorf("%s: who runs it is %q, and the page says %s", l, named, text)
			}
		}
		titles := map[string]bool{}
		for _, fault := range faults {
			page := words.Fault(language.FaultFacts{Fault: fault})
			if titles[page.Title] {
				t.Errorf("%s: %s has the title of another fault", l, fault)
			}
			titles[page.Title] = true
			pages = append(pages, page)
		}
		for _, page := range pages {
			if page.Language != l || page.Title == "" || page.Tone == "" || (page.Lead == "" && len(page.Body) == 0) {
				t.Errorf("%s: a page lacks something: %+v", l, page)
			}
		}
	}
}
