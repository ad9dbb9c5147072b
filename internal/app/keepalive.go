package app

import (
	"context"
	"errors"

	"achim/briefing"
	"achim/internal/config"
)

// wireKeeper makes what keeps the readers' grants alive, and finds out ahead of the hour which are not.
func (a *App) wireKeeper() {
	a.Keeper = &briefing.Keeper{Store: a.Store, Google: a.Google, Now: a.now,
		Trouble: a.unconfirmed, Surveyed: a.Metrics.GrantsSurveyed}
}

// unconfirmed says that a grant could not be refreshed. The text holds Google's own words for it, which the reader is
// not told: they name no cause that would help.
func (a *App) unconfirmed(owner briefing.ReaderID, err error) {
	say := a.Logger.Warn
	if errors.Is(err, briefing.ErrClientRefused) {
		say = a.Logger.Error
	}
	say("a grant could not be refreshed", "reader", owner, "reason", briefing.ReasonOf(err), "error", err)
}

// keepGrants asks Google about the grants whose time has come.
func (a *App) keepGrants(ctx context.Context) {
	if _, err := a.Keeper.Keep(ctx); err != nil && ctx.Err() == nil {
		a.Logger.ErrorContext(ctx, "grants cannot be looked after; the next minute tries again", "error", err)
	}
}

// testing reports whether the operator says that Google ends every grant after seven days.
func testing(cfg config.Config) bool { return cfg.Google.Publishing == config.PublishingTesting }
