package sources

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// placeRunes is how much of a place is told; longer ones are shortened to what tells the way.
const placeRunes = 32

// onlineOnly reports a location that only says that there is none.
func onlineOnly(place string) bool {
	switch strings.ToLower(place) {
	case "google meet", "meet", "zoom", "zoom meeting", "줌", "줌 회의", "microsoft teams", "microsoft teams meeting", "microsoft teams 모임",
		"microsoft teams 미팅", "teams", "webex", "online", "virtual", "remote", "온라인", "비대면", "원격", "화상", "화상회의", "화상 회의":
		return true
	}
	return false
}

var emptyBrackets = regexp.MustCompile(`\(\s*\)|\[\s*\]|<\s*>`)

// placeOf is where to go: the first line of the location, shortened, without links, and nothing where all it
// says is that the meeting is online.
func placeOf(location, join string) string {
	location = wordsOf(location[:min(len(location), longestSearched)])
	if strings.Contains(location, "://") {
		location = anyLink.ReplaceAllString(location, " ")
	}
	if join != "" {
		location = strings.ReplaceAll(location, strings.TrimPrefix(join, "https://"), " ")
	}
	location = emptyBrackets.ReplaceAllString(location, " ")
	for line := range strings.Lines(location) {
		line = unpaired(strings.Trim(oneLine(line), " ,;:/|·-–"))
		if line == "" {
			continue
		}
		if join != "" && onlineOnly(line) {
			return ""
		}
		return cut(shortPlace(line), placeRunes)
	}
	return ""
}

// unpaired drops brackets at the ends that a link taken away has left alone.
func unpaired(s string) string {
	for _, pair := range [...][2]string{{"(", ")"}, {"[", "]"}, {"<", ">"}} {
		if strings.Count(s, pair[0]) != strings.Count(s, pair[1]) {
			s = strings.TrimSuffix(strings.TrimPrefix(s, pair[0]), pair[1])
			s = strings.TrimSuffix(strings.TrimPrefix(s, pair[1]), pair[0])
		}
	}
	return strings.Trim(s, " ,;:/|·-–")
}

var (
	// wideArea is what everybody in the country knows: the country, the province, the postal code.
	wideArea = regexp.MustCompile(`(?:^|[\s,(])(?:대한민국|한국|(?:서울|부산|대구|인천|광주|대전|울산|세종)(?:특별자치시|특별시|광역시|시)|` +
		`(?:경기|강원|충청[남북]|전라[남북]|전북|경상[남북]|제주)(?:특별자치)?도|\(?우?\)?\d{5}\)?|\d{3}-\d{3})(?:$|[\s,)])`)
	// equipment is what Google writes behind the name of a room: how many it seats, and what is in it.
	equipment = regexp.MustCompile(`\(\d+\)|\[[^\[\]]*\]`)
	// road is a Korean address up to the number of the house, and what stands behind it: a building, a floor.
	road = regexp.MustCompile(`^(.*?[가-힣0-9]+(?:로|길)\s?\d+(?:-\d+)?)(?:$|[\s,]+(.*)$)`)
)

// shortPlace shortens a place that is longer than a line has room for, or that holds a whole address: a name before
// the address, or the building at its end, says more on the way than the province.
func shortPlace(place string) string {
	address := wideArea.MatchString(place)
	if utf8.RuneCountInString(place) <= placeRunes && !address {
		return place
	}
	place = strings.Join(strings.Fields(equipment.ReplaceAllString(place, " ")), " ")
	if name, rest, ok := strings.Cut(place, ","); ok && hasLetter(name) && (address || strings.Contains(rest, ",")) && !wideArea.MatchString(name) && !road.MatchString(name) {
		return strings.TrimSpace(name)
	}
	if !address {
		return place
	}
	near := place
	for range 4 { // one match takes the space that the next begins with
		near = strings.Join(strings.Fields(wideArea.ReplaceAllString(near, " ")), " ")
	}
	near = strings.Trim(near, " ,")
	if found := road.FindStringSubmatch(near); found != nil {
		detail := strings.Trim(aside.ReplaceAllString(found[2], ""), " ,")
		near = found[1]
		if hasLetter(detail) {
			near = detail
			if utf8.RuneCountInString(detail) < 6 { // a floor alone is nowhere
				near = found[1] + " " + detail
			}
		}
	}
	if near == "" {
		return place
	}
	return near
}

func hasLetter(s string) bool { return strings.ContainsFunc(s, unicode.IsLetter) }
