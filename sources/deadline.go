package sources

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"achim/briefing"
)

// soon is how many days ahead a deadline may lie to be worth a word in this morning's briefing.
const soon = 8

var (
	koreanDay = `(?:(?P<near>오늘|금일|당일|내일|명일|모레|글피)|(?P<week>이번 ?주|금주|다음 ?주|담 ?주|차주|다다음 ?주)(?: ?(?P<weekOf>[월화수목금토일])요일)?|` +
		`(?:\d{4}년 ?)?(?P<month>\d{1,2})월 ?(?P<day>\d{1,2})일|(?:^|[^\d/.-])(?:\d{4}[-/.] ?)?(?P<month>\d{1,2})[-/.] ?(?P<day>\d{1,2})|` +
		`(?P<weekday>[월화수목금토일])요일|(?:^|[^\d월/.,])(?P<day>\d{1,2})일)`
	koreanTime = `(?: ?(?P<half>오전|오후|새벽|아침|낮|저녁|밤))?(?: ?(?P<hour>\d{1,2}):(?P<minute>\d{2})| ?(?P<hour>\d{1,2})시(?: ?(?P<minute>반|\d{1,2}분))?| ?(?P<noon>정오|점심)| ?(?P<midnight>자정|퇴근))?`

	// The ways a Korean sentence names the end of a time, in the order they are looked for.
	koreanDeadlines = []*regexp.Regexp{
		regexp.MustCompile(koreanDay + `(?: ?\((?:[월화수목금토일](?:요일)?|\d{1,2}일)\)|\))?` + koreanTime + `(?:으로|에)? ?(?:까지|이전|전까지|전에|마감)`),
		regexp.MustCompile(`(?:마감|기한|데드라인)(?:일시|일)?(?:은|는|이)? ?:? ?` + koreanDay + `(?: ?\((?:[월화수목금토일](?:요일)?|\d{1,2}일)\)|\))?` + koreanTime),
		regexp.MustCompile(`(?:(?P<near>오늘|금일|당일|내일|명일)|(?P<week>이번 ?주|금주|다음 ?주|차주)(?: ?(?P<weekOf>[월화수목금토일])요일)?|(?P<weekday>[월화수목금토일])요일)` +
			`(?: ?(?P<half>오전|오후))? ?(?:(?:안|내)(?:으로|로|에)|이내|(?:내|중)(?:으로|에)?(?:[ ,.]|$))`),
		regexp.MustCompile(`(?P<half>오전) ?중(?:으로|에)?(?:[ ,.]|$)`),
		regexp.MustCompile(`(?P<within>\d{1,2})(?:영업)?일 ?(?:이내|내|안)(?:로|에)?(?:[ ,.]|$)`),
		regexp.MustCompile(`(?:^|[ (])` + koreanTime + ` ?(?:까지|이전|전까지|전에)`),
	}

	englishDay = `(?P<near>today|tonight|tomorrow|this (?:morning|afternoon|evening))|(?:eod|cob|(?:the )?end of (?:the )?(?:business )?day|close of (?:business|play))(?:,? (?:on )?(?P<near>today|tomorrow)|,? (?:on )?(?P<weekday>[a-z]{3,6}day))?(?P<end>)|` +
		`(?P<week>(?:the )?end of (?:the |this )?week|eow)|(?:(?:on |this |coming )?|(?P<next>next ))(?P<weekday>(?:mon|tues|wednes|thurs|fri|satur|sun)day|mon|tues?|wed|thurs?|fri|sat|sun)|` +
		`(?P<month>(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*)\.? (?P<day>\d{1,2})(?:st|nd|rd|th)?|(?P<day>\d{1,2})(?:st|nd|rd|th)? (?:of )?(?P<month>(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*)|` +
		`the (?P<day>\d{1,2})(?:st|nd|rd|th)|(?:\d{4}-)?(?P<month>\d{1,2})[-/](?P<day>\d{1,2})`
	englishTime  = `(?:(?P<noon>noon|midday)|(?P<midnight>midnight)|(?P<hour>\d{1,2}):(?P<minute>\d{2})(?: ?(?P<half>am|pm|a\.m\.|p\.m\.))?|(?P<hour>\d{1,2}) ?(?P<half>am|pm|a\.m\.|p\.m\.))(?: ?(?:kst|o'clock))?`
	englishUntil = `(?i)\b(?:by|before|due|due by|due on|due date:?|due date is|no later than|not later than|on or before|have until|deadline(?: is|:)?|deadline of|deadline for this is) (?:at )?(?:the latest )?`

	englishDeadlines = []*regexp.Regexp{
		regexp.MustCompile(englishUntil + englishTime + `,? (?:on )?(?:` + englishDay + `)\b`),
		regexp.MustCompile(englishUntil + `(?:` + englishDay + `)\b(?:,? (?:\d{4},? )?(?:at |by |- )?` + englishTime + `)?`),
		regexp.MustCompile(englishUntil + englishTime + `(?:\W|$)`),
	}
)

// endOfDay stands for a deadline that names a day and no hour.
func endOfDay() briefing.TimeOfDay { return briefing.TimeOfDay{Hour: 23, Minute: 59} }

// due returns the deadline that the mail sets its readers: what it asks for counts first, then its subject,
// then what it calls a deadline. What the sender promises, or others are asked for, sets the reader none.
func (m mail) due(c circle, zone *time.Location) time.Time {
	list := m.heard(c)
	for _, h := range list {
		if h.asks && h.to != another {
			if due := deadline(h.whole, m.at, zone); !due.IsZero() {
				return due
			}
		}
	}
	if !m.answers() && !containsAny(m.subject, "휴가", "연차", "부재", "출장", "행사", "진행") {
		if due := deadline(m.subject, m.at, zone); !due.IsZero() {
			return due
		}
	}
	for _, h := range list {
		if h.to != another && callsDeadline(h.whole) {
			if due := deadline(h.whole, m.at, zone); !due.IsZero() {
				return due
			}
		}
	}
	return time.Time{}
}

// callsDeadline reports whether a sentence that asks for nothing says that a time is the end of one.
func callsDeadline(sentence string) bool {
	tight := tighten(strings.ToLower(sentence))
	if endsIn(tight, promises) || strings.HasPrefix(tight, "제가") || strings.HasPrefix(tight, "저는") || strings.HasPrefix(tight, "저희") {
		return false
	}
	return endsIn(tight, obligations) || containsAny(tight, "기한", "마감", "제출", "회신", "데드라인", "deadline", "duedate", "isdue", "aredue", "due:", "nolaterthan",
		"mustbe", "hastobe", "havetobe", "needtobe", "needstobe")
}

// obligations are the ends of sentences that say what has to happen.
var obligations = []string{"야합니다", "야해요", "야됩니다", "야돼요", "야합니다만", "야할것같습니다", "야만합니다"}

// promises are the ends of sentences in which the sender will do something.
var promises = []string{"겠습니다", "할게요", "드릴게요", "예정입니다", "예정이에요", "계획입니다", "려고합니다", "했습니다", "됩니다", "완료", "가능합니다"}

// deadline returns the first deadline the text names plainly, read as of the time it was written, and the
// zero time when there is none or it is not near. Only words that say "until" count: a date alone may be
// that of anything.
func deadline(text string, written time.Time, zone *time.Location) time.Time {
	day := briefing.DateOf(written, zone)
	date, at, ok := koreanDate(text, day, written.In(zone).Hour())
	if !ok {
		date, at, ok = englishDate(text, day)
	}
	if !ok {
		return time.Time{}
	}
	due := briefing.At(date, at, zone)
	if due.Before(written) || day.AddDays(soon).Before(date) {
		return time.Time{}
	}
	return due
}

// namesDeadline reports whether the text says until when.
func namesDeadline(text string) bool {
	day := briefing.Date{Year: 2000, Month: time.January, Day: 1}
	if _, _, ok := koreanDate(text, day, 0); ok {
		return true
	}
	_, _, ok := englishDate(text, day)
	return ok
}

// parts are the named groups of a match that took part in it.
type parts map[string]string

func partsOf(pattern *regexp.Regexp, text string, at []int) parts {
	found := parts{}
	for i, name := range pattern.SubexpNames() {
		if name != "" && at[2*i] >= 0 {
			found[name] = text[at[2*i]:at[2*i+1]]
		}
	}
	return found
}

func koreanDate(text string, day briefing.Date, hourNow int) (briefing.Date, briefing.TimeOfDay, bool) {
	if !containsAny(text, "까지", "이전", "전에", "안에", "안으로", "내", "중", "마감", "기한", "데드라인") {
		return briefing.Date{}, briefing.TimeOfDay{}, false
	}
	for _, pattern := range koreanDeadlines {
		for _, at := range pattern.FindAllStringSubmatchIndex(text, 3) {
			found := partsOf(pattern, text, at)
			if len(found) == 0 || endsRange(text[:at[0]], text[at[0]:at[1]]) {
				continue
			}
			if date, ok := koreanDayOf(found, day); ok {
				at, ok := koreanTimeOf(found, date == day, hourNow)
				return date, at, ok
			}
		}
	}
	return briefing.Date{}, briefing.TimeOfDay{}, false
}

// endsRange reports whether what was found ends a time that has a beginning: that is how long something
// lasts, and no deadline.
func endsRange(before, match string) bool {
	near := before[max(0, len(before)-24):]
	before = strings.TrimRight(before, " ")
	return strings.Contains(near, "부터") || strings.HasSuffix(before, "~") || strings.HasSuffix(before, "-") || strings.HasSuffix(before, "–") ||
		strings.HasPrefix(match, "~") || strings.HasPrefix(match, "-") || strings.HasPrefix(match, "–")
}

func koreanDayOf(found parts, day briefing.Date) (briefing.Date, bool) {
	const week = "월화수목금토일"
	monday := day.AddDays(-(int(day.Weekday()) + 6) % 7)
	switch {
	case found["near"] == "내일" || found["near"] == "명일":
		return day.AddDays(1), true
	case found["near"] == "모레":
		return day.AddDays(2), true
	case found["near"] == "글피":
		return day.AddDays(3), true
	case found["week"] != "":
		weeks := 0
		switch first := []rune(found["week"])[0]; {
		case strings.HasPrefix(found["week"], "다다음"):
			weeks = 2
		case first != '이' && first != '금':
			weeks = 1
		}
		if found["weekOf"] == "" {
			return weekEnd(monday.AddDays(7*weeks), day), true
		}
		return monday.AddDays(7*weeks + strings.Index(week, found["weekOf"])/len("월")), true
	case found["month"] != "":
		return monthDay(found["month"], found["day"], day)
	case found["weekday"] != "":
		return nextWeekday(day, (strings.Index(week, found["weekday"])/len("월")+1)%7), true
	case found["day"] != "":
		return dayOfMonth(found["day"], day)
	case found["within"] != "":
		days, err := strconv.Atoi(found["within"])
		return day.AddDays(days), err == nil
	}
	return day, true
}

// weekEnd is the last working day of the week that begins on the Monday, or its Sunday if that is over.
func weekEnd(monday, day briefing.Date) briefing.Date {
	if friday := monday.AddDays(4); !friday.Before(day) {
		return friday
	}
	return monday.AddDays(6)
}

func koreanTimeOf(found parts, today bool, hourNow int) (briefing.TimeOfDay, bool) {
	half := found["half"]
	switch {
	case found["hour"] != "":
		minute := strings.TrimSuffix(strings.ReplaceAll(found["minute"], "반", "30"), "분")
		return clock(found["hour"], minute, koreanHalf(half, found["hour"], today, hourNow), true)
	case found["noon"] != "", half == "오전", half == "아침", half == "낮":
		return briefing.TimeOfDay{Hour: 12}, true
	}
	return endOfDay(), true
}

// koreanHalf guesses the half of the day where it is left out: nobody asks for an answer by three at night,
// or by an hour that is over.
func koreanHalf(half, hour string, today bool, hourNow int) string {
	n, err := strconv.Atoi(hour)
	if half == "" && err == nil && (n >= 1 && n <= 6 || today && n < 12 && n <= hourNow) {
		return "오후"
	}
	return half
}

func englishDate(text string, day briefing.Date) (briefing.Date, briefing.TimeOfDay, bool) {
	if !containsWord(strings.ToLower(text), "by", "before", "due", "later than", "deadline", "have until") {
		return briefing.Date{}, briefing.TimeOfDay{}, false
	}
	for _, pattern := range englishDeadlines {
		at := pattern.FindStringSubmatchIndex(text)
		if at == nil {
			continue
		}
		found := partsOf(pattern, strings.ToLower(text), at)
		date, ok := englishDayOf(found, day)
		if !ok {
			continue
		}
		switch {
		case found["hour"] != "":
			time, ok := clock(found["hour"], found["minute"], strings.ReplaceAll(found["half"], ".", ""), true)
			return date, time, ok
		case found["noon"] != "", found["near"] == "this morning":
			return date, briefing.TimeOfDay{Hour: 12}, true
		}
		return date, endOfDay(), true
	}
	return briefing.Date{}, briefing.TimeOfDay{}, false
}

func englishDayOf(found parts, day briefing.Date) (briefing.Date, bool) {
	monday := day.AddDays(-(int(day.Weekday()) + 6) % 7)
	switch {
	case found["near"] == "tomorrow":
		return day.AddDays(1), true
	case found["week"] != "":
		return weekEnd(monday, day), true
	case found["weekday"] != "":
		for i := range 7 {
			if strings.HasPrefix(found["weekday"], strings.ToLower(time.Weekday(i).String()[:3])) {
				if found["next"] != "" {
					return monday.AddDays(7 + (i+6)%7), true
				}
				return nextWeekday(day, i), true
			}
		}
		return day, false
	case found["month"] != "":
		return monthDay(monthNumber(found["month"]), found["day"], day)
	case found["day"] != "":
		return dayOfMonth(found["day"], day)
	}
	return day, true
}

// monthNumber is a month by its English name, or what is a number already.
func monthNumber(name string) string {
	for month := time.January; month <= time.December; month++ {
		if len(name) >= 3 && strings.HasPrefix(name, strings.ToLower(month.String()[:3])) {
			return strconv.Itoa(int(month))
		}
	}
	return name
}

// nextWeekday is the coming such day, day itself included.
func nextWeekday(day briefing.Date, weekday int) briefing.Date {
	return day.AddDays((weekday - int(day.Weekday()) + 7) % 7)
}

// monthDay is the next such date; not ok for a day no calendar has.
func monthDay(month, dayOfMonth string, day briefing.Date) (briefing.Date, bool) {
	m, err := strconv.Atoi(month)
	d, err2 := strconv.Atoi(dayOfMonth)
	if err != nil || err2 != nil || m < 1 || m > 12 || d < 1 || d > 31 {
		return briefing.Date{}, false
	}
	date := briefing.Date{Year: day.Year, Month: time.Month(m), Day: d}
	if date.Before(day) {
		date.Year++
	}
	return date, date.AddDays(0) == date
}

// dayOfMonth is the next day of this number, in this month or the next.
func dayOfMonth(number string, day briefing.Date) (briefing.Date, bool) {
	d, err := strconv.Atoi(number)
	if err != nil || d < 1 || d > 31 {
		return briefing.Date{}, false
	}
	date := briefing.Date{Year: day.Year, Month: day.Month, Day: d}
	if d < day.Day {
		if date.Month++; date.Month > time.December {
			date.Year, date.Month = date.Year+1, time.January
		}
	}
	return date, date.AddDays(0) == date
}

// clock reads an hour and minute with the half of the day, if one is given.
func clock(hour, minute, half string, ok bool) (briefing.TimeOfDay, bool) {
	h, err := strconv.Atoi(hour)
	m, err2 := 0, error(nil)
	if minute != "" {
		m, err2 = strconv.Atoi(minute)
	}
	switch half {
	case "밤":
		if h <= 12 {
			h += 12 // at twelve the day ends
		}
	case "오후", "저녁", "낮", "pm":
		if h < 12 {
			h += 12
		}
	case "오전", "새벽", "아침", "am":
		if h == 12 {
			h = 0
		}
	}
	if !ok || err != nil || err2 != nil || h < 0 || m < 0 || m > 59 || h > 24 || (h == 24 && m > 0) {
		return briefing.TimeOfDay{}, false
	}
	if h == 24 {
		return endOfDay(), true
	}
	return briefing.TimeOfDay{Hour: h, Minute: m}, true
}
