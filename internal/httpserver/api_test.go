package httpserver_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"achim/briefing"
)

// Who may ask for what: every guarded route without a bearer, with a wrong one, and with a cron secret.
func TestEveryRouteAsksForItsBearer(t *testing.T) {
	c := serve(t, newWorld().deps())
	for _, tc := range []struct {
		line      string
		cronIsFew bool // a cron secret does not reach this far
	}{
		{"POST /api/cron/daily-summary", false},
		{"GET /api/runs", false},
		{"GET /api/runs/run1", false},
		{"GET /api/briefings", false},
		{"GET /api/briefings/e1", true},
		{"GET /api/users", true},
		{"GET /api/users/" + string(minji), true},
		{"PUT /api/users/" + string(minji), true},
		{"DELETE /api/users/" + string(nobody), true},
		{"GET /api/gmail/check/" + string(minji), false},
		{"POST /api/gmail/refresh/" + string(minji), true},
		{"DELETE /api/gmail/" + string(minji), true},
		{"GET /messages?user_id=U0MINJI", true},
		{"GET /api/calendar/events?user_id=U0MINJI", true},
		{"POST /api/calendar/events", true},
		{"GET /api/gmail/auth?user_id=U0MINJI", true},
		{"GET /auth/gmail/passport?user_id=U0MINJI", true},
	} {
		t.Run(tc.line, func(t *testing.T) {
			missing := c.ask(tc.line, "")
			missing.wantProblem(t, http.StatusUnauthorized, "unauthorized")
			if got := missing.Header.Get("WWW-Authenticate"); got != `Bearer realm="achim"` {
				t.Errorf("WWW-Authenticate = %q", got)
			}
			c.ask(tc.line, "", "Authorization: Bearer wrong").wantProblem(t, http.StatusUnauthorized, "unauthorized")
			asCronAnswer := c.ask(tc.line, "", asCron)
			if tc.cronIsFew {
				asCronAnswer.wantProblem(t, http.StatusUnauthorized, "unauthorized")
			} else if asCronAnswer.StatusCode == http.StatusUnauthorized {
				t.Errorf("a cron secret was refused: %s", asCronAnswer.body)
			}
			if got := c.ask(tc.line, "", asAPI); got.StatusCode == http.StatusUnauthorized {
				t.Errorf("an API secret was refused: %s", got.body)
			}
		})
	}
}

func TestErrorCodes(t *testing.T) {
	dead := &briefing.Error{Op: "refresh", Reason: briefing.ReauthRequired, Err: errors.New("invalid_grant")}
	for _, tc := range []struct {
		name, line, body string
		change           func(*world)
		status           int
		code, says       string
	}{
		{"not JSON", "POST /api/cron/daily-summary", `{"force":`, nil, 400, "invalid_json", "byte"},
		{"trailing garbage", "POST /api/cron/daily-summary", `{} {}`, nil, 400, "invalid_json", "after top-level value"},
		{"array", "POST /api/cron/daily-summary", `[]`, nil, 400, "invalid_json", "object"},
		{"null", "POST /api/cron/daily-summary", `null`, nil, 400, "invalid_json", "object"},
		{"too large", "POST /api/cron/daily-summary", `{"x":"` + strings.Repeat("a", 1<<20) + `"}`, nil, 413, "invalid_json", "1 MiB"},
		{"unknown member", "POST /api/cron/daily-summary", `{"forced":true}`, nil, 400, "invalid_field", "forced"},
		{"wrong type", "POST /api/cron/daily-summary", `{"force":"yes"}`, nil, 400, "invalid_field", "force: must be true or false"},
		{"no list", "POST /api/cron/daily-summary", `{"user_ids":"U0MINJI"}`, nil, 400, "invalid_field", "user_ids: must be an array"},
		{"empty list", "POST /api/cron/daily-summary", `{"user_ids":[]}`, nil, 400, "invalid_field", "leave it out"},
		{"no id", "POST /api/cron/daily-summary", `{"user_ids":["U0MINJI","minji"]}`, nil, 400, "invalid_uuid", "user_ids[1]"},
		{"bad date", "POST /api/cron/daily-summary", `{"date":"2026-02-30"}`, nil, 400, "invalid_date", "2026-02-30"},
		{"date of another type", "POST /api/cron/daily-summary", `{"date":20261120}`, nil, 400, "invalid_field", "date: must be a string"},
		{"other date", "POST /api/cron/daily-summary", `{"date":"2026-11-19"}`, nil, 400, "date_not_today", "2026-11-20"},
		{"unknown reader", "POST /api/cron/daily-summary", `{"user_ids":["U0NOBODY"]}`, nil, 404, "unknown_reader", "U0NOBODY"},
		{"bad wait", "POST /api/cron/daily-summary?wait=3m", "", nil, 400, "invalid_field", "wait"},
		{"wait without unit", "POST /api/cron/daily-summary?wait=10", "", nil, 400, "invalid_field", "wait"},
		{"trigger while the store is away", "POST /api/cron/daily-summary", "", func(w *world) { w.storeErr = errors.New("dial 10.9.9.9: refused") }, 500, "internal", ""},

		{"bad limit", "GET /api/runs?limit=0", "", nil, 400, "invalid_field", "limit"},
		{"no run", "GET /api/runs/nosuch", "", nil, 404, "not_found", ""},
		{"no briefing", "GET /api/briefings/nosuch", "", nil, 404, "not_found", ""},
		{"briefings of nobody", "GET /api/briefings?user_id=" + string(nobody), "", nil, 404, "unknown_reader", ""},
		{"briefings of no id", "GET /api/briefings?user_id=minji", "", nil, 400, "invalid_uuid", ""},
		{"briefings of no date", "GET /api/briefings?date=today", "", nil, 400, "invalid_date", ""},

		{"no user", "GET /api/users/" + string(nobody), "", nil, 404, "unknown_reader", ""},
		{"user by name", "GET /api/users/minji", "", nil, 400, "invalid_uuid", ""},
		{"put by Slack id", "PUT /api/users/U0MINJI", `{}`, nil, 400, "invalid_uuid", ""},
		{"put nothing new", "PUT /api/users/" + string(nobody), ``, nil, 400, "invalid_field", "name"},
		{"put unknown member", "PUT /api/users/" + string(minji), `{"nick":"x"}`, nil, 400, "invalid_field", "nick"},
		{"put bad zone", "PUT /api/users/" + string(minji), `{"timezone":"Mars/Base"}`, nil, 400, "invalid_field", "Mars/Base"},
		{"put bad hour", "PUT /api/users/" + string(minji), `{"deliver_at":"9am"}`, nil, 400, "invalid_field", "deliver_at"},
		{"put bad days", "PUT /api/users/" + string(minji), `{"weekdays":["monday"]}`, nil, 400, "invalid_field", "weekdays"},
		{"put bad pause", "PUT /api/users/" + string(minji), `{"paused_until":"soon"}`, nil, 400, "invalid_date", "paused_until"},
		{"put null name", "PUT /api/users/" + string(minji), `{"name":null}`, nil, 400, "invalid_field", "name"},
		{"put bad feed", "PUT /api/users/" + string(minji), `{"feeds":[{"url":"ftp://x"}]}`, nil, 400, "invalid_field", "feeds[0]"},
		{"put odd feed", "PUT /api/users/" + string(minji), `{"feeds":[{"link":"x"}]}`, nil, 400, "invalid_field", "feeds[0].link"},
		{"put another id", "PUT /api/users/" + string(minji), `{"user_id":"` + string(dana) + `"}`, nil, 400, "invalid_field", "user_id"},
		{"put a taken Slack id", "PUT /api/users/" + string(minji), `{"slack_user_id":"U0DANA"}`, nil, 409, "slack_id_taken", "dana"},
		{"delete nobody", "DELETE /api/users/" + string(nobody), "", nil, 404, "unknown_reader", ""},

		{"check without grant", "GET /api/gmail/check/" + string(minji), "", nil, 404, "not_found", ""},
		{"check no id", "GET /api/gmail/check/me", "", nil, 400, "invalid_uuid", ""},
		{"check unknown Slack id", "GET /api/gmail/check/U0NOBODY", "", nil, 404, "unknown_reader", ""},
		{"refresh without grant", "POST /api/gmail/refresh/" + string(minji), "", nil, 404, "not_found", ""},
		{"refresh a dead grant", "POST /api/gmail/refresh/" + string(minji), "", func(w *world) { w.refreshErr = dead }, 409, "reauth_required", ""},
		{"refresh while Google is away", "POST /api/gmail/refresh/" + string(minji), "", func(w *world) { w.refreshErr = briefing.Unavailable }, 503, "unavailable", ""},
		{"refresh a row that cannot be read", "POST /api/gmail/refresh/" + string(minji), "", func(w *world) { w.refreshErr = briefing.Malformed }, 503, "unavailable", "malformed"},
		{"disconnect nothing", "DELETE /api/gmail/" + string(minji), "", nil, 404, "not_found", ""},
		{"auth for nobody", "GET /api/gmail/auth?user_id=" + string(nobody), "", nil, 404, "unknown_reader", ""},
		{"auth for no one", "GET /auth/gmail/passport", "", nil, 400, "invalid_uuid", ""},

		{"mail of nobody", "GET /messages?user_id=U0NOBODY", "", nil, 404, "unknown_reader", ""},
		{"mail of no id", "GET /messages", "", nil, 400, "invalid_uuid", ""},
		{"mail with a dead grant", "GET /messages?user_id=U0MINJI", "", func(w *world) { w.peekErr = dead }, 409, "reauth_required", ""},
		{"mail never connected", "GET /messages?user_id=U0MINJI", "", func(w *world) { w.peekErr = briefing.ErrNotConnected }, 409, "reauth_required", ""},
		{"mail timed out", "GET /messages?user_id=U0MINJI", "", func(w *world) { w.peekErr = briefing.Timeout }, 503, "unavailable", ""},
		{"mail with a bug", "GET /messages?user_id=U0MINJI", "", func(w *world) { w.peekErr = errors.New("nil map") }, 500, "internal", ""},
		{"calendar read in part", "GET /api/calendar/events?user_id=U0MINJI", "", func(w *world) {
			w.sections[briefing.Calendar] = briefing.Section{Verdict: briefing.Verdict{State: briefing.VerdictPartial, Reason: briefing.RateLimited}}
		}, 503, "unavailable", "rate_limited"},
		{"calendar on no date", "GET /api/calendar/events?user_id=U0MINJI&date=x", "", nil, 400, "invalid_date", ""},
		{"create an event", "POST /api/calendar/events", "{}", nil, 404, "not_found", "off"},

		{"not ready", "GET /readyz", "", func(w *world) { w.readyErr = errors.New("dial 10.9.9.9: refused") }, 503, "unavailable", ""},
		{"nothing there", "GET /api/nosuch", "", nil, 404, "not_found", ""},
		{"wrong method", "DELETE /api/runs", "", nil, 405, "not_found", "GET"},
		{"no Slack", "POST /slack/interactions", "", nil, 404, "not_found", ""},
		{"callback by HEAD", "POST /api/gmail/callback", "", nil, 405, "not_found", "GET"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld()
			if tc.change != nil {
				tc.change(w)
			}
			got := serve(t, w.deps()).ask(tc.line, tc.body, asAPI)
			p := got.wantProblem(t, tc.status, tc.code)
			if !strings.Contains(fmt.Sprint(p["detail"]), tc.says) {
				t.Errorf("detail %q does not say %q", p["detail"], tc.says)
			}
			if strings.Contains(got.body, "10.9.9.9") || strings.Contains(got.body, "nil map") {
				t.Errorf("internals got out: %s", got.body)
			}
			if url, ok := p["auth_url"]; ok != (tc.code == "reauth_required") || ok && !strings.HasPrefix(url.(string), "https://accounts.google.example/") {
				t.Errorf("auth_url = %v", url)
			}
			if reason, ok := p["reason"]; tc.code == "unavailable" && tc.name != "not ready" && !ok {
				t.Errorf("reason = %v", reason)
			}
		})
	}
}

func TestMethodNotAllowedSaysWhichAre(t *testing.T) {
	got := serve(t, newWorld().deps()).ask("PATCH /api/users/"+string(minji), "")
	got.wantProblem(t, http.StatusMethodNotAllowed, "not_found")
	if allow := got.Header.Get("Allow"); !strings.Contains(allow, "PUT") || !strings.Contains(allow, "DELETE") {
		t.Errorf("Allow = %q", allow)
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	got := serve(t, newWorld().deps()).ask("PUT /api/users/"+string(minji), `{"name":"","timezone":"Mars/Base","language":"fr"}`, asAPI)
	got.wantGolden(t, http.StatusBadRequest, "problem_fields")
}

func TestCronSecretDoesBothWhenThereIsNoOther(t *testing.T) {
	deps := newWorld().deps()
	deps.APISecrets = nil
	if got := serve(t, deps).ask("GET /api/users", "", asCron); got.StatusCode != http.StatusOK {
		t.Errorf("status %d: %s", got.StatusCode, got.body)
	}
}

func TestNoSecretMeansNobody(t *testing.T) {
	deps := newWorld().deps()
	deps.APISecrets, deps.CronSecrets = nil, []briefing.Secret{{}}
	c := serve(t, deps)
	c.ask("GET /api/runs", "", "Authorization: Bearer ").wantProblem(t, http.StatusUnauthorized, "unauthorized")
	c.ask("GET /api/runs", "", "Authorization: Bearer x").wantProblem(t, http.StatusUnauthorized, "unauthorized")
}

func TestAnOlderSecretStaysValid(t *testing.T) {
	got := serve(t, newWorld().deps()).ask("GET /api/runs", "", "Authorization: bearer older-cron-secret")
	if got.StatusCode != http.StatusOK {
		t.Errorf("status %d: %s", got.StatusCode, got.body)
	}
}

func TestGuessingIsSlowedDown(t *testing.T) {
	w := newWorld()
	now := morning
	w.now = func() time.Time { return now }
	c := serve(t, w.deps())
	for range 20 {
		c.ask("GET /api/runs", "", "Authorization: Bearer guess").wantProblem(t, http.StatusUnauthorized, "unauthorized")
	}
	slowed := c.ask("GET /api/runs", "", "Authorization: Bearer guess")
	slowed.wantProblem(t, http.StatusTooManyRequests, "unauthorized")
	if got := slowed.Header.Get("Retry-After"); got != "3" {
		t.Errorf("Retry-After = %q", got)
	}
	c.ask("GET /api/runs", "").wantProblem(t, http.StatusUnauthorized, "unauthorized") // no bearer is no guess
	if got := c.ask("GET /healthz", ""); got.StatusCode != http.StatusOK {
		t.Errorf("an open route was slowed too: %d", got.StatusCode)
	}
	if got := c.ask("GET /api/runs", "", asCron); got.StatusCode != http.StatusOK {
		t.Errorf("somebody who guesses behind the same proxy holds up a right bearer: %d", got.StatusCode)
	}
	now = now.Add(3 * time.Second)
	c.ask("GET /api/runs", "", "Authorization: Bearer guess").wantProblem(t, http.StatusUnauthorized, "unauthorized")
}
