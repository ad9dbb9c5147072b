package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"achim/briefing"
)

// keepAccounts is how long a due minute is known to be accounted for: far longer than anybody looks back.
const keepAccounts = 30 * 24 * time.Hour

// dueWithin narrows to the entries due in a stretch of time, by way of the index on their local dates, which
// are at most a day away.
const dueWithin = " WHERE e.date >= ? AND e.date <= ? AND e.due_at >= ? AND e.due_at < ?"

const (
	readersPlanned = "achim_reader r JOIN achim_cohort c ON c.cohort_id = r.cohort_id"
	// unplannedWithin narrows to the readers whose hour lies in a stretch of time and has not been planned: the
	// planner moves plan_at on when it plans.
	unplannedWithin = readersPlanned + " WHERE r.paused = 0 AND r.left_at IS NULL AND c.plan_at >= ? AND c.plan_at < ?"
)

func dueArgs(from, to time.Time) []any {
	return []any{
		briefing.DateOf(from, time.UTC).AddDays(-1).String(), briefing.DateOf(to, time.UTC).AddDays(1).String(),
		ms(from), ms(to),
	}
}

// DueMinutes returns the minutes from the one time on and before the other in which a briefing was due, by the
// hour or by hand, or should have been planned, the earliest first.
func (s *Store) DueMinutes(ctx context.Context, from, to time.Time) ([]time.Time, error) {
	minutes, err := list(ctx, s.reader(), scanMinute,
		"SELECT e.due_at - e.due_at % 60000 AS minute FROM achim_entry e"+dueWithin+
			" UNION SELECT c.plan_at - c.plan_at % 60000 FROM "+unplannedWithin+" ORDER BY minute",
		append(dueArgs(from, to), ms(from), ms(to))...)
	if err != nil {
		return nil, fmt.Errorf("due minutes: %w", err)
	}
	return minutes, nil
}

func scanMinute(row scanner) (t time.Time, err error) {
	err = row.Scan(instant{&t})
	return t, err
}

// Standing returns how the briefings due in the minute stand now, a reader's own and one forced by hand each for itself.
func (s *Store) Standing(ctx context.Context, due time.Time) (briefing.Standing, error) {
	var st briefing.Standing
	until := due.Add(time.Minute)
	all, err := list(ctx, s.reader(), scanStandingEntry, "SELECT e.reader_id, e.id, e.run_id, e.created_at, e.next_at, COALESCE(rr.outcome, ''), "+
		"e.state, e.status, e.reason, e.channel_id, e.message_ts, e.verdicts "+
		"FROM achim_entry e LEFT JOIN achim_run_reader rr ON rr.run_id = e.run_id AND rr.reader_id = e.reader_id"+
		dueWithin+" ORDER BY e.reader_id, e.date, e.slot", dueArgs(due, until)...)
	if err != nil {
		return st, fmt.Errorf("standing of those due at %s: %w", due.UTC().Format(time.RFC3339), err)
	}
	unplanned, err := list(ctx, s.reader(), scanUnplanned, "SELECT r.id, r.updated_at FROM "+unplannedWithin+" ORDER BY r.id",
		ms(due), ms(until))
	if err != nil {
		return st, fmt.Errorf("readers not planned for %s: %w", due.UTC().Format(time.RFC3339), err)
	}
	for _, e := range slices.Concat(all, unplanned) {
		st.Readers = append(st.Readers, e.RunReader)
		if e.run != "" && !slices.Contains(st.Runs, e.run) {
			st.Runs = append(st.Runs, e.run)
		}
		if e.made.After(st.Begun) {
			st.Begun = e.made
		}
		if e.Outcome == briefing.OutcomePending && e.Reason == briefing.RateLimited && e.next.After(st.Turn) {
			st.Turn = e.next
		}
	}
	slices.SortStableFunc(st.Readers, func(a, b briefing.RunReader) int { return cmp.Compare(a.Reader, b.Reader) })
	slices.Sort(st.Runs)
	return st, nil
}

// Behind reports whether the planner has yet to plan for somebody whose hour is not after the time.
func (s *Store) Behind(ctx context.Context, until time.Time) (bool, error) {
	_, found, err := one(ctx, s.reader(), scalar[string], "SELECT r.id FROM "+readersPlanned+" WHERE r.paused = 0 AND r.left_at IS NULL AND c.plan_at <= ? LIMIT 1", until.UnixMilli())
	if err != nil {
		return false, fmt.Errorf("readers not planned: %w", err)
	}
	return found, nil
}

// scanUnplanned reads a reader whose hour has come without a plan. What was changed a moment ago the planner has
// not seen yet: it counts from the change.
func scanUnplanned(row scanner) (e standingEntry, err error) {
	err = row.Scan(&e.Reader, instant{&e.made})
	return e, err
}

// standingEntry is an entry as a reader of a run.
type standingEntry struct {
	briefing.RunReader
	run        briefing.RunID
	made, next time.Time
}

// scanStandingEntry reads an entry beside the run that touched it last. One that is tried on after that run was told
// that it failed has failed so far.
func scanStandingEntry(row scanner) (e standingEntry, err error) {
	var told briefing.Outcome
	var state briefing.State
	err = row.Scan(&e.Reader, &e.Entry, &e.run, instant{&e.made}, instant{&e.next}, &told, &state, &e.Status, &e.Reason, &e.ChannelID, &e.MessageTS,
		structure{"verdicts", &e.Verdicts})
	switch {
	case state == briefing.Delivered:
		e.Outcome = briefing.OutcomeDelivered
	case state == briefing.Missed:
		e.Outcome = briefing.OutcomeSkipped
	case state == briefing.Unknown:
		e.Outcome = briefing.OutcomeUnknown
	case state == briefing.Failed, told == briefing.OutcomeFailed:
		e.Outcome = briefing.OutcomeFailed
	}
	return e, err
}

// Account marks the due minute as accounted for, and reports whether this call was the first to do so: of any
// number of processes, and of all restarts, one is told true.
func (s *Store) Account(ctx context.Context, due time.Time) (first bool, err error) {
	n, err := s.writer().exec(ctx, "INSERT INTO achim_account (due_at, accounted_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
		ms(due), ms(s.now()))
	if err != nil {
		return false, fmt.Errorf("account for %s: %w", due.UTC().Format(time.RFC3339), err)
	}
	if n == 0 {
		return false, nil
	}
	// What is old is in nobody's way: failing to remove it must not cost the alarm.
	_, _ = s.writer().exec(ctx, "DELETE FROM achim_account WHERE due_at < ?", ms(due.Add(-keepAccounts)))
	return true, nil
}
