package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"achim/briefing"
	"achim/delivery"
	"achim/internal/alarm"
	"achim/internal/config"
	"achim/internal/engine"
	"achim/internal/language"
	"achim/internal/schedule"
	"achim/internal/secret"
	"achim/internal/summary"
	"achim/internal/telemetry"
	"achim/sources"
	"achim/store"
)

// Options are what New needs.
type Options struct {
	Config  config.Config
	Logger  *slog.Logger
	Version string
	Now     func() time.Time // nil = time.Now
	// Unticked plans once at start and leaves the minutes after that to the caller: where Now stands still until a test
	// moves it, a minute of the wall's is a tick at a time that nobody chose.
	Unticked bool
	// LinksAnyway puts links into DMs although a phone could not use them: in the demo the phone is a page
	// in the browser beside it.
	LinksAnyway bool
	// Beside says that this is a command, which may run beside achim serve: it brings in no key that serve was not
	// started with, since serve could not read what is sealed with it.
	Beside bool
	// Listeners are served instead of binding the configured addresses; the App closes them.
	Listeners []net.Listener
	// Workers bounds how many entries are worked on at once; 0 = the engine's default.
	Workers int
}

// App is Achim, wired. Its exported members are what commands use; they work without Start.
type App struct {
	Config   config.Config
	Logger   *slog.Logger
	Store    *store.Store
	Defaults *briefing.Defaults
	Pipeline *briefing.Pipeline
	Trigger  *briefing.Trigger
	Roster   *briefing.Roster
	Planner  *briefing.Planner
	Google   *sources.Google
	Slack    *delivery.Slack
	Renderer *delivery.Renderer
	Metrics  *telemetry.Metrics
	Pacer    *briefing.Pacer
	Alarm    *alarm.Alarm
	Opener   *briefing.Opener
	Keeper   *briefing.Keeper
	Herald   *briefing.Herald

	previews  *delivery.Renderer
	editor    *summary.Editor // nil when no language model is asked
	links     *secret.Links
	anyLinks  bool
	unticked  bool
	clock     *store.Clock // nil when somebody else says what time it is
	now       func() time.Time
	bell      *engine.Bell
	engine    engine.Engine
	behind    *background
	marking   sync.RWMutex // held for reading while a reader is marked as gone
	sealing   sync.Mutex   // held while what is stored is sealed
	listeners []net.Listener
	cleanups  cleanups
	failed    chan error
	serving   atomic.Bool // this process sends notices
}

// ErrPendingMigrations is returned when the database lacks what this version needs and is not ours alone to
// change.
var ErrPendingMigrations = errors.New("the database needs migrating")

// New opens the database and wires everything. Nothing is served, read or sent yet. Call Stop also when
// Start was never called.
func New(ctx context.Context, o Options) (_ *App, err error) {
	a := &App{Config: o.Config, Logger: o.Logger, now: o.Now, anyLinks: o.LinksAnyway, unticked: o.Unticked, listeners: o.Listeners,
		bell: &engine.Bell{}, behind: newBackground(), failed: make(chan error, 8)}
	if a.now == nil {
		a.clock = &store.Clock{}
		a.now = a.clock.Now
	}
	if a.Logger == nil {
		a.Logger = slog.New(slog.DiscardHandler)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.cleanups.drain(context.WithoutCancel(ctx)))
		}
	}()
	if a.Store, err = openStore(ctx, o.Config, a.now); err != nil {
		return nil, err
	}
	a.cleanups.add("database", func(context.Context) error { return a.Store.Close() })
	if err = a.setClock(ctx); err != nil {
		return nil, fmt.Errorf("clock: %w", err)
	}
	if err = migrated(ctx, a.Store); err != nil {
		return nil, err
	}
	if o.Beside {
		if err = a.refuseNewKey(ctx); err != nil {
			return nil, err
		}
	}
	if err = a.Store.UseKeys(ctx); err != nil {
		return nil, err // which names the setting
	}
	install, err := a.Store.InstallSecret(ctx)
	if err != nil {
		return nil, fmt.Errorf("install secret: %w", err)
	}
	a.links = secret.NewLinks(install, a.now)
	a.Metrics = telemetry.NewMetrics(o.Version)
	a.wire(o)
	a.watchPace(ctx)
	a.cleanups.add("connections", func(context.Context) error { return a.closeSources() })
	a.cleanups.add("background work", a.behind.stop)
	return a, nil
}

// openStore opens the database of the configuration.
func openStore(ctx context.Context, cfg config.Config, now func() time.Time) (*store.Store, error) {
	opts := store.Options{Now: now}
	sealer, err := sealerOf(cfg)
	if err != nil {
		return nil, err
	}
	if sealer != nil {
		opts.Sealer = sealer
	}
	s, err := store.Open(ctx, cfg.DatabaseURL.Reveal(), opts)
	if errors.Is(err, store.ErrAddress) {
		return nil, fmt.Errorf("DATABASE_URL: %w", err)
	}
	return s, err // which says already that it opens, and what
}

// googleConfig is the configuration as the keeper of the grants takes it.
func googleConfig(cfg config.Config, now func() time.Time) sources.GoogleConfig {
	g := cfg.Google
	return sources.GoogleConfig{
		ClientID: g.ClientID, ClientSecret: g.ClientSecret, RedirectURL: g.RedirectURL, Scopes: g.Scopes,
		AuthURL: g.AuthURL, TokenURL: g.TokenURL, RevokeURL: g.RevokeURL, UserinfoURL: g.UserinfoURL,
		GmailURL: g.GmailURL, CalendarURL: g.CalendarURL,
		AllowedDomains: g.AllowedDomains, Testing: testing(cfg), Now: now,
	}
}

// wire makes every part from the configuration.
func (a *App) wire(o Options) {
	cfg := a.Config
	holidays := language.NewAlmanac(cfg.HolidaysFile, a.now, func(err error) {
		a.Logger.Warn("something is wrong with the file of holidays; where it cannot be read, what was known before stands", "error", err)
	})
	a.Defaults = &briefing.Defaults{At: cfg.Schedule.At, Zone: cfg.Timezone, Weekdays: cfg.Schedule.Weekdays, Language: cfg.Language,
		Holiday: holidays.On}
	google := googleConfig(cfg, a.now)
	google.OnRefresh = a.Metrics.Refreshed
	a.Google = sources.NewGoogle(google, a.Store)
	a.Slack = delivery.NewSlack(delivery.SlackConfig{Token: cfg.Slack.BotToken, URL: cfg.Slack.URL, Now: a.now})
	render := delivery.RenderConfig{
		Buttons: !cfg.Slack.SigningSecret.IsZero(), ConnectURL: a.linkForDM, BriefingURL: a.briefingForDM, Operator: cfg.Delivery.Operator,
		KeepDays: int(cfg.Retention.Content / (24 * time.Hour)), TeamFeeds: len(cfg.Feeds) > 0,
	}
	a.Renderer = delivery.NewRenderer(render)
	render.BriefingURL = nil // what is not stored has no page
	a.previews = delivery.NewRenderer(render)
	a.Pacer = a.newPacer()
	news := newsConfig(cfg, a.now)
	news.OnFetch = a.Metrics.FeedFetched
	a.Pipeline = &briefing.Pipeline{
		Ledger: a.Store, Readers: a.Store, Channels: a.Store, Memory: a.Store, Runs: a.Store,
		Sources:   sources.Catalog(sources.Config{Google: a.Google, Holidays: holidays.Name, News: news}),
		Deliverer: measured{a.Slack, a.Metrics.SlackCalled}, Renderer: a.Renderer, Defaults: a.Defaults, Budgets: cfg.Budgets,
		Owner: owner(), Grace: cfg.Grace, MendUntil: cfg.MendUntil, LogGist: cfg.ConversationLogContent == config.LogGist,
		Pacer: a.Pacer, Observe: a.observer(), Now: a.now,
	}
	a.wireEditor()
	a.engine = a.newEngine(o.Workers)
	a.Trigger = &briefing.Trigger{
		Readers: a.Store, Runs: a.Runs(), DryRuns: a.Store, Pipeline: a.Pipeline, Zone: cfg.Timezone,
		Now: a.now, Wake: a.engine.Wake, Changed: a.bell.Next, Settled: a.bell.Ring, Go: a.behind.Go,
	}
	a.Roster = &briefing.Roster{Readers: a.Store, Runs: a.Store, Ledger: a.Store, Defaults: a.Defaults,
		Now: a.now, Lead: cfg.PrepareLead, Wake: a.engine.Wake, Unread: a.unread}
	a.Planner = &briefing.Planner{Store: a.Store, Defaults: a.Defaults, Grace: cfg.Grace, Lead: cfg.PrepareLead, Now: a.now,
		Trouble: func(c briefing.Cohort, err error) {
			a.Logger.Error("readers cannot be planned", "zone", c.Like.Timezone, "readers", c.Readers, "error", err)
		}}
	a.wireAlarm()
	a.wireAhead()
	a.wireKeeper()
	a.wireHerald()
}

// unread returns why a feed that somebody adds would never be read. The address may hold a key: only its host is told.
func (a *App) unread(feed briefing.Feed) error {
	if a.Config.AllowPrivateNetworks || !sources.PrivateFeed(feed) {
		return nil
	}
	host := ""
	if u, err := url.Parse(feed.URL); err == nil {
		host = u.Hostname()
	}
	return fmt.Errorf("%q is a private address, which this server does not read unless news.allow_private_networks is on", host)
}

// closeSources drops the sources' idle connections.
func (a *App) closeSources() error {
	errs := []error{a.Google.Close()}
	for _, s := range a.Pipeline.Sources {
		if c, ok := s.(io.Closer); ok {
			errs = append(errs, c.Close())
		}
	}
	if a.editor != nil {
		errs = append(errs, a.editor.Close())
	}
	return errors.Join(errs...)
}

// owner names this process in the ledger, differently at every start.
func owner() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s/%d/%s", host, os.Getpid(), briefing.NewID()[:8])
}

// Start listens, works on the ledger and ticks. It returns once everything runs; Failed tells of a part
// that ends by itself. Addresses are those of the configuration.
func (a *App) Start(ctx context.Context) error {
	calmCollector()
	if err := a.Store.Probe(ctx); err != nil {
		return fmt.Errorf("the tables shared with other programs: %w", err)
	}
	if err := a.listen(ctx); err != nil {
		return err
	}
	if err := a.StartEngine(ctx); err != nil {
		return err
	}
	clock, err := schedule.New(schedule.Config{
		Planner: a.Planner, Planned: a.engine.Wake, Ticked: a.ticked, Nightly: a.Housekeep, Zone: a.Config.Timezone, Logger: a.Logger,
		Once: a.unticked,
	})
	if err != nil {
		return fmt.Errorf("schedule: %w", err)
	}
	a.serving.Store(true)
	clock.Start(ctx)
	a.cleanups.add("schedule", func(context.Context) error { return clock.Stop() })
	a.behind.GoWhileOpen(a.seal)
	a.serve()
	return nil
}

// StartEngine makes this process work on the ledger, and tells store.ErrEngineBusy when another process has
// the SQLite file's engine.
func (a *App) StartEngine(ctx context.Context) error {
	release, err := a.Store.LockEngine()
	if err != nil {
		return fmt.Errorf("engine: %w", err)
	}
	a.cleanups.add("engine lock", func(context.Context) error { release(); return nil })
	if err := a.Store.RefuseUnsealing(ctx); err != nil {
		return fmt.Errorf("engine: %w", err)
	}
	if a.Store.Exclusive() {
		// Nobody else works on this file, so whatever is still claimed was left by a process that died.
		if _, err := a.Store.ReleaseClaims(ctx, a.Pipeline.Owner); err != nil {
			return fmt.Errorf("engine: %w", err)
		}
		if err := a.Store.ReleaseLeases(ctx); err != nil {
			return fmt.Errorf("engine: %w", err)
		}
	}
	if err := a.Store.CloseDryRuns(ctx, a.now().Add(-dryRunsEnd)); err != nil {
		return fmt.Errorf("engine: %w", err)
	}
	if err := a.engine.Start(context.WithoutCancel(ctx)); err != nil { // stopping drains; see Stop
		return err // which says already that it is the engine
	}
	a.cleanups.add("engine", a.engine.Stop)
	return nil
}

// listen binds every configured address, unless listeners were brought.
func (a *App) listen(ctx context.Context) error {
	if len(a.listeners) > 0 {
		return nil
	}
	for _, addr := range a.Config.Addrs {
		var lc net.ListenConfig
		l, err := lc.Listen(ctx, "tcp", addr)
		if err != nil {
			if op, ok := errors.AsType[*net.OpError](err); ok {
				err = op.Err // which does not repeat the address
			}
			return fmt.Errorf("listen on %s: %w (is another achim running? ACHIM_ADDR names another address)", addr, err)
		}
		a.listeners = append(a.listeners, l)
		a.cleanups.add("listener "+addr, func(context.Context) error { return ignoreClosed(l.Close()) })
	}
	return nil
}

// serve answers HTTP on the listeners.
func (a *App) serve() {
	server := &http.Server{
		Handler:           a.Handler(),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      150 * time.Second, // a trigger may wait 120 s
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(a.Logger.Handler(), slog.LevelDebug),
	}
	requests, cancel := context.WithCancel(context.Background())
	server.BaseContext = func(net.Listener) context.Context { return requests }
	server.RegisterOnShutdown(cancel) // a trigger that waits for its run is answered as it stands
	for _, l := range a.listeners {
		a.behind.Go(func(context.Context) {
			if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				a.failed <- fmt.Errorf("serve %s: %w", l.Addr(), err)
			}
		})
	}
	a.cleanups.add("http server", server.Shutdown)
}

// Addr returns the first address served, "" before Start.
func (a *App) Addr() string {
	if len(a.listeners) == 0 {
		return ""
	}
	return a.listeners[0].Addr().String()
}

// Failed tells of a part that ended by itself; the process should then stop.
func (a *App) Failed() <-chan error { return a.failed }

// Stop takes everything down: nothing new is taken on, work under way is finished until ctx is done, what
// is left then is taken up at the next start. It may be called more than once.
func (a *App) Stop(ctx context.Context) error { return a.cleanups.drain(ctx) }

// ignoreClosed forgives closing a listener the server has closed already.
func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
