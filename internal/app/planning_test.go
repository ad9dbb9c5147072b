package app_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"achim/briefing"
	"achim/store/storetest"
)

// interrupted is the store with something that happens between the planner's reading and its writing.
type interrupted struct {
	briefing.PlanStore
	before func()
}

func (i *interrupted) Plan(ctx context.Context, p briefing.Plan) (int, error) {
	if i.before != nil && len(p.Dates) > 0 {
		i.before()
		i.before = nil
	}
	return i.PlanStore.Plan(ctx, p)
}

// planAt sets the clock and plans; between reading and writing, meanwhile happens.
func (h *house) planAt(at time.Time, meanwhile func()) {
	h.t.Helper()
	h.clock.set(at)
	p := &briefing.Planner{Store: &interrupted{h.app.Store, meanwhile}, Defaults: h.app.Defaults,
		Grace: h.app.Planner.Grace, Lead: h.app.Planner.Lead, Now: h.clock.now}
	if _, err := p.Tick(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	h.app.Trigger.Wake()
}

// entriesOn returns haneul's entries of a day counted from friday.
func (h *house) entriesOn(day int) []briefing.Entry {
	h.t.Helper()
	date := briefing.DateOf(friday, friday.Location()).AddDays(day)
	entries, err := h.app.Store.Entries(h.t.Context(), briefing.EntryFilter{Reader: haneul, Date: date})
	if err != nil {
		h.t.Fatal(err)
	}
	return entries
}

// TestChangedWhilePlanned: who is paused, moved to another hour or removed between the planner's reading and
// its writing gets no briefing planned by what was read.
func TestChangedWhilePlanned(t *testing.T) {
	t.Parallel()
	for _, d := range []storetest.Dialect{storetest.SQLite, storetest.Postgres} {
		for name, change := range map[string]func(h *house){
			"paused":  func(h *house) { h.json("PUT", "/api/users/"+haneul, apiSecret, `{"paused":true}`, http.StatusOK) },
			"removed": func(h *house) { h.call("DELETE", "/api/users/"+haneul, apiSecret, "") },
			"later": func(h *house) {
				h.json("PUT", "/api/users/"+haneul, apiSecret, `{"deliver_at":"11:00"}`, http.StatusOK)
			},
		} {
			t.Run(string(d)+"/"+name, func(t *testing.T) {
				t.Parallel()
				h := build(t, d)
				h.start()
				h.addHaneul()
				h.planAt(friday.Add(28*time.Minute+30*time.Second), func() { change(h) })
				h.clock.set(friday.Add(35 * time.Minute))
				h.app.Trigger.Wake()
				for _, e := range h.entriesOn(0) {
					if e.State != briefing.Missed || e.Reason != briefing.Paused {
						t.Errorf("an entry is %s for %q", e.State, e.Reason)
					}
				}
				if n := len(h.dms()); n != 0 {
					t.Errorf("%d DMs", n)
				}
			})
		}
	}
}

// TestClockJumps: asleep for three days, nothing is posted late, what was missed is recorded, the next briefing
// says so, and a clock put back two hours posts nothing again.
func TestClockJumps(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.start()
	h.addHaneul()
	h.planAt(friday.Add(30*time.Minute), nil)
	h.eventually("friday's DM", func() bool { return len(h.dms()) == 1 && h.entriesOn(0)[0].State == briefing.Delivered })

	h.planAt(friday.Add(3*24*time.Hour-10*time.Minute), nil) // monday 08:20
	h.planAt(friday.Add(3*24*time.Hour+30*time.Minute), nil) // and 09:00
	h.eventually("monday's DM", func() bool { return len(h.dms()) == 2 && h.entriesOn(3)[0].State == briefing.Delivered })
	for day := 1; day <= 2; day++ {
		if e := h.entriesOn(day); len(e) != 1 || e[0].State != briefing.Missed || e[0].Reason != briefing.PastGrace {
			t.Errorf("day %d: %+v", day, e)
		}
	}
	const line = "어제 브리핑은 서버가 쉬어 보내지 못했습니다."
	if first, second := seen(h.dms()[0]), seen(h.dms()[1]); strings.Contains(first, line) || !strings.Contains(second, line) {
		t.Errorf("friday: %s\nmonday: %s", first, second)
	}

	for _, at := range []time.Duration{-90 * time.Minute, 30 * time.Minute, 45 * time.Minute} {
		h.planAt(friday.Add(3*24*time.Hour+at), nil)
	}
	h.planAt(friday.Add(4*24*time.Hour+30*time.Minute), nil)
	h.eventually("tuesday's DM", func() bool { return len(h.dms()) == 3 && h.entriesOn(4)[0].State == briefing.Delivered })
	if n := len(h.entriesOn(3)); n != 1 || strings.Contains(seen(h.dms()[2]), line) {
		t.Errorf("%d entries on monday, and tuesday says: %s", n, seen(h.dms()[2]))
	}
}

// TestHolidaysBySetting: Christmas is left out for a reader who says so over HTTP, and only then.
func TestHolidaysBySetting(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.clock.set(time.Date(2026, 12, 25, 8, 30, 0, 0, friday.Location()))
	h.start()
	h.addHaneul()
	user := func(body string) map[string]any {
		return h.json("PUT", "/api/users/"+haneul, apiSecret, body, http.StatusOK)
	}
	wants(t, user(`{"skip_holidays":true}`), map[string]any{"skip_holidays": true, "next_due_at": "2026-12-26T00:00:00Z"})
	h.planAt(time.Date(2026, 12, 25, 8, 58, 0, 0, friday.Location()), nil)
	e := h.entriesOn(35)
	if len(e) != 1 || e[0].State != briefing.Missed || e[0].Reason != briefing.PublicHoliday {
		t.Fatalf("christmas: %+v", e)
	}
	wants(t, user(`{"skip_holidays":null}`), map[string]any{"skip_holidays": false, "next_due_at": "2026-12-25T00:00:00Z"})
	if e = h.entriesOn(35); e[0].State != briefing.Planned {
		t.Errorf("wanted again, it is %s for %q", e[0].State, e[0].Reason)
	}
}
