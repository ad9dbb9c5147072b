package store_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"

	"achim/store"
	"achim/store/storetest"
)

// before returns the database at url, opened and migrated up to a version and no further.
func before(t *testing.T, url string, version string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	dialect, from := goose.DialectSQLite3, "migrations/sqlite"
	if !s.Exclusive() {
		dialect, from = goose.DialectPostgres, "migrations/postgres"
	}
	files, err := filepath.Glob(from + "/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for _, file := range files {
		if name := filepath.Base(file); name[:5] <= version {
			text, err := os.ReadFile(file)
			if err == nil {
				err = os.WriteFile(filepath.Join(folder, name), text, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	provider, err := goose.NewProvider(dialect, s.DB(), os.DirFS(folder), goose.WithTableName("achim_goose_version"), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestMigrateKeepsWhenReadersArePlanned: readers of a database from before cohorts are planned when they were to be,
// with the wishes they have, and those alike are together.
func TestMigrateKeepsWhenReadersArePlanned(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		s := before(t, url, "00004")
		nine := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
		for n, rest := range []string{
			fmt.Sprintf("'Asia/Seoul', '09:00', 62, 0, '', %d, 1", nine.UnixMilli()),
			fmt.Sprintf("'Asia/Seoul', '09:00', 62, 0, '', %d, 1", nine.UnixMilli()),
			fmt.Sprintf("'', NULL, 0, 1, '2026-12-01', %d, 0", nine.UnixMilli()),
			"'', NULL, 0, 0, '', NULL, 0",
		} {
			storetest.Exec(t, s, "INSERT INTO achim_reader (id, name, slack_channel_id, email, language, notification, created_at, updated_at, "+
				"timezone, deliver_at, weekdays, paused, paused_until, plan_at, skip_holidays) VALUES ('"+string(benchReader(n))+"', 'r', 'D', '', '', '', 1, 1, "+rest+")")
		}
		applied, err := s.Migrate(t.Context())
		if err != nil || !strings.Contains(strings.Join(applied, " "), "00005") {
			t.Fatalf("applied %q: %v", applied, err)
		}
		got := map[string]int{}
		for n := range 4 {
			r, err := s.Reader(t.Context(), string(benchReader(n)))
			if err != nil || r.PlanAt.IsZero() != (n == 3) || (n != 3 && !r.PlanAt.Equal(nine)) {
				t.Errorf("reader %d: %+v (%v)", n, r, err)
			}
			// Saved as they are, they stay in their cohort: the migration writes wishes as the program does.
			if _, err := s.SaveReader(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		cohorts, err := s.Cohorts(t.Context(), nine)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cohorts {
			like := fmt.Sprintf("%q %v %d %t %s %t", c.Like.Timezone, c.Like.At, c.Like.Weekdays, c.Like.Paused, c.Like.PausedUntil, c.Like.SkipHolidays)
			got[like] += c.Readers
			if c.Joins != 0 || c.Like.PlanAt.IsZero() != (like == `"" <nil> 0 false  false`) {
				t.Errorf("cohort %+v", c)
			}
		}
		want := map[string]int{`"Asia/Seoul" 09:00 62 false  true`: 2, `"" <nil> 0 true 2026-12-01 false`: 1, `"" <nil> 0 false  false`: 1}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// TestMigrateKeepsEntriesWhole: entries, and what belongs to them, survive that their table gets another key, and what
// belongs to an entry still goes with it.
func TestMigrateKeepsEntriesWhole(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		s := before(t, url, "00006")
		storetest.Exec(t, s, "INSERT INTO achim_entry (id, reader_id, date, slot, state, reason, next_at, owner, epoch, message_ts, notified, created_at, updated_at) "+
			"VALUES ('e1', 'r1', '2026-11-20', 'daily', 'sending', 'why', 5, 'w', 3, '1.2', 1, 7, 8)")
		storetest.Exec(t, s, "INSERT INTO achim_entry_body (entry_id, windows, sections, content) VALUES ('e1', 'w', 's', 'c')")
		storetest.Exec(t, s, "INSERT INTO achim_outgoing (entry_id, reader_id, date, prepared_at, message) VALUES ('e1', 'r1', '2026-11-20', 4, 'm')")
		storetest.Exec(t, s, "INSERT INTO achim_copy_ahead (entry_id, reader_id, source, date, items, as_of) VALUES ('e1', 'r1', 'calendar', '2026-11-21', '[]', 6)")
		if _, err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		count := func(where string) (n int) {
			t.Helper()
			row := s.DB().QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+where)
			if err := row.Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		for _, kept := range []string{
			"achim_entry WHERE id = 'e1' AND reader_id = 'r1' AND date = '2026-11-20' AND slot = 'daily' AND state = 'sending' AND reason = 'why' " +
				"AND next_at = 5 AND owner = 'w' AND epoch = 3 AND message_ts = '1.2' AND notified = 1 AND created_at = 7 AND updated_at = 8",
			"achim_entry_body WHERE entry_id = 'e1' AND windows = 'w' AND sections = 's' AND content = 'c'",
			"achim_outgoing WHERE entry_id = 'e1' AND reader_id = 'r1' AND date = '2026-11-20' AND prepared_at = 4 AND message = 'm'",
			"achim_copy_ahead WHERE entry_id = 'e1' AND source = 'calendar' AND date = '2026-11-21' AND items = '[]' AND as_of = 6",
		} {
			if count(kept) != 1 {
				t.Errorf("gone or changed: %s", kept)
			}
		}
		again := "INSERT INTO achim_entry (id, reader_id, date, slot, state, created_at, updated_at) VALUES ('e2', 'r1', '2026-11-20', 'daily', 'planned', 1, 1)"
		if _, err := s.DB().ExecContext(t.Context(), again); err == nil {
			t.Error("a second entry for a reader, date and slot went in")
		}
		storetest.Exec(t, s, "DELETE FROM achim_entry WHERE id = 'e1'")
		if n := count("achim_entry_body") + count("achim_outgoing") + count("achim_copy_ahead"); n != 0 {
			t.Errorf("%d rows of a removed entry stay", n)
		}
	})
}
