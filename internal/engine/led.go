package engine

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Led reports whether any River works on the database now: they elect a leader among them, who renews every few
// seconds. Just after the last one has died it may still be true.
func Led(ctx context.Context, pool *pgxpool.Pool) (bool, error) {
	schema, err := migratedSchema(ctx, pool)
	if err != nil {
		return false, err
	}
	var led bool
	err = pool.QueryRow(ctx, "SELECT EXISTS (SELECT FROM "+pgx.Identifier{schema, "river_leader"}.Sanitize()+" WHERE expires_at > now())").Scan(&led)
	if err != nil {
		return false, fmt.Errorf("look for an engine: %w", err)
	}
	return led, nil
}
