package language

import (
	_ "embed"
	"strings"

	"achim/briefing"
)

// koreanDays are the public holidays of Korea, a line each: date, name in Korean, name in English. A table, since
// some follow the moon as Korea reckons it and others are decreed from year to year.
//
//go:embed holidays.tsv
var koreanDays string

// Holidays are public holidays. It does not change and is safe for concurrent use.
type Holidays struct {
	names map[string]map[briefing.Language]string // by date
}

// KoreanHolidays returns the public holidays of Korea for the years that are known, substitute days and elections
// included. In other years there are none.
func KoreanHolidays() Holidays {
	h := Holidays{names: map[string]map[briefing.Language]string{}}
	for line := range strings.Lines(koreanDays) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		if len(fields) == 3 {
			h.names[fields[0]] = map[briefing.Language]string{briefing.Korean: fields[1], briefing.English: fields[2]}
		}
	}
	return h
}

// On reports whether d is a holiday.
func (h Holidays) On(d briefing.Date) bool { return len(h.names[d.String()]) > 0 }

// Name returns what the holiday on d is called, and "" when d is none.
func (h Holidays) Name(d briefing.Date, in briefing.Language) string { return h.names[d.String()][in] }
