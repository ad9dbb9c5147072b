package store_test

import (
	"testing"
	"time"

	"achim/briefing"
	"achim/store"
	"achim/store/storetest"
)

// flatRow is the one row of a flat table, which the other program and we have written in turn.
type flatRow struct {
	t *testing.T
	s *store.Store
}

// sealedFlat adopts a flat table with the row of one reader. The second store has a key.
func sealedFlat(t *testing.T) (plain, sealed flatRow) {
	t.Helper()
	s, url := foreign(t, layouts[3], 1)
	migrate(t, s)
	admit(t, s, 1)
	with := with(t, url, storetest.Sealer(t))
	use(t, with)
	return flatRow{t, s}, flatRow{t, with}
}

// counts wants a refresh token to count, with the same said of it wherever it is asked for.
func (f flatRow) counts(want string, changed bool) briefing.Credential {
	f.t.Helper()
	c, err := f.s.Credential(f.t.Context(), benchReader(1))
	if err != nil || c.RefreshToken.Reveal() != want {
		f.t.Errorf("another counts than %s: %v", want, err)
	}
	all, err := f.s.Grants(f.t.Context(), "", 10)
	if err != nil || len(all) != 1 || all[0].Fault != nil || all[0].FlatChanged != changed || all[0].HasAccessToken != !c.AccessToken.IsZero() ||
		all[0].HasRefreshToken != (want != "") || want != "" && all[0].Fingerprint != briefing.Fingerprint(c.RefreshToken) || !all[0].State.DeadSince.Equal(c.State.DeadSince) {
		f.t.Errorf("listed: %+v, %v", all, err)
	}
	return c
}

func (f flatRow) die(c briefing.Credential) {
	f.t.Helper()
	c.State.DeadSince, c.State.LastError = time.Unix(1795204800, 0), briefing.ReauthRequired
	if err := f.s.SaveCredentialState(f.t.Context(), c); err != nil {
		f.t.Fatal(err)
	}
}

func (f flatRow) refresh(c briefing.Credential, access string) {
	f.t.Helper()
	now, err := f.s.SaveRefreshed(f.t.Context(), c, briefing.Credential{AccessToken: briefing.NewSecret(access)})
	if err != nil || now.AccessToken.Reveal() != access {
		f.t.Errorf("refreshed: %v", err)
	}
}

func (f flatRow) reads(want string) {
	f.t.Helper()
	same(f.t, "the row", storetest.Rows(f.t, f.s, "SELECT COALESCE(access_token, ''), COALESCE(refresh_token, ''), COALESCE(token_data->>'access_token', ''), COALESCE(token_data->>'refresh_token', '') FROM gmail_token"), []string{want})
}

const reconnectedElsewhere = "UPDATE gmail_token SET access_token = 'their-access', refresh_token = 'their-refresh'"

// TestAReconnectionElsewhereOutlivesOurs: as long as our grant lives it is used; once it is known to be dead, that which
// the person has made with the other program is, and the next refresh sets all of the row to it.
func TestAReconnectionElsewhereOutlivesOurs(t *testing.T) {
	for _, when := range []string{"before", "after"} {
		t.Run("dead "+when, func(t *testing.T) {
			t.Parallel()
			plain, sealed := sealedFlat(t)
			plain.refresh(plain.counts("marked-refresh-1", false), "ours")
			ours := plain.counts("marked-refresh-1", false)
			if when == "before" {
				plain.die(ours)
			}
			storetest.Exec(t, plain.s, reconnectedElsewhere)
			if when == "after" {
				plain.counts("marked-refresh-1", true)
				plain.die(ours)
			}
			theirs := plain.counts("their-refresh", false)
			if theirs.AccessToken.Reveal() != "their-access" || !theirs.State.DeadSince.IsZero() {
				t.Errorf("of theirs: %+v", theirs.State)
			}
			plain.die(theirs)
			plain.counts("marked-refresh-1", true) // neither is better: ours can still be asked by force
			storetest.Exec(t, plain.s, "UPDATE gmail_token SET refresh_token = 'their-next'")
			theirs = plain.counts("their-next", false)
			plain.refresh(theirs, "fresh")
			plain.reads("fresh|their-next|fresh|their-next")
			plain.counts("their-next", false)

			plain.die(plain.counts("their-next", false))
			storetest.Exec(t, plain.s, reconnectedElsewhere+" || '-again'")
			sealed.refresh(sealed.counts("their-refresh-again", false), "fresh")
			sealed.reads("|||")
			sealed.counts("their-refresh-again", false)
		})
	}
}

// TestAConsentOverAReconnectionElsewhere: a consent that brings no refresh token keeps that which counts.
func TestAConsentOverAReconnectionElsewhere(t *testing.T) {
	plain, _ := sealedFlat(t)
	plain.refresh(plain.counts("marked-refresh-1", false), "ours")
	plain.die(plain.counts("marked-refresh-1", false))
	storetest.Exec(t, plain.s, reconnectedElsewhere)
	c := plain.counts("their-refresh", false)
	consent := briefing.Credential{ReaderID: benchReader(1), AccessToken: briefing.NewSecret("consented"), Email: "haneul@gaon.example", Version: c.Version}
	if err := plain.s.SaveGrant(t.Context(), consent); err != nil {
		t.Fatal(err)
	}
	plain.reads("consented|their-refresh|consented|their-refresh")
	gone, err := plain.s.DeleteCredential(t.Context(), benchReader(1))
	if err != nil || gone.RefreshToken.Reveal() != "their-refresh" {
		t.Errorf("forgotten: %v", err)
	}
}

// TestForgettingForgetsBoth: what is known of either grant of a row goes with it, and that which counts is told.
func TestForgettingForgetsBoth(t *testing.T) {
	plain, _ := sealedFlat(t)
	plain.refresh(plain.counts("marked-refresh-1", false), "ours")
	plain.die(plain.counts("marked-refresh-1", false))
	storetest.Exec(t, plain.s, reconnectedElsewhere)
	gone, err := plain.s.DeleteCredential(t.Context(), benchReader(1))
	if err != nil || gone.RefreshToken.Reveal() != "their-refresh" {
		t.Errorf("forgotten: %v", err)
	}
	same(t, "what is known", storetest.Rows(t, plain.s, "SELECT COUNT(*) FROM achim_credential_state"), []string{"0"})
}

// TestFlatColumnsMakeUpForTokenData: where token_data holds no refresh token, or cannot be read, that of the flat columns
// counts, and the next write mends it.
func TestFlatColumnsMakeUpForTokenData(t *testing.T) {
	for _, tokenData := range []string{`{"access_token":"lone"}`, `["theirs"]`, `"text"`, `{"access_token":"a","refresh_token":5}`,
		`{"access_token":5,"refresh_token":"a"}`, `{"achim_sealed":"garbage"}`} {
		t.Run(tokenData, func(t *testing.T) {
			t.Parallel()
			plain, sealed := sealedFlat(t)
			storetest.Exec(t, plain.s, "UPDATE gmail_token SET token_data = '"+tokenData+"'")
			sealed.counts("marked-refresh-1", false)
			if _, err := sealed.s.Reseal(t.Context(), store.Resealing{}); err != nil {
				t.Fatal(err)
			}
			sealed.counts("marked-refresh-1", false)
			if _, err := sealed.s.Unseal(t.Context(), store.Resealing{}); err != nil {
				t.Fatal(err)
			}
			plain.refresh(plain.counts("marked-refresh-1", false), "fresh")
			plain.reads("fresh|marked-refresh-1|fresh|marked-refresh-1")
		})
	}
}
