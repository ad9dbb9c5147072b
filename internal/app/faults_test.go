package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"achim/briefing"
	"achim/internal/standin"
	"achim/store/storetest"
)

// nothingToday are the words that only a source read in full may be told with.
var nothingToday = []string{"일정 없음", "일정도", "메일 없음", "메일도", "새 소식 없음", "오늘은 일정"}

// TestNoFaultRendersAsNothingToday is promise 1: whatever is done to Google, no source that was not read
// in full is told as empty, each fault has its reason, and the other sources are still there.
func TestNoFaultRendersAsNothingToday(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		fault  func(h *house)
		source string
		reason briefing.Reason
	}{
		{"5xx", fault(standin.Fault{Op: "gmail.messages.list", Status: 503}), "gmail", briefing.Unavailable},
		{"html 502", fault(standin.Fault{Op: "gmail.messages.list", Status: 502, Body: "<html>Bad gateway</html>", ContentType: "text/html"}), "gmail", briefing.Unavailable},
		{"limit as 429", fault(standin.Fault{Op: "gmail.messages.list", Status: 429, Body: standin.GoogleError(429, "rateLimitExceeded", "Too many concurrent requests for user")}), "gmail", briefing.RateLimited},
		{"limit as 403", fault(standin.Fault{Op: "calendar.events.list", Status: 403, Body: standin.GoogleError(403, "rateLimitExceeded", "Rate Limit Exceeded")}), "calendar", briefing.RateLimited},
		{"no scope", func(h *house) { h.google.DropScope(haneulMail, "https://www.googleapis.com/auth/calendar.readonly") }, "calendar", briefing.ScopeMissing},
		{"api off", func(h *house) { h.google.DisableAPI("gmail") }, "gmail", briefing.APIDisabled},
		{"domain policy", fault(standin.Fault{Op: "gmail.messages.list", Status: 403, Body: standin.GoogleError(403, "domainPolicy", "The domain administrators have disabled Gmail apps.")}), "gmail", briefing.PolicyBlocked},
		{"truncated json", fault(standin.Fault{Op: "gmail.messages.list", Status: 200, Body: `{"messages":[{"id":`}), "gmail", briefing.Malformed},
		{"empty 200", fault(standin.Fault{Op: "gmail.messages.list", Status: 200, Body: ` `}), "gmail", briefing.Malformed},
		{"a proxy's page with 200", fault(standin.Fault{Op: "calendar.calendarList.list", Status: 200, Body: "<html>login</html>", ContentType: "text/html"}), "calendar", briefing.Malformed},
		{"connection cut", fault(standin.Fault{Op: "gmail.messages.list", Cut: "before"}), "gmail", briefing.Unavailable},
		{"revoked", func(h *house) { h.google.Revoke(haneulMail) }, "gmail", briefing.ReauthRequired},
		{"client deleted", func(h *house) { h.google.RemoveClient(clientID); h.google.ExpireAccess(haneulMail) }, "gmail", briefing.ClientMisconfigured},
		{"token endpoint 503", func(h *house) {
			h.google.ExpireAccess(haneulMail)
			h.google.Inject(standin.Fault{Op: "token", Status: 503})
		}, "gmail", briefing.Unavailable},
		{"slow", func(h *house) {
			h.google.Inject(standin.Fault{Op: "gmail.messages.list", Delay: time.Minute})
			h.app.Pipeline.Budgets[briefing.Gmail] = 300 * time.Millisecond
		}, "gmail", briefing.Timeout},
		{"a body gone", fault(standin.Fault{Op: "gmail.messages.get", Status: 500}), "gmail", briefing.Unavailable},
		{"feed down", fault(standin.Fault{Op: "nothing"}, standin.Fault{Op: "/wire.xml", Status: 500}), "news", briefing.Unavailable},
		{"feed is a page", fault(standin.Fault{Op: "nothing"}, standin.Fault{Op: "/wire.xml", Status: 200, ContentType: "text/html", Body: "<!doctype html><title>x</title>"}), "news", briefing.Malformed},
		{"feed is empty", fault(standin.Fault{Op: "nothing"}, standin.Fault{Op: "/wire.xml", Status: 200, Body: " "}), "news", briefing.Malformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := build(t, storetest.SQLite)
			h.start()
			h.addHaneul()
			h.connect()
			c.fault(h)
			reader := h.trigger("")
			wants(t, reader, map[string]any{"outcome": "delivered", "status": "degraded"})
			verdict := reader["sources"].(map[string]any)[c.source].(map[string]any)
			wants(t, verdict, map[string]any{"reason": c.reason})
			if state := verdict["verdict"]; state != "failed" && state != "partial" {
				t.Errorf("verdict %v", state)
			}
			dm := seen(h.oneDM())
			holds(t, dm, "일부 누락", "degraded")
			lacks(t, dm, nothingToday...)
			if c.source != "news" {
				holds(t, dm, "한국은행, 기준금리 동결")
			}
			if c.source == "news" {
				holds(t, dm, "계약서 3조 수정안", "제품 주간회의")
			}
			lacks(t, h.log.String(), botToken, clientSecret, cronSecret, apiSecret, "Authorization")
		})
	}
}

// fault injects faults: into Google, but those after the first into the feeds.
func fault(google standin.Fault, feeds ...standin.Fault) func(*house) {
	return func(h *house) {
		h.google.Inject(google)
		for _, f := range feeds {
			h.feeds.Inject(f)
		}
	}
}

// TestOnlyInvalidGrantMarksAGrantDead is promise 5: an operator's fault or an outage leaves the grant as it
// is, and the briefing is whole again as soon as the fault is gone.
func TestOnlyInvalidGrantMarksAGrantDead(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.start()
	h.addHaneul()
	h.connect()
	for _, body := range []string{
		standin.OAuthError("invalid_client", "The OAuth client was not found."), standin.OAuthError("unauthorized_client", "Unauthorized"),
		standin.OAuthError("admin_policy_enforced", ""), standin.OAuthError("internal_failure", "Backend Error"), "<html>oops</html>", "",
	} {
		h.google.ExpireAccess(haneulMail)
		h.google.Inject(standin.Fault{Op: "token", Status: 400, Body: body})
		h.trigger(`{"force":true}`)
		h.google.Clear()
		wants(t, h.json("GET", "/api/gmail/check/"+haneul, apiSecret, "", http.StatusOK),
			map[string]any{"dead_since": nil, "has_refresh_token": true})
		wants(t, h.trigger(`{"force":true}`), map[string]any{"status": "complete"})
	}
	h.google.Revoke(haneulMail)
	h.trigger(`{"force":true}`)
	check := h.json("GET", "/api/gmail/check/"+haneul, apiSecret, "", http.StatusOK)
	if check["dead_since"] == nil || check["has_refresh_token"] != true || check["last_error"] != "reauth_required" {
		t.Errorf("after invalid_grant: %v", check)
	}
}

// TestConsentThatFails: each way a consent fails has its own page, and stores nothing.
func TestConsentThatFails(t *testing.T) {
	t.Parallel()
	other := standin.Account{Email: "minji@gaon.example", Subject: "1002"}
	mail, calendar := "https://www.googleapis.com/auth/gmail.readonly", "https://www.googleapis.com/auth/calendar.readonly"
	for _, c := range []struct {
		name   string
		before func(h *house)
		choice standin.Choice
		status int
		says   string
	}{
		{"cancelled", nil, standin.Choice{Email: haneulMail, Deny: true}, http.StatusOK, ""},
		{"nothing ticked", nil, standin.Choice{Email: haneulMail, Untick: []string{mail, calendar}}, http.StatusBadRequest, ""},
		{"another account", func(h *house) { h.connect() }, standin.Choice{Email: "minji@gaon.example"}, http.StatusConflict, "다른 Google 계정입니다"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := build(t, storetest.SQLite)
			h.google.AddAccount(other)
			h.start()
			h.addHaneul()
			if c.before != nil {
				c.before(h)
			}
			before := storetest.Rows(t, h.app.Store, "SELECT token_data, scopes, metadata FROM gmail_token")
			page := h.consent(c.choice)
			if page.status != c.status || !strings.Contains(page.header.Get("Content-Type"), "text/html") {
				t.Errorf("status %d, %s", page.status, page.header.Get("Content-Type"))
			}
			holds(t, string(page.body), c.says)
			after := storetest.Rows(t, h.app.Store, "SELECT token_data, scopes, metadata FROM gmail_token")
			if strings.Join(before, "\n") != strings.Join(after, "\n") {
				t.Errorf("something was stored: %v → %v", before, after)
			}
		})
	}
}

// TestStateIsSingleUse: a callback cannot be repeated, forged or used late.
func TestStateIsSingleUse(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.start()
	h.addHaneul()
	if page := h.call("GET", "/api/gmail/callback?state=forged&code=x", "", ""); page.status != http.StatusBadRequest {
		t.Errorf("a forged state: %d", page.status)
	}
	auth := h.json("GET", "/api/gmail/auth?user_id="+haneul, apiSecret, "", http.StatusOK)["auth_url"].(string)
	holds(t, auth, "access_type=offline", "include_granted_scopes=true", "code_challenge_method=S256", "prompt=consent", "login_hint=haneul%40gaon.example")
	back, err := h.google.Consent(t.Context(), auth, standin.Choice{Email: haneulMail})
	if err != nil {
		t.Fatal(err)
	}
	path := back[strings.Index(back, "/api/gmail/callback"):]
	h.clock.advance(11 * time.Minute)
	if page := h.call("GET", path, "", ""); page.status != http.StatusGone {
		t.Errorf("a state of eleven minutes ago: %d", page.status)
	}
	if page := h.call("GET", path, "", ""); page.status != http.StatusConflict {
		t.Errorf("a state used before: %d", page.status)
	}
	h.connect()
	if auth := h.json("GET", "/api/gmail/auth?user_id="+haneul, apiSecret, "", http.StatusOK)["auth_url"].(string); strings.Contains(auth, "prompt=") {
		t.Errorf("a live grant is asked for consent again: %s", auth)
	}
}

// TestAccountsOfOtherDomainsAreRefused: an operator who names domains gets no grant of any other stored.
func TestAccountsOfOtherDomainsAreRefused(t *testing.T) {
	t.Parallel()
	for domain, want := range map[string]int{"other.example": http.StatusForbidden, "GAON.example": http.StatusOK} {
		h := build(t, storetest.SQLite)
		h.file = "google:\n  allowed_domains: [" + domain + "]\n"
		h.start()
		h.addHaneul()
		if page := h.consent(standin.Choice{Email: haneulMail}); page.status != want {
			t.Errorf("allowed %s: status %d, want %d", domain, page.status, want)
		}
		stored := len(storetest.Rows(t, h.app.Store, "SELECT user_id FROM gmail_token"))
		if (stored == 1) != (want == http.StatusOK) {
			t.Errorf("allowed %s: %d grants stored", domain, stored)
		}
	}
}

// TestAConsentBelongsToItsBrowser: whoever begins a consent cannot send somebody else the address and have
// their account connected to the own briefing.
func TestAConsentBelongsToItsBrowser(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.google.AddAccount(standin.Account{Email: "minji@gaon.example", Subject: "1002"})
	h.start()
	h.addHaneul()
	link := strings.TrimPrefix(h.app.ConnectURL(haneul, false), h.env["ACHIM_PUBLIC_URL"])
	begun := h.call("POST", link, "", "")
	for _, c := range h.cookies {
		if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode {
			t.Errorf("cookie %v", c)
		}
	}
	back, err := h.google.Consent(t.Context(), begun.header.Get("Location"), standin.Choice{Email: haneulMail})
	if err != nil {
		t.Fatal(err)
	}
	mine := h.cookies
	h.cookies = nil // minji's browser
	path := back[strings.Index(back, "/api/gmail/callback"):]
	if page := h.call("GET", path, "", ""); page.status != http.StatusBadRequest {
		t.Errorf("another browser's answer: %d", page.status)
	}
	if rows := storetest.Rows(t, h.app.Store, "SELECT user_id FROM gmail_token"); len(rows) != 0 {
		t.Errorf("stored %v", rows)
	}
	h.cookies = mine
	if page := h.call("GET", path, "", ""); page.status != http.StatusOK {
		t.Errorf("the browser it was begun in: %d", page.status)
	}
}
