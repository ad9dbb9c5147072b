package briefing_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"achim/briefing"
)

// TestAnEarlierDefaultHourLosesNoDay: the operator moves everybody from nine to seven and restarts. The next
// morning is due at seven, and a restart between the two hours catches up.
func TestAnEarlierDefaultHourLosesNoDay(t *testing.T) {
	for _, c := range []struct{ name, restart, tick string }{
		{"in the evening", "2026-11-19T20:00:00+09:00", "2026-11-20T06:57:00+09:00"},
		{"between the hours", "2026-11-20T08:00:00+09:00", "2026-11-20T08:57:00+09:00"},
	} {
		r := reader()
		r.At, r.PlanAt = nil, instant(t, "2026-11-20T09:00:00+09:00")
		book := newPlanBook(r)
		now := instant(t, c.restart)
		p := planner(t, book, c.restart)
		p.Now = func() time.Time { return now }
		p.Defaults.At = briefing.TimeOfDay{Hour: 7}
		for _, at := range []string{c.restart, c.tick} {
			now = instant(t, at)
			if _, err := p.Tick(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(map[string]string{"2026-11-20": "planned"}, book.told()); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		for _, e := range book.entries {
			if !e.DueAt.Equal(instant(t, "2026-11-20T07:00:00+09:00")) {
				t.Errorf("%s: due at %s", c.name, e.DueAt)
			}
		}
	}
}
