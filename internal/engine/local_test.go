package engine_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"achim/briefing"
	"achim/internal/engine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestLocalConforms(t *testing.T) {
	t.Parallel()
	conform(t, func(t *testing.T, test func(t *testing.T, m maker)) {
		synctest.Test(t, func(t *testing.T) {
			test(t, func(b *book, workers int, work engine.Work) engine.Engine {
				return &engine.Local{Store: b, Workers: workers, Work: work}
			})
		})
	})
}

// begin starts an engine that always does.
func begin(t *testing.T, e *engine.Local) {
	t.Helper()
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// worked records which entries were worked on, and when.
type worked struct {
	mu sync.Mutex
	at map[briefing.EntryID][]time.Time
}

func (w *worked) add(id briefing.EntryID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.at == nil {
		w.at = map[briefing.EntryID][]time.Time{}
	}
	w.at[id] = append(w.at[id], time.Now())
}

func (w *worked) times(id briefing.EntryID) []time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at[id]
}

func TestEntriesAreWorkedOnWhenDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		b := newBook(due("now", start), due("soon", start.Add(90*time.Second)))
		var w worked
		e := &engine.Local{Store: b, Work: func(_ context.Context, id briefing.EntryID, epoch int64) error {
			if epoch != 1 {
				t.Errorf("epoch %d", epoch)
			}
			w.add(id)
			b.take(id)
			return nil
		}}
		begin(t, e)
		time.Sleep(2 * time.Minute)
		if err := e.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		if got := w.times("now"); len(got) != 1 || got[0].Sub(start) > time.Second {
			t.Errorf("the entry due now was worked on at %v", got)
		}
		if got := w.times("soon"); len(got) != 1 || got[0].Before(start.Add(90*time.Second)) || got[0].Sub(start) > 91*time.Second {
			t.Errorf("the entry due in 90 s was worked on at %v", got)
		}
	})
}

func TestWakeIsSeenAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook()
		var w worked
		e := &engine.Local{Store: b, Work: func(_ context.Context, id briefing.EntryID, _ int64) error {
			w.add(id)
			b.take(id)
			return nil
		}}
		e.Wake() // before Start: no harm
		begin(t, e)
		time.Sleep(time.Second)
		b.put(due("pulled forward", time.Now()))
		e.Wake()
		time.Sleep(100 * time.Millisecond)
		if len(w.times("pulled forward")) != 1 {
			t.Error("the engine sleeps through a wake")
		}
		if err := e.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestWorkersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook()
		for i := range 50 {
			b.put(due(fmt.Sprint(i), time.Now()))
		}
		var mu sync.Mutex
		running, most := 0, 0
		e := &engine.Local{Store: b, Workers: 4, Work: func(_ context.Context, id briefing.EntryID, _ int64) error {
			mu.Lock()
			running++
			most = max(most, running)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			running--
			mu.Unlock()
			b.take(id)
			return nil
		}}
		begin(t, e)
		time.Sleep(time.Minute)
		if err := e.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		if most != 4 || len(b.pages) != 0 {
			t.Errorf("%d at once, %d left", most, len(b.pages))
		}
	})
}

func TestStopDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook(due("slow", time.Now()), due("later", time.Now().Add(time.Hour)))
		var finished bool
		e := &engine.Local{Store: b, Work: func(ctx context.Context, id briefing.EntryID, _ int64) error {
			time.Sleep(10 * time.Second)
			finished = ctx.Err() == nil
			b.take(id)
			return nil
		}}
		begin(t, e)
		time.Sleep(time.Second)
		if err := e.Stop(t.Context()); err != nil || !finished {
			t.Errorf("stop: %v; work under way was finished: %v", err, finished)
		}
		if err := e.Stop(t.Context()); err != nil {
			t.Errorf("second stop: %v", err)
		}
	})
}

func TestStopCutsOffWhatTakesTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook(due("stuck", time.Now()))
		e := &engine.Local{Store: b, Work: func(ctx context.Context, _ briefing.EntryID, _ int64) error {
			<-ctx.Done()
			return ctx.Err()
		}}
		begin(t, e)
		time.Sleep(time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := e.Stop(ctx); !errors.Is(err, engine.ErrStopTimeout) {
			t.Errorf("stop: %v", err)
		}
	})
}

func TestStopBeforeStart(t *testing.T) {
	e := &engine.Local{Store: newBook(), Work: func(context.Context, briefing.EntryID, int64) error { return nil }}
	if err := e.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	begin(t, e) // must not leak a loop
}

func TestTroubleDoesNotStopTheEngine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook(due("panics", time.Now()), due("fails", time.Now()), due("works", time.Now()))
		b.fail = 3
		var w worked
		e := &engine.Local{Store: b, Work: func(_ context.Context, id briefing.EntryID, _ int64) error {
			w.add(id)
			b.take(id)
			switch id {
			case "panics":
				panic("a bug")
			case "fails":
				return errors.New("the ledger is away")
			}
			return nil
		}}
		begin(t, e)
		time.Sleep(time.Minute)
		if err := e.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		if len(w.at) != 3 {
			t.Errorf("worked on %d of 3", len(w.at))
		}
	})
}

func TestIdleEngineIsQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook()
		e := &engine.Local{Store: b, Work: func(context.Context, briefing.EntryID, int64) error { return nil }}
		begin(t, e)
		time.Sleep(time.Minute)
		if err := e.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		if b.looks > 35 {
			t.Errorf("an idle minute looked into the ledger %d times", b.looks)
		}
	})
}

func TestBellWakesEverybody(t *testing.T) {
	var b engine.Bell
	b.Ring() // nobody waits: no harm
	one, two := b.Next(), b.Next()
	b.Ring()
	<-one
	<-two
	select {
	case <-b.Next():
		t.Error("a bell rings for those who come after")
	default:
	}
}
