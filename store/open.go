package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

const (
	// poolSize is how many connections to PostgreSQL there are when the URL does not say: ten for work, one on
	// which River listens, and one so that its leader's housekeeping does not wait behind a rush. Three replicas
	// and their successors in a rolling restart then fit into PostgreSQL's preset of a hundred.
	poolSize      = 12
	sqliteReaders = 4 // connections that read beside the one that writes
	// busyTimeout is how long a statement waits for another process to finish writing.
	busyTimeout = 10 * time.Second
	// idleInTransaction is after how many milliseconds PostgreSQL gives up a transaction whose process does
	// nothing. One that is frozen would hold its locks for as long, and everybody waits for those of a run;
	// its connections may queue for one lock, so the wait is this for each of them.
	idleInTransaction = "3000"
)

// address is where a database is.
type address struct {
	shown string // the URL without its password
	url   string // of PostgreSQL
	path  string // of a SQLite file
}

func parseAddress(raw string) (address, error) {
	if rest, ok := strings.CutPrefix(raw, "sqlite:"); ok {
		path := strings.TrimPrefix(rest, "//")
		if path == "" || strings.Contains(path, ":memory:") {
			return address{}, fmt.Errorf("%w: %q names no file: use sqlite:PATH, such as sqlite:achim.db", ErrAddress, raw)
		}
		return address{shown: raw, path: path}, nil
	}
	if strings.HasPrefix(raw, "postgres://") || strings.HasPrefix(raw, "postgresql://") {
		u, err := url.Parse(raw)
		if err != nil {
			// The parser's own words would repeat the URL with its password.
			return address{}, fmt.Errorf("%w: the postgres:// URL cannot be read: percent-encode special characters of the password", ErrAddress)
		}
		return address{shown: redact(u), url: raw}, nil
	}
	scheme, _, found := strings.Cut(raw, ":")
	if !found || len(scheme) > 20 {
		scheme = ""
	}
	return address{}, fmt.Errorf("%w: it begins with %q: use postgres://USER:PASSWORD@HOST/DATABASE or sqlite:PATH", ErrAddress, scheme)
}

// redact returns u without secrets: passwords may stand in the query too.
func redact(u *url.URL) string {
	shown := *u
	shown.RawQuery, shown.Fragment = "", ""
	return shown.Redacted()
}

func (a address) open(ctx context.Context, s *Store) error {
	if a.path != "" {
		return a.openSQLite(ctx, s)
	}
	return a.openPostgres(ctx, s)
}

func (a address) openPostgres(ctx context.Context, s *Store) error {
	s.dialect = dialect{postgres: true}
	config, err := pgxpool.ParseConfig(a.url)
	if err != nil {
		return fmt.Errorf("open %s: %w: %w", a.shown, ErrAddress, err)
	}
	if u, err := url.Parse(a.url); err == nil && !u.Query().Has("pool_max_conns") {
		config.MaxConns = poolSize
	}
	if config.ConnConfig.RuntimeParams["application_name"] == "" {
		config.ConnConfig.RuntimeParams["application_name"] = "achim"
	}
	// Not a parameter of the connection: poolers in between refuse those they do not know.
	config.AfterConnect = func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, "SET idle_in_transaction_session_timeout = "+idleInTransaction)
		return err
	}
	connections, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("open %s: %w: %w", a.shown, ErrAddress, err)
	}
	s.w = &pool{DB: stdlib.OpenDBFromPool(connections)}
	s.r, s.shared = s.w, connections
	s.closers = append(s.closers, func() error { connections.Close(); return nil }, s.w.Close)
	if err := s.w.PingContext(ctx); err != nil {
		return a.describePostgres(err)
	}
	return nil
}

// describePostgres says what to do about a database that does not let us in.
func (a address) describePostgres(err error) error {
	remedy := "is the server running, and does this machine reach it?"
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch e.Code {
		case "3D000":
			remedy = "create the database (createdb), or name an existing one in DATABASE_URL"
		case "28P01", "28000":
			remedy = "check user and password in DATABASE_URL"
		case "53300":
			remedy = "the server has no free connection: raise max_connections, or lower pool_max_conns in DATABASE_URL"
		}
	}
	return fmt.Errorf("open %s: %w: %s: %w", a.shown, ErrUnreachable, remedy, err)
}

func (a address) openSQLite(ctx context.Context, s *Store) error {
	s.path = a.path
	if err := inFolder(a.path); err != nil {
		return fmt.Errorf("open %s: %w", a.shown, err)
	}
	if err := createPrivate(a.path); err != nil {
		return fmt.Errorf("open %s: %w: the folder must be writable: mend that, or name another path in DATABASE_URL: %w",
			a.shown, ErrReadOnly, err)
	}
	for _, part := range []struct {
		to     **pool
		conns  int
		pragma string
	}{
		// One writer: waiting for a connection is fair and cancellable, waiting for SQLite's lock is neither.
		// Its cache holds what a batch of the planner writes, 16 MiB, and what undoes a statement stays in memory.
		// What it deletes it overwrites: whoever was erased is not to be found in the file's free pages.
		{&s.w, 1, "_txlock=immediate&_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=cache_size(-16384)&_pragma=wal_autocheckpoint(16000)&_pragma=secure_delete(on)&_pragma=temp_store(memory)"},
		{&s.r, sqliteReaders, "_pragma=query_only(1)"},
	} {
		db, err := sql.Open("sqlite", sqliteName(a.path, part.pragma))
		if err != nil {
			return fmt.Errorf("open %s: %w", a.shown, err)
		}
		db.SetMaxOpenConns(part.conns)
		db.SetMaxIdleConns(part.conns)
		*part.to = &pool{DB: db, prepares: true}
		s.closers = append(s.closers, db.Close)
		// The schema version is the first thing that cannot be read from what is not a database.
		if err := patiently(ctx, func() error { _, err := db.ExecContext(ctx, "PRAGMA schema_version"); return err }); err != nil {
			return a.describeSQLite(err)
		}
	}
	// A file on a disk that cannot be written opens without complaint and fails at nine in the morning.
	if err := s.tryWrite(ctx); err != nil {
		return a.describeSQLite(err)
	}
	return nil
}

// inFolder makes sure that there is a folder for a file.
func inFolder(path string) error {
	folder := filepath.Dir(path)
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return fmt.Errorf("%w: there is no folder %s: create it, or name another path in DATABASE_URL", ErrUnreachable, folder)
	}
	return nil
}

// patiently tries again while the file is locked. SQLite waits by itself for everything but the change of a
// new file to WAL, which several processes may begin at once.
func patiently(ctx context.Context, try func() error) error {
	deadline := time.Now().Add(busyTimeout)
	for {
		err := try()
		e, ok := errors.AsType[*sqlite.Error](err)
		if !ok || e.Code()&0xff != sqlite3.SQLITE_BUSY || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(lockPoll):
		}
	}
}

// createPrivate makes the file when there is none, for its owner alone: it will hold grants. SQLite would let
// everybody read it, and gives the files beside it the same permissions.
func createPrivate(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return file.Close()
}

// sqliteName returns the driver's name of the file. The path is escaped, so that a question mark in it is
// not taken for the end of it.
func sqliteName(path, pragmas string) string {
	return "file:" + (&url.URL{Path: path}).EscapedPath() +
		fmt.Sprintf("?_pragma=busy_timeout(%d)&_pragma=foreign_keys(1)&", busyTimeout.Milliseconds()) + pragmas
}

// tryWrite takes the write lock and gives it back, having changed nothing.
func (s *Store) tryWrite(ctx context.Context) error {
	tx, err := s.w.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "CREATE TABLE achim_write_probe (id INTEGER)")
	return errors.Join(err, tx.Rollback())
}

// describeSQLite says what to do about a file that does not open.
func (a address) describeSQLite(err error) error {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return fmt.Errorf("open %s: %w", a.shown, err)
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return fmt.Errorf("open %s: %w: the file holds something else or is damaged: move it away, restore a copy, "+
			"or name another path in DATABASE_URL: %w", a.shown, ErrNotADatabase, err)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL:
		return fmt.Errorf("open %s: %w: the folder and the file must be writable and the disk not full or read-only: "+
			"mend that, or name another path in DATABASE_URL: %w", a.shown, ErrReadOnly, err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fmt.Errorf("open %s: %w: another program keeps the file locked: end that program: %w", a.shown, ErrUnreachable, err)
	default:
		return fmt.Errorf("open %s: %w", a.shown, err)
	}
}
