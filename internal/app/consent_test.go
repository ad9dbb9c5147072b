package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"achim/internal/standin"
	"achim/store/storetest"
)

const minjiMail = "minji@gaon.example"

// addStranger adds haneul without an address: nobody knows whose account a link should bring.
func (h *house) addStranger() {
	h.t.Helper()
	h.json("PUT", "/api/users/"+haneul, apiSecret, fmt.Sprintf(`{"name":"haneul","slack_user_id":%q}`, haneulSlack), http.StatusCreated)
}

// begun presses the button on the reader's connect page and returns Google's address.
func (h *house) begun(switchAccount bool) string {
	h.t.Helper()
	link := strings.TrimPrefix(h.app.ConnectURL(haneul, switchAccount), h.env["ACHIM_PUBLIC_URL"])
	if page := h.call("GET", link, "", ""); page.status != http.StatusOK {
		h.t.Fatalf("connect page: %d %s", page.status, page.body)
	}
	begun := h.call("POST", link, "", "")
	if begun.status != http.StatusSeeOther {
		h.t.Fatalf("begin: %d %s", begun.status, begun.body)
	}
	return begun.header.Get("Location")
}

// chosen answers Google's page and returns the path it redirects to.
func (h *house) chosen(address string, choice standin.Choice) string {
	h.t.Helper()
	back, err := h.google.Consent(h.t.Context(), address, choice)
	if err != nil {
		h.t.Fatal(err)
	}
	return strings.TrimPrefix(back, h.env["ACHIM_PUBLIC_URL"])
}

var hidden = regexp.MustCompile(`name="ticket" value="([^"]+)"`)

// press answers the question on a page.
func (h *house) press(question answer, reply string, cookies []*http.Cookie) answer {
	h.t.Helper()
	found := hidden.FindSubmatch(question.body)
	if found == nil {
		h.t.Fatalf("no question: %d %s", question.status, question.body)
	}
	form := url.Values{"ticket": {string(found[1])}, "answer": {reply}}.Encode()
	req, err := http.NewRequestWithContext(h.t.Context(), http.MethodPost, "http://"+h.app.Addr()+"/connect/confirm", strings.NewReader(form))
	if err != nil {
		h.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, c := range cookies {
		req.AddCookie(c)
	}
	return h.do(req)
}

// stored are all grants, and the tokens that wait for a yes.
func (h *house) stored() []string {
	h.t.Helper()
	return append(storetest.Rows(h.t, h.app.Store, "SELECT user_id, token_data, scopes, metadata FROM gmail_token ORDER BY user_id"),
		storetest.Rows(h.t, h.app.Store, "SELECT tokens FROM achim_pending_grant WHERE tokens <> ''")...)
}

// TestALinkOpenedBySomebodyElse: a link that was passed on never brings somebody's mail to another unnoticed. The
// page names both; nothing is stored or delivered before the person says yes, in the same browser.
func TestALinkOpenedBySomebodyElse(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.google.AddAccount(standin.Account{Email: minjiMail, Subject: "1002", Mail: []standin.Mail{
			{ID: "m1", From: "x@gaon.example", Subject: "민지의 비밀", Body: "확인 부탁드립니다?", Date: friday.Add(-time.Hour), Labels: []string{"INBOX"}}}})
		h.start()
		h.addStranger()
		question := h.call("GET", h.chosen(h.begun(false), standin.Choice{Email: minjiMail}), "", "")
		if question.status != http.StatusOK {
			t.Fatalf("status %d: %s", question.status, question.body)
		}
		holds(t, string(question.body), minjiMail+"의 메일을 Slack의 haneul 님에게 보냅니다.")
		grants := func() int { return len(storetest.Rows(t, h.app.Store, "SELECT user_id FROM gmail_token")) }
		if page := h.press(question, "yes", nil); page.status != http.StatusBadRequest || grants() != 0 {
			t.Errorf("a yes from another browser: %d, %d stored", page.status, grants())
		}
		wants(t, h.trigger(`{}`), map[string]any{"outcome": "delivered"})
		lacks(t, seen(h.oneDM()), "민지의 비밀")
		if grants() != 0 {
			t.Error("stored before anybody said yes")
		}
		if page := h.press(question, "yes", h.cookies); page.status != http.StatusOK || grants() != 1 {
			t.Errorf("a yes: %d, %d stored", page.status, grants())
		}
		if page := h.press(question, "yes", h.cookies); page.status != http.StatusConflict {
			t.Errorf("a second yes: %d", page.status)
		}
		holds(t, h.stored()[0], minjiMail)
	})
}

// TestNoIsNo: whoever cancels, or does not answer, leaves nothing behind, here or at Google.
func TestNoIsNo(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.start()
		h.addStranger()
		ask := func() answer {
			return h.call("GET", h.chosen(h.begun(false), standin.Choice{Email: haneulMail}), "", "")
		}
		page := h.press(ask(), "no", h.cookies)
		holds(t, string(page.body), "취소했습니다", "저장하거나 바꾼 것은 없습니다. 방금 허용하신 권한도 Google에서 해제했습니다.")
		if page.status != http.StatusOK || len(h.stored()) != 0 || h.google.Calls("revoke") != 1 {
			t.Errorf("a no: %d, stored %v, %d revoked", page.status, h.stored(), h.google.Calls("revoke"))
		}
		late, left := ask(), ask()
		h.clock.advance(10*time.Minute + time.Second)
		if page := h.press(late, "yes", h.cookies); page.status != http.StatusGone {
			t.Errorf("too late: %d %s", page.status, page.body)
		}
		if err := h.app.Google.DropUnconfirmed(t.Context()); err != nil {
			t.Fatal(err)
		}
		// The two are of one account: while the one waited the other was left alone, and the last to go took the access along.
		if len(h.stored()) != 0 || h.google.Calls("revoke") != 2 {
			t.Errorf("left behind %v, %d revoked", h.stored(), h.google.Calls("revoke"))
		}
		if page := h.press(left, "yes", h.cookies); page.status != http.StatusConflict || len(h.stored()) != 0 {
			t.Errorf("after it was dropped: %d", page.status)
		}
		// A reader who was removed while the question stood.
		gone := ask()
		if a := h.call("DELETE", "/api/users/"+haneul, apiSecret, ""); a.status != http.StatusNoContent {
			t.Fatalf("remove: %d", a.status)
		}
		if page := h.press(gone, "yes", h.cookies); page.status != http.StatusGone || len(h.stored()) != 0 {
			t.Errorf("nobody's yes: %d", page.status)
		}
	})
}

// TestConsentsThatFail: each way ends on a page of its own, and the grants are as before.
func TestConsentsThatFail(t *testing.T) {
	t.Parallel()
	redirect := func(h *house, word string) string {
		u, err := url.Parse(h.begun(false))
		if err != nil {
			h.t.Fatal(err)
		}
		return "/api/gmail/callback?" + url.Values{"state": {u.Query().Get("state")}, "error": {word}}.Encode()
	}
	tokenFault := func(fault standin.Fault) func(*house) string {
		return func(h *house) string {
			path := h.chosen(h.begun(false), standin.Choice{Email: haneulMail})
			fault.Op, fault.Times = "token", 1
			h.google.Inject(fault)
			return path
		}
	}
	onBoth(t, func(t *testing.T, h *house) {
		h.google.AddAccount(standin.Account{Email: minjiMail, Subject: "1002"})
		h.start()
		h.addHaneul()
		seen := map[string]string{}
		try := func(name string, status int, path func(*house) string) {
			t.Helper()
			before := fmt.Sprint(h.stored())
			page := h.call("GET", path(h), "", "")
			title := string(regexp.MustCompile(`<title>[^<]*`).Find(page.body))
			if page.status != status || title == "" {
				t.Errorf("%s: status %d, want %d: %s", name, page.status, status, page.body)
			}
			if other, known := seen[title]; known {
				t.Errorf("%s has the page of %s", name, other)
			}
			seen[title] = name
			if after := fmt.Sprint(h.stored()); after != before {
				t.Errorf("%s stored %s, before %s", name, after, before)
			}
			lacks(t, string(page.body), "4/0standin", "state=")
		}
		try("nothing ticked", 400, func(h *house) string {
			return h.chosen(h.begun(false), standin.Choice{Untick: []string{"gmail.readonly", "calendar.readonly"}})
		})
		try("cancelled at Google", 200, func(h *house) string { return h.chosen(h.begun(false), standin.Choice{Deny: true}) })
		try("not the reader's address", 409, func(h *house) string { return h.chosen(h.begun(false), standin.Choice{Email: minjiMail}) })
		if h.google.Calls("revoke") != 1 {
			t.Errorf("%d revoked: an account nobody uses should be", h.google.Calls("revoke"))
		}
		h.connect()
		delete(seen, "<title>다른 Google 계정입니다 · Achim")
		try("another account than before", 409, func(h *house) string { return h.chosen(h.begun(false), standin.Choice{Email: minjiMail}) })
		try("forged", 400, func(*house) string { return "/api/gmail/callback?state=forged&code=4/0x" })
		spent := h.chosen(h.begun(false), standin.Choice{Email: haneulMail})
		h.call("GET", spent, "", "")
		try("a state used before", 409, func(*house) string { return spent })
		try("a code used before", 400, func(h *house) string {
			u, err := url.Parse(spent)
			if err != nil {
				t.Fatal(err)
			}
			return strings.Replace(redirect(h, "x"), "error=x", "code="+u.Query().Get("code"), 1)
		})
		try("too late", 410, func(h *house) string {
			path := h.chosen(h.begun(false), standin.Choice{Email: haneulMail})
			h.clock.advance(10*time.Minute + time.Second)
			return path
		})
		try("an administrator's policy", 403, func(h *house) string { return redirect(h, "admin_policy_enforced") })
		try("an internal app", 403, func(h *house) string { return redirect(h, "org_internal") })
		try("some other word", 400, func(h *house) string { return redirect(h, "<script>alert(1)</script>") })
		try("our client", 502, tokenFault(standin.Fault{Status: 401}))
		try("Google is not well", 503, tokenFault(standin.Fault{Status: 503}))
		delete(seen, "<title>Google이 응답하지 않습니다 · Achim")
		try("Google cannot be reached", 503, tokenFault(standin.Fault{Cut: "before"}))
		try("an answer that is none", 502, tokenFault(standin.Fault{Body: "<html>", ContentType: "text/html"}))
		try("a reader removed meanwhile", 410, func(h *house) string {
			path := h.chosen(h.begun(false), standin.Choice{Email: haneulMail})
			if a := h.call("DELETE", "/api/users/"+haneul, apiSecret, ""); a.status != http.StatusNoContent {
				t.Fatalf("remove: %d", a.status)
			}
			return path
		})
		lacks(t, h.log.String(), "4/0standin", "forged", "1//", "ya29.")
	})
}

// TestSomeBoxesUnticked: what was given is stored and used, and the page says what is missing.
func TestSomeBoxesUnticked(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.start()
	h.addHaneul()
	page := h.consent(standin.Choice{Email: haneulMail, Untick: []string{"calendar.readonly"}})
	holds(t, string(page.body), "연결되었습니다", "받은편지함을 문제없이 읽었습니다", "캘린더 항목이 선택되지 않아", "빠진 권한 추가")
	lacks(t, string(page.body), "캘린더 1개", "캘린더 2개")
	if len(h.stored()) != 1 {
		t.Errorf("stored %v", h.stored())
	}
	if address := h.begun(false); !strings.Contains(address, "prompt=consent") || !strings.Contains(address, "calendar.readonly") {
		t.Errorf("the missing one is not asked for: %s", address)
	}
	holds(t, string(h.consent(standin.Choice{Email: haneulMail}).body), "받은편지함과 캘린더 2개를 문제없이 읽었습니다")
}

// TestARenewalRenews: a grant that will end is consented to again, and other programs keep their scopes.
func TestARenewalRenews(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.google.RefreshTokenExpiresIn = 7 * 24 * time.Hour
		h.start()
		h.addHaneul()
		const drive = "https://www.googleapis.com/auth/drive.file"
		h.connect()
		row := func() (token map[string]string, scopes string) {
			if err := json.Unmarshal([]byte(storetest.Rows(t, h.app.Store, "SELECT token_data FROM gmail_token")[0]), &token); err != nil {
				t.Fatal(err)
			}
			return token, storetest.Rows(t, h.app.Store, "SELECT scopes FROM gmail_token")[0]
		}
		before, scopes := row()
		storetest.Exec(t, h.app.Store, "UPDATE gmail_token SET scopes = '"+strings.Replace(scopes, "[", `["`+drive+`",`, 1)+"'")
		address := h.begun(false)
		if !strings.Contains(address, "prompt=consent") || !strings.Contains(address, url.QueryEscape(drive)) {
			t.Errorf("asked %s", address)
		}
		if page := h.call("GET", h.chosen(address, standin.Choice{}), "", ""); page.status != http.StatusOK {
			t.Fatalf("status %d: %s", page.status, page.body)
		}
		after, scopes := row()
		if after["refresh_token"] == before["refresh_token"] || !strings.Contains(scopes, drive) {
			t.Errorf("the end has not moved, or scopes are gone: %s", scopes)
		}
	})
}

// TestARowNobodyCanReadIsMended by connecting again.
func TestARowNobodyCanReadIsMended(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.start()
		h.addHaneul()
		storetest.Exec(t, h.app.Store, "INSERT INTO gmail_token (user_id, token_data) VALUES ('"+haneul+`', '["x"]')`)
		h.connect()
		holds(t, h.stored()[0], haneulMail)
	})
}

// TestOwnPagesOpenForAnHour: what is stored, and the way out, for whoever has just connected.
func TestOwnPagesOpenForAnHour(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.start()
		h.addHaneul()
		page := h.consent(standin.Choice{Email: haneulMail})
		path := func(label string) string {
			found := regexp.MustCompile(`href="https://achim.gaon.example(/[^"]*)">` + label).FindSubmatch(page.body)
			if found == nil {
				t.Fatalf("no %s in %s", label, page.body)
			}
			return string(found[1])
		}
		stored, disconnect := path("보관된 내용 보기"), path("연결 끊기")
		wants(t, h.trigger(`{}`), map[string]any{"outcome": "delivered"})
		list := h.call("GET", stored, "", "")
		holds(t, string(list.body), "ha•••@gaon.example", "캘린더 읽기, Gmail 읽기, 이메일 주소 보기", "11월 20일: 일정 1건, 메일 2통, 뉴스 2건 (12월 20일까지)")
		lacks(t, string(list.body), "계약서", "제품 주간회의", haneulMail)
		for _, other := range []string{strings.Replace(stored, "/stored/", "/disconnect/", 1), strings.Replace(stored, "/stored/", "/connect/", 1),
			"/stored/" + strings.TrimPrefix(h.app.ConnectURL(haneul, false), h.env["ACHIM_PUBLIC_URL"]+"/connect/")} {
			if page := h.call("GET", other, "", ""); page.status != http.StatusNotFound {
				t.Errorf("a link for another page opens this one: %d", page.status)
			}
		}
		h.clock.advance(time.Hour)
		for _, line := range []string{"GET " + stored, "GET " + disconnect, "POST " + disconnect} {
			method, at, _ := strings.Cut(line, " ")
			if page := h.call(method, at, "", ""); page.status != http.StatusNotFound || len(h.stored()) != 1 {
				t.Errorf("%s after an hour: %d", line, page.status)
			}
		}
		page = h.consent(standin.Choice{Email: haneulMail})
		disconnect = path("연결 끊기")
		if asked := h.call("GET", disconnect, "", ""); asked.status != http.StatusOK || len(h.stored()) != 1 {
			t.Errorf("looking: %d", asked.status)
		}
		if done := h.call("POST", disconnect, "", ""); done.status != http.StatusOK || len(h.stored()) != 0 || h.google.Calls("revoke") != 1 {
			t.Errorf("disconnected: %d, %v, %d revoked", done.status, h.stored(), h.google.Calls("revoke"))
		}
	})
}
