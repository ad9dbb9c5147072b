package app_test

import (
	"net/http"
	"testing"
	"time"
)

// TestRevokedBeforeTheHour: a grant revoked at seven is known to be dead by eight, an hour before the briefing, without
// anybody asking for it, and is counted as such.
func TestRevokedBeforeTheHour(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		seven := friday.Truncate(time.Hour).Add(-time.Hour)
		h.clock.set(seven.Add(-30 * time.Minute))
		h.start()
		h.addHaneul()
		h.connect()
		h.clock.set(seven)
		h.google.Revoke(haneulMail)
		for minute := range 60 { // what the minute's tick does
			h.clock.set(seven.Add(time.Duration(minute) * time.Minute))
			if _, err := h.app.Keeper.Keep(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		got := h.json("GET", "/api/gmail/check/"+haneul, apiSecret, "", http.StatusOK)
		since, err := time.Parse(time.RFC3339, got["dead_since"].(string))
		if err != nil || since.After(seven.Add(time.Hour)) || got["last_error"] != "reauth_required" {
			t.Errorf("at eight: %v, %v", got, err)
		}
		holds(t, h.log.String(), `msg="a grant could not be refreshed"`, "HTTP 400 invalid_grant")
		h.clock.set(seven.Add(70 * time.Minute))
		if _, err := h.app.Keeper.Keep(t.Context()); err != nil { // surveys again
			t.Fatal(err)
		}
		holds(t, string(h.call("GET", "/metrics", "", "").body), `achim_google_grants{standing="dead"} 1`, `achim_google_grants{standing="healthy"} 0`)
	})
}

// TestTestingIsToldToTheKeeperOfGrants: with google.publishing: testing a grant ends after seven days from the start.
func TestTestingIsToldToTheKeeperOfGrants(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.file = "google:\n  publishing: testing\n"
		h.start()
		h.addHaneul()
		h.connect()
		c, err := h.app.Store.Credential(t.Context(), haneul)
		if err != nil || !c.State.EndsAt.Equal(c.State.GrantedAt.Add(7*24*time.Hour)) {
			t.Errorf("granted %v, ends %v, %v", c.State.GrantedAt, c.State.EndsAt, err)
		}
	})
}
