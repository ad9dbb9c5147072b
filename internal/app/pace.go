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

// watchPace puts the pace into the metrics.
func (a *App) watchPace(ctx context.Context) {
	ctx = context.WithoutCancel(ctx) // metrics are asked for longer than New takes
	kinds := []briefing.PaceKind{briefing.PacePost, briefing.PaceUpdate, briefing.PaceOpen, briefing.PaceHistory}
	a.Metrics.WatchPace(kinds, a.Pacer.Wait, func() (int, bool) {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		n, err := a.Store.PendingReaders(ctx)
		return n, err == nil
	})
}
