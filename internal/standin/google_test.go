package standin_test

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"achim/internal/standin"
)

type google struct {
	*standin.Google
	ends  standin.Endpoints
	clock *clock
}

func newGoogle(t *testing.T) google {
	t.Helper()
	g := standin.NewGoogle(clientID, clientSecret)
	c := newClock()
	g.Now = c.Now
	g.AddAccount(standin.Account{Email: someone, Name: "김하늘"})
	g.AddAccount(standin.Account{Email: "minji@gaon.example"})
	return google{g, g.Endpoints(serve(t, g)), c}
}

func (g google) authURL(extra ...string) string {
	q := form("client_id", clientID, "redirect_uri", callback, "response_type", "code", "state", "s t/1",
		"scope", "openid email https://www.googleapis.com/auth/gmail.readonly https://www.googleapis.com/auth/calendar.readonly")
	for i := 0; i+1 < len(extra); i += 2 {
		q.Set(extra[i], extra[i+1])
	}
	return g.ends.AuthURL + "?" + q.Encode()
}

// consent returns the query of the redirect.
func (g google) consent(t *testing.T, authURL string, c standin.Choice) url.Values {
	t.Helper()
	to, err := g.Consent(t.Context(), authURL, c)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(to, callback+"?") {
		t.Fatalf("redirected to %s", to)
	}
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

func (g google) post(t *testing.T, pairs ...string) reply {
	t.Helper()
	f := form("client_id", clientID, "client_secret", clientSecret)
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	r, err := postForm(t, g.ends.TokenURL, f)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (g google) exchange(t *testing.T, code string, pairs ...string) reply {
	t.Helper()
	return g.post(t, append([]string{"grant_type", "authorization_code", "code", code, "redirect_uri", callback}, pairs...)...)
}

func (g google) refresh(t *testing.T, token string, pairs ...string) reply {
	t.Helper()
	return g.post(t, append([]string{"grant_type", "refresh_token", "refresh_token", token}, pairs...)...)
}

func wantOAuthError(t *testing.T, r reply, status int, code, description string) {
	t.Helper()
	equal(t, "status", r.Status, status)
	equal(t, "error", r.at(t, "error"), any(code))
	equal(t, "description", r.at(t, "error_description"), any(description))
}

func TestConsentAndExchange(t *testing.T) {
	g := newGoogle(t)
	back := g.consent(t, g.authURL("access_type", "offline"), standin.Choice{Email: someone})
	equal(t, "state", back.Get("state"), "s t/1")
	if !strings.Contains(back.Get("scope"), "userinfo.email") {
		t.Errorf("scope in the redirect: %s", back.Get("scope"))
	}
	r := g.exchange(t, back.Get("code"))
	equal(t, "status", r.Status, 200)
	equal(t, "expires_in", r.at(t, "expires_in"), any(3599.0))
	equal(t, "token_type", r.at(t, "token_type"), any("Bearer"))
	if r.at(t, "refresh_token") == nil || r.Header.Get("Date") == "" {
		t.Error("no refresh token or no Date")
	}
	parts := strings.Split(r.at(t, "id_token").(string), ".")
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var id struct{ Sub, Email, Aud string }
	if err := json.Unmarshal(claims, &id); err != nil {
		t.Fatal(err)
	}
	equal(t, "email claim", id.Email, someone)
	equal(t, "aud claim", id.Aud, clientID)
	info := get(t, g.ends.UserinfoURL, r.at(t, "access_token").(string))
	equal(t, "userinfo sub", info.at(t, "sub"), any(id.Sub))

	wantOAuthError(t, g.exchange(t, back.Get("code")), 400, "invalid_grant", "Malformed auth code.")
}

func TestRefreshTokenOnlyWhenGoogleGivesOne(t *testing.T) {
	for _, tc := range []struct {
		name  string
		first []string // an earlier consent, nil for none
		query []string
		want  bool
	}{
		{"online", nil, nil, false},
		{"prompt alone", nil, []string{"prompt", "consent"}, false},
		{"offline, first", nil, []string{"access_type", "offline"}, true},
		{"offline, second", []string{"access_type", "offline"}, []string{"access_type", "offline"}, false},
		{"offline and prompt", []string{"access_type", "offline"}, []string{"access_type", "offline", "prompt", "consent"}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := newGoogle(t)
			if tc.first != nil {
				g.consent(t, g.authURL(tc.first...), standin.Choice{})
			}
			r := g.exchange(t, g.consent(t, g.authURL(tc.query...), standin.Choice{}).Get("code"))
			equal(t, "refresh token", r.at(t, "refresh_token") != nil, tc.want)
		})
	}
}

func TestConsentChoices(t *testing.T) {
	g := newGoogle(t)
	back := g.consent(t, g.authURL(), standin.Choice{Deny: true})
	equal(t, "error", back.Get("error"), "access_denied")
	equal(t, "state", back.Get("state"), "s t/1")

	back = g.consent(t, g.authURL("login_hint", "minji@gaon.example"), standin.Choice{Untick: []string{"calendar.readonly"}})
	r := g.exchange(t, back.Get("code"))
	if s := r.at(t, "scope").(string); strings.Contains(s, "calendar") || !strings.Contains(s, "gmail.readonly") {
		t.Errorf("scope: %s", s)
	}
	equal(t, "account", get(t, g.ends.UserinfoURL, r.at(t, "access_token").(string)).at(t, "email"), any("minji@gaon.example"))

	// Earlier grants come along only when asked for.
	g.Grant(someone, "calendar.events")
	for include, want := range map[string]bool{"true": true, "false": false} {
		back := g.consent(t, g.authURL("include_granted_scopes", include), standin.Choice{Email: someone})
		s := g.exchange(t, back.Get("code")).at(t, "scope").(string)
		equal(t, "union with include="+include, strings.Contains(s, "calendar.events"), want)
	}
}

func TestConsentPage(t *testing.T) {
	g := newGoogle(t)
	page := get(t, g.authURL("login_hint", "minji@gaon.example"), "")
	equal(t, "status", page.Status, 200)
	for _, want := range []string{"연습용", `value="minji@gaon.example" required checked`, "허용", "취소", `name="scope" value="https://www.googleapis.com/auth/gmail.readonly" checked`} {
		if !strings.Contains(page.Body, want) {
			t.Errorf("page lacks %q", want)
		}
	}
	if strings.Contains(page.Body, `name="scope" value="openid"`) {
		t.Error("sign-in scopes cannot be unticked")
	}
	for what, at := range map[string]string{
		"invalid_client":        g.authURL("client_id", "other"),
		"redirect_uri_mismatch": g.authURL("redirect_uri", "javascript:alert(1)"),
		"invalid_scope":         g.authURL("scope", "gmail.readonly"),
	} {
		r := get(t, at, "")
		if r.Status < 400 || !strings.Contains(r.Body, what) {
			t.Errorf("%s: %d", what, r.Status)
		}
		if _, err := g.Consent(t.Context(), at, standin.Choice{}); err == nil {
			t.Errorf("%s: consent went through", what)
		}
	}
}

func TestCodeIsBoundToWhoAskedForIt(t *testing.T) {
	g := newGoogle(t)
	g.AddClient("second.apps.example", "other-secret")
	code := func() string { return g.consent(t, g.authURL(), standin.Choice{}).Get("code") }
	wantOAuthError(t, g.exchange(t, code(), "redirect_uri", callback+"/"), 400, "redirect_uri_mismatch", "Bad Request")
	wantOAuthError(t, g.exchange(t, code(), "client_id", "second.apps.example", "client_secret", "other-secret"),
		400, "invalid_grant", "Malformed auth code.")
	old := code()
	g.clock.Add(11 * time.Minute)
	wantOAuthError(t, g.exchange(t, old), 400, "invalid_grant", "Malformed auth code.")
}

func TestPKCE(t *testing.T) {
	g := newGoogle(t)
	// The pair from RFC 7636, appendix B.
	const rfcVerifier, rfcChallenge = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	code := func() string {
		at := g.authURL("code_challenge", rfcChallenge, "code_challenge_method", "S256")
		return g.consent(t, at, standin.Choice{}).Get("code")
	}
	wantOAuthError(t, g.exchange(t, code()), 400, "invalid_grant", "Missing code verifier.")
	wantOAuthError(t, g.exchange(t, code(), "code_verifier", "wrong"), 400, "invalid_grant", "Invalid code verifier.")
	equal(t, "right verifier", g.exchange(t, code(), "code_verifier", rfcVerifier).Status, 200)
}

func TestRefresh(t *testing.T) {
	g := newGoogle(t)
	tok := g.Grant(someone)
	r := g.refresh(t, tok.RefreshToken)
	equal(t, "status", r.Status, 200)
	if r.at(t, "refresh_token") != nil || r.at(t, "access_token") == any(tok.AccessToken) {
		t.Error("a refresh gives a new access token and no refresh token")
	}
	wantOAuthError(t, g.refresh(t, "made-up"), 400, "invalid_grant", "Bad Request")
	wantOAuthError(t, g.refresh(t, tok.RefreshToken, "scope", "https://www.googleapis.com/auth/calendar"),
		400, "invalid_scope", "Some requested scopes were invalid.")
	wantOAuthError(t, g.refresh(t, tok.RefreshToken, "client_secret", "wrong"), 401, "invalid_client", "Unauthorized")
	wantOAuthError(t, g.refresh(t, tok.RefreshToken, "client_id", "wrong"), 401, "invalid_client", "The OAuth client was not found.")
	g.AddClient("second.apps.example", "other-secret")
	wantOAuthError(t, g.refresh(t, tok.RefreshToken, "client_id", "second.apps.example", "client_secret", "other-secret"),
		401, "unauthorized_client", "Unauthorized")
	g.RemoveClient(clientID)
	wantOAuthError(t, g.refresh(t, tok.RefreshToken), 401, "deleted_client", "The OAuth client was deleted.")
}

func TestRefreshTokenThatEnds(t *testing.T) {
	g := newGoogle(t)
	g.RefreshTokenExpiresIn = 7 * 24 * time.Hour
	tok := g.Grant(someone)
	equal(t, "announced", g.refresh(t, tok.RefreshToken).at(t, "refresh_token_expires_in"), any(604800.0))
	g.clock.Add(8 * 24 * time.Hour)
	wantOAuthError(t, g.refresh(t, tok.RefreshToken), 400, "invalid_grant", "Token has been expired or revoked.")
}

func TestRevocationIsProjectWide(t *testing.T) {
	g := newGoogle(t)
	first, second := g.Grant(someone), g.Grant(someone)
	other := g.Grant("minji@gaon.example")
	r, err := postForm(t, g.ends.RevokeURL, form("token", first.AccessToken))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "revoke", r.Status, 200)
	wantOAuthError(t, g.refresh(t, second.RefreshToken), 400, "invalid_grant", "Token has been expired or revoked.")
	equal(t, "access token", get(t, g.ends.GmailURL+"/gmail/v1/users/me/profile", second.AccessToken).Status, 401)
	equal(t, "someone else's", g.refresh(t, other.RefreshToken).Status, 200)
	if r, _ = postForm(t, g.ends.RevokeURL, form("token", first.AccessToken)); r.Status != 400 || r.at(t, "error") != any("invalid_token") {
		t.Errorf("revoked twice: %d %s", r.Status, r.Body)
	}
	// The next consent is a first one again.
	back := g.consent(t, g.authURL("access_type", "offline"), standin.Choice{Email: someone})
	if g.exchange(t, back.Get("code")).at(t, "refresh_token") == nil {
		t.Error("no refresh token after reconnecting")
	}
}

func TestHundredAndFirstTokenKillsTheOldest(t *testing.T) {
	g := newGoogle(t)
	oldest, next := g.Grant(someone), g.Grant(someone)
	for range 99 {
		g.Grant(someone)
	}
	equal(t, "oldest", g.refresh(t, oldest.RefreshToken).Status, 400)
	equal(t, "next", g.refresh(t, next.RefreshToken).Status, 200)
}

func TestAPIErrors(t *testing.T) {
	g := newGoogle(t)
	tok := g.Grant(someone)
	mail := g.ends.GmailURL + "/gmail/v1/users/me/messages"
	calendars := g.ends.CalendarURL + "/calendar/v3/users/me/calendarList"

	g.DisableAPI("gmail")
	r := get(t, mail, tok.AccessToken)
	equal(t, "disabled", r.Status, 403)
	equal(t, "reason", r.at(t, "error", "errors", 0, "reason"), any("accessNotConfigured"))
	equal(t, "details", r.at(t, "error", "details", 0, "reason"), any("SERVICE_DISABLED"))
	g.EnableAPI("gmail")
	equal(t, "enabled", get(t, mail, tok.AccessToken).Status, 200)

	g.DropScope(someone, "calendar.readonly")
	r = get(t, calendars, tok.AccessToken)
	equal(t, "scope", r.Status, 403)
	equal(t, "reason", r.at(t, "error", "errors", 0, "reason"), any("insufficientPermissions"))
	equal(t, "details", r.at(t, "error", "details", 0, "reason"), any("ACCESS_TOKEN_SCOPE_INSUFFICIENT"))
	if !strings.Contains(r.Header.Get("WWW-Authenticate"), "insufficient_scope") {
		t.Error("no WWW-Authenticate")
	}
	if s := g.refresh(t, tok.RefreshToken).at(t, "scope").(string); strings.Contains(s, "calendar") {
		t.Errorf("a refresh brought the scope back: %s", s)
	}

	g.ExpireAccess(someone)
	r = get(t, mail, tok.AccessToken)
	equal(t, "expired", r.Status, 401)
	equal(t, "status", r.at(t, "error", "status"), any("UNAUTHENTICATED"))
	fresh := g.refresh(t, tok.RefreshToken).at(t, "access_token").(string)
	equal(t, "refreshed", get(t, mail, fresh).Status, 200)
	g.clock.Add(time.Hour)
	equal(t, "an hour later", get(t, mail, fresh).Status, 401)

	g.AddAccount(standin.Account{Email: "nomail@gaon.example", NoGmail: true})
	r = get(t, mail, g.Grant("nomail@gaon.example").AccessToken)
	equal(t, "no Gmail", r.at(t, "error", "status"), any("FAILED_PRECONDITION"))
	equal(t, "unknown path", get(t, g.ends.GmailURL+"/nowhere", fresh).Status, 404)
}

func TestFaultBodiesLookLikeGoogle(t *testing.T) {
	g := newGoogle(t)
	tok := g.Grant(someone)
	g.Inject(standin.Fault{Op: "gmail.messages.list", Times: 1, Status: 503})
	r := get(t, g.ends.GmailURL+"/gmail/v1/users/me/messages", tok.AccessToken)
	equal(t, "status", r.at(t, "error", "code"), any(503.0))
	g.Inject(standin.Fault{Op: "token", Times: 1, Status: 500})
	wantOAuthError(t, g.refresh(t, tok.RefreshToken), 500, "internal_failure", "Backend Error")
	g.Inject(standin.Fault{Op: "gmail.messages.list", Times: 1, Status: 403, Body: standin.GoogleError(403, "userRateLimitExceeded", "User Rate Limit Exceeded")})
	r = get(t, g.ends.GmailURL+"/gmail/v1/users/me/messages", tok.AccessToken)
	equal(t, "domain", r.at(t, "error", "errors", 0, "domain"), any("usageLimits"))
	equal(t, "calls", g.Calls("gmail.messages.list"), 2)
}
