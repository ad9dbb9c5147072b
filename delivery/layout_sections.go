package delivery

import (
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"achim/briefing"
	"achim/internal/language"
)

// fewMeetings is up to how many are told with their end: beyond it a list is read by its starts.
const fewMeetings = 5

// calendar adds the day's meetings, whole-day events apart.
func (l *layout) calendar(d *document, s briefing.Shown) {
	var meetings []briefing.Item
	var allDay []language.Phrase
	for _, item := range s.Items {
		switch {
		case item.Group == briefing.Meeting:
			meetings = append(meetings, item)
		case item.Group == briefing.AllDay, item.Group == briefing.Holiday && l.b.Gist.Holiday == "":
			allDay = append(allDay, l.wholeDay(item))
		}
	}
	total := max(s.Count(briefing.Meeting), len(meetings))
	stale := s.Verdict.State == briefing.VerdictStale
	if total == 0 && len(allDay) == 0 && !stale {
		return
	}
	p := part{kind: section, id: "calendar", list: listMeetings, source: s.Source, asked: true, hidden: total - len(meetings)}
	var notes []language.Phrase
	switch {
	case stale && total == 0 && len(allDay) == 0:
		notes = append(notes, language.Plain(l.words.EmptyCopy(s.Verdict.AsOf, l.clock)))
	case stale:
		notes = append(notes, language.Plain(l.words.StaleNote(s.Verdict.AsOf, l.clock)))
	}
	if s.Verdict.State == briefing.VerdictPartial && s.Parts > s.PartsOK {
		notes = append(notes, language.Plain(l.words.ReadOf(s.PartsOK, s.Parts)))
	}
	if len(allDay) > 0 {
		notes = append(notes, l.wholeDays(allDay, max(s.Count(briefing.AllDay), len(allDay))))
	}
	if total == 0 && !stale {
		line := dotted(notes...)
		line[0].Text = capital(line[0].Text)
		p.head = append(p.head, line)
		d.add(p)
		return
	}
	p.head = append(p.head, brackets(language.Strong(l.words.MeetingsHead(total)), dotted(notes...)))
	for _, item := range meetings {
		p.items = append(p.items, l.meeting(item, total > fewMeetings))
	}
	p.more = func(n int) language.Phrase {
		return l.cut(briefing.Calendar, n, l.words.OpenDay, dayURL(l.b.Date, s.Account))
	}
	d.add(p)
}

// wholeDays is "종일: ‹…›, ‹…›"; beyond a few they are counted.
func (l *layout) wholeDays(events []language.Phrase, total int) language.Phrase {
	line := language.Plain(l.words.AllDay + ": ")
	shown := min(len(events), l.room.named)
	for i, e := range events[:shown] {
		if i > 0 {
			line = append(line, language.Piece{Text: ", "})
		}
		line = append(line, e...)
	}
	if rest := total - shown; rest > 0 {
		line = append(line, language.Piece{Text: " " + l.words.More(briefing.Calendar, rest)})
	}
	return line
}

func (l *layout) wholeDay(item briefing.Item) language.Phrase {
	p := language.Phrase{{Text: clean(l.titled(item.Title), l.room.name), URL: safeURL(item.URL)}}
	switch {
	case l.b.Date.Before(item.LastDay):
		p = append(p, language.Piece{Text: " " + l.words.UntilDay(item.LastDay, l.b.Date)})
	case !item.End.IsZero():
		p = append(p, language.Piece{Text: " " + l.words.UntilHour(l.clock.HM(item.End))})
	}
	return p
}

// meeting is "09:30 ‹title› · place · ‹video› · *overlaps*".
func (l *layout) meeting(item briefing.Item, startsOnly bool) language.Phrase {
	end := item.End
	if startsOnly && !item.Has(briefing.MarkOverlaps) {
		end = time.Time{}
	}
	line := language.Phrase{
		{Text: l.words.Span(item.At, end, l.clock) + " "},
		{Text: l.titled(item.Title), URL: safeURL(item.URL)},
	}
	facts := []language.Phrase{line}
	place, join := item.Place, safeURL(item.JoinURL)
	if link := safeURL(place); link != "" { // people paste the meeting's address as its place
		place = ""
		if join == "" {
			join = link
		}
	}
	facts = append(facts, language.Plain(clean(place, l.room.place)))
	switch {
	case item.Phone:
		facts = append(facts, language.Phrase{{Text: l.words.Phone, URL: join}})
	case join != "":
		facts = append(facts, language.Phrase{{Text: l.words.Video, URL: join}})
	}
	if item.Has(briefing.MarkOverlaps) {
		facts = append(facts, language.Strong(l.words.Overlaps))
	}
	if item.Has(briefing.MarkNew) {
		facts = append(facts, language.Strong(l.words.New))
	}
	if item.Has(briefing.MarkTentative) {
		facts = append(facts, language.Plain(l.words.Tentative))
	}
	return dotted(facts...)
}

// mail adds the mails to answer, and counts the others so that the numbers add up.
func (l *layout) mail(d *document, s briefing.Shown) {
	if s.Verdict.State == briefing.VerdictFailed || s.Verdict.State == briefing.VerdictNotConnected {
		return
	}
	var replies []briefing.Item
	for _, item := range s.Items {
		if item.Group == briefing.NeedsReply {
			replies = append(replies, item)
		}
	}
	n := max(l.some(l.b.Gist.NeedsReply, briefing.Gmail), len(replies)) // threads, of which some hold several mails
	mails := max(s.Count(briefing.NeedsReply), n)
	all := max(s.Total(), mails)
	if n > 0 {
		of := l.words.ReplyOf(language.MailCount{
			Since: s.Window.From, Total: all, AtLeast: s.AtLeast, Partial: s.Verdict.State == briefing.VerdictPartial,
			Threads: n, InThreads: mails,
		}, l.clock)
		p := part{kind: section, id: "mail", list: listReplies, source: s.Source, asked: true, hidden: n - len(replies)}
		p.head = append(p.head, brackets(language.Strong(l.words.ReplyHead(n, l.beyond(briefing.Gmail))), language.Plain(of)))
		for _, item := range replies {
			p.items = append(p.items, l.reply(item, s.Count(briefing.Unsorted) > 0))
		}
		p.more = func(n int) language.Phrase { return l.cut(briefing.Gmail, n, l.words.OpenGmail, inboxURL(s.Account)) }
		d.add(p)
	}
	if rest := all - mails; rest > 0 && !l.quiet() {
		d.add(part{kind: smallPrint, id: "mail-rest", head: []language.Phrase{l.rest(s, n, rest)}})
	}
}

// reply is "sender ‹subject› · *by 18:00 today*", or with the question it asks. A thread tells how many mails it holds,
// or at least holds when there are mails that nobody has looked at.
func (l *layout) reply(item briefing.Item, atLeast bool) language.Phrase {
	line := language.Phrase{}
	if from := clean(item.From, l.room.name); from != "" {
		line = append(line, language.Piece{Text: from + " "})
	}
	line = append(line, language.Piece{Text: l.titled(item.Title), URL: safeURL(item.URL)})
	if item.Also > 0 {
		line = append(line, language.Piece{Text: " (" + l.words.Mails(item.Also+1, atLeast) + ")"})
	}
	switch {
	case item.Due.IsZero():
	case l.clock.Past(item.Due, l.b.At):
		return dotted(line, language.Strong(l.words.Overdue(item.Due, l.clock)))
	default:
		return dotted(line, language.Strong(l.words.Due(item.Due, l.clock)))
	}
	if text := l.quoted(item.Text); text != "" {
		line = append(line, language.Piece{Text: " " + l.words.Quote(text)})
	}
	return line
}

// quoted is a sentence in the room there is for one. Where that is little, a beginning says nothing: it is told whole or not.
func (l *layout) quoted(text string) string {
	if !l.room.wholeQuotes {
		return clean(text, l.room.quote)
	}
	if text = clean(text, maxQuote); utf8.RuneCountInString(text) > l.room.quote {
		return ""
	}
	return text
}

// rest is "나머지 25통: 중요 5 · 알림 12 · 뉴스레터 8 · ‹Gmail에서 보기›".
func (l *layout) rest(s briefing.Shown, replies, rest int) language.Phrase {
	total := l.words.Rest(rest, s.AtLeast)
	if replies == 0 {
		total = l.words.NewMail(rest, s.AtLeast)
	}
	line := language.Plain(total + ": " + joined(l.groups(s, rest)...))
	return dotted(line, language.Phrase{{Text: l.words.OpenGmail, URL: inboxURL(s.Account), Only: true}})
}

// groups counts the mail that needs no answer, group by group; what no group claims is told as such.
func (l *layout) groups(s briefing.Shown, rest int) []string {
	var out []string
	for _, g := range []briefing.Group{briefing.Important, briefing.Notice, briefing.Newsletter} {
		if n := s.Count(g); n > 0 {
			out = append(out, l.words.Group(g, n, false))
			rest -= n
		}
	}
	if rest > 0 {
		out = append(out, l.words.Group(briefing.Unsorted, rest, s.AtLeast))
	}
	return out
}

// news adds the stories, and in their form what a source brings that has no section of its own here.
func (l *layout) news(d *document, s briefing.Shown) {
	if len(s.Items) == 0 {
		if s.Verdict.State == briefing.VerdictEmpty && s.Source == briefing.News {
			d.add(part{kind: smallPrint, id: "news", head: []language.Phrase{language.Plain(capital(l.words.NoStories))}})
		}
		return
	}
	p := part{kind: section, id: string(s.Source), list: listStories, source: s.Source, headed: true, hidden: s.Cut}
	p.counted = func(shown int) language.Phrase {
		if s.Source != briefing.News {
			return language.Strong(l.words.ItemsHead(s.Source, shown))
		}
		return language.Strong(l.words.StoriesHead(shown))
	}
	for _, item := range s.Items {
		p.items = append(p.items, l.story(item))
	}
	p.more = func(n int) language.Phrase { return l.cut(s.Source, n, "", "") }
	d.add(p)
}

// story is "‹headline› · publisher and 2 others · 1 hour ago".
func (l *layout) story(item briefing.Item) language.Phrase {
	all := *l
	all.room = l.newsRoom
	facts := []language.Phrase{{{Text: all.titled(item.Title), URL: safeURL(item.URL)}}}
	publisher := clean(item.From, l.newsRoom.name)
	if item.Also > 0 {
		publisher = l.words.Also(publisher, item.Also)
	}
	facts = append(facts, language.Plain(publisher))
	if !item.At.IsZero() {
		facts = append(facts, language.Plain(l.words.Age(item.At, l.b.At, l.clock)))
	}
	return dotted(facts...)
}

// cut is "외 22건 · ‹모두 보기›": to the briefing's page when there is one, else to where the items live.
func (l *layout) cut(source briefing.SourceName, n int, label, address string) language.Phrase {
	count := language.Plain(l.words.More(source, n))
	page := l.pageURL + "#" + anchor(source)
	if l.here {
		page = "#" + anchor(source)
	}
	switch {
	case l.pageURL != "":
		return dotted(count, language.Phrase{{Text: l.words.SeeAll, URL: page, Only: true}})
	case address != "":
		return dotted(count, language.Phrase{{Text: label, URL: address, Only: true}})
	default:
		return count
	}
}

// inboxURL opens the account's mail whichever accounts the browser knows, and in whatever order.
func inboxURL(account string) string {
	if account = mailAccount(account); account == "" {
		return "https://mail.google.com/mail/"
	}
	return "https://mail.google.com/mail/u/?authuser=" + account
}

// dayURL opens the date in Google Calendar.
func dayURL(d briefing.Date, account string) string {
	address := fmt.Sprintf("https://calendar.google.com/calendar/r/day/%d/%d/%d", d.Year, int(d.Month), d.Day)
	if account = mailAccount(account); account != "" {
		address += "?authuser=" + account
	}
	return address
}

// mailAccount returns a mail address fit for a link, "" for what is none.
func mailAccount(account string) string {
	if len(account) > 254 || !strings.Contains(account, "@") || strings.ContainsAny(account, " \t\r\n") {
		return ""
	}
	return url.QueryEscape(account)
}
