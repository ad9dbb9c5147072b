package language

import (
	"fmt"

	"achim/briefing"
)

// englishPages returns the words of the web pages in English.
func englishPages() PageWords {
	return PageWords{
		Connect: enConnect, Confirm: enConfirm, Connected: enConnected, Fault: enFault, NoLink: enNoLink,
		Stored: enStored, Disconnect: enDisconnect, Disconnected: enDisconnected, HourOver: enHourOver, BriefingLost: enBriefingLost, BriefingOver: enBriefingOver,
		Trouble: func(operator string) Page {
			return Page{
				Language: briefing.English, Tone: ToneHalt,
				Title: "This page can’t be shown right now",
				Lead:  "Something went wrong on our side.",
				Body:  []string{fmt.Sprintf("Please open it again in a moment. If it stays like this, tell %s.", enOperator(operator))},
			}
		},
		Home: func() Page {
			return Page{
				Language: briefing.English, Tone: ToneGood,
				Title: "Achim is running",
				Lead:  "Every morning it gathers mail, calendar and news into one Slack DM.",
				Body:  []string{"To connect your Google account, use the button or link in your Slack DM."},
				Folds: []PageFold{{"If you run this server", []string{
					"Setting up and mending are described in README.md and the docs folder of the repository.",
					"The address `/readyz` and the command `achim runs list` tell how things stand.",
				}}},
			}
		},
	}
}

func enConnect(f ConnectFacts) Page {
	p := Page{
		Language: briefing.English, Tone: ToneAsk,
		Title: "Connect your Google account",
		Lead:  fmt.Sprintf("This puts mail and meetings into the morning briefing of %s.", f.Reader),
		Body:  []string{"On Google’s screen, tick both Gmail and Calendar. What is left out stays out of the briefing."},
		Main:  PageAction{Label: "Continue to Google", Post: true},
		Folds: []PageFold{{"If Google says it hasn’t verified this app", []string{
			"You see that screen because the person who runs this server registered the app themselves.",
			"Press “Advanced”, then the link that says “Go to … (unsafe)”. If there is a “Continue” instead, press that.",
			enKnown(f.Operator),
		}}, enKept(f.KeepDays)},
		Small: []string{"Opening this page changes nothing."},
	}
	p.Warn = enInApp(f.InApp)
	p.Facts = append(enAccount(f),
		PageFact{"We read", "your Gmail inbox and Google Calendar"},
		PageFact{"We never", "send, change or delete mail or events"},
		PageFact{"We keep", fmt.Sprintf("what is in your briefings (senders, subjects, one-line summaries, meetings) for %d days, and the key that reads the account until you disconnect; never message bodies", f.KeepDays)})
	if f.Operator != "" {
		p.Facts = append(p.Facts, PageFact{"Run by", f.Operator})
	}
	switch {
	case f.Switch:
		p.Title = "Switch Google account"
		p.Lead = fmt.Sprintf("This changes the Google account behind the morning briefing of %s.", f.Reader)
	case f.Account != "":
		p.Title = "Reconnect your Google account"
		p.Body = []string{"On Google’s screen, choose this account and tick both Gmail and Calendar. What is left out stays out of the briefing."}
	}
	return p
}

// enKnown asks to know who runs the server before pressing on.
func enKnown(operator string) string {
	if operator == "" {
		return "This page doesn’t say who runs it. Ask whoever gave you the link, and don’t press anything before you know."
	}
	return fmt.Sprintf("It is run by %s. If you don’t know who that is, don’t press anything and ask first.", operator)
}

// enKept tells in full what is kept of a reader, and for how long.
func enKept(days int) PageFold {
	return PageFold{"What exactly is kept, and for how long", []string{
		fmt.Sprintf("What is in your briefings: senders and subjects of mail, one sentence of mail that asks you something, titles, times, places and links of meetings. Deleted after %d days.", days),
		"A copy of the calendar of today and the next three days, to show when Google can’t be reached. Each day’s is deleted within three days after that day.",
		"The key (token) that reads your account, and the account’s address: until you disconnect.",
		"Which items you have been shown (some two weeks), what was read and sent when (without content), and settings such as your name and hour.",
		"Bodies and attachments of mail and descriptions of events are never kept.",
	}}
}

// enAccount says which account it is about.
func enAccount(f ConnectFacts) []PageFact {
	const picked = "the one you choose at Google; we ask once more before connecting it"
	switch {
	case f.Switch:
		return pageFacts(PageFact{"Connected", f.Account}, PageFact{"New account", picked})
	case f.Account != "":
		return []PageFact{{"Connected", f.Account}}
	case f.Expected != "":
		return []PageFact{{"Account", f.Expected}}
	}
	return []PageFact{{"Account", picked}}
}

// enInApp says how to get out of an app's own browser.
func enInApp(app InApp) []string {
	if app == NoApp {
		return nil
	}
	name := string(app)
	if app == SomeApp {
		name = "another app"
	}
	return []string{
		fmt.Sprintf("You’re in the browser inside %s. Google doesn’t allow signing in there (disallowed_useragent).", name),
		"Choose “Open in browser” in the menu (⋮ or ⋯), or copy this page’s address into Safari or Chrome.",
	}
}

func enConnected(f ConnectedFacts) Page {
	p := Page{
		Language: briefing.English, Tone: ToneGood,
		Title: "You’re connected",
		Lead:  enProbed(f),
		Body:  enNotRead(f),
		Main:  PageAction{Label: "Back to Slack", Href: f.SlackURL},
		Links: pageActions(PageAction{Label: "See what is stored", Href: f.StoredURL}, PageAction{Label: "Disconnect", Href: f.DisconnectURL}),
		Small: []string{
			"Achim only reads. It never sends, changes or deletes mail.",
			fmt.Sprintf("Senders, subjects, one-line summaries and meetings from your briefings stay on this server for %d days, and the key that reads the account until you disconnect; message bodies are never stored.", f.KeepDays),
		},
	}
	if f.Operator != "" {
		p.Small[1] += fmt.Sprintf(" The server is run by %s.", f.Operator)
	}
	if len(f.Missing) > 0 && f.AgainURL != "" {
		p.Links = append(pageActions(p.Main), p.Links...)
		p.Main = PageAction{Label: "Add what is missing", Href: f.AgainURL}
	}
	if len(p.Body) > 0 {
		p.Tone = ToneAsk
	}
	switch {
	case f.Filling:
		p.Body = append(p.Body, "We’re filling in today’s briefing now. Look in Slack in about a minute.")
	case !f.Next.IsZero():
		p.Body = append(p.Body, fmt.Sprintf("Your next briefing arrives as a Slack DM on %s.", f.Next.Format("Monday 2 January at 15:04")))
	case f.Gone:
		p.Body = append(p.Body, "The Slack account that got your briefings is deactivated, so none is planned.",
			fmt.Sprintf("To get them again, tell %s which Slack account you use now.", enOperator(f.Operator)))
	default:
		p.Body = append(p.Body, "Your briefings are paused, so none is planned.")
	}
	return p
}

// enProbed says what was read, and nothing else.
func enProbed(f ConnectedFacts) string {
	calendars := fmt.Sprintf("%d calendars", f.Calendars)
	if f.Calendars == 1 {
		calendars = "1 calendar"
	}
	switch {
	case f.MailOK && f.Calendars > 0:
		return fmt.Sprintf("Checked: we can read the inbox of %s and %s.", f.Account, calendars)
	case f.MailOK:
		return fmt.Sprintf("Checked: we can read the inbox of %s.", f.Account)
	case f.Calendars > 0:
		return fmt.Sprintf("Checked: we can read %s of %s.", calendars, f.Account)
	default:
		return fmt.Sprintf("%s is saved, but we couldn’t read its mail or calendar yet.", f.Account)
	}
}

func enNotRead(f ConnectedFacts) []string {
	var lines []string
	switch {
	case f.pageMissing(briefing.Gmail):
		lines = append(lines, "The Gmail box wasn’t ticked, so your briefings come without mail.")
	case !f.MailOK:
		lines = append(lines, "We couldn’t read the inbox just now. Nothing for you to do: the next briefing tries again.")
	}
	switch {
	case f.pageMissing(briefing.Calendar):
		lines = append(lines, "The Calendar box wasn’t ticked, so your briefings come without meetings.")
	case f.Calendars == 0:
		lines = append(lines, "We couldn’t read the calendar just now. Nothing for you to do: the next briefing tries again.")
	}
	return lines
}

func enNoLink(f LinkFacts) Page {
	p := Page{
		Language: briefing.English, Tone: ToneHalt,
		Title: "You need your own link",
		Lead:  "This page opens with a link that was sent to you alone.",
		Body: []string{
			"Press the button or link in the DM that Achim sent you in Slack.",
			fmt.Sprintf("If you can’t find it, ask %s for a link. Whoever runs the server makes one with `achim connect --user NAME`.", enOperator(f.Operator)),
		},
	}
	if f.Expired {
		p.Title = "This link doesn’t work"
		p.Lead = "Links work for 7 days. This one is older, or part of the address is missing."
	}
	return p
}

// enOperator names whom to ask.
func enOperator(operator string) string {
	if operator == "" {
		return "whoever runs Achim"
	}
	return operator
}
