package language

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"achim/briefing"
)

// koreanDays are the public holidays of Korea, a line each: date, name in Korean, name in English. A table, since
// some follow the moon as Korea reckons it and others are decreed from year to year.
//
//go:embed holidays.tsv
var koreanDays string

// Holidays are public holidays. It does not change and is safe for concurrent use.
type Holidays struct {
	names map[briefing.Date]map[briefing.Language]string
}

// HolidayFault is a line of a table of holidays that cannot be read.
type HolidayFault struct {
	Line    int // from 1
	Problem string
}

// KoreanHolidays returns the public holidays of Korea for the years that are known, substitute days and elections
// included. In other years there are none.
func KoreanHolidays() Holidays {
	h, _ := ParseHolidays(koreanDays) // a test reads it without a fault
	return h
}

// longestHoliday bounds a name, in characters; mostHolidayFaults is after how many faults a file is none of holidays.
const (
	longestHoliday    = 60
	mostHolidayFaults = 20
)

// ParseHolidays reads a table of holidays: lines of a date, a name in Korean and one in English, with tabs between them.
// Lines that are empty or begin with # are passed over. Where there is a fault the table is of no use.
func ParseHolidays(text string) (Holidays, []HolidayFault) {
	h := Holidays{names: map[briefing.Date]map[briefing.Language]string{}}
	lines := map[briefing.Date]int{}
	var faults []HolidayFault
	n := 0
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		day, names, problem := parseHoliday(line)
		if first := lines[day]; problem == "" && first > 0 {
			problem = fmt.Sprintf("%s is there already, on line %d: put both names on one line", day, first)
		}
		if problem != "" {
			if faults = append(faults, HolidayFault{n, problem}); len(faults) == mostHolidayFaults {
				break
			}
			continue
		}
		lines[day], h.names[day] = n, names
	}
	return h, faults
}

// parseHoliday reads one line; problem is "" for a good one.
func parseHoliday(line string) (day briefing.Date, names map[briefing.Language]string, problem string) {
	fields := strings.Split(line, "\t")
	if len(fields) != 3 {
		return day, nil, fmt.Sprintf("has %d fields between tabs, not three: write a date, the name in Korean and the name in English", len(fields))
	}
	for i, field := range fields {
		fields[i] = strings.TrimSpace(field)
	}
	day, err := briefing.ParseDate(fields[0])
	if err != nil {
		return day, nil, err.Error()
	}
	for _, name := range fields[1:] {
		if name == "" || !utf8.ValidString(name) || utf8.RuneCountInString(name) > longestHoliday {
			return day, nil, fmt.Sprintf("a name is empty, is not UTF-8 or has more than %d characters: write both, in Korean and in English", longestHoliday)
		}
	}
	return day, map[briefing.Language]string{briefing.Korean: fields[1], briefing.English: fields[2]}, ""
}

// With returns the holidays with every year that later knows taken from there, and from there alone.
func (h Holidays) With(later Holidays) Holidays {
	years := map[int]bool{}
	for d := range later.names {
		years[d.Year] = true
	}
	all := maps.Clone(later.names)
	for d, names := range h.names {
		if !years[d.Year] {
			all[d] = names
		}
	}
	return Holidays{all}
}

// lostTo returns the days that With takes away, in their order.
func (h Holidays) lostTo(later Holidays) (lost []briefing.Date) {
	with := h.With(later)
	for d := range h.names {
		if !with.On(d) {
			lost = append(lost, d)
		}
	}
	slices.SortFunc(lost, func(a, b briefing.Date) int { return strings.Compare(a.String(), b.String()) })
	return lost
}

// On reports whether d is a holiday.
func (h Holidays) On(d briefing.Date) bool { return len(h.names[d]) > 0 }

// Name returns what the holiday on d is called, and "" when d is none.
func (h Holidays) Name(d briefing.Date, in briefing.Language) string { return h.names[d][in] }
