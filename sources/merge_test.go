package sources_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"achim/briefing"
	"achim/internal/standin"
	"achim/sources"
	"achim/store"
	"achim/store/storetest"
)

// refresh makes the first keeper refresh.
func (f *fleet) refresh(t *testing.T) (briefing.CredentialReport, error) {
	t.Helper()
	return f.keepers[0].Refresh(t.Context(), readerID)
}

func (f *fleet) mustRefresh(t *testing.T) briefing.CredentialReport {
	t.Helper()
	report, err := f.refresh(t)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// whileAsked runs fn once, while Google is being asked to refresh.
func (f *fleet) whileAsked(fn func()) {
	f.google.Inject(standin.Fault{Op: "token", Match: func(*http.Request) bool {
		if fn != nil {
			fn()
			fn = nil
		}
		return false
	}})
}

// outsider changes haneul's row as another program does.
func (f *fleet) outsider(t *testing.T, set string) {
	t.Helper()
	storetest.Exec(t, f.stores[0], fmt.Sprintf("UPDATE gmail_token SET %s WHERE user_id = '%s'", set, readerID))
}

func tokenData(access, refresh, more string) string {
	return fmt.Sprintf(`token_data = '{"access_token":"%s","refresh_token":"%s"%s}'`, access, refresh, more)
}

func TestOutsiderWritesMeanwhile(t *testing.T) {
	onEach(t, func(t *testing.T, d storetest.Dialect) {
		t.Run("the same refresh token: ours onto their row", func(t *testing.T) {
			f := launch(t, d, 1)
			before := f.stored(t)
			f.whileAsked(func() {
				f.outsider(t, tokenData("theirs", before.RefreshToken.Reveal(), `,"theirs":[1]`)+`, robeing_id = 'r1', is_equipped = TRUE`)
			})
			f.mustRefresh(t)
			now := f.stored(t)
			if now.AccessToken.Reveal() == "theirs" || !now.RefreshToken.Equal(before.RefreshToken) || !now.State.Expiry.Equal(f.clock.Now().Add(3599*time.Second)) {
				t.Errorf("stored %+v", now.State)
			}
			row := storetest.Rows(t, f.stores[0], "SELECT token_data, robeing_id FROM gmail_token")[0]
			if !strings.Contains(row, `"theirs"`) || !strings.HasSuffix(row, "|r1") {
				t.Error("their members are gone")
			}
		})
		t.Run("another refresh token: theirs wins", func(t *testing.T) {
			f := launch(t, d, 1)
			theirs := f.google.Grant(haneul)
			f.whileAsked(func() { f.outsider(t, tokenData(theirs.AccessToken, theirs.RefreshToken, "")) })
			f.mustRefresh(t) // theirs, of an unknown expiry, is then refreshed as well
			now := f.stored(t)
			if now.RefreshToken.Reveal() != theirs.RefreshToken {
				t.Error("their grant was overwritten")
			}
			if !now.State.GrantedAt.IsZero() || !now.State.Expiry.Equal(f.clock.Now().Add(3599*time.Second)) {
				t.Errorf("their grant inherits %+v", now.State)
			}
			f.calls(t, map[string]int{"token": 2})
			if held := storetest.Rows(t, f.stores[0], "SELECT COUNT(*) FROM achim_credential_state WHERE lease_owner <> ''"); held[0] != "0" {
				t.Error("the lease on the grant that lost is held on to")
			}
		})
		t.Run("theirs while ours is refused", func(t *testing.T) {
			f := launch(t, d, 1)
			f.google.Revoke(haneul)
			theirs := f.google.Grant(haneul)
			f.whileAsked(func() { f.outsider(t, tokenData(theirs.AccessToken, theirs.RefreshToken, "")) })
			f.mustRefresh(t)
			if now := f.stored(t); !now.State.DeadSince.IsZero() || now.RefreshToken.Reveal() != theirs.RefreshToken {
				t.Errorf("state of theirs: %+v", now.State)
			}
		})
		t.Run("forgotten: it does not come back", func(t *testing.T) {
			f := launch(t, d, 1)
			f.whileAsked(func() { storetest.Exec(t, f.stores[0], "DELETE FROM gmail_token") })
			if _, err := f.refresh(t); err == nil {
				t.Error("no error")
			}
			if rows := storetest.Rows(t, f.stores[0], "SELECT COUNT(*) FROM gmail_token"); rows[0] != "0" {
				t.Error("the grant is back")
			}
		})
	})
}

// busy is a store in which something happens, once unless always, just before a grant is saved.
type busy struct {
	*store.Store
	mu        sync.Mutex
	meanwhile func()
	always    bool
	stateless bool // a state by itself cannot be saved
}

func (b *busy) SaveConsented(ctx context.Context, c briefing.Credential) error {
	b.happens()
	return b.Store.SaveConsented(ctx, c)
}

func (b *busy) ConfirmPending(ctx context.Context, ticketHash string, c briefing.Credential, now time.Time) error {
	b.happens()
	return b.Store.ConfirmPending(ctx, ticketHash, c, now)
}

func (b *busy) SaveCredentialState(ctx context.Context, c briefing.Credential) error {
	if b.stateless {
		return &briefing.Error{Op: "save state", Reason: briefing.Unavailable}
	}
	return b.Store.SaveCredentialState(ctx, c)
}

func (b *busy) happens() {
	b.mu.Lock()
	fn := b.meanwhile
	if !b.always {
		b.meanwhile = nil
	}
	b.mu.Unlock()
	if fn != nil {
		fn()
	}
}

// TestRotatedWhileConsenting: a consent that brings no refresh token goes onto the row as it is when it is saved, and
// never brings back the refresh token that stood there before.
func TestRotatedWhileConsenting(t *testing.T) {
	onEach(t, func(t *testing.T, d storetest.Dialect) {
		consent := func(t *testing.T, meanwhile func(f *fleet)) (*fleet, error) {
			var cfg sources.GoogleConfig
			f := launch(t, d, 1, func(c *sources.GoogleConfig) { cfg = *c })
			cfg.RedirectURL = "http://localhost:8001/api/gmail/callback"
			kept := &busy{Store: f.stores[0], meanwhile: func() { meanwhile(f) }}
			client := sources.NewGoogle(cfg, kept)
			t.Cleanup(func() { _ = client.Close() })
			address, err := client.Begin(t.Context(), briefing.ConnectRequest{Reader: readerID})
			if err != nil {
				t.Fatal(err)
			}
			_, err = client.Finish(t.Context(), f.consent(t, address, standin.Choice{}))
			return f, err
		}
		t.Run("rotated", func(t *testing.T) {
			var rotated standin.Token
			f, err := consent(t, func(f *fleet) {
				rotated = f.google.Grant(haneul)
				f.outsider(t, tokenData("theirs", rotated.RefreshToken, `,"theirs":[1]`))
			})
			if err != nil {
				t.Fatal(err)
			}
			now := f.stored(t)
			if now.RefreshToken.Reveal() != rotated.RefreshToken || now.AccessToken.Reveal() == "theirs" || now.State.Expiry.IsZero() {
				t.Errorf("stored %+v, and not onto the refresh token that was there", now.State)
			}
			if row := storetest.Rows(t, f.stores[0], "SELECT token_data FROM gmail_token")[0]; !strings.Contains(row, `"theirs"`) {
				t.Error("their members are gone")
			}
		})
		for name, set := range map[string]string{
			"no refresh token any more": `token_data = '{"access_token":"theirs"}'`,
			"another account's":         `metadata = '{"email":"minji@gaon.example"}'`,
			"another client's":          `oauth_config = '{"client_id":"other-client"}'`,
			"nothing that can be read":  `token_data = '[]'`,
		} {
			t.Run(name, func(t *testing.T) {
				f, err := consent(t, func(f *fleet) { f.outsider(t, set) })
				wantFault(t, err, briefing.ConnectExchange)
				column, value, _ := strings.Cut(set, " = ")
				if row := storetest.Rows(t, f.stores[0], "SELECT "+column+" FROM gmail_token")[0]; strings.ReplaceAll(row, " ", "") != strings.Trim(value, "'") {
					t.Error("what they wrote was overwritten")
				}
			})
		}
		t.Run("forgotten", func(t *testing.T) {
			f, err := consent(t, func(f *fleet) { storetest.Exec(t, f.stores[0], "DELETE FROM gmail_token") })
			wantFault(t, err, briefing.ConnectExchange)
			if rows := storetest.Rows(t, f.stores[0], "SELECT COUNT(*) FROM gmail_token"); rows[0] != "0" {
				t.Error("a grant without a refresh token was stored")
			}
		})
	})
}

// TestRefreshTokenInTheAnswer: a new one is stored, none leaves the old one alone.
func TestRefreshTokenInTheAnswer(t *testing.T) {
	onEach(t, func(t *testing.T, d storetest.Dialect) {
		f := launch(t, d, 1)
		old := f.stored(t)
		f.mustRefresh(t)
		kept := f.stored(t)
		if !kept.RefreshToken.Equal(old.RefreshToken) || kept.AccessToken.Equal(old.AccessToken) {
			t.Error("none in the answer, and the old one did not stay")
		}
		kept.State.EndsAt = f.clock.Now().Add(48 * time.Hour)
		if err := f.stores[0].SaveCredentialState(t.Context(), kept); err != nil {
			t.Fatal(err)
		}
		f.clock.Advance(2 * time.Hour)
		f.google.Inject(standin.Fault{Op: "token", Times: 1,
			Body: `{"access_token":"at-2","refresh_token":"1//new","expires_in":3599,"token_type":"Bearer","scope":"openid"}`})
		f.mustRefresh(t)
		now := f.stored(t)
		if now.RefreshToken.Reveal() != "1//new" || now.AccessToken.Reveal() != "at-2" || !now.State.Expiry.Equal(f.clock.Now().Add(3599*time.Second)) {
			t.Errorf("stored %+v", now.State)
		}
		if !now.State.EndsAt.IsZero() {
			t.Error("the new token has the end of the old one")
		}
	})
}

// TestSavedAfterABlink: an answer is not lost because the database is away for a moment.
func TestSavedAfterABlink(t *testing.T) {
	h := build(t, standin.Account{})
	h.connect()
	h.clock.Advance(2 * time.Hour)
	h.store.blinks = 2
	h.google.Inject(standin.Fault{Op: "token", Times: 1, Body: `{"access_token":"at-2","refresh_token":"1//new","expires_in":3599,"token_type":"Bearer"}`})
	if _, err := h.client.Refresh(t.Context(), readerID); err != nil {
		t.Fatal(err)
	}
	h.calls(t, map[string]int{"token": 1})
	if got := h.store.row(readerID).RefreshToken.Reveal(); got != "1//new" {
		t.Error("the new refresh token is lost")
	}
}

// TestScopesAreNeverNarrowed: a refresh that lists fewer leaves the row's list alone, and what has been lost is told as
// missing and asked for again, together with what other programs need.
func TestScopesAreNeverNarrowed(t *testing.T) {
	onEach(t, func(t *testing.T, d storetest.Dialect) {
		f := launch(t, d, 1)
		const theirs = "https://www.googleapis.com/auth/drive.readonly"
		f.outsider(t, `scopes = '["openid","https://www.googleapis.com/auth/gmail.readonly","https://www.googleapis.com/auth/calendar.readonly","`+theirs+`"]'`)
		f.google.DropScope(haneul, "calendar.readonly")
		report := f.mustRefresh(t)
		if len(report.MissingScopes) != 1 || !strings.HasSuffix(report.MissingScopes[0], "/calendar.readonly") {
			t.Errorf("missing %q", report.MissingScopes)
		}
		listed := strings.Join(f.stored(t).Scopes, " ")
		for _, scope := range []string{"calendar.readonly", "drive.readonly", "userinfo.email"} {
			if !strings.Contains(listed, scope) {
				t.Errorf("the row lists %s, and not %s", listed, scope)
			}
		}
		address, err := f.keepers[0].Begin(t.Context(), briefing.ConnectRequest{Reader: readerID})
		if err != nil {
			t.Fatal(err)
		}
		if q := query(t, address); q.Get("prompt") != "consent" || !strings.Contains(q.Get("scope"), theirs) {
			t.Errorf("asks with prompt %q for %q", q.Get("prompt"), q.Get("scope"))
		}
	})
}

// TestClocksApart: what Google's clock shows does not matter, and ours is found out by a 401 when it was wrong.
func TestClocksApart(t *testing.T) {
	for name, skew := range map[string]time.Duration{"Google is ahead": 10 * time.Minute, "Google is behind": -10 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			h := build(t, standin.Account{})
			h.google.Now = func() time.Time { return h.clock.Now().Add(skew) }
			h.connect()
			h.clock.Advance(2 * time.Hour)
			h.must(t, briefing.Gmail)
			if got, want := h.store.row(readerID).State.Expiry, h.clock.Now().Add(3599*time.Second); !got.Equal(want) {
				t.Errorf("expiry %v, want %v by our clock", got, want)
			}
			h.clock.Advance(54 * time.Minute)
			h.must(t, briefing.Gmail) // still good, by both clocks
			h.calls(t, map[string]int{"token": 1, "gmail.messages.list": 2})
			h.clock.Advance(6 * time.Minute)
			h.must(t, briefing.Gmail)
			h.calls(t, map[string]int{"token": 2, "gmail.messages.list": 3})
		})
	}
	t.Run("ours was ahead and is set right", func(t *testing.T) {
		h := build(t, standin.Account{})
		h.connect()
		h.clock.Advance(2 * time.Hour)
		h.must(t, briefing.Gmail)
		right := h.clock.Now()
		h.google.Now = func() time.Time { return right }
		h.clock.Advance(-10 * time.Minute)
		right = right.Add(time.Hour) // an hour later the token is dead, and by our clock it has ten minutes left
		h.clock.Advance(time.Hour)
		h.must(t, briefing.Gmail)
		h.calls(t, map[string]int{"token": 2, "gmail.messages.list": 3})
	})
}

// TestRowsOwnClient: a row is refreshed with the client it names, or with ours and the secret of the environment, and
// always at the configured address.
func TestRowsOwnClient(t *testing.T) {
	onEach(t, func(t *testing.T, d storetest.Dialect) {
		evil, err := standin.Serve(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			t.Errorf("a row chose where secrets go: %s", r.URL.Path)
		}), "")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = evil.Close() }()
		config := func(id, secret string) string {
			return fmt.Sprintf(`oauth_config = '{"client_id":"%s","client_secret":"%s","token_uri":"%s/token"}'`, id, secret, evil.URL)
		}
		for name, c := range map[string]struct {
			ours, row string
			want      briefing.Reason
		}{
			"its own client":                  {"new-client", config(clientID, clientSecret), ""},
			"its own client, a stale secret":  {"new-client", config(clientID, "stale"), briefing.ClientMisconfigured},
			"our client, a stale secret":      {clientID, config(clientID, "stale"), ""},
			"no client":                       {clientID, "oauth_config = NULL", ""},
			"no client, and ours is another":  {"new-client", "oauth_config = NULL", briefing.ClientMisconfigured},
			"a secret without a client's id":  {clientID, `oauth_config = '{"client_secret":"stale"}'`, ""},
			"a client that is nobody's":       {clientID, config("gone.apps.example", "x"), briefing.ClientMisconfigured},
			"our id in another row's letters": {clientID, config(strings.ToUpper(clientID), clientSecret), briefing.ClientMisconfigured},
		} {
			t.Run(name, func(t *testing.T) {
				f := launch(t, d, 1, func(cfg *sources.GoogleConfig) { cfg.ClientID = c.ours })
				f.google.AddClient("new-client", clientSecret)
				f.outsider(t, c.row)
				_, err := f.refresh(t)
				if briefing.ReasonOf(err) != c.want {
					t.Errorf("%v, want %q", err, c.want)
				}
				if f.google.Calls("token") != 1 || !f.stored(t).State.DeadSince.IsZero() {
					t.Errorf("%d calls, state %+v", f.google.Calls("token"), f.stored(t).State)
				}
			})
		}
	})
}

// TestRefreshNow: it asks however much is left, and also about a grant that was given up.
func TestRefreshNow(t *testing.T) {
	f := launch(t, storetest.SQLite, 1)
	first := f.mustRefresh(t)
	if again := f.mustRefresh(t); again.Refreshed {
		t.Error("refreshed without need")
	}
	forced, err := f.keepers[0].RefreshNow(t.Context(), readerID)
	if err != nil || !forced.Refreshed || forced.AccessToken.Equal(first.AccessToken) {
		t.Errorf("forced: %+v, %v", forced, err)
	}
	f.google.Inject(standin.Fault{Op: "token", Times: 2, Status: http.StatusBadRequest, Body: standin.OAuthError("invalid_grant", "Bad Request")})
	since := f.clock.Now()
	_, err = f.keepers[0].RefreshNow(t.Context(), readerID)
	wantReason(t, err, briefing.ReauthRequired)
	f.clock.Advance(time.Hour)
	_, err = f.keepers[0].RefreshNow(t.Context(), readerID)
	if fault := wantReason(t, err, briefing.ReauthRequired); !fault.Since.Equal(since) {
		t.Errorf("since %v, want the first confirmation", fault.Since)
	}
	calls := f.google.Calls("token")
	_, err = f.refresh(t)
	wantReason(t, err, briefing.ReauthRequired)
	f.calls(t, map[string]int{"token": calls}) // without force a dead grant is not asked about
	if _, err := f.keepers[0].RefreshNow(t.Context(), readerID); err != nil {
		t.Error(err)
	}
	if state := f.stored(t).State; !state.DeadSince.IsZero() || state.LastError != "" || state.Detail != "" {
		t.Errorf("a grant that lives: %+v", state)
	}
}

// TestConfirm: Google is asked when it has not said how the grant stands since a time.
func TestConfirm(t *testing.T) {
	f := launch(t, storetest.SQLite, 2)
	since := f.clock.Now()
	f.clock.Advance(time.Minute)
	for i, keeper := range []*sources.Google{f.keepers[0], f.keepers[1], f.keepers[0]} {
		report, err := keeper.Verify(t.Context(), readerID, since)
		if err != nil || report.Refreshed != (i == 0) {
			t.Errorf("confirmation %d: %+v, %v", i, report, err)
		}
	}
	f.calls(t, map[string]int{"token": 1})
	f.clock.Advance(time.Minute)
	if report, err := f.keepers[1].Verify(t.Context(), readerID, f.clock.Now().Add(-time.Second)); err != nil || !report.Refreshed {
		t.Errorf("%+v, %v", report, err)
	}
	f.google.Revoke(haneul)
	for range 2 {
		f.clock.Advance(time.Minute)
		_, err := f.keepers[0].Verify(t.Context(), readerID, f.clock.Now().Add(-time.Second))
		wantReason(t, err, briefing.ReauthRequired)
	}
	f.calls(t, map[string]int{"token": 3})
}

// TestCloseWaitsForTheAnswer: what Google is just answering is stored before anybody closes the database.
func TestCloseWaitsForTheAnswer(t *testing.T) {
	f := launch(t, storetest.SQLite, 1)
	before := f.stored(t)
	asked := make(chan struct{})
	f.google.Inject(standin.Fault{Op: "token", Delay: 200 * time.Millisecond, Match: func(*http.Request) bool { close(asked); return true }})
	go func() { _, _ = f.keepers[0].Refresh(t.Context(), readerID) }()
	<-asked
	if err := f.keepers[0].Close(); err != nil {
		t.Fatal(err)
	}
	if f.stored(t).AccessToken.Equal(before.AccessToken) {
		t.Error("the answer is lost")
	}
}

// TestSevenDays: a grant that dies at seven days casts suspicion on its client, which gives the others an end, until one
// of them outlives it.
func TestSevenDays(t *testing.T) {
	day := 24 * time.Hour
	t.Run("suspected", func(t *testing.T) {
		for _, c := range []struct {
			name    string
			lived   time.Duration
			checked time.Duration // after the grant
			body    string
			want    bool
			noGrant bool
		}{
			{name: "noticed at once", lived: 7*day + time.Hour, checked: 7*day - time.Hour, want: true},
			{name: "noticed a day later", lived: 8 * day, checked: 7*day - time.Hour, want: true},
			{name: "too early", lived: 6 * day, checked: 5 * day},
			{name: "too late", lived: 10 * day, checked: 6 * day},
			{name: "was alive after seven days", lived: 8 * day, checked: 7*day + 12*time.Hour},
			{name: "session control", lived: 7*day + time.Hour, checked: 6 * day,
				body: `{"error":"invalid_grant","error_description":"reauth related error (invalid_rapt)","error_subtype":"invalid_rapt"}`},
			{name: "account deleted", lived: 7*day + time.Hour, checked: 6 * day, body: standin.OAuthError("invalid_grant", "Account has been deleted")},
			{name: "given elsewhere", lived: 7*day + time.Hour, checked: 6 * day, noGrant: true},
		} {
			t.Run(c.name, func(t *testing.T) {
				f := launch(t, storetest.SQLite, 1)
				granted, stored := f.clock.Now(), f.stored(t)
				stored.State.GrantedAt, stored.State.CheckedAt = granted, granted.Add(c.checked)
				if c.noGrant {
					stored.State.GrantedAt = time.Time{}
				}
				if err := f.stores[0].SaveCredentialState(t.Context(), stored); err != nil {
					t.Fatal(err)
				}
				f.clock.Advance(c.lived)
				if c.body == "" {
					c.body = standin.OAuthError("invalid_grant", "Token has been expired or revoked.")
				}
				f.google.Inject(standin.Fault{Op: "token", Status: http.StatusBadRequest, Body: c.body})
				_, err := f.refresh(t)
				wantReason(t, err, briefing.ReauthRequired)
				got, err := f.stores[0].TestingSuspected(t.Context(), clientID)
				if err != nil || got != c.want {
					t.Errorf("suspected %v, %v", got, err)
				}
			})
		}
	})
	t.Run("told by the operator, or suspected", func(t *testing.T) {
		for _, told := range []bool{true, false} {
			f := launch(t, storetest.SQLite, 1, func(cfg *sources.GoogleConfig) { cfg.Testing = told })
			if err := f.stores[0].SuspectTesting(t.Context(), clientID, f.clock.Now()); !told && err != nil {
				t.Fatal(err)
			}
			granted := f.stored(t).State.GrantedAt
			f.mustRefresh(t)
			if ends := f.stored(t).State.EndsAt; !ends.Equal(granted.Add(7 * day)) {
				t.Errorf("told %v: ends %v", told, ends)
			}
			f.clock.Advance(7*day - time.Hour)
			f.mustRefresh(t)
			if ends := f.stored(t).State.EndsAt; !ends.Equal(granted.Add(7 * day)) {
				t.Errorf("told %v: just before, ends %v", told, ends)
			}
			f.clock.Advance(12 * time.Hour)
			f.mustRefresh(t)
			if ends := f.stored(t).State.EndsAt; !ends.IsZero() {
				t.Errorf("told %v: outlived, ends %v", told, ends)
			}
			if still, err := f.stores[0].TestingSuspected(t.Context(), clientID); err != nil || still {
				t.Errorf("told %v: still suspected, %v", told, err)
			}
		}
	})
	t.Run("from the consent on", func(t *testing.T) {
		h := build(t, standin.Account{}, func(cfg *sources.GoogleConfig) { cfg.Testing = true })
		if _, err := h.client.Finish(t.Context(), h.consent(t, h.begin(t, briefing.ConnectRequest{}), standin.Choice{})); err != nil {
			t.Fatal(err)
		}
		if ends := h.store.row(readerID).State.EndsAt; !ends.Equal(h.clock.Now().Add(7 * day)) {
			t.Errorf("ends %v", ends)
		}
		h.clock.Advance(time.Hour)
		first := h.store.row(readerID)
		first.State.EndsAt = time.Time{}
		h.store.know(readerID, first.State)
		// Consented to again without a new refresh token: the grant, and its end, are the ones before.
		if _, err := h.client.Finish(t.Context(), h.consent(t, h.begin(t, briefing.ConnectRequest{}), standin.Choice{})); err != nil {
			t.Fatal(err)
		}
		if state := h.store.row(readerID).State; !state.EndsAt.Equal(first.State.GrantedAt.Add(7*day)) || !state.GrantedAt.Equal(first.State.GrantedAt) {
			t.Errorf("state %+v", state)
		}
	})
	t.Run("what Google names counts", func(t *testing.T) {
		f := launch(t, storetest.SQLite, 1, func(cfg *sources.GoogleConfig) { cfg.Testing = true })
		f.google.RefreshTokenExpiresIn = 30 * day
		f.grant(t)
		f.clock.Advance(2 * time.Hour)
		f.mustRefresh(t)
		if ends, want := f.stored(t).State.EndsAt, f.clock.Now().Add(30*day-2*time.Hour); !ends.Equal(want) {
			t.Errorf("ends %v, want %v", ends, want)
		}
	})
}
