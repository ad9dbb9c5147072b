package httpserver_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"achim/briefing"
	"achim/internal/httpserver"
	"achim/internal/standin"
	"achim/sources"
	"achim/store"
	"achim/store/storetest"
)

// callback is the server over the real consent, a real database and Google's stand-in.
type callback struct {
	store   *store.Store
	google  *sources.Google
	handler http.Handler
}

func newCallback(t testing.TB) callback {
	t.Helper()
	google := standin.NewGoogle("client", "secret")
	google.AddAccount(standin.Account{Email: "minji@gaon.example"})
	server, err := standin.Serve(google, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	ends := google.Endpoints(server.URL)
	s := storetest.Open(t, storetest.SQLite)
	if _, err := s.SaveReader(t.Context(), briefing.Reader{ID: minji, Name: "minji", SlackUserID: "U0MINJI"}); err != nil {
		t.Fatal(err)
	}
	client := sources.NewGoogle(sources.GoogleConfig{
		ClientID: "client", ClientSecret: briefing.NewSecret("secret"), RedirectURL: "http://localhost/api/gmail/callback",
		AuthURL: ends.AuthURL, TokenURL: ends.TokenURL, RevokeURL: ends.RevokeURL, UserinfoURL: ends.UserinfoURL,
		GmailURL: ends.GmailURL, CalendarURL: ends.CalendarURL,
	}, s)
	t.Cleanup(func() { _ = client.Close() })
	w := newWorld()
	deps := w.deps()
	deps.Connector, deps.Credentials, deps.Readers = client, client, s
	return callback{s, client, httpserver.New(deps)}
}

// begin starts a consent and returns its state.
func (c callback) begin(t *testing.T, browser bool) string {
	t.Helper()
	address, err := c.google.Begin(t.Context(), briefing.ConnectRequest{Reader: minji, Browser: browser})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get("state")
}

// FuzzCallback: whatever a stranger sends as Google's redirect, or as the answer to our question, it ends on a page,
// is nobody's server error, does not come back unescaped, and stores nothing. Live is what comes behind a state that
// was really begun.
func FuzzCallback(f *testing.F) {
	c := newCallback(f)
	for _, seed := range []struct {
		query, cookie, form string
		live                bool
	}{
		{"state=x&code=4/0abc", "", "", false},
		{"code=4/0abc&scope=openid&iss=https://accounts.google.com", "", "ticket=x&answer=yes", true},
		{"error=access_denied", "a=b", "ticket=x&answer=no", true},
		{"error=<script>alert(1)</script>", "", "ticket=<script>&answer=yes", true},
		{"error=admin_policy_enforced&error=x", "", "answer=yes", true},
		{"state=b.x&code=1&state=y", "__Host-achim_consent_00000000=0", "", false},
		{"%zz&;&=&&state", ";;=", "%zz", true},
		{"code=\x00\xff", "", "", true},
	} {
		f.Add(seed.query, seed.cookie, seed.form, seed.live)
	}
	f.Fuzz(func(t *testing.T, query, cookie, form string, live bool) {
		if live {
			query = "state=" + c.begin(t, len(form)%2 == 1) + "&" + query
		}
		for _, r := range []*http.Request{
			{Method: http.MethodGet, URL: &url.URL{Path: "/api/gmail/callback", RawQuery: query}},
			{Method: http.MethodPost, URL: &url.URL{Path: "/connect/confirm", RawQuery: query}},
		} {
			sent := httptest.NewRequestWithContext(t.Context(), r.Method, r.URL.Path, strings.NewReader(form))
			sent.URL.RawQuery = query
			sent.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			sent.Header.Set("Cookie", cookie)
			rec := httptest.NewRecorder()
			c.handler.ServeHTTP(rec, sent)
			if rec.Code >= 500 && !googleSaid(query) {
				t.Errorf("%s %q: %d", r.Method, query, rec.Code)
			}
			if body := rec.Body.String(); !strings.Contains(body, "</html>") || strings.Contains(body, "<script") {
				t.Errorf("%s %q: %s", r.Method, query, body)
			}
		}
		for _, table := range []string{"gmail_token", "achim_pending_grant"} {
			if rows := storetest.Rows(t, c.store, "SELECT * FROM "+table); len(rows) != 0 {
				t.Fatalf("%q stored %v in %s", query, rows, table)
			}
		}
	})
}

// googleSaid reports whether the query holds one of the words with which Google says that it, or the operator's
// client, is not well: those pages have a status of 500 and up.
func googleSaid(query string) bool {
	q, _ := url.ParseQuery(query)
	return slices.ContainsFunc([]string{"server_error", "internal_failure", "temporarily_unavailable", "rate_limit_exceeded", "slow_down",
		"invalid_client", "unauthorized_client", "deleted_client", "disabled_client", "redirect_uri_mismatch", "invalid_scope", "invalid_request",
		"unsupported_grant_type", "unsupported_response_type"}, func(word string) bool { return q.Get("error") == word })
}

// FuzzState: no text but the very state and the very ticket is taken for them, and trying uses up neither.
func FuzzState(f *testing.F) {
	c := newCallback(f)
	for _, seed := range []string{"", "b.", "x", strings.Repeat("A", 52), "%00", "' OR 1=1 --", "b.\x00", strings.Repeat("가", 500)} {
		f.Add(seed, uint8(0))
		f.Add(seed, uint8(7))
	}
	f.Fuzz(func(t *testing.T, guess string, at uint8) {
		state := c.begin(t, false)
		place := int(at) % (len(state) + 1)
		for _, tried := range []string{guess, state[:place] + guess + state[place:], state[:place] + guess, guess + state[place:]} {
			if tried == state {
				continue
			}
			rec := httptest.NewRecorder()
			c.handler.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet,
				"/api/gmail/callback?code=4/0x&state="+url.QueryEscape(tried), nil))
			if rec.Code != http.StatusBadRequest {
				t.Errorf("%q: %d", tried, rec.Code)
			}
			if _, err := c.google.Confirm(t.Context(), tried); err == nil {
				t.Errorf("%q is a ticket", tried)
			}
		}
		rows := storetest.Rows(t, c.store, "SELECT used_at FROM achim_consent WHERE used_at IS NOT NULL")
		if len(rows) != 0 {
			t.Errorf("used up: %v", rows)
		}
		storetest.Exec(t, c.store, "DELETE FROM achim_consent")
	})
}
