package httpserver_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"achim/briefing"
)

// oneEntry is a delivered entry with content.
func oneEntry() briefing.Entry {
	date := briefing.Date{Year: 2026, Month: 11, Day: 20}
	seoul := mustZone("Asia/Seoul")
	return briefing.Entry{
		ID: "e1", Reader: minji, Date: date, Slot: briefing.DailySlot, State: briefing.Delivered, Status: briefing.Complete,
		DueAt: morning.Add(-5 * time.Minute), DeliveredAt: morning, ChannelID: "D0MINJI", MessageTS: "1700000000.000100",
		Content: &briefing.Briefing{ID: "e1", Reader: minji, Date: date},
		Sections: []briefing.Section{{
			Source: briefing.Calendar, Provider: briefing.Google, Verdict: briefing.Verdict{State: briefing.VerdictOK, Count: 1, LastOK: morning},
			Items:  []briefing.Item{{ID: "ev1", Group: briefing.Meeting, Title: "디자인 리뷰", At: morning.In(seoul), End: morning.Add(time.Hour).In(seoul)}},
			Counts: map[briefing.Group]int{briefing.Meeting: 1}, ReadAt: morning.In(seoul),
		}},
	}
}

func TestBodies(t *testing.T) {
	w := newWorld()
	w.entries = []briefing.Entry{oneEntry()}
	w.grants[minji] = briefing.CredentialReport{
		ReaderID: minji, Email: "minji@gaon.example", HasAccessToken: true, HasRefreshToken: true, HasOAuthConfig: true,
		Expiry: morning.Add(50*time.Minute + 300*time.Millisecond), Scopes: []string{"openid"}, AccessToken: briefing.NewSecret(liveToken),
	}
	w.grants[dana] = briefing.CredentialReport{
		ReaderID: dana, HasRefreshToken: true, MissingScopes: []string{"https://www.googleapis.com/auth/calendar.readonly"},
		LastError: briefing.ReauthRequired, DeadSince: morning.Add(-time.Hour), Refreshed: true, AccessToken: briefing.NewSecret(liveToken),
	}
	w.sections[briefing.Gmail] = briefing.Section{
		Verdict: briefing.Verdict{State: briefing.VerdictOK, Count: 29}, Account: "minji@gaon.example",
		Window: briefing.Window{From: morning.Add(-24 * time.Hour), To: morning},
		Counts: map[briefing.Group]int{briefing.NeedsReply: 1, briefing.Notice: 3},
		Items: []briefing.Item{{ID: "m1", Thread: "t1", Group: briefing.NeedsReply, From: "박준호", Title: "계약서 <3조> 수정안",
			Text: "오늘까지 부탁드립니다", At: morning.Add(-2 * time.Hour), URL: "https://mail.google.com/mail/u/0/#inbox/m1"}},
	}
	w.sections[briefing.Calendar] = briefing.Section{
		Verdict: briefing.Verdict{State: briefing.VerdictOK, Count: 2},
		Items: []briefing.Item{
			{ID: "ev0", Group: briefing.AllDay, Title: "김태호 휴가", FirstDay: briefing.Date{Year: 2026, Month: 11, Day: 20}, LastDay: briefing.Date{Year: 2026, Month: 11, Day: 21}},
			{ID: "ev1", Group: briefing.Meeting, Title: "제품 주간회의", At: morning.Add(time.Hour), End: morning.Add(2 * time.Hour), Place: "3층",
				JoinURL: "https://meet.google.com/abc-defg-hij", Marks: []briefing.Mark{briefing.MarkOverlaps}},
		},
	}
	c := serve(t, w.deps())
	c.ask("POST /api/cron/daily-summary", "", asCron).wantGolden(t, 200, "run")
	c.ask("GET /api/runs/run1", "", asCron).wantGolden(t, 200, "run")
	c.ask("GET /api/runs?limit=5", "", asCron).wantGolden(t, 200, "runs")
	c.ask("GET /api/briefings?user_id=U0MINJI&date=2026-11-20", "", asCron).wantGolden(t, 200, "briefings")
	c.ask("GET /api/briefings?user_id=U0DANA", "", asCron).wantGolden(t, 200, "briefings_none")
	c.ask("GET /api/briefings/e1", "", asAPI).wantGolden(t, 200, "briefing")
	c.ask("GET /api/users", "", asAPI).wantGolden(t, 200, "users")
	c.ask("GET /api/users/U0DANA", "", asAPI).wantGolden(t, 200, "user")
	c.ask("GET /api/gmail/check/"+strings.ToUpper(string(minji)), "", asCron).wantGolden(t, 200, "check")
	c.ask("GET /api/gmail/check/U0DANA", "", asCron).wantGolden(t, 200, "check_dead")
	c.ask("POST /api/gmail/refresh/"+string(minji), "", asAPI).wantGolden(t, 200, "refresh_valid")
	c.ask("POST /api/gmail/refresh/"+string(dana), "", asAPI).wantGolden(t, 200, "refresh_refreshed")
	c.ask("GET /api/gmail/auth?user_id=U0MINJI", "", asAPI).wantGolden(t, 200, "auth")
	c.ask("GET /auth/gmail/passport?user_id="+string(minji), "", asAPI).wantGolden(t, 200, "auth")
	c.ask("GET /messages?user_id="+string(minji), "", asAPI).wantGolden(t, 200, "messages")
	c.ask("GET /api/calendar/events?user_id=U0MINJI&date=2026-11-20", "", asAPI).wantGolden(t, 200, "events")
	c.ask("GET /healthz", "").wantGolden(t, 200, "healthz")
	c.ask("GET /readyz", "").wantGolden(t, 200, "readyz")
	c.ask("GET /api/runs", "").wantGolden(t, 401, "problem_unauthorized")
	w.peekErr = briefing.ReauthRequired
	c.ask("GET /messages?user_id="+string(minji), "", asAPI).wantGolden(t, 409, "problem_reauth")
	w.peekErr = briefing.RateLimited
	c.ask("GET /messages?user_id="+string(minji), "", asAPI).wantGolden(t, 503, "problem_unavailable")
}

func TestAccessTokenIsShownOnlyWhenExposed(t *testing.T) {
	w := newWorld()
	w.grants[minji] = briefing.CredentialReport{AccessToken: briefing.NewSecret(liveToken), Expiry: morning.Add(time.Hour)}
	if got := serve(t, w.deps()).ask("POST /api/gmail/refresh/"+string(minji), "{}", asAPI); strings.Contains(got.body, liveToken) {
		t.Errorf("the token got out: %s", got.body)
	}
	deps := w.deps()
	deps.ExposeAccessTokens = true
	if got := serve(t, deps).ask("POST /api/gmail/refresh/"+string(minji), "", asAPI); !strings.Contains(got.body, liveToken) {
		t.Errorf("the token was asked for: %s", got.body)
	}
}

func TestReauthFallsBackToTheConnectPage(t *testing.T) {
	w := newWorld()
	w.peekErr, w.beginErr = briefing.ReauthRequired, briefing.Unavailable
	p := serve(t, w.deps()).ask("GET /messages?user_id=U0MINJI", "", asAPI).wantProblem(t, http.StatusConflict, "reauth_required")
	if p["auth_url"] != "https://achim.gaon.example/connect/tok-"+string(minji) {
		t.Errorf("auth_url = %v", p["auth_url"])
	}
}

// TestReauthOfSomebodyWhoIsNoReader: grants are shared with other programs, and there is no page for people of theirs.
func TestReauthOfSomebodyWhoIsNoReader(t *testing.T) {
	w := newWorld()
	w.refreshErr, w.beginErr = briefing.ReauthRequired, briefing.ErrNotFound
	p := serve(t, w.deps()).ask("POST /api/gmail/refresh/"+string(nobody), "", asAPI).wantProblem(t, http.StatusConflict, "reauth_required")
	if url, ok := p["auth_url"]; ok || !strings.Contains(p["detail"].(string), "no reader") {
		t.Errorf("auth_url %v, %v", url, p["detail"])
	}
}

func TestDisconnectForgets(t *testing.T) {
	w := newWorld()
	w.grants[minji] = briefing.CredentialReport{}
	c := serve(t, w.deps())
	if got := c.ask("DELETE /api/gmail/"+string(minji), "", asAPI); got.StatusCode != http.StatusNoContent {
		t.Errorf("status %d: %s", got.StatusCode, got.body)
	}
	c.ask("GET /api/gmail/check/"+string(minji), "", asAPI).wantProblem(t, http.StatusNotFound, "not_found")
}
