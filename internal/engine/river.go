package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"achim/briefing"
)

// Settings of River. A claim on an entry lasts longer than work on it may take, and a job that a dead process left
// behind is given to another before anybody has waited two minutes.
const (
	// DefaultSenders bounds the entries that are posted at once: most of that time is Slack's, and River hands
	// out no more than there are free workers every fetchCooldown.
	DefaultSenders = 512
	// DefaultTimeout is how long work on one entry may take.
	DefaultTimeout = 60 * time.Second

	rescueBeyond  = 15 * time.Second // a job this much older than it may get belonged to a process that died
	fetchEvery    = 200 * time.Millisecond
	fetchCooldown = 50 * time.Millisecond
	retryAfter    = 2 * time.Second
	maxAttempts   = 5 // then the job is dropped, and the sweep makes another
	keepJobs      = 10 * time.Minute
	keepDropped   = time.Hour
	flushFor      = 5 * time.Second // for what River still writes once nothing is worked on any more
	jobKind       = "entry"
)

// The lanes: entries whose sources are to be read do not keep those waiting that only need posting.
const (
	readLane = "read"
	sendLane = "send"
)

// UpcomingStore is the ledger as River sees it.
type UpcomingStore interface {
	// UpcomingEntries returns up to limit entries that want work until the given time and that nobody works on
	// now, the most urgent first.
	UpcomingEntries(ctx context.Context, now, until time.Time, limit int) ([]briefing.Due, error)
}

// River runs entries on PostgreSQL, in any number of processes. Its jobs are hints: the ledger is swept for
// entries that want work soon, and each gets a job that names its id and epoch; whichever process River gives
// the job to calls Work. A job that is lost is made again, one that comes twice or late does nothing.
//
// The zero value is not usable: set Pool, Store and Work.
type River struct {
	Pool    *pgxpool.Pool // shared with the store; one connection of it is listened on
	Store   UpcomingStore
	Work    Work
	Readers int           // workers that read sources; 0 = DefaultWorkers
	Senders int           // workers that post and reconcile; 0 = DefaultSenders
	Timeout time.Duration // how long work on one entry may take; 0 = DefaultTimeout
	Logger  *slog.Logger
	Now     func() time.Time // the ledger's clock; nil = time.Now

	once    sync.Once
	wake    chan struct{} // somebody has written something
	worked  chan struct{} // a worker has: there may be more to do, in a moment
	mu      sync.Mutex    // of what follows
	client  *river.Client[pgx.Tx]
	quit    context.CancelFunc // ends the sweeps
	swept   chan struct{}      // closed when they have ended
	stopped chan struct{}      // made by the first Stop, closed at its end
	gate    gate               // through which every call of Work goes
}

// Start looks whether River's tables are there, and begins to work. It wraps ErrNotMigrated when they are not;
// after an error it may be called again.
func (r *River) Start(ctx context.Context) error {
	r.once.Do(r.init)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.client != nil || r.stopped != nil {
		return nil
	}
	schema, err := migratedSchema(ctx, r.Pool)
	if err != nil {
		return err
	}
	client, err := r.newClient(schema)
	if err != nil {
		return fmt.Errorf("make the engine: %w", err)
	}
	if err := client.Start(ctx); err != nil {
		return fmt.Errorf("start the engine: %w", err)
	}
	sweeping, quit := context.WithCancel(ctx)
	r.client, r.quit, r.swept = client, quit, make(chan struct{})
	s := &sweeper{River: r, jobs: &jobs{pool: r.Pool, schema: schema, client: client}, known: map[hint]known{}}
	go func() {
		defer close(r.swept)
		s.run(sweeping)
	}()
	return nil
}

// init fills in what was left out.
func (r *River) init() {
	r.wake, r.worked = make(chan struct{}, 1), make(chan struct{}, 1)
	if r.Readers == 0 {
		r.Readers = DefaultWorkers
	}
	if r.Senders == 0 {
		r.Senders = DefaultSenders
	}
	if r.Timeout == 0 {
		r.Timeout = DefaultTimeout
	}
	if r.Now == nil {
		r.Now = time.Now
	}
	if r.Logger == nil {
		r.Logger = slog.New(slog.DiscardHandler)
	}
}

func (r *River) newClient(schema string) (*river.Client[pgx.Tx], error) {
	workers := river.NewWorkers()
	if err := river.AddWorkerSafely(workers, &worker{river: r}); err != nil {
		return nil, err
	}
	return river.NewClient(riverpgxv5.New(r.Pool), &river.Config{
		ID:                   briefing.NewID(),
		Schema:               schema,
		Workers:              workers,
		Queues:               map[string]river.QueueConfig{readLane: {MaxWorkers: r.Readers}, sendLane: {MaxWorkers: r.Senders}},
		JobTimeout:           r.Timeout,
		RescueStuckJobsAfter: r.Timeout + rescueBeyond,
		FetchPollInterval:    fetchEvery,
		FetchCooldown:        fetchCooldown,
		MaxAttempts:          maxAttempts,
		RetryPolicy:          constantRetry{},
		PollOnly:             mustPoll(r.Pool),
		Logger:               slog.New(&calm{Handler: r.Logger.Handler(), seen: &lines{}}).With("engine", "river"),
		// The table stays small: a sweep looks through it, and nothing in it is worth reading later.
		CompletedJobRetentionPeriod: keepJobs,
		CancelledJobRetentionPeriod: keepJobs,
		DiscardedJobRetentionPeriod: keepDropped,
		// River rebuilds its indexes at midnight UTC, which in Seoul is nine in the morning.
		ReindexerIndexNames: []string{},
	})
}

// fewConnections is how many there must be for one of them to be listened on.
const fewConnections = 4

// mustPoll reports that notifications cannot be had: a pooler stands between us and PostgreSQL, since only then
// does an address ask for statements that are not prepared, or there are too few connections to spare one.
func mustPoll(p *pgxpool.Pool) bool {
	config := p.Config()
	switch config.ConnConfig.DefaultQueryExecMode {
	case pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol:
		return true
	default:
		return config.MaxConns < fewConnections
	}
}

// Wake makes the engine sweep the ledger now. It never blocks and may be called at any time.
func (r *River) Wake() {
	r.once.Do(r.init)
	ring(r.wake)
}

func ring(bell chan struct{}) {
	select {
	case bell <- struct{}{}:
	default:
	}
}

// Stop takes on nothing new and waits for the work under way, until ctx is done; then it cuts the work off
// and returns ErrStopTimeout. Either way nothing is worked on any more when it returns.
func (r *River) Stop(ctx context.Context) error {
	r.mu.Lock()
	client, first := r.client, r.stopped == nil
	if first {
		r.stopped = make(chan struct{})
	}
	r.mu.Unlock()
	if !first {
		<-r.stopped
		return nil
	}
	defer close(r.stopped)
	if client == nil {
		return nil
	}
	r.quit()
	<-r.swept
	err := client.Stop(ctx)
	if err == nil {
		return nil
	}
	idle := r.gate.shut()
	// River waits for its database too; once nobody works, what it still wants to write is not worth a long wait.
	flush, cancel := context.WithCancel(context.WithoutCancel(ctx))
	flushed := make(chan struct{})
	go func() {
		defer close(flushed)
		_ = client.StopAndCancel(flush)
	}()
	<-idle
	select {
	case <-flushed:
	case <-time.After(flushFor):
	}
	cancel()
	<-flushed
	return ErrStopTimeout
}

// gate counts who is inside and can be shut. The zero value is open.
type gate struct {
	mu     sync.Mutex
	inside int
	idle   chan struct{} // made by shut
}

// enter reports whether the caller may come in; whoever does must leave.
func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.idle != nil {
		return false
	}
	g.inside++
	return true
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	if g.inside == 0 && g.idle != nil {
		close(g.idle)
	}
}

// shut lets nobody in any more and returns what is closed once everybody has left. It is called once.
func (g *gate) shut() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.idle = make(chan struct{})
	if g.inside == 0 {
		close(g.idle)
	}
	return g.idle
}

// entryArgs name what a job is about, and tell jobs apart.
type entryArgs struct {
	Entry briefing.EntryID `json:"entry"`
	Epoch int64            `json:"epoch"`
}

// Kind implements river.JobArgs.
func (entryArgs) Kind() string { return jobKind }

// InsertOpts implements river.JobArgsWithInsertOpts. Finished jobs do not count: by its arguments alone one
// would swallow every later job of the same epoch.
func (entryArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
		rivertype.JobStateRunning, rivertype.JobStateScheduled,
	}}}
}

// constantRetry tries again soon: what failed was the ledger, and it is asked now and then until it is back.
type constantRetry struct{}

// NextRetry implements river.ClientRetryPolicy.
func (constantRetry) NextRetry(*rivertype.JobRow) time.Time { return time.Now().Add(retryAfter) }

// errLogged is all River is told of what went wrong: it would keep the text in its table.
var errLogged = errors.New("work on the entry failed; the log has the cause")

// worker gives jobs to Work.
type worker struct {
	river.WorkerDefaults[entryArgs]
	river *River
}

// Work implements river.Worker. A panic must not take the other readers' briefings with it.
func (w *worker) Work(ctx context.Context, job *river.Job[entryArgs]) (err error) {
	r := w.river
	if !r.gate.enter() {
		return context.Canceled
	}
	defer r.gate.leave()
	defer ring(r.worked)
	defer func() {
		if v := recover(); v != nil {
			r.Logger.ErrorContext(ctx, "work on an entry panicked", "entry", job.Args.Entry, "panic", v)
			err = errLogged
		}
	}()
	switch err := r.Work(ctx, job.Args.Entry, job.Args.Epoch); {
	case err == nil:
		return nil
	case errors.Is(context.Cause(ctx), context.DeadlineExceeded) || ctx.Err() == nil:
		r.Logger.ErrorContext(ctx, "work on an entry failed; it will be taken up again", "entry", job.Args.Entry, "error", err)
		return errLogged
	default:
		return context.Canceled // stopping: River gives the job back
	}
}
