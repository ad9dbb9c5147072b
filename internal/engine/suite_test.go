package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"achim/briefing"
	"achim/internal/engine"
)

// maker makes engines that work on one book, in as many processes as there are calls.
type maker func(b *book, workers int, work engine.Work) engine.Engine

// conform holds an engine to what the house expects of every one. place makes room for the engines of one test, and
// runs it there.
func conform(t *testing.T, place func(t *testing.T, test func(t *testing.T, m maker))) {
	for name, test := range map[string]func(t *testing.T, m maker){
		"earlier ones first":                   inOrder,
		"nothing is worked on twice at once":   notTwiceAtOnce,
		"two engines share the work":           shared,
		"what wants work again gets it":        again,
		"what is due later is worked on then":  later,
		"a wake is seen at once":               woken,
		"work that fails is done again":        failing,
		"a panic is contained":                 panicking,
		"another engine finishes for one dead": crashed,
		"stop drains":                          drains,
		"stop cuts off":                        cutsOff,
		"start and stop in any order":          anyOrder,
		"the ledger comes back":                ledgerAway,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			place(t, test)
		})
	}
}

// run starts an engine and stops it at the test's end, unless the test did.
func run(t *testing.T, e engine.Engine) {
	t.Helper()
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := e.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
}

// long is far more than anything takes that is to happen soon.
const long = 20 * time.Second

func inOrder(t *testing.T, m maker) {
	b := newBook()
	var want []briefing.EntryID
	for i := range 20 {
		id := fmt.Sprintf("e%02d", (i*7)%20) // neither the order of the names nor of the putting
		b.put(due(id, time.Now().Add(time.Duration(i-20)*time.Second)))
		want = append(want, briefing.EntryID(id))
	}
	run(t, m(b, 1, b.finish))
	eventually(t, "all entries", long, func() bool { return len(b.finished()) == len(want) })
	if diff := cmp.Diff(want, b.finished()); diff != "" {
		t.Errorf("not in the order of their times (-want +got):\n%s", diff)
	}
}

// notTwiceAtOnce works without a claim, so that only the engine keeps two workers apart.
func notTwiceAtOnce(t *testing.T, m maker) {
	b := newBook()
	for i := range 30 {
		b.put(due(fmt.Sprint("e", i), time.Now()))
	}
	var inside sync.Map
	e := m(b, 8, func(_ context.Context, id briefing.EntryID, _ int64) error {
		if _, taken := inside.LoadOrStore(id, true); taken {
			t.Errorf("%s is worked on twice at once", id)
		}
		time.Sleep(50 * time.Millisecond)
		b.take(id)
		inside.Delete(id)
		return nil
	})
	run(t, e)
	for range 20 {
		e.Wake()
		time.Sleep(10 * time.Millisecond)
	}
	eventually(t, "all entries", long, func() bool { return len(b.finished()) >= 30 })
}

func shared(t *testing.T, m maker) {
	const entries = 120
	b := newBook()
	for i := range entries {
		b.put(due(fmt.Sprint("e", i), time.Now()))
	}
	var one, two atomic.Int32
	work := func(n *atomic.Int32) engine.Work {
		return func(_ context.Context, id briefing.EntryID, epoch int64) error {
			if b.claim(id, epoch) {
				time.Sleep(20 * time.Millisecond)
				n.Add(1)
				b.take(id)
			}
			return nil
		}
	}
	run(t, m(b, 4, work(&one)))
	run(t, m(b, 4, work(&two)))
	eventually(t, "all entries", long, func() bool { return len(b.finished()) >= entries })
	if one.Load()+two.Load() != entries || one.Load() == 0 || two.Load() == 0 {
		t.Errorf("one engine did %d and the other %d of %d", one.Load(), two.Load(), entries)
	}
}

// again: an entry that moves on wants work at its next epoch, and one whose worker found nothing to do at the
// same; what was finished before swallows neither.
func again(t *testing.T, m maker) {
	b := newBook(due("moves on", time.Now()), due("stays", time.Now()))
	var epochs []int64
	var missed atomic.Bool
	var mu sync.Mutex
	work := func(_ context.Context, id briefing.EntryID, epoch int64) error {
		if id == "stays" {
			if missed.Load() {
				return b.finish(t.Context(), id, epoch)
			}
			b.mu.Lock()
			b.pages[id].hidden = true // as if somebody else had it
			b.mu.Unlock()
			missed.Store(true)
			return nil
		}
		if !b.claim(id, epoch) {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		if epochs = append(epochs, epoch); len(epochs) == 3 {
			b.take(id)
		} else {
			b.again(id, time.Now())
		}
		return nil
	}
	first := m(b, 2, work)
	run(t, first)
	eventually(t, "three rounds", long, func() bool { return slices.Contains(b.finished(), "moves on") && missed.Load() })
	if diff := cmp.Diff([]int64{1, 2, 3}, epochs); diff != "" {
		t.Errorf("epochs worked on (-want +got):\n%s", diff)
	}
	if err := first.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.mu.Lock()
	b.pages["stays"].hidden = false
	b.mu.Unlock()
	run(t, m(b, 2, work))
	eventually(t, "the same epoch again", long, func() bool { return slices.Contains(b.finished(), "stays") })
}

func later(t *testing.T, m maker) {
	start := time.Now()
	due := map[briefing.EntryID]briefing.Due{}
	b := newBook()
	for name, after := range map[string]time.Duration{"soon": 1500 * time.Millisecond, "later": 8 * time.Second} {
		due[briefing.EntryID(name)] = briefing.Due{ID: briefing.EntryID(name), Epoch: 1, State: briefing.Prepared, NextAt: start.Add(after)}
		b.put(due[briefing.EntryID(name)])
	}
	run(t, m(b, 2, func(ctx context.Context, id briefing.EntryID, epoch int64) error {
		if late := time.Since(due[id].NextAt); late < 0 || late > 900*time.Millisecond {
			t.Errorf("%s is worked on %s after its time", id, late)
		}
		return b.finish(ctx, id, epoch)
	}))
	eventually(t, "both", long, func() bool { return len(b.finished()) == 2 })
}

func woken(t *testing.T, m maker) {
	b := newBook()
	e := m(b, 2, b.finish)
	e.Wake() // before Start: no harm
	run(t, e)
	for i := range 3 {
		time.Sleep(300 * time.Millisecond)
		id := fmt.Sprint("pulled forward ", i)
		b.put(due(id, time.Now()))
		e.Wake()
		eventually(t, id, 1200*time.Millisecond, func() bool { return len(b.finished()) == i+1 })
	}
}

func failing(t *testing.T, m maker) {
	b := newBook(due("fails", time.Now()), due("works", time.Now()))
	var tries atomic.Int32
	run(t, m(b, 1, func(ctx context.Context, id briefing.EntryID, epoch int64) error {
		if id == "fails" && tries.Add(1) < 3 {
			return errors.New("the ledger cannot be written")
		}
		return b.finish(ctx, id, epoch)
	}))
	eventually(t, "the other entry", 1500*time.Millisecond, func() bool { return slices.Contains(b.finished(), "works") })
	eventually(t, "the third try", long, func() bool { return slices.Contains(b.finished(), "fails") })
	if tries.Load() != 3 {
		t.Errorf("%d tries", tries.Load())
	}
}

func panicking(t *testing.T, m maker) {
	b := newBook(due("panics", time.Now()), due("works", time.Now()))
	var tries atomic.Int32
	run(t, m(b, 2, func(ctx context.Context, id briefing.EntryID, epoch int64) error {
		if id == "panics" && tries.Add(1) == 1 {
			panic("a bug")
		}
		return b.finish(ctx, id, epoch)
	}))
	eventually(t, "both", long, func() bool { return len(b.finished()) == 2 })
}

// crashed: an engine dies with an entry in its hands and others before it.
func crashed(t *testing.T, m maker) {
	b := newBook()
	for i := range 10 {
		b.put(due(fmt.Sprint("e", i), time.Now()))
	}
	dying, kill := context.WithCancel(t.Context())
	var held atomic.Int32
	dead := m(b, 2, func(ctx context.Context, id briefing.EntryID, epoch int64) error {
		if b.claim(id, epoch) {
			held.Add(1)
			<-ctx.Done() // and gives nothing back
		}
		return ctx.Err()
	})
	if err := dead.Start(dying); err != nil {
		t.Fatal(err)
	}
	eventually(t, "two entries in its hands", long, func() bool { return held.Load() == 2 })
	kill()
	run(t, m(b, 2, b.finish))
	eventually(t, "all entries", long, func() bool { return len(b.finished()) == 10 })
	if err := dead.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func drains(t *testing.T, m maker) {
	b := newBook(due("slow", time.Now()))
	started := make(chan struct{})
	e := m(b, 1, func(ctx context.Context, id briefing.EntryID, epoch int64) error {
		close(started)
		time.Sleep(300 * time.Millisecond)
		if ctx.Err() != nil {
			t.Error("work is cut off while there is time to stop")
		}
		return b.finish(ctx, id, epoch)
	})
	run(t, e)
	<-started
	b.put(due("late", time.Now()))
	e.Wake()
	if err := e.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]briefing.EntryID{"slow"}, b.finished()); diff != "" {
		t.Errorf("finished when stopped (-want +got):\n%s", diff)
	}
	b.put(due("never", time.Now()))
	e.Wake()
	time.Sleep(100 * time.Millisecond)
	if len(b.finished()) != 1 {
		t.Error("a stopped engine works")
	}
}

func cutsOff(t *testing.T, m maker) {
	b := newBook(due("stuck", time.Now()))
	started := make(chan struct{})
	var running atomic.Bool
	e := m(b, 1, func(ctx context.Context, id briefing.EntryID, epoch int64) error {
		if !b.claim(id, epoch) {
			return nil
		}
		running.Store(true)
		close(started)
		<-ctx.Done()
		time.Sleep(50 * time.Millisecond)
		running.Store(false)
		return ctx.Err()
	})
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-started
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := e.Stop(ctx); !errors.Is(err, engine.ErrStopTimeout) {
		t.Errorf("stop: %v", err)
	}
	if running.Load() {
		t.Error("work goes on after Stop")
	}
	if err := e.Stop(t.Context()); err != nil {
		t.Errorf("second stop: %v", err)
	}
}

func anyOrder(t *testing.T, m maker) {
	b := newBook()
	never := m(b, 1, b.finish)
	if err := never.Stop(t.Context()); err != nil {
		t.Errorf("stop before start: %v", err)
	}
	if err := never.Start(t.Context()); err != nil { // must not leak
		t.Errorf("start after stop: %v", err)
	}
	twice := m(b, 1, b.finish)
	run(t, twice)
	run(t, twice)
	b.put(due("once", time.Now()))
	twice.Wake()
	eventually(t, "the entry", long, func() bool { return len(b.finished()) == 1 })
	var stops sync.WaitGroup
	for range 2 {
		stops.Go(func() {
			if err := twice.Stop(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	stops.Wait()
	b.put(due("never", time.Now()))
	never.Wake()
	time.Sleep(100 * time.Millisecond)
	if len(b.finished()) != 1 {
		t.Error("an engine that was stopped before works")
	}
}

func ledgerAway(t *testing.T, m maker) {
	b := newBook(due("waits", time.Now()))
	b.fail = 1
	run(t, m(b, 1, b.finish))
	eventually(t, "the entry", long, func() bool { return len(b.finished()) == 1 })
}
