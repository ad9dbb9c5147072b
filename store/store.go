package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"achim/briefing"
)

// Store is an open database. It is safe for concurrent use, by several processes at once too.
type Store struct {
	dialect dialect
	path    string         // of the SQLite file; "" on PostgreSQL
	shared  *pgxpool.Pool  // what w and r draw from; nil on SQLite
	w       *pool          // writes; on SQLite a single connection
	r       *pool          // reads; on PostgreSQL the same as w
	closers []func() error // called last in, first out
	shapes  atomic.Pointer[shared]
	now     func() time.Time
	keys    keyring

	together gatherers
}

// Options are settings of a Store; the zero value works.
type Options struct {
	Now    func() time.Time // nil = time.Now
	Sealer Sealer           // seals what is written, and opens what was sealed; nil = everything is written plain
}

// What a Store is to the rest of the house.
var (
	_ briefing.ReaderStore     = (*Store)(nil)
	_ briefing.MemoryStore     = (*Store)(nil)
	_ briefing.CredentialStore = (*Store)(nil)
	_ briefing.ConsentStore    = (*Store)(nil)
	_ briefing.LedgerStore     = (*Store)(nil)
	_ briefing.PlanStore       = (*Store)(nil)
	_ briefing.RunStore        = (*Store)(nil)
	_ briefing.DryRunStore     = (*Store)(nil)
	_ briefing.ChannelStore    = (*Store)(nil)
)

// Errors of opening a database. The error that wraps one names the address, without a password, and the
// remedy.
var (
	// ErrAddress: the URL is of neither database, or cannot be read.
	ErrAddress = errors.New("not a database address")
	// ErrUnreachable: nothing answers there, the database does not exist, or it refuses us.
	ErrUnreachable = errors.New("database cannot be reached")
	// ErrReadOnly: the disk or the file cannot be written.
	ErrReadOnly = errors.New("database cannot be written")
	// ErrNotADatabase: the file is something else.
	ErrNotADatabase = errors.New("not a database")
	// ErrNewerSchema: a later version of this program has migrated the database.
	ErrNewerSchema = errors.New("database is newer than this program")
	// ErrForeignSchema: a table that is not ours has the name of the one in which migrations are counted.
	ErrForeignSchema = errors.New("database holds something else under our name")
)

// Open opens the database at url, postgres://… or sqlite:PATH, and makes sure that it answers and that its
// schema is not newer than this program. A SQLite file is made when its folder exists. Nothing is
// migrated. Its errors wrap one of the sentinels above and name url without its password.
func Open(ctx context.Context, url string, opts Options) (*Store, error) {
	s := &Store{now: opts.Now, keys: keyring{opts.Sealer}}
	s.shapes.Store(contract())
	if s.now == nil {
		s.now = time.Now
	}
	addr, err := parseAddress(url)
	if err != nil {
		return nil, err
	}
	if err := addr.open(ctx, s); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.gather()
	if err := s.refuseNewer(ctx, addr); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if err := s.look(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", addr.shown, err), s.Close())
	}
	return s, nil
}

// Close waits for statements under way and closes the database. It may be called again.
func (s *Store) Close() error {
	var errs []error
	for _, c := range slices.Backward(s.closers) {
		errs = append(errs, c())
	}
	s.closers = nil
	return errors.Join(errs...)
}

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	if _, _, err := one(ctx, s.reader(), scalar[int64], "SELECT 1"); err != nil {
		return fmt.Errorf("ping the database: %w", err)
	}
	return nil
}

// Exclusive reports whether only one process may run an engine on this database.
func (s *Store) Exclusive() bool { return !s.dialect.postgres }

// DB returns the connections that write. It is for tests that look behind the curtain; everything else has a
// method.
func (s *Store) DB() *sql.DB { return s.w.DB }

// Pool returns the connections to PostgreSQL, for the engine that shares them; nil on SQLite. Close closes it.
func (s *Store) Pool() *pgxpool.Pool { return s.shared }

// Keys returns the ids of the keys that open what is sealed, the one that seals first; none without a Sealer.
func (s *Store) Keys() []string { return s.keys.ids() }

// today is the date in UTC: good enough to tell what is days old.
func (s *Store) today() briefing.Date { return briefing.DateOf(s.now(), time.UTC) }
