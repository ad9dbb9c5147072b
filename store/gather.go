package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	// gatherMost bounds how many calls are run together: what one of them waits for the others stays small, and
	// what a lost connection leaves in doubt stays few.
	gatherMost = 200
	// gatherStalled is after how long those who wait stop waiting for the calls under way, which another process
	// may be holding up.
	gatherStalled = 50 * time.Millisecond
	// gatherWithin bounds a run: it belongs to many callers and ends with none of them.
	gatherWithin = 20 * time.Second
)

// errAlone says that a call is to be made by itself, because those it was gathered with failed together.
var errAlone = errors.New("to be made alone")

// gatherer runs calls of one kind that come at the same time together. The first runs at once; those that come
// while it runs are the next. There is no other delay.
type gatherer[T, R any] struct {
	key     func(T) string // of two calls with one key the second runs after the first
	run     func(ctx context.Context, calls []T) ([]R, []error, error)
	runners int // at the same time, at most

	mu      sync.Mutex
	waiting []*gathered[T, R]
	running int
	since   time.Time // when the last run began
	idle    sync.WaitGroup
}

// gathered is a call and what became of it.
type gathered[T, R any] struct {
	ctx    context.Context
	call   T
	done   chan struct{}
	result R
	err    error
	with   *company // nil while it waits; guarded by the gatherer's mutex
}

// company are the callers of one run: when the last has gone, nobody wants it any more.
type company struct {
	here   int
	cancel context.CancelFunc
}

// do runs the call, together with others, and returns what became of it. A caller whose ctx ends gets its error at
// once; the call may then be made all the same. errAlone means that nothing has come of it, or that nobody can tell:
// whoever tries it alone finds out.
func (g *gatherer[T, R]) do(ctx context.Context, call T) (R, error) {
	c := &gathered[T, R]{ctx: ctx, call: call, done: make(chan struct{})}
	g.mu.Lock()
	g.waiting = append(g.waiting, c)
	g.start()
	g.mu.Unlock()
	select {
	case <-c.done:
	case <-ctx.Done():
		if g.leave(c) {
			var none R
			return none, ctx.Err()
		}
		<-c.done
	}
	return c.result, c.err
}

// start begins another run unless those under way are to be waited for; the caller holds mu.
func (g *gatherer[T, R]) start() {
	if len(g.waiting) == 0 || g.running >= g.runners || (g.running > 0 && time.Since(g.since) < gatherStalled) {
		return
	}
	g.running++
	g.since = time.Now()
	g.idle.Go(g.runAll)
}

// runAll runs what waits until nothing does.
func (g *gatherer[T, R]) runAll() {
	for {
		g.mu.Lock()
		batch := g.take()
		if len(batch) == 0 {
			g.running--
			g.mu.Unlock()
			return
		}
		g.since = time.Now()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(batch[0].ctx), gatherWithin)
		with := &company{here: len(batch), cancel: cancel}
		for _, c := range batch {
			c.with = with
		}
		g.mu.Unlock()
		stalled := time.AfterFunc(gatherStalled, func() {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.start()
		})
		g.runBatch(ctx, batch)
		stalled.Stop()
		cancel()
	}
}

// take takes the next calls off those that wait, no two with one key; the caller holds mu.
func (g *gatherer[T, R]) take() []*gathered[T, R] {
	var batch, rest []*gathered[T, R]
	taken := make(map[string]bool, min(len(g.waiting), gatherMost))
	for i, c := range g.waiting {
		if len(batch) == gatherMost {
			rest = append(rest, g.waiting[i:]...)
			break
		}
		if key := g.key(c.call); !taken[key] {
			taken[key] = true
			batch = append(batch, c)
		} else {
			rest = append(rest, c)
		}
	}
	g.waiting = rest
	return batch
}

// runBatch runs calls together and tells their callers.
func (g *gatherer[T, R]) runBatch(ctx context.Context, batch []*gathered[T, R]) {
	calls := make([]T, len(batch))
	for i, c := range batch {
		calls[i] = c.call
	}
	results, errs, err := g.contained(ctx, calls)
	for i, c := range batch {
		if c.err = err; err == nil {
			c.result, c.err = results[i], errs[i]
		}
		close(c.done)
	}
}

// contained runs the calls. What fails for all of them for a fault of one is to be tried alone.
func (g *gatherer[T, R]) contained(ctx context.Context, calls []T) (results []R, errs []error, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v: %w", v, errAlone) // which then comes up where its caller can see it
		}
	}()
	results, errs, err = g.run(ctx, calls)
	if err != nil && ctx.Err() == nil && !isAway(err) && len(calls) > 1 {
		err = fmt.Errorf("%w: %w", errAlone, err)
	}
	return results, errs, err
}

// leave reports whether the caller of c need not wait for it any longer.
func (g *gatherer[T, R]) leave(c *gathered[T, R]) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if c.with == nil {
		for i, other := range g.waiting {
			if other == c {
				g.waiting = append(g.waiting[:i:i], g.waiting[i+1:]...)
			}
		}
		return true
	}
	select {
	case <-c.done:
		return false // done meanwhile: what it has come to is worth more
	default:
	}
	if c.with.here--; c.with.here == 0 {
		c.with.cancel()
	}
	return true
}

// rest waits until nothing runs.
func (g *gatherer[T, R]) rest() error {
	g.idle.Wait()
	return nil
}
