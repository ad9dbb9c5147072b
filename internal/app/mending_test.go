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

// degraded brings haneul a briefing without mail, and returns the run.
func (h *house) degraded() (run string) {
	h.t.Helper()
	h.start()
	h.addHaneul()
	h.connect()
	h.google.Inject(standin.Fault{Op: "gmail.messages.list", Status: http.StatusServiceUnavailable})
	answer := h.json("POST", "/api/cron/daily-summary?wait=30s", cronSecret, "", http.StatusOK)
	wants(h.t, answer["readers"].([]any)[0].(map[string]any), map[string]any{"outcome": "delivered", "status": "degraded"})
	return answer["run_id"].(string)
}

// mendNow lets the clock come to the next mend, and returns the entry after it.
func (h *house) mendNow() briefing.Entry {
	h.t.Helper()
	before := h.entry()
	if before.NextAt.IsZero() {
		h.t.Fatal("nothing is to be mended by itself")
	}
	h.clock.set(before.NextAt)
	h.app.Trigger.Wake()
	h.eventually("the mend", func() bool { e := h.entry(); return e.Owner == "" && e.Epoch > before.Epoch })
	return h.entry()
}

// TestMendingByItself: what may come back is read again after one, two, four … minutes, at most half an hour apart,
// until the evening; nothing else is read, nothing is written while nothing changes, and the label goes at last.
func TestMendingByItself(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.degraded()
	h.google.ResetCalls()
	h.feeds.ResetCalls()
	h.slack.ResetCalls()
	var waits []time.Duration
	evening := time.Date(2026, 11, 20, 18, 0, 0, 0, friday.Location())
	looks := 0
	for e := h.entry(); !e.NextAt.IsZero(); e = h.mendNow() {
		if e.NextAt.After(evening) {
			t.Fatalf("a mend at %s, after the evening", e.NextAt)
		}
		waits = append(waits, e.NextAt.Sub(h.clock.now()).Round(time.Minute))
		looks++
	}
	if got := fmt.Sprint(waits[:7]); got != "[1m0s 2m0s 4m0s 8m0s 16m0s 30m0s 30m0s]" || looks < 20 {
		t.Errorf("%d looks, after %v", looks, waits)
	}
	if mail, other := h.google.Calls("gmail.messages.list"), h.google.Calls("calendar.calendarList.list")+h.google.Calls("calendar.events.list")+h.feeds.Calls("*"); mail < looks || other != 0 {
		t.Errorf("%d looks read the mail %d times and the others %d times", looks, mail, other)
	}
	if n := h.slack.Calls("*"); n != 0 {
		t.Errorf("%d calls to Slack while nothing changed", n)
	}
}

// TestMendedOneByOne: with two sources away, the message is brought up to date as each comes back; the thread hears
// of it once, and a reply that fails is not tried again.
func TestMendedOneByOne(t *testing.T) {
	t.Parallel()
	for _, fails := range []bool{false, true} {
		h := build(t, storetest.SQLite)
		h.start()
		h.addHaneul()
		h.connect()
		h.google.Inject(standin.Fault{Op: "gmail.messages.list", Status: 503})
		h.google.Inject(standin.Fault{Op: "calendar.calendarList.list", Status: 503})
		h.trigger("")
		holds(t, seen(h.oneDM()), "일부 누락", "degraded")
		h.google.Clear()
		h.google.Inject(standin.Fault{Op: "gmail.messages.list", Status: 503})
		if fails {
			h.slack.Inject(standin.Fault{Op: "chat.postMessage", Status: 503, Times: 1})
		}
		h.slack.ResetCalls()
		if e := h.mendNow(); e.Status != briefing.Degraded || !e.Notified {
			t.Errorf("with the calendar back, the entry is %s, notified %v", e.Status, e.Notified)
		}
		h.eventually("the thread to be told", func() bool { return h.slack.Calls("chat.postMessage") == 1 }) // which comes after the commit
		holds(t, seen(h.oneDM()), "제품 주간회의", "일부 누락", "degraded")
		h.google.Clear()
		if e := h.mendNow(); e.Status != briefing.Complete || !e.NextAt.IsZero() {
			t.Errorf("with all back, the entry is %s, next at %s", e.Status, e.NextAt)
		}
		dm := h.oneDM()
		holds(t, seen(dm), "계약서 3조 수정안", "☀️", "채움")
		lacks(t, seen(dm), "일부 누락", "degraded", "⚠️")
		holds(t, string(dm.Metadata), `"complete"`)
		h.stop()
		replies := len(h.slack.Messages(haneulSlack)) - 1
		if want := map[bool]int{false: 1, true: 0}[fails]; replies != want || h.slack.Calls("chat.postMessage") != 1 {
			t.Errorf("%d replies of %d posts, want %d of one", replies, h.slack.Calls("chat.postMessage"), want)
		}
	}
}

// TestMessagesThatCannotBeEdited: a briefing whose message was deleted, or may not be edited any more, is left alone
// and told as such; no second DM, and what it lacked is in the next one.
func TestMessagesThatCannotBeEdited(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(h *house){
		"deleted": func(h *house) { dm := h.oneDM(); h.slack.Delete(dm.Channel, dm.TS) },
		"edit_window_closed": func(h *house) {
			h.slack.Inject(standin.Fault{Op: "chat.update", Body: `{"ok":false,"error":"edit_window_closed"}`})
		},
		"cant_update_message": func(h *house) {
			h.slack.Inject(standin.Fault{Op: "chat.update", Body: `{"ok":false,"error":"cant_update_message"}`})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := build(t, storetest.SQLite)
			run := h.degraded()
			spoil(h)
			h.google.Clear()
			if e := h.mendNow(); e.Reason != briefing.MessageGone || !e.NextAt.IsZero() || e.Status != briefing.Degraded {
				t.Errorf("the entry is %s for %q, next at %s", e.Status, e.Reason, e.NextAt)
			}
			if n := h.slack.Calls("chat.update"); n != 1 {
				t.Errorf("%d updates", n)
			}
			wants(t, h.readerOf(run), map[string]any{"outcome": "delivered", "status": "degraded", "reason": "message_gone"})
			holds(t, string(h.call("GET", "/metrics", "", "").body), "message_gone")
			holds(t, h.log.String(), "message_gone")
			if len(h.slack.Messages(haneulSlack)) != 1 {
				t.Error("something was posted")
			}
			h.slack.Clear()
			h.clock.set(friday.Add(24 * time.Hour))
			wants(t, h.trigger(""), map[string]any{"outcome": "delivered", "status": "complete"})
			dms := h.dms()
			holds(t, seen(dms[len(dms)-1]), "계약서 3조 수정안")
		})
	}
}

// TestAnEditWithoutAnAnswer: whether an update was made may be unknown; it is made again, which does no harm.
func TestAnEditWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]standin.Fault{
		"cut after":      {Cut: "after"},
		"cut before":     {Cut: "before"},
		"503":            {Status: 503},
		"internal_error": {Body: `{"ok":false,"error":"internal_error"}`},
		"ok false":       {Body: `{"ok":false}`},
		"empty":          {Body: " "},
		"HTML":           {Body: "<html></html>", ContentType: "text/html"},
		"limit":          {Status: 429, Header: map[string]string{"Retry-After": "30"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := build(t, storetest.SQLite)
			h.degraded()
			h.google.Clear()
			fault.Op, fault.Times = "chat.update", 1
			h.slack.Inject(fault)
			if e := h.mendNow(); e.Status != briefing.Degraded || e.NextAt.IsZero() {
				t.Errorf("the entry is %s, next at %s", e.Status, e.NextAt)
			}
			if e := h.mendNow(); e.Status != briefing.Complete {
				t.Errorf("the entry is %s (%s)", e.Status, e.Reason)
			}
			holds(t, seen(h.oneDM()), "계약서 3조 수정안")
			h.stop()
			if n := len(h.slack.Messages(haneulSlack)); n != 2 {
				t.Errorf("%d messages, want the briefing and one reply", n)
			}
		})
	}
}

// heavy fills haneul's day with long Korean words.
func (h *house) heavy() {
	for i := range 30 {
		at := friday.Add(time.Duration(i+2) * 15 * time.Minute)
		h.google.AddEvent(haneulMail, "primary", standin.Event{ID: fmt.Sprintf("heavy%02d", i), Location: strings.Repeat("서울특별시 중구 을지로 ", 12),
			Summary: strings.Repeat("분기 실적 점검 회의 ", 20), Start: at, End: at.Add(time.Hour), HangoutLink: "https://meet.gaon.example/abc-defg-hij"})
		h.google.AddMail(haneulMail, standin.Mail{ID: fmt.Sprintf("18d0%02d", i), From: strings.Repeat("최영호 ", 20) + "<youngho@gaon.example>", To: haneulMail,
			Subject: strings.Repeat("수정안 검토 요청 ", 20), Body: strings.Repeat("확인 부탁드립니다? 회신 주실 수 있을까요? ", 20),
			Date: friday.Add(-time.Duration(i+1) * time.Minute), Labels: []string{"INBOX", "UNREAD"}})
	}
}

// TestALongKoreanBriefingMends: what could be posted can be edited, however full the day is; where Slack
// refuses the blocks all the same, the text stands alone.
func TestALongKoreanBriefingMends(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]string{
		"as it is": "", "msg_blocks_too_long": `{"ok":false,"error":"msg_blocks_too_long"}`, "msg_too_long": `{"ok":false,"error":"msg_too_long"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := build(t, storetest.SQLite)
			h.heavy()
			h.degraded()
			h.google.Clear()
			if fault != "" {
				h.slack.Inject(standin.Fault{Op: "chat.update", Body: fault, Times: 1})
			}
			if e := h.mendNow(); e.Status != briefing.Complete || e.PlainText != (fault != "") {
				t.Errorf("the entry is %s (%s), in plain text %v", e.Status, e.Reason, e.PlainText)
			}
			dm := h.oneDM()
			if len(dm.Text) > 4000 || len(dm.Text) < 1000 || (len(dm.Blocks) == 0) != (fault != "") {
				t.Errorf("%d bytes of text, %d of blocks", len(dm.Text), len(dm.Blocks))
			}
			holds(t, dm.Text, "분기 실적 점검 회의", "수정안 검토 요청", "일정 31건", "외 ") // and how much is left out
			lacks(t, seen(dm), "일부 누락", "degraded")
		})
	}
}

// TestWhatDiffersFromTheCopyIsNamed: meetings that came up, moved or went since the copy that was shown.
func TestWhatDiffersFromTheCopyIsNamed(t *testing.T) {
	t.Parallel()
	for language, want := range map[string][]string{
		"ko": {"새로 잡힌 일정이 2건 있습니다", "13:30 가온상사 방문", "없어진 일정이 1건 있습니다", "11:30 디자인 리뷰", "새로 잡힘"},
		"en": {"2 meetings are new", "13:30 가온상사 방문", "1 meeting is no longer there", "11:30 디자인 리뷰"},
	} {
		h := build(t, storetest.SQLite)
		saturday := friday.Add(24 * time.Hour)
		event := func(id, title string, start time.Duration) {
			h.google.AddEvent(haneulMail, "primary", standin.Event{ID: id, Summary: title, Start: saturday.Add(start), End: saturday.Add(start + time.Hour)})
		}
		event("stays", "토요일 점검", 2*time.Hour)
		event("goes", "디자인 리뷰", 3*time.Hour)
		event("moves", "채용 면접", 4*time.Hour)
		h.start()
		h.addHaneul()
		h.json("PUT", "/api/users/"+haneul, apiSecret, fmt.Sprintf(`{"language":%q}`, language), http.StatusOK)
		h.connect()
		h.trigger("")
		h.clock.set(saturday)
		event("comes", "가온상사 방문", 5*time.Hour)
		event("goes", "디자인 리뷰", 5*24*time.Hour)
		event("moves", "채용 면접", 7*time.Hour)
		h.google.Inject(standin.Fault{Op: "calendar.calendarList.list", Status: 503})
		wants(t, h.trigger(""), map[string]any{"status": "degraded"})
		holds(t, seen(h.dms()[1]), "디자인 리뷰")
		h.google.Clear()
		wants(t, h.trigger(""), map[string]any{"outcome": "mended", "status": "complete"})
		holds(t, seen(h.dms()[1]), want...)
		h.stop()
	}
}

// TestDeadFromMondayToWednesday: the grant is dead for three days and comes back on Thursday, before the briefing
// or after it: Monday's mail is there, once, and the days without were told as such.
func TestDeadFromMondayToWednesday(t *testing.T) {
	t.Parallel()
	for _, dialect := range []storetest.Dialect{storetest.SQLite, storetest.Postgres} {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/after=%v", dialect, after), func(t *testing.T) {
				t.Parallel()
				h := build(t, dialect)
				h.start()
				h.addHaneul()
				h.connect()
				nine := friday.Add(30 * time.Minute)
				h.morning(nine)
				day := func(n int) time.Time { return nine.Add(time.Duration(n) * 24 * time.Hour) }
				h.morning(day(1))
				h.morning(day(2))
				h.clock.set(day(2).Add(10 * time.Hour)) // Sunday evening
				h.google.Revoke(haneulMail)
				for n := 3; n <= 5; n++ {
					h.google.AddMail(haneulMail, standin.Mail{ID: fmt.Sprintf("18e00%d", n), From: "최영호 <youngho@gaon.example>", To: haneulMail,
						Subject: fmt.Sprintf("%d일의 수정안", 20+n), Body: "확인 부탁드립니다?", Date: day(n).Add(-time.Hour), Labels: []string{"INBOX"}})
					h.morning(day(n))
					holds(t, seen(h.dms()[n]), "일부 누락", "degraded")
					lacks(t, seen(h.dms()[n]), "일정 없음", "일정도", "메일 없음", "메일도", "오늘은 일정")
				}
				if !after {
					h.clock.set(day(6).Add(-time.Hour))
					h.connect()
				}
				h.morning(day(6))
				if after {
					holds(t, seen(h.dms()[6]), "degraded")
					h.clock.set(day(6).Add(time.Hour))
					h.connect()
				}
				h.eventually("thursday's briefing to be whole", func() bool { return h.entry().Status == briefing.Complete })
				holds(t, seen(h.dms()[6]), "23일의 수정안", "24일의 수정안", "25일의 수정안", "일요일 08:58 이후")
				h.morning(day(7))
				lacks(t, seen(h.dms()[7]), "23일의 수정안", "degraded")
				if n := len(h.dms()); n != 8 {
					t.Errorf("%d DMs in eight days", n)
				}
			})
		}
	}
}
