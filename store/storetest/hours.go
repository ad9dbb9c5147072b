package storetest

import (
	"testing"
	"time"

	"achim/briefing"
	"achim/store"
)

// readersHours: who of some ids is a reader and when they are planned next, and how many are planned for an hour.
func readersHours(t *testing.T, s *store.Store) {
	for n := range 5 {
		r := addReader(t, s, n)
		r.PlanAt = nine
		switch n {
		case 1:
			r.Paused = true
		case 2:
			r.PlanAt = time.Time{}
		case 3:
			r.PlanAt = nine.Add(time.Hour)
		}
		must(s.SaveReader(t.Context(), r))(t)
	}
	ids := []briefing.ReaderID{readerID(0), readerID(1), readerID(2), readerID(3), readerID(77)}
	wantSame(t, "hours", must(s.Hours(t.Context(), ids))(t), map[briefing.ReaderID]time.Time{
		readerID(0): nine, readerID(1): {}, readerID(2): {}, readerID(3): nine.Add(time.Hour),
	})
	wantSame(t, "of nobody", must(s.Hours(t.Context(), nil))(t), nil)
	crowds := func(after, until time.Time) map[time.Time]int {
		return must(s.Crowds(t.Context(), after, until))(t)
	}
	wantSame(t, "crowds", crowds(nine.Add(-time.Minute), nine.Add(time.Hour)), map[time.Time]int{nine: 2, nine.Add(time.Hour): 1})
	wantSame(t, "after and until", crowds(nine, nine.Add(time.Hour-time.Minute)), nil)
}
