package store

import (
	"context"
	"fmt"
	"slices"

	"achim/briefing"
)

// settle gives the outcome of an entry to every run that waits for it, and finishes the runs that waited
// for nothing else. It comes last in a transaction, since runs are shared by many entries.
func (s *Store) settle(ctx context.Context, q *session, e briefing.Entry, outcome briefing.Outcome) error {
	runs, err := s.settleReaders(ctx, q, e, outcome)
	if err != nil {
		return err
	}
	return s.finishRuns(ctx, q, runs)
}

// settleReaders gives the outcome of an entry to every run that waits for it and returns those runs, which
// may be finished now. A run that was told "failed" hears of a delivery that came about after all.
func (s *Store) settleReaders(ctx context.Context, q *session, e briefing.Entry, outcome briefing.Outcome) (runs []string, err error) {
	if outcome == briefing.OutcomePending {
		return nil, nil
	}
	// The second value is "" again where a failure stands.
	also := briefing.OutcomePending
	if outcome == briefing.OutcomeDelivered || outcome == briefing.OutcomeMended {
		also = briefing.OutcomeFailed
	}
	runs, err = list(ctx, q, scalar[string], "UPDATE achim_run_reader SET outcome = ?, status = ?, reason = ?, settled_at = ? "+
		"WHERE entry_id = ? AND outcome IN ('', ?) RETURNING run_id",
		string(outcome), string(e.Status), string(e.Reason), ms(s.now()), string(e.ID), string(also))
	if err != nil {
		return nil, fmt.Errorf("settle runs: %w", err)
	}
	return runs, nil
}

// finishRuns marks those of the runs finished of which nothing is pending any more. The runs are locked
// before that is judged: of two transactions that settle the last two readers, neither would see the other.
// On SQLite there are no two.
func (s *Store) finishRuns(ctx context.Context, q *session, runs []string) error {
	slices.Sort(runs)
	for _, run := range slices.Compact(runs) {
		if q.dialect.postgres {
			_, open, err := one(ctx, q, scalar[string],
				"SELECT id FROM achim_run WHERE id = ? AND finished_at IS NULL"+q.dialect.forUpdate(), run)
			if err != nil {
				return fmt.Errorf("lock run %s: %w", run, err)
			}
			if !open {
				continue
			}
		}
		if _, err := q.exec(ctx, "UPDATE achim_run SET finished_at = ? WHERE id = ? AND finished_at IS NULL AND NOT EXISTS "+
			"(SELECT 1 FROM achim_run_reader WHERE run_id = ? AND outcome = '')", ms(s.now()), run, run); err != nil {
			return fmt.Errorf("finish run %s: %w", run, err)
		}
	}
	return nil
}
