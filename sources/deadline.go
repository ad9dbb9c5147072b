package sources

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"achim/briefing"
)

// A wrong deadline is the worst that a briefing can tell, and one not told costs little. So there is a deadline only
// where a whole sentence is understood: it names one end of one time, in words the grammars of deadline_korean.go and
// deadline_english.go know, and what stands before and behind that asks the reader for something by then or calls it a
// deadline. A word that no grammar knows next to the day or the hour may mean another day: then there is none.

// soon is how many days ahead a deadline may lie to be worth a word in this morning's briefing.
const soon = 8

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
		if due := subjectDeadline(m.subject, m.at, zone); !due.IsZero() {
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

// deadline returns the deadline a sentence sets plainly, read as of the time it was written, and the zero time when
// there is none or it is not near.
func deadline(sentence string, written time.Time, zone *time.Location) time.Time {
	found, ok := untilWhen(sentence, false)
	if !ok {
		return time.Time{}
	}
	return found.moment(written, zone)
}

// subjectDeadline is the same of a subject, in which the bare name of an act asks for it.
func subjectDeadline(subject string, written time.Time, zone *time.Location) time.Time {
	found, ok := untilWhen(subject, true)
	if !ok {
		return time.Time{}
	}
	return found.moment(written, zone)
}

// namesDeadline reports whether the sentence says until when something is to be done.
func namesDeadline(sentence string) bool {
	_, ok := untilWhen(sentence, false)
	return ok
}

// timeWords find a day or an hour, whatever is said of it.
var timeWords = regexp.MustCompile(`오늘|금일|당일|내일|명일|모레|글피|[월화수목금토일]요일|이번 ?주|금주|다음 ?[주달]|차주|주말|\d ?[월일시]|\d[:/]\d|\d\. ?\d|정오|자정|오전|오후|` +
	`(?i:\b(?:today|tonight|tomorrow|(?:this|next) (?:week|month|morning|afternoon|evening)|(?:mon|tues|wednes|thurs|fri|satur|sun)day|weekend|eod|eow|cob|noon|midnight|\d{1,2} ?(?:am|pm)|\d{1,2}(?:st|nd|rd|th)|` +
	`(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]* \d|(?:mon|tue|wed|thu|fri)\b))`)

// namesTime reports whether the text names any day or hour.
func namesTime(text string) bool {
	return timeWords.MatchString(text[:min(len(text), mostWords)])
}

// untilWhen finds the one time by which a sentence wants something.
func untilWhen(sentence string, subject bool) (parts, bool) {
	if len(sentence) > longestAsked || otherZone.MatchString(sentence) {
		return nil, false
	}
	if containsAny(sentence, koreanMarks...) {
		return koreanUntil(sentence, subject)
	}
	return englishUntil(straight(sentence), subject)
}

// longestAsked is how many bytes a sentence may have that is still read for its deadline: what is longer is no sentence.
const longestAsked = 600

// otherZone finds the zones a time may be given in, other than those that zoneNamed knows, and words that leave it open.
var otherZone = regexp.MustCompile(`\b(?:[ECMPH][SD]?T|AK[SD]T|CES?T|EES?T|WES?T|BST|IST|JST|SGT|HKT|CST|PHT|ICT|WIB|MSK|GST|A[EWC][SD]T|NZ[SD]?T|AoE|AOE|Zulu)\b|` +
	`(?i:\b(?:pacific|eastern|central|mountain|local|your|my|our|[a-z]+ standard|[a-z]+ daylight|london|paris|tokyo|york|california) time\b|time ?zone|anywhere on earth)|` +
	`현지|표준시|시차|(?:뉴욕|미국|런던|영국|유럽|독일|파리|베트남|인도|호주|태평양|동부|서부|본사) ?(?:시간|시각)|시간대`)

// zoneNamed is the zone a deadline names, or the reader's own where it names none.
func zoneNamed(name string, own *time.Location) *time.Location {
	switch strings.ToUpper(strings.Join(strings.Fields(name), "")) {
	case "":
		return own
	case "KST", "한국시간", "서울시간":
		return time.FixedZone("KST", 9*60*60)
	}
	return time.UTC
}

// parts are the named groups of a match that took part in it. What a second name of the same day says, as in
// "Friday, December 4", is held under names that begin with "also".
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

// renamed is the pattern with names of its own for its groups.
func renamed(pattern string) string { return strings.ReplaceAll(pattern, "(?P<", "(?P<also") }

// also returns what the second name of the day says.
func (p parts) also() parts {
	second := parts{}
	for name, value := range p {
		if name, ok := strings.CutPrefix(name, "also"); ok {
			second[name] = value
		}
	}
	return second
}

// moment is when the deadline is, for what was written at the time; zero when that is not certain, over or far away.
func (p parts) moment(written time.Time, zone *time.Location) time.Time {
	own := zone
	zone = zoneNamed(p["zone"], own)
	day := briefing.DateOf(written, zone)
	if day != briefing.DateOf(written, own) { // whose today?
		return time.Time{}
	}
	date, ok := p.date(day)
	if !ok {
		return time.Time{}
	}
	at, ok := p.hour(date == day, written.In(zone).Hour())
	if !ok {
		return time.Time{}
	}
	if p["eve"] != "" {
		date = date.AddDays(-1)
	}
	due := briefing.At(date, at, zone)
	if due.Before(written) || day.AddDays(soon).Before(date) {
		return time.Time{}
	}
	return due
}

// date is the day that is named. Where it is named twice, both must be the same.
func (p parts) date(day briefing.Date) (briefing.Date, bool) {
	second := p.also()
	if len(second) == 0 {
		return p.dateOf(day)
	}
	if second.onlyWeekday() {
		p, second = second, p
	}
	date, ok := second.dateOf(day)
	if !ok || !p.onlyWeekday() {
		first, firstOK := p.dateOf(day)
		return date, ok && firstOK && first == date
	}
	weekday, ok := weekdayNumber(p["weekday"])
	return date, ok && int(date.Weekday()) == weekday
}

func (p parts) onlyWeekday() bool {
	return p["weekday"] != "" && p["week"] == "" && p["this"] == "" && p["next"] == ""
}

func (p parts) dateOf(day briefing.Date) (briefing.Date, bool) {
	switch {
	case p["near"] != "":
		return day.AddDays(nearDays(strings.ToLower(p["near"]))), true
	case p["week"] != "" || p["this"] != "" || p["next"] != "":
		return p.inWeek(day)
	case p["weekday"] != "":
		weekday, ok := weekdayNumber(p["weekday"])
		date := nextWeekday(day, weekday)
		return date, ok && date != day // of its own day nobody says the name: it may be the next one
	case p["month"] != "":
		return monthDay(p["year"], monthNumber(strings.ToLower(p["month"])), p["day"], day)
	case p["within"] != "":
		days, err := strconv.Atoi(p["within"])
		return day.AddDays(days), err == nil
	case p["day"] != "":
		date, ok := dayOfMonth(p["day"], day)
		return date, ok && (p["thisMonth"] == "" || date.Month == day.Month)
	}
	return day, true
}

// nearDays is how far away a day is that is named by that.
func nearDays(name string) int {
	switch name {
	case "내일", "명일", "tomorrow":
		return 1
	case "내일모레", "모레":
		return 2
	case "글피":
		return 3
	}
	return 0
}

// inWeek is a day of this week or the next. On a Sunday people differ about which that is.
func (p parts) inWeek(day briefing.Date) (briefing.Date, bool) {
	if day.Weekday() == time.Sunday {
		return day, false
	}
	today := (int(day.Weekday()) + 6) % 7
	monday := day.AddDays(-today)
	next := p["next"] != "" || containsAny(strings.ToLower(p["week"]), "다음", "담", "차주", "next")
	if next {
		monday = monday.AddDays(7)
	}
	if p["weekday"] == "" {
		return monday.AddDays(4), next || today <= 4
	}
	weekday, ok := weekdayNumber(p["weekday"])
	place := (weekday + 6) % 7
	if p["next"] != "" && place > today { // "next Friday" on a Wednesday is that of this week to some
		return day, false
	}
	return monday.AddDays(place), ok
}

// weekdayNumber is the number of the day whose name begins so; "월요일" is written as "월" there.
func weekdayNumber(name string) (int, bool) {
	if at := strings.Index("일월화수목금토", name); at >= 0 {
		return at / len("일"), true
	}
	for i := range 7 {
		if strings.HasPrefix(strings.ToLower(name), strings.ToLower(time.Weekday(i).String()[:3])) {
			return i, true
		}
	}
	return 0, false
}

// hour is the time of day that is named, and the end of the day where none is.
func (p parts) hour(today bool, hourNow int) (briefing.TimeOfDay, bool) {
	half := strings.ToLower(strings.ReplaceAll(p["half"], ".", ""))
	switch {
	case p["hour"] != "":
		minute := strings.TrimSuffix(strings.ReplaceAll(p["minute"], "반", "30"), "분")
		if half == "" {
			half = p.guessHalf(today, hourNow)
		}
		return clock(p["hour"], minute, half, half != "?")
	case p["midnight"] != "": // that of today is the end of it; of any other day it may be the beginning
		return endOfDay(), today
	case p["noon"] != "", half == "오전", half == "아침", half == "낮", half == "morning":
		return briefing.TimeOfDay{Hour: 12}, true
	}
	return endOfDay(), half != "새벽"
}

// guessHalf guesses the half of the day where it is left out, in Korean: nobody asks for an answer by three at night,
// or by an hour that is over. In English an early hour without its half is anybody's guess.
func (p parts) guessHalf(today bool, hourNow int) string {
	n, err := strconv.Atoi(p["hour"])
	switch {
	case err != nil || len(p["hour"]) > 1 && n < 10: // "03:00"
		return ""
	case p["english"] != "":
		if n <= 6 {
			return "?"
		}
	case n >= 1 && n <= 6 || today && n < 12 && n <= hourNow:
		return "오후"
	}
	return ""
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

// monthDay is the next such date, or that of the year if one is given; not ok for a day no calendar has.
func monthDay(year, month, dayOfMonth string, day briefing.Date) (briefing.Date, bool) {
	m, err := strconv.Atoi(month)
	d, err2 := strconv.Atoi(dayOfMonth)
	if err != nil || err2 != nil || m < 1 || m > 12 || d < 1 || d > 31 {
		return briefing.Date{}, false
	}
	date := briefing.Date{Year: day.Year, Month: time.Month(m), Day: d}
	switch y, err := strconv.Atoi(year); {
	case err == nil && y < 100:
		date.Year = 2000 + y
	case err == nil:
		date.Year = y
	case date.Before(day):
		date.Year++
	}
	return date, date.AddDays(0) == date && !date.Before(day)
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
		ok = ok && h > 5 && h <= 24 // one at night belongs to the next day, or the last
		if h <= 12 {
			h += 12 // at twelve the day ends
		}
	case "낮":
		if h < 6 {
			h += 12
		}
	case "오후", "저녁", "pm":
		if h < 12 {
			h += 12
		}
	case "오전", "새벽", "아침", "am":
		ok = ok && h <= 12
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
