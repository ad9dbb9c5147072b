package briefing_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"achim/briefing"
)

// crowd returns readers who are all due at the hour.
func crowd(n int, due time.Time) []briefing.Reader {
	readers := make([]briefing.Reader, n)
	for i := range readers {
		readers[i] = reader()
		readers[i].ID = briefing.ReaderID(fmt.Sprintf("00000000-0000-4000-8000-%012d", i))
		readers[i].PlanAt = due
	}
	return readers
}

// TestLeadGrowsWithTheCrowd: few start together, many are spread at 2,500 a minute over a lead of up to half an
// hour, and nobody is planned before that.
func TestLeadGrowsWithTheCrowd(t *testing.T) {
	due := instant(t, "2026-11-20T09:00:00+09:00")
	for _, c := range []struct {
		due         int
		least       time.Duration
		first, last time.Duration // of the starts, before the hour
	}{
		{1, 2 * time.Minute, 2 * time.Minute, 2 * time.Minute},
		{2000, 2 * time.Minute, 2 * time.Minute, 2 * time.Minute},
		{2500, 2 * time.Minute, 3 * time.Minute, 2*time.Minute + 24*time.Millisecond},
		{10_000, 2 * time.Minute, 6 * time.Minute, 2*time.Minute + 24*time.Millisecond},
		{6000, 28 * time.Minute, 30 * time.Minute, 28*time.Minute + 20*time.Millisecond}, // no more than half an hour
		{6000, 40 * time.Minute, 40 * time.Minute, 40 * time.Minute},                     // unless asked for
	} {
		t.Run(fmt.Sprint(c.due, c.least), func(t *testing.T) {
			book := newPlanBook(crowd(c.due, due)...)
			now := due.Add(-c.first - 91*time.Second)
			p := &briefing.Planner{Store: book, Defaults: defaults(t), Grace: 3 * time.Hour, Lead: c.least,
				Now: func() time.Time { return now }}
			if n, err := p.Tick(t.Context()); err != nil || n != 0 {
				t.Fatalf("planned %d too early (%v)", n, err)
			}
			now = now.Add(time.Second)
			if n, err := p.Tick(t.Context()); err != nil || n != c.due {
				t.Fatalf("planned %d of %d (%v)", n, c.due, err)
			}
			first, last, most := time.Time{}, time.Time{}, 0
			minutes := map[time.Time]int{}
			for _, e := range book.entries {
				if first.IsZero() || e.NextAt.Before(first) {
					first = e.NextAt
				}
				if e.NextAt.After(last) {
					last = e.NextAt
				}
				minutes[e.NextAt.Truncate(time.Minute)]++
				most = max(most, minutes[e.NextAt.Truncate(time.Minute)])
			}
			if due.Sub(first) != c.first || due.Sub(last) != c.last {
				t.Errorf("starts from %v to %v before the hour, want %v to %v", due.Sub(first), due.Sub(last), c.first, c.last)
			}
			if c.first < 30*time.Minute && most > 2500 {
				t.Errorf("%d start in one minute", most)
			}
		})
	}
}

// TestHolidaysAreSparedOnRequest: only of those who ask, and the next due time knows.
func TestHolidaysAreSparedOnRequest(t *testing.T) {
	spared, other := reader(), reader()
	other.ID, spared.SkipHolidays = "4f0c6a52-1d2e-4b7a-9c55-0a1b2c3d4e5f", true
	due := instant(t, "2026-12-25T09:00:00+09:00")
	spared.PlanAt, other.PlanAt = due, due
	book := newPlanBook(spared, other)
	p := planner(t, book, "2026-12-25T08:58:00+09:00")
	p.Defaults.Holiday = func(d briefing.Date) bool { return d == date(t, "2026-12-25") }
	if n, err := p.Tick(t.Context()); err != nil || n != 2 {
		t.Fatalf("planned %d (%v)", n, err)
	}
	for _, e := range book.entries {
		want := briefing.Reason("")
		if e.Reader == spared.ID {
			want = briefing.PublicHoliday
		}
		if e.Reason != want || (want != "") != e.NextAt.IsZero() {
			t.Errorf("%s: %s for %q, to start at %v", e.Reader, e.State, e.Reason, e.NextAt)
		}
	}
	if next := p.Defaults.NextDue(spared, due.Add(-time.Hour)); !next.Equal(due.Add(24 * time.Hour)) {
		t.Errorf("the next is due at %v", next)
	}
}

// TestACrowdIsTold: when more are due at one hour than the longest lead has room for, that is said, once.
func TestACrowdIsTold(t *testing.T) {
	due := instant(t, "2026-11-20T09:00:00+09:00")
	for _, c := range []struct {
		due  int
		told []int
	}{{70_000, nil}, {71_000, []int{71_000}}} {
		book := newPlanBook(crowd(c.due, due)...)
		now := due.Add(-40 * time.Minute)
		var told []int
		p := &briefing.Planner{Store: book, Defaults: defaults(t), Grace: 3 * time.Hour, Lead: 2 * time.Minute,
			Now: func() time.Time { return now }, Crowded: func(_ time.Time, n int) { told = append(told, n) }}
		for ; now.Before(due); now = now.Add(10 * time.Minute) {
			if _, err := p.Tick(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(told, c.told) {
			t.Errorf("%d due: told of %v", c.due, told)
		}
	}
}
