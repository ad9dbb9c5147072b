package store_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"achim/briefing"
	"achim/store"
	"achim/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	for _, d := range []storetest.Dialect{storetest.SQLite, storetest.Postgres} {
		t.Run(string(d), func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) *store.Store { return storetest.Open(t, d) })
		})
	}
}

// TestSealedConformance: with a key everything works as without one.
func TestSealedConformance(t *testing.T) {
	for _, d := range []storetest.Dialect{storetest.SQLite, storetest.Postgres} {
		t.Run(string(d), func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) *store.Store {
				return storetest.OpenURL(t, storetest.URL(t, d), store.Options{Sealer: storetest.Sealer(t)})
			})
		})
	}
}

// each runs a subtest per database with the address of a fresh, empty one.
func each(t *testing.T, test func(t *testing.T, url string)) {
	for _, d := range []storetest.Dialect{storetest.SQLite, storetest.Postgres} {
		t.Run(string(d), func(t *testing.T) { t.Parallel(); test(t, storetest.URL(t, d)) })
	}
}

func open(t *testing.T, url string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestMigrateFromSeveralMachinesAtOnce(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		const machines = 4
		var done sync.WaitGroup
		applied := make([]int, machines)
		secrets := make([]string, machines)
		for i := range machines {
			done.Go(func() {
				s, err := store.Open(t.Context(), url, store.Options{})
				if err != nil {
					t.Error(err)
					return
				}
				defer func() { _ = s.Close() }()
				names, err := s.Migrate(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				secret, err := s.InstallSecret(t.Context())
				if err != nil {
					t.Error(err)
				}
				applied[i], secrets[i] = len(names), string(secret)
			})
		}
		done.Wait()
		total := 0
		for i := range machines {
			total += applied[i]
			if secrets[i] != secrets[0] {
				t.Error("two machines made two secrets")
			}
		}
		versions := storetest.Rows(t, open(t, url), "SELECT version_id FROM achim_goose_version WHERE version_id > 0")
		if total == 0 || total != len(versions) {
			t.Errorf("applied %v, recorded %v", applied, versions)
		}
	})
}

func TestPendingChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		s := open(t, url)
		for range 2 {
			pending, err := s.Pending(t.Context())
			if err != nil || len(pending) == 0 || !strings.HasSuffix(pending[0], ".sql") {
				t.Fatalf("pending is %q, %v", pending, err)
			}
		}
		if _, err := s.InstallSecret(t.Context()); err == nil {
			t.Error("a database without tables has a secret")
		}
		applied, err := s.Migrate(t.Context())
		if err != nil || len(applied) == 0 {
			t.Fatalf("applied %q, %v", applied, err)
		}
	})
}

func TestMigrateKeepsSharedTables(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		s := open(t, url)
		storetest.Exec(t, s, "CREATE TABLE conversation_log (id INTEGER PRIMARY KEY, metadata "+jsonType(s)+", extra TEXT)")
		storetest.Exec(t, s, "INSERT INTO conversation_log (id, extra) VALUES (1, 'theirs')")
		if _, err := s.Migrate(t.Context()); err != nil && (s.Exclusive() || !strings.Contains(err.Error(), "conversation_log.id is NOT NULL")) {
			t.Fatal(err)
		}
		if rows := storetest.Rows(t, s, "SELECT extra FROM conversation_log"); len(rows) != 1 || rows[0] != "theirs" {
			t.Errorf("the table of somebody else holds %q", rows)
		}
		if err := s.Probe(t.Context()); err == nil || !strings.Contains(err.Error(), "conversation_log") {
			t.Errorf("the probe says %v", err)
		}
	})
}

func jsonType(s *store.Store) string {
	if s.Exclusive() {
		return "TEXT"
	}
	return "JSONB"
}

func TestOpenRefusesNewerSchema(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		s := storetest.OpenURL(t, url, store.Options{})
		storetest.Exec(t, s, "INSERT INTO achim_goose_version (version_id, is_applied) VALUES (9999, true)")
		_, err := store.Open(t.Context(), url, store.Options{})
		if !errors.Is(err, store.ErrNewerSchema) || !strings.Contains(err.Error(), "9999") {
			t.Errorf("error is %v", err)
		}
	})
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	folder := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	server, err := url.Parse(storetest.URL(t, storetest.Postgres))
	if err != nil {
		t.Fatal(err)
	}
	absent := *server
	absent.Path = "/achim_no_such_database"
	absent.User = url.UserPassword(server.User.Username(), "hunter2")
	for _, c := range []struct {
		name, url string
		want      error
		says      string
	}{
		{"nothing", "", store.ErrAddress, "sqlite:PATH"},
		{"another database", "mysql://root:hunter2@localhost/x", store.ErrAddress, "mysql"},
		{"no file", "sqlite:", store.ErrAddress, "sqlite:PATH"},
		{"memory", "sqlite::memory:", store.ErrAddress, "names no file"},
		{"bad password", "postgres://u:hunter2%zz@localhost/x", store.ErrAddress, "percent-encode"},
		{"bad option", "postgres://u:hunter2@localhost/x?pool_max_conns=many&password=hunter2", store.ErrAddress, "pool_max_conns"},
		{"refused", "postgres://u:hunter2@127.0.0.1:1/x?sslmode=disable", store.ErrUnreachable, "is the server running"},
		{"database absent", absent.String(), store.ErrUnreachable, "createdb"},
		{"folder missing", "sqlite:" + folder + "/none/achim.db", store.ErrUnreachable, folder + "/none"},
		{"a folder", "sqlite:" + folder, store.ErrReadOnly, "must be writable"},
		{"read-only file system", "sqlite:/proc/self/achim.db", store.ErrReadOnly, "must be writable"},
		{"short text", "sqlite:" + file("short.db", "hello"), store.ErrNotADatabase, "short.db"},
		{"long text", "sqlite:" + file("long.db", strings.Repeat("hello ", 2000)), store.ErrNotADatabase, "long.db"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := store.Open(t.Context(), c.url, store.Options{})
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error is %v\nwant %q and %v", err, c.says, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Error("the error tells the password")
			}
		})
	}
}

func TestOpenTakesAnyFileName(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"a?b.db", "a#b%20c.db", "아침 브리핑.db"} {
		storetest.OpenURL(t, "sqlite:"+filepath.Join(folder, name), store.Options{})
		if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
			t.Error(err)
		}
	}
	storetest.OpenURL(t, "sqlite://"+filepath.Join(folder, "slashes.db"), store.Options{})
	if _, err := os.Stat(filepath.Join(folder, "slashes.db")); err != nil {
		t.Error(err)
	}
}

func TestFileIsPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "achim.db")
	storetest.OpenURL(t, "sqlite:"+path, store.Options{})
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", info.Name(), info.Mode())
		}
	}
}

func TestEngineLock(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		one, two := open(t, url), open(t, url)
		release, err := one.LockEngine()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := two.LockEngine(); errors.Is(err, store.ErrEngineBusy) != two.Exclusive() {
			t.Errorf("a second engine gets %v", err)
		}
		release()
		again, err := two.LockEngine()
		if err != nil {
			t.Fatal(err)
		}
		again()
	})
}

func TestSecondProcessWritesBesideTheFirst(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		stores := []*store.Store{storetest.OpenURL(t, url, store.Options{}), open(t, url)}
		var done sync.WaitGroup
		for i, s := range stores {
			for n := range 40 {
				done.Go(func() {
					id := briefing.ReaderID(fmt.Sprintf("00000000-0000-4000-8000-%06d%06d", i, n))
					if _, err := s.SaveReader(t.Context(), briefing.Reader{ID: id, Name: "r", SlackUserID: fmt.Sprintf("U%d%d", i, n)}); err != nil {
						t.Error(err)
					}
					if _, err := s.Readers(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
		}
		done.Wait()
		if all, err := stores[1].Readers(t.Context()); err != nil || len(all) != 80 {
			t.Errorf("%d readers, %v", len(all), err)
		}
	})
}

// A process leaves out what it believes is stored already; another may have written something else since.
func TestTwoProcessesWriteOneBody(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		one, two := storetest.OpenURL(t, url, store.Options{}), open(t, url)
		body := func(title string) []briefing.Section {
			return []briefing.Section{{Source: briefing.News, Items: []briefing.Item{{ID: "1", Title: title}}}}
		}
		e := briefing.Entry{ID: "entry", Reader: "00000000-0000-4000-8000-000000000001", Date: briefing.Date{Year: 2026, Month: 11, Day: 20},
			Slot: briefing.DailySlot, State: briefing.Planned}
		if _, err := one.Advance(t.Context(), briefing.Step{Entry: e}); err != nil {
			t.Fatal(err)
		}
		for i, write := range []struct {
			by    *store.Store
			title string
		}{{one, "a"}, {two, "b"}, {one, "a"}, {two, "b"}, {two, "b"}, {two, ""}, {one, "a"}, {two, ""}, {one, "a"}} {
			e.Sections = nil
			if write.title != "" {
				e.Sections = body(write.title)
			}
			e.Tries = i
			if _, err := write.by.Advance(t.Context(), briefing.Step{Entry: e, From: briefing.Planned}); err != nil {
				t.Fatal(err)
			}
			got, err := one.Entry(t.Context(), e.ID)
			if err != nil {
				t.Fatal(err)
			}
			title := ""
			if len(got.Sections) > 0 {
				title = got.Sections[0].Items[0].Title
			}
			if title != write.title || got.Tries != i {
				t.Errorf("write %d: the store holds %q, tries %d", i, title, got.Tries)
			}
		}
	})
}

func TestContextEndsAWait(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
		defer cancel()
		<-ctx.Done()
		if _, err := s.Readers(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("reading says %v", err)
		}
		_, err := s.Plan(ctx, briefing.Plan{})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("writing says %v", err)
		}
		if _, err := s.Readers(t.Context()); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}
