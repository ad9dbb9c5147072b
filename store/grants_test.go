package store_test

import (
	"fmt"
	"testing"

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
