package config_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"achim/internal/config"
)

func TestFaultsInTheFile(t *testing.T) {
	for _, tc := range []struct{ yaml, want string }{
		{"prepare:\n  lead: 2 minutes\n", `achim.yaml:2: prepare.lead: "2 minutes" is not a duration: write 2m`},
		{"grace: 3\n", `achim.yaml:1: grace: "3" is not a duration: write a unit too, 3s, 3m or 3h`},
		{"grace: 1d\n", `achim.yaml:1: grace: "1d" is not a duration: write 24h`},
		{"grace: 24h\n", `achim.yaml:1: grace: "24h" is too long: write less than 24h`},
		{"grace: -3h\n", `achim.yaml:1: grace: "-3h" is negative: write how long, such as 3h`},
		{"grace: 0s\n", `achim.yaml:1: grace: "0s" is no time at all: write more than 0`},
		{"grace: later\n", `achim.yaml:1: grace: "later" is not a duration: write 90s, 2m or 3h`},
		{"grace:\n", `achim.yaml:1: grace: holds nothing: write one value, such as 3h, or leave the key out`},
		{"grace: [3h]\n", `achim.yaml:1: grace: holds a list: write one value, such as 3h, or leave the key out`},
		{"grace: &g 3h\nsummary: {budget: *g}\n", "the configuration has 2 faults:\n" +
			"  achim.yaml:1: grace: holds an anchor, an alias or a tag: write one value, such as 3h, or leave the key out\n" +
			"  achim.yaml:2: summary.budget: holds an anchor, an alias or a tag: write one value, such as 8s, or leave the key out"},
		{"retention: {content: 30}\n", `achim.yaml:1: retention.content: "30" is not a duration: write a unit too, 30d or 30y`},
		{"retention: {content: 30 days}\n", `achim.yaml:1: retention.content: "30 days" is not a duration: write 30d`},
		{"retention: {content: 2 months}\n", `achim.yaml:1: retention.content: "2 months" is not a duration: write 720h, 30d or 1y`},
		{"retention: {verdicts: 4000y}\n", `achim.yaml:1: retention.verdicts: "4000y" is more than 100 years: write 100y for ever`},
		{"retention: {verdicts: 99999999999y}\n", `achim.yaml:1: retention.verdicts: "99999999999y" is more than 100 years: write 100y for ever`},
		{"timezone: Seoul\n", `achim.yaml:1: timezone: unknown time zone "Seoul": use an IANA name like Asia/Seoul`},
		{"timezone: Local\n", `achim.yaml:1: timezone: "Local" is not an IANA time zone like Asia/Seoul`},
		{"language: kr\n", `achim.yaml:1: language: "kr" is not known: write ko (there are ko, en)`},
		{"language: German\n", `achim.yaml:1: language: "German" is not known: write one of ko, en`},
		{"mend_until: 6pm\n", `achim.yaml:1: mend_until: "6pm" is not a time of day like 09:00`},
		{"schedule: 9 o'clock\n", `achim.yaml:1: schedule: "9 o'clock" has 2 fields, not five: write minute hour * * weekdays, such as 0 9 * * * or 30 8 * * mon-fri`},
		{"schedule: '*/5 9 * * *'\n", `achim.yaml:1: schedule: minute "*/5" is not one number from 0 to 59: there is one briefing a day`},
		{"schedule: 0 24 * * *\n", `achim.yaml:1: schedule: hour "24" is not one number from 0 to 23: there is one briefing a day`},
		{"schedule: 0 9 1 * *\n", `achim.yaml:1: schedule: "0 9 1 * *" names days of the month or months: write * for both, briefings go out by weekday`},
		{"schedule: 0 9 * * 8\n", `achim.yaml:1: schedule: weekday "8" is not known: write * or some of sun mon tue wed thu fri sat (0-7), such as mon-fri or mon,wed,fri`},
		{"schedule: 0 9 * * sat-mon\n", `achim.yaml:1: schedule: weekdays "sat-mon" run backwards: write a list, such as sat,sun,mon`},
		{"sources: {gmail: {budget: 10m}}\n", `achim.yaml:1: sources.gmail.budget: "10m" is too long: write less than 5m`},
		{"sources: {gmail: 20s}\n", `achim.yaml:1: sources.gmail: holds text: write its keys below it, indented: budget`},
		{"news: {allow_private_networks: \"yes\"}\n", `achim.yaml:1: news.allow_private_networks: "yes" is not true or false: write true or false, without quotes`},
		{"delivery: {rate_per_minute: -1}\n", `achim.yaml:1: delivery.rate_per_minute: -1 is negative: write a number from 0 to 600000`},
		{"delivery: {rate_per_minute: 99999999}\n", `achim.yaml:1: delivery.rate_per_minute: 99999999 is too much: write a number from 0 to 600000`},
		{"delivery: {rate_per_minute: many}\n", `achim.yaml:1: delivery.rate_per_minute: "many" is not a whole number: write one without quotes, such as 10`},
		{"delivery: {rate_per_minute: {}}\n", `achim.yaml:1: delivery.rate_per_minute: holds keys of its own, not a whole number: write one without quotes, such as 10`},
		{"delivery: {operator: \"a\\nb\"}\n", `achim.yaml:1: delivery.operator: not a name: write one line of at most 80 bytes, such as @jiwon`},
		{"google: {scopes: []}\n", `achim.yaml:1: google.scopes: is empty: name at least one, or leave the key out`},
		{"google: {scopes: [\"Gmail read\"]}\n", `achim.yaml:1: google.scopes[0]: "Gmail read" is not a Google scope: write something like gmail.readonly or https://www.googleapis.com/auth/gmail.readonly`},
		{"google: {scopes: gmail.readonly}\n", `achim.yaml:1: google.scopes: holds text: write a list, each item on a line of its own after a dash`},
		{"google: {scopes: [openid, openid]}\n", `achim.yaml:1: google.scopes[1]: "openid" is there already: keep one`},
		{"google: {publishing: prod}\n", `achim.yaml:1: google.publishing: "prod" is not known: write one of internal, production, testing, unknown`},
		{"google: {publishing: producton}\n", `achim.yaml:1: google.publishing: "producton" is not known: write production (there are internal, production, testing, unknown)`},
		{"google:\n  allowed_domains:\n    - gaon.example\n    - \"@gaon.example\"\n", `achim.yaml:4: google.allowed_domains[1]: "@gaon.example" is not a domain: write what follows the @ of an address, such as gaon.example`},
		{"news:\n  feeds:\n  - url: ftp://gaon.example/feed\n", `achim.yaml:3: news.feeds[0].url: not an http(s) URL: begin it with https:// or http://`},
		{"news:\n  feeds:\n  - https://gaon.example/feed\n", `achim.yaml:3: news.feeds[0]: holds text: write url: and the address after the dash`},
		{"news:\n  feeds:\n  - title: 가온\n", `achim.yaml:3: news.feeds[0]: has no url: write url: and the feed's address`},
		{"news:\n  feeds:\n  - url: https://gaon.example/feed\n    items: 3\n    max_items: -2\n", "the configuration has 2 faults:\n" +
			"  achim.yaml:4: news.feeds[0].items: there is no such key: a feed has url, title and max_items\n" +
			"  achim.yaml:5: news.feeds[0].max_items: -2 is negative: write a number from 0 to 2147483647"},
		{"news:\n  feeds:\n  - url: https://gaon.example\n  - title: again\n    url: https://Gaon.example/\n", `achim.yaml:4: news.feeds[1]: is the same feed as news.feeds[0] on line 3: keep one`},
		{"grace: 1h\nlanguage: ko\ngrace: 2h\n", `achim.yaml:3: grace: is given twice, first on line 1: keep one`},
		{"prepare: {led: 2m}\n", `achim.yaml:1: prepare.led: there is no such key: did you mean prepare.lead?`},
		{"timezon: Asia/Seoul\n", `achim.yaml:1: timezon: there is no such key: did you mean timezone?`},
		{"feeds: []\n", `achim.yaml:1: feeds: there is no such key: did you mean news.feeds?`},
		{"summary: {wording: nice}\n", `achim.yaml:1: summary.wording: there is no such key: there are budget, provider`},
		{"<<: {grace: 1h}\n", `achim.yaml:1: <<: there is no such key: there are conversation_log, delivery, google, grace, holidays, language, mend_until, news, prepare, retention, schedule, sources, summary, timezone`},
		{"- grace: 1h\n", `achim.yaml:1: is not a list of keys: write something like timezone: Asia/Seoul`},
		{"grace: 1h\n---\nlanguage: en\n", `achim.yaml:3: a second document begins here: put everything into one, without ---`},
		{"grace: 1h\n\tlanguage: en\n", `achim.yaml:2: is not YAML: found character '	' that cannot start any token: check indentation and quotes`},
	} {
		_, err := config.Load(source(tc.yaml, nil, nil))
		if diff := cmp.Diff(tc.want, fmt.Sprint(err)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tc.yaml, diff)
		}
	}
}

func TestFaultsInTheEnvironment(t *testing.T) {
	for _, tc := range []struct{ variable, want string }{
		{"DATABASE_URL=mysql://root:hunter2@db/x", `DATABASE_URL: databases of the kind mysql are not supported: write postgres://user:password@host:5432/database or sqlite:achim.db`},
		{"DATABASE_URL=hunter2", `DATABASE_URL: not a database URL: write postgres://user:password@host:5432/database or sqlite:achim.db`},
		{"DATABASE_URL=hunter2:hunter2", `DATABASE_URL: not a database URL: write postgres://user:password@host:5432/database or sqlite:achim.db`},
		{"DATABASE_URL=sqlite:", `DATABASE_URL: no file named: write postgres://user:password@host:5432/database or sqlite:achim.db`},
		{"DATABASE_URL=postgres://u:hunter2#@%zz/x", `DATABASE_URL: not a PostgreSQL URL: write postgres://user:password@host:5432/database or sqlite:achim.db (a password's special characters as %40, %3A …)`},
		{"ACHIM_ADDR=8001", `ACHIM_ADDR: "8001" is a port without a host: write 127.0.0.1:8001, or :8001 for every interface`},
		{"ACHIM_ADDR=localhost", `ACHIM_ADDR: "localhost" is not an address: write host:port, such as 127.0.0.1:8001`},
		{"ACHIM_ADDR=127.0.0.1:99999", `ACHIM_ADDR: "127.0.0.1:99999": port "99999" is not a number from 0 to 65535`},
		{"ACHIM_ADDR=:8001,:8001", `ACHIM_ADDR: ":8001" is there twice: keep one`},
		{"ACHIM_PUBLIC_URL=achim.gaon.example", `ACHIM_PUBLIC_URL: not an http(s) URL: begin it with https:// or http://`},
		{"ACHIM_PUBLIC_URL=https://achim.gaon.example/?a=b", `ACHIM_PUBLIC_URL: has a user, a query or a fragment: write scheme, host and at most a path, for paths are added to it`},
		{"GOOGLE_TOKEN_URL=https://", `GOOGLE_TOKEN_URL: no host in it: write something like https://achim.example.com`},
		{"GOOGLE_TOKEN_URL=https://a b/", `GOOGLE_TOKEN_URL: not a URL: write something like https://achim.example.com`},
		{"GOOGLE_REDIRECT_URL=https://achim.gaon.example/cb#x", `GOOGLE_REDIRECT_URL: has a fragment: leave out the # and what follows`},
		{"SLACK_API_URL=https://slack.example:70000", `SLACK_API_URL: port "70000" is not a number from 0 to 65535`},
		{"ALERT_WEBHOOK_URL=hooks.slack.example/hunter2", `ALERT_WEBHOOK_URL: not an http(s) URL: begin it with https:// or http://`},
		{"SLACK_OPERATOR_USER=@jiwon", `SLACK_OPERATOR_USER: "@jiwon" is not a Slack member id like U012AB3CD (profile → ⋮ → Copy member ID)`},
		{"SLACK_BOT_TOKEN=Bearer hunter2", `SLACK_BOT_TOKEN: holds a space, a line break or a control character: paste the bare value`},
		{"CRON_SECRET=,", `CRON_SECRET: holds only commas: write one secret, or several with commas between them`},
		{"ACHIM_LOG_LEVEL=verbose", `ACHIM_LOG_LEVEL: "verbose" is not a log level: write debug, info, warn or error`},
		{"ACHIM_LOG_LEVEL=info+2", `ACHIM_LOG_LEVEL: "info+2" is not a log level: write debug, info, warn or error`},
		{"GOOGLE_CREDENTIALS_FILE=none.json", `GOOGLE_CREDENTIALS_FILE: "none.json" cannot be read: file does not exist`},
	} {
		name, value, _ := strings.Cut(tc.variable, "=")
		_, err := config.Load(source("", map[string]string{name: value}, nil))
		if diff := cmp.Diff(tc.want, fmt.Sprint(err)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.variable, diff)
		}
		if strings.Contains(fmt.Sprint(err), "hunter2") {
			t.Errorf("%s: the fault prints the secret", tc.variable)
		}
	}
}

func TestSecretsDoNotBelongIntoTheFile(t *testing.T) {
	yaml := `
slack:
  bot_token: hunter2
  channel: general
google:
  client_id: an-id
  client_secret: hunter2
cron_secret: hunter2
SLACK_SIGNING_SECRET: hunter2
database:
  url: postgres://a:hunter2@db/x
encryption_key: hunter2
api_secret: hunter2
addr: :8001
`
	want := `the configuration has 10 faults:
  achim.yaml:3: slack.bot_token: secrets are not read from this file: take it out and set SLACK_BOT_TOKEN, or SLACK_BOT_TOKEN_FILE to the path of a file that holds it
  achim.yaml:4: slack.channel: there is no such key: take it out; configs/achim.example.yaml holds all there are
  achim.yaml:6: google.client_id: is not a key of this file: set GOOGLE_CLIENT_ID in the environment
  achim.yaml:7: google.client_secret: secrets are not read from this file: take it out and set GOOGLE_CLIENT_SECRET, or GOOGLE_CLIENT_SECRET_FILE to the path of a file that holds it
  achim.yaml:8: cron_secret: secrets are not read from this file: take it out and set CRON_SECRET, or CRON_SECRET_FILE to the path of a file that holds it
  achim.yaml:9: SLACK_SIGNING_SECRET: secrets are not read from this file: take it out and set SLACK_SIGNING_SECRET, or SLACK_SIGNING_SECRET_FILE to the path of a file that holds it
  achim.yaml:11: database.url: secrets are not read from this file: take it out and set DATABASE_URL, or DATABASE_URL_FILE to the path of a file that holds it
  achim.yaml:12: encryption_key: secrets are not read from this file: take it out and set ACHIM_ENCRYPTION_KEY, or ACHIM_ENCRYPTION_KEY_FILE to the path of a file that holds it
  achim.yaml:13: api_secret: secrets are not read from this file: take it out and set ACHIM_API_SECRET, or ACHIM_API_SECRET_FILE to the path of a file that holds it
  achim.yaml:14: addr: is not a key of this file: set ACHIM_ADDR in the environment`
	_, err := config.Load(source(yaml, nil, nil))
	if diff := cmp.Diff(want, fmt.Sprint(err)); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

func ExampleLoad() {
	yaml := `timezone: Seoul
prepare:
  lead: 2 minutes
feeds: []
`
	_, err := config.Load(source(yaml, map[string]string{"ACHIM_ADDR": "8001", "SLACK_BOT_TOKEN_FILE": "/run/secrets/slack"}, nil))
	fmt.Println(err)
	// Output:
	// the configuration has 5 faults:
	//   achim.yaml:1: timezone: unknown time zone "Seoul": use an IANA name like Asia/Seoul
	//   achim.yaml:3: prepare.lead: "2 minutes" is not a duration: write 2m
	//   achim.yaml:4: feeds: there is no such key: did you mean news.feeds?
	//   ACHIM_ADDR: "8001" is a port without a host: write 127.0.0.1:8001, or :8001 for every interface
	//   SLACK_BOT_TOKEN_FILE: "/run/secrets/slack" cannot be read: file does not exist
}

// TestHolidaysFile: what is wrong with the table is told with its lines, beside the faults of the rest.
func TestHolidaysFile(t *testing.T) {
	yaml := "holidays: {file: achim-holidays.tsv}\n"
	good := map[string]string{"achim-holidays.tsv": "# decreed\n2026-12-28\t임시공휴일\tTemporary holiday\n"}
	c, err := config.Load(source(yaml, nil, good))
	if err != nil || c.HolidaysFile != "achim-holidays.tsv" {
		t.Errorf("%q, %v", c.HolidaysFile, err)
	}
	for text, want := range map[string]string{
		"2026-12-28 임시공휴일 Temporary\n":         "achim-holidays.tsv:1: has 1 fields between tabs, not three: write a date, the name in Korean and the name in English",
		"\n2026-02-30\t가\ta\n":                 `achim-holidays.tsv:2: "2026-02-30" is not a date like 2026-11-20`,
		"2026-12-28\t가\ta\n2026-12-28\t나\tb\n": "achim-holidays.tsv:2: 2026-12-28 is there already, on line 1: put both names on one line",
		"2026-12-28\t\tTemporary holiday\n":    "achim-holidays.tsv:1: a name is empty, is not UTF-8 or has more than 60 characters: write both, in Korean and in English",
	} {
		_, err := config.Load(source(yaml, nil, map[string]string{"achim-holidays.tsv": text}))
		if err == nil || err.Error() != want {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := config.Load(source(yaml, nil, nil)); err == nil || err.Error() != `holidays.file: "achim-holidays.tsv" cannot be read: file does not exist` {
		t.Errorf("not there: %v", err)
	}
	dir := t.TempDir()
	if _, err := config.Load(source(fmt.Sprintf("holidays: {file: %q}\n", dir), nil, nil)); err == nil || err.Error() != fmt.Sprintf("holidays.file: %q is no regular file", dir) {
		t.Errorf("a directory: %v", err)
	}
}

// FuzzLoad holds that no file makes Load panic, fail without words, or return both a configuration and an error.
func FuzzLoad(f *testing.F) {
	for _, yaml := range []string{
		"", "a", "- a", "? a\n: b", "news: {feeds: [{url: https://a.example}, x, ~]}", "google: {scopes: [~, {}, []]}",
		"schedule: 0 9 * * 1-5,sun", "retention: {content: 30d}", "prepare: &p {lead: 2m}\nsources: *p", "<<: *x", "a: !!binary x",
		"slack: {bot_token: xoxb}", "grace: |\n  3h\n", "---\n---\n", "\ufeffgrace: 1h", "news:\n  feeds[]:\n    url: x",
	} {
		f.Add(yaml)
	}
	f.Fuzz(func(t *testing.T, yaml string) {
		c, err := config.Load(source(yaml, nil, nil))
		if err == nil {
			c.Warnings()
			return
		}
		if len(c.Addrs) > 0 {
			t.Error("a configuration beside an error")
		}
		if err.Error() == "" {
			t.Error("a fault without words")
		}
	})
}
