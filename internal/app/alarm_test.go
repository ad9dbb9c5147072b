package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"achim/briefing"
	"achim/internal/app"
	"achim/internal/standin"
	"achim/store/storetest"
)

const operatorSlack = "U0JIWON00"

// bells stands in for what the operator has elsewhere: a webhook and a heartbeat.
type bells struct {
	mu     sync.Mutex
	status int // answered instead of 200
	posts  []map[string]any
	beats  int
	others int
}

// ServeHTTP takes what is sent to either address, and counts what comes from anywhere else.
func (b *bells) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	var post map[string]any
	switch {
	case r.Method == http.MethodPost && r.URL.Path == "/hook-hunter2" && json.Unmarshal(body, &post) == nil:
		b.posts = append(b.posts, post)
	case r.Method == http.MethodGet && r.URL.Path == "/beat-hunter2" && len(body) == 0:
		b.beats++
	default:
		b.others++
	}
	if b.status != 0 {
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(b.status)
	}
}

// rang checks how often each was called in all.
func (b *bells) rang(t *testing.T, posts, beats int) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.posts) != posts || b.beats != beats || b.others != 0 {
		t.Errorf("the webhook was called %d times and the heartbeat %d times, want %d and %d (%d other calls): %v",
			len(b.posts), b.beats, posts, beats, b.others, b.posts)
	}
}

// alarmed lays out a house whose operator is told by every road.
func alarmed(h *house) *bells {
	h.t.Helper()
	b := &bells{}
	at := h.serve(b)
	h.slack.AddUser(operatorSlack, "jiwon", "최지원")
	h.env["ALERT_WEBHOOK_URL"], h.env["HEARTBEAT_URL"], h.env["SLACK_OPERATOR_USER"] = at+"/hook-hunter2", at+"/beat-hunter2", operatorSlack
	return b
}

// nine lets the entries that are prepared be delivered, and waits until haneul's settled in some way.
func (h *house) nine(settled func(e briefing.Entry) bool) {
	h.t.Helper()
	h.clock.set(friday.Add(30 * time.Minute))
	h.app.Trigger.Wake()
	h.eventually("the hour's work", func() bool { return settled(h.entry()) })
}

func isDelivered(e briefing.Entry) bool { return e.State == briefing.Delivered && e.Owner == "" }

// account lets the house account for the morning at 08:30 and so much.
func (h *house) account(after time.Duration) {
	h.t.Helper()
	h.clock.set(friday.Add(after))
	if err := h.app.Alarm.Check(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

// metrics returns what Prometheus would read.
func (h *house) metrics() string { return string(h.call("GET", "/metrics", "", "").body) }

// toldOperator returns the operator's DMs about mornings.
func (h *house) toldOperator() []standin.Message {
	return slices.DeleteFunc(h.slack.Messages(operatorSlack), isNotice)
}

// TestAWholeMorningBeatsTheHeart: everybody has a briefing or wanted none, so the heartbeat is called, once for the
// due minute, and nobody is bothered.
func TestAWholeMorningBeatsTheHeart(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		b := alarmed(h)
		h.start()
		h.addHaneul()
		h.connect()
		h.slack.AddUser("U0MINJI", "minji", "박민지")
		h.json("PUT", "/api/users/4f0c6a52-1d2e-4b7a-9c55-0a1b2c3d4e5f?quiet=true", apiSecret,
			`{"name":"minji","slack_user_id":"U0MINJI","paused":true}`, http.StatusCreated)
		h.prepared()
		h.nine(isDelivered)
		h.account(34*time.Minute + 50*time.Second)
		b.rang(t, 0, 0) // not five minutes yet
		for _, after := range []time.Duration{35 * time.Minute, 36 * time.Minute, 20 * time.Minute, 20 * time.Hour} {
			h.account(after) // the clock jumps, too
		}
		b.rang(t, 0, 1)
		holds(t, h.log.String(), "the morning is accounted for", "expected=2", "delivered=1", "missed=0", "spared=1", "paused:1")
		holds(t, h.metrics(), `achim_morning_readers{outcome="expected"} 2`, `achim_morning_readers{outcome="delivered"} 1`,
			`achim_morning_readers{outcome="spared"} 1`, `achim_morning_readers{outcome="failed"} 0`,
			`achim_alarms_total{channel="heartbeat",result="ok"} 1`, "achim_morning_due_timestamp_seconds 1.7951328e+09")
		if n := len(h.toldOperator()); n != 0 {
			t.Errorf("the operator got %d DMs about nothing", n)
		}
	})
}

// TestAForcedBriefingIsToldToo: one that was forced by hand and ends unknown is somebody's matter like any other.
func TestAForcedBriefingIsToldToo(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		b := alarmed(h)
		h.start()
		h.addHaneul()
		h.connect()
		h.slack.Inject(standin.Fault{Op: "chat.postMessage", Cut: "after", Times: 1})
		h.slack.Inject(standin.Fault{Op: "conversations.history", Status: 200, Body: `{"ok":false,"error":"missing_scope","needed":"im:history"}`})
		h.json("POST", "/api/cron/daily-summary?wait=1s", cronSecret, `{"force":true}`, http.StatusAccepted)
		h.eventually("unknown", func() bool { return h.hurry().State == briefing.Unknown })
		h.account(h.clock.now().Sub(friday) + 7*time.Minute)
		b.rang(t, 1, 0)
		wants(t, b.posts[0], map[string]any{"expected": 1, "unknown": 1})
		holds(t, h.toldOperator()[0].Text, "achim runs resolve", "achim runs show "+string(h.entry().Run))
		holds(t, h.metrics(), `achim_morning_readers{outcome="unknown"} 1`)
		if _, err := h.app.Resolve(t.Context(), h.entry().ID, true); err != nil {
			t.Fatal(err)
		}
		h.account(h.clock.now().Sub(friday) + time.Minute)
		holds(t, h.metrics(), `achim_morning_readers{outcome="unknown"} 0`)
	})
}

// TestADeadGrantIsToldByEveryRoad: one reader's grant was revoked: one log line, metric, DM and webhook say so, once,
// also after a restart.
func TestADeadGrantIsToldByEveryRoad(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		b := alarmed(h)
		h.start()
		h.addHaneul()
		h.json("PUT", "/api/users/"+haneul, apiSecret, `{"name":"하늘 <!channel>\u202e"}`, http.StatusOK)
		h.connect()
		h.google.Revoke(haneulMail)
		h.prepared()
		h.nine(isDelivered)
		h.account(35 * time.Minute)
		h.account(36 * time.Minute)
		b.rang(t, 1, 1) // everybody is accounted for all the same
		wants(t, b.posts[0], map[string]any{"event": "morning", "date": "2026-11-20", "run_ids": []any{string(h.entry().Run)},
			"due_at": "2026-11-20T00:00:00Z", "expected": 1, "delivered": 0, "degraded": 1, "failed": 0,
			"unknown": 0, "missed": 0, "spared": 0, "under_way": 0, "reasons": map[string]any{"reauth_required": 1}})
		told := h.toldOperator()
		if len(told) != 1 {
			t.Fatalf("the operator got %d DMs", len(told))
		}
		for _, text := range []string{told[0].Text, b.posts[0]["text"].(string)} {
			holds(t, text, "11월 20일 금요일 09:00", "1명", "Google 연결 끊김(Gmail·캘린더)", "achim connect")
			lacks(t, text, haneulMail, "\u202e", "<!")
		}
		holds(t, told[0].Text, "(하늘 &lt;!channel&gt;)")
		lacks(t, fmt.Sprint(b.posts[0]), "하늘", haneul) // names go to the operator alone
		if pings := standin.Pings(told[0]); len(pings) > 0 {
			t.Errorf("a reader's name pings %v", pings)
		}
		holds(t, h.log.String(), "the morning needs somebody's attention", "degraded=1", "reauth_required:1")
		lacks(t, h.log.String(), "hunter2")
		holds(t, h.metrics(), `achim_morning_readers{outcome="degraded"} 1`, `achim_alarms_total{channel="slack",result="ok"} 1`,
			`achim_alarms_total{channel="webhook",result="ok"} 1`)

		h.stop()
		h.clock.advance(time.Hour)
		h.start()
		h.account(3 * time.Hour)
		b.rang(t, 1, 1)
		if n := len(h.toldOperator()); n != 1 {
			t.Errorf("after a restart the operator has %d DMs", n)
		}
		holds(t, h.metrics(), `achim_morning_readers{outcome="degraded"} 1`) // known again
	})
}

// TestTheAlarmDoesNotTravelByWhatBroke: with Slack refusing the token, the webhook is told, the heartbeat is silent.
func TestTheAlarmDoesNotTravelByWhatBroke(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	b := alarmed(h)
	h.file = "language: en\n"
	h.start()
	h.addHaneul()
	h.slack.Inject(standin.Fault{Op: "*", Status: 200, Body: `{"ok":false,"error":"invalid_auth"}`})
	h.prepared()
	h.nine(func(e briefing.Entry) bool { return e.Reason == briefing.ClientMisconfigured && e.Owner == "" })
	h.account(35 * time.Minute)
	b.rang(t, 1, 0)
	wants(t, b.posts[0], map[string]any{"expected": 1, "delivered": 0, "failed": 1, "reasons": map[string]any{"client_misconfigured": 1}})
	holds(t, b.posts[0]["text"].(string), "Friday 20 November, 09:00", "Slack refuses the bot token: 1 reader.", "SLACK_BOT_TOKEN")
	holds(t, h.log.String(), "the operator could not be told", "channel=slack")
	holds(t, h.metrics(), `achim_alarms_total{channel="slack",result="client_misconfigured"} 1`)
	lacks(t, h.log.String(), "hunter2", botToken)
}

// TestUnknownIsToldOnceItIsKnown: what Slack left in doubt is waited for a while, so that the one alarm says what it
// came to.
func TestUnknownIsToldOnceItIsKnown(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	b := alarmed(h)
	h.start()
	h.addHaneul()
	h.prepared()
	h.slack.Inject(standin.Fault{Op: "chat.postMessage", Cut: "after", Times: 1})
	h.slack.Inject(standin.Fault{Op: "conversations.history", Status: 503})
	h.nine(func(e briefing.Entry) bool {
		return e.State == briefing.Sending && e.Owner == "" && e.Reason == briefing.Ambiguous
	})
	h.account(35 * time.Minute)
	b.rang(t, 0, 0)
	h.eventually("unknown", func() bool {
		h.clock.advance(10 * time.Second)
		h.app.Trigger.Wake()
		return h.entry().State == briefing.Unknown
	})
	h.account(2 * time.Hour)
	b.rang(t, 1, 0)
	wants(t, b.posts[0], map[string]any{"unknown": 1, "under_way": 0})
	holds(t, h.toldOperator()[0].Text, "알 수 없음", "achim runs resolve")
}

// TestWhoeverWasDownTellsOnStart: due minutes of the last day that nobody accounted for are accounted for at start,
// older ones are not.
func TestWhoeverWasDownTellsOnStart(t *testing.T) {
	t.Parallel()
	t.Run("after the post", func(t *testing.T) {
		h := build(t, storetest.SQLite)
		b := alarmed(h)
		h.start()
		h.addHaneul()
		h.connect()
		h.google.Revoke(haneulMail)
		h.prepared()
		h.nine(isDelivered)
		h.stop()
		h.clock.set(friday.Add(3 * time.Hour))
		h.start()
		h.eventually("the alarm", func() bool { return len(h.toldOperator()) == 1 })
		h.account(3 * time.Hour)
		b.rang(t, 1, 1)
	})
	t.Run("all morning", func(t *testing.T) {
		h := build(t, storetest.SQLite)
		b := alarmed(h)
		h.start()
		h.addHaneul()
		h.stop()
		h.clock.set(friday.Add(30*time.Minute + 47*time.Hour)) // Friday's hour is older than a day, Saturday's is not
		h.start()
		h.eventually("the alarm", func() bool { return len(h.toldOperator()) == 1 })
		h.account(30*time.Minute + 47*time.Hour)
		b.rang(t, 1, 0)
		wants(t, b.posts[0], map[string]any{"due_at": "2026-11-21T00:00:00Z", "missed": 1, "reasons": map[string]any{"past_grace": 1}})
		holds(t, h.toldOperator()[0].Text, "너무 늦어 보내지 않음: 1명(haneul)", "achim run")
	})
	t.Run("and caught up", func(t *testing.T) {
		h := build(t, storetest.SQLite)
		b := alarmed(h)
		h.start()
		h.addHaneul()
		h.stop()
		h.clock.set(friday.Add(time.Hour)) // 09:30: late, and within the grace
		h.start()
		h.eventually("the DM", func() bool { return isDelivered(h.entry()) })
		h.account(time.Hour + time.Minute)
		b.rang(t, 0, 1)
	})
}

// TestTwoProcessesTellOnce: whichever of the replicas accounts for the morning, the operator hears of it once.
func TestTwoProcessesTellOnce(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.Postgres)
	b := alarmed(h)
	h.start()
	other, err := app.New(t.Context(), app.Options{Config: h.config(), Now: h.clock.now, Unticked: true,
		Logger: slog.New(slog.NewTextHandler(h.log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := other.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	h.addHaneul()
	h.connect()
	h.google.Revoke(haneulMail)
	h.prepared()
	h.nine(isDelivered)
	h.clock.set(friday.Add(36 * time.Minute))
	var all sync.WaitGroup
	for n := range 8 {
		a := []*app.App{h.app, other}[n%2]
		all.Go(func() {
			if err := a.Alarm.Check(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	b.rang(t, 1, 1)
	if n := len(h.toldOperator()); n != 1 {
		t.Errorf("the operator got %d DMs of two processes", n)
	}
	if n := strings.Count(h.log.String(), "needs somebody's attention"); n != 1 {
		t.Errorf("%d log lines", n)
	}
}

// TestNobodyToTell: without any road configured the morning is counted and logged all the same, and nothing is sent.
func TestNobodyToTell(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.start()
	h.addHaneul()
	h.connect()
	h.google.Revoke(haneulMail)
	h.prepared()
	h.nine(isDelivered)
	calls := h.slack.Calls("*")
	h.account(35 * time.Minute)
	holds(t, h.log.String(), "the morning needs somebody's attention")
	holds(t, h.metrics(), `achim_morning_readers{outcome="degraded"} 1`)
	for line := range strings.Lines(h.metrics()) {
		if strings.HasPrefix(line, "achim_alarms_total{") && !strings.HasSuffix(line, " 0\n") {
			t.Errorf("somebody was told: %s", line)
		}
	}
	if now := h.slack.Calls("*"); now != calls {
		t.Errorf("%d calls to Slack for nobody", now-calls)
	}
}

// TestAWebhookThatRefuses: three tries at most, no redirect is followed, the other roads are taken, and the address is
// in no log.
func TestAWebhookThatRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ status, posts int }{{503, 3}, {404, 1}, {302, 1}} {
		t.Run(http.StatusText(c.status), func(t *testing.T) {
			t.Parallel()
			h := build(t, storetest.SQLite)
			b := alarmed(h)
			b.status = c.status
			h.start()
			h.addHaneul()
			h.connect()
			h.google.Revoke(haneulMail)
			h.prepared()
			h.nine(isDelivered)
			h.account(35 * time.Minute)
			b.rang(t, c.posts, c.posts)
			if n := len(h.toldOperator()); n != 1 {
				t.Errorf("%d DMs", n)
			}
			holds(t, h.log.String(), "the operator could not be told", "channel=webhook", "channel=heartbeat")
			lacks(t, h.log.String(), "hunter2")
		})
	}
}

// TestADatabaseThatIsGoneIsTold: the alarm does not travel through the database either: five minutes without one are
// told in Slack and to the webhook, and the morning is accounted for when it is back.
func TestADatabaseThatIsGoneIsTold(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.Postgres)
	b := alarmed(h)
	u, err := url.Parse(h.env["DATABASE_URL"])
	if err != nil {
		t.Fatal(err)
	}
	c := plug(t, u.Host)
	u.Host = c.listener.Addr().String()
	h.env["DATABASE_URL"] = u.String()
	h.start()
	h.addHaneul()
	h.connect()
	h.prepared()
	h.nine(isDelivered)
	c.pull()
	for minute := 31; minute <= 37; minute++ {
		h.clock.set(friday.Add(time.Duration(minute) * time.Minute))
		if err := h.app.Alarm.Check(t.Context()); err == nil {
			t.Error("a morning was accounted for without a database")
		}
	}
	b.rang(t, 1, 0)
	wants(t, b.posts[0], map[string]any{"event": "database_unreadable", "date": "2026-11-20", "since": "2026-11-20T00:01:00Z"})
	if told := h.toldOperator(); len(told) != 1 || told[0].Text != b.posts[0]["text"] {
		t.Errorf("the operator got %v", told)
	}
	holds(t, h.log.String(), "the database cannot be read")
	holds(t, h.metrics(), "achim_accounting_blind_seconds 3")
	c.putBack()
	h.eventually("the morning is accounted for", func() bool { return h.app.Alarm.Check(t.Context()) == nil })
	b.rang(t, 1, 1)
	holds(t, h.metrics(), "achim_accounting_blind_seconds 0")
}
