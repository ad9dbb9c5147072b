package app

import (
	"context"
	"time"

	"achim/briefing"
)

// pacedRuns tells of a run that is under way also when it should end.
type pacedRuns struct {
	briefing.RunStore
	pacer *briefing.Pacer
}

// Runs returns the runs as they are shown: with their estimated ends.
func (a *App) Runs() briefing.RunStore { return pacedRuns{a.Store, a.Pacer} }

// Run returns one run; see briefing.RunStore.
func (p pacedRuns) Run(ctx context.Context, id briefing.RunID) (briefing.Run, error) {
	run, err := p.RunStore.Run(ctx, id)
	if err == nil {
		run.EstimatedEnd, err = p.pacer.EstimatedEnd(ctx, run)
	}
	return run, err
}

// Runs lists runs; see briefing.RunStore.
func (p pacedRuns) Runs(ctx context.Context, filter briefing.RunFilter) ([]briefing.Run, error) {
	runs, err := p.RunStore.Runs(ctx, filter)
	for i := range runs {
		if err == nil {
			runs[i].EstimatedEnd, err = p.pacer.EstimatedEnd(ctx, runs[i])
		}
	}
	return runs, err
}

// newPacer returns the pacer of the configuration; nil, which is no pace, when it is switched off.
func (a *App) newPacer() *briefing.Pacer {
	rate := a.Config.Delivery.RatePerMinute
	if rate == 0 {
		return nil
	}
	return &briefing.Pacer{Store: a.Store, Paces: briefing.SlackPaces(rate), Now: a.now}
}

// watchPace puts the pace and how far runs are into the metrics.
func (a *App) watchPace(ctx context.Context) {
	ctx = context.WithoutCancel(ctx) // metrics are asked for longer than New takes
	kinds := []briefing.PaceKind{briefing.PacePost, briefing.PaceUpdate, briefing.PaceOpen, briefing.PaceHistory}
	a.Metrics.WatchPace(kinds, a.Pacer.Wait, func() (int, time.Duration, bool) {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		n, err := a.Store.PendingReaders(ctx)
		if err != nil || n == 0 {
			return n, 0, err == nil
		}
		end, err := a.Pacer.EstimatedEnd(ctx, briefing.Run{})
		return n, max(0, end.Sub(a.now())), err == nil
	})
}

// wireAhead makes what is done ahead of the hour beside preparing: opening the DMs of new readers, and saying when
// there is not time enough to prepare.
func (a *App) wireAhead() {
	a.Planner.Crowded = func(due time.Time, readers int) {
		a.Logger.Warn("more are due at one hour than can be read ahead within Google's quotas: some briefings will say that a source was limited; spread the hours",
			"due", due.UTC().Format(time.RFC3339), "readers", readers)
	}
	a.Opener = &briefing.Opener{Store: a.Store, Deliverer: a.Pipeline.Deliverer, Pacer: a.Pacer, Now: a.now,
		Trouble: func(id briefing.ReaderID, err error) {
			a.deactivated(id, err)
			a.Logger.Warn("no DM can be opened with a reader: check the Slack id", "reader", id, "error", err)
		}}
}

// openDMs opens DMs ahead of their first hour.
func (a *App) openDMs(ctx context.Context) {
	if _, err := a.Opener.Open(ctx); err != nil && ctx.Err() == nil {
		// Nobody is waiting yet; what is wrong is told when somebody is.
		a.Logger.DebugContext(ctx, "no DM can be opened ahead now; the next minute tries again", "error", err)
	}
}
