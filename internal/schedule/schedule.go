// Package schedule is the alarm clock: gocron calls the planner once a minute, and housekeeping once a
// night. It decides nothing. The
// planner is idempotent and the ledger's unique key keeps a briefing from being planned twice, so replicas
// need no lock and no elector, and a tick that is late, missed or repeated does no harm.
package schedule

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/go-co-op/gocron/v2"
)

// Planner plans what is due soon and returns how many entries are new.
type Planner interface {
	Tick(ctx context.Context) (int, error)
}

// Config is what a Clock needs.
type Config struct {
	Planner Planner
	Planned func()                // called after a tick that planned something; may be nil
	Ticked  func()                // called after the first tick and each minute, however planning goes; must not block; may be nil
	Nightly func(context.Context) // called at 03:30; may be nil
	Zone    *time.Location        // of the night; ticks come each minute whatever the zone
	Once    bool                  // the first tick alone: for a house whose clock is not the wall's, where a minute says nothing
	Logger  *slog.Logger
}

// Clock ticks. Start it once; Stop may be called more than once.
type Clock struct {
	cfg       Config
	scheduler gocron.Scheduler
	shutdown  func() error // of the scheduler, once: a second time it may wait for somebody who has left
}

// New returns a Clock that does not tick yet.
func New(cfg Config) (*Clock, error) {
	scheduler, err := gocron.NewScheduler(gocron.WithLocation(cfg.Zone), gocron.WithStopTimeout(5*time.Second))
	if err != nil {
		return nil, fmt.Errorf("make scheduler: %w", err)
	}
	c := &Clock{cfg: cfg, scheduler: scheduler, shutdown: sync.OnceValue(scheduler.Shutdown)}
	_, err = scheduler.NewJob(
		gocron.CronJob("* * * * *", false),
		gocron.NewTask(c.tick),
		gocron.WithName("plan"),
		gocron.WithSingletonMode(gocron.LimitModeReschedule), // a slow tick is not followed by a second beside it
	)
	if err != nil {
		return nil, fmt.Errorf("schedule planning: %w", err)
	}
	if cfg.Ticked != nil {
		// A job of its own: planning that hangs must not keep the others from being told.
		if _, err = scheduler.NewJob(gocron.CronJob("* * * * *", false), gocron.NewTask(cfg.Ticked), gocron.WithName("watch")); err != nil {
			return nil, fmt.Errorf("schedule watching: %w", err)
		}
	}
	if cfg.Nightly == nil {
		return c, nil
	}
	_, err = scheduler.NewJob(gocron.CronJob("30 3 * * *", false), gocron.NewTask(cfg.Nightly), gocron.WithName("housekeeping"))
	if err != nil {
		return nil, fmt.Errorf("schedule housekeeping: %w", err)
	}
	return c, nil
}

// Start plans once, which catches up what was missed while nothing ran, and then every minute unless that was to be all.
func (c *Clock) Start(ctx context.Context) {
	c.tick(ctx)
	if c.cfg.Ticked != nil {
		c.cfg.Ticked()
	}
	if !c.cfg.Once {
		c.scheduler.Start()
	}
}

// Stop ends ticking and waits for a tick under way.
func (c *Clock) Stop() error {
	if err := c.shutdown(); err != nil {
		return fmt.Errorf("stop scheduler: %w", err)
	}
	return nil
}

// tick plans. This is the rim: a failure is logged here, and the next tick makes it good.
func (c *Clock) tick(ctx context.Context) {
	planned, err := c.cfg.Planner.Tick(ctx)
	if err != nil {
		if ctx.Err() == nil {
			c.cfg.Logger.ErrorContext(ctx, "planning failed; the next minute tries again", "error", err)
		}
		return
	}
	if planned > 0 {
		c.cfg.Logger.InfoContext(ctx, "planned", "entries", planned)
		if c.cfg.Planned != nil {
			c.cfg.Planned()
		}
	}
}
