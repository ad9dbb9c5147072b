package sources

import (
	"bytes"
	"mime"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/mmcdole/gofeed"
	"github.com/mmcdole/gofeed/rss"
	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/korean"
	textunicode "golang.org/x/text/encoding/unicode"

	"achim/briefing"
)

const (
	storiesRead = 200 // of one feed, the newest
	titleRunes  = 150
	nameRunes   = 40               // of a publisher's name
	longestLink = 2000             // bytes
	longestDate = 100              // bytes
	longestPost = 4 << 10          // bytes of a text without a title, of which the first words are taken for one
	clockSlack  = 10 * time.Minute // a story from further in the future has a wrong zone, and so no time
)

// feedDoc is a feed as all readers share it.
type feedDoc struct {
	title   string
	stories []story // the newest first, undated ones last in the feed's order
}

// story is one item of a feed.
type story struct {
	id, key, title, link, publisher string

	ref    string    // the link without what only tells where one came from
	host   string    // of the link: who else tells a story from there is no other publisher
	at     time.Time // zero = unknown
	allDay bool      // at is the midnight before: the feed says the day alone
	first  time.Time // when a story without a time appeared in the feed; zero = it was there when the feed was first read
	sole   bool      // no other story of the feed has its id or its link
	words  []word    // of the title, for telling the same story in other words
}

// newFeedDoc takes the stories out of a parsed feed that was found at the given address.
func newFeedDoc(parsed *gofeed.Feed, at *url.URL, now time.Time) *feedDoc {
	doc := &feedDoc{title: nameOf(publisherIn(cleanTitle(parsed.Title)))}
	korean := strings.HasSuffix(strings.ToLower(at.Hostname()), ".kr") || strings.HasPrefix(strings.ToLower(parsed.Language), "ko")
	original, _ := parsed.OriginalFeed().(*rss.Feed)
	for i, item := range parsed.Items {
		if item == nil {
			continue
		}
		s := story{title: cleanTitle(item.Title)}
		if s.title == "" {
			s.title = firstOf(firstWords(item.Description), firstWords(item.Content))
		}
		s.at, s.allDay = storyTime(item, korean, now)
		permalink := true
		if original != nil && i < len(original.Items) {
			rssItem := original.Items[i]
			permalink = rssItem.GUID != nil && rssItem.GUID.IsPermalink != "false"
			if rssItem.Source != nil {
				publisher := cleanTitle(rssItem.Source.Title)
				// Aggregators append the publisher. Only what equals it is taken off: titles have dashes of their own.
				if bare, ok := strings.CutSuffix(s.title, " - "+publisher); ok && publisher != "" {
					s.title = strings.TrimSpace(bare)
				}
				s.publisher = nameOf(publisher)
			}
		}
		s.link = storyLink(item, permalink, at)
		if s.title == "" || s.link == "" {
			continue
		}
		s.title = strings.Clone(cut(s.title, titleRunes))
		bare := untagged(s.title)
		s.key, s.words = storyKey(bare, s.link), titleWords(bare)
		s.ref, s.host = reference(s.link)
		s.id = shortHash(s.host + " " + firstOf(item.GUID, s.link)) // some number their stories from 1, as others do
		doc.stories = append(doc.stories, s)
	}
	slices.SortStableFunc(doc.stories, func(a, b story) int { return b.at.Compare(a.at) })
	doc.stories = slices.Clip(doc.stories[:min(len(doc.stories), storiesRead)])
	doc.markSole()
	return doc
}

// markSole marks the stories that can be told by their id and link. Some feeds give the same to all of theirs.
func (d *feedDoc) markSole() {
	ids, links := make(map[string]int, len(d.stories)), make(map[string]int, len(d.stories))
	for i := range d.stories {
		ids[d.stories[i].id]++
		links[d.stories[i].ref]++
	}
	for i := range d.stories {
		s := &d.stories[i]
		s.sole = ids[s.id] == 1 && links[s.ref] == 1
		if ids[s.id] > 1 {
			s.id = shortHash(s.id + s.key)
		}
	}
}

// inherit takes over what is known from the reading before, nil for the first: a story whose title the publisher has changed
// keeps the key under which readers may have been told it, and one without a time is as old as its first appearance.
func (d *feedDoc) inherit(before *feedDoc, now time.Time) {
	if d == nil || before == nil {
		return
	}
	known := make(map[string]*story, 2*len(before.stories))
	for i := range before.stories {
		s := &before.stories[i]
		known[s.key] = s
		if s.sole {
			known[s.id] = s
		}
	}
	for i := range d.stories {
		s := &d.stories[i]
		old := known[s.key]
		if same := known[s.id]; s.sole && same != nil {
			old, s.key = same, same.key
		}
		if old != nil {
			s.first = old.first
		} else {
			s.first = now
		}
	}
}

var slogans = regexp.MustCompile(`\s+(?:[-–—|:>»/]|::)\s+|:\s+`)

// publisherIn is the name in a feed's title, which goes on with what the feed has, or a slogan.
func publisherIn(title string) string {
	for _, part := range slogans.Split(title, -1) {
		switch strings.ToLower(part) {
		case "", "home", "home page", "rss", "feed", "news", "latest news", "top stories", "홈", "뉴스", "전체", "전체기사", "전체 기사", "최신", "최신기사", "최신뉴스", "주요뉴스", "rss 서비스":
			continue
		}
		if utf8.RuneCountInString(part) > 1 {
			return part
		}
	}
	return title
}

// cleanTitle makes a title plain text: entities resolved, also twice escaped ones, markup gone, one line.
func cleanTitle(title string) string {
	resolved := unescapeTwice(title)
	if plain := oneLine(plainText(resolved)); plain != "" {
		return plain
	}
	return oneLine(resolved)
}

// nameOf is a publisher's name as it is kept: cut, and by itself, for it would keep the feed it was cut from.
func nameOf(name string) string { return strings.Clone(cut(name, nameRunes)) }

// firstWords is what short messages have for a title: how their text begins.
func firstWords(post string) string {
	if len(post) > longestPost {
		post = strings.ToValidUTF8(post[:longestPost], "")
	}
	return oneLine(plainText(unescapeTwice(post)))
}

// storyLink is the story's web address, "" when it has none a person could open. Where an item names none, its id will do if it is
// one: Atom and JSON feeds may have it so, and RSS says whether it is.
func storyLink(item *gofeed.Item, permalink bool, at *url.URL) string {
	base := *at
	base.User = nil // who may read the feed is nobody's business but its site's
	links := append([]string{item.Link}, item.Links...)
	if id := strings.TrimSpace(item.GUID); permalink && (strings.HasPrefix(id, "https://") || strings.HasPrefix(id, "http://")) {
		links = append(links, id)
	}
	for _, link := range links {
		u, err := base.Parse(strings.TrimSpace(link))
		if err != nil || link == "" || u.Host == "" || u.User != nil || (u.Scheme != "http" && u.Scheme != "https") {
			continue
		}
		if s := u.String(); len(s) <= longestLink {
			return s
		}
	}
	return ""
}

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

var (
	declaration = regexp.MustCompile(`^\s*<\?xml[^>]*\?>`)
	declared    = regexp.MustCompile(`encoding\s*=\s*["']([A-Za-z0-9._:-]+)["']`)
)

// feedText is the body as UTF-8 without an XML declaration, which would have it decoded again. The order
// is: byte order mark; what is valid UTF-8 is that, whatever it claims; the declaration; the HTTP header;
// and for a Korean host, or what is Korean in it, the charset that servers there forget to name.
func feedText(body []byte, contentType, host string) string {
	if text, ok := byMark(body); ok {
		return tidyXML(text)
	}
	head := string(body[:min(len(body), 512)])
	label := ""
	if m := declared.FindStringSubmatch(declaration.FindString(head)); m != nil {
		label = m[1]
	}
	shifted := bytes.IndexByte(body, 0x1b) >= 0 // ISO-2022 charsets look like valid UTF-8
	if mostlyUTF8(body) && !shifted {
		return tidyXML(strings.ToValidUTF8(string(body), "\uFFFD"))
	}
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		params = nil
	}
	for _, name := range []string{label, params["charset"]} {
		if enc := encodingOf(name); enc != nil {
			return tidyXML(decode(enc, body))
		}
	}
	if strings.HasSuffix(strings.ToLower(host), ".kr") {
		return tidyXML(decode(korean.EUCKR, body))
	}
	if text, err := korean.EUCKR.NewDecoder().Bytes(body); err == nil && mostlyHangul(string(text)) {
		return tidyXML(string(text))
	}
	guess, _, _ := charset.DetermineEncoding(body, "")
	return tidyXML(decode(guess, body))
}

// mostlyHangul reports whether what is not ASCII is Korean throughout: no other language comes out like that.
func mostlyHangul(text string) bool {
	hangul, other := 0, 0
	for _, r := range text {
		switch {
		case r == utf8.RuneError:
			return false
		case unicode.Is(unicode.Hangul, r):
			hangul++
		case unicode.IsLetter(r) && r > unicode.MaxASCII:
			other++
		}
	}
	return hangul > 9*other
}

// byMark decodes by a byte order mark, or by the zero bytes that give UTF-16 away without one.
func byMark(body []byte) (string, bool) {
	switch {
	case bytes.HasPrefix(body, []byte{0xEF, 0xBB, 0xBF}):
		return strings.ToValidUTF8(string(body[3:]), "\uFFFD"), true
	case bytes.HasPrefix(body, []byte{0xFF, 0xFE}), bytes.HasPrefix(body, []byte{'<', 0}):
		return decode(textunicode.UTF16(textunicode.LittleEndian, textunicode.UseBOM), body), true
	case bytes.HasPrefix(body, []byte{0xFE, 0xFF}), bytes.HasPrefix(body, []byte{0, '<'}):
		return decode(textunicode.UTF16(textunicode.BigEndian, textunicode.UseBOM), body), true
	}
	return "", false
}

// mostlyUTF8 reports whether the body is UTF-8, allowing for the odd byte a careless program cut in half.
func mostlyUTF8(body []byte) bool {
	if utf8.Valid(body) {
		return true
	}
	good, bad := 0, 0
	for len(body) > 0 {
		r, size := utf8.DecodeRune(body)
		switch {
		case r == utf8.RuneError && size == 1:
			bad++
		case size > 1:
			good++
		}
		body = body[size:]
	}
	return bad*3 < good // of Korean in another charset nearly all is bad
}

// charsetName gives the names Korean programs use a form that the libraries know.
func charsetName(label string) string {
	switch strings.ToLower(strings.TrimSpace(label)) {
	case "cp949", "ms949", "x-windows-949", "uhc", "ksc5601", "ks_c_5601", "ksc_5601", "x-euc-kr", "euckr", "euc_kr":
		return "euc-kr"
	}
	return label
}

// encodingOf returns the named encoding, nil for none and for UTF-8, which the body has been found not to be.
func encodingOf(label string) encoding.Encoding {
	enc, name := charset.Lookup(charsetName(label))
	if label == "" || name == "utf-8" {
		return nil
	}
	return enc
}

func decode(enc encoding.Encoding, body []byte) string {
	decoded, err := enc.NewDecoder().Bytes(body)
	if err != nil {
		return strings.ToValidUTF8(string(body), "\uFFFD")
	}
	return string(decoded)
}

// tidyXML drops the XML declaration and the characters XML forbids.
func tidyXML(text string) string {
	text = strings.TrimLeftFunc(text, func(r rune) bool { return unicode.IsSpace(r) || r == '\uFEFF' })
	text = text[len(declaration.FindString(text[:min(len(text), 512)])):]
	return strings.Map(func(r rune) rune {
		if (r < ' ' && r != '\t' && r != '\n' && r != '\r') || r == 0xFFFE || r == 0xFFFF {
			return -1
		}
		return r
	}, text)
}
