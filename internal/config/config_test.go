package config_test

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"achim/briefing"
	"achim/internal/config"
)

// source makes a Source of a YAML file (none when ""), variables and further files.
func source(yaml string, env map[string]string, files map[string]string) config.Source {
	return config.Source{
		Getenv: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		ReadFile: func(path string) ([]byte, error) {
			if path == "achim.yaml" && yaml != "" {
				return []byte(yaml), nil
			}
			if content, ok := files[path]; ok {
				return []byte(content), nil
			}
			return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
		},
	}
}

func load(t *testing.T, yaml string, env map[string]string) config.Config {
	t.Helper()
	c, err := config.Load(source(yaml, env, nil))
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	return c
}

// same compares zones by name; secrets compare themselves.
func same() cmp.Option {
	return cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() })
}

func TestNothingSetIsDefaults(t *testing.T) {
	if diff := cmp.Diff(config.Defaults(), load(t, "", nil), same()); diff != "" {
		t.Errorf("an empty source differs from Defaults (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(config.Defaults(), load(t, "# nothing\nnews:\n  feeds:\n    # - url: x\n", nil), same()); diff != "" {
		t.Errorf("a file of comments differs from Defaults (-want +got):\n%s", diff)
	}
	c := config.Defaults()
	if c.PublicURL != "http://127.0.0.1:8001" || c.Google.RedirectURL != "http://127.0.0.1:8001/api/gmail/callback" {
		t.Errorf("public URL %q, redirect %q", c.PublicURL, c.Google.RedirectURL)
	}
}

func TestEverySettingReachesItsField(t *testing.T) {
	yaml := `
schedule: 30 8 * * mon-fri
timezone: Europe/Berlin
language: en
grace: 1h30m
mend_until: 20:15
prepare: {lead: 5m}
sources: {gmail: {budget: 1s}, calendar: {budget: 2s}, news: {budget: 3s}}
news:
  feeds:
    - url: https://feeds.gaon.example/rss
      title: 가온
      max_items: 3
    - url: http://feeds.gaon.example/atom
  allow_private_networks: true
google:
  scopes: [openid, "https://www.googleapis.com/auth/calendar.events"]
  publishing: internal
  allowed_domains: [Gaon.example]
  expose_access_tokens: true
delivery: {rate_per_minute: 60, operator: "@jiwon"}
summary: {provider: openai, budget: 2s}
retention: {content: 2w, verdicts: 720h}
conversation_log: {content: gist}
`
	env := map[string]string{
		"DATABASE_URL": "postgres://achim:p%40ss@db.gaon.example:5432/main_db", "ACHIM_ADDR": "127.0.0.1:9001, [::1]:9001",
		"ACHIM_PUBLIC_URL": "https://achim.gaon.example/", "CRON_SECRET": "first-cron-secret,second-cron-secret",
		"ACHIM_API_SECRET": "an-api-secret-that-is-long", "ACHIM_ENCRYPTION_KEY": aKey, "ACHIM_LOG_LEVEL": "debug",
		"ALERT_WEBHOOK_URL": "https://hooks.gaon.example/a", "HEARTBEAT_URL": "https://beat.gaon.example/b?c=d",
		"GOOGLE_CLIENT_ID": "id", "GOOGLE_CLIENT_SECRET": "secret", "GOOGLE_REDIRECT_URL": "https://achim.gaon.example/api/gmail/callback",
		"GOOGLE_AUTH_URL": "http://127.0.0.1:1/auth", "GOOGLE_TOKEN_URL": "http://127.0.0.1:1/token",
		"GOOGLE_REVOKE_URL": "http://127.0.0.1:1/revoke", "GOOGLE_USERINFO_URL": "http://127.0.0.1:1/userinfo",
		"GMAIL_API_URL": "http://127.0.0.1:1/", "CALENDAR_API_URL": "http://127.0.0.1:2", "SLACK_API_URL": "http://127.0.0.1:3/api/",
		"SLACK_BOT_TOKEN": "bot", "SLACK_SIGNING_SECRET": "sign", "SLACK_APP_TOKEN": "app", "SLACK_OPERATOR_USER": "U012AB3CD",
		"OPENAI_API_KEY": "openai", "OPENAI_BASE_URL": "http://127.0.0.1:4/v1", "OPENAI_MODEL": "a-model",
	}
	s := briefing.NewSecret
	zone, err := briefing.LoadZone("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	want := config.Config{
		DatabaseURL: s("postgres://achim:p%40ss@db.gaon.example:5432/main_db"), Addrs: []string{"127.0.0.1:9001", "[::1]:9001"},
		PublicURL: "https://achim.gaon.example", PublicURLSet: true, EncryptionKey: s(aKey), LogLevel: slog.LevelDebug,
		CronSecrets:     []briefing.Secret{s("first-cron-secret"), s("second-cron-secret")},
		APISecrets:      []briefing.Secret{s("an-api-secret-that-is-long")},
		AlertWebhookURL: s("https://hooks.gaon.example/a"), HeartbeatURL: s("https://beat.gaon.example/b?c=d"),
		Google: config.Google{
			ClientID: "id", ClientSecret: s("secret"), RedirectURL: "https://achim.gaon.example/api/gmail/callback", RedirectSet: true,
			Scopes:     []string{"openid", "https://www.googleapis.com/auth/calendar.events"},
			Publishing: config.PublishingInternal, AllowedDomains: []string{"gaon.example"}, ExposeAccessTokens: true,
			AuthURL: "http://127.0.0.1:1/auth", TokenURL: "http://127.0.0.1:1/token", RevokeURL: "http://127.0.0.1:1/revoke",
			UserinfoURL: "http://127.0.0.1:1/userinfo", GmailURL: "http://127.0.0.1:1", CalendarURL: "http://127.0.0.1:2",
		},
		Slack:    config.Slack{BotToken: s("bot"), SigningSecret: s("sign"), AppToken: s("app"), OperatorUser: "U012AB3CD", URL: "http://127.0.0.1:3/api"},
		OpenAI:   config.OpenAI{APIKey: s("openai"), BaseURL: "http://127.0.0.1:4/v1", Model: "a-model"},
		Schedule: config.Schedule{At: briefing.TimeOfDay{Hour: 8, Minute: 30}, Weekdays: 0b0111110},
		Timezone: zone, Language: briefing.English, Grace: 90 * time.Minute, MendUntil: briefing.TimeOfDay{Hour: 20, Minute: 15},
		PrepareLead: 5 * time.Minute,
		Budgets: map[briefing.SourceName]time.Duration{
			briefing.Gmail: time.Second, briefing.Calendar: 2 * time.Second, briefing.News: 3 * time.Second,
		},
		Feeds: []briefing.Feed{
			{URL: "https://feeds.gaon.example/rss", Title: "가온", MaxItems: 3}, {URL: "http://feeds.gaon.example/atom"},
		},
		AllowPrivateNetworks:   true,
		Delivery:               config.Delivery{RatePerMinute: 60, Operator: "@jiwon"},
		Summary:                config.Summary{Provider: config.SummaryOpenAI, Budget: 2 * time.Second},
		Retention:              config.Retention{Content: 14 * 24 * time.Hour, Verdicts: 720 * time.Hour},
		ConversationLogContent: config.LogGist,
	}
	got := load(t, yaml, env)
	if diff := cmp.Diff(want, got, same()); diff != "" {
		t.Errorf("Load (-want +got):\n%s", diff)
	}
	if printed := fmt.Sprintf("%v %+v %#v", got, got, got); strings.Contains(printed, "p%40ss") || strings.Contains(printed, "hooks.gaon") {
		t.Errorf("a secret prints: %s", printed)
	}
	for _, setting := range config.Reference() {
		_, tried := env[setting.Name]
		special := setting.Name == "ACHIM_CONFIG" || setting.Name == "GOOGLE_CREDENTIALS_FILE" // tests of their own
		if setting.Kind == config.KindEnv && !tried && !special {
			t.Errorf("%s is not tried here", setting.Name)
		}
	}
}

func TestEnvironmentWinsOverFile(t *testing.T) {
	yaml := "delivery: {operator: U0FILE000}\n"
	if got := load(t, yaml, nil).Slack.OperatorUser; got != "U0FILE000" {
		t.Errorf("from the file: %q", got)
	}
	got := load(t, yaml, map[string]string{"SLACK_OPERATOR_USER": "U0ENV0000"})
	if got.Slack.OperatorUser != "U0ENV0000" || got.Delivery.Operator != "" {
		t.Errorf("from both: %q, name %q", got.Slack.OperatorUser, got.Delivery.Operator)
	}
}

func TestEmptyVariableIsNotSet(t *testing.T) {
	got := load(t, "", map[string]string{"ACHIM_ADDR": "", "CRON_SECRET": " ", "GOOGLE_TOKEN_URL": ""})
	if diff := cmp.Diff(config.Defaults(), got, same()); diff != "" {
		t.Errorf("Load (-want +got):\n%s", diff)
	}
}

func TestOneSecretDoesBoth(t *testing.T) {
	c := load(t, "", map[string]string{"CRON_SECRET": "a, b"})
	if len(c.APISecrets) != 2 || c.APISecrets[1].Reveal() != "b" {
		t.Errorf("%d API secrets", len(c.APISecrets))
	}
}

func TestSecretFromFile(t *testing.T) {
	files := map[string]string{"/run/secrets/bot": "xoxb-from-file\n", "/run/secrets/cron": "one,two\r\n", "/run/secrets/empty": "\n", "/run/secrets/two": "a\nb\n"}
	c, err := config.Load(source("", map[string]string{"SLACK_BOT_TOKEN_FILE": "/run/secrets/bot", "CRON_SECRET_FILE": "/run/secrets/cron"}, files))
	if err != nil {
		t.Fatal(err)
	}
	if c.Slack.BotToken.Reveal() != "xoxb-from-file" || len(c.CronSecrets) != 2 {
		t.Errorf("bot token %q, %d cron secrets", c.Slack.BotToken.Reveal(), len(c.CronSecrets))
	}
	_, err = config.Load(source("", map[string]string{
		"SLACK_BOT_TOKEN": "xoxb-a", "SLACK_BOT_TOKEN_FILE": "/run/secrets/bot",
		"CRON_SECRET_FILE": "/run/secrets/none", "SLACK_APP_TOKEN_FILE": "/run/secrets/empty", "SLACK_SIGNING_SECRET_FILE": "/run/secrets/two",
	}, files))
	want := `the configuration has 4 faults:
  CRON_SECRET_FILE: "/run/secrets/none" cannot be read: file does not exist
  SLACK_BOT_TOKEN_FILE: SLACK_BOT_TOKEN is set too: keep one of them
  SLACK_SIGNING_SECRET_FILE: holds a space, a line break or a control character: paste the bare value
  SLACK_APP_TOKEN_FILE: "/run/secrets/empty" is empty: put the secret into it, and nothing else`
	if diff := cmp.Diff(want, fmt.Sprint(err)); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

func TestWhichFile(t *testing.T) {
	files := map[string]string{"a.yaml": "language: en\n", "b.yaml": "language: ko\ngrace: 1h\n"}
	src := source("language: ko\n", map[string]string{"ACHIM_CONFIG": "a.yaml"}, files)
	c, err := config.Load(src)
	if err != nil || c.Language != briefing.English {
		t.Errorf("ACHIM_CONFIG: %v %v", c.Language, err)
	}
	src.Path = "b.yaml"
	if c, err = config.Load(src); err != nil || c.Grace != time.Hour {
		t.Errorf("--config: %v %v", c.Grace, err)
	}
	src.Path = "none.yaml"
	_, err = config.Load(src)
	if want := `--config: there is no file "none.yaml": name one that exists, or copy configs/achim.example.yaml there`; err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
	src.Path = ""
	src.ReadFile = func(string) ([]byte, error) {
		return nil, &fs.PathError{Op: "open", Path: "a.yaml", Err: fs.ErrPermission}
	}
	if _, err = config.Load(src); err == nil || err.Error() != "a.yaml: cannot be read: permission denied" {
		t.Errorf("got %v", err)
	}
}

// contract is every variable and key the product promises.
var contract = strings.Fields(`
DATABASE_URL GOOGLE_CLIENT_ID GOOGLE_CLIENT_SECRET GOOGLE_CREDENTIALS_FILE GOOGLE_REDIRECT_URL SLACK_BOT_TOKEN
SLACK_SIGNING_SECRET SLACK_APP_TOKEN SLACK_OPERATOR_USER CRON_SECRET ACHIM_API_SECRET ACHIM_ADDR ACHIM_PUBLIC_URL
ACHIM_ENCRYPTION_KEY ACHIM_CONFIG ACHIM_LOG_LEVEL ALERT_WEBHOOK_URL HEARTBEAT_URL OPENAI_API_KEY OPENAI_BASE_URL
OPENAI_MODEL GOOGLE_AUTH_URL GOOGLE_TOKEN_URL GOOGLE_REVOKE_URL GOOGLE_USERINFO_URL GMAIL_API_URL CALENDAR_API_URL
SLACK_API_URL
schedule timezone language grace mend_until prepare.lead holidays.file sources.gmail.budget sources.calendar.budget
sources.news.budget news.feeds news.feeds[].url news.feeds[].title news.feeds[].max_items
news.allow_private_networks google.scopes google.publishing google.allowed_domains google.expose_access_tokens
delivery.rate_per_minute delivery.operator summary.provider summary.budget retention.content
retention.verdicts conversation_log.content`)

func TestReferenceIsTheContract(t *testing.T) {
	var names []string
	for _, s := range config.Reference() {
		names = append(names, s.Name)
		if s.Help == "" || !strings.HasSuffix(s.Help, ".") {
			t.Errorf("%s: help %q is not a sentence", s.Name, s.Help)
		}
		if upper := s.Name == strings.ToUpper(s.Name); upper != (s.Kind == config.KindEnv) {
			t.Errorf("%s is of kind %s", s.Name, s.Kind)
		}
	}
	want := slices.Sorted(slices.Values(contract))
	slices.Sort(names)
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("Reference (-contract +got):\n%s", diff)
	}
}

func example(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile("../../configs/achim.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestExampleFileIsTheDefaults(t *testing.T) {
	if diff := cmp.Diff(config.Defaults(), load(t, example(t), nil), same()); diff != "" {
		t.Errorf("the example changes something (-defaults +example):\n%s", diff)
	}
}

var (
	keyLine      = regexp.MustCompile(`^( *)([a-z_]+):`)
	variableLine = regexp.MustCompile(`^#   ([A-Z_]+)=(.*)$`)
	feedKeyLine  = regexp.MustCompile(`^  #   (url|title|max_items) `)
)

// TestExampleFileHoldsEverySetting reads the example as a person would: keys by indentation, variables and
// what a feed has in comments.
func TestExampleFileHoldsEverySetting(t *testing.T) {
	lines := strings.Split(example(t), "\n")
	defaults := map[string]string{}
	secrets := map[string]bool{}
	var path []string
	for i, line := range lines {
		if m := keyLine.FindStringSubmatch(line); m != nil {
			path = append(path[:len(m[1])/2], m[2])
			defaults[strings.Join(path, ".")] = ""
		}
		if m := feedKeyLine.FindStringSubmatch(line); m != nil {
			defaults["news.feeds[]."+m[1]] = ""
		}
		if m := variableLine.FindStringSubmatch(line); m != nil {
			defaults[m[1]] = m[2]
			secrets[m[1]] = strings.Contains(lines[i+1], "[secret]")
		}
	}
	for section := range defaults {
		for name := range defaults {
			if strings.HasPrefix(name, section+".") {
				delete(defaults, section)
			}
		}
	}
	for _, s := range config.Reference() {
		got, ok := defaults[s.Name]
		if !ok {
			t.Errorf("the example lacks %s", s.Name)
		}
		if s.Kind == config.KindEnv && (got != s.Default || secrets[s.Name] != s.Secret) {
			t.Errorf("the example says %s=%s, secret %v; the reference %q, %v", s.Name, got, secrets[s.Name], s.Default, s.Secret)
		}
		delete(defaults, s.Name)
	}
	for name := range defaults {
		t.Errorf("the example has %s, which does not exist", name)
	}
}

// TestDefaultsAreAsDocumented sets every key and variable to the default the reference names.
func TestDefaultsAreAsDocumented(t *testing.T) {
	for _, s := range config.Reference() {
		if s.Default == "" || strings.Contains(s.Default, " and the ") || strings.Contains(s.Default, "public URL") || s.Name == "ACHIM_CONFIG" {
			continue
		}
		yaml, env := "", map[string]string{}
		switch {
		case s.Kind == config.KindEnv:
			env[s.Name] = s.Default
		case s.Name == "google.scopes":
			yaml = "google: {scopes: [" + s.Default + "]}"
		default:
			parts := strings.Split(s.Name, ".")
			yaml = strings.Join(parts, ": {") + ": " + s.Default + strings.Repeat("}", len(parts)-1)
		}
		if diff := cmp.Diff(config.Defaults(), load(t, yaml, env), same()); diff != "" {
			t.Errorf("%s: %s is not the default:\n%s", s.Name, s.Default, diff)
		}
	}
}

// The feeds to choose from in the example must load once their # is taken away.
func TestExampleFeedsLoad(t *testing.T) {
	var b strings.Builder
	b.WriteString("news:\n  feeds:\n")
	for line := range strings.Lines(example(t)) {
		if strings.HasPrefix(line, "  #  - url:") || strings.HasPrefix(line, "  #    title:") || strings.HasPrefix(line, "  #    max_items:") {
			b.WriteString(strings.Replace(line, "#", " ", 1))
		}
	}
	if got := len(load(t, b.String(), nil).Feeds); got < 12 {
		t.Errorf("%d feeds", got)
	}
}

func TestPortIsKnownOnlyAfterListening(t *testing.T) {
	c := load(t, "", map[string]string{"ACHIM_ADDR": "0.0.0.0:0"}).ListeningOn("0.0.0.0:4711")
	if c.PublicURL != "http://127.0.0.1:4711" || c.Google.RedirectURL != "http://127.0.0.1:4711/api/gmail/callback" {
		t.Errorf("%s, %s", c.PublicURL, c.Google.RedirectURL)
	}
	c = load(t, "", map[string]string{"ACHIM_PUBLIC_URL": "https://achim.gaon.example"}).ListeningOn("127.0.0.1:4711")
	if c.Google.RedirectURL != "https://achim.gaon.example/api/gmail/callback" {
		t.Errorf("%s", c.Google.RedirectURL)
	}
}

func TestFaultsAreErrors(t *testing.T) {
	_, err := config.Load(source("grace: soon\n", nil, nil))
	var fault config.Fault
	if !errors.As(err, &fault) || fault.Key != "grace" || fault.Line != 1 || fault.File != "achim.yaml" {
		t.Errorf("%+v", fault)
	}
	var faults *config.Faults
	if !errors.As(err, &faults) || len(faults.All) != 1 {
		t.Errorf("%T", err)
	}
}
