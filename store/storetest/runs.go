package storetest

import (
	"testing"
	"time"

	"achim/briefing"
	"achim/store"
)

func manualRun(id briefing.RunID, readers ...briefing.RunReader) briefing.Run {
	return briefing.Run{ID: id, Kind: briefing.RunManual, Date: friday, StartedAt: nine, Readers: readers}
}

func runTrigger(t *testing.T, s *store.Store) {
	pulled := addEntries(t, s, planned(2))[0]
	fresh := planned(1)
	fresh.Run, pulled.Run = "run", "run"
	pulled.NextAt = nine.Add(-time.Hour)
	run := manualRun("run",
		briefing.RunReader{Reader: readerID(1), SlackUserID: "U1", Entry: fresh.ID},
		briefing.RunReader{Reader: readerID(3), SlackUserID: "U3", Outcome: briefing.OutcomeSkipped, Reason: briefing.AlreadyDelivered},
		briefing.RunReader{Reader: readerID(2), SlackUserID: "U2", Entry: pulled.ID})
	check(t, s.Trigger(t.Context(), run, []briefing.Step{{Entry: pulled, From: briefing.Planned, Reopen: true}, {Entry: fresh}}))

	wantSame(t, "run", must(s.Run(t.Context(), "run"))(t), run)
	if e := must(s.Entry(t.Context(), pulled.ID))(t); e.Epoch != pulled.Epoch+1 || !e.NextAt.Equal(pulled.NextAt) || e.Run != "run" {
		t.Errorf("pulled forward: %+v", e)
	}
	must(s.Entry(t.Context(), fresh.ID))(t)
	_, err := s.Run(t.Context(), "none")
	wantError(t, err, briefing.ErrNotFound)

	check(t, s.Trigger(t.Context(), manualRun("done", briefing.RunReader{Reader: readerID(1), Outcome: briefing.OutcomeSkipped}), nil))
	check(t, s.Trigger(t.Context(), manualRun("nobody"), nil))
	for _, id := range []briefing.RunID{"done", "nobody"} {
		if !must(s.Run(t.Context(), id))(t).Finished() {
			t.Errorf("run %s waits for nothing and is not finished", id)
		}
	}
}

func runTriggerFenced(t *testing.T, s *store.Store) {
	there := addEntries(t, s, planned(1))[0]
	twin, fresh := planned(1), planned(2)
	stale := there
	stale.Epoch++
	for name, last := range map[string]briefing.Step{
		"the entry exists":  {Entry: twin},
		"it has moved on":   {Entry: stale, From: briefing.Planned, Reopen: true},
		"no such entry":     {Entry: planned(5), From: briefing.Planned, Reopen: true},
		"in another state":  {Entry: there, From: briefing.Failed, Reopen: true},
		"owned by somebody": {Entry: func() briefing.Entry { e := there; e.Owner = "w"; return e }(), From: briefing.Planned},
	} {
		err := s.Trigger(t.Context(), manualRun("run", briefing.RunReader{Reader: readerID(2), Entry: fresh.ID}), []briefing.Step{{Entry: fresh}, last})
		if err == nil {
			t.Errorf("%s: the trigger went through", name)
		}
		wantError(t, err, briefing.ErrFenced)
		_, err = s.Run(t.Context(), "run")
		wantError(t, err, briefing.ErrNotFound)
		_, err = s.Entry(t.Context(), fresh.ID)
		wantError(t, err, briefing.ErrNotFound)
	}
	wantSame(t, "untouched", must(s.Entry(t.Context(), there.ID))(t), there)
}

func runSettled(t *testing.T, s *store.Store) {
	e := addEntries(t, s, planned(1))[0]
	entry := briefing.RunReader{Reader: e.Reader, SlackUserID: "U1", Entry: e.ID}
	skipped := entry
	skipped.Outcome, skipped.Reason = briefing.OutcomeSkipped, briefing.Paused
	for id, rr := range map[briefing.RunID]briefing.RunReader{"first": entry, "second": entry, "skipped": skipped} {
		check(t, s.Trigger(t.Context(), manualRun(id, rr), nil))
	}
	reader := func(id briefing.RunID) briefing.RunReader {
		t.Helper()
		run := must(s.Run(t.Context(), id))(t)
		if run.Finished() != (run.Readers[0].Outcome != briefing.OutcomePending) {
			t.Errorf("run %s: outcome %q, finished at %v", id, run.Readers[0].Outcome, run.FinishedAt)
		}
		return run.Readers[0]
	}
	e = advance(t, s, e, briefing.Prepared)
	if rr := reader("first"); rr.Outcome != briefing.OutcomePending || rr.Reason != "" {
		t.Errorf("pending: %+v", rr)
	}
	e.State, e.Reason = briefing.Failed, briefing.RecipientUnreachable
	e = must(s.Advance(t.Context(), briefing.Step{Entry: e, From: briefing.Prepared, Outcome: briefing.OutcomeFailed}))(t)
	if rr := reader("first"); rr.Outcome != briefing.OutcomeFailed || rr.Reason != briefing.RecipientUnreachable {
		t.Errorf("failed: %+v", rr)
	}
	if rr := reader("skipped"); rr.Outcome != briefing.OutcomeSkipped || rr.Reason != briefing.Paused {
		t.Errorf("a settled row was settled again: %+v", rr)
	}
	check(t, s.Trigger(t.Context(), manualRun("too late", entry), nil))
	if rr := reader("too late"); rr.Outcome != briefing.OutcomeFailed || rr.Reason != briefing.RecipientUnreachable {
		t.Errorf("a run that waits for what is over: %+v", rr)
	}
	check(t, s.Trigger(t.Context(), manualRun("third", entry), []briefing.Step{{Entry: e, From: briefing.Failed}}))
	must(s.Advance(t.Context(), briefing.Step{Entry: e, From: briefing.Failed, Outcome: briefing.OutcomeUnknown}))(t)
	if first, third := reader("first"), reader("third"); first.Outcome != briefing.OutcomeFailed || third.Outcome != briefing.OutcomeUnknown {
		t.Errorf("only a delivery overwrites failed: %+v, %+v", first, third)
	}

	e.State, e.Reason = briefing.Planned, ""
	e = must(s.Advance(t.Context(), briefing.Step{Entry: e, From: briefing.Failed, Reopen: true}))(t)
	e.Sections = []briefing.Section{{Source: briefing.News, Verdict: briefing.Verdict{State: briefing.VerdictEmpty}}}
	e = must(s.Commit(t.Context(), delivered(sending(t, s, e))))(t)
	want := entry
	want.Outcome, want.Status, want.ChannelID, want.MessageTS = briefing.OutcomeDelivered, briefing.Complete, e.ChannelID, e.MessageTS
	want.Verdicts = map[briefing.SourceName]briefing.Verdict{briefing.News: {State: briefing.VerdictEmpty}}
	wantSame(t, "delivered after all", reader("first"), want)
	wantSame(t, "the other run", reader("second"), want)

	e.Status, e.MessageTS = briefing.Degraded, "9.9"
	must(s.Advance(t.Context(), briefing.Step{Entry: e, From: briefing.Delivered}))(t)
	want.MessageTS, want.Status = "9.9", briefing.Degraded
	wantSame(t, "settled keeps its outcome; message and label are the entry's", reader("first"), want)
	check(t, s.Trigger(t.Context(), manualRun("fourth", entry), nil))
	if rr := reader("fourth"); rr.Status != briefing.Degraded {
		t.Errorf("pending is told as the entry has it: %+v", rr)
	}
}

func runDry(t *testing.T, s *store.Store) {
	e := addEntries(t, s, planned(3))[0]
	check(t, s.Trigger(t.Context(), manualRun("dry", briefing.RunReader{Reader: readerID(1), SlackUserID: "U1"}, briefing.RunReader{Reader: readerID(2)},
		briefing.RunReader{Reader: e.Reader, Entry: e.ID, Outcome: briefing.OutcomeSkipped}), nil))
	one := briefing.RunReader{Reader: readerID(1), SlackUserID: "U1", Outcome: briefing.OutcomeDryRun, Status: briefing.Degraded, Text: "미리보기",
		Verdicts: map[briefing.SourceName]briefing.Verdict{briefing.Gmail: {State: briefing.VerdictFailed, Reason: briefing.Timeout}}}
	check(t, s.SettleRunReader(t.Context(), "dry", one))
	run := must(s.Run(t.Context(), "dry"))(t)
	wantSame(t, "dry", run.Readers[0], one)
	if run.Finished() {
		t.Error("finished while one is pending")
	}
	check(t, s.SettleRunReader(t.Context(), "dry", briefing.RunReader{Reader: readerID(2), Outcome: briefing.OutcomeFailed, Reason: briefing.Internal}))
	if !must(s.Run(t.Context(), "dry"))(t).Finished() {
		t.Error("not finished")
	}
	wantError(t, s.SettleRunReader(t.Context(), "dry", briefing.RunReader{Reader: e.Reader, Outcome: briefing.OutcomeFailed}), briefing.ErrNotFound)
	wantError(t, s.SettleRunReader(t.Context(), "none", one), briefing.ErrNotFound)
}

func runSettleRace(t *testing.T, s *store.Store) {
	const readers = 8
	var run briefing.Run
	var entries []briefing.Entry
	for n := range readers {
		entries = append(entries, sending(t, s, addEntries(t, s, planned(n))[0]))
		run.Readers = append(run.Readers, briefing.RunReader{Reader: readerID(n), Entry: entries[n].ID})
	}
	run.ID, run.Kind, run.StartedAt = "run", briefing.RunManual, nine
	check(t, s.Trigger(t.Context(), run, nil))
	errs := atOnce(readers, func(i int) error {
		_, err := s.Commit(t.Context(), delivered(entries[i]))
		return err
	})
	if won := winners(t, errs, nil); won != readers {
		t.Errorf("%d of %d committed", won, readers)
	}
	if !must(s.Run(t.Context(), "run"))(t).Finished() {
		t.Error("everybody is settled and the run is not finished")
	}
}

func runTriggerClaimRace(t *testing.T, s *store.Store) {
	for n := range 10 {
		e := addEntries(t, s, planned(n))[0]
		pulled := e
		pulled.NextAt = nine.Add(-time.Hour)
		errs := atOnce(2, func(i int) error {
			if i == 0 {
				_, err := s.Claim(t.Context(), e.ID, e.Epoch, "w", nine, nine.Add(time.Minute))
				return err
			}
			return s.Trigger(t.Context(), manualRun(briefing.RunID(briefing.NewID())), []briefing.Step{{Entry: pulled, From: briefing.Planned, Reopen: true}})
		})
		if won := winners(t, errs, briefing.ErrFenced); won != 1 {
			t.Errorf("%d won", won)
		}
	}
}

func runListed(t *testing.T, s *store.Store) {
	for i, id := range []briefing.RunID{"b", "a", "c"} {
		run := manualRun(id, briefing.RunReader{Reader: readerID(1), Outcome: briefing.OutcomeSkipped})
		run.StartedAt = nine.Add(time.Duration(i) * time.Minute)
		check(t, s.Trigger(t.Context(), run, nil))
	}
	ids := func(limit int) (ids []briefing.RunID) {
		for _, run := range must(s.Runs(t.Context(), briefing.RunFilter{Limit: limit}))(t) {
			ids = append(ids, run.ID)
			if len(run.Readers) != 1 {
				t.Errorf("run %s has %d readers", run.ID, len(run.Readers))
			}
		}
		return ids
	}
	wantSame(t, "all", ids(0), []briefing.RunID{"c", "a", "b"})
	wantSame(t, "two", ids(2), []briefing.RunID{"c", "a"})
}
