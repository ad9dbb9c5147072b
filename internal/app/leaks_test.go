package app_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"achim/briefing"
	"achim/internal/app"
	"achim/internal/leaktest"
	"achim/internal/standin"
	"achim/store/storetest"
)

// planted is a house in which every secret and everything a reader would not show around is marked.
type planted struct {
	*house
	garden leaktest.Garden
	cron   string
	api    string

	mu  sync.Mutex
	out []spoken
}

// spoken is something that came out.
type spoken struct{ place, text string }

// said notes what came out at the place. It is searched at the end: some marks are known only later.
func (p *planted) said(place, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out = append(p.out, spoken{place, text})
}

// Where content may stand: with its reader in Slack, with whoever holds the API's secret, and in conversation_log, which
// is never sealed because other programs answer by it (and which is a table of the database's file). Every other table
// holds it sealed.
var (
	kept = []string{"to slack", "http/api GET /api/briefings", "http/api POST /api/cron/daily-summary", "http/api GET /api/runs",
		"db/conversation_log", "file"}
	ofMail  = append([]string{"http/api GET /messages"}, kept...)
	ofEvent = append([]string{"http/api GET /api/calendar/events"}, kept...)
	// Whether the reader has ever written to a sender is asked of whoever delivered the mail.
	ofSender = append([]string{"to google"}, ofMail...)
	// A consent's address is for the browser that goes there, or for the program that asked for one.
	ofConsent = []string{"to google", "http/open POST /connect", "http/open GET /api/gmail/auth", "http/api GET /api/gmail/auth",
		"http/api GET /auth/gmail/passport", "http/api POST /api/gmail/refresh", "http/api GET /messages", "http/api GET /api/calendar/events"}
)

// plant lays the house out. What it is set up with is marked, and so is what Google, Slack and the feeds hold.
func plant(t *testing.T, dialect storetest.Dialect) *planted {
	t.Helper()
	p := &planted{house: build(t, dialect)}
	g := &p.garden
	g.Plant("access token", "standin-at-", "to google")
	g.Plant("refresh token", "1//standin-", "to google")
	g.Plant("authorization code", "4/0standin-", "to google")
	secret := g.PlantWord("client secret", "to google")
	bot := g.PlantWord("bot token", "to slack")
	p.cron, p.api = g.PlantWord("cron secret"), g.PlantWord("api secret")
	hook, beat := g.PlantWord("webhook", "to webhook"), g.PlantWord("heartbeat", "to heartbeat")
	teamKey := g.PlantWord("team feed key", "to feeds")

	p.google.AddClient("leaks-client.apps.example", secret)
	p.google.AddAccount(standin.Account{Email: "minji@gaon.example", Subject: "1002"})
	p.slack = standin.NewSlack(bot)
	p.slack.Now = p.clock.now
	p.slack.AddUser(haneulSlack, "haneul", "김하늘")
	p.slack.AddUser(operatorSlack, "jiwon", "최지원")
	at := p.google.Endpoints(p.serve(p.overhears("google", p.google.Handler())))
	feeds := p.serve(p.overhears("feeds", p.feeds.Handler()))
	bells := &bells{}
	for name, value := range map[string]string{
		"GOOGLE_CLIENT_ID": "leaks-client.apps.example", "GOOGLE_CLIENT_SECRET": secret,
		"GOOGLE_AUTH_URL": at.AuthURL, "GOOGLE_TOKEN_URL": at.TokenURL, "GOOGLE_REVOKE_URL": at.RevokeURL,
		"GOOGLE_USERINFO_URL": at.UserinfoURL, "GMAIL_API_URL": at.GmailURL, "CALENDAR_API_URL": at.CalendarURL,
		"SLACK_API_URL": p.serve(p.overhears("slack", p.slack.Handler())), "SLACK_BOT_TOKEN": bot,
		"SLACK_SIGNING_SECRET": g.PlantWord("signing secret"), "SLACK_APP_TOKEN": g.PlantWord("app token"),
		"CRON_SECRET": g.PlantWord("older cron secret") + "," + p.cron, "ACHIM_API_SECRET": p.api, "OPENAI_API_KEY": g.PlantWord("model key"),
		"ALERT_WEBHOOK_URL":   p.serve(p.overhears("webhook", bells)) + "/" + hook + "?x=" + hook,
		"HEARTBEAT_URL":       p.serve(p.overhears("heartbeat", bells)) + "/" + beat,
		"SLACK_OPERATOR_USER": operatorSlack, "FEED_URL": feeds + "/wire.xml?key=" + teamKey,
	} {
		p.env[name] = value
	}
	key := base64.StdEncoding.EncodeToString([]byte("zq7-encryption-key-of-32-bytes!!"))
	p.env["ACHIM_ENCRYPTION_KEY"] = g.Plant("encryption key", key)
	g.Plant("encryption key", "zq7-encryption-key-of-32-bytes!!")
	if u, err := url.Parse(p.env["DATABASE_URL"]); err == nil && u.Host != "" {
		if password, set := u.User.Password(); set {
			g.Plant("database password", password)
		} else {
			u.User = url.UserPassword(u.User.Username(), g.PlantWord("database password"))
		}
		p.env["DATABASE_URL"] = u.String()
	}
	p.plantContent()
	return p
}

// plantContent marks what haneul's accounts hold.
func (p *planted) plantContent() {
	g := &p.garden
	word := func(name string, may []string) string { return g.PlantWord(name, may...) }
	body := "하늘 님, " + word("snippet", nil) + " 배경을 먼저 적습니다. " + word("quote", ofMail) + " 회신 주실 수 있을까요? " +
		strings.Repeat("그 밖의 이야기입니다. ", 60) + word("body", nil)
	p.google.AddMail(haneulMail, standin.Mail{
		ID: "18c0b1", From: `"` + word("sender", ofMail) + `" <` + word("sender address", ofSender) + `@gaon.example>`, To: haneulMail,
		Cc: word("copied in", nil) + "@gaon.example", Subject: "계약서 " + word("subject", ofMail), Body: body,
		HTML: "<p>" + word("html body", nil) + "</p>", Date: friday.Add(-time.Minute), Labels: []string{"INBOX", "UNREAD"},
		Headers: [][2]string{{"Content-Disposition", `attachment; filename="` + word("attachment", nil) + `.pdf"`}, {"X-Key", word("mail header", nil)}},
	})
	p.google.AddEvent(haneulMail, "primary", standin.Event{
		ID: "leaks", Summary: word("title", ofEvent), Location: word("place", ofEvent), Description: word("description", nil),
		Start: friday.Add(3 * time.Hour), HangoutLink: "https://meet.gaon.example/" + word("join link", ofEvent), Organizer: word("organizer", nil) + "@gaon.example",
		Attendees: []standin.Attendee{{Email: haneulMail}, {Email: word("guest", nil) + "@gaon.example", Name: word("guest name", nil)}},
		Raw:       map[string]any{"attachments": []any{map[string]any{"title": word("event attachment", nil), "fileUrl": "https://drive.example/" + word("event file", nil)}}},
	})
	p.feeds.Set("/own.xml", standin.Feed{Title: "하늘", Items: []standin.FeedItem{{Title: "소식", URL: "https://news.example/own", Published: friday.Add(-time.Hour)}}})
}

// overhears notes everything that Achim sends to the other side.
func (p *planted) overhears(name string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		var sent strings.Builder
		fmt.Fprintln(&sent, r.Method, r.URL)
		_ = r.Header.Write(&sent)
		sent.Write(body)
		if form, err := url.ParseQuery(string(body)); err == nil && name == "google" && form.Get("code_verifier") != "" {
			p.garden.Plant("verifier", form.Get("code_verifier"), "to google")
		}
		text, _ := url.QueryUnescape(sent.String())
		p.said("to "+name, sent.String()+"\n"+text)
		next.ServeHTTP(w, r)
	})
}

// asks asks Achim as somebody and notes the whole answer: status, headers and body.
func (p *planted) asks(who, method, path, body string, headers ...string) answer {
	p.t.Helper()
	bearer := map[string]string{"cron": p.cron, "api": p.api}[who]
	req, err := http.NewRequestWithContext(p.t.Context(), method, "http://"+p.app.Addr()+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	for _, c := range p.cookies {
		req.AddCookie(c)
	}
	resp, err := browser().Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	p.cookies = append(p.cookies, resp.Cookies()...)
	text, _ := io.ReadAll(resp.Body)
	p.answered(who, method, path, resp.StatusCode, resp.Header, string(text))
	return answer{resp.StatusCode, resp.Header, text}
}

// answered notes an answer, and any state or ticket in it as one more secret.
func (p *planted) answered(who, method, path string, status int, header http.Header, body string) {
	var whole strings.Builder
	fmt.Fprintln(&whole, status)
	_ = header.Write(&whole)
	whole.WriteString(body)
	for _, found := range states.FindAllStringSubmatch(whole.String(), -1) {
		p.garden.Plant("state", found[1], ofConsent...)
	}
	if ticket := hidden.FindStringSubmatch(body); ticket != nil {
		p.garden.Plant("ticket", ticket[1], "http/open GET /api/gmail/callback") // the page that asks, and its cookie
	}
	route, _, _ := strings.Cut(path, "?")
	p.said("http/"+who+" "+method+" "+route, whole.String())
}

// states finds the state of a consent in its address.
var states = regexp.MustCompile(`[?&](?:amp;|u0026)?state=([A-Za-z0-9._-]{20,})`)

// endpoints are all there are, and some there are not; %s is haneul.
var endpoints = []string{
	"POST /api/cron/daily-summary?wait=2s", "GET /api/runs", "GET /api/runs/nosuch", "GET /api/briefings", "GET /api/briefings/nosuch",
	"GET /api/users", "GET /api/users/%s", "PUT /api/users/%s", "DELETE /api/users/" + nobody, "DELETE /api/users/" + nobody + "?erase=true",
	"GET /api/gmail/check/%s", "POST /api/gmail/refresh/%s", "DELETE /api/gmail/" + nobody,
	"GET /messages?user_id=%s", "GET /api/calendar/events?user_id=%s", "POST /api/calendar/events", "GET /api/gmail/auth?user_id=%s",
	"GET /auth/gmail/passport?user_id=%s", "GET /healthz", "GET /readyz", "GET /metrics", "GET /", "GET /connect", "GET /connect/nosuch",
	"POST /connect/nosuch", "POST /connect/confirm", "GET /stored/nosuch", "GET /disconnect/nosuch", "POST /disconnect/nosuch", "GET /briefings/nosuch?t=nosuch", "GET /nosuch",
	"PATCH /api/users/%s", "POST /slack/interactions", "POST /slack/events", "POST /slack/commands", "GET /api/gmail/callback",
}

// nobody is nobody's id.
const nobody = "88888888-8888-4888-8888-888888888888"

// asksEverything asks for everything there is, as everybody.
func (p *planted) asksEverything() {
	p.t.Helper()
	for _, line := range endpoints {
		if strings.Contains(line, "%s") {
			line = fmt.Sprintf(line, haneul)
		}
		method, path, _ := strings.Cut(line, " ")
		for _, who := range []string{"open", "cron", "api"} {
			p.asks(who, method, path, "")
		}
		p.asks("open", method, path, "", "Authorization", "Bearer "+p.garden.PlantWord("wrong bearer"))
	}
}

// dumps notes every row of every table.
func (p *planted) dumps() {
	p.t.Helper()
	list := "SELECT name FROM sqlite_master WHERE type = 'table'"
	if strings.HasPrefix(p.env["DATABASE_URL"], "postgres") {
		list = "SELECT table_schema || '.' || table_name FROM information_schema.tables WHERE table_schema IN (current_schema(), 'achim_river_' || current_schema())"
	}
	tables := storetest.Rows(p.t, p.app.Store, list)
	for _, table := range tables {
		place := "db/" + table[strings.LastIndex(table, ".")+1:]
		p.said(place, strings.Join(storetest.Rows(p.t, p.app.Store, "SELECT * FROM "+table), "\n"))
	}
	if !slices.ContainsFunc(tables, func(table string) bool { return strings.HasSuffix(table, "gmail_token") }) {
		p.t.Fatalf("tables %v", tables)
	}
}

// file notes what stands in the database's file: also what was deleted from it.
func (p *planted) file() {
	p.t.Helper()
	path, inFile := strings.CutPrefix(p.env["DATABASE_URL"], "sqlite:")
	for _, end := range []string{"", "-wal"} {
		if text, err := os.ReadFile(path + end); inFile && err == nil {
			p.said("file", string(text))
		}
	}
}

// begins opens the reader's page and goes on to Google's.
func (p *planted) begins() (consent string) {
	p.t.Helper()
	link := strings.TrimPrefix(p.app.ConnectURL(haneul, false), p.env["ACHIM_PUBLIC_URL"])
	p.asks("open", "GET", link, "")
	p.asks("open", "GET", "/api/gmail/auth?t="+strings.TrimPrefix(link, "/connect/"), "", "Accept", "text/html")
	return p.asks("open", "POST", link, "").header.Get("Location")
}

// returns comes back from Google's page with the choice.
func (p *planted) returns(consent string, choice standin.Choice) (page answer, path string) {
	p.t.Helper()
	back, err := p.google.Consent(p.t.Context(), consent, choice)
	if err != nil {
		p.t.Fatal(err)
	}
	path = back[strings.Index(back, "/api/gmail/callback"):]
	return p.asks("open", "GET", path, ""), path
}

// connectsInAllWays walks through every page of a consent, with Google repeating what it was sent, and ends connected.
func (p *planted) connectsInAllWays() {
	p.t.Helper()
	p.returns(p.begins(), standin.Choice{Deny: true})
	p.returns(p.begins(), standin.Choice{Email: haneulMail, Untick: []string{"gmail.readonly", "calendar.readonly"}})
	for _, fault := range echoes(p.garden.Echo()) {
		for _, op := range []string{"token", "userinfo"} {
			fault.Op, fault.Times = op, 1
			p.google.Inject(fault)
			p.returns(p.begins(), standin.Choice{Email: haneulMail})
			p.google.Clear()
		}
	}
	echo := url.QueryEscape(p.garden.Echo())
	consent := p.begins()
	state := states.FindStringSubmatch(consent)[1]
	p.asks("open", "GET", "/api/gmail/callback?state="+state+"&error="+echo+"&error_description="+echo, "")
	p.asks("open", "GET", "/api/gmail/callback?state="+state+"&code="+echo, "")
	p.asks("open", "GET", "/api/gmail/callback?state="+echo+"&code="+echo, "")
	p.asks("open", "GET", "/connect/"+echo, "")
	page, path := p.returns(p.begins(), standin.Choice{Email: haneulMail})
	if page.status != http.StatusOK {
		p.t.Fatalf("connected page: %d %s", page.status, page.body)
	}
	p.asks("open", "GET", path, "") // once more
	p.returns(p.begins(), standin.Choice{Email: "minji@gaon.example"})
}

// echoes are the ways in which another side answers with what it was sent.
func echoes(text string) []standin.Fault {
	quoted := strconv.Quote(text)
	all := []standin.Fault{
		{Status: 400, Body: standin.OAuthError("invalid_grant_"+text, text)},
		{Status: 400, Body: standin.OAuthError("invalid_request", text)},
		{Status: 401, Body: standin.OAuthError("invalid_client", text)},
		{Status: 503, Body: "<html><body>" + text + "</body></html>", ContentType: "text/html"},
		{Status: 200, Body: "<html>" + text, ContentType: "text/html"},
		{Status: 200, Body: text},
		{Status: 200, Body: `{"access_token":{"x":` + quoted + `},"messages":` + quoted + `,"items":` + quoted + `,"ok":` + quoted + `}`},
		{Status: 200, Body: `{"error":` + quoted + `}`},
		{Status: 200, Body: `{"items":[{"id":` + quoted + `,"start":{"dateTime":` + quoted + `}}]}`},
		{Status: 302, Body: text, Header: map[string]string{"Location": "http://127.0.0.1:1/?" + url.QueryEscape(text)}},
		{Status: 429, Body: text, Header: map[string]string{"Retry-After": text}},
		{Cut: "before"}, {Cut: "after"},
	}
	for _, status := range []int{400, 401, 403, 404, 500} {
		all = append(all, standin.Fault{Status: status, Body: standin.GoogleError(status, text, text), Header: map[string]string{"WWW-Authenticate": `Bearer error=` + quoted}},
			standin.Fault{Status: status, Body: standin.GoogleError(status, "insufficientPermissions", text)})
	}
	return all
}

// slackEchoes are the ways in which Slack does.
func slackEchoes(text string) []standin.Fault {
	all := []standin.Fault{
		{Status: 503, Body: "<html><body>" + text + "</body></html>", ContentType: "text/html"},
		{Status: 200, Body: text},
		{Status: 302, Body: text, Header: map[string]string{"Location": "http://127.0.0.1:1/?" + url.QueryEscape(text)}},
		{Status: 403, Body: text, Header: map[string]string{"WWW-Authenticate": text}},
	}
	for _, code := range []string{text, "invalid_auth", "invalid_blocks", "internal_error", "missing_scope"} {
		all = append(all, standin.Fault{Status: 200, Body: fmt.Sprintf(`{"ok":false,"error":%q,"needed":%q,"provided":%q,"errors":[%q],"response_metadata":{"messages":[%q]}}`,
			code, text, text, text, "[ERROR] "+text+" [json-pointer:/blocks/0/text]")})
	}
	return all
}

// breaksEverything lets every upstream fail in every way, each repeating everything it could have been sent.
func (p *planted) breaksEverything() {
	p.t.Helper()
	echo := p.garden.Echo()
	for _, op := range []string{"token", "gmail.messages.list", "gmail.messages.get", "calendar.calendarList.list", "calendar.events.list"} {
		for _, fault := range echoes(echo) {
			fault.Op = op
			p.google.Inject(fault)
			if op == "token" {
				p.asks("api", "POST", "/api/gmail/refresh/"+haneul, "")
				p.asks("api", "GET", "/api/gmail/check/"+haneul, "")
				p.clock.advance(2 * time.Hour)
				p.google.ExpireAccess(haneulMail)
			}
			if !strings.HasPrefix(op, "calendar.") {
				p.asks("api", "GET", "/messages?user_id="+haneul, "")
			}
			if !strings.HasPrefix(op, "gmail.") {
				p.asks("api", "GET", "/api/calendar/events?user_id="+haneul, "")
			}
			p.google.Clear()
			p.revives()
		}
	}
	p.clock.set(friday.Add(time.Hour)) // a minute of which nobody has been told yet
	for _, op := range []string{"chat.postMessage", "auth.test"} {
		for _, fault := range slackEchoes(echo) {
			fault.Op, fault.Times = op, 1
			met := p.slack.Calls(op)
			p.slack.Inject(fault)
			p.asks("cron", "POST", "/api/cron/daily-summary?wait=0s", `{"force":true}`)
			p.app.CheckSlack(p.t.Context())
			p.eventually(op+" to go wrong", func() bool { return p.slack.Calls(op) > met })
			p.slack.Clear()
		}
	}
	for _, fault := range echoes(echo) {
		fault.Op = "*"
		p.feeds.Inject(fault)
		p.clock.advance(15 * time.Minute)
		p.asks("api", "POST", "/api/cron/daily-summary?wait=20s", `{"dry_run":true}`)
		p.feeds.Clear()
	}
	p.app.CheckSlack(p.t.Context())
}

// revives connects haneul again after Google took the grant for dead.
func (p *planted) revives() {
	p.t.Helper()
	if state := storetest.Rows(p.t, p.app.Store, "SELECT COUNT(*) FROM achim_credential_state WHERE dead_since IS NOT NULL"); state[0] == "0" {
		return
	}
	storetest.Exec(p.t, p.app.Store, "UPDATE achim_credential_state SET dead_since = NULL, failing_since = NULL")
}

// bringsOutsidersTrouble sends what strangers and mistaken programs send, with everything planted in it.
func (p *planted) bringsOutsidersTrouble() {
	p.t.Helper()
	echo := p.garden.Echo()
	quoted := strconv.Quote(echo)
	for _, body := range []string{echo, `{` + quoted + `:1}`, `{"user_ids":[` + quoted + `]}`, `{"date":` + quoted + `}`, `{"force":` + quoted + `}`} {
		p.sends("POST", "/api/cron/daily-summary", body)
	}
	for _, member := range []string{"name", "email", "timezone", "deliver_at", "language", "notification", "paused_until", "slack_user_id"} {
		p.sends("PUT", "/api/users/99999999-9999-4999-8999-999999999999", `{"name":"x","slack_user_id":"U0NEW","`+member+`":`+strconv.Quote("\x00"+echo)+`}`)
	}
	p.sends("PUT", "/api/users/99999999-9999-4999-8999-999999999999", `{"name":"x","slack_user_id":"U0NEW","feeds":[{"url":`+strconv.Quote("ftp://x/"+echo)+`}]}`)
	for _, path := range []string{"/api/runs/", "/api/briefings/", "/api/users/", "/api/gmail/check/", "/nosuch/", "/messages?user_id=", "/api/runs?limit=", "/api/calendar/events?user_id=" + haneul + "&date="} {
		p.sends("GET", path+url.PathEscape(echo), "")
	}
	signing := p.env["SLACK_SIGNING_SECRET"]
	for _, path := range []string{"/slack/interactions", "/slack/events", "/slack/commands"} {
		body := url.Values{"payload": {`{"token":` + quoted + `,"response_url":` + quoted + `}`}}.Encode()
		stamp := strconv.FormatInt(p.clock.now().Unix(), 10)
		for _, signature := range []string{standin.Sign(signing, stamp, body), "v0=" + echo, ""} {
			p.asks("open", "POST", path, body, "X-Slack-Request-Timestamp", stamp, "X-Slack-Signature", signature, "Content-Type", "application/x-www-form-urlencoded")
		}
	}
}

// sends sends something that is no good. Whoever sent it may be told what it was, and nobody else: its answer is not
// searched.
func (p *planted) sends(method, path, body string) {
	p.t.Helper()
	for _, bearer := range []string{p.cron, p.api, "Basic " + p.garden.Echo()} {
		p.call(method, path, bearer, body)
	}
}

// panics lets a source and a handler fall over what they hold.
func (p *planted) panics() {
	p.t.Helper()
	sources := p.app.Pipeline.Sources
	p.app.Pipeline.Sources = append(slices.Clone(sources), clumsy{p.app.Store})
	p.asks("api", "POST", "/api/cron/daily-summary?wait=20s", `{"dry_run":true}`)
	p.app.Pipeline.Sources = sources
	a := p.app
	broken := &app.App{Config: a.Config, Logger: a.Logger, Store: a.Store, Defaults: a.Defaults, Pipeline: a.Pipeline, Roster: a.Roster,
		Google: a.Google, Renderer: a.Renderer, Metrics: a.Metrics, Pacer: a.Pacer} // without a trigger
	recorder := httptest.NewRecorder()
	req := httptest.NewRequest("POST", "/api/cron/daily-summary", strings.NewReader(`{"user_ids":["`+haneul+`"]}`))
	req.Header.Set("Authorization", "Bearer "+p.cron)
	broken.Handler().ServeHTTP(recorder, req)
	if recorder.Code != http.StatusInternalServerError {
		p.t.Errorf("a handler that panics answers %d", recorder.Code)
	}
	p.answered("cron", "POST", "/api/cron/daily-summary", recorder.Code, recorder.Header(), recorder.Body.String())
}

// clumsy is a source that panics with a grant in its hands.
type clumsy struct{ store briefing.CredentialStore }

func (clumsy) Name() briefing.SourceName   { return "clumsy" }
func (clumsy) Provider() briefing.Provider { return "clumsy" }

func (c clumsy) Fetch(ctx context.Context, req briefing.Request) (briefing.Section, error) {
	grant, err := c.store.Credential(ctx, req.Reader.ID)
	if err != nil {
		return briefing.Section{}, err
	}
	panic(fmt.Sprintf("%v %+v %#v %s", grant, grant, grant, grant.AccessToken))
}

// TestPlantedSecretsAreNotFound is the conformance test of promise 6: with every secret marked, and with everything a
// reader would not show around, a whole house is driven through everything it can do and everything that can go wrong,
// and everything that comes out is searched: the log at debug, metrics, every answer, what goes to Google, Slack, feeds,
// webhook and heartbeat, and every table of the database with the queue's. What may stand where is in plant.
func TestPlantedSecretsAreNotFound(t *testing.T) {
	t.Parallel()
	for _, dialect := range []storetest.Dialect{storetest.SQLite, storetest.Postgres} {
		t.Run(string(dialect), func(t *testing.T) {
			t.Parallel()
			p := plant(t, dialect)
			var pull func()
			if dialect == storetest.Postgres {
				pull = p.cabled().pull
			}
			p.start()
			p.lives()
			p.askedAll()
			if pull != nil {
				pull()
				p.asksEverything()
				_ = p.app.Alarm.Check(t.Context())
			}
			p.searched()
			for _, leak := range p.garden.Leaks() {
				t.Error(leak)
			}
			// Whoever does not find these has not looked.
			for name, place := range map[string]string{
				"access token": "to google", "refresh token": "to google", "client secret": "to google", "bot token": "to slack", "webhook": "to webhook", "heartbeat": "to heartbeat",
				"subject": "to slack", "quote": "http/api GET /messages", "title": "http/api GET /api/calendar/events", "sender": "db/conversation_log",
				"state": "http/open POST /connect", "ticket": "http/open GET /api/gmail/callback", "stored link": "http/open POST /connect/confirm", "disconnect link": "http/open GET /stored",
				"connect link": "to slack", "verifier": "to google", "authorization code": "to google", "team feed key": "to feeds", "own feed key": "db/achim_reader",
			} {
				if !p.garden.Found(name, place) {
					t.Errorf("%s was not found in %s, where it belongs", name, place)
				}
			}
		})
	}
}

// lives drives the house through everything.
func (p *planted) lives() {
	p.t.Helper()
	ownKey := p.garden.PlantWord("own feed key", "to feeds", "db/achim_reader", "file", "http/api PUT /api/users", "http/api GET /api/users")
	feed := strings.Replace(p.env["FEED_URL"], "/wire.xml?key="+leaktest.Word("team feed key"), "/own.xml?key="+ownKey, 1)
	p.asks("api", "PUT", "/api/users/"+haneul, fmt.Sprintf(`{"name":"haneul","slack_user_id":%q,"email":%q,"feeds":[{"url":%q}]}`, haneulSlack, haneulMail, feed))
	install, err := p.app.Store.InstallSecret(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	p.garden.Plant("install secret", base64.StdEncoding.EncodeToString(install))
	p.asksEverything()
	p.confirms()
	p.connectsInAllWays()
	p.asksEverything()
	p.clock.advance(10 * time.Minute)
	p.accounts("heartbeat")
	p.dumps()
	run := p.asks("api", "POST", "/api/cron/daily-summary?wait=20s", `{"dry_run":true}`)
	id := regexp.MustCompile(`"run_id":"(\w+)"`).FindSubmatch(run.body)
	for _, who := range []string{"cron", "api"} {
		p.asks(who, "GET", "/api/runs/"+string(id[1]), "")
		p.asks(who, "GET", "/api/briefings/"+string(p.entry().ID), "")
		p.asks(who, "POST", "/api/gmail/refresh/"+haneul, "")
	}
	p.breaksEverything()
	p.examines()
	p.bringsOutsidersTrouble()
	p.panics()
	p.dumps()
	p.clock.set(friday.Add(20 * time.Hour))
	p.google.Revoke(haneulMail)
	p.asks("cron", "POST", "/api/cron/daily-summary?wait=20s", `{"force":true}`)
	p.asksEverything()
	p.clock.advance(10 * time.Minute)
	p.accounts("webhook")
	p.endsIt()
	p.dumps()
}

// accounts lets the alarm account for the morning until it has called the address.
func (p *planted) accounts(address string) {
	p.t.Helper()
	p.app.Trigger.Wake()
	p.eventually("the "+address+" to be called", func() bool {
		if err := p.app.Alarm.Check(p.t.Context()); err != nil {
			p.t.Error(err)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		return slices.ContainsFunc(p.out, func(one spoken) bool { return one.place == "to "+address })
	})
}

// searched looks through everything that came out.
func (p *planted) searched() {
	p.t.Helper()
	p.file()
	p.said("log", p.log.String())
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, one := range p.out {
		for _, link := range links.FindAllStringSubmatch(one.text, -1) {
			p.garden.Plant(link[1]+" link", link[0], ofLinks[link[1]]...)
		}
	}
	looked := map[spoken]bool{}
	for _, one := range p.out {
		if !looked[one] {
			p.garden.Look(one.place, one.text)
		}
		looked[one] = true
	}
}

// links finds links to a reader's pages, which are made anew every second and so cannot be planted: they are for their
// reader's eyes.
var links = regexp.MustCompile(`/(connect|stored|disconnect|briefings)/(?:[a-z2-7]{26}\?t=)?[A-Za-z0-9_-]{40,}`)

// ofLinks says where a link to each page may stand.
var ofLinks = map[string][]string{
	"connect": {"to slack", "http/open GET /api/gmail/callback", "http/open GET /connect", "http/open POST /connect", "http/api GET /api/briefings",
		"http/open GET /disconnect", "http/open POST /disconnect"},
	"stored":     {"http/open GET /api/gmail/callback", "http/open POST /connect/confirm"},
	"briefings":  {"to slack", "http/api GET /api/briefings"},
	"disconnect": {"http/open GET /api/gmail/callback", "http/open POST /connect/confirm", "http/open GET /stored"},
}

// rawEcho is a server that answers with the bytes it was sent, which is no HTTP.
func rawEcho(t *testing.T) string {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				sent := make([]byte, 4096)
				n, _ := conn.Read(sent)
				_, _ = conn.Write(sent[:n])
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

// TestPlantedSecretsAgainstAnEcho: upstreams that are no servers at all, but repeat the request byte for byte, make
// errors that quote it.
func TestPlantedSecretsAgainstAnEcho(t *testing.T) {
	t.Parallel()
	p := plant(t, storetest.SQLite)
	echo := rawEcho(t)
	p.start()
	p.asks("api", "PUT", "/api/users/"+haneul, fmt.Sprintf(`{"name":"haneul","slack_user_id":%q,"email":%q}`, haneulSlack, haneulMail))
	p.connectsInAllWays()
	p.stop()
	for _, name := range []string{"GMAIL_API_URL", "CALENDAR_API_URL", "SLACK_API_URL", "GOOGLE_REVOKE_URL"} {
		p.env[name] = echo
	}
	p.env["FEED_URL"] = echo + "/wire.xml?key=" + leaktest.Word("team feed key")
	p.env["ALERT_WEBHOOK_URL"], p.env["HEARTBEAT_URL"] = echo+"/"+leaktest.Word("webhook"), echo+"/"+leaktest.Word("heartbeat")
	p.start()
	p.asks("api", "POST", "/api/cron/daily-summary?wait=20s", `{"dry_run":true}`)
	p.asks("cron", "POST", "/api/cron/daily-summary?wait=2s", "")
	p.clock.set(friday.Add(6 * time.Hour))
	_ = p.app.Alarm.Check(t.Context())
	p.app.CheckSlack(t.Context())
	p.asksEverything()
	p.asks("api", "DELETE", "/api/gmail/"+haneul, "")
	p.dumps()
	p.searched()
	for _, leak := range p.garden.Leaks() {
		t.Error(leak)
	}
}

// TestPlantedSecretsWouldBeFound is the test of the test: each road by which something might get out, taken on purpose.
func TestPlantedSecretsWouldBeFound(t *testing.T) {
	t.Parallel()
	for name, leak := range map[string]func(p *planted, log *slog.Logger){
		"a chatty log": func(p *planted, log *slog.Logger) {
			grant, _ := p.app.Store.Credential(p.t.Context(), haneul)
			log.Debug("refreshed", "with", grant.RefreshToken.Reveal())
		},
		"a log of headers": func(p *planted, log *slog.Logger) {
			log.Debug("request", "header", http.Header{"X-Auth": {"Basic " + base64.StdEncoding.EncodeToString([]byte("achim:"+p.cron))}})
		},
		"content in the log": func(_ *planted, log *slog.Logger) { log.Info("read", "mail", leaktest.Word("subject")) },
		"a table that keeps bodies": func(p *planted, _ *slog.Logger) {
			storetest.Exec(p.t, p.app.Store, "UPDATE achim_reader SET name = '"+leaktest.Word("body")+"'")
		},
		"a table that keeps states": func(p *planted, _ *slog.Logger) {
			state := states.FindStringSubmatch(p.begins())[1]
			storetest.Exec(p.t, p.app.Store, "UPDATE achim_reader SET name = '"+state+"'")
		},
		"a page that greets with a code": func(p *planted, _ *slog.Logger) {
			p.answered("open", "GET", "/api/gmail/callback", 200, http.Header{}, "4/0standin-abc")
		},
		"a status with content": func(p *planted, _ *slog.Logger) {
			p.answered("cron", "GET", "/api/runs", 200, http.Header{}, leaktest.Word("title"))
		},
		"a header": func(p *planted, _ *slog.Logger) {
			p.answered("api", "GET", "/messages", 200, http.Header{"X-Debug": {leaktest.Word("bot token")}}, "")
		},
		"a grant that is not sealed": func(p *planted, _ *slog.Logger) {
			storetest.Exec(p.t, p.app.Store, `UPDATE gmail_token SET token_data = '{"refresh_token":"1//standin-abc"}'`)
		},
		"the key in the log":         func(p *planted, log *slog.Logger) { log.Info("sealing", "with", p.env["ACHIM_ENCRYPTION_KEY"]) },
		"a webhook that hears names": func(p *planted, _ *slog.Logger) { p.said("to webhook", leaktest.Word("subject")) },
		"a link in the log":          func(p *planted, log *slog.Logger) { log.Info("told", "link", p.app.ConnectURL(haneul, false)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := plant(t, storetest.SQLite)
			p.start()
			p.asks("api", "PUT", "/api/users/"+haneul, fmt.Sprintf(`{"name":"haneul","slack_user_id":%q,"email":%q}`, haneulSlack, haneulMail))
			p.returns(p.begins(), standin.Choice{Email: haneulMail})
			leak(p, slog.New(slog.NewTextHandler(p.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
			p.dumps()
			p.searched()
			leaks := slices.DeleteFunc(p.garden.Leaks(), func(leak string) bool { return strings.Contains(leak, " stands in file: ") }) // a table's is the file's
			if len(leaks) != 1 {
				t.Errorf("%d leaks found, want the one: %q", len(leaks), leaks)
			}
		})
	}
}
