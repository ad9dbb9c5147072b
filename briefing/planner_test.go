package briefing_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"achim/briefing"
)

// planBook is a PlanStore with state: the two rules that matter, unique entries and a PlanAt that must stand. Every
// reader is a cohort.
type planBook struct {
	ids     []briefing.ReaderID // by cohort, from 1
	readers map[briefing.ReaderID]briefing.Reader
	entries map[string]briefing.Entry
	runs    map[string]briefing.Run
}

func newPlanBook(readers ...briefing.Reader) *planBook {
	b := &planBook{nil, map[briefing.ReaderID]briefing.Reader{}, map[string]briefing.Entry{}, map[string]briefing.Run{}}
	for _, r := range readers {
		b.ids = append(b.ids, r.ID)
		b.readers[r.ID] = r
	}
	return b
}

func (b *planBook) Cohorts(_ context.Context, until time.Time) ([]briefing.Cohort, error) {
	var cohorts []briefing.Cohort
	for i, id := range b.ids {
		if r := b.readers[id]; !r.PlanAt.After(until) {
			cohorts = append(cohorts, briefing.Cohort{ID: briefing.CohortID(i + 1), Like: r, Readers: 1})
		}
	}
	slices.SortStableFunc(cohorts, func(a, b briefing.Cohort) int { return a.Like.PlanAt.Compare(b.Like.PlanAt) })
	return cohorts, nil
}

func (b *planBook) Plan(_ context.Context, p briefing.Plan) (int, error) {
	n, r := 0, b.readers[b.ids[p.Cohort.ID-1]]
	if !r.PlanAt.Equal(p.Cohort.Like.PlanAt) {
		return 0, nil
	}
	for _, d := range p.Dates {
		e := briefing.Entry{Reader: r.ID, Date: d.Date, Slot: briefing.DailySlot, State: d.State, Reason: d.Reason, DueAt: d.DueAt, NextAt: d.First}
		if _, ok := b.runs[d.Run.Key]; !ok {
			b.runs[d.Run.Key] = d.Run
		}
		key := string(e.Reader) + e.Date.String() + string(e.Slot)
		if _, ok := b.entries[key]; !ok {
			b.entries[key] = e
			n++
		}
	}
	r.PlanAt = p.Next
	b.readers[r.ID] = r
	return n, nil
}

// told returns the entries as date → state or reason.
func (b *planBook) told() map[string]string {
	told := map[string]string{}
	for _, e := range b.entries {
		told[e.Date.String()] = string(e.State)
		if e.Reason != "" {
			told[e.Date.String()] = string(e.Reason)
		}
	}
	return told
}

func planner(t *testing.T, book *planBook, now string) *briefing.Planner {
	return &briefing.Planner{Store: book, Defaults: defaults(t), Grace: 3 * time.Hour, Lead: 2 * time.Minute,
		Now: func() time.Time { return instant(t, now) }}
}

func TestPlannerPlansOnce(t *testing.T) {
	r := reader()
	r.PlanAt = instant(t, "2026-11-20T09:00:00+09:00")
	book := newPlanBook(r)
	for _, c := range []struct {
		now  string
		want int
	}{
		{"2026-11-20T08:50:00+09:00", 0}, // too early
		{"2026-11-20T08:57:00+09:00", 1},
		{"2026-11-20T08:58:00+09:00", 0},
		{"2026-11-20T09:01:00+09:00", 0},
		{"2026-11-21T08:58:00+09:00", 1},
	} {
		n, err := planner(t, book, c.now).Tick(t.Context())
		if err != nil || n != c.want {
			t.Errorf("at %s planned %d (%v), want %d", c.now, n, err, c.want)
		}
	}
	for _, e := range book.entries {
		if lead := e.DueAt.Sub(e.NextAt); e.State != briefing.Planned || lead != 2*time.Minute {
			t.Errorf("entry %s: state %s, lead %s", e.Date, e.State, lead)
		}
	}
}

func TestPlannerRecordsWhatWasMissed(t *testing.T) {
	r := reader()
	r.PlanAt = instant(t, "2026-11-17T09:00:00+09:00")
	r.Weekdays = briefing.EveryDay &^ (1 << time.Wednesday)
	book := newPlanBook(r)
	if _, err := planner(t, book, "2026-11-20T10:30:00+09:00").Tick(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"2026-11-17": "past_grace", "2026-11-18": "day_off", "2026-11-19": "past_grace", "2026-11-20": "planned"}
	if diff := cmp.Diff(want, book.told()); diff != "" {
		t.Error(diff)
	}
	if _, ok := book.runs["catchup/2026-11-20T00:00Z"]; !ok {
		t.Errorf("what is late runs as %v, want a catchup", book.runs)
	}
}

func TestPlannerRespectsPauseAndGrace(t *testing.T) {
	r := reader()
	r.PlanAt = instant(t, "2026-11-20T09:00:00+09:00")
	r.PausedUntil = date(t, "2026-11-21")
	book := newPlanBook(r)
	if _, err := planner(t, book, "2026-11-20T08:58:00+09:00").Tick(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"2026-11-20": "paused"}, book.told()); diff != "" {
		t.Error(diff)
	}
	late := reader()
	late.PlanAt = instant(t, "2026-11-20T09:00:00+09:00")
	book = newPlanBook(late)
	if _, err := planner(t, book, "2026-11-20T12:00:01+09:00").Tick(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"2026-11-20": "past_grace"}, book.told()); diff != "" {
		t.Error(diff)
	}
}

func TestReplicasShareARun(t *testing.T) {
	one, two := reader(), reader()
	two.ID, two.SlackUserID = "4f0c6a52-1d2e-4b7a-9c55-0a1b2c3d4e5f", "U0MINJI"
	one.PlanAt, two.PlanAt = instant(t, "2026-11-20T09:00:00+09:00"), instant(t, "2026-11-20T09:00:00+09:00")
	book := newPlanBook(one, two)
	if _, err := planner(t, book, "2026-11-20T08:58:00+09:00").Tick(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(book.runs) != 1 || len(book.entries) != 2 {
		t.Errorf("%d runs for %d entries of one minute", len(book.runs), len(book.entries))
	}
}

func TestUnknownZoneDoesNotStopTheOthers(t *testing.T) {
	lost, fine := reader(), reader()
	lost.Timezone, lost.ID = "Asia/Atlantis", "4f0c6a52-1d2e-4b7a-9c55-0a1b2c3d4e5f"
	lost.PlanAt, fine.PlanAt = instant(t, "2026-11-20T09:00:00+09:00"), instant(t, "2026-11-20T09:00:00+09:00")
	book := newPlanBook(lost, fine)
	p := planner(t, book, "2026-11-20T08:58:00+09:00")
	told := ""
	p.Trouble = func(c briefing.Cohort, _ error) { told = c.Like.Timezone }
	n, err := p.Tick(t.Context())
	if err != nil || n != 1 || told != lost.Timezone {
		t.Errorf("planned %d (%v), told of %q", n, err, told)
	}
}
