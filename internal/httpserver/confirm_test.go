package httpserver_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"achim/briefing"
)

const asForm = "Content-Type: application/x-www-form-urlencoded"

// asking is a world in which a consent ends in a question.
func asking() *world {
	w := newWorld()
	w.connection = briefing.Connection{Reader: w.readers[minji], Email: "someone.else@gmail.com", MailOK: true, Calendars: 1, Ticket: briefing.NewSecret("the-ticket")}
	return w
}

func TestConfirmPage(t *testing.T) {
	w := asking()
	c := serve(t, w.deps())
	const callback = "GET /api/gmail/callback?state=s&code=the-code"
	page := c.ask(callback, "")
	page.wantPage(t, 200, "이 계정을 연결할까요?", "someone.else@gmail.com의 메일을 Slack의 minji 님에게 보냅니다.", "확인하고 연결", "취소",
		`<form method="post" action="/connect/confirm"><input type="hidden" name="ticket" value="the-ticket"><input type="hidden" name="answer" value="yes">`,
		`<input type="hidden" name="answer" value="no">`)
	for _, bad := range []string{"연결되었습니다", "the-code", "/connect/tok-", "/stored/"} {
		if strings.Contains(page.body, bad) {
			t.Errorf("the question holds %q", bad)
		}
	}
	if len(page.Cookies()) != 0 {
		t.Errorf("a cookie that would not come along: %v", page.Cookies())
	}
	w.connection.Missing, w.connection.Replaces = []briefing.SourceName{briefing.Gmail}, "minji.kim@gaon.example"
	c.ask(callback, "").wantPage(t, 200, "someone.else@gmail.com의 일정을 Slack의 minji 님에게 보냅니다.", "mi•••@gaon.example", "더 이상 브리핑에 쓰지 않습니다")
	w.connection.Missing = []briefing.SourceName{briefing.Calendar}
	c.ask(callback, "").wantPage(t, 200, "이 계정의 메일 제목과 한 줄 요약이 minji 님의")
	w.connection.Missing, w.connection.Reader = []briefing.SourceName{briefing.Gmail}, w.readers[dana]
	c.ask(callback, "").wantPage(t, 200, "Meetings of someone.else@gmail.com will go to dana on Slack.", "Confirm and connect", "Cancel")
	w.connection.Missing = nil
	c.ask(callback, "").wantPage(t, 200, "Mail of someone.else@gmail.com will go to dana on Slack.")
}

func TestConfirmAnswers(t *testing.T) {
	w := asking()
	c := serve(t, w.deps())
	for _, body := range []string{"", "ticket=the-ticket", "answer=yes", "ticket=the-ticket&answer=maybe", "ticket=%zz&answer=yes", "ticket=" + strings.Repeat("x", 9999) + "&answer=yes"} {
		c.ask("POST /connect/confirm", body, asForm).wantPage(t, 400, "확인할 수 없는 연결입니다")
	}
	c.ask("POST /connect/confirm?ticket=the-ticket&answer=yes", "", asForm).wantPage(t, 400)
	c.ask("GET /connect/confirm?ticket=the-ticket&answer=yes", "").wantPage(t, 404)
	if len(w.confirmed)+len(w.declined) != 0 {
		t.Fatalf("answered: %v, %v", w.confirmed, w.declined)
	}
	c.ask("POST /connect/confirm", "ticket=the-ticket&answer=yes", asForm).wantPage(t, 200, "연결되었습니다", "보관된 내용 보기", "연결 끊기")
	w.finishErr = &briefing.ConnectError{Fault: briefing.ConnectDeclined, Reader: w.readers[minji], Revoked: true}
	c.ask("POST /connect/confirm", "ticket=the-ticket&answer=no", asForm).wantPage(t, 200, "취소했습니다", "방금 허용하신 권한도 Google에서 해제했습니다.")
	if len(w.confirmed) != 1 || len(w.declined) != 1 || w.confirmed[0] != "the-ticket" {
		t.Errorf("answered: %v, %v", w.confirmed, w.declined)
	}
}

// Over https the answer counts only from the browser in which it was asked.
func TestConfirmBelongsToItsBrowser(t *testing.T) {
	w := asking()
	deps := w.deps()
	deps.KnowsBrowsers = true
	c := serve(t, deps)
	page := c.ask("GET /api/gmail/callback?state=s&code=c", "")
	cookies := page.Cookies()
	if len(cookies) != 1 {
		t.Fatalf("cookies %v", cookies)
	}
	cookie := cookies[0]
	if !strings.HasPrefix(cookie.Name, "__Host-") || !cookie.Secure || !cookie.HttpOnly || cookie.Path != "/" || cookie.Domain != "" ||
		cookie.SameSite != http.SameSiteStrictMode || strings.Contains(cookie.Raw, "the-ticket") {
		t.Errorf("cookie %s", cookie.Raw)
	}
	const yes = "ticket=the-ticket&answer=yes"
	c.ask("POST /connect/confirm", yes, asForm).wantPage(t, 400, "확인할 수 없는 연결입니다")
	c.ask("POST /connect/confirm", yes, asForm, "Cookie: "+cookie.Name+"=guessed").wantPage(t, 400)
	if len(w.confirmed) != 0 {
		t.Error("taken from another browser")
	}
	c.ask("POST /connect/confirm", yes, asForm, "Cookie: "+cookie.Name+"="+cookie.Value).wantPage(t, 200, "연결되었습니다")
}

func TestConsentCookie(t *testing.T) {
	w := newWorld()
	deps := w.deps()
	deps.KnowsBrowsers = true
	got := serve(t, deps).ask("POST /connect/tok-"+string(minji), "")
	cookies := got.Cookies()
	if len(cookies) != 1 || !strings.HasPrefix(cookies[0].Name, "__Host-") || cookies[0].SameSite != http.SameSiteLaxMode ||
		!cookies[0].Secure || !cookies[0].HttpOnly || cookies[0].Path != "/" || cookies[0].Domain != "" {
		t.Errorf("cookies %v", got.Header["Set-Cookie"])
	}
	if !w.begun[0].Browser || w.begun[0].Vouched {
		t.Errorf("begun %+v", w.begun[0])
	}
	if got := serve(t, w.deps()).ask("POST /connect/tok-"+string(minji), ""); len(got.Cookies()) != 0 || w.begun[1].Browser {
		t.Errorf("where cookies do not come along: %v", got.Header["Set-Cookie"])
	}
	serve(t, w.deps()).ask("GET /api/gmail/auth?user_id="+string(minji), "", asAPI)
	if last := w.begun[len(w.begun)-1]; !last.Vouched || last.Browser {
		t.Errorf("begun by a program: %+v", last)
	}
}

func TestConnectPageSaysWhichAccount(t *testing.T) {
	w := newWorld()
	c := serve(t, w.deps())
	c.ask("GET /connect/tok-"+string(minji), "").wantPage(t, 200, "연결할 계정", "mi•••@gaon.example")
	c.ask("GET /connect/tok-"+string(dana), "").wantPage(t, 200, "the one you choose at Google; we ask once more")
	c.ask("GET /connect/switch-"+string(minji), "").wantPage(t, 200, "한 번 더 확인합니다")
}

func TestAppsOwnBrowsers(t *testing.T) {
	const (
		android = "Mozilla/5.0 (Linux; Android 15; SM-S921N Build/AP3A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/141.0.0.0 Mobile Safari/537.36"
		iphone  = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
	)
	c := serve(t, newWorld().deps())
	for agent, name := range map[string]string{
		android + ";KAKAOTALK 2410750": "카카오톡", iphone + " KAKAOTALK 25.1.0": "카카오톡", iphone + " NAVER(inapp; search; 2000; 12.9.1; 14PRO)": "네이버 앱",
		android + " Instagram 300.0.0.29.110 Android": "인스타그램", iphone + " [FBAN/FBIOS;FBAV/440.0]": "페이스북", iphone + " Safari Line/14.1.0": "라인",
		iphone + " Slack/25.10.20": "Slack", android: "다른 앱", iphone: "다른 앱",
		iphone + " Version/18.6 Safari/604.1":                                  "",
		iphone + " CriOS/141.0.0.0 Safari/604.1":                               "",
		strings.Replace(android, "; wv)", ")", 1):                              "",
		"Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 Version/18 Safari/605.1": "",
		"":          "",
		"curl/8.12": "",
	} {
		page := c.ask("GET /connect/tok-"+string(minji), "", "User-Agent: "+agent)
		page.wantPage(t, 200, `<button class="main" type="submit">Google에서 허용하기`) // the way on stays open
		if got := strings.Contains(page.body, "disallowed_useragent"); got != (name != "") || !strings.Contains(page.body, name) {
			t.Errorf("%q: hint %v, want %q", agent, got, name)
		}
	}
	c.ask("GET /connect/tok-"+string(dana), "", "User-Agent: "+iphone+" KAKAOTALK").wantPage(t, 200, "inside KakaoTalk", "Safari or Chrome")
}

// link returns the path of a link on the page.
func (a answer) link(t *testing.T, label string) string {
	t.Helper()
	found := regexp.MustCompile(`<a (?:class="main" )?href="([^"]*)">` + regexp.QuoteMeta(label) + `</a>`).FindStringSubmatch(a.body)
	if found == nil {
		t.Fatalf("no link %q in:\n%s", label, a.body)
	}
	u, err := url.Parse(found[1])
	if err != nil {
		t.Fatal(err)
	}
	return u.Path
}

func TestOwnPages(t *testing.T) {
	w := newWorld()
	e := oneEntry()
	w.entries = []briefing.Entry{e, {ID: "e0", Reader: minji, Date: e.Date.AddDays(-40)}}
	w.grants[minji] = briefing.CredentialReport{Email: "minji@gmail.com", HasRefreshToken: true,
		Scopes: []string{"openid", "https://www.googleapis.com/auth/gmail.readonly", "https://www.googleapis.com/auth/drive.file"}}
	w.connection = briefing.Connection{Reader: w.readers[minji], Email: "minji@gmail.com", MailOK: true, Calendars: 1}
	c := serve(t, w.deps())
	connected := c.ask("GET /api/gmail/callback?state=s&code=c", "")
	stored, disconnect := connected.link(t, "보관된 내용 보기"), connected.link(t, "연결 끊기")

	page := c.ask("GET "+stored, "")
	page.wantPage(t, 200, "mi•••@gmail.com", "Gmail 읽기, drive.file", "브리핑 1개", "11월 20일: 일정 1건, 메일 0통, 뉴스 0건 (12월 20일까지)",
		"위 계정을 읽는 열쇠(토큰)", "일정 사본", "(365일)", "첨부 파일")
	if strings.Contains(page.body, "디자인 리뷰") {
		t.Error("whoever connected need not be the reader: no titles")
	}
	if page.link(t, "연결 끊기") != disconnect {
		t.Error("the page does not lead on")
	}
	for range 2 {
		c.ask("GET "+disconnect, "").wantPage(t, 200, "Google 연결을 끊을까요?", "mi•••@gmail.com", `<form method="post">`)
	}
	c.ask("HEAD "+disconnect, "")
	c.ask("POST "+strings.Replace(stored, "/stored/", "/disconnect/", 1), "").wantPage(t, 404, "기한이 지난 화면입니다")
	if len(w.grants) != 1 {
		t.Fatal("looking disconnected")
	}
	// Another account has been connected since: this link is not about it.
	mine := w.grants[minji]
	w.grants[minji] = briefing.CredentialReport{Email: "another@gmail.com", HasRefreshToken: true}
	for _, line := range []string{"GET " + stored, "GET " + disconnect, "POST " + disconnect} {
		c.ask(line, "").wantPage(t, 404, "기한이 지난 화면입니다")
	}
	w.grants[minji] = mine
	c.ask("POST "+disconnect, "").wantPage(t, 200, "연결을 끊었습니다", "https://myaccount.google.com/connections")
	c.ask("POST "+disconnect, "").wantPage(t, 200, "연결을 끊었습니다")
	if len(w.grants) != 0 {
		t.Error("still connected")
	}
	c.ask("GET "+stored, "").wantPage(t, 200, "없음")
	delete(w.readers, minji)
	c.ask("GET "+stored, "").wantPage(t, 404)
	w.connection.Reader = w.readers[dana]
	english := c.ask("GET /api/gmail/callback?state=s&code=c", "")
	c.ask("GET "+english.link(t, "See what is stored"), "").wantPage(t, 200, "What is stored", "No briefing is stored.")
	c.ask("GET "+english.link(t, "Disconnect"), "").wantPage(t, 200, "Disconnect Google?")
}
