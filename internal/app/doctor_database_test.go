package app_test

import (
	"fmt"
	"strings"
	"testing"

	"achim/briefing"
	"achim/internal/app"
	"achim/internal/doctor"
	"achim/store"
	"achim/store/storetest"
)

// migrations are the states a database can be in before achim migrate, and what doctor says of each.
func migrations() []struct {
	name, plant   string
	migrated      bool
	summary, what string // parts of the summary and of the remedy
	only          storetest.Dialect
} {
	return []struct {
		name, plant   string
		migrated      bool
		summary, what string
		only          storetest.Dialect
	}{
		{name: "nothing yet", plant: "SELECT 1", summary: "achim has no tables in it yet: ", what: "achim migrate"},
		{name: "another program's migrations", plant: "CREATE TABLE goose_db_version (id INTEGER, version_id BIGINT, is_applied BOOLEAN)",
			summary: "achim has no tables in it yet: ", what: "achim migrate"},
		{name: "another program's table of our name", plant: "CREATE TABLE achim_goose_version (name TEXT)",
			summary: "table achim_goose_version is of another program", what: "rename it, or name another database or schema"},
		{name: "behind", migrated: true, plant: "DELETE FROM achim_goose_version WHERE version_id > 11",
			summary: "its schema is behind this program: ", what: "achim migrate"},
		{name: "ahead", migrated: true, plant: "INSERT INTO achim_goose_version (version_id, is_applied) VALUES (9999, true)",
			summary: "database is newer than this program: its schema is at version 9999", what: "install the program that migrated it"},
		{name: "in the way", plant: "CREATE TABLE conversation_log (id INTEGER, tenant TEXT NOT NULL)", only: storetest.Postgres,
			summary: "achim migrate refuses: ", what: "mend what it names, then achim migrate"},
	}
}

// TestDoctorTellsMigrations: whatever the schema is, doctor says how it stands, with a remedy that fits it, and that this
// is why nothing else was looked at.
func TestDoctorTellsMigrations(t *testing.T) {
	t.Parallel()
	for _, dialect := range []storetest.Dialect{storetest.SQLite, storetest.Postgres} {
		for _, c := range migrations() {
			if c.only != "" && c.only != dialect {
				continue
			}
			t.Run(string(dialect)+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				h := build(t, dialect)
				s, err := store.Open(t.Context(), h.env["DATABASE_URL"], store.Options{})
				if err == nil && c.migrated {
					_, err = s.Migrate(t.Context())
				}
				if err != nil {
					t.Fatal(err)
				}
				storetest.Exec(t, s, c.plant)
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				var found, unseen []doctor.Finding
				report := h.examine()
				for _, f := range report.Findings {
					switch f.Code {
					case doctor.Migrations, doctor.SharedTables:
						found = append(found, f)
					case doctor.NotChecked:
						unseen = append(unseen, f)
					}
				}
				if len(found) != 1 || found[0].Level != doctor.Error || len(unseen) != 1 ||
					!strings.Contains(found[0].Summary, c.summary) || !strings.Contains(found[0].Remedy, c.what) || strings.Contains(found[0].Summary, found[0].Remedy) {
					t.Errorf("%+v\n%s", found, told(t, report))
				}
				wellFormed(t, report)
			})
		}
	}
}

// TestDoctorKnowsWhereReadersAre: whoever is paused until today is back at their own midnight, not at the operator's.
func TestDoctorKnowsWhereReadersAre(t *testing.T) {
	t.Parallel()
	h := healthy(t, storetest.SQLite)
	// It is the 20th in Seoul and still the 19th in Chicago.
	for name, want := range map[string]doctor.Level{"seoul": doctor.Error, "chicago": doctor.Info} {
		zone := map[string]string{"seoul": "Asia/Seoul", "chicago": "America/Chicago"}[name]
		p := h.admit(name, `"timezone":"`+zone+`"`, `"paused_until":"2026-11-20"`)
		h.slack.DisableUser(p.slack)
		report := h.examine(string(p.id))
		if f := finding(report, doctor.ReaderReach); f.Level != want {
			t.Errorf("in %s: %+v", zone, f)
		}
	}
}

// TestDoctorIsBrief: however many rows are alike, they are told in one finding that counts them and names a few, and of
// readers in ten lines and the number of the others.
func TestDoctorIsBrief(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.file = "delivery: {operator: \"@jiwon\"}\n"
		h.start()
		for n := range 25 {
			h.exec("INSERT INTO gmail_token (user_id, token_data) VALUES ('11111111-0000-4000-8000-0000000000%02d', '{\"refresh_token\":\"planted-%d\"}')", n, n)
			h.exec("INSERT INTO gmail_token (user_id, token_data) VALUES ('22222222-0000-4000-8000-0000000000%02d', '[]')", n)
		}
		for n := range 12 {
			r := briefing.Reader{ID: briefing.ReaderID(numbered(n)), Name: "reader " + numbered(n), SlackUserID: strings.ToUpper("U0" + numbered(n)[24:])}
			if _, err := h.app.Store.SaveReader(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		report := h.examine()
		for code, example := range map[doctor.Code]string{doctor.GrantWithoutReader: "11111111-0000-4000-8000-000000000000", doctor.GrantMalformed: "22222222-0000-4000-8000-000000000000"} {
			f := finding(report, code)
			if f.Count != 25 || !strings.Contains(f.Summary, example) || !strings.HasSuffix(f.Summary, " and 22 more") || len(f.Summary) > 400 {
				t.Errorf("%+v", f)
			}
		}
		text := told(t, report)
		if n := strings.Count(text, ": has not connected Google\n"); n != 10 {
			t.Errorf("%d readers are told of", n)
		}
		holds(t, text, "… and 2 more of not_connected: achim doctor --json lists all")
		if n := strings.Count(text, "\n"); n > 90 {
			t.Errorf("%d lines:\n%s", n, text)
		}
		wellFormed(t, report)
	})
}

// finding returns the one finding with the code.
func finding(r app.Report, code doctor.Code) doctor.Finding {
	var found doctor.Finding
	for _, f := range r.Findings {
		if f.Code == code {
			if found.Code != "" {
				return doctor.Finding{Summary: "several with the code " + string(code)}
			}
			found = f
		}
	}
	return found
}

func numbered(n int) string { return fmt.Sprintf("33333333-0000-4000-8000-%012d", n) }
