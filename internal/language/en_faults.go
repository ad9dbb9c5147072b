package language

import (
	"fmt"

	"achim/briefing"
)

func enFault(f FaultFacts) Page {
	p := Page{Language: briefing.English, Tone: ToneHalt, Main: PageAction{Label: "Try again", Href: f.AgainURL}}
	unchanged := "Nothing was saved or changed."
	if f.Revoked {
		unchanged += " The access you just gave has been removed at Google."
	}
	enHere(&p, f, unchanged)
	enChosen(&p, f, unchanged)
	enAtGoogle(&p, f, unchanged)
	if p.Title == "" {
		p.Title = "We don’t recognise this request"
		p.Lead = "It didn’t start on this server, or part of the address is missing. " + unchanged
	}
	if p.Main.Href != "" {
		return p
	}
	p.Main = PageAction{}
	switch {
	case f.Fault == briefing.ConnectReaderGone, f.Fault == briefing.ConnectExchange, f.Fault == briefing.ConnectClient:
	case f.Switch:
		p.Body = append(p.Body, "Please open the switch link you were given again.")
	default:
		p.Body = append(p.Body, "Please use the button or link in your Slack DM again.")
	}
	return p
}

// enHere puts into words what ended here, before or after Google.
func enHere(p *Page, f FaultFacts, unchanged string) {
	switch f.Fault {
	case briefing.ConnectStateUsed:
		p.Title = "Already done"
		p.Lead = "This address works once. If you saw “You’re connected” a moment ago, there is nothing left to do."
		p.Body = []string{"If you didn’t, please connect once more from the start."}
	case briefing.ConnectStateExpired:
		p.Title = "That took too long"
		p.Lead = "Google’s screen was open for more than ten minutes, so we stopped here. " + unchanged
	case briefing.ConnectUnconfirmed:
		p.Title = "Not confirmed in time"
		p.Lead = "The question was open for more than ten minutes, so we didn’t connect the account. " + unchanged
	case briefing.ConnectDeclined:
		p.Title = "Cancelled"
		p.Lead = "This account isn’t connected, and none of its mail or meetings will be sent. " + unchanged
	case briefing.ConnectReaderGone:
		p.Title = "We don’t know this reader any more"
		p.Lead = "Whoever this link was made for is no longer on this server’s list. " + unchanged
		p.Body = []string{fmt.Sprintf("To get a briefing, please tell %s.", enOperator(f.Operator))}
		p.Main = PageAction{}
	}
}

// enChosen puts into words what was wrong with what the person chose.
func enChosen(p *Page, f FaultFacts, unchanged string) {
	switch f.Fault {
	case briefing.ConnectDenied:
		p.Title = "Not connected"
		p.Lead = "You didn’t allow it on Google’s screen, so we stopped here. " + unchanged
	case briefing.ConnectNothing:
		p.Title = "No box was ticked"
		p.Lead = "Neither Gmail nor Calendar was ticked on Google’s screen, so there is nothing we may read. " + unchanged
		p.Body = []string{"When you try again, please tick both."}
	case briefing.ConnectWrongAccount:
		p.Title = "That’s a different Google account"
		p.Facts = pageFacts(PageFact{"Connected account", f.Expected}, PageFact{"You just chose", f.Chosen})
		p.Body = []string{"We stopped here so that mail from two accounts doesn’t get mixed. " + unchanged}
		p.Main.Label = "Try again with the connected account"
		p.Small = []string{fmt.Sprintf("Meant to switch accounts? Ask %s for a switch link.", enOperator(f.Operator))}
		if f.First {
			p.Facts[0].Label, p.Main.Label = "Account on file", "Try again with the account on file"
			p.Small = []string{fmt.Sprintf("Meant to use another account? Ask %s for a switch link.", enOperator(f.Operator))}
		}
	case briefing.ConnectDomain:
		p.Title = "This server doesn’t take that account"
		p.Facts = pageFacts(PageFact{"You just chose", f.Chosen})
		p.Lead = "It takes Google accounts of certain domains only. " + unchanged
		p.Main.Label = "Try again with another account"
	}
}

// enAtGoogle puts into words what Google said, or did not.
func enAtGoogle(p *Page, f FaultFacts, unchanged string) {
	operator := enOperator(f.Operator)
	later := fmt.Sprintf("Please try again in a moment. If you see this page again, tell %s.", operator)
	switch f.Fault {
	case briefing.ConnectPolicy:
		p.Title = "Your organisation’s policy is in the way"
		p.Lead = "Google didn’t allow this app because of the policy of the organisation this account belongs to. " + unchanged
		p.Body = []string{fmt.Sprintf("Please ask your organisation’s Google administrator to allow it. For the app’s name, ask %s.", operator)}
	case briefing.ConnectOutsider:
		p.Title = "That account is outside the organisation"
		p.Lead = "This server’s Google app takes accounts of one organisation only. " + unchanged
		p.Main.Label = "Try again with another account"
	case briefing.ConnectCode:
		p.Title = "Please connect from the start"
		p.Lead = "Google didn’t accept the code we just received. A code works once, and for a short time. " + unchanged
	case briefing.ConnectRefused:
		p.Title = "Google sent you back without connecting"
		p.Lead = unchanged
		p.Body = []string{later}
	case briefing.ConnectClient:
		p.Title = "This server’s settings are in the way"
		p.Lead = "Something is wrong with how its Google app is set up. " + unchanged
		p.Body = []string{fmt.Sprintf("Please show %s this page. Once it is mended you can connect.", operator)}
		p.Main = PageAction{}
	case briefing.ConnectUnreachable:
		p.Title = "Google isn’t answering"
		p.Lead = "We got no answer from Google, so we stopped here. " + unchanged
		p.Body = []string{"Please try again from the start in a moment."}
	case briefing.ConnectExchange:
		p.Title = "We couldn’t finish connecting"
		p.Lead = "Google didn’t confirm the connection. " + unchanged
		p.Body = []string{later}
	}
}
