package engine_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"achim/briefing"
	"achim/internal/engine"
)

// TestWorkThatFailsAtOnceIsNotSpunOn: a ledger that can be read and not written, as on a full disk, is asked
// now and then, and its other entries are not kept waiting.
func TestWorkThatFailsAtOnceIsNotSpunOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook(due("stuck", time.Now()))
		var w worked
		e := &engine.Local{Store: b, Workers: 1, Work: func(_ context.Context, id briefing.EntryID, _ int64) error {
			w.add(id)
			if id == "stuck" {
				return errors.New("disk full")
			}
			b.take(id)
			return nil
		}}
		begin(t, e)
		time.Sleep(time.Minute)
		b.put(due("next", time.Now()))
		e.Wake()
		time.Sleep(time.Second)
		if err := e.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		if n := len(w.times("stuck")); n < 10 || n > 40 {
			t.Errorf("failing work was tried %d times in a minute", n)
		}
		if len(w.times("next")) != 1 {
			t.Error("an entry that can be worked on waits behind one that cannot")
		}
	})
}
