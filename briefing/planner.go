package briefing

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// PlanStore is the store as the planner sees it.
type PlanStore interface {
	// Cohorts returns the cohorts whose PlanAt is not after the time, earliest first. Every reader is in one of
	// them, and none is without readers, unless they have just left.
	Cohorts(ctx context.Context, until time.Time) ([]Cohort, error)
	// Plan writes a plan and returns how many entries were new. Entries whose reader, date and slot exist already
	// are left as they are. When PlanAt does not stand any more, nothing is written: whoever moves it plans. It is
	// not one transaction: until all is written, PlanAt stays, and the plan is to be made again. Of a reader who
	// leaves the cohort or joins it meanwhile the change sees the entry, or the entry is planned by what has changed.
	// May be called by several processes at once.
	Plan(ctx context.Context, p Plan) (int, error)
}

// CohortID identifies a cohort. It is not used again.
type CohortID int64

// Cohort is the readers whom the planner treats alike: they wish for briefings at the same times, and it must
// look at them at the same time. Saving a reader puts them into one.
type Cohort struct {
	ID      CohortID
	Like    Reader // Timezone, At, Weekdays, Paused, PausedUntil, SkipHolidays and PlanAt, as all of them have it
	Readers int    // how many they were
	Joins   int64  // goes up when a reader comes in
}

// Plan is what the planner writes for the readers of a cohort.
type Plan struct {
	Cohort Cohort // as it was read
	Dates  []DatePlan
	Next   time.Time // when to look at the cohort again
}

// DatePlan is the daily entry that every reader of a cohort gets for a date: planned, or missed with the reason.
type DatePlan struct {
	Date   Date
	DueAt  time.Time
	State  State
	Reason Reason
	First  time.Time     // when preparing the first of them starts; zero when missed
	Every  time.Duration // how long after the one before each other starts, by reader id
	Run    Run           // one whose Key exists already is joined; one that gets no new entry leaves no trace
}

// Bounds of planning.
const (
	planTick   = time.Minute // how often the planner is called
	planReach  = planTick + planTick/2
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
	Trouble  func(c Cohort, err error) // told of readers that cannot be planned; may be nil
	// Crowded is told of an hour at which so many are due that preparing them cannot be spread widely enough; may be nil.
	Crowded func(due time.Time, readers int)

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
	var tick *planning
	planned := 0
	for range planAgain {
		now := p.Now()
		cohorts, err := p.Store.Cohorts(ctx, now.Add(max(p.Lead, longestLead)+planReach))
		if err != nil {
			return planned, fmt.Errorf("readers due: %w", err)
		}
		if tick == nil {
			tick = p.survey(now, cohorts)
		}
		due := 0
		for _, c := range cohorts {
			if c.Like.PlanAt.After(tick.horizon) {
				break
			}
			due++
			n, err := p.Store.Plan(ctx, p.plan(tick, c))
			planned += n
			if err != nil {
				return planned, fmt.Errorf("plan %d readers: %w", c.Readers, err)
			}
		}
		if due == 0 {
			break
		}
	}
	return planned, nil
}

// survey returns what must be planned in this tick. When many are due at one hour, their preparing starts earlier,
// and so does their planning.
func (p *Planner) survey(now time.Time, cohorts []Cohort) *planning {
	t := &planning{now: now, horizon: now.Add(p.Lead + planReach), grace: p.Grace, least: p.Lead,
		leads: map[int64]lead{}, started: map[int64]int{}}
	counts := map[time.Time]int{}
	for _, c := range cohorts {
		if c.Like.PlanAt.After(now) {
			counts[c.Like.PlanAt] += c.Readers
		}
	}
	for due, n := range counts {
		l := leadFor(p.Lead, n)
		t.leads[due.UnixMilli()] = l
		if starts := due.Add(-l.longest); !starts.After(now.Add(planReach)) {
			if due.After(t.horizon) {
				t.horizon = due
			}
			if p.Crowded != nil && l.crowded() {
				p.Crowded(due, n)
			}
		}
	}
	return t
}

// align moves readers forward whose hour is earlier than when they were planned, because the operator's
// defaults have changed: without it their first briefing after the change would be late. Once a process.
func (p *Planner) align(ctx context.Context) error {
	now := p.Now()
	cohorts, err := p.Store.Cohorts(ctx, now.Add(alignWithin))
	if err != nil {
		return fmt.Errorf("readers to align: %w", err)
	}
	for _, c := range cohorts {
		schedule, err := p.Defaults.Schedule(c.Like)
		if err != nil || !c.Like.PlanAt.After(now) {
			continue
		}
		due := schedule.DueAt(schedule.Next(now))
		if !due.Before(c.Like.PlanAt) {
			continue
		}
		if _, err := p.Store.Plan(ctx, Plan{Cohort: c, Next: due}); err != nil {
			return fmt.Errorf("align %d readers: %w", c.Readers, err)
		}
	}
	return nil
}

// plan returns the plan for a cohort.
func (p *Planner) plan(tick *planning, c Cohort) Plan {
	schedule, err := p.Defaults.Schedule(c.Like)
	if err == nil {
		return tick.plan(c, schedule)
	}
	if p.Trouble != nil {
		p.Trouble(c, err)
	}
	// Look again tomorrow rather than every minute; the others must not wait for these.
	return Plan{Cohort: c, Next: tick.now.Add(24 * time.Hour)}
}

// planning is what a tick knows.
type planning struct {
	now, horizon time.Time
	grace, least time.Duration
	leads        map[int64]lead // by due time, in milliseconds of Unix time
	started      map[int64]int  // how many of them have their start
}

// plan plans every date of the cohort from PlanAt up to the horizon.
func (t *planning) plan(c Cohort, s Schedule) Plan {
	p, from := Plan{Cohort: c}, c.Like.PlanAt
	if from.IsZero() {
		from = t.now
	}
	if oldest := t.now.Add(-planBehind); from.Before(oldest) {
		from = oldest
	}
	date := s.Next(from.Add(-time.Nanosecond))
	if from.Equal(c.Like.PlanAt) {
		date = s.planned(from)
	}
	for ; !s.DueAt(date).After(t.horizon); date = date.AddDays(1) {
		p.Dates = append(p.Dates, t.date(c, s, date))
	}
	p.Next = s.DueAt(date)
	return p
}

// date plans one date.
func (t *planning) date(c Cohort, s Schedule, date Date) DatePlan {
	due := s.DueAt(date)
	d := DatePlan{Date: date, DueAt: due, State: Planned, Run: t.run(due, date)}
	switch reason := s.Spares(c.Like, date); {
	case reason != "":
		d.State, d.Reason = Missed, reason
	case t.now.After(due.Add(t.grace)):
		d.State, d.Reason = Missed, PastGrace
	default:
		d.First, d.Every = t.starts(due, c.Readers)
	}
	return d
}

// starts returns when preparing the first of the next n briefings due at an hour starts, and how long after it each
// other.
func (t *planning) starts(due time.Time, n int) (first time.Time, every time.Duration) {
	at := due.UnixMilli()
	l, known := t.leads[at]
	if !known {
		l = leadFor(t.least, 0)
	}
	first = due.Add(-l.at(t.started[at]))
	t.started[at] += n
	return first, l.step()
}

// run returns the run of a due minute: all replicas, and all readers of that minute, share it. Its id follows from
// its key, so that they need not ask one another.
func (t *planning) run(due time.Time, date Date) Run {
	kind := RunSchedule
	if t.now.After(due.Add(onTime)) {
		kind = RunCatchup
	}
	key := string(kind) + "/" + due.UTC().Format("2006-01-02T15:04Z")
	return Run{ID: RunID(idOf(key)), Kind: kind, Key: key, Date: date, StartedAt: t.now}
}
