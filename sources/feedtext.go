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
	clockSlack  = 10 * time.Minute // a story from further in the future has a wrong zone, and so no time
)

// feedDoc is a feed as all readers share it.
type feedDoc struct {
	title   string
	stories []story   // the newest first, undated ones last in the feed's order
	since   time.Time // when this process first read the feed
}

// story is one item of a feed.
type story struct {
	id, key, title, link, publisher string

	ref     string    // the link without what only tells where one came from
	place   string    // link and guid: what stands there may get another title
	keys    []string  // under which readers may have been told it, its own first
	beside  [2]string // keys of what stood in its place shortly before or after
	telling bool      // the title is long enough that nobody else has it by chance
	host    string    // of the link: who else tells a story from there is no other publisher
	at      time.Time // zero = unknown
	allDay  bool      // at is the midnight before: the feed says the day alone
	first   time.Time // when it appeared in the feed; zero = it was there when the feed was first read
	sole    bool      // no other story of the feed has its link
	words   []word    // of the title, for telling the same story in other words
}

// newFeedDoc takes the stories out of a parsed feed that was found at the given address.
func newFeedDoc(parsed *gofeed.Feed, at *url.URL, now time.Time) *feedDoc {
	doc := &feedDoc{title: cut(publisherIn(cleanTitle(parsed.Title)), 40)}
	korean := strings.HasSuffix(strings.ToLower(at.Hostname()), ".kr") || strings.HasPrefix(strings.ToLower(parsed.Language), "ko")
	original, _ := parsed.OriginalFeed().(*rss.Feed)
	for i, item := range parsed.Items {
		if item == nil {
			continue
		}
		s := story{title: cleanTitle(item.Title), link: storyLink(item, at)}
		s.at, s.allDay = storyTime(item, korean, now)
		if original != nil && i < len(original.Items) && original.Items[i].Source != nil {
			s.publisher = cleanTitle(original.Items[i].Source.Title)
			// Aggregators append the publisher. Only what equals it is taken off: titles have dashes of their own.
			if bare, ok := strings.CutSuffix(s.title, " - "+s.publisher); ok && s.publisher != "" {
				s.title = strings.TrimSpace(bare)
			}
		}
		if s.title == "" || s.link == "" {
			continue
		}
		s.title = cut(s.title, titleRunes)
		bare := untagged(s.title)
		s.key, s.words = storyKey(bare, s.link), titleWords(bare)
		s.telling = saysEnough(bare, s.words)
		s.ref, s.host = reference(s.link)
		s.place = shortHash(s.ref + " " + firstOf(item.GUID, s.link)) // some number their stories from 1, every day and in every feed
		s.id = shortHash(at.String() + " " + s.place)
		doc.stories = append(doc.stories, s)
	}
	slices.SortStableFunc(doc.stories, func(a, b story) int { return b.at.Compare(a.at) })
	doc.stories = slices.Clip(doc.stories[:min(len(doc.stories), storiesRead)])
	doc.identify()
	return doc
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

// storyLink is the story's web address, "" when it has none a person could open.
func storyLink(item *gofeed.Item, at *url.URL) string {
	for _, link := range append([]string{item.Link}, item.Links...) {
		u, err := at.Parse(strings.TrimSpace(link))
		if err != nil || link == "" || u.Host == "" || u.User != nil || (u.Scheme != "http" && u.Scheme != "https") {
			continue
		}
		if s := u.String(); len(s) <= 2000 {
			return s
		}
	}
	return ""
}

// kst is Korea's time. It has had no summer time since 1988, and news is newer.
func kst() *time.Location { return time.FixedZone("KST", 9*60*60) }

var (
	hasOffset  = regexp.MustCompile(`(?i)([+-]\d{2}:?\d{2}|\d\s*Z|GMT|UTC|\bUT|\b[ECMP][SD]T)\s*(\(.*\))?\s*$`)
	hasClock   = regexp.MustCompile(`\d:\d{2}|\d\s*시|T\d{4}`)
	numeric    = regexp.MustCompile(`^\s*(\d{4})\s*[-./년]\s*(\d{1,2})\s*[-./월]\s*(\d{1,2})\s*[.일]?\s*(?:\([^)]*\)|[월화수목금토일]요일)?\s*T?(?:(오전|오후|AM|PM)?\s*(\d{1,2})(?::|시\s*)(\d{2})?(?:(?::|분\s*)(\d{2}))?)?`)
	wordedDate = regexp.MustCompile(`^(?:[월화수목금토일](?:요일)?\s*,?\s*)?(\d{1,2})일?\s+(\d{1,2})월,?\s+(\d{4})년?\s+(오전|오후)?\s*(\d{1,2}):(\d{2})(?::(\d{2}))?`)
	offset     = regexp.MustCompile(`([+-])(\d{2}):?(\d{2})\s*$`)
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
	raw = strings.TrimSpace(raw)
	switch {
	case raw == "":
		return time.Time{}, false
	case parsed != nil && hasOffset.MatchString(raw):
		at = *parsed
	case parsed != nil && (korean || saysKST(raw)):
		wall := parsed.UTC()
		at = time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, kst())
	case parsed != nil:
		at = *parsed
	default:
		at = numericTime(raw, korean)
	}
	if at.After(now.Add(clockSlack)) || at.Year() < 1990 {
		return time.Time{}, false
	}
	return at.UTC(), !hasClock.MatchString(raw)
}

// numericTime reads the forms Korean servers write that no standard knows, such as 2026.11.20 09:00 and 금, 20 11월 2026 09:00.
func numericTime(raw string, korean bool) time.Time {
	m := numeric.FindStringSubmatch(raw)
	if m == nil {
		if m = wordedDate.FindStringSubmatch(raw); m == nil {
			return time.Time{}
		}
		m[1], m[3] = m[3], m[1] // the day comes first there
	}
	number := func(s string) int {
		n, err := strconv.Atoi(s)
		if err != nil {
			return 0
		}
		return n
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
	return time.Date(date.Year, date.Month, date.Day, at.Hour, at.Minute, number(m[7]), 0, zoneOf(raw, korean))
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
