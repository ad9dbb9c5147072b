package storetest

import (
	"fmt"
	"testing"
	"time"

	"achim/briefing"
	"achim/store"
)

// accountOnce: of everybody who accounts for a due minute at once, and later, one is the first.
func accountOnce(t *testing.T, s *store.Store) {
	firsts := make([]bool, 8)
	for _, err := range atOnce(len(firsts), func(i int) (err error) {
		firsts[i], err = s.Account(t.Context(), nine)
		return err
	}) {
		check(t, err)
	}
	n := 0
	for _, first := range firsts {
		if first {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d of %d were first", n, len(firsts))
	}
	if must(s.Account(t.Context(), nine))(t) {
		t.Error("accounted for again")
	}
	if !must(s.Account(t.Context(), nine.Add(time.Minute)))(t) {
		t.Error("the next due minute is not its own")
	}
	must(s.Account(t.Context(), nine.Add(90*24*time.Hour)))(t)
	if rows := Rows(t, s, "SELECT due_at FROM achim_account"); len(rows) != 1 {
		t.Errorf("what is old stays: %v", rows)
	}
}

// accountStanding: what those due in a minute have, as their entries stand.
func accountStanding(t *testing.T, s *store.Store) {
	run := briefing.Run{ID: "due", Kind: briefing.RunSchedule, Key: "schedule/2026-11-20T00:00Z", Date: friday, StartedAt: nine.Add(-2 * time.Minute)}
	var entries []briefing.Entry
	for n := range 9 {
		e := planned(n)
		e.Run = run.ID
		switch n {
		case 1:
			e.State, e.Reason, e.NextAt = briefing.Missed, briefing.Paused, time.Time{}
		case 6:
			e.Slot = briefing.ForceSlot("hand") // forced by hand: somebody waits for it, too
		case 7:
			e.DueAt = nine.Add(9*time.Hour + 59*time.Second + 999*time.Millisecond) // the reader's hour was changed
		case 8:
			e.DueAt, e.Date = nine.Add(59*time.Second), friday.AddDays(-1) // triggered by hand, west of Greenwich
		}
		e.CreatedAt = nine.Add(time.Duration(n) * time.Second)
		entries = append(entries, e)
	}
	addRun(t, s, run, entries...)
	settle := func(n int, state briefing.State, reason briefing.Reason, outcome briefing.Outcome) {
		t.Helper()
		e := must(s.Entry(t.Context(), entries[n].ID))(t)
		from := e.State
		e.State, e.Reason = state, reason
		must(s.Advance(t.Context(), briefing.Step{Entry: e, From: from, Outcome: outcome}))(t)
	}
	settle(2, briefing.Prepared, briefing.ClientMisconfigured, briefing.OutcomeFailed) // and tried on
	settle(3, briefing.Failed, briefing.RecipientUnreachable, briefing.OutcomeFailed)
	settle(4, briefing.Unknown, briefing.Ambiguous, briefing.OutcomeUnknown)
	queued := must(s.Entry(t.Context(), entries[0].ID))(t)
	queued.State, queued.Reason, queued.NextAt = briefing.Prepared, briefing.RateLimited, nine.Add(20*time.Minute)
	must(s.Advance(t.Context(), briefing.Step{Entry: queued, From: briefing.Planned}))(t)
	d := delivered(sending(t, s, must(s.Entry(t.Context(), entries[5].ID))(t)))
	d.Step.Entry.Status = briefing.Degraded
	d.Step.Entry.Sections = []briefing.Section{{Source: briefing.Gmail, Verdict: briefing.Verdict{State: briefing.VerdictFailed, Reason: briefing.ReauthRequired}}}
	must(s.Commit(t.Context(), d))(t)

	evening := nine.Add(9 * time.Hour)
	wantSame(t, "due minutes", must(s.DueMinutes(t.Context(), nine, evening.Add(time.Minute)))(t), []time.Time{nine, evening})
	wantSame(t, "due minutes before the evening", must(s.DueMinutes(t.Context(), nine, evening))(t), []time.Time{nine})
	wantSame(t, "due minutes of nobody", must(s.DueMinutes(t.Context(), nine.Add(time.Minute), evening))(t), nil)
	// A tenth reader, whom the planner has not come to; nobody waits for one who is paused.
	for n, paused := range []bool{false, true} {
		r := addReader(t, s, 9+n)
		r.PlanAt, r.Paused = nine, paused
		must(s.SaveReader(t.Context(), r))(t)
	}
	st := must(s.Standing(t.Context(), nine))(t)
	var got []string
	for _, rr := range st.Readers {
		got = append(got, fmt.Sprintf("%s %s/%s/%s %s", rr.Reader[35:], rr.Outcome, rr.Status, rr.Reason, rr.Verdicts[briefing.Gmail].Reason))
	}
	wantSame(t, "standing", got, []string{"0 //rate_limited ", "1 skipped//paused ", "2 failed//client_misconfigured ", "3 failed//recipient_unreachable ",
		"4 unknown//ambiguous ", "5 delivered/degraded/ reauth_required", "6 // ", "8 // ", "9 // "})
	wantSame(t, "runs", st.Runs, []briefing.RunID{run.ID})
	unplanned := must(s.Reader(t.Context(), string(readerID(9))))(t)
	begun := nine.Add(8 * time.Second)
	if unplanned.UpdatedAt.After(begun) {
		begun = unplanned.UpdatedAt
	}
	if !st.Begun.Equal(begun) || !st.Turn.Equal(nine.Add(20*time.Minute)) {
		t.Errorf("the newest was made at %s, the last turn is at %s", st.Begun, st.Turn)
	}
	for at, want := range map[time.Time]bool{nine.Add(-time.Millisecond): false, nine: true, evening: true} {
		wantSame(t, "behind", must(s.Behind(t.Context(), at))(t), want)
	}
	unplanned.PlanAt = nine.Add(24 * time.Hour)
	must(s.SaveReader(t.Context(), unplanned))(t)
	wantSame(t, "behind when all are planned", must(s.Behind(t.Context(), evening))(t), false)
}
