package app

import (
	"context"
	"net/http"

	"achim/internal/alarm"
)

// wireAlarm makes what tells the operator how the morning went. It has connections of its own: they are not to be
// held up by anybody else's.
func (a *App) wireAlarm() {
	cfg := a.Config
	transport := http.DefaultTransport.(*http.Transport).Clone()
	a.cleanups.add("connections of the alarm", func(context.Context) error { transport.CloseIdleConnections(); return nil })
	a.Alarm = &alarm.Alarm{
		Store: a.Store, Readers: a.Store, Deliverer: a.Pipeline.Deliverer, Pacer: a.Pacer,
		Operator: cfg.Slack.OperatorUser, Webhook: cfg.AlertWebhookURL, Heartbeat: cfg.HeartbeatURL,
		Language: cfg.Language, Zone: cfg.Timezone, At: cfg.Schedule.At,
		Logger: a.Logger, Now: a.now, Client: &http.Client{Transport: transport},
		Counted: func(account alarm.Account) { a.Metrics.Accounted(account.Due) },
		Stands:  a.Metrics.Stands,
		Told:    a.Metrics.Told,
		Blind:   a.Metrics.Blind,
	}
}

// checkAlarm accounts for what is ripe, beside everything else: a webhook that hangs must not delay planning.
func (a *App) checkAlarm() {
	a.behind.Go(func(ctx context.Context) {
		if err := a.Alarm.Check(ctx); err != nil && ctx.Err() == nil {
			a.Logger.ErrorContext(ctx, "the morning cannot be accounted for; the next minute tries again", "error", err)
		}
	})
}
