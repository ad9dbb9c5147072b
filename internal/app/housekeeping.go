package app

import (
	"context"
	"time"

	"achim/briefing"
)

// expire removes what retention says is kept no longer, and says how much that was.
func (a *App) expire(ctx context.Context) {
	keep := a.Config.Retention
	before := func(d time.Duration) briefing.Date { return briefing.DateOf(a.now().Add(-d), a.Config.Timezone) }
	gone, err := a.Store.Expire(ctx, before(keep.Content), before(keep.Verdicts))
	if err != nil {
		a.Logger.ErrorContext(ctx, "retention failed; tomorrow night tries again", "error", err)
	}
	a.Logger.InfoContext(ctx, "retention", "contents_removed", gone.Contents, "entries_removed", gone.Entries)
}
