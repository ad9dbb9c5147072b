package summary

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// longestLine is how many characters a line has at most: a briefing shows no more of it.
const longestLine = 60

// fewestWords is how many words a line has at least.
const fewestWords = 2

// faithful reports whether the line is one whole sentence of the text, word for word: nothing dropped, added, moved or
// written otherwise, white space apart. A greeting in front of it may be left off, and a full stop behind it, but no
// question mark. It is that strict because the line of a source's own is always there to fall back on, and because every
// rule about which words may go has sentences that it turns around.
func faithful(line, text string) bool {
	if !utf8.ValidString(line) || strings.ContainsFunc(line, notPlain) || scrub(line) != line {
		return false
	}
	line = oneLine(line)
	if utf8.RuneCountInString(line) > longestLine || len(strings.Fields(line)) < fewestWords {
		return false
	}
	return slices.ContainsFunc(sentences(text), func(s string) bool {
		return is(line, s) || is(line, withoutGreeting(s)) || is(line, withoutName(withoutGreeting(s)))
	})
}

// is reports whether the line is the sentence, with its full stop or without.
func is(line, sentence string) bool {
	return line == sentence || line == strings.TrimRight(sentence, ".!。！")
}

// oneLine folds white space, and composes letters from their parts.
func oneLine(s string) string { return strings.Join(strings.Fields(norm.NFC.String(s)), " ") }

// notPlain finds markup, mentions, pictures, and what steers the display.
func notPlain(r rune) bool {
	return strings.ContainsRune("<>*_`|[]{}\\@#=^\u3164\uFFFD", r) || unicode.IsControl(r) ||
		unicode.In(r, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp, unicode.So, unicode.Sk, unicode.Me)
}

// What may be left off in front of a sentence: a greeting, and then the name of whoever is spoken to.
var (
	greeting = regexp.MustCompile(`^(?:(?:안녕하세요|안녕하십니까|수고 ?많으십니다|좋은 ?아침입니다)[,!~]+ |` +
		`(?i:hi|hello|hey|dear|good (?:morning|afternoon|evening))(?: (?:\p{Lu}[\pL'’-]*|all|team|there|everyone)){0,2}[,!]+ )`)
	name = regexp.MustCompile(`^(?:(?:안녕하세요|안녕하십니까) )?[가-힣]{2,7} ?(?:님|씨)[,!~]+ `)
)

func withoutGreeting(sentence string) string { return greeting.ReplaceAllString(sentence, "") }

// withoutName leaves the name where the sentence speaks of another person, too: it may be the first of a list.
func withoutName(sentence string) string {
	rest := name.ReplaceAllString(sentence, "")
	if strings.ContainsAny(rest, "님씨") {
		return sentence
	}
	return rest
}

// sentences lists those sentences of an excerpt that are whole. One with a mark of what was taken out or cut off in it is
// not, and neither are those around the end of a line at which nothing ended: people wrap lines anywhere. Where it is
// in doubt whether a stop ends a sentence it does not, so that a piece of one is never taken for all of it.
func sentences(text string) []string {
	var all []string
	whole := true // what follows begins where something ended
	for line := range strings.SplitSeq(strings.ToValidUTF8(text, "\uFFFD"), "\n") {
		start := 0
		for i, r := range line {
			end := i + utf8.RuneLen(r)
			last := end == len(line)
			over := stops(line[:i], r, line[end:])
			if !over && !last {
				continue
			}
			said := oneLine(line[start:end])
			start = end
			if last {
				over = over || saysSo(line) || withoutName(withoutGreeting(said+" ")) == ""
			}
			if whole && over && !strings.Contains(said, "..") && !strings.ContainsRune(said, '…') {
				all = append(all, said)
			}
			whole = over
		}
	}
	return all
}

// stops reports whether a sentence ends with the sign between before and after, which are of one line.
func stops(before string, sign rune, after string) bool {
	last, _ := utf8.DecodeLastRuneInString(before)
	next, _ := utf8.DecodeRuneInString(strings.TrimLeft(after, " "))
	switch {
	case !strings.ContainsRune(".!?。！？", sign), open(before), unicode.IsLower(next) && !unicode.Is(unicode.Hangul, last):
		return false
	case sign > unicode.MaxASCII:
		return true
	case after != "" && after[0] != ' ':
		return false
	}
	return sign != '.' || !abbreviates(before, next)
}

// open reports whether a quotation or a bracket goes on behind the text.
func open(text string) bool {
	for _, pair := range []string{"()", "“”", "‘’", "「」", "『』", "《》"} {
		marks := []rune(pair)
		if strings.Count(text, string(marks[0])) > strings.Count(text, string(marks[1])) {
			return true
		}
	}
	return strings.Count(text, `"`)%2 == 1 || strings.Count(apostrophe.ReplaceAllString(text, ""), "'")%2 == 1
}

var apostrophe = regexp.MustCompile(`[A-Za-z]'[A-Za-z]`)

// abbreviates reports whether the full stop behind the text may belong to its last word, as in "Mr. Kim", "p.m." and "11. 25.".
func abbreviates(text string, next rune) bool {
	word := text[strings.LastIndexAny(text, " (")+1:]
	first, _ := utf8.DecodeRuneInString(word)
	last, _ := utf8.DecodeLastRuneInString(word)
	switch {
	case word == "", strings.Contains(word, "."), unicode.IsDigit(last):
		return true
	case !unicode.Is(unicode.Latin, last):
		return false
	}
	return len(word) == 1 || len(word) <= 3 && unicode.IsUpper(first) && next != utf8.RuneError || unicode.IsDigit(next) ||
		slices.Contains(abbreviations, strings.ToLower(word))
}

var abbreviations = strings.Fields(`mr ms mrs messrs dr prof gen capt gov sen rep rev hon st jr sr vs cf no nos etc al ca fig sec vol art approx est incl attn dept
 inc ltd co corp assn univ ave blvd mt ft tel ext jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri sat sun`)

// saysSo recognises a Korean sentence by its last syllables; the full stop is often left out at the end of a line.
func saysSo(line string) bool {
	return !open(line) && slices.ContainsFunc(endings, func(ending string) bool { return strings.HasSuffix(line, ending) })
}

var endings = []string{"니다", "니까", "까요", "세요", "십시오", "나요", "네요", "어요", "아요", "해요", "려요", "게요", "예요", "에요"}
