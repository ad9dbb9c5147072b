package language

import (
	"fmt"
	"strings"

	"achim/briefing"
)

// enTrouble has its own words for every reason. It names no cause that is not known.
func enTrouble(t Trouble) TroubleWords {
	w := TroubleWords{Title: enCause(t)}
	names := enAnd(t.affected(), enName)
	if t.partly() {
		names = "part of " + names
	}
	switch t.Reason.Mender() {
	case briefing.MenderReader:
		enReader(&w, t, names)
	case briefing.MenderAdmin:
		w.Lines = append(enFacts(t), "Please ask your organisation's Google administrator to allow this app.",
			"Your connection is kept, and we look again every day.")
		w.Short = names + " not allowed"
	case briefing.MenderOperator:
		w.Lines = enFacts(t)
		remedy := "Nothing for you to do. We'll fill in this message once it is fixed."
		switch {
		case !t.ToldAt.IsZero():
			remedy = "Nothing for you to do. We told " + enAdmin(t.Operator) + " " + enAt(t.ToldAt, t.Clock) + "."
		case t.refusedFeed():
			remedy = "Nothing for you to do. Only " + enAdmin(t.Operator) + " can fix it."
		}
		w.Lines = append(w.Lines, remedy)
		w.Short = names + " not read"
	default:
		w.Lines = append(enFacts(t), "Nothing for you to do. We'll fill in this message as soon as we've read it.")
		w.Short = names + " not read yet"
	}
	return w
}

// enReader fills in what the reader can mend with a press.
func enReader(w *TroubleWords, t Trouble, names string) {
	all := enAnd(t.Sources, enTitle)
	w.Lines = enFacts(t)
	fill := "Reconnect and we'll fill in this message right away."
	w.Button, w.Spoken = "Reconnect "+all, "Reconnect "+all+", opens the browser"
	w.Note = "Takes a minute. Google doesn't tell us why; it often follows a password change."
	w.Short = "reconnect " + enAnd(t.affected(), enTitle)
	if t.Unusable {
		w.Note = "Takes a minute."
	}
	if t.Reason == briefing.ScopeMissing {
		box := "The " + enAnd(t.Sources, enTitle) + " box wasn't ticked when you last connected."
		if len(t.Sources) > 1 {
			box = "The " + enAnd(t.Sources, enTitle) + " boxes weren't ticked when you last connected."
		}
		w.Lines = append(w.Lines, box)
		fill = "Add the permission and we'll fill in this message right away."
		w.Button, w.Spoken = "Add "+all+" permission", "Add "+all+" permission, opens the browser"
		w.Note = "Takes a minute."
		w.Short = names + " permission needed"
	}
	w.Lines = append(w.Lines, fill)
	if t.NoLink {
		w.Lines = append(w.Lines, enAsk(t.Operator))
		w.Button, w.Spoken, w.Note = "", "", ""
	}
}

// enTitle is a source's name where it is a name of its own, as on a button.
func enTitle(s briefing.SourceName) string {
	name := enName(s)
	if name == "" {
		return ""
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

// enCause is the sentence that says what is missing and why.
func enCause(t Trouble) string {
	what := enObject(t)
	failed, late := ", so we couldn't read "+what+".", ", so we haven't read "+what+" yet."
	who, whose := "Google", "Google's answer"
	switch {
	case t.Provider == briefing.Feeds:
		who, whose = "The news site", "The news site's answer"
	case t.Provider != briefing.Google:
		who = enAnd(t.Sources, enTitle)
		whose = who + "'s answer"
	}
	switch t.Reason {
	case briefing.ReauthRequired:
		if t.Unusable {
			return "What was stored of your Google connection can't be used" + failed
		}
		return "Your Google connection was cut off" + failed
	case briefing.ScopeMissing:
		return enAnd(t.Sources, enTitle) + " permission is missing" + failed
	case briefing.ClientMisconfigured:
		return "A setting of this server is wrong" + failed
	case briefing.APIDisabled:
		return "The " + enAnd(t.Sources, enTitle) + " API is switched off in this server's Google project" + failed
	case briefing.PolicyBlocked:
		return "Your Google account or organisation doesn't allow it" + failed
	case briefing.RateLimited:
		return who + " is limiting how often we may ask" + late
	case briefing.Timeout:
		return who + " is slow to answer" + late
	case briefing.Unavailable:
		return who + " isn't answering properly" + late
	case briefing.Malformed:
		if t.Locked {
			return "This server lacks the key to what it has stored of your Google connection" + failed
		}
		return whose + " could not be understood" + failed
	case briefing.Internal:
		return "Something went wrong inside Achim" + failed
	default:
		return "We couldn't read " + what + "."
	}
}

// enObject is what could not be read: "your mail and calendar", "1 of your 3 calendars".
func enObject(t Trouble) string {
	var missing []briefing.SourceName
	var words []string
	for _, s := range t.Sources {
		switch {
		case has(t.Missing, s):
			missing = append(missing, s)
		case has(t.Partial, s):
			words = append(words, enSome(t, s))
		}
	}
	if len(missing) > 0 {
		words = append([]string{enYour(missing)}, words...)
	}
	if len(words) == 0 {
		return "what is new in " + enYour(t.Sources)
	}
	return strings.Join(words, " and ")
}

// enYour is "your mail and calendar", and "the news", which is nobody's.
func enYour(list []briefing.SourceName) string {
	if len(list) == 1 && list[0] == briefing.News {
		return "the news"
	}
	return "your " + enAnd(list, enContent)
}

func enSome(t Trouble, s briefing.SourceName) string {
	if s == briefing.Calendar && t.Parts > t.PartsOK {
		return fmt.Sprintf("%d of your %s", t.Parts-t.PartsOK, enCount(t.Parts, "calendar"))
	}
	return "some of " + enYour([]briefing.SourceName{s})
}

// enFacts says since when, and what mail that leaves out.
func enFacts(t Trouble) []string {
	line := ""
	if !t.Since.IsZero() && (t.lasting() || t.Reason == briefing.ReauthRequired) {
		line = "We noticed " + enAt(t.Since, t.Clock) + "."
	}
	if !t.LastOK.IsZero() && (t.lasting() || t.Reason == briefing.ReauthRequired) {
		when := " that arrived after " + enMoment(t.LastOK, t.Clock) + " is missing here."
		switch {
		case has(t.Missing, briefing.Gmail):
			line += " Anything" + when
		case has(t.Partial, briefing.Gmail):
			line += " Some mail" + when
		}
	}
	if line = strings.TrimSpace(line); line == "" {
		return nil
	}
	return []string{line}
}

// enAdmin names who runs the server. "Your administrator" would pass for the one of the reader's Workspace.
func enAdmin(operator string) string {
	if operator == "" {
		return "whoever runs Achim"
	}
	return operator
}

func enAsk(operator string) string { return "Ask " + enAdmin(operator) + " for a connection link." }

func enInvite(i Invitation) TroubleWords {
	w := TroubleWords{
		Title:  "Connect Google, and this briefing brings your mail and calendar too.",
		Button: "Connect Gmail and Calendar",
		Spoken: "Connect Gmail and Calendar, opens the browser",
		Note:   "Takes a minute. Achim only reads. It never sends, changes or deletes mail.",
		Short:  "mail and calendar not connected yet",
	}
	switch i.Alone {
	case briefing.Gmail:
		w.Title, w.Short = "Connect Google, and this briefing brings your mail too.", "mail not connected yet"
	case briefing.Calendar:
		w.Title, w.Short = "Connect Google, and this briefing brings your calendar too.", "calendar not connected yet"
	}
	if i.News {
		w.Lines = append(w.Lines, "You haven't connected yet, so today it brings the news alone.")
	}
	if i.NoLink {
		w.Lines = append(w.Lines, enAsk(i.Operator))
		w.Button, w.Spoken = "", ""
		w.Note = "Achim only reads. It never sends, changes or deletes mail."
	}
	return w
}
