package briefing

import (
	"context"
	"fmt"
	"sync"
)

// dryRunsAtOnce bounds how many readers of a dry run are read at once.
const dryRunsAtOnce = 4

// dryRun starts a run that reads and composes and sends nothing.
func (t *Trigger) dryRun(ctx context.Context, run Run, readers []Reader, dates []Date) (Run, error) {
	for _, r := range readers {
		run.Readers = append(run.Readers, RunReader{Reader: r.ID, SlackUserID: r.SlackUserID})
	}
	if err := t.Runs.Trigger(ctx, run, nil); err != nil {
		return Run{}, fmt.Errorf("start dry run: %w", err)
	}
	t.Go(func(ctx context.Context) {
		slots := make(chan struct{}, dryRunsAtOnce)
		var wg sync.WaitGroup
		for i, r := range readers {
			slots <- struct{}{}
			wg.Go(func() {
				defer func() { <-slots }()
				t.tryOut(ctx, run.ID, r, dates[i])
			})
		}
		wg.Wait()
	})
	return t.Runs.Run(ctx, run.ID)
}

// tryOut composes one reader's briefing and records it as the run's outcome.
func (t *Trigger) tryOut(ctx context.Context, run RunID, r Reader, date Date) {
	rr := RunReader{Reader: r.ID, SlackUserID: r.SlackUserID, Outcome: OutcomeDryRun}
	if r.Left() {
		rr.Outcome, rr.Reason = OutcomeSkipped, Left
	} else if b, err := t.Pipeline.Preview(ctx, r, date); err != nil {
		rr.Outcome, rr.Reason = OutcomeFailed, ReasonOf(err)
		t.Pipeline.Observe.trouble(Entry{Reader: r.ID, Date: date}, fmt.Errorf("dry run: %w", err))
	} else {
		rr.Status, rr.Text, rr.Verdicts = b.Status, t.Pipeline.Renderer.Render(b).Plain, map[SourceName]Verdict{}
		for _, s := range b.Sections {
			rr.Verdicts[s.Source] = s.Verdict
		}
	}
	// A dry run that was cut short by stopping is told as failed rather than left running for ever.
	if err := t.DryRuns.SettleRunReader(context.WithoutCancel(ctx), run, rr); err != nil {
		t.Pipeline.Observe.trouble(Entry{Reader: r.ID, Date: date}, fmt.Errorf("record dry run: %w", err))
	}
	if t.Settled != nil {
		t.Settled()
	}
}
