package sources_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"achim/briefing"
	"achim/internal/standin"
	"achim/store/storetest"
)

// migrated puts a grant with these scopes into the row as another program left it, which does not say whose account it is.
func (f *fleet) migrated(t *testing.T, scopes ...string) {
	t.Helper()
	token := f.google.Grant(haneul, scopes...)
	list, _ := json.Marshal(token.Scopes)
	storetest.Exec(t, f.stores[0], fmt.Sprintf(`UPDATE gmail_token SET metadata = '{"theirs":1}', scopes = '%s', token_data = '{"access_token":"%s","refresh_token":"%s"}'`,
		list, token.AccessToken, token.RefreshToken))
}

// TestAccountOfMigratedRows: the first refresh finds out whose account a row is of that does not say, and notes it beside
// what others have put there; after that everybody's access can be ended at Google again.
func TestAccountOfMigratedRows(t *testing.T) {
	for name, c := range map[string]struct {
		scopes   []string
		userinfo int // calls
		profile  int
	}{
		"the ID token":     {nil, 0, 0},
		"userinfo":         {[]string{"email", "gmail.readonly"}, 1, 0},
		"openid alone":     {[]string{"openid", "gmail.readonly"}, 1, 1},
		"Gmail alone":      {[]string{"gmail.readonly", "calendar.readonly"}, 0, 1},
		"Gmail's metadata": {[]string{"gmail.metadata"}, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEach(t, func(t *testing.T, d storetest.Dialect) {
				f := launch(t, d, 1)
				f.migrated(t, c.scopes...)
				const theirs = "someone.else@gaon.example"
				f.google.AddAccount(standin.Account{Email: theirs})
				other := f.google.Grant(theirs)
				if err := f.stores[0].SaveGrant(t.Context(), briefing.Credential{ReaderID: otherID, RefreshToken: briefing.NewSecret(other.RefreshToken), Email: theirs}); err != nil {
					t.Fatal(err)
				}
				if used, err := f.stores[0].AccountInUse(t.Context(), theirs, "", otherID); err != nil || !used {
					t.Error("before, the row might be of any account", err)
				}
				for range 2 {
					report, err := f.keepers[0].RefreshNow(t.Context(), readerID)
					if err != nil || report.Email != haneul {
						t.Fatalf("%q, %v", report.Email, err)
					}
				}
				f.calls(t, map[string]int{"token": 2, "userinfo": c.userinfo, "gmail.getProfile": c.profile})
				if got := f.stored(t); got.Email != haneul || got.State.Expiry.IsZero() {
					t.Errorf("stored %q, the access token until %v", got.Email, got.State.Expiry)
				}
				if got := storetest.Rows(t, f.stores[0], "SELECT metadata->>'theirs' FROM gmail_token WHERE user_id = '"+string(readerID)+"'"); got[0] != "1" {
					t.Errorf("the member of others is %q", got)
				}
				if became, err := f.keepers[0].Disconnect(t.Context(), otherID); err != nil || became != briefing.RevocationDone {
					t.Errorf("revoking what nobody shares: %q, %v", became, err)
				}
			})
		})
	}
}

// TestAccountNotFoundOut: that costs no refresh anything but three seconds, and Google is asked again a day later.
func TestAccountNotFoundOut(t *testing.T) {
	t.Parallel()
	f := launch(t, storetest.SQLite, 1)
	f.migrated(t, "email", "gmail.readonly")
	f.google.Inject(standin.Fault{Op: "userinfo", Status: http.StatusForbidden})
	f.google.Inject(standin.Fault{Op: "gmail.getProfile", Delay: time.Minute})
	begun := time.Now()
	for range 3 {
		if report, err := f.keepers[0].RefreshNow(t.Context(), readerID); err != nil || !report.Refreshed || report.Email != "" {
			t.Fatalf("%+v, %v", report, err)
		}
		f.clock.Advance(time.Hour)
	}
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
	f.calls(t, map[string]int{"token": 3, "userinfo": 1, "gmail.getProfile": 1})
	f.google.Clear()
	f.clock.Advance(22 * time.Hour)
	if report, err := f.keepers[0].RefreshNow(t.Context(), readerID); err != nil || report.Email != haneul {
		t.Errorf("a day later %q, %v", report.Email, err)
	}
}
