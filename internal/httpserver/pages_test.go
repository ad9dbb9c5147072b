package httpserver_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"achim/briefing"
)

const hostile = `<script>alert(1)</script>"'&`

// wantPage checks status, words and the headers every page has.
func (a answer) wantPage(t *testing.T, status int, says ...string) {
	t.Helper()
	if a.StatusCode != status {
		t.Errorf("status %d, want %d", a.StatusCode, status)
	}
	for _, words := range says {
		if !strings.Contains(a.body, words) {
			t.Errorf("the page does not say %q:\n%s", words, a.body)
		}
	}
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
		"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff",
	} {
		if got := a.Header.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	policy := a.Header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "script") || strings.Contains(policy, "unsafe") {
		t.Errorf("Content-Security-Policy = %q", policy)
	}
	for _, bad := range []string{"<script", "ZgotmplZ", `src="http`, `<link rel="stylesheet"`, "%!"} {
		if strings.Contains(a.body, bad) {
			t.Errorf("the page holds %q:\n%s", bad, a.body)
		}
	}
}

func TestConnectPage(t *testing.T) {
	w := newWorld()
	w.grants[minji] = briefing.CredentialReport{Email: "minji.kim@gaon.example"}
	c := serve(t, w.deps())
	path := "GET /connect/tok-" + string(minji)
	for range 3 {
		c.ask(path, "").wantPage(t, 200, `lang="ko"`, "minji 님의 아침 브리핑", "mi•••@gaon.example", "@jiwon", "30일", "확인하지 않은 앱", `<form method="post">`)
	}
	if c.ask(path, ""); len(w.begun) != 0 {
		t.Errorf("looking began %d consents", len(w.begun))
	}
	c.ask("GET /connect/tok-"+string(dana), "").wantPage(t, 200, `lang="en"`, "morning briefing of dana", "verified this app")
	c.ask("GET /connect/switch-"+string(minji), "").wantPage(t, 200, "Google 계정 변경")
	c.ask("GET /connect/forged", "").wantPage(t, 404, "쓸 수 없는 링크입니다")
	c.ask("GET /connect/forged", "", "Accept-Language: fr, en-GB;q=0.8, ko;q=0.5").wantPage(t, 404, "This link doesn’t work")
	c.ask("GET /connect/", "").wantPage(t, 404, "연결 링크가 필요합니다")
	c.ask("GET /connect/tok-"+string(nobody), "").wantPage(t, 410, "받는 분을 찾을 수 없습니다")
}

func TestConnectPostLeadsToGoogle(t *testing.T) {
	w := newWorld()
	c := serve(t, w.deps())
	got := c.ask("POST /connect/switch-"+string(minji), "")
	if got.StatusCode != http.StatusSeeOther || !strings.HasPrefix(got.Header.Get("Location"), "https://accounts.google.example/") {
		t.Errorf("status %d, Location %q", got.StatusCode, got.Header.Get("Location"))
	}
	if len(w.begun) != 1 || w.begun[0] != (briefing.ConnectRequest{Reader: minji, SwitchAccount: true}) {
		t.Errorf("begun: %v", w.begun)
	}
	c.ask("POST /connect/forged", "").wantPage(t, 404)
	w.beginErr = briefing.ErrNotFound
	c.ask("POST /connect/tok-"+string(minji), "").wantPage(t, 410)
	w.beginErr = errors.New("dial 10.9.9.9: refused")
	broken := c.ask("POST /connect/tok-"+string(minji), "")
	broken.wantPage(t, 500, "지금은 열 수 없습니다")
	c.stop()
	if strings.Contains(broken.body, "10.9.9.9") || !strings.Contains(w.log.String(), "10.9.9.9") {
		t.Errorf("the cause belongs into the log alone")
	}
}

func TestAuthInABrowser(t *testing.T) {
	w := newWorld()
	c := serve(t, w.deps())
	const browser = "Accept: text/html,application/xhtml+xml"
	for _, path := range []string{"/api/gmail/auth", "/auth/gmail/passport"} {
		c.ask("GET "+path+"?user_id="+string(minji), "", browser).wantPage(t, 401, "연결 링크가 필요합니다", "achim connect")
		got := c.ask("GET "+path+"?t=tok-"+string(minji), "", browser)
		if got.StatusCode != http.StatusSeeOther || got.Header.Get("Location") == "" {
			t.Errorf("%s: status %d", path, got.StatusCode)
		}
		c.ask("GET "+path+"?t=forged", "", browser).wantPage(t, 404, "쓸 수 없는 링크입니다")
	}
	if got := c.ask("HEAD /api/gmail/auth?t=tok-"+string(minji), ""); got.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("HEAD: %d", got.StatusCode)
	}
}

func TestConnectedPage(t *testing.T) {
	next := "다음 브리핑은 11월 21일 토요일 09:00에"
	reader := briefing.Reader{ID: minji, Name: "minji"}
	whole := briefing.Connection{Reader: reader, Email: "minji@gmail.com", MailOK: true, Calendars: 2}
	for _, tc := range []struct {
		name   string
		change func(*world)
		says   []string
		not    string
	}{
		{"whole", func(w *world) { w.connection = whole },
			[]string{"연결되었습니다", "mi•••@gmail.com의 받은편지함과 캘린더 2개를 문제없이 읽었습니다.", next, `href="slack://open"`, "@jiwon 님이 운영합니다"}, "채우고 있습니다"},
		{"mending", func(w *world) {
			w.connection = whole
			w.mending = briefing.Run{ID: "r", Readers: []briefing.RunReader{{Reader: minji, MessageTS: "1.2"}}}
		}, []string{"지금 오늘 브리핑의 빠진 부분을 채우고 있습니다"}, next},
		{"mend failed", func(w *world) { w.connection, w.mendErr = whole, errors.New("no database") },
			[]string{"연결되었습니다", next}, "채우고 있습니다"},
		{"a box unticked", func(w *world) {
			w.connection = briefing.Connection{Reader: reader, Email: "minji@gmail.com", MailOK: true, Missing: []briefing.SourceName{briefing.Calendar}}
		}, []string{"캘린더 항목이 선택되지 않아", "빠진 권한 추가", "/connect/tok-" + string(minji)}, "캘린더는 방금"},
		{"nothing read", func(w *world) { w.connection = briefing.Connection{Reader: reader, Email: "minji@gmail.com"} },
			[]string{"아직 읽지 못했습니다", "캘린더는 방금 읽지 못했습니다"}, "문제없이"},
		{"paused", func(w *world) { w.connection = whole; w.connection.Reader.Paused = true },
			[]string{"예정된 다음 브리핑은 없습니다"}, next},
		{"back with another account", func(w *world) {
			w.connection = whole
			w.connection.Reader.LeftAt, w.connection.Reader.LeftReason = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), briefing.LeftGoogle
		}, []string{next}, "멈춰 있어"},
		{"left Slack", func(w *world) {
			w.connection = whole
			w.connection.Reader.LeftAt, w.connection.Reader.LeftReason = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), briefing.LeftSlack
		}, []string{"Slack 계정이 비활성화되어", "에게 지금 쓰시는 Slack 계정을 알려 주세요"}, "멈춰 있어"},
		{"English", func(w *world) { w.connection = whole; w.connection.Reader.Language = briefing.English },
			[]string{"You’re connected", "the inbox of mi•••@gmail.com and 2 calendars", "on Saturday 21 November at 09:00."}, "연결"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld()
			tc.change(w)
			got := serve(t, w.deps()).ask("GET /api/gmail/callback?state=s&code=c&scope=x", "")
			got.wantPage(t, 200, tc.says...)
			if strings.Contains(got.body, tc.not) {
				t.Errorf("the page says %q:\n%s", tc.not, got.body)
			}
			if len(w.answered) != 1 || w.answered[0] != (briefing.ConnectAnswer{State: "s", Code: "c"}) {
				t.Errorf("answered: %v", w.answered)
			}
		})
	}
}

func TestFaultPages(t *testing.T) {
	for _, tc := range []struct {
		fault  briefing.ConnectFault
		status int
		ko, en string
		again  bool
	}{
		{briefing.ConnectStateUnknown, 400, "확인할 수 없는 연결입니다", "We don’t recognise this request", true},
		{briefing.ConnectStateUsed, 409, "이미 처리된 연결입니다", "Already done", false},
		{briefing.ConnectStateExpired, 410, "시간이 지났습니다", "That took too long", true},
		{briefing.ConnectDenied, 200, "연결하지 않았습니다", "Not connected", true},
		{briefing.ConnectNothing, 400, "선택된 권한이 없습니다", "No box was ticked", true},
		{briefing.ConnectWrongAccount, 409, "다른 Google 계정입니다", "That’s a different Google account", true},
		{briefing.ConnectDomain, 403, "이 서버에서 쓸 수 없는 계정입니다", "This server doesn’t take that account", true},
		{briefing.ConnectReaderGone, 410, "받는 분을 찾을 수 없습니다", "We don’t know this reader any more", false},
		{briefing.ConnectExchange, 502, "연결을 마치지 못했습니다", "We couldn’t finish connecting", true},
		{briefing.ConnectDeclined, 200, "취소했습니다", "Cancelled", true},
		{briefing.ConnectUnconfirmed, 410, "확인하지 않아 멈췄습니다", "Not confirmed in time", true},
		{briefing.ConnectPolicy, 403, "조직의 정책이 막고 있습니다", "Your organisation’s policy is in the way", true},
		{briefing.ConnectOutsider, 403, "조직 밖의 계정입니다", "That account is outside the organisation", true},
		{briefing.ConnectCode, 400, "처음부터 다시 연결해 주세요", "Please connect from the start", true},
		{briefing.ConnectRefused, 400, "Google이 연결하지 않고 돌려보냈습니다", "Google sent you back without connecting", true},
		{briefing.ConnectClient, 502, "서버 설정 문제로 연결하지 못했습니다", "This server’s settings are in the way", false},
		{briefing.ConnectUnreachable, 503, "Google이 응답하지 않습니다", "Google isn’t answering", true},
	} {
		t.Run(string(tc.fault), func(t *testing.T) {
			w := newWorld()
			c := serve(t, w.deps())
			callback := "GET /api/gmail/callback?state=s&error=e"
			w.finishErr = &briefing.ConnectError{Fault: tc.fault, Expected: "minji.kim@gmail.com", Chosen: "kim@gaon.example"}
			unknown := c.ask(callback, "")
			unknown.wantPage(t, tc.status, `lang="ko"`, tc.ko)
			if strings.Contains(unknown.body, "/connect/") {
				t.Error("there is no link to give to somebody who is not known")
			}
			w.finishErr = &briefing.ConnectError{Fault: tc.fault, Reader: w.readers[dana], Expected: "minji.kim@gmail.com", Chosen: "kim@gaon.example"}
			known := c.ask(callback, "")
			known.wantPage(t, tc.status, `lang="en"`, tc.en)
			if strings.Contains(known.body, "/connect/tok-"+string(dana)) != tc.again {
				t.Errorf("a link to try again: want %v\n%s", tc.again, known.body)
			}
			if tc.fault == briefing.ConnectWrongAccount {
				known.wantPage(t, tc.status, "mi•••@gmail.com", "kim@gaon.example", "Ask @jiwon for a switch link")
			}
			if strings.Contains(known.body, "removed at Google") {
				t.Error("it says that the access was taken back, and it was not")
			}
			w.finishErr = &briefing.ConnectError{Fault: tc.fault, Reader: w.readers[dana], Switch: true, First: true, Revoked: true, Expected: "d@gmail.com"}
			switching := c.ask(callback, "")
			if strings.Contains(switching.body, "/connect/tok-") {
				t.Error("a link for changing the account is not handed out again")
			}
			if tc.fault != briefing.ConnectStateUsed {
				switching.wantPage(t, tc.status, "The access you just gave has been removed at Google.")
			}
		})
	}
	if got := serve(t, newWorld().deps()).ask("HEAD /api/gmail/callback?state=s&code=c", ""); got.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("HEAD: %d", got.StatusCode)
	}
}

func TestPagesEscapeWhatStrangersTyped(t *testing.T) {
	w := newWorld()
	r := w.readers[minji]
	r.Name = hostile
	w.readers[minji] = r
	w.grants[minji] = briefing.CredentialReport{Email: hostile + "@gaon.example"}
	deps := w.deps()
	deps.Operator = hostile
	c := serve(t, deps)
	c.ask("GET /connect/tok-"+string(minji), "").wantPage(t, 200, "&lt;script&gt;")
	w.connection = briefing.Connection{Reader: r, Email: "x@" + hostile, MailOK: true, Calendars: 1}
	c.ask("GET /api/gmail/callback", "").wantPage(t, 200, "&lt;script&gt;")
	w.connection.Ticket = briefing.NewSecret(hostile)
	c.ask("GET /api/gmail/callback", "").wantPage(t, 200, "&lt;script&gt;")
	w.finishErr = &briefing.ConnectError{Fault: briefing.ConnectWrongAccount, Reader: r, Expected: "a@" + hostile, Chosen: hostile}
	c.ask("GET /api/gmail/callback", "").wantPage(t, 409, "&lt;script&gt;")
}

func TestHome(t *testing.T) {
	c := serve(t, newWorld().deps())
	c.ask("GET /", "").wantPage(t, 200, "Achim이 실행 중입니다", "docs")
	c.ask("GET /", "", "Accept-Language: en-US").wantPage(t, 200, "Achim is running")
}

func TestPagesWhileTheStoreIsAway(t *testing.T) {
	w := newWorld()
	w.storeErr = &briefing.Error{Op: "query", Reason: briefing.Timeout, Err: errors.New("dial 10.9.9.9")}
	serve(t, w.deps()).ask("GET /connect/tok-"+string(minji), "").wantPage(t, 503, "지금은 열 수 없습니다")
	w.finishErr = errors.New("dial 10.9.9.9")
	serve(t, w.deps()).ask("GET /api/gmail/callback", "").wantPage(t, 500, "지금은 열 수 없습니다")
}

// The word for the retention follows the setting.
func TestConnectPageTellsTheRetention(t *testing.T) {
	deps := newWorld().deps()
	deps.KeepContent = 36 * time.Hour
	serve(t, deps).ask("GET /connect/tok-"+string(minji), "").wantPage(t, 200, "2일")
}

// What is kept is told whole before anybody connects: docs/privacy.md has it too.
func TestConnectPageTellsWhatIsKept(t *testing.T) {
	c := serve(t, newWorld().deps())
	c.ask("GET /connect/tok-"+string(minji), "").wantPage(t, 200, "보낸 사람", "한 줄 요약", "일정", "열쇠", "연결을 끊으실 때까지", "일정 사본", "사흘", "2주쯤", "설정",
		"메일 본문과 첨부 파일, 일정의 설명은 보관하지 않습니다")
}
