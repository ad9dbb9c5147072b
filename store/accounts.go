package store

import (
	"context"
	"fmt"
	"time"

	"achim/briefing"
)

// keepAccounts is how long a due minute is known to be accounted for: far longer than anybody looks back.
const keepAccounts = 30 * 24 * time.Hour

// dueWithin narrows to the daily entries due in a stretch of time, by way of the index on their local dates, which
// are at most a day away.
const dueWithin = " WHERE e.date >= ? AND e.date <= ? AND e.slot = ? AND e.due_at >= ? AND e.due_at < ?"

func dueArgs(from, to time.Time) []any {
	return []any{
		briefing.DateOf(from, time.UTC).AddDays(-1).String(), briefing.DateOf(to, time.UTC).AddDays(1).String(),
		string(briefing.DailySlot), ms(from), ms(to),
	}
}

// DueMinutes returns the minutes from the one time on and before the other in which a daily briefing was due, by
// the hour or by hand, the earliest first.
func (s *Store) DueMinutes(ctx context.Context, from, to time.Time) ([]time.Time, error) {
	minutes, err := list(ctx, s.reader(), scanMinute,
		"SELECT DISTINCT e.due_at - e.due_at % 60000 AS minute FROM achim_entry e"+dueWithin+" ORDER BY minute", dueArgs(from, to)...)
	if err != nil {
		return nil, fmt.Errorf("due minutes: %w", err)
	}
	return minutes, nil
}

func scanMinute(row scanner) (t time.Time, err error) {
	err = row.Scan(instant{&t})
	return t, err
}

// Standing returns where the daily entries due in the minute stand now, whatever runs were told of them, by reader;
// OutcomePending is one that is under way. begun is when the last of them was made: later than due when it is caught
// up. turn is when the last of those that wait for Slack's pace has its turn; zero = none does.
func (s *Store) Standing(ctx context.Context, due time.Time) (readers []briefing.RunReader, begun, turn time.Time, err error) {
	all, err := list(ctx, s.reader(), scanStandingEntry, "SELECT e.reader_id, e.id, e.created_at, e.next_at, COALESCE(rr.outcome, ''), "+
		"e.state, e.status, e.reason, e.channel_id, e.message_ts, e.verdicts "+
		"FROM achim_entry e LEFT JOIN achim_run_reader rr ON rr.run_id = e.run_id AND rr.reader_id = e.reader_id"+
		dueWithin+" ORDER BY e.reader_id, e.date",
		dueArgs(due, due.Add(time.Minute))...)
	if err != nil {
		return nil, time.Time{}, time.Time{}, fmt.Errorf("standing of those due at %s: %w", due.UTC().Format(time.RFC3339), err)
	}
	for _, e := range all {
		readers = append(readers, e.RunReader)
		if e.made.After(begun) {
			begun = e.made
		}
		if e.Outcome == briefing.OutcomePending && e.Reason == briefing.RateLimited && e.next.After(turn) {
			turn = e.next
		}
	}
	return readers, begun, turn, nil
}

// standingEntry is an entry as a reader of a run.
type standingEntry struct {
	briefing.RunReader
	made, next time.Time
}

// scanStandingEntry reads an entry beside the run that touched it last. One that is tried on after that run was told
// that it failed has failed so far.
func scanStandingEntry(row scanner) (e standingEntry, err error) {
	var told briefing.Outcome
	var state briefing.State
	err = row.Scan(&e.Reader, &e.Entry, instant{&e.made}, instant{&e.next}, &told, &state, &e.Status, &e.Reason, &e.ChannelID, &e.MessageTS,
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
