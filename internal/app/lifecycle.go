package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
)

// calmCollector lets the heap grow fourfold between two collections instead of twofold, unless the operator
// has set GOGC. What is kept is small and a morning throws away a hundred times as much: a few more
// mebibytes save it a tenth of its processor time (docs/PERFORMANCE.md).
func calmCollector() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(300)
	}
}

// cleanups is a stack of named things to take down, last in first out. Draining it twice does nothing the
// second time.
type cleanups struct {
	mu    sync.Mutex
	stack []cleanup
}

type cleanup struct {
	name string
	run  func(context.Context) error
}

// add puts a cleanup on top.
func (c *cleanups) add(name string, run func(context.Context) error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stack = append(c.stack, cleanup{name, run})
}

// drain runs all cleanups, also when some fail, and joins their errors.
func (c *cleanups) drain(ctx context.Context) error {
	c.mu.Lock()
	stack := c.stack
	c.stack = nil
	c.mu.Unlock()
	var errs []error
	for i := len(stack) - 1; i >= 0; i-- {
		if err := stack[i].run(ctx); err != nil {
			errs = append(errs, fmt.Errorf("stop %s: %w", stack[i].name, err))
		}
	}
	return errors.Join(errs...)
}

// background runs functions that outlast the call that started them, and waits for them at stop.
type background struct {
	wg     sync.WaitGroup
	ctx    context.Context
	cancel context.CancelFunc
	open   context.Context // ends when stopping begins
	leave  context.CancelFunc
}

func newBackground() *background {
	b := &background{}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	b.open, b.leave = context.WithCancel(b.ctx)
	return b
}

// Go starts f. Its context ends when stopping takes too long.
func (b *background) Go(f func(context.Context)) { b.wg.Go(func() { f(b.ctx) }) }

// GoWhileOpen starts f, whose context ends as soon as stopping begins: what it does can be left for later.
func (b *background) GoWhileOpen(f func(context.Context)) { b.wg.Go(func() { f(b.open) }) }

// stop waits for all functions, until ctx is done; then it cuts them off.
func (b *background) stop(ctx context.Context) error {
	b.leave()
	done := make(chan struct{})
	go func() { b.wg.Wait(); close(done) }()
	defer b.cancel()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		b.cancel()
		<-done
		return ctx.Err()
	}
}
