package sources

import (
	"encoding/base64"
	"mime"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/unicode/norm"
	"google.golang.org/api/gmail/v1"
)

const (
	bodyRunes = 4000      // of a message's own words, more than any line or deadline needs
	bodyBytes = 256 << 10 // of its text, looked at
	bodyDepth = 20        // of its parts within parts
	bodyParts = 200
)

// body is what a message says itself.
type body struct {
	text   string // the new part, one paragraph or list item a line, oneLine()-clean lines joined by "\n"; at most bodyRunes
	invite bool   // it carries a calendar invitation (a text/calendar part), which Calendar shows anyway
	bounce bool   // a delivery status report
	cut    bool   // there was more than is looked at
}

// readBody finds the sender's own new words in a message as messages.get answers it in full: without what is quoted,
// the signature, the small print and what only programs read. When nothing would be left, less is taken away.
func readBody(payload *gmail.MessagePart) body {
	if payload == nil {
		return body{}
	}
	r := bodyReader{bytesLeft: bodyBytes, partsLeft: bodyParts}
	r.result.bounce = headerSaysBounce(payload)
	letter := trimmerOf(payload)
	var lines, pages []bodyLine
	for _, s := range r.sections(payload, 0) {
		chosen, other := s.lines()
		lines = append(append(lines, chosen...), bodyLine{})
		pages = append(append(pages, other...), bodyLine{})
	}
	own := letter.ownWords(lines)
	if own == "" { // the plain text was for programs without HTML
		own = letter.ownWords(pages)
	}
	if own == "" {
		own = firstOf(joinLines(lines), joinLines(pages))
	}
	var more bool
	r.result.text, more = limitRunes(composed(own), bodyRunes)
	r.result.cut = r.result.cut || letter.cut || more
	return r.result
}

// enoughLines leaves out the lines that no text of bodyRunes could reach, whatever is taken away above them.
func enoughLines(lines []bodyLine) []bodyLine {
	left := 8 * bodyRunes
	for i, line := range lines {
		if line.depth == 0 {
			left -= len(line.text)
		}
		if left < 0 {
			return lines[:i+1]
		}
	}
	return lines
}

// composed composes syllables whose parts have come together only now.
func composed(text string) string {
	if norm.NFC.IsNormalString(text) {
		return text
	}
	return norm.NFC.String(text)
}

// limitRunes returns the whole lines of text that fit, or of its first line what does.
func limitRunes(text string, limit int) (string, bool) {
	if utf8.RuneCountInString(text) <= limit {
		return text, false
	}
	text = string([]rune(text)[:limit])
	if at := strings.LastIndexByte(text, '\n'); at > len(text)/2 {
		text = text[:at]
	}
	return strings.TrimRight(text, "\n "), true
}

// bodySection is one passage of a message, in the forms it comes in.
type bodySection struct {
	plain, page []bodyLine
}

// lines returns the passage as it reads best, and its other form.
func (s bodySection) lines() (chosen, other []bodyLine) {
	if len(s.page) > 0 && placeholder(s.plain) {
		return s.page, s.plain
	}
	return s.plain, s.page
}

// placeholder reports whether the plain text has no words but those that send people to the HTML.
func placeholder(lines []bodyLine) bool {
	var b strings.Builder
	for _, l := range lines {
		if b.Len() > 600 {
			return false
		}
		b.WriteString(strings.ToLower(l.text))
		b.WriteByte(' ')
	}
	text := b.String()
	return !worded(text) || len(text) < 400 && containsAny(text, "does not support html", "doesn't support html", "not display html", "html-compatible",
		"html compatible", "enable html", "html-enabled", "html enabled", "html format", "html version", "html email", "html e-mail", "cannot display html",
		"html 메일", "html메일", "html을 지원", "html 형식", "html로 작성", "html 이메일", "view this email in your browser",
		"view this message in your browser", "this message contains html", "multi-part message in mime")
}

// bodyReader walks the parts of a message and counts what it looks at.
type bodyReader struct {
	bytesLeft, partsLeft int
	result               body
}

// sections returns the passages under a part, in their order. Attachments and messages within the message are not
// the sender's words.
func (r *bodyReader) sections(part *gmail.MessagePart, depth int) []bodySection {
	if part == nil {
		return nil
	}
	if r.partsLeft--; r.partsLeft < 0 || depth > bodyDepth {
		r.result.cut = true
		return nil
	}
	kind := strings.ToLower(strings.TrimSpace(part.MimeType))
	params := contentParams(part)
	switch {
	case kind == "text/calendar":
		r.result.invite = r.result.invite || invites(part, params)
		return nil
	case kind == "message/delivery-status":
		r.result.bounce = true
		return nil
	case attachment(part), strings.HasPrefix(kind, "message/"), kind == "multipart/digest":
		return nil
	case kind == "multipart/report" && strings.EqualFold(params["report-type"], "delivery-status"):
		r.result.bounce = true
	}
	if len(part.Parts) > 0 {
		return r.children(part, kind, depth)
	}
	switch kind {
	case "text/html":
		return []bodySection{{page: htmlLines(r.text(part, params))}}
	case "text/plain", "":
		text := r.text(part, params)
		if looksLikeHTML(text) {
			return []bodySection{{page: htmlLines(text)}}
		}
		return []bodySection{{plain: plainLines(text, params)}}
	}
	return nil
}

// children returns the passages of a part with parts. Those of alternatives are one passage in several forms.
func (r *bodyReader) children(part *gmail.MessagePart, kind string, depth int) []bodySection {
	var found []bodySection
	for _, child := range part.Parts {
		found = append(found, r.sections(child, depth+1)...)
		if r.partsLeft < 0 {
			break
		}
	}
	if kind != "multipart/alternative" || len(found) < 2 {
		return found
	}
	var one bodySection
	for _, s := range found {
		one.plain = append(one.plain, s.plain...)
		one.page = append(one.page, s.page...)
	}
	return []bodySection{one}
}

func attachment(part *gmail.MessagePart) bool {
	return part.Filename != "" || part.Body != nil && part.Body.AttachmentId != ""
}

// invites tells an invitation from an event somebody merely attached.
func invites(part *gmail.MessagePart, params map[string]string) bool {
	switch strings.ToLower(params["method"]) {
	case "":
		return !attachment(part)
	case "publish":
		return false
	}
	return true
}

// headerSaysBounce recognises the reports of mail servers that follow no standard.
func headerSaysBounce(payload *gmail.MessagePart) bool {
	for _, h := range payload.Headers {
		if h == nil {
			continue
		}
		switch value := strings.ToLower(h.Value); {
		case strings.EqualFold(h.Name, "X-Failed-Recipients"):
			return true
		case strings.EqualFold(h.Name, "From") && strings.Contains(value, "mailer-daemon"):
			return true
		}
	}
	return false
}

// partHeader is the first header of that name.
func partHeader(part *gmail.MessagePart, name string) string {
	for _, h := range part.Headers {
		if h != nil && strings.EqualFold(h.Name, name) {
			return h.Value
		}
	}
	return ""
}

// contentParams are those of the part's Content-Type, as far as they can be read.
func contentParams(part *gmail.MessagePart) map[string]string {
	value := partHeader(part, "Content-Type")
	if len(value) > 2000 {
		return nil
	}
	if _, params, err := mime.ParseMediaType(value); err == nil {
		return params
	}
	params := map[string]string{}
	for field := range strings.SplitSeq(value, ";") {
		if name, value, ok := strings.Cut(field, "="); ok {
			params[strings.ToLower(strings.TrimSpace(name))] = strings.Trim(value, " \t\r\n\"'")
		}
	}
	return params
}

// text is the part's text as UTF-8, and no more of it than may still be looked at.
func (r *bodyReader) text(part *gmail.MessagePart, params map[string]string) string {
	if part.Body == nil {
		return ""
	}
	data := part.Body.Data
	if most := base64.RawURLEncoding.EncodedLen(r.bytesLeft); len(strings.TrimRight(data, "=")) > most {
		data, r.result.cut = data[:most/4*4], true
	}
	decoded := decodeBase64(data)
	r.bytesLeft -= len(decoded)
	return textOf(decoded, params["charset"])
}

// decodeBase64 reads either alphabet, with padding or without, as far as it goes.
func decodeBase64(data string) []byte {
	data = strings.TrimRight(data, "=")
	if strings.ContainsAny(data, "+/") {
		data = strings.NewReplacer("+", "-", "/", "_").Replace(data)
	}
	out := make([]byte, base64.RawURLEncoding.DecodedLen(len(data)))
	n, err := base64.RawURLEncoding.Decode(out, []byte(data))
	if err != nil && n == 0 {
		return nil
	}
	return out[:n]
}

// textOf decodes a body. Gmail has done it already, whatever the charset still says, so that counts only for what is
// not UTF-8; without one that fits it is taken for Korean if it can be that, else for Western European. Single bytes
// that break otherwise good text are dropped.
func textOf(data []byte, label string) string {
	data = wholeRunes(data)
	if utf8.Valid(data) {
		return strings.TrimPrefix(string(data), "\uFEFF")
	}
	isKorean := paired(data)
	if mostlyUTF8(data) || !isKorean && strings.EqualFold(label, "utf-8") {
		return strings.ToValidUTF8(string(data), "")
	}
	enc := encodingOf(label)
	if guess, name, _ := charset.DetermineEncoding(data, ""); enc == nil && name != "utf-8" && name != "windows-1252" {
		enc = guess // a page says it itself
	}
	switch {
	case enc != nil:
		return decode(enc, data)
	case isKorean:
		return decode(korean.EUCKR, data)
	}
	return decode(charmap.Windows1252, data)
}

// paired reports whether the bytes beyond ASCII come as Korean does in EUC-KR: two by two.
func paired(data []byte) bool {
	pairs, single := 0, 0
	for i := 0; i < len(data); i++ {
		switch {
		case data[i] < 0x80:
		case data[i] >= 0xA1 && i+1 < len(data) && data[i+1] >= 0xA1:
			pairs++
			i++
		default:
			single++
		}
	}
	return pairs > 4*single
}

// wholeRunes leaves out a character that was cut in half at the end.
func wholeRunes(data []byte) []byte {
	for back := 1; back < utf8.UTFMax && back <= len(data); back++ {
		if at := len(data) - back; utf8.RuneStart(data[at]) {
			if !utf8.FullRune(data[at:]) && utf8.Valid(data[:at]) {
				return data[:at]
			}
			break
		}
	}
	return data
}

// bodyLine is one line of a message. Empty text is a gap.
type bodyLine struct {
	text  string
	depth int       // how often it is quoted
	mark  markKinds // what its markup says of it
	soft  bool      // the sender's program broke the line, the text goes on with the next,
	tight bool      // and without a space
	whole bool      // it comes of markup, which breaks no lines for want of room
}

// markKinds are the things markup says of a line.
type markKinds uint8

const (
	quoteBelow markKinds = 1 << iota // what follows is quoted
	attributed                       // it says who wrote what follows
	signed                           // it belongs to the signature
)

// strayTags are the tags that careless programs leave in plain text.
var strayTags = regexp.MustCompile(`(?i)</?(?:a|b|i|br|p|div|span|font|strong)(?:\s[^<>]*)?/?>`)

// emphasis is how Gmail writes in plain text what is bold on the page.
var emphasis = regexp.MustCompile(`(^|[\s("])\*([^*\s]|[^*\s][^*]*[^*\s])\*($|[\s.,:;!?)"\p{Hangul}])`)

// plainLines takes plain text apart.
func plainLines(text string, params map[string]string) []bodyLine {
	flowed, tight := strings.EqualFold(params["format"], "flowed"), strings.EqualFold(params["delsp"], "yes")
	var lines []bodyLine
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	for raw := range strings.SplitSeq(text, "\n") {
		content, depth := unquote(raw)
		if containsAny(content, "</", "<br", "<BR", "<a ", "<A ") {
			content = strayTags.ReplaceAllString(content, "")
		}
		if strings.Count(content, "*") > 1 {
			content = emphasis.ReplaceAllString(content, "$1$2$3")
		}
		soft := flowed && strings.HasSuffix(content, " ") && content != "-- "
		lines = append(lines, bodyLine{text: mailLine(content), depth: depth, soft: soft, tight: soft && tight})
	}
	return lines
}

// unquote takes the quotation marks off the front of a line and counts them.
func unquote(line string) (string, int) {
	rest, depth := strings.TrimLeft(line, " \t"), 0
	if strings.HasPrefix(rest, ">From ") {
		return rest[1:], 0
	}
	for strings.HasPrefix(rest, ">") {
		rest = strings.TrimLeft(rest[1:], " ")
		depth++
	}
	if depth == 0 || strings.TrimSpace(rest) == ":" { // the end of an address that was broken before its bracket
		return line, 0
	}
	return rest, depth
}
