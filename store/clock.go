package store

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

const (
	// clocksAgree is how far this machine's clock may be from the database's and still be taken at its word:
	// one that is kept by NTP does not jitter by what a measurement is off.
	clocksAgree = time.Second
	// slowAnswer is how long the database may take to tell its time; after that nobody knows when it said so.
	slowAnswer = time.Second
)

// Clock is one clock for all processes on one database: this machine's, corrected by how far it is from the
// database's. Claims and deadlines that one process writes are read by others: with clocks of their own, one that is
// minutes ahead would take over what another is about to send. The zero value tells this machine's time until
// Store.Synchronize; it is safe for concurrent use.
type Clock struct {
	Local func() time.Time // nil = time.Now

	ahead atomic.Int64 // of the database's clock over the local one, in nanoseconds
}

// Now returns the time as the database has it.
func (c *Clock) Now() time.Time {
	now := time.Now
	if c.Local != nil {
		now = c.Local
	}
	return now().Add(c.Corrected())
}

// Corrected returns by how much the local clock is corrected.
func (c *Clock) Corrected() time.Duration { return time.Duration(c.ahead.Load()) }

// ErrSlowClock means that the database took so long to tell its time that nobody knows when it said so.
var ErrSlowClock = errors.New("the database takes longer than a second to tell its time")

// Synchronize measures how far the clock is from the database's, corrects it, and returns by how much the local one is
// corrected now: 0 when they agree within a second. A SQLite file has the clock of its machine. Errors, ErrSlowClock
// among them, leave the clock as it was.
func (s *Store) Synchronize(ctx context.Context, c *Clock) (time.Duration, error) {
	if !s.dialect.postgres {
		return 0, nil
	}
	before := c.Now()
	us, _, err := one(ctx, s.reader(), scalar[int64], "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint")
	if err != nil {
		return 0, fmt.Errorf("ask the database for its time: %w", err)
	}
	took := c.Now().Sub(before)
	corrected := c.Corrected()
	if took < 0 || took > slowAnswer {
		return corrected, ErrSlowClock
	}
	ahead := time.UnixMicro(us).Sub(before.Add(took/2).Round(0)) + corrected
	if ahead.Abs() <= clocksAgree {
		ahead = 0
	}
	c.ahead.Store(int64(ahead))
	return ahead, nil
}
