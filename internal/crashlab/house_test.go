package crashlab_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"achim/briefing"
	"achim/internal/standin"
	"achim/store"
	"achim/store/storetest"
)

const (
	clientID     = "crash-client.apps.example"
	clientSecret = "crash-client-secret"
	botToken     = "xoxb-crash"
)

// person is a reader, and what only their briefing holds.
type person struct{ id, name, slack, email, subject, event string }

func personOf(i int) person {
	return person{
		id: fmt.Sprintf("00000000-0000-4000-8000-%012d", i), name: fmt.Sprintf("reader%04d", i),
		slack: fmt.Sprintf("U0CRASH%04d", i), email: fmt.Sprintf("reader%04d@gaon.example", i),
		subject: fmt.Sprintf("예산안 검토 %04d", i), event: fmt.Sprintf("주간회의 %04d", i),
	}
}

const headline = "한국은행, 기준금리 동결하기로"

// house is a company: readers, their accounts, one database and the processes that brief them.
type house struct {
	t       *testing.T
	name    string
	dialect storetest.Dialect
	readers int

	punctual bool
	dam      chan struct{} // holds posts back; see plan
	pace     int
	doubts   *doubts

	google *standin.Google
	slack  *standin.Slack
	feeds  *standin.Feeds

	traps     *traps
	processes []*process
	wires     []*wire
	address   string
	db        *sql.DB // the laboratory's own look into the ledger
	bound     string  // placeholder of its statements
	tally     *tally
	struck    []struck // kills not yet judged
	kills     int
	thaws     sync.WaitGroup // of frozen processes
	row       string         // the one line of the table that this house's strikes go to; "" = each to that of its step
	started   time.Time
}

// plan says what house to build.
type plan struct {
	name      string
	dialect   storetest.Dialect
	readers   int
	processes int
	tally     *tally
	punctual  bool // look at every post whether it comes before its deadline
	dammed    bool // posts are held back until letThrough
	pace      int  // posts a minute; 0 = as many as there are
}

// build makes a house, its processes not yet started. All of it is gone when the test ends.
func build(t *testing.T, p plan) *house {
	t.Helper()
	h := &house{
		t: t, name: p.name, dialect: p.dialect, readers: p.readers, punctual: p.punctual, pace: p.pace, tally: p.tally, traps: &traps{}, started: time.Now(),
		google: standin.NewGoogle(clientID, clientSecret), slack: standin.NewSlack(botToken), feeds: standin.NewFeeds(),
	}
	h.doubts = &doubts{next: h.slack, met: map[string]bool{}}
	if p.dammed {
		h.dam = make(chan struct{})
	}
	address := storetest.URL(t, p.dialect)
	h.address = address
	h.fill(address)
	h.look(address)
	for i := range p.processes {
		h.furnish(i, address)
	}
	t.Cleanup(h.close)
	return h
}

// fill brings in the readers, with grants whose access tokens have expired, as they have every morning.
func (h *house) fill(address string) {
	h.t.Helper()
	migrate := exec.CommandContext(h.t.Context(), lab.program, "migrate")
	migrate.Dir, migrate.Env = h.t.TempDir(), []string{"DATABASE_URL=" + address}
	if said, err := migrate.CombinedOutput(); err != nil {
		h.t.Fatalf("%s: achim migrate: %v\n%s", h.name, err, said)
	}
	s, err := store.Open(h.t.Context(), address, store.Options{})
	h.must(err)
	defer func() { h.must(s.Close()) }()
	now := time.Now().Truncate(time.Second)
	for i := range h.readers {
		who := personOf(i)
		h.google.AddAccount(standin.Account{
			Email: who.email,
			Mail: []standin.Mail{
				{ID: fmt.Sprintf("%08x%08x", i, 1), From: "이수진 <sujin@gaon.example>", Subject: who.subject, Body: "내일까지 의견 주실 수 있을까요?", Date: now.Add(-time.Hour)},
				{ID: fmt.Sprintf("%08x%08x", i, 2), From: "결제 알림 <no-reply@pay.example>", Subject: "[결제 완료] 주문", Body: "결제가 완료되었습니다.", Date: now.Add(-2 * time.Hour)},
			},
			Calendars: []standin.Calendar{{Summary: "일정", TimeZone: lab.zone.String(), Primary: true, Selected: true, Events: []standin.Event{{
				ID: fmt.Sprintf("crash%06d", i), Summary: who.event, Start: now.Add(time.Hour), End: now.Add(90 * time.Minute),
			}}}},
		})
		h.slack.AddUser(who.slack, who.name, who.name)
		grant := h.google.Grant(who.email)
		h.must(saveReader(h.t.Context(), s, who, grant))
	}
	h.feeds.Set("/news.xml", standin.Feed{Title: "가온일보", Items: []standin.FeedItem{{
		Title: headline, URL: "https://news.example/articles/1", Published: now.Add(-3 * time.Hour), Description: "기준금리를 지금 수준으로 유지한다.",
	}}})
}

func saveReader(ctx context.Context, s *store.Store, who person, grant standin.Token) error {
	r, err := s.SaveReader(ctx, briefing.Reader{ID: briefing.ReaderID(who.id), Name: who.name, SlackUserID: who.slack, Email: who.email})
	if err != nil {
		return err
	}
	return s.SaveGrant(ctx, briefing.Credential{
		ReaderID: r.ID, Email: who.email, ClientID: clientID, ClientSecret: briefing.NewSecret(clientSecret),
		AccessToken: briefing.NewSecret(grant.AccessToken), RefreshToken: briefing.NewSecret(grant.RefreshToken),
		Scopes: grant.Scopes, State: briefing.CredentialState{Expiry: time.Now().Add(-23 * time.Hour)},
	})
}

// noonZone is one in which it is about noon, so that no laboratory runs into another day.
func noonZone() (*time.Location, error) {
	hours := min(12-time.Now().UTC().Hour(), 11)
	if hours == 0 {
		return time.LoadLocation("Etc/GMT")
	}
	return time.LoadLocation(fmt.Sprintf("Etc/GMT%+d", -hours)) // the sign is the other way round there
}

// look opens the laboratory's own window into the database.
func (h *house) look(address string) {
	h.t.Helper()
	driver, name := "pgx", address
	h.bound = "$1"
	if path, ok := cutSQLite(address); ok {
		driver, name, h.bound = "sqlite", "file:"+path+"?_pragma=busy_timeout(10000)", "?"
	}
	db, err := sql.Open(driver, name)
	h.must(err)
	db.SetMaxOpenConns(2)
	h.db = db
}

func cutSQLite(address string) (path string, ok bool) {
	const prefix = "sqlite:"
	if len(address) < len(prefix) || address[:len(prefix)] != prefix {
		return "", false
	}
	return address[len(prefix):], true
}

// furnish prepares one process: its gates to the stand-ins, its way to the database, its settings.
func (h *house) furnish(i int, address string) {
	h.t.Helper()
	dir := h.t.TempDir()
	p := &process{
		name: fmt.Sprintf("%s/%d", h.name, i), dir: dir, addr: freeAddr(h.t),
		logged: filepath.Join(dir, "achim.log"), reg: lab.reg,
	}
	urls := make([]string, 0, 3)
	for _, g := range []*gate{{next: h.google, opOf: googleOp}, {next: h.doubts, opOf: slackOp, dam: h.dam}, {next: h.feeds, opOf: feedOp}} {
		g.traps, g.owner = h.traps, p
		if h.punctual {
			g.seen = h.inTime
		}
		s := httptest.NewServer(g)
		s.Config.ErrorLog = nil
		h.t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
		urls = append(urls, s.URL)
	}
	if h.dialect == storetest.Postgres {
		address = h.wire(p, address)
	}
	at := h.google.Endpoints(urls[0])
	p.env = []string{
		"DATABASE_URL=" + address, "ACHIM_ADDR=" + p.addr, "ACHIM_CONFIG=" + filepath.Join(dir, "achim.yaml"), "CRON_SECRET=" + cronSecret,
		"GOOGLE_CLIENT_ID=" + clientID, "GOOGLE_CLIENT_SECRET=" + clientSecret,
		"GOOGLE_AUTH_URL=" + at.AuthURL, "GOOGLE_TOKEN_URL=" + at.TokenURL, "GOOGLE_REVOKE_URL=" + at.RevokeURL,
		"GOOGLE_USERINFO_URL=" + at.UserinfoURL, "GMAIL_API_URL=" + at.GmailURL, "CALENDAR_API_URL=" + at.CalendarURL,
		"SLACK_API_URL=" + urls[1], "SLACK_BOT_TOKEN=" + botToken, "PATH=" + os.Getenv("PATH"), "HOME=" + dir,
	}
	p.feed = urls[2] + "/news.xml"
	h.must(p.configure(settings{due: time.Now().Add(4 * time.Hour), pace: h.pace})) // only a trigger briefs anyone
	h.processes = append(h.processes, p)
}

// settings are those that houses differ in.
type settings struct {
	due  time.Time // when briefings are due today; its seconds do not count
	pace int
}

// endless is a pace that nobody feels.
const endless = 600_000

// configure writes the file that the process reads at its next start.
func (p *process) configure(s settings) error {
	if s.pace == 0 {
		s.pace = endless
	}
	due := s.due.In(lab.zone)
	text := fmt.Sprintf("schedule: \"%d %d * * *\"\ntimezone: %s\ndelivery: {rate_per_minute: %d}\nnews:\n  allow_private_networks: true\n  feeds:\n    - url: %s\n",
		due.Minute(), due.Hour(), lab.zone, s.pace, p.feed)
	return os.WriteFile(filepath.Join(p.dir, "achim.yaml"), []byte(text), 0o600)
}

// wire lays the process's own way to PostgreSQL and returns the address with it.
func (h *house) wire(p *process, address string) string {
	h.t.Helper()
	u, err := url.Parse(address)
	h.must(err)
	server := u.Host
	if u.Port() == "" {
		server = net.JoinHostPort(u.Hostname(), "5432")
	}
	w, err := newWire(server, h.traps, p)
	h.must(err)
	h.t.Cleanup(w.close)
	h.wires = append(h.wires, w)
	u.Host = w.addr()
	query := u.Query()
	query.Set("sslmode", "disable") // or nothing could be seen on the wire
	query.Set("pool_max_conns", "6")
	u.RawQuery = query.Encode()
	return u.String()
}

func freeAddr(t *testing.T) string {
	t.Helper()
	addr, err := standin.FreeAddr(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatalf("%s: %v", h.name, err)
	}
}

// close kills what is left.
func (h *house) close() {
	h.thaws.Wait()
	for _, p := range h.processes {
		p.signal(syscall.SIGCONT)
		p.kill()
	}
	_ = h.db.Close()
}

// open starts all processes and waits until they are ready.
func (h *house) open() {
	h.t.Helper()
	for _, p := range h.processes {
		h.must(p.start(lab.program))
	}
	for _, p := range h.processes {
		if err := p.ready(h.t.Context()); err != nil {
			h.t.Fatalf("%v\n%s", err, p.lastWords())
		}
	}
}

// trigger asks for everybody's briefing until every reader has an entry: a process that is killed before it
// has committed the run has promised nothing.
func (h *house) trigger() {
	h.t.Helper()
	for until := time.Now().Add(time.Minute); ; {
		p := h.processes[rand.N(len(h.processes))]
		_, err := p.call(h.t.Context(), http.MethodPost, "/api/cron/daily-summary?wait=0s")
		if h.count("SELECT COUNT(*) FROM achim_entry") == h.readers {
			return
		}
		if time.Now().After(until) {
			h.t.Fatalf("%s: the trigger is not taken: %v\n%s", h.name, err, p.lastWords())
		}
		_ = p.ready(h.t.Context())
	}
}

// count asks the ledger for a number.
func (h *house) count(query string, args ...any) int {
	h.t.Helper()
	var n int
	if err := h.db.QueryRowContext(h.t.Context(), query, args...).Scan(&n); err != nil {
		h.t.Fatalf("%s: %s: %v", h.name, query, err)
	}
	return n
}

// workable counts the entries of a state that anybody could work on now.
func (h *house) workable(state string) int {
	now := fmt.Sprint(time.Now().UnixMilli())
	return h.count("SELECT COUNT(*) FROM achim_entry WHERE state = "+h.bound+" AND next_at <= "+now+
		" AND (owner = '' OR claimed_until IS NULL OR claimed_until <= "+now+")", state)
}

// unsettled counts the entries that are not at their end.
func (h *house) unsettled() int {
	return h.count("SELECT COUNT(*) FROM achim_entry WHERE state IN ('planned', 'prepared', 'sending')")
}

// inHand lists the readers whose briefings the dead process had claimed.
func (h *house) inHand(pid int) (readers []string) {
	h.t.Helper()
	h.each("SELECT reader_id FROM achim_entry WHERE owner LIKE "+h.bound, func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		readers = append(readers, id)
		return err
	}, fmt.Sprintf("%%/%d/%%", pid))
	return readers
}

// each reads every row of a query.
func (h *house) each(query string, read func(scan func(...any) error) error, args ...any) {
	h.t.Helper()
	rows, err := h.db.QueryContext(h.t.Context(), query, args...)
	h.must(err)
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		h.must(read(rows.Scan))
	}
	h.must(rows.Err())
}
