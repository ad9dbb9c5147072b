package app_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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

// TestAReconnectionElsewhereMendsOurs: whoever connects anew with the auth server of before need not do so here: once Google
// has refused our grant, at whatever time, theirs is used, refreshed, and stands in all of the row.
func TestAReconnectionElsewhereMendsOurs(t *testing.T) {
	t.Parallel()
	const refresh = "/api/gmail/refresh/" + haneul
	for name, known := range map[string]bool{"ours is known to be dead": true, "ours dies only now": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := build(t, storetest.Postgres)
			old, granted := elsewhere["flat"], h.google.Grant(haneulMail)
			s, err := store.Open(t.Context(), h.env["DATABASE_URL"], store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = s.Close() }()
			storetest.Exec(t, s, old.create)
			storetest.Exec(t, s, fmt.Sprintf(old.grant, haneul, granted.AccessToken, granted.RefreshToken))
			h.start()
			h.addHaneul()
			if _, err := h.app.Google.RefreshNow(t.Context(), haneul); err != nil {
				t.Fatal(err)
			}
			h.google.Revoke(haneulMail)
			if known {
				if _, err := h.app.Google.RefreshNow(t.Context(), haneul); err == nil {
					t.Fatal("a revoked grant was refreshed")
				}
				h.json("POST", refresh, apiSecret, "", http.StatusConflict)
			}
			theirs := h.google.Grant(haneulMail)
			storetest.Exec(t, s, "UPDATE gmail_token SET access_token = '"+theirs.AccessToken+"', refresh_token = '"+theirs.RefreshToken+"'")
			if known {
				h.json("POST", refresh, apiSecret, "", http.StatusOK)
			} else if _, err := h.app.Google.RefreshNow(t.Context(), haneul); err != nil {
				t.Error(err)
			}
			wants(t, h.json("GET", "/api/gmail/check/"+haneul, cronSecret, "", http.StatusOK), map[string]any{"last_error": nil, "has_refresh_token": true})
			wants(t, h.trigger(""), map[string]any{"outcome": "delivered", "status": "complete"})
			row := storetest.Rows(t, s, "SELECT access_token = token_data->>'access_token', refresh_token = token_data->>'refresh_token', refresh_token FROM gmail_token")
			if row[0] != "true|true|"+theirs.RefreshToken {
				t.Error("the row is not the same in all of it")
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

// statements are those that an error says an administrator has to run: a block of lines that are copied as they stand.
var statements = regexp.MustCompile(`administrator run:\n\n((?:[^\n]+;\n)+)`)

// TestMigrateWithoutTheRights: a role that may not do what migrating takes is told, dry run or not, everything that somebody
// else has to run, and nothing is changed; once that was run, it migrates, without the tables of others having changed hands.
func TestMigrateWithoutTheRights(t *testing.T) {
	for name, old := range elsewhere {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := build(t, storetest.Postgres)
			theirs, err := store.Open(t.Context(), h.env["DATABASE_URL"], store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = theirs.Close() }()
			storetest.Exec(t, theirs, old.create)
			storetest.Exec(t, theirs, "CREATE TABLE conversation_log (id SERIAL PRIMARY KEY, user_id TEXT, message TEXT)")
			storetest.Exec(t, theirs, fmt.Sprintf(old.grant, haneul, "access", "refresh"))
			before := storetest.Rows(t, theirs, catalogue)
			url, role := storetest.Role(t, h.env["DATABASE_URL"])
			schema := storetest.Rows(t, theirs, "SELECT current_schema()")[0]
			storetest.Exec(t, theirs, fmt.Sprintf("GRANT USAGE ON SCHEMA %s TO %q", schema, role))
			h.env["DATABASE_URL"] = url
			_, dry := app.Migrate(t.Context(), h.config(), true)
			_, err = app.Migrate(t.Context(), h.config(), false)
			if dry == nil || err == nil || dry.Error() != err.Error() {
				t.Fatalf("the dry run says\n%v\nand migrate\n%v", dry, err)
			}
			if _, err := app.New(t.Context(), app.Options{Config: h.config(), Now: h.clock.now}); !errors.Is(err, app.ErrPendingMigrations) ||
				!strings.Contains(err.Error(), "run `achim migrate` first") || strings.Contains(err.Error(), "GRANT") {
				t.Errorf("other commands say: %v", err)
			}
			if after := storetest.Rows(t, theirs, catalogue); !slices.Equal(before, after) {
				t.Errorf("something was changed: %q", after)
			}
			said := statements.FindAllStringSubmatch(dry.Error(), -1)
			for _, part := range []string{"GRANT USAGE, CREATE ON SCHEMA " + schema, "CREATE SCHEMA ", "CREATE INDEX achim_conversation_log_entry", "GRANT SELECT, INSERT, UPDATE, DELETE ON " + schema + ".gmail_token"} {
				if !strings.Contains(dry.Error(), part) {
					t.Errorf("%q is missing in: %v", part, dry)
				}
			}
			owners := storetest.Rows(t, theirs, ownersOf)
			for _, run := range said {
				storetest.Exec(t, theirs, run[1])
				storetest.Exec(t, theirs, "SET search_path TO "+schema)
			}
			if _, err := app.Migrate(t.Context(), h.config(), true); err != nil {
				t.Fatalf("once %q were run: %v", said, err)
			}
			if _, err := app.Migrate(t.Context(), h.config(), false); err != nil {
				t.Fatal(err)
			}
			if after := storetest.Rows(t, theirs, ownersOf); !slices.Equal(owners, after) {
				t.Errorf("the tables belong to %q, before %q", after, owners)
			}
			h.start()
			h.addHaneul()

			// Another role still: it is told what the tables of ours lack.
			h.env["DATABASE_URL"], _ = storetest.Role(t, h.env["DATABASE_URL"])
			storetest.Exec(t, theirs, fmt.Sprintf("GRANT USAGE ON SCHEMA %s TO PUBLIC", schema))
			if _, err := app.Migrate(t.Context(), h.config(), true); err == nil || !strings.Contains(err.Error(), "our own tables belong to another role") {
				t.Errorf("as another role: %v", err)
			}
		})
	}
}

const (
	catalogue = "SELECT relname, attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE relnamespace = current_schema()::regnamespace AND attnum > 0 ORDER BY 1, attnum"
	ownersOf  = "SELECT relname, pg_get_userbyid(relowner) FROM pg_class WHERE relname IN ('gmail_token', 'conversation_log') AND relnamespace = current_schema()::regnamespace ORDER BY 1"
)

// TestADryRunMakesNoFile: what migrating would do is told of a SQLite file that is not there, and it is not there afterwards.
func TestADryRunMakesNoFile(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	path := h.sqliteFile()
	dry, err := app.Migrate(t.Context(), h.config(), true)
	if err != nil || len(dry) < 2 || dry[0] != path+": make the file" {
		t.Fatalf("would apply %q: %v", dry, err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) > 0 {
		t.Errorf("the dry run left %v (%v)", left, err)
	}
	done, err := app.Migrate(t.Context(), h.config(), false)
	if err != nil || !slices.Equal(done, dry[1:]) {
		t.Errorf("applied %q, said before %q: %v", done, dry, err)
	}
	h.env["DATABASE_URL"] = "sqlite:" + filepath.Join(filepath.Dir(path), "nowhere", "achim.db")
	if _, err := app.Migrate(t.Context(), h.config(), true); !errors.Is(err, store.ErrUnreachable) {
		t.Errorf("without a folder: %v", err)
	}
}
