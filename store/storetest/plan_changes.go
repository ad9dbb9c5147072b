package storetest

import (
	"testing"
	"time"

	"achim/briefing"
	"achim/store"
)

// planPasses: who was changed, moved or removed since being read gets nothing of the plan.
func planPasses(t *testing.T, s *store.Store) {
	var read []briefing.Reader
	for n := range 4 {
		read = append(read, addReader(t, s, n))
	}
	changed := read[1]
	changed.Paused = true // at the same millisecond, perhaps
	must(s.SaveReader(t.Context(), changed))(t)
	check(t, s.DeleteReader(t.Context(), read[2].ID))
	must(s.Plan(t.Context(), briefing.Plan{Next: []briefing.NextVisit{{Reader: read[3].ID, At: nine}}}))(t)
	p := briefing.Plan{Runs: []briefing.Run{scheduled("one")}}
	for n, r := range read {
		e := planned(n)
		e.Run = "one"
		p.Entries = append(p.Entries, e)
		p.Next = append(p.Next, briefing.NextVisit{Reader: r.ID, At: nine.Add(time.Hour), Changed: r.UpdatedAt})
	}
	if n := must(s.Plan(t.Context(), p))(t); n != 1 {
		t.Errorf("%d new entries, want that of the one who stands as read", n)
	}
	if run := must(s.Run(t.Context(), "one"))(t); len(run.Readers) != 1 || run.Readers[0].Reader != read[0].ID {
		t.Errorf("the run has %+v", run.Readers)
	}
}

func planCounts(t *testing.T, s *store.Store) {
	for n, at := range []time.Time{nine, nine, nine.Add(time.Minute), nine.Add(-time.Minute), {}} {
		r := addReader(t, s, n)
		r.PlanAt = at
		must(s.SaveReader(t.Context(), r))(t)
	}
	wantSame(t, "counts", must(s.DueCounts(t.Context(), nine.Add(-time.Minute), nine.Add(time.Minute)))(t),
		map[int64]int{nine.UnixMilli(): 2, nine.Add(time.Minute).UnixMilli(): 1})
}

// memoryBefore: the last daily briefing that was wanted, whatever lies between, for a week.
func memoryBefore(t *testing.T, s *store.Store) {
	missed := func(days int, reason briefing.Reason) briefing.Entry {
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
	addEntries(t, s, missed(-3, briefing.PastGrace), missed(-2, briefing.DayOff), missed(-1, briefing.PublicHoliday), forced, planned(1))
	lost := briefing.Before{Date: friday.AddDays(-3), State: briefing.Missed, Reason: briefing.PastGrace}
	wantSame(t, "over days off", before(0), lost)
	wantSame(t, "the day after", before(-2), lost)
	wantSame(t, "nothing before", before(-3), briefing.Before{})
	wantSame(t, "today's is tomorrow's before", before(1), briefing.Before{Date: friday, State: briefing.Planned})
	wantSame(t, "long ago", before(9), briefing.Before{})
}
