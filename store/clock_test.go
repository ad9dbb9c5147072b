package store_test

import (
	"errors"
	"testing"
	"time"

	"achim/store"
	"achim/store/storetest"
)

// TestProcessesHaveOneClock: a machine whose clock is wrong works by the database's, one whose clock is right keeps it.
func TestProcessesHaveOneClock(t *testing.T) {
	s := storetest.Open(t, storetest.Postgres)
	for _, wrong := range []time.Duration{80 * time.Second, -10 * time.Minute, 0, 300 * time.Millisecond} {
		off := wrong
		c := &store.Clock{Local: func() time.Time { return time.Now().Add(off) }}
		if got := c.Now(); got.Sub(time.Now().Add(wrong)).Abs() > 200*time.Millisecond {
			t.Errorf("off by %v: before it is synchronized the clock says %v", wrong, got)
		}
		for range 2 { // the second time there is a correction to be kept
			corrected, err := s.Synchronize(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			if off := time.Until(c.Now()); off.Abs() > time.Second {
				t.Errorf("off by %v: synchronized, the clock is off by %v", wrong, off)
			}
			if agrees := wrong.Abs() < time.Second; agrees != (corrected == 0) {
				t.Errorf("off by %v: corrected by %v", wrong, corrected)
			}
		}
		off = 0 // somebody has set the clock right
		if corrected, err := s.Synchronize(t.Context(), c); err != nil || corrected != 0 {
			t.Errorf("set right after being off by %v: corrected by %v, %v", wrong, corrected, err)
		}
	}
}

// TestFileHasTheClockOfItsMachine: there is nobody to ask.
func TestFileHasTheClockOfItsMachine(t *testing.T) {
	s := storetest.Open(t, storetest.SQLite)
	c := &store.Clock{Local: func() time.Time { return time.Now().Add(time.Hour) }}
	if corrected, err := s.Synchronize(t.Context(), c); err != nil || corrected != 0 {
		t.Errorf("corrected by %v, %v", corrected, err)
	}
}

// TestASlowAnswerSaysNothing: nobody knows when the database said so, and the clock stays as it was.
func TestASlowAnswerSaysNothing(t *testing.T) {
	s := storetest.Open(t, storetest.Postgres)
	now := time.Now().Add(time.Hour)
	c := &store.Clock{Local: func() time.Time { now = now.Add(1100 * time.Millisecond); return now }}
	if _, err := s.Synchronize(t.Context(), c); !errors.Is(err, store.ErrSlowClock) || c.Corrected() != 0 {
		t.Errorf("%v, corrected by %v", err, c.Corrected())
	}
}
