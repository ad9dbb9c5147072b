package app_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"achim/briefing"
	"achim/internal/app"
	"achim/internal/config"
	"achim/internal/standin"
	"achim/store/storetest"
)

// What the stand-ins of the tests know each other by.
const (
	clientID     = "test-client.apps.example"
	clientSecret = "test-client-secret"
	botToken     = "test-bot-token"
	signing      = "test-signing-secret"
	cronSecret   = "test-cron-secret-0123456789abcdef"
	apiSecret    = "test-api-secret-0123456789abcdef"

	haneul      = "3f0c6a52-1d2e-4b7a-9c55-0a1b2c3d4e5f"
	haneulMail  = "haneul@gaon.example"
	haneulSlack = "U0HANEUL"
)

// house is Achim with stand-ins around it. Everything goes over real HTTP, and nothing is set but the
// documented environment.
type house struct {
	t       *testing.T
	google  *standin.Google
	slack   *standin.Slack
	feeds   *standin.Feeds
	env     map[string]string
	cookies []*http.Cookie // of the one browser there is
	file    string         // more of the configuration file
	clock   *clock
	app     *app.App
	log     *safeBuffer
}

// clock is the wall clock, moved. It keeps running.
type clock struct {
	mu    sync.Mutex
	shift time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.shift)
}

func (c *clock) set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shift = time.Until(at)
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shift += d
}

// safeBuffer collects a log from several goroutines.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// friday is a working day, just before nine in Seoul.
var friday = time.Date(2026, 11, 20, 8, 30, 0, 0, time.FixedZone("KST", 9*60*60))

// build lays the house out with haneul's account in it, and starts nothing of Achim yet.
func build(t *testing.T, dialect storetest.Dialect) *house {
	t.Helper()
	h := &house{t: t, clock: &clock{}, log: &safeBuffer{}, slack: standin.NewSlack(botToken), feeds: standin.NewFeeds(),
		google: standin.NewGoogle(clientID, clientSecret)}
	h.clock.set(friday)
	h.google.Now, h.slack.Now, h.feeds.Now = h.clock.now, h.clock.now, h.clock.now
	google, slack, feeds := h.serve(h.google.Handler()), h.serve(h.slack.Handler()), h.serve(h.feeds.Handler())
	at := h.google.Endpoints(google)
	h.slack.AddUser(haneulSlack, "haneul", "김하늘")
	h.google.AddAccount(standin.Account{
		Email: haneulMail, Subject: "1001", Name: "김하늘",
		Mail: []standin.Mail{
			{ID: "18c0a1", From: `"박준호" <junho@gaon.example>`, To: haneulMail, Subject: "계약서 3조 수정안",
				Body: "하늘 님, 3조 수정안 검토 부탁드립니다. 오늘 18:00까지 회신 주실 수 있을까요?", Date: friday.Add(-time.Hour), Labels: []string{"INBOX", "UNREAD"}},
			{ID: "18c0a2", From: `<!channel> <evil@gaon.example>`, To: haneulMail, Subject: "<!channel> *긴급* <https://evil.example|은행> 확인 부탁드립니다?",
				Body: "<!here> 확인 부탁드립니다?", Date: friday.Add(-2 * time.Hour), Labels: []string{"INBOX"}},
		},
		Calendars: []standin.Calendar{
			{ID: haneulMail, Summary: "하늘", AccessRole: "owner", TimeZone: "Asia/Seoul", Primary: true, Selected: true, Events: []standin.Event{
				{ID: "weekly", Summary: "제품 주간회의", Location: "3층", Start: friday.Add(time.Hour), End: friday.Add(2 * time.Hour),
					HangoutLink: "https://meet.gaon.example/abc-defg-hij"},
			}},
			{ID: "team@gaon.example", Summary: "팀", AccessRole: "reader", TimeZone: "Asia/Seoul", Selected: true},
		},
	})
	h.feeds.Set("/wire.xml", standin.Feed{Title: "한빛통신", Items: []standin.FeedItem{
		{Title: "한국은행, 기준금리 동결", URL: "https://news.example/1", GUID: "1", Published: friday.Add(-time.Hour)},
		{Title: "수도권 첫눈, 출근길 주의", URL: "https://news.example/2", GUID: "2", Published: friday.Add(-2 * time.Hour)},
	}})
	h.env = map[string]string{
		"DATABASE_URL": storetest.URL(t, dialect), "GOOGLE_CLIENT_ID": clientID, "GOOGLE_CLIENT_SECRET": clientSecret,
		"GOOGLE_AUTH_URL": at.AuthURL, "GOOGLE_TOKEN_URL": at.TokenURL, "GOOGLE_REVOKE_URL": at.RevokeURL,
		"GOOGLE_USERINFO_URL": at.UserinfoURL, "GMAIL_API_URL": at.GmailURL, "CALENDAR_API_URL": at.CalendarURL,
		"SLACK_API_URL": slack, "SLACK_BOT_TOKEN": botToken, "SLACK_SIGNING_SECRET": signing,
		"CRON_SECRET": cronSecret, "ACHIM_API_SECRET": apiSecret, "ACHIM_ADDR": "127.0.0.1:0",
		"ACHIM_PUBLIC_URL": "https://achim.gaon.example",
		"ACHIM_CONFIG":     "achim.yaml", "FEED_URL": feeds + "/wire.xml",
	}
	return h
}

// serve serves a stand-in until the test ends.
func (h *house) serve(handler http.Handler) string {
	h.t.Helper()
	s, err := standin.Serve(handler, "")
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = s.Close() })
	return s.URL
}

// config reads the environment as a process would.
func (h *house) config() config.Config {
	h.t.Helper()
	env := maps.Clone(h.env)
	allow := cmp.Or(env["PRIVATE_FEEDS"], "true")
	delete(env, "PRIVATE_FEEDS")
	file := "news:\n  allow_private_networks: " + allow + "\n  feeds:\n    - url: " + env["FEED_URL"] + "\n      title: 한빛통신\n" + h.file
	delete(env, "FEED_URL")
	cfg, err := config.Load(config.Source{
		Getenv: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		ReadFile: func(path string) ([]byte, error) {
			if path != env["ACHIM_CONFIG"] {
				return os.ReadFile(path)
			}
			return []byte(file), nil
		},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	if err := cfg.CheckServe(); err != nil {
		h.t.Fatal(err)
	}
	return cfg
}

// start migrates and starts Achim; the test's end stops it.
func (h *house) start() {
	h.t.Helper()
	cfg := h.config()
	storetest.Lay(h.t, h.env["DATABASE_URL"])
	if _, err := app.Migrate(h.t.Context(), cfg, false); err != nil {
		h.t.Fatal(err)
	}
	a, err := app.New(h.t.Context(), app.Options{Config: cfg, Now: h.clock.now, Unticked: true,
		Logger: slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		h.t.Fatal(err)
	}
	h.app = a
	a.Keeper.Pause = func(ctx context.Context, _ time.Duration) bool { return ctx.Err() == nil } // so that no look finds another under way
	if err := a.Start(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(h.stop)
}

// stop stops Achim; what is under way is finished.
func (h *house) stop() {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := h.app.Stop(ctx); err != nil {
		h.t.Errorf("stop: %v", err)
	}
}

// answer is what a call came back with.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// call asks Achim with a bearer; "" asks without one.
func (h *house) call(method, path, bearer, body string) answer {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), method, "http://"+h.app.Addr()+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	for _, c := range h.cookies {
		req.AddCookie(c)
	}
	return h.do(req)
}

// browser returns a client that follows no redirect. It has connections of its own, and keeps none: what net/http's own
// client keeps is closed with any server of a test, also under other tests.
func browser() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// do sends a request; redirects are not followed.
func (h *house) do(req *http.Request) answer {
	h.t.Helper()
	resp, err := browser().Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if given := resp.Cookies(); len(given) > 0 { // several may call at once where none are given
		h.cookies = append(h.cookies, given...)
	}
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, text}
}

// json asks and decodes the answer, which must have the status.
func (h *house) json(method, path, bearer, body string, status int) map[string]any {
	h.t.Helper()
	a := h.call(method, path, bearer, body)
	if a.status != status {
		h.t.Fatalf("%s %s: status %d, want %d: %s", method, path, a.status, status, a.body)
	}
	var decoded map[string]any
	if err := json.Unmarshal(a.body, &decoded); err != nil {
		h.t.Fatalf("%s %s: %v: %s", method, path, err, a.body)
	}
	return decoded
}

// addHaneul adds the reader over HTTP.
func (h *house) addHaneul() {
	h.t.Helper()
	h.json("PUT", "/api/users/"+haneul+"?quiet=true", apiSecret,
		fmt.Sprintf(`{"name":"haneul","slack_user_id":%q,"email":%q}`, haneulSlack, haneulMail), http.StatusCreated)
}

// consent walks the reader's link through Google's page, as a browser would, and returns the last page.
func (h *house) consent(choice standin.Choice) answer {
	h.t.Helper()
	link, err := url.Parse(h.app.ConnectURL(haneul, false))
	if err != nil {
		h.t.Fatal(err)
	}
	if page := h.call("GET", link.Path, "", ""); page.status != http.StatusOK {
		h.t.Fatalf("connect page: %d %s", page.status, page.body)
	}
	begun := h.call("POST", link.Path, "", "")
	if begun.status != http.StatusSeeOther {
		h.t.Fatalf("begin: %d %s", begun.status, begun.body)
	}
	back, err := h.google.Consent(h.t.Context(), begun.header.Get("Location"), choice)
	if err != nil {
		h.t.Fatal(err)
	}
	redirect, err := url.Parse(back)
	if err != nil {
		h.t.Fatal(err)
	}
	return h.call("GET", redirect.Path+"?"+redirect.RawQuery, "", "")
}

// connect connects haneul and expects it to work.
func (h *house) connect() {
	h.t.Helper()
	if page := h.consent(standin.Choice{Email: haneulMail}); page.status != http.StatusOK {
		h.t.Fatalf("connected page: %d %s", page.status, page.body)
	}
}

// trigger runs a trigger to its end and returns the run's one reader.
func (h *house) trigger(body string) map[string]any {
	h.t.Helper()
	run := h.json("POST", "/api/cron/daily-summary?wait=30s", cronSecret, body, http.StatusOK)
	readers := run["readers"].([]any)
	if run["state"] != "finished" || len(readers) != 1 {
		h.t.Fatalf("run %v", run)
	}
	return readers[0].(map[string]any)
}

// wants checks members of a decoded object.
func wants(t *testing.T, got map[string]any, want map[string]any) {
	t.Helper()
	for key, value := range want {
		if fmt.Sprint(got[key]) != fmt.Sprint(value) {
			t.Errorf("%s = %v, want %v", key, got[key], value)
		}
	}
}

// isNotice reports whether the message is one of those we send beside briefings.
func isNotice(m standin.Message) bool { return strings.Contains(string(m.Metadata), "achim_notice") }

// dms returns haneul's messages that are neither notices nor replies in a thread.
func (h *house) dms() []standin.Message {
	h.t.Helper()
	var top []standin.Message
	for _, m := range h.slack.Messages(haneulSlack) {
		if m.ThreadTS == "" && !isNotice(m) {
			top = append(top, m)
		}
	}
	return top
}

// oneDM returns haneul's only message.
func (h *house) oneDM() standin.Message {
	h.t.Helper()
	messages := h.dms()
	if len(messages) != 1 {
		h.t.Fatalf("%d DMs, want exactly one", len(messages))
	}
	return messages[0]
}

// seen is all of a message that a reader or Slack sees.
func seen(m standin.Message) string { return m.Text + "\n" + string(m.Blocks) }

// holds checks that text contains every one of the parts.
func holds(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing in:\n%s", part, text)
		}
	}
}

// lacks checks that text contains none of the parts.
func lacks(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if strings.Contains(text, part) {
			t.Errorf("%q stands in:\n%s", part, text)
		}
	}
}

// onBoth runs the test on both databases.
func onBoth(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	for _, dialect := range []storetest.Dialect{storetest.SQLite, storetest.Postgres} {
		t.Run(string(dialect), func(t *testing.T) {
			t.Parallel()
			test(t, build(t, dialect))
		})
	}
}

// entry returns haneul's newest entry.
func (h *house) entry() briefing.Entry {
	h.t.Helper()
	entries, err := h.app.Store.Entries(h.t.Context(), briefing.EntryFilter{Reader: haneul, Limit: 1})
	if err != nil || len(entries) != 1 {
		h.t.Fatalf("entries %v: %v", entries, err)
	}
	return entries[0]
}
