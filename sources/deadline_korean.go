package sources

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// koreanMarks are the words one of which a Korean deadline needs.
var koreanMarks = []string{"까지", "전에", "안에", "안으로", "내로", "내에", " 내 ", "이내", "중", "마감", "기한", "데드라인"}

const (
	koreanDay = `(?:(?P<near>오늘|금일|당일|내일모레|내일|명일|모레|글피)|(?P<week>이번 ?주|금주|다음 ?주|담 ?주|차주)(?: ?(?P<weekday>[월화수목금토일])요일)?|` +
		`(?:(?P<year>\d{4})년 ?)?(?P<month>\d{1,2})월 ?(?P<day>\d{1,2})일|(?:(?P<year>\d{4}|\d{2})(?:/|\. ?))?(?P<month>\d{1,2})(?:/|\. ?)(?P<day>\d{1,2})\.?|` +
		`(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})|(?:(?P<thisMonth>이번 ?달|이달|금월) ?)?(?P<day>\d{1,2})일|(?P<weekday>[월화수목금토일])요일)`
	koreanHalf  = `(?: ?(?P<half>오전|오후|새벽|아침|낮|저녁|밤))`
	koreanClock = `(?: ?(?P<hour>\d{1,2}):(?P<minute>\d{2})| ?(?P<hour>\d{1,2})시(?: ?(?P<minute>반|\d{1,2}분))?| ?(?P<noon>정오|점심)| ?(?P<midnight>자정)| ?(?P<close>퇴근))`
	koreanZone  = `(?: ?\(?(?P<zone>KST|UTC|GMT|한국 ?시간|서울 ?시간)\)?)?`
)

var (
	koreanWhen = `(?:(?:` + koreanDay + `(?: ?\( ?(?:` + renamed(koreanDay) + `|(?P<alsoweekday>[월화수목금토일])) ?\)| ` + renamed(koreanDay) + `)?)` + koreanHalf + `?` + koreanClock + `?|` + koreanHalf + koreanClock + `?|` + koreanClock + `)` + koreanZone

	koreanEnd    = regexp.MustCompile(koreanWhen + ` ?(?P<mark>까지|이?전까지|이?전에|(?:이내|내|안|중)(?:으로|로|에)?|마감)`)
	koreanSince  = regexp.MustCompile(`(?:마감|기한|데드라인)(?: ?(?:일시|일자|일|시간|시각))?(?:은|는|이) ?` + koreanWhen + `(?: ?까지)?(?:이니|이오니|이므로|이며|라서|라|이라|이라서)(?P<rest>[ ,].*)`)
	koreanField  = regexp.MustCompile(`(?:마감|기한|데드라인)(?: ?(?:일시|일자|일|시간|시각))? ?: ?` + koreanWhen + `(?: ?까지)?(?P<rest>$| .*)`)
	koreanStated = regexp.MustCompile(`(?:마감|기한|데드라인|(?:제출|회신|접수|신청|등록|납부|답변|검토|입금)(?:은|는))(?: ?(?:일시|일자|일|시간|시각))?(?:은|는|이)? ?:? ?` + koreanWhen + `(?: ?까지)?(?: ?(?:입니다|이에요|이예요|예요|임))?` + koreanStop)
)

// koreanStop is what may stand behind the last word of a sentence.
const koreanStop = `(?:[^\p{L}\p{N}]|[ㄱ-ㅣ])*(?:(?:감사합니다|감사해요|고맙습니다)(?:[^\p{L}\p{N}]|[ㄱ-ㅣ])*)?$`

// koreanUntil finds the one time by which a Korean sentence wants something of its reader.
func koreanUntil(sentence string, subject bool) (parts, bool) {
	if strings.Count(sentence, "까지") > 1 {
		return nil, false
	}
	for _, pattern := range [...]*regexp.Regexp{koreanStated, koreanField, koreanSince} {
		if at := pattern.FindStringSubmatchIndex(sentence); at != nil && !unsettled(sentence[:at[0]]) {
			found := partsOf(pattern, sentence, at)
			rest := found["rest"]
			if delete(found, "rest"); len(found) > 0 && !unsettled(rest) && !strings.Contains(rest, "아직") && !timeWords.MatchString(rest) {
				return found, true
			}
		}
	}
	all := koreanEnd.FindAllStringSubmatchIndex(sentence, 2)
	if len(all) != 1 {
		return nil, false
	}
	at := all[0]
	found, after := partsOf(koreanEnd, sentence, at), sentence[at[1]:]
	before := sentence[:at[1]-len(strings.TrimLeft(sentence[at[0]:at[1]], " "))]
	bare, ok := found.marked()
	called := koreanCall.MatchString(before) && !unsettled(before)
	return found, ok && (called || found.leads(before)) && governs(before, after, found["mark"], bare, subject)
}

// marked reads the word behind the time. Those that may as well mean something else are bare: what is asked has to
// follow them directly.
func (p parts) marked() (bare, ok bool) {
	day := p["near"] != "" || p["week"] != "" || p["weekday"] != "" || p["month"] != ""
	clocked := p["hour"] != "" || p["noon"] != "" || p["midnight"] != "" || p["close"] != ""
	switch mark := p["mark"]; {
	case mark == "까지", mark == "마감":
		return false, p["half"] == "" || clocked || day || p["day"] != "" || p["half"] == "오전"
	case strings.HasSuffix(mark, "전까지"), strings.HasSuffix(mark, "전에"):
		if clocked {
			return false, true
		}
		p["eve"] = "yes"
		return false, day && p["week"] == "" && p["half"] == ""
	case strings.HasPrefix(mark, "중"):
		return mark == "중", !clocked && (p["near"] != "" || p["week"] != "" || p["weekday"] != "" || p["half"] == "오전" && p["day"] == "")
	case clocked || p["half"] != "" || p["month"] != "" || p["alsoday"] != "" || p["thisMonth"] != "":
		return false, false
	case p["day"] != "":
		p["within"] = p["day"]
	}
	return mark(p["mark"]), day || p["day"] != ""
}

// mark reports whether the word lacks the particle that would make its meaning plain.
func mark(word string) bool { return word == "내" || word == "안" || word == "이내" }

// unsettled reports whether words before a time may make it another one, or that of somebody else.
func unsettled(before string) bool {
	return containsAny(before, "매주", "매달", "매월", "매년", "격주", "격월", "내년은", "내년에는", "내년엔", "음력", "시간으로", "시각", "부터",
		"원래", "당초", "연장", "연기", "미뤄", "미루", "앞당", "늦춰", "아니라", "아니고", "말고", "까지", "지났")
}

// leads reports whether the words before a time leave it as it is: they end where a new part of the sentence begins.
func (p parts) leads(before string) bool {
	trimmed := strings.TrimRight(before, ` ([<"'“‘「【`)
	if trimmed == "" {
		return true
	}
	last, _ := utf8.DecodeLastRuneInString(trimmed)
	stops := strings.ContainsRune(",:])】」>!~", last) && !strings.HasSuffix(trimmed, " ~") && trimmed != "~"
	if unsettled(before) || len(trimmed) == len(before) && !stops {
		return false
	}
	word := trimmed[strings.LastIndexByte(trimmed, ' ')+1:]
	switch {
	case strings.Trim(trimmed, "-–—*•·▶■□○●※> ") == "":
		return true
	case strings.ContainsAny(word, "0123456789") || containsAny(word, "오늘", "내일", "요일", "모레", "오전", "오후", "정오", "자정", "주말"):
		return false
	case stops || slices.Contains(fillers, word):
		return true
	case strings.HasSuffix(word, "면"):
		return containsAny(word, "가능", "괜찮", "되시", "된다", "있으")
	case endsIn(word, moving):
		return false
	}
	return p["near"] != "" || p["week"] != "" || endsIn(word, beginnings) || endsIn(word, things)
}

// fillers are the words that may stand before a time without a say in it.
var fillers = []string{"늦어도", "꼭", "반드시", "가급적", "되도록", "가능한", "혹시", "그럼", "그러면", "그리고", "일단", "우선", "아래", "전부", "모두", "다시", "이거", "이것", "최대한", "좀", "일정상", "사정상", "한", "번", "한번"}

// beginnings are the particles and endings behind which something new begins.
var beginnings = []string{"을", "를", "은", "는", "도", "이", "가", "께", "에게", "한테", "께서", "님", "씨", "고", "니", "서", "며", "만", "데", "도록", "로", "에", "에서", "니다", "요"}

// moving are the ends of words that make another time, or a part of one, of what follows them.
var moving = []string{"후에", "뒤에", "전에", "주에", "달에", "년에", "중에", "시간", "시각", "기준", "기준으로", "시각으로", "날로", "후로", "와", "과", "및", "주", "달", "월", "년", "날", "뒤", "후", "전", "간", "중", "째", "다음",
	"또는", "혹은", "이나", "나", "거나", "지난", "지지난", "저번", "첫", "오는", "하고", "랑", "번", "쪽", "판", "조", "항", "버전", "페이지", "격일", "마다", "보다"}

// things are the ends of words for what is asked for: they may stand without a particle.
var things = []string{"자료", "시안", "수정본", "최종본", "초안", "원고", "보고서", "견적서", "견적", "계약서", "신청서", "제안서", "명세서", "계산서", "영수증", "평가서", "동의서", "서류", "파일", "명단", "목록",
	"답변", "회신", "답장", "의견", "결과", "여부", "내용", "확인", "검토", "제출", "문서", "양식", "문안", "사인", "도면", "일정", "설문", "시간", "메일", "번호", "인원", "건", "번역", "링크", "화면", "문안", "디자인", "예산안", "기획안", "안건", "이미지", "사진", "엑셀", "이력서", "요청서", "품의서", "확인서", "내역서", "발주서", "합의서", "증명서", "설명서", "승인", "결재", "서명"}

const (
	koreanAct  = `(?:검토|확인|회신|답변|답장|답|의견|제출|송부|전달|발송|공유|작성|정리|준비|완료|처리|입금|송금|납부|결제|신청|등록|접수|승인|결재|서명|날인|수정|보완|반영|업로드|연락|말씀|결정|선택|기입|기재|입력|첨부|조치|통보|협조|지급|취소|이수|예약|마무리|업데이트|피드백|리뷰|컨펌|요청|여부|마감|참여|확정|응답|참석|배포|교체|설치|이체|정산|반납|인쇄|번역|점검|테스트|삭제|해지|전화|투표|재제출|보고|체크|발주|편집|교정|해결|대응|조율|협의|통화|상신|제안|설명|출고|배송)`
	koreanGive = `(?:보내|알려|올려|골라|정해|봐|채워|적어|써|끝내|마쳐|맞춰|넘겨|돌려|남겨|만들어|고쳐|전해|답해|챙겨|넣어|바꿔|지워|찾아|옮겨|구해|잡아|뽑아|건네|물어봐|답변해)`
	koreanUnit = `(?:[가-힣]+(?:에게|께|한테|로|도|을|를) )?(?:` + koreanAct + `(?: ?(?:해 ?보시고|해 ?주시고|하여 주시고|하시고|하고|하신 후|하신 뒤|한 후|한 뒤|후에|후|및|해서|하여서))?(?:해|하여|하시어|하셔서|을|를|도|만|부)?(?: ?(?:좀|꼭))?|` + koreanGive + `(?: ?보시고| ?주시고)?)`

	koreanPlea = `부탁(?:을|의)?(?: ?(?:말씀|좀))?(?: ?(?:드립니다|드려요|드리겠습니다|드릴게요|드릴께요|드려봅니다|드려도 될까요|드려도 괜찮을까요|드리고자 합니다|드리려고 합니다|드리고 싶습니다|드림|합니다|해요|해|할게요|할게|요))?`
	koreanGift = `(?:주(?:세요|셔요|십시오|십시요|시길 ?바랍니다|시길 ?바라겠습니다|시기 ?바랍니다|시기를 ?바랍니다|시기를? ?부탁드립니다|시면 ?(?:됩니다|돼요|[가-힣0-9 ,]{0,60}(?:겠습니다|겠어요|게요|예정입니다|좋을 것 같습니다|좋을 것 같아요|감사합니다|감사드립니다))|` +
		`실 ?수 ?있(?:을까요|으실까요|나요|으신가요|는지요|으세요|을지요)|시겠어요|시겠습니까|실래요|셨으면 ?(?:합니다|해요|좋겠습니다|좋겠어요)|셔야 ?(?:합니다|해요|됩니다|돼요|[가-힣 ]{1,40}(?:니다|어요|아요)))|줘요?|줄래요?|받(?:을|아 ?볼) ?수 ?있을까요|받았으면 ?(?:합니다|해요|좋겠습니다))`
	koreanAsk = `(?:하(?:십시오|세요|시면 ?됩니다|시기 ?바랍니다|시길 ?바랍니다|셔야 ?(?:합니다|해요|됩니다|돼요))|바랍니다|바라요|바래요|바람|바라겠습니다|` +
		`(?:이 |가 )?(?:필요합니다|필요해요)|요망|(?:이 |가 )?가능(?:할까요|하실까요|한가요|하신가요|하시겠어요|하십니까))`
	koreanDuty = `(?:확정)?(?:해|되어|돼)야 ?(?:합니다|해요|됩니다|돼요)`
)

var (
	koreanRequest = regexp.MustCompile(`(?:^| )(?:(?:` + koreanUnit + ` ?){0,4}` + koreanPlea + `|(?:` + koreanUnit + ` ?){0,4}` + koreanGift + `|(?:` + koreanUnit + ` ?){1,4}` + koreanAsk + `|(?:` + strings.Join(things, "|") + `)(?:이|가) ?필요(?:합니다|해요)|(?:` + koreanUnit + ` ?){0,3}요청(?: ?(?:드립니다|드려요|드리겠습니다|합니다|드림))?|` +
		`(?:` + koreanUnit + ` ?){0,4}(?P<duty>` + koreanDuty + `))` + koreanStop)
	koreanNominal = regexp.MustCompile(`(?:^| )(?:` + koreanUnit + ` ?)+(?:의? ?건)?` + koreanStop)
	koreanCall    = regexp.MustCompile(`(?:요청|요망|필요|회신|제출|검토|확인|신청|답변|부탁드립니다|부탁드려요|바랍니다)(?: ?(?:안내|요청|건|의 건|협조))*[\]】)]? ?[(\[]?$`)
	asideEnds     = regexp.MustCompile(`^ ?[)\]]` + koreanStop)
	speaksOfSelf  = regexp.MustCompile(`(?:^| )(?:제가|저희가?|저는|저도|내가|우리가?|나는|전)(?: |$)`)
)

// governs reports whether what stands behind a time asks for something by then.
func governs(before, after, mark string, bare, subject bool) bool {
	if mark == "마감" {
		return saysSo.MatchString(after)
	}
	if koreanCall.MatchString(before) && (asideEnds.MatchString(after) || subject && (after == "" || after[0] == ' ')) {
		return true
	}
	for _, particle := range [...]string{"는", "만", "은", "꼭"} {
		if rest, ok := strings.CutPrefix(after, particle+" "); ok {
			after = " " + rest
		}
	}
	if subject {
		after = strings.TrimLeft(after, ")]】")
	}
	pattern := koreanRequest
	at := pattern.FindStringSubmatchIndex(after)
	if at == nil && subject {
		pattern = koreanNominal
		at = pattern.FindStringSubmatchIndex(after)
	}
	if at == nil {
		return false
	}
	if partsOf(pattern, after, at)["duty"] != "" && speaksOfSelf.MatchString(before) {
		return false
	}
	words := strings.Fields(after[:at[0]])
	if bare && len(words) > 0 {
		return false
	}
	return plain(after[:at[0]], words)
}

// saysSo is what may follow a time that is called the end of one.
var saysSo = regexp.MustCompile(`^(?: ?(?:입니다|이에요|이예요|예요|임|합니다|됩니다))?` + koreanStop)

// plain reports whether the words between a time and the request are the names of things: a verb among them may be
// what the time belongs to.
func plain(between string, words []string) bool {
	if between != "" && between[0] != ' ' || len(words) > 5 || strings.ContainsAny(between, ".,;:!?()[]~") {
		return false
	}
	for i, word := range words {
		last, size := utf8.DecodeLastRuneInString(word)
		object := (last == '을' || last == '를') && len(word) > size
		switch {
		case i+1 < len(words) && strings.HasPrefix(words[i+1], "님"), slices.Contains([]string{"님", "님이", "님은", "님도", "님께서"}, word): // who it is asked of
		case slices.Contains(fillers, word), endsIn(word, things), object && i == len(words)-1:
		case !hangul(last), strings.ContainsRune("ㄴㄹㅆ", finalOf(last)), endsIn(word, links), containsAny(word, absences...):
			return false
		}
	}
	return true
}

// links end words that belong to a verb, or to whose time it is.
var links = []string{"고", "서", "니", "며", "면", "데", "만", "지", "자", "나", "려", "라", "의", "게", "도록", "가", "시", "후", "중", "로", "던", "까", "다", "요", "음"}

// absences last until a time, and so do the others here.
var absences = []string{"휴가", "연차", "출장", "부재", "휴무", "공사", "행사", "워크숍", "유효", "근무", "진행", "시간", "누적", "매출", "주문", "접수", "실적", "동안", "이틀", "사흘"}
