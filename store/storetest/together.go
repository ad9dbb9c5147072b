package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"achim/briefing"
	"achim/store"
)

// many is more than one transaction takes together.
const many = 260

// addMany makes n planned entries and returns them as stored.
func addMany(t *testing.T, s *store.Store, run briefing.Run) []briefing.Entry {
	t.Helper()
	entries := make([]briefing.Entry, many)
	for i := range entries {
		entries[i] = planned(i)
		entries[i].Run = run.ID
	}
	addRun(t, s, run, entries...)
	for i, e := range entries {
		entries[i] = must(s.Entry(t.Context(), e.ID))(t)
	}
	return entries
}

// togetherClaims: of many claims at once each has its own fence, and of two for one entry one wins.
func togetherClaims(t *testing.T, s *store.Store) {
	entries := addMany(t, s, manualRun("run"))
	stale := func(i int) bool { return i%7 == 0 }
	claimed := make([]briefing.Entry, 2*many)
	errs := atOnce(2*many, func(i int) (err error) {
		e := entries[i%many]
		if stale(i % many) {
			e.Epoch++
		}
		claimed[i], err = s.Claim(t.Context(), e.ID, e.Epoch, fmt.Sprint("w", i), nine, nine.Add(time.Minute))
		return err
	})
	winners(t, errs, briefing.ErrFenced)
	for i, before := range entries {
		won := 0
		for _, k := range []int{i, i + many} {
			if errs[k] != nil {
				continue
			}
			won++
			stands := must(s.Entry(t.Context(), before.ID))(t)
			wantSame(t, "claimed and read", claimed[k], stands)
			if stands.Owner != fmt.Sprint("w", k) || stands.Epoch != before.Epoch+1 || !stands.ClaimedUntil.Equal(nine.Add(time.Minute)) {
				t.Errorf("claimed: %+v", stands)
			}
		}
		if want := map[bool]int{true: 0, false: 1}[stale(i)]; won != want {
			t.Errorf("entry %d was claimed %d times, want %d", i, won, want)
		}
	}
}

// togetherSteps: of many steps at once those that are fenced change nothing, and the others are made.
func togetherSteps(t *testing.T, s *store.Store) {
	entries := addMany(t, s, manualRun("run"))
	made := make([]briefing.Entry, many)
	errs := atOnce(many, func(i int) (err error) {
		e := entries[i]
		e.State, e.Tries, e.ChannelID = briefing.Prepared, i, fmt.Sprint("D", i)
		st := briefing.Step{Entry: e, From: briefing.Planned, SameContent: true, Release: i%2 == 0}
		switch i % 5 {
		case 1:
			st.Entry.Epoch++
		case 2:
			st.From = briefing.Sending
		case 3:
			st.Entry.Owner = "somebody else"
		}
		made[i], err = s.Advance(t.Context(), st)
		return err
	})
	for i, err := range errs {
		stands := must(s.Entry(t.Context(), entries[i].ID))(t)
		if i%5 == 0 || i%5 == 4 {
			check(t, err)
			wantSame(t, "made and read", made[i], stands)
			if stands.Tries != i || stands.State != briefing.Prepared {
				t.Errorf("step %d: %+v", i, stands)
			}
			continue
		}
		wantError(t, err, briefing.ErrFenced)
		wantSame(t, "fenced", stands, entries[i])
	}
}

// refuse makes conversation_log refuse the rows of one channel, as a table that is somebody else's may.
func refuse(t *testing.T, s *store.Store, channel string) {
	t.Helper()
	if s.Exclusive() {
		Exec(t, s, "CREATE TRIGGER refuse BEFORE INSERT ON conversation_log WHEN NEW.channel_id = '"+channel+"' BEGIN SELECT RAISE(ABORT, 'refused'); END")
		return
	}
	Exec(t, s, "ALTER TABLE conversation_log ADD CONSTRAINT refuse CHECK (channel_id <> '"+channel+"')")
}

// togetherCommits: of many deliveries at once one cannot be written and some are fenced. The others stand, with all
// that belongs to them, and the run waits for the one alone.
func togetherCommits(t *testing.T, s *store.Store) {
	const bad = 3
	entries := addMany(t, s, manualRun("run"))
	for i, e := range entries {
		e.ChannelID, e.State = fmt.Sprint("D", i), briefing.Sending
		entries[i] = must(s.Advance(t.Context(), briefing.Step{Entry: e, From: briefing.Planned, SameContent: true}))(t)
	}
	refuse(t, s, fmt.Sprint("D", bad))
	fenced := func(i int) bool { return i%10 == 9 }
	commit := func(i int) error {
		d := delivered(entries[i])
		d.Step.SameContent, d.Step.Entry.MessageTS, d.LogText = true, fmt.Sprintf("1.%06d", i), fmt.Sprint("for ", i)
		d.Sources = map[briefing.SourceName]briefing.SourceState{briefing.Gmail: {Watermark: nine}, briefing.News: {LastOK: nine}}
		d.Seen = []string{"shared", fmt.Sprint("own ", i)}
		d.Copies = []briefing.DayCopy{{Source: briefing.Calendar, Copy: briefing.Copy{Date: friday.AddDays(1), AsOf: nine, Items: []briefing.Item{{ID: fmt.Sprint(i)}}}}}
		if fenced(i) {
			d.Step.Entry.Epoch++
		}
		_, err := s.Commit(t.Context(), d)
		return err
	}
	for i, err := range atOnce(many, commit) {
		switch {
		case i == bad:
			if err == nil || errors.Is(err, briefing.ErrFenced) {
				t.Errorf("the one that cannot be written: %v", err)
			}
		case fenced(i):
			wantError(t, err, briefing.ErrFenced)
		default:
			check(t, err)
		}
	}
	for i, e := range entries {
		stands, memory := must(s.Entry(t.Context(), e.ID))(t), must(s.Memory(t.Context(), e.Reader, friday.AddDays(1)))(t)
		if i == bad || fenced(i) {
			wantSame(t, "not committed", stands, e)
			continue
		}
		copied := memory.Copies[briefing.Calendar].Items
		if stands.State != briefing.Delivered || stands.MessageTS != fmt.Sprintf("1.%06d", i) || stands.Owner != "" ||
			!memory.Sources[briefing.Gmail].Watermark.Equal(nine) || !memory.Seen[fmt.Sprint("own ", i)] || len(memory.Seen) != 2 ||
			len(copied) != 1 || copied[0].ID != fmt.Sprint(i) {
			t.Errorf("committed: %+v, remembered: %+v", stands, memory)
		}
	}
	rows := Rows(t, s, "SELECT user_id, channel_id, content FROM conversation_log")
	if want := many - many/10 - 1; len(rows) != want {
		t.Errorf("conversation_log has %d rows, want %d", len(rows), want)
	}
	if must(s.Run(t.Context(), "run"))(t).Finished() {
		t.Error("the run is finished without those that are still to come")
	}
	for i := range entries {
		if fenced(i) {
			d := delivered(entries[i])
			d.Step.SameContent = true
			must(s.Commit(t.Context(), d))(t)
		}
	}
	if must(s.Run(t.Context(), "run"))(t).Finished() {
		t.Error("the run is finished without the one")
	}
	entries[bad].ChannelID = "D"
	d := delivered(entries[bad])
	d.Step.SameContent = true
	must(s.Commit(t.Context(), d))(t)
	if !must(s.Run(t.Context(), "run"))(t).Finished() {
		t.Error("everybody is settled and the run is not finished")
	}
}

// togetherOneReader: two briefings of one reader are committed at once, each with what it leaves behind.
func togetherOneReader(t *testing.T, s *store.Store) {
	const extras = 12
	var entries []briefing.Entry
	for i := range extras {
		e := planned(1)
		e.Slot = briefing.Slot(fmt.Sprint("force-", i))
		entries = append(entries, sending(t, s, addEntries(t, s, e)[0]))
	}
	errs := atOnce(extras, func(i int) error {
		d := delivered(entries[i])
		d.Step.SameContent, d.Seen = true, []string{"shared", fmt.Sprint(i)}
		d.Sources = map[briefing.SourceName]briefing.SourceState{briefing.Gmail: {Watermark: nine.Add(time.Duration(i) * time.Minute)}}
		_, err := s.Commit(t.Context(), d)
		return err
	})
	if won := winners(t, errs, nil); won != extras {
		t.Errorf("%d of %d committed", won, extras)
	}
	memory := must(s.Memory(t.Context(), readerID(1), friday.AddDays(1)))(t)
	if len(memory.Seen) != extras+1 || !memory.Sources[briefing.Gmail].Watermark.Equal(nine.Add((extras-1)*time.Minute)) {
		t.Errorf("remembered: %+v", memory)
	}
}

// togetherGivenUp: a caller that has given up hears so, and those beside it are not disturbed.
func togetherGivenUp(t *testing.T, s *store.Store) {
	entries := addMany(t, s, manualRun("run"))
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	errs := atOnce(many, func(i int) error {
		ctx := t.Context()
		if i%3 == 0 {
			ctx = gone
		}
		_, err := s.Claim(ctx, entries[i].ID, entries[i].Epoch, "w", nine, nine.Add(time.Minute))
		return err
	})
	for i, err := range errs {
		if i%3 != 0 {
			check(t, err)
		} else if err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("a caller that has given up hears %v", err)
		}
	}
}

// outgoing: what is to be sent comes with the claim in place of what it was made of, and only as long as the entry
// stands as it was prepared; its copies count once it is delivered.
func outgoing(t *testing.T, s *store.Store) {
	whole := wholeEntry()
	sections := []briefing.Section{{Source: briefing.Calendar, Verdict: briefing.Verdict{State: briefing.VerdictOK, Count: 2}, ReadAt: nine}}
	freeze := func(e briefing.Entry, at time.Time, o *briefing.Outgoing) briefing.Entry {
		t.Helper()
		from := e.State
		e.State, e.PreparedAt, e.Windows, e.Sections, e.Content, e.Outgoing = briefing.Prepared, at, whole.Windows, whole.Sections, whole.Content, o
		return must(s.Advance(t.Context(), briefing.Step{Entry: e, From: from, Release: true}))(t)
	}
	want := briefing.Outgoing{Sections: sections, Seen: []string{"a", "b"}, Message: briefing.Message{
		Text: "오늘 회의 2개\n둘째 줄", Plain: "평문 \u2028", Blocks: []byte(`[{"type":"divider"}]`), Date: friday, Status: briefing.Complete}}
	o := want
	o.Copies = []briefing.DayCopy{{Source: briefing.Calendar, Copy: briefing.Copy{Date: friday.AddDays(1), AsOf: nine, Items: []briefing.Item{{ID: "ahead"}}}}}
	entries := addEntries(t, s, planned(1), planned(2), planned(3))
	for i, e := range entries {
		entries[i] = freeze(e, nine.Add(-time.Minute), &o)
	}
	entries[2] = freeze(entries[2], nine, nil) // read again, and there is none now

	claim := func(e briefing.Entry) briefing.Entry {
		t.Helper()
		return must(s.Claim(t.Context(), e.ID, e.Epoch, "w", nine, nine.Add(time.Minute)))(t)
	}
	got := make([]briefing.Entry, 2)
	for _, err := range atOnce(2, func(i int) (err error) {
		got[i], err = s.Claim(t.Context(), entries[i].ID, entries[i].Epoch, "w", nine, nine.Add(time.Minute))
		return err
	}) {
		check(t, err)
	}
	for i, e := range got {
		if e.ID != entries[i].ID || e.Content != nil || e.Sections != nil || e.Outgoing == nil {
			t.Fatalf("claimed: %+v", e)
		}
		wantSame(t, "to be sent", *e.Outgoing, want)
	}
	if e := claim(entries[2]); e.Outgoing != nil || e.Content == nil || len(e.Sections) != 1 {
		t.Errorf("prepared again: %+v", e)
	}

	ahead := func() []briefing.Item {
		t.Helper()
		return must(s.Memory(t.Context(), readerID(1), friday.AddDays(1)))(t).Copies[briefing.Calendar].Items
	}
	if items := ahead(); items != nil {
		t.Errorf("the copies of what is not delivered count: %v", items)
	}
	e := toSending(t, s, got[0])
	d := delivered(e)
	d.Step.SameContent = true
	must(s.Commit(t.Context(), d))(t)
	wantSame(t, "copies made ahead", ahead(), []briefing.Item{{ID: "ahead"}})
	stands := must(s.Entry(t.Context(), e.ID))(t)
	if stands.Content == nil || len(stands.Sections) != 1 {
		t.Errorf("delivered without its content: %+v", stands)
	}
	must(s.SaveReader(t.Context(), briefing.Reader{ID: e.Reader, Name: "r"}))(t)
	check(t, s.DeleteReader(t.Context(), e.Reader))
	if rows := Rows(t, s, "SELECT entry_id FROM achim_outgoing ORDER BY entry_id"); len(rows) != 2 {
		t.Errorf("of the two readers left is kept: %v", rows)
	}
}

// toSending takes a claimed entry to sending with its content as it is.
func toSending(t *testing.T, s *store.Store, e briefing.Entry) briefing.Entry {
	t.Helper()
	e.State, e.ChannelID = briefing.Sending, "D1"
	return must(s.Advance(t.Context(), briefing.Step{Entry: e, From: briefing.Prepared, SameContent: true}))(t)
}
