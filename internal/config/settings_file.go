package config

import (
	"errors"
	"time"

	"achim/briefing"
)

// fileSetting is one key of the file: what is told of it and how it is read.
type fileSetting struct {
	Setting
	read reader
}

func key(name, preset, help string, read reader) fileSetting {
	return fileSetting{Setting{Name: name, Kind: KindFile, Default: preset, Help: help}, read}
}

// fileSettings is every key of the file, in the order to show. The keys of a feed are read by feedList.
func fileSettings() []fileSetting {
	return append(briefingKeys(), append(sourceKeys(), housekeepingKeys()...)...)
}

func briefingKeys() []fileSetting {
	return []fileSetting{
		key("schedule", "0 9 * * *",
			"When readers without their own hour are briefed: minute hour * * weekdays (30 8 * * mon-fri).",
			text(func(c *Config, s string) (err error) { c.Schedule, err = parseSchedule(s); return err })),
		key("timezone", "Asia/Seoul",
			"The zone of readers without their own, and of the operator: an IANA name.",
			text(func(c *Config, s string) (err error) { c.Timezone, err = briefing.LoadZone(s); return err })),
		key("language", "ko",
			"The language of readers without their own: ko or en.",
			text(func(c *Config, s string) (err error) {
				c.Language, err = choice(s, briefing.Korean, briefing.English)
				return err
			})),
		key("grace", "3h",
			"A briefing that could not be sent within this time after its hour is not sent any more; under 24h.",
			text(func(c *Config, s string) (err error) { c.Grace, err = shorterThan(day)(s); return err })),
		key("mend_until", "18:00",
			"Until when, in the reader's zone, a degraded briefing is mended in place.",
			text(func(c *Config, s string) (err error) { c.MendUntil, err = briefing.ParseTimeOfDay(s); return err })),
		key("prepare.lead", "2m",
			"How long before the hour sources are read; earlier when more than 2,000 readers have the same hour, by 2,500 a minute.",
			text(func(c *Config, s string) (err error) { c.PrepareLead, err = shorterThan(12 * time.Hour)(s); return err })),
		key("holidays.file", "",
			"A table of Korean public holidays, whose years replace those built in: lines of date, name in Korean and name in English, with tabs between. Read again when it changes.",
			text(func(c *Config, s string) error { c.HolidaysFile = s; return nil })),
	}
}

func sourceKeys() []fileSetting {
	return []fileSetting{
		budget(briefing.Gmail, "20s", "How long a reader's Gmail may take; what is late is named, and filled in later."),
		budget(briefing.Calendar, "10s", "How long a reader's calendars may take."),
		budget(briefing.News, "15s", "How long all feeds of a reader may take together."),
		key("news.feeds", "", "The team's feeds, beside each reader's own; none by default. A list of url, title and max_items.", feedList),
		key("news.feeds[].url", "", "Address of an RSS, Atom or JSON feed.", nil),
		key("news.feeds[].title", "", "What readers see as the publisher; without one, the feed's own title.", nil),
		key("news.feeds[].max_items", "", "How many stories of this feed a briefing may hold at most; without it there is no limit of its own.", nil),
		key("news.allow_private_networks", "false",
			"Whether feeds may be fetched from private and loopback addresses. Readers may add feeds: leave it off unless you run a feed inside.",
			truth(func(c *Config) *bool { return &c.AllowPrivateNetworks })),
		key("google.scopes", "openid, userinfo.email, gmail.readonly, calendar.readonly",
			"What readers are asked to allow; short names or whole ones.", texts(func(c *Config) *[]string { return &c.Google.Scopes }, parseScope)),
		key("google.publishing", "unknown",
			"State of the OAuth consent screen: internal, production, testing (grants end after seven days) or unknown.",
			text(func(c *Config, s string) (err error) {
				c.Google.Publishing, err = choice(s, PublishingInternal, PublishingProduction, PublishingTesting, PublishingUnknown)
				return err
			})),
		key("google.allowed_domains", "",
			"Only Google accounts of these domains may be connected; empty = any.", texts(func(c *Config) *[]string { return &c.Google.AllowedDomains }, parseDomain)),
		key("google.expose_access_tokens", "false",
			"Whether POST /api/gmail/refresh returns access tokens whole instead of masked. Only for programs that still need them.",
			truth(func(c *Config) *bool { return &c.Google.ExposeAccessTokens })),
	}
}

func housekeepingKeys() []fileSetting {
	return []fileSetting{
		key("delivery.rate_per_minute", "300",
			"How many messages a minute a workspace gets at most, from all processes together; up to 20 (or a second's worth, if that is more) go out at once. Slack allows several hundred. 0 switches the pace off, for measurements: then a refusal holds back only the message it met.",
			number(0, 600000, func(c *Config) *int { return &c.Delivery.RatePerMinute })),
		key("delivery.operator", "",
			"Who runs this server: a name pages show, such as @jiwon, or a Slack member id, which then also is SLACK_OPERATOR_USER unless that is set.",
			text(func(c *Config, s string) (err error) { c.Delivery.Operator, err = parseName(s); return err })),
		key("summary.provider", "none",
			"Which kind of language model edits briefings, which sends it what docs/privacy.md lists: none, or openai for any API of its form.",
			text(func(c *Config, s string) (err error) {
				c.Summary.Provider, err = choice(s, SummaryNone, SummaryOpenAI)
				return err
			})),
		key("summary.budget", "8s",
			"How long a briefing waits for the language model; after that it goes out without.",
			text(func(c *Config, s string) (err error) {
				c.Summary.Budget, err = shorterThan(31 * time.Second)(s)
				return err
			})),
		key("retention.content", "30d",
			"How long the content of briefings is kept (30d, 1y, 720h).",
			text(func(c *Config, s string) (err error) { c.Retention.Content, err = parseDuration(s, true); return err })),
		key("retention.verdicts", "1y",
			"How long it is kept which source was read and how that went.",
			text(func(c *Config, s string) (err error) { c.Retention.Verdicts, err = parseDuration(s, true); return err })),
		key("conversation_log.content", "full",
			"What conversation_log holds of each briefing: full (the plain text) or gist (counts only).",
			text(func(c *Config, s string) (err error) {
				c.ConversationLogContent, err = choice(s, LogFull, LogGist)
				return err
			})),
	}
}

func budget(source briefing.SourceName, preset, help string) fileSetting {
	return key("sources."+string(source)+".budget", preset, help,
		text(func(c *Config, s string) error {
			d, err := shorterThan(5 * time.Minute)(s)
			c.Budgets[source] = d
			return err
		}))
}

// shorterThan returns a reader of durations that refuses those as long as most, which no morning could bear.
func shorterThan(most time.Duration) func(string) (time.Duration, error) {
	return func(s string) (time.Duration, error) {
		d, err := parseDuration(s, false)
		if err == nil && d >= most {
			return 0, errors.New(quoted(s) + " is too long: write less than " + brief(most))
		}
		return d, err
	}
}
