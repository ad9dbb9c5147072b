package engine

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"regexp"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// ErrNotMigrated means that River's tables are missing or of an earlier version.
var ErrNotMigrated = errors.New("the engine's tables are not up to date: run `achim migrate`")

const (
	riverSchema = "achim_river"
	maxSchema   = 46 // River's names of channels begin with the schema's, and a name has 63 bytes
)

var plainName = regexp.MustCompile(`^[a-zA-Z0-9_]+$`)

// Pending returns the names of the migrations of River that Migrate would apply. It changes nothing. That our role may
// not apply them is its error, with the statement that an administrator has to run.
func Pending(ctx context.Context, pool *pgxpool.Pool) ([]string, error) {
	m, schema, err := migrator(ctx, pool)
	if err != nil {
		return nil, fmt.Errorf("pending migrations of the engine: %w", err)
	}
	pending, err := missing(ctx, m)
	if err == nil && len(pending) > 0 {
		err = mayMigrate(ctx, pool, schema)
	}
	if err != nil {
		return pending, fmt.Errorf("pending migrations of the engine: %w", err)
	}
	return pending, nil
}

// mayMigrate returns why our role may not make the schema, or tables in one there is.
func mayMigrate(ctx context.Context, pool *pgxpool.Pool, schema string) error {
	var role string
	var exists, makes bool
	err := pool.QueryRow(ctx, "SELECT quote_ident(current_user), EXISTS (SELECT FROM pg_namespace WHERE nspname = $1), "+
		"COALESCE((SELECT has_schema_privilege(oid, 'CREATE') AND has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = $1), "+
		"has_database_privilege(current_database(), 'CREATE'))", schema).Scan(&role, &exists, &makes)
	name := pgx.Identifier{schema}.Sanitize()
	switch {
	case err != nil:
		return err
	case makes:
		return nil
	case exists:
		return fmt.Errorf("the role %s may not make tables in schema %s: let an administrator run:\n\n%s", role, schema, "GRANT USAGE, CREATE ON SCHEMA "+name+" TO "+role+";\n")
	}
	return fmt.Errorf("the role %s may not make schema %s: let an administrator run:\n\n%s", role, schema, "CREATE SCHEMA "+name+" AUTHORIZATION "+role+";\n")
}

// Migrate brings River's schema up to date and returns the names of the migrations it applied. It may be
// called by several processes at once: all but one wait and then find nothing to do.
func Migrate(ctx context.Context, pool *pgxpool.Pool) (applied []string, err error) {
	m, schema, err := migrator(ctx, pool)
	if err != nil {
		return nil, fmt.Errorf("migrate the engine: %w", err)
	}
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("migrate the engine: %w", err)
	}
	defer conn.Release()
	const key = "hashtextextended('achim migrate ' || $1, 0)"
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock("+key+")", schema); err != nil {
		return nil, fmt.Errorf("migrate the engine: %w", err)
	}
	defer func() {
		// Also when the caller has given up meanwhile: the connection lives on in the pool.
		_, unlocking := conn.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock("+key+")", schema)
		err = errors.Join(err, unlocking)
	}()
	todo, err := missing(ctx, m)
	if err != nil || len(todo) == 0 {
		return nil, err
	}
	if err := mayMigrate(ctx, pool, schema); err != nil {
		return nil, fmt.Errorf("migrate the engine: %w", err)
	}
	if err := makeSchema(ctx, conn, schema); err != nil {
		return nil, fmt.Errorf("migrate the engine: %w", err)
	}
	result, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil)
	if err != nil {
		return nil, fmt.Errorf("migrate the engine: %w", err)
	}
	for _, v := range result.Versions {
		applied = append(applied, stepName(v.Version, v.Name))
	}
	if err := lighten(ctx, conn, schema); err != nil {
		return nil, fmt.Errorf("migrate the engine: %w", err)
	}
	return applied, nil
}

// lighten makes River's jobs cheaper to keep: nobody searches ours by their kind or arguments, and what of them a crash of the
// database loses the next sweep makes again.
func lighten(ctx context.Context, conn *pgxpool.Conn, schema string) error {
	for _, index := range []string{"river_job_args_index", "river_job_metadata_index", "river_job_kind"} {
		if _, err := conn.Exec(ctx, "DROP INDEX IF EXISTS "+pgx.Identifier{schema, index}.Sanitize()); err != nil {
			return err
		}
	}
	_, err := conn.Exec(ctx, "ALTER TABLE "+pgx.Identifier{schema, "river_job"}.Sanitize()+" SET UNLOGGED")
	return err
}

// makeSchema makes the schema where there is none. It does not ask for IF NOT EXISTS: that takes a right which our
// role may lack when somebody else has made the schema for it.
func makeSchema(ctx context.Context, conn *pgxpool.Conn, schema string) error {
	var exists bool
	err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)", schema).Scan(&exists)
	if err == nil && !exists {
		_, err = conn.Exec(ctx, "CREATE SCHEMA "+pgx.Identifier{schema}.Sanitize())
	}
	if err != nil {
		return fmt.Errorf("make schema %s: %w", schema, err)
	}
	return nil
}

// migratedSchema returns River's schema, or ErrNotMigrated when it lacks something.
func migratedSchema(ctx context.Context, pool *pgxpool.Pool) (string, error) {
	m, schema, err := migrator(ctx, pool)
	if err != nil {
		return "", fmt.Errorf("look for the engine's tables: %w", err)
	}
	pending, err := missing(ctx, m)
	if err == nil && len(pending) > 0 {
		err = ErrNotMigrated
	}
	if err != nil {
		return "", fmt.Errorf("look for the engine's tables in schema %s: %w", schema, err)
	}
	return schema, nil
}

func migrator(ctx context.Context, pool *pgxpool.Pool) (*rivermigrate.Migrator[pgx.Tx], string, error) {
	schema, err := schemaFor(ctx, pool)
	if err != nil {
		return nil, "", err
	}
	m, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Schema: schema, Logger: slog.New(slog.DiscardHandler)})
	return m, schema, err
}

// missing returns the names of River's migrations that have not been applied.
func missing(ctx context.Context, m *rivermigrate.Migrator[pgx.Tx]) ([]string, error) {
	existing, err := m.ExistingVersions(ctx)
	if err != nil {
		return nil, err
	}
	has := map[int]bool{}
	for _, v := range existing {
		has[v.Version] = true
	}
	var names []string
	for _, v := range m.AllVersions() {
		if !has[v.Version] {
			names = append(names, stepName(v.Version, v.Name))
		}
	}
	return names, nil
}

func stepName(version int, name string) string { return fmt.Sprintf("river/%03d %s", version, name) }

// schemaFor returns the schema River has beside the one our own tables are in: achim_river, and another for
// each other schema, since two ledgers must not share a queue.
func schemaFor(ctx context.Context, pool *pgxpool.Pool) (string, error) {
	var ours string
	if err := pool.QueryRow(ctx, "SELECT COALESCE(current_schema(), '')").Scan(&ours); err != nil {
		return "", err
	}
	name := riverSchema + "_" + ours
	switch {
	case ours == "":
		return "", errors.New("no schema of the search_path exists")
	case ours == "public":
		return riverSchema, nil
	case plainName.MatchString(ours) && len(name) <= maxSchema:
		return name, nil
	}
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(ours))
	return fmt.Sprintf("%s_%x", riverSchema, hash.Sum64()), nil
}
