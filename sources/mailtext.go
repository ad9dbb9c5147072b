package sources

import (
	"html"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// sentenceRunes is how much of a mail's own words fits on a phone's line.
const sentenceRunes = 60

// snippetText is Gmail's snippet, which comes HTML-escaped, as one line.
func snippetText(snippet string) string { return oneLine(html.UnescapeString(snippet)) }

var quoted = regexp.MustCompile(`(?i)-{3,} ?(original message|원본 메시지|원본메일|forwarded message|전달된 메시지)|` +
	`\bOn [A-Z][a-z]{2},? .{5,60}wrote:|\d{4}년 \d{1,2}월 \d{1,2}일 .{3,60}(작성|님이 작성|썼습니다)|(^| )>+ |\bFrom: .{3,80}(Sent|Date): |(보낸 ?사람|보낸사람) ?: `)

// ownWords is the snippet without what the sender quotes: a question in there was somebody else's, maybe
// the reader's own.
func ownWords(snippet string) string {
	if !containsAny(snippet, "---", "wrote:", "작성", "썼습니다", ">", "From:", "보낸") {
		return snippet
	}
	if at := quoted.FindStringIndex(snippet); at != nil {
		return strings.TrimSpace(snippet[:at[0]])
	}
	return snippet
}

// sentences splits text after its stops. A stop inside a number, an address or a name is none.
func sentences(text string) []string {
	var found []string
	take := func(s string) {
		if s = strings.TrimSpace(s); s != "" {
			found = append(found, s)
		}
	}
	start := 0
	for i, r := range text {
		end := i + utf8.RuneLen(r)
		stop := (r == '.' || r == '!' || r == '?' || r == '…') && (end == len(text) || text[end] == ' ')
		if stop || r == '\n' || r == '。' || r == '？' || r == '！' {
			take(text[start:end])
			start = end
		}
	}
	take(text[start:])
	return found
}

var greeting = regexp.MustCompile(`(?i)^((안녕하세요|안녕하십니까|수고하십니다|수고 ?많으십니다|고생 ?많으십니다|반갑습니다|감사합니다|` +
	`좋은 ?아침입니다|(hi|hello|hey|dear|good (morning|afternoon|evening))\b)[^,.!?]{0,24}([,.!?~]+|$)|` +
	`[^\s,.!?]{1,12} ?(님|씨|팀장님|대표님|과장님|대리님|부장님|이사님|교수님)\s*([,.!?~]+))\s*`)

// asking reports whether the sentence asks for something, and whether it does so with a question. Korean
// is looked at without its spaces, which people leave out as they like. Plain word lists and no pattern:
// this runs over every sentence of every mail, and a large pattern costs more than reading the mail.
func asking(sentence string) (asks, question bool) {
	sentence = strings.ToLower(withoutAddresses(sentence))
	tight := strings.ReplaceAll(sentence, " ", "")
	if refusesAnswers(sentence, tight) {
		return false, false
	}
	question = strings.ContainsAny(sentence, "?？")
	return question || requestsKorean(tight) || requestsEnglish(sentence), question
}

func requestsKorean(tight string) bool {
	return containsAny(tight, "부탁드", "부탁해", "부탁합", "부탁하", "회신주", "회신해", "회신바", "회신요", "답장주", "답장해", "답장바",
		"답변주", "답변해", "답변바", "검토해", "검토요", "검토바", "확인해주", "확인요", "확인바", "확인후회신", "확인후답", "가능하신", "가능하실",
		"괜찮으신", "괜찮으실", "괜찮으세요", "주실수", "주시겠", "주시면", "주세요", "주시기바", "해주십시오", "알려주", "의견주", "의견을", "요청드립",
		"어떠신", "어떠세요", "어떨까요", "을까요", "할까요", "될까요", "일까요", "갈까요", "볼까요", "올까요", "드릴까요", "인가요", "한가요", "은가요",
		"시나요", "있나요", "되나요", "하나요", "까지회신", "까지답", "까지검토", "까지확인", "까지보내", "까지제출", "까지알려", "까지전달")
}

func requestsEnglish(lower string) bool {
	return containsAny(lower, "could you", "can you", "would you", "will you", "let me know", "let us know", "need your", "your approval",
		"your review", "your thoughts", "your feedback", "your input", "your signature", "get back to me", "awaiting your",
		"waiting for your", "any thoughts", "any update", "any chance", "do you have", "do you think", "do you want", "are you able",
		"are you available", "are you free", "are you ok", "by end of day") ||
		containsWord(lower, "please", "pls", "kindly", "rsvp", "by today", "by tomorrow", "by eod", "by cob",
			"by monday", "by tuesday", "by wednesday", "by thursday", "by friday")
}

// refusesAnswers recognises the phrases that sound like a request and are none.
func refusesAnswers(lower, tight string) bool {
	return containsAny(lower, "do not reply", "do not respond", "don't reply", "no reply needed", "no reply necessary", "no reply required",
		"no response needed", "no action needed", "no action required", "no action is", "please find attached", "please find the attached",
		"please find enclosed", "please note that", "please ignore this", "please disregard", "if you did not", "if you didn't",
		"if you have any questions") ||
		containsAny(tight, "발신전용", "회신불가", "회신이불가", "회신은불가", "회신되지", "회신이되지", "회신하지", "수신거부", "수신을거부",
			"수신을원치", "구독을원치", "문의사항", "문의하신", "참고해", "참고부탁", "참고바", "양해부탁", "양해해", "양해바", "이해부탁", "관심부탁", "유의해", "유의부탁",
			"궁금한점", "궁금한사항")
}

// containsAny reports whether s holds one of the phrases.
func containsAny(s string, phrases ...string) bool {
	for _, phrase := range phrases {
		if strings.Contains(s, phrase) {
			return true
		}
	}
	return false
}

// containsWord reports whether s holds one of the phrases with no letter next to it.
func containsWord(s string, phrases ...string) bool {
	for _, phrase := range phrases {
		for rest := s; ; {
			at := strings.Index(rest, phrase)
			if at < 0 {
				break
			}
			end := at + len(phrase)
			if (at == 0 || !asciiLetter(rest[at-1])) && (end == len(rest) || !asciiLetter(rest[end])) {
				return true
			}
			rest = rest[end:]
		}
	}
	return false
}

func asciiLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// withoutAddresses takes web addresses out: a question mark in one asks nothing.
func withoutAddresses(s string) string {
	if !strings.Contains(s, "http") {
		return s
	}
	words := strings.Fields(s)
	for i, word := range words {
		if strings.Contains(word, "http://") || strings.Contains(word, "https://") {
			words[i] = ""
		}
	}
	return strings.Join(words, " ")
}

// asks reports whether a mail with this subject asks the reader for something.
func (p parsedText) asks(subject string) bool {
	if p.wish {
		return true
	}
	yes, _ := asking(strings.TrimSpace(subject))
	return yes
}

// parsedText is what a mail's own words come to.
type parsedText struct {
	words string // all of them
	line  string // the sentence to show: the question, else the request, else the first that is no greeting
	wish  bool   // something is asked for
}

// parseText looks through a snippet once.
func parseText(snippet string) parsedText {
	p := parsedText{words: ownWords(snippet)}
	var first, wish, question string
	for _, sentence := range sentences(p.words) {
		asks, asked := asking(sentence)
		p.wish = p.wish || asks
		sentence = dropGreeting(sentence)
		switch {
		case !substantial(sentence):
		case asked && question == "":
			question = sentence
		case asks && wish == "":
			wish = sentence
		case first == "":
			first = sentence
		}
	}
	p.line = cut(firstOf(question, wish, first), sentenceRunes)
	return p
}

// dropGreeting takes greetings off the front of a sentence.
func dropGreeting(sentence string) string {
	for range 3 {
		at := greeting.FindStringIndex(sentence)
		if at == nil {
			break
		}
		sentence = strings.TrimSpace(sentence[at[1]:])
	}
	return sentence
}

// substantial reports whether there are words left.
func substantial(sentence string) bool {
	letters := 0
	for _, r := range sentence {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			letters++
		}
	}
	return letters >= 2
}
