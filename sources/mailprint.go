package sources

import (
	"html"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

var leftovers = regexp.MustCompile(`(?i)\[(?:image|cid|inline image|이미지|사진|로고)\s?[:：][^\]]*\]|<(?:https?|mailto|tel):[^>\s]*>|\[(?:https?|cid):[^\]\s]*\]|` +
	`\((?:https?)://[^)\s]{60}[^)\s]*\)`)

var escapes = regexp.MustCompile(`&(?:nbsp|amp|lt|gt|quot|apos|zwnj|#\d{1,6}|#x[0-9a-fA-F]{1,5});`)

// longAddress is how long a web address may be that a person is meant to read.
const longAddress = 80

// mailLine makes a line of a message clean: oneLine, without the addresses behind links, the names of pictures, and the
// characters that newsletters fill their previews with.
func mailLine(text string) string {
	if strings.Contains(text, "&") && escapes.MatchString(text) {
		text = html.UnescapeString(text)
	}
	text = oneLine(strings.Map(withoutFiller, text))
	if strings.ContainsAny(text, "<[(") && strings.Contains(text, ":") {
		text = strings.Join(strings.Fields(leftovers.ReplaceAllString(text, "")), " ")
	}
	if strings.Contains(text, "://") {
		text = withoutLongAddresses(text)
	}
	return text
}

// withoutFiller drops what has no width, and makes blanks of what only looks blank.
func withoutFiller(r rune) rune {
	switch r {
	case '\u200C', '\uFFFC', '\u180E', '\uFFFD':
		return -1
	case '\u2800':
		return ' '
	}
	return r
}

func withoutLongAddresses(text string) string {
	words := strings.Fields(text)
	kept := words[:0]
	for _, word := range words {
		if !strings.Contains(word, "://") || len(word) <= longAddress {
			kept = append(kept, word)
		}
	}
	return strings.Join(kept, " ")
}

// joinLines is the text of the lines: those that a program broke for want of room are one again.
func joinLines(lines []bodyLine) string {
	width := wrapWidth(lines)
	var b strings.Builder
	var before bodyLine
	for _, line := range lines {
		switch {
		case line.text == "" || drawn(line.text):
			before = bodyLine{}
			continue
		case b.Len() == 0:
		case before.soft && before.tight:
		case before.soft || wrapped(before, line, width):
			b.WriteByte(' ')
		default:
			b.WriteByte('\n')
		}
		b.WriteString(line.text)
		before = line
	}
	return b.String()
}

// wrapWidth is the width at which the lines seem to have been broken, 0 if they do not.
func wrapWidth(lines []bodyLine) int {
	const least, most, near = 55, 100, 12
	width, full := 0, 0
	for _, line := range lines {
		if n := utf8.RuneCountInString(line.text); !line.whole && n >= least && n <= most && strings.Contains(line.text, " ") {
			switch {
			case n > width+near:
				width, full = n, 1
			default:
				width, full = max(width, n), full+1
			}
		}
	}
	if full < 2 && width < 70 {
		return 0
	}
	return width
}

// wrapped reports whether the line before had no room for the first word of this one.
func wrapped(before, line bodyLine, width int) bool {
	if width == 0 || before.whole || line.whole || before.text == "" || listMark.MatchString(line.text) {
		return false
	}
	n := utf8.RuneCountInString(before.text)
	word, _, _ := strings.Cut(line.text, " ")
	return n <= width && n+1+utf8.RuneCountInString(word) > width
}

// worded reports whether there is anything to read: a letter, a number or a picture.
func worded(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.Is(unicode.So, r)
	})
}

func wordedLines(lines []bodyLine) bool {
	for _, line := range lines {
		if worded(line.text) {
			return true
		}
	}
	return false
}

// countWorded counts the lines that have something to read.
func countWorded(lines []bodyLine) int {
	n := 0
	for _, line := range lines {
		n += one(worded(line.text))
	}
	return n
}

// furnitureBytes is how far into a line its beginning reaches.
const furnitureBytes = 240

// furniture recognises the lines that programs put around a message: how to see it, to stop it, who sent it. People
// write of such things too, and they ask.
func furniture(text string) bool {
	if len(text) > 2000 || strings.HasSuffix(text, "?") {
		return false
	}
	lower := strings.ToLower(text)
	if len(lower) > furnitureBytes {
		lower = strings.ToValidUTF8(lower[:furnitureBytes], "")
	}
	if containsAny(lower, "view in browser", "view in your browser", "view it in your browser", "view this email in", "view this message in",
		"view the web version", "view web version", "view online", "read online", "having trouble viewing", "trouble viewing this",
		"can't see this email", "to unsubscribe", "unsubscribe here", "unsubscribe from th", "unsubscribe: http", "click unsubscribe", "or unsubscribe",
		"manage your preferences", "manage preferences", "your email preferences", "update your preferences", "manage your notifications",
		"manage notifications", "your notification settings", "manage your subscription", "manage subscriptions", "to opt out", "opt out of these",
		"you are receiving", "you're receiving this", "you received this e", "you received this m", "you received this b",
		"you have received this email because", "this email was sent to", "this email was sent by", "this email was sent from a n",
		"this e-mail was sent to", "this message was sent to", "this message was sent by", "reply to this email directly",
		"reply above this line", "reply to this email to respond", "to stop receiving", "to your address book", "do not reply to this",
		"this is an automated", "this is an automatically", "this mailbox is not monitored", "all rights reserved", "consider the environment",
		"before printing this", "originated from outside", "originated outside", "virus-free", "scanned for viruses", "been scanned by", "avast antivirus") {
		return true
	}
	bare := strings.Trim(lower, " .|[]()<>-–:*")
	if strings.HasPrefix(bare, "=_nextpart") || strings.HasPrefix(bare, "=_part_") || strings.HasPrefix(bare, "content-type:") || strings.HasPrefix(bare, "content-transfer-encoding:") {
		return true // of a message whose parts came apart
	}
	switch bare {
	case "privacy policy", "privacy | terms", "terms of service", "caution", "external", "external email":
		return true
	}
	return strings.HasPrefix(bare, "unsubscribe") && len(strings.Fields(bare)) <= 8 || strings.HasPrefix(bare, "visit topic") ||
		strings.HasPrefix(bare, "©") || strings.HasPrefix(bare, "copyright ") || strings.HasPrefix(bare, "ⓒ") || koreanFurniture(lower)
}

func koreanFurniture(lower string) bool {
	if len(lower) == utf8.RuneCountInString(lower) {
		return false
	}
	tight := strings.ReplaceAll(lower, " ", "")
	if containsAny(tight, "수신거부", "구독해지", "구독취소", "구독을취소", "구독을해지", "개인정보처리방침", "메일수신설정") {
		return utf8.RuneCountInString(tight) <= 14 || containsAny(tight, "http", "눌러", "누르", "클릭", "여기", "원치", "원하지", "원하시", "링크", "무료", "|")
	}
	return containsAny(tight, "수신을원치", "수신을원하지", "구독을원치", "구독을원하지", "더이상이런메일", "더이상메일을", "메일을받고싶지", "웹에서보기", "웹에서확인하기",
		"웹브라우저에서보기", "브라우저에서보기", "보이지않으시면", "보이지않는다면", "보이지않으면", "보이지않는경우", "안보이시면", "안보이면", "발신전용", "자동으로발송되", "자동으로발송된",
		"자동으로발송하", "자동발송된", "자동발송되", "자동발송메일", "자동으로생성된", "회신되지않", "회신이되지않", "회신하지마", "회신이불가", "알림설정을변경하려면", "알림설정을변경하시려면",
		"무단전재", "저작권자", "통신판매업신고", "외부에서발송된메일", "외부에서수신된메일", "외부메일입니다", "인쇄하기전에") || businessNumber.MatchString(tight)
}

var businessNumber = regexp.MustCompile(`사업자(등록)?번호[:：]?\d`)

// mobile recognises what telephones and their programs add.
func mobile(text string) bool {
	if len(text) > 200 {
		return false
	}
	lower := strings.Trim(strings.ToLower(text), " .!()<>[]-*")
	tight := strings.ReplaceAll(lower, " ", "")
	if containsAny(tight, "에서보냄", "에서보냈습니다", "에서보낸메일", "에서전송", "에서발송", "에서작성", "다운로드", "받기", "傳送", "发送", "发自", "發自", "から送信") &&
		containsAny(tight, "iphone", "ipad", "galaxy", "갤럭시", "삼성", "samsung", "스마트폰", "휴대폰", "휴대전화", "핸드폰", "모바일", "android", "안드로이드", "아이폰", "아이패드", "outlook", "mail앱", "메일앱", "手机", "手機") {
		return len(strings.Fields(text)) <= 8
	}
	if lower == "via mobile" || strings.HasSuffix(lower, " from mobile") && len(strings.Fields(lower)) < 5 {
		return true
	}
	for _, start := range []string{"sent from ", "sent via ", "sent with ", "sent by ", "sent using ", "from my iphone", "from my ipad", "from my android", "get outlook for", "get [outlook for", "envoyé de ", "envoyé depuis", "von meinem ",
		"gesendet von", "gesendet mit", "diese nachricht wurde von mein", "enviado desde", "enviado do ", "enviado de ", "enviado con", "inviato da", "verzonden met", "verzonden vanaf",
		"verstuurd vanaf", "skickat från", "sendt fra", "wysłane z", "отправлено с", "надіслано з", "lähetetty", "téléchargez outlook", "descargar outlook"} {
		if strings.HasPrefix(lower, start) {
			words := len(strings.Fields(lower))
			return words <= 8 || words <= 16 && containsAny(lower, "excuse", "typo", "brevity", "mail_", "k-9", "http", "outlook", "mail]")
		}
	}
	return false
}

// legal recognises the first line of a disclaimer.
func legal(text string) bool {
	lower := strings.ToLower(limitedText(text))
	if len(lower) != utf8.RuneCountInString(lower) && koreanLegal(strings.ReplaceAll(lower, " ", "")) {
		return true
	}
	if !containsAny(lower, "mail", "message", "confiden", "disclaim", "privileged", "intended", "communication", "transmission", "messaggio", "nachricht", "mensaje", "mensagem") {
		return false
	}
	bare := strings.Trim(lower, " *-_.:[](){}")
	return strings.HasPrefix(bare, "confidentiality notice") || strings.HasPrefix(bare, "disclaimer") || strings.HasPrefix(bare, "legal notice") || strings.HasPrefix(bare, "important notice:") && strings.Contains(lower, "confiden") ||
		strings.HasPrefix(bare, "confidential:") || strings.HasPrefix(bare, "privileged and confidential") || strings.HasPrefix(bare, "privileged/confidential") ||
		containsAny(lower, "this e-mail and any", "this email and any", "this message and any", "this e-mail (and any", "this email (and any", "this message (and any", "this e-mail, including", "this email, including", "this message, including",
			"information contained in this", "information in this e", "information in this message", "information transmitted is", "information transmitted in this", "contents of this e", "contents of this message",
			"intended solely for", "intended only for the", "for the intended recipient", "of the intended recipient", "than the intended recipient", "not the intended", "individual or entity to", "received this e-mail in error", "received this email in error", "received this message in error",
			"received this communication in error", "received this transmission in error", "legally privileged", "is confidential and", "may contain confidential", "contains confidential information", "may contain privileged",
			"informazioni contenute in questo messaggio", "ce message et toutes les pièces", "ce courriel et", "diese e-mail enthält vertrauliche", "este mensaje y sus", "este mensaje contiene información confid", "esta mensagem pode conter")
}

func koreanLegal(tight string) bool {
	tight = strings.TrimLeft(tight, "*※-[]<>■◆●▶!#")
	about := false
	for _, start := range []string{"본메일", "이메일은", "이메일에", "이이메일", "이전자우편", "본이메일", "본e-mail", "본email", "이e-mail", "본전자우편", "본전자메일", "이전자메일", "본메시지", "이메시지", "본문서", "본통신", "이통신문",
		"본메세지", "본메일과", "전송된메일", "위메일", "당메일", "이편지", "본서신"} {
		about = about || strings.HasPrefix(tight, start)
	}
	return about && containsAny(tight, "비밀", "기밀", "지정된", "수신인", "수신자", "수취인", "법률", "법적", "정보통신망", "열람", "무단", "잘못전송", "잘못수신", "보안", "배포", "유출", "저작권") ||
		strings.HasPrefix(tight, "정보통신망이용촉진") || containsAny(tight, "지정된수신인만을위한", "지정된수신자만을위한", "지정된수신인이아닌", "의도된수신인", "부정경쟁방지및영업비밀")
}

func limitedText(text string) string {
	if len(text) > 600 {
		return strings.ToValidUTF8(text[:600], "")
	}
	return text
}
