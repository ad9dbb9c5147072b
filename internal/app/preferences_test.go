package app_test

import (
	"errors"
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

// prefer changes what haneul prefers, over HTTP, and returns that as it then stands.
func (h *house) prefer(preferences string) map[string]any {
	h.t.Helper()
	return h.json("PUT", "/api/users/"+haneul, apiSecret, `{"preferences":`+preferences+`}`, http.StatusOK)["preferences"].(map[string]any)
}

// inTurn checks that the parts stand in the text in this order.
func inTurn(t *testing.T, text string, parts ...string) {
	t.Helper()
	rest := text
	for _, part := range parts {
		_, after, found := strings.Cut(rest, part)
		if !found {
			t.Errorf("%q is missing, or in another place than %q, in:\n%s", part, parts, text)
			return
		}
		rest = after
	}
}

// sourcesOf names the sources a run tells of a reader.
func sourcesOf(reader map[string]any) (names []string) {
	for _, name := range []string{"calendar", "gmail", "news"} {
		if _, ok := reader["sources"].(map[string]any)[name]; ok {
			names = append(names, name)
		}
	}
	return names
}

// TestSectionsByPreference: a section that is off is neither read nor spoken of, the others come in the reader's order, and
// taken back everything is as before, with the mail of the days between.
func TestSectionsByPreference(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.start()
		h.addHaneul()
		h.connect()
		wants(t, h.trigger(""), map[string]any{"outcome": "delivered", "status": "complete"})
		inTurn(t, h.dms()[0].Text, "\n일정 1건", "\n답장할 메일 2통", "\n뉴스 2건", "모두 읽었습니다")

		h.prefer(`{"sections":["news","calendar"]}`)
		h.google.ResetCalls()
		h.clock.set(friday.AddDate(0, 0, 1))
		off := h.trigger("")
		wants(t, off, map[string]any{"outcome": "delivered", "status": "complete"})
		if got := fmt.Sprint(sourcesOf(off)); got != "[calendar news]" {
			t.Errorf("the run tells of %s", got)
		}
		if mail, calendar := h.google.Calls("gmail.messages.list"), h.google.Calls("calendar.events.list"); mail != 0 || calendar == 0 {
			t.Errorf("the mailbox was asked %d times, the calendars %d times", mail, calendar)
		}
		saturday := seen(h.dms()[1])
		lacks(t, saturday, "메일", "Gmail", "연결", "degraded")
		inTurn(t, h.dms()[1].Text, "11월 21일", "일정이 없습니다", "새 소식 없음", "캘린더 2개, 피드 1개")

		h.google.AddMail(haneulMail, standin.Mail{ID: "18c0b1", From: `"이수진" <sujin@gaon.example>`, To: haneulMail, Subject: "4분기 예산",
			Body: "의견 주실 수 있을까요?", Date: friday.Add(10 * time.Hour), Labels: []string{"INBOX", "UNREAD"}})
		// What other programs ask for is read all the same.
		if got := len(h.json("GET", "/messages?user_id="+haneulSlack, apiSecret, "", http.StatusOK)["messages"].([]any)); got == 0 {
			t.Error("/messages answers with nothing")
		}
		h.prefer(`{"sections":["gmail"]}`)
		h.json("GET", "/api/calendar/events?user_id="+haneulSlack, apiSecret, "", http.StatusOK)

		wants(t, h.prefer(`{"sections":null}`), map[string]any{"sections": []any{"calendar", "gmail", "news"}})
		h.clock.set(friday.AddDate(0, 0, 2))
		on := h.trigger("")
		if got := fmt.Sprint(on["status"], sourcesOf(on)); got != "complete[calendar gmail news]" {
			t.Errorf("taken back: %s", got)
		}
		sunday := h.dms()[2]
		holds(t, seen(sunday), "4분기 예산", "금요일 08:30 이후") // from friday's watermark on
		lacks(t, seen(sunday), "계약서 3조 수정안")
		inTurn(t, sunday.Text, "\n답장할 메일 1통", "피드")
	})
}

// TestSectionsInOrder: the reader's order is that of the blocks and of the text, also where all are wanted.
func TestSectionsInOrder(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.start()
	h.addHaneul()
	h.connect()
	h.prefer(`{"sections":["news","gmail","calendar"]}`)
	h.trigger("")
	dm := h.oneDM()
	inTurn(t, dm.Text, "11월 20일", "오늘 일정은 09:30", "\n뉴스 2건", "\n답장할 메일 2통", "\n일정 1건", "모두 읽었습니다")
	inTurn(t, string(dm.Blocks), `"gist"`, `"news"`, `"mail"`, `"calendar"`, `"footer"`)
	dry := h.json("POST", "/api/cron/daily-summary?wait=30s", apiSecret, `{"dry_run":true}`, http.StatusOK)
	inTurn(t, fmt.Sprint(dry["readers"]), "뉴스 2건", "답장할 메일 2통", "일정 1건")
	h.prefer(`{"sections":["gmail"]}`)
	dry = h.json("POST", "/api/cron/daily-summary?wait=30s", apiSecret, `{"dry_run":true}`, http.StatusOK)
	holds(t, fmt.Sprint(dry["readers"]), "답장할 메일 2통")
	lacks(t, fmt.Sprint(dry["readers"]), "일정", "뉴스", "calendar", "news")
}

// TestNoGoogleWantedNoneMissed: to a reader of the news alone a dead grant is no trouble, no notice and no invitation; and
// wanted again, it is.
func TestNoGoogleWantedNoneMissed(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.start()
		h.welcomeHaneul()
		h.prefer(`{"sections":["news"]}`)
		h.look(friday.Add(2 * time.Minute))
		h.got(haneulSlack, "welcome:1")
		wants(t, h.trigger(""), map[string]any{"outcome": "delivered", "status": "complete"})
		for _, m := range h.dms() {
			lacks(t, seen(m), "Google", "Gmail", "일정", "메일")
		}
		for day := range 9 {
			h.look(friday.AddDate(0, 0, day).Add(3 * time.Hour))
		}
		h.got(haneulSlack, "welcome:1") // and no reminder

		h.clock.set(friday.AddDate(0, 0, 10))
		h.connect()
		h.google.Revoke(haneulMail)
		h.grantsChecked(friday.AddDate(0, 0, 10).Add(5 * time.Hour)) // which is done all the same
		if dead := h.json("GET", "/api/gmail/check/"+haneul, apiSecret, "", http.StatusOK)["dead_since"]; dead == nil {
			t.Error("the grant is not known to be dead")
		}
		h.look(friday.AddDate(0, 0, 10).Add(6 * time.Hour))
		h.got(haneulSlack, "welcome:1")
		wants(t, h.trigger(""), map[string]any{"outcome": "delivered", "status": "complete"})

		h.prefer(`{"sections":["news","calendar"]}`)
		h.clock.set(friday.AddDate(0, 0, 11))
		wants(t, h.trigger(""), map[string]any{"outcome": "delivered", "status": "degraded"})
		dm := h.dms()[len(h.dms())-1]
		holds(t, seen(dm), "Google 연결이 끊겨", "일정")
		if got := fmt.Sprint(sourcesOf(h.trigger(`{"force":true}`))); got != "[calendar news]" {
			t.Errorf("told of %s", got)
		}
	})
}

// TestAMendKeepsTheSections: a message that was sent stays the one it was, whatever its reader prefers since.
func TestAMendKeepsTheSections(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.start()
	h.addHaneul()
	h.connect()
	h.prefer(`{"sections":["news","gmail","calendar"]}`)
	h.google.Inject(standin.Fault{Op: "gmail.messages.list", Status: http.StatusServiceUnavailable, Times: 4})
	wants(t, h.trigger(""), map[string]any{"status": "degraded"})
	h.prefer(`{"sections":["calendar"]}`)
	h.google.Clear()
	for h.entry().Status == briefing.Degraded {
		h.mendNow()
	}
	dm := h.oneDM()
	inTurn(t, dm.Text, "\n뉴스 2건", "\n답장할 메일 2통", "\n일정 1건")
	h.clock.set(friday.AddDate(0, 0, 1))
	h.trigger("")
	lacks(t, seen(h.dms()[1]), "뉴스", "메일", "Gmail")
}

// TestPreferencesChangedWhilePrepared: what was prepared a minute before the hour is prepared again; other changes leave it.
func TestPreferencesChangedWhilePrepared(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.start()
	h.addHaneul()
	h.connect()
	h.prepared()
	before := h.entry()
	h.prefer(`{"sections":["calendar","gmail","news"],"vips":[]}`) // as it is
	if e := h.entry(); e.State != briefing.Prepared || e.Epoch != before.Epoch {
		t.Errorf("nothing has changed, and the entry is %s", e.State)
	}
	h.prefer(`{"sections":["news"]}`)
	h.eventually("prepared again", func() bool {
		e := h.entry()
		return e.State == briefing.Prepared && e.Owner == "" && e.Epoch > before.Epoch
	})
	h.clock.set(friday.Add(30 * time.Minute))
	h.app.Trigger.Wake()
	h.eventually("the DM", func() bool { return len(h.dms()) == 1 })
	lacks(t, seen(h.oneDM()), "메일", "일정")
}

// TestHostilePreferences: whatever is sent is kept as it is or refused by name, and never half of it.
func TestHostilePreferences(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.start()
		h.addHaneul()
		kept := h.prefer(`{"vips":["Junho@Gaon.example","junho@gaon.example"],"mute_words":["'; DROP TABLE achim_reader; --","$1 %s ?"],"more":["🏳️‍🌈","반도체"]}`)
		want := map[string]any{"sections": "[calendar gmail news]", "vips": "[junho@gaon.example]",
			"mute_words": "['; DROP TABLE achim_reader; -- $1 %s ?]", "more": "[🏳️‍🌈 반도체]", "less": "[]"}
		wants(t, kept, want)
		var many []string
		for i := range 10_000 {
			many = append(many, fmt.Sprintf(`"w%d@gaon.example"`, i))
		}
		for preferences, field := range map[string]string{
			`{"vips":[` + strings.Join(many, ",") + `]}`:                  "preferences.vips",
			`{"more":["` + strings.Repeat("가", 300_000) + `"]}`:           "preferences.more[0]",
			`{"mute_words":["괜찮은 말","\u0000\u001b[2J"]}`:                  "preferences.mute_words[1]",
			`{"mute_senders":["a@b.example","ju\u202enho@gaon.example"]}`: "preferences.mute_senders[1]",
			`{"vips":["ok@gaon.example","@hanbit.example","hanbit"]}`:     "preferences.vips[2]",
			`{"mute_feeds":["javascript:alert(1)"]}`:                      "preferences.mute_feeds[0]",
			`{"mute_senders":["junho@gaon.example"]}`:                     "preferences.vips[0]",
			`{"sections":[]}`:                  "preferences.sections",
			`{"sections":["calendar","mail"]}`: "preferences.sections[1]",
			`{"sections":"all"}`:               "preferences.sections",
			`{"vip":["a@b.example"]}`:          "preferences.vip",
			`{"vips":{"0":"a@b.example"}}`:     "preferences.vips",
			`{"vips":[["a@b.example"]]}`:       "preferences.vips",
			`[]`:                               "preferences",
			`"all"`:                            "preferences",
		} {
			refused := h.json("PUT", "/api/users/"+haneul, apiSecret, `{"name":"somebody else","preferences":`+preferences+`}`, http.StatusBadRequest)
			if detail := fmt.Sprint(refused); !strings.Contains(detail, field+":") || len(detail) > 2000 {
				t.Errorf("%.60s: %.500s", preferences, detail)
			}
		}
		user := h.json("GET", "/api/users/"+haneul, apiSecret, "", http.StatusOK)
		wants(t, user["preferences"].(map[string]any), want)
		wants(t, user, map[string]any{"name": "haneul"})

		// What GET gave may be sent back whole, and what is left out stays.
		back := h.call("GET", "/api/users/"+haneul, apiSecret, "")
		if again := h.call("PUT", "/api/users/"+haneul, apiSecret, string(back.body)); string(again.body) != string(back.body) {
			t.Errorf("sent back: %s\nbefore: %s", again.body, back.body)
		}
		wants(t, h.prefer(`{"vips":null,"mute_words":[]}`), map[string]any{"vips": "[]", "mute_words": "[]", "more": "[🏳️‍🌈 반도체]"})
		wants(t, h.prefer(`null`), map[string]any{"sections": "[calendar gmail news]", "more": "[]"})
		if rows := storetest.Rows(t, h.app.Store, "SELECT COUNT(*) FROM achim_reader WHERE preferences IS NULL"); fmt.Sprint(rows) != "[1]" {
			t.Errorf("nothing is preferred, and stored all the same: %v", rows)
		}
	})
}

// TestChangesAtTheSameTime: who changes other members of the same reader at the same moment loses nothing, the command line's
// feeds included, and a reader who is removed meanwhile does not come back.
func TestChangesAtTheSameTime(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.start()
		h.addHaneul()
		for i := range 10 {
			h.json("PUT", "/api/users/"+haneul, apiSecret, `{"preferences":null,"paused":false,"feeds":null}`, http.StatusOK)
			feed := fmt.Sprintf("https://feed%d.example/rss", i)
			word, vip := fmt.Sprint("낱말", i), fmt.Sprintf("v%d@gaon.example", i)
			var all sync.WaitGroup
			for _, body := range []string{`{"paused":true}`, `{"preferences":{"mute_words":["` + word + `"]}}`, `{"preferences":{"vips":["` + vip + `"]}}`} {
				all.Go(func() {
					if got := h.call("PUT", "/api/users/"+haneul, apiSecret, body); got.status != http.StatusOK {
						t.Errorf("%s: %d %s", body, got.status, got.body)
					}
				})
			}
			all.Go(func() {
				if _, err := h.app.AddFeed(t.Context(), haneul, briefing.Feed{URL: feed}); err != nil {
					t.Error(err)
				}
			})
			all.Wait()
			got := h.json("GET", "/api/users/"+haneul, apiSecret, "", http.StatusOK)
			wants(t, got, map[string]any{"paused": true})
			if text := fmt.Sprint(got); !strings.Contains(text, word) || !strings.Contains(text, vip) || !strings.Contains(text, feed) {
				t.Fatalf("one of %s, %s and %s is lost: %s", word, vip, feed, text)
			}
		}
		var many sync.WaitGroup
		for i := range 60 { // nobody is turned away either
			many.Go(func() {
				if got := h.call("PUT", "/api/users/"+haneul, apiSecret, fmt.Sprintf(`{"name":"haneul%d"}`, i)); got.status != http.StatusOK {
					t.Errorf("%d %s", got.status, got.body)
				}
			})
		}
		many.Wait()
		_, err := h.app.Roster.Change(t.Context(), haneul, func(r *briefing.Reader) error {
			r.Name = "gone"
			return h.app.Store.DeleteReader(t.Context(), r.ID)
		})
		if !errors.Is(err, briefing.ErrNotFound) {
			t.Errorf("a reader who was removed meanwhile: %v", err)
		}
		h.json("GET", "/api/users/"+haneul, apiSecret, "", http.StatusNotFound)
	})
}

// TestMutedWordsInMail: a mail is not shown for a word in its text or in its sender's name either, however the word was typed.
func TestMutedWordsInMail(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	for i, m := range []standin.Mail{
		{From: `"이수진" <sujin@gaon.example>`, Subject: "확인 부탁드립니다", Body: "하늘 님, 급여 인상안에 오늘 15:00까지 의견 주실 수 있을까요?"},
		{From: `"급여담당 이수진" <pay@gaon.example>`, Subject: "확인 부탁드립니다", Body: "하늘 님, 첨부에 의견 주실 수 있을까요?"},
	} {
		m.ID, m.To, m.Date, m.Labels = fmt.Sprint("18c0b", i), haneulMail, friday.Add(-time.Hour), []string{"INBOX", "UNREAD"}
		h.google.AddMail(haneulMail, m)
	}
	h.start()
	h.addHaneul()
	h.connect()
	if got := fmt.Sprint(h.prefer(`{"mute_words":["\u1100\u1173\u11b8\u110b\u1167"],"more":["ＡＩ"]}`)); !strings.Contains(got, "[급여]") || !strings.Contains(got, "[AI]") {
		t.Errorf("kept as %s", got)
	}
	h.trigger("")
	lacks(t, seen(h.oneDM()), "급여")
	inTurn(t, h.oneDM().Text, "답장할 메일 2통")
}
