package sources

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"achim/briefing"
)

// soon is how far ahead a deadline may lie to be worth a word in this morning's briefing.
const soon = 8 * 24 * time.Hour

var (
	koreanDeadline = regexp.MustCompile(`(?:(오늘|금일|내일|명일|모레)|(\d{1,2})월 ?(\d{1,2})일|(?:^|[^\d/.])(\d{1,2})[/.](\d{1,2})|(월|화|수|목|금|토|일)요일)` +
		`(?: ?\((?:월|화|수|목|금|토|일)(?:요일)?\)|\))?(?: ?(오전|오후|낮|저녁|밤)?)?(?: ?(\d{1,2}):(\d{2})| ?(\d{1,2})시(?: ?(반|\d{1,2}분))?| ?(정오)| ?(중|안|내))?(?:으로|에)? ?(?:까지|이전|전까지)`)
	englishDeadline = regexp.MustCompile(`(?i)\bby (?:(\d{1,2})(?::(\d{2}))? ?(am|pm|a\.m\.|p\.m\.)?(?: (?:kst|o'clock))? ?(?:on )?)?` +
		`(today|tomorrow|tonight|eod(?: today| tomorrow)?|end of (?:the )?day|cob|(?:this )?(?:mon|tues|wednes|thurs|fri|satur|sun)day|` +
		`(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]* \d{1,2}|\d{1,2} (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*)\b(?:,? (?:at )?(?:(noon)|(\d{1,2})(?::(\d{2}))? ?(am|pm)?\b))?`)
)

// endOfDay stands for a deadline that names a day and no hour.
func endOfDay() briefing.TimeOfDay { return briefing.TimeOfDay{Hour: 23, Minute: 59} }

// deadline returns the first deadline the text names plainly, read as of the day it was written, and the
// zero time when there is none or it is not near. Only words that say "until" count: a date alone may be
// that of anything.
func deadline(text string, written time.Time, zone *time.Location) time.Time {
	day := briefing.DateOf(written, zone)
	date, at, ok := koreanDate(text, day)
	if !ok {
		date, at, ok = englishDate(text, day)
	}
	if !ok {
		return time.Time{}
	}
	due := briefing.At(date, at, zone)
	if due.Before(written) || due.Sub(written) > soon {
		return time.Time{}
	}
	return due
}

func koreanDate(text string, day briefing.Date) (briefing.Date, briefing.TimeOfDay, bool) {
	if !containsAny(text, "까지", "이전") {
		return briefing.Date{}, briefing.TimeOfDay{}, false
	}
	m := koreanDeadline.FindStringSubmatch(text)
	if m == nil {
		return briefing.Date{}, briefing.TimeOfDay{}, false
	}
	date, ok := day, true
	switch {
	case m[1] == "내일" || m[1] == "명일":
		date = day.AddDays(1)
	case m[1] == "모레":
		date = day.AddDays(2)
	case m[2] != "":
		date, ok = monthDay(m[2], m[3], day)
	case m[4] != "":
		date, ok = monthDay(m[4], m[5], day)
	case m[6] != "":
		date = nextWeekday(day, strings.Index("일월화수목금토", m[6])/len("일"))
	}
	at := endOfDay()
	switch {
	case m[8] != "":
		at, ok = clock(m[8], m[9], m[7], ok)
	case m[10] != "":
		minute := strings.TrimSuffix(strings.ReplaceAll(m[11], "반", "30"), "분")
		at, ok = clock(m[10], minute, koreanHalf(m[7], m[10]), ok)
	case m[12] != "":
		at = briefing.TimeOfDay{Hour: 12}
	}
	return date, at, ok
}

// koreanHalf guesses the half of the day where it is left out: nobody asks for an answer by three at night.
func koreanHalf(half, hour string) string {
	if n, err := strconv.Atoi(hour); half == "" && err == nil && n >= 1 && n <= 6 {
		return "오후"
	}
	return half
}

func englishDate(text string, day briefing.Date) (briefing.Date, briefing.TimeOfDay, bool) {
	if !containsWord(text, "by", "By") {
		return briefing.Date{}, briefing.TimeOfDay{}, false
	}
	m := englishDeadline.FindStringSubmatch(text)
	if m == nil {
		return briefing.Date{}, briefing.TimeOfDay{}, false
	}
	when := strings.ToLower(m[4])
	date, ok := englishDay(when, day)
	at := endOfDay()
	switch {
	case m[1] != "":
		at, ok = clock(m[1], m[2], strings.ReplaceAll(strings.ToLower(m[3]), ".", ""), ok)
	case m[5] != "":
		at = briefing.TimeOfDay{Hour: 12}
	case m[7] != "" || m[8] != "": // a bare number after a date is its year, or anything
		at, ok = clock(m[6], m[7], strings.ToLower(m[8]), ok)
	}
	return date, at, ok
}

func englishDay(when string, day briefing.Date) (briefing.Date, bool) {
	switch {
	case strings.Contains(when, "tomorrow"):
		return day.AddDays(1), true
	case strings.HasSuffix(when, "day") && !strings.HasSuffix(when, "today") && !strings.HasPrefix(when, "end of"):
		for i := range 7 {
			if strings.HasSuffix(when, strings.ToLower(time.Weekday(i).String())) {
				return nextWeekday(day, i), true
			}
		}
	}
	for _, word := range strings.Fields(when) {
		for month := time.January; month <= time.December; month++ {
			if len(word) >= 3 && strings.HasPrefix(strings.ToLower(month.String()), word[:3]) {
				number := strings.TrimSpace(strings.Replace(when, word, "", 1))
				return monthDay(strconv.Itoa(int(month)), number, day)
			}
		}
	}
	return day, true // today, tonight, end of day
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

// clock reads an hour and minute with the half of the day, if one is given.
func clock(hour, minute, half string, ok bool) (briefing.TimeOfDay, bool) {
	h, err := strconv.Atoi(hour)
	m, err2 := 0, error(nil)
	if minute != "" {
		m, err2 = strconv.Atoi(minute)
	}
	switch half {
	case "오후", "저녁", "밤", "낮", "pm":
		if h < 12 {
			h += 12
		}
	case "오전", "am":
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
