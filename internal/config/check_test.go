package config_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"achim/briefing"
	"achim/internal/config"
)

func TestWeekdays(t *testing.T) {
	for dow, want := range map[string]string{
		"*": "mon tue wed thu fri sat sun", "mon-fri": "mon tue wed thu fri", "1-5": "mon tue wed thu fri",
		"MON,wed,5": "mon wed fri", "fri-sun": "fri sat sun", "5-7": "fri sat sun", "7": "sun", "0": "sun",
		"0-2": "mon tue sun", "7-2": "mon tue sun", "sun": "sun", "mon-mon": "mon",
	} {
		c := load(t, "schedule: '0 9 * * "+dow+"'\n", nil)
		if got := strings.Join(c.Schedule.Weekdays.Names(), " "); got != want {
			t.Errorf("%s: %s, want %s", dow, got, want)
		}
	}
}

func TestLinksUsable(t *testing.T) {
	for address, want := range map[string]bool{
		"": false, "https://achim.gaon.example": true, "https://achim.gaon.example:8443/achim": true,
		"http://achim.gaon.example": false, "https://localhost": false, "https://Achim.LOCALHOST.": false,
		"https://127.0.0.1": false, "https://10.0.0.1": false, "https://203.0.113.7": false, "https://[2001:db8::1]": false,
		"https://[::1]:8001": false, "https://2130706433": false, "https://0x7f000001": false, "https://127.1": false,
	} {
		if got := load(t, "", map[string]string{"ACHIM_PUBLIC_URL": address}).LinksUsable(); got != want {
			t.Errorf("%q: %v", address, got)
		}
	}
}

func TestCheckServe(t *testing.T) {
	err := config.Defaults().CheckServe()
	form := regexp.MustCompile(`(?s)^the configuration has 3 faults:
  CRON_SECRET: not set, .* CRON_SECRET=([A-Z2-7]{26})
  SLACK_BOT_TOKEN: not set: [^\n]*
  GOOGLE_CLIENT_ID: not set: [^\n]*$`)
	first := form.FindStringSubmatch(fmt.Sprint(err))
	if first == nil {
		t.Fatalf("%v", err)
	}
	if second := form.FindStringSubmatch(fmt.Sprint(config.Defaults().CheckServe())); second[1] == first[1] {
		t.Errorf("the same secret %s was offered twice", second[1])
	}
	env := map[string]string{"CRON_SECRET": first[1], "SLACK_BOT_TOKEN": "xoxb-1", "GOOGLE_CLIENT_ID": "id"}
	if err := load(t, "", env).CheckServe(); err == nil || !strings.HasPrefix(err.Error(), "GOOGLE_CLIENT_SECRET: not set") {
		t.Errorf("%v", err)
	}
	env["GOOGLE_CLIENT_SECRET"] = "secret"
	if err := load(t, "", env).CheckServe(); err != nil {
		t.Errorf("%v", err)
	}
}

func TestWarnings(t *testing.T) {
	const plain = "tokens and content are written to the database as they are: keep it and its backups to yourself"
	const nameless = "pages and DMs do not say who runs this server, which readers are told to know before they connect; " +
		"set delivery.operator to a name they know, such as \"@jiwon\" (a member id is never shown)"
	good := map[string]string{
		"ACHIM_PUBLIC_URL": "https://achim.gaon.example", "CRON_SECRET": "a-secret-of-enough-length", "ACHIM_API_SECRET": "another-of-enough-length",
		"SLACK_SIGNING_SECRET": "sign",
	}
	for _, tc := range []struct {
		yaml, variable string
		want           []string
	}{
		{"", "", nil},
		{"delivery: {operator: U012AB3CD}\n", "", []string{nameless}},
		{"delivery: {rate_per_minute: 60}\n", "", []string{nameless}},
		{"", "SLACK_APP_TOKEN=xapp-1", []string{"set, but without effect in this version: SLACK_APP_TOKEN"}},
		{"", "OPENAI_API_KEY=sk-1", []string{"set, but without effect while summary.provider is none: OPENAI_API_KEY"}},
		{"summary: {budget: 5s}\n", "OPENAI_MODEL=other", []string{"set, but without effect while summary.provider is none: OPENAI_MODEL, summary.budget"}},
		{"summary: {provider: openai}\n", "OPENAI_API_KEY=sk-1", nil},
		{"summary: {provider: openai}\n", "OPENAI_BASE_URL=http://127.0.0.1:11434/v1", nil},
		{"summary: {provider: openai}\n", "OPENAI_BASE_URL=http://model.gaon.example/v1", []string{
			"OPENAI_BASE_URL is plain http: whatever is sent there can be read on the way; use https"}},
		{"summary: {provider: openai}\n", "", []string{"summary.provider is openai, but without effect: https://api.openai.com/v1 takes nobody without a key; " +
			"set OPENAI_API_KEY, or OPENAI_BASE_URL to a model of your own"}},
		{"", "HEARTBEAT_URL=https://beat.gaon.example/x", nil},
		{"", "ALERT_WEBHOOK_URL=https://hooks.gaon.example/x", nil},
		{"", "SLACK_OPERATOR_USER=U012AB3CD", nil},
		{"", "ALERT_WEBHOOK_URL=http://127.0.0.1:9/hunter2", nil},
		{"", "ALERT_WEBHOOK_URL=http://hooks.gaon.example/hunter2", []string{"ALERT_WEBHOOK_URL is plain http: its address, which is a password, and what is told can be read on the way; use https"}},
		{"", "HEARTBEAT_URL=http://beat.gaon.example/hunter2", []string{"HEARTBEAT_URL is plain http: its address, which is a password, and what is told can be read on the way; use https"}},
		{"delivery: {rate_per_minute: 0, operator: \"@jiwon\"}\n", "", nil},
		{"", "GOOGLE_TOKEN_URL=http://127.0.0.1:1/token", nil},
		{"", "ACHIM_PUBLIC_URL=", []string{"ACHIM_PUBLIC_URL is not set: DMs say whom to ask instead of linking here; set ACHIM_PUBLIC_URL to an https address with a name"}},
		{"", "ACHIM_PUBLIC_URL=http://localhost:8001", []string{"ACHIM_PUBLIC_URL http://localhost:8001 is this machine only: DMs say whom to ask instead of linking here; set ACHIM_PUBLIC_URL to an https address with a name"}},
		{"", "ACHIM_PUBLIC_URL=http://achim.gaon.example", []string{
			"ACHIM_PUBLIC_URL http://achim.gaon.example is not https: DMs say whom to ask instead of linking here; set ACHIM_PUBLIC_URL to an https address with a name",
			"the redirect URL http://achim.gaon.example/api/gmail/callback is plain http, which Google accepts for loopback only"}},
		{"", "ACHIM_API_SECRET=", []string{"one secret does both: whoever may trigger a briefing may read content and tokens too; set ACHIM_API_SECRET to another"}},
		{"", "CRON_SECRET=short", []string{"CRON_SECRET is shorter than 16 characters and can be guessed: make one with openssl rand -hex 32"}},
		{"", "ACHIM_API_SECRET=short", []string{"ACHIM_API_SECRET is shorter than 16 characters and can be guessed: make one with openssl rand -hex 32"}},
		{"", "ACHIM_ENCRYPTION_KEY=" + aKey, []string{
			"what is stored is sealed, but for the text of briefings in conversation_log, which other programs read: set conversation_log.content to gist"}},
		{"conversation_log: {content: gist}\n", "ACHIM_ENCRYPTION_KEY=" + aKey, nil},
		{"", "SLACK_SIGNING_SECRET=", []string{"SLACK_SIGNING_SECRET is not set: reconnecting is a link instead of a button"}},
		{"", "GMAIL_API_URL=http://proxy.gaon.example", []string{"GMAIL_API_URL is plain http: whatever is sent there can be read on the way; use https"}},
		{"", "GOOGLE_REDIRECT_URL=https://other.gaon.example/cb", []string{
			"the redirect URL https://other.gaon.example/cb does not end in /api/gmail/callback, where this server takes redirects",
			"the redirect URL https://other.gaon.example/cb is not below ACHIM_PUBLIC_URL https://achim.gaon.example: make sure that both reach this server"}},
		{"mend_until: 08:00\n", "", []string{"mend_until (08:00) is not after the hour of the briefing (09:00): degraded briefings are not mended by themselves"}},
		{"news: {allow_private_networks: true}\n", "", []string{"news.allow_private_networks is on: whoever may add a feed can make this server fetch from your network"}},
		{"google: {publishing: testing, expose_access_tokens: true}\n", "", []string{
			"google.publishing is testing: Google ends every grant after seven days; publish the consent screen, unverified is enough for up to 100 people",
			"google.expose_access_tokens is on: POST /api/gmail/refresh hands out access tokens"}},
	} {
		env := map[string]string{}
		for name, value := range good {
			env[name] = value
		}
		name, value, _ := strings.Cut(tc.variable, "=")
		env[name] = value
		want := tc.want
		if env["ACHIM_ENCRYPTION_KEY"] == "" {
			want = slices.Clone(want)
			at := slices.IndexFunc(want, func(w string) bool { return !strings.HasPrefix(w, "ACHIM_PUBLIC_URL") })
			if at < 0 {
				at = len(want)
			}
			want = slices.Insert(want, at, plain)
		}
		if !strings.Contains(tc.yaml, "delivery:") {
			tc.yaml += "delivery: {operator: \"@jiwon\"}\n"
		}
		if diff := cmp.Diff(want, load(t, tc.yaml, env).Warnings()); diff != "" {
			t.Errorf("%s%s (-want +got):\n%s", tc.yaml, tc.variable, diff)
		}
	}
}

func TestGoogleCredentialsFile(t *testing.T) {
	const web = `{"web":{"client_id":"file-id","client_secret":"file-secret","redirect_uris":["https://achim.gaon.example/api/gmail/callback"],"token_uri":"https://evil.example/token"}}`
	const two = `{"web":{"client_id":"file-id","client_secret":"file-secret","redirect_uris":["https://a.example/x","https://b.example/x"]}}`
	const installed = `{"installed":{"client_id":"file-id","client_secret":"file-secret","redirect_uris":["http://localhost"]}}`
	const local = "http://127.0.0.1:8001/api/gmail/callback"
	for _, tc := range []struct{ name, file, env, id, secret, redirect string }{
		{"web", web, "", "file-id", "file-secret", "https://achim.gaon.example/api/gmail/callback"},
		{"two redirects", two, "", "file-id", "file-secret", local},
		{"installed", installed, "", "file-id", "file-secret", local},
		{"same id", web, "GOOGLE_CLIENT_ID=file-id", "file-id", "file-secret", "https://achim.gaon.example/api/gmail/callback"},
		{"secret rotated", installed, "GOOGLE_CLIENT_SECRET=new", "file-id", "new", local},
		{"redirect given", web, "GOOGLE_REDIRECT_URL=" + local, "file-id", "file-secret", local},
	} {
		name, value, _ := strings.Cut(tc.env, "=")
		env := map[string]string{"GOOGLE_CREDENTIALS_FILE": "c.json", name: value}
		c, err := config.Load(source("", env, map[string]string{"c.json": tc.file}))
		got := []string{c.Google.ClientID, c.Google.ClientSecret.Reveal(), c.Google.RedirectURL, c.Google.TokenURL}
		want := []string{tc.id, tc.secret, tc.redirect, config.Defaults().Google.TokenURL}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", tc.name, err, diff)
		}
	}
	const again = ": download credentials.json again (Google Cloud console → Clients)"
	for file, want := range map[string]string{
		`hunter2`:                   `"c.json" is not JSON` + again,
		`{"a":1}`:                   `"c.json" holds no OAuth client with id and secret` + again,
		`{"web":{"client_id":"x"}}`: `"c.json" holds no OAuth client with id and secret` + again,
		`{"type":"service_account","private_key":"hunter2"}`:                       `"c.json" is the key of a service account: make an OAuth client of the type web application and download its file`,
		`{"web":{"client_id":"x","client_secret":"hunter2"}}`:                      `"c.json" is of another client than GOOGLE_CLIENT_ID: keep one of them`,
		`{"web":{"client_id":"env-id","client_secret":"hunter2 b"}}`:               `its client_secret: holds a space, a line break or a control character: paste the bare value`,
		`{"web":{"client_id":"env-id","client_secret":"b","redirect_uris":["x"]}}`: `its redirect URI: not an http(s) URL: begin it with https:// or http://`,
	} {
		env := map[string]string{"GOOGLE_CREDENTIALS_FILE": "c.json", "GOOGLE_CLIENT_ID": "env-id"}
		_, err := config.Load(source("", env, map[string]string{"c.json": file}))
		if got := fmt.Sprint(err); got != "GOOGLE_CREDENTIALS_FILE: "+want {
			t.Errorf("%s\n got %s\nwant %s", file, got, want)
		}
	}
}

func TestReaderDefaults(t *testing.T) {
	c := load(t, "schedule: 30 8 * * mon-fri\nlanguage: en\n", nil)
	schedule, err := c.ReaderDefaults().Schedule(briefing.Reader{})
	if err != nil || schedule.At.String() != "08:30" || schedule.Zone.String() != "Asia/Seoul" || schedule.Weekdays != c.Schedule.Weekdays {
		t.Errorf("%+v, %v", schedule, err)
	}
	if got := c.ReaderDefaults().LanguageOf(briefing.Reader{}); got != briefing.English {
		t.Errorf("language %s", got)
	}
}
