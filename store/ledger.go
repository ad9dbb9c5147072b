package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"achim/briefing"
)

// Entry returns the entry with everything it holds, or ErrNotFound.
func (s *Store) Entry(ctx context.Context, id briefing.EntryID) (briefing.Entry, error) {
	q := s.reader()
	e, found, err := one(ctx, q, q.scanEntry, selectEntry+" WHERE e.id = ?", string(id))
	if err == nil && !found {
		err = briefing.ErrNotFound
	}
	if err != nil {
		return briefing.Entry{}, fmt.Errorf("entry %s: %w", id, err)
	}
	return e, nil
}

var claimEntry = "UPDATE achim_entry SET epoch = epoch + 1, owner = ?, claimed_until = ?, updated_at = ? " +
	"WHERE id = ? AND epoch = ? AND (owner = '' OR claimed_until IS NULL OR claimed_until <= ?) RETURNING " +
	names(fixedColumns[:], "") + ", " + names(stateColumns[:], "") + ", has_body"

// claimedEntry is an entry as claimEntry returns it: without what is long.
type claimedEntry struct {
	briefing.Entry
	hasBody  bool
	outgoing string // "" when nothing was made beforehand
}

func scanClaimed(row scanner) (claimedEntry, error) {
	var c claimedEntry
	err := row.Scan(append(shortTargets(&c.Entry), yes{&c.hasBody})...)
	return c, err
}

// Claim makes owner the entry's worker until the given time if the entry is at epoch and nobody has it, or
// whoever had it has run out of time; a second claim by the same owner misses too, since one process may
// have many workers. The returned entry has a new epoch; see briefing.Outgoing for what a prepared one comes with. A caller whose ctx ends may have claimed it all the same;
// so it is with Advance and Commit.
func (s *Store) Claim(ctx context.Context, id briefing.EntryID, epoch int64, owner string, now, until time.Time) (briefing.Entry, error) {
	e, err := s.claim(ctx, claimCall{id, epoch, owner, now, until})
	if err != nil {
		return briefing.Entry{}, fmt.Errorf("claim entry %s: %w", id, err)
	}
	return e, nil
}

func (s *Store) claim(ctx context.Context, call claimCall) (briefing.Entry, error) {
	claimed, err := s.together.claims.do(ctx, call)
	if errors.Is(err, errAlone) {
		claimed, err = s.claimOne(ctx, call)
	}
	if err != nil || !claimed.hasBody {
		return claimed.Entry, err
	}
	if claimed.outgoing != "" {
		claimed.Outgoing, err = parseOutgoing(claimed.outgoing)
		return claimed.Entry, err
	}
	// Not in the same statement: on PostgreSQL one that had to wait would see the body as it was before the
	// wait. Whoever has taken the entry away since has bumped the epoch; what this returns is never a mixture.
	q := s.reader()
	e, found, err := one(ctx, q, q.scanEntry, selectEntry+" WHERE e.id = ? AND e.epoch = ?", string(claimed.ID), claimed.Epoch)
	if err == nil && !found {
		err = briefing.ErrFenced
	}
	return e, err
}

// claimOne claims an entry and returns it without what is long but for what is to be sent.
func (s *Store) claimOne(ctx context.Context, c claimCall) (claimedEntry, error) {
	claimed, err := s.claimShort(ctx, s.writer(), c)
	if err != nil {
		return claimed, err
	}
	all := []claimedEntry{claimed}
	err = addOutgoing(ctx, s.reader(), all)
	return all[0], err
}

// claimShort claims an entry and returns it without what is long.
func (s *Store) claimShort(ctx context.Context, q *session, c claimCall) (claimedEntry, error) {
	claimed, found, err := one(ctx, q, scanClaimed, claimEntry, c.owner, ms(c.until), ms(s.now()), string(c.id), c.epoch, ms(c.now))
	if err == nil && !found {
		err = briefing.ErrFenced
	}
	return claimed, err
}

// Advance makes one step and returns the entry as it now stands. ErrFenced, having changed nothing, when
// the entry is no longer where the step starts.
func (s *Store) Advance(ctx context.Context, st briefing.Step) (briefing.Entry, error) {
	e, err := s.advance(ctx, st)
	if err != nil {
		return briefing.Entry{}, fmt.Errorf("advance entry %s from %q to %q: %w", st.Entry.ID, st.From, st.Entry.State, err)
	}
	return e, nil
}

func (s *Store) advance(ctx context.Context, st briefing.Step) (e briefing.Entry, err error) {
	now := s.now()
	if st.From != "" && st.Outcome == "" && st.SameContent {
		e, err := s.together.steps.do(ctx, st)
		if errors.Is(err, errAlone) {
			return step(ctx, s.writer(), st, now)
		}
		return e, err
	}
	if st.From != "" && st.Outcome == "" && s.dialect.isOneStatement(st) {
		return step(ctx, s.writer(), st, now)
	}
	err = s.inTx(ctx, func(q *session) error {
		if e, err = insertOrStep(ctx, q, st, now); err != nil {
			return err
		}
		return s.settle(ctx, q, settlement{e, st.Outcome})
	})
	return e, err
}

// insertOrStep makes a step that may be the first of its entry.
func insertOrStep(ctx context.Context, q *session, st briefing.Step, now time.Time) (briefing.Entry, error) {
	if st.From != "" {
		return step(ctx, q, st, now)
	}
	e := st.Entry
	if e.CreatedAt.IsZero() {
		e.CreatedAt = now
	}
	e.UpdatedAt = now
	inserted, err := insertEntries(ctx, q, []briefing.Entry{e}, now)
	if err == nil && !inserted[e.ID] {
		err = briefing.ErrFenced
	}
	return asStored(e), err
}

// Commit makes the step to delivered (or a mend), settles the runs that wait for it, writes
// conversation_log and moves what is remembered, all or nothing. ErrFenced, having changed nothing, when the
// entry is no longer where the step starts.
func (s *Store) Commit(ctx context.Context, d briefing.Delivery) (e briefing.Entry, err error) {
	st := d.Step
	if st.Entry.State != briefing.Delivered || st.From == "" {
		return briefing.Entry{}, fmt.Errorf("commit entry %s: a delivery is a step of an entry to %q, not from %q to %q",
			st.Entry.ID, briefing.Delivered, st.From, st.Entry.State)
	}
	if st.SameContent && st.From != briefing.Delivered && !st.Reopen {
		e, err = s.together.commits.do(ctx, d)
	} else {
		err = errAlone
	}
	if errors.Is(err, errAlone) {
		e, err = s.commitOne(ctx, d)
	}
	if err != nil {
		return briefing.Entry{}, fmt.Errorf("commit entry %s: %w", st.Entry.ID, err)
	}
	return e, nil
}

// commitOne commits a delivery.
func (s *Store) commitOne(ctx context.Context, d briefing.Delivery) (e briefing.Entry, err error) {
	st, now := d.Step, s.now()
	err = s.inTx(ctx, func(q *session) error {
		if e, err = step(ctx, q, st, now); err != nil {
			return err
		}
		if err := logDelivery(ctx, q, st, d.LogText, now); err != nil {
			return fmt.Errorf("conversation_log: %w", err)
		}
		if err := s.remember(ctx, q, d); err != nil {
			return err
		}
		return s.settle(ctx, q, settlement{e, st.Outcome})
	})
	return e, err
}

// isFenced reports whether a step has missed its fence.
func isFenced(err error) bool { return errors.Is(err, briefing.ErrFenced) }

// DueEntries returns up to limit entries that want work now and that nobody works on: the longest waiting
// first, among those the reader with the earliest meeting, readers without one last, and then by reader: so they were
// written, and what is worked on together lies together. next is the earliest
// instant after now at which an entry will want work; zero when there is none.
func (s *Store) DueEntries(ctx context.Context, now time.Time, limit int) (due []briefing.Due, next time.Time, err error) {
	q := s.reader()
	due, err = list(ctx, q, scanUpcoming, "SELECT id, epoch, state, next_at FROM achim_entry "+
		"WHERE next_at <= ? AND (owner = '' OR claimed_until IS NULL OR claimed_until <= ?) "+
		"ORDER BY next_at, first_at NULLS LAST, reader_id LIMIT ?", ms(now), ms(now), limit)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("due entries: %w", err)
	}
	for _, query := range []string{
		"SELECT MIN(next_at) FROM achim_entry WHERE next_at > ? AND (owner = '' OR claimed_until IS NULL)",
		// An entry somebody works on is looked at again when that worker should have been done.
		"SELECT MIN(CASE WHEN next_at > claimed_until THEN next_at ELSE claimed_until END) FROM achim_entry " +
			"WHERE owner <> '' AND next_at IS NOT NULL AND CASE WHEN next_at > claimed_until THEN next_at ELSE claimed_until END > ?",
	} {
		at, _, err := one(ctx, q, scanInstant, query, ms(now))
		if err != nil {
			return nil, time.Time{}, fmt.Errorf("next due entry: %w", err)
		}
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return due, next, nil
}

func scanInstant(row scanner) (time.Time, error) {
	var t time.Time
	err := row.Scan(instant{&t})
	return t, err
}

// ReleaseClaims takes every entry from workers other than owner and returns how many those were: their
// processes are gone, and what they still write misses. It is for the one engine of a database at its start.
func (s *Store) ReleaseClaims(ctx context.Context, exceptOwner string) (int, error) {
	n, err := s.writer().exec(ctx, "UPDATE achim_entry SET owner = '', claimed_until = NULL, epoch = epoch + 1, updated_at = ? "+
		"WHERE owner <> '' AND owner <> ?", ms(s.now()), exceptOwner)
	if err != nil {
		return 0, fmt.Errorf("release claims: %w", err)
	}
	return int(n), nil
}
