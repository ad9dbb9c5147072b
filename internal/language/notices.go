package language

import (
	"time"

	"achim/briefing"
)

// NoticeFacts is what the words of a notice depend on.
type NoticeFacts struct {
	briefing.Telling
	Name     string // of the reader, fit for one line
	Operator string // "@jiwon", or "" when the operator has no name here
	NoLink   bool   // there is no link a phone could use: say whom to ask
	KeepDays int    // how long titles and summaries are kept
	News     bool   // there are feeds to read news from
	Clock    Clock
}

// NoticeWords is a notice in words.
type NoticeWords struct {
	Push   string   // the line a phone shows: no name and no subject
	Title  string   // one sentence: what is the matter
	Lines  []string // what follows from it, and what to do
	Button string   // "" = nothing to press
	Spoken string   // what a screen reader says of the button
	Notes  []string // small print
}

// Notice returns the words of a notice.
func Notice(code briefing.Language, f NoticeFacts) NoticeWords {
	w := koNotice(f)
	if code == briefing.English {
		w = enNotice(f)
	}
	if f.NoLink {
		w.Button, w.Spoken = "", ""
	}
	return w
}

// weekdaysFromMonday returns the days of the set in the order of the week.
func weekdaysFromMonday(set briefing.Weekdays) []time.Weekday {
	var days []time.Weekday
	for i := range 7 {
		if day := time.Weekday((i + 1) % 7); set.Has(day) {
			days = append(days, day)
		}
	}
	return days
}

// workweek is Monday to Friday.
const workweek = briefing.EveryDay &^ (1<<time.Sunday | 1<<time.Saturday)

// google says what connecting Google brings to this reader: the sections they want of mail and calendar, both where they
// want neither, which the consent asks for all the same.
func (f NoticeFacts) google(mail, calendar, both string) string {
	wants := f.Reader.Preferences
	switch {
	case wants.Wants(briefing.Gmail) == wants.Wants(briefing.Calendar):
		return both
	case wants.Wants(briefing.Gmail):
		return mail
	}
	return calendar
}
