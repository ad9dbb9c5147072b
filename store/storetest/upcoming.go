package storetest

import (
	"testing"
	"time"

	"achim/briefing"
	"achim/store"
)

// entryUpcoming: what is due soon is told beforehand, but nothing that somebody works on now, even if that ends soon.
func entryUpcoming(t *testing.T, s *store.Store) {
	entry := func(n int, next time.Time) briefing.Entry {
		e := planned(n)
		e.NextAt = next
		return addEntries(t, s, e)[0]
	}
	soon := entry(1, nine.Add(20*time.Second))
	overdue := entry(2, nine.Add(-time.Minute))
	entry(3, nine.Add(31*time.Second))
	entry(4, time.Time{})
	busy, ranOut := entry(5, nine), entry(6, nine)
	must(s.Claim(t.Context(), busy.ID, busy.Epoch, "w", nine.Add(-time.Minute), nine.Add(time.Second)))(t)
	must(s.Claim(t.Context(), ranOut.ID, ranOut.Epoch, "w", nine.Add(-time.Minute), nine))(t)
	got := must(s.UpcomingEntries(t.Context(), nine, nine.Add(30*time.Second), 10))(t)
	want := []briefing.Due{
		{ID: overdue.ID, Epoch: overdue.Epoch, State: briefing.Planned, NextAt: overdue.NextAt},
		{ID: ranOut.ID, Epoch: ranOut.Epoch + 1, State: briefing.Planned, NextAt: nine.UTC()},
		{ID: soon.ID, Epoch: soon.Epoch, State: briefing.Planned, NextAt: soon.NextAt},
	}
	wantSame(t, "upcoming", got, want)
	if got := must(s.UpcomingEntries(t.Context(), nine, nine.Add(30*time.Second), 1))(t); len(got) != 1 || got[0].ID != overdue.ID {
		t.Errorf("the most urgent is %+v", got)
	}
}
