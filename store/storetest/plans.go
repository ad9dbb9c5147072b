package storetest

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"achim/briefing"
	"achim/store"
)

func scheduled(id briefing.RunID) briefing.Run {
	return briefing.Run{ID: id, Kind: briefing.RunSchedule, Key: "schedule/2026-11-20T00:00Z", Date: friday, StartedAt: nine}
}

// daily is the plan of friday's nine o'clock.
func daily(run briefing.Run) briefing.DatePlan {
	return briefing.DatePlan{Date: friday, DueAt: nine, State: briefing.Planned, First: nine.Add(-3 * time.Minute), Every: 24 * time.Millisecond, Run: run}
}

// missed is that plan for those who get nothing.
func missed(run briefing.Run) briefing.DatePlan {
	return briefing.DatePlan{Date: friday, DueAt: nine, State: briefing.Missed, Reason: briefing.Paused, Run: run}
}

// readerDue saves the n-th reader, to be planned at the time.
func readerDue(t *testing.T, s *store.Store, n int, at time.Time, change ...func(*briefing.Reader)) briefing.Reader {
	t.Helper()
	r := addReader(t, s, n)
	r.PlanAt = at
	for _, c := range change {
		c(&r)
	}
	return must(s.SaveReader(t.Context(), r))(t)
}

// cohortAt returns the only cohort with readers to be planned at the time.
func cohortAt(t *testing.T, s *store.Store, at time.Time) briefing.Cohort {
	t.Helper()
	var found []briefing.Cohort
	for _, c := range must(s.Cohorts(t.Context(), at))(t) {
		if c.Like.PlanAt.Equal(at) && c.Readers > 0 {
			found = append(found, c)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d cohorts at %s: %+v", len(found), at, found)
	}
	return found[0]
}

// plan plans the dates for the cohort at nine, and returns how many entries are new.
func plan(t *testing.T, s *store.Store, dates ...briefing.DatePlan) int {
	t.Helper()
	return must(s.Plan(t.Context(), briefing.Plan{Cohort: cohortAt(t, s, nine), Dates: dates, Next: nine.Add(24 * time.Hour)}))(t)
}

func planAt(t *testing.T, s *store.Store, n int) time.Time {
	t.Helper()
	return must(s.Reader(t.Context(), string(readerID(n))))(t).PlanAt
}

func planCohorts(t *testing.T, s *store.Store) {
	half := briefing.TimeOfDay{Hour: 8, Minute: 30}
	like := briefing.Reader{Timezone: "America/Argentina/Buenos_Aires", At: &half, Weekdays: 62, Paused: true, PausedUntil: friday, SkipHolidays: true, PlanAt: nine}
	for n, at := range []time.Time{nine.Add(time.Minute), nine, nine, {}, nine} {
		readerDue(t, s, n, at, func(r *briefing.Reader) {
			if n == 4 {
				r.Timezone, r.At, r.Weekdays, r.Paused, r.PausedUntil, r.SkipHolidays = like.Timezone, like.At, like.Weekdays, true, friday, true
			}
		})
	}
	due := func(until time.Time) (got []briefing.Cohort) {
		for _, c := range must(s.Cohorts(t.Context(), until))(t) {
			if c.Readers > 0 {
				got = append(got, briefing.Cohort{Like: c.Like, Readers: c.Readers})
			}
		}
		return got
	}
	never, two := briefing.Cohort{Readers: 1}, briefing.Cohort{Like: briefing.Reader{PlanAt: nine}, Readers: 2}
	later := briefing.Cohort{Like: briefing.Reader{PlanAt: nine.Add(time.Minute)}, Readers: 1}
	wantSame(t, "before nine", due(nine.Add(-time.Millisecond)), []briefing.Cohort{never})
	wantSame(t, "at nine", due(nine), []briefing.Cohort{never, two, {Like: like, Readers: 1}})
	wantSame(t, "later", due(nine.Add(time.Hour)), []briefing.Cohort{never, two, {Like: like, Readers: 1}, later})
}

func planWrites(t *testing.T, s *store.Store) {
	for n := range 3 {
		readerDue(t, s, n, nine, func(r *briefing.Reader) { r.SlackChannelID = fmt.Sprintf("D%d", n) })
	}
	before := cohortAt(t, s, nine)
	yesterday := missed(briefing.Run{ID: "late", Kind: briefing.RunCatchup, Key: "catchup/yesterday", Date: friday.AddDays(-1), StartedAt: nine})
	yesterday.Date, yesterday.DueAt, yesterday.Reason = friday.AddDays(-1), nine.Add(-24*time.Hour), briefing.PastGrace
	if n := plan(t, s, yesterday, daily(scheduled("one"))); n != 6 {
		t.Errorf("%d new", n)
	}
	form, ids := regexp.MustCompile(`^[a-z2-7]{26}$`), map[briefing.EntryID]bool{}
	var readers []briefing.RunReader
	for n := range 3 {
		entries := must(s.Entries(t.Context(), briefing.EntryFilter{Reader: readerID(n)}))(t)
		e := entries[0]
		want := planned(n)
		want.ID, want.Run, want.ChannelID, want.CreatedAt, want.UpdatedAt = e.ID, "one", fmt.Sprintf("D%d", n), e.CreatedAt, e.CreatedAt
		want.NextAt = nine.Add(-3*time.Minute + time.Duration(n)*24*time.Millisecond)
		wantSame(t, "entry", e, want)
		if e = entries[1]; e.State != briefing.Missed || e.Reason != briefing.PastGrace || !e.NextAt.IsZero() || e.Run != "late" {
			t.Errorf("yesterday: %+v", e)
		}
		for _, e := range entries {
			if !form.MatchString(string(e.ID)) || ids[e.ID] || e.CreatedAt.IsZero() {
				t.Errorf("made with id %q at %v", e.ID, e.CreatedAt)
			}
			ids[e.ID] = true
		}
		readers = append(readers, briefing.RunReader{Reader: readerID(n), SlackUserID: fmt.Sprintf("U%08d", n), Entry: entries[0].ID, ChannelID: want.ChannelID})
		if at := planAt(t, s, n); !at.Equal(nine.Add(24 * time.Hour)) {
			t.Errorf("to be planned again at %v", at)
		}
	}
	run := scheduled("one")
	run.Readers = readers
	wantSame(t, "run", must(s.Run(t.Context(), "one"))(t), run)
	late := must(s.Run(t.Context(), "late"))(t)
	if rr := late.Readers; !late.Finished() || len(rr) != 3 || rr[0].Outcome != briefing.OutcomeSkipped || rr[0].Reason != briefing.PastGrace {
		t.Errorf("a run of missed entries: %+v", late)
	}
	// The same plan again, by whoever has read the same.
	again := daily(scheduled("one"))
	again.Date = friday.AddDays(1)
	if n := must(s.Plan(t.Context(), briefing.Plan{Cohort: before, Dates: []briefing.DatePlan{again}, Next: nine}))(t); n != 0 {
		t.Errorf("%d new where PlanAt does not stand any more", n)
	}
}

func planJoins(t *testing.T, s *store.Store) {
	readerDue(t, s, 1, nine)
	plan(t, s, daily(scheduled("one")))
	first := must(s.Run(t.Context(), "one"))(t).Readers[0].Entry
	must(s.Commit(t.Context(), delivered(sending(t, s, must(s.Entry(t.Context(), first))(t)))))(t)
	if !must(s.Run(t.Context(), "one"))(t).Finished() {
		t.Error("not finished")
	}

	// Another plan of the same minute, with one reader more: it joins the run, which is open again.
	readerDue(t, s, 1, nine)
	readerDue(t, s, 3, nine)
	if n := plan(t, s, daily(scheduled("two"))); n != 1 {
		t.Errorf("%d new", n)
	}
	run := must(s.Run(t.Context(), "one"))(t)
	if len(run.Readers) != 2 || run.Finished() {
		t.Errorf("joined: %+v", run)
	}
	if e := must(s.Entry(t.Context(), run.Readers[1].Entry))(t); e.Run != "one" {
		t.Errorf("the entry is of run %q", e.Run)
	}

	// Nothing new: no trace of the run.
	readerDue(t, s, 3, nine)
	other := scheduled("three")
	other.Key = "schedule/other"
	if n := plan(t, s, daily(other)); n != 0 {
		t.Errorf("%d new", n)
	}
	_, err := s.Run(t.Context(), "three")
	wantError(t, err, briefing.ErrNotFound)
}

// planMeets: readers of the same wishes who come to the same time are one cohort again.
func planMeets(t *testing.T, s *store.Store) {
	tomorrow := nine.Add(24 * time.Hour)
	readerDue(t, s, 1, tomorrow)
	for n := 2; n < 5; n++ {
		readerDue(t, s, n, nine)
	}
	plan(t, s, daily(scheduled("one")))
	if c := cohortAt(t, s, tomorrow); c.Readers != 4 {
		t.Errorf("%d readers are together", c.Readers)
	}
	readerDue(t, s, 5, nine)
	plan(t, s, daily(scheduled("one"))) // the one comes to the four
	if c := cohortAt(t, s, tomorrow); c.Readers != 5 {
		t.Errorf("%d readers are together", c.Readers)
	}
	readerDue(t, s, 6, nine)
	alone := cohortAt(t, s, nine)
	check(t, s.DeleteReader(t.Context(), readerID(6)))
	must(s.Plan(t.Context(), briefing.Plan{Cohort: alone, Next: tomorrow}))(t)
	for _, c := range must(s.Cohorts(t.Context(), tomorrow))(t) {
		if c.ID == alone.ID {
			t.Errorf("a cohort without readers stays: %+v", c)
		}
	}
}

// planCollides: four planners at once, and readers who pause meanwhile, over several batches.
func planCollides(t *testing.T, s *store.Store) {
	const planners, paused, readers = 4, 20, 10_500 // more than one batch, and on PostgreSQL more than two
	for n := range paused {
		readerDue(t, s, n, nine)
	}
	cohort := cohortAt(t, s, nine).ID
	Exec(t, s, "INSERT INTO achim_reader (id, name, slack_channel_id, email, timezone, weekdays, language, paused, paused_until, notification, "+
		"cohort_id, created_at, updated_at) WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < "+fmt.Sprint(readers-paused+99)+
		") SELECT '00000000-0000-4000-8000-' || substr(CAST(1000000000000 + i AS TEXT), 2), 'r', '', '', '', 0, '', 0, '', '', "+
		fmt.Sprint(cohort)+", 1, 1 FROM n")
	counts := make([]int, planners)
	errs := atOnce(planners+1, func(i int) (err error) {
		if i == planners {
			for n := range paused {
				r := briefing.Reader{ID: readerID(n), Name: "r", SlackUserID: fmt.Sprintf("U%08d", n), Paused: true, PlanAt: nine.Add(24 * time.Hour)}
				if _, err := s.SaveReader(t.Context(), r); err != nil {
					return err
				}
			}
			return nil
		}
		p := &briefing.Planner{Store: s, Grace: time.Hour, Lead: time.Minute, Now: func() time.Time { return nine.Add(-time.Minute) },
			Defaults: &briefing.Defaults{At: briefing.TimeOfDay{}, Zone: time.UTC, Weekdays: briefing.EveryDay}}
		counts[i], err = p.Tick(t.Context())
		return err
	})
	winners(t, errs, nil)
	total := 0
	for _, n := range counts {
		total += n
	}
	rows := Rows(t, s, "SELECT COUNT(*), COUNT(DISTINCT e.reader_id), COUNT(DISTINCT rr.reader_id), COUNT(DISTINCT e.next_at), COUNT(DISTINCT r.id) "+
		"FROM achim_entry e LEFT JOIN achim_run_reader rr ON rr.entry_id = e.id LEFT JOIN achim_run r ON r.id = rr.run_id AND r.finished_at IS NULL")
	if got := strings.Split(rows[0], "|"); got[0] != fmt.Sprint(total) || got[1] != got[0] || got[2] != got[0] || got[4] != "1" || total > readers || total < readers-paused {
		t.Errorf("of %d readers the planners planned %v; entries, readers, readers of runs, starts, open runs: %v", readers, counts, got)
	}
	if c := must(s.Cohorts(t.Context(), nine))(t); len(c) != 0 {
		t.Errorf("not planned yet: %+v", c)
	}
}
