package main_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"achim/internal/leaktest"
	"achim/internal/standin"
	"achim/store/storetest"
)

// marked is a town in which every secret is marked, and so is a mail.
type marked struct {
	*town
	garden leaktest.Garden
	did    []string // the commands that were run
}

func mark(t *testing.T, dialect storetest.Dialect) *marked {
	t.Helper()
	m := &marked{town: newTown(t, dialect)}
	g := &m.garden
	g.Plant("access token", "standin-at-")
	g.Plant("refresh token", "1//standin-")
	g.Plant("authorization code", "4/0standin-")
	g.Plant("client secret", clientSecret)
	g.Plant("bot token", botToken)
	for variable, name := range map[string]string{
		"CRON_SECRET": "cron secret", "ACHIM_API_SECRET": "api secret", "SLACK_SIGNING_SECRET": "signing secret",
		"SLACK_APP_TOKEN": "app token", "OPENAI_API_KEY": "model key",
	} {
		m.env[variable] = g.PlantWord(name)
	}
	// A rotation prints the key in a keyset, to standard output alone.
	m.env["ACHIM_ENCRYPTION_KEY"] = g.Plant("encryption key", base64.StdEncoding.EncodeToString([]byte("zq7-encryption-key-of-32-bytes!!")), "out/keys")
	g.Plant("encryption key", "zq7-encryption-key-of-32-bytes!!")
	m.env["ALERT_WEBHOOK_URL"], m.env["HEARTBEAT_URL"] = "http://127.0.0.1:1/"+g.PlantWord("webhook"), "http://127.0.0.1:1/"+g.PlantWord("heartbeat")
	m.env["ACHIM_LOG_LEVEL"] = "debug"
	if u, err := url.Parse(m.env["DATABASE_URL"]); err == nil && u.Host != "" {
		if password, set := u.User.Password(); set {
			g.Plant("database password", password)
		} else {
			u.User = url.UserPassword(u.User.Username(), g.PlantWord("database password"))
		}
		m.env["DATABASE_URL"] = u.String()
	}
	m.write("achim.yaml", "news:\n  allow_private_networks: true\n  feeds:\n    - url: http://127.0.0.1:1/wire.xml?key="+g.PlantWord("team feed key", "out/feeds")+"\n")
	shown := []string{"out/preview", "out/run", "out/runs", "out/users --stored"} // what was asked for
	m.google.AddMail(haneulMail, standin.Mail{
		From: `"` + g.PlantWord("sender", shown...) + `" <junho@gaon.example>`, Subject: g.PlantWord("subject", shown...),
		Body: g.PlantWord("snippet") + " 배경입니다. 회신 주실 수 있을까요? " + strings.Repeat("그 밖의 이야기입니다. ", 40) + g.PlantWord("body"),
	})
	return m
}

// does runs a command, whatever comes of it, and looks at what it prints.
func (m *marked) does(args ...string) result {
	m.t.Helper()
	r := m.run(args...)
	m.did = append(m.did, strings.Join(args, " "))
	place := args[0]
	if slices.Contains(args, "--stored") {
		place += " --stored"
	}
	m.garden.Look("out/"+place, r.out)
	m.garden.Look("err/"+place, r.err)
	return r
}

// all runs every command there is that ends by itself.
func (m *marked) all() {
	m.t.Helper()
	for _, line := range []string{
		"migrate --dry-run", "users list", "users list --json", "users show --user haneul", "users set --user haneul --at 23:58 --json", "users set --user haneul --at 25:00",
		"tokens list", "tokens list --json", "tokens check --user haneul", "tokens check --user haneul --json", "tokens refresh --user haneul",
		"tokens refresh --user haneul --force", "tokens refresh --user haneul --force --json", "connect --user haneul --json", "preview --user haneul", "preview --user haneul --json",
		"run --dry-run", "run --dry-run --json", "run --user haneul --force", "runs list", "runs list --json", "runs show nosuch", "runs resolve nosuch --resend",
		"version", "completion bash", "tokens revoke --user haneul", "users show --user nobody", "users add --name x --slack U0X --feed ftp://x",
		"users show --user haneul --stored", "users show --user haneul --stored --json", "doctor", "doctor --json", "doctor --user haneul",
		"keys rotate", "keys rotate --json", "keys rotate --reseal", "keys rotate --reseal --json", "keys rotate --drop-old",
		"users import team.csv", "users import team.csv --dry-run", "users import team.csv --yes --quiet --json", "users import --from-tables --dry-run --json",
		"feeds list --user haneul", "feeds list --user haneul --check --json", "feeds export --user haneul", "feeds check http://127.0.0.1:1/other.xml",
		"feeds add http://127.0.0.1:1/other.xml --user haneul", "feeds remove http://127.0.0.1:1/other.xml --user haneul", "feeds import nosuch.opml --user haneul",
		"users remove --user minji --erase", "users remove --user minji --erase --yes",
	} {
		m.does(strings.Fields(line)...)
	}
	for _, form := range []string{"", "--keyset", "--json"} {
		r := m.does(strings.Fields("keys generate " + form)...)
		for _, key := range regexp.MustCompile(`[A-Za-z0-9+/=]{40,}`).FindAllString(r.out, -1) {
			m.garden.Plant("fresh key", key, "out/keys")
		}
		m.garden.Look("err/keys", r.err)
	}
}

// didAll checks that every command was run that ends by itself and looks at more than its words.
func (m *marked) didAll() {
	m.t.Helper()
	for _, command := range commands {
		group := slices.ContainsFunc(commands, func(other string) bool { return strings.HasPrefix(other, command+" ") })
		did := slices.ContainsFunc(m.did, func(line string) bool { return line == command || strings.HasPrefix(line, command+" ") })
		if !group && !did && command != "serve" && command != "demo" {
			m.t.Errorf("achim %s was not run", command)
		}
	}
}

// TestCommandsLeakNothing: what commands print, at debug and with everything going wrong, holds no secret, and content
// only where a person asked to see it.
func TestCommandsLeakNothing(t *testing.T) {
	t.Parallel()
	for _, dialect := range []storetest.Dialect{storetest.SQLite, storetest.Postgres} {
		t.Run(string(dialect), func(t *testing.T) {
			t.Parallel()
			m := mark(t, dialect)
			m.does("migrate")
			m.addHaneul()
			m.does("users", "set", "--user", "haneul", "--feed", "http://127.0.0.1:1/own.xml?key="+m.garden.PlantWord("own feed key", "out/users", "out/feeds"))
			m.write("team.csv", "name,slack_user_id,feeds\nminji,U0MINJI,http://127.0.0.1:1/own.xml?key="+leaktest.Word("own feed key")+"\n")
			p := m.serving()
			m.connect()
			if arguments, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.cmd.Process.Pid)); err == nil {
				m.garden.Look("arguments", string(arguments))
			}
			m.all()
			for _, fault := range []standin.Fault{
				{Op: "token", Status: http.StatusUnauthorized, Body: standin.OAuthError("invalid_client", m.garden.Echo())},
				{Op: "token", Status: http.StatusBadRequest, Body: standin.OAuthError("invalid_grant", m.garden.Echo())},
				{Op: "gmail.messages.list", Status: http.StatusForbidden, Body: standin.GoogleError(403, m.garden.Echo(), m.garden.Echo())},
			} {
				m.google.Inject(fault)
				m.slack.Inject(standin.Fault{Op: "chat.postMessage", Times: 1, Body: fmt.Sprintf(
					`{"ok":false,"error":"invalid_auth","needed":%q,"response_metadata":{"messages":[%[1]q]}}`, m.garden.Echo())})
				m.all()
				m.google.Clear()
			}
			m.does("tokens", "revoke", "--user", "haneul", "--yes")
			m.does("keys", "unseal") // which is refused beside a serve on SQLite
			m.connect()
			m.google.Inject(standin.Fault{Op: "revoke", Status: http.StatusBadRequest, Body: m.garden.Echo()})
			m.does("users", "remove", "--user", "haneul", "--erase", "--yes", "--json")
			p.signal(syscall.SIGTERM)
			m.garden.Look("err/serve", p.end(0))
			m.does("keys", "unseal")
			m.does("doctor")
			m.didAll()
			for _, leak := range m.garden.Leaks() {
				t.Error(leak)
			}
			for name, place := range map[string]string{"subject": "out/preview", "own feed key": "out/users", "encryption key": "out/keys", "sender": "out/users --stored"} {
				if !m.garden.Found(name, place) {
					t.Errorf("%s was not found in %s, where it belongs", name, place)
				}
			}
		})
	}
}

// TestConfigurationFaultsLeakNothing: what is wrong with a setting is told without the secret that may be in it.
func TestConfigurationFaultsLeakNothing(t *testing.T) {
	t.Parallel()
	m := mark(t, storetest.SQLite)
	word := m.garden.PlantWord("mistyped secret")
	m.write("credentials.json", `{"web":{"client_id":"x","client_secret":"`+word+`","redirect_uris":["`+word+`"]}`)
	m.write("secret.yaml", "slack:\n  bot_token: "+word+"\nSLACK_BOT_TOKEN: "+word+"\ncron_secret: ["+word+"]\n")
	good := map[string]string{}
	for name, value := range m.env {
		good[name] = value
	}
	for name, value := range map[string]string{
		"DATABASE_URL": "mysql://achim:" + word + "@db.example/main_db", "ALERT_WEBHOOK_URL": "not a url " + word, "HEARTBEAT_URL": "ftp://" + word + "@x.example",
		"GOOGLE_CREDENTIALS_FILE": "credentials.json", "ACHIM_CONFIG": "secret.yaml", "ACHIM_ENCRYPTION_KEY": word + "!", "CRON_SECRET": word + "\n" + word,
		"SLACK_BOT_TOKEN": "xoxp-" + word + " ", "SLACK_BOT_TOKEN_FILE": "/run/secrets/none", "GOOGLE_CLIENT_SECRET": word + "\x01",
	} {
		m.env[name] = value
		m.does("users", "list")
		p := m.start("serve")
		p.signal(syscall.SIGTERM)
		select {
		case err := <-p.done:
			p.done <- err
		case <-time.After(patience):
			t.Fatalf("serve with a broken %s does not end", name)
		}
		text, _ := p.said()
		m.garden.Look("err/serve", text)
		delete(m.env, name)
		if before, set := good[name]; set {
			m.env[name] = before
		}
	}
	m.env["DATABASE_URL"] = "postgres://achim:" + word + "@" + freeAddr(t) + "/main_db"
	m.does("users", "list")
	m.does("migrate")
	for _, leak := range m.garden.Leaks() {
		t.Error(leak)
	}
}
