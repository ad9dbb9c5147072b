package sources_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"achim/briefing"
	"achim/internal/standin"
	"achim/store/storetest"
)

// keeper looks after the fleet's grants in its n-th process.
func (f *fleet) keeper(n int) *briefing.Keeper {
	return &briefing.Keeper{Store: f.stores[n], Google: f.keepers[n], Now: f.clock.Now,
		Pause: func(ctx context.Context, d time.Duration) bool {
			f.clock.Advance(d)
			return ctx.Err() == nil
		}}
}

// until calls the keepers every minute until the time.
func (f *fleet) until(t *testing.T, end time.Time, keepers ...*briefing.Keeper) {
	t.Helper()
	for f.clock.Now().Before(end) {
		begun := f.clock.Now()
		for _, k := range keepers {
			if _, err := k.Keep(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if next := begun.Add(time.Minute); f.clock.Now().Before(next) {
			f.clock.Advance(next.Sub(f.clock.Now()))
		}
	}
}

// TestRevokedAtSevenIsKnownByEight: two processes look after the grants; one question each, and what was revoked at
// seven is known before eight, when the briefing is at nine. Rows of nobody's are left alone.
func TestRevokedAtSevenIsKnownByEight(t *testing.T) {
	onEach(t, func(t *testing.T, d storetest.Dialect) {
		f := launch(t, d, 2)
		tomorrow := monday().Add(24 * time.Hour) // nine o'clock in Seoul
		f.reader.PlanAt = tomorrow
		reader, err := f.stores[0].SaveReader(t.Context(), f.reader)
		if err != nil || !reader.PlanAt.Equal(tomorrow) {
			t.Fatal(reader, err)
		}
		stranger := f.google.Grant(haneul)
		storetest.Exec(t, f.stores[0], fmt.Sprintf(`INSERT INTO gmail_token (user_id, token_data) VALUES ('%s', '{"access_token":"%s","refresh_token":"%s"}')`,
			otherID, stranger.AccessToken, stranger.RefreshToken))
		one, two := f.keeper(0), f.keeper(1)
		f.until(t, tomorrow.Add(-2*time.Hour), one, two)
		if n := f.google.Calls("token"); n > 1 {
			t.Errorf("%d questions before seven", n)
		}
		f.google.ResetCalls()
		f.google.Revoke(haneul)
		f.until(t, tomorrow.Add(-time.Hour), one, two)
		state := f.stored(t).State
		if state.DeadSince.IsZero() || state.DeadSince.After(tomorrow.Add(-time.Hour)) {
			t.Errorf("at eight it is known to be dead since %v", state.DeadSince)
		}
		f.calls(t, map[string]int{"token": 1})
		f.until(t, tomorrow.Add(20*time.Hour), one, two)
		f.calls(t, map[string]int{"token": 1}) // the dead are not asked about again
	})
}

// TestReplicasKeepOnce: thirty grants, two processes, one refresh each a day.
func TestReplicasKeepOnce(t *testing.T) {
	onEach(t, func(t *testing.T, d storetest.Dialect) {
		f := launch(t, d, 2)
		const readers = 30
		for i := range readers {
			id := briefing.ReaderID(fmt.Sprintf("33333333-3333-4333-8333-%012d", i))
			mail := fmt.Sprintf("reader%d@gaon.example", i)
			f.google.AddAccount(standin.Account{Email: mail})
			token := f.google.Grant(mail)
			if _, err := f.stores[0].SaveReader(t.Context(), briefing.Reader{ID: id, Name: mail, SlackUserID: fmt.Sprintf("U%d", i), Paused: i%2 == 0}); err != nil {
				t.Fatal(err)
			}
			err := f.stores[0].SaveGrant(t.Context(), briefing.Credential{ReaderID: id, AccessToken: briefing.NewSecret(token.AccessToken),
				RefreshToken: briefing.NewSecret(token.RefreshToken), Email: mail, State: briefing.CredentialState{CheckedAt: f.clock.Now()}})
			if err != nil {
				t.Fatal(err)
			}
		}
		f.google.Inject(standin.Fault{Op: "token", Delay: 2 * time.Millisecond})
		one, two := f.keeper(0), f.keeper(1)
		end := f.clock.Now().Add(25*time.Hour + 10*time.Minute)
		for f.clock.Now().Before(end) {
			// Both at once, as processes are.
			done := make(chan error)
			go func() {
				_, err := two.Keep(t.Context())
				done <- err
			}()
			_, err := one.Keep(t.Context())
			if other := <-done; err != nil || other != nil {
				t.Fatal(err, other)
			}
			f.clock.Advance(15 * time.Minute)
		}
		if n := f.google.Calls("token"); n < readers+1 || n > readers+1+6 { // an hour's worth may have had their second turn
			t.Errorf("%d refreshes of %d grants", n, readers+1)
		}
	})
}

// TestKeeperSpares: an outage and a blocked account kill nothing and are not hammered.
func TestKeeperSpares(t *testing.T) {
	for _, c := range []struct {
		name, body string
		status     int
		least      int
		most       int
	}{
		{"an administrator's policy", standin.OAuthError("admin_policy_enforced", ""), http.StatusBadRequest, 2, 3},
		{"a restricted account", standin.OAuthError("access_denied", "Account restricted"), http.StatusBadRequest, 2, 3},
		{"an outage", "", http.StatusServiceUnavailable, 6, 20},
		{"a refused client", standin.OAuthError("invalid_client", "Unauthorized"), http.StatusUnauthorized, 4, 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := launch(t, storetest.SQLite, 1)
			f.reader.PlanAt = f.clock.Now().Add(12 * time.Hour)
			if _, err := f.stores[0].SaveReader(t.Context(), f.reader); err != nil {
				t.Fatal(err)
			}
			f.google.Inject(standin.Fault{Op: "token", Status: c.status, Body: c.body})
			f.until(t, f.clock.Now().Add(50*time.Hour), f.keeper(0))
			if n := f.google.Calls("token"); n < c.least || n > c.most {
				t.Errorf("%d questions in two days", n)
			}
			if state := f.stored(t).State; !state.DeadSince.IsZero() || state.LastError == "" {
				t.Errorf("state %+v", state)
			}
			f.google.Clear()
			f.until(t, f.clock.Now().Add(25*time.Hour), f.keeper(0))
			if state := f.stored(t).State; state.LastError != "" || !state.FailingSince.IsZero() {
				t.Errorf("afterwards %+v", state)
			}
		})
	}
}
