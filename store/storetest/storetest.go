// Package storetest is the conformance suite of the store, and opens fresh databases for the tests of
// everybody else: each test gets its own, migrated, on SQLite and on a real PostgreSQL.
package storetest

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

	"github.com/jackc/pgx/v5"

	"achim/briefing"
	"achim/internal/secret"
	"achim/store"
)

// Dialect is one of the databases.
type Dialect string

// The databases.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
)

// Each runs a subtest per database, each with a fresh migrated store that is closed at its end.
func Each(t *testing.T, test func(t *testing.T, s *store.Store)) {
	t.Helper()
	for _, d := range []Dialect{SQLite, Postgres} {
		t.Run(string(d), func(t *testing.T) { test(t, Open(t, d)) })
	}
}

// Open returns a fresh migrated store that is closed when the test ends.
func Open(t testing.TB, d Dialect) *store.Store {
	t.Helper()
	return OpenURL(t, URL(t, d), store.Options{})
}

// OpenURL opens and migrates the database at url, laid when it is a new file, and closes it when the test ends.
func OpenURL(t testing.TB, url string, opts store.Options) *store.Store {
	t.Helper()
	Lay(t, url)
	s, err := store.Open(t.Context(), url, opts)
	if err != nil {
		t.Fatalf("open the store: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatalf("migrate the store: %v", err)
	}
	return s
}

// Sealer returns a sealer with a fresh key.
func Sealer(t testing.TB) *secret.Sealer {
	t.Helper()
	s, err := secret.NewSealer(secret.GenerateKey().Reveal())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Bare turns what is sealed plain, for tests that look behind the curtain.
func Bare(t testing.TB, s *store.Store) {
	t.Helper()
	if len(s.Keys()) == 0 {
		return
	}
	if _, err := s.Unseal(t.Context(), store.Resealing{}); err != nil {
		t.Fatalf("unseal: %v", err)
	}
}

// URL returns the address of a fresh, empty database for this test alone: a file in a temporary folder, or
// a schema of the server in TEST_DATABASE_URL. It is removed when the test ends. Without a server the test
// fails: one that is skipped proves nothing.
func URL(t testing.TB, d Dialect) string {
	t.Helper()
	if d == SQLite {
		return "sqlite:" + filepath.Join(t.TempDir(), "achim.db")
	}
	server := os.Getenv("TEST_DATABASE_URL")
	if server == "" {
		t.Fatal("TEST_DATABASE_URL is not set, so there is no PostgreSQL to test against: run make test, which brings one")
	}
	schema := "test_" + briefing.NewID()
	admin(t.Context(), t, server, "CREATE SCHEMA "+schema)
	t.Cleanup(func() {
		// The test's own context has ended by now.
		admin(context.Background(), t, server, "DROP SCHEMA "+schema+" CASCADE")
		admin(context.Background(), t, server, "DROP SCHEMA IF EXISTS achim_river_"+schema+" CASCADE") // the engine's
	})
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal("TEST_DATABASE_URL is not a URL")
	}
	query := u.Query()
	query.Set("search_path", schema)
	u.RawQuery = query.Encode()
	return u.String()
}

// Role returns the address of a PostgreSQL database as another role sees it, fresh and without any rights, and its name.
// The role is removed, with what it owns, when the test ends.
func Role(t testing.TB, address string) (as, role string) {
	t.Helper()
	server := os.Getenv("TEST_DATABASE_URL")
	role = "achim-" + briefing.NewID()
	name := pgx.Identifier{role}.Sanitize()
	admin(t.Context(), t, server, "CREATE ROLE "+name+" LOGIN PASSWORD 'achim'")
	t.Cleanup(func() {
		admin(context.Background(), t, server, "DROP OWNED BY "+name+" CASCADE")
		admin(context.Background(), t, server, "DROP ROLE "+name)
	})
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal("the address is no URL")
	}
	u.User = url.UserPassword(role, "achim")
	return u.String(), role
}

// Lay puts a migrated file where the address of a SQLite database says that one is to be made, unless it is there
// already: migrating one anew for every test is most of what many tests would do. Only what a migration of the first hour
// makes, the install secret, is left to whoever migrates it next. Other addresses are left alone.
func Lay(t testing.TB, url string) {
	t.Helper()
	path := store.File(url)
	if path == "" {
		return
	}
	if _, err := os.Stat(path); err == nil {
		return
	}
	file, err := migratedFile()
	if err == nil {
		err = os.WriteFile(path, file, 0o600)
	}
	if err != nil {
		t.Fatalf("lay a migrated file: %v", err)
	}
}

// migratedFile is what a SQLite file holds once it was migrated; it is made once a process.
var migratedFile = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "achim-migrated-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	path := filepath.Join(folder, "achim.db")
	ctx := context.Background() // it outlives the test that asks first
	s, err := store.Open(ctx, "sqlite:"+path, store.Options{})
	if err != nil {
		return nil, err
	}
	_, err = s.Migrate(ctx)
	if err == nil {
		_, err = s.DB().ExecContext(ctx, "DELETE FROM achim_install")
	}
	if err = errors.Join(err, s.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

func admin(ctx context.Context, t testing.TB, server, statement string) {
	t.Helper()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		t.Fatalf("connect to TEST_DATABASE_URL: %v", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// Exec runs a statement without placeholders behind the store's back, as another program would.
func Exec(t testing.TB, s *store.Store, statement string) {
	t.Helper()
	if _, err := s.DB().ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// Rows runs a query without placeholders behind the store's back and returns every row as one text, its
// columns joined by "|" and NULL shown as "NULL".
func Rows(t testing.TB, s *store.Store, query string) []string {
	t.Helper()
	rows, err := s.DB().QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	all := []string{}
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		if err := rows.Scan(values...); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		all = append(all, show(values))
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return all
}

func show(values []any) string {
	texts := make([]string, len(values))
	for i, v := range values {
		switch v := (*v.(*any)).(type) {
		case nil:
			texts[i] = "NULL"
		case []byte:
			texts[i] = string(v)
		default:
			texts[i] = fmt.Sprint(v)
		}
	}
	return strings.Join(texts, "|")
}
