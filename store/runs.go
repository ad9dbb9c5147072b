package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"achim/briefing"
)

// listLimit is how many runs or entries are listed when the filter does not say.
const listLimit = 100

// Trigger inserts the run with its readers and makes all steps, in one transaction. A step with From ""
// inserts its entry. ErrFenced, having changed nothing, when any step misses. A run none of whose readers
// is pending is finished at once.
func (s *Store) Trigger(ctx context.Context, run briefing.Run, steps []briefing.Step) error {
	err := s.inTx(ctx, func(q *session) error {
		if _, err := q.exec(ctx, insertRun, runValues(run)...); err != nil {
			if isDuplicate(err, "key") {
				return briefing.ErrFenced
			}
			return err
		}
		settled, err := s.makeSteps(ctx, q, steps)
		if err != nil {
			return err
		}
		written := run
		if written.Readers, err = settledMeanwhile(ctx, q, run.Readers, steps); err != nil {
			return fmt.Errorf("entries waited for: %w", err)
		}
		if err := s.insertRunReaders(ctx, q, written); err != nil {
			return fmt.Errorf("insert readers of the run: %w", err)
		}
		runs := []string{string(run.ID)}
		for _, st := range settled {
			others, err := s.settleReaders(ctx, q, []settlement{{st.Entry, st.Outcome}})
			if err != nil {
				return err
			}
			runs = append(runs, others...)
		}
		return s.finishRuns(ctx, q, runs)
	})
	if err != nil {
		return fmt.Errorf("trigger run %s: %w", run.ID, err)
	}
	return nil
}

// settledMeanwhile returns the readers with the outcomes of those entries waited for that have come to their
// end: nobody would settle them any more. The others stay locked, so that whoever settles them sees the run.
func settledMeanwhile(ctx context.Context, q *session, readers []briefing.RunReader, steps []briefing.Step) ([]briefing.RunReader, error) {
	moved := make(map[briefing.EntryID]bool, len(steps))
	for _, st := range steps {
		moved[st.Entry.ID] = true
	}
	waiting := map[briefing.EntryID]int{}
	var rows [][]any
	for i, rr := range readers {
		if rr.Entry != "" && rr.Outcome == briefing.OutcomePending && !moved[rr.Entry] {
			waiting[rr.Entry] = i
			rows = append(rows, []any{string(rr.Entry)})
		}
	}
	readers = slices.Clone(readers)
	for _, part := range chunks(rows) {
		ids := []column{{"id", "text"}}
		args, err := q.dialect.batch(ids, part)
		if err != nil {
			return nil, err
		}
		stand, err := list(ctx, q, scanStanding, "SELECT id, state, status, reason FROM achim_entry WHERE id IN (SELECT v.id FROM "+
			q.dialect.from(ids)+") ORDER BY id"+q.dialect.forUpdate(), args...)
		if err != nil {
			return nil, err
		}
		for _, e := range stand {
			rr := &readers[waiting[e.ID]]
			switch e.State {
			case briefing.Delivered:
				rr.Outcome = briefing.OutcomeDelivered
			case briefing.Missed:
				rr.Outcome = briefing.OutcomeSkipped
			case briefing.Failed:
				rr.Outcome = briefing.OutcomeFailed
			case briefing.Unknown:
				rr.Outcome = briefing.OutcomeUnknown
			default:
				continue
			}
			rr.Status, rr.Reason = e.Status, e.Reason
		}
	}
	return readers, nil
}

// scanStanding reads where an entry stands.
func scanStanding(row scanner) (briefing.Entry, error) {
	var e briefing.Entry
	err := row.Scan(&e.ID, &e.State, &e.Status, &e.Reason)
	return e, err
}

// makeSteps makes the steps in the order in which everybody locks entries: new ones first, then by id. It returns those
// that settle other runs.
func (s *Store) makeSteps(ctx context.Context, q *session, steps []briefing.Step) (settled []briefing.Step, err error) {
	steps = slices.Clone(steps)
	slices.SortStableFunc(steps, func(a, b briefing.Step) int { return cmp.Compare(a.Entry.ID, b.Entry.ID) })
	now := s.now()
	var fresh []briefing.Entry
	for _, st := range steps {
		if st.From == "" {
			fresh = append(fresh, st.Entry)
		}
	}
	slices.SortStableFunc(fresh, compareEntries)
	inserted, err := insertEntries(ctx, q, fresh, now)
	if err != nil {
		return nil, err
	}
	if len(inserted) != len(fresh) {
		return nil, briefing.ErrFenced
	}
	for _, st := range steps {
		if st.From != "" {
			id := st.Entry.ID
			if st.Entry, err = step(ctx, q, st, now); err != nil {
				return nil, fmt.Errorf("entry %s: %w", id, err)
			}
		}
		if st.Outcome != "" {
			settled = append(settled, st)
		}
	}
	return settled, nil
}

// compareEntries orders entries by their key: the order in which everybody inserts them.
func compareEntries(a, b briefing.Entry) int {
	return cmp.Or(cmp.Compare(a.Reader, b.Reader), cmp.Compare(a.Date.String(), b.Date.String()), cmp.Compare(a.Slot, b.Slot))
}

const insertRun = "INSERT INTO achim_run (id, key, kind, date, started_at, finished_at) VALUES (?, ?, ?, ?, ?, ?)"

func runValues(run briefing.Run) []any {
	return []any{string(run.ID), nullable(run.Key), string(run.Kind), run.Date.String(), ms(run.StartedAt), ms(run.FinishedAt)}
}

var runReaderColumns = [...]column{
	{"run_id", "text"}, {"reader_id", "text"}, {"position", "bigint"}, {"slack_user_id", "text"}, {"entry_id", "text"}, {"outcome", "text"},
	{"status", "text"}, {"reason", "text"}, {"text", "text"}, {"verdicts", "text"}, {"settled_at", "bigint"},
}

// runTextPlace is the place of what a dry run would have sent.
func runTextPlace(run briefing.RunID, reader briefing.ReaderID) string {
	return placeOf("achim_run_reader.text", string(run), string(reader))
}

func (s *Store) insertRunReaders(ctx context.Context, q *session, run briefing.Run) error {
	rows := make([][]any, len(run.Readers))
	for i, rr := range run.Readers {
		verdicts, err := jsonText(rr.Entry == "" && len(rr.Verdicts) > 0, rr.Verdicts)
		if err != nil {
			return err
		}
		text, err := q.keys.sealValue(runTextPlace(run.ID, rr.Reader), nullable(clean(rr.Text)))
		if err != nil {
			return err
		}
		rows[i] = []any{
			string(run.ID), string(rr.Reader), int64(i), rr.SlackUserID, nullable(rr.Entry), string(rr.Outcome),
			string(rr.Status), string(rr.Reason), text, verdicts, nil,
		}
		if rr.Outcome != briefing.OutcomePending {
			rows[i][len(rows[i])-1] = s.now().UnixMilli()
		}
	}
	return upsert(ctx, q, batchInsert{"achim_run_reader", runReaderColumns[:], rows}, "")
}

// SettleRunReader writes what a dry run did for a reader: outcome, status, reason, text and verdicts. The
// run finishes when nothing of it is pending. ErrNotFound when the run has no such reader without an entry.
func (s *Store) SettleRunReader(ctx context.Context, run briefing.RunID, rr briefing.RunReader) error {
	err := s.inTx(ctx, func(q *session) error {
		verdicts, err := jsonText(len(rr.Verdicts) > 0, rr.Verdicts)
		if err != nil {
			return err
		}
		text, err := q.keys.sealValue(runTextPlace(run, rr.Reader), nullable(clean(rr.Text)))
		if err != nil {
			return err
		}
		n, err := q.exec(ctx, "UPDATE achim_run_reader SET outcome = ?, status = ?, reason = ?, text = ?, verdicts = ?, settled_at = ? "+
			"WHERE run_id = ? AND reader_id = ? AND entry_id IS NULL",
			string(rr.Outcome), string(rr.Status), string(rr.Reason), text, verdicts, ms(s.now()),
			string(run), string(rr.Reader))
		if err != nil {
			return err
		}
		if n == 0 {
			return briefing.ErrNotFound
		}
		return s.finishRuns(ctx, q, []string{string(run)})
	})
	if err != nil {
		return fmt.Errorf("settle reader %s of run %s: %w", rr.Reader, run, err)
	}
	return nil
}

// CloseDryRuns tells the dry runs that began before the given time as failed: what worked on them has ended.
// One that is still worked on after all writes its outcomes over that.
func (s *Store) CloseDryRuns(ctx context.Context, before time.Time) error {
	err := s.inTx(ctx, func(q *session) error {
		runs, err := list(ctx, q, scalar[string], "UPDATE achim_run_reader SET outcome = ?, reason = ?, settled_at = ? "+
			"WHERE outcome = '' AND entry_id IS NULL AND run_id IN (SELECT id FROM achim_run WHERE finished_at IS NULL AND started_at < ?) "+
			"RETURNING run_id", string(briefing.OutcomeFailed), string(briefing.Internal), ms(s.now()), ms(before))
		if err != nil {
			return err
		}
		return s.finishRuns(ctx, q, runs)
	})
	if err != nil {
		return fmt.Errorf("close dry runs: %w", err)
	}
	return nil
}

const runColumns = "id, key, kind, date, started_at, finished_at"

func scanRun(row scanner) (briefing.Run, error) {
	var r briefing.Run
	err := row.Scan(&r.ID, opt(&r.Key), &r.Kind, day{&r.Date}, instant{&r.StartedAt}, instant{&r.FinishedAt})
	return r, err
}

// Run returns one run with its readers as they stand, or ErrNotFound.
func (s *Store) Run(ctx context.Context, id briefing.RunID) (briefing.Run, error) {
	q := s.reader()
	run, found, err := one(ctx, q, scanRun, "SELECT "+runColumns+" FROM achim_run WHERE id = ?", string(id))
	if err == nil && !found {
		err = briefing.ErrNotFound
	}
	if err != nil {
		return briefing.Run{}, fmt.Errorf("run %s: %w", id, err)
	}
	runs := []briefing.Run{run}
	err = fillReaders(ctx, q, runs)
	return runs[0], err
}

// Runs returns up to filter.Limit runs (100 when it is 0), the newest first, with their readers.
func (s *Store) Runs(ctx context.Context, filter briefing.RunFilter) ([]briefing.Run, error) {
	q := s.reader()
	runs, err := list(ctx, q, scanRun, "SELECT "+runColumns+" FROM achim_run ORDER BY started_at DESC, id DESC LIMIT ?",
		int64(cmp.Or(filter.Limit, listLimit)))
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	return runs, fillReaders(ctx, q, runs)
}

// runReaderOf is a reader together with the run it belongs to.
type runReaderOf struct {
	run    briefing.RunID
	reader briefing.RunReader
}

// scanRunReader reads a reader beside its entry: what is pending is told as the entry has it, the outcome of
// what is settled as it was then; where the message is, its label and how sources went always as the entry
// has it, so that they agree.
func (q *session) scanRunReader(row scanner) (runReaderOf, error) {
	var of runReaderOf
	var text string
	var status briefing.Status
	var reason briefing.Reason
	rr := &of.reader
	err := row.Scan(&of.run, &rr.Reader, opt(&rr.SlackUserID), opt(&rr.Entry), &rr.Outcome, &rr.Status, &rr.Reason, opt(&text),
		structure{"verdicts", &rr.Verdicts}, opt(&status), opt(&reason), opt(&rr.ChannelID), opt(&rr.MessageTS))
	if err == nil {
		rr.Text, err = q.keys.open(runTextPlace(of.run, rr.Reader), text)
	}
	if rr.Outcome == briefing.OutcomePending && rr.Entry != "" {
		rr.Status, rr.Reason = status, reason
	}
	if status != "" && slices.Contains([]briefing.Outcome{briefing.OutcomeDelivered, briefing.OutcomeMended, briefing.OutcomeStillDegraded}, rr.Outcome) {
		rr.Status, rr.Reason = status, reason // it may have mended itself since, or could not be edited
		if reason == briefing.RateLimited {
			rr.Reason = "" // it only waits for its turn
		}
	}
	return of, err
}

func fillReaders(ctx context.Context, q *session, runs []briefing.Run) error {
	if len(runs) == 0 {
		return nil
	}
	at := make(map[briefing.RunID]*briefing.Run, len(runs))
	rows := make([][]any, len(runs))
	for i := range runs {
		at[runs[i].ID] = &runs[i]
		rows[i] = []any{string(runs[i].ID)}
	}
	ids := []column{{"id", "text"}}
	args, err := q.dialect.batch(ids, rows)
	if err != nil {
		return fmt.Errorf("readers of runs: %w", err)
	}
	readers, err := list(ctx, q, q.scanRunReader, "SELECT rr.run_id, rr.reader_id, COALESCE(NULLIF(rr.slack_user_id, ''), r.slack_user_id), rr.entry_id, rr.outcome, "+
		"rr.status, rr.reason, rr.text, COALESCE(e.verdicts, rr.verdicts), e.status, e.reason, e.channel_id, e.message_ts "+
		"FROM "+q.dialect.from(ids)+" JOIN achim_run_reader rr ON rr.run_id = v.id LEFT JOIN achim_entry e ON e.id = rr.entry_id LEFT JOIN achim_reader r ON r.id = rr.reader_id "+
		"ORDER BY rr.run_id, rr.position, rr.reader_id", args...)
	if err != nil {
		return fmt.Errorf("readers of runs: %w", err)
	}
	for _, of := range readers {
		at[of.run].Readers = append(at[of.run].Readers, of.reader)
	}
	return nil
}

// Entries returns entries whole, those of the newest date first, and of one date those made last.
func (s *Store) Entries(ctx context.Context, filter briefing.EntryFilter) ([]briefing.Entry, error) {
	var where []string
	var args []any
	for _, want := range []struct{ column, value string }{
		{"e.reader_id", string(filter.Reader)}, {"e.date", filter.Date.String()}, {"e.slot", string(filter.Slot)},
	} {
		if want.value != "" {
			where = append(where, want.column+" = ?")
			args = append(args, want.value)
		}
	}
	query := selectEntry
	if len(where) > 0 {
		query += " WHERE " + strings.Join(where, " AND ")
	}
	q := s.reader()
	entries, err := list(ctx, q, q.scanEntry, query+" ORDER BY e.date DESC, e.created_at DESC, e.id DESC LIMIT ?",
		append(args, int64(cmp.Or(filter.Limit, listLimit)))...)
	if err != nil {
		return nil, fmt.Errorf("list entries: %w", err)
	}
	return entries, nil
}
