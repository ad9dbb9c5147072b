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

// Migrate brings the schema up to date, makes the install secret when there is none, and returns the names
// of the migrations it applied. It goes forward only. It may be called again, and by several processes at
// once: all but one wait and then find nothing to do.
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
	results, err := provider.Up(ctx)
	if partial, ok := errors.AsType[*goose.PartialError](err); ok {
		results = partial.Applied
	}
	for _, result := range results {
		applied = append(applied, path.Base(result.Source.Path))
	}
	if err != nil {
		return applied, fmt.Errorf("migrate: %w", err)
	}
	return applied, s.makeSecret(ctx)
}

// Pending returns the names of the migrations that Migrate would apply. It changes nothing.
func (s *Store) Pending(ctx context.Context) ([]string, error) {
	provider, err := s.provider()
	if err != nil {
		return nil, fmt.Errorf("pending migrations: %w", err)
	}
	version, err := s.version(ctx)
	if err != nil {
		return nil, fmt.Errorf("pending migrations: %w", err)
	}
	var pending []string
	for _, source := range provider.ListSources() {
		if source.Version > version {
			pending = append(pending, path.Base(source.Path))
		}
	}
	return pending, nil
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
	if isMissingTable(err) {
		return 0, nil
	}
	return version, err
}

func (s *Store) refuseNewer(ctx context.Context, addr address) error {
	provider, err := s.provider()
	if err != nil {
		return fmt.Errorf("open %s: %w", addr.shown, err)
	}
	version, err := s.version(ctx)
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

func (s *Store) makeSecret(ctx context.Context) error {
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
		return fmt.Errorf("make the install secret: %w", err)
	}
	return nil
}

// InstallSecret returns the random secret of this installation, made at the first migration, from which
// keys for links are derived. ErrNotFound before.
func (s *Store) InstallSecret(ctx context.Context) ([]byte, error) {
	text, found, err := one(ctx, s.reader(), scalar[string], "SELECT secret FROM achim_install WHERE id = 1")
	if err != nil {
		return nil, fmt.Errorf("install secret: %w", err)
	}
	if !found {
		return nil, fmt.Errorf("install secret: %w", briefing.ErrNotFound)
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
// rolls it back. An error names the table, and the column where the database does.
func (s *Store) Probe(ctx context.Context) error {
	log := logRow{reader: nobody, channel: "D000", ts: "0", text: "probe", metadata: "{}", at: s.now()}
	token := tokenRow{reader: nobody, token: object{}, config: object{}, scopes: "[]", metadata: object{}}
	return errors.Join(
		s.probe(ctx, "conversation_log", func(q *session) error { return insertLog(ctx, q, log) }),
		s.probe(ctx, "gmail_token", func(q *session) error { return token.insert(ctx, q, s.now()) }),
	)
}

func (s *Store) probe(ctx context.Context, table string, insert func(q *session) error) error {
	err := s.inTx(ctx, func(q *session) error {
		if err := insert(q); err != nil {
			return err
		}
		return errProbed
	})
	if errors.Is(err, errProbed) {
		return nil
	}
	return fmt.Errorf("table %s does not take our rows; compare its columns with the contract and extend it: %w", table, err)
}
