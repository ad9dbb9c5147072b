package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// collisionTries is how often a transaction is tried that the database gives up for another one.
const collisionTries = 4

// session runs statements on a pool, or inside a transaction. Statements are written with ? whatever the
// database. A session serves one goroutine.
type session struct {
	dialect dialect
	shared  *shared
	pool    *pool
	keys    keyring
	tx      *sql.Tx // nil outside a transaction
	missed  []string
}

// pool is a *sql.DB with the statements prepared on it. Preparing is what costs most of a short statement
// on SQLite; on PostgreSQL pgx remembers them by itself.
type pool struct {
	*sql.DB
	prepares bool

	preparing sync.Mutex // so that nothing is prepared twice
	prepared  sync.Map   // query → *sql.Stmt; closed with the pool
}

// statement is a prepared statement, for whatever connection or transaction.
type statement interface {
	ExecContext(ctx context.Context, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, args ...any) (*sql.Rows, error)
}

// prepare prepares the query unless that was done. It must not be called inside a transaction: with one
// connection it would wait for itself.
func (p *pool) prepare(ctx context.Context, query string) (statement, error) {
	if stmt, ok := p.prepared.Load(query); ok {
		return stmt.(*sql.Stmt), nil
	}
	p.preparing.Lock()
	defer p.preparing.Unlock()
	if stmt, ok := p.prepared.Load(query); ok {
		return stmt.(*sql.Stmt), nil
	}
	stmt, err := p.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	p.prepared.Store(query, stmt)
	return stmt, nil
}

// statement returns the prepared form of query for this session, or nil when it must run as text. Inside
// a transaction an unknown query runs as text once and is prepared after the transaction.
func (q *session) statement(ctx context.Context, query string) (statement, error) {
	if !q.pool.prepares {
		return nil, nil
	}
	if q.tx == nil {
		return q.pool.prepare(ctx, query)
	}
	if stmt, ok := q.pool.prepared.Load(query); ok {
		return q.tx.StmtContext(ctx, stmt.(*sql.Stmt)), nil
	}
	q.missed = append(q.missed, query)
	return nil, nil
}

// exec runs a statement and returns how many rows it changed.
func (q *session) exec(ctx context.Context, query string, args ...any) (int64, error) {
	query = q.dialect.rebind(query)
	stmt, err := q.statement(ctx, query)
	if err != nil {
		return 0, unavailable(err)
	}
	var result sql.Result
	switch {
	case stmt != nil:
		result, err = stmt.ExecContext(ctx, args...)
	case q.tx != nil:
		result, err = q.tx.ExecContext(ctx, query, args...)
	default:
		result, err = q.pool.ExecContext(ctx, query, args...)
	}
	if err != nil {
		return 0, unavailable(err)
	}
	return result.RowsAffected()
}

// query runs a statement that returns rows. The caller closes them before the next statement.
func (q *session) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	query = q.dialect.rebind(query)
	stmt, err := q.statement(ctx, query)
	switch {
	case err != nil:
		return nil, err
	case stmt != nil:
		return stmt.QueryContext(ctx, args...)
	case q.tx != nil:
		return q.tx.QueryContext(ctx, query, args...)
	default:
		return q.pool.QueryContext(ctx, query, args...)
	}
}

// scanner is a row to be read.
type scanner interface{ Scan(dest ...any) error }

// list runs a query and reads every row.
func list[T any](ctx context.Context, q *session, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.query(ctx, query, args...)
	if err != nil {
		return nil, unavailable(err)
	}
	defer func() { _ = rows.Close() }()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, unavailable(rows.Err())
}

// inMost is how many values a statement names at most: databases take some tens of thousands.
const inMost = 5000

// listIn is list for a query that ends in a column, of the rows in which one of the values stands there.
func listIn[T any](ctx context.Context, q *session, scan func(scanner) (T, error), query string, values []string) ([]T, error) {
	values = slices.Compact(slices.Sorted(slices.Values(values)))
	var all []T
	for some := range slices.Chunk(values, inMost) {
		args := make([]any, len(some))
		for i, value := range some {
			args[i] = value
		}
		found, err := list(ctx, q, scan, query+" IN (?"+strings.Repeat(", ?", len(args)-1)+")", args...)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// one runs a query and reads its first row; found is false when there is none.
func one[T any](ctx context.Context, q *session, scan func(scanner) (T, error), query string, args ...any) (value T, found bool, err error) {
	all, err := list(ctx, q, scan, query, args...)
	if err != nil || len(all) == 0 {
		return value, false, err
	}
	return all[0], true, nil
}

// scalar reads a row of one column.
func scalar[T any](row scanner) (T, error) {
	var value T
	err := row.Scan(&value)
	return value, err
}

// reader returns a session for reading.
func (s *Store) reader() *session {
	return &session{dialect: s.dialect, shared: s.shapes.Load(), pool: s.r, keys: s.keys}
}

// writer returns a session for a single statement that writes, which is its own transaction.
func (s *Store) writer() *session {
	return &session{dialect: s.dialect, shared: s.shapes.Load(), pool: s.w, keys: s.keys}
}

// inTx runs work in a transaction, and again when the database gave the transaction up for another one.
// Nothing of it stands when an error comes back.
func (s *Store) inTx(ctx context.Context, work func(q *session) error) error {
	var err error
	for range collisionTries {
		if err = s.inTxOnce(ctx, work); !isCollision(err) {
			return err
		}
	}
	return err
}

func (s *Store) inTxOnce(ctx context.Context, work func(q *session) error) error {
	tx, err := s.w.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", unavailable(err))
	}
	q := s.writer()
	q.tx = tx
	if err := work(q); err != nil {
		// After a lost connection there is nothing to roll back; the cause is what matters.
		if undo := tx.Rollback(); undo != nil && !errors.Is(undo, sql.ErrTxDone) && ctx.Err() == nil {
			return errors.Join(err, fmt.Errorf("roll back: %w", undo))
		}
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", unavailable(err))
	}
	for _, query := range q.missed {
		// What was committed stands: a statement that cannot be prepared now runs as text again.
		if _, err := s.w.prepare(ctx, query); err != nil {
			break
		}
	}
	return nil
}
