package briefing

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Paces and pauses of keeping grants alive. A hundred thousand grants once a day are 1.2 a second.
const (
	keepTick       = time.Minute // how often the keeper is called
	keepAtOnce     = 4
	keepEvery      = 500 * time.Millisecond // between two daily questions
	aheadEvery     = 80 * time.Millisecond  // between two questions ahead of an hour
	outageAfter    = 3                      // failures in a row that are no longer one grant's
	outageRest     = 30 * time.Second       // of all questions, doubling
	outageMostRest = 30 * time.Minute
	refusedRest    = 15 * time.Minute // of a client that Google does not take, doubling
	refusedMost    = 2 * time.Hour
)

// KeeperStore is the store as a Keeper sees it.
type KeeperStore interface {
	GrantLister
	// Hours returns those of the ids that are readers', each with the hour it is planned for next; zero while paused.
	Hours(ctx context.Context, ids []ReaderID) (map[ReaderID]time.Time, error)
	// Crowds returns how many readers, paused ones apart, are planned for each hour after the one time and not after
	// the other.
	Crowds(ctx context.Context, after, until time.Time) (map[time.Time]int, error)
}

// Keeper asks Google once a day how each reader's grant stands, and again ahead of the reader's hour, so that a grant is
// never lost for want of use and that one which died is known of before the briefing. Who is asked about when follows
// from the grants themselves: several processes agree without talking, and what one of them has found out the others
// find in the store. Grants of nobody's are left alone: they are other programs'. All fields but Pause, Trouble and
// Surveyed must be set; it is safe for concurrent use.
type Keeper struct {
	Store  KeeperStore
	Google GrantVerifier
	Now    func() time.Time
	// Pause waits, or returns false when ctx ends before; nil = by the wall clock.
	Pause func(ctx context.Context, d time.Duration) bool
	// Trouble is told of a grant that could not be confirmed; may be nil.
	Trouble func(owner ReaderID, err error)
	// Surveyed is told how the readers' grants stand, every ten minutes; may be nil.
	Surveyed func(map[GrantStanding]int)

	keeping  sync.Mutex // held by whoever keeps; guards what follows
	began    time.Time  // the first survey
	surveyed time.Time  // the last one
	tasks    []keepTask // to be done before the next, earliest first
	crowds   crowds     // of the hours around now

	mu       sync.Mutex // guards what follows
	failures int        // in a row that say nothing about one grant
	restTill time.Time
	refused  map[string]refusal // by client
}

// refusal is what is known of an OAuth client that Google does not take.
type refusal struct {
	times int
	till  time.Time
}

// Keep asks about all grants whose time has come, at most a few at once and never faster than its pace, and returns about
// how many; it is to be called every minute. A call while one is under way does nothing. Its error is the store's.
func (k *Keeper) Keep(ctx context.Context) (asked int, err error) {
	if !k.keeping.TryLock() {
		return 0, nil
	}
	defer k.keeping.Unlock()
	var asking sync.WaitGroup
	defer asking.Wait()
	free := make(chan struct{}, keepAtOnce)
	for {
		now := k.Now()
		if now.Before(k.surveyed) || !now.Before(k.surveyed.Add(keepSurvey)) {
			if err := k.survey(ctx, now); err != nil {
				return asked, err
			}
		}
		task, ok := k.next(now)
		if !ok {
			return asked, nil
		}
		select {
		case free <- struct{}{}:
		case <-ctx.Done():
			return asked, nil
		}
		if k.resting(task.client, now) { // looked at last: who was just asked about may have said so
			<-free
			continue
		}
		asked++
		asking.Go(func() {
			defer func() { <-free }()
			k.ask(ctx, task)
		})
		if !k.pause(ctx, task.every()) {
			return asked, nil
		}
	}
}

// next takes the first task whose time comes before Keep is called again.
func (k *Keeper) next(now time.Time) (keepTask, bool) {
	if len(k.tasks) == 0 || k.tasks[0].at.After(now.Add(keepTick)) {
		return keepTask{}, false
	}
	task := k.tasks[0]
	k.tasks = k.tasks[1:]
	return task, true
}

func (k *Keeper) pause(ctx context.Context, d time.Duration) bool {
	if k.Pause != nil {
		return k.Pause(ctx, d)
	}
	return pause(ctx, d)
}

// ask asks about one grant, unless Google has said how it stands since it was surveyed.
func (k *Keeper) ask(ctx context.Context, task keepTask) {
	_, err := k.Google.Verify(ctx, task.owner, task.seen)
	if ctx.Err() != nil || errors.Is(err, ErrNotFound) {
		return
	}
	k.learn(task.client, err)
	if err != nil && k.Trouble != nil {
		k.Trouble(task.owner, err)
	}
}

// learn decides what an answer means for all other questions.
func (k *Keeper) learn(client string, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.Now()
	switch reason := ReasonOf(err); {
	case err == nil:
		k.failures = 0
		delete(k.refused, client)
	case errors.Is(err, ErrClientRefused):
		if k.refused == nil {
			k.refused = map[string]refusal{}
		}
		r := k.refused[client]
		if now.Before(r.till) {
			return // asked at the same time as the one that said so first
		}
		r.times++
		r.till = now.Add(backoff(r.times, refusedRest, refusedMost))
		k.refused[client] = r
	case reason == RateLimited, reason == Unavailable, reason == Timeout:
		k.failures++
		if rest := backoff(k.failures-outageAfter+1, outageRest, outageMostRest); k.failures >= outageAfter || reason == RateLimited {
			k.restTill = now.Add(max(rest, RetryAfter(err)))
		}
	default:
		k.failures = 0 // Google answers, and has something against this grant alone
	}
}

// resting reports whether nothing is to be asked now, of this client or at all. What is not asked is found again by a
// later survey.
func (k *Keeper) resting(client string, now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return now.Before(k.restTill) || now.Before(k.refused[client].till)
}
