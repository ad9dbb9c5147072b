package sources_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"achim/briefing"
	"achim/internal/standin"
)

// watch counts the requests that match and lets them pass. It has to be set before any fault.
func (h *house) watch(op string, match func(*http.Request) bool) *atomic.Int64 {
	n := &atomic.Int64{}
	h.google.Inject(standin.Fault{Op: op, Match: func(r *http.Request) bool {
		if match(r) {
			n.Add(1)
		}
		return false
	}})
	return n
}

func inFull(r *http.Request) bool { return r.URL.Query().Get("format") == "full" }

// asking is a mail that asks for something.
func asking(id string, ago time.Duration) standin.Mail {
	return standin.Mail{
		ID: id, From: "박준호 <junho@corp.example>", Subject: "안건 " + id, Body: "자료를 확인 부탁드립니다.", Date: monday().Add(-ago),
	}
}

func askings(n int) []standin.Mail {
	mail := make([]standin.Mail, n)
	for i := range mail {
		mail[i] = asking(fmt.Sprintf("f%04d", i), time.Duration(i+1)*time.Minute)
	}
	return mail
}

// answers are the ids of what is to be answered, in the order told.
func answers(s briefing.Section) []string {
	var ids []string
	for _, item := range s.Items {
		if item.Group == briefing.NeedsReply {
			ids = append(ids, item.ID)
		}
	}
	return ids
}

func itemOf(t testing.TB, s briefing.Section, id string) briefing.Item {
	t.Helper()
	i := slices.IndexFunc(s.Items, func(item briefing.Item) bool { return item.ID == id })
	if i < 0 {
		t.Fatalf("%s is not told", id)
	}
	return s.Items[i]
}

func TestGmailReadsTheBodiesOfWhatIsShown(t *testing.T) {
	mail := askings(12)
	mail[0].Subject = "계약서 확인 부탁드립니다"
	mail[0].Body = "안녕하세요. 자색고구마는 모레 옵니다.\n" + strings.Repeat("지난주 회의에서 말씀드린 계약서 초안과 거기에 딸린 부속 합의서를 함께 보내 드립니다.\n", 50) +
		"내일 15:00까지 3조를 봐 주실 수 있을까요?"
	h := build(t, standin.Account{Mail: append(mail, someMail(8)...)})
	h.connect()
	bodies := h.watch("gmail.messages.get", inFull)
	section := h.must(t, briefing.Gmail)
	if n := bodies.Load(); n != briefing.MaxNeedsReply {
		t.Errorf("%d bodies read, want those of the %d mails shown", n, briefing.MaxNeedsReply)
	}
	// Twenty mails and five bodies; the inbox, what was sent since, and the two senders.
	h.calls(t, map[string]int{"gmail.messages.get": 25, "gmail.messages.list": 4})
	first := itemOf(t, section, "f0000")
	if first.Text != "내일 15:00까지 3조를 봐 주실 수 있을까요?" || !first.Due.Equal(monday().Add(30*time.Hour)) {
		t.Errorf("line %q, due %v: the body tells more than its beginning", first.Text, first.Due)
	}
	if n := len([]rune(first.Body)); !strings.Contains(first.Body, "자색고구마") || n < 1400 || n > 1500 {
		t.Errorf("%d runes are handed on: %q", n, first.Body)
	}
	for _, item := range section.Items[briefing.MaxNeedsReply:] {
		if item.Body != "" {
			t.Errorf("%s is not shown and has a body", item.ID)
		}
	}
	stored, err := json.Marshal(section)
	if err != nil || strings.Contains(string(stored), "자색고구마") || strings.Contains(string(stored), "지난주 회의") {
		t.Errorf("stored: %s, %v", stored, err)
	}
}

func TestGmailBeyondThePageLimit(t *testing.T) {
	for _, pageSize := range []int{0, 70} {
		h := build(t, standin.Account{Mail: append(askings(20), someMail(380)...)})
		h.google.PageSize = pageSize
		h.connect()
		section := h.must(t, briefing.Gmail)
		if section.Total() != 300 || !section.AtLeast || section.Count(briefing.Unsorted) != 200 {
			t.Errorf("pages of %d: %v, at least %v", pageSize, section.Counts, section.AtLeast)
		}
	}
	h := build(t, standin.Account{Mail: someMail(300)})
	h.connect()
	if section := h.must(t, briefing.Gmail); section.Total() != 300 || section.AtLeast {
		t.Errorf("three hundred are three hundred: %v, at least %v", section.Counts, section.AtLeast)
	}
}

func TestGmailThreadStorm(t *testing.T) {
	var mail []standin.Mail
	for i := range 40 {
		m := standin.Mail{ID: fmt.Sprintf("g%04d", i), ThreadID: "storm", From: "이수진 <sujin@gaon.example>", Subject: "Re: 워크숍 장소",
			Body: "저도 좋습니다.", Date: monday().Add(-time.Duration(i+1) * time.Minute)}
		if i == 25 {
			m.Body, m.From = "오늘 18:00까지 장소를 정해 주시겠어요?", "박준호 <junho@corp.example>"
		}
		mail = append(mail, m)
	}
	notice := standin.Mail{ThreadID: "ci", From: "no-reply@build.example", Subject: "빌드", Date: monday().Add(-time.Hour)}
	h := build(t, standin.Account{Mail: append(append(mail, notice, notice, notice), someMail(7)...)})
	h.connect()
	section := h.must(t, briefing.Gmail)
	want := map[briefing.Group]int{briefing.NeedsReply: 40, briefing.Important: 7, briefing.Notice: 3}
	if diff := cmp.Diff(want, section.Counts); diff != "" {
		t.Errorf("counts are of mails: %s", diff)
	}
	if n := section.Threads(briefing.NeedsReply); n != 1 || len(section.Items) != 9 {
		t.Errorf("%d threads to answer, %d items", n, len(section.Items))
	}
	// The mail that asks stands for the thread: sender, words and link are of the same mail.
	item := section.Items[0]
	got := briefing.Item{ID: item.ID, From: item.From, Text: item.Text, Also: item.Also, Due: item.Due.UTC()}
	if diff := cmp.Diff(briefing.Item{ID: "g0025", From: "박준호", Text: "오늘 18:00까지 장소를 정해 주시겠어요?", Also: 39, Due: monday().Add(9 * time.Hour)}, got); diff != "" {
		t.Error(diff)
	}
}

// TestGmailStormLeavesRoom: a thread that fills the list does not hide the rest of the morning.
func TestGmailStormLeavesRoom(t *testing.T) {
	var mail []standin.Mail
	for i := range 150 {
		mail = append(mail, standin.Mail{ID: fmt.Sprintf("g%04d", i), ThreadID: "storm", From: "이수진 <sujin@gaon.example>", Subject: "Re: 워크숍",
			Body: "저도요.", Date: monday().Add(-time.Duration(i+1) * time.Second)})
	}
	late := asking("f0001", 3*time.Hour)
	h := build(t, standin.Account{Mail: append(mail, late)})
	h.connect()
	section := h.must(t, briefing.Gmail)
	if diff := cmp.Diff([]string{"f0001"}, answers(section)); diff != "" || section.Total() != 151 || section.Count(briefing.Unsorted) != 51 {
		t.Errorf("counts %v, to answer: %s", section.Counts, diff)
	}
}

func TestGmailAnsweredSince(t *testing.T) {
	sent := func(thread string, ago time.Duration) standin.Mail {
		return standin.Mail{ThreadID: thread, From: haneul, To: "junho@corp.example", Subject: "Re", Body: "네.", Date: monday().Add(-ago), Labels: []string{"SENT"}}
	}
	in := func(id, thread, body string, ago time.Duration) standin.Mail {
		m := asking(id, ago)
		m.ThreadID, m.Body = thread, body
		return m
	}
	const ask = "확인 부탁드립니다."
	own := in("h6b", "t6", "방금 보냈습니다.", time.Hour) // comes back to the inbox, as from a list
	own.From = haneul
	h := build(t, standin.Account{Mail: []standin.Mail{
		in("h1", "t1", ask, 3*time.Hour), sent("t1", time.Hour), // answered
		in("h2", "t2", ask, 2*time.Hour), sent("t2", 4*time.Hour), // asked again after an answer
		in("h3", "t3", ask, 5*time.Hour), sent("t3", 4*time.Hour), in("h3b", "t3", "감사합니다!", time.Hour), // answered, and thanked for
		in("h4", "t4", ask, 6*time.Hour), sent("other", time.Hour), // another thread was answered
		in("h5", "t5", ask, 7*time.Hour), sent("t5", 30*time.Hour), // before the window
		in("h6", "t6", ask, 8*time.Hour), own,
	}})
	h.connect()
	section := h.must(t, briefing.Gmail)
	if diff := cmp.Diff([]string{"h2", "h4", "h5"}, answers(section)); diff != "" {
		t.Error(diff)
	}
	if section.Count(briefing.NeedsReply) != 3 || section.Count(briefing.Important) != 5 || section.Total() != 8 {
		t.Errorf("counts %v", section.Counts)
	}
}

// TestGmailWithoutWhatItCanDoWithout: what goes wrong beside the reading of the mails leaves the briefing whole.
func TestGmailWithoutWhatItCanDoWithout(t *testing.T) {
	nested := strings.Repeat(`{"mimeType":"multipart/mixed","parts":[`, 3000) + strings.Repeat(`]}`, 3000)
	long := strings.Repeat("QUJD", 5<<20/4)
	isFull, isSent := inFull, func(r *http.Request) bool { return slices.Contains(r.URL.Query()["labelIds"], "SENT") }
	for name, fault := range map[string]standin.Fault{
		"bodies gone":       {Op: "gmail.messages.get", Match: isFull, Status: 404},
		"bodies limited":    {Op: "gmail.messages.get", Match: isFull, Status: 429},
		"bodies down":       {Op: "gmail.messages.get", Match: isFull, Status: 503},
		"bodies refused":    {Op: "gmail.messages.get", Match: isFull, Status: 403},
		"bodies garbled":    {Op: "gmail.messages.get", Match: isFull, Body: `{"id":"x","paylo`},
		"bodies empty":      {Op: "gmail.messages.get", Match: isFull, Body: `{"id":"x","internalDate":"1"}`},
		"bodies nested":     {Op: "gmail.messages.get", Match: isFull, Body: `{"id":"x","internalDate":"1","payload":` + nested + `}`},
		"bodies huge":       {Op: "gmail.messages.get", Match: isFull, Body: `{"id":"x","internalDate":"1","payload":{"mimeType":"text/plain","body":{"data":"` + long + `"}}}`},
		"bodies cut off":    {Op: "gmail.messages.get", Match: isFull, Cut: "before"},
		"bodies slow":       {Op: "gmail.messages.get", Match: isFull, Delay: time.Hour},
		"bodies endless":    {Op: "gmail.messages.get", Match: isFull, Endless: true, Body: `{"id":"x","payload":{"body":{"data":"`},
		"searches limited":  {Op: "gmail.messages.list", Match: isSent, Status: 429},
		"searches slow":     {Op: "gmail.messages.list", Match: isSent, Delay: time.Hour},
		"searches hollow":   {Op: "gmail.messages.list", Match: isSent, Body: `{}`},
		"searches endless":  {Op: "gmail.messages.list", Match: isSent, Body: `{"nextPageToken":"x","resultSizeEstimate":1}`},
		"searches nonsense": {Op: "gmail.messages.list", Match: isSent, Body: `{"messages":[null,{"id":""},{"id":"a","threadId":""}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := build(t, standin.Account{Mail: askings(8)})
			h.connect()
			h.google.Inject(fault)
			ctx, cancel := contextFor(t, 2300*time.Millisecond) // a fifth of a second for each of the extras
			defer cancel()
			section, err := h.source(t, briefing.Gmail).Fetch(ctx, h.request())
			if err != nil || ctx.Err() != nil {
				t.Fatalf("fetch: %v, budget: %v", err, ctx.Err())
			}
			if len(answers(section)) != 8 || section.Total() != 8 || section.Items[0].Text != "자료를 확인 부탁드립니다." {
				t.Errorf("counts %v, line %q", section.Counts, section.Items[0].Text)
			}
			if calls := h.google.Calls("*"); calls > 8+10+30 {
				t.Errorf("%d calls: whoever fails is left alone", calls)
			}
		})
	}
}

func TestGmailAsksForNothingMoreWhenTimeIsShort(t *testing.T) {
	h := build(t, standin.Account{Mail: askings(8)})
	h.connect()
	ctx, cancel := contextFor(t, 1900*time.Millisecond)
	defer cancel()
	section, err := h.source(t, briefing.Gmail).Fetch(ctx, h.request())
	if err != nil || len(answers(section)) != 8 {
		t.Fatalf("%v, %v", section.Counts, err)
	}
	h.calls(t, map[string]int{"gmail.messages.get": 8, "gmail.messages.list": 1})
}

// TestGmailBodyRegroups: what turns out to wait for no answer makes room, and its count goes along.
func TestGmailBodyRegroups(t *testing.T) {
	invitation, err := standin.ReadMail([]byte(strings.ReplaceAll(`From: Min <min@corp.example>
To: haneul@gaon.example
Date: Mon, 23 Nov 2026 08:59:30 +0900
Subject: weekly
Content-Type: multipart/alternative; boundary="b"

--b
Content-Type: text/plain; charset=utf-8

Could you join us?
--b
Content-Type: text/calendar; method=REQUEST; charset=utf-8

BEGIN:VCALENDAR
METHOD:REQUEST
END:VCALENDAR
--b--
`, "\n", "\r\n")), nil)
	if err != nil {
		t.Fatal(err)
	}
	invitation.ID, invitation.Labels = "i0001", []string{"INBOX"}
	mail := append(askings(14), invitation)
	for i := range 6 { // the question is a quoted one
		mail[i].Subject, mail[i].Body = "Re: 장소", "네, 그렇게 하겠습니다.\n>3층 회의실로 괜찮으신가요?"
	}
	h := build(t, standin.Account{Mail: mail})
	h.connect()
	bodies := h.watch("gmail.messages.get", inFull)
	section := h.must(t, briefing.Gmail)
	if got := itemOf(t, section, "i0001").Group; got != briefing.Notice {
		t.Errorf("an invitation is %s", got)
	}
	if diff := cmp.Diff([]string{"f0006", "f0007", "f0008", "f0009", "f0010", "f0011", "f0012", "f0013"}, answers(section)); diff != "" {
		t.Error(diff)
	}
	want := map[briefing.Group]int{briefing.NeedsReply: 8, briefing.Important: 6, briefing.Notice: 1}
	if diff := cmp.Diff(want, section.Counts); diff != "" {
		t.Error(diff)
	}
	if n := bodies.Load(); n != 10 {
		t.Errorf("%d bodies, want the most there may be", n)
	}
}

// TestGmailBodyAndAnswer: when the newest mail asks for nothing after all, one before it stands for the thread, unless
// the reader has written in between.
func TestGmailBodyAndAnswer(t *testing.T) {
	pair := func(thread string) []standin.Mail {
		older, newer := asking(thread+"a", 2*time.Hour), asking(thread+"b", time.Hour)
		newer.Body = "네.\n>3층 회의실로 괜찮으신가요?"
		older.ThreadID, newer.ThreadID = thread, thread
		return []standin.Mail{older, newer}
	}
	sent := standin.Mail{ThreadID: "k2", From: haneul, Date: monday().Add(-90 * time.Minute), Labels: []string{"SENT"}}
	h := build(t, standin.Account{Mail: append(append(pair("k1"), pair("k2")...), sent)})
	h.connect()
	if diff := cmp.Diff([]string{"k1a"}, answers(h.must(t, briefing.Gmail))); diff != "" {
		t.Error(diff)
	}
}

// TestGmailQuotedRequestIsNotAnswered: where a colleague answers in between and only quotes what is asked, it is found
// out whether the reader has written since it was asked, and not merely that they wrote once.
func TestGmailQuotedRequestIsNotAnswered(t *testing.T) {
	talk := func(thread string, wrote time.Duration) []standin.Mail {
		asked, agreed := asking(thread+"a", 2*time.Hour), asking(thread+"b", time.Hour)
		asked.Body, agreed.Body = "단가를 수정해서 다시 보내 주세요.", "네, 저는 동의합니다.\n>단가를 수정해서 다시 보내 주세요."
		sent := standin.Mail{From: haneul, Date: monday().Add(-wrote), Labels: []string{"SENT"}}
		asked.ThreadID, agreed.ThreadID, sent.ThreadID = thread, thread, thread
		return []standin.Mail{asked, agreed, sent}
	}
	h := build(t, standin.Account{Mail: append(talk("q1", 3*time.Hour), talk("q2", 90*time.Minute)...)})
	h.connect()
	if diff := cmp.Diff([]string{"q1a"}, answers(h.must(t, briefing.Gmail))); diff != "" {
		t.Error(diff)
	}
}

// TestGmailManyAnswered: of however many threads the reader has answered, none is told as waiting.
func TestGmailManyAnswered(t *testing.T) {
	mail := append(askings(16), asking("waits", 20*time.Minute))
	for i := range mail {
		mail[i].ThreadID = mail[i].ID
	}
	for i := range 16 {
		mail = append(mail, standin.Mail{ThreadID: mail[i].ThreadID, From: haneul, Date: monday().Add(-time.Second), Labels: []string{"SENT"}})
	}
	h := build(t, standin.Account{Mail: mail})
	h.connect()
	section := h.must(t, briefing.Gmail)
	if diff := cmp.Diff([]string{"waits"}, answers(section)); diff != "" || section.Count(briefing.Important) != 16 {
		t.Errorf("counts %v: %s", section.Counts, diff)
	}
}

// TestGmailKeepsWhatHasRoom: what others call themselves and their mail is kept as far as a line could show it.
func TestGmailKeepsWhatHasRoom(t *testing.T) {
	m := asking("f0000", time.Hour)
	m.From, m.Subject = strings.Repeat("가", 30000)+" <junho@corp.example>", strings.Repeat("제목 ", 30000)
	h := build(t, standin.Account{Mail: []standin.Mail{m, asking("f0001", time.Hour)}})
	h.connect()
	section := h.must(t, briefing.Gmail)
	long, short := itemOf(t, section, "f0000"), itemOf(t, section, "f0001")
	if title, from := utf8.RuneCountInString(long.Title), utf8.RuneCountInString(long.From); title > 200 || title < 190 || from != 100 {
		t.Errorf("%d runes of a subject and %d of a name", title, from)
	}
	if short.Title != "안건 f0001" || short.From != "박준호" {
		t.Errorf("%q of %q is not as it was sent", short.Title, short.From)
	}
}

func TestGmailPreferences(t *testing.T) {
	mail := askings(6)
	mail[1].Body = "오늘 18:00까지 확인 부탁드립니다."
	mail[2].Body = "내일 18:00까지 확인 부탁드립니다."
	mail[3].From = "대표 <ceo@gaon.example>"
	mail[4].From = "Sales <sales@shop.example>"
	mail[5].Subject = "[골프] 참석 확인 부탁드립니다"
	starred := asking("f9999", time.Hour)
	starred.From, starred.Labels = "sales@shop.example", []string{"INBOX", "STARRED", "IMPORTANT"}
	h := build(t, standin.Account{Mail: append(mail, starred)})
	h.connect()
	req := h.request()
	tell := func() briefing.Section {
		section, err := h.source(t, briefing.Gmail).Fetch(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		return section
	}
	if diff := cmp.Diff([]string{"f0001", "f0002", "f0000", "f0003", "f0004", "f0005"}, answers(tell())[:6]); diff != "" {
		t.Errorf("as it comes: %s", diff)
	}
	req.Reader.Preferences = briefing.Preferences{VIPs: []string{"CEO@gaon.example"}, MuteSenders: []string{"@shop.example"}, MuteWords: []string{"골프"}}
	section := tell()
	if diff := cmp.Diff([]string{"f0001", "f0003", "f0002", "f0000"}, answers(section)); diff != "" {
		t.Errorf("by preference: %s", diff)
	}
	want := map[briefing.Group]int{briefing.NeedsReply: 4, briefing.Notice: 3}
	if diff := cmp.Diff(want, section.Counts); diff != "" {
		t.Errorf("muted mail is counted: %s", diff)
	}
}

// TestGmailSearchesForPeople: each sender is looked up once, programs and newsletters are not, and what a sender calls
// themselves cannot change the search.
func TestGmailSearchesForPeople(t *testing.T) {
	mail := append(askings(5),
		standin.Mail{From: "no-reply@bank.example", Subject: "이체", Date: monday().Add(-time.Hour)},
		standin.Mail{From: "a b@c.example OR in:anywhere", Subject: "x", Date: monday().Add(-time.Hour)},
		standin.Mail{From: `"x" <"a in:trash"@corp.example>`, Subject: "x", Date: monday().Add(-time.Hour)},
		standin.Mail{From: haneul, Subject: "메모", Date: monday().Add(-time.Hour)},
	)
	h := build(t, standin.Account{Mail: mail})
	h.connect()
	var searches []string
	h.google.Inject(standin.Fault{Op: "gmail.messages.list", Match: func(r *http.Request) bool {
		if q := r.URL.Query().Get("q"); strings.HasPrefix(q, "to:") {
			searches = append(searches, q)
		}
		return false
	}})
	h.must(t, briefing.Gmail)
	if diff := cmp.Diff([]string{"to:junho@corp.example"}, searches); diff != "" {
		t.Error(diff)
	}
}

// TestGmailKnowsPeople: whom the reader has written to is no newsletter for a header their house adds, and goes before strangers.
func TestGmailKnowsPeople(t *testing.T) {
	house := [][2]string{{"List-Unsubscribe", "<https://corp.example/u>"}}
	mail := []standin.Mail{
		{ID: "stranger", From: "김영업 <sales@shop.example>", Subject: "제안", Body: "이번 주에 통화 가능하신가요?", Date: monday().Add(-time.Hour)},
		{ID: "known", From: "박준호 <junho@corp.example>", Subject: "계약서", Body: "3조를 봐 주실 수 있을까요?", Date: monday().Add(-2 * time.Hour), Headers: house},
	}
	for name, c := range map[string]struct {
		sent []standin.Mail
		want []string
	}{
		"never written to":  {nil, []string{"stranger"}},
		"written to before": {[]standin.Mail{{ID: "sent", From: haneul, To: "junho@corp.example", Date: monday().AddDate(0, -2, 0), Labels: []string{"SENT"}}}, []string{"known", "stranger"}},
	} {
		h := build(t, standin.Account{Mail: append(c.sent, mail...)})
		h.connect()
		if got := answers(h.must(t, briefing.Gmail)); !slices.Equal(got, c.want) {
			t.Errorf("%s: to answer %v, want %v", name, got, c.want)
		}
	}
}

// TestGmailAddsUp: whatever mail there is, every mail of the window is counted once, every thread is told once, and
// every item leads somewhere.
func TestGmailAddsUp(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		letter := rapid.Custom(func(rt *rapid.T) standin.Mail {
			return standin.Mail{
				ThreadID: rapid.SampledFrom([]string{"", "", "t1", "t2", "t3"}).Draw(rt, "thread"),
				From:     rapid.SampledFrom([]string{"박준호 <junho@corp.example>", haneul, "no-reply@bank.example", "", "뉴스레터 <news@letter.example>", "vip@gaon.example"}).Draw(rt, "from"),
				To:       rapid.SampledFrom([]string{"", haneul, "team@corp.example"}).Draw(rt, "to"),
				Subject:  rapid.SampledFrom([]string{"안건", "초대: 회의", "확인 부탁드립니다", "골프 오늘까지 회신 바랍니다", ""}).Draw(rt, "subject"),
				Body:     rapid.SampledFrom([]string{"", "확인 부탁드립니다.", "공유드립니다.", "네.\n>괜찮으신가요?", "내일 15:00까지 가능하신가요?"}).Draw(rt, "body"),
				Date:     monday().Add(-time.Duration(rapid.IntRange(-2, 26*60).Draw(rt, "minutes")) * time.Minute),
				Labels:   rapid.SampledFrom([][]string{{"INBOX"}, {"INBOX"}, {"INBOX", "STARRED"}, {"SENT"}, {"INBOX", "CATEGORY_UPDATES"}}).Draw(rt, "labels"),
			}
		})
		mail := rapid.SliceOfN(letter, 0, 40).Draw(rt, "mail")
		h := build(t, standin.Account{Mail: mail})
		h.connect()
		req := h.request()
		req.Reader.Preferences = briefing.Preferences{VIPs: []string{"vip@gaon.example"}, MuteWords: []string{"골프"}}
		section, err := h.source(t, briefing.Gmail).Fetch(t.Context(), req)
		if err != nil {
			rt.Fatal(err)
		}
		inWindow := 0
		for _, m := range mail {
			if slices.Contains(m.Labels, "INBOX") && req.Window.Holds(m.Date) {
				inWindow++
			}
		}
		checkSum(rt, section, inWindow)
	})
}

func checkSum(t *rapid.T, section briefing.Section, mails int) {
	if section.Total() != mails {
		t.Errorf("%d mails counted of %d: %v", section.Total(), mails, section.Counts)
	}
	stoodFor, threads := map[briefing.Group]int{}, map[string]bool{}
	for _, item := range section.Items {
		stoodFor[item.Group] += 1 + item.Also
		if threads[item.Thread] {
			t.Errorf("thread %s twice", item.Thread)
		}
		threads[item.Thread] = true
		if !strings.HasPrefix(item.URL, "https://mail.google.com/") || item.ID == "" {
			t.Errorf("no way to %+v", item)
		}
	}
	if diff := cmp.Diff(section.Counts, stoodFor); diff != "" {
		t.Errorf("counts and items: %s", diff)
	}
}

func contextFor(t *testing.T, budget time.Duration) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithTimeout(t.Context(), budget)
}
