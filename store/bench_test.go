package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"achim/briefing"
	"achim/store"
	"achim/store/storetest"
)

func eachBench(b *testing.B, bench func(b *testing.B, s *store.Store)) {
	for _, d := range []storetest.Dialect{storetest.SQLite, storetest.Postgres} {
		b.Run(string(d), func(b *testing.B) { bench(b, storetest.Open(b, d)) })
	}
}

func benchReader(n int) briefing.ReaderID {
	return briefing.ReaderID(fmt.Sprintf("00000000-0000-4000-8000-%012d", n))
}

// BenchmarkPlan plans 10,000 readers of one minute at once.
func BenchmarkPlan(b *testing.B) {
	const readers = 10_000
	eachBench(b, func(b *testing.B, s *store.Store) {
		nine := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
		for i := 0; b.Loop(); i++ {
			date := briefing.DateOf(nine, time.UTC).AddDays(i)
			run := briefing.Run{ID: briefing.RunID(briefing.NewID()), Key: "schedule/" + date.String(), Kind: briefing.RunSchedule, Date: date, StartedAt: nine}
			plan := briefing.Plan{Runs: []briefing.Run{run}}
			for n := range readers {
				plan.Entries = append(plan.Entries, briefing.Entry{ID: briefing.EntryID(briefing.NewID()), Reader: benchReader(n), Date: date,
					Slot: briefing.DailySlot, Run: run.ID, State: briefing.Planned, DueAt: nine, NextAt: nine})
				plan.Next = append(plan.Next, briefing.NextVisit{Reader: benchReader(n), At: nine})
			}
			if n, err := s.Plan(b.Context(), plan); err != nil || n != readers {
				b.Fatal(n, err)
			}
		}
	})
}

// BenchmarkBriefing takes an entry with a full day in it from planned to delivered, with all that a worker
// reads on the way.
func BenchmarkBriefing(b *testing.B) {
	eachBench(b, func(b *testing.B, s *store.Store) {
		nine := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
		var items []briefing.Item
		for n := range 20 {
			items = append(items, briefing.Item{ID: fmt.Sprint(n), Title: "제품 주간회의와 계약서 수정안", Text: strings.Repeat("가나다 ", 20), URL: "https://mail.example/x", At: nine})
		}
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			reader := briefing.Reader{ID: benchReader(i), Name: "r", SlackUserID: fmt.Sprintf("U%d", i)}
			e := briefing.Entry{ID: briefing.EntryID(briefing.NewID()), Reader: reader.ID, Date: briefing.DateOf(nine, time.UTC), Slot: briefing.DailySlot,
				Run: briefing.RunID(briefing.NewID()), State: briefing.Planned, DueAt: nine, NextAt: nine}
			_, err := s.SaveReader(b.Context(), reader)
			ok(b, err)
			run := briefing.Run{ID: e.Run, Kind: briefing.RunManual, StartedAt: nine, Readers: []briefing.RunReader{{Reader: e.Reader, Entry: e.ID}}}
			ok(b, s.Trigger(b.Context(), run, []briefing.Step{{Entry: e}}))
			_, _, err = s.DueEntries(b.Context(), nine, 10)
			ok(b, err)
			e, err = s.Claim(b.Context(), e.ID, 0, "w", nine, nine.Add(time.Minute))
			ok(b, err)
			_, err = s.Reader(b.Context(), string(e.Reader))
			ok(b, err)
			memory, err := s.Memory(b.Context(), e.Reader, e.Date)
			ok(b, err)
			for _, name := range []briefing.SourceName{briefing.Gmail, briefing.Calendar, briefing.News} {
				e.Sections = append(e.Sections, briefing.Section{Source: name, Items: items})
				memory.Sources[name] = briefing.SourceState{Watermark: nine}
			}
			e.Content = &briefing.Briefing{ID: e.ID, Sections: []briefing.Shown{{Section: e.Sections[0]}}}
			e.State = briefing.Prepared
			e, err = s.Advance(b.Context(), briefing.Step{Entry: e, From: briefing.Planned})
			ok(b, err)
			e.State = briefing.Sending
			e, err = s.Advance(b.Context(), briefing.Step{Entry: e, From: briefing.Prepared, SameContent: true})
			ok(b, err)
			e.State, e.NextAt = briefing.Delivered, time.Time{}
			_, err = s.Commit(b.Context(), briefing.Delivery{Step: briefing.Step{Entry: e, From: briefing.Sending, Release: true, Outcome: briefing.OutcomeDelivered, SameContent: true},
				Sources: memory.Sources, Seen: []string{"a", "b", "c"}, LogText: strings.Repeat("가나다 ", 200),
				Copies: []briefing.DayCopy{{Source: briefing.Calendar, Copy: briefing.Copy{Date: e.Date, Items: items, AsOf: nine}}}})
			ok(b, err)
		}
	})
}

func ok(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
