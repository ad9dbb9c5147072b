package briefing

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Roster changes readers: whatever is changed takes effect on the next briefing at once.
type Roster struct {
	Readers  ReaderStore
	Runs     RunStore
	Ledger   LedgerStore
	Defaults *Defaults
	Now      func() time.Time
	Lead     time.Duration // how long before the hour preparing starts
	Wake     func()        // tells the engine that the ledger has changed; may be nil
}

// Save validates and stores r, and plans again from now. It returns the reader as stored and whether it
// is new. Its error joins *FieldErrors when r is at fault. May be called from several goroutines.
func (ro *Roster) Save(ctx context.Context, r Reader) (saved Reader, created bool, err error) {
	if faults := r.Validate(); len(faults) > 0 {
		errs := make([]error, len(faults))
		for i, fault := range faults {
			errs[i] = fault
		}
		return Reader{}, false, errors.Join(errs...)
	}
	_, err = ro.Readers.Reader(ctx, string(r.ID))
	created = errors.Is(err, ErrNotFound)
	if err != nil && !created {
		return Reader{}, false, fmt.Errorf("look up reader %s: %w", r.ID, err)
	}
	schedule, err := ro.Defaults.Schedule(r)
	if err != nil {
		return Reader{}, false, err
	}
	r.PlanAt = schedule.DueAt(schedule.Next(ro.Now()))
	if saved, err = ro.Readers.SaveReader(ctx, r); err != nil {
		return Reader{}, false, fmt.Errorf("save reader %s: %w", r.ID, err)
	}
	if err := ro.replan(ctx, saved, schedule); err != nil {
		return Reader{}, false, err
	}
	if ro.Wake != nil {
		ro.Wake()
	}
	return saved, created, nil
}

// Remove forgets the reader.
func (ro *Roster) Remove(ctx context.Context, id ReaderID) error {
	if err := ro.Readers.DeleteReader(ctx, id); err != nil {
		return fmt.Errorf("remove reader %s: %w", id, err)
	}
	return nil
}

// replan applies what changed to the reader's open daily entries: another hour, a pause, a day off. An
// entry somebody works on right now is taken from them: their work was for the old wishes.
func (ro *Roster) replan(ctx context.Context, r Reader, schedule Schedule) error {
	entries, err := ro.Runs.Entries(ctx, EntryFilter{Reader: r.ID, Slot: DailySlot, Limit: 7})
	if err != nil {
		return fmt.Errorf("open entries of reader %s: %w", r.ID, err)
	}
	for _, e := range entries {
		step, changed := ro.replanned(e, r, schedule)
		if !changed {
			continue
		}
		_, err := ro.Ledger.Advance(ctx, step)
		if err != nil && !errors.Is(err, ErrFenced) {
			return fmt.Errorf("plan entry %s again: %w", e.ID, err)
		}
	}
	return nil
}

// replanned returns the step that applies the reader's present wishes to an entry, and whether one is due.
// An entry whose hour has come is left alone.
func (ro *Roster) replanned(e Entry, r Reader, schedule Schedule) (Step, bool) {
	now, due, from := ro.Now(), schedule.DueAt(e.Date), e.State
	if (from != Planned && from != Prepared) || !e.DueAt.After(now) {
		return Step{}, false
	}
	step := Step{From: from, Reopen: true}
	switch {
	case r.PausedOn(e.Date):
		e.State, e.Reason, e.NextAt = Missed, Paused, time.Time{}
		step.Outcome = OutcomeSkipped
	case !schedule.Works(e.Date):
		e.State, e.Reason, e.NextAt = Missed, DayOff, time.Time{}
		step.Outcome = OutcomeSkipped
	case !due.Equal(e.DueAt) && due.After(now):
		e.State, e.DueAt, e.NextAt = Planned, due, due.Add(-ro.Lead)
	default:
		return Step{}, false
	}
	step.Entry = e
	return step, true
}
