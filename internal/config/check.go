package config

import (
	"crypto/rand"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"achim/briefing"
)

// shortSecret is the length below which a bearer can be guessed.
const shortSecret = 16

// CheckServe returns what serve cannot do without, all of it at once as *Faults, or nil. A missing
// CRON_SECRET comes with a fresh random one to paste.
func (c Config) CheckServe() error {
	var faults []Fault
	need := func(name, problem string) { faults = append(faults, Fault{Key: name, Problem: problem}) }
	if len(c.CronSecrets) == 0 {
		need("CRON_SECRET", "not set, so that nobody could be told from a stranger; paste this fresh one into the environment: CRON_SECRET="+rand.Text())
	}
	if c.Slack.BotToken.IsZero() {
		need("SLACK_BOT_TOKEN", "not set: install the Slack app (configs/slack-manifest.yaml) and paste its bot token, xoxb-…")
	}
	if c.Google.missing() {
		name := "GOOGLE_CLIENT_ID"
		if c.Google.ClientID != "" {
			name = "GOOGLE_CLIENT_SECRET"
		}
		need(name, "not set: set GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET, or GOOGLE_CREDENTIALS_FILE to the path of Google's credentials.json")
	}
	return asError(faults)
}

// LinksUsable reports whether a phone can use links to this server: https, a name rather than an IP address,
// not loopback, and chosen by somebody.
func (c Config) LinksUsable() bool { return c.PublicURLSet && linkFault(c.PublicURL) == "" }

// linkFault says why a phone could not use a link to address, "" when it can.
func linkFault(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "cannot be read"
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	switch {
	case host == "":
		return "names no host"
	case isLoopback(host):
		return "is this machine only"
	case isIP(host):
		return "is an IP address"
	case u.Scheme != "https":
		return "is not https"
	}
	return ""
}

func isLoopback(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// isIP also knows the old forms a browser takes for an address, such as 2130706433: a name's last label is
// never a number.
func isIP(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	last := host[strings.LastIndex(host, ".")+1:]
	return last != "" && (strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x"))
}

// Warnings returns what works but should be looked at, each one line with its remedy. None holds a secret.
func (c Config) Warnings() []string {
	var all []string
	for _, concern := range c.Concerns() {
		all = append(all, concern.Text)
	}
	return all
}

// Topic says what a Concern is about.
type Topic string

// The topics of concerns.
const (
	TopicPublicURL     Topic = "public_url"
	TopicSealing       Topic = "sealing"
	TopicOneSecret     Topic = "one_secret"
	TopicShortSecret   Topic = "short_secret"
	TopicTesting       Topic = "testing"
	TopicExposed       Topic = "exposed_tokens"
	TopicRedirect      Topic = "redirect_url"
	TopicRedirectHost  Topic = "redirect_host"
	TopicSigningSecret Topic = "signing_secret"
	TopicIdle          Topic = "idle_setting"
	TopicMending       Topic = "mend_until"
	TopicPrivateFeeds  Topic = "private_feeds"
	TopicPlainHTTP     Topic = "plain_http"
	TopicOperator      Topic = "operator_name"
)

// Concern is a warning with what it is about.
type Concern struct {
	Topic Topic
	Text  string // one line with its remedy; holds no secret
}

// Concerns returns the warnings, each with its topic.
func (c Config) Concerns() []Concern {
	var all []Concern
	warn := func(topic Topic, when bool, format string, args ...any) {
		if when {
			all = append(all, Concern{topic, fmt.Sprintf(format, args...)})
		}
	}
	c.warnAboutLinks(warn)
	c.warnAboutSecrets(warn)
	c.warnAboutGoogle(warn)
	warn(TopicSigningSecret, c.Slack.SigningSecret.IsZero(),
		"SLACK_SIGNING_SECRET is not set: reconnecting is a link instead of a button")
	warn(TopicOperator, c.Delivery.Operator == "",
		"pages and DMs do not say who runs this server, which readers are told to know before they connect; set delivery.operator to a name they know, such as \"@jiwon\" (a member id is never shown)")
	warn(TopicIdle, !c.Slack.AppToken.IsZero(), "set, but without effect in this version: SLACK_APP_TOKEN")
	if idle := c.idle(); len(idle) > 0 {
		warn(TopicIdle, true, "set, but without effect while summary.provider is none: %s", strings.Join(idle, ", "))
	}
	warn(TopicIdle, c.Summary.Provider == SummaryOpenAI && !c.ModelOn(),
		"summary.provider is openai, but without effect: %s takes nobody without a key; set OPENAI_API_KEY, or OPENAI_BASE_URL to a model of your own", c.OpenAI.BaseURL)
	warn(TopicMending, c.MendUntil.String() <= c.Schedule.At.String(),
		"mend_until (%s) is not after the hour of the briefing (%s): degraded briefings are not mended by themselves", c.MendUntil, c.Schedule.At)
	warn(TopicPrivateFeeds, c.AllowPrivateNetworks,
		"news.allow_private_networks is on: whoever may add a feed can make this server fetch from your network")
	for _, upstream := range c.upstreams() {
		warn(TopicPlainHTTP, isPlainRemote(upstream.url), "%s is plain http: whatever is sent there can be read on the way; use https", upstream.name)
	}
	for _, road := range []struct {
		name    string
		address briefing.Secret
	}{{"ALERT_WEBHOOK_URL", c.AlertWebhookURL}, {"HEARTBEAT_URL", c.HeartbeatURL}} {
		warn(TopicPlainHTTP, isPlainRemote(road.address.Reveal()), "%s is plain http: its address, which is a password, and what is told can be read on the way; use https", road.name)
	}
	return all
}

// ModelOn reports whether a language model edits briefings: somebody asked for one, and it has a key or needs none.
func (c Config) ModelOn() bool {
	return c.Summary.Provider == SummaryOpenAI && (!c.OpenAI.APIKey.IsZero() || c.OpenAI.BaseURL != Defaults().OpenAI.BaseURL)
}

// idle names the settings of a language model that nothing acts on because none is asked for: somebody who sets one must
// not believe that it works.
func (c Config) idle() []string {
	if c.Summary.Provider != SummaryNone {
		return nil
	}
	var names []string
	for _, s := range []struct {
		name string
		set  bool
	}{
		{"OPENAI_API_KEY", !c.OpenAI.APIKey.IsZero()},
		{"OPENAI_BASE_URL", c.OpenAI.BaseURL != Defaults().OpenAI.BaseURL},
		{"OPENAI_MODEL", c.OpenAI.Model != Defaults().OpenAI.Model},
		{"summary.budget", c.Summary.Budget != Defaults().Summary.Budget},
	} {
		if s.set {
			names = append(names, s.name)
		}
	}
	return names
}

type warner func(topic Topic, when bool, format string, args ...any)

func (c Config) warnAboutLinks(warn warner) {
	const remedy = "DMs say whom to ask instead of linking here; set ACHIM_PUBLIC_URL to an https address with a name"
	if !c.PublicURLSet {
		warn(TopicPublicURL, true, "ACHIM_PUBLIC_URL is not set: %s", remedy)
		return
	}
	fault := linkFault(c.PublicURL)
	warn(TopicPublicURL, fault != "", "ACHIM_PUBLIC_URL %s %s: %s", c.PublicURL, fault, remedy)
}

func (c Config) warnAboutSecrets(warn warner) {
	const plain = "tokens and content are written to the database as they are: keep it and its backups to yourself"
	warn(TopicSealing, c.EncryptionKey.IsZero(), plain)
	warn(TopicSealing, !c.EncryptionKey.IsZero() && c.ConversationLogContent == LogFull,
		"what is stored is sealed, but for the text of briefings in conversation_log, which other programs read: set conversation_log.content to gist")
	warn(TopicOneSecret, len(c.CronSecrets) > 0 && sharesSecret(c.CronSecrets, c.APISecrets),
		"one secret does both: whoever may trigger a briefing may read content and tokens too; set ACHIM_API_SECRET to another")
	warn(TopicShortSecret, hasShort(c.CronSecrets),
		"CRON_SECRET is shorter than %d characters and can be guessed: make one with openssl rand -hex 32", shortSecret)
	warn(TopicShortSecret, hasShort(c.APISecrets) && !sharesSecret(c.CronSecrets, c.APISecrets),
		"ACHIM_API_SECRET is shorter than %d characters and can be guessed: make one with openssl rand -hex 32", shortSecret)
}

func (c Config) warnAboutGoogle(warn warner) {
	warn(TopicTesting, c.Google.Publishing == PublishingTesting,
		"google.publishing is testing: Google ends every grant after seven days; publish the consent screen, unverified is enough for up to 100 people")
	warn(TopicExposed, c.Google.ExposeAccessTokens,
		"google.expose_access_tokens is on: POST /api/gmail/refresh hands out access tokens")
	redirect, err := url.Parse(c.Google.RedirectURL)
	if err != nil {
		return
	}
	warn(TopicRedirect, !strings.HasSuffix(redirect.Path, callbackPath),
		"the redirect URL %s does not end in %s, where this server takes redirects", c.Google.RedirectURL, callbackPath)
	warn(TopicRedirect, redirect.Scheme != "https" && !isLoopback(redirect.Hostname()),
		"the redirect URL %s is plain http, which Google accepts for loopback only", c.Google.RedirectURL)
	warn(TopicRedirectHost, c.PublicURLSet && c.Google.RedirectSet && !strings.HasPrefix(c.Google.RedirectURL, c.PublicURL+"/"),
		"the redirect URL %s is not below ACHIM_PUBLIC_URL %s: make sure that both reach this server", c.Google.RedirectURL, c.PublicURL)
}

type upstream struct{ name, url string }

func (c Config) upstreams() []upstream {
	return []upstream{
		{"GOOGLE_AUTH_URL", c.Google.AuthURL},
		{"GOOGLE_TOKEN_URL", c.Google.TokenURL},
		{"GOOGLE_REVOKE_URL", c.Google.RevokeURL},
		{"GOOGLE_USERINFO_URL", c.Google.UserinfoURL},
		{"GMAIL_API_URL", c.Google.GmailURL},
		{"CALENDAR_API_URL", c.Google.CalendarURL},
		{"SLACK_API_URL", c.Slack.URL},
		{"OPENAI_BASE_URL", c.OpenAI.BaseURL},
	}
}

func isPlainRemote(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "http" && !isLoopback(u.Hostname())
}

// sharesSecret reports whether a secret is in both lists.
func sharesSecret(a, b []briefing.Secret) bool {
	return slices.ContainsFunc(a, func(x briefing.Secret) bool {
		return slices.ContainsFunc(b, x.Equal)
	})
}

func hasShort(secrets []briefing.Secret) bool {
	return slices.ContainsFunc(secrets, func(s briefing.Secret) bool { return len(s.Reveal()) < shortSecret })
}
