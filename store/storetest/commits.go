package storetest

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"achim/briefing"
	"achim/store"
)

const logged = "SELECT user_id, channel, channel_id, message_ts, role, content FROM conversation_log ORDER BY id"

func loggedMetadata(t *testing.T, s *store.Store) map[string]any {
	t.Helper()
	rows := Rows(t, s, "SELECT metadata FROM conversation_log")
	if len(rows) != 1 {
		t.Fatalf("conversation_log holds %q", rows)
	}
	var about map[string]any
	check(t, json.Unmarshal([]byte(rows[0]), &about))
	return about
}

func commitEverything(t *testing.T, s *store.Store) {
	plan := planned(1)
	plan.Run = "run"
	e := sending(t, s, addEntries(t, s, plan)[0])
	e.Sections = []briefing.Section{{Source: briefing.Gmail, Verdict: briefing.Verdict{State: briefing.VerdictFailed, Reason: briefing.Timeout}}}
	d := delivered(e)
	d.Step.Entry.Status = briefing.Degraded
	state := briefing.SourceState{Watermark: nine, LastOK: nine.Add(-time.Hour), FailingSince: nine.Add(-time.Minute), Reason: briefing.Timeout}
	d.Sources = map[briefing.SourceName]briefing.SourceState{briefing.Gmail: state, briefing.News: {}}
	items := []briefing.Item{{ID: "ev", Title: "회의", At: nine}}
	d.Copies = []briefing.DayCopy{{Source: briefing.Calendar, Copy: briefing.Copy{Date: friday.AddDays(1), Items: items, AsOf: nine}}}
	d.Seen = []string{"b", "a", "b"}
	got := must(s.Commit(t.Context(), d))(t)
	wantSame(t, "committed and read", must(s.Entry(t.Context(), e.ID))(t), got)

	memory := must(s.Memory(t.Context(), e.Reader, friday.AddDays(1)))(t)
	wantSame(t, "memory", memory, briefing.Memory{
		Sources: d.Sources,
		Copies:  map[briefing.SourceName]briefing.Copy{briefing.Calendar: d.Copies[0].Copy},
		Before:  briefing.Before{Date: friday, State: briefing.Delivered},
		Seen:    map[string]bool{"a": true, "b": true},
	})
	wantSame(t, "conversation_log", Rows(t, s, logged), []string{string(readerID(1)) + "|slack|D0000001|1763596800.000100|assistant|아침 브리핑"})
	about := loggedMetadata(t, s)
	if gmail, _ := about["sources"].(map[string]any)["gmail"].(map[string]any); gmail["verdict"] != "failed" || gmail["reason"] != "timeout" {
		t.Errorf("sources in metadata: %v", about["sources"])
	}
	delete(about, "sources")
	wantSame(t, "metadata", about, map[string]any{
		"entry_id": string(e.ID), "run_id": "run", "date": "2026-11-20", "slot": "daily", "status": "degraded", "kind": "briefing", "mended_at": nil,
	})

	mend := got
	mend.Status, mend.MendedAt = briefing.Complete, nine.Add(14*time.Minute)
	mended := briefing.Delivery{Step: briefing.Step{Entry: mend, From: briefing.Delivered, Outcome: briefing.OutcomeMended}, LogText: "채움",
		Sources: map[briefing.SourceName]briefing.SourceState{briefing.Gmail: {Watermark: nine, LastOK: nine}}}
	must(s.Commit(t.Context(), mended))(t)
	wantSame(t, "mended", Rows(t, s, logged), []string{string(readerID(1)) + "|slack|D0000001|1763596800.000100|assistant|채움"})
	if about := loggedMetadata(t, s); about["mended_at"] != "2026-11-20T00:14:00Z" || about["status"] != "complete" {
		t.Errorf("metadata of a mend: %v", about)
	}
	memory = must(s.Memory(t.Context(), e.Reader, friday))(t)
	wantSame(t, "source states", memory.Sources, map[briefing.SourceName]briefing.SourceState{briefing.Gmail: {Watermark: nine, LastOK: nine}, briefing.News: {}})

	Exec(t, s, "DELETE FROM conversation_log")
	mended.Step.Entry.Tries++
	must(s.Commit(t.Context(), mended))(t)
	if rows := Rows(t, s, logged); len(rows) != 1 {
		t.Errorf("a mend whose row is missing leaves %q", rows)
	}
}

func commitFenced(t *testing.T, s *store.Store) {
	e := sending(t, s, addEntries(t, s, planned(1))[0])
	d := delivered(e)
	d.Step.Entry.Epoch++
	d.Seen, d.Sources = []string{"a"}, map[briefing.SourceName]briefing.SourceState{briefing.Gmail: {Watermark: nine}}
	_, err := s.Commit(t.Context(), d)
	wantError(t, err, briefing.ErrFenced)
	nothingCommitted(t, s, e)

	for _, change := range []func(*briefing.Step){
		func(st *briefing.Step) { st.Entry.State = briefing.Failed },
		func(st *briefing.Step) { st.From = "" },
	} {
		d := delivered(e)
		change(&d.Step)
		if _, err := s.Commit(t.Context(), d); err == nil {
			t.Error("committed a step that is no delivery")
		}
	}
	nothingCommitted(t, s, e)
}

// commitFails lets another program break the last table a commit writes.
func commitFails(t *testing.T, s *store.Store) {
	e := sending(t, s, addEntries(t, s, planned(1))[0])
	run := briefing.Run{ID: "run", Kind: briefing.RunManual, StartedAt: nine, Readers: []briefing.RunReader{{Reader: e.Reader, Entry: e.ID}}}
	check(t, s.Trigger(t.Context(), run, nil))
	Exec(t, s, "ALTER TABLE achim_copy RENAME COLUMN as_of TO as_off")
	d := delivered(e)
	d.Seen, d.Sources = []string{"a"}, map[briefing.SourceName]briefing.SourceState{briefing.Gmail: {Watermark: nine}}
	d.Copies = []briefing.DayCopy{{Source: briefing.Calendar, Copy: briefing.Copy{Date: friday, AsOf: nine}}}
	if _, err := s.Commit(t.Context(), d); err == nil {
		t.Fatal("committed into a table without the column")
	}
	Exec(t, s, "ALTER TABLE achim_copy RENAME COLUMN as_off TO as_of")
	nothingCommitted(t, s, e)
	must(s.Commit(t.Context(), d))(t)
}

func nothingCommitted(t *testing.T, s *store.Store, e briefing.Entry) {
	t.Helper()
	wantSame(t, "entry", must(s.Entry(t.Context(), e.ID))(t), e)
	wantSame(t, "conversation_log", Rows(t, s, logged), nil)
	wantSame(t, "memory", must(s.Memory(t.Context(), e.Reader, friday.AddDays(1)))(t), briefing.Memory{Before: briefing.Before{Date: e.Date, State: e.State}})
	for _, run := range must(s.Runs(t.Context(), briefing.RunFilter{}))(t) {
		if run.Finished() {
			t.Error("the run is finished")
		}
	}
}

func commitHostile(t *testing.T, s *store.Store) {
	e := sending(t, s, addEntries(t, s, planned(1))[0])
	d := delivered(e)
	d.LogText = "nul \x00 broken \xff $1 ? '"
	long := strings.Repeat("k", 100_000)
	d.Seen = []string{long, "nul \x00", "broken \xff", "'; DROP TABLE achim_seen; --", ""}
	must(s.Commit(t.Context(), d))(t)
	seen := must(s.Memory(t.Context(), e.Reader, friday.AddDays(1)))(t).Seen
	if len(seen) != len(d.Seen) || !seen[long] || !seen[d.Seen[3]] {
		t.Errorf("%d keys are remembered", len(seen))
	}
}

// deliver takes a new entry of reader 1 on that date through to delivered.
func deliver(t *testing.T, s *store.Store, date briefing.Date, change func(d *briefing.Delivery)) {
	t.Helper()
	plan := planned(1)
	plan.Date, plan.Slot = date, briefing.Slot("force-"+briefing.NewID())
	d := delivered(sending(t, s, addEntries(t, s, plan)[0]))
	change(&d)
	must(s.Commit(t.Context(), d))(t)
}

func memorySeen(t *testing.T, s *store.Store) {
	show := func(date briefing.Date, keys ...string) {
		deliver(t, s, date, func(d *briefing.Delivery) { d.Seen = keys })
	}
	wantSeen := func(date briefing.Date, keys ...string) {
		t.Helper()
		want := map[string]bool{}
		for _, key := range keys {
			want[key] = true
		}
		wantSame(t, "seen before "+date.String(), must(s.Memory(t.Context(), readerID(1), date))(t).Seen, want)
	}
	show(friday, "a", "b")
	wantSeen(friday)
	wantSeen(friday.AddDays(1), "a", "b")
	show(friday.AddDays(1), "b", "c")
	wantSeen(friday.AddDays(1), "a", "b")
	wantSeen(friday.AddDays(14), "a", "b", "c")
	wantSeen(friday.AddDays(15), "c")
	show(friday.AddDays(-1), "b")
	wantSeen(friday, "b")
	wantSeen(friday.AddDays(-1))

	// Shown again when it did not count any more, whether it was forgotten meanwhile or not, it is new.
	show(friday.AddDays(-60), "z")
	show(friday.AddDays(-40), "z")
	wantSeen(friday.AddDays(-39), "z")
	show(friday.AddDays(-26), "z")
	wantSeen(friday.AddDays(-26), "z")
	wantSeen(friday.AddDays(-25))
}

func memoryCopies(t *testing.T, s *store.Store) {
	copyOf := func(date briefing.Date, title string, asOf time.Time) briefing.DayCopy {
		return briefing.DayCopy{Source: briefing.Calendar, Copy: briefing.Copy{Date: date, Items: []briefing.Item{{ID: title, Title: title}}, AsOf: asOf}}
	}
	wantCopy := func(date briefing.Date, title string) {
		t.Helper()
		got := must(s.Memory(t.Context(), readerID(1), date))(t).Copies[briefing.Calendar]
		have := ""
		if len(got.Items) > 0 {
			have = got.Items[0].Title
		}
		if have != title {
			t.Errorf("the copy of %v is %q, want %q", date, have, title)
		}
	}
	keep := func(date briefing.Date, copies ...briefing.DayCopy) {
		deliver(t, s, date, func(d *briefing.Delivery) { d.Copies = copies })
	}
	keep(friday, copyOf(friday, "today", nine), copyOf(friday.AddDays(1), "tomorrow", nine), copyOf(friday.AddDays(1), "twice", nine))
	wantCopy(friday, "today")
	wantCopy(friday.AddDays(1), "twice")
	keep(friday, copyOf(friday, "newer", nine.Add(time.Hour)), copyOf(friday.AddDays(1), "older", nine.Add(-time.Hour)))
	wantCopy(friday, "newer")
	wantCopy(friday.AddDays(1), "twice")
	keep(friday.AddDays(-9))
	wantCopy(friday, "newer")
}

// memoryWatermark: of two briefings of a reader that were read at the same time, the one committed last does
// not take back what the other has moved.
func memoryWatermark(t *testing.T, s *store.Store) {
	for _, step := range []struct{ commit, want time.Time }{
		{time.Time{}, time.Time{}}, {nine, nine}, {nine.Add(-time.Hour), nine}, {time.Time{}, nine}, {nine.Add(time.Hour), nine.Add(time.Hour)},
	} {
		deliver(t, s, friday, func(d *briefing.Delivery) {
			d.Sources = map[briefing.SourceName]briefing.SourceState{briefing.Gmail: {Watermark: step.commit}}
		})
		got := must(s.Memory(t.Context(), readerID(1), friday))(t).Sources[briefing.Gmail].Watermark
		if !got.Equal(step.want) {
			t.Errorf("after a commit of %s the watermark is %s, want %s", step.commit, got, step.want)
		}
	}
}
