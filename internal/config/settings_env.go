package config

import (
	"errors"
	"log/slog"
	"strings"

	"achim/briefing"
	seal "achim/internal/secret"
)

// envSetting is one variable: what is told of it and how it is read. A nil set is read by Load itself.
type envSetting struct {
	Setting
	set func(c *Config, value string) error
}

func variable(name, preset, help string, set func(*Config, string) error) envSetting {
	return envSetting{Setting{Name: name, Kind: KindEnv, Default: preset, Help: help}, set}
}

// envSettings is every variable there is, in the order to show.
func envSettings() []envSetting {
	all := serverVariables()
	all = append(all, googleVariables()...)
	all = append(all, slackVariables()...)
	return append(all, upstreamVariables()...)
}

func serverVariables() []envSetting {
	return []envSetting{
		variable("ACHIM_CONFIG", "achim.yaml, if there is one", "The YAML file; --config wins over it.", nil),
		secret("DATABASE_URL", "Where everything is kept: sqlite:PATH or postgres://…; sqlite:achim.db when not set.",
			func(c *Config, s string) error {
				checked, err := parseDatabase(s)
				c.DatabaseURL = briefing.NewSecret(checked)
				return err
			}).preset("sqlite:achim.db"),
		variable("ACHIM_ADDR", "127.0.0.1:8001", "Where to listen: host:port, several with commas.",
			func(c *Config, s string) (err error) { c.Addrs, err = parseAddrs(s); return err }),
		variable("ACHIM_PUBLIC_URL", "http:// and the address", "How people reach this server. Links are put into messages only if a phone can use them: https and a name.",
			func(c *Config, s string) (err error) {
				c.PublicURL, err = parseBase(s)
				c.PublicURLSet = true
				return err
			}),
		secret("CRON_SECRET", "Bearer that triggers briefings and reads statuses; several with commas are valid at once. serve refuses to start without.",
			func(c *Config, s string) (err error) { c.CronSecrets, err = parseSecrets(s); return err }),
		secret("ACHIM_API_SECRET", "Bearer that reads content and tokens; several with commas. Not set: CRON_SECRET does both.",
			func(c *Config, s string) (err error) { c.APISecrets, err = parseSecrets(s); return err }),
		secret("ACHIM_ENCRYPTION_KEY", "Seals tokens and content in the database: 32 bytes as base64, or a keyset of Tink (achim keys generate). Other programs cannot read sealed tokens.",
			setEncryptionKey),
		variable("ACHIM_LOG_LEVEL", "info", "debug, info, warn or error.", setLogLevel),
		secret("ALERT_WEBHOOK_URL", "Gets a POST, as JSON, when a person has something to mend, somebody is without a briefing, or the database is gone: counts, no names. A Slack incoming webhook will do.",
			webhookIn(func(c *Config) *briefing.Secret { return &c.AlertWebhookURL })),
		secret("HEARTBEAT_URL", "Gets a GET five minutes after the hour when everybody due is accounted for, and on days without anybody due, so that silence can ring a bell.",
			webhookIn(func(c *Config) *briefing.Secret { return &c.HeartbeatURL })),
	}
}

func googleVariables() []envSetting {
	return []envSetting{
		variable("GOOGLE_CLIENT_ID", "", "OAuth client, of the type web application.",
			func(c *Config, s string) error { c.Google.ClientID = s; return nil }),
		secret("GOOGLE_CLIENT_SECRET", "The client's secret.",
			secretIn(func(c *Config) *briefing.Secret { return &c.Google.ClientSecret })),
		variable("GOOGLE_CREDENTIALS_FILE", "", "Google's credentials.json, instead of id and secret.", nil),
		variable("GOOGLE_REDIRECT_URL", "public URL + "+callbackPath, "Where Google sends people back to, as registered with the client.",
			func(c *Config, s string) (err error) {
				c.Google.RedirectURL, err = parseWhole(s)
				c.Google.RedirectSet = true
				return err
			}),
	}
}

func slackVariables() []envSetting {
	return []envSetting{
		secret("SLACK_BOT_TOKEN", "Bot token of the Slack app (xoxb-…).",
			secretIn(func(c *Config) *briefing.Secret { return &c.Slack.BotToken })),
		secret("SLACK_SIGNING_SECRET", "Signing secret of the Slack app. Not set: links instead of buttons.",
			secretIn(func(c *Config) *briefing.Secret { return &c.Slack.SigningSecret })),
		secret("SLACK_APP_TOKEN", "App-level token for Socket Mode (xapp-…).",
			secretIn(func(c *Config) *briefing.Secret { return &c.Slack.AppToken })),
		variable("SLACK_OPERATOR_USER", "", "Member id of who gets a DM when a person has something to mend, or somebody is without a briefing.",
			func(c *Config, s string) (err error) { c.Slack.OperatorUser, err = parseMember(s); return err }),
		secret("OPENAI_API_KEY", "Key of the language model. Not set: none is sent, which models of your own may take.",
			secretIn(func(c *Config) *briefing.Secret { return &c.OpenAI.APIKey })),
		variable("OPENAI_BASE_URL", "https://api.openai.com/v1", "Another API of the same form, such as http://127.0.0.1:11434/v1 of Ollama.",
			baseIn(func(c *Config) *string { return &c.OpenAI.BaseURL })),
		variable("OPENAI_MODEL", "gpt-5-mini", "Name of the model.",
			func(c *Config, s string) error { c.OpenAI.Model = s; return nil }),
	}
}

func upstreamVariables() []envSetting {
	return []envSetting{
		variable("GOOGLE_AUTH_URL", "https://accounts.google.com/o/oauth2/v2/auth", "Google's consent page.",
			wholeIn(func(c *Config) *string { return &c.Google.AuthURL })),
		variable("GOOGLE_TOKEN_URL", "https://oauth2.googleapis.com/token", "Google's token endpoint.",
			wholeIn(func(c *Config) *string { return &c.Google.TokenURL })),
		variable("GOOGLE_REVOKE_URL", "https://oauth2.googleapis.com/revoke", "Google's revocation endpoint.",
			wholeIn(func(c *Config) *string { return &c.Google.RevokeURL })),
		variable("GOOGLE_USERINFO_URL", "https://openidconnect.googleapis.com/v1/userinfo", "Google's userinfo endpoint.",
			wholeIn(func(c *Config) *string { return &c.Google.UserinfoURL })),
		variable("GMAIL_API_URL", "https://gmail.googleapis.com", "Base of the Gmail API.",
			baseIn(func(c *Config) *string { return &c.Google.GmailURL })),
		variable("CALENDAR_API_URL", "https://www.googleapis.com", "Base of the Calendar API.",
			baseIn(func(c *Config) *string { return &c.Google.CalendarURL })),
		variable("SLACK_API_URL", "https://slack.com/api", "Base of Slack's Web API.",
			baseIn(func(c *Config) *string { return &c.Slack.URL })),
	}
}

func secret(name, help string, set func(*Config, string) error) envSetting {
	return envSetting{Setting{Name: name, Kind: KindEnv, Help: help, Secret: true}, set}
}

func (s envSetting) preset(value string) envSetting {
	s.Default = value
	return s
}

func secretIn(field func(*Config) *briefing.Secret) func(*Config, string) error {
	return func(c *Config, s string) (err error) { *field(c), err = parseSecret(s); return err }
}

func webhookIn(field func(*Config) *briefing.Secret) func(*Config, string) error {
	return func(c *Config, s string) error {
		checked, err := parseWhole(s)
		*field(c) = briefing.NewSecret(checked)
		return err
	}
}

func wholeIn(field func(*Config) *string) func(*Config, string) error {
	return func(c *Config, s string) (err error) { *field(c), err = parseWhole(s); return err }
}

func baseIn(field func(*Config) *string) func(*Config, string) error {
	return func(c *Config, s string) (err error) { *field(c), err = parseBase(s); return err }
}

// setEncryptionKey refuses what nothing can be sealed with. A keyset may stretch over lines.
func setEncryptionKey(c *Config, s string) error {
	c.EncryptionKey = briefing.NewSecret(s)
	_, err := seal.NewSealer(s)
	return err
}

func setLogLevel(c *Config, s string) error {
	if err := c.LogLevel.UnmarshalText([]byte(strings.ToUpper(s))); err != nil || strings.ContainsAny(s, "+-") {
		c.LogLevel = slog.LevelInfo
		return errors.New(quoted(s) + " is not a log level: write debug, info, warn or error")
	}
	return nil
}

// variableFor returns the variable that a key found in the file stands for: slack.bot_token or bot_token for
// SLACK_BOT_TOKEN. Bare names count only for secrets; anything else is more likely a misspelt key.
func variableFor(name string) (Setting, bool) {
	upper := strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(name))
	upper = strings.TrimSuffix(upper, "_FILE")
	leaf := upper
	if i := strings.LastIndex(name, "."); i >= 0 {
		leaf = strings.TrimSuffix(strings.ToUpper(strings.ReplaceAll(name[i+1:], "-", "_")), "_FILE")
	}
	for _, s := range envSettings() {
		if s.Name == upper || s.Name == "ACHIM_"+upper || s.Name == leaf || s.Name == upper+"_FILE" {
			return s.Setting, true
		}
	}
	for _, s := range envSettings() {
		if s.Secret && strings.HasSuffix(s.Name, "_"+leaf) && strings.Contains(leaf, "_") {
			return s.Setting, true
		}
	}
	return Setting{}, false
}
