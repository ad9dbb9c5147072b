package briefing

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"time"
)

// PlanStore is the store as the planner sees it.
type PlanStore interface {
	// DueReaders returns up to limit readers whose PlanAt is not after horizon, earliest first, then by id.
	DueReaders(ctx context.Context, horizon time.Time, limit int) ([]Reader, error)
	// Plan writes a plan in one transaction and returns how many entries were new. Entries whose reader,
	// date and slot exist already are left as they are. May be called by several processes at once.
	Plan(ctx context.Context, p Plan) (int, error)
}

// Plan is what the planner writes at once.
type Plan struct {
	Runs    []Run       // an entry whose Run names one whose Key exists already joins that one
	Entries []Entry     // planned, or missed with the reason; sorted by reader and date
	Next    []NextVisit // when to look at each reader again
}

// NextVisit moves a reader's PlanAt, if it still stands where it was read.
type NextVisit struct {
	Reader  ReaderID
	Was, At time.Time
}

// Bounds of planning.
const (
	planTick   = time.Minute     // how often the planner is called
	planBatch  = 2000            // readers a transaction
	onTime     = 2 * time.Minute // a briefing planned later than this is caught up
	planBehind = 7 * 24 * time.Hour
	// alignWithin holds every due time: the next one is a day away at most, or two where zones differ.
	alignWithin = 72 * time.Hour
)

// Planner writes the entries that are due soon. It is one idempotent step: calling it twice, late, or on
// several machines at once plans nothing twice.
type Planner struct {
	Store    PlanStore
	Defaults *Defaults
	Grace    time.Duration
	Lead     time.Duration
	Now      func() time.Time
	Trouble  func(r Reader, err error) // told of a reader that cannot be planned; may be nil

	aligned atomic.Bool
}

// Tick plans for all readers due within the lead and the next tick, and what was missed while nothing
// ran. It returns how many entries are new.
func (p *Planner) Tick(ctx context.Context) (int, error) {
	if !p.aligned.Load() {
		if err := p.align(ctx); err != nil {
			return 0, err
		}
		p.aligned.Store(true)
	}
	planned := 0
	horizon := p.Now().Add(p.Lead + planTick + planTick/2)
	for {
		readers, err := p.Store.DueReaders(ctx, horizon, planBatch)
		if err != nil {
			return planned, fmt.Errorf("due readers: %w", err)
		}
		if len(readers) == 0 {
			return planned, nil
		}
		n, err := p.Store.Plan(ctx, p.plan(readers, horizon))
		if err != nil {
			return planned, fmt.Errorf("plan %d readers: %w", len(readers), err)
		}
		planned += n
		if len(readers) < planBatch {
			return planned, nil
		}
	}
}

// align moves readers forward whose hour is earlier than when they were planned, because the operator's
// defaults have changed: without it their first briefing after the change would be late. Once a process.
func (p *Planner) align(ctx context.Context) error {
	now := p.Now()
	readers, err := p.Store.DueReaders(ctx, now.Add(alignWithin), math.MaxInt32)
	if err != nil {
		return fmt.Errorf("readers to align: %w", err)
	}
	var moved Plan
	for _, r := range readers {
		schedule, err := p.Defaults.Schedule(r)
		if err != nil || !r.PlanAt.After(now) {
			continue
		}
		if due := schedule.DueAt(schedule.Next(now)); due.Before(r.PlanAt) {
			moved.Next = append(moved.Next, NextVisit{r.ID, r.PlanAt, due})
		}
	}
	if len(moved.Next) == 0 {
		return nil
	}
	if _, err := p.Store.Plan(ctx, moved); err != nil {
		return fmt.Errorf("align %d readers: %w", len(moved.Next), err)
	}
	return nil
}

// plan returns the plan for a batch of readers.
func (p *Planner) plan(readers []Reader, horizon time.Time) Plan {
	batch := planning{now: p.Now(), horizon: horizon, grace: p.Grace, lead: p.Lead, runs: map[string]*Run{}}
	for _, r := range readers {
		schedule, err := p.Defaults.Schedule(r)
		if err != nil {
			// Look again tomorrow rather than every minute; the others must not wait for this one.
			batch.plan.Next = append(batch.plan.Next, NextVisit{r.ID, r.PlanAt, batch.now.Add(24 * time.Hour)})
			if p.Trouble != nil {
				p.Trouble(r, err)
			}
			continue
		}
		batch.add(r, schedule)
	}
	for _, run := range batch.runs {
		batch.plan.Runs = append(batch.plan.Runs, *run)
	}
	slices.SortFunc(batch.plan.Runs, func(a, b Run) int { return cmp.Compare(a.Key, b.Key) })
	// One order for all planners: two that insert in opposite orders deadlock.
	slices.SortFunc(batch.plan.Entries, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.Reader, b.Reader), a.Date.DaysSince(b.Date))
	})
	return batch.plan
}

// planning is a plan in the making.
type planning struct {
	now, horizon time.Time
	grace, lead  time.Duration
	plan         Plan
	runs         map[string]*Run
}

// add plans every date of the reader from PlanAt up to the horizon.
func (b *planning) add(r Reader, s Schedule) {
	from := r.PlanAt
	if from.IsZero() {
		from = b.now
	}
	if oldest := b.now.Add(-planBehind); from.Before(oldest) {
		from = oldest
	}
	date := s.Next(from.Add(-time.Nanosecond))
	if from.Equal(r.PlanAt) {
		date = s.planned(from)
	}
	for ; !s.DueAt(date).After(b.horizon); date = date.AddDays(1) {
		b.entry(r, s, date)
	}
	b.plan.Next = append(b.plan.Next, NextVisit{r.ID, r.PlanAt, s.DueAt(date)})
}

// entry plans one date.
func (b *planning) entry(r Reader, s Schedule, date Date) {
	due := s.DueAt(date)
	e := Entry{
		ID: EntryID(NewID()), Reader: r.ID, Date: date, Slot: DailySlot, State: Planned,
		DueAt: due, NextAt: due.Add(-b.lead), ChannelID: r.SlackChannelID,
	}
	switch {
	case r.PausedOn(date):
		e.State, e.Reason, e.NextAt = Missed, Paused, time.Time{}
	case !s.Works(date):
		e.State, e.Reason, e.NextAt = Missed, DayOff, time.Time{}
	case b.now.After(due.Add(b.grace)):
		e.State, e.Reason, e.NextAt = Missed, PastGrace, time.Time{}
	}
	e.Run = b.run(due, date)
	b.plan.Entries = append(b.plan.Entries, e)
}

// run returns the run of a due minute: all replicas, and all readers of that minute, share it.
func (b *planning) run(due time.Time, date Date) RunID {
	kind := RunSchedule
	if b.now.After(due.Add(onTime)) {
		kind = RunCatchup
	}
	key := string(kind) + "/" + due.UTC().Format("2006-01-02T15:04Z")
	run, ok := b.runs[key]
	if !ok {
		run = &Run{ID: RunID(NewID()), Kind: kind, Key: key, Date: date, StartedAt: b.now}
		b.runs[key] = run
	}
	return run.ID
}
