package summary

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// mark stands where something was taken out or cut off. No sentence with it in it is whole.
const mark = " ..."

// private is what stays in the house, shape by shape; docs/privacy.md lists it. What looks like one and is none is taken out
// as well: a model can do without it.
var private = regexp.MustCompile(`(?i)` + strings.Join([]string{
	// Pages, with the front of the next line: long addresses are broken there.
	`\S*(?:://|www\.)(?:\S*[=&/?%_-]\s+\S+|\S*(?:\n\S+)?)`,
	// Addresses of people, also as they are written for people alone.
	`\S*@\S*`,
	`\S+\s?[\[({]\s?(?:at|앳|골뱅이)\s?[\])}]\s?\S+(?:\s?[\[({]\s?(?:dot|점)\s?[\])}]\s?\S+)*`,
	`\S+ at \S+ dot \S+`,
	// Domains, with and without a path; machines.
	`[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}(?:[:/?#]\S*(?:\n\S+)?)?`,
	`\S+\.\pL{2,}/\S*`,
	`\d{1,3}(?:\.\d{1,3}){3}(?:[:/]\S*)?`,
	// What stands behind the name of a secret: a word, or digits not far away.
	secretName + `(?:은|는|이|가|\s(?:is|was)\s|\s?[:：=\[(<"'“‘「]|\s-\s)[\s:：=\[(<"'“‘「]*\S+(?:\s?/\s?\S+)?`,
	secretName + `\s+[^\s\d]*\d\S*`,
	secretName + `\D{0,24}\d[\d -]{2,}\d`,
	`\d[\d -]{2,8}\d\s(?:is|as)\syour\b`,
	// Numbers of people, telephones, accounts, cards.
	`\+\d[\d ().-]{6,}\d`,
	`\d{2,6}[-. )]{1,2}\d{2,6}[-. ]\d{3,}(?:[- ]\d+)*`,
	`\b(?:1[568]\d\d|\d{3})-\d{4}\b`,
	`[\d-]*\d{6,}[\d*-]*`,
	// Keys in groups.
	`\b(?:[a-z0-9]{4,6}-){2,}[a-z0-9]{4,6}\b`,
}, "|"))

// secretName is what people call a secret that follows.
const secretName = `(?:인증 ?번호|인증 ?코드|확인 ?코드|보안 ?코드|접속 ?코드|승인 ?번호|비밀 ?번호|비번|패스워드|암호|핀 ?번호|` +
	`\b(?:\w*_)?(?:otp|pin|pw|pwd|passwd|passcode|passphrase|password|code|secret|token|key)\b)`

// longWord is what a key may be; the parts of one without an end count, too.
var longWord = regexp.MustCompile(`[A-Za-z0-9_+/=.-]{10,}`)

// mixed is how keys have letters and digits, and words do not.
var mixed = regexp.MustCompile(`[A-Za-z][0-9]|[0-9][A-Za-z]`)

// scrub puts the mark in the place of what stays in the house.
func scrub(s string) string {
	s = private.ReplaceAllString(s, mark+" ")
	return longWord.ReplaceAllStringFunc(s, func(word string) string {
		if len(word) >= 32 || mixed.MatchString(word) || len(word) > 20 && strings.ContainsAny(word, "0123456789") {
			return mark + " "
		}
		return word
	})
}

// visible returns the text as it is seen: white space as spaces and line breaks, letters composed, nothing invisible.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\r', r == '\u2028', r == '\u2029':
			return '\n'
		case unicode.IsSpace(r), r == '\u3164':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Co, r):
			return -1
		}
		return r
	}, norm.NFC.String(strings.ToValidUTF8(s, " ")))
}

// excerpt returns the front of a text without what stays in the house, its white space folded.
func excerpt(s string, most int) string {
	if most == 0 {
		return ""
	}
	var lines []string
	for line := range strings.SplitSeq(scrub(visible(front(s, 4*most))), "\n") { // so that a huge mail costs no more than a long one
		// An address in wide letters is one all the same.
		if wide := norm.NFKC.String(line); wide != line && scrub(wide) != wide {
			line = mark
		}
		if line = oneLine(line); line != "" {
			lines = append(lines, line)
		}
	}
	return front(strings.Join(lines, "\n"), most)
}

// front returns the first runes of s. A word that is cut in two is left out, and what is cut ends in a mark: nothing is to
// be made of half a sentence.
func front(s string, most int) string {
	n, room := 0, 0
	for i := range s {
		if n++; n == most-len(mark)+1 {
			room = i
		}
		if n <= most {
			continue
		}
		if space := strings.LastIndexAny(s[:room], " \n\t"); space > 0 {
			room = space
		}
		return s[:room] + mark
	}
	return s
}
