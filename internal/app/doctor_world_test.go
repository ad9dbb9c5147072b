package app_test

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"achim/briefing"
	"achim/internal/app"
	"achim/internal/config"
	"achim/internal/engine"
	"achim/internal/standin"
	"achim/store"
	"achim/store/storetest"
)

// Secrets of the healthy house: whatever doctor says, none of them is in it.
const (
	webhookSecret   = "planted-webhook-T012AB3CD"
	heartbeatSecret = "planted-heartbeat-0123456789"
	feedSecret      = "planted-feed-key-0123456789"
)

// healthy is a house in which nothing is wrong: everything is set, serve runs, and haneul is connected. What comes before
// is done before it starts.
func healthy(t *testing.T, dialect storetest.Dialect, before ...func(*house)) *house {
	t.Helper()
	h := build(t, dialect)
	h.slack.AddUser(operatorSlack, "jiwon", "이지원")
	maps.Copy(h.env, map[string]string{
		"SLACK_OPERATOR_USER": operatorSlack, "ALERT_WEBHOOK_URL": "https://hooks.slack.com/services/T0/B0/" + webhookSecret,
		"HEARTBEAT_URL":        "https://beat.gaon.example/" + heartbeatSecret,
		"ACHIM_ENCRYPTION_KEY": base64.StdEncoding.EncodeToString([]byte("planted-key-of-exactly-32-bytes!")),
	})
	h.env["FEED_URL"] += "?key=" + feedSecret
	h.file += "delivery: {operator: \"@jiwon\"}\n"
	for _, do := range before {
		if do != nil {
			do(h)
		}
	}
	h.start()
	h.addHaneul()
	h.connect()
	if h.env["ACHIM_ENCRYPTION_KEY"] != "" {
		h.eventually("everything sealed", func() bool {
			swept, err := h.app.Store.Swept(t.Context())
			return err == nil && swept
		})
	}
	return h
}

// elected waits until an engine can be seen: on PostgreSQL they take some seconds to elect their leader.
func (h *house) elected() {
	h.t.Helper()
	h.eventually("an engine", func() bool {
		if h.app.Store.Exclusive() {
			return true
		}
		led, err := engine.Led(h.t.Context(), h.app.Store.Pool())
		return err == nil && led
	})
}

// settings reads the environment without asking whether serve could do with it.
func (h *house) settings() config.Config {
	h.t.Helper()
	env := maps.Clone(h.env)
	allow := "true"
	if env["PRIVATE_FEEDS"] != "" {
		allow = env["PRIVATE_FEEDS"]
	}
	file := "news:\n  allow_private_networks: " + allow + "\n  feeds:\n    - url: " + env["FEED_URL"] + "\n      title: 한빛통신\n" + h.file
	delete(env, "FEED_URL")
	delete(env, "PRIVATE_FEEDS")
	cfg, err := config.Load(config.Source{
		Getenv:   func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		ReadFile: func(string) ([]byte, error) { return []byte(file), nil },
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return cfg
}

// examine runs doctor.
func (h *house) examine(readers ...string) app.Report {
	h.t.Helper()
	report, err := app.Examine(h.t.Context(), app.ExamineOptions{Config: h.settings(), Now: h.clock.now, Readers: readers})
	if err != nil {
		h.t.Fatal(err)
	}
	return report
}

// patient is a further reader, so that several faults can be had at once. The name says which fault.
type patient struct {
	name, slack, email string
	id                 briefing.ReaderID
}

// patients are numbered by their names, so that golden files do not change.
func patientOf(name string) patient {
	n := 0
	for _, r := range name {
		n = n*31%1_000_003 + int(r)
	}
	return patient{name: name, slack: "U0" + strings.ToUpper(strings.ReplaceAll(name, "-", "")), email: name + "@gaon.example",
		id: briefing.ReaderID(fmt.Sprintf("00000000-0000-4000-8000-%012d", n))}
}

// admit adds a reader who is not connected.
func (h *house) admit(name string, members ...string) patient {
	h.t.Helper()
	p := patientOf(name)
	h.slack.AddUser(p.slack, p.name, p.name)
	body := fmt.Sprintf(`{"name":%q,"slack_user_id":%q`, p.name, p.slack)
	for _, m := range members {
		body += "," + m
	}
	h.json("PUT", "/api/users/"+string(p.id), apiSecret, body+"}", http.StatusCreated)
	return p
}

// admitConnected adds a reader who connected a month ago.
func (h *house) admitConnected(name string) patient {
	h.t.Helper()
	p := h.admit(name)
	h.google.AddAccount(standin.Account{Email: p.email, NoGmail: name == "blocked"})
	h.grant(p.id, p.email)
	return p
}

// grant stores a grant that was given a month ago.
func (h *house) grant(id briefing.ReaderID, email string) {
	h.t.Helper()
	token, now := h.google.Grant(email), h.clock.now()
	c := briefing.Credential{
		ReaderID: id, AccessToken: briefing.NewSecret(token.AccessToken), RefreshToken: briefing.NewSecret(token.RefreshToken),
		ClientID: clientID, ClientSecret: briefing.NewSecret(clientSecret), Scopes: token.Scopes, Email: email,
		State: briefing.CredentialState{Expiry: token.Expiry, GrantedAt: now.Add(-30 * 24 * time.Hour), CheckedAt: now},
	}
	if err := h.app.Store.SaveGrant(h.t.Context(), c); err != nil {
		h.t.Fatal(err)
	}
}

// diesAtSevenDays lets Google end a grant that is seven days old, and somebody ask for it.
func (h *house) diesAtSevenDays() {
	h.t.Helper()
	p := h.admitConnected("died")
	h.know(p.id, func(s *briefing.CredentialState) {
		s.GrantedAt, s.CheckedAt, s.Expiry = friday.Add(-7*24*time.Hour), friday.Add(-24*time.Hour), friday.Add(-time.Hour)
	})
	h.google.Revoke(p.email)
	h.json("POST", "/api/gmail/refresh/"+string(p.id), apiSecret, "", http.StatusConflict)
}

// know changes what is known of a grant.
func (h *house) know(id briefing.ReaderID, change func(*briefing.CredentialState)) {
	h.t.Helper()
	c, err := h.app.Store.Credential(h.t.Context(), id)
	if err == nil {
		change(&c.State)
		err = h.app.Store.SaveCredentialState(h.t.Context(), c)
	}
	if err != nil {
		h.t.Fatal(err)
	}
}

// had puts a past briefing into the ledger.
func (h *house) had(p patient, date string, state briefing.State, reason briefing.Reason) {
	h.t.Helper()
	at := friday.Add(-24 * time.Hour).UnixMilli()
	h.exec("INSERT INTO achim_entry (id, reader_id, date, slot, state, reason, due_at, created_at, updated_at) VALUES ('%s-%s', '%s', '%s', 'daily', '%s', '%s', %d, %d, %d)",
		p.name, date, p.id, date, state, reason, at, at, at)
}

// demandTenant makes conversation_log want what we cannot give. SQLite adds no column that must be set.
func (h *house) demandTenant() {
	if h.sqliteFile() == "" {
		h.exec("ALTER TABLE conversation_log ADD COLUMN tenant TEXT NOT NULL")
		return
	}
	h.exec("CREATE TRIGGER demand_tenant BEFORE INSERT ON conversation_log BEGIN SELECT RAISE(ABORT, 'tenant must be set'); END")
}

// exec changes the database behind everybody's back.
func (h *house) exec(format string, args ...any) {
	h.t.Helper()
	storetest.Exec(h.t, h.app.Store, fmt.Sprintf(format, args...))
}

// sqliteFile is the path of the database's file, "" on PostgreSQL.
func (h *house) sqliteFile() string { return store.File(h.env["DATABASE_URL"]) }
