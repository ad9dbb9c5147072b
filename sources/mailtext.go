package sources

import (
	"html"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	sentenceRunes = 60       // of a mail's own words fit on a phone's line
	mostWords     = 16 << 10 // bytes of a mail that are looked through: who wants something says so before that
	mostSentences = 200      // likewise
)

// snippetText is Gmail's snippet, which comes HTML-escaped, as one line and without what was quoted or is
// said under every mail.
func snippetText(snippet string) string { return ownWords(oneLine(html.UnescapeString(snippet))) }

var quoted = regexp.MustCompile(`(?i)-{3,} ?(original message|원본 메시지|원본메일|원본 메일|forwarded message|전달된 메시지)|` +
	`\bOn [A-Z][a-z]{2},? .{5,60}wrote:|\d{4}년 \d{1,2}월 \d{1,2}일 .{3,60}(작성|님이 작성|썼습니다)|\d{4}\. ?\d{1,2}\. ?\d{1,2}\. .{3,60}작성:|` +
	`(^| )>+ |\bFrom: .{3,80}(Sent|Date): |_{8,}|(보낸 ?사람|보낸사람) ?: |` +
	` -- |\bsent from my |본 ?(전자)?메일은 (지정|비밀|기밀|법|수신|귀하)|this (e-?mail|message) (and any|message is|is (confidential|intended|only)|may contain)|[가-힣]{3} (드림|배상|올림)( |$)`)

// afterthought is what people write below their name.
var afterthought = regexp.MustCompile(`(?i) (추신|덧붙임|덧|p\.? ?s)\b?[.:)]* \S`)

// ownWords is the snippet without what the sender quotes and signs with: a question in there was somebody
// else's, maybe the reader's own. Below a name there may be a postscript.
func ownWords(snippet string) string {
	at := quoted.FindStringIndex(snippet)
	if at == nil {
		return snippet
	}
	own, rest := strings.TrimSpace(snippet[:at[0]]), snippet[at[0]:]
	if !endsIn(strings.TrimSpace(snippet[at[0]:at[1]]), []string{"드림", "배상", "올림"}) {
		return own
	}
	if below := afterthought.FindStringIndex(rest); below != nil {
		if more := quoted.FindStringIndex(rest[len("가"):]); more == nil || more[0] > below[0] {
			own += " " + ownWords(strings.TrimSpace(rest[below[0]:]))
		}
	}
	return own
}

// sentences splits text after its stops and lines. A stop inside a number, an address or behind a title is
// none; Korean sentences also end where their verb does, for many leave the stop out.
func sentences(text string) []string {
	var found []string
	start, last := 0, ' '
	take := func(end int) {
		if s := strings.TrimSpace(text[start:end]); s != "" {
			found = append(found, s)
		}
		start = end
	}
	for i, r := range text {
		end := i + utf8.RuneLen(r)
		switch {
		case r == '\n' || r == '。' || r == '？' || r == '！':
			take(end)
		case end < len(text) && text[end] != ' ':
		case r == '.' && !abbreviates(text[start:i]), r == '!', r == '?', r == '…':
			take(end)
		case (r == '~' || r == '^' || r == 'ㅠ' || r == 'ㅜ' || r == 'ㅎ' || r == 'ㅋ') && !unicode.IsDigit(last):
			take(end)
		case r == '-' && last == ' ' && itemBegins(text[end:]):
			take(i)
		case hangul(r) && endsIn(text[start:end], statements):
			take(end)
		}
		last = r
	}
	take(len(text))
	return found
}

// statements are the syllables behind which a Korean sentence is over.
var statements = []string{"니다", "니까", "까요", "세요", "십시오", "나요", "네요", "어요", "아요", "해요", "게요", "예요", "에요"}

// abbreviates reports whether the text ends in a word that a stop belongs to.
func abbreviates(text string) bool {
	word := text[strings.LastIndexAny(text, " (")+1:]
	switch strings.ToLower(word) {
	case "mr", "ms", "mrs", "dr", "prof", "st", "no", "vs", "e.g", "i.e", "etc", "approx", "inc", "ltd", "co",
		"jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec":
		return true
	}
	return false
}

// itemBegins reports whether a dash stands before the next item of a list.
func itemBegins(rest string) bool {
	r, _ := utf8.DecodeRuneInString(strings.TrimPrefix(rest, " "))
	return unicode.IsUpper(r) || hangul(r)
}

var greeting = regexp.MustCompile(`(?i)^((안녕하세요|안녕하십니까|수고하십니다|수고 ?많으십니다|고생 ?많으십니다|수고하세요|반갑습니다|감사합니다|` +
	`좋은 ?아침입니다|(hi|hello|dear) (mr|ms|mrs|dr|prof)\. ?|(hi|hello|hey|dear|good (morning|afternoon|evening))\b)[^,.!?~]{0,24}([,.!?~]+|$)|` +
	`([^\s,.!?]{1,12} ?){1,2}(님|씨)[,.]? ?(안녕하세요|안녕하십니까)[,.!?~]*|` +
	`[^\s,.!?]{1,12} ?(님|씨|팀장님|대표님|과장님|대리님|부장님|이사님|교수님|께)\s*([,.!?~]+|$)|fyi[,:]? )\s*`)

// dropGreeting takes greetings, and the marks of lists, off the front of a sentence.
func dropGreeting(sentence string) string {
	sentence = strings.TrimLeft(sentence, "-–—*•·▶■□○●※> ")
	for range 3 {
		at := greeting.FindStringIndex(sentence)
		if at == nil {
			break
		}
		sentence = strings.TrimSpace(sentence[at[1]:])
	}
	return sentence
}

// said is one sentence of a mail.
type said struct {
	text     string // without greetings; may be empty
	whole    string // with them
	asks     bool
	question bool
}

// parsedText is what a mail's own words come to.
type parsedText struct {
	words string // all of them
	said  []said

	automated bool // they say that a program wrote them
	leave     bool // they say how to get no more of them
}

// parseText looks once through a mail's own words, be they its snippet or its body with a paragraph a line.
func parseText(words string) parsedText {
	p := parsedText{words: words}
	if len(words) > mostWords {
		words = strings.ToValidUTF8(words[:mostWords], "")
	}
	for i, whole := range sentences(words) {
		lower := strings.ToLower(whole)
		p.automated = p.automated || automated(lower)
		p.leave = p.leave || letsLeave(lower)
		if i >= mostSentences {
			continue
		}
		s := said{whole: whole, text: dropGreeting(whole)}
		s.asks, s.question = asking(firstOf(s.text, whole))
		p.said = append(p.said, s)
	}
	return p
}

// automated reports whether the sentence says of its own mail that a program wrote it. People write of such mail too.
func automated(lower string) bool {
	if !containsAny(lower, "발신", "자동", "회신", "automat", "do not reply") {
		return false
	}
	tight := tighten(lower)
	bare := strings.TrimLeft(tight, "*※#-=[(<●■▶·!")
	switch {
	case directs(tight) || directsEnglish(lower):
		return false
	case containsAny(tight, "발신전용", "자동발송", "자동으로발송", "회신하지마"):
		return beginsWith(bare, "본", "이메일", "이이메일", "이메시지", "이알림", "해당", "발신전용", "회신하지마", "자동발송된", "자동으로발송된") ||
			endsIn(tight, []string{"발신전용입니다", "메일입니다", "메시지입니다", "알림입니다", "회신하지마세요", "회신하지마십시오", "회신하지마시기바랍니다"})
	}
	return containsAny(lower, "do not reply to this") || containsAny(lower, "automated message", "automated email", "automated e-mail", "automatically generated") &&
		(containsWord(lower, "this", "these") || beginsWith(bare, "auto"))
}

// letsLeave reports whether the sentence says how to get no more such mail.
func letsLeave(lower string) bool {
	if !containsAny(lower, "unsubscribe", "opt out", "opt-out", "stop receiving", "수신거부", "수신 거부", "수신을 원치", "수신을 원하지",
		"구독을 원치", "구독 해지", "구독해지", "구독 취소", "이런 메일을 원") {
		return false
	}
	return !directs(tighten(lower)) && !directsEnglish(lower)
}

// substantial reports whether there are words left.
func substantial(sentence string) bool {
	letters := 0
	for _, r := range sentence {
		switch {
		case hangul(r):
			letters += 2
		case unicode.IsLetter(r):
			letters++
		}
	}
	return letters >= 2
}

// thanks and the like are the ends of Korean sentences that tell nothing.
var thanks = []string{
	"감사합니다", "감사드립니다", "감사해요", "감사드려요", "감사하겠습니다", "고맙습니다", "고마워요", "고마워", "감사", "죄송합니다", "부탁드립니다", "부탁드려요",
	"보내세요", "되세요", "바랍니다", "수고하세요", "들어가세요", "안녕하세요", "안녕하십니까", "드림", "배상", "올림", "귀하", "여러분", "여러분께", "반갑습니다",
}

// openings begin sentences that tell nothing yet.
var openings = []string{
	"thanks", "thank you", "many thanks", "hope ", "i hope", "hi", "hello", "hey", "dear ", "good morning", "good afternoon", "good evening", "my name is", "this is ",
	"nice to ", "best,", "best regards", "kind regards", "regards", "cheers", "sincerely", "greetings", "happy new", "warm regards", "hugs", "sorry for", "apologies",
	"수신:", "수신 :", "발신:", "발신 :", "참조:", "제목:", "제 목", "to:", "from:", "cc:", "url:", "message-id:", "return-path:",
}

// idle reports whether the sentence tells nothing by itself: thanks, greetings, a name under the mail or
// at its top, a button.
func idle(sentence string, from address) bool {
	lower := strings.ToLower(sentence)
	tight := tighten(lower)
	for _, opening := range openings {
		if strings.HasPrefix(lower, opening) {
			return true
		}
	}
	return endsIn(tight, thanks) || introduces(sentence, tight, from) || containsAny(tight, unwanted...) || containsAny(tight, ofPrograms...) && !directs(tight) ||
		strings.Contains(lower, " here from ") || strings.Contains(lower, " here at ") || strings.HasSuffix(strings.TrimSpace(withoutAddresses(lower)), ":") ||
		(lower != strings.ToUpper(lower) && sentence == strings.ToUpper(sentence)) // a button
}

// introduces reports whether the sentence says who writes, and nothing else.
func introduces(sentence, tight string, from address) bool {
	name := strings.ToLower(strings.ReplaceAll(from.name, " ", ""))
	if name != "" && (tight == name || (strings.Contains(name, tight) && utf8.RuneCountInString(tight) >= 2)) {
		return true
	}
	before, is := strings.CutSuffix(tight, "입니다")
	if !is {
		before, is = strings.CutSuffix(tight, "이에요")
	}
	words := strings.Fields(sentence)
	if !is || len(words) > 5 {
		return false
	}
	if name != "" && strings.HasSuffix(before, name) {
		return true
	}
	last := []rune(before[max(0, len(before)-9):]) // three syllables: what most Korean names have
	return len(words) > 1 && len([]rune(words[len(words)-1])) >= 6 && len(last) == 3 && strings.ContainsRune(surnames, last[0]) &&
		containsAny(sentence, "팀", "실", "담당", "부 ", "센터", "회사", "파트", "대표", "매니저", "대리 ", "과장 ", "사 ", "학교", "병원", "그룹")
}

// surnames are those of nine Koreans in ten.
const surnames = "김이박최정강조윤장임한오서신권황안송류유전홍고문양손배백허남심노하곽성차주우구민진나지엄채원천방공"
