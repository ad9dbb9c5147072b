package store_test

import (
	"errors"
	"fmt"
	"slices"
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
	storetest.Exec(t, s, "DELETE FROM gmail_token WHERE access_token BETWEEN 'a2' AND 'a99999' AND user_id = '"+string(benchReader(1))+"'")    // a race detector takes too long over all
	if gone, err := s.DeleteCredential(t.Context(), benchReader(1)); err != nil || len(gone) != 2 || gone[1].RefreshToken.Reveal() != "same" { // each grant once, however many rows it has
		t.Errorf("forgotten %d: %v", len(gone), err)
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

// TestSealedRowThatLosesItsOwner: no key opens it any more, which is told, and keeps nobody from starting or from changing
// keys; rows without an owner that hold nothing are not counted. With its user_id it opens again.
func TestSealedRowThatLosesItsOwner(t *testing.T) {
	for _, l := range []layout{layouts[5], layouts[6], flatLayout("a key, and NULL", "user_id UUID UNIQUE, access_token TEXT, refresh_token TEXT, expires_at BIGINT, metadata JSONB")} {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			plain, url := foreign(t, l, 1, 2)
			migrate(t, plain)
			admit(t, plain, 1, 2)
			old := storetest.Sealer(t)
			s := with(t, url, old)
			use(t, s)
			if _, err := s.Reseal(t.Context(), store.Resealing{}); err != nil {
				t.Fatal(err)
			}
			storetest.Exec(t, s, fmt.Sprintf("UPDATE gmail_token SET user_id = NULL WHERE user_id::text = '%s'", benchReader(1)))
			storetest.Exec(t, s, "INSERT INTO gmail_token (user_id, access_token, refresh_token) VALUES (NULL, '', ''), (NULL, 'theirs', 'theirs')")
			both := rotated(t, old)
			s = with(t, url, both)
			use(t, s)
			done, err := s.Reseal(t.Context(), store.Resealing{})
			if err != nil || done.Rows != 2 || done.Unopened != 1 || done.Lost != 1 || done.Staying != (store.Staying{NoOwner: 1}) {
				t.Errorf("sealed again: %+v, %v", done, err)
			}
			same(t, "what stays plain", stayPlain(t, s), store.Staying{NoOwner: 1})
			for _, c := range counts(t, s) {
				if c.Table == "gmail_token" && (c.Rows != 1 || c.Key != store.NoKey && c.Key != both.Keys()[0]) {
					t.Errorf("counted %+v", c)
				}
			}
			use(t, with(t, url, alone(t, both)))
			storetest.Exec(t, s, fmt.Sprintf("UPDATE gmail_token SET user_id = '%s' WHERE user_id IS NULL AND token_data IS NOT NULL", benchReader(1)))
			if c, err := s.Credential(t.Context(), benchReader(1)); err != nil || c.RefreshToken.Reveal() != "marked-refresh-1" {
				t.Errorf("with its owner again: %v", err)
			}
		})
	}
}

// TestStateOfAMalformedRow: what is known of a refresh token is told wherever the token can be read.
func TestStateOfAMalformedRow(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		admit(t, s, 1)
		c := briefing.Credential{ReaderID: benchReader(1), AccessToken: briefing.NewSecret("a"), RefreshToken: briefing.NewSecret("r")}
		must(t, s.SaveGrant(t.Context(), c))
		c.State.DeadSince = time.Unix(1795204800, 0)
		must(t, s.SaveCredentialState(t.Context(), c))
		storetest.Exec(t, s, "UPDATE gmail_token SET scopes = '5'")
		got, err := s.Credential(t.Context(), c.ReaderID)
		if briefing.ReasonOf(err) != briefing.Malformed || got.State.DeadSince.IsZero() {
			t.Errorf("read: %+v, %v", got.State, err)
		}
		if all := listed(t, s, 10); len(all) != 1 || all[0].State.DeadSince.IsZero() {
			t.Errorf("listed: %+v", all)
		}
		held, err := s.Held(t.Context(), c.ReaderID)
		if err != nil || !slices.ContainsFunc(held, func(h store.Held) bool { return h.Table == "achim_credential_state" }) {
			t.Errorf("held: %v", err)
		}
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestAccountUsersOnce: who has several rows of an account is told once, and who only waits to confirm it as such.
func TestAccountUsersOnce(t *testing.T) {
	s, _ := foreign(t, layouts[6], 1, 2)
	migrate(t, s)
	storetest.Exec(t, s, layouts[6].insert(2, "x", "y"))
	for _, n := range []int{2, 3} {
		must(t, s.SavePending(t.Context(), briefing.Pending{TicketHash: fmt.Sprint(n), ExpiresAt: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
			Grant: briefing.Credential{ReaderID: benchReader(n), Email: "haneul@gaon.example"}}))
	}
	users, err := s.AccountUsers(t.Context(), "haneul@gaon.example", "", benchReader(1))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "who uses it", users, []briefing.AccountUser{{Owner: benchReader(2), Certain: true}, {Owner: benchReader(3), Certain: true, Waits: true}})
}

// TestClockBehindIsNoZone: a time of day without a zone is not taken for Korean because our own clock is behind.
func TestClockBehindIsNoZone(t *testing.T) {
	actual := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)

	for _, d := range []storetest.Dialect{storetest.SQLite, storetest.Postgres} {
		now := actual.Add(-62 * time.Minute)
		s := storetest.OpenURL(t, storetest.URL(t, d), store.Options{Now: func() time.Time { return now }})
		storetest.Exec(t, s, `INSERT INTO gmail_token (user_id, token_data) VALUES ('`+string(benchReader(1))+`', '{"access_token":"a","refresh_token":"r","expiry":"2026-11-20T00:59:59"}')`)
		c, err := s.Credential(t.Context(), benchReader(1))
		must(t, err)
		_, err = s.SaveRefreshed(t.Context(), c, briefing.Credential{AccessToken: briefing.NewSecret("fresh"), State: briefing.CredentialState{Expiry: now.Add(time.Hour)}})
		must(t, err)
		if rows := storetest.Rows(t, s, "SELECT token_data FROM gmail_token"); !strings.Contains(rows[0], "2026-11-19T23:58:00") {
			t.Errorf("%s: %q", d, rows)
		}
	}
}
