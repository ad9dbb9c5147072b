package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"achim/briefing"
	"achim/internal/engine"
	"achim/store"
	"achim/store/storetest"
)

// openPostgres opens a database of the test's own; change may alter its address.
func openPostgres(t *testing.T, change func(query url.Values)) *store.Store {
	t.Helper()
	address, err := url.Parse(storetest.URL(t, storetest.Postgres))
	if err != nil {
		t.Fatal(err)
	}
	query := address.Query()
	if change != nil {
		change(query)
	}
	address.RawQuery = query.Encode()
	s, err := store.Open(t.Context(), address.String(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// openRiver opens a database of the test's own with River's tables in it.
func openRiver(t *testing.T) *store.Store {
	t.Helper()
	s := openPostgres(t, nil)
	if _, err := engine.Migrate(t.Context(), s.Pool()); err != nil {
		t.Fatal(err)
	}
	return s
}

// riverIn returns the name of River's schema.
func riverIn(t *testing.T, s *store.Store) string {
	t.Helper()
	return storetest.Rows(t, s, "SELECT 'achim_river_' || current_schema()")[0]
}

func TestRiverConforms(t *testing.T) {
	t.Parallel()
	conform(t, func(t *testing.T, test func(t *testing.T, m maker)) {
		s := openRiver(t)
		test(t, func(b *book, workers int, work engine.Work) engine.Engine {
			return &engine.River{Pool: s.Pool(), Store: b, Readers: workers, Senders: workers, Work: work}
		})
	})
}

// TestRiverMigratesOnce: two processes that migrate at the same time apply every step once.
func TestRiverMigratesOnce(t *testing.T) {
	t.Parallel()
	s := openPostgres(t, nil)
	pending, err := engine.Pending(t.Context(), s.Pool())
	if err != nil || len(pending) == 0 {
		t.Fatalf("pending %v: %v", pending, err)
	}
	e := &engine.River{Pool: s.Pool(), Store: newBook()}
	if err := e.Start(t.Context()); !errors.Is(err, engine.ErrNotMigrated) || !strings.Contains(err.Error(), "achim migrate") {
		t.Errorf("start without tables: %v", err)
	}
	var mu sync.Mutex
	var applied []string
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			steps, err := engine.Migrate(t.Context(), s.Pool())
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			applied = append(applied, steps...)
		})
	}
	both.Wait()
	if diff := cmp.Diff(pending, applied); diff != "" {
		t.Errorf("applied, of what was pending (-want +got):\n%s", diff)
	}
	if pending, err := engine.Pending(t.Context(), s.Pool()); err != nil || len(pending) > 0 {
		t.Errorf("pending afterwards: %v, %v", pending, err)
	}
	run(t, e) // a start that failed may be repeated
}

// TestRiverHasASchemaOfItsOwn, whatever the one of the ledger is called.
func TestRiverHasASchemaOfItsOwn(t *testing.T) {
	t.Parallel()
	s := openPostgres(t, nil)
	odd := storetest.Rows(t, s, `SELECT current_schema() || '-with-dashes-and-far-too-long'`)[0]
	storetest.Exec(t, s, `CREATE SCHEMA "`+odd+`"`)
	other := openPostgres(t, func(query url.Values) { query.Set("search_path", `"`+odd+`"`) })
	if _, err := engine.Migrate(t.Context(), other.Pool()); err != nil {
		t.Fatal(err)
	}
	schema := storetest.Rows(t, s, "SELECT nspname FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid "+
		"WHERE relname = 'river_job' AND nspname NOT LIKE 'achim_river_test_%' AND nspname LIKE 'achim_river_%'")
	t.Cleanup(func() {
		ctx := context.Background() // the test's own has ended by now
		for _, name := range append(schema, odd) {
			if _, err := s.DB().ExecContext(ctx, `DROP SCHEMA "`+name+`" CASCADE`); err != nil {
				t.Error(err)
			}
		}
	})
	if len(schema) != 1 {
		t.Errorf("River's schemas: %q", schema)
	}
	b := newBook(due("e", time.Now()))
	run(t, &engine.River{Pool: other.Pool(), Store: b, Work: b.finish})
	eventually(t, "the entry", long, func() bool { return len(b.finished()) == 1 })
}

// TestJobsAreHints: when every job is lost, nothing is.
func TestJobsAreHints(t *testing.T) {
	t.Parallel()
	s := openRiver(t)
	at := time.Now().Add(8 * time.Second)
	b := newBook()
	for i := range 50 {
		b.put(due(fmt.Sprint("e", i), at))
	}
	run(t, &engine.River{Pool: s.Pool(), Store: b, Work: b.finish})
	jobs := "SELECT state, COUNT(*) FROM " + riverIn(t, s) + ".river_job GROUP BY state"
	eventually(t, "jobs", long, func() bool { return cmp.Equal(storetest.Rows(t, s, jobs), []string{"scheduled|50"}) })
	storetest.Exec(t, s, "DELETE FROM "+riverIn(t, s)+".river_job")
	eventually(t, "all entries", long, func() bool { return len(b.finished()) == 50 })
	if late := time.Since(at); late < 0 || late > 4*time.Second {
		t.Errorf("finished %s after their time", late)
	}
	eventually(t, "jobs to be done", long, func() bool { return cmp.Equal(storetest.Rows(t, s, jobs), []string{"completed|50"}) })
}

// TestAJobWhoseWorkerDiedIsStartedAgain, long before River's own rescue, when its entry was not even claimed.
func TestAJobWhoseWorkerDiedIsStartedAgain(t *testing.T) {
	t.Parallel()
	s := openRiver(t)
	at := time.Now().Add(8 * time.Second)
	b := newBook(due("e", at))
	run(t, &engine.River{Pool: s.Pool(), Store: b, Work: b.finish})
	table := riverIn(t, s) + ".river_job"
	eventually(t, "the job", long, func() bool { return len(storetest.Rows(t, s, "SELECT id FROM "+table)) == 1 })
	storetest.Exec(t, s, "UPDATE "+table+" SET state = 'running', attempt = 1, attempted_by = '{dead}', attempted_at = now() - INTERVAL '16 seconds'")
	eventually(t, "the entry", long, func() bool { return len(b.finished()) == 1 })
	if late := time.Since(at); late > 4*time.Second {
		t.Errorf("worked on %s after its time", late)
	}
}

// TestARushStartsOnTime: what is due at the hour is arranged for before, and nothing starts early.
func TestARushStartsOnTime(t *testing.T) {
	t.Parallel()
	const entries = 2000
	s := openRiver(t)
	at := time.Now().Add(8 * time.Second)
	b := newBook()
	for i := range entries {
		d := due(fmt.Sprintf("e%04d", i), at)
		d.State = briefing.Prepared
		b.put(d)
	}
	var early atomic.Int32
	work := func(ctx context.Context, id briefing.EntryID, epoch int64) error {
		if time.Now().Before(at) {
			early.Add(1)
		}
		return b.finish(ctx, id, epoch)
	}
	for range 2 {
		run(t, &engine.River{Pool: s.Pool(), Store: b, Work: work})
	}
	eventually(t, "all entries", 8*time.Second+long, func() bool { return len(b.finished()) == entries })
	t.Logf("the last of %d was finished %s after the hour", entries, time.Since(at).Round(time.Millisecond))
	if early.Load() > 0 {
		t.Errorf("%d were worked on before their time", early.Load())
	}
	jobs := storetest.Rows(t, s, "SELECT COUNT(*) FROM "+riverIn(t, s)+".river_job")
	if diff := cmp.Diff([]string{fmt.Sprint(entries)}, jobs); diff != "" {
		t.Errorf("jobs made (-want +got):\n%s", diff)
	}
}

// TestReadingDoesNotHoldUpPosting: entries that only need posting do not wait for sources.
func TestReadingDoesNotHoldUpPosting(t *testing.T) {
	t.Parallel()
	s := openRiver(t)
	b := newBook(due("reads", time.Now()))
	reading, posted := make(chan struct{}), make(chan struct{})
	run(t, &engine.River{Pool: s.Pool(), Store: b, Readers: 1, Senders: 1, Work: func(ctx context.Context, id briefing.EntryID, epoch int64) error {
		if id == "reads" {
			close(reading)
			<-posted
		}
		return b.finish(ctx, id, epoch)
	}})
	<-reading
	d := due("posts", time.Now())
	d.State = briefing.Prepared
	b.put(d)
	eventually(t, "the post", long, func() bool { return len(b.finished()) == 1 })
	close(posted)
	eventually(t, "the other", long, func() bool { return len(b.finished()) == 2 })
}

// logged collects a log.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) lines() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Split(strings.TrimSpace(l.b.String()), "\n")
}

// TestTroubleIsLoggedOnce, and only in the log: River keeps nothing of it.
func TestTroubleIsLoggedOnce(t *testing.T) {
	t.Parallel()
	s := openRiver(t)
	b := newBook(due("fails", time.Now()), due("panics", time.Now()))
	var log logged
	var tries sync.Map
	run(t, &engine.River{Pool: s.Pool(), Store: b, Logger: slog.New(slog.NewTextHandler(&log, nil)),
		Work: func(ctx context.Context, id briefing.EntryID, epoch int64) error {
			if _, again := tries.LoadOrStore(id, true); again {
				return b.finish(ctx, id, epoch)
			}
			if id == "panics" {
				panic("mishap")
			}
			return errors.New("mishap")
		}})
	eventually(t, "both", long, func() bool { return len(b.finished()) == 2 })
	if lines := log.lines(); len(lines) != 2 || strings.Count(strings.Join(lines, "\n"), "mishap") != 2 {
		t.Errorf("the log of one error and one panic:\n%s", strings.Join(lines, "\n"))
	}
	if kept := storetest.Rows(t, s, "SELECT COUNT(*) FROM "+riverIn(t, s)+".river_job WHERE errors::text LIKE '%mishap%'"); kept[0] != "0" {
		t.Errorf("%s jobs hold what went wrong", kept[0])
	}
}

// TestRiverOutlivesItsTables: nothing stops for good when the database fails every statement for a while, and
// the log stays readable.
func TestRiverOutlivesItsTables(t *testing.T) {
	t.Parallel()
	s := openRiver(t)
	b := newBook()
	var log logged
	run(t, &engine.River{Pool: s.Pool(), Store: b, Work: b.finish, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	schema := riverIn(t, s)
	storetest.Exec(t, s, "ALTER SCHEMA "+schema+" RENAME TO "+schema+"_x")
	for i := range 10 {
		b.put(due(fmt.Sprint("e", i), time.Now()))
	}
	eventually(t, "complaints", long, func() bool { return len(log.lines()) > 2 })
	time.Sleep(2 * time.Second)
	storetest.Exec(t, s, "ALTER SCHEMA "+schema+"_x RENAME TO "+schema)
	// Whoever listened is cut off, too.
	storetest.Rows(t, s, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query LIKE '%"+schema+"%'")
	eventually(t, "all entries", long, func() bool { return len(b.finished()) == 10 })
	if lines := log.lines(); len(lines) > 20 {
		t.Errorf("%d lines:\n%s", len(lines), strings.Join(lines, "\n"))
	}
}

// TestTheLedgersClockDecides: where it is not the database's, and when it is set.
func TestTheLedgersClockDecides(t *testing.T) {
	t.Parallel()
	s := openRiver(t)
	var shift atomic.Int64
	shift.Store(int64(-24 * time.Hour))
	now := func() time.Time { return time.Now().Add(time.Duration(shift.Load())) }
	start := now()
	b := newBook()
	b.put(due("soon", start.Add(1500*time.Millisecond)))
	b.put(due("later", start.Add(8*time.Second)))
	b.put(due("after the jump", start.Add(25*time.Second)))
	var late sync.Map
	run(t, &engine.River{Pool: s.Pool(), Store: b, Now: now, Work: func(ctx context.Context, id briefing.EntryID, epoch int64) error {
		late.Store(id, now().Sub(start))
		return b.finish(ctx, id, epoch)
	}})
	eventually(t, "the first two", long, func() bool { return len(b.finished()) == 2 })
	for id, at := range map[briefing.EntryID]time.Duration{"soon": 1500 * time.Millisecond, "later": 8 * time.Second} {
		worked, _ := late.Load(id)
		if d := worked.(time.Duration) - at; d < -10*time.Millisecond || d > time.Second {
			t.Errorf("%s is worked on %s after its time", id, d)
		}
	}
	shift.Add(int64(time.Hour))
	eventually(t, "the last", 4*time.Second, func() bool { return len(b.finished()) == 3 })
}

// TestRiverBehindAPooler: no notification passes, and no prepared statement.
func TestRiverBehindAPooler(t *testing.T) {
	t.Parallel()
	s := openPostgres(t, func(query url.Values) { query.Set("default_query_exec_mode", "exec") })
	if _, err := engine.Migrate(t.Context(), s.Pool()); err != nil {
		t.Fatal(err)
	}
	b := newBook(due("now", time.Now()), due("soon", time.Now().Add(time.Second)))
	run(t, &engine.River{Pool: s.Pool(), Store: b, Work: b.finish})
	eventually(t, "both", long, func() bool { return len(b.finished()) == 2 })
	if listening := storetest.Rows(t, s, "SELECT COUNT(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%"+riverIn(t, s)+"%'"); listening[0] != "0" {
		t.Errorf("%s connections listen", listening[0])
	}
}

// slowBook is a book whose looks take some time.
type slowBook struct {
	*book
	takes time.Duration
}

func (b slowBook) UpcomingEntries(ctx context.Context, now, until time.Time, limit int) ([]briefing.Due, error) {
	time.Sleep(b.takes)
	return b.book.UpcomingEntries(ctx, now, until, limit)
}

// TestASlowSweepDoesNotMakeLate: sweeps rest the longer the longer they take, but not past what is due next.
func TestASlowSweepDoesNotMakeLate(t *testing.T) {
	t.Parallel()
	s := openRiver(t)
	at := time.Now().Add(4 * time.Second)
	b := newBook(due("first", time.Now()), due("second", at))
	run(t, &engine.River{Pool: s.Pool(), Store: slowBook{b, 700 * time.Millisecond}, Work: b.finish})
	eventually(t, "both entries", long, func() bool { return len(b.finished()) == 2 })
	if late := time.Since(at); late > 4*time.Second {
		t.Errorf("worked on %s after its time", late)
	}
}
