package briefing_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"achim/briefing"
)

// planBook is a PlanStore with state: the two rules that matter, unique entries and conditional visits.
type planBook struct {
	readers map[briefing.ReaderID]briefing.Reader
	entries map[string]briefing.Entry
	runs    map[string]briefing.Run
}

func newPlanBook(readers ...briefing.Reader) *planBook {
	b := &planBook{map[briefing.ReaderID]briefing.Reader{}, map[string]briefing.Entry{}, map[string]briefing.Run{}}
	for _, r := range readers {
		b.readers[r.ID] = r
	}
	return b
}

func (b *planBook) DueReaders(_ context.Context, horizon time.Time, limit int) ([]briefing.Reader, error) {
	var due []briefing.Reader
	for _, r := range b.readers {
		if !r.PlanAt.After(horizon) && len(due) < limit {
			due = append(due, r)
		}
	}
	return due, nil
}

func (b *planBook) DueCounts(_ context.Context, after, until time.Time) (map[int64]int, error) {
	counts := map[int64]int{}
	for _, r := range b.readers {
		if r.PlanAt.After(after) && !r.PlanAt.After(until) {
			counts[r.PlanAt.UnixMilli()]++
		}
	}
	return counts, nil
}

func (b *planBook) Plan(_ context.Context, p briefing.Plan) (int, error) {
	n := 0
	for _, run := range p.Runs {
		if _, ok := b.runs[run.Key]; !ok {
			b.runs[run.Key] = run
		}
	}
	for _, e := range p.Entries {
		key := string(e.Reader) + e.Date.String() + string(e.Slot)
		if _, ok := b.entries[key]; !ok {
			b.entries[key] = e
			n++
		}
	}
	for _, next := range p.Next {
		if r := b.readers[next.Reader]; r.PlanAt.Equal(next.Was) {
			r.PlanAt = next.At
			b.readers[next.Reader] = r
		}
	}
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
	var told briefing.ReaderID
	p.Trouble = func(r briefing.Reader, _ error) { told = r.ID }
	n, err := p.Tick(t.Context())
	if err != nil || n != 1 || told != lost.ID {
		t.Errorf("planned %d (%v), told of %q", n, err, told)
	}
}
