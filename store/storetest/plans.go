package storetest

import (
	"fmt"
	"testing"
	"time"

	"achim/briefing"
	"achim/store"
)

func scheduled(id briefing.RunID) briefing.Run {
	return briefing.Run{ID: id, Kind: briefing.RunSchedule, Key: "schedule/2026-11-20T00:00Z", Date: friday, StartedAt: nine}
}

func planDue(t *testing.T, s *store.Store) {
	for n, at := range []time.Time{nine.Add(time.Minute), nine, nine, {}} {
		r := addReader(t, s, n)
		r.PlanAt = at
		must(s.SaveReader(t.Context(), r))(t)
	}
	due := func(horizon time.Time, limit int) (ids []briefing.ReaderID) {
		for _, r := range must(s.DueReaders(t.Context(), horizon, limit))(t) {
			ids = append(ids, r.ID)
		}
		return ids
	}
	wantSame(t, "at nine", due(nine, 10), []briefing.ReaderID{readerID(3), readerID(1), readerID(2)})
	wantSame(t, "limited", due(nine.Add(time.Hour), 2), []briefing.ReaderID{readerID(3), readerID(1)})
	wantSame(t, "before", due(nine.Add(-time.Second), 10), []briefing.ReaderID{readerID(3)})
}

func planJoins(t *testing.T, s *store.Store) {
	addReader(t, s, 1)
	first, missed := planned(1), planned(2)
	first.Run, missed.Run = "one", "one"
	missed.State, missed.Reason, missed.NextAt = briefing.Missed, briefing.Paused, time.Time{}
	if n := must(s.Plan(t.Context(), briefing.Plan{Runs: []briefing.Run{scheduled("one")}, Entries: []briefing.Entry{first, missed}}))(t); n != 2 {
		t.Errorf("%d new", n)
	}
	run := must(s.Run(t.Context(), "one"))(t)
	want := scheduled("one")
	want.Readers = []briefing.RunReader{
		{Reader: readerID(1), SlackUserID: "U00000001", Entry: first.ID},
		{Reader: readerID(2), Entry: missed.ID, Outcome: briefing.OutcomeSkipped, Reason: briefing.Paused},
	}
	wantSame(t, "run", run, want)
	must(s.Commit(t.Context(), delivered(sending(t, s, must(s.Entry(t.Context(), first.ID))(t)))))(t)
	if !must(s.Run(t.Context(), "one"))(t).Finished() {
		t.Error("not finished")
	}

	// Another replica plans the same minute, with one reader more: it joins the run, which is open again.
	twin, third := planned(1), planned(3)
	twin.Run, third.Run = "two", "two"
	if n := must(s.Plan(t.Context(), briefing.Plan{Runs: []briefing.Run{scheduled("two")}, Entries: []briefing.Entry{twin, third}}))(t); n != 1 {
		t.Errorf("%d new", n)
	}
	if run = must(s.Run(t.Context(), "one"))(t); len(run.Readers) != 3 || run.Finished() {
		t.Errorf("joined: %+v", run)
	}
	if e := must(s.Entry(t.Context(), third.ID))(t); e.Run != "one" {
		t.Errorf("the entry is of run %q", e.Run)
	}
	for _, id := range []briefing.EntryID{twin.ID} {
		_, err := s.Entry(t.Context(), id)
		wantError(t, err, briefing.ErrNotFound)
	}

	// Nothing new: no trace of the run. Only missed ones: finished at once.
	other, off := scheduled("three"), scheduled("four")
	other.Key, off.Key = "schedule/other", "schedule/off"
	late := planned(4)
	late.Run, late.State, late.Reason = "four", briefing.Missed, briefing.PastGrace
	must(s.Plan(t.Context(), briefing.Plan{Runs: []briefing.Run{other, off}, Entries: []briefing.Entry{twin, late}}))(t)
	_, err := s.Run(t.Context(), "three")
	wantError(t, err, briefing.ErrNotFound)
	if run := must(s.Run(t.Context(), "four"))(t); !run.Finished() || len(run.Readers) != 1 {
		t.Errorf("a run of missed entries: %+v", run)
	}
}

func planMoves(t *testing.T, s *store.Store) {
	one, two := addReader(t, s, 1), addReader(t, s, 2)
	tomorrow := nine.Add(24 * time.Hour)
	must(s.Plan(t.Context(), briefing.Plan{Next: []briefing.NextVisit{
		{Reader: two.ID, Was: nine, At: tomorrow}, {Reader: one.ID, Was: time.Time{}, At: nine}, {Reader: readerID(9), At: nine},
	}}))(t)
	planAt := func(r briefing.Reader) time.Time { return must(s.Reader(t.Context(), string(r.ID)))(t).PlanAt }
	if !planAt(one).Equal(nine) || !planAt(two).IsZero() {
		t.Errorf("moved to %v and %v", planAt(one), planAt(two))
	}
	must(s.Plan(t.Context(), briefing.Plan{Next: []briefing.NextVisit{{Reader: one.ID, Was: nine, At: tomorrow}}}))(t)
	must(s.Plan(t.Context(), briefing.Plan{Next: []briefing.NextVisit{{Reader: one.ID, Was: nine, At: nine}}}))(t)
	if !planAt(one).Equal(tomorrow) {
		t.Errorf("moved to %v", planAt(one))
	}
}

func planCollides(t *testing.T, s *store.Store) {
	const planners, readers = 4, 200
	for n := range readers {
		addReader(t, s, n)
	}
	counts := make([]int, planners)
	errs := atOnce(planners, func(i int) (err error) {
		run := scheduled(briefing.RunID(fmt.Sprintf("run-%d", i)))
		p := briefing.Plan{Runs: []briefing.Run{run}}
		for n := range readers {
			// Half of them plan backwards: the store sorts.
			if i%2 == 1 {
				n = readers - 1 - n
			}
			e := planned(n)
			e.Run = run.ID
			p.Entries = append(p.Entries, e)
			p.Next = append(p.Next, briefing.NextVisit{Reader: readerID(n), At: nine.Add(time.Hour)})
		}
		counts[i], err = s.Plan(t.Context(), p)
		return err
	})
	if won := winners(t, errs, nil); won != planners {
		t.Fatalf("%d of %d plans went through", won, planners)
	}
	if total := counts[0] + counts[1] + counts[2] + counts[3]; total != readers {
		t.Errorf("%d entries are new in all: %v", total, counts)
	}
	runs := must(s.Runs(t.Context(), briefing.RunFilter{}))(t)
	if len(runs) != 1 || len(runs[0].Readers) != readers {
		t.Errorf("%d runs, the first with %d readers", len(runs), len(runs[0].Readers))
	}
}
