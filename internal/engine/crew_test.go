package engine_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"achim/briefing"
	"achim/internal/engine"
)

func inState(d briefing.Due, state briefing.State) briefing.Due {
	d.State = state
	return d
}

// TestPostsDoNotWaitForReading: while all workers that read are busy, what is prepared goes out, and the other way
// round.
func TestPostsDoNotWaitForReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		b := newBook()
		for i := range 20 {
			b.put(inState(due(fmt.Sprint("read", i), start.Add(-time.Hour)), briefing.Planned))
			b.put(inState(due(fmt.Sprint("sent", i), start), briefing.Prepared))
		}
		b.put(inState(due("in doubt", start), briefing.Sending))
		var w worked
		e := &engine.Local{Store: b, Workers: 2, Senders: 4, Work: func(_ context.Context, id briefing.EntryID, epoch int64) error {
			if !b.claim(id, epoch) {
				return nil // it stood in a list that was made while it was being finished
			}
			w.add(id)
			if id[0] == 'r' {
				time.Sleep(time.Minute)
			} else {
				time.Sleep(time.Second)
			}
			b.take(id)
			return nil
		}}
		begin(t, e)
		time.Sleep(time.Hour)
		if err := e.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		for _, id := range []briefing.EntryID{"sent0", "sent19", "in doubt"} {
			if at := w.times(id); len(at) != 1 || at[0].Sub(start) > 7*time.Second {
				t.Errorf("%s was worked on at %v", id, at)
			}
		}
		if len(w.at) != 41 {
			t.Errorf("worked on %d of 41", len(w.at))
		}
	})
}

// TestTheLedgerIsNotReadForEveryWorker: thousands that are due at once are read once.
func TestTheLedgerIsNotReadForEveryWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook()
		for i := range 3000 {
			b.put(inState(due(fmt.Sprint(i), time.Now().Add(time.Second)), briefing.Prepared))
		}
		var w worked
		e := &engine.Local{Store: b, Work: func(_ context.Context, id briefing.EntryID, _ int64) error {
			time.Sleep(10 * time.Millisecond)
			w.add(id)
			b.take(id)
			return nil
		}}
		begin(t, e)
		time.Sleep(10 * time.Second)
		if err := e.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		if len(w.at) != 3000 {
			t.Errorf("worked on %d", len(w.at))
		}
		if b.looks > 20 {
			t.Errorf("looked into the ledger %d times", b.looks)
		}
	})
}
