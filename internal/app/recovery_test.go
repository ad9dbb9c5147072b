package app_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"achim/briefing"
	"achim/internal/standin"
	"achim/store/storetest"
)

// TestForcedTwiceIsNeverHollow: a briefing forced before there is a daily one moves the watermark; the next
// forced one tells the same mail all the same.
func TestForcedTwiceIsNeverHollow(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.start()
	h.addHaneul()
	h.connect()
	for n := range 3 {
		wants(t, h.trigger(`{"force":true}`), map[string]any{"outcome": "delivered", "status": "complete"})
		holds(t, seen(h.dms()[n]), "계약서 3조 수정안", "한국은행, 기준금리 동결")
		h.clock.advance(time.Minute)
	}
}

// TestPreparedAndNeverPostedIsMissed: down from just before the hour until after the grace is recorded like
// any other downtime.
func TestPreparedAndNeverPostedIsMissed(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.start()
	h.addHaneul()
	h.prepared()
	h.stop()
	h.clock.set(friday.Add(6 * time.Hour))
	h.start()
	h.eventually("the miss", func() bool { return h.entry().State == briefing.Missed })
	if e := h.entry(); e.Reason != briefing.PastGrace || len(h.dms()) != 0 {
		t.Errorf("missed for %q, %d DMs", e.Reason, len(h.dms()))
	}
	run := h.json("GET", "/api/runs", cronSecret, "", http.StatusOK)["runs"].([]any)[0].(map[string]any)
	wants(t, run, map[string]any{"state": "finished"})
	wants(t, run["readers"].([]any)[0].(map[string]any), map[string]any{"outcome": "skipped", "reason": "past_grace"})
}

// TestHistoryIsLookedAtAgainAfterARestart: half an hour after a crash, one look into the history that fails
// does not make the entry unknown; the time for looking begins when somebody looks.
func TestHistoryIsLookedAtAgainAfterARestart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		fault standin.Fault
	}{
		{"limit", standin.Fault{Status: 429, Header: map[string]string{"Retry-After": "60"}, Times: 15}},
		{"5xx", standin.Fault{Status: 503, Times: 5}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := build(t, storetest.SQLite)
			h.start()
			h.addHaneul()
			h.slack.Inject(standin.Fault{Op: "chat.postMessage", Cut: "after", Times: 1})
			h.json("POST", "/api/cron/daily-summary?wait=0s", cronSecret, "", http.StatusAccepted)
			h.eventually("sending", func() bool { return h.entry().State == briefing.Sending && h.entry().Owner == "" })
			h.stop()
			c.fault.Op = "conversations.history"
			h.slack.Inject(c.fault)
			h.clock.advance(30 * time.Minute)
			h.start()
			h.eventually("delivered", func() bool {
				e := h.entry()
				if e.State == briefing.Unknown {
					t.Fatalf("unknown (%s) although the history can be read soon", e.Reason)
				}
				if e.State == briefing.Sending && e.Owner == "" && e.NextAt.After(h.clock.now()) {
					h.clock.set(e.NextAt)
					h.app.Trigger.Wake()
				}
				return e.State == briefing.Delivered
			})
			h.oneDM()
		})
	}
}

// TestDryRunsEndWithTheirProcess: a dry run whose process was killed is told as failed, not as running for
// ever; one that stopping cuts short does not blame the sources.
func TestDryRunsEndWithTheirProcess(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.start()
		h.addHaneul()
		left := briefing.Run{ID: "left", Kind: briefing.RunManual, StartedAt: h.clock.now(),
			Readers: []briefing.RunReader{{Reader: haneul, SlackUserID: haneulSlack}}}
		if err := h.app.Store.Trigger(t.Context(), left, nil); err != nil {
			t.Fatal(err)
		}
		h.stop()
		h.clock.advance(time.Hour)
		h.feeds.Inject(standin.Fault{Op: "/wire.xml", Delay: time.Minute}) // before anybody can read it anew
		h.start()
		run := h.json("GET", "/api/runs/left", cronSecret, "", http.StatusOK)
		wants(t, run, map[string]any{"state": "finished"})
		wants(t, run["readers"].([]any)[0].(map[string]any), map[string]any{"outcome": "failed", "reason": "internal"})

		r, err := h.app.Find(t.Context(), haneul)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		if b, err := h.app.Pipeline.Preview(ctx, r, briefing.DateOf(h.clock.now(), friday.Location())); err == nil {
			t.Errorf("cut short, and told as %s: %v", b.Status, b.Problems)
		}
	})
}

// TestAnOlderBriefingKnowsNoBetter: mending the morning's briefing does not forget what a later one found out
// about a source that the mend did not read.
func TestAnOlderBriefingKnowsNoBetter(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.start()
	h.addHaneul()
	h.connect()
	h.google.Inject(standin.Fault{Op: "gmail.messages.list", Status: 503})
	wants(t, h.trigger(""), map[string]any{"status": "degraded"})
	h.clock.advance(10 * time.Minute)
	h.google.Inject(standin.Fault{Op: "calendar.calendarList.list", Status: 503})
	h.trigger(`{"force":true}`)
	failing := func() briefing.SourceState {
		m, err := h.app.Store.Memory(t.Context(), haneul, h.entry().Date)
		if err != nil {
			t.Fatal(err)
		}
		return m.Sources[briefing.Calendar]
	}
	before := failing()
	h.google.Clear()
	h.google.Inject(standin.Fault{Op: "calendar.calendarList.list", Status: 503})
	h.clock.advance(10 * time.Minute)
	wants(t, h.trigger(""), map[string]any{"outcome": "mended"})
	if after := failing(); !after.FailingSince.Equal(before.FailingSince) || after.Reason != before.Reason {
		t.Errorf("the calendar fails since %s (%s), and after mending another briefing's mail since %s (%s)",
			before.FailingSince, before.Reason, after.FailingSince, after.Reason)
	}
}

// TestDisconnectingADegradedBriefing: with the account gone, reading again finds none; what is told must
// still have a reason, or none to have.
func TestDisconnectingADegradedBriefing(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.start()
	h.addHaneul()
	h.connect()
	h.google.Inject(standin.Fault{Op: "gmail.messages.list", Status: 503})
	h.trigger("")
	if a := h.call("DELETE", "/api/gmail/"+haneul, apiSecret, ""); a.status >= 300 {
		t.Fatalf("disconnect: %d %s", a.status, a.body)
	}
	reader := h.trigger("")
	wants(t, reader["sources"].(map[string]any)["gmail"].(map[string]any), map[string]any{"verdict": "not_connected", "reason": nil})
	wants(t, reader, map[string]any{"outcome": "mended", "status": "complete"})
}

// TestAMendHonoursRetryAfter: who asks to be left alone for ten minutes is.
func TestAMendHonoursRetryAfter(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.start()
	h.addHaneul()
	h.connect()
	h.google.Inject(standin.Fault{Op: "gmail.messages.list", Status: 429, Header: map[string]string{"Retry-After": "600"},
		Body: standin.GoogleError(429, "rateLimitExceeded", "Too many concurrent requests for user")})
	h.trigger("")
	if wait := h.entry().NextAt.Sub(h.clock.now()); wait < 9*time.Minute || wait > 11*time.Minute {
		t.Errorf("asked to wait ten minutes, the mend comes in %s", wait)
	}
}

// TestADMThatIsGoneIsOpenedAnew: the id that was kept does not make every later briefing fail.
func TestADMThatIsGoneIsOpenedAnew(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.start()
	h.addHaneul()
	h.trigger("")
	h.slack.Inject(standin.Fault{Op: "chat.postMessage", Status: 200, Body: `{"ok":false,"error":"channel_not_found"}`, Times: 1})
	h.clock.advance(24 * time.Hour)
	wants(t, h.trigger(""), map[string]any{"outcome": "failed", "reason": "recipient_unreachable"})
	h.slack.ResetCalls()
	wants(t, h.trigger(""), map[string]any{"outcome": "delivered"})
	if n := h.slack.Calls("conversations.open"); n != 1 {
		t.Errorf("the DM was opened %d times", n)
	}
}

// claims records until when entries are claimed.
type claims struct {
	briefing.LedgerStore
	longest time.Duration
}

func (c *claims) Claim(ctx context.Context, id briefing.EntryID, epoch int64, owner string, now, until time.Time) (briefing.Entry, error) {
	c.longest = max(c.longest, until.Sub(now))
	return c.LedgerStore.Claim(ctx, id, epoch, owner, now, until)
}

// TestAClaimOutlastsTheBudgets: with a budget longer than a claim, two processes would take the entry from
// each other for ever.
func TestAClaimOutlastsTheBudgets(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.start()
	h.addHaneul()
	h.app.Pipeline.Budgets[briefing.Gmail] = 4 * time.Minute
	kept := &claims{LedgerStore: h.app.Store}
	h.app.Pipeline.Ledger = kept
	h.trigger("")
	h.stop()
	if kept.longest < 4*time.Minute+30*time.Second {
		t.Errorf("a claim lasts %s, reading alone may take 4m0s", kept.longest)
	}
}

// TestAnEntryFoundSendingHasHadNoLooks: refusals before the post are not taken for looks into the history, of
// which it takes two to say that nothing was posted.
func TestAnEntryFoundSendingHasHadNoLooks(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.start()
	h.addHaneul()
	h.slack.Inject(standin.Fault{Op: "chat.postMessage", Status: 200, Body: `{"ok":false,"error":"invalid_auth"}`, Times: 2})
	h.slack.Inject(standin.Fault{Op: "chat.postMessage", Times: 1, Delay: 3 * time.Second})
	wants(t, h.trigger(""), map[string]any{"outcome": "failed"})
	h.eventually("the third post to be under way", func() bool {
		h.clock.advance(time.Second)
		h.app.Trigger.Wake()
		return h.slack.Calls("chat.postMessage") == 3
	})
	if e := h.entry(); e.State != briefing.Sending || e.Tries != 0 {
		t.Errorf("the entry is %s after %d looks", e.State, e.Tries)
	}
	h.eventually("the DM", func() bool { return h.entry().State == briefing.Delivered })
	h.oneDM()
}
