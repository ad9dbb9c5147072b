package storetest

import (
	"testing"
	"time"

	"achim/briefing"
	"achim/store"
)

// planPasses: who was changed, moved or removed since the cohort was read gets nothing of its plan.
func planPasses(t *testing.T, s *store.Store) {
	var read []briefing.Reader
	for n := range 4 {
		read = append(read, readerDue(t, s, n, nine))
	}
	c := cohortAt(t, s, nine)
	read[1].Paused = true // at the same millisecond, perhaps
	must(s.SaveReader(t.Context(), read[1]))(t)
	check(t, s.DeleteReader(t.Context(), read[2].ID))
	read[3].PlanAt = nine.Add(time.Hour)
	must(s.SaveReader(t.Context(), read[3]))(t)
	p := briefing.Plan{Cohort: c, Dates: []briefing.DatePlan{daily(scheduled("one"))}, Next: nine.Add(24 * time.Hour)}
	if n := must(s.Plan(t.Context(), p))(t); n != 1 {
		t.Errorf("%d new entries, want that of the one who stands as read", n)
	}
	if run := must(s.Run(t.Context(), "one"))(t); len(run.Readers) != 1 || run.Readers[0].Reader != read[0].ID {
		t.Errorf("the run has %+v", run.Readers)
	}
}

// planComesIn: who joins the cohort while it is planned is planned at the next look, at the latest.
func planComesIn(t *testing.T, s *store.Store) {
	readerDue(t, s, 1, nine)
	p := briefing.Plan{Cohort: cohortAt(t, s, nine), Dates: []briefing.DatePlan{daily(scheduled("one"))}, Next: nine.Add(24 * time.Hour)}
	p.Cohort.Joins-- // as if it had been read before the reader came
	if n := must(s.Plan(t.Context(), p))(t); n != 1 || !planAt(t, s, 1).Equal(nine) {
		t.Errorf("%d new, and to be planned at %v: it must be looked at again", n, planAt(t, s, 1))
	}
	readerDue(t, s, 2, nine)
	if n := plan(t, s, daily(scheduled("one"))); n != 1 || planAt(t, s, 1).Equal(nine) || planAt(t, s, 2).Equal(nine) {
		t.Errorf("%d new, and to be planned at %v and %v", n, planAt(t, s, 1), planAt(t, s, 2))
	}
}

// memoryBefore: the last daily briefing that was wanted, whatever lies between, for a week.
func memoryBefore(t *testing.T, s *store.Store) {
	lostOn := func(days int, reason briefing.Reason) briefing.Entry {
		e := planned(1)
		e.Date, e.State, e.Reason, e.NextAt = friday.AddDays(days), briefing.Missed, reason, time.Time{}
		return e
	}
	before := func(days int) briefing.Before {
		return must(s.Memory(t.Context(), readerID(1), friday.AddDays(days)))(t).Before
	}
	addReader(t, s, 1)
	forced := planned(1)
	forced.Slot = briefing.ForceSlot("run")
	addEntries(t, s, lostOn(-3, briefing.PastGrace), lostOn(-2, briefing.DayOff), lostOn(-1, briefing.PublicHoliday), forced, planned(1))
	lost := briefing.Before{Date: friday.AddDays(-3), State: briefing.Missed, Reason: briefing.PastGrace}
	wantSame(t, "over days off", before(0), lost)
	wantSame(t, "the day after", before(-2), lost)
	wantSame(t, "nothing before", before(-3), briefing.Before{})
	wantSame(t, "today's is tomorrow's before", before(1), briefing.Before{Date: friday, State: briefing.Planned})
	wantSame(t, "long ago", before(9), briefing.Before{})
}
