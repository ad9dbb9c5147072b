package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"achim/internal/engine"
	"achim/store"
)

// beyondReading is what work on an entry has left, after its sources were read, for opening the DM and posting. A
// claim lasts a little longer.
const beyondReading = 30 * time.Second

// newEngine returns the engine of the database: one process on a SQLite file, any number on PostgreSQL. workers
// bounds what is worked on at once; 0 = the engine's defaults.
func (a *App) newEngine(workers int) engine.Engine {
	if a.Store.Exclusive() {
		return &engine.Local{Store: a.Store, Work: a.Pipeline.Work, Logger: a.Logger,
			Workers: workers, Senders: workers, Now: a.now}
	}
	timeout := engine.DefaultTimeout
	for _, budget := range a.Config.Budgets {
		timeout = max(timeout, budget+beyondReading)
	}
	return &engine.River{Pool: a.Store.Pool(), Store: a.Store, Work: a.Pipeline.Work, Logger: a.Logger,
		Readers: workers, Senders: workers, Timeout: timeout, Now: a.now}
}

// migrated makes sure of the tables. A SQLite file is ours alone and is brought up to date; a PostgreSQL
// database may be somebody's main one, so that changing it is left to whoever runs migrate.
func migrated(ctx context.Context, s *store.Store) error {
	pending, err := pendingSteps(ctx, s)
	if err != nil && (s.Exclusive() || len(pending) == 0) { // what is in the way of migrating is migrate's to say
		return fmt.Errorf("look for migrations: %w", err)
	}
	if len(pending) == 0 {
		return nil
	}
	if !s.Exclusive() {
		return fmt.Errorf("%w: run `achim migrate` first (%d pending)", ErrPendingMigrations, len(pending))
	}
	if _, err := migrate(ctx, s); err != nil {
		return err
	}
	return nil
}

// migrate brings the ledger's tables up to date, and then the engine's, and returns the names of what it
// applied. What is in the way of either is found before anything is changed.
func migrate(ctx context.Context, s *store.Store) ([]string, error) {
	if _, err := pendingSteps(ctx, s); err != nil {
		return nil, err
	}
	steps, err := s.Migrate(ctx)
	if err != nil || s.Exclusive() {
		return steps, err
	}
	more, err := engine.Migrate(ctx, s.Pool())
	return append(steps, more...), err
}

// pendingSteps returns the names of what migrate would apply. Its error is all that is in the way.
func pendingSteps(ctx context.Context, s *store.Store) ([]string, error) {
	steps, err := s.Pending(ctx)
	if s.Exclusive() {
		return steps, err
	}
	more, inTheWay := engine.Pending(ctx, s.Pool())
	return append(steps, more...), errors.Join(err, inTheWay)
}
