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

// BenchmarkPlan100k plans 100,000 readers of four zones and three sets of weekdays, all due at one hour, as the
// planner does: everything included from the tick to the last commit. Each loop is another day.
func BenchmarkPlan100k(b *testing.B) {
	const readers = 100_000
	eachBench(b, func(b *testing.B, s *store.Store) {
		nine := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
		now, first := nine, nine.UnixMilli()
		storetest.Exec(b, s, fmt.Sprintf("INSERT INTO achim_cohort (plan_at, wishes) VALUES (%d, '  0 0  0'), (%d, 'Asia/Tokyo 09:00 62 0  0'), "+
			"(%d, 'Australia/Perth 08:00 0 0  1'), (%d, 'Asia/Manila 08:00 127 0  0')", first, first, first, first))
		storetest.Exec(b, s, "INSERT INTO achim_reader (id, name, slack_user_id, slack_channel_id, email, timezone, weekdays, language, paused, "+
			"paused_until, notification, cohort_id, created_at, updated_at) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "+
			fmt.Sprint(readers)+") SELECT substr(CAST(10000000 + i * 7919 % 99999989 AS TEXT), 1, 8) || '-0000-4000-8000-' || substr(CAST(1000000000000 + i AS TEXT), 2), "+
			"'reader ' || i, 'U' || i, 'D' || i, '', '', 0, '', 0, '', '', (SELECT MIN(cohort_id) FROM achim_cohort) + "+
			"CASE WHEN i % 10 > 3 THEN 0 ELSE i % 4 END, 1, 1 FROM n")
		planner := &briefing.Planner{Store: s, Grace: time.Hour, Lead: 2 * time.Minute, Now: func() time.Time { return now },
			Defaults: &briefing.Defaults{At: briefing.TimeOfDay{Hour: 9}, Zone: time.FixedZone("KST", 9*60*60), Weekdays: briefing.EveryDay}}
		for b.Loop() {
			n, err := planner.Tick(b.Context())
			if err != nil || n != readers {
				b.Fatal(n, err)
			}
			now = now.Add(24 * time.Hour)
		}
		b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/tick")
	})
}

// BenchmarkBriefing takes an entry with a full day in it from planned to delivered, with all that a worker
// reads on the way.
func BenchmarkBriefing(b *testing.B) { benchBriefing(b, eachBench) }

func benchBriefing(b *testing.B, each func(*testing.B, func(*testing.B, *store.Store))) {
	each(b, func(b *testing.B, s *store.Store) {
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
