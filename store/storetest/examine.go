package storetest

import (
	"fmt"
	"testing"

	"achim/briefing"
	"achim/store"
)

// examineOutcomes: what is unknown, the newest first, and the daily briefings whose hour has come, reader by reader.
func examineOutcomes(t *testing.T, s *store.Store) {
	for n, e := range []struct {
		reader int
		date   string
		slot   briefing.Slot
		state  briefing.State
		ahead  bool
	}{
		{1, "2026-11-18", briefing.DailySlot, briefing.Failed, false},
		{1, "2026-11-19", briefing.DailySlot, briefing.Unknown, false},
		{1, "2026-11-19", "force-x", briefing.Unknown, false},
		{1, "2026-11-20", briefing.DailySlot, briefing.Planned, true},
		{0, "2026-11-19", briefing.DailySlot, briefing.Delivered, false},
		{0, "2026-11-10", briefing.DailySlot, briefing.Unknown, false},
	} {
		due := 0
		if e.ahead {
			due = 1 << 52
		}
		Exec(t, s, fmt.Sprintf("INSERT INTO achim_entry (id, reader_id, date, slot, state, due_at, created_at, updated_at) VALUES ('e%d', '%s', '%s', '%s', '%s', %d, 0, 0)",
			n, readerID(e.reader), e.date, e.slot, e.state, due))
	}
	from := must(briefing.ParseDate("2026-11-18"))(t)
	ids := func(entries []briefing.Entry) (ids []briefing.EntryID) {
		for _, e := range entries {
			ids = append(ids, e.ID)
		}
		return ids
	}
	wantSame(t, "unknown", ids(must(s.Unsettled(t.Context(), from, 10))(t)), []briefing.EntryID{"e1", "e2"})
	wantSame(t, "one unknown", ids(must(s.Unsettled(t.Context(), from, 1))(t)), []briefing.EntryID{"e1"})
	last := must(s.LastDaily(t.Context(), from))(t)
	wantSame(t, "last daily", ids(last), []briefing.EntryID{"e4", "e1", "e0"})
	if e := last[1]; e.Reader != readerID(1) || e.Date.String() != "2026-11-19" || e.State != briefing.Unknown {
		t.Errorf("%+v", e)
	}
}
