package store

import (
	"context"
	"fmt"
	"time"

	"achim/briefing"
)

// clockSlack is how far processes' clocks may be apart. A line last moved further in the future than that was
// moved by a clock that has been set back since, and is begun anew.
const clockSlack = time.Minute

const (
	standing  = "CASE WHEN next_us > ? AND at_us <= ? THEN next_us ELSE ? END"
	takeTurns = "UPDATE achim_pace SET until_us = CASE WHEN at_us <= ? THEN until_us ELSE 0 END, front_us = CASE WHEN at_us <= ? THEN front_us ELSE 0 END, at_us = ?, next_us = " +
		standing + " + ? WHERE kind = ? RETURNING next_us, until_us"
	selectLine = "SELECT next_us, until_us, front_us, at_us FROM achim_pace WHERE kind = ?"
)

// paceLine is a row of achim_pace.
type paceLine struct{ next, until, front, at int64 }

func scanLine(row scanner) (paceLine, error) {
	var l paceLine
	err := row.Scan(&l.next, &l.until, &l.front, &l.at)
	return l, err
}

func scanTurns(row scanner) (paceLine, error) {
	var l paceLine
	err := row.Scan(&l.next, &l.until)
	return l, err
}

func (l paceLine) line() briefing.Line {
	return briefing.Line{Next: time.UnixMicro(l.next).UTC(), Until: time.UnixMicro(l.until).UTC()}
}

// TakeTurns takes r.N turns that no other process gets, in one statement, and returns the first: as far in the
// past as the pace's burst allows when nobody has called for long. The others follow by r.Pace.Every.
func (s *Store) TakeTurns(ctx context.Context, r briefing.TurnRequest) (time.Time, briefing.Line, error) {
	every, future := r.Pace.Every.Microseconds(), r.Now.Add(clockSlack).UnixMicro()
	rested := r.Now.UnixMicro() - int64(r.Pace.Burst-1)*every
	take := func() (paceLine, bool, error) {
		return one(ctx, s.writer(), scanTurns, takeTurns,
			future, future, r.Now.UnixMicro(), rested, future, rested, int64(r.N)*every, string(r.Kind))
	}
	l, found, err := take()
	if err == nil && !found {
		if err = begin(ctx, s.writer(), r.Kind); err == nil {
			l, _, err = take()
		}
	}
	if err != nil {
		return time.Time{}, briefing.Line{}, fmt.Errorf("take turns: %w", err)
	}
	return time.UnixMicro(l.next - int64(r.N)*every).UTC(), l.line(), nil
}

// begin makes the line of a kind that has none, as after a restore in part.
func begin(ctx context.Context, q *session, kind briefing.PaceKind) error {
	_, err := q.exec(ctx, "INSERT INTO achim_pace (kind) VALUES (?) ON CONFLICT (kind) DO NOTHING", string(kind))
	return err
}

// Line returns where the kind stands: at the beginning of time when nobody has called yet.
func (s *Store) Line(ctx context.Context, kind briefing.PaceKind) (briefing.Line, error) {
	l, _, err := one(ctx, s.reader(), scanLine, selectLine, string(kind))
	if err != nil {
		return briefing.Line{}, fmt.Errorf("line of %s: %w", kind, err)
	}
	return l.line(), nil
}

// queuedEntries tells the entries that wait for a turn of the kind from the others that are rate limited, as the
// pipeline does.
func queuedEntries(kind briefing.PaceKind) string {
	switch kind {
	case briefing.PaceOpen:
		return "state = 'prepared' AND channel_id = ''"
	case briefing.PaceUpdate:
		return "state = 'delivered'"
	case briefing.PaceHistory:
		return "state = 'sending'"
	default:
		return "state = 'prepared' AND channel_id <> ''"
	}
}

// HoldPace holds the kind until h.Until and returns the first turn after all holds, which is the caller's. The
// turns taken, those of entries that wait in the ledger too, move by as much: nobody loses his place.
func (s *Store) HoldPace(ctx context.Context, h briefing.PaceHold) (time.Time, error) {
	var turn int64
	err := s.inTx(ctx, func(q *session) error {
		l, found, err := one(ctx, q, scanLine, selectLine+q.dialect.forUpdate(), string(h.Kind))
		if err == nil && !found {
			err = begin(ctx, q, h.Kind)
		}
		if err != nil {
			return err
		}
		now := h.Now.UnixMicro()
		if l.at > h.Now.Add(clockSlack).UnixMicro() {
			l = paceLine{}
		}
		front := max(l.front, now)
		turn = front
		if !h.Until.IsZero() {
			l.until = max(h.Until.UnixMicro(), l.until)
			turn = max(l.until, front)
		}
		after := turn + h.Pace.Every.Microseconds()
		moved := after - front
		if _, err := q.exec(ctx, "UPDATE achim_pace SET next_us = ?, until_us = ?, front_us = ?, at_us = ? WHERE kind = ?",
			max(l.next+moved, after), l.until, after, now, string(h.Kind)); err != nil {
			return err
		}
		queued := []any{front / 1000, string(briefing.RateLimited)}
		where := "next_at >= ? AND owner = '' AND reason = ? AND " + queuedEntries(h.Kind)
		if q.dialect.postgres { // first locked in the order in which everybody does
			if _, err := q.exec(ctx, "SELECT id FROM achim_entry WHERE "+where+" ORDER BY id"+q.dialect.forUpdate(), queued...); err != nil {
				return err
			}
		}
		_, err = q.exec(ctx, "UPDATE achim_entry SET next_at = next_at + ? WHERE "+where, append([]any{moved / 1000}, queued...)...)
		return err
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("hold the pace of %s: %w", h.Kind, err)
	}
	return time.UnixMicro(turn).UTC(), nil
}

const runAhead = "SELECT COUNT(CASE WHEN e.state = 'planned' OR (e.state = 'prepared' AND e.reason <> 'rate_limited') THEN 1 END), " +
	"COUNT(CASE WHEN e.state = 'delivered' AND e.reason <> 'rate_limited' THEN 1 END), " +
	"MAX(CASE WHEN (e.state = 'sending' AND e.post_deadline > ?) OR e.due_at > e.next_at THEN e.due_at ELSE e.next_at END) " +
	"FROM achim_run_reader rr JOIN achim_entry e ON e.id = rr.entry_id WHERE rr.outcome = ''"

func scanAhead(row scanner) (briefing.Ahead, error) {
	var a briefing.Ahead
	err := row.Scan(&a.Posts, &a.Updates, instant{&a.Latest})
	return a, err
}

// RunAhead returns what of the run is still to be sent; "" = of all runs.
func (s *Store) RunAhead(ctx context.Context, run briefing.RunID) (briefing.Ahead, error) {
	query, args := runAhead, []any{ms(s.now())} // what is past its deadline waits for a look into the history
	if run != "" {
		query, args = runAhead+" AND rr.run_id = ?", append(args, string(run))
	}
	ahead, _, err := one(ctx, s.reader(), scanAhead, query, args...)
	if err != nil {
		return briefing.Ahead{}, fmt.Errorf("what is ahead of run %s: %w", run, err)
	}
	return ahead, nil
}

// PendingReaders returns how many readers of all runs are waited for.
func (s *Store) PendingReaders(ctx context.Context) (int, error) {
	n, _, err := one(ctx, s.reader(), scalar[int64], "SELECT COUNT(*) FROM achim_run_reader WHERE outcome = ''")
	if err != nil {
		return 0, fmt.Errorf("readers waited for: %w", err)
	}
	return int(n), nil
}
