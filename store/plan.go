package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"achim/briefing"
)

// DueReaders returns up to limit readers whose PlanAt is not after horizon, earliest first, then by id. A
// reader nobody has planned yet has a zero PlanAt and comes first.
func (s *Store) DueReaders(ctx context.Context, horizon time.Time, limit int) ([]briefing.Reader, error) {
	readers, err := list(ctx, s.reader(), scanReader, "SELECT "+readerColumns+" FROM achim_reader "+
		"WHERE COALESCE(plan_at, 0) <= ? ORDER BY COALESCE(plan_at, 0), id LIMIT ?", horizon.UnixMilli(), int64(limit))
	if err != nil {
		return nil, fmt.Errorf("readers due: %w", err)
	}
	return readers, nil
}

// DueCounts returns how many readers' PlanAt is after one instant and not after another, by PlanAt in
// milliseconds of Unix time.
func (s *Store) DueCounts(ctx context.Context, after, until time.Time) (map[int64]int, error) {
	type count struct {
		at int64
		n  int
	}
	found, err := list(ctx, s.reader(), func(row scanner) (c count, err error) {
		err = row.Scan(&c.at, &c.n)
		return c, err
	}, "SELECT COALESCE(plan_at, 0), COUNT(*) FROM achim_reader WHERE COALESCE(plan_at, 0) > ? AND COALESCE(plan_at, 0) <= ? "+
		"GROUP BY COALESCE(plan_at, 0)", after.UnixMilli(), until.UnixMilli())
	if err != nil {
		return nil, fmt.Errorf("count readers due: %w", err)
	}
	counts := make(map[int64]int, len(found))
	for _, c := range found {
		counts[c.at] = c.n
	}
	return counts, nil
}

// Plan writes a plan in one transaction and returns how many entries were new. Entries whose reader, date
// and slot exist already are left as they are, and a run none of whose entries is new leaves no trace. A
// reader whose visit does not stand any more gets none of the plan's entries. May be called by several
// processes at once.
func (s *Store) Plan(ctx context.Context, p briefing.Plan) (int, error) {
	fresh := 0
	err := s.inTx(ctx, func(q *session) error {
		runs, made, err := joinRuns(ctx, q, p.Runs)
		if err != nil {
			return fmt.Errorf("runs: %w", err)
		}
		// First, since it locks the readers: a change made at the same time is seen here or sees the entries.
		passed, err := moveNext(ctx, q, p.Next)
		if err != nil {
			return fmt.Errorf("move readers on: %w", err)
		}
		entries := make([]briefing.Entry, 0, len(p.Entries))
		for _, e := range p.Entries {
			if passed[e.Reader] {
				continue
			}
			if joined, ok := runs[e.Run]; ok {
				e.Run = joined
			}
			entries = append(entries, e)
		}
		slices.SortStableFunc(entries, compareEntries)
		inserted, err := insertEntries(ctx, q, entries, s.now())
		if err != nil {
			return err
		}
		fresh = len(inserted)
		if err := s.joinReaders(ctx, q, entries, inserted); err != nil {
			return fmt.Errorf("readers of runs: %w", err)
		}
		return s.closeRuns(ctx, q, runs, made)
	})
	if err != nil {
		return 0, fmt.Errorf("plan: %w", err)
	}
	return fresh, nil
}

// joinRuns inserts the runs whose key is new and returns, for every run given, the one to use instead, and
// which of them it made.
func joinRuns(ctx context.Context, q *session, runs []briefing.Run) (joined map[briefing.RunID]briefing.RunID, made map[string]bool, err error) {
	joined = make(map[briefing.RunID]briefing.RunID, len(runs))
	made = make(map[string]bool, len(runs))
	runs = slices.Clone(runs)
	slices.SortFunc(runs, func(a, b briefing.Run) int { return strings.Compare(a.Key, b.Key) })
	for _, run := range runs {
		n, err := q.exec(ctx, insertRun+" ON CONFLICT DO NOTHING", runValues(run)...)
		if err != nil {
			return nil, nil, err
		}
		joined[run.ID] = run.ID
		made[string(run.ID)] = n > 0
		if n > 0 || run.Key == "" {
			continue
		}
		earlier, found, err := one(ctx, q, scalar[string], "SELECT id FROM achim_run WHERE key = ?", run.Key)
		if err != nil {
			return nil, nil, err
		}
		if found {
			joined[run.ID] = briefing.RunID(earlier)
		}
	}
	return joined, made, nil
}

var (
	planReaderColumns = [...]column{
		{"run_id", "text"}, {"reader_id", "text"}, {"entry_id", "text"}, {"outcome", "text"}, {"reason", "text"}, {"settled_at", "bigint"},
	}
	insertPlanReaders = "INSERT INTO achim_run_reader " +
		"(run_id, reader_id, position, slack_user_id, entry_id, outcome, status, reason, settled_at) " +
		"SELECT v.run_id, v.reader_id, 0, COALESCE(r.slack_user_id, ''), v.entry_id, v.outcome, '', v.reason, v.settled_at FROM "
)

// joinReaders gives every new entry of a run its row there: pending, or skipped for a missed one. A run has
// one row a reader; of several entries the one of the latest date has it.
func (s *Store) joinReaders(ctx context.Context, q *session, entries []briefing.Entry, inserted map[briefing.EntryID]bool) error {
	type place struct {
		run    briefing.RunID
		reader briefing.ReaderID
	}
	latest := make(map[place]int, len(inserted))
	var rows [][]any
	for _, e := range entries {
		if !inserted[e.ID] || e.Run == "" {
			continue
		}
		row := []any{string(e.Run), string(e.Reader), string(e.ID), string(briefing.OutcomePending), "", nil}
		if e.State == briefing.Missed {
			row[3], row[4], row[5] = string(briefing.OutcomeSkipped), string(e.Reason), s.now().UnixMilli()
		}
		at, known := latest[place{e.Run, e.Reader}]
		if known {
			rows[at] = row
			continue
		}
		latest[place{e.Run, e.Reader}] = len(rows)
		rows = append(rows, row)
	}
	for _, part := range chunks(rows) {
		args, err := q.dialect.batch(planReaderColumns[:], part)
		if err != nil {
			return err
		}
		if _, err := q.exec(ctx, insertPlanReaders+q.dialect.from(planReaderColumns[:])+
			" LEFT JOIN achim_reader r ON r.id = v.reader_id WHERE true ON CONFLICT DO NOTHING", args...); err != nil {
			return err
		}
	}
	return nil
}

var nextColumns = [...]column{{"id", "text"}, {"was", "bigint"}, {"at", "bigint"}, {"changed", "bigint"}}

// moveNext moves PlanAt of the readers that still stand where they were read, and returns the others.
func moveNext(ctx context.Context, q *session, visits []briefing.NextVisit) (passed map[briefing.ReaderID]bool, err error) {
	passed = make(map[briefing.ReaderID]bool, len(visits))
	visits = slices.Clone(visits)
	slices.SortFunc(visits, func(a, b briefing.NextVisit) int { return strings.Compare(string(a.Reader), string(b.Reader)) })
	for _, part := range chunks(visits) {
		rows := make([][]any, len(part))
		for i, v := range part {
			rows[i] = []any{string(v.Reader), ms(v.Was), ms(v.At), ms(v.Changed)}
			passed[v.Reader] = true
		}
		args, err := q.dialect.batch(nextColumns[:], rows)
		if err != nil {
			return nil, err
		}
		moved, err := list(ctx, q, scalar[briefing.ReaderID], "UPDATE achim_reader SET plan_at = v.at FROM "+q.dialect.from(nextColumns[:])+
			" WHERE achim_reader.id = v.id AND achim_reader.plan_at IS NOT DISTINCT FROM v.was"+
			" AND achim_reader.updated_at = COALESCE(v.changed, achim_reader.updated_at) RETURNING achim_reader.id", args...)
		if err != nil {
			return nil, err
		}
		for _, id := range moved {
			delete(passed, id)
		}
	}
	return passed, nil
}

// closeRuns drops the runs made for nothing, reopens those that got something to wait for, and finishes
// those that wait for nothing.
func (s *Store) closeRuns(ctx context.Context, q *session, joined map[briefing.RunID]briefing.RunID, made map[string]bool) error {
	var ids []string
	for _, id := range joined {
		ids = append(ids, string(id))
	}
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		if made[id] {
			if _, err := q.exec(ctx, "DELETE FROM achim_run WHERE id = ? AND NOT EXISTS "+
				"(SELECT 1 FROM achim_run_reader WHERE run_id = ?)", id, id); err != nil {
				return fmt.Errorf("drop run %s: %w", id, err)
			}
		}
		// Locked first: whoever finishes the run right now must either be seen here or see what is new.
		if _, _, err := one(ctx, q, scalar[string], "SELECT id FROM achim_run WHERE id = ?"+q.dialect.forUpdate(), id); err != nil {
			return fmt.Errorf("lock run %s: %w", id, err)
		}
		if _, err := q.exec(ctx, "UPDATE achim_run SET finished_at = NULL WHERE id = ? AND finished_at IS NOT NULL AND EXISTS "+
			"(SELECT 1 FROM achim_run_reader WHERE run_id = ? AND outcome = '')", id, id); err != nil {
			return fmt.Errorf("reopen run %s: %w", id, err)
		}
	}
	return s.finishRuns(ctx, q, ids)
}
