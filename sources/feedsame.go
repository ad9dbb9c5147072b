package sources

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

var (
	tagsBefore = regexp.MustCompile(`^(\s*[\[【<(〈]\s*(속보|단독|종합|종합\s?\d*보|\d보|상보|긴급|영상|포토|사진|그래픽|업데이트|update|updated|breaking|breaking news|exclusive|urgent|lead|\d(?:st|nd|rd|th) ld|video)\s*[\]】>)〉])+`)
	tagsAfter  = regexp.MustCompile(`(\s*[\[(〈<]\s*(종합|종합\s?\d*보|\d보|상보|속보|단독|영상|업데이트|update|updated|lead)\s*[\])〉>])+\s*$`)
	wireTags   = regexp.MustCompile(`^\s*(breaking|breaking news|exclusive|urgent|updated?( ?\d+)?|wrapup ?\d+|속보|단독)\s*(:|\||-)\s*`)
)

// untagged is the title in one form, without the tags under which agencies publish a story again, such as [속보] and (종합2보).
func untagged(title string) string {
	title = strings.TrimSpace(strings.ToLower(norm.NFKC.String(title)))
	for range 3 {
		before := title
		title = wireTags.ReplaceAllString(tagsBefore.ReplaceAllString(title, ""), "")
		if last, _ := utf8.DecodeLastRuneInString(title); strings.ContainsRune("])〉>", last) {
			title = tagsAfter.ReplaceAllString(title, "")
		}
		if title = strings.TrimSpace(title); title == before {
			break
		}
	}
	return title
}

// storyKey is the same for the same story on another day or in another feed: its untagged title without spaces and punctuation.
// What makes a number or a name another one, or a question of it, is no punctuation.
func storyKey(untagged, link string) string {
	runes := []rune(untagged)
	var bare strings.Builder
	for i, r := range runes {
		switch {
		case unicode.IsLetter(r), unicode.IsNumber(r):
			bare.WriteRune(r)
		case r != ',' && partOfNumber(runes, i), partOfName(runes, i), r == '?' && i == len(runes)-1:
			bare.WriteRune(r)
		case unicode.IsSpace(r) && digitAt(runes, i-1) && digitAt(runes, i+1):
			bare.WriteByte(' ') // Round 1 12 dead
		}
	}
	if bare.Len() > 0 {
		return shortHash(bare.String())
	}
	return shortHash(link)
}

// partOfNumber reports whether the mark at i stands inside of a number, as in 2.5 and 3-1, or says which way it goes.
func partOfNumber(runes []rune, i int) bool {
	before, after := digitAt(runes, i-1), digitAt(runes, i+1)
	switch r := runes[i]; {
	case arrow(r):
		return after || before || i > 0 && runes[i-1] == '%'
	case r == '+' || r == '-' || r == '−':
		return after && (before || i == 0 || unicode.IsSpace(runes[i-1]) || runes[i-1] == '(')
	default:
		return before && after && strings.ContainsRune(".,:/~·", r)
	}
}

func digitAt(runes []rune, i int) bool { return i >= 0 && i < len(runes) && unicode.IsDigit(runes[i]) }

// partOfName reports whether the sign at i says what is meant: the currency of $5, the percent of 5%, what makes C++ and C# of C.
func partOfName(runes []rune, i int) bool {
	switch r := runes[i]; {
	case unicode.Is(unicode.Sc, r), r == '%', r == '&':
		return true
	default:
		return (r == '+' || r == '#') && i > 0 && (unicode.IsLetter(runes[i-1]) || runes[i-1] == '+')
	}
}

func arrow(r rune) bool { return strings.ContainsRune("▲▼△▽↑↓", r) }

func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:12])
}

// reference is a story's link without what only tells where a reader came from, and the site it is on.
func reference(link string) (ref, site string) {
	u, err := url.Parse(link)
	if err != nil {
		return link, ""
	}
	site = strings.ToLower(u.Hostname())
	for _, prefix := range []string{"www.", "m.", "news."} {
		site = strings.TrimPrefix(site, prefix)
	}
	u.Scheme = "https"
	if strings.Contains(u.RawQuery, "utm_") {
		query := u.Query()
		for name := range query {
			if strings.HasPrefix(name, "utm_") {
				query.Del(name)
			}
		}
		u.RawQuery = query.Encode()
	}
	return u.String(), site
}

const (
	fewestWords  = 4              // below that titles are alike by chance
	sameDay      = 24 * time.Hour // at most between two publishers' versions of a story
	mostCompared = 16             // stories that begin alike and are compared with one another
)

// word is a word of a title: its stem, and the particle that says what part it plays.
type word struct {
	stem, role string
	number     bool
}

// begins is how the title begins: only stories that agree in it are compared. "" = it has too few words to tell.
func (s *story) begins() string {
	if len(s.words) < fewestWords {
		return ""
	}
	return s.words[0].stem + " " + s.words[1].stem
}

// sameStory reports whether two publishers tell the same story, going by their titles: the same words in the same order, but
// for endings, articles and abbreviations that every newsroom has its own of. A word more, or one that stands in the place of
// another, makes it another story, and so does a number: 코스피 and 코스닥 fall on the same day by the same 2%.
func sameStory(a, b *story) bool {
	if len(a.words) < fewestWords || len(a.words) != len(b.words) || a.at.IsZero() || b.at.IsZero() || a.at.Sub(b.at).Abs() > sameDay {
		return false
	}
	var ours, theirs []string // the roles that only one of them says
	for i, w := range a.words {
		other := b.words[i]
		switch {
		case w.stem != other.stem, w.role != other.role && w.role != "" && other.role != "":
			return false
		case w.role != other.role:
			ours, theirs = append(ours, w.role), append(theirs, other.role)
		}
	}
	// 삼성, 애플에 소송 and 삼성에 애플 소송: the part of one is the other's.
	return !slices.ContainsFunc(ours, func(role string) bool { return role != "" && slices.Contains(theirs, role) })
}

// titleWords takes an untagged title apart.
func titleWords(untagged string) []word {
	runes := []rune(untagged)
	words := make([]word, 0, 12)
	var current []rune
	number := false
	end := func() {
		if len(current) > 0 {
			if w := wordOf(string(current), number); w.stem != "" {
				words = append(words, w)
			}
		}
		current, number = current[:0], false
	}
	for i, r := range runes {
		switch {
		case unicode.IsDigit(r):
			number = true
			current = append(current, r)
		case unicode.IsLetter(r), partOfName(runes, i):
			current = append(current, r)
		case r == ',' && partOfNumber(runes, i):
		case arrow(r), r == '?':
			end()
			words = append(words, word{stem: string(r), number: true})
		case partOfNumber(runes, i):
			current = append(current, r)
		case r == '.' && len(current) > 0 && i > 1 && (i < 2 || !unicode.IsLetter(runes[i-2])) && unicode.IsLetter(runes[i-1]):
			// an initial, as in U.S.
		case r == '\'' || r == '’':
			if i+1 == len(runes) || !unicode.IsLetter(runes[i+1]) || i == 0 || !unicode.IsLetter(runes[i-1]) {
				end()
			} else {
				current = append(current, '\'')
			}
		default:
			end()
		}
	}
	end()
	return slices.Clip(words)
}

// wordOf takes a word apart into stem and role. An article is none.
func wordOf(text string, number bool) word {
	text = strings.TrimSuffix(text, "'s")
	if number {
		w := koreanWord([]rune(text))
		if last, _ := utf8.DecodeLastRuneInString(w.stem); unicode.IsDigit(last) {
			return word{stem: text, number: true} // 5만 is no 5
		}
		w.number = true
		return w
	}
	if full, ok := abbreviated(text); ok {
		return word{stem: full}
	}
	runes := []rune(text)
	if last := runes[len(runes)-1]; last < 'a' || last > 'z' {
		return koreanWord(runes)
	}
	switch {
	case text == "a" || text == "an" || text == "the":
		return word{}
	case len(text) >= 4 && strings.HasSuffix(text, "s") && !strings.HasSuffix(text, "ss"):
		return word{stem: text[:len(text)-1]}
	}
	return word{stem: text}
}

// particles are the endings that may be there or not, the longer ones first. With each goes the part it gives its word: one
// who is the subject here and the object there does not do the same. 이 and 해 are none: 고양이 and 일본해 are no 고양 and 일본.
var particles = [...]struct{ ending, role string }{
	{"에서", "에서"}, {"에게", "에"}, {"으로", "로"}, {"까지", "까지"}, {"부터", "부터"}, {"했다", ""},
	{"은", "은"}, {"는", "은"}, {"가", "이"}, {"을", "을"}, {"를", "을"}, {"의", "의"}, {"에", "에"}, {"로", "로"}, {"와", "와"}, {"과", "와"},
}

func koreanWord(runes []rune) word {
	text := string(runes)
	for _, p := range particles {
		ending := []rune(p.ending)
		if len(runes) >= len(ending)+2 && strings.HasSuffix(text, p.ending) && follows(runes[len(runes)-len(ending)-1], p.ending) {
			stem := strings.TrimSuffix(text, p.ending)
			if full, ok := abbreviated(stem); ok {
				stem = full
			}
			return word{stem: stem, role: p.role}
		}
	}
	return word{stem: text}
}

// follows reports whether the particle is the one that goes with a word ending like that, going by the sound: 건축가 is no subject 건축.
func follows(last rune, particle string) bool {
	if last < '가' || last > '힣' {
		return true
	}
	final := (last - '가') % 28
	switch particle {
	case "은", "을", "과":
		return final != 0
	case "는", "가", "를", "와":
		return final == 0
	case "으로":
		return final != 0 && final != 8 // ㄹ
	case "로":
		return final == 0 || final == 8
	}
	return true
}

// abbreviated gives the whole word for what headlines shorten.
func abbreviated(text string) (string, bool) {
	switch text {
	case "한은":
		return "한국은행", true
	case "美":
		return "미국", true
	case "日":
		return "일본", true
	case "中":
		return "중국", true
	case "北":
		return "북한", true
	case "韓":
		return "한국", true
	case "英":
		return "영국", true
	case "與":
		return "여당", true
	case "野":
		return "야당", true
	case "檢":
		return "검찰", true
	case "靑":
		return "청와대", true
	}
	return "", false
}
