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
	"achim/internal/app"
	"achim/internal/standin"
	"achim/store/storetest"
)

// seoulAt is an instant of November 2026, by clocks in Seoul.
func seoulAt(day, hour, minute int) time.Time {
	return time.Date(2026, 11, day, hour, minute, 0, 0, friday.Location())
}

// noticed returns the notices that somebody got, by kind.
func (h *house) noticed(user string) map[string][]standin.Message {
	h.t.Helper()
	byKind := map[string][]standin.Message{}
	for _, m := range h.slack.Messages(user) {
		var metadata struct {
			Type    string                        `json:"event_type"`
			Payload struct{ Kind, Notice string } `json:"event_payload"`
		}
		if isNotice(m) {
			if err := json.Unmarshal(m.Metadata, &metadata); err != nil {
				h.t.Fatal(err)
			}
			byKind[metadata.Payload.Kind] = append(byKind[metadata.Payload.Kind], m)
		}
	}
	return byKind
}

// got checks how many notices of each kind somebody has, as "welcome:1 reminder:3". What is still to come is waited for: the
// house looks every minute by itself, and may just be at it.
func (h *house) got(user, want string) {
	h.t.Helper()
	wanted := map[string]string{}
	for _, part := range strings.Fields(want) {
		kind, n, _ := strings.Cut(part, ":")
		wanted[kind] = n
	}
	h.eventually(fmt.Sprintf("notices %v of %s at %s", wanted, user, h.clock.now().In(friday.Location()).Format("02 15:04")), func() bool {
		have := map[string]string{}
		for kind, messages := range h.noticed(user) {
			have[kind] = fmt.Sprint(len(messages))
			if n, wants := wanted[kind]; !wants || len(n) < len(have[kind]) || len(n) == len(have[kind]) && n < have[kind] {
				h.t.Fatalf("%s has %d notices %s, want %q", user, len(messages), kind, want)
			}
		}
		return fmt.Sprint(have) == fmt.Sprint(wanted)
	})
}

// look lets the house look after its notices at a time.
func (h *house) look(at time.Time) {
	h.t.Helper()
	h.clock.set(at)
	if err := h.app.Herald.Check(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

// welcomeHaneul adds the reader without asking for quiet.
func (h *house) welcomeHaneul() {
	h.t.Helper()
	h.json("PUT", "/api/users/"+haneul, apiSecret, fmt.Sprintf(`{"name":"하늘","slack_user_id":%q,"email":%q}`, haneulSlack, haneulMail), http.StatusCreated)
}

// grantsChecked asks Google how haneul's grant stands, as is done an hour before the briefing.
func (h *house) grantsChecked(at time.Time) {
	h.t.Helper()
	h.clock.set(at)
	_, _ = h.app.Google.Refresh(h.t.Context(), haneul)
}

// TestAWelcomeIsSentOnce: across several processes at once, restarts and the hours after.
func TestAWelcomeIsSentOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.start()
		h.welcomeHaneul()
		h.look(friday.Add(30 * time.Second))
		h.got(haneulSlack, "") // who adds somebody may mistype the id
		beside, err := app.New(t.Context(), app.Options{Config: h.config(), Now: h.clock.now})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = beside.Stop(t.Context()) }()
		h.clock.set(friday.Add(2 * time.Minute))
		var all sync.WaitGroup
		for _, herald := range []*briefing.Herald{h.app.Herald, beside.Herald, h.app.Herald, beside.Herald} {
			all.Go(func() {
				if err := herald.Check(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		h.got(haneulSlack, "welcome:1")
		h.stop()
		h.start()
		h.look(friday.Add(3 * time.Hour))
		h.got(haneulSlack, "welcome:1")
		m := h.noticed(haneulSlack)["welcome"][0]
		holds(t, seen(m), "하늘 님", "매일 09:00", "11월 20일 금요일 09:00", "/connect/", "30일 동안")
		rows := storetest.Rows(t, h.app.Store, "SELECT channel, role, message_ts, metadata->>'kind', metadata->>'notice', metadata->>'date' FROM conversation_log")
		if len(rows) != 1 || rows[0] != "slack|assistant|"+m.TS+"|notice|welcome|2026-11-20" {
			t.Errorf("conversation_log holds %q", rows)
		}
	})
}

// TestQuietReadersGetBriefingsAlone: nobody welcomes them, and nobody asks them to connect.
func TestQuietReadersGetBriefingsAlone(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.start()
	h.addHaneul()
	for day := range 9 {
		h.look(friday.AddDate(0, 0, day).Add(2 * time.Hour))
	}
	h.got(haneulSlack, "")
}

// TestTheUnconnectedAreAskedThreeTimes: after one day, three and seven, an hour after their briefing, and then never.
func TestTheUnconnectedAreAskedThreeTimes(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.start()
		h.welcomeHaneul()
		var asked []string
		for hour := range 24 * 20 {
			at := friday.Add(2 * time.Minute).Add(time.Duration(hour) * time.Hour)
			before := len(h.noticed(haneulSlack)["reminder"])
			h.look(at)
			if len(h.noticed(haneulSlack)["reminder"]) > before {
				asked = append(asked, at.Format("2 15:04"))
			}
		}
		if got := strings.Join(asked, ", "); got != "21 10:32, 23 10:32, 27 10:32" { // the first look after 10:00
			t.Errorf("asked again on %s", got)
		}
		h.got(haneulSlack, "welcome:1 reminder:3")
		holds(t, seen(h.noticed(haneulSlack)["reminder"][2]), "이번이 마지막입니다")
	})
}

// TestWhoMovesOverConnectedIsOnlyWelcomed: whoever is imported and whose row of gmail_token is there already hears that there
// is nothing to do, and is never reminded.
func TestWhoMovesOverConnectedIsOnlyWelcomed(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.start()
		h.exec(`INSERT INTO gmail_token (user_id, token_data) VALUES ('%s', '{"access_token":"old","refresh_token":"%s"}')`, haneul, h.google.Grant(haneulMail).RefreshToken)
		plan, err := h.app.PlanImport(t.Context(), []app.ImportRow{{Line: 2, Values: map[string]string{"user_id": haneul, "name": "하늘", "slack_user_id": haneulSlack}}})
		if err != nil || len(plan.Faults) > 0 {
			t.Fatal(err, plan.Faults)
		}
		if people, connected, err := h.app.Welcomes(t.Context(), plan); people != 1 || connected != 1 || err != nil {
			t.Errorf("%d people, %d connected, %v", people, connected, err)
		}
		if _, err := h.app.Import(t.Context(), plan, false); err != nil {
			t.Fatal(err)
		}
		for day := range 9 {
			h.look(friday.AddDate(0, 0, day).Add(2 * time.Hour))
		}
		h.got(haneulSlack, "welcome:1")
		welcome := seen(h.noticed(haneulSlack)["welcome"][0])
		holds(t, welcome, "이미 연결되어 있어 하실 일은 없습니다")
		lacks(t, welcome, "/connect/", "연결하시면")
	})
}

// TestWhoHasConnectedIsNotAsked, nor who is paused; on days off it waits for a day that is none.
func TestWhoHasConnectedIsNotAsked(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.start()
	h.welcomeHaneul()
	h.json("PUT", "/api/users/"+haneul, apiSecret, `{"weekdays":["mon","tue","wed","thu","fri"]}`, http.StatusOK)
	h.look(friday.Add(2 * time.Minute))
	h.look(seoulAt(21, 12, 0)) // a Saturday
	h.got(haneulSlack, "welcome:1")
	h.look(seoulAt(23, 10, 1))
	h.got(haneulSlack, "welcome:1 reminder:1")
	h.look(seoulAt(23, 18, 0)) // the second is another day's
	h.got(haneulSlack, "welcome:1 reminder:1")
	h.json("PUT", "/api/users/"+haneul, apiSecret, `{"paused":true}`, http.StatusOK)
	h.look(seoulAt(24, 10, 1))
	h.json("PUT", "/api/users/"+haneul, apiSecret, `{"paused":false}`, http.StatusOK)
	h.connect()
	h.look(seoulAt(27, 10, 1))
	h.look(seoulAt(30, 10, 1))
	h.got(haneulSlack, "welcome:1 reminder:1")
	want := []string{"1|sent|", "3|dropped|paused", "7|dropped|no_longer_true"}
	if rows := storetest.Rows(t, h.app.Store, "SELECT key, state, reason FROM achim_notice WHERE kind = 'reminder' ORDER BY key"); fmt.Sprint(rows) != fmt.Sprint(want) {
		t.Errorf("reminders are %q, want %q", rows, want)
	}
}

// minutely does what serve does every minute for hours, grants and notices, from a minute on and before another.
func (h *house) minutely(from, to time.Time) {
	h.t.Helper()
	for at := from; at.Before(to); at = at.Add(time.Minute) {
		h.clock.set(at)
		if _, err := h.app.Planner.Tick(h.t.Context()); err != nil {
			h.t.Fatal(err)
		}
		if _, err := h.app.Keeper.Keep(h.t.Context()); err != nil {
			h.t.Fatal(err)
		}
		h.look(at)
	}
}

// TestADeadGrantIsToldBeforeTheBriefing is the incident this software exists for: revoked at 07:00, found and told by
// 08:00 without anybody asking, and told again by a degraded briefing at 09:00 with both times. Pressing the control
// mends it.
func TestADeadGrantIsToldBeforeTheBriefing(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.clock.set(seoulAt(19, 8, 59))
		h.start()
		h.addHaneul()
		h.connect()
		wants(t, h.trigger(""), map[string]any{"outcome": "delivered", "status": "complete"})
		h.clock.set(seoulAt(20, 7, 0))
		h.google.Revoke(haneulMail)
		h.minutely(seoulAt(20, 7, 0), seoulAt(20, 8, 0))
		h.got(haneulSlack, "grant_dead:1")
		dead := h.json("GET", "/api/gmail/check/"+haneul, apiSecret, "", http.StatusOK)["dead_since"].(string)
		since, err := time.Parse(time.RFC3339, dead)
		if err != nil {
			t.Fatal(err)
		}
		found := since.In(friday.Location()).Format("15:04")
		holds(t, seen(h.noticed(haneulSlack)["grant_dead"][0]), found+"에 끊긴 것을 확인했습니다", "오늘 09:00 브리핑", "/connect/")
		h.stop()
		h.start()
		h.look(seoulAt(20, 8, 5))
		h.got(haneulSlack, "grant_dead:1")

		h.clock.set(seoulAt(20, 8, 58))
		if _, err := h.app.Planner.Tick(t.Context()); err != nil {
			t.Fatal(err)
		}
		h.app.Trigger.Wake()
		h.eventually("prepared", func() bool { return h.entry().State == briefing.Prepared })
		h.nine(isDelivered)
		messages := h.dms()
		holds(t, seen(messages[len(messages)-1]), found+"에 끊긴 것을 확인했고", "어제 08:59 이후에 온 메일", "degraded")
		h.look(seoulAt(20, 9, 30))
		h.got(haneulSlack, "grant_dead:1")
		h.connect()
		h.eventually("mended", func() bool { return h.entry().Status == briefing.Complete })
	})
}

// TestNobodyIsWokenUp: from 22:00 to 07:00 nothing is sent; it waits, unless a briefing tells it first.
func TestNobodyIsWokenUp(t *testing.T) {
	t.Parallel()
	for hour, want := range map[string]string{"09:00": "grant_dead:1", "07:30": ""} {
		t.Run(hour, func(t *testing.T) {
			h := build(t, storetest.SQLite)
			h.start()
			h.addHaneul()
			h.json("PUT", "/api/users/"+haneul, apiSecret, fmt.Sprintf(`{"deliver_at":%q}`, hour), http.StatusOK)
			h.connect()
			h.google.Revoke(haneulMail)
			h.grantsChecked(seoulAt(20, 22, 5))
			for _, at := range []time.Time{seoulAt(20, 22, 6), seoulAt(20, 23, 59), seoulAt(21, 0, 1), seoulAt(21, 6, 59)} {
				h.look(at)
				h.got(haneulSlack, "")
			}
			h.look(seoulAt(21, 7, 1))
			h.got(haneulSlack, want)
			if want != "" {
				return
			}
			wants(t, h.trigger(""), map[string]any{"outcome": "delivered", "status": "degraded"})
			h.look(seoulAt(21, 8, 30))
			h.got(haneulSlack, "")
			if rows := storetest.Rows(t, h.app.Store, "SELECT state, reason FROM achim_notice"); fmt.Sprint(rows) != "[dropped|told_by_briefing]" {
				t.Errorf("the notice is %q", rows)
			}
		})
	}
}

// TestADeathOfTheDayIsToldOnce, as soon as it is known; one that is mended meanwhile is not told.
func TestADeathOfTheDayIsToldOnce(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.start()
	h.addHaneul()
	h.connect()
	h.google.Revoke(haneulMail)
	h.grantsChecked(seoulAt(20, 14, 0))
	h.look(seoulAt(20, 14, 1))
	h.got(haneulSlack, "grant_dead:1")
	h.connect()
	h.google.Revoke(haneulMail)
	h.grantsChecked(seoulAt(20, 23, 0))
	h.connect() // before seven
	h.look(seoulAt(21, 7, 30))
	h.look(seoulAt(21, 14, 0))
	h.got(haneulSlack, "grant_dead:1")
}

// testing lays out a house whose Google app is in "Testing" and whose grants end after the time.
func (h *house) testing(life time.Duration) {
	h.google.RefreshTokenExpiresIn = life
	h.file = "google: {publishing: testing}\ndelivery: {operator: \"@jiwon\"}\n"
	h.slack.AddUser(operatorSlack, "jiwon", "최지원")
	h.env["SLACK_OPERATOR_USER"] = operatorSlack
}

// TestTheEveningBeforeTheEnd: whose connection ends at 07:40 hears of it at 18:00, once; and the operator before that.
func TestTheEveningBeforeTheEnd(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.testing(7*24*time.Hour + 30*time.Second)
		h.clock.set(seoulAt(17, 7, 40))
		h.start()
		h.addHaneul()
		h.connect() // until Tuesday the 24th, 07:40
		for day := 18; day <= 22; day++ {
			h.look(seoulAt(day, 18, 30))
			h.got(haneulSlack, "")
		}
		h.look(seoulAt(23, 17, 59))
		h.got(haneulSlack, "")
		h.got(operatorSlack, "testing:1")
		for _, at := range []time.Time{seoulAt(23, 18, 0), seoulAt(23, 18, 1), seoulAt(23, 21, 0), seoulAt(24, 7, 5)} {
			h.look(at)
			h.got(haneulSlack, "grant_ending:1")
		}
		h.got(operatorSlack, "testing:1")
		holds(t, h.noticed(haneulSlack)["grant_ending"][0].Text, "Google 연결이 내일(화) 07:40에 끝납니다.", "그대로 두면 내일 09:00 브리핑에 메일과 일정이 빠집니다.",
			"지금 연장하기", "7일마다 끝납니다. 관리자(@jiwon)에게도 알렸습니다.", "이번 건은 다시 알리지 않겠습니다.")
	})
}

// TestAnEndThatMoves: Google tells another end with a refresh, and the notice comes in the evening before that one; where
// somebody was told of an end that was put off, they are told of the new one.
func TestAnEndThatMoves(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		h.testing(70 * time.Hour)
		h.clock.set(seoulAt(20, 12, 0))
		h.start()
		h.addHaneul()
		h.connect() // until Monday the 23rd, 10:00: to be told on the 22nd, as the next briefing spoilt is that of the 24th
		h.look(seoulAt(20, 12, 1))
		refreshed := func(life time.Duration) {
			t.Helper()
			h.google.Inject(standin.Fault{Op: "token", Times: 1, Body: fmt.Sprintf(
				`{"access_token":"at","expires_in":3599,"token_type":"Bearer","refresh_token_expires_in":%d}`, life/time.Second)})
			if _, err := h.app.RefreshGrant(t.Context(), haneul, true); err != nil {
				t.Fatal(err)
			}
		}
		refreshed(20 * time.Hour) // until the 21st, 08:01
		h.look(seoulAt(20, 17, 59))
		h.got(haneulSlack, "")
		h.look(seoulAt(20, 18, 0))
		h.got(haneulSlack, "grant_ending:1")
		holds(t, h.noticed(haneulSlack)["grant_ending"][0].Text, "내일(토) 08:01에 끝납니다")
		refreshed(14*time.Hour + time.Second)
		h.look(seoulAt(20, 18, 30))
		h.got(haneulSlack, "grant_ending:1")
		h.clock.set(seoulAt(21, 7, 0))
		refreshed(73 * time.Hour) // until the 24th, 08:00
		for _, at := range []time.Time{seoulAt(21, 18, 30), seoulAt(22, 18, 30), seoulAt(23, 17, 59)} {
			h.look(at)
			h.got(haneulSlack, "grant_ending:1")
		}
		for _, at := range []time.Time{seoulAt(23, 18, 0), seoulAt(23, 19, 0)} {
			h.look(at)
			h.got(haneulSlack, "grant_ending:2")
		}
		h.got(operatorSlack, "testing:1")
	})
}

// TestNobodyIsSaidToKnowWhoDoesNot: where the operator could not be told, the reader is not told that they were.
func TestNobodyIsSaidToKnowWhoDoesNot(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.testing(21*time.Hour + 40*time.Minute)
	delete(h.env, "SLACK_OPERATOR_USER")
	h.clock.set(seoulAt(23, 10, 0))
	h.start()
	h.addHaneul()
	h.connect()
	h.look(seoulAt(23, 18, 30))
	h.got(haneulSlack, "grant_ending:1")
	text := h.noticed(haneulSlack)["grant_ending"][0].Text
	holds(t, text, "7일마다 끝납니다.")
	lacks(t, text, "알렸습니다")
}

// TestARenewedGrantIsNotSpokenOf, and neither is an end that spoils no briefing soon.
func TestARenewedGrantIsNotSpokenOf(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.testing(31 * time.Hour)
	h.clock.set(seoulAt(23, 10, 0))
	h.start()
	h.addHaneul()
	h.connect() // until the 24th, 17:00: its own briefing is whole, and the evening before is today's
	h.look(seoulAt(23, 12, 0))
	h.google.RefreshTokenExpiresIn = 30 * 24 * time.Hour
	h.connect()
	h.look(seoulAt(23, 18, 30))
	h.look(seoulAt(24, 18, 30))
	h.got(haneulSlack, "")
}

// TestADoubtfulNoticeIsNotRepeated: when Slack does not say whether it was posted, it is never posted again; a 429 is
// waited for.
func TestADoubtfulNoticeIsNotRepeated(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault standin.Fault
		posts int
		state string
	}{
		"cut after":  {standin.Fault{Op: "chat.postMessage", Cut: "after", Times: 1}, 1, "unknown|ambiguous"},
		"cut before": {standin.Fault{Op: "chat.postMessage", Cut: "before", Times: 1}, 0, "unknown|ambiguous"},
		"503":        {standin.Fault{Op: "chat.postMessage", Status: 503, Times: 1}, 0, "unknown|ambiguous"},
		"429":        {standin.Fault{Op: "chat.postMessage", Status: 429, Header: map[string]string{"Retry-After": "90"}, Times: 1}, 1, "sent|"},
		"blocks":     {standin.Fault{Op: "chat.postMessage", Status: 200, Body: `{"ok":false,"error":"invalid_blocks"}`, Times: 1}, 1, "sent|"},
		"dead token": {standin.Fault{Op: "chat.postMessage", Status: 200, Body: `{"ok":false,"error":"invalid_auth"}`, Times: 1}, 1, "sent|"},
		"no channel": {standin.Fault{Op: "chat.postMessage", Status: 200, Body: `{"ok":false,"error":"channel_not_found"}`, Times: 1}, 1, "sent|"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := build(t, storetest.SQLite)
			h.start()
			h.welcomeHaneul()
			h.slack.Inject(c.fault)
			h.clock.set(friday.Add(2 * time.Minute))
			_ = h.app.Herald.Check(t.Context()) // may say that Slack takes no calls
			for _, minutes := range []int{3, 4, 5, 20, 60, 120} {
				h.look(friday.Add(time.Duration(minutes) * time.Minute))
			}
			if n := len(h.noticed(haneulSlack)["welcome"]); n != c.posts {
				t.Errorf("%d welcomes, want %d", n, c.posts)
			}
			if rows := storetest.Rows(t, h.app.Store, "SELECT state, reason FROM achim_notice WHERE kind = 'welcome'"); rows[0] != c.state {
				t.Errorf("the welcome is %s, want %s", rows[0], c.state)
			}
		})
	}
}

// TestAKilledHeraldLeavesNoSecond: a process that ends between its claim and Slack's answer has sent it, or not; nobody
// sends it again, and who has not connected is asked again all the same.
func TestAKilledHeraldLeavesNoSecond(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.start()
		h.welcomeHaneul()
		storetest.Exec(t, h.app.Store, "UPDATE achim_notice SET state = 'sending', channel_id = 'D0HANEUL', epoch = epoch + 1")
		h.look(friday.Add(2 * time.Minute))
		h.look(friday.Add(4 * time.Hour))
		h.got(haneulSlack, "")
		want := []string{"reminder|pending", "reminder|pending", "reminder|pending", "welcome|unknown"}
		if rows := storetest.Rows(t, h.app.Store, "SELECT kind, state FROM achim_notice ORDER BY kind"); fmt.Sprint(rows) != fmt.Sprint(want) {
			t.Errorf("notices are %q", rows)
		}
	})
}

// TestTheOperatorHearsOfAWrongClient before the briefing, and the briefing says so; once while it lasts.
func TestTheOperatorHearsOfAWrongClient(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.slack.AddUser(operatorSlack, "jiwon", "최지원")
		h.env["SLACK_OPERATOR_USER"] = operatorSlack
		h.file = "delivery: {operator: \"@jiwon\"}\n"
		h.clock.set(seoulAt(19, 9, 0))
		h.start()
		h.addHaneul()
		h.connect()
		h.google.RemoveClient(clientID)
		h.grantsChecked(seoulAt(20, 8, 0))
		h.look(seoulAt(20, 8, 1))
		h.got(operatorSlack, "trouble:1")
		holds(t, h.noticed(operatorSlack)["trouble"][0].Text, "Google 클라이언트 설정 오류", "GOOGLE_CLIENT_ID")
		h.clock.set(seoulAt(20, 8, 59))
		wants(t, h.trigger(""), map[string]any{"outcome": "delivered", "status": "degraded"})
		holds(t, seen(h.oneDM()), "08:01에 관리자(@jiwon)에게 알렸습니다.")
		h.stop()
		h.start()
		h.look(seoulAt(20, 12, 0))
		h.look(seoulAt(21, 9, 0))
		h.got(operatorSlack, "trouble:1")
		h.got(haneulSlack, "")
	})
}

// TestADisabledAPIIsToldTheOperator as soon as a source meets it.
func TestADisabledAPIIsToldTheOperator(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.slack.AddUser(operatorSlack, "jiwon", "최지원")
	h.env["SLACK_OPERATOR_USER"] = operatorSlack
	h.start()
	h.addHaneul()
	h.connect()
	h.google.DisableAPI("gmail")
	h.trigger("")
	h.eventually("the operator is told", func() bool { return len(h.noticed(operatorSlack)["trouble"]) == 1 })
	holds(t, h.noticed(operatorSlack)["trouble"][0].Text, "Google API 꺼짐(Gmail)")
}
