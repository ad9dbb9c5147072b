package app

import (
	"context"
	"time"

	"achim/briefing"
)

// dryRunsEnd is the age at which a dry run that has not finished is taken for one whose process has ended.
const dryRunsEnd = 30 * time.Minute

// expire removes what retention says is kept no longer, and says how much that was.
func (a *App) expire(ctx context.Context) {
	if err := a.Store.CloseDryRuns(ctx, a.now().Add(-dryRunsEnd)); err != nil {
		a.Logger.ErrorContext(ctx, "runs that ended unfinished stay open; tomorrow night tries again", "error", err)
	}
	keep := a.Config.Retention
	before := func(d time.Duration) briefing.Date { return briefing.DateOf(a.now().Add(-d), a.Config.Timezone) }
	gone, err := a.Store.Expire(ctx, before(keep.Content), before(keep.Verdicts))
	if err != nil {
		a.Logger.ErrorContext(ctx, "retention failed; tomorrow night tries again", "error", err)
	}
	a.Logger.InfoContext(ctx, "retention", "contents_removed", gone.Contents, "entries_removed", gone.Entries)
}
