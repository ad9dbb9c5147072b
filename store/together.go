package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"achim/briefing"
)

// Claims, steps and deliveries that come at the same time are made together: at the hour there are thousands, and a
// transaction each would cost a round trip and a flush each. Every entry keeps its own fence: those that miss are told
// so, and the others are not held back. What fails together is made one by one.

// claimCall is a call of Claim.
type claimCall struct {
	id         briefing.EntryID
	epoch      int64
	owner      string
	now, until time.Time
}

// gatherers are those of a Store.
type gatherers struct {
	claims  gatherer[claimCall, claimedEntry]
	steps   gatherer[briefing.Step, briefing.Entry]
	commits gatherer[briefing.Delivery, briefing.Entry]
	sources gatherer[briefing.ReaderID, sourceStates]
}

// sourceStates are how each source fared for a reader.
type sourceStates = map[briefing.SourceName]briefing.SourceState

// pgRunners is how many runs of one kind there may be on PostgreSQL, of which all but one are held up by others.
const pgRunners = 3

// gather prepares the gatherers. SQLite has one connection that writes.
func (s *Store) gather() {
	runners := 1
	if s.dialect.postgres {
		runners = pgRunners
	}
	s.together.claims = gatherer[claimCall, claimedEntry]{run: s.claimAll, runners: runners,
		key: func(c claimCall) string { return string(c.id) }}
	s.together.steps = gatherer[briefing.Step, briefing.Entry]{run: s.advanceAll, runners: runners,
		key: func(st briefing.Step) string { return string(st.Entry.ID) }}
	// By reader: what is remembered of one is written once in a statement.
	s.together.commits = gatherer[briefing.Delivery, briefing.Entry]{run: s.commitAll, runners: runners,
		key: func(d briefing.Delivery) string { return string(d.Step.Entry.Reader) }}
	s.together.sources = gatherer[briefing.ReaderID, sourceStates]{run: s.sourcesOf, runners: runners,
		key: func(id briefing.ReaderID) string { return string(id) }}
	s.closers = append(s.closers, s.together.claims.rest, s.together.steps.rest, s.together.commits.rest, s.together.sources.rest)
}

// locked returns a WITH clause whose v is a batch of rows, after the entries they name have been locked: in one order
// for everybody, so that those who write the same wait for each other in turn, however PostgreSQL joins.
func locked(d dialect, columns []column) string {
	return "WITH v AS MATERIALIZED (SELECT b.* FROM (SELECT * FROM " + d.from(columns) + ") AS b " +
		"JOIN achim_entry e ON e.id = b.id ORDER BY e.id FOR NO KEY UPDATE OF e) "
}

var claimColumns = []column{{"id", "text"}, {"epoch", "bigint"}, {"owner", "text"}, {"now", "bigint"}, {"until", "bigint"}}

// claimAll makes claims, and reads what of the entries is to be sent.
func (s *Store) claimAll(ctx context.Context, calls []claimCall) (claimed []claimedEntry, errs []error, err error) {
	switch {
	case len(calls) == 1:
		c, err := s.claimOne(ctx, calls[0])
		return []claimedEntry{c}, []error{err}, nil
	case s.dialect.postgres:
		claimed, errs, err = s.claimSet(ctx, calls)
	default:
		claimed, errs, err = eachInTx(ctx, s, calls, s.claimShort)
	}
	if err == nil {
		err = addOutgoing(ctx, s.reader(), claimed)
	}
	return claimed, errs, err
}

// claimSet makes claims in one statement, on PostgreSQL.
func (s *Store) claimSet(ctx context.Context, calls []claimCall) ([]claimedEntry, []error, error) {
	rows := make([][]any, len(calls))
	for i, c := range calls {
		rows[i] = []any{string(c.id), c.epoch, c.owner, ms(c.now), ms(c.until)}
	}
	q := s.writer()
	args, err := q.dialect.batch(claimColumns, rows)
	if err != nil {
		return nil, nil, err
	}
	claimed, err := list(ctx, q, scanClaimed, locked(q.dialect, claimColumns)+
		"UPDATE achim_entry AS e SET epoch = e.epoch + 1, owner = v.owner, claimed_until = v.until, updated_at = ? FROM v "+
		"WHERE e.id = v.id AND e.epoch = v.epoch AND (e.owner = '' OR e.claimed_until IS NULL OR e.claimed_until <= v.now) RETURNING "+
		names(fixedColumns[:], "e.")+", "+names(stateColumns[:], "e.")+", e.has_body", append(args, ms(s.now()))...)
	if err != nil {
		return nil, nil, err
	}
	byID := make(map[briefing.EntryID]claimedEntry, len(claimed))
	for _, c := range claimed {
		byID[c.ID] = c
	}
	results, errs := make([]claimedEntry, len(calls)), make([]error, len(calls))
	for i, c := range calls {
		var ok bool
		if results[i], ok = byID[c.id]; !ok {
			errs[i] = briefing.ErrFenced
		}
	}
	return results, errs, nil
}

// eachInTx makes calls one after the other in one transaction, as is best where a statement is no round trip. Those
// that miss their fence change nothing; any other error undoes all of them.
func eachInTx[T, R any](ctx context.Context, s *Store, calls []T, one func(context.Context, *session, T) (R, error)) (results []R, errs []error, err error) {
	err = s.inTx(ctx, func(q *session) error {
		results, errs = make([]R, len(calls)), make([]error, len(calls))
		for i, call := range calls {
			if results[i], errs[i] = one(ctx, q, call); errs[i] != nil && !isFenced(errs[i]) {
				return errs[i]
			}
		}
		return nil
	})
	return results, errs, err
}

// advanceAll makes steps that are one statement each.
func (s *Store) advanceAll(ctx context.Context, steps []briefing.Step) ([]briefing.Entry, []error, error) {
	now := s.now()
	alone := func(ctx context.Context, q *session, st briefing.Step) (briefing.Entry, error) {
		return step(ctx, q, st, now)
	}
	if len(steps) == 1 {
		e, err := alone(ctx, s.writer(), steps[0])
		return []briefing.Entry{e}, []error{err}, nil
	}
	if !s.dialect.postgres {
		return eachInTx(ctx, s, steps, alone)
	}
	return stepAll(ctx, s.writer(), steps, now)
}

// fenceColumns are where an entry must stand for a step, in the order of stepFence.
var fenceColumns = []column{{"id", "text"}, {"fence_epoch", "bigint"}, {"fence_state", "text"}, {"fence_owner", "text"}}

// stepAll makes steps with the same content in one statement, on PostgreSQL.
func stepAll(ctx context.Context, q *session, steps []briefing.Step, now time.Time) ([]briefing.Entry, []error, error) {
	columns := slices.Concat(fenceColumns, stateColumns[:])
	results, errs, rows := make([]briefing.Entry, len(steps)), make([]error, len(steps)), make([][]any, len(steps))
	for i, st := range steps {
		e, fence := stand(st, now)
		results[i] = asStored(e)
		rows[i] = slices.Concat(fence, stateValues(e))
	}
	args, err := q.dialect.batch(columns, rows)
	if err != nil {
		return nil, nil, err
	}
	sets := make([]string, len(stateColumns))
	for i, c := range stateColumns {
		sets[i] = c.name + " = v." + c.name
	}
	moved, err := list(ctx, q, scalar[string], locked(q.dialect, columns)+
		"UPDATE achim_entry AS e SET "+strings.Join(sets, ", ")+" FROM v "+
		"WHERE e.id = v.id AND e.epoch = v.fence_epoch AND e.state = v.fence_state AND e.owner = COALESCE(v.fence_owner, e.owner) RETURNING e.id", args...)
	if err != nil {
		return nil, nil, err
	}
	made := make(map[string]bool, len(moved))
	for _, id := range moved {
		made[id] = true
	}
	for i, st := range steps {
		if !made[string(st.Entry.ID)] {
			results[i], errs[i] = briefing.Entry{}, briefing.ErrFenced
		}
	}
	return results, errs, nil
}

// commitAll commits deliveries whose content stays as it is.
func (s *Store) commitAll(ctx context.Context, deliveries []briefing.Delivery) (results []briefing.Entry, errs []error, err error) {
	if len(deliveries) == 1 {
		e, err := s.commitOne(ctx, deliveries[0])
		return []briefing.Entry{e}, []error{err}, nil
	}
	now := s.now()
	steps := make([]briefing.Step, len(deliveries))
	for i, d := range deliveries {
		steps[i] = d.Step
	}
	err = s.inTx(ctx, func(q *session) error {
		var err error
		if results, errs, err = s.stepEach(ctx, q, steps, now); err != nil {
			return err
		}
		var made []briefing.Delivery
		var settled []settlement
		for i, d := range deliveries {
			if errs[i] == nil {
				made = append(made, d)
				settled = append(settled, settlement{results[i], d.Step.Outcome})
			}
		}
		if err := logDeliveries(ctx, q, made, now); err != nil {
			return fmt.Errorf("conversation_log: %w", err)
		}
		if err := s.remember(ctx, q, made...); err != nil {
			return err
		}
		return s.settle(ctx, q, settled...)
	})
	return results, errs, err
}

// stepEach makes the steps inside a transaction.
func (s *Store) stepEach(ctx context.Context, q *session, steps []briefing.Step, now time.Time) ([]briefing.Entry, []error, error) {
	if q.dialect.postgres {
		return stepAll(ctx, q, steps, now)
	}
	results, errs := make([]briefing.Entry, len(steps)), make([]error, len(steps))
	for i, st := range steps {
		if results[i], errs[i] = step(ctx, q, st, now); errs[i] != nil && !isFenced(errs[i]) {
			return nil, nil, errs[i]
		}
	}
	return results, errs, nil
}
