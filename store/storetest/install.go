package storetest

import (
	"slices"
	"strings"
	"testing"

	"achim/store"
)

func installSecret(t *testing.T, s *store.Store) {
	secret := must(s.InstallSecret(t.Context()))(t)
	if len(secret) != 32 {
		t.Errorf("the secret has %d bytes", len(secret))
	}
	must(s.Migrate(t.Context()))(t)
	if again := must(s.InstallSecret(t.Context()))(t); string(again) != string(secret) {
		t.Error("migrating again changed the secret")
	}
	Exec(t, s, "DELETE FROM achim_install")
	if _, err := s.InstallSecret(t.Context()); err == nil || !strings.Contains(err.Error(), "run achim migrate") {
		t.Errorf("without a secret: %v", err)
	}
	pending := must(s.Pending(t.Context()))(t)
	if made := must(s.Migrate(t.Context()))(t); len(made) != 1 || !slices.Equal(made, pending) || !strings.HasPrefix(made[0], "achim_install: ") {
		t.Errorf("pending %q, done %q", pending, made)
	}
	if fresh := must(s.InstallSecret(t.Context()))(t); string(fresh) == string(secret) {
		t.Error("the secret that was taken out is back")
	}
}

func installProbe(t *testing.T, s *store.Store) {
	check(t, s.Probe(t.Context()))
	if rows := append(Rows(t, s, "SELECT id FROM conversation_log"), Rows(t, s, "SELECT id FROM gmail_token")...); len(rows) != 0 {
		t.Errorf("the probe left %q", rows)
	}
	Exec(t, s, "ALTER TABLE gmail_token RENAME COLUMN scopes TO scope")
	Exec(t, s, "ALTER TABLE conversation_log RENAME COLUMN message_ts TO ts")
	err := s.Probe(t.Context())
	if err == nil {
		t.Fatal("the probe went through")
	}
	for _, word := range []string{"gmail_token", "scopes", "conversation_log", "message_ts"} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("the error does not name %s: %v", word, err)
		}
	}
}

func installMigrated(t *testing.T, s *store.Store) {
	if pending := must(s.Pending(t.Context()))(t); len(pending) != 0 {
		t.Errorf("pending after migrating: %q", pending)
	}
	if again := must(s.Migrate(t.Context()))(t); len(again) != 0 {
		t.Errorf("applied again: %q", again)
	}
	check(t, s.Ping(t.Context()))
}
