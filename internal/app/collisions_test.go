package app_test

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"achim/briefing"
	"achim/internal/standin"
	"achim/store/storetest"
)

// runsBefore lets something happen between what a trigger reads and what it writes.
type runsBefore struct {
	briefing.RunStore
	once   sync.Once
	before func()
}

func (r *runsBefore) Trigger(ctx context.Context, run briefing.Run, steps []briefing.Step) error {
	r.once.Do(r.before)
	return r.RunStore.Trigger(ctx, run, steps)
}

// TestTriggerThatMissesADelivery: the entry a trigger found on its way is delivered before the run is
// written. The run must not wait for it for ever.
func TestTriggerThatMissesADelivery(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.start()
		h.addHaneul()
		h.slack.Inject(standin.Fault{Op: "chat.postMessage", Cut: "after", Times: 1})
		h.json("POST", "/api/cron/daily-summary?wait=0s", cronSecret, "", http.StatusAccepted)
		h.eventually("sending", func() bool { return h.entry().State == briefing.Sending && h.entry().Owner == "" })
		h.app.Trigger.Runs = &runsBefore{RunStore: h.app.Store, before: h.untilDelivered}
		wants(t, h.trigger(""), map[string]any{"outcome": "delivered", "reason": nil})
		h.oneDM()
	})
}

// TestATriggerWaitsForWhatIsUnderWay: a second trigger does not take the entry from its worker, or in the
// morning's rush everybody's sources would be read twice.
func TestATriggerWaitsForWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.start()
	h.addHaneul()
	h.connect()
	h.google.ResetCalls() // the page after connecting counts the calendars too
	h.feeds.Inject(standin.Fault{Op: "/wire.xml", Delay: time.Second, Times: 1})
	h.json("POST", "/api/cron/daily-summary?wait=0s", cronSecret, "", http.StatusAccepted)
	h.eventually("reading", func() bool { return h.google.Calls("calendar.calendarList.list") == 1 })
	wants(t, h.trigger(""), map[string]any{"outcome": "delivered", "status": "complete"})
	if n := h.google.Calls("calendar.calendarList.list"); n != 1 {
		t.Errorf("the calendars were listed %d times for one briefing", n)
	}
	h.oneDM()
}

// prepared brings haneul's entry to prepared, just before the hour.
func (h *house) prepared() {
	h.t.Helper()
	h.clock.set(friday.Add(28*time.Minute + 10*time.Second)) // 08:58:10
	if _, err := h.app.Planner.Tick(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	h.app.Trigger.Wake()
	h.eventually("prepared", func() bool { e := h.entry(); return e.State == briefing.Prepared && e.Owner == "" })
}

// TestPausingWhileAWorkerMovesTheEntry: the pause is what counts, wherever the entry has got to meanwhile.
func TestPausingWhileAWorkerMovesTheEntry(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.start()
	h.addHaneul()
	h.prepared()
	stale := h.entry()
	stale.Epoch--
	h.app.Roster.Runs = staleEntries{h.app.Store, []briefing.Entry{stale}}
	h.json("PUT", "/api/users/"+haneul, apiSecret, `{"paused":true}`, http.StatusOK)
	if e := h.entry(); e.State != briefing.Missed || e.Reason != briefing.Paused {
		t.Errorf("after the pause the entry is %s (%s)", e.State, e.Reason)
	}
	h.app.Roster.Runs = h.app.Store
	h.json("PUT", "/api/users/"+haneul, apiSecret, `{"paused":false}`, http.StatusOK)
	if e := h.entry(); e.State != briefing.Planned {
		t.Errorf("a pause taken back before the hour leaves the entry %s (%s)", e.State, e.Reason)
	}
	h.clock.set(friday.Add(30 * time.Minute))
	h.app.Trigger.Wake()
	h.eventually("the DM", func() bool { return len(h.dms()) == 1 })
}

// staleEntries lists entries as they were a moment ago.
type staleEntries struct {
	briefing.RunStore
	entries []briefing.Entry
}

func (s staleEntries) Entries(context.Context, briefing.EntryFilter) ([]briefing.Entry, error) {
	return slices.Clone(s.entries), nil
}

// TestAnotherHourReadsUpToIt: a briefing put off to the evening tells the day's mail, not the morning's alone.
func TestAnotherHourReadsUpToIt(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.start()
	h.addHaneul()
	h.connect()
	h.prepared()
	h.json("PUT", "/api/users/"+haneul, apiSecret, `{"deliver_at":"18:00"}`, http.StatusOK)
	h.clock.set(friday.Add(9*time.Hour + 31*time.Minute)) // 18:01
	h.google.AddMail(haneulMail, standin.Mail{ID: "18c0d1", From: "최영호 <youngho@gaon.example>", To: haneulMail,
		Subject: "오후에 온 메일", Body: "확인 부탁드립니다?", Date: friday.Add(5 * time.Hour), Labels: []string{"INBOX"}})
	h.app.Trigger.Wake()
	h.eventually("the DM", func() bool { return len(h.dms()) == 1 })
	holds(t, seen(h.oneDM()), "오후에 온 메일")
}

// TestAnotherSlackAccountGetsTheBriefing: what was prepared for one person's DM is not posted into it once
// the reader is somebody else there.
func TestAnotherSlackAccountGetsTheBriefing(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.slack.AddUser("U0NEW", "haneul2", "김하늘")
	h.start()
	h.addHaneul()
	h.prepared()
	h.json("PUT", "/api/users/"+haneul, apiSecret, `{"slack_user_id":"U0NEW"}`, http.StatusOK)
	h.clock.set(friday.Add(30 * time.Minute))
	h.app.Trigger.Wake()
	h.eventually("delivered", func() bool { return h.entry().State == briefing.Delivered })
	if before, now := len(h.dms()), len(h.slack.Messages("U0NEW")); before != 0 || now != 1 {
		t.Errorf("%d DMs to the account before, %d to the one now", before, now)
	}
}

// TestAnEarlierHourTodayIsCaughtUp: a reader who at 08:30 moves 09:00 to 08:00 is still briefed today, and
// what came due while nothing ran is not forgotten because a reader was changed first.
func TestAnEarlierHourTodayIsCaughtUp(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.start()
	h.addHaneul()
	h.json("PUT", "/api/users/"+haneul, apiSecret, `{"deliver_at":"08:00"}`, http.StatusOK)
	if _, err := h.app.Planner.Tick(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.app.Trigger.Wake()
	h.eventually("the DM", func() bool { return len(h.dms()) == 1 })
	h.eventually("delivered", func() bool { return h.entry().State == briefing.Delivered })
	h.clock.set(friday.Add(3*24*time.Hour + 10*time.Hour)) // nothing has planned Saturday to Monday yet
	h.json("PUT", "/api/users/"+haneul, apiSecret, `{"language":"en"}`, http.StatusOK)
	if _, err := h.app.Planner.Tick(t.Context()); err != nil {
		t.Fatal(err)
	}
	for day := 1; day <= 3; day++ {
		date := briefing.DateOf(friday.Add(time.Duration(day)*24*time.Hour), friday.Location())
		entries, err := h.app.Store.Entries(t.Context(), briefing.EntryFilter{Reader: haneul, Date: date})
		if err != nil || len(entries) != 1 || entries[0].Reason != briefing.PastGrace {
			t.Errorf("%s: %v, %v: want a miss with the reason", date, entries, err)
		}
	}
}

// TestReconnectingWhileTheBriefingIsOnItsWay: a grant that comes while the sources are read, or while the
// message is posted, still mends today's briefing.
func TestReconnectingWhileTheBriefingIsOnItsWay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		fault func(h *house)
		state briefing.State
	}{
		{"reading", func(h *house) { h.feeds.Inject(standin.Fault{Op: "/wire.xml", Delay: 2 * time.Second, Times: 1}) }, briefing.Planned},
		{"posting", func(h *house) {
			h.slack.Inject(standin.Fault{Op: "chat.postMessage", Delay: 2 * time.Second, Times: 1})
		}, briefing.Sending},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := build(t, storetest.SQLite)
			h.start()
			h.addHaneul()
			h.connect()
			h.google.Revoke(haneulMail)
			c.fault(h)
			h.json("POST", "/api/cron/daily-summary?wait=0s", cronSecret, "", http.StatusAccepted)
			h.eventually(c.name, func() bool { e := h.entry(); return e.State == c.state && e.Owner != "" })
			h.eventually("the dead grant to be noticed", func() bool { return h.google.Calls("gmail.messages.list") > 0 })
			h.connect()
			h.eventually("delivered", func() bool { return h.entry().State == briefing.Delivered })
			h.clock.advance(61 * time.Second)
			h.app.Trigger.Wake()
			h.eventually("complete", func() bool { return h.entry().Status == briefing.Complete })
			holds(t, seen(h.oneDM()), "계약서 3조 수정안")
		})
	}
}
