// Package storetest is the conformance suite of the store, and opens fresh databases for the tests of
// everybody else: each test gets its own, migrated, on SQLite and on a real PostgreSQL.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
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

// OpenURL opens and migrates the database at url and closes it when the test ends. A SQLite file that is not there yet
// begins as a copy of one that was migrated before, all but its secret: with the race detector, migrating takes longer
// than most tests.
func OpenURL(t testing.TB, url string, opts store.Options) *store.Store {
	t.Helper()
	if path := store.File(url); path != "" {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			if err := os.WriteFile(path, migratedFile(t), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
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

// template is a migrated SQLite file.
var template struct {
	sync.Mutex
	file []byte
}

// migratedFile returns a SQLite file as Migrate leaves it, but for the install secret, which is each database's own.
func migratedFile(t testing.TB) []byte {
	t.Helper()
	template.Lock()
	defer template.Unlock()
	if template.file != nil {
		return template.file
	}
	path := filepath.Join(t.TempDir(), "template.db")
	s, err := store.Open(t.Context(), "sqlite:"+path, store.Options{})
	if err == nil {
		_, err = s.Migrate(t.Context())
	}
	if err == nil {
		Exec(t, s, "DELETE FROM achim_install")
		err = s.Close() // which leaves everything in the one file
	}
	if err == nil {
		template.file, err = os.ReadFile(path)
	}
	if err != nil {
		t.Fatalf("a migrated file: %v", err)
	}
	return template.file
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
