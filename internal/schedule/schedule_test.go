package schedule_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"achim/internal/schedule"
)

// planner counts its ticks and fails the first ones.
type planner struct {
	mu    sync.Mutex
	ticks int
	fails int
}

func (p *planner) Tick(context.Context) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ticks++
	if p.fails > 0 {
		p.fails--
		return 0, errors.New("the database is away")
	}
	return 1, nil
}

func TestTicksAtStartAndEveryMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &planner{fails: 1}
		planned, ticked := 0, 0
		var log strings.Builder
		c, err := schedule.New(schedule.Config{
			Planner: p, Planned: func() { planned++ }, Ticked: func() { ticked++ }, Zone: time.UTC,
			Logger: slog.New(slog.NewTextHandler(&log, nil)),
		})
		if err != nil {
			t.Fatal(err)
		}
		c.Start(t.Context()) // plans at once, and that fails: the next minute makes it good
		time.Sleep(3*time.Minute + 30*time.Second)
		synctest.Wait()
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
		if err := c.Stop(); err != nil {
			t.Errorf("second stop: %v", err)
		}
		if p.ticks != 4 || planned != 3 || ticked != 4 {
			t.Errorf("%d ticks in three minutes and a start, %d of them told of, %d followed", p.ticks, planned, ticked)
		}
		if !strings.Contains(log.String(), "the next minute tries again") {
			t.Errorf("a failed tick is not logged: %s", log.String())
		}
	})
}

func TestHousekeepingIsNightly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []string
		c, err := schedule.New(schedule.Config{
			Planner: &planner{}, Zone: time.UTC, Logger: slog.New(slog.DiscardHandler),
			Nightly: func(context.Context) { at = append(at, time.Now().UTC().Format("15:04")) },
		})
		if err != nil {
			t.Fatal(err)
		}
		c.Start(t.Context())
		time.Sleep(48 * time.Hour)
		synctest.Wait()
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
		if len(at) != 2 || at[0] != "03:30" || at[1] != "03:30" {
			t.Errorf("housekeeping in two days: %v", at)
		}
	})
}

// TestOnce: a house whose clock is not the wall's plans at start and hears nothing of the wall's minutes.
func TestOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &planner{}
		c, err := schedule.New(schedule.Config{Planner: p, Zone: time.UTC, Logger: slog.New(slog.DiscardHandler), Once: true})
		if err != nil {
			t.Fatal(err)
		}
		c.Start(t.Context())
		time.Sleep(time.Hour)
		synctest.Wait()
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
		if p.ticks != 1 {
			t.Errorf("%d ticks, want the first alone", p.ticks)
		}
	})
}
