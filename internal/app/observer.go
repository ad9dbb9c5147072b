package app

import (
	"context"
	"time"

	"achim/briefing"
)

// observer logs and counts what the pipeline does. It is the rim: errors the pipeline survives end here.
func (a *App) observer() briefing.Observer {
	return briefing.Observer{
		SourceRead: a.sourceRead,
		Moved:      a.moved,
		Trouble: func(e briefing.Entry, err error) {
			a.Metrics.Trouble(e, err)
			a.deactivated(e.Reader, err)
			a.Logger.Warn("delivery has trouble", "entry", e.ID, "state", e.State, "reason", briefing.ReasonOf(err), "error", err)
		},
	}
}

func (a *App) sourceRead(s briefing.Section, err error, took time.Duration) {
	a.Metrics.SourceRead(s, err, took)
	a.noteTrouble(s)
	if err != nil && s.Verdict.State != briefing.VerdictNotConnected {
		a.Logger.Warn("source not read in full", "name", s.Source, "verdict", s.Verdict.State,
			"reason", s.Verdict.Reason, "error", err, "took", took.Round(time.Millisecond))
	}
}

func (a *App) moved(e briefing.Entry, outcome briefing.Outcome) {
	a.bell.Ring()
	a.Metrics.Moved(e, outcome)
	switch {
	case outcome == briefing.OutcomePending:
		return
	case outcome == briefing.OutcomeFailed && e.State != briefing.Failed:
		a.Logger.Warn("not delivered so far; tried again until the grace is over", "entry", e.ID, "date", e.Date.String(),
			"slot", e.Slot, "reason", e.Reason)
		return
	}
	a.Logger.Info("entry settled", "outcome", outcome, "entry", e.ID, "date", e.Date.String(), "slot", e.Slot,
		"status", e.Status, "reason", e.Reason)
}

// CheckSlack asks Slack whether the bot token works and says so in the log. A token that does not work
// stops nothing: readers can still connect, and it may be mended while Achim runs.
func (a *App) CheckSlack(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	bot, team, err := a.Slack.Check(ctx)
	if err != nil && briefing.ReasonOf(err) != briefing.ClientMisconfigured {
		a.Logger.ErrorContext(ctx, "Slack cannot be reached now; briefings are tried until their grace is over", "error", err)
		return
	}
	if err != nil {
		a.Logger.ErrorContext(ctx, "Slack does not take the bot token: no briefing can be delivered until it does",
			"remedy", "check SLACK_BOT_TOKEN and that the app is installed (configs/slack-manifest.yaml)", "error", err)
		return
	}
	a.Logger.InfoContext(ctx, "Slack is ready", "bot", bot, "team", team)
}

// measured counts the calls a deliverer makes.
type measured struct {
	briefing.Deliverer
	called func(method string, err error)
}

func (m measured) Open(ctx context.Context, reader briefing.Reader) (string, error) {
	channel, err := m.Deliverer.Open(ctx, reader)
	m.called("conversations.open", err)
	return channel, err
}

func (m measured) Post(ctx context.Context, p briefing.Post) (string, error) {
	ts, err := m.Deliverer.Post(ctx, p)
	m.called("chat.postMessage", err)
	return ts, err
}

func (m measured) Update(ctx context.Context, ts string, p briefing.Post) error {
	err := m.Deliverer.Update(ctx, ts, p)
	m.called("chat.update", err)
	return err
}

func (m measured) Find(ctx context.Context, channelID string, entry briefing.EntryID, since time.Time) (string, error) {
	ts, err := m.Deliverer.Find(ctx, channelID, entry, since)
	m.called("conversations.history", err)
	return ts, err
}
