package store

import (
	"context"
	"fmt"
	"time"

	"achim/briefing"
)

// UpcomingEntries returns up to limit entries that want work until the given time and that nobody works on now,
// in the order of DueEntries. It is for an engine that makes its arrangements ahead of the hour.
func (s *Store) UpcomingEntries(ctx context.Context, now, until time.Time, limit int) ([]briefing.Due, error) {
	due, err := list(ctx, s.reader(), scanUpcoming, "SELECT id, epoch, state, next_at FROM achim_entry "+
		"WHERE next_at <= ? AND (owner = '' OR claimed_until IS NULL OR claimed_until <= ?) "+
		"ORDER BY next_at, first_at NULLS LAST, reader_id LIMIT ?", ms(until), ms(now), limit)
	if err != nil {
		return nil, fmt.Errorf("upcoming entries: %w", err)
	}
	return due, nil
}

func scanUpcoming(row scanner) (briefing.Due, error) {
	var d briefing.Due
	err := row.Scan(&d.ID, &d.Epoch, &d.State, instant{&d.NextAt})
	return d, err
}
