package language

import (
	"fmt"
	"slices"

	"achim/briefing"
)

func enConfirm(f ConfirmFacts) Page {
	what, listed := "Mail", "Its subjects, one-line summaries and meetings"
	switch {
	case slices.Contains(f.Missing, briefing.Gmail):
		what, listed = "Meetings", "Its meetings"
	case slices.Contains(f.Missing, briefing.Calendar):
		listed = "Its subjects and one-line summaries"
	}
	p := Page{
		Language: briefing.English, Tone: ToneAsk, Long: true,
		Title: "Connect this account?",
		Lead:  fmt.Sprintf("%s of %s will go to %s on Slack.", what, f.Account, f.Reader),
		Facts: pageFacts(PageFact{"You chose", f.Account}, PageFact{"Goes to", f.Reader}, PageFact{"Connected", f.Replaces}),
		Body:  []string{fmt.Sprintf("%s will be in a Slack DM to %s every morning.", listed, f.Reader)},
		Small: []string{
			fmt.Sprintf("If that isn’t you, cancel and tell %s.", enOperator(f.Operator)),
			"Nothing is saved or sent yet. If you press nothing within ten minutes, nothing will be.",
		},
	}
	if f.Replaces != "" {
		p.Body = append(p.Body, "The account connected now will no longer be used.")
	}
	p.Main, p.Second = confirmActions(f, "Confirm and connect", "Cancel")
	return p
}

func enStored(f StoredFacts) Page {
	account := f.Account
	if account == "" {
		account = "none"
	}
	p := Page{
		Language: briefing.English, Tone: ToneAsk,
		Title: "What is stored",
		Lead:  fmt.Sprintf("This is what this server keeps of %s.", f.Reader),
		Facts: pageFacts(PageFact{"Account", account}, PageFact{"May", enScopes(f.Scopes)},
			PageFact{"Key", enKey(f)},
			PageFact{"Settings", "name, Slack id, mail address, hour and weekdays, language, feeds of your own, and what you want more and less of: senders, words, topics; until you are removed"},
			PageFact{"Calendar", "a copy of today and the next three days; each day’s is deleted within three days after that day"},
			PageFact{"Records", fmt.Sprintf("which items you have been shown (some two weeks), when each source was read and how that went (%d days), which DM was sent when; no content", f.RecordDays)},
			PageFact{"Never", "bodies and attachments of mail, descriptions of events"}),
		Links: pageActions(PageAction{Label: "Disconnect", Href: f.DisconnectURL}),
		Small: []string{
			fmt.Sprintf("Senders, subjects, one-line summaries and meetings from your briefings are deleted after %d days. This page shows none of them: they are in your Slack DMs.", f.KeepDays),
			fmt.Sprintf("To get a copy of everything, or to have it erased, ask %s.", enOperator(f.Operator)),
		},
	}
	if len(f.Briefings) == 0 {
		p.Body = []string{"No briefing is stored."}
		return p
	}
	fold := PageFold{Summary: fmt.Sprintf("Briefings stored with their content: %d", len(f.Briefings))}
	for _, b := range f.Briefings {
		fold.Body = append(fold.Body, fmt.Sprintf("%s: %d meetings, %d emails, %d stories (until %s)", enDayMonth(b.Date),
			b.Items[briefing.Calendar], b.Items[briefing.Gmail], b.Items[briefing.News], enDayMonth(b.Until)))
	}
	p.Folds = []PageFold{fold}
	return p
}

// enDayMonth writes 20 November.
func enDayMonth(d briefing.Date) string {
	return fmt.Sprintf("%d %s", d.Day, d.Month)
}

// enKey says what of the key to the account is kept.
func enKey(f StoredFacts) string {
	if f.Account == "" {
		return ""
	}
	return "the token that reads this account; until you disconnect"
}

// enSentKept says what stays when a connection goes.
func enSentKept(days int) string {
	return fmt.Sprintf("What is in briefings already sent is deleted %d days after they were sent, and copies of the calendar after a few days.", days)
}

// enScopes names what a grant allows.
func enScopes(scopes []string) string {
	return pageScopes(scopes, map[string]string{"gmail.readonly": "read Gmail", "calendar.readonly": "read Calendar", "userinfo.email": "see the address"})
}

func enDisconnect(f DisconnectFacts) Page {
	return Page{
		Language: briefing.English, Tone: ToneAsk,
		Title: "Disconnect Google?",
		Lead:  fmt.Sprintf("The morning briefing of %s will come without mail and meetings.", f.Reader),
		Facts: pageFacts(PageFact{"Connected", f.Account}),
		Body:  []string{"We forget the connection on this server and, unless somebody else here uses the same account, take the access away at Google."},
		Main:  PageAction{Label: "Disconnect", Post: true},
		Small: []string{
			enSentKept(f.KeepDays),
			"Opening this page changes nothing.",
		},
	}
}

func enDisconnected(f DisconnectFacts) Page {
	return Page{
		Language: briefing.English, Tone: ToneGood,
		Title: "Disconnected",
		Lead:  fmt.Sprintf("This server no longer reads mail or meetings for %s.", f.Reader),
		Body:  []string{"Your Google account shows whether any access is left there."},
		Main:  PageAction{Label: "Check at Google", Href: f.GrantsURL},
		Links: pageActions(PageAction{Label: "Connect again", Href: f.AgainURL}),
		Small: []string{enSentKept(f.KeepDays)},
	}
}

func enHourOver() Page {
	return Page{
		Language: briefing.English, Tone: ToneHalt,
		Title: "This page is closed",
		Lead:  "It opens for an hour after connecting, and for the account connected then.",
		Body:  []string{"To see it again, connect once more with the button or link in your Slack DM."},
	}
}
