package store

import (
	"context"
	"fmt"
	"time"

	"achim/briefing"
)

// Unopened returns up to limit readers who are neither paused nor gone, whose DM is not known and who were not changed after the
// time, the earliest hour first.
func (s *Store) Unopened(ctx context.Context, changed time.Time, limit int) ([]briefing.ReaderID, error) {
	readers, err := list(ctx, s.reader(), scalar[briefing.ReaderID], "SELECT r.id FROM "+readersPlanned+
		" WHERE r.slack_channel_id = '' AND r.slack_user_id IS NOT NULL AND r.paused = 0 AND r.left_at IS NULL AND r.updated_at <= ? ORDER BY c.plan_at, r.id LIMIT ?",
		ms(changed), int64(limit))
	if err != nil {
		return nil, fmt.Errorf("readers without a DM: %w", err)
	}
	return readers, nil
}
