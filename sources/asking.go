package sources

import (
	"regexp"
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
	question = strings.ContainsAny(lower, "?？")
	if strings.ContainsFunc(lower, hangul) {
		tight := tighten(lower)
		if refusesKorean(tight) {
			return false, false
		}
		question = question || questionKorean(tight)
		asks = requestsKorean(tight)
	}
	if strings.ContainsFunc(lower, latin) {
		if refusesEnglish(lower) || sentence == strings.ToUpper(sentence) && !strings.ContainsFunc(lower, hangul) { // headings, buttons
			return false, false
		}
		asks = asks || requestsEnglish(sentence, lower)
	}
	return asks || question, question
}

func hangul(r rune) bool { return r >= '가' && r <= '힣' }

func latin(r rune) bool { return r >= 'a' && r <= 'z' }

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
	"을요합니다", "를요합니다", "리마인드드립니다", "리마인드드려요", "재촉드립니다", "요청드립니다", "요청드려요", "요청드리겠습니다", "요청합니다", "요청드림", "요청", "요망", "요망합니다",
	"주세요", "주셔요", "주십시오", "주시길", "주실래요", "주실래", "주시죠", "줘요", "줘라", "줘", "주라", "줄래요", "줄래", "하십시오", "하세요",
	"주셨으면합니다", "주셨으면해요", "주었으면합니다", "줬으면해", "줬으면해요", "셔야합니다", "셔야해요", "셔야됩니다", "셔야돼요", "셔야할것같습니다", "셔야할것같아요",
	"주셨으면좋겠습니다", "했으면합니다", "했으면해요", "했으면좋겠습니다", "했으면좋겠어요", "부탁말씀드립니다", "부탁의말씀드립니다", "부탁의말씀을드립니다",
	"답장요", "회신요", "확인요", "답변요", "검토요", "요함", "좀요", "시지요", "시죠", "합시다", "의뢰드립니다", "의뢰합니다", "의뢰드려요", "촉구합니다", "확인좀", "검토좀", "연락좀", "답장좀", "부탁좀",
	"연락해", "전화해", "확인해", "답장해", "보내라", "알려라", "해라", "해놔", "해둬", "가져와",
}

// queries are the ends of sentences that ask by saying so, wait for an answer, or tell what is needed.
var queries = []string{
	"문의드립니다", "문의드려요", "문의드림", "문의합니다", "여쭙습니다", "여쭙니다", "여쭤봅니다", "여쭤봐요", "여쭤볼게요", "여쭤요", "여쭈어봅니다",
	"여쭙고자합니다", "여쭙고싶습니다", "여쭤보고싶습니다", "여쭤보려고합니다", "여쭤보려고요", "여쭤볼게있습니다", "여쭤볼게있어요", "상의드릴것이있습니다", "상의드릴게있습니다",
	"상의드리고싶습니다", "논의드리고싶습니다", "의견을구합니다", "을구하고자합니다", "를구하고자합니다", "도움을청합니다", "궁금합니다", "궁금해요", "궁금하네요", "궁금해서요",
	"궁금하여연락드립니다", "궁금해서연락드립니다", "알고싶습니다", "듣고싶습니다", "필요합니다", "필요해요", "필요하네요", "필요해", "이필요한사항입니다", "이필요한상황입니다", "누락되었습니다", "누락됐습니다",
	"기한이지났습니다", "확인이안되고있습니다", "확인되지않고있습니다",
	"기다리겠습니다", "기다릴게요", "기다릴께요", "기다리고있습니다", "기다리고있겠습니다", "기다리고있을게요", "기다리고있어요", "기다립니다",
	"있어야합니다", "있어야됩니다", "확인차연락드립니다", "확인차연락드려요", "확인차메일드립니다", "확인차여쭙니다", "문의차연락드립니다",
	"어떠세요", "괜찮으세요", "시겠어요", "어때요", "어때", "어떨지요", "신지", "실지", "있는지", "되는지", "는지요",
}

// wishes end in what is also said of good days and at the door of an office: they ask when they are about
// an act of those below.
var wishes = []string{"바랍니다", "바라요", "바래요", "바람", "바라겠습니다", "바랄게요", "바라며", "바라오니"}

var acts = []string{
	"회신", "답", "제출", "보내", "송부", "전달", "확인", "검토", "작성", "알려", "의견", "입금", "승인", "결재", "서명", "참석", "신청", "수정", "연락",
	"업로드", "입력", "기재", "납부", "예약", "날인", "첨부", "기입", "공유", "조치", "준비", "반영", "등록", "통보", "협조", "지급", "선택", "결정", "정리", "말씀",
}

// hopes are for an answer, or for something else.
var hopes = []string{"기대하겠습니다", "기대합니다", "기대할게요", "기대하고있겠습니다", "고대하겠습니다", "고대합니다"}

// conditions ask inside a sentence that ends in what the sender does then.
var conditions = []string{
	"못받았", "받지못했", "받지못하", "받지못해", "안들어와", "안들어왔", "안와서", "소식이없", "연락이없", "지났는데", "까지인데", "까지였는데", "못보셨을까",
	"빠진것같", "빠져있", "누락된것같", "누락되어", "첨부가안되", "첨부되지않", "첨부가없", "안보여요", "안보입니다", "열리지않", "안열려", "안열립니다",
	"확인되지않아", "확인이되지않", "확인이안돼", "확인이안되어", "확인이안됩니다", "주심감사", "부탁이있", "부탁이하나", "부탁하나", "부탁드릴것이", "부탁드릴게있", "상의할것이", "상의할게",
	"문의드리고자", "여쭤보고자", "여쭙고자", "확인하고자연락", "확인하고자메일", "요청드리고자", "부탁드리고자", "있어야진행", "있어야처리", "없이는진행",
	"주시면", "주시는대로", "주는대로", "주셔야", "주셨으면", "주었으면", "줬으면", "주면좋", "부탁드리며", "부탁드리고", "부탁드리니", "부탁드리오니", "부탁드립니다만",
	"부탁드려도", "회신이없", "답이없어", "답장이없어", "답변이없", "놓치셨을까", "여쭤볼것이", "여쭤볼게", "여쭐것이", "요청드리며", "요청드리니", "요청드리오니",
}

// overdue words, after "아직", say that what was to come has not.
var overdue = []string{
	"못받", "못들", "듣지못", "확정이안", "결정이안", "답변이없", "답을안", "받지못", "안들어", "들어오지", "안왔", "안와", "오지않", "회신이없", "답이없", "답장이없", "연락이없", "소식이없", "도착하지않", "도착하지", "도착을안",
	"제출되지", "제출이안", "미제출", "미회신", "미납", "미결제", "미승인", "미확인", "확인이안", "확인되지않", "받아보지못", "전달받지",
}

// courtesies are asked of nobody, whatever plea follows them.
var courtesies = []string{
	"참고", "양해", "이해", "관심", "관심과참여", "성원", "격려", "많은참여", "참여와관심", "많은협조", "많은홍보", "잘", "잘좀", "유의", "주의", "이용", "기다려", "안녕", "수고", "건강", "조심", "행복",
	"고생", "걱정하지", "신경쓰지", "축하", "응원",
}

// unwanted are the phrases of mail that wants no answer, asks for the case of need, greets in the form of
// a question, or asks as advertisements do.
var unwanted = []string{
	"않으셔도", "안하셔도", "하실필요", "필요없", "필요는없", "수신을원치", "수신을원하지", "구독을원치", "구독을원하지",
	"좋은하루", "좋은주말", "즐거운하루", "즐거운주말", "즐거운저녁", "즐거운명절", "즐거운연휴", "즐거운시간", "되세요", "되시기", "되시길", "보내시기", "보내시길", "메리크리스마스", "새해복", "잘보내", "잘지내", "잘들어가", "별일없",
	"식사는하", "식사맛있", "점심맛있", "건강은", "건강하시죠", "건강하신", "피해는없", "피해없으", "어떻게지내", "안녕하신", "안녕하십니까", "평안하", "무탈하", "휴가잘", "명절잘",
	"무엇을도와드릴", "당신의", "이보다더", "누가이렇게", "누가알았", "줄알았", "줄은몰랐", "공짜가", "고민이신가요", "고민이세요", "알고계신가요", "알고계셨나요",
	"들어보셨나요", "궁금하지않", "원하시나요", "원하신가요", "원하세요", "잊으셨나요", "도움이필요하신가요", "만족스러우셨나요", "아니겠", "지금바로", "이런고민", "고민있으신", "고민하고계신", "망설이고", "아닐까", "지않나요", "지않으세요", "경험있으신가요", "경험이있으신가요", "이없으신가요",
}

// ofPrograms are the words that programs say of their mail, and people who ask for a look at it.
var ofPrograms = []string{"발신전용", "회신불가", "회신이불가", "회신은불가", "회신되지", "회신이되지", "회신하지", "수신거부", "수신을거부"}

// directs reports whether the sentence asks somebody to do something as people do, and no program.
func directs(tight string) bool {
	return endsIn(tight, []string{"수있을까요", "수있나요", "수있으실까요", "수있으세요", "수있을지요", "주시겠어요", "주시겠습니까", "주실래요", "주실까요", "검토해주세요", "수정해주세요", "검토부탁드립니다", "수정부탁드립니다"}) &&
		!containsAny(tight, "원치", "원하", "눌러", "클릭")
}

// needs are the words for the case that something comes up: with a date, it has come up.
var needs = []string{
	"문의사항", "문의하신", "문의는", "문의처", "문의:", "궁금한점", "궁금한사항", "궁금하신", "필요하시면", "필요하면", "필요한경우", "필요하신경우", "언제든",
	"급한건", "급한일", "급하신", "급하면", "급한용무", "잘못받으", "잘못수신", "잘못전송", "어려우시면", "불편하신점", "불편한점", "본인이아니", "아니라면",
	"점있으", "점이있으", "사항있으", "사항이있으", "것있으", "것이있으", "문제있으", "문제가있으", "질문있으", "질문이있으", "일있으", "일이있으", "부분있으", "부분이있으", "생기면", "생기시면", "있을경우", "있는경우", "발생시", "변경시",
}

func refusesKorean(tight string) bool {
	return containsAny(tight, unwanted...) || containsAny(tight, ofPrograms...) && !directs(tight) || (containsAny(tight, needs...) && !strings.Contains(tight, "까지"))
}

func requestsKorean(tight string) bool {
	if containsAny(tight, conditions...) && !past(tight) {
		return true
	}
	if endsIn(tight, queries) {
		return !containsAny(tight, "분이필요", "분들이필요", "사람이필요")
	}
	if endsIn(tight, wishes) {
		return strings.Contains(tight, "까지") || containsAny(tight, acts...)
	}
	if endsIn(tight, hopes) {
		return containsAny(tight, "답", "회신", "의견", "소식", "연락", "검토")
	}
	for _, plea := range pleas {
		if before, ok := strings.CutSuffix(tight, plea); ok {
			switch {
			case slices.Contains(orders, plea) && !endsIn(before, acts), plea == "요청" && containsAny(before, "에서", "고객"):
				return false
			}
			return !courteous(before)
		}
	}
	_, late, waits := strings.Cut(tight, "아직")
	return waits && containsAny(late, overdue...) && !endsIn(tight, []string{"드리겠습니다", "드릴게요", "드릴께요", "하겠습니다"})
}

// orders are the pleas that wish well, and command on billboards, unless they are about an act.
var orders = []string{"하세요", "하십시오"}

// ordered reports whether a sentence that asks does so as billboards do, and those who want a stranger to log in.
func ordered(sentence string) bool { return endsIn(tighten(strings.ToLower(sentence)), orders) }

// past reports whether what a condition stands in is over, or somebody else's words.
func past(tight string) bool {
	return containsAny(tight, "이미받", "이미끝", "이미처리되", "이미완료", "다고") && endsIn(tight, []string{"습니다", "니다", "어요", "해요"}) &&
		(strings.Contains(tight, "이미") || endsIn(tight, []string{"말했습니다", "말씀하셨습니다", "전했습니다", "답했습니다", "말했어요", "하셨습니다", "했다고합니다"}))
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
	return utf8.RuneCountInString(tight) <= 14 && containsAny(tight, "몇시", "몇명", "언제", "어디", "얼마", "누가", "누구", "어느") && !strings.Contains(tight, "언제든") &&
		endsIn(tight, []string{"야", "와", "가", "니", "냐", "지", "해", "돼", "좋아", "봐", "예요", "에요", "인가", "나", "까지"})
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

var webAddresses = regexp.MustCompile(`(?i)[<(\[]?(?:\bhttps?://|\bwww\.)[^\s<>()\[\]]*[>)\]]?`)

// withoutAddresses takes web addresses out: a question mark in one asks nothing, and a line has no room for them.
func withoutAddresses(s string) string {
	if !strings.Contains(s, "://") && !strings.Contains(s, "www.") {
		return s
	}
	return strings.Join(strings.Fields(webAddresses.ReplaceAllString(s, " ")), " ")
}
