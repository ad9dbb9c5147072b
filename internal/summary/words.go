package summary

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// token is one word of a line or of an item.
type token struct {
	raw   string // as it stands, in compatibility form
	low   string // in lower case
	when  bool   // part of a time, a date, a number or an amount
	turns bool   // turns the meaning of what stands around it: a negation, a condition, a hedge

	forms  []string // in lower case, as it stands and without its particle
	hangul bool
}

// sentence is what is said in one breath. A question is no statement, and of a broken one a part is missing, which may be
// the part that says no.
type sentence struct {
	tokens   []token
	question bool
	wish     bool // something is asked for, as a question or not
	broken   bool
}

// folded returns the text in the form in which texts are compared: compatibility forms told apart no more, one form of
// dashes and quotes, nothing invisible.
func folded(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\r', r == '\u2028', r == '\u2029':
			return '\n'
		case unicode.IsSpace(r), r == '\u3164':
			return ' '
		case unicode.Is(unicode.Pd, r), r == '−':
			return '-'
		case r == '～', r == '〜', r == '∼':
			return '~'
		case r == '’', r == '‘':
			return '\''
		case r == '。':
			return '.'
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Co, r):
			return -1
		}
		return r
	}, norm.NFKC.String(strings.ToValidUTF8(s, " ")))
}

// sentences splits a folded text into what is said in one breath.
func sentences(text string) []sentence {
	var all []sentence
	start, broken := 0, false
	end := func(i int, question bool) {
		cut := strings.HasPrefix(text[i:], "..")
		if tokens := tokens(text[start:i]); len(tokens) > 0 {
			question = question || asksKorean(tokens[len(tokens)-1].low)
			all = append(all, sentence{tokens, question, question || slices.ContainsFunc(tokens, token.wishes), broken || cut})
			broken = false
		}
		broken = broken || cut
	}
	for i, r := range text {
		stop := r == '\n' || r == ';'
		if r == '.' || r == '!' || r == '?' {
			next, _ := utf8.DecodeRuneInString(text[i+1:])
			stop = next == utf8.RuneError || !wordRune(next) || r != '.'
		}
		if stop {
			end(i, r == '?')
			start = i + utf8.RuneLen(r)
		}
	}
	end(len(text), false)
	return all
}

// asksKorean recognises a question by its last word; the mark is often left out.
func asksKorean(last string) bool {
	return hasAnySuffix(last, "까", "까요", "나요", "가요", "는지요", "은지요", "ㄹ지요", "실지")
}

// wishes recognises a word by which something is asked for.
func (t token) wishes() bool {
	return wishWords[t.low] || slices.ContainsFunc(wishParts, func(part string) bool { return strings.Contains(t.low, part) })
}

var (
	wishWords = words(`please pls kindly could can would need needs let asking ask request requested waiting awaiting rsvp`)
	wishParts = []string{"부탁", "주세요", "주시", "주십", "바랍", "바람", "바래", "요청", "문의", "십시오", "까요", "나요", "가요"}
)

// tokens splits a folded text into words. What stands between two digits, or between two Latin letters, may join them.
func tokens(text string) []token {
	var all []token
	runes := []rune(text)
	start := -1
	for i := 0; i <= len(runes); i++ {
		switch {
		case i < len(runes) && (wordRune(runes[i]) || joins(runes, i)):
			if start < 0 {
				start = i
			}
		case start >= 0:
			all = append(all, newToken(string(runes[start:i])))
			start = -1
		}
	}
	return all
}

func newToken(raw string) token {
	low := strings.ToLower(raw)
	return token{raw: raw, low: low, when: tellsWhen(low), turns: turnsMeaning(low), forms: forms(low), hangul: strings.ContainsFunc(low, isHangul)}
}

func wordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }

// joins reports whether the sign at i belongs to the word around it.
func joins(runes []rune, i int) bool {
	var before, after rune
	if i > 0 {
		before = runes[i-1]
	}
	if i+1 < len(runes) {
		after = runes[i+1]
	}
	switch r := runes[i]; r {
	case '.', ',', ':', '/', '~':
		return unicode.IsDigit(before) && unicode.IsDigit(after)
	case '-':
		return latinOrDigit(before) && latinOrDigit(after)
	case '\'', '&':
		return latinOrDigit(before) && latinOrDigit(after)
	case '%':
		return unicode.IsDigit(before)
	default:
		return unicode.Is(unicode.Sc, r) && (unicode.IsDigit(after) || unicode.IsDigit(before))
	}
}

func latinOrDigit(r rune) bool { return unicode.Is(unicode.Latin, r) || unicode.IsDigit(r) }

// whenWords are words of times, dates and numbers. Weekdays of one syllable stand in brackets behind dates.
var whenWords = words(`오늘 내일 모레 글피 어제 그제 오전 오후 정오 자정 새벽 아침 점심 저녁 밤 이번 다음 지난 다음주 이번주 지난주 주 주말 평일 월말 연말 분기 상반기 하반기
 월요일 화요일 수요일 목요일 금요일 토요일 일요일 월 화 수 목 금 토 일
 한 두 세 네 다섯 여섯 일곱 여덟 아홉 열 스무 하나 둘 셋 넷 첫 백 천 만 억 조 한시 두시 세시 네시 다섯시 여섯시 일곱시 여덟시 아홉시 열시 열한시 열두시
 today tomorrow yesterday tonight noon midnight morning afternoon evening am pm a.m p.m next last this coming week weekend month quarter year eod cob
 monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thurs fri sat sun
 january february march april june july august september october november december jan feb mar apr jun jul aug sep sept oct nov dec
 one two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty hundred thousand million billion dozen half
 first second third fourth fifth kst utc gmt pst est`)

func tellsWhen(low string) bool {
	if strings.ContainsFunc(low, unicode.IsNumber) {
		return true
	}
	if whenWords[low] {
		return true
	}
	for _, particle := range []string{"까지", "부터", "에", "은", "는", "의", "이", "가", "을", "를", "로"} {
		if rest, ok := strings.CutSuffix(low, particle); ok && utf8.RuneCountInString(rest) > 1 && whenWords[rest] {
			return true
		}
	}
	return false
}

// turners turn the meaning of what stands around them: to leave one out is to say something else.
var (
	turners = words(`안 못 말 말고 만약 만일 아마 대신 외 외에 말로
 not no never none nor neither without cannot instead unless except if maybe might may perhaps probably unlikely only until before after but stop would should`)
	turningParts = []string{"않", "못", "없", "아니", "아닌", "아닙", "말아", "마세", "마시", "마십", "불가", "금지", "취소", "연기", "보류", "철회", "변경", "미루", "미뤄", "미룹", "반려",
		"거절", "무산", "제외", "경우", "예정", "가능성", "반대", "중단", "해지", "해제", "무효", "폐기", "실패", "n't", "cancel", "postpon", "delay", "reschedul", "refus", "reject", "declin",
		"withdr", "fail", "unable", "wrong", "false", "fake"}
	conditions = []string{"하면", "되면", "시면", "다면", "라면", "으면", "려면", "이면", "지만", "더라도", "라도"}
)

func turnsMeaning(low string) bool {
	if turners[low] || slices.ContainsFunc(turningParts, func(part string) bool { return strings.Contains(low, part) }) {
		return true
	}
	return !strings.HasSuffix(low, "주시면") && hasAnySuffix(low, conditions...) && utf8.RuneCountInString(low) > 2
}

// helpers are words a line may add: they say what kind of wish it is, and nothing about the world.
var helpers = words(`요청 요청함 요청드림 부탁 문의 질문 여부 관련 및 등 건 것 위한 대한 달라고 a an the to for of and about asks asking whether request question`)

// askers are those of them that leave a question a question.
var askers = words(`요청 요청함 요청드림 부탁 문의 질문 여부 달라고 asks asking whether request question`)

// titles follow a name and belong to it.
var titles = words(`님 씨 과장 과장님 대리 대리님 부장 부장님 차장 차장님 팀장 팀장님 사원 주임 주임님 이사 이사님 상무 상무님 전무 전무님 대표 대표님 사장 사장님 실장 실장님
 본부장 본부장님 교수 교수님 선생님 변호사 변호사님 매니저 매니저님 원장 원장님 위원 위원님`)

func (t token) isTitle() bool {
	return slices.ContainsFunc(t.forms, func(form string) bool { return titles[form] })
}

// same reports whether a word of a line is a word of the item.
func same(line, item token, first bool) bool {
	switch {
	case line.low == item.low:
		// A capital is part of a name; at the front of a line it is only the front of a line.
		return line.raw == item.raw || first || line.raw == line.low
	case !line.hangul:
		return slices.Contains(item.forms, line.low) // "15:00에"
	}
	for _, form := range line.forms {
		if slices.Contains(item.forms, form) {
			return true
		}
	}
	stem := line.forms[len(line.forms)-1]
	rest, ok := strings.CutPrefix(item.low, stem)
	return ok && !line.when && !item.turns && utf8.RuneCountInString(stem) > 1 && conjugated(rest)
}

// particles say nothing that the order of words does not; those that do (까지, 부터, 에게, 에서) are not among them.
var particles = []string{"으로", "은", "는", "이", "가", "을", "를", "의", "에", "로", "와", "과"}

// forms returns a word as it stands, and without its particle.
func forms(low string) []string {
	for _, particle := range particles {
		if stem, ok := strings.CutSuffix(low, particle); ok {
			last, _ := utf8.DecodeLastRuneInString(stem)
			if utf8.RuneCountInString(stem) > 1 || !isHangul(last) && stem != "" {
				return []string{low, stem}
			}
		}
	}
	return []string{low}
}

// conjugated reports whether the rest of a word only makes a verb of the noun before it.
func conjugated(rest string) bool {
	first, _ := utf8.DecodeRuneInString(rest)
	if strings.ContainsAny(rest, "않못없말지면까") {
		return false
	}
	return strings.ContainsRune("하해했할합드되돼됩됐시주요입부바", first)
}

func isHangul(r rune) bool { return unicode.Is(unicode.Hangul, r) }

func hasAnySuffix(s string, suffixes ...string) bool {
	return slices.ContainsFunc(suffixes, func(suffix string) bool { return strings.HasSuffix(s, suffix) })
}

// words makes a set of a list with spaces.
func words(list string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(list) {
		set[word] = true
	}
	return set
}
