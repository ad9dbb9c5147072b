// Package httpserver is Achim's HTTP face: bearer-guarded JSON for programs, a few pages for people, and
// Slack's and Google's ways back to us. It decides who may ask and in which form answers go out; what is
// done is done by the services of package briefing behind the small interfaces below.
//
// Every handler returns an error instead of writing one. The rim (rim.go) turns it into an RFC 9457 problem
// by the one table in problem.go, and is the only place that logs.
package httpserver

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"achim/briefing"
	"achim/internal/language"
	"achim/internal/webui"
)

// Triggers starts and follows runs. *briefing.Trigger is one.
type Triggers interface {
	Start(ctx context.Context, req briefing.TriggerRequest) (briefing.Run, error)
	Wait(ctx context.Context, id briefing.RunID) (briefing.Run, error)
	Reconnected(ctx context.Context, id briefing.ReaderID) (briefing.Run, error)
}

// Roster changes readers. *briefing.Roster is one.
type Roster interface {
	Put(ctx context.Context, fresh briefing.Reader, change func(r *briefing.Reader) error) (saved briefing.Reader, created bool, err error)
	Remove(ctx context.Context, id briefing.ReaderID) error
}

// Eraser forgets a reader with everything that is kept of them, the grant included.
type Eraser interface {
	Erase(ctx context.Context, r briefing.Reader) (briefing.Erasure, error)
}

// Readers finds readers. Every briefing.ReaderStore is one.
type Readers interface {
	Reader(ctx context.Context, ref string) (briefing.Reader, error)
	Readers(ctx context.Context) ([]briefing.Reader, error)
}

// Runs reads what runs did. Every briefing.RunStore is one.
type Runs interface {
	Run(ctx context.Context, id briefing.RunID) (briefing.Run, error)
	Runs(ctx context.Context, filter briefing.RunFilter) ([]briefing.Run, error)
	Entries(ctx context.Context, filter briefing.EntryFilter) ([]briefing.Entry, error)
}

// Ledger reads one entry. Every briefing.LedgerStore is one.
type Ledger interface {
	Entry(ctx context.Context, id briefing.EntryID) (briefing.Entry, error)
}

// Peek reads one source of one reader now, without delivering anything. Its errors carry a Reason, or are
// briefing.ErrNotConnected.
type Peek interface {
	Read(ctx context.Context, r briefing.Reader, source briefing.SourceName, date briefing.Date) (briefing.Section, error)
}

// Links makes and checks the signed links by which a reader connects an account.
type Links interface {
	// ConnectURL returns a fresh absolute address of the reader's connect page.
	ConnectURL(reader briefing.ReaderID) string
	// VerifyConnect returns whom a token was made for, and whether it allows another account than before.
	// Any error means that the link does not work (any more).
	VerifyConnect(token string) (reader briefing.ReaderID, switchAccount bool, err error)
	// OwnURL returns an absolute address, good for an hour, of a page about the reader for whoever has just
	// connected the account.
	OwnURL(page string, reader briefing.ReaderID, account string) string
	// VerifyOwn returns whom and which account a token was made for, for this page alone.
	VerifyOwn(page, token string) (reader briefing.ReaderID, account string, err error)
	// VerifyBriefing returns the one briefing whose page a token opens.
	VerifyBriefing(token string) (briefing.EntryID, error)
}

// Pages writes briefings down as their pages show them. *delivery.Renderer does.
type Pages interface {
	// Page returns the page as of now. read is all that was read for the briefing.
	Page(b briefing.Briefing, read []briefing.Section, now time.Time) language.BriefingPage
}

// Deps is what New needs. Everything up to Defaults must be set; the zero value of the rest works.
type Deps struct {
	Triggers    Triggers
	Roster      Roster
	Eraser      Eraser
	Readers     Readers
	Runs        Runs
	Ledger      Ledger
	Credentials briefing.Credentials
	Connector   briefing.Connector
	Peek        Peek
	Links       Links
	Renderer    briefing.Renderer
	Pages       Pages
	Defaults    *briefing.Defaults

	CronSecrets []briefing.Secret // trigger and read statuses
	APISecrets  []briefing.Secret // do everything; none = the cron secrets do

	// KnowsBrowsers binds a consent begun in a browser to it by a cookie. It must be off when people do not
	// reach us over https, or Google's redirect comes to another host than the connect pages are on: the
	// cookie would not come along.
	KnowsBrowsers bool

	ExposeAccessTokens bool
	Operator           string        // whom readers turn to, such as "@jiwon"; "" = not said
	KeepContent        time.Duration // how long titles and summaries are kept; 0 = 30 days
	KeepVerdicts       time.Duration // how long it is known what was read and sent when; 0 = 365 days

	Ready        func(ctx context.Context) error // nil = ready as soon as it serves
	Metrics      http.Handler                    // nil = no /metrics
	Interactions http.Handler                    // of Slack; nil = no /slack/…
	// Observe is told of every request: its route pattern, never its path.
	Observe func(pattern string, code int, took time.Duration)
	Logger  *slog.Logger     // nil discards
	Now     func() time.Time // nil = time.Now
}

// server carries what the handlers share.
type server struct {
	Deps
	guard *guard
	pages *webui.Pages
	mux   *http.ServeMux
}

// New returns the handler of everything Achim serves. It is safe for concurrent use.
func New(deps Deps) http.Handler {
	if deps.Now == nil {
		deps.Now = time.Now
	}
	if deps.Logger == nil {
		deps.Logger = slog.New(slog.DiscardHandler)
	}
	if deps.Observe == nil {
		deps.Observe = func(string, int, time.Duration) {}
	}
	if deps.KeepContent == 0 {
		deps.KeepContent = 30 * 24 * time.Hour
	}
	if deps.KeepVerdicts == 0 {
		deps.KeepVerdicts = 365 * 24 * time.Hour
	}
	if deps.Ready == nil {
		deps.Ready = func(context.Context) error { return nil }
	}
	s := &server{Deps: deps, pages: webui.New(), mux: http.NewServeMux(),
		guard: newGuard(deps.CronSecrets, deps.APISecrets, deps.Now)}
	for _, route := range s.routes() {
		s.mux.Handle(route.pattern, s.guarded(route.access, route.handle))
	}
	if deps.Metrics != nil {
		s.mux.Handle("GET /metrics", deps.Metrics)
	}
	if deps.Interactions != nil {
		for _, path := range []string{"interactions", "events", "commands"} {
			s.mux.Handle("POST /slack/"+path, deps.Interactions)
		}
	}
	return s
}

// route is one line of the contract's table.
type route struct {
	pattern string
	access  access
	handle  handler
}

// routes is the contract's table: who may ask for what. Pages and Google's and Slack's ways back are open,
// because they bring a signed token, a single-use state or a signature of their own.
func (s *server) routes() []route {
	return []route{
		{"POST /api/cron/daily-summary", statuses, s.trigger},
		{"GET /api/runs", statuses, s.listRuns},
		{"GET /api/runs/{run_id}", statuses, s.showRun},
		{"GET /api/briefings", statuses, s.listBriefings},
		{"GET /api/briefings/{briefing_id}", everything, s.showBriefing},

		{"GET /api/users", everything, s.listUsers},
		{"GET /api/users/{user_id}", everything, s.showUser},
		{"PUT /api/users/{user_id}", everything, s.putUser},
		{"DELETE /api/users/{user_id}", everything, s.deleteUser},

		{"GET /api/gmail/check/{user_id}", statuses, s.checkGmail},
		{"POST /api/gmail/refresh/{user_id}", everything, s.refreshGmail},
		{"DELETE /api/gmail/{user_id}", everything, s.disconnectGmail},
		{"GET /messages", everything, s.messages},
		{"GET /api/calendar/events", everything, s.listEvents},
		{"POST /api/calendar/events", everything, s.createEvent},

		// These two look at the bearer themselves: without one they may still be a person's browser.
		{"GET /api/gmail/auth", open, s.startConsent},
		{"GET /auth/gmail/passport", open, s.startConsent},
		{"GET /api/gmail/callback", open, s.page(s.finishConsent)},
		{"GET /connect/{token}", open, s.page(s.showConnect)},
		{"POST /connect/{token}", open, s.page(s.postConnect)},
		{"GET /briefings/{briefing_id}", open, s.briefingPage},
		{"POST " + confirmPath, open, s.page(s.answerConfirm)},
		{"GET /" + storedPage + "/{token}", open, s.page(s.showStored)},
		{"GET /" + disconnectPage + "/{token}", open, s.page(s.showDisconnect)},
		{"POST /" + disconnectPage + "/{token}", open, s.page(s.postDisconnect)},
		{"GET /connect/{$}", open, s.page(s.noLink)},
		{"GET /connect", open, s.page(s.noLink)},
		{"GET /{$}", open, s.page(s.home)},

		{"GET /healthz", open, s.health},
		{"GET /readyz", open, s.ready},
	}
}

// health answers while the process serves at all.
func (s *server) health(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// NotReadyError is what Ready returns where everybody who asks may know why.
type NotReadyError struct{ Detail string }

// Error returns the detail.
func (e *NotReadyError) Error() string { return e.Detail }

// ready answers 200 when briefings could go out now.
func (s *server) ready(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	if err := s.Ready(ctx); err != nil {
		detail := "Not ready; the log says why."
		if told, ok := errors.AsType[*NotReadyError](err); ok {
			detail = told.Detail
		}
		return &apiError{code: codeUnavailable, detail: detail, err: err}
	}
	return writeJSON(w, http.StatusOK, map[string]string{"status": "ready"})
}
