package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"achim/briefing"
)

const (
	// How many readers one transaction plans for. On SQLite deliveries wait for it, a tenth of a second; on PostgreSQL
	// nobody does, and of a cohort planWriters connections plan at once.
	sqliteBatch   = 10_000
	postgresBatch = 5_000
	planWriters   = 2
	// Of the 26 characters of an entry's id the first are its batch's, random, and the others count on from a random
	// number: no two batches share a prefix, and ids that follow one another are cheap to index.
	planPrefix  = 20
	planNumbers = 1<<24 - 2*sqliteBatch
)

// Cohorts returns the cohorts whose PlanAt is not after the time, earliest first. One that nobody has planned yet
// has a zero PlanAt and comes first.
func (s *Store) Cohorts(ctx context.Context, until time.Time) ([]briefing.Cohort, error) {
	cohorts, err := list(ctx, s.reader(), scanCohort, "SELECT cohort_id, plan_at, wishes, joins, "+
		"(SELECT COUNT(*) FROM achim_reader r WHERE r.cohort_id = achim_cohort.cohort_id) FROM achim_cohort "+
		"WHERE plan_at <= ? ORDER BY plan_at, cohort_id", until.UnixMilli())
	if err != nil {
		return nil, fmt.Errorf("readers due: %w", err)
	}
	return cohorts, nil
}

// Plan writes a plan and returns how many entries were new. Entries whose reader, date and slot exist already are
// left as they are, and a run none of whose entries is new leaves no trace. It is a transaction a batch of readers,
// and one that moves PlanAt on, unless it has been moved or a reader has come in: then the plan is to be made again.
// May be called by several processes at once.
func (s *Store) Plan(ctx context.Context, p briefing.Plan) (int, error) {
	fresh := 0
	if len(p.Dates) > 0 {
		n, err := s.planEntries(ctx, p)
		fresh = n
		if err != nil {
			return fresh, fmt.Errorf("plan: %w", err)
		}
	}
	err := s.inTx(ctx, func(q *session) error { return moveOn(ctx, q, p) })
	if isDuplicate(err, "plan_at") {
		err = nil // somebody has come to where the cohort goes: the next look finds both
	}
	if err != nil {
		return fresh, fmt.Errorf("move readers on: %w", err)
	}
	return fresh, nil
}

// batch is the readers of a cohort that one transaction plans for: those after one id and up to another, of which
// the zero value is no bound.
type batch struct {
	after, last briefing.ReaderID
	before      int64 // how many of the cohort come before
	contested   bool  // others plan it at the same moment; if false and they do, a unique key is violated
}

// planEntries writes the entries of a plan, batch by batch.
func (s *Store) planEntries(ctx context.Context, p briefing.Plan) (int, error) {
	batches, err := s.batches(ctx, p.Cohort.ID)
	if err != nil {
		return 0, err
	}
	work := make(chan batch, len(batches))
	for _, b := range batches {
		work <- b
	}
	close(work)
	writers := 1
	if s.dialect.postgres {
		writers = min(planWriters, len(batches))
	}
	counts, errs := make([]int, writers), make([]error, writers)
	var done sync.WaitGroup
	for w := range writers {
		done.Go(func() {
			for b := range work {
				// Asking PostgreSQL to bear with a conflict costs as much as inserting, so hope for none. On SQLite nobody
				// else writes, and it costs nothing.
				b.contested = !s.dialect.postgres
				n, err := s.planBatch(ctx, p, b)
				if isDuplicate(err, "") {
					b.contested = true
					n, err = s.planBatch(ctx, p, b)
				}
				counts[w] += n
				if err != nil {
					errs[w] = err
					return
				}
			}
		})
	}
	done.Wait()
	total := 0
	for _, n := range counts {
		total += n
	}
	return total, errors.Join(errs...)
}

// batches divides a cohort. The last one has no end: readers may come in.
func (s *Store) batches(ctx context.Context, id briefing.CohortID) ([]batch, error) {
	size := int64(sqliteBatch)
	if s.dialect.postgres {
		size = postgresBatch
	}
	q, all := s.reader(), []batch{{}}
	for {
		b := &all[len(all)-1]
		end, found, err := one(ctx, q, scalar[briefing.ReaderID], "SELECT id FROM achim_reader WHERE cohort_id = ? AND id > ? ORDER BY id LIMIT 1 OFFSET ?",
			int64(id), string(b.after), size-1)
		if err != nil {
			return nil, fmt.Errorf("divide readers: %w", err)
		}
		if !found {
			return all, nil
		}
		b.last = end
		all = append(all, batch{after: end, before: b.before + size})
	}
}

// planBatch writes the entries of a batch, unless the cohort has been moved on.
func (s *Store) planBatch(ctx context.Context, p briefing.Plan, b batch) (fresh int, err error) {
	err = s.inTx(ctx, func(q *session) error {
		fresh = 0
		// Who leaves the cohort at the same time is gone here, or waits and then sees the entry.
		stands, err := cohortStands(ctx, q, p.Cohort, q.dialect.forShare())
		if err != nil || !stands {
			return err
		}
		var runs []string
		for _, d := range p.Dates {
			if d.Run.ID, err = runOf(ctx, q, d.Run); err != nil {
				return fmt.Errorf("find run %s: %w", d.Run.Key, err)
			}
			n, err := s.insertPlanned(ctx, q, p.Cohort.ID, d, b)
			if err != nil {
				return fmt.Errorf("entries of %s: %w", d.Date, err)
			}
			if n == 0 {
				continue
			}
			fresh += n
			runs = append(runs, string(d.Run.ID))
			if _, err := q.exec(ctx, insertRun+" ON CONFLICT DO NOTHING", runValues(d.Run)...); err != nil {
				return fmt.Errorf("run %s: %w", d.Run.Key, err)
			}
		}
		return s.reopenRuns(ctx, q, runs)
	})
	if err != nil {
		return 0, err
	}
	return fresh, nil
}

// cohortStands reports whether the cohort's PlanAt is what was read, holding it there by the lock.
func cohortStands(ctx context.Context, q *session, c briefing.Cohort, lock string) (bool, error) {
	_, stands, err := one(ctx, q, scalar[int64], "SELECT cohort_id FROM achim_cohort WHERE cohort_id = ? AND plan_at = ?"+lock,
		int64(c.ID), planMs(c.Like.PlanAt))
	if err != nil {
		return false, fmt.Errorf("cohort %d: %w", c.ID, err)
	}
	return stands, nil
}

// runOf returns the id of the run that has the key, or the id the run is to have.
func runOf(ctx context.Context, q *session, run briefing.Run) (briefing.RunID, error) {
	earlier, found, err := one(ctx, q, scalar[briefing.RunID], "SELECT id FROM achim_run WHERE key = ?", run.Key)
	if err != nil || !found {
		return run.ID, err
	}
	return earlier, nil
}

// insertPlanned gives the readers of a batch the entry of a date, and every new one its row in the run: pending, or
// skipped for a missed one. The readers never leave the database.
func (s *Store) insertPlanned(ctx context.Context, q *session, cohort briefing.CohortID, d briefing.DatePlan, b batch) (int, error) {
	prefix, now := briefing.NewID()[:planPrefix], s.now().UnixMilli()
	within := "cohort_id = ? AND id > ?"
	bounds := []any{int64(cohort), string(b.after)}
	if b.last != "" {
		within += " AND id <= ?"
		bounds = append(bounds, string(b.last))
	}
	shift := rand.Int64N(planNumbers)
	var zeroth any // the start of number 0, in nanoseconds
	if d.State == briefing.Planned {
		zeroth = d.First.UnixNano() + (b.before-1-shift)*int64(d.Every)
	}
	// Not NOT EXISTS: while the table's statistics are old, PostgreSQL would look through the date for every reader.
	where, onConflict := "(SELECT e.id FROM achim_entry e WHERE e.date = ? AND e.reader_id = r.id AND e.slot = ?) IS NULL", ""
	if b.contested {
		where, onConflict = "true ON CONFLICT DO NOTHING", " ON CONFLICT DO NOTHING"
	}
	entries := "INSERT INTO achim_entry (id, reader_id, date, slot, run_id, state, reason, due_at, next_at, channel_id, created_at, updated_at) " +
		"SELECT CAST(? AS TEXT) || " + q.dialect.letters("n") + ", id, ?, ?, ?, ?, ?, CAST(? AS BIGINT), " +
		"(CAST(? AS BIGINT) + CAST(? AS BIGINT) * n) / 1000000, slack_channel_id, CAST(? AS BIGINT), CAST(? AS BIGINT) " +
		// Numbered, and so inserted, in one order by all planners: two that insert in opposite orders deadlock.
		"FROM (SELECT row_number() OVER (ORDER BY id) + CAST(? AS BIGINT) AS n, id, slack_channel_id FROM achim_reader WHERE " + within + ") AS r " +
		"WHERE " + where
	args := append([]any{prefix, d.Date.String(), string(briefing.DailySlot), string(d.Run.ID), string(d.State), string(d.Reason),
		ms(d.DueAt), zeroth, int64(d.Every), now, now, shift}, bounds...)
	if !b.contested {
		args = append(args, d.Date.String(), string(briefing.DailySlot))
	}
	outcome, settled := briefing.OutcomePending, any(nil)
	if d.State == briefing.Missed {
		outcome, settled = briefing.OutcomeSkipped, now
	}
	const rows = "INSERT INTO achim_run_reader (run_id, reader_id, position, slack_user_id, entry_id, outcome, status, reason, settled_at) " +
		"SELECT ?, e.reader_id, 0, '', e.id, ?, '', ?, CAST(? AS BIGINT) FROM "
	rowArgs := []any{string(d.Run.ID), string(outcome), string(d.Reason), settled}
	if q.dialect.postgres {
		n, _, err := one(ctx, q, scalar[int64], "WITH e AS ("+entries+" RETURNING id, reader_id), w AS ("+rows+
			"e WHERE true"+onConflict+") SELECT COUNT(*) FROM e", append(args, rowArgs...)...)
		return int(n), err
	}
	n, err := q.exec(ctx, entries, args...)
	if err != nil || n == 0 {
		return 0, err
	}
	_, err = q.exec(ctx, rows+"achim_entry e WHERE e.id > ? AND e.id < ?"+onConflict, append(rowArgs, prefix, prefix+"{")...)
	return int(n), err
}

// reopenRuns reopens the finished ones of the runs that got something to wait for, and finishes those that wait for
// nothing.
func (s *Store) reopenRuns(ctx context.Context, q *session, runs []string) error {
	slices.Sort(runs)
	runs = slices.Compact(runs)
	for _, id := range runs {
		// Locked first: whoever finishes the run right now must either be seen here or see what is new.
		if _, _, err := one(ctx, q, scalar[string], "SELECT id FROM achim_run WHERE id = ?"+q.dialect.forUpdate(), id); err != nil {
			return fmt.Errorf("lock run %s: %w", id, err)
		}
		if _, err := q.exec(ctx, "UPDATE achim_run SET finished_at = NULL WHERE id = ? AND finished_at IS NOT NULL AND EXISTS "+
			"(SELECT 1 FROM achim_run_reader WHERE run_id = ? AND outcome = '')", id, id); err != nil {
			return fmt.Errorf("reopen run %s: %w", id, err)
		}
	}
	return s.finishRuns(ctx, q, runs)
}
