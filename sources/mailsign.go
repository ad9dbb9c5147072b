package sources

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"google.golang.org/api/gmail/v1"
)

const (
	signLines   = 25 // of a passage's end in which a signature may begin
	signMost    = 40 // lines a signature may have that is marked as one
	unmarkedEnd = 14 // and one that is not
	shortLine   = 80 // runes; a signature's lines are shorter
)

// trimmer is what helps to tell a message's own words from the rest.
type trimmer struct {
	name      string          // the sender's, in lower case
	names     map[string]bool // its parts, and those of the address
	forwarded bool            // the subject says so
	cut       bool            // there was more of it than was looked at
}

func trimmerOf(payload *gmail.MessagePart) *trimmer {
	l := &trimmer{names: map[string]bool{}}
	subject := strings.ToLower(strings.TrimSpace(decodeHeader(limited(partHeader(payload, "Subject")))))
	for _, prefix := range []string{"fw:", "fwd:", "전달:", "회송:", "wg:", "tr:", "rv:", "enc:", "转发:", "轉寄:"} {
		l.forwarded = l.forwarded || strings.HasPrefix(subject, prefix)
	}
	from := parseAddresses(limited(partHeader(payload, "From")))
	if len(from) == 0 {
		return l
	}
	l.name = strings.ToLower(strings.TrimSpace(beforeAny(from[0].name, "([<|/")))
	local := beforeAny(from[0].mailbox, "@+")
	for _, part := range strings.FieldsFunc(l.name+" "+local, func(r rune) bool { return !unicode.IsLetter(r) }) {
		l.names[part] = true
		if runes := []rune(part); len(runes) == 3 && unicode.Is(unicode.Hangul, runes[0]) {
			l.names[string(runes[1:])] = true // the given name
		}
	}
	return l
}

func limited(header string) string { return header[:min(len(header), 1000)] }

func beforeAny(s, chars string) string {
	if at := strings.IndexAny(s, chars); at >= 0 {
		return s[:at]
	}
	return s
}

// trim takes the small print, the signature and what only programs read off a passage. soft keeps what may be a
// signature and is everything there is.
func (l *trimmer) trim(lines []bodyLine) (full, soft []bodyLine) {
	soft = slices.Clone(lines)
	dropFurniture(soft)
	soft = cutMarked(dropLegal(soft))
	full = slices.Clone(soft)
	if first := nextWorded(full, 0); first < len(full) && (full[first].text == "--" || listFooter(full, first)) {
		return nil, soft
	}
	for range 4 {
		at := l.signatureAt(full)
		if at < 0 {
			break
		}
		full = keepPostscript(full, at)
	}
	return full, soft
}

// dropFurniture empties the lines that programs add.
func dropFurniture(lines []bodyLine) {
	for i := range lines {
		if text := lines[i].text; text != "" && (drawn(text) || furniture(text) || mobile(text)) {
			lines[i].text = ""
		}
	}
}

// dropLegal takes disclaimers away: below somebody's words with all that follows, else the paragraph.
func dropLegal(lines []bodyLine) []bodyLine {
	before, all := 0, countWorded(lines)
	for i := 0; i < len(lines); i++ {
		if text := lines[i].text; text == "" || !legal(text) {
			before += one(worded(text))
			continue
		}
		if before > 0 && all-before <= signMost {
			return lines[:paragraphStart(lines, i)]
		}
		for ; i < len(lines) && lines[i].text != ""; i++ {
			all -= one(worded(lines[i].text))
			lines[i].text = ""
			if lines[i].whole {
				break
			}
		}
	}
	return lines
}

// paragraphStart is where the paragraph of plain text begins that line i is in, unless it is the first one.
func paragraphStart(lines []bodyLine, i int) int {
	for k := i; k > 0 && k > i-3 && !lines[k].whole; k-- {
		if lines[k-1].text == "" && wordedLines(lines[:k]) {
			return k
		}
	}
	return i
}

// cutMarked cuts where a line of two dashes says that the signature begins, or markup does.
func cutMarked(lines []bodyLine) []bodyLine {
	before, all := 0, countWorded(lines)
	for i, line := range lines {
		has := worded(line.text)
		switch {
		case before == 0:
		case line.mark&signed != 0:
			all -= one(has)
			lines[i].text, has = "", false
		case (line.text == "--" || line.text == "—" || listFooter(lines, i)) && all-before <= signMost:
			return lines[:i]
		}
		before += one(has)
	}
	return lines
}

// listFooter recognises what a mailing list adds.
func listFooter(lines []bodyLine, i int) bool {
	lower := strings.ToLower(lines[i].text)
	list := strings.HasSuffix(lower, " mailing list") || strings.Contains(lower, " mailing list <") || strings.Contains(lower, "email is sponsored by")
	return list && len(lower) < 120 && countWorded(lines[i:]) <= 8
}

// signatureAt is where the passage's signature begins, -1 if it has none.
func (l *trimmer) signatureAt(lines []bodyLine) int {
	tail, left := len(lines), signLines
	for ; tail > 0 && left > 0; tail-- {
		left -= one(lines[tail-1].text != "")
	}
	for i := tail; i < len(lines); i++ {
		text := lines[i].text
		if text == "" {
			continue
		}
		if bare, ok := l.signedOff(text); ok && countWorded(lines[i+1:]) <= unmarkedEnd {
			lines[i].text = bare
			return i + one(bare != "")
		}
		if formal(text) && countWorded(lines[i+1:]) <= unmarkedEnd {
			return i
		}
		if (closing(text) || l.greets(text) || l.named(text) || contact(text)) && unsaid(lines[i+1:]) {
			return l.raise(lines, i)
		}
	}
	return -1
}

// raise moves the beginning of a signature up over the lines that belong to it: a name, a firm, a title.
func (l *trimmer) raise(lines []bodyLine, at int) int {
	if !contact(lines[at].text) {
		return at
	}
	for range 4 {
		if at == 0 || lines[at-1].text == "" {
			break
		}
		text := lines[at-1].text
		if utf8.RuneCountInString(text) > 40 || saying(text) || strings.ContainsAny(text, ":：") && !contact(text) || !wordedLines(lines[:at-1]) {
			break
		}
		at--
	}
	return at
}

// keepPostscript is what stands above the signature, and what was thought of later.
func keepPostscript(lines []bodyLine, at int) []bodyLine {
	kept := slices.Clone(lines[:at])
	for i := at; i < len(lines); i++ {
		if postscript.MatchString(lines[i].text) {
			kept = append(append(kept, bodyLine{}), lines[i:]...)
			break
		}
	}
	if len(kept) == len(lines) {
		kept = kept[:at]
	}
	return kept
}

var postscript = regexp.MustCompile(`(?i)^(p\.? ?p?\.?s\b[.:,)]?|추신\b?[ .:,)]|덧[.:)])`)

// unsaid reports whether nothing is said in the lines, as in a signature.
func unsaid(lines []bodyLine) bool {
	for _, line := range lines {
		if saying(line.text) && !contact(line.text) && !postscript.MatchString(line.text) {
			return false
		}
	}
	return countWorded(lines) <= unmarkedEnd
}

var (
	listMark     = regexp.MustCompile(`^([-*•·▪◦○●■□※→☞]|\d{1,2}[.)])\s*\S`)
	koreanEnding = regexp.MustCompile(`(니다|세요|어요|아요|에요|예요|네요|지요|죠|까요|나요|은데요|는데요|을게요|할게요|드림요|십시오|바람|바랍니다|요망|주세요|었음|있음|없음|예정|하자|할까|줘|해)$`)
	dayNamed     = regexp.MustCompile(`\d{1,2}월 ?\d{1,2}일`)
	abbreviation = regexp.MustCompile(`(^|[\s,])(\p{Lu}\.|\p{Lu}[\pL.]{0,4}\.)+$`)
)

// saying reports whether the line says something, as a name, a title or an address does not.
func saying(text string) bool {
	if text == "" || strings.ContainsAny(text, "|｜│") && utf8.RuneCountInString(text) <= 2*shortLine {
		return false
	}
	if utf8.RuneCountInString(text) > shortLine || listMark.MatchString(text) {
		return true
	}
	label, rest, _ := strings.Cut(text, ":")
	if rest = strings.TrimSpace(rest); rest != "" && rest[0] != '/' && utf8.RuneCountInString(label) <= 12 || dayNamed.MatchString(text) {
		return true
	}
	bare := strings.TrimRight(text, ".!?~…。？！)^ ㅎㅋㅠㅜ")
	if koreanEnding.MatchString(bare) {
		return true
	}
	words := len(strings.Fields(text))
	last, _ := utf8.DecodeLastRuneInString(text)
	return words >= 3 && strings.ContainsRune("?!…。？！", last) || words >= 3 && last == '.' && !abbreviation.MatchString(text) || words > 9
}

// bracketed is what people put behind their name in brackets.
var bracketed = regexp.MustCompile(`\s*\([^()]{1,40}\)\s*$`)

// signedOff recognises the line a Korean letter ends with: 김하늘 드림. bare is what the line says before it.
func (l *trimmer) signedOff(text string) (bare string, ok bool) {
	text = strings.TrimRight(bracketed.ReplaceAllString(text, ""), ".!~^ ")
	for _, word := range []string{"드림", "올림", "배상", "拜上"} {
		before, found := strings.CutSuffix(text, word)
		if !found || strings.HasSuffix(before, "반") {
			continue
		}
		sentence := ""
		if at := strings.LastIndexAny(before, ".!?~"); at >= 0 && at+1 < len(before) {
			sentence, before = before[:at+1], before[at+1:]
		}
		words := strings.FieldsFunc(before, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		if len(words) == 0 || len(words) > 6 || utf8.RuneCountInString(before) > 30 {
			continue
		}
		if last := words[len(words)-1]; l.namesAny(words) || !doing(last) && personal(last) {
			return sentence, true
		}
	}
	return "", false
}

func (l *trimmer) namesAny(words []string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return l.names[strings.ToLower(word)] })
}

// personal reports whether a word can be a person's name or title, or a team's.
func personal(word string) bool {
	n := utf8.RuneCountInString(word)
	return n >= 2 && n <= 6 && !strings.HasSuffix(word, "을") && !strings.HasSuffix(word, "를") && !strings.HasSuffix(word, "해") && !strings.HasSuffix(word, "로")
}

// doing are the words that 드림 makes a verb of: 안내 드림 signs nothing.
func doing(word string) bool {
	return containsAny(word, "부탁", "말씀", "안내", "공유", "전달", "송부", "회신", "연락", "보내", "알려", "보고", "요청", "제안", "인사", "감사", "사과", "축하",
		"답변", "답장", "문의", "확인", "제출", "첨부", "설명", "추천", "약속", "전해", "소개", "초대", "협조", "당부", "양해", "발송", "재송", "참고", "손해", "피해",
		"보험", "현금", "국가", "전액", "변상", "책임", "의뢰", "통보", "공지", "신청", "예약", "진행", "선물", "도움", "기원", "건의", "지원")
}

// closings are the phrases that end a letter.
var closings = func() map[string]bool {
	known := map[string]bool{}
	for phrase := range strings.SplitSeq("best regards|kind regards|kindest regards|warm regards|warmest regards|with regards|regards|rgds|best rgds|best wishes|"+
		"with best regards|with kind regards|thanks and regards|thanks & regards|thank you and best regards|many thanks and best regards|"+
		"sincerely|sincerely yours|yours sincerely|yours faithfully|yours truly|"+
		"very truly yours|respectfully|cordially|warmly|best|all the best|bests|thanks|thank you|many thanks|thanks again|thanks so much|"+
		"thanks a lot|thanks a million|thank you very much|thank you so much|thanks in advance|thank you in advance|thx|ty|cheers|take care|yours|love|xo|xoxo|talk soon|"+
		"have a great day|have a nice day|have a good day|have a great weekend|"+
		"mit freundlichen grüßen|mit freundlichen grüssen|freundliche grüße|viele grüße|liebe grüße|beste grüße|mfg|vg|lg|mit lieben grüßen|danke|"+
		"cordialement|bien cordialement|bien à vous|merci|salutations|saludos|un saludo|saludos cordiales|atentamente|gracias|"+
		"cordiali saluti|distinti saluti|saluti|un saluto|grazie|met vriendelijke groet|met vriendelijke groeten|vriendelijke groeten|groeten|"+
		"atenciosamente|abraços|obrigado|obrigada|med vänlig hälsning|med vänliga hälsningar|vänliga hälsningar|hälsningar|mvh|"+
		"med venlig hilsen|med vennlig hilsen|z poważaniem|pozdrawiam|с уважением|з повагою|спасибо|ystävällisin terveisin|terveisin|"+
		"s pozdravem|üdvözlettel|saygılarımla|敬具|此致|祝好|이상입니다|그럼 이만|수고하세요|수고하십시오|수고하십시요|수고 많으십니다", "|") {
		known[phrase] = true
	}
	return known
}()

var koreanClosing = regexp.MustCompile(`^(그럼|늘|항상|미리|다시|한번|한 번|대단히|정말|진심으로|거듭|매우|모두|오늘도|남은|하루도|이번 주도|바쁘신|와중에|,|\s)*` +
	`(감사합니다|감사드립니다|감사 ?드립니다|고맙습니다|감사해요|고마워요|수고하세요|수고하십시오|수고하셨습니다|((좋은|즐거운|행복한|편안한|활기찬|건강한) ?(하루|한 주|한주|오후|저녁|주말|아침|연휴|밤|명절)( ?되|를? ?보내)[가-힣 ]{1,8}))$`)

// dashedName is a name behind a dash.
var dashedName = regexp.MustCompile(`^(--|—|–|~)\s?\p{L}[\pL.]*( [\pL.]+){0,3}$`)

// closing recognises a line that ends a letter, a name after it or not.
func closing(text string) bool {
	if len(text) > 120 {
		return false
	}
	if dashedName.MatchString(text) {
		return true
	}
	bare := strings.ToLower(strings.Trim(text, " -–—/,.!~^ㅎ*:)♡🙏🙂😊"))
	if closings[bare] || koreanClosing.MatchString(bare) {
		return true
	}
	phrase, name, ok := strings.Cut(bare, ",")
	if !ok {
		phrase, name, ok = strings.Cut(bare, "! ")
	}
	return ok && len(strings.Fields(name)) <= 3 && (closings[strings.TrimSpace(phrase)] || koreanClosing.MatchString(strings.TrimSpace(phrase)))
}

// formal recognises a closing that nothing but the signature follows.
func formal(text string) bool {
	return closing(text) && containsAny(strings.ToLower(text), "regards", "sincerely", "faithfully", "grüße", "grüßen", "grüssen", "cordialement",
		"saludos", "saluti", "groet", "hilsen", "hälsning", "poważaniem", "уважением", "повагою")
}

// greets recognises a phrase of one's own with the sender's name after it: Hugs, Lena.
func (l *trimmer) greets(text string) bool {
	phrase, name, ok := strings.Cut(strings.TrimRight(text, ".! "), ", ")
	return ok && len(strings.Fields(phrase)) <= 3 && len(strings.Fields(name)) <= 2 && l.namesAny(strings.Fields(name))
}

// named reports whether a line is the sender's name, with a title or a firm or without.
func (l *trimmer) named(line string) bool {
	text := strings.Trim(line, " -–—~/*.,!")
	if text == "" || utf8.RuneCountInString(text) > 60 || len(l.names) == 0 {
		return false
	}
	lower := strings.ToLower(text)
	if rest, ok := strings.CutPrefix(lower, l.name); ok && l.name != "" && utf8.RuneCountInString(l.name) >= 3 && !saying(line) {
		if next, _ := utf8.DecodeRuneInString(rest); rest == "" || !unicode.IsLetter(next) {
			return true
		}
	}
	if first := strings.ReplaceAll(beforeAny(lower, "/|(,"), " ", ""); first == strings.ReplaceAll(l.name, " ", "") && !saying(line) {
		return first != "" // spaced out, as Koreans like it
	}
	words := strings.FieldsFunc(lower, func(r rune) bool { return unicode.IsSpace(r) || r == ',' || r == '.' || r == '-' })
	if len(words) == 0 || len(words) > 4 {
		return false
	}
	for _, word := range words {
		if !l.names[word] && (utf8.RuneCountInString(word) > 1 || !l.initial(word)) {
			return false
		}
	}
	return true
}

func (l *trimmer) initial(letter string) bool {
	for name := range l.names {
		if strings.HasPrefix(name, letter) {
			return true
		}
	}
	return false
}

var (
	contactLabel = regexp.MustCompile(`(?i)^\W{0,3}(tel|phone|mob|mobile|cell|fax|office|direct|e-?mail|web|website|address|addr|add|skype|linkedin|kakao(talk)?|hp|h\.p|` +
		`전화|전화번호|휴대폰|휴대전화|핸드폰|연락처|팩스|직통|대표번호|대표전화|이메일|메일|주소|홈페이지|웹사이트|내선|본사|문의|문의처|카카오톡|사업장)\.?\s*[.:)：｜|]\s*\S`)
	contactLetter = regexp.MustCompile(`(?i)^\W{0,3}[tmfephwc]\s?[.:)：]\s*([+(]?\d[\d\s().–-]{6,}|\S+@\S+|(https?://|www\.)\S+)`)
	contactNumber = regexp.MustCompile(`^[+(]?\d[\d\s().–-]{6,}\d$|^[+(]?\d{1,4}[-.) ]{1,2}\d{3,4}[-. ]\d{4}\b`)
	webAddress    = regexp.MustCompile(`^(<?[\w.+-]+@[\w-]+\.[\w.-]+>?|(https?://)?(www\.)[\w./?=&%~-]+)$`)
	koreanAddress = regexp.MustCompile(`^(\(?\d{5}\)?\s*)?(서울|부산|대구|인천|광주|대전|울산|세종|경기|강원|충북|충남|전북|전남|경북|경남|제주)\S{0,6}\s.{2,40}(로|길|동|층|호|구|빌딩|타워|센터)(\s?\S{0,10})$`)
)

// contact recognises a line that says where somebody is to be found.
func contact(text string) bool {
	if text == "" || len(text) > 300 || !strings.ContainsAny(text, "0123456789@:：") && !strings.Contains(text, "www.") {
		return false
	}
	return contactLabel.MatchString(text) && !koreanSentence(text) || contactLetter.MatchString(text) || contactNumber.MatchString(text) || webAddress.MatchString(text) ||
		koreanAddress.MatchString(text) && !koreanSentence(text)
}

func koreanSentence(text string) bool {
	return koreanEnding.MatchString(strings.TrimRight(text, ".!?~… "))
}
