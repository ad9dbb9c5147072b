package app

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"achim/delivery"
	"achim/internal/httpserver"
	"achim/internal/slackapp"
)

// Handler returns everything Achim serves over HTTP.
func (a *App) Handler() http.Handler {
	cfg := a.Config
	return httpserver.New(httpserver.Deps{
		Triggers: a.Trigger, Roster: a.Roster, Eraser: a, Readers: a.Store, Runs: a.Runs(), Ledger: a.Store,
		Credentials: a.Google, Connector: a.Google, Peek: a.Pipeline, Links: pageLinks{a},
		Renderer: a.Renderer, Pages: a.Renderer, Defaults: a.Defaults,
		CronSecrets: cfg.CronSecrets, APISecrets: cfg.APISecrets,
		KnowsBrowsers:      secureHost(cfg.PublicURL, cfg.Google.RedirectURL),
		ExposeAccessTokens: cfg.Google.ExposeAccessTokens, Operator: cfg.Delivery.Operator,
		KeepContent: cfg.Retention.Content, KeepVerdicts: cfg.Retention.Verdicts, Ready: a.ready, Metrics: a.Metrics.Handler(),
		Interactions: slackapp.New(slackapp.Config{Verify: a.slackVerifier(), Logger: a.Logger}),
		Observe:      a.Metrics.Request, Logger: a.Logger, Now: a.now,
	})
}

// secureHost reports whether a cookie set on the one address comes along to the other, and nobody on the
// way can read it: both are https, and on one host.
func secureHost(a, b string) bool {
	one, err := url.Parse(a)
	other, otherErr := url.Parse(b)
	return err == nil && otherErr == nil && one.Scheme == "https" && other.Scheme == "https" && one.Hostname() == other.Hostname()
}

// ready reports whether briefings could go out now.
func (a *App) ready(ctx context.Context) error {
	if err := a.Store.Ping(ctx); err != nil {
		return err
	}
	lacked, err := a.Store.KeysLacked(ctx)
	if err == nil && len(lacked) > 0 {
		err = &httpserver.NotReadyError{Detail: fmt.Sprintf("Others seal with key %s, which this server was started without: it cannot read what they write. "+
			"Set ACHIM_ENCRYPTION_KEY to theirs, or to a keyset that holds it too, and restart.", strings.Join(lacked, ", "))}
	}
	return err
}

// slackVerifier returns how Slack's calls are verified, nil without a signing secret.
func (a *App) slackVerifier() func(http.Header, []byte) error {
	signing := a.Config.Slack.SigningSecret
	if signing.IsZero() {
		return nil
	}
	return func(h http.Header, body []byte) error { return delivery.VerifySignature(signing, h, body) }
}
