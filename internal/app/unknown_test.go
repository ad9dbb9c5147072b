package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"achim/briefing"
	"achim/internal/standin"
	"achim/store/storetest"
)

// inDoubt triggers a briefing of which Slack does not say whether it was posted, and returns its run.
func (h *house) inDoubt(cut string) (run string) {
	h.t.Helper()
	h.slack.Inject(standin.Fault{Op: "chat.postMessage", Cut: cut, Times: 1})
	answer := h.json("POST", "/api/cron/daily-summary?wait=0s", cronSecret, "", http.StatusAccepted)
	h.eventually("the entry to be in doubt", func() bool {
		e := h.entry()
		return e.State == briefing.Sending && e.Reason == briefing.Ambiguous
	})
	return answer["run_id"].(string)
}

// readerOf returns the one reader of a run.
func (h *house) readerOf(run string) map[string]any {
	h.t.Helper()
	return h.json("GET", "/api/runs/"+run, cronSecret, "", http.StatusOK)["readers"].([]any)[0].(map[string]any)
}

// TestResolvingCorrectsTheRuns: what a person found out is told by every run that was told "unknown".
func TestResolvingCorrectsTheRuns(t *testing.T) {
	t.Parallel()
	for _, dialect := range []storetest.Dialect{storetest.SQLite, storetest.Postgres} {
		for _, stands := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/delivered=%v", dialect, stands), func(t *testing.T) {
				t.Parallel()
				h := build(t, dialect)
				h.start()
				h.addHaneul()
				cut := map[bool]string{true: "after", false: "before"}[stands]
				h.slack.Inject(standin.Fault{Op: "conversations.history", Body: `{"ok":false,"error":"missing_scope","needed":"im:history"}`})
				runs := []string{h.inDoubt(cut)}
				h.eventually("unknown", func() bool { return h.hurry().State == briefing.Unknown })
				second := h.json("POST", "/api/cron/daily-summary?wait=30s", cronSecret, "", http.StatusOK)
				runs = append(runs, second["run_id"].(string))
				for _, run := range runs {
					wants(t, h.readerOf(run), map[string]any{"outcome": "unknown", "reason": "client_misconfigured"})
				}
				holds(t, string(h.call("GET", "/metrics", "", "").body), `outcome="unknown"`)

				if _, err := h.app.Resolve(t.Context(), h.entry().ID, stands); err != nil {
					t.Fatal(err)
				}
				h.app.Trigger.Wake()
				h.eventually("delivered", func() bool { return h.entry().State == briefing.Delivered })
				h.oneDM()
				for _, run := range runs {
					wants(t, h.readerOf(run), map[string]any{"outcome": "delivered", "status": "complete", "reason": nil})
				}
				if rows := storetest.Rows(t, h.app.Store, "SELECT id FROM conversation_log"); len(rows) != 1 {
					t.Errorf("conversation_log has %d rows", len(rows))
				}
			})
		}
	}
}

// TestResolvedTwice: of two persons who settle a briefing at once, one is heard.
func TestResolvedTwice(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.start()
		h.addHaneul()
		h.slack.Inject(standin.Fault{Op: "conversations.history", Body: `{"ok":false,"error":"missing_scope"}`})
		h.inDoubt("after")
		h.eventually("unknown", func() bool { return h.hurry().State == briefing.Unknown })
		id := h.entry().ID
		var wg sync.WaitGroup
		errs := make([]error, 6)
		for i := range errs {
			wg.Go(func() { _, errs[i] = h.app.Resolve(t.Context(), id, i%2 == 0) })
		}
		wg.Wait()
		heard := 0
		for i, err := range errs {
			if err == nil {
				heard++
				want := map[bool]int{true: 1, false: 2}[i%2 == 0]
				h.app.Trigger.Wake()
				h.eventually("delivered", func() bool { return h.entry().State == briefing.Delivered })
				if n := len(h.dms()); n != want {
					t.Errorf("%d DMs, want %d", n, want)
				}
			}
		}
		if heard != 1 {
			t.Errorf("%d of %d were heard", heard, len(errs))
		}
	})
}

// TestAPauseTakenBackIsTold: the run that was told "skipped" tells the delivery that came after all.
func TestAPauseTakenBackIsTold(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.start()
		h.addHaneul()
		h.prepared()
		run := string(h.entry().Run)
		h.json("PUT", "/api/users/"+haneul, apiSecret, `{"paused":true}`, http.StatusOK)
		wants(t, h.readerOf(run), map[string]any{"outcome": "skipped", "reason": "paused"})
		h.json("PUT", "/api/users/"+haneul, apiSecret, `{"paused":false}`, http.StatusOK)
		h.clock.set(friday.Add(30 * time.Minute))
		h.app.Trigger.Wake()
		h.eventually("delivered", func() bool { return h.entry().State == briefing.Delivered })
		wants(t, h.readerOf(run), map[string]any{"outcome": "delivered", "status": "complete", "reason": nil})

		// A day that stays off is told as such, whatever is done by hand later.
		h.clock.set(friday.Add(24*time.Hour + 28*time.Minute))
		h.json("PUT", "/api/users/"+haneul, apiSecret, `{"paused":true}`, http.StatusOK)
		h.planAt(friday.Add(24*time.Hour+29*time.Minute), nil)
		h.eventually("the day off", func() bool { e := h.entry(); return e.State == briefing.Missed && e.Reason == briefing.Paused })
		off := string(h.entry().Run)
		wants(t, h.trigger(`{"user_ids":["`+haneul+`"]}`), map[string]any{"outcome": "delivered"})
		wants(t, h.readerOf(off), map[string]any{"outcome": "skipped", "reason": "paused"})
	})
}

// grudging answers one history call a minute, as Slack does to the least favoured apps, and counts the rounds.
type grudging struct {
	mu     sync.Mutex
	clock  *clock
	last   time.Time
	firsts []time.Time // when a search began at its first page
}

func (g *grudging) refuses(r *http.Request) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.clock.now()
	if now.Sub(g.last) < time.Minute {
		return true
	}
	g.last = now
	if err := r.ParseForm(); err == nil && r.Form.Get("cursor") == "" {
		g.firsts = append(g.firsts, now)
	}
	return false
}

// TestReconcilingAtOnePageAMinute: with fifteen messages a page and a page a minute, a DM full of talk since the
// attempt is read to its end, and whether the message stands is found out. Not posted is believed at the second look.
func TestReconcilingAtOnePageAMinute(t *testing.T) {
	t.Parallel()
	for _, cut := range []string{"after", "before"} {
		t.Run(cut, func(t *testing.T) {
			t.Parallel()
			h := build(t, storetest.SQLite)
			h.start()
			h.addHaneul()
			page := &grudging{clock: h.clock}
			h.slack.Inject(standin.Fault{Op: "conversations.history", Status: http.StatusTooManyRequests,
				Header: map[string]string{"Retry-After": "60"}, Match: page.refuses})
			h.inDoubt(cut)
			for range 40 {
				h.talk("talk", "")
			}
			h.eventually("delivered", func() bool {
				e := h.hurry()
				if e.State == briefing.Unknown {
					t.Fatalf("unknown (%s)", e.Reason)
				}
				return e.State == briefing.Delivered
			})
			ours := 0
			for _, dm := range h.dms() {
				if strings.Contains(string(dm.Metadata), string(h.entry().ID)) {
					ours++
				}
			}
			if ours != 1 {
				t.Errorf("%d briefings in the DM", ours)
			}
			if cut == "before" && (len(page.firsts) != 2 || page.firsts[1].Sub(page.firsts[0]) < 5*time.Second) {
				t.Errorf("looks began at %v, want two at least five seconds apart", page.firsts)
			}
		})
	}
}

// talk puts a message of the app's own into haneul's DM, as another part of it would.
func (h *house) talk(text, metadata string) {
	h.t.Helper()
	channel := h.entry().ChannelID
	form := fmt.Sprintf("token=%s&channel=%s&text=%s&metadata=%s", botToken, channel, text, metadata)
	resp, err := browser().Post(h.env["SLACK_API_URL"]+"/chat.postMessage", "application/x-www-form-urlencoded", strings.NewReader(form))
	if err != nil {
		h.t.Fatal(err)
	}
	_ = resp.Body.Close()
}

// TestAForgedMarkerDoesNotCount: a message of somebody else in the DM, with our marker on it, is no briefing.
func TestAForgedMarkerDoesNotCount(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.start()
	h.addHaneul()
	h.inDoubt("before")
	marker, err := json.Marshal(map[string]any{"event_type": "daily_briefing", "event_payload": map[string]any{"entry_id": h.entry().ID}})
	if err != nil {
		t.Fatal(err)
	}
	h.slack.Inject(standin.Fault{Op: "conversations.history", Body: fmt.Sprintf(
		`{"ok":true,"has_more":false,"messages":[{"type":"message","user":"U0EVE","bot_id":"B0EVE","text":"x","ts":"1.1","metadata":%s}]}`, marker)})
	h.untilDelivered()
	if dm := h.oneDM(); h.entry().MessageTS != dm.TS {
		t.Errorf("delivered as %s, the DM is %s", h.entry().MessageTS, dm.TS)
	}
}

// TestUnknownYesterdayIsALineToday: the reader hears that nobody knows whether yesterday's briefing arrived.
func TestUnknownYesterdayIsALineToday(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.start()
	h.addHaneul()
	h.slack.Inject(standin.Fault{Op: "conversations.history", Body: `{"ok":false,"error":"missing_scope"}`})
	h.inDoubt("before")
	h.eventually("unknown", func() bool { return h.hurry().State == briefing.Unknown })
	h.clock.set(friday.Add(24 * time.Hour))
	wants(t, h.trigger(""), map[string]any{"outcome": "delivered"})
	const line = "어제 브리핑이 도착했는지 확인하지 못했습니다."
	if n := strings.Count(string(h.oneDM().Blocks), line); n != 1 {
		t.Errorf("the line stands %d times in %s", n, h.oneDM().Text)
	}
}
