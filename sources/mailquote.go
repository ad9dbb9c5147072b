package sources

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	quoteLevels     = 4   // forwards within forwards that are opened for want of own words
	attributionMost = 4   // lines somebody's program may spread "On … wrote:" over
	markerRunes     = 300 // longest line that can be one of a mail program's
	wrapsFrom       = 64  // a quoted line this long may go on in a line that lost its mark
)

// ownWords returns the sender's new words out of the lines of a message: with what is quoted, forwarded and signed taken
// away. When that is everything, a forwarded message speaks for itself; else less is taken away.
func (l *trimmer) ownWords(lines []bodyLine) string { return joinLines(l.own(lines, quoteLevels)) }

func (l *trimmer) own(lines []bodyLine, levels int) []bodyLine {
	head, rest, forwarded := splitQuoted(lines)
	enough := enoughLines(head)
	l.cut = l.cut || len(enough) < len(head)
	full, soft := l.trimPassages(enough)
	if wordedLines(full) {
		return full
	}
	if !forwarded && !l.forwarded && wordedLines(soft) {
		return soft
	}
	if levels > 0 {
		if below := l.own(rest, levels-1); len(rest) > 0 && wordedLines(below) {
			return below
		}
	}
	if wordedLines(soft) || levels == 0 {
		return soft
	}
	if raised := raiseQuoted(head); len(raised) > 0 {
		return l.own(raised, levels-1)
	}
	return soft
}

// raiseQuoted makes the quoted lines those of the message.
func raiseQuoted(lines []bodyLine) []bodyLine {
	raised := make([]bodyLine, 0, len(lines))
	for _, line := range lines {
		if line.depth == 0 {
			continue
		}
		line.depth--
		if line.mark&attributed == 0 {
			raised = append(raised, line)
		}
	}
	return raised
}

// splitQuoted parts a message where everything below is quoted: under a program's mark, a block of headers, or somebody
// wrote without quotation marks. Of head, the lines that are quoted have a depth, those that say who wrote them too.
// rest begins with the first line of the other message's text.
func splitQuoted(lines []bodyLine) (head, rest []bodyLine, forwarded bool) {
	field := false // the line before is one of a header, though no block of them has begun
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if line.depth > 0 || line.text == "" && line.mark == 0 {
			continue
		}
		fieldBefore := field
		field = headerKind(line.text) != 0
		mark, forward := programMark(line.text)
		switch {
		case line.mark&quoteBelow != 0, mark:
			return lines[:i], belowHeaders(lines[i+1:]), forward || forwardedBelow(lines[i+1:])
		case field && !fieldBefore && headerBlock(lines, i) > 0:
			return lines[:aboveRule(lines, i)], belowHeaders(lines[i:]), false
		}
		start, undated := attributionStart(lines, i), namesWriter(line.text)
		if start < 0 && !undated {
			continue
		}
		next := nextWorded(lines, i+1)
		quotes := next < len(lines) && lines[next].depth > 0
		if start < 0 {
			if !quotes {
				continue
			}
			start = i
		}
		if next < len(lines) && !quotes && line.mark&attributed == 0 {
			return lines[:start], belowHeaders(lines[i+1:]), false
		}
		for k := start; k <= i; k++ {
			lines[k].depth++
			lines[k].mark |= attributed
		}
	}
	return lines, nil, false
}

// forwardedBelow reports whether the first lines say that what follows was forwarded.
func forwardedBelow(lines []bodyLine) bool {
	if next := nextWorded(lines, 0); next < len(lines) {
		_, forward := programMark(lines[next].text)
		return forward
	}
	return false
}

func nextWorded(lines []bodyLine, i int) int {
	for i < len(lines) && (lines[i].text == "" || drawn(lines[i].text)) {
		i++
	}
	return i
}

// aboveRule is where the block of headers at i begins, with the line drawn above it.
func aboveRule(lines []bodyLine, i int) int {
	for i > 0 && (lines[i-1].text == "" || drawn(lines[i-1].text)) {
		i--
	}
	return i
}

// belowHeaders skips what programs put above a message they quote.
func belowHeaders(lines []bodyLine) []bodyLine {
	for range 8 {
		i := nextWorded(lines, 0)
		if i >= len(lines) {
			return nil
		}
		lines = lines[i:]
		if n := headerBlock(lines, 0); n > 0 {
			lines = lines[n:]
			continue
		}
		mark, _ := programMark(lines[0].text)
		if !mark && lines[0].mark&attributed == 0 && lines[0].mark&quoteBelow == 0 {
			break
		}
		lines = lines[1:]
	}
	return lines
}

// drawn reports a line of dashes or stars, and what else draws a line.
func drawn(text string) bool {
	if text == "" || len(text) > 1000 || text == "--" {
		return false
	}
	return strings.Trim(text, "-_=*~#+·.—–─━―ᐧ• ") == ""
}

var programMarks = regexp.MustCompile(`^[\s*_>|]*-{2,}\s*\*?\s*(.{4,40}?)\s*\*?\s*-{2,}[\s*_]*$`)

// programMark recognises the line under which a mail program quotes, and whether it says that it forwards.
func programMark(text string) (mark, forward bool) {
	if len(text) > markerRunes || len(text) < 8 {
		return false, false
	}
	lower := strings.ToLower(strings.TrimSpace(strings.Trim(text, "*_ ")))
	switch strings.TrimRight(lower, ":： ") {
	case "begin forwarded message", "전달된 메시지 시작", "전달된 메시지", "전달받은 메시지 시작", "이메일 전달 시작", "원본 메시지 시작",
		"start of forwarded message", "weitergeleitete nachricht", "anfang der weitergeleiteten nachricht", "début du message réexpédié",
		"début du message transféré", "inizio messaggio inoltrato", "inicio del mensaje reenviado", "转发的邮件", "開始轉寄郵件", "転送されたメッセージ":
		return true, true
	}
	if !strings.Contains(lower, "--") {
		return false, false
	}
	found := programMarks.FindStringSubmatch(lower)
	if found == nil {
		return false, false
	}
	name := strings.ReplaceAll(found[1], " ", "")
	forward = containsAny(name, "forward", "전달", "weitergeleitet", "transféré", "réexpédié", "reenviad", "encaminhad", "inoltrat",
		"doorgestuurd", "vidarebefordra", "пересыл", "转发", "轉寄", "転送")
	return forward || containsAny(name, "originalm", "originala", "originaln", "original-", "원본메시지", "원본메세지", "원본메일", "원본이메일", "원문메시지", "원문메일",
		"이전메시지", "받은메일", "replymessage", "replyseparator", "ursprünglichenachricht", "originalnachricht", "messaged'origine", "messaged’origine", "messageoriginal",
		"mensajeoriginal", "mensagemoriginal", "messaggiooriginale", "oorspronkelijkbericht", "ursprungligtmeddelande", "oprindeligmeddelelse",
		"opprinneligmelding", "wiadomośćoryginalna", "oryginalnawiadomość", "исходноесообщение", "оригинальноесообщение", "alkuperäinenviesti",
		"původnízpráva", "eredetiüzenet", "orijinalmesaj", "原始邮件", "原始郵件", "元のメッセージ", "originalappointment"), forward
}

// headerKinds are the fields of a header that programs repeat above what they quote.
type headerKinds uint8

const (
	headerFrom headerKinds = 1 << iota
	headerTo
	headerDate
	headerSubject
	headerCopy
)

// headerNames are the names of those fields, in lower case and without spaces.
var headerNames = func() map[string]headerKinds {
	names := map[string]headerKinds{}
	for kind, list := range map[headerKinds]string{
		headerFrom: "from de von van från fra da od от від lähettäjä kimden 发件人 寄件者 差出人 送信者 보낸사람 보내는사람 보낸이 발신 발신자 발신인 송신자 " +
			"expéditeur remitente mittente afzender avsändare feladó messagede messagedu odesílatel",
		headerTo: "to an aan à a para till til do кому vastaanottaja kime 收件人 宛先 받는사람 받은사람 받는이 수신 수신자 수신인 destinataire destinatario " +
			"címzett komu",
		headerDate: "date sent datum gesendet verzonden envoyé envoyéle enviado enviadoel enviadaem data inviato skickat sendt dato wysłano отправлено дата " +
			"дата: 日期 发送时间 發送時間 日時 送信日時 날짜 보낸날짜 보낸시간 보낸시각 보낸일시 일시 발신일 발신일시 작성일 받은날짜 lähetetty päivämäärä gönderildi tarih odesláno надіслано",
		headerSubject: "subject betreff objet sujet asunto oggetto assunto onderwerp ämne emne temat тема aihe konu předmět tárgy 主题 主旨 件名 제목",
		headerCopy:    "cc copie copieà copia kopia kopie копия 抄送 참조 bcc 숨은참조 importance priority 첨부 첨부파일 attachments reply-to",
	} {
		for name := range strings.FieldsSeq(list) {
			names[name] = kind
		}
	}
	return names
}()

// headerKind is the field a line gives, zero if none.
func headerKind(text string) headerKinds {
	if len(text) > 2000 {
		return 0
	}
	text = strings.TrimLeft(text, "*_ |")
	at := strings.IndexAny(text, ":：")
	if at <= 0 || at > 40 {
		return 0
	}
	return headerNames[strings.ToLower(strings.Map(func(r rune) rune {
		if r == '*' || unicode.IsSpace(r) {
			return -1
		}
		return r
	}, text[:at]))]
}

// headerBlock is how many lines the block of headers takes that begins at i, zero if none does: who wrote, and two
// things more, one of them with an address or an hour; under a line across the page one more is enough.
func headerBlock(lines []bodyLine, i int) int {
	first := headerKind(lines[i].text)
	if first == 0 {
		return 0
	}
	kinds, end, stray := first, i+1, 0
	telling := telltale(lines[i].text)
	for k := i + 1; k < len(lines) && k < i+30 && lines[k].depth == lines[i].depth; k++ {
		text := lines[k].text
		if text == "" {
			continue
		}
		kind := headerKind(text)
		if kind == 0 {
			if stray++; stray > 1 || end != k {
				break // a long list of addresses goes on in one line more, not in two
			}
			continue
		}
		kinds, end, stray = kinds|kind, k+1, 0
		telling = telling || telltale(text)
	}
	found := 0
	for k := kinds; k > 0; k &= k - 1 {
		found++
	}
	need := 3
	if under(lines, i) {
		need = 2
	}
	if kinds&headerFrom == 0 || found < need || !telling {
		return 0
	}
	return end - i
}

// under reports whether line i stands under a line across the page.
func under(lines []bodyLine, i int) bool {
	for k := aboveRule(lines, i); k < i; k++ {
		if strings.HasPrefix(lines[k].text, "__") {
			return true
		}
	}
	return false
}

var hourSaid = regexp.MustCompile(`\d{1,2}[:.]\d{2}|\d{1,2}시|\d{4}[-./년]\s?\d{1,2}`)

func telltale(text string) bool { return strings.Contains(text, "@") || hourSaid.MatchString(text) }

// attributionVerbs say that somebody wrote, in the languages mail programs speak.
func attributionVerb(lower string) bool {
	return containsAny(lower, "wrote", "writes", "작성", "쓴 글", "썼습니다", "보낸 메시지", "님의 말", "schrieb", "a écrit", "escribió", "escribio", "ha scritto",
		"escreveu", "schreef", "geschreven", "skrev", "napisał", "pisze", "написал", "пишет", "писал", "пише", "kirjoitti", "napsal", "írta", "yazdı",
		"写道", "寫道", "书写", "書きました", "のメール", "đã viết", "a scris", "έγραψε", "rašė", "написа")
}

var (
	attributionDate = regexp.MustCompile(`^[-*\s"'(]*(\d{1,2}[./]\s?\d{1,2}[./]|\d{4}\s?[-./년年]|\d{1,2}\.?\s\pL{3,9}\.?\s\d{4}|\pL{3,9},? \d{1,2}[ ,.]|\pL{2,9},? \d{1,2}\.? \pL{3,9}\.?,? \d{4})`)
	attributionWord = regexp.MustCompile(`^(?i)[-*\s"'(]*(on|le|el|il|am|op|em|den|dnia|w dniu|på|pe|vào|in data|il giorno|no dia|a |ons|tor|fre|lör|sön|mån|tis|在|於|于)\b?.{0,30}?\d`)
	gmtDate         = regexp.MustCompile(`^\d{4}-\d{2}-\d{2} \d{1,2}:\d{2} GMT[+-]\d`)
)

// attributionStart is the first line of the attribution that ends with line i, -1 if none does.
func attributionStart(lines []bodyLine, i int) int {
	text := lines[i].text
	if lines[i].mark&attributed != 0 {
		return i
	}
	if !attributionEnd(text) {
		return -1
	}
	joined, best := "", -1
	for k := i; k >= 0 && k > i-attributionMost && lines[k].depth == lines[i].depth && lines[k].text != ""; k-- {
		joined = strings.TrimSpace(lines[k].text + " " + joined)
		if len(joined) > 2*markerRunes {
			break
		}
		if !attribution(joined) {
			continue
		}
		if best < 0 {
			best = k
		}
		if attributionDate.MatchString(joined) || attributionWord.MatchString(joined) {
			return k
		}
	}
	return best
}

// attributionEnd is a quick look at whether an attribution may end so.
func attributionEnd(text string) bool {
	if text == "" || len(text) > 2*markerRunes {
		return false
	}
	bare := strings.TrimRight(text, "-* ")
	switch last, _ := utf8.DecodeLastRuneInString(bare); last {
	case ':', '：', '>':
		return true
	}
	return strings.HasSuffix(bare, "wrote") || strings.HasPrefix(text, "20") && gmtDate.MatchString(text)
}

// attribution reports whether the text, made one line, says who wrote when.
func attribution(text string) bool {
	bare := strings.TrimRight(text, "-* ")
	colon := strings.HasSuffix(bare, ":") || strings.HasSuffix(bare, "：")
	address := strings.Contains(bare, "@")
	if gmtDate.MatchString(bare) {
		return true
	}
	dated := attributionDate.MatchString(bare) || attributionWord.MatchString(bare)
	if attributionVerb(strings.ToLower(bare)) {
		return colon && (address || dated || hourSaid.MatchString(bare)) || address && dated && strings.HasSuffix(bare, "wrote")
	}
	return dated && address && (strings.HasSuffix(bare, ">") || colon) && hourSaid.MatchString(bare)
}

// namesWriter reports whether a line above a quotation says whose it is, though not when.
func namesWriter(text string) bool {
	if len(text) > 120 || !strings.HasSuffix(text, ":") {
		return false
	}
	lower := strings.ToLower(text)
	return attributionVerb(lower) && len(strings.Fields(text)) <= 8 || strings.HasPrefix(lower, "quoting ")
}

// trimPassages trims each passage between the quotations. soft is with less taken away.
func (l *trimmer) trimPassages(lines []bodyLine) (full, soft []bodyLine) {
	for start := 0; start < len(lines); {
		end := start
		for end < len(lines) && !isQuoted(lines, end) {
			end++
		}
		if end > start {
			most, least := l.trim(lines[start:end])
			full, soft = append(append(full, most...), bodyLine{}), append(append(soft, least...), bodyLine{})
		}
		start = end + 1
	}
	return full, soft
}

// isQuoted reports whether the line is quoted: by its mark, or as the rest of a quoted line that was broken again on its
// way and lost the mark.
func isQuoted(lines []bodyLine, i int) bool {
	if lines[i].depth > 0 || lines[i].whole {
		return lines[i].depth > 0
	}
	return i > 0 && i+1 < len(lines) && lines[i].text != "" && lines[i-1].depth > 0 && lines[i+1].depth > 0 &&
		lines[i-1].mark&attributed == 0 && utf8.RuneCountInString(lines[i-1].text) >= wrapsFrom
}
