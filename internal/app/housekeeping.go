package app

import (
	"context"
	"errors"
	"time"

	"achim/briefing"
	"achim/store"
)

// dryRunsEnd is the age at which a dry run that has not finished is taken for one whose process has ended.
const dryRunsEnd = 30 * time.Minute

// ticked is what is looked after every minute, beside everything else.
func (a *App) ticked() {
	a.checkAlarm()
	a.behind.GoWhileOpen(a.openDMs)
	a.behind.GoWhileOpen(a.keepGrants)
	a.behind.GoWhileOpen(a.checkNotices)
	a.behind.Go(a.synchronize)
	a.behind.Go(a.dropUnconfirmed)
	a.behind.Go(func(context.Context) { // a fault in the file of holidays is told in the evening, and not when a day off is asked for
		a.Defaults.Holiday(briefing.DateOf(a.now(), a.Config.Timezone))
	})
}

// dropUnconfirmed forgets the accounts that somebody allowed at Google and did not confirm here.
func (a *App) dropUnconfirmed(ctx context.Context) {
	err := a.Google.DropUnconfirmed(ctx)
	if err != nil && briefing.ReasonOf(err) != briefing.Unavailable { // that the database is away others say
		a.Logger.ErrorContext(ctx, "grants that nobody confirmed could not all be revoked at Google; they serve no briefing", "error", err)
	}
}

// synchronize takes the time from the database, so that all processes on it have one clock, and says when that is
// another than this machine's.
func (a *App) synchronize(ctx context.Context) {
	// Whoever needs the database says that it is away.
	_ = a.measureClock(ctx)
}

// Tries to measure the clock before anything is done by it, and the pause between two.
const (
	clockTries = 20
	clockPause = 500 * time.Millisecond
)

// setClock measures the clock before anything is done by it: with a wrong one a process would post early, or take over
// what another is about to post.
func (a *App) setClock(ctx context.Context) error {
	for n := 1; ; n++ {
		err := a.measureClock(ctx)
		if !errors.Is(err, store.ErrSlowClock) || n == clockTries {
			return err
		}
		select {
		case <-time.After(clockPause):
		case <-ctx.Done():
			return err
		}
	}
}

// measureClock measures the clock once.
func (a *App) measureClock(ctx context.Context) error {
	if a.clock == nil {
		return nil
	}
	before := a.clock.Corrected()
	corrected, err := a.Store.Synchronize(ctx, a.clock)
	switch {
	case err != nil:
		return err
	case (corrected-before).Abs() > time.Second && corrected != 0:
		a.Logger.WarnContext(ctx, "this machine's clock is wrong, or the database's is; all go by the database's: set up NTP on both",
			"corrected_by", corrected.Round(time.Millisecond).String())
	case corrected == 0 && before != 0:
		a.Logger.InfoContext(ctx, "this machine's clock agrees with the database's again")
	}
	return nil
}

// Housekeep removes what retention says is kept no longer, and what is kept of readers long gone, and says how much that
// was; then it seals what others have written plain. It is called every night.
func (a *App) Housekeep(ctx context.Context) {
	if err := a.Store.CloseDryRuns(ctx, a.now().Add(-dryRunsEnd)); err != nil {
		a.Logger.ErrorContext(ctx, "runs that ended unfinished stay open; tomorrow night tries again", "error", err)
	}
	keep := a.Config.Retention
	before := func(d time.Duration) briefing.Date { return briefing.DateOf(a.now().Add(-d), a.Config.Timezone) }
	gone, err := a.Store.Expire(ctx, before(keep.Content), before(keep.Verdicts))
	if err != nil {
		a.Logger.ErrorContext(ctx, "retention failed; tomorrow night tries again", "error", err)
	}
	departed, err := a.eraseLeft(ctx)
	if err != nil {
		a.Logger.ErrorContext(ctx, "what is kept of readers who are gone could not all be erased; tomorrow night tries again", "error", err)
	}
	a.Logger.InfoContext(ctx, "retention", "contents_removed", gone.Contents, "texts_removed", gone.Texts, "entries_removed", gone.Entries,
		"consents_removed", gone.Consents, "grant_states_removed", gone.States, "readers_erased", departed.Erased, "grants_ended", departed.Grants)
	a.behind.GoWhileOpen(a.seal)
}
