package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"achim/internal/standin"
	"achim/store/storetest"
)

// TestTheMorningEndToEnd is the main job, through the front door: consent, trigger, one DM, its row, and
// nothing more on a second trigger.
func TestTheMorningEndToEnd(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.start()
		h.addHaneul()
		h.connect()
		reader := h.trigger("")
		wants(t, reader, map[string]any{"outcome": "delivered", "status": "complete", "user_id": haneul})

		dm := h.oneDM()
		holds(t, seen(dm), "박준호", "계약서 3조 수정안", "제품 주간회의", "09:30", "https://meet.gaon.example/abc-defg-hij",
			"한국은행, 기준금리 동결", "수도권 첫눈, 출근길 주의", "11월 20일 금요일")
		lacks(t, seen(dm), "degraded", "일부 누락")
		if pings := standin.Pings(dm); len(pings) > 0 {
			t.Errorf("a mail's subject pings: %v", pings)
		}
		if dm.Params.Get("unfurl_links") != "false" || dm.Params.Get("unfurl_media") != "false" {
			t.Error("links of the briefing unfurl")
		}
		holds(t, string(dm.Metadata), string(h.entry().ID))

		rows := storetest.Rows(t, h.app.Store, "SELECT role, channel, channel_id, message_ts, content FROM conversation_log")
		if len(rows) != 1 {
			t.Fatalf("%d rows in conversation_log, want one", len(rows))
		}
		holds(t, rows[0], "assistant|slack|"+dm.Channel+"|"+dm.TS, "계약서 3조 수정안")

		wants(t, h.trigger(`{"user_ids":["`+haneul+`"]}`), map[string]any{"outcome": "skipped", "reason": "already_delivered"})
		h.oneDM()
	})
}

// TestCallsOfABriefing holds the numbers: what a briefing may cost the others.
func TestCallsOfABriefing(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.start()
		h.addHaneul()
		h.connect()
		h.google.ExpireAccess(haneulMail)
		h.google.ResetCalls()
		h.slack.ResetCalls()
		h.feeds.ResetCalls()
		h.clock.advance(2 * time.Hour) // the access token's hour is over
		h.trigger("")
		for op, most := range map[string]int{
			"token": 1, "gmail.messages.list": 4, "gmail.messages.get": 4, // two mails, their senders, answers, and bodies
			"calendar.calendarList.list": 1, "calendar.events.list": 2,
		} {
			if got := h.google.Calls(op); got != most {
				t.Errorf("%s: %d calls, want %d", op, got, most)
			}
		}
		if open, post, all := h.slack.Calls("conversations.open"), h.slack.Calls("chat.postMessage"), h.slack.Calls("*"); open != 1 || post != 1 || all != 2 {
			t.Errorf("Slack: %d opens, %d posts of %d calls on a first briefing", open, post, all)
		}
		h.slack.ResetCalls()
		h.trigger(`{"force":true}`)
		if all := h.slack.Calls("*"); all != 1 {
			t.Errorf("Slack: %d calls for a later briefing, want the post alone", all)
		}
		if got := h.feeds.Calls("/wire.xml"); got != 1 {
			t.Errorf("the feed was asked %d times within ten minutes, want once", got)
		}
	})
}

// TestFeedsAreSharedByAllReaders: one request a feed, however many readers.
func TestFeedsAreSharedByAllReaders(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.start()
	for _, who := range []struct{ id, slack string }{
		{"10000000-0000-4000-8000-000000000001", "U0ONE"}, {"10000000-0000-4000-8000-000000000002", "U0TWO"},
		{"10000000-0000-4000-8000-000000000003", "U0THREE"},
	} {
		h.slack.AddUser(who.slack, strings.ToLower(who.slack), who.slack)
		h.json("PUT", "/api/users/"+who.id+"?quiet=true", apiSecret, `{"name":"`+who.slack+`","slack_user_id":"`+who.slack+`"}`, http.StatusCreated)
	}
	run := h.json("POST", "/api/cron/daily-summary?wait=30s", cronSecret, "", http.StatusOK)
	if got := run["counts"].(map[string]any)["complete"]; got != 3.0 {
		t.Errorf("complete = %v, want 3: %v", got, run)
	}
	if got := h.feeds.Calls("/wire.xml"); got != 1 {
		t.Errorf("the feed was asked %d times for three readers", got)
	}
}

// TestRevokedGrantDegradesAndMends is the incident this software exists for: the grant dies, the briefing
// says so with one control, and mends in place after reconnecting.
func TestRevokedGrantDegradesAndMends(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.start()
		h.addHaneul()
		h.connect()
		h.trigger("")
		h.google.Revoke(haneulMail)
		wants(t, h.trigger(`{"force":true}`), map[string]any{"outcome": "delivered", "status": "degraded"})

		messages := h.dms()
		if len(messages) != 2 {
			t.Fatalf("%d DMs after force, want two", len(messages))
		}
		degraded := messages[1]
		holds(t, seen(degraded), "일부 누락", "degraded", "한국은행, 기준금리 동결", "기준")
		lacks(t, seen(degraded), "답장할 메일 없음", "메일 없음", "일정 없음", "일정도")
		if n := strings.Count(string(degraded.Blocks), `"type":"button"`); n != 1 {
			t.Errorf("%d controls for one cause", n)
		}
		problem := h.json("POST", "/api/gmail/refresh/"+haneul, apiSecret, "", http.StatusConflict)
		wants(t, problem, map[string]any{"code": "reauth_required"})
		if url, _ := problem["auth_url"].(string); !strings.HasPrefix(url, h.env["GOOGLE_AUTH_URL"]) {
			t.Errorf("auth_url = %q", url)
		}

		h.connect()
		h.eventually("the DM to mend", func() bool { return !strings.Contains(seen(h.dms()[1]), "degraded") })
		mended := h.dms()[1]
		holds(t, seen(mended), "계약서 3조 수정안", "제품 주간회의")
		lacks(t, seen(mended), "일부 누락", "degraded")
		if mended.TS != degraded.TS || !mended.Edited || len(h.dms()) != 2 {
			t.Error("the briefing was not mended in place")
		}
		h.eventually("the thread reply", func() bool { return len(h.slack.Messages(haneulSlack)) == 3 })
		if reply := h.slack.Messages(haneulSlack)[2]; reply.ThreadTS != degraded.TS || !strings.Contains(reply.Text, "채웠습니다") {
			t.Errorf("reply %q in thread %s", reply.Text, reply.ThreadTS)
		}
		rows := storetest.Rows(t, h.app.Store, "SELECT content FROM conversation_log WHERE message_ts = '"+mended.TS+"'")
		if len(rows) != 1 || !strings.Contains(rows[0], "계약서 3조 수정안") {
			t.Errorf("conversation_log has %q", rows)
		}
	})
}

// TestPostMendsADegradedBriefing: a trigger reads again what failed, and edits the DM.
func TestPostMendsADegradedBriefing(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.start()
		h.addHaneul()
		h.connect()
		h.google.Inject(standin.Fault{Op: "gmail.messages.list", Status: http.StatusServiceUnavailable})
		first := h.trigger("")
		wants(t, first, map[string]any{"outcome": "delivered", "status": "degraded"})
		wants(t, first["sources"].(map[string]any)["gmail"].(map[string]any), map[string]any{"verdict": "failed", "reason": "unavailable"})
		wants(t, h.trigger(""), map[string]any{"outcome": "still_degraded"})
		h.google.Clear()
		h.google.ResetCalls()
		wants(t, h.trigger(""), map[string]any{"outcome": "mended", "status": "complete"})
		if got := h.google.Calls("calendar.events.list"); got != 0 {
			t.Errorf("the calendar, read in full before, was read again %d times", got)
		}
		holds(t, seen(h.oneDM()), "계약서 3조 수정안")
		lacks(t, seen(h.oneDM()), "degraded")
	})
}

// TestNothingOfAnotherReader: two readers, two accounts, no line of one in the other's DM.
func TestNothingOfAnotherReader(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.slack.AddUser("U0MINJI", "minji", "박민지")
	h.google.AddAccount(standin.Account{Email: "minji@gaon.example", Subject: "1002", Mail: []standin.Mail{
		{ID: "18c0b1", From: "secret@gaon.example", To: "minji@gaon.example", Subject: "민지만 볼 것", Body: "확인 부탁드립니다?", Date: friday.Add(-time.Hour), Labels: []string{"INBOX"}},
	}})
	h.start()
	h.addHaneul()
	h.connect()
	const minji = "4f0c6a52-1d2e-4b7a-9c55-0a1b2c3d4e5f"
	h.json("PUT", "/api/users/"+minji+"?quiet=true", apiSecret, `{"name":"minji","slack_user_id":"U0MINJI"}`, http.StatusCreated)
	h.json("POST", "/api/cron/daily-summary?wait=30s", cronSecret, "", http.StatusOK)
	lacks(t, seen(h.oneDM()), "민지만 볼 것")
	other := h.slack.Messages("U0MINJI")
	if len(other) != 1 {
		t.Fatalf("minji has %d DMs", len(other))
	}
	lacks(t, seen(other[0]), "계약서", "제품 주간회의", haneulMail)
	holds(t, seen(other[0]), "연결") // never connected: an invitation
	lacks(t, seen(other[0]), "degraded", "없음")
}
