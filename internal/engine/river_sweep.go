package engine

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"achim/briefing"
)

// Times and bounds of the sweep.
const (
	// sweepAhead is how long before its time an entry gets its job. River moves such jobs on every five seconds,
	// in one statement for thousands of them.
	sweepAhead = 30 * time.Second
	// nearTime is how soon an entry must be due for River to be too slow for it: its job is made when it is due.
	nearTime = 7 * time.Second
	// overdue is how long after its time a job that should have been started is looked for.
	overdue = time.Second
	// sureFor is how long a job that stands in River's queue is believed to.
	sureFor = 10 * time.Second
	// settleFor is how long sweeps after finished work wait for more of it.
	settleFor = 300 * time.Millisecond
	// settleTimes is how many times as long as the last sweep took they wait, if that is more, and settleMost how long at
	// most: with thousands of entries due, sweeps are not to take what their work needs.
	settleTimes = 20
	settleMost  = 2 * time.Second
	// sweepWithin bounds a sweep: a connection that hangs must not end them.
	sweepWithin = 15 * time.Second
	sweepRows   = 5000  // entries beyond those known that a sweep reads at once
	maxKnown    = 50000 // jobs remembered
	complainFor = 30 * time.Second
)

// hint names a job.
type hint struct {
	entry briefing.EntryID
	epoch int64
}

// known is a job that was seen or made.
type known struct {
	at    time.Time // when its entry wanted work
	again time.Time // when to look whether it is still there, unless its entry has moved on
}

// sweeper makes jobs of the ledger's entries. It belongs to one goroutine.
type sweeper struct {
	*River
	jobs  *jobs
	known map[hint]known

	failing    bool
	complained time.Time
}

// run sweeps until ctx is done.
func (s *sweeper) run(ctx context.Context) {
	for {
		began := time.Now()
		wait := s.round(ctx)
		rest := min(max(settleFor, settleTimes*time.Since(began)), settleMost)
		timer := time.NewTimer(wait)
		select {
		case <-s.wake:
			gather(ctx)
		case <-s.worked:
			s.settle(ctx, min(rest-time.Since(began), max(wait, settleFor)))
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
		if ctx.Err() != nil {
			return
		}
	}
}

// settle waits while more work is being finished, unless somebody else has written something.
func (s *sweeper) settle(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.wake:
		gather(ctx)
	case <-ctx.Done():
	}
}

// round sweeps once and returns when to do so again. Replicas drift apart, so that they do not all make the
// same jobs.
func (s *sweeper) round(ctx context.Context) time.Duration {
	ctx, cancel := context.WithTimeout(ctx, sweepWithin)
	defer cancel()
	wait, err := s.sweep(ctx)
	if err == nil {
		if s.failing {
			s.failing = false
			s.Logger.InfoContext(ctx, "the ledger can be swept again")
		}
		return wait
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return 0
	}
	if !s.failing || time.Since(s.complained) > complainFor {
		s.failing, s.complained = true, time.Now()
		s.Logger.ErrorContext(ctx, "cannot sweep the ledger; trying again", "error", err)
	}
	return jittered(lookEvery)
}

func jittered(d time.Duration) time.Duration { return d*4/5 + rand.N(d*2/5) }

// sweep reads the ledger for what is due or will be soon, and makes the jobs that are missing.
func (s *sweeper) sweep(ctx context.Context) (wait time.Duration, err error) {
	now, wait := s.Now(), jittered(lookEvery)
	s.forget(now)
	limit := sweepRows + len(s.known)
	entries, err := s.Store.UpcomingEntries(ctx, now, now.Add(sweepAhead), limit)
	if err != nil {
		return 0, err
	}
	var open []briefing.Due
	for _, d := range entries {
		ahead := d.NextAt.Sub(now)
		k, ok := s.known[hint{d.ID, d.Epoch}]
		switch {
		case ok && k.at.Equal(d.NextAt) && now.Before(k.again):
			wait = min(wait, max(k.again.Sub(now), settleFor))
		case ahead > 0 && ahead <= nearTime:
			wait = min(wait, ahead)
		default:
			open = append(open, d)
		}
	}
	if len(open) > 0 {
		if err := s.arrange(ctx, now, open); err != nil {
			return 0, err
		}
	}
	if len(entries) == limit {
		wait = settleFor
	}
	return wait, nil
}

// arrange makes sure that the entries have a job each, started when they are due.
func (s *sweeper) arrange(ctx context.Context, now time.Time, open []briefing.Due) error {
	live, err := s.jobs.live(ctx, open, s.Now)
	if err != nil {
		return err
	}
	var missing []briefing.Due
	var late []int64
	for _, d := range open {
		job, ok := live.jobs[hint{d.ID, d.Epoch}]
		if !ok {
			missing = append(missing, d)
			continue
		}
		if job.start && !d.NextAt.After(now) {
			// Its worker died, the entry was pulled forward, a clock was set, or River has no leader at the moment.
			late = append(late, job.id)
		}
		s.remember(d, now)
	}
	if err := s.jobs.start(ctx, late); err != nil {
		return err
	}
	if err := s.jobs.insert(ctx, missing, now, live.offset); err != nil {
		return err
	}
	for _, d := range missing {
		s.remember(d, now)
	}
	return nil
}

// remember notes that the entry has a job.
func (s *sweeper) remember(d briefing.Due, now time.Time) {
	if len(s.known) >= maxKnown {
		return
	}
	again := now.Add(sureFor)
	if d.NextAt.After(now) {
		again = d.NextAt.Add(overdue)
	}
	s.known[hint{d.ID, d.Epoch}] = known{d.NextAt, again}
}

// forget drops what is no longer sure.
func (s *sweeper) forget(now time.Time) {
	for h, k := range s.known {
		// A clock that was set back must not make anything sure for longer.
		if !now.Before(k.again) || k.again.Sub(now) > sweepAhead+sureFor {
			delete(s.known, h)
		}
	}
}
