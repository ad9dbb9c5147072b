package sources

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/mmcdole/gofeed"

	"achim/briefing"
)

const (
	longestDate = 100              // bytes, as a feed writes one
	clockSlack  = 10 * time.Minute // a story from further in the future has a wrong zone, and so no time
)

// kst is Korea's time. It has had no summer time since 1988, and news is newer.
func kst() *time.Location { return time.FixedZone("KST", 9*60*60) }

var (
	hasOffset   = regexp.MustCompile(`(?i)([+-]\d{2}:?\d{2}|\d\s*Z|GMT|UTC|\bUT|\b[ECMP][SD]T)\s*(\(.*\))?\s*$`)
	hasClock    = regexp.MustCompile(`\d:\d{2}|\d\s*시|T\d{4}`)
	zoned       = regexp.MustCompile(`(?i)(\d:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s*[ap]m\b)?)\s*\(?(?:(?:GMT|UTC|UT)?\s*([+-])(\d{1,2}):?(\d{2})?|([a-z]{1,5}))\b\)?`)
	yearAfter   = regexp.MustCompile(`^\s+\d{4}\b`) // as in the form of Unix, where the zone comes before
	weekday     = regexp.MustCompile(`(?i)^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?\s+`)
	shortYear   = regexp.MustCompile(`^\d{2}\.\d{1,2}\.\d{1,2}\.?(?:\s|$)`)
	numeric     = regexp.MustCompile(`^\s*(\d{4})\s*[-./년]\s*(\d{1,2})\s*[-./월]\s*(\d{1,2})\s*[.일]?\s*(?:\([^)]*\)|[월화수목금토일]요일)?\s*T?(?:(오전|오후|AM|PM)?\s*(\d{1,2})(?::|시\s*)(\d{2})?(?:(?::|분\s*)(\d{2}))?)?`)
	wordedDate  = regexp.MustCompile(`^(?:[월화수목금토일](?:요일)?\s*,?\s*)?(\d{1,2})일?\s+(\d{1,2})월,?\s+(\d{4})년?\s+(오전|오후)?\s*(\d{1,2}):(\d{2})(?::(\d{2}))?`)
	compactDate = regexp.MustCompile(`^(\d{4})(\d{2})(\d{2})T?(\d{2})(\d{2})(\d{2})(Z|[+-]\d{2}:?\d{2})?$`)
	offset      = regexp.MustCompile(`([+-])(\d{2}):?(\d{2})\s*$`)
)

// saysKST reports the abbreviation that Go knows no offset for.
func saysKST(raw string) bool { return strings.HasSuffix(strings.ToUpper(raw), " KST") }

// storyTime is when the story was published, zero when that cannot be known, and whether the feed says the day alone. Times
// without an offset are Korean in Korean feeds, where the parser takes them for UTC and nine hours late.
func storyTime(item *gofeed.Item, korean bool, now time.Time) (at time.Time, allDay bool) {
	raw, parsed := item.Published, item.PublishedParsed
	if raw == "" {
		raw, parsed = item.Updated, item.UpdatedParsed
	}
	if raw == "" || len(raw) > longestDate {
		return time.Time{}, false
	}
	raw = spelledOut(raw, korean)
	wall, zone, said := zoneSaid(raw)
	if said && zone == nil {
		return time.Time{}, false // an abbreviation that may be anything
	}
	if said {
		at = wallTime(wall, zone)
	}
	switch {
	case !at.IsZero():
	case said && !hasOffset.MatchString(raw):
		return time.Time{}, false // the parser does not know that zone
	case parsed != nil && korean && !hasOffset.MatchString(raw):
		clock := parsed.UTC()
		at = time.Date(clock.Year(), clock.Month(), clock.Day(), clock.Hour(), clock.Minute(), clock.Second(), 0, kst())
	case parsed != nil:
		at = *parsed
	default:
		at = numericTime(raw, zoneOf(raw, korean))
	}
	if at.After(now.Add(clockSlack)) || at.Year() < 1990 {
		return time.Time{}, false
	}
	return at.UTC(), !hasClock.MatchString(raw)
}

// spelledOut gives the shortest forms the signs that the others have: 20261120150000, and 26.11.20 as Koreans write it.
func spelledOut(raw string, korean bool) string {
	raw = compactDate.ReplaceAllString(strings.TrimSpace(raw), "$1-$2-$3 $4:$5:$6$7")
	if korean && shortYear.MatchString(raw) {
		return "20" + raw
	}
	return raw
}

// zones are the abbreviations that feeds use and mean one thing by, in hours from UTC. Of those that the world uses twice it is
// the sense most feeds have.
var zones = map[string]int{
	"Z": 0, "UT": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3,
	"HKT": 8, "SGT": 8, "AWST": 8, "KST": 9, "JST": 9, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
	"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
}

// zoneSaid finds the zone that stands behind the clock, by its offset or its name, and returns what is on the clock without it.
// The zone is nil when nobody knows which is meant.
func zoneSaid(raw string) (wall string, zone *time.Location, said bool) {
	at := zoned.FindStringSubmatchIndex(raw)
	if at == nil {
		return raw, nil, false
	}
	part := func(n int) string {
		if at[2*n] < 0 {
			return ""
		}
		return raw[at[2*n]:at[2*n+1]]
	}
	name := part(5)
	hours, known := zones[strings.ToUpper(name)]
	minutes := 0
	switch {
	case name == "":
		hours, minutes, known = number(part(3)), number(part(4)), true
		if hours > 14 || minutes > 59 {
			return raw, nil, false // a date rather
		}
		if part(2) == "-" {
			hours, minutes = -hours, -minutes
		}
	case !known && (name != strings.ToUpper(name) || name == "AM" || name == "PM" || len(name) == 1):
		return raw, nil, false // a word rather
	}
	wall = raw[:at[3]]
	if year := yearAfter.FindString(raw[at[1]:]); year != "" {
		wall += year
	}
	if !known {
		return wall, nil, true
	}
	return wall, time.FixedZone("", hours*60*60+minutes*60), true
}

// wallTime reads a date and a clock in the given zone, zero when it is written as nobody does.
func wallTime(wall string, zone *time.Location) time.Time {
	if at := numericTime(wall, zone); !at.IsZero() {
		return at
	}
	wall = weekday.ReplaceAllString(strings.Join(strings.Fields(strings.ReplaceAll(wall, ",", " ")), " "), "")
	for _, date := range [...]string{"2 Jan 2006 ", "2 January 2006 ", "2 1 2006 ", "Jan 2 2006 ", "January 2 2006 ", "2 Jan 06 ", "2-Jan-06 ", "2-Jan-2006 "} {
		for _, clock := range [...]string{"15:04:05", "15:04", "3:04:05 PM", "3:04 PM"} {
			if at, err := time.ParseInLocation(date+clock, wall, zone); err == nil {
				return at
			}
		}
	}
	if at, err := time.ParseInLocation("Jan 2 15:04:05 2006", wall, zone); err == nil {
		return at
	}
	return time.Time{}
}

// number is what the digits say, 0 when there are none.
func number(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 0
	}
	return n
}

// numericTime reads the forms Korean servers write that no standard knows, such as 2026.11.20 09:00 and 금, 20 11월 2026 09:00.
func numericTime(raw string, zone *time.Location) time.Time {
	m := numeric.FindStringSubmatch(raw)
	if m == nil {
		if m = wordedDate.FindStringSubmatch(raw); m == nil {
			return time.Time{}
		}
		m[1], m[3] = m[3], m[1] // the day comes first there
	}
	half := map[string]string{"오전": "am", "AM": "am", "오후": "pm", "PM": "pm"}[m[4]]
	at, ok := clock(firstOf(m[5], "0"), m[6], half, true)
	if !ok {
		return time.Time{}
	}
	date := briefing.Date{Year: number(m[1]), Month: time.Month(number(m[2])), Day: number(m[3])}
	if date.AddDays(0) != date {
		return time.Time{}
	}
	return time.Date(date.Year, date.Month, date.Day, at.Hour, at.Minute, number(m[7]), 0, zone)
}

// zoneOf is the zone of a time that no standard knows: what it says itself, else Korea's where it is written as there.
func zoneOf(raw string, korean bool) *time.Location {
	if m := offset.FindStringSubmatch(raw); m != nil && hasClock.MatchString(raw) {
		if at, err := time.Parse("-0700", m[1]+m[2]+m[3]); err == nil {
			return at.Location()
		}
	}
	if hasOffset.MatchString(raw) && hasClock.MatchString(raw) {
		return time.UTC
	}
	if korean || strings.ContainsAny(raw, "년월.오") || saysKST(raw) {
		return kst()
	}
	return time.UTC
}
