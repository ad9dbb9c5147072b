package app_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"achim/briefing"
	"achim/internal/standin"
	"achim/store/storetest"
)

// TestAsleepWhileReading: a process that was frozen while it read a source, or a machine that slept, does not
// blame the source for the time that went by.
func TestAsleepWhileReading(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.start()
		h.addHaneul()
		h.connect()
		h.google.Inject(standin.Fault{Op: "gmail.messages.list", Status: http.StatusServiceUnavailable, Times: 1, Match: func(*http.Request) bool {
			h.clock.advance(5 * time.Minute)
			return true
		}})
		wants(t, h.trigger(""), map[string]any{"outcome": "delivered", "status": "complete"})
		lacks(t, seen(h.oneDM()), "일부 누락", "늦어")
	})
}

// TestASlowSourceIsNamed: one that is slow while the process is awake is.
func TestASlowSourceIsNamed(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.start()
	h.addHaneul()
	h.connect()
	h.app.Pipeline.Budgets[briefing.Gmail] = 200 * time.Millisecond
	h.google.Inject(standin.Fault{Op: "gmail.messages.list", Delay: time.Minute})
	h.google.ResetCalls()
	wants(t, h.trigger(""), map[string]any{"outcome": "delivered", "status": "degraded"})
	if n := h.google.Calls("gmail.messages.list"); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

// TestAsleepBeforeAnEdit: a mend whose process slept until its claim was over writes nothing: somebody else may
// have brought the message up to date meanwhile.
func TestAsleepBeforeAnEdit(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.start()
	h.addHaneul()
	h.connect()
	h.google.Inject(standin.Fault{Op: "gmail.messages.list", Status: 503})
	h.trigger("")
	h.google.Clear()
	h.slack.ResetCalls()
	h.google.Inject(standin.Fault{Op: "gmail.messages.get", Times: 1, Delay: time.Millisecond, Match: func(*http.Request) bool {
		h.clock.advance(5 * time.Minute)
		return true
	}})
	h.json("POST", "/api/cron/daily-summary?wait=30s", cronSecret, "", http.StatusOK)
	if n := h.slack.Calls("chat.update"); n != 0 {
		t.Errorf("%d edits by a process whose claim was over", n)
	}
	h.eventually("the mend after it", func() bool {
		if e := h.entry(); e.Owner == "" && !e.NextAt.IsZero() && e.NextAt.After(h.clock.now()) {
			h.clock.set(e.NextAt)
			h.app.Trigger.Wake()
		}
		return h.entry().Status == briefing.Complete
	})
}

// removedMeanwhile lets the reader be removed between what a trigger reads and what it writes.
type removedMeanwhile struct {
	briefing.RunStore
	remove func()
}

func (r *removedMeanwhile) Trigger(ctx context.Context, run briefing.Run, steps []briefing.Step) error {
	r.remove()
	return r.RunStore.Trigger(ctx, run, steps)
}

// TestRemovedWhileTriggered: an entry written for a reader who is removed at that moment rests at once, and its
// run ends.
func TestRemovedWhileTriggered(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.start()
		h.addHaneul()
		h.app.Trigger.Runs = &removedMeanwhile{h.app.Store, func() { h.call("DELETE", "/api/users/"+haneul, apiSecret, "") }}
		run := h.json("POST", "/api/cron/daily-summary?wait=30s", cronSecret, "", http.StatusOK)
		wants(t, run, map[string]any{"state": "finished"})
		wants(t, run["readers"].([]any)[0].(map[string]any), map[string]any{"outcome": "skipped", "reason": "removed"})
		if rows := storetest.Rows(t, h.app.Store, "SELECT state FROM achim_entry WHERE next_at IS NOT NULL OR owner <> ''"); len(rows) != 0 {
			t.Errorf("entries of nobody still want work: %v", rows)
		}
		if n := len(h.dms()); n != 0 {
			t.Errorf("%d DMs", n)
		}
	})
}

// morning lets the clock come to the time, a minute at a time where it matters, and everything happen that is due.
func (h *house) morning(at time.Time) {
	h.t.Helper()
	for _, ahead := range []time.Duration{2 * time.Minute, time.Minute, 0} {
		h.planAt(at.Add(-ahead), nil)
		h.eventually("everything due to be done", func() bool {
			due, _, err := h.app.Store.DueEntries(h.t.Context(), h.clock.now(), 10)
			rows := storetest.Rows(h.t, h.app.Store, "SELECT id FROM achim_entry WHERE owner <> ''")
			return err == nil && len(due) == 0 && len(rows) == 0
		})
	}
}

// TestMovingToday: a reader who moves to another zone or hour gets one briefing for the date, neither none nor two.
func TestMovingToday(t *testing.T) {
	t.Parallel()
	seoul := friday.Location()
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	day := func(d int, hour int, zone *time.Location) time.Time {
		return time.Date(2026, 11, d, hour, 0, 0, 0, zone)
	}
	for _, c := range []struct {
		name    string
		zone    string // to begin with
		briefed time.Time
		moved   time.Time
		change  string
		looks   []time.Time
		want    []string // dates delivered, in order
	}{
		{"west before the hour", "", time.Time{}, day(20, 8, seoul), `{"timezone":"America/New_York"}`,
			[]time.Time{day(20, 9, seoul), day(20, 9, newYork)}, []string{"2026-11-20"}},
		{"west after it", "", day(20, 9, seoul), day(20, 10, seoul), `{"timezone":"America/New_York"}`,
			[]time.Time{day(20, 9, newYork), day(21, 9, newYork)}, []string{"2026-11-20", "2026-11-21"}},
		{"east after the hour", "America/New_York", day(20, 9, newYork), day(20, 10, newYork), `{"timezone":"Asia/Seoul"}`,
			[]time.Time{day(21, 9, seoul), day(22, 9, seoul)}, []string{"2026-11-20", "2026-11-21", "2026-11-22"}},
		{"east before it", "America/New_York", time.Time{}, day(20, 8, newYork), `{"timezone":"Asia/Seoul"}`,
			[]time.Time{day(20, 9, newYork), day(21, 9, seoul)}, []string{"2026-11-21"}},
		{"a later hour after it", "", day(20, 9, seoul), day(20, 10, seoul), `{"deliver_at":"18:00"}`,
			[]time.Time{day(20, 18, seoul), day(21, 9, seoul), day(21, 18, seoul)}, []string{"2026-11-20", "2026-11-21"}},
		{"an earlier hour after it", "", day(20, 9, seoul), day(20, 10, seoul), `{"deliver_at":"07:00"}`,
			[]time.Time{day(20, 11, seoul), day(21, 7, seoul), day(21, 9, seoul)}, []string{"2026-11-20", "2026-11-21"}},
		{"a later hour before it", "", time.Time{}, day(20, 8, seoul), `{"deliver_at":"18:00"}`,
			[]time.Time{day(20, 9, seoul), day(20, 18, seoul)}, []string{"2026-11-20"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := build(t, storetest.SQLite)
			h.clock.set(day(20, 6, seoul))
			h.start()
			h.addHaneul()
			if c.zone != "" {
				h.clock.set(day(19, 22, newYork))
				h.json("PUT", "/api/users/"+haneul, apiSecret, fmt.Sprintf(`{"timezone":%q}`, c.zone), http.StatusOK)
			}
			if !c.briefed.IsZero() {
				h.morning(c.briefed)
			}
			h.clock.set(c.moved)
			h.json("PUT", "/api/users/"+haneul, apiSecret, c.change, http.StatusOK)
			for _, at := range c.looks {
				h.morning(at)
			}
			rows := storetest.Rows(t, h.app.Store, "SELECT date FROM achim_entry WHERE state = 'delivered' ORDER BY date")
			if fmt.Sprint(rows) != fmt.Sprint(c.want) || len(h.dms()) != len(c.want) {
				t.Errorf("delivered %v in %d DMs, want %v", rows, len(h.dms()), c.want)
			}
		})
	}
}

// TestTheClocksChange: over the day on which the clocks change, a reader gets one briefing a date,
// at the hour; one whose hour does not exist gets it at the first instant after the gap, one whose hour comes twice
// at the first.
func TestTheClocksChange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		zone, hour string
		day        briefing.Date
		due        [3]string // the day before, the day, the day after
	}{
		{"America/New_York", "09:00", briefing.Date{Year: 2026, Month: 3, Day: 8}, [3]string{"2026-03-07T14:00:00Z", "2026-03-08T13:00:00Z", "2026-03-09T13:00:00Z"}},
		{"America/New_York", "02:30", briefing.Date{Year: 2026, Month: 3, Day: 8}, [3]string{"2026-03-07T07:30:00Z", "2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"}},
		{"America/New_York", "01:30", briefing.Date{Year: 2026, Month: 11, Day: 1}, [3]string{"2026-10-31T05:30:00Z", "2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"}},
		{"Europe/Berlin", "09:00", briefing.Date{Year: 2026, Month: 3, Day: 29}, [3]string{"2026-03-28T08:00:00Z", "2026-03-29T07:00:00Z", "2026-03-30T07:00:00Z"}},
		{"Europe/Berlin", "02:30", briefing.Date{Year: 2026, Month: 3, Day: 29}, [3]string{"2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"}},
		{"Europe/Berlin", "02:30", briefing.Date{Year: 2026, Month: 10, Day: 25}, [3]string{"2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"}},
	} {
		t.Run(c.zone+" "+c.day.String()+" "+c.hour, func(t *testing.T) {
			t.Parallel()
			h := build(t, storetest.SQLite)
			first, err := time.Parse(time.RFC3339, c.due[0])
			if err != nil {
				t.Fatal(err)
			}
			h.clock.set(first.Add(-time.Hour))
			h.start()
			h.addHaneul()
			h.json("PUT", "/api/users/"+haneul, apiSecret, fmt.Sprintf(`{"timezone":%q,"deliver_at":%q}`, c.zone, c.hour), http.StatusOK)
			for at := first.Add(-10 * time.Minute); at.Before(first.Add(50 * time.Hour)); at = at.Add(30 * time.Minute) {
				h.morning(at)
			}
			entries, err := h.app.Store.Entries(t.Context(), briefing.EntryFilter{Reader: haneul})
			if err != nil {
				t.Fatal(err)
			}
			var got [3]string
			for _, e := range entries {
				i := e.Date.DaysSince(c.day) + 1
				if i < 0 || i > 2 || got[i] != "" || e.State != briefing.Delivered {
					t.Fatalf("an entry of %s is %s", e.Date, e.State)
				}
				got[i] = e.DueAt.UTC().Format(time.RFC3339)
			}
			if got != c.due || len(h.dms()) != 3 {
				t.Errorf("due at %v in %d DMs, want %v", got, len(h.dms()), c.due)
			}
		})
	}
}

// TestAddedAMinuteBefore: who is added at 08:59 is briefed at nine, who is added at one past gets tomorrow's.
func TestAddedAMinuteBefore(t *testing.T) {
	t.Parallel()
	for at, want := range map[time.Duration]int{29 * time.Minute: 1, 29*time.Minute + 50*time.Second: 1, 31 * time.Minute: 0} {
		h := build(t, storetest.SQLite)
		h.start()
		h.clock.set(friday.Add(at))
		h.addHaneul()
		h.planAt(friday.Add(at).Add(time.Second), nil)
		h.morning(friday.Add(33 * time.Minute))
		if n := len(h.dms()); n != want {
			t.Errorf("added %s after half past eight: %d DMs, want %d", at, n, want)
		}
		h.morning(friday.Add(24*time.Hour + 30*time.Minute))
		if n := len(h.dms()); n != want+1 {
			t.Errorf("added %s after half past eight: %d DMs by the next day, want %d", at, n, want+1)
		}
		h.stop()
	}
}

// TestDaysOff: weekdays, a pause with an end and a pause without one, through a fortnight.
func TestDaysOff(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"weekdays":["mon","wed"]}`:                       "[2026-11-23 2026-11-25 2026-11-30 2026-12-02]",
		`{"paused_until":"2026-12-01"}`:                    "[2026-12-01 2026-12-02 2026-12-03]",
		`{"paused":true}`:                                  "[]",
		`{"weekdays":["tue"],"paused_until":"2026-11-25"}`: "[2026-12-01]",
	} {
		h := build(t, storetest.SQLite)
		h.start()
		h.addHaneul()
		h.json("PUT", "/api/users/"+haneul, apiSecret, body, http.StatusOK)
		for d := range 14 {
			h.morning(friday.Add(time.Duration(d)*24*time.Hour + 30*time.Minute))
		}
		rows := storetest.Rows(t, h.app.Store, "SELECT date FROM achim_entry WHERE state = 'delivered' ORDER BY date")
		if got := fmt.Sprint(rows); got != want {
			t.Errorf("%s: delivered %s, want %s", body, got, want)
		}
		if others := storetest.Rows(t, h.app.Store, "SELECT reason FROM achim_entry WHERE state <> 'delivered' AND reason NOT IN ('paused', 'day_off')"); len(others) != 0 {
			t.Errorf("%s: the others are %v", body, others)
		}
		h.stop()
	}
}
