package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"achim/briefing"
	"achim/store"
	"achim/store/storetest"
)

// TestVeryManyRowsOfOneOwner: a program that only ever adds rows hinders nobody, be it 70,000 of one owner or 70 of each of nine
// hundred. Of the newest the one that counts is found, and that with the only refresh token however old it is.
func TestVeryManyRowsOfOneOwner(t *testing.T) {
	const insert = "INSERT INTO gmail_token (user_id, access_token, refresh_token, expires_at, metadata) SELECT %s, 'a' || g, %s, 1795197600, '{\"email\":\"haneul@gaon.example\"}' "
	s, url := foreign(t, layouts[6], 1)
	migrate(t, s)
	admit(t, s, 1)
	storetest.Exec(t, s, fmt.Sprintf(insert, "'"+string(benchReader(2))+"'", "CASE WHEN g > 1 AND g < 300 THEN '' ELSE 'r' || g END")+"FROM generate_series(1, 299) g")
	storetest.Exec(t, s, fmt.Sprintf(insert, "'"+string(benchReader(1))+"'", "'same'")+"FROM generate_series(1, 70000) g")
	storetest.Exec(t, s, fmt.Sprintf(insert, "'10000000-0000-4000-8000-' || lpad(u::text, 12, '0')", "'r' || g")+"FROM generate_series(1, 900) u, generate_series(1, 70) g")
	for n, want := range map[int]string{1: "a70000 same", 2: "a1 r1"} {
		c, err := s.Credential(t.Context(), benchReader(n))
		if got := c.AccessToken.Reveal() + " " + c.RefreshToken.Reveal(); err != nil || got != want {
			t.Errorf("reader %d: %q counts: %v", n, got, err)
		}
	}
	all := listed(t, s, 600)
	if len(all) != 902 || all[0].PassedOver != 70000 || all[1].PassedOver != 298 || !all[1].HasRefreshToken || all[901].PassedOver != 69 {
		t.Errorf("listed %d: %+v", len(all), all[:min(2, len(all))])
	}
	sealed := with(t, url, storetest.Sealer(t))
	if _, staying, err := sealed.Seals(t.Context()); err != nil || staying.NoReader != 299+63_000 {
		t.Errorf("counted %+v: %v", staying, err)
	}
	if gone, err := s.DeleteCredential(t.Context(), benchReader(1)); err != nil || gone.RefreshToken.Reveal() != "same" {
		t.Errorf("forgotten: %v", err)
	}
}

// TestRowThatLacksItsKeyCounts: while keys are changed, a process with the old ones alone does not go on with a row that is
// passed over, which may be another account's: it says which key it lacks. What no key opens makes room.
func TestRowThatLacksItsKeyCounts(t *testing.T) {
	s, url := foreign(t, layouts[6], 1)
	migrate(t, s)
	admit(t, s, 1)
	storetest.Exec(t, s, strings.ReplaceAll(layouts[6].insert(1, "newer-access", "newer-refresh"), "1795197600", "1795201200"))
	storetest.Exec(t, s, `UPDATE gmail_token SET metadata = '{"email":"former@gaon.example"}' WHERE refresh_token = 'marked-refresh-1'`)
	old := storetest.Sealer(t)
	behind := with(t, url, old)
	use(t, behind)
	ahead := with(t, url, rotated(t, old))
	use(t, ahead)
	c, err := ahead.Credential(t.Context(), benchReader(1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ahead.SaveRefreshed(t.Context(), c, briefing.Credential{AccessToken: briefing.NewSecret("fresh"), State: briefing.CredentialState{Expiry: time.Unix(1795204800, 0)}}); err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]*store.Store{"the old key": behind, "none": s} {
		got, err := s.Credential(t.Context(), benchReader(1))
		if !errors.Is(err, store.ErrSealed) || !got.RefreshToken.IsZero() || got.Email != "haneul@gaon.example" {
			t.Errorf("with %s %s counts: %v", name, got.Email, err)
		}
		if _, err := s.SaveRefreshed(t.Context(), c, briefing.Credential{AccessToken: briefing.NewSecret("never")}); !errors.Is(err, store.ErrSealed) {
			t.Errorf("with %s a row is written: %v", name, err)
		}
		if all := listed(t, s, 10); len(all) != 1 || !errors.Is(all[0].Fault, store.ErrSealed) {
			t.Errorf("with %s: %+v", name, all)
		}
	}
	consent := briefing.Credential{ReaderID: benchReader(1), AccessToken: briefing.NewSecret("b"), RefreshToken: briefing.NewSecret("consented"), Email: "haneul@gaon.example"}
	if err := behind.SaveGrant(t.Context(), consent); err != nil {
		t.Fatal(err)
	}
	if got, err := ahead.Credential(t.Context(), benchReader(1)); err != nil || got.RefreshToken.Reveal() != "consented" {
		t.Errorf("after a consent where the key is lacking: %v", err)
	}
	for _, garbage := range []string{`{"achim_sealed":"garbage"}`, `{"achim_sealed":5}`} {
		storetest.Exec(t, s, "UPDATE gmail_token SET token_data = '"+garbage+"' WHERE metadata LIKE '%haneul%'")
		if got, err := ahead.Credential(t.Context(), benchReader(1)); err != nil || got.RefreshToken.Reveal() != "marked-refresh-1" {
			t.Errorf("beside garbage: %v", err)
		}
	}
}
