package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"achim/briefing"
	"achim/internal/standin"
	"achim/store/storetest"
)

// TestAmbiguousSlackNeverMakesTwo is promise 2 where it hurts: Slack does not say whether it posted. The
// entry stays "sending" until the history settles it, and there is exactly one DM either way.
func TestAmbiguousSlackNeverMakesTwo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		fault standin.Fault
	}{
		{"posted, then the connection was cut", standin.Fault{Cut: "after"}},
		{"cut before it acted", standin.Fault{Cut: "before"}},
		{"internal_error", standin.Fault{Status: 200, Body: `{"ok":false,"error":"internal_error"}`}},
		{"fatal_error", standin.Fault{Status: 200, Body: `{"ok":false,"error":"fatal_error"}`}},
		{"request_timeout", standin.Fault{Status: 200, Body: `{"ok":false,"error":"request_timeout"}`}},
		{"service_unavailable", standin.Fault{Status: 200, Body: `{"ok":false,"error":"service_unavailable"}`}},
		{"a code of tomorrow", standin.Fault{Status: 200, Body: `{"ok":false,"error":"a_code_of_tomorrow"}`}},
		{"ok, and no ts", standin.Fault{Status: 200, Body: `{"ok":true}`}},
		{"cut off in the middle", standin.Fault{Status: 200, Body: `{"ok":true,"channel":"D0`}},
		{"no error named", standin.Fault{Status: 200, Body: `{"ok":false}`}},
		{"empty 200", standin.Fault{Status: 200, Body: " "}},
		{"a proxy's page", standin.Fault{Status: 200, Body: "<html></html>", ContentType: "text/html"}},
		{"408", standin.Fault{Status: 408, Body: "late"}},
		{"500", standin.Fault{Status: 500}},
		{"502", standin.Fault{Status: 502}},
		{"503", standin.Fault{Status: 503}},
		{"504", standin.Fault{Status: 504}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := build(t, storetest.SQLite)
			h.start()
			h.addHaneul()
			c.fault.Op, c.fault.Times = "chat.postMessage", 1
			h.slack.Inject(c.fault)
			run := h.json("POST", "/api/cron/daily-summary?wait=0s", cronSecret, "", http.StatusAccepted)
			if run["state"] != "running" {
				t.Fatalf("run %v", run)
			}
			h.eventually("the entry to be in doubt", func() bool {
				e := h.entry()
				return e.State == briefing.Sending && e.Reason == briefing.Ambiguous
			})
			// A second trigger while nobody knows waits like the first, and posts nothing.
			h.json("POST", "/api/cron/daily-summary?wait=0s", cronSecret, "", http.StatusAccepted)
			h.untilDelivered()
			h.oneDM()
			rows := storetest.Rows(t, h.app.Store, "SELECT message_ts FROM conversation_log")
			if len(rows) != 1 || rows[0] != h.oneDM().TS {
				t.Errorf("conversation_log has %v", rows)
			}
			done := h.json("GET", "/api/runs/"+run["run_id"].(string), cronSecret, "", http.StatusOK)
			if done["state"] != "finished" {
				t.Errorf("the run that waited is %v", done["state"])
			}
		})
	}
}

// untilDelivered lets the clock run until the entry is delivered.
func (h *house) untilDelivered() {
	h.t.Helper()
	h.eventually("the entry to be delivered", func() bool { return h.hurry().State == briefing.Delivered })
}

// hurry moves the clock to when the entry wants work next, unless somebody works on it, and returns it.
func (h *house) hurry() briefing.Entry {
	h.t.Helper()
	e := h.entry()
	if wait := e.NextAt.Sub(h.clock.now()); e.Owner == "" && !e.NextAt.IsZero() && wait > 0 && e.State != briefing.Delivered {
		h.clock.advance(wait)
		h.app.Trigger.Wake()
	}
	return e
}

// TestHistoryThatCannotBeReadIsUnknown: without the history the entry is unknown and nothing more is sent
// on a guess, until a person has looked.
func TestHistoryThatCannotBeReadIsUnknown(t *testing.T) {
	t.Parallel()
	for _, delivered := range []bool{true, false} {
		h := build(t, storetest.SQLite)
		h.start()
		h.addHaneul()
		h.slack.Inject(standin.Fault{Op: "conversations.history", Status: 200, Body: `{"ok":false,"error":"missing_scope","needed":"im:history"}`})
		h.inDoubt("after")
		h.eventually("unknown", func() bool { return h.hurry().State == briefing.Unknown })
		wants(t, h.trigger(""), map[string]any{"outcome": "unknown"})
		h.oneDM()
		if _, err := h.app.Resolve(t.Context(), h.entry().ID, delivered); err != nil {
			t.Fatal(err)
		}
		h.app.Trigger.Wake()
		h.eventually("the entry to be settled", func() bool { return h.entry().State == briefing.Delivered })
		if want, got := map[bool]int{true: 1, false: 2}[delivered], len(h.dms()); got != want {
			t.Errorf("resolved as delivered=%v: %d DMs, want %d", delivered, got, want)
		}
		if _, err := h.app.Resolve(t.Context(), h.entry().ID, true); err == nil {
			t.Error("a delivered briefing can be resolved")
		}
		h.stop()
	}
}

// TestRefusalsOfSlack: a definite refusal is no ambiguity.
func TestRefusalsOfSlack(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, body string
		outcome    briefing.Outcome
		reason     briefing.Reason
		state      briefing.State
	}{
		{"dead token", `{"ok":false,"error":"invalid_auth"}`, briefing.OutcomeFailed, briefing.ClientMisconfigured, briefing.Prepared},
		{"no such person", `{"ok":false,"error":"user_not_found"}`, briefing.OutcomeFailed, briefing.RecipientUnreachable, briefing.Failed},
		{"payload", `{"ok":false,"error":"invalid_blocks"}`, briefing.OutcomeFailed, briefing.PayloadRefused, briefing.Failed},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := build(t, storetest.SQLite)
			h.start()
			h.addHaneul()
			h.slack.Inject(standin.Fault{Op: "chat.postMessage", Status: 200, Body: c.body})
			wants(t, h.trigger(""), map[string]any{"outcome": c.outcome, "reason": c.reason})
			if got := h.entry().State; got != c.state {
				t.Errorf("the entry is %s, want %s", got, c.state)
			}
			h.slack.Clear()
			wants(t, h.trigger(""), map[string]any{"outcome": "delivered"})
			h.oneDM()
		})
	}
}

// TestRefusedBlocksFallBackToText: a message Slack does not take with blocks is sent without.
func TestRefusedBlocksFallBackToText(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.start()
	h.addHaneul()
	h.slack.Inject(standin.Fault{Op: "chat.postMessage", Status: 200, Body: `{"ok":false,"error":"invalid_blocks"}`, Times: 1})
	wants(t, h.trigger(""), map[string]any{"outcome": "delivered"})
	holds(t, h.oneDM().Text, "한국은행, 기준금리 동결")
	if blocks := string(h.oneDM().Blocks); blocks != "" && blocks != "null" && blocks != "[]" {
		t.Errorf("blocks %s", blocks)
	}
}

// TestRateLimitIsWaitedFor: a 429 costs no attempt and no second message.
func TestRateLimitIsWaitedFor(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.start()
	h.addHaneul()
	h.slack.Inject(standin.Fault{Op: "chat.postMessage", Status: 429, Header: map[string]string{"Retry-After": "30"}, Times: 1})
	h.json("POST", "/api/cron/daily-summary?wait=0s", cronSecret, "", http.StatusAccepted)
	h.eventually("the 429", func() bool { return h.entry().Reason == briefing.RateLimited })
	if e := h.entry(); e.State != briefing.Prepared || e.Attempt != 0 || e.NextAt.Sub(e.SendingAt) < 30*time.Second {
		t.Errorf("after a 429 the entry is %s, attempt %d, next in %s", e.State, e.Attempt, e.NextAt.Sub(e.SendingAt))
	}
	h.untilDelivered()
	h.oneDM()
}

// TestRestartGoesOnWhereItWas: what was stopped between two steps is finished by the next process, once.
func TestRestartGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.start()
		h.addHaneul()
		h.slack.Inject(standin.Fault{Op: "chat.postMessage", Cut: "after", Times: 1})
		h.json("POST", "/api/cron/daily-summary?wait=0s", cronSecret, "", http.StatusAccepted)
		h.eventually("sending", func() bool { return h.entry().State == briefing.Sending && h.entry().Owner == "" })
		h.stop()
		h.clock.advance(time.Minute)
		h.start()
		h.untilDelivered()
		h.oneDM()
		h.stop()
		h.start()
		wants(t, h.trigger(""), map[string]any{"outcome": "skipped", "reason": "already_delivered"})
		h.oneDM()
	})
}

// TestScheduleDeliversAtTheHour: prepared ahead, posted at nine, by nobody's hand.
func TestScheduleDeliversAtTheHour(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.start()
		h.addHaneul()
		h.connect()
		h.clock.set(friday.Add(28*time.Minute + 10*time.Second)) // 08:58:10
		if _, err := h.app.Planner.Tick(t.Context()); err != nil {
			t.Fatal(err)
		}
		h.app.Trigger.Wake()
		h.eventually("the briefing to be prepared", func() bool { return h.entry().State == briefing.Prepared })
		if len(h.dms()) != 0 {
			t.Fatal("a briefing was posted before the hour")
		}
		h.clock.set(friday.Add(30 * time.Minute))
		h.app.Trigger.Wake()
		h.eventually("the DM", func() bool { return h.entry().State == briefing.Delivered })
		holds(t, seen(h.oneDM()), "08:58")
		if late := h.entry().SendingAt.Sub(h.entry().DueAt); late < 0 || late > 3*time.Second {
			t.Errorf("posted %s after the hour", late)
		}
		run := h.json("GET", "/api/runs", cronSecret, "", http.StatusOK)["runs"].([]any)[0].(map[string]any)
		wants(t, run, map[string]any{"kind": "schedule", "state": "finished", "date": "2026-11-20"})
	})
}

// TestWhatWasMissedIsCaughtUp: down over the hour, up within the grace: once, late. Up after it: recorded
// as missed, with the reason, and a trigger may still reopen it.
func TestWhatWasMissedIsCaughtUp(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.start()
	h.addHaneul()
	h.stop()
	h.clock.set(friday.Add(time.Hour)) // 09:30
	h.start()
	h.eventually("the late briefing", func() bool { return len(h.dms()) == 1 })
	h.eventually("delivered", func() bool { return h.entry().State == briefing.Delivered })
	h.stop()
	h.clock.set(friday.Add(30*time.Hour + 30*time.Minute)) // the next day, 15:00
	h.start()
	h.eventually("the miss to be recorded", func() bool { return h.entry().Date.String() == "2026-11-21" })
	if e := h.entry(); e.State != briefing.Missed || e.Reason != briefing.PastGrace {
		t.Errorf("the entry is %s (%s)", e.State, e.Reason)
	}
	h.oneDM()
	wants(t, h.trigger(""), map[string]any{"outcome": "delivered"})
	if len(h.dms()) != 2 {
		t.Errorf("%d DMs after reopening", len(h.dms()))
	}
}

// TestPullingForwardLeavesNothingForTheHour: a trigger before nine is the day's briefing.
func TestPullingForwardLeavesNothingForTheHour(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.start()
	h.addHaneul()
	h.clock.set(friday.Add(28*time.Minute + 10*time.Second))
	if _, err := h.app.Planner.Tick(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.app.Trigger.Wake()
	h.eventually("prepared", func() bool { return h.entry().State == briefing.Prepared })
	wants(t, h.trigger(""), map[string]any{"outcome": "delivered"})
	h.clock.set(friday.Add(31 * time.Minute))
	if _, err := h.app.Planner.Tick(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.app.Trigger.Wake()
	h.eventually("the scheduled run to finish", func() bool {
		runs := h.json("GET", "/api/runs", cronSecret, "", http.StatusOK)["runs"].([]any)
		for _, run := range runs {
			if run.(map[string]any)["state"] != "finished" {
				return false
			}
		}
		return true
	})
	h.oneDM()
}

// TestYesterdaysCalendarIsMarkedAsSuch: a calendar that cannot be read is told from the last good copy, with
// its age; mending names what is new.
func TestYesterdaysCalendarIsMarkedAsSuch(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	saturday := friday.Add(24 * time.Hour)
	h.google.AddEvent(haneulMail, "primary", standin.Event{ID: "sat", Summary: "토요일 점검", Start: saturday.Add(2 * time.Hour), End: saturday.Add(3 * time.Hour)})
	h.start()
	h.addHaneul()
	h.connect()
	h.trigger("")
	h.clock.set(saturday)
	h.google.AddEvent(haneulMail, "primary", standin.Event{ID: "new", Summary: "가온상사 방문", Start: saturday.Add(5 * time.Hour), End: saturday.Add(6 * time.Hour)})
	h.google.Inject(standin.Fault{Op: "calendar.calendarList.list", Status: 503})
	reader := h.trigger("")
	wants(t, reader, map[string]any{"status": "degraded"})
	wants(t, reader["sources"].(map[string]any)["calendar"].(map[string]any), map[string]any{"verdict": "stale", "reason": "unavailable", "count": 1})
	stale := seen(h.dms()[1])
	holds(t, stale, "토요일 점검", "어제 08:30 기준")
	lacks(t, stale, "가온상사 방문")
	h.google.Clear()
	wants(t, h.trigger(""), map[string]any{"outcome": "mended", "status": "complete"})
	holds(t, seen(h.dms()[1]), "토요일 점검", "가온상사 방문", "새로 잡힘")
}

// TestEmptyCopyIsToldAsACopy: a calendar that held nothing when it was last read and cannot be read now is neither told
// as an empty day nor passed over: it is named among what is missing, and its copy with the hour it was read.
func TestEmptyCopyIsToldAsACopy(t *testing.T) {
	t.Parallel()
	for name, breakIt := range map[string]func(h *house){
		"unavailable": func(h *house) {
			for _, op := range []string{"calendar.calendarList.list", "gmail.messages.list"} {
				h.google.Inject(standin.Fault{Op: op, Status: 503})
			}
		},
		"revoked": func(h *house) { h.google.Revoke(haneulMail) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := build(t, storetest.SQLite)
			h.clock.set(friday.Add(8 * 24 * time.Hour)) // a Saturday without meetings
			h.start()
			h.addHaneul()
			h.connect()
			h.trigger("")
			holds(t, seen(h.oneDM()), "일정도")
			breakIt(h)
			reader := h.trigger(`{"force":true}`)
			wants(t, reader["sources"].(map[string]any)["calendar"].(map[string]any), map[string]any{"verdict": "stale", "count": 0})
			dm := h.dms()[1]
			holds(t, seen(dm), "메일과 일정을", "Gmail·캘린더", "*캘린더*  (08:30에 읽은 사본에는 아무것도 없었고, 그 뒤에 바뀐 내용은 알 수 없습니다)")
			lacks(t, seen(dm), "일정 없음", "일정도", "오늘은 일정")
		})
	}
}

// TestAFeedWeRefuse: a feed on a private address is refused where somebody adds it, and one that was there before is
// laid at nobody's door but ours: the site is not blamed, and filling in is not promised.
func TestAFeedWeRefuse(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.env["PRIVATE_FEEDS"] = "false" // the team's feed is on loopback
	h.start()
	h.addHaneul()
	for _, address := range []string{"http://127.0.0.1:9/x?key=hunter2", "http://localhost/x", "http://10.0.0.7/x"} {
		fault := h.json("PUT", "/api/users/"+haneul, apiSecret, fmt.Sprintf(`{"feeds":[{"url":%q}]}`, address), http.StatusBadRequest)
		if said := fmt.Sprint(fault); !strings.Contains(said, "feeds[0]") || !strings.Contains(said, "news.allow_private_networks") || strings.Contains(said, "hunter2") {
			t.Errorf("%s: %s", address, said)
		}
	}
	h.json("PUT", "/api/users/"+haneul, apiSecret, `{"feeds":[{"url":"https://news.gaon.example/x"}]}`, http.StatusOK)
	h.json("PUT", "/api/users/"+haneul, apiSecret, `{"feeds":null}`, http.StatusOK)
	h.connect()
	reader := h.trigger("")
	wants(t, reader["sources"].(map[string]any)["news"].(map[string]any), map[string]any{"verdict": "failed", "reason": "client_misconfigured"})
	dm := seen(h.oneDM())
	holds(t, dm, "서버 설정 문제로 뉴스를 읽지 못했습니다.", "만 고칠 수 있습니다")
	lacks(t, dm, "뉴스 사이트", "채워 드립니다")
}

// TestMailMissedOnBadDaysIsCaughtUp: the watermark moves only with a reading in full.
func TestMailMissedOnBadDaysIsCaughtUp(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.start()
	h.addHaneul()
	h.connect()
	h.trigger("")
	h.google.Inject(standin.Fault{Op: "gmail.messages.list", Status: 503})
	for day := 1; day <= 2; day++ {
		h.clock.set(friday.Add(time.Duration(day) * 24 * time.Hour))
		if day == 1 {
			h.google.AddMail(haneulMail, standin.Mail{ID: "18c0c1", From: "최영호 <youngho@gaon.example>", To: haneulMail,
				Subject: "토요일에 온 메일", Body: "수요일 15시 괜찮으신가요?", Date: h.clock.now().Add(-time.Minute), Labels: []string{"INBOX"}})
		}
		wants(t, h.trigger(""), map[string]any{"status": "degraded"})
	}
	h.google.Clear()
	h.clock.set(friday.Add(3 * 24 * time.Hour))
	wants(t, h.trigger(""), map[string]any{"status": "complete"})
	dms := h.dms()
	holds(t, seen(dms[len(dms)-1]), "토요일에 온 메일", "금요일 08:30 이후")
}

// TestYesterdaysNewsIsNotToldAgain: a story is told on one date.
func TestYesterdaysNewsIsNotToldAgain(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.start()
	h.addHaneul()
	h.trigger("")
	h.clock.set(friday.Add(24 * time.Hour))
	h.feeds.Set("/wire.xml", standin.Feed{Title: "한빛통신", Items: []standin.FeedItem{
		{Title: "한국은행, 기준금리 동결", URL: "https://news.example/1b", GUID: "1b", Published: friday.Add(time.Hour)},
		{Title: "오늘의 새 소식", URL: "https://news.example/3", GUID: "3", Published: friday.Add(20 * time.Hour)},
	}})
	h.trigger("")
	holds(t, seen(h.dms()[1]), "오늘의 새 소식")
	lacks(t, seen(h.dms()[1]), "기준금리 동결")
	h.trigger(`{"force":true}`)
	holds(t, seen(h.dms()[2]), "오늘의 새 소식") // forced: compared with earlier dates only
	if strings.Count(seen(h.dms()[2]), "기준금리 동결") > 0 {
		t.Error("a forced briefing tells yesterday's news")
	}
}

// TestForceLeavesTheDayWhole: a forced briefing is an extra. The day's own finds what it would have found
// without it, and a look at the mail after it is a look at the day's.
func TestForceLeavesTheDayWhole(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.start()
	h.addHaneul()
	h.connect()
	h.trigger(`{"force":true}`)
	h.clock.advance(time.Minute)
	h.trigger("")
	dms := h.dms()
	for i, dm := range dms {
		if !strings.Contains(seen(dm), "계약서 3조 수정안") {
			t.Errorf("DM %d of %d is hollow:\n%s", i+1, len(dms), dm.Text)
		}
	}
	h.clock.advance(time.Minute)
	mail := h.json("GET", "/messages?user_id="+haneul, apiSecret, "", http.StatusOK)
	if n := len(mail["messages"].([]any)); n != 2 {
		t.Errorf("%d messages after the delivery, want the day's two", n)
	}
	dry := h.json("POST", "/api/cron/daily-summary?wait=30s", apiSecret, `{"dry_run":true}`, http.StatusOK)
	holds(t, dry["readers"].([]any)[0].(map[string]any)["text"].(string), "계약서 3조 수정안")
}

// TestTheEveningEndsMending: a degraded briefing that is found again after the evening is left alone, and its
// mail goes into the next one.
func TestTheEveningEndsMending(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.start()
	h.addHaneul()
	h.connect()
	h.google.Inject(standin.Fault{Op: "gmail.messages.list", Status: 503})
	h.trigger("")
	h.google.Clear()
	h.stop()
	h.clock.advance(24 * time.Hour)
	h.start()
	h.eventually("the mend to be given up", func() bool { return h.entry().NextAt.IsZero() })
	holds(t, seen(h.oneDM()), "degraded")
	h.trigger("")
	holds(t, seen(h.dms()[1]), "계약서 3조 수정안")
}

// TestADryRunIsAnsweredWhenItIsDone, and not with the next look at what other processes do, a second later.
func TestADryRunIsAnsweredWhenItIsDone(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.start()
	h.addHaneul()
	fastest := time.Minute
	for range 5 { // one of them on a machine that is not busy
		began := time.Now()
		wants(t, h.trigger(`{"dry_run":true}`), map[string]any{"outcome": "dry_run"})
		fastest = min(fastest, time.Since(began))
	}
	if fastest >= time.Second {
		t.Errorf("answered after %s at best", fastest)
	}
}
