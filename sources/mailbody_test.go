package sources_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/korean"
	"google.golang.org/api/gmail/v1"

	"achim/internal/standin"
	"achim/sources"
)

// partsOf is a message part that holds others.
func partsOf(kind string, list ...*gmail.MessagePart) *gmail.MessagePart {
	return &gmail.MessagePart{MimeType: kind, Parts: list}
}

// TestReadBodyParts: the words are found in whatever tree the message comes as, and nothing else is taken for them.
func TestReadBodyParts(t *testing.T) {
	plain, page := textPart("text/plain", "본문입니다."), textPart("text/html", "<p>쪽입니다.</p>")
	file := textPart("text/plain", "첨부입니다.")
	file.Filename = "notes.txt"
	later := &gmail.MessagePart{MimeType: "text/plain", Body: &gmail.MessagePartBody{AttachmentId: "a1"}}
	inner := partsOf("message/rfc822", textPart("text/plain", "다른 사람의 글입니다."))
	invite := textPart("text/calendar", "BEGIN:VCALENDAR", "Content-Type", "text/calendar; method=REQUEST")
	attachedInvite := textPart("text/calendar", "BEGIN:VCALENDAR", "Content-Type", "text/calendar; method=REQUEST; name=invite.ics")
	attachedInvite.Filename = "invite.ics"
	ticket := textPart("text/calendar", "BEGIN:VCALENDAR", "Content-Type", "text/calendar; name=ticket.ics")
	ticket.Filename = "ticket.ics"
	report := partsOf("multipart/report", textPart("text/plain", "Your mail was not delivered."), partsOf("message/delivery-status"), inner)
	for name, c := range map[string]struct {
		payload *gmail.MessagePart
		want    sources.Body
	}{
		"nothing":          {nil, sources.Body{}},
		"hollow":           {&gmail.MessagePart{}, sources.Body{}},
		"nil parts":        {partsOf("multipart/mixed", nil, plain), sources.Body{Text: "본문입니다."}},
		"alternatives":     {partsOf("multipart/alternative", plain, page), sources.Body{Text: "본문입니다."}},
		"only a page":      {partsOf("multipart/alternative", page), sources.Body{Text: "쪽입니다."}},
		"empty plain":      {partsOf("multipart/alternative", textPart("text/plain", " \r\n\u00A0"), page), sources.Body{Text: "쪽입니다."}},
		"placeholder":      {partsOf("multipart/alternative", textPart("text/plain", "Your mail client does not support HTML."), page), sources.Body{Text: "쪽입니다."}},
		"placeholder ko":   {partsOf("multipart/alternative", textPart("text/plain", "HTML 메일을 지원하지 않는 환경입니다."), page), sources.Body{Text: "쪽입니다."}},
		"link only":        {partsOf("multipart/alternative", textPart("text/plain", "View in browser: https://letter.example/1"), page), sources.Body{Text: "쪽입니다."}},
		"mixed":            {partsOf("multipart/mixed", partsOf("multipart/alternative", plain, partsOf("multipart/related", page)), file, later), sources.Body{Text: "본문입니다."}},
		"around a picture": {partsOf("multipart/mixed", plain, textPart("image/png", "x"), textPart("text/plain", "이어집니다.")), sources.Body{Text: "본문입니다.\n이어집니다."}},
		"page and footer":  {partsOf("multipart/mixed", page, textPart("text/plain", "_______\nteam mailing list\nteam@lists.example\n")), sources.Body{Text: "쪽입니다."}},
		"message inside":   {partsOf("multipart/mixed", plain, inner), sources.Body{Text: "본문입니다."}},
		"digest":           {partsOf("multipart/digest", inner, plain), sources.Body{}},
		"signed":           {partsOf("multipart/signed", plain, textPart("application/pgp-signature", "x")), sources.Body{Text: "본문입니다."}},
		"upper case":       {partsOf("Multipart/Alternative", textPart("TEXT/PLAIN", "본문입니다.")), sources.Body{Text: "본문입니다."}},
		"page as plain":    {textPart("text/plain", "<html><body><p>본문입니다.</p></body></html>"), sources.Body{Text: "본문입니다."}},
		"invitation":       {partsOf("multipart/alternative", plain, page, invite), sources.Body{Text: "본문입니다.", Invite: true}},
		"attached":         {partsOf("multipart/mixed", plain, attachedInvite), sources.Body{Text: "본문입니다.", Invite: true}},
		"ticket":           {partsOf("multipart/mixed", plain, ticket), sources.Body{Text: "본문입니다."}},
		"report":           {report, sources.Body{Text: "Your mail was not delivered.", Bounce: true}},
		"odd report":       {textPart("text/plain", "실패했습니다.", "From", "Mail Delivery Subsystem <mailer-daemon@mx.example>"), sources.Body{Text: "실패했습니다.", Bounce: true}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := sources.ReadBody(c.payload); got != c.want {
				t.Errorf("got %+v, wanted %+v", got, c.want)
			}
		})
	}
}

// TestReadBodyCharsets: text is decoded once, by what it is before what it says it is.
func TestReadBodyCharsets(t *testing.T) {
	euckr, err := korean.EUCKR.NewEncoder().String("계약서를 검토해 주세요.")
	if err != nil {
		t.Fatal(err)
	}
	western, err := charmap.Windows1252.NewEncoder().String("Ça va, it’s café time")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ data, contentType, want string }{
		"decoded already":  {"계약서를 검토해 주세요.", "text/plain; charset=euc-kr", "계약서를 검토해 주세요."},
		"euc-kr":           {euckr, "text/plain; charset=euc-kr", "계약서를 검토해 주세요."},
		"ks_c_5601":        {euckr, `text/plain; charset="ks_c_5601-1987"`, "계약서를 검토해 주세요."},
		"cp949":            {euckr, "text/plain; charset=CP949", "계약서를 검토해 주세요."},
		"says nothing":     {euckr, "text/plain", "계약서를 검토해 주세요."},
		"says utf-8":       {euckr, "text/plain; charset=utf-8", "계약서를 검토해 주세요."},
		"says nonsense":    {euckr, "text/plain; charset=x-unknown; =;", "계약서를 검토해 주세요."},
		"western":          {western, "text/plain", "Ça va, it’s café time"},
		"says us-ascii":    {western, "text/plain; charset=us-ascii", "Ça va, it’s café time"},
		"one broken byte":  {"계약서를 검토해 주세요.\xaa", "text/plain; charset=utf-8", "계약서를 검토해 주세요."},
		"loose jamo":       {"\u1112\u1161\u11ab\u1100\u1173\u11af", "text/plain", "한글"},
		"marks":            {"\uFEFF본문\u200B입\u202E니다.", "text/plain; charset=utf-8", "본문입니다."},
		"entities, plain":  {"A &amp; B&nbsp;확인 &#39;가&#39;", "text/plain", "A & B 확인 '가'"},
		"the page says it": {"<meta charset=euc-kr><p>" + euckr, "text/html", "계약서를 검토해 주세요."},
	} {
		t.Run(name, func(t *testing.T) {
			kind, _, _ := strings.Cut(c.contentType, ";")
			payload := textPart(kind, c.data, "Content-Type", c.contentType)
			wantOwn(t, payload, c.want)
			payload.Body.Data = strings.TrimRight(payload.Body.Data, "=")
			wantOwn(t, payload, c.want)
			payload.Body.Data = base64.StdEncoding.EncodeToString([]byte(c.data))
			wantOwn(t, payload, c.want)
		})
	}
}

// TestReadBodyLines: a paragraph that a program broke is one line again, and what people broke stays so.
func TestReadBodyLines(t *testing.T) {
	wantOwn(t, textPart("text/plain", "다음 주 일정을 \r\n공유드립니다. \r\n확인 부탁드립니다.\r\n> 언제 \r\n> 인가요?\r\n", "Content-Type", "text/plain; charset=utf-8; format=flowed"),
		"다음 주 일정을 공유드립니다. 확인 부탁드립니다.")
	wantOwn(t, textPart("text/plain", "다음 주 일 \r\n정입니다.\r\n-- \r\n이수진\r\n", "Content-Type", `text/plain; format="flowed"; DelSp="yes"`), "다음 주 일정입니다.")
	wantOwn(t, textPart("text/plain", "We have looked at the three offers and would like to go on with the second\none, unless you see a reason against it that we have not thought of until\nnow.\n\n- price\n- terms\nShort line.\n"),
		"We have looked at the three offers and would like to go on with the second one, unless you see a reason against it that we have not thought of until now.", "- price", "- terms", "Short line.")
	wantOwn(t, textPart("text/plain", "*중요* 오늘 *오후 3시*까지 2 * 3 * 4와 a*b*c를 봐 주세요.\n"), "중요 오늘 오후 3시까지 2 * 3 * 4와 a*b*c를 봐 주세요.")
	wantOwn(t, textPart("text/plain", "안녕하세요.\n가온상사 박준호입니다.\n의견 부탁드립니다.\n"), "안녕하세요.", "가온상사 박준호입니다.", "의견 부탁드립니다.")
}

// TestReadBodyLimits: however much there is, only so much is looked at and returned, and that is said.
func TestReadBodyLimits(t *testing.T) {
	deep := textPart("text/plain", "too deep")
	for range 40 {
		deep = partsOf("multipart/mixed", deep)
	}
	wide := partsOf("multipart/mixed")
	for i := range 1000 {
		wide.Parts = append(wide.Parts, textPart("text/plain", fmt.Sprintf("part %d", i)))
	}
	for name, c := range map[string]struct {
		payload *gmail.MessagePart
		cut     bool
	}{
		"deep":       {deep, true},
		"wide":       {wide, true},
		"long lines": {textPart("text/plain", strings.Repeat("가나다라마바사 ", 100_000)), true},
		"many lines": {textPart("text/plain", strings.Repeat("가나다라.\n", 100_000)), true},
		"one page":   {textPart("text/html", strings.Repeat("<p>가나다라.</p>", 100_000)), true},
		"two parts":  {partsOf("multipart/mixed", textPart("text/plain", strings.Repeat("> x\n", 60_000)), textPart("text/plain", strings.Repeat("> y\n", 10_000))), true},
		"quoted":     {textPart("text/plain", "hello\n"+strings.Repeat(strings.Repeat(">", 500)+"x\n", 500)), false},
		"open tags":  {textPart("text/html", strings.Repeat("<div><blockquote><table><tr><td>", 8_000)+"x"), false},
		"end tags":   {textPart("text/html", strings.Repeat("<b>", 300)+strings.Repeat("</i></td></p>", 15_000)+"x"), false},
		"fields":     {textPart("text/plain", "x\n"+strings.Repeat("To: a\n", 40_000)), true},
		"headers":    {textPart("text/plain", "x\n"+strings.Repeat("From: a@b.example 10:00\nTo: x\nSubject: y\n", 5_000)), false},
		"wrote":      {textPart("text/plain", "x\n"+strings.Repeat("On 1 May, a\n", 9_000)+strings.Repeat("wrote:\n", 9_000)), true},
		"drawn":      {textPart("text/plain", "x\n"+strings.Repeat("---\n", 30_000)+"From: x"), true},
		"two dashes": {textPart("text/plain", "x\n"+strings.Repeat("--\n", 50_000)+strings.Repeat("y\n", 60)), true},
		"legal":      {textPart("text/plain", strings.Repeat("disclaimer\n\n", 10_000)), true},
		"dashes":     {textPart("text/plain", strings.Repeat("--\n이수진 드림\n감사합니다.\n", 5_000)), true},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			b := sources.ReadBody(c.payload)
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("it took %v", took)
			}
			if n := utf8.RuneCountInString(b.Text); n > sources.BodyRunes || !utf8.ValidString(b.Text) || b.Text == "" && name != "deep" {
				t.Errorf("%d runes", n)
			}
			if b.Cut != c.cut {
				t.Errorf("cut: %v, of %d runes", b.Cut, utf8.RuneCountInString(b.Text))
			}
		})
	}
}

// TestReadBodyLabelled: of our own mails, read as Gmail hands them out, no signature, quotation or small print is left.
func TestReadBodyLabelled(t *testing.T) {
	room := newMailroom()
	for _, language := range []string{"ko", "en"} {
		for _, m := range readLabelled(t, half{language, "dev"}.file("mails.%s.txtar")) {
			b := sources.ReadBody(room.payload(t, m.mail))
			for _, left := range []string{"드림", "배상", "을지로 00", "지정된 수신인", "발신전용", "발신 전용", "님이 작성", "wrote:", "Original Message", "원본", "보낸 사람:", "받는 사람:",
				"Forwarded", "Kind regards", "Sent from", "unsubscribe", "Unsubscribe", "수신거부", "수신 거부", "Please consider", "02-0000-1234", "<", "&nbsp;", "\u200C"} {
				if strings.Contains(b.Text, left) {
					t.Errorf("%s: %q is left in\n%s", m.name, left, b.Text)
				}
			}
			if len(m.lines) > 0 && !b.Invite && !labelledLine(b.Text, m) {
				t.Errorf("%s: the words that count are not among\n%s", m.name, b.Text)
			}
		}
	}
}

// labelledLine reports whether one of the lines wanted of the mail can be taken from the text.
func labelledLine(text string, m labelled) bool {
	for _, line := range m.lines {
		if strings.Contains(text, strings.TrimRight(line, ".…")) {
			return true
		}
	}
	return false
}

// BenchmarkReadBody reads a business mail with all that clings to it, as text and as a page.
func BenchmarkReadBody(b *testing.B) {
	const words = "안녕하세요, 하늘 님.\n지난주에 말씀하신 부분을 반영하여 계약서 3조 수정안을 첨부드립니다.\n오늘 18:00까지 검토 의견 부탁드립니다.\n\n감사합니다.\n이수진 드림\n\n" +
		"--\n이수진 매니저 | 가온 제품팀\nT. 02-0000-1234  M. 010-0000-5678\n서울시 중구 을지로 00\n\n본 메일은 지정된 수신인만을 위한 것이며, 비밀정보를 포함할 수 있습니다.\n\n"
	quotation := "2026년 11월 20일 (금) 오전 9:12, 김하늘 <haneul@gaon.example>님이 작성:\n" + strings.Repeat("> 지난번에 논의한 내용을 정리하여 보내 드립니다. 확인 부탁드립니다.\n", 60)
	row := `<tr><td style="padding:0 10px;font-size:14px"><p class="MsoNormal"><span style="color:#333">지난번에 논의한 내용을 정리하여 보내 드립니다.</span></p></td></tr>`
	for name, payload := range map[string]*gmail.MessagePart{
		"text": textPart("text/plain", words+quotation, sujins("Re: 계약서")...),
		"page": textPart("text/html", "<p>"+strings.ReplaceAll(words, "\n", "<br>")+"</p><table>"+strings.Repeat(row, 60)+"</table>", sujins("계약서")...),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				sources.ReadBody(payload)
			}
		})
	}
}

// FuzzReadBody: whatever comes, as a message that travelled, as text or as a page, what is read of it is clean and short.
func FuzzReadBody(f *testing.F) {
	f.Add(byte(0), []byte("Date: Mon, 23 Nov 2026 08:10:00 +0900\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; charset=euc-kr\r\n\r\n<p>x\r\n--b--\r\n"))
	f.Add(byte(1), []byte("네.\n\n2026년 11월 20일 (금) 오전 9:12, 김하늘 <haneul@gaon.example>님이 작성:\n> 될까요?\n\n이수진 드림\n"))
	f.Add(byte(1), []byte("From: a@b.example\nSent: 10:00\nTo: x\nSubject: y\n\n---------- Forwarded message ---------\nOn Nov 2\nwrote:\n--\n"))
	f.Add(byte(2), []byte(`<div style="display:none">x</div><blockquote type=cite><table><tr><td>1<td>2</table><hr id=stopSpelling></p></div>`))
	f.Add(byte(3), []byte("one \r\n>two \r\n-- \r\n\xb0\xa1\xff"))
	room := newMailroom()
	f.Fuzz(func(t *testing.T, form byte, data []byte) {
		var payload *gmail.MessagePart
		switch form % 4 {
		case 0:
			m, err := standin.ReadMail(data, lenient)
			if err != nil {
				return
			}
			payload = room.payload(t, m)
		case 1:
			payload = textPart("text/plain", string(data), sujins("Re: 의견")...)
		case 2:
			payload = textPart("text/html", string(data), sujins("Fwd: 의견")...)
		case 3:
			payload = textPart("text/plain", string(data), "Content-Type", "text/plain; format=flowed; delsp=yes; charset=euc-kr")
		}
		b := sources.ReadBody(payload)
		if !utf8.ValidString(b.Text) || utf8.RuneCountInString(b.Text) > sources.BodyRunes {
			t.Fatalf("not clean: %q", b.Text)
		}
		for line := range strings.SplitSeq(b.Text, "\n") {
			if b.Text != "" && (line == "" || sources.OneLine(line) != line) {
				t.Fatalf("line %q of %q", line, b.Text)
			}
		}
	})
}
