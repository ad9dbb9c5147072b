package briefing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// RunStore keeps runs, and makes the steps a trigger asks for.
type RunStore interface {
	// Trigger inserts the run with its readers and makes all steps, in one transaction. A step with From ""
	// inserts its entry. ErrFenced, having changed nothing, when any step misses. A pending reader whose
	// entry has no step waits for it; if it has come to its end meanwhile, that is the reader's outcome.
	Trigger(ctx context.Context, run Run, steps []Step) error
	// Run returns one run with its readers as they stand, or ErrNotFound.
	Run(ctx context.Context, id RunID) (Run, error)
	// Runs returns runs, the newest first, with their readers.
	Runs(ctx context.Context, filter RunFilter) ([]Run, error)
	// Entries returns entries whole, the newest first.
	Entries(ctx context.Context, filter EntryFilter) ([]Entry, error)
}

// DryRunStore records what a dry run found.
type DryRunStore interface {
	// SettleRunReader writes the outcome of a reader that has no entry, and finishes the run when it was
	// the last.
	SettleRunReader(ctx context.Context, run RunID, r RunReader) error
}

// Trigger asks for briefings by hand: POST /api/cron/daily-summary, the run command, a reader who has
// reconnected. Safe for concurrent use, by several processes as well.
type Trigger struct {
	Readers  ReaderStore
	Runs     RunStore
	DryRuns  DryRunStore
	Pipeline *Pipeline
	Zone     *time.Location // of a run's date
	Now      func() time.Time
	Wake     func()                      // tells the engine that the ledger has changed; may be nil
	Changed  func() <-chan struct{}      // closed at the next change of an entry or a dry run; may be nil
	Settled  func()                      // told of each reader a dry run is done with; may be nil
	Go       func(func(context.Context)) // runs a dry run in the background and is waited for at stop
}

// TriggerRequest says whom to brief now.
type TriggerRequest struct {
	Readers []string // UUIDs, Slack ids or names; empty = every reader who is neither paused nor gone
	Date    Date     // zero = the reader's today
	Force   bool     // a new entry and a new DM whatever was delivered
	DryRun  bool     // read and compose, send and store nothing
}

// triggerTries bounds how often a trigger that lost a race to a worker looks again.
const triggerTries = 20

// Start starts a run and returns it at once; it goes on whatever becomes of ctx afterwards. Its error is a
// *FieldError when the request is at fault, and then nothing runs.
func (t *Trigger) Start(ctx context.Context, req TriggerRequest) (Run, error) {
	readers, err := t.resolve(ctx, req)
	if err != nil {
		return Run{}, err
	}
	run := Run{ID: RunID(NewID()), Kind: RunManual, Date: req.Date, StartedAt: t.Now()}
	if run.Date.IsZero() {
		run.Date = DateOf(run.StartedAt, t.Zone)
	}
	dates, err := t.dates(readers, req)
	if err != nil {
		return Run{}, err
	}
	if req.DryRun {
		return t.dryRun(ctx, run, readers, dates)
	}
	return t.ask(ctx, run, func(run *Run) ([]Step, error) {
		var steps []Step
		for i, r := range readers {
			rr, step, err := t.decide(ctx, run.ID, r, dates[i], req.Force)
			if err != nil {
				return nil, err
			}
			run.Readers = append(run.Readers, rr)
			if step != nil {
				steps = append(steps, *step)
			}
		}
		return steps, nil
	})
}

// ask writes a run with its steps. When a worker moved an entry between reading and writing, what to do
// is decided anew from where the entry then stands.
func (t *Trigger) ask(ctx context.Context, run Run, decide func(*Run) ([]Step, error)) (Run, error) {
	for try := 1; ; try++ {
		run.Readers = nil
		steps, err := decide(&run)
		if err != nil {
			return Run{}, err
		}
		err = t.Runs.Trigger(ctx, run, steps)
		if errors.Is(err, ErrFenced) && try < triggerTries {
			continue
		}
		if err != nil {
			return Run{}, fmt.Errorf("start run: %w", err)
		}
		if t.Wake != nil {
			t.Wake()
		}
		return t.Runs.Run(ctx, run.ID)
	}
}

// resolve finds the readers a request means.
func (t *Trigger) resolve(ctx context.Context, req TriggerRequest) ([]Reader, error) {
	if len(req.Readers) > 0 {
		return t.named(ctx, req.Readers)
	}
	all, err := t.Readers.Readers(ctx)
	if err != nil {
		return nil, fmt.Errorf("list readers: %w", err)
	}
	now := t.Now()
	return slices.DeleteFunc(all, func(r Reader) bool {
		s, err := t.Pipeline.Defaults.Schedule(r)
		return err != nil || r.Left() || r.PausedOn(DateOf(now, s.Zone))
	}), nil
}

// named finds readers by reference, each once.
func (t *Trigger) named(ctx context.Context, refs []string) ([]Reader, error) {
	var readers []Reader
	for i, ref := range refs {
		r, err := t.Readers.Reader(ctx, ref)
		if errors.Is(err, ErrNotFound) {
			return nil, &FieldError{Field: fmt.Sprintf("user_ids[%d]", i), Code: "unknown_reader",
				Problem: fmt.Sprintf("there is no reader %q; nothing was run", ref)}
		}
		if err != nil {
			return nil, fmt.Errorf("find reader %q: %w", ref, err)
		}
		if !slices.ContainsFunc(readers, func(known Reader) bool { return known.ID == r.ID }) {
			readers = append(readers, r)
		}
	}
	return readers, nil
}

// dates returns the local date to brief each reader for.
func (t *Trigger) dates(readers []Reader, req TriggerRequest) ([]Date, error) {
	dates := make([]Date, len(readers))
	for i, r := range readers {
		s, err := t.Pipeline.Defaults.Schedule(r)
		if err != nil {
			return nil, err
		}
		today := DateOf(t.Now(), s.Zone)
		dates[i] = today
		if req.Date.IsZero() || req.Date == today {
			continue
		}
		if !req.Force && !req.DryRun {
			return nil, &FieldError{Field: "date", Code: "date_not_today", Problem: fmt.Sprintf(
				"%s is not today for %s (%s); another date needs dry_run or force", req.Date, r.Name, today)}
		}
		dates[i] = req.Date
	}
	return dates, nil
}

// decide says what a trigger does to one reader's entry.
func (t *Trigger) decide(ctx context.Context, run RunID, r Reader, date Date, force bool) (RunReader, *Step, error) {
	rr := RunReader{Reader: r.ID, SlackUserID: r.SlackUserID}
	if r.Left() {
		rr.Outcome, rr.Reason = OutcomeSkipped, Left // nobody is called for somebody who is gone
		return rr, nil, nil
	}
	now := t.Now()
	fresh := Entry{
		ID: EntryID(NewID()), Reader: r.ID, Date: date, Slot: DailySlot, Run: run, State: Planned,
		DueAt: now, NextAt: now, ChannelID: r.SlackChannelID,
	}
	if force {
		windows, err := t.Pipeline.windowsOf(ctx, r.ID, date)
		fresh.Slot, fresh.Windows, rr.Entry = ForceSlot(run), windows, fresh.ID
		return rr, &Step{Entry: fresh}, err
	}
	daily, found, err := t.entry(ctx, r.ID, date)
	if err != nil {
		return rr, nil, err
	}
	if !found {
		rr.Entry = fresh.ID
		return rr, &Step{Entry: fresh}, nil
	}
	rr.Entry = daily.ID
	if t.underway(daily, now) {
		return rr, nil, nil
	}
	step := reopen(daily, r, now)
	switch {
	case step != nil:
		step.Entry.Run = run
	case daily.State == Delivered:
		rr.Outcome, rr.Status, rr.Reason = OutcomeSkipped, daily.Status, AlreadyDelivered
	case daily.State == Unknown:
		rr.Outcome, rr.Status, rr.Reason = OutcomeUnknown, daily.Status, daily.Reason
	}
	return rr, step, nil
}

// underway reports whether the entry is being worked on, or is about to be: it is waited for. To take it from
// its worker would only make all of it be read again.
func (t *Trigger) underway(e Entry, now time.Time) bool {
	switch e.State {
	case Sending:
		return true
	case Planned, Prepared:
		waits := e.State == Prepared && e.queuedFor() != "" // for its turn, which it would lose
		return !e.DueAt.After(now) && (waits || !e.NextAt.After(now)) && !t.Pipeline.late(e)
	default:
		return false
	}
}

// reopen returns the step that makes an entry work now, or nil when there is nothing to do.
func reopen(e Entry, r Reader, now time.Time) *Step {
	from := e.State
	switch {
	case from == Planned || from == Prepared:
		e.State, e.DueAt, e.ChannelID = Planned, now, r.SlackChannelID
	case from == Failed || from == Missed:
		// Its slot time is now: what has come in since belongs into it. The DM may be another one by now.
		e.State, e.DueAt, e.ChannelID = Planned, now, r.SlackChannelID
		e.Reason, e.Windows, e.Tries, e.PlainText = "", nil, 0, false
	case from == Delivered && e.Status == Degraded:
		e = e.outOfLine()
	default:
		return nil
	}
	e.NextAt = now
	return &Step{Entry: e, From: from, Reopen: true}
}

// entry returns the reader's daily entry of the date, and whether there is one.
func (t *Trigger) entry(ctx context.Context, reader ReaderID, date Date) (Entry, bool, error) {
	entries, err := t.Runs.Entries(ctx, EntryFilter{Reader: reader, Date: date, Slot: DailySlot, Limit: 1})
	if err != nil {
		return Entry{}, false, fmt.Errorf("entry of reader %s on %s: %w", reader, date, err)
	}
	if len(entries) == 0 {
		return Entry{}, false, nil
	}
	return entries[0], true, nil
}

// Reconnected mends the reader's briefings of today right after a connection. It returns the run that does
// so, and a zero Run when there is nothing to mend.
func (t *Trigger) Reconnected(ctx context.Context, id ReaderID) (Run, error) {
	r, err := t.Readers.Reader(ctx, string(id))
	if err != nil {
		return Run{}, fmt.Errorf("find reader %s: %w", id, err)
	}
	s, err := t.Pipeline.Defaults.Schedule(r)
	if err != nil {
		return Run{}, err
	}
	today := DateOf(t.Now(), s.Zone)
	entries, err := t.Runs.Entries(ctx, EntryFilter{Reader: id, Date: today})
	if err != nil {
		return Run{}, fmt.Errorf("entries of reader %s on %s: %w", id, today, err)
	}
	var first Run
	for _, e := range entries {
		run, err := t.mend(ctx, r, e)
		if err != nil {
			return Run{}, err
		}
		if first.ID == "" {
			first = run
		}
	}
	return first, nil
}

// mend starts a run that reads again what the entry lacks; a zero Run when it lacks nothing or was not
// composed yet.
func (t *Trigger) mend(ctx context.Context, r Reader, e Entry) (Run, error) {
	run := Run{ID: RunID(NewID()), Kind: RunMend, Date: e.Date, StartedAt: t.Now()}
	wanted := false
	started, err := t.ask(ctx, run, func(run *Run) ([]Step, error) {
		now, err := t.Pipeline.Ledger.Entry(ctx, e.ID)
		if err != nil {
			return nil, fmt.Errorf("entry %s: %w", e.ID, err)
		}
		run.Readers = []RunReader{{Reader: r.ID, SlackUserID: r.SlackUserID, Entry: e.ID}}
		step, ok := mendStep(now, t.Now())
		wanted = ok
		if !ok {
			return nil, errNothingToMend
		}
		step.Entry.Run = run.ID
		return []Step{step}, nil
	})
	if !wanted && errors.Is(err, errNothingToMend) {
		return Run{}, nil
	}
	return started, err
}

// errNothingToMend ends asking for a mend before a run is written.
var errNothingToMend = errors.New("nothing to mend")

// mendStep returns the step that lets an entry use a new connection.
func mendStep(e Entry, now time.Time) (Step, bool) {
	from := e.State
	if len(lackingSources(e)) == 0 && from != Planned {
		return Step{}, false
	}
	switch from {
	case Planned:
		if e.Owner == "" {
			return Step{}, false // will be read with the new grant
		}
		e.NextAt = now // somebody reads with the old one right now
	case Delivered:
		e = e.outOfLine()
		e.NextAt, e.Tries = now, 0
	case Prepared:
		e.State, e.NextAt = Planned, now // read again before the hour
	default:
		return Step{}, false
	}
	return Step{Entry: e, From: from, Reopen: true}, true
}

// Wait returns the run once it has finished, or as it stands when ctx is done.
func (t *Trigger) Wait(ctx context.Context, id RunID) (Run, error) {
	for {
		var changed <-chan struct{}
		if t.Changed != nil {
			changed = t.Changed() // before reading: a change in between must not be lost
		}
		run, err := t.Runs.Run(context.WithoutCancel(ctx), id)
		if err != nil {
			return Run{}, fmt.Errorf("run %s: %w", id, err)
		}
		if run.Finished() || ctx.Err() != nil {
			return run, nil
		}
		if !pause(ctx, leaveAlone(run)) {
			continue
		}
		select {
		case <-changed:
		case <-time.After(time.Second): // another process may work on it
		case <-ctx.Done():
		}
	}
}

// leaveAlone returns how long a run is not worth another look. Reading one costs as much as it has readers, so
// that a large one is looked at less often, and even less while many of them are pending.
func leaveAlone(run Run) time.Duration {
	const (
		few     = 100                  // pending readers that may all be done in a moment
		each    = 3 * time.Millisecond // that each of the others takes at the least
		longest = 3 * time.Second
	)
	pending := 0
	for _, rr := range run.Readers {
		if rr.Outcome == OutcomePending {
			pending++
		}
	}
	return max(time.Duration(len(run.Readers))*time.Millisecond, min(time.Duration(pending-few)*each, longest))
}

// pause waits for d and reports whether ctx lasted that long.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
