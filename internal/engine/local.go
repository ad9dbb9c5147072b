package engine

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"achim/briefing"
)

// Store is the ledger as an engine sees it.
type Store interface {
	// DueEntries returns up to limit entries that want work at now and that nobody works on, the most
	// urgent first, and the earliest instant after now at which another will (zero: none).
	DueEntries(ctx context.Context, now time.Time, limit int) (due []briefing.Due, next time.Time, err error)
}

// Defaults of Local.
const (
	DefaultWorkers = 24
	// lookEvery bounds how long an entry written by another process waits to be seen.
	lookEvery = 2 * time.Second
	gatherFor = 5 * time.Millisecond
	// lookRows is how many entries one look takes from the ledger at the most: those beyond are seen once these are
	// being worked on.
	lookRows = 20_000
	// restFor is how long an entry is left alone after work on it failed: a ledger that can be read and not
	// written would be asked without a pause.
	restFor = 2 * time.Second
)

// Local runs entries in this process. The zero value is not usable: set Store and Work. Start and Stop may
// each be called more than once; Stop may come before Start.
type Local struct {
	Store   Store
	Work    func(ctx context.Context, id briefing.EntryID, epoch int64) error
	Workers int // that read sources; 0 = DefaultWorkers
	Senders int // that post and reconcile; 0 = DefaultSenders
	Logger  *slog.Logger
	Now     func() time.Time // nil = time.Now

	mu      sync.Mutex
	started bool
	stopped bool
	quit    chan struct{}      // closed by Stop: no new work
	cancel  context.CancelFunc // cuts off work under way
	done    chan struct{}      // closed when loop and workers have ended
	wake    chan struct{}
}

// Start begins to work. It returns at once and never fails; ctx bounds the work, not the call.
func (l *Local) Start(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.started || l.stopped {
		return nil
	}
	l.started = true
	l.init()
	ctx, l.cancel = context.WithCancel(ctx)
	go l.loop(ctx)
	return nil
}

// init makes the channels; the caller holds mu.
func (l *Local) init() {
	if l.wake != nil {
		return
	}
	l.wake, l.quit, l.done = make(chan struct{}, 1), make(chan struct{}), make(chan struct{})
	if l.Workers == 0 {
		l.Workers = DefaultWorkers
	}
	if l.Senders == 0 {
		l.Senders = DefaultSenders
	}
	if l.Now == nil {
		l.Now = time.Now
	}
	if l.Logger == nil {
		l.Logger = slog.New(slog.DiscardHandler)
	}
}

// Wake makes the engine look into the ledger now. It never blocks and may be called at any time.
func (l *Local) Wake() {
	l.mu.Lock()
	l.init()
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Stop takes on nothing new and waits for the work under way, until ctx is done; then it cuts the work off
// and returns ErrStopTimeout. Either way nothing runs any more when it returns.
func (l *Local) Stop(ctx context.Context) error {
	l.mu.Lock()
	l.init()
	first := !l.stopped
	l.stopped = true
	started := l.started
	if first {
		close(l.quit)
	}
	l.mu.Unlock()
	if !started {
		return nil
	}
	defer l.cancel()
	select {
	case <-l.done:
		return nil
	case <-ctx.Done():
	}
	l.cancel()
	<-l.done
	return ErrStopTimeout
}

// loop hands due entries to workers until told to stop.
func (l *Local) loop(ctx context.Context) {
	defer close(l.done)
	underway := &inFlight{ids: map[briefing.EntryID]bool{}, resting: map[briefing.EntryID]time.Time{}}
	work := func(d briefing.Due) {
		if l.work(ctx, d) {
			underway.remove(d.ID)
		} else {
			underway.rest(d.ID, l.Now().Add(restFor))
		}
	}
	// What is idle again makes the engine look for more.
	crews := map[string]*crew{readLane: {most: l.Workers, work: work, idle: l.Wake}, sendLane: {most: l.Senders, work: work, idle: l.Wake}}
	defer func() {
		for _, c := range crews {
			c.dismiss()
		}
	}()
	for {
		wait := l.round(ctx, crews, underway)
		timer := time.NewTimer(wait)
		select {
		case <-l.wake:
			gather(ctx)
		case <-timer.C:
		case <-l.quit:
			timer.Stop()
			return
		case <-ctx.Done():
			timer.Stop()
			return
		}
		timer.Stop()
	}
}

// gather waits a moment after a wake: a hundred workers that finish at once are one look at the ledger.
func gather(ctx context.Context) {
	select {
	case <-time.After(gatherFor):
	case <-ctx.Done():
	}
}

// round hands out what is due now and returns how long to wait before looking again.
func (l *Local) round(ctx context.Context, crews map[string]*crew, underway *inFlight) time.Duration {
	now := l.Now()
	due, next, err := l.Store.DueEntries(ctx, now, lookRows+underway.count(now))
	if err != nil {
		if ctx.Err() == nil {
			l.Logger.ErrorContext(ctx, "cannot read the ledger; trying again", "error", err)
		}
		return lookEvery
	}
	for _, d := range due {
		if underway.add(d.ID, now) {
			crews[lane(d.State)].take(d)
		}
	}
	if next.IsZero() {
		return lookEvery
	}
	return min(max(next.Sub(now), 0), lookEvery)
}

// work works on one entry and reports whether that went well. Work contains its own panics where sources are
// read; one elsewhere must not take the other readers' briefings with it.
func (l *Local) work(ctx context.Context, d briefing.Due) (well bool) {
	defer func() {
		if v := recover(); v != nil {
			l.Logger.ErrorContext(ctx, "work on an entry panicked", "entry", d.ID, "panic", v)
		}
	}()
	err := l.Work(ctx, d.ID, d.Epoch)
	if err != nil && ctx.Err() == nil {
		l.Logger.ErrorContext(ctx, "work on an entry failed; it will be taken up again", "entry", d.ID, "error", err)
	}
	return err == nil
}

// inFlight is the set of entries workers have, so that a look at the ledger does not hand one out twice, and
// of those that rest after a failure.
type inFlight struct {
	mu      sync.Mutex
	ids     map[briefing.EntryID]bool
	resting map[briefing.EntryID]time.Time // until when
}

// add takes the entry up, unless a worker has it or it rests.
func (f *inFlight) add(id briefing.EntryID, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if until, rests := f.resting[id]; f.ids[id] || (rests && until.After(now) && until.Sub(now) <= restFor) {
		return false // a clock that was set back must not make a rest longer
	}
	delete(f.resting, id)
	f.ids[id] = true
	return true
}

func (f *inFlight) remove(id briefing.EntryID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.ids, id)
}

// rest gives the entry up and leaves it alone for a while.
func (f *inFlight) rest(id briefing.EntryID, until time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.ids, id)
	f.resting[id] = until
}

// count returns how many due entries a look at the ledger may meet that are not to be handed out. Rests that
// are over are forgotten here.
func (f *inFlight) count(now time.Time) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, until := range f.resting {
		if !until.After(now) {
			delete(f.resting, id)
		}
	}
	return len(f.ids) + len(f.resting)
}
