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
	// DueCounts returns how many readers' PlanAt is after one instant and not after another, by PlanAt in
	// milliseconds of Unix time.
	DueCounts(ctx context.Context, after, until time.Time) (map[int64]int, error)
	// Plan writes a plan in one transaction and returns how many entries were new. Entries whose reader,
	// date and slot exist already are left as they are. A reader with a visit who is gone, has been changed,
	// or stands elsewhere by now is passed over with all their entries: whoever moves PlanAt plans. May be
	// called by several processes at once.
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
	Changed time.Time // UpdatedAt as it was read; zero = whatever it is
}

// visit returns the reader's next visit.
func visit(r Reader, at time.Time) NextVisit {
	return NextVisit{Reader: r.ID, Was: r.PlanAt, At: at, Changed: r.UpdatedAt}
}

// Bounds of planning.
const (
	planTick   = time.Minute     // how often the planner is called
	planBatch  = 5000            // readers a transaction
	planAgain  = 3               // looks for readers who were changed while they were planned
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
	batch, err := p.survey(ctx)
	if err != nil {
		return 0, err
	}
	for looks := 0; looks < planAgain; {
		readers, err := p.Store.DueReaders(ctx, batch.horizon, planBatch)
		if err != nil {
			return planned, fmt.Errorf("due readers: %w", err)
		}
		if len(readers) == 0 {
			return planned, nil
		}
		n, err := p.Store.Plan(ctx, p.plan(batch, readers))
		if err != nil {
			return planned, fmt.Errorf("plan %d readers: %w", len(readers), err)
		}
		planned += n
		if len(readers) < planBatch {
			looks++ // there may be some whom a change made the store pass over
		}
	}
	return planned, nil
}

// survey returns an empty plan for what must be planned in this tick. When many are due at one hour, their
// preparing starts earlier, and so does their planning.
func (p *Planner) survey(ctx context.Context) (*planning, error) {
	now := p.Now()
	reach := planTick + planTick/2
	b := &planning{now: now, horizon: now.Add(p.Lead + reach), grace: p.Grace, least: p.Lead, leads: map[int64]lead{}, started: map[int64]int{}}
	counts, err := p.Store.DueCounts(ctx, now, now.Add(max(p.Lead, longestLead)+reach))
	if err != nil {
		return nil, fmt.Errorf("count readers due: %w", err)
	}
	for at, n := range counts {
		l, due := leadFor(p.Lead, n), time.UnixMilli(at)
		b.leads[at] = l
		if starts := due.Add(-l.longest); !starts.After(now.Add(reach)) && due.After(b.horizon) {
			b.horizon = due
		}
	}
	return b, nil
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
			moved.Next = append(moved.Next, visit(r, due))
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
func (p *Planner) plan(batch *planning, readers []Reader) Plan {
	batch.plan, batch.runs = Plan{}, map[string]*Run{}
	for _, r := range readers {
		schedule, err := p.Defaults.Schedule(r)
		if err != nil {
			// Look again tomorrow rather than every minute; the others must not wait for this one.
			batch.plan.Next = append(batch.plan.Next, visit(r, batch.now.Add(24*time.Hour)))
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

// planning is a tick's plan in the making.
type planning struct {
	now, horizon time.Time
	grace, least time.Duration
	leads        map[int64]lead // by due time, in milliseconds of Unix time
	started      map[int64]int  // how many of them have their start
	plan         Plan           // of the batch
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
	b.plan.Next = append(b.plan.Next, visit(r, s.DueAt(date)))
}

// entry plans one date.
func (b *planning) entry(r Reader, s Schedule, date Date) {
	due := s.DueAt(date)
	e := Entry{
		ID: EntryID(NewID()), Reader: r.ID, Date: date, Slot: DailySlot, State: Planned,
		DueAt: due, ChannelID: r.SlackChannelID,
	}
	switch reason := s.Spares(r, date); {
	case reason != "":
		e.State, e.Reason = Missed, reason
	case b.now.After(due.Add(b.grace)):
		e.State, e.Reason = Missed, PastGrace
	default:
		e.NextAt = b.start(due)
	}
	e.Run = b.run(due, date)
	b.plan.Entries = append(b.plan.Entries, e)
}

// start returns when preparing the next of the briefings due at an hour starts.
func (b *planning) start(due time.Time) time.Time {
	at := due.UnixMilli()
	l, known := b.leads[at]
	if !known {
		l = leadFor(b.least, 0)
	}
	n := b.started[at]
	b.started[at]++
	return due.Add(-l.at(n))
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
