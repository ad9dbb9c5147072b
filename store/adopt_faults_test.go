package store_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"achim/briefing"
	"achim/store"
	"achim/store/storetest"
)

// TestWhatCannotBeAdopted: it is an error that names table, column and remedy, the dry run says the same, and nothing
// was changed.
func TestWhatCannotBeAdopted(t *testing.T) {
	flat := "user_id UUID PRIMARY KEY, access_token TEXT, refresh_token TEXT, expires_at BIGINT, metadata JSONB"
	for name, c := range map[string]struct {
		create []string
		says   []string
	}{
		"a column nobody can fill": {[]string{"CREATE TABLE gmail_token (" + flat + ", \"Tenant\" TEXT NOT NULL)"},
			[]string{"gmail_token.Tenant", "NOT NULL", `ALTER TABLE gmail_token ALTER COLUMN "Tenant" DROP NOT NULL`}},
		"a number for an owner": {[]string{"CREATE TABLE gmail_token (user_id BIGINT, access_token TEXT)"},
			[]string{"gmail_token.user_id", "int8"}},
		"no owner": {[]string{"CREATE TABLE gmail_token (owner UUID, access_token TEXT)"},
			[]string{"gmail_token.user_id", "is missing"}},
		"bytes": {[]string{"CREATE TABLE gmail_token (user_id UUID, token_data BYTEA)"},
			[]string{"gmail_token.token_data", "bytea", "TYPE jsonb"}},
		"too narrow": {[]string{"CREATE TABLE conversation_log (id SERIAL, content VARCHAR(2000))"},
			[]string{"conversation_log.content", "2000 characters", "ALTER COLUMN content TYPE text"}},
		"a log that is no JSON": {[]string{"CREATE TABLE conversation_log (id SERIAL, metadata TEXT)"},
			[]string{"conversation_log.metadata", "text"}},
		"a log with a column nobody can fill": {[]string{"CREATE TABLE gmail_token (" + flat + ")", "CREATE TABLE conversation_log (id SERIAL, session_id UUID NOT NULL)"},
			[]string{"conversation_log.session_id", "DROP NOT NULL"}},
		"generated": {[]string{"CREATE TABLE gmail_token (user_id UUID, scopes TEXT GENERATED ALWAYS AS ('[]') STORED)"},
			[]string{"gmail_token.scopes", "generated"}},
		"a view": {[]string{"CREATE TABLE elsewhere (" + flat + ")", "CREATE VIEW gmail_token AS SELECT * FROM elsewhere"},
			[]string{"gmail_token is not a table", "search_path"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, storetest.URL(t, storetest.Postgres))
			for _, create := range c.create {
				storetest.Exec(t, s, create)
			}
			catalogue := "SELECT relname, attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE relnamespace = current_schema()::regnamespace AND attnum > 0 ORDER BY 1, attnum"
			before := storetest.Rows(t, s, catalogue)
			_, dry := s.Pending(t.Context())
			_, err := s.Migrate(t.Context())
			for what, err := range map[string]error{"dry run": dry, "migrate": err} {
				for _, part := range c.says {
					if err == nil || !strings.Contains(err.Error(), part) {
						t.Errorf("%s: %q is missing in: %v", what, part, err)
					}
				}
			}
			if diff := cmp.Diff(before, storetest.Rows(t, s, catalogue)); diff != "" {
				t.Errorf("something was changed:\n%s", diff)
			}
		})
	}
}

// TestWhatOnlyARowShows: a check that our rows do not pass is found before anything is changed.
func TestWhatOnlyARowShows(t *testing.T) {
	s := open(t, storetest.URL(t, storetest.Postgres))
	storetest.Exec(t, s, "CREATE TABLE conversation_log (id SERIAL, role TEXT CONSTRAINT known_role CHECK (role IN ('bot', 'human')))")
	_, err := s.Migrate(t.Context())
	if err == nil || !strings.Contains(err.Error(), "conversation_log") || !strings.Contains(err.Error(), "known_role") {
		t.Errorf("migrate says %v", err)
	}
	if columns := columnsOf(t, s, "conversation_log"); !slices.Equal(columns, []string{"id", "role"}) {
		t.Errorf("columns are now %v", columns)
	}
}

// TestTablesThatReferToPeople: a row of ours must be somebody's there, which the probe's nobody is not.
func TestTablesThatReferToPeople(t *testing.T) {
	s := open(t, storetest.URL(t, storetest.Postgres))
	storetest.Exec(t, s, `CREATE TABLE "user" (id UUID PRIMARY KEY)`)
	storetest.Exec(t, s, fmt.Sprintf(`INSERT INTO "user" VALUES ('%s')`, benchReader(1)))
	storetest.Exec(t, s, `CREATE TABLE gmail_token (user_id UUID UNIQUE REFERENCES "user", access_token TEXT NOT NULL)`)
	storetest.Exec(t, s, `CREATE TABLE conversation_log (user_id UUID REFERENCES "user", message TEXT)`)
	migrate(t, s)
	if err := s.Probe(t.Context()); err != nil {
		t.Errorf("probe: %v", err)
	}
	grant := briefing.Credential{ReaderID: benchReader(1), AccessToken: briefing.NewSecret("a"), RefreshToken: briefing.NewSecret("r")}
	if err := s.SaveGrant(t.Context(), grant); err != nil {
		t.Error(err)
	}
}

// TestProbeNamesTheColumn: also one that came after the migration.
func TestProbeNamesTheColumn(t *testing.T) {
	eachLayout(t, func(t *testing.T, l layout) {
		s, _ := foreign(t, l, 1)
		migrate(t, s)
		storetest.Exec(t, s, "ALTER TABLE gmail_token ADD COLUMN later TEXT NOT NULL DEFAULT 'x'")
		storetest.Exec(t, s, "ALTER TABLE gmail_token ALTER COLUMN later DROP DEFAULT")
		storetest.Exec(t, s, "ALTER TABLE conversation_log DROP COLUMN message_ts")
		err := s.Probe(t.Context())
		for _, part := range []string{"gmail_token.later", "DROP NOT NULL", "conversation_log: add column message_ts text: run achim migrate"} {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%q is missing in: %v", part, err)
			}
		}
		if rows := storetest.Rows(t, s, l.reads); len(rows) != 1 {
			t.Errorf("the probe left %q", rows)
		}
	})
}

// TestMigrateEveryLayoutAtOnce: several machines adopt a table that is in use, and one of them does it.
func TestMigrateEveryLayoutAtOnce(t *testing.T) {
	eachLayout(t, func(t *testing.T, l layout) {
		s, url := foreign(t, l, 1)
		want, err := s.Pending(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		const machines = 3
		applied := make([][]string, machines)
		var done sync.WaitGroup
		for i := range machines {
			other := open(t, url)
			done.Go(func() {
				var err error
				if applied[i], err = other.Migrate(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		for n := 2; n < 12; n++ {
			storetest.Exec(t, s, l.insert(n, "a", "b"))
		}
		done.Wait()
		if diff := cmp.Diff(want, slices.Concat(applied...)); diff != "" {
			t.Errorf("applied by all of them together:\n%s", diff)
		}
		if rows := storetest.Rows(t, s, l.reads); len(rows) != 11 {
			t.Errorf("%d rows", len(rows))
		}
	})
}

// TestALogOfSomebodyElse: it is extended, and whatever its columns are, deliveries go into it.
func TestALogOfSomebodyElse(t *testing.T) {
	for name, create := range map[string]string{
		"other columns": "id BIGSERIAL PRIMARY KEY, message TEXT, response TEXT DEFAULT 'marked', at TIMESTAMPTZ DEFAULT now()",
		"text and json": "id UUID PRIMARY KEY, user_id TEXT, role VARCHAR(20), content TEXT NOT NULL, metadata JSON, created_at TIMESTAMP NOT NULL",
		"seconds":       "id TEXT PRIMARY KEY, created_at BIGINT, message TEXT",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, storetest.URL(t, storetest.Postgres))
			storetest.Exec(t, s, "CREATE TABLE conversation_log ("+create+")")
			columns := columnsOf(t, s, "conversation_log")
			switch name {
			case "other columns":
				storetest.Exec(t, s, "INSERT INTO conversation_log (message) VALUES ('marked-message')")
			case "text and json":
				storetest.Exec(t, s, "INSERT INTO conversation_log VALUES (gen_random_uuid(), 'me', 'user', 'marked-content', '{ \"a\":1}', now())")
			default:
				storetest.Exec(t, s, "INSERT INTO conversation_log VALUES ('1', 1, 'marked-message')")
			}
			before := wholeRows(t, s, "conversation_log", append([]string{columns[0]}, columns...))
			migrate(t, s)
			if diff := cmp.Diff(before, wholeRows(t, s, "conversation_log", append([]string{columns[0]}, columns...))); diff != "" {
				t.Error(diff)
			}
			if err := s.Probe(t.Context()); err != nil {
				t.Error(err)
			}
			deliver(t, s)
			if rows := storetest.Rows(t, s, "SELECT user_id, channel, role, content, metadata->>'kind' FROM conversation_log WHERE metadata->>'entry_id' = 'e1'"); len(rows) != 1 ||
				rows[0] != string(benchReader(1))+"|slack|assistant|아침 브리핑|briefing" {
				t.Errorf("what was logged: %q", rows)
			}
		})
	}
}

// deliver takes an entry to delivered.
func deliver(t *testing.T, s *store.Store) {
	t.Helper()
	e := briefing.Entry{ID: "e1", Reader: benchReader(1), Date: briefing.Date{Year: 2026, Month: 11, Day: 20}, Slot: briefing.DailySlot, State: briefing.Planned}
	for _, to := range []briefing.State{"", briefing.Prepared, briefing.Sending} {
		from := e.State
		if to == "" {
			from = ""
		} else {
			e.State = to
		}
		next, err := s.Advance(t.Context(), briefing.Step{Entry: e, From: from})
		if err != nil {
			t.Fatal(err)
		}
		e = next
	}
	e.State, e.Status = briefing.Delivered, briefing.Complete
	if _, err := s.Commit(t.Context(), briefing.Delivery{Step: briefing.Step{Entry: e, From: briefing.Sending}, LogText: "아침 브리핑"}); err != nil {
		t.Fatal(err)
	}
}

// TestMalformedRowsAreListed: whatever stands in a row, in whatever layout, it is one of the list with its fault, tells
// nothing of what it holds, and hurts nobody else.
func TestMalformedRowsAreListed(t *testing.T) {
	reader := func(n int) string { return "'" + string(benchReader(n)) + "'" }
	for _, c := range []struct {
		layout int
		rows   []string // values of user_id, then what follows
		insert string
	}{
		{0, []string{reader(1) + `, '["leaky"]', NULL, NULL`, reader(2) + `, '"leaky"', NULL, NULL`, reader(3) + `, '5', NULL, NULL`,
			reader(4) + `, '{"access_token":5,"refresh_token":["leaky"]}', NULL, NULL`, reader(5) + `, '{}', '["leaky"]', NULL`,
			reader(6) + `, '{}', NULL, '{"scope":"leaky"}'`}, "INSERT INTO gmail_token (user_id, token_data, metadata, scopes) VALUES (%s)"},
		{2, []string{reader(1) + `, 'leaky', NULL, NULL`, reader(2) + `, '{"access_token":"leaky', NULL, NULL`, reader(3) + `, '', 'leaky', NULL`,
			`'leaky-not-a-uuid', '{}', NULL, NULL`, `'', '{}', NULL, NULL`, `'한글 "id"', '{}', NULL, NULL`},
			"INSERT INTO gmail_token (user_id, token_data, metadata, scopes) VALUES (%s)"},
		{5, []string{reader(1) + `, 'a', 'r', 'leaky'`, reader(2) + `, 'a', 'r', '["leaky"]'`, `NULL, 'leaky', 'leaky', NULL`, `NULL, 'leaky', NULL, NULL`},
			"INSERT INTO gmail_token (user_id, access_token, refresh_token, metadata) VALUES (%s)"},
		{6, []string{reader(1) + `, 'a', 'r', 'leaky'`, `'haneul', 'a', 'r', NULL`, `NULL, 'leaky', 'leaky', NULL`, `'', 'leaky', 'leaky', NULL`},
			"INSERT INTO gmail_token (user_id, access_token, refresh_token, metadata) VALUES (%s)"},
	} {
		l := layouts[c.layout]
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			s, _ := foreign(t, l, 9)
			for _, row := range c.rows {
				storetest.Exec(t, s, fmt.Sprintf(c.insert, row))
			}
			migrate(t, s)
			for _, limit := range []int{1, 2, 100} {
				all := listed(t, s, limit)
				faulty := 0
				for _, g := range all {
					if g.Fault == nil {
						continue
					}
					faulty += 1 + g.PassedOver
					if text := g.Fault.Error(); briefing.ReasonOf(g.Fault) != briefing.Malformed || strings.Contains(strings.ReplaceAll(text, "leaky-not-a-uuid", ""), "leaky") {
						t.Errorf("the fault is %q", text)
					}
				}
				if faulty != len(c.rows) || all[len(all)-1].Owner == "" {
					t.Errorf("pages of %d: %d faulty rows listed, want %d: %+v", limit, faulty, len(c.rows), all)
				}
			}
			if got, err := s.Credential(t.Context(), benchReader(9)); err != nil || got.RefreshToken.IsZero() {
				t.Errorf("the good row: %v", err)
			}
			if _, err := s.AccountInUse(t.Context(), "a@b.example", "", benchReader(9)); err != nil {
				t.Error(err)
			}
			if _, err := s.Credential(t.Context(), benchReader(1)); err == nil || strings.Contains(err.Error(), "leaky") {
				t.Errorf("a malformed grant: %v", err)
			}
		})
	}
}

// listed goes through all grants in pages.
func listed(t *testing.T, s *store.Store, limit int) (all []briefing.Grant) {
	t.Helper()
	for after := briefing.ReaderID(""); ; {
		page, err := s.Grants(t.Context(), after, limit)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) > limit || len(all) > 1000 {
			t.Fatalf("a page of %d, %d in all", len(page), len(all))
		}
		if len(page) == 0 {
			return all
		}
		all = append(all, page...)
		after = page[len(page)-1].Owner
	}
}

// TestNoRefreshToken: such a row is no fault, and listed as what it is.
func TestNoRefreshToken(t *testing.T) {
	s, _ := foreign(t, layouts[3])
	storetest.Exec(t, s, fmt.Sprintf("INSERT INTO gmail_token (user_id, access_token) VALUES ('%s', 'a')", benchReader(1)))
	migrate(t, s)
	all, err := s.Grants(t.Context(), "", 10)
	if err != nil || len(all) != 1 || all[0].HasRefreshToken || !all[0].HasAccessToken || all[0].Fault != nil {
		t.Errorf("%+v: %v", all, err)
	}
}

// many opens a database in which other programs keep 100,000 grants, and nothing of ours.
func many(t testing.TB, l layout) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), storetest.URL(t, storetest.Postgres), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	storetest.Exec(t, s, l.create)
	before, values, _ := strings.Cut(strings.ReplaceAll(l.insert(7, "access", "refresh"), "'"+string(benchReader(7))+"'", "gen_random_uuid()"), "VALUES (")
	storetest.Exec(t, s, before+"SELECT "+strings.TrimSuffix(values, ")")+" FROM generate_series(1, 100000)")
	return s
}

// TestAdopts100kGrantsWithinAMinute: rows are read as they are, so that their number hardly matters.
func TestAdopts100kGrantsWithinAMinute(t *testing.T) {
	for _, l := range []layout{layouts[0], layouts[3], layouts[6]} {
		t.Run(l.name, func(t *testing.T) {
			s := many(t, l)
			defer func() { _ = s.Close() }()
			began := time.Now()
			migrate(t, s)
			if took := time.Since(began); took > time.Minute {
				t.Errorf("it took %s", took)
			}
			if rows := storetest.Rows(t, s, "SELECT COUNT(*) FROM gmail_token"); rows[0] != "100000" {
				t.Errorf("%s rows are left", rows[0])
			}
			if page, err := s.Grants(t.Context(), "", 500); err != nil || len(page) != 500 || page[499].Fault != nil {
				t.Errorf("%d grants: %v", len(page), err)
			}
		})
	}
}

// BenchmarkAdopt100k migrates a database in which other programs keep 100,000 grants.
func BenchmarkAdopt100k(b *testing.B) {
	for _, l := range []layout{layouts[0], layouts[3], layouts[6]} {
		b.Run(l.name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				s := many(b, l)
				b.StartTimer()
				_, err := s.Migrate(b.Context())
				b.StopTimer()
				ok(b, err)
				ok(b, s.Close())
				b.StartTimer()
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/migrate")
		})
	}
}
