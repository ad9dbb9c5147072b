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
	if err != nil || gone[len(gone)-1].RefreshToken.Reveal() != "their-refresh" {
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
	if err != nil || gone[len(gone)-1].RefreshToken.Reveal() != "their-refresh" {
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

// TestUnsealedFlatRowsAreAsTheyWere: every column of a flat row is what it was before it was sealed, whichever program
// wrote it last, and what the other program does to it then counts as it did.
func TestUnsealedFlatRowsAreAsTheyWere(t *testing.T) {
	for name, written := range map[string]string{
		"flat alone": "", "no refresh token": "refresh_token = NULL", "no access token": "access_token = ''",
		"ours":                  `token_data = '{"access_token":"marked-access-1","refresh_token":"marked-refresh-1"}'`,
		"refreshed elsewhere":   `token_data = '{"access_token":"older","refresh_token":"marked-refresh-1","more":[1, 2]}', expires_at = 1795201200`,
		"no flat refresh token": `token_data = '{"access_token":"older","refresh_token":"ours"}', refresh_token = NULL, expires_at = NULL`,
		"reconnected elsewhere": `token_data = '{"access_token":"older","refresh_token":"ours"}'`,
		"a lone access token":   `token_data = '{"access_token":"older"}'`,
		"nothing in it":         `token_data = '{"token_type":"Bearer","refresh_token":null}'`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plain, sealed := sealedFlat(t)
			if written != "" {
				storetest.Exec(t, plain.s, "UPDATE gmail_token SET "+written)
			}
			before := wholeRows(t, plain.s, "gmail_token", columnsOf(t, plain.s, "gmail_token"))
			for range 2 {
				c, _ := sealed.s.Credential(t.Context(), benchReader(1))
				if _, err := sealed.s.Reseal(t.Context(), store.Resealing{}); err != nil {
					t.Fatal(err)
				}
				now, err := sealed.s.Credential(t.Context(), benchReader(1))
				if err != nil || !now.RefreshToken.Equal(c.RefreshToken) || !now.AccessToken.Equal(c.AccessToken) {
					t.Errorf("another grant once it is sealed: %v", err)
				}
				again, err := sealed.s.Reseal(t.Context(), store.Resealing{TokensOnly: true})
				if err != nil || again.Rows != 0 {
					t.Errorf("sealed again: %+v, %v", again, err)
				}
				if _, err := sealed.s.Unseal(t.Context(), store.Resealing{}); err != nil {
					t.Fatal(err)
				}
				same(t, "the row", wholeRows(t, plain.s, "gmail_token", columnsOf(t, plain.s, "gmail_token")), before)
			}
			if name == "no refresh token" {
				plain.counts("", false)
				storetest.Exec(t, plain.s, reconnectedElsewhere)
				plain.counts("their-refresh", false)
			}
		})
	}
}

// TestUnsealedAfterAWrite: what we have written since a flat row was sealed is what it holds when it is unsealed, and so
// is what somebody else has put into its columns meanwhile.
func TestUnsealedAfterAWrite(t *testing.T) {
	reseal := func(f flatRow) {
		if _, err := f.s.Reseal(t.Context(), store.Resealing{}); err != nil {
			t.Fatal(err)
		}
	}
	unseal := func(f flatRow) {
		if _, err := f.s.Unseal(t.Context(), store.Resealing{}); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("ours", func(t *testing.T) {
		plain, sealed := sealedFlat(t)
		reseal(sealed)
		sealed.refresh(sealed.counts("marked-refresh-1", false), "fresh")
		unseal(sealed)
		plain.reads("fresh|marked-refresh-1|fresh|marked-refresh-1")
		same(t, "kept", storetest.Marked(storetest.Dump(t, plain.s), "achim_flat"), nil)
	})
	t.Run("theirs", func(t *testing.T) {
		for _, between := range []func(flatRow){func(flatRow) {}, reseal} {
			plain, sealed := sealedFlat(t)
			reseal(sealed)
			storetest.Exec(t, plain.s, reconnectedElsewhere)
			between(sealed)
			unseal(sealed)
			plain.reads("their-access|their-refresh|marked-access-1|marked-refresh-1")
			plain.counts("marked-refresh-1", true)
		}
	})
	t.Run("theirs, where there was none", func(t *testing.T) {
		for _, between := range []func(flatRow){func(flatRow) {}, reseal} {
			plain, sealed := sealedFlat(t)
			storetest.Exec(t, plain.s, "UPDATE gmail_token SET refresh_token = NULL")
			reseal(sealed)
			storetest.Exec(t, plain.s, reconnectedElsewhere)
			sealed.counts("their-refresh", false)
			between(sealed)
			sealed.counts("their-refresh", false)
			unseal(sealed)
			plain.counts("their-refresh", false)
			same(t, "what the other program reads", storetest.Rows(t, plain.s, "SELECT access_token, refresh_token FROM gmail_token"), []string{"their-access|their-refresh"})
		}
	})
}
