package store

import (
	"context"
	"fmt"
	"time"
)

const (
	// scrubWait is how long scrubbing waits for those who read or write at that moment; they wait with it.
	scrubWait = 500 * time.Millisecond
	// scrubMost ends it, whatever it waits for.
	scrubMost = 10 * time.Second
)

// scrub empties the log beside a SQLite file, in which what was deleted or replaced still stands as it was; the file itself
// is overwritten where something was deleted. It is for after what people asked to have forgotten. Where somebody else is
// reading it may not succeed, and nobody is told: the log begins anew by itself, the night tries again, and the last process
// to close the file takes the log away. On PostgreSQL there is nothing to be done from here: dead rows go with VACUUM.
func (s *Store) scrub(ctx context.Context) {
	if s.dialect.postgres {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), scrubMost) // what was deleted is, also for who has gone
	defer cancel()
	conn, err := s.w.Conn(ctx)
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	patience := func(ctx context.Context, d time.Duration) {
		_, _ = conn.ExecContext(ctx, fmt.Sprintf("PRAGMA busy_timeout = %d", d.Milliseconds()))
	}
	patience(ctx, scrubWait)
	_, _ = conn.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	patience(context.WithoutCancel(ctx), busyTimeout) // the connection goes on writing
}
