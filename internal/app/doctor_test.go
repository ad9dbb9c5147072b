package app_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"achim/briefing"
	"achim/internal/app"
	"achim/internal/doctor"
	"achim/internal/standin"
	"achim/store/storetest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// plantedFault is a fault, how it gets into a healthy house, and what must be found: these codes of these levels and, above
// Info, no others.
type plantedFault struct {
	name     string
	before   func(h *house) // before anything is started; may be nil
	plant    func(h *house)
	want     map[doctor.Code]doctor.Level
	only     storetest.Dialect // "" = both databases
	plain    string            // what is said of rows that are plain beside a key
	oneByOne bool              // it would hide other faults, so that it is not among those planted at once
}

type codes = map[doctor.Code]doctor.Level

// env sets a variable for doctor; "" takes it away.
func env(name, value string) func(*house) {
	return func(h *house) { h.env[name] = value }
}

// faultsOfSettings are those that stand in the environment and the file.
func faultsOfSettings() []plantedFault {
	return []plantedFault{
		{name: "no public URL", plant: env("ACHIM_PUBLIC_URL", ""), want: codes{doctor.PublicURL: doctor.Warning}, oneByOne: true},
		{name: "public URL is this machine", plant: env("ACHIM_PUBLIC_URL", "http://localhost:8001"), want: codes{doctor.PublicURL: doctor.Warning}, oneByOne: true},
		{name: "public URL is plain http", plant: env("ACHIM_PUBLIC_URL", "http://achim.gaon.example"), oneByOne: true,
			want: codes{doctor.PublicURL: doctor.Warning, doctor.RedirectURL: doctor.Error}},
		{name: "redirect path", plant: env("GOOGLE_REDIRECT_URL", "https://achim.gaon.example/api/gmail/callback/"), want: codes{doctor.RedirectURL: doctor.Error}, oneByOne: true},
		{name: "redirect host", plant: env("GOOGLE_REDIRECT_URL", "https://old.gaon.example/api/gmail/callback"), want: codes{doctor.RedirectHost: doctor.Warning}},
		{name: "plain http", plant: env("GOOGLE_REVOKE_URL", "http://proxy.gaon.example/revoke"), want: codes{doctor.PlainHTTP: doctor.Warning}},
		{name: "one secret", plant: env("ACHIM_API_SECRET", ""), want: codes{doctor.OneSecret: doctor.Warning}, oneByOne: true},
		{name: "short secret", plant: env("ACHIM_API_SECRET", "short"), want: codes{doctor.ShortSecret: doctor.Error}},
		{name: "no cron secret", plant: env("CRON_SECRET", ""), want: codes{doctor.CronSecret: doctor.Error}, oneByOne: true},
		{name: "nothing sealed", before: env("ACHIM_ENCRYPTION_KEY", ""), want: codes{doctor.Sealing: doctor.Warning}, oneByOne: true},
		{name: "tokens exposed", plant: func(h *house) { h.file += "google:\n  expose_access_tokens: true\n" }, want: codes{doctor.ExposedTokens: doctor.Info}, oneByOne: true},
		{name: "in Testing by its own word", plant: func(h *house) { h.file += "google:\n  publishing: testing\n" }, want: codes{doctor.GoogleTesting: doctor.Warning}, oneByOne: true},
		{name: "mends too early", plant: func(h *house) { h.file += "mend_until: \"08:00\"\n" }, want: codes{doctor.MendUntil: doctor.Warning}},
		{name: "no signing secret", plant: env("SLACK_SIGNING_SECRET", ""), want: codes{doctor.SigningSecret: doctor.Warning}},
		{name: "nobody is told", plant: func(h *house) { h.env["SLACK_OPERATOR_USER"], h.env["ALERT_WEBHOOK_URL"] = "", "" }, want: codes{doctor.Alarms: doctor.Error}, oneByOne: true},
		{name: "operator without a name", plant: func(h *house) { h.file = strings.ReplaceAll(h.file, "@jiwon", operatorSlack) }, want: codes{doctor.OperatorName: doctor.Warning}, oneByOne: true},
		{name: "operator gone", plant: func(h *house) { h.slack.DisableUser(operatorSlack) }, want: codes{doctor.OperatorReach: doctor.Error}},
		{name: "webhook cut short", plant: env("ALERT_WEBHOOK_URL", "https://hooks.slack.com/"), want: codes{doctor.AlertWebhook: doctor.Warning}},
		{name: "no heartbeat", plant: env("HEARTBEAT_URL", ""), want: codes{doctor.Heartbeat: doctor.Warning}},
	}
}

// faultsOfGoogle are those of the client and the connections.
func faultsOfGoogle() []plantedFault {
	return []plantedFault{
		{name: "no client", plant: env("GOOGLE_CLIENT_ID", ""), want: codes{doctor.GoogleClient: doctor.Error}, oneByOne: true},
		{name: "client secret wrong", plant: env("GOOGLE_CLIENT_SECRET", "planted-wrong"), want: codes{doctor.GoogleClient: doctor.Error}, oneByOne: true},
		{name: "client deleted", plant: func(h *house) { h.google.RemoveClient(clientID) }, want: codes{doctor.GoogleClient: doctor.Error}, oneByOne: true},
		{name: "Google down", plant: fault(standin.Fault{Op: "token", Status: 503}), want: codes{doctor.GoogleReach: doctor.Error}, oneByOne: true},
		{name: "Google is a page", plant: fault(standin.Fault{Op: "token", Status: 200, Body: "<html>login</html>", ContentType: "text/html"}), oneByOne: true,
			want: codes{doctor.GoogleReach: doctor.Error}},
		{name: "clock wrong", plant: func(h *house) {
			h.google.Inject(standin.Fault{Op: "token", Header: map[string]string{"Date": h.clock.now().Add(9 * time.Hour).UTC().Format(http.TimeFormat)}})
		}, want: codes{doctor.Clock: doctor.Error}},
		{name: "clock a little off", plant: func(h *house) {
			h.google.Inject(standin.Fault{Op: "token", Header: map[string]string{"Date": h.clock.now().Add(-time.Minute).UTC().Format(http.TimeFormat)}})
		}, want: codes{doctor.Clock: doctor.Warning}, oneByOne: true},
		{name: "API off", plant: func(h *house) { h.google.DisableAPI("calendar") }, want: codes{doctor.APIDisabled: doctor.Error}},
		{name: "Testing suspected, died at seven days", plant: (*house).diesAtSevenDays, want: codes{doctor.GoogleTesting: doctor.Error, doctor.GrantDead: doctor.Error}},
		{name: "end known", plant: func(h *house) {
			h.know(h.admitConnected("week").id, func(s *briefing.CredentialState) {
				s.GrantedAt, s.EndsAt = friday.Add(-48*time.Hour), friday.Add(5*24*time.Hour)
			})
		}, want: codes{doctor.GrantEnding: doctor.Info}, oneByOne: true},
		{name: "revoked", plant: func(h *house) { h.google.Revoke(h.admitConnected("revoked").email) }, want: codes{doctor.GrantDead: doctor.Error}},
		{name: "ending", plant: func(h *house) {
			h.know(h.admitConnected("ending").id, func(s *briefing.CredentialState) { s.EndsAt = friday.Add(24 * time.Hour) })
		}, want: codes{doctor.GrantEnding: doctor.Warning}},
		{name: "box unticked", plant: func(h *house) {
			h.google.DropScope(h.admitConnected("unticked").email, "https://www.googleapis.com/auth/gmail.readonly")
		}, want: codes{doctor.GrantScopes: doctor.Error}},
		{name: "whose account is not told", plant: func(h *house) {
			p := h.admitConnected("anonymous")
			h.google.DropScope(p.email, "openid")
			h.google.DropScope(p.email, "https://www.googleapis.com/auth/userinfo.email")
		}, want: codes{doctor.GrantScopes: doctor.Info}, oneByOne: true},
		{name: "blocked", plant: func(h *house) { h.admitConnected("blocked") }, want: codes{doctor.GrantBlocked: doctor.Error}},
		{name: "Gmail down", plant: fault(standin.Fault{Op: "gmail.messages.list", Status: 503}), want: codes{doctor.GrantFailing: doctor.Warning}, oneByOne: true},
		{name: "row cannot be read", plant: func(h *house) {
			h.exec("UPDATE gmail_token SET token_data = '[]' WHERE user_id = '%s'", h.admitConnected("malformed").id)
		}, want: codes{doctor.GrantMalformed: doctor.Error}},
		{name: "no refresh token", plant: func(h *house) {
			h.exec(`UPDATE gmail_token SET token_data = '{"access_token":"planted"}' WHERE user_id = '%s'`, h.admitConnected("norefresh").id)
		}, want: codes{doctor.GrantNoRefreshToken: doctor.Error}},
		{name: "another client's", plant: func(h *house) {
			h.exec(`UPDATE gmail_token SET oauth_config = '{"client_id":"old.apps.example","client_secret":"planted-old"}' WHERE user_id = '%s'`, h.admitConnected("foreign").id)
		}, want: codes{doctor.GrantClient: doctor.Error, doctor.GrantForeignClient: doctor.Info}},
		{name: "row without a reader cannot be read", plant: func(h *house) {
			h.exec(`INSERT INTO gmail_token (user_id, token_data) VALUES ('11111111-0000-4000-8000-000000000002', '[]')`)
		}, want: codes{doctor.GrantMalformed: doctor.Warning}},
		{name: "row without a reader", plant: func(h *house) {
			h.google.AddAccount(standin.Account{Email: "stranger@gaon.example"})
			h.grant("11111111-0000-4000-8000-000000000001", "stranger@gaon.example")
		}, want: codes{doctor.GrantWithoutReader: doctor.Info}},
		{name: "not connected", plant: func(h *house) { h.admit("unconnected") }, want: codes{doctor.NotConnected: doctor.Info}},
	}
}

// faultsOfSlack are those of the app, the readers and the feeds.
func faultsOfSlack() []plantedFault {
	return []plantedFault{
		{name: "no Slack token", plant: env("SLACK_BOT_TOKEN", ""), want: codes{doctor.SlackToken: doctor.Error}, oneByOne: true},
		{name: "Slack token wrong", plant: env("SLACK_BOT_TOKEN", "planted-wrong"), want: codes{doctor.SlackToken: doctor.Error}, oneByOne: true},
		{name: "Slack down", plant: func(h *house) { h.slack.Inject(standin.Fault{Op: "auth.test", Status: 503}) }, want: codes{doctor.SlackReach: doctor.Error}, oneByOne: true},
		{name: "scope missing", plant: func(h *house) { h.slack.SetScopes("chat:write", "im:write", "users:read") }, want: codes{doctor.SlackScopes: doctor.Error}},
		{name: "may not look at members", plant: func(h *house) { h.slack.SetScopes("chat:write", "im:write", "im:history") }, want: codes{doctor.SlackScopes: doctor.Info}, oneByOne: true},
		{name: "Messages tab off", plant: func(h *house) {
			p := h.admit("refused")
			h.slack.Inject(standin.Fault{Op: "chat.postMessage", Body: `{"ok":false,"error":"messages_tab_disabled"}`})
			h.json("POST", "/api/cron/daily-summary?wait=20s", cronSecret, fmt.Sprintf(`{"user_ids":[%q]}`, p.id), http.StatusOK)
		}, want: codes{doctor.SlackMessages: doctor.Error, doctor.NotConnected: doctor.Info}},
		{name: "deactivated", plant: func(h *house) { h.slack.DisableUser(h.admit("deactivated").slack) }, want: codes{doctor.ReaderReach: doctor.Error, doctor.NotConnected: doctor.Info}},
		{name: "paused where they are", plant: func(h *house) { // and not in Seoul, where it is a day later
			p := h.admit("abroad", `"timezone":"America/New_York"`, `"paused_until":"2026-11-20"`)
			h.slack.DisableUser(p.slack)
		}, want: codes{doctor.ReaderReach: doctor.Info, doctor.NotConnected: doctor.Info}},
		{name: "no such member", plant: func(h *house) {
			h.exec("UPDATE achim_reader SET slack_user_id = 'U0NOONE' WHERE id = '%s'", h.admit("nobody").id)
		}, want: codes{doctor.ReaderReach: doctor.Error, doctor.NotConnected: doctor.Info}, oneByOne: true},
		{name: "a bot", plant: func(h *house) { h.slack.AddBot(h.admit("bot").slack, "bot") }, want: codes{doctor.ReaderReach: doctor.Error, doctor.NotConnected: doctor.Info}, oneByOne: true},
		{name: "zone unknown", plant: func(h *house) {
			h.exec("UPDATE achim_reader SET timezone = 'Mars/Phobos' WHERE id = '%s'", h.admit("martian").id)
		}, want: codes{doctor.ReaderZone: doctor.Error, doctor.NotConnected: doctor.Info}},
		{name: "feed down", plant: func(h *house) {
			h.feeds.Inject(standin.Fault{Op: "/down.xml", Status: 500})
			h.follow("down", "/down.xml")
		}, want: codes{doctor.FeedReach: doctor.Warning, doctor.NotConnected: doctor.Info}},
		{name: "feed gone", plant: func(h *house) { h.follow("gone", "/gone.xml") }, want: codes{doctor.FeedReach: doctor.Error, doctor.NotConnected: doctor.Info}, oneByOne: true},
		{name: "feed is a page", plant: func(h *house) {
			h.feeds.SetRaw("/page.xml", "text/html", []byte("<!doctype html><title>planted</title>"))
			h.follow("page", "/page.xml")
		}, want: codes{doctor.FeedMalformed: doctor.Error, doctor.NotConnected: doctor.Info}},
		{name: "feed moved", plant: func(h *house) {
			h.feeds.Inject(standin.Fault{Op: "/moved.xml", Status: http.StatusMovedPermanently, Header: map[string]string{"Location": "/wire.xml"}})
			h.follow("moved", "/moved.xml")
		}, want: codes{doctor.FeedMoved: doctor.Info, doctor.NotConnected: doctor.Info}},
		{name: "feed private", plant: env("PRIVATE_FEEDS", "false"), want: codes{doctor.FeedPrivate: doctor.Error}, oneByOne: true},
	}
}

// faultsOfDatabase are those of the database and of what stands in it.
func faultsOfDatabase() []plantedFault {
	return []plantedFault{
		{name: "no database", plant: func(h *house) {
			h.env["DATABASE_URL"] = "postgres://achim:planted-password@127.0.0.1:1/main_db"
		}, want: codes{doctor.DatabaseReach: doctor.Error, doctor.NotChecked: doctor.Info}, oneByOne: true},
		{name: "no file yet", plant: func(h *house) {
			h.env["DATABASE_URL"] = "sqlite:" + filepath.Join(h.t.TempDir(), "none.db")
		}, want: codes{doctor.DatabaseReach: doctor.Error, doctor.NotChecked: doctor.Info}, oneByOne: true},
		{name: "not migrated", plant: func(h *house) {
			h.exec("DELETE FROM achim_goose_version WHERE version_id = (SELECT MAX(version_id) FROM achim_goose_version)")
		}, want: codes{doctor.Migrations: doctor.Error, doctor.NotChecked: doctor.Info}, oneByOne: true},
		{name: "sealed with another key", plant: env("ACHIM_ENCRYPTION_KEY", base64.StdEncoding.EncodeToString([]byte("another-key-of-exactly-32-bytes!"))),
			want: codes{doctor.Seals: doctor.Error}, oneByOne: true},
		{name: "sealed, and the key is gone", plant: env("ACHIM_ENCRYPTION_KEY", ""), want: codes{doctor.Seals: doctor.Error}, oneByOne: true},
		{name: "what nobody can open, and no key", before: env("ACHIM_ENCRYPTION_KEY", ""), plant: func(h *house) {
			h.exec(`INSERT INTO gmail_token (user_id, token_data) VALUES ('11111111-0000-4000-8000-000000000010', '{"achim_sealed":"garbage"}')`)
		}, want: codes{doctor.Seals: doctor.Error, doctor.Sealing: doctor.Warning}, oneByOne: true},
		{name: "plain rows of other programs", plant: func(h *house) {
			for n := range 3 {
				h.exec(`INSERT INTO gmail_token (user_id, token_data) VALUES ('11111111-0000-4000-8000-00000000001%d', '{"refresh_token":"planted-theirs"}')`, n)
			}
		}, want: codes{doctor.Seals: doctor.Info, doctor.GrantWithoutReader: doctor.Info}, oneByOne: true, plain: "3 rows stay plain: they belong to no reader here"},
		{name: "flat columns changed", plant: func(h *house) {
			p := h.admitConnected("flat")
			h.exec("ALTER TABLE gmail_token ADD COLUMN access_token TEXT, ADD COLUMN refresh_token TEXT")
			h.exec("UPDATE gmail_token SET refresh_token = 'planted-elsewhere' WHERE user_id = '%s'", p.id)
		}, want: codes{doctor.GrantFlatChanged: doctor.Warning}, only: storetest.Postgres,
			plain: "1 row stays plain in part: it has flat columns with another refresh token than token_data"},
		{name: "gone", plant: func(h *house) {
			p := h.admit("gone")
			h.exec("UPDATE achim_reader SET left_at = 1, left_reason = 'slack_deactivated' WHERE id = '%s'", p.id)
			h.slack.DisableUser(p.slack)
		}, want: codes{}},
		{name: "shared table", plant: (*house).demandTenant, want: codes{doctor.SharedTables: doctor.Error}},
		{name: "file open to others", plant: func(h *house) {
			if err := os.Chmod(h.sqliteFile(), 0o644); err != nil {
				h.t.Fatal(err)
			}
		}, want: codes{doctor.DatabaseFile: doctor.Error}, only: storetest.SQLite},
		{name: "unknown", plant: func(h *house) { h.had(h.admit("doubtful"), "2026-11-19", briefing.Unknown, briefing.Ambiguous) },
			want: codes{doctor.UnknownEntries: doctor.Error, doctor.NotConnected: doctor.Info}},
		{name: "three mornings without", plant: func(h *house) {
			p := h.admit("forsaken")
			h.had(p, "2026-11-19", briefing.Failed, briefing.RecipientUnreachable)
			h.had(p, "2026-11-18", briefing.Missed, briefing.PastGrace)
			h.had(p, "2026-11-17", briefing.Failed, briefing.RecipientUnreachable)
		}, want: codes{doctor.ReaderFailing: doctor.Error, doctor.NotConnected: doctor.Info}},
		{name: "nobody serves", plant: (*house).stop, want: codes{doctor.Engine: doctor.Warning}}, // the last one: it closes the database
	}
}

// follow lets a further reader follow a feed.
func (h *house) follow(name, path string) {
	h.t.Helper()
	u, err := url.Parse(h.env["FEED_URL"])
	if err != nil {
		h.t.Fatal(err)
	}
	h.admit(name, fmt.Sprintf(`"feeds":[{"url":"http://%s%s?key=%s"}]`, u.Host, path, feedSecret))
}

func allFaults() []plantedFault {
	return slices.Concat(faultsOfSettings(), faultsOfGoogle(), faultsOfSlack(), faultsOfDatabase())
}

// TestDoctorFindsEachFault: each fault planted alone is found, as what it is, and nothing else is.
func TestDoctorFindsEachFault(t *testing.T) {
	t.Parallel()
	for dialect, faults := range map[storetest.Dialect][]plantedFault{
		storetest.SQLite:   allFaults(),
		storetest.Postgres: slices.Concat(faultsOfGoogle(), faultsOfDatabase()), // the others ask the database nothing of their own
	} {
		for _, f := range faults {
			if f.only != "" && f.only != dialect {
				continue
			}
			t.Run(string(dialect)+"/"+f.name, func(t *testing.T) {
				t.Parallel()
				h := healthy(t, dialect, f.before)
				if f.plant != nil {
					f.plant(h)
				}
				report := h.examine()
				found, plain := codes{}, ""
				for _, finding := range report.Findings {
					if finding.Code == doctor.Seals && finding.Level == doctor.Info {
						plain += finding.Summary
					}
					if finding.Code == doctor.Engine && f.want[doctor.Engine] == "" && dialect == storetest.Postgres {
						continue // which this test does not wait for: others do
					}
					if _, wanted := f.want[finding.Code]; wanted || finding.Level == doctor.Warning || finding.Level == doctor.Error {
						found[finding.Code] = finding.Level
					}
				}
				if diff := cmp.Diff(f.want, found); diff != "" {
					t.Errorf("-want +got:\n%s%s", diff, told(t, report))
				}
				if f.plain != "" && f.plain != plain {
					t.Errorf("of what is plain it says %q, want %q", plain, f.plain)
				}
				wellFormed(t, report)
				if errors := slices.ContainsFunc(report.Findings, isError); report.OK == errors {
					t.Errorf("ok is %v", report.OK)
				}
			})
		}
	}
}

// TestDoctorMayNotLook: what the app may not see is told once for all, as nobody's fault, whether Slack named the scopes or not.
func TestDoctorMayNotLook(t *testing.T) {
	t.Parallel()
	for name, op := range map[string]string{"users:read is missing, and DMs cannot be opened": "conversations.open", "users.info is refused": "users.info"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := healthy(t, storetest.SQLite)
			for _, p := range []patient{h.admit("one"), h.admit("two")} {
				h.exec("UPDATE achim_reader SET slack_channel_id = 'D0' WHERE id = '%s'", p.id)
			}
			if op == "conversations.open" {
				h.slack.SetScopes("chat:write", "im:write", "im:history")
			}
			h.slack.Inject(standin.Fault{Op: op, Body: `{"ok":false,"error":"missing_scope","needed":"users:read"}`})
			report, told := h.examine("one", "two"), 0
			for _, f := range report.Findings {
				switch {
				case f.Level == doctor.Warning || f.Level == doctor.Error:
					t.Errorf("%s (%s): %s %s", f.Code, f.Level, f.Subject, f.Summary)
				case f.Code == doctor.NotChecked && f.Subject == "readers":
					told++
					if f.Level != doctor.Info || f.Count != 2 || !strings.Contains(f.Summary, "2 readers") || !strings.Contains(f.Remedy, "users:read") {
						t.Errorf("%+v", f)
					}
				}
			}
			if told != 1 {
				t.Errorf("told %d times", told)
			}
			wellFormed(t, report)
		})
	}
}

// TestDoctorFindsAllFaults: faults planted at once are found all of them.
func TestDoctorFindsAllFaults(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		dialect := storetest.Postgres
		if h.sqliteFile() != "" {
			dialect = storetest.SQLite
		}
		h = healthy(t, dialect)
		h.elected()
		want, n := codes{}, 0
		for _, f := range allFaults() {
			if f.oneByOne || (f.only != "" && f.only != dialect) {
				continue
			}
			f.plant(h)
			n++
			for code, level := range f.want {
				if level == doctor.Warning || level == doctor.Error || want[code] == "" {
					want[code] = level
				}
			}
		}
		if n < 20 {
			t.Fatalf("%d faults at once, fewer than twenty", n)
		}
		report := h.examine()
		for code, level := range want {
			if !slices.ContainsFunc(report.Findings, func(f doctor.Finding) bool { return f.Code == code && f.Level == level }) {
				t.Errorf("%s (%s) was not found", code, level)
			}
		}
		for _, f := range report.Findings {
			if want[f.Code] == "" && (f.Level == doctor.Warning || f.Level == doctor.Error) {
				t.Errorf("%s (%s) was found and not planted: %s %s", f.Code, f.Level, f.Subject, f.Summary)
			}
		}
		wellFormed(t, report)
		if dialect == storetest.SQLite {
			h.golden("doctor_broken.txt", report)
		}
	})
}

// TestDoctorOnAHealthyHouse: nothing is found, nobody is written to, and nothing is changed, although the access tokens
// have expired.
func TestDoctorOnAHealthyHouse(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		if h.sqliteFile() != "" {
			h = healthy(t, storetest.SQLite)
		} else {
			h = healthy(t, storetest.Postgres)
		}
		h.elected()
		h.trigger("")
		h.google.ExpireAccess(haneulMail)
		before, calls := h.everything(), h.slack.Calls("*")
		report := h.examine()
		if !report.OK || slices.ContainsFunc(report.Findings, func(f doctor.Finding) bool { return f.Level != doctor.OK && f.Level != doctor.Info }) {
			t.Errorf("a false alarm:\n%s", told(t, report))
		}
		if diff := cmp.Diff(before, h.everything()); diff != "" {
			t.Errorf("doctor changed something:\n%s", diff)
		}
		asked := h.slack.Calls("*") - calls
		if looked := h.slack.Calls("users.info"); looked != 2 || asked != 3 || len(h.dms()) != 1 {
			t.Errorf("%d calls to Slack, %d of them users.info, and %d DMs", asked, looked, len(h.dms()))
		}
		wellFormed(t, report)
		if h.sqliteFile() != "" {
			h.golden("doctor_healthy.txt", report)
		}
		if one := h.examine("haneul"); !one.OK || len(one.Findings) != len(report.Findings) {
			t.Errorf("of haneul alone:\n%s", told(t, one))
		}
		if _, err := app.Examine(t.Context(), app.ExamineOptions{Config: h.settings(), Now: h.clock.now, Readers: []string{"stranger"}}); app.FieldFault(err) == nil {
			t.Errorf("of a stranger: %v", err)
		}
	})
}

// TestDoctorComparesClocks: with the database's clock, by which all processes go.
func TestDoctorComparesClocks(t *testing.T) {
	t.Parallel()
	h := healthy(t, storetest.Postgres)
	for ahead, want := range map[time.Duration]doctor.Level{0: doctor.OK, time.Hour: doctor.Warning} {
		report, err := app.Examine(t.Context(), app.ExamineOptions{Config: h.settings(), Now: h.clock.now,
			Local: func() time.Time { return time.Now().Add(ahead) }})
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(report.Findings, func(f doctor.Finding) bool { return f.Code == doctor.DatabaseClock })
		if i < 0 || report.Findings[i].Level != want {
			t.Errorf("%s ahead:\n%s", ahead, told(t, report))
		}
	}
}

// TestDoctorStops: when it is told to, at once, whatever it waits for.
func TestDoctorStops(t *testing.T) {
	t.Parallel()
	h := healthy(t, storetest.SQLite)
	h.google.Inject(standin.Fault{Op: "token", Delay: time.Minute})
	h.slack.Inject(standin.Fault{Op: "*", Delay: time.Minute})
	h.feeds.Inject(standin.Fault{Op: "*", Delay: time.Minute})
	ctx, cancel := context.WithCancel(t.Context())
	begun := time.Now()
	told := 0
	_, err := app.Examine(ctx, app.ExamineOptions{Config: h.settings(), Now: h.clock.now, Progress: func(done, of int, waiting []string) {
		told++
		if done+len(waiting) != of {
			t.Errorf("%d of %d, waiting for %d", done, of, len(waiting))
		}
		if slices.Contains(waiting, "feeds") && done > 5 {
			cancel()
		}
	}})
	if err == nil || told == 0 || time.Since(begun) > 15*time.Second {
		t.Errorf("after %s, told %d times: %v", time.Since(begun), told, err)
	}
}

// everything is all that is stored and that doctor could change.
func (h *house) everything() map[string][]string {
	h.t.Helper()
	all := map[string][]string{}
	for table, order := range map[string]string{"gmail_token": "user_id", "achim_credential_state": "fingerprint", "conversation_log": "id",
		"achim_entry": "id", "achim_reader": "id", "achim_source_state": "reader_id, source", "achim_run": "id", "achim_consent": "state_hash"} {
		all[table] = storetest.Rows(h.t, h.app.Store, "SELECT * FROM "+table+" ORDER BY "+order)
	}
	return all
}

func isError(f doctor.Finding) bool { return f.Level == doctor.Error }

// told is the report as a person reads it.
func told(t *testing.T, r app.Report) string {
	t.Helper()
	var out bytes.Buffer
	if err := app.PrintReport(&out, r); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

var docsForm = regexp.MustCompile(`^docs/[a-z-]+\.md#[a-z-]+$`)

// wellFormed checks what holds of every report: what is not well has a remedy, everything has a page, and no secret is
// in it.
func wellFormed(t *testing.T, r app.Report) {
	t.Helper()
	for _, f := range r.Findings {
		if f.Summary == "" || !docsForm.MatchString(f.Docs) || (f.Level == doctor.OK) != (f.Remedy == "") || strings.Contains(f.Summary+f.Remedy, "\n") {
			t.Errorf("%+v", f)
		}
	}
	asJSON, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	lacks(t, told(t, r)+string(asJSON), webhookSecret, heartbeatSecret, feedSecret, clientSecret, botToken, cronSecret, apiSecret, signing,
		"planted-", "standin-at-", "1//", "MESSAGE_BODY")
}

// golden compares the report as it is told with the file.
func (h *house) golden(name string, r app.Report) {
	h.t.Helper()
	text := told(h.t, r)
	text = strings.ReplaceAll(text, h.sqliteFile(), "achim.db")
	text = regexp.MustCompile(`127\.0\.0\.1:\d+`).ReplaceAllString(text, "127.0.0.1:PORT")
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			h.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			h.t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		h.t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		h.t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}
