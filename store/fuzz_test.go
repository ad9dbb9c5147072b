package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"achim/briefing"
	"achim/store/storetest"
)

// leaked returns a piece of one of the secrets that stands in text and is not one of our own words.
func leaked(text, ours string, secrets ...string) string {
	const piece = 8
	for _, secret := range secrets {
		for i := 0; i+piece <= len(secret); i++ {
			if part := secret[i : i+piece]; strings.Contains(text, part) && !strings.Contains(ours, part) {
				return part
			}
		}
	}
	return ""
}

// FuzzStoredToken: whatever other programs put into the columns of a row, it is read or refused as malformed, without a
// word of what it holds; it stands in nobody's way; and connecting again mends it.
func FuzzStoredToken(f *testing.F) {
	for _, seed := range [][4]string{
		{`{"access_token":"a","refresh_token":"r","token_type":"Bearer","x":[1]}`, `{"client_id":"c","client_secret":"s"}`, `["a","b"]`, `{"email":"a@b.example"}`},
		{`"{\"access_token\":\"a\",\"refresh_token\":\"r\"}"`, `null`, `"a b"`, `null`},
		{`["leaky"]`, `[]`, `{"leaky":1}`, `{"email":{}}`},
		{`{"access_token":5,"refresh_token":"leaky"}`, `5`, `"[\"a\"]"`, `"leaky"`},
		{`{"achim_sealed":"leaky"}`, `{"client_id":null}`, `"[\"[\\\"a\\\"]\"]"`, `{"sub":["leaky"]}`},
		{`{"refresh_token":"r","expires_at":1795197600.5,"expiry":"2026-11-20 09:00:00.123+0900","expiry_date":"1795197600123","expires_in":3599,"created":"x"}`, "", "", ""},
		{`{"refresh_token":"r","expires_at":"2026-11-20T09:00:00","token_expiry":"2026-11-20T00:00:00Z","expires":"0x1p99","expires_on":"NaN","expires_in":"-1"}`, "", "", ""},
		{"", "", "", ""},
		{`{"refresh_token":"\u0000"}`, "{", `"[`, "\xff"},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}
	s := storetest.Open(f, storetest.SQLite)
	const reader = briefing.ReaderID("00000000-0000-4000-8000-000000000001")
	write := func(ctx context.Context, token, config, scopes, metadata string) error {
		_, err := s.DB().ExecContext(ctx, "INSERT INTO gmail_token (user_id, token_data, oauth_config, scopes, metadata) VALUES (?, ?, ?, ?, ?) "+
			"ON CONFLICT (user_id) DO UPDATE SET token_data = excluded.token_data, oauth_config = excluded.oauth_config, "+
			"scopes = excluded.scopes, metadata = excluded.metadata", string(reader), token, config, scopes, metadata)
		return err
	}
	// What is said of rows that hold nothing: our own words.
	ours := ""
	for _, columns := range [][4]string{
		{"5", "5", "5", "5"}, {`{"achim_sealed":""}`, "", "", ""},
		{`{"access_token":5,"refresh_token":5}`, `{"client_id":5,"client_secret":5}`, "", `{"email":5,"sub":5}`},
	} {
		if err := write(f.Context(), columns[0], columns[1], columns[2], columns[3]); err != nil {
			f.Fatal(err)
		}
		_, err := s.Credential(f.Context(), reader)
		_, saveErr := s.SaveRefreshed(f.Context(), briefing.Credential{ReaderID: reader}, briefing.Credential{})
		ours += fmt.Sprintln(err, saveErr)
	}
	now := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, token, config, scopes, metadata string) {
		ctx := t.Context()
		if err := write(ctx, token, config, scopes, metadata); err != nil {
			t.Fatalf("the database itself does not take it: %v", err)
		}
		wantMalformed := func(err error) {
			t.Helper()
			if err == nil {
				return
			}
			if part := leaked(err.Error(), ours, token, config, scopes, metadata); part != "" || briefing.ReasonOf(err) != briefing.Malformed {
				t.Errorf("%q of the row stands in %q", part, err)
			}
		}
		read, err := s.Credential(ctx, reader)
		wantMalformed(err)
		listed, listErr := s.Grants(ctx, "", 2)
		if listErr != nil || len(listed) != 1 || (listed[0].Fault == nil) != (err == nil) {
			t.Fatalf("listed %+v, %v", listed, listErr)
		}
		wantMalformed(listed[0].Fault)
		if _, err := s.AccountInUse(ctx, "x@y.example", "", "somebody"); err != nil {
			t.Error(err)
		}
		read.ReaderID = reader
		fresh := briefing.Credential{AccessToken: briefing.NewSecret("new"), Scopes: []string{"openid"}, State: briefing.CredentialState{Expiry: now, CheckedAt: now}}
		saved, saveErr := s.SaveRefreshed(ctx, read, fresh)
		if (saveErr == nil) != (err == nil) {
			t.Errorf("saved: %v, read: %v", saveErr, err)
		}
		wantMalformed(saveErr)
		if saveErr == nil && (!saved.AccessToken.Equal(fresh.AccessToken) || !saved.RefreshToken.Equal(read.RefreshToken)) {
			t.Error("a refresh changed more than the access token")
		}
		again := briefing.Credential{ReaderID: reader, AccessToken: briefing.NewSecret("a"), RefreshToken: briefing.NewSecret("r"), Email: "a@b.example", State: fresh.State}
		if err := s.SaveGrant(ctx, again); err != nil {
			t.Errorf("connecting again: %v", err)
		}
		if now, err := s.Credential(ctx, reader); err != nil || !now.RefreshToken.Equal(again.RefreshToken) {
			t.Errorf("after connecting again: %v", err)
		}
	})
}
