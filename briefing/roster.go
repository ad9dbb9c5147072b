package briefing

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// replanTries bounds how often an entry is looked at again that workers keep moving.
const replanTries = 20

// raceStep is by how much longer, at most, each further of several who change the same reader steps aside.
const raceStep = 10 * time.Millisecond

// Roster changes readers: whatever is changed takes effect on the next briefing at once.
type Roster struct {
	Readers  ReaderStore
	Runs     RunStore
	Ledger   LedgerStore
	Defaults *Defaults
	Now      func() time.Time
	Lead     time.Duration // how long before the hour preparing starts
	Wake     func()        // tells the engine that the ledger has changed; may be nil
	// Unread returns why a feed would never be read, or nil; may be nil itself. Feeds a reader has already are not asked about.
	Unread func(Feed) error
}

// Save validates and stores r, and plans again from now. It returns the reader as stored and whether it
// is new. Its error joins *FieldErrors when r is at fault. May be called from several goroutines.
func (ro *Roster) Save(ctx context.Context, r Reader) (saved Reader, created bool, err error) {
	old, err := ro.Readers.Reader(ctx, string(r.ID))
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Reader{}, false, fmt.Errorf("look up reader %s: %w", r.ID, err)
	}
	if err := ro.fault(old, r); err != nil {
		return Reader{}, false, err
	}
	r.Preferences = r.Preferences.Tidy()
	return ro.keep(ctx, r)
}

// Change is Save of what change makes of the reader with the id. Who changes the same reader meanwhile loses nothing: change
// is asked again, about the reader as they then stand. An error of its own is returned as it is, and ErrNotFound of somebody
// who is not there.
func (ro *Roster) Change(ctx context.Context, id ReaderID, change func(r *Reader) error) (Reader, error) {
	return ro.unraced(ctx, id, func(r *Reader) error {
		old := *r
		if err := change(r); err != nil {
			return err
		}
		r.Preferences = r.Preferences.Tidy()
		return ro.fault(old, *r)
	})
}

// Put is Change that begins with fresh where nobody has its id, and reports whether nobody had.
func (ro *Roster) Put(ctx context.Context, fresh Reader, change func(r *Reader) error) (saved Reader, created bool, err error) {
	saved, err = ro.Change(ctx, fresh.ID, change)
	if !errors.Is(err, ErrNotFound) {
		return saved, false, err
	}
	if err := change(&fresh); err != nil {
		return Reader{}, false, err
	}
	return ro.Save(ctx, fresh)
}

// fault joins Faults; nil when there are none.
func (ro *Roster) fault(old, r Reader) error {
	faults := ro.Faults(old, r)
	errs := make([]error, len(faults))
	for i, fault := range faults {
		errs[i] = fault
	}
	return errors.Join(errs...)
}

// Faults returns what is wrong with r, who was old until now (zero = nobody), nil when nothing is.
func (ro *Roster) Faults(old, r Reader) []*FieldError {
	faults := r.Validate()
	if ro.Unread == nil {
		return faults
	}
	for i, feed := range r.Feeds {
		if slices.ContainsFunc(old.Feeds, func(f Feed) bool { return f.URL == feed.URL }) {
			continue
		}
		if err := ro.Unread(feed); err != nil {
			faults = append(faults, &FieldError{Field: fmt.Sprintf("feeds[%d]", i), Code: "invalid_field", Problem: err.Error()})
		}
	}
	return faults
}

// keep stores r, whose faults are not looked for, and plans again.
func (ro *Roster) keep(ctx context.Context, r Reader) (saved Reader, created bool, err error) {
	old, err := ro.Readers.Reader(ctx, string(r.ID))
	created = errors.Is(err, ErrNotFound)
	if err != nil && !created {
		return Reader{}, false, fmt.Errorf("look up reader %s: %w", r.ID, err)
	}
	schedule, err := ro.Defaults.Schedule(r)
	if err != nil {
		return Reader{}, false, err
	}
	r.PlanAt = ro.planAt(old, schedule)
	if saved, err = ro.Readers.SaveReader(ctx, r); err != nil {
		return Reader{}, false, fmt.Errorf("save reader %s: %w", r.ID, err)
	}
	if err := ro.replan(ctx, saved, schedule, !old.Preferences.same(saved.Preferences)); err != nil {
		return Reader{}, false, err
	}
	if ro.Wake != nil {
		ro.Wake()
	}
	return saved, created, nil
}

// planAt returns when the planner must look at the reader next. The date it would have planned next by the
// reader's earlier wishes is not passed over: its new hour may have gone by today, or it has been due since
// nothing ran, and then it is caught up or recorded as missed.
func (ro *Roster) planAt(old Reader, schedule Schedule) time.Time {
	next := schedule.DueAt(schedule.Next(ro.Now()))
	before, err := ro.Defaults.Schedule(old)
	if old.PlanAt.IsZero() || err != nil {
		return next // a new reader begins with the next hour
	}
	return earlier(next, schedule.DueAt(before.planned(old.PlanAt)))
}

// Remove forgets the reader.
func (ro *Roster) Remove(ctx context.Context, id ReaderID) error {
	if err := ro.Readers.DeleteReader(ctx, id); err != nil {
		return fmt.Errorf("remove reader %s: %w", id, err)
	}
	return nil
}

// replan applies what changed to the reader's open daily entries: another hour, a pause, a day off, a holiday. An
// entry somebody works on right now is taken from them: their work was for the old wishes. With again, what is prepared and
// not due yet is prepared again.
func (ro *Roster) replan(ctx context.Context, r Reader, schedule Schedule, again bool) error {
	entries, err := ro.Runs.Entries(ctx, EntryFilter{Reader: r.ID, Slot: DailySlot, Limit: 7})
	if err != nil {
		return fmt.Errorf("open entries of reader %s: %w", r.ID, err)
	}
	for _, e := range entries {
		if err := ro.replanEntry(ctx, e, r, schedule, again); err != nil {
			return fmt.Errorf("plan entry %s again: %w", e.ID, err)
		}
	}
	return nil
}

// replanEntry makes the step the reader's wishes ask for, from wherever a worker has moved the entry meanwhile.
func (ro *Roster) replanEntry(ctx context.Context, e Entry, r Reader, schedule Schedule, again bool) error {
	for try := 1; ; try++ {
		step, changed := ro.replanned(e, r, schedule)
		if !changed && again {
			step, changed = ro.prepareAgain(e)
		}
		if !changed {
			return nil
		}
		_, err := ro.Ledger.Advance(ctx, step)
		if !errors.Is(err, ErrFenced) || try == replanTries {
			return err
		}
		if e, err = ro.Ledger.Entry(ctx, e.ID); err != nil {
			if errors.Is(err, ErrNotFound) {
				return nil // removed meanwhile
			}
			return err
		}
	}
}

// replanned returns the step that applies the reader's present wishes to an entry, and whether one is due.
// An entry whose hour has come is left alone.
func (ro *Roster) replanned(e Entry, r Reader, schedule Schedule) (Step, bool) {
	now, due, from := ro.Now(), schedule.DueAt(e.Date), e.State
	unwanted := from == Missed && e.Reason.Spares()
	if (from != Planned && from != Prepared && !unwanted) || !e.DueAt.After(now) {
		return Step{}, false
	}
	step := Step{From: from, Reopen: true}
	spared := schedule.Spares(r, e.Date)
	switch {
	case unwanted && spared != "":
		return Step{}, false
	case spared != "":
		e.State, e.Reason, e.NextAt = Missed, spared, time.Time{}
		step.Outcome = OutcomeSkipped
	case unwanted, !due.Equal(e.DueAt) && due.After(now):
		// What comes in until the new hour belongs into it.
		if due.After(now) {
			e.DueAt = due
		}
		e.State, e.Reason, e.NextAt, e.Windows = Planned, "", e.DueAt.Add(-ro.Lead), nil
		e.ChannelID = r.SlackChannelID
	case e.ChannelID != "" && e.ChannelID != r.SlackChannelID:
		e.State, e.ChannelID = Planned, r.SlackChannelID // the DM was with somebody else
		e.NextAt = e.DueAt.Add(-ro.Lead)
	default:
		return Step{}, false
	}
	step.Entry = e
	return step, true
}

// prepareAgain returns the step that lets a prepared entry be prepared again, and whether its hour is still ahead.
func (ro *Roster) prepareAgain(e Entry) (Step, bool) {
	if e.State != Prepared || !e.DueAt.After(ro.Now()) {
		return Step{}, false
	}
	e.State, e.NextAt = Planned, e.DueAt.Add(-ro.Lead)
	return Step{Entry: e, From: Prepared, Reopen: true}, true
}

// Leave marks a reader as gone and closes what was planned for them. It reports whether that is new. It may be called
// whenever the other side says so, and does nothing for somebody who is gone already or not there. A cause that says of
// whom it was said, such as a DeactivatedError, counts only for a reader who still is that.
func (ro *Roster) Leave(ctx context.Context, id ReaderID, why LeftReason, cause error) (bool, error) {
	said, named := errors.AsType[*DeactivatedError](cause)
	return ro.amend(ctx, id, func(r *Reader) bool {
		if r.Left() || named && !said.of(*r) {
			return false
		}
		r.LeftAt, r.LeftReason, r.ErasedAt = ro.Now(), why, time.Time{}
		return true
	})
}

// Return marks a reader as here again; it does nothing for somebody who is.
func (ro *Roster) Return(ctx context.Context, id ReaderID) error {
	_, err := ro.amend(ctx, id, func(r *Reader) bool {
		left := r.Left()
		*r = r.Back()
		return left
	})
	return err
}

// amend changes a reader whom nobody changes at the same time, and reports whether it did: change says whether there is
// something to change, and is asked again when somebody was faster. It does nothing for somebody who is not there.
func (ro *Roster) amend(ctx context.Context, id ReaderID, change func(r *Reader) bool) (bool, error) {
	same := errors.New("nothing to change")
	_, err := ro.unraced(ctx, id, func(r *Reader) error {
		if !change(r) {
			return same
		}
		return nil
	})
	if errors.Is(err, same) {
		return false, nil
	}
	return err == nil, ignoreNotFound(err)
}

// unraced stores what change makes of a reader as long as nobody was faster; then change is asked again.
func (ro *Roster) unraced(ctx context.Context, id ReaderID, change func(r *Reader) error) (Reader, error) {
	for try := 1; ; try++ {
		r, err := ro.Readers.Reader(ctx, string(id))
		if err == nil && r.ID != id {
			err = ErrNotFound // whose name it is
		}
		if err != nil {
			return Reader{}, fmt.Errorf("look up reader %s: %w", id, err)
		}
		if err := change(&r); err != nil {
			return Reader{}, err
		}
		r.AsOf = r.UpdatedAt
		saved, _, err := ro.keep(ctx, r)
		if !errors.Is(err, ErrFenced) || try == replanTries || !pause(ctx, rand.N(time.Duration(try)*raceStep)) {
			return saved, err
		}
	}
}
