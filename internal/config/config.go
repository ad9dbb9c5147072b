// Package config reads what an operator sets: built-in defaults, then one YAML file, then the environment,
// which wins.
//
// The lists in settings_file.go and settings_env.go are the only place a setting is named. Loading, the
// check of the example file, help texts and the suggestions for misspelt names are all made from them, so a
// setting cannot exist in one and be missing in another.
//
// Reading is strict: an unknown key or a bad value is a fault, and all faults are reported at once, each
// with its place and its remedy. Secrets come from the environment or from files it names, never from the
// YAML file, and no fault or warning repeats one.
package config

import (
	"log/slog"
	"net"
	"time"

	"achim/briefing"
	"achim/internal/language"
)

// Config is everything that can be set, with every default filled in. Its secrets do not print. Treat it as
// read-only: copies share slices and maps.
type Config struct {
	DatabaseURL   briefing.Secret // postgres://…, postgresql://… or sqlite:PATH; a secret, for it may hold a password
	Addrs         []string        // host:port to listen on, at least one
	PublicURL     string          // how people reach this server; no slash at the end
	PublicURLSet  bool            // somebody chose PublicURL; else it was made up from Addrs[0]
	EncryptionKey briefing.Secret // seals tokens and content at rest; empty = rows are plain
	LogLevel      slog.Level

	CronSecrets []briefing.Secret // any of them triggers and reads statuses; empty = serve refuses
	APISecrets  []briefing.Secret // any of them reads content and tokens; CronSecrets when not set apart

	AlertWebhookURL briefing.Secret // told of what the operator must mend; a webhook's address is its password
	HeartbeatURL    briefing.Secret // called when everybody due in a minute is accounted for

	Google Google
	Slack  Slack
	OpenAI OpenAI

	Schedule    Schedule       // of readers without their own
	Timezone    *time.Location // of readers without their own, and of the operator
	Language    briefing.Language
	Grace       time.Duration      // a briefing later than this is not sent any more
	MendUntil   briefing.TimeOfDay // in the reader's zone: later than this, degraded briefings are left alone
	PrepareLead time.Duration      // how long before the hour sources are read; a minimum
	Budgets     map[briefing.SourceName]time.Duration

	HolidaysFile string // whose years of Korean public holidays replace those built in; "" = none

	Feeds                []briefing.Feed // the team's
	AllowPrivateNetworks bool            // feeds may be fetched from private and loopback addresses

	Delivery               Delivery
	Summary                Summary
	Retention              Retention
	ConversationLogContent LogContent
}

// Google is the OAuth client and where Google is.
type Google struct {
	ClientID     string
	ClientSecret briefing.Secret
	RedirectURL  string // where Google sends people back to; registered with the client
	RedirectSet  bool   // RedirectURL was given, rather than made from PublicURL

	Scopes             []string // whole scope names, in the order given
	Publishing         Publishing
	AllowedDomains     []string // of Google accounts, lower case; empty = any
	ExposeAccessTokens bool     // the refresh endpoint returns tokens instead of masking them

	AuthURL, TokenURL, RevokeURL, UserinfoURL string // whole URLs
	GmailURL, CalendarURL                     string // bases, no slash at the end
}

// Publishing is the state of the OAuth consent screen, which decides how long grants live.
type Publishing string

// The publishing states.
const (
	PublishingUnknown    Publishing = "unknown"
	PublishingInternal   Publishing = "internal"   // Workspace only
	PublishingProduction Publishing = "production" // external, published
	PublishingTesting    Publishing = "testing"    // external, not published: grants end after seven days
)

// Slack is the Slack app and where Slack is.
type Slack struct {
	BotToken      briefing.Secret
	SigningSecret briefing.Secret // empty = no buttons: Slack's calls could not be verified
	AppToken      briefing.Secret // empty = no Socket Mode
	OperatorUser  string          // member id of who is told what readers cannot mend; "" = nobody
	URL           string          // base of the Web API, no slash at the end
}

// OpenAI is an optional language model behind an API of OpenAI's form.
type OpenAI struct {
	APIKey  briefing.Secret // empty = none is sent
	BaseURL string          // no slash at the end
	Model   string
}

// Schedule is when readers without their own hour are briefed.
type Schedule struct {
	At       briefing.TimeOfDay
	Weekdays briefing.Weekdays
}

// Delivery is how messages go out.
type Delivery struct {
	RatePerMinute int    // messages a workspace gets per minute at most; 0 = no pace
	Operator      string // how pages name the operator, such as "@jiwon"; "" = no name
}

// Summary is how a language model may help, where there is one.
type Summary struct {
	Provider SummaryProvider
	Budget   time.Duration // what a briefing waits for the model at most
}

// SummaryProvider says which kind of language model helps, if any.
type SummaryProvider string

// The summary providers.
const (
	SummaryNone   SummaryProvider = "none"
	SummaryOpenAI SummaryProvider = "openai" // any API of OpenAI's form
)

// Retention is how long what was told is kept.
type Retention struct {
	Content  time.Duration // briefings' text
	Verdicts time.Duration // what was read and how it went, without content
}

// LogContent says how much of a briefing goes into conversation_log.
type LogContent string

// The contents of conversation_log.
const (
	LogFull LogContent = "full"
	LogGist LogContent = "gist" // counts only
)

// callbackPath is where this server takes Google's redirects.
const callbackPath = "/api/gmail/callback"

// Defaults returns the configuration of an empty file and an empty environment.
func Defaults() Config {
	c := Config{
		DatabaseURL:            briefing.NewSecret("sqlite:achim.db"),
		Addrs:                  []string{"127.0.0.1:8001"},
		LogLevel:               slog.LevelInfo,
		Google:                 defaultGoogle(),
		Slack:                  Slack{URL: "https://slack.com/api"},
		OpenAI:                 OpenAI{BaseURL: "https://api.openai.com/v1", Model: "gpt-5-mini"},
		Schedule:               Schedule{At: briefing.TimeOfDay{Hour: 9}, Weekdays: briefing.EveryDay},
		Timezone:               seoul(),
		Language:               briefing.Korean,
		Grace:                  3 * time.Hour,
		MendUntil:              briefing.TimeOfDay{Hour: 18},
		PrepareLead:            2 * time.Minute,
		Delivery:               Delivery{RatePerMinute: 300},
		Summary:                Summary{Provider: SummaryNone, Budget: 8 * time.Second},
		Retention:              Retention{Content: 30 * day, Verdicts: year},
		ConversationLogContent: LogFull,
		Budgets: map[briefing.SourceName]time.Duration{
			briefing.Gmail:    20 * time.Second,
			briefing.Calendar: 10 * time.Second,
			briefing.News:     15 * time.Second,
		},
	}
	return c.ListeningOn(c.Addrs[0])
}

func defaultGoogle() Google {
	return Google{
		Scopes: []string{
			"openid",
			scopePrefix + "userinfo.email",
			scopePrefix + "gmail.readonly",
			scopePrefix + "calendar.readonly",
		},
		Publishing:  PublishingUnknown,
		AuthURL:     "https://accounts.google.com/o/oauth2/v2/auth",
		TokenURL:    "https://oauth2.googleapis.com/token",
		RevokeURL:   "https://oauth2.googleapis.com/revoke",
		UserinfoURL: "https://openidconnect.googleapis.com/v1/userinfo",
		GmailURL:    "https://gmail.googleapis.com",
		CalendarURL: "https://www.googleapis.com",
	}
}

// seoul is the default zone. Korea keeps no daylight saving time, so that where the zone database is missing
// a fixed zone of the same name serves until Load reports it.
func seoul() *time.Location {
	zone, err := briefing.LoadZone("Asia/Seoul")
	if err != nil {
		return time.FixedZone("Asia/Seoul", 9*60*60)
	}
	return zone
}

// ListeningOn returns c with the addresses nobody has chosen made from addr, the address a listener really
// has. It is for port 0, which is known only after listening.
func (c Config) ListeningOn(addr string) Config {
	if !c.PublicURLSet {
		c.PublicURL = urlOf(addr)
	}
	if !c.Google.RedirectSet {
		c.Google.RedirectURL = c.PublicURL + callbackPath
	}
	return c
}

// urlOf returns the address somebody on the same machine would use.
func urlOf(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "http://" + addr
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// ReaderDefaults returns the settings of readers without their own, as the planner wants them. Call it once:
// what it returns must not be copied.
func (c Config) ReaderDefaults() *briefing.Defaults {
	return &briefing.Defaults{
		At: c.Schedule.At, Zone: c.Timezone, Weekdays: c.Schedule.Weekdays, Language: c.Language,
		Holiday: language.NewAlmanac(c.HolidaysFile, nil, nil).On,
	}
}
