package app_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"achim/briefing"
	"achim/internal/app"
	"achim/internal/standin"
	"achim/store/storetest"
)

// startWith starts Achim with so many workers; the test's end stops it.
func (h *house) startWith(workers int) {
	h.t.Helper()
	cfg := h.config()
	storetest.Lay(h.t, h.env["DATABASE_URL"])
	if _, err := app.Migrate(h.t.Context(), cfg, false); err != nil {
		h.t.Fatal(err)
	}
	a, err := app.New(h.t.Context(), app.Options{Config: cfg, Now: h.clock.now, Workers: workers})
	if err != nil {
		h.t.Fatal(err)
	}
	h.app = a
	if err := a.Start(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(h.stop)
}

// addReaders adds n readers without accounts.
func (h *house) addReaders(n int) {
	h.t.Helper()
	for i := range n {
		slack := fmt.Sprintf("U0PACE%02d", i)
		h.slack.AddUser(slack, strings.ToLower(slack), slack)
		h.json("PUT", fmt.Sprintf("/api/users/10000000-0000-4000-8000-0000000000%02d?quiet=true", i), apiSecret,
			fmt.Sprintf(`{"name":"%s","slack_user_id":"%s"}`, slack, slack), http.StatusCreated)
	}
}

// posted returns when the reader's one DM was posted.
func (h *house) posted(i int) time.Time {
	h.t.Helper()
	messages := h.slack.Messages(fmt.Sprintf("U0PACE%02d", i))
	if len(messages) != 1 {
		h.t.Fatalf("%d DMs for reader %d, want one", len(messages), i)
	}
	ts, err := strconv.ParseFloat(messages[0].TS, 64)
	if err != nil {
		h.t.Fatal(err)
	}
	return time.UnixMicro(int64(ts * 1e6))
}

// TestThePaceOfAMorning: forty readers at ten a second go out one after the other, whoever has the earliest
// meeting first.
func TestThePaceOfAMorning(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		const readers, burst, every = 40, 20, 100 * time.Millisecond
		h.file = "delivery: {rate_per_minute: 600}\n"
		h.startWith(1)
		h.addReaders(readers)
		h.clock.set(friday.Add(28*time.Minute + 10*time.Second))
		if _, err := h.app.Planner.Tick(t.Context()); err != nil {
			t.Fatal(err)
		}
		h.app.Trigger.Wake()
		count := func(state briefing.State) func() bool {
			return func() bool {
				rows := storetest.Rows(t, h.app.Store, "SELECT COUNT(*) FROM achim_entry WHERE state = '"+string(state)+"' AND date = '2026-11-20' AND owner = ''")
				return rows[0] == strconv.Itoa(readers)
			}
		}
		h.eventually("everything is prepared", count(briefing.Prepared))
		// The last added has the earliest meeting. No DM is to be opened at the hour: that has a pace of its own.
		storetest.Exec(t, h.app.Store, "UPDATE achim_entry SET first_at = due_at - CAST(substr(reader_id, 35) AS BIGINT) * 1000, "+
			"channel_id = 'U0PACE' || substr(reader_id, 35)")
		h.clock.set(friday.Add(30*time.Minute - 100*time.Millisecond))
		h.app.Trigger.Wake()
		h.eventually("everything is delivered", count(briefing.Delivered))
		first, last := h.posted(readers-1), h.posted(0)
		for i := readers - 2; i >= 0; i-- {
			if !h.posted(i).After(h.posted(i + 1)) {
				t.Errorf("reader %d went out before reader %d, whose meeting is earlier", i, i+1)
			}
		}
		if limit := (readers - burst) * every; last.Sub(first) < limit-every {
			// How much longer it took is the machine's doing; the store's tests hold the 5 % on a clock of their own.
			t.Errorf("%d readers took %s, want at least %s", readers, last.Sub(first), limit)
		}
	})
}

// TestARunTellsItsEnd: a run under way says when it should be over, one that is over does not.
func TestARunTellsItsEnd(t *testing.T) {
	h := build(t, storetest.SQLite)
	h.file = "delivery: {rate_per_minute: 60}\n"
	h.startWith(0)
	h.addReaders(24)
	run := h.json("POST", "/api/cron/daily-summary?wait=0s", cronSecret, "", http.StatusAccepted)
	end, err := time.Parse(time.RFC3339, fmt.Sprint(run["estimated_end"]))
	if ahead := end.Sub(h.clock.now()); err != nil || ahead < time.Second || ahead > 8*time.Second {
		t.Errorf("estimated_end %v is %s ahead (%v), want about 4 s: 20 at once, then one a second", run["estimated_end"], ahead, err)
	}
	metrics := string(h.call("GET", "/metrics", "", "").body)
	holds(t, metrics, "achim_run_pending ", `achim_pace_wait_seconds{kind="post"}`)
	path := "/api/runs/" + run["run_id"].(string)
	h.eventually("the run is finished", func() bool {
		run = h.json("GET", path, cronSecret, "", http.StatusOK)
		return run["state"] == "finished"
	})
	if run["estimated_end"] != nil {
		t.Errorf("estimated_end of a finished run is %v", run["estimated_end"])
	}
	for i := range 24 {
		h.posted(i)
	}
}

// TestSlacksLimitHoldsEverybody: one 429 stops all posts until Slack takes them again, and nobody is lost.
func TestSlacksLimitHoldsEverybody(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.start()
		h.addReaders(10)
		h.slack.Inject(standin.Fault{Op: "chat.postMessage", Status: 429, Header: map[string]string{"Retry-After": "30"}, Times: 1})
		run := h.json("POST", "/api/cron/daily-summary?wait=0s", cronSecret, "", http.StatusAccepted)
		path := "/api/runs/" + run["run_id"].(string)
		h.eventually("Slack has refused", func() bool { return h.slack.Calls("chat.postMessage") > 0 })
		h.eventually("the run is finished", func() bool {
			h.clock.advance(time.Second)
			run = h.json("GET", path, cronSecret, "", http.StatusOK)
			return run["state"] == "finished"
		})
		for i := range 10 {
			h.posted(i)
		}
		if got := h.slack.Calls("chat.postMessage"); got != 11 {
			t.Errorf("%d posts for ten readers and one refusal", got)
		}
	})
}
