package store

import (
	"context"
	"fmt"
	"slices"

	"achim/briefing"
)

// settlement is an entry and the outcome its readers' runs are told of.
type settlement struct {
	entry   briefing.Entry
	outcome briefing.Outcome
}

// settle gives the outcomes of entries to every run that waits for them, and finishes the runs that waited
// for nothing else. It comes last in a transaction, since runs are shared by many entries.
func (s *Store) settle(ctx context.Context, q *session, settled ...settlement) error {
	runs, err := s.settleReaders(ctx, q, settled)
	if err != nil {
		return err
	}
	return s.finishRuns(ctx, q, runs)
}

// settledColumns are what a reader of a run is told. "also" is an outcome that stood before and is replaced.
var settledColumns = []column{{"entry", "text"}, {"run", "text"}, {"outcome", "text"}, {"status", "text"}, {"reason", "text"}, {"also", "text"}}

// settleReaders gives the outcomes of entries to every run that waits for them and returns those runs, which
// may be finished now. A run that was told "failed" hears of a delivery that came about after all, one that was
// told "unknown" of whatever a person found out, and the entry's own run of what became of it after a pause or a
// day off was taken back.
func (s *Store) settleReaders(ctx context.Context, q *session, settled []settlement) (runs []string, err error) {
	var rows [][]any
	for _, st := range settled {
		if st.outcome == briefing.OutcomePending {
			continue
		}
		also := briefing.OutcomePending // which stands for nothing more
		if st.outcome == briefing.OutcomeDelivered || st.outcome == briefing.OutcomeMended {
			also = briefing.OutcomeFailed
		}
		e := st.entry
		rows = append(rows, []any{string(e.ID), string(e.Run), string(st.outcome), string(e.Status), string(e.Reason), string(also)})
	}
	if len(rows) == 0 {
		return nil, nil
	}
	args, err := q.dialect.batch(settledColumns, rows)
	if err != nil {
		return nil, err
	}
	runs, err = list(ctx, q, scalar[string], "UPDATE achim_run_reader AS r SET outcome = v.outcome, status = v.status, reason = v.reason, settled_at = ? FROM "+
		q.dialect.from(settledColumns)+" WHERE r.entry_id = v.entry AND (r.outcome IN ('', v.also, ?) OR "+
		"(r.outcome = ? AND r.run_id = v.run AND r.reason IN (?, ?, ?, ?))) RETURNING run_id",
		slices.Concat([]any{ms(s.now())}, args, []any{string(briefing.OutcomeUnknown),
			string(briefing.OutcomeSkipped), string(briefing.Paused), string(briefing.DayOff), string(briefing.PublicHoliday), string(briefing.Left)})...)
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
