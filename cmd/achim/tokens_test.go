package main_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"achim/internal/standin"
	"achim/store"
	"achim/store/storetest"
)

const strangerID = "9f0c6a52-1d2e-4b7a-9c55-0a1b2c3d4e5f"

// outside writes to the town's database as another program would.
func (h *town) outside(statements ...string) {
	h.t.Helper()
	s, err := store.Open(h.t.Context(), h.env["DATABASE_URL"], store.Options{})
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	for _, statement := range statements {
		storetest.Exec(h.t, s, statement)
	}
}

// TestTokens goes through the life of a connection on both databases.
func TestTokens(t *testing.T) {
	t.Parallel()
	for _, dialect := range []storetest.Dialect{storetest.SQLite, storetest.Postgres} {
		t.Run(string(dialect), func(t *testing.T) {
			t.Parallel()
			h := newTown(t, dialect)
			h.expect(0, nil, "migrate")
			h.expect(0, []string{"Nobody has connected", "achim connect"}, "tokens", "list")
			h.addHaneul()
			h.expect(1, []string{"haneul has no Google connection", "achim connect --user " + haneulID}, "tokens", "check", "--user", "haneul")
			h.expect(2, []string{"--user", strangerID, "achim tokens list"}, "tokens", "refresh", "--user", strangerID)
			h.serving()
			h.connect()

			for _, who := range []string{haneulID, haneulSlack, "haneul", strings.ToUpper(haneulID)} {
				h.expect(0, []string{"haneul", "works, confirmed 2", "gmail.readonly", "ha•••@gaon.example"}, "tokens", "check", "--user", who)
			}
			h.expect(0, []string{"haneul: valid, good for 59m"}, "tokens", "refresh", "--user", "haneul")
			before := h.google.Calls("token")
			h.expect(0, []string{"haneul: refreshed, good for 59m"}, "tokens", "refresh", "--user", "haneul", "--force")
			if n := h.google.Calls("token") - before; n != 1 {
				t.Errorf("--force asked Google %d times", n)
			}
			h.expect(2, []string{"--yes"}, "tokens", "revoke", "--user", "haneul")
			h.expect(0, []string{"haneul: revoked at Google and forgotten"}, "tokens", "revoke", "--user", "haneul", "--yes")
			h.expect(1, []string{"haneul has no Google connection"}, "tokens", "revoke", "--user", "haneul", "--yes")
			if n := h.google.Calls("revoke"); n != 1 {
				t.Errorf("Google was asked to revoke %d times", n)
			}
		})
	}
}

// TestTokensOfEveryKind: each row has its own words, those of people who are no readers too, and no token is printed.
func TestTokensOfEveryKind(t *testing.T) {
	t.Parallel()
	for _, dialect := range []storetest.Dialect{storetest.SQLite, storetest.Postgres} {
		t.Run(string(dialect), func(t *testing.T) {
			t.Parallel()
			h := connected(t, dialect)
			row := func(n int, columns, values string) string {
				return fmt.Sprintf("INSERT INTO gmail_token (user_id, %s) VALUES ('%d%s', %s)", columns, n, strangerID[1:], values)
			}
			h.outside(
				row(1, "token_data, metadata, scopes", `'{"access_token":"leaky-1","refresh_token":"leaky-2"}', '{"email":"minji@gaon.example"}', '["openid"]'`),
				row(2, "token_data", `'{"access_token":"leaky-3"}'`),
				row(4, "token_data", `'["leaky-4"]'`),
			)
			r := h.expect(0, []string{
				"WHO", "haneul", "works, confirmed 2",
				"mi•••@gaon.example", "not tried by achim yet; its row does not list userinfo.email, gmail.readonly, calendar.readonly; no reader",
				"no refresh token; no reader", "cannot be read: token_data is not a JSON object; no reader",
			}, "tokens", "list")
			if strings.Contains(r.out+r.err, "leaky") || strings.Contains(r.out, haneulMail) {
				t.Errorf("a token or a whole address is printed:\n%s", r.out)
			}
			for line := range strings.Lines(r.out) {
				if strings.HasSuffix(line, " \n") {
					t.Errorf("trailing space in %q", line)
				}
			}
			list := h.json(0, "tokens", "list")["tokens"].([]any)
			if len(list) != 4 {
				t.Fatalf("%d rows in JSON", len(list))
			}
			standings := ""
			for _, one := range list {
				view := one.(map[string]any)
				standings += fmt.Sprint(view["standing"], " ")
				members(t, "tokens list", view, []string{"user_id", "name", "email", "standing", "fault", "has_access_token",
					"has_refresh_token", "has_oauth_config", "other_client", "scopes", "missing_scopes", "last_error", "detail", "account_deleted", "expires_at",
					"failing_since", "dead_since", "ends_at", "granted_at", "checked_at"})
			}
			if standings != "untried no_refresh_token works malformed " {
				t.Errorf("standings %s", standings)
			}
			h.expect(1, []string{"no reader", "no refresh token"}, "tokens", "check", "--user", "2"+strangerID[1:])
			h.expect(1, []string{"cannot be read: token_data is not a JSON object", "achim users add --id 4" + strangerID[1:]}, "tokens", "check", "--user", "4"+strangerID[1:])
			h.expect(1, []string{"no reader of achim's", "achim users add --id 2" + strangerID[1:]}, "tokens", "refresh", "--user", "2"+strangerID[1:], "--force")
			h.expect(0, []string{"forgotten; there was nothing to revoke"}, "tokens", "revoke", "--user", "4"+strangerID[1:], "--yes")
			// What is left says of one row not whose account it is: haneul's access might be its too.
			h.expect(0, []string{"haneul: forgotten, but not revoked at Google", "\n  2" + strangerID[1:] + " (no reader): might be connected to it",
				"https://myaccount.google.com/connections, which ends it for all"}, "tokens", "revoke", "--user", "haneul", "--yes")
			if n := h.google.Calls("revoke"); n != 0 {
				t.Errorf("%d revocations", n)
			}
		})
	}
}

// TestTokensWithGoogleAgainst: each refusal is told with what to do, and none is printed whole.
func TestTokensWithGoogleAgainst(t *testing.T) {
	t.Parallel()
	h := connected(t, storetest.SQLite)
	h.env["ACHIM_PUBLIC_URL"] = "https://achim.gaon.example"
	force := []string{"tokens", "refresh", "--user", "haneul", "--force"}
	h.google.Inject(standin.Fault{Op: "token", Times: 1, Status: http.StatusServiceUnavailable})
	r0 := h.expect(1, []string{"achim: haneul: Google gives no new access token for now (unavailable: HTTP 503", "); nothing is lost, and a running serve tries again"}, force...)
	if strings.Contains(r0.err, "refresh google token") || strings.Count(r0.err, "\n") != 1 {
		t.Errorf("an outage: %s", r0.err)
	}
	h.expect(1, []string{"failing since 2", "unavailable"}, "tokens", "check", "--user", "haneul")
	h.google.Inject(standin.Fault{Op: "token", Times: 1, Status: http.StatusUnauthorized, Body: standin.OAuthError("invalid_client", "leaky-secret")})
	if r := h.expect(1, []string{"client_misconfigured", "GOOGLE_CLIENT_SECRET"}, force...); strings.Contains(r.out+r.err, "leaky") {
		t.Errorf("Google's words are repeated: %s", r.err)
	}
	h.google.Revoke(haneulMail)
	r := h.expect(1, []string{"haneul has to connect Google again (reauth_required, since 2"}, force...)
	if !strings.HasPrefix(r.out, "https://achim.gaon.example/connect/") || strings.Count(r.out, "\n") != 1 {
		t.Errorf("the link: %q", r.out)
	}
	if got := h.json(1, force...); got["code"] != "reauth_required" || !strings.HasPrefix(got["auth_url"].(string), "https://achim.gaon.example/connect/") {
		t.Errorf("in JSON: %v", got)
	}
	dead := h.expect(1, []string{"dead since 2", "reauth_required: Google said HTTP 400 invalid_grant, and says no more", "achim connect --user " + haneulID},
		"tokens", "check", "--user", "haneul")
	if strings.Contains(dead.out, "access  ") || strings.Contains(dead.out, "for 5") {
		t.Errorf("of a dead grant it is said:\n%s", dead.out)
	}
	if r := h.expect(1, []string{"reauth_required, since 2"}, "tokens", "refresh", "--user", "haneul"); strings.Contains(r.out+r.err, "valid") {
		t.Errorf("a dead grant: %s%s", r.out, r.err)
	}
	h.env["ACHIM_PUBLIC_URL"] = "http://127.0.0.1:8001"
	h.expect(1, []string{"achim: a phone cannot open http://127.0.0.1:8001: set ACHIM_PUBLIC_URL"}, force...)
	h.expect(0, []string{"dead since 2", "1 reader has to connect again"}, "tokens", "list")
	h.google.Inject(standin.Fault{Op: "revoke", Delay: time.Minute})
	if got := h.json(0, "tokens", "revoke", "--user", "haneul", "--yes"); got["revocation"] != "failed" || got["user_id"] != haneulID {
		t.Errorf("revoked while Google hangs: %v", got)
	}
}

// TestTokensOfOddRows: a row that is no grant, one of another OAuth client and one that lacks only what tells whose it is
// are told apart, and each comes with what helps.
func TestTokensOfOddRows(t *testing.T) {
	t.Parallel()
	for _, dialect := range []storetest.Dialect{storetest.SQLite, storetest.Postgres} {
		t.Run(string(dialect), func(t *testing.T) {
			t.Parallel()
			h := connected(t, dialect)
			h.env["ACHIM_PUBLIC_URL"] = "https://achim.gaon.example"
			token := h.google.Grant(haneulMail, "gmail.readonly", "calendar.readonly")
			h.outside(fmt.Sprintf(`UPDATE gmail_token SET oauth_config = NULL, scopes = '["https://www.googleapis.com/auth/gmail.readonly","https://www.googleapis.com/auth/calendar.readonly"]', `+
				`token_data = '{"access_token":"%s","refresh_token":"%s"}'`, token.AccessToken, token.RefreshToken))
			bare := h.expect(0, []string{"without openid, userinfo.email, which nothing here needs"}, "tokens", "check", "--user", "haneul")
			h.expect(0, []string{"haneul: refreshed"}, "tokens", "refresh", "--user", "haneul")
			list := h.expect(0, []string{"haneul", "works, confirmed"}, "tokens", "list")
			if all := bare.out + list.out; strings.Contains(all, "remedy") || strings.Contains(all, "connect again") || strings.Contains(all, "lacks") {
				t.Errorf("a grant that works is complained of:\n%s", all)
			}

			h.outside(`UPDATE gmail_token SET oauth_config = '{"client_id":"other.apps.example","client_secret":"marked"}'`)
			h.expect(0, []string{"client", "not the configured one", "other.apps.example"}, "tokens", "check", "--user", "haneul")
			r := h.expect(1, []string{"client_misconfigured", "oauth_config"}, "tokens", "refresh", "--user", "haneul", "--force")
			if strings.Contains(r.err, "GOOGLE_CLIENT_ID") || strings.Contains(r.err, "marked") {
				t.Errorf("a grant of another client: %s", r.err)
			}
			h.expect(1, []string{"failing since 2", "cause", "invalid_client", "correct client_id and client_secret in the row's oauth_config"}, "tokens", "check", "--user", "haneul")

			h.outside(`UPDATE gmail_token SET token_data = '[]'`)
			h.expect(1, []string{"cannot be read: token_data is not a JSON object", "ha•••@gaon.example", "achim connect --user " + haneulID}, "tokens", "check", "--user", "haneul")
			r = h.expect(1, []string{"haneul has to connect Google again (reauth_required: token_data is not a JSON object); the link"}, "tokens", "refresh", "--user", "haneul")
			if !strings.HasPrefix(r.out, "https://achim.gaon.example/connect/") {
				t.Errorf("the link: %q", r.out)
			}
		})
	}
}

// TestNothingSteersTheTerminal: whatever stands in rows is printed as text, in its place, and JSON has it whole. Korean
// text and joined signs are as they were.
func TestNothingSteersTheTerminal(t *testing.T) {
	t.Parallel()
	for _, dialect := range []storetest.Dialect{storetest.SQLite, storetest.Postgres} {
		t.Run(string(dialect), func(t *testing.T) {
			t.Parallel()
			h := connected(t, dialect)
			const evil = `\u001b]0;owned\u0007\u009b2J\r\u202e`
			h.outside(`UPDATE gmail_token SET oauth_config = '{"client_id":"client` + evil + `","client_secret":"marked"}', scopes = '["openid` + evil + `","x"]', ` +
				`metadata = '{"email":"ha@` + evil + `gaon.example","name":"김하늘 👩‍💻\u001b[31m"}'`)
			safe := func(args ...string) string {
				r := h.run(args...)
				if strings.ContainsAny(r.out+r.err, "\x1b\x07\u009b\r\u202e") {
					t.Errorf("%v steers the terminal: %q", args, r.out+r.err)
				}
				return r.out
			}
			for _, args := range [][]string{{"tokens", "list"}, {"doctor"}, {"tokens", "refresh", "--user", "haneul", "--force"}, {"users", "remove", "--user", "nobody \x1b[2J"},
				{"tokens", "list", "--json"}} {
				safe(args...)
			}
			if check := safe("tokens", "check", "--user", "haneul"); !strings.Contains(check, "client\ufffd]0;owned\ufffd\ufffd2J\ufffd\ufffd") {
				t.Errorf("the client is not told:\n%q", check)
			}
			if stored := safe("users", "show", "--user", "haneul", "--stored"); !strings.Contains(stored, "김하늘 👩‍💻") {
				t.Errorf("the name is not shown:\n%s", stored)
			}
			safe("users", "show", "--user", "haneul", "--stored", "--json")
			tables := fmt.Sprint(h.json(0, "users", "show", "--user", "haneul", "--stored")["tables"])
			if !strings.Contains(tables, "ha@\x1b]0;owned\x07\u009b2J\r\u202egaon.example") {
				t.Errorf("JSON has lost something: %q", tables)
			}
			r := h.expect(0, nil, "users", "remove", "--user", "haneul", "--yes")
			if strings.Contains(r.out, "\x1b") {
				t.Errorf("removing steers the terminal: %q", r.out)
			}
		})
	}
}

// TestAddedWithAGrantThatWorks: who brings along a grant that lacks only what tells whose it is has nothing to do.
func TestAddedWithAGrantThatWorks(t *testing.T) {
	t.Parallel()
	h := connected(t, storetest.SQLite)
	token := h.google.Grant(haneulMail, "gmail.readonly", "calendar.readonly")
	h.outside(fmt.Sprintf(`INSERT INTO gmail_token (user_id, token_data, scopes, metadata) VALUES ('%s', '{"access_token":"%s","refresh_token":"%s"}', `+
		`'["https://www.googleapis.com/auth/gmail.readonly","https://www.googleapis.com/auth/calendar.readonly"]', '{"email":"%s"}')`,
		strangerID, token.AccessToken, token.RefreshToken, haneulMail))
	r := h.expect(0, []string{"Google is connected already: ha•••@gaon.example"}, "users", "add", "--name", "minji", "--slack", "U0MINJI", "--id", strangerID, "--quiet")
	if strings.Contains(r.out, "achim connect") {
		t.Errorf("a grant that works is to be made anew:\n%s", r.out)
	}
}

// TestTokensThatLackAScope: that Google did not grant something is told, with what helps and status 1; that a row does not
// list it is a hint which the next refresh clears up.
func TestTokensThatLackAScope(t *testing.T) {
	t.Parallel()
	h := connected(t, storetest.SQLite)
	put := func(scopes ...string) {
		token := h.google.Grant(haneulMail, scopes...)
		h.outside(fmt.Sprintf(`UPDATE gmail_token SET scopes = '["openid"]', token_data = '{"access_token":"%s","refresh_token":"%s"}'`, token.AccessToken, token.RefreshToken))
	}
	check := []string{"tokens", "check", "--user", "haneul"}
	put()
	r := h.expect(0, []string{"not tried by achim yet; its row does not list", "gmail.readonly", "achim tokens refresh --force --user " + haneulID}, check...)
	if r.out += h.expect(0, []string{"its row does not list"}, "tokens", "list").out; strings.Contains(r.out, "only they can mend it") || strings.Contains(r.out, "connect again") {
		t.Errorf("a hint is taken for certain:\n%s", r.out)
	}
	h.expect(0, []string{"refreshed"}, "tokens", "refresh", "--user", "haneul")
	if r := h.expect(0, []string{"works, confirmed"}, check...); strings.Contains(r.out, "list") || strings.Contains(r.out, "remedy") {
		t.Errorf("all was granted:\n%s", r.out)
	}
	put("openid", "email", "calendar.readonly")
	h.expect(0, []string{"refreshed"}, "tokens", "refresh", "--user", "haneul", "--force")
	h.expect(1, []string{"lacks gmail.readonly", "only they can mend it"}, check...)
	h.expect(0, []string{"lacks gmail.readonly", "1 reader has to connect again"}, "tokens", "list")
}

// TestRevokingWhatIsShared: whoever else uses the account is listed once, readers by their names, also where their UUID
// stands in the table in capitals; and who has merely been asked is not said to have a row.
func TestRevokingWhatIsShared(t *testing.T) {
	t.Parallel()
	shared := func(dialect storetest.Dialect, owner string) *town {
		h := connected(t, dialect)
		h.expect(0, nil, "users", "add", "--name", "minji", "--slack", "U0MINJI", "--id", strangerID, "--quiet")
		h.expect(0, nil, "users", "add", "--name", "dana", "--slack", "U0DANA", "--id", "8"+strangerID[1:], "--quiet")
		if dialect == storetest.Postgres {
			h.outside("ALTER TABLE gmail_token ALTER COLUMN user_id TYPE TEXT")
			h.expect(0, nil, "migrate")
		}
		h.outside(fmt.Sprintf(`INSERT INTO gmail_token (user_id, token_data, metadata) VALUES ('%s', '{"refresh_token":"1//x"}', '{"email":"%s"}')`, owner, haneulMail))
		for n, who := range []string{"8" + strangerID[1:], strangerID} { // minji has a row as well
			h.outside(fmt.Sprintf("INSERT INTO achim_pending_grant (ticket_hash, reader_id, email, subject, tokens, scopes, switch_account, expires_at) VALUES ('t%d', '%s', '%s', '', '{}', '[]', 0, 9999999999999)",
				n, who, haneulMail))
		}
		return h
	}
	got := shared(storetest.SQLite, strangerID).json(0, "tokens", "revoke", "--user", "haneul", "--yes")
	if want := fmt.Sprint(map[string]any{"user_id": haneulID, "revocation": "shared", "shared_with": []any{
		map[string]any{"user_id": strangerID, "name": "minji", "certain": true, "waits": false},
		map[string]any{"user_id": "8" + strangerID[1:], "name": "dana", "certain": true, "waits": true}}}); fmt.Sprint(got) != want {
		t.Errorf("%v, want %s", got, want)
	}
	r := shared(storetest.Postgres, strings.ToUpper(strangerID)).expect(0, []string{"haneul: forgotten, but not revoked at Google",
		"\n  minji: is connected to it\n  dana: is asked whether to connect it, and has not answered\n", "https://myaccount.google.com/connections, which ends it for all"},
		"tokens", "revoke", "--user", "haneul", "--yes")
	if strings.Count(r.out, "minji") != 1 {
		t.Errorf("said twice: %s", r.out)
	}
}

// TestErasingCountsRows: where a person has several rows, all of them went, and that is what is said.
func TestErasingCountsRows(t *testing.T) {
	t.Parallel()
	h := connected(t, storetest.Postgres)
	h.outside("ALTER TABLE gmail_token DROP CONSTRAINT gmail_token_pkey", "ALTER TABLE gmail_token ALTER COLUMN user_id TYPE TEXT")
	h.expect(0, nil, "migrate")
	h.outside("INSERT INTO gmail_token (user_id, token_data, metadata) SELECT upper(user_id), token_data, metadata FROM gmail_token")
	r := h.expect(0, []string{"erased haneul", "revoked at Google and forgotten"}, "users", "remove", "--user", "haneul", "--erase", "--yes")
	if !regexp.MustCompile(`gmail_token +2 rows`).MatchString(r.out) {
		t.Errorf("it says:\n%s", r.out)
	}
}

// TestTokensAreTheAPIs: --json prints what the API answers.
func TestTokensAreTheAPIs(t *testing.T) {
	t.Parallel()
	h := connected(t, storetest.SQLite)
	members(t, "check", h.json(0, "tokens", "check", "--user", "haneul"), []string{"status", "user_id", "email", "has_token", "has_access_token",
		"has_refresh_token", "has_oauth_config", "is_expired", "remaining_seconds", "needs_refresh", "scopes", "missing_scopes", "last_error", "dead_since"})
	refreshed := h.json(0, "tokens", "refresh", "--user", "haneul", "--force")
	members(t, "refresh", refreshed, []string{"status", "user_id", "email", "expires_in", "access_token"})
	if refreshed["status"] != "refreshed" || refreshed["access_token"] != "••••••••" {
		t.Errorf("refreshed: %v", refreshed)
	}
}
