package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"achim/briefing"
)

// Hours returns those of the ids that are readers' who are still here, each with the hour it is planned for next; zero
// while paused.
func (s *Store) Hours(ctx context.Context, ids []briefing.ReaderID) (map[briefing.ReaderID]time.Time, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = string(id)
	}
	type planned struct {
		id briefing.ReaderID
		at time.Time
	}
	readers, err := list(ctx, s.reader(), func(row scanner) (p planned, err error) {
		err = row.Scan(&p.id, instant{&p.at})
		return p, err
	}, "SELECT r.id, CASE WHEN r.paused = 0 AND c.plan_at > 0 THEN c.plan_at END FROM "+readersPlanned+
		" WHERE r.left_at IS NULL AND r.id IN (?"+strings.Repeat(", ?", len(ids)-1)+")", args...)
	if err != nil {
		return nil, fmt.Errorf("hours of readers: %w", err)
	}
	hours := make(map[briefing.ReaderID]time.Time, len(readers))
	for _, p := range readers {
		hours[p.id] = p.at
	}
	return hours, nil
}

// Crowds returns how many readers, those paused or gone apart, are planned for each hour after the one time and not after the
// other.
func (s *Store) Crowds(ctx context.Context, after, until time.Time) (map[time.Time]int, error) {
	type crowd struct {
		at time.Time
		n  int
	}
	all, err := list(ctx, s.reader(), func(row scanner) (c crowd, err error) {
		err = row.Scan(instant{&c.at}, &c.n)
		return c, err
	}, "SELECT c.plan_at, COUNT(*) FROM "+readersPlanned+" WHERE r.paused = 0 AND r.left_at IS NULL AND c.plan_at > ? AND c.plan_at <= ? GROUP BY c.plan_at",
		ms(after), ms(until))
	if err != nil {
		return nil, fmt.Errorf("how many readers are planned: %w", err)
	}
	crowds := make(map[time.Time]int, len(all))
	for _, c := range all {
		crowds[c.at] = c.n
	}
	return crowds, nil
}
