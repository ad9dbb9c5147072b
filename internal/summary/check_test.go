package summary_test

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"achim/internal/summary"
)

// TestFaithful is the fact check, line by line: what a model may say of a mail, and what it may not.
func TestFaithful(t *testing.T) {
	t.Parallel()
	const (
		contract = "안녕하세요, 하늘 님, 3조 수정안 검토 부탁드립니다. 오늘 18:00까지 회신 주실 수 있을까요? 박준호 과장이 견적 1,200만원을 승인했습니다. 참석이 불가능합니다!"
		launch   = "Hi Haneul, could you approve the copy by Friday 18:00? Dana Kim wrote the first draft. Ask Mr. Kim about the 3 p.m. call. Is it off?"
	)
	for _, c := range []struct {
		name, text, line string
		want             bool
	}{
		{"a sentence as it stands", contract, "오늘 18:00까지 회신 주실 수 있을까요?", true},
		{"without its full stop", contract, "박준호 과장이 견적 1,200만원을 승인했습니다", true},
		{"without its exclamation mark", contract, "참석이 불가능합니다", true},
		{"with its greeting", contract, "안녕하세요, 하늘 님, 3조 수정안 검토 부탁드립니다.", true},
		{"without its greeting", contract, "하늘 님, 3조 수정안 검토 부탁드립니다.", true},
		{"without the name either", contract, "3조 수정안 검토 부탁드립니다", true},
		{"other white space", contract, "참석이 \u00a0불가능합니다!", true},
		{"letters in parts", contract, norm.NFD.String("참석이 불가능합니다!"), true},
		{"English", launch, "could you approve the copy by Friday 18:00?", true},
		{"English, with its greeting", launch, "Hi Haneul, could you approve the copy by Friday 18:00?", true},
		{"stops that end nothing", launch, "Ask Mr. Kim about the 3 p.m. call", true},
		{"a title with the name", "팀장님, 예산안 의견 부탁드립니다.", "예산안 의견 부탁드립니다", true},
		{"greeted by name", "안녕하세요 하늘 님, 예산안 의견 부탁드립니다.", "예산안 의견 부탁드립니다", true},
		{"a line without a stop", "하늘 님,\n오늘까지 의견 주실 수 있을까요\n감사합니다", "오늘까지 의견 주실 수 있을까요", true},

		{"the predicate dropped", "내일 오후 3시 임원 회의를 다음 달로 옮겼습니다.", "내일 오후 3시 임원 회의", false},
		{"the predicate dropped, English", "The Monday 3 pm board meeting is called off.", "The Monday 3 pm board meeting", false},
		{"the subject dropped", "Dana Kim denied leaking the contract.", "leaking the contract", false},
		{"two sentences in one", "배포는 금요일 오전 10시에 합니다. 임원 회의 자료를 공유드립니다.", "금요일 오전 10시, 임원 회의 자료를 공유드립니다", false},
		{"a request of an attributive", "요청하신 10월 정산 자료를 보냈습니다.", "10월 정산 자료 요청", false},
		{"a question without its mark", launch, "could you approve the copy by Friday 18:00", false},
		{"a Korean question without its mark", contract, "오늘 18:00까지 회신 주실 수 있을까요", false},
		{"a statement of a question", "Has Dana approved the budget?", "Dana approved the budget", false},
		{"a deadline of something else", "초안은 금요일까지, 계약서는 월요일까지 검토 부탁드립니다.", "초안은 월요일까지 검토 부탁드립니다", false},
		{"a number of something else", "Please send 5 invoices and 30 copies.", "Please send 5 copies", false},
		{"a half hour cut", "내일 오후 3시 반에 회의를 시작합니다.", "내일 오후 3시에 회의를 시작합니다", false},
		{"after becomes at", "오늘 18:00 이후 회신 부탁드립니다.", "오늘 18:00 회신 부탁드립니다", false},
		{"in becomes on", "3일 뒤 임원 회의가 있습니다.", "3일 임원 회의가 있습니다", false},
		{"a sign added", "영업이익 1,200만원을 기록했습니다.", "영업이익 -1,200만원을 기록했습니다", false},
		{"a sign dropped", "영업이익 -1,200만원을 기록했습니다.", "영업이익 1,200만원을 기록했습니다", false},
		{"another currency", "견적 금액은 5,000 원입니다.", "견적 금액은 5,000 €입니다", false},
		{"particles changed over", "가온상사가 나리물산을 인수했습니다.", "가온상사를 나리물산이 인수했습니다", false},
		{"a name shortened", "김민주 과장이 승인했습니다.", "김민 과장이 승인했습니다", false},
		{"a negation dropped", "The venue is not confirmed.", "The venue is confirmed", false},
		{"a negation dropped, Korean", contract, "참석이 가능합니다", false},
		{"a condition dropped", "If the price changes, we cancel the order.", "we cancel the order", false},
		{"a condition dropped, Korean", "미입금 시 주문이 삭제됩니다.", "주문이 삭제됩니다", false},
		{"a power for a number", "계약 금액은 102만원을 넘습니다.", "계약 금액은 10²만원을 넘습니다", false},
		{"a number for a power", "계약 금액은 10²만원을 넘습니다.", "계약 금액은 102만원을 넘습니다", false},
		{"wide digits", contract, "오늘 １８:00까지 회신 주실 수 있을까요?", false},
		{"capitals", "Please tell the US team.", "Please tell the us team.", false},
		{"a capital in front", launch, "Could you approve the copy by Friday 18:00?", false},
		{"an invented word", contract, "3조 수정안 긴급 검토 부탁드립니다", false},
		{"another order", contract, "수정안 3조 검토 부탁드립니다", false},
		{"a stop added", "오늘까지 회신 부탁드립니다", "오늘까지 회신 부탁드립니다.", false},
		{"a question mark added", contract, "참석이 불가능합니다?", false},
		{"spacing", contract, "참석이불가능합니다 !", false},
		{"translated", contract, "Please review clause 3", false},

		{"one of those who are meant", "하늘 님, 이수진 님 참석 부탁드립니다.", "이수진 님 참석 부탁드립니다", false},
		{"when, as if it were a name", "내일은 팀장님, 저도 참석합니다.", "저도 참석합니다", false},
		{"who, as if it were a name", "Dana, Bob and Lee resigned on Monday.", "Bob and Lee resigned on Monday", false},
		{"a stop behind a title", launch, "Kim about the 3 p.m. call", false},
		{"a stop behind an hour", "The call is at 3 p.m. Friday is off.", "Friday is off", false},
		{"a stop in a date", "회의는 11. 25. 오후 3시로 옮겼습니다.", "오후 3시로 옮겼습니다", false},
		{"a stop behind a number", "See no. 5 Kim wrote.", "5 Kim wrote", false},
		{"a stop in a name", "Yahoo! is down today.", "is down today", false},
		{"a sentence in a quotation", "그는 \"어제 갔다. 회의가 취소됐다. 끝났다.\" 라고 했습니다.", "회의가 취소됐다", false},
		{"a sentence in a short quotation", "He said 'We agree. The deal is off. Bye.' and lied.", "The deal is off", false},
		{"behind a name and an apostrophe", "It's from Dana. We can't ship 'v2' today. Ask Nari.", "We can't ship 'v2' today", true},
		{"a stop behind a rank", "Talk to Messrs. Kim and Lee today.", "Kim and Lee today", false},
		{"a sentence in brackets", "옛 공지 (회의는 금요일입니다. 모두 참석하세요. 이상.) 는 잊어 주세요.", "모두 참석하세요", false},
		{"an ending that ends nothing", "회의가 취소됩니다 라는 말은 거짓입니다.", "회의가 취소됩니다", false},
		{"the front of a wrapped one", "수요일 회의 참석은\n어렵습니다.", "수요일 회의 참석은", false},
		{"the end of a wrapped one", "수요일 회의 참석은 저는\n아주 어렵습니다.", "아주 어렵습니다", false},
		{"in front of a mark", "수요일 회의 참석이 ...", "수요일 회의 참석이", false},
		{"with a mark", "이번 회의 참석은 ... 확정되었습니다.", "이번 회의 참석은 ... 확정되었습니다.", false},
		{"behind a mark", "We have not ... confirmed the venue.", "confirmed the venue", false},
		{"behind a line with a mark", "We have not ...\nConfirmed the venue.", "Confirmed the venue", false},
		{"trailing off", "수요일 회의 참석이…", "수요일 회의 참석이…", false},

		{"a page", "https://gaon.example 확인 바랍니다.", "https://gaon.example 확인 바랍니다.", false},
		{"a domain", "gaon.example 확인 바랍니다.", "gaon.example 확인 바랍니다.", false},
		{"a mail address", "문의는 a@gaon.example 입니다.", "문의는 a@gaon.example 입니다.", false},
		{"a number to call", "전화 010-1234-5678 주세요.", "전화 010-1234-5678 주세요.", false},
		{"a mention", "<!channel> 확인 부탁드립니다.", "<!channel> 확인 부탁드립니다.", false},
		{"markup", "*3조 수정안* 검토 부탁드립니다.", "*3조 수정안* 검토 부탁드립니다.", false},
		{"a line break", contract, "참석이\n불가능합니다!", false},
		{"text turned around", "3조 \u202e검토 바랍니다.", "3조 \u202e검토 바랍니다.", false},
		{"a picture", "검토 바랍니다 🚨.", "검토 바랍니다 🚨.", false},
		{"bytes that are no text", "검토 \xff 바랍니다.", "검토 \xff 바랍니다.", false},
		{"too long", strings.Repeat("검토 ", 25) + "바랍니다.", strings.Repeat("검토 ", 25) + "바랍니다.", false},
		{"nothing", contract, "", false},
		{"one word", "감사합니다.", "감사합니다.", false},
		{"punctuation", contract, "? .", false},
	} {
		if got := summary.Faithful(c.line, c.text); got != c.want {
			t.Errorf("%s: %q is taken for faithful: %v, want %v", c.name, c.line, got, c.want)
		}
	}
}

// TestNoEditOfASentencePasses holds for any sentence: it is a line as it stands, and with one sign or word more, less or
// elsewhere it is none.
func TestNoEditOfASentencePasses(t *testing.T) {
	t.Parallel()
	words := []string{"수정안", "검토를", "과장이", "-5%", "1,200만원", "안", "못", "오늘", "반", "이후", "draft", "Dana", "not", "until", "18:00까지", "US", "if"}
	rapid.Check(t, func(t *rapid.T) {
		said := rapid.SliceOfN(rapid.SampledFrom(words), 3, 8).Draw(t, "words")
		sentence := strings.Join(said, " ") + rapid.SampledFrom([]string{" 바랍니다.", " 할까요?", " please!"}).Draw(t, "end")
		text := "어제 보냈습니다. " + sentence + " 감사합니다."
		if !summary.Faithful(sentence, text) {
			t.Fatalf("%q stands in %q", sentence, text)
		}
		line := edited(t, sentence, said)
		if folded := strings.Join(strings.Fields(line), " "); folded == sentence || folded == strings.TrimRight(sentence, ".!") {
			return
		}
		if summary.Faithful(line, text) {
			t.Fatalf("%q is told of %q", line, sentence)
		}
	})
}

// edited changes a sentence in one place.
func edited(t *rapid.T, sentence string, words []string) string {
	runes := []rune(sentence)
	at := rapid.IntRange(0, len(runes)-1).Draw(t, "at")
	switch rapid.IntRange(0, 4).Draw(t, "edit") {
	case 0:
		return string(slices.Delete(runes, at, at+1))
	case 1:
		return string(slices.Insert(runes, at, rapid.SampledFrom([]rune("-−+5가를이 안a.?,~²€")).Draw(t, "sign")))
	case 2:
		if r := runes[at]; unicode.IsUpper(r) {
			runes[at] = unicode.ToLower(r)
		} else {
			runes[at] = unicode.ToUpper(r)
		}
		return string(runes)
	case 3:
		return strings.Replace(sentence, rapid.SampledFrom(words).Draw(t, "word"), "", 1)
	}
	i, j := rapid.IntRange(0, len(words)-1).Draw(t, "i"), rapid.IntRange(0, len(words)-1).Draw(t, "j")
	before := strings.Join(words, " ")
	words[i], words[j] = words[j], words[i]
	return strings.Replace(sentence, before, strings.Join(words, " "), 1)
}

// FuzzFaithful: no line and no text breaks the check, none takes long, and what passes stands in the text.
func FuzzFaithful(f *testing.F) {
	f.Add("검토 부탁드립니다", "하늘 님, 3조 수정안입니다. 검토 부탁드립니다.")
	f.Add("Dana Kim wrote the first draft", "Hi Haneul, see below. Dana Kim wrote the first draft.")
	f.Add(strings.Repeat("가 ", 30), strings.Repeat("가. ", 300))
	f.Fuzz(func(t *testing.T, said, text string) {
		folded := func(s string) string { return strings.Join(strings.Fields(norm.NFC.String(s)), " ") }
		if summary.Faithful(said, text) && (strings.ContainsAny(said, "<>@\n\r|`*_[]{}") || !strings.Contains(folded(text), folded(said))) {
			t.Fatalf("%q is told of %q", said, text)
		}
	})
}

// BenchmarkFaithful is the longest of lines against the longest of texts.
func BenchmarkFaithful(b *testing.B) {
	text, said := strings.Repeat("가 나. ", 120), strings.Repeat("가 나 ", 14)
	for b.Loop() {
		summary.Faithful(said, text)
	}
}
