package language

import (
	"fmt"
	"strings"
	"time"

	"achim/briefing"
)

// english is written as one colleague writes to another, with a 24-hour clock and day before month.
func english() Words {
	w := Words{Code: briefing.English}
	enGist(&w)
	enSummary(&w)
	enSections(&w)
	enFooter(&w)
	return w
}

// enGist fills in the header and the one line a phone shows.
func enGist(w *Words) {
	w.Title = func(d briefing.Date) string { return enDate(d) + ", your morning briefing" }
	w.Incomplete = "incomplete"
	w.Untitled = "(no title)"
	w.SeeAll = "see all"
	w.Whole = "In full"
	w.OpenGmail = "Open Gmail"
	w.OpenDay = "Open calendar"
	w.More = func(_ briefing.SourceName, n int) string { return fmt.Sprintf("and %d more", n) }
	w.CutLines = func(n int) string { return "… " + enCount(n, "line") + " left out here" }
	w.GistMeetings = enGistMeetings
	w.GistLeft = enGistLeft
	w.GistStale = func(n int, asOf time.Time, c Clock) string {
		when := enDay(c.DateOf(asOf), c.Today)
		if c.days(asOf) == 0 {
			when = c.HM(asOf)
		}
		return enCount(n, "meeting") + " (as of " + when + ")"
	}
	w.GistReply = func(n int, atLeast bool) string {
		if n == 0 {
			return "no emails to answer"
		}
		return enMails(n, atLeast, "email") + " to answer"
	}
	w.GistStories = func(n int) string { return enCountOf(n, "story", "stories") }
	w.GistNext = func(n NextMeeting, c Clock) string {
		day := enDay(n.Day, c.Today)
		if n.Day.DaysSince(c.Today) > 1 {
			day = "on " + enShortDate(n.Day) // a push has no room for more
		}
		if n.HM == "" {
			return "next meeting " + day
		}
		return "next meeting " + day + " at " + n.HM
	}
	w.GistTrouble = func(causes []string) string { return "⚠️ Incomplete: " + strings.Join(causes, ", ") }
	w.GistMissing = func(list []briefing.SourceName) string { return "⚠️ Incomplete: " + join(list, ", ", enName) }
	w.GistFilled = func(hm string) string { return "(filled in at " + hm + ")" }
	w.GistNothing = "Your morning briefing is here"
}

// enSummary fills in the day in two sentences.
func enSummary(w *Words) {
	w.Meetings = enMeetings
	w.Overlap = func(n int, hm string) string {
		return enNumber(n, true) + " overlap at " + hm + "."
	}
	w.Reply = enReply
	w.NoMeeting = "No meetings today."
	w.NoneOn = "No meetings."
	w.NoReply = "No emails need an answer."
	w.NoReplyOf = func(n int) string {
		if n == 1 {
			return "The one email looked at needs no answer."
		}
		return fmt.Sprintf("None of the %d emails looked at needs an answer.", n)
	}
	w.Quiet = "No meetings and no emails to answer today."
	w.QuietOn = "No meetings and no emails to answer."
	w.Wish = func(day time.Weekday) string { return "Have a good " + day.String() + "." }
	w.Lost = enLost
	w.Holiday = func(name string) string { return "Today is a holiday: " + name + "." }
	w.Next = enNext
	w.NewEvents = enNewEvents
	w.Gone = enGone
}

// enSections fills in calendar, mail and news.
func enSections(w *Words) {
	w.MeetingsHead = func(n int) string {
		if n == 0 {
			return "Calendar"
		}
		return enCount(n, "meeting")
	}
	w.EmptyCopy = func(asOf time.Time, c Clock) string {
		return "nothing in the copy read at " + enMoment(asOf, c) + "; what has changed since is not known"
	}
	w.StaleNote = func(asOf time.Time, c Clock) string {
		return "as of " + enMoment(asOf, c) + "; later changes are not included"
	}
	w.ReadOf = func(ok, of int) string { return fmt.Sprintf("from %d of %s", ok, enCount(of, "calendar")) }
	w.AllDay = "all day"
	w.UntilDay = func(d, today briefing.Date) string { return "until " + enDay(d, today) }
	w.UntilHour = func(hm string) string { return "until " + hm }
	w.Span = enSpan
	w.Video = "video"
	w.Phone = "phone"
	w.Overlaps = "overlaps"
	w.New = "new"
	w.Busy = "Busy"
	w.Tentative = "not accepted yet"
	w.ReplyHead = func(n int, atLeast bool) string { return enMails(n, atLeast, "email") + " to answer" }
	w.ReplyOf = enReplyOf
	w.Due = enDue
	w.Overdue = enOverdue
	w.Quote = func(s string) string { return "“" + s + "”" }
	w.Rest = func(n int, atLeast bool) string {
		if atLeast {
			return fmt.Sprintf("The other %d or more", n)
		}
		return fmt.Sprintf("The other %d", n)
	}
	w.Mails = func(n int, atLeast bool) string { return enMails(n, atLeast, "email") }
	w.NewMail = func(n int, atLeast bool) string { return enMails(n, atLeast, "new email") }
	w.Group = enGroup
	w.StoriesHead = func(n int) string { return enCountOf(n, "story", "stories") }
	w.ItemsHead = func(s briefing.SourceName, n int) string { return fmt.Sprintf("%s: %d", enTitle(s), n) }
	w.Also = func(publisher string, others int) string {
		if publisher == "" {
			return enCount(others, "other")
		}
		return publisher + " and " + enCount(others, "other")
	}
	w.Age = enAge
	w.NoStories = "no new stories"
}

// enCount is "1 email" and "2 emails".
func enCount(n int, one string) string { return enCountOf(n, one, one+"s") }

func enCountOf(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func enMails(n int, atLeast bool, one string) string {
	if atLeast {
		return fmt.Sprintf("%d or more %ss", n, one)
	}
	return enCount(n, one)
}

// enNumber spells small numbers, as one does in a sentence.
func enNumber(n int, capital bool) string {
	words := [...]string{
		"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
	}
	if n < 0 || n >= len(words) {
		return fmt.Sprint(n)
	}
	if capital {
		return strings.ToUpper(words[n][:1]) + words[n][1:]
	}
	return words[n]
}

func enGistMeetings(n int, first string) string {
	switch {
	case n == 0:
		return "no meetings today"
	case first == "":
		return enCount(n, "meeting")
	case n == 1:
		return "1 meeting at " + first
	default:
		return fmt.Sprintf("%d meetings, first at %s", n, first)
	}
}

func enGistLeft(n, left int, next string) string {
	switch {
	case left == 0:
		return enCount(n, "meeting") + ", all over"
	case next == "":
		return fmt.Sprintf("%s, %d left", enCount(n, "meeting"), left)
	default:
		return fmt.Sprintf("%s, %d left, next at %s", enCount(n, "meeting"), left, next)
	}
}

func enMeetings(m FirstMeeting) Phrase {
	first := Piece{Text: m.Title + " at " + m.HM, Bold: true}
	today := " today"
	if m.Holiday {
		today = ""
	}
	many := enNumber(m.Count, true) + " meeting" + map[bool]string{false: "s"}[m.Count == 1] + today
	switch {
	case m.Left == 0 && m.Count == 1:
		return Plain("The one meeting" + today + " is over.")
	case m.Left == 0 && m.Count == 2:
		return Plain("Both meetings" + today + " are over.")
	case m.Left == 0:
		return Plain("All " + enNumber(m.Count, false) + " meetings" + today + " are over.")
	case m.HM == "" && m.Left == m.Count:
		return Plain(many + ".")
	case m.HM == "":
		return Plain(many + ", " + enNumber(m.Left, false) + " left.")
	case m.Left < m.Count:
		return Phrase{{Text: many + ", " + enNumber(m.Left, false) + " left. Next: "}, first, {Text: "."}}
	case m.Count == 1:
		return Phrase{{Text: many + ": "}, first, {Text: "."}}
	}
	return Phrase{{Text: many + ", starting with "}, first, {Text: "."}}
}

func enReply(r Replies, c Clock) Phrase {
	if r.Count == 1 && !r.AtLeast {
		if r.Due == 0 {
			return Plain("One email needs an answer.")
		}
		return Phrase{{Text: "One email needs an answer "}, {Text: enDue(r.DueAt, c), Bold: true}, {Text: "."}}
	}
	need := enNumber(r.Count, true) + " emails need an answer"
	if r.AtLeast {
		need = enNumber(r.Count, true) + " or more emails need an answer"
	}
	switch r.Due {
	case 0:
		return Plain(need + ".")
	case 1:
		return Phrase{{Text: need + ", one "}, {Text: enDue(r.DueAt, c), Bold: true}, {Text: "."}}
	}
	some := enNumber(r.Due, false)
	switch {
	case r.AtLeast:
	case r.Due >= r.Count && r.Count == 2:
		some = "both"
	case r.Due >= r.Count:
		some = "all"
	}
	if c.allDay(r.DueAt) {
		return Phrase{{Text: need + ", " + some + " "}, {Text: "by today", Bold: true}, {Text: "."}}
	}
	return Phrase{{Text: need + ", " + some + " "}, {Text: "by today", Bold: true}, {Text: " and the first by "},
		{Text: c.HM(r.DueAt), Bold: true}, {Text: "."}}
}

func enNext(n NextMeeting, c Clock) Phrase {
	day := enDay(n.Day, c.Today)
	switch {
	case n.Holiday && n.Works && n.Day.DaysSince(c.Today) > 1:
		day = "The next working day (" + day + ") starts with "
	case n.Day.DaysSince(c.Today) == 1:
		day = "Tomorrow starts with "
	default:
		day += " starts with "
	}
	p := Phrase{{Text: day}, {Text: n.Title, Bold: true, URL: n.URL}}
	if n.HM != "" {
		p = append(p, Piece{Text: " at " + n.HM, Bold: true})
	}
	return append(p, Piece{Text: "."})
}

func enNewEvents(n int, events []Piece) Phrase {
	return listed(enCountOf(n, "meeting is new", "meetings are new"), events)
}

func enGone(n int, events []Piece) Phrase {
	return listed(enCountOf(n, "meeting is no longer there", "meetings are no longer there"), events)
}

// enSpan is "10:00–11:00"; a zero end leaves the start alone, and another day than today is named.
func enSpan(start, end time.Time, c Clock) string {
	if end.IsZero() {
		return enMoment(start, c)
	}
	return enMoment(start, c) + "–" + enMoment(end, c)
}

func enReplyOf(m MailCount, c Clock) string {
	of := fmt.Sprintf("of %d", m.Total)
	if m.AtLeast {
		of += " or more"
	}
	if m.Partial {
		of += " read"
	}
	if !m.Since.IsZero() {
		of += " since " + enMoment(m.Since, c)
	}
	if m.InThreads > m.Threads {
		of += fmt.Sprintf(", %d with their threads", m.InThreads)
	}
	return of
}

func enGroup(g briefing.Group, n int, atLeast bool) string {
	number := fmt.Sprint(n)
	if atLeast {
		number += " or more"
	}
	switch g {
	case briefing.NeedsReply:
		return number + " to answer"
	case briefing.Important:
		return number + " important"
	case briefing.Notice, briefing.Newsletter:
		if n == 1 && !atLeast {
			return number + " " + string(g)
		}
		return number + " " + string(g) + "s"
	default:
		return number + " not sorted"
	}
}

// enName is what a source is called in the middle of a sentence.
func enName(s briefing.SourceName) string {
	switch s {
	case briefing.Gmail:
		return "Gmail"
	default:
		return string(s)
	}
}

// enAnd is "mail", "mail and calendar", "mail, calendar and news".
func enAnd(list []briefing.SourceName, word func(briefing.SourceName) string) string {
	s := ""
	for i, source := range list {
		switch {
		case i > 0 && i == len(list)-1:
			s += " and "
		case i > 0:
			s += ", "
		}
		s += word(source)
	}
	return s
}

func enContent(s briefing.SourceName) string {
	if s == briefing.Gmail {
		return "mail"
	}
	return enName(s)
}
