package language

import (
	"fmt"
	"strings"
	"time"

	"achim/briefing"
)

// korean is written in 합쇼체, without 귀하 or 당신; items end in nouns.
func korean() Words {
	w := Words{Code: briefing.Korean}
	koGist(&w)
	koSummary(&w)
	koSections(&w)
	koFooter(&w)
	return w
}

// koGist fills in the header and the one line a phone shows.
func koGist(w *Words) {
	w.Title = func(d briefing.Date) string { return koDate(d) + " 아침 브리핑" }
	w.Incomplete = "일부 누락"
	w.Untitled = "(제목 없음)"
	w.SeeAll = "모두 보기"
	w.Whole = "전체 목록"
	w.OpenGmail = "Gmail에서 보기"
	w.OpenDay = "캘린더에서 보기"
	w.More = func(s briefing.SourceName, n int) string { return "외 " + koCount(s, n) }
	w.CutLines = func(n int) string { return fmt.Sprintf("… 여기서 %d줄을 줄였습니다", n) }
	w.GistMeetings = koGistMeetings
	w.GistLeft = koGistLeft
	w.GistStale = func(n int, asOf time.Time, c Clock) string {
		when := koDay(c.DateOf(asOf), c.Today)
		if c.days(asOf) == 0 {
			when = c.HM(asOf)
		}
		return w.MeetingsHead(n) + "(" + when + " 기준)"
	}
	w.GistReply = func(n int, atLeast bool) string {
		if n == 0 {
			return "답장할 메일 없음"
		}
		return "답장할 메일 " + koMails(n, atLeast)
	}
	w.GistStories = func(n int) string { return fmt.Sprintf("뉴스 %d건", n) }
	w.GistNext = func(n NextMeeting, c Clock) string {
		return strings.TrimSpace(koDay(n.Day, c.Today) + " 첫 일정 " + n.HM)
	}
	w.GistTrouble = func(causes []string) string { return "⚠️ 일부 누락: " + strings.Join(causes, ", ") }
	w.GistMissing = func(list []briefing.SourceName) string { return "⚠️ 일부 누락: " + join(list, "·", koName) }
	w.GistFilled = func(hm string) string { return "(" + hm + "에 채움)" }
	w.GistNothing = "아침 브리핑이 도착했습니다"
}

// koSummary fills in the day in two sentences.
func koSummary(w *Words) {
	w.Meetings = koMeetings
	w.Overlap = func(n int, hm string) string {
		if n == 2 {
			return hm + "에 두 건이 겹칩니다."
		}
		return fmt.Sprintf("%s에 %d건이 겹칩니다.", hm, n)
	}
	w.Reply = koReply
	w.NoMeeting = "오늘은 일정이 없습니다."
	w.NoneOn = "일정은 없습니다."
	w.NoReply = "답장할 메일은 없습니다."
	w.NoReplyOf = func(n int) string { return fmt.Sprintf("살펴본 %d통에는 답장할 메일이 없습니다.", n) }
	w.Quiet = "오늘은 일정도, 답장할 메일도 없습니다."
	w.QuietOn = "일정도, 답장할 메일도 없습니다."
	w.Wish = func(day time.Weekday) string { return "좋은 " + koWeekday(day) + " 보내세요." }
	w.Lost = koLost
	w.Holiday = func(name string) string {
		return "오늘은 " + name + "입니다."
	}
	w.Next = koNext
	w.NewEvents = koNewEvents
	w.Gone = koGone
}

// koSections fills in calendar, mail and news.
func koSections(w *Words) {
	w.MeetingsHead = func(n int) string {
		if n == 0 {
			return "캘린더"
		}
		return fmt.Sprintf("일정 %d건", n)
	}
	w.EmptyCopy = func(asOf time.Time, c Clock) string {
		return koMoment(asOf, c) + "에 읽은 사본에는 아무것도 없었고, 그 뒤에 바뀐 내용은 알 수 없습니다"
	}
	w.StaleNote = func(asOf time.Time, c Clock) string {
		return koMoment(asOf, c) + " 기준, 그 뒤에 바뀐 내용은 반영되지 않았습니다"
	}
	w.ReadOf = func(ok, of int) string { return fmt.Sprintf("캘린더 %d개 중 %d개에서 읽음", of, ok) }
	w.AllDay = "종일"
	w.UntilDay = func(d, today briefing.Date) string { return koDay(d, today) + "까지" }
	w.UntilHour = func(hm string) string { return hm + "까지" }
	w.Span = koSpan
	w.Video = "화상"
	w.Phone = "전화"
	w.Overlaps = "겹침"
	w.New = "새로 잡힘"
	w.Busy = "바쁨"
	w.Tentative = "수락 전"
	w.ReplyHead = func(n int, atLeast bool) string { return "답장할 메일 " + koMails(n, atLeast) }
	w.ReplyOf = koReplyOf
	w.Due = koDue
	w.Overdue = koOverdue
	w.Quote = func(s string) string { return "“" + s + "”" }
	w.Rest = func(n int, atLeast bool) string { return "나머지 " + koMails(n, atLeast) }
	w.Mails = koMails
	w.NewMail = func(n int, atLeast bool) string { return "새 메일 " + koMails(n, atLeast) }
	w.Group = koGroup
	w.StoriesHead = func(n int) string { return fmt.Sprintf("뉴스 %d건", n) }
	w.ItemsHead = func(s briefing.SourceName, n int) string { return fmt.Sprintf("%s %d건", koName(s), n) }
	w.Also = func(publisher string, others int) string {
		return strings.TrimSpace(fmt.Sprintf("%s 외 %d곳", publisher, others))
	}
	w.Age = koAge
	w.NoStories = "새 소식 없음"
}

func koWeekday(day time.Weekday) string {
	return [...]string{"일요일", "월요일", "화요일", "수요일", "목요일", "금요일", "토요일"}[day]
}

// koDate is "11월 20일 금요일".
func koDate(d briefing.Date) string {
	return fmt.Sprintf("%d월 %d일 %s", int(d.Month), d.Day, koWeekday(d.Weekday()))
}

// koDay names a date as one would on the given day: "어제", "금요일", "28일 월요일", "11월 3일".
func koDay(d, today briefing.Date) string {
	switch n := d.DaysSince(today); {
	case n == 0:
		return "오늘"
	case n == -1:
		return "어제"
	case n == 1:
		return "내일"
	case n < 0 && n > -7:
		return koWeekday(d.Weekday())
	case n > 0 && n < 14:
		return fmt.Sprintf("%d일 %s", d.Day, koWeekday(d.Weekday()))
	case d.Year != today.Year:
		return fmt.Sprintf("%d년 %d월 %d일", d.Year, int(d.Month), d.Day)
	default:
		return fmt.Sprintf("%d월 %d일", int(d.Month), d.Day)
	}
}

// koMoment is "08:01" today and "어제 18:02" on any other day.
func koMoment(t time.Time, c Clock) string {
	if c.days(t) == 0 {
		return c.HM(t)
	}
	return koDay(c.DateOf(t), c.Today) + " " + c.HM(t)
}

func koGistMeetings(n int, first string) string {
	switch {
	case n == 0:
		return "오늘 일정 없음"
	case first == "":
		return fmt.Sprintf("일정 %d건", n)
	default:
		return fmt.Sprintf("일정 %d건, 첫 일정 %s", n, first)
	}
}

func koGistLeft(n, left int, next string) string {
	switch {
	case left == 0:
		return fmt.Sprintf("일정 %d건 모두 끝남", n)
	case next == "":
		return fmt.Sprintf("일정 %d건 중 %d건 남음", n, left)
	default:
		return fmt.Sprintf("일정 %d건 중 %d건 남음, 다음 %s", n, left, next)
	}
}

func koMeetings(m FirstMeeting) Phrase {
	first := Piece{Text: m.HM + " " + m.Title, Bold: true}
	today := "오늘 "
	if m.Holiday {
		today = ""
	}
	switch {
	case m.Left == 0:
		return Plain(fmt.Sprintf("%s일정 %d건은 이미 끝났습니다.", today, m.Count))
	case m.HM == "" && m.Left == m.Count:
		return Plain(fmt.Sprintf("%s일정은 %d건입니다.", today, m.Count))
	case m.HM == "":
		return Plain(fmt.Sprintf("%s일정 %d건 중 %d건이 남았습니다.", today, m.Count, m.Left))
	case m.Left < m.Count:
		return Phrase{{Text: fmt.Sprintf("%s일정 %d건 중 %d건이 남았고, 다음은 ", today, m.Count, m.Left)}, first, {Text: "입니다."}}
	case m.Count == 1:
		return Phrase{{Text: today + "일정은 "}, first, {Text: " 1건입니다."}}
	}
	return Phrase{first, {Text: fmt.Sprintf("부터 일정 %d건입니다.", m.Count)}}
}

func koReply(r Replies, c Clock) Phrase {
	all := koMails(r.Count, r.AtLeast)
	if r.Due == 0 {
		return Plain("답장할 메일이 " + all + " 있습니다.")
	}
	which := fmt.Sprintf("답장할 메일 %s 중 %d통은 ", all, r.Due)
	if r.Due >= r.Count && !r.AtLeast {
		which = fmt.Sprintf("답장할 메일 %d통은 ", r.Count)
	}
	switch {
	case r.Due == 1:
		return Phrase{{Text: which}, {Text: koDue(r.DueAt, c), Bold: true}, {Text: "입니다."}}
	case c.allDay(r.DueAt):
		return Phrase{{Text: which}, {Text: "오늘까지", Bold: true}, {Text: "입니다."}}
	default:
		return Phrase{{Text: which}, {Text: "오늘까지", Bold: true}, {Text: "이고, 가장 이른 기한은 "},
			{Text: c.HM(r.DueAt), Bold: true}, {Text: "입니다."}}
	}
}

func koNext(n NextMeeting, c Clock) Phrase {
	day := koDay(n.Day, c.Today)
	switch {
	case n.Holiday && n.Works && n.Day.DaysSince(c.Today) > 1:
		day = "다음 근무일(" + day + ") 첫 일정은 "
	default:
		day += " 첫 일정은 "
	}
	p := Phrase{{Text: day}}
	if n.HM != "" {
		p = append(p, Piece{Text: n.HM + " ", Bold: true})
	}
	return append(p, Piece{Text: n.Title, Bold: true, URL: n.URL}, Piece{Text: "입니다."})
}

func koNewEvents(n int, events []Piece) Phrase {
	return listed(fmt.Sprintf("새로 잡힌 일정이 %d건 있습니다", n), events)
}

func koGone(n int, events []Piece) Phrase {
	return listed(fmt.Sprintf("없어진 일정이 %d건 있습니다", n), events)
}

// koSpan is "10:00~11:00"; a zero end leaves the start alone, and another day than today is named.
func koSpan(start, end time.Time, c Clock) string {
	if end.IsZero() {
		return koMoment(start, c)
	}
	return koMoment(start, c) + "~" + koMoment(end, c)
}

func koMails(n int, atLeast bool) string {
	if atLeast {
		return fmt.Sprintf("%d통 이상", n)
	}
	return fmt.Sprintf("%d통", n)
}

func koReplyOf(m MailCount, c Clock) string {
	of := koMails(m.Total, m.AtLeast) + " 중"
	if m.Partial {
		of = "읽은 " + of
	}
	if m.InThreads > m.Threads {
		of += fmt.Sprintf(", 같은 대화까지 %d통", m.InThreads)
	}
	if m.Since.IsZero() {
		return of
	}
	return koMoment(m.Since, c) + " 이후 " + of
}

// koDue is "오늘 18:00까지", and without the hour when the deadline names none.
func koDue(due time.Time, c Clock) string {
	day := koDay(c.DateOf(due), c.Today)
	if c.allDay(due) {
		return day + "까지"
	}
	return day + " " + c.HM(due) + "까지"
}

// koOverdue is "기한 08:00 지남".
func koOverdue(due time.Time, c Clock) string {
	if c.allDay(due) {
		return "기한 " + koDay(c.DateOf(due), c.Today) + " 지남"
	}
	return "기한 " + koMoment(due, c) + " 지남"
}

func koGroup(g briefing.Group, n int, atLeast bool) string {
	name := map[briefing.Group]string{
		briefing.NeedsReply: "답장할 메일", briefing.Important: "중요", briefing.Notice: "알림",
		briefing.Newsletter: "뉴스레터",
	}[g]
	if name == "" {
		name = "그 밖"
	}
	if atLeast {
		return fmt.Sprintf("%s %d 이상", name, n)
	}
	return fmt.Sprintf("%s %d", name, n)
}

// koAge says how old news is, as one would: by the hour today, by the day before.
func koAge(t, now time.Time, c Clock) string {
	age := now.Sub(t)
	switch days := -c.days(t); {
	case age < time.Minute:
		return "방금"
	case age < time.Hour:
		return fmt.Sprintf("%d분 전", int(age.Minutes()))
	case days <= 0:
		return fmt.Sprintf("%d시간 전", int(age.Hours()))
	case days == 1:
		return "어제"
	case days < 7:
		return fmt.Sprintf("%d일 전", days)
	default:
		return koDay(c.DateOf(t), c.Today)
	}
}

// koName is what a source is called.
func koName(s briefing.SourceName) string {
	switch s {
	case briefing.Gmail:
		return "Gmail"
	case briefing.Calendar:
		return "캘린더"
	case briefing.News:
		return "뉴스"
	default:
		return string(s)
	}
}

func koCount(s briefing.SourceName, n int) string {
	if s == briefing.Gmail {
		return fmt.Sprintf("%d통", n)
	}
	return fmt.Sprintf("%d건", n)
}

// koContents is "메일과 일정": what the sources hold, in the reader's words.
func koContents(list []briefing.SourceName) string {
	s := ""
	for i, source := range list {
		if i > 0 {
			s += Particle(s, "과/와") + " "
		}
		s += koContent(source)
	}
	return s
}

func koContent(s briefing.SourceName) string {
	switch s {
	case briefing.Gmail:
		return "메일"
	case briefing.Calendar:
		return "일정"
	default:
		return koName(s)
	}
}
