package app_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"achim/internal/app"
	"achim/store"
	"achim/store/storetest"
)

// elsewhere are tables as the services before this one left them: how a grant stands in them, and what of a row other
// programs read. The naive expiry is KST and looks alive for nine hours more; the access token is dead.
var elsewhere = map[string]struct{ create, grant, reads string }{
	"jsonb": {
		"CREATE TABLE gmail_token (id SERIAL PRIMARY KEY, user_id UUID UNIQUE NOT NULL, robeing_id VARCHAR(50), token_data JSONB NOT NULL, oauth_config JSONB, " +
			"scopes JSONB, metadata JSONB, expiry TIMESTAMP, is_equipped BOOLEAN DEFAULT false, equipped_to VARCHAR(50), theirs TEXT, " +
			"created_at TIMESTAMP DEFAULT now(), updated_at TIMESTAMP DEFAULT now())",
		"INSERT INTO gmail_token (user_id, robeing_id, token_data, oauth_config, scopes, metadata, expiry, is_equipped, equipped_to, theirs) VALUES " +
			`('%s', 'marked-robeing', '{"access_token": "%s", "refresh_token": "%s", "token_type": "Bearer"}', ` +
			`'{"client_id": "` + clientID + `", "client_secret": "marked-rotated-since", "token_uri": "https://evil.example/token"}', ` +
			`'["https://www.googleapis.com/auth/gmail.readonly", "https://www.googleapis.com/auth/calendar.readonly"]', ` +
			`'{"email": "` + haneulMail + `", "marked": 1}', '2026-11-20 17:30:00', true, 'marked-equipped', 'marked-theirs')`,
		"SELECT token_data->>'access_token', token_data->>'refresh_token' FROM gmail_token",
	},
	"flat": {
		"CREATE TABLE gmail_token (user_id UUID PRIMARY KEY, access_token TEXT NOT NULL, refresh_token TEXT NOT NULL, expires_at BIGINT NOT NULL, metadata JSONB, theirs TEXT DEFAULT 'marked-theirs')",
		"INSERT INTO gmail_token (user_id, access_token, refresh_token, expires_at, metadata) VALUES ('%s', '%s', '%s', 1795197600, " +
			`'{"email": "` + haneulMail + `", "marked": 1}')`,
		"SELECT access_token, refresh_token FROM gmail_token",
	},
}

// TestMovingOver: a database that the services before this one left is migrated, its people are imported, and they are
// briefed with no new consent. What was there is there still, and those services read what we refreshed.
func TestMovingOver(t *testing.T) {
	t.Parallel()
	for name, old := range elsewhere {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := build(t, storetest.Postgres)
			granted := h.google.Grant(haneulMail)
			h.google.ExpireAccess(haneulMail)
			s, err := store.Open(t.Context(), h.env["DATABASE_URL"], store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = s.Close() }()
			for _, statement := range []string{
				old.create, fmt.Sprintf(old.grant, haneul, granted.AccessToken, granted.RefreshToken),
				"CREATE TABLE conversation_log (id SERIAL PRIMARY KEY, user_id TEXT, message TEXT, response TEXT, timestamp TIMESTAMPTZ DEFAULT now())",
				"INSERT INTO conversation_log (user_id, message, response) VALUES ('them', 'marked-message', 'marked-response')",
				`CREATE TABLE "user" (id UUID PRIMARY KEY, username TEXT, email TEXT)`,
				fmt.Sprintf(`INSERT INTO "user" VALUES ('%s', 'haneul', '%s')`, haneul, haneulMail),
				"CREATE TABLE workspace_member (user_id UUID, slack_id TEXT)",
				fmt.Sprintf("INSERT INTO workspace_member VALUES ('%s', '%s')", haneul, haneulSlack),
			} {
				storetest.Exec(t, s, statement)
			}
			untouched := []string{
				"SELECT user_id, theirs, metadata FROM gmail_token", "SELECT id, user_id, message, response, timestamp::text FROM conversation_log WHERE message IS NOT NULL",
				`SELECT u::text FROM "user" u`, "SELECT m::text FROM workspace_member m",
			}
			if name == "jsonb" {
				untouched = append(untouched, "SELECT id, robeing_id, oauth_config, is_equipped, equipped_to, created_at::text FROM gmail_token")
			}
			look := func() string {
				var all []string
				for _, query := range untouched {
					all = append(all, storetest.Rows(t, s, query)...)
				}
				return strings.Join(all, "\n")
			}
			before, tokens := look(), storetest.Rows(t, s, old.reads)[0]

			h.start()
			h.importPeople()
			if after := storetest.Rows(t, s, old.reads)[0]; look() != before || after != tokens {
				t.Errorf("migrating changed\n%s\nto\n%s", before, look())
			}
			wants(t, h.trigger(""), map[string]any{"outcome": "delivered", "status": "complete"})
			if n := h.google.Calls("token"); n != 1 {
				t.Errorf("%d refreshes at Google, want the one that the dead access token needs", n)
			}
			holds(t, seen(h.oneDM()), "제품 주간회의", "계약서 3조 수정안")
			if look() != before {
				t.Errorf("a briefing changed\n%s\nto\n%s", before, look())
			}
			after := storetest.Rows(t, s, old.reads)[0]
			access, refresh, _ := strings.Cut(after, "|")
			if access == granted.AccessToken || refresh != granted.RefreshToken {
				t.Error("what the other services read was not refreshed, or is another grant")
			}
			if logged := storetest.Rows(t, s, "SELECT user_id, channel FROM conversation_log WHERE message IS NULL"); len(logged) != 1 || logged[0] != haneul+"|slack" {
				t.Errorf("logged: %q", logged)
			}
			for _, part := range []string{granted.RefreshToken, access, "marked-rotated-since"} {
				lacks(t, h.log.String(), part)
			}
		})
	}
}

// importPeople imports those of the tables beside ours.
func (h *house) importPeople() {
	h.t.Helper()
	err := func(ctx context.Context) error {
		people, err := h.app.ReadPeople(ctx)
		if err != nil {
			return err
		}
		plan, err := h.app.PlanImport(ctx, people.Rows)
		if err != nil {
			return err
		}
		done, err := h.app.Import(ctx, plan, true)
		if err == nil && (done != 1 || len(people.Misfit)+len(plan.Faults) > 0 || plan.Lines[0].Action != app.ImportAdd) {
			err = fmt.Errorf("imported %d: %+v, %v, %v", done, plan.Lines, people.Misfit, plan.Faults)
		}
		return err
	}(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
}
