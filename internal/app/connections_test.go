package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"achim/briefing"
	"achim/internal/secret"
	"achim/internal/standin"
	"achim/store/storetest"
)

const stranger = "9f0c6a52-1d2e-4b7a-9c55-0a1b2c3d4e5f"

// grants returns how many rows of gmail_token there are.
func (h *house) grants() int {
	h.t.Helper()
	return len(storetest.Rows(h.t, h.app.Store, "SELECT user_id FROM gmail_token"))
}

// TestConnectionEndpoints goes through the contract's table for a grant: found, refreshed, refused, mended, forgotten.
func TestConnectionEndpoints(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		const check, refresh, forget = "/api/gmail/check/" + haneul, "/api/gmail/refresh/" + haneul, "/api/gmail/" + haneul
		h.start()
		h.addHaneul()
		h.json("GET", check, cronSecret, "", http.StatusNotFound)
		h.json("POST", refresh, apiSecret, "", http.StatusNotFound)
		h.json("DELETE", forget, apiSecret, "", http.StatusNotFound)
		h.connect()
		wants(t, h.json("GET", check, cronSecret, "", http.StatusOK), map[string]any{"status": "found", "email": haneulMail, "is_expired": false,
			"needs_refresh": false, "has_token": true, "has_refresh_token": true, "has_oauth_config": true, "missing_scopes": []any{}, "dead_since": nil})
		wants(t, h.json("POST", refresh, apiSecret, "", http.StatusOK), map[string]any{"status": "valid", "access_token": "••••••••"})

		h.clock.advance(56 * time.Minute) // less than five minutes left
		wants(t, h.json("GET", check, cronSecret, "", http.StatusOK), map[string]any{"is_expired": false, "needs_refresh": true})
		wants(t, h.json("POST", refresh, apiSecret, "", http.StatusOK), map[string]any{"status": "refreshed", "access_token": "••••••••", "email": haneulMail})

		// Somebody else puts another access token in, with an expiry that looks alive for hours.
		token := h.google.Grant(haneulMail)
		storetest.Exec(t, h.app.Store, fmt.Sprintf(`UPDATE gmail_token SET token_data = '{"access_token":"%s","refresh_token":"%s"}', expiry = '2031-01-01 00:00:00'`,
			token.AccessToken, token.RefreshToken))
		wants(t, h.json("GET", check, cronSecret, "", http.StatusOK), map[string]any{"is_expired": nil, "remaining_seconds": nil, "needs_refresh": true})

		h.google.Revoke(haneulMail)
		problem := h.json("POST", refresh, apiSecret, "", http.StatusConflict)
		wants(t, problem, map[string]any{"code": "reauth_required", "reason": "reauth_required", "status": 409})
		dead := h.json("GET", check, cronSecret, "", http.StatusOK)
		wants(t, dead, map[string]any{"last_error": "reauth_required", "is_expired": true, "remaining_seconds": 0, "needs_refresh": true})
		if at, err := time.Parse(time.RFC3339, fmt.Sprint(dead["dead_since"])); err != nil || h.clock.now().Sub(at) > time.Minute {
			t.Errorf("dead since %v (%v)", dead["dead_since"], err)
		}
		back, err := h.google.Consent(t.Context(), problem["auth_url"].(string), standin.Choice{Email: haneulMail})
		if err != nil {
			t.Fatal(err)
		}
		if page := h.call("GET", back[strings.Index(back, "/api/gmail/callback"):], "", ""); page.status != http.StatusOK {
			t.Errorf("connecting at auth_url: %d %s", page.status, page.body)
		}
		wants(t, h.json("GET", check, cronSecret, "", http.StatusOK), map[string]any{"last_error": nil, "dead_since": nil, "is_expired": false})

		if a := h.call("DELETE", forget, apiSecret, ""); a.status != http.StatusNoContent || len(a.body) > 0 {
			t.Errorf("disconnect: %d %s", a.status, a.body)
		}
		if n := h.google.Calls("revoke"); n != 1 || h.grants() != 0 {
			t.Errorf("%d revocations, %d rows left", n, h.grants())
		}
		h.json("DELETE", forget, apiSecret, "", http.StatusNotFound)
	})
}

// TestConnectionsOfStrangers: rows of people who are no readers are checked, refreshed and forgotten like any other,
// and nobody is sent to a page that is not for them.
func TestConnectionsOfStrangers(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.start()
		h.google.AddAccount(standin.Account{Email: "stranger@gaon.example", Subject: "3003"})
		token := h.google.Grant("stranger@gaon.example")
		storetest.Exec(t, h.app.Store, fmt.Sprintf(`INSERT INTO gmail_token (user_id, token_data, metadata) VALUES ('%s', '{"access_token":"%s","refresh_token":"%s"}', '{"email":"stranger@gaon.example"}')`,
			stranger, token.AccessToken, token.RefreshToken))
		wants(t, h.json("GET", "/api/gmail/check/"+strings.ToUpper(stranger), cronSecret, "", http.StatusOK), map[string]any{"user_id": stranger, "scopes": []any{}, "missing_scopes": []any{}})
		wants(t, h.json("POST", "/api/gmail/refresh/"+stranger, apiSecret, "", http.StatusOK), map[string]any{"status": "refreshed"})
		h.google.Revoke("stranger@gaon.example")
		h.clock.advance(2 * time.Hour)
		if problem := h.json("POST", "/api/gmail/refresh/"+stranger, apiSecret, "", http.StatusConflict); problem["auth_url"] != nil {
			t.Errorf("auth_url %v", problem["auth_url"])
		}
		storetest.Exec(t, h.app.Store, `UPDATE gmail_token SET token_data = '["broken"]'`)
		wants(t, h.json("GET", "/api/gmail/check/"+stranger, cronSecret, "", http.StatusOK), map[string]any{"has_token": false, "needs_refresh": true, "last_error": "malformed"})
		wants(t, h.json("POST", "/api/gmail/refresh/"+stranger, apiSecret, "", http.StatusConflict), map[string]any{"code": "reauth_required", "reason": "reauth_required", "auth_url": nil})
		if a := h.call("DELETE", "/api/gmail/"+stranger, apiSecret, ""); a.status != http.StatusNoContent || h.grants() != 0 {
			t.Errorf("disconnect: %d %s, %d rows left", a.status, a.body, h.grants())
		}
	})
}

// TestRowThatIsNoGrant: another program has left something in the row that nobody can use. Its reader is told so, with
// what mends it, at every door; pressing that mends the briefing, and what else the other program keeps there stays.
func TestRowThatIsNoGrant(t *testing.T) {
	for name, set := range map[string]string{
		"a list":              `token_data = '["broken"]'`,
		"a token of no kind":  `token_data = '{"access_token":5,"refresh_token":"1//x","theirs":1}'`,
		"no tokens":           `token_data = '{"theirs":1}'`,
		"no refresh token":    `token_data = '{"access_token":"dead","theirs":1}'`,
		"a config of no kind": `oauth_config = '[]'`,
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, h *house) {
				h.start()
				h.addHaneul()
				h.connect()
				storetest.Exec(t, h.app.Store, "UPDATE gmail_token SET robeing_id = 'r1', equipped_to = 'e1', "+
					`metadata = '{"email":"`+haneulMail+`","theirs":[1]}', scopes = '["openid","https://www.googleapis.com/auth/drive.readonly"]', `+set)
				wants(t, h.trigger(""), map[string]any{"outcome": "delivered", "status": "degraded"})
				dm := h.oneDM()
				holds(t, seen(dm), "저장되어 있던 Google 연결 정보를 쓸 수 없어 메일과 일정을 읽지 못했습니다.", "다시 연결하시면", "1분이면 됩니다.", "degraded")
				lacks(t, seen(dm), "하실 일은 없습니다", "끊", "비밀번호")
				if !strings.Contains(string(dm.Blocks), `/connect/`) {
					t.Error("the DM has no control to connect")
				}
				wants(t, h.json("GET", "/messages?user_id="+haneul, apiSecret, "", http.StatusConflict), map[string]any{"code": "reauth_required", "reason": "reauth_required"})
				check := h.json("GET", "/api/gmail/check/"+haneul, cronSecret, "", http.StatusOK)
				wants(t, check, map[string]any{"status": "found", "email": haneulMail, "has_refresh_token": false, "needs_refresh": true})
				problem := h.json("POST", "/api/gmail/refresh/"+haneul, apiSecret, "", http.StatusConflict)
				wants(t, problem, map[string]any{"code": "reauth_required", "reason": "reauth_required"})
				address := fmt.Sprint(problem["auth_url"])
				if !strings.Contains(address, "prompt=consent") || !strings.Contains(address, "drive.readonly") {
					t.Errorf("asks at %s", address)
				}
				back, err := h.google.Consent(t.Context(), address, standin.Choice{Email: haneulMail})
				if err != nil {
					t.Fatal(err)
				}
				if page := h.call("GET", back[strings.Index(back, "/api/gmail/callback"):], "", ""); page.status != http.StatusOK {
					t.Errorf("connecting at auth_url: %d %s", page.status, page.body)
				}
				h.eventually("the mend", func() bool { return h.entry().Status == briefing.Complete })
				lacks(t, seen(h.oneDM()), "degraded")
				wants(t, h.json("GET", "/api/gmail/check/"+haneul, cronSecret, "", http.StatusOK), map[string]any{"last_error": nil, "has_refresh_token": true})
				row := storetest.Rows(t, h.app.Store, "SELECT robeing_id, equipped_to, token_data, metadata FROM gmail_token")[0]
				kept := []string{"r1|e1|", haneulMail, `"theirs"`}
				if strings.Contains(set, "theirs") {
					kept = append(kept, `"theirs":1`)
				}
				holds(t, strings.ReplaceAll(row, ": ", ":"), kept...)
			})
		})
	}
}

// TestSealedRowIsTheOperators: a row that needs a key which is not here is no reader's fault, and nobody is asked to
// connect again.
func TestSealedRowIsTheOperators(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		h.start()
		h.addHaneul()
		h.connect()
		other, err := secret.NewSealer(secret.GenerateKey().Reveal())
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := other.Seal("gmail_token.token_data\x00"+haneul, `{"refresh_token":"1//x"}`)
		if err != nil {
			t.Fatal(err)
		}
		storetest.Exec(t, h.app.Store, `UPDATE gmail_token SET token_data = '{"achim_sealed":"`+sealed+`"}'`)
		wants(t, h.json("POST", "/api/gmail/refresh/"+haneul, apiSecret, "", http.StatusServiceUnavailable), map[string]any{"code": "unavailable", "reason": "malformed"})
		wants(t, h.trigger(""), map[string]any{"outcome": "delivered", "status": "degraded"})
		holds(t, seen(h.oneDM()), "하실 일은 없습니다")
	})
}

// TestDisconnectingAgainstAllOdds: Google slow, cut or out of order, and a refresh in flight: the row goes, soon, and
// stays away.
func TestDisconnectingAgainstAllOdds(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]standin.Fault{
		"slow": {Delay: time.Minute}, "503": {Status: 503}, "cut": {Cut: "before"}, "unsaid": {Cut: "after"}, "fine": {},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, h *house) {
				h.start()
				h.addHaneul()
				h.connect()
				fault.Op = "revoke"
				h.google.Inject(fault)
				asked := make(chan struct{}, 1)
				h.google.Inject(standin.Fault{Op: "token", Times: 1, Delay: time.Second, Match: func(*http.Request) bool { asked <- struct{}{}; return true }})
				h.clock.advance(2 * time.Hour)
				refreshed := make(chan int, 1)
				go func() { refreshed <- h.call("POST", "/api/gmail/refresh/"+haneul, apiSecret, "").status }()
				<-asked
				begun := time.Now()
				if a := h.call("DELETE", "/api/gmail/"+haneul, apiSecret, ""); a.status != http.StatusNoContent {
					t.Errorf("disconnect: %d %s", a.status, a.body)
				}
				if took := time.Since(begun); took > 10*time.Second {
					t.Errorf("took %s", took)
				}
				if status := <-refreshed; name != "slow" && status == http.StatusOK {
					t.Errorf("the refresh in flight: %d", status)
				}
				if n := h.grants(); n != 0 {
					t.Errorf("%d rows came back to life", n)
				}
				h.json("GET", "/api/gmail/check/"+haneul, cronSecret, "", http.StatusNotFound)
				if warned := strings.Contains(h.log.String(), "could not be revoked"); warned != (name != "fine") {
					t.Errorf("told that it was not revoked: %v", warned)
				}
			})
		})
	}
}
