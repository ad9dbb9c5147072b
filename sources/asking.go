package sources

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// asking reports whether the sentence asks whoever reads it for something, and whether it does so with a
// question. Korean says at a sentence's end what it is, so there its end is looked at, without the spaces
// that people leave out as they like; English says it with phrases and with the verb in front. Plain word
// lists and no pattern: this runs over every sentence of every mail.
func asking(sentence string) (asks, question bool) {
	sentence = unnamed(straight(withoutAddresses(sentence)))
	lower := strings.ToLower(sentence)
	tight := tighten(lower)
	if refusesKorean(tight) || refusesEnglish(lower) {
		return false, false
	}
	question = strings.ContainsAny(lower, "?？") || questionKorean(tight)
	return question || requestsKorean(tight) || requestsEnglish(sentence, lower), question
}

// unnamed takes one name off the front: "Dana, I need …".
func unnamed(sentence string) string {
	name, rest, ok := strings.Cut(sentence, ", ")
	if first, _ := utf8.DecodeRuneInString(name); ok && unicode.IsUpper(first) && len(name) < 24 && !strings.Contains(name, " ") {
		return rest
	}
	return sentence
}

// straight writes the apostrophes of typesetters as those of keyboards.
func straight(s string) string {
	if !strings.Contains(s, "’") {
		return s
	}
	return strings.ReplaceAll(s, "’", "'")
}

// tighten takes out the spaces, and what stands behind the last word: stops, smiles, "(냉무)".
func tighten(lower string) string {
	tight := strings.ReplaceAll(lower, " ", "")
	trim := func(s string) string {
		return strings.TrimRightFunc(s, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r) || r >= 'ㄱ' && r <= 'ㅣ'
		})
	}
	if strings.HasSuffix(tight, ")") {
		if open := strings.LastIndexByte(tight, '('); open > 0 && len(tight)-open < 40 {
			tight = tight[:open]
		}
	}
	tight = trim(tight)
	for _, cute := range [...][2]string{{"니당", "니다"}, {"세용", "세요"}, {"까용", "까요"}, {"세여", "세요"}, {"니다요", "니다"}, {"십시요", "십시오"}} {
		if strings.HasSuffix(tight, cute[0]) {
			return strings.TrimSuffix(tight, cute[0]) + cute[1]
		}
	}
	return tight
}

// pleas are the ends of sentences that ask. Polite forms and the plain ones of friends stand side by side.
var pleas = []string{
	"부탁드립니다", "부탁드려요", "부탁드리겠습니다", "부탁드릴게요", "부탁드릴께요", "부탁드려봅니다", "부탁드리고자합니다", "부탁드리려고합니다",
	"부탁드리고싶습니다", "부탁드려", "부탁드림", "부탁합니다", "부탁해요", "부탁해", "부탁할게요", "부탁할게", "부탁요", "부탁",
	"요청드립니다", "요청드려요", "요청드리겠습니다", "요청합니다", "요청드림", "요청", "요망", "요망합니다",
	"주세요", "주셔요", "주십시오", "주시길", "주실래요", "주실래", "주시죠", "줘요", "줘라", "줘", "주라", "줄래요", "줄래", "하십시오", "하세요",
	"주셨으면합니다", "주셨으면해요", "주었으면합니다", "줬으면해", "줬으면해요", "셔야합니다", "셔야해요", "셔야됩니다", "셔야돼요",
	"답장요", "회신요", "확인요", "답변요", "검토요",
}

// queries are the ends of sentences that ask by saying so, wait for an answer, or tell what is needed.
var queries = []string{
	"문의드립니다", "문의드려요", "문의드림", "문의합니다", "여쭙습니다", "여쭙니다", "여쭤봅니다", "여쭤봐요", "여쭤볼게요", "여쭤요", "여쭈어봅니다",
	"여쭙고자합니다", "여쭙고싶습니다", "여쭤보고싶습니다", "여쭤보려고합니다", "여쭤보려고요", "궁금합니다", "궁금해요", "궁금하네요", "궁금해서요",
	"궁금하여연락드립니다", "궁금해서연락드립니다", "알고싶습니다", "듣고싶습니다", "필요합니다", "필요해요", "필요하네요", "필요해",
	"기다리겠습니다", "기다릴게요", "기다릴께요", "기다리고있습니다", "기다리고있겠습니다", "기다리고있을게요", "기다리고있어요", "기다립니다",
	"어떠세요", "괜찮으세요", "어때요", "어때", "어떨지요", "신지", "실지", "있는지", "되는지", "는지요",
}

// wishes end in what is also said of good days and at the door of an office: they ask when they are about
// an act of those below.
var wishes = []string{"바랍니다", "바라요", "바래요", "바람", "바라겠습니다", "바라며", "바라오니"}

var acts = []string{
	"회신", "답", "제출", "보내", "송부", "전달", "확인", "검토", "작성", "알려", "의견", "입금", "승인", "결재", "서명", "참석", "신청", "수정", "연락",
	"기입", "공유", "조치", "준비", "반영", "등록", "통보", "협조", "지급", "선택", "결정", "정리", "말씀",
}

// conditions ask inside a sentence that ends in what the sender does then.
var conditions = []string{
	"주시면", "주시는대로", "주셔야", "주셨으면", "주었으면", "줬으면", "주면좋", "부탁드리며", "부탁드리고", "부탁드리니", "부탁드리오니", "부탁드립니다만",
	"부탁드려도", "요청드리며", "요청드리니", "요청드리오니",
}

// overdue words, after "아직", say that what was to come has not.
var overdue = []string{
	"못받", "받지못", "안들어", "들어오지", "안왔", "안와", "오지않", "회신이없", "답이없", "답장이없", "연락이없", "소식이없", "도착하지", "도착을안",
	"제출되지", "제출이안", "미제출", "미회신", "확인이안", "확인되지않", "받아보지못", "전달받지",
}

// courtesies are asked of nobody, whatever plea follows them.
var courtesies = []string{
	"참고", "양해", "이해", "관심", "관심과참여", "성원", "격려", "잘", "잘좀", "유의", "주의", "이용", "기다려", "안녕", "수고", "건강", "조심", "행복",
	"고생", "걱정하지", "신경쓰지", "축하", "응원",
}

// unwanted are the phrases of mail that wants no answer, asks for the case of need, greets in the form of
// a question, or asks as advertisements do.
var unwanted = []string{
	"발신전용", "회신불가", "회신이불가", "회신은불가", "회신되지", "회신이되지", "회신하지", "않으셔도", "안하셔도", "하실필요", "필요없", "필요는없",
	"수신거부", "수신을거부", "수신을원치", "수신을원하지", "구독을원치", "구독을원하지",
	"좋은하루", "좋은주말", "즐거운", "되세요", "되시기", "되시길", "보내시기", "보내시길", "메리크리스마스", "새해복", "잘보내", "잘지내", "잘들어가", "별일없",
	"식사는하", "건강은", "안녕하신", "안녕하십니까", "평안하", "무탈하", "휴가잘", "명절잘",
	"당신의", "이보다더", "누가이렇게", "누가알았", "줄알았", "줄은몰랐", "공짜가", "고민이신가요", "고민이세요", "알고계신가요", "알고계셨나요",
	"들어보셨나요", "궁금하지않", "원하시나요", "원하신가요", "원하세요", "잊으셨나요", "도움이필요하신가요", "만족스러우셨나요", "아니겠", "지금바로",
}

// needs are the words for the case that something comes up: with a date, it has come up.
var needs = []string{
	"문의사항", "문의하신", "문의는", "문의처", "문의:", "궁금한점", "궁금한사항", "궁금하신", "필요하시면", "필요하면", "필요한경우", "필요하신경우", "언제든",
	"급한건", "급한일", "급하신", "급하면", "급한용무", "잘못받으", "잘못수신", "잘못전송", "어려우시면", "불편하신점", "불편한점", "본인이아니", "아니라면",
	"있으시면", "있으면", "생기면", "생기시면", "있을경우", "있는경우", "발생시", "변경시",
}

func refusesKorean(tight string) bool {
	return containsAny(tight, unwanted...) || (containsAny(tight, needs...) && !strings.Contains(tight, "까지"))
}

func requestsKorean(tight string) bool {
	if containsAny(tight, conditions...) || endsIn(tight, queries) {
		return true
	}
	if endsIn(tight, wishes) {
		return containsAny(tight, acts...)
	}
	for _, plea := range pleas {
		if before, ok := strings.CutSuffix(tight, plea); ok {
			return !courteous(before)
		}
	}
	_, late, waits := strings.Cut(tight, "아직")
	return waits && containsAny(late, overdue...)
}

// courteous reports whether what stands before a plea makes it a courtesy.
func courteous(before string) bool {
	for _, between := range [...]string{"해", "하여", "하시어", "하", "을", "를"} {
		if stem, ok := strings.CutSuffix(before, between); ok && endsIn(stem, courtesies) {
			return true
		}
	}
	return endsIn(before, courtesies)
}

// questionKorean reports whether the sentence ends as questions do, for many forget the mark.
func questionKorean(tight string) bool {
	for _, end := range [...]struct {
		form   string
		finals string // consonants one of which ends the syllable before it; "" = anything
	}{
		{"까요", "ㄹ"}, {"까", "ㄹ"}, {"니까", "ㅂ"}, {"나요", ""}, {"가요", "ㄴ"}, {"지요", "ㄴㄹ"}, {"래요", "ㄹ"},
	} {
		before, ok := strings.CutSuffix(tight, end.form)
		if !ok {
			continue
		}
		r, _ := utf8.DecodeLastRuneInString(before)
		if end.finals == "" || strings.ContainsRune(end.finals, finalOf(r)) {
			return before != ""
		}
	}
	return false
}

// finalOf is the consonant a Hangul syllable ends in, of those that questions are known by; else '-'.
func finalOf(r rune) rune {
	if r < '가' || r > '힣' {
		return '-'
	}
	switch (r - '가') % 28 {
	case 4:
		return 'ㄴ'
	case 8:
		return 'ㄹ'
	case 17:
		return 'ㅂ'
	}
	return '-'
}

// englishRequests are the phrases that ask.
var englishRequests = []string{
	"could you", "can you", "would you", "will you", "could someone", "can someone", "let me know", "let us know", "tell me", "tell us",
	"get back to me", "get back to us", "need you to", "need your", "like you to", "want you to", "ask you to", "asking you to", "you need to", "you to please",
	"back from you", "appreciate it if", "appreciate if", "appreciate your", "appreciated if", "be great if you", "be helpful if", "be good if you",
	"wondering whether", "wondering if", "wonder if you", "reminder", "still missing", "still waiting", "waiting on you", "waiting for your", "awaiting your", "waiting for you",
	"haven't heard", "haven't received", "haven't seen", "have not heard", "have not received", "have yet to", "until you", "unless you",
	"looking forward to your", "look forward to your", "looking forward to hearing", "look forward to hearing",
	"any thoughts", "any update", "any news", "any chance", "any word", "do you have", "do you think", "do you want", "are you able",
	"are you available", "are you free", "are you ok", "does that work", "what do you think", "just tell me", "asap", "your earliest convenience",
	"if you could", "if you can", "if you would", "should i ", "shall we", "shall i", "what time", "give me a call", "need it back", "need them back", "at your convenience",
}

// englishWords ask when they stand by themselves.
var englishWords = []string{"please", "pls", "plz", "kindly", "rsvp"}

// englishVerbs begin a sentence that tells somebody what to do.
var englishVerbs = []string{
	"send", "review", "check", "confirm", "sign", "approve", "complete", "submit", "share", "forward", "call", "reply", "respond", "update",
	"provide", "return", "pick", "choose", "let", "tell", "give", "bring", "add", "fix", "fill", "make", "ensure", "remember", "prepare", "print",
	"schedule", "book", "arrange", "revise", "advise", "talk", "write", "email", "e-mail", "ping", "remind", "verify", "upload", "post", "set", "get",
	"find", "put", "keep", "ask", "help", "take", "have", "look", "note", "decide", "answer", "coordinate", "draft", "finalize", "finalise", "follow",
}

// englishRefusals are the phrases that sound like a request and are none, whatever else is there.
var englishRefusals = []string{
	"do not reply", "do not respond", "don't reply", "no reply needed", "no reply necessary", "no reply required", "no need to", "no response needed",
	"no action needed", "no action required", "no action is", "no rush on replying", "please find", "please see attached", "please see the attached", "please see below",
	"please note", "please be advised", "please be informed", "please ignore", "please disregard", "please accept", "please consider the environment",
	"please enjoy", "please welcome", "please join us in", "please do not hesitate", "please don't hesitate", "if you did not", "if you didn't", "if this wasn't you", "if this was not you",
	"feel free", "any questions", "any further questions", "have questions", "any concerns", "questions or concerns", "for urgent", "urgent matters", "matter is urgent", "if it is urgent", "if it's urgent",
	"anything else", "anything is unclear", "if you need anything", "if you need any", "if anything", "should you need", "should you have", "if you require", "if there is anything",
	"if there are any", "for more information", "for further information", "for assistance", "for help", "need help", "need assistance", "unsubscribe", "opt out",
	"click here", "how are you", "how was your", "how is your", "how's your", "how's it going", "how have you been", "hope you", "isn't that", "how great is",
	"how cool is", "how nice is", "who would have", "who knew", "who doesn't", "did you know", "have you ever", "what could be better", "what's not to",
	"what are you waiting", "ready to", "looking for something", "want to save", "want to know more", "want to learn", "thanks for letting", "thank you for letting",
	"make a change", "questions about", "about this receipt",
}

// englishEmpty are the phrases of a please that only shows the way.
var englishEmpty = []string{"please contact", "please call", "please visit", "please reach out", "please email", "please refer", "please go to", "please use"}

func refusesEnglish(lower string) bool {
	return containsAny(lower, englishRefusals...) || (containsAny(lower, englishEmpty...) && containsWord(lower, "if", "for", "urgent", "us", "support", "or"))
}

func requestsEnglish(sentence, lower string) bool {
	if !strings.ContainsAny(lower, "aeiou") { // no Latin words at all
		return false
	}
	told := strings.HasPrefix(lower, "i ") || strings.HasPrefix(lower, "i'") || strings.HasPrefix(lower, "we ") || strings.HasPrefix(lower, "we'")
	switch {
	case containsAny(lower, englishRequests...), containsWord(lower, englishWords...):
		return !strings.HasPrefix(lower, "thank")
	case told:
		return containsWord(lower, "need", "need it") && (strings.Contains(lower, " from you") || containsWord(lower, "by", "before", "from you"))
	}
	return commands(sentence, lower)
}

// commands reports whether the sentence begins with the verb, or gives a person a task: "Dana to send …".
func commands(sentence, lower string) bool {
	words := strings.Fields(lower)
	for len(words) > 0 && (words[0] == "also" || words[0] == "just" || words[0] == "then" || words[0] == "so" || words[0] == "and" || words[0] == "-") {
		words = words[1:]
	}
	if len(words) < 2 {
		return false
	}
	if slices.Contains(englishVerbs, words[0]) {
		return !slices.Contains([]string{"out", "us", "now", "started", "ready", "it"}, words[1]) && !strings.HasPrefix(words[1], "'")
	}
	name, _ := utf8.DecodeRuneInString(strings.TrimLeft(sentence, "-*• "))
	return len(words) > 3 && words[1] == "to" && slices.Contains(englishVerbs, words[2]) && unicode.IsUpper(name) && !slices.Contains(notNames, words[0])
}

// notNames stand before "to" at the start of a sentence and are nobody.
var notNames = []string{
	"happy", "glad", "need", "want", "going", "able", "here", "sorry", "ready", "free", "how", "where", "when", "what", "nice", "good", "great", "time",
	"looking", "trying", "planning", "hoping", "easy", "hard", "due", "thanks", "used", "click", "please", "i", "we", "they", "you",
}

// endsIn reports whether s ends in one of the words.
func endsIn(s string, ends []string) bool {
	for _, end := range ends {
		if strings.HasSuffix(s, end) {
			return true
		}
	}
	return false
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
