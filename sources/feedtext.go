package sources

import (
	"bytes"
	"mime"
	"net/url"
	"regexp"
	"slices"
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
)

const (
	storiesRead = 200 // of one feed, the newest
	titleRunes  = 150
	nameRunes   = 40      // of a publisher's name
	longestLink = 2000    // bytes
	longestPost = 4 << 10 // bytes of a text without a title, of which the first words are taken for one
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

// writtenInKorean reports whether a feed that does not name its language is: its titles tell.
func writtenInKorean(parsed *gofeed.Feed) bool {
	titles := cut(parsed.Title, titleRunes)
	for _, item := range parsed.Items[:min(len(parsed.Items), 5)] {
		if item != nil {
			titles += cut(item.Title, titleRunes)
		}
	}
	return parsed.Language == "" && mostlyHangul(titles)
}

// newFeedDoc takes the stories out of a parsed feed that was found at the given address.
func newFeedDoc(parsed *gofeed.Feed, at *url.URL, now time.Time) *feedDoc {
	doc := &feedDoc{title: nameOf(publisherIn(cleanTitle(parsed.Title)))}
	korean := strings.HasSuffix(strings.ToLower(at.Hostname()), ".kr") || strings.HasPrefix(strings.ToLower(parsed.Language), "ko") || writtenInKorean(parsed)
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
