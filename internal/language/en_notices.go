package language

import (
	"fmt"
	"time"

	"achim/briefing"
)

// enNotice has its own words for every kind of notice.
func enNotice(f NoticeFacts) NoticeWords {
	switch f.Kind {
	case briefing.NoticeWelcome:
		return enWelcome(f)
	case briefing.NoticeReminder:
		return enReminder(f)
	case briefing.NoticeGrantDead:
		return enGrantDead(f)
	case briefing.NoticeGrantEnding:
		return enGrantEnding(f)
	case briefing.NoticeLeft:
		return enLeft(f)
	case briefing.NoticeTesting:
		return enTestingNotice()
	default:
		return enTroubleNotice(f)
	}
}

const (
	enReadsOnly = "Achim only reads. It never sends, changes or deletes mail."
	enOneMinute = "Takes a minute."
	enConnectIt = "Connect Gmail and Calendar"
	enOpens     = ", opens the browser"
)

func enWelcome(f NoticeFacts) NoticeWords {
	contents := f.google("mail", "meetings", "meetings and mail")
	if f.News {
		contents = f.google("mail and news", "meetings and news", "meetings, mail and news")
	}
	first := "on " + enDate(f.Clock.DateOf(f.Next)) + " at " + f.Clock.HM(f.Next)
	w := NoticeWords{
		Push:  "Your morning briefing begins · the first one comes " + first,
		Title: fmt.Sprintf("Hello %s, this is Achim, your morning briefing.", f.Name),
		Lines: []string{
			fmt.Sprintf("%s at %s you get the day's %s here, in one message. The first one comes %s.", enWeekdays(f.Weekdays), f.At, contents, first),
		},
		Notes: []string{enReadsOnly, fmt.Sprintf("Subjects and one-line summaries from your briefings stay on this server for %d days; message bodies are never stored.", f.KeepDays)},
	}
	if f.Operator != "" {
		w.Notes[1] += fmt.Sprintf(" The server is run by %s.", f.Operator)
	}
	if f.Connected {
		w.Lines = append(w.Lines, "Google is connected already, so there is nothing for you to do.")
		return w
	}
	w.Lines = append(w.Lines, "Connect Google, and it brings your "+f.google("mail", "calendar", "mail and calendar")+" too."+enAskIf(f))
	w.Button, w.Spoken = enConnectIt, enConnectIt+enOpens
	return w
}

func enReminder(f NoticeFacts) NoticeWords {
	w := NoticeWords{
		Push:   "Connect Google, and your briefing brings " + f.google("mail", "calendar", "mail and calendar") + " too",
		Title:  "Google isn't connected yet, so your briefing comes without " + f.google("mail", "calendar", "mail and calendar") + ".",
		Lines:  []string{"Connect it, and the next briefing brings both." + enAskIf(f)},
		Button: enConnectIt, Spoken: enConnectIt + enOpens,
		Notes: []string{enOneMinute + " " + enReadsOnly},
	}
	if !f.Next.IsZero() {
		w.Lines[0] = "Connect it now, and the briefing " + enAt(f.Next, f.Clock) + " brings both." + enAskIf(f)
	}
	if f.NoLink {
		w.Notes[0] = enReadsOnly
	}
	if f.Last {
		w.Notes = append(w.Notes, "We won't remind you again.")
	}
	return w
}

func enGrantDead(f NoticeFacts) NoticeWords {
	w := NoticeWords{
		Push:   "Your Google connection was cut off · reconnect now and your briefings stay whole",
		Title:  "Your Google connection was cut off.",
		Lines:  []string{"We noticed " + enAt(f.Since, f.Clock) + "."},
		Button: "Reconnect Gmail and Calendar", Spoken: "Reconnect Gmail and Calendar" + enOpens,
		Notes: []string{enOneMinute + " Google doesn't tell us why; it often follows a password change."},
	}
	again := "Reconnect, and they come as usual."
	if !f.Next.IsZero() {
		next := enPossessive(f.Next, f.Clock)
		w.Push = "Your Google connection was cut off · reconnect now and " + next + " briefing stays whole"
		again = fmt.Sprintf("Leave it, and %s %s briefing comes without %s. Reconnect now and it comes as usual.", next, f.Clock.HM(f.Next),
			f.google("mail", "calendar", "mail and calendar"))
	}
	w.Lines = append(w.Lines, again+enAskIf(f))
	if f.NoLink {
		w.Notes = nil
	}
	return w
}

func enGrantEnding(f NoticeFacts) NoticeWords {
	ends, next, hm := enDay(f.Clock.DateOf(f.Ends), f.Clock.Today), enPossessive(f.Next, f.Clock), f.Clock.HM(f.Ends)
	day := ends
	switch n := f.Clock.days(f.Ends); {
	case n == 1:
		day += " (" + f.Clock.DateOf(f.Ends).Weekday().String()[:3] + ")"
	case n > 1:
		ends, day = "on "+ends, "on "+day
	}
	w := NoticeWords{
		Push:  fmt.Sprintf("Your Google connection ends %s at %s · renew now and %s briefing stays whole", ends, hm, next),
		Title: fmt.Sprintf("Your Google connection ends %s at %s.", day, hm),
		Lines: []string{fmt.Sprintf("Leave it, and %s %s briefing comes without %s. Renew now and it comes as usual.",
			next, f.Clock.HM(f.Next), f.google("mail", "calendar", "mail and calendar")) + enAskIf(f)},
		Button: "Renew now", Spoken: "Renew the Google connection now" + enOpens,
		Notes: []string{enOneMinute + " We won't remind you again about this one."},
	}
	if f.NoLink {
		w.Notes[0] = "We won't remind you again about this one."
	}
	if f.Testing {
		why := "This server's Google app is still in “Testing”, so connections end every 7 days."
		if f.Told {
			why += " We've told " + enAdmin(f.Operator) + " as well."
		}
		w.Notes = append(w.Notes, why)
	}
	return w
}

func enLeft(f NoticeFacts) NoticeWords {
	what := "their Slack account is deactivated"
	if f.Reader.LeftReason == briefing.LeftGoogle {
		what = "their Google account was deleted"
	}
	return NoticeWords{
		Push:  "A reader is gone, and their briefings have stopped",
		Title: fmt.Sprintf("The briefings of %s have stopped: %s.", f.Name, what),
		Lines: []string{
			"We noticed " + enAt(f.Since, f.Clock) + ". Google and Slack are not called for them any more.",
			fmt.Sprintf("After %d %s what is kept of them is erased and their Google connection is revoked.", f.EraseOn.Day, f.EraseOn.Month),
			fmt.Sprintf("Are they back? achim users set --user %s --back", f.Reader.ID),
		},
	}
}

func enTestingNotice() NoticeWords {
	return NoticeWords{
		Push:  "The Google app is in “Testing”: readers' connections end every 7 days",
		Title: "The Google app is still in “Testing”, so readers' Google connections end every 7 days.",
		Lines: []string{
			"Publish it on the OAuth consent screen in the Google Cloud console, or make it “Internal” if one organisation uses it.",
			"When every reader has connected once more after that, connections no longer end.",
		},
	}
}

func enTroubleNotice(f NoticeFacts) NoticeWords {
	what, remedy := enCauseFor(MorningCause{Outcome: briefing.OutcomeDelivered, Reason: f.Reason})
	if f.Source != "" {
		what += " (" + enName(f.Source) + ")"
	}
	return NoticeWords{
		Push:  what + " · readers' briefings are incomplete",
		Title: what,
		Lines: []string{"We noticed " + enAt(f.Since, f.Clock) + ". Until it is mended, readers' briefings are incomplete.", remedy},
	}
}

// enAskIf says whom to ask where there is nothing to press.
func enAskIf(f NoticeFacts) string {
	if !f.NoLink {
		return ""
	}
	return " " + enAsk(f.Operator)
}

// enPossessive is "tomorrow's", "Monday's".
func enPossessive(t time.Time, c Clock) string {
	switch n := c.days(t); {
	case n >= 0 && n <= 1:
		return enDay(c.DateOf(t), c.Today) + "'s"
	default:
		return c.DateOf(t).Weekday().String() + "'s"
	}
}

// enWeekdays is "Every day", "Monday to Friday" or "On Mon, Wed and Fri".
func enWeekdays(set briefing.Weekdays) string {
	switch set {
	case briefing.EveryDay:
		return "Every day"
	case workweek:
		return "Monday to Friday"
	}
	s, days := "On ", weekdaysFromMonday(set)
	for i, day := range days {
		switch {
		case i > 0 && i == len(days)-1:
			s += " and "
		case i > 0:
			s += ", "
		}
		s += day.String()[:3]
	}
	return s
}
