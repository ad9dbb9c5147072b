package app_test

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"achim/briefing"
	"achim/internal/app"
)

// inOrder checks that the parts stand in the text one after the other.
func inOrder(t *testing.T, text string, parts ...string) {
	t.Helper()
	rest := text
	for _, part := range parts {
		_, after, found := strings.Cut(rest, part)
		if !found {
			t.Errorf("%q is missing, or stands too early, in:\n%s", part, text)
			return
		}
		rest = after
	}
}

// scheduledRun returns the only run that nobody triggered.
func (h *house) scheduledRun() map[string]any {
	h.t.Helper()
	var found []map[string]any
	for _, r := range h.json("GET", "/api/runs", cronSecret, "", http.StatusOK)["runs"].([]any) {
		if run := r.(map[string]any); run["kind"] != string(briefing.RunManual) {
			found = append(found, run)
		}
	}
	if len(found) != 1 {
		h.t.Fatalf("%d runs that nobody triggered: %v", len(found), found)
	}
	return found[0]
}

// TestDownFromTenToNineUntilHalfPast: the briefing comes once, late, whole and in its order, and what was missed
// is a catch-up in the book of runs.
func TestDownFromTenToNineUntilHalfPast(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.start()
		h.addHaneul()
		h.connect()
		h.clock.set(friday.Add(20 * time.Minute)) // 08:50
		h.stop()
		h.clock.set(friday.Add(time.Hour)) // 09:30
		h.start()
		h.eventually("the late briefing", func() bool { return len(h.dms()) == 1 && h.entry().State == briefing.Delivered })
		inOrder(t, h.oneDM().Text, "제품 주간회의", "계약서 3조 수정안", "한국은행, 기준금리 동결")
		if e := h.entry(); e.Status != briefing.Complete || !e.DueAt.Equal(friday.Add(30*time.Minute)) {
			t.Errorf("the briefing is %s and was due at %s", e.Status, e.DueAt)
		}
		h.eventually("the end of the run", func() bool { return h.scheduledRun()["state"] == "finished" })
		run := h.scheduledRun()
		wants(t, run, map[string]any{"kind": briefing.RunCatchup, "date": "2026-11-20"})
		wants(t, run["readers"].([]any)[0].(map[string]any), map[string]any{"outcome": "delivered", "status": "complete"})

		h.stop() // and nothing makes it come again
		h.start()
		h.planAt(friday.Add(65*time.Minute), nil)
		wants(t, h.trigger(""), map[string]any{"outcome": "skipped", "reason": "already_delivered"})
		h.oneDM()
	})
}

// TestDownFromTenToNineUntilThree: later than the grace nothing is sent, and the entry says why.
func TestDownFromTenToNineUntilThree(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.start()
		h.addHaneul()
		h.connect()
		h.clock.set(friday.Add(20 * time.Minute))
		h.stop()
		h.clock.set(friday.Add(6*time.Hour + 30*time.Minute)) // 15:00
		h.start()
		h.eventually("the miss", func() bool { return len(h.entriesOn(0)) == 1 })
		if e := h.entry(); e.State != briefing.Missed || e.Reason != briefing.PastGrace {
			t.Errorf("the entry is %s for %q", e.State, e.Reason)
		}
		run := h.scheduledRun()
		wants(t, run, map[string]any{"state": "finished", "date": "2026-11-20"})
		wants(t, run["readers"].([]any)[0].(map[string]any), map[string]any{"outcome": "skipped", "reason": briefing.PastGrace})
		if n := len(h.dms()); n != 0 || h.slack.Calls("chat.postMessage") != 0 {
			t.Errorf("%d DMs", n)
		}
	})
}

// TestTriggersAndTheScheduleCollide: two processes are triggered by hand in the minute in which both plan the
// scheduled run. There is one briefing, whoever makes it, and every run comes to its end.
func TestTriggersAndTheScheduleCollide(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.start()
		h.addHaneul()
		h.connect()
		houses := []*house{h}
		if !h.app.Store.Exclusive() {
			other := *h
			a, err := app.New(t.Context(), app.Options{Config: h.config(), Now: h.clock.now, Logger: slog.New(slog.NewTextHandler(h.log, nil))})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := a.Stop(context.Background()); err != nil {
					t.Error(err)
				}
			})
			if err := a.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			other.app = a
			houses = append(houses, &other)
		}
		h.clock.set(friday.Add(30 * time.Minute)) // 09:00
		var all sync.WaitGroup
		for n := range 12 {
			at := houses[n%len(houses)]
			all.Go(func() {
				if n < 6 {
					if a := at.call("POST", "/api/cron/daily-summary?wait=0s", cronSecret, ""); a.status >= 300 {
						t.Errorf("trigger: %d %s", a.status, a.body)
					}
				} else if _, err := at.app.Planner.Tick(t.Context()); err != nil {
					t.Error(err)
				}
				at.app.Trigger.Wake()
			})
		}
		all.Wait()
		h.eventually("the DM", func() bool { return h.entry().State == briefing.Delivered })
		h.eventually("the end of all runs", func() bool {
			for _, r := range h.json("GET", "/api/runs", cronSecret, "", http.StatusOK)["runs"].([]any) {
				if r.(map[string]any)["state"] != "finished" {
					return false
				}
			}
			return true
		})
		if n := len(h.entriesOn(0)); n != 1 {
			t.Errorf("%d entries", n)
		}
		h.oneDM()
	})
}
