package store

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pressly/goose/v3"

	"achim/briefing"
)

//go:embed migrations
var migrations embed.FS

const (
	versionTable = "achim_goose_version"
	secretBytes  = 32
	// nobody is the reader of probe rows; they never stay.
	nobody = "00000000-0000-0000-0000-000000000000"
)

// Migrate brings the schema up to date, makes the install secret when there is none, and returns what it added
// to tables of other programs and the names of the migrations it applied. It goes forward only. It may be called
// again, and by several processes at once: all but one wait and then find nothing to do.
func (s *Store) Migrate(ctx context.Context) (applied []string, err error) {
	unlock, err := s.lockMigration(ctx)
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	defer func() { err = errors.Join(err, unlock()) }()
	provider, err := s.provider()
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	version, err := s.version(ctx)
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	fresh := version == 0
	changes, err := s.adopt(ctx)
	for _, c := range changes {
		applied = append(applied, c.String())
	}
	if err != nil {
		return applied, fmt.Errorf("migrate: %w", err)
	}
	results, err := provider.Up(ctx)
	if partial, ok := errors.AsType[*goose.PartialError](err); ok {
		results = partial.Applied
	}
	for _, result := range results {
		applied = append(applied, path.Base(result.Source.Path))
	}
	if err == nil {
		err = s.look(ctx)
	}
	if err != nil {
		return applied, fmt.Errorf("migrate: %w", err)
	}
	made, err := s.makeSecret(ctx)
	if made && !fresh {
		applied = append(applied, secretStep)
	}
	return applied, err
}

// Pending returns what Migrate would add to tables of other programs and the names of the migrations it would
// apply. It changes nothing. What is in Migrate's way is its error.
func (s *Store) Pending(ctx context.Context) ([]string, error) {
	provider, err := s.provider()
	if err != nil {
		return nil, fmt.Errorf("pending migrations: %w", err)
	}
	version, err := s.version(ctx)
	if err != nil {
		return nil, fmt.Errorf("pending migrations: %w", err)
	}
	plan, err := s.planAdoption(ctx, s.reader())
	if err != nil {
		return nil, fmt.Errorf("pending migrations: %w", err)
	}
	var pending []string
	for _, c := range plan.changes {
		pending = append(pending, c.String())
	}
	for _, source := range provider.ListSources() {
		if source.Version > version {
			pending = append(pending, path.Base(source.Path))
		}
	}
	missing, err := s.lacksSecret(ctx, version)
	if err != nil {
		return nil, fmt.Errorf("pending migrations: %w", err)
	}
	if missing {
		pending = append(pending, secretStep)
	}
	if len(pending) > 0 {
		return pending, plan.fault()
	}
	return nil, s.look(ctx) // whoever migrated may have done it since the database was opened
}

func (s *Store) provider() (*goose.Provider, error) {
	name, folder := s.dialect.goose()
	files, err := fs.Sub(migrations, folder)
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(name, s.w.DB, files,
		goose.WithTableName(versionTable), goose.WithDisableGlobalRegistry(true),
		goose.WithSlog(slog.New(slog.DiscardHandler)))
}

// version returns the version the schema is at; 0 before the first migration.
func (s *Store) version(ctx context.Context) (int64, error) {
	version, _, err := one(ctx, s.reader(), scalar[int64],
		"SELECT COALESCE(MAX(version_id), 0) FROM "+versionTable+" WHERE is_applied")
	switch e, ok := errors.AsType[*pgconn.PgError](err); {
	case isMissingTable(err):
		return 0, nil
	case ok && e.Code == "42501":
		return 0, fmt.Errorf("our own tables belong to another role than that of DATABASE_URL: name that one there, or let an administrator GRANT it to yours: %w", err)
	}
	return version, err
}

func (s *Store) refuseNewer(ctx context.Context, addr address) error {
	provider, err := s.provider()
	if err != nil {
		return fmt.Errorf("open %s: %w", addr.shown, err)
	}
	version, err := s.version(ctx)
	if isMissingColumn(err) {
		return fmt.Errorf("open %s: %w: table %s is of another program: rename it, or name another database or schema in DATABASE_URL",
			addr.shown, ErrForeignSchema, versionTable)
	}
	if err != nil {
		return fmt.Errorf("open %s: read the schema's version: %w", addr.shown, err)
	}
	sources := provider.ListSources()
	if newest := sources[len(sources)-1].Version; version > newest {
		return fmt.Errorf("open %s: %w: its schema is at version %d and this program knows %d: "+
			"install the program that migrated it, or restore the backup made before", addr.shown, ErrNewerSchema, version, newest)
	}
	return nil
}

// lockMigration lets one process at a time migrate. goose's own lockers poll every few seconds, or not at
// all on SQLite.
func (s *Store) lockMigration(ctx context.Context) (unlock func() error, err error) {
	if s.Exclusive() {
		release, err := waitForFile(ctx, s.path+".migrate")
		if err != nil {
			return nil, err
		}
		return func() error { release(); return nil }, nil
	}
	conn, err := s.w.Conn(ctx)
	if err != nil {
		return nil, err
	}
	const key = "hashtextextended('achim migrate ' || current_schema(), 0)"
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock("+key+")"); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return func() error {
		// The lock must go even when the caller has given up meanwhile: the connection lives on in the pool.
		_, err := conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock("+key+")")
		return errors.Join(err, conn.Close())
	}, nil
}

// installPlace is the place of the install secret.
const installPlace = "achim_install.secret\x001"

// secretStep is what Migrate says that it does when the install secret alone is missing: somebody has taken it out, so that
// links end. With a new database it is part of the first migration.
const secretStep = "achim_install: make the install secret"

// lacksSecret reports whether a migrated database has no install secret.
func (s *Store) lacksSecret(ctx context.Context, version int64) (bool, error) {
	if version == 0 {
		return false, nil
	}
	_, found, err := one(ctx, s.reader(), scalar[int64], "SELECT id FROM achim_install WHERE id = 1")
	return !found, err
}

// makeSecret makes the install secret when there is none.
func (s *Store) makeSecret(ctx context.Context) (bool, error) {
	secret := make([]byte, secretBytes)
	_, _ = rand.Read(secret) // never fails: it ends the program instead
	made := int64(0)
	stored, err := s.keys.seal(installPlace, base64.StdEncoding.EncodeToString(secret))
	if err == nil {
		made, err = s.writer().exec(ctx, "INSERT INTO achim_install (id, secret, created_at) VALUES (1, ?, ?) ON CONFLICT DO NOTHING", stored, ms(s.now()))
	}
	if err == nil && made > 0 {
		err = s.registerKey(ctx)
	}
	if err != nil {
		return false, fmt.Errorf("make the install secret: %w", err)
	}
	return made > 0, nil
}

// InstallSecret returns the random secret of this installation, made at the first migration, from which
// keys for links are derived. ErrNotFound before; the error says what makes it.
func (s *Store) InstallSecret(ctx context.Context) ([]byte, error) {
	text, found, err := one(ctx, s.reader(), scalar[string], "SELECT secret FROM achim_install WHERE id = 1")
	if err != nil {
		return nil, fmt.Errorf("install secret: %w", err)
	}
	if !found {
		return nil, fmt.Errorf("install secret: %w: run achim migrate, which makes it", briefing.ErrNotFound)
	}
	if text, err = s.keys.open(installPlace, text); err != nil {
		return nil, fmt.Errorf("install secret: %w", err)
	}
	secret, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(secret) != secretBytes {
		return nil, fmt.Errorf("install secret: achim_install holds no base64 of %d bytes", secretBytes)
	}
	return secret, nil
}

// errProbed ends a probe that went well, so that its row never stays.
var errProbed = errors.New("probed")

// Probe inserts a row into each table shared with other programs, as a delivery and a consent would, and
// rolls it back. An error names the table, and the column where the catalogue or the database does.
func (s *Store) Probe(ctx context.Context) error {
	plan, err := s.planAdoption(ctx, s.reader())
	if err != nil {
		return fmt.Errorf("look at the shared tables: %w", err)
	}
	faults := plan.faults
	for _, c := range plan.changes {
		faults = append(faults, fmt.Errorf("%s: run achim migrate", c.What))
	}
	for _, name := range []string{logName, tokenName} {
		err := s.inTx(ctx, func(q *session) error {
			if err := s.insertProbe(ctx, q, name); err != nil {
				return err
			}
			return errProbed
		})
		if !errors.Is(err, errProbed) {
			faults = append(faults, probed(name, err))
		}
	}
	return errors.Join(faults...)
}

// insertProbe inserts a row that nobody has into a shared table, as long as real ones are.
func (s *Store) insertProbe(ctx context.Context, q *session, table string) error {
	if table == logName {
		return insertLog(ctx, q, logRow{reader: nobody, channel: "D0123456789", ts: "1763596800.000100", text: "probe", metadata: "{}", at: s.now()})
	}
	return tokenRow{reader: nobody, token: object{}, config: object{}, scopes: "[]", metadata: object{}}.insert(ctx, q, s.now())
}

// probed says what came of a probe. That nobody is in a table of people elsewhere is no fault of the row.
func probed(table string, err error) error {
	if err == nil || isStranger(err) {
		return nil
	}
	return fmt.Errorf("table %s does not take our rows; compare its columns with the contract and extend it: %w", table, err)
}
