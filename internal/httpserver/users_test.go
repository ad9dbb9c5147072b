package httpserver_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"achim/briefing"
)

func TestPutCreatesAReader(t *testing.T) {
	w := newWorld()
	c := serve(t, w.deps())
	got := c.ask("PUT /api/users/"+string(nobody), `{"name":"minji","slack_user_id":"U0SECOND"}`, asAPI)
	got.wantGolden(t, http.StatusCreated, "user_created")
	if location := got.Header.Get("Location"); location != "/api/users/"+string(nobody) {
		t.Errorf("Location = %q", location)
	}
}

func TestPutReplacesOnlyWhatIsSent(t *testing.T) {
	w := newWorld()
	before := w.readers[dana]
	c := serve(t, w.deps())
	got := c.ask("PUT /api/users/"+string(dana), `{"email":"dana@gaon.example","paused_until":"2026-12-01","weekdays":["mon","fri"]}`, asAPI)
	if got.StatusCode != http.StatusOK {
		t.Fatalf("status %d: %s", got.StatusCode, got.body)
	}
	want := before
	want.Email, want.PausedUntil, want.Weekdays = "dana@gaon.example", briefing.Date{Year: 2026, Month: 12, Day: 1}, 1<<1|1<<5
	if diff := cmp.Diff(want, w.readers[dana]); diff != "" {
		t.Errorf("reader (-want +got):\n%s", diff)
	}
}

func TestPutNullGoesBackToTheDefault(t *testing.T) {
	w := newWorld()
	c := serve(t, w.deps())
	got := c.ask("PUT /api/users/"+string(dana), `{"email":null,"paused_until":null,"timezone":null,"deliver_at":null,
		"weekdays":null,"language":null,"feeds":null,"paused":null,"notification":null}`, asAPI)
	got.wantGolden(t, http.StatusOK, "user_defaults")
	if diff := cmp.Diff(briefing.Reader{ID: dana, Name: "dana", SlackUserID: "U0DANA"}, w.readers[dana]); diff != "" {
		t.Errorf("reader (-want +got):\n%s", diff)
	}
}

func TestWhatGetGaveMayBePutBack(t *testing.T) {
	w := newWorld()
	c := serve(t, w.deps())
	got := c.ask("GET /api/users/"+string(dana), "", asAPI)
	c.ask("PUT /api/users/"+string(dana), got.body, asAPI).wantGolden(t, http.StatusOK, "user")
}

func TestAnotherSlackIDMeansAnotherDM(t *testing.T) {
	w := newWorld()
	serve(t, w.deps()).ask("PUT /api/users/"+string(minji), `{"slack_user_id":"U0OTHER"}`, asAPI)
	if got := w.readers[minji]; got.SlackUserID != "U0OTHER" || got.SlackChannelID != "" {
		t.Errorf("Slack id %q, channel %q", got.SlackUserID, got.SlackChannelID)
	}
}

// A reader who calls themselves by somebody's id is not taken for them.
func TestANameIsNoID(t *testing.T) {
	w := newWorld()
	w.readers[dana] = briefing.Reader{ID: dana, Name: string(nobody), SlackUserID: "U0DANA"}
	c := serve(t, w.deps())
	c.ask("GET /api/users/"+string(nobody), "", asAPI).wantProblem(t, http.StatusNotFound, "unknown_reader")
}

func TestDeleteForgetsAReader(t *testing.T) {
	w := newWorld()
	if got := serve(t, w.deps()).ask("DELETE /api/users/U0MINJI", "", asAPI); got.StatusCode != http.StatusNoContent || got.body != "" {
		t.Errorf("status %d: %s", got.StatusCode, got.body)
	}
	if _, ok := w.readers[minji]; ok {
		t.Error("the reader is still there")
	}
}

func TestAPauseWithoutAnEndIsNotVoidedByAnOldOne(t *testing.T) {
	w := newWorld()
	c := serve(t, w.deps())
	before := w.readers[dana]
	before.PausedUntil = briefing.Date{Year: 2026, Month: 1, Day: 2}
	w.readers[dana] = before
	c.ask("PUT /api/users/"+string(dana), `{"paused":true}`, asAPI)
	if r := w.readers[dana]; !r.PausedOn(briefing.Date{Year: 2026, Month: 12, Day: 24}) {
		t.Errorf("paused %v until %s: an end long gone voids the pause", r.Paused, r.PausedUntil)
	}
	c.ask("PUT /api/users/"+string(dana), `{"paused":true,"paused_until":"2026-12-01"}`, asAPI)
	if r := w.readers[dana]; r.PausedUntil.String() != "2026-12-01" {
		t.Errorf("paused until %s", r.PausedUntil)
	}
}

func TestDeleteErasesAReader(t *testing.T) {
	w := newWorld()
	c := serve(t, w.deps())
	c.ask("DELETE /api/users/U0MINJI?erase=perhaps", "", asAPI).wantProblem(t, http.StatusBadRequest, "invalid_field")
	got := c.ask("DELETE /api/users/U0MINJI?erase=true", "", asAPI)
	want := `{"user_id":"` + string(minji) + `","erased":[{"table":"achim_entry","rows":3},{"table":"achim_reader","rows":1}],"grant_ended":true,"revocation":"failed"}`
	if got.StatusCode != http.StatusOK || strings.TrimSpace(got.body) != want {
		t.Errorf("status %d: %s", got.StatusCode, got.body)
	}
	c.ask("DELETE /api/users/U0MINJI?erase=true", "", asAPI).wantProblem(t, http.StatusNotFound, "unknown_reader")
}

// A new reader is welcomed unless somebody asks for quiet; a known one is not welcomed again.
func TestWhoIsWelcomed(t *testing.T) {
	w := newWorld()
	c := serve(t, w.deps())
	body := `{"name":"new","slack_user_id":"U0NEW"}`
	c.ask("PUT /api/users/"+string(nobody)+"?quiet=loud", body, asAPI).wantProblem(t, http.StatusBadRequest, "invalid_field")
	c.ask("PUT /api/users/"+string(nobody)+"?quiet=true", body, asAPI)
	if w.readers[nobody].Greet {
		t.Error("welcomed although quiet")
	}
	delete(w.readers, nobody)
	c.ask("PUT /api/users/"+string(nobody), body, asAPI)
	c.ask("PUT /api/users/"+string(minji), `{"name":"minji"}`, asAPI)
	if !w.readers[nobody].Greet || w.readers[minji].Greet {
		t.Errorf("new welcomed %v, known welcomed %v", w.readers[nobody].Greet, w.readers[minji].Greet)
	}
}

// Who is gone cannot be set, only that somebody is back; another Slack id is another account.
func TestBackAgain(t *testing.T) {
	left := morning.Add(-time.Hour)
	for body, want := range map[string]struct {
		status int
		left   bool
	}{
		`{"left_at":null}`:                   {http.StatusOK, false},
		`{"left_at":"2026-11-19T23:05:00Z"}`: {http.StatusOK, true}, // as GET gave it
		`{"left_at":"2026-11-19T22:00:00Z"}`: {http.StatusBadRequest, true},
		`{"left_at":"long ago"}`:             {http.StatusBadRequest, true},
		`{"slack_user_id":"U0NEW"}`:          {http.StatusOK, false},
		`{"name":"minji"}`:                   {http.StatusOK, true},
	} {
		w := newWorld()
		r := w.readers[minji]
		r.LeftAt, r.LeftReason = left, briefing.LeftSlack
		w.readers[minji] = r
		got := serve(t, w.deps()).ask("PUT /api/users/"+string(minji), body, asAPI)
		if got.StatusCode != want.status || w.readers[minji].Left() != want.left {
			t.Errorf("%s: status %d, left %v: %s", body, got.StatusCode, w.readers[minji].Left(), got.body)
		}
	}
}
